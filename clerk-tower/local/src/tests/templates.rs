//! Tests of the templates of emails and SMS messages.

use serde_json::json;

use super::{Fixture, none};
use crate::state::CodeStrategy;

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

#[test]
fn messages_follow_the_templates_that_were_changed() {
    let fixture = Fixture::seeded();
    let local = &fixture.local;
    let invite = |address: &str| {
        fixture.ok("POST", "/invitations", &json!({ "email_address": address }));
        local.last_message_to(address).unwrap()
    };
    let before = invite("a@example.com");
    assert!(before.body.contains(before.link.as_deref().unwrap()) && before.delivered_by_clerk);

    let path = "/templates/email/invitation";
    let change = json!({
        "name": "Invitation", "subject": "Come to {{ app.name }}", "from_email_name": "hello",
        "reply_to_email_name": "us", "body": "<a href='{{action_url}}'>in</a> {{otp_code}} {{nonsense}} {{", });
    let kinds = fixture.events(|fixture| {
        fixture.ok("PUT", path, &change);
        invite("b@example.com");
    });
    let after = local.last_message_to("b@example.com").unwrap();
    assert_eq!(after.subject, "Come to LocalClerk");
    let link = after.link.unwrap();
    assert_eq!(after.body, format!("<a href='{link}'>in</a> {{{{otp_code}}}} {{{{nonsense}}}} {{{{"));
    let (kind, data) = kinds.iter().find(|event| event.0 == "email.created").unwrap();
    assert_eq!((*kind, &data["subject"]), ("email.created", &json!("Come to LocalClerk")));
    assert_eq!((&data["from_email_name"], &data["reply_to_email_name"]), (&json!("hello"), &json!("us")));
    assert_eq!((&data["body"], &data["delivered_by_clerk"]), (&json!(after.body), &json!(true)));

    // The application delivers it.
    fixture.ok("POST", &format!("{path}/toggle_delivery"), &none());
    let events = fixture.events(|_| drop(invite("c@example.com")));
    assert_eq!(events.last().unwrap().1["delivered_by_clerk"], false);
    assert!(!local.last_message_to("c@example.com").unwrap().delivered_by_clerk);
    fixture.ok("POST", &format!("{path}/revert"), &none());
    let reverted = invite("d@example.com");
    assert_eq!((reverted.subject, reverted.delivered_by_clerk), (before.subject, true));

    // An organization's name, and a code in an SMS message.
    let body = json!({ "name": "Join", "subject": "{{org.name}}", "body": "{{action_url}}" });
    fixture.ok("PUT", "/templates/email/organization_invitation", &body);
    let body =
        json!({ "email_address": "e@example.com", "role": "org:member", "inviter_user_id": "user_ada" });
    fixture.ok("POST", "/organizations/org_acme/invitations", &body);
    assert_eq!(local.last_message_to("e@example.com").unwrap().subject, "Acme");
    fixture.ok(
        "PUT",
        "/templates/sms/verification_code",
        &json!({ "name": "Code", "body": "It is {{otp_code}}." }),
    );
    let now = local.time();
    local.state().send_code(CodeStrategy::Phone, "idn_1", "+4915112345678", now);
    let message = local.last_message_to("+4915112345678").unwrap();
    assert_eq!(message.subject, format!("It is {}.", message.code.unwrap()));
    assert_eq!(message.body, message.subject);
}
