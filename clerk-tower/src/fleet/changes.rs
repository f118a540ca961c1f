//! Generations in the store, by which values in the store are known to be out of date.
//!
//! Each is a random number that a change replaces. A value remembers the generations of what it depends on, as they stood
//! before Clerk was asked, and is good as long as they are the same. One that does not exist is never the same: an engine
//! that evicts values, or that lost them, makes others invalid and never valid again. Random numbers and not counters,
//! because a counter that is lost starts again and meets its old values.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;

use super::{names::Names, outbox::EVERYTHING};

/// Longer than any value that depends on a generation.
pub(crate) const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// The number of generations, so that an engine's memory does not grow with the ids that were seen. What shares one is
/// out of date together, which costs a call.
const SLOTS: u64 = 4096;

/// Returns the key of the generation of a change.
pub(crate) fn key(names: &Names, change: &str) -> String {
    if change == EVERYTHING { names.key("change", "all") } else { names.key("change", slot(change)) }
}

/// FNV-1a: it is the same in every process.
fn slot(change: &str) -> u64 {
    let hash = change.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash % SLOTS
}

/// A generation that no process has seen.
pub(crate) fn new_generation() -> Bytes {
    format!("{:016x}", fastrand::u64(..)).into()
}

/// Returns new generations for these changes.
pub(super) fn new_generations<'a>(
    names: &Names,
    changed: impl IntoIterator<Item = &'a str>,
) -> Vec<(String, Bytes)> {
    let keys: BTreeSet<String> = changed.into_iter().map(|change| key(names, change)).collect();
    keys.into_iter().map(|key| (key, new_generation())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_has_a_bounded_key_and_a_new_generation() {
        let names = Names::new("clerk", "i");
        let changes: Vec<String> = (0..100_000).map(|number| format!("users/user_{number}")).collect();
        let new = new_generations(&names, changes.iter().map(String::as_str));
        assert!(new.len() <= 4096, "{}", new.len());
        assert_eq!(key(&names, EVERYTHING), "{clerk:i}:1:change:all");
        let generations: BTreeSet<&Bytes> = new.iter().map(|(_, generation)| generation).collect();
        assert_eq!(generations.len(), new.len());
        let again = new_generations(&names, ["users/user_1"]);
        assert!(new.iter().any(|(key, generation)| *key == again[0].0 && *generation != again[0].1));
    }
}
