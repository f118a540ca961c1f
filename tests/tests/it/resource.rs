//! Protected resources of OAuth clients.

use std::{
    convert::Infallible,
    future::Future as _,
    pin::Pin,
    task::{Context, Waker},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    response::{AppendHeaders, IntoResponse as _},
    routing::{any, get, post},
};
use bytes::Bytes;
use clerk_axum::{
    Clerk, ClerkLayer, OAuthToken, ProtectedResource, Rejection, Session, api::users, local::LocalClerk,
    require, token::TokenKind,
};
use clerk_local::Fault;
use clerk_tests::{alone::alone, log::Log};
use clerk_tower::{
    ClerkVerifier,
    clock::ManualClock,
    server::{authenticate::Auth, resource::ProtectedResourceLayer},
};
use futures_util::future::join_all;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tower::{Layer as _, Service as _, ServiceExt as _, service_fn};
use tracing::Level;

const MCP: &str = "https://mcp.example.com/mcp";
const METADATA: &str =
    r#"resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp""#;
const AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";

/// A resource with routes that need different things.
fn tools(resource: &ProtectedResource) -> Router {
    let routes = Router::new()
        .route(
            "/",
            any(async |token: Option<OAuthToken>| match token {
                Some(token) => token.user_id.to_string(),
                None => "no OAuth token".to_owned(),
            }),
        )
        .route(
            "/write",
            post(async || "written").route_layer(require::scope(TokenKind::OAuth, "notes:write")),
        )
        .route(
            "/both",
            post(async || "both").route_layer(
                require::scope(TokenKind::OAuth, "notes:write")
                    .and(require::scope(TokenKind::OAuth, "notes:delete")),
            ),
        )
        .route(
            "/body",
            post(async |token: OAuthToken, scope: String| -> Result<&'static str, Rejection> {
                token.require_scope(scope)?;
                Ok("allowed")
            }),
        )
        .route("/session", get(async |session: Session| session.user_id().to_string()))
        .route("/own-401", get((StatusCode::UNAUTHORIZED, [("www-authenticate", "Own realm=\"x\"")])))
        .route(
            "/own-401s",
            get((
                StatusCode::UNAUTHORIZED,
                AppendHeaders(
                    ["bearer", "Bearer x=\"y\"", "Digest x=\"y\"", "Bearers x=\"y\"", "Basic"]
                        .map(|own| ("www-authenticate", own)),
                ),
            )),
        )
        .route("/own-403", get((StatusCode::FORBIDDEN, [("www-authenticate", "Own realm=\"x\"")])))
        .route("/rule", get("rule").route_layer(require::request(|_| Err(Rejection::forbidden("too-late")))))
        .route("/seen", get(async |headers: HeaderMap| headers.contains_key("authorization").to_string()))
        .route(
            "/user",
            get(async |token: OAuthToken| -> Result<String, Rejection> {
                Ok(token.user().await?.first_name.clone().unwrap_or_default())
            }),
        );
    Router::new().merge(resource.protect(routes)).route("/", get("public"))
}

fn resource(local: &LocalClerk) -> ProtectedResource {
    ProtectedResource::builder(local.client(), MCP).build().unwrap()
}

async fn send(app: &Router, method: Method, path: &str, token: Option<&str>) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

fn challenge<B>(response: &Response<B>) -> String {
    let challenges: Vec<_> = response.headers().get_all(header::WWW_AUTHENTICATE).iter().collect();
    challenges.iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>().join(" + ")
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().into()).unwrap()
}

#[tokio::test]
async fn only_access_tokens_for_the_resource_pass() {
    let local = LocalClerk::seeded();
    let oauth = || local.oauth_token("user_ada");
    let other = LocalClerk::seeded();
    let tokens = [
        ("opaque, for the resource", oauth().audience([MCP]).create().token, true, true),
        ("JWT, for the resource", oauth().audience([MCP]).create_jwt().token, true, true),
        ("opaque, for two", oauth().audience(["https://other.example.com", MCP]).create().token, true, true),
        ("JWT, for two", oauth().audience(["https://other.example.com", MCP]).create_jwt().token, true, true),
        ("opaque, no audience", oauth().create().token, true, false),
        ("JWT, no audience", oauth().create_jwt().token, true, false),
        ("opaque, for another", oauth().audience(["https://other.example.com"]).create().token, false, false),
        (
            "JWT, for another",
            oauth().audience(["https://other.example.com"]).create_jwt().token,
            false,
            false,
        ),
        ("JWT, with a slash", oauth().audience([format!("{MCP}/")]).create_jwt().token, false, false),
        ("JWT, for the host", oauth().audience(["https://mcp.example.com"]).create_jwt().token, false, false),
        ("opaque, revoked", oauth().audience([MCP]).revoked(true).create().token, false, false),
        ("another instance's JWT", other.oauth_token("user_ada").create_jwt().token, false, false),
        ("a session", local.sign_in("user_ada").token(), false, false),
        ("an API key", local.api_key("ci").subject("user_ada").create().secret, false, false),
        ("nonsense", "nonsense".to_owned(), false, false),
    ];
    for is_required in [false, true] {
        let built = ProtectedResource::builder(local.client(), MCP).require_audience(is_required).build();
        let app = tools(&built.unwrap());
        for (what, token, accepted, when_required) in &tokens {
            let response = send(&app, Method::POST, "/mcp", Some(token)).await;
            let is_accepted = if is_required { *when_required } else { *accepted };
            assert_eq!(
                response.status(),
                if is_accepted { 200 } else { 401 },
                "{what}, required: {is_required}"
            );
            if is_accepted {
                assert_eq!(text(response).await, "user_ada");
            } else {
                let challenge = challenge(&response);
                let has_no_audience = what.ends_with("no audience");
                assert_eq!(
                    challenge.contains("The token was issued for no resource in particular"),
                    has_no_audience,
                    "{what}: {challenge}"
                );
                assert!(
                    challenge.starts_with("Bearer error=\"invalid_token\", error_description=\""),
                    "{challenge}"
                );
                assert!(challenge.ends_with(METADATA), "{challenge}");
            }
        }
    }
}

