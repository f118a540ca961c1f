//! Tests of OAuth applications and of the provider, request by request.

use std::time::Duration;

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower_service::Service as _;
use url::Url;

use super::{Fixture, has_fields, none};
use crate::{LocalOAuthApplication, state::oauth::hash};

const HERE: &str = "http://127.0.0.1:4000";
const BACK: &str = "https://app.example.com/cb?from=clerk";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const RESOURCE: &str = "https://mcp.example.com/mcp";

struct Reply {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// Returns a parameter of the redirect.
    fn pair(&self, name: &str) -> String {
        let Ok(url) = Url::parse(self.header("location")) else { return String::new() };
        let found = url.query_pairs().find(|pair| pair.0 == name);
        found.map(|pair| pair.1.into_owned()).unwrap_or_default()
    }

    /// Returns `error` of the redirect or the body.
    fn error(&self) -> String {
        let error = self.pair("error");
        if error.is_empty() { self.json()["error"].as_str().unwrap_or_default().to_owned() } else { error }
    }
}

fn form(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().filter(|pair| !pair.1.is_empty());
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Replaces parameters; an empty value removes one.
fn with<'a>(pairs: &[(&'a str, &'a str)], changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = pairs.iter().filter(|pair| !changes.iter().any(|change| change.0 == pair.0));
    kept.chain(changes).copied().collect()
}

/// A provider with an application, and a browser in which Ada is signed in.
struct World {
    fixture: Fixture,
    app: LocalOAuthApplication,
    cookie: String,
}

impl World {
    fn new() -> Self {
        let fixture = Fixture::seeded();
        let app = fixture
            .local
            .oauth_application("Reports")
            .redirect_uri(BACK)
            .scopes(["openid", "profile", "email", "public_metadata", "offline_access", "user:org:read"])
            .create();
        let mut world = Self { fixture, app, cookie: String::new() };
        world.sign_in("user_ada");
        world
    }

    fn sign_in(&mut self, user: &str) {
        self.cookie.clear();
        let reply = self.browse("POST", "/sign-in", &form(&[("user", user)]));
        self.cookie = reply.header("set-cookie").split(';').next().unwrap().to_owned();
        assert!(!self.cookie.is_empty());
    }

    fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(target);
        if !headers.iter().any(|header| header.0 == "host") {
            request = request.header("host", "127.0.0.1:4000");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        let response = self.fixture.local.clone().call(request).now_or_never().unwrap().unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.into_body().collect().now_or_never().unwrap().unwrap().to_bytes();
        Reply { status, headers, text: String::from_utf8(text.to_vec()).unwrap() }
    }

    /// Sends what a page of the server itself sends.
    fn browse(&self, method: &str, target: &str, body: &str) -> Reply {
        let headers = [("cookie", &*self.cookie), ("sec-fetch-dest", "document"), ("origin", HERE)];
        self.send(method, target, if method == "GET" { &headers[..2] } else { &headers }, body)
    }

    /// The parameters of a good authorization request.
    fn request(&self) -> Vec<(&str, &str)> {
        vec![
            ("response_type", "code"),
            ("client_id", &self.app.client_id),
            ("redirect_uri", BACK),
            ("scope", "openid email"),
            ("state", "a state/&="),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ]
    }

    fn authorize(&self, changes: &[(&str, &str)]) -> Reply {
        let pairs = form(&with(&self.request(), changes));
        self.browse("GET", &format!("/oauth/authorize?{pairs}"), "")
    }

    /// Decides on the consent page.
    fn decide(&self, changes: &[(&str, &str)]) -> Reply {
        let decision = with(&self.request(), &[("consented", "true"), ("user", "user_ada")]);
        self.browse("POST", "/oauth/authorize", &form(&with(&decision, changes)))
    }

    fn code(&self, changes: &[(&str, &str)]) -> String {
        let reply = self.decide(changes);
        assert_eq!((reply.status, reply.error()), (303, String::new()), "{}", reply.text);
        reply.pair("code")
    }

    /// Sends a form to an endpoint for applications, with the application's secret.
    fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Reply {
        let secret = self.app.client_secret.as_deref().unwrap_or_default();
        let own = [("client_id", &*self.app.client_id), ("client_secret", secret)];
        let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        self.send("POST", path, &headers, &form(&with(&own, pairs)))
    }

    fn exchange(&self, code: &str, changes: &[(&str, &str)]) -> Reply {
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        self.post("/oauth/token", &with(&pairs, changes))
    }

    /// Returns the tokens that the user allows with these changes of the request.
    fn tokens(&self, changes: &[(&str, &str)]) -> Value {
        let reply = self.exchange(&self.code(changes), &[]);
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()
    }

    fn refresh(&self, token: &Value, changes: &[(&str, &str)]) -> Reply {
        let pairs = [("grant_type", "refresh_token"), ("refresh_token", token.as_str().unwrap())];
        self.post("/oauth/token", &with(&pairs, changes))
    }

    fn userinfo(&self, token: &Value) -> Reply {
        let bearer = format!("Bearer {}", token.as_str().unwrap());
        self.send("GET", "/oauth/userinfo", &[("authorization", &bearer)], "")
    }

    fn is_active(&self, token: &Value) -> bool {
        let reply = self.post("/oauth/token_info", &[("token", token.as_str().unwrap())]);
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()["active"] == true
    }
}

