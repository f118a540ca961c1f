//! Verified sessions.

use std::fmt;

use serde::de::DeserializeOwned;

use super::{ClaimsError, SessionClaims, Token};

/// Verified session: its token and the token's claims. `Debug` shows neither of them.
pub struct SessionAuth {
    token: Token,
    claims: SessionClaims,
}

impl SessionAuth {
    pub(crate) fn new(token: Token) -> Self {
        Self { claims: SessionClaims::of(&token), token }
    }

    pub(crate) const fn token(&self) -> &Token {
        &self.token
    }

    /// Returns the claims of the session token.
    #[must_use]
    pub const fn claims(&self) -> &SessionClaims {
        &self.claims
    }

    /// Deserializes all claims, custom ones included, into a type of your choice.
    ///
    /// # Errors
    ///
    /// If the claims do not match the type.
    pub fn claims_as<T: DeserializeOwned>(&self) -> Result<T, ClaimsError> {
        self.token.claims()
    }

    /// Returns the token itself, to pass it on to another service. It is a credential: do not log it.
    #[must_use]
    pub fn expose_token(&self) -> &str {
        self.token.expose()
    }
}

impl fmt::Debug for SessionAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionAuth").finish_non_exhaustive()
    }
}
