//! Measuring on a machine that others use too: everything takes turns, many times over.
//!
//! What disturbs a round disturbs all of it, so the ratio within a round says more than two times from different
//! minutes. The medians are what is printed.

use std::time::{Duration, Instant};

/// One thing to measure.
pub struct Contender<'a> {
    name: &'static str,
    run: Box<dyn FnMut() -> Duration + 'a>,
    /// One duration a round, in nanoseconds for one of whatever it does.
    times: Vec<f64>,
    per_round: usize,
}

/// Things to measure against the first of them.
#[derive(Default)]
pub struct Rounds<'a>(Vec<Contender<'a>>);

impl<'a> Rounds<'a> {
    /// Adds what is done `per_round` times in a round.
    pub fn add(&mut self, name: &'static str, per_round: usize, mut run: impl FnMut() + 'a) {
        self.add_timed(name, per_round, move || {
            let start = Instant::now();
            run();
            start.elapsed()
        });
    }

    /// The same for what looks at the clock itself, because it has something to prepare.
    pub fn add_timed(&mut self, name: &'static str, per_round: usize, run: impl FnMut() -> Duration + 'a) {
        self.0.push(Contender { name, run: Box::new(run), times: Vec::new(), per_round });
    }

    /// Runs all of them `rounds` times, after some for warming up, and prints what came of it.
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

/// The one in the middle.
#[must_use]
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}
