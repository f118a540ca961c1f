//! Services without the secret key: with a public key, its address, or the publishable key alone.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Body, routing::get};
use clerk_axum::{
    AcceptedKinds, Auth, Claims, Clerk, ClerkLayer, ClerkUser, ClerkVerifier, ClerkWebhooks, M2mToken,
    OAuthToken, Session, TemplateToken,
    local::{LocalClerk, LocalServer},
    require,
};
use clerk_core::token::TokenKind;
use clerk_tests::log::Log;
use clerk_tests::scripted::{Reply, Script};
use http::{Request, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use tracing::Level;

const API: &str = "https://api.example.com";

async fn serve() -> LocalServer {
    LocalClerk::builder().seeded().serve((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
}

fn local(server: &LocalServer) -> LocalClerk {
    server.local().clone()
}

/// Every way to give a verifier its keys.
fn ways(server: &LocalServer) -> Vec<(&'static str, ClerkVerifier)> {
    let local = local(server);
    let keys = local.jwks();
    let builder = || {
        Clerk::builder()
            .authentication(|options| options.template_audiences([API]).accepted_kinds(AcceptedKinds::any()))
    };
    let instance = || builder().publishable_key(local.publishable_key());
    vec![
        ("the public key", instance().jwt_key(local.jwt_key()).build_verifier().unwrap()),
        ("the key set as text", instance().jwt_key(&keys).build_verifier().unwrap()),
        ("the address of the key set", instance().jwks_url(server.jwks_url()).build_verifier().unwrap()),
        ("the secret key", {
            let secret = instance().secret_key(local.secret_key()).api_url(server.api_url());
            secret.build_verifier().unwrap()
        }),
    ]
}

fn app(clerk: &ClerkVerifier) -> Router {
    Router::new()
        .route("/session", get(async |session: Session| session.user_id().to_string()))
        .route("/claims", get(async |Claims(claims): Claims<Value>| claims["sub"].to_string()))
        .route("/admin", get("admin").route_layer(require::role("org:admin")))
        .route("/template", get(async |token: TemplateToken| token.user_id().to_string()))
        .route("/m2m", get(async |token: M2mToken| token.machine_id.to_string()))
        .route("/oauth", get(async |token: OAuthToken| token.user_id.to_string()))
        .route("/user", get(async |user: ClerkUser| user.id.to_string()))
        .route("/out", get(async |auth: Auth| auth.sign_out("/").await))
        .layer(ClerkLayer::new(clerk))
}

async fn get_with(app: &Router, path: &str, name: header::HeaderName, value: String) -> (u16, String) {
    let request = Request::get(path).header(name, value).body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let code = serde_json::from_slice::<Value>(&body).ok();
    let code = code.and_then(|body| Some(body.pointer("/errors/0/code")?.as_str()?.to_owned()));
    (status, code.unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned()))
}

async fn bearer(app: &Router, path: &str, token: &str) -> (u16, String) {
    get_with(app, path, header::AUTHORIZATION, format!("Bearer {token}")).await
}

fn ok(text: &str) -> (u16, String) {
    (200, text.to_owned())
}

#[tokio::test]
async fn everything_that_needs_no_call_works_with_each_kind_of_keys() {
    let server = serve().await;
    let local = local(&server);
    let ada = local.sign_in("user_ada").organization("org_acme");
    let machine = local.machine("billing").create();
    for (way, clerk) in ways(&server) {
        let app = app(&clerk);
        let m2m = local.m2m_token(machine.id.clone()).create_jwt().token;
        let oauth = local.oauth_token("user_ada").create_jwt().token;
        for (path, token, expected) in [
            ("/session", ada.token(), ok("user_ada")),
            ("/claims", ada.token(), ok("\"user_ada\"")),
            ("/admin", ada.token(), ok("admin")),
            ("/admin", local.sign_in("user_grace").token(), (403, "role-missing".to_owned())),
            ("/template", ada.template_token(API), ok("user_ada")),
            (
                "/template",
                ada.template_token("https://x.example.com"),
                (401, "token-verification-failed".to_owned()),
            ),
            ("/session", ada.template_token(API), (401, "token-type-mismatch".to_owned())),
            ("/template", ada.token(), (401, "token-type-mismatch".to_owned())),
            ("/m2m", m2m, ok(machine.id.as_str())),
            ("/oauth", oauth, ok("user_ada")),
            ("/session", LocalClerk::seeded().sign_in("user_ada").token(), (401, String::new())),
        ] {
            let found = bearer(&app, path, &token).await;
            if expected.1.is_empty() {
                assert_eq!(found.0, expected.0, "{path} with {way}: {}", found.1);
            } else {
                assert_eq!(found, expected, "{path} with {way}");
            }
        }
        // The cookies of a signed-in browser need no call either.
        assert_eq!(get_with(&app, "/session", header::COOKIE, ada.cookies()).await, ok("user_ada"), "{way}");
        let seen = clerk.authenticate_token(&ada.token()).await;
        assert_eq!(seen.require_session().unwrap().claims().user_id(), "user_ada", "{way}");
    }
}

#[tokio::test]
async fn a_guard_can_require_the_token_of_a_template() {
    let server = serve().await;
    let ada = local(&server).sign_in("user_ada");
    for (way, clerk) in ways(&server) {
        let app = Router::new()
            .route("/", get("the page"))
            .route_layer(require::token([TokenKind::Template]))
            .layer(ClerkLayer::new(&clerk));
        for (token, status, says) in [
            (ada.template_token(API), 200, "the page"),
            (ada.token(), 401, "A token of a JWT template with the right audience is required"),
            (String::new(), 401, "A token of a JWT template with the right audience is required"),
        ] {
            let request = Request::get("/").header("authorization", format!("Bearer {token}"));
            let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{way}");
            let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
            assert!(String::from_utf8_lossy(&body).contains(says), "{way}: {body:?}");
        }
    }
}

#[tokio::test]
async fn what_needs_a_call_says_that_the_secret_key_is_missing() {
    let server = serve().await;
    let local = local(&server);
    let ada = local.sign_in("user_ada");
    let opaque = local.oauth_token("user_ada").create().token;
    for (way, clerk) in ways(&server) {
        let is_with_secret = clerk.as_clerk().is_some();
        assert_eq!(is_with_secret, way == "the secret key");
        let app = app(&clerk);
        for (path, token, with_secret) in
            [("/user", ada.token(), 200), ("/oauth", opaque.clone(), 200), ("/out", ada.token(), 303)]
        {
            let (status, code) = bearer(&app, path, &token).await;
            let expected = if is_with_secret { with_secret } else { 500 };
            assert_eq!(status, expected, "{path} with {way}: {code}");
            assert_eq!(code == "clerk-secret-key-missing", !is_with_secret, "{path} with {way}: {code}");
        }
    }
}

#[tokio::test]
async fn a_browser_is_signed_in_by_a_handshake_without_the_secret_key() {
    let server = serve().await;
    let local = local(&server);
    let clerk = Clerk::builder()
        .publishable_key(local.publishable_key())
        .jwks_url(server.jwks_url())
        .authentication(|options| options.proxy_url(server.api_url()))
        .build_verifier()
        .unwrap();
    let app = app(&clerk);
    let visit = |uri: String, cookies: String| {
        let request = Request::get(uri)
            .header("host", "127.0.0.1:3000")
            .header("accept", "text/html")
            .header("sec-fetch-dest", "document")
            .header(header::COOKIE, cookies);
        app.clone().oneshot(request.body(Body::empty()).unwrap())
    };
    let ada = local.sign_in("user_ada");
    let response = visit("/session".to_owned(), ada.expired_cookies()).await.unwrap();
    assert_eq!(response.status(), 307);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    assert!(
        location.starts_with(&server.jwks_url().replace("/.well-known/jwks.json", "/v1/client/handshake"))
    );
    // Clerk sends the browser back with a signed token instead of a nonce.
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let back = browser.get(location).send().await.unwrap();
    let back = url::Url::parse(back.headers()["location"].to_str().unwrap()).unwrap();
    assert!(back.query().unwrap().contains("__clerk_handshake=ey"), "{back}");
    let path = format!("{}?{}", back.path(), back.query().unwrap());
    let response = visit(path, ada.expired_cookies()).await.unwrap();
    assert_eq!(response.status(), 307, "a development instance removes the parameters");
    let cookies = response.headers().get_all("set-cookie").iter();
    assert!(cookies.into_iter().any(|line| line.to_str().unwrap().starts_with("__session=ey")));
}

#[tokio::test]
async fn fetched_keys_verify_only_tokens_of_the_instance_that_they_stand_for() {
    // Its tokens have the issuer of its publishable key, and not its address.
    let builder = LocalClerk::builder().seeded().publishable_key("pk_test_Y2xlcmsuZXhhbXBsZS5vcmck");
    let server = builder.serve((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let local = local(&server);
    // The key set of one instance, and the publishable key of another one.
    let mixed =
        Clerk::builder().publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k").jwks_url(server.jwks_url());
    let mixed = mixed.build_verifier().unwrap();
    let token = local.sign_in("user_ada").token();
    let code = |clerk: ClerkVerifier| {
        let token = token.clone();
        async move {
            let auth = clerk.authenticate_token(&token).await;
            auth.require_session()
                .map_or_else(|rejection| rejection.code().to_owned(), |_| "signed-in".to_owned())
        }
    };
    assert_eq!(code(mixed.clone()).await, "token-invalid-issuer");
    // Also with options that were made anew.
    let layer = ClerkLayer::with_options(&mixed, clerk_axum::AuthenticateOptions::new()).unwrap();
    let app = Router::new().route("/", get(async |_: Session| "in")).layer(layer);
    assert_eq!(bearer(&app, "/", &token).await, (401, "token-invalid-issuer".to_owned()));
    // Without a publishable key it is the host of the address, unless the issuer is set.
    let address = || Clerk::builder().jwks_url(server.jwks_url());
    assert_eq!(code(address().build_verifier().unwrap()).await, "token-invalid-issuer");
    let issuer = local.issuer().to_owned();
    let set = address().authentication(|options| options.issuers([issuer.clone()])).build_verifier().unwrap();
    assert_eq!(code(set).await, "signed-in");
    // With the secret key the keys are that instance's own, and the issuer is an option.
    let secret = || Clerk::builder().secret_key(local.secret_key()).api_url(server.api_url());
    assert_eq!(code(secret().build_verifier().unwrap()).await, "signed-in");
    let other = secret().authentication(|options| options.issuers(["https://clerk.example.com"]));
    assert_eq!(code(other.build_verifier().unwrap()).await, "token-invalid-issuer");
}

#[tokio::test]
async fn a_rotation_is_followed_and_an_outage_is_undecided() {
    let server = serve().await;
    let local = local(&server);
    let builder = Clerk::builder().publishable_key(local.publishable_key()).jwks_url(server.jwks_url());
    let clerk = builder.build_verifier().unwrap();
    let status = async || {
        let auth = clerk.authenticate_token(&local.sign_in("user_ada").token()).await;
        auth.require_session().map_or_else(|rejection| rejection.status().as_u16(), |_| 200)
    };
    local.inject(clerk_tests::keys_down());
    assert_eq!(status().await, 503);
    let error = clerk.keys().warm_up().await.unwrap_err().to_string();
    assert!(error.contains("status 503"), "{error}");
    local.clear_faults();
    let clerk = Clerk::builder().publishable_key(local.publishable_key()).jwks_url(server.jwks_url());
    let clerk = clerk.build_verifier().unwrap();
    let signed_in =
        async || clerk.authenticate_token(&local.sign_in("user_ada").token()).await.session().is_some();
    assert!(signed_in().await);
    local.rotate_keys();
    assert!(signed_in().await);
}

#[tokio::test]
async fn a_machines_key_goes_to_the_api_only() {
    // The host of the key set gets no key, and cannot vouch for an opaque token.
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = seen.clone();
    let transport = Script::new(move |received| {
        let request = &received.request;
        let key =
            request.headers().get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
        record.lock().unwrap().push((request.uri().to_string(), key));
        Reply::json(404, &json!({"errors": []}))
    });
    let clerk = Clerk::builder()
        .publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k")
        .machine_secret_key("ak_machine")
        .transport(transport)
        .authentication(|options| options.accepted_kinds(AcceptedKinds::any()))
        .build_verifier()
        .unwrap();
    for token in ["mt_1", "oat_1", "ak_1", &LocalClerk::seeded().sign_in("user_ada").token()] {
        assert!(clerk.authenticate_token(token).await.machine().is_none());
    }
    let seen = seen.lock().unwrap().clone();
    let to = |host: &str| seen.iter().filter(|(uri, _)| uri.starts_with(host)).collect::<Vec<_>>();
    let (api, keys) = (to("https://api.clerk.com/"), to("https://clerk.example.com/.well-known/jwks.json"));
    assert_eq!(seen.len(), api.len() + keys.len(), "{seen:?}");
    assert!(keys.iter().all(|(_, key)| key.is_none()) && !keys.is_empty(), "{seen:?}");
    assert!(api.len() == 1 && api[0].0.ends_with("/m2m_tokens/verify"), "{seen:?}");
}

#[tokio::test]
async fn a_configured_key_of_another_instance_is_named_in_the_log() {
    let (log, local) = (Log::default(), LocalClerk::seeded());
    let token = local.sign_in("user_ada").token();
    for (key, is_named) in [(local.jwt_key(), false), (LocalClerk::seeded().jwt_key(), true)] {
        let clerk = Clerk::builder().jwt_key(key).build_verifier().unwrap();
        let _guard = log.listen(Level::WARN);
        assert_eq!(clerk.authenticate_token(&token).await.session().is_none(), is_named);
        let warnings = log.take();
        assert_eq!(warnings.contains("configured-key"), is_named, "{warnings}");
    }
}

#[tokio::test]
async fn options_that_are_made_anew_keep_the_issuers() {
    let local = LocalClerk::seeded();
    let token = local.sign_in("user_ada").token();
    let other = |builder: clerk_axum::ClerkBuilder| {
        let builder = builder.jwt_key(local.jwt_key());
        builder.authentication(|options| options.issuers(["https://clerk.example.com"]))
    };
    let clients: [ClerkVerifier; 2] = [
        other(Clerk::builder()).build_verifier().unwrap(),
        other(Clerk::builder().secret_key("sk_test_abc")).build().unwrap().into(),
    ];
    for clerk in clients {
        let anew = clerk_axum::AuthenticateOptions::new();
        for layer in [ClerkLayer::new(&clerk), ClerkLayer::with_options(&clerk, anew).unwrap()] {
            let app = Router::new().route("/", get(async |_: Session| "in")).layer(layer);
            assert_eq!(bearer(&app, "/", &token).await, (401, "token-invalid-issuer".to_owned()));
        }
        let meant = clerk_axum::AuthenticateOptions::new().issuers([local.issuer()]);
        let layer = ClerkLayer::with_options(&clerk, meant).unwrap();
        let app = Router::new().route("/", get(async |_: Session| "in")).layer(layer);
        assert_eq!(bearer(&app, "/", &token).await, ok("in"));
    }
}

#[test]
fn an_address_names_the_issuer_in_the_form_that_tokens_have() {
    for url in [
        "https://clerk.example.com/.well-known/jwks.json",
        "https://Clerk.Example.COM/.well-known/jwks.json",
        "https://clerk.example.com:443/keys",
    ] {
        let clerk = Clerk::builder().jwks_url(url).build_verifier().unwrap();
        let issuers = clerk.authenticate_options().accepted_issuers().unwrap();
        assert_eq!(issuers, ["https://clerk.example.com"], "{url}");
    }
    let error = Clerk::builder()
        .machine_secret_key("ak_machine")
        .jwks_url("https://clerk.example.com/keys")
        .build_machine()
        .unwrap_err();
    assert!(error.to_string().starts_with("jwks_url: has no effect on a machine's client"), "{error}");
}

#[test]
fn a_layer_that_adds_the_origin_of_a_proxy_adds_its_issuer() {
    let clerk = Clerk::builder()
        .publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k")
        .authentication(|options| options.proxy_url("/__clerk"))
        .build_verifier()
        .unwrap();
    let origin = clerk_axum::Forwarded::Origin("https://app.example.com".parse().unwrap());
    let issuers = clerk.authenticate_options().forwarded(origin).accepted_issuers().unwrap();
    assert_eq!(issuers, ["https://clerk.example.com", "https://app.example.com/__clerk"]);
}

#[test]
fn webhooks_need_only_their_own_secret() {
    let clerk = Clerk::builder().webhook_secret("whsec_c2VjcmV0").build_verifier().unwrap();
    assert!(clerk.as_clerk().is_none() && ClerkWebhooks::new(&clerk).is_ok());
}

#[test]
fn settings_that_cannot_work_are_errors() {
    let builder = Clerk::builder;
    let pem = "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----";
    for (result, says) in [
        (builder().build_verifier(), "publishable_key: not set; to verify tokens, set one of"),
        (
            builder().jwks_url("http://clerk.example.com/.well-known/jwks.json").build_verifier(),
            "jwks_url: with http",
        ),
        (builder().jwks_url("https://clerk.example.com/").build_verifier(), "jwks_url: expected the address"),
        (
            builder().jwks_url("https://clerk.example.com/keys?x=1").build_verifier(),
            "jwks_url: expected the address",
        ),
        (builder().jwks_url("clerk.example.com").build_verifier(), "jwks_url: expected the address"),
        (builder().jwt_key("{}").build_verifier(), "jwt_key: the document is not a JSON Web Key Set"),
        (builder().jwt_key(r#"{"keys":[]}"#).build_verifier(), "jwt_key: the JSON Web Key Set has no keys"),
        (
            builder().jwt_key(r#"{"keys":[{"kid":"a","kty":"EC"}]}"#).build_verifier(),
            "jwt_key: none of the keys can verify",
        ),
        (builder().jwks_url("https://clerk.example.com").build_verifier(), "jwks_url: expected the address"),
        (
            builder().jwks_url("https://clerk.example.com/<jwks>").build_verifier(),
            "jwks_url: expected the address",
        ),
        (builder().jwt_key(pem).build_verifier(), "jwt_key:"),
        (
            builder().secret_key("sk_test_a").jwks_url("https://a.example.com/jwks.json").build_verifier(),
            "jwks_url: has no effect beside `secret_key`",
        ),
        (
            builder()
                .publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k")
                .authentication(|options| options.accepted_kinds(clerk_axum::token::TokenKind::ApiKey))
                .build_verifier(),
            "authentication: accepted_kinds: API keys can only be verified by Clerk",
        ),
    ] {
        let error = result.unwrap_err().to_string();
        assert!(error.starts_with(says), "{error}");
    }
    let http = builder().jwks_url("http://127.0.0.1:1/.well-known/jwks.json").build_verifier();
    assert!(http.is_ok(), "loopback is not encrypted");
}
