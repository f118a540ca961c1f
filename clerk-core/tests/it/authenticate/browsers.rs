//! Sessions in cookies, in the order of the rules.

use serde_json::json;

use crate::{
    tokens::{M2M, NOW, TEMPLATE, forged, handshake, m2m, oauth, session, token_of},
    visit::{ENVS, Env, Visit},
};
use clerk_core::{
    authenticate::{AuthenticateOptions, Satellite},
    token::TokenKind,
};

/// Checks that a navigation is redirected for this reason, and that any other request is signed out.
#[track_caller]
fn redirects(document: &Visit, reason: &str) {
    assert_eq!(document.verdict(), format!("handshake: {reason}"));
    for method in ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"] {
        let other = document.clone().method(method).verdict();
        assert_eq!(other, format!("signed-out: {reason}"), "{method}");
    }
}

/// The same request without a navigation.
fn api(env: Env) -> Visit {
    Visit::api(env).known_browser()
}

fn satellite(visit: Visit, auto_sync: bool) -> Visit {
    visit.options(|options| {
        options
            .satellite(Satellite::domain("app.example.com").auto_sync(auto_sync))
            .sign_in_url("https://primary.example/sign-in")
    })
}

/// A token of the satellite, which in production has its own Frontend API and so its own issuer.
fn of_satellite(env: Env) -> String {
    session(env, &env.pick(json!({"iss": "https://clerk.app.example.com"}), json!({})))
}

#[test]
fn a_returning_handshake_comes_first() {
    for env in ENVS {
        let good = session(env, &json!({}));
        let line = format!("__session={good}; Path=/");
        // Without the handshake, the rules about missing cookies would apply.
        let visit = Visit::api(env).cookie("__clerk_handshake", handshake(env, &[&line]));
        assert_eq!(visit.verdict(), "signed-in", "{env:?}");
        assert_eq!(satellite(visit, true).verdict(), "signed-in", "{env:?}");
    }
}

#[test]
fn satellites_are_synchronized_with_the_primary_domain() {
    let nobody = "signed-out: session-token-and-uat-missing";
    let sync = "handshake: satellite-needs-syncing";
    for env in ENVS {
        for (auto, synced, cookies, expected) in [
            // No cookies, and automatic sync is off.
            (false, "", false, nobody),
            // No cookies, and automatic sync is on.
            (true, "", false, sync),
            (true, "?__clerk_synced=false", false, sync),
            // A sync is requested.
            (false, "?__clerk_synced=false", false, sync),
            (false, "?__clerk_synced=false", true, sync),
            (true, "?__clerk_synced=false", true, sync),
            // Cookies are present.
            (false, "", true, "signed-in"),
            (true, "", true, "signed-in"),
            (true, "?__clerk_synced=maybe", true, "signed-in"),
            // The sync is complete.
            (true, "?__clerk_synced=true", true, "signed-in"),
            (true, "?__clerk_synced=true", false, nobody),
            (false, "?__clerk_synced=true", false, nobody),
        ] {
            let case = format!("{env:?} {auto} {synced:?} {cookies}");
            let visit = |visit: Visit| {
                let visit = satellite(visit, auto).target(format!("/p{synced}"));
                if cookies { visit.signed_in(of_satellite(env)) } else { visit }
            };
            let document = visit(Visit::document(env));
            assert_eq!(document.verdict(), expected, "{case}");
            // Only documents are synchronized, and not frames, other methods, or requests without the header.
            let quiet = if cookies { "signed-in" } else { nobody };
            for other in [
                visit(api(env)),
                visit(api(env).header("accept", "text/html")),
                visit(api(env).header("sec-fetch-dest", "iframe")),
                document.method("POST"),
            ] {
                assert_eq!(other.verdict(), quiet, "{case}");
            }
        }
    }
}

#[test]
fn a_satellite_with_a_client_cookie_is_not_synchronized() {
    for env in ENVS {
        let visit = satellite(Visit::document(env), true).cookie("__client_uat", "1699999000");
        assert_eq!(visit.verdict(), "handshake: client-uat-but-no-session-token", "{env:?}");
    }
}

#[test]
fn the_primary_domain_of_a_development_instance_redirects_back() {
    let ask = "/p?__clerk_redirect_url=https%3A%2F%2Fsat.example%2Fx";
    // This comes before the rules about the dev-browser token.
    for visit in [
        Visit::document(Env::Dev),
        Visit::api(Env::Dev).header("sec-fetch-dest", "document"),
        Visit::document(Env::Dev).signed_in("garbage"),
    ] {
        redirects(&visit.target(ask), "primary-responds-to-syncing");
    }
    let both = Visit::document(Env::Dev).target(format!("{ask}&__clerk_db_jwt=d"));
    redirects(&both, "primary-responds-to-syncing");
    // Not with an empty parameter, not in production, and not on a satellite.
    let empty = Visit::document(Env::Dev).target("/p?__clerk_redirect_url=");
    assert_eq!(empty.verdict(), "signed-out: session-token-and-uat-missing");
    let live = Visit::document(Env::Live).target(ask);
    assert_eq!(live.verdict(), "signed-out: session-token-and-uat-missing");
    let other = satellite(Visit::document(Env::Dev), false).target(ask);
    assert_eq!(other.verdict(), "signed-out: session-token-and-uat-missing");
}

