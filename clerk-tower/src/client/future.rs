use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::Error;

/// Future of one call: of [`Clerk`](crate::Clerk) and [`MachineClerk`](crate::MachineClerk) as services, and of the
/// layers of the [stack](crate::client::stack) that hold a call back. Boxed; dropping it cancels the call.
pub struct CallFuture<T, E = Error>(Pin<Box<dyn Future<Output = Result<T, E>> + Send>>);

impl<T, E> CallFuture<T, E> {
    pub(crate) fn new(call: impl Future<Output = Result<T, E>> + Send + 'static) -> Self {
        Self(Box::pin(call))
    }
}

impl<T, E> Future for CallFuture<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl<T, E> fmt::Debug for CallFuture<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture").finish_non_exhaustive()
    }
}
