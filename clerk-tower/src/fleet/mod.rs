//! Many processes that act as one.
//!
//! A service that runs as several processes gets a fleet with [`ClerkBuilder::fleet`](crate::ClerkBuilder::fleet). Its
//! processes then tell each other, within milliseconds, what one of them learns:
//!
//! | one process | the others |
//! |---|---|
//! | writes to Clerk, or receives a webhook delivery | forget what it changed in their [caches](crate::client::cache) |
//! | ends a session, bans or deletes a user, or hears of it from Clerk | refuse the tokens: `session-revoked` |
//! | revokes an API key or another machine token | forget Clerk's verdicts about such tokens |
//! | gets a 429 from Clerk | wait as well, until the same moment |
//! | handles a webhook delivery | do not handle it again |
//! | asks Clerk for a value, with a [second level](SecondLevel) | take the response |
//!
//! Without a fleet, each of these holds within the process.
//!
//! What the processes tell each other passes through an engine: Redis or Valkey ([`Redis`], feature `redis`), the memory of
//! one process ([`InProcess`]), or one that you write.
//!
//! # When the engine fails
//!
//! No request fails, and nobody is let in. A process that is cut off behaves as if it were alone, until it is linked
//! again: its cache keeps values for no longer than [`CachePolicy::fresh`](crate::client::cache::CachePolicy::fresh), a
//! session that another process ended is accepted until its token expires, and a delivery may be handled twice. What it
//! has to tell it tells later. When it is linked again it forgets everything that may be out of date, and reads which
//! sessions have ended meanwhile. Each kind of failure is one line in the log a minute.
//!
//! [`Membership::state`] says how it stands, for a health check.
//!
//! # What an engine can do to you
//!
//! Whoever can write to it can make processes forget, sign users out, keep deliveries from being handled, and keep calls to
//! Clerk from being sent, for up to 15 minutes at a time: those that cannot wait for so long fail. They can also keep a
//! process from learning what others ended: a token of such a session is then accepted until it expires. Otherwise nobody
//! gets in by it, and no data about users is taken from it unless it carries a proof that only a process with your secret
//! key can make: a response in the [second level](SecondLevel) of the cache. Such a response can be put back after a
//! change, for as long as it is fresh by its age, and a look-up can be made to wait for a process that does not exist, for
//! a second. Whoever can read the engine can read these responses, unless they are
//! [encrypted](SecondLevel::encrypt_with).
//!
//! # Clocks
//!
//! Nothing compares the clocks of two processes, or one with the engine's, with two exceptions. Ages and leases count from
//! when they were written, by one clock.
//!
//! - Revocations of a user's tokens up to a point in time: that time is Clerk's own where Clerk says it, and so is the time
//!   in a token.
//! - The age of a response in the [second level](SecondLevel) of the cache. If the clocks of two processes differ, it may be
//!   used for longer by the difference.
//!
//! # An engine of your own
//!
//! It implements two traits, and [`Fleet::new`] makes a fleet of it:
//!
//! - [`Broadcast`]: with NATS a subject, with Postgres `NOTIFY` and `LISTEN`. At most once is enough, but a subscription
//!   must say when it may have missed something.
//! - [`Store`]: with NATS a key-value bucket with a time to live, with Postgres an unlogged table. Values may be lost at any
//!   time; what is done to one key must be atomic.
//!
//! Neither needs anything of Clerk. [`InProcess`] is a complete one to read first.
//!
//! ```
//! use clerk_tower::{Clerk, fleet::{Fleet, InProcess}};
//!
//! let engine = InProcess::new();
//! let clerk = Clerk::builder()
//!     .secret_key("sk_test_abc")
//!     .publishable_key("pk_test_Y2xlcmsuZXhhbXBsZS5jb20k")
//!     .fleet(Fleet::new(engine.clone(), engine).prefix("staging"))
//!     .build()
//!     .unwrap();
//! # let _ = clerk;
//! ```

mod changes;
mod in_process;
mod link;
mod member;
mod message;
mod names;
mod outbox;
#[cfg(feature = "redis")]
mod redis;
mod seal;
mod seam;
mod second_level;

use std::{fmt, sync::Arc};

#[cfg(feature = "redis")]
pub use self::redis::Redis;
pub(crate) use self::{
    changes::{LIFETIME as GENERATION_LIFETIME, key as generation_key, new_generation},
    link::spread,
    member::{Listener, Member, Parts},
    message::Topic,
    names::Names,
    outbox::EVERYTHING,
    seal::{OVERHEAD as SEAL_OVERHEAD, Seal},
};
pub use self::{
    in_process::InProcess,
    member::FleetState,
    seam::{Broadcast, FleetError, FleetErrorKind, FleetFuture, Heard, Store, Subscription},
    second_level::SecondLevel,
};

/// A fleet to join: an engine, and the names under which its processes find each other. See the [module docs](self).
#[derive(Clone)]
#[must_use]
pub struct Fleet {
    broadcast: Arc<dyn Broadcast>,
    store: Arc<dyn Store>,
    prefix: String,
    instance: Option<String>,
    problem: Option<String>,
    check: Option<Check>,
    second_level: Option<SecondLevel>,
}

/// Checks that an engine can be reached.
type Check = Arc<dyn Fn() -> Result<(), FleetError> + Send + Sync>;

impl Fleet {
    /// Creates a fleet with an engine of your own.
    pub fn new(broadcast: impl Broadcast, store: impl Store) -> Self {
        Self {
            broadcast: Arc::new(broadcast),
            store: Arc::new(store),
            prefix: "clerk".to_owned(),
            instance: None,
            problem: None,
            check: None,
            second_level: None,
        }
    }