fn part(token: &Value, at: usize) -> Value {
    let part = token.as_str().unwrap().split('.').nth(at).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn applications_are_created_updated_and_deleted() {
    let fixture = Fixture::new();
    let body =
        json!({"name": "Reports", "redirect_uris": [BACK], "scopes": "openid email", "pkce_required": true});
    let created = fixture.ok("POST", "/v1/oauth_applications", &body);
    assert_eq!(created["client_secret"].as_str().unwrap().len(), 32);
    for (field, expected) in [
        ("object", json!("oauth_application")),
        ("name", json!("Reports")),
        ("redirect_uris", json!([BACK])),
        ("callback_url", json!(BACK)),
        ("scopes", json!("openid email")),
        ("consent_screen_enabled", json!(true)),
        ("pkce_required", json!(true)),
        ("public", json!(false)),
        ("dynamically_registered", json!(false)),
        ("client_uri", json!(null)),
        ("client_image_url", json!(null)),
    ] {
        assert_eq!(created[field], expected, "{field}");
    }
    let fields =
        ["authorize_url", "token_fetch_url", "user_info_url", "discovery_url", "token_introspection_url"];
    has_fields(&created, &fields);
    fixture.tick();
    let body = json!({"name": "App", "callback_url": "myapp://cb", "public": true, "scopes": null});
    let public = fixture.ok("POST", "/v1/oauth_applications", &body);
    assert_eq!((&public["client_secret"], &public["scopes"]), (&json!(""), &json!("profile email")));
    assert_eq!(public["redirect_uris"], json!(["myapp://cb"]));

    let path = format!("/v1/oauth_applications/{}", created["id"].as_str().unwrap());
    assert_eq!(fixture.get(&path).get("client_secret"), None);
    for (query, expected) in [
        ("", &["App", "Reports"][..]),
        ("?order_by=created_at", &["Reports", "App"]),
        ("?order_by=%2Bname", &["App", "Reports"]),
        ("?order_by=-name&limit=1", &["Reports"]),
        ("?name_query=REP", &["Reports"]),
        (&format!("?name_query={}", public["client_id"].as_str().unwrap()), &["App"]),
        ("?offset=2", &[]),
    ] {
        assert_eq!(fixture.column(&format!("/v1/oauth_applications{query}"), "/name"), expected, "{query}");
    }
    fixture.tick();
    let body = json!({"name": "Reporting", "redirect_uris": [], "consent_screen_enabled": false});
    let updated = fixture.ok("PATCH", &path, &body);
    assert_eq!((&updated["name"], &updated["callback_url"]), (&json!("Reporting"), &json!("")));
    assert_eq!(
        (&updated["consent_screen_enabled"], &updated["scopes"]),
        (&json!(false), &json!("openid email"))
    );
    assert!(updated["updated_at"].as_i64() > updated["created_at"].as_i64());
    let rotated = fixture.ok("POST", &format!("{path}/rotate_secret"), &none());
    assert_ne!(rotated["client_secret"], created["client_secret"]);
    assert_eq!(fixture.ok("DELETE", &path, &none())["deleted"], true);
    fixture.refuses("GET", &path, &none(), 404, "resource_not_found", "");
}

#[test]
fn invalid_applications_are_rejected() {
    let fixture = Fixture::new();
    let application = fixture.local.oauth_application("Reports").create();
    let known = format!("/v1/oauth_applications/{}", application.id);
    let long = "x".repeat(257);
    for (body, code, param) in [
        (json!({}), "form_param_missing", "name"),
        (json!({"name": long}), "form_param_format_invalid", "name"),
        (json!({"name": "A", "redirect_uris": ["/cb"]}), "form_param_format_invalid", "redirect_uris"),
        (
            json!({"name": "A", "redirect_uris": [BACK, "javascript:x"]}),
            "form_param_format_invalid",
            "redirect_uris",
        ),
        (json!({"name": "A", "redirect_uris": BACK}), "form_param_format_invalid", "redirect_uris"),
        (json!({"name": "A", "callback_url": "cb#x"}), "form_param_format_invalid", "callback_url"),
        (json!({"name": "A", "scopes": "email admin"}), "form_param_format_invalid", "scopes"),
        (json!({"name": "A", "public": 1}), "form_param_format_invalid", "public"),
        (json!({"name": "A", "color": 1}), "form_param_unknown", "color"),
    ] {
        fixture.refuses("POST", "/v1/oauth_applications", &body, 422, code, param);
        if code != "form_param_missing" {
            fixture.refuses("PATCH", &known, &body, 422, code, param);
        }
    }
    let missing = "/v1/oauth_applications/oa_x";
    for (method, path, body, status, code) in [
        ("GET", missing.to_owned(), none(), 404, "resource_not_found"),
        ("PATCH", missing.to_owned(), json!({}), 404, "resource_not_found"),
        ("DELETE", missing.to_owned(), none(), 404, "resource_not_found"),
        ("POST", format!("{missing}/rotate_secret"), none(), 404, "resource_not_found"),
        ("POST", format!("{missing}/revoke_token"), json!({"token": "x"}), 404, "resource_not_found"),
        ("POST", format!("{known}/revoke_token"), json!({"token": "oat_x"}), 404, "resource_not_found"),
    ] {
        fixture.refuses(method, &path, &body, status, code, "");
    }
    fixture.refuses("POST", &format!("{known}/revoke_token"), &json!({}), 422, "form_param_missing", "token");
    let jwt = json!({"token": "a.b.c"});
    fixture.refuses(
        "POST",
        &format!("{known}/revoke_token"),
        &jwt,
        422,
        "form_param_format_invalid",
        "token",
    );
}

#[test]
fn clients_discover_the_endpoints() {
    let world = World::new();
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        for (host, issuer) in [("127.0.0.1:4000", HERE), ("localhost", "http://localhost")] {
            let reply = world.send("GET", path, &[("host", host), ("origin", "http://localhost:6274")], "");
            assert_eq!(
                (reply.status, reply.header("access-control-allow-origin")),
                (200, "*"),
                "{}",
                reply.text
            );
            assert_eq!(reply.json()["issuer"], issuer);
        }
        let document = world.send("GET", path, &[], "").json();
        assert_eq!(document["issuer"], HERE);
        assert_eq!(document["authorization_endpoint"], format!("{HERE}/oauth/authorize"));
        assert_eq!(document["token_endpoint"], format!("{HERE}/oauth/token"));
        assert_eq!(document["revocation_endpoint"], format!("{HERE}/oauth/token/revoke"));
        assert_eq!(document["jwks_uri"], format!("{HERE}/.well-known/jwks.json"));
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(document["authorization_response_iss_parameter_supported"], true);
        assert_eq!(world.send("POST", path, &[], "").status, 405);
    }
    let get = || world.send("GET", "/.well-known/oauth-authorization-server", &[], "").json();
    assert_eq!(
        (get().get("registration_endpoint"), get().get("client_id_metadata_document_supported")),
        (None, None)
    );
    world.fixture.local.set_dynamic_registration(true);
    world.fixture.local.set_client_id_metadata_documents_advertised(true);
    assert_eq!(get()["registration_endpoint"], format!("{HERE}/oauth/register"));
    assert_eq!(get()["client_id_metadata_document_supported"], true);
    // A page of this computer may call; pages of other sites may not.
    let ask = |origin| {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        let reply = world.send("OPTIONS", "/oauth/token", &headers, "");
        (reply.status, reply.header("access-control-allow-headers").contains("authorization"))
    };
    assert_eq!(ask("http://localhost:6274"), (204, true));
    assert_eq!(ask("https://example.com"), (403, false));
}

