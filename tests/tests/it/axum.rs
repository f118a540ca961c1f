//! Tests of extractors and guards in an axum application, over sockets.

use std::net::SocketAddr;

use axum::{
    Json, Router,
    extract::{FromRef, State},
    routing::{MethodRouter, get as on_get},
};
use clerk_axum::{
    Auth, Clerk, ClerkLayer, ClerkUser, Error, Session, api::users, local::LocalServer, require,
    tower::client::upload,
};
use clerk_tests::{Instance, NOW, TextResponse, get, send, serve};
use http::{Request, StatusCode};
use http_body_util::Full;

#[derive(Clone)]
struct App {
    clerk: Clerk,
}

impl FromRef<App> for Clerk {
    fn from_ref(app: &App) -> Self {
        app.clerk.clone()
    }
}

/// Routes that use the request's session.
const PRIVATE: [&str; 8] =
    ["/me", "/maybe", "/session", "/maybe-session", "/organization", "/admin", "/owners", "/auth"];

fn routes(clerk: &Clerk) -> Router {
    async fn admin(session: Session, State(clerk): State<Clerk>) -> Result<Json<usize>, Error> {
        let organization = session.organization()?.id;
        let users = clerk.send(users::list().organization_id([organization.clone()]).limit(20)).await?;
        Ok(Json(users.data.len()))
    }
    async fn organization(session: Session) -> Result<String, Error> {
        Ok(session.organization()?.id.to_string())
    }
    async fn visitor(auth: Auth) -> String {
        auth.outcome().reason().map_or("signed-in", |reason| reason.as_str()).to_owned()
    }
    let guarded: MethodRouter<App> = on_get(admin).route_layer(require::permission("org:users:manage"));
    Router::new()
        .route("/public", on_get("open"))
        .route(
            "/me",
            on_get(async |user: ClerkUser| format!("{}:{}", user.id, user.first_name.as_deref().unwrap())),
        )
        .route(
            "/maybe",
            on_get(async |user: Option<ClerkUser>| user.map_or("nobody".into(), |user| user.id.to_string())),
        )
        .route("/session", on_get(async |session: Session| session.user_id().to_string()))
        .route(
            "/maybe-session",
            on_get(async |session: Option<Session>| {
                session.map_or("nobody".into(), |s| s.user_id().to_string())
            }),
        )
        .route("/organization", on_get(organization))
        .route("/admin", guarded)
        .route("/owners", on_get("owners").route_layer(require::role("org:admin")))
        .route("/auth", on_get(visitor))
        .with_state(App { clerk: clerk.clone() })
}

async fn start(clerk: &Clerk) -> SocketAddr {
    serve(routes(clerk).layer(ClerkLayer::new(clerk))).await
}

/// Checks the properties that every rejection has, whatever its reason.
fn check_rejection(response: &TextResponse, what: &str) {
    assert_eq!(response.header("content-type"), "application/json", "{what}");
    assert_eq!(response.header("cache-control"), "no-store", "{what}");
    let challenge = response.header("www-authenticate");
    let expected = match (response.status.as_u16(), response.code().as_str()) {
        (401, "session-token-and-uat-missing") => "Bearer",
        (401, _) => "Bearer error=\"invalid_token\"",
        (403, _) => "Bearer error=\"insufficient_scope\"",
        _ => "",
    };
    assert_eq!(challenge, expected, "{what}");
    let seconds = response.header("retry-after");
    assert_eq!(response.status == StatusCode::SERVICE_UNAVAILABLE, !seconds.is_empty(), "{what}");
    if !seconds.is_empty() {
        assert!(seconds.parse::<u32>().unwrap() >= 1, "{what}");
    }
}

async fn expect(
    address: SocketAddr,
    path: &str,
    visitor: &str,
    token: &str,
    status: u16,
    expected_body: &str,
) {
    let response = get(address, path, token).await;
    let what = format!("{path} for {visitor}");
    assert_eq!(response.summary(), (status, expected_body.to_owned()), "{what}");
    if !response.status.is_success() {
        check_rejection(&response, &what);
        assert!(token.is_empty() || !response.body.contains(token), "{what}");
    }
}

