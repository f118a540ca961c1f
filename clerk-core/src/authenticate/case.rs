//! One request, and the decision about it.

use http::Method;

use super::{
    BadRequest, MachineAuth, Outcome, Reason, RequestHead, SessionAuth,
    accepts::Kinds,
    authorization::{self, Authorization},
    browser::Browser,
    candidate::Candidate,
    config::Config,
    machine,
    need::{Answers, CallFailure},
};
use crate::{
    Timestamp,
    api::sessions,
    token::{KeySet, Token, TokenError, TokenKind, VerifyOptions, VerifyingKey, plausible_kid, unknown_key},
};
use std::sync::Arc;

/// What has to be known before the decision can be made.
pub(super) enum Want {
    Key(Box<str>),
    /// A handshake's nonce.
    Handshake(String),
    Refresh(Box<sessions::Refresh>),
    /// An opaque token.
    Machine(TokenKind, String),
}

/// The result of a step, or what it needs to know first.
pub(super) type Asked<T> = Result<T, Want>;

/// A request with everything that is known about it.
pub(super) struct Case<'a> {
    pub(super) config: &'a Config,
    pub(super) head: RequestHead<'a>,
    pub(super) keys: &'a KeySet,
    pub(super) answers: &'a Answers,
    pub(super) now: Timestamp,
}

/// Why a token is not accepted.
pub(super) struct Refusal {
    pub(super) error: TokenError,
    /// Nothing is known about the token, because Clerk did not answer.
    pub(super) undecided: bool,
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        Self { error, undecided: false }
    }
}

/// Where a session token came from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    Header,
    Cookie,
}

impl Carrier {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }
}

/// The token in the `Authorization` header.
enum Bearer<'a> {
    Opaque(TokenKind, &'a str),
    Jwt(Candidate),
    /// No token at all, or no way to say which.
    Unreadable(TokenError),
}

impl Bearer<'_> {
    fn kind(&self) -> TokenKind {
        match self {
            Self::Opaque(kind, _) => *kind,
            Self::Jwt(candidate) => candidate.token().kind(),
            Self::Unreadable(_) => TokenKind::Session,
        }
    }
}

impl<'a> Case<'a> {
    pub(super) fn decide(&self) -> Asked<Outcome> {
        let bearer = match authorization::token(self.head.headers) {
            Authorization::None => None,
            Authorization::Token(text) => Some(self.bearer(text)),
            Authorization::Broken => {
                let error = TokenError::invalid("several Authorization headers, or one that is no text");
                let kind = match &self.config.accepts.0 {
                    Kinds::One(kind) => Some(*kind),
                    Kinds::List(kinds) => kinds.iter().copied().find(|kind| *kind == TokenKind::Session),
                    Kinds::Any => Some(TokenKind::Session),
                };
                return Ok(self.signed_out(kind, error.reason().clone(), error.message()));
            }
        };
        match (&self.config.accepts.0, bearer) {
            (Kinds::One(TokenKind::Session), Some(bearer)) => self.header_session(bearer),
            (Kinds::One(TokenKind::Session), None) => self.cookie_session(),
            (Kinds::One(kind), Some(bearer)) if bearer.kind() == *kind => self.header_machine(bearer),
            (Kinds::One(kind), Some(_)) => Ok(self.mismatch(Some(*kind))),
            (Kinds::One(kind), None) => {
                let outcome =
                    self.signed_out(Some(*kind), Reason::NoTokenInHeader, "there is no bearer token");
                Ok(outcome.without_token())
            }
            (Kinds::List(kinds), None) if !kinds.contains(&TokenKind::Session) => {
                Ok(self.mismatch(None).without_token())
            }
            (Kinds::List(kinds), Some(bearer)) if !kinds.contains(&bearer.kind()) => Ok(self.mismatch(None)),
            (Kinds::List(_) | Kinds::Any, bearer) => self.any(bearer),
        }
    }

