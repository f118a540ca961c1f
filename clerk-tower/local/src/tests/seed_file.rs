//! Tests of seeds in TOML.

use std::io;

use serde_json::json;

use super::Fixture;
use crate::LocalClerk;

#[test]
fn every_section_creates_what_it_says() {
    let fixture = Fixture::with(|builder| builder.seed(include_str!("people.toml")));
    let ada = fixture.get("/users/user_ada");
    assert_eq!((&ada["first_name"], &ada["external_id"]), (&json!("Ada"), &json!("42")));
    assert_eq!(ada["public_metadata"], json!({ "plan": "pro", "seats": 3, "ratio": 0.5, "tags": ["a"] }));
    assert_eq!(ada["email_addresses"][0]["email_address"], "ada@example.com");
    assert_eq!(fixture.get("/organizations/acme")["id"], "org_acme");
    let members = fixture.column("/organizations/org_acme/memberships", "/public_user_data/user_id");
    assert_eq!(members.len(), 2);
    let verified = fixture.ok("POST", "/api_keys/verify", &json!({ "secret": "ak_secret_of_ada" }));
    assert_eq!(verified["name"], "nightly");
    assert_eq!(fixture.get("/machines/mch_billing/secret_key")["secret"], "ak_secret_of_billing");

    assert_eq!(fixture.get("/instance/organization_settings")["max_allowed_memberships"], 7);
    let role = fixture.get("/organization_roles/role_editor");
    assert_eq!(
        (&role["key"], &role["permissions"][0]["key"]),
        (&json!("org:editor"), &json!("org:posts:write"))
    );
    for (path, field, expected) in [
        ("/jwt_templates", "/name", "hasura"),
        ("/redirect_urls", "/url", "my-app://callback"),
        ("/organizations/org_acme/domains", "/name", "example.com"),
        ("/organizations/org_acme/invitations", "/email_address", "joan@example.com"),
        ("/allowlist_identifiers", "/identifier", "*@example.com"),
        ("/blocklist_identifiers", "/identifier", "eve@example.com"),
        ("/invitations", "/email_address", "kay@example.com"),
        ("/oauth_applications", "/name", "Reports"),
        ("/billing/plans", "/slug", "pro"),
        ("/billing/subscription_items", "/payer_id", "cpayer_user_ada"),
    ] {
        let found = fixture.column(path, field);
        assert!(found.iter().any(|value| value == expected), "{path}: {found:?}");
    }
    let state = fixture.local.state();
    assert!(state.settings.restrictions.block_email_subaddresses && !state.settings.hibp);
    assert!(state.settings.attributes.username.required);
}

/// The file above has every section, so that none of them leads nowhere.
#[test]
fn the_test_has_every_section() {
    let text = include_str!("people.toml");
    let error = LocalClerk::builder().seed("[nonsense]").build().unwrap_err().to_string();
    let (_, names) = error.split_once("but ").unwrap();
    for name in names.split(", ") {
        assert!(text.contains(&format!("[{name}]")), "{name}");
    }
}

#[test]
fn mistakes_are_named_with_line_and_field() {
    for (text, expected) in [
        ("[[users]]\nfirst_name =", "line 2: "),
        ("[[users]]\nemail_address = ['a@example.com']\nfirst_name = 5", "line 3: `users[0].first_name`: "),
        (
            "[[users]]\nusername = 'ada'\n\n[[users]]\nusername = 'bob'\nnick = 'x'",
            "line 6: `users[1].nick`: ",
        ),
        ("[[users]]\nusername = 'ada'\n[[users]]\nusername = 'ada'", "line 4: `users[1].username`: "),
        ("[[users]]\nid = 'org_1'", "line 2: `users[0].id`: must be user_ followed by letters"),
        ("[[users]]\nid = 'user_<b>'", "line 2: `users[0].id`: must be user_ followed by letters"),
        ("[[users]]\nid = 'user_a/b'", "line 2: `users[0].id`: must be user_ followed by letters"),
        (
            "[[users]]\nid = 'user_1'\nusername = 'ada'\n[[users]]\nid = 'user_1'\nusername = 'bob'",
            "line 5: `users[1].id`: is used twice",
        ),
        (
            "[[machines]]\nname = 'a'\nsecret = 'ak_1'\n[[machines]]\nname = 'b'\nsecret = 'ak_1'",
            "line 6: `machines[1].secret`: is used twice",
        ),
        ("\n[[users]]\nfirst_name = 'Ada'", "line 2: `users[0]`: A user requires"),
        ("[user_settings]\nattributes = { usernam = 'off' }", "line 2: `user_settings.attributes`: "),
        ("[user_settings]\nattributes = { username = 'maybe' }", "line 2: `user_settings.attributes`: "),
        ("[user_settings]\nsign_up_mode = 'closed'", "line 2: `user_settings.sign_up_mode`: "),
        ("[user_settings]\nuser_lockout = { max_attempts = 'x' }", "line 2: `user_settings.user_lockout`: "),
        ("[user_settings]\ncolour = 1", "line 2: `user_settings.colour`: "),
        ("[[plans]]\nslug = 'x'", "line 1: `plans[0].name`: "),
        ("[[plans]]\nname = 'x'\n[[plans]]\nname = 'X'", "line 3: `plans[1].slug`: "),
        ("[[subscriptions]]\npayer_id = 'user_1'\nplan = 'x'", "line 3: `subscriptions[0].plan`: "),
        (
            "[[plans]]\nname = 'x'\n[[subscriptions]]\nplan = 'x'\npayer_id = 'user_1'",
            "line 5: `subscriptions[0].payer_id`: ",
        ),
        ("[[people]]", "line 1: there is no section `people`, but instance, "),
        ("[users]\nusername = 'ada'", "line 1: write it as [[users]]"),
        ("[[memberships]]\nuser_id = 'user_1'", "line 1: `memberships[0].organization_id`: is required"),
        (
            "[[users]]\nusername = 'ada'\npublic_metadata = { born = 1815-12-10 }",
            "line 3: `users[0].public_metadata.born`: write",
        ),
        (
            "[[users]]\nusername = 'ada'\npublic_metadata = { x = [1, nan] }",
            "line 3: `users[0].public_metadata.x[1]`: JSON",
        ),
    ] {
        let error = LocalClerk::builder().seed(text).build().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let (message, expected) = (error.to_string(), format!("seed: {expected}"));
        assert!(message.starts_with(&expected), "{text}: {message}");
    }
}
