//! The entries of the cache.

use std::{
    any::Any,
    borrow::Borrow,
    hash::{Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use clerk_core::credential::Credential;
use moka::{ops::compute::Op, sync::Cache};

use super::{
    Cacheable,
    generations::{Generations, Stamp},
    policy::CachePolicy,
};
use crate::{Error, clock::Moment, fleet::Member};

/// Estimated bytes of an entry beside the value and the operation: counters, and the cache's own bookkeeping.
const OVERHEAD: usize = 512;
/// After a failed refresh, the stale value is used for this long before Clerk is asked again.
const BACKOFF: Duration = Duration::from_secs(5);
/// moka rejects a longer time to live.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// An operation's output, of any type.
pub(crate) type Value = Arc<dyn Any + Send + Sync>;
/// What is cached: a value, or Clerk's error that the resource does not exist. Another error that says that Clerk does not
/// return the value, such as 403, is stored and not served.
pub(crate) type Cached = Result<Value, Error>;

/// What identifies an entry: the operation, whose type also says which type the entry has, and the kind of key that it is
/// sent with. The API's address and version are the client's.
///
/// So a hit needs no request: the operation that the caller has is compared with the one that was sent.
#[derive(PartialEq, Eq)]
pub(crate) struct Asked<O> {
    pub(crate) operation: O,
    pub(crate) credential: Credential,
}

/// An [`Asked`] of any type.
pub(super) trait AnyAsked: Any + Send + Sync {
    fn is_same(&self, other: &dyn AnyAsked) -> bool;
    fn hash_to(&self, state: &mut dyn Hasher);
}

impl<O: Cacheable> AnyAsked for Asked<O> {
    fn is_same(&self, other: &dyn AnyAsked) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref::<Self>().is_some_and(|other| self == other)
    }

    fn hash_to(&self, mut state: &mut dyn Hasher) {
        // Without the credential, which hardly ever tells two entries apart.
        self.type_id().hash(&mut state);
        self.operation.hash(&mut state);
    }
}

impl PartialEq for dyn AnyAsked {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other)
    }
}

impl Eq for dyn AnyAsked {}

impl Hash for dyn AnyAsked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash_to(state);
    }
}

/// The key of an entry. It is looked up by a `&dyn AnyAsked`, which needs no allocation.
#[derive(Clone)]
pub(super) struct Key(Arc<dyn AnyAsked>);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<O: Cacheable> From<Arc<Asked<O>>> for Key {
    fn from(asked: Arc<Asked<O>>) -> Self {
        Self(asked)
    }
}

impl Borrow<dyn AnyAsked> for Key {
    fn borrow(&self) -> &dyn AnyAsked {
        &*self.0
    }
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
pub(crate) enum Found {
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

    fn get(&self, key: &dyn AnyAsked) -> Option<Arc<Entry>> {
        self.entries.get(key).filter(|entry| self.generations.holds(&entry.stamp))
    }

