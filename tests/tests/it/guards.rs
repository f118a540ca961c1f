//! Tests which routes a guard covers, depending on where it is added in an axum application.

use std::{convert::Infallible, net::SocketAddr};

use axum::{Router, routing::get as on_get};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use clerk_axum::{
    AcceptedKinds, ClerkLayer, Has, Meets, Rejection, RequestInfo, Requirement, Session, SessionRule, require,
};
use clerk_core::token::{Check, Reverification, ReverificationLevel, TokenKind};
use clerk_tests::{
    Instance, get,
    guarded::{Visitors, ask, ask_with, clerk},
    send, serve,
    upstream::serve_hyper,
};
use clerk_tower::{server::authenticate::AuthenticateLayer, server::require::RequireLayer};
use http::{Method, Request, Response, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tower::{Service as _, ServiceBuilder, ServiceExt as _, limit::ConcurrencyLimit, service_fn};

struct Served {
    address: SocketAddr,
    ada: String,
    grace: String,
}

/// Serves an application and requests it signed out, as Ada (admin) and as Grace (member).
async fn visit(app: Router) -> Served {
    let instance = Instance::new();
    let clerk = instance.in_memory();
    let token = |user: &str| instance.local.sign_in(user).organization("org_acme").token();
    let (ada, grace) = (token("user_ada"), token("user_grace"));
    Served { address: serve(app.layer(ClerkLayer::new(&clerk))).await, ada, grace }
}

impl Served {
    /// Checks the statuses for signed-out requests, Grace and Ada.
    async fn expect(&self, path: &str, statuses: [u16; 3]) {
        for (visitor, token, status) in [
            ("nobody", "", statuses[0]),
            ("Grace", &*self.grace, statuses[1]),
            ("Ada", &*self.ada, statuses[2]),
        ] {
            assert_eq!(get(self.address, path, token).await.status, status, "{path} for {visitor}");
        }
    }
}

#[tokio::test]
async fn a_route_layer_covers_the_routes_before_it_and_no_others() {
    let app = Router::new()
        .route("/before", on_get("before"))
        .route("/{other}/before", on_get("before"))
        .route_layer(require::signed_in())
        .route("/after", on_get("after"))
        .fallback("fallback");
    let visitors = visit(app).await;
    visitors.expect("/before", [401, 200, 200]).await;
    visitors.expect("/x/before", [401, 200, 200]).await;
    visitors.expect("/after", [200, 200, 200]).await;
    visitors.expect("/nowhere", [200, 200, 200]).await;
}

#[tokio::test]
async fn a_layer_covers_the_fallback_too() {
    let app = Router::new()
        .route("/before", on_get("before"))
        .fallback("fallback")
        .layer(require::signed_in())
        .route("/after", on_get("after"));
    let visitors = visit(app).await;
    visitors.expect("/before", [401, 200, 200]).await;
    visitors.expect("/nowhere", [401, 200, 200]).await;
    visitors.expect("/after", [200, 200, 200]).await;
}

#[tokio::test]
async fn guards_of_nested_and_merged_routers_add_up_and_do_not_leak() {
    let admin = Router::new()
        .route("/users", on_get("users"))
        .route_layer(require::permission("org:users:manage"))
        .route("/help", on_get("help"));
    let team = Router::new()
        .nest("/admin", admin)
        .route("/reports", on_get("reports").route_layer(require::permission("org:reports:read")))
        .route_layer(require::signed_in());
    let merged = Router::new().route("/merged", on_get("merged")).route_layer(require::role("org:admin"));
    let app = Router::new().nest("/team", team).merge(merged).route("/open", on_get("open"));
    let visitors = visit(app).await;
    visitors.expect("/team/admin/users", [401, 403, 200]).await;
    visitors.expect("/team/admin/help", [401, 200, 200]).await;
    visitors.expect("/team/reports", [401, 200, 200]).await;
    visitors.expect("/merged", [401, 403, 200]).await;
    visitors.expect("/open", [200, 200, 200]).await;
    visitors.expect("/team/admin/nowhere", [404, 404, 404]).await;
    visitors.expect("/users", [404, 404, 404]).await;
}

#[tokio::test]
async fn other_spellings_of_a_path_do_not_bypass_a_guard() {
    let app = Router::new()
        .route("/admin/users", on_get("users").route_layer(require::role("org:admin")))
        .fallback(async || (http::StatusCode::NOT_FOUND, "nothing"));
    let visitors = visit(app).await;
    visitors.expect("/admin/users?x=/open", [401, 403, 200]).await;
    for path in [
        "/admin/users/",
        "//admin/users",
        "/admin//users",
        "/Admin/Users",
        "/admin%2Fusers",
        "/x/../admin/users",
    ] {
        let statuses = [404, 404, 404];
        visitors.expect(path, statuses).await;
    }
    // Another spelling of the path must either be guarded too or not match any route.
    assert_ne!(get(visitors.address, "/admin/%75sers", "").await.status, 200);
}

#[tokio::test]
async fn a_guard_on_one_method_does_not_affect_the_others() {
    let app =
        Router::new().route("/thing", on_get("read").route_layer(require::role("org:admin")).post("written"));
    let visitors = visit(app).await;
    visitors.expect("/thing", [401, 403, 200]).await;
    for (method, status) in [(Method::POST, 200), (Method::HEAD, 401), (Method::DELETE, 405)] {
        let request = Request::builder().method(method.clone()).uri("/thing").body(Full::default()).unwrap();
        assert_eq!(send(visitors.address, request).await.status, status, "{method}");
    }
}

#[tokio::test]
async fn a_check_passes_only_if_every_part_holds() {
    let both = || Check::new().role("org:admin").permission("org:users:manage");
    let app = Router::new()
        .route("/empty", on_get("").route_layer(require::has(Check::new())))
        .route("/both", on_get("").route_layer(require::has(both())))
        .route("/half", on_get("").route_layer(require::has(both().permission("org:money:print"))))
        .route("/system", on_get("").route_layer(require::permission("org:sys_memberships:manage")))
        .route(
            "/recent",
            on_get("").route_layer(require::has(Check::new().reverification(Reverification::STRICT))),
        );
    let visitors = visit(app).await;
    visitors.expect("/empty", [401, 403, 403]).await;
    visitors.expect("/both", [401, 403, 200]).await;
    visitors.expect("/half", [401, 403, 403]).await;
    visitors.expect("/system", [401, 403, 403]).await;
    visitors.expect("/recent", [401, 200, 200]).await;
    for (path, code) in [("/empty", "check-failed"), ("/half", "permission-missing")] {
        assert_eq!(get(visitors.address, path, &visitors.ada).await.code(), code);
    }
}

const MISSING: &str = "session-token-and-uat-missing";
const MISMATCH: &str = "token-type-mismatch";
const DOWN: &str = "clerk-unavailable";

/// Returns what each visitor gets: the code of a rejection, or `ok`.
async fn results(app: &Router, visitors: &Visitors) -> Vec<String> {
    let mut results = Vec::new();
    for (_, token) in visitors.iter() {
        let response = ask(app, Method::GET, "/x", token).await;
        results.push(match response.status.as_u16() {
            200 => "ok".to_owned(),
            _ if response.body.contains("clerk_error") => "proof".to_owned(),
            _ => response.code(),
        });
    }
    results
}

#[derive(serde::Deserialize)]
struct Plan {
    pla: Option<String>,
}

/// A type that no session's claims match.
#[derive(serde::Deserialize)]
struct Misfit {
    #[allow(dead_code, reason = "only the shape matters")]
    sub: u64,
}

#[tokio::test(start_paused = true)]
async fn every_guard_reports_what_is_missing() {
    const BAD: &str = "token-invalid";
    const PENDING: &str = "session-pending";
    let instance = Instance::new();
    let (clerk, visitors) = (clerk(&instance, AcceptedKinds::any()), Visitors::of(&instance));
    let strict = || require::reverification(Reverification::STRICT);
    let strict_admin = || Check::new().reverification(Reverification::STRICT).role("org:admin");
    let key = || require::machine(TokenKind::ApiKey);
    let never = Reverification::new(ReverificationLevel::FirstFactor, 0);
    let in_person = |user| require::session("not-them", move |session| session.user_id() == user);
    let plus = || require::claims("no-plus", |claims: &Plan| claims.pla.as_deref() == Some("u:plus"));
    let misfit = require::claims("never", |_: &Misfit| true);
    for (guard, layer, [alan, grace, ada, script]) in [
        ("signed_in", require::signed_in(), ["ok", "ok", "ok", MISMATCH]),
        (
            "permission",
            require::permission("org:users:manage"),
            ["permission-missing", "permission-missing", "ok", MISMATCH],
        ),
        ("role", require::role("org:admin"), ["role-missing", "role-missing", "ok", MISMATCH]),
        ("feature", require::feature("export"), ["ok", "feature-missing", "feature-missing", MISMATCH]),
        ("plan", require::plan("plus"), ["ok", "plan-missing", "plan-missing", MISMATCH]),
        ("plan of the organization", require::plan("org:plus"), ["plan-missing"; 4]),
        ("reverification", strict(), ["ok", "proof", "ok", MISMATCH]),
        ("reverification, lax", require::reverification(Reverification::LAX), ["ok", "ok", "ok", MISMATCH]),
        ("reverification, never", require::reverification(never), ["check-failed"; 4]),
        ("has", require::has(strict_admin()), ["role-missing", "role-missing", "ok", MISMATCH]),
        ("has nothing", require::has(Check::new()), ["check-failed"; 4]),
        ("machine", key(), [MISMATCH, MISMATCH, MISMATCH, "ok"]),
        ("scope", require::scope(TokenKind::ApiKey, "read"), [MISMATCH, MISMATCH, MISMATCH, "ok"]),
        (
            "another scope",
            require::scope(TokenKind::ApiKey, "write"),
            [MISMATCH, MISMATCH, MISMATCH, "scope-missing"],
        ),
        ("token", require::token([TokenKind::Session, TokenKind::ApiKey]), ["ok"; 4]),
        ("token of people", require::token([TokenKind::Session]), ["ok", "ok", "ok", MISMATCH]),
        (
            "token of machines",
            require::token([TokenKind::M2m, TokenKind::ApiKey]),
            [MISMATCH, MISMATCH, MISMATCH, "ok"],
        ),
        ("token of others", require::token(vec![TokenKind::M2m]), [MISMATCH; 4]),
        ("or", require::plan("plus").or(require::role("org:admin")), ["ok", "plan-missing", "ok", MISMATCH]),
        (
            "or, the other way",
            require::role("org:admin").or(require::plan("plus")),
            ["ok", "role-missing", "ok", MISMATCH],
        ),
        // "Denied" is more severe than "unknown".
        ("or, kinds", key().or(require::role("org:admin")), ["role-missing", "role-missing", "ok", "ok"]),
        // Reverification would satisfy the first requirement but not the second.
        ("or a proof", require::role("org:admin").or(strict()), ["ok", "proof", "ok", MISMATCH]),
        (
            "and a proof",
            strict().and(require::role("org:admin")),
            ["role-missing", "role-missing", "ok", MISMATCH],
        ),
        (
            "and",
            require::role("org:admin").and(require::permission("org:users:manage")),
            ["role-missing", "role-missing", "ok", MISMATCH],
        ),
        ("session", in_person("user_ada"), ["not-them", "not-them", "ok", MISMATCH]),
        ("claims", plus(), ["ok", "no-plus", "no-plus", MISMATCH]),
        (
            "claims of another type",
            misfit,
            ["claims-mismatch", "claims-mismatch", "claims-mismatch", MISMATCH],
        ),
        (
            "a predicate with an invalid code",
            require::session("Not a code", |session| session.user_id() == "user_ada"),
            ["check-failed", "check-failed", "ok", MISMATCH],
        ),
        ("a predicate or another", in_person("user_ada").or(plus()), ["ok", "not-them", "ok", MISMATCH]),
        ("a predicate or a role", plus().or(require::role("org:admin")), ["ok", "no-plus", "ok", MISMATCH]),
        (
            "a predicate and a role",
            in_person("user_ada").and(require::role("org:admin")),
            ["not-them", "not-them", "ok", MISMATCH],
        ),
        ("a predicate or a machine", in_person("user_ada").or(key()), ["not-them", "not-them", "ok", "ok"]),
        ("and, never both", key().and(require::signed_in()), [MISMATCH; 4]),
        (
            "a tree",
            key().or(require::signed_in().and(require::plan("plus").or(require::role("admin")))),
            ["ok", "plan-missing", "ok", "ok"],
        ),
    ] {
        let app = Router::new().route("/x", on_get("x").route_layer(layer)).layer(ClerkLayer::new(&clerk));
        let results = results(&app, &visitors).await;
        // No session passes these, and a machine has no session.
        let script = if ["plan-missing", "check-failed"].contains(&script) { MISMATCH } else { script };
        let pending = if results[2] == MISMATCH { MISMATCH } else { PENDING };
        assert_eq!(results, [MISSING, BAD, pending, alan, grace, ada, script, DOWN], "{guard}");
    }
}

/// What the application's middleware puts into the extensions once it has checked its own key.
#[derive(Clone)]
struct OwnKey;

async fn check_own_key(mut request: axum::extract::Request) -> axum::extract::Request {
    if request.headers().get("x-api-key").is_some_and(|key| key == "right") {
        request.extensions_mut().insert(OwnKey);
    }
    request
}

#[tokio::test(start_paused = true)]
async fn rules_of_the_application_combine_with_every_guard() {
    let instance = Instance::new();
    let (clerk, visitors) = (clerk(&instance, AcceptedKinds::any()), Visitors::of(&instance));
    const NO_KEY: &str = "api-key-missing";
    const NO_LAYER: &str = "clerk-layer-missing";
    let own_key = || {
        require::request(|head| match head.extensions.get::<OwnKey>() {
            Some(OwnKey) => Ok(()),
            None => Err(Rejection::unauthorized(NO_KEY)),
        })
    };
    let get_only = || {
        require::request(|head| match head.method {
            Method::GET => Err(Rejection::forbidden("office-only")),
            _ => Ok(()),
        })
    };
    let (role, signed_in) = (|| require::role("org:admin"), require::signed_in);
    // For nobody, Grace, Ada and an undecided visitor; the first line without a key of the application's own, the second
    // with one; then the same guard without the layer, without and with the key.
    let fine = ["ok"; 4];
    for (name, guard, without, with, bare) in [
        ("own", own_key(), [NO_KEY; 4], fine, [NO_KEY, "ok"]),
        ("signed in or own", signed_in().or(own_key()), [MISSING, "ok", "ok", DOWN], fine, [NO_LAYER, "ok"]),
        ("own or signed in", own_key().or(signed_in()), [NO_KEY, "ok", "ok", DOWN], fine, [NO_LAYER, "ok"]),
        ("role or own", role().or(own_key()), [MISSING, "role-missing", "ok", DOWN], fine, [NO_LAYER, "ok"]),
        (
            "role and own",
            role().and(own_key()),
            [MISSING, "role-missing", NO_KEY, DOWN],
            [MISSING, "role-missing", "ok", DOWN],
            [NO_LAYER; 2],
        ),
        (
            "a tree",
            own_key().or(signed_in().and(require::session("not-ada", |it| it.user_id() == "user_ada"))),
            [NO_KEY, "not-ada", "ok", DOWN],
            fine,
            [NO_LAYER, "ok"],
        ),
        ("forbidden", get_only(), ["office-only"; 4], ["office-only"; 4], ["office-only"; 2]),
        (
            "forbidden or signed in",
            get_only().or(signed_in()),
            ["office-only", "ok", "ok", DOWN],
            ["office-only", "ok", "ok", DOWN],
            [NO_LAYER; 2],
        ),
    ] {
        let routes = || {
            Router::new()
                .route("/x", on_get("x").route_layer(guard.clone()))
                .layer(axum::middleware::map_request(check_own_key))
        };
        let (app, without_layer) = (routes().layer(ClerkLayer::new(&clerk)), routes());
        let ask_with_key = async |app: &Router, token: &str, key: &str| {
            let mut request = Request::get("/x").header("host", "app.example.com").header("x-api-key", key);
            if !token.is_empty() {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let response = ask_with(app, request.body(axum::body::Body::empty()).unwrap()).await;
            if response.status == 200 { "ok".to_owned() } else { response.code() }
        };
        for (key, expected, bare) in [("wrong", without, bare[0]), ("right", with, bare[1])] {
            let asked = [0, 4, 5, 7].map(|index| (Visitors::NAMES[index], &visitors.tokens[index]));
            for ((visitor, token), expected) in asked.into_iter().zip(expected) {
                assert_eq!(ask_with_key(&app, token, key).await, expected, "{name}, {key}, {visitor}");
                let code = ask_with_key(&without_layer, token, key).await;
                assert_eq!(code, bare, "{name}, {key}, {visitor}, without the layer");
            }
        }
    }
}

#[tokio::test]
async fn a_rule_of_the_application_responds_with_its_own_code_and_redirects_only_visitors() {
    let instance = Instance::new();
    let (clerk, visitors) = (clerk(&instance, AcceptedKinds::any()), Visitors::of(&instance));
    let own = |status| {
        require::request(move |_| {
            Err(if status == 401 { Rejection::unauthorized("own") } else { Rejection::forbidden("own") })
        })
    };
    for (status, challenge) in [(401, "Bearer"), (403, "Bearer error=\"insufficient_scope\"")] {
        let app = Router::new().route("/x", on_get("x").route_layer(own(status).redirect_to_sign_in()));
        let app = app.layer(ClerkLayer::new(&clerk));
        let ada = &visitors.tokens[5];
        let response = ask(&app, Method::GET, "/x", ada).await;
        assert_eq!(response.summary(), (status, "own".to_owned()));
        assert_eq!(response.header("www-authenticate"), challenge);
        for (token, redirected) in [("", status == 401), (ada, false)] {
            let mut page = Request::get("/x").header("host", "app.example.com").header("accept", "text/html");
            if !token.is_empty() {
                page = page.header("authorization", format!("Bearer {token}"));
            }
            let response = ask_with(&app, page.body(axum::body::Body::empty()).unwrap()).await;
            assert_eq!(response.status == 303, redirected, "{status} {token}: {}", response.status);
        }
    }
}

struct OnlyAda;

impl SessionRule for OnlyAda {
    const CODE: &'static str = "not-ada";

    fn is_met_by(session: &Session) -> bool {
        session.user_id() == "user_ada"
    }
}

#[tokio::test]
async fn a_rule_as_an_extractor_rejects_like_the_guard() {
    let instance = Instance::new();
    let (clerk, visitors) = (clerk(&instance, AcceptedKinds::any()), Visitors::of(&instance));
    let guard = || require::session(OnlyAda::CODE, OnlyAda::is_met_by);
    let routes = || {
        Router::new()
            .route("/guard", on_get("user_ada").route_layer(guard()))
            .route(
                "/rule",
                on_get(async |session: Meets<OnlyAda>| {
                    assert!(!format!("{session:?}").contains("user_"));
                    assert_eq!(session.clone().user_id(), session.user_id());
                    session.into_inner().user_id().to_string()
                }),
            )
            .route(
                "/maybe",
                on_get(async |session: Option<Meets<OnlyAda>>| {
                    session.map_or("none".to_owned(), |session| session.user_id().to_string())
                }),
            )
    };
    let (app, bare) = (routes().layer(ClerkLayer::new(&clerk)), routes());
    for (visitor, token) in visitors.iter() {
        let summary = async |path| ask(&app, Method::GET, path, token).await.summary();
        let guarded = summary("/guard").await;
        assert_eq!(summary("/rule").await, guarded, "{visitor}");
        let is_none = matches!(visitor, "nobody" | "pending" | "Alan" | "Grace" | "a script");
        let expected = if is_none { (200, "none".to_owned()) } else { guarded.clone() };
        assert_eq!(summary("/maybe").await, expected, "{visitor}");
        let expected = match visitor {
            "Ada" => (200, "user_ada"),
            "Alan" | "Grace" => (403, "not-ada"),
            "down" => (503, DOWN),
            _ => (401, &*guarded.1),
        };
        assert_eq!(guarded, (expected.0, expected.1.to_owned()), "{visitor}");
        let response = ask(&bare, Method::GET, "/maybe", token).await;
        assert_eq!(response.summary(), (500, "clerk-layer-missing".to_owned()), "{visitor}");
    }
}

#[tokio::test]
async fn front_ends_get_the_response_that_triggers_reverification() {
    let instance = Instance::new();
    let clerk = clerk(&instance, AcceptedKinds::any());
    let visitors = Visitors::of(&instance);
    let own = Reverification::new(ReverificationLevel::FirstFactor, 5);
    for (requirement, config) in [
        (Reverification::STRICT, json!("strict")),
        (Reverification::STRICT_MFA, json!("strict_mfa")),
        (own, json!({"level": "first_factor", "afterMinutes": 5})),
    ] {
        let app = Router::new().route("/x", on_get("x").route_layer(require::reverification(requirement)));
        let response = ask(&app.layer(ClerkLayer::new(&clerk)), Method::GET, "/x", &visitors.tokens[4]).await;
        assert_eq!(response.status, 403);
        assert_eq!(response.header("content-type"), "application/json");
        assert_eq!(response.header("cache-control"), "no-store");
        let body: Value = serde_json::from_str(&response.body).unwrap();
        let metadata = json!({"reverification": config});
        let error = json!({"type": "forbidden", "reason": "reverification-error", "metadata": metadata});
        assert_eq!(body, json!({"clerk_error": error}));
    }
}

#[tokio::test(start_paused = true)]
async fn the_rejection_of_a_missing_token_says_what_to_send() {
    let instance = Instance::new();
    let clerk = clerk(&instance, AcceptedKinds::any());
    let [nobody, stranger, .., ada, _, down] = Visitors::of(&instance).tokens;
    const PEOPLE_OR_SCRIPTS: &[TokenKind] = &[TokenKind::ApiKey, TokenKind::Session];
    const SCRIPTS: &[TokenKind] = &[TokenKind::ApiKey, TokenKind::M2m];
    for (token, kinds, message) in [
        (&nobody, PEOPLE_OR_SCRIPTS, "A session or a machine token is required."),
        (&stranger, PEOPLE_OR_SCRIPTS, "A session or a machine token is required."),
        (&down, PEOPLE_OR_SCRIPTS, "Authentication is temporarily unavailable."),
        (&nobody, SCRIPTS, "A machine token is required."),
        (&ada, SCRIPTS, "A machine token is required."),
        (&down, SCRIPTS, "Authentication is temporarily unavailable."),
    ] {
        let rejection = clerk.authenticate_token(token).await.require_token(kinds).unwrap_err();
        assert!(rejection.message().starts_with(message), "{token} {kinds:?}: {rejection}");
    }
}

#[tokio::test(start_paused = true)]
async fn token_kinds_that_are_not_accepted_are_rejected() {
    let instance = Instance::new();
    let clerk = clerk(&instance, [TokenKind::Session, TokenKind::ApiKey]);
    let visitors = Visitors::of(&instance);
    const NOT_ACCEPTED: &str = "clerk-kind-not-accepted";
    for (layer, [nobody, ada, script]) in [
        (require::token([]), ["check-failed"; 3]),
        (require::token([TokenKind::Session, TokenKind::M2m]), [NOT_ACCEPTED; 3]),
        (require::token([TokenKind::M2m]), [NOT_ACCEPTED; 3]),
        (require::machine(TokenKind::M2m).or(require::signed_in()), [NOT_ACCEPTED, "ok", NOT_ACCEPTED]),
        (require::signed_in().and(require::machine(TokenKind::M2m)), [NOT_ACCEPTED; 3]),
        (require::token([TokenKind::Session, TokenKind::ApiKey]), [MISSING, "ok", "ok"]),
    ] {
        let what = format!("{layer:?}");
        let app = Router::new().route("/x", on_get("x").route_layer(layer)).layer(ClerkLayer::new(&clerk));
        let results = results(&app, &visitors).await;
        assert_eq!([&*results[0], &*results[5], &*results[6]], [nobody, ada, script], "{what}");
    }
}

struct Admin;

impl Requirement for Admin {
    fn check() -> Check {
        Check::new().role("org:admin")
    }
}

struct Proof;

impl Requirement for Proof {
    fn check() -> Check {
        Check::new().reverification(Reverification::STRICT)
    }
}

struct Nothing;

impl Requirement for Nothing {
    fn check() -> Check {
        Check::new()
    }
}

#[tokio::test(start_paused = true)]
async fn a_guard_as_an_extractor_rejects_like_the_layer() {
    let instance = Instance::new();
    let (clerk, visitors) = (clerk(&instance, AcceptedKinds::any()), Visitors::of(&instance));
    async fn required<P: Requirement>(session: Has<P>) -> String {
        assert!(!format!("{session:?}").contains("user_"));
        assert_eq!(session.clone().user_id(), session.user_id());
        session.into_inner().user_id().to_string()
    }
    async fn optional<P: Requirement>(session: Option<Has<P>>) -> String {
        session.map_or("ok".to_owned(), |session| session.user_id().to_string())
    }
    let routes = || {
        Router::new()
            .route("/admin", on_get(required::<Admin>))
            .route("/proof", on_get(required::<Proof>))
            .route("/nothing", on_get(required::<Nothing>))
            .route("/maybe-admin", on_get(optional::<Admin>))
            .route("/maybe-proof", on_get(optional::<Proof>))
    };
    let (app, bare) = (routes().layer(ClerkLayer::new(&clerk)), routes());
    for (path, nobody, pending, grace, ada) in [
        ("/admin", MISSING, "session-pending", "role-missing", "user_ada"),
        ("/proof", MISSING, "session-pending", "clerk_error", "user_ada"),
        ("/nothing", MISSING, "session-pending", "check-failed", "check-failed"),
        ("/maybe-admin", "ok", "ok", "ok", "user_ada"),
        ("/maybe-proof", "ok", "ok", "ok", "user_ada"),
    ] {
        // A machine has no session, so it counts as signed out where a session is optional.
        let script = if path.starts_with("/maybe") { "ok" } else { MISMATCH };
        let expected = [nobody, "token-invalid", pending, "", grace, ada, script, DOWN];
        for ((visitor, token), expected) in visitors.iter().zip(expected) {
            let body = ask(&app, Method::GET, path, token).await.body;
            assert!(body.contains(expected), "{path} for {visitor}: {body}");
            let response = ask(&bare, Method::GET, path, token).await;
            assert_eq!(response.summary(), (500, "clerk-layer-missing".to_owned()), "{path} for {visitor}");
        }
    }
}

#[tokio::test]
async fn grpc_clients_get_grpc_statuses() {
    let instance = Instance::new();
    let (clerk, visitors) = (clerk(&instance, AcceptedKinds::any()), Visitors::of(&instance));
    let strict = Reverification::STRICT;
    for (guard, [nobody, grace]) in [
        (RequireLayer::feature("export"), ["16", "7"]),
        (RequireLayer::plan("plus"), ["16", "7"]),
        (RequireLayer::reverification(strict), ["16", "7"]),
        (RequireLayer::token([TokenKind::ApiKey]), ["16", "16"]),
        (RequireLayer::role("org:admin").or(RequireLayer::plan("plus")), ["16", "7"]),
        (RequireLayer::signed_in().and(RequireLayer::reverification(strict)), ["16", "7"]),
        (RequireLayer::signed_in().and(RequireLayer::plan("plus")).redirect_to_sign_in(), ["16", "7"]),
    ] {
        let handler =
            |_: &clerk_tower::server::rejection::Rejection, _: &RequestInfo| Response::new("mine".to_owned());
        let service = ServiceBuilder::new()
            .layer(AuthenticateLayer::new(&clerk).on_rejection(handler))
            .layer(guard.clone())
            .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new("fine".to_owned())));
        for (token, status) in [("", nobody), (&*visitors.tokens[4], grace)] {
            let request = |method: Method| {
                let request = Request::builder().method(method).header("content-type", "application/grpc");
                let request = request.version(Version::HTTP_2);
                request.header("authorization", format!("Bearer {token}")).body(()).unwrap()
            };
            // gRPC needs HTTP/2, so a layer further out has translated this from gRPC-Web. It takes the status from
            // trailers.
            let mut translated = request(Method::POST);
            *translated.version_mut() = Version::HTTP_11;
            let response = service.clone().oneshot(translated).await.unwrap();
            assert_eq!(response.status(), 200);
            assert!(!response.headers().contains_key("grpc-status"), "{guard:?}");
            let trailers = response.into_body().collect().await.unwrap().trailers().cloned().unwrap();
            assert_eq!(trailers["grpc-status"], status);
            // A page request that merely claims to be gRPC must not get a 200, which a cache could store.
            let response = service.clone().oneshot(request(Method::GET)).await.unwrap();
            assert!(matches!(response.status().as_u16(), 401 | 403), "{guard:?}");
            let response = service.clone().oneshot(request(Method::POST)).await.unwrap();
            assert_eq!(response.headers()["cache-control"], "no-store");
            assert_eq!(
                (response.status().as_u16(), response.headers()["grpc-status"].as_bytes()),
                (200, status.as_bytes(),)
            );
            assert!(response.headers().contains_key("grpc-message"), "{guard:?}");
            assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "", "{guard:?}");
        }
    }
}

