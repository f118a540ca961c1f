//! Strict decoding of a JWS in compact form.

use std::{borrow::Cow, fmt};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::de::DeserializeOwned;

use super::{
    TokenError, TokenKind,
    json::{Claim, Member},
    key::Algorithm,
    kind::Category,
    payload::{Header, Issuer, Payload},
};
use crate::Timestamp;

/// A decoded token. Nothing of it is verified yet.
///
/// Neither the text nor the claims appear in its `Debug` output.
pub struct Token {
    text: Box<str>,
    /// Where the signed part of the text ends.
    signed: usize,
    signature: Vec<u8>,
    json: String,
    pub(super) header: Header,
    pub(super) payload: Payload,
}

/// Clerk keeps session tokens below the 4 KiB of a cookie; this leaves room and bounds the work.
const MAX_LENGTH: usize = 16 * 1024;

impl Token {
    /// Decodes a JWS in compact form (RFC 7515, section 7.1): at most 16 KiB, three segments in base64url
    /// without padding, the first two of them JSON objects whose names come once each. Bytes that are no
    /// UTF-8 inside these become U+FFFD.
    ///
    /// # Errors
    ///
    /// `token-invalid` for everything else.
    pub fn decode(text: &str) -> Result<Self, TokenError> {
        if text.len() > MAX_LENGTH {
            return Err(TokenError::invalid("the token is longer than 16 KiB"));
        }
        const SEGMENTS: TokenError = TokenError::invalid("a token has three segments");
        // The signature is what follows the last dot. A further one is outside of the alphabet.
        let (signed, signature) = text.rsplit_once('.').ok_or(SEGMENTS)?;
        let (header, payload) = signed.split_once('.').ok_or(SEGMENTS)?;
        let header = object(&segment_text(header)?)?;
        let json = segment_text(payload)?;
        let payload = object(&json)?;
        let signature = segment(signature)?;
        Ok(Self { text: text.into(), signed: signed.len(), signature, json, header, payload })
    }

    /// The key id, when the header names one.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.header.kid.text()
    }

    /// What the token stands for, by its type and subject. A token whose class says something else than
    /// its kind is refused when it is verified.
    #[must_use]
    pub fn kind(&self) -> TokenKind {
        TokenKind::of_jwt(&self.header, &self.payload, !self.signature.is_empty())
    }

    /// The token's text, as it came. It is a credential: do not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// All claims, read into a type of your choice. They are true only if the token is verified.
    ///
    /// # Errors
    ///
    /// When the claims do not fit the type.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.json)
    }

    pub(crate) fn issuer(&self) -> Issuer<'_> {
        self.payload.issuer()
    }

    pub(crate) fn unverified_issued_at(&self) -> Option<Timestamp> {
        self.payload.iat.valid().copied()
    }

    pub(crate) fn unverified_expires_at(&self) -> Option<Timestamp> {
        self.payload.exp.valid().copied()
    }

    pub(super) fn category(&self) -> Category {
        Category::of(&self.header)
    }

    /// `None` for an algorithm that Clerk does not use.
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        Algorithm::parse(self.header.alg.valid()?)
    }

    pub(super) fn signed(&self) -> &[u8] {
        self.text.as_bytes().get(..self.signed).unwrap_or_default()
    }

    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
    }
}

fn segment(text: &str) -> Result<Vec<u8>, TokenError> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| TokenError::invalid("a segment is not base64url without padding"))
}

fn segment_text(text: &str) -> Result<String, TokenError> {
    Ok(match String::from_utf8(segment(text)?) {
        Ok(text) => text,
        Err(error) => match String::from_utf8_lossy(error.as_bytes()) {
            Cow::Owned(text) => text,
            Cow::Borrowed(text) => text.to_owned(),
        },
    })
}

fn object<'a, T: Claim<'a>>(json: &'a str) -> Result<T, TokenError> {
    match serde_json::from_str(json) {
        Ok(Member::Valid(object)) => Ok(object),
        Ok(_) => Err(TokenError::invalid("a segment is no JSON object")),
        Err(_) => Err(TokenError::invalid("a segment is no JSON object with names that come once each")),
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("kind", &self.kind()).finish_non_exhaustive()
    }
}
