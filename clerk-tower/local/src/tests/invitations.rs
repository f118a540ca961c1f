//! Tests of invitations, the allow-list, the block-list and the waitlist.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Fixture, has_fields, none};
use crate::state::{Contact, ContactKind, Standing, User};

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

fn set_restrictions(fixture: &Fixture, body: &Value) {
    fixture.ok("PATCH", "/v1/instance/restrictions", body);
}

/// Signs somebody up with an email address, as the Frontend API does.
fn sign_up(fixture: &Fixture, email: &str, is_invited: bool) -> Result<(), String> {
    let now = fixture.now();
    let mut user = User::new(crate::random::id("user_").into(), now);
    user.add_contact(ContactKind::Email, Contact::new(email, Standing::default(), now));
    fixture.local.state().sign_up(user, is_invited).map_err(|error| error.sentence().to_owned())
}

#[test]
fn invitations_are_created_listed_and_revoked() {
    let fixture = Fixture::new();
    let invite = |email: &str| {
        fixture.tick();
        fixture.ok("POST", "/v1/invitations", &json!({"email_address": email, "public_metadata": {"a": 1}}))
    };
    let events = fixture.event_kinds(|_| drop(invite("a@example.com")));
    assert_eq!(events, ["email.created"]);
    let second = invite("b@example.com");
    has_fields(&second, &["object", "id", "public_metadata", "status", "url", "expires_at", "updated_at"]);
    assert_eq!((&second["status"], &second["public_metadata"]), (&json!("pending"), &json!({"a": 1})));
    let link = fixture.local.state().outbox.iter().next_back().unwrap().link.clone();
    assert_eq!(link.as_deref(), Some(text(&second, "url")), "the link in the email");

    let emails = |query: &str| fixture.column(&format!("/v1/invitations?{query}"), "/email_address");
    assert_eq!(emails(""), ["b@example.com", "a@example.com"]);
    assert_eq!(emails("order_by=email_address&limit=1"), ["a@example.com"]);
    assert_eq!(emails("query=B%40EX&paginated=true"), ["b@example.com"]);

    let revoke = format!("/v1/invitations/{}/revoke", text(&second, "id"));
    let revoked = fixture.ok("POST", &revoke, &none());
    assert_eq!((&revoked["revoked"], &revoked["status"]), (&json!(true), &json!("revoked")));
    fixture.refuses("POST", &revoke, &none(), 400, "invitation_already_revoked", "");
    assert_eq!(emails(""), ["a@example.com"]);
    assert_eq!(emails("status=revoked"), ["b@example.com"]);
    fixture.clock.advance(Duration::from_secs(30 * 86_400));
    assert_eq!(emails("status=expired"), ["a@example.com"]);
    assert_eq!(emails("status=pending"), [""; 0]);
    fixture.refuses("POST", "/v1/invitations/inv_0/revoke", &none(), 404, "resource_not_found", "");
}

#[test]
fn invalid_invitations_are_rejected() {
    let fixture = Fixture::seeded();
    fixture.ok("POST", "/v1/invitations", &json!({"email_address": "invited@example.com", "notify": false}));
    assert!(fixture.local.state().outbox.is_empty());
    for (body, status, code, param) in [
        (json!({}), 422, "form_param_missing", "email_address"),
        (json!({"email_address": "nobody"}), 422, "form_param_format_invalid", "email_address"),
        (json!({"email_address": "ADA@example.com"}), 422, "form_identifier_exists", "email_address"),
        (json!({"email_address": "Invited@example.com"}), 400, "duplicate_record", ""),
        (
            json!({"email_address": "x@y.z", "expires_in_days": 0}),
            422,
            "form_param_format_invalid",
            "expires_in_days",
        ),
        (
            json!({"email_address": "x@y.z", "expires_in_days": 366}),
            422,
            "form_param_format_invalid",
            "expires_in_days",
        ),
        (
            json!({"email_address": "x@y.z", "redirect_url": "/x"}),
            422,
            "form_param_format_invalid",
            "redirect_url",
        ),
        (
            json!({"email_address": "x@y.z", "template_slug": "x"}),
            422,
            "form_param_format_invalid",
            "template_slug",
        ),
        (json!({"email_address": "x@y.z", "x": 1}), 422, "form_param_unknown", "x"),
    ] {
        fixture.refuses("POST", "/v1/invitations", &body, status, code, param);
    }
    let body = json!({"email_address": "ada@example.com", "ignore_existing": true});
    fixture.ok("POST", "/v1/invitations", &body);
    let query = "/v1/invitations?status=x";
    fixture.refuses("GET", query, &none(), 422, "form_param_format_invalid", "status");
}

