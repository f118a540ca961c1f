//! Tests of rejections: an application's own responses, and redirects to the sign-in page.

use std::convert::Infallible;

use axum::{
    Router,
    body::Body,
    response::{Html, IntoResponse, Response},
    routing::get as on_get,
};
use clerk_axum::{
    AcceptedKinds, Auth, Clerk, ClerkLayer, ClerkUser, Has, Rejection, RequestInfo, Requirement, Session,
    require,
    token::{Check, Reverification, TokenKind},
};
use clerk_tests::{
    Instance, Log, TextResponse,
    browser::{LIVE, SUFFIX, expired_cookies, refreshed},
    fault::FaultServer,
    guarded::{Visitors, ask_with, clerk},
    send, serve,
    tokens::claims,
};
use clerk_tower::{
    server::authenticate::AuthenticateLayer, server::rejection, server::require::RequireLayer,
};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use serde_json::json;
use tower::{ServiceBuilder, ServiceExt as _};
use tower_http::cors::CorsLayer;

/// Responds with a page to document requests, and with JSON to all others.
fn page(rejection: &Rejection, request: &RequestInfo) -> Response {
    if request.is_document() {
        Html(format!("<h1>{}</h1>", rejection.code())).into_response()
    } else {
        rejection.clone().into_response()
    }
}

/// How a request is sent: as a browser navigation, or by a script.
const WAYS: [(&str, &str); 2] = [("document", "text/html"), ("empty", "*/*")];

fn request(path: &str, token: &str, (dest, accept): (&str, &str)) -> Request<Body> {
    let request = Request::get(path).header("host", "app.example.com").header("sec-fetch-dest", dest);
    let request = request.header("accept", accept);
    let request =
        if token.is_empty() { request } else { request.header("authorization", format!("Bearer {token}")) };
    request.body(Body::empty()).unwrap()
}

async fn visit(app: &Router, path: &str, token: &str, way: (&str, &str)) -> TextResponse {
    ask_with(app, request(path, token, way)).await
}

struct Admin;

impl Requirement for Admin {
    fn check() -> Check {
        Check::new().role("org:admin")
    }
}

/// Everything that rejects requests, and an error of the application's own.
fn routes() -> Router {
    Router::new()
        .route("/guard", on_get("fine").route_layer(require::role("org:admin")))
        .route("/plan", on_get("fine").route_layer(require::plan("plus").and(require::signed_in())))
        .route("/session", on_get(async |_: Session| "fine"))
        .route("/has", on_get(async |_: Has<Admin>| "fine"))
        .route("/user", on_get(async |_: ClerkUser| "fine"))
        .route("/kind", on_get("fine").route_layer(require::machine(TokenKind::M2m)))
        .route("/own", on_get(async || (StatusCode::FORBIDDEN, "my own")))
        .route("/open", on_get("fine"))
}

const KINDS: [TokenKind; 2] = [TokenKind::Session, TokenKind::ApiKey];

