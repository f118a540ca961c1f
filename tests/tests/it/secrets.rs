//! Checks that keys, tokens and email addresses appear neither in `Debug` or `Display` output nor in logs.

use std::{convert::Infallible, fmt::Debug, time::Duration};

use axum::{Router, routing::get as on_get};
use bytes::Bytes;
use clerk_axum::{Auth, ClerkLayer, ClerkUser, ProxyBuilder, ProxyLayer, Session, api::users, require};
use clerk_core::{
    Operation as _,
    authenticate::{AcceptedKinds, AuthenticateOptions, Authenticator, Need, RequestHead, Step},
    keys::MachineSecretKey,
    token::{KeySet, Token},
};
use clerk_tests::{
    Instance, Log, NOW,
    browser::{LIVE, NONCE, REFRESH_TOKEN, expired_cookies, refreshed, token_until},
    fault::{Fault, FaultServer, http_response, nobody},
    get, send, serve, tokens,
    upstream::Upstream,
};
use clerk_tower::{
    Clerk, client::middleware::credentials::CredentialsLayer, keys::KeysError, server::authenticate,
    server::proxy::ProxyBody, server::require::RequireLayer,
};
use http::{Request, Response};
use http_body_util::Full;
use serde_json::json;
use tower::{Layer as _, ServiceBuilder, ServiceExt as _, service_fn};
use tracing_subscriber::util::SubscriberInitExt as _;

const MACHINE_KEY: &str = "ak_mAcHiNeKeYmAcHiNeKeY";
const HOOK_KEY: &str = "whsec_aG9va2tleWhvb2trZXlob29ra2V5";
/// A development instance.
const DEVELOPMENT: &str = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk";
/// An API key, an M2M token and an OAuth token.
const OPAQUE: [&str; 3] = ["ak_oPaQuEoPaQuE01", "mt_oPaQuEoPaQuE02", "oat_oPaQuEoPaQuE03"];
const EMAIL: &str = "ada@example.com";
const PHONE: &str = "+15555550100";

/// The secrets that must not appear.
struct Hidden(Vec<String>);

impl Hidden {
    /// Returns the instance's key, this token and its parts, and everything else that is private in these tests.
    fn new(instance: &Instance, token: &str) -> Self {
        let key = instance.secret_key().expose();
        let mut hidden: Vec<String> = [
            key,
            &key["sk_test_".len()..],
            MACHINE_KEY,
            "mAcHiNeKeY",
            HOOK_KEY,
            "aG9va2tl",
            EMAIL,
            "ada%40",
            PHONE,
            REFRESH_TOKEN,
            NONCE,
            OPAQUE[0],
            OPAQUE[1],
            OPAQUE[2],
        ]
        .map(str::to_owned)
        .to_vec();
        hidden.extend(tokens::segments(token)[1..].iter().map(|part| (*part).to_owned()));
        Self(hidden)
    }

    #[track_caller]
    fn check(&self, what: &str, text: &str) {
        for hidden in &self.0 {
            assert!(!text.contains(hidden.as_str()), "{what} shows {hidden}: {text}");
        }
    }

    #[track_caller]
    fn debug(&self, value: &impl Debug) {
        let (short, long) = (format!("{value:?}"), format!("{value:#?}"));
        assert!(!short.is_empty());
        self.check("Debug", &short);
        self.check("Debug", &long);
    }

    /// Adds a string, such as a token that was created during the test.
    fn also(mut self, tokens: impl IntoIterator<Item = String>) -> Self {
        for token in tokens {
            self.0.extend(tokens::segments(&token)[1..].iter().map(|part| (*part).to_owned()));
        }
        self
    }

    /// Checks an error and its sources.
    #[track_caller]
    fn error(&self, error: &dyn std::error::Error) {
        let mut error = Some(error);
        while let Some(cause) = error {
            self.check("Display", &cause.to_string());
            self.check("Debug", &format!("{cause:?} {cause:#?}"));
            error = cause.source();
        }
    }
}

