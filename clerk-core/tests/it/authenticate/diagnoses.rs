//! Probable mistakes that one request reveals.

use clerk_core::authenticate::{Diagnosis, KeyFailure};
use serde_json::{Value, json};

use crate::{
    tokens::{NOW, forged, handshake, session, token_of},
    visit::{ENVS, Env, Reply, Visit},
};

/// A browser that Clerk redirected `count` times, and that returns with a handshake of a session with these claims.
fn returned(count: u32, claims: &Value) -> Visit {
    let line = format!("__session={}; Path=/", session(Env::Live, claims));
    counted(count).cookie("__clerk_handshake", handshake(Env::Live, &[&line]))
}

fn counted(count: u32) -> Visit {
    Visit::document(Env::Live).cookie("__clerk_redirect_count", count.to_string())
}

/// A session token of another instance, in the cookie without a suffix.
fn foreign(visit: Visit) -> Visit {
    visit.cookie("__session", session(Env::Live, &json!({"iss": "https://clerk.other.com"})))
}

fn code(visit: &Visit) -> Option<&'static str> {
    visit.diagnosis().as_ref().map(Diagnosis::code)
}

#[test]
fn a_browser_that_lost_the_cookies_of_the_handshake_before_is_noticed() {
    // The new session was issued ten seconds ago.
    let brings = |count: u32, age: i64| {
        let old = json!({"iat": NOW - 10 - age, "exp": NOW - 5});
        returned(count, &json!({})).signed_in(session(Env::Live, &old))
    };
    for (visit, expected) in [
        (returned(1, &json!({})), None),
        (returned(2, &json!({})), Some("cookies-not-kept")),
        (returned(3, &json!({})), Some("cookies-not-kept")),
        (returned(2, &json!({})).signed_in("garbage"), Some("cookies-not-kept")),
        (brings(2, 0), None),
        (brings(2, 10), None),
        (brings(2, 11), Some("cookies-not-kept")),
        (brings(2, 3600), Some("cookies-not-kept")),
        (brings(1, 3600), None),
    ] {
        assert_eq!((&*visit.verdict(), code(&visit)), ("signed-in", expected));
        assert_eq!(visit.seen().outcome.may_be_diagnosed(), expected.is_some());
    }
}

#[test]
fn a_refused_handshake_is_explained_if_the_browser_was_just_redirected() {
    let refused = |count: u32| counted(count).cookie("__clerk_handshake", "garbage");
    let nonce = |count: u32| {
        counted(count).target("/p?__clerk_handshake_nonce=n").reply(Reply::Status(404, json!({})))
    };
    let keys = token_of(Env::Live, &json!({"kid": "new"}), &json!({"sub": null, "sid": null}));
    for (visit, expected) in [
        (refused(0), None),
        (refused(1), Some("handshake-refused")),
        (Visit::api(Env::Live).cookie("__clerk_handshake", "garbage"), None),
        // A page that is loaded twice sends the same nonce again.
        (nonce(0), None),
        (nonce(1), None),
        (nonce(2), Some("handshake-keys")),
        (counted(1).cookie("__clerk_handshake", keys), Some("handshake-keys")),
        (returned(1, &json!({"nbf": NOW + 300})), Some("clock-behind")),
        (returned(1, &json!({"iat": NOW + 300})), Some("clock-behind")),
        (returned(1, &json!({"exp": NOW - 300})), Some("clock-ahead")),
        (returned(1, &json!({"sub": 5})), Some("handshake-refused")),
    ] {
        assert_eq!(code(&visit), expected, "{:?}", visit.request());
    }
}

#[test]
fn the_part_of_a_handshake_that_was_refused_is_named() {
    let nonce = counted(2).target("/p?__clerk_handshake_nonce=n").reply(Reply::Status(404, json!({})));
    for (visit, part) in [
        (counted(1).cookie("__clerk_handshake", "garbage"), "(its token: token-invalid)"),
        (returned(1, &json!({"sub": 5})), "(the session token in it: token-verification-failed)"),
        (nonce, "(Clerk does not know its nonce)"),
    ] {
        let found = visit.diagnosis().unwrap().to_string();
        assert!(found.contains(part), "{found}");
    }
}

#[test]
fn a_browser_that_returns_without_any_cookie_blocks_them() {
    let token = handshake(Env::Dev, &["__client_uat=0; Path=/"]);
    let dev = || Visit::api(Env::Dev).header("sec-fetch-dest", "document");
    let back = || dev().target(format!("/p?__clerk_handshake={token}"));
    for (visit, expected) in [
        (back(), Some("cookies-blocked")),
        (back().cookie("theme", "dark"), Some("cookies-blocked")),
        (back().cookie("__client_uat", "1"), None),
        (back().cookie("__clerk_redirect_count", "1"), None),
        (dev(), None),
    ] {
        let seen = visit.seen();
        assert!(seen.location().is_some() && seen.outcome.may_be_diagnosed(), "{seen:?}");
        assert_eq!(code(&visit), expected, "{:?}", visit.request());
    }
}

#[test]
fn the_cause_of_a_redirect_loop_comes_before_the_loop() {
    let unknown = token_of(Env::Live, &json!({"kid": "new"}), &json!({}));
    let outage = counted(3).signed_in(unknown).keys(Default::default(), Err(KeyFailure::Unreachable));
    for (visit, expected) in [
        (foreign(counted(3)), Some("other-instance")),
        (counted(3).bearer(session(Env::Live, &json!({"nbf": NOW + 60}))), Some("clock-behind")),
        (counted(2).bearer(session(Env::Live, &json!({"nbf": NOW + 60}))), Some("clock-behind")),
        // An outage is not a mistake.
        (outage, None),
    ] {
        assert_eq!(code(&visit), expected, "{:?}", visit.request());
    }
    for (visit, says) in [
        (counted(3).signed_in(forged(Env::Live, &json!({}))), "a key belongs to another instance"),
        (counted(3).cookie("__client_uat", "5"), "its new cookies do not arrive"),
    ] {
        let found = visit.diagnosis().unwrap();
        assert_eq!(found.code(), "redirect-loop");
        assert!(found.to_string().contains(says), "{found}");
    }
}

#[test]
fn another_instances_cookie_explains_only_that_a_visitor_is_anonymous() {
    for (visit, expected) in [
        (foreign(Visit::api(Env::Live)), Some("other-instance")),
        // There is no dev-browser token either.
        (foreign(Visit::api(Env::Dev)), Some("other-instance")),
        (foreign(Visit::api(Env::Live)).bearer("garbage"), None),
        (foreign(Visit::api(Env::Live)).suffixed("__client_uat", "0"), None),
        (Visit::api(Env::Live), None),
    ] {
        assert_eq!(code(&visit), expected, "{:?}", visit.request());
    }
}

#[test]
fn nothing_is_wrong_with_a_visitor_who_is_signed_in() {
    for env in ENVS {
        let visit = Visit::document(env).signed_in(session(env, &json!({})));
        assert_eq!((&*visit.verdict(), visit.diagnosis()), ("signed-in", None));
        assert!(!visit.seen().outcome.may_be_diagnosed());
    }
}
