//! The token in the `Authorization` header.

use super::{
    Asked, Decision,
    cookie::{Browser, Carrier, Refused},
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

/// The token in the header, classified. Tokens of all classes may be signed with the same key, so this comes before
/// anything else on every road.
pub(super) enum Bearer<'a> {
    Opaque(TokenKind, &'a str),
    Jwt(SessionToken),
    /// Not a valid token of any kind.
    Undecodable(TokenError),
}

impl<'a> Bearer<'a> {
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
    /// A session token in the header. Cookies, browsers and organizations play no part.
    pub(super) fn header_session(&self, bearer: Bearer<'_>) -> Asked<Outcome> {
        let refusal = match bearer {
            Bearer::Jwt(jwt) if !jwt.token().is_session() => {
                return Ok(mismatch(Some(TokenKind::Session), SignedOutCause::TokenRefused));
            }
            Bearer::Jwt(jwt) => match self.verify(&jwt, &self.config.session)? {
                Ok(()) => return Ok(Outcome::signed_in(self.session(jwt))),
                Err(refusal) => refusal,
            },
            Bearer::Opaque(..) => TokenError::invalid("a token has three segments").into(),
            Bearer::Undecodable(error) => error.into(),
        };
        // A token in the header is never refreshed with a cookie: the two may belong to different users.
        let reason = match refusal.error.reason() {
            Reason::TokenExpired if self.head.is_get() => Reason::ExpiredNoRefreshCookie,
            Reason::TokenExpired => Reason::ExpiredNonGet,
            other => other.clone(),
        };
        let refused = Refused::new(self, &refusal, reason, Carrier::Header);
        if refused.is_about_time && self.head.can_navigate() {
            let Authorization::Token(text) = authorization(self.head.headers) else {
                return Ok(refused.signed_out());
            };
            return Ok(Browser::with(self, Some(text), |browser, _| browser.refuse(refused)));
        }
        Ok(refused.signed_out())
    }
}