/// Signs an access token with these changes to its header and its audience.
fn signed(local: &LocalClerk, typ: &Value, audience: &Value) -> String {
    let claims = json!({
        "iss": local.issuer(), "sub": "user_ada", "client_id": "client_1", "exp": 4_000_000_000_u32, "aud": audience,
    });
    local.sign_claims(&json!({ "typ": typ }), &claims)
}

#[tokio::test]
async fn types_and_audiences_are_compared_exactly() {
    let local = LocalClerk::seeded();
    let app = tools(&resource(&local));
    for (typ, audience, status) in [
        (json!("at+jwt"), json!(MCP), 200),
        (json!("application/at+jwt"), json!(MCP), 200),
        (json!("at+JWT"), json!(MCP), 401),
        (json!("AT+JWT"), json!(MCP), 401),
        (json!("at+jwt "), json!(MCP), 401),
        (json!("JWT"), json!(MCP), 401),
        (json!(null), json!(MCP), 401),
        (json!(["at+jwt"]), json!(MCP), 401),
        (json!("at+jwt"), json!(null), 200),
        (json!("at+jwt"), json!([]), 200),
        (json!("at+jwt"), json!(""), 401),
        (json!("at+jwt"), json!([MCP, ""]), 401),
        (json!("at+jwt"), json!([MCP, 5]), 401),
        (json!("at+jwt"), json!([[MCP]]), 401),
        (json!("at+jwt"), json!({ MCP: MCP }), 401),
        (json!("at+jwt"), json!(5), 401),
        (json!("at+jwt"), json!(true), 401),
        (json!("at+jwt"), json!("https://MCP.example.com/mcp"), 401),
        (json!("at+jwt"), json!("https://mcp.example.com:443/mcp"), 401),
        (json!("at+jwt"), json!("https://mcp.example.com/MCP"), 401),
        (json!("at+jwt"), json!("https://mcp.example.com/mcp/x"), 401),
        (json!("at+jwt"), json!("https://mcp.example.com/mcp?"), 401),
        (json!("at+jwt"), json!("https://ada@mcp.example.com/mcp"), 401),
        (json!("at+jwt"), json!("https://mcp.ex\u{430}mple.com/mcp"), 401),
        (json!("at+jwt"), json!(format!(" {MCP}")), 401),
        (json!("at+jwt"), json!(format!("https://other.example.com {MCP}")), 401),
    ] {
        let token = signed(&local, &typ, &audience);
        assert_eq!(send(&app, Method::POST, "/mcp", Some(&token)).await.status(), status, "{typ} {audience}");
    }
}

