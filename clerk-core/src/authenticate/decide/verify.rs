//! Verifying tokens with the keys at hand.

use std::sync::Arc;

use super::{Asked, Decision};
use crate::{
    Reason,
    authenticate::{need::Want, request::SessionToken},
    token::{SessionAuth, Token, TokenError, VerifyOptions, VerifyingKey, plausible_kid, unknown_key},
};

/// Why a token is not accepted.
pub(super) struct Refusal {
    pub(super) error: TokenError,
    /// Whether nothing is known about the token, because Clerk did not respond.
    pub(super) is_undecided: bool,
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        Self { error, is_undecided: false }
    }
}

impl Refusal {
    /// Whether only the time is wrong, so that a new token, or the same one later, might be accepted.
    pub(super) const fn is_about_time(&self) -> bool {
        matches!(
            self.error.reason(),
            Reason::TokenExpired | Reason::TokenNotActiveYet | Reason::TokenIatInTheFuture
        )
    }
}

impl<'a> Decision<'a> {
    /// Verifies a session token: the signature, unless it is known, and the claims at this moment.
    pub(super) fn verify(
        &self,
        session_token: &SessionToken,
        options: &VerifyOptions,
    ) -> Asked<Result<(), Refusal>> {
        let token = session_token.token();
        if let SessionToken::Known(_) = session_token {
            let checked = token.check_header(options).and_then(|()| token.check_claims(options, self.now));
            return Ok(checked.map_err(Refusal::from));
        }
        Ok(match self.key(token)? {
            Ok(key) => token.verify(key, options, self.now).map_err(Refusal::from),
            Err(refusal) => Err(refusal),
        })
    }

    /// The session of a token that was verified.
    pub(super) fn session(&self, session_token: SessionToken) -> Arc<SessionAuth> {
        session_token.into_session(self.keys())
    }

    /// The key that a token names.
    pub(super) fn key(&self, token: &Token) -> Asked<Result<&'a VerifyingKey, Refusal>> {
        let keys = self.keys();
        let kid = token.kid().unwrap_or_default();
        if keys.contains(kid) {
            return Ok(keys.get(kid).map_err(Refusal::from));
        }
        Ok(Err(match &self.learned.keys {
            _ if !plausible_kid(kid) => unknown_key().into(),
            None => return Err(Want::Key(kid.into())),
            Some(Ok(_)) => unknown_key().into(),
            Some(Err(failure)) => {
                let (reason, message) = failure.reason();
                Refusal { error: TokenError::new(reason, message), is_undecided: true }
            }
        }))
    }
}
