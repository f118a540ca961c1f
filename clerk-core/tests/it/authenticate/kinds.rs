//! Which token passes where: every kind of token, in the header and in a cookie, before layers that accept different
//! kinds; and the options that narrow or widen what passes.

use std::sync::{Arc, Mutex};

use clerk_core::{
    authenticate::{AcceptedKinds, AuthenticateOptions, Authenticator, OptionsError, RequestHead},
    token::{Check, KnownTokens, SessionAuth, TokenKind},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    tokens::{
        NOW, OTHER_KEY, TEMPLATE, UNMARKED, claims, forged, jose, keys, m2m, now, oauth, session, sign_with,
        token_of,
    },
    visit::{Env, Reply, Seen, Visit},
};

const API: &str = "https://api.example.com";

fn template(changes: &Value) -> String {
    let mut claims = json!({"sid": null, "sts": null, "v": null, "jti": "j", "aud": API});
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    token_of(Env::Live, &json!({"cat": TEMPLATE}), &claims)
}

/// What a layer accepts.
fn layers() -> Vec<(&'static str, AuthenticateOptions)> {
    let options = || Env::Live.options();
    let templates = || options().template_audiences([API]);
    vec![
        ("sessions", options()),
        ("sessions and templates", templates()),
        ("templates", templates().accepted_kinds(AcceptedKinds::none())),
        ("any kind", options().accepted_kinds(AcceptedKinds::any())),
        ("any kind and templates", templates().accepted_kinds(AcceptedKinds::any())),
        ("OAuth tokens", options().accepted_kinds(TokenKind::OAuth)),
        ("OAuth tokens and templates", templates().accepted_kinds(TokenKind::OAuth)),
        ("own tokens, sessions and M2M", {
            let kinds = [TokenKind::Session, TokenKind::M2m];
            options().accepted_kinds(kinds).ignore_tokens(|token| token.starts_with("acme_"))
        }),
    ]
}

/// Tokens that are valid but for what their name says.
fn tokens() -> Vec<(&'static str, String)> {
    let other = |changes: &Value| {
        sign_with(&OTHER_KEY, &jose(&json!({"cat": TEMPLATE})), &claims(Env::Live, changes))
    };
    vec![
        ("a session", session(Env::Live, &json!({}))),
        ("a session with the audience", session(Env::Live, &json!({"aud": API}))),
        ("a template", template(&json!({}))),
        ("a template for several", template(&json!({"aud": ["other", API]}))),
        ("a template for another", template(&json!({"aud": "https://other.example.com"}))),
        ("a template for nobody", template(&json!({"aud": []}))),
        ("a template without audience", template(&json!({"aud": null}))),
        ("a template with a malformed audience", template(&json!({"aud": 5}))),
        ("an expired template", template(&json!({"exp": NOW - 60}))),
        ("a forged template", other(&json!({"aud": API, "sid": null}))),
        (
            "a template of no class",
            token_of(Env::Live, &json!({"cat": UNMARKED}), &json!({"sid": null, "aud": API})),
        ),
        (
            "an ID token",
            token_of(
                Env::Live,
                &json!({"cat": null}),
                &json!({"sid": null, "aud": "client_1", "at_hash": "x"}),
            ),
        ),
        ("a session of no class", token_of(Env::Live, &json!({"cat": null}), &json!({"aud": API}))),
        ("a token of a future class", token_of(Env::Live, &json!({"cat": "cl_new"}), &json!({"aud": API}))),
        ("an M2M token", m2m(&json!({}), &json!({"aud": API}))),
        ("an M2M token of the class", m2m(&json!({"cat": TEMPLATE}), &json!({"aud": API}))),
        ("an OAuth token", oauth(&json!({}), &json!({"aud": API}))),
        ("an OAuth token of the class", oauth(&json!({"cat": TEMPLATE}), &json!({"aud": API}))),
        ("an API key", "ak_1".to_owned()),
        ("an own token", "acme_1".to_owned()),
        ("nothing", "-".to_owned()),
    ]
}

