//! Tests of the API keys that users create in a browser.

use serde_json::{Value, json};

use super::{
    Fixture,
    frontend::TextResponse,
    frontend_api::{Browser, ORIGIN, id},
    none,
};

/// Sends a request as Clerk's JavaScript does for API keys: JSON, and a session token.
fn send(browser: &Browser<'_>, method: &str, path: &str, body: &Value, token: &str) -> TextResponse {
    let join = if path.contains('?') { '&' } else { '?' };
    let (sent, path) = match method {
        "GET" | "POST" => (method, path.to_owned()),
        method => ("POST", format!("{path}{join}_method={method}")),
    };
    let bearer = format!("Bearer {token}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    browser.fixture.browse(sent, &path, &[ORIGIN, ("authorization", &bearer)], &body)
}

fn session_token(browser: &Browser<'_>) -> String {
    let path = format!("/client/sessions/{}/tokens", browser.session());
    browser.send("POST", &path, &[]).json()["jwt"].as_str().unwrap().to_owned()
}

#[test]
fn users_create_keys_for_themselves_and_for_organizations() {
    let fixture = Fixture::seeded();
    let [ada, grace] = ["user_ada", "user_grace"].map(|user| fixture.browser_of(user));
    let [ada_token, grace_token] = [&ada, &grace].map(session_token);
    let as_ada = |method: &str, path: &str, body: &Value| send(&ada, method, path, body, &ada_token);
    let as_grace = |method: &str, path: &str, body: &Value| send(&grace, method, path, body, &grace_token);
    let made = as_ada("POST", "/api_keys", &json!({ "name": "mine", "subject": "user_ada" }));
    assert_eq!((made.status, made.header("access-control-allow-origin")), (201, ORIGIN.1));
    let made = made.json();
    assert_eq!((&made["created_by"], &made["subject"]), (&json!("user_ada"), &json!("user_ada")));
    assert!(made["secret"].as_str().unwrap().starts_with("ak_"));
    let team = as_ada("POST", "/api_keys", &json!({ "name": "team", "subject": "org_acme" })).json();
    let listed = as_ada("GET", "/api_keys?subject=user_ada&query=min", &none()).json();
    assert_eq!((&listed["total_count"], &listed["data"][0]["id"]), (&json!(1), &made["id"]));
    assert_eq!(listed["data"][0].get("secret"), None);
    let path = format!("/api_keys/{}", id(&made));
    assert_eq!(as_ada("PATCH", &path, &json!({ "description": "x" })).json()["description"], "x");
    // The server sees the same key.
    assert_eq!(fixture.get(&path)["description"], "x");

    let key = |subject: &str| json!({ "name": "key", "subject": subject });
    for (method, path, body, status) in [
        // Not the user's own, and not permitted in the organization.
        ("GET", "/api_keys?subject=user_ada", none(), 404),
        ("GET", "/api_keys?subject=org_acme", none(), 404),
        ("GET", "/api_keys", none(), 400),
        ("POST", "/api_keys", key("user_ada"), 404),
        ("POST", "/api_keys", key("org_acme"), 404),
        ("POST", "/api_keys", json!({ "name": "key" }), 400),
        ("POST", "/api_keys", json!({ "name": "k", "subject": "user_grace" }), 400),
        // Scopes and claims are for the application to give.
        ("POST", "/api_keys", json!({ "name": "key", "subject": "user_grace", "scopes": ["all"] }), 400),
        ("PATCH", &path, json!({ "description": "y" }), 404),
        ("POST", &format!("{path}/revoke"), none(), 404),
        ("POST", &format!("/api_keys/{}/revoke", id(&team)), none(), 404),
        ("POST", "/api_keys/ak_none/revoke", none(), 404),
    ] {
        assert_eq!(as_grace(method, path, &body).status, status, "{method} {path} {body}");
    }
    let revoked = as_ada("POST", &format!("{path}/revoke"), &json!({ "revocation_reason": "over" }));
    assert_eq!(revoked.json()["revocation_reason"], "over");
    assert_eq!(as_ada("GET", "/api_keys?subject=user_ada", &none()).json()["total_count"], 0);
}

#[test]
fn only_tokens_of_sessions_that_go_on_count() {
    let fixture = Fixture::seeded();
    let browser = fixture.browser_of("user_ada");
    let token = session_token(&browser);
    let list = |token: &str| send(&browser, "GET", "/api_keys?subject=user_ada", &none(), token).status;
    assert_eq!(list(&token), 200);
    let (head, _) = token.rsplit_once('.').unwrap();
    assert_eq!([list(&format!("{head}.AAAA")), list("a.b.c"), list("")], [401, 401, 401]);
    fixture.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(list(&token), 401, "it is expired");
    let token = session_token(&browser);
    browser.ok("POST", &format!("/client/sessions/{}/end", browser.session()), &[]);
    assert_eq!(list(&token), 401, "its session is over");
    // Without one, the browser's session counts.
    let browser = fixture.browser_of("user_ada");
    let path = format!("/api_keys?subject=user_ada&__clerk_db_jwt={}", browser.token);
    assert_eq!(fixture.browse("GET", &path, &[ORIGIN], "").status, 200);
    // A page may send the header.
    let preflight = fixture.browse("OPTIONS", "/api_keys", &[ORIGIN], "");
    assert!(preflight.header("access-control-allow-headers").contains("authorization"));
}