#[tokio::test]
async fn a_token_counts_only_in_the_one_header_whatever_the_client_accepts_elsewhere() {
    let local = LocalClerk::seeded();
    // What the application accepts on its other routes.
    let builder = local.client_builder().authentication(|options| {
        options
            .accepted_kinds([TokenKind::Session, TokenKind::ApiKey, TokenKind::M2m])
            .template_audiences([MCP])
            .machine_audiences(["https://other.example.com"])
            .ignore_tokens(|token| token.starts_with("acme_"))
    });
    let app = tools(&ProtectedResource::builder(builder.build().unwrap(), MCP).build().unwrap());
    let token = local.oauth_token("user_ada").audience([MCP]).create_jwt().token;
    let session = local.sign_in("user_ada");
    let machine = local.machine("worker").create();
    let m2m = || local.m2m_token(machine.id.clone());
    let bearer = |token: &str| vec![("authorization", format!("Bearer {token}"))];
    let (none, invalid) = (format!("Bearer {METADATA}"), "Bearer error=\"invalid_token\"".to_owned());
    for (what, path, headers, status, challenges) in [
        ("lower case", "/mcp", vec![("authorization", format!("bearer {token}"))], 200, ""),
        ("no scheme", "/mcp", vec![("authorization", token.clone())], 200, ""),
        ("another scheme", "/mcp", vec![("authorization", format!("Basic {token}"))], 401, &*none),
        ("an empty one", "/mcp", vec![("authorization", "Bearer ".to_owned())], 401, &none),
        ("two headers", "/mcp", [bearer(&token), bearer(&token)].concat(), 401, &invalid),
        ("two tokens", "/mcp", bearer(&format!("{token},{token}")), 401, &invalid),
        ("a query", &format!("/mcp?access_token={token}"), vec![], 401, &none),
        ("a proxy's header", "/mcp", vec![("proxy-authorization", format!("Bearer {token}"))], 401, &none),
        (
            "a cookie",
            "/mcp",
            vec![("cookie", format!("access_token={token}; __session={token}"))],
            401,
            &none,
        ),
        ("a session's cookies", "/mcp", vec![("cookie", session.cookies())], 401, &none),
        (
            "a page with old cookies",
            "/mcp",
            vec![("cookie", session.expired_cookies()), ("sec-fetch-dest", "document".to_owned())],
            401,
            &none,
        ),
        ("a template's token", "/mcp", bearer(&session.template_token(MCP)), 401, &invalid),
        ("an M2M token", "/mcp", bearer(&m2m().create().token), 401, &invalid),
        ("an M2M token as a JWT", "/mcp", bearer(&m2m().create_jwt().token), 401, &invalid),
        ("a token of the application's own", "/mcp", bearer("acme_1"), 401, &none),
        (
            "a token for what the client accepts elsewhere",
            "/mcp",
            bearer(&local.oauth_token("user_ada").audience(["https://other.example.com"]).create().token),
            401,
            &invalid,
        ),
    ] {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), status, "{what}");
        let challenge = challenge(&response);
        assert!(challenge.starts_with(challenges), "{what}: {challenge}");
        assert_eq!(challenge.is_empty(), challenges.is_empty(), "{what}: {challenge}");
    }
}

#[tokio::test]
async fn expired_tokens_do_not_pass() {
    let clock = ManualClock::at(clerk_core::Timestamp::from_secs(1_800_000_000));
    let local = LocalClerk::builder().seeded().clock(clock.clone()).build().unwrap();
    let app = tools(&resource(&local));
    let oauth = || local.oauth_token("user_ada").audience([MCP]).expires_in(Duration::from_secs(60));
    let tokens = [oauth().create().token, oauth().create_jwt().token];
    for (passed, status) in [(0, 200), (120, 401)] {
        clock.advance(Duration::from_secs(passed));
        for token in &tokens {
            assert_eq!(send(&app, Method::POST, "/mcp", Some(token)).await.status(), status);
        }
    }
}

#[tokio::test]
async fn every_refusal_is_the_challenge_that_clients_need() {
    let local = LocalClerk::seeded();
    let app = tools(&resource(&local));
    let token = local.oauth_token("user_ada").scopes(["profile", "notes:read"]).create_jwt().token;
    let other = local.oauth_token("user_ada").audience(["https://other.example.com"]).create_jwt().token;
    let insufficient =
        |scopes: &str| format!("Bearer error=\"insufficient_scope\", scope=\"{scopes}\", {METADATA}");
    let invalid =
        |why: &str| format!("Bearer error=\"invalid_token\", error_description=\"{why}\", {METADATA}");
    let unusable = "The token is not an access token for this resource, has expired, or was revoked";
    for (method, path, token, status, expected) in [
        (Method::POST, "/mcp", None, 401, format!("Bearer {METADATA}")),
        (Method::GET, "/mcp/anything", None, 401, format!("Bearer {METADATA}")),
        (Method::POST, "/mcp", Some("oat_unknown"), 401, invalid(unusable)),
        (Method::POST, "/mcp", Some(&*other), 401, invalid("The token was issued for another resource")),
        (Method::POST, "/mcp/write", Some(&*token), 403, insufficient("profile notes:read notes:write")),
        (
            Method::POST,
            "/mcp/both",
            Some(&*token),
            403,
            insufficient("profile notes:read notes:write notes:delete"),
        ),
        // Ours comes first: clients read the scheme at the start of the header, and nothing else.
        (Method::GET, "/mcp/own-401", Some(&*token), 401, format!("{} + Own realm=\"x\"", invalid(unusable))),
        (
            Method::GET,
            "/mcp/own-401s",
            Some(&*token),
            401,
            format!("{} + Digest x=\"y\" + Bearers x=\"y\" + Basic", invalid(unusable)),
        ),
        // Asking for other scopes would not change these.
        (Method::GET, "/mcp/own-403", Some(&*token), 403, "Own realm=\"x\"".to_owned()),
        (Method::GET, "/mcp/rule", Some(&*token), 403, String::new()),
        // A mistake of the application's: no request has a session here.
        (Method::GET, "/mcp/session", Some(&*token), 500, String::new()),
        (Method::GET, "/mcp/nothing", Some(&*token), 404, String::new()),
        (Method::GET, "/", None, 200, String::new()),
        (Method::GET, "/elsewhere", None, 404, String::new()),
    ] {
        let response = send(&app, method, path, token).await;
        assert_eq!((response.status().as_u16(), challenge(&response)), (status, expected.clone()), "{path}");
        let exposed = response.headers().get("access-control-expose-headers");
        assert_eq!(exposed.is_some(), expected.contains(METADATA), "{path}");
    }
}