/// One letter for what passed: a session, a template, an M2M or OAuth token, or an API key; a dot if nothing did.
fn letter(seen: &Seen) -> char {
    let outcome = &seen.outcome;
    let found = [
        outcome.session().map(|_| 's'),
        outcome.template().map(|_| 't'),
        outcome.machine().map(|machine| match machine.kind() {
            TokenKind::M2m => 'm',
            TokenKind::OAuth => 'o',
            TokenKind::ApiKey => 'k',
            other => panic!("{other:?}"),
        }),
    ];
    let found: Vec<char> = found.into_iter().flatten().collect();
    assert!(found.len() <= 1, "one token passed as several kinds: {found:?}");
    found.first().copied().unwrap_or('.')
}

fn in_header(options: &AuthenticateOptions, token: &str) -> Seen {
    let options = options.clone();
    Visit::api(Env::Live).options(|_| options).bearer(token).reply(Reply::Status(404, json!({}))).seen()
}

fn in_cookie(options: &AuthenticateOptions, token: &str) -> Seen {
    let options = options.clone();
    Visit::api(Env::Live).options(|_| options).signed_in(token).seen()
}

#[test]
fn every_kind_of_token_passes_only_where_it_is_accepted() {
    // A column for each layer, in their order.
    let header = [
        ("a session", "ss.ss..s"),
        ("a session with the audience", "ss.ss..s"),
        ("a template", ".tt.t.t."),
        ("a template for several", ".tt.t.t."),
        ("a template for another", "........"),
        ("a template for nobody", "........"),
        ("a template without audience", "........"),
        ("a template with a malformed audience", "........"),
        ("an expired template", "........"),
        ("a forged template", "........"),
        // On an instance with one class for all tokens, only its audience tells it from a session.
        ("a template of no class", "........"),
        ("an ID token", "........"),
        ("a session of no class", "ss.ss..s"),
        ("a token of a future class", "........"),
        ("an M2M token", "...mm..m"),
        ("an M2M token of the class", "........"),
        ("an OAuth token", "...oooo."),
        // Its type decides, and its class does not.
        ("an OAuth token of the class", "...oooo."),
        ("an API key", "........"),
        ("an own token", "........"),
        ("nothing", "........"),
    ];
    for ((name, token), (row, expected)) in tokens().into_iter().zip(header) {
        assert_eq!(name, row);
        let found: String = layers().iter().map(|(_, layer)| letter(&in_header(layer, &token))).collect();
        assert_eq!(found, expected, "{name} in the header");
        // In a cookie only sessions pass, and only where they are accepted.
        let expected: String = expected.chars().map(|letter| if letter == 's' { 's' } else { '.' }).collect();
        let found: String = layers().iter().map(|(_, layer)| letter(&in_cookie(layer, &token))).collect();
        assert_eq!(found, expected, "{name} in a cookie");
    }
}

proptest! {
    /// Whatever header and claims a genuine token has, it passes as a kind only where that kind is accepted, and as a
    /// template only with an accepted audience.
    #[test]
    fn no_token_passes_a_layer_that_does_not_name_its_kind(
        class in prop_oneof![
            Just(json!(null)), Just(json!("cl_B7d4PD111AAA")), Just(json!(TEMPLATE)),
            Just(json!("cl_B7d4PD333AAA")), Just(json!(UNMARKED)), Just(json!("cl_x")), Just(json!(5)),
        ],
        typ in prop_oneof![Just(json!(null)), Just(json!("JWT")), Just(json!("at+jwt")), Just(json!("x"))],
        sub in prop_oneof![Just(json!("user_1")), Just(json!("mch_1")), Just(json!(null)), Just(json!(7))],
        aud in prop_oneof![
            Just(json!(null)), Just(json!(API)), Just(json!([API])), Just(json!("")), Just(json!([""])),
            Just(json!(["x", 5])), Just(json!("https://api.example.com/")),
        ],
        sid in prop_oneof![Just(json!(null)), Just(json!("sess_1"))],
        layer in 0..8_usize,
    ) {
        let token = token_of(
            Env::Live,
            &json!({"cat": class, "typ": typ}),
            &json!({"sub": sub, "aud": aud, "sid": sid, "jti": "j"}),
        );
        let (name, options) = layers().swap_remove(layer);
        let authenticator = Authenticator::new(options.clone()).unwrap();
        let kind = match letter(&in_header(&options, &token)) {
            '.' => return Ok(()),
            's' => TokenKind::Session,
            't' => TokenKind::Template,
            'm' => TokenKind::M2m,
            'o' => TokenKind::OAuth,
            _ => TokenKind::ApiKey,
        };
        prop_assert!(authenticator.accepts(kind), "{kind} passed {name}");
        if kind == TokenKind::Template {
            prop_assert!(class == TEMPLATE && (aud == API || aud == json!([API])), "{class} {aud}");
        }
        prop_assert_eq!(kind == TokenKind::M2m, sub == "mch_1");
    }
}