#[test]
fn a_user_allows_an_application_what_it_asks_for() {
    let world = World::new();
    let page = world.authorize(&[("resource", RESOURCE), ("nonce", "n-1")]);
    assert_eq!((page.status, page.header("x-frame-options")), (200, "DENY"));
    for text in [
        "Reports wants to access your account",
        "Ada Lovelace",
        "app.example.com",
        "See your email address",
        RESOURCE,
        "name=\"state\" value=\"a state/&amp;=\"",
        "name=\"nonce\" value=\"n-1\"",
    ] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    let reply = world.decide(&[]);
    assert_eq!((reply.status, reply.header("cache-control")), (303, "no-store"));
    assert!(reply.header("location").starts_with(BACK), "{}", reply.header("location"));
    assert_eq!((reply.pair("state"), reply.pair("iss")), ("a state/&=".to_owned(), HERE.to_owned()));
    let denied = world.decide(&[("consented", "false")]);
    assert_eq!(
        (denied.error(), denied.pair("state"), denied.pair("code")),
        ("access_denied".to_owned(), "a state/&=".to_owned(), String::new())
    );

    let tokens = world.exchange(&reply.pair("code"), &[]);
    assert_eq!(
        (tokens.status, tokens.header("cache-control"), tokens.header("pragma")),
        (200, "no-store", "no-cache")
    );
    let tokens = tokens.json();
    for (field, expected) in
        [("token_type", json!("Bearer")), ("expires_in", json!(86_400)), ("scope", json!("openid email"))]
    {
        assert_eq!(tokens[field], expected);
    }
    let user = world.userinfo(&tokens["access_token"]).json();
    assert_eq!((&user["sub"], &user["email"]), (&json!("user_ada"), &json!("ada@example.com")));
    assert_eq!((user.get("given_name"), user.get("public_metadata")), (None, None));
    let verified = json!({"access_token": tokens["access_token"]});
    let verified = world.fixture.ok("POST", "/v1/oauth_applications/access_tokens/verify", &verified);
    assert_eq!(
        (&verified["client_id"], &verified["subject"]),
        (&json!(world.app.client_id), &json!("user_ada"))
    );
    assert_eq!((&verified["scopes"], &verified["revoked"]), (&json!(["openid", "email"]), &json!(false)));
}

#[test]
fn an_id_token_says_who_signed_in_and_for_whom() {
    let world = World::new();
    world.fixture.clock.advance(Duration::from_secs(7));
    let tokens = world.tokens(&[
        ("nonce", "n-1"),
        ("scope", "openid profile user:org:read"),
        ("organization_id", "org_acme"),
    ]);
    let (header, claims) = (part(&tokens["id_token"], 0), part(&tokens["id_token"], 1));
    assert_eq!((&header["alg"], &header["kid"]), (&json!("RS256"), &json!(world.fixture.local.key_id())));
    let half = BASE64_URL_SAFE_NO_PAD.decode(hash(tokens["access_token"].as_str().unwrap())).unwrap();
    for (name, expected) in [
        ("iss", json!(HERE)),
        ("sub", json!("user_ada")),
        ("aud", json!(world.app.client_id)),
        ("nonce", json!("n-1")),
        ("auth_time", json!(1_700_000_000)),
        ("iat", json!(1_700_000_007)),
        ("exp", json!(1_700_086_407)),
        ("at_hash", json!(BASE64_URL_SAFE_NO_PAD.encode(&half[..16]))),
        ("given_name", json!("Ada")),
        ("org_id", json!("org_acme")),
        ("org_slug", json!("acme")),
    ] {
        assert_eq!(claims[name], expected, "{name}");
    }
    assert_eq!(claims.get("email"), None);
    // A refreshed ID token is not bound to the first request.
    let refreshed = world.refresh(&tokens["refresh_token"], &[]).json();
    assert_eq!(part(&refreshed["id_token"], 1).get("nonce"), None);
    assert_eq!(world.tokens(&[("scope", "email")]).get("id_token"), None);
    // An ID token is not an access token, and neither is a session token.
    let session = world.fixture.local.sign_in("user_ada").token();
    for token in [&tokens["id_token"], &json!(session)] {
        assert_eq!((world.userinfo(token).status, world.is_active(token)), (401, false));
        let body = json!({ "access_token": token });
        let path = "/v1/oauth_applications/access_tokens/verify";
        world.fixture.refuses("POST", path, &body, 404, "resource_not_found", "");
    }
}

