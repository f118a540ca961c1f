//! Tests of how people become members by the domain of their email address.

use serde_json::{Value, json};

use super::{Fixture, frontend_api::id, none};

const DOMAINS: &str = "/organizations/org_acme/domains";
const REQUESTS: &str = "/organizations/org_acme/membership_requests";

impl Fixture {
    /// Adds a verified domain of Acme.
    fn domain(&self, name: &str, mode: &str) -> Value {
        self.ok("POST", &format!("/v1{DOMAINS}"), &json!({ "name": name, "enrollment_mode": mode }))
    }

    /// Adds a user with a verified address.
    fn with_address(&self, address: &str) -> String {
        id(&self.ok("POST", "/v1/users", &json!({ "email_address": [address] }))).to_owned()
    }
}

#[test]
fn people_with_an_address_at_a_domain_are_invited() {
    let fixture = Fixture::seeded();
    let domain = fixture.domain("corp.test", "automatic_invitation");
    let eve = fixture.with_address("eve@Corp.test");
    let other = fixture.browser_of(&fixture.with_address("mallory@notcorp.test"));
    let browser = fixture.browser_of(&eve);
    let list = |query: &str| browser.ok("GET", &format!("/me/organization_invitations{query}"), &[]).0;
    let own = list("?status=pending");
    assert_eq!((&own["total_count"], &own["data"][0]["status"]), (&json!(1), &json!("pending")));
    assert_eq!(own["data"][0]["public_organization_data"]["id"], "org_acme");
    assert_eq!((&own["data"][0]["role"], &own["data"][0]["url"]), (&json!("org:member"), &none()));
    assert_eq!(id(&own["data"][0]), id(&list("")["data"][0]), "the identifier stays the same");
    assert_eq!(other.ok("GET", "/me/organization_invitations", &[]).0["total_count"], 0);
    let shown = fixture.get(&format!("/v1/users/{eve}/organization_invitations"));
    assert_eq!(shown["data"][0]["id"], own["data"][0]["id"]);
    let count = || fixture.get(&format!("/v1{DOMAINS}"))["data"][0]["total_pending_invitations"].clone();
    assert_eq!(count(), 1);

    let accept = format!("/me/organization_invitations/{}/accept", id(&own["data"][0]));
    assert_eq!(other.error("POST", &accept, &[]).0, 404);
    let events = fixture.event_kinds(|_| {
        assert_eq!(browser.ok("POST", &accept, &[]).0["status"], "accepted");
    });
    assert_eq!(events, ["organizationInvitation.accepted", "organizationMembership.created"]);
    assert_eq!((count(), &list("?status=accepted")["total_count"]), (json!(0), &json!(1)));
    assert_eq!(browser.error("POST", &accept, &[]).0, 400);
    // Somebody who left is not invited once more.
    browser.ok("DELETE", "/me/organization_memberships/org_acme", &[]);
    assert_eq!(list("?status=pending")["total_count"], 0);
    // Invitations follow from the domain.
    fixture.with_address("fay@corp.test");
    assert_eq!(count(), 1);
    let path = format!("/v1{DOMAINS}/{}", id(&domain));
    fixture.ok("PATCH", &path, &json!({ "enrollment_mode": "manual_invitation" }));
    assert_eq!(count(), 0);
}

#[test]
fn only_verified_addresses_at_verified_domains_count() {
    for (is_domain_verified, is_address_verified, expected) in
        [(true, true, 1), (true, false, 0), (false, true, 0)]
    {
        let fixture = Fixture::seeded();
        let body = json!({
            "name": "corp.test",
            "enrollment_mode": "automatic_invitation",
            "verified": is_domain_verified,
        });
        fixture.ok("POST", &format!("/v1{DOMAINS}"), &body);
        let eve = fixture.with_address("eve@elsewhere.test");
        let address = json!({
            "user_id": eve,
            "email_address": "eve@corp.test",
            "verified": is_address_verified,
        });
        fixture.ok("POST", "/v1/email_addresses", &address);
        let own = fixture.browser_of(&eve).ok("GET", "/me/organization_invitations", &[]).0;
        assert_eq!(own["total_count"], expected, "{is_domain_verified} {is_address_verified}");
    }
}

