//! Tests of the layer while Clerk misbehaves: during handshakes, refreshes, and verification of machine tokens.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use axum::{Router, routing::get as on_get};
use bytes::Bytes;
use clerk_axum::{Auth, ClerkLayer, Rejection, Session, require};
use clerk_core::{
    authenticate::{AcceptedKinds, AuthenticateOptions},
    token::TokenKind,
};
use clerk_tests::{
    Instance, NOW, TextResponse,
    browser::{LIVE, NONCE, REFRESH_TOKEN, SUFFIX, expired_cookies},
    fault::{Fault, FaultServer, http_response, nobody},
    scripted::{Reply, Script},
    send, serve,
    tokens::claims,
};
use clerk_tower::{
    Clerk, ClerkBuilder,
    server::{
        authenticate::{self, AuthenticateLayer, Decision},
        require::RequireLayer,
    },
};
use futures_util::{FutureExt as _, future::join_all};
use http::{Request, Response};
use http_body_util::Full;
use serde_json::json;
use tower::{Layer as _, ServiceBuilder, ServiceExt as _, service_fn};

/// The maximum duration of a decision if Clerk hangs.
const SHORT: Duration = Duration::from_millis(300);

/// The operation of Clerk that the layer waits for.
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
    /// Returns the start of the operation's path.
    const fn path(self) -> &'static str {
        match self {
            Self::Nonce => "/v1/clients/handshake_payload?",
            Self::Refresh => "/v1/sessions/sess_1/refresh",
            Self::ApiKey => "/v1/api_keys/verify",
            Self::M2m => "/v1/m2m_tokens/verify",
            Self::OAuth => "/v1/oauth_applications/access_tokens/verify",
        }
    }

    /// Returns the routes that need the result of this flow.
    const fn private(self) -> &'static [&'static str] {
        match self {
            Self::Nonce | Self::Refresh => &["/guarded", "/extracted", "/maybe"],
            Self::ApiKey => &["/api-key", "/guarded", "/extracted", "/maybe"],
            Self::M2m => &["/m2m", "/guarded", "/extracted", "/maybe"],
            Self::OAuth => &["/oauth", "/guarded", "/extracted", "/maybe"],
        }
    }

    /// Returns the request header that triggers it.
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

/// Serves an application whose layer reaches Clerk at this URL.
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

async fn visit(address: SocketAddr, path: &str, flow: Flow, instance: &Instance) -> TextResponse {
    let (name, value) = flow.header(instance);
    let request = Request::get(path).header(name, value).body(Full::<Bytes>::default()).unwrap();
    send(address, request).await
}

/// Like `visit`, as a browser navigation, which can be redirected.
async fn navigate(address: SocketAddr, path: &str, flow: Flow, instance: &Instance) -> TextResponse {
    let (name, value) = flow.header(instance);
    let request = Request::get(path).header(name, value).header("sec-fetch-dest", "document");
    send(address, request.body(Full::<Bytes>::default()).unwrap()).await
}

/// Checks that the layer reports an outage: no visitor is accepted, and none is treated as signed out.
async fn check_undecided(
    address: SocketAddr,
    instance: &Instance,
    flow: Flow,
    wait: Option<u64>,
    case: &str,
) {
    for path in flow.private() {
        let what = format!("{flow:?} at {path}: {case}");
        let response = visit(address, path, flow, instance).await;
        assert_eq!(response.summary(), (503, "clerk-unavailable".to_owned()), "{what}");
        assert_eq!(response.header("cache-control"), "no-store", "{what}");
        let seconds = response.header("retry-after");
        assert!(seconds.parse::<u64>().unwrap() >= 1, "{what}");
        // With a tolerance for the time between the requests.
        let seconds: u64 = seconds.parse().unwrap();
        assert!(wait.is_none_or(|wait| (wait - 5..=wait + 5).contains(&seconds)), "{what}: {seconds}");
    }
    let response = visit(address, "/open", flow, instance).await;
    assert_eq!(response.summary(), (200, "open".to_owned()), "{flow:?}: {case}");
    assert_eq!(response.header("x-clerk-auth-status"), "signed-out", "{flow:?}: {case}");
    // A browser with an expired session is redirected for a new one, even if the refresh failed.
    let response = navigate(address, "/open", flow, instance).await;
    if flow == Flow::Refresh {
        assert_eq!(response.status, 307, "{case}");
        let location = response.header("location");
        assert!(location.starts_with("https://clerk.example.com/v1/client/handshake?"), "{location}");
    } else {
        assert_eq!(response.summary(), (200, "open".to_owned()), "{flow:?}: {case}");
    }
}

