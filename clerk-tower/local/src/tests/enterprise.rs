//! Tests of enterprise connections, directories, agent tasks and links to the admin portal.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Fixture, has_fields, none};

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn saml(name: &str) -> Value {
    json!({
        "name": name, "provider": "saml_okta", "domains": ["Example.com"], "organization_id": "org_acme",
        "idp_entity_id": "https://idp.example.com", "attribute_mapping": {"email_address": "email"},
    })
}

#[test]
fn saml_connections_are_created_updated_and_deleted() {
    let fixture = Fixture::seeded();
    let created = fixture.ok("POST", "/v1/saml_connections", &saml("Okta"));
    for (field, expected) in [
        ("/object", json!("saml_connection")),
        ("/domain", json!("example.com")),
        ("/domains", json!(["example.com"])),
        ("/idp_entity_id", json!("https://idp.example.com")),
        ("/idp_sso_url", json!(null)),
        ("/attribute_mapping/email_address", json!("email")),
        ("/attribute_mapping/last_name", json!("surname")),
        ("/login_hint/mode", json!("email_address")),
        ("/active", json!(false)),
        ("/organization_id", json!("org_acme")),
    ] {
        assert_eq!(created.pointer(field), Some(&expected), "{field}");
    }
    has_fields(
        &created,
        &["acs_url", "sp_entity_id", "sp_metadata_url", "user_count", "authenticatable", "force_authn"],
    );
    fixture.tick();
    fixture.ok(
        "POST",
        "/v1/saml_connections",
        &json!({"name": "Other", "provider": "saml_custom", "domain": "a.org"}),
    );
    for (query, expected) in [
        ("", &["Other", "Okta"][..]),
        ("?order_by=created_at", &["Okta", "Other"]),
        ("?query=EXAMPLE", &["Okta"]),
        ("?organization_id=org_acme", &["Okta"]),
        ("?organization_id=-org_acme", &["Other"]),
        ("?limit=1&offset=1", &["Okta"]),
    ] {
        assert_eq!(fixture.column(&format!("/v1/saml_connections{query}"), "/name"), expected, "{query}");
    }
    let path = format!("/v1/saml_connections/{}", text(&created["id"]));
    let body =
        json!({"active": true, "idp_entity_id": null, "force_authn": true, "login_hint": {"mode": "off"}});
    let updated = fixture.ok("PATCH", &path, &body);
    assert_eq!(
        (&updated["active"], &updated["idp_entity_id"], &updated["force_authn"]),
        (&json!(true), &json!(null), &json!(true))
    );
    assert_eq!(updated["login_hint"]["mode"], "off");
    // It is an enterprise connection, too.
    let enterprise = format!("/v1/enterprise_connections/{}", text(&created["enterprise_connection_id"]));
    assert_eq!(fixture.get(&enterprise)["saml_connection"]["id"], created["id"]);
    assert_eq!(fixture.ok("DELETE", &path, &none())["deleted"], true);
    fixture.refuses("GET", &path, &none(), 404, "resource_not_found", "");
    fixture.refuses("GET", &enterprise, &none(), 404, "resource_not_found", "");
}

