//! Machine tokens: opaque ones, which Clerk verifies, and JWTs.

use clerk_core::{
    authenticate::{AcceptedKinds, MachineAuth, MachineFacts},
    token::TokenKind,
};
use serde_json::{Value, json};

use crate::{
    tokens::{
        M2M, NOW, OTHER_KEY, SESSION, TEMPLATE, UNMARKED, claims, jose, jwk, key_set, m2m, oauth, sign_with,
    },
    visit::{Env, Reply, Seen, Visit},
};

fn visit(token: &str) -> Visit {
    Visit::api(Env::Live).options(|options| options.accepted_kinds(AcceptedKinds::any())).bearer(token)
}

fn machine(seen: &Seen) -> &MachineAuth {
    seen.outcome.machine().unwrap_or_else(|| panic!("{seen:?}"))
}

/// The kinds, each with an opaque token, the call that verifies it, and a response.
fn kinds() -> [(TokenKind, &'static str, &'static str, Value); 3] {
    [
        (
            TokenKind::ApiKey,
            "ak_1",
            "POST /api_keys/verify",
            json!({"object": "api_key", "id": "key_1", "type": "api_key", "name": "CI", "subject": "user_1",
                "scopes": ["read"], "claims": {"a": 1}, "revoked": false, "expired": false,
                "revocation_reason": null, "expiration": null, "created_by": null, "description": null,
                "last_used_at": null, "created_at": 1, "updated_at": 1}),
        ),
        (
            TokenKind::M2m,
            "mt_1",
            "POST /m2m_tokens/verify",
            json!({"object": "machine_to_machine_token", "id": "mt_id", "subject": "mch_1",
                "scopes": ["mch_2"], "claims": {"a": 1}, "revoked": false, "expired": false,
                "revocation_reason": null, "expiration": null, "last_used_at": null, "created_at": 1,
                "updated_at": 1}),
        ),
        (
            TokenKind::OAuth,
            "oat_1",
            "POST /oauth_applications/access_tokens/verify",
            json!({"object": "clerk_idp_oauth_access_token", "id": "oat_id", "client_id": "client_1",
                "subject": "user_1", "scopes": ["email"], "revoked": false, "expired": false,
                "revocation_reason": null, "expiration": null, "created_at": 1, "updated_at": 1}),
        ),
    ]
}

#[test]
fn a_verified_opaque_token_signs_in() {
    for (kind, token, line, answer) in kinds() {
        let seen = visit(token).reply(Reply::Json(answer.clone())).seen();
        assert_eq!((&*seen.verdict(), seen.outcome.token_kind()), ("signed-in", Some(kind)));
        let [asked] = &*seen.asked else { panic!("{seen:?}") };
        assert_eq!(asked.line, line);
        assert_eq!(asked.body.as_object().unwrap().values().collect::<Vec<_>>(), [token]);
        let machine = machine(&seen);
        assert_eq!(
            (machine.id(), machine.subject()),
            (answer["id"].as_str(), answer["subject"].as_str().unwrap())
        );
        assert_eq!(json!(machine.scopes()), answer["scopes"]);
        assert_eq!((machine.kind(), machine.expose_token()), (kind, token));
        assert!(seen.outcome.headers().is_empty() && seen.outcome.session_or_pending().is_none());
    }
}

#[test]
fn an_api_key_belongs_to_its_subject() {
    let [(_, token, _, answer), ..] = kinds();
    for (subject, user, organization) in
        [("user_1", Some("user_1"), None), ("org_1", None, Some("org_1")), ("mch_1", None, None)]
    {
        let mut answer = answer.clone();
        answer["subject"] = json!(subject);
        let seen = visit(token).reply(Reply::Json(answer)).seen();
        let MachineFacts::ApiKey(key) = machine(&seen).facts() else { panic!() };
        assert_eq!(key.user_id().as_ref().map(|id| id.as_str()), user);
        assert_eq!(key.organization_id().as_ref().map(|id| id.as_str()), organization);
    }
}

