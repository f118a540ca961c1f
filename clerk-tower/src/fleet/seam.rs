//! What a fleet needs from an engine: a broadcast and a store of short-lived values.

use std::{error::Error as StdError, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use clerk_core::Timestamp;

use crate::{
    BoxError,
    clock::{Clock as _, SystemClock},
};

/// Future of the methods of [`Broadcast`] and [`Store`].
pub type FleetFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, FleetError>> + Send + 'a>>;

/// Sends messages to every process of a fleet, this one included or not.
///
/// At most once: a message that is lost is not sent again. A subscription must notice that it may have lost some, and
/// say so with [`Heard::Lost`] and [`Heard::Linked`].
///
/// Channels are names of visible ASCII characters with at most 200 bytes. Messages have at most 64 KiB.
pub trait Broadcast: Send + Sync + 'static {
    /// Sends a message to all subscriptions of the channel.
    ///
    /// The future has a deadline of its own, of less than a second. After an error the message may have been sent.
    fn publish<'a>(&'a self, channel: &'a str, message: Bytes) -> FleetFuture<'a, ()>;

    /// Subscribes to a channel. This does no I/O: [`Subscription::next`] connects, and connects again after a failure.
    ///
    /// It is called once for each client, and again if the runtime of the subscription has ended.
    fn subscribe(&self, channel: &str) -> Box<dyn Subscription>;
}

/// The messages of one channel. See [`Broadcast::subscribe`].
pub trait Subscription: Send + 'static {
    /// Waits for what happens next: the link is made or lost, or a message arrives.
    ///
    /// It must be cancel safe: if the future is dropped, nothing that it received may be lost. It never ends, and waits
    /// between attempts to connect. A link that is silent because the other side stands still has to be found lost
    /// within ten seconds, for example with a ping.
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Heard> + Send + '_>>;
}

/// What a [`Subscription`] reports.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Heard {
    /// From now on messages arrive. Those that were sent before may have been lost. Reported after each connection, the
    /// first one included.
    Linked,
    /// From now on messages may be lost, until the next [`Heard::Linked`].
    Lost(FleetError),
    /// A message.
    Message(Bytes),
}

/// Keeps values for seconds to hours, for every process of a fleet.
///
/// A value may be lost at any time, as after a restart: nothing that a fleet promises depends on it, except that work is
/// not done twice. What is done must be atomic for each key. `expires_in` is at least a millisecond.
///
/// Keys are visible ASCII characters with at most 200 bytes. All keys of one instance contain the same part in braces,
/// which Redis Cluster takes as their hash tag. Each future has a deadline of its own, of less than a second. After an
/// error, what was asked for may have happened.
pub trait Store: Send + Sync + 'static {
    /// Returns the values of these keys, in the same order, from one moment if possible. One round trip.
    fn get<'a>(&'a self, keys: &'a [String]) -> FleetFuture<'a, Vec<Option<Bytes>>>;

    /// Sets values, whatever was there. One round trip.
    fn set<'a>(&'a self, values: &'a [(String, Bytes)], expires_in: Duration) -> FleetFuture<'a, ()>;

    /// Sets a value if there is none. Returns `true` if it was set.
    fn set_if_absent<'a>(&'a self, key: &'a str, value: Bytes, expires_in: Duration)
    -> FleetFuture<'a, bool>;

    /// Sets a value if the present one is `expected`, byte by byte. Returns `true` if it was set. With the same value, this
    /// only prolongs it.
    fn set_if_equal<'a>(
        &'a self,
        key: &'a str,
        expected: &'a [u8],
        value: Bytes,
        expires_in: Duration,
    ) -> FleetFuture<'a, bool>;

    /// Deletes a value if it is `expected`, byte by byte. Returns `true` if it was deleted.
    fn delete_if_equal<'a>(&'a self, key: &'a str, expected: &'a [u8]) -> FleetFuture<'a, bool>;

    /// Adds one to a counter and prolongs it. A counter that does not exist starts at zero. Returns the sum.
    fn increment<'a>(&'a self, key: &'a str, expires_in: Duration) -> FleetFuture<'a, u64>;

    /// Takes the next of the turns that come one after the other, an `interval` apart, and returns how long it is until then.
    /// Without turns that are still to come, it is now. A next turn that is more than 10,000 intervals away is not to be
    /// believed, and starts anew from now.
    ///
    /// This implementation gets and sets the time of the next turn, by this process's clock. If the engine has a clock of its
    /// own, override it: then the clocks of the processes do not matter, and many of them do not get in each other's way.
    fn take_turn<'a>(&'a self, key: &'a str, interval: Duration) -> FleetFuture<'a, Duration> {
        Box::pin(take_turn(self, key, interval))
    }
}

