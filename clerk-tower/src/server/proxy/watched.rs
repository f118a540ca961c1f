use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::{
    runtime::Handle,
    sync::OwnedSemaphorePermit,
    task::AbortHandle,
    time::{Instant, sleep_until},
};

use crate::{BoxError, server::body::OwnBody};

/// A body that is dropped, with what it holds, if it stands still: because nothing arrives, or because nobody reads it. A
/// timer of the reader would not cover the second case: a server does not poll a body while it waits for its client.
pub(super) struct Watched {
    shared: Shared,
    timer: Option<AbortHandle>,
}

/// What is known of a body, also after it was dropped.
#[derive(Clone)]
pub(super) struct Progress(Shared);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The reader has to read on.
    Readable,
    /// The reader waits for the sender.
    Waiting,
    /// All of it was read.
    Complete,
    /// Reading it failed.
    Broken,
    /// The sender was waited for, for too long.
    Stalled,
    /// The reader did not read on for too long.
    Unread,
}

impl Stage {
    /// What remains of a body that stood still for too long at this stage.
    const fn ended(self) -> Self {
        match self {
            Self::Waiting => Self::Stalled,
            Self::Readable => Self::Unread,
            Self::Complete | Self::Broken | Self::Stalled | Self::Unread => self,
        }
    }

    /// Whether the body was dropped before its end, so that reading on fails.
    const fn is_cut_off(self) -> bool {
        matches!(self, Self::Stalled | Self::Unread)
    }

    /// Whether the reader has all that there is, and so is the one who is waited for.
    pub(super) const fn is_readers_turn(self) -> bool {
        matches!(self, Self::Readable | Self::Complete | Self::Unread)
    }
}

type Shared = Arc<Mutex<State>>;

struct State {
    body: Option<OwnBody>,
    /// Kept as long as the body.
    permit: Option<OwnedSemaphorePermit>,
    stage: Stage,
    /// When the last part was read, or the reader began to wait for the next.
    moved: Instant,
    /// Whoever waits for the next part.
    reader: Option<Waker>,
}

/// Error of reading a body that stood still for too long.
#[derive(Debug, thiserror::Error)]
#[error("the body stood still for too long")]
struct StoodStill;

impl Watched {
    /// Wraps a body that may stand still for this long, and that keeps `permit` while it exists.
    pub(super) fn new(body: OwnBody, idle: Duration, permit: Option<OwnedSemaphorePermit>) -> Self {
        let is_complete = body.is_end_stream();
        let stage = if is_complete { Stage::Complete } else { Stage::Readable };
        let state = State { body: Some(body), permit, stage, moved: Instant::now(), reader: None };
        let shared = Arc::new(Mutex::new(state));
        let watch = watch(Arc::downgrade(&shared), idle);
        // Without a runtime there is no timer, and no server either.
        let runtime = Handle::try_current().ok().filter(|_| !is_complete);
        let timer = runtime.map(|runtime| runtime.spawn(watch).abort_handle());
        Self { shared, timer }
    }

    pub(super) fn progress(&self) -> Progress {
        Progress(self.shared.clone())
    }
}

impl Progress {
    pub(super) fn stage(&self) -> Stage {
        lock(&self.0).stage
    }

    /// Ends the body as if it had stood still for too long.
    pub(super) fn give_up(&self) {
        let mut state = lock(&self.0);
        let stage = state.stage.ended();
        let (held, reader) = (state.end(stage), state.reader.take());
        drop(state);
        // Outside of the lock, because dropping a body and waking a task may run any code.
        drop(held);
        reader.into_iter().for_each(Waker::wake);
    }

    /// Ends the body if its sender is waited for. Returns `false` if it is not: what has arrived meanwhile is read.
    pub(super) fn displace(&self) -> bool {
        let mut state = lock(&self.0);
        if state.stage != Stage::Waiting {
            return false;
        }
        let (held, reader) = (state.end(Stage::Stalled), state.reader.take());
        drop(state);
        drop(held);
        reader.into_iter().for_each(Waker::wake);
        true
    }
}

