//! Tests of sign-in tokens, actor tokens, testing tokens and clients.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Fixture, has_fields, none};

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

/// Signs in with a ticket, as the Frontend API does, and returns the session's identifier, or the error's sentence.
fn redeem(fixture: &Fixture, ticket: &str) -> Result<String, String> {
    let now = fixture.now();
    let state = &mut *fixture.local.state();
    let token = state.redeem_sign_in_ticket(ticket).map_err(|error| error.sentence().to_owned())?;
    let session = state.sign_in(token.user.clone(), now).id;
    state.apply_sign_in_token(&token, session.as_str());
    Ok(session.as_str().to_owned())
}

#[test]
fn a_sign_in_token_signs_its_user_in_once() {
    let fixture = Fixture::seeded();
    let body = json!({"user_id": "user_ada", "org_id": "org_acme"});
    let token = fixture.ok("POST", "/v1/sign_in_tokens", &body);
    has_fields(&token, &["object", "id", "user_id", "status", "token", "url", "created_at", "updated_at"]);
    assert_eq!((&token["object"], &token["status"]), (&json!("sign_in_token"), &json!("pending")));
    assert!(text(&token, "url").ends_with(&format!("/v1/tickets/accept?ticket={}", text(&token, "token"))));

    let session = fixture.get(&format!("/v1/sessions/{}", redeem(&fixture, text(&token, "token")).unwrap()));
    assert_eq!((&session["user_id"], &session["actor"]), (&json!("user_ada"), &none()));
    assert_eq!(session["last_active_organization_id"], "org_acme");
    assert!(redeem(&fixture, text(&token, "token")).unwrap_err().contains("already used"));
    let revoke = format!("/v1/sign_in_tokens/{}/revoke", text(&token, "id"));
    fixture.refuses("POST", &revoke, &none(), 400, "sign_in_token_cannot_be_revoked_code", "");
}

#[test]
fn sign_in_tokens_expire_and_can_be_revoked() {
    let fixture = Fixture::seeded();
    let create = |more: Value| {
        let body = crate::state::extended(json!({"user_id": "user_ada"}), more);
        fixture.ok("POST", "/v1/sign_in_tokens", &body)
    };
    let [short, long, revoked] = [json!({"expires_in_seconds": 10}), json!({}), json!({})].map(create);
    let revoke = format!("/v1/sign_in_tokens/{}/revoke", text(&revoked, "id"));
    assert_eq!(fixture.ok("POST", &revoke, &none())["status"], "revoked");
    assert!(redeem(&fixture, text(&revoked, "token")).unwrap_err().contains("revoked"));
    fixture.clock.advance(Duration::from_secs(10));
    assert!(redeem(&fixture, text(&short, "token")).unwrap_err().contains("expired"));
    fixture.clock.advance(Duration::from_secs(30 * 86_400 - 11));
    assert!(redeem(&fixture, text(&long, "token")).is_ok());
    assert!(redeem(&fixture, "nonsense").unwrap_err().contains("not known"));
}

#[test]
fn an_actor_token_lets_somebody_else_in() {
    let fixture = Fixture::seeded();
    let body =
        json!({"user_id": "user_ada", "actor": {"sub": "user_grace"}, "session_max_duration_in_seconds": 60});
    let token = fixture.ok("POST", "/v1/actor_tokens", &body);
    assert_eq!((&token["object"], &token["actor"]), (&json!("actor_token"), &json!({"sub": "user_grace"})));
    let session = redeem(&fixture, text(&token, "token")).unwrap();
    let path = format!("/v1/sessions/{session}");
    assert_eq!(fixture.get(&path)["actor"], json!({"sub": "user_grace"}));
    let jwt = fixture.ok("POST", &format!("{path}/tokens"), &none());
    let claims = fixture.local.key().verify(text(&jwt, "jwt")).unwrap();
    assert_eq!((&claims["sub"], &claims["act"]["sub"]), (&json!("user_ada"), &json!("user_grace")));
    fixture.clock.advance(Duration::from_secs(60));
    assert_eq!(fixture.get(&path)["status"], "expired");

    let other = fixture.ok("POST", "/v1/actor_tokens", &body);
    let id = text(&other, "id");
    let wrong = format!("/v1/sign_in_tokens/{id}/revoke");
    fixture.refuses("POST", &wrong, &none(), 404, "resource_not_found", "");
    assert_eq!(fixture.ok("POST", &format!("/v1/actor_tokens/{id}/revoke"), &none())["status"], "revoked");
}

