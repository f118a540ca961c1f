//! Runs a service under load for a while, with a Clerk that misbehaves, and compares each response with the truth.
//!
//! ```text
//! cargo run --release -p clerk-tests --bin soak -- days --minutes 15
//! cargo run --release -p clerk-tests --bin soak -- flood
//! cargo run --release -p clerk-tests --bin soak -- slow-webhooks
//! ```
//!
//! - `days`: visitors with tokens whose truth is known, while the signing key rotates and Clerk is out, stalls or asks
//!   for patience. Prints a line for each ten seconds. Fails if a good token got a 401, if any other token got in, or if
//!   a route that needs no token failed.
//! - `flood`: 6000 made-up API keys while Clerk stalls. Prints the calls that reached Clerk, and how long a route that
//!   needs no token took. For 1024 file descriptors, run it after `ulimit -n 1024`.
//! - `slow-webhooks`: 250 connections that send 2 MiB each to the webhook endpoint, unsigned and slowly. Prints the
//!   memory that they hold.
//!
//! The exit code is 0 if nothing was wrong, and 1 otherwise.

mod days;
mod flood;
mod slow_webhooks;
mod stand;

use std::{
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

const USAGE: &str = "usage: soak days [--minutes N] | flood | slow-webhooks";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let good = match *arguments {
        ["days"] => days::run(Duration::from_secs(60)).await,
        ["days", "--minutes", minutes] => match minutes.parse::<u64>() {
            Ok(minutes) => days::run(Duration::from_secs(minutes * 60)).await,
            Err(_) => return usage(),
        },
        ["flood"] => flood::run().await,
        ["slow-webhooks"] => slow_webhooks::run().await,
        _ => return usage(),
    };
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn usage() -> ExitCode {
    say(USAGE);
    ExitCode::from(2)
}

/// Prints a line at once.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