/// A poisoned lock is used: a body that panicked is not polled again.
fn lock(shared: &Mutex<State>) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// Drops the body and what it holds, and remembers why.
    fn end(&mut self, stage: Stage) -> (Option<OwnBody>, Option<OwnedSemaphorePermit>) {
        self.stage = stage;
        (self.body.take(), self.permit.take())
    }
}

/// Ends a body that has not moved for this long.
async fn watch(shared: Weak<Mutex<State>>, idle: Duration) {
    loop {
        let Some(due) = shared.upgrade().and_then(|shared| lock(&shared).moved.checked_add(idle)) else {
            return;
        };
        if Instant::now() < due {
            sleep_until(due).await;
            continue;
        }
        return shared.upgrade().into_iter().for_each(|shared| Progress(shared).give_up());
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut state = lock(&self.shared);
        let Some(body) = &mut state.body else {
            return Poll::Ready(state.stage.is_cut_off().then(|| Err(StoodStill.into())));
        };
        let polled = Pin::new(body).poll_frame(context);
        match &polled {
            Poll::Pending => {
                // The sender has all of its time, however late the reader asks.
                if state.stage != Stage::Waiting {
                    state.moved = Instant::now();
                }
                state.stage = Stage::Waiting;
                state.reader = Some(context.waker().clone());
            }
            Poll::Ready(Some(Ok(_))) => {
                let is_complete = state.body.as_ref().is_some_and(Body::is_end_stream);
                state.stage = if is_complete { Stage::Complete } else { Stage::Readable };
                state.moved = Instant::now();
                state.reader = None;
            }
            Poll::Ready(Some(Err(_))) => state.stage = Stage::Broken,
            Poll::Ready(None) => state.stage = Stage::Complete,
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        let state = lock(&self.shared);
        state.body.as_ref().map_or(!state.stage.is_cut_off(), Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        lock(&self.shared).body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(timer) = &self.timer {
            timer.abort();
        }
        let mut state = lock(&self.shared);
        let stage = state.stage;
        let held = state.end(stage);
        drop(state);
        drop(held);
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, Full};
    use tokio::sync::Semaphore;

    use super::*;
    use crate::server::body::boxed;

    const IDLE: Duration = Duration::from_secs(1);

    /// Its sender says nothing.
    struct Silent;

    impl Body for Silent {
        type Data = Bytes;
        type Error = BoxError;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            Poll::Pending
        }
    }

    fn abc() -> OwnBody {
        boxed(Full::new(Bytes::from_static(b"abc")))
    }

    #[tokio::test]
    async fn a_body_looks_like_the_one_inside() {
        let mut watched = Watched::new(abc(), IDLE, None);
        assert_eq!((watched.size_hint().exact(), watched.is_end_stream()), (Some(3), false));
        assert!(watched.progress().stage().is_readers_turn());
        assert_eq!(watched.frame().await.unwrap().unwrap().into_data().unwrap(), "abc");
        assert_eq!((watched.size_hint().exact(), watched.is_end_stream()), (Some(0), true));
        assert!(watched.frame().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_fails_and_has_no_end() {
        let mut watched = Watched::new(boxed(Silent), IDLE, None);
        let progress = watched.progress();
        for _ in 0..2 {
            assert!(watched.frame().await.unwrap().is_err());
            assert!(!watched.is_end_stream() && !progress.stage().is_readers_turn());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_was_read_to_its_end_stays_complete() {
        let mut watched = Watched::new(abc(), IDLE, None);
        assert!(watched.frame().await.unwrap().is_ok());
        tokio::time::sleep(IDLE * 2).await;
        assert!(watched.is_end_stream() && watched.frame().await.is_none());
    }

    #[tokio::test]
    async fn a_permit_is_kept_as_long_as_the_body() {
        let permits = Arc::new(Semaphore::new(1));
        let permit = permits.clone().try_acquire_owned().unwrap();
        let watched = Watched::new(abc(), IDLE, Some(permit));
        let progress = watched.progress();
        assert_eq!(permits.available_permits(), 0);
        drop(watched);
        assert_eq!(permits.available_permits(), 1);
        drop(progress);
    }
}
