//! Tests of signing in, staying signed in and signing out, as a browser does it.

use std::time::Duration;

use super::{
    Fixture, none,
    surfing::{APP, Browser, LOCAL},
};

fn handshakes(fixture: &Fixture) -> usize {
    fixture.local.requests().to("GET", "/v1/client/handshake").len()
}

/// Signs in on the sign-in page, starting at a page of the application that requires it.
async fn sign_in(browser: &mut Browser, user: &str, organization: Option<&str>) -> String {
    let page = browser.open(&format!("{APP}/private?a=b%20c")).await;
    assert_eq!((page.status.as_u16(), page.url.path()), (200, "/sign-in"));
    assert!(page.text.contains("Ada Lovelace") && page.text.contains("to continue to localhost:3000"));
    let page = browser.submit(&page, "/sign-in", "user", user).await;
    let Some(organization) = organization else { return page.text };
    assert_eq!(page.url.path(), "/sign-in/organization");
    let page = browser.submit(&page, "/sign-in/organization", "organization", organization).await;
    assert_eq!(page.url.as_str(), format!("{APP}/private?a=b+c"));
    page.text
}

#[tokio::test]
async fn a_browser_signs_in_stays_signed_in_and_signs_out() {
    let fixture = Fixture::seeded();
    let browser = &mut Browser::new(&fixture);
    assert_eq!(sign_in(browser, "user_ada", Some("org_acme")).await, "user_ada for org_acme");

    // Within a minute the token is still valid, so no call to Clerk is needed.
    let before = handshakes(&fixture);
    let page = browser.open(&format!("{APP}/private")).await;
    assert_eq!((&*page.text, page.way.len()), ("user_ada for org_acme", 1));
    assert_eq!(browser.fetch(&format!("{APP}/api")).await, 200);
    assert_eq!(handshakes(&fixture), before);

    // The token has expired: a script gets 401, a page is refreshed by a handshake.
    fixture.clock.advance(Duration::from_secs(66));
    assert_eq!(browser.fetch(&format!("{APP}/api")).await, 401);
    let page = browser.open(&format!("{APP}/private")).await;
    assert_eq!(page.text, "user_ada for org_acme");
    assert_eq!(
        page.way,
        ["localhost/private", "127.0.0.1/v1/client/handshake", "localhost/private", "localhost/private"]
    );
    assert_eq!(handshakes(&fixture), before + 1);
    assert_eq!(browser.fetch(&format!("{APP}/api")).await, 200);
    assert!(!page.url.as_str().contains("__clerk"), "{}", page.url);

    let page = browser.open(&format!("{LOCAL}/sign-out?redirect_url={APP}/after")).await;
    assert_eq!((&*page.text, page.url.path()), ("signed out", "/after"));
    let page = browser.open(&format!("{APP}/private")).await;
    assert_eq!((page.url.path(), page.status.as_u16()), ("/sign-in", 200));
    assert!(page.text.contains("Ada Lovelace") && !page.text.contains("You are signed in"));
    assert_eq!(browser.fetch(&format!("{APP}/api")).await, 401);
    assert!(fixture.column("/v1/sessions?status=active", "/id").is_empty());
}

#[tokio::test]
async fn a_signed_in_visitor_can_switch_accounts_and_organizations() {
    let fixture = Fixture::seeded();
    let browser = &mut Browser::new(&fixture);
    sign_in(browser, "user_ada", Some("")).await;
    let page = browser.open(&format!("{LOCAL}/sign-in?redirect_url={APP}/private")).await;
    assert!(page.text.contains("You are signed in") && page.text.contains("Continue to localhost:3000"));
    let page = browser.submit(&page, "/sign-in/organization", "organization", "org_acme").await;
    assert_eq!((page.url.as_str(), &*page.text), (&*format!("{APP}/private"), "user_ada for org_acme"));
    // Another user without an organization, so there is no organization to choose.
    let page = browser.open(&format!("{LOCAL}/sign-in?redirect_url={APP}/private")).await;
    let page = browser.submit(&page, "/sign-in", "user", "user_alan").await;
    assert_eq!(page.text, "user_alan for nobody");
    assert_eq!(fixture.column("/v1/sessions?status=active", "/user_id"), ["user_alan"]);
    let page = browser.open(&format!("{LOCAL}/sign-in")).await;
    let page = browser.submit(&page, "/sign-out", "", "").await;
    assert_eq!(page.url.as_str(), format!("{LOCAL}/sign-in"));
    assert_eq!(
        browser.open(&format!("{APP}/public")).await.text,
        "user_alan for nobody",
        "until the token expires"
    );
    fixture.clock.advance(Duration::from_secs(66));
    assert_eq!(browser.open(&format!("{APP}/public")).await.text, "signed out");
}

