use std::{
    fmt,
    future::{Future, ready},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        Builder, Client,
        connect::{Connect, HttpConnector, capture_connection},
    },
    rt::{TokioExecutor, TokioTimer},
};
use tower_service::Service;

use super::{
    CONNECT_TIMEOUT, check_runtime,
    delivery::{Delivery, TrackedBody, sort},
};
use crate::{BoxError, client::purpose::Purpose};

/// How much of an HTTP/1.1 response is read at once, and how large its head may be.
const READ_BUFFER: usize = 32 * 1024;

/// Transport on hyper-util's client, with its connection pool, HTTP/2, rustls and the system's root certificates.
///
/// It does not read proxy settings from the environment.
///
/// ```
/// use clerk_tower::{Clerk, client::transport::HyperTransport};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let clerk = Clerk::builder().secret_key("sk_test_abc").transport(HyperTransport::new()?).build()?;
/// # let _ = clerk; Ok(()) }
/// ```
pub struct HyperTransport<C = HttpsConnector<HttpConnector>>(Arc<Pools<C>>);

struct Pools<C> {
    program: Pool<C>,
    /// For calls that strangers may have caused. The streams of an HTTP/2 connection are limited.
    decisions: Pool<C>,
}

impl<C> Clone for HyperTransport<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

type Pool<C> = Client<C, TrackedBody<Full<Bytes>>>;

impl HyperTransport {
    /// Creates a transport that connects with TLS 1.2 or later, or without TLS for `http` URIs.
    ///
    /// # Errors
    /// If the TLS backend cannot be set up.
    pub fn new() -> Result<Self, BoxError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_nodelay(true);
        // Not rustls's process-wide default provider: `install_default` belongs to the application, and without it
        // rustls panics if the features of several crates enable more than one provider.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_platform_verifier(provider)?
            // The client's base URI already rejects `http` to other hosts than the loopback interface.
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(tcp);
        Ok(Self::with_connector(connector))
    }
}

impl<C> HyperTransport<C>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    /// Creates a transport with your own connector, for example through a proxy, with other roots, or over a Unix
    /// socket.
    pub fn with_connector(connector: C) -> Self {
        // Load balancers drop idle connections without telling the client. Closing them first, and pinging those of
        // HTTP/2, avoids a call that fails midway and may have taken effect.
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(90))
            .http2_keep_alive_interval(Duration::from_secs(30))
            .http2_keep_alive_timeout(Duration::from_secs(10))
            // A connection parses whatever has arrived before it lets others run. With hyper's 400 KiB, a server that
            // sends interim responses without end could keep a thread busy for seconds, beyond all deadlines.
            .http1_read_buf_exact_size(READ_BUFFER);
        let program = builder.build(connector.clone());
        Self(Arc::new(Pools { program, decisions: builder.build(connector) }))
    }
}

impl<C> HyperTransport<C>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    /// Starts a request at once, because a future that has the whole request is large. The future does not borrow the service.
    fn start(
        &self,
        request: Request<Bytes>,
    ) -> Result<impl Future<Output = Result<Response<Incoming>, BoxError>> + use<C>, BoxError> {
        check_runtime(request.extensions())?;
        let delivery = Delivery::of(request.extensions());
        let is_decision = Purpose::of(request.extensions()).is_decision();
        let client = if is_decision { &self.0.decisions } else { &self.0.program };
        let (head, body) = request.into_parts();
        let body = TrackedBody::new(Full::new(body), &head.method, delivery.clone());
        let mut request = Request::from_parts(head, body);
        let captured = capture_connection(&mut request);
        delivery.on_timeout(move || {
            if let Some(connection) = captured.connection_metadata().as_ref() {
                connection.poison();
            }
        });
        let response = client.request(request);
        Ok(async move {
            let response = response.await;
            response.map_err(|error| sort(error.is_connect(), error.into(), &delivery))
        })
    }
}

impl<C> fmt::Debug for HyperTransport<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HyperTransport")
    }
}

impl<C> Service<Request<Bytes>> for HyperTransport<C>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    type Response = Response<Incoming>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // The client is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        match self.start(request) {
            Ok(response) => Box::pin(response),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }
}