    /// Removes the entry if it is invalid, so that it takes no memory until there is a new value, if there ever is.
    pub(super) fn sweep(&self, key: &Key) {
        self.entries.entry_by_ref(key).and_compute_with(|entry| match entry {
            Some(entry) if !self.generations.holds(&entry.value().stamp) => Op::Remove,
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
    pub(super) fn look(&self, key: &dyn AnyAsked, now: Moment, max_age: Option<Duration>) -> Found {
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
        self.get(key.borrow()).map(|entry| entry.asked)
    }

    /// Returns the age of a value.
    pub(super) fn age(&self, key: &dyn AnyAsked, now: Moment) -> Option<Duration> {
        let entry = self.get(key)?;
        entry.result.is_ok().then(|| now.since(entry.asked))
    }

    /// Returns the stale value to use if Clerk does not respond.
    pub(super) fn look_after_failure(&self, key: &Key, now: Moment) -> Option<Value> {
        let entry = self.get(key.borrow())?;
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
        if let Some(entry) = self.get(key.borrow()) {
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

/// Measures what an operation owns beside its own size: every text and every element of a list is hashed.
struct Owned(usize);

/// What a text takes beside its characters: three words, and what an allocation adds.
const PER_TEXT: usize = 40;

impl Hasher for Owned {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = self.0.saturating_add(bytes.len()).saturating_add(PER_TEXT);
    }

    /// Of the end of a text.
    fn write_u8(&mut self, _: u8) {}

    /// Of a variant, or of the length of a list.
    fn write_isize(&mut self, _: isize) {
        self.0 = self.0.saturating_add(size_of::<isize>());
    }

    fn write_usize(&mut self, _: usize) {
        self.0 = self.0.saturating_add(size_of::<usize>());
    }

    fn finish(&self) -> u64 {
        0
    }
}

fn weight(key: &Key, entry: &Entry) -> u32 {
    let mut owned = Owned(0);
    key.0.hash_to(&mut owned);
    let asked = size_of_val(&*key.0).saturating_add(owned.0);
    u32::try_from(entry.bytes.saturating_add(asked).saturating_add(OVERHEAD)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use clerk_core::{
        Operation as _, Timestamp,
        api::{organizations, users},
    };

    use super::*;
    use crate::client::cache::invalidation;

    fn asked(operation: impl Cacheable, credential: Credential) -> Arc<dyn AnyAsked> {
        Arc::new(Asked { operation, credential })
    }

    #[test]
    fn an_entry_is_found_by_an_equal_operation_of_the_same_type_with_the_same_kind_of_key() {
        let (secret, machine) = (Credential::SecretKey, Credential::MachineSecretKey);
        let entries: Cache<Key, u32> = Cache::new(100);
        entries.insert(Key(asked(users::get("user_1"), secret)), 1);
        entries.insert(Key(asked(users::list().limit(2).query("ada"), secret)), 2);
        for (asked, found) in [
            (asked(users::get("user_1"), secret), Some(1)),
            (asked(users::get("user_2"), secret), None),
            (asked(users::get("user_1"), machine), None),
            (asked(organizations::get("user_1"), secret), None),
            (asked(users::list().query("ada").limit(2), secret), Some(2)),
            (asked(users::list().query("ada"), secret), None),
            (asked(users::list().email_address_query("ada").limit(2), secret), None),
        ] {
            assert_eq!(entries.get(&*asked), found);
            assert_eq!(entries.get(&Key(asked)), found);
        }
    }

    #[test]
    fn a_value_is_held_as_long_as_it_is_of_use_but_not_for_more_than_a_year() {
        let (policy, long) = (CachePolicy::new(), Duration::from_secs(5000));
        for (policy, held) in [
            (policy, Duration::from_secs(600)),
            (policy.fresh(long), long),
            (policy.fresh_while_linked(long), long),
            (policy.stale_while_revalidate(long), long),
            (policy.stale_if_error(long), long),
            (policy.not_found(long), long),
            (policy.fresh(Duration::MAX), Duration::from_secs(31_536_000)),
        ] {
            let store = Store::new(policy, Arc::new(Generations::new()), None);
            assert_eq!(store.entries.policy().time_to_live(), Some(held), "{policy:?}");
        }
    }

    #[test]
    fn a_key_counts_its_texts_and_lists() {
        let owned = |value: &dyn Fn(&mut Owned)| {
            let mut owned = Owned(0);
            value(&mut owned);
            owned.0
        };
        let word = size_of::<usize>();
        assert_eq!(owned(&|to| "ab".hash(to)), 2 + PER_TEXT);
        assert_eq!(owned(&|to| Some("ab").hash(to)), word + 2 + PER_TEXT);
        assert_eq!(owned(&|to| ["a", "b"][..].hash(to)), word + 2 * (1 + PER_TEXT));
    }

    #[test]
    fn an_entry_weighs_what_its_value_and_its_key_take() {
        let generations = Generations::new();
        let weigh = |id: &str, bytes: usize| {
            let stamp = generations.stamp(invalidation::depends(users::Get::INFO, "/v1/users/user_1"));
            let entry = Entry::new(Ok(Arc::new(())), Moment::at(Timestamp::from_secs(0)), stamp, bytes);
            weight(&Key(asked(users::get(id), Credential::SecretKey)), &entry)
        };
        let least = weigh("user_1", 0);
        assert!((512..1024).contains(&least), "{least}");
        assert_eq!(weigh("user_1", 1000), least + 1000);
        assert_eq!(weigh("user_123", 0), least + 2);
        assert_eq!(weigh("user_1", usize::MAX), u32::MAX);
    }

    /// Otherwise each of them would be compared with all others.
    #[test]
    fn different_operations_have_different_hashes() {
        use std::hash::BuildHasher as _;

        let state = std::hash::RandomState::new();
        let hashes: std::collections::HashSet<u64> = (0..1000)
            .map(|number| {
                state.hash_one(&*asked(users::get(format!("user_{number}")), Credential::SecretKey))
            })
            .collect();
        assert_eq!(hashes.len(), 1000);
    }
}
