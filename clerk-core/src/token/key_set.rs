//! The keys of an instance, found by key id.

use std::{borrow::Cow, fmt, sync::Arc};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    TokenError,
    key::{Algorithm, VerifyingKey, VerifyingKeyError},
};
use crate::authenticate::Reason;

/// A snapshot of an instance's public keys. Cloning it is a reference count.
///
/// An instance has one set of its own: a key is never looked up across instances by its id alone.
#[derive(Clone, Default)]
pub struct KeySet(Arc<[(Box<str>, Option<VerifyingKey>)]>);

/// No set of keys is that large; a longer one is cut here.
const MAX_KEYS: usize = 256;
/// Clerk's key ids have some thirty characters.
const MAX_KID: usize = 256;

impl KeySet {
    /// Reads a JSON Web Key Set (RFC 7517, section 5), as `GET /v1/jwks` of Clerk's Backend API and
    /// `/.well-known/jwks.json` of its Frontend API answer.
    ///
    /// A key that cannot verify tokens (another type than RSA, another `use` than `sig`, `key_ops` without
    /// `verify`, broken numbers, a size out of bounds) does not fail the set. Tokens that name it are
    /// refused with `token-verification-failed`. Keys without an id are left out. Private members are
    /// not read.
    ///
    /// # Errors
    ///
    /// When the document is no key set, or an empty one.
    pub fn from_jwks(json: &[u8]) -> Result<Self, VerifyingKeyError> {
        let document: Document<'_> = serde_json::from_slice(json)
            .map_err(|_| VerifyingKeyError("the document is no JSON Web Key Set"))?;
        if document.keys.is_empty() {
            return Err(VerifyingKeyError("the JSON Web Key Set has no keys"));
        }
        let mut keys: Vec<(Box<str>, Option<VerifyingKey>)> = Vec::new();
        for raw in document.keys.into_iter().take(MAX_KEYS) {
            let Ok(Named { kid }) = serde_json::from_str(raw.get()) else { continue };
            let key = serde_json::from_str::<Jwk<'_>>(raw.get()).ok().and_then(|jwk| jwk.parse());
            match keys.iter_mut().find(|(known, _)| **known == *kid) {
                None => keys.push((kid.into(), key)),
                Some((_, unusable @ None)) => *unusable = key,
                Some(_) => {}
            }
        }
        Ok(Self(keys.into()))
    }

    /// Whether the set holds no keys at all, as a set does that was not loaded yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key with this id.
    ///
    /// # Errors
    ///
    /// `jwk-kid-mismatch` when no key has the id; `token-verification-failed` when the one that has it
    /// cannot verify tokens.
    pub fn get(&self, kid: &str) -> Result<&VerifyingKey, TokenError> {
        match self.0.iter().find(|(known, _)| **known == *kid) {
            Some((_, Some(key))) => Ok(key),
            Some((_, None)) => Err(TokenError::failed("the token's key cannot verify tokens")),
            None => Err(unknown_key()),
        }
    }

    /// Whether a key has this id, whether or not it can verify tokens.
    #[must_use]
    pub fn contains(&self, kid: &str) -> bool {
        self.0.iter().any(|(known, _)| **known == *kid)
    }
}

/// What to say when no key has a token's key id.
pub(crate) const fn unknown_key() -> TokenError {
    TokenError::new(Reason::JwkKidMismatch, "none of the instance's keys has the token's key id")
}

/// Whether it makes sense to ask Clerk for a key with this id: nobody can make us ask for, or log, just
/// anything.
pub(crate) fn plausible_kid(kid: &str) -> bool {
    kid.len() <= MAX_KID && !kid.is_empty() && kid.bytes().all(|byte| byte.is_ascii_graphic())
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(kid, _)| kid)).finish()
    }
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    kid: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Jwk<'a> {
    #[serde(borrow)]
    kty: Cow<'a, str>,
    #[serde(borrow)]
    n: Cow<'a, str>,
    #[serde(borrow)]
    e: Cow<'a, str>,
    #[serde(borrow)]
    alg: Option<Cow<'a, str>>,
    #[serde(rename = "use", borrow)]
    usage: Option<Cow<'a, str>>,
    #[serde(borrow)]
    key_ops: Option<Vec<Cow<'a, str>>>,
}

impl Jwk<'_> {
    fn parse(&self) -> Option<VerifyingKey> {
        let usable = self.kty == "RSA"
            && self.usage.as_ref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !usable {
            return None;
        }
        let algorithm = match &self.alg {
            Some(alg) => Some(Algorithm::parse(alg)?),
            None => None,
        };
        let n = BASE64_URL_SAFE_NO_PAD.decode(&*self.n).ok()?;
        let e = BASE64_URL_SAFE_NO_PAD.decode(&*self.e).ok()?;
        VerifyingKey::from_components(&n, &e, algorithm).ok()
    }
}
