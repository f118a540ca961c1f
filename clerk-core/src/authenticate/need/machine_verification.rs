//! The verification of opaque machine tokens, whose results may be cached.

use super::{PendingCall, PendingOperation};
use crate::{
    api::{api_keys, m2m, oauth_access_tokens},
    authenticate::{
        outcome::MachineFacts,
        request::{Authorization, authorization},
    },
    crypto,
    token::TokenKind,
};

/// Operation that verifies an opaque machine token. Its result may be cached for a short time.
pub trait Verification: PendingOperation {
    /// The kind of token that the operation verifies.
    const KIND: TokenKind;

    /// Returns the token's details, which can be cached and shared; `None` if the token has expired or was revoked.
    fn facts(verified: Self::Output) -> Option<MachineFacts>;
}

impl Verification for api_keys::Verify {
    const KIND: TokenKind = TokenKind::ApiKey;

    fn facts(verified: Self::Output) -> Option<MachineFacts> {
        MachineFacts::of_api_key(verified)
    }
}

impl Verification for m2m::VerifyToken {
    const KIND: TokenKind = TokenKind::M2m;

    fn facts(verified: Self::Output) -> Option<MachineFacts> {
        MachineFacts::of_m2m_token(verified)
    }
}

impl Verification for oauth_access_tokens::Verify {
    const KIND: TokenKind = TokenKind::OAuth;

    fn facts(verified: Self::Output) -> Option<MachineFacts> {
        MachineFacts::of_oauth_token(verified)
    }
}

impl<O: Verification> PendingCall<O> {
    /// Returns the SHA-256 digest of the token and its kind, as the key of a cache. The cache then contains no credentials.
    ///
    /// Clerk's tokens are long and random, so they cannot be guessed from their digests. Use a cached result only for the
    /// instance and the secret key with which it was obtained.
    #[must_use]
    pub fn token_digest(&self) -> Option<[u8; 32]> {
        let head = self.suspended.head();
        let Authorization::Token(token) = authorization(head.headers) else { return None };
        // The zero separates kind and token: neither contains a zero byte, so no two pairs have the same input.
        crypto::sha256(&[O::KIND.as_str().as_bytes(), &[0], token.as_bytes()])
    }
}
