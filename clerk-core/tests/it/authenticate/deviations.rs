//! Where this crate is deliberately stricter than Clerk's JavaScript SDK: see the table in `rules.md`.
//!
//! The limit on calls for unknown keys and the Frontend API proxy are tested in clerk-tower.

use clerk_core::{
    authenticate::{
        AcceptedKinds, AuthenticateOptions, Authenticator, Forwarded, KeyFailure, OptionsError,
        OrganizationSync, RequestHead, Satellite, Step,
    },
    token::{Check, Token, TokenKind, VerifyOptions},
};
use http::Request;
use serde_json::json;

use crate::{
    tokens::{
        KEY, KID, NOW, OTHER_KEY, TEMPLATE, UNMARKED, encode, handshake, jwk, key_set, keys, m2m, now, oauth,
        session, token_of,
    },
    visit::{ENVS, Env, Reply, Visit},
};

#[test]
fn classes_are_distinguished_everywhere() {
    let all = [TokenKind::Session, TokenKind::ApiKey, TokenKind::M2m, TokenKind::OAuth];
    let template = token_of(Env::Live, &json!({"cat": TEMPLATE}), &json!({}));
    for accepts in [AcceptedKinds::default(), AcceptedKinds::any(), AcceptedKinds::from(all)] {
        let visit = Visit::api(Env::Live).options(|options| options.accepted_kinds(accepts.clone()));
        for visit in [visit.clone().bearer(&template), visit.signed_in(&template)] {
            let seen = visit.seen();
            assert_eq!(seen.verdict(), "signed-out: token-type-mismatch");
            assert_eq!(seen.outcome.token_kind(), Some(TokenKind::Session));
        }
    }
}

#[test]
fn padded_segments_are_rejected() {
    let good = session(Env::Live, &json!({}));
    for token in [format!("{good}="), format!("{good}=="), good.replacen('.', "=.", 1)] {
        assert_eq!(Visit::api(Env::Live).bearer(&token).verdict(), "signed-out: token-invalid");
        assert_eq!(Visit::api(Env::Live).signed_in(&token).verdict(), "signed-out: token-invalid");
    }
}

#[test]
fn only_the_verified_cookie_is_refreshed() {
    let expired = |sid: &str| session(Env::Live, &json!({"exp": 1_600_000_000, "sid": sid}));
    let visit = Visit::api(Env::Live).suffixed("__refresh", "r");
    // Neither the header's token is refreshed nor the cookie's instead.
    let header = visit.clone().bearer(expired("sess_header")).signed_in(expired("sess_cookie")).seen();
    assert!(header.verdict().starts_with("signed-out: session-token-expired"));
    assert!(header.asked.is_empty());
    // Path segments are encoded.
    let seen = visit.signed_in(expired("../../users/user_1")).reply(Reply::Unreachable).seen();
    assert_eq!(seen.asked_lines(), ["POST /sessions/..%2F..%2Fusers%2Fuser_1/refresh"]);
}

#[test]
fn forwarded_headers_are_trusted_only_if_configured() {
    for (forwarded, expected) in [
        (Forwarded::Ignore, "http://h.example//evil.example/p"),
        (Forwarded::TrustFirst, "https://public.example//evil.example/p"),
        (
            Forwarded::Origin("https://fixed.example".parse().unwrap()),
            "https://fixed.example//evil.example/p",
        ),
    ] {
        let visit = Visit::document(Env::Live)
            .cookie("__client_uat", "5")
            .target("//evil.example/p")
            .header("host", "h.example")
            .header("x-forwarded-host", "public.example, inner")
            .header("x-forwarded-proto", "https,http")
            .options(|options| options.forwarded(forwarded));
        assert_eq!(visit.seen().parameter("redirect_url").as_deref(), Some(expected));
    }
    for (host, proto) in [
        ("h.example", "javascript"),
        ("evil.example/x", "https"),
        ("u@evil.example", "https"),
        ("", "https"),
        ("h.example", ""),
    ] {
        let visit = Visit::document(Env::Live)
            .cookie("__client_uat", "5")
            .header("host", "own.example")
            .header("x-forwarded-host", host)
            .header("x-forwarded-proto", proto)
            .options(|options| options.forwarded(Forwarded::TrustFirst));
        let page = visit.seen().parameter("redirect_url");
        assert_eq!(page.as_deref(), Some("http://own.example/p"), "{host:?} {proto:?}");
    }
}

