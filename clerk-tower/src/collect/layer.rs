use tower_layer::Layer;

use super::Collect;

/// Layer of [`Collect`]. See the [module docs](super) for an example.
#[derive(Clone, Copy, Debug)]
pub struct CollectLayer {
    max_bytes: usize,
}

impl CollectLayer {
    /// Answers may have up to `max_bytes` bytes.
    #[must_use]
    pub const fn new(max_bytes: usize) -> Self {
        Self { max_bytes }
    }
}

impl<S> Layer<S> for CollectLayer {
    type Service = Collect<S>;

    fn layer(&self, inner: S) -> Collect<S> {
        Collect { inner, max_bytes: self.max_bytes }
    }
}
