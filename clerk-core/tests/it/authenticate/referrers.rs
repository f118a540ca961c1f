//! Referrers that cause a handshake.

use serde_json::json;

use crate::{
    tokens::session,
    visit::{ENVS, Env, Visit},
};

fn causes_handshake(visit: &Visit) -> bool {
    match &*visit.verdict() {
        "handshake: primary-domain-cross-origin-sync" => true,
        "signed-in" => false,
        other => panic!("{other}"),
    }
}

fn from(env: Env, referrer: &str) -> Visit {
    Visit::document(env).signed_in(session(env, &json!({}))).header("referer", referrer)
}

#[test]
fn other_origins_except_clerks_cause_a_handshake() {
    for (referrer, live, dev) in [
        // The page's own origin, or no valid one.
        ("https://app.example.com/x?y", false, false),
        ("https://APP.example.com:443/", false, false),
        ("", false, false),
        ("garbage", false, false),
        ("/path", false, false),
        // Other origins: scheme, host or port differs.
        ("http://app.example.com/", true, true),
        ("https://app.example.com:8443/", true, true),
        ("https://example.com/", true, true),
        ("https://app.example.com.evil.example/", true, true),
        ("android-app://com.example/", true, true),
        ("about:blank", true, true),
        // The instance's Frontend API and Account Portal.
        ("https://clerk.example.com/v1", false, true),
        ("http://clerk.example.com:81/", false, true),
        ("https://accounts.example.com/sign-in", false, true),
        ("http://accounts.example.com/", true, true),
        ("https://accounts.other.example/", true, true),
        ("https://foo-bar-13.clerk.accounts.dev/", true, false),
        ("https://foo-bar-13.accounts.dev/sign-in", true, false),
        // In development, the Account Portal of any development instance.
        ("https://other-1.accounts.dev/", true, false),
        ("http://other-1.accounts.dev:8080/", true, false),
        ("https://other-1.accountsstage.dev/", true, false),
        ("https://other-1.accounts.lclclerk.com/", true, false),
        ("https://accounts.x.lcl.dev/", true, false),
        ("https://accounts.x.lclstage.dev/", true, false),
        ("https://accounts.x.lclclerk.com/", true, false),
        ("https://other-1.clerk.accounts.dev/", true, true),
        ("https://other-1.clerk.accountsstage.dev/", true, true),
        ("https://x.lcl.dev/", true, true),
        ("https://accounts.dev.evil.example/", true, true),
        ("https://evilaccounts.dev/", true, true),
    ] {
        for (env, expected) in [(Env::Live, live), (Env::Dev, dev)] {
            assert_eq!(causes_handshake(&from(env, referrer)), expected, "{env:?} {referrer}");
        }
    }
}

#[test]
fn the_origin_of_the_proxy_counts_as_clerks() {
    for env in ENVS {
        let proxied = |referrer| {
            from(env, referrer).options(|options| options.proxy_url("https://proxy.example/__clerk"))
        };
        assert!(!causes_handshake(&proxied("https://proxy.example/")));
        assert!(causes_handshake(&proxied("https://clerk.example.com/")));
        // A proxy at a path of this service has the page's own origin.
        let path = |referrer| from(env, referrer).options(|options| options.proxy_url("/__clerk"));
        assert!(!causes_handshake(&path("http://app.example.com:8080/")));
        assert!(causes_handshake(&path("https://other.example/")));
    }
}