#[tokio::test]
async fn every_visitor_gets_the_matching_response() {
    const MISSING: &str = "session-token-and-uat-missing";
    let (instance, clerk, _server) = Instance::over_http().await;
    let local = &instance.local;
    local.user("Bad", "Boy").id("user_banned").banned(true).create();
    local.user("Shut", "Out").id("user_locked").create();
    instance.backend("POST", "/v1/users/user_locked/lock").await;
    let address = start(&clerk).await;

    let in_acme = |user: &str| local.sign_in(user).organization("org_acme").token();
    let alone = |user: &str| local.sign_in(user).token();
    let (ada, grace, alan) = (in_acme("user_ada"), in_acme("user_grace"), alone("user_alan"));
    let pending = local.sign_in("user_ada").organization("org_acme").pending().token();
    let (banned, locked, deleted) = (alone("user_banned"), alone("user_locked"), alone("user_nobody"));
    let broken = format!("{ada}x");
    for (path, visitor, token, status, expected_body) in [
        ("/public", "nobody", "", 200, "open"),
        ("/public", "a bad token", &*broken, 200, "open"),
        ("/public", "Ada", &ada, 200, "open"),
        ("/me", "nobody", "", 401, MISSING),
        ("/me", "a bad token", &broken, 401, "token-invalid"),
        ("/me", "Ada", &ada, 200, "user_ada:Ada"),
        ("/me", "Alan", &alan, 200, "user_alan:Alan"),
        ("/me", "a pending session", &pending, 401, "session-pending"),
        ("/me", "a banned user", &banned, 403, "user-banned"),
        ("/me", "a locked user", &locked, 403, "user-locked"),
        ("/me", "a deleted user", &deleted, 401, "user-deleted"),
        ("/maybe", "nobody", "", 200, "nobody"),
        ("/maybe", "a bad token", &broken, 401, "token-invalid"),
        ("/maybe", "Ada", &ada, 200, "user_ada"),
        ("/maybe", "a pending session", &pending, 200, "nobody"),
        ("/maybe", "a banned user", &banned, 403, "user-banned"),
        ("/maybe", "a deleted user", &deleted, 401, "user-deleted"),
        ("/session", "nobody", "", 401, MISSING),
        ("/session", "a bad token", &broken, 401, "token-invalid"),
        ("/session", "Grace", &grace, 200, "user_grace"),
        ("/session", "a pending session", &pending, 401, "session-pending"),
        ("/session", "a banned user, whom only Clerk knows as such", &banned, 200, "user_banned"),
        ("/maybe-session", "nobody", "", 200, "nobody"),
        ("/maybe-session", "a bad token", &broken, 401, "token-invalid"),
        ("/maybe-session", "Ada", &ada, 200, "user_ada"),
        ("/maybe-session", "a pending session", &pending, 200, "nobody"),
        ("/organization", "Ada", &ada, 200, "org_acme"),
        ("/organization", "Alan", &alan, 403, "organization-missing"),
        ("/organization", "nobody", "", 401, MISSING),
        ("/admin", "nobody", "", 401, MISSING),
        ("/admin", "a bad token", &broken, 401, "token-invalid"),
        ("/admin", "Ada", &ada, 200, "2"),
        ("/admin", "Grace", &grace, 403, "permission-missing"),
        ("/admin", "Alan", &alan, 403, "permission-missing"),
        ("/admin", "a pending session", &pending, 401, "session-pending"),
        ("/owners", "Ada", &ada, 200, "owners"),
        ("/owners", "Grace", &grace, 403, "role-missing"),
        ("/owners", "Alan", &alan, 403, "role-missing"),
        ("/owners", "nobody", "", 401, MISSING),
        ("/auth", "nobody", "", 200, MISSING),
        ("/auth", "a bad token", &broken, 200, "token-invalid"),
        ("/auth", "Ada", &ada, 200, "signed-in"),
    ] {
        expect(address, path, visitor, token, status, expected_body).await;
    }
    assert_eq!(local.requests().to("GET", "/jwks").len(), 1);
}