#[tokio::test]
async fn if_clerk_is_unavailable_the_decision_is_unknown() {
    let instance = Instance::new();
    let close = |text: &str| Fault::Close(text.to_owned());
    let large = format!("{{\"x\":\"{}\"}}", "a".repeat(20_000));
    let error = r#"{"errors":[{"code":"too_many_requests","message":"slow down"}]}"#;
    for (case, fault, wait) in [
        ("429", close(&http_response("429 Too Many Requests", "retry-after: 17\r\n", error)), Some(17)),
        ("500", close(&http_response("500 Internal Server Error", "", "<html>oops</html>")), None),
        ("503", close(&http_response("503 Service Unavailable", "retry-after: 120\r\n", "")), Some(120)),
        ("closed at once", close(""), None),
        ("garbage", close("\0\u{1}\u{2}garbage, not HTTP\r\n\r\n"), None),
        ("cut body", close("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\""), None),
        ("too large a body", close(&http_response("200 OK", "", &large)), None),
        ("a page", close(&http_response("200 OK", "", "<html>maintenance</html>")), None),
        ("another JSON", close(&http_response("200 OK", "", "[1, 2]")), None),
    ] {
        let server = FaultServer::with_keys(&instance, fault).await;
        // Requests that would have to wait for the rate limit are rejected at once.
        let limit =
            if case == "429 without a time" { Duration::from_millis(500) } else { Duration::from_secs(10) };
        let address =
            app(&instance, server.api_url(), |builder| builder.max_attempts(1).timeout(limit)).await;
        for flow in FLOWS {
            check_undecided(address, &instance, flow, wait, case).await;
            let calls = server.heads().iter().filter(|head| head.contains(flow.path())).count();
            // At most one call per request; none before the time in `Retry-After`.
            let requests = flow.private().len() + 2;
            let is_early = case == "429";
            assert!(calls >= 1 && calls <= requests, "{flow:?}: {case}");
            assert!(is_early || calls == requests, "{flow:?}: {case}");
        }
    }
}

#[tokio::test]
async fn if_clerk_refuses_the_visitor_is_signed_out() {
    let instance = Instance::new();
    for (status, code) in
        [("404 Not Found", "resource_not_found"), ("400 Bad Request", "bad"), ("422 Unprocessable", "bad")]
    {
        let error = json!({"errors": [{"code": code, "message": "no"}]}).to_string();
        let server = FaultServer::with_keys(&instance, Fault::Close(http_response(status, "", &error))).await;
        let address = app(&instance, server.api_url(), |builder| builder).await;
        for flow in FLOWS {
            for path in flow.private() {
                let response = visit(address, path, flow, &instance).await;
                // An unknown nonce, as after reloading a page, yields no session: the visitor is signed out.
                let is_open = *path == "/maybe" && flow == Flow::Nonce;
                let expected = if is_open { 200 } else { 401 };
                assert_eq!(response.status, expected, "{flow:?} at {path}: {status}");
                assert!(!response.headers.contains_key("retry-after"), "{flow:?} at {path}: {status}");
            }
        }
    }
}

#[tokio::test]
async fn a_call_that_cannot_be_made_signs_the_visitor_out() {
    let instance = Instance::new();
    let server = FaultServer::with_keys(&instance, Fault::Close(String::new())).await;
    let address = app(&instance, server.api_url(), |builder| builder).await;
    let now = NOW.as_secs();
    let expired = json!({"sid": "..", "iat": now - 120, "nbf": now - 120, "exp": now - 60});
    let token = instance.local.sign_claims(&json!({}), &claims(&expired));
    let cookies = format!("__session={token}; __client_uat=1; __refresh_{SUFFIX}={REFRESH_TOKEN}");
    let request = Request::get("/guarded").header("cookie", cookies).body(Full::default()).unwrap();
    let response = send(address, request).await;
    assert_eq!(response.status, 401);
    assert_eq!(response.code(), "session-token-expired-refresh-unexpected-sdk-error");
    assert!(server.heads().iter().all(|head| head.starts_with("GET /v1/jwks ")));
}