#[test]
fn segments_that_are_not_objects_are_invalid() {
    let good = session(Env::Live, &json!({}));
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    for value in ["null", "5", "true", "\"x\"", "[]", ""] {
        let value = encode(value);
        for token in [format!("{value}.{payload}.{signature}"), format!("{header}.{value}.{signature}")] {
            for accepts in [AcceptedKinds::default(), AcceptedKinds::any()] {
                let visit = Visit::api(Env::Live).options(|options| options.accepted_kinds(accepts));
                assert_eq!(visit.clone().bearer(&token).verdict(), "signed-out: token-invalid");
                assert_eq!(visit.signed_in(&token).verdict(), "signed-out: token-invalid");
            }
        }
    }
}

#[test]
fn revoked_machine_tokens_are_invalid() {
    let visit =
        Visit::api(Env::Live).options(|options| options.accepted_kinds(TokenKind::OAuth)).bearer("oat_1");
    for answer in [
        json!({"active": false}),
        json!({"id": "1", "subject": "user_1", "revoked": true, "expired": false}),
        json!({"id": "1", "subject": "user_1", "revoked": false, "expired": true}),
        // A missing field counts as not valid.
        json!({"id": "1", "subject": "user_1"}),
    ] {
        let verdict = visit.clone().reply(Reply::Json(answer.clone())).verdict();
        assert_eq!(verdict, "signed-out: token-invalid", "{answer}");
    }
}

#[test]
fn machine_tokens_have_their_own_audiences() {
    for token in [m2m(&json!({}), &json!({"aud": "mch_2"})), oauth(&json!({}), &json!({"aud": "mch_2"}))] {
        let visit = Visit::api(Env::Live)
            .options(|options| options.accepted_kinds(AcceptedKinds::any()))
            .bearer(&token);
        let sessions = |options: AuthenticateOptions| {
            options.audiences(["web"]).authorized_parties(["https://a.example"])
        };
        assert_eq!(visit.clone().options(sessions).verdict(), "signed-in");
        let ours = visit.clone().options(|options| options.machine_audiences(["mch_2"]));
        assert_eq!(ours.verdict(), "signed-in");
        let others = visit.options(|options| options.machine_audiences(["mch_9"]));
        assert_eq!(others.verdict(), "signed-out: token-verification-failed");
    }
}

#[test]
fn authorized_parties_that_are_not_origins_are_rejected() {
    let check =
        |parties: &[&str]| Authenticator::new(Env::Live.options().authorized_parties(parties.to_vec()));
    assert!(check(&[]).is_ok());
    assert!(check(&["https://app.example.com", "capacitor://localhost"]).is_ok());
    for party in ["", "https://app.example.com/", "app.example.com", "https://*.example.com"] {
        let error = check(&["https://app.example.com", party]).err().unwrap();
        assert_eq!(error, OptionsError::AuthorizedParty(party.to_owned()));
        assert!(error.to_string().contains(".example.com, with neither"), "{error}");
    }
    // What to write instead.
    for party in ["https://app.example.com/x", "https://App.example.com", "https://app.example.com:443"] {
        let error = check(&[party]).err().unwrap().to_string();
        assert!(error.contains("expected https://app.example.com, with neither"), "{error}");
    }
}

#[test]
fn invalid_page_urls_are_rejected() {
    for (url, is_good) in [
        ("https://app.example.com/in", true),
        ("/in", true),
        // An empty string counts as unset.
        ("", true),
        ("in", false),
        ("//evil.example/in", false),
        ("/\\evil.example/in", false),
        ("https:/app.example.com/in", false),
        ("https://*.example.com/in", false),
        ("http://evil@/", false),
        ("javascript:alert(1)", false),
    ] {
        let of = |options: AuthenticateOptions| Authenticator::new(options).err();
        for (name, error) in [
            ("sign_in_url", of(Env::Live.options().sign_in_url(url))),
            ("sign_up_url", of(Env::Live.options().sign_up_url(url))),
        ] {
            assert_eq!(error, (!is_good).then_some(OptionsError::PageUrl(name)), "{url:?}");
        }
    }
}

