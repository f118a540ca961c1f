//! Tests that need a process of their own.
//!
//! All tests of a crate share one process. What `tracing` finds enabled, a global subscriber, and which warnings were
//! logged in the last minute belong to the whole process, so that a test about them would see what others do.

use std::{env, process::Command};

const CHILD: &str = "CLERK_TESTS_ALONE";

/// Whether the test runs alone in its process. If not, it is run again in such a process, and has to pass there.
///
/// # Panics
///
/// If it fails there, or if there is no such test. `module` is the test's `module_path!()`.
#[must_use]
pub fn alone(module: &str, test: &str) -> bool {
    if env::var_os(CHILD).is_some() {
        return true;
    }
    let (_, module) = module.split_once("::").unwrap();
    let name = format!("{module}::{test}");
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--nocapture", &name])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let [said, errors] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success() && said.contains("1 passed"), "{name}, alone:\n{said}\n{errors}");
    false
}
