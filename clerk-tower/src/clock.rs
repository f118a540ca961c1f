//! The time of day, read in one place.
//!
//! Tokens are judged at a time that comes from a [`Clock`]. In a program that is [`SystemClock`]; a test
//! takes [`ManualClock`] and moves it. Deadlines and waiting use tokio's clock instead, which tests can pause.
//!
//! ```
//! use std::time::Duration;
//! use clerk_core::Timestamp;
//! use clerk_tower::clock::{Clock, ManualClock};
//!
//! let clock = ManualClock::new(Timestamp::from_secs(1_700_000_000));
//! clock.advance(Duration::from_secs(61));
//! assert_eq!(clock.now(), Timestamp::from_secs(1_700_000_061));
//! ```

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use clerk_core::Timestamp;

/// Tells the time of day.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The computer's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

/// A clock that stands still until it is moved. Clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_millis())))
    }

    /// Sets the time.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::Release);
    }

    /// Moves the time forward.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().saturating_add(by));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Acquire))
    }
}
