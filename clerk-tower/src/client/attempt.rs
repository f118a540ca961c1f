//! What is known of a call while it runs: how often it was sent, how long it was held back, and whether it is on the
//! wire.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use clerk_core::OperationInfo;
use http::{Extensions, Response};
use tokio::time::Instant;

use super::transport::Delivery;
use crate::{Error, ErrorKind, error::Attempts};

/// The progress of one call, in the request's extensions.
///
/// Clones share it. A deadline around the whole call drops the future that retries, and can still report how often it
/// sent the call, and whether it waited or was on the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    state: Arc<Mutex<State>>,
    /// When the call ends at the latest. Not shared, because a deadline holds for what is inside its layer.
    expires: Option<Instant>,
}

#[derive(Debug, Default)]
struct State {
    /// The attempts that were retried, and how long the call was held back.
    past: Attempts,
    /// Since when the call is held back.
    waiting: Option<Instant>,
    /// The attempt that the transport is making.
    current: Option<Delivery>,
}

impl State {
    /// Returns all attempts, including the last one if it `was_made`.
    fn attempts(&self, was_made: bool) -> Attempts {
        let made = self.past.made.saturating_add(u32::from(was_made));
        Attempts { made, waited: self.waited(), ..self.past }
    }

    fn waited(&self) -> Duration {
        let now = self.waiting.map_or(Duration::ZERO, |since| since.elapsed());
        self.past.waited.saturating_add(now)
    }
}

impl Progress {
    /// Returns the call's progress. Creates it if the call has none yet.
    pub(crate) fn of(extensions: &mut Extensions) -> Self {
        extensions.get_or_insert_default::<Self>().clone()
    }

    /// Returns when the call of a request with these extensions ends at the latest; `None` without a deadline.
    pub(crate) fn expires(extensions: &Extensions) -> Option<Instant> {
        extensions.get::<Self>()?.expires
    }

    /// Sets when the call ends at the latest, for the layers further in, and returns its progress.
    pub(crate) fn expire_at(extensions: &mut Extensions, end: Instant) -> Self {
        let progress = extensions.get_or_insert_default::<Self>();
        progress.expires = Some(end);
        progress.clone()
    }

    /// Returns the attempt that is being made of the call of a request with these extensions.
    #[cfg(any(feature = "hyper", feature = "reqwest"))]
    pub(crate) fn current(extensions: &Extensions) -> Option<Delivery> {
        extensions.get::<Self>()?.lock().current.clone()
    }

    /// Counts an attempt that is retried. `unclear` is whether it may have taken effect.
    pub(crate) fn retried(&self, unclear: bool) {
        let mut state = self.lock();
        state.past.made = state.past.made.saturating_add(1);
        state.past.unclear |= unclear;
    }

    /// Records that a layer holds the call back, until the guard is dropped.
    pub(crate) fn wait(&self) -> Waiting {
        self.lock().waiting.get_or_insert_with(Instant::now);
        Waiting(self.clone())
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.lock().waiting.is_some()
    }

    /// Starts an attempt, which the transport learns of by [`current`](Self::current).
    pub(crate) fn deliver(&self) -> Delivery {
        self.lock().current.insert(Delivery::default()).clone()
    }

    /// Ends the attempt, with a response or an error.
    pub(crate) fn delivered(&self) {
        self.lock().current = None;
    }

    /// Ends the call, or its current attempt, because it took longer than `limit`. The transport gives up the
    /// connection.
    pub(crate) fn timed_out(&self, info: Option<&'static OperationInfo>, limit: Duration) -> Error {
        let (current, is_waiting, attempts) = {
            let mut state = self.lock();
            let is_waiting = state.waiting.is_some();
            (state.current.take(), is_waiting, state.attempts(!is_waiting))
        };
        let is_unsent = current.is_some_and(|delivery| delivery.timed_out());
        let kind =
            if is_waiting || is_unsent { ErrorKind::NotSent(limit) } else { ErrorKind::Timeout(limit) };
        Error::new(info, kind).after(attempts)
    }

    /// Records in a result how often the call was sent.
    pub(crate) fn record_in<B>(&self, result: Result<Response<B>, Error>) -> Result<Response<B>, Error> {
        match result {
            Ok(mut response) => {
                let attempts = self.lock().attempts(true);
                // A response without it came at the first attempt, which was not held back.
                if attempts != Attempts::ONE {
                    response.extensions_mut().insert(attempts);
                }
                Ok(response)
            }
            Err(error) => {
                let attempts = self.lock().attempts(error.kind().ended_an_attempt());
                Err(error.after(attempts))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call is held back as long as this exists.
#[derive(Debug)]
pub(crate) struct Waiting(Progress);

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.past.waited = state.waited();
        state.waiting = None;
    }
}