#[test]
fn several_invitations_are_created_together_or_not_at_all() {
    let fixture = Fixture::seeded();
    let invite =
        |emails: &[&str]| -> Value { emails.iter().map(|email| json!({"email_address": email})).collect() };
    let path = "/v1/invitations/bulk";
    assert_eq!(fixture.ok("POST", path, &invite(&["a@x.y", "b@x.y"])).as_array().unwrap().len(), 2);
    fixture.refuses("POST", path, &invite(&["c@x.y", "a@x.y"]), 400, "duplicate_record", "");
    fixture.refuses(
        "POST",
        path,
        &invite(&["c@x.y", "C@x.y"]),
        422,
        "form_identifier_exists",
        "email_address",
    );
    for bad in [json!([]), invite(&["x@y.z"; 11]), json!({})] {
        fixture.refuses("POST", path, &bad, 400, "bad_request", "");
    }
    assert_eq!(fixture.column("/v1/invitations", "/email_address"), ["b@x.y", "a@x.y"]);
}

#[test]
fn the_lists_decide_who_signs_up() {
    let fixture = Fixture::new();
    let add = |list: &str, identifier: &str| {
        let body = json!({"identifier": identifier});
        text(&fixture.ok("POST", &format!("/v1/{list}_identifiers"), &body), "id").to_owned()
    };
    let domain = add("allowlist", "*@Example.com");
    add("allowlist", "guest@example.org");
    let blocked = add("blocklist", "mallory@example.com");
    assert_eq!(sign_up(&fixture, "mallory@example.com", false), Ok(()), "neither list is on");
    set_restrictions(&fixture, &json!({"allowlist": true, "blocklist": true}));
    for (email, is_invited, expected) in [
        ("ada@example.com", false, true),
        ("guest@example.org", false, true),
        ("other@example.org", false, false),
        ("other@example.org", true, true),
        ("Mallory@example.com", true, false),
    ] {
        let signed_up = sign_up(&fixture, email, is_invited);
        assert_eq!(signed_up.is_ok(), expected, "{email} {is_invited}: {signed_up:?}");
    }
    let mallory = fixture.local.state().user_by_identifier("mallory@example.com").unwrap().clone();
    assert!(fixture.local.state().check_sign_in(&mallory).is_err());
    let body = json!({"allowlist": false, "block_email_subaddresses": true});
    set_restrictions(&fixture, &body);
    assert!(sign_up(&fixture, "eve@example.net", false).is_ok());
    assert!(sign_up(&fixture, "eve+1@example.net", false).is_err());

    fixture.ok("DELETE", &format!("/v1/blocklist_identifiers/{blocked}"), &none());
    assert!(fixture.local.state().check_sign_in(&mallory).is_ok());
    let deleted = fixture.ok("DELETE", &format!("/v1/allowlist_identifiers/{domain}"), &none());
    assert_eq!(deleted, json!({"object": "allowlist_identifier", "id": domain, "deleted": true}));
}

#[test]
fn the_lists_hold_identifiers_of_all_kinds() {
    let fixture = Fixture::new();
    for (list, object) in [("allowlist", "allowlist_identifier"), ("blocklist", "blocklist_identifier")] {
        let path = format!("/v1/{list}_identifiers");
        for (identifier, kind) in [
            ("ada@example.com", "email_address"),
            ("*@example.com", "email_address"),
            ("example.com", "email_address"),
            ("+12025550100", "phone_number"),
            ("0x71C7656EC7ab88b098defB751B7401B5f6d8976F", "web3_wallet"),
        ] {
            let row = fixture.ok("POST", &path, &json!({"identifier": identifier}));
            assert_eq!(
                (&row["object"], &row["identifier_type"]),
                (&json!(object), &json!(kind)),
                "{identifier}"
            );
        }
        for (identifier, code) in [
            ("ADA@example.com", format!("duplicate_{object}")),
            ("nobody", "form_param_format_invalid".to_owned()),
        ] {
            let (status, found, _) = fixture.error("POST", &path, &json!({"identifier": identifier}));
            assert_eq!((status, found), (422, code));
        }
        assert_eq!(fixture.column(&path, "/identifier_type").len(), 5);
        fixture.refuses("DELETE", &format!("{path}/x"), &none(), 404, "resource_not_found", "");
    }
    let body = json!({"identifier": "new@example.com", "notify": true});
    let row = fixture.ok("POST", "/v1/allowlist_identifiers", &body);
    assert_eq!(fixture.column("/v1/invitations", "/id"), [text(&row, "invitation_id")]);
}

