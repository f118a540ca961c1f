//! Tests of the templates of emails and SMS messages.

use serde_json::json;

use super::{Fixture, none};

#[test]
fn templates_are_changed_previewed_and_reverted() {
    let fixture = Fixture::new();
    let path = "/v1/templates/email/verification_code";
    let before = fixture.get(path);
    assert_eq!((&before["resource_type"], &before["can_revert"]), (&json!("system"), &json!(false)));
    let change =
        json!({"name": "Code", "subject": "Hi", "body": "{{otp_code}}!", "delivered_by_clerk": false});
    let changed = fixture.ok("PUT", path, &change);
    for (name, value) in change.as_object().unwrap() {
        assert_eq!(&changed[name], value);
    }
    assert_eq!((&changed["resource_type"], &changed["can_revert"]), (&json!("user"), &json!(true)));
    assert_eq!(fixture.get(path), changed);
    let toggle = format!("{path}/toggle_delivery");
    assert_eq!(fixture.ok("POST", &toggle, &none())["delivered_by_clerk"], true);
    assert_eq!(
        fixture.ok("POST", &toggle, &json!({"delivered_by_clerk": false}))["delivered_by_clerk"],
        false
    );
    let preview = fixture.ok("POST", &format!("{path}/preview"), &json!({"subject": "New"}));
    assert_eq!((&preview["subject"], &preview["body"]), (&json!("New"), &json!("{{otp_code}}!")));
    assert_eq!(fixture.ok("POST", &format!("{path}/revert"), &none()), before);
    let slugs = fixture.column("/v1/templates/sms", "/slug");
    assert_eq!(slugs, ["verification_code", "reset_password_code"]);
    assert_eq!(fixture.get("/v1/templates/email?paginated=true&limit=1")["total_count"], 14);
}

#[test]
fn invalid_templates_are_rejected() {
    let fixture = Fixture::new();
    let path = "/v1/templates/email/verification_code";
    fixture.refuses("GET", "/v1/templates/fax", &none(), 400, "template_type_unsupported", "");
    fixture.refuses("GET", "/v1/templates/email/nope", &none(), 404, "resource_not_found", "");
    for (body, code, param) in [
        (json!({"body": "no code"}), "required_variable_missing", "body"),
        (json!({"name": ""}), "form_param_missing", "name"),
        (json!({"colour": 1}), "form_param_unknown", "colour"),
    ] {
        fixture.refuses("PUT", path, &body, 422, code, param);
    }
}