#[tokio::test]
async fn browsers_sign_in_with_cookies() {
    let (instance, server) = Instance::served().await;
    let key = instance.local.publishable_key();
    let builder = || instance.builder().api_url(server.api_url());
    let plain = start(&builder().build().unwrap()).await;
    let suffixed = start(&builder().publishable_key(key.as_str()).build().unwrap()).await;

    let (ada, suffix) = (instance.ada(), key.cookie_suffix());
    let uat = NOW.as_secs() - 60;
    for (address, cookie, status, expected_body) in [
        (plain, format!("__session={ada}"), 200, "user_ada"),
        (plain, format!("theme=dark; __session={ada}; x=y"), 200, "user_ada"),
        (plain, format!("__session_{suffix}={ada}"), 401, "session-token-and-uat-missing"),
        (plain, "__session=".to_owned(), 401, "session-token-and-uat-missing"),
        (plain, "__session=nonsense".to_owned(), 401, "token-invalid"),
        (suffixed, format!("__session_{suffix}={ada}; __client_uat_{suffix}={uat}"), 200, "user_ada"),
        (suffixed, format!("__session={ada}; __client_uat={uat}"), 200, "user_ada"),
        (suffixed, format!("__client_uat_{suffix}={uat}"), 401, "client-uat-but-no-session-token"),
    ] {
        let with_browser = format!("__clerk_db_jwt=dvb_1; __clerk_db_jwt_{suffix}=dvb_1; {cookie}");
        let request = Request::get("/session").header("cookie", with_browser).body(Full::default()).unwrap();
        let response = send(address, request).await;
        assert_eq!(response.summary(), (status, expected_body.to_owned()), "{}", cookie.replace(&ada, "…"));
    }
}

#[tokio::test]
async fn without_the_layer_every_request_is_rejected_and_the_response_says_why() {
    let (instance, clerk, _server) = Instance::over_http().await;
    // One application without the layer, and one with a guard outside of it.
    let bare = serve(routes(&clerk)).await;
    let inverted = routes(&clerk).layer(ClerkLayer::new(&clerk)).layer(require::signed_in());
    let inverted = serve(inverted).await;
    for token in ["", "nonsense", &instance.ada()] {
        for (address, paths) in [(bare, &PRIVATE[..]), (inverted, &["/public", "/me", "/nowhere"])] {
            for path in paths {
                let response = get(address, path, token).await;
                assert_eq!(response.summary(), (500, "clerk-layer-missing".to_owned()), "{path}");
                assert!(response.body.contains("ClerkLayer"), "{path}: {}", response.body);
                check_rejection(&response, path);
            }
        }
        assert_eq!(get(bare, "/public", token).await.status, 200);
    }
}

/// Ways in which Clerk can be unreachable.
#[derive(Clone, Copy, Debug)]
enum Outage {
    ShutDown,
    NoKeys,
    Failing(StatusCode),
}

const OUTAGES: [Outage; 5] = [
    Outage::ShutDown,
    Outage::NoKeys,
    Outage::Failing(StatusCode::INTERNAL_SERVER_ERROR),
    Outage::Failing(StatusCode::TOO_MANY_REQUESTS),
    Outage::Failing(StatusCode::UNAUTHORIZED),
];

impl Outage {
    /// Starts the outage. The caller must keep the returned server, which stops when it is dropped.
    async fn begin(self, instance: &Instance, server: LocalServer) -> Option<LocalServer> {
        match self {
            Self::ShutDown => {
                server.shutdown().await;
                return None;
            }
            Self::NoKeys => instance.local.inject(clerk_tests::keys_down()),
            Self::Failing(status) => instance.local.inject(clerk_local::Fault::status(status)),
        }
        Some(server)
    }
}

#[tokio::test]
async fn an_outage_before_the_first_key_is_503_and_never_signed_out() {
    for outage in OUTAGES {
        let (instance, clerk, server) = Instance::over_http().await;
        let address = start(&clerk).await;
        let _server = outage.begin(&instance, server).await;
        let ada = instance.ada();
        for path in PRIVATE.into_iter().filter(|path| *path != "/auth") {
            let response = get(address, path, &ada).await;
            assert_eq!(response.summary(), (503, "clerk-unavailable".to_owned()), "{path} with {outage:?}");
            check_rejection(&response, path);
        }
        // Requests without a token are not affected.
        for (path, token, status) in [
            ("/public", "", 200),
            ("/public", &*ada, 200),
            ("/maybe", "", 200),
            ("/maybe-session", "", 200),
            ("/me", "", 401),
            ("/me", "nonsense", 401),
        ] {
            assert_eq!(get(address, path, token).await.status, status, "{path} with {outage:?}");
        }
    }
}

