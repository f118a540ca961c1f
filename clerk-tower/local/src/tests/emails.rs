//! Emails of the application.

use super::*;

fn email(subject: &str) -> Value {
    json!({
        "to": { "address": "ada@example.com" },
        "from": { "address": "shop@example.com", "name": "Shop" },
        "subject": subject,
        "html": "<p>Thank you</p>",
        "text": "Thank you",
    })
}

fn with(mut email: Value, name: &str, value: Value) -> Value {
    email[name] = value;
    email
}

#[test]
fn an_email_of_the_application_is_in_the_outbox() {
    let fixture = Fixture::seeded();
    let sent = fixture.ok("POST", "/v1/email", &email("Your receipt"));
    assert_eq!(sent["subject"], "Your receipt");
    assert_eq!((&sent["body"], &sent["body_plain"]), (&json!("<p>Thank you</p>"), &json!("Thank you")));
    assert_eq!((&sent["from_email_name"], &sent["user_id"]), (&json!("shop"), &json!("user_ada")));
    assert_eq!(fixture.get(&format!("/v1/email/{}", sent["id"].as_str().unwrap())), sent);
    fixture.refuses("GET", "/v1/email/ema_none", &Value::Null, 404, "resource_not_found", "");
    let to_user = with(email("Hello"), "to", json!({ "user_id": "user_grace" }));
    assert_eq!(fixture.ok("POST", "/v1/email", &to_user)["to_email_address"], "grace@example.com");
}

#[test]
fn an_idempotency_key_sends_an_email_once() {
    let fixture = Fixture::seeded();
    let send = |subject: &str| {
        let request = Request::post("/v1/email")
            .header("authorization", fixture.local.secret_key().to_header())
            .header("idempotency-key", "order_1");
        fixture.send(request.body(email(subject).to_string().into()).unwrap())
    };
    let (first, second) = (send("Your receipt"), send("Your receipt"));
    assert_eq!((first.0, &first.1["id"]), (StatusCode::OK, &second.1["id"]));
    let (status, refused) = send("Another receipt");
    assert_eq!(
        (status, &refused["errors"][0]["code"]),
        (StatusCode::CONFLICT, &json!("idempotency_key_reused"))
    );
}

#[test]
fn the_emails_of_a_batch_are_sent_one_by_one() {
    let fixture = Fixture::seeded();
    let messages = [
        email("One"),
        with(email("Two"), "subject", json!("")),
        with(email("Three"), "idempotency_key", json!("three")),
        with(email("Three"), "idempotency_key", json!("three")),
    ];
    let results = fixture.ok("POST", "/v1/email/batch", &json!({ "messages": messages }));
    let statuses: Vec<_> =
        results.as_array().unwrap().iter().map(|one| one["status_code"].as_u64()).collect();
    assert_eq!(statuses, [200, 422, 200, 200].map(Some));
    assert_eq!(results[1]["errors"][0]["meta"]["param_name"], "subject");
    assert_eq!(results[2]["email"]["id"], results[3]["email"]["id"]);
    for messages in [json!([]), json!(vec![email("x"); 101])] {
        let body = json!({ "messages": messages });
        fixture.refuses("POST", "/v1/email/batch", &body, 422, "form_param_format_invalid", "messages");
    }
}

#[test]
fn emails_that_cannot_be_sent_are_refused() {
    let fixture = Fixture::seeded();
    for (name, value, code) in [
        ("to", json!({}), "form_param_format_invalid"),
        ("to", json!({ "address": "ada@example.com", "user_id": "user_ada" }), "form_param_format_invalid"),
        ("to", json!({ "address": "nobody" }), "form_param_format_invalid"),
        ("from", Value::Null, "form_param_missing"),
        ("from", json!({ "name": "Shop" }), "form_param_format_invalid"),
        ("subject", json!("x".repeat(999)), "form_param_format_invalid"),
        ("html", json!("x".repeat(50_000)), "form_param_format_invalid"),
        ("cc", json!(vec!["grace@example.com"; 50]), "form_param_format_invalid"),
        ("bcc", json!(["grace"]), "form_param_format_invalid"),
        ("attachments", json!(vec![json!({}); 11]), "form_param_format_invalid"),
        ("sender", json!("x"), "form_param_unknown"),
    ] {
        let param = if name == "bcc" { "cc" } else { name };
        fixture.refuses("POST", "/v1/email", &with(email("Hello"), name, value), 422, code, param);
    }
    let empty = with(with(email("Hello"), "html", Value::Null), "text", Value::Null);
    fixture.refuses("POST", "/v1/email", &empty, 422, "form_param_missing", "text");
}
