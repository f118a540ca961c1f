//! Verified sessions.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{ClaimsError, SessionClaims, Token, TokenError};

/// Verified session: its token and the token's claims. `Debug` shows neither of them.
pub struct SessionAuth {
    token: Token,
    claims: SessionClaims,
}

impl SessionAuth {
    pub(crate) fn new(token: Token) -> Self {
        Self { claims: SessionClaims::of(&token), token }
    }

    /// Creates a session from claims that nobody has signed. Nothing is verified, not even the expiry.
    ///
    /// Insecure: every other `SessionAuth` proves that Clerk issued its token. This one is for unit tests, and for
    /// applications that run without Clerk. Its token has no signature, so that no other service accepts it.
    ///
    /// ```
    /// use clerk_core::token::SessionAuth;
    /// use serde_json::json;
    ///
    /// let session = SessionAuth::insecure_from_claims(&json!({"sub": "user_ada", "plan": "gold"})).unwrap();
    /// assert_eq!(session.claims().user_id(), "user_ada");
    /// assert!(SessionAuth::insecure_from_claims(&json!({"plan": "gold"})).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// If the claims are not an object with a user (`sub`), or are too long for a token.
    pub fn insecure_from_claims(claims: &Value) -> Result<Self, TokenError> {
        let [header, payload] = [r#"{"alg":"none","typ":"JWT"}"#, &claims.to_string()]
            .map(|json| BASE64_URL_SAFE_NO_PAD.encode(json));
        let session = Self::new(Token::decode(&format!("{header}.{payload}."))?);
        if session.claims.user_id().as_str().is_empty() {
            return Err(TokenError::invalid("the claim sub is not the ID of a user"));
        }
        Ok(session)
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::token::{
        KeySet, TokenKind, VerifyOptions,
        testing::{KEY, now, pem},
    };

    #[test]
    fn sessions_without_a_signature_have_a_user_and_pass_no_verification() {
        for (claims, is_session) in [
            (json!({"sub": "user_1"}), true),
            (json!({"sub": "user_1", "exp": 1}), true),
            (json!({"sub": ""}), false),
            (json!({"sub": 5}), false),
            (json!({}), false),
            (json!([]), false),
            (json!("user_1"), false),
            (json!({"sub": "user_1", "long": "x".repeat(20_000)}), false),
        ] {
            assert_eq!(SessionAuth::insecure_from_claims(&claims).is_ok(), is_session, "{claims}");
        }
        let session = SessionAuth::insecure_from_claims(&json!({"sub": "mch_1", "plan": "gold"})).unwrap();
        assert_eq!(session.claims_as::<Value>().unwrap()["plan"], "gold");
        let token = Token::decode(session.expose_token()).unwrap();
        assert_eq!(token.kind(), TokenKind::Session);
        let keys = KeySet::from_pem(&pem(&KEY)).unwrap();
        assert!(token.verify(keys.get("").unwrap(), &VerifyOptions::new(), now()).is_err());
    }
}
