//! Tests of an application with a `LocalClerk`: in memory, without a port.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    routing::{get, post},
};
use clerk_axum::{
    AcceptedKinds, ApiKey, Clerk, ClerkLayer, ClerkUser, M2mToken, Machine, OAuthToken, ProxyBuilder,
    Session,
    local::{LocalClerk, machine},
    require,
    token::TokenKind,
};
use clerk_core::{
    Timestamp,
    api::{api_keys, m2m, machines, organization_memberships, organizations, sessions, users},
    authenticate::OAuthActor,
    keys::MachineSecretKey,
    model::M2mTokenFormat,
    webhook::{Delivery, Event, Verifier},
};
use clerk_tower::clock::{Clock as _, ManualClock, SystemClock};
use http::{HeaderMap, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// The application under test.
fn app(clerk: &Clerk) -> Router {
    Router::new()
        .route("/me", get(async |user: ClerkUser| user.full_name().unwrap_or_default()))
        .route("/session", get(async |session: Session| session.user_id().to_string()))
        .route("/key", get(async |key: ApiKey| format!("{} {}", key.name, key.subject)))
        .route("/m2m", get(async |token: M2mToken| format!("{} {:?}", token.machine_id, token.scopes)))
        .route("/oauth", get(async |token: OAuthToken| format!("{} {:?}", token.user_id, token.scopes)))
        .route("/write", post("written").route_layer(require::scope(TokenKind::ApiKey, "write")))
        .layer(ClerkLayer::new(clerk))
}

struct Fixture {
    local: LocalClerk,
    clock: ManualClock,
    clerk: Clerk,
    app: Router,
}

impl Fixture {
    fn new() -> Self {
        let clock = ManualClock::at(NOW);
        let local = LocalClerk::builder().clock(clock.clone()).seeded().build().unwrap();
        let clerk = local
            .client_builder()
            .authentication(|options| options.accepted_kinds(AcceptedKinds::any()))
            .build()
            .unwrap();
        let app = app(&clerk);
        Self { local, clock, clerk, app }
    }

    /// Returns the status, and the body or the code of the error.
    async fn send(&self, request: Request<Body>) -> (u16, String) {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let code = serde_json::from_slice::<Value>(&body).ok();
        let code = code.and_then(|body| Some(body.pointer("/errors/0/code")?.as_str()?.to_owned()));
        (status, code.unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned()))
    }

    async fn get(&self, path: &str, token: &str) -> (u16, String) {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

fn outcome(status: u16, text: &str) -> (u16, String) {
    (status, text.to_owned())
}

#[tokio::test]
async fn a_client_needs_one_line_and_no_socket() {
    let local = LocalClerk::new();
    let ada = local.user("Ada", "Lovelace").create();
    let app = app(&local.client());
    let request = Request::get("/me")
        .header(header::AUTHORIZATION, format!("Bearer {}", local.sign_in(&ada).token()))
        .body(Body::empty())
        .unwrap();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn expired_tokens_are_rejected_with_the_matching_reason() {
    let fixture = Fixture::new();
    let session = fixture.local.sign_in("user_ada");
    assert_eq!(fixture.get("/session", &session.token()).await, outcome(200, "user_ada"));
    let long = session.clone().lifetime(Duration::from_secs(86_400));
    for expired in [session.expired_token(), long.expired_token()] {
        let (status, code) = fixture.get("/session", &expired).await;
        assert!(status == 401 && code.starts_with("session-token-expired"), "{status} {code}");
    }
    // Apart from that the tokens are valid.
    let expired = session.expired_token();
    fixture.clock.set(NOW.saturating_sub(Duration::from_secs(3630)));
    assert_eq!(fixture.get("/session", &expired).await, outcome(200, "user_ada"));
}

#[tokio::test]
async fn cookies_need_no_handshake() {
    let fixture = Fixture::new();
    let page = |cookies: String| {
        Request::get("http://localhost:3000/session")
            .header(header::COOKIE, cookies)
            .header("sec-fetch-dest", "document")
            .body(Body::empty())
            .unwrap()
    };
    let session = fixture.local.sign_in("user_ada");
    fixture.clock.advance(Duration::from_secs(30));
    assert_eq!(fixture.send(page(session.cookies())).await, outcome(200, "user_ada"));
    assert_eq!(
        fixture.send(page(format!("theme=dark; {}", session.cookies()))).await,
        outcome(200, "user_ada")
    );
    let response = fixture.app.clone().oneshot(page(session.expired_cookies())).await.unwrap();
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
    let location = response.headers()["location"].to_str().unwrap();
    assert!(location.contains("/v1/client/handshake?"), "{location}");
    assert!(location.contains("__clerk_hs_reason=session-token-expired"), "{location}");
    // Cookies of another application on the same host have no effect.
    let other =
        LocalClerk::builder().clock(fixture.clock.clone()).build().unwrap().sign_in("user_grace").cookies();
    assert_eq!(fixture.send(page(format!("{other}; {}", session.cookies()))).await, outcome(200, "user_ada"));
}

#[tokio::test]
async fn api_keys_are_accepted_until_they_expire_or_are_revoked() {
    let fixture = Fixture::new();
    let key = |name: &str| fixture.local.api_key(name).subject("user_ada").scopes(["read", "write"]);
    let (good, hour) = (key("nightly").create(), key("short").expires_in(Duration::from_secs(3600)).create());
    for (secret, response) in [
        (&*good.secret, outcome(200, "nightly user_ada")),
        (&hour.secret, outcome(200, "short user_ada")),
        (&key("gone").revoked(true).create().secret, outcome(401, "token-invalid")),
        (&key("over").expires_in(Duration::ZERO).create().secret, outcome(401, "token-invalid")),
        ("ak_unknown", outcome(401, "token-invalid")),
    ] {
        assert_eq!(fixture.get("/key", secret).await, response);
    }
    fixture.clock.advance(Duration::from_secs(3600));
    assert_eq!(fixture.get("/key", &hour.secret).await, outcome(401, "token-invalid"));
    assert_eq!(fixture.get("/key", &good.secret).await.0, 200);
    let revoked = fixture.clerk.send(api_keys::revoke(&good.id).revocation_reason("lost")).await.unwrap();
    assert_eq!((revoked.revoked, revoked.revocation_reason.as_deref()), (true, Some("lost")));
    assert_eq!(fixture.get("/key", &good.secret).await, outcome(401, "token-invalid"));
}

#[tokio::test]
async fn api_keys_are_managed_through_the_api() {
    let fixture = Fixture::new();
    let clerk = &fixture.clerk;
    let create = api_keys::create("nightly", "user_ada").scopes(["read"]).claims(json!({"tier": 2}));
    let made = clerk.send(create.description("for the nightly job").created_by("user_ada")).await.unwrap();
    assert!(made.secret.starts_with("ak_") && made.id.as_str().starts_with("ak_"));
    assert_eq!(clerk.send(api_keys::get_secret(&made.id)).await.unwrap().secret, made.secret);
    assert_eq!(fixture.get("/key", &made.secret).await, outcome(200, "nightly user_ada"));

    let seen = clerk.send(api_keys::verify(&*made.secret)).await.unwrap();
    assert_eq!((seen.claims, seen.last_used_at), (Some(json!({"tier": 2}).into()), Some(NOW)));
    let update = api_keys::update(&made.id).subject("org_acme").scopes(["write"]);
    let changed = clerk.send(update.seconds_until_expiration(60)).await.unwrap();
    assert_eq!(changed.expiration, Some(NOW.saturating_add(Duration::from_secs(60))));
    assert_eq!(fixture.get("/key", &made.secret).await, outcome(200, "nightly org_acme"));
    let names = async |list: api_keys::List| {
        let page = clerk.send(list).await.unwrap();
        page.data.into_iter().map(|key| key.name).collect::<Vec<_>>()
    };
    assert_eq!(names(api_keys::list("org_acme")).await, ["nightly"]);
    fixture.clock.advance(Duration::from_secs(60));
    assert!(names(api_keys::list("org_acme")).await.is_empty());
    assert_eq!(names(api_keys::list("org_acme").include_invalid(true)).await, ["nightly"]);
    clerk.send(api_keys::delete(&made.id)).await.unwrap();
    let error = clerk.send(api_keys::get(&made.id)).await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::NOT_FOUND));

    // Keys are deleted with their owner.
    let key = fixture.local.api_key("last").subject("user_ada").create();
    clerk.send(users::delete("user_ada")).await.unwrap();
    assert_eq!(fixture.get("/key", &key.secret).await, outcome(401, "token-invalid"));
}

#[tokio::test]
async fn machines_can_call_each_other() {
    let fixture = Fixture::new();
    let reports = fixture.clerk.send(machines::create("reports")).await.unwrap();
    let billing = machines::create("billing").scoped_machines([&reports.id]).default_token_ttl(60);
    let billing = fixture.clerk.send(billing).await.unwrap();
    let client = |key: &str| fixture.local.client_builder().machine_secret_key(key).build_machine().unwrap();
    let caller = client(&billing.secret_key);
    let response = outcome(200, &format!("{} {:?}", billing.id, [reports.id.as_str()]));

    let opaque = caller.send(m2m::create_token()).await.unwrap();
    assert_eq!(opaque.expiration, Some(NOW.saturating_add(Duration::from_secs(60))));
    assert_eq!(fixture.get("/m2m", &opaque.token).await, response);
    let jwt = caller.send(m2m::create_token().token_format(M2mTokenFormat::Jwt)).await.unwrap();
    assert_eq!(jwt.token.split('.').count(), 3);
    assert_eq!(fixture.get("/m2m", &jwt.token).await, response);

    // With its own key, a machine can only verify tokens that are meant for it.
    assert!(client(&reports.secret_key).send(m2m::verify_token(&*opaque.token)).await.is_ok());
    assert!(caller.send(m2m::verify_token(&*opaque.token)).await.is_err());
    fixture.clerk.send(m2m::revoke_token(&opaque.id)).await.unwrap();
    assert_eq!(fixture.get("/m2m", &opaque.token).await, outcome(401, "token-invalid"));
    // A token in JWT form cannot be revoked, but it expires.
    fixture.clock.advance(Duration::from_secs(70));
    assert_eq!(fixture.get("/m2m", &jwt.token).await.0, 401);

    let rotated = fixture.clerk.send(machines::rotate_secret_key(&billing.id, 30)).await.unwrap();
    assert!(caller.send(m2m::create_token()).await.is_ok());
    fixture.clock.advance(Duration::from_secs(30));
    let error = caller.send(m2m::create_token()).await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::UNAUTHORIZED));
    assert!(client(&rotated.secret).send(m2m::create_token()).await.is_ok());
}