#[test]
fn a_dev_browser_token_in_the_url_causes_a_handshake() {
    for query in ["?__clerk_db_jwt=d", "?__clerk_db_jwt=", "?a=b&__clerk_db_jwt"] {
        let target = format!("/p{query}");
        let good = session(Env::Dev, &json!({}));
        redirects(&Visit::document(Env::Dev).target(&target), "dev-browser-sync");
        redirects(&Visit::document(Env::Dev).target(&target).signed_in(good), "dev-browser-sync");
        let live = Visit::document(Env::Live).target(&target).signed_in(session(Env::Live, &json!({})));
        assert_eq!(live.verdict(), "signed-in");
    }
}

#[test]
fn a_missing_dev_browser_token_causes_a_handshake() {
    let unknown = Visit::api(Env::Dev).header("sec-fetch-dest", "document");
    redirects(&unknown, "dev-browser-missing");
    redirects(&unknown.clone().signed_in(session(Env::Dev, &json!({}))), "dev-browser-missing");
    redirects(&unknown.clone().cookie("__clerk_db_jwt", ""), "dev-browser-missing");
    // Only the cookie of the chosen set counts.
    let suffixed = unknown.suffixed("__client_uat", "1699999000").cookie("__clerk_db_jwt", "d");
    redirects(&suffixed, "dev-browser-missing");
    let both = suffixed.suffixed("__clerk_db_jwt", "d");
    redirects(&both, "client-uat-but-no-session-token");
}

#[test]
fn without_cookies_the_request_is_signed_out() {
    for env in ENVS {
        for uat in ["0", "", "garbage", "0x10", "+0", "-0"] {
            for visit in [Visit::document(env), api(env), api(env).method("POST")] {
                let verdict = visit.cookie("__client_uat", uat).cookie("__session", "").verdict();
                assert_eq!(verdict, "signed-out: session-token-and-uat-missing", "{env:?} {uat:?}");
            }
        }
    }
}

#[test]
fn a_session_or_client_alone_causes_a_handshake() {
    for env in ENVS {
        for token in [session(env, &json!({})), session(env, &json!({"exp": NOW - 60})), "garbage".to_owned()]
        {
            let alone = Visit::document(env).cookie("__session", &token);
            redirects(&alone, "session-token-but-no-client-uat");
            redirects(&alone.cookie("__client_uat", "0"), "session-token-but-no-client-uat");
        }
        for uat in ["1", "1699999000", "12abc", "-5", "+7", " 8", "99999999999999999999"] {
            redirects(&Visit::document(env).cookie("__client_uat", uat), "client-uat-but-no-session-token");
        }
    }
}

#[test]
fn undecodable_tokens_are_invalid() {
    for env in ENVS {
        for token in ["garbage", "a.b.c", "ak_1", "null", "..", "%00"] {
            for visit in [Visit::document(env), api(env)] {
                assert_eq!(visit.signed_in(token).verdict(), "signed-out: token-invalid", "{env:?} {token}");
            }
        }
    }
}

#[test]
fn other_classes_are_a_mismatch_before_times_and_signatures() {
    for env in ENVS {
        for token in [
            m2m(&json!({}), &json!({"iss": null})),
            oauth(&json!({}), &json!({"iss": null})),
            token_of(env, &json!({"cat": TEMPLATE}), &json!({"iat": 5, "exp": 6})),
            token_of(env, &json!({"cat": M2M, "kid": "unknown"}), &json!({})),
        ] {
            for visit in [Visit::document(env), api(env)] {
                let seen = visit.signed_in(&token).seen();
                assert_eq!(seen.verdict(), "signed-out: token-type-mismatch", "{env:?}");
                assert!(seen.asked.is_empty());
            }
        }
    }
}