    fn bearer<'t>(&self, text: &'t str) -> Bearer<'t> {
        if let Some(kind) = TokenKind::of_opaque(text) {
            return Bearer::Opaque(kind, text);
        }
        Candidate::read(text, self.keys()).map_or_else(Bearer::Unreadable, Bearer::Jwt)
    }

    fn any(&self, bearer: Option<Bearer<'_>>) -> Asked<Outcome> {
        match bearer {
            None => self.cookie_session(),
            Some(bearer) if bearer.kind() == TokenKind::Session => self.header_session(bearer),
            Some(bearer) => self.header_machine(bearer),
        }
    }

    /// A session token in the header. Cookies, browsers and organizations play no part.
    fn header_session(&self, bearer: Bearer<'_>) -> Asked<Outcome> {
        let refusal = match bearer {
            Bearer::Jwt(candidate) if !candidate.token().is_session() => {
                return Ok(self.mismatch(Some(TokenKind::Session)));
            }
            Bearer::Jwt(candidate) => match self.verify(&candidate, &self.config.session)? {
                Ok(()) => return Ok(Outcome::signed_in(self.session(candidate))),
                Err(refusal) => refusal,
            },
            Bearer::Opaque(..) => TokenError::invalid("a token has three segments").into(),
            Bearer::Unreadable(error) => error.into(),
        };
        let reason = match refusal.error.reason() {
            Reason::TokenExpired if self.head.method == Method::GET => Reason::ExpiredNoRefreshCookie,
            Reason::TokenExpired => Reason::ExpiredNonGet,
            other => other.clone(),
        };
        Ok(self.refuse_session(&refusal, reason, Carrier::Header, None))
    }

    fn cookie_session(&self) -> Asked<Outcome> {
        let browser = Browser::new(self);
        let outcome = browser.decide()?;
        let is_visitor = outcome.reason().is_some() && !browser.has_session();
        Ok(if is_visitor { outcome.without_token() } else { outcome })
    }

    /// A session token that is not accepted. Where time would heal it, or a new one, a browser is sent for that.
    pub(super) fn refuse_session(
        &self,
        refusal: &Refusal,
        reason: Reason,
        carrier: Carrier,
        browser: Option<&Browser<'_>>,
    ) -> Outcome {
        let message = format_args!("{} (reason={reason}, token-carrier={})", refusal.error, carrier.as_str());
        let message = self.config.debug_headers.then(|| message.to_string());
        let reason = match reason {
            Reason::TokenNotActiveYet => Reason::SessionTokenNbf,
            Reason::TokenIatInTheFuture => Reason::SessionTokenIatInTheFuture,
            other => other,
        };
        // Only times are worth another attempt.
        let is_timely = matches!(
            refusal.error.reason(),
            Reason::TokenExpired | Reason::TokenNotActiveYet | Reason::TokenIatInTheFuture
        );
        let outcome = if is_timely {
            match browser {
                Some(browser) => browser.handshake(reason, message.as_deref()),
                None => Browser::new(self).handshake(reason, message.as_deref()),
            }
        } else {
            Outcome::signed_out(Some(TokenKind::Session), reason, message.as_deref())
        };
        outcome.undecided_if(refusal.undecided)
    }

    fn header_machine(&self, bearer: Bearer<'_>) -> Asked<Outcome> {
        match bearer {
            Bearer::Opaque(kind, text) => self.opaque(kind, text),
            Bearer::Jwt(candidate) => self.machine_jwt(candidate.token()),
            Bearer::Unreadable(error) => {
                Ok(self.signed_out(Some(TokenKind::Session), error.reason().clone(), error.message()))
            }
        }
    }

    fn opaque(&self, kind: TokenKind, text: &str) -> Asked<Outcome> {
        let (reason, message, undecided) = match &self.answers.machine {
            None if text.len() > MAX_OPAQUE => {
                (Reason::TokenInvalid, "the token is longer than 4 KiB", false)
            }
            None => return Err(Want::Machine(kind, text.to_owned())),
            Some(Ok(Some(machine))) => {
                return Ok(Outcome::machine_signed_in(MachineAuth::new(text, machine.clone())));
            }
            Some(Ok(None)) => (Reason::TokenInvalid, "the token has expired or was revoked", false),
            Some(Err(failure)) => match failure {
                CallFailure::Refused { status, .. } if status.as_u16() == 404 => {
                    (Reason::TokenInvalid, "Clerk does not know the token", false)
                }
                CallFailure::Refused { status, .. } if status.as_u16() == 401 => {
                    (Reason::SecretKeyInvalid, "Clerk refuses the secret key", true)
                }
                other => (Reason::UnexpectedError, "Clerk did not verify the token", other.is_outage()),
            },
        };
        Ok(self.signed_out(Some(kind), reason, message).undecided_if(undecided))
    }

    fn machine_jwt(&self, token: &Token) -> Asked<Outcome> {
        let kind = token.kind();
        let verified = match token.check_machine() {
            Err(error) => Err(Refusal::from(error)),
            Ok(()) => {
                let verified = self.key(token)?.and_then(|key| {
                    token.verify_machine(key, &self.config.machine, self.now).map_err(Refusal::from)
                });
                // Machines get one code for all of it, a missing key among it.
                verified.map_err(|refusal| Refusal {
                    error: TokenError::failed(refusal.error.message()),
                    ..refusal
                })
            }
        };
        Ok(match verified {
            Err(Refusal { error, undecided }) => {
                self.signed_out(Some(kind), error.reason().clone(), error.message()).undecided_if(undecided)
            }
            Ok(()) => match machine::of_jwt(kind, token) {
                Some(machine) => Outcome::machine_signed_in(MachineAuth::new(token.expose(), machine)),
                None => {
                    self.signed_out(Some(kind), Reason::TokenVerificationFailed, "its claims cannot be read")
                }
            },
        })
    }

    /// Verifies a session token: the signature, unless it is known, and the claims at this moment.
    pub(super) fn verify(
        &self,
        candidate: &Candidate,
        options: &VerifyOptions,
    ) -> Asked<Result<(), Refusal>> {
        let token = candidate.token();
        if let Candidate::Known(_) = candidate {
            let checked = token.check_header(options).and_then(|()| token.check_claims(options, self.now));
            return Ok(checked.map_err(Refusal::from));
        }
        Ok(match self.key(token)? {
            Ok(key) => token.verify(key, options, self.now).map_err(Refusal::from),
            Err(refusal) => Err(refusal),
        })
    }

    pub(super) fn session(&self, candidate: Candidate) -> Arc<SessionAuth> {
        candidate.into_session(self.keys())
    }

    /// The keys at hand: those that were asked for, if any were.
    pub(super) fn keys(&self) -> &'a KeySet {
        match &self.answers.keys {
            Some(Ok(keys)) => keys,
            Some(Err(_)) | None => self.keys,
        }
    }

    /// The key that a token names.
    pub(super) fn key(&self, token: &Token) -> Asked<Result<&'a VerifyingKey, Refusal>> {
        let keys = self.keys();
        let kid = token.kid().unwrap_or_default();
        if keys.contains(kid) {
            return Ok(keys.get(kid).map_err(Refusal::from));
        }
        Ok(Err(match &self.answers.keys {
            _ if !plausible_kid(kid) => unknown_key().into(),
            None => return Err(Want::Key(kid.into())),
            Some(Ok(_)) => unknown_key().into(),
            Some(Err(failure)) => {
                let (reason, message) = failure.reason();
                Refusal { error: TokenError::new(reason, message), undecided: true }
            }
        }))
    }

    fn mismatch(&self, kind: Option<TokenKind>) -> Outcome {
        Outcome::signed_out(kind, Reason::TokenTypeMismatch, None)
    }

    pub(super) fn signed_out(&self, kind: Option<TokenKind>, reason: Reason, message: &str) -> Outcome {
        let message = self.config.debug_headers.then_some(message);
        Outcome::signed_out(kind, reason, message)
    }

    pub(super) fn bad(&self, bad: BadRequest) -> Outcome {
        self.signed_out(Some(TokenKind::Session), Reason::UnexpectedError, "the request makes no sense")
            .bad(bad)
    }
}

/// Clerk's opaque tokens have less than a hundred characters.
const MAX_OPAQUE: usize = 4096;
