//! Tests of permissions, roles and role sets.

use serde_json::{Value, json};

use super::{Fixture, has_fields, none};

fn id(row: &Value) -> String {
    row["id"].as_str().unwrap().to_owned()
}

fn keys(rows: &Value) -> Vec<&str> {
    rows.as_array().unwrap().iter().map(|row| row["key"].as_str().unwrap()).collect()
}

impl Fixture {
    /// Creates a role with these permissions, which must exist.
    fn new_role(&self, key: &str, permissions: &[&str]) -> Value {
        let known = self.get("/v1/organization_permissions?limit=100");
        let id_of =
            |key: &str| id(known["data"].as_array().unwrap().iter().find(|row| row["key"] == key).unwrap());
        let permissions: Vec<_> = permissions.iter().map(|key| id_of(key)).collect();
        self.ok(
            "POST",
            "/v1/organization_roles",
            &json!({"name": key, "key": key, "permissions": permissions}),
        )
    }
}

const CREATOR: &[&str] =
    &["org:sys_profile:delete", "org:sys_memberships:read", "org:sys_memberships:manage"];

#[test]
fn every_instance_has_the_default_roles() {
    let fixture = Fixture::new();
    assert_eq!(fixture.column("/v1/organization_roles?order_by=key", "/key"), ["org:admin", "org:member"]);
    let admin = fixture.get("/v1/organization_roles/role_admin");
    has_fields(&admin, &["object", "id", "name", "key", "description", "created_at", "updated_at"]);
    assert_eq!((&admin["name"], &admin["is_creator_eligible"]), (&json!("Admin"), &json!(true)));
    let member = fixture.get("/v1/organization_roles/role_member");
    assert_eq!(member["is_creator_eligible"], false);
    assert_eq!(keys(&member["permissions"]), ["org:sys_memberships:read", "org:sys_billing:read"]);
    let permission = &admin["permissions"][0];
    has_fields(
        permission,
        &["object", "id", "name", "key", "description", "type", "created_at", "updated_at"],
    );
    assert_eq!(permission["type"], "system");
    let set = fixture.get("/v1/role_sets/role_set:default");
    assert_eq!(set, fixture.get(&format!("/v1/role_sets/{}", id(&set))));
    assert_eq!(set["type"], "initial");
    assert_eq!(
        (&set["default_role"]["key"], &set["creator_role"]["key"]),
        (&json!("org:member"), &json!("org:admin"))
    );
    assert_eq!(fixture.get("/v1/role_sets")["total_count"], 1);
}

#[test]
fn permissions_are_created_renamed_and_deleted() {
    let fixture = Fixture::new();
    let path = "/v1/organization_permissions";
    let created = fixture.ok("POST", path, &json!({"name": "Write", "key": "org:posts:write"}));
    assert_eq!((&created["type"], &created["description"]), (&json!("user"), &json!("")));
    let own = format!("{path}/{}", id(&created));
    assert_eq!(fixture.get(&own), created);
    fixture.new_role("org:editor", &["org:posts:write"]);
    let change = json!({"key": "org:posts:edit", "description": "Edit posts"});
    assert_eq!(fixture.ok("PATCH", &own, &change)["description"], "Edit posts");
    assert_eq!(fixture.column(&format!("{path}?query=POSTS"), "/key"), ["org:posts:edit"]);
    let editor = &fixture.get("/v1/organization_roles?query=org:editor")["data"][0];
    assert_eq!(keys(&editor["permissions"]), ["org:posts:edit"]);
    assert_eq!(fixture.ok("DELETE", &own, &none())["deleted"], true);
    fixture.refuses("GET", &own, &none(), 404, "resource_not_found", "");
    let editor = &fixture.get("/v1/organization_roles?query=org:editor")["data"][0];
    assert_eq!(editor["permissions"], json!([]));
}