#[test]
fn a_restricted_instance_lets_only_invited_people_in() {
    use crate::state::SignUpMode;
    let fixture = Fixture::new();
    for mode in [SignUpMode::Restricted, SignUpMode::Waitlist] {
        fixture.local.state().settings.sign_up.mode = mode;
        assert!(sign_up(&fixture, "ada@example.com", false).is_err());
    }
    assert_eq!(sign_up(&fixture, "ada@example.com", true), Ok(()));
    fixture.ok("POST", "/v1/users", &json!({"email_address": ["bob@example.com"]}));
}

#[test]
fn people_wait_are_invited_or_rejected_and_become_users() {
    let fixture = Fixture::new();
    let join = |email: &str| {
        fixture.tick();
        fixture.ok("POST", "/v1/waitlist_entries", &json!({"email_address": email}))
    };
    let events = fixture.event_kinds(|_| drop(join("a@example.com")));
    assert_eq!(events, ["waitlistEntry.created", "email.created"]);
    let [first, second, third] = ["a@example.com", "b@example.com", "c@example.com"].map(join);
    assert_eq!(join("A@example.com")["id"], first["id"], "who is there stays");
    let entry = |entry: &Value, action: &str| format!("/v1/waitlist_entries/{}{action}", text(entry, "id"));
    let of = |status: &str| {
        fixture
            .column(&format!("/v1/waitlist_entries?status={status}&order_by=email_address"), "/email_address")
    };

    let events = fixture.event_kinds(|fixture| {
        let invited = fixture.ok("POST", &entry(&first, "/invite"), &none());
        assert_eq!(
            (&invited["status"], &invited["invitation"]["status"]),
            (&json!("invited"), &json!("pending"))
        );
    });
    assert_eq!(events, ["waitlistEntry.updated", "email.created"]);
    assert_eq!(fixture.ok("POST", &entry(&second, "/reject"), &none())["status"], "rejected");
    assert_eq!(
        [of("pending"), of("invited"), of("rejected")].concat(),
        ["c@example.com", "a@example.com", "b@example.com"]
    );
    assert_eq!(sign_up(&fixture, "a@example.com", true), Ok(()));
    assert_eq!(of("completed"), ["a@example.com"]);

    for (method, action, who) in
        [("DELETE", "", &first), ("POST", "/invite", &first), ("POST", "/reject", &second)]
    {
        fixture.refuses(method, &entry(who, action), &none(), 409, "waitlist_entry_conflict", "");
    }
    let deleted = fixture.ok("DELETE", &entry(&third, ""), &none());
    assert_eq!(deleted, json!({"object": "waitlist_entry", "id": third["id"], "deleted": true}));
    assert_eq!(fixture.get("/v1/waitlist_entries")["total_count"], 2);
    fixture.refuses("POST", "/v1/waitlist_entries/x/invite", &none(), 404, "resource_not_found", "");
}

#[test]
fn several_people_join_the_waitlist_together() {
    let fixture = Fixture::new();
    let path = "/v1/waitlist_entries/bulk";
    let body = json!([{"email_address": "a@x.y"}, {"email_address": "b@x.y", "notify": false}]);
    assert_eq!(fixture.ok("POST", path, &body).as_array().unwrap().len(), 2);
    assert_eq!(fixture.local.state().outbox.len(), 1);
    let twice = json!([{"email_address": "c@x.y"}, {"email_address": "C@x.y"}]);
    fixture.refuses("POST", path, &twice, 422, "form_identifier_exists", "email_address");
    let bad = json!([{"email_address": "nobody"}]);
    fixture.refuses("POST", path, &bad, 422, "form_param_format_invalid", "email_address");
    fixture.refuses("POST", path, &json!([]), 400, "bad_request", "");
    assert_eq!(fixture.get("/v1/waitlist_entries")["total_count"], 2);
}

#[test]
fn a_user_sees_the_invitations_to_organizations() {
    let fixture = Fixture::seeded();
    let invite = |email: &str| {
        let body = json!({"email_address": email, "role": "org:member", "inviter_user_id": "user_ada"});
        fixture.ok("POST", "/v1/organizations/org_acme/invitations", &body)
    };
    let invitation = invite("alan@example.com");
    invite("other@example.com");
    let of = |query: &str| fixture.get(&format!("/v1/users/user_alan/organization_invitations{query}"));
    assert_eq!(of("")["total_count"], 1);
    assert_eq!(of("")["data"][0]["id"], invitation["id"]);
    assert_eq!(of("?status=pending")["data"][0]["public_organization_data"]["slug"], "acme");
    assert_eq!(of("?status=accepted")["total_count"], 0);
    let path = "/v1/users/x/organization_invitations";
    fixture.refuses("GET", path, &none(), 404, "resource_not_found", "");
}
