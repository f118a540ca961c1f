//! The decision about one request.
//!
//! [`Decision::decide`] chooses a road by the token in the header and the kinds that are accepted: `header`, `cookie` or
//! `machine`. The cookie road leads on to `handshake` and `refresh`.

mod cookie;
mod handshake;
mod header;
mod machine;
mod refresh;
mod set_cookie;
mod verify;

use self::header::Bearer;
use super::{
    config::{Config, Kinds},
    need::{Learned, Want},
    outcome::{Outcome, SignedOutCause},
    request::{Authorization, RequestHead, authorization},
};
use crate::{
    Reason, Timestamp,
    token::{KeySet, TokenError, TokenKind},
};

/// The result of a step, or what it has to know first.
pub(super) type Asked<T> = Result<T, Want>;

/// A request and everything that is known about it. A decision is a function of these.
pub(super) struct Decision<'a> {
    pub(super) config: &'a Config,
    pub(super) head: RequestHead<'a>,
    pub(super) keys: &'a KeySet,
    pub(super) learned: &'a Learned,
    pub(super) now: Timestamp,
}

impl<'a> Decision<'a> {
    pub(super) fn decide(&self) -> Asked<Outcome> {
        let bearer = match authorization(self.head.headers) {
            Authorization::None => None,
            Authorization::Token(text) => Some(Bearer::read(text, self.keys())),
            Authorization::Broken => return Ok(self.broken_header()),
        };
        match (&self.config.accepted_kinds.0, bearer) {
            (Kinds::One(TokenKind::Session), Some(bearer)) => self.header_session(bearer),
            (Kinds::One(TokenKind::Session), None) => self.cookie_session(),
            (Kinds::One(kind), Some(bearer)) if bearer.kind() == *kind => self.header_machine(bearer),
            (Kinds::One(kind), Some(_)) => Ok(mismatch(Some(*kind), SignedOutCause::TokenRefused)),
            (Kinds::One(kind), None) => Ok(self.signed_out(
                Some(*kind),
                Reason::NoTokenInHeader,
                SignedOutCause::NoToken,
                "there is no bearer token",
            )),
            (Kinds::List(kinds), None) if !kinds.contains(&TokenKind::Session) => {
                Ok(mismatch(None, SignedOutCause::NoToken))
            }
            (Kinds::List(kinds), Some(bearer)) if !kinds.contains(&bearer.kind()) => {
                Ok(mismatch(None, SignedOutCause::TokenRefused))
            }
            (Kinds::List(_) | Kinds::Any, None) => self.cookie_session(),
            (Kinds::List(_) | Kinds::Any, Some(bearer)) if bearer.kind() == TokenKind::Session => {
                self.header_session(bearer)
            }
            (Kinds::List(_) | Kinds::Any, Some(bearer)) => self.header_machine(bearer),
        }
    }

    /// Several `Authorization` headers, or one that is not valid UTF-8.
    fn broken_header(&self) -> Outcome {
        let error = TokenError::invalid("several Authorization headers, or one that is not valid UTF-8");
        let kind = match &self.config.accepted_kinds.0 {
            Kinds::One(kind) => Some(*kind),
            Kinds::List(kinds) => kinds.iter().copied().find(|kind| *kind == TokenKind::Session),
            Kinds::Any => Some(TokenKind::Session),
        };
        self.refused(kind, &error)
    }

    /// The keys at hand: those that were asked for, if any were.
    fn keys(&self) -> &'a KeySet {
        match &self.learned.keys {
            Some(Ok(keys)) => keys,
            Some(Err(_)) | None => self.keys,
        }
    }

    /// What is wrong, if the response may say so.
    fn message<'m>(&self, message: &'m str) -> Option<&'m str> {
        self.config.debug_headers.then_some(message)
    }

    fn signed_out(
        &self,
        kind: Option<TokenKind>,
        reason: Reason,
        cause: SignedOutCause,
        message: &str,
    ) -> Outcome {
        Outcome::signed_out(kind, reason, cause, self.message(message))
    }

    /// A token that was refused.
    fn refused(&self, kind: Option<TokenKind>, error: &TokenError) -> Outcome {
        self.signed_out(kind, error.reason().clone(), SignedOutCause::TokenRefused, error.message())
    }
}

/// A token of a kind that is not accepted. There is nothing to say about it, since nothing in it was looked at.
fn mismatch(kind: Option<TokenKind>, cause: SignedOutCause) -> Outcome {
    Outcome::signed_out(kind, Reason::TokenTypeMismatch, cause, None)
}