#[test]
fn a_satellites_sign_in_page_is_checked_with_the_options() {
    let check = |domain: &str, page: &str| {
        let options = Env::Live.options().satellite(Satellite::domain(domain)).sign_in_url(page);
        Authenticator::new(options).map(drop)
    };
    assert_eq!(check("s.example", "https://primary.example/in"), Ok(()));
    let own = check("s.example", "https://S.example/in");
    assert_eq!(own, Err(OptionsError::SatelliteSignsInOnItself));
    assert_eq!(check("s.example", "/in"), Err(OptionsError::SignInUrl));
    let visit = Visit::api(Env::Live)
        .options(|options| {
            options.satellite(Satellite::domain("s.example")).sign_in_url("https://primary.example/in")
        })
        .header("origin", "https://primary.example");
    assert_eq!(visit.verdict(), "signed-out: session-token-and-uat-missing");
}

#[test]
fn a_satellites_domain_is_a_host_name_and_nothing_else() {
    for env in ENVS {
        let check = |domain: &str| {
            let options = env.options().satellite(Satellite::domain(domain));
            Authenticator::new(options.sign_in_url("https://primary.example/in")).map(drop)
        };
        for domain in
            ["docs.example.org", "Docs.Example.org", "localhost", "clerk.dev", "xn--bcher-kva.example"]
        {
            assert_eq!(check(domain), Ok(()), "{domain}");
        }
        for (domain, instead) in [
            ("https://satellite.dev", Some("satellite.dev")),
            ("docs.example.org/", Some("docs.example.org")),
            ("docs.example.org?x", Some("docs.example.org")),
            ("docs.example.org:3000", Some("docs.example.org")),
            (".example.org", Some("example.org")),
            ("*.example.org", Some("example.org")),
            ("clerk.satellite.dev", Some("satellite.dev")),
            ("b\u{fc}cher.example", Some("xn--bcher-kva.example")),
            ("user:hush@satellite.dev", Some("satellite.dev")),
            ("127.0.0.1", None),
            ("a..b", None),
        ] {
            let error = check(domain).unwrap_err();
            assert_eq!(error, OptionsError::Domain { instead: instead.map(str::to_owned) }, "{domain}");
            let text = error.to_string();
            assert!(text.contains(instead.unwrap_or("docs.example.org")) && !text.contains("hush"), "{text}");
        }
    }
    // The issuer of its tokens is in lower case.
    let visit = Visit::document(Env::Live).cookie("__client_uat", "5");
    let visit = visit.options(|options| options.satellite(Satellite::domain("Docs.Example.org")));
    let location = visit.seen().location().unwrap();
    assert!(location.starts_with("https://clerk.docs.example.org/v1/client/handshake?"), "{location}");
}

#[test]
fn a_proxy_url_has_neither_a_query_nor_a_second_host() {
    for (url, is_good) in [
        ("https://app.example.com/__clerk", true),
        ("http://localhost:3000/__clerk/", true),
        ("/__clerk", true),
        ("/", true),
        ("https://app.example.com/__clerk?a", false),
        ("/__clerk#a", false),
        ("//evil.example", false),
        ("https:/app.example.com", false),
        ("https://*.example.com/__clerk", false),
        ("https://user@app.example.com/__clerk", false),
        ("__clerk", false),
    ] {
        let error = Authenticator::new(Env::Live.options().proxy_url(url)).err();
        assert_eq!(error, (!is_good).then_some(OptionsError::ProxyUrl), "{url:?}");
    }
}

