//! The keys of one instance: fetched once, shared by all requests, refreshed behind their backs.
//!
//! - Requests read a snapshot. Nobody waits while there is a usable one.
//! - A snapshot is refreshed in the background after five minutes, give or take, and is used for an hour at
//!   most while Clerk cannot be reached.
//! - Any number of requests that need keys share one call to Clerk. The call goes on when they hang up.
//! - A token with an unknown key id causes at most one call in ten seconds, whoever sends how many of them.
//! - A session token whose signature is good is remembered until the keys change: it costs a look-up from then on.
//! - After a failure the next call waits, from one second up to a minute.
//!
//! Every [`Clerk`](crate::Clerk) has a store of its own, so that a key of one instance never speaks for
//! another.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let clerk = clerk_tower::Clerk::from_env()?;
//! // At start-up: the first request need not wait, and a wrong secret key shows now.
//! clerk.keys().warm_up().await?;
//! # Ok(()) }
//! ```

mod known;
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

pub(crate) use self::known::KnownTokens;
use self::refresh::{Refresh, Turn};
use crate::{clock::Clock, stack::Stack};

/// When a snapshot is refreshed in the background; a tenth of it is drawn by lot.
const SOFT_AGE: Duration = Duration::from_secs(300);
/// When a snapshot that could not be refreshed is no longer used.
const HARD_AGE: Duration = Duration::from_secs(3600);

/// The keys of one instance. Clones share them.
#[derive(Clone)]
pub struct KeyStore(Arc<Shared>);

struct Shared {
    /// Configured, and never fetched.
    fixed: Option<KeySet>,
    known: KnownTokens,
    snapshot: ArcSwapOption<Snapshot>,
    refresh: Mutex<Refresh>,
    stack: Stack,
    clock: Arc<dyn Clock>,
}

struct Snapshot {
    keys: KeySet,
    /// What the keys were read from, to see whether the next answer changes anything.
    body: Bytes,
    soft: Instant,
    hard: Instant,
}

/// Where a [`KeyStore`] stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeysState {
    /// The key was configured; nothing is ever fetched.
    Fixed,
    /// The keys were fetched within the last minutes.
    Fresh,
    /// The keys are due for a refresh, which has not succeeded yet. They are still used.
    Stale {
        /// For how long they are used if Clerk does not answer.
        usable_for: Duration,
    },
    /// There are no keys: none were fetched yet, or they are too old. Requests with tokens wait for them, or are
    /// answered with 503.
    Missing,
}

/// The keys are not to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// Clerk cannot be reached, or did not answer with keys. It is asked again after `retry_after`.
    #[error("Clerk's keys could not be loaded: {problem}")]
    Unavailable {
        /// How long until Clerk is asked again.
        retry_after: Duration,
        /// Whether Clerk answered at all.
        answered: bool,
        /// What went wrong, without secrets.
        problem: Arc<str>,
    },
    /// There is no secret key to ask Clerk with.
    #[error("Clerk's keys cannot be fetched without the secret key; set it, or the instance's public key")]
    NotConfigured {
        /// How long until that is looked at again.
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
    /// The same as an answer to a decision that waits for a key.
    pub(crate) fn failure(&self) -> KeyFailure {
        match self {
            Self::NotConfigured { .. } => KeyFailure::NotConfigured,
            Self::SecretKeyInvalid { .. } => KeyFailure::SecretKeyInvalid,
            Self::Unavailable { answered: true, .. } => KeyFailure::FailedToLoad,
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

    /// Where the keys stand, for a health check. Asking starts nothing.
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

    /// The keys to use now, if there are any. Starts a refresh in the background when they are due for one.
    #[must_use]
    pub fn current(&self) -> Option<KeySet> {
        if let Some(fixed) = &self.0.fixed {
            return Some(fixed.clone());
        }
        let snapshot = self.0.snapshot.load();
        let snapshot = snapshot.as_ref()?;
        let now = Instant::now();
        if now >= snapshot.hard {
            return None;
        }
        if now >= snapshot.soft {
            drop(self.lock().turn(self, now));
        }
        Some(snapshot.keys.clone())
    }

    /// Fetches the keys, unless there are some.
    ///
    /// # Errors
    /// When Clerk cannot be reached, or refuses the secret key.
    pub async fn warm_up(&self) -> Result<(), KeysError> {
        match self.current() {
            Some(_) => Ok(()),
            None => self.fetch(None).await.map(drop),
        }
    }

    /// The keys to look `kid` up in, fetched if they are missing or do not hold it. When Clerk was asked a
    /// moment ago, the keys that are known are returned as they are, with `kid` or without.
    ///
    /// # Errors
    /// When Clerk does not answer with keys.
    pub async fn with_key(&self, kid: &str) -> Result<KeySet, KeysError> {
        match self.current() {
            Some(keys) if keys.contains(kid) => Ok(keys),
            _ => self.fetch(Some(kid)).await,
        }
    }

    async fn fetch(&self, kid: Option<&str>) -> Result<KeySet, KeysError> {
        // Decided under the lock, awaited outside of it.
        let running = {
            let mut refresh = self.lock();
            let known = self.current_without_refresh();
            if let Some(keys) = &known
                && kid.is_none_or(|kid| keys.contains(kid))
            {
                // Another request's refresh came between.
                return Ok(keys.clone());
            }
            match refresh.turn(self, Instant::now()) {
                Turn::Running(running) => running,
                Turn::Wait(Some(error)) => return Err(error),
                Turn::Wait(None) => {
                    return known.ok_or_else(|| KeysError::unreachable("Clerk was asked a moment ago"));
                }
            }
        };
        refresh::wait(running).await
    }

    fn current_without_refresh(&self) -> Option<KeySet> {
        let snapshot = self.0.snapshot.load();
        snapshot
            .as_ref()
            .filter(|snapshot| Instant::now() < snapshot.hard)
            .map(|snapshot| snapshot.keys.clone())
    }

    /// Puts new keys in place. An answer that changes nothing keeps the keys that are already parsed.
    fn store(&self, keys: KeySet, body: Bytes, now: Instant) -> KeySet {
        let old = self.0.snapshot.load();
        let keys = match old.as_ref() {
            Some(old) if old.body == body => old.keys.clone(),
            // Other keys know no tokens yet.
            _ => self.0.known.attach(keys),
        };
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