#[tokio::test]
async fn a_scope_that_depends_on_the_body_gets_the_same_challenge() {
    let local = LocalClerk::seeded();
    let app = tools(&resource(&local));
    let token = local.oauth_token("user_ada").scopes(["notes:read"]).create().token;
    let too_long = "x".repeat(3000);
    for (scope, status, expected) in [
        ("notes:read", 200, String::new()),
        (
            "notes:delete",
            403,
            format!("Bearer error=\"insufficient_scope\", scope=\"notes:read notes:delete\", {METADATA}"),
        ),
        // Nothing of a body can end the parameter, or make it too long, and no client can ask for these.
        ("a\" b\"", 403, String::new()),
        (&*too_long, 403, String::new()),
    ] {
        let request = Request::post("/mcp/body").header("authorization", format!("Bearer {token}"));
        let response =
            app.clone().oneshot(request.body(Body::from(scope.to_owned())).unwrap()).await.unwrap();
        assert_eq!((response.status().as_u16(), challenge(&response)), (status, expected));
    }
}

#[tokio::test]
async fn a_challenge_is_never_too_long_for_a_header() {
    let local = LocalClerk::seeded();
    let app = tools(&resource(&local));
    let many = |count| (0..count).map(|number| format!("scope:{number}")).collect::<Vec<_>>();
    let long = |length| vec!["x".repeat(length)];
    let rest = 2048 - "notes:write".len();
    for (scopes, named) in [(many(100), 101), (many(10_000), 1), (long(rest - 1), 2), (long(rest), 1)] {
        let token = local.oauth_token("user_ada").scopes(scopes).create().token;
        let response = send(&app, Method::POST, "/mcp/write", Some(&token)).await;
        let challenge = challenge(&response);
        assert!(challenge.contains("notes:write\"") && challenge.len() < 2500, "{challenge}");
        assert_eq!(challenge.split_once("scope=\"").unwrap().1.split_whitespace().count() - 1, named);
    }
}

#[tokio::test]
async fn a_replaced_response_keeps_the_challenge() {
    let local = LocalClerk::seeded();
    let clerk = local.client();
    let own =
        || ClerkLayer::new(&clerk).on_rejection(|_, _| "a page of the application's own".into_response());
    let inside = Router::new()
        .route("/", get("inside"))
        .route("/write", get("written").route_layer(require::scope(TokenKind::OAuth, "notes:write")));
    let token = local.oauth_token("user_ada").scopes(["notes:read"]).create_jwt().token;
    for app in [
        Router::new().merge(resource(&local).protect(inside.clone().layer(own()))),
        Router::new().merge(resource(&local).protect(inside.clone())).layer(own()),
    ] {
        for (path, token, expected) in [
            ("/mcp", Some("oat_unknown"), "Bearer error=\"invalid_token\""),
            (
                "/mcp/write",
                Some(&*token),
                "Bearer error=\"insufficient_scope\", scope=\"notes:read notes:write\", resource_metadata=",
            ),
        ] {
            let response = send(&app, Method::GET, path, token).await;
            let challenge = challenge(&response);
            assert!(challenge.starts_with(expected) && challenge.ends_with(METADATA), "{path}: {challenge}");
        }
    }
}

#[tokio::test]
async fn the_token_is_known_and_not_passed_on() {
    let local = LocalClerk::seeded();
    let clerk = local.client();
    let app = tools(&ProtectedResource::builder(&clerk, MCP).build().unwrap());
    let token = local.oauth_token("user_ada").create().token;
    assert_eq!(text(send(&app, Method::GET, "/mcp/seen", Some(&token)).await).await, "false");
    assert_eq!(text(send(&app, Method::GET, "/mcp/user", Some(&token)).await).await, "Ada");

    clerk.send(users::ban("user_ada")).await.unwrap();
    let banned = send(&app, Method::GET, "/mcp/user", Some(&token)).await;
    assert_eq!(
        (banned.status().as_u16(), challenge(&banned)),
        (403, String::new()),
        "another scope would not help"
    );
}

