use std::{fmt, sync::Arc, time::Duration};

use clerk_core::{
    OperationInfo, Timestamp,
    authenticate::CallFailure,
    decode::{DecodeError, ResponseError, StatusError, retry_after},
    encode::BuildError,
};
use http::{Extensions, Method, Response, StatusCode};

/// Boxed error of any type, as tower's services use it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Error of a call to Clerk.
///
/// It names the operation and the phase in which the call failed. It never contains a key, a token or the request. The
/// cause is its [`source`](std::error::Error::source).
///
/// ```
/// use clerk_tower::{Error, ErrorKind};
///
/// fn describe(error: &Error) -> &'static str {
///     match error.kind() {
///         _ if error.is_not_found() => "not found",
///         ErrorKind::Status(_) => "refused by Clerk",
///         _ if error.may_have_been_processed() => "check the result before trying again",
///         _ => "try again",
///     }
/// }
/// ```
///
/// Clones share the cause, so that all callers that wait for the same request get the same error.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    operation: &'static str,
    /// The operation only reads, so it has no effect.
    reads: bool,
    kind: Arc<ErrorKind>,
    attempts: Attempts,
}

/// The phase in which a call failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request could not be built. Nothing was sent.
    Build(BuildError),
    /// The client has no credential for the request, or its URI is not valid here. Nothing was sent.
    Config(&'static str),
    /// Clerk's rate limit lasts longer than the call's deadline allows. Contains the time until the call could have
    /// been sent. Nothing was sent.
    RateLimited(Duration),
    /// The limit on concurrent calls is reached. Nothing was sent.
    Overloaded,
    /// The connection to Clerk, or to a proxy in between, failed. Nothing was sent.
    Connect(BoxError),
    /// The connection ended before the request was sent completely, or Clerk refused the request before processing it.
    NotProcessed(BoxError),
    /// This time passed before the request was sent: the call waited for a permit, for the rate limit, for the backoff
    /// before a retry, or for a connection.
    NotSent(Duration),
    /// Clerk did not respond within this time. The call may have taken effect.
    Timeout(Duration),
    /// The connection broke, or the response is larger than allowed. The call may have taken effect.
    Transfer(BoxError),
    /// Clerk responded with an error status.
    Status(Box<StatusError>),
    /// Clerk accepted the call, but the response could not be decoded.
    Decode(Box<DecodeError>),
}

impl Error {
    pub(crate) fn new(info: Option<&'static OperationInfo>, kind: ErrorKind) -> Self {
        let reads = info.is_some_and(|info| [Method::GET, Method::HEAD].contains(&info.method));
        let made = u32::from(kind.ended_an_attempt());
        Self(Box::new(Inner {
            operation: info.map_or("request", |info| info.id),
            reads,
            kind: Arc::new(kind),
            attempts: Attempts { made, ..Attempts::default() },
        }))
    }

    pub(crate) fn after(mut self, attempts: Attempts) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn from_response(info: &'static OperationInfo, error: ResponseError) -> Self {
        let kind = match error {
            ResponseError::Status(error) => ErrorKind::Status(error),
            ResponseError::Decode(error) => ErrorKind::Decode(error),
            // `ResponseError` is non-exhaustive. A variant added later is still a response that could not be used, and
            // `Transfer` is the cautious choice: the call may have taken effect.
            other => ErrorKind::Transfer(other.into()),
        };
        Self::new(Some(info), kind)
    }