#[test]
fn a_templates_claims_are_readable_and_decide_as_a_sessions() {
    let token = template(&json!({"plan": "gold", "org_id": "org_1", "org_role": "org:admin"}));
    let seen = in_header(&layers()[1].1, &token);
    let found = seen.outcome.template().unwrap();
    assert_eq!(found.user_id(), "user_1");
    assert_eq!(found.claims_as::<Value>().unwrap()["plan"], "gold");
    assert!(found.has(&Check::new().role("org:admin")) && !found.has(&Check::new().role("org:member")));
    assert_eq!(found.expose_token(), token);
    assert_eq!(seen.outcome.token_kind(), Some(TokenKind::Template));
    assert!(!format!("{:?} {found:?}", seen.outcome).contains("user_1"));
}

#[test]
fn templates_are_checked_as_sessions_are() {
    let options =
        || Env::Live.options().template_audiences([API]).authorized_parties(["https://app.example.com"]);
    for (changes, expected) in [
        (json!({}), "signed-in"),
        // A template may leave the party out; what is there is checked.
        (json!({"azp": null}), "signed-in"),
        (json!({"azp": "https://evil.example.com"}), "signed-out: token-invalid-authorized-parties"),
        (json!({"azp": ""}), "signed-out: token-invalid-authorized-parties"),
        (json!({"exp": NOW - 6}), "signed-out: token-expired"),
        (json!({"nbf": NOW + 60}), "signed-out: token-not-active-yet"),
        (json!({"iat": NOW + 60}), "signed-out: token-iat-in-the-future"),
        (json!({"exp": null}), "signed-out: token-verification-failed"),
        (json!({"sub": null}), "signed-out: token-verification-failed"),
        (json!({"iss": "https://clerk.other.com"}), "signed-out: token-invalid-issuer"),
    ] {
        let visit = Visit::api(Env::Live).options(|_| options().issuers(["https://clerk.example.com"]));
        assert_eq!(visit.bearer(template(&changes)).verdict(), expected, "{changes}");
    }
    // A navigation is not redirected for it either.
    let visit = Visit::document(Env::Live).options(|_| options()).bearer(template(&json!({"exp": NOW - 60})));
    assert_eq!(visit.verdict(), "signed-out: token-expired");
}

/// Remembers whatever is inserted.
#[derive(Default)]
struct Memory(Mutex<Vec<Arc<SessionAuth>>>);

impl KnownTokens for Memory {
    fn get(&self, token: &[u8]) -> Option<Arc<SessionAuth>> {
        self.0.lock().unwrap().iter().find(|known| known.expose_token().as_bytes() == token).cloned()
    }

    fn insert(&self, session: &Arc<SessionAuth>) {
        self.0.lock().unwrap().push(session.clone());
    }
}

#[test]
fn a_token_that_is_known_as_a_template_is_still_no_session() {
    let memory = Arc::new(Memory::default());
    let keys = keys().with_known_tokens(memory.clone());
    let token = template(&json!({}));
    let templates = || Visit::api(Env::Live).options(|options| options.template_audiences([API]));
    let with_keys = |visit: Visit| visit.keys(keys.clone(), Ok(keys.clone()));
    for _ in 0..2 {
        assert_eq!(with_keys(templates()).bearer(&token).verdict(), "signed-in");
    }
    assert_eq!(memory.0.lock().unwrap().len(), 1, "the second time it was known");
    assert_eq!(with_keys(templates()).signed_in(&token).verdict(), "signed-out: token-type-mismatch");
    assert_eq!(with_keys(Visit::api(Env::Live)).bearer(&token).verdict(), "signed-out: token-type-mismatch");
}

