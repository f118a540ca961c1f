//! Limits how many of the program's calls are in flight at once.
//!
//! Off in the default stack, because latency says more about an overload than a number does. With
//! [`ClerkBuilder::max_concurrent_calls`](crate::ClerkBuilder::max_concurrent_calls), calls beyond the limit wait for
//! a permit; with [`ConcurrencyLayer::shed_load`] they fail at once with
//! [`ErrorKind::Overloaded`], and nothing is sent. A call holds its permit until it
//! ends: while it waits for the [rate limit](crate::client::rate_limit), and during the backoff before a retry.
//!
//! Only the calls that the program makes itself need a permit. Strangers cause the others, and must not take the program's
//! permits: those that decisions wait for are limited by
//! [`max_decision_calls`](crate::ClerkBuilder::max_decision_calls), and one fetch of keys is in flight at a time.
//!
//! ```
//! use bytes::Bytes;
//! use clerk_tower::{Error, ErrorKind, client::middleware::concurrency::ConcurrencyLayer};
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let silent = service_fn(|_: Request<Bytes>| std::future::pending::<Result<Response<Bytes>, Error>>());
//! let service = ConcurrencyLayer::shed_load(1).layer(silent);
//! let first = tokio::spawn(service.clone().oneshot(Request::new(Bytes::new())));
//! tokio::task::yield_now().await;
//! let error = service.oneshot(Request::new(Bytes::new())).await.unwrap_err();
//! assert!(matches!(error.kind(), ErrorKind::Overloaded));
//! # first.abort(); }
//! ```

use std::{
    mem,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use tokio::sync::Semaphore;
use tower_layer::Layer;
use tower_service::Service;

use super::inner_service;
use crate::{
    Error, ErrorKind,
    client::{attempt::Progress, future::CallFuture, purpose::Purpose},
    error::info_of,
};

/// Layer that applies [`Concurrency`] to the calls of the program, not to those made for
/// [other purposes](crate::client::purpose). All services made by one layer share one limit. See the [module docs](self)
/// for an example.
#[derive(Clone, Debug)]
pub struct ConcurrencyLayer {
    permits: Arc<Semaphore>,
    sheds: bool,
}

impl ConcurrencyLayer {
    /// Limits calls in flight to `max`, at least one. Further calls wait for a permit, at most until their deadline.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self::with(max, false)
    }

    /// Limits calls in flight to `max`, at least one. Further calls fail at once.
    #[must_use]
    pub fn shed_load(max: usize) -> Self {
        Self::with(max, true)
    }

    fn with(max: usize, sheds: bool) -> Self {
        // With zero permits every call would wait forever, and a larger number than tokio's maximum panics.
        Self { permits: Arc::new(Semaphore::new(max.clamp(1, Semaphore::MAX_PERMITS))), sheds }
    }
}

impl<S> Layer<S> for ConcurrencyLayer {
    type Service = Concurrency<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Concurrency { inner, permits: self.permits.clone(), sheds: self.sheds }
    }
}

/// Middleware that limits how many calls are in flight. See the [module docs](self) for an example.
#[derive(Clone, Debug)]
pub struct Concurrency<S> {
    inner: S,
    permits: Arc<Semaphore>,
    sheds: bool,
}

inner_service!(Concurrency<S>);

impl<S> Concurrency<S> {
    /// Wraps `inner` with a limit of its own: further calls wait for a permit.
    pub fn new(inner: S, max: usize) -> Self {
        ConcurrencyLayer::new(max).layer(inner)
    }
}

impl<S> Service<Request<Bytes>> for Concurrency<S>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>, Error = Error, Future: Send>
        + Clone
        + Send
        + 'static,
{
    type Response = Response<Bytes>;
    type Error = Error;
    type Future = CallFuture<Response<Bytes>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        // The service that is ready is the one to call; a clone may not be.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        // In this queue, calls that strangers cause would take the program's permits, and keys would wait behind them.
        if Purpose::of(request.extensions()) != Purpose::Program {
            return CallFuture::new(inner.call(request));
        }
        let (permits, sheds) = (self.permits.clone(), self.sheds);
        CallFuture::new(async move {
            let mut request = request;
            let permit = match sheds {
                true => permits.try_acquire_owned().ok(),
                false => {
                    let _waiting = Progress::of(request.extensions_mut()).wait();
                    permits.acquire_owned().await.ok()
                }
            };
            // The semaphore is never closed, so a missing permit means that all of them are in use.
            let Some(_permit) = permit else {
                return Err(Error::new(info_of(request.extensions()), ErrorKind::Overloaded));
            };
            inner.call(request).await
        })
    }
}
