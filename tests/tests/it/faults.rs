//! What the layer answers while Clerk misbehaves: at handshakes, refreshes, and opaque machine tokens.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use axum::{Router, routing::get as on_get};
use bytes::Bytes;
use clerk_axum::{Auth, ClerkLayer, Rejection, Session, require};
use clerk_core::{
    authenticate::{AcceptedKinds, AuthenticateOptions},
    token::TokenKind,
};
use clerk_tests::{
    Answer, Instance, NOW,
    browser::{LIVE, NONCE, REFRESH_TOKEN, SUFFIX, expired_cookies},
    fault::{Fault, FaultServer, answer, nobody},
    scripted::{Reply, Script},
    send, serve,
    tokens::claims,
};
use clerk_tower::{
    Clerk, ClerkBuilder,
    server::authenticate::{self, AuthenticateLayer},
};
use futures_util::{FutureExt as _, future::join_all};
use http::{Request, Response};
use http_body_util::Full;
use serde_json::json;
use tower::{Layer as _, ServiceBuilder, ServiceExt as _, service_fn};

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
        match self {
            Self::Nonce => ("cookie", format!("__clerk_handshake_nonce={NONCE}")),
            Self::Refresh => ("cookie", expired_cookies(instance).join("; ")),
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
        .max_response_bytes(10_000)
        .max_attempts(1)
        .authentication(|options: AuthenticateOptions| options.accepted_kinds(AcceptedKinds::any()));
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
    wait: Option<u64>,
    case: &str,
) {
    for path in flow.private() {
        let what = format!("{flow:?} at {path}: {case}");
        let answer = visit(address, path, flow, instance).await;
        assert_eq!(answer.summary(), (503, "clerk-unavailable".to_owned()), "{what}");
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
        let seconds = answer.header("retry-after");
        assert!(seconds.parse::<u64>().unwrap() >= 1, "{what}");
        // Give or take what passes between the requests.
        let seconds: u64 = seconds.parse().unwrap();
        assert!(wait.is_none_or(|wait| (wait - 5..=wait + 5).contains(&seconds)), "{what}: {seconds}");
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
        ("429", close(&answer("429 Too Many Requests", "retry-after: 17\r\n", error)), Some(17)),
        ("500", close(&answer("500 Internal Server Error", "", "<html>oops</html>")), None),
        ("503", close(&answer("503 Service Unavailable", "retry-after: 120\r\n", "")), Some(120)),
        ("closed at once", close(""), None),
        ("garbage", close("\0\u{1}\u{2}garbage, not HTTP\r\n\r\n"), None),
        ("cut body", close("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\""), None),
        ("too large a body", close(&answer("200 OK", "", &large)), None),
        ("a page", close(&answer("200 OK", "", "<html>maintenance</html>")), None),
        ("another JSON", close(&answer("200 OK", "", "[1, 2]")), None),
    ] {
        let server = FaultServer::with_keys(&instance, fault).await;
        // Who would wait at the gate is told at once.
        let limit =
            if case == "429 without a time" { Duration::from_millis(500) } else { Duration::from_secs(10) };
        let address =
            app(&instance, server.api_url(), |builder| builder.max_attempts(1).timeout(limit)).await;
        for flow in FLOWS {
            check_undecided(address, &instance, flow, wait, case).await;
            let asked = server.heads().iter().filter(|head| head.contains(flow.path())).count();
            // Once for each request at most: where Clerk says when to come back, nobody comes before.
            let requests = flow.private().len() + 2;
            let is_early = case == "429";
            assert!(asked >= 1 && asked <= requests, "{flow:?}: {case}");
            assert!(is_early || asked == requests, "{flow:?}: {case}");
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
                // A nonce that Clerk does not know, as when a page is loaded again, brings no session: a visitor.
                let is_open = *path == "/maybe" && flow == Flow::Nonce;
                let expected = if is_open { 200 } else { 401 };
                assert_eq!(answer.status, expected, "{flow:?} at {path}: {status}");
                assert!(!answer.headers.contains_key("retry-after"), "{flow:?} at {path}: {status}");
            }
        }
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_decided() {
    let instance = Instance::new();
    let server = FaultServer::with_keys(&instance, Fault::Close(String::new())).await;
    let address = app(&instance, server.api_url(), |builder| builder).await;
    let now = NOW.as_secs();
    let expired = json!({"sid": "..", "iat": now - 120, "nbf": now - 120, "exp": now - 60});
    let token = instance.local.sign_claims(&json!({}), &claims(&expired));
    let cookies = format!("__session={token}; __client_uat=1; __refresh_{SUFFIX}={REFRESH_TOKEN}");
    let request = Request::get("/guarded").header("cookie", cookies).body(Full::default()).unwrap();
    let answer = send(address, request).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.code(), "session-token-expired-refresh-unexpected-sdk-error");
    assert!(server.heads().iter().all(|head| head.starts_with("GET /v1/jwks ")));
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
        let visits = FLOWS.iter().flat_map(|flow| flow.private().iter().map(move |path| (*flow, *path)));
        let visits =
            visits.map(async |(flow, path)| (flow, path, visit(address, path, flow, &instance).await));
        for (flow, path, answer) in join_all(visits).await {
            assert_eq!(answer.summary(), (503, "clerk-unavailable".to_owned()), "{flow:?} at {path}");
        }
    }
}