#[tokio::test]
async fn machine_tokens_can_be_customized() {
    let fixture = Fixture::new();
    let reports = fixture.local.machine("reports").create();
    let billing = fixture.local.machine("billing").may_call(&reports).create();
    let m2m = || fixture.local.m2m_token(&billing);
    let oauth = || fixture.local.oauth_token("user_ada").client_id("client_cli").scopes(["email"]);
    let from_billing = format!("{} {:?}", billing.id, [reports.id.as_str()]);
    for (path, token, response) in [
        ("/m2m", m2m().create().token, outcome(200, &from_billing)),
        ("/m2m", m2m().claims(json!({"a": 1})).create_jwt().token, outcome(200, &from_billing)),
        ("/m2m", m2m().revoked(true).create().token, outcome(401, "token-invalid")),
        ("/m2m", m2m().expires_in(Duration::ZERO).create().token, outcome(401, "token-invalid")),
        ("/oauth", oauth().create().token, outcome(200, "user_ada [\"email\"]")),
        ("/oauth", oauth().create_jwt().token, outcome(200, "user_ada [\"email\"]")),
        ("/oauth", oauth().revoked(true).create().token, outcome(401, "token-invalid")),
        ("/oauth", oauth().expires_in(Duration::ZERO).create().token, outcome(401, "token-invalid")),
        ("/key", m2m().create_jwt().token, outcome(401, "token-type-mismatch")),
        ("/session", oauth().create_jwt().token, outcome(401, "token-type-mismatch")),
    ] {
        assert_eq!(fixture.get(path, &token).await, response, "{path}");
    }
}

