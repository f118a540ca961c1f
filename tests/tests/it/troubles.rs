//! Tests that configuration problems are logged with what to do about them, once and not for every request.

use std::time::Duration;

use axum::{Router, body::Body, routing::get};
use clerk_axum::{
    Auth, Clerk, ClerkBuilder, ClerkLayer, ClerkWebhooks, Forwarded, Session,
    webhook::{Verifier, kind},
};
use clerk_tests::{
    Instance, Log, NOW,
    browser::{LIVE, SUFFIX},
    fault::{Fault, FaultServer, http_response},
    tokens::claims,
};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use serde_json::json;
use tower::ServiceExt as _;

/// An instance, and the log of the application under test.
struct Place {
    instance: Instance,
    log: Log,
}

impl Place {
    fn new(log: &Log) -> Self {
        Self { instance: Instance::new(), log: log.clone() }
    }

    fn app(&self, change: impl FnOnce(ClerkBuilder) -> ClerkBuilder) -> Router {
        let builder = self.instance.builder().transport(self.instance.local.clone());
        let clerk = change(builder).build().unwrap();
        let _ = self.log.warnings();
        Router::new()
            .route("/me", get(async |session: Session| session.user_id().to_string()))
            .route("/page", get(async |auth: Auth| auth.redirect_to_sign_in(None)))
            .layer(ClerkLayer::new(&clerk))
    }

    fn token(&self, changes: &serde_json::Value) -> String {
        self.instance.local.sign_claims(&json!({}), &claims(changes))
    }
}