#[test]
fn a_known_token_is_known_however_it_arrives() {
    let token = session(Env::Live, &json!({}));
    let ignoring = |options: AuthenticateOptions| options.ignore_tokens(|token| token.starts_with("own_"));
    for header in ["Bearer {}", "bEARER {}", "Bearer {} and more", "{}", "Bearer {}\t", " Bearer {} "] {
        let header = header.replace("{}", &token);
        for options in [|options| options, ignoring] {
            let memory = Arc::new(Memory::default());
            let keys = keys().with_known_tokens(memory.clone());
            for _ in 0..3 {
                let visit = Visit::api(Env::Live).options(options).header("authorization", &*header);
                assert_eq!(visit.keys(keys.clone(), Ok(keys.clone())).verdict(), "signed-in", "{header}");
            }
            assert_eq!(memory.0.lock().unwrap().len(), 1, "{header}");
        }
    }
}

#[test]
fn a_known_token_is_ignored_all_the_same() {
    let token = session(Env::Live, &json!({}));
    let keys = keys().with_known_tokens(Arc::new(Memory::default()));
    let visit = || Visit::api(Env::Live).keys(keys.clone(), Ok(keys.clone())).bearer(&token);
    assert_eq!(visit().verdict(), "signed-in");
    let ignoring = visit().options(|options| options.ignore_tokens(|token| token.starts_with("ey"))).seen();
    assert_eq!(ignoring.verdict(), "signed-out: session-token-and-uat-missing");
    assert!(ignoring.outcome.is_anonymous());
}

#[test]
fn a_party_is_optional_only_where_it_is_absent() {
    const OURS: [&str; 1] = ["https://app.example.com"];
    let strict = |options: AuthenticateOptions| options.authorized_parties(OURS);
    let lenient = |options: AuthenticateOptions| options.authorized_parties_if_present(OURS);
    let other = "signed-out: token-invalid-authorized-parties";
    for (azp, by_strict, by_lenient) in [
        (json!("https://app.example.com"), "signed-in", "signed-in"),
        (json!(null), other, "signed-in"),
        (json!("https://evil.example.com"), other, other),
        (json!("https://app.example.com.evil.example"), other, other),
        (json!(""), other, other),
        (json!(5), other, other),
        (json!([]), other, other),
    ] {
        let token = session(Env::Live, &json!({"azp": azp}));
        let header = |change: fn(AuthenticateOptions) -> AuthenticateOptions| {
            Visit::api(Env::Live).options(change).bearer(&token).verdict()
        };
        let cookie = |change: fn(AuthenticateOptions) -> AuthenticateOptions| {
            Visit::api(Env::Live).options(change).signed_in(&token).verdict()
        };
        assert_eq!((&*header(strict), &*cookie(strict)), (by_strict, by_strict), "{azp}");
        assert_eq!((&*header(lenient), &*cookie(lenient)), (by_lenient, by_lenient), "{azp}");
    }
    // The last one that was set holds.
    let token = session(Env::Live, &json!({"azp": null}));
    let visit = Visit::api(Env::Live).options(|options| strict(lenient(options))).bearer(&token);
    assert_eq!(visit.verdict(), other);
}

#[test]
fn issuers_are_checked_where_they_are_set_or_required() {
    let other = "signed-out: token-invalid-issuer";
    let set = |options: AuthenticateOptions| {
        options.issuers(["https://a.example.com", "https://clerk.example.com"])
    };
    let required = |options: AuthenticateOptions| options.require_issuer(true);
    for (issuer, unset, checked) in [
        (json!("https://clerk.example.com"), "signed-in", "signed-in"),
        (json!("https://clerk.example.com/"), "signed-in", other),
        (json!("http://clerk.example.com"), "signed-in", other),
        (json!("clerk.example.com"), "signed-in", other),
        (json!("https://clerk.evil.com"), "signed-in", other),
        (json!(""), "signed-in", other),
        (json!(null), "signed-in", other),
        (json!(["https://clerk.example.com"]), "signed-in", other),
    ] {
        for (token, checked) in [
            (session(Env::Live, &json!({"iss": issuer})), checked),
            (m2m(&json!({}), &json!({"iss": issuer})), checked),
            (oauth(&json!({}), &json!({"iss": issuer})), checked),
        ] {
            let verdict = |change: fn(AuthenticateOptions) -> AuthenticateOptions| {
                let visit = Visit::api(Env::Live);
                let visit = visit.options(|options| change(options.accepted_kinds(AcceptedKinds::any())));
                visit.bearer(&token).verdict()
            };
            assert_eq!(verdict(|options| options), unset, "{issuer}");
            assert_eq!(verdict(set), checked, "{issuer}");
            assert_eq!(verdict(required), checked, "{issuer}");
        }
    }
    // The signature comes first: a forger learns nothing about the issuers.
    let visit = Visit::api(Env::Live)
        .options(set)
        .bearer(forged(Env::Live, &json!({"iss": "https://x.example.com"})));
    assert_eq!(visit.verdict(), "signed-out: token-invalid-signature");
}

