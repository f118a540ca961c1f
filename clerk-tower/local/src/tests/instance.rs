//! Tests of the instance's settings.

use serde_json::{Value, json};

use super::{Fixture, none};

/// What a request changes shows in its response, and in a later one.
#[test]
fn settings_are_changed_and_remembered() {
    let fixture = Fixture::new();
    for (path, change, readable) in [
        (
            "/v1/instance/restrictions",
            json!({
                "allowlist": true, "blocklist": true, "allowlist_blocklist_disabled_on_sign_in": true,
                "block_email_subaddresses": true, "block_disposable_email_domains": true,
            }),
            false,
        ),
        ("/v1/instance/protect", json!({"rules_enabled": true, "specter_enabled": true}), true),
        ("/v1/instance/communication", json!({"blocked_country_codes": ["DE", "FR"]}), true),
        (
            "/v1/instance/oauth_application_settings",
            json!({
                "dynamic_oauth_client_registration": true, "default_scopes": ["email"],
                "oauth_jwt_access_tokens": true, "client_id_metadata_documents_advertised": true,
                "client_id_metadata_documents_only_allow_pre_registered_clients": true,
                "client_id_metadata_documents_block_implicitly_allowed_clients": true,
            }),
            true,
        ),
    ] {
        let before = fixture.ok("PATCH", path, &json!({}));
        let updated = fixture.ok("PATCH", path, &change);
        for (name, value) in change.as_object().unwrap() {
            assert_eq!(&updated[name], value, "{path}");
            assert_ne!(&before[name], value, "{path}: {name} is the default");
        }
        let nulls: serde_json::Map<String, Value> =
            change.as_object().unwrap().keys().map(|name| (name.clone(), Value::Null)).collect();
        let kept = fixture.ok("PATCH", path, &nulls.clone().into());
        if nulls.contains_key("default_scopes") {
            assert_eq!(kept["default_scopes"], json!(null));
            assert_eq!(kept["oauth_jwt_access_tokens"], true);
        } else {
            assert_eq!(kept, updated, "{path}");
        }
        if readable {
            assert_eq!(fixture.get(path), kept);
        }
    }
}

#[test]
fn the_instance_shows_its_allowed_origins() {
    let fixture = Fixture::new();
    let instance = fixture.get("/v1/instance");
    assert_eq!(
        (&instance["environment_type"], &instance["allowed_origins"]),
        (&json!("development"), &none())
    );
    let body = json!({
        "test_mode": false, "hibp": false, "support_email": "help@example.com", "clerk_js_version": "6",
        "development_origin": "http://localhost:3000", "allowed_origins": ["chrome-extension://x"],
        "cookieless_dev": false, "preferred_sign_in_strategy_when_password_required": "otp",
    });
    assert_eq!(fixture.call("PATCH", "/v1/instance", &body), (http::StatusCode::NO_CONTENT, none()));
    assert_eq!(fixture.get("/v1/instance")["allowed_origins"], json!(["chrome-extension://x"]));
    let settings = fixture.local.state().settings.clone();
    assert!(!settings.test_mode && !settings.hibp && !settings.url_based_session_syncing);
    assert_eq!(settings.preferred_sign_in_strategy_when_password_required, "otp");
}

#[test]
fn beta_settings_are_the_same_settings() {
    let fixture = Fixture::new();
    let path = "/v1/beta_features/instance_settings";
    let body =
        json!({"restricted_to_allowlist": true, "from_email_address": "auth", "progressive_sign_up": false});
    let updated = fixture.ok("PATCH", path, &body);
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(&updated[name], value);
    }
    assert_eq!(fixture.ok("PATCH", "/v1/instance/restrictions", &json!({}))["allowlist"], true);
}

#[test]
fn invalid_settings_are_rejected() {
    let fixture = Fixture::new();
    for (path, body, code, param) in [
        ("/v1/instance", json!({"test_mode": 1}), "form_param_format_invalid", "test_mode"),
        ("/v1/instance", json!({"colour": 1}), "form_param_unknown", "colour"),
        ("/v1/instance", json!({"allowed_origins": "x"}), "form_param_format_invalid", "allowed_origins"),
        (
            "/v1/instance",
            json!({"preferred_sign_in_strategy_when_password_required": "smoke"}),
            "form_param_format_invalid",
            "preferred_sign_in_strategy_when_password_required",
        ),
        ("/v1/instance/restrictions", json!({"allowlist": "yes"}), "form_param_format_invalid", "allowlist"),
        (
            "/v1/instance/communication",
            json!({"blocked_country_codes": ["de"]}),
            "form_param_format_invalid",
            "blocked_country_codes",
        ),
        (
            "/v1/instance/communication",
            json!({"blocked_country_codes": ["DE", "DE"]}),
            "form_param_format_invalid",
            "blocked_country_codes",
        ),
        (
            "/v1/beta_features/instance_settings",
            json!({"from_email_address": "a@b"}),
            "form_param_format_invalid",
            "from_email_address",
        ),
    ] {
        fixture.refuses("PATCH", path, &body, 422, code, param);
    }
}
