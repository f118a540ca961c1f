//! Runs the targets without libFuzzer.

use std::sync::LazyLock;

use proptest::{
    prelude::*,
    sample::{Index, select},
};

use super::{TARGETS, seeds::seeds};

static SEEDS: LazyLock<[Vec<Vec<u8>>; TARGETS.len()]> =
    LazyLock::new(|| TARGETS.map(|(name, _)| seeds(name)));

#[test]
fn every_target_passes_for_its_seeds() {
    for ((name, target), seeds) in TARGETS.iter().zip(&*SEEDS) {
        assert!(!seeds.is_empty(), "{name}");
        seeds.iter().for_each(|seed| target(seed));
    }
}

/// The seed with some bytes replaced by others.
fn spliced(seed: &[u8], changes: &[(Index, usize, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for (at, len, new) in changes {
        let start = at.index(bytes.len() + 1);
        let end = bytes.len().min(start + len);
        bytes.splice(start..end, new.iter().copied());
    }
    bytes
}

/// A few bytes, or a token of JSON.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let meaning = ["null", "\"\"", "{}", "[]", "-1", "1e9", "1.5", "true", ",", ":", "\\u0000", "."];
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..4),
        select(meaning.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_target_passes_for_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for (_, target) in TARGETS {
            target(&bytes);
        }
    }

    #[test]
    fn every_target_passes_for_mutated_seeds(
        which in any::<Index>(),
        changes in proptest::collection::vec((any::<Index>(), 0..6_usize, piece()), 1..4),
    ) {
        for ((_, target), seeds) in TARGETS.iter().zip(&*SEEDS) {
            target(&spliced(which.get::<Vec<u8>>(seeds), &changes));
        }
    }
}