#[test]
fn options_that_cannot_work_are_errors() {
    let plain = AuthenticateOptions::new;
    let error = |options| Authenticator::new(options).unwrap_err();
    for options in [
        plain().template_audiences([""]),
        plain().template_audiences([API, ""]),
        plain().accepted_kinds(TokenKind::Template),
        plain().accepted_kinds([TokenKind::Session, TokenKind::Template]).template_audiences([API]),
    ] {
        assert_eq!(error(options), OptionsError::TemplateAudience);
    }
    assert!(
        Authenticator::new(plain().accepted_kinds(AcceptedKinds::none()).template_audiences([API])).is_ok()
    );
    // Only for templates alone is no publishable key needed.
    for kinds in [AcceptedKinds::any(), TokenKind::OAuth.into(), [TokenKind::Session, TokenKind::M2m].into()]
    {
        let options = plain().accepted_kinds(kinds).template_audiences([API]);
        assert!(matches!(error(options), OptionsError::PublishableKeyMissing(_)));
    }
    assert!(matches!(
        error(plain().accepted_kinds(AcceptedKinds::none())),
        OptionsError::PublishableKeyMissing(_)
    ));
    assert_eq!(error(plain().require_issuer(true)), OptionsError::IssuerMissing);
    for issuer in ["", "clerk.example.com", "https://clerk.example.com/", "https://"] {
        let expected = OptionsError::Issuer(issuer.to_owned());
        assert_eq!(error(plain().issuers([issuer])), expected);
    }
    assert!(Authenticator::new(plain().issuers(["https://app.example.com/__clerk"])).is_ok());
    for second in ["https://clerk.example.com/", ""] {
        let options = plain().issuers(["https://app.example.com/__clerk", second]);
        assert_eq!(error(options), OptionsError::Issuer(second.to_owned()));
    }
    let no_key = |kinds: AcceptedKinds| Env::Live.options().without_secret_key(true).accepted_kinds(kinds);
    assert_eq!(error(no_key(TokenKind::ApiKey.into())), OptionsError::SecretKeyMissing);
    assert_eq!(error(no_key([TokenKind::Session, TokenKind::ApiKey].into())), OptionsError::SecretKeyMissing);
    assert!(Authenticator::new(no_key(AcceptedKinds::any())).is_ok());
}

#[test]
fn an_authenticator_says_which_kinds_it_accepts() {
    use TokenKind::{ApiKey, M2m, OAuth, Session, Template};
    let options = || Env::Live.options();
    let templates = || options().template_audiences([API]);
    for (options, accepted) in [
        (options(), &[Session][..]),
        (templates(), &[Session, Template]),
        (templates().accepted_kinds(AcceptedKinds::none()), &[Template]),
        (options().accepted_kinds([ApiKey, M2m]), &[ApiKey, M2m]),
        (options().accepted_kinds(AcceptedKinds::any()), &[Session, ApiKey, M2m, OAuth]),
        (templates().accepted_kinds(AcceptedKinds::any()), &[Session, ApiKey, M2m, OAuth, Template]),
    ] {
        let authenticator = Authenticator::new(options).unwrap();
        for kind in [Session, ApiKey, M2m, OAuth, Template] {
            assert_eq!(authenticator.accepts(kind), accepted.contains(&kind), "{kind} {accepted:?}");
        }
    }
}