async fn visit(app: &Router, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::get(path).header("host", "app.example.com");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

fn live(builder: ClerkBuilder) -> ClerkBuilder {
    builder.publishable_key(LIVE)
}

/// Run in sequence, because `tracing` caches globally which events are enabled.
#[tokio::test]
async fn the_log_says_what_is_wrong_and_what_to_do() {
    if !clerk_tests::alone(module_path!(), "the_log_says_what_is_wrong_and_what_to_do") {
        return;
    }
    let log = Log::default();
    let _guard = log.listen(tracing::Level::INFO);
    keys_of_two_instances(&log).await;
    cookies_of_another_instance(&log).await;
    keys_of_two_environments(&log);
    a_clock_that_is_behind(&log).await;
    a_clock_that_differs_from_clerks(&log).await;
    a_browser_in_a_redirect_loop(&log).await;
    a_browser_that_keeps_no_cookies(&log).await;
    a_page_of_a_service_without_the_publishable_key(&log).await;
    an_address_that_is_not_trusted(&log).await;
    an_origin_that_is_not_authorized(&log).await;
    a_flood_of_forged_deliveries(&log).await;
    events_of_another_shape(&log).await;
    ordinary_events_are_not_logged(&log).await;
}

async fn keys_of_two_instances(log: &Log) {
    let (here, there) = (Place::new(log), Place::new(log));
    let app = here.app(live);
    let token = there.token(&json!({"iss": "https://clerk.other.com"}));
    let bearer = format!("Bearer {token}");
    assert_eq!(visit(&app, "/me", &[("authorization", &bearer)]).await.status(), 401);
    let line = log.warning();
    assert!(
        line.contains("issued by clerk.other.com, but the publishable key belongs to clerk.example.com"),
        "{line}"
    );
    assert!(
        line.contains("Copy all keys from the API keys page of one instance")
            && line.contains("cause=\"other-instance\"")
    );
    assert!(!line.contains(&token) && !line.contains("user_"), "{line}");

    // The publishable key is that of the front end's instance, the secret key that of another instance.
    let token = there.token(&json!({"iss": "https://clerk.example.com"}));
    let bearer = format!("Bearer {token}");
    for _ in 0..100 {
        assert_eq!(visit(&app, "/me", &[("authorization", &bearer)]).await.status(), 401);
    }
    let line = log.warning();
    assert!(line.contains("clerk.example.com is not signed with a key of this service's instance"), "{line}");
    assert!(line.contains("cause=\"other-keys\" suppressed=0"), "{line}");
    here.instance.clock.advance(Duration::from_secs(60));
    visit(&app, "/me", &[("authorization", &bearer)]).await;
    assert!(log.warning().contains("cause=\"other-keys\" suppressed=99"));
}

async fn cookies_of_another_instance(log: &Log) {
    let place = Place::new(log);
    let app = place.app(live);
    let token = place.token(&json!({"iss": "https://clerk.other.com"}));
    let cookie = format!("__session={token}; __client_uat=1");
    assert_eq!(visit(&app, "/me", &[("cookie", &cookie)]).await.status(), 401);
    let line = log.warning();
    assert!(line.contains("another application on the same domain set the cookie"), "{line}");
}

fn keys_of_two_environments(log: &Log) {
    Clerk::builder().secret_key("sk_test_abc").publishable_key(LIVE).build().unwrap();
    let line = log.warning();
    assert!(
        line.contains("to a development instance (_test_), the other to a production instance"),
        "{line}"
    );
    assert!(!line.contains("sk_test_abc") && !line.contains(LIVE), "{line}");
    Clerk::builder().secret_key("sk_live_abc").publishable_key(LIVE).build().unwrap();
    assert_eq!(log.warnings(), [""; 0]);
}

async fn a_clock_that_is_behind(log: &Log) {
    let place = Place::new(log);
    let app = place.app(|builder| builder);
    let now = NOW.as_secs();
    let bearer =
        format!("Bearer {}", place.token(&json!({"iat": now + 181, "nbf": now + 171, "exp": now + 241})));
    assert_eq!(visit(&app, "/me", &[("authorization", &bearer)]).await.status(), 401);
    let line = log.warning();
    assert!(line.contains("is valid only in 181 s by this machine's clock: the clock is behind"), "{line}");
    assert!(line.contains("(NTP)"));
}

async fn a_clock_that_differs_from_clerks(log: &Log) {
    let place = Place::new(log);
    let keys = place.instance.backend("GET", "/v1/jwks").await.to_string();
    for (date, age, expected_text) in [
        // 1 700 000 000 is 22:13:20.
        ("Tue, 14 Nov 2023 22:13:20 GMT", "", None),
        ("Tue, 14 Nov 2023 22:13:50 GMT", "", None),
        ("Tue, 14 Nov 2023 22:12:20 GMT", "age: 60\r\n", None),
        ("Tue, 14 Nov 2023 22:18:20 GMT", "", Some("seconds=-300")),
        ("Tue, 14 Nov 2023 22:11:20 GMT", "", Some("seconds=120")),
        ("Tuesday", "", None),
    ] {
        let headers = format!("date: {date}\r\n{age}connection: close\r\n");
        let server = FaultServer::start(Fault::Close(http_response("200 OK", &headers, &keys))).await;
        let clerk = place.instance.builder().api_url(server.api_url()).build().unwrap();
        clerk.keys().warm_up().await.unwrap();
        let lines = log.warnings();
        assert_eq!(lines.len(), usize::from(expected_text.is_some()), "{date}: {lines:?}");
        assert!(
            lines.iter().all(|line| line.contains(expected_text.unwrap()) && line.contains("(NTP)")),
            "{lines:?}"
        );
    }
}

async fn a_browser_in_a_redirect_loop(log: &Log) {
    let place = Place::new(log);
    let app = place.app(live);
    let document = |cookie: &str| [("sec-fetch-dest", "document".to_owned()), ("cookie", cookie.to_owned())];
    for (cookies, expected_text) in [(
        format!("__client_uat_{SUFFIX}=1; __clerk_redirect_count=3"),
        "for the reason client-uat-but-no-session-token: its new cookies do not arrive",
    )] {
        let headers = document(&cookies);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, &**value)).collect();
        assert_eq!(visit(&app, "/me", &headers).await.status(), 401);
        let line = log.warning();
        assert!(line.contains(expected_text), "{line}");
    }
}

