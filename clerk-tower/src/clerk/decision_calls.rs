use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{client::purpose::Purpose, telemetry};

/// Limits the calls to Clerk that decisions wait for. Anyone can cause them, with made-up tokens and nonces, so they must
/// not take all connections, nor all of the file descriptors that this service has for its other work.
///
/// A call that finds no room is not made, and does not wait: its request is undecided.
pub(crate) struct DecisionCalls {
    machines: Semaphore,
    browsers: Semaphore,
}

/// The calls that are limited together. A flood of machine tokens does not keep browsers from signing in.
pub(crate) struct Group {
    name: &'static str,
    pub(super) purpose: Purpose,
    of: fn(&DecisionCalls) -> &Semaphore,
}

impl DecisionCalls {
    /// Verifications of opaque machine tokens.
    pub(crate) const MACHINES: Group =
        Group { name: "machines", purpose: Purpose::MachineToken, of: |calls| &calls.machines };
    /// Handshakes and refreshes.
    pub(crate) const BROWSERS: Group =
        Group { name: "browsers", purpose: Purpose::Browser, of: |calls| &calls.browsers };

    /// Allows this many calls of each group at the same time, but at least one.
    pub(super) fn up_to(max: usize) -> Self {
        let semaphore = || Semaphore::new(max.clamp(1, Semaphore::MAX_PERMITS));
        Self { machines: semaphore(), browsers: semaphore() }
    }

    /// Reserves room for a call, until the result is dropped.
    pub(super) fn begin(&self, group: &Group) -> Option<DecisionCall<'_>> {
        let Ok(permit) = (group.of)(self).try_acquire() else {
            telemetry::too_many_decision_calls(group.name);
            return None;
        };
        telemetry::decision_call(group.name, 1.0);
        Some(DecisionCall { _permit: permit, group: group.name })
    }
}

/// A call in flight.
pub(super) struct DecisionCall<'a> {
    _permit: SemaphorePermit<'a>,
    group: &'static str,
}

impl Drop for DecisionCall<'_> {
    fn drop(&mut self) {
        telemetry::decision_call(self.group, -1.0);
    }
}
