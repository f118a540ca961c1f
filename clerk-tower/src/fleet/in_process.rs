use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{sync::broadcast, time::Instant};

use super::{
    Broadcast, FleetError, FleetErrorKind, FleetFuture, Heard, Store, Subscription, seam::MAX_TURNS_AHEAD,
};

/// How many messages of a channel wait for a slow subscription before it misses some.
const WAITING_MESSAGES: usize = 1024;
/// Values that have ended are removed when there are twice as many values as remained the last time, and at least this many.
const FIRST_SWEEP: usize = 1024;

/// A fleet's engine in the memory of one process: for several clients in a process, and for tests. Clones share it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use clerk_core::api::users;
/// use clerk_local::LocalClerk;
/// use clerk_tower::{Clerk, fleet::InProcess};
///
/// let local = LocalClerk::seeded();
/// let engine = InProcess::new();
/// let client = || {
///     let builder = Clerk::builder().secret_key(local.secret_key()).publishable_key(local.publishable_key());
///     builder.transport(local.clone()).fleet(engine.clone()).build()
/// };
/// let (one, other) = (client()?, client()?);
/// one.fleet().linked().await;
/// other.fleet().linked().await;
///
/// assert_eq!(other.cached(users::get("user_ada")).await?.first_name.as_deref(), Some("Ada"));
/// one.send(users::update("user_ada").first_name("Augusta")).await?;
/// // The other client forgets the user as soon as it has heard of the write.
/// while other.cached(users::get("user_ada")).await?.first_name.as_deref() != Some("Augusta") {
///     tokio::task::yield_now().await;
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct InProcess(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    channels: Mutex<HashMap<String, broadcast::Sender<Bytes>>>,
    values: Mutex<Values>,
}

#[derive(Debug, Default)]
struct Values {
    by_key: HashMap<String, Value>,
    remained: usize,
}

#[derive(Debug)]
struct Value {
    bytes: Bytes,
    ends: Instant,
}

impl InProcess {
    /// Creates an engine without values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn channel(&self, name: &str) -> broadcast::Sender<Bytes> {
        let mut channels = self.0.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || broadcast::Sender::new(WAITING_MESSAGES);
        channels.entry(name.to_owned()).or_insert_with(new).clone()
    }

    fn values(&self) -> MutexGuard<'_, Values> {
        self.0.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Values {
    fn get(&self, key: &str) -> Option<&Bytes> {
        self.by_key.get(key).filter(|value| Instant::now() < value.ends).map(|value| &value.bytes)
    }

    fn set(&mut self, key: &str, bytes: Bytes, expires_in: Duration) {
        let now = Instant::now();
        if self.by_key.len() >= self.remained.saturating_mul(2).max(FIRST_SWEEP) {
            self.by_key.retain(|_, value| now < value.ends);
            self.remained = self.by_key.len();
        }
        // A day instead of an end that cannot be expressed.
        let ends = now.checked_add(expires_in).unwrap_or_else(|| now + Duration::from_secs(86_400));
        self.by_key.insert(key.to_owned(), Value { bytes, ends });
    }
}

fn done<'a, T: Send + 'a>(result: Result<T, FleetError>) -> FleetFuture<'a, T> {
    Box::pin(std::future::ready(result))
}

impl Store for InProcess {
    fn get<'a>(&'a self, keys: &'a [String]) -> FleetFuture<'a, Vec<Option<Bytes>>> {
        let values = self.values();
        done(Ok(keys.iter().map(|key| values.get(key).cloned()).collect()))
    }

    fn set<'a>(&'a self, new: &'a [(String, Bytes)], expires_in: Duration) -> FleetFuture<'a, ()> {
        let mut values = self.values();
        new.iter().for_each(|(key, value)| values.set(key, value.clone(), expires_in));
        done(Ok(()))
    }

    fn set_if_absent<'a>(
        &'a self,
        key: &'a str,
        value: Bytes,
        expires_in: Duration,
    ) -> FleetFuture<'a, bool> {
        let mut values = self.values();
        let is_absent = values.get(key).is_none();
        if is_absent {
            values.set(key, value, expires_in);
        }
        done(Ok(is_absent))
    }

    fn set_if_equal<'a>(
        &'a self,
        key: &'a str,
        expected: &'a [u8],
        value: Bytes,
        expires_in: Duration,
    ) -> FleetFuture<'a, bool> {
        let mut values = self.values();
        let is_equal = values.get(key).is_some_and(|present| present == expected);
        if is_equal {
            values.set(key, value, expires_in);
        }
        done(Ok(is_equal))
    }

    fn delete_if_equal<'a>(&'a self, key: &'a str, expected: &'a [u8]) -> FleetFuture<'a, bool> {
        let mut values = self.values();
        let is_equal = values.get(key).is_some_and(|present| present == expected);
        if is_equal {
            values.by_key.remove(key);
        }
        done(Ok(is_equal))
    }

    fn increment<'a>(&'a self, key: &'a str, expires_in: Duration) -> FleetFuture<'a, u64> {
        let mut values = self.values();
        let present = values.get(key).map_or(Some(0), |value| std::str::from_utf8(value).ok()?.parse().ok());
        let Some(sum) = present.and_then(|present: u64| present.checked_add(1)) else {
            return done(Err(FleetError::new(FleetErrorKind::Unsupported)));
        };
        values.set(key, sum.to_string().into(), expires_in);
        done(Ok(sum))
    }

    fn take_turn<'a>(&'a self, key: &'a str, interval: Duration) -> FleetFuture<'a, Duration> {
        let mut values = self.values();
        // The next turn is when the value ends.
        let ends = values.by_key.get(key).map(|value| value.ends);
        let wait = ends.map_or(Duration::ZERO, |ends| ends.saturating_duration_since(Instant::now()));
        let far = interval.saturating_mul(MAX_TURNS_AHEAD);
        let wait = if wait > far { Duration::ZERO } else { wait };
        values.set(key, Bytes::new(), wait.saturating_add(interval));
        done(Ok(wait))
    }
}

impl Broadcast for InProcess {
    fn publish<'a>(&'a self, channel: &'a str, message: Bytes) -> FleetFuture<'a, ()> {
        // An error means that there is no subscription.
        let _ = self.channel(channel).send(message);
        done(Ok(()))
    }

    fn subscribe(&self, channel: &str) -> Box<dyn Subscription> {
        let messages = self.channel(channel).subscribe();
        Box::new(Messages { messages, state: State::New })
    }
}

struct Messages {
    messages: broadcast::Receiver<Bytes>,
    state: State,
}

enum State {
    New,
    Linked,
    /// Some messages were lost, and that was said.
    Lagged,
}

impl Subscription for Messages {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Heard> + Send + '_>> {
        Box::pin(async {
            if matches!(self.state, State::New | State::Lagged) {
                self.state = State::Linked;
                return Heard::Linked;
            }
            match self.messages.recv().await {
                Ok(message) => Heard::Message(message),
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    self.state = State::Lagged;
                    Heard::Lost(FleetError::new(FleetErrorKind::Busy))
                }
                // The engine holds a sender, so it is gone: nobody can send any more.
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        })
    }
}
