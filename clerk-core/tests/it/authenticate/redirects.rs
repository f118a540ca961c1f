//! Redirects to Clerk: which requests get one, how many in a row, and with which URL.

use clerk_core::authenticate::{AuthenticateOptions, BadRequest, Forwarded, OrganizationSync};
use serde_json::json;

use crate::{
    tokens::{NOW, session},
    visit::{ENVS, Env, Visit},
};

/// A client without a session, which causes a handshake if the request can be redirected.
fn client(visit: Visit) -> Visit {
    visit.cookie("__client_uat", "1699999000")
}

#[test]
fn only_navigations_are_redirected() {
    for (method, destination, accept, is_redirected) in [
        ("GET", Some("document"), None, true),
        ("GET", Some("iframe"), None, true),
        ("GET", Some("document"), Some("application/json"), true),
        ("GET", None, Some("text/html"), true),
        ("GET", None, Some("text/html,application/xhtml+xml"), true),
        ("GET", Some(""), Some("text/html"), true),
        ("GET", None, Some("application/json, text/html"), false),
        ("GET", None, Some("TEXT/HTML"), false),
        ("GET", None, Some("*/*"), false),
        ("GET", None, None, false),
        ("GET", Some("empty"), Some("text/html"), false),
        ("GET", Some("frame"), Some("text/html"), false),
        ("GET", Some("Document"), Some("text/html"), false),
        ("GET", Some("document\u{fe}"), Some("text/html"), false),
        ("POST", Some("document"), Some("text/html"), false),
        ("HEAD", Some("document"), Some("text/html"), false),
        ("OPTIONS", Some("document"), Some("text/html"), false),
        ("get", Some("document"), Some("text/html"), false),
    ] {
        for env in ENVS {
            let mut visit = client(Visit::api(env).known_browser()).method(method);
            for (name, value) in [("sec-fetch-dest", destination), ("accept", accept)] {
                if let Some(value) = value {
                    visit = visit.header(name, value);
                }
            }
            let status = if is_redirected { "handshake" } else { "signed-out" };
            let expected = format!("{status}: client-uat-but-no-session-token");
            let seen = visit.seen();
            assert_eq!(seen.verdict(), expected, "{env:?} {method} {destination:?} {accept:?}");
            assert_eq!(seen.set_cookies().len(), usize::from(is_redirected));
            assert!(seen.outcome.is_anonymous());
        }
    }
}

#[test]
fn at_most_three_redirects_follow_each_other() {
    for env in ENVS {
        for (count, next) in [
            (None, Some(1)),
            (Some("0"), Some(1)),
            (Some("1"), Some(2)),
            (Some("2"), Some(3)),
            (Some("3"), None),
            (Some("4"), None),
            (Some("03"), None),
            (Some("4294967296"), None),
            (Some("abc"), Some(1)),
            (Some("3.0"), Some(1)),
            (Some("0x3"), Some(1)),
            (Some("-1"), Some(1)),
            (Some(""), Some(1)),
        ] {
            let mut visit = client(Visit::document(env));
            if let Some(count) = count {
                visit = visit.cookie("__clerk_redirect_count", count);
            }
            let seen = visit.seen();
            let status = if next.is_some() { "handshake" } else { "signed-out" };
            let expected = format!("{status}: client-uat-but-no-session-token");
            assert_eq!(seen.verdict(), expected, "{env:?} {count:?}");
            let cookie =
                next.map(|next| format!("__clerk_redirect_count={next}; SameSite=Lax; HttpOnly; Max-Age=2"));
            assert_eq!(seen.set_cookies(), Vec::from_iter(cookie), "{env:?} {count:?}");
        }
        // The counter's cookie has no suffix.
        let visit = client(Visit::document(env)).suffixed("__clerk_redirect_count", "3");
        assert_eq!(visit.verdict(), "handshake: client-uat-but-no-session-token");
    }
}

#[test]
fn the_limit_holds_for_every_reason() {
    let expired = session(Env::Live, &json!({"exp": NOW - 60}));
    for (visit, reason) in [
        (Visit::api(Env::Dev).header("sec-fetch-dest", "document"), "dev-browser-missing"),
        (Visit::document(Env::Dev).target("/?__clerk_db_jwt=d"), "dev-browser-sync"),
        (
            Visit::document(Env::Dev).target("/?__clerk_redirect_url=https%3A%2F%2Fs.example"),
            "primary-responds-to-syncing",
        ),
        (
            Visit::document(Env::Live).bearer(&expired),
            "session-token-expired-refresh-non-eligible-no-refresh-cookie",
        ),
    ] {
        assert_eq!(visit.verdict(), format!("handshake: {reason}"));
        let seen = visit.cookie("__clerk_redirect_count", "3").seen();
        assert_eq!(seen.verdict(), format!("signed-out: {reason}"));
        assert_eq!((seen.location(), seen.set_cookies()), (None, Vec::new()));
    }
}

