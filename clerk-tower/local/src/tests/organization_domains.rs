//! Tests of the email domains of organizations.

use serde_json::{Value, json};

use super::{Fixture, has_fields, none};

const PATH: &str = "/v1/organizations/org_acme/domains";

fn id(row: &Value) -> String {
    row["id"].as_str().unwrap().to_owned()
}

#[test]
fn domains_are_created_changed_and_deleted() {
    let fixture = Fixture::seeded();
    let body = json!({"name": "Example.com", "enrollment_mode": "automatic_invitation"});
    let created = fixture.ok("POST", PATH, &body);
    has_fields(
        &created,
        &[
            "object",
            "id",
            "organization_id",
            "name",
            "enrollment_mode",
            "affiliation_email_address",
            "affiliation_verification",
            "ownership_verification",
            "verification",
            "total_pending_invitations",
            "total_pending_suggestions",
            "created_at",
            "updated_at",
        ],
    );
    assert_eq!(
        (&created["name"], &created["verification"]["status"]),
        (&json!("example.com"), &json!("verified"))
    );
    // Alan and Katherine have addresses there, and are not members.
    assert_eq!(
        (&created["total_pending_invitations"], &created["total_pending_suggestions"]),
        (&json!(2), &json!(0))
    );
    let own = format!("{PATH}/{}", id(&created));
    let changed = fixture.ok("PATCH", &own, &json!({"enrollment_mode": "automatic_suggestion"}));
    assert_eq!(
        (&changed["total_pending_invitations"], &changed["total_pending_suggestions"]),
        (&json!(0), &json!(2))
    );
    let changed = fixture.ok("PATCH", &own, &json!({"verified": false}));
    assert_eq!((&changed["verification"], &changed["total_pending_suggestions"]), (&none(), &json!(0)));
    fixture.tick();
    let path = format!("{own}/verify_ownership");
    let owned = fixture.ok("POST", &path, &none());
    assert_eq!(owned["ownership_verification"]["strategy"], "manual_override");
    fixture.tick();
    assert_eq!(fixture.ok("POST", &path, &none()), owned);
    assert_eq!(fixture.ok("DELETE", &own, &none())["deleted"], true);
    fixture.refuses("DELETE", &own, &none(), 404, "resource_not_found", "");
    fixture.refuses("POST", &path, &none(), 404, "resource_not_found", "");
}

#[test]
fn domains_are_filtered_and_ordered() {
    let fixture = Fixture::seeded();
    fixture.local.organization("Beta").id("org_beta").create();
    for (organization, name, mode, verified) in [
        ("org_acme", "b.example", "manual_invitation", true),
        ("org_acme", "a.example", "enterprise_sso", false),
        ("org_beta", "c.example", "automatic_suggestion", true),
    ] {
        fixture.tick();
        let body = json!({"name": name, "enrollment_mode": mode, "verified": verified});
        fixture.ok("POST", &format!("/v1/organizations/{organization}/domains"), &body);
    }
    for (path, expected) in [
        ("/v1/organization_domains", vec!["c.example", "a.example", "b.example"]),
        ("/v1/organization_domains?order_by=name", vec!["a.example", "b.example", "c.example"]),
        ("/v1/organization_domains?organization_id=org_beta", vec!["c.example"]),
        ("/v1/organization_domains?query=org_beta", vec!["c.example"]),
        ("/v1/organization_domains?query=A.EX", vec!["a.example"]),
        ("/v1/organization_domains?domains=a.example&domains=b.example", vec!["a.example", "b.example"]),
        ("/v1/organization_domains?verified=false", vec!["a.example"]),
        (
            "/v1/organization_domains?enrollment_mode=manual_invitation,enterprise_sso",
            vec!["a.example", "b.example"],
        ),
        ("/v1/organization_domains?enrollment_mode=-enterprise_sso", vec!["c.example", "b.example"]),
        ("/v1/organizations/org_acme/domains?enrollment_mode=enterprise_sso", vec!["a.example"]),
    ] {
        assert_eq!(fixture.column(path, "/name"), expected, "{path}");
    }
    for query in ["query=", "query=%20", "enrollment_mode=odd", "verified=perhaps"] {
        let param = query.split('=').next().unwrap();
        let path = format!("/v1/organization_domains?{query}");
        fixture.refuses("GET", &path, &none(), 422, "form_param_format_invalid", param);
    }
}

#[test]
fn invalid_domains_are_rejected() {
    let fixture = Fixture::seeded();
    fixture.ok("POST", PATH, &json!({"name": "taken.example"}));
    for (body, status, code, param) in [
        (json!({}), 422, "form_param_missing", "name"),
        (json!({"name": "localhost"}), 422, "form_param_format_invalid", "name"),
        (json!({"name": "a b.example"}), 422, "form_param_format_invalid", "name"),
        (json!({"name": "-a.example"}), 422, "form_param_format_invalid", "name"),
        (json!({"name": "a..example"}), 422, "form_param_format_invalid", "name"),
        (json!({"name": "gmail.com"}), 422, "organization_domain_common", "name"),
        (json!({"name": "TAKEN.example"}), 422, "organization_domain_already_exists", "name"),
        (
            json!({"name": "a.example", "enrollment_mode": "odd"}),
            422,
            "form_param_format_invalid",
            "enrollment_mode",
        ),
        (json!({"name": "a.example", "verified": 1}), 422, "form_param_format_invalid", "verified"),
    ] {
        fixture.refuses("POST", PATH, &body, status, code, param);
    }
    let settings = "/v1/instance/organization_settings";
    fixture.ok("PATCH", settings, &json!({"domains_enrollment_modes": ["manual_invitation"]}));
    let body = json!({"name": "a.example", "enrollment_mode": "automatic_invitation"});
    fixture.refuses("POST", PATH, &body, 403, "organization_domain_enrollment_mode_not_enabled", "");
    fixture.ok("PATCH", settings, &json!({"domains_enabled": false}));
    fixture.refuses("POST", PATH, &json!({"name": "a.example"}), 403, "feature_not_enabled", "");
}
