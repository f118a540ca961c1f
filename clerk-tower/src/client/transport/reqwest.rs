use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use tower_service::Service;

use super::{CONNECT_TIMEOUT, ConnectError};
use crate::BoxError;

/// The default transport: a [`reqwest::Client`] with its pool, HTTP/2 and rustls.
#[derive(Clone)]
pub struct ReqwestTransport(reqwest::Client);

impl ReqwestTransport {
    /// A client that follows no redirects, retries nothing and sends no `Referer`.
    ///
    /// # Errors
    /// When the TLS backend cannot be set up.
    pub fn new() -> Result<Self, BoxError> {
        let client = Self::configure(reqwest::Client::builder()).build()?;
        Ok(Self(client))
    }

    /// With your own proxies, roots or limits: pass a builder, the rules of a transport are added to it.
    ///
    /// # Errors
    /// When the client cannot be built.
    pub fn from_builder(builder: reqwest::ClientBuilder) -> Result<Self, BoxError> {
        Ok(Self(Self::configure(builder).build()?))
    }

    fn configure(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        builder
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(Duration::from_secs(90))
            .http2_keep_alive_interval(Duration::from_secs(30))
            .http2_keep_alive_timeout(Duration::from_secs(10))
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReqwestTransport")
    }
}

impl<B> Service<Request<B>> for ReqwestTransport
where
    B: Into<reqwest::Body> + Send + 'static,
{
    type Response = Response<reqwest::Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // A reqwest client is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let client = self.0.clone();
        Box::pin(async move {
            let request = reqwest::Request::try_from(request).map_err(hide_url)?;
            let response = client.execute(request).await.map_err(hide_url)?;
            Ok(response.into())
        })
    }
}

/// The address can hold ids and search terms, so it leaves the error.
fn hide_url(error: reqwest::Error) -> BoxError {
    let error = error.without_url();
    if error.is_connect() { Box::new(ConnectError(error.into())) } else { error.into() }
}