#[test]
fn invalid_permissions_are_rejected() {
    let fixture = Fixture::new();
    let path = "/v1/organization_permissions";
    fixture.ok("POST", path, &json!({"name": "Write", "key": "org:posts:write"}));
    for (body, code, param) in [
        (json!({"key": "org:a:b"}), "form_param_missing", "name"),
        (json!({"name": "A"}), "form_param_missing", "key"),
        (json!({"name": "A", "key": "org:a"}), "form_param_format_invalid", "key"),
        (json!({"name": "A", "key": "org:a:B"}), "form_param_format_invalid", "key"),
        (json!({"name": "A", "key": "org:a:b:c"}), "form_param_format_invalid", "key"),
        (json!({"name": "A", "key": "org:sys_a:b"}), "form_param_format_invalid", "key"),
        (json!({"name": "A", "key": "org:posts:write"}), "form_identifier_exists", "key"),
        (json!({"name": "A", "key": "org:a:b", "type": "system"}), "form_param_unknown", "type"),
    ] {
        fixture.refuses("POST", path, &body, 422, code, param);
    }
    let system = format!("{path}/perm_sys_profile_manage");
    let code = "organization_system_permission_not_modifiable";
    fixture.refuses("PATCH", &system, &json!({"name": "x"}), 403, code, "");
    fixture.refuses("DELETE", &system, &none(), 403, code, "");
    fixture.refuses("PATCH", &format!("{path}/perm_x"), &json!({}), 404, "resource_not_found", "");
}

#[test]
fn what_a_role_permits_counts_at_once_for_every_member() {
    let fixture = Fixture::seeded();
    fixture.ok("POST", "/v1/organization_permissions", &json!({"name": "Write", "key": "org:posts:write"}));
    let role = fixture.new_role("org:editor", &["org:posts:write"]);
    let path = format!("/v1/organization_roles/{}", id(&role));
    let grace = "/v1/organizations/org_acme/memberships/user_grace";
    let body = json!({"role": "org:editor"});
    // The organization's role set does not have the role yet.
    fixture.refuses("PATCH", grace, &body, 404, "resource_not_found", "");
    fixture.ok("POST", "/v1/role_sets/role_set:default/roles", &json!({"role_keys": ["org:editor"]}));
    let membership = fixture.ok("PATCH", grace, &body);
    assert_eq!(
        (&membership["role_name"], &membership["permissions"]),
        (&json!("org:editor"), &json!(["org:posts:write"]))
    );
    let session = fixture.local.sign_in("user_grace").organization("org_acme");
    let claims = |token: String| {
        let payload = token.split('.').nth(1).unwrap().to_owned();
        let bytes = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, payload).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()["o"].clone()
    };
    assert_eq!(claims(session.token())["per"], "write");

    let reports = fixture.get("/v1/organization_permissions?query=org:reports:read")["data"][0].clone();
    let assigned = format!("{path}/permissions/{}", id(&reports));
    assert_eq!(keys(&fixture.ok("POST", &assigned, &none())["permissions"]).len(), 2);
    fixture.refuses("POST", &assigned, &none(), 409, "organization_role_permission_association_exists", "");
    assert_eq!(claims(session.token())["per"], "write,read");
    assert_eq!(keys(&fixture.ok("DELETE", &assigned, &none())["permissions"]), ["org:posts:write"]);
    fixture.refuses("DELETE", &assigned, &none(), 404, "resource_not_found", "");

    let renamed = json!({"key": "org:author", "name": "Author", "description": "Writes"});
    assert_eq!(fixture.ok("PATCH", &path, &renamed)["description"], "Writes");
    assert_eq!(claims(session.token())["rol"], "author");
    let members = fixture.get("/v1/organizations/org_acme/memberships?role=org:author");
    assert_eq!(members["data"][0]["role_name"], "Author");
    let set = fixture.get("/v1/role_sets/role_set:default");
    assert_eq!(keys(&set["roles"]), ["org:admin", "org:member", "org:author"]);
    assert_eq!(
        (&set["roles"][2]["members_count"], &set["roles"][2]["has_members"]),
        (&json!(1), &json!(true))
    );
}

