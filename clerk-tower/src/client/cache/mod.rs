//! Response cache: what [`Clerk::cached`](crate::Clerk::cached) reads from.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use clerk_core::api::users;
//! use clerk_local::LocalClerk;
//! use clerk_tower::Clerk;
//!
//! let local = LocalClerk::seeded();
//! let clerk = Clerk::builder().secret_key(local.secret_key()).transport(local.clone()).build()?;
//!
//! // One call to Clerk. The second time it is the same value, not even decoded again.
//! let user = clerk.cached(users::get("user_ada")).await?;
//! let again = clerk.cached(users::get("user_ada")).await?;
//! assert!(std::sync::Arc::ptr_eq(&user, &again));
//!
//! // A write through the same client is visible to the next read.
//! clerk.send(users::update("user_ada").first_name("Augusta")).await?;
//! let user = clerk.cached(users::get("user_ada")).await?;
//! assert_eq!(user.first_name.as_deref(), Some("Augusta"));
//! # Ok(()) }
//! ```
//!
//! `send` neither reads from the cache nor fills it.
//!
//! | age of a value, counted from when its request was sent | what a caller gets |
//! |---|---|
//! | up to 30 seconds ([`fresh`](CachePolicy::fresh)) | the value |
//! | up to 60 seconds ([`stale_while_revalidate`](CachePolicy::stale_while_revalidate)) | the value at once; it is refreshed in the background |
//! | up to ten minutes ([`stale_if_error`](CachePolicy::stale_if_error)) | a new value; the old one if there is no connection, no response in time, or a 429 or 5xx. For 5 seconds after such a failure the old value is returned at once |
//! | older | a new value, or the error |
//! | "not found" from Clerk, up to 5 seconds ([`not_found`](CachePolicy::not_found)) | the same error |
//!
//! Other errors are never served from the cache; they only replace an older value. [`CallOptions::max_age`](crate::client::options::CallOptions::max_age) asks for a
//! fresh value that is not older than that. Calls with a base URI or headers of their own bypass the cache.
//!
//! # Concurrent callers
//!
//! Concurrent callers of the same operation share one request. It runs in a task of its own with the client's
//! settings, goes on when the callers hang up, and fills the cache. A caller waits at most for its
//! [`CallOptions::timeout`](crate::client::options::CallOptions::timeout). If the tokio runtime that the request runs on
//! is shut down or blocked, a caller on another runtime sends it again.
//!
//! The request is part of the [span](tracing::Span) of the caller that started it. The spans of the others follow from
//! that one.
//!
//! # Writes
//!
//! Every operation that is sent through the same client with a method other than `GET` invalidates what it touches,
//! before its caller sees the response: the resource itself, everything below it, the lists and counts of its section,
//! and what shows it in other sections. This includes a write that failed but may have taken effect, and one whose
//! caller hung up; it excludes one that Clerk refused. A read that started before such a write ended is not cached.
//! Changes that other programs, the dashboard and the users themselves make are learned from every
//! [webhook](crate::server::webhook) delivery that the client verifies, or seen when the value is no longer fresh.
//! Pass on events that arrive another way, such as through a queue:
//!
//! ```
//! use clerk_core::webhook::Event;
//! use clerk_tower::Clerk;
//!
//! fn on_queued(clerk: &Clerk, event: &Event) {
//!     clerk.cache().invalidate(event);
//! }
//! ```
//!
//! # Several processes
//!
//! Each process has a cache of its own. The processes of a [fleet](crate::fleet) tell each other what a write or a delivery
//! invalidates, within milliseconds; while the link is up, values may be fresh for longer:
//! [`fresh_while_linked`](CachePolicy::fresh_while_linked).
//!
//! # Second level
//!
//! The processes of a fleet can share responses through its engine:
//! [`Fleet::second_level`](crate::fleet::Fleet::second_level). It is off by default, because the responses, which are
//! personal data, then lie in the engine. The ages above stay the same: they count from when Clerk was asked, whichever
//! process asked. Only a look-up that would otherwise call Clerk waits for the engine, and for another process that asks for
//! the same at this moment; both are bounded. "Not found" and other errors are not shared, and nothing that is older than
//! [`fresh`](CachePolicy::fresh) is.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use clerk_core::api::users;
//! use clerk_local::LocalClerk;
//! use clerk_tower::{Clerk, fleet::{Fleet, InProcess, SecondLevel}};
//!
//! let local = LocalClerk::seeded();
//! let engine = InProcess::new();
//! let client = || {
//!     let fleet = Fleet::from(engine.clone()).second_level(SecondLevel::new());
//!     Clerk::builder().secret_key(local.secret_key()).transport(local.clone()).fleet(fleet).build()
//! };
//! let (one, other) = (client()?, client()?);
//! one.fleet().linked().await;
//! other.fleet().linked().await;
//!
//! one.cached(users::get("user_ada")).await?;
//! # for _ in 0..100 { tokio::task::yield_now().await; }
//! // A moment later the others need not ask.
//! other.cached(users::get("user_ada")).await?;
//! assert_eq!(other.cache().stats().second_level, 1);
//! # Ok(()) }
//! ```
//!
//! # Separate caches
//!
//! Each client that is built has a cache of its own; its clones share it. A [`MachineClerk`](crate::MachineClerk) does
//! not share entries with the [`Clerk`](crate::Clerk) it comes from, but its writes invalidate those entries too.