/// Without cookies a browser is redirected forever, because the redirect count is a cookie, too.
async fn a_browser_that_keeps_no_cookies(log: &Log) {
    let place = Place::new(log);
    let key = place.instance.local.publishable_key();
    let app = place.app(|builder| builder.publishable_key(key.as_str()));
    let handshake = json!({"handshake": ["__client_uat=0; Path=/", "__clerk_db_jwt=dvb_1; Path=/"]});
    let handshake = place.instance.local.sign_claims(&json!({}), &handshake);
    let document = ("sec-fetch-dest", "document");
    for (path, cookies, is_noticed) in [
        ("/me", "", false),
        (&*format!("/me?__clerk_handshake={handshake}"), "theme=dark", true),
        ("/me?__clerk_handshake_nonce=n", "", true),
        (&*format!("/me?__clerk_handshake={handshake}"), "__clerk_redirect_count=1", false),
        (&*format!("/me?__clerk_handshake={handshake}"), "__client_uat=1", false),
    ] {
        assert_eq!(visit(&app, path, &[document, ("cookie", cookies)]).await.status(), 307, "{path}");
        let lines = log.warnings();
        assert_eq!(lines.len(), usize::from(is_noticed), "{path} {cookies}: {lines:?}");
        let expected_text = ["cause=\"cookies-blocked\"", "open the page itself"];
        assert!(
            lines.iter().all(|line| expected_text.iter().all(|expected_body| line.contains(expected_body))),
            "{lines:?}"
        );
        place.instance.clock.advance(Duration::from_secs(60));
    }
}

/// A minute after signing in, the cookie's token has expired, and this service cannot send the browser to Clerk for another.
async fn a_page_of_a_service_without_the_publishable_key(log: &Log) {
    let place = Place::new(log);
    let app = place.app(|builder| builder);
    let cookies = format!("__session={}; __client_uat={}", place.token(&json!({})), NOW.as_secs() - 10);
    let headers = [("sec-fetch-dest", "document"), ("cookie", &*cookies)];
    assert_eq!(visit(&app, "/me", &headers).await.status(), 200);
    assert_eq!(log.warnings(), [""; 0]);
    place.instance.clock.advance(Duration::from_secs(120));
    assert_eq!(visit(&app, "/me", &headers).await.status(), 401);
    let line = log.warning();
    assert!(
        line.contains("cause=\"publishable-key-missing\"") && line.contains("CLERK_PUBLISHABLE_KEY"),
        "{line}"
    );
}

async fn an_address_that_is_not_trusted(log: &Log) {
    let place = Place::new(log);
    let behind = [("x-forwarded-host", "www.example.com"), ("x-forwarded-proto", "https")];
    let handshake = [&behind[..], &[("cookie", "__client_uat=1"), ("sec-fetch-dest", "document")]].concat();
    for (path, headers, status) in [("/page", &behind[..], 303), ("/me", &handshake, 307)] {
        let app = place.app(live);
        assert_eq!(visit(&app, path, headers).await.status(), status);
        let line = log.warning();
        assert!(line.contains("options.forwarded(Forwarded::Origin(..))"), "{line}");
        assert!(!line.contains("www.example.com"), "{line}");
        // With a trusted proxy there is no warning.
        let app = place
            .app(|builder| live(builder).authentication(|options| options.forwarded(Forwarded::TrustFirst)));
        assert_eq!(visit(&app, path, headers).await.status(), status);
        assert_eq!(log.warnings(), [""; 0]);
    }
}

