//! Counts what each path costs, and compares it with what is recorded in `counts.toml`. See the library's documentation.

#![allow(missing_docs, reason = "a program")]

mod callgrind;
mod record;

use std::{env, process::ExitCode};

use clerk_counts::{
    bad_tokens::{self, TOLERANCE},
    cases,
    jobs::{Case, Job, Prepare, counted},
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use crate::record::{Counts, Record};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    let is_asked = |argument: &str| env::args().any(|own| own == argument);
    let (mut cases, groups) = (cases::all(), bad_tokens::all());
    let (recorded, sizes) = (cases.len(), groups.each_ref().map(Vec::len));
    cases.extend(groups.into_iter().flatten());
    if is_asked(callgrind::INSIDE) {
        for case in &cases {
            each_of(case, counted);
        }
        return ExitCode::SUCCESS;
    }
    // Only `cargo bench` builds what users run: an optimized program.
    let instructions = if is_asked("--bench") { callgrind::instructions(&cases) } else { None };
    let counts = cases.iter().enumerate().map(|(number, case)| {
        let allocations = difference(case, each_of(case, allocations));
        let instructions = instructions.as_ref().map(|all| difference(case, all[number]).round());
        (case.name, Counts { instructions, allocations: (allocations * 100.0).round() / 100.0 })
    });
    let mut counts: Vec<_> = counts.collect();
    let mut bad_tokens = counts.split_off(recorded).into_iter();
    let groups = sizes.map(|size| bad_tokens.by_ref().take(size).collect::<Vec<_>>());
    if is_asked("--record") {
        return record::write(&counts);
    }
    let is_alike = groups.map(|group| are_alike(&group)) == [true; 3];
    if Record::read().compare(&cases, &counts) && is_alike { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether it costs the same to reject each of these bad tokens.
fn are_alike(group: &[(&str, Counts)]) -> bool {
    let spread = |counts: Vec<f64>| {
        let least = counts.iter().copied().fold(f64::INFINITY, f64::min);
        counts.iter().map(|count| count / least - 1.0).fold(0.0, f64::max)
    };
    let instructions = spread(group.iter().filter_map(|(_, counts)| counts.instructions).collect());
    let allocations = spread(group.iter().map(|(_, counts)| counts.allocations).collect());
    let is_alike = instructions <= TOLERANCE && allocations == 0.0;
    println!("{} bad tokens: instructions differ by {:.2} %", group.len(), instructions * 100.0);
    if !is_alike {
        println!("NOT ALIKE: what it costs to reject a token shows where it is wrong: {group:?}");
    }
    is_alike
}

/// Measures the baseline and the path of a case. Each runs once before, so that tables have grown and caches are filled.
fn each_of<T>(case: &Case, mut measure: impl FnMut(&mut Job) -> T) -> [T; 2] {
    let mut one = |prepare: &Prepare| {
        prepare(case.repetitions)();
        measure(&mut prepare(case.repetitions))
    };
    [one(&case.baseline), one(&case.path)]
}

/// Returns what one repetition of the path takes beyond the baseline.
#[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
fn difference(case: &Case, [baseline, path]: [u64; 2]) -> f64 {
    (path as f64 - baseline as f64) / case.repetitions as f64
}

fn allocations(job: &mut Job) -> u64 {
    let region = Region::new(ALLOCATOR);
    job();
    let change = region.change();
    u64::try_from(change.allocations + change.reallocations).unwrap()
}
