//! Tests of users.

use serde_json::{Value, json};

use super::{Fixture, has_fields, none};

#[test]
fn a_user_has_every_documented_field() {
    let fixture = Fixture::new();
    let body = json!({"email_address": ["ada@example.com"], "phone_number": ["+15555550100"]});
    let user = fixture.ok("POST", "/v1/users", &body);
    has_fields(
        &user,
        &[
            "id",
            "object",
            "username",
            "first_name",
            "last_name",
            "has_image",
            "primary_email_address_id",
            "primary_phone_number_id",
            "primary_web3_wallet_id",
            "password_enabled",
            "two_factor_enabled",
            "totp_enabled",
            "backup_code_enabled",
            "email_addresses",
            "phone_numbers",
            "web3_wallets",
            "passkeys",
            "external_accounts",
            "saml_accounts",
            "enterprise_accounts",
            "public_metadata",
            "external_id",
            "last_sign_in_at",
            "banned",
            "locked",
            "lockout_expires_in_seconds",
            "verification_attempts_remaining",
            "created_at",
            "updated_at",
            "delete_self_enabled",
            "create_organization_enabled",
            "last_active_at",
            "mfa_enabled_at",
            "mfa_disabled_at",
            "legal_accepted_at",
        ],
    );
    for contact in [&user["email_addresses"][0], &user["phone_numbers"][0]] {
        has_fields(
            contact,
            &["id", "object", "verification", "linked_to", "reserved", "created_at", "updated_at"],
        );
        has_fields(&contact["verification"], &["object", "status", "strategy", "attempts", "expire_at"]);
    }
    assert_eq!(user["email_addresses"][0]["email_address"], "ada@example.com");
    assert_eq!(user["phone_numbers"][0]["phone_number"], "+15555550100");
    assert_eq!(user["primary_email_address_id"], user["email_addresses"][0]["id"]);
    assert_eq!(user["primary_phone_number_id"], user["phone_numbers"][0]["id"]);
    assert_eq!(user["created_at"], 1_700_000_000_000_i64);
}

#[test]
fn users_can_be_created_read_and_listed() {
    let fixture = Fixture::new();
    let created = fixture.ok(
        "POST",
        "/v1/users",
        &json!({
            "first_name": "Ada", "last_name": null, "username": "ada", "external_id": "7",
            "email_address": ["ada@example.com", "ada@example.org"],
            "email_address_identification_status": ["verified", "reserved"],
            "password": "correct horse", "public_metadata": {"a": {"b": 1}}, "banned": false, "locked": true,
            "created_at": "2012-10-20T07:15:20.902Z", "totp_secret": "GEZDGNBVGY3TQOJQ", "create_organizations_limit": 3,
        }),
    );
    let id = created["id"].as_str().unwrap();
    assert_eq!(fixture.get(&format!("/v1/users/{id}")), created);
    assert_eq!(fixture.get("/v1/users"), json!([created]));
    assert_eq!(fixture.get("/v1/users/count"), json!({"object": "total_count", "total_count": 1}));
    let expected = json!({
        "first_name": "Ada", "last_name": null, "username": "ada", "external_id": "7",
        "password_enabled": true, "two_factor_enabled": true, "public_metadata": {"a": {"b": 1}},
        "private_metadata": {}, "banned": false, "locked": true, "created_at": 1_350_717_320_902_i64,
        "create_organizations_limit": 3,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&created[field], value, "{field}");
    }
    assert_eq!(created["email_addresses"][1]["reserved"], true);
    assert_eq!(created["email_addresses"][1]["verification"], Value::Null);
}

