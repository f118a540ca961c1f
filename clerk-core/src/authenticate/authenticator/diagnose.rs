//! Diagnosis of probable mistakes in the configuration.

use super::Authenticator;
use crate::{
    Timestamp,
    authenticate::{
        outcome::{self, Diagnosis, Outcome},
        request::RequestHead,
    },
};

impl Authenticator {
    /// Returns the probable mistake in the configuration, if the outcome of a request suggests one.
    ///
    /// It reads the request again, so call it for rejected requests only.
    #[must_use]
    pub fn diagnose(&self, head: &RequestHead<'_>, outcome: &Outcome, now: Timestamp) -> Option<Diagnosis> {
        outcome::diagnose(&self.0, head, outcome, now)
    }

    /// Returns the probable mistake when this request causes a redirect: its URL may not be the public one.
    #[must_use]
    pub fn diagnose_redirect(&self, head: &RequestHead<'_>) -> Option<Diagnosis> {
        outcome::diagnose_redirect(&self.0, head)
    }
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "tests pass the values of `json!`")]
mod tests {
    use http::Request;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        authenticate::{
            Step,
            config::{AuthenticateOptions, Forwarded},
            need::Need,
        },
        token::{
            TokenKind,
            testing::{KEY, NOW, header, jwk, key_set, now, session_token, sign},
        },
    };

    const SUFFIX: &str = "naoXFJnI";

    fn options() -> AuthenticateOptions {
        AuthenticateOptions::new().publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".parse().unwrap())
    }

    fn diagnosis(options: AuthenticateOptions, headers: &[(&str, &str)]) -> Option<Diagnosis> {
        let authenticator = Authenticator::new(options).unwrap();
        let mut request = Request::get("/").header("host", "app.example.com");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        let (head, keys) = (RequestHead::from(&request), key_set(json!([jwk(&KEY, "ins_test")])));
        let outcome = match authenticator.start(&head, &keys, now()) {
            Step::Done(outcome) => outcome,
            Step::Need(Need::Key(key)) => {
                let Step::Done(outcome) = key.resume(Ok(&keys), now()) else { panic!() };
                outcome
            }
            Step::Need(need) => panic!("{need:?}"),
        };
        authenticator.diagnose(&head, &outcome, now())
    }

    fn of_token(options: AuthenticateOptions, token: &str) -> Option<Diagnosis> {
        diagnosis(options, &[("authorization", &format!("Bearer {token}"))])
    }

    fn unknown_key(issuer: Value) -> String {
        sign(&header(json!({"kid": "ins_other"})), &crate::token::testing::claims(json!({"iss": issuer})))
    }

    #[test]
    fn tokens_of_another_instance_are_diagnosed_with_both_hosts() {
        let expected = "clerk.example.com".to_owned();
        for (issuer, shown) in [
            ("https://clerk.other.com", "clerk.other.com"),
            ("https://clerk.other.com/path", "clerk.other.com"),
            ("clerk.other.com:80", "clerk.other.com:80"),
            ("line\nbreak", "an invalid address"),
            ("\u{1b}[31m", "an invalid address"),
            ("https://", "an invalid address"),
            (&"a".repeat(100), &*"a".repeat(100)),
            (&"a".repeat(101), &*format!("{}…", "a".repeat(100))),
            (&"é".repeat(60), "an invalid address"),
        ] {
            let found = of_token(options(), &unknown_key(json!(issuer)));
            let issuer = shown.to_owned();
            assert_eq!(found, Some(Diagnosis::OtherInstance { issuer, expected: expected.clone() }));
        }
        let same = of_token(options(), &unknown_key(json!("https://clerk.example.com")));
        assert_eq!(same, Some(Diagnosis::OtherKeys { issuer: expected }));
        // Without a publishable key, there is nothing to compare with.
        let found = of_token(AuthenticateOptions::new(), &unknown_key(json!("https://clerk.other.com")));
        assert_eq!(found.unwrap().code(), "other-keys");
        assert_eq!(of_token(options(), &unknown_key(json!(null))), None);
    }

    #[test]
    fn only_cookies_of_another_instance_are_diagnosed() {
        let token = session_token(json!({"iss": "https://clerk.other.com"}));
        let foreign = format!("__session={token}; __client_uat=1");
        let found = diagnosis(options(), &[("cookie", &foreign)]).unwrap();
        assert!(
            found
                .to_string()
                .contains("issued by clerk.other.com, but the publishable key belongs to clerk.exam")
        );
        for cookies in ["", "theme=dark", "__session=garbage", "__client_uat=0"] {
            assert_eq!(diagnosis(options(), &[("cookie", cookies)]), None, "{cookies}");
        }
        // The visitor has signed out here, and another application's cookie is present.
        let signed_out = format!("{foreign}; __client_uat_{SUFFIX}=0");
        assert_eq!(diagnosis(options(), &[("cookie", &signed_out)]), None);
        assert_eq!(diagnosis(options(), &[]), None);
    }

    #[test]
    fn cookies_without_the_publishable_key_are_diagnosed_when_a_browser_navigates() {
        let expired = format!("__session={}; __client_uat=1", session_token(json!({"exp": NOW - 300})));
        let suffixed = format!("__session_{SUFFIX}=x; __client_uat_{SUFFIX}=1");
        let (page, script) = (("sec-fetch-dest", "document"), ("sec-fetch-dest", "empty"));
        let missing = Some(Diagnosis::PublishableKeyMissing);
        for (cookies, destination, expected) in [
            (&*expired, page, missing.clone()),
            (&suffixed, page, missing.clone()),
            ("__client_uat=1", page, missing.clone()),
            // Scripts are told to get a new token, and visitors without cookies to sign in.
            (&expired, script, None),
            ("theme=dark", page, None),
            // What is wrong with the token comes first.
            (&format!("__session={}", unknown_key(json!("https://a.example.com"))), page, {
                Some(Diagnosis::OtherKeys { issuer: "a.example.com".to_owned() })
            }),
        ] {
            let found = diagnosis(AuthenticateOptions::new(), &[("cookie", cookies), destination]);
            assert_eq!(found, expected, "{cookies} {destination:?}");
            let found = diagnosis(options(), &[("cookie", cookies), destination]);
            assert_ne!(found, missing, "{cookies} {destination:?}");
        }
        let token = session_token(json!({"exp": NOW - 300}));
        assert_eq!(of_token(AuthenticateOptions::new(), &token), None);
        // Machines bring no cookies, so a browser's are of no use.
        let machines = AuthenticateOptions::new().accepted_kinds(TokenKind::ApiKey);
        assert_eq!(diagnosis(machines, &[("cookie", &expired), page]), None);
    }

    #[test]
    fn clock_skew_is_diagnosed_with_its_size() {
        for (changes, expected) in [
            (json!({"nbf": NOW + 300}), Some(Diagnosis::ClockBehind { seconds: 300 })),
            (json!({"iat": NOW + 61}), Some(Diagnosis::ClockBehind { seconds: 61 })),
            // An expired token is nothing unusual.
            (json!({"exp": NOW - 300}), None),
        ] {
            assert_eq!(of_token(options(), &session_token(changes.clone())), expected, "{changes}");
        }
        // Also in a redirect loop: the browser may have had it for long.
        let token = session_token(json!({"exp": NOW - 240}));
        let cookies =
            |count: u32| format!("__session={token}; __client_uat=1; __clerk_redirect_count={count}");
        for (count, expected) in [(0, None), (2, None), (3, Some("redirect-loop"))] {
            let headers = [("cookie", &*cookies(count)), ("sec-fetch-dest", "document")];
            let found = diagnosis(options(), &headers);
            assert_eq!(found.as_ref().map(Diagnosis::code), expected, "{count}");
        }
        // Unless Clerk issued it just now: the browser returns from there with it.
        let handshake = json!({"handshake": [format!("__session={token}")]});
        let handshake = sign(&header(json!({})), &handshake);
        for (count, expected) in [(0, None), (1, Some(Diagnosis::ClockAhead { seconds: 240 }))] {
            let cookies = format!("{}; __clerk_handshake={handshake}", cookies(count));
            let headers = [("cookie", &*cookies), ("sec-fetch-dest", "document")];
            assert_eq!(diagnosis(options(), &headers), expected, "{count}");
        }
    }

    #[test]
    fn redirect_loops_are_diagnosed_at_the_limit() {
        for (count, expected) in [(2, None), (3, Some("redirect-loop")), (9, Some("redirect-loop"))] {
            let cookies = format!("__client_uat=1; __clerk_redirect_count={count}");
            let found = diagnosis(options(), &[("cookie", &cookies), ("accept", "text/html")]);
            assert_eq!(found.as_ref().map(Diagnosis::code), expected, "{count}");
            let found = diagnosis(options(), &[("cookie", &cookies), ("accept", "application/json")]);
            assert_eq!(found, None);
        }
    }

    #[test]
    fn ignored_forwarded_headers_are_diagnosed_on_redirects() {
        let navigates = [("cookie", "__client_uat=1"), ("accept", "text/html")];
        let found = |forwarded: Forwarded, headers: &[(&str, &str)]| {
            let headers = [&navigates[..], headers].concat();
            diagnosis(options().forwarded(forwarded), &headers).map(|found| found.code())
        };
        let host = [("x-forwarded-host", "www.example.com")];
        assert_eq!(found(Forwarded::Ignore, &host), Some("forwarded-ignored"));
        assert_eq!(found(Forwarded::Ignore, &[("x-forwarded-proto", "https")]), Some("forwarded-ignored"));
        assert_eq!(found(Forwarded::Ignore, &[("x-forwarded-host", "app.example.com")]), None);
        assert_eq!(found(Forwarded::Ignore, &[("x-forwarded-proto", "http")]), None);
        assert_eq!(found(Forwarded::Ignore, &[]), None);
        assert_eq!(found(Forwarded::TrustFirst, &host), None);
        assert_eq!(found(Forwarded::Origin("https://a.com".parse().unwrap()), &host), None);
    }

    #[test]
    fn unauthorized_parties_are_diagnosed_with_their_origin() {
        for (party, shown) in [
            (json!("https://app.example.com"), Some("https://app.example.com")),
            (json!(null), None),
            (json!("a\nb"), Some("an invalid address")),
        ] {
            let options = options().authorized_parties(["https://other.example.com"]);
            let found = of_token(options, &session_token(json!({"azp": party})));
            let expected =
                shown.map_or(Diagnosis::NoParty, |party| Diagnosis::OtherParty { party: party.to_owned() });
            assert_eq!(found, Some(expected));
        }
    }
}
