//! What is probably wrong with the configuration when requests are refused that should not be.

use http::{HeaderMap, header::COOKIE};

use super::{
    Authenticator, Forwarded, Outcome, Reason, RequestHead,
    authorization::{self, Authorization},
    browser::Browser,
    case::Case,
    need::Answers,
    public_url,
    suffix::is_issued_by,
};
use crate::{
    Timestamp,
    token::{Issuer, KeySet, Token},
};

/// What is probably wrong with the configuration, or with a clock, when a request is refused. A guess for whoever
/// runs the service, and for nobody outside: write it into a log, and not more often than once in a while.
///
/// What it repeats of a request are hosts and seconds. Hosts come from tokens that may be forged; they are cut in
/// length and hold nothing but what a host is written with.
///
/// ```
/// use clerk_core::{
///     Timestamp,
///     authenticate::{AuthenticateOptions, Authenticator, RequestHead, Step},
///     token::KeySet,
/// };
///
/// let authenticator = Authenticator::new(AuthenticateOptions::new())?;
/// let request = http::Request::get("/").body(())?;
/// let (head, now) = (RequestHead::from(&request), Timestamp::from_secs(1_700_000_000));
/// let Step::Done(outcome) = authenticator.start(&head, &KeySet::default(), now) else { unreachable!() };
///
/// // A visitor without a token is no sign of a mistake.
/// assert_eq!(authenticator.diagnose(&head, &outcome, now), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Diagnosis {
    /// The token was issued by another instance than the publishable key's.
    #[error(
        "a session token was issued by {issuer}, and the publishable key says {expected}: the front end and this \
         service are configured for two instances, or another application on the same domain set the cookie. Take \
         all keys from one instance's API keys page"
    )]
    OtherInstance {
        /// The host that the token names.
        issuer: String,
        /// The host that the publishable key names.
        expected: String,
    },
    /// The token names a key that the instance does not have.
    #[error(
        "a session token from {issuer} names a key that is not among this instance's: the secret key belongs to \
         another instance than the front end's publishable key, or the token is forged. Take all keys from one \
         instance's API keys page"
    )]
    OtherKeys {
        /// The host that the token names.
        issuer: String,
    },
    /// A genuine token is from the future.
    #[error(
        "a genuine session token starts {seconds} s in the future by this computer's clock: the clock is behind. \
         Look at its time synchronisation (NTP)"
    )]
    ClockBehind {
        /// How far.
        seconds: u64,
    },
    /// A browser comes back from Clerk with a token that has expired already.
    #[error(
        "a browser came back from Clerk with a session token that expired {seconds} s ago by this computer's \
         clock: the clock is probably ahead. Look at its time synchronisation (NTP)"
    )]
    ClockAhead {
        /// For how long the token has been over.
        seconds: u64,
    },
    /// A browser was sent to Clerk, or to the sign-in page, and back again and again.
    #[error(
        "a browser was sent to Clerk and back until the limit, for the reason {0}: its cookies do not arrive, or are \
         refused each time. The browser blocks them (open the page itself, not in a frame), the page's public address is \
         not the one Clerk knows (see Forwarded and proxy_url), or a key is another instance's"
    )]
    RedirectLoop(Reason),
    /// A browser keeps no cookies: it does not even count how often it is sent to Clerk.
    #[error(
        "a browser came back from Clerk without the cookie that it was given on the way there: it keeps no cookies, or \
         took longer than two seconds. Browsers keep none for a page in a frame of another site, and strict ones none \
         of a development instance: open the page itself; a production instance is on your own domain"
    )]
    CookiesBlocked,
    /// A browser is redirected under an address that may not be the public one.
    #[error(
        "a redirect was made with the request's own Host and http, and X-Forwarded-Host or X-Forwarded-Proto say \
         something else: if a server that you trust sets them, configure \
         `.authentication(|options| options.forwarded(Forwarded::TrustFirst))`, or better the public address with \
         Forwarded::Origin"
    )]
    ForwardedIgnored,
    /// A genuine token was issued to an origin that is not authorized.
    #[error(
        "a genuine session token was issued to {party}, which is not among authorized_parties: add it if it is \
         yours, scheme and port included"
    )]
    OtherParty {
        /// The origin that the token names.
        party: String,
    },
}

