//! Clocks: the system's, and one that tests set by hand.
//!
//! [`SystemClock`] is the only place in these crates that reads the system's time.
//!
//! ```
//! use std::time::Duration;
//! use clerk_core::Timestamp;
//! use clerk_tower::clock::{Clock, ManualClock, SystemClock};
//!
//! assert!(SystemClock.now() > Timestamp::from_secs(1_700_000_000));
//!
//! // In tests, time passes only when the test says so.
//! let clock = ManualClock::at(Timestamp::from_secs(1_700_000_000));
//! let shared = clock.clone();
//! clock.advance(Duration::from_secs(60));
//! assert_eq!(shared.now(), Timestamp::from_secs(1_700_000_060));
//! ```

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use clerk_core::Timestamp;

/// Source of the current time.
pub trait Clock: Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "all other code gets the time from here")]
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

/// Clock for tests, which moves only when it is set or advanced. Clones share the time.
#[derive(Clone, Default)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// Creates a clock that shows `time`.
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(time.as_millis())))
    }

    /// Sets the clock, forward or backward.
    pub fn set(&self, time: Timestamp) {
        self.0.store(time.as_millis(), Ordering::SeqCst);
    }

    /// Moves the clock forward by `duration`, at most to the end of the range of [`Timestamp`].
    pub fn advance(&self, duration: Duration) {
        let later = |now| Some(Timestamp::from_millis(now).saturating_add(duration).as_millis());
        // The closure never returns `None`, so the update cannot fail.
        let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, later);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ManualClock").field(&self.now()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_it_is_set() {
        let clock = ManualClock::at(Timestamp::from_secs(10));
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        assert_eq!(shared.now(), Timestamp::from_secs(10));
        clock.advance(Duration::from_millis(1));
        assert_eq!(shared.now(), Timestamp::from_millis(10_001));
        clock.set(Timestamp::from_secs(-1));
        assert_eq!(shared.now(), Timestamp::from_secs(-1));
        clock.set(Timestamp::from_secs(1));
        clock.advance(Duration::MAX);
        assert_eq!(shared.now().as_millis(), i64::MAX);
    }
}
