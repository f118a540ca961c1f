//! The order in which a session token is checked, in the header and in a cookie.

use clerk_core::authenticate::{AcceptedKinds, KeyFailure};
use serde_json::{Value, json};

use crate::{
    tokens::{
        KID, NOW, OTHER_KEY, claims, handshake as returned, jose, jwk, key_set, m2m, oauth, session,
        sign_with, token_of,
    },
    visit::{ENVS, Env, Visit},
};

/// The verdict for the token in the header and in a cookie, which agree for requests that are not navigations.
fn both(env: Env, token: &str, set: impl Fn(Visit) -> Visit) -> String {
    let header = set(Visit::api(env)).bearer(token).verdict();
    let cookie = set(Visit::api(env).known_browser()).signed_in(token).verdict();
    assert_eq!(header, cookie);
    header
}

/// Each row repairs one more defect of the token, so that the next check fails.
#[test]
fn checks_are_made_in_order() {
    let expired = "session-token-expired-refresh-non-eligible-no-refresh-cookie";
    let mut header = json!({"typ": "JOSE", "alg": "none", "kid": "unknown"});
    let mut body = json!({
        "sub": 5, "aud": "other", "azp": "https://other.example",
        "exp": NOW - 60, "nbf": NOW + 60, "iat": NOW + 60,
    });
    for (member, value, expected) in [
        (None, Value::Null, "jwk-kid-mismatch"),
        (Some("kid"), json!(KID), "token-invalid"),
        (Some("typ"), json!("JWT"), "token-invalid-algorithm"),
        (Some("alg"), json!("RS256"), "token-verification-failed"),
        (Some("sub"), json!("user_1"), "token-verification-failed"),
        (Some("aud"), json!("api"), "token-invalid-authorized-parties"),
        (Some("azp"), json!("https://app.example.com"), expired),
        (Some("exp"), json!(NOW + 120), "session-token-nbf"),
        (Some("nbf"), json!(NOW - 20), "session-token-iat-in-the-future"),
    ] {
        if let Some(member) = member {
            let object = if ["kid", "typ", "alg"].contains(&member) { &mut header } else { &mut body };
            object[member] = value;
        }
        for env in ENVS {
            let set = |visit: Visit| {
                visit.options(|options| {
                    options.audiences(["api"]).authorized_parties(["https://app.example.com"])
                })
            };
            let verdict = both(env, &token_of(env, &header, &body), set);
            assert_eq!(verdict, format!("signed-out: {expected}"), "{env:?} {member:?}");
            // Without a valid signature, an attacker learns nothing about the later checks.
            let forged = sign_with(&OTHER_KEY, &jose(&header), &claims(env, &body));
            let before = ["jwk-kid-mismatch", "token-invalid", "token-invalid-algorithm"];
            let expected = if before.contains(&expected) { expected } else { "token-invalid-signature" };
            assert_eq!(both(env, &forged, set), format!("signed-out: {expected}"), "{env:?} {member:?}");
        }
    }
}

#[test]
fn a_missing_key_is_fetched_once() {
    for env in ENVS {
        let token = session(env, &json!({}));
        for visit in [Visit::api(env).bearer(&token), Visit::document(env).signed_in(&token)] {
            let found = visit.clone().keys(Default::default(), Ok(crate::tokens::keys())).seen();
            assert_eq!((&*found.verdict(), found.asked_lines()), ("signed-in", vec!["key ins_test"]));
            let other = key_set(&[jwk(&OTHER_KEY, "other")]);
            let missing = visit.clone().keys(Default::default(), Ok(other)).seen();
            assert_eq!(missing.verdict(), "signed-out: jwk-kid-mismatch");
            assert_eq!(missing.asked.len(), 1);
            let wrong = key_set(&[jwk(&OTHER_KEY, KID)]);
            let wrong = visit.keys(Default::default(), Ok(wrong)).seen();
            assert_eq!(wrong.verdict(), "signed-out: token-invalid-signature");
            assert_eq!(wrong.asked_lines(), ["key ins_test"]);
        }
    }
}

