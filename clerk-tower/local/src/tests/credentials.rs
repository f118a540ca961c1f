//! Tests of API keys, machines, M2M tokens and OAuth access tokens.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::{Fixture, has_fields, none};

impl Fixture {
    /// Returns the response to a call with a machine's key.
    fn call_with(&self, key: &str, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {key}"))
            .body(Bytes::from(body.to_string()));
        self.send(request.unwrap())
    }
}

#[test]
fn an_api_key_has_all_its_fields() {
    let fixture = Fixture::seeded();
    let body = json!({"name": "nightly", "subject": "user_ada", "seconds_until_expiration": 1.5});
    let (status, key) = fixture.call("POST", "/v1/api_keys", &body);
    assert_eq!(status, StatusCode::CREATED, "{key}");
    has_fields(
        &key,
        &[
            "object",
            "id",
            "type",
            "subject",
            "name",
            "description",
            "claims",
            "scopes",
            "secret",
            "revoked",
            "revocation_reason",
            "expired",
            "expiration",
            "created_by",
            "last_used_at",
            "created_at",
            "updated_at",
        ],
    );
    assert_eq!(key["expiration"], 1_700_000_001_500_i64);
    assert_eq!(key["id"].as_str().unwrap().len(), 35);
    // Only the create and the secret operation return the secret. The path works without `/v1`, too.
    let path = format!("/api_keys/{}", key["id"].as_str().unwrap());
    assert_eq!(fixture.get(&path).get("secret"), None);
    assert_eq!(fixture.get(&format!("{path}/secret")), json!({ "secret": key["secret"] }));
}

#[test]
fn invalid_api_keys_are_rejected() {
    let fixture = Fixture::seeded();
    let path = |end: &str| format!("/v1/api_keys/{end}");
    let key = fixture.local.api_key("nightly").subject("user_ada").create();
    let known = path(key.id.as_str());
    for (method, path, body, status, code) in [
        ("POST", path("").trim_end_matches('/'), json!({}), 400, "bad_request"),
        ("POST", "/v1/api_keys", json!({"name": "ab", "subject": "user_ada"}), 400, "bad_request"),
        ("POST", "/v1/api_keys", json!({"name": " abc", "subject": "user_ada"}), 400, "bad_request"),
        ("POST", "/v1/api_keys", json!({"name": "abc", "subject": "dog_1"}), 400, "bad_request"),
        ("POST", "/v1/api_keys", json!({"name": "abc", "subject": "user_x"}), 404, "resource_not_found"),
        ("POST", "/v1/api_keys", json!({"name": "abc", "subject": "user_ada", "a": 1}), 400, "bad_request"),
        ("PATCH", &known, json!({"seconds_until_expiration": 0}), 400, "bad_request"),
        ("PATCH", &known, json!({"seconds_until_expiration": 1e300}), 400, "bad_request"),
        ("PATCH", &known, json!({"scopes": "read"}), 400, "bad_request"),
        ("PATCH", &known, json!({"subject": "org_x"}), 404, "resource_not_found"),
        ("POST", &format!("{known}/revoke"), json!({"revocation_reason": 1}), 400, "bad_request"),
        ("POST", &path("verify"), json!({}), 400, "bad_request"),
        ("POST", &path("verify"), json!({"secret": "ak_x"}), 404, "resource_not_found"),
        ("GET", "/v1/api_keys", none(), 400, "bad_request"),
        ("GET", "/v1/api_keys?subject=user_ada&limit=101", none(), 400, "bad_request"),
        ("GET", &path("ak_x"), none(), 404, "resource_not_found"),
        ("GET", &path("ak_x/secret"), none(), 404, "resource_not_found"),
        ("DELETE", &path("ak_x"), none(), 404, "resource_not_found"),
        ("PUT", &known, none(), 405, "method_not_allowed"),
    ] {
        fixture.refuses(method, path, &body, status, code, "");
    }
}