#[test]
fn errors_are_shown_to_the_user_until_the_redirect_uri_is_known() {
    let world = World::new();
    let twice = format!("{}&client_id=x", form(&world.request()));
    let long = "x".repeat(9000);
    for (changes, status, text) in [
        (vec![("client_id", "")], 400, "no client_id"),
        (vec![("client_id", "x")], 401, "Unknown application"),
        (vec![("redirect_uri", "https://evil.example.com/")], 400, "registered"),
        (vec![("redirect_uri", "https://app.example.com/cb")], 400, "registered"),
        (vec![("state", &*long)], 400, "too long"),
    ] {
        let page = world.authorize(&changes);
        assert_eq!((page.status, page.header("location")), (status, ""), "{changes:?}");
        assert!(page.text.contains(text), "{changes:?}: {}", page.text);
    }
    let page = world.browse("GET", &format!("/oauth/authorize?{twice}"), "");
    assert_eq!((page.status, page.header("location")), (400, ""));
    assert_eq!(world.browse("DELETE", "/oauth/authorize", "").status, 405);
    // With a single registered URI, the request may leave it out.
    assert_eq!(world.authorize(&[("redirect_uri", "")]).status, 200);
}

#[test]
fn other_errors_go_to_the_application() {
    let world = World::new();
    for (changes, error) in [
        (vec![("response_type", "")], "invalid_request"),
        (vec![("response_type", "token")], "unsupported_response_type"),
        (vec![("response_mode", "fragment")], "invalid_request"),
        (vec![("scope", "openid admin")], "invalid_scope"),
        (vec![("scope", "private_metadata")], "invalid_scope"),
        (vec![("state", "short")], "invalid_state"),
        (vec![("state", ""), ("code_challenge", "")], "invalid_state"),
        (vec![("code_challenge", "short")], "invalid_request"),
        (vec![("code_challenge_method", "plain")], "invalid_request"),
        (vec![("code_challenge_method", "")], "invalid_request"),
        (vec![("prompt", "none login")], "invalid_request"),
        (vec![("prompt", "select")], "invalid_request"),
        (vec![("prompt", "none")], "consent_required"),
        (vec![("resource", "mcp.example.com")], "invalid_target"),
        (vec![("resource", "https://mcp.example.com/#x")], "invalid_target"),
        (vec![("request", "a.b.c")], "request_not_supported"),
        (vec![("request_uri", "https://a.example")], "request_uri_not_supported"),
        (vec![("nonce", "a"), ("nonce", "b")], "invalid_request"),
    ] {
        let reply = world.authorize(&changes);
        assert_eq!((reply.status, &*reply.error()), (303, error), "{changes:?} {}", reply.text);
        assert_eq!(reply.pair("iss"), HERE, "{changes:?}");
        assert!(reply.header("location").starts_with(BACK));
        let state = changes.iter().find(|change| change.0 == "state").map_or("a state/&=", |change| change.1);
        assert_eq!(reply.pair("state"), state, "{changes:?}");
    }
    let public =
        world.fixture.local.oauth_application("CLI").redirect_uri("http://127.0.0.1/cb").public().create();
    let own = [
        ("client_id", &*public.client_id),
        ("redirect_uri", "http://127.0.0.1:9/cb"),
        ("scope", ""),
        ("code_challenge", ""),
    ];
    let reply = world.authorize(&own);
    assert_eq!(reply.error(), "invalid_request");
    assert!(reply.header("location").starts_with("http://127.0.0.1:9/cb?error="));
}

#[test]
fn the_user_is_asked_to_sign_in_and_to_consent() {
    let mut world = World::new();
    let signed_in = std::mem::take(&mut world.cookie);
    assert_eq!(world.authorize(&[("prompt", "none")]).error(), "login_required");
    let reply = world.authorize(&[("prompt", "login consent"), ("resource", RESOURCE)]);
    assert_eq!((reply.status, reply.header("location").starts_with("/sign-in?redirect_url=")), (303, true));
    let back = Url::parse(&format!("{HERE}{}", reply.header("location"))).unwrap();
    let back = Url::parse(&back.query_pairs().next().unwrap().1).unwrap();
    assert_eq!(back[..url::Position::AfterPath], format!("{HERE}/oauth/authorize"));
    let pairs: Vec<_> = back.query_pairs().into_owned().collect();
    let value = |name: &str| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.as_str());
    // The same request, except that the user has signed in then.
    assert_eq!(
        (value("prompt"), value("state"), value("resource")),
        (Some("consent"), Some("a state/&="), Some(RESOURCE))
    );
    // A token in a link does not sign in.
    let browser = signed_in.split_once('=').unwrap().1;
    assert_eq!(world.authorize(&[("__clerk_db_jwt", browser)]).status, 303);

    // `prompt=login` ends the session of the browser.
    world.cookie = signed_in;
    assert_eq!(world.authorize(&[]).status, 200);
    assert_eq!(world.authorize(&[("prompt", "login")]).status, 303);
    assert_eq!(world.authorize(&[]).status, 303);

    world.sign_in("user_ada");
    let trusted =
        world.fixture.local.oauth_application("Own").redirect_uri(BACK).consent_screen(false).create();
    let own = [("client_id", &*trusted.client_id), ("scope", "")];
    for (prompt, status, has_code) in [("", 303, true), ("none", 303, true), ("consent", 200, false)] {
        let reply = world.authorize(&with(&own, &[("prompt", prompt)]));
        assert_eq!((reply.status, !reply.pair("code").is_empty()), (status, has_code), "{prompt}");
    }
}

