//! What a decision may be told beforehand.

use crate::{
    keys::PublishableKey,
    token::{ClockSkew, VerifyOptions, VerifyingKey, VerifyingKeyError},
};

/// How requests are authenticated. Made once per service, and checked by
/// [`Authenticator::new`](super::Authenticator::new).
#[derive(Clone, Default)]
#[must_use]
pub struct AuthenticateOptions {
    pub(super) verify: VerifyOptions,
    pub(super) publishable_key: Option<PublishableKey>,
    pub(super) jwt_key: Option<String>,
    pub(super) debug_headers: bool,
}

impl AuthenticateOptions {
    /// Session tokens in headers and cookies; keys come from Clerk; five seconds of clock skew.
    pub fn new() -> Self {
        Self::default()
    }

    /// The instance's publishable key. With it, cookies that carry this instance's suffix are read, so
    /// that several applications can share a domain.
    pub fn publishable_key(mut self, key: PublishableKey) -> Self {
        self.publishable_key = Some(key);
        self
    }

    /// The instance's public key in PEM form. With it, no key is ever asked for: tokens are verified
    /// without the network. An empty text is no key.
    pub fn jwt_key(mut self, pem: impl Into<String>) -> Self {
        self.jwt_key = Some(pem.into()).filter(|pem| !pem.trim().is_empty());
        self
    }

    /// See [`VerifyOptions::authorized_parties`].
    pub fn authorized_parties<T: Into<String>>(mut self, parties: impl IntoIterator<Item = T>) -> Self {
        self.verify = self.verify.authorized_parties(parties);
        self
    }

    /// See [`VerifyOptions::audiences`].
    pub fn audiences<T: Into<String>>(mut self, audiences: impl IntoIterator<Item = T>) -> Self {
        self.verify = self.verify.audiences(audiences);
        self
    }

    /// See [`VerifyOptions::clock_skew`].
    pub fn clock_skew(mut self, skew: impl Into<ClockSkew>) -> Self {
        self.verify = self.verify.clock_skew(skew);
        self
    }

    /// See [`VerifyOptions::header_types`].
    pub fn header_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.verify = self.verify.header_types(types);
        self
    }

    /// Says in the response header `x-clerk-auth-message` which rule a token broke. For debugging; off
    /// unless set.
    pub fn debug_headers(mut self, on: bool) -> Self {
        self.debug_headers = on;
        self
    }

    pub(super) fn parse_jwt_key(&self) -> Result<Option<VerifyingKey>, OptionsError> {
        match &self.jwt_key {
            None => Ok(None),
            Some(pem) => VerifyingKey::from_pem(pem).map(Some).map_err(OptionsError::JwtKey),
        }
    }
}

impl std::fmt::Debug for AuthenticateOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthenticateOptions")
            .field("verify", &self.verify)
            .field("publishable_key", &self.publishable_key)
            .field("has_jwt_key", &self.jwt_key.is_some())
            .finish_non_exhaustive()
    }
}

/// Why options cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// The configured public key is none.
    #[error("jwt_key: {0}")]
    JwtKey(#[source] VerifyingKeyError),
}