#[test]
fn options_that_need_the_publishable_key_are_errors_without_it() {
    use TokenKind::{ApiKey, M2m, OAuth, Session};
    let check = |options: AuthenticateOptions| Authenticator::new(options).map(drop);
    for (kinds, what_needs_it) in [
        (AcceptedKinds::from(Session), None),
        (AcceptedKinds::from(ApiKey), None),
        (AcceptedKinds::from(M2m), None),
        (AcceptedKinds::from(OAuth), Some("OAuth tokens")),
        (AcceptedKinds::from([Session, ApiKey]), Some("sessions together with machine tokens")),
        (AcceptedKinds::from([ApiKey, M2m]), Some("several kinds of token")),
        (AcceptedKinds::any(), Some("all kinds of token")),
    ] {
        let checked = check(AuthenticateOptions::new().accepted_kinds(kinds.clone()));
        let expected = what_needs_it.map_or(Ok(()), |what| Err(OptionsError::PublishableKeyMissing(what)));
        assert_eq!(checked, expected, "{kinds:?}");
        assert_eq!(check(Env::Live.options().accepted_kinds(kinds)), Ok(()));
    }
    let satellite = AuthenticateOptions::new().satellite(Satellite::domain("docs.example.org"));
    assert_eq!(check(satellite), Err(OptionsError::PublishableKeyMissing("a satellite")));
}

#[test]
fn mistakes_of_copying_name_the_option() {
    let live = || Env::Live.options();
    for (option, options) in [
        ("proxy_url", live().proxy_url("https://app.example.com/__clerk\n")),
        ("sign_in_url", live().sign_in_url("\"/sign-in\"")),
        ("sign_up_url", live().sign_up_url(" /sign-up")),
        ("satellite_domain", live().satellite(Satellite::domain("docs.example.org "))),
    ] {
        let error = Authenticator::new(options).map(drop).unwrap_err();
        assert!(matches!(error, OptionsError::CopyMistake(named, _) if named == option), "{error:?}");
    }
}

#[test]
fn the_clock_skew_is_at_most_a_minute() {
    let expired = session(Env::Live, &json!({"exp": NOW - 50}));
    let skew = |seconds: u64| std::time::Duration::from_secs(seconds);
    let check = |options: AuthenticateOptions| Authenticator::new(options).map(drop);
    for (seconds, is_good) in
        [(0, true), (5, true), (60, true), (61, false), (3600, false), (u64::MAX, false)]
    {
        let checked = check(Env::Live.options().clock_skew(skew(seconds)));
        assert_eq!(checked, if is_good { Ok(()) } else { Err(OptionsError::ClockSkew) }, "{seconds}");
        // The last one that is set counts.
        let insecure = Env::Live.options().insecure_clock_skew(skew(seconds));
        assert_eq!(check(insecure.clone()), Ok(()));
        assert_eq!(check(insecure.clock_skew(skew(61))), Err(OptionsError::ClockSkew));
    }
    let error = OptionsError::ClockSkew.to_string();
    assert!(error.contains("at most 60 s") && error.contains("insecure_clock_skew"), "{error}");
    // Machine tokens have the same limit.
    for token in [expired, m2m(&json!({}), &json!({"exp": NOW - 50}))] {
        for (seconds, is_accepted) in [(49, false), (51, true)] {
            let visit = Visit::api(Env::Live).options(|options| options.accepted_kinds(AcceptedKinds::any()));
            let visit = visit.bearer(&token).options(|options| options.clock_skew(skew(seconds)));
            assert_eq!(visit.verdict() == "signed-in", is_accepted, "{seconds}");
        }
    }
    let long_expired = session(Env::Live, &json!({"exp": NOW - 3600}));
    let visit = Visit::api(Env::Live).bearer(&long_expired);
    assert_eq!(visit.options(|options| options.insecure_clock_skew(skew(3601))).verdict(), "signed-in");
    // Without an authenticator there is no error, but the same limit.
    let token = Token::decode(&session(Env::Live, &json!({"exp": NOW - 61}))).unwrap();
    let verify = |options: VerifyOptions| token.check_claims(&options, now()).is_ok();
    assert!(!verify(VerifyOptions::new().clock_skew(std::time::Duration::MAX)));
    assert!(verify(VerifyOptions::new().insecure_clock_skew(std::time::Duration::MAX)));
}