#[test]
fn only_the_consent_page_can_consent_and_only_for_the_user_who_saw_it() {
    let world = World::new();
    let decision = with(&world.request(), &[("consented", "true"), ("user", "user_ada")]);
    for (origin, status) in [
        (HERE, 303),
        ("http://127.0.0.1:3000", 403),
        ("http://localhost:4000", 403),
        ("https://evil.example.com", 403),
        ("null", 403),
    ] {
        let headers = [("cookie", &*world.cookie), ("sec-fetch-dest", "document"), ("origin", origin)];
        let reply = world.send("POST", "/oauth/authorize", &headers, &form(&decision));
        assert_eq!((reply.status, reply.pair("code").is_empty()), (status, status == 403), "{origin}");
    }
    // A link cannot decide, and another application's form starts a request.
    let reply = world.authorize(&[("consented", "true"), ("user", "user_ada")]);
    assert_eq!((reply.status, reply.header("location")), (200, ""));
    let headers =
        [("cookie", &*world.cookie), ("sec-fetch-dest", "document"), ("origin", "https://app.example.com")];
    assert_eq!(world.send("POST", "/oauth/authorize", &headers, &form(&world.request())).status, 200);
    // Somebody else signed in meanwhile.
    let reply = world.decide(&[("user", "user_grace")]);
    assert_eq!((reply.status, reply.text.contains("wants to access")), (200, true));
    // Organizations of others cannot be chosen.
    world.fixture.local.organization("Other").id("org_other").create();
    let reply = world.decide(&[("scope", "user:org:read"), ("organization_id", "org_other")]);
    assert_eq!(reply.status, 404);
}

#[test]
fn a_response_can_be_posted_as_a_form() {
    let world = World::new();
    let page = world.decide(&[("response_mode", "form_post")]);
    assert_eq!(page.status, 200);
    for text in [
        "action=\"https://app.example.com/cb?from=clerk\"",
        "name=\"code\" value=\"clk_code_",
        "document.forms[0].submit()",
    ] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    let policy = page.header("content-security-policy");
    let script =
        BASE64_STANDARD.encode(BASE64_URL_SAFE_NO_PAD.decode(hash("document.forms[0].submit()")).unwrap());
    assert!(policy.contains(&format!("script-src 'sha256-{script}'")), "{policy}");
    let denied = world.authorize(&[("response_mode", "form_post"), ("scope", "admin")]);
    assert!(denied.text.contains("name=\"error\" value=\"invalid_scope\""), "{}", denied.text);
}

#[test]
fn invalid_token_requests_are_rejected() {
    let world = World::new();
    let other = world.fixture.local.oauth_application("Other").redirect_uri(BACK).create();
    let secret = other.client_secret.clone().unwrap();
    for (changes, status, error) in [
        (vec![("grant_type", "")], 400, "invalid_request"),
        (vec![("grant_type", "password")], 400, "unsupported_grant_type"),
        (vec![("code", "")], 400, "invalid_request"),
        (vec![("code", "clk_code_x")], 400, "invalid_grant"),
        (vec![("client_id", "")], 400, "invalid_request"),
        (vec![("client_id", "x")], 401, "invalid_client"),
        (vec![("client_secret", "")], 401, "invalid_client"),
        (vec![("client_secret", "x")], 401, "invalid_client"),
        (vec![("client_id", &*other.client_id), ("client_secret", &*secret)], 400, "invalid_grant"),
        (vec![("redirect_uri", "")], 400, "invalid_grant"),
        (vec![("redirect_uri", "https://app.example.com/cb")], 400, "invalid_grant"),
        (vec![("code_verifier", "")], 400, "invalid_request"),
        (vec![("code_verifier", "x")], 400, "invalid_grant"),
        (vec![("code_verifier", "xBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")], 400, "invalid_grant"),
        (vec![("resource", RESOURCE)], 400, "invalid_target"),
        (vec![("scope", "a"), ("scope", "b")], 400, "invalid_request"),
    ] {
        let code = world.code(&[]);
        let reply = world.exchange(&code, &changes);
        assert_eq!((reply.status, &*reply.error()), (status, error), "{changes:?} {}", reply.text);
        assert_eq!(reply.header("www-authenticate").starts_with("Basic"), status == 401, "{changes:?}");
        // A request that fails does not use up the code.
        assert_eq!(world.exchange(&code, &[]).status, 200, "{changes:?}");
    }
    // Somebody removed the challenge from the request.
    let code = world.code(&[("code_challenge", "")]);
    assert_eq!(world.exchange(&code, &[]).error(), "invalid_grant");
    assert_eq!(world.exchange(&code, &[("code_verifier", "")]).status, 200);

    let code = world.code(&[]);
    let json = world.send("POST", "/oauth/token", &[("content-type", "application/json")], "{}");
    assert_eq!((json.status, json.error()), (400, "invalid_request".to_owned()));
    assert_eq!(world.send("GET", "/oauth/token", &[], "").status, 405);
    // In the header: the secret once, and the same client.
    let basic =
        |id: &str, secret: &str| format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")));
    let (id, secret) = (&*world.app.client_id, world.app.client_secret.as_deref().unwrap());
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    for (header, more, status) in [
        (basic(id, "x"), vec![], 401),
        (basic("x", secret), vec![], 401),
        ("Bearer x".to_owned(), vec![], 401),
        ("Basic !".to_owned(), vec![], 401),
        (basic(id, secret), vec![("client_secret", secret)], 400),
        (basic(id, secret), vec![("client_id", "x")], 400),
        (basic(id, secret), vec![("client_id", id)], 200),
    ] {
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("authorization", &*header)];
        let reply = world.send("POST", "/oauth/token", &headers, &form(&with(&pairs, &more)));
        assert_eq!(reply.status, status, "{header} {more:?} {}", reply.text);
    }
}

