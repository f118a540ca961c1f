//! Properties that hold for any request and any response of Clerk.

use clerk_core::{
    authenticate::{
        AcceptedKinds, AuthenticateOptions, Authenticator, CallFailure, Forwarded, KeyFailure, Need,
        OrganizationSync, Outcome, PendingCall, PendingOperation, RequestHead, Satellite, Status, Step,
    },
    token::{KeySet, TokenKind},
};
use http::{HeaderValue, Request};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};
use std::sync::LazyLock;

use crate::{
    tokens::{
        KEY, KID, NOW, OTHER_KEY, TEMPLATE, claims, forged, handshake, jose, jwk, key_set, keys, m2m, now,
        oauth, session, sign_with, token_of,
    },
    visit::{ENVS, Env, Reply, check, decoded},
};

/// The user of all valid session tokens, and of no other token.
const GOOD: &str = "user_good";

/// The subject of a valid opaque token.
const OPAQUE: &str = "opaque";

/// Tokens and other strings, of which a few are valid.
static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut texts: Vec<String> =
        ["", "0", "1", "3", "1699999000", "1800000000", "garbage", "a.b.c", "ak_1", "mt_1", "oat_1", "dvb_1"]
            .map(String::from)
            .to_vec();
    for env in ENVS {
        let good = session(env, &json!({"sub": GOOD}));
        let pending = session(env, &json!({"sub": GOOD, "sts": "pending"}));
        let organization = json!({"sub": GOOD, "o": {"id": "org_1", "slg": "acme", "rol": "admin"}});
        let expired =
            session(env, &json!({"sub": GOOD, "exp": NOW - 60, "iat": NOW - 120, "nbf": NOW - 120}));
        let other = session(env, &json!({"sub": GOOD, "iss": "https://clerk.other.example"}));
        let bad = [
            forged(env, &json!({})),
            token_of(env, &json!({"cat": TEMPLATE}), &json!({})),
            token_of(env, &json!({"alg": "none"}), &json!({})),
            token_of(env, &json!({"kid": "other"}), &json!({})),
            sign_with(
                &OTHER_KEY,
                &jose(&json!({"kid": "other"})),
                &claims(env, &json!({"sub": "user_other"})),
            ),
            session(env, &json!({"exp": NOW - 999_999})),
            session(env, &json!({"sub": null})),
        ];
        for inside in bad.iter().chain([&good, &expired]) {
            texts.push(handshake(env, &[&format!("__session={inside}; Path=/"), "__client_uat=1"]));
            let template = json!({"handshake": [format!("__session={inside}")]});
            texts.push(token_of(env, &json!({"cat": TEMPLATE}), &template));
            texts.push(forged(env, &template));
        }
        texts.extend(bad);
        let party = session(env, &json!({"sub": GOOD, "azp": "https://evil.example"}));
        // Valid ones are frequent, since most other inputs end a decision early.
        texts.extend(std::iter::repeat_n(good.clone(), 8));
        texts.extend([good, pending, party, session(env, &organization), expired, other]);
    }
    texts.extend([m2m(&json!({}), &json!({})), oauth(&json!({}), &json!({}))]);
    texts.push(sign_with(
        &OTHER_KEY,
        &jose(&json!({"cat": null})),
        &claims(Env::Live, &json!({"sub": "mch_other"})),
    ));
    texts
});

/// Checks that an outcome signs in only the owners of tokens that are signed by the instance, with the right kind.
fn sound(outcome: &Outcome, options: &Choice) {
    check(outcome);
    if let Some(session) = outcome.session_or_pending() {
        assert_eq!(session.claims().user_id().as_str(), GOOD);
        assert!(options.accepts.contains(TokenKind::Session), "{options:?}");
        assert_eq!(outcome.token_kind(), Some(TokenKind::Session));
    }
    if let Some(machine) = outcome.machine() {
        let of_jwt = match machine.kind() {
            TokenKind::M2m => "mch_1",
            TokenKind::OAuth => "user_1",
            _ => OPAQUE,
        };
        assert!([OPAQUE, of_jwt].contains(&machine.subject()), "{}", machine.subject());
        assert!(options.accepts.contains(machine.kind()), "{options:?}");
        assert_eq!(outcome.token_kind(), Some(machine.kind()));
    }
    if outcome.bad_request().is_some() {
        assert_eq!(outcome.status(), Status::SignedOut);
    }
    for (_, value) in outcome.headers() {
        assert!(HeaderValue::from_bytes(value.as_bytes()).is_ok());
    }
}

