//! Retries calls where that is safe and may help.
//!
//! | what happened | operations that are safe to repeat | other operations |
//! |---|---|---|
//! | the connection failed, or ended before the request was sent completely | retried | retried |
//! | HTTP/2 `REFUSED_STREAM`, or a `GOAWAY` that excludes the request | retried | retried |
//! | 429: Clerk refused before acting | retried | retried |
//! | 500, 502, 503, 504 | retried | not retried |
//! | no response in time, or the response broke off | retried | not retried |
//! | anything else | not retried | not retried |
//!
//! [`OperationInfo::retry`](clerk_core::OperationInfo) says which operations are safe: `GET`, `PUT`, `DELETE`, and
//! others that have the same effect when they are sent twice. Before each retry the call waits for a random backoff
//! (full jitter) whose upper bound doubles each time, and at least as long as Clerk's `Retry-After` says. A backoff
//! that would outlast the call's deadline is not started: the response or the error is returned as it is. All calls that
//! a program makes share a [`Budget`], so that retries do not multiply an outage: they are at most a fifth of the calls that
//! succeed, plus a few each second. Calls that decisions wait for have [budgets of their own](crate::client::purpose).
//!
//! ```
//! use std::sync::atomic::{AtomicU32, Ordering};
//! use bytes::Bytes;
//! use clerk_core::{Operation, api::users};
//! use clerk_tower::{Error, client::retry::RetryLayer};
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let calls = AtomicU32::new(0);
//! let calls: &'static AtomicU32 = Box::leak(Box::new(calls));
//! let flaky = service_fn(move |_: Request<Bytes>| async move {
//!     let is_first = calls.fetch_add(1, Ordering::Relaxed) == 0;
//!     let response = Response::builder().status(if is_first { 503 } else { 200 });
//!     Ok::<_, Error>(response.body(Bytes::new()).unwrap())
//! });
//! let service = RetryLayer::new().layer(flaky);
//! let response = service.oneshot(users::get("user_1").request()?).await?;
//! assert_eq!((response.status().as_u16(), calls.load(Ordering::Relaxed)), (200, 2));
//! # Ok(()) }
//! ```

mod budget;
mod policy;

use std::{
    fmt,
    future::Future,
    num::NonZeroU32,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

pub use self::budget::Budget;
use self::{
    budget::Budgets,
    policy::{Policy, Rules},
};
use crate::{
    Error,
    client::attempt::Progress,
    clock::{Clock, SystemClock},
};

/// Layer that applies [`Retry`]. See the [module docs](self) for an example.
#[derive(Clone)]
pub struct RetryLayer(Rules);

impl RetryLayer {
    /// The default for the maximum number of attempts.
    pub(crate) const MAX_ATTEMPTS: NonZeroU32 = NonZeroU32::MIN.saturating_add(2);

    /// Creates a layer that makes at most three attempts, with a budget of its own.
    #[must_use]
    pub fn new() -> Self {
        Self(Rules {
            max_attempts: Self::MAX_ATTEMPTS,
            budgets: Budgets::default(),
            clock: Arc::new(SystemClock),
        })
    }

    /// Sets how often a call may be sent, including the first time. Defaults to 3; zero counts as one.
    #[must_use]
    pub fn max_attempts(mut self, max: u32) -> Self {
        self.0.max_attempts = NonZeroU32::new(max).unwrap_or(NonZeroU32::MIN);
        self
    }

    /// Shares a budget with another client. It is for the calls that the program makes itself; calls that decisions wait for
    /// have [budgets of their own](crate::client::purpose).
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.0.budgets.program = budget;
        self
    }

    /// Sets the clock that dates in `Retry-After` are compared with. Defaults to the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.0.clock = Arc::new(clock);
        self
    }
}

impl Default for RetryLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RetryLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryLayer").field("max_attempts", &self.0.max_attempts).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for RetryLayer {
    type Service = Retry<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let policy = Policy::new(self.0.clone());
        Retry { rules: policy.rules.clone(), retry: tower::retry::Retry::new(policy, inner) }
    }
}

/// Middleware that sends calls again: [`tower::retry`] with this crate's policy. See the [module docs](self) for an
/// example.
#[derive(Clone)]
pub struct Retry<S> {
    retry: tower::retry::Retry<Policy, S>,
    rules: Arc<Rules>,
}

impl<S> Retry<S> {
    /// Wraps `inner` with at most three attempts and a budget of its own.
    pub fn new(inner: S) -> Self {
        RetryLayer::new().layer(inner)
    }

    /// Returns a reference to the inner service.
    pub fn get_ref(&self) -> &S {
        self.retry.get_ref()
    }

    /// Returns a mutable reference to the inner service.
    pub fn get_mut(&mut self) -> &mut S {
        self.retry.get_mut()
    }

    /// Consumes `self` and returns the inner service.
    pub fn into_inner(self) -> S {
        self.retry.into_inner()
    }
}

impl<S: fmt::Debug> fmt::Debug for Retry<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry").field("inner", self.get_ref()).finish_non_exhaustive()
    }
}

impl<S> Service<Request<Bytes>> for Retry<S>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>, Error = Error> + Clone,
{
    type Response = Response<Bytes>;
    type Error = Error;
    type Future = ResponseFuture<S>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.retry.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Bytes>) -> Self::Future {
        // Counted outside the policy: tower ends a call without asking it when the inner service is not ready for a
        // retry, and even then the error has to say that an earlier attempt may have taken effect.
        let progress = Progress::of(request.extensions_mut());
        let budget = self.rules.budgets.of(request.extensions()).clone();
        ResponseFuture { call: self.retry.call(request), budget, progress }
    }
}

pin_project! {
    /// Response future of [`Retry`].
    pub struct ResponseFuture<S>
    where
        S: Service<Request<Bytes>, Response = Response<Bytes>, Error = Error>,
    {
        #[pin]
        call: tower::retry::future::ResponseFuture<Policy, S, Request<Bytes>>,
        budget: Budget,
        progress: Progress,
    }
}

impl<S> Future for ResponseFuture<S>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>, Error = Error>,
{
    type Output = Result<Response<Bytes>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.call.poll(context));
        if result.as_ref().is_ok_and(|response| response.status().is_success()) {
            // Only successes earn retries, so that an outage does not pay for its own retries.
            this.budget.deposit();
        }
        Poll::Ready(this.progress.record_in(result))
    }
}

impl<S> fmt::Debug for ResponseFuture<S>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>, Error = Error>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