#[test]
fn roles_in_use_are_not_deleted() {
    let fixture = Fixture::seeded();
    let role = fixture.new_role("org:editor", &[]);
    let path = format!("/v1/organization_roles/{}", id(&role));
    fixture.ok("POST", "/v1/role_sets/role_set:default/roles", &json!({"role_keys": ["org:editor"]}));
    fixture.local.add_member("org_acme", "user_alan", "org:editor");
    fixture.refuses("DELETE", &path, &none(), 422, "organization_role_assigned_members", "");
    let admin = "/v1/organization_roles/role_admin";
    fixture.refuses("DELETE", admin, &none(), 422, "organization_role_default_creator_role", "");
    let member = "/v1/organization_roles/role_member";
    fixture.refuses("DELETE", member, &none(), 422, "organization_role_domain_default_role", "");
    // Creators would no longer be able to delete their organization.
    let code = "organization_missing_creator_role_permissions";
    fixture.refuses("PATCH", admin, &json!({"permissions": []}), 422, code, "");
    fixture.refuses(
        "DELETE",
        &format!("{admin}/permissions/perm_sys_profile_delete"),
        &none(),
        422,
        code,
        "",
    );

    fixture.ok("DELETE", "/v1/organizations/org_acme/memberships/user_alan", &none());
    assert_eq!(fixture.ok("DELETE", &path, &none())["deleted"], true);
    assert_eq!(keys(&fixture.get("/v1/role_sets/role_set:default")["roles"]), ["org:admin", "org:member"]);
    fixture.refuses("GET", &path, &none(), 404, "resource_not_found", "");
}

#[test]
fn invalid_roles_are_rejected() {
    let fixture = Fixture::new();
    let path = "/v1/organization_roles";
    for (body, status, code, param) in [
        (json!({"key": "org:a"}), 422, "form_param_missing", "name"),
        (json!({"name": "A"}), 422, "form_param_missing", "key"),
        (json!({"name": "A", "key": "a"}), 422, "form_param_format_invalid", "key"),
        (json!({"name": "A", "key": "org:A"}), 422, "form_param_format_invalid", "key"),
        (json!({"name": "A", "key": "org:admin"}), 422, "form_identifier_exists", "key"),
        (json!({"name": "A", "key": "org:a", "permissions": ["perm_x"]}), 404, "resource_not_found", ""),
        (
            json!({"name": "A", "key": "org:a", "permissions": "x"}),
            422,
            "form_param_format_invalid",
            "permissions",
        ),
    ] {
        fixture.refuses("POST", path, &body, status, code, param);
    }
    assert_eq!(fixture.get(path)["total_count"], 2);
    let body = json!({"name": "A", "key": "org:a", "include_in_initial_role_set": true});
    fixture.ok("POST", path, &body);
    assert_eq!(keys(&fixture.get("/v1/role_sets/role_set:default")["roles"]).len(), 3);
    fixture.refuses("GET", &format!("{path}/role_x"), &none(), 404, "resource_not_found", "");
    fixture.refuses(
        "GET",
        &format!("{path}?order_by=size"),
        &none(),
        422,
        "form_param_format_invalid",
        "order_by",
    );
}

#[test]
fn the_role_set_decides_who_creators_and_members_can_be() {
    let fixture = Fixture::seeded();
    fixture.new_role("org:owner", CREATOR);
    fixture.new_role("org:guest", &[]);
    let body = json!({
        "name": "Small teams", "roles": ["org:owner", "org:guest"], "default_role_key": "org:guest",
        "creator_role_key": "org:owner", "description": "For small teams",
    });
    let set = fixture.ok("POST", "/v1/role_sets", &body);
    assert_eq!((&set["key"], &set["type"]), (&json!("role_set:small_teams"), &json!("custom")));
    fixture.tick();
    let updated = fixture.ok(
        "PATCH",
        "/v1/role_sets/role_set:small_teams",
        &json!({"type": "initial", "key": "role_set:small"}),
    );
    assert_eq!((&updated["type"], &updated["key"]), (&json!("initial"), &json!("role_set:small")));
    assert_eq!(fixture.get("/v1/role_sets/role_set:default")["type"], "custom");
    assert_eq!(fixture.get("/v1/instance/organization_settings")["initial_role_set_key"], "role_set:small");

    let created = fixture.ok("POST", "/v1/organizations", &json!({"name": "Lab", "created_by": "user_alan"}));
    assert_eq!(created["role_set_key"], "role_set:small");
    let members = fixture.get(&format!("/v1/organizations/{}/memberships", id(&created)));
    assert_eq!(members["data"][0]["role"], "org:owner");
    // The organization from before keeps its set.
    assert_eq!(fixture.get("/v1/organizations/acme")["role_set_key"], "role_set:default");
    let change = json!({"role_set_key": "role_set:small"});
    fixture.refuses(
        "PATCH",
        "/v1/organizations/org_acme",
        &change,
        422,
        "form_param_format_invalid",
        "role_set_key",
    );
    fixture.refuses(
        "POST",
        "/v1/organizations",
        &json!({"name": "X", "role_set_key": "role_set:x"}),
        404,
        "resource_not_found",
        "",
    );

    // Nobody says what becomes of the members of Acme.
    let path = "/v1/role_sets/role_set:default/replace";
    let to =
        |mappings: Value| json!({"dest_role_set_key": "role_set:small", "reassignment_mappings": mappings});
    fixture.refuses("POST", path, &to(none()), 422, "role_set_reassignment_required", "");
    fixture.refuses(
        "POST",
        path,
        &to(json!({"org:admin": "org:x", "org:member": "org:guest"})),
        422,
        "form_param_format_invalid",
        "reassignment_mappings",
    );
    fixture.ok("POST", path, &to(json!({"org:admin": "org:owner", "org:member": "org:guest"})));
    assert_eq!(fixture.get("/v1/organizations/acme")["role_set_key"], "role_set:small");
    let roles = fixture.column("/v1/organizations/org_acme/memberships?order_by=first_name", "/role");
    assert_eq!(roles, ["org:owner", "org:guest"]);
    fixture.refuses("GET", "/v1/role_sets/role_set:default", &none(), 404, "resource_not_found", "");
}

