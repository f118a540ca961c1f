//! Single-flight: concurrent callers share one call. Used by the cache, the key store, and the verification of machine
//! tokens.

use std::{
    future::{Future, pending},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::{Either, select};
use tokio::{
    runtime::Handle,
    sync::watch,
    time::{sleep, timeout},
};
use tracing::{Instrument as _, Span};

use crate::runtime::{self, NoRuntime};

/// How often a caller on another runtime checks that the call's runtime still runs tasks, and how long that runtime has
/// to run one. A runtime that is blocked for longer costs one more call.
const PULSE: Duration = Duration::from_millis(250);

/// A call that runs in a task of its own. Clones wait for the same result.
///
/// A shared future would not do: it only runs while someone polls it, so the call would stop when its callers hang up.
#[derive(Clone, Debug)]
pub(crate) struct Flight<T> {
    /// `Some(None)` if the call panicked.
    result: watch::Receiver<Option<Option<T>>>,
    /// Where the call runs.
    runtime: Handle,
    stands_still: Arc<AtomicBool>,
    /// The span that the call runs in.
    span: Span,
}

/// Error of waiting for a call that will have no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Its runtime was shut down or stands still. The caller may start another one.
    WithRuntime,
    /// It panicked, and would probably do so again.
    Panicked,
}

impl<T: Clone + Send + Sync + 'static> Flight<T> {
    /// Starts a call on the current runtime, in the current span.
    pub(crate) fn start(call: impl Future<Output = T> + Send + 'static) -> Result<Self, NoRuntime> {
        Self::start_in(Span::current(), call)
    }

    /// Starts a call that no caller waits for. Its span follows from the current one instead of being a part of it, so
    /// that it does not extend the current one.
    pub(crate) fn start_in_background(
        call: impl Future<Output = T> + Send + 'static,
    ) -> Result<Self, NoRuntime> {
        let span = tracing::debug_span!(target: "clerk::call", parent: None, "clerk.refresh");
        span.follows_from(Span::current());
        Self::start_in(span, call)
    }

    fn start_in(span: Span, call: impl Future<Output = T> + Send + 'static) -> Result<Self, NoRuntime> {
        let runtime = runtime::current()?;
        let (sender, result) = watch::channel(None);
        let task = async move {
            let landing = Landing(sender);
            let value = call.await;
            // An error means that no caller waits any more. The call's side effects, such as filling a cache, remain.
            let _ = landing.0.send(Some(Some(value)));
        };
        runtime.spawn(task.instrument(span.clone()));
        Ok(Self { result, runtime, stands_still: Arc::default(), span })
    }

    /// Returns `true` if the call has not ended. A call whose task panicked has ended, and so has one that a caller
    /// found to be lost.
    pub(crate) fn is_running(&self) -> bool {
        self.result.has_changed().is_ok()
            && self.result.borrow().is_none()
            && !self.stands_still.load(Ordering::Relaxed)
    }

    /// Waits for the result.
    pub(crate) async fn wait(self) -> Result<T, Lost> {
        let current = Span::current();
        if current.id() != self.span.id() {
            current.follows_from(&self.span);
        }
        let mut result = self.result;
        let landed = pin!(result.wait_for(Option::is_some));
        match select(landed, pin!(stands_still(self.runtime))).await {
            Either::Left((landed, _)) => match landed.as_deref() {
                Ok(Some(Some(value))) => Ok(value.clone()),
                Ok(_) => Err(Lost::Panicked),
                Err(_) => Err(Lost::WithRuntime),
            },
            Either::Right(_) => {
                self.stands_still.store(true, Ordering::Relaxed);
                Err(Lost::WithRuntime)
            }
        }
    }
}

/// Tells the callers if the call panics.
struct Landing<T>(watch::Sender<Option<Option<T>>>);

impl<T> Drop for Landing<T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.send_replace(Some(None));
        }
    }
}

/// Ends when a runtime does not run tasks any more.
async fn stands_still(home: Handle) {
    // A caller on the same runtime stands still with it. Outside a runtime there is no timer.
    if runtime::current().map_or(true, |current| current.id() == home.id()) {
        return pending().await;
    }
    // A runtime that was shut down cancels the task at once.
    while let Ok(Ok(())) = timeout(PULSE, home.spawn(async {})).await {
        sleep(PULSE).await;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicU32, Ordering},
        },
        time::Duration,
    };

    use tokio::runtime::{Builder, Runtime};

    use super::*;

    #[test]
    fn without_a_runtime_nothing_starts() {
        assert!(Flight::start(async { 1 }).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn everyone_gets_the_result_of_one_call() {
        let calls = Arc::new(AtomicU32::new(0));
        let counted = calls.clone();
        let flight = Flight::start(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            counted.fetch_add(1, Ordering::SeqCst)
        });
        let flight = flight.unwrap();
        assert!(flight.is_running());
        let results = futures_util::future::join_all((0..3).map(|_| flight.clone().wait())).await;
        assert_eq!(results, [Ok(0); 3]);
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        assert!(!flight.is_running());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_outlives_those_who_wait_for_it() {
        let calls = Arc::new(AtomicU32::new(0));
        let counted = calls.clone();
        let flight = Flight::start(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            counted.fetch_add(1, Ordering::SeqCst);
        });
        drop(flight);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_panic_ends_the_call_without_a_result() {
        let flight = Flight::<u32>::start(async { panic!("on purpose") }).unwrap();
        assert_eq!(flight.clone().wait().await, Err(Lost::Panicked));
        assert!(!flight.is_running());
    }

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_all().build().unwrap()
    }

    /// A call that never ends, on a runtime of its own that runs until it has begun.
    fn endless() -> (Runtime, Flight<u32>) {
        let runtime = runtime();
        let flight = runtime.block_on(async {
            let flight = Flight::start(std::future::pending()).unwrap();
            tokio::task::yield_now().await;
            flight
        });
        (runtime, flight)
    }

    #[test]
    fn callers_elsewhere_notice_when_the_calls_runtime_ends() {
        let (home, flight) = endless();
        assert!(flight.is_running());
        runtime().block_on(async {
            let waiting = tokio::spawn(flight.clone().wait());
            tokio::task::yield_now().await;
            home.shutdown_background();
            assert_eq!(waiting.await.unwrap(), Err(Lost::WithRuntime));
        });
        assert!(!flight.is_running());
    }

    #[test]
    fn callers_elsewhere_notice_when_the_calls_runtime_stands_still() {
        // Nobody runs its tasks, as when its only thread is blocked.
        let (_home, flight) = endless();
        assert!(flight.is_running());
        assert_eq!(runtime().block_on(flight.clone().wait()), Err(Lost::WithRuntime));
        assert!(!flight.is_running(), "the next caller starts another one");
    }
}
