//! The services that this crate's layers make.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum_core::body::Body;
use bytes::Bytes;
use clerk_tower::{
    BoxError,
    server::{ResponseBody, resource::CallBody},
};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

/// Service of `clerk-tower` whose responses have axum's [`Body`].
///
/// Every layer of this crate makes one. A router puts a body of any other type into a box of its own, for each layer and each
/// response. Here, the inner service's body is passed on as it is if it is axum's.
#[derive(Clone, Debug)]
pub struct AxumBody<S>(S);

impl<S> AxumBody<S> {
    pub(crate) const fn new(service: S) -> Self {
        Self(service)
    }

    /// Returns the service of `clerk-tower`.
    pub const fn get_ref(&self) -> &S {
        &self.0
    }

    /// Returns the service of `clerk-tower`.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.0
    }

    /// Returns the service of `clerk-tower`.
    pub fn into_inner(self) -> S {
        self.0
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for AxumBody<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResponseBody<ResBody>>>,
    ResBody: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        ResponseFuture { inner: self.0.call(request) }
    }
}

pin_project! {
    /// Response future of [`AxumBody`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<ResponseBody<B>>, E>>,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(self.project().inner.poll(context))?;
        // `Body::new` returns axum's body as it is.
        Poll::Ready(Ok(response.map(|body| body.into_inner().map_or_else(Body::new, Body::new))))
    }
}

/// Service that gets requests with axum's [`Body`] behind [`CallScopes`](clerk_tower::server::resource::CallScopes), which
/// has a body of its own.
#[derive(Clone, Debug)]
pub struct AxumCall<S>(S);

impl<S> AxumCall<S> {
    pub(crate) const fn new(service: S) -> Self {
        Self(service)
    }
}

impl<S: Service<Request<Body>>> Service<Request<CallBody<Body>>> for AxumCall<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<CallBody<Body>>) -> Self::Future {
        self.0.call(request.map(|body| body.into_inner().unwrap_or_else(Body::new)))
    }
}
