//! Tests every extractor with every visitor: plain, as an `Option`, and as a `Result`.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    extract::{FromRef, FromRequestParts, OptionalFromRequestParts, State},
    response::IntoResponse,
    routing::{get as on_get, post},
};
use bytes::Bytes;
use clerk_axum::{
    AcceptedKinds, ActiveOrganization, ApiKey, Auth, Claims, Clerk, ClerkLayer, ClerkOrganization, ClerkUser,
    Has, M2mToken, Machine, Meets, OAuthToken, Rejection, Requirement, Session, SessionRule, Webhook,
    api::{organization_memberships, organizations},
    token::Check,
    webhook::Verifier,
};
use clerk_tests::{
    Instance, NOW, get,
    scripted::{ReceivedRequest, Reply, Script},
    send, serve,
};
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::Full;
use serde_json::{Value, json};

const KEY: &str = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk";

#[derive(serde::Deserialize)]
struct Custom {
    plan: Option<String>,
}

/// Returns a client of the instance, which also has a few machine tokens and a JWT template.
fn clerk(instance: &Instance) -> Clerk {
    let local = instance.local.clone();
    let transport = Script::new(move |ReceivedRequest { request, .. }| match request.uri().path() {
        path if path.ends_with("/verify") => verified(request),
        path if path.contains("/tokens/") => made(request),
        _ => Reply::Pass(local.clone()),
    });
    instance
        .builder()
        .publishable_key(KEY)
        .authentication(|options| options.accepted_kinds(AcceptedKinds::any()))
        .transport(transport)
        .max_attempts(1)
        .build()
        .unwrap()
}

fn verified(request: &Request<Bytes>) -> Reply {
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let token = ["secret", "token", "access_token"].iter().find_map(|name| body[*name].as_str()).unwrap();
    let subject = if token.starts_with("mt_") { "mch_1" } else { "user_ada" };
    let known = json!({
        "id": "id_1", "type": "api_key", "name": "nightly", "subject": subject, "scopes": ["read"], "claims": null,
        "client_id": "client_1", "revoked": token.ends_with("_revoked"), "expired": false, "created_at": 1,
        "updated_at": 1,
    });
    let status = if token.ends_with("_down") { 503 } else { 200 };
    Reply::json(status, &known)
}

/// Returns the requested template instead of a token. Two templates do not exist.
fn made(request: &Request<Bytes>) -> Reply {
    let path = request.uri().path();
    let status = match path.rsplit('/').next() {
        Some("reports") => 200,
        Some("down") => 503,
        _ => 404,
    };
    let token = json!({ "object": "token", "jwt": format!("{} {path}", request.method()) });
    let missing = json!({ "errors": [{ "code": "resource_not_found", "message": "none" }] });
    let body = if status == 200 { token } else { missing };
    Reply::json(status, &body)
}

/// Returns routes for an extractor in its three forms.
fn forms<E>(path: &str, show: fn(&E) -> String) -> Router
where
    E: FromRequestParts<(), Rejection = Rejection> + OptionalFromRequestParts<()> + Send + 'static,
    <E as OptionalFromRequestParts<()>>::Rejection: IntoResponse,
{
    Router::new()
        .route(path, on_get(move |it: E| async move { show(&it) }))
        .route(
            &format!("{path}/option"),
            on_get(move |it: Option<E>| async move { it.map_or("none".to_owned(), |it| show(&it)) }),
        )
        .route(
            &format!("{path}/result"),
            on_get(move |it: Result<E, Rejection>| async move {
                it.map_or_else(|no| format!("{} {}", no.status().as_u16(), no.code()), |it| show(&it))
            }),
        )
}

const PATHS: [&str; 11] = [
    "/session",
    "/user",
    "/active",
    "/organization",
    "/claims",
    "/has",
    "/meets",
    "/key",
    "/m2m",
    "/oauth",
    "/machine",
];

struct Admin;

impl Requirement for Admin {
    fn check() -> Check {
        Check::new().role("org:admin")
    }
}

