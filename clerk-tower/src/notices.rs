//! Lines in a log that anybody can cause: each cause speaks once a minute, and says how often it was silent.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use clerk_core::Timestamp;

const PAUSE_MILLIS: u64 = 60_000;

/// Of the whole process: for answers and calls that know no client, or belong to none.
#[cfg_attr(not(feature = "tracing"), allow(dead_code, reason = "there is no log"))]
pub(crate) static EVERYWHERE: Notices = Notices(Mutex::new(BTreeMap::new()));

/// What was said, by its cause. There are few causes, whatever requests hold.
#[derive(Default)]
pub(crate) struct Notices(Mutex<BTreeMap<String, Said>>);

struct Said {
    at: Timestamp,
    /// How often it was not said since.
    unsaid: u64,
}

impl Notices {
    /// How often this cause was silent before, if it is its turn to speak.
    #[cfg_attr(not(feature = "tracing"), allow(dead_code, reason = "there is no log"))]
    pub(crate) fn turn(&self, cause: &str, now: Timestamp) -> Option<u64> {
        let mut causes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(said) = causes.get_mut(cause) else {
            causes.insert(cause.to_owned(), Said { at: now, unsaid: 0 });
            return Some(0);
        };
        // A clock that is set back is no reason to be silent for long.
        if said.at.as_millis().abs_diff(now.as_millis()) < PAUSE_MILLIS {
            said.unsaid = said.unsaid.saturating_add(1);
            return None;
        }
        let unsaid = said.unsaid;
        *said = Said { at: now, unsaid: 0 };
        Some(unsaid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_speaks_once_a_minute_and_counts_the_rest() {
        let notices = Notices::default();
        for (seconds, cause, expected) in [
            (1000, "a", Some(0)),
            (1000, "a", None),
            (1000, "b", Some(0)),
            (1059, "a", None),
            (1060, "a", Some(2)),
            (1061, "a", None),
            // The clock is set.
            (10, "a", Some(1)),
            (5000, "a", Some(0)),
        ] {
            assert_eq!(notices.turn(cause, Timestamp::from_secs(seconds)), expected, "{seconds} {cause}");
        }
    }
}
