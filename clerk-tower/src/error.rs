use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use clerk_core::{
    OperationInfo, Timestamp,
    authenticate::CallFailure,
    decode::{DecodeError, ResponseError, StatusError, retry_after},
    encode::BuildError,
};
use http::{Extensions, Response, StatusCode};

/// An error of any type, as tower passes them around.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A call to Clerk failed.
///
/// It names the operation and the phase in which the call failed, and never holds a key, a token or what
/// was sent. The cause is kept as [`source`](std::error::Error::source).
///
/// ```
/// # use clerk_tower::{Error, ErrorKind};
/// fn describe(error: &Error) -> &'static str {
///     match error.kind() {
///         _ if error.is_not_found() => "there is no such thing",
///         ErrorKind::Status(_) => "Clerk refused",
///         _ if error.may_have_been_processed() => "look before trying again",
///         _ => "try again",
///     }
/// }
/// ```
///
/// A clone shares the cause: all who wait for one call are told of the same failure.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    operation: &'static str,
    kind: Arc<ErrorKind>,
    attempts: u32,
    /// An earlier attempt may have taken effect.
    was_unclear: bool,
}

/// The phase in which a call failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request could not be built. Nothing was sent.
    Build(BuildError),
    /// The request's address or credential does not fit this client. Nothing was sent.
    Config(&'static str),
    /// Clerk has asked to wait for so long, which is more than the call's deadline allows. Nothing was sent.
    RateLimited(Duration),
    /// More calls are under way than were allowed. Nothing was sent.
    Overloaded,
    /// No connection to Clerk. Nothing was sent.
    Connect(BoxError),
    /// Clerk did not answer in this time. The call may have taken effect.
    Timeout(Duration),
    /// The connection broke, or the answer is larger than allowed. The call may have taken effect.
    Transfer(BoxError),
    /// Clerk answered with a status that is no success.
    Status(Box<StatusError>),
    /// Clerk accepted the call, but its answer could not be read.
    Decode(Box<DecodeError>),
}

impl Error {
    pub(crate) fn new(info: Option<&'static OperationInfo>, kind: ErrorKind) -> Self {
        Self::of(info.map_or("request", |info| info.id), kind)
    }

    pub(crate) fn after(mut self, attempts: Attempts) -> Self {
        self.0.attempts = attempts.made;
        self.0.was_unclear |= attempts.unclear;
        self
    }

    pub(crate) fn of(operation: &'static str, kind: ErrorKind) -> Self {
        Self(Box::new(Inner { operation, kind: Arc::new(kind), attempts: 1, was_unclear: false }))
    }

    pub(crate) fn from_response(info: &'static OperationInfo, error: ResponseError) -> Self {
        let kind = match error {
            ResponseError::Status(error) => ErrorKind::Status(error),
            ResponseError::Decode(error) => ErrorKind::Decode(error),
            // The enum may grow; what it grows by is still an answer that was not understood.
            other => ErrorKind::Transfer(other.into()),
        };
        Self::new(Some(info), kind)
    }

    /// The id of the operation that failed, for example `GetUser`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// How often the call was sent, or tried to be. A `DELETE` that was sent twice and ends with 404 may have worked
    /// the first time.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    pub(crate) fn all_attempts(&self) -> Attempts {
        Attempts { made: self.0.attempts, unclear: self.0.was_unclear }
    }

    /// The phase in a word, for logs and counters.
    pub(crate) fn phase(&self) -> &'static str {
        match self.kind() {
            ErrorKind::Build(_) => "build",
            ErrorKind::Config(_) => "config",
            ErrorKind::RateLimited(_) => "rate_limited",
            ErrorKind::Overloaded => "overloaded",
            ErrorKind::Connect(_) => "connect",
            ErrorKind::Timeout(_) => "timeout",
            ErrorKind::Transfer(_) => "transfer",
            ErrorKind::Status(_) => "status",
            ErrorKind::Decode(_) => "decode",
        }
    }

    /// The error with why there was no connection, if that is what failed: in no other phase do the sources stay clear
    /// of what was asked.
    pub(crate) fn with_sources(&self) -> impl fmt::Display + '_ {
        WithSources(self)
    }

    /// The phase in which it failed, with the details of that phase.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// What Clerk answered, when it answered with an error status.
    #[must_use]
    pub fn status_error(&self) -> Option<&StatusError> {
        match self.kind() {
            ErrorKind::Status(error) => Some(error),
            _ => None,
        }
    }

    /// The status of an answer that is no success.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.status_error().map(|error| error.status)
    }

    /// Whether the answer's status is 404. [`Error::is_missing`] is about what Clerk says.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status_error().is_some_and(StatusError::is_not_found)
    }

    /// Whether Clerk itself says so, and not some proxy or a wrong address that answers 404 to everything.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.is_not_found() && self.status_error().is_some_and(|error| error.has_code("resource_not_found"))
    }

    /// Whether the same call may succeed later: no connection, no answer, 429 or 5xx.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            ErrorKind::RateLimited(_) | ErrorKind::Overloaded => true,
            ErrorKind::Connect(_) | ErrorKind::Timeout(_) | ErrorKind::Transfer(_) => true,
            ErrorKind::Status(error) => error.is_rate_limited() || error.status.is_server_error(),
            ErrorKind::Build(_) | ErrorKind::Config(_) | ErrorKind::Decode(_) => false,
        }
    }

    /// Whether the call may have taken effect although it failed. `false` is certain: nothing happened.
    #[must_use]
    pub fn may_have_been_processed(&self) -> bool {
        self.0.was_unclear || self.kind().may_have_been_processed()
    }
}