#[test]
fn roles_of_a_set_are_replaced_for_its_members() {
    let fixture = Fixture::seeded();
    fixture.new_role("org:guest", &[]);
    let path = "/v1/role_sets/role_set:default/roles/replace";
    let set = fixture.ok("POST", path, &json!({"role_key": "org:member", "to_role_key": "org:guest"}));
    assert_eq!(keys(&set["roles"]), ["org:admin", "org:guest"]);
    assert_eq!(set["default_role"]["key"], "org:guest");
    let grace = fixture.get("/v1/users/user_grace/organization_memberships");
    assert_eq!(grace["data"][0]["role"], "org:guest");
    for (body, status, code) in [
        (json!({"role_key": "org:member", "to_role_key": "org:guest"}), 404, "resource_not_found"),
        (json!({"role_key": "org:guest", "to_role_key": "org:x"}), 404, "resource_not_found"),
        (
            json!({"role_key": "org:admin", "to_role_key": "org:guest"}),
            422,
            "organization_missing_creator_role_permissions",
        ),
    ] {
        fixture.refuses("POST", path, &body, status, code, "");
    }
}

#[test]
fn invalid_role_sets_are_rejected() {
    let fixture = Fixture::new();
    let body = |field: &str, value: Value| {
        let mut body = json!({
            "name": "A", "roles": ["org:admin", "org:member"], "default_role_key": "org:member",
            "creator_role_key": "org:admin",
        });
        body[field] = value;
        body
    };
    for (field, value, status, code, param) in [
        ("name", json!(""), 422, "form_param_missing", "name"),
        ("key", json!("a"), 422, "form_param_format_invalid", "key"),
        ("key", json!("role_set:default"), 422, "form_identifier_exists", "key"),
        ("roles", json!([]), 422, "form_param_format_invalid", "roles"),
        ("roles", json!(["org:admin", "org:admin"]), 422, "form_param_format_invalid", "roles"),
        ("roles", json!(vec!["org:admin"; 11]), 422, "form_param_format_invalid", "roles"),
        ("roles", json!(["org:x"]), 404, "resource_not_found", ""),
        ("roles", none(), 422, "form_param_missing", "roles"),
        ("default_role_key", json!("org:x"), 422, "form_param_format_invalid", "default_role_key"),
        ("creator_role_key", json!("org:member"), 422, "organization_missing_creator_role_permissions", ""),
        ("type", json!("odd"), 422, "form_param_format_invalid", "type"),
        ("colour", json!(1), 422, "form_param_unknown", "colour"),
    ] {
        fixture.refuses("POST", "/v1/role_sets", &body(field, value), status, code, param);
    }
    let path = "/v1/role_sets/role_set:default";
    fixture.refuses("PATCH", path, &json!({"type": "custom"}), 422, "form_param_format_invalid", "type");
    fixture.refuses(
        "POST",
        &format!("{path}/roles"),
        &json!({"role_keys": ["org:admin"]}),
        422,
        "form_identifier_exists",
        "role_keys",
    );
    fixture.refuses("POST", &format!("{path}/roles"), &json!({}), 422, "form_param_missing", "role_keys");
    let same = json!({"dest_role_set_key": "role_set:default"});
    fixture.refuses(
        "POST",
        &format!("{path}/replace"),
        &same,
        422,
        "form_param_format_invalid",
        "dest_role_set_key",
    );
    fixture.refuses("GET", "/v1/role_sets/role_set:x", &none(), 404, "resource_not_found", "");
}

