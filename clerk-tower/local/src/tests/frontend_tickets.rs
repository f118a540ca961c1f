//! Tests of tickets in browsers: invitations to organizations, links without an application, and agents' tasks.

use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use super::{
    Fixture,
    frontend::{DOCUMENT, TextResponse, claims},
    frontend_api::{Browser, id},
    none,
};

const PASSWORD: &str = "correct horse battery staple";
const INVITATIONS: &str = "/v1/organizations/org_acme/invitations";

impl Fixture {
    fn invite(&self, email: &str, more: &Value) -> Value {
        let body = json!({ "email_address": email, "role": "org:member" });
        self.ok("POST", INVITATIONS, &crate::state::extended(body, more.clone()))
    }
}

/// Opens a URL of the server, with a browser's cookie if there is one.
fn open(fixture: &Fixture, url: &Value, browser: Option<&Browser<'_>>) -> TextResponse {
    let url: Url = url.as_str().unwrap().parse().unwrap();
    let target = format!("{}?{}", url.path(), url.query().unwrap());
    let suffix = fixture.local.publishable_key().cookie_suffix();
    let cookie = browser.map_or_else(String::new, |it| format!("__client_{suffix}={}", it.token));
    fixture.browse("GET", &target, &[DOCUMENT, ("cookie", &cookie)], "")
}

fn redirecting() -> Value {
    json!({ "redirect_url": "http://127.0.0.1:3000/welcome", "public_metadata": { "desk": 4 } })
}

#[test]
fn somebody_new_signs_up_with_an_organizations_invitation() {
    let fixture = Fixture::seeded();
    fixture.local.state().settings.sign_up.mode = crate::state::SignUpMode::Restricted;
    let invitation = fixture.invite("new@example.com", &redirecting());
    let opened = open(&fixture, &invitation["url"], None);
    assert_eq!((opened.status, opened.location().path()), (303, "/welcome"));
    assert_eq!(opened.pair("__clerk_status"), "sign_up");
    let ticket = opened.pair("__clerk_ticket");
    let browser = fixture.browser();
    // Not everything that a sign-up needs: nobody is a member yet.
    let (begun, _) = browser.ok("POST", "/client/sign_ups", &[("strategy", "ticket"), ("ticket", &ticket)]);
    assert_eq!((&begun["missing_fields"], &begun["unverified_fields"]), (&json!(["password"]), &json!([])));
    assert_eq!(fixture.get(&format!("{INVITATIONS}/{}", id(&invitation)))["status"], "pending");
    let path = format!("/client/sign_ups/{}", id(&begun));
    let events = fixture.event_kinds(|_| {
        assert_eq!(browser.ok("PATCH", &path, &[("password", PASSWORD)]).0["status"], "complete");
    });
    assert_eq!(
        events,
        [
            "organizationInvitation.accepted",
            "user.created",
            "organizationMembership.created",
            "session.created"
        ]
    );
    let client = browser.client();
    let session = &client["sessions"][0];
    assert_eq!(session["last_active_organization_id"], "org_acme");
    let membership = &session["user"]["organization_memberships"][0];
    assert_eq!(
        (&membership["role"], &membership["public_metadata"]["desk"]),
        (&json!("org:member"), &json!(4))
    );
    assert_eq!(session["user"]["email_addresses"][0]["verification"]["strategy"], "ticket");
    let accepted = fixture.get(&format!("{INVITATIONS}/{}", id(&invitation)));
    assert_eq!((&accepted["status"], &accepted["url"]), (&json!("accepted"), &none()));
    let form = [("strategy", "ticket"), ("ticket", &*ticket), ("password", PASSWORD)];
    assert_eq!(
        fixture.browser().error("POST", "/client/sign_ups", &form),
        (400, "organization_invitation_already_accepted".to_owned())
    );
}

#[test]
fn a_user_signs_in_with_an_organizations_invitation() {
    let fixture = Fixture::seeded();
    let invitation = fixture.invite("alan@example.com", &redirecting());
    let opened = open(&fixture, &invitation["url"], None);
    assert_eq!(opened.pair("__clerk_status"), "sign_in");
    let ticket = opened.pair("__clerk_ticket");
    let browser = fixture.browser();
    let form = [("strategy", "ticket"), ("ticket", &*ticket)];
    fixture.ok("POST", "/v1/users/user_alan/ban", &none());
    assert_eq!(browser.error("POST", "/client/sign_ins", &form), (403, "user_banned".to_owned()));
    assert_eq!(fixture.get(&format!("{INVITATIONS}/{}", id(&invitation)))["status"], "pending");
    fixture.ok("POST", "/v1/users/user_alan/unban", &none());
    let (sign_in, client) = browser.ok("POST", "/client/sign_ins", &form);
    assert_eq!(sign_in["status"], "complete");
    assert_eq!(client["sessions"][0]["last_active_organization_id"], "org_acme");
    assert_eq!(
        browser.error("POST", "/client/sign_ins", &form),
        (400, "organization_invitation_already_accepted".to_owned())
    );
}

#[test]
fn a_signed_in_user_joins_by_the_link() {
    let fixture = Fixture::seeded();
    let invitation = fixture.invite("alan@example.com", &redirecting());
    let [alan, grace] = ["user_alan", "user_grace"].map(|user| fixture.browser_of(user));
    // Somebody else's browser only passes the ticket on.
    assert_eq!(open(&fixture, &invitation["url"], Some(&grace)).pair("__clerk_status"), "sign_in");
    assert_eq!(open(&fixture, &invitation["url"], Some(&alan)).pair("__clerk_status"), "complete");
    assert_eq!(alan.client()["sessions"][0]["last_active_organization_id"], "org_acme");
    assert_eq!(open(&fixture, &invitation["url"], Some(&alan)).status, 400, "it is accepted");
}

