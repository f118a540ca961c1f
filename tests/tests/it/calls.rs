//! Scopes that depend on the body of a call.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body, extract::Request, response::Response, routing::any};
use bytes::Bytes;
use clerk_axum::{ProtectedResource, local::LocalClerk, require, token::TokenKind};
use clerk_tower::server::{
    rejection::Rejection,
    resource::{CallBody, CallScopesLayer, ProtectedResourceLayer},
};
use futures_util::stream;
use http::{Method, header};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt as _, Full, StreamBody};
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt as _, limit::ConcurrencyLimit, service_fn};

const MCP: &str = "https://mcp.example.com/mcp";

/// A resource that returns the body that it gets.
fn app(local: &LocalClerk, scopes: require::ToolScopesLayer) -> Router {
    let tools = Router::new().route("/", any(async |body: Bytes| body)).layer(scopes);
    let resource =
        ProtectedResource::builder(local.client(), MCP).also_accept([TokenKind::Session, TokenKind::ApiKey]);
    resource.build().unwrap().protect(tools)
}

fn notes() -> require::ToolScopesLayer {
    require::tool_scopes([("add", "write"), ("erase", "write"), ("erase", "delete"), ("read", "read")])
}

fn call(tool: &str) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool } }).to_string()
}

fn request(token: &str, body: impl Into<Body>) -> Request {
    let request = Request::post("/mcp").header("authorization", format!("Bearer {token}"));
    request.body(body.into()).unwrap()
}

async fn send(app: &Router, request: Request) -> (u16, String, Bytes) {
    let response: Response = app.clone().oneshot(request).await.unwrap();
    let challenge = response.headers().get(header::WWW_AUTHENTICATE);
    let challenge = challenge.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    (response.status().as_u16(), challenge, response.into_body().collect().await.unwrap().to_bytes())
}

