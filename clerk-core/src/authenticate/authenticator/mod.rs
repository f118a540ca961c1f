//! The authenticator, which starts and resumes decisions.

mod choose;
mod diagnose;
mod pages;
mod resume;

use std::{fmt, sync::Arc};

use super::{
    config::{AuthenticateOptions, Config, OptionsError},
    decide::Decision,
    need::{Learned, Need, Suspended, Want},
    outcome::Outcome,
    request::RequestHead,
};
use crate::{
    Timestamp,
    token::{KeySet, TokenKind},
};

/// Authenticates requests according to its options. Cloning it increments a reference count.
#[derive(Clone)]
pub struct Authenticator(Arc<Config>);

/// The next step of a decision.
#[derive(Debug)]
#[must_use]
pub enum Step {
    /// The decision is complete.
    Done(Outcome),
    /// The decision needs a key or the result of a call to Clerk.
    Need(Need),
}

impl Authenticator {
    /// Creates an authenticator after checking its options.
    ///
    /// # Errors
    ///
    /// If an option is not valid, or options contradict each other.
    pub fn new(options: AuthenticateOptions) -> Result<Self, OptionsError> {
        options.check().map(|config| Self(Arc::new(config)))
    }

    /// Whether both are clones of the same authenticator, so that their decisions are the same.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether tokens of this kind are accepted.
    #[must_use]
    pub fn accepts(&self, kind: TokenKind) -> bool {
        self.0.accepts(kind)
    }

    /// Returns the suffix of the instance's cookies, as in `__session_<suffix>`; `None` without a publishable key.
    #[must_use]
    pub fn cookie_suffix(&self) -> Option<&str> {
        self.0.instance.as_ref().map(|instance| &*instance.suffix)
    }

    /// Starts the decision about a request at the time `now`, with the keys that are loaded so far.
    ///
    /// A token in the `Authorization` header takes precedence over cookies.
    pub fn start(&self, head: &RequestHead<'_>, keys: &KeySet, now: Timestamp) -> Step {
        static NOTHING: Learned = Learned::NOTHING;
        match (Decision { config: &self.0, head: *head, keys, learned: &NOTHING, now }).decide() {
            Ok(outcome) => Step::Done(outcome),
            Err(want) => self.suspend(want, head, keys, Learned::NOTHING),
        }
    }

    fn resume(&self, head: &RequestHead<'_>, keys: &KeySet, learned: Learned, now: Timestamp) -> Step {
        match (Decision { config: &self.0, head: *head, keys, learned: &learned, now }).decide() {
            Ok(outcome) => Step::Done(outcome),
            Err(want) => self.suspend(want, head, keys, learned),
        }
    }

    #[cold]
    fn suspend(&self, want: Want, head: &RequestHead<'_>, keys: &KeySet, learned: Learned) -> Step {
        Step::Need(want.into_need(Suspended::new(&self.0, head, keys, learned)))
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("accepted_kinds", &self.0.accepted_kinds)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{fmt::Debug, time::Duration};

    use http::{HeaderMap, HeaderValue, Request, header};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        Reason,
        authenticate::{
            Satellite,
            need::{KeyFailure, KeyNeeded},
            outcome::Status,
        },
        token::{
            Check,
            testing::{
                KEY, KID, NOW, OTHER_KEY, claims, header as jose, jwk, key_set, keys, now, pem,
                session_token, sign, sign_bytes,
            },
        },
    };

    const KEY_TEXT: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
    const SUFFIX: &str = "naoXFJnI";

    fn plain() -> Authenticator {
        Authenticator::new(AuthenticateOptions::new()).unwrap()
    }

    fn with_instance() -> Authenticator {
        Authenticator::new(AuthenticateOptions::new().publishable_key(KEY_TEXT.parse().unwrap())).unwrap()
    }

    fn request(method: &str, headers: &[(&str, &str)]) -> Request<()> {
        let mut builder = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(()).unwrap()
    }

    fn outcome(authenticator: &Authenticator, method: &str, headers: &[(&str, &str)]) -> Outcome {
        let request = request(method, headers);
        match authenticator.start(&RequestHead::from(&request), &keys(), now()) {
            Step::Done(outcome) => outcome,
            Step::Need(need) => panic!("{need:?}"),
        }
    }

    fn verdict(authenticator: &Authenticator, method: &str, headers: &[(&str, &str)]) -> String {
        let outcome = outcome(authenticator, method, headers);
        assert_eq!(outcome.status() == Status::SignedIn, outcome.reason().is_none());
        outcome.reason().map_or_else(|| "signed-in".to_owned(), ToString::to_string)
    }