impl SessionRule for Admin {
    const CODE: &'static str = "not-an-admin";

    fn is_met_by(session: &Session) -> bool {
        session.organization_role() == Some("org:admin")
    }
}

fn routes() -> Router {
    let session = forms("/session", |session: &Session| {
        let actor = session.actor().and_then(|actor| actor.user_id.clone());
        format!("{}{}", session.user_id(), actor.map(|id| format!(" by {id}")).unwrap_or_default())
    });
    let active = forms("/active", |it: &ActiveOrganization| {
        let may_manage = it.has(&Check::new().permission("org:users:manage"));
        let (slug, role) = (it.slug().unwrap_or("?"), it.role().unwrap_or("?"));
        format!("{} {slug} {role} {} {may_manage}", it.id(), it.permissions().len())
    });
    session
        .merge(active)
        .merge(forms("/user", |user: &ClerkUser| user.first_name.clone().unwrap_or_default()))
        .merge(forms("/organization", |organization: &ClerkOrganization| organization.name.clone()))
        .merge(forms("/claims", |Claims(custom): &Claims<Custom>| {
            custom.plan.clone().unwrap_or("no plan".into())
        }))
        .merge(forms("/has", |session: &Has<Admin>| session.user_id().to_string()))
        .merge(forms("/meets", |session: &Meets<Admin>| session.user_id().to_string()))
        .merge(forms("/key", |key: &ApiKey| key.name.clone()))
        .merge(forms("/m2m", |token: &M2mToken| token.machine_id.to_string()))
        .merge(forms("/oauth", |token: &OAuthToken| token.client_id.clone().unwrap()))
        .merge(forms("/machine", |machine: &Machine| match machine {
            Machine::ApiKey(key) => format!("key {}", key.name),
            Machine::M2m(token) => format!("m2m {}", token.machine_id),
            Machine::OAuth(token) => format!("oauth {}", token.user_id),
            _ => panic!("a kind that is new"),
        }))
        .merge(forms("/auth", |auth: &Auth| {
            auth.outcome().reason().map_or("no reason", |reason| reason.as_str()).to_owned()
        }))
}

/// Checks one extractor in its three forms. With `?` the `Option` is `None` although the extractor rejects.
async fn check(address: SocketAddr, path: &str, visitor: &str, token: &str, expected: &str) {
    let (expected, is_none) = expected.strip_suffix('?').map_or((expected, false), |rest| (rest, true));
    let refused = expected.split_once(' ').and_then(|(status, _)| status.parse::<u16>().ok()).is_some();
    for (form, expected) in
        [("", expected), ("/option", if is_none { "none" } else { expected }), ("/result", expected)]
    {
        let response = get(address, &format!("{path}{form}"), token).await;
        let (status, body) = response.summary();
        let is_error = refused && expected != "none" && form != "/result";
        let got = if is_error { format!("{status} {body}") } else { body };
        assert_eq!(got, expected, "{path}{form} for {visitor}");
        assert_eq!(status == 200, !is_error, "{path}{form} for {visitor}");
        assert!(token.is_empty() || !response.body.contains(token), "{path}{form} for {visitor}");
    }
}

const NONE: &str = "401 dev-browser-missing?";
const PENDING: &str = "401 session-pending?";
const OTHER: &str = "401 token-type-mismatch?";
const EXPIRED: &str = "401 session-token-expired-refresh-non-eligible-no-refresh-cookie";
const BAD: &str = "401 token-invalid";
const DOWN: &str = "503 clerk-unavailable";
const ADMIN: &str = "org_acme acme org:admin 4 true";

/// A visitor with its token, and the expected results of the extractors in the order of [`PATHS`].
type Visitor<'a> = (&'static str, &'a str, [&'static str; 11]);