impl Diagnosis {
    /// A stable name, for logs: `other-instance`, `other-keys`, `clock-behind`, `clock-ahead`, `redirect-loop`,
    /// `cookies-blocked`, `forwarded-ignored`, `other-party`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OtherInstance { .. } => "other-instance",
            Self::OtherKeys { .. } => "other-keys",
            Self::ClockBehind { .. } => "clock-behind",
            Self::ClockAhead { .. } => "clock-ahead",
            Self::RedirectLoop(_) => "redirect-loop",
            Self::CookiesBlocked => "cookies-blocked",
            Self::ForwardedIgnored => "forwarded-ignored",
            Self::OtherParty { .. } => "other-party",
        }
    }
}

impl Authenticator {
    /// What is probably wrong when this comes of a request. It reads the request again: ask for refused requests
    /// only.
    #[must_use]
    pub fn diagnose(&self, head: &RequestHead<'_>, outcome: &Outcome, now: Timestamp) -> Option<Diagnosis> {
        let reason = outcome.reason()?;
        let is_early = matches!(reason, Reason::SessionTokenNbf | Reason::SessionTokenIatInTheFuture);
        if outcome.location().is_some() && !is_early {
            let is_blocked = is_back_from_clerk(head) && !has_clerks_cookies(head.headers);
            return if is_blocked { Some(Diagnosis::CookiesBlocked) } else { self.diagnose_redirect(head) };
        }
        if outcome.is_undecided() || (outcome.is_anonymous() && !has_clerks_cookies(head.headers)) {
            return None;
        }
        let (keys, answers) = (KeySet::default(), Answers::default());
        let case = Case { config: self.config(), head: *head, keys: &keys, answers: &answers, now };
        let clues = Clues { browser: Browser::new(&case), case: &case };
        match reason {
            _ if is_early => clues.clock_behind(),
            Reason::TokenInvalidAuthorizedParties => clues.other_party(),
            Reason::JwkKidMismatch => clues.other_keys(),
            Reason::SessionTokenAndUatMissing => clues.other_cookie(),
            _ if clues.browser.is_going_round() => {
                Some(clues.clock_ahead(reason).unwrap_or_else(|| Diagnosis::RedirectLoop(reason.clone())))
            }
            _ if outcome.is_anonymous() => clues.other_cookie(),
            _ => None,
        }
    }

    /// What is probably wrong when a redirect is made from this request: its address may not be the public one.
    #[must_use]
    pub fn diagnose_redirect(&self, head: &RequestHead<'_>) -> Option<Diagnosis> {
        let is_forwarded =
            ["x-forwarded-host", "x-forwarded-proto"].iter().any(|name| head.headers.contains_key(*name));
        if !is_forwarded || self.config().forwarded != Forwarded::Ignore {
            return None;
        }
        let page = public_url::of(head, &Forwarded::Ignore);
        (page != public_url::of(head, &Forwarded::TrustFirst)).then_some(Diagnosis::ForwardedIgnored)
    }
}

/// Whether the address brings what a handshake, or its nonce, is handed over with.
fn is_back_from_clerk(head: &RequestHead<'_>) -> bool {
    head.uri.query().is_some_and(|query| query.contains("__clerk_handshake"))
}

/// Whether anything of a visitor's is worth a look: most have nothing.
fn has_clerks_cookies(headers: &HeaderMap) -> bool {
    headers.get_all(COOKIE).iter().any(|field| {
        let field = field.as_bytes();
        [&b"__session"[..], b"__client_uat", b"__clerk_"]
            .iter()
            .any(|name| memchr::memmem::find(field, name).is_some())
    })
}

/// What there is to see of a request that was refused.
struct Clues<'a> {
    case: &'a Case<'a>,
    browser: Browser<'a>,
}

