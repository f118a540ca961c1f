//! The decision about one request.
//!
//! By the token in the header and the accepted kinds, [`Decision::decide`] continues in `header`, `cookie` or `machine`.
//! `cookie` uses `handshake` and `refresh`.

mod cookie;
mod handshake;
mod header;
mod machine;
mod refresh;
mod set_cookie;
mod template;
mod verify;

use self::header::Bearer;
use super::{
    config::{Config, Kinds},
    need::{Learned, Want},
    outcome::{BadRequest, Outcome, SignedOutCause},
    request::{Authorization, AuthorizationHeader, RequestHead},
};
use crate::{
    Reason, Timestamp,
    token::{KeySet, TokenError, TokenKind},
};

/// The result of a step, or what has to be fetched first.
pub(super) type Asked<T> = Result<T, Want>;

/// The inputs of a decision, which is a pure function of them.
pub(super) struct Decision<'a> {
    pub(super) config: &'a Config,
    pub(super) head: RequestHead<'a>,
    pub(super) keys: &'a KeySet,
    pub(super) learned: &'a Learned,
    pub(super) now: Timestamp,
}

impl<'a> Decision<'a> {
    pub(super) fn decide(&self) -> Asked<Outcome> {
        if self.head.names_several_hosts(&self.config.forwarded) {
            // Counts as a request with a token, so that nothing treats its sender as an anonymous visitor.
            let message = self.message("the request is not valid");
            return Ok(Outcome::malformed(BadRequest::SeveralHosts, true, message));
        }
        let bearer = match self.bearer() {
            Ok(bearer) => bearer,
            Err(outcome) => return Ok(*outcome),
        };
        // A token in the header takes precedence: a caller that sends one does not rely on cookies, which browsers also
        // attach to forged requests (CSRF).
        match (&self.config.accepted_kinds.0, bearer) {
            (_, Some(Bearer::Jwt(jwt))) if self.config.template.is_some() && jwt.token().is_template() => {
                self.header_template(jwt)
            }
            (Kinds::One(TokenKind::Session), Some(bearer)) => self.header_session(bearer),
            (Kinds::One(TokenKind::Session), None) => self.cookie_session(),
            (Kinds::One(kind), Some(bearer)) if bearer.kind() == *kind => self.header_machine(bearer),
            (Kinds::One(kind), Some(_)) => Ok(mismatch(Some(*kind), SignedOutCause::TokenRejected)),
            (Kinds::One(kind), None) => Ok(self.signed_out(
                Some(*kind),
                Reason::NoTokenInHeader,
                SignedOutCause::NoToken,
                "the bearer token is missing",
            )),
            (Kinds::List(kinds), None) if kinds.is_empty() && self.config.template.is_some() => {
                Ok(self.without_token())
            }
            (Kinds::List(kinds), None) if !kinds.contains(&TokenKind::Session) => {
                Ok(mismatch(None, SignedOutCause::NoToken))
            }
            (Kinds::List(kinds), Some(bearer)) if !kinds.contains(&bearer.kind()) => {
                Ok(mismatch(None, SignedOutCause::TokenRejected))
            }
            (Kinds::List(_) | Kinds::Any, None) => self.cookie_session(),
            (Kinds::List(_) | Kinds::Any, Some(bearer)) if bearer.kind() == TokenKind::Session => {
                self.header_session(bearer)
            }
            (Kinds::List(_) | Kinds::Any, Some(bearer)) => self.header_machine(bearer),
        }
    }

    /// Returns the token in the header, or the outcome if that is already the end.
    fn bearer(&self) -> Result<Option<Bearer<'a>>, Box<Outcome>> {
        let header = AuthorizationHeader::of(self.head.headers);
        if let Some(token) = header.after_bearer()
            && self.config.ignored_tokens.is_none()
            && let Some(known) = Bearer::known(token, self.keys())
        {
            return Ok(Some(known));
        }
        match header.parse() {
            Authorization::None => Ok(None),
            Authorization::Token(text) if self.config.ignores(text) => Err(Box::new(self.without_token())),
            Authorization::Token(text) => Ok(Some(Bearer::read(text, self.keys()))),
            Authorization::Broken => Err(Box::new(self.broken_header())),
        }
    }

    /// Decides about a request whose header has no token of Clerk's, and whose cookies do not count.
    fn without_token(&self) -> Outcome {
        let (kind, reason) = match &self.config.accepted_kinds.0 {
            _ if self.config.accepts(TokenKind::Session) => {
                (Some(TokenKind::Session), Reason::SessionTokenAndUatMissing)
            }
            Kinds::One(kind) => (Some(*kind), Reason::NoTokenInHeader),
            Kinds::List(kinds) if kinds.is_empty() => (Some(TokenKind::Template), Reason::NoTokenInHeader),
            Kinds::List(_) | Kinds::Any => (None, Reason::NoTokenInHeader),
        };
        self.signed_out(kind, reason, SignedOutCause::NoToken, "the header has no token of Clerk's")
    }

    /// Rejects several `Authorization` headers, or one that is not valid UTF-8.
    fn broken_header(&self) -> Outcome {
        let error = TokenError::invalid("several Authorization headers, or one that is not valid UTF-8");
        let kind = match &self.config.accepted_kinds.0 {
            Kinds::One(kind) => Some(*kind),
            Kinds::List(kinds) => kinds.iter().copied().find(|kind| *kind == TokenKind::Session),
            Kinds::Any => Some(TokenKind::Session),
        };
        self.reject_token(kind, &error)
    }

    /// Returns the keys that were fetched for this decision, or those that it was started with.
    fn keys(&self) -> &'a KeySet {
        match &self.learned.keys {
            Some(Ok(keys)) => keys,
            Some(Err(_)) | None => self.keys,
        }
    }

    /// Returns the message if the response may contain it.
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

    /// Signs the request out because of a token that was rejected.
    fn reject_token(&self, kind: Option<TokenKind>, error: &TokenError) -> Outcome {
        self.signed_out(kind, error.reason().clone(), SignedOutCause::TokenRejected, error.message())
    }
}

/// Signs the request out because its token is of a kind that is not accepted. There is no message, since the token was
/// not examined.
fn mismatch(kind: Option<TokenKind>, cause: SignedOutCause) -> Outcome {
    Outcome::signed_out(kind, Reason::TokenTypeMismatch, cause, None)
}