#[tokio::test]
async fn no_type_prints_a_key_or_a_token() {
    let instance = Instance::new();
    let session = instance.local.sign_in("user_ada").organization("org_acme").claim("email", EMAIL);
    let token = session.token();
    let hidden = Hidden::new(&instance, &token);
    let key = instance.secret_key();

    // Settings and clients.
    hidden.debug(key);
    hidden.debug(&MACHINE_KEY.parse::<MachineSecretKey>().unwrap());
    hidden.debug(&key.to_header());
    hidden.debug(&instance.builder().machine_secret_key(MACHINE_KEY).transport(instance.local.clone()));
    let clerk = instance.in_memory();
    hidden.debug(&clerk);
    hidden.debug(clerk.keys());
    hidden.debug(&clerk.keys().warm_up().await);
    hidden.debug(&clerk.keys().current());
    let credentials = CredentialsLayer::new(key).machine_secret_key(&MACHINE_KEY.parse().unwrap());
    hidden.debug(&credentials);
    hidden.debug(&credentials.layer(()));
    hidden.debug(&ClerkLayer::new(&clerk));
    hidden.debug(&authenticate::AuthenticateLayer::new(&clerk));
    hidden.debug(&authenticate::AuthenticateLayer::new(&clerk).layer(()));
    hidden.debug(&RequireLayer::role("org:admin").layer(()));
    let public = instance.local.publishable_key().clone();
    let proxy = ProxyBuilder::with_keys(public, key.clone());
    hidden.debug(&proxy);
    let proxy = proxy.build().unwrap();
    hidden.debug(&proxy);
    hidden.debug(&ProxyLayer::from(proxy.clone()));
    hidden.debug(&ProxyLayer::from(proxy).layer(()));
    hidden.debug(&ProxyBody::new(Full::<Bytes>::from(EMAIL)));
    hidden.debug(&clerk.clone().oneshot(users::get("user_ada")).await.map(|user| user.id));

    // The local instance.
    hidden.debug(&instance.local);
    hidden.debug(&session);
    hidden.debug(&instance.local.user("Ada", "Lovelace").email(EMAIL).phone(PHONE));
    hidden.debug(&instance.local.organization("Acme"));
    hidden.debug(&Instance::served().await.1);

    // Tokens and decisions.
    let decoded = Token::decode(&token).unwrap();
    hidden.debug(&decoded);
    hidden.error(&Token::decode(&format!("{token}!")).unwrap_err());
    let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(()).unwrap();
    let head = RequestHead::from(&request);
    hidden.debug(&head);
    let authenticator = Authenticator::new(AuthenticateOptions::new()).unwrap();
    hidden.debug(&authenticator);
    let step = authenticator.start(&head, &KeySet::default(), NOW);
    hidden.debug(&step);
    let Step::Need(Need::Key(needed)) = step else { panic!("a key is needed") };
    let step = needed.resume(Ok(&clerk.keys().current().unwrap()), NOW);
    hidden.debug(&step);
    let Step::Done(outcome) = step else { panic!("the key is there") };
    hidden.debug(&outcome);
    hidden.debug(outcome.session().unwrap());
    hidden.debug(outcome.session().unwrap().claims());
}

/// Returns the suspended decisions, one for each kind of request that suspends.
fn needs(instance: &Instance, keys: &KeySet) -> Vec<Need> {
    let options = AuthenticateOptions::new()
        .publishable_key(LIVE.parse().unwrap())
        .accepted_kinds(AcceptedKinds::any());
    let authenticator = Authenticator::new(options).unwrap();
    let cookies = expired_cookies(instance).join("; ");
    let mut headers = vec![
        ("cookie", cookies),
        ("cookie", format!("__clerk_handshake_nonce={NONCE}")),
        ("authorization", format!("Bearer {}", instance.ada())),
    ];
    headers.extend(OPAQUE.map(|token| ("authorization", format!("Bearer {token}"))));
    let need = |(name, value)| {
        let keys = if name == "cookie" { keys } else { &KeySet::default() };
        let request = Request::get("https://app.example.com/").header(name, value).body(()).unwrap();
        match authenticator.start(&RequestHead::from(&request), keys, NOW) {
            Step::Need(need) => need,
            Step::Done(outcome) => panic!("{outcome:?}"),
        }
    };
    headers.into_iter().map(need).collect()
}

