//! Sends calls at a steady rate, for jobs that make very many of them (feature `pacing`).
//!
//! A batch job that uses up the instance's rate limit slows down the service that users wait for. [`PacingLayer`] lets
//! calls through at a steady rate; the [rate limit gate](crate::client::rate_limit) still applies after a 429. The rate
//! is per process: divide it between several jobs.
//!
//! ```
//! use clerk_tower::{Clerk, client::middleware::pacing::PacingLayer};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clerk = Clerk::builder()
//!     .secret_key("sk_live_abc")
//!     // Half of what a production instance may do.
//!     .layer(PacingLayer::per_second(50))
//!     .build()?;
//! # let _ = clerk; Ok(()) }
//! ```
//!
//! Added with [`ClerkBuilder::layer`](crate::ClerkBuilder::layer), it stands outside the whole stack, so waiting for
//! a turn does not count towards the deadline of [`Clerk::send`](crate::Clerk::send). It does count towards the
//! deadline of [`Clerk::cached`](crate::Clerk::cached) and of the decision about a request: give the job a client of
//! its own. Retries are not paced.

use std::{
    fmt, mem,
    num::NonZeroU32,
    sync::Arc,
    task::{Context, Poll},
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, Reference as _},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed},
};
use http::Request;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};
use tower_layer::Layer;
use tower_service::Service;

use super::inner_service;
use crate::client::future::CallFuture;

/// Layer that applies [`Pacing`]. All services made by one layer share one rate. See the [module docs](self) for an
/// example.
#[derive(Clone)]
pub struct PacingLayer(Arc<Limiter>);

struct Limiter {
    rate: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Nanos>>,
    /// Held by the call that is next. The others get it in the order of their arrival, which governor alone does not
    /// guarantee.
    next: Semaphore,
}

impl Limiter {
    /// Waits until it is this call's turn.
    async fn turn(&self) {
        let _next = self.next.acquire().await;
        while let Err(not_until) = self.rate.check() {
            // Not governor's own `until_ready`, whose timer ignores tokio's paused clock in tests.
            let now = self.rate.clock().now();
            sleep(not_until.earliest_possible().duration_since(now).into()).await;
        }
    }
}

/// Tokio's clock, which tests can pause.
#[derive(Clone, Debug)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }
}

impl PacingLayer {
    /// The rate limit of a production instance: 1,000 calls in ten seconds.
    #[must_use]
    pub fn production() -> Self {
        Self::per_second(100)
    }

    /// The rate limit of a development instance: 100 calls in ten seconds.
    #[must_use]
    pub fn development() -> Self {
        Self::per_second(10)
    }

    /// At most `calls` calls per second, evenly spaced. Zero counts as one.
    #[must_use]
    pub fn per_second(calls: u32) -> Self {
        Self::with(Quota::per_second(at_least_one(calls)))
    }

    /// At most `calls` calls per hour, evenly spaced: invitations, for example, are limited to 100. Zero counts as
    /// one.
    #[must_use]
    pub fn per_hour(calls: u32) -> Self {
        Self::with(Quota::per_hour(at_least_one(calls)))
    }

    fn with(quota: Quota) -> Self {
        let clock = TokioClock(Instant::now());
        // No burst after an idle period: the rate is steady.
        let quota = quota.allow_burst(NonZeroU32::MIN);
        let rate = RateLimiter::direct_with_clock(quota, clock);
        Self(Arc::new(Limiter { rate, next: Semaphore::new(1) }))
    }
}

fn at_least_one(calls: u32) -> NonZeroU32 {
    NonZeroU32::new(calls).unwrap_or(NonZeroU32::MIN)
}

impl fmt::Debug for PacingLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacingLayer").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for PacingLayer {
    type Service = Pacing<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Pacing::new(inner, self)
    }
}

/// Middleware that sends calls at a steady rate. See the [module docs](self) for an example.
#[derive(Clone)]
pub struct Pacing<S> {
    inner: S,
    limiter: Arc<Limiter>,
}

inner_service!(Pacing<S>);

impl<S> Pacing<S> {
    /// Wraps `inner` with the rate of `layer`.
    pub fn new(inner: S, layer: &PacingLayer) -> Self {
        Self { inner, limiter: layer.0.clone() }
    }
}

impl<S: fmt::Debug> fmt::Debug for Pacing<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pacing").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, B> Service<Request<B>> for Pacing<S>
where
    S: Service<Request<B>, Future: Send, Response: 'static, Error: 'static> + Clone + Send + 'static,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = CallFuture<S::Response, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that is ready is the one to call; a clone may not be.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let limiter = self.limiter.clone();
        CallFuture::new(async move {
            limiter.turn().await;
            inner.call(request).await
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use futures_util::future::join_all;
    use http::Response;
    use tower::{ServiceExt as _, service_fn};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_pass_at_a_steady_rate_and_in_order() {
        let start = Instant::now();
        let service = PacingLayer::per_second(10).layer(service_fn(move |_: Request<()>| {
            std::future::ready(Ok::<_, Infallible>(Response::new(start.elapsed())))
        }));
        let calls = join_all((0..50).map(|_| service.clone().oneshot(Request::new(())))).await;
        let times: Vec<_> = calls.into_iter().map(|call| call.unwrap().into_body()).collect();
        for pair in times.windows(2) {
            let apart = pair[1] - pair[0];
            assert!(apart >= Duration::from_millis(99), "{apart:?}");
        }
        assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    }
}
