use std::{fmt, num::NonZeroU32, sync::Arc};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, Reference as _},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed},
};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};
use tower_layer::Layer;

use super::Pacing;

/// Layer of [`Pacing`]. All services that it makes share one pace. See the [module docs](super) for an example.
#[derive(Clone)]
pub struct PacingLayer(Arc<Limiter>);

pub(super) struct Limiter {
    rate: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Nanos>>,
    /// Whoever has it is next. Those who wait get it in their order.
    next: Semaphore,
}

impl Limiter {
    /// Waits until it is this call's turn.
    pub(super) async fn turn(&self) {
        let _next = self.next.acquire().await;
        while let Err(not_until) = self.rate.check() {
            let now = self.rate.clock().now();
            sleep(not_until.earliest_possible().duration_since(now).into()).await;
        }
    }
}

/// Tokio's clock, which tests can stop.
#[derive(Clone, Debug)]
pub(super) struct TokioClock(Instant);

impl Clock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }
}

impl PacingLayer {
    /// What a production instance may do: 1,000 calls in ten seconds.
    #[must_use]
    pub fn production() -> Self {
        Self::per_second(100)
    }

    /// What a development instance may do: 100 calls in ten seconds.
    #[must_use]
    pub fn development() -> Self {
        Self::per_second(10)
    }

    /// So many calls each second, as evenly as they come. Zero counts as one.
    #[must_use]
    pub fn per_second(calls: u32) -> Self {
        Self::with(Quota::per_second(at_least_one(calls)))
    }

    /// So many calls each hour: invitations, for instance, are limited to 100. Zero counts as one.
    #[must_use]
    pub fn per_hour(calls: u32) -> Self {
        Self::with(Quota::per_hour(at_least_one(calls)))
    }

    fn with(quota: Quota) -> Self {
        let clock = TokioClock(Instant::now());
        // One at a time: no burst when there was nothing to do for a while.
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

    fn layer(&self, inner: S) -> Pacing<S> {
        Pacing { inner, limiter: self.0.clone() }
    }
}