#[tokio::test]
async fn known_keys_keep_working_during_an_outage() {
    for outage in OUTAGES {
        let (instance, clerk, server) = Instance::over_http().await;
        let address = start(&clerk).await;
        clerk.keys().warm_up().await.unwrap();
        let _server = outage.begin(&instance, server).await;
        let ada = instance.ada();
        for (path, expected_body) in [
            ("/session", "user_ada"),
            ("/maybe-session", "user_ada"),
            ("/organization", "org_acme"),
            ("/owners", "owners"),
            ("/auth", "signed-in"),
        ] {
            expect(address, path, &format!("Ada with {outage:?}"), &ada, 200, expected_body).await;
        }
        // These routes call Clerk.
        let expected = match outage {
            Outage::NoKeys => [(200, "user_ada:Ada"), (200, "user_ada"), (200, "2")],
            Outage::ShutDown => [(503, "clerk-unavailable"); 3],
            Outage::Failing(StatusCode::UNAUTHORIZED) => [(500, "clerk-error"); 3],
            Outage::Failing(_) => [(503, "clerk-unavailable"); 3],
        };
        for (path, (status, expected_body)) in ["/me", "/maybe", "/admin"].into_iter().zip(expected) {
            expect(address, path, &format!("Ada with {outage:?}"), &ada, status, expected_body).await;
        }
    }
}

/// A 404 from a proxy or a wrong URL instead of Clerk does not prove that a user is deleted.
#[tokio::test]
async fn a_404_from_another_server_does_not_count_as_deleted() {
    use axum::{Router, routing::get};
    use clerk_axum::{Clerk, ClerkLayer, ClerkUser};
    use clerk_local::LocalClerk;
    use clerk_tests::scripted::{Reply, Script};
    use tower::ServiceExt as _;

    let local = LocalClerk::seeded();
    let keys = local.clone();
    // Clerk serves the keys; another server responds to everything else.
    let transport = Script::new(move |received| match received.request.uri().path() {
        "/v1/jwks" => Reply::Pass(keys.clone()),
        _ => Reply::new(404, "<html>no such page</html>"),
    });
    let clerk =
        Clerk::builder().secret_key(local.secret_key().expose()).transport(transport).build().unwrap();
    let app: Router = Router::new()
        .route("/me", get(|user: ClerkUser| async move { user.id.to_string() }))
        .layer(ClerkLayer::new(&clerk));
    let request = http::Request::get("/me")
        .header("authorization", format!("Bearer {}", local.sign_in("user_ada").token()))
        .body(axum::body::Body::empty())
        .unwrap();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 500);
}

#[tokio::test]
async fn a_picture_can_be_uploaded_for_a_visitor() {
    async fn picture(request: axum::extract::Request) -> String {
        let length = request.headers()["x-announced"].to_str().unwrap().parse().unwrap();
        match upload::file(request.into_body(), length).await {
            Ok(file) => format!("{file:?}"),
            Err(error) => error.to_string(),
        }
    }
    let address = serve(Router::new().route("/picture", axum::routing::post(picture))).await;
    for (content, announced, expected) in [
        ("PNG", 3, "File(3 bytes)"),
        ("PNG", 4, "the file is shorter than announced: 3 of 4 bytes"),
        ("PNG", 2, "the file is longer than the 2 bytes that were announced"),
        (
            "PNG",
            10 << 20 | 1,
            "the file is too large: 10485761 bytes, but at most 10485760 are allowed; nothing was read",
        ),
    ] {
        let request = Request::post("/picture").header("x-announced", announced.to_string());
        let response = send(address, request.body(Full::from(content)).unwrap()).await;
        assert_eq!(response.body, expected);
    }
}

