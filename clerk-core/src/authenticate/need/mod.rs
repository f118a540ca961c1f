//! What a suspended decision waits for.

mod machine_verification;

use std::{fmt, sync::Arc};

use http::{HeaderMap, Method, StatusCode, Uri, Version};

pub use self::machine_verification::Verification;
use super::{config::Config, outcome::MachineFacts, request::RequestHead};
use crate::{
    Operation, Reason,
    api::{api_keys, clients, m2m, oauth_access_tokens, sessions},
    decode::{ResponseError, StatusError},
    token::{KeySet, TokenKind},
};

/// What a decision needs before it can continue. Each need is resumed with its own result.
#[derive(Debug)]
#[non_exhaustive]
pub enum Need {
    /// One of the instance's public keys: it is unknown, or does not match the token's signature.
    Key(KeyNeeded),
    /// The payload of a handshake, by its nonce.
    Handshake(PendingCall<clients::GetHandshakePayload>),
    /// A new session token for an expired one.
    Refresh(PendingCall<sessions::Refresh>),
    /// The verification of an API key.
    ApiKey(PendingCall<api_keys::Verify>),
    /// The verification of an opaque M2M token.
    M2m(PendingCall<m2m::VerifyToken>),
    /// The verification of an opaque OAuth token.
    OAuth(PendingCall<oauth_access_tokens::Verify>),
}

/// Suspended decision that needs the key of a token.
pub struct KeyNeeded {
    pub(super) kid: Box<str>,
    pub(super) suspended: Box<Suspended>,
}

/// Suspended decision that needs the result of one of Clerk's operations.
///
/// Send [`PendingCall::operation`] and pass the result to [`PendingCall::resume`].
pub struct PendingCall<O> {
    operation: Box<O>,
    pub(super) suspended: Box<Suspended>,
}

/// A copy of the request, and the results that are known so far.
///
/// A decision is a pure function of the two: resuming starts it again with one more result. So no intermediate state has
/// to be stored, and a decision that was resumed cannot differ from one that had the result from the start.
pub(super) struct Suspended {
    pub(super) config: Arc<Config>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    version: Version,
    pub(super) keys: KeySet,
    pub(super) learned: Learned,
}

/// The results that are known so far.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "public only because a sealed trait names it")]
pub struct Learned {
    pub(super) keys: Option<Result<KeySet, KeyFailure>>,
    /// The ids that keys were fetched for. A request can have several tokens, each with a key of its own.
    pub(super) kids: Vec<Box<str>>,
    /// `Set-Cookie` values.
    pub(super) handshake: Option<Result<Vec<String>, CallFailure>>,
    /// `Set-Cookie` values.
    pub(super) refresh: Option<Result<Vec<String>, CallFailure>>,
    /// `None` if the token is no longer valid.
    pub(super) machine: Option<Result<Option<MachineFacts>, CallFailure>>,
}

impl Learned {
    pub(super) const NOTHING: Self =
        Self { keys: None, kids: Vec::new(), handshake: None, refresh: None, machine: None };
}

/// Reason why the instance's keys could not be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyFailure {
    /// Clerk did not respond, or its response cannot be read: `unexpected-error`.
    Unreachable,
    /// Clerk responded with an error, or without keys: `jwk-remote-failed-to-load`.
    FailedToLoad,
    /// Clerk refused the secret key: `secret-key-invalid`.
    SecretKeyInvalid,
    /// No secret key is configured: `jwk-failed-to-resolve`.
    NotConfigured,
    /// The known keys do not verify the token, and Clerk cannot be asked about newer ones yet, because there were too many
    /// such tokens: `jwk-kid-mismatch`, or `token-invalid-signature` if they include one with the token's id. Unlike with
    /// keys that were fetched for this token, the request is undecided.
    TooManyKeyIds,
}

impl KeyFailure {
    pub(super) const fn reason(self) -> (Reason, &'static str) {
        match self {
            Self::Unreachable => (Reason::UnexpectedError, "Clerk did not respond"),
            Self::FailedToLoad => (Reason::JwkRemoteFailedToLoad, "Clerk did not return its keys"),
            Self::SecretKeyInvalid => (Reason::SecretKeyInvalid, "Clerk refused the secret key"),
            Self::NotConfigured => {
                (Reason::JwkFailedToResolve, "neither a public key nor a secret key is configured")
            }
            Self::TooManyKeyIds => (
                Reason::JwkKidMismatch,
                "the token's key is new or was replaced, or the token is forged: Clerk cannot be asked yet",
            ),
        }
    }
}

/// Reason why an operation has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallFailure {
    /// Clerk did not respond.
    Unreachable,
    /// Clerk responded with an error.
    Refused {
        /// The status of the response.
        status: StatusCode,
        /// The first of Clerk's error codes.
        code: Option<Box<str>>,
    },
    /// Clerk's response cannot be read.
    Unreadable,
    /// The operation cannot be sent, because it contains a value that is not valid in a request.
    Unsendable,
}

