//! Outages of Clerk: which outcomes are undecided, and which are not.

use clerk_core::authenticate::{AcceptedKinds, HandshakeRefusal, KeyFailure};
use serde_json::json;

use crate::{
    tokens::{NOW, handshake, m2m, oauth, session},
    visit::{ENVS, Env, Reply, Visit},
};

const FAILURES: [(KeyFailure, &str); 4] = [
    (KeyFailure::Unreachable, "unexpected-error"),
    (KeyFailure::FailedToLoad, "jwk-remote-failed-to-load"),
    (KeyFailure::SecretKeyInvalid, "secret-key-invalid"),
    (KeyFailure::NotConfigured, "jwk-failed-to-resolve"),
];

#[test]
fn without_keys_sessions_are_undecided() {
    for env in ENVS {
        let token = session(env, &json!({}));
        for (failure, reason) in FAILURES {
            for visit in [
                Visit::api(env).bearer(&token),
                Visit::document(env).bearer(&token),
                Visit::api(env).known_browser().signed_in(&token),
                Visit::document(env).signed_in(&token),
            ] {
                let seen = visit.keys(Default::default(), Err(failure)).seen();
                assert_eq!(seen.verdict(), format!("signed-out: {reason}?"), "{env:?} {failure:?}");
                assert!(seen.set_cookies().is_empty() && seen.location().is_none());
            }
        }
    }
}

#[test]
fn without_keys_machine_tokens_have_a_single_reason() {
    for token in [m2m(&json!({}), &json!({})), oauth(&json!({}), &json!({}))] {
        for (failure, _) in FAILURES {
            let visit = Visit::api(Env::Live).options(|options| options.accepted_kinds(AcceptedKinds::any()));
            let verdict = visit.bearer(&token).keys(Default::default(), Err(failure)).verdict();
            assert_eq!(verdict, "signed-out: token-verification-failed?", "{failure:?}");
        }
    }
}

#[test]
fn requests_that_need_no_key_are_decided() {
    for env in ENVS {
        for (visit, verdict) in [
            (Visit::api(env).bearer("garbage"), "signed-out: token-invalid"),
            (Visit::api(env).known_browser(), "signed-out: session-token-and-uat-missing"),
            (Visit::api(env).bearer(m2m(&json!({}), &json!({}))), "signed-out: token-type-mismatch"),
            (Visit::document(env).cookie("__client_uat", "5"), "handshake: client-uat-but-no-session-token"),
            (
                Visit::document(env)
                    .cookie("__client_uat", NOW.to_string())
                    .cookie("__session", session(env, &json!({}))),
                "handshake: session-token-iat-before-client-uat",
            ),
        ] {
            let seen = visit.keys(Default::default(), Err(KeyFailure::Unreachable)).seen();
            assert_eq!((&*seen.verdict(), seen.asked.len()), (verdict, 0), "{env:?}");
        }
    }
}

#[test]
fn a_handshake_that_cannot_be_verified_leaves_the_request_undecided() {
    for env in ENVS {
        let token = handshake(env, &["__client_uat=0"]);
        let visit = Visit::api(env).known_browser().cookie("__clerk_handshake", &token);
        let seen = visit.keys(Default::default(), Err(KeyFailure::Unreachable)).seen();
        let reason = env.pick("session-token-and-uat-missing", "unexpected-error");
        assert_eq!(seen.verdict(), format!("signed-out: {reason}?"));
        assert!(seen.outcome.bad_request().is_none());
    }
    // Also if the session token is certainly invalid: the handshake may contain a new one.
    let visit = Visit::api(Env::Live)
        .signed_in("garbage")
        .cookie("__clerk_handshake", handshake(Env::Live, &[]))
        .keys(Default::default(), Err(KeyFailure::Unreachable));
    assert_eq!(visit.verdict(), "signed-out: token-invalid?");
    // A redirect is never undecided.
    let visit = Visit::document(Env::Live)
        .cookie("__clerk_handshake", handshake(Env::Live, &[]))
        .cookie("__client_uat", "5")
        .keys(Default::default(), Err(KeyFailure::Unreachable));
    assert_eq!(visit.verdict(), "handshake: client-uat-but-no-session-token");
}

#[test]
fn a_nonce_without_a_response_is_undecided_unless_redirected() {
    for reply in [Reply::Unreachable, Reply::Status(500, json!({})), Reply::Status(429, json!({}))] {
        for env in ENVS {
            let visit = Visit::document(env).target("/p?__clerk_handshake_nonce=n").reply(reply.clone());
            let verdict = env.pick("signed-out: session-token-missing?", "signed-out: session-token-missing");
            let seen = visit.seen();
            assert_eq!(seen.verdict(), verdict, "{env:?} {reply:?}");
            assert_eq!(seen.outcome.refused_handshake(), None);
            let refused = visit.reply(Reply::Status(404, json!({}))).seen();
            assert_eq!(refused.outcome.refused_handshake(), Some(&HandshakeRefusal::Nonce));
        }
    }
}

#[test]
fn a_refresh_without_a_response_is_undecided_unless_redirected() {
    let reason = "session-token-expired-refresh-fetch-error";
    for env in ENVS {
        let visit = |visit: Visit| {
            let expired = session(env, &json!({"exp": NOW - 60}));
            visit.signed_in(expired).suffixed("__refresh", "r").reply(Reply::Unreachable)
        };
        assert_eq!(visit(Visit::api(env).known_browser()).verdict(), format!("signed-out: {reason}?"));
        let document = visit(Visit::document(env));
        assert_eq!(document.verdict(), format!("handshake: {reason}"));
        let tired = document.cookie("__clerk_redirect_count", "3");
        assert_eq!(tired.verdict(), format!("signed-out: {reason}?"));
    }
}