#[tokio::test]
async fn documents_are_served_to_every_origin() {
    let local = LocalClerk::seeded();
    let built = ProtectedResource::builder(local.client(), MCP)
        .scopes(["notes:read", "notes:write"])
        .name("Notes")
        .documentation("https://example.com/docs")
        .build();
    let app = tools(&built.unwrap());
    let expected = json!({
        "resource": MCP,
        "authorization_servers": [local.issuer()],
        "scopes_supported": ["notes:read", "notes:write"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Notes",
        "resource_documentation": "https://example.com/docs",
    });
    let own = "/.well-known/oauth-protected-resource/mcp";
    for path in [own, "/.well-known/oauth-protected-resource", AUTHORIZATION_SERVER] {
        let response = send(&app, Method::GET, path, None).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["cache-control"], "public, max-age=300");
        let body: Value = serde_json::from_str(&text(response).await).unwrap();
        match path {
            AUTHORIZATION_SERVER => assert_eq!(body["issuer"], local.issuer()),
            _ => assert_eq!(body, expected),
        }
        let preflight = send(&app, Method::OPTIONS, path, None).await;
        assert_eq!(preflight.status(), 204);
        for (name, value) in [
            ("access-control-allow-origin", "*"),
            ("access-control-allow-methods", "GET, HEAD, OPTIONS"),
            ("access-control-allow-headers", "*"),
        ] {
            assert_eq!(preflight.headers()[name], value);
        }
        assert_eq!(send(&app, Method::HEAD, path, None).await.status(), 200);
        let posted = send(&app, Method::POST, path, None).await;
        assert_eq!(
            (posted.status().as_u16(), &posted.headers()["allow"]),
            (405, &"GET, HEAD, OPTIONS".parse().unwrap())
        );
    }
    // What is not set is left out.
    let plain: Value =
        serde_json::from_str(&text(send(&tools(&resource(&local)), Method::GET, own, None).await).await)
            .unwrap();
    assert_eq!(plain.as_object().unwrap().len(), 3, "{plain}");
}

#[tokio::test]
async fn several_resources_stand_at_one_origin() {
    let local = LocalClerk::seeded();
    let clerk = local.client();
    let notes = ProtectedResource::builder(&clerk, "https://example.com/notes").build().unwrap();
    let files = ProtectedResource::builder(&clerk, "https://example.com/files").has_neighbors(true).build();
    let app: Router = Router::new()
        .merge(notes.protect(Router::new().fallback(async || "notes")))
        .merge(files.unwrap().protect(Router::new().fallback(async || "files")));
    for (path, resource) in [
        ("/.well-known/oauth-protected-resource/notes", "https://example.com/notes"),
        ("/.well-known/oauth-protected-resource/files", "https://example.com/files"),
        ("/.well-known/oauth-protected-resource", "https://example.com/notes"),
    ] {
        let body: Value =
            serde_json::from_str(&text(send(&app, Method::GET, path, None).await).await).unwrap();
        assert_eq!(body["resource"], resource);
    }
    // A token for one of them is not one for the other.
    let token = local.oauth_token("user_ada").audience(["https://example.com/notes"]).create().token;
    assert_eq!(text(send(&app, Method::GET, "/notes/x", Some(&token)).await).await, "notes");
    assert_eq!(send(&app, Method::GET, "/files/x", Some(&token)).await.status(), 401);
}

#[tokio::test]
async fn a_resource_may_be_the_whole_origin_or_stand_behind_a_prefix() {
    let local = LocalClerk::seeded();
    let clerk = local.client();
    for (url, mounted, path, audiences) in [
        ("https://mcp.example.com", None, "/", &["https://mcp.example.com", "https://mcp.example.com/"][..]),
        ("https://mcp.example.com/", None, "/x", &["https://mcp.example.com", "https://mcp.example.com/"]),
        ("https://example.com/api/mcp", Some("/mcp"), "/mcp/x", &["https://example.com/api/mcp"]),
        ("https://example.com/mcp/", None, "/mcp/x", &["https://example.com/mcp/"]),
        ("http://localhost:3000/mcp", None, "/mcp", &["http://localhost:3000/mcp"]),
    ] {
        let mut builder = ProtectedResource::builder(&clerk, url);
        if let Some(mounted) = mounted {
            builder = builder.mounted_at(mounted);
        }
        let app: Router =
            Router::new().merge(builder.build().unwrap().protect(Router::new().fallback(async || "inside")));
        let metadata = challenge(&send(&app, Method::GET, path, None).await);
        let metadata =
            metadata.strip_prefix("Bearer resource_metadata=\"").unwrap().strip_suffix('"').unwrap();
        let document: http::Uri = metadata.parse().unwrap();
        let body = text(send(&app, Method::GET, document.path(), None).await).await;
        assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["resource"], url);
        for audience in audiences {
            let token = local.oauth_token("user_ada").audience([*audience]).create_jwt().token;
            assert_eq!(
                text(send(&app, Method::GET, path, Some(&token)).await).await,
                "inside",
                "{url} {audience}"
            );
        }
    }
}