mod generations;
mod in_flight;
mod invalidation;
mod policy;
mod second_level;
mod store;

use std::{
    fmt,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use clerk_core::{
    Operation, OperationInfo,
    credential::SatisfiedBy,
    id::{OrganizationId, UserId},
    keys::SecretKey,
    webhook::Event,
};
use http::{Request, Response, Uri};

pub(crate) use self::generations::{Before, Generations, Stamp};
pub use self::policy::CachePolicy;
use self::{
    generations::Tag,
    in_flight::{CacheCall, InFlight},
    store::{Store, Value},
};
pub(crate) use self::{
    second_level::{Keys, SecondLevel},
    store::{Asked, Cached, Found},
};
use crate::{
    Error, ErrorKind,
    client::{options::CallOptions, stack::Stack},
    clock::{Clock, Moment},
    fleet::{Member, Topic},
    runtime::{self, NoRuntime},
    telemetry,
};

/// Added to the client's timeout: how long a call of the cache may take, even if a custom stack has no deadline.
const CALL_LIMIT: Duration = Duration::from_secs(60);

/// An operation that [`Clerk::cached`](crate::Clerk::cached) takes: one that can be compared, because equal operations
/// share a value. All operations with `GET` are.
///
/// For one of your own, derive [`PartialEq`], [`Eq`] and [`Hash`]; whatever changes its response has to be part of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be cached: only operations with the method GET can be cached",
    note = "for an operation of your own, which has that method, derive `PartialEq`, `Eq` and `Hash`",
    note = "send others with `clerk.send`"
)]
pub trait Cacheable: Eq + Hash + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<O: Eq + Hash + Send + Sync + 'static> Cacheable for O {}

/// Response cache of a client: [`Clerk::cache`](crate::Clerk::cache). Clones share it.
#[derive(Clone)]
pub struct Cache(Arc<Shared>);

struct Shared {
    policy: CachePolicy,
    store: Store,
    in_flight: InFlight,
    stack: Stack,
    member: Option<Member>,
    second_level: Option<SecondLevel>,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    call_limit: Duration,
    hits: AtomicU64,
    misses: AtomicU64,
    stale: AtomicU64,
}

impl Shared {
    fn now(&self) -> Moment {
        Moment::now(&*self.clock)
    }
}

/// Statistics of a cache. See [`Cache::stats`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Callers that got a fresh value at once.
    pub hits: u64,
    /// Callers that waited for Clerk, or for another process of the fleet.
    pub misses: u64,
    /// Calls that were not sent, because another process had the response in the [second level](self#second-level).
    pub second_level: u64,
    /// Callers that got a stale value.
    pub stale: u64,
    /// Entries in memory. Some of them may be invalid and waiting to be evicted.
    pub entries: u64,
    /// Estimated memory of the entries in bytes: at least two thirds of what is allocated for them.
    pub bytes: u64,
}

impl Cache {
    pub(crate) fn new(
        policy: CachePolicy,
        generations: Arc<Generations>,
        member: Option<Member>,
        second_level: Option<SecondLevel>,
        stack: Stack,
        clock: Arc<dyn Clock>,
        timeout: Duration,
    ) -> Self {
        Self(Arc::new(Shared {
            policy,
            store: Store::new(policy, generations, member.clone()),
            in_flight: InFlight::default(),
            stack,
            member,
            second_level,
            clock,
            timeout,
            call_limit: timeout.saturating_add(CALL_LIMIT),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            stale: AtomicU64::new(0),
        }))
    }

    /// Invalidates what shows this user, as if the user had been changed through this client.
    pub fn invalidate_user(&self, id: &UserId) {
        self.invalidate_resource("users", id.as_str());
    }