#[test]
fn a_key_that_does_not_match_is_fetched_once_more_because_it_may_have_been_replaced() {
    let any = |visit: Visit| visit.options(|options| options.accepted_kinds(AcceptedKinds::any()));
    let (right, wrong) = (crate::tokens::keys(), key_set(&[jwk(&OTHER_KEY, KID)]));
    for env in ENVS {
        let token = session(env, &json!({}));
        let line = format!("__session={token}; Path=/");
        let session = ["token-invalid-signature", "unexpected-error?", "token-invalid-signature?"];
        let machine =
            ["token-verification-failed", "token-verification-failed?", "token-verification-failed?"];
        let handshake = env.pick(
            [
                "session-token-and-uat-missing",
                "session-token-and-uat-missing?",
                "session-token-and-uat-missing?",
            ],
            ["unexpected-error", "unexpected-error?", "token-invalid-signature?"],
        );
        for (visit, reasons) in [
            (Visit::api(env).bearer(&token), session),
            (Visit::document(env).signed_in(&token), session),
            (any(Visit::api(env)).bearer(m2m(&json!({}), &json!({}))), machine),
            (any(Visit::api(env)).bearer(oauth(&json!({}), &json!({}))), machine),
            // Both the handshake's token and the session in it need the key, and it is fetched for the first.
            (Visit::api(env).known_browser().cookie("__clerk_handshake", returned(env, &[&line])), handshake),
        ] {
            let seen = |more| visit.clone().keys(wrong.clone(), more).seen();
            let replaced = seen(Ok(right.clone()));
            assert_eq!(replaced.verdict(), "signed-in");
            assert_eq!(replaced.asked_lines(), ["another key ins_test"]);
            let failures = [KeyFailure::Unreachable, KeyFailure::TooManyKeyIds];
            let others = [Ok(wrong.clone())].into_iter().chain(failures.map(Err));
            for (more, reason) in others.zip(reasons) {
                let other = seen(more);
                assert_eq!((other.verdict(), other.asked.len()), (format!("signed-out: {reason}"), 1));
            }
        }
    }
}

#[test]
fn a_pem_key_needs_neither_an_id_nor_a_call() {
    use aws_lc_rs::{encoding::AsDer as _, signature::KeyPair as _};
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let der: aws_lc_rs::encoding::PublicKeyX509Der<'_> = crate::tokens::KEY.public_key().as_der().unwrap();
    let keys = clerk_core::token::KeySet::from_pem(&BASE64_STANDARD.encode(der.as_ref())).unwrap();
    for env in ENVS {
        for kid in [json!(null), json!("unknown"), json!(5)] {
            let token = token_of(env, &json!({"kid": kid}), &json!({}));
            assert_eq!(both(env, &token, |visit| visit.keys(keys.clone(), Ok(keys.clone()))), "signed-in");
        }
        let forged = sign_with(&OTHER_KEY, &jose(&json!({})), &claims(env, &json!({})));
        let seen = Visit::api(env).bearer(&forged).keys(keys.clone(), Ok(keys.clone())).seen();
        assert_eq!((&*seen.verdict(), seen.asked.len()), ("signed-out: token-invalid-signature", 0));
    }
}

#[test]
fn implausible_key_ids_cause_no_call() {
    for kid in [json!(""), json!("a b"), json!("a\nb"), json!("k".repeat(257)), json!(null), json!(7)] {
        let token = token_of(Env::Live, &json!({"kid": kid}), &json!({}));
        assert_eq!(both(Env::Live, &token, |visit| visit), "signed-out: jwk-kid-mismatch", "{kid}");
        assert!(Visit::api(Env::Live).bearer(&token).seen().asked.is_empty());
    }
}