#[test]
fn invalid_users_are_rejected_with_the_name_of_the_parameter() {
    let fixture = Fixture::seeded();
    for (body, code, param) in [
        (json!({}), "form_data_missing", ""),
        (json!({"email_address": ["ADA@example.com"]}), "form_identifier_exists", "email_address"),
        (json!({"email_address": ["x@y.z", "X@y.z"]}), "form_identifier_exists", "email_address"),
        (json!({"username": "Ada"}), "form_identifier_exists", "username"),
        (json!({"username": "a b"}), "form_param_format_invalid", "username"),
        (json!({"email_address": "x@y.z"}), "form_param_format_invalid", "email_address"),
        (json!({"email_address": ["nobody"]}), "form_param_format_invalid", "email_address"),
        (json!({"phone_number": ["555"]}), "form_param_format_invalid", "phone_number"),
        (
            json!({"email_address": ["x2@y.z"], "email_address_identification_status": ["verified", "reserved"]}),
            "form_param_format_invalid",
            "email_address_identification_status",
        ),
        (json!({"username": "bob", "password": "short"}), "form_password_length_too_short", "password"),
        (json!({"username": "bob", "password_digest": "x"}), "form_param_missing", "password_hasher"),
        (json!({"username": "bob", "public_metadata": 1}), "form_param_format_invalid", "public_metadata"),
        (json!({"username": "bob", "created_at": "today"}), "form_param_format_invalid", "created_at"),
        (json!({"username": "bob", "shoe_size": 42}), "form_param_unknown", "shoe_size"),
    ] {
        fixture.refuses("POST", "/v1/users", &body, 422, code, param);
    }
    fixture.refuses("POST", "/v1/users", &json!([1]), 400, "request_body_invalid", "");
    let body = json!({"email_address": ["x@y.z"], "email_address_identification_status": []});
    fixture.ok("POST", "/v1/users", &body);
    fixture.ok("POST", "/v1/users", &json!({"skip_user_requirement": true}));
    fixture.ok("POST", "/v1/users", &json!({"username": "x", "password": "x", "skip_password_checks": true}));
}

#[test]
fn users_can_be_filtered() {
    let fixture = Fixture::seeded();
    fixture.local.user("Linus", "T").phone("+15555550101").external_id("ext_1").banned(true).create();
    for (query, expected) in [
        ("email_address=ada@example.com&email_address=ALAN@example.com", vec!["Alan", "Ada"]),
        ("email_address=nobody@example.com", vec![]),
        ("phone_number=%2B15555550101", vec!["Linus"]),
        ("external_id=ext_1", vec!["Linus"]),
        ("external_id=-ext_1&limit=2", vec!["Katherine", "Alan"]),
        ("username=grace", vec!["Grace"]),
        ("user_id=user_ada&user_id=%2Buser_alan", vec!["Alan", "Ada"]),
        ("organization_id=org_acme", vec!["Grace", "Ada"]),
        ("organization_id=-org_acme", vec!["Linus", "Katherine", "Alan"]),
        ("query=ING", vec!["Alan"]),
        ("query=lovelace", vec!["Ada"]),
        ("name_query=grace%20h", vec!["Grace"]),
        ("email_address_query=KATH", vec!["Katherine"]),
        ("phone_number_query=5501", vec!["Linus"]),
        ("banned=true", vec!["Linus"]),
        ("banned=false&limit=1", vec!["Katherine"]),
        ("web3_wallet=0x0", vec![]),
        ("provider=oauth_google&provider_user_id=1", vec![]),
        ("last_active_at_after=1", vec![]),
        ("created_at_before=1700000000001&user_id=user_ada", vec!["Ada"]),
        ("created_at_after=1700000000000", vec![]),
    ] {
        assert_eq!(fixture.column(&format!("/v1/users?{query}"), "/first_name"), expected, "{query}");
        if !query.contains("limit") {
            let count = fixture.get(&format!("/v1/users/count?{query}"));
            assert_eq!(count["total_count"], expected.len(), "{query}");
        }
    }
}