#[tokio::test]
async fn without_a_connection_the_decision_is_unknown() {
    let instance = Instance::new();
    let address = app(&instance, nobody().await, |builder| builder).await;
    for flow in FLOWS {
        for path in flow.private() {
            let response = visit(address, path, flow, &instance).await;
            assert_eq!(response.summary(), (503, "clerk-unavailable".to_owned()), "{flow:?} at {path}");
            assert!(response.header("retry-after").parse::<u64>().unwrap() >= 1);
        }
    }
}

#[tokio::test]
async fn a_call_to_a_server_that_hangs_times_out() {
    let instance = Instance::new();
    for text in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\""] {
        let server = FaultServer::with_keys(&instance, Fault::Stall(text.to_owned())).await;
        let address = app(&instance, server.api_url(), |builder| builder.timeout(SHORT)).await;
        let visits = FLOWS.iter().flat_map(|flow| flow.private().iter().map(move |path| (*flow, *path)));
        let visits =
            visits.map(async |(flow, path)| (flow, path, visit(address, path, flow, &instance).await));
        for (flow, path, response) in join_all(visits).await {
            assert_eq!(response.summary(), (503, "clerk-unavailable".to_owned()), "{flow:?} at {path}");
        }
    }
}

/// Clerk in this process, on tokio's clock: it serves keys after a delay, and never responds to anything else.
fn slow(instance: &Instance, keys_after: Duration) -> Clerk {
    let local = instance.local.clone();
    let transport = Script::new(move |received| {
        let local = local.clone();
        match received.request.uri().path() {
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

/// Waiting is of no use to a visitor whom Clerk has refused, whatever headers the refusal has.
#[tokio::test(start_paused = true)]
async fn only_an_undecided_request_is_told_to_wait() {
    for (refusal, expected) in [(429, (503, Some(7))), (503, (503, Some(7))), (404, (401, None))] {
        let instance = Instance::new();
        let local = instance.local.clone();
        let transport = Script::new(move |received| match received.request.uri().path() {
            "/v1/jwks" => Reply::Pass(local.clone()),
            _ => {
                let response = Response::builder().status(refusal).header("retry-after", "7");
                Reply::Respond(response.body(clerk_local::LocalBody::default()).unwrap())
            }
        });
        let clerk = instance.builder().publishable_key(LIVE).transport(transport).build().unwrap();
        let request = Request::get("https://app.example.com/")
            .header("cookie", format!("__clerk_handshake_nonce={NONCE}"))
            .body(())
            .unwrap();
        let decision = clerk.authenticate(&(&request).into()).await;
        let Decision::Continue(auth, _) = decision else { panic!("{decision:?}") };
        let rejection = auth.require_session().unwrap_err();
        let wait = rejection.retry_after().map(|wait| wait.as_secs());
        assert_eq!((rejection.status().as_u16(), wait), expected, "{refusal}: {rejection}");
    }
}

/// Returns the status of a guard behind the layer, and after how long.
async fn authenticate(clerk: &Clerk, header: (&str, &str)) -> (u16, Duration) {
    let service = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(clerk))
        .layer(RequireLayer::signed_in())
        .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    let start = tokio::time::Instant::now();
    let request = Request::get("https://app.example.com/").header(header.0, header.1).body(()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    (response.status().as_u16(), start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn all_calls_of_a_decision_share_one_deadline() {
    let instance = Instance::new();
    // A key, then a refresh: each may take ten seconds, but together they may not take longer.
    let (name, cookies) = Flow::Refresh.header(&instance);
    for keys_after in [0, 1, 6, 9, 11] {
        let clerk = slow(&instance, Duration::from_secs(keys_after));
        let (status, elapsed) = authenticate(&clerk, (name, &cookies)).await;
        assert_eq!(status, 503, "keys after {keys_after} s");
        let limits = Duration::from_secs(10)..=Duration::from_millis(10_010);
        assert!(limits.contains(&elapsed), "keys after {keys_after} s: {elapsed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn concurrent_requests_wait_no_longer_than_one() {
    let instance = Instance::new();
    let clerk = slow(&instance, Duration::from_secs(3600));
    for flow in FLOWS {
        let (name, value) = flow.header(&instance);
        let crowd = (0..2000).map(|_| authenticate(&clerk, (name, &value)));
        for (status, elapsed) in join_all(crowd).await {
            assert_eq!(status, 503, "{flow:?}");
            assert!(elapsed <= Duration::from_millis(10_010), "{flow:?}: {elapsed:?}");
        }
    }
}

#[test]
fn without_a_runtime_the_decision_is_unknown() {
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
        assert!(response.into_body().into_inner().unwrap(), "{flow:?}");
    }
}
