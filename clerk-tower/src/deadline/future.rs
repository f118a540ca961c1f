use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use clerk_core::OperationInfo;
use pin_project_lite::pin_project;
use tokio::time::Sleep;

use crate::{Error, ErrorKind, error::Attempts};

pin_project! {
    /// The answer of [`Deadline`](super::Deadline), or the deadline.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        answer: F,
        #[pin]
        sleep: Sleep,
        after: Duration,
        info: Option<&'static OperationInfo>,
        attempts: Option<Arc<AtomicU32>>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(
        answer: F,
        after: Duration,
        info: Option<&'static OperationInfo>,
        attempts: Option<Arc<AtomicU32>>,
    ) -> Self {
        Self { answer, sleep: tokio::time::sleep(after), after, info, attempts }
    }
}

impl<F, T> Future for ResponseFuture<F>
where
    F: Future<Output = Result<T, Error>>,
{
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(result) = this.answer.poll(context) {
            return Poll::Ready(result);
        }
        ready!(this.sleep.poll(context));
        let made = this.attempts.as_ref().map_or(1, |attempts| attempts.load(Ordering::Relaxed));
        let error = Error::new(*this.info, ErrorKind::Timeout(*this.after));
        Poll::Ready(Err(error.after(Attempts { made, unclear: false })))
    }
}
