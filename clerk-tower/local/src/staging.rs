//! What a test stages (failures), and what it sees afterwards (counts).

use std::collections::HashMap;

use http::StatusCode;

use crate::service::without_version;

/// How many different requests are told apart.
const MAX_COUNTED: usize = 10_000;

/// How many bytes the path of a request that is counted by name may have.
const LONGEST_COUNTED: usize = 256;

/// Failures to come and requests that came.
#[derive(Default)]
pub(super) struct Staging {
    pub(super) jwks_down: bool,
    failures: u64,
    status: StatusCode,
    total: u64,
    counts: HashMap<String, u64>,
}

impl Staging {
    pub(super) fn fail(&mut self, requests: u64, status: StatusCode) {
        self.failures = requests;
        self.status = status;
    }

    /// Counts a request that never fails.
    pub(super) fn note(&mut self, method: &str, path: &str) {
        self.total += 1;
        if path.len() > LONGEST_COUNTED {
            return;
        }
        let name = name(method, path);
        if self.counts.len() < MAX_COUNTED || self.counts.contains_key(&name) {
            *self.counts.entry(name).or_default() += 1;
        }
    }

    /// Counts a request, and says with which status it has to fail, if it has to.
    pub(super) fn next(&mut self, method: &str, path: &str) -> Option<StatusCode> {
        self.note(method, path);
        if self.failures > 0 {
            self.failures -= 1;
            return Some(self.status);
        }
        (self.jwks_down && path == "/jwks").then_some(StatusCode::SERVICE_UNAVAILABLE)
    }

    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn count(&self, method: &str, path: &str) -> u64 {
        self.counts.get(&name(method, without_version(path))).copied().unwrap_or(0)
    }
}

fn name(method: &str, path: &str) -> String {
    format!("{method} {path}")
}
