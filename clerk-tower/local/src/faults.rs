//! Failures that a test requested, and counts of the requests that arrived.

use std::collections::HashMap;

use http::StatusCode;

use crate::service::without_version;

/// The maximum number of combinations of method and path that are counted.
const MAX_COUNTED: usize = 10_000;

/// The longest path that is counted by name, in bytes.
const MAX_COUNTED_PATH: usize = 256;

/// Failures to inject, and counts of requests.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) jwks_down: bool,
    /// The number of requests that will fail.
    failures: u64,
    status: StatusCode,
    total: u64,
    counts: HashMap<String, u64>,
}

impl Faults {
    pub(super) fn fail_next(&mut self, requests: u64, status: StatusCode) {
        self.failures = requests;
        self.status = status;
    }

    /// Counts a request without failing it.
    pub(super) fn count(&mut self, method: &str, path: &str) {
        self.total += 1;
        if path.len() > MAX_COUNTED_PATH {
            return;
        }
        let name = name(method, path);
        if self.counts.len() < MAX_COUNTED || self.counts.contains_key(&name) {
            *self.counts.entry(name).or_default() += 1;
        }
    }

    /// Counts a request; returns the status with which it has to fail, if it has to.
    pub(super) fn next(&mut self, method: &str, path: &str) -> Option<StatusCode> {
        self.count(method, path);
        if self.failures > 0 {
            self.failures -= 1;
            return Some(self.status);
        }
        (self.jwks_down && ["/jwks", "/.well-known/jwks.json"].contains(&path))
            .then_some(StatusCode::SERVICE_UNAVAILABLE)
    }

    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn requests_to(&self, method: &str, path: &str) -> u64 {
        self.counts.get(&name(method, without_version(path))).copied().unwrap_or(0)
    }
}

fn name(method: &str, path: &str) -> String {
    format!("{method} {path}")
}
