//! Tests of organizations.

use serde_json::json;

use super::{Fixture, has_fields, none};

#[test]
fn organizations_can_be_read_by_id_and_by_slug() {
    let fixture = Fixture::seeded();
    let created = fixture.ok(
        "POST",
        "/v1/organizations",
        &json!({
            "name": "Bell Labs", "slug": "bell", "created_by": "user_alan", "max_allowed_memberships": 9,
            "public_metadata": {"a": 1}, "private_metadata": null, "created_at": "2024-03-01T00:00:00Z",
        }),
    );
    has_fields(
        &created,
        &[
            "object",
            "id",
            "name",
            "slug",
            "has_image",
            "max_allowed_memberships",
            "admin_delete_enabled",
            "public_metadata",
            "created_at",
            "updated_at",
        ],
    );
    assert_eq!(created["created_by"], "user_alan");
    assert_eq!(created["created_at"], 1_709_251_200_000_i64);
    let id = created["id"].as_str().unwrap();
    assert_eq!(fixture.get(&format!("/v1/organizations/{id}")), created);
    assert_eq!(fixture.get("/v1/organizations/bell"), created);
    // The creator of an organization becomes its administrator.
    let memberships = fixture.get(&format!("/v1/organizations/{id}/memberships"));
    assert_eq!(memberships["data"][0]["role"], "org:admin");
    assert_eq!(memberships["data"][0]["public_user_data"]["user_id"], "user_alan");
    assert_eq!(fixture.get("/v1/organizations/bell?include_members_count=true")["members_count"], 1);
}

#[test]
fn slugs_are_derived_from_names_and_stay_unique() {
    let fixture = Fixture::new();
    let slug = |name: &str| {
        fixture.ok("POST", "/organizations", &json!({ "name": name }))["slug"].as_str().unwrap().to_owned()
    };
    assert_eq!(slug("  Bell & Sons, Ltd."), "bell-sons-ltd");
    assert!(slug("Bell: Sons Ltd").starts_with("bell-sons-ltd-"));
    assert!(slug("日本").len() > 1);
}

#[test]
fn invalid_organizations_are_rejected() {
    let fixture = Fixture::seeded();
    for (body, status, code, param) in [
        (json!({}), 422, "form_param_missing", "name"),
        (json!({"name": ""}), 422, "form_param_missing", "name"),
        (json!({"name": "x".repeat(257)}), 422, "form_param_format_invalid", "name"),
        (json!({"name": "A", "slug": "acme"}), 422, "form_identifier_exists", "slug"),
        (json!({"name": "A", "slug": "A_B"}), 422, "form_param_format_invalid", "slug"),
        (
            json!({"name": "A", "max_allowed_memberships": -1}),
            422,
            "form_param_format_invalid",
            "max_allowed_memberships",
        ),
        (json!({"name": "A", "created_by": "user_x"}), 404, "resource_not_found", ""),
        (json!({"name": "A", "colour": 1}), 422, "form_param_unknown", "colour"),
    ] {
        fixture.refuses("POST", "/v1/organizations", &body, status, code, param);
    }
    assert_eq!(fixture.get("/v1/organizations")["total_count"], 1);
}

#[test]
fn lists_are_filtered_ordered_and_paginated() {
    let fixture = Fixture::new();
    let ada = fixture.person("ada");
    for name in ["Beta", "Alpha", "Gamma"] {
        fixture.tick();
        let organization = fixture.local.organization(name).id(format!("org_{name}")).create();
        if name != "Alpha" {
            fixture.local.add_member(&organization, &ada, "org:member");
        }
    }
    let ada = ada.id;
    for (query, expected) in [
        (String::new(), vec!["Gamma", "Alpha", "Beta"]),
        ("order_by=name".into(), vec!["Alpha", "Beta", "Gamma"]),
        ("order_by=members_count".into(), vec!["Alpha", "Beta", "Gamma"]),
        ("limit=1&offset=1".into(), vec!["Alpha"]),
        ("query=ALP".into(), vec!["Alpha"]),
        ("query=org_beta".into(), vec!["Beta"]),
        (format!("user_id={ada}"), vec!["Gamma", "Beta"]),
        (format!("user_id=-{ada}"), vec!["Alpha"]),
        ("organization_id=%2Borg_Beta".into(), vec!["Beta"]),
        ("organization_id=-org_Beta".into(), vec!["Gamma", "Alpha"]),
    ] {
        assert_eq!(fixture.column(&format!("/v1/organizations?{query}"), "/name"), expected, "{query}");
    }
    assert_eq!(fixture.get("/v1/organizations?limit=1")["total_count"], 3);
    let counted = fixture.get("/v1/organizations?include_members_count=true&query=beta");
    assert_eq!(counted["data"][0]["members_count"], 1);
    fixture.refuses(
        "GET",
        "/v1/organizations?order_by=slug",
        &none(),
        422,
        "form_param_format_invalid",
        "order_by",
    );
}

#[test]
fn updates_change_only_the_fields_they_name() {
    let fixture = Fixture::seeded();
    fixture.tick();
    let path = "/v1/organizations/org_acme";
    let updated = fixture.ok(
        "PATCH",
        path,
        &json!({"name": "Acme Ltd", "slug": "acme", "admin_delete_enabled": false}),
    );
    assert_eq!((&updated["name"], &updated["admin_delete_enabled"]), (&json!("Acme Ltd"), &json!(false)));
    assert_eq!(updated["updated_at"], 1_700_000_001_000_i64);
    fixture.refuses("PATCH", path, &json!({"slug": "?"}), 422, "form_param_format_invalid", "slug");
    fixture.refuses("PATCH", path, &json!({"name": ""}), 422, "form_param_missing", "name");
    fixture.refuses("PATCH", "/v1/organizations/org_x", &json!({}), 404, "resource_not_found", "");

    let metadata = format!("{path}/metadata");
    fixture.ok(
        "PATCH",
        &metadata,
        &json!({"public_metadata": {"a": 1, "b": 2}, "private_metadata": {"p": 1}}),
    );
    let merged = fixture.ok("PATCH", &metadata, &json!({"public_metadata": {"a": null}}));
    assert_eq!(merged["public_metadata"], json!({"b": 2}));
    let replaced = fixture.ok("PUT", &metadata, &json!({"public_metadata": {}}));
    assert_eq!((&replaced["public_metadata"], &replaced["private_metadata"]), (&json!({}), &json!({"p": 1})));
    fixture.refuses(
        "PUT",
        &metadata,
        &json!({"public_metadata": 1}),
        422,
        "form_param_format_invalid",
        "public_metadata",
    );
}

#[test]
fn deleting_an_organization_ends_its_memberships() {
    let fixture = Fixture::seeded();
    let session = fixture.local.sign_in("user_ada").organization("org_acme");
    let deleted = fixture.ok("DELETE", "/v1/organizations/org_acme", &none());
    assert_eq!(deleted, json!({"object": "organization", "id": "org_acme", "slug": "acme", "deleted": true}));
    assert_eq!(fixture.get("/v1/organization_memberships")["total_count"], 0);
    let session = fixture.get(&format!("/v1/sessions/{}", session.session_id()));
    assert_eq!(session["last_active_organization_id"], json!(null));
    fixture.refuses("GET", "/v1/organizations/acme", &none(), 404, "resource_not_found", "");
    fixture.refuses("DELETE", "/v1/organizations/org_acme", &none(), 404, "resource_not_found", "");
}