#[test]
fn what_cannot_work_is_an_error_when_it_is_built() {
    let local = LocalClerk::seeded();
    let clerk = local.client();
    let builder = || ProtectedResource::builder(&clerk, MCP);
    let keyless = Clerk::builder().secret_key("sk_test_abc").build().unwrap();
    for (built, says) in [
        (
            ProtectedResource::builder(&clerk, "https://mcp.example.com/mcp#x").build(),
            "url: must have neither",
        ),
        (ProtectedResource::builder(&clerk, "http://mcp.example.com/mcp").build(), "url: with http"),
        (ProtectedResource::builder(&keyless, MCP).build(), "authorization_server: "),
        (builder().mounted_at("/mcp/").build(), "mounted_at: \"/mcp/\" is not the end"),
        (
            ProtectedResource::builder(&clerk, format!("{MCP}/")).mounted_at("/mcp").build(),
            "mounted_at: \"/mcp\" is not",
        ),
        (builder().mounted_at("mcp").build(), "mounted_at: "),
        (builder().scopes(["notes write"]).build(), "scopes: \"notes write\" is not a scope"),
        (builder().scopes([""]).build(), "scopes: "),
        (builder().documentation("/docs").build(), "documentation: "),
        (builder().authorization_server("http://clerk.example.com").build(), "authorization_server: "),
        (builder().also_accept([TokenKind::M2m]).build(), "also_accept: TokenKind::M2m"),
    ] {
        let error = built.unwrap_err().to_string();
        assert!(error.starts_with(says), "{error}");
    }
    let named = ProtectedResource::builder(&keyless, MCP).authorization_server("https://clerk.example.com");
    assert!(named.build().is_ok(), "then the publishable key is not needed");
}

#[tokio::test]
async fn other_kinds_of_token_pass_if_they_are_asked_for() {
    let local = LocalClerk::seeded();
    let built = ProtectedResource::builder(local.client(), MCP)
        .require_audience(true)
        .also_accept([TokenKind::Session, TokenKind::ApiKey])
        .build();
    let app = tools(&built.unwrap());
    for (token, status) in [
        (local.sign_in("user_ada").token(), 200),
        (local.api_key("ci").subject("user_ada").create().secret, 200),
        (local.oauth_token("user_ada").create().token, 401),
        (local.oauth_token("user_ada").audience([MCP]).create().token, 200),
    ] {
        assert_eq!(send(&app, Method::POST, "/mcp", Some(&token)).await.status(), status);
    }
    let session = local.sign_in("user_ada").token();
    assert_eq!(text(send(&app, Method::GET, "/mcp/session", Some(&session)).await).await, "user_ada");
    // Every client gets an ID token for the scope `openid`. It is no session, or it would have every scope.
    let id_token = json!({
        "iss": local.issuer(), "sub": "user_ada", "aud": "client_1", "exp": 4_000_000_000_u32, "at_hash": "x",
    });
    let id_token = local.sign_claims(&json!({}), &id_token);
    assert_eq!(send(&app, Method::GET, "/mcp/session", Some(&id_token)).await.status(), 401);
    // A browser with old cookies comes back to the page that it asked for.
    let request = Request::get("/mcp/session?x=1")
        .header("host", "mcp.example.com")
        .header("cookie", local.sign_in("user_ada").expired_cookies())
        .header("sec-fetch-dest", "document");
    let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 307);
    let location = url::Url::parse(response.headers()["location"].to_str().unwrap()).unwrap();
    let (_, back) = location.query_pairs().find(|(name, _)| name == "redirect_url").unwrap();
    assert!(back.ends_with("://mcp.example.com/mcp/session?x=1"), "{back}");
}

#[tokio::test]
async fn its_decision_holds_with_layers_outside_and_inside() {
    let local = LocalClerk::seeded();
    let clerk = local.client();
    let inside = Router::new()
        .route("/", get(async |token: OAuthToken| token.user_id.to_string()))
        .layer(ClerkLayer::new(&clerk));
    let app: Router = Router::new()
        .route("/me", get(async |session: Session| session.user_id().to_string()))
        .merge(resource(&local).protect(inside))
        .layer(ClerkLayer::new(&clerk));
    let token = local.oauth_token("user_ada").create_jwt().token;
    let session = local.sign_in("user_ada").token();
    assert_eq!(text(send(&app, Method::GET, "/mcp", Some(&token)).await).await, "user_ada");
    assert_eq!(send(&app, Method::GET, "/mcp", Some(&session)).await.status(), 401);
    assert_eq!(text(send(&app, Method::GET, "/me", Some(&session)).await).await, "user_ada");
    assert_eq!(send(&app, Method::GET, "/me", Some(&token)).await.status(), 401);

    // It says nothing about another instance, whose layer decides for itself.
    let other = Router::new()
        .route("/", get(async |token: OAuthToken| token.user_id.to_string()))
        .layer(ClerkLayer::new(LocalClerk::seeded().client()));
    let app: Router = Router::new().merge(resource(&local).protect(other));
    assert_eq!(send(&app, Method::GET, "/mcp", Some(&token)).await.status(), 500);

    // One resource inside another decides again: a token for the outer one is not one for the inner one.
    let inner = ProtectedResource::builder(&clerk, "https://mcp.example.com/inner").build().unwrap();
    let app: Router = Router::new()
        .merge(resource(&local).protect(inner.protect::<_, _, ()>(Router::new().fallback(async || "inner"))));
    let outer = local.oauth_token("user_ada").audience([MCP]).create_jwt().token;
    assert_eq!(send(&app, Method::GET, "/mcp/inner", Some(&outer)).await.status(), 401);
}

