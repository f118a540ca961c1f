//! Refreshes of expired sessions.

use serde_json::{Value, json};

use crate::{
    tokens::{NOW, TEMPLATE, forged, session, token_of},
    visit::{ENVS, Env, Reply, Visit},
};

const EXPIRED: &str = "session-token-expired-refresh-";

fn expired(env: Env) -> String {
    session(env, &json!({"exp": NOW - 60}))
}

/// An expired session that can be refreshed, in a request that is not a navigation.
fn refreshable(env: Env) -> Visit {
    Visit::api(env).known_browser().signed_in(expired(env)).suffixed("__refresh", "r_1")
}

/// The end of the reason. Checks that a navigation is redirected with the same reason.
fn suffix(visit: &Visit) -> String {
    let verdict = visit.verdict();
    let document = visit.clone().header("sec-fetch-dest", "document").verdict();
    let reason = verdict.strip_prefix("signed-out: ").unwrap_or_else(|| panic!("{verdict}"));
    assert_eq!(document, format!("handshake: {}", reason.trim_end_matches('?')));
    reason.strip_prefix(EXPIRED).unwrap_or_else(|| panic!("{verdict}")).to_owned()
}

#[test]
fn a_refresh_signs_in_without_a_redirect() {
    for env in ENVS {
        let new = session(env, &json!({"sub": "user_new"}));
        let lines = [&*format!("__session={new}; Path=/"), "__client_uat=1; Path=/"];
        for visit in [refreshable(env), refreshable(env).header("sec-fetch-dest", "document")] {
            let seen = visit.lines(&lines).seen();
            assert_eq!((&*seen.verdict(), seen.user().as_deref()), ("signed-in", Some("user_new")));
            assert_eq!((seen.set_cookies(), seen.location()), (lines.map(String::from).to_vec(), None));
            assert_eq!(seen.all("cache-control"), ["no-store"]);
            assert_eq!(seen.all("access-control-allow-origin"), Vec::<String>::new());
        }
    }
}

#[test]
fn the_refresh_sends_what_clerk_needs() {
    for env in ENVS {
        let seen = refreshable(env)
            .header("x-one", "1")
            .header("x-two", "a")
            .header("x-two", "b")
            .target("/p?a=b")
            .reply(Reply::Unreachable)
            .seen();
        let [asked] = &*seen.asked else { panic!("{seen:?}") };
        assert_eq!(asked.line, "POST /sessions/sess_1/refresh");
        assert_eq!(asked.body["format"], "cookie");
        assert_eq!(asked.body["expired_token"], expired(env));
        assert_eq!(asked.body["refresh_token"], "r_1");
        assert_eq!(asked.body["request_origin"], "https://app.example.com");
        let headers = &asked.body["request_headers"];
        assert_eq!((&headers["x-one"], &headers["x-two"]), (&json!(["1"]), &json!(["a, b"])));
        let [cookies] = &**headers["cookie"].as_array().unwrap() else { panic!("{headers}") };
        assert!(cookies.as_str().unwrap().contains("__refresh_"));
    }
    // The operation says so only for cookies with the suffix.
    let suffixed = Visit::api(Env::Live)
        .suffixed("__client_uat", "1699999000")
        .suffixed("__session", expired(Env::Live))
        .suffixed("__refresh", "r_1")
        .reply(Reply::Unreachable)
        .seen();
    assert_eq!(suffixed.asked_lines(), ["POST /sessions/sess_1/refresh?suffixed_cookies=true"]);
}

#[test]
fn only_get_requests_with_a_refresh_token_are_refreshed() {
    for env in ENVS {
        for method in ["POST", "PUT", "HEAD", "DELETE"] {
            let seen = refreshable(env).method(method).seen();
            assert_eq!(seen.verdict(), format!("signed-out: {EXPIRED}non-eligible-non-get"), "{method}");
        }
        let none = Visit::api(env).known_browser().signed_in(expired(env));
        assert_eq!(suffix(&none), "non-eligible-no-refresh-cookie");
        // The refresh token's cookie must have the suffix, and must not be empty.
        assert_eq!(suffix(&none.clone().cookie("__refresh", "r_1")), "non-eligible-no-refresh-cookie");
        assert_eq!(suffix(&none.suffixed("__refresh", "")), "non-eligible-no-refresh-cookie");
    }
}

