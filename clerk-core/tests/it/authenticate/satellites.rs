//! Satellites, end to end: a browser that stores cookies, a satellite, the primary domain, and Clerk.

use clerk_core::authenticate::Satellite;
use serde_json::json;
use url::Url;

use crate::{
    tokens::{handshake, session},
    visit::{Env, Visit},
};

const PAGE: &str = "https://app.example.com/p";

fn satellite(env: Env) -> Visit {
    Visit::api(env).header("sec-fetch-dest", "document").options(|options| {
        options
            .satellite(Satellite::domain("app.example.com").auto_sync(true))
            .sign_in_url("https://primary.example/sign-in")
    })
}

/// The path and query of a URL.
fn target(address: &str) -> String {
    Url::parse(address).unwrap()[url::Position::BeforePath..].to_owned()
}

#[test]
fn production_with_the_satellites_own_frontend_api() {
    // The first visit is redirected to the Frontend API of the satellite's domain.
    let first = satellite(Env::Live).target("/p").seen();
    assert_eq!(first.verdict(), "handshake: satellite-needs-syncing");
    let location = first.location().unwrap();
    assert!(location.starts_with("https://clerk.app.example.com/v1/client/handshake?"), "{location}");
    assert_eq!(first.parameter("redirect_url").as_deref(), Some(PAGE));
    // The issuer and the cookies are the satellite's.
    let token = session(Env::Live, &json!({"iss": "https://clerk.app.example.com"}));
    let lines = [&*format!("__session={token}; Path=/"), "__client_uat=1699999000; Path=/"];
    let back = satellite(Env::Live).cookie("__clerk_handshake", handshake(Env::Live, &lines)).seen();
    assert_eq!((&*back.verdict(), back.set_cookies().len()), ("signed-in", 2));
    // From then on, cookies are sufficient.
    assert_eq!(satellite(Env::Live).signed_in(&token).verdict(), "signed-in");
    // Without a session on the primary domain, the browser returns with an inactive client, and is not redirected again.
    let nobody = handshake(Env::Live, &["__client_uat=0; Path=/"]);
    let back = satellite(Env::Live).cookie("__clerk_handshake", nobody).seen();
    assert_eq!(back.verdict(), "signed-out: session-token-missing");
    let after = satellite(Env::Live).target("/p?__clerk_synced=true").cookie("__client_uat", "0");
    assert_eq!(after.verdict(), "signed-out: session-token-and-uat-missing");
}

#[test]
fn production_behind_a_proxy() {
    let visit = Visit::document(Env::Live).options(|options| {
        options
            .satellite(Satellite::behind_proxy().auto_sync(true))
            .proxy_url("https://app.example.com/__clerk")
    });
    let location = visit.seen().location().unwrap();
    assert!(location.starts_with("https://app.example.com/__clerk/v1/client/handshake?"), "{location}");
}

#[test]
fn development_through_the_primary_domain() {
    // The first visit is redirected to the primary domain's sign-in page, with the return URL.
    let first = satellite(Env::Dev).target("/p?a=b%20c").seen();
    assert_eq!(first.verdict(), "handshake: satellite-needs-syncing");
    let location = first.location().unwrap();
    assert_eq!(
        location,
        "https://primary.example/sign-in?__clerk_redirect_url=https%3A%2F%2Fapp.example.com%2Fp%3Fa%3Db%2520c"
    );
    assert_eq!(first.set_cookies(), ["__clerk_redirect_count=1; SameSite=Lax; HttpOnly; Max-Age=2"]);

    // The primary domain redirects back with the dev-browser token, and marks the sync as complete.
    let primary = Visit::document(Env::Dev).target(target(&location)).seen();
    assert_eq!(primary.verdict(), "handshake: primary-responds-to-syncing");
    let location = primary.location().unwrap();
    assert_eq!(location, "https://app.example.com/p?a=b+c&__clerk_db_jwt=dvb_1&__clerk_synced=true");

    // The satellite starts a handshake with it.
    let visit = satellite(Env::Dev).cookie("__clerk_redirect_count", "1").target(target(&location));
    let second = visit.seen();
    assert_eq!(second.verdict(), "handshake: dev-browser-sync");
    assert_eq!(second.set_cookies(), ["__clerk_redirect_count=2; SameSite=Lax; HttpOnly; Max-Age=2"]);
    assert_eq!(second.parameter("__clerk_db_jwt").as_deref(), Some("dvb_1"));
    let page = second.parameter("redirect_url").unwrap();
    assert_eq!(page, "https://app.example.com/p?a=b+c&__clerk_synced=true");

    // Clerk redirects back, and the parameters are removed from the URL.
    let token = session(Env::Dev, &json!({}));
    let lines = [&*format!("__session={token}"), "__client_uat=1699999000", "__clerk_db_jwt=dvb_1"];
    let page = format!("{}&__clerk_handshake={}", target(&page), handshake(Env::Dev, &lines));
    let back = satellite(Env::Dev).target(page).seen();
    assert_eq!((&*back.verdict(), back.set_cookies().len()), ("signed-in", 3));
    let location = back.location().unwrap();
    assert_eq!(location, "https://app.example.com/p?a=b+c&__clerk_synced=true");

    // No further redirect follows.
    let end = satellite(Env::Dev).target(target(&location)).cookie("__clerk_db_jwt", "dvb_1");
    assert_eq!(end.clone().signed_in(&token).verdict(), "signed-in");
    assert_eq!(end.verdict(), "signed-out: session-token-and-uat-missing");
}

#[test]
fn redirects_from_the_primary_domain_to_a_satellite() {
    for (asks, expected) in [
        ("https://s.example/x?a=b", "https://s.example/x?a=b&__clerk_db_jwt=dvb_1&__clerk_synced=true"),
        (
            "https://s.example/?__clerk_synced=false&__clerk_synced=x",
            "https://s.example/?__clerk_synced=true&__clerk_db_jwt=dvb_1",
        ),
        (
            "http://localhost:3000/?__clerk_db_jwt=old",
            "http://localhost:3000/?__clerk_db_jwt=old&__clerk_db_jwt=dvb_1&__clerk_synced=true",
        ),
    ] {
        let mut page = Url::parse("https://app.example.com/sign-in").unwrap();
        page.query_pairs_mut().append_pair("__clerk_redirect_url", asks);
        let seen = Visit::document(Env::Dev).target(target(page.as_str())).seen();
        assert_eq!(seen.location().as_deref(), Some(expected), "{asks}");
    }
    let unknown = Visit::api(Env::Dev)
        .header("sec-fetch-dest", "document")
        .target("/p?__clerk_redirect_url=https%3A%2F%2Fs.example");
    assert_eq!(unknown.seen().location().as_deref(), Some("https://s.example/?__clerk_synced=true"));
    for bad in
        ["/path", "s.example", "javascript:alert(1)", "https://", "ftp://s.example", "https://u:p@s.example"]
    {
        let mut page = Url::parse("https://app.example.com/sign-in").unwrap();
        page.query_pairs_mut().append_pair("__clerk_redirect_url", bad);
        let seen = Visit::document(Env::Dev).target(target(page.as_str())).seen();
        assert!(seen.outcome.bad_request().is_some(), "{bad}");
    }
}

#[test]
fn a_satellite_stops_redirecting_at_the_limit() {
    for env in [Env::Live, Env::Dev] {
        let seen = satellite(env).cookie("__clerk_redirect_count", "3").seen();
        assert_eq!(seen.verdict(), "signed-out: satellite-needs-syncing");
        assert!(seen.location().is_none());
    }
}