    /// Returns the id of the operation that failed, for example `GetUser`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// Returns the number of attempts, including one that could not connect. Zero if the call ended before the first
    /// one. A `DELETE` that ends with 404 at its second attempt may have succeeded at the first.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts.made
    }

    /// Returns how long the call was held back in this process: for a permit, for the rate limit, and for the backoff
    /// before retries. The rest of its time was spent on the wire.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.0.attempts.waited
    }

    pub(crate) fn all_attempts(&self) -> Attempts {
        self.0.attempts
    }

    /// Returns the phase as a word, for logs and counters.
    pub(crate) fn phase(&self) -> &'static str {
        match self.kind() {
            ErrorKind::Build(_) => "build",
            ErrorKind::Config(_) => "config",
            ErrorKind::RateLimited(_) => "rate_limited",
            ErrorKind::Overloaded => "overloaded",
            ErrorKind::Connect(_) => "connect",
            ErrorKind::NotProcessed(_) => "not_processed",
            ErrorKind::NotSent(_) => "not_sent",
            ErrorKind::Timeout(_) => "timeout",
            ErrorKind::Transfer(_) => "transfer",
            ErrorKind::Status(_) => "status",
            ErrorKind::Decode(_) => "decode",
        }
    }

    /// Returns the error for a log line, with its sources if the connection failed. In other phases the sources may
    /// contain parts of the request, so they are left out.
    pub(crate) fn with_sources(&self) -> impl fmt::Display + '_ {
        WithSources(self)
    }

    /// Returns the phase in which the call failed, with its details.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Returns Clerk's error, if Clerk responded with an error status.
    #[must_use]
    pub fn status_error(&self) -> Option<&StatusError> {
        match self.kind() {
            ErrorKind::Status(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the response's status, if it is an error status.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.status_error().map(|error| error.status)
    }

    /// Returns `true` if the response's status is 404, from Clerk or from anything in between. See
    /// [`is_missing`](Self::is_missing) for the stricter check.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status_error().is_some_and(StatusError::is_not_found)
    }

    /// Returns `true` if Clerk itself reports that the resource does not exist: status 404 with the code
    /// `resource_not_found`.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        // The status alone proves nothing: a proxy, or a wrong `api_url`, responds with 404 to every request. Callers
        // that cache or act on "not found" need Clerk's own code.
        self.is_not_found() && self.status_error().is_some_and(|error| error.has_code("resource_not_found"))
    }

    /// Returns `true` if the same call may succeed later: after a failed connection, a timeout, a 429 or a 5xx.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            ErrorKind::RateLimited(_) | ErrorKind::Overloaded | ErrorKind::NotSent(_) => true,
            ErrorKind::Connect(_) | ErrorKind::NotProcessed(_) => true,
            ErrorKind::Timeout(_) | ErrorKind::Transfer(_) => true,
            ErrorKind::Status(error) => error.is_rate_limited() || error.status.is_server_error(),
            ErrorKind::Build(_) | ErrorKind::Config(_) | ErrorKind::Decode(_) => false,
        }
    }

    /// Returns `true` if the call may have taken effect although it failed. `false` is certain. Operations that only read
    /// have no effect.
    #[must_use]
    pub fn may_have_been_processed(&self) -> bool {
        !self.0.reads && (self.0.attempts.unclear || self.kind().may_have_been_processed())
    }
}

impl ErrorKind {
    fn may_have_been_processed(&self) -> bool {
        match self {
            Self::Build(_) | Self::Config(_) | Self::RateLimited(_) | Self::Overloaded => false,
            Self::Connect(_) | Self::NotProcessed(_) | Self::NotSent(_) => false,
            Self::Timeout(_) | Self::Transfer(_) | Self::Decode(_) => true,
            Self::Status(error) => error.status.is_server_error(),
        }
    }

    /// Returns `true` if the transport was called, whether or not it could send the request.
    pub(crate) fn ended_an_attempt(&self) -> bool {
        !matches!(self, Self::Build(_) | Self::Config(_) | Self::RateLimited(_) | Self::Overloaded)
    }
}

impl Error {
    /// Returns what a suspended decision that waits for this call is told.
    pub(crate) fn failure(&self) -> CallFailure {
        match self.kind() {
            ErrorKind::Status(error) => CallFailure::from(&**error),
            ErrorKind::Build(_) => CallFailure::Unsendable,
            ErrorKind::Config(_) | ErrorKind::Decode(_) => CallFailure::Unreadable,
            _ => CallFailure::Unreachable,
        }
    }

