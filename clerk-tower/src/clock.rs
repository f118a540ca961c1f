//! What time it is: the one place in a program that reads the system's clock.
//!
//! ```
//! use std::time::Duration;
//! use clerk_core::Timestamp;
//! use clerk_tower::clock::{Clock, ManualClock, SystemClock};
//!
//! assert!(SystemClock.now() > Timestamp::from_secs(1_700_000_000));
//!
//! // In tests, time stands still until it is told to pass.
//! let clock = ManualClock::at(Timestamp::from_secs(1_700_000_000));
//! let seen_by_others = clock.clone();
//! clock.advance(Duration::from_secs(60));
//! assert_eq!(seen_by_others.now(), Timestamp::from_secs(1_700_000_060));
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

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
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
    #[allow(clippy::disallowed_methods, reason = "this is the place that every other one asks")]
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

/// A clock that moves only when it is told to, for tests. Its clones show the same time.
#[derive(Clone, Default)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows `time`.
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(time.as_millis())))
    }

    /// Sets the clock, forwards or backwards.
    pub fn set(&self, time: Timestamp) {
        self.0.store(time.as_millis(), Ordering::SeqCst);
    }

    /// Lets `duration` pass. The clock stops at the end of the range of [`Timestamp`].
    pub fn advance(&self, duration: Duration) {
        let later = |now| Some(Timestamp::from_millis(now).saturating_add(duration).as_millis());
        // The closure never refuses, so neither does the update.
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
    fn a_manual_clock_moves_only_when_told_to() {
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
