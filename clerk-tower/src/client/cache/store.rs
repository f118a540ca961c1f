//! The entries of the cache.

use std::{
    any::{Any, TypeId},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use clerk_core::credential::Credential;
use http::Uri;
use moka::{ops::compute::Op, sync::Cache};

use super::{
    generations::{Generations, Stamp},
    policy::CachePolicy,
};
use crate::{Error, clock::Moment, fleet::Member};

/// Estimated bytes of an entry beside the value and the URI: counters, and the cache's own bookkeeping.
const OVERHEAD: usize = 512;
/// After a failed refresh, the stale value is used for this long before Clerk is asked again.
const BACKOFF: Duration = Duration::from_secs(5);
/// moka rejects a longer time to live.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// An operation's output, of any type.
pub(super) type Value = Arc<dyn Any + Send + Sync>;
/// What is cached: a value, or Clerk's error that the resource does not exist. Another error that says that Clerk does not
/// return the value, such as 403, is stored and not served.
pub(super) type Cached = Result<Value, Error>;

/// Identifies an entry. The API's address and version are the client's, and the method is always `GET`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The operation's type, so that an entry has the output type that its reader expects.
    pub(super) operation: TypeId,
    pub(super) credential: Credential,
    pub(super) uri: Uri,
}

pub(super) struct Entry {
    pub(super) result: Cached,
    /// When Clerk was asked.
    pub(super) asked: Moment,
    pub(super) stamp: Stamp,
    /// Estimated size of the value.
    pub(super) bytes: usize,
    /// Up to which age Clerk is not asked again after a failure, in milliseconds.
    backs_off_until: AtomicU64,
}

impl Entry {
    pub(super) fn new(result: Cached, asked: Moment, stamp: Stamp, bytes: usize) -> Self {
        Self { result, asked, stamp, bytes, backs_off_until: AtomicU64::new(0) }
    }
}

/// What a lookup finds.
pub(super) enum Found {
    Fresh(Cached),
    /// Usable; `refresh` says whether to ask again in the background.
    Stale {
        value: Value,
        refresh: bool,
    },
    Nothing,
}

pub(super) struct Store {
    entries: Cache<Key, Arc<Entry>>,
    pub(super) generations: Arc<Generations>,
    policy: CachePolicy,
    member: Option<Member>,
}

impl Store {
    pub(super) fn new(policy: CachePolicy, generations: Arc<Generations>, member: Option<Member>) -> Self {
        // moka's default policy keeps what is read often, so a job that reads every user once does not evict the rest.
        let entries = Cache::builder()
            .max_capacity(policy.max_bytes)
            .weigher(|key: &Key, entry: &Arc<Entry>| weight(key, entry))
            // Ages are compared at each lookup. This only frees the memory of entries that are not read again.
            .time_to_live(policy.longest().clamp(Duration::from_secs(1), LONGEST))
            .build();
        Self { entries, generations, policy, member }
    }

    fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        let entry = self.entries.get(key)?;
        if self.generations.holds(&entry.stamp) {
            return Some(entry);
        }
        self.remove(key, &entry);
        None
    }

    /// Removes this entry, unless a newer one has replaced it.
    fn remove(&self, key: &Key, old: &Arc<Entry>) {
        self.entries.entry_by_ref(key).and_compute_with(|entry| match entry {
            Some(entry) if Arc::ptr_eq(entry.value(), old) => Op::Remove,
            _ => Op::Nop,
        });
    }

    /// Up to which age values are fresh now.
    pub(super) fn fresh(&self) -> Duration {
        // A stale value is one that another process changed and that this one did not hear of. While the link is up, it
        // hears of all of them.
        let is_linked = self.member.as_ref().is_some_and(Member::is_linked);
        if is_linked { self.policy.fresh.max(self.policy.while_linked) } else { self.policy.fresh }
    }

    /// Looks an entry up. With `max_age`, only a fresh and younger entry counts.
    pub(super) fn look(&self, key: &Key, now: Moment, max_age: Option<Duration>) -> Found {
        let Some(entry) = self.get(key) else { return Found::Nothing };
        let age = now.since(entry.asked);
        let fresh = match &entry.result {
            Ok(_) => self.fresh(),
            Err(error) if error.is_missing() => self.policy.not_found,
            // Only there so that no response to an earlier request takes its place.
            Err(_) => return Found::Nothing,
        };
        if age < max_age.map_or(fresh, |max| fresh.min(max)) {
            return Found::Fresh(entry.result.clone());
        }
        // An old "not found" is never served: the resource may have been created since.
        let Ok(value) = &entry.result else { return Found::Nothing };
        let is_backing_off = age < Duration::from_millis(entry.backs_off_until.load(Ordering::Relaxed));
        let usable = if is_backing_off { self.policy.if_error } else { self.policy.while_revalidate };
        if max_age.is_none() && (age < usable || age < self.policy.while_revalidate) {
            return Found::Stale { value: value.clone(), refresh: !is_backing_off };
        }
        Found::Nothing
    }

    /// Returns when Clerk was asked for what is there.
    pub(super) fn asked(&self, key: &Key) -> Option<Moment> {
        self.get(key).map(|entry| entry.asked)
    }

    /// Returns the stale value to use if Clerk does not respond.
    pub(super) fn look_after_failure(&self, key: &Key, now: Moment) -> Option<Value> {
        let entry = self.get(key)?;
        let value = entry.result.as_ref().ok()?;
        (now.since(entry.asked) < self.policy.if_error).then(|| value.clone())
    }

    /// Stores an entry, unless something that it depends on was invalidated since its request was sent, or there is one
    /// of a later request.
    pub(super) fn keep(&self, key: Key, entry: Entry) {
        if !self.generations.holds(&entry.stamp) {
            return;
        }
        let asked = entry.asked;
        let is_newer = |other: &Entry| asked.is_before(other.asked) && self.generations.holds(&other.stamp);
        self.entries.entry(key).and_compute_with(|other| match other {
            Some(other) if is_newer(other.value()) => Op::Nop,
            _ => Op::Put(Arc::new(entry)),
        });
    }

    /// Records that Clerk did not respond, so that no request is sent for a while.
    pub(super) fn back_off(&self, key: &Key, now: Moment) {
        if let Some(entry) = self.get(key) {
            let until = now.since(entry.asked).saturating_add(BACKOFF).as_millis();
            entry.backs_off_until.store(u64::try_from(until).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    pub(super) fn clear(&self) {
        self.entries.invalidate_all();
    }

    /// The number of entries, and their estimated size in bytes.
    pub(super) fn size(&self) -> (u64, u64) {
        self.entries.run_pending_tasks();
        (self.entries.entry_count(), self.entries.weighted_size())
    }
}

fn weight(key: &Key, entry: &Entry) -> u32 {
    let address = key.uri.path().len().saturating_add(key.uri.query().map_or(0, str::len));
    u32::try_from(entry.bytes.saturating_add(address).saturating_add(OVERHEAD)).unwrap_or(u32::MAX)
}