#[tokio::test]
async fn pending_decisions_print_no_secret() {
    let instance = Instance::new();
    let clerk = instance.in_memory();
    clerk.keys().warm_up().await.unwrap();
    let keys = clerk.keys().current().unwrap();
    let hidden = Hidden::new(&instance, &instance.ada()).also([token_until(&instance, -60)]);
    let needs = needs(&instance, &keys);
    assert_eq!(needs.len(), 6);
    for need in needs {
        hidden.debug(&need);
        match need {
            Need::Refresh(call) => {
                hidden.debug(call.operation());
                hidden.debug(&call);
            }
            Need::Handshake(call) => hidden.debug(call.operation()),
            Need::M2m(call) => hidden.debug(call.operation()),
            Need::OAuth(call) => hidden.debug(call.operation()),
            Need::ApiKey(call) => {
                hidden.debug(call.operation());
                let key = json!({"id": "ak_1", "subject": "user_1", "revoked": false, "expired": false,
                    "name": EMAIL, "claims": {"email": EMAIL}, "scopes": [EMAIL]});
                let step = call.resume(Ok(serde_json::from_value(key).unwrap()), NOW);
                hidden.debug(&step);
                let Step::Done(outcome) = step else { panic!("nothing is missing") };
                hidden.debug(outcome.machine().unwrap());
                hidden.debug(outcome.machine().unwrap().facts());
            }
            other => hidden.debug(&other.abandon(NOW)),
        }
    }
}

#[tokio::test]
async fn requests_of_the_layers_print_no_token() {
    let instance = Instance::new();
    let token = instance.ada();
    let hidden = Hidden::new(&instance, &token);
    let clerk = instance.in_memory();
    let request = |carrier: &str| match carrier {
        "cookie" => Request::get("/").header("cookie", format!("__session={token}")),
        _ => Request::get("/").header("authorization", format!("Bearer {token}")),
    };
    for carrier in ["header", "cookie"] {
        let service = ServiceBuilder::new()
            .layer(authenticate::AuthenticateLayer::new(&clerk))
            .layer(require::signed_in())
            .service(service_fn(async |request: Request<()>| {
                let auth = authenticate::Auth::from_extensions(request.extensions()).unwrap();
                Ok::<_, Infallible>(Response::new(format!("{auth:?} {auth:#?} {:?}", request.extensions())))
            }));
        let call = service.oneshot(request(carrier).body(()).unwrap());
        let response = call.await.unwrap();
        assert_eq!(response.status(), 200);
        hidden.debug(&response);
        // The same through axum extractors.
        async fn shown(auth: Auth, session: Session, user: ClerkUser) -> String {
            format!("{auth:?} {auth:#?} {session:?} {session:#?} {}", user.id)
        }
        let app = Router::new().route("/", on_get(shown)).layer(ClerkLayer::new(&clerk));
        let reply = app.oneshot(request(carrier).body(axum::body::Body::empty()).unwrap()).await.unwrap();
        assert_eq!(reply.status(), 200);
        let body = axum::body::to_bytes(reply.into_body(), 100_000).await.unwrap();
        hidden.check("extractors", std::str::from_utf8(&body).unwrap());
    }
}

