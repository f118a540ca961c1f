//! The keys of one instance, and the tokens that were verified with them. Keys are refreshed in the background.
//!
//! - Requests read a snapshot. While it is fresh, for five minutes, no request waits.
//! - A service in use refreshes the snapshot in the background before that, after four to four and a half minutes.
//! - After a silence, and after the computer was suspended, the first request waits for the refresh, so that a key that
//!   Clerk has removed verifies nothing for longer than five minutes. Only if Clerk fails is the old snapshot used, for at
//!   most an hour, and each further attempt holds requests up for at most a second.
//! - After a failure the next call backs off, from one second up to a minute.
//! - All requests that need keys share one call to Clerk. The call goes on when they hang up. If its runtime is shut down
//!   or blocked, a request on another runtime makes the call again.
//! - A token with an unknown key id is rejected only after Clerk was asked, so the first token after a rotation is
//!   accepted. So is one whose signature does not match the key with its id: Clerk may have replaced the key under the same
//!   id. Anyone can make up key ids and signatures: together, they cause three calls at once, then one every ten seconds,
//!   and one every ten seconds for each key id. For those ten seconds, what Clerk had under the id is taken to be unchanged: other
//!   tokens under it that do not verify are rejected. If there were too many calls, tokens that they would be about are
//!   undecided (503 with `Retry-After`). Tokens that verify with the known keys never wait for any of this.
//! - A session token whose signature was verified is remembered until the keys change, and then costs a lookup.
//!
//! With the secret key, the keys come from the Backend API. A [`ClerkVerifier`](crate::ClerkVerifier) without it fetches them
//! from the instance's public address, by the same rules.
//!
//! Every [`Clerk`](crate::Clerk) has a store of its own, so a key of one instance cannot verify another instance's
//! tokens.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let clerk = clerk_tower::Clerk::from_env()?;
//! // At startup: the first request does not wait, and a wrong secret key is reported now.
//! clerk.keys().warm_up().await?;
//! # Ok(()) }
//! ```

mod known;
mod machine_tokens;
mod refresh;
mod source;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use clerk_core::{
    Timestamp,
    authenticate::{KeyFailure, KeyNeeded},
    token::KeySet,
};
use tokio::time::timeout_at;

use self::refresh::{Look, Refresh, Wanted};
pub(crate) use self::{
    known::KnownTokens,
    machine_tokens::{MachineTokens, Verdict},
    source::{KeySource, PublicKeys},
};
use crate::clock::{Clock, Moment};

/// Age up to which a snapshot is used without asking Clerk, and so how long a removed key may still verify tokens.
const FRESH_AGE: Duration = Duration::from_secs(300);
/// Age from which a snapshot is not used even if Clerk fails: a removed key must not verify tokens forever.
const MAX_AGE: Duration = Duration::from_secs(3600);

/// The keys of one instance. Clones share them.
#[derive(Clone)]
pub struct KeyStore(Arc<Shared>);

struct Shared {
    /// The configured keys. If they are set, none are fetched.
    fixed: Option<KeySet>,
    source: KeySource,
    known: KnownTokens,
    /// Read by every request without a lock. Only a refresh replaces it.
    snapshot: ArcSwapOption<Snapshot>,
    refresh: Mutex<Refresh>,
    clock: Arc<dyn Clock>,
}

struct Snapshot {
    keys: KeySet,
    /// The response that the keys were read from, to detect whether the next one differs.
    body: Bytes,
    /// When Clerk was asked. Neither a clock that is set back nor a computer that is suspended extends the life of keys.
    asked: Moment,
    /// The number of the call.
    call: u64,
    /// The age at which a refresh in the background is due.
    due: Duration,
}

/// Keys to decide with.
pub(crate) struct Found {
    pub(crate) keys: KeySet,
    /// Whether they are no longer fresh, because Clerk fails.
    pub(crate) is_old: bool,
}

/// The age of a snapshot, the lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Age {
    Fresh,
    /// Still fresh, but soon no longer.
    Due,
    /// To be used only if Clerk fails.
    Stale,
    /// Of no use.
    Expired,
}

impl Snapshot {
    fn age(&self, now: Moment) -> Age {
        match now.since(self.asked) {
            age if age < self.due => Age::Fresh,
            age if age < FRESH_AGE => Age::Due,
            age if age < MAX_AGE => Age::Stale,
            _ => Age::Expired,
        }
    }
}