#[test]
fn malformed_features_are_ignored() {
    let organization = json!({"id": "org_1", "slg": "a", "rol": "admin", "per": "read", "fpm": "1"});
    for env in ENVS {
        for features in [json!("no-colon"), json!(":"), json!(5), json!("o:a,broken")] {
            let token = session(env, &json!({"fea": features, "pla": "broken", "o": organization}));
            for visit in [Visit::api(env).bearer(&token), Visit::document(env).signed_in(&token)] {
                let seen = visit.seen();
                assert_eq!(seen.verdict(), "signed-in", "{features}");
                let session = seen.outcome.session().unwrap();
                assert!(!session.claims().has(&Check::new().feature("broken")), "{features}");
                assert!(!session.claims().has(&Check::new().plan("broken")), "{features}");
            }
        }
    }
}

#[test]
fn empty_pattern_lists_match_nothing() {
    let sync = OrganizationSync::new().personal_account_patterns([""; 0]);
    let token = session(Env::Live, &json!({"o": {"id": "org_1", "slg": "a", "rol": "admin"}}));
    let visit = Visit::document(Env::Live).signed_in(token);
    assert_eq!(visit.options(|options| options.organization_sync(sync)).verdict(), "signed-in");
}

#[test]
fn higher_redirect_counts_are_limited_and_numbers_are_decimal() {
    for (count, status) in
        [("3", "signed-out"), ("4", "signed-out"), ("99", "signed-out"), ("0x3", "handshake")]
    {
        let visit =
            Visit::document(Env::Live).cookie("__client_uat", "5").cookie("__clerk_redirect_count", count);
        assert_eq!(visit.verdict(), format!("{status}: client-uat-but-no-session-token"), "{count}");
    }
    let hexadecimal = Visit::document(Env::Live).cookie("__client_uat", "0x10");
    assert_eq!(hexadecimal.verdict(), "signed-out: session-token-and-uat-missing");
}

#[test]
fn m2m_tokens_without_a_class_are_accepted() {
    let token = m2m(&json!({"cat": UNMARKED}), &json!({}));
    let visit = Visit::api(Env::Live).options(|options| options.accepted_kinds(TokenKind::M2m)).bearer(token);
    assert_eq!(visit.verdict(), "signed-in");
}

#[test]
fn messages_are_returned_only_for_debugging() {
    let machine = m2m(&json!({"cat": "cl_new"}), &json!({}));
    for (kind, header, value, expected) in [
        (
            TokenKind::Session,
            "authorization",
            "Bearer x",
            "expected a token with three segments (reason=token-invalid, token-carrier=header)",
        ),
        (TokenKind::Session, "cookie", "__client_uat=0", "the session token is missing"),
        (
            TokenKind::M2m,
            "authorization",
            &format!("Bearer {machine}"),
            "the token's class (cat) is not that of a machine token",
        ),
    ] {
        let request = Request::get("/p").header(header, value).body(()).unwrap();
        for on in [false, true] {
            let options = Env::Live.options().accepted_kinds(kind).debug_headers(on);
            let authenticator = Authenticator::new(options).unwrap();
            let step = authenticator.start(&RequestHead::from(&request), &keys(), now());
            let Step::Done(outcome) = step else { panic!("{value}") };
            let message = outcome.headers().find(|(name, _)| name == "x-clerk-auth-message");
            let message = message.as_ref().map(|(_, value)| value.to_str().unwrap());
            assert_eq!(message, on.then_some(expected), "{value}");
        }
    }
}

#[test]
fn handshakes_in_links_can_be_disabled() {
    let visit = Visit::document(Env::Live).target("/p?__clerk_handshake_nonce=n").lines(&[]);
    assert_eq!(visit.verdict(), "signed-out: session-token-missing");
    let strict = visit.options(|options| options.handshake_cookies_only(true));
    assert_eq!(strict.verdict(), "signed-out: session-token-and-uat-missing");
}

