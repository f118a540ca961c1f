//! Benchmarks for a shared machine: the contenders run in turns, for many rounds.
//!
//! Other load affects a whole round, so ratios within a round are more reliable than times from different minutes. The
//! medians are printed.

use std::time::{Duration, Instant};

/// One piece of code to measure.
pub struct Contender<'a> {
    name: &'static str,
    run: Box<dyn FnMut() -> Duration + 'a>,
    /// Nanoseconds per operation, one value per round.
    times: Vec<f64>,
    per_round: usize,
}

/// The contenders. Ratios are relative to the first one.
#[derive(Default)]
pub struct Rounds<'a>(Vec<Contender<'a>>);

impl<'a> Rounds<'a> {
    /// Adds a contender. `run` does its operation `per_round` times.
    pub fn add(&mut self, name: &'static str, per_round: usize, mut run: impl FnMut() + 'a) {
        self.add_timed(name, per_round, move || {
            let start = Instant::now();
            run();
            start.elapsed()
        });
    }

    /// Adds a contender that measures its own time, because it has a setup that must not count.
    pub fn add_timed(&mut self, name: &'static str, per_round: usize, run: impl FnMut() -> Duration + 'a) {
        self.0.push(Contender { name, run: Box::new(run), times: Vec::new(), per_round });
    }

    /// Runs all contenders for `rounds` rounds, after ten rounds of warm-up, and prints the results.
    pub fn run(mut self, rounds: usize) {
        for round in 0..rounds + 10 {
            for contender in &mut self.0 {
                let time = (contender.run)();
                if round >= 10 {
                    contender.times.push(time.as_secs_f64() * 1e9 / contender.per_round as f64);
                }
            }
        }
        let Some(first) = self.0.first().map(|first| first.times.clone()) else { return };
        println!("{:<52} {:>10} {:>10} {:>8}", "", "median", "fastest", "ratio");
        for Contender { name, times, .. } in self.0 {
            let ratios = times.iter().zip(&first).map(|(time, first)| time / first).collect();
            let fastest = times.iter().copied().fold(f64::INFINITY, f64::min);
            println!(
                "{name:<52} {:>7.2} µs {:>7.2} µs {:>8.3}",
                median(times) / 1e3,
                fastest / 1e3,
                median(ratios)
            );
        }
    }
}

/// Returns the median.
#[must_use]
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}
