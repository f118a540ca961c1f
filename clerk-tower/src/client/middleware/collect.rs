//! Reads the whole response body, up to a limit, and sorts transport errors into phases.
//!
//! ```
//! use bytes::Bytes;
//! use clerk_tower::{ErrorKind, client::middleware::collect::CollectLayer};
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{BoxError, Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let transport = service_fn(|_: Request<Bytes>| async {
//!     Ok::<_, BoxError>(Response::new(Full::from("seventeen letters")))
//! });
//! let request = || Request::new(Bytes::new());
//! let response = CollectLayer::new(17).layer(transport).oneshot(request()).await.unwrap();
//! assert_eq!(response.into_body(), "seventeen letters");
//! let error = CollectLayer::new(16).layer(transport).oneshot(request()).await.unwrap_err();
//! assert!(matches!(error.kind(), ErrorKind::Transfer(_)));
//! # }
//! ```

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use clerk_core::OperationInfo;
use http::{Request, Response, response::Parts};
use http_body::Body;
use http_body_util::{BodyExt as _, Limited, combinators};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::inner_service;
use crate::{
    BoxError, Error, ErrorKind,
    client::{
        attempt::Progress,
        transport::{ConnectError, NotProcessedError},
    },
    error::info_of,
};

/// Layer that applies [`Collect`]. See the [module docs](self) for an example.
#[derive(Clone, Copy, Debug)]
pub struct CollectLayer {
    max_bytes: usize,
}

impl CollectLayer {
    /// Limits response bodies to `max_bytes` bytes. A longer one is an
    /// [`ErrorKind::Transfer`].
    #[must_use]
    pub const fn new(max_bytes: usize) -> Self {
        Self { max_bytes }
    }
}

impl<S> Layer<S> for CollectLayer {
    type Service = Collect<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Collect::new(inner, self.max_bytes)
    }
}

/// Middleware that turns a streamed response into one with [`Bytes`]. See the [module docs](self) for an example.
#[derive(Clone, Debug)]
pub struct Collect<S> {
    inner: S,
    max_bytes: usize,
}

inner_service!(Collect<S>);

impl<S> Collect<S> {
    /// Wraps `inner`, whose response bodies may have up to `max_bytes` bytes.
    pub const fn new(inner: S, max_bytes: usize) -> Self {
        Self { inner, max_bytes }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Collect<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error: Into<BoxError>>,
    ResBody: Body<Data = Bytes, Error: Into<BoxError>>,
{
    type Response = Response<Bytes>;
    type Error = Error;
    type Future = ResponseFuture<S::Future, ResBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context).map_err(|error| classify(None, error.into()))
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let info = info_of(request.extensions());
        let progress = Progress::of(request.extensions_mut());
        progress.deliver();
        let state = State::Head { response: self.inner.call(request) };
        ResponseFuture { state, max_bytes: self.max_bytes, info, progress }
    }
}

pin_project! {
    /// Response future of [`Collect`].
    pub struct ResponseFuture<F, B>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        #[pin]
        state: State<F, B>,
        max_bytes: usize,
        info: Option<&'static OperationInfo>,
        progress: Progress,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        Head { #[pin] response: F },
        // Taken when the body is complete.
        Body { head: Option<Parts>, #[pin] body: combinators::Collect<Limited<B>> },
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data = Bytes, Error: Into<BoxError>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<Bytes>, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(self.as_mut().poll_collect(context));
        self.progress.delivered();
        Poll::Ready(result)
    }
}

impl<F, B, E> ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data = Bytes, Error: Into<BoxError>>,
    E: Into<BoxError>,
{
    fn poll_collect(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<Response<Bytes>, Error>> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProj::Head { response } => {
                    let response = ready!(response.poll(context));
                    let response = response.map_err(|error| classify(*this.info, error.into()))?;
                    let (head, body) = response.into_parts();
                    // Limited while reading: `Content-Length` may be missing, and does not bound a decompressed body.
                    let body = Limited::new(body, *this.max_bytes).collect();
                    this.state.set(State::Body { head: Some(head), body });
                }
                StateProj::Body { head, body } => {
                    let body = ready!(body.poll(context));
                    let body = body.map_err(|error| Error::new(*this.info, ErrorKind::Transfer(error)))?;
                    // Only a future that is polled again after it resolved has no head left.
                    let Some(head) = head.take() else { return Poll::Pending };
                    return Poll::Ready(Ok(Response::from_parts(head, body.to_bytes())));
                }
            }
        }
    }
}

impl<F, B: Body<Error: Into<BoxError>>> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// Returns the error of the services below, with its phase.
fn classify(info: Option<&'static OperationInfo>, error: BoxError) -> Error {
    match error.downcast::<Error>() {
        // A layer below, such as the base URI, has already returned this crate's error. Its phase must not be lost.
        Ok(ours) => *ours,
        Err(error) if error.is::<ConnectError>() => Error::new(info, ErrorKind::Connect(error)),
        Err(error) if error.is::<NotProcessedError>() => Error::new(info, ErrorKind::NotProcessed(error)),
        Err(error) => Error::new(info, ErrorKind::Transfer(error)),
    }
}