#[test]
fn enterprise_connections_are_created_updated_and_deleted() {
    let fixture = Fixture::seeded();
    let body = json!({
        "name": "Acme", "provider": "oidc_custom", "domains": ["acme.com"], "active": true,
        "oidc": {"client_id": "c", "client_secret": "s", "discovery_url": "https://idp.example.com", "requires_pkce": true},
        "custom_attributes": [{"name": "Team", "key": "team"}],
    });
    let (status, created) = fixture.call("POST", "/v1/enterprise_connections", &body);
    assert_eq!(status, 201, "{created}");
    for (field, expected) in [
        ("/object", json!("enterprise_connection")),
        ("/active", json!(true)),
        ("/saml_connection", json!(null)),
        ("/oauth_config/client_id", json!("c")),
        ("/oauth_config/requires_pkce", json!(true)),
        ("/oauth_config/provider_key", json!("oidc_custom")),
        ("/custom_attributes/0/key", json!("team")),
    ] {
        assert_eq!(created.pointer(field), Some(&expected), "{field}");
    }
    assert!(!created.to_string().contains("client_secret"));
    let path = format!("/v1/enterprise_connections/{}", text(&created["id"]));
    let body =
        json!({"name": "ACME", "domains": [], "organization_id": "org_acme", "oidc": {"client_id": null}});
    let updated = fixture.ok("PATCH", &path, &body);
    assert_eq!((&updated["name"], &updated["domains"]), (&json!("ACME"), &json!(["acme.com"])));
    assert_eq!(
        (&updated["oauth_config"]["client_id"], &updated["oauth_config"]["requires_pkce"]),
        (&json!(null), &json!(true))
    );
    for (query, count) in [
        ("", 1),
        ("?active=true", 1),
        ("?active=false", 0),
        ("?organization_id=org_acme", 1),
        ("?organization_id=x", 0),
    ] {
        assert_eq!(
            fixture.get(&format!("/v1/enterprise_connections{query}"))["total_count"],
            count,
            "{query}"
        );
    }
    let run = fixture.ok("POST", &format!("{path}/test_runs"), &none());
    assert!(text(&run["url"]).starts_with("https://"));
    for (query, count) in [("", 1), ("?status=pending", 1), ("?status=success&status=failed", 0)] {
        let runs = fixture.get(&format!("{path}/test_runs{query}"));
        assert_eq!(runs["total_count"], count, "{query}");
    }
    let run = &fixture.get(&format!("{path}/test_runs"))["data"][0];
    assert_eq!((&run["status"], &run["connection_type"]), (&json!("pending"), &json!("oauth")));
    fixture.refuses(
        "GET",
        &format!("{path}/test_runs?status=x"),
        &none(),
        422,
        "form_param_format_invalid",
        "status",
    );
    assert_eq!(fixture.ok("DELETE", &path, &none())["deleted"], true);
    fixture.refuses("PATCH", &path, &json!({}), 404, "resource_not_found", "");
}

#[test]
fn invalid_connections_are_rejected() {
    let fixture = Fixture::seeded();
    let good = json!({"name": "A", "provider": "saml_custom", "domains": ["a.com"]});
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    for path in ["/v1/saml_connections", "/v1/enterprise_connections"] {
        for (body, status, code, param) in [
            (with("name", json!("")), 422, "form_param_missing", "name"),
            (with("provider", json!(null)), 422, "form_param_missing", "provider"),
            (with("provider", json!("saml_x")), 422, "form_param_format_invalid", "provider"),
            (with("domains", json!([])), 422, "form_param_missing", "domains"),
            (with("domains", json!(["a b.com"])), 422, "form_param_format_invalid", "domains"),
            (with("organization_id", json!("org_x")), 404, "resource_not_found", ""),
            (with("color", json!(1)), 422, "form_param_unknown", "color"),
        ] {
            let seen = fixture.error("POST", path, &body);
            assert_eq!((seen.0, &*seen.1), (status, code), "{path} {body}");
            assert!(seen.2 == param || code == "form_param_format_invalid", "{path} {body}");
        }
    }
    for (path, body, param) in [
        ("/v1/saml_connections", with("login_hint", json!({"mode": "x"})), "login_hint"),
        ("/v1/saml_connections", with("attribute_mapping", json!({"team": "x"})), "attribute_mapping"),
        (
            "/v1/enterprise_connections",
            with("custom_attributes", json!([{"name": "x"}])),
            "custom_attributes",
        ),
        ("/v1/enterprise_connections", with("saml", json!("x")), "saml"),
    ] {
        fixture.refuses("POST", path, &body, 422, "form_param_format_invalid", param);
    }
}

