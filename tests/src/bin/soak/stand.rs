//! The stand-in for Clerk, the service under test, and a client that keeps its connection.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, body::Body, response::Response, routing::get};
use bytes::Bytes;
use clerk_axum::{ClerkLayer, ClerkUser, Machine, Session};
use clerk_core::token::TokenKind;
use clerk_local::LocalClerk;
use clerk_tests::serve;
use clerk_tower::Clerk;
use http::{Request, StatusCode, header::HOST};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpStream, sync::watch, time::timeout};
use tower::ServiceExt as _;

/// What Clerk does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Answers them.
    Fair,
    /// Fails with status 503.
    Out,
    /// Accepts them and says nothing until the weather changes.
    Stalled,
    /// Fails with status 429 and `Retry-After: 1`.
    Busy,
}

/// A Clerk on a loopback port whose weather can be changed.
#[derive(Clone)]
pub(crate) struct Upstream {
    pub(crate) local: LocalClerk,
    pub(crate) weather: Arc<watch::Sender<Weather>>,
    calls: Arc<AtomicU64>,
    address: SocketAddr,
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let local = LocalClerk::seeded();
        let (weather, _) = watch::channel(Weather::Fair);
        let (weather, calls) = (Arc::new(weather), Arc::new(AtomicU64::new(0)));
        let state = (local.clone(), weather.clone(), calls.clone());
        let app = Router::new().fallback(move |request| answer(state.clone(), request));
        Self { local, weather, calls, address: serve(app).await }
    }

    /// Returns the number of calls so far.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Serves an application that authenticates with this Clerk.
    pub(crate) async fn application(&self) -> SocketAddr {
        let clerk = Clerk::builder()
            .secret_key(self.local.secret_key().expose())
            .publishable_key(self.local.publishable_key().as_str())
            .api_url(format!("http://{}", self.address))
            .authentication(|options| options.accepted_kinds([TokenKind::Session, TokenKind::ApiKey]))
            .build()
            .expect("the settings are valid");
        let app = Router::new()
            .route("/open", get(async || "open"))
            .route("/session", get(async |session: Session| session.user_id().to_string()))
            .route("/user", get(async |user: ClerkUser| Json(json!({"id": user.id}))))
            .route("/machine", get(async |_: Machine| "machine"))
            .layer(ClerkLayer::new(&clerk));
        serve(app).await
    }
}

async fn answer(
    (local, weather, calls): (LocalClerk, Arc<watch::Sender<Weather>>, Arc<AtomicU64>),
    request: Request<Body>,
) -> Response {
    calls.fetch_add(1, Ordering::Relaxed);
    let mut now = weather.subscribe();
    let _ = now.wait_for(|weather| *weather != Weather::Stalled).await;
    let weather = *now.borrow();
    match weather {
        Weather::Fair | Weather::Stalled => {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            let response = local.oneshot(Request::from_parts(head, body)).await;
            response.expect("no connection is cut").map(Body::new)
        }
        Weather::Out => error(StatusCode::SERVICE_UNAVAILABLE),
        Weather::Busy => error(StatusCode::TOO_MANY_REQUESTS),
    }
}

fn error(status: StatusCode) -> Response {
    let body: Value = json!({"errors": [{"code": "unexpected", "message": "unexpected"}]});
    let response = Response::builder().status(status).header("retry-after", "1");
    response.body(body.to_string().into()).expect("the parts are valid")
}

/// A client with one connection, which it opens again if it breaks.
pub(crate) struct Client {
    address: SocketAddr,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    pub(crate) const fn new(address: SocketAddr) -> Self {
        Self { address, sender: None }
    }

    /// Returns the status of the response, if there is one within a minute.
    pub(crate) async fn get(&mut self, path: &str, token: &str) -> Option<StatusCode> {
        let status = timeout(Duration::from_secs(60), self.try_get(path, token)).await.ok().flatten();
        if status.is_none() {
            self.sender = None;
        }
        status
    }

    async fn try_get(&mut self, path: &str, token: &str) -> Option<StatusCode> {
        if self.sender.as_ref().is_none_or(SendRequest::is_closed) {
            let stream = TcpStream::connect(self.address).await.ok()?;
            let (sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
            tokio::spawn(connection);
            self.sender = Some(sender);
        }
        let sender = self.sender.as_mut()?;
        sender.ready().await.ok()?;
        let mut request = Request::get(path).header(HOST, self.address.to_string());
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = sender.send_request(request.body(Full::default()).ok()?).await.ok()?;
        let status = response.status();
        response.into_body().collect().await.ok()?;
        Some(status)
    }
}

/// Returns the memory of this process that is resident, in KiB, where the system tells.
pub(crate) fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
}
