use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::{Proxy, ProxyBody, ProxyFuture};
use crate::{
    BoxError,
    client::middleware::inner_service,
    server::{ResponseBody, body::boxed},
};
#[cfg(feature = "reqwest")]
use crate::{Clerk, ConfigError, client::transport::ReqwestTransport};

/// Layer that applies [`Proxied`]. See the [module docs](super) for examples.
#[derive(Clone, Debug)]
#[must_use]
pub struct ProxyLayer<T>(Proxy<T>);

#[cfg(feature = "reqwest")]
impl ProxyLayer<ReqwestTransport> {
    /// Creates a layer with the keys and options of `clerk`, and the default transport. See [`Proxy::new`].
    ///
    /// For other settings, build a proxy with a [`ProxyBuilder`](super::ProxyBuilder), and convert it with `from`.
    ///
    /// # Errors
    /// As [`Proxy::new`].
    pub fn new(clerk: &Clerk) -> Result<Self, ConfigError> {
        Proxy::new(clerk).map(Self)
    }
}

impl<T> From<Proxy<T>> for ProxyLayer<T> {
    fn from(proxy: Proxy<T>) -> Self {
        Self(proxy)
    }
}

impl<S, T: Clone> Layer<S> for ProxyLayer<T> {
    type Service = Proxied<S, T>;

    fn layer(&self, inner: S) -> Proxied<S, T> {
        Proxied::new(inner, self.0.clone())
    }
}

/// Middleware that forwards requests below the proxy's path to Clerk, and passes all others to the inner service
/// unchanged. See the [module docs](super) for examples.
#[derive(Clone, Debug)]
pub struct Proxied<S, T> {
    inner: S,
    proxy: Proxy<T>,
}

impl<S, T> Proxied<S, T> {
    /// Wraps `inner`, with `proxy` in front of it.
    pub const fn new(inner: S, proxy: Proxy<T>) -> Self {
        Self { inner, proxy }
    }
}

inner_service!(Proxied<S, T>);

impl<S, T, ReqBody, ResBody, Upstream> Service<Request<ReqBody>> for Proxied<S, T>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    T: Service<Request<ProxyBody>, Response = Response<Upstream>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
    ReqBody: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    Upstream: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let state = if self.proxy.matches(request.uri().path()) {
            // `poll_ready` may have reserved something for this request, such as a permit. Replacing the service by a
            // clone releases it.
            self.inner = self.inner.clone();
            // `Proxy` is always ready, so it needs no `poll_ready`.
            State::Proxy { future: self.proxy.call(request) }
        } else {
            State::Inner { future: self.inner.call(request) }
        };
        ResponseFuture { state }
    }
}

pin_project! {
    /// Response future of [`Proxied`].
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Inner { #[pin] future: F },
        Proxy { #[pin] future: ProxyFuture },
    }
}

impl<F, ResBody, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
{
    type Output = Result<Response<ResponseBody<ResBody>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().state.project() {
            StateProj::Inner { future } => {
                ready!(future.poll(context)).map(|response| response.map(ResponseBody::inner))
            }
            StateProj::Proxy { future } => match ready!(future.poll(context)) {
                Ok(response) => Ok(response.map(|body| ResponseBody::own(boxed(body)))),
            },
        })
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
