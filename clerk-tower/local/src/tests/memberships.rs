//! Tests of organization memberships.

use serde_json::json;

use super::{Fixture, has_fields, none};

const PATH: &str = "/v1/organizations/org_acme/memberships";

#[test]
fn memberships_are_created_updated_and_deleted() {
    let fixture = Fixture::seeded();
    let body = json!({"user_id": "user_alan", "role": "org:member", "public_metadata": {"a": 1}});
    let created = fixture.ok("POST", PATH, &body);
    has_fields(
        &created,
        &[
            "object",
            "id",
            "role",
            "permissions",
            "public_metadata",
            "created_at",
            "updated_at",
            "organization",
        ],
    );
    has_fields(
        &created["public_user_data"],
        &["user_id", "first_name", "last_name", "profile_image_url", "image_url", "has_image"],
    );
    assert_eq!(created["public_user_data"]["identifier"], "alan@example.com");
    assert_eq!(created["role_name"], "Member");
    let permissions =
        ["org:sys_memberships:read", "org:sys_billing:read", "org:users:read", "org:reports:read"];
    assert_eq!(created["permissions"], json!(permissions));

    let alan = format!("{PATH}/user_alan");
    assert_eq!(fixture.ok("PATCH", &alan, &json!({"role": "org:admin"}))["role"], "org:admin");
    let merged = fixture.ok("PATCH", &format!("{alan}/metadata"), &json!({"public_metadata": {"b": 2}}));
    assert_eq!(merged["public_metadata"], json!({"a": 1, "b": 2}));
    let session = fixture.local.sign_in("user_alan").organization("org_acme");
    assert_eq!(fixture.ok("DELETE", &alan, &none())["id"], created["id"]);
    let session = fixture.get(&format!("/v1/sessions/{}", session.session_id()));
    assert_eq!(session["last_active_organization_id"], json!(null));
    fixture.refuses("DELETE", &alan, &none(), 404, "resource_not_found", "");
}

#[test]
fn invalid_memberships_are_rejected() {
    let fixture = Fixture::seeded();
    for (body, status, code, param) in [
        (json!({"role": "org:member"}), 422, "form_param_missing", "user_id"),
        (json!({"user_id": "user_alan"}), 422, "form_param_missing", "role"),
        (json!({"user_id": "user_x", "role": "org:member"}), 404, "resource_not_found", ""),
        (json!({"user_id": "user_alan", "role": "org:king"}), 404, "resource_not_found", ""),
        (json!({"user_id": "user_ada", "role": "org:member"}), 400, "already_a_member_in_organization", ""),
        (json!({"user_id": 1, "role": "org:member"}), 422, "form_param_format_invalid", "user_id"),
    ] {
        fixture.refuses("POST", PATH, &body, status, code, param);
    }
    let body = json!({"user_id": "user_alan", "role": "org:member"});
    fixture.refuses("POST", "/v1/organizations/org_x/memberships", &body, 404, "resource_not_found", "");
    fixture.ok("PATCH", "/v1/organizations/org_acme", &json!({"max_allowed_memberships": 2}));
    fixture.refuses("POST", PATH, &body, 403, "organization_membership_quota_exceeded", "");
    fixture.refuses(
        "PATCH",
        &format!("{PATH}/user_alan"),
        &json!({"role": "org:admin"}),
        404,
        "resource_not_found",
        "",
    );
    fixture.refuses("PATCH", &format!("{PATH}/user_ada"), &json!({}), 422, "form_param_missing", "role");
    fixture.refuses("PATCH", &format!("{PATH}/user_x/metadata"), &json!({}), 404, "resource_not_found", "");
}

#[test]
fn lists_are_filtered_ordered_and_paginated() {
    let fixture = Fixture::seeded();
    fixture.tick();
    fixture.local.add_member("org_acme", "user_alan", "org:member");
    let name = "/public_user_data/first_name";
    for (query, expected) in [
        ("", vec!["Alan", "Grace", "Ada"]),
        ("role=org:member", vec!["Alan", "Grace"]),
        ("role=org:admin&role=org:owner", vec!["Ada"]),
        ("user_id=user_ada&user_id=user_alan", vec!["Alan", "Ada"]),
        ("user_id=-user_ada", vec!["Alan", "Grace"]),
        ("email_address=grace@example.com", vec!["Grace"]),
        ("username=ada", vec!["Ada"]),
        ("query=turing", vec!["Alan"]),
        ("order_by=first_name", vec!["Ada", "Alan", "Grace"]),
        ("order_by=-last_name", vec!["Alan", "Ada", "Grace"]),
        ("order_by=created_at&limit=1", vec!["Ada"]),
        ("created_at_after=1700000000000", vec!["Alan"]),
    ] {
        assert_eq!(fixture.column(&format!("{PATH}?{query}"), name), expected, "{query}");
    }
    assert_eq!(fixture.get(&format!("{PATH}?limit=1"))["total_count"], 3);
    assert_eq!(
        fixture.column("/v1/organization_memberships?order_by=first_name&limit=2", name),
        ["Ada", "Alan"]
    );
    fixture.refuses("GET", "/v1/organizations/org_x/memberships", &none(), 404, "resource_not_found", "");
    fixture.refuses(
        "GET",
        &format!("{PATH}?order_by=role"),
        &none(),
        422,
        "form_param_format_invalid",
        "order_by",
    );
}