#[test]
fn an_own_token_is_no_token_and_its_cookies_do_not_count() {
    let own = |kinds: AcceptedKinds| {
        Visit::document(Env::Live).options(|options| {
            options
                .accepted_kinds(kinds)
                .template_audiences([API])
                .ignore_tokens(|token| token.starts_with("ak_own"))
        })
    };
    let session_missing = "signed-out: session-token-and-uat-missing";
    let token_missing = "signed-out: No token in header";
    for (kinds, reason, kind) in [
        (AcceptedKinds::default(), session_missing, Some(TokenKind::Session)),
        (AcceptedKinds::any(), session_missing, Some(TokenKind::Session)),
        (TokenKind::ApiKey.into(), token_missing, Some(TokenKind::ApiKey)),
        ([TokenKind::ApiKey, TokenKind::M2m].into(), token_missing, None),
        (AcceptedKinds::none(), token_missing, Some(TokenKind::Template)),
    ] {
        // Neither a call nor a redirect, although it looks like an API key and the browser has an active client.
        for cookies in [json!({}), json!({"exp": NOW - 60})] {
            let seen = own(kinds.clone()).bearer("ak_own_1").signed_in(session(Env::Live, &cookies)).seen();
            assert_eq!((&*seen.verdict(), seen.outcome.token_kind()), (reason, kind));
            assert!(seen.outcome.is_anonymous() && seen.asked.is_empty());
        }
    }
    let empty = own(AcceptedKinds::none()).seen();
    assert_eq!((&*empty.verdict(), empty.outcome.token_kind()), (token_missing, Some(TokenKind::Template)));
    let signed_in = own(AcceptedKinds::default()).signed_in(session(Env::Live, &json!({})));
    assert_eq!(signed_in.verdict(), "signed-in");
}

#[test]
fn without_a_secret_key_browsers_get_signed_handshakes_and_nothing_is_sent() {
    let page = || Visit::document(Env::Live).options(|options| options.without_secret_key(true));
    let expired = session(Env::Live, &json!({"exp": NOW - 60}));
    let seen = page().signed_in(&expired).suffixed("__refresh", "r").seen();
    assert_eq!(seen.verdict(), "handshake: session-token-expired-refresh-missing-api-client");
    assert_eq!(seen.parameter("format"), None);
    assert!(seen.asked.is_empty());
    // A nonce cannot be used, and is ignored.
    let seen = page().signed_in(session(Env::Live, &json!({}))).cookie("__clerk_handshake_nonce", "n").seen();
    assert_eq!((seen.verdict(), seen.asked.len()), ("signed-in".to_owned(), 0));
    let returned = crate::tokens::handshake(
        Env::Live,
        &[&format!("__session={}; Path=/", session(Env::Live, &json!({})))],
    );
    assert_eq!(page().cookie("__clerk_handshake", returned).verdict(), "signed-in");
    for token in ["mt_1", "oat_1", "ak_1"] {
        let seen = Visit::api(Env::Live)
            .options(|options| options.without_secret_key(true).accepted_kinds(AcceptedKinds::any()))
            .bearer(token)
            .seen();
        assert_eq!((seen.verdict(), seen.asked.len()), ("signed-out: secret-key-missing?".to_owned(), 0));
    }
}

#[test]
fn what_is_probably_wrong_is_named() {
    let code = |options: AuthenticateOptions, token: &str| {
        let request =
            http::Request::get("/p").header("authorization", format!("Bearer {token}")).body(()).unwrap();
        let head = RequestHead::from(&request);
        let authenticator = Authenticator::new(options).unwrap();
        let clerk_core::authenticate::Step::Done(outcome) = authenticator.start(&head, &keys(), now()) else {
            panic!()
        };
        authenticator.diagnose(&head, &outcome, now()).map(|found| found.code())
    };
    let options = || Env::Live.options();
    let templates = || options().template_audiences([API]);
    let (ours, other) = (template(&json!({})), template(&json!({"aud": "x"})));
    assert_eq!(code(options(), &ours), Some("template-token"));
    assert_eq!(code(templates(), &ours), None);
    assert_eq!(code(templates(), &other), Some("template-audience"));
    assert_eq!(code(templates(), &template(&json!({"exp": NOW - 60}))), None);
    // The audience of a session is another option.
    let elsewhere = session(Env::Live, &json!({"aud": "x"}));
    assert_eq!(code(templates().audiences(["own"]), &elsewhere), None);
    assert_eq!(code(options(), &oauth(&json!({}), &json!({}))), None);
    let foreign = session(Env::Live, &json!({"iss": "https://clerk.other.com"}));
    assert_eq!(code(options().require_issuer(true), &foreign), Some("other-issuer"));
    assert_eq!(code(options(), &foreign), None);
    for (audience, says) in [
        (json!("x"), "for another audience"),
        (json!(["x", "y"]), "for another audience"),
        (json!([]), "no audience"),
        (json!(null), "no audience"),
        (json!(5), "malformed"),
    ] {
        let visit = Visit::api(Env::Live).options(|options| options.template_audiences([API]));
        let found = visit.bearer(template(&json!({"aud": audience}))).diagnosis().unwrap().to_string();
        assert!(found.contains(says) && found.contains("template_audiences"), "{audience}: {found}");
    }
}

