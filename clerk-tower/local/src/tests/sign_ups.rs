//! Tests of sign-ups in the Backend API.

use serde_json::json;

use super::{Fixture, has_fields, none};

#[test]
fn sign_ups_are_shown_and_changed() {
    let fixture = Fixture::new();
    let sign_up = crate::state::SignUp::new("client_1".to_owned().into(), fixture.now());
    let path = format!("/v1/sign_ups/{}", sign_up.id);
    fixture.local.state().put_sign_up(sign_up.clone());
    let shown = fixture.get(&path);
    has_fields(
        &shown,
        &[
            "required_fields",
            "missing_fields",
            "unverified_fields",
            "verifications",
            "password_enabled",
            "custom_action",
            "created_session_id",
            "created_user_id",
            "abandon_at",
        ],
    );
    assert_eq!(
        (&shown["object"], &shown["status"]),
        (&json!("sign_up_attempt"), &json!("missing_requirements"))
    );
    assert!(shown.get("has_password").is_none() && shown.get("external_account").is_none());
    let changed = fixture.ok("PATCH", &path, &json!({"external_id": "7", "custom_action": true}));
    assert_eq!((&changed["external_id"], &changed["custom_action"]), (&json!("7"), &json!(true)));
    assert_eq!(fixture.get(&path), changed);
    fixture.refuses("PATCH", &path, &json!({"x": 1}), 422, "form_param_unknown", "x");
    fixture.refuses("GET", "/v1/sign_ups/sua_0", &none(), 404, "resource_not_found", "");
    fixture.local.state().sign_ups.get_mut(&sign_up.id).unwrap().user = Some("user_1".to_owned().into());
    fixture.refuses("PATCH", &path, &json!({}), 403, "sign_up_cannot_be_updated", "");
}
