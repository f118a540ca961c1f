//! The fuzz targets: a function of any bytes for each parser of untrusted input.
//!
//! No input may cause a panic. Further properties are asserted, and described at each target.

mod decision;
#[path = "../../../tests/src/responses.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod responses;
pub mod seeds;
#[cfg(test)]
mod tests;

pub use self::decision::{cookies, handshake, patterns, query, request};

use std::sync::LazyLock;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use clerk_core::{
    Metadata, Operation, Timestamp,
    api::{OPERATIONS, users},
    authenticate::RedactedUri,
    decode::{self, ErrorBody},
    keys::{MachineSecretKey, PublishableKey, SecretKey, WebhookSecret},
    model::{HasPrivate, WithPrivate},
    page::Paged as _,
    token::{
        Check, KeySet, Reverification, ReverificationLevel, SessionClaims, Token, VerifyOptions, VerifyingKey,
    },
    webhook::{Event, Verifier},
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Uri};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// A fuzz target.
pub type Target = fn(&[u8]);

/// All targets, by name.
pub const TARGETS: [(&str, Target); 16] = [
    ("token", token),
    ("claims", claims),
    ("request", request),
    ("cookies", cookies),
    ("query", query),
    ("redacted_uri", redacted_uri),
    ("patterns", patterns),
    ("handshake", handshake),
    ("keys", keys),
    ("jwks", jwks),
    ("pem", pem),
    ("webhook", webhook),
    ("error", error),
    ("response", response),
    ("metadata", metadata),
    ("retry_after", retry_after),
];

/// The current time in all targets.
const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// The id of a key whose private key was deleted.
const KID: &str = "ins_1";
const JWKS: &[u8] = include_bytes!("jwks.json");
const PEM: &str = include_str!("public.pem");

static OWN_KEYS: LazyLock<KeySet> = LazyLock::new(|| KeySet::from_jwks(JWKS).expect("the key set is one"));

/// An encoded token. It never verifies.
pub fn token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(token) = Token::decode(text) {
        assert_eq!(token.expose(), text);
        check_token(&token);
    }
}

/// A token with these claims. It never verifies, and all of its claims can be read.
pub fn claims(data: &[u8]) {
    let header = format!(r#"{{"alg":"RS256","kid":"{KID}","typ":"JWT"}}"#);
    let [header, payload] = [header.as_bytes(), data].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    if let Ok(token) = Token::decode(&format!("{header}.{payload}.c2ln")) {
        check_token(&token);
    }
}

fn check_token(token: &Token) {
    let options = VerifyOptions::new().authorized_parties(["https://app.example.com"]).audiences(["api"]);
    let _ = (token.kid(), token.kind(), token.claims::<Value>(), token.check_claims(&options, NOW));
    assert!(!format!("{token:?}").contains("sub"));
    if let Ok(key) = OWN_KEYS.get(KID) {
        assert!(token.verify(key, &options, NOW).is_err(), "the private key does not exist");
    }
    let claims = SessionClaims::of(token);
    let _ = (claims.user_id(), claims.session_id(), claims.status(), claims.is_pending(), claims.actor());
    let _ = (claims.organization(), claims.permissions(), claims.factor_ages(), claims.authorized_party());
    let _ = (claims.features().count(), claims.plans().count(), claims.issued_at(), claims.expires_at());
    assert!(!claims.has(&Check::new()), "the check has no conditions");
    let level = Reverification::new(ReverificationLevel::SecondFactor, 10);
    for check in [
        Check::new().role("org:admin"),
        Check::new().permission("org:notes:read"),
        Check::new().feature("export"),
        Check::new().plan("user:pro"),
        Check::new().reverification(level),
    ] {
        let _ = claims.has(&check);
    }
}

fn headers<'a>(lines: impl Iterator<Item = &'a [u8]>) -> HeaderMap {
    let header = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at(colon);
        let value = value.get(1..)?.trim_ascii();
        Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?))
    };
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(header).take(64) {
        headers.append(name, value);
    }
    headers
}

/// The URI of a request, for a log. No value of a parameter of Clerk is left, and the rest is unchanged.
pub fn redacted_uri(data: &[u8]) {
    let Ok(uri) = Uri::try_from(data) else { return };
    let shown = RedactedUri(&uri).to_string();
    let parts = |text: &str| {
        let query = text.split_once('?').map_or("", |(_, query)| query).to_owned();
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect::<Vec<_>>()
    };
    let before = parts(&uri.to_string());
    let after = parts(&shown);
    assert_eq!(before.len(), after.len());
    for ((name, value), (shown_name, shown_value)) in before.into_iter().zip(after) {
        assert_eq!(name, shown_name);
        assert!(shown_value == value || shown_value == "[redacted]");
        assert!(!name.starts_with("__") || shown_value.is_empty() || shown_value == "[redacted]", "{shown}");
    }
    // Not parsed again: what `http` accepts with a user name, it may reject without one.
    let scheme = uri.scheme_str().map(|scheme| format!("{scheme}://")).unwrap_or_default();
    let host =
        uri.authority().and_then(|authority| authority.as_str().rsplit('@').next()).unwrap_or_default();
    assert_eq!(shown.split('?').next(), Some(&*format!("{scheme}{host}{}", uri.path())));
}

