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
use tokio::time::Instant;

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

/// A moment, by a client's clock and by monotonic time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    wall: Timestamp,
    monotonic: Instant,
}

impl Moment {
    pub(crate) fn now(clock: &dyn Clock) -> Self {
        Self::at(clock.now())
    }

    /// This moment, for which a clock showed `wall`.
    pub(crate) fn at(wall: Timestamp) -> Self {
        Self { wall, monotonic: Instant::now() }
    }

    /// Returns how much time has passed since an earlier moment, by the clock that shows more.
    ///
    /// Ages of cached values are measured with this. Monotonic time alone does not pass while a computer or a virtual
    /// machine is suspended, and other clocks can be set back.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        let wall = self.wall.as_millis().saturating_sub(earlier.wall.as_millis());
        let wall = Duration::from_millis(u64::try_from(wall).unwrap_or(0));
        self.monotonic.saturating_duration_since(earlier.monotonic).max(wall)
    }

    /// Returns how much time has certainly passed since an earlier moment: by the clock that shows less.
    ///
    /// For what keeps somebody out, and must not end too early.
    pub(crate) fn since_by_both(self, earlier: Self) -> Duration {
        let wall = self.wall.as_millis().saturating_sub(earlier.wall.as_millis());
        let wall = Duration::from_millis(u64::try_from(wall).unwrap_or(0));
        self.monotonic.saturating_duration_since(earlier.monotonic).min(wall)
    }

    /// Returns the moment that was this long before.
    pub(crate) fn earlier_by(self, age: Duration) -> Self {
        let millis = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let wall = Timestamp::from_millis(self.wall.as_millis().saturating_sub(millis));
        // Monotonic time may have begun since. Then the age counts by the client's clock.
        Self { wall, monotonic: self.monotonic.checked_sub(age).unwrap_or(self.monotonic) }
    }

    /// Returns this moment by the client's clock.
    pub(crate) const fn wall(self) -> Timestamp {
        self.wall
    }

    /// Returns this moment by monotonic time, for timers.
    pub(crate) const fn monotonic(self) -> Instant {
        self.monotonic
    }

    /// Whether this moment is earlier than another one, by monotonic time.
    pub(crate) fn is_before(self, other: Self) -> bool {
        self.monotonic < other.monotonic
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

    #[tokio::test(start_paused = true)]
    async fn an_earlier_moment_is_older_by_either_clock() {
        let clock = ManualClock::at(Timestamp::from_secs(1000));
        tokio::time::advance(Duration::from_secs(600)).await;
        let now = Moment::now(&clock);
        let earlier = now.earlier_by(Duration::from_secs(30));
        assert_eq!(now.since(earlier), Duration::from_secs(30));
        assert!(earlier.is_before(now) && earlier.wall() == Timestamp::from_secs(970));
        clock.set(Timestamp::from_secs(1));
        assert_eq!(Moment::now(&clock).since(earlier), Duration::from_secs(30));
        assert!(now.earlier_by(Duration::MAX).wall() < Timestamp::from_secs(0));
    }

    #[tokio::test(start_paused = true)]
    async fn an_age_grows_whichever_clock_stands_still() {
        let clock = ManualClock::at(Timestamp::from_secs(1000));
        let start = Moment::now(&clock);
        let age = || Moment::now(&clock).since(start).as_secs();
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(age(), 20);
        // The clock was set back.
        clock.set(Timestamp::from_secs(1));
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(age(), 40);
        // The computer was suspended.
        clock.set(Timestamp::from_secs(1300));
        assert_eq!(age(), 300);
    }
}