#[test]
fn directories_have_two_names() {
    for (path, object, mapping) in [
        ("/v1/directories", "directory", "directory_group_role_mapping"),
        ("/v1/scim_directories", "scim_directory", "scim_group_role_mapping"),
    ] {
        let fixture = Fixture::seeded();
        let connection = json!({"name": "A", "provider": "saml_okta", "domains": ["a.com"]});
        let connection = text(&fixture.call("POST", "/v1/enterprise_connections", &connection).1["id"]);
        let role = text(&fixture.get("/v1/organization_roles")["data"][0]["id"]);
        let body = json!({
            "enterprise_connection_id": connection, "provider": "okta", "name": "People",
            "group_role_mappings": [{"scim_group_id": "g1", "role_id": role, "scim_group_display_name": "Staff"}],
        });
        let created = fixture.ok("POST", path, &body);
        assert_eq!(
            (&created["object"], &created["group_role_mapping_enabled"]),
            (&json!(object), &json!(true))
        );
        let own = format!("{path}/{}", text(&created["id"]));
        assert_eq!(fixture.get(&own).get("api_key"), None);
        let rotated = fixture.ok("POST", &format!("{own}/rotate_api_key"), &none());
        assert_ne!(rotated["api_key"], created["api_key"]);
        let body = json!({"enabled": false, "attribute_mapping": {"first_name": null, "team": "x.team"}});
        let updated = fixture.ok("PATCH", &own, &body);
        assert_eq!(
            (&updated["enabled"], &updated["attribute_mapping"]["team"]),
            (&json!(false), &json!("x.team"))
        );
        assert_eq!(updated["attribute_mapping"].get("first_name"), None);
        assert_eq!(fixture.get(path)["total_count"], 1);

        let mappings = format!("{own}/group_role_mappings");
        let body = json!({"directory_group_id": "g2", "role_id": role});
        let second = fixture.ok("POST", &mappings, &body);
        assert_eq!(
            (&second["object"], &second["precedence"], &second["role"]["id"]),
            (&json!(mapping), &json!(2), &json!(role))
        );
        assert_eq!(fixture.column(&mappings, "/scim_group_display_name"), ["Staff", "g2"]);
        let replaced = json!({"mappings": [{"directory_group_id": "g3", "role_id": role}, {"scim_group_id": "g1", "role_id": role}]});
        fixture.ok("PUT", &mappings, &replaced);
        assert_eq!(fixture.column(&mappings, "/directory_group_id"), ["g3", "g1"]);
        let third = fixture.column(&mappings, "/id").remove(0);
        assert_eq!(fixture.ok("DELETE", &format!("{mappings}/{third}"), &none())["deleted"], true);
        fixture.refuses("DELETE", &format!("{mappings}/{third}"), &none(), 404, "resource_not_found", "");
        for (body, status, code) in [
            (json!({"role_id": role}), 422, "form_param_missing"),
            (json!({"directory_group_id": "g9"}), 422, "form_param_missing"),
            (json!({"directory_group_id": "g9", "role_id": "x"}), 404, "resource_not_found"),
            (
                json!({"directory_group_id": "g9", "scim_group_id": "g8", "role_id": role}),
                422,
                "form_param_format_invalid",
            ),
            (json!({"directory_group_id": "g1", "role_id": role}), 422, "form_identifier_exists"),
            (
                json!({"directory_group_id": "g9", "role_id": role, "precedence": 0}),
                422,
                "form_param_format_invalid",
            ),
        ] {
            let seen = fixture.error("POST", &mappings, &body);
            assert_eq!((seen.0, &*seen.1), (status, code), "{body}");
        }
        fixture.ok("PATCH", &own, &json!({"group_role_mapping_enabled": false}));
        let body = json!({"directory_group_id": "g9", "role_id": role});
        fixture.refuses("POST", &mappings, &body, 422, "group_role_mapping_disabled", "");
        for (body, status, code, param) in [
            (json!({"provider": "okta"}), 422, "form_param_missing", "enterprise_connection_id"),
            (json!({"enterprise_connection_id": "x", "provider": "okta"}), 404, "resource_not_found", ""),
            (json!({"enterprise_connection_id": connection}), 422, "form_param_missing", "provider"),
        ] {
            fixture.refuses("POST", path, &body, status, code, param);
        }
        // A directory ends with its connection.
        fixture.ok("DELETE", &format!("/v1/enterprise_connections/{connection}"), &none());
        fixture.refuses("GET", &own, &none(), 404, "resource_not_found", "");
    }
}