#[test]
fn responses_that_set_cookies_are_not_stored() {
    let line = format!("__session={}", session(Env::Live, &json!({})));
    let expired = session(Env::Live, &json!({"exp": 1_600_000_000}));
    for visit in [
        Visit::api(Env::Live).cookie("__clerk_handshake_nonce", "n"),
        Visit::api(Env::Live).signed_in(expired).suffixed("__refresh", "r"),
    ] {
        let seen = visit.lines(&[&line]).seen();
        assert_eq!((&*seen.verdict(), seen.all("cache-control")), ("signed-in", vec!["no-store".to_owned()]));
    }
}

#[test]
fn bearer_ignores_case_and_requires_credentials() {
    let good = session(Env::Live, &json!({}));
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let visit = Visit::api(Env::Live);
        assert_eq!(visit.clone().header("authorization", format!("{scheme} {good}")).verdict(), "signed-in");
        for nothing in [scheme.to_owned(), format!("{scheme} "), format!("{scheme}  {good}")] {
            let visit = visit.clone().header("authorization", nothing);
            assert_eq!(visit.verdict(), "signed-out: session-token-and-uat-missing");
        }
    }
    assert_eq!(Visit::api(Env::Live).header("authorization", good).verdict(), "signed-in");
}

#[test]
fn malformed_audiences_are_rejected() {
    for (aud, passes) in [
        (json!("api"), true),
        (json!(["x", "api"]), true),
        (json!(null), true),
        (json!([]), true),
        (json!(""), true),
        (json!(5), false),
        (json!(["api", 5]), false),
        (json!({"api": true}), false),
        (json!(["x"]), false),
    ] {
        let token = session(Env::Live, &json!({"aud": aud}));
        let visit = Visit::api(Env::Live).options(|options| options.audiences(["api"])).bearer(&token);
        let expected = if passes { "signed-in" } else { "signed-out: token-verification-failed" };
        assert_eq!(visit.verdict(), expected, "{aud}");
        assert_eq!(Visit::api(Env::Live).bearer(token).verdict(), "signed-in");
    }
}

#[test]
fn several_authorization_headers_are_rejected() {
    let good = session(Env::Live, &json!({}));
    for (accepts, kind) in [
        (AcceptedKinds::default(), Some(TokenKind::Session)),
        (AcceptedKinds::any(), Some(TokenKind::Session)),
        (TokenKind::ApiKey.into(), Some(TokenKind::ApiKey)),
        ([TokenKind::Session, TokenKind::M2m].into(), Some(TokenKind::Session)),
        ([TokenKind::ApiKey, TokenKind::M2m].into(), None),
    ] {
        for second in ["Bearer x", "Basic dTpw", ""] {
            let visit = Visit::api(Env::Live)
                .options(|options| options.accepted_kinds(accepts.clone()))
                .bearer(&good)
                .header("authorization", second)
                .signed_in(&good);
            let seen = visit.seen();
            assert_eq!((&*seen.verdict(), seen.outcome.token_kind()), ("signed-out: token-invalid", kind));
        }
    }
}

#[test]
fn outages_are_undecided() {
    let expected = |reason: &str| format!("signed-out: {reason}?");
    let opaque =
        Visit::api(Env::Live).options(|options| options.accepted_kinds(TokenKind::ApiKey)).bearer("ak_1");
    assert_eq!(opaque.reply(Reply::Unreachable).verdict(), expected("unexpected-error"));
    let token = session(Env::Live, &json!({}));
    let keys = clerk_core::authenticate::KeyFailure::Unreachable;
    let session = Visit::api(Env::Live).bearer(token).keys(Default::default(), Err(keys));
    assert_eq!(session.verdict(), expected("unexpected-error"));
}

