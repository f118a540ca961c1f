//! Support for tests that need a separate process.
//!
//! All tests of a crate share one process. The events that `tracing` considers enabled, a global subscriber, and the
//! log limiter are global to the process, so a test of them would be affected by other tests.

use std::{env, process::Command};

const CHILD: &str = "CLERK_TESTS_ALONE";

/// Returns whether the test runs alone in its process. If not, runs it in a child process, where it must pass.
///
/// # Panics
///
/// If the test fails there or does not exist. `module` is the test's `module_path!()`.
#[must_use]
pub fn alone(module: &str, test: &str) -> bool {
    alone_with(module, test, &[])
}

/// The same, with environment variables.
///
/// # Panics
///
/// As [`alone`].
#[must_use]
pub fn alone_with(module: &str, test: &str, variables: &[(&str, &str)]) -> bool {
    if env::var_os(CHILD).is_some() {
        return true;
    }
    let (_, module) = module.split_once("::").unwrap();
    let name = format!("{module}::{test}");
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--nocapture", &name])
        .env(CHILD, "1")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success() && stdout.contains("1 passed"), "{name}, alone:\n{stdout}\n{stderr}");
    false
}
