use std::{fmt, sync::Arc};

use tower_layer::Layer;

use super::{RateLimit, gate::Gates};
use crate::clock::{Clock, SystemClock};

/// Layer of [`RateLimit`]. All services that it makes share one gate. See the [module docs](super) for an example.
#[derive(Clone)]
pub struct RateLimitLayer {
    gates: Gates,
    clock: Arc<dyn Clock>,
}

impl RateLimitLayer {
    /// An open gate.
    #[must_use]
    pub fn new() -> Self {
        Self { gates: Gates::default(), clock: Arc::new(SystemClock) }
    }

    /// The clock that dates in `Retry-After` are read by.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}

impl Default for RateLimitLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RateLimitLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitLayer").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;

    fn layer(&self, inner: S) -> RateLimit<S> {
        RateLimit { inner, gates: self.gates.clone(), clock: self.clock.clone() }
    }
}