/// A turn that is further away than this many intervals is not believed.
pub(super) const MAX_TURNS_AHEAD: u32 = 10_000;
/// How often to try to take a turn while others do.
const MAX_TRIES: usize = 32;

async fn take_turn<S: Store + ?Sized>(
    store: &S,
    key: &str,
    interval: Duration,
) -> Result<Duration, FleetError> {
    let keys = [key.to_owned()];
    let far = interval.saturating_mul(MAX_TURNS_AHEAD);
    for _ in 0..MAX_TRIES {
        let found = store.get(&keys).await?.into_iter().next().flatten();
        let now = micros_of(SystemClock.now());
        let next = found.as_ref().and_then(|next| std::str::from_utf8(next).ok()?.parse::<u64>().ok());
        let wait = next.map_or(Duration::ZERO, |next| Duration::from_micros(next.saturating_sub(now)));
        let wait = if wait > far { Duration::ZERO } else { wait };
        let expires_in = wait.saturating_add(interval).max(Duration::from_millis(1));
        let next = u64::try_from(expires_in.as_micros()).unwrap_or(u64::MAX).saturating_add(now);
        let next = Bytes::from(next.to_string());
        let is_ours = match &found {
            Some(present) => store.set_if_equal(key, present, next, expires_in).await?,
            None => store.set_if_absent(key, next, expires_in).await?,
        };
        if is_ours {
            return Ok(wait);
        }
    }
    Err(FleetError::new(FleetErrorKind::Busy))
}

fn micros_of(time: Timestamp) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(0).saturating_mul(1000)
}

/// Error of an engine. Clones share the cause.
#[derive(Clone)]
pub struct FleetError {
    kind: FleetErrorKind,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What went wrong with an engine: each kind is logged apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FleetErrorKind {
    /// There is no connection.
    Unreachable,
    /// There was no response in time.
    Timeout,
    /// As many commands are in flight as may be. Nothing was sent.
    Busy,
    /// The engine does not accept the user or the password, or the user may not do this.
    Denied,
    /// The engine has no memory left.
    Full,
    /// The engine does not know a command, or answered something else than it should.
    Unsupported,
    /// Any other failure.
    Other,
}

impl FleetErrorKind {
    /// Returns the name in logs and counters.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Busy => "busy",
            Self::Denied => "denied",
            Self::Full => "full",
            Self::Unsupported => "unsupported",
            Self::Other => "other",
        }
    }
}

impl FleetError {
    /// Creates an error without a cause.
    #[must_use]
    pub const fn new(kind: FleetErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Creates an error with a cause. Its text is logged, so it must not contain a password.
    pub fn with_source(kind: FleetErrorKind, source: impl Into<BoxError>) -> Self {
        Self { kind, source: Some(Arc::from(source.into())) }
    }

    /// Returns what went wrong.
    #[must_use]
    pub const fn kind(&self) -> FleetErrorKind {
        self.kind
    }
}

impl fmt::Display for FleetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            FleetErrorKind::Unreachable => "the fleet's engine cannot be reached",
            FleetErrorKind::Timeout => "the fleet's engine did not respond in time",
            FleetErrorKind::Busy => "too many commands to the fleet's engine are in flight",
            FleetErrorKind::Denied => "the fleet's engine denied access",
            FleetErrorKind::Full => "the fleet's engine has no memory left",
            FleetErrorKind::Unsupported => "the fleet's engine does not support a command",
            FleetErrorKind::Other => "the fleet's engine failed",
        })
    }
}

impl fmt::Debug for FleetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetError").field("kind", &self.kind).field("source", &self.source).finish()
    }
}

impl StdError for FleetError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
