//! Sends calls at a steady rate, for jobs that make very many of them (feature `pacing`).
//!
//! A batch job that uses up the instance's rate limit slows down the service that users wait for. [`PacingLayer`] lets
//! calls through at a steady rate; the [rate limit gate](crate::client::rate_limit) still applies after a 429. The rate
//! is per process: divide it between several jobs, or [share](PacingLayer::fleet) it.
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
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use aws_lc_rs::digest::{self, SHA256};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
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
use crate::{
    client::{ConfigError, attempt::Progress, future::CallFuture},
    fleet::{Fleet, Store},
    telemetry,
};

/// How long not to ask an engine that failed.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Nobody waits for more turns than this, whatever the engine says.
const MAX_TURNS: u32 = 10_000;

/// Layer that applies [`Pacing`]. All services made by one layer share one rate. See the [module docs](self) for an
/// example.
#[derive(Clone)]
pub struct PacingLayer(Arc<Limiter>);

struct Limiter {
    quota: Quota,
    rate: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Nanos>>,
    /// Held by the call that is next. The others get it in the order of their arrival, which governor alone does not
    /// guarantee.
    next: Semaphore,
    shared: Option<Shared>,
}

/// The turns that all processes take together.
struct Shared {
    store: Arc<dyn Store>,
    key: String,
    interval: Duration,
    /// The engine failed, and is not asked before this.
    asked_again: Mutex<Option<Instant>>,
}

impl Shared {
    /// Waits until it is this process's turn. If the engine fails, this process's own rate has to do.
    async fn turn(&self) {
        if self.asked_again().is_some_and(|again| Instant::now() < again) {
            return;
        }
        match self.store.take_turn(&self.key, self.interval).await {
            Ok(wait) => sleep(wait.min(self.interval.saturating_mul(MAX_TURNS))).await,
            Err(error) => {
                telemetry::fleet_failed("pace", error.kind().as_str(), &error);
                let again = Instant::now() + RETRY_AFTER;
                *self.asked_again.lock().unwrap_or_else(PoisonError::into_inner) = Some(again);
            }
        }
    }

    fn asked_again(&self) -> Option<Instant> {
        *self.asked_again.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Limiter {
    fn new(quota: Quota, shared: Option<Shared>) -> Self {
        // No burst after an idle period: the rate is steady.
        let quota = quota.allow_burst(NonZeroU32::MIN);
        let rate = RateLimiter::direct_with_clock(quota, TokioClock(Instant::now()));
        Self { quota, rate, next: Semaphore::new(1), shared }
    }

    /// Waits until it is this call's turn.
    async fn turn(&self) {
        // One call at a time also takes one turn of the fleet at a time: calls that are given up here waste no others, and a
        // process with many calls leaves turns to the other ones.
        let _next = self.next.acquire().await;
        if let Some(shared) = &self.shared {
            shared.turn().await;
        }
        // Also after a turn of the fleet: an engine that fails now and then must not double this process's rate.
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

    /// At most `calls` calls per hour, evenly spaced: invitations to the application, for example, are limited to 100. Zero
    /// counts as one.
    #[must_use]
    pub fn per_hour(calls: u32) -> Self {
        Self::with(Quota::per_hour(at_least_one(calls)))
    }

    /// Shares the rate with all processes that have a layer of this name, through the engine of a [fleet](crate::fleet).
    /// Together they make no more calls than this layer allows; each call costs one command to the engine. They get turns one
    /// by one, whoever asks first.
    ///
    /// The names are those of the fleet's [prefix](Fleet::prefix) and, if it is set, of its [instance](Fleet::instance). Jobs
    /// for two instances need two names otherwise.
    ///
    /// If the engine fails, each process goes on at this rate on its own. All of them together may then be too fast, and the
    /// [gate](crate::client::rate_limit) handles the 429s.
    ///
    /// ```
    /// use clerk_tower::{Clerk, client::middleware::pacing::PacingLayer, fleet::{Fleet, InProcess}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let fleet = Fleet::from(InProcess::new()); // or Redis
    /// let clerk = Clerk::builder()
    ///     .secret_key("sk_live_abc")
    ///     .layer(PacingLayer::per_second(50).fleet(fleet.clone(), "nightly")?)
    ///     .fleet(fleet)
    ///     .build()?;
    /// # let _ = clerk; Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the fleet's prefix, instance or address is invalid.
    pub fn fleet(self, fleet: impl Into<Fleet>, name: impl AsRef<str>) -> Result<Self, ConfigError> {
        let fleet = fleet.into();
        let names = fleet.names(|| Some("any".to_owned()));
        let names = names.map_err(|problem| ConfigError::new("fleet", problem))?;
        // A digest, because a name may have any characters.
        let digest = digest::digest(&SHA256, name.as_ref().as_bytes());
        let key = names.key("pace", BASE64_URL_SAFE_NO_PAD.encode(digest));
        let (_, store) = fleet.into_engine();
        let interval = self.0.quota.replenish_interval();
        let shared = Shared { store, key, interval, asked_again: Mutex::default() };
        Ok(Self(Arc::new(Limiter::new(self.0.quota, Some(shared)))))
    }

    fn with(quota: Quota) -> Self {
        Self(Arc::new(Limiter::new(quota, None)))
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
            let mut request = request;
            // A deadline around this layer then knows that the call was not sent.
            let waiting = Progress::of(request.extensions_mut()).wait();
            limiter.turn().await;
            drop(waiting);
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
