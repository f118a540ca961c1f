//! A session token in the `Authorization` header.

use serde_json::json;

use crate::{
    tokens::{M2M, NOW, TEMPLATE, UNMARKED, forged, m2m, oauth, session, token_of},
    visit::{ENVS, Env, Visit},
};

#[test]
fn other_classes_are_a_mismatch_before_anything_else() {
    for env in ENVS {
        for (name, token) in [
            ("M2M", m2m(&json!({}), &json!({}))),
            ("OAuth", oauth(&json!({}), &json!({}))),
            ("template", token_of(env, &json!({"cat": TEMPLATE}), &json!({}))),
            ("class of M2M", token_of(env, &json!({"cat": M2M}), &json!({}))),
            ("unknown class", token_of(env, &json!({"cat": "cl_new"}), &json!({}))),
            ("expired template", token_of(env, &json!({"cat": TEMPLATE}), &json!({"exp": NOW - 60}))),
            ("template, unknown key", token_of(env, &json!({"cat": TEMPLATE, "kid": "new"}), &json!({}))),
        ] {
            let seen = Visit::document(env).bearer(token).seen();
            assert_eq!(seen.verdict(), "signed-out: token-type-mismatch", "{env:?} {name}");
            assert!(seen.asked.is_empty());
        }
        for category in [json!(null), json!(UNMARKED)] {
            let token = token_of(env, &json!({"cat": category}), &json!({}));
            assert_eq!(Visit::api(env).bearer(token).verdict(), "signed-in");
        }
    }
}

#[test]
fn invalid_tokens_are_rejected_and_wrong_times_redirect() {
    for env in ENVS {
        for (token, reason, is_sent) in [
            ("garbage".to_owned(), "token-invalid", false),
            (forged(env, &json!({})), "token-invalid-signature", false),
            (session(env, &json!({"sub": 5})), "token-verification-failed", false),
            (session(env, &json!({"nbf": NOW + 60})), "session-token-nbf", true),
            (session(env, &json!({"iat": NOW + 60})), "session-token-iat-in-the-future", true),
            (
                session(env, &json!({"exp": NOW - 60})),
                "session-token-expired-refresh-non-eligible-no-refresh-cookie",
                true,
            ),
        ] {
            assert_eq!(Visit::api(env).bearer(&token).verdict(), format!("signed-out: {reason}"));
            let seen = Visit::document(env).bearer(&token).seen();
            let status = if is_sent { "handshake" } else { "signed-out" };
            assert_eq!(seen.verdict(), format!("{status}: {reason}"), "{env:?}");
            assert!(!seen.outcome.is_anonymous());
            if is_sent {
                assert_eq!(seen.parameter("__session"), Some(token));
            }
        }
        let post = Visit::document(env).method("POST").bearer(session(env, &json!({"exp": NOW - 60})));
        let reason = "session-token-expired-refresh-non-eligible-non-get";
        assert_eq!(post.verdict(), format!("signed-out: {reason}"));
    }
}

#[test]
fn a_valid_token_signs_in_regardless_of_cookies() {
    for env in ENVS {
        let good = session(env, &json!({}));
        for visit in [
            Visit::api(env),
            Visit::api(env).method("DELETE"),
            // Client, dev-browser token, referrer and handshake matter only for cookies.
            Visit::api(env).header("sec-fetch-dest", "document").header("referer", "https://evil.example"),
            Visit::document(env).cookie("__client_uat", "1800000000").cookie("__session", "garbage"),
            Visit::document(env).target("/p?__clerk_handshake_nonce=n&__clerk_db_jwt=d&__clerk_synced=false"),
            Visit::document(env).target("/p?__clerk_redirect_url=https%3A%2F%2Fevil.example"),
        ] {
            let seen = visit.bearer(&good).seen();
            assert_eq!(seen.verdict(), "signed-in", "{env:?}");
            assert!(!seen.outcome.has_headers() && seen.asked.is_empty());
        }
    }
}

#[test]
fn without_a_bearer_token_cookies_are_used() {
    let good = session(Env::Live, &json!({}));
    for header in ["Basic dTpw", "Bearer", "bearer ", "Bearer  x", "Digest a=b", ""] {
        let visit = Visit::api(Env::Live).header("authorization", header).signed_in(&good);
        assert_eq!(visit.verdict(), "signed-in", "{header:?}");
    }
    for header in ["Bearer x", "x", "bearer x", "BEARER x y"] {
        let visit = Visit::api(Env::Live).header("authorization", header).signed_in(&good);
        assert_eq!(visit.verdict(), "signed-out: token-invalid", "{header:?}");
    }
}