#[derive(Clone, Debug)]
struct Choice {
    env: Env,
    instance: bool,
    accepts: AcceptedKinds,
    satellite: Option<bool>,
    proxy: Option<&'static str>,
    forwarded: u8,
    parties: bool,
    organizations: bool,
    cookies_only: bool,
}

impl Choice {
    fn options(&self) -> AuthenticateOptions {
        let mut options = if self.instance { self.env.options() } else { AuthenticateOptions::new() };
        options = options.accepted_kinds(self.accepts.clone()).handshake_cookies_only(self.cookies_only);
        options = match self.forwarded {
            0 => options.forwarded(Forwarded::Ignore),
            1 => options.forwarded(Forwarded::TrustFirst),
            _ => options,
        };
        if self.parties {
            options = options.authorized_parties(["https://app.example.com"]);
        }
        if self.organizations {
            options = options.organization_sync(
                OrganizationSync::new()
                    .organization_patterns(["/orgs/:slug", "/orgs/:slug/(.*)", "/o/:id"])
                    .personal_account_patterns(["/me"]),
            );
        }
        if let Some(proxy) = self.proxy {
            options = options.proxy_url(proxy);
        }
        match self.satellite {
            Some(auto) => options
                .satellite(Satellite::domain("app.example.com").auto_sync(auto))
                .sign_in_url("https://primary.example/in"),
            None => options,
        }
    }
}

fn choice() -> impl Strategy<Value = Choice> {
    use TokenKind::{ApiKey, M2m, OAuth, Session};
    let others = [
        ApiKey.into(),
        M2m.into(),
        OAuth.into(),
        [Session, M2m].into(),
        [ApiKey, OAuth].into(),
        AcceptedKinds::from(Vec::new()),
    ];
    let accepts = prop_oneof![
        3 => Just(AcceptedKinds::default()),
        3 => Just(AcceptedKinds::any()),
        1 => select(others.to_vec()),
    ];
    let proxy = option::weighted(0.2, select(vec!["/__clerk", "https://proxy.example/x", "http://a:1//"]));
    (
        (
            select(ENVS.to_vec()),
            proptest::bool::weighted(0.9),
            accepts,
            option::weighted(0.3, any::<bool>()),
            proxy,
        ),
        (0..3_u8, any::<bool>(), any::<bool>(), any::<bool>()),
    )
        .prop_map(|((env, instance, accepts, satellite, proxy), rest)| {
            let (forwarded, parties, organizations, cookies_only) = rest;
            Choice {
                env,
                instance,
                accepts,
                satellite,
                proxy,
                forwarded,
                parties,
                organizations,
                cookies_only,
            }
        })
        .prop_filter("options that go together", |choice| Authenticator::new(choice.options()).is_ok())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![6 => select(TEXTS.clone()), 1 => "[ -~]{0,12}"]
}