/// A service at `https://example.com`.
fn example(visit: Visit) -> Visit {
    let forwarded = Forwarded::Origin("https://example.com".parse().unwrap());
    visit.options(|options| options.forwarded(forwarded))
}

#[test]
fn handshake_urls() {
    const LIVE: &str = "https://clerk.example.com/v1/client/handshake?redirect_url=";
    const DEV: &str = "https://foo-bar-13.clerk.accounts.dev/v1/client/handshake?redirect_url=";
    const PAGE: &str = "https%3A%2F%2Fexample.com%2Fp";
    let api = |suffixed: bool, reason: &str| {
        format!(
            "&__clerk_api_version=2026-05-12&suffixed_cookies={suffixed}&__clerk_hs_reason={reason}&format=nonce"
        )
    };
    let (no_session, no_client) = ("client-uat-but-no-session-token", "session-token-but-no-client-uat");
    let live = || example(Visit::document(Env::Live));
    for (visit, expected) in [
        (client(live()), format!("{LIVE}{PAGE}{}", api(false, no_session))),
        (live().suffixed("__client_uat", "5"), format!("{LIVE}{PAGE}{}", api(true, no_session))),
        (live().cookie("__session", "a.b"), format!("{LIVE}{PAGE}{}&__session=a.b", api(false, no_client))),
        (
            // Production instances ignore dev-browser tokens.
            client(live()).target("/p?__clerk_db_jwt=d&__dev_session=e").cookie("__clerk_db_jwt", "c"),
            format!("{LIVE}{PAGE}{}", api(false, no_session)),
        ),
        (
            client(example(Visit::document(Env::Dev))),
            format!("{DEV}{PAGE}{}&__clerk_db_jwt=dvb_1", api(false, no_session)),
        ),
        (
            // The dev-browser token of the URL takes precedence over the cookie's.
            example(Visit::document(Env::Dev)).target("/p?__clerk_db_jwt=d+1"),
            format!("{DEV}{PAGE}{}&__clerk_db_jwt=d+1", api(false, "dev-browser-sync")),
        ),
        (
            client(live()).options(|options| {
                options.organization_sync(
                    OrganizationSync::new()
                        .organization_patterns(["/orgs/:slug", "/o/:id"])
                        .personal_account_patterns(["/p"]),
                )
            }),
            format!("{LIVE}{PAGE}{}&organization_id=", api(false, no_session)),
        ),
    ] {
        assert_eq!(visit.seen().location(), Some(expected));
    }
}

#[test]
fn handshake_urls_contain_the_organization_for_every_reason() {
    let sync = OrganizationSync::new()
        .organization_patterns(["/orgs/:slug", "/o/:id"])
        .personal_account_patterns(["/me"]);
    for (path, organization) in [
        ("/orgs/acme", Some("acme")),
        ("/orgs/a%20b", Some("a%20b")),
        ("/o/org_1", Some("org_1")),
        ("/me", Some("")),
        ("/else", None),
    ] {
        for env in ENVS {
            let visit = client(Visit::document(env)).target(path);
            let seen = visit.options(|options| options.organization_sync(sync.clone())).seen();
            assert_eq!(seen.parameter("organization_id").as_deref(), organization, "{path}");
        }
    }
}

#[test]
fn the_query_of_the_page_is_serialized_again() {
    for (query, expected) in [
        ("?a=b%20c&foo&x=~", "?a=b+c&foo=&x=%7E"),
        ("?a=%zz", "?a=%25zz"),
        ("?a=%ff", "?a=%EF%BF%BD"),
        ("?a=()!'*-._", "?a=%28%29%21%27*-._"),
        ("?a=b+c", "?a=b+c"),
        ("?", ""),
        ("?__clerk_db_jwt=x", ""),
        ("?__clerk_db_jwt=x&a=b&__clerk_db_jwt=y&__dev_session=z", "?a=b"),
        ("?__clerk_synced=true&a", "?__clerk_synced=true&a="),
        ("", ""),
    ] {
        let visit = client(Visit::document(Env::Live)).target(format!("/p{query}"));
        let expected = format!("https://app.example.com/p{expected}");
        assert_eq!(visit.seen().parameter("redirect_url"), Some(expected), "{query}");
    }
}

#[test]
fn a_path_cannot_change_the_host() {
    for (target, expected) in [
        ("//evil.example/x", "https://app.example.com//evil.example/x"),
        ("/\\evil.example", "https://app.example.com//evil.example"),
        ("/a/../../b", "https://app.example.com/b"),
        ("http://evil.example/x", "https://app.example.com/x"),
        ("http://evil.example?a=b", "https://app.example.com/?a=b"),
        ("/%2e%2e/x", "https://app.example.com/x"),
        ("/@evil.example", "https://app.example.com/@evil.example"),
    ] {
        let visit = client(Visit::document(Env::Live)).target(target);
        assert_eq!(visit.seen().parameter("redirect_url").as_deref(), Some(expected), "{target}");
    }
}