#[test]
fn lists_are_ordered_and_paginated() {
    let fixture = Fixture::new();
    for name in ["b", "a", "d", "c"] {
        fixture.person(name);
    }
    for (query, expected) in [
        ("", "cdab"),
        ("order_by=created_at", "badc"),
        ("order_by=%2Bcreated_at", "badc"),
        ("order_by=-created_at", "cdab"),
        ("order_by=first_name", "abcd"),
        ("order_by=-email_address", "dcba"),
        ("limit=1", "c"),
        ("limit=2&offset=1", "da"),
        ("offset=9", ""),
    ] {
        let names = fixture.column(&format!("/v1/users?{query}"), "/first_name").concat();
        assert_eq!(names, expected, "{query}");
    }
    // Paginating with a cursor lists every user once.
    let (mut seen, mut cursor) = (String::new(), String::new());
    loop {
        let query = format!("/v1/users?limit=3{cursor}");
        seen += &fixture.column(&query, "/first_name").concat();
        let ids = fixture.column(&query, "/id");
        if ids.len() < 3 {
            break;
        }
        cursor = format!("&starting_after={}", ids[2]);
    }
    assert_eq!(seen, "cdab");
    for (query, status, code, param) in [
        ("limit=0", 422, "form_param_format_invalid", "limit"),
        ("limit=501", 422, "form_param_format_invalid", "limit"),
        ("offset=-1", 422, "form_param_format_invalid", "offset"),
        ("order_by=shoe_size", 422, "form_param_format_invalid", "order_by"),
        // A `+` that is not encoded arrives as a space.
        ("order_by=+created_at", 422, "form_param_format_invalid", "order_by"),
        ("banned=maybe", 422, "form_param_format_invalid", "banned"),
        ("starting_after=x&order_by=username", 422, "form_param_format_invalid", "starting_after"),
        ("starting_after=x&offset=1", 422, "form_param_format_invalid", "starting_after"),
        ("starting_after=x", 404, "resource_not_found", ""),
    ] {
        fixture.refuses("GET", &format!("/v1/users?{query}"), &none(), status, code, param);
    }
    let many = "user_id=x&".repeat(101);
    fixture.refuses(
        "GET",
        &format!("/v1/users?{many}"),
        &none(),
        422,
        "form_param_format_invalid",
        "user_id",
    );
}

#[test]
fn updates_distinguish_absent_from_null() {
    let fixture = Fixture::seeded();
    fixture.tick();
    let path = "/v1/users/user_ada";
    let before = fixture.get(path);
    let after =
        fixture.ok("PATCH", path, &json!({"first_name": null, "external_id": "1", "locale": "en-GB"}));
    assert_eq!(after["first_name"], Value::Null);
    assert_eq!(after["last_name"], "Lovelace");
    assert_eq!(after["external_id"], "1");
    assert_eq!(fixture.ok("PATCH", path, &json!({"timezone": "Europe/London"}))["timezone"], "Europe/London");
    assert_eq!(after["updated_at"], 1_700_000_001_000_i64);
    assert_eq!(after["created_at"], before["created_at"]);
    assert_eq!(fixture.ok("PATCH", path, &json!({"external_id": null}))["external_id"], Value::Null);
    let limited = json!({"create_organizations_limit": 2, "legal_accepted_at": "2024-03-01T00:00:00Z"});
    assert_eq!(fixture.ok("PATCH", path, &limited)["legal_accepted_at"], 1_709_251_200_000_i64);
    let freed = fixture.ok("PATCH", path, &json!({"create_organizations_limit": null}));
    assert_eq!(freed["create_organizations_limit"], Value::Null);
    assert_eq!(freed["legal_accepted_at"], 1_709_251_200_000_i64);
    // A user's own identifiers do not count as taken.
    fixture.ok("PATCH", path, &json!({"username": "ada"}));
    fixture.refuses("PATCH", path, &json!({"username": "grace"}), 422, "form_identifier_exists", "username");
    fixture.refuses(
        "PATCH",
        path,
        &json!({"public_metadata": {}}),
        422,
        "form_param_unknown",
        "public_metadata",
    );
    let other = fixture.get("/v1/users/user_grace")["primary_email_address_id"].clone();
    let body = json!({ "primary_email_address_id": other });
    fixture.refuses("PATCH", path, &body, 404, "resource_not_found", "");
    // A rejected update changes nothing.
    fixture.refuses(
        "PATCH",
        path,
        &json!({"first_name": "Bob", "password": "short"}),
        422,
        "form_password_length_too_short",
        "password",
    );
    assert_eq!(fixture.get(path)["first_name"], Value::Null);
}

#[test]
fn a_new_password_can_end_all_sessions() {
    let fixture = Fixture::seeded();
    let session = fixture.local.sign_in("user_ada");
    let path = format!("/v1/sessions/{}", session.session_id());
    let body = |sign_out: bool| json!({"password": "correct horse", "sign_out_of_other_sessions": sign_out});
    fixture.ok("PATCH", "/v1/users/user_ada", &body(false));
    assert_eq!(fixture.get(&path)["status"], "active");
    fixture.ok("PATCH", "/v1/users/user_ada", &body(true));
    assert_eq!(fixture.get(&path)["status"], "revoked");
}

