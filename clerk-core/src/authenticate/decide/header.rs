//! The decision about a session token in the `Authorization` header.

use super::{
    Asked, Decision,
    cookie::{Carrier, RejectedToken},
    mismatch,
};
use crate::{
    Reason,
    authenticate::{
        outcome::{Outcome, SignedOutCause},
        request::{Authorization, SessionToken, authorization},
    },
    token::{KeySet, TokenError, TokenKind},
};

/// The token in the header, by its kind.
///
/// An instance signs tokens of all kinds with the same key, so the kind is determined before anything else.
pub(super) enum Bearer<'a> {
    Opaque(TokenKind, &'a str),
    Jwt(SessionToken),
    /// Not a valid token of any kind.
    Undecodable(TokenError),
}

impl<'a> Bearer<'a> {
    pub(super) fn known(token: &[u8], keys: &KeySet) -> Option<Self> {
        SessionToken::known(token, keys).map(Self::Jwt)
    }

    pub(super) fn read(text: &'a str, keys: &KeySet) -> Self {
        match TokenKind::of_opaque(text) {
            Some(kind) => Self::Opaque(kind, text),
            None => SessionToken::read(text, keys).map_or_else(Self::Undecodable, Self::Jwt),
        }
    }

    pub(super) fn kind(&self) -> TokenKind {
        match self {
            Self::Opaque(kind, _) => *kind,
            Self::Jwt(jwt) => jwt.token().kind(),
            Self::Undecodable(_) => TokenKind::Session,
        }
    }
}

impl Decision<'_> {
    /// Decides about a session token in the header. Cookies and the active organization are not considered.
    pub(super) fn header_session(&self, bearer: Bearer<'_>) -> Asked<Outcome> {
        let rejection = match bearer {
            Bearer::Jwt(jwt) if !jwt.token().is_session() => {
                return Ok(mismatch(Some(TokenKind::Session), SignedOutCause::TokenRejected));
            }
            Bearer::Jwt(jwt) => match self.verify(&jwt, &self.config.session)? {
                Ok(()) => return Ok(Outcome::signed_in(self.session(jwt))),
                Err(rejection) => rejection,
            },
            Bearer::Opaque(..) => TokenError::invalid("expected a token with three segments").into(),
            Bearer::Undecodable(error) => error.into(),
        };
        // A token in the header is never refreshed with the cookie's refresh token: they may belong to different users.
        let reason = match rejection.error.reason() {
            Reason::TokenExpired if self.head.is_get() => Reason::ExpiredNoRefreshCookie,
            Reason::TokenExpired => Reason::ExpiredNonGet,
            other => other.clone(),
        };
        let rejected = RejectedToken::new(self, &rejection, reason, Carrier::Header);
        if rejected.is_time_error && self.head.can_navigate() {
            let Authorization::Token(text) = authorization(self.head.headers) else {
                return Ok(rejected.signed_out());
            };
            return Ok(self.navigation(text, |browser| browser.reject(rejected)));
        }
        Ok(rejected.signed_out())
    }
}