#[test]
fn the_path_of_a_proxy_url_is_preserved() {
    for (proxy, expected) in [
        ("https://app.example.com/__clerk", "https://app.example.com/__clerk/v1/client/handshake"),
        ("https://app.example.com/__clerk///", "https://app.example.com/__clerk/v1/client/handshake"),
        ("http://proxy.example:8080", "http://proxy.example:8080/v1/client/handshake"),
        ("/__clerk", "https://app.example.com/__clerk/v1/client/handshake"),
        ("/", "https://app.example.com/v1/client/handshake"),
    ] {
        for env in ENVS {
            let visit = client(Visit::document(env));
            let seen = visit.options(|options| options.proxy_url(proxy)).seen();
            let location = seen.location().unwrap();
            assert_eq!(location.split_once('?').unwrap().0, expected, "{proxy}");
        }
    }
}

#[test]
fn a_proxy_does_not_change_the_choice_of_cookies() {
    let visit = Visit::document(Env::Live)
        .signed_in(session(Env::Live, &json!({})))
        .options(|options| options.proxy_url("/__clerk"));
    assert_eq!(visit.verdict(), "signed-in");
    let suffixed = visit.suffixed("__client_uat", "1699999000").suffixed("__session", "garbage");
    // The token without a suffix is the instance's own and newer, so it is chosen.
    assert_eq!(suffixed.verdict(), "signed-in");
}

#[test]
fn without_a_host_nothing_is_redirected() {
    let ignore = |options: AuthenticateOptions| options.forwarded(Forwarded::Ignore);
    let visit = client(Visit::document(Env::Live)).options(ignore);
    assert_eq!(visit.verdict(), "signed-out: client-uat-but-no-session-token");
    for host in ["a b", "a@b", "", "a/b"] {
        let visit = visit.clone().header("host", host);
        assert_eq!(visit.verdict(), "signed-out: client-uat-but-no-session-token", "{host}");
    }
    let visit = visit.header("host", "h.example").header("x-forwarded-host", "evil.example");
    let page = visit.seen().parameter("redirect_url");
    assert_eq!(page.as_deref(), Some("http://h.example/p"));
}

#[test]
fn the_target_takes_precedence_over_the_host() {
    let ignore = |options: AuthenticateOptions| options.forwarded(Forwarded::Ignore);
    let visit = client(Visit::document(Env::Live)).options(ignore).header("host", "h.example");
    for (target, expected) in [
        ("/p", "http://h.example/p"),
        ("https://t.example/p", "https://t.example/p"),
        ("http://t.example:8080", "http://t.example:8080/"),
    ] {
        let page = visit.clone().target(target).seen().parameter("redirect_url");
        assert_eq!(page.as_deref(), Some(expected), "{target}");
    }
}

/// Another program on the way may have chosen the other host.
#[test]
fn several_hosts_are_rejected() {
    let good = session(Env::Live, &json!({}));
    let with = |forwarded: Forwarded, hosts: &[(&'static str, &str)]| {
        let mut visit = Visit::document(Env::Live).options(|options| options.forwarded(forwarded));
        for (name, value) in hosts {
            visit = visit.header(name, *value);
        }
        visit
    };
    let two = [("host", "app.example.com"), ("host", "evil.example")];
    let same = [two[0], two[0]];
    let named = [two[0], two[1], ("x-forwarded-host", "app.example.com")];
    let scheme = [two[0], two[1], ("x-forwarded-proto", "https")];
    let fixed = Forwarded::Origin("https://app.example.com".parse().unwrap());
    for (forwarded, hosts, is_rejected) in [
        (Forwarded::Ignore, &two[..1], false),
        (Forwarded::Ignore, &two, true),
        (Forwarded::Ignore, &same, true),
        (Forwarded::Ignore, &named, true),
        (Forwarded::TrustFirst, &two, true),
        (Forwarded::TrustFirst, &scheme, true),
        (Forwarded::TrustFirst, &named, false),
        (fixed, &two, false),
    ] {
        let visit = with(forwarded.clone(), hosts);
        for visit in
            [visit.clone(), visit.clone().signed_in(&good), visit.clone().bearer(&good), visit.bearer("x")]
        {
            let seen = visit.seen();
            let expected = is_rejected.then_some(BadRequest::SeveralHosts);
            assert_eq!(seen.outcome.bad_request(), expected, "{forwarded:?} {hosts:?}");
            assert!(!is_rejected || (seen.asked.is_empty() && !seen.outcome.is_anonymous()));
        }
    }
}
