//! Single-flight: concurrent callers share one call. Used by the cache and the key store.

use std::future::Future;

use tokio::{runtime::Handle, sync::watch};

/// A call that runs in a task of its own. Clones wait for the same result.
///
/// A shared future would not do: it only runs while someone polls it, so the call would stop when its callers hang up.
#[derive(Clone, Debug)]
pub(crate) struct Flight<T>(watch::Receiver<Option<T>>);

/// Error of starting a call outside a tokio runtime.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoRuntime;

impl<T: Clone + Send + Sync + 'static> Flight<T> {
    /// Starts a call on the current runtime.
    pub(crate) fn start(call: impl Future<Output = T> + Send + 'static) -> Result<Self, NoRuntime> {
        let runtime = Handle::try_current().map_err(|_| NoRuntime)?;
        let (sender, receiver) = watch::channel(None);
        runtime.spawn(async move {
            let result = call.await;
            // An error means that no caller waits any more. The call's side effects, such as filling a cache, remain.
            let _ = sender.send(Some(result));
        });
        Ok(Self(receiver))
    }

    /// Returns `true` if the call has not ended. A call whose task panicked has ended.
    pub(crate) fn is_running(&self) -> bool {
        self.0.has_changed().is_ok() && self.0.borrow().is_none()
    }

    /// Waits for the result; `None` if the task panicked, or its runtime was shut down.
    pub(crate) async fn wait(mut self) -> Option<T> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
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
        assert_eq!(results, [Some(0); 3]);
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
        assert_eq!(flight.clone().wait().await, None);
        assert!(!flight.is_running());
    }
}
