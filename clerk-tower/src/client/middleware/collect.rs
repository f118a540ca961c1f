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

use std::task::{Context, Poll};

use bytes::Bytes;
use clerk_core::OperationInfo;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Limited};
use tower_layer::Layer;
use tower_service::Service;

use super::inner_service;
use crate::{
    BoxError, Error, ErrorKind,
    client::{
        attempt::Progress,
        future::CallFuture,
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
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error: Into<BoxError>, Future: Send + 'static>,
    ResBody: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Bytes>;
    type Error = Error;
    type Future = CallFuture<Response<Bytes>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context).map_err(|error| classify(None, error.into()))
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let info = info_of(request.extensions());
        let progress = Progress::of(request.extensions_mut());
        request.extensions_mut().insert(progress.deliver());
        let response = self.inner.call(request);
        let max_bytes = self.max_bytes;
        CallFuture::new(async move {
            let result = collect(info, response, max_bytes).await;
            progress.delivered();
            result
        })
    }
}

async fn collect<B, E>(
    info: Option<&'static OperationInfo>,
    response: impl Future<Output = Result<Response<B>, E>>,
    max_bytes: usize,
) -> Result<Response<Bytes>, Error>
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
    E: Into<BoxError>,
{
    let response = response.await.map_err(|error| classify(info, error.into()))?;
    let (parts, body) = response.into_parts();
    // Limited while reading: `Content-Length` may be missing, and does not bound a decompressed body.
    let body = Limited::new(body, max_bytes).collect().await;
    let body = body.map_err(|error| Error::new(info, ErrorKind::Transfer(error)))?;
    Ok(Response::from_parts(parts, body.to_bytes()))
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
