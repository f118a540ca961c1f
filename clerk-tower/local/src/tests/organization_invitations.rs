//! Tests of invitations to organizations.

use serde_json::{Value, json};

use super::{Fixture, has_fields, none};

const PATH: &str = "/v1/organizations/org_acme/invitations";

fn id(row: &Value) -> String {
    row["id"].as_str().unwrap().to_owned()
}

fn guest(email: &str) -> Value {
    json!({"email_address": email, "role": "org:member"})
}

#[test]
fn invitations_are_sent_listed_and_revoked() {
    let fixture = Fixture::seeded();
    let created = fixture.ok(
        "POST",
        PATH,
        &json!({
            "email_address": "eve@example.com", "role": "org:member", "inviter_user_id": "user_ada",
            "public_metadata": {"a": 1}, "private_metadata": {"b": 2}, "redirect_url": "https://app.example.com/join",
            "expires_in_days": 2, "notify": true,
        }),
    );
    has_fields(
        &created,
        &[
            "object",
            "id",
            "email_address",
            "role",
            "role_name",
            "organization_id",
            "inviter_id",
            "public_inviter_data",
            "status",
            "public_metadata",
            "private_metadata",
            "url",
            "expires_at",
            "created_at",
            "updated_at",
        ],
    );
    assert_eq!((&created["status"], &created["role_name"]), (&json!("pending"), &json!("Member")));
    assert_eq!(created["public_inviter_data"]["identifier"], "ada@example.com");
    assert_eq!(created["expires_at"], 1_700_172_800_000_i64);
    let own = format!("{PATH}/{}", id(&created));
    assert_eq!(fixture.get(&own), created);
    {
        let state = fixture.local.state();
        let message = state.outbox.iter().next_back().unwrap();
        assert_eq!(
            (message.to.as_str(), message.link.as_deref()),
            ("eve@example.com", created["url"].as_str())
        );
    }
    fixture.tick();
    fixture.ok(
        "POST",
        PATH,
        &json!({"email_address": "bob@example.com", "role": "org:admin", "notify": false}),
    );
    assert_eq!(fixture.local.state().outbox.len(), 1);
    let emails = |query: &str| fixture.column(&format!("{PATH}{query}"), "/email_address");
    for (query, expected) in [
        ("", vec!["bob@example.com", "eve@example.com"]),
        ("?order_by=email_address", vec!["bob@example.com", "eve@example.com"]),
        ("?order_by=%2Bcreated_at", vec!["eve@example.com", "bob@example.com"]),
        ("?email_address=EVE@example.com", vec!["eve@example.com"]),
        ("?status=pending&status=revoked&limit=1", vec!["bob@example.com"]),
        ("?status=accepted", vec![]),
        ("/pending", vec!["bob@example.com", "eve@example.com"]),
    ] {
        assert_eq!(emails(query), expected, "{query}");
    }
    let everywhere = fixture.get("/v1/organization_invitations?query=eve");
    assert_eq!(everywhere["total_count"], 1);
    assert_eq!(everywhere["data"][0]["public_organization_data"]["slug"], "acme");
    let acme = fixture.get("/v1/organizations/acme?include_members_count=true");
    assert_eq!(acme["pending_invitations_count"], 2);

    let revoke = format!("{own}/revoke");
    let revoked = fixture.ok("POST", &revoke, &json!({"requesting_user_id": "user_ada"}));
    assert_eq!((&revoked["status"], &revoked["url"]), (&json!("revoked"), &none()));
    fixture.refuses("POST", &revoke, &none(), 400, "organization_invitation_revoked", "");
    assert_eq!(emails("/pending"), ["bob@example.com"]);
    fixture.clock.advance(std::time::Duration::from_secs(30 * 86_400));
    assert_eq!(emails("?status=expired"), ["bob@example.com"]);
    // The address can be invited again.
    fixture.ok("POST", PATH, &guest("bob@example.com"));
}

#[test]
fn an_accepted_invitation_makes_a_member() {
    let fixture = Fixture::seeded();
    let body =
        json!({"email_address": "alan@example.com", "role": "org:member", "public_metadata": {"a": 1}});
    let invitation = id(&fixture.ok("POST", PATH, &body));
    let accept = || {
        let state = &mut *fixture.local.state();
        let invitation = state.organization_invitations.get(&invitation).unwrap().clone();
        state.accept_organization_invitation(invitation, &"user_alan".into())
    };
    accept().unwrap();
    let members = fixture.get("/v1/organizations/org_acme/memberships?user_id=user_alan");
    assert_eq!(
        (&members["data"][0]["role"], &members["data"][0]["public_metadata"]),
        (&json!("org:member"), &json!({"a": 1}))
    );
    assert_eq!(fixture.get(&format!("{PATH}/{invitation}"))["status"], "accepted");
    assert!(accept().is_err());
    fixture.refuses("POST", PATH, &body, 400, "already_a_member_in_organization", "");
    let revoke = format!("{PATH}/{invitation}/revoke");
    fixture.refuses("POST", &revoke, &none(), 400, "organization_invitation_already_accepted", "");
}