    /// Invalidates what shows this organization, as if it had been changed through this client.
    pub fn invalidate_organization(&self, id: &OrganizationId) {
        self.invalidate_resource("organizations", id.as_str());
    }

    /// Invalidates what an event makes stale: what shows its user and its organization, and what else its type is
    /// about. An event of a type that this version does not know invalidates everything, and so does one that does not
    /// name the user or the organization that it is about.
    pub fn invalidate(&self, event: &Event) {
        let (kind, user, organization) = (event.kind(), event.user_id(), event.organization_id());
        // Messages that were sent name a user, but change nothing that Clerk's API returns.
        if matches!(kind, "email.created" | "sms.created") {
            return;
        }
        let mut tags = Vec::new();
        if let Some(id) = &user {
            invalidation::touched("users", id.as_str(), |tag| tags.push(tag));
        }
        if let Some(id) = &organization {
            invalidation::touched("organizations", id.as_str(), |tag| tags.push(tag));
        }
        invalidation::touched_by_event(kind, |tag| tags.push(tag));
        if invalidation::is_nameless(kind, user.is_some(), organization.is_some()) {
            tags.push(Tag::Everything);
        }
        self.invalidate_tags(&tags);
    }

    /// Invalidates everything.
    pub fn invalidate_all(&self) {
        // The tag also covers calls in flight, whose responses are not stored any more. `clear` only frees the memory.
        self.invalidate_tags(&[Tag::Everything]);
        self.0.store.clear();
    }

    /// Returns the statistics since the client was built.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        let (entries, bytes) = self.0.store.size();
        let [hits, misses, stale] =
            [&self.0.hits, &self.0.misses, &self.0.stale].map(|counter| counter.load(Ordering::Relaxed));
        let shared = self.0.second_level.as_ref();
        let second_level = shared.map_or(0, |shared| shared.hits.load(Ordering::Relaxed));
        CacheStats { hits, misses, second_level, stale, entries, bytes }
    }

    /// Returns the age of the value that is cached for an operation, counted from when its request was sent. `None` if there
    /// is no valid value.
    ///
    /// For diagnostics: it does not call Clerk, and is not part of the statistics.
    ///
    /// ```
    /// use clerk_core::api::users;
    /// use clerk_tower::Clerk;
    ///
    /// fn freshness(clerk: &Clerk) -> String {
    ///     match clerk.cache().age(users::get("user_ada")) {
    ///         Some(age) => format!("{} seconds old", age.as_secs()),
    ///         None => "not cached".to_owned(),
    ///     }
    /// }
    /// # let _ = freshness;
    /// ```
    #[must_use]
    pub fn age<O>(&self, operation: O) -> Option<Duration>
    where
        O: Operation<Credential: SatisfiedBy<SecretKey>> + Cacheable,
    {
        let asked = Asked { operation, credential: O::Credential::SENT };
        self.0.store.age(&asked, self.0.now())
    }

    /// Returns the policy that the client was built with.
    pub fn policy(&self) -> CachePolicy {
        self.0.policy
    }

    fn invalidate_tags(&self, tags: &[Tag<'_>]) {
        // In this order: who begins a look-up after the invalidation has to see that the others do not know of it yet. All
        // at once, so that the others hear of it in one message.
        if let Some(member) = &self.0.member {
            member.tell_all(Topic::Changed, tags.iter().map(ToString::to_string));
        }
        tags.iter().for_each(|tag| self.0.store.generations.invalidate(*tag));
    }

    fn invalidate_resource(&self, section: &str, id: &str) {
        let mut tags = Vec::new();
        invalidation::touched(section, id, |tag| tags.push(tag));
        self.invalidate_tags(&tags);
    }
}

