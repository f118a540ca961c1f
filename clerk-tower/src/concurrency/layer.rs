use std::sync::Arc;

use tokio::sync::Semaphore;
use tower_layer::Layer;

use super::Concurrency;

/// Layer of [`Concurrency`]. All services that it makes share one limit. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct ConcurrencyLayer {
    places: Arc<Semaphore>,
    sheds: bool,
}

impl ConcurrencyLayer {
    /// Calls beyond the limit wait for a place, at most until their deadline.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self::with(max, false)
    }

    /// Calls beyond the limit fail at once.
    #[must_use]
    pub fn shed_load(max: usize) -> Self {
        Self::with(max, true)
    }

    fn with(max: usize, sheds: bool) -> Self {
        Self { places: Arc::new(Semaphore::new(max.clamp(1, Semaphore::MAX_PERMITS))), sheds }
    }
}

impl<S> Layer<S> for ConcurrencyLayer {
    type Service = Concurrency<S>;

    fn layer(&self, inner: S) -> Concurrency<S> {
        Concurrency { inner, places: self.places.clone(), sheds: self.sheds }
    }
}