/// Keys of all kinds. A valid one is returned unchanged.
pub fn keys(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(key) = text.parse::<SecretKey>() {
        let header = key.to_header();
        assert_eq!(key.expose(), text);
        assert!(header.is_sensitive());
    }
    if let Ok(key) = text.parse::<MachineSecretKey>() {
        assert_eq!(key.expose(), text);
    }
    if let Ok(key) = text.parse::<PublishableKey>() {
        let host = key.frontend_api();
        let uri = Uri::try_from(format!("https://{host}/v1")).expect("the key contains a host");
        assert_eq!((key.as_str(), key.cookie_suffix().len()), (text, 8));
        assert_eq!((uri.authority().map(|it| it.as_str()), uri.path()), (Some(host), "/v1"));
        assert!(!host.contains('@'));
    }
    let _ = text.parse::<WebhookSecret>();
}

/// A JSON Web Key Set.
pub fn jwks(data: &[u8]) {
    if let Ok(keys) = KeySet::from_jwks(data) {
        let _ = (format!("{keys:?}"), keys.is_empty(), keys.contains(KID), keys.get(KID).is_ok());
    }
}

/// A public key in PEM format.
pub fn pem(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = VerifyingKey::from_pem(text).map_err(|error| error.to_string());
}

/// The body of a delivery from Clerk, and the headers and body of a forged one. Only Clerk's is accepted, and all of its
/// event can be read.
pub fn webhook(data: &[u8]) {
    let secret: WebhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().expect("the secret is one");
    let verifier = Verifier::new(secret);
    let delivery = verifier.verify(&verifier.sign("msg_1", NOW, data), data, NOW).expect("Clerk signed it");
    let _ = (delivery.event.user_id(), delivery.event.organization_id(), format!("{delivery:?}"));
    let is_raw = matches!(delivery.event, Event::Other { .. } | Event::Unreadable { .. });
    assert!(!delivery.event.kind().is_empty() || is_raw);
    assert_eq!(delivery.body, data);
    let forged = headers(data.split(|byte| *byte == b'\n'));
    assert!(verifier.verify(&forged, data, NOW).is_err(), "the secret is not known");
}

/// The status, headers and body of an error. Once decoded, it survives a round trip.
pub fn error(data: &[u8]) {
    let body = ErrorBody::read(data);
    let written = serde_json::to_vec(&body).expect("an error can be written");
    assert!(ErrorBody::read(&written) == body);

    let [status, rest @ ..] = data else { return };
    let mut response = Response::new(Bytes::copy_from_slice(rest));
    *response.status_mut() =
        StatusCode::from_u16(300 + u16::from(*status)).expect("a status has three digits");
    *response.headers_mut() = headers(rest.split(|byte| *byte == b'\n'));
    let error = users::get("user_1").decode(&response).map(drop).expect_err("the status is an error");
    let _ = (error.to_string(), format!("{error:?}"));
}

/// The response to an operation, which the first two bytes choose. Once decoded, it survives a round trip.
pub fn response(data: &[u8]) {
    let [high, low, body @ ..] = data else { return };
    let index = usize::from(u16::from_be_bytes([*high, *low])) % OPERATIONS.len();
    responses::read(OPERATIONS[index].id, &RoundTrip(Bytes::copy_from_slice(body)));
    let elements = users::list().elements();
    let _ = decode_as(&elements, body).map(|page| page.into_iter().filter(Result::is_err).count());
}

fn decode_as<O: Operation>(operation: &O, body: &[u8]) -> Option<O::Output> {
    operation.decode(&Response::new(Bytes::copy_from_slice(body))).ok()
}

struct RoundTrip(Bytes);

impl responses::Read for RoundTrip {
    type Found = ();

    fn read<O>(&self, operation: &O)
    where
        O: Operation<Output: HasPrivate + Serialize + DeserializeOwned + PartialEq>,
    {
        let read = |body| operation.decode(&Response::new(body));
        let Ok(first) = read(self.0.clone()) else { return };
        // Some operations return a string or nothing, which is not JSON.
        if !is_json(operation) {
            return;
        }
        let written = serde_json::to_vec(&WithPrivate(&first)).expect("a response can be serialized");
        let second = read(written.into()).unwrap_or_else(|error| panic!("{error}"));
        assert!(first == second, "{}: the round trip changed the value", O::INFO.id);
    }
}

/// Whether the operation rejects responses that are not JSON.
fn is_json<O: Operation>(operation: &O) -> bool {
    operation.decode(&Response::new(Bytes::from_static(b"<"))).is_err()
}

/// Metadata. It survives a round trip.
pub fn metadata(data: &[u8]) {
    let Ok(metadata) = serde_json::from_slice::<Metadata>(data) else { return };
    assert_round_trip(&metadata);
    // The text may contain what a value cannot, such as a number out of range.
    let copy = Metadata::from_value(&metadata).expect("metadata can be serialized");
    assert!(copy == metadata);
    assert_round_trip(&copy);
}

fn assert_round_trip<T: Serialize + DeserializeOwned + PartialEq>(value: &T) {
    let text = serde_json::to_string(value).expect("JSON can be written");
    assert!(serde_json::from_str::<T>(&text).is_ok_and(|read| read == *value), "{text}");
}

/// A `Retry-After` header. The delay is never longer than a day.
pub fn retry_after(data: &[u8]) {
    let Some((now, value)) = data.split_first_chunk() else { return };
    let Ok(value) = std::str::from_utf8(value) else { return };
    let wait = decode::retry_after(value, Timestamp::from_millis(i64::from_be_bytes(*now)));
    assert!(wait.is_none_or(|wait| wait.as_secs() <= 86_400));
}