impl ErrorKind {
    pub(crate) fn may_have_been_processed(&self) -> bool {
        match self {
            Self::Build(_) | Self::Config(_) | Self::Connect(_) | Self::RateLimited(_) | Self::Overloaded => {
                false
            }
            Self::Timeout(_) | Self::Transfer(_) | Self::Decode(_) => true,
            Self::Status(error) => error.status.is_server_error(),
        }
    }
}

impl Error {
    /// The same as an answer to a decision that waits for this call.
    pub(crate) fn failure(&self) -> CallFailure {
        match self.kind() {
            ErrorKind::Status(error) => CallFailure::from(&**error),
            ErrorKind::Build(_) => CallFailure::Unsendable,
            ErrorKind::Config(_) | ErrorKind::Decode(_) => CallFailure::Unreadable,
            _ => CallFailure::Unreachable,
        }
    }

    /// How long Clerk asked to wait, from `now` on.
    #[must_use]
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        if let ErrorKind::RateLimited(wait) = self.kind() {
            return Some(*wait);
        }
        self.status_error()?.retry_after.as_deref().and_then(|value| retry_after(value, now))
    }

    /// `Retry-After` in its plain form, which needs no clock.
    pub(crate) fn seconds_to_wait(&self) -> Option<Duration> {
        if let ErrorKind::RateLimited(wait) = self.kind() {
            return Some(*wait);
        }
        let value = self.status_error()?.retry_after.as_deref()?;
        retry_after(value, Timestamp::from_millis(i64::MAX)).filter(|wait| !wait.is_zero())
    }

    /// The id to give to Clerk's support.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        self.status_error()?.trace_id.as_deref()
    }
}

struct WithSources<'a>(&'a Error);

impl fmt::Display for WithSources<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        let ErrorKind::Connect(error) = self.0.kind() else { return Ok(()) };
        let mut source = error.source();
        // A chain that is longer says no more.
        for _ in 0..8 {
            let Some(error) = source else { break };
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

/// How often a call was sent. The retry layer puts it into a response's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempts {
    pub(crate) made: u32,
    /// Whether an attempt before the last one may have taken effect.
    pub(crate) unclear: bool,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { made: 1, unclear: false }
    }
}

/// Counts the attempts of one call. Stands in the request's extensions, and its clones share the count: a deadline
/// that ends the call from outside knows how often it was sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct AttemptCounter(Arc<Mutex<Attempts>>);

impl AttemptCounter {
    /// The counter of a call, started at the first attempt if there is none yet.
    pub(crate) fn of(extensions: &mut Extensions) -> Self {
        extensions.get_or_insert_default::<Self>().clone()
    }

    pub(crate) fn find(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    pub(crate) fn get(&self) -> Attempts {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts another attempt. `unclear` says whether the one before may have taken effect.
    pub(crate) fn add(&self, unclear: bool) {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.made = attempts.made.saturating_add(1);
        attempts.unclear |= unclear;
    }

    /// Says in a result how often the call was sent.
    pub(crate) fn record_in<B>(&self, result: Result<Response<B>, Error>) -> Result<Response<B>, Error> {
        match result {
            Ok(mut response) => {
                response.extensions_mut().insert(self.get());
                Ok(response)
            }
            Err(error) => Err(error.after(self.get())),
        }
    }
}

/// How often the call was sent that a response belongs to.
pub(crate) fn attempts<B>(response: &Response<B>) -> Attempts {
    response.extensions().get().copied().unwrap_or_default()
}

/// The operation a request carries.
pub(crate) fn info_of(extensions: &Extensions) -> Option<&'static OperationInfo> {
    extensions.get::<&'static OperationInfo>().copied()
}

/// One sentence that begins with the operation's id.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.0.operation;
        match self.kind() {
            ErrorKind::Build(error) => error.fmt(f),
            ErrorKind::Status(error) => error.fmt(f),
            ErrorKind::Decode(error) => error.fmt(f),
            ErrorKind::Config(problem) => write!(f, "{operation}: {problem}"),
            ErrorKind::RateLimited(wait) => {
                write!(f, "{operation}: Clerk's rate limit is reached for {wait:?}; nothing was sent")
            }
            ErrorKind::Overloaded => write!(f, "{operation}: too many calls are under way; nothing was sent"),
            ErrorKind::Connect(_) => write!(f, "{operation}: no connection to Clerk; nothing was sent"),
            ErrorKind::Timeout(after) => {
                write!(f, "{operation}: no answer within {after:?}; the call may have taken effect")
            }
            ErrorKind::Transfer(_) => {
                write!(f, "{operation}: the answer was cut off or refused; the call may have taken effect")
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("operation", &self.0.operation).field("kind", &self.0.kind).finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.kind() {
            ErrorKind::Connect(error) | ErrorKind::Transfer(error) => Some(error.as_ref()),
            ErrorKind::Build(error) => error.source(),
            _ => None,
        }
    }
}
