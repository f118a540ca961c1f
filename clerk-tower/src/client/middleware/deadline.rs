//! Limits how long a call may take, including its response body.
//!
//! The default stack has two deadlines: one around the whole call, one around each attempt. Both use tokio's clock.
//!
//! ```
//! use std::time::Duration;
//! use bytes::Bytes;
//! use clerk_tower::{Error, ErrorKind, client::middleware::deadline::DeadlineLayer};
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! let silent = service_fn(|_: Request<Bytes>| std::future::pending::<Result<Response<Bytes>, Error>>());
//! let service = DeadlineLayer::new(Duration::from_secs(10)).layer(silent);
//! let error = service.oneshot(Request::new(Bytes::new())).await.unwrap_err();
//! assert!(matches!(error.kind(), ErrorKind::Timeout(after) if after.as_secs() == 10));
//! assert!(error.may_have_been_processed());
//! # }
//! ```

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use clerk_core::OperationInfo;
use http::Request;
use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tower_layer::Layer;
use tower_service::Service;

use super::inner_service;
use crate::{
    Error,
    client::{attempt::Progress, options::CallOptions},
    error::info_of,
};

/// Layer that applies [`Deadline`]. See the [module docs](self) for an example.
#[derive(Clone, Copy, Debug)]
pub struct DeadlineLayer {
    after: Duration,
    scope: Scope,
}

/// What a deadline covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Call,
    Attempt,
}

impl DeadlineLayer {
    /// A deadline for the whole call. A call that takes longer than `after`, or than
    /// [`CallOptions::timeout`](crate::client::options::CallOptions::timeout), ends with
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout). Layers further in know this deadline, and do not start a
    /// backoff that would outlast it.
    #[must_use]
    pub const fn new(after: Duration) -> Self {
        Self { after, scope: Scope::Call }
    }

    /// A deadline for one attempt; belongs inside [`RetryLayer`](crate::client::retry::RetryLayer).
    /// [`CallOptions::attempt_timeout`](crate::client::options::CallOptions::attempt_timeout) replaces it.
    #[must_use]
    pub const fn per_attempt(after: Duration) -> Self {
        Self { after, scope: Scope::Attempt }
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Deadline { inner, after: self.after, scope: self.scope }
    }
}

/// Middleware that ends calls that take too long. See the [module docs](self) for an example.
#[derive(Clone, Debug)]
pub struct Deadline<S> {
    inner: S,
    after: Duration,
    scope: Scope,
}

inner_service!(Deadline<S>);

impl<S> Deadline<S> {
    /// Wraps `inner` with a deadline for the whole call.
    pub const fn new(inner: S, after: Duration) -> Self {
        Self { inner, after, scope: Scope::Call }
    }
}

impl<S, B> Service<Request<B>> for Deadline<S>
where
    S: Service<Request<B>, Error = Error>,
{
    type Response = S::Response;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let info = info_of(request.extensions());
        let settings = CallOptions::of(request.extensions());
        let after = match self.scope {
            Scope::Call => settings.and_then(|settings| settings.timeout),
            Scope::Attempt => settings.and_then(|settings| settings.attempt_timeout),
        };
        let after = after.unwrap_or(self.after);
        let sleep = tokio::time::sleep(after);
        let progress = match self.scope {
            Scope::Call => Progress::expire_at(request.extensions_mut(), sleep.deadline()),
            Scope::Attempt => Progress::of(request.extensions_mut()),
        };
        ResponseFuture { future: self.inner.call(request), sleep, after, info, progress }
    }
}

pin_project! {
    /// Response future of [`Deadline`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        future: F,
        #[pin]
        sleep: Sleep,
        after: Duration,
        info: Option<&'static OperationInfo>,
        progress: Progress,
    }
}

impl<F, T> Future for ResponseFuture<F>
where
    F: Future<Output = Result<T, Error>>,
{
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // A call that is held back is not sent after its deadline, even if its turn comes at the same moment.
        if this.progress.is_waiting() && this.sleep.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(this.progress.timed_out(*this.info, *this.after)));
        }
        // Polled before the timer: a response that has arrived is not thrown away because the deadline has just passed.
        if let Poll::Ready(result) = this.future.poll(context) {
            return Poll::Ready(result);
        }
        ready!(this.sleep.poll(context));
        Poll::Ready(Err(this.progress.timed_out(*this.info, *this.after)))
    }
}
