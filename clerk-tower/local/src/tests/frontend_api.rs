//! Tests of the Frontend API as Clerk's JavaScript calls it.

use serde_json::{Value, json};

use super::{Fixture, frontend::TextResponse};

/// The origin of the page that calls.
const ORIGIN: (&str, &str) = ("origin", "http://localhost:3000");

/// A browser with clerk-js.
struct Browser<'f> {
    fixture: &'f Fixture,
    token: String,
}

impl Fixture {
    fn browser(&self) -> Browser<'_> {
        Browser { fixture: self, token: self.dev_browser() }
    }
}

impl Browser<'_> {
    /// Sends a request as clerk-js does: methods other than GET as POST with `_method`.
    fn send(&self, method: &str, path: &str, form: &[(&str, &str)]) -> TextResponse {
        let join = if path.contains('?') { '&' } else { '?' };
        let mut target = format!("/v1{path}{join}__clerk_db_jwt={}", self.token);
        if method != "GET" && method != "POST" {
            target.push_str(&format!("&_method={method}"));
        }
        let sent = if method == "GET" { "GET" } else { "POST" };
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.fixture.browse(sent, &target, &[ORIGIN], &body)
    }

    /// Sends a request that must succeed, and returns the resource and the client.
    #[track_caller]
    fn ok(&self, method: &str, path: &str, form: &[(&str, &str)]) -> (Value, Value) {
        let response = self.send(method, path, form);
        assert_eq!(response.status, 200, "{method} {path} {form:?}: {}", response.text);
        assert_eq!(response.header("access-control-allow-origin"), ORIGIN.1);
        assert!(!response.text.contains("private_metadata"), "{method} {path}");
        let body = response.json();
        (body["response"].clone(), body["client"].clone())
    }

    /// Sends a request that must fail, and returns status and code.
    #[track_caller]
    fn error(&self, method: &str, path: &str, form: &[(&str, &str)]) -> (u16, String) {
        let response = self.send(method, path, form);
        assert!(response.status >= 400, "{method} {path} {form:?}: {}", response.text);
        assert_eq!(response.header("access-control-allow-origin"), ORIGIN.1);
        (response.status, response.code())
    }

    fn client(&self) -> Value {
        self.ok("GET", "/client", &[]).0
    }
}

#[test]
fn the_method_in_the_query_counts_on_post_requests_only() {
    let fixture = Fixture::seeded();
    let browser = fixture.browser();
    assert_eq!(browser.ok("DELETE", "/client/sessions", &[]).0["object"], "client");
    let target = format!("/v1/client/sessions?_method=DELETE&__clerk_db_jwt={}", browser.token);
    assert_eq!(fixture.browse("GET", &target, &[ORIGIN], "").status, 405);
}

#[test]
fn a_browser_without_a_token_is_known_by_its_cookies() {
    let fixture = Fixture::seeded();
    assert_eq!(fixture.browse("GET", "/v1/client", &[ORIGIN], "").json()["response"], json!(null));
    let created = fixture.browse("POST", "/v1/client?_method=PUT", &[ORIGIN], "");
    let cookies: Vec<_> =
        created.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
    let [first, second] = &*cookies else { panic!("{cookies:?}") };
    assert!(
        first.contains("; SameSite=Lax; HttpOnly") && second.contains("; SameSite=None; Secure; HttpOnly")
    );
    for cookie in [first, second] {
        let cookie = cookie.split(';').next().unwrap();
        let known = fixture.browse("GET", "/v1/client", &[ORIGIN, ("cookie", cookie)], "");
        assert_eq!(known.json()["response"]["id"], created.json()["response"]["id"], "{cookie}");
    }
    let unknown = fixture.browse("GET", "/v1/client?__clerk_db_jwt=dvb_other", &[ORIGIN], "");
    assert_eq!((unknown.status, &*unknown.code()), (401, "dev_browser_unauthenticated"));
}

#[test]
fn paths_of_both_apis_belong_to_whoever_calls() {
    let fixture = Fixture::seeded();
    let browser = fixture.browser();
    // A browser that is not signed in.
    assert_eq!(
        browser.error("GET", "/client/sessions/sess_none", &[]),
        (404, "resource_not_found".to_owned())
    );
    // The secret key, even from a page.
    let key = fixture.local.secret_key().to_header();
    let headers = [ORIGIN, ("authorization", key.to_str().unwrap())];
    assert_eq!(fixture.browse("GET", "/v1/organizations/org_acme", &headers, "").json()["id"], "org_acme");
}