impl CallFailure {
    /// Whether another attempt might succeed, so that the token must not be treated as invalid.
    pub(super) fn is_outage(&self) -> bool {
        match self {
            Self::Unreachable | Self::Unreadable => true,
            Self::Refused { status, .. } => {
                // A rate limit says nothing about the token.
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
        config: &Arc<Config>,
        head: &RequestHead<'_>,
        keys: &KeySet,
        learned: Learned,
    ) -> Box<Self> {
        Box::new(Self {
            config: config.clone(),
            method: head.method.clone(),
            uri: head.uri.clone(),
            headers: head.headers.clone(),
            version: head.version,
            keys: keys.clone(),
            learned,
        })
    }

    pub(super) const fn head(&self) -> RequestHead<'_> {
        RequestHead::new(&self.method, &self.uri, self.version, &self.headers)
    }
}

/// What a decision needs, before it is suspended.
pub(super) enum Want {
    Key(Box<str>),
    /// The payload of a handshake, by its nonce.
    Handshake(String),
    Refresh(Box<sessions::Refresh>),
    /// The verification of an opaque token.
    Machine(TokenKind, String),
}

impl<O> PendingCall<O> {
    fn new(operation: O, suspended: Box<Suspended>) -> Self {
        Self { operation: Box::new(operation), suspended }
    }
}

impl Want {
    /// Suspends the decision until the need is met.
    pub(super) fn into_need(self, suspended: Box<Suspended>) -> Need {
        match self {
            Self::Key(kid) => Need::Key(KeyNeeded { kid, suspended }),
            Self::Handshake(nonce) => {
                Need::Handshake(PendingCall::new(clients::get_handshake_payload(nonce), suspended))
            }
            Self::Refresh(operation) => Need::Refresh(PendingCall { operation, suspended }),
            Self::Machine(TokenKind::M2m, token) => {
                Need::M2m(PendingCall::new(m2m::verify_token(token), suspended))
            }
            Self::Machine(TokenKind::OAuth, token) => {
                Need::OAuth(PendingCall::new(oauth_access_tokens::verify(token), suspended))
            }
            Self::Machine(TokenKind::ApiKey | TokenKind::Session | TokenKind::Template, token) => {
                Need::ApiKey(PendingCall::new(api_keys::verify(token), suspended))
            }
        }
    }
}

impl KeyNeeded {
    /// Returns the id of the key.
    ///
    /// It comes from an unverified token, and a client can send a new one with each request. So limit how often the keys
    /// are fetched, and do not fetch them for every unknown id.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Returns the keys that the token was verified with, if they have one with its id. Its signature does not match that
    /// key: either it is forged, or Clerk has replaced the key under the same id since they were fetched.
    ///
    /// A client can send any number of forged tokens, too. With keys that are never fetched again, resume with these.
    #[must_use]
    pub fn tried(&self) -> Option<&KeySet> {
        let keys = match &self.suspended.learned.keys {
            Some(Ok(keys)) => keys,
            Some(Err(_)) | None => &self.suspended.keys,
        };
        keys.contains(&self.kid).then_some(keys)
    }
}

impl<O: PendingOperation> PendingCall<O> {
    /// Returns the operation to send.
    #[must_use]
    pub const fn operation(&self) -> &O {
        &self.operation
    }
}

/// Operation that a decision can wait for. Sealed: only the operations in [`Need`] implement it.
pub trait PendingOperation: Operation + Record {}

impl<O: Operation + Record> PendingOperation for O {}

mod sealed {
    use super::{CallFailure, Learned, Operation};

    /// Adds an operation's result to those that are known.
    pub trait Record: Operation {
        #[doc(hidden)]
        fn record(result: Result<Self::Output, CallFailure>, learned: &mut Learned);
    }
}
use self::sealed::Record;

impl Record for clients::GetHandshakePayload {
    fn record(result: Result<Self::Output, CallFailure>, learned: &mut Learned) {
        learned.handshake = Some(result.map(|payload| payload.directives));
    }
}

impl Record for sessions::Refresh {
    fn record(result: Result<Self::Output, CallFailure>, learned: &mut Learned) {
        learned.refresh = Some(result.map(|refreshed| refreshed.cookies.unwrap_or_default()));
    }
}

impl Record for api_keys::Verify {
    fn record(result: Result<Self::Output, CallFailure>, learned: &mut Learned) {
        learned.machine = Some(result.map(MachineFacts::of_api_key));
    }
}

impl Record for m2m::VerifyToken {
    fn record(result: Result<Self::Output, CallFailure>, learned: &mut Learned) {
        learned.machine = Some(result.map(MachineFacts::of_m2m_token));
    }
}

impl Record for oauth_access_tokens::Verify {
    fn record(result: Result<Self::Output, CallFailure>, learned: &mut Learned) {
        learned.machine = Some(result.map(MachineFacts::of_oauth_token));
    }
}

impl fmt::Debug for KeyNeeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyNeeded").finish_non_exhaustive()
    }
}

impl<O> fmt::Debug for PendingCall<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingCall").finish_non_exhaustive()
    }
}