fn code(body: &Bytes) -> String {
    let body: Value = serde_json::from_slice(body).unwrap();
    body["errors"][0]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_tool_needs_the_scopes_that_stand_beside_it() {
    let local = LocalClerk::seeded();
    let app = app(&local, notes());
    let batch = format!("[{}, {}, {}]", call("read"), call("list"), call("erase"));
    for (scopes, body, missing) in [
        (&["write"][..], call("add"), ""),
        (&["write", "delete"], call("erase"), ""),
        (&[], call("list"), ""),
        (&[], r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#.to_owned(), ""),
        (&["read", "write", "delete"], batch.clone(), ""),
        (&[], call("add"), "write"),
        (&["delete"], call("add"), "delete write"),
        (&["write"], call("erase"), "write delete"),
        (&[], call("erase"), "delete write"),
        (&[], batch.clone(), "delete read write"),
        (&["read"], batch, "read delete write"),
    ] {
        let token = local.oauth_token("user_ada").scopes(scopes.iter().copied()).create().token;
        let (status, challenge, answer) = send(&app, request(&token, body.clone())).await;
        if missing.is_empty() {
            assert_eq!((status, &*challenge, answer), (200, "", Bytes::from(body)), "{scopes:?}");
        } else {
            assert_eq!((status, &*code(&answer)), (403, "scope-missing"), "{scopes:?} {body}");
            let expected =
                format!("Bearer error=\"insufficient_scope\", scope=\"{missing}\", resource_metadata=");
            assert!(challenge.starts_with(&expected), "{scopes:?} {body}: {challenge}");
        }
    }
}

#[tokio::test]
async fn only_tokens_with_scopes_can_have_them() {
    let local = LocalClerk::seeded();
    let app = app(&local, notes());
    let session = local.sign_in("user_ada").token();
    let key = local.api_key("nightly").subject("user_ada").scopes(["write"]).create().secret;
    for (token, tool, status) in [
        (&session, "list", 200),
        (&session, "add", 401),
        (&key, "add", 200),
        (&key, "erase", 403),
        (&"nonsense".to_owned(), "list", 401),
    ] {
        assert_eq!(send(&app, request(token, call(tool))).await.0, status, "{tool}");
    }
}

/// Returns a body of which nothing is known before it was read.
fn chunks(parts: Vec<Result<&'static str, std::io::Error>>) -> Body {
    let frames = parts.into_iter().map(|part| part.map(|part| Frame::data(Bytes::from(part))));
    Body::new(StreamBody::new(stream::iter(frames)))
}

#[tokio::test]
async fn a_body_that_is_not_clearly_a_call_does_not_pass() {
    let local = LocalClerk::seeded();
    let app = app(&local, CallScopesLayer::tools([("add", "write")]).max_body_bytes(100).into());
    let token = local.oauth_token("user_ada").create().token;
    let with = |name: &'static str, value: &'static str| {
        let mut request = request(&token, call("list"));
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let of = |method: Method| {
        let mut request = request(&token, call("add"));
        *request.method_mut() = method;
        request
    };
    let lost = || Err(std::io::ErrorKind::ConnectionReset.into());
    let (ten, eleven) = ("{\"a\":true}", "{\"a\":false}");
    for (request, status, expected) in [
        (request(&token, ""), 400, "clerk-call-unclear"),
        (request(&token, "add"), 400, "clerk-call-unclear"),
        (
            request(&token, call("add").replace("\"name\"", "\"name\":\"list\",\"name\"")),
            400,
            "clerk-call-unclear",
        ),
        (request(&token, chunks(vec![Ok("{\"method\":"), lost()])), 400, "clerk-call-unclear"),
        // The limit holds whether or not the length is announced.
        (request(&token, format!("{{{}}}", " ".repeat(98))), 200, ""),
        (request(&token, format!("{{{}}}", " ".repeat(99))), 413, "clerk-call-too-large"),
        (
            request(
                &token,
                chunks(
                    [vec![Ok("["), Ok(ten)], (0..8).map(|_| Ok(",{\"b\":true}")).collect(), vec![Ok("]")]]
                        .into_iter()
                        .flatten()
                        .collect(),
                ),
            ),
            200,
            "",
        ),
        (
            request(
                &token,
                chunks(
                    [
                        vec![Ok("["), Ok(eleven)],
                        (0..8).map(|_| Ok(",{\"b\":false}")).collect(),
                        vec![Ok("]")],
                    ]
                    .into_iter()
                    .flatten()
                    .collect(),
                ),
            ),
            413,
            "clerk-call-too-large",
        ),
        (with("content-encoding", "gzip"), 415, "clerk-call-encoded"),
        (with("content-encoding", "identity"), 200, ""),
        (with("content-type", "application/json; charset=utf-7"), 415, "clerk-call-encoded"),
        (with("content-type", "application/json; Charset = \"x\""), 415, "clerk-call-encoded"),
        (with("content-type", "application/json; charset=UTF-8"), 200, ""),
        // Whatever may have a body with a call is read.
        (of(Method::PUT), 403, "scope-missing"),
        (of(Method::from_bytes(b"QUERY").unwrap()), 403, "scope-missing"),
        (of(Method::GET), 200, ""),
        (of(Method::DELETE), 200, ""),
    ] {
        let shown = format!("{request:?}");
        let (got, _, body) = send(&app, request).await;
        assert_eq!(got, status, "{shown}");
        if status != 200 {
            assert_eq!(code(&body), expected, "{shown}");
        }
    }
}

#[tokio::test]
async fn a_body_may_have_a_mebibyte_by_default() {
    let local = LocalClerk::seeded();
    let app = app(&local, notes());
    let token = local.oauth_token("user_ada").create().token;
    for (length, status) in [(1024 * 1024, 200), (1024 * 1024 + 1, 413)] {
        let body = format!("{{{}}}", " ".repeat(length - 2));
        assert_eq!(send(&app, request(&token, body)).await.0, status, "{length}");
    }
}

/// A body whose length is known, and of which nothing arrives.
struct Announced(u64);

impl http_body::Body for Announced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}

#[tokio::test]
async fn a_body_that_is_announced_as_too_large_is_not_waited_for() {
    let local = LocalClerk::seeded();
    let app = app(&local, CallScopesLayer::tools([("add", "write")]).max_body_bytes(100).into());
    let token = local.oauth_token("user_ada").create().token;
    let sending = send(&app, request(&token, Body::new(Announced(101))));
    let (status, _, body) = tokio::time::timeout(Duration::from_secs(60), sending).await.unwrap();
    assert_eq!((status, &*code(&body)), (413, "clerk-call-too-large"));
}

/// A service that takes one request at a time, and must be ready before it is called.
#[tokio::test]
async fn the_place_of_a_rejected_call_is_free() {
    let local = LocalClerk::seeded();
    let inner = service_fn(async |_: http::Request<CallBody<Full<Bytes>>>| {
        Ok::<_, Infallible>(http::Response::new(Full::<Bytes>::default()))
    });
    let service = ServiceBuilder::new()
        .layer(ProtectedResourceLayer::builder(local.client(), MCP).build().unwrap())
        .layer(CallScopesLayer::tools([("add", "write")]))
        .service(ConcurrencyLimit::new(inner, 1));
    let token = local.oauth_token("user_ada").create().token;
    for (tool, status) in [("add", 403), ("list", 200), ("add", 403), ("list", 200)] {
        let request = http::Request::post("/mcp").header("authorization", format!("Bearer {token}"));
        let response = service.clone().oneshot(request.body(Full::from(call(tool))).unwrap());
        let response = tokio::time::timeout(Duration::from_secs(60), response).await.unwrap().unwrap();
        assert_eq!(response.status(), status, "{tool}");
    }
}

#[tokio::test]
async fn an_open_stream_is_passed_on_before_its_body_ends() {
    let local = LocalClerk::seeded();
    let tools = Router::new().route("/", any(async || "events")).layer(notes());
    let app = ProtectedResource::builder(local.client(), MCP).build().unwrap().protect(tools);
    let token = local.oauth_token("user_ada").create().token;
    let endless = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
    let mut request = request(&token, Body::new(endless));
    *request.method_mut() = Method::GET;
    let answer = tokio::time::timeout(Duration::from_secs(60), send(&app, request)).await.unwrap();
    assert_eq!((answer.0, &*answer.2), (200, &b"events"[..]));
}

#[tokio::test]
async fn a_function_says_which_scopes_another_form_of_call_needs() {
    let local = LocalClerk::seeded();
    let layer = CallScopesLayer::new(|head, body| match body {
        b"write" => Ok(vec!["write".into(), head.uri.query().unwrap_or("any").to_owned().into()]),
        b"read" => Ok(Vec::new()),
        _ => Err(Rejection::call_unclear("it is neither write nor read")),
    });
    let app = app(&local, layer.into());
    let token = local.oauth_token("user_ada").scopes(["write"]).create().token;
    assert_eq!(send(&app, request(&token, "read")).await.0, 200);
    let (status, challenge, _) = send(&app, request(&token, "write")).await;
    assert_eq!(status, 403);
    assert!(challenge.contains("scope=\"write any\""), "{challenge}");
    let (status, _, body) = send(&app, request(&token, "erase")).await;
    assert_eq!((status, &*code(&body)), (400, "clerk-call-unclear"));
}

#[tokio::test]
async fn outside_of_a_resource_nothing_passes() {
    let app = Router::new().route("/mcp", any("passed")).layer(notes());
    for method in [Method::GET, Method::POST] {
        let mut request = request("any", call("list"));
        *request.method_mut() = method;
        let (status, _, body) = send(&app, request).await;
        assert_eq!((status, &*code(&body)), (500, "clerk-layer-missing"));
    }
}
