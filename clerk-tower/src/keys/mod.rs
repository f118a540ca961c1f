//! The keys of one instance, and the tokens that were verified with them. Keys are refreshed in the background.
//!
//! - Requests read a snapshot. No request waits while there is a usable one.
//! - A snapshot is refreshed in the background after about five minutes. If Clerk cannot be reached, it is used for at
//!   most an hour.
//! - All requests that need keys share one call to Clerk. The call goes on when they hang up.
//! - Tokens with unknown key ids cause at most one call in ten seconds, however many are sent.
//! - A session token whose signature was verified is remembered until the keys change, and then costs a lookup.
//! - After a failure the next call backs off, from one second up to a minute.
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

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use clerk_core::{authenticate::KeyFailure, token::KeySet};
use tokio::time::Instant;

use self::refresh::{Joined, Refresh};
pub(crate) use self::{known::KnownTokens, machine_tokens::MachineTokens};
use crate::{client::stack::Stack, clock::Clock};

/// Age at which a snapshot is refreshed in the background; up to a tenth is subtracted at random.
const SOFT_AGE: Duration = Duration::from_secs(300);
/// Age from which a snapshot that could not be refreshed is no longer used: a key that was revoked meanwhile must not
/// verify tokens forever.
const HARD_AGE: Duration = Duration::from_secs(3600);

/// The keys of one instance. Clones share them.
#[derive(Clone)]
pub struct KeyStore(Arc<Shared>);

struct Shared {
    /// The configured key. If it is set, no keys are fetched.
    fixed: Option<KeySet>,
    known: KnownTokens,
    /// Read by every request without a lock. Only a refresh replaces it.
    snapshot: ArcSwapOption<Snapshot>,
    refresh: Mutex<Refresh>,
    stack: Stack,
    clock: Arc<dyn Clock>,
}

struct Snapshot {
    keys: KeySet,
    /// The response that the keys were read from, to detect whether the next one differs.
    body: Bytes,
    soft: Instant,
    hard: Instant,
}

/// The state of a [`KeyStore`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeysState {
    /// The key is configured, and never fetched.
    Fixed,
    /// The keys were fetched recently.
    Fresh,
    /// A refresh is due, but has not succeeded yet. The keys are still used.
    Stale {
        /// How long they are still used if Clerk does not respond.
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
    /// There is no secret key to ask Clerk with.
    #[error(
        "Clerk's keys cannot be fetched without the secret key; set CLERK_SECRET_KEY, or the public key in CLERK_JWT_KEY"
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
}

impl KeysError {
    /// How long until Clerk is asked again.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        match self {
            Self::Unavailable { retry_after, .. }
            | Self::NotConfigured { retry_after }
            | Self::SecretKeyInvalid { retry_after } => *retry_after,
        }
    }
}

impl KeysError {
    /// Returns what a decision that waits for a key is told.
    pub(crate) fn failure(&self) -> KeyFailure {
        match self {
            Self::NotConfigured { .. } => KeyFailure::NotConfigured,
            Self::SecretKeyInvalid { .. } => KeyFailure::SecretKeyInvalid,
            Self::Unavailable { responded: true, .. } => KeyFailure::FailedToLoad,
            Self::Unavailable { .. } => KeyFailure::Unreachable,
        }
    }
}

impl KeyStore {
    pub(crate) fn new(
        stack: Stack,
        fixed: Option<KeySet>,
        known: KnownTokens,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let fixed = fixed.map(|keys| known.attach(keys));
        let snapshot = ArcSwapOption::empty();
        Self(Arc::new(Shared { fixed, known, snapshot, refresh: Mutex::default(), stack, clock }))
    }

    /// Returns the state of the keys, for a health check. This starts no call.
    #[must_use]
    pub fn state(&self) -> KeysState {
        if self.0.fixed.is_some() {
            return KeysState::Fixed;
        }
        let (snapshot, now) = (self.0.snapshot.load(), Instant::now());
        match snapshot.as_ref() {
            Some(snapshot) if now < snapshot.soft => KeysState::Fresh,
            Some(snapshot) if now < snapshot.hard => KeysState::Stale { usable_for: snapshot.hard - now },
            _ => KeysState::Missing,
        }
    }

    /// Returns the keys to use now, if there are any. Starts a refresh in the background if one is due.
    #[must_use]
    pub fn current(&self) -> Option<KeySet> {
        if let Some(fixed) = &self.0.fixed {
            return Some(fixed.clone());
        }
        let snapshot = self.0.snapshot.load();
        let snapshot = snapshot.as_ref()?;
        // Monotonic time and not the client's clock: setting the clock back must not extend the life of keys.
        let now = Instant::now();
        if now >= snapshot.hard {
            return None;
        }
        if now >= snapshot.soft {
            // The refresh runs in a task of its own; dropping the handle does not cancel it.
            drop(self.lock().join(self, now));
        }
        Some(snapshot.keys.clone())
    }

    /// Fetches the keys, unless the store has usable ones.
    ///
    /// # Errors
    /// If Clerk cannot be reached, or refuses the secret key.
    pub async fn warm_up(&self) -> Result<(), KeysError> {
        match self.current() {
            Some(_) => Ok(()),
            None => self.fetch(None).await.map(drop),
        }
    }

    /// Returns the keys to look `kid` up in. They are fetched if none are cached, or if they do not contain it. If Clerk
    /// was asked less than ten seconds ago, the known keys are returned, with or without `kid`.
    ///
    /// # Errors
    /// If Clerk does not return keys.
    pub async fn with_key(&self, kid: &str) -> Result<KeySet, KeysError> {
        match self.current() {
            Some(keys) if keys.contains(kid) => Ok(keys),
            _ => self.fetch(Some(kid)).await,
        }
    }

    async fn fetch(&self, kid: Option<&str>) -> Result<KeySet, KeysError> {
        // Decided under the lock, awaited outside it.
        let flight = {
            let mut refresh = self.lock();
            let known = self.current_without_refresh();
            if let Some(keys) = &known
                && kid.is_none_or(|kid| keys.contains(kid))
            {
                // Another request's refresh has brought it.
                return Ok(keys.clone());
            }
            match refresh.join(self, Instant::now()) {
                Joined::Waiting(flight) => flight,
                Joined::TooEarly(Some(error)) => return Err(error),
                Joined::TooEarly(None) => {
                    return known.ok_or_else(|| KeysError::unreachable("Clerk was asked a moment ago"));
                }
            }
        };
        refresh::wait(flight).await
    }

    fn current_without_refresh(&self) -> Option<KeySet> {
        let snapshot = self.0.snapshot.load();
        snapshot
            .as_ref()
            .filter(|snapshot| Instant::now() < snapshot.hard)
            .map(|snapshot| snapshot.keys.clone())
    }

    /// Puts new keys in place. If the response has not changed, the parsed keys stay, and with them the known tokens.
    fn store(&self, keys: KeySet, body: Bytes, now: Instant) -> KeySet {
        let old = self.0.snapshot.load();
        let keys = match old.as_ref() {
            // The usual case. Replacing the keys would verify every known token again.
            Some(old) if old.body == body => old.keys.clone(),
            // Tokens that were verified with other keys are no longer known.
            _ => self.0.known.attach(keys),
        };
        // Random, so that the processes of a service that were started together do not refresh together.
        let jitter = SOFT_AGE.mul_f64(fastrand::f64() / 10.0);
        let snapshot =
            Snapshot { keys: keys.clone(), body, soft: now + SOFT_AGE - jitter, hard: now + HARD_AGE };
        self.0.snapshot.store(Some(Arc::new(snapshot)));
        keys
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