#[test]
fn a_token_for_another_service_is_explained_by_its_audience() {
    let says = |audience: serde_json::Value| {
        let visit = Visit::api(Env::Live).options(|options| {
            options.accepted_kinds(TokenKind::OAuth).machine_audiences(["https://mcp.example.com/mcp"])
        });
        visit.bearer(oauth(&json!({}), &json!({"aud": audience}))).diagnosis().map(|found| {
            assert_eq!(found.code(), "machine-audience");
            found.to_string()
        })
    };
    assert_eq!(says(json!("https://mcp.example.com/mcp")), None);
    for (audience, named) in [
        (json!("https://other.example.com"), "issued for https://other.example.com,"),
        (json!(["a", "b", "c", "d"]), "issued for a, b, c,"),
        (json!(null), "issued for no service (aud is missing),"),
        (json!(5), "issued for an invalid address,"),
        (json!("https://x\n2026 WARN forged"), "issued for an invalid address,"),
        (json!("x".repeat(500)), "…,"),
    ] {
        let found = says(audience.clone()).unwrap();
        assert!(found.contains(named) && found.contains("accepts https://mcp.example.com/mcp"), "{found}");
    }
}

#[test]
fn oauth_tokens_need_the_publishable_key_unless_their_issuer_is_known() {
    let only = || AuthenticateOptions::new().accepted_kinds(TokenKind::OAuth);
    assert!(Authenticator::new(only()).is_err());
    assert!(Authenticator::new(only().issuers(["https://clerk.example.com"])).is_ok());
    let several = AuthenticateOptions::new().accepted_kinds([TokenKind::OAuth, TokenKind::Session]);
    assert!(Authenticator::new(several.issuers(["https://clerk.example.com"])).is_err());
}

/// Whoever asks for the issuers only, too, learns that an address is not valid; with the publishable key or without.
#[test]
fn addresses_are_checked_wherever_options_are_read() {
    for options in [AuthenticateOptions::new(), Env::Live.options()] {
        for (wrong, error) in [
            (options.clone().proxy_url("/__clerk?x"), OptionsError::ProxyUrl),
            (options.clone().sign_in_url("sign-in"), OptionsError::PageUrl("sign_in_url")),
            (options.clone().sign_up_url("//evil.example/up"), OptionsError::PageUrl("sign_up_url")),
        ] {
            assert_eq!(wrong.accepted_issuers().unwrap_err(), error);
            assert_eq!(Authenticator::new(wrong).unwrap_err(), error);
        }
        assert!(
            Authenticator::new(options.proxy_url("/__clerk").sign_in_url("/in").sign_up_url("/up")).is_ok()
        );
    }
}

#[test]
fn a_proxy_may_be_the_issuer() {
    let issuers =
        |proxy: &str| Env::Live.options().require_issuer(true).proxy_url(proxy).accepted_issuers().unwrap();
    let api = "https://clerk.example.com".to_owned();
    let proxied = "https://app.example.com/__clerk".to_owned();
    for proxy in
        ["https://app.example.com/__clerk", "https://app.example.com/__clerk/", "/__clerk", "/__clerk/"]
    {
        assert_eq!(issuers(proxy), [api.clone(), proxied.clone()], "{proxy}");
    }
    assert_eq!(issuers("/"), [api.clone(), "https://app.example.com".to_owned()]);
    // A path says nothing without the public origin.
    let unknown = clerk_core::authenticate::Forwarded::Ignore;
    let options = Env::Live.options().require_issuer(true).proxy_url("/__clerk").forwarded(unknown);
    assert_eq!(options.accepted_issuers().unwrap(), [api]);
}