    fn bearer(token: &str) -> String {
        format!("Bearer {token}")
    }

    fn cookie(token: &str) -> String {
        format!("__session={token}")
    }

    fn need(authenticator: &Authenticator, token: &str) -> KeyNeeded {
        let request = request("GET", &[("authorization", &bearer(token))]);
        match authenticator.start(&RequestHead::from(&request), &KeySet::default(), now()) {
            Step::Need(Need::Key(key)) => key,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn valid_tokens_sign_in_from_header_and_cookie() {
        let token = session_token(json!({"plan": "gold"}));
        for (name, value) in [("authorization", bearer(&token)), ("cookie", cookie(&token))] {
            let outcome = outcome(&plain(), "GET", &[(name, &value)]);
            assert_eq!(outcome.status(), Status::SignedIn);
            assert!(!outcome.has_headers() && outcome.reason().is_none() && !outcome.is_undecided());
            let session = outcome.session().unwrap();
            assert_eq!(session.claims().user_id(), "user_1");
            assert_eq!(session.expose_token(), token);
            assert_eq!(session.claims_as::<Value>().unwrap()["plan"], "gold");
        }
    }

    #[test]
    fn requests_without_a_token_are_signed_out() {
        for headers in [
            &[][..],
            &[("authorization", "Basic dTpw")],
            &[("authorization", "Bearer")],
            &[("cookie", "other=1; __session=")],
        ] {
            assert_eq!(verdict(&plain(), "GET", headers), "session-token-and-uat-missing");
            assert_eq!(verdict(&with_instance(), "POST", headers), "session-token-and-uat-missing");
        }
    }

    /// They are decided without the rules, unless one of these could apply.
    #[test]
    fn requests_with_nothing_of_clerks_are_decided_as_by_the_rules() {
        let development = "pk_test_Y2xlcmsuZXhhbXBsZS5jb20k";
        let satellite = |auto_sync| {
            let satellite = Satellite::domain("docs.example.org").auto_sync(auto_sync);
            AuthenticateOptions::new().publishable_key(KEY_TEXT.parse().unwrap()).satellite(satellite)
        };
        let of = |options| Authenticator::new(options).unwrap();
        let instance = of(AuthenticateOptions::new().publishable_key(development.parse().unwrap()));
        let document = [("host", "docs.example.org"), ("sec-fetch-dest", "document")];
        for (authenticator, on_page) in [
            (plain(), Status::SignedOut),
            (with_instance(), Status::SignedOut),
            (instance, Status::Handshake),
            (of(satellite(false)), Status::SignedOut),
            (of(satellite(true)), Status::Handshake),
        ] {
            for headers in [&document[..1], &document] {
                // A cookie of Clerk's that says nothing.
                let with_cookie = [headers, &[("cookie", "theme=dark; __session=")]].concat();
                for method in ["GET", "POST"] {
                    let [without, with] = [headers, &with_cookie].map(|headers| {
                        let outcome = outcome(&authenticator, method, headers);
                        (format!("{outcome:?}"), outcome.headers().collect::<HeaderMap>())
                    });
                    assert_eq!(without, with, "{method} {headers:?}");
                }
            }
            assert_eq!(outcome(&authenticator, "GET", &document).status(), on_page);
        }
    }

    #[test]
    fn an_active_client_without_a_session_has_its_own_reason() {
        let active = [("cookie", "__client_uat=1699999999")];
        assert_eq!(verdict(&with_instance(), "GET", &active), "client-uat-but-no-session-token");
        assert_eq!(verdict(&plain(), "GET", &active), "session-token-and-uat-missing");
        let inactive = [("cookie", "__client_uat=0")];
        assert_eq!(verdict(&with_instance(), "GET", &inactive), "session-token-and-uat-missing");
    }

    #[test]
    fn the_header_takes_precedence_over_cookies() {
        let (good, expired) = (session_token(json!({})), session_token(json!({"exp": NOW - 60})));
        let both = |header: &str, cookie_token: &str| {
            verdict(&plain(), "GET", &[("authorization", header), ("cookie", &cookie(cookie_token))])
        };
        assert_eq!(both(&bearer(&good), "garbage"), "signed-in");
        assert!(both(&bearer(&expired), &good).starts_with("session-token-expired"));
        assert_eq!(both("Bearer null", &good), "token-invalid");
        assert_eq!(both("Bearer", &good), "signed-in");
        assert_eq!(both("Basic dTpw", &good), "signed-in");
    }

    #[test]
    fn several_authorization_headers_are_rejected() {
        let good = bearer(&session_token(json!({})));
        let headers = [("authorization", &*good), ("authorization", &*good)];
        assert_eq!(verdict(&plain(), "GET", &headers), "token-invalid");
    }

    #[test]
    fn time_claims_have_their_own_reasons() {
        const NO_COOKIE: &str = "session-token-expired-refresh-non-eligible-no-refresh-cookie";
        const NON_GET: &str = "session-token-expired-refresh-non-eligible-non-get";
        for (changes, method, expected) in [
            (json!({"exp": NOW - 60}), "GET", NO_COOKIE),
            (json!({"exp": NOW - 60}), "POST", NON_GET),
            (json!({"exp": NOW - 60}), "HEAD", NON_GET),
            (json!({"nbf": NOW + 60}), "GET", "session-token-nbf"),
            (json!({"iat": NOW + 60}), "POST", "session-token-iat-in-the-future"),
        ] {
            let token = session_token(changes.clone());
            for (name, value) in [("authorization", bearer(&token)), ("cookie", cookie(&token))] {
                assert_eq!(verdict(&plain(), method, &[(name, &value)]), expected, "{changes} {name}");
            }
        }
        let expired = format!("{}; __refresh_{SUFFIX}=x", cookie(&session_token(json!({"exp": NOW - 60}))));
        assert_eq!(verdict(&plain(), "GET", &[("cookie", &expired)]), NO_COOKIE);
    }

    #[test]
    fn tokens_of_other_kinds_are_rejected_in_header_and_cookie() {
        for (token, expected) in [
            ("ak_0123456789".to_owned(), "token-invalid"),
            ("mt_0123456789".to_owned(), "token-invalid"),
            ("oat_0123456789".to_owned(), "token-invalid"),
            (sign(&jose(json!({"typ": "at+jwt"})), &claims(json!({}))), "token-type-mismatch"),
            (sign(&jose(json!({"cat": "cl_B7d4PD222AAA"})), &claims(json!({}))), "token-type-mismatch"),
            (sign(&jose(json!({"cat": "cl_B7d4PD333AAA"})), &claims(json!({}))), "token-type-mismatch"),
            (session_token(json!({"sub": "mch_1"})), "token-type-mismatch"),
        ] {
            for (name, value) in [("authorization", bearer(&token)), ("cookie", cookie(&token))] {
                assert_eq!(verdict(&plain(), "GET", &[(name, &value)]), expected, "{token} {name}");
                // They do not cause a call to Clerk either.
                let request = request("GET", &[(name, &value)]);
                let step = plain().start(&RequestHead::from(&request), &KeySet::default(), now());
                assert!(matches!(step, Step::Done(_)));
            }
        }
    }

    #[test]
    fn pending_sessions_are_returned_only_on_request() {
        let token = session_token(json!({"sts": "pending", "pla": "u:pro"}));
        let outcome = outcome(&plain(), "GET", &[("authorization", &bearer(&token))]);
        assert_eq!(outcome.status(), Status::SignedIn);
        assert!(outcome.session().is_none());
        let session = outcome.session_or_pending().unwrap();
        assert!(session.claims().is_pending() && session.claims().has(&Check::new().plan("pro")));
    }

    #[test]
    fn suffixed_cookies_take_precedence() {
        let (ours, theirs) = (
            session_token(json!({"sub": "user_ours"})),
            session_token(json!({"sub": "user_theirs", "iss": "https://clerk.other.com"})),
        );
        let cookies =
            format!("__session={theirs}; __session_{SUFFIX}={ours}; __client_uat_{SUFFIX}=1; __client_uat=0");
        let signed_in = outcome(&with_instance(), "GET", &[("cookie", &cookies)]);
        assert_eq!(signed_in.session().unwrap().claims().user_id(), "user_ours");
        // Without a publishable key, the suffix is not known.
        let cookies = cookies.replace("__client_uat=0", "__client_uat=1");
        let signed_in = outcome(&plain(), "GET", &[("cookie", &cookies)]);
        assert_eq!(signed_in.session().unwrap().claims().user_id(), "user_theirs");
    }

    #[test]
    fn options_for_tokens_are_applied() {
        let token = bearer(&session_token(json!({"aud": "web"})));
        let try_with =
            |options| verdict(&Authenticator::new(options).unwrap(), "GET", &[("authorization", &token)]);
        let options = AuthenticateOptions::new;
        assert_eq!(try_with(options().authorized_parties(["https://app.example.com"])), "signed-in");
        assert_eq!(
            try_with(options().authorized_parties(["https://b.example.com"])),
            "token-invalid-authorized-parties"
        );
        assert_eq!(try_with(options().audiences(["web"])), "signed-in");
        assert_eq!(try_with(options().audiences(["api"])), "token-verification-failed");
        assert_eq!(try_with(options().header_types(["foo"])), "token-invalid");
        assert!(
            try_with(options().clock_skew(crate::token::ClockSkew::from_millis(-60_000)))
                .starts_with("session-token-expired")
        );
        assert_eq!(try_with(options().clock_skew(Duration::from_secs(60))), "signed-in");
    }

    #[test]
    fn a_configured_key_needs_no_network() {
        let keys = KeySet::from_pem(&pem(&KEY)).unwrap();
        for changes in [json!({}), json!({"kid": null}), json!({"kid": 5}), json!({"kid": "\u{0}"})] {
            let token = sign(&jose(changes), &claims(json!({})));
            let request = request("GET", &[("authorization", &bearer(&token))]);
            let Step::Done(outcome) = plain().start(&RequestHead::from(&request), &keys, now()) else {
                panic!()
            };
            assert_eq!(outcome.status(), Status::SignedIn);
        }
        let keys = KeySet::from_pem(&pem(&OTHER_KEY)).unwrap();
        let request = request("GET", &[("authorization", &bearer(&session_token(json!({}))))]);
        let Step::Done(outcome) = plain().start(&RequestHead::from(&request), &keys, now()) else { panic!() };
        assert_eq!(outcome.reason(), Some(&Reason::TokenInvalidSignature));
    }

    #[test]
    fn a_missing_key_is_needed_and_used() {
        let token = session_token(json!({}));
        let needed = need(&plain(), &token);
        assert_eq!(needed.kid(), KID);
        let Step::Done(outcome) = needed.resume(Ok(&keys()), now()) else { panic!() };
        assert_eq!(outcome.session().unwrap().expose_token(), token);
        assert!(!outcome.is_undecided());
        // The token may expire while the key is fetched.
        let later = Timestamp::from_secs(NOW + 60);
        let Step::Done(outcome) = need(&plain(), &token).resume(Ok(&keys()), later) else { panic!() };
        assert!(outcome.reason().unwrap().as_str().starts_with("session-token-expired"));
    }

    #[test]
    fn a_key_that_is_still_missing_rejects_the_token() {
        let other = key_set(json!([jwk(&OTHER_KEY, "other")]));
        let Step::Done(outcome) = need(&plain(), &session_token(json!({}))).resume(Ok(&other), now()) else {
            panic!()
        };
        assert_eq!(outcome.reason(), Some(&Reason::JwkKidMismatch));
        assert!(!outcome.is_undecided());
    }

    #[test]
    fn keys_that_were_fetched_for_one_token_reject_no_other_token() {
        // The handshake's token and the session token that it brings name different keys.
        let handshake = sign(
            &jose(json!({"kid": "other"})),
            &json!({"handshake": [format!("__session={}; Path=/", session_token(json!({})))]}),
        );
        let request = request("GET", &[("cookie", &format!("__clerk_handshake={handshake}"))]);
        let head = RequestHead::from(&request);
        let Step::Need(Need::Key(first)) = with_instance().start(&head, &KeySet::default(), now()) else {
            panic!()
        };
        assert_eq!(first.kid(), "other");
        let only_other = key_set(json!([jwk(&KEY, "other")]));
        let Step::Need(Need::Key(second)) = first.resume(Ok(&only_other), now()) else { panic!() };
        assert_eq!(second.kid(), KID);
        let both = key_set(json!([jwk(&KEY, "other"), jwk(&KEY, KID)]));
        let Step::Done(outcome) = second.resume(Ok(&both), now()) else { panic!() };
        assert_eq!(outcome.session().unwrap().claims().user_id(), "user_1");
    }

    #[test]
    fn a_key_that_cannot_be_loaded_leaves_the_request_undecided() {
        for (failure, reason) in [
            (KeyFailure::Unreachable, "unexpected-error"),
            (KeyFailure::FailedToLoad, "jwk-remote-failed-to-load"),
            (KeyFailure::SecretKeyInvalid, "secret-key-invalid"),
            (KeyFailure::NotConfigured, "jwk-failed-to-resolve"),
            (KeyFailure::TooManyKeyIds, "jwk-kid-mismatch"),
        ] {
            let Step::Done(outcome) = need(&plain(), &session_token(json!({}))).resume(Err(failure), now())
            else {
                panic!()
            };
            assert_eq!(outcome.reason().unwrap().as_str(), reason);
            assert_eq!(outcome.status(), Status::SignedOut);
            assert!(outcome.is_undecided() && outcome.session().is_none());
        }
        let step = Need::Key(need(&plain(), &session_token(json!({})))).abandon(now());
        assert!(matches!(step, Step::Done(outcome) if outcome.is_undecided()));
    }

    #[test]
    fn implausible_key_ids_are_never_needed() {
        for kid in [Value::Null, json!(""), json!(5), json!("a b"), json!("é"), json!("k".repeat(257))] {
            let token = sign(&jose(json!({"kid": kid})), &claims(json!({})));
            let request = request("GET", &[("authorization", &bearer(&token))]);
            let Step::Done(outcome) = plain().start(&RequestHead::from(&request), &KeySet::default(), now())
            else {
                panic!("{kid}")
            };
            assert_eq!(outcome.reason(), Some(&Reason::JwkKidMismatch));
        }
    }

    #[test]
    fn signed_out_outcomes_have_headers() {
        let signed_out = outcome(&plain(), "GET", &[("authorization", "Bearer x")]);
        assert_eq!(signed_out.headers().collect::<HeaderMap>()["x-clerk-auth-status"], "signed-out");
        assert_eq!(signed_out.headers().collect::<HeaderMap>()["x-clerk-auth-reason"], "token-invalid");
        assert_eq!(signed_out.headers().count(), 2);
        let debugging = Authenticator::new(AuthenticateOptions::new().debug_headers(true)).unwrap();
        let signed_out = outcome(&debugging, "GET", &[("authorization", "Bearer x")]);
        assert_eq!(
            signed_out.headers().collect::<HeaderMap>()["x-clerk-auth-message"],
            "expected a token with three segments (reason=token-invalid, token-carrier=header)"
        );
    }

    #[test]
    fn debug_shows_nothing_of_a_token() {
        let token = session_token(json!({}));
        let signed_in = outcome(&plain(), "GET", &[("authorization", &bearer(&token))]);
        let request = request("GET", &[("authorization", &bearer(&token))]);
        let values: [(&dyn Debug, &str); 5] = [
            (
                &signed_in,
                "Outcome { status: SignedIn, reason: None, token_kind: Some(Session), undecided: false, .. }",
            ),
            (&signed_in.session(), "Some(SessionAuth { .. })"),
            (&need(&plain(), &token), "KeyNeeded { .. }"),
            (&RequestHead::from(&request), "RequestHead { method: GET, .. }"),
            (&with_instance(), "Authenticator { accepted_kinds: AcceptedKinds(One(Session)), .. }"),
        ];
        for (value, expected) in values {
            assert_eq!(format!("{value:?}"), expected);
        }
        let options = format!("{:?}", AuthenticateOptions::new());
        assert!(options.starts_with("AuthenticateOptions { verify: "), "{options}");
    }

    #[test]
    fn public_types_are_send_and_sync() {
        fn shared<T: Send + Sync + 'static>() {}
        shared::<Authenticator>();
        shared::<Outcome>();
        shared::<KeyNeeded>();
        shared::<Step>();
        shared::<KeySet>();
    }

    proptest! {
        #[test]
        fn headers_never_panic(authorization: Vec<u8>, cookies: Vec<u8>) {
            let mut request = Request::new(());
            for (name, value) in [(header::AUTHORIZATION, authorization), (header::COOKIE, cookies)] {
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    request.headers_mut().append(name, value);
                }
            }
            let _ = with_instance().start(&RequestHead::from(&request), &keys(), now());
        }

        #[test]
        fn cookies_never_panic(cookies in "(__session|__session_naoXFJnI|__client_uat|__client_uat_naoXFJnI|__refresh_naoXFJnI|[=;% ]|[a-z0-9.%-]{0,6}){0,20}") {
            let Ok(value) = HeaderValue::from_str(&cookies) else { return Ok(()) };
            let mut request = Request::new(());
            request.headers_mut().append(header::COOKIE, value);
            let _ = with_instance().start(&RequestHead::from(&request), &keys(), now());
        }

        #[test]
        fn modified_tokens_never_sign_in(at in 0_usize..700, byte in 33_u8..127) {
            let token = sign_bytes(
                &KEY,
                jose(json!({})).to_string().as_bytes(),
                claims(json!({})).to_string().as_bytes(),
            );
            let mut changed = token.clone().into_bytes();
            let at = at % changed.len();
            changed[at] = byte;
            let changed = String::from_utf8(changed).unwrap();
            prop_assume!(changed != token);
            let request = request("GET", &[("authorization", &bearer(&changed))]);
            if let Step::Done(outcome) =
                plain().start(&RequestHead::from(&request), &keys(), now())
            {
                prop_assert_eq!(outcome.status(), Status::SignedOut);
            }
        }
    }
}