#[test]
fn a_code_is_valid_for_ten_minutes_and_once() {
    let world = World::new();
    for (seconds, status) in [(599, 200), (600, 400)] {
        let code = world.code(&[]);
        world.fixture.clock.advance(Duration::from_secs(seconds));
        assert_eq!(world.exchange(&code, &[]).status, status, "{seconds}");
    }
    // The second use revokes what the first one got.
    let code = world.code(&[]);
    let tokens = world.exchange(&code, &[]).json();
    assert!(world.is_active(&tokens["access_token"]) && world.is_active(&tokens["refresh_token"]));
    assert_eq!(world.exchange(&code, &[]).error(), "invalid_grant");
    assert!(!world.is_active(&tokens["access_token"]) && !world.is_active(&tokens["refresh_token"]));
    assert_eq!(world.refresh(&tokens["refresh_token"], &[]).error(), "invalid_grant");
    assert_eq!(world.userinfo(&tokens["access_token"]).status, 401);
}

#[test]
fn refresh_tokens_rotate_and_an_old_one_ends_the_grant() {
    let world = World::new();
    let first = world.tokens(&[("scope", "openid email profile")]);
    let second = world.refresh(&first["refresh_token"], &[("scope", "email")]);
    assert_eq!((second.status, &second.json()["scope"]), (200, &json!("email")));
    let second = second.json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_ne!(second["access_token"], first["access_token"]);
    // The grant still has all scopes, and no more.
    let third = world.refresh(&second["refresh_token"], &[]).json();
    assert_eq!(third["scope"], "openid email profile");
    for (changes, error) in [
        (vec![("scope", "openid public_metadata")], "invalid_scope"),
        (vec![("resource", RESOURCE)], "invalid_target"),
        (vec![("refresh_token", "")], "invalid_request"),
        (vec![("refresh_token", "clk_refresh_x")], "invalid_grant"),
    ] {
        assert_eq!(world.refresh(&third["refresh_token"], &changes).error(), error, "{changes:?}");
    }
    // A token of another client does not end its grant.
    let other = world.fixture.local.oauth_application("Other").create();
    let own = [("client_id", &*other.client_id), ("client_secret", other.client_secret.as_deref().unwrap())];
    assert_eq!(world.refresh(&first["refresh_token"], &own).error(), "invalid_grant");
    assert!(world.is_active(&third["access_token"]) && world.is_active(&third["refresh_token"]));
    assert_eq!(world.refresh(&first["refresh_token"], &[]).error(), "invalid_grant");
    for token in [&first["access_token"], &third["access_token"], &third["refresh_token"]] {
        assert!(!world.is_active(token));
    }
    assert_eq!(world.refresh(&third["refresh_token"], &[]).error(), "invalid_grant");
}

#[test]
fn tokens_end_with_time_the_user_and_the_application() {
    type End = fn(&World);
    let ends: [(&str, End); 5] = [
        ("the user is deleted", |world| drop(world.fixture.ok("DELETE", "/v1/users/user_ada", &none()))),
        ("the user is banned", |world| drop(world.fixture.ok("POST", "/v1/users/user_ada/ban", &none()))),
        ("the application is deleted", |world| {
            world.fixture.ok("DELETE", &format!("/v1/oauth_applications/{}", world.app.id), &none());
        }),
        ("the secret is rotated", |world| {
            world.fixture.ok(
                "POST",
                &format!("/v1/oauth_applications/{}/rotate_secret", world.app.id),
                &none(),
            );
        }),
        ("ten years", |world| world.fixture.clock.advance(Duration::from_secs(315_360_000))),
    ];
    for (what, end) in ends {
        let world = World::new();
        let tokens = world.tokens(&[]);
        let code = world.code(&[]);
        end(&world);
        let expected = if what == "the secret is rotated" { 200 } else { 401 };
        assert_eq!(world.userinfo(&tokens["access_token"]).status, expected, "{what}");
        assert_ne!(world.refresh(&tokens["refresh_token"], &[]).status, 200, "{what}");
        assert_ne!(world.exchange(&code, &[]).status, 200, "{what}");
    }
    let world = World::new();
    let tokens = world.tokens(&[]);
    world.fixture.clock.advance(Duration::from_secs(86_399));
    assert_eq!(world.userinfo(&tokens["access_token"]).status, 200);
    world.fixture.clock.advance(Duration::from_secs(1));
    let reply = world.userinfo(&tokens["access_token"]);
    assert_eq!(reply.status, 401);
    assert!(reply.header("www-authenticate").starts_with("Bearer error=\"invalid_token\""));
    assert_eq!(world.refresh(&tokens["refresh_token"], &[]).status, 200);
}