/// The visitors with no token, with garbage, and with a valid token of each kind.
fn plain(ada: &str) -> [Visitor<'_>; 6] {
    let o = OTHER;
    [
        ("nobody", "", [NONE; 11]),
        ("garbage", "garbage", [BAD; 11]),
        ("Ada", ada, ["user_ada", "Ada", ADMIN, "Acme", "gold", "user_ada", "user_ada", o, o, o, o]),
        ("an API key", "ak_good", [o, o, o, o, o, o, o, "nightly", o, o, "key nightly"]),
        ("a machine", "mt_good", [o, o, o, o, o, o, o, o, "mch_1", o, "m2m mch_1"]),
        ("an OAuth client", "oat_good", [o, o, o, o, o, o, o, o, o, "client_1", "oauth user_ada"]),
    ]
}

#[tokio::test]
async fn every_extractor_handles_every_visitor() {
    let instance = Instance::new();
    let local = &instance.local;
    let clerk = clerk(&instance);
    local.user("Bad", "Boy").id("user_banned").banned(true).create();
    local.user("Shut", "Out").id("user_locked").create();
    local.user("Let", "Go").id("user_deprovisioned").deprovisioned(true).create();
    for user in ["user_banned", "user_deprovisioned"] {
        local.add_member("org_acme", user, "org:member");
    }
    instance.backend("POST", "/v1/users/user_locked/lock").await;
    let gone = local.organization("Gone").id("org_gone").slug("gone").create();
    local.add_member(&gone, "user_ada", "org:admin");
    let in_gone = local.sign_in("user_ada").organization("org_gone").token();
    instance.in_memory().send(organizations::delete("org_gone")).await.unwrap();

    let ada = || local.sign_in("user_ada").organization("org_acme");
    let in_acme = |user: &str| local.sign_in(user).organization("org_acme").token();
    let alone = |user: &str| local.sign_in(user).token();
    let good = ada().claim("plan", "gold").token();
    let forged = format!("{}AAAA", &good[..good.len() - 4]);
    let pending = ada().pending().token();
    let odd = ada().claim("plan", 5).token();
    let by_support = ada().claim("act", json!({ "sub": "user_support" })).token();
    let address = serve(routes().layer(ClerkLayer::new(&clerk))).await;
    let misfit = "500 claims-mismatch";
    let no_organization = "403 organization-missing?";
    let no_role = "403 role-missing?";
    let no_role_rule = "403 not-an-admin?";
    let gone_admin = "org_gone gone org:admin 4 true";
    let [p, o] = [PENDING, OTHER];
    let special = [
        ("a forged token", &*forged, ["401 token-invalid-signature"; 11]),
        ("a pending session", &pending, [p, p, p, p, p, p, p, o, o, o, o]),
        (
            "a personal account",
            &alone("user_alan"),
            [
                "user_alan",
                "Alan",
                no_organization,
                no_organization,
                "no plan",
                no_role,
                no_role_rule,
                o,
                o,
                o,
                o,
            ],
        ),
        (
            "somebody of the support team",
            &by_support,
            ["user_ada by user_support", "Ada", ADMIN, "Acme", "no plan", "user_ada", "user_ada", o, o, o, o],
        ),
        ("odd claims", &odd, ["user_ada", "Ada", ADMIN, "Acme", misfit, "user_ada", "user_ada", o, o, o, o]),
        (
            "a deleted organization",
            &in_gone,
            [
                "user_ada",
                "Ada",
                gone_admin,
                "403 organization-deleted",
                "no plan",
                "user_ada",
                "user_ada",
                o,
                o,
                o,
                o,
            ],
        ),
        ("a revoked key", "ak_revoked", [BAD; 11]),
        ("a key that cannot be verified", "ak_down", [DOWN; 11]),
    ];
    for (visitor, token, expected) in plain(&good).into_iter().chain(special) {
        for (path, expected) in PATHS.into_iter().zip(expected) {
            check(address, path, visitor, token, expected).await;
        }
    }
    for (user, expected) in [
        ("user_banned", "403 user-banned"),
        ("user_locked", "403 user-locked"),
        ("user_deprovisioned", "403 user-deprovisioned"),
        ("user_nobody", "401 user-deleted"),
    ] {
        check(address, "/session", user, &alone(user), user).await;
        check(address, "/user", user, &alone(user), expected).await;
    }
    let grace = local.sign_in("user_grace").organization("org_acme").token();
    let remove = organization_memberships::delete("org_acme", "user_grace");
    instance.in_memory().send(remove).await.unwrap();
    for (user, token, expected) in [
        ("user_banned", in_acme("user_banned"), "403 user-banned"),
        ("user_deprovisioned", in_acme("user_deprovisioned"), "403 user-deprovisioned"),
        ("a former member", grace, "403 organization-missing"),
    ] {
        check(address, "/active", user, &token, "org_acme acme org:member 2 false").await;
        check(address, "/organization", user, &token, expected).await;
    }
    for (token, expected) in [("", "dev-browser-missing"), (&good, "no reason"), ("ak_good", "no reason")] {
        check(address, "/auth", "anybody", token, expected).await;
    }
    instance.clock.advance(Duration::from_secs(120));
    for path in &PATHS {
        check(address, path, "an expired token", &good, EXPIRED).await;
    }
}