#[test]
fn agent_tasks_have_a_url_until_they_are_revoked() {
    let fixture = Fixture::seeded();
    let good = json!({
        "on_behalf_of": {"user_id": "user_ada"}, "permissions": "*", "agent_name": "bot", "task_description": "sort",
        "redirect_url": "http://localhost:3000/",
    });
    let first = fixture.ok("POST", "/v1/agents/tasks", &good);
    assert_eq!((&first["object"], &first["task_id"]), (&json!("agent_task"), &first["agent_task_id"]));
    assert!(text(&first["url"]).contains("/v1/agents/tasks?ticket="), "{first}");
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let second = fixture.ok(
        "POST",
        "/v1/agents/tasks",
        &with("on_behalf_of", json!({"identifier": "ADA@example.com"})),
    );
    assert_eq!(second["agent_id"], first["agent_id"]);
    assert_ne!(second["agent_task_id"], first["agent_task_id"]);
    for (body, status, code, param) in [
        (with("on_behalf_of", json!(null)), 422, "form_param_missing", "on_behalf_of"),
        (with("on_behalf_of", json!({})), 422, "form_param_format_invalid", "on_behalf_of"),
        (with("on_behalf_of", json!({"user_id": "user_x"})), 404, "resource_not_found", ""),
        (with("on_behalf_of", json!({"identifier": "x"})), 404, "resource_not_found", ""),
        (with("permissions", json!("read")), 422, "form_param_format_invalid", "permissions"),
        (with("agent_name", json!("")), 422, "form_param_missing", "agent_name"),
        (with("redirect_url", json!("javascript:x")), 422, "form_param_format_invalid", "redirect_url"),
        (
            with("session_max_duration_in_seconds", json!(0)),
            422,
            "form_param_format_invalid",
            "session_max_duration_in_seconds",
        ),
    ] {
        fixture.refuses("POST", "/v1/agents/tasks", &body, status, code, param);
    }
    let path = format!("/v1/agents/tasks/{}/revoke", text(&first["agent_task_id"]));
    assert_eq!(fixture.ok("POST", &path, &none()).get("url"), None);
    assert_ne!(fixture.call("POST", &path, &none()).0, 200);
    fixture.refuses("POST", "/v1/agents/tasks/x/revoke", &none(), 404, "resource_not_found", "");
}

#[test]
fn links_to_the_admin_portal_expire_and_are_revoked() {
    let fixture = Fixture::seeded();
    let body = json!({"organization_id": "org_acme", "scopes": ["admin_portal:read"], "seconds_until_expiration": 60});
    let (status, link) = fixture.call("POST", "/v1/admin_portal_link_tokens", &body);
    assert_eq!((status.as_u16(), &link["expiration"]), (201, &json!(1_700_000_060_000_i64)), "{link}");
    has_fields(
        &link,
        &["id", "admin_portal_link_id", "instance_id", "it_contact_id", "token", "revoked", "expired"],
    );
    fixture.clock.advance(Duration::from_secs(60));
    let path = format!("/v1/admin_portal_link_tokens/{}/revoke", text(&link["id"]));
    let revoked = fixture.ok("POST", &path, &json!({"revocation_reason": "done"}));
    assert_eq!(
        (&revoked["revoked"], &revoked["revocation_reason"], &revoked["expired"]),
        (&json!(true), &json!("done"), &json!(true))
    );
    assert_eq!(revoked.get("token"), None);
    for (body, status) in [
        (json!({"seconds_until_expiration": 0}), 400),
        (json!({"seconds_until_expiration": 86_401}), 400),
        (json!({"scopes": "x"}), 400),
        (json!({"color": 1}), 400),
        (json!({"organization_id": "org_x"}), 404),
    ] {
        assert_eq!(fixture.error("POST", "/v1/admin_portal_link_tokens", &body).0, status, "{body}");
    }
    fixture.refuses(
        "POST",
        "/v1/admin_portal_link_tokens/x/revoke",
        &json!({}),
        404,
        "resource_not_found",
        "",
    );
}
