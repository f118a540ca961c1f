//! The answers that are kept.

use std::{
    any::{Any, TypeId},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use clerk_core::{Timestamp, operation::Credential};
use http::Uri;
use moka::{ops::compute::Op, sync::Cache};

use super::{
    generations::{Generations, Stamp},
    policy::{CachePolicy, age},
};
use crate::Error;

/// What an entry takes beside its answer's body and its address: its counters, and the cache's own part.
const OVERHEAD: usize = 512;
/// After a failure Clerk is not asked again for the same answer for so long, as long as the old one will do.
const REST: Duration = Duration::from_secs(5);
/// moka refuses longer ones.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What an operation returns, whatever its type.
pub(super) type Value = Arc<dyn Any + Send + Sync>;
/// What Clerk answered: a value, or that there is no such thing.
pub(super) type Answer = Result<Value, Error>;

/// What an answer is found by. The API's address and version are the client's, and the method is always `GET`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The operation's type, so that what is found has the type it returns.
    pub(super) operation: TypeId,
    pub(super) credential: Credential,
    pub(super) uri: Uri,
}

pub(super) struct Entry {
    pub(super) answer: Answer,
    /// When Clerk was asked.
    pub(super) asked: Timestamp,
    pub(super) stamp: Stamp,
    /// How many bytes the answer's body had.
    pub(super) bytes: usize,
    /// Until when Clerk is left alone after a failure, in milliseconds.
    rest_until: AtomicI64,
}

impl Entry {
    pub(super) fn new(answer: Answer, asked: Timestamp, stamp: Stamp, bytes: usize) -> Self {
        Self { answer, asked, stamp, bytes, rest_until: AtomicI64::new(i64::MIN) }
    }
}

/// What is known.
pub(super) enum Found {
    Fresh(Answer),
    /// It will do, and perhaps it is time to ask again.
    Stale {
        value: Value,
        refresh: bool,
    },
    Nothing,
}

pub(super) struct Store {
    entries: Cache<Key, Arc<Entry>>,
    pub(super) generations: Generations,
    policy: CachePolicy,
}

impl Store {
    pub(super) fn new(policy: CachePolicy) -> Self {
        let entries = Cache::builder()
            .max_capacity(policy.max_bytes)
            .weigher(|key: &Key, entry: &Arc<Entry>| weight(key, entry))
            // Ages are judged by the client's clock; this frees the memory of what nobody asks for.
            .time_to_live(policy.longest().clamp(Duration::from_secs(1), LONGEST))
            .build();
        Self { entries, generations: Generations::new(), policy }
    }

    fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        let entry = self.entries.get(key)?;
        if self.generations.holds(&entry.stamp) {
            return Some(entry);
        }
        self.remove(key, &entry);
        None
    }

    /// Removes this entry, and no newer one.
    fn remove(&self, key: &Key, old: &Arc<Entry>) {
        self.entries.entry_by_ref(key).and_compute_with(|entry| match entry {
            Some(entry) if Arc::ptr_eq(entry.value(), old) => Op::Remove,
            _ => Op::Nop,
        });
    }

    /// What is known at this time; with `max_age`, only what is fresh and younger.
    pub(super) fn look(&self, key: &Key, now: Timestamp, max_age: Option<Duration>) -> Found {
        let Some(entry) = self.get(key) else { return Found::Nothing };
        let Some(age) = age(entry.asked, now) else { return Found::Nothing };
        let fresh = if entry.answer.is_ok() { self.policy.fresh } else { self.policy.not_found };
        if age < max_age.map_or(fresh, |max| fresh.min(max)) {
            return Found::Fresh(entry.answer.clone());
        }
        let Ok(value) = &entry.answer else { return Found::Nothing };
        let resting = now.as_millis() < entry.rest_until.load(Ordering::Relaxed);
        let usable = if resting { self.policy.if_error } else { self.policy.while_revalidate };
        if max_age.is_none() && (age < usable || age < self.policy.while_revalidate) {
            return Found::Stale { value: value.clone(), refresh: !resting };
        }
        Found::Nothing
    }

    /// What will do because Clerk does not answer.
    pub(super) fn look_after_failure(&self, key: &Key, now: Timestamp) -> Option<Value> {
        let entry = self.get(key)?;
        let value = entry.answer.as_ref().ok()?;
        (age(entry.asked, now)? < self.policy.if_error).then(|| value.clone())
    }

    /// Keeps an answer, unless what it shows was changed since Clerk was asked.
    pub(super) fn keep(&self, key: Key, entry: Entry) {
        if self.generations.holds(&entry.stamp) {
            self.entries.insert(key, Arc::new(entry));
        }
    }

    /// Clerk did not answer, and is not asked for a while.
    pub(super) fn rest(&self, key: &Key, now: Timestamp) {
        if let Some(entry) = self.get(key) {
            entry.rest_until.store(now.saturating_add(REST).as_millis(), Ordering::Relaxed);
        }
    }

    /// Clerk answered something else than a value; what it answered before no longer counts.
    pub(super) fn drop_older(&self, key: &Key, asked: Timestamp) {
        if let Some(entry) = self.get(key).filter(|entry| entry.asked <= asked) {
            self.remove(key, &entry);
        }
    }

    pub(super) fn clear(&self) {
        self.entries.invalidate_all();
    }

    /// How many entries there are, and how many bytes they take.
    pub(super) fn size(&self) -> (u64, u64) {
        self.entries.run_pending_tasks();
        (self.entries.entry_count(), self.entries.weighted_size())
    }
}

fn weight(key: &Key, entry: &Entry) -> u32 {
    let address = key.uri.path().len().saturating_add(key.uri.query().map_or(0, str::len));
    u32::try_from(entry.bytes.saturating_add(address).saturating_add(OVERHEAD)).unwrap_or(u32::MAX)
}