    /// Returns how long Clerk asked to wait, counted from `now`.
    #[must_use]
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        if let ErrorKind::RateLimited(wait) = self.kind() {
            return Some(*wait);
        }
        self.status_error()?.retry_after.as_deref().and_then(|value| retry_after(value, now))
    }

    /// Returns `Retry-After` if it is a number of seconds, which needs no clock to be read.
    pub(crate) fn seconds_to_wait(&self) -> Option<Duration> {
        if let ErrorKind::RateLimited(wait) = self.kind() {
            return Some(*wait);
        }
        // Compared with the end of time, every date is in the past and yields zero, which the filter drops.
        let value = self.status_error()?.retry_after.as_deref()?;
        retry_after(value, Timestamp::from_millis(i64::MAX)).filter(|wait| !wait.is_zero())
    }

    /// Returns Clerk's trace id, for requests to Clerk's support.
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
        // Bounded, because a transport of the application's makes this chain, and may even make a circular one.
        for _ in 0..8 {
            let Some(error) = source else { break };
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

/// How often a call was sent, and how long it was held back. The retry layer stores it in the response's extensions, unless
/// it is [`Attempts::ONE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attempts {
    pub(crate) made: u32,
    /// Whether an attempt before the last one may have taken effect.
    pub(crate) unclear: bool,
    pub(crate) waited: Duration,
}

impl Attempts {
    /// Sent once, at once.
    pub(crate) const ONE: Self = Self { made: 1, unclear: false, waited: Duration::ZERO };
}

/// Returns how often the call of this response was sent.
pub(crate) fn attempts<B>(response: &Response<B>) -> Attempts {
    response.extensions().get().copied().unwrap_or(Attempts::ONE)
}

/// Returns the operation of a request.
pub(crate) fn info_of(extensions: &Extensions) -> Option<&'static OperationInfo> {
    extensions.get::<&'static OperationInfo>().copied()
}

/// Starts with the operation's id. Says at the end whether the call may have taken effect, if that is in question.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.0.operation;
        match self.kind() {
            ErrorKind::Build(error) => error.fmt(f)?,
            ErrorKind::Status(error) => error.fmt(f)?,
            ErrorKind::Decode(error) => error.fmt(f)?,
            ErrorKind::Config(problem) => write!(f, "{operation}: {problem}")?,
            ErrorKind::RateLimited(wait) => {
                write!(f, "{operation}: rate limited by Clerk for another {wait:?}")?;
            }
            ErrorKind::Overloaded => write!(f, "{operation}: too many concurrent calls")?,
            ErrorKind::Connect(error) => write!(f, "{operation}: {error}")?,
            ErrorKind::NotProcessed(_) => {
                write!(f, "{operation}: not processed: the connection ended, or the request was refused")?;
            }
            ErrorKind::NotSent(limit) => write!(f, "{operation}: not sent within {limit:?}")?,
            ErrorKind::Timeout(limit) => write!(f, "{operation}: no response within {limit:?}")?,
            ErrorKind::Transfer(_) => write!(f, "{operation}: the response is incomplete or too large")?,
        }
        self.fmt_waited(f)?;
        self.fmt_effect(f)
    }
}

impl Error {
    /// Says how much of the time the call was held back, if it took too long.
    fn fmt_waited(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waited = Duration::from_millis(u64::try_from(self.waited().as_millis()).unwrap_or(u64::MAX));
        match self.kind() {
            ErrorKind::NotSent(_) | ErrorKind::Timeout(_) if !waited.is_zero() => {
                write!(f, ", {waited:?} of it held back by this client")
            }
            _ => Ok(()),
        }
    }

    fn fmt_effect(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ErrorKind::{Connect, NotProcessed, NotSent, Overloaded, RateLimited, Timeout, Transfer};
        match self.kind() {
            Connect(_) | NotSent(_) | Overloaded | RateLimited(_) if !self.0.attempts.unclear => {
                f.write_str("; nothing was sent")
            }
            Connect(_) | NotProcessed(_) | NotSent(_) | Overloaded | RateLimited(_) | Timeout(_)
            | Transfer(_)
                if self.may_have_been_processed() =>
            {
                f.write_str("; the call may have taken effect")
            }
            _ => Ok(()),
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
            ErrorKind::Connect(error) | ErrorKind::NotProcessed(error) | ErrorKind::Transfer(error) => {
                Some(error.as_ref())
            }
            ErrorKind::Build(error) => error.source(),
            _ => None,
        }
    }
}