#[tokio::test]
async fn no_error_prints_what_was_sent() {
    let instance = Instance::new();
    let hidden = Hidden::new(&instance, &instance.ada());
    let echo = json!({"errors": [{"code": "form_identifier_exists", "message": EMAIL, "long_message": EMAIL,
        "meta": {"param_name": "email", "value": EMAIL}}], "meta": {"email": EMAIL}});
    let wrong_type = json!({"id": {"email": EMAIL}, "banned": EMAIL, "locked": false});
    for fault in [
        Fault::Close(String::new()),
        Fault::Close(http_response("422 Unprocessable", "", &echo.to_string())),
        Fault::Close(http_response("200 OK", "", &wrong_type.to_string())),
        Fault::Close(http_response("200 OK", "", &format!("{{\"{EMAIL}"))),
        Fault::Close(http_response("200 OK", "", &format!("\"{EMAIL}\""))),
    ] {
        let server = FaultServer::start(fault).await;
        let clerk = instance.builder().api_url(server.api_url()).build().unwrap();
        hidden.error(&clerk.send(users::get(EMAIL)).await.unwrap_err());
        let error: KeysError = clerk.keys().warm_up().await.unwrap_err();
        hidden.error(&error);
    }
    let clerk = instance.builder().api_url(nobody().await).build().unwrap();
    let error = clerk.send(users::get(EMAIL)).await.unwrap_err();
    hidden.error(&error);
    hidden.error(&clerk_axum::Error::from(error));
    hidden.error(&clerk.keys().warm_up().await.unwrap_err());
    let build = users::get("..").request().unwrap_err();
    hidden.error(&build);
    for builder in [
        Clerk::builder().secret_key(HOOK_KEY),
        Clerk::builder().secret_key(format!("{} ", instance.secret_key().expose())),
        instance.builder().publishable_key(instance.secret_key().expose()),
        instance.builder().jwt_key(instance.secret_key().expose()),
        instance.builder().machine_secret_key(instance.secret_key().expose()),
        instance.builder().api_url(format!("https://{EMAIL}")),
    ] {
        hidden.error(&builder.build().unwrap_err());
    }
}

/// Requests that make the layer call Clerk, and every kind of response.
async fn wait_for_clerk(instance: &Instance) {
    let echo =
        json!({"errors": [{"code": "x", "message": format!("{NONCE} {REFRESH_TOKEN} {}", OPAQUE[0])}]});
    let key = json!({"id": "ak_1", "subject": "user_1", "revoked": false, "expired": false, "name": EMAIL,
        "claims": {"email": EMAIL}});
    let broken = json!({"cookies": [format!("__session={}", token_until(instance, 50)), "a=\n", "b=\0"],
        "directives": [format!("__refresh={REFRESH_TOKEN}"), "a=\n", "b=\0"]});
    for fault in [
        refreshed(instance).0,
        Fault::Close(http_response("200 OK", "", &key.to_string())),
        Fault::Close(http_response("200 OK", "", &broken.to_string())),
        Fault::Close(http_response("200 OK", "", &format!("\"{NONCE}"))),
        Fault::Close(http_response("422 Unprocessable", "", &echo.to_string())),
        Fault::Close(http_response("429 Too Many Requests", "retry-after: 100\r\n", &echo.to_string())),
        Fault::Close(String::new()),
    ] {
        let server = FaultServer::with_keys(instance, fault).await;
        for key in [LIVE, DEVELOPMENT] {
            let builder = instance.builder().api_url(server.api_url()).machine_secret_key(MACHINE_KEY);
            let builder =
                builder.publishable_key(key).machine_token_cache(Duration::from_secs(60)).max_attempts(1);
            let builder = builder
                .authentication(|options| options.accepted_kinds(AcceptedKinds::any()).debug_headers(true));
            let clerk = builder.build().unwrap();
            let shown = on_get(async |auth: Auth| format!("{auth:?}"));
            let address = serve(Router::new().route("/", shown).layer(ClerkLayer::new(&clerk))).await;
            let cookies = expired_cookies(instance).join("; ");
            let bearer = OPAQUE.map(|token| format!("Bearer {token}"));
            for (path, name, value) in [
                ("/", "cookie", &cookies),
                ("/", "cookie", &format!("__clerk_handshake_nonce={NONCE}")),
                (&*format!("/?__clerk_handshake_nonce={NONCE}"), "cookie", &cookies),
                (&*format!("/?__clerk_handshake={}", token_until(instance, 50)), "cookie", &cookies),
                (&*format!("/?__clerk_handshake={REFRESH_TOKEN}"), "cookie", &cookies),
                ("/", "authorization", &bearer[0]),
                ("/", "authorization", &bearer[0]),
                ("/", "authorization", &bearer[1]),
                ("/", "authorization", &bearer[2]),
            ] {
                let request = Request::get(path).header(name, value).header("sec-fetch-dest", "document");
                send(address, request.body(Full::<Bytes>::default()).unwrap()).await;
            }
        }
    }
}

