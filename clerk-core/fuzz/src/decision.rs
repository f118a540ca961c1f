//! Targets for decisions about requests, and for the responses of Clerk that they need.
//!
//! The instance's private key does not exist, so no session is ever signed in.

use std::sync::LazyLock;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use clerk_core::{
    authenticate::{
        AcceptedKinds, AuthenticateOptions, Authenticator, CallFailure, Forwarded, KeyFailure, Need,
        OrganizationSync, Outcome, PendingCall, PendingOperation, RequestHead, Satellite, Status, Step,
    },
    keys::PublishableKey,
    token::KeySet,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, Version, header};
use url::Url;

use crate::{KID, NOW, OWN_KEYS, PEM, headers};

const ORIGIN: &str = "https://app.example.com";

static PEM_KEYS: LazyLock<KeySet> = LazyLock::new(|| KeySet::from_pem(PEM).expect("the key is one"));

fn instance(key: &str) -> AuthenticateOptions {
    let key: PublishableKey = key.parse().expect("the key is one");
    AuthenticateOptions::new().publishable_key(key)
}

fn live() -> AuthenticateOptions {
    instance("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k")
}

fn development() -> AuthenticateOptions {
    instance("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk")
}

fn at_origin(options: AuthenticateOptions) -> Authenticator {
    let forwarded = Forwarded::Origin(ORIGIN.parse().expect("the origin is one"));
    Authenticator::new(options.forwarded(forwarded)).expect("the options are good")
}

/// A production and a development instance, each with a fixed origin.
static INSTANCES: LazyLock<[Authenticator; 2]> = LazyLock::new(|| [live(), development()].map(at_origin));

/// Authenticators with all sorts of options.
static AUTHENTICATORS: LazyLock<[Authenticator; 4]> = LazyLock::new(|| {
    let organizations = OrganizationSync::new().organization_patterns(["/orgs/:slug", "/o/:id"]);
    let satellite = Satellite::domain("app.example.com").auto_sync(true);
    [
        AuthenticateOptions::new().authorized_parties([ORIGIN]),
        live().accepted_kinds(AcceptedKinds::any()).organization_sync(organizations).debug_headers(true),
        development()
            .accepted_kinds(AcceptedKinds::any())
            .forwarded(Forwarded::TrustFirst)
            .proxy_url("/__clerk"),
        development().satellite(satellite).sign_in_url("https://primary.example/in"),
    ]
    .map(|options| Authenticator::new(options).expect("the options are good"))
});

/// The head of a request, with method and URL on the first line and a header on each further one. After an empty line,
/// each line is a response of Clerk: its status and body.
pub fn request(data: &[u8]) {
    let gap = data.windows(2).position(|two| two == b"\n\n").unwrap_or(data.len());
    let (first, responses) = data.split_at(gap);
    let Some((method, uri, headers)) = head(first) else { return };
    let head = RequestHead::new(&method, &uri, Version::HTTP_2, &headers);
    for authenticator in &*AUTHENTICATORS {
        for keys in [&KeySet::default(), &*OWN_KEYS, &*PEM_KEYS] {
            for key in [Ok(&*OWN_KEYS), Err(KeyFailure::FailedToLoad)] {
                let mut clerk = Clerk { responses: responses.split(|byte| *byte == b'\n'), key };
                clerk.decide(authenticator, &head, keys);
            }
        }
    }
}