/// Reads the trailers of a gRPC-Web response, as its protocol describes them.
fn grpc_web_trailers(kind: &str, body: &[u8]) -> Vec<String> {
    let decoded = if kind.contains("-text") { BASE64_STANDARD.decode(body).unwrap() } else { body.to_vec() };
    let (head, block) = decoded.split_at(5);
    assert_eq!(head[0], 0x80, "not a frame of trailers");
    assert_eq!(u32::from_be_bytes(head[1..].try_into().unwrap()), u32::try_from(block.len()).unwrap());
    let block = std::str::from_utf8(block).unwrap().strip_suffix("\r\n").unwrap();
    block.split("\r\n").map(str::to_owned).collect()
}

#[tokio::test]
async fn grpc_web_clients_get_framed_statuses_over_every_http_version() {
    let instance = Instance::new();
    let clerk = clerk(&instance, AcceptedKinds::any());
    let guarded = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(&clerk))
        .layer(RequireLayer::signed_in())
        .service_fn(async |_: Request<Incoming>| Ok::<_, Infallible>(Response::new("fine".to_owned())));
    // A layer outside of the guard that translates as tonic-web does: it replaces the content types, and puts trailers
    // into the body.
    let inner = guarded.clone();
    let translating = service_fn(move |mut request: Request<Incoming>| {
        let kind = request.headers().get("content-type").cloned().unwrap();
        request.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        let inner = inner.clone();
        async move {
            let mut response = inner.oneshot(request).await?.map(|body| {
                body.map_frame(|frame| match frame.into_trailers() {
                    Ok(trailers) => {
                        let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
                            format!("{name}:{}\r\n", value.to_str().unwrap())
                        };
                        let block: String = trailers.iter().map(line).collect();
                        let length = u32::try_from(block.len()).unwrap().to_be_bytes();
                        http_body::Frame::data(Bytes::from([&[0x80][..], &length, block.as_bytes()].concat()))
                    }
                    Err(frame) => frame,
                })
            });
            response.headers_mut().insert("content-type", kind);
            Ok::<_, Infallible>(response)
        }
    });
    let addresses = [serve_hyper(guarded).await, serve_hyper(translating).await];
    for (address, kinds) in addresses.into_iter().zip([
        &["application/grpc-web", "application/grpc-web+proto", "application/grpc-web-text"][..],
        &["application/grpc-web+proto"],
    ]) {
        for kind in kinds {
            let request = Request::post("/service/Method").header("content-type", *kind);
            let request = request.header("host", "a").body(Full::<Bytes>::default()).unwrap();
            let stream = tokio::net::TcpStream::connect(address).await.unwrap();
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            let (head, body) = sender.send_request(request).await.unwrap().into_parts();
            assert_eq!(head.status, 200, "{kind}");
            let sent = head.headers["content-type"].to_str().unwrap();
            assert!(sent.starts_with(kind), "{kind}: {sent}");
            let trailers = grpc_web_trailers(kind, &body.collect().await.unwrap().to_bytes());
            assert_eq!(trailers[0], "grpc-status:16", "{kind}");
            assert!(
                trailers[1].starts_with("grpc-message:session-token-and-uat-missing: "),
                "{kind}: {trailers:?}"
            );
        }
    }
}