#[test]
fn machines_are_created_updated_and_deleted() {
    let fixture = Fixture::new();
    let reports = fixture.ok("POST", "/v1/machines", &json!({"name": "reports"}));
    fixture.tick();
    let id = |machine: &Value| machine["id"].as_str().unwrap().to_owned();
    let body = json!({"name": "billing", "scoped_machines": [id(&reports)]});
    let billing = fixture.ok("POST", "/v1/machines", &body);
    assert!(billing["secret_key"].as_str().unwrap().starts_with("ak_"));
    assert_eq!(billing["scoped_machines"][0]["name"], "reports");
    let path = format!("/v1/machines/{}", id(&billing));
    assert_eq!(fixture.get(&path).get("secret_key"), None);
    assert_eq!(fixture.get(&format!("{path}/secret_key"))["secret"], billing["secret_key"]);
    assert_eq!(fixture.column("/v1/machines", "/name"), ["billing", "reports"]);
    assert_eq!(fixture.column("/v1/machines?query=REP", "/name"), ["reports"]);
    assert_eq!(fixture.column("/v1/machines?order_by=%2Bname&limit=1&offset=1", "/name"), ["reports"]);
    assert_eq!(fixture.ok("PATCH", &path, &json!({"name": "invoices"}))["name"], "invoices");

    let scope = json!({"to_machine_id": id(&reports)});
    fixture.refuses("POST", &format!("{path}/scopes"), &scope, 409, "machine_scope_already_exists", "");
    let other = format!("{path}/scopes/{}", id(&reports));
    assert_eq!(fixture.ok("DELETE", &other, &none())["deleted"], true);
    fixture.refuses("DELETE", &other, &none(), 404, "resource_not_found", "");
    assert_eq!(fixture.ok("POST", &format!("{path}/scopes"), &scope)["object"], "machine_scope");
    fixture.ok("DELETE", &format!("/v1/machines/{}", id(&reports)), &none());
    assert_eq!(fixture.get(&path)["scoped_machines"], json!([]));
}

#[test]
fn invalid_machines_are_rejected() {
    let fixture = Fixture::new();
    let machine = fixture.local.machine("billing").create();
    let known = format!("/v1/machines/{}", machine.id);
    for (method, path, body, status, code, param) in [
        ("POST", "/v1/machines".to_owned(), json!({}), 422, "form_param_missing", "name"),
        (
            "POST",
            "/v1/machines".to_owned(),
            json!({"name": "x".repeat(256)}),
            422,
            "form_param_format_invalid",
            "name",
        ),
        (
            "POST",
            "/v1/machines".to_owned(),
            json!({"name": "x", "scoped_machines": ["mch_x"]}),
            404,
            "resource_not_found",
            "",
        ),
        (
            "PATCH",
            known.clone(),
            json!({"default_token_ttl": 0}),
            422,
            "form_param_format_invalid",
            "default_token_ttl",
        ),
        (
            "POST",
            format!("{known}/secret_key/rotate"),
            json!({}),
            422,
            "form_param_missing",
            "previous_token_ttl",
        ),
        (
            "POST",
            format!("{known}/secret_key/rotate"),
            json!({"previous_token_ttl": 28801}),
            422,
            "form_param_format_invalid",
            "previous_token_ttl",
        ),
        ("POST", format!("{known}/scopes"), json!({"to_machine_id": "mch_x"}), 404, "resource_not_found", ""),
        ("GET", "/v1/machines/mch_x".to_owned(), none(), 404, "resource_not_found", ""),
        ("GET", "/v1/machines?order_by=age".to_owned(), none(), 422, "form_param_format_invalid", "order_by"),
    ] {
        fixture.refuses(method, &path, &body, status, code, param);
    }
}