#[test]
fn revoked_and_expired_tokens_are_invalid() {
    for (kind, token, _, answer) in kinds() {
        for flag in ["revoked", "expired"] {
            let mut answer = answer.clone();
            answer[flag] = json!(true);
            let seen = visit(token).reply(Reply::Json(answer)).seen();
            assert_eq!(seen.verdict(), "signed-out: token-invalid", "{kind} {flag}");
            assert_eq!(seen.outcome.token_kind(), Some(kind));
        }
    }
    let inactive = visit("oat_1").reply(Reply::Json(json!({"active": false})));
    assert_eq!(inactive.verdict(), "signed-out: token-invalid");
}

#[test]
fn every_status_of_the_response_has_a_reason() {
    for (kind, token, ..) in kinds() {
        for (reply, expected) in [
            (Reply::Status(401, json!({})), "secret-key-invalid?"),
            (Reply::Status(404, json!({})), "token-invalid"),
            (Reply::Status(400, json!({})), "unexpected-error"),
            (Reply::Status(403, json!({})), "unexpected-error"),
            (Reply::Status(409, json!({})), "unexpected-error"),
            (Reply::Status(422, json!({"errors": [{"code": "x", "message": "m"}]})), "unexpected-error"),
            (Reply::Status(429, json!({})), "unexpected-error?"),
            (Reply::Status(500, json!({})), "unexpected-error?"),
            (Reply::Status(502, json!("html")), "unexpected-error?"),
            (Reply::Status(302, json!({})), "unexpected-error"),
            (Reply::Unreadable, "unexpected-error?"),
            (Reply::Unreachable, "unexpected-error?"),
        ] {
            let seen = visit(token).reply(reply.clone()).seen();
            assert_eq!(seen.verdict(), format!("signed-out: {expected}"), "{kind} {reply:?}");
            assert_eq!((seen.outcome.token_kind(), seen.asked.len()), (Some(kind), 1));
        }
    }
}

#[test]
fn an_opaque_token_that_is_too_long_causes_no_call() {
    for prefix in ["ak_", "mt_", "oat_"] {
        let seen = visit(&format!("{prefix}{}", "x".repeat(4096))).seen();
        assert_eq!(seen.verdict(), "signed-out: token-invalid");
    }
}

#[test]
fn m2m_jwts_are_checked_by_class_and_type() {
    for (header, expected) in [
        (json!({}), "signed-in"),
        (json!({"cat": M2M}), "signed-in"),
        (json!({"cat": null}), "signed-in"),
        (json!({"cat": UNMARKED}), "signed-in"),
        (json!({"typ": null}), "signed-in"),
        (json!({"cat": SESSION}), "signed-out: token-invalid"),
        (json!({"cat": TEMPLATE}), "signed-out: token-invalid"),
        (json!({"cat": "cl_new", "kid": "unknown"}), "signed-out: token-invalid"),
        (json!({"cat": 5}), "signed-out: token-invalid"),
        (json!({"typ": "at+jwt"}), "signed-out: token-verification-failed"),
        (json!({"typ": "JOSE"}), "signed-out: token-verification-failed"),
        (json!({"alg": "none"}), "signed-out: token-verification-failed"),
        (json!({"kid": "unknown"}), "signed-out: token-verification-failed"),
        (json!({"kid": null}), "signed-out: token-verification-failed"),
    ] {
        let seen = visit(&m2m(&header, &json!({}))).seen();
        assert_eq!(
            (&*seen.verdict(), seen.outcome.token_kind()),
            (expected, Some(TokenKind::M2m)),
            "{header}"
        );
    }
}

#[test]
fn oauth_jwts_are_checked_by_type_alone() {
    for (header, expected) in [
        (json!({}), "signed-in"),
        (json!({"typ": "application/at+jwt"}), "signed-in"),
        (json!({"cat": SESSION}), "signed-in"),
        (json!({"cat": TEMPLATE}), "signed-in"),
        (json!({"alg": "HS256"}), "signed-out: token-verification-failed"),
        (json!({"kid": "unknown"}), "signed-out: token-verification-failed"),
    ] {
        let seen = visit(&oauth(&header, &json!({}))).seen();
        assert_eq!(
            (&*seen.verdict(), seen.outcome.token_kind()),
            (expected, Some(TokenKind::OAuth)),
            "{header}"
        );
    }
    for typ in ["AT+JWT", "at+JWT", "application/jwt"] {
        let seen = visit(&oauth(&json!({"typ": typ}), &json!({}))).seen();
        assert_eq!(
            (&*seen.verdict(), seen.outcome.token_kind()),
            ("signed-out: token-invalid", Some(TokenKind::Session)),
            "{typ}"
        );
    }
}