#[test]
fn a_machines_key_verifies_only_opaque_m2m_tokens() {
    let options = || Env::Live.options().without_secret_key(true).with_machine_secret_key(true);
    let any = |options: AuthenticateOptions| options.accepted_kinds(AcceptedKinds::any());
    for (token, asks) in [("mt_1", true), ("oat_1", false), ("ak_1", false)] {
        let visit = Visit::api(Env::Live).options(|_| any(options())).bearer(token);
        let seen = visit.reply(Reply::Status(404, json!({}))).seen();
        assert_eq!(!seen.asked.is_empty(), asks, "{token}");
        assert_eq!(seen.outcome.is_undecided(), !asks, "{token}");
    }
    let page = Visit::document(Env::Live).options(|_| options());
    let seen = page.signed_in(session(Env::Live, &json!({"exp": NOW - 60}))).seen();
    assert_eq!(seen.parameter("format"), None, "a nonce could not be redeemed");
    let keys = Authenticator::new(options().accepted_kinds(TokenKind::ApiKey));
    assert_eq!(keys.unwrap_err(), OptionsError::SecretKeyMissing);
}

#[test]
fn the_issuer_and_the_cookies_choose_between_instances() {
    let options = |env: Env, own: &'static str| {
        env.options().require_issuer(true).ignore_tokens(move |token| token.starts_with(own))
    };
    let live = Authenticator::new(options(Env::Live, "ak_own")).unwrap();
    let dev = Authenticator::new(options(Env::Dev, "mt_own").accepted_kinds(AcceptedKinds::any())).unwrap();
    let chosen = |visit: Visit| Authenticator::choose(&[&live, &dev], &RequestHead::from(&visit.request()));
    let api = || Visit::api(Env::Live);
    let of = |env: Env| session(env, &json!({}));
    for (visit, expected) in [
        (api(), 0),
        (api().bearer(of(Env::Live)), 0),
        (api().bearer(of(Env::Dev)), 1),
        // Also if it is not genuine: then it is that instance that rejects it.
        (api().bearer(forged(Env::Dev, &json!({}))), 1),
        (api().bearer(session(Env::Live, &json!({"iss": "https://clerk.other.com"}))), 0),
        (api().bearer("nonsense"), 0),
        (api().bearer("ak_1"), 1),
        (api().signed_in(of(Env::Live)), 0),
        (api().signed_in(of(Env::Dev)), 1),
        (api().suffixed("__session", of(Env::Live)).cookie("__session_nx2hSE6I", of(Env::Dev)), 0),
        (api().cookie("__session_nx2hSE6I", of(Env::Dev)).signed_in(of(Env::Live)), 1),
        (api().cookie("__client_uat_nx2hSE6I", "1"), 1),
        // A name with the suffix is enough if nothing else speaks for the other one.
        (api().cookie("__client_uat_nx2hSE6I", "0"), 1),
        (api().cookie("__session_nx2hSE6I", "x"), 1),
        (api().cookie("__client_uat_nx2hSE6I", "0").signed_in(of(Env::Live)), 1),
        // What the first instance left behind, or a sibling domain has set, keeps nobody from the second one.
        (api().suffixed("__client_uat", "0").cookie("__client_uat_nx2hSE6I", "1"), 1),
        (api().suffixed("__session", "x").cookie("__session_nx2hSE6I", of(Env::Dev)), 1),
        (api().suffixed("__session", of(Env::Dev)).cookie("__session_nx2hSE6I", of(Env::Dev)), 1),
        (
            api()
                .suffixed("__session", session(Env::Live, &json!({"exp": NOW - 3600})))
                .suffixed("__client_uat", "0")
                .cookie("__session_nx2hSE6I", of(Env::Dev))
                .cookie("__client_uat_nx2hSE6I", "1"),
            1,
        ),
        (api().suffixed("__client_uat", "0"), 0),
        // The application's own token is nobody's, whatever instance says so.
        (api().bearer("ak_own_1"), 0),
        (api().bearer("mt_own_1"), 1),
        // The header comes before cookies, as in every decision.
        (api().bearer(of(Env::Live)).cookie("__session_nx2hSE6I", of(Env::Dev)), 0),
    ] {
        assert_eq!(chosen(visit), expected);
    }
}
