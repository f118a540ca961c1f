//! A fleet's engine whose links and commands fail when the test says so.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use clerk_tower::fleet::{
    Broadcast, Fleet, FleetError, FleetErrorKind, FleetFuture, Heard, InProcess, Store, Subscription,
};
use tokio::sync::watch;

/// The engine, as one member of the fleet reaches it. [`Engine::another`] is the same engine as another member reaches it.
#[derive(Clone, Debug)]
pub struct Engine {
    inner: InProcess,
    broken: watch::Sender<Option<FleetErrorKind>>,
    /// How many of the next commands take effect, although they seem to fail.
    unanswered: Arc<AtomicUsize>,
    /// The same for the next command of each of these names.
    unanswered_names: Arc<Mutex<Vec<&'static str>>>,
    commands: Arc<Mutex<HashMap<&'static str, usize>>>,
    subscriptions: Arc<AtomicUsize>,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// Creates an engine that works.
    #[must_use]
    pub fn new() -> Self {
        Self::reaching(InProcess::new())
    }

    fn reaching(inner: InProcess) -> Self {
        Self {
            inner,
            broken: watch::Sender::new(None),
            unanswered: Arc::default(),
            unanswered_names: Arc::default(),
            commands: Arc::default(),
            subscriptions: Arc::default(),
        }
    }

    /// Returns the same engine as another member reaches it: its link breaks apart from this one's.
    #[must_use]
    pub fn another(&self) -> Self {
        Self::reaching(self.inner.clone())
    }

    /// From now on nothing arrives, and every command fails like this.
    pub fn break_off(&self, kind: FleetErrorKind) {
        self.broken.send_replace(Some(kind));
    }

    /// From now on everything works again.
    pub fn mend(&self) {
        self.broken.send_replace(None);
    }

    /// The next commands take effect, but nothing is heard of them.
    pub fn lose_responses(&self, number: usize) {
        self.unanswered.store(number, Ordering::SeqCst);
    }

    /// The next command of this name takes effect, but nothing is heard of it.
    pub fn lose_response_to(&self, command: &'static str) {
        self.unanswered_names.lock().unwrap().push(command);
    }

    /// Returns how many commands of this name were sent by this member.
    #[must_use]
    pub fn count(&self, command: &str) -> usize {
        self.commands.lock().unwrap().get(command).copied().unwrap_or(0)
    }

    /// Returns how many commands this member sent.
    #[must_use]
    pub fn commands(&self) -> usize {
        self.commands.lock().unwrap().values().sum()
    }

    /// Returns how many subscriptions this member has.
    #[must_use]
    pub fn subscriptions(&self) -> usize {
        self.subscriptions.load(Ordering::SeqCst)
    }

    /// Returns the engine as it is without faults, to look into.
    #[must_use]
    pub fn inner(&self) -> &InProcess {
        &self.inner
    }

    fn run<'a, T: 'a>(&'a self, command: &'static str, call: FleetFuture<'a, T>) -> FleetFuture<'a, T> {
        *self.commands.lock().unwrap().entry(command).or_default() += 1;
        let one_less = |number: usize| number.checked_sub(1);
        let mut is_unanswered =
            self.unanswered.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok();
        let mut names = self.unanswered_names.lock().unwrap();
        if let Some(place) = names.iter().position(|name| *name == command) {
            names.remove(place);
            is_unanswered = true;
        }
        drop(names);
        let broken = *self.broken.borrow();
        match broken {
            Some(kind) => Box::pin(async move { Err(FleetError::new(kind)) }),
            None if is_unanswered => Box::pin(async move {
                call.await?;
                Err(FleetError::new(FleetErrorKind::Timeout))
            }),
            None => call,
        }
    }
}

impl From<&Engine> for Fleet {
    fn from(engine: &Engine) -> Self {
        Self::new(engine.clone(), engine.clone())
    }
}

// The inner command is started only if the engine works: it takes effect when it is called.
macro_rules! command {
    ($self:ident.$name:ident($($argument:expr),*)) => {
        match *$self.broken.borrow() {
            None => $self.run(stringify!($name), $self.inner.$name($($argument),*)),
            Some(_) => $self.run(stringify!($name), Box::pin(std::future::pending())),
        }
    };
}

impl Store for Engine {
    fn get<'a>(&'a self, keys: &'a [String]) -> FleetFuture<'a, Vec<Option<Bytes>>> {
        command!(self.get(keys))
    }

    fn set<'a>(&'a self, values: &'a [(String, Bytes)], expires_in: Duration) -> FleetFuture<'a, ()> {
        command!(self.set(values, expires_in))
    }

    fn set_if_absent<'a>(
        &'a self,
        key: &'a str,
        value: Bytes,
        expires_in: Duration,
    ) -> FleetFuture<'a, bool> {
        command!(self.set_if_absent(key, value, expires_in))
    }

    fn set_if_equal<'a>(
        &'a self,
        key: &'a str,
        expected: &'a [u8],
        value: Bytes,
        expires_in: Duration,
    ) -> FleetFuture<'a, bool> {
        command!(self.set_if_equal(key, expected, value, expires_in))
    }

    fn delete_if_equal<'a>(&'a self, key: &'a str, expected: &'a [u8]) -> FleetFuture<'a, bool> {
        command!(self.delete_if_equal(key, expected))
    }

    fn increment<'a>(&'a self, key: &'a str, expires_in: Duration) -> FleetFuture<'a, u64> {
        command!(self.increment(key, expires_in))
    }

    fn take_turn<'a>(&'a self, key: &'a str, interval: Duration) -> FleetFuture<'a, Duration> {
        command!(self.take_turn(key, interval))
    }
}

impl Broadcast for Engine {
    fn publish<'a>(&'a self, channel: &'a str, message: Bytes) -> FleetFuture<'a, ()> {
        command!(self.publish(channel, message))
    }

    fn subscribe(&self, channel: &str) -> Box<dyn Subscription> {
        self.subscriptions.fetch_add(1, Ordering::SeqCst);
        Box::new(Breakable {
            channel: channel.to_owned(),
            engine: self.clone(),
            broken: self.broken.subscribe(),
            inner: None,
            said: None,
        })
    }
}

/// A subscription that loses what is sent while its link is broken.
struct Breakable {
    channel: String,
    engine: Engine,
    broken: watch::Receiver<Option<FleetErrorKind>>,
    inner: Option<Box<dyn Subscription>>,
    said: Option<FleetErrorKind>,
}

impl Drop for Breakable {
    fn drop(&mut self) {
        self.engine.subscriptions.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Subscription for Breakable {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Heard> + Send + '_>> {
        Box::pin(async {
            loop {
                let broken = *self.broken.borrow_and_update();
                if let Some(kind) = broken {
                    self.inner = None;
                    if self.said != broken {
                        self.said = broken;
                        return Heard::Lost(FleetError::new(kind));
                    }
                    let _ = self.broken.changed().await;
                    continue;
                }
                self.said = None;
                let (engine, channel) = (&self.engine.inner, &self.channel);
                let inner = self.inner.get_or_insert_with(|| engine.subscribe(channel));
                tokio::select! {
                    heard = inner.next() => return heard,
                    _ = self.broken.changed() => {}
                }
            }
        })
    }
}