#[tokio::test]
async fn no_log_line_contains_a_key_or_a_token() {
    if !clerk_tests::alone(module_path!(), "no_log_line_contains_a_key_or_a_token") {
        return;
    }
    let log = Log::default();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(log.clone())
        .finish()
        .init();

    let (instance, clerk, server) = Instance::over_http().await;
    let routes = Router::new()
        .route("/me", on_get(async |user: ClerkUser| user.id.to_string()))
        .route("/maybe", on_get(async |_: Option<ClerkUser>| "maybe"))
        .route("/session", on_get(async |session: Session| session.user_id().to_string()))
        .route("/admin", on_get("").route_layer(require::permission("org:users:manage")));
    let public = instance.local.publishable_key().clone();
    let proxy = ProxyBuilder::with_keys(public, instance.secret_key().clone());
    let upstream = Upstream::fine().await;
    let proxy_to = |url, path| ProxyLayer::from(proxy.clone().fapi_url(url).path(path).build().unwrap());
    let routes = routes
        .layer(ClerkLayer::new(&clerk))
        .layer(proxy_to(upstream.url(), "/__clerk"))
        .layer(proxy_to(nobody().await, "/dead"));
    let address = serve(routes).await;
    let token = instance.local.sign_in("user_ada").organization("org_acme").claim("email", EMAIL).token();
    let hidden = Hidden::new(&instance, &token);
    let forged =
        format!("{}.{}.{}", tokens::segments(&token)[0], tokens::segments(&token)[1], "A".repeat(342));
    let visit = async || {
        let proxied =
            ["/__clerk/v1/client?email=ada%40example.com", "/dead/ada%40example.com", "/__clerk/../x"];
        for path in ["/me", "/maybe", "/session", "/admin", "/nowhere"].into_iter().chain(proxied) {
            for token in ["", &*token, &*forged, &*format!("{token}!"), MACHINE_KEY] {
                get(address, path, token).await;
                let cookie = format!("__session={token}; email={EMAIL}");
                let request =
                    Request::post(path).header("cookie", cookie).body(Full::<Bytes>::default()).unwrap();
                send(address, request).await;
            }
        }
        let _ = clerk.send(users::get(EMAIL)).await;
        let _ = clerk.send(users::list().limit(10)).await;
    };
    visit().await;
    assert_eq!(get(address, "/me", &token).await.summary(), (200, "user_ada".to_owned()));
    instance.local.inject(clerk_local::Fault::status(http::StatusCode::UNAUTHORIZED).times(10));
    visit().await;
    server.shutdown().await;
    visit().await;
    let hidden = hidden.also([token_until(&instance, -60), token_until(&instance, 50)]);
    instance.local.clear_faults();
    wait_for_clerk(&instance).await;

    assert!(
        upstream
            .take()
            .iter()
            .all(|received| received.all("clerk-secret-key") == [instance.secret_key().expose()])
    );
    tracing::info!("the end");
    let text = log.take();
    for event in ["rejected a request with 400", "Clerk sent cookies that cannot be set dropped=2"] {
        assert!(text.contains(event), "not logged: {event}");
    }
    assert!(text.contains("cannot forward requests") && text.contains("forwarded a request"));
    assert!(text.contains("the end") && text.lines().count() > 10, "little was recorded: {text}");
    for line in text.lines() {
        hidden.check("the log", line);
    }
}