/// The head of a request, with headers and parameters that Clerk and browsers set.
fn request(suffix: &'static str) -> impl Strategy<Value = Request<()>> {
    let base = [
        "__session",
        "__client_uat",
        "__clerk_db_jwt",
        "__refresh",
        "__clerk_handshake",
        "__clerk_handshake_nonce",
        "__clerk_redirect_count",
        "other",
    ];
    let any_cookie = (select(base.to_vec()), any::<bool>(), text());
    let numbers = ["0", "1", "1699999000", "1699999995", "x"].map(String::from).to_vec();
    let usual = prop_oneof![
        2 => (Just("__session"), any::<bool>(), select(TEXTS.clone())),
        2 => (Just("__client_uat"), any::<bool>(), select(numbers)),
        1 => (Just("__clerk_db_jwt"), any::<bool>(), Just("dvb_1".to_owned())),
        1 => (Just("__refresh"), Just(true), Just("r_1".to_owned())),
    ];
    let cookie = prop_oneof![1 => any_cookie, 3 => usual].prop_map(move |(name, suffixed, value)| {
        if suffixed { format!("{name}_{suffix}={value}") } else { format!("{name}={value}") }
    });
    let names = [
        "__clerk_handshake",
        "__clerk_handshake_nonce",
        "__clerk_db_jwt",
        "__clerk_synced",
        "__clerk_redirect_url",
        "__clerk_help",
        "__dev_session",
        "a%20b",
        "%5F_clerk_synced",
    ];
    let address = select(vec!["true", "false", "https://s.example/x?y=z", "javascript:a", "%zz", "", "n"]);
    let pair = (select(names.to_vec()), prop_oneof![text(), address.prop_map(String::from)])
        .prop_map(|(name, value)| format!("{name}={}", value.replace([' ', '#', '"', '<', '>'], "+")));
    let path = select(vec![
        "/",
        "/p",
        "/orgs/acme",
        "/orgs/other/x",
        "/o/org_1",
        "/me",
        "//evil.example/x",
        "*",
        "https://t.example/p",
        "http://t.example",
    ]);
    let uri = (path, vec(pair, 0..3)).prop_map(|(path, pairs)| {
        if pairs.is_empty() || path == "*" { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
    });
    let plain = prop_oneof![
        (Just("host"), select(vec!["app.example.com", "h:1", "a b", "u@v", "", "[::1]"])),
        (Just("x-forwarded-host"), select(vec!["f.example", "a, b", "", "evil/x"])),
        (Just("x-forwarded-proto"), select(vec!["https", "http,https", "javascript", ""])),
        (Just("sec-fetch-dest"), select(vec!["document", "document", "iframe", "empty"])),
        (Just("accept"), select(vec!["text/html", "*/*"])),
        (Just("referer"), select(vec!["https://other.example", "https://accounts.example.com", "x"])),
    ]
    .prop_map(|(name, value)| (name, value.to_owned()));
    let bearer = (select(vec!["Bearer ", "bearer ", "Basic ", ""]), text())
        .prop_map(|(scheme, token)| ("authorization", format!("{scheme}{token}")));
    let headers = vec(prop_oneof![4 => plain, 1 => bearer], 0..4);
    let method = select(vec!["GET", "GET", "GET", "POST", "HEAD", "X"]);
    (method, uri, headers, vec(cookie, 0..7), any::<bool>()).prop_map(
        |(method, uri, headers, cookies, is_document)| {
            let mut request = Request::builder().method(method).uri(uri.replace(' ', "+"));
            if is_document {
                request = request.header("sec-fetch-dest", "document").header("host", "app.example.com");
            }
            for (name, value) in headers {
                request = request.header(name, value.as_bytes());
            }
            request.header("cookie", cookies.join("; ")).body(()).unwrap_or_default()
        },
    )
}

/// A response of Clerk to any operation.
fn reply() -> impl Strategy<Value = Reply> {
    let machine = json!({"id": "i", "type": "api_key", "name": "n", "subject": OPAQUE, "scopes": [], "claims": null,
        "revoked": false, "expired": false, "revocation_reason": null, "expiration": null, "last_used_at": null,
        "created_by": null, "description": null, "created_at": 1, "updated_at": 1});
    let lines = vec((select(vec!["__session", "__session_naoXFJnI", "__client_uat", "a\n"]), text()), 0..4)
        .prop_map(|lines| {
            let lines: Vec<_> = lines.iter().map(|(name, value)| format!("{name}={value}; Path=/")).collect();
            Reply::Json(json!({"object": "cookies", "directives": lines, "cookies": lines}))
        });
    prop_oneof![
        4 => lines,
        2 => Just(Reply::Json(machine)),
        1 => Just(Reply::Unreachable),
        1 => Just(Reply::Unreadable),
        1 => (300..600_u16).prop_map(|status| Reply::Status(status, json!({"errors": [{"code": "a\nb"}]}))),
        1 => Just(Reply::Json(Value::Null)),
    ]
}

/// The keys that are fetched: the right ones, another instance's under another id, none, or a failure.
fn more_keys() -> impl Strategy<Value = Result<KeySet, KeyFailure>> {
    prop_oneof![
        3 => Just(Ok(keys())),
        1 => Just(Ok(key_set(&[jwk(&KEY, KID), jwk(&KEY, "third")]))),
        1 => Just(Ok(KeySet::default())),
        1 => select(vec![KeyFailure::Unreachable, KeyFailure::FailedToLoad, KeyFailure::NotConfigured]).prop_map(Err),
    ]
}

struct Driver {
    replies: Vec<Reply>,
    keys: Result<KeySet, KeyFailure>,
}

impl Driver {
    fn run(&mut self, mut step: Step) -> Outcome {
        for _ in 0..=6 {
            step = match step {
                Step::Done(outcome) => return outcome,
                Step::Need(Need::Key(key)) => key.resume(self.keys.as_ref().map_err(|error| *error), now()),
                Step::Need(Need::Handshake(call)) => self.call(call),
                Step::Need(Need::Refresh(call)) => self.call(call),
                Step::Need(Need::ApiKey(call)) => self.call(call),
                Step::Need(Need::M2m(call)) => self.call(call),
                Step::Need(Need::OAuth(call)) => self.call(call),
                Step::Need(other) => other.abandon(now()),
            };
        }
        panic!("it never ends: {step:?}");
    }

    fn call<O: PendingOperation>(&mut self, call: PendingCall<O>) -> Step {
        // An operation that cannot be sent has no response.
        let answer = match call.operation().request() {
            Ok(_) => decoded(call.operation(), &self.replies.pop().unwrap_or(Reply::Unreachable)),
            Err(_) => Err(CallFailure::Unreachable),
        };
        call.resume(answer, now())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_decision_ends_with_a_valid_outcome(
        (choice, request) in choice().prop_flat_map(|choice| {
            let suffix = choice.env.suffix();
            (Just(choice), request(suffix))
        }),
        at_hand in select(vec![keys(), KeySet::default()]),
        keys in more_keys(),
        replies in vec(reply(), 0..3),
    ) {
        let authenticator = Authenticator::new(choice.options()).unwrap();
        let start = || authenticator.start(&RequestHead::from(&request), &at_hand, now());
        let outcome = Driver { replies, keys }.run(start());
        sound(&outcome, &choice);
        // Abandoning ends the decision too, and does not sign in.
        let mut step = start();
        let mut needs = 0;
        let outcome = loop {
            step = match step {
                Step::Done(outcome) => break outcome,
                Step::Need(need) => need.abandon(now()),
            };
            needs += 1;
            prop_assert!(needs <= 6);
        };
        sound(&outcome, &choice);
        prop_assert!(outcome.machine().is_none() || needs == 0);
    }

    #[test]
    fn the_same_request_has_the_same_outcome(request in request("naoXFJnI"), replies in vec(reply(), 2)) {
        let authenticator = Authenticator::new(Env::Live.options()).unwrap();
        let run = || {
            let step = authenticator.start(&RequestHead::from(&request), &keys(), now());
            let outcome = Driver { replies: replies.clone(), keys: Ok(keys()) }.run(step);
            (outcome.status(), outcome.reason().cloned(), outcome.headers().collect::<Vec<_>>())
        };
        prop_assert_eq!(run(), run());
    }
}