impl Clues<'_> {
    /// The session token that was judged.
    fn token(&self) -> Option<Token> {
        match authorization::token(self.case.head.headers) {
            Authorization::Token(text) => Token::decode(text).ok(),
            Authorization::Broken => None,
            Authorization::None => Token::decode(self.browser.chosen().session?).ok(),
        }
    }

    fn expected(&self) -> Option<&str> {
        self.case.config.instance.as_ref().map(|instance| &*instance.frontend_api)
    }

    fn clock_behind(&self) -> Option<Diagnosis> {
        let token = self.token()?;
        let start = token.unverified_not_before().max(token.unverified_issued_at())?;
        let seconds = u64::try_from(start.as_secs().saturating_sub(self.case.now.as_secs())).ok()?;
        Some(Diagnosis::ClockBehind { seconds })
    }

    /// Only a browser that has just been at Clerk's has a token that must be fresh.
    fn clock_ahead(&self, reason: &Reason) -> Option<Diagnosis> {
        if !reason.as_str().starts_with("session-token-expired") {
            return None;
        }
        let end = self.token()?.unverified_expires_at()?;
        let seconds = u64::try_from(self.case.now.as_secs().saturating_sub(end.as_secs())).ok()?;
        Some(Diagnosis::ClockAhead { seconds })
    }

    fn other_keys(&self) -> Option<Diagnosis> {
        let token = self.token()?;
        match (token.issuer(), self.expected()) {
            (Issuer::Text(issuer), Some(expected)) if !is_issued_by(issuer, expected) => {
                Some(Diagnosis::OtherInstance { issuer: host(issuer), expected: expected.to_owned() })
            }
            (Issuer::Text(issuer), _) => Some(Diagnosis::OtherKeys { issuer: host(issuer) }),
            (Issuer::Nothing | Issuer::Strange, _) => None,
        }
    }

    fn other_party(&self) -> Option<Diagnosis> {
        let token = self.token()?;
        let party = token.unverified_party().map_or_else(|| "nobody (there is no azp)".to_owned(), origin);
        Some(Diagnosis::OtherParty { party })
    }

    /// A visitor without a session of this instance, but with one of another.
    fn other_cookie(&self) -> Option<Diagnosis> {
        let expected = self.expected()?;
        let token = Token::decode(self.browser.foreign_session()?).ok()?;
        match token.issuer() {
            Issuer::Text(issuer) if !is_issued_by(issuer, expected) => {
                Some(Diagnosis::OtherInstance { issuer: host(issuer), expected: expected.to_owned() })
            }
            _ => None,
        }
    }
}

/// Names of hosts have at most 253 characters; those of Clerk's instances have some forty.
const LONGEST: usize = 100;

/// An issuer's host, or that it has none.
fn host(issuer: &str) -> String {
    let host = issuer.strip_prefix("https://").or_else(|| issuer.strip_prefix("http://")).unwrap_or(issuer);
    cleaned(host.split_once('/').map_or(host, |(host, _)| host), |byte| matches!(byte, b'.' | b'-' | b':'))
}

/// The origin that a token was issued to.
fn origin(party: &str) -> String {
    cleaned(party, |byte| matches!(byte, b'.' | b'-' | b':' | b'/'))
}

/// The text, as far as it is written with letters, digits and these.
fn cleaned(text: &str, other: impl Fn(u8) -> bool) -> String {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || other(byte));
    match text.get(..LONGEST) {
        _ if text.is_empty() || !is_plain => "something that is no host".to_owned(),
        Some(cut) if cut.len() < text.len() => format!("{cut}…"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "tests hand over what `json!` makes")]
