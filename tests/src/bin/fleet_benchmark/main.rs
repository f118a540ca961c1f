//! Measures a fleet on a Redis or Valkey: how fast changes spread, what the second level saves, and what each request costs.
//!
//! ```text
//! redis-server --port 6390 --save "" &
//! cargo run --release -p clerk-tests --bin fleet_benchmark -- redis://127.0.0.1:6390
//! ```
//!
//! The server should have no other clients: its counters of commands are read. Clerk is a function in this process that
//! takes five milliseconds.

mod bench;

use std::{
    io::{self, Write},
    process::ExitCode,
};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url] = &arguments[..] else {
        say("usage: fleet_benchmark REDIS_URL");
        return ExitCode::from(2);
    };
    match bench::run(url).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{error}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints a line at once.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
