//! A server that the proxy sends requests on to, and that remembers what it received.

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

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its method.
    pub method: Method,
    /// Path and query as they were sent.
    pub target: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Seen {
    /// All values of a header.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }
}

/// The body of an answer of a test's server.
pub type AnyBody = UnsyncBoxBody<Bytes, std::io::Error>;

/// A body with this text.
pub fn text(body: impl Into<Bytes>) -> AnyBody {
    Full::new(body.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Serves a service on a free port of this machine with bare hyper. It finds the peer's address in the
/// extensions of its requests.
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

/// A server on bare hyper, and the requests that came to it.
#[derive(Clone, Debug)]
pub struct Upstream {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Upstream {
    /// Answers every request, once its body is there, as `answer` says.
    pub async fn start<F>(answer: F) -> Self
    where
        F: Fn(&Seen) -> Response<AnyBody> + Clone + Send + 'static,
    {
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let record = seen.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let (record, answer) = (record.clone(), answer.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await?.to_bytes();
                let (method, headers, target) = (head.method, head.headers, head.uri.to_string());
                let seen = Seen { method, target, headers, body };
                let response = answer(&seen);
                record.lock().unwrap().push(seen);
                Ok::<_, hyper::Error>(response)
            }
        });
        Self { address: serve_hyper(service).await, seen }
    }

    /// Answers everything with `200` and `fine`.
    pub async fn fine() -> Self {
        Self::start(|_| Response::new(text("fine"))).await
    }

    /// What to configure as the URL of the Frontend API.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests that came, in order. They are forgotten here.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    /// The one request that came since the last look.
    pub fn one(&self) -> Seen {
        let mut seen = self.take();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }
}

/// A body that a test feeds by hand.
#[must_use]
pub fn fed() -> (tokio::sync::mpsc::Sender<Bytes>, AnyBody) {
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let frames = futures_util::stream::poll_fn(move |context| {
        receiver.poll_recv(context).map(|bytes| Some(Ok(http_body::Frame::data(bytes?))))
    });
    (sender, http_body_util::StreamBody::new(frames).boxed_unsync())
}