/// The state of a [`KeyStore`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeysState {
    /// The key is configured, and never fetched.
    Fixed,
    /// The keys were fetched less than five minutes ago.
    Fresh,
    /// The keys are older: the service was not used, or Clerk fails. The next request waits for a refresh, and they are
    /// used if that fails.
    Stale {
        /// How long they may still be used if Clerk fails.
        usable_for: Duration,
    },
    /// There are no keys: none were fetched yet, or they are too old. Requests with tokens wait for them, or get a 503.
    Missing,
}

/// The keys are not available.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// Clerk cannot be reached, or did not return keys. It is asked again after `retry_after`.
    #[error("Clerk's keys could not be loaded: {problem}")]
    Unavailable {
        /// How long until Clerk is asked again.
        retry_after: Duration,
        /// Whether Clerk responded at all.
        responded: bool,
        /// What went wrong, without secrets.
        problem: Arc<str>,
    },
    /// There is neither a secret key to ask Clerk with, nor an address of the public keys.
    #[error(
        "Clerk's keys cannot be fetched; set CLERK_SECRET_KEY, CLERK_PUBLISHABLE_KEY or CLERK_JWKS_URL, or the public key \
         itself in CLERK_JWT_KEY"
    )]
    NotConfigured {
        /// How long until this is checked again.
        retry_after: Duration,
    },
    /// Clerk refused the secret key.
    #[error("Clerk refused the secret key; check CLERK_SECRET_KEY")]
    SecretKeyInvalid {
        /// How long until Clerk is asked again.
        retry_after: Duration,
    },
    /// The known keys do not include the one that was asked for, and Clerk was asked too often because of other tokens with
    /// unknown key ids, or with signatures that do not match, to be asked about this one now.
    #[error(
        "too many tokens that the known keys do not verify: Clerk is asked about one of them in ten seconds"
    )]
    TooManyKeyIds {
        /// How long until Clerk may be asked again.
        retry_after: Duration,
    },
}

impl KeysError {
    /// How long until Clerk is asked again.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        match self {
            Self::Unavailable { retry_after, .. }
            | Self::NotConfigured { retry_after }
            | Self::SecretKeyInvalid { retry_after }
            | Self::TooManyKeyIds { retry_after } => *retry_after,
        }
    }
}

impl KeysError {
    /// Returns what a decision that waits for a key is told.
    pub(crate) fn failure(&self) -> KeyFailure {
        match self {
            Self::NotConfigured { .. } => KeyFailure::NotConfigured,
            Self::SecretKeyInvalid { .. } => KeyFailure::SecretKeyInvalid,
            Self::TooManyKeyIds { .. } => KeyFailure::TooManyKeyIds,
            Self::Unavailable { responded: true, .. } => KeyFailure::FailedToLoad,
            Self::Unavailable { .. } => KeyFailure::Unreachable,
        }
    }
}

impl KeyStore {
    pub(crate) fn new(
        source: KeySource,
        fixed: Option<KeySet>,
        known: KnownTokens,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let fixed = fixed.map(|keys| known.attach(keys));
        let snapshot = ArcSwapOption::empty();
        Self(Arc::new(Shared { fixed, source, known, snapshot, refresh: Mutex::default(), clock }))
    }

    /// Returns the state of the keys. This starts no call, so a readiness check calls [`warm_up`](Self::warm_up) first:
    /// otherwise a process without keys gets no requests, and without requests nothing fetches them.
    #[must_use]
    pub fn state(&self) -> KeysState {
        if self.0.fixed.is_some() {
            return KeysState::Fixed;
        }
        let now = self.now();
        let Some(snapshot) = self.snapshot() else { return KeysState::Missing };
        match snapshot.age(now) {
            Age::Fresh | Age::Due => KeysState::Fresh,
            Age::Stale => KeysState::Stale { usable_for: MAX_AGE.saturating_sub(now.since(snapshot.asked)) },
            Age::Expired => KeysState::Missing,
        }
    }

    /// Returns the keys that may be used without waiting: fresh ones, and during an outage old ones. Starts a refresh in
    /// the background if one is due.
    #[must_use]
    pub fn current(&self) -> Option<KeySet> {
        self.with_current(self.0.clock.now(), |keys| keys.cloned())
    }

    /// Passes on what [`current`](Self::current) returns, without a clone. `now` is what this store's clock says.
    pub(crate) fn with_current<T>(&self, now: Timestamp, then: impl FnOnce(Option<&KeySet>) -> T) -> T {
        if let Some(fixed) = &self.0.fixed {
            return then(Some(fixed));
        }
        // Nearly every request ends here: no lock, and nothing is written.
        let snapshot = self.0.snapshot.load();
        let usable = snapshot.as_deref().filter(|snapshot| self.may_use(snapshot, Moment::at(now)));
        then(usable.map(|snapshot| &snapshot.keys))
    }

