//! Requests that return from a handshake.

use clerk_core::authenticate::BadRequest;
use serde_json::json;

use crate::{
    tokens::{
        KEY, M2M, NOW, OTHER_KEY, TEMPLATE, UNMARKED, claims, forged, handshake, jose, session, sign_with,
        token_of,
    },
    visit::{ENVS, Env, Reply, Visit},
};

const DAY: i64 = 86_400;

fn line(token: &str) -> String {
    format!("__session={token}; Path=/; HttpOnly")
}

/// The four ways in which a handshake returns, each with this payload, in ascending precedence.
fn ways(env: Env, lines: &[&str]) -> [(&'static str, Visit); 4] {
    let token = handshake(env, lines);
    let visit = || Visit::api(env).known_browser();
    [
        ("cookie", visit().cookie("__clerk_handshake", &token)),
        ("query", Visit::document(env).target(format!("/p?__clerk_handshake={token}"))),
        ("nonce cookie", visit().cookie("__clerk_handshake_nonce", "n").lines(lines)),
        ("nonce query", Visit::document(env).target("/p?__clerk_handshake_nonce=n").lines(lines)),
    ]
}

/// The values of the CORS headers, which production sets only for navigations.
fn cors(env: Env, way: &str) -> (Vec<&'static str>, Vec<&'static str>) {
    let is_set = env == Env::Dev || way.contains("query");
    if is_set { (vec!["null"], vec!["true"]) } else { (Vec::new(), Vec::new()) }
}

#[test]
fn the_session_of_a_handshake_signs_in() {
    for env in ENVS {
        let good = session(env, &json!({}));
        let lines = ["__client_uat=1; Path=/", &line(&good)];
        for (way, visit) in ways(env, &lines) {
            // A cookie may arrive with any request.
            let methods =
                if way.contains("query") { &["GET"][..] } else { &["GET", "POST", "HEAD", "DELETE"] };
            for method in methods {
                let seen = visit.clone().method(method).seen();
                assert_eq!(seen.verdict(), "signed-in", "{env:?} {way} {method}");
                assert_eq!(seen.set_cookies(), lines);
                let (origin, credentials) = cors(env, way);
                assert_eq!(seen.all("access-control-allow-origin"), origin);
                assert_eq!(seen.all("access-control-allow-credentials"), credentials);
                let clean = env.pick(None, Some("https://app.example.com/p"));
                assert_eq!(seen.location().as_deref(), clean);
            }
        }
    }
}

/// An image or a form on another site must not be able to replace the visitor's session.
#[test]
fn a_handshake_in_the_query_is_read_only_on_navigations() {
    const HTML: &str = "text/html,application/xhtml+xml";
    for env in ENVS {
        let lines = [line(&session(env, &json!({"sub": "user_other"})))];
        let lines = lines.each_ref().map(|line| &**line);
        let token = format!("/p?__clerk_handshake={}", handshake(env, &lines));
        for (method, destination, accept, is_read) in [
            ("GET", Some("document"), None, true),
            ("GET", Some("iframe"), None, true),
            ("GET", Some("frame"), None, true),
            ("GET", None, Some(HTML), true),
            ("GET", Some(""), Some(HTML), true),
            ("GET", Some("document"), Some("image/png"), true),
            ("GET", Some("image"), Some(HTML), false),
            ("GET", Some("empty"), Some(HTML), false),
            ("GET", Some("script"), None, false),
            ("GET", None, Some("*/*"), false),
            ("GET", None, Some("application/json, text/html"), false),
            ("GET", None, None, false),
            ("POST", Some("document"), Some(HTML), false),
            ("POST", None, Some(HTML), false),
            ("HEAD", Some("document"), Some(HTML), false),
            ("DELETE", None, None, false),
        ] {
            let request = |target: &str| {
                let mut visit = Visit::api(env).known_browser().method(method).target(target);
                for (name, value) in [("sec-fetch-dest", destination), ("accept", accept)] {
                    if let Some(value) = value {
                        visit = visit.header(name, value);
                    }
                }
                visit
            };
            for visit in [request(&token), request("/p?__clerk_handshake_nonce=n").lines(&lines)] {
                let case = format!("{env:?} {method} {destination:?} {accept:?}");
                let own = session(env, &json!({}));
                let seen = visit.signed_in(&own).seen();
                let expected = if is_read { "user_other" } else { "user_1" };
                assert_eq!(seen.user().as_deref(), Some(expected), "{case}");
                assert_eq!(seen.set_cookies().len(), usize::from(is_read), "{case}");
                assert!(is_read || seen.asked.is_empty(), "{case}");
            }
        }
    }
}

/// A script of another site can send any nonce, and must not be able to read the handler's response.
#[test]
fn only_navigations_get_cors_headers() {
    let readable = |visit: Visit| {
        let seen = visit.cookie("__clerk_handshake_nonce", "x").lines(&[]).seen();
        assert_eq!(seen.verdict(), "signed-out: session-token-missing");
        !seen.all("access-control-allow-origin").is_empty()
    };
    assert!(readable(Visit::document(Env::Live)));
    for (method, destination) in
        [("GET", "empty"), ("GET", "image"), ("GET", "script"), ("POST", "empty"), ("POST", "document")]
    {
        let visit = Visit::api(Env::Live).header("sec-fetch-dest", destination).header("origin", "null");
        assert!(!readable(visit.method(method)), "{method} {destination}");
    }
}

#[test]
fn the_nonce_and_the_query_take_precedence() {
    for env in ENVS {
        let inside = |user: &str| line(&session(env, &json!({"sub": user})));
        let token = |user: &str| handshake(env, &[&inside(user)]);
        let all = Visit::document(env)
            .cookie("__clerk_handshake_nonce", "of_cookie")
            .cookie("__clerk_handshake", token("user_cookie"))
            .lines(&[&inside("user_nonce")]);
        let both = format!("/p?__clerk_handshake={}&__clerk_handshake_nonce=a+b%26c", token("user_query"));
        let seen = all.clone().target(both).seen();
        assert_eq!(seen.user().as_deref(), Some("user_nonce"));
        assert_eq!(seen.asked_lines(), ["GET /clients/handshake_payload?nonce=a+b%26c"]);
        let seen = all.target(format!("/p?__clerk_handshake={}", token("user_query"))).seen();
        assert_eq!(seen.asked_lines(), ["GET /clients/handshake_payload?nonce=of_cookie"]);
        let tokens = Visit::document(env).cookie("__clerk_handshake", token("user_cookie"));
        let seen = tokens.clone().target(format!("/p?__clerk_handshake={}", token("user_query"))).seen();
        assert_eq!(seen.user().as_deref(), Some("user_query"));
        let seen = tokens.target("/p?__clerk_handshake=").seen();
        assert_eq!(seen.user().as_deref(), Some("user_cookie"));
        // Their cookies have no suffix.
        let suffixed = Visit::api(env).known_browser().suffixed("__clerk_handshake_nonce", "n");
        let seen = suffixed.suffixed("__clerk_handshake", token("user_1")).seen();
        assert_eq!(seen.verdict(), "signed-out: session-token-and-uat-missing");
    }
}

#[test]
fn a_handshake_without_a_session_sets_its_cookies() {
    for env in ENVS {
        for lines in [
            &[][..],
            &["__client_uat=0; Path=/"],
            &["__session=; Path=/; Max-Age=0"],
            &["__session=x", "__session="],
            &["x=1; __session=a"],
        ] {
            for (way, visit) in ways(env, lines) {
                let seen = visit.seen();
                assert_eq!(seen.verdict(), "signed-out: session-token-missing", "{env:?} {way} {lines:?}");
                assert_eq!(seen.set_cookies(), lines);
                assert_eq!(seen.all("access-control-allow-origin"), cors(env, way).0);
                assert_eq!(seen.location().is_some(), env == Env::Dev);
            }
        }
        // A payload without a list counts as empty.
        for payload in [json!(null), json!("__session=a"), json!({"0": "a"}), json!(5), json!([5, null])] {
            let token = session(env, &json!({"sub": null, "sid": null, "handshake": payload}));
            let seen = Visit::api(env).cookie("__clerk_handshake", token).seen();
            assert_eq!(seen.verdict(), "signed-out: session-token-missing", "{payload}");
        }
    }
}

#[test]
fn a_nonce_without_a_result_is_a_missing_session() {
    for env in ENVS {
        for reply in [
            Reply::Status(404, json!({"errors": [{"code": "resource_not_found"}]})),
            Reply::Status(400, json!({})),
            Reply::Status(401, json!({})),
        ] {
            let visit = Visit::document(env)
                .target("/p?a=b&__clerk_handshake_nonce=n&__clerk_db_jwt=d")
                .signed_in(session(env, &json!({})))
                .reply(reply.clone());
            let seen = visit.seen();
            assert_eq!(seen.verdict(), "signed-out: session-token-missing", "{env:?} {reply:?}");
            assert_eq!((seen.asked.len(), seen.set_cookies().len()), (1, 0));
            // On a development instance, a redirect removes the nonce from the URL.
            let clean = env.pick(None, Some("https://app.example.com/p?a=b"));
            assert_eq!(seen.location().as_deref(), clean);
        }
    }
}

#[test]
fn the_last_session_cookie_wins() {
    for env in ENVS {
        let [first, last] = ["user_first", "user_last"].map(|user| session(env, &json!({"sub": user})));
        for lines in [
            [format!("__session={first}"), format!("__session={last}")],
            [format!("__session={first}; Path=/"), format!("__session_{}={last}; Path=/", env.suffix())],
            [format!("__session_{}={first}", env.suffix()), format!("__session={last}=x; Path=/")],
            [format!("__session={first}"), format!("__session_whatever={last}")],
            [format!("__sessions={last}"), format!(" __session={first}")],
        ] {
            let lines = lines.each_ref().map(|line| &**line);
            for (way, visit) in ways(env, &lines) {
                assert_eq!(visit.seen().user().as_deref(), Some("user_last"), "{env:?} {way} {lines:?}");
            }
        }
    }
}

#[test]
fn invalid_header_values_are_dropped_and_counted() {
    for env in ENVS {
        let good = line(&session(env, &json!({})));
        let lines = ["a=1", "b=2\r\nset-cookie: evil=1", "c=\u{0}", &good, "é=ü"];
        for (way, visit) in ways(env, &lines) {
            let seen = visit.seen();
            assert_eq!(seen.verdict(), "signed-in", "{env:?} {way}");
            let cookies = seen.outcome.headers().filter(|(name, _)| name == "set-cookie").count();
            assert_eq!(cookies + seen.outcome.dropped_cookies(), lines.len());
            assert!(seen.outcome.dropped_cookies() >= 2);
        }
        let long = format!("a={}", "x".repeat(20_000));
        let seen = Visit::api(env).cookie("__clerk_handshake_nonce", "n").lines(&[&long, &good]).seen();
        assert_eq!((&*seen.verdict(), seen.outcome.dropped_cookies()), ("signed-in", 1));
        let many = vec!["a=1"; 70];
        let lines: Vec<&str> = many.iter().copied().chain([&*good]).collect();
        let (_, visit) = ways(env, &lines).into_iter().last().unwrap();
        let seen = visit.seen();
        assert_eq!(
            (&*seen.verdict(), seen.outcome.dropped_cookies()),
            ("signed-out: session-token-missing", 7)
        );
    }
}

#[test]
fn a_handshake_whose_session_does_not_verify_is_ignored() {
    for env in ENVS {
        for (name, inside) in [
            ("garbage", "garbage".to_owned()),
            ("forged", forged(env, &json!({}))),
            ("template", token_of(env, &json!({"cat": TEMPLATE}), &json!({}))),
            ("common class", token_of(env, &json!({"cat": UNMARKED}), &json!({}))),
            ("machine", token_of(env, &json!({"cat": M2M}), &json!({"sub": "mch_1"}))),
            ("no subject", session(env, &json!({"sub": null}))),
            ("unknown key", token_of(env, &json!({"kid": "unknown"}), &json!({}))),
            ("long expired", session(env, &json!({"exp": NOW - DAY}))),
            ("far future", session(env, &json!({"nbf": NOW + DAY + 1}))),
        ] {
            for (way, visit) in ways(env, &[&line(&inside)]) {
                let seen = visit.seen();
                let verdict = "signed-out: session-token-and-uat-missing";
                assert_eq!(seen.verdict(), verdict, "{env:?} {way} {name}");
                assert!(seen.set_cookies().is_empty() && seen.location().is_none(), "{env:?} {way} {name}");
                let seen = visit.signed_in(session(env, &json!({}))).seen();
                assert_eq!(seen.verdict(), "signed-in", "{env:?} {way} {name}");
                assert!(!seen.outcome.has_headers());
            }
        }
    }
}

#[test]
fn only_development_tolerates_a_day_of_skew() {
    for (changes, within) in [
        (json!({"exp": NOW - 60, "iat": NOW - 120, "nbf": NOW - 120}), true),
        (json!({"exp": NOW - DAY + 1}), true),
        (json!({"exp": NOW - DAY}), false),
        (json!({"nbf": NOW + DAY}), true),
        (json!({"nbf": NOW + DAY + 1}), false),
        (json!({"iat": NOW + DAY}), true),
        (json!({"iat": NOW + DAY + 1}), false),
        (json!({"iat": NOW + 60, "nbf": NOW + 60, "exp": NOW + 120}), true),
    ] {
        for env in ENVS {
            for (way, visit) in ways(env, &[&line(&session(env, &changes))]) {
                let signs_in = within && env == Env::Dev;
                let verdict =
                    if signs_in { "signed-in" } else { "signed-out: session-token-and-uat-missing" };
                assert_eq!(visit.verdict(), verdict, "{env:?} {way} {changes}");
            }
        }
    }
}

/// Tokens that are not a valid handshake, and whether that is because of their signature.
fn bad(env: Env) -> [(&'static str, String, bool); 17] {
    let lines = json!([line(&session(env, &json!({})))]);
    let inside = json!({"sub": null, "sid": null, "handshake": lines});
    let token = |header: serde_json::Value| token_of(env, &header, &inside);
    let with = |name: &str, value: serde_json::Value| {
        let mut claims = claims(env, &json!({"sub": null, "sid": null, "handshake": lines}));
        claims[name] = value;
        sign_with(&KEY, &jose(&json!({})), &claims)
    };
    [
        ("garbage", "garbage".to_owned(), false),
        // A session token whose custom claims have this name.
        ("session", session(env, &json!({"handshake": lines})), false),
        ("subject", with("sub", json!("user_1")), false),
        ("session id", with("sid", json!("sess_1")), false),
        ("expired", with("exp", json!(NOW - 5)), false),
        ("malformed expiry", with("exp", json!("never")), false),
        ("null expiry", with("exp", json!(null)), false),
        ("not valid yet", with("nbf", json!(NOW + 6)), false),
        ("issued in the future", with("iat", json!(NOW + 6)), false),
        ("forged", forged(env, &inside), true),
        ("alg none", token(json!({"alg": "none"})), false),
        ("typ", token(json!({"typ": "at+jwt"})), false),
        ("template", token(json!({"cat": TEMPLATE})), false),
        ("machine", token(json!({"cat": M2M})), false),
        ("unknown key", token(json!({"kid": "unknown"})), true),
        (
            "forged template",
            sign_with(&OTHER_KEY, &jose(&json!({"cat": TEMPLATE})), &claims(env, &inside)),
            false,
        ),
        ("unsigned", token(json!({})).rsplit_once('.').unwrap().0.to_owned() + ".", true),
    ]
}

#[test]
fn production_ignores_an_invalid_handshake_token() {
    for (name, token, _) in bad(Env::Live) {
        let visit = Visit::document(Env::Live).cookie("__clerk_handshake", &token);
        let nobody = visit.seen();
        assert_eq!(nobody.verdict(), "signed-out: session-token-and-uat-missing", "{name}");
        assert!(nobody.set_cookies().is_empty());
        assert_eq!(visit.signed_in(session(Env::Live, &json!({}))).verdict(), "signed-in", "{name}");
    }
}

#[test]
fn development_rejects_an_invalid_handshake_token() {
    for (name, token, is_signature) in bad(Env::Dev) {
        for visit in [
            Visit::document(Env::Dev).cookie("__clerk_handshake", &token),
            Visit::document(Env::Dev).target(format!("/p?__clerk_handshake={token}")),
        ] {
            let seen = visit.signed_in(session(Env::Dev, &json!({}))).seen();
            let expected =
                if is_signature { BadRequest::HandshakeSignature } else { BadRequest::HandshakeToken };
            assert_eq!(seen.outcome.bad_request(), Some(expected), "{name}");
            assert_eq!(seen.verdict(), "signed-out: unexpected-error", "{name}");
            assert!(seen.set_cookies().is_empty() && seen.location().is_none());
        }
    }
}

#[test]
fn a_handshake_token_may_have_times_which_are_checked_with_the_skew() {
    for env in ENVS {
        let inside = line(&session(env, &json!({})));
        for changes in [
            json!({"exp": null, "iat": null, "nbf": null}),
            json!({"exp": NOW - 4}),
            json!({"nbf": NOW + 5, "iat": NOW + 5}),
            json!({"aud": 5, "azp": "https://evil.example", "iss": "https://other.example"}),
        ] {
            let mut all = json!({"sub": null, "sid": null, "handshake": [inside]});
            all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            let visit = Visit::api(env)
                .cookie("__clerk_handshake", session(env, &all))
                .options(|options| options.authorized_parties(["https://app.example.com"]));
            assert_eq!(visit.verdict(), "signed-in", "{env:?} {changes}");
        }
        let all = json!({"sub": null, "sid": null, "exp": NOW - 50, "handshake": [inside]});
        let late = Visit::api(env).cookie("__clerk_handshake", session(env, &all));
        assert_ne!(late.verdict(), "signed-in");
        let tolerant = late.options(|options| options.clock_skew(std::time::Duration::from_secs(60)));
        assert_eq!(tolerant.verdict(), "signed-in", "{env:?}");
    }
}

#[test]
fn the_options_apply_to_the_session_of_a_handshake() {
    for env in ENVS {
        let inside = line(&session(env, &json!({"azp": "https://other.example"})));
        let visit = Visit::api(env)
            .known_browser()
            .cookie("__clerk_handshake", handshake(env, &[&inside]))
            .options(|options| options.authorized_parties(["https://app.example.com"]));
        assert_eq!(visit.verdict(), "signed-out: session-token-and-uat-missing");
    }
}

#[test]
fn development_removes_clerks_parameters_from_the_url() {
    let token = handshake(Env::Dev, &[]);
    for (query, clean) in [
        ("", ""),
        ("&a=b%20c&foo", "?a=b+c&foo="),
        ("&__clerk_help=1&__clerk_db_jwt=d&__clerk_handshake_nonce=", ""),
        ("&__clerk_synced=true", "?__clerk_synced=true"),
    ] {
        let visit = Visit::document(Env::Dev).target(format!("/p?__clerk_handshake={token}{query}"));
        assert_eq!(visit.seen().location(), Some(format!("https://app.example.com/p{clean}")), "{query}");
    }
}

#[test]
fn production_reads_links_unless_disabled() {
    for env in ENVS {
        let [_, (_, query), _, (_, nonce)] = ways(env, &[&line(&session(env, &json!({})))]);
        for visit in [query, nonce] {
            let visit = visit.options(|options| options.handshake_cookies_only(true));
            let expected = env.pick("signed-out: session-token-and-uat-missing", "signed-in");
            assert_eq!(visit.verdict(), expected, "{env:?}");
        }
        let [(_, cookie), _, (_, nonce), _] = ways(env, &[&line(&session(env, &json!({})))]);
        for visit in [cookie, nonce] {
            assert_eq!(visit.options(|options| options.handshake_cookies_only(true)).verdict(), "signed-in");
        }
    }
}

#[test]
fn a_nonce_that_is_too_long_is_ignored() {
    let visit = Visit::document(Env::Live).cookie("__clerk_handshake_nonce", "n".repeat(2049));
    assert_eq!(visit.verdict(), "signed-out: session-token-and-uat-missing");
}