#[test]
fn invalid_invitations_are_rejected() {
    let fixture = Fixture::seeded();
    fixture.ok("POST", PATH, &guest("eve@example.com"));
    let with = |field: &str, value: Value| {
        let mut body = guest("bob@example.com");
        body[field] = value;
        body
    };
    for (body, status, code, param) in [
        (with("email_address", none()), 422, "form_param_missing", "email_address"),
        (with("email_address", json!("bob")), 422, "form_param_format_invalid", "email_address"),
        (with("role", none()), 422, "form_param_missing", "role"),
        (with("role", json!("org:x")), 404, "resource_not_found", ""),
        (with("inviter_user_id", json!("user_x")), 404, "resource_not_found", ""),
        (with("inviter_user_id", json!("user_alan")), 403, "not_a_member_in_organization", ""),
        (with("inviter_user_id", json!("user_grace")), 403, "missing_organization_permission", ""),
        (with("expires_in_days", json!(0)), 422, "form_param_format_invalid", "expires_in_days"),
        (with("expires_in_days", json!(366)), 422, "form_param_format_invalid", "expires_in_days"),
        (with("redirect_url", json!("home")), 422, "form_param_format_invalid", "redirect_url"),
        (with("public_metadata", json!(1)), 422, "form_param_format_invalid", "public_metadata"),
        (with("colour", json!(1)), 422, "form_param_unknown", "colour"),
        (guest("EVE@example.com"), 400, "organization_invitation_not_unique", ""),
        (guest("ada@example.com"), 400, "already_a_member_in_organization", ""),
    ] {
        fixture.refuses("POST", PATH, &body, status, code, param);
    }
    fixture.ok("PATCH", "/v1/organizations/org_acme", &json!({"max_allowed_memberships": 3}));
    fixture.refuses(
        "POST",
        PATH,
        &guest("bob@example.com"),
        403,
        "organization_membership_quota_exceeded",
        "",
    );
    fixture.refuses("GET", "/v1/organizations/org_x/invitations", &none(), 404, "resource_not_found", "");
    fixture.refuses("GET", &format!("{PATH}/orginv_x"), &none(), 404, "resource_not_found", "");
    fixture.refuses(
        "GET",
        &format!("{PATH}?status=odd"),
        &none(),
        422,
        "form_param_format_invalid",
        "status",
    );
    assert_eq!(fixture.get(PATH)["total_count"], 1);
}

#[test]
fn many_are_invited_or_nobody() {
    let fixture = Fixture::seeded();
    let path = format!("{PATH}/bulk");
    let created = fixture.ok("POST", &path, &json!([guest("a@example.com"), guest("b@example.com")]));
    assert_eq!(created["total_count"], 2);
    let body = json!([guest("c@example.com"), guest("a@example.com")]);
    fixture.refuses("POST", &path, &body, 400, "organization_invitation_not_unique", "");
    fixture.refuses("POST", &path, &json!(vec![guest("d@example.com"); 11]), 400, "bad_request", "");
    for (body, code) in
        [(json!([]), "bad_request"), (json!({}), "bad_request"), (json!([1]), "request_body_invalid")]
    {
        fixture.refuses("POST", &path, &body, 400, code, "");
    }
    assert_eq!(fixture.get(PATH)["total_count"], 2);
    assert_eq!(fixture.local.state().outbox.len(), 2);
}

#[test]
fn a_role_that_invitations_offer_stays() {
    let fixture = Fixture::seeded();
    let role = fixture.ok(
        "POST",
        "/v1/organization_roles",
        &json!({"name": "Guest", "key": "org:guest", "include_in_initial_role_set": true}),
    );
    let invitation =
        fixture.ok("POST", PATH, &json!({"email_address": "eve@example.com", "role": "org:guest"}));
    let path = format!("/v1/organization_roles/{}", id(&role));
    fixture.refuses("DELETE", &path, &none(), 422, "organization_role_exists_in_invitations", "");
    fixture.ok("PATCH", &path, &json!({"key": "org:visitor"}));
    let own = format!("{PATH}/{}", id(&invitation));
    assert_eq!(fixture.get(&own)["role"], "org:visitor");
    fixture.ok("POST", &format!("{own}/revoke"), &none());
    fixture.ok("DELETE", &path, &none());
}

#[test]
fn changes_of_roles_domains_and_invitations_are_events() {
    let fixture = Fixture::seeded();
    let post = |path: &str, body: Value| fixture.event_kinds(|fixture| drop(fixture.ok("POST", path, &body)));
    let permission = json!({"name": "Write", "key": "org:posts:write"});
    assert_eq!(post("/v1/organization_permissions", permission), ["permission.created"]);
    assert_eq!(post("/v1/organization_roles", json!({"name": "A", "key": "org:a"})), ["role.created"]);
    let domain = json!({"name": "a.example"});
    assert_eq!(post("/v1/organizations/org_acme/domains", domain), ["organizationDomain.created"]);
    let events = fixture.events(|fixture| drop(fixture.ok("POST", PATH, &guest("alan@example.com"))));
    assert_eq!(
        events.iter().map(|event| event.0).collect::<Vec<_>>(),
        ["organizationInvitation.created", "email.created"]
    );
    let invitation = id(&events[0].1);
    let role = id(&fixture.get("/v1/organization_roles?query=org:a&order_by=key")["data"][0]);
    let path = format!("/v1/organization_roles/{role}");
    let change = |fixture: &Fixture| drop(fixture.ok("PATCH", &path, &json!({"name": "B"})));
    assert_eq!(fixture.event_kinds(change), ["role.updated"]);
    let events = fixture.events(|fixture| {
        let state = &mut *fixture.local.state();
        let invitation = state.organization_invitations.get(&invitation).unwrap().clone();
        state.accept_organization_invitation(invitation, &"user_alan".into()).unwrap();
    });
    let kinds: Vec<_> = events.iter().map(|event| event.0).collect();
    assert_eq!(kinds, ["organizationInvitation.accepted", "organizationMembership.created"]);
    assert_eq!(events[0].1["user_id"], "user_alan");
    let delete = |fixture: &Fixture| drop(fixture.ok("DELETE", "/v1/organizations/org_acme", &none()));
    let kinds = fixture.event_kinds(delete);
    assert!(
        kinds.contains(&"organizationDomain.deleted") && kinds.contains(&"organization.deleted"),
        "{kinds:?}"
    );
}