#[test]
fn a_session_older_than_its_client_causes_a_handshake() {
    for env in ENVS {
        for (uat, iat, is_older) in [
            (NOW, json!(NOW - 1), true),
            (NOW, json!(NOW), false),
            (NOW, json!(NOW + 1), false),
            (NOW, json!(null), false),
            (NOW, json!(NOW - 5000), true),
        ] {
            let case = format!("{env:?} {uat} {iat}");
            let visit = |token: String| {
                Visit::document(env).cookie("__client_uat", uat.to_string()).cookie("__session", token)
            };
            let good = visit(session(env, &json!({"iat": iat})));
            let bad = visit(forged(env, &json!({"iat": iat})));
            if is_older {
                redirects(&good, "session-token-iat-before-client-uat");
                redirects(&bad, "session-token-iat-before-client-uat");
            } else {
                assert_eq!(good.verdict(), "signed-in", "{case}");
                assert_eq!(bad.verdict(), "signed-out: token-invalid-signature", "{case}");
            }
        }
    }
}

#[test]
fn a_session_that_does_not_verify_is_rejected() {
    for env in ENVS {
        for (token, reason) in [
            (forged(env, &json!({})), "token-invalid-signature"),
            (token_of(env, &json!({"alg": "none"}), &json!({})), "token-invalid-algorithm"),
            (token_of(env, &json!({"typ": "JOSE"}), &json!({})), "token-invalid"),
            (token_of(env, &json!({"kid": "unknown"}), &json!({})), "jwk-kid-mismatch"),
            (session(env, &json!({"sub": null})), "token-verification-failed"),
            (session(env, &json!({"exp": null})), "token-verification-failed"),
        ] {
            for visit in [Visit::document(env), api(env)] {
                let verdict = visit.signed_in(&token).verdict();
                assert_eq!(verdict, format!("signed-out: {reason}"), "{env:?}");
            }
        }
        for (changes, reason) in [
            (json!({"nbf": NOW + 60}), "session-token-nbf"),
            (json!({"iat": NOW + 60}), "session-token-iat-in-the-future"),
        ] {
            redirects(&Visit::document(env).signed_in(session(env, &changes)), reason);
        }
        let expired = Visit::document(env).signed_in(session(env, &json!({"exp": NOW - 60})));
        let reason = "session-token-expired-refresh-non-eligible";
        assert_eq!(expired.verdict(), format!("handshake: {reason}-no-refresh-cookie"));
        assert_eq!(expired.method("POST").verdict(), format!("signed-out: {reason}-non-get"));
    }
}

#[test]
fn a_token_without_party_is_accepted_unless_parties_are_set() {
    for env in ENVS {
        let visit = Visit::document(env).signed_in(session(env, &json!({"azp": null})));
        assert_eq!(visit.verdict(), "signed-in");
        let strict = visit.options(|options| options.authorized_parties(["https://app.example.com"]));
        assert_eq!(strict.verdict(), "signed-out: token-invalid-authorized-parties");
    }
}

#[test]
fn navigating_from_another_origin_causes_a_handshake() {
    for env in ENVS {
        let visit = Visit::document(env)
            .signed_in(session(env, &json!({})))
            .header("referer", "https://other.example/x");
        assert_eq!(visit.verdict(), "handshake: primary-domain-cross-origin-sync", "{env:?}");
        for count in ["1", "2", "3", "9"] {
            let again = visit.clone().cookie("__clerk_redirect_count", count);
            assert_eq!(again.verdict(), "signed-in", "{env:?} {count}");
        }
        for method in ["POST", "HEAD"] {
            assert_eq!(visit.clone().method(method).verdict(), "signed-in");
        }
        let satellite = satellite(Visit::document(env), false).header("referer", "https://other.example/x");
        assert_eq!(satellite.signed_in(of_satellite(env)).verdict(), "signed-in");
        let other = api(env).signed_in(session(env, &json!({}))).header("referer", "https://other.example");
        for destination in ["iframe", "empty", "", "frame"] {
            let other = other.clone().header("accept", "text/html").header("sec-fetch-dest", destination);
            assert_eq!(other.verdict(), "signed-in", "{destination}");
        }
    }
}

#[test]
fn a_valid_session_is_signed_in_without_headers() {
    for env in ENVS {
        for visit in [Visit::document(env), api(env), api(env).method("PATCH")] {
            let seen = visit.signed_in(session(env, &json!({}))).seen();
            assert_eq!((&*seen.verdict(), seen.user().as_deref()), ("signed-in", Some("user_1")));
            assert!(!seen.outcome.has_headers() && seen.asked.is_empty(), "{env:?}");
        }
    }
}

