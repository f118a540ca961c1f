use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use clerk_core::Timestamp;

/// As many deliveries are remembered, and as many may be under way.
pub(super) const MAX: usize = 10_000;

/// Which deliveries are being handled, and which were.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen(Arc<Mutex<Ids>>);

#[derive(Debug, Default)]
struct Ids {
    running: HashSet<String>,
    done: HashMap<String, Timestamp>,
    /// The same, the oldest in front.
    order: VecDeque<String>,
}

/// What is known of a delivery that comes in.
#[derive(Debug)]
pub(super) enum Begin {
    /// Nothing: it is to be handled.
    New(Running),
    /// It is being handled.
    Running,
    /// It was handled.
    Done,
    /// There is no room for it.
    Full,
}

/// A delivery under way. When it is dropped before it is [done](Running::done), it may come again.
#[derive(Debug)]
pub(super) struct Running {
    seen: Seen,
    id: String,
}

impl Seen {
    /// Begins to handle a delivery, unless it is known from the last `age`.
    pub(super) fn begin(&self, id: &str, now: Timestamp, age: Duration) -> Begin {
        let mut ids = self.lock();
        ids.forget_before(now, age);
        if ids.done.contains_key(id) {
            Begin::Done
        } else if ids.running.contains(id) {
            Begin::Running
        } else if ids.running.len() >= MAX {
            Begin::Full
        } else {
            ids.running.insert(id.to_owned());
            Begin::New(Running { seen: self.clone(), id: id.to_owned() })
        }
    }

    /// Nothing is ever left half-changed, so a lock that a panicking thread held is as good as any.
    fn lock(&self) -> MutexGuard<'_, Ids> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ids {
    fn forget_before(&mut self, now: Timestamp, age: Duration) {
        while let Some(oldest) = self.order.front() {
            let is_old = self.done.get(oldest).is_none_or(|at| at.saturating_add(age) <= now);
            if !is_old && self.order.len() <= MAX {
                break;
            }
            self.done.remove(oldest);
            self.order.pop_front();
        }
    }
}

impl Running {
    /// It was handled, and its repetitions need not be.
    pub(super) fn done(self, now: Timestamp) {
        let mut ids = self.seen.lock();
        if ids.done.insert(self.id.clone(), now).is_none() {
            ids.order.push_back(self.id.clone());
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.seen.lock().running.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
    const HOUR: Duration = Duration::from_secs(3600);

    fn begin(seen: &Seen, id: &str, now: Timestamp) -> Begin {
        seen.begin(id, now, HOUR)
    }

    #[test]
    fn a_delivery_is_handled_once_unless_it_failed() {
        let seen = Seen::default();
        let Begin::New(first) = begin(&seen, "a", NOW) else { panic!() };
        assert!(matches!(begin(&seen, "a", NOW), Begin::Running));
        drop(first);
        let Begin::New(second) = begin(&seen, "a", NOW) else { panic!() };
        second.done(NOW);
        assert!(matches!(begin(&seen, "a", NOW), Begin::Done));
        assert!(matches!(begin(&seen, "b", NOW), Begin::New(_)));
        // The hour is over.
        assert!(matches!(begin(&seen, "a", NOW.saturating_add(HOUR)), Begin::New(_)));
        assert!(seen.lock().order.is_empty());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let seen = Seen::default();
        for number in 0..MAX + 10 {
            let Begin::New(running) = begin(&seen, &number.to_string(), NOW) else { panic!() };
            running.done(NOW);
        }
        assert!(matches!(begin(&seen, "0", NOW), Begin::New(_)));
        assert!(matches!(begin(&seen, "10009", NOW), Begin::Done));
        let remembered = seen.lock().order.len();
        assert!(remembered <= MAX, "{remembered}");
        let all: Vec<_> = (0..MAX).map(|number| begin(&seen, &format!("x{number}"), NOW)).collect();
        assert!(matches!(begin(&seen, "one more", NOW), Begin::Full));
        drop(all);
        assert!(matches!(begin(&seen, "one more", NOW), Begin::New(_)));
    }
}
