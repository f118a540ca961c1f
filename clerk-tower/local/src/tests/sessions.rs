//! Tests of sessions.

use std::time::Duration;

use serde_json::json;

use super::{Fixture, has_fields, none};

#[test]
fn sessions_start_and_end() {
    let fixture = Fixture::seeded();
    let body = json!({"user_id": "user_ada", "active_organization_id": "org_acme"});
    let session = fixture.ok("POST", "/v1/sessions", &body);
    has_fields(
        &session,
        &[
            "object",
            "id",
            "user_id",
            "client_id",
            "status",
            "last_active_at",
            "expire_at",
            "abandon_at",
            "updated_at",
            "created_at",
        ],
    );
    assert_eq!(session["status"], "active");
    assert_eq!(session["last_active_organization_id"], "org_acme");
    assert_eq!(session["created_at"], 1_700_000_000_000_i64);
    assert_eq!(fixture.get("/v1/users/user_ada")["last_sign_in_at"], 1_700_000_000_000_i64);
    let path = format!("/v1/sessions/{}", session["id"].as_str().unwrap());
    assert_eq!(fixture.get(&path), session);
    assert_eq!(fixture.ok("POST", &format!("{path}/revoke"), &none())["status"], "revoked");
    assert_eq!(fixture.get(&path)["status"], "revoked");
    fixture.refuses("POST", &format!("{path}/tokens"), &none(), 404, "resource_not_found", "");
}

#[test]
fn sessions_expire_after_a_week() {
    let fixture = Fixture::seeded();
    let session = fixture.local.sign_in("user_ada");
    fixture.clock.advance(Duration::from_secs(7 * 86_400 - 1));
    assert_eq!(fixture.get("/v1/sessions?status=active").as_array().unwrap().len(), 1);
    fixture.tick();
    let path = format!("/v1/sessions/{}", session.session_id());
    assert_eq!(fixture.get(&path)["status"], "expired");
    // An expired session is not revoked.
    assert_eq!(fixture.ok("POST", &format!("{path}/revoke"), &none())["status"], "expired");
}

#[test]
fn invalid_sessions_are_rejected() {
    let fixture = Fixture::seeded();
    for (body, status, code, param) in [
        (json!({}), 422, "form_param_missing", "user_id"),
        (json!({"user_id": "user_x"}), 404, "resource_not_found", ""),
        (
            json!({"user_id": "user_alan", "active_organization_id": "org_acme"}),
            404,
            "resource_not_found",
            "",
        ),
        (json!({"user_id": "user_alan", "colour": 1}), 422, "form_param_unknown", "colour"),
    ] {
        fixture.refuses("POST", "/v1/sessions", &body, status, code, param);
    }
    fixture.ok("POST", "/v1/users/user_alan/ban", &none());
    fixture.refuses("POST", "/v1/sessions", &json!({"user_id": "user_alan"}), 422, "user_banned", "");
    for path in ["/v1/sessions/sess_x/revoke", "/v1/sessions/sess_x/tokens"] {
        fixture.refuses("POST", path, &none(), 404, "resource_not_found", "");
    }
    fixture.refuses("GET", "/v1/sessions/sess_x", &none(), 404, "resource_not_found", "");
}

#[test]
fn lists_are_bare_arrays_unless_a_total_is_requested() {
    let fixture = Fixture::seeded();
    let ada = fixture.local.sign_in("user_ada");
    let grace = fixture.local.sign_in("user_grace").pending();
    fixture.ok("POST", &format!("/v1/sessions/{}/revoke", ada.session_id()), &none());
    let (ada, grace) = (ada.session_id().as_str(), grace.session_id().as_str());
    let client = fixture.get(&format!("/v1/sessions/{grace}"))["client_id"].as_str().unwrap().to_owned();
    for (query, expected) in [
        ("user_id=user_ada".to_owned(), vec![ada]),
        ("status=revoked".into(), vec![ada]),
        ("status=pending".into(), vec![grace]),
        (format!("client_id={client}"), vec![grace]),
        (String::new(), vec![grace, ada]),
        ("limit=1&offset=1".into(), vec![ada]),
    ] {
        assert!(fixture.get(&format!("/v1/sessions?{query}")).is_array());
        assert_eq!(fixture.column(&format!("/v1/sessions?{query}"), "/id"), expected, "{query}");
    }
    let page = fixture.get("/v1/sessions?paginated=true&limit=1");
    assert_eq!((&page["total_count"], &page["data"][0]["id"]), (&json!(2), &json!(grace)));
    fixture.refuses("GET", "/v1/sessions?status=tired", &none(), 422, "form_param_format_invalid", "status");
}
