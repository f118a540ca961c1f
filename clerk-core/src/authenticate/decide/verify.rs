//! Verifying tokens with the instance's keys.

use std::sync::Arc;

use super::{Asked, Decision};
use crate::{
    Reason,
    authenticate::{need::Want, request::SessionToken},
    token::{SessionAuth, Token, TokenError, VerifyOptions, VerifyingKey, plausible_kid, unknown_key},
};

/// Error when a token is not accepted.
pub(super) struct Rejection {
    pub(super) error: TokenError,
    /// Whether the token could not be verified because Clerk did not respond.
    pub(super) is_undecided: bool,
}

impl From<TokenError> for Rejection {
    fn from(error: TokenError) -> Self {
        Self { error, is_undecided: false }
    }
}

impl Rejection {
    /// Whether only the token's times are wrong, so that a new token, or the same one later, may be accepted.
    pub(super) const fn is_time_error(&self) -> bool {
        matches!(
            self.error.reason(),
            Reason::TokenExpired | Reason::TokenNotActiveYet | Reason::TokenIatInTheFuture
        )
    }
}

impl<'a> Decision<'a> {
    /// Verifies a session token. The signature of a known one was verified before; its claims are always checked.
    pub(super) fn verify(
        &self,
        session_token: &SessionToken,
        options: &VerifyOptions,
    ) -> Asked<Result<(), Rejection>> {
        let token = session_token.token();
        if let SessionToken::Known(_) = session_token {
            // The cache may be shared by authenticators with different options, so all checks are repeated.
            let checked = token.check_header(options).and_then(|()| token.check_claims(options, self.now));
            return Ok(checked.map_err(Rejection::from));
        }
        Ok(match self.key(token)? {
            Ok(key) => token.verify(key, options, self.now).map_err(Rejection::from),
            Err(rejection) => Err(rejection),
        })
    }

    /// Verifies the token of a JWT template, in the same way.
    pub(super) fn verify_template(&self, template: &SessionToken) -> Asked<Result<(), Rejection>> {
        let token = template.token();
        let Some(options) = &self.config.template else { return Ok(Err(TokenError::mismatch().into())) };
        if let SessionToken::Known(_) = template {
            let checked =
                token.check_header(options).and_then(|()| token.check_template_claims(options, self.now));
            return Ok(checked.map_err(Rejection::from));
        }
        Ok(match self.key(token)? {
            Ok(key) => token.verify_template(key, options, self.now).map_err(Rejection::from),
            Err(rejection) => Err(rejection),
        })
    }

    /// Turns a verified token into a session.
    pub(super) fn session(&self, session_token: SessionToken) -> Arc<SessionAuth> {
        session_token.into_session(self.keys())
    }

    /// Returns the key that a token names, or the wish to fetch it.
    pub(super) fn key(&self, token: &Token) -> Asked<Result<&'a VerifyingKey, Rejection>> {
        let keys = self.keys();
        let kid = token.kid().unwrap_or_default();
        // Also if the key cannot verify tokens: fetching the keys again would not change that.
        if keys.contains(kid) {
            return Ok(keys.get(kid).map_err(Rejection::from));
        }
        Ok(Err(match &self.learned.keys {
            _ if !plausible_kid(kid) => unknown_key().into(),
            // Only once for each key id: if the keys were fetched and still lack this one, the token is rejected. Keys
            // that were fetched for another token prove nothing about this one's.
            None => return Err(Want::Key(kid.into())),
            Some(Ok(_)) if self.learned.kids.iter().all(|asked| **asked != *kid) => {
                return Err(Want::Key(kid.into()));
            }
            Some(Ok(_)) => unknown_key().into(),
            Some(Err(failure)) => {
                let (reason, message) = failure.reason();
                Rejection { error: TokenError::new(reason, message), is_undecided: true }
            }
        }))
    }
}
