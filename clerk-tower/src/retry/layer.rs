use std::{fmt, num::NonZeroU32, sync::Arc};

use tower_layer::Layer;

use super::{Budget, Retry, policy::Policy};
use crate::clock::{Clock, SystemClock};

/// Layer of [`Retry`]. See the [module docs](super) for an example.
#[derive(Clone)]
pub struct RetryLayer(Policy);

const THREE: NonZeroU32 = NonZeroU32::MIN.saturating_add(2);

impl RetryLayer {
    /// Three attempts at most, with a budget of its own.
    #[must_use]
    pub fn new() -> Self {
        Self(Policy { max_attempts: THREE, budget: Budget::new(), clock: Arc::new(SystemClock) })
    }

    /// How often a call may be sent, the first time included. Zero counts as one.
    #[must_use]
    pub fn max_attempts(mut self, max: u32) -> Self {
        self.0.max_attempts = NonZeroU32::new(max).unwrap_or(NonZeroU32::MIN);
        self
    }

    /// A budget to share with another client.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.0.budget = budget;
        self
    }

    /// The clock that dates in `Retry-After` are read by.
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

    fn layer(&self, inner: S) -> Retry<S> {
        Retry { inner, policy: self.0.clone() }
    }
}