#[tokio::test(start_paused = true)]
async fn one_handler_responds_for_guards_and_extractors() {
    const MISSING: &str = "session-token-and-uat-missing";
    let instance = Instance::new();
    let clerk = clerk(&instance, KINDS);
    let [nobody, _, _, alan, grace, ada, _, down] = Visitors::of(&instance).tokens;
    instance.local.user("Bad", "Boy").id("user_banned").banned(true).create();
    let banned = instance.local.sign_in("user_banned").token();
    let app = routes().layer(ClerkLayer::new(&clerk).on_rejection(page));
    for (path, token, status, code, challenge) in [
        ("/guard", &nobody, 401, MISSING, "Bearer"),
        ("/guard", &grace, 403, "role-missing", "Bearer error=\"insufficient_scope\""),
        ("/guard", &down, 503, "clerk-unavailable", ""),
        ("/plan", &ada, 403, "plan-missing", "Bearer error=\"insufficient_scope\""),
        ("/session", &nobody, 401, MISSING, "Bearer"),
        ("/session", &down, 503, "clerk-unavailable", ""),
        ("/has", &grace, 403, "role-missing", "Bearer error=\"insufficient_scope\""),
        ("/user", &banned, 403, "user-banned", "Bearer error=\"insufficient_scope\""),
        ("/kind", &ada, 500, "clerk-kind-not-accepted", ""),
    ] {
        for (way, is_page) in WAYS.into_iter().zip([true, false]) {
            let response = visit(&app, path, token, way).await;
            let what = format!("{path} {code} {is_page}");
            let expected_body = if is_page { format!("<h1>{code}</h1>") } else { code.to_owned() };
            assert_eq!(response.summary(), (status, expected_body), "{what}");
            let kind = if is_page { "text/html; charset=utf-8" } else { "application/json" };
            assert_eq!(response.header("content-type"), kind, "{what}");
            // Headers that belong to the status stay.
            assert_eq!(response.header("www-authenticate"), challenge, "{what}");
            assert_eq!(response.header("retry-after").is_empty(), status != 503, "{what}");
            assert_eq!(response.header("cache-control"), "no-store", "{what}");
            assert_eq!(
                response.header("x-clerk-auth-status").is_empty(),
                [403, 500].contains(&status),
                "{what}"
            );
        }
    }
    for (path, token, status, expected_body) in
        [("/own", &nobody, 403, "my own"), ("/open", &nobody, 200, "fine"), ("/plan", &alan, 200, "fine")]
    {
        for way in WAYS {
            assert_eq!(
                visit(&app, path, token, way).await.summary(),
                (status, expected_body.to_owned()),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn the_handler_gets_the_layers_own_400_but_no_redirects() {
    let instance = Instance::new();
    let key = instance.local.publishable_key();
    let clerk = instance.builder().publishable_key(key).transport(instance.local.clone());
    let clerk = clerk.build().unwrap();
    clerk.keys().warm_up().await.unwrap();
    let app = routes().layer(ClerkLayer::new(&clerk).on_rejection(page));
    for (path, status, body) in
        [("/open?__clerk_handshake=garbage", 400, "<h1>clerk-bad-request</h1>"), ("/open", 307, "")]
    {
        let response = visit(&app, path, "", WAYS[0]).await;
        assert_eq!((response.status.as_u16(), &*response.body), (status, body), "{path}");
        assert_eq!(response.header("location").is_empty(), status != 307, "{path}");
    }
}

#[tokio::test]
async fn cookies_of_a_refresh_are_added_to_the_applications_response() {
    let instance = Instance::new();
    let (fault, lines) = refreshed(&instance);
    let server = FaultServer::with_keys(&instance, fault).await;
    let clerk = instance.builder().api_url(server.api_url()).publishable_key(LIVE).build().unwrap();
    let handler = |_: &Rejection, request: &RequestInfo| {
        assert!(request.headers().contains_key("cookie"));
        let cookie = [(header::SET_COOKIE, "mine=1"), (header::CACHE_CONTROL, "private")];
        (StatusCode::NOT_FOUND, cookie, format!("not at {}", request.uri().path()))
    };
    let address = serve(routes().layer(ClerkLayer::new(&clerk).on_rejection(handler))).await;
    let request = Request::get("/guard").header("cookie", expired_cookies(&instance).join("; "));
    let response = send(address, request.body(Full::default()).unwrap()).await;
    assert_eq!(response.summary(), (404, "not at /guard".to_owned()));
    let values =
        |name: &str| response.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
    let cookies: Vec<&str> = values("set-cookie");
    assert_eq!(cookies[0], "mine=1");
    assert_eq!(cookies[1..], lines.iter().map(String::as_str).collect::<Vec<_>>());
    let caching: Vec<&str> = values("cache-control");
    assert_eq!(caching, ["private", "no-store"]);
    assert!(cookies.iter().any(|cookie| cookie.starts_with(&format!("__session_{SUFFIX}="))));
}

#[tokio::test]
async fn the_innermost_handler_responds_and_headers_added_in_between_stay() {
    let instance = Instance::new();
    let clerk = clerk(&instance, AcceptedKinds::any());
    let layer = |body: &'static str| ClerkLayer::new(&clerk).on_rejection(move |_, _| body);
    let silent = || ClerkLayer::new(&clerk);
    for (app, expected_body) in [
        (routes().layer(layer("inner")).layer(layer("outer")), "inner"),
        (routes().layer(silent()).layer(layer("outer")), "outer"),
        (routes().layer(layer("inner")).layer(silent()), "inner"),
        (routes().layer(layer("first").on_rejection(|_, _| "second")), "second"),
    ] {
        let response = visit(&app, "/guard", "", WAYS[1]).await;
        assert_eq!(response.summary(), (401, expected_body.to_owned()));
    }
    let app = routes().layer(CorsLayer::permissive()).layer(layer("mine"));
    let response = visit(&app, "/guard", "", WAYS[1]).await;
    assert_eq!(response.header("access-control-allow-origin"), "*");
    assert_eq!(response.summary(), (401, "mine".to_owned()));
}

#[tokio::test]
async fn without_the_layer_the_handler_is_not_called() {
    let instance = Instance::new();
    let clerk = clerk(&instance, AcceptedKinds::any());
    let outside = routes().layer(ClerkLayer::new(&clerk).on_rejection(page)).layer(require::signed_in());
    for app in [routes(), outside] {
        let response = visit(&app, "/guard", "", WAYS[0]).await;
        assert_eq!(response.summary(), (500, "clerk-layer-missing".to_owned()));
    }
}

#[tokio::test]
async fn every_rejection_tells_outer_layers_its_reason() {
    let instance = Instance::new();
    let clerk = clerk(&instance, AcceptedKinds::any());
    let app = routes().layer(ClerkLayer::new(&clerk));
    for (path, code) in [("/guard", true), ("/session", true), ("/own", false), ("/open", false)] {
        let response = app.clone().oneshot(request(path, "", WAYS[1])).await.unwrap();
        let found = response.extensions().get::<rejection::Rejection>();
        assert_eq!(found.is_some(), code, "{path}");
        assert!(found.is_none_or(|rejection| rejection.status() == 401 && !rejection.is_unavailable()));
    }
}

#[tokio::test]
async fn a_bare_tower_service_has_the_same_handler() {
    let instance = Instance::new();
    let clerk = clerk(&instance, AcceptedKinds::any());
    let service = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(&clerk).on_rejection(|rejection, request| {
            http::Response::new(format!("{} {}", request.method(), rejection.message()))
        }))
        .layer(RequireLayer::reverification(Reverification::STRICT))
        .service_fn(async |_: Request<()>| Ok::<_, Infallible>(http::Response::new(String::from("fine"))));
    let visitors = Visitors::of(&instance);
    for (token, status, expected_body) in [
        (
            &visitors.tokens[4],
            403,
            "GET Reverification is required: the user has to verify their identity again.",
        ),
        (&visitors.tokens[5], 200, "fine"),
    ] {
        let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(()).unwrap();
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), expected_body);
    }
}

const PORTAL: &str = "https://accounts.example.com/sign-in";

/// Returns the URL of a page of the account portal, with a return URL for this path.
fn and_back(page: &str, path: &str) -> String {
    let back: String =
        form_urlencoded::byte_serialize(format!("http://app.example.com{path}").as_bytes()).collect();
    format!("{page}?redirect_url={back}")
}

/// Guards that redirect visitors to sign in.
fn pages() -> Router {
    let page =
        |guard: require::RequireLayer| on_get("fine").post("fine").route_layer(guard.redirect_to_sign_in());
    Router::new()
        .route("/home", page(require::signed_in()))
        .route("/team", page(require::role("org:admin")))
        .route("/either", page(require::role("org:admin").or(require::plan("plus"))))
        .route("/first", page(require::signed_in()).route_layer(require::signed_in()))
        .nest("/in", Router::new().route("/home", page(require::signed_in())))
}

#[tokio::test(start_paused = true)]
async fn visitors_of_a_page_are_redirected_to_sign_in_and_back() {
    let instance = Instance::new();
    let clerk = clerk(&instance, AcceptedKinds::any());
    let [nobody, stranger, pending, alan, grace, ada, script, down] = Visitors::of(&instance).tokens;
    // The handler is not called for redirects.
    let app = pages().layer(ClerkLayer::new(&clerk).on_rejection(|_, _| "mine"));
    let (document, script_way) = (WAYS[0], WAYS[1]);
    let tasks = &*format!("{PORTAL}/tasks");
    for (path, visitor, token, way, status, target) in [
        ("/home?a=b", "nobody", &nobody, document, 303, PORTAL),
        ("/home", "nobody's script", &nobody, script_way, 401, ""),
        ("/home", "a stranger", &stranger, document, 303, PORTAL),
        ("/home", "pending", &pending, document, 303, tasks),
        ("/home", "a pending script", &pending, script_way, 401, ""),
        ("/home", "an iframe", &nobody, ("iframe", "text/html"), 401, ""),
        // Signing in again would not change the outcome.
        ("/home", "a machine", &script, document, 401, ""),
        ("/home", "down", &down, document, 503, ""),
        ("/home", "Ada", &ada, document, 200, ""),
        ("/team", "nobody", &nobody, document, 303, PORTAL),
        ("/team", "Grace", &grace, document, 403, ""),
        ("/team", "Alan", &alan, document, 403, ""),
        ("/either", "nobody", &nobody, document, 303, PORTAL),
        ("/either", "Alan", &alan, document, 200, ""),
        // The outermost guard responds.
        ("/first", "nobody", &nobody, document, 401, ""),
        // In a nested router the return URL contains the whole path, too.
        ("/in/home", "nobody", &nobody, document, 303, PORTAL),
    ] {
        let response = visit(&app, path, token, way).await;
        assert_eq!(response.status, status, "{path} for {visitor}");
        let expected = if status == 303 { and_back(target, path) } else { String::new() };
        assert_eq!(response.header("location"), expected, "{path} for {visitor}");
        assert!(status != 303 || response.body.is_empty(), "{path} for {visitor}");
    }
    // Nor for a browser that has already been redirected three times, and may come straight back.
    for (cookie, status) in [
        ("__client_uat=1; __clerk_redirect_count=3", 401),
        ("__clerk_redirect_count=2", 303),
        ("__clerk_redirect_count=3", 303),
        ("__clerk_redirect_count=x", 303),
    ] {
        let mut round = request("/home", "", document);
        round.headers_mut().insert("cookie", cookie.parse().unwrap());
        assert_eq!(ask_with(&app, round).await.status, status, "{cookie}");
    }
    let mut post = request("/home", "", document);
    *post.method_mut() = http::Method::POST;
    assert_eq!(ask_with(&app, post).await.summary(), (401, "mine".to_owned()));
}

/// Signing in may replace a bad token, or lead back with the same one. After three redirects the rejection is shown.
#[tokio::test]
async fn a_visitor_that_returns_with_the_same_bad_token_is_shown_why() {
    let instance = Instance::new();
    let clerk = clerk(&instance, AcceptedKinds::any());
    let app = pages().layer(ClerkLayer::new(&clerk));
    // The issuer is this instance, but another instance's key signed the token.
    let claims = claims(&json!({"iss": "https://clerk.example.com"}));
    let stranger = Instance::new().local.sign_claims(&json!({}), &claims);
    let mut count = String::new();
    for (status, next) in [(303, "1"), (303, "2"), (303, "3"), (401, "")] {
        let mut round = request("/home", "", WAYS[0]);
        let cookie = format!("__session={stranger}; __client_uat=1{count}").parse().unwrap();
        round.headers_mut().insert("cookie", cookie);
        let response = ask_with(&app, round).await;
        assert_eq!(response.status, status, "{next}");
        if status == 401 {
            assert_eq!(response.code(), "jwk-kid-mismatch");
        } else {
            let cookie = format!("__clerk_redirect_count={next}; SameSite=Lax; HttpOnly; Max-Age=10");
            assert_eq!(response.header("set-cookie"), cookie);
        }
        count = format!("; __clerk_redirect_count={next}");
    }
    // Visitors without a token can open a page any number of times.
    assert_eq!(visit(&app, "/home", "", WAYS[0]).await.header("set-cookie"), "");
}

#[tokio::test]
async fn a_guard_around_a_router_redirects_visitors_of_its_fallback_too() {
    const MISSING: &str = "session-token-and-uat-missing";
    let instance = Instance::new();
    let (clerk, ada) = (clerk(&instance, AcceptedKinds::any()), instance.ada());
    let layer = || ClerkLayer::new(&clerk);
    let guard = || require::signed_in().redirect_to_sign_in();
    let site = || Router::new().route("/home", on_get("fine")).fallback("fine");
    let nested = |path: &str, inner: Router| Router::new().nest(path, inner);
    // Without its own fallback the router in between would drop the inner one.
    let twice = nested("/b", site()).fallback("fine").layer(guard());
    for (place, app, prefix) in [
        ("layer", site().layer(guard()).layer(layer()), ""),
        ("merged", Router::new().merge(site().layer(guard())).layer(layer()), ""),
        ("nested, guard inside", nested("/in", site().layer(guard())).layer(layer()), "/in"),
        ("nested, both inside", nested("/in", site().layer(guard()).layer(layer())), "/in"),
        ("nested, both outside", nested("/in", site()).layer(guard()).layer(layer()), "/in"),
        ("nested twice", nested("/a", twice.layer(layer())), "/a/b"),
        ("nested service", Router::new().nest_service("/in", site().layer(guard()).layer(layer())), "/in"),
    ] {
        for path in ["/home?a=b", "/no/page"].map(|path| format!("{prefix}{path}")) {
            let redirected = visit(&app, &path, "", WAYS[0]).await;
            assert_eq!(redirected.status, 303, "{place}: {path}");
            assert_eq!(redirected.header("location"), and_back(PORTAL, &path), "{place}");
            let refused = visit(&app, &path, "", WAYS[1]).await;
            assert_eq!(refused.summary(), (401, MISSING.to_owned()), "{place}: {path}");
            assert_eq!(refused.header("location"), "", "{place}: {path}");
            for way in WAYS {
                let response = visit(&app, &path, &ada, way).await;
                assert_eq!(response.summary(), (200, "fine".to_owned()), "{place}: {path}");
            }
        }
    }
}

/// A link with a handshake result hides the browser's session, so the sign-in page would redirect straight back.
#[tokio::test]
async fn the_end_of_a_handshake_does_not_cause_a_redirect_loop() {
    let instance = Instance::new();
    let clerk = clerk(&instance, AcceptedKinds::any());
    let guard = require::signed_in().redirect_to_sign_in();
    let app = Router::new().route("/page", on_get("fine")).route_layer(guard).layer(ClerkLayer::new(&clerk));
    let nothing = instance.local.sign_claims(&json!({}), &json!({ "handshake": [] }));
    for (query, back) in [
        (format!("?a=b&__clerk_handshake={nothing}"), "/page?a=b"),
        (format!("?__clerk_handshake={nothing}"), "/page"),
    ] {
        let response = visit(&app, &format!("/page{query}"), "", WAYS[0]).await;
        assert_eq!(response.status, 303, "{}", response.body);
        assert_eq!(response.header("location"), and_back(PORTAL, back));
        assert!(response.header("set-cookie").starts_with("__clerk_redirect_count=1;"), "{query}");
    }
}

#[tokio::test]
async fn a_handler_can_redirect_to_the_sign_up_page_and_back() {
    const SIGN_UP: &str = "https://accounts.example.com/sign-up";
    let instance = Instance::new();
    let [nobody, stranger, pending, ..] = Visitors::of(&instance).tokens;
    let sign_up = async |auth: Auth| auth.redirect_to_sign_up(None);
    let elsewhere = async |auth: Auth| auth.redirect_to_sign_up(Some("/welcome?x=1"));
    let nowhere = async |auth: Auth| auth.redirect_to_sign_up(Some("mailto:ada"));
    let app = Router::new()
        .route("/join", on_get(sign_up))
        .route("/elsewhere", on_get(elsewhere))
        .route("/nowhere", on_get(nowhere))
        .nest("/in", Router::new().route("/join", on_get(sign_up)));
    let tasks = &*format!("{SIGN_UP}/tasks");
    let app_of = |clerk: &Clerk| app.clone().layer(ClerkLayer::new(clerk));
    let live = app_of(&clerk(&instance, AcceptedKinds::any()));
    for (path, visitor, token, page, back) in [
        ("/join?a=b", "nobody", &nobody, SIGN_UP, "/join?a=b"),
        ("/join", "a stranger", &stranger, SIGN_UP, "/join"),
        ("/join", "pending", &pending, tasks, "/join"),
        ("/elsewhere", "nobody", &nobody, SIGN_UP, "/welcome?x=1"),
        ("/elsewhere", "pending", &pending, tasks, "/welcome?x=1"),
        ("/in/join?a=b", "nobody", &nobody, SIGN_UP, "/in/join?a=b"),
    ] {
        // The handler has decided, so the visitor does not matter.
        for way in WAYS {
            let response = visit(&live, path, token, way).await;
            assert_eq!(response.status, 303, "{path} for {visitor}");
            assert_eq!(response.header("location"), and_back(page, back), "{path} for {visitor}");
            assert_eq!(response.header("cache-control"), "no-store", "{path} for {visitor}");
        }
    }
    let response = visit(&live, "/nowhere", "", WAYS[0]).await;
    assert_eq!(response.summary(), (400, "clerk-return-address".to_owned()));
    let response = visit(&app_of(&instance.in_memory()), "/join", "", WAYS[0]).await;
    assert_eq!(response.summary(), (500, "clerk-sign-in-page-missing".to_owned()));
}

#[tokio::test]
async fn without_a_sign_in_page_the_response_stays_401_and_one_warning_is_logged() {
    if !clerk_tests::alone(
        module_path!(),
        "without_a_sign_in_page_the_response_stays_401_and_one_warning_is_logged",
    ) {
        return;
    }
    let instance = Instance::new();
    let clerk: Clerk = instance.in_memory();
    let guard = || require::signed_in().redirect_to_sign_in();
    let app = Router::new()
        .route("/one", on_get("fine"))
        .route("/two", on_get("fine"))
        .route_layer(guard())
        .route("/three", on_get("fine").route_layer(guard()))
        .layer(ClerkLayer::new(&clerk));
    let log = Log::default();
    let _guard = log.listen(tracing::Level::WARN);
    let warnings = || {
        let text = log.take();
        assert!(
            text.lines().all(|line| line.contains("clerk::auth") && line.contains("CLERK_PUBLISHABLE_KEY")),
            "{text}"
        );
        text.lines().count()
    };
    for (path, way, times) in [
        ("/one", WAYS[1], 0),
        ("/one", WAYS[0], 1),
        ("/one", WAYS[0], 0),
        ("/two", WAYS[0], 0),
        ("/three", WAYS[0], 1),
        ("/three", WAYS[0], 0),
    ] {
        let response = visit(&app, path, "", way).await;
        assert_eq!(response.summary(), (401, "session-token-and-uat-missing".to_owned()), "{path}");
        assert_eq!(warnings(), times, "{path}");
    }
}