/// A `Cookie` header. Splitting it into several does not change the decision.
pub fn cookies(data: &[u8]) {
    let Ok(whole) = HeaderValue::from_bytes(data) else { return };
    let parts: Vec<HeaderValue> =
        data.split(|byte| *byte == b';').filter_map(|part| HeaderValue::from_bytes(part).ok()).collect();
    let uri = Uri::from_static("/p");
    for authenticator in &*INSTANCES {
        let decide = |cookies: &[HeaderValue]| {
            let mut headers = HeaderMap::new();
            headers.insert("sec-fetch-dest", HeaderValue::from_static("document"));
            for cookie in cookies.iter().take(64) {
                headers.append(header::COOKIE, cookie.clone());
            }
            let head = RequestHead::new(&Method::GET, &uri, Version::HTTP_2, &headers);
            let outcome = Clerk::silent().decide(authenticator, &head, &OWN_KEYS);
            (outcome.status(), outcome.reason().cloned(), outcome.headers().collect::<Vec<_>>())
        };
        let one = decide(std::slice::from_ref(&whole));
        if parts.len() <= 64 {
            assert_eq!(one, decide(&parts));
        }
    }
}

/// The query of a URL. Redirects return to the service's own origin, except those to a satellite.
pub fn query(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(uri) = Uri::try_from(format!("/p?{text}")) else { return };
    let mut headers = HeaderMap::new();
    headers.insert("sec-fetch-dest", HeaderValue::from_static("document"));
    headers.insert(header::COOKIE, HeaderValue::from_static("__client_uat=5; __clerk_db_jwt=d"));
    let head = RequestHead::new(&Method::GET, &uri, Version::HTTP_2, &headers);
    for authenticator in &*INSTANCES {
        let outcome = Clerk::silent().decide(authenticator, &head, &OWN_KEYS);
        let Some(location) = outcome.location().and_then(|location| location.to_str().ok()) else { continue };
        let returns_to_a_satellite =
            outcome.reason().is_some_and(|reason| reason.as_str() == "primary-responds-to-syncing");
        if outcome.status() == Status::Handshake && !returns_to_a_satellite {
            let back = "/v1/client/handshake?redirect_url=https%3A%2F%2Fapp.example.com%2Fp";
            assert!(location.contains(back), "{location}");
        } else if !returns_to_a_satellite {
            assert!(location.starts_with("https://app.example.com/p"), "{location}");
        }
    }
}

/// A pattern of organization URLs on the first line, and a path on the second.
pub fn patterns(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (pattern, path) = text.split_once('\n').unwrap_or((text, "/"));
    let sync = OrganizationSync::new().organization_patterns([pattern]).personal_account_patterns([pattern]);
    let Ok(authenticator) = Authenticator::new(live().organization_sync(sync)) else { return };
    let Ok(uri) = Uri::try_from(path) else { return };
    let mut headers = HeaderMap::new();
    for (name, value) in [("host", "a"), ("sec-fetch-dest", "document"), ("cookie", "__client_uat=5")] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let head = RequestHead::new(&Method::GET, &uri, Version::HTTP_2, &headers);
    Clerk::silent().decide(&authenticator, &head, &OWN_KEYS);
}

/// The cookies of a handshake, one on each line. Each is set, or dropped and counted. As the payload of a forged token,
/// they are never used.
pub fn handshake(data: &[u8]) {
    let lines: Vec<_> = data.split(|byte| *byte == b'\n').map(String::from_utf8_lossy).collect();
    let response = serde_json::json!({ "directives": lines }).to_string();
    let header = format!(r#"{{"alg":"RS256","kid":"{KID}"}}"#);
    let payload = [b"{\"handshake\":", data, b"}"].concat();
    let [header, payload] = [header.as_bytes(), &payload].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    for authenticator in &*INSTANCES {
        let decide = |cookie: &str, response: &str| {
            let uri = Uri::from_static("/p");
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_str(cookie).expect("it is a header value"));
            let head = RequestHead::new(&Method::POST, &uri, Version::HTTP_2, &headers);
            let response = format!("200 {response}");
            let responses = std::iter::once(response.as_bytes());
            Clerk { responses, key: Err(KeyFailure::Unreachable) }.decide(authenticator, &head, &OWN_KEYS)
        };
        let outcome = decide("__clerk_handshake_nonce=n", &response);
        let missing = outcome.reason().is_some_and(|reason| reason.as_str() == "session-token-missing");
        let set = outcome.headers().filter(|(name, _)| name == header::SET_COOKIE).count();
        let expected = if missing { lines.len() } else { 0 };
        assert_eq!(set + outcome.dropped_cookies(), expected);
        decide(&format!("__clerk_handshake={header}.{payload}.c2ln"), "{}");
    }
}