#[test]
fn revoking_either_token_revokes_the_grant() {
    for (which, by_api) in
        [("access_token", false), ("refresh_token", false), ("access_token", true), ("refresh_token", true)]
    {
        let world = World::new();
        let (tokens, others) = (world.tokens(&[]), world.tokens(&[]));
        let token = tokens[which].as_str().unwrap();
        // Only its own application can revoke it.
        let other = world.fixture.local.oauth_application("Other").create();
        let own =
            [("client_id", &*other.client_id), ("client_secret", other.client_secret.as_deref().unwrap())];
        assert_eq!(world.post("/oauth/token/revoke", &with(&own, &[("token", token)])).status, 200);
        assert!(world.is_active(&tokens[which]));
        if by_api {
            let path = format!("/v1/oauth_applications/{}/revoke_token", world.app.id);
            assert_eq!(
                world.fixture.call("POST", &path, &json!({ "token": token })),
                (http::StatusCode::NO_CONTENT, none())
            );
        } else {
            let reply =
                world.post("/oauth/token/revoke", &[("token", token), ("token_type_hint", "refresh_token")]);
            assert_eq!((reply.status, &*reply.text), (200, ""));
        }
        assert!(!world.is_active(&tokens["access_token"]) && !world.is_active(&tokens["refresh_token"]));
        assert!(world.is_active(&others["access_token"]) && world.is_active(&others["refresh_token"]));
    }
    let world = World::new();
    for (changes, status, error) in [
        (vec![("token", "unknown")], 200, ""),
        (vec![], 400, "invalid_request"),
        (vec![("token", "a.b.c")], 400, "unsupported_token_type"),
        (vec![("token", "x"), ("client_secret", "x")], 401, "invalid_client"),
    ] {
        let reply = world.post("/oauth/token/revoke", &changes);
        assert_eq!((reply.status, &*reply.error()), (status, error), "{changes:?}");
    }
}

#[test]
fn introspection_tells_confidential_clients_about_all_tokens_and_public_ones_about_their_own() {
    let world = World::new();
    let tokens = world.tokens(&[("scope", "openid user:org:read"), ("organization_id", "org_acme")]);
    for token in [&tokens["access_token"], &tokens["refresh_token"]] {
        let token = token.as_str().unwrap();
        let known = world.post("/oauth/token_info", &[("token", token)]).json();
        let expected = json!({
            "active": true, "client_id": world.app.client_id, "iat": 1_700_000_000, "sub": "user_ada",
            "scope": "openid user:org:read", "org_id": "org_acme",
        });
        assert_eq!(known, expected);
        for (scope, active) in [("openid", true), ("openid email", false)] {
            let known = world.post("/oauth/token_info", &[("token", token), ("scope", scope)]).json();
            assert_eq!(known["active"], active, "{scope}");
        }
    }
    let token = ("token", tokens["access_token"].as_str().unwrap());
    let other = world.fixture.local.oauth_application("API").create();
    let own =
        [("client_id", &*other.client_id), ("client_secret", other.client_secret.as_deref().unwrap()), token];
    assert_eq!(world.post("/oauth/token_info", &own).json()["active"], true);
    let public = world.fixture.local.oauth_application("CLI").public().create();
    let own = [("client_id", &*public.client_id), ("client_secret", ""), token];
    assert_eq!(world.post("/oauth/token_info", &own).json(), json!({ "active": false }));
    assert_eq!(world.post("/oauth/token_info", &[token, ("client_secret", "")]).status, 401);
}

#[test]
fn resources_become_the_audience_of_access_tokens() {
    let world = World::new();
    let other = "https://api.example.com/";
    let request = [("resource", RESOURCE), ("resource", other)];
    let code = world.code(&request);
    let reply = world.exchange(&code, &[("resource", other)]);
    let audience = |tokens: &Value| {
        let body = json!({ "access_token": tokens["access_token"] });
        world.fixture.ok("POST", "/v1/oauth_applications/access_tokens/verify", &body)["aud"].clone()
    };
    assert_eq!(audience(&reply.json()), json!([other]));
    let refreshed = world.refresh(&reply.json()["refresh_token"], &[]).json();
    assert_eq!(audience(&refreshed), json!([RESOURCE, other]));
    assert_eq!(audience(&world.tokens(&[])), json!(null));

    world.fixture.local.set_oauth_jwt_access_tokens(true);
    let tokens = world.tokens(&[
        ("resource", RESOURCE),
        ("scope", "openid user:org:read"),
        ("organization_id", "org_acme"),
    ]);
    let (header, claims) = (part(&tokens["access_token"], 0), part(&tokens["access_token"], 1));
    assert_eq!(header["typ"], "at+jwt");
    for (name, expected) in [
        ("iss", json!(HERE)),
        ("sub", json!("user_ada")),
        ("aud", json!([RESOURCE])),
        ("client_id", json!(world.app.client_id)),
        ("scope", json!("openid user:org:read")),
        ("exp", json!(1_700_086_400)),
        ("org_id", json!("org_acme")),
    ] {
        assert_eq!(claims[name], expected, "{name}");
    }
    assert_eq!(world.userinfo(&tokens["access_token"]).json()["org_name"], "Acme");
    assert!(world.is_active(&tokens["access_token"]));
    let body = json!({ "access_token": tokens["access_token"] });
    let path = "/v1/oauth_applications/access_tokens/verify";
    assert_eq!(world.fixture.ok("POST", path, &body)["id"], claims["jti"]);
    world.fixture.clock.advance(Duration::from_secs(86_400));
    assert_eq!(world.fixture.ok("POST", path, &body), json!({ "active": false }));
    assert_eq!(
        (world.userinfo(&tokens["access_token"]).status, world.is_active(&tokens["access_token"])),
        (401, false)
    );
}

