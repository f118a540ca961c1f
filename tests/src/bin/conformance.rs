//! Reads one authentication case per line on standard input, and prints one result per line.
//!
//! The environment variable `BAPI_STUB` is the base URL of a server that acts as Clerk. It responds to the case with
//! index 12 below `/c/12`.

use std::{
    env,
    io::{self, BufRead as _, Write as _},
    process::ExitCode,
};

use clerk_tests::conformance;
use serde_json::{Value, json};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("conformance: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let stub =
        env::var("BAPI_STUB").map_err(|_| "BAPI_STUB is not set: the base of the server in Clerk's place")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let case: Value = serde_json::from_str(&line)?;
        let result = runtime.block_on(conformance::result(&case, stub.trim_end_matches('/')));
        writeln!(out, "{}", json!({ "id": case["id"], "result": result }))?;
        out.flush()?;
    }
    Ok(())
}