fn head(data: &[u8]) -> Option<(Method, Uri, HeaderMap)> {
    let mut lines = data.split(|byte| *byte == b'\n');
    let mut first = lines.next()?.splitn(2, |byte| *byte == b' ');
    let method = Method::from_bytes(first.next()?).ok()?;
    let uri = Uri::try_from(first.next()?).ok()?;
    Some((method, uri, headers(lines)))
}

/// A substitute for Clerk, with one response after another.
struct Clerk<'a, I> {
    responses: I,
    key: Result<&'a KeySet, KeyFailure>,
}

impl<'a> Clerk<'a, std::iter::Empty<&'a [u8]>> {
    /// Never responds.
    const fn silent() -> Self {
        Self { responses: std::iter::empty(), key: Err(KeyFailure::Unreachable) }
    }
}

impl<'a, I: Iterator<Item = &'a [u8]>> Clerk<'_, I> {
    fn decide(&mut self, authenticator: &Authenticator, head: &RequestHead<'_>, keys: &KeySet) -> Outcome {
        let mut step = authenticator.start(head, keys, NOW);
        for _ in 0..6 {
            step = match step {
                Step::Done(outcome) => {
                    check(&outcome);
                    return outcome;
                }
                Step::Need(Need::Key(key)) => key.resume(self.key, NOW),
                Step::Need(Need::Handshake(call)) => self.call(call),
                Step::Need(Need::Refresh(call)) => self.call(call),
                Step::Need(Need::ApiKey(call)) => self.call(call),
                Step::Need(Need::M2m(call)) => self.call(call),
                Step::Need(Need::OAuth(call)) => self.call(call),
                Step::Need(other) => other.abandon(NOW),
            }
        }
        panic!("the decision does not end: {step:?}");
    }

    fn call<O: PendingOperation>(&mut self, call: PendingCall<O>) -> Step {
        // The operation can be sent, or returns an error.
        let response = match call.operation().request() {
            Ok(_) => self
                .responses
                .find(|line| !line.is_empty())
                .map_or(Err(CallFailure::Unreachable), |line| read(call.operation(), line)),
            Err(_) => Err(CallFailure::Unreachable),
        };
        call.resume(response, NOW)
    }
}

fn read<O: PendingOperation>(operation: &O, line: &[u8]) -> Result<O::Output, CallFailure> {
    let (status, body) = line.split_at(line.len().min(3));
    let mut response = Response::new(Bytes::copy_from_slice(body));
    *response.status_mut() = StatusCode::from_bytes(status).unwrap_or(StatusCode::BAD_GATEWAY);
    operation.decode(&response).map_err(|error| CallFailure::from(&error))
}

/// Checks the invariants of every outcome.
fn check(outcome: &Outcome) {
    assert!(outcome.session_or_pending().is_none(), "the private key does not exist");
    let is_in = outcome.status() == Status::SignedIn;
    assert_eq!((is_in, !is_in), (outcome.machine().is_some(), outcome.reason().is_some()));
    assert!(!outcome.is_undecided() || (!is_in && outcome.location().is_none()));
    assert_eq!(outcome.status() == Status::Handshake, {
        outcome.headers().any(|(name, value)| name == "x-clerk-auth-status" && value == "handshake")
    });
    let Some(location) = outcome.location() else {
        assert!(outcome.status() != Status::Handshake);
        return;
    };
    let location = location.to_str().expect("a location is ASCII");
    let url = Url::parse(location).expect("a location is absolute");
    assert!(matches!(url.scheme(), "http" | "https") && url.has_host(), "{url}");
    assert_eq!(url.as_str(), location);
    assert!(
        outcome
            .headers()
            .any(|header| header == (header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
    );
}
