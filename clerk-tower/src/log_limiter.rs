//! Limits log lines that anyone can cause: each cause is logged at most once a minute, with the number of suppressed
//! lines.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use clerk_core::Timestamp;

const INTERVAL_MILLIS: u64 = 60_000;

/// The limiter for the whole process, for responses and calls that are not associated with a client.
pub(crate) static PROCESS: LogLimiter = LogLimiter(Mutex::new(BTreeMap::new()));

/// The causes that were logged, with the time of the last line.
///
/// Causes must come from code and never from a request: the map has no bound, and a caller must not be able to fill it.
#[derive(Default)]
pub(crate) struct LogLimiter(Mutex<BTreeMap<String, Logged>>);

struct Logged {
    at: Timestamp,
    /// Number of lines suppressed since then.
    suppressed: u64,
}

impl LogLimiter {
    /// Returns `true` if a line for one of these causes was logged within the last interval.
    pub(crate) fn has_logged(&self, causes: &[&str], now: Timestamp) -> bool {
        let logged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |logged: &Logged| logged.at.as_millis().abs_diff(now.as_millis()) < INTERVAL_MILLIS;
        causes.iter().any(|cause| logged.get(*cause).is_some_and(is_recent))
    }

    /// Returns `true` only the first time, for lines that are logged once.
    pub(crate) fn is_first(&self, cause: &str, now: Timestamp) -> bool {
        let mut causes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        causes.insert(cause.to_owned(), Logged { at: now, suppressed: 0 }).is_none()
    }

    /// Returns the number of lines that were suppressed for this cause, if it may be logged now.
    pub(crate) fn check(&self, cause: &str, now: Timestamp) -> Option<u64> {
        let mut causes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(logged) = causes.get_mut(cause) else {
            causes.insert(cause.to_owned(), Logged { at: now, suppressed: 0 });
            return Some(0);
        };
        // The absolute difference: a clock that is set back must not suppress lines for long.
        if logged.at.as_millis().abs_diff(now.as_millis()) < INTERVAL_MILLIS {
            logged.suppressed = logged.suppressed.saturating_add(1);
            return None;
        }
        let suppressed = logged.suppressed;
        *logged = Logged { at: now, suppressed: 0 };
        Some(suppressed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_and_first_lines_are_known() {
        let (limiter, at) = (LogLimiter::default(), Timestamp::from_secs);
        assert!(!limiter.has_logged(&["a", "b"], at(1000)));
        assert_eq!(limiter.check("b", at(1000)), Some(0));
        for (seconds, is_recent) in [(1000, true), (1059, true), (1060, false), (941, true), (940, false)] {
            assert_eq!(limiter.has_logged(&["a", "b"], at(seconds)), is_recent, "{seconds}");
        }
        assert!(!limiter.has_logged(&["a"], at(1000)));
        assert!(limiter.is_first("once", at(1000)));
        assert!(!limiter.is_first("once", at(9_999_999)));
    }

    #[test]
    fn a_cause_is_logged_once_a_minute_with_the_number_of_suppressed_lines() {
        let limiter = LogLimiter::default();
        for (seconds, cause, expected) in [
            (1000, "a", Some(0)),
            (1000, "a", None),
            (1000, "b", Some(0)),
            (1059, "a", None),
            (1060, "a", Some(2)),
            (1061, "a", None),
            // The clock was set back.
            (10, "a", Some(1)),
            (5000, "a", Some(0)),
        ] {
            assert_eq!(limiter.check(cause, Timestamp::from_secs(seconds)), expected, "{seconds} {cause}");
        }
    }
}
