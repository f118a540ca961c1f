//! Snapshots of an instance, with which many tests can share one.

use std::{fmt, sync::Arc};

use crate::{LocalClerk, keys::SigningKey, lock, state::State};

/// Everything in a [`LocalClerk`] at one moment, for [`LocalClerk::restore`].
#[derive(Clone)]
pub struct LocalSnapshot {
    state: State,
    key: Arc<SigningKey>,
}

impl fmt::Debug for LocalSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSnapshot").finish_non_exhaustive()
    }
}

impl LocalClerk {
    /// Returns a snapshot: users, organizations, sessions, settings, everything that is stored, and the signing key. It
    /// shares its data with the instance, so it is cheap, however many users there are.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// let local = LocalClerk::seeded();
    /// let snapshot = local.snapshot();
    /// let before = local.key_id();
    /// local.user("Grace", "Brewster").create();
    /// local.rotate_keys();
    ///
    /// local.restore(&snapshot);
    /// assert_eq!(local.key_id(), before);
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> LocalSnapshot {
        let state = lock(&self.shared.state).clone();
        LocalSnapshot { state, key: self.key() }
    }

    /// Goes back to a snapshot of this instance, and clears [faults](Self::inject) and [requests](Self::requests), for
    /// the next test. No webhooks are sent for it; their receiver and the clock stay as they are.
    pub fn restore(&self, snapshot: &LocalSnapshot) {
        let mut state = lock(&self.shared.state);
        state.clone_from(&snapshot.state);
        *lock(&self.shared.key) = Arc::clone(&snapshot.key);
        self.record_change();
        drop(state);
        self.clear_faults();
        self.clear_requests();
    }
}