#[test]
fn only_expired_tokens_are_refreshed() {
    for env in ENVS {
        for (token, verdict) in [
            (session(env, &json!({})), "signed-in"),
            (session(env, &json!({"nbf": NOW + 60})), "signed-out: session-token-nbf"),
            (session(env, &json!({"iat": NOW + 60})), "signed-out: session-token-iat-in-the-future"),
            (forged(env, &json!({"exp": NOW - 60})), "signed-out: token-invalid-signature"),
            (session(env, &json!({"exp": NOW - 60, "sub": 5})), "signed-out: token-verification-failed"),
            (
                token_of(env, &json!({"cat": TEMPLATE}), &json!({"exp": NOW - 60})),
                "signed-out: token-type-mismatch",
            ),
            ("garbage".to_owned(), "signed-out: token-invalid"),
        ] {
            let visit = Visit::api(env).known_browser().signed_in(token).suffixed("__refresh", "r_1");
            assert_eq!(visit.verdict(), verdict, "{env:?}");
        }
    }
}

#[test]
fn every_failure_has_its_own_reason() {
    let code =
        |code: &str| json!({"errors": [{"code": code, "message": "m"}, {"code": "second", "message": "m"}]});
    for env in ENVS {
        for (reply, expected) in [
            (Reply::Unreachable, "fetch-error?"),
            (Reply::Unreadable, "unexpected-sdk-error?"),
            (Reply::Status(400, code("session_not_found")), "session_not_found"),
            (Reply::Status(401, code("refresh_token_expired")), "refresh_token_expired"),
            (Reply::Status(500, code("internal")), "internal?"),
            (Reply::Status(429, code("too_many_requests")), "too_many_requests?"),
            (Reply::Status(400, code("unexpected_error")), "fetch-error"),
            (Reply::Status(400, code("no legal\ncode")), "unexpected-bapi-error"),
            (Reply::Status(400, json!({})), "unexpected-bapi-error"),
            (Reply::Status(400, json!({"errors": []})), "unexpected-bapi-error"),
            (Reply::Status(503, json!("down")), "unexpected-bapi-error?"),
            (Reply::Json(json!({"object": "cookies"})), "unexpected-sdk-error"),
            (Reply::Json(json!({"object": "cookies", "cookies": []})), "unexpected-sdk-error"),
        ] {
            assert_eq!(suffix(&refreshable(env).reply(reply.clone())), expected, "{env:?} {reply:?}");
        }
    }
}

#[test]
fn the_refreshed_token_must_verify() {
    for env in ENVS {
        for (name, new) in [
            ("nothing", String::new()),
            ("garbage", "garbage".to_owned()),
            ("forged", forged(env, &json!({}))),
            ("expired again", expired(env)),
            ("template", token_of(env, &json!({"cat": TEMPLATE}), &json!({}))),
            ("template, unknown key", token_of(env, &json!({"cat": TEMPLATE, "kid": "new"}), &json!({}))),
            ("machine", session(env, &json!({"sub": "mch_1"}))),
        ] {
            let visit = refreshable(env).lines(&[&format!("__session={new}; Path=/")]);
            assert_eq!(suffix(&visit), "invalid-session-token", "{env:?} {name}");
            let seen = visit.seen();
            assert!(seen.set_cookies().is_empty());
            // A key may have been replaced under its id, but none is fetched for another kind of token.
            let calls = if name == "forged" { 2 } else { 1 };
            assert_eq!(seen.asked.len(), calls, "{name}: {:?}", seen.asked_lines());
        }
        let visit = refreshable(env).lines(&["__client_uat=0"]);
        assert_eq!(suffix(&visit), "invalid-session-token");
    }
}

#[test]
fn a_token_without_a_session_id_cannot_be_refreshed() {
    for env in ENVS {
        for sid in [Value::Null, json!(""), json!(5)] {
            let token = session(env, &json!({"exp": NOW - 60, "sid": sid}));
            let visit = Visit::api(env).known_browser().signed_in(token).suffixed("__refresh", "r_1");
            assert_eq!(suffix(&visit), "expired-session-token-missing-sid-claim", "{sid}");
            assert!(visit.seen().asked.is_empty());
        }
    }
}

#[test]
fn a_refreshed_session_is_not_redirected() {
    for env in ENVS {
        let new = format!("__session={}", session(env, &json!({"sub": "user_new"})));
        let visit = refreshable(env)
            .header("sec-fetch-dest", "document")
            .header("referer", "https://other.example")
            .lines(&[&new]);
        assert_eq!(visit.verdict(), "signed-in");
    }
}