#[tokio::test]
async fn machine_tokens_of_another_audience_are_rejected_in_every_form_and_from_the_cache() {
    const MINUTE: Duration = Duration::from_secs(60);
    let fixture = Fixture::new();
    let notes = fixture.local.machine("notes").create();
    let other = fixture.local.machine("other").create();
    let clerk = fixture.local.client_builder().machine_token_cache(MINUTE).build().unwrap();
    let options = || clerk.authenticate_options().accepted_kinds(AcceptedKinds::any());
    let restricted = options().machine_audiences(["https://notes.example.com", notes.id.as_str()]);
    let app = |options| {
        let shown = async |token: Machine| format!("{:?}", token.kind());
        Router::new().route("/", get(shown)).layer(ClerkLayer::with_options(&clerk, options).unwrap())
    };
    let (open, restricted) = (app(options()), app(restricted));
    let send = async |app: &Router, token: &str| {
        let request = Request::get("/").header(header::AUTHORIZATION, format!("Bearer {token}"));
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        response.status().as_u16()
    };
    let oauth = |audience: &[&str]| {
        let token = || fixture.local.oauth_token("user_ada").audience(audience.iter().copied());
        [token().create().token, token().create_jwt().token]
    };
    let m2m = |callee| {
        let caller = fixture.local.machine("caller").may_call(callee).create();
        [fixture.local.m2m_token(&caller).create().token, fixture.local.m2m_token(&caller).create_jwt().token]
    };
    let key = fixture.local.api_key("nightly").subject("user_ada").create().secret;
    for (name, tokens, expected) in [
        ("for this service", oauth(&["https://notes.example.com"]), 200),
        ("for this service too", oauth(&["https://a.example.com", "https://notes.example.com"]), 200),
        ("for another service", oauth(&["https://a.example.com"]), 401),
        ("for no service", oauth(&[]), 401),
        ("for this machine", m2m(&notes), 200),
        ("for another machine", m2m(&other), 401),
        ("an API key", [key.clone(), key], 200),
    ] {
        for token in tokens {
            let before = fixture.local.requests().len();
            // The second time, Clerk's response is cached. It was cached for a service that accepts any audience.
            assert_eq!(send(&open, &token).await, 200, "{name}");
            assert_eq!(send(&restricted, &token).await, expected, "{name}");
            assert_eq!(send(&restricted, &token).await, expected, "{name}");
            // And the check says nothing about the token to others.
            assert_eq!(send(&open, &token).await, 200, "{name}");
            assert!(fixture.local.requests().len() - before <= 1, "{name}");
        }
    }
}