/// An alias, because axum's derive recognizes only the name `Option`.
type Maybe<T> = Option<T>;

/// The form that leaves rejections to the handler.
#[derive(FromRequestParts)]
struct Results {
    session: Result<Session, Rejection>,
    user: Result<ClerkUser, Rejection>,
    key: Result<ApiKey, Rejection>,
}

/// The form that rejects what is invalid.
#[derive(FromRequestParts)]
struct MaybeSession {
    session: Maybe<Session>,
}

#[derive(FromRequestParts)]
struct MaybeUser {
    user: Maybe<ClerkUser>,
}

#[derive(FromRequestParts)]
struct OptionalSession {
    session: Option<Session>,
}

/// Returns routes for derived extractors.
fn derived() -> Router {
    fn show<T>(it: Result<T, Rejection>) -> String {
        it.map_or_else(|no| format!("{} {}", no.status().as_u16(), no.code()), |_| "ok".to_owned())
    }
    let results = async |Results { session, user, key }: Results| {
        format!("{}, {}, {}", show(session), show(user), show(key))
    };
    Router::new()
        .route("/results", on_get(results))
        .route("/maybe/session", on_get(async |it: MaybeSession| it.session.map_or("none", |_| "ok")))
        .route("/maybe/user", on_get(async |it: MaybeUser| it.user.map_or("none", |_| "ok")))
        .route("/option", on_get(async |it: OptionalSession| it.session.map_or("none", |_| "ok")))
}

#[tokio::test]
async fn derived_extractors_hide_no_rejection_in_the_documented_forms() {
    let instance = Instance::new();
    instance.local.user("Bad", "Boy").id("user_banned").banned(true).create();
    let [ada, banned] = ["user_ada", "user_banned"].map(|user| instance.local.sign_in(user).token());
    let forged = format!("{}AAAA", &ada[..ada.len() - 4]);
    let dead = Instance::new();
    dead.local.inject(clerk_tests::keys_down());
    let layer = |instance| Some(ClerkLayer::new(clerk(instance)));
    let missing = "500 clerk-layer-missing";
    let signature = "401 token-invalid-signature";
    for (visitor, layer, token, session, user, key) in [
        ("Ada", layer(&instance), &*ada, "ok", "ok", OTHER),
        ("nobody", layer(&instance), "", NONE, NONE, NONE),
        ("a forged token", layer(&instance), &forged, signature, signature, signature),
        ("a banned user", layer(&instance), &banned, "ok", "403 user-banned", OTHER),
        ("an outage", layer(&dead), &ada, DOWN, DOWN, DOWN),
        ("no layer", None, &ada, missing, missing, missing),
    ] {
        let app = layer.map_or_else(derived, |layer| derived().layer(layer));
        let address = serve(app).await;
        let results = [session, user, key].map(|result| result.trim_end_matches('?')).join(", ");
        assert_eq!(get(address, "/results", token).await.summary(), (200, results), "{visitor}");
        for (path, expected) in [("/maybe/session", session), ("/maybe/user", user)] {
            let expected = if expected.ends_with('?') { "none" } else { expected };
            let (status, body) = get(address, path, token).await.summary();
            let got = if status == 200 { body } else { format!("{status} {body}") };
            assert_eq!(got, expected, "{path} for {visitor}");
        }
    }
}

