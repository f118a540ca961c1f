use std::time::Duration;

use tower_layer::Layer;

use super::Deadline;

/// Layer of [`Deadline`]. See the [module docs](super) for an example.
#[derive(Clone, Copy, Debug)]
pub struct DeadlineLayer {
    after: Duration,
}

impl DeadlineLayer {
    /// Calls end with [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) when they take longer than `after`.
    #[must_use]
    pub const fn new(after: Duration) -> Self {
        Self { after }
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline { inner, after: self.after }
    }
}