#[tokio::test]
async fn a_service_without_the_secret_key_accepts_jwts() {
    let local = LocalClerk::seeded();
    let verifier: ClerkVerifier = Clerk::builder()
        .publishable_key(local.publishable_key())
        .jwt_key(local.jwt_key())
        .build_verifier()
        .unwrap();
    let app = tools(&ProtectedResource::builder(&verifier, MCP).build().unwrap());
    let oauth = || local.oauth_token("user_ada").audience([MCP]);
    assert_eq!(
        text(send(&app, Method::POST, "/mcp", Some(&oauth().create_jwt().token)).await).await,
        "user_ada"
    );
    let opaque = send(&app, Method::POST, "/mcp", Some(&oauth().create().token)).await;
    assert_eq!(opaque.status(), 500);
    assert!(text(opaque).await.contains("clerk-secret-key-missing"));
}

#[tokio::test]
async fn while_clerk_is_down_jwts_go_on_and_opaque_tokens_wait() {
    let local = LocalClerk::seeded();
    let app = tools(&resource(&local));
    let oauth = || local.oauth_token("user_ada").audience([MCP]);
    let (jwt, opaque) = (oauth().create_jwt().token, oauth().create().token);
    assert_eq!(send(&app, Method::POST, "/mcp", Some(&jwt)).await.status(), 200);
    local.inject(Fault::status(StatusCode::BAD_GATEWAY));
    assert_eq!(send(&app, Method::POST, "/mcp", Some(&jwt)).await.status(), 200);
    let waiting = send(&app, Method::POST, "/mcp", Some(&opaque)).await;
    assert_eq!((waiting.status().as_u16(), challenge(&waiting)), (503, String::new()));
    assert!(waiting.headers().contains_key("retry-after"));
}

#[tokio::test(start_paused = true)]
async fn the_authorization_servers_document_is_kept() {
    let clock = ManualClock::at(clerk_core::Timestamp::from_secs(1_800_000_000));
    let local = LocalClerk::builder().seeded().clock(clock.clone()).build().unwrap();
    let app = tools(&resource(&local));
    let fetch = async || send(&app, Method::GET, AUTHORIZATION_SERVER, None).await;
    let calls = || local.requests().to("GET", AUTHORIZATION_SERVER).len();

    local.inject(Fault::status(StatusCode::BAD_GATEWAY).on("GET", AUTHORIZATION_SERVER));
    for down in join_all((0..20).map(|_| fetch())).await {
        assert_eq!(down.status(), 503);
    }
    for _ in 0..20 {
        let down = fetch().await;
        assert_eq!(down.status(), 503);
        assert_eq!(down.headers()["access-control-allow-origin"], "*");
        assert!(down.headers().contains_key("retry-after"));
    }
    assert_eq!(calls(), 1, "a stranger cannot cause calls");

    clock.advance(Duration::from_secs(10));
    local.clear_faults();
    let kept = text(fetch().await).await;
    for _ in 0..20 {
        assert_eq!(text(fetch().await).await, kept);
    }
    assert_eq!(calls(), 2);
    clock.advance(Duration::from_secs(599));
    assert_eq!(text(fetch().await).await, kept);
    assert_eq!(calls(), 2);

    local.inject(Fault::disconnect().on("GET", AUTHORIZATION_SERVER));
    clock.advance(Duration::from_secs(1));
    assert_eq!(text(fetch().await).await, kept, "stale while Clerk is down");
    assert_eq!(calls(), 3);
    local.clear_faults();
    local.inject(
        Fault::response(Response::new("<html>a proxy's page</html>")).on("GET", AUTHORIZATION_SERVER),
    );
    clock.advance(Duration::from_secs(60));
    assert_eq!(text(fetch().await).await, kept, "what is not such a document is not passed on");
    let of = |issuer: &str, more: usize| {
        json!({ "issuer": issuer, "authorization_endpoint": "x".repeat(more) }).to_string()
    };
    for body in [
        of("https://evil.example.com", 0),
        of(&format!("{}/", local.issuer()), 0),
        of(local.issuer(), 65 * 1024),
        json!({ "issuer": [local.issuer()] }).to_string(),
    ] {
        local.clear_faults();
        local.inject(Fault::response(Response::new(body)).on("GET", AUTHORIZATION_SERVER));
        clock.advance(Duration::from_secs(60));
        let before = calls();
        assert_eq!(text(fetch().await).await, kept, "nor is that of another authorization server");
        assert_eq!(calls(), before + 1);
    }
    // The longest that is passed on.
    let longest = of(local.issuer(), 64 * 1024 - of(local.issuer(), 0).len());
    local.clear_faults();
    local.inject(Fault::response(Response::new(longest.clone())).on("GET", AUTHORIZATION_SERVER));
    clock.advance(Duration::from_secs(60));
    assert_eq!(text(fetch().await).await, longest);
    local.clear_faults();
    local.inject(Fault::status(StatusCode::BAD_GATEWAY).on("GET", AUTHORIZATION_SERVER));
    clock.advance(Duration::from_secs(86_399));
    assert_eq!(text(fetch().await).await, longest);
    clock.advance(Duration::from_secs(1));
    assert_eq!(fetch().await.status(), 503, "not forever");
}