/// If this fails after an update of axum-macros, its derive respects `OptionalFromRequestParts`: then the guide and
/// `extract/derive.md` need not warn of it any more.
#[tokio::test]
async fn option_fields_of_derived_extractors_hide_rejections_in_this_version_of_axum() {
    let address = serve(derived()).await;
    assert_eq!(get(address, "/option", "garbage").await.summary(), (200, "none".to_owned()));
}

/// How an application is built from routes and the layer, and the prefix of the routes' paths.
type Place = (&'static str, fn(Router, ClerkLayer) -> Router, &'static str);

fn open() -> Router {
    Router::new().route("/open", on_get("open"))
}

fn nested(inner: Router) -> Router {
    Router::new().nest("/in", inner)
}

fn fallback(app: Router) -> Router {
    open().fallback_service(app)
}

/// Layouts in which the layer covers the routes.
const COVERED: [Place; 13] = [
    ("layer", |app, layer| app.layer(layer), ""),
    ("route_layer", |app, layer| app.route_layer(layer), ""),
    ("nested", |app, layer| nested(app).layer(layer), "/in"),
    ("nested, route_layer", |app, layer| nested(app).route_layer(layer), "/in"),
    ("nested with the layer", |app, layer| nested(app.layer(layer)), "/in"),
    ("nested with its route_layer", |app, layer| nested(app.route_layer(layer)), "/in"),
    (
        "nested twice, two layers",
        |app, layer| nested(nested(app.layer(layer.clone()))).layer(layer),
        "/in/in",
    ),
    ("nested service", |app, layer| open().nest_service("/in", app).layer(layer), "/in"),
    ("merged", |app, layer| open().merge(app).layer(layer), ""),
    ("merged with the layer", |app, layer| open().merge(app.layer(layer)), ""),
    ("fallback", |app, layer| fallback(app).layer(layer), ""),
    ("fallback with the layer", |app, layer| fallback(app.layer(layer)), ""),
    ("nested fallback", |app, layer| nested(fallback(app)).layer(layer), "/in"),
];

/// Layouts in which it does not.
const UNCOVERED: [Place; 6] = [
    ("routes after the layer", |app, layer| open().layer(layer).merge(app), ""),
    ("routes after route_layer", |app, layer| open().route_layer(layer).merge(app), ""),
    ("nested after the layer", |app, layer| open().layer(layer).nest("/in", app), "/in"),
    ("fallback after the layer", |app, layer| open().layer(layer).fallback_service(app), ""),
    ("fallback under route_layer", |app, layer| fallback(app).route_layer(layer), ""),
    ("beside a router with the layer", |app, layer| nested(app).merge(open().layer(layer)), "/in"),
];

#[tokio::test]
async fn every_extractor_responds_the_same_in_every_layout() {
    let instance = Instance::new();
    let layer = ClerkLayer::new(clerk(&instance));
    let ada = instance.local.sign_in("user_ada").organization("org_acme").claim("plan", "gold").token();
    for (place, build, prefix) in COVERED {
        let address = serve(build(routes(), layer.clone())).await;
        for (visitor, token, expected) in plain(&ada) {
            let visitor = format!("{visitor}, {place}");
            for (path, expected) in PATHS.into_iter().zip(expected) {
                check(address, &format!("{prefix}{path}"), &visitor, token, expected).await;
            }
        }
        for (token, expected) in
            [("", "dev-browser-missing"), ("garbage", "token-invalid"), (&ada, "no reason")]
        {
            check(address, &format!("{prefix}/auth"), place, token, expected).await;
        }
    }
    for (place, build, prefix) in UNCOVERED {
        let address = serve(build(routes(), layer.clone())).await;
        for token in ["", "garbage", &ada, "ak_good"] {
            for path in PATHS.map(|path| format!("{prefix}{path}")) {
                check(address, &path, place, token, "500 clerk-layer-missing").await;
            }
            check(address, &format!("{prefix}/auth"), place, token, "500 clerk-layer-missing?").await;
        }
    }
}

