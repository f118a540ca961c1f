//! Tests of the Frontend API and the pages, request by request.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderMap, Request, StatusCode, header::SET_COOKIE};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower_service::Service as _;
use url::Url;

use super::Fixture;

pub(super) struct TextResponse {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl TextResponse {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub(super) fn code(&self) -> String {
        self.json()["errors"][0]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(super) fn location(&self) -> Url {
        self.header("location").parse().unwrap()
    }

    pub(super) fn pair(&self, name: &str) -> String {
        let url = self.location();
        url.query_pairs().find(|pair| pair.0 == name).map(|pair| pair.1.into_owned()).unwrap_or_default()
    }
}

pub(super) const DOCUMENT: (&str, &str) = ("sec-fetch-dest", "document");

impl Fixture {
    /// Sends a browser's request. The default host is the server's own name.
    pub(super) fn browse(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> TextResponse {
        let mut request = Request::builder().method(method).uri(target);
        if !headers.iter().any(|header| header.0 == "host") {
            request = request.header("host", "127.0.0.1:4000");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        let response = self.local.clone().call(request).now_or_never().unwrap().unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.into_body().collect().now_or_never().unwrap().unwrap().to_bytes();
        TextResponse { status, headers, text: String::from_utf8(text.to_vec()).unwrap() }
    }

    /// Returns a new browser's token.
    pub(super) fn dev_browser(&self) -> String {
        let response = self.browse("POST", "/v1/dev_browser", &[], "");
        assert_eq!(response.status, 200);
        response.json()["id"].as_str().unwrap().to_owned()
    }

    /// Signs a user in to a new browser. Returns its token and the session ID.
    fn signed_in(&self, user: &str) -> (String, String) {
        let browser = self.dev_browser();
        let cookie = format!("__client_{}={browser}", self.local.publishable_key().cookie_suffix());
        let response = self.browse("POST", "/sign-in", &[("cookie", &cookie)], &format!("user={user}"));
        assert_eq!(response.status, 303);
        let client = self.browse("GET", &format!("/v1/client?__clerk_db_jwt={browser}"), &[], "").json();
        (browser, client["response"]["last_active_session_id"].as_str().unwrap().to_owned())
    }
}

pub(super) fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn a_handshake_registers_a_browser_and_redirects_back() {
    let fixture = Fixture::seeded();
    let suffix = fixture.local.publishable_key().cookie_suffix();
    let response = fixture.browse(
        "GET",
        "/v1/client/handshake?redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fp%3Fx%3D1&format=nonce",
        &[DOCUMENT],
        "",
    );
    assert_eq!((response.status, response.header("cache-control")), (307, "no-store"));
    let nonce = response.pair("__clerk_handshake_nonce");
    assert_eq!(
        response.header("location"),
        format!("http://localhost:3000/p?x=1&__clerk_handshake_nonce={nonce}")
    );
    let own = response.header("set-cookie").to_owned();
    assert!(own.starts_with(&format!("__client_{suffix}=dvb_")), "{own}");
    assert!(own.ends_with("; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly"), "{own}");
    let browser = own.split(['=', ';']).nth(1).unwrap().to_owned();

    let path = format!("/v1/clients/handshake_payload?nonce={nonce}");
    let without_key = fixture.browse("GET", &path, &[], "");
    assert_eq!((without_key.status, without_key.code()), (401, "authentication_invalid".to_owned()));
    let line = |name: &str, value: &str, age: u32, more: &str| {
        format!("{name}={value}; Path=/; Max-Age={age}; SameSite=Lax{more}")
    };
    let year = 31_536_000;
    let expected = vec![
        line("__clerk_db_jwt", &browser, year, ""),
        line(&format!("__clerk_db_jwt_{suffix}"), &browser, year, ""),
        line("__client_uat", "0", year, ""),
        line(&format!("__client_uat_{suffix}"), "0", year, ""),
        line("__session", "", 0, ""),
        line(&format!("__session_{suffix}"), "", 0, ""),
        line(&format!("__refresh_{suffix}"), "", 0, "; HttpOnly"),
    ];
    assert_eq!(fixture.get(&path)["directives"], json!(expected));
    // The result can be fetched only once.
    fixture.refuses("GET", &path, &json!(null), 404, "resource_not_found", "");
}

#[test]
fn a_handshake_transfers_the_session() {
    let fixture = Fixture::seeded();
    fixture.local.set_refresh_tokens(true);
    let suffix = fixture.local.publishable_key().cookie_suffix();
    let (browser, session) = fixture.signed_in("user_ada");
    fixture.clock.advance(Duration::from_secs(150));
    let path = format!(
        "/v1/client/handshake?redirect_url=https://app.localhost/&__clerk_db_jwt={browser}&organization_id=acme"
    );
    let response = fixture.browse("GET", &path, &[DOCUMENT], "");
    let payload = claims(&response.pair("__clerk_handshake"));
    let lines: Vec<_> =
        payload["handshake"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert!(lines.iter().all(|line| line.contains("; Secure")), "{lines:?}");
    let value = |name: &str| {
        let mut found = lines.iter().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        let value = found.next().unwrap_or_else(|| panic!("{name} in {lines:?}"));
        assert_eq!(found.next(), None);
        value.split(';').next().unwrap().to_owned()
    };
    assert_eq!(value("__client_uat"), "1700000000");
    assert_eq!(value(&format!("__client_uat_{suffix}")), "1700000000");
    assert_eq!(value(&format!("__clerk_db_jwt_{suffix}")), browser);
    assert_eq!(value("__session"), value(&format!("__session_{suffix}")));
    assert!(!value(&format!("__refresh_{suffix}")).is_empty());
    assert!(lines.iter().filter(|line| line.contains("HttpOnly")).all(|line| line.starts_with("__refresh_")));
    let token = claims(&value("__session"));
    for (name, expected) in [
        ("sid", json!(session)),
        ("sub", json!("user_ada")),
        ("azp", json!("https://app.localhost")),
        ("fva", json!([2, -1])),
        ("iat", json!(1_700_000_150)),
        ("exp", json!(1_700_000_210)),
    ] {
        assert_eq!(token[name], expected, "{name}");
    }
    assert_eq!(token["o"]["id"], "org_acme");
}

#[test]
fn handshakes_activate_organizations_of_members_only() {
    let fixture = Fixture::seeded();
    fixture.local.organization("Other").id("org_other").slug("other").create();
    let (browser, session) = fixture.signed_in("user_ada");
    for (query, expected) in [
        ("organization_id=org_acme", json!("org_acme")),
        ("", json!("org_acme")),
        ("organization_id=", json!(null)),
        ("organization_id=acme", json!("org_acme")),
        ("organization_id=org_other", json!("org_acme")),
        ("organization_id=org_nowhere", json!("org_acme")),
    ] {
        let path =
            format!("/v1/client/handshake?redirect_url=http://localhost/&__clerk_db_jwt={browser}&{query}");
        assert_eq!(fixture.browse("GET", &path, &[DOCUMENT], "").status, 307);
        let active = &fixture.get(&format!("/v1/sessions/{session}"))["last_active_organization_id"];
        assert_eq!(*active, expected, "{query}");
    }
}

#[test]
fn handshake_results_are_available_for_a_minute() {
    let fixture = Fixture::new();
    for (seconds, status) in [(59, 200), (60, 404)] {
        let path = "/v1/client/handshake?redirect_url=http://localhost/&format=nonce";
        let nonce = fixture.browse("GET", path, &[], "").pair("__clerk_handshake_nonce");
        fixture.clock.advance(Duration::from_secs(seconds));
        let path = format!("/v1/clients/handshake_payload?nonce={nonce}");
        assert_eq!(fixture.call("GET", &path, &json!(null)).0, status);
    }
    fixture.refuses("GET", "/v1/clients/handshake_payload", &json!(null), 422, "form_param_missing", "nonce");
}

#[test]
fn browsers_are_redirected_to_http_urls_only() {
    let fixture = Fixture::new();
    for (query, code) in [
        ("", "invalid_url"),
        ("redirect_url=", "invalid_url"),
        ("redirect_url=%2Fpath", "invalid_url"),
        ("redirect_url=javascript%3Aalert(1)", "invalid_url"),
        ("redirect_url=data%3Atext%2Fhtml%2Cx", "invalid_url"),
        ("redirect_url=http%3A%2F%2Fa%3Ab%40localhost%2F", "invalid_url"),
        ("redirect_url=http%3A%2F%2F", "invalid_url"),
    ] {
        for page in ["/v1/client/handshake", "/sign-in", "/sign-out", "/sign-in/organization"] {
            let response = fixture.browse("GET", &format!("{page}?{query}"), &[], "");
            // The return URL is optional for pages.
            if page != "/v1/client/handshake" && (query.is_empty() || query == "redirect_url=") {
                assert_ne!(response.status, 400, "{page}?{query}");
                continue;
            }
            assert_eq!((response.status, &*response.code()), (400, code), "{page}?{query}");
            let response = fixture.browse("GET", &format!("{page}?{query}"), &[DOCUMENT], "");
            assert_eq!(response.status, 400);
            assert!(response.text.contains("redirect_url must be an absolute http or https URL"));
        }
    }
    let path = "/v1/client/handshake?redirect_url=http://localhost/&format=smoke";
    assert_eq!(fixture.browse("GET", path, &[], "").status, 422);
}

#[test]
fn only_host_names_of_this_computer_are_accepted() {
    let fixture = Fixture::seeded();
    for (host, good) in [
        ("localhost", true),
        ("localhost:4000", true),
        ("LOCALHOST:4000", true),
        ("app.localhost:4000", true),
        ("127.0.0.1:4000", true),
        ("127.9.9.9", true),
        ("[::1]:4000", true),
        ("evil.example:4000", false),
        ("localhost.evil.example", false),
        ("evillocalhost", false),
        ("192.168.0.1:4000", false),
        ("[::2]", false),
        ("", false),
        ("a b", false),
        ("localhost@evil.example", false),
    ] {
        for path in ["/", "/sign-in", "/v1/client", "/.well-known/jwks.json", "/images/user_ada"] {
            let response = fixture.browse("GET", path, &[("host", host)], "");
            assert_eq!(response.code() == "host_invalid", !good, "{host} {path}");
            assert_eq!(response.status == 403, !good, "{host} {path}");
        }
        let response = fixture.browse("POST", "/sign-in", &[("host", host)], "user=user_ada");
        assert_eq!(response.status, if good { 303 } else { 403 }, "{host}");
    }
}

#[test]
fn forms_of_other_sites_are_rejected() {
    let fixture = Fixture::seeded();
    for (name, value, good) in [
        ("origin", "http://127.0.0.1:4000", true),
        ("origin", "http://127.0.0.1:4001", false),
        ("origin", "http://localhost:3000", false),
        ("origin", "https://evil.example", false),
        ("origin", "null", false),
        ("sec-fetch-site", "cross-site", false),
        ("sec-fetch-site", "same-origin", true),
        ("accept", "*/*", true),
    ] {
        for (path, form) in [
            ("/sign-in", "user=user_ada"),
            ("/sign-up", "email=somebody@example.com"),
            ("/sign-in/organization", "organization=org_acme"),
            ("/sign-out", ""),
        ] {
            let response = fixture.browse("POST", path, &[(name, value)], form);
            assert_eq!(response.status, if good { 303 } else { 403 }, "{path} {name}: {value}");
        }
    }
}

#[test]
fn users_who_may_not_sign_in_are_told_that_they_cannot_sign_in() {
    let fixture = Fixture::seeded();
    fixture.ok("POST", "/v1/users/user_alan/ban", &json!(null));
    fixture.ok("POST", "/v1/users/user_grace/lock", &json!(null));
    fixture.local.user("Linus", "T").id("user_linus").deprovisioned(true).create();
    fixture.ok("POST", "/v1/blocklist_identifiers", &json!({ "identifier": "katherine@example.com" }));
    fixture.ok("PATCH", "/v1/instance/restrictions", &json!({ "blocklist": true }));
    for (form, status, expected_text) in [
        ("user=user_katherine", 403, "Katherine Johnson is blocked and cannot sign in"),
        ("user=user_linus", 403, "Linus T is deprovisioned and cannot sign in"),
        ("user=user_alan", 403, "Alan Turing is banned and cannot sign in"),
        ("email=alan%40example.com", 403, "Alan Turing is banned and cannot sign in"),
        ("user=user_grace", 403, "Grace Hopper is locked and cannot sign in"),
        ("user=user_nobody", 404, "no longer exists"),
        ("", 404, "no longer exists"),
        ("email=nobody", 422, "not an email address"),
        ("email=%3Cscript%3E", 422, "not an email address"),
    ] {
        let response = fixture.browse("POST", "/sign-in", &[DOCUMENT], form);
        assert_eq!(response.status, status, "{form}");
        assert!(response.text.contains(expected_text), "{form}: {}", response.text);
        assert!(response.header("set-cookie").is_empty());
    }
    let long = format!("email={}%40example.com", "a".repeat(300));
    assert_eq!(fixture.browse("POST", "/sign-in", &[DOCUMENT], &long).status, 422);
    assert!(fixture.column("/v1/sessions", "/id").is_empty());
    assert_eq!(fixture.get("/v1/users/count")["total_count"], 5);
}

#[test]
fn pages_are_escaped_and_contain_no_scripts() {
    let fixture = Fixture::new();
    let evil = "<script>alert(1)</script>\"'&";
    let user = fixture.local.user(evil, "").id("user_\"><x").email("x@example.com").create();
    let organization = fixture.local.organization(evil).id("org_\"><x").slug("x").create();
    fixture.local.add_member(&organization, &user, "org:<i>");
    let browser = fixture.dev_browser();
    let cookie = format!("__client_{}={browser}", fixture.local.publishable_key().cookie_suffix());
    let headers = [DOCUMENT, ("cookie", &*cookie)];
    let to = "redirect_url=http%3A%2F%2Flocalhost%2F%3Fa%3D%22%3E%3Cscript%3E%27";
    let mut pages = vec![fixture.browse("GET", &format!("/sign-in?{to}"), &headers, "")];
    let response = fixture.browse("POST", "/sign-in", &headers, "email=x@example.com");
    assert_eq!((response.status, response.header("location")), (303, "/sign-in/organization"));
    for path in ["/sign-in", "/sign-in/organization", "/sign-up", "/sign-in/tasks"] {
        pages.push(fixture.browse("GET", &format!("{path}?{to}"), &headers, ""));
    }
    pages.push(fixture.browse(
        "GET",
        "/<script>?<script>".replace('<', "%3C").replace('>', "%3E").as_str(),
        &headers,
        "",
    ));
    pages.push(fixture.browse("GET", "/", &headers, ""));
    for page in pages {
        assert!(!page.text.contains("<script") && !page.text.contains("\"><x") && !page.text.contains("<i>"));
        assert!(!page.text.contains(" style="), "the policy forbids it");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
        ] {
            assert_eq!(page.header(name), value);
        }
    }
}

#[test]
fn avatars_are_generated() {
    let fixture = Fixture::seeded();
    fixture.local.user("<b>", "&").id("user_odd").create();
    for (id, status, expected_text) in [
        ("user_ada", 200, ">AL<"),
        ("org_acme", 200, ">A<"),
        ("icon", 200, ">C<"),
        ("user_odd", 200, ">&lt;&amp;<"),
        ("user_nobody", 404, "There is no image"),
        ("", 404, "There is no image"),
    ] {
        let response = fixture.browse("GET", &format!("/images/{id}"), &[], "");
        assert_eq!(response.status, status, "{id}");
        assert!(response.text.contains(expected_text), "{}", response.text);
        assert_eq!(response.header("content-type") == "image/svg+xml", status == 200);
    }
}

#[test]
fn frontend_requests_need_no_key_and_expose_no_backend_data() {
    let fixture = Fixture::seeded();
    let secret = json!({"private_metadata": {"hidden": "very"}});
    fixture.ok("PATCH", "/v1/users/user_ada/metadata", &secret);
    fixture.ok("PATCH", "/v1/organizations/org_acme/metadata", &secret);
    fixture.ok("PATCH", "/v1/organizations/org_acme/memberships/user_ada/metadata", &secret);
    let (browser, session) = fixture.signed_in("user_ada");
    for (method, path) in [
        ("GET", "/v1/client".to_owned()),
        ("POST", format!("/v1/client/sessions/{session}/touch")),
        ("POST", format!("/v1/client/sessions/{session}/tokens")),
        ("POST", format!("/v1/client/sessions/{session}/remove")),
        ("DELETE", "/v1/client/sessions".into()),
    ] {
        let response = fixture.browse(method, &format!("{path}?__clerk_db_jwt={browser}"), &[], "");
        assert_eq!(response.status, 200, "{path}: {}", response.text);
        assert!(!response.text.contains("private_metadata") && !response.text.contains("very"), "{path}");
    }
    for path in [
        "/v1/users",
        "/v1/users/user_ada",
        "/users",
        "/v1/clients",
        "/v1/clientele",
        "/v1/sessions",
        "/api_keys",
    ] {
        for headers in [&[][..], &[("cookie", "__client=x"), ("origin", "http://localhost")]] {
            let response = fixture.browse("GET", path, headers, "");
            assert_eq!((response.status, &*response.code()), (401, "authentication_invalid"), "{path}");
        }
    }
    // A Frontend API path stays one even with the secret key.
    let response = fixture.call("GET", "http://localhost/v1/client", &json!(null));
    assert_eq!(response, (StatusCode::OK, json!({ "response": null, "client": null })));
}

#[test]
fn scripts_can_sign_out_switch_and_get_tokens() {
    let fixture = Fixture::seeded();
    let (browser, session) = fixture.signed_in("user_ada");
    let origin = [("origin", "http://localhost:3000")];
    let call = |method: &str, path: &str, body: &str| {
        fixture.browse(method, &format!("{path}?__clerk_db_jwt={browser}"), &origin, body)
    };
    let client = call("GET", "/v1/client", "").json();
    let user = &client["response"]["sessions"][0]["user"];
    assert_eq!(
        (&user["id"], &user["organization_memberships"][0]["role"]),
        (&json!("user_ada"), &json!("org:admin"))
    );

    let path = format!("/v1/client/sessions/{session}");
    let token = call("POST", &format!("{path}/tokens"), "").json()["jwt"].as_str().unwrap().to_owned();
    assert_eq!(
        (&claims(&token)["azp"], &claims(&token)["sid"]),
        (&json!("http://localhost:3000"), &json!(session))
    );
    for (body, status, active) in [
        ("active_organization_id=org_acme", 200, json!("org_acme")),
        ("", 200, json!("org_acme")),
        ("active_organization_id=", 200, json!(null)),
        ("active_organization_id=acme", 200, json!("org_acme")),
        ("active_organization_id=org_other", 404, json!("org_acme")),
    ] {
        assert_eq!(call("POST", &format!("{path}/touch"), body).status, status, "{body}");
        let client = call("GET", "/v1/client", "").json();
        assert_eq!(client["response"]["sessions"][0]["last_active_organization_id"], active, "{body}");
    }
    assert_eq!(call("POST", "/v1/client/sessions/sess_other/tokens", "").status, 404);
    let (other, theirs) = fixture.signed_in("user_grace");
    assert_eq!(call("POST", &format!("/v1/client/sessions/{theirs}/tokens"), "").status, 404);
    assert_eq!(call("POST", &format!("/v1/client/sessions/{theirs}/remove"), "").status, 404);

    let removed = call("POST", &format!("{path}/remove"), "").json();
    assert_eq!((&removed["response"]["id"], &removed["client"]["sessions"]), (&json!(session), &json!([])));
    assert_eq!(call("POST", &format!("{path}/tokens"), "").status, 404);
    assert_eq!(fixture.get(&format!("/v1/sessions/{session}"))["status"], "removed");
    let response =
        fixture.browse("DELETE", &format!("/v1/client/sessions?__clerk_db_jwt={other}"), &origin, "");
    assert_eq!((response.status, &response.json()["response"]["sessions"]), (200, &json!([])));
}

#[test]
fn cors_allows_only_pages_of_this_computer() {
    let fixture = Fixture::seeded();
    for (origin, good) in [
        ("http://localhost:3000", true),
        ("https://localhost", true),
        ("http://app.localhost:3000", true),
        ("http://127.0.0.1:4000", true),
        ("http://[::1]:3000", true),
        ("https://evil.example", false),
        ("http://localhost.evil.example", false),
        ("null", false),
        ("", false),
        ("file://", false),
    ] {
        for (method, path) in [
            ("POST", "/v1/dev_browser"),
            ("GET", "/.well-known/jwks.json"),
            ("GET", "/v1/client"),
            ("OPTIONS", "/v1/client/sessions/x/touch"),
            ("GET", "/v1/environment"),
        ] {
            let response = fixture.browse(method, path, &[("origin", origin)], "");
            assert_eq!(response.code() == "origin_invalid", !good, "{origin} {path}");
            assert_eq!(response.header("access-control-allow-origin"), if good { origin } else { "" });
            assert_eq!(response.header("access-control-allow-credentials"), if good { "true" } else { "" });
            if good {
                assert_eq!(response.header("vary"), "origin");
            }
        }
    }
}

#[test]
fn unsupported_frontend_requests_get_an_error_that_says_so() {
    let fixture = Fixture::seeded();
    for (method, path) in [("PUT", "/sign-in"), ("GET", "/sign-in/factor-one"), ("POST", "/images/user_ada")]
    {
        let response = fixture.browse(method, path, &[], "");
        assert_eq!((response.status, &*response.code()), (422, "not_emulated"), "{method} {path}");
        let expected_text = format!("LocalClerk does not emulate {method} {path}");
        assert!(response.text.contains(&expected_text), "{}", response.text);
        let response = fixture.browse(method, path, &[DOCUMENT], "");
        assert_eq!((response.status, response.header("content-type")), (422, "text/html; charset=utf-8"));
        assert!(response.text.contains(&expected_text), "{}", response.text);
    }
    for path in ["/user", "/organization", "/favicon.ico"] {
        assert_eq!(fixture.browse("GET", path, &[("accept", "text/html,*/*")], "").status, 422);
    }
}

#[test]
fn injected_failures_apply_to_handshakes_but_not_to_pages() {
    let fixture = Fixture::seeded();
    fixture.local.inject(crate::Fault::status(StatusCode::SERVICE_UNAVAILABLE).times(1));
    assert_eq!(fixture.browse("GET", "/sign-in", &[DOCUMENT], "").status, 200);
    let path = "/v1/client/handshake?redirect_url=http://localhost/";
    assert_eq!(fixture.browse("GET", path, &[DOCUMENT], "").status, 503);
    assert_eq!(fixture.browse("GET", path, &[DOCUMENT], "").status, 307);
    assert_eq!(fixture.local.requests().to("GET", "/v1/client/handshake").len(), 2);
    assert_eq!(fixture.local.requests().to("GET", "/sign-in").len(), 1);
}

#[test]
fn pending_sessions_choose_an_organization() {
    let fixture = Fixture::seeded();
    let (browser, session) = fixture.signed_in("user_grace");
    fixture.local.state().sessions.get_mut(&session).unwrap().pending = true;
    let cookie = format!("__client_{}={browser}", fixture.local.publishable_key().cookie_suffix());
    let headers = [DOCUMENT, ("cookie", &*cookie)];
    let page = fixture.browse("GET", "/sign-in/tasks?redirect_url=http://localhost/", &headers, "");
    assert!(page.text.contains("Choose an organization") && !page.text.contains("Personal account"));
    let form = "organization=org_acme&redirect_url=http://localhost/";
    let response = fixture.browse("POST", "/sign-in/organization", &headers, form);
    assert_eq!(response.header("location"), format!("http://localhost/?__clerk_db_jwt={browser}"));
    assert_eq!(fixture.get(&format!("/v1/sessions/{session}"))["status"], "active");
    for form in ["", "organization=org_other"] {
        assert!(fixture.browse("POST", "/sign-in/organization", &headers, form).status >= 400);
    }
    // Without a session there is no organization to choose.
    let response = fixture.browse("POST", "/sign-in/organization", &[DOCUMENT], "organization=org_acme");
    assert_eq!((response.status, response.header("location")), (303, "/sign-in"));
}

#[test]
fn at_most_a_thousand_browsers_are_remembered() {
    let fixture = Fixture::seeded();
    let (signed_in, _) = fixture.signed_in("user_ada");
    let first = fixture.dev_browser();
    for _ in 0..1_000 {
        fixture.dev_browser();
    }
    let known = |browser: &str| {
        fixture.browse("GET", &format!("/v1/client?__clerk_db_jwt={browser}"), &[], "").status == 200
    };
    assert!(known(&signed_in) && !known(&first));
    assert_eq!(fixture.local.state().clients.all.len(), 1_000);
}

#[test]
fn at_most_ten_thousand_sessions_are_remembered() {
    let fixture = Fixture::seeded();
    let alive = fixture.local.sign_in("user_grace");
    for _ in 0..10_000 {
        fixture.local.sign_in("user_ada");
    }
    fixture.local.state().revoke_sessions("user_ada", fixture.now());
    let (_, session) = fixture.signed_in("user_ada");
    assert_eq!(fixture.local.state().sessions.len(), 10_001);
    fixture.get(&format!("/v1/sessions/{session}"));
    fixture.get(&format!("/v1/sessions/{}", alive.session_id()));
}

#[test]
fn links_can_sign_out_but_images_cannot() {
    for (destination, status) in [("document", 303), ("image", 422), ("empty", 422), ("", 303)] {
        let fixture = Fixture::seeded();
        let (browser, session) = fixture.signed_in("user_ada");
        let path = format!("/sign-out?__clerk_db_jwt={browser}");
        let response = fixture.browse("GET", &path, &[("sec-fetch-dest", destination)], "");
        assert_eq!(response.status, status, "{destination}");
        let expected = if status == 303 { "removed" } else { "active" };
        assert_eq!(fixture.get(&format!("/v1/sessions/{session}"))["status"], expected, "{destination}");
    }
}

#[test]
fn results_of_earlier_handshakes_are_removed_from_the_return_url() {
    let fixture = Fixture::seeded();
    let old = "http%3A%2F%2Flocalhost%2F%3Fa%3D1%26__clerk_handshake_nonce%3Dx%26__clerk_handshake%3Dy";
    let response =
        fixture.browse("GET", &format!("/v1/client/handshake?redirect_url={old}"), &[DOCUMENT], "");
    let names: Vec<_> = response.location().query_pairs().map(|pair| pair.0.into_owned()).collect();
    assert_eq!(names, ["a", "__clerk_handshake"]);
    assert_ne!(response.pair("__clerk_handshake"), "y");
}

#[test]
fn long_forms_are_rejected() {
    let fixture = Fixture::seeded();
    let form = format!("user=user_ada&x={}", "y".repeat(1024 * 1024));
    for path in ["/sign-in", "/v1/client/sessions/x/touch"] {
        assert_eq!(fixture.browse("POST", path, &[], &form).status, 413);
    }
}

#[test]
fn own_cookies_are_set_once() {
    let fixture = Fixture::seeded();
    let response = fixture.browse("POST", "/sign-in", &[], "user=user_alan");
    let cookie =
        response.headers.get(SET_COOKIE).unwrap().to_str().unwrap().split(';').next().unwrap().to_owned();
    let response = fixture.browse("POST", "/sign-in", &[("cookie", &cookie)], "user=user_alan");
    assert!(response.headers.get(SET_COOKIE).is_none());
    // A link identifies the browser if it has no cookie; otherwise the cookie wins.
    let browser = cookie.split('=').nth(1).unwrap();
    let link = format!("/sign-in?__clerk_db_jwt={browser}");
    assert!(fixture.browse("GET", &link, &[DOCUMENT], "").text.contains("You are signed in"));
    let other =
        format!("__client_{}={}", fixture.local.publishable_key().cookie_suffix(), fixture.dev_browser());
    let page = fixture.browse("GET", &link, &[DOCUMENT, ("cookie", &other)], "");
    assert!(!page.text.contains("You are signed in"));
}

#[test]
fn refreshes_are_bound_to_their_session() {
    let fixture = Fixture::seeded();
    fixture.local.set_refresh_tokens(true);
    let (browser, session) = fixture.signed_in("user_ada");
    let path = format!("/v1/client/handshake?redirect_url=http://localhost:3000/&__clerk_db_jwt={browser}");
    let payload = claims(&fixture.browse("GET", &path, &[], "").pair("__clerk_handshake"));
    let value = |name: &str| {
        let lines = payload["handshake"].as_array().unwrap().iter().map(|line| line.as_str().unwrap());
        let mut found =
            lines.filter(|line| line.starts_with(name)).map(|line| line.split(['=', ';']).nth(1).unwrap());
        found.next_back().unwrap().to_owned()
    };
    let (token, refresh) = (value("__session"), value("__refresh"));
    fixture.clock.advance(Duration::from_secs(90));
    let body = |token: &str, refresh: &str| json!({"expired_token": token, "refresh_token": refresh, "request_origin": "http://localhost:3000", "format": "cookie"});
    let path = format!("/v1/sessions/{session}/refresh");
    let response = fixture.ok("POST", &format!("{path}?suffixed_cookies=true"), &body(&token, &refresh));
    let cookies = response["cookies"].as_array().unwrap();
    let fresh = cookies[0].as_str().unwrap().split(['=', ';']).nth(1).unwrap();
    assert_eq!(
        (&claims(fresh)["iat"], &claims(fresh)["azp"]),
        (&json!(1_700_000_090), &json!("http://localhost:3000"))
    );
    let mut plain = body(&token, &refresh);
    plain["format"] = json!(null);
    let response = fixture.ok("POST", &path, &plain);
    assert_eq!(
        (&response["object"], &claims(response["jwt"].as_str().unwrap())["sid"]),
        (&json!("token"), &json!(session))
    );

    let (_, other) = fixture.signed_in("user_grace");
    let elsewhere = Fixture::seeded().local.sign_in("user_ada").token();
    for (id, token, refresh) in [
        (&*other, &*token, &*refresh),
        ("sess_none", &token, &refresh),
        (&session, &elsewhere, &refresh),
        (&session, "a.b.c", &refresh),
        (&session, &token, "other"),
    ] {
        let path = format!("/v1/sessions/{id}/refresh");
        fixture.refuses("POST", &path, &body(token, refresh), 401, "refresh_refused", "");
    }
    fixture.refuses("POST", &path, &json!({}), 422, "form_param_missing", "expired_token");
    fixture.ok("POST", &format!("/v1/sessions/{session}/revoke"), &json!(null));
    fixture.refuses("POST", &path, &body(&token, &refresh), 401, "refresh_refused", "");
}

#[test]
fn links_of_other_sites_change_nothing() {
    let fixture = Fixture::seeded();
    let (browser, _) = fixture.signed_in("user_ada");
    for (path, status) in [
        (format!("/v1/client/handshake?redirect_url=https://evil.example/&__clerk_db_jwt={browser}"), 400),
        (
            format!(
                "/v1/client/handshake?format=token&redirect_url=https://evil.example/&__clerk_db_jwt={browser}"
            ),
            400,
        ),
        // A nonce is useless without the secret key.
        (
            format!(
                "/v1/client/handshake?format=nonce&redirect_url=https://app.example/&__clerk_db_jwt={browser}"
            ),
            307,
        ),
        (format!("/v1/client/handshake?redirect_url=http://localhost:3000/&__clerk_db_jwt={browser}"), 307),
        ("/sign-out?redirect_url=https://evil.example/".to_owned(), 400),
        ("/sign-out?redirect_url=http://127.0.0.1.evil.example/".to_owned(), 400),
        ("/sign-out?redirect_url=http://127.0.0.1:3000/".to_owned(), 303),
    ] {
        assert_eq!(fixture.browse("GET", &path, &[DOCUMENT], "").status, status, "{path}");
    }
}
