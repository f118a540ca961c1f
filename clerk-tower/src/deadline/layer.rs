use std::time::Duration;

use tower_layer::Layer;

use super::Deadline;

/// Layer of [`Deadline`]. See the [module docs](super) for an example.
#[derive(Clone, Copy, Debug)]
pub struct DeadlineLayer {
    after: Duration,
    scope: Scope,
}

/// What a deadline is around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Call,
    Attempt,
}

impl DeadlineLayer {
    /// A deadline around everything. Calls end with [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) when they take
    /// longer than `after`, or than [`CallOptions::timeout`](crate::options::CallOptions::timeout). Layers further
    /// in know of it, and begin no pause that would outlast it.
    #[must_use]
    pub const fn new(after: Duration) -> Self {
        Self { after, scope: Scope::Call }
    }

    /// A deadline around one attempt, to stand inside of [`RetryLayer`](crate::retry::RetryLayer).
    /// [`CallOptions::attempt_timeout`](crate::options::CallOptions::attempt_timeout) takes its place.
    #[must_use]
    pub const fn per_attempt(after: Duration) -> Self {
        Self { after, scope: Scope::Attempt }
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline { inner, after: self.after, scope: self.scope }
    }
}