#[test]
fn deleting_a_user_ends_memberships_and_sessions() {
    let fixture = Fixture::seeded();
    let session = fixture.local.sign_in("user_ada");
    let deleted = fixture.ok("DELETE", "/v1/users/user_ada", &none());
    assert_eq!(deleted, json!({"object": "user", "id": "user_ada", "deleted": true}));
    fixture.refuses("GET", "/v1/users/user_ada", &none(), 404, "resource_not_found", "");
    fixture.refuses("DELETE", "/v1/users/user_ada", &none(), 404, "resource_not_found", "");
    assert_eq!(fixture.get("/v1/organization_memberships")["total_count"], 1);
    assert_eq!(fixture.get(&format!("/v1/sessions/{}", session.session_id()))["status"], "revoked");
}

#[test]
fn users_can_be_banned_and_locked_and_back() {
    let fixture = Fixture::seeded();
    let session = fixture.local.sign_in("user_ada");
    for (action, field, expected) in [
        ("ban", "banned", true),
        ("unban", "banned", false),
        ("lock", "locked", true),
        ("unlock", "locked", false),
    ] {
        let user = fixture.ok("POST", &format!("/v1/users/user_ada/{action}"), &none());
        assert_eq!(user[field], expected, "{action}");
        fixture.refuses(
            "POST",
            &format!("/v1/users/user_x/{action}"),
            &none(),
            404,
            "resource_not_found",
            "",
        );
    }
    assert_eq!(fixture.get(&format!("/v1/sessions/{}", session.session_id()))["status"], "revoked");

    let body = json!({"user_ids": ["user_ada", "user_grace"]});
    let banned = fixture.ok("POST", "/v1/users/ban", &body);
    assert_eq!((&banned[0]["banned"], &banned[1]["id"]), (&json!(true), &json!("user_grace")));
    assert_eq!(fixture.get("/v1/users/count?banned=true")["total_count"], 2);
    fixture.ok("POST", "/v1/users/unban", &body);
    assert_eq!(fixture.get("/v1/users/count?banned=true")["total_count"], 0);
    fixture.refuses("POST", "/v1/users/ban", &json!({}), 422, "form_param_missing", "user_ids");
    let many = json!({ "user_ids": vec!["user_ada"; 51] });
    fixture.refuses("POST", "/v1/users/ban", &many, 422, "form_param_format_invalid", "user_ids");
    // All changes are applied, or none.
    let one_unknown = json!({"user_ids": ["user_ada", "user_x"]});
    fixture.refuses("POST", "/v1/users/ban", &one_unknown, 404, "resource_not_found", "");
    assert_eq!(fixture.get("/v1/users/user_ada")["banned"], false);
}

#[test]
fn metadata_is_merged_by_patch_and_replaced_by_put() {
    let fixture = Fixture::seeded();
    let path = "/v1/users/user_ada/metadata";
    let full = json!({"public_metadata": {"a": {"b": 1, "c": 2}}, "private_metadata": {"p": 1}});
    fixture.ok("PATCH", path, &full);
    let user = fixture.ok("PATCH", path, &json!({"public_metadata": {"a": {"b": null, "d": 3}}}));
    assert_eq!(user["public_metadata"], json!({"a": {"c": 2, "d": 3}}));
    assert_eq!(user["private_metadata"], json!({"p": 1}));
    let user = fixture.ok("PUT", path, &json!({"public_metadata": {"z": 1}, "unsafe_metadata": {}}));
    assert_eq!(user["public_metadata"], json!({"z": 1}));
    assert_eq!(user["private_metadata"], json!({"p": 1}));
    fixture.refuses(
        "PATCH",
        path,
        &json!({"public_metadata": []}),
        422,
        "form_param_format_invalid",
        "public_metadata",
    );
    fixture.refuses("PUT", path, &json!({"metadata": {}}), 422, "form_param_unknown", "metadata");
    fixture.refuses("PUT", "/v1/users/user_x/metadata", &full, 404, "resource_not_found", "");
}

#[test]
fn memberships_of_a_user_can_be_listed() {
    let fixture = Fixture::seeded();
    let page = fixture.get("/v1/users/user_ada/organization_memberships");
    assert_eq!(page["total_count"], 1);
    assert_eq!(page["data"][0]["organization"]["slug"], "acme");
    assert_eq!(fixture.get("/v1/users/user_alan/organization_memberships")["data"], json!([]));
    fixture.refuses("GET", "/v1/users/x/organization_memberships", &none(), 404, "resource_not_found", "");
}