#[derive(Clone)]
struct App {
    clerk: Clerk,
}

impl FromRef<App> for Clerk {
    fn from_ref(app: &App) -> Self {
        app.clerk.clone()
    }
}

/// Deliveries have no token, so neither the layer's position nor the visitor matters.
#[tokio::test]
async fn a_delivery_is_extracted_in_every_layout_for_every_visitor() {
    let instance = Instance::new();
    let clerk = instance.builder().transport(instance.local.clone()).webhook_secret("whsec_c2VjcmV0");
    let clerk = clerk.build().unwrap();
    let show = |webhook: &Webhook| format!("{} {}", webhook.id, webhook.event.kind());
    let result = async move |it: Result<Webhook, Rejection>| {
        it.map_or_else(|no| format!("{} {}", no.status().as_u16(), no.code()), |it| show(&it))
    };
    let endpoints = Router::new()
        .route("/webhook", post(async move |webhook: Webhook| show(&webhook)))
        .route("/webhook/result", post(result))
        .with_state(App { clerk: clerk.clone() });
    let body = json!({ "type": "user.deleted", "data": { "deleted": true } }).to_string();
    let headers = Verifier::new("whsec_c2VjcmV0".parse().unwrap()).sign("msg_1", NOW, body.as_bytes());
    for (place, build, prefix) in COVERED.into_iter().chain(UNCOVERED) {
        let address = serve(build(endpoints.clone(), ClerkLayer::new(&clerk))).await;
        for token in ["", "garbage", &instance.ada()] {
            let deliver = async |path: &str, headers: &HeaderMap| {
                let mut request =
                    Request::post(format!("{prefix}{path}")).body(Full::from(body.clone())).unwrap();
                request.headers_mut().extend(headers.clone());
                if !token.is_empty() {
                    let bearer = format!("Bearer {token}").parse().unwrap();
                    request.headers_mut().insert("authorization", bearer);
                }
                send(address, request).await.summary()
            };
            let (good, bad) = ("msg_1 user.deleted".to_owned(), "webhook-headers-missing");
            let unsigned = HeaderMap::new();
            assert_eq!(deliver("/webhook", &headers).await, (200, good.clone()), "{place}");
            assert_eq!(deliver("/webhook", &unsigned).await, (400, bad.to_owned()), "{place}");
            assert_eq!(deliver("/webhook/result", &headers).await, (200, good), "{place}");
            assert_eq!(deliver("/webhook/result", &unsigned).await, (200, format!("400 {bad}")), "{place}");
        }
    }
}

#[tokio::test]
async fn invalid_claims_are_named_but_not_shown() {
    let instance = Instance::new();
    let address = serve(routes().layer(ClerkLayer::new(clerk(&instance)))).await;
    let odd = instance.local.sign_in("user_ada").claim("plan", 31_337).token();
    let response = get(address, "/claims", &odd).await;
    assert!(response.body.contains("at plan: found integer, expected a string"), "{}", response.body);
    assert!(!response.body.contains("31337") && !response.body.contains("user_ada"), "{}", response.body);
}

