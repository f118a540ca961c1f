//! A server behind the proxy that records the requests it receives.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::net::TcpListener;
use tower::{Service, service_fn};

/// A received request.
#[derive(Clone, Debug)]
pub struct ReceivedRequest {
    /// The method.
    pub method: Method,
    /// Path and query as received.
    pub target: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl ReceivedRequest {
    /// Returns all values of a header.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }
}

/// The response body of a test server.
pub type AnyBody = UnsyncBoxBody<Bytes, std::io::Error>;

/// Returns a body with this content.
pub fn text(body: impl Into<Bytes>) -> AnyBody {
    Full::new(body.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Serves a service on a free loopback port with bare hyper. The peer's address is in the extensions of the
/// requests.
pub async fn serve_hyper<S, B>(service: S) -> SocketAddr
where
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
    B: http_body::Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, peer)) = listener.accept().await {
            let service = tower::util::MapRequest::new(service.clone(), move |mut request: Request<_>| {
                request.extensions_mut().insert::<SocketAddr>(peer);
                request
            });
            let service = TowerToHyperService::new(service);
            let server = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(server);
        }
    });
    address
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A server on bare hyper, and the requests that it received.
#[derive(Clone, Debug)]
pub struct Upstream {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
}

impl Upstream {
    /// Starts a server that reads each request completely and responds with the result of `respond`.
    pub async fn start<F>(respond: F) -> Self
    where
        F: Fn(&ReceivedRequest) -> Response<AnyBody> + Clone + Send + 'static,
    {
        let requests = Arc::<Mutex<Vec<ReceivedRequest>>>::default();
        let record = requests.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let (record, respond) = (record.clone(), respond.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await?.to_bytes();
                let (method, headers, target) = (head.method, head.headers, head.uri.to_string());
                let received = ReceivedRequest { method, target, headers, body };
                let response = respond(&received);
                record.lock().unwrap().push(received);
                Ok::<_, hyper::Error>(response)
            }
        });
        Self { address: serve_hyper(service).await, requests }
    }

    /// Starts a server that responds to everything with `200` and `fine`.
    pub async fn fine() -> Self {
        Self::start(|_| Response::new(text("fine"))).await
    }

    /// Returns the URL to configure as the Frontend API's.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the requests since the last call, in order.
    pub fn take(&self) -> Vec<ReceivedRequest> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }

    /// Returns the only request since the last call.
    pub fn one(&self) -> ReceivedRequest {
        let mut requests = self.take();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }
}

/// Returns a body whose chunks the test sends.
#[must_use]
pub fn fed() -> (tokio::sync::mpsc::Sender<Bytes>, AnyBody) {
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let frames = futures_util::stream::poll_fn(move |context| {
        receiver.poll_recv(context).map(|bytes| Some(Ok(http_body::Frame::data(bytes?))))
    });
    (sender, http_body_util::StreamBody::new(frames).boxed_unsync())
}