    /// Starts a refresh in the background if one is due.
    fn may_use(&self, snapshot: &Snapshot, now: Moment) -> bool {
        let age = snapshot.age(now);
        if age == Age::Fresh {
            return true;
        }
        let mut refresh = self.lock();
        refresh.refresh(self, now);
        age == Age::Due || refresh.allows_stale(snapshot, now)
    }

    /// Fetches the keys, unless the store has usable ones: then this returns at once. Concurrent callers share one call, and
    /// after a failure Clerk is not called again for one second, growing to about a minute. So a readiness check can call
    /// this each time, with a timeout; the call goes on when it hangs up.
    ///
    /// # Errors
    /// If Clerk cannot be reached, or refuses the secret key.
    pub async fn warm_up(&self) -> Result<(), KeysError> {
        self.find(Wanted::Any).await.map(drop)
    }

    /// Returns the keys to look `kid` up in. They are fetched if none are cached, if the cached ones are no longer fresh,
    /// or if they do not contain `kid`. If the keys that are returned do not contain it, Clerk does not have it: Clerk
    /// was asked after this function was called, or in the ten seconds before because of the same id.
    ///
    /// # Errors
    /// If Clerk does not return keys, or may not be asked again yet. [`KeysError::retry_after`] says when it may.
    pub async fn with_key(&self, kid: &str) -> Result<KeySet, KeysError> {
        self.find(Wanted::Key(kid)).await.map(|found| found.keys)
    }

    /// Returns the keys that a decision waits for: ones with the key id, and others than it has tried.
    pub(crate) async fn meet(&self, needed: &KeyNeeded) -> Result<Found, KeysError> {
        let kid = needed.kid();
        self.find(needed.tried().map_or(Wanted::Key(kid), |tried| Wanted::Another(kid, tried))).await
    }

    async fn find(&self, wanted: Wanted<'_>) -> Result<Found, KeysError> {
        if let Some(fixed) = &self.0.fixed {
            return Ok(Found { keys: fixed.clone(), is_old: false });
        }
        let started = self.lock().started;
        loop {
            // Decided under the lock, awaited outside it.
            let look = self.lock().look(self, wanted, started, self.now());
            let (flight, patience) = match look {
                Look::Found(found) => return Ok(found),
                Look::Refused(error) => return Err(error),
                Look::Wait(flight, patience) => (flight, patience),
            };
            let landed = match patience {
                Some(patience) => timeout_at(patience, flight.wait()).await,
                None => Ok(flight.wait().await),
            };
            if let Ok(Ok(Err(error))) = landed {
                return self.old_keys(wanted).ok_or(error);
            }
            // There are new keys; or the call was lost, and is made again; or it takes so long that old keys may be used.
        }
    }

    /// The keys to use after Clerk has failed.
    fn old_keys(&self, wanted: Wanted<'_>) -> Option<Found> {
        let snapshot = self.snapshot()?;
        let is_usable = wanted.is_met_by(&snapshot.keys) && snapshot.age(self.now()) < Age::Expired;
        is_usable.then(|| Found { keys: snapshot.keys.clone(), is_old: true })
    }

    fn now(&self) -> Moment {
        Moment::now(&*self.0.clock)
    }

    fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.0.snapshot.load_full()
    }

    /// Puts the keys of this call in place, which was made at `asked`. If the response has not changed, the parsed keys stay,
    /// and with them the known tokens. Returns `false` if newer ones are in place: a late response must not bring a removed
    /// key back.
    fn store(&self, keys: KeySet, body: Bytes, call: u64, asked: Moment) -> bool {
        let old = self.0.snapshot.load();
        let keys = match old.as_ref() {
            Some(old) if call < old.call => return false,
            // The usual case. Replacing the keys would verify every known token again.
            Some(old) if old.body == body => old.keys.clone(),
            // Tokens that were verified with other keys are no longer known.
            _ => self.0.known.attach(keys),
        };
        // Random, so that the processes of a service that were started together do not refresh together.
        let due = FRESH_AGE.mul_f64(0.8 + fastrand::f64() / 10.0);
        self.0.snapshot.store(Some(Arc::new(Snapshot { keys, body, asked, call, due })));
        true
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Refresh> {
        self.0.refresh.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for KeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loaded = self.0.snapshot.load().is_some();
        f.debug_struct("KeyStore").field("loaded", &loaded).finish_non_exhaustive()
    }
}
