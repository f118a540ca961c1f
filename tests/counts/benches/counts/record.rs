//! The recorded counts.

use std::{collections::BTreeMap, fmt::Write as _, fs, process::ExitCode};

use clerk_counts::jobs::Case;
use serde::Deserialize;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/counts.toml");
const COMMAND: &str = "cargo bench -p clerk-counts -- --record";

/// By what share a count may change without being recorded. The same source in another folder differs by up to seven percent
/// on single paths, because the compiler inlines other functions.
const TOLERANCE: f64 = 0.08;
/// What the compiler does elsewhere moves even a short path by a few instructions.
const FEW_INSTRUCTIONS: f64 = 30.0;
/// Allocations of something that happens only once in a while do not repeat to the last one.
const FEW_ALLOCATIONS: f64 = 0.05;

/// What one repetition of a path costs.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Counts {
    /// `None` if they were not counted.
    pub(crate) instructions: Option<f64>,
    pub(crate) allocations: f64,
}

/// What the paths cost when they were last recorded.
pub(crate) struct Record(BTreeMap<String, Counts>);

impl Record {
    pub(crate) fn read() -> Self {
        let text = fs::read_to_string(PATH).unwrap_or_default();
        Self(toml::from_str(&text).unwrap_or_else(|error| panic!("{PATH}: {error}")))
    }

    /// Prints the counts beside the recorded ones. Returns `false` if one has grown.
    pub(crate) fn compare(mut self, cases: &[Case], counts: &[(&'static str, Counts)]) -> bool {
        let (mut grown, mut fallen) = (Vec::new(), Vec::new());
        println!("{:<36} {:>23} {:>20}", "", "instructions (recorded)", "allocations");
        for ((name, now), case) in counts.iter().zip(cases) {
            let Some(then) = self.0.remove(*name) else {
                grown.push(format!("{name} is not recorded"));
                continue;
            };
            let mut check = |what, now: f64, then: f64, slack: f64| {
                let change = format!("{what} of {name}: {then} recorded, {now} now");
                if now > then * (1.0 + TOLERANCE) + slack {
                    grown.push(change);
                } else if now < then * (1.0 - TOLERANCE) - slack {
                    fallen.push(change);
                }
            };
            if let (Some(now), Some(then)) = (now.instructions, then.instructions) {
                check("instructions", now, then, FEW_INSTRUCTIONS);
            }
            check("allocations", now.allocations, then.allocations, FEW_ALLOCATIONS);
            let shown = |count: Option<f64>| count.map_or("-".to_owned(), |count| count.to_string());
            println!(
                "{name:<36} {:>11} {:>11} {:>10} {:>9} {}",
                shown(now.instructions),
                format!("({})", shown(then.instructions)),
                now.allocations,
                format!("({})", then.allocations),
                ratio(case, *now, counts),
            );
        }
        grown.extend(self.0.into_keys().map(|name| format!("{name} is recorded, but not a case")));
        for change in &fallen {
            println!("FALLEN: {change}");
        }
        for change in &grown {
            println!("GROWN: {change}");
        }
        if !grown.is_empty() || !fallen.is_empty() {
            println!("to record the counts of today: {COMMAND}");
        }
        grown.is_empty()
    }
}

/// Says how a case's instructions relate to those of the one that it is compared with.
fn ratio(case: &Case, now: Counts, counts: &[(&'static str, Counts)]) -> String {
    let other = case.compared_with.and_then(|other| counts.iter().find(|(name, _)| *name == other));
    match (other, now.instructions) {
        (Some((name, Counts { instructions: Some(other), .. })), Some(now)) => {
            format!("  {:.3} of {name}", now / other)
        }
        _ => String::new(),
    }
}

/// Writes the counts to `counts.toml`.
pub(crate) fn write(counts: &[(&'static str, Counts)]) -> ExitCode {
    let mut text =
        format!("# What each path costs per request or call, beyond its baseline. Written by\n# {COMMAND}\n");
    for (name, Counts { instructions, allocations }) in counts {
        let Some(instructions) = instructions else {
            println!("to record, install valgrind and use {COMMAND}");
            return ExitCode::FAILURE;
        };
        write!(text, "\n[{name}]\ninstructions = {instructions}\nallocations = {allocations:?}\n").unwrap();
    }
    fs::write(PATH, text).unwrap();
    ExitCode::SUCCESS
}
