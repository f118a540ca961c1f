//! Answers that are kept for a while: what [`Clerk::cached`](crate::Clerk::cached) returns.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use clerk_core::api::users;
//! use clerk_local::LocalClerk;
//! use clerk_tower::Clerk;
//!
//! let local = LocalClerk::new().seed();
//! let clerk = Clerk::builder().secret_key(local.secret_key().expose()).transport(local.clone()).build()?;
//!
//! // One call to Clerk; the second time it is the same value, not even read again.
//! let user = clerk.cached(users::get("user_ada")).await?;
//! let again = clerk.cached(users::get("user_ada")).await?;
//! assert!(std::sync::Arc::ptr_eq(&user, &again));
//!
//! // A write through the same client is seen by the next read.
//! clerk.send(users::update("user_ada").first_name("Augusta")).await?;
//! let user = clerk.cached(users::get("user_ada")).await?;
//! assert_eq!(user.first_name.as_deref(), Some("Augusta"));
//! # Ok(()) }
//! ```
//!
//! `send` never takes an answer from here, and never puts one here.
//!
//! | an answer's age, from when Clerk was asked | what a caller gets |
//! |---|---|
//! | up to 30 seconds ([`fresh`](CachePolicy::fresh)) | the answer |
//! | up to 60 seconds ([`stale_while_revalidate`](CachePolicy::stale_while_revalidate)) | the answer, at once; Clerk is asked behind their backs |
//! | up to ten minutes ([`stale_if_error`](CachePolicy::stale_if_error)) | a new answer; the old one if there is no connection, no answer in time, 429 or 5xx. For 5 seconds after such a failure the old one is given at once |
//! | older | a new answer, or the error |
//! | Clerk says that there is no such thing, up to 5 seconds ([`not_found`](CachePolicy::not_found)) | the same error |
//!
//! Other errors are never kept. [`CallOptions::max_age`](crate::options::CallOptions::max_age) asks for answers that
//! are fresh and no older than that. Calls with a base URI or headers of their own are sent each time.
//!
//! # Many callers
//!
//! All who ask for the same thing at the same time share one call. It runs in a task of its own, under the client's
//! settings, goes on when they hang up, and its answer is kept. How long one of them waits is at most its
//! [`CallOptions::timeout`](crate::options::CallOptions::timeout).
//!
//! # Writes
//!
//! Whatever is sent through the same client with another method than `GET` forgets what it touched, before its
//! caller sees the answer: the thing itself, what is below it, the lists and numbers of its section, and what shows it
//! in other sections. So does a write that failed and may have taken effect all the same, and one whose caller hung
//! up; not one that Clerk refused. A read that began before such a write ended is not kept. What other programs, the
//! dashboard and the users themselves change is learned from each delivery of a [webhook](crate::webhook) that the
//! client verifies, or seen when the answer is no longer fresh. Events that come another way, as through a queue, are
//! handed over by hand:
//!
//! ```
//! use clerk_core::webhook::Event;
//! use clerk_tower::Clerk;
//!
//! fn on_queued(clerk: &Clerk, event: &Event) {
//!     clerk.cache().forget(event);
//! }
//! ```
//!
//! # What is kept apart
//!
//! Each client that is built has a cache of its own; its clones share it. A [`MachineClerk`](crate::MachineClerk)
//! shares no answer with the secret key of the client it comes from, and its writes forget what that one has.

mod flight;
mod generations;
mod policy;
mod store;
mod touch;

use std::{
    any::TypeId,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use clerk_core::{
    Operation, OperationInfo,
    api::{organizations, users},
    id::{OrganizationId, UserId},
    operation::Credential,
    webhook::Event,
};
use http::{Request, Uri};

pub use self::policy::CachePolicy;
use self::{
    flight::{Call, Flights, Joined},
    generations::Tag,
    store::{Answer, Found, Key, Store, Value},
};
use crate::{Error, ErrorKind, clock::Clock, options::CallOptions, stack::Stack, telemetry};

/// A call has at least this long, whatever stack carries it.
const CALL_LIMIT: Duration = Duration::from_secs(60);

/// The answers that a client keeps: [`Clerk::cache`](crate::Clerk::cache). Clones share them.
#[derive(Clone)]
pub struct Cache(Arc<Shared>);

struct Shared {
    policy: CachePolicy,
    store: Store,
    flights: Flights,
    stack: Stack,
    clock: Arc<dyn Clock>,
    call_limit: Duration,
    hits: AtomicU64,
    misses: AtomicU64,
    stale: AtomicU64,
}

/// How a cache does. See [`Cache::stats`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// How many callers got a fresh answer at once.
    pub hits: u64,
    /// How many callers waited for Clerk.
    pub misses: u64,
    /// How many callers got an answer that was no longer fresh.
    pub stale: u64,
    /// How many answers are in memory. Among them may be some that are no longer given.
    pub entries: u64,
    /// How many bytes they take, by the size of their bodies.
    pub bytes: u64,
}

impl Cache {
    pub(crate) fn new(policy: CachePolicy, stack: Stack, clock: Arc<dyn Clock>, timeout: Duration) -> Self {
        Self(Arc::new(Shared {
            policy,
            store: Store::new(policy),
            flights: Flights::default(),
            stack,
            clock,
            call_limit: timeout.saturating_add(CALL_LIMIT),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            stale: AtomicU64::new(0),
        }))
    }

    /// Forgets what shows this user, as if it had been changed through this client.
    pub fn forget_user(&self, id: &UserId) {
        self.forget_by(&users::update(id));
    }

    /// Forgets what shows this organization, as if it had been changed through this client.
    pub fn forget_organization(&self, id: &OrganizationId) {
        self.forget_by(&organizations::update(id));
    }

