//! What the layer answers while Clerk misbehaves: at handshakes, refreshes, and opaque machine tokens.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

use std::{net::SocketAddr, time::Duration};

use axum::{Router, routing::get as on_get};
use bytes::Bytes;
use clerk_axum::{Auth, ClerkLayer, Rejection, Session, require};
use clerk_core::{
    authenticate::{Accepts, AuthenticateOptions},
    token::TokenKind,
};
use clerk_tests::{
    Answer, Instance, NOW,
    fault::{Fault, FaultServer, answer, nobody},
    send, serve,
    tokens::claims,
};
use clerk_tower::{Clerk, ClerkBuilder};
use http::Request;
use http_body_util::Full;
use serde_json::json;

/// `clerk.example.com`, and the suffix of its cookies.
const LIVE: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
const SUFFIX: &str = "naoXFJnI";
/// How long a decision may take where Clerk hangs.
const SHORT: Duration = Duration::from_millis(300);

/// Which of Clerk's operations a request makes the layer wait for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Flow {
    Nonce,
    Refresh,
    ApiKey,
    M2m,
    OAuth,
}

const FLOWS: [Flow; 5] = [Flow::Nonce, Flow::Refresh, Flow::ApiKey, Flow::M2m, Flow::OAuth];

impl Flow {
    /// The beginning of the path that Clerk is asked at.
    const fn path(self) -> &'static str {
        match self {
            Self::Nonce => "/v1/clients/handshake_payload?",
            Self::Refresh => "/v1/sessions/sess_1/refresh",
            Self::ApiKey => "/v1/api_keys/verify",
            Self::M2m => "/v1/m2m_tokens/verify",
            Self::OAuth => "/v1/oauth_applications/access_tokens/verify",
        }
    }

    /// The routes that need what this flow would give.
    const fn private(self) -> &'static [&'static str] {
        match self {
            Self::Nonce | Self::Refresh => &["/guarded", "/extracted", "/maybe"],
            Self::ApiKey => &["/api-key", "/guarded", "/extracted", "/maybe"],
            Self::M2m => &["/m2m", "/guarded", "/extracted", "/maybe"],
            Self::OAuth => &["/oauth", "/guarded", "/extracted", "/maybe"],
        }
    }

    /// The header that sets it off.
    fn header(self, instance: &Instance) -> (&'static str, String) {
        let expired =
            json!({"iat": NOW.as_secs() - 120, "nbf": NOW.as_secs() - 120, "exp": NOW.as_secs() - 60});
        let token = instance.local.sign_claims(&json!({}), &claims(&expired));
        match self {
            Self::Nonce => ("cookie", "__clerk_handshake_nonce=nonce1".into()),
            Self::Refresh => (
                "cookie",
                format!(
                    "__session_{SUFFIX}={token}; __client_uat_{SUFFIX}=1; __client_uat=1; __session={token}; \
                     __refresh_{SUFFIX}=refresh1"
                ),
            ),
            Self::ApiKey => ("authorization", "Bearer ak_0123456789".into()),
            Self::M2m => ("authorization", "Bearer mt_0123456789".into()),
            Self::OAuth => ("authorization", "Bearer oat_0123456789".into()),
        }
    }
}

/// An application whose layer reaches Clerk at this address.
async fn app(
    instance: &Instance,
    api_url: String,
    build: impl FnOnce(ClerkBuilder) -> ClerkBuilder,
) -> SocketAddr {
    let builder = instance
        .builder()
        .api_url(api_url)
        .publishable_key(LIVE)
        .max_answer_bytes(10_000)
        .authentication(|options: AuthenticateOptions| options.accepts(Accepts::any()));
    let clerk: Clerk = build(builder).build().unwrap();
    let routes = Router::new()
        .route("/open", on_get("open"))
        .route("/guarded", on_get("in").route_layer(require::signed_in()))
        .route("/api-key", on_get(async |auth: Auth| machine(&auth, TokenKind::ApiKey)))
        .route("/m2m", on_get(async |auth: Auth| machine(&auth, TokenKind::M2m)))
        .route("/oauth", on_get(async |auth: Auth| machine(&auth, TokenKind::OAuth)))
        .route("/extracted", on_get(async |session: Session| session.user_id().to_string()))
        .route(
            "/maybe",
            on_get(async |session: Option<Session>| if session.is_some() { "in" } else { "out" }),
        );
    serve(routes.layer(ClerkLayer::new(&clerk))).await
}

fn machine(auth: &Auth, kind: TokenKind) -> Result<String, Rejection> {
    Ok(auth.require_machine(kind)?.subject().to_owned())
}

async fn visit(address: SocketAddr, path: &str, flow: Flow, instance: &Instance) -> Answer {
    let (name, value) = flow.header(instance);
    let request = Request::get(path).header(name, value).body(Full::<Bytes>::default()).unwrap();
    send(address, request).await
}

