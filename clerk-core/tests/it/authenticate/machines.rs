//! Machine tokens: opaque ones, which Clerk verifies, and JWTs.

use clerk_core::{
    Timestamp,
    authenticate::{
        AcceptedKinds, AuthenticateOptions, Authenticator, MachineAuth, MachineFacts, OAuthActor, OAuthAuth,
        OptionsError,
    },
    model::OAuthAccessTokenVerification,
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
        assert!(machine.has_scope(&machine.scopes()[0]) && !machine.has_scope("admin"));
        assert_eq!((machine.kind(), machine.expose_token()), (kind, token));
        assert!(!seen.outcome.has_headers() && seen.outcome.session_or_pending().is_none());
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
        for (length, calls) in [(4096, 1), (4097, 0)] {
            let token = format!("{prefix}{}", "x".repeat(length - prefix.len()));
            let seen = visit(&token).reply(Reply::Status(404, json!({}))).seen();
            assert_eq!(
                (&*seen.verdict(), seen.asked.len()),
                ("signed-out: token-invalid", calls),
                "{length}"
            );
        }
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
        let found = token.claims.as_ref().map_or(Value::Null, |claims| claims.to_value().unwrap());
        assert_eq!(found, claims, "{changes}");
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

/// The verdicts about an OAuth token with these members: as an opaque token, whose verification has them, and as a JWT, whose
/// claims they are.
fn oauth_forms(members: &Value, options: fn(AuthenticateOptions) -> AuthenticateOptions) -> [Seen; 2] {
    let [.., (_, token, _, mut answer)] = kinds();
    answer.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let opaque = visit(token).reply(Reply::Json(answer));
    [opaque, visit(&oauth(&json!({}), members))].map(|visit| visit.options(options).seen())
}

fn oauth_facts(seen: &Seen) -> &OAuthAuth {
    let MachineFacts::OAuth(token) = machine(seen).facts() else { panic!("{seen:?}") };
    token
}

#[test]
fn an_oauth_token_needs_an_expected_audience_in_either_form() {
    let is_ours =
        |options: AuthenticateOptions| options.machine_audiences(["https://api.example", "https://b"]);
    for (aud, audience, expected) in [
        (json!("https://api.example"), vec!["https://api.example"], "signed-in"),
        (json!(["https://api.example"]), vec!["https://api.example"], "signed-in"),
        (json!(["https://x", "https://b"]), vec!["https://x", "https://b"], "signed-in"),
        (json!("https://x"), vec!["https://x"], "signed-out: token-verification-failed"),
        (
            json!(["https://API.example"]),
            vec!["https://API.example"],
            "signed-out: token-verification-failed",
        ),
        (
            json!("https://api.example/"),
            vec!["https://api.example/"],
            "signed-out: token-verification-failed",
        ),
        (json!(["", "https://b"]), vec!["", "https://b"], "signed-out: token-verification-failed"),
        (json!(""), vec![""], "signed-out: token-verification-failed"),
        (json!([]), vec![], "signed-out: token-verification-failed"),
        (json!(null), vec![], "signed-out: token-verification-failed"),
        (json!(["https://b", 5]), vec![""], "signed-out: token-verification-failed"),
        (json!({"https://b": "https://b"}), vec![""], "signed-out: token-verification-failed"),
        (json!(5), vec![""], "signed-out: token-verification-failed"),
    ] {
        let members = json!({ "aud": aud });
        for seen in oauth_forms(&members, is_ours) {
            let verdict = (&*seen.verdict(), seen.outcome.token_kind());
            assert_eq!(verdict, (expected, Some(TokenKind::OAuth)), "{aud}");
            let rejected = seen.outcome.rejected_audience();
            assert_eq!(rejected.is_some(), expected != "signed-in", "{aud}");
            assert!(rejected.is_none_or(|rejected| *rejected == *audience), "{aud}");
        }
        // Only a token that names none at all passes as well; never one that names others, or something unreadable.
        let if_present = |options: AuthenticateOptions| {
            options.machine_audiences_if_present(["https://api.example", "https://b"])
        };
        for seen in oauth_forms(&members, if_present) {
            let expected = if audience.is_empty() { "signed-in" } else { expected };
            assert_eq!(seen.verdict(), expected, "{aud}");
        }
        // Without the option, and with that of sessions, any audience is accepted.
        for options in [|options| options, |options: AuthenticateOptions| options.audiences(["web"])] {
            for seen in oauth_forms(&members, options) {
                assert_eq!(oauth_facts(&seen).audience, audience, "{aud}");
            }
        }
    }
    let [opaque, _] = oauth_forms(&json!({}), is_ours);
    assert_eq!(
        opaque.verdict(),
        "signed-out: token-verification-failed",
        "the document's response has no `aud`"
    );
}

#[test]
fn an_m2m_tokens_audience_are_its_scopes_and_api_keys_have_none() {
    let ours = |visit: Visit| visit.options(|options| options.machine_audiences(["mch_2"])).verdict();
    let [(_, key, _, api_key), (_, token, _, answer), _] = kinds();
    for (scopes, expected) in [
        (json!(["mch_2"]), "signed-in"),
        (json!(["mch_9", "mch_2"]), "signed-in"),
        (json!(["mch_9"]), "signed-out: token-verification-failed"),
        (json!([]), "signed-out: token-verification-failed"),
    ] {
        let mut answer = answer.clone();
        answer["scopes"] = scopes.clone();
        assert_eq!(ours(visit(token).reply(Reply::Json(answer))), expected, "{scopes}");
        let words: Vec<_> = scopes.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        for changes in [json!({"scopes": words.join(" ")}), json!({"scopes": null, "aud": scopes})] {
            assert_eq!(ours(visit(&m2m(&json!({}), &changes))), expected, "{changes}");
        }
    }
    assert_eq!(ours(visit(key).reply(Reply::Json(api_key))), "signed-in");
}

#[test]
fn an_empty_machine_audience_does_not_turn_the_check_off() {
    for (audiences, error) in [
        (vec![], None),
        (vec!["https://api.example"], None),
        (vec![""], Some(OptionsError::MachineAudience)),
        (vec!["https://api.example", ""], Some(OptionsError::MachineAudience)),
    ] {
        let checked = Authenticator::new(Env::Live.options().machine_audiences(audiences.clone()));
        assert_eq!(checked.err(), error, "{audiences:?}");
    }
}

#[test]
fn whoever_acts_for_the_user_of_an_oauth_token_is_known() {
    let nested = (1..20).rev().fold(json!(null), |act, n| json!({"sub": format!("user_{n}"), "act": act}));
    for (act, chain) in [
        (json!(null), vec![]),
        (json!({"sub": "user_2"}), vec![(None, Some("user_2"))]),
        (json!({"iss": "https://a", "sub": "mch_2"}), vec![(Some("https://a"), Some("mch_2"))]),
        (
            json!({"sub": "a", "act": {"iss": "i", "sub": "b", "act": null}}),
            vec![(None, Some("a")), (Some("i"), Some("b"))],
        ),
        // Malformed ones act all the same.
        (json!({}), vec![(None, None)]),
        (json!("user_2"), vec![(None, None)]),
        (json!([{"sub": "user_2"}]), vec![(None, None)]),
        (json!({"sub": 5, "iss": [], "act": false}), vec![(None, None), (None, None)]),
        (
            nested,
            vec![
                (None, Some("user_1")),
                (None, Some("user_2")),
                (None, Some("user_3")),
                (None, Some("user_4")),
                (None, Some("user_5")),
                (None, Some("user_6")),
                (None, Some("user_7")),
                (None, Some("user_8")),
            ],
        ),
    ] {
        for seen in oauth_forms(&json!({ "act": act }), |options| options) {
            let token = oauth_facts(&seen);
            let actors = token.actor.iter().flat_map(OAuthActor::chain);
            let known: Vec<_> = actors
                .map(|actor| (actor.issuer.as_deref(), actor.subject.as_ref().map(|id| id.as_str())))
                .collect();
            assert_eq!(known, chain, "{act}");
            assert_eq!(token.user_id.as_str(), "user_1", "{act}");
            assert_eq!(format!("{token:?} {:?}", token.actor).find("user_"), None, "{act}");
        }
    }
}

#[test]
fn the_times_of_oauth_tokens_are_in_seconds_or_milliseconds() {
    let later = NOW + 50;
    for (number, millis) in [
        (json!(later), later * 1000),
        (json!(later * 1000), later * 1000),
        (json!(later * 1000 + 7), later * 1000 + 7),
        (json!(99_999_999_999_i64), 99_999_999_999_000),
    ] {
        for seen in oauth_forms(&json!({"expiration": number, "exp": number}), |options| options) {
            assert_eq!(oauth_facts(&seen).expiration, Some(Timestamp::from_millis(millis)), "{number}");
        }
    }
    // A JWT's other times too. Those in milliseconds would be in the future as seconds, and an expiry never reached.
    for (changes, expected) in [
        (json!({"exp": NOW * 1000 - 60_000}), "signed-out: token-verification-failed"),
        (json!({"exp": NOW - 60}), "signed-out: token-verification-failed"),
        (json!({"exp": 100_000_000_000_i64}), "signed-out: token-verification-failed"),
        (json!({"nbf": NOW * 1000, "iat": NOW * 1000}), "signed-in"),
        (json!({"nbf": NOW * 1000 + 60_000}), "signed-out: token-verification-failed"),
        (json!({"iat": NOW * 1000 + 60_000}), "signed-out: token-verification-failed"),
    ] {
        assert_eq!(visit(&oauth(&json!({}), &changes)).verdict(), expected, "{changes}");
    }
    // Other tokens have seconds, as RFC 7519 says.
    let m2m = visit(&m2m(&json!({}), &json!({"exp": NOW * 1000}))).seen();
    assert_eq!(machine(&m2m).expiration(), Some(Timestamp::from_secs(NOW * 1000)));
}

#[test]
fn a_verification_of_an_oauth_token_has_its_times_in_milliseconds() {
    for (number, millis) in [
        (json!(1_716_883_200), Some(1_716_883_200_000)),
        (json!(1_716_883_200_000_i64), Some(1_716_883_200_000)),
        (json!(1_716_883_200.0), Some(1_716_883_200_000)),
        (json!(99_999_999_999_i64), Some(99_999_999_999_000)),
        (json!(100_000_000_000_i64), Some(100_000_000_000)),
        (json!(0), Some(0)),
        (json!(-1), Some(-1000)),
        (json!(i64::MIN), Some(i64::MIN)),
        (json!(null), None),
    ] {
        let read: OAuthAccessTokenVerification =
            serde_json::from_value(json!({"expiration": number, "created_at": number, "updated_at": number}))
                .unwrap();
        let times = [read.expiration, read.created_at, read.updated_at];
        assert_eq!(times, [millis.map(Timestamp::from_millis); 3], "{number}");
    }
}
