//! What a decision may have to wait for.

use std::fmt;

use http::{HeaderMap, Method, StatusCode, Uri};

use super::{
    Authenticator, Reason, RequestHead, Step,
    case::Want,
    machine::{Machine, Verified},
};
use crate::{
    Operation, Timestamp,
    api::{api_keys, clients, m2m, oauth_access_tokens, sessions},
    decode::{ResponseError, StatusError},
    token::{KeySet, TokenKind},
};

/// The one thing that is missing for a decision. It takes the answer back.
#[derive(Debug)]
#[non_exhaustive]
pub enum Need {
    /// One of the instance's public keys.
    Key(KeyNeeded),
    /// What a handshake left for its nonce.
    Handshake(Call<clients::GetHandshakePayload>),
    /// A new session token in place of an expired one.
    Refresh(Call<sessions::Refresh>),
    /// What Clerk says about an API key.
    ApiKey(Call<api_keys::Verify>),
    /// What Clerk says about an opaque M2M token.
    M2m(Call<m2m::VerifyToken>),
    /// What Clerk says about an opaque OAuth token.
    OAuth(Call<oauth_access_tokens::Verify>),
}

impl Need {
    /// Gives up, as if Clerk had not answered: what follows from that, [`Outcome::is_undecided`](super::Outcome::is_undecided) as a rule. For
    /// needs that a driver does not know, and for deadlines.
    pub fn abandon(self, now: Timestamp) -> Step {
        match self {
            Self::Key(key) => key.resume(Err(KeyFailure::Unreachable), now),
            Self::Handshake(call) => call.resume(Err(CallFailure::Unreachable), now),
            Self::Refresh(call) => call.resume(Err(CallFailure::Unreachable), now),
            Self::ApiKey(call) => call.resume(Err(CallFailure::Unreachable), now),
            Self::M2m(call) => call.resume(Err(CallFailure::Unreachable), now),
            Self::OAuth(call) => call.resume(Err(CallFailure::Unreachable), now),
        }
    }
}

/// A token waits for the key that it names.
pub struct KeyNeeded {
    kid: Box<str>,
    suspended: Box<Suspended>,
}

/// A decision waits for the answer to one of Clerk's operations: send [`Call::operation`], and hand what came of it
/// to [`Call::resume`].
pub struct Call<O> {
    operation: O,
    pub(super) suspended: Box<Suspended>,
}

/// A request, and what is known about it so far. The decision is a function of both, so that going on means
/// deciding again with one more thing known.
pub(super) struct Suspended {
    authenticator: Authenticator,
    method: Method,
    uri: Uri,
    pub(super) headers: HeaderMap,
    keys: KeySet,
    pub(super) answers: Answers,
}

/// What was asked and answered.
#[derive(Clone, Default)]
#[expect(missing_debug_implementations, reason = "named by a sealed trait, and by nothing else")]
pub struct Answers {
    pub(super) keys: Option<Result<KeySet, KeyFailure>>,
    /// Lines for `Set-Cookie`.
    pub(super) handshake: Option<Result<Vec<String>, CallFailure>>,
    /// Lines for `Set-Cookie`.
    pub(super) refresh: Option<Result<Vec<String>, CallFailure>>,
    /// Nothing when the token is no longer good.
    pub(super) machine: Option<Result<Option<Machine>, CallFailure>>,
}

/// Why there is no key to answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyFailure {
    /// Clerk did not answer, or not in a form that can be read: `unexpected-error`.
    Unreachable,
    /// Clerk answered with an error, or without keys: `jwk-remote-failed-to-load`.
    FailedToLoad,
    /// Clerk refuses the secret key: `secret-key-invalid`.
    SecretKeyInvalid,
    /// There is no secret key to ask with: `jwk-failed-to-resolve`.
    NotConfigured,
}

impl KeyFailure {
    pub(super) const fn reason(self) -> (Reason, &'static str) {
        match self {
            Self::Unreachable => (Reason::UnexpectedError, "Clerk did not answer"),
            Self::FailedToLoad => (Reason::JwkRemoteFailedToLoad, "Clerk did not hand out its keys"),
            Self::SecretKeyInvalid => (Reason::SecretKeyInvalid, "Clerk refuses the secret key"),
            Self::NotConfigured => {
                (Reason::JwkFailedToResolve, "neither a public key nor a secret key is configured")
            }
        }
    }
}

/// Why an operation brought no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallFailure {
    /// Clerk did not answer.
    Unreachable,
    /// Clerk answered with an error.
    Refused {
        /// The answer's status.
        status: StatusCode,
        /// The first of Clerk's error codes.
        code: Option<Box<str>>,
    },
    /// Clerk's answer cannot be read.
    Unreadable,
    /// The operation cannot be sent: the request holds something that no request to Clerk can hold.
    Unsendable,
}