#[test]
fn people_ask_to_join_a_suggested_organization_and_an_administrator_decides() {
    for (decision, status) in [("accept", "accepted"), ("reject", "revoked")] {
        let fixture = Fixture::seeded();
        fixture.domain("corp.test", "automatic_suggestion");
        let eve = fixture.with_address("eve@corp.test");
        let [browser, ada, grace] = [&*eve, "user_ada", "user_grace"].map(|user| fixture.browser_of(user));
        let list = |query: &str| browser.ok("GET", &format!("/me/organization_suggestions{query}"), &[]).0;
        let pending = list("?status=pending&status=accepted");
        assert_eq!((&pending["total_count"], &pending["data"][0]["status"]), (&json!(1), &json!("pending")));
        assert_eq!(ada.ok("GET", REQUESTS, &[]).0["total_count"], 0);
        let accept = format!("/me/organization_suggestions/{}/accept", id(&pending["data"][0]));
        assert_eq!(grace.error("POST", &accept, &[]).0, 404);
        assert_eq!(browser.ok("POST", &accept, &[]).0["status"], "accepted");
        assert_eq!(
            browser.error("POST", &accept, &[]),
            (400, "organization_suggestion_already_accepted".to_owned())
        );
        assert_eq!(
            (&list("?status=pending")["total_count"], &list("")["total_count"]),
            (&json!(0), &json!(1))
        );
        assert_eq!(fixture.get(&format!("/v1{DOMAINS}"))["data"][0]["total_pending_suggestions"], 0);

        let requests = ada.ok("GET", &format!("{REQUESTS}?status=pending"), &[]).0;
        let request = &requests["data"][0];
        assert_eq!(
            (&request["status"], &request["public_user_data"]["user_id"]),
            (&json!("pending"), &json!(eve))
        );
        let path = format!("{REQUESTS}/{}/{decision}", id(request));
        let refused = (403, "missing_organization_permission".to_owned());
        assert_eq!(grace.error("POST", &path, &[]), refused);
        assert_eq!(grace.error("GET", REQUESTS, &[]), refused);
        let events = fixture.event_kinds(|_| {
            assert_eq!(ada.ok("POST", &path, &[]).0["status"], status);
        });
        let expected: &[&str] = if decision == "accept" { &["organizationMembership.created"] } else { &[] };
        assert_eq!(events, expected);
        assert_eq!(
            ada.error("POST", &path, &[]),
            (422, "organization_membership_request_not_pending".to_owned())
        );
        assert_eq!(ada.ok("GET", &format!("{REQUESTS}?status=pending"), &[]).0["total_count"], 0);
        assert_eq!(list("")["total_count"], 0, "it is decided");
        let member = fixture.local.state().membership("org_acme", &eve).is_ok();
        assert_eq!(member, decision == "accept");
    }
}

#[test]
fn requests_count_against_the_limit_and_end_with_user_and_organization() {
    let fixture = Fixture::seeded();
    fixture.domain("corp.test", "automatic_suggestion");
    fixture.ok("PATCH", "/v1/organizations/org_acme", &json!({ "max_allowed_memberships": 2 }));
    let ada = fixture.browser_of("user_ada");
    let ask = |address: &str| {
        let user = fixture.with_address(address);
        let browser = fixture.browser_of(&user);
        let own = browser.ok("GET", "/me/organization_suggestions", &[]).0;
        let accept = format!("/me/organization_suggestions/{}/accept", id(&own["data"][0]));
        browser.ok("POST", &accept, &[]);
        user
    };
    let eve = ask("eve@corp.test");
    let request = ada.ok("GET", REQUESTS, &[]).0["data"][0].clone();
    let full = ada.error("POST", &format!("{REQUESTS}/{}/accept", id(&request)), &[]);
    assert_eq!(full, (403, "organization_membership_quota_exceeded".to_owned()));
    assert_eq!(
        ada.error("POST", &format!("{REQUESTS}/orgmemreq_none/accept"), &[]),
        (404, "resource_not_found".to_owned())
    );
    fixture.ok("DELETE", &format!("/v1/users/{eve}"), &none());
    assert_eq!(ada.ok("GET", REQUESTS, &[]).0["total_count"], 0);
    ask("fay@corp.test");
    fixture.ok("DELETE", "/v1/organizations/org_acme", &none());
    assert!(fixture.local.state().membership_requests.is_empty());
}

#[test]
fn a_member_verifies_a_domain_with_a_code() {
    let fixture = Fixture::seeded();
    let ada = fixture.browser_of("user_ada");
    let created = ada.ok("POST", DOMAINS, &[("name", "corp.test")]).0;
    assert_eq!(
        (&created["verification"], &created["enrollment_mode"]),
        (&none(), &json!("manual_invitation"))
    );
    let path = |action: &str| format!("{DOMAINS}/{}/{action}", id(&created));
    let code = |code| [("code", code)];
    let attempt = path("attempt_affiliation_verification");
    assert_eq!(ada.error("POST", &attempt, &code("424242")), (400, "verification_missing".to_owned()));
    let prepare = path("prepare_affiliation_verification");
    for address in ["", "nonsense", "ada@elsewhere.test"] {
        assert_eq!(
            ada.error("POST", &prepare, &[("affiliation_email_address", address)]).0,
            422,
            "{address}"
        );
    }
    let prepared = ada.ok("POST", &prepare, &[("affiliation_email_address", "ada@corp.test")]).0;
    assert_eq!(
        (&prepared["affiliation_email_address"], &prepared["verification"]["status"]),
        (&json!("ada@corp.test"), &json!("unverified"))
    );
    assert_eq!(ada.error("POST", &attempt, &code("000000")), (422, "form_code_incorrect".to_owned()));
    let sent = fixture.last_code();
    let verified = ada.ok("POST", &attempt, &code(&sent)).0;
    assert_eq!(
        (&verified["verification"]["status"], &verified["verification"]["strategy"]),
        (&json!("verified"), &json!("affiliation_email_code"))
    );
    let mode = path("update_enrollment_mode");
    let changed = ada.ok("POST", &mode, &[("enrollment_mode", "automatic_suggestion")]).0;
    assert_eq!(changed["enrollment_mode"], "automatic_suggestion");
    // Several at once, as far as possible.
    let names =
        [("names", "one.test"), ("names", "gmail.com"), ("names", "one.test"), ("names", "corp.test")];
    let bulk = ada.ok("POST", &format!("{DOMAINS}/bulk"), &names).0;
    assert_eq!((&bulk["data"][0]["name"], bulk["data"].as_array().unwrap().len()), (&json!("one.test"), 1));
    let errors = json!([
        { "name": "gmail.com", "code": "organization_domain_common" },
        { "name": "corp.test", "code": "organization_domain_already_exists" },
    ]);
    assert_eq!(bulk["errors"], errors);
    assert_eq!(ada.error("POST", &format!("{DOMAINS}/bulk"), &[]).0, 422);
}
