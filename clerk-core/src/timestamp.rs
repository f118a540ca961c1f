//! Timestamps in the form that Clerk uses: whole milliseconds since the Unix epoch.
//!
//! ```
//! use std::time::{Duration, UNIX_EPOCH};
//! use clerk_core::Timestamp;
//!
//! let created: Timestamp = serde_json::from_str("1700000000123").unwrap();
//! assert_eq!(created.as_millis(), 1_700_000_000_123);
//! assert_eq!(created.to_system_time(), Some(UNIX_EPOCH + Duration::from_millis(1_700_000_000_123)));
//! // Some responses contain the same number as a float.
//! assert_eq!(serde_json::from_str::<Timestamp>("1700000000123.0").unwrap(), created);
//! ```

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Deserializer, Serialize};

/// A timestamp: milliseconds since 1970-01-01T00:00:00Z, negative before it.
///
/// The default is the epoch itself.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use clerk_core::{Operation, Timestamp, api::users};
///
/// let created = Timestamp::from_millis(1_700_000_000_123);
/// assert_eq!(created.as_secs(), 1_700_000_000);
///
/// // Setters take times of the standard library, too.
/// let later = users::list().created_at_after(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
/// assert_eq!(later.request().unwrap().uri(), "/users?created_at_after=1700000000000");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Creates a timestamp from milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Creates a timestamp from seconds since the epoch, the unit of token claims. Saturates if out of range.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Creates a timestamp from seconds or milliseconds since the epoch, whose size tells the unit.
    ///
    /// For senders that do not agree on the unit. As seconds, the bound is in the year 5138; as milliseconds, in 1973.
    pub(crate) const fn from_secs_or_millis(number: i64) -> Self {
        const LEAST_MILLIS: u64 = 100_000_000_000;
        if number.unsigned_abs() < LEAST_MILLIS { Self::from_secs(number) } else { Self(number) }
    }

    /// Returns the milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Returns the whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Adds a duration. Saturates if out of range.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// Subtracts a duration. Saturates if out of range.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// Converts to a [`SystemTime`]. Returns `None` if it is out of the range of the platform.
    #[must_use]
    pub fn to_system_time(self) -> Option<SystemTime> {
        let distance = Duration::from_millis(self.0.unsigned_abs());
        if self.0 < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl From<SystemTime> for Timestamp {
    /// Truncates to milliseconds. Saturates if out of range.
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self(millis(after)),
            Err(before) => Self(millis(before.duration()).saturating_neg()),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({} ms)", self.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::decode::lenient::integer(deserializer).map(Self)
    }
}

/// Error of a conversion to a type that cannot represent the [`Timestamp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the timestamp is out of range for the target type")]
pub struct OutOfRange;

#[cfg(feature = "chrono")]
mod with_chrono {
    use chrono::{DateTime, Utc};

    use super::{OutOfRange, Timestamp};

    impl TryFrom<Timestamp> for DateTime<Utc> {
        type Error = OutOfRange;

        fn try_from(time: Timestamp) -> Result<Self, OutOfRange> {
            Self::from_timestamp_millis(time.as_millis()).ok_or(OutOfRange)
        }
    }

    impl From<DateTime<Utc>> for Timestamp {
        /// Truncates to milliseconds.
        fn from(time: DateTime<Utc>) -> Self {
            Self::from_millis(time.timestamp_millis())
        }
    }
}

#[cfg(feature = "jiff")]
mod with_jiff {
    use super::{OutOfRange, Timestamp};

    impl TryFrom<Timestamp> for jiff::Timestamp {
        type Error = OutOfRange;

        fn try_from(time: Timestamp) -> Result<Self, OutOfRange> {
            Self::from_millisecond(time.as_millis()).map_err(|_| OutOfRange)
        }
    }

    impl From<jiff::Timestamp> for Timestamp {
        /// Truncates to milliseconds.
        fn from(time: jiff::Timestamp) -> Self {
            Self::from_millis(time.as_millisecond())
        }
    }
}

#[cfg(feature = "time")]
mod with_time {
    use time::OffsetDateTime;

    use super::{OutOfRange, Timestamp};

    impl TryFrom<Timestamp> for OffsetDateTime {
        type Error = OutOfRange;

        fn try_from(time: Timestamp) -> Result<Self, OutOfRange> {
            Self::from_unix_timestamp_nanos(i128::from(time.as_millis()) * 1_000_000).map_err(|_| OutOfRange)
        }
    }

    impl From<OffsetDateTime> for Timestamp {
        /// Truncates to milliseconds.
        fn from(time: OffsetDateTime) -> Self {
            let millis = time.unix_timestamp_nanos().div_euclid(1_000_000);
            Self::from_millis(i64::try_from(millis).unwrap_or(if millis < 0 { i64::MIN } else { i64::MAX }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_time_round_trips_on_both_sides_of_1970() {
        for ms in [0, 1, 999, -1, -1001, 1_700_000_000_123] {
            let time = Timestamp::from_millis(ms);
            assert_eq!(time.to_system_time().map(Timestamp::from), Some(time), "{ms}");
        }
    }

    #[cfg(all(feature = "chrono", feature = "jiff", feature = "time"))]
    #[test]
    fn other_crates_types_round_trip_or_are_out_of_range() {
        for ms in [0, 1, -1, -1001, 1_700_000_000_123] {
            let stamp = Timestamp::from_millis(ms);
            assert_eq!(Timestamp::from(chrono::DateTime::try_from(stamp).unwrap()), stamp);
            assert_eq!(Timestamp::from(jiff::Timestamp::try_from(stamp).unwrap()), stamp);
            assert_eq!(Timestamp::from(time::OffsetDateTime::try_from(stamp).unwrap()), stamp);
        }
        for ms in [i64::MIN, i64::MAX] {
            let stamp = Timestamp::from_millis(ms);
            assert_eq!(chrono::DateTime::try_from(stamp), Err(OutOfRange));
            assert_eq!(jiff::Timestamp::try_from(stamp), Err(OutOfRange));
            assert_eq!(time::OffsetDateTime::try_from(stamp), Err(OutOfRange));
        }
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        assert_eq!(Timestamp::from_secs(i64::MAX).as_millis(), i64::MAX);
        let far = Duration::MAX;
        assert_eq!(Timestamp::from_millis(1).saturating_add(far).as_millis(), i64::MAX);
        assert_eq!(Timestamp::from_millis(-5).saturating_sub(far).as_millis(), i64::MIN);
    }

    #[test]
    fn seconds_round_down() {
        assert_eq!(Timestamp::from_millis(-1).as_secs(), -1);
        assert_eq!(Timestamp::from_millis(1999).as_secs(), 1);
    }
}