impl CallFailure {
    /// Whether another attempt might have brought an answer, so that nothing is known about the token.
    pub(super) fn is_outage(&self) -> bool {
        match self {
            Self::Unreachable | Self::Unreadable => true,
            Self::Refused { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::Unsendable => false,
        }
    }
}

impl From<&StatusError> for CallFailure {
    fn from(error: &StatusError) -> Self {
        Self::Refused { status: error.status, code: error.code().map(Into::into) }
    }
}

impl From<&ResponseError> for CallFailure {
    fn from(error: &ResponseError) -> Self {
        match error {
            ResponseError::Status(error) => Self::from(&**error),
            ResponseError::Decode(_) => Self::Unreadable,
        }
    }
}

impl Suspended {
    pub(super) fn new(
        authenticator: &Authenticator,
        head: &RequestHead<'_>,
        keys: &KeySet,
        answers: Answers,
    ) -> Box<Self> {
        Box::new(Self {
            authenticator: authenticator.clone(),
            method: head.method.clone(),
            uri: head.uri.clone(),
            headers: head.headers.clone(),
            keys: keys.clone(),
            answers,
        })
    }

    pub(super) fn go_on(self, now: Timestamp) -> Step {
        let head = RequestHead::new(&self.method, &self.uri, &self.headers);
        self.authenticator.decide(&head, &self.keys, self.answers, now)
    }
}

impl Want {
    /// What is wanted, as a need that can be met.
    pub(super) fn into_need(self, suspended: Box<Suspended>) -> Need {
        match self {
            Self::Key(kid) => Need::Key(KeyNeeded { kid, suspended }),
            Self::Handshake(nonce) => {
                Need::Handshake(Call { operation: clients::get_handshake_payload(nonce), suspended })
            }
            Self::Refresh(operation) => Need::Refresh(Call { operation: *operation, suspended }),
            Self::Machine(TokenKind::M2m, token) => {
                Need::M2m(Call { operation: m2m::verify_token(token), suspended })
            }
            Self::Machine(TokenKind::OAuth, token) => {
                Need::OAuth(Call { operation: oauth_access_tokens::verify(token), suspended })
            }
            Self::Machine(TokenKind::ApiKey | TokenKind::Session, token) => {
                Need::ApiKey(Call { operation: api_keys::verify(token), suspended })
            }
        }
    }
}

impl KeyNeeded {
    /// The id of the key. It comes from whoever sent the request: look it up, but do not let it cause one
    /// call to Clerk each.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Goes on with the instance's current keys, or without any. Keys without this one refuse the token
    /// with `jwk-kid-mismatch`.
    pub fn resume(mut self, answer: Result<&KeySet, KeyFailure>, now: Timestamp) -> Step {
        self.suspended.answers.keys = Some(answer.cloned());
        self.suspended.go_on(now)
    }
}

/// The operations that a decision can wait for. There are no others.
pub trait Answer: Operation + Record {}

impl<O: Operation + Record> Answer for O {}

mod sealed {
    use super::{Answers, CallFailure, Operation};

    /// Puts an answer among those that are known.
    pub trait Record: Operation {
        #[doc(hidden)]
        fn record(answer: Result<Self::Output, CallFailure>, answers: &mut Answers);
    }
}
use self::sealed::Record;

impl Record for clients::GetHandshakePayload {
    fn record(answer: Result<Self::Output, CallFailure>, answers: &mut Answers) {
        answers.handshake = Some(answer.map(|payload| payload.directives));
    }
}

impl Record for sessions::Refresh {
    fn record(answer: Result<Self::Output, CallFailure>, answers: &mut Answers) {
        answers.refresh = Some(answer.map(|refreshed| refreshed.cookies.unwrap_or_default()));
    }
}

impl Record for api_keys::Verify {
    fn record(answer: Result<Self::Output, CallFailure>, answers: &mut Answers) {
        answers.machine = Some(answer.map(Verified::machine));
    }
}

impl Record for m2m::VerifyToken {
    fn record(answer: Result<Self::Output, CallFailure>, answers: &mut Answers) {
        answers.machine = Some(answer.map(Verified::machine));
    }
}

impl Record for oauth_access_tokens::Verify {
    fn record(answer: Result<Self::Output, CallFailure>, answers: &mut Answers) {
        answers.machine = Some(answer.map(Verified::machine));
    }
}

impl<O: Answer> Call<O> {
    /// What to send.
    #[must_use]
    pub const fn operation(&self) -> &O {
        &self.operation
    }

    /// Goes on with Clerk's answer, or without one.
    pub fn resume(mut self, answer: Result<O::Output, CallFailure>, now: Timestamp) -> Step {
        O::record(answer, &mut self.suspended.answers);
        self.suspended.go_on(now)
    }
}

impl fmt::Debug for KeyNeeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyNeeded").finish_non_exhaustive()
    }
}

impl<O> fmt::Debug for Call<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}