#[test]
fn applications_register_themselves_if_that_is_on() {
    let world = World::new();
    let register = |body: &Value| world.send("POST", "/oauth/register", &[], &body.to_string());
    let off = register(&json!({ "redirect_uris": [BACK] }));
    assert_eq!(
        (off.status, &off.json()["errors"][0]["code"]),
        (422, &json!("dynamic_client_registration_disabled"))
    );
    world.fixture.local.set_dynamic_registration(true);
    let reply = register(&json!({
        "redirect_uris": ["http://127.0.0.1/cb"], "client_name": "Inspector", "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"], "contacts": ["a@example.com"],
        "scope": "openid email", "client_uri": "https://inspector.example.com",
    }));
    assert_eq!((reply.status, reply.header("cache-control")), (201, "no-store"));
    let public = reply.json();
    for (field, expected) in [
        ("client_name", json!("Inspector")),
        ("scope", json!("openid email")),
        ("token_endpoint_auth_method", json!("none")),
        ("client_id_issued_at", json!(1_700_000_000)),
        ("client_secret_expires_at", json!(0)),
        ("grant_types", json!(["authorization_code", "refresh_token"])),
        ("client_uri", json!("https://inspector.example.com")),
    ] {
        assert_eq!(public[field], expected, "{field}");
    }
    assert_eq!(public.get("client_secret"), None);
    let page = world.authorize(&[
        ("client_id", public["client_id"].as_str().unwrap()),
        ("redirect_uri", "http://127.0.0.1:33418/cb"),
    ]);
    assert!(
        page.text.contains("Inspector wants") && page.text.contains("registered itself"),
        "{}",
        page.text
    );
    let minimal = register(&json!({ "redirect_uris": [BACK] })).json();
    assert_eq!(
        (&minimal["client_name"], &minimal["scope"]),
        (&minimal["client_id"], &json!("openid profile email offline_access"))
    );
    assert_eq!(minimal["client_secret"].as_str().unwrap().len(), 32);
    // Nobody can turn off its consent screen.
    let listed = world.fixture.get("/v1/oauth_applications?name_query=Inspector");
    assert_eq!(listed["data"][0]["dynamically_registered"], true);
    let path = format!("/v1/oauth_applications/{}", listed["data"][0]["id"].as_str().unwrap());
    let off = json!({ "consent_screen_enabled": false });
    world.fixture.refuses("PATCH", &path, &off, 422, "form_param_format_invalid", "consent_screen_enabled");

    let long = "x".repeat(257);
    for (body, error) in [
        (json!([]), "invalid_client_metadata"),
        (json!({}), "invalid_redirect_uri"),
        (json!({ "redirect_uris": [] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["javascript:x"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": [BACK, 5] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": vec![BACK; 21] }), "invalid_redirect_uri"),
        (
            json!({ "redirect_uris": [BACK], "token_endpoint_auth_method": "private_key_jwt" }),
            "invalid_client_metadata",
        ),
        (json!({ "redirect_uris": [BACK], "scope": "admin" }), "invalid_client_metadata"),
        (json!({ "redirect_uris": [BACK], "client_name": long }), "invalid_client_metadata"),
        (json!({ "redirect_uris": [BACK], "client_name": 5 }), "invalid_client_metadata"),
        (json!({ "redirect_uris": [BACK], "logo_uri": "javascript:x" }), "invalid_client_metadata"),
        (
            json!({ "redirect_uris": [BACK], "grant_types": ["client_credentials"] }),
            "invalid_client_metadata",
        ),
        (json!({ "redirect_uris": [BACK], "response_types": ["token"] }), "invalid_client_metadata"),
    ] {
        let reply = register(&body);
        assert_eq!((reply.status, &*reply.error()), (400, error), "{body}");
    }
    let foreign = world.send("POST", "/oauth/register", &[("origin", "https://example.com")], "{}");
    assert_eq!(foreign.status, 403);
}

#[test]
fn names_are_escaped_on_the_consent_page() {
    let world = World::new();
    world.fixture.local.set_dynamic_registration(true);
    let body = json!({ "redirect_uris": [BACK], "client_name": "<script>alert(1)</script>", "scope": "openid email" });
    let client = world.send("POST", "/oauth/register", &[], &body.to_string()).json();
    let page = world.authorize(&[
        ("client_id", client["client_id"].as_str().unwrap()),
        ("state", "\"><script>alert(2)</script>"),
        ("resource", "https://a.example/<script>"),
    ]);
    assert_eq!((page.status, page.text.contains("<script>")), (200, false), "{}", page.text);
    assert!(page.text.contains("&lt;script&gt;alert(1)"));
}

#[test]
fn unknown_paths_below_oauth_do_not_exist() {
    let world = World::new();
    for (method, path, status) in [
        ("GET", "/oauth", 404),
        ("GET", "/oauth/authorise", 404),
        ("POST", "/oauth/token/x", 404),
        ("DELETE", "/oauth/userinfo", 405),
        ("GET", "/oauth/register", 422),
    ] {
        assert_eq!(world.send(method, path, &[], "").status, status, "{method} {path}");
    }
    let rebound = world.send("GET", "/oauth/userinfo", &[("host", "evil.example.com")], "");
    assert_ne!(rebound.status, 200);
}

#[test]
fn an_application_has_a_logo() {
    let fixture = Fixture::new();
    let application = fixture.local.oauth_application("Reports").create();
    let path = format!("/v1/oauth_applications/{}/logo", application.id);
    let upload = |content: &str| {
        let body = format!(
            "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n{content}\r\n--B--\r\n"
        );
        let request = Request::put(&path)
            .header("authorization", fixture.local.secret_key().to_header())
            .header("content-type", "multipart/form-data; boundary=B");
        fixture.send(request.body(Bytes::from(body)).unwrap())
    };
    let (status, shown) = upload("GIF89a rest");
    let url = shown["client_image_url"].as_str().unwrap();
    assert_eq!(
        (status.as_u16(), url.ends_with(&format!("/images/{}", application.id))),
        (200, true),
        "{shown}"
    );
    assert_eq!(upload("<svg>").0, 422);
    fixture.refuses("PUT", "/v1/oauth_applications/x/logo", &none(), 404, "resource_not_found", "");
}