/// A nested router sees paths without its prefix, but a browser must return to the full URL.
#[tokio::test]
async fn browsers_return_to_the_full_url_of_nested_routers() {
    let instance = Instance::new();
    let key = instance.local.publishable_key().as_str().to_owned();
    let builder = instance.builder().publishable_key(key).transport(instance.local.clone());
    let clerk = builder.build().unwrap();
    let layer = || ClerkLayer::new(&clerk);
    let page = || {
        let sign_in = async |auth: Auth| auth.redirect_to_sign_in(None);
        Router::new().route("/page", on_get(sign_in))
    };
    let twice = Router::new().nest("/b", page().layer(layer()));
    for (app, path) in [
        (page().layer(layer()), "/page"),
        (Router::new().nest("/a", page()).layer(layer()), "/a/page"),
        (Router::new().nest("/a", page().layer(layer())), "/a/page"),
        (Router::new().nest("/a", twice), "/a/b/page"),
        (Router::new().nest_service("/a", page().layer(layer())), "/a/page"),
        // It does not know of axum's prefixes, and sees the whole URL here.
        (
            Router::new()
                .nest("/a", page())
                .layer(clerk_axum::tower::server::authenticate::AuthenticateLayer::new(&clerk)),
            "/a/page",
        ),
    ] {
        let address = serve(app).await;
        let back = |response: &TextResponse| {
            let location = url::Url::parse(response.header("location")).unwrap();
            let (_, back) = location.query_pairs().find(|(name, _)| name == "redirect_url").unwrap();
            (location.path().to_owned(), back.into_owned())
        };
        let expected = format!("http://{address}{path}?x=1");
        // A document request without a development browser is redirected to Clerk; a script's request gets the link.
        let request = Request::get(format!("{path}?x=1")).header("sec-fetch-dest", "document");
        let response = send(address, request.body(Full::default()).unwrap()).await;
        assert_eq!(response.status, 307, "{path}");
        assert_eq!(back(&response), ("/v1/client/handshake".to_owned(), expected.clone()));
        let response = get(address, &format!("{path}?x=1"), "").await;
        assert_eq!(back(&response), ("/sign-in".to_owned(), expected));
    }
}

/// A handshake that could not be verified may belong to a signed-in user, so it is not treated as signed out.
#[tokio::test]
async fn an_unknown_decision_is_not_treated_as_signed_out() {
    let instance = Instance::new();
    let handshake = instance.local.sign_claims(&serde_json::json!({}), &serde_json::json!({"handshake": []}));
    instance.local.inject(clerk_tests::keys_down());
    let builder = instance.builder().publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k");
    let clerk = builder.transport(instance.local.clone()).build().unwrap();
    let app = Router::new()
        .route("/session", on_get(async |_: Session| ()))
        .route("/maybe-session", on_get(async |_: Option<Session>| ()))
        .route("/maybe-me", on_get(async |_: Option<ClerkUser>| ()))
        .route("/maybe-organization", on_get(async |_: Option<clerk_axum::ActiveOrganization>| ()))
        .layer(ClerkLayer::new(&clerk));
    let address = serve(app).await;
    for path in ["/session", "/maybe-session", "/maybe-me", "/maybe-organization"] {
        let request = Request::get(path).header("cookie", format!("__clerk_handshake={handshake}"));
        let response = send(address, request.body(Full::default()).unwrap()).await;
        assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
    }
}

/// A browser that has signed out returns from Clerk without a session, and is a normal signed-out visitor.
#[tokio::test]
async fn a_browser_that_returns_without_a_session_is_signed_out() {
    let instance = Instance::new();
    let lines =
        serde_json::json!({"handshake": ["__client_uat=0; Path=/; Secure", "__session=; Path=/; Max-Age=0"]});
    let handshake = instance.local.sign_claims(&serde_json::json!({}), &lines);
    let builder = instance.builder().publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k");
    let clerk = builder.transport(instance.local.clone()).build().unwrap();
    let app = Router::new()
        .route("/session", on_get(async |_: Session| ()))
        .route("/maybe-session", on_get(async |session: Option<Session>| assert!(session.is_none())))
        .route("/maybe-me", on_get(async |user: Option<ClerkUser>| assert!(user.is_none())))
        .route(
            "/maybe-machine",
            on_get(async |machine: Option<clerk_axum::Machine>| assert!(machine.is_none())),
        )
        .layer(ClerkLayer::new(&clerk));
    let address = serve(app).await;
    for (path, status) in
        [("/session", 401), ("/maybe-session", 200), ("/maybe-me", 200), ("/maybe-machine", 200)]
    {
        let request =
            Request::get(path).header("cookie", format!("__clerk_handshake={handshake}; __client_uat=1"));
        let response = send(address, request.body(Full::default()).unwrap()).await;
        assert_eq!(response.status, status, "{path}");
        assert_eq!(response.headers.get_all("set-cookie").iter().count(), 2, "{path}");
        if status == 401 {
            assert_eq!(
                (&*response.code(), response.header("www-authenticate")),
                ("session-token-missing", "Bearer")
            );
        }
    }
}