#[test]
fn machine_jwts_are_checked_for_signature_and_times() {
    for make in [m2m, oauth] {
        for changes in [
            json!({"exp": NOW - 60}),
            json!({"exp": null}),
            json!({"exp": "1700000050"}),
            json!({"nbf": NOW + 60}),
            json!({"iat": NOW + 60}),
        ] {
            let verdict = visit(&make(&json!({}), &changes)).verdict();
            assert_eq!(verdict, "signed-out: token-verification-failed", "{changes}");
        }
        let good = make(&json!({}), &json!({}));
        let (signed, _) = good.rsplit_once('.').unwrap();
        let (_, signature) = oauth(&json!({}), &json!({"x": 1}))
            .rsplit_once('.')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        let verdict = visit(&format!("{signed}.{signature}")).verdict();
        assert_eq!(verdict, "signed-out: token-verification-failed");
        // The token is signed with another key.
        let other = key_set(&[jwk(&OTHER_KEY, "other")]);
        let seen = visit(&good).keys(other.clone(), Ok(other)).seen();
        assert_eq!(seen.verdict(), "signed-out: token-verification-failed");
        assert_eq!(seen.asked_lines(), ["key ins_test"]);
    }
    let forged =
        sign_with(&OTHER_KEY, &jose(&json!({"cat": M2M})), &claims(Env::Live, &json!({"sub": "mch_1"})));
    assert_eq!(visit(&forged).verdict(), "signed-out: token-verification-failed");
}

#[test]
fn m2m_jwt_details() {
    for (changes, scopes, claims) in [
        (json!({}), vec!["mch_2", "mch_3"], json!({"sts": "active", "v": 2, "scopes": "mch_2 mch_3"})),
        (
            json!({"scopes": null, "aud": ["mch_4"], "v": null, "sts": null}),
            vec!["mch_4"],
            json!({"aud": ["mch_4"]}),
        ),
        (
            json!({"scopes": null, "aud": "mch_4", "v": null, "sts": null}),
            vec!["mch_4"],
            json!({"aud": "mch_4"}),
        ),
        (json!({"scopes": null, "v": null, "sts": null}), vec![], Value::Null),
        (
            json!({"v": null, "sts": null, "a": [1]}),
            vec!["mch_2", "mch_3"],
            json!({"scopes": "mch_2 mch_3", "a": [1]}),
        ),
    ] {
        let seen = visit(&m2m(&json!({}), &changes)).seen();
        let MachineFacts::M2m(token) = machine(&seen).facts() else { panic!() };
        assert_eq!(token.id.as_ref().map(|id| id.as_str()), Some("mt_1"));
        assert_eq!(
            (token.machine_id.as_str(), &*token.scopes),
            ("mch_1", &*scopes.iter().map(ToString::to_string).collect::<Vec<_>>()),
            "{changes}"
        );
        assert_eq!(token.claims.clone().unwrap_or_default(), claims, "{changes}");
    }
    let seen = visit(&m2m(&json!({}), &json!({"jti": null}))).seen();
    assert_eq!(machine(&seen).id(), None);
}

#[test]
fn oauth_jwt_details() {
    for (changes, client, scopes) in [
        (json!({}), Some("client_1"), vec!["a", "b"]),
        (json!({"scp": ["c", "d"]}), Some("client_1"), vec!["c", "d"]),
        (json!({"scope": null}), Some("client_1"), vec![]),
        (json!({"client_id": null, "scope": " a  b "}), None, vec!["a", "b"]),
    ] {
        let seen = visit(&oauth(&json!({}), &changes)).seen();
        let MachineFacts::OAuth(token) = machine(&seen).facts() else { panic!() };
        assert_eq!((token.user_id.as_str(), token.client_id.as_deref()), ("user_1", client), "{changes}");
        assert_eq!(token.scopes, scopes, "{changes}");
    }
}
