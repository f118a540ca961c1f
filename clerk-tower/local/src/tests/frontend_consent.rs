//! Tests of consent to OAuth applications on a page of the application's own.

use serde_json::json;

use super::{Fixture, frontend_api::ORIGIN, none};

const BACK: &str = "http://127.0.0.1:3000/back";

#[test]
fn an_application_asks_for_consent_on_its_own_page() {
    let fixture = Fixture::seeded();
    let body = json!({ "name": "App", "redirect_uris": [BACK], "scopes": "openid profile email" });
    let app = fixture.ok("POST", "/v1/oauth_applications", &body);
    let client_id = app["client_id"].as_str().unwrap();
    let path = format!("/me/oauth/consent/{client_id}");
    let browser = fixture.browser_of("user_ada");
    let shown = |query: &str| browser.send("GET", &format!("{path}{query}"), &[]).json();
    let all = shown("");
    assert_eq!((&all["oauth_application_name"], &all["redirect_domain"]), (&json!("App"), &none()));
    assert_eq!(all["scopes"].as_array().unwrap().len(), 3);
    let some = shown("?scope=profile+private_metadata&redirect_uri=http://127.0.0.1:3000/back");
    assert_eq!(
        (&some["scopes"][0]["scope"], &some["redirect_domain"]),
        (&json!("profile"), &json!("127.0.0.1"))
    );
    assert_eq!(some["scopes"].as_array().unwrap().len(), 1);
    assert_eq!(shown("?redirect_uri=http://evil.example/")["redirect_domain"], none());

    let submit = |more: &[(&str, &str)]| {
        let mut form = vec![("response_type", "code"), ("redirect_uri", BACK), ("state", "12345678")];
        form.extend_from_slice(more);
        browser.send("POST", &path, &form)
    };
    for (form, name, value) in [
        (vec![("consented", "false")], "error", "access_denied"),
        (vec![("consented", "true"), ("scope", "private_metadata")], "error", "invalid_scope"),
        (vec![("consented", "true"), ("client_id", client_id)], "state", "12345678"),
        (vec![("consented", "true"), ("scope", "openid")], "state", "12345678"),
    ] {
        let answered = submit(&form);
        assert_eq!((answered.status, &*answered.pair(name)), (303, value), "{form:?}");
        assert_eq!(answered.pair("code").is_empty(), name == "error", "{form:?}");
    }
    for (form, status) in [
        (vec![], 422),
        (vec![("consented", "perhaps")], 422),
        // Another application's parameters, and a URI that is not registered.
        (vec![("consented", "true"), ("client_id", "other")], 400),
        (vec![("consented", "true"), ("redirect_uri", "http://evil.example/")], 400),
    ] {
        assert_eq!(submit(&form).status, status, "{form:?}");
    }
    // Pages of other sites cannot decide, nor can somebody who is signed out.
    let target = format!("/v1{path}?__clerk_db_jwt={}", browser.token);
    let form = format!("response_type=code&redirect_uri={BACK}&state=12345678&consented=true");
    let evil = fixture.browse("POST", &target, &[("origin", "https://evil.example")], &form);
    assert_eq!(evil.code(), "origin_invalid");
    assert_eq!(fixture.browse("POST", &format!("/v1{path}"), &[ORIGIN], &form).status, 401);
    assert_eq!(browser.error("GET", "/me/oauth/consent/none", &[]).0, 404);
    let body = json!({ "consent_screen_enabled": false });
    fixture.ok("PATCH", &format!("/v1/oauth_applications/{}", app["id"].as_str().unwrap()), &body);
    assert_eq!(submit(&[("consented", "true")]).status, 403);
}