/// Shows the statistics, and none of the entries.
impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl Cache {
    /// Returns a guard for a request that writes. Keep it until the caller has the response.
    pub(crate) fn writing(&self, info: &'static OperationInfo, uri: &Uri) -> Option<Writing> {
        // Without a cache as well: the memory of machine tokens and the other processes depend on it.
        invalidation::is_write(info).then(|| Writing {
            cache: self.clone(),
            info,
            uri: uri.clone(),
            happened: true,
        })
    }

    /// Returns `true` if calls with these options may be served from the cache.
    pub(crate) fn takes(&self, options: &CallOptions) -> bool {
        !options.changes_the_response() && !self.0.policy.is_off()
    }

    /// Looks a value up. This neither waits nor builds a request.
    pub(crate) fn look<O>(&self, asked: &Asked<O>, options: &CallOptions) -> Found
    where
        O: Cacheable,
    {
        self.0.store.look(asked, self.0.now(), max_age(options))
    }

    /// Returns a fresh value that was found.
    pub(crate) fn hit<O>(&self, cached: Cached) -> Result<Arc<O::Output>, Error>
    where
        O: Operation<Output: Send + Sync + 'static>,
    {
        self.count(O::INFO, "hit", &self.0.hits);
        typed::<O>(cached)
    }

    /// Asks Clerk, unless what was found may be used.
    pub(crate) async fn get<O>(
        &self,
        asked: Asked<O>,
        found: Found,
        request: Request<Bytes>,
        options: &CallOptions,
    ) -> Result<Arc<O::Output>, Error>
    where
        O: Operation<Output: Send + Sync + 'static> + Cacheable,
    {
        let (credential, asked) = (asked.credential, Arc::new(asked));
        let key = asked.clone().into();
        let decode = move |response: &Response<Bytes>| {
            let value = asked.operation.decode(response)?;
            let bytes = O::memory(&value, response.body().len());
            Ok((Arc::new(value) as Value, bytes))
        };
        let timeout = options.settings().and_then(|settings| settings.timeout);
        let (max_age, limit) = (max_age(options), timeout.unwrap_or(self.0.timeout));
        let decode = Arc::new(decode);
        let call = CacheCall { key, info: O::INFO, credential, request, decode, max_age, limit };
        typed::<O>(self.get_slowly(call, found, timeout).await)
    }

    async fn get_slowly(&self, call: CacheCall, found: Found, timeout: Option<Duration>) -> Cached {
        let (info, key, max_age) = (call.info, call.key.clone(), call.max_age);
        self.0.member.iter().for_each(Member::wake);
        if let Found::Stale { value, refresh } = found {
            self.count(info, "stale", &self.0.stale);
            if refresh {
                in_flight::refresh(&self.0, call);
            }
            return Ok(value);
        }
        let no_runtime = |NoRuntime(problem)| Error::new(Some(info), ErrorKind::Config(problem));
        runtime::current().map_err(no_runtime)?;
        // The call has a limit of its own, but its timer does not run if its runtime is blocked.
        let limit = timeout.unwrap_or(self.0.call_limit);
        let joined = tokio::time::timeout(limit, in_flight::join_and_wait(&self.0, call)).await;
        let (is_known, cached) =
            joined.unwrap_or_else(|_| (false, Err(Error::new(Some(info), ErrorKind::Timeout(limit)))));
        if is_known {
            self.count(info, "hit", &self.0.hits);
            return cached;
        }
        let error = match cached {
            // A caller that set `max_age` wants a fresh value, so it gets the error instead of a stale one.
            Err(error) if error.is_retryable() && max_age.is_none() => error,
            cached => {
                self.count(info, "miss", &self.0.misses);
                return cached;
            }
        };
        if let Some(value) = self.0.store.look_after_failure(&key, self.0.now()) {
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

fn max_age(options: &CallOptions) -> Option<Duration> {
    options.settings().and_then(|settings| settings.max_age)
}

/// Returns a cached value as the type that its operation has.
fn typed<O>(cached: Cached) -> Result<Arc<O::Output>, Error>
where
    O: Operation<Output: Send + Sync + 'static>,
{
    let value = cached?.downcast::<O::Output>();
    value.map_err(|_| Error::new(Some(O::INFO), ErrorKind::Config("the cached value has another type")))
}

/// A write in flight. When it is dropped, with its response or because its caller hung up, what it touched is
/// invalidated.
pub(crate) struct Writing {
    cache: Cache,
    info: &'static OperationInfo,
    uri: Uri,
    happened: bool,
}

impl Writing {
    /// Ends the write. If it certainly had no effect, nothing is invalidated.
    pub(crate) fn ended(mut self, error: Option<&Error>) {
        // A write that Clerk refused changed nothing. After a timeout that is not certain, so it counts as a change.
        self.happened = error.is_none_or(Error::may_have_been_processed);
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if self.happened {
            let mut tags = Vec::new();
            invalidation::touched_by_write(self.info, self.uri.path(), |tag| tags.push(tag));
            if invalidation::is_told(self.info) {
                self.cache.invalidate_tags(&tags);
            } else {
                tags.iter().for_each(|tag| self.cache.0.store.generations.invalidate(*tag));
            }
        }
    }
}