#[tokio::test]
async fn a_handler_reads_claims_and_ages_from_its_session() {
    async fn about(session: Session) -> Result<String, Rejection> {
        let plan = session.claims::<Custom>()?.plan.unwrap_or("no plan".to_owned());
        let ages = session.factor_ages().map(|ages| [ages.first(), ages.second()]);
        Ok(format!("{plan} {ages:?}"))
    }
    let instance = Instance::new();
    let app = Router::new().route("/", on_get(about)).layer(ClerkLayer::new(clerk(&instance)));
    let address = serve(app).await;
    let ada = || instance.local.sign_in("user_ada");
    for (session, status, expected_body) in [
        (ada().claim("plan", "gold").factor_ages(20, -1), 200, "gold Some([Some(1200s), None])"),
        (ada().factor_ages(0, 5), 200, "no plan Some([Some(0ns), Some(300s)])"),
        (ada().claim("fva", Value::Null), 200, "no plan None"),
        (ada().claim("plan", 5), 500, "claims-mismatch"),
        (ada().pending(), 401, "session-pending"),
    ] {
        assert_eq!(get(address, "/", &session.token()).await.summary(), (status, expected_body.to_owned()));
    }
}

#[tokio::test]
async fn a_handler_can_create_a_token_from_a_template() {
    async fn reports(auth: Auth, uri: Uri) -> Result<String, Rejection> {
        auth.token_from_template(uri.path().trim_matches('/')).await
    }
    let instance = Instance::new();
    let app = Router::new().fallback(reports).layer(ClerkLayer::new(clerk(&instance)));
    let address = serve(app).await;
    let ada = instance.local.sign_in("user_ada");
    let made = format!("POST /v1/sessions/{}/tokens/reports", ada.session_id());
    let pending = instance.local.sign_in("user_ada").pending().token();
    for (visitor, token, template, status, expected_body) in [
        ("Ada", &*ada.token(), "reports", 200, &*made),
        ("Ada, without such a template", &ada.token(), "none", 500, "clerk-error"),
        ("Ada, with a template that fails", &ada.token(), "down", 503, "clerk-unavailable"),
        ("nobody", "", "reports", 401, "dev-browser-missing"),
        ("garbage", "garbage", "reports", 401, "token-invalid"),
        ("a pending session", &pending, "reports", 401, "session-pending"),
        ("an API key", "ak_good", "reports", 401, "token-type-mismatch"),
    ] {
        let response = get(address, &format!("/{template}"), token).await;
        assert_eq!(response.summary(), (status, expected_body.to_owned()), "{visitor}");
    }
    // A visitor whose token cannot be verified is not treated as signed out.
    let instance = Instance::new();
    instance.local.inject(clerk_tests::keys_down());
    let app = Router::new().fallback(reports).layer(ClerkLayer::new(clerk(&instance)));
    let response = get(serve(app).await, "/reports", &instance.ada()).await;
    assert_eq!(response.summary(), (503, "clerk-unavailable".to_owned()));
}

#[tokio::test]
async fn a_handler_can_look_its_user_and_organization_up_only_sometimes() {
    async fn page(auth: Auth, uri: Uri) -> Result<String, Rejection> {
        match uri.path() {
            "/user" => Ok(auth.user().await?.full_name().unwrap_or_default()),
            "/organization" => Ok(auth.organization().await?.name.clone()),
            _ => Ok(auth.optional_session()?.map_or("nobody".into(), |it| it.claims().user_id().to_string())),
        }
    }
    let instance = Instance::new();
    instance.local.user("Bad", "Boy").id("user_banned").banned(true).create();
    let app = Router::new().fallback(page).layer(ClerkLayer::new(clerk(&instance)));
    let address = serve(app).await;
    let ada = instance.local.sign_in("user_ada").organization("org_acme").token();
    let banned = instance.local.sign_in("user_banned").token();
    for (path, token, status, expected) in [
        ("/", "", 200, "nobody"),
        ("/", &*ada, 200, "user_ada"),
        ("/", "garbage", 401, "token-invalid"),
        ("/user", &ada, 200, "Ada Lovelace"),
        ("/user", "", 401, "dev-browser-missing"),
        ("/user", &banned, 403, "user-banned"),
        ("/organization", &ada, 200, "Acme"),
        ("/organization", &banned, 403, "organization-missing"),
    ] {
        assert_eq!(get(address, path, token).await.summary(), (status, expected.to_owned()), "{path}");
    }
}