#[tokio::test]
async fn a_new_user_can_sign_in_with_an_email_address() {
    let fixture = Fixture::seeded();
    let browser = &mut Browser::new(&fixture);
    let page = browser.open(&format!("{APP}/private")).await;
    let page = browser.submit(&page, "/sign-in", "email", " New.Person@example.com ").await;
    assert!(page.text.ends_with(" for nobody"), "{}", page.text);
    let users = fixture.column("/v1/users?email_address=new.person@example.com", "/id");
    assert_eq!(page.text, format!("{} for nobody", users[0]));
    // The same email address is the same user, and Ada's address is Ada.
    browser.open(&format!("{LOCAL}/sign-out")).await;
    for (email, expected) in [("NEW.person@example.com", &*users[0]), ("ada@example.com", "user_ada")] {
        let page = browser.open(&format!("{LOCAL}/sign-in?redirect_url={APP}/private")).await;
        let page = browser.submit(&page, "/sign-in", "email", email).await;
        let page = if page.url.path() == "/sign-in/organization" {
            browser.submit(&page, "/sign-in/organization", "organization", "").await
        } else {
            page
        };
        assert_eq!(page.text, format!("{expected} for nobody"));
    }
    assert_eq!(fixture.get("/v1/users/count")["total_count"], 5);
}

#[tokio::test]
async fn an_ended_session_is_noticed_within_a_minute() {
    for end in ["/v1/users/user_alan/ban", "revoke"] {
        let fixture = Fixture::seeded();
        let browser = &mut Browser::new(&fixture);
        assert_eq!(sign_in(browser, "user_alan", None).await, "user_alan for nobody");
        let session = &fixture.column("/v1/sessions", "/id")[0];
        let path = if end == "revoke" { format!("/v1/sessions/{session}/revoke") } else { end.to_owned() };
        fixture.ok("POST", &path, &none());
        fixture.clock.advance(Duration::from_secs(66));
        let page = browser.open(&format!("{APP}/public")).await;
        assert_eq!(page.text, "signed out", "{end}");
        let page = browser.open(&format!("{LOCAL}/sign-in")).await;
        assert!(!page.text.contains("You are signed in"));
    }
}

#[tokio::test]
async fn cookies_of_a_previous_instance_are_harmless() {
    let fixture = Fixture::seeded();
    let mut browser = Browser::new(&fixture);
    for round in 0..3 {
        assert_eq!(
            sign_in(&mut browser, "user_ada", Some("org_acme")).await,
            "user_ada for org_acme",
            "{round}"
        );
        assert_eq!(browser.fetch(&format!("{APP}/api")).await, 200);
        let anew = Fixture::seeded();
        browser = browser.restarted(&anew);
        assert_eq!(browser.fetch(&format!("{APP}/api")).await, 401);
        assert_eq!(browser.open(&format!("{APP}/public")).await.text, "signed out");
    }
}

#[tokio::test]
async fn refresh_tokens_avoid_a_handshake() {
    let fixture = Fixture::seeded();
    fixture.local.set_refresh_tokens(true);
    let browser = &mut Browser::new(&fixture);
    sign_in(browser, "user_ada", Some("org_acme")).await;
    let before = handshakes(&fixture);
    fixture.clock.advance(Duration::from_secs(66));
    assert_eq!(browser.fetch(&format!("{APP}/api")).await, 200);
    fixture.clock.advance(Duration::from_secs(66));
    let page = browser.open(&format!("{APP}/private")).await;
    assert_eq!((&*page.text, page.way.len()), ("user_ada for org_acme", 1));
    assert_eq!(handshakes(&fixture), before);
    // Signing out removes the refresh token with the session.
    browser.open(&format!("{LOCAL}/sign-out")).await;
    fixture.clock.advance(Duration::from_secs(66));
    assert_eq!(browser.fetch(&format!("{APP}/api")).await, 401);
    assert_eq!(browser.open(&format!("{APP}/public")).await.text, "signed out");
}