#[tokio::test]
async fn handlers_know_the_audience_of_an_oauth_token_and_who_acts_for_its_user() {
    let fixture = Fixture::new();
    let shown = async |token: OAuthToken| {
        let actors = token.actor.iter().flat_map(OAuthActor::chain);
        let actors: Vec<_> = actors.map(|actor| (actor.issuer.clone(), actor.subject.clone())).collect();
        json!([token.user_id, token.audience, actors, token.expiration.map(Timestamp::as_secs)]).to_string()
    };
    let app = Router::new().route("/", get(shown)).layer(ClerkLayer::new(&fixture.clerk));
    let act = json!({"iss": "https://a.example.com", "sub": "mch_agent", "act": {"sub": "user_grace"}});
    let end = NOW.as_secs() + 86_400;
    let token = || fixture.local.oauth_token("user_ada");
    let exchanged = || token().audience(["https://notes.example.com"]).actor(act.clone());
    let actors = json!([["https://a.example.com", "mch_agent"], [null, "user_grace"]]);
    for (token, expected) in [
        (token().create().token, json!(["user_ada", [], [], end])),
        (token().create_jwt().token, json!(["user_ada", [], [], end])),
        (exchanged().create().token, json!(["user_ada", ["https://notes.example.com"], actors, end])),
        (exchanged().create_jwt().token, json!(["user_ada", ["https://notes.example.com"], actors, end])),
    ] {
        let request = Request::get("/").header(header::AUTHORIZATION, format!("Bearer {token}"));
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
    }
}

#[test]
fn debug_output_contains_no_secrets() {
    let local = LocalClerk::new();
    let key = local.api_key("nightly").create();
    let machine: machine::LocalMachine = local.machine("reports").create();
    let token = local.m2m_token(&machine).create();
    let shown = format!("{key:?} {machine:?} {token:?} {:?}", local.oauth_token("user_1").create());
    for secret in [&key.secret, &machine.secret_key, &token.token] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains(key.id.as_str()), "{shown}");
}

/// An application that records the deliveries it gets, and fails the first few of them.
#[derive(Clone)]
struct Listener {
    verifier: Verifier,
    clock: ManualClock,
    seen: Arc<Mutex<Vec<Delivery>>>,
    refusals: Arc<Mutex<u32>>,
}