#[tokio::test]
async fn the_log_says_what_is_wrong_with_the_authorization_servers_document() {
    if !alone(module_path!(), "the_log_says_what_is_wrong_with_the_authorization_servers_document") {
        return;
    }
    let long = json!({ "issuer": "https://clerk.example.com", "more": "x".repeat(65 * 1024) }).to_string();
    for (status, body, says) in [
        (404, "", "the response is not 200"),
        (200, long.as_str(), "it is longer than 64 KiB"),
        (200, "<html>a proxy's page</html>", "it is not the metadata of an authorization server"),
        (200, r#"{"issuer":"https://evil.example.com"}"#, "it names another issuer"),
    ] {
        let log = Log::default();
        let _listening = log.listen(Level::WARN);
        let local = LocalClerk::seeded();
        let app = tools(&resource(&local));
        let response = Response::builder().status(status).body(body.to_owned()).unwrap();
        local.inject(Fault::response(response).on("GET", AUTHORIZATION_SERVER));
        assert_eq!(send(&app, Method::GET, AUTHORIZATION_SERVER, None).await.status(), 503, "{says}");
        let lines = log.warnings();
        let about: Vec<_> =
            lines.iter().filter(|line| line.contains("authorization server's metadata")).collect();
        assert!(about.len() == 1 && about[0].contains(says), "{says}: {lines:?}");
    }
}

#[tokio::test]
async fn the_log_says_once_which_audience_came() {
    if !alone(module_path!(), "the_log_says_once_which_audience_came") {
        return;
    }
    let log = Log::default();
    let _listening = log.listen(Level::WARN);
    let local = LocalClerk::seeded();
    let app = tools(&resource(&local));
    let oauth = || local.oauth_token("user_ada").audience(["https://other.example.com/mcp"]);
    for token in [oauth().create().token, oauth().create_jwt().token] {
        assert_eq!(send(&app, Method::POST, "/mcp", Some(&token)).await.status(), 401);
    }
    let lines = log.warning();
    assert!(lines.contains("machine-audience"), "{lines}");
    assert!(lines.contains("issued for https://other.example.com/mcp") && lines.contains(MCP), "{lines}");
}

#[tokio::test]
async fn it_wraps_any_tower_service() {
    let local = LocalClerk::seeded();
    let layer = ProtectedResourceLayer::builder(local.client(), MCP).build().unwrap();
    let inner = service_fn(|request: Request<Bytes>| async move {
        let auth = Auth::from_extensions(request.extensions()).unwrap();
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(auth.machine().unwrap().subject().to_string())))
    });
    // A service that takes one request at a time: what is answered without it must not keep its place.
    let service = layer.layer(tower::limit::ConcurrencyLimit::new(inner, 1));
    let token = local.oauth_token("user_ada").create().token;
    let requests = [
        (Request::get("/.well-known/oauth-protected-resource/mcp"), 200),
        (Request::post("/mcp"), 401),
        (Request::post("/mcp").header("authorization", format!("Bearer {token}")), 200),
        (Request::post("/mcp").header("content-type", "application/grpc"), 200),
        (Request::post("/mcp").header("authorization", format!("Bearer {token}")), 200),
    ];
    for (request, status) in requests {
        let response = service.clone().oneshot(request.body(Bytes::new()).unwrap()).await.unwrap();
        assert_eq!(response.status(), status);
    }
    assert_eq!(layer.document_paths().count(), 3);
    let documents = layer.documents();
    let response = documents.clone().oneshot(Request::get("/other").body(()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 404);
    let mut documents = documents;
    let mut call = documents.call(Request::get(AUTHORIZATION_SERVER).body(()).unwrap());
    assert_eq!((&mut call).await.unwrap().status(), 200);
    let again = Pin::new(&mut call).poll(&mut Context::from_waker(Waker::noop()));
    assert!(again.is_pending(), "a mistake of the caller's is no panic");
}