/// Every combination of client and session.
#[test]
fn every_client_and_session() {
    let expired = "session-token-expired-refresh-non-eligible-no-refresh-cookie";
    for env in ENVS {
        let good = session(env, &json!({}));
        let old = session(env, &json!({"exp": NOW - 60, "iat": NOW - 120}));
        for (uat, token, expected) in [
            (None, None, "session-token-and-uat-missing"),
            (None, Some(&good), "session-token-but-no-client-uat"),
            (None, Some(&old), "session-token-but-no-client-uat"),
            (Some("0"), None, "session-token-and-uat-missing"),
            (Some("0"), Some(&good), "session-token-but-no-client-uat"),
            (Some("1699999000"), None, "client-uat-but-no-session-token"),
            (Some("1699999000"), Some(&good), "signed-in"),
            (Some("1699999000"), Some(&old), expired),
            (Some("1699999990"), Some(&good), "signed-in"),
            (Some("1699999880"), Some(&old), expired),
            (Some("1699999995"), None, "client-uat-but-no-session-token"),
            (Some("1699999995"), Some(&good), "session-token-iat-before-client-uat"),
            (Some("1699999995"), Some(&old), "session-token-iat-before-client-uat"),
        ] {
            for (visit, status) in [(Visit::document(env), "handshake"), (api(env), "signed-out")] {
                let mut visit = visit;
                for (name, value) in [("__client_uat", uat), ("__session", token.map(|token| &**token))] {
                    if let Some(value) = value {
                        visit = visit.cookie(name, value);
                    }
                }
                let expected = match expected {
                    "signed-in" => expected.to_owned(),
                    "session-token-and-uat-missing" => format!("signed-out: {expected}"),
                    _ => format!("{status}: {expected}"),
                };
                assert_eq!(visit.verdict(), expected, "{env:?} {uat:?} {status}");
            }
        }
    }
}

/// A request without a token is anonymous, and one whose token was rejected is not.
#[test]
fn only_requests_without_a_token_are_anonymous() {
    let (live, dev) = (session(Env::Live, &json!({})), session(Env::Dev, &json!({})));
    let bad = forged(Env::Live, &json!({}));
    let foreign = session(Env::Live, &json!({"iss": "https://clerk.other.com"}));
    let signed_out = handshake(Env::Live, &["__client_uat=0; Path=/"]);
    let api = || Visit::api(Env::Live);
    let accepting = |kinds: &[TokenKind]| api().options(|options| options.accepted_kinds(kinds.to_vec()));
    let keys = || accepting(&[TokenKind::ApiKey, TokenKind::M2m]);
    let satellite = |visit: Visit| {
        visit.options(|options| options.satellite(Satellite::domain("app.example.com").auto_sync(true)))
    };
    for (visit, reason, is_anonymous) in [
        (api(), "session-token-and-uat-missing", true),
        (api().cookie("__client_uat", "5"), "client-uat-but-no-session-token", true),
        (api().cookie("__session", &live), "session-token-but-no-client-uat", false),
        (api().signed_in(&bad), "token-invalid-signature", false),
        (api().bearer(&bad), "token-invalid-signature", false),
        (api().bearer("x"), "token-invalid", false),
        // Another application's cookie does not count.
        (api().signed_in(&foreign), "session-token-and-uat-missing", true),
        // Returning from Clerk, where no user is signed in.
        (api().signed_in(&bad).cookie("__clerk_handshake", &signed_out), "session-token-missing", true),
        // Machine tokens are accepted only in the header.
        (api().options(|options| options.accepted_kinds(TokenKind::ApiKey)), "No token in header", true),
        (keys(), "token-type-mismatch", true),
        (keys().signed_in(&live), "token-type-mismatch", true),
        (keys().bearer(&live), "token-type-mismatch", false),
        (
            accepting(&[TokenKind::Session, TokenKind::ApiKey]).signed_in(&bad),
            "token-invalid-signature",
            false,
        ),
        (
            satellite(Visit::document(Env::Live)).cookie("__clerk_redirect_count", "3"),
            "satellite-needs-syncing",
            true,
        ),
        (Visit::api(Env::Dev), "dev-browser-missing", true),
        (Visit::api(Env::Dev).signed_in(&dev), "dev-browser-missing", false),
    ] {
        let seen = visit.seen();
        assert_eq!(seen.verdict(), format!("signed-out: {reason}"));
        assert_eq!(seen.outcome.is_anonymous(), is_anonymous, "{reason} {:?}", visit.request());
    }
    assert!(!api().signed_in(&live).seen().outcome.is_anonymous());
}

/// Without a publishable key, nothing is redirected, but a client that has signed out is recognized.
#[test]
fn without_a_publishable_key_signing_out_is_recognized() {
    let token = session(Env::Live, &json!({}));
    for (client, verdict) in [
        (None, "signed-in"),
        (Some(NOW - 100), "signed-in"),
        (Some(0), "signed-out: session-token-but-no-client-uat"),
        (Some(NOW + 100), "signed-out: session-token-iat-before-client-uat"),
    ] {
        let visit = Visit::api(Env::Live).options(|_| AuthenticateOptions::new()).cookie("__session", &token);
        let visit = match client {
            Some(client) => visit.cookie("__client_uat", client.to_string()),
            None => visit,
        };
        assert_eq!(visit.verdict(), verdict, "{client:?}");
    }
}