#[test]
fn the_environment_follows_the_settings() {
    let fixture = Fixture::seeded();
    let environment = |browser: &Browser<'_>| browser.send("PATCH", "/environment", &[]).json();
    let before = environment(&fixture.browser());
    assert_eq!(before["display_config"]["sign_in_url"], "http://127.0.0.1:4000/sign-in");
    assert_eq!(
        before["user_settings"]["attributes"]["email_address"]["verifications"],
        json!(["email_code"])
    );
    assert_eq!(before["user_settings"]["social"]["oauth_github"]["name"], "GitHub");
    for (path, expected) in [
        ("/auth_config/single_session_mode", json!(false)),
        ("/auth_config/email_address", json!("required")),
        ("/auth_config/web3_wallet", json!(null)),
        ("/user_settings/restrictions/allowlist/enabled", json!(false)),
        ("/organization_settings/enabled", json!(true)),
    ] {
        assert_eq!(before.pointer(path).unwrap_or(&Value::Null), &expected, "{path}");
    }
    {
        let settings = &mut fixture.local.state().settings;
        settings.single_session_mode = true;
        settings.restrictions.allowlist = true;
        settings.organizations.enabled = false;
        settings.social = vec!["gitlab".to_owned()];
    }
    let after = environment(&fixture.browser());
    for (path, expected) in [
        ("/auth_config/single_session_mode", json!(true)),
        ("/user_settings/restrictions/allowlist/enabled", json!(true)),
        ("/organization_settings/enabled", json!(false)),
        ("/user_settings/social/oauth_gitlab/enabled", json!(true)),
    ] {
        assert_eq!(after.pointer(path), Some(&expected), "{path}");
    }
    assert_eq!(after.pointer("/user_settings/social/oauth_github"), None);
}

#[test]
fn a_browser_has_several_sessions_and_one_active_one() {
    let fixture = Fixture::seeded();
    let browser = fixture.browser();
    let client = browser.client()["id"].as_str().unwrap().into();
    let [ada, grace] = ["user_ada", "user_grace"].map(|user| {
        let now = fixture.local.now();
        fixture.local.state().start_session(&client, user.into(), now).as_str().to_owned()
    });
    let view = |client: &Value| {
        let sessions = client["sessions"].as_array().unwrap().iter();
        let sessions: Vec<_> = sessions.map(|session| session["id"].as_str().unwrap().to_owned()).collect();
        (sessions, client["last_active_session_id"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(view(&browser.client()), (vec![ada.clone(), grace.clone()], grace.clone()));
    let (session, client) =
        browser.ok("POST", &format!("/client/sessions/{ada}/touch"), &[("intent", "select_session")]);
    assert_eq!((&session["user"]["id"], view(&client).1), (&json!("user_ada"), ada.clone()));
    assert_eq!(session["public_user_data"]["identifier"], "ada@example.com");
    let (session, client) = browser.ok("POST", &format!("/client/sessions/{ada}/end"), &[]);
    assert_eq!((&session["status"], view(&client)), (&json!("ended"), (vec![grace.clone()], String::new())));
    let (client, _) = browser.ok("DELETE", "/client/sessions", &[]);
    assert_eq!(view(&client), (vec![], String::new()));
    assert_eq!(fixture.get(&format!("/v1/sessions/{grace}"))["status"], "removed");
}

#[test]
fn a_browser_gets_tokens_of_templates() {
    let fixture = Fixture::seeded();
    let template = json!({"name": "api", "claims": {"email": "{{user.primary_email_address}}"}});
    fixture.ok("POST", "/v1/jwt_templates", &template);
    let browser = fixture.browser();
    let client = browser.client()["id"].as_str().unwrap().into();
    let session = fixture.local.state().start_session(&client, "user_ada".into(), fixture.local.now());
    let path = format!("/client/sessions/{session}/tokens");
    let token = browser.send("POST", &format!("{path}/api"), &[]).json();
    let claims = fixture.local.key().verify(token["jwt"].as_str().unwrap()).unwrap();
    assert_eq!((&claims["email"], &claims["azp"]), (&json!("ada@example.com"), &json!(ORIGIN.1)));
    assert_eq!(browser.error("POST", &format!("{path}/nope"), &[]), (404, "resource_not_found".to_owned()));
}
