//! The verification of opaque machine tokens, whose results may be cached.

use aws_lc_rs::digest;

use super::{PendingCall, PendingOperation};
use crate::{
    api::{api_keys, m2m, oauth_access_tokens},
    authenticate::request::{Authorization, authorization},
    token::TokenKind,
};

/// An operation that verifies an opaque machine token. Its result may be cached for a short time.
pub trait Verification: PendingOperation {
    /// The kind of token that it verifies.
    const KIND: TokenKind;
}

impl Verification for api_keys::Verify {
    const KIND: TokenKind = TokenKind::ApiKey;
}

impl Verification for m2m::VerifyToken {
    const KIND: TokenKind = TokenKind::M2m;
}

impl Verification for oauth_access_tokens::Verify {
    const KIND: TokenKind = TokenKind::OAuth;
}

impl<O: Verification> PendingCall<O> {
    /// Returns the SHA-256 of the token and its kind, to look up a cached result.
    ///
    /// Clerk's tokens are long and random, so the digest does not reveal them. A result holds only for the instance and
    /// the secret key that it was obtained with.
    #[must_use]
    pub fn token_digest(&self) -> Option<[u8; 32]> {
        let head = self.suspended.head();
        let Authorization::Token(token) = authorization(head.headers) else { return None };
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(O::KIND.as_str().as_bytes());
        context.update(&[0]);
        context.update(token.as_bytes());
        context.finish().as_ref().try_into().ok()
    }
}
