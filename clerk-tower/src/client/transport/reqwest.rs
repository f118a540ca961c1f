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

/// Default transport: a [`reqwest::Client`] with its connection pool, HTTP/2, rustls and the system's proxy settings.
#[derive(Clone)]
pub struct ReqwestTransport(reqwest::Client);

impl ReqwestTransport {
    /// Creates a transport that does not follow redirects, does not retry and does not send `Referer`.
    ///
    /// # Errors
    /// If the TLS backend cannot be set up.
    pub fn new() -> Result<Self, BoxError> {
        let client = Self::configure(reqwest::Client::builder()).build()?;
        Ok(Self(client))
    }

    /// Creates a transport from your own builder, with other proxies, roots or limits. The settings that every
    /// transport needs are added to it: no redirects, no retries, no `Referer`, and the timeouts of connections.
    ///
    /// # Errors
    /// If the client cannot be built.
    pub fn from_builder(builder: reqwest::ClientBuilder) -> Result<Self, BoxError> {
        Ok(Self(Self::configure(builder).build()?))
    }

    fn configure(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        builder
            // reqwest drops `Authorization` on a redirect to another host, but not a header it does not know, such as
            // the `Clerk-Secret-Key` that the Frontend API proxy sends.
            .redirect(reqwest::redirect::Policy::none())
            // reqwest would retry on its own what the retry layer counts, limits and reports.
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
        // A clone is a reference count. The future must not borrow the service.
        let client = self.0.clone();
        Box::pin(async move {
            let request = reqwest::Request::try_from(request).map_err(hide_url)?;
            let response = client.execute(request).await.map_err(hide_url)?;
            Ok(response.into())
        })
    }
}

/// Removes the URL from the error, because it can contain ids and search terms, and errors are logged.
fn hide_url(error: reqwest::Error) -> BoxError {
    let error = error.without_url();
    if error.is_connect() { Box::new(ConnectError(error.into())) } else { error.into() }
}