async fn an_origin_that_is_not_authorized(log: &Log) {
    let place = Place::new(log);
    let app = place.app(|builder| builder.authorized_parties(["https://app.example.com:8443"]));
    let bearer = format!("Bearer {}", place.token(&json!({"azp": "https://app.example.com"})));
    assert_eq!(visit(&app, "/me", &[("authorization", &bearer)]).await.status(), 401);
    let line = log.warning();
    assert!(line.contains("issued to https://app.example.com, which is not in authorized_parties"), "{line}");
}

async fn a_flood_of_forged_deliveries(log: &Log) {
    let clerk = Instance::new().builder().webhook_secret("whsec_c2VjcmV0").build().unwrap();
    let webhooks = ClerkWebhooks::new(&clerk).unwrap();
    let app = Router::new().route_service("/webhooks/clerk", webhooks);
    for _ in 0..100 {
        let request = Request::post("/webhooks/clerk").body(Body::from("{}")).unwrap();
        assert_eq!(app.clone().oneshot(request).await.unwrap().status(), 400);
    }
    let line = log.warning();
    assert!(
        line.contains("rejected a webhook delivery code=\"webhook-headers-missing\"")
            && line.contains("suppressed=0"),
        "{line}"
    );
    assert!(line.contains("svix-id"), "{line}");
}

/// One line for each event type with unexpected data.
async fn events_of_another_shape(log: &Log) {
    let clerk = Instance::new().builder().webhook_secret("whsec_c2VjcmV0").build().unwrap();
    let verifier = Verifier::new("whsec_c2VjcmV0".parse().unwrap());
    let webhooks = ClerkWebhooks::new(&clerk)
        .unwrap()
        .on(kind::USER_CREATED, async |_, _| ())
        .on(kind::USER_DELETED, async |_, _| ());
    let app = Router::new().route_service("/webhooks/clerk", webhooks);
    for (kind, status, lines) in [
        ("user.created", 500, 2),
        ("user.created", 500, 0),
        ("user.deleted", 500, 2),
        ("user.updated", 204, 1),
    ] {
        let body = json!({ "type": kind, "data": { "id": ["ada@example.com"] } }).to_string();
        let mut request = Request::post("/webhooks/clerk").body(Body::from(body.clone())).unwrap();
        request.headers_mut().extend(verifier.sign("msg_1", NOW, body.as_bytes()));
        assert_eq!(app.clone().oneshot(request).await.unwrap().status(), status, "{kind}");
        let expected_body = log.warnings();
        assert_eq!(expected_body.len(), lines, "{kind}: {expected_body:#?}");
        for line in expected_body {
            let is_shape = line.contains("unexpected shape") && line.contains("id: found");
            assert!(is_shape || line.contains("how=\"unreadable\""), "{line}");
            assert!(line.contains(kind) && !line.contains("ada@"), "{line}");
        }
    }
}

async fn ordinary_events_are_not_logged(log: &Log) {
    let place = Place::new(log);
    let app = place.app(live);
    let bearer = format!("Bearer {}", place.token(&json!({})));
    let forged = format!("{bearer}A");
    let expired = format!("Bearer {}", place.token(&json!({"exp": NOW.as_secs() - 3600})));
    for headers in [
        &[][..],
        &[("authorization", &*bearer)],
        &[("authorization", &*forged)],
        &[("authorization", &*expired)],
        &[("authorization", "Bearer x")],
        &[("cookie", "theme=dark; __client_uat=0")],
        &[("cookie", "__client_uat=1"), ("sec-fetch-dest", "document")],
    ] {
        visit(&app, "/me", headers).await;
        assert_eq!(log.warnings(), [""; 0], "{headers:?}");
    }
}

#[tokio::test]
async fn a_missing_layer_is_named_in_the_response() {
    let app = Router::new().route("/me", get(async |_: Session| "never"));
    let response = visit(&app, "/me", &[]).await;
    assert_eq!(response.status(), 500);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    assert!(body.contains("clerk-layer-missing") && body.contains("add ClerkLayer::new(&clerk)"), "{body}");
}