#[test]
fn unusable_invitations_are_refused() {
    for (change, code) in [
        ("none", "ticket_invalid_code"),
        ("revoke", "organization_invitation_revoked"),
        ("expire", "organization_invitation_expired"),
        ("fill", "organization_membership_quota_exceeded"),
    ] {
        let fixture = Fixture::seeded();
        let invitation = fixture.invite("new@example.com", &redirecting());
        let ticket = open(&fixture, &invitation["url"], None).pair("__clerk_ticket");
        match change {
            "revoke" => {
                let path = format!("{INVITATIONS}/{}/revoke", id(&invitation));
                drop(fixture.ok("POST", &path, &json!({ "requesting_user_id": "user_ada" })));
            }
            "expire" => fixture.clock.advance(Duration::from_secs(31 * 86_400)),
            "fill" => {
                let limit = json!({ "max_allowed_memberships": 2 });
                drop(fixture.ok("PATCH", "/v1/organizations/org_acme", &limit));
            }
            _ => {}
        }
        let ticket = if change == "none" { "nonsense" } else { &*ticket };
        let form = [("strategy", "ticket"), ("ticket", ticket), ("password", PASSWORD)];
        let refused = fixture.browser().error("POST", "/client/sign_ups", &form);
        assert_eq!(refused.1, code, "{change}");
        assert!(fixture.local.state().user_by_identifier("new@example.com").is_none(), "{change}");
    }
}

#[test]
fn links_without_an_application_sign_in_and_up() {
    let fixture = Fixture::seeded();
    let token = fixture.ok("POST", "/v1/sign_in_tokens", &json!({ "user_id": "user_ada" }));
    let application = fixture.ok("POST", "/v1/invitations", &json!({ "email_address": "one@example.com" }));
    let organization = fixture.invite("two@example.com", &json!({}));
    for (url, email) in [
        (&token["url"], "ada@example.com"),
        (&application["url"], "one@example.com"),
        (&organization["url"], "two@example.com"),
    ] {
        let browser = fixture.browser();
        let target: Url = url.as_str().unwrap().parse().unwrap();
        let target = format!("{}?{}", target.path(), target.query().unwrap());
        let image = fixture.browse("GET", &target, &[("sec-fetch-dest", "image")], "");
        assert_eq!(image.code(), "not_emulated", "{email}");
        let opened = open(&fixture, url, Some(&browser));
        assert_eq!((opened.status, opened.header("location")), (303, "/sign-in"), "{email}");
        let client = browser.client();
        assert_eq!(client["sessions"][0]["public_user_data"]["identifier"], email);
        assert_eq!(open(&fixture, url, Some(&fixture.browser())).status, 400, "it is used");
    }
    assert_eq!(fixture.get("/v1/organizations/org_acme/memberships")["total_count"], 3);
}

#[test]
fn an_agents_task_signs_in_for_as_long_as_it_says() {
    let fixture = Fixture::seeded();
    let task = |more: Value| {
        let body = json!({
            "on_behalf_of": { "user_id": "user_ada" },
            "permissions": "*",
            "agent_name": "bot",
            "task_description": "sort",
            "redirect_url": "http://127.0.0.1:3000/inbox",
        });
        fixture.ok("POST", "/v1/agents/tasks", &crate::state::extended(body, more))
    };
    let seconds = |session: &Value| {
        session["expire_at"].as_i64().unwrap() / 1000 - session["created_at"].as_i64().unwrap() / 1000
    };
    for (more, expected) in [(json!({ "session_max_duration_in_seconds": 90 }), 90), (json!({}), 7 * 86_400)]
    {
        let made = task(more);
        let browser = fixture.browser();
        let opened = open(&fixture, &made["url"], Some(&browser));
        assert_eq!((opened.status, opened.location().path()), (307, "/inbox"));
        let cookies = claims(&opened.pair("__clerk_handshake"));
        let has = |name: &str| cookies.to_string().contains(name);
        assert!(has("__session=ey") && has("__client_uat=") && has("__clerk_db_jwt="), "{cookies}");
        let session = &browser.client()["sessions"][0];
        assert_eq!((&session["user"]["id"], seconds(session)), (&json!("user_ada"), expected));
        assert_eq!(open(&fixture, &made["url"], Some(&browser)).status, 400, "a task begins once");
    }
    // Another computer's application gets no cookies, and a sign-in token is no task.
    let elsewhere = task(json!({ "redirect_url": "https://evil.example/" }));
    assert_eq!(open(&fixture, &elsewhere["url"], None).status, 400);
    let token = fixture.ok("POST", "/v1/sign_in_tokens", &json!({ "user_id": "user_ada" }));
    let path = format!("/v1/agents/tasks?ticket={}", token["token"].as_str().unwrap());
    assert_eq!(fixture.browse("GET", &path, &[], "").status, 404);
    let revoked = task(json!({}));
    fixture.ok("POST", &format!("/v1/agents/tasks/{}/revoke", revoked["task_id"].as_str().unwrap()), &none());
    assert_eq!(open(&fixture, &revoked["url"], None).status, 400);
}