#[tokio::test]
async fn an_outage_is_503_where_clerk_is_needed() {
    let instance = Instance::new();
    let address = serve(routes().layer(ClerkLayer::new(clerk(&instance)))).await;
    let ada = instance.ada();
    instance.local.inject(clerk_tests::keys_down());
    for path in &PATHS[..7] {
        check(address, path, "Ada, without keys", &ada, DOWN).await;
        check(address, path, "nobody, without keys", "", NONE).await;
    }
    let other = Instance::new();
    let client = clerk(&other);
    client.keys().warm_up().await.unwrap();
    let address = serve(routes().layer(ClerkLayer::new(&client))).await;
    other.local.inject(clerk_local::Fault::status(StatusCode::INTERNAL_SERVER_ERROR));
    let expected = ["user_ada", DOWN, ADMIN, DOWN, "no plan", "user_ada", "user_ada"];
    for (path, expected) in PATHS.into_iter().zip(expected) {
        check(address, path, "Ada", &other.ada(), expected).await;
    }
}

#[tokio::test]
async fn without_the_layer_every_request_is_rejected() {
    let instance = Instance::new();
    let address = serve(routes()).await;
    for path in PATHS {
        for token in ["", "garbage", "ak_good", &instance.ada()] {
            check(address, path, "anybody", token, "500 clerk-layer-missing").await;
            assert!(get(address, path, token).await.body.contains("ClerkLayer"), "{path}");
        }
    }
}

#[tokio::test]
async fn a_layer_without_machine_tokens_lists_the_accepted_kinds() {
    let instance = Instance::new();
    let address = serve(routes().layer(ClerkLayer::new(instance.in_memory()))).await;
    let response = get(address, "/machine", "ak_good").await;
    assert_eq!(response.summary(), (500, "clerk-kind-not-accepted".to_owned()));
    assert!(response.body.contains("TokenKind::M2m"), "{}", response.body);
}

#[tokio::test]
async fn sessions_and_machines_share_a_handler_and_the_client_is_in_the_state() {
    async fn visitor(
        session: Option<Session>,
        machine: Option<Machine>,
        State(clerk): State<Clerk>,
    ) -> String {
        assert_eq!(clerk.now(), NOW);
        match (session, machine) {
            (Some(session), None) => session.user_id().to_string(),
            (None, Some(machine)) => machine.subject().to_owned(),
            (None, None) => "nobody".to_owned(),
            (Some(_), Some(_)) => panic!("both"),
        }
    }
    let instance = Instance::new();
    let clerk = clerk(&instance);
    let app =
        Router::new().route("/", on_get(visitor)).layer(ClerkLayer::new(&clerk)).with_state(App { clerk });
    let address = serve(app).await;
    for (token, expected) in [("", "nobody"), (&*instance.ada(), "user_ada"), ("mt_good", "mch_1")] {
        assert_eq!(get(address, "/", token).await.summary(), (200, expected.to_owned()));
    }
}

#[tokio::test]
async fn a_response_about_somebody_else_makes_nobody_that_person() {
    let instance = Instance::new();
    let other = json!({"id": "user_other", "first_name": "Other", "banned": false, "locked": false});
    let local = instance.local.clone();
    let transport = Script::new(move |received| match received.request.uri().path() {
        "/v1/jwks" => Reply::Pass(local.clone()),
        _ => Reply::json(200, &other),
    });
    let clerk = instance.builder().publishable_key(KEY).transport(transport).build().unwrap();
    let address = serve(routes().layer(ClerkLayer::new(&clerk))).await;
    let token = instance.ada();
    check(address, "/session", "Ada", &token, "user_ada").await;
    for path in ["/user", "/organization"] {
        check(address, path, "Ada", &token, "500 clerk-error").await;
    }
    assert!(!get(address, "/user", &token).await.body.contains("Other"));
}
