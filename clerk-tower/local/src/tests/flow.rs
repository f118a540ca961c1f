//! Signing in, staying signed in and signing out, as a browser does it.

use std::time::Duration;

use super::{
    Bench, none,
    surfing::{APP, Browser, LOCAL},
};

fn handshakes(bench: &Bench) -> u64 {
    bench.local.requests_to("GET", "/v1/client/handshake")
}

/// Signs in by the sign-in page, beginning at a page of the application that needs it.
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
    let bench = Bench::seeded();
    let browser = &mut Browser::new(&bench);
    assert_eq!(sign_in(browser, "user_ada", Some("org_acme")).await, "user_ada for org_acme");

    // Coming back within the minute needs nobody.
    let before = handshakes(&bench);
    let page = browser.open(&format!("{APP}/private")).await;
    assert_eq!((&*page.text, page.way.len()), ("user_ada for org_acme", 1));
    assert_eq!(browser.fetch(&format!("{APP}/api")).await, 200);
    assert_eq!(handshakes(&bench), before);

    // The token is over: a script is told so, a page is renewed unseen.
    bench.clock.advance(Duration::from_secs(66));
    assert_eq!(browser.fetch(&format!("{APP}/api")).await, 401);
    let page = browser.open(&format!("{APP}/private")).await;
    assert_eq!(page.text, "user_ada for org_acme");
    assert_eq!(
        page.way,
        ["localhost/private", "127.0.0.1/v1/client/handshake", "localhost/private", "localhost/private"]
    );
    assert_eq!(handshakes(&bench), before + 1);
    assert_eq!(browser.fetch(&format!("{APP}/api")).await, 200);
    assert!(!page.url.as_str().contains("__clerk"), "{}", page.url);

    let page = browser.open(&format!("{LOCAL}/sign-out?redirect_url={APP}/after")).await;
    assert_eq!((&*page.text, page.url.path()), ("signed out", "/after"));
    let page = browser.open(&format!("{APP}/private")).await;
    assert_eq!((page.url.path(), page.status.as_u16()), ("/sign-in", 200));
    assert!(page.text.contains("Ada Lovelace") && !page.text.contains("You are signed in"));
    assert_eq!(browser.fetch(&format!("{APP}/api")).await, 401);
    assert!(bench.column("/v1/sessions?status=active", "/id").is_empty());
}

#[tokio::test]
async fn a_signed_in_visitor_can_switch() {
    let bench = Bench::seeded();
    let browser = &mut Browser::new(&bench);
    sign_in(browser, "user_ada", Some("")).await;
    let page = browser.open(&format!("{LOCAL}/sign-in?redirect_url={APP}/private")).await;
    assert!(page.text.contains("You are signed in") && page.text.contains("Continue to localhost:3000"));
    let page = browser.submit(&page, "/sign-in/organization", "organization", "org_acme").await;
    assert_eq!((page.url.as_str(), &*page.text), (&*format!("{APP}/private"), "user_ada for org_acme"));
    // Somebody else: in no organization, so that there is nothing to choose.
    let page = browser.open(&format!("{LOCAL}/sign-in?redirect_url={APP}/private")).await;
    let page = browser.submit(&page, "/sign-in", "user", "user_alan").await;
    assert_eq!(page.text, "user_alan for nobody");
    assert_eq!(bench.column("/v1/sessions?status=active", "/user_id"), ["user_alan"]);
    let page = browser.open(&format!("{LOCAL}/sign-in")).await;
    let page = browser.submit(&page, "/sign-out", "", "").await;
    assert_eq!(page.url.as_str(), format!("{LOCAL}/sign-in"));
    assert_eq!(browser.open(&format!("{APP}/public")).await.text, "user_alan for nobody", "until it is over");
    bench.clock.advance(Duration::from_secs(66));
    assert_eq!(browser.open(&format!("{APP}/public")).await.text, "signed out");
}

#[tokio::test]
async fn somebody_new_signs_in_by_an_email_address() {
    let bench = Bench::seeded();
    let browser = &mut Browser::new(&bench);
    let page = browser.open(&format!("{APP}/private")).await;
    let page = browser.submit(&page, "/sign-in", "email", " New.Person@example.com ").await;
    assert!(page.text.ends_with(" for nobody"), "{}", page.text);
    let users = bench.column("/v1/users?email_address=new.person@example.com", "/id");
    assert_eq!(page.text, format!("{} for nobody", users[0]));
    // The same address is the same person, and Ada's is Ada's.
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
    assert_eq!(bench.get("/v1/users/count")["total_count"], 5);
}

#[tokio::test]
async fn what_ends_a_session_shows_after_a_minute() {
    for end in ["/v1/users/user_alan/ban", "revoke"] {
        let bench = Bench::seeded();
        let browser = &mut Browser::new(&bench);
        assert_eq!(sign_in(browser, "user_alan", None).await, "user_alan for nobody");
        let session = &bench.column("/v1/sessions", "/id")[0];
        let path = if end == "revoke" { format!("/v1/sessions/{session}/revoke") } else { end.to_owned() };
        bench.ok("POST", &path, &none());
        bench.clock.advance(Duration::from_secs(66));
        let page = browser.open(&format!("{APP}/public")).await;
        assert_eq!(page.text, "signed out", "{end}");
        let page = browser.open(&format!("{LOCAL}/sign-in")).await;
        assert!(!page.text.contains("You are signed in"));
    }
}

#[tokio::test]
async fn cookies_of_an_instance_that_is_gone_do_no_harm() {
    let bench = Bench::seeded();
    let mut browser = Browser::new(&bench);
    for round in 0..3 {
        assert_eq!(
            sign_in(&mut browser, "user_ada", Some("org_acme")).await,
            "user_ada for org_acme",
            "{round}"
        );
        assert_eq!(browser.fetch(&format!("{APP}/api")).await, 200);
        let anew = Bench::seeded();
        browser = browser.restarted(&anew);
        assert_eq!(browser.fetch(&format!("{APP}/api")).await, 401);
        assert_eq!(browser.open(&format!("{APP}/public")).await.text, "signed out");
    }
}

#[tokio::test]
async fn refresh_tokens_spare_the_way_round() {
    let bench = Bench::seeded();
    bench.local.set_refresh_tokens(true);
    let browser = &mut Browser::new(&bench);
    sign_in(browser, "user_ada", Some("org_acme")).await;
    let before = handshakes(&bench);
    bench.clock.advance(Duration::from_secs(66));
    assert_eq!(browser.fetch(&format!("{APP}/api")).await, 200);
    bench.clock.advance(Duration::from_secs(66));
    let page = browser.open(&format!("{APP}/private")).await;
    assert_eq!((&*page.text, page.way.len()), ("user_ada for org_acme", 1));
    assert_eq!(handshakes(&bench), before);
    // Once signed out, the refresh token is gone with the session.
    browser.open(&format!("{LOCAL}/sign-out")).await;
    bench.clock.advance(Duration::from_secs(66));
    assert_eq!(browser.fetch(&format!("{APP}/api")).await, 401);
    assert_eq!(browser.open(&format!("{APP}/public")).await.text, "signed out");
}
