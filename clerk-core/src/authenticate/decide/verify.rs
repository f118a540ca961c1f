//! Verifying tokens with the instance's keys.

use std::sync::Arc;

use super::{Asked, Decision};
use crate::{
    Reason,
    authenticate::{
        need::{KeyFailure, Want},
        request::SessionToken,
    },
    token::{SessionAuth, Token, TokenError, VerifyOptions, VerifyingKey, plausible_kid},
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

impl Decision<'_> {
    /// Verifies a session token. The signature of a known one was verified before; its claims are always checked.
    pub(super) fn verify(
        &self,
        session_token: &SessionToken,
        options: &VerifyOptions,
    ) -> Asked<Result<(), Rejection>> {
        let token = session_token.token();
        if let SessionToken::Known(_) = session_token {
            // The cache may be shared by authenticators with different options, and has tokens of JWT templates too.
            let checked = if token.is_session() {
                token.check_header(options).and_then(|()| token.check_claims(options, self.now))
            } else {
                Err(TokenError::mismatch())
            };
            return Ok(checked.map_err(Rejection::from));
        }
        self.verify_with_key(token, |key| token.verify(key, options, self.now))
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
        self.verify_with_key(token, |key| token.verify_template(key, options, self.now))
    }

    /// Turns a verified token into a session.
    pub(super) fn session(&self, session_token: SessionToken) -> Arc<SessionAuth> {
        session_token.into_session(self.keys())
    }

    /// Verifies a token with the key that it names, or returns the wish to fetch the key: it may be new, and one that does
    /// not match the signature may have been replaced under the same id.
    pub(super) fn verify_with_key(
        &self,
        token: &Token,
        verify: impl FnOnce(&VerifyingKey) -> Result<(), TokenError>,
    ) -> Asked<Result<(), Rejection>> {
        let (keys, kid) = (self.keys(), token.kid().unwrap_or_default());
        let error = match keys.get(kid).and_then(verify) {
            Ok(()) => return Ok(Ok(())),
            Err(error) => error,
        };
        // A key that cannot verify tokens at all is not fetched again.
        let may_be_outdated =
            !keys.contains(kid) || (keys.has_ids() && *error.reason() == Reason::TokenInvalidSignature);
        if !may_be_outdated || !plausible_kid(kid) {
            return Ok(Err(error.into()));
        }
        match &self.learned.keys {
            // Only once for each key id: if the keys were fetched and still do not verify it, the token is rejected. Keys
            // that were fetched for another token prove nothing about this one's.
            Some(Ok(_)) if self.learned.kids.iter().any(|asked| **asked == *kid) => Ok(Err(error.into())),
            None | Some(Ok(_)) => Err(Want::Key(kid.into())),
            Some(Err(failure)) => {
                let (reason, message) = failure.reason();
                let reason =
                    if *failure == KeyFailure::TooManyKeyIds { error.reason().clone() } else { reason };
                Ok(Err(Rejection { error: TokenError::new(reason, message), is_undecided: true }))
            }
        }
    }
}