/// The rows of the table about requests that Clerk's SDK decides otherwise, each with the outcome here.
#[test]
fn decided_differences() {
    let (live, dev) = (Env::Live, Env::Dev);
    let good = session(live, &json!({}));
    let ask = |url: &str| Visit::document(dev).target(format!("/p?__clerk_redirect_url={url}"));
    let inside = |token: &str| handshake(live, &[&format!("__session={token}")]);
    let returning = |token: &str| Visit::api(live).cookie("__clerk_handshake", inside(token));
    let plain = |visit: Visit| visit.options(|_| AuthenticateOptions::new());
    let with_keys = |keys: &[serde_json::Value]| {
        let keys = key_set(keys);
        Visit::api(live).keys(keys.clone(), Ok(keys)).bearer(&good)
    };
    let bad_request = "signed-out: unexpected-error";
    let (mismatch, missing) =
        ("signed-out: token-type-mismatch", "signed-out: session-token-and-uat-missing");
    let no_claim = "signed-out: token-verification-failed";
    for (difference, visit, expected) in [
        // The publishable key is optional: without it, plain cookies are read, and nobody is redirected.
        ("no publishable key", plain(Visit::document(live)).signed_in(&good), "signed-in"),
        (
            "suffixed cookie without the key",
            plain(Visit::document(live)).suffixed("__session", &good),
            missing,
        ),
        ("client without the key", plain(Visit::document(live)).cookie("__client_uat", "5"), missing),
        // What is an internal error there is 400.
        ("bad handshake", Visit::document(dev).cookie("__clerk_handshake", "x"), bad_request),
        ("relative return", ask("%2Fx"), bad_request),
        ("script", ask("javascript%3Aalert(1)"), bad_request),
        ("other scheme", ask("ftp%3A%2F%2Fs.example"), bad_request),
        ("credentials", ask("https%3A%2F%2Fu%3Ap%40s.example"), bad_request),
        ("http", ask("http%3A%2F%2Fs.example"), "handshake: primary-responds-to-syncing"),
        // Classes inside a handshake, which is then ignored.
        ("session inside", returning(&good), "signed-in"),
        ("unmarked inside", returning(&token_of(live, &json!({"cat": null}), &json!({}))), "signed-in"),
        ("template inside", returning(&token_of(live, &json!({"cat": TEMPLATE}), &json!({}))), missing),
        ("common class inside", returning(&token_of(live, &json!({"cat": UNMARKED}), &json!({}))), missing),
        (
            "template",
            Visit::api(live).bearer(token_of(live, &json!({"cat": TEMPLATE}), &json!({}))),
            mismatch,
        ),
        // Times are numbers, however large.
        (
            "far nbf",
            Visit::api(live).bearer(session(live, &json!({"nbf": 1e30}))),
            "signed-out: session-token-nbf",
        ),
        (
            "far iat",
            Visit::api(live).bearer(session(live, &json!({"iat": 9_000_000_000_000_i64}))),
            "signed-out: session-token-iat-in-the-future",
        ),
        ("nbf as text", Visit::api(live).bearer(session(live, &json!({"nbf": "5"}))), no_claim),
        ("iat as text", Visit::api(live).bearer(session(live, &json!({"iat": "5"}))), no_claim),
        ("exp as text", Visit::api(live).bearer(session(live, &json!({"exp": "9999999999"}))), no_claim),
        // The signature decides among keys with the same id, and an empty id is none.
        ("own key last", with_keys(&[jwk(&OTHER_KEY, KID), jwk(&KEY, KID)]), "signed-in"),
        ("own key first", with_keys(&[jwk(&KEY, KID), jwk(&OTHER_KEY, KID)]), "signed-in"),
        ("other key", with_keys(&[jwk(&OTHER_KEY, KID)]), "signed-out: token-invalid-signature"),
        (
            "empty id",
            Visit::api(live).keys(key_set(&[jwk(&KEY, "")]), Err(KeyFailure::Unreachable)).bearer(token_of(
                live,
                &json!({"kid": ""}),
                &json!({}),
            )),
            "signed-out: jwk-kid-mismatch",
        ),
        // A handshake in the query, which is read only on navigations.
        (
            "navigation",
            Visit::document(live).target(format!("/?__clerk_handshake={}", inside(&good))),
            "signed-in",
        ),
        ("image", Visit::api(live).target(format!("/?__clerk_handshake={}", inside(&good))), missing),
    ] {
        assert_eq!(visit.verdict(), expected, "{difference}");
    }
    // CORS headers of a production handshake: for navigations, whose responses no script can read.
    let cors = |visit: Visit| !visit.seen().all("access-control-allow-origin").is_empty();
    assert!(cors(Visit::document(live).cookie("__clerk_handshake", inside(&good))));
    assert!(!cors(returning(&good)));
}