impl Listener {
    fn new(fixture: &Fixture, refusals: u32) -> Self {
        Self {
            verifier: Verifier::new(fixture.local.webhook_secret()),
            clock: fixture.clock.clone(),
            seen: Arc::default(),
            refusals: Arc::new(Mutex::new(refusals)),
        }
    }

    fn router(&self) -> Router {
        let listener = self.clone();
        Router::new().route(
            "/webhooks/clerk",
            post(async move |headers: HeaderMap, body: Bytes| listener.take(&headers, &body)),
        )
    }

    fn take(&self, headers: &HeaderMap, body: &[u8]) -> StatusCode {
        use clerk_tower::clock::Clock as _;
        let mut refusals = self.refusals.lock().unwrap();
        if *refusals > 0 {
            *refusals -= 1;
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
        let Ok(delivery) = self.verifier.verify(headers, body, self.clock.now()) else {
            return StatusCode::BAD_REQUEST;
        };
        self.seen.lock().unwrap().push(delivery);
        StatusCode::NO_CONTENT
    }

    /// Returns the types of the events since the last call.
    async fn kinds(&self, local: &LocalClerk) -> Vec<String> {
        local.webhooks_delivered().await;
        let seen = std::mem::take(&mut *self.seen.lock().unwrap());
        seen.into_iter().map(|delivery| delivery.event.kind().to_owned()).collect()
    }
}

#[tokio::test]
async fn every_change_is_delivered_once_and_in_order() {
    let fixture = Fixture::new();
    let (local, clerk) = (&fixture.local, &fixture.clerk);
    let listener = Listener::new(&fixture, 0);
    local.deliver_webhooks_to_service(listener.router(), local.webhook_secret()).unwrap();
    assert!(listener.kinds(local).await.is_empty());

    // Changes made through the API.
    let eve = clerk.send(users::create().username("eve")).await.unwrap();
    clerk.send(users::update(&eve.id).first_name("Eve")).await.unwrap();
    clerk.send(users::get(&eve.id)).await.unwrap();
    assert!(clerk.send(users::create().username("eve")).await.is_err());
    let club = organizations::create("Club").created_by(&eve.id);
    let club = clerk.send(club).await.unwrap();
    clerk.send(organization_memberships::update(&club.id, &eve.id, "org:member")).await.unwrap();
    assert_eq!(
        listener.kinds(local).await,
        [
            "user.created",
            "user.updated",
            "organization.created",
            "organizationMembership.created",
            "organizationMembership.updated",
        ]
    );
    let session = local.sign_in(&eve.id);
    clerk.send(sessions::revoke(session.session_id())).await.unwrap();
    local.sign_in(&eve.id);
    clerk.send(users::delete(&eve.id)).await.unwrap();
    assert_eq!(
        listener.kinds(local).await,
        [
            "session.created",
            "session.revoked",
            "session.created",
            "organizationMembership.deleted",
            "session.revoked",
            "user.deleted",
        ]
    );
    // Changes made through setup functions, and through pages.
    let zoe = local.user("Zoe", "Test").create();
    let team = local.organization("Team").create();
    local.add_member(&team, &zoe, "org:admin");
    let _ = local.sign_in(&zoe).pending();
    clerk.send(organizations::delete(&team.id)).await.unwrap();
    assert_eq!(
        listener.kinds(local).await,
        [
            "user.created",
            "organization.created",
            "organizationMembership.created",
            "session.created",
            "session.pending",
            "organizationMembership.deleted",
            "organization.deleted",
        ]
    );
}

#[tokio::test]
async fn events_contain_what_changed() {
    let fixture = Fixture::new();
    let listener = Listener::new(&fixture, 0);
    fixture.local.deliver_webhooks_to_service(listener.router(), fixture.local.webhook_secret()).unwrap();
    fixture.clerk.send(users::update("user_ada").first_name("Augusta")).await.unwrap();
    fixture.clerk.send(organization_memberships::delete("org_acme", "user_grace")).await.unwrap();
    fixture.local.webhooks_delivered().await;
    let seen = listener.seen.lock().unwrap().clone();
    let [Event::UserUpdated(ada), Event::OrganizationMembershipDeleted(membership)] =
        [&seen[0].event, &seen[1].event]
    else {
        panic!("{seen:?}");
    };
    assert_eq!(ada.first_name.as_deref(), Some("Augusta"));
    assert_eq!(membership.organization.id, "org_acme");
    assert_ne!(seen[0].id, seen[1].id);
    assert_eq!(seen[0].timestamp, Some(NOW));
}

#[tokio::test(start_paused = true)]
async fn deliveries_are_retried_and_then_dropped() {
    let fixture = Fixture::new();
    let listener = Listener::new(&fixture, 3);
    fixture.local.deliver_webhooks_to_service(listener.router(), fixture.local.webhook_secret()).unwrap();
    fixture.local.user("Zoe", "Test").create();
    fixture.local.organization("Team").create();
    assert_eq!(listener.kinds(&fixture.local).await, ["user.created", "organization.created"]);
    *listener.refusals.lock().unwrap() = 4;
    fixture.local.user("Eve", "Test").create();
    fixture.local.organization("Club").create();
    assert_eq!(listener.kinds(&fixture.local).await, ["organization.created"]);
    let counts = fixture.local.webhooks_delivered().await;
    assert_eq!((counts.delivered, counts.given_up, counts.dropped), (3, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_delivery_to_an_application_that_panics_is_retried() {
    let fixture = Fixture::new();
    let listener = Listener::new(&fixture, 0);
    let times = Arc::new(Mutex::new(0));
    let fragile = tower::service_fn({
        let (router, times) = (listener.router(), Arc::clone(&times));
        move |request: Request<clerk_local::LocalBody>| {
            let (router, times) = (router.clone(), Arc::clone(&times));
            async move {
                let time = std::mem::replace(&mut *times.lock().unwrap(), 1);
                assert_ne!(time, 0, "the first delivery is too much for it");
                router.oneshot(request).await
            }
        }
    });
    fixture.local.deliver_webhooks_to_service(fragile, fixture.local.webhook_secret()).unwrap();
    fixture.local.user("Zoe", "Test").create();
    fixture.local.user("Eve", "Test").create();
    assert_eq!(listener.kinds(&fixture.local).await, ["user.created", "user.created"]);
    let counts = fixture.local.webhooks_delivered().await;
    assert_eq!((counts.delivered, counts.given_up, counts.dropped), (2, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn undelivered_events_do_not_pile_up_in_memory() {
    let fixture = Fixture::new();
    let deaf = tower::service_fn(|_| std::future::pending::<Result<http::Response<()>, ()>>());
    fixture.local.deliver_webhooks_to_service(deaf, fixture.local.webhook_secret()).unwrap();
    for _ in 0..1010 {
        fixture.local.user("Eve", "Test").create();
    }
    // New events are dropped; queued ones are still given up one by one.
    let counts = fixture.local.webhooks_delivered().await;
    assert_eq!((counts.delivered, counts.given_up, counts.dropped), (0, 1000, 10));
}

#[tokio::test]
async fn deliveries_can_go_over_http() {
    let fixture = Fixture::new();
    let listener = Listener::new(&fixture, 1);
    let address = clerk_tests::serve(listener.router()).await;
    let url = format!("http://127.0.0.1:{}/webhooks/clerk", address.port());
    fixture.local.deliver_webhooks_to(&url, fixture.local.webhook_secret()).unwrap();
    fixture.local.user("Zoe", "Test").create();
    assert_eq!(listener.kinds(&fixture.local).await, ["user.created"]);
}

#[tokio::test]
async fn webhook_urls_outside_this_computer_are_rejected() {
    let fixture = Fixture::new();
    for (url, reason) in [
        ("https://localhost/hook", "https is not supported"),
        ("ftp://localhost/hook", "only http"),
        ("http://example.com/hook", "not on this computer"),
        ("http://192.168.0.1/", "not on this computer"),
        ("http://me:secret@localhost/", "password"),
        ("localhost:3000/hook", "only http"),
        ("/hook", "not a URL"),
        ("", "not a URL"),
    ] {
        let error = fixture.local.deliver_webhooks_to(url, fixture.local.webhook_secret()).unwrap_err();
        assert!(error.to_string().contains(reason), "{url}: {error}");
    }
    for url in ["http://localhost:3000/hook", "http://[::1]/", "http://127.0.0.2:1/", "http://app.localhost"]
    {
        fixture.local.deliver_webhooks_to(url, fixture.local.webhook_secret()).unwrap();
    }
}

#[test]
fn without_a_runtime_an_error_is_returned() {
    let local = LocalClerk::new();
    let error = local.deliver_webhooks_to("http://localhost/", local.webhook_secret()).unwrap_err();
    assert!(error.to_string().contains("tokio runtime"), "{error}");
}

#[tokio::test]
async fn a_single_delivery_can_be_made_by_hand() {
    let fixture = Fixture::new();
    let listener = Listener::new(&fixture, 0);
    let request = fixture.local.webhook("user.deleted", &json!({"id": "user_1", "deleted": true}));
    let forged = {
        let (head, _) = request.clone().into_parts();
        Request::from_parts(head, Bytes::from_static(b"{}"))
    };
    for (request, status) in [(request, 204), (forged, 400)] {
        let response = listener.router().oneshot(request.map(Body::from)).await.unwrap();
        assert_eq!(response.status(), status);
    }
    assert_eq!(listener.kinds(&fixture.local).await, ["user.deleted"]);
}

#[tokio::test]
async fn changes_made_in_browsers_are_delivered_too() {
    let fixture = Fixture::new();
    let listener = Listener::new(&fixture, 0);
    fixture.local.deliver_webhooks_to_service(listener.router(), fixture.local.webhook_secret()).unwrap();
    for (action, kind) in [("remove", "session.removed"), ("end", "session.ended")] {
        let session = fixture.local.sign_in("user_ada");
        let cookies = session.cookies();
        let browser = cookies.split("__clerk_db_jwt=").nth(1).unwrap().split(';').next().unwrap();
        let path = format!("/v1/client/sessions/{}/{action}?__clerk_db_jwt={browser}", session.session_id());
        let request = Request::post(path)
            .header(header::HOST, "localhost:4000")
            .header(header::ORIGIN, "http://localhost:3000")
            .body(Bytes::new())
            .unwrap();
        let response = fixture.local.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(listener.kinds(&fixture.local).await, ["session.created", kind]);
    }
}

/// A directory that is deleted at the end of the test.
struct Directory(std::path::PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("clerk-tests-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Each value as it is, borrowed, and as a string.
#[tokio::test]
async fn a_builder_takes_every_key_and_address_that_an_instance_gives() {
    let server = LocalClerk::builder().seeded().serve(([127, 0, 0, 1], 0)).await.unwrap();
    let local = server.local();
    let machine = local.machine("nightly").create();
    let machine_key: MachineSecretKey = machine.secret_key.parse().unwrap();
    let (webhook_secret, url) = (local.webhook_secret(), server.api_url());
    let by_reference = Clerk::builder()
        .secret_key(local.secret_key())
        .publishable_key(local.publishable_key())
        .webhook_secret(&webhook_secret)
        .machine_secret_key(&machine.secret_key)
        .api_url(server.api_url())
        .fapi_url(server.api_url())
        .authentication(|options| {
            options
                .publishable_key(local.publishable_key().clone())
                .proxy_url(server.api_url())
                .sign_in_url(server.sign_in_url())
        });
    let by_value = Clerk::builder()
        .secret_key(local.secret_key().clone())
        .publishable_key(local.publishable_key().clone())
        .webhook_secret(local.webhook_secret())
        .machine_secret_key(machine_key.clone())
        .api_url(&url);
    let as_strings = Clerk::builder()
        .secret_key(local.secret_key().expose())
        .publishable_key(local.publishable_key().as_str().to_owned())
        .machine_secret_key(&machine_key)
        .api_url(server.api_url());
    let key = local.secret_key().clone();
    let by_provider = Clerk::builder().secret_key_provider(move || key.clone()).api_url(server.api_url());
    for builder in [by_reference, by_value, as_strings, by_provider] {
        let clerk = builder.build().unwrap();
        assert_eq!(clerk.send(users::get("user_ada")).await.unwrap().first_name.as_deref(), Some("Ada"));
    }
    let proxy = ProxyBuilder::with_keys(local.publishable_key(), local.secret_key());
    proxy.fapi_url(server.api_url()).build().unwrap();
    let request = local.webhook("user.deleted", &json!({ "id": "user_1", "deleted": true }));
    let verifier = Verifier::new(local.webhook_secret()).or(local.webhook_secret());
    assert!(verifier.verify(request.headers(), request.body(), SystemClock.now()).is_ok());
    local.deliver_webhooks_to(&format!("{}/webhooks", server.api_url()), local.webhook_secret()).unwrap();
}

#[tokio::test]
async fn a_saved_instance_resumes_where_it_stopped() {
    let directory = Directory::new("saved");
    let path = directory.0.join("clerk.json");
    let fixture = Fixture::new();
    let session = fixture.local.sign_in("user_ada").organization("org_acme");
    let (token, cookies) = (session.token(), session.cookies());
    let key = fixture.local.api_key("nightly").subject("user_ada").create();
    let machine = fixture.local.machine("billing").create();
    std::fs::write(&path, "something older").unwrap();
    fixture.local.save(&path).unwrap();
    fixture.clerk.send(users::delete("user_ada")).await.unwrap();

    let local = LocalClerk::builder().clock(fixture.clock.clone()).load(&path).build().unwrap();
    let clerk = local.client_builder().authentication(|options| options.accepted_kinds(AcceptedKinds::any()));
    let again = Fixture { app: app(&clerk.build().unwrap()), local, ..Fixture::new() };
    assert_eq!(again.get("/me", &token).await, outcome(200, "Ada Lovelace"));
    assert_eq!(again.get("/key", &key.secret).await, outcome(200, "nightly user_ada"));
    let page = Request::get("/session").header(header::COOKIE, cookies).body(Body::empty()).unwrap();
    assert_eq!(again.send(page).await, outcome(200, "user_ada"));
    let client = again.local.client_builder().machine_secret_key(machine.secret_key);
    assert!(client.build_machine().unwrap().send(m2m::create_token()).await.is_ok());
    assert_eq!(again.local.secret_key().expose(), fixture.local.secret_key().expose());
    assert_eq!(again.local.issuer(), fixture.local.issuer());
    let signed = fixture.local.webhook("user.deleted", &json!({"id": "user_1", "deleted": true}));
    let verifier = Verifier::new(again.local.webhook_secret());
    assert!(verifier.verify(signed.headers(), signed.body(), NOW).is_ok());

    // No temporary file is left behind, and other users cannot read the file.
    assert_eq!(std::fs::read_dir(&directory.0).unwrap().count(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn errors_about_broken_files_name_the_place() {
    let directory = Directory::new("broken");
    let path = directory.0.join("clerk.json");
    LocalClerk::seeded().save(&path).unwrap();
    let good: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let load = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let error = LocalClerk::load(&path).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
        let message = error.to_string();
        assert!(message.starts_with(&format!("cannot load {}: ", path.display())), "{message}");
        assert!(!message.contains("ada@") && !message.contains("hunter2"), "{message}");
        message
    };
    for (pointer, value, expected) in [
        ("/format", json!("zip"), "not a saved LocalClerk"),
        ("/version", json!(2), "version 2, and this program reads version 1"),
        (
            "/state/users/0/banned",
            json!("hunter2"),
            "`state.users[0].banned` has an unexpected type or value",
        ),
        ("/state/users/0/emails/0", json!({"id": "ada@x"}), "`state.users[0].emails[0]` lacks `value`"),
        ("/state/credentials", json!(3), "`state.credentials` has an unexpected type or value"),
        ("/secret_key", json!("hunter2"), "`secret_key`: "),
        ("/publishable_key", json!("hunter2"), "`publishable_key`: "),
        ("/webhook_secret", json!("hunter2!"), "`webhook_secret`: "),
        ("/signing_key/private", json!("hunter2"), "`signing_key.private`: "),
        ("/signing_key/private", json!("aHVudGVyMg=="), "`signing_key.private`: "),
    ] {
        let mut broken = good.clone();
        *broken.pointer_mut(pointer).unwrap() = value;
        let message = load(&broken.to_string());
        assert!(message.contains(expected), "{pointer}: {message}");
    }
    for text in ["null", "[]", r#"{"format": "clerk-local"}"#] {
        assert!(load(text).contains("not a saved LocalClerk"), "{text}");
    }
    let half = good.to_string();
    for text in ["", "{", "hunter2", &half[..half.len() / 2]] {
        assert!(load(text).contains("not valid JSON, or is truncated"), "{text}");
    }
    let missing = LocalClerk::load(directory.0.join("none.json")).unwrap_err();
    assert_eq!(missing.kind(), std::io::ErrorKind::NotFound);
    let nowhere = LocalClerk::new().save(directory.0.join("none/clerk.json")).unwrap_err();
    assert!(nowhere.to_string().starts_with("cannot save to "), "{nowhere}");
}