#[test]
fn invalid_tokens_are_rejected() {
    let fixture = Fixture::seeded();
    let actor = json!({"sub": "user_grace"});
    for (path, body, status, code, param) in [
        ("sign_in_tokens", json!({}), 422, "form_param_missing", "user_id"),
        ("sign_in_tokens", json!({"user_id": "x"}), 404, "resource_not_found", ""),
        (
            "sign_in_tokens",
            json!({"user_id": "user_alan", "org_id": "org_acme"}),
            404,
            "resource_not_found",
            "",
        ),
        (
            "sign_in_tokens",
            json!({"user_id": "user_ada", "expires_in_seconds": 0}),
            422,
            "form_param_format_invalid",
            "expires_in_seconds",
        ),
        ("actor_tokens", json!({"user_id": "user_ada"}), 422, "form_param_missing", "actor"),
        (
            "actor_tokens",
            json!({"user_id": "user_ada", "actor": {}}),
            422,
            "form_param_format_invalid",
            "actor",
        ),
        (
            "actor_tokens",
            json!({"user_id": "x", "actor": actor}),
            422,
            "form_param_format_invalid",
            "user_id",
        ),
        ("sign_in_tokens/x/revoke", none(), 404, "resource_not_found", ""),
        ("actor_tokens/x/revoke", none(), 404, "resource_not_found", ""),
    ] {
        fixture.refuses("POST", &format!("/v1/{path}"), &body, status, code, param);
    }
}

#[test]
fn testing_tokens_are_given_for_an_hour() {
    let fixture = Fixture::new();
    let token = fixture.ok("POST", "/v1/testing_tokens", &none());
    assert_eq!((&token["object"], &token["expires_at"]), (&json!("testing_token"), &json!(1_700_003_600)));
    assert!(text(&token, "token").starts_with("1700000000-c_"));
}

#[test]
fn clients_show_their_sessions() {
    let fixture = Fixture::seeded();
    let ada = fixture.local.sign_in("user_ada");
    fixture.tick();
    let grace = fixture.ok("POST", "/v1/sessions", &json!({"user_id": "user_grace"}));
    let clients = fixture.get("/v1/clients");
    assert_eq!(clients.as_array().unwrap().len(), 2);
    assert_eq!(clients[0]["session_ids"], json!([grace["id"]]), "the newest first");
    let client = fixture.get(&format!("/v1/clients/{}", text(&grace, "client_id")));
    assert_eq!(client, clients[0]);
    has_fields(&client, &["sign_in_id", "sign_up_id", "last_authentication_strategy", "created_at"]);
    assert_eq!((&client["sessions"][0], &client["last_active_session_id"]), (&grace, &grace["id"]));
    assert_eq!(fixture.get("/v1/clients?paginated=true&limit=1")["total_count"], 2);

    let verified = fixture.ok("POST", "/v1/clients/verify", &json!({"token": ada.token()}));
    assert_eq!(verified["session_ids"], json!([ada.session_id().as_str()]));
    for token in [ada.expired_token(), "nonsense".to_owned()] {
        let body = json!({"token": token});
        fixture.refuses("POST", "/v1/clients/verify", &body, 422, "form_param_format_invalid", "token");
    }
    fixture.refuses("GET", "/v1/clients/client_0", &none(), 404, "resource_not_found", "");
}
