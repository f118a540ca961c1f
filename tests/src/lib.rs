//! Helpers of the behavior tests: an instance of Clerk with a manual clock, servers on loopback ports, a small HTTP
//! client, and scripted servers that misbehave.

pub mod alone;
pub mod browser;
pub mod chest;
pub mod client;
pub mod conformance;
pub mod engine;
pub mod examples;
pub mod fault;
pub mod guarded;
pub mod log;
pub mod mistakes;
pub mod operation_visitor;
pub mod redis_server;
pub mod responses;
pub mod samples;
pub mod scripted;
pub mod tcp_proxy;
pub mod tokens;
pub mod upstream;
pub mod varied;

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use clerk_core::{Timestamp, keys::SecretKey};
use clerk_local::{Fault, LocalClerk, LocalServer};
use clerk_tower::{Clerk, ClerkBuilder, clock::ManualClock};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

pub use self::{
    alone::alone,
    client::{TextResponse, get, send},
    log::Log,
    redis_server::RedisServer,
    tcp_proxy::TcpProxy,
};

/// The time at which the tests start.
pub const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// Returns the fault that an instance's public keys cannot be fetched.
pub fn keys_down() -> Fault {
    Fault::status(StatusCode::SERVICE_UNAVAILABLE).on("GET", "/jwks").on("GET", "/.well-known/jwks.json")
}

/// A Clerk instance with the seed data, and the clock that it shares with its clients.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The instance.
    pub local: LocalClerk,
    /// The clock, which only advances when a test advances it.
    pub clock: ManualClock,
}

impl Default for Instance {
    fn default() -> Self {
        Self::new()
    }
}

impl Instance {
    /// Creates an instance with the seed data.
    #[must_use]
    pub fn new() -> Self {
        let clock = ManualClock::at(NOW);
        let local = LocalClerk::builder().clock(clock.clone()).seeded().build().unwrap();
        Self { local, clock }
    }

    /// Creates an instance with the seed data on a port.
    pub async fn served() -> (Self, LocalServer) {
        let clock = ManualClock::at(NOW);
        let builder = LocalClerk::builder().clock(clock.clone()).seeded();
        let server = builder.serve(([127, 0, 0, 1], 0)).await.unwrap();
        (Self { local: server.local().clone(), clock }, server)
    }

    /// Returns a builder of a client of this instance.
    pub fn builder(&self) -> ClerkBuilder {
        Clerk::builder().secret_key(self.secret_key()).clock(self.clock.clone())
    }

    /// Returns the instance's secret key.
    #[must_use]
    pub fn secret_key(&self) -> &SecretKey {
        self.local.secret_key()
    }

    /// Returns a client that reaches the instance without a socket.
    #[must_use]
    pub fn in_memory(&self) -> Clerk {
        self.builder().transport(self.local.clone()).build().unwrap()
    }

    /// Creates an instance on a port, and a client that reaches it with the default transport.
    pub async fn over_http() -> (Self, Clerk, LocalServer) {
        let (instance, server) = Self::served().await;
        let clerk = instance.builder().api_url(server.api_url()).build().unwrap();
        (instance, clerk, server)
    }

    /// Returns a session token of Ada in Acme, where she is an admin.
    #[must_use]
    pub fn ada(&self) -> String {
        self.local.sign_in("user_ada").organization("org_acme").token()
    }

    /// Calls the Backend API in memory. The call must succeed.
    pub async fn backend(&self, method: &str, path: &str) -> Value {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", self.secret_key().to_header())
            .body(Bytes::new())
            .unwrap();
        let response = self.local.clone().oneshot(request).await.unwrap();
        assert!(response.status().is_success(), "{method} {path}: {}", response.status());
        serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
    }
}

/// Serves an application on a free loopback port until the test's runtime ends.
pub async fn serve(app: axum::Router) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// Waits up to a minute for a condition.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let limit = tokio::time::timeout(Duration::from_secs(60), async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    assert!(limit.await.is_ok(), "never happened: {what}");
}

/// Lets all other tasks run until they wait. For single-threaded runtimes.
pub async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
