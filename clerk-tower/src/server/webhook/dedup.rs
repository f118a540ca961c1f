use std::{
    collections::HashSet,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use clerk_core::Timestamp;
use moka::{policy::EvictionPolicy, sync::Cache};
use tokio::sync::Notify;

/// At most this many deliveries are remembered, and at most this many are handled at the same time.
pub(super) const MAX_DELIVERIES: usize = 10_000;

/// Tracks which deliveries are being handled, and which were handled. Clones share the state.
#[derive(Clone, Debug)]
pub(super) struct Dedup {
    running: Arc<Mutex<HashSet<Box<str>>>>,
    /// Wakes those who wait for the set to be empty.
    ended: Arc<Notify>,
    /// When each delivery was handled, by the client's clock.
    done: Cache<Box<str>, Timestamp>,
}

/// State of a delivery that arrives.
#[derive(Debug)]
pub(super) enum Begin {
    /// It is new, and to be handled.
    New(Running),
    /// It is being handled.
    Running,
    /// It was handled.
    Done,
    /// Too many deliveries are being handled.
    Full,
}

/// A delivery that is being handled. If it is dropped before it is [done](Running::done), it may be handled again.
#[derive(Debug)]
pub(super) struct Running {
    dedup: Dedup,
    id: Box<str>,
}

impl Default for Dedup {
    fn default() -> Self {
        // The default policy may refuse a new entry when the cache is full. This one evicts the entry that was inserted or
        // looked up least recently.
        let done = Cache::builder()
            .max_capacity(u64::try_from(MAX_DELIVERIES).unwrap_or(u64::MAX))
            .eviction_policy(EvictionPolicy::lru());
        Self { running: Arc::default(), ended: Arc::default(), done: done.build() }
    }
}

impl Dedup {
    /// Starts handling a delivery, unless it was handled within the last `age`.
    pub(super) fn begin(&self, id: &str, now: Timestamp, age: Duration) -> Begin {
        // Locked throughout: a delivery is removed from this set only after it was added to the other one.
        let mut running = self.lock();
        if self.done.get(id).is_some_and(|at| now < at.saturating_add(age)) {
            Begin::Done
        } else if running.contains(id) {
            Begin::Running
        } else if running.len() >= MAX_DELIVERIES {
            Begin::Full
        } else {
            running.insert(id.into());
            Begin::New(Running { dedup: self.clone(), id: id.into() })
        }
    }

    /// Waits until no delivery is being handled.
    pub(super) async fn idle(&self) {
        loop {
            // Before the check, so that no end is missed in between.
            let mut ended = pin!(self.ended.notified());
            ended.as_mut().enable();
            if self.lock().is_empty() {
                return;
            }
            ended.await;
        }
    }

    /// A poisoned lock is used: the set is never in an inconsistent state when a thread panics.
    fn lock(&self) -> MutexGuard<'_, HashSet<Box<str>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Records that the delivery was handled, so that it is not handled again.
    pub(super) fn done(&self, now: Timestamp) {
        self.dedup.done.insert(self.id.clone(), now);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.dedup.lock().remove(&self.id);
        self.dedup.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
    const HOUR: Duration = Duration::from_secs(3600);

    fn begin(dedup: &Dedup, id: &str, now: Timestamp) -> Begin {
        dedup.begin(id, now, HOUR)
    }

    #[test]
    fn a_delivery_is_handled_once_unless_it_failed() {
        let dedup = Dedup::default();
        let Begin::New(first) = begin(&dedup, "a", NOW) else { panic!() };
        assert!(matches!(begin(&dedup, "a", NOW), Begin::Running));
        drop(first);
        let Begin::New(second) = begin(&dedup, "a", NOW) else { panic!() };
        second.done(NOW);
        drop(second);
        assert!(matches!(begin(&dedup, "a", NOW), Begin::Done));
        assert!(matches!(begin(&dedup, "b", NOW), Begin::New(_)));
        // The hour has passed.
        assert!(matches!(begin(&dedup, "a", NOW.saturating_add(HOUR)), Begin::New(_)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let dedup = Dedup::default();
        for number in 0..MAX_DELIVERIES + 10 {
            let Begin::New(running) = begin(&dedup, &number.to_string(), NOW) else { panic!() };
            running.done(NOW);
        }
        dedup.done.run_pending_tasks();
        let remembered = dedup.done.entry_count();
        assert!(remembered <= u64::try_from(MAX_DELIVERIES).unwrap(), "{remembered}");
        assert!(matches!(begin(&dedup, "0", NOW), Begin::New(_)));
        assert!(matches!(begin(&dedup, "10009", NOW), Begin::Done));
        let all: Vec<_> =
            (0..MAX_DELIVERIES).map(|number| begin(&dedup, &format!("x{number}"), NOW)).collect();
        assert!(matches!(begin(&dedup, "one more", NOW), Begin::Full));
        drop(all);
        assert!(matches!(begin(&dedup, "one more", NOW), Begin::New(_)));
    }
}