mod tests {
    use http::Request;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        authenticate::{AuthenticateOptions, Step},
        token::testing::{KEY, NOW, header, jwk, key_set, now, session_token, sign},
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
            Step::Need(super::super::Need::Key(key)) => {
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
    fn tokens_of_another_instance_name_both() {
        let expected = "clerk.example.com".to_owned();
        for (issuer, shown) in [
            ("https://clerk.other.com", "clerk.other.com"),
            ("https://clerk.other.com/path", "clerk.other.com"),
            ("clerk.other.com:80", "clerk.other.com:80"),
            ("line\nbreak", "something that is no host"),
            ("\u{1b}[31m", "something that is no host"),
            ("https://", "something that is no host"),
            (&"a".repeat(101), &*format!("{}…", "a".repeat(100))),
            (&"é".repeat(60), "something that is no host"),
        ] {
            let found = of_token(options(), &unknown_key(json!(issuer)));
            let issuer = shown.to_owned();
            assert_eq!(found, Some(Diagnosis::OtherInstance { issuer, expected: expected.clone() }));
        }
        let same = of_token(options(), &unknown_key(json!("https://clerk.example.com")));
        assert_eq!(same, Some(Diagnosis::OtherKeys { issuer: expected }));
        // Without a publishable key there is nothing to compare with.
        let found = of_token(AuthenticateOptions::new(), &unknown_key(json!("https://clerk.other.com")));
        assert_eq!(found.unwrap().code(), "other-keys");
        assert_eq!(of_token(options(), &unknown_key(json!(null))), None);
    }

    #[test]
    fn cookies_of_another_instance_are_told_from_visitors() {
        let token = session_token(json!({"iss": "https://clerk.other.com"}));
        let foreign = format!("__session={token}; __client_uat=1");
        let found = diagnosis(options(), &[("cookie", &foreign)]).unwrap();
        assert!(
            found.to_string().contains("issued by clerk.other.com, and the publishable key says clerk.exam")
        );
        for cookies in ["", "theme=dark", "__session=garbage", "__client_uat=0"] {
            assert_eq!(diagnosis(options(), &[("cookie", cookies)]), None, "{cookies}");
        }
        // Somebody has signed out here, and another application's cookie is beside that.
        let signed_out = format!("{foreign}; __client_uat_{SUFFIX}=0");
        assert_eq!(diagnosis(options(), &[("cookie", &signed_out)]), None);
        assert_eq!(diagnosis(options(), &[]), None);
    }

    #[test]
    fn clocks_are_measured() {
        for (changes, expected) in [
            (json!({"nbf": NOW + 300}), Some(Diagnosis::ClockBehind { seconds: 300 })),
            (json!({"iat": NOW + 61}), Some(Diagnosis::ClockBehind { seconds: 61 })),
            // A token that has expired is nothing unusual.
            (json!({"exp": NOW - 300}), None),
        ] {
            assert_eq!(of_token(options(), &session_token(changes.clone())), expected, "{changes}");
        }
        // Unless it was made just now.
        let token = session_token(json!({"exp": NOW - 240}));
        let cookies =
            |count: u32| format!("__session={token}; __client_uat=1; __clerk_redirect_count={count}");
        for (count, expected) in [(0, None), (2, None), (3, Some(Diagnosis::ClockAhead { seconds: 240 }))] {
            let headers = [("cookie", &*cookies(count)), ("sec-fetch-dest", "document")];
            assert_eq!(diagnosis(options(), &headers), expected, "{count}");
        }
    }

    #[test]
    fn going_round_is_noticed_at_the_limit() {
        for (count, expected) in [(2, None), (3, Some("redirect-loop")), (9, Some("redirect-loop"))] {
            let cookies = format!("__client_uat=1; __clerk_redirect_count={count}");
            let found = diagnosis(options(), &[("cookie", &cookies), ("accept", "text/html")]);
            assert_eq!(found.as_ref().map(Diagnosis::code), expected, "{count}");
            let found = diagnosis(options(), &[("cookie", &cookies), ("accept", "application/json")]);
            assert_eq!(found, None);
        }
    }

    #[test]
    fn ignored_addresses_are_noticed_when_a_redirect_is_made() {
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
    fn other_parties_are_named() {
        for (party, shown) in [
            (json!("https://app.example.com"), "https://app.example.com"),
            (json!(null), "nobody (there is no azp)"),
            (json!("a\nb"), "something that is no host"),
        ] {
            let options = options().authorized_parties(["https://other.example.com"]);
            let found = of_token(options, &session_token(json!({"azp": party})));
            assert_eq!(found, Some(Diagnosis::OtherParty { party: shown.to_owned() }));
        }
    }
}