/// Clerk in this process, on tokio's clock: it takes its time for keys, and gives no other answer at all.
fn slow(instance: &Instance, keys_after: Duration) -> Clerk {
    let local = instance.local.clone();
    let transport = Script::new(move |seen| {
        let local = local.clone();
        match seen.request.uri().path() {
            "/v1/jwks" => Reply::Later(Box::pin(async move {
                tokio::time::sleep(keys_after).await;
                Reply::Pass(local)
            })),
            _ => Reply::Hang,
        }
    });
    let builder = instance.builder().publishable_key(LIVE).transport(transport);
    let builder = builder.attempt_timeout(Duration::from_secs(10));
    builder.authentication(|options| options.accepted_kinds(AcceptedKinds::any())).build().unwrap()
}

/// What a guard behind the layer says, and after how long.
async fn judged(clerk: &Clerk, header: (&str, &str)) -> (u16, Duration) {
    let service = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(clerk))
        .layer(require::signed_in())
        .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    let start = tokio::time::Instant::now();
    let request = Request::get("https://app.example.com/").header(header.0, header.1).body(()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    (response.status().as_u16(), start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn all_calls_of_a_decision_share_one_deadline() {
    let instance = Instance::new();
    // A key, then a refresh: each of them may take ten seconds, and so may both.
    let (name, cookies) = Flow::Refresh.header(&instance);
    for keys_after in [0, 1, 6, 9, 11] {
        let clerk = slow(&instance, Duration::from_secs(keys_after));
        let (status, elapsed) = judged(&clerk, (name, &cookies)).await;
        assert_eq!(status, 503, "keys after {keys_after} s");
        let limits = Duration::from_secs(10)..=Duration::from_millis(10_010);
        assert!(limits.contains(&elapsed), "keys after {keys_after} s: {elapsed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_in_a_crowd() {
    let instance = Instance::new();
    let clerk = slow(&instance, Duration::from_secs(3600));
    for flow in FLOWS {
        let (name, value) = flow.header(&instance);
        let crowd = (0..2000).map(|_| judged(&clerk, (name, &value)));
        for (status, elapsed) in join_all(crowd).await {
            assert_eq!(status, 503, "{flow:?}");
            assert!(elapsed <= Duration::from_millis(10_010), "{flow:?}: {elapsed:?}");
        }
    }
}

#[test]
fn without_a_runtime_nothing_is_decided() {
    let instance = Instance::new();
    let clerk = instance.builder().publishable_key(LIVE).transport(instance.local.clone());
    let clerk = clerk.authentication(|options| options.accepted_kinds(AcceptedKinds::any())).build().unwrap();
    for flow in FLOWS {
        let (name, value) = flow.header(&instance);
        let service = AuthenticateLayer::new(&clerk).layer(service_fn(async |request: Request<()>| {
            let auth = authenticate::Auth::from_extensions(request.extensions()).unwrap();
            Ok::<_, Infallible>(Response::new(auth.outcome().is_undecided()))
        }));
        let request = Request::get("/").header(name, value).body(()).unwrap();
        let response = service.oneshot(request).now_or_never().unwrap().unwrap();
        assert_eq!(response.into_body().into_inner(), Some(true), "{flow:?}");
    }
}