#[test]
fn organization_settings_follow_the_roles() {
    let fixture = Fixture::seeded();
    let path = "/v1/instance/organization_settings";
    let owner = fixture.new_role("org:owner", CREATOR);
    let settings = fixture.ok(
        "PATCH",
        path,
        &json!({
            "max_allowed_memberships": 3, "admin_delete_enabled": false, "domains_enabled": false, "slug_disabled": true,
            "domains_enrollment_modes": ["automatic_invitation"], "creator_role_id": id(&owner),
            "domains_default_role_id": id(&owner),
        }),
    );
    assert_eq!(
        (&settings["creator_role"], &settings["domains_default_role"]),
        (&json!("org:owner"), &json!("org:owner"))
    );
    fixture.ok("PATCH", &format!("/v1/organization_roles/{}", id(&owner)), &json!({"key": "org:boss"}));
    let settings = fixture.get(path);
    assert_eq!(
        (&settings["creator_role"], &settings["domains_default_role"]),
        (&json!("org:boss"), &json!("org:boss"))
    );
    let created = fixture.ok("POST", "/v1/organizations", &json!({"name": "Lab", "created_by": "user_alan"}));
    assert_eq!(
        (&created["max_allowed_memberships"], &created["admin_delete_enabled"]),
        (&json!(3), &json!(false))
    );
    for (body, status, code, param) in [
        (
            json!({"domains_enrollment_modes": ["odd"]}),
            422,
            "form_param_format_invalid",
            "domains_enrollment_modes",
        ),
        (json!({"creator_role_id": "role_x"}), 404, "resource_not_found", ""),
        (json!({"creator_role_id": "role_member"}), 422, "organization_missing_creator_role_permissions", ""),
        (json!({"max_allowed_memberships": -1}), 422, "form_param_format_invalid", "max_allowed_memberships"),
    ] {
        fixture.refuses("PATCH", path, &body, status, code, param);
    }
    fixture.ok("PATCH", path, &json!({"enabled": false}));
    fixture.refuses(
        "POST",
        "/v1/organizations",
        &json!({"name": "X"}),
        403,
        "organization_not_enabled_in_instance",
        "",
    );
}

#[test]
fn users_create_as_many_organizations_as_they_may() {
    let fixture = Fixture::seeded();
    let body = json!({"name": "Lab", "created_by": "user_alan"});
    fixture.ok("PATCH", "/v1/users/user_alan", &json!({"create_organizations_limit": 1}));
    fixture.ok("POST", "/v1/organizations", &body);
    fixture.refuses("POST", "/v1/organizations", &body, 403, "organization_quota_exceeded", "");
    fixture.ok("PATCH", "/v1/users/user_alan", &json!({"create_organizations_limit": 0}));
    fixture.ok("POST", "/v1/organizations", &body);
    fixture.ok("PATCH", "/v1/users/user_alan", &json!({"create_organization_enabled": false}));
    fixture.refuses("POST", "/v1/organizations", &body, 403, "organization_creation_not_allowed", "");
}

/// Files of older versions have the roles in the organizations.
#[test]
fn roles_of_older_files_become_roles_of_the_instance() {
    let fixture = Fixture::seeded();
    let directory = std::env::temp_dir().join(format!("clerk-local-roles-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("state.json");
    fixture.local.save(&path).unwrap();
    let mut saved: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    saved["state"].as_object_mut().unwrap().remove("roles");
    saved["state"]["organizations"][0]["roles"] =
        json!([{"key": "org:admin", "permissions": ["org:posts:write"]}]);
    std::fs::write(&path, saved.to_string()).unwrap();
    let loaded = crate::LocalClerk::load(&path).unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    let state = loaded.state();
    let admin = state.membership("org_acme", "user_ada").unwrap();
    assert!(state.permissions(admin).contains(&"org:posts:write".to_owned()));
    assert!(state.permissions(admin).contains(&"org:sys_profile:delete".to_owned()));
}