#[tokio::test]
async fn rejections_of_every_kind_do_not_consume_capacity() {
    let instance = Instance::new();
    let (clerk, visitors) = (clerk(&instance, AcceptedKinds::any()), Visitors::of(&instance));
    let grace = &visitors.tokens[4];
    let proof = || RequireLayer::reverification(Reverification::STRICT);
    for guard in [
        RequireLayer::feature("export"),
        proof(),
        proof().or(RequireLayer::role("org:admin")),
        proof().and(RequireLayer::plan("plus")),
        RequireLayer::token([TokenKind::ApiKey]),
        RequireLayer::machine(TokenKind::ApiKey).redirect_to_sign_in(),
    ] {
        let inner = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new("fine".to_owned())));
        let handler =
            |_: &clerk_tower::server::rejection::Rejection, _: &RequestInfo| Response::new("mine".to_owned());
        let service = ServiceBuilder::new()
            .layer(AuthenticateLayer::new(&clerk).on_rejection(handler))
            .layer(guard.clone())
            .service(ConcurrencyLimit::new(inner, 1));
        let mut one = service.clone();
        let mut other = service.clone();
        for _ in 0..50 {
            for handle in [&mut one, &mut other] {
                let request = Request::get("/").header("authorization", format!("Bearer {grace}"));
                let request = request.header("accept", "text/html").body(()).unwrap();
                let response = handle.ready().await.unwrap().call(request).await.unwrap();
                assert!(!response.status().is_success(), "{guard:?}");
            }
        }
    }
}