    /// Forgets what an event makes stale: what shows its user and its organization, and what else its type is about.
    /// An event of a type that this version does not know forgets everything.
    pub fn forget(&self, event: &Event) {
        if matches!(event, Event::EmailCreated(_) | Event::SmsCreated(_)) {
            return;
        }
        if let Some(id) = event.user_id() {
            self.forget_user(&id);
        }
        if let Some(id) = event.organization_id() {
            self.forget_organization(&id);
        }
        touch::touched_by_event(event.kind(), |tag| self.forget_tag(tag));
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.forget_tag(Tag::Everything);
        self.0.store.clear();
    }

    /// How the cache has done since the client was built, and what it holds now.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        let (entries, bytes) = self.0.store.size();
        let [hits, misses, stale] =
            [&self.0.hits, &self.0.misses, &self.0.stale].map(|counter| counter.load(Ordering::Relaxed));
        CacheStats { hits, misses, stale, entries, bytes }
    }

    /// The ages it was built with.
    pub fn policy(&self) -> CachePolicy {
        self.0.policy
    }

    fn forget_tag(&self, tag: Tag<'_>) {
        self.0.store.generations.forget(tag);
    }

    fn forget_written(&self, info: &OperationInfo, uri: &Uri) {
        touch::touched(info, uri.path(), |tag| self.forget_tag(tag));
    }

    /// As if this operation had been carried out.
    fn forget_by<O: Operation>(&self, operation: &O) {
        match operation.request() {
            Ok(request) => self.forget_written(O::INFO, request.uri()),
            // No thing has such an id.
            Err(_) => self.forget_tag(Tag::Everything),
        }
    }
}

/// Shows how many entries there are, and none of them.
impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl Cache {
    /// The write that a request is, if it is one. To be held until its caller is answered.
    pub(crate) fn writing(&self, info: &'static OperationInfo, uri: &Uri) -> Option<Writing> {
        let writes = !info.method.is_safe() && !self.0.policy.is_off();
        writes.then(|| Writing { cache: self.clone(), info, uri: uri.clone(), happened: true })
    }

    /// Whether an operation's answer may come from here.
    pub(crate) fn takes(&self, request: &Request<Bytes>, options: &CallOptions) -> bool {
        let is_plain = request.headers().is_empty() && request.body().is_empty();
        is_plain && !options.changes_the_answer() && !self.0.policy.is_off()
    }

    /// An answer that is kept, or a new one.
    pub(crate) async fn get<O>(
        &self,
        request: Request<Bytes>,
        credential: Credential,
        options: &CallOptions,
    ) -> Result<Arc<O::Output>, Error>
    where
        O: Operation<Output: Send + Sync + 'static> + 'static,
    {
        let key = Key { operation: TypeId::of::<O>(), credential, uri: request.uri().clone() };
        let max_age = options.get_max_age();
        let found = self.0.store.look(&key, self.0.clock.now(), max_age);
        let is_hit = matches!(found, Found::Fresh(_));
        let answer = if let Found::Fresh(answer) = found {
            answer
        } else {
            let decode = |response: &_| O::decode(response).map(|value| Arc::new(value) as Value);
            let call = Call { key, info: O::INFO, request, decode, max_age };
            self.get_slowly(call, found, options.get_timeout()).await
        };
        if is_hit {
            self.count(O::INFO, "hit", &self.0.hits);
        }
        let value = answer?.downcast::<O::Output>();
        value.map_err(|_| Error::new(Some(O::INFO), ErrorKind::Config("an answer of another type was kept")))
    }

    async fn get_slowly(&self, call: Call, found: Found, timeout: Option<Duration>) -> Answer {
        let (info, key, max_age) = (call.info, call.key.clone(), call.max_age);
        if let Found::Stale { value, refresh } = found {
            self.count(info, "stale", &self.0.stale);
            if refresh {
                // Without a runtime there is no refresh; the answer is as good without.
                let _ = flight::join(&self.0, call);
            }
            return Ok(value);
        }
        let running = match flight::join(&self.0, call)? {
            Joined::Known(answer) => {
                self.count(info, "hit", &self.0.hits);
                return answer;
            }
            Joined::Waiting(running) => running,
        };
        // The call has its own limit, which does not run where another runtime stands still.
        let limit = timeout.unwrap_or(self.0.call_limit);
        let answer = tokio::time::timeout(limit, flight::wait(info, running))
            .await
            .unwrap_or_else(|_| Err(Error::new(Some(info), ErrorKind::Timeout(limit))));
        let error = match answer {
            Err(error) if error.is_retryable() && max_age.is_none() => error,
            answer => {
                self.count(info, "miss", &self.0.misses);
                return answer;
            }
        };
        if let Some(value) = self.0.store.look_after_failure(&key, self.0.clock.now()) {
            self.count(info, "stale", &self.0.stale);
            return Ok(value);
        }
        self.count(info, "miss", &self.0.misses);
        Err(error)
    }

    fn count(&self, info: &OperationInfo, outcome: &'static str, counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
        telemetry::cached(info.id, outcome);
    }
}

/// A write under way. When it is dropped, with its answer or because its caller hung up, what it touched is forgotten.
pub(crate) struct Writing {
    cache: Cache,
    info: &'static OperationInfo,
    uri: Uri,
    happened: bool,
}

impl Writing {
    /// The write is over. When it certainly had no effect, nothing is forgotten.
    pub(crate) fn ended(mut self, error: Option<&Error>) {
        self.happened = error.is_none_or(Error::may_have_been_processed);
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if self.happened {
            self.cache.forget_written(self.info, &self.uri);
        }
    }
}