#[test]
fn a_machine_secret_key_is_valid_for_m2m_tokens_only() {
    let fixture = Fixture::seeded();
    let machine = fixture.local.machine("billing").create();
    let other = fixture.local.machine("reports").create();
    let code = |method: &str, path: &str, body: Value| {
        let (status, response) = fixture.call_with(&machine.secret_key, method, path, &body);
        (status.as_u16(), response["errors"][0]["code"].as_str().unwrap_or_default().to_owned())
    };
    let said = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(code("GET", "/v1/users", json!({})), said(403, "authorization_invalid"));
    assert_eq!(code("GET", "/v1/machines", json!({})), said(403, "authorization_invalid"));
    let list = |id: &clerk_core::id::Id| format!("/v1/m2m_tokens?subject={id}");
    assert_eq!(code("GET", &list(&other.id), json!({})), said(403, "authorization_invalid"));
    assert_eq!(code("GET", &list(&machine.id), json!({})), said(200, ""));
    assert_eq!(code("POST", "/v1/m2m_tokens", json!({})), said(201, ""));
    for body in [
        json!({"token_format": "xml"}),
        json!({"seconds_until_expiration": -1}),
        json!({"min_remaining_ttl_seconds": 3600}),
        json!({"colour": 1}),
    ] {
        assert_eq!(code("POST", "/v1/m2m_tokens", body), said(400, "bad_request"));
    }
    fixture.refuses("POST", "/v1/m2m_tokens", &json!({}), 400, "bad_request", "");
    // A machine can revoke only its own tokens.
    let token = fixture.local.m2m_token(&other).create();
    let revoke = format!("/v1/m2m_tokens/{}/revoke", token.id);
    assert_eq!(code("POST", &revoke, json!({})), said(404, "resource_not_found"));
    assert_eq!(fixture.ok("POST", &revoke, &json!({}))["revoked"], true);
}

#[test]
fn m2m_tokens_are_listed_and_reused() {
    let fixture = Fixture::new();
    let machine = fixture.local.machine("billing").create();
    let create = |body: Value| {
        let (status, token) = fixture.call_with(&machine.secret_key, "POST", "/m2m_tokens", &body);
        assert_eq!(status, StatusCode::CREATED, "{token}");
        token
    };
    let first = create(json!({"min_remaining_ttl_seconds": 600, "claims": {"a": 1}}));
    let again = create(json!({"min_remaining_ttl_seconds": 600, "claims": {"a": 1}}));
    assert_eq!((&first["id"], &first["token"]), (&again["id"], &again["token"]));
    assert_ne!(create(json!({"min_remaining_ttl_seconds": 600}))["id"], first["id"]);
    fixture.clock.advance(Duration::from_secs(3001));
    assert_ne!(create(json!({"min_remaining_ttl_seconds": 600, "claims": {"a": 1}}))["id"], first["id"]);
    // Tokens in JWT form are not stored.
    create(json!({"token_format": "jwt"}));
    let list = |query: &str| {
        fixture.get(&format!("/m2m_tokens?subject={}{query}", machine.id))["total_count"].as_u64().unwrap()
    };
    assert_eq!((list(""), list("&expired=true"), list("&revoked=true")), (3, 0, 0));
    fixture.clock.advance(Duration::from_secs(600));
    assert_eq!((list(""), list("&expired=true")), (1, 2));
}

#[test]
fn oauth_tokens_are_verified_by_their_value() {
    let fixture = Fixture::seeded();
    let path = "/v1/oauth_applications/access_tokens/verify";
    let token = fixture.local.oauth_token("user_ada").scopes(["email"]).create();
    let seen = fixture.ok("POST", path, &json!({"access_token": token.token}));
    has_fields(
        &seen,
        &["object", "id", "client_id", "subject", "scopes", "revoked", "expired", "expiration"],
    );
    assert_eq!(seen["subject"], "user_ada");
    assert_eq!(fixture.ok("POST", path, &json!({"secret": token.token})), seen);
    fixture.refuses("POST", path, &json!({}), 400, "bad_request", "");
    fixture.refuses("POST", path, &json!({"access_token": "oat_x"}), 404, "resource_not_found", "");
    fixture.refuses("POST", path, &json!({"access_token": "a.b.c"}), 404, "resource_not_found", "");
}