/// The same as a browser that would follow a redirect.
async fn navigate(address: SocketAddr, path: &str, flow: Flow, instance: &Instance) -> Answer {
    let (name, value) = flow.header(instance);
    let request = Request::get(path).header(name, value).header("sec-fetch-dest", "document");
    send(address, request.body(Full::<Bytes>::default()).unwrap()).await
}

/// The layer is at Clerk's mercy, and says so: nobody is let in, nobody is called signed out.
async fn check_undecided(
    address: SocketAddr,
    instance: &Instance,
    flow: Flow,
    wait: Option<&str>,
    case: &str,
) {
    for path in flow.private() {
        let what = format!("{flow:?} at {path}: {case}");
        let answer = visit(address, path, flow, instance).await;
        assert_eq!(answer.summary(), (503, "clerk-unavailable".to_owned()), "{what}");
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
        let seconds = answer.header("retry-after");
        assert!(seconds.parse::<u64>().unwrap() >= 1, "{what}");
        assert!(wait.is_none_or(|wait| wait == seconds), "{what}: {seconds}");
    }
    let answer = visit(address, "/open", flow, instance).await;
    assert_eq!(answer.summary(), (200, "open".to_owned()), "{flow:?}: {case}");
    assert_eq!(answer.header("x-clerk-auth-status"), "signed-out", "{flow:?}: {case}");
    // A browser with an expired session is sent around for a new one, whatever became of the refresh.
    let answer = navigate(address, "/open", flow, instance).await;
    if flow == Flow::Refresh {
        assert_eq!(answer.status, 307, "{case}");
        let location = answer.header("location");
        assert!(location.starts_with("https://clerk.example.com/v1/client/handshake?"), "{location}");
    } else {
        assert_eq!(answer.summary(), (200, "open".to_owned()), "{flow:?}: {case}");
    }
}

#[tokio::test]
async fn where_clerk_says_nothing_nothing_is_decided() {
    let instance = Instance::new();
    let close = |text: &str| Fault::Close(text.to_owned());
    let large = format!("{{\"x\":\"{}\"}}", "a".repeat(20_000));
    let error = r#"{"errors":[{"code":"too_many_requests","message":"slow down"}]}"#;
    for (case, fault, wait) in [
        ("429", close(&answer("429 Too Many Requests", "retry-after: 17\r\n", error)), Some("17")),
        ("429 without a time", close(&answer("429 Too Many Requests", "", error)), None),
        ("500", close(&answer("500 Internal Server Error", "", "<html>oops</html>")), None),
        ("503", close(&answer("503 Service Unavailable", "retry-after: 120\r\n", "")), Some("120")),
        ("closed at once", close(""), None),
        ("garbage", close("\0\u{1}\u{2}garbage, not HTTP\r\n\r\n"), None),
        ("cut body", close("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\""), None),
        ("too large a body", close(&answer("200 OK", "", &large)), None),
        ("a page", close(&answer("200 OK", "", "<html>maintenance</html>")), None),
        ("another JSON", close(&answer("200 OK", "", "[1, 2]")), None),
    ] {
        let server = FaultServer::with_keys(&instance, fault).await;
        let address = app(&instance, server.api_url(), |builder| builder).await;
        for flow in FLOWS {
            check_undecided(address, &instance, flow, wait, case).await;
            let asked = server.heads().iter().filter(|head| head.contains(flow.path())).count();
            assert_eq!(asked, flow.private().len() + 2, "once for each request, {flow:?}: {case}");
        }
    }
}

#[tokio::test]
async fn where_clerk_refuses_it_is_decided() {
    let instance = Instance::new();
    for (status, code) in
        [("404 Not Found", "resource_not_found"), ("400 Bad Request", "bad"), ("422 Unprocessable", "bad")]
    {
        let error = json!({"errors": [{"code": code, "message": "no"}]}).to_string();
        let server = FaultServer::with_keys(&instance, Fault::Close(answer(status, "", &error))).await;
        let address = app(&instance, server.api_url(), |builder| builder).await;
        for flow in FLOWS {
            for path in flow.private() {
                let answer = visit(address, path, flow, &instance).await;
                assert_eq!(answer.status, 401, "{flow:?} at {path}: {status}");
                assert!(!answer.headers.contains_key("retry-after"), "{flow:?} at {path}: {status}");
            }
        }
    }
}

#[tokio::test]
async fn without_a_connection_nothing_is_decided() {
    let instance = Instance::new();
    let address = app(&instance, nobody().await, |builder| builder).await;
    for flow in FLOWS {
        for path in flow.private() {
            let answer = visit(address, path, flow, &instance).await;
            assert_eq!(answer.summary(), (503, "clerk-unavailable".to_owned()), "{flow:?} at {path}");
            assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
        }
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_not_waited_for() {
    let instance = Instance::new();
    for text in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\""] {
        let server = FaultServer::with_keys(&instance, Fault::Stall(text.to_owned())).await;
        let address = app(&instance, server.api_url(), |builder| builder.timeout(SHORT)).await;
        for flow in FLOWS {
            check_undecided(address, &instance, flow, None, "hangs").await;
        }
    }
}