    /// A fleet that cannot be joined: building a client fails with this.
    #[cfg(feature = "redis")]
    fn invalid(problem: String) -> Self {
        Self { problem: Some(problem), ..Self::from(InProcess::new()) }
    }

    /// Creates a fleet with the server at this address. The error says what was expected, and shows nothing of the address.
    pub(crate) fn at_redis(url: &str) -> Result<Self, String> {
        #[cfg(feature = "redis")]
        {
            let fleet = Self::from(Redis::connect(url));
            fleet.problem.clone().map_or(Ok(fleet), Err)
        }
        #[cfg(not(feature = "redis"))]
        {
            let _ = url;
            let problem = "the feature `redis` is not enabled: enable it in clerk-axum or clerk-tower, or unset \
                           CLERK_REDIS_URL";
            Err(problem.to_owned())
        }
    }

    #[cfg(feature = "redis")]
    fn checked_by(mut self, check: impl Fn() -> Result<(), FleetError> + Send + Sync + 'static) -> Self {
        self.check = Some(Arc::new(check));
        self
    }

    /// Checks the engine, if it is required: blocks until that is done.
    pub(crate) fn check(&self) -> Result<(), FleetError> {
        self.check.as_ref().map_or(Ok(()), |check| check())
    }

    /// Sets what the names of all keys and channels begin with. Defaults to `clerk`. Set it if services that have nothing to
    /// do with each other share an engine. Up to 64 visible ASCII characters without braces.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the name of the Clerk instance: the processes with the same name are one fleet. Defaults to the host of the
    /// Frontend API, which the publishable key names, or else to a digest of the secret key. Set it if only some of the
    /// processes know the publishable key. Up to 64 visible ASCII characters without braces.
    pub fn instance(mut self, name: impl Into<String>) -> Self {
        self.instance = Some(name.into());
        self
    }

    /// Adds a second level to the [response cache](crate::client::cache), which the processes share. Without this, each asks
    /// Clerk for itself.
    ///
    /// Responses, which contain personal data, then lie in the engine: see [`SecondLevel`].
    pub fn second_level(mut self, settings: SecondLevel) -> Self {
        self.second_level = Some(settings);
        self
    }

    /// The names, unless one is invalid: then which, and why. `instance` is the name by default.
    pub(crate) fn names(&self, instance: impl FnOnce() -> Option<String>) -> Result<Names, String> {
        let rule = format!("expected 1 to {} visible ASCII characters without braces", Names::MAX_LENGTH);
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        if !names::is_valid(&self.prefix) {
            return Err(format!("prefix: {rule}"));
        }
        let missing = "instance: not known; set the publishable key, or the name of the instance";
        let instance = self.instance.clone().or_else(instance).ok_or(missing)?;
        if !names::is_valid(&instance) {
            return Err(format!("instance: {rule}"));
        }
        Ok(Names::new(&self.prefix, &instance))
    }

    pub(crate) fn take_second_level(&mut self) -> Option<SecondLevel> {
        self.second_level.take()
    }

    /// Returns what sends messages: for the tests of an engine, and for an engine that wraps another.
    #[must_use]
    pub fn broadcast(&self) -> Arc<dyn Broadcast> {
        self.broadcast.clone()
    }

    /// Returns what keeps values: for the tests of an engine, and for an engine that wraps another.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    pub(crate) fn into_engine(self) -> (Arc<dyn Broadcast>, Arc<dyn Store>) {
        (self.broadcast, self.store)
    }
}

impl From<InProcess> for Fleet {
    fn from(engine: InProcess) -> Self {
        Self::new(engine.clone(), engine)
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet")
            .field("prefix", &self.prefix)
            .field("instance", &self.instance)
            .field("second_level", &self.second_level)
            .finish_non_exhaustive()
    }
}

/// A client's membership of a fleet: [`Clerk::fleet`](crate::Clerk::fleet).
#[derive(Clone, Copy, Debug)]
pub struct Membership<'a>(Option<&'a Member>);

impl<'a> Membership<'a> {
    pub(crate) const fn of(member: Option<&'a Member>) -> Self {
        Self(member)
    }

    /// Returns the state of the link to the other processes, for a health check. A service works in each of them.
    #[must_use]
    pub fn state(&self) -> FleetState {
        self.0.map_or(FleetState::Alone, Member::state)
    }

    /// Returns how many changes and revocations of this process the others have not been told yet. It is zero nearly always;
    /// one that stays above zero while the link is up means that the engine refuses commands.
    #[must_use]
    pub fn untold(&self) -> usize {
        self.0.map_or(0, Member::untold)
    }

    /// Waits until the others have been told everything that this process did. Without a fleet, it returns at once.
    ///
    /// Telling takes a moment and happens in the background. A program that ends right after a write, such as a command line
    /// tool, does not tell of it: it should wait for this, and so should a server before it exits. The engine may be
    /// unreachable for long: wrap this in a timeout.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # async fn example(clerk: clerk_tower::Clerk) {
    /// let _ = tokio::time::timeout(Duration::from_secs(2), clerk.fleet().told()).await;
    /// # }
    /// ```
    pub async fn told(&self) {
        if let Some(member) = self.0 {
            member.told().await;
        }
    }

    /// Waits until the link is made. Without a fleet, it returns at once.
    ///
    /// The engine may be unreachable for long: wrap this in a timeout.
    pub async fn linked(&self) {
        if let Some(member) = self.0 {
            member.linked().await;
        }
    }
}
