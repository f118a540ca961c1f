//! Tests of valid and invalid tokens with a real server.

#![allow(clippy::needless_pass_by_value, reason = "these are tests")]

use std::{net::SocketAddr, time::Duration};

use aws_lc_rs::hmac;
use axum::{Router, routing::any};
use clerk_axum::{ClerkBuilder, ClerkLayer, Session, local::LocalServer};
use clerk_tests::{
    Instance, TextResponse, send, serve,
    tokens::{changed, claims, decode, encode, segments},
};
use http::{HeaderValue, Request};
use http_body_util::Full;
use serde_json::{Value, json};

const MISSING: &str = "session-token-and-uat-missing";
const EXPIRED: &str = "session-token-expired-refresh-non-eligible-no-refresh-cookie";

struct Fixture {
    instance: Instance,
    address: SocketAddr,
    _server: LocalServer,
}

impl Fixture {
    async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    async fn with(configure: impl FnOnce(ClerkBuilder) -> ClerkBuilder) -> Self {
        let (instance, server) = Instance::served().await;
        let clerk = configure(instance.builder().api_url(server.api_url())).build().unwrap();
        let app = Router::new().route("/", any(async |session: Session| session.user_id().to_string()));
        let address = serve(app.layer(ClerkLayer::new(&clerk))).await;
        Self { instance, address, _server: server }
    }

    /// A token signed by the instance's key, with changes to the claims of a valid one.
    fn signed(&self, mut header: Value, changes: Value) -> String {
        header.as_object_mut().unwrap().entry("cat").or_insert("cl_B7d4PD111AAA".into());
        self.instance.local.sign_claims(&header, &claims(&changes))
    }

    async fn send(&self, method: &str, headers: &[(&str, &[u8])]) -> TextResponse {
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, HeaderValue::from_bytes(value).unwrap());
        }
        send(self.address, request.body(Full::default()).unwrap()).await
    }

    /// Sends headers and expects Ada's ID, or the code of a rejection.
    async fn expect(&self, case: &str, method: &str, headers: &[(&str, &[u8])], expected: &str) {
        let response = self.send(method, headers).await;
        if expected == "user_ada" {
            assert_eq!(response.summary(), (200, "user_ada".to_owned()), "{case}");
            assert_eq!(response.header("x-clerk-auth-reason"), "", "{case}");
            return;
        }
        assert_eq!(response.summary(), (401, expected.to_owned()), "{case}");
        assert_eq!(response.header("x-clerk-auth-status"), "signed-out", "{case}");
        assert_eq!(response.header("x-clerk-auth-reason"), expected, "{case}");
        assert_eq!(response.header("x-clerk-auth-message"), "", "{case}");
        let challenge = if expected == MISSING { "Bearer" } else { "Bearer error=\"invalid_token\"" };
        assert_eq!(response.header("www-authenticate"), challenge, "{case}");
    }

    async fn bearer(&self, case: &str, token: &str, expected: &str) {
        self.expect(case, "GET", &[("authorization", format!("Bearer {token}").as_bytes())], expected).await;
    }
}

/// A token with one segment replaced.
fn with_segment(token: &str, position: usize, segment: &str) -> String {
    let mut parts = segments(token);
    parts[position] = segment;
    parts.join(".")
}

/// A token with one character changed in the middle of its signature.
fn with_other_signature(token: &str) -> String {
    let [_, _, signature] = segments(token);
    let middle = signature.len() / 2;
    let other = if signature.as_bytes()[middle] == b'A' { "B" } else { "A" };
    with_segment(token, 2, &format!("{}{other}{}", &signature[..middle], &signature[middle + 1..]))
}

#[tokio::test]
async fn every_defect_of_a_token_has_its_reason_code() {
    let fixture = Fixture::new().await;
    let local = &fixture.instance.local;
    let sign = |header: Value, changes: Value| fixture.signed(header, changes);
    let good = sign(json!({}), json!({}));
    let now = clerk_tests::NOW.as_secs();
    let [header, payload, signature] = segments(&good);

    let other = Instance::new().local;
    let forged = other.sign_claims(&json!({"kid": local.key_id()}), &claims(&json!({})));
    let payload_changed = changed(decode(payload), &json!({"sub": "user_grace"}));
    let header_changed = changed(decode(header), &json!({"x": 1}));
    let headed = |alg: &str| encode(changed(decode(header), &json!({"alg": alg})).to_string());
    let unsigned = format!("{}.{payload}.", headed("none"));
    let none_but_signed = format!("{}.{payload}.{signature}", headed("none"));
    let keys = fixture.instance.backend("GET", "/v1/jwks").await;
    let modulus = keys["keys"][0]["n"].as_str().unwrap();
    let with_hmac = |secret: &[u8]| {
        let message = format!("{}.{payload}", headed("HS256"));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
        format!("{message}.{}", encode(tag))
    };

    for (case, token, expected) in [
        ("good", good.clone(), "user_ada"),
        ("minted", fixture.instance.ada(), "user_ada"),
        ("no class", sign(json!({"cat": null}), json!({})), "user_ada"),
        ("no type", sign(json!({"typ": null}), json!({})), "user_ada"),
        ("expired", sign(json!({}), json!({"exp": now - 60})), EXPIRED),
        ("expired, to the limit of the skew", sign(json!({}), json!({"exp": now - 5})), EXPIRED),
        ("expired, within the skew", sign(json!({}), json!({"exp": now - 4})), "user_ada"),
        ("not yet valid", sign(json!({}), json!({"nbf": now + 60})), "session-token-nbf"),
        ("not yet valid, within the skew", sign(json!({}), json!({"nbf": now + 5})), "user_ada"),
        ("from the future", sign(json!({}), json!({"iat": now + 60})), "session-token-iat-in-the-future"),
        ("without expiry", sign(json!({}), json!({"exp": null})), "token-verification-failed"),
        ("expiry as text", sign(json!({}), json!({"exp": "never"})), "token-verification-failed"),
        ("without subject", sign(json!({}), json!({"sub": null})), "token-verification-failed"),
        ("another's key under this id", forged, "token-invalid-signature"),
        ("signature changed", with_other_signature(&good), "token-invalid-signature"),
        (
            "signature of another token",
            with_segment(&good, 2, segments(&fixture.instance.ada())[2]),
            "token-invalid-signature",
        ),
        (
            "signature cut",
            with_segment(&good, 2, &signature[..signature.len() - 2]),
            "token-invalid-signature",
        ),
        (
            "payload changed",
            with_segment(&good, 1, &encode(payload_changed.to_string())),
            "token-invalid-signature",
        ),
        (
            "header changed",
            with_segment(&good, 0, &encode(header_changed.to_string())),
            "token-invalid-signature",
        ),
        ("algorithm none", unsigned, "token-invalid-algorithm"),
        ("algorithm none, signed", none_but_signed, "token-invalid-algorithm"),
        ("HS256 with the public key", with_hmac(modulus.as_bytes()), "token-invalid-algorithm"),
        ("HS256 with the key set", with_hmac(keys.to_string().as_bytes()), "token-invalid-algorithm"),
        (
            "RS384 under a key for RS256",
            sign(json!({"alg": "RS384"}), json!({})),
            "token-verification-failed",
        ),
        ("PS256", sign(json!({"alg": "PS256"}), json!({})), "token-invalid-algorithm"),
        ("unknown key", sign(json!({"kid": "ins_unknown"}), json!({})), "jwk-kid-mismatch"),
        ("without a key ID", sign(json!({"kid": null}), json!({})), "jwk-kid-mismatch"),
        ("key id with a line break", sign(json!({"kid": "a\nb"}), json!({})), "jwk-kid-mismatch"),
        (
            "key of its own",
            sign(json!({"kid": "mine", "jwk": keys["keys"][0]}), json!({})),
            "jwk-kid-mismatch",
        ),
        ("opaque M2M token", "mt_abcdefghijklmnopqrstuvwxyz".to_owned(), "token-invalid"),
        ("opaque API key", "ak_abcdefghijklmnopqrstuvwxyz".to_owned(), "token-invalid"),
        ("opaque OAuth token", "oat_abcdefghijklmnopqrstuvwxyz".to_owned(), "token-invalid"),
        (
            "M2M token",
            sign(json!({"cat": "cl_B7d4PD333AAA"}), json!({"sub": "mch_1"})),
            "token-type-mismatch",
        ),
        ("M2M token in a session's class", sign(json!({}), json!({"sub": "mch_1"})), "token-type-mismatch"),
        ("OAuth token", sign(json!({"typ": "at+jwt"}), json!({})), "token-type-mismatch"),
        ("JWT template", sign(json!({"cat": "cl_B7d4PD222AAA"}), json!({})), "token-type-mismatch"),
        ("unknown class", sign(json!({"cat": "cl_new"}), json!({})), "token-type-mismatch"),
        ("unknown type", sign(json!({"typ": "JOSE"}), json!({})), "token-invalid"),
        ("two segments", format!("{header}.{payload}"), "token-invalid"),
        ("four segments", format!("{good}.x"), "token-invalid"),
        ("padded", format!("{good}="), "token-invalid"),
        ("without a token", "nonsense".to_owned(), "token-invalid"),
        ("one byte too long", "a".repeat(16 * 1024 + 1), "token-invalid"),
        ("far too long", format!("{good}{}", "a".repeat(100_000)), "token-invalid"),
        ("nothing", String::new(), MISSING),
    ] {
        fixture.bearer(case, &token, expected).await;
    }
}

#[tokio::test]
async fn tokens_are_found_in_headers_and_cookies() {
    let fixture = Fixture::new().await;
    let good = fixture.instance.ada();
    let with = |before: &str, after: &str| [before.as_bytes(), good.as_bytes(), after.as_bytes()].concat();
    let (bearer, cookie) = (with("Bearer ", ""), with("__session=", ""));
    let bad = with_other_signature(&good);
    let (bad_bearer, bad_cookie) = (format!("Bearer {bad}"), format!("__session={bad}"));
    let (bearer, cookie): (&[u8], &[u8]) = (&bearer, &cookie);
    let (bad_bearer, bad_cookie) = (bad_bearer.as_bytes(), bad_cookie.as_bytes());

    for (case, headers, expected) in [
        ("nothing", &[][..], MISSING),
        ("Bearer", &[("authorization", bearer)], "user_ada"),
        ("bearer", &[("authorization", &with("bearer ", ""))], "user_ada"),
        ("BEARER", &[("authorization", &with("BEARER ", ""))], "user_ada"),
        ("no scheme", &[("authorization", &with("", ""))], "user_ada"),
        ("an empty credential", &[("authorization", b"Bearer ")], MISSING),
        ("an empty header", &[("authorization", b"")], MISSING),
        (
            "an empty credential, and a cookie",
            &[("authorization", b"Bearer "), ("cookie", cookie)],
            "user_ada",
        ),
        ("bytes that are not UTF-8", &[("authorization", b"Bearer \xff\xfe")], "token-invalid"),
        ("bytes that are not UTF-8, in a cookie", &[("cookie", b"__session=\xff\xfe")], "token-invalid"),
        ("the same header twice", &[("authorization", bearer), ("authorization", bearer)], "token-invalid"),
        ("two headers", &[("authorization", b"Basic dTpw"), ("authorization", bearer)], "token-invalid"),
        (
            "two headers and a cookie",
            &[("authorization", bearer), ("authorization", b"x"), ("cookie", cookie)],
            "token-invalid",
        ),
        ("Basic", &[("authorization", b"Basic dTpw")], MISSING),
        ("Basic, and a cookie", &[("authorization", b"Basic dTpw"), ("cookie", cookie)], "user_ada"),
        ("a cookie", &[("cookie", cookie)], "user_ada"),
        ("a bad cookie", &[("cookie", bad_cookie)], "token-invalid-signature"),
        (
            "a good header before a bad cookie",
            &[("authorization", bearer), ("cookie", bad_cookie)],
            "user_ada",
        ),
        (
            "a bad header before a good cookie",
            &[("authorization", bad_bearer), ("cookie", cookie)],
            "token-invalid-signature",
        ),
        ("two cookies of one name", &[("cookie", bad_cookie), ("cookie", cookie)], "token-invalid-signature"),
        ("another cookie's value", &[("cookie", &with("x=__session=", ""))], MISSING),
    ] {
        fixture.expect(case, "GET", headers, expected).await;
    }
}

#[tokio::test]
async fn a_token_expires_at_its_expiration_time() {
    let fixture = Fixture::new().await;
    let header = format!("Bearer {}", fixture.instance.ada());
    let headers: &[(&str, &[u8])] = &[("authorization", header.as_bytes())];
    for (after, method, expected) in [
        (0, "GET", "user_ada"),
        (64, "GET", "user_ada"),
        (1, "GET", EXPIRED),
        (0, "POST", "session-token-expired-refresh-non-eligible-non-get"),
        (365 * 86_400, "GET", EXPIRED),
    ] {
        fixture.instance.clock.advance(Duration::from_secs(after));
        fixture.expect("later", method, headers, expected).await;
    }
    fixture.bearer("a new one", &fixture.instance.ada(), "user_ada").await;
}

#[tokio::test]
async fn the_party_and_the_audience_are_checked_when_they_are_set() {
    const PARTY: &str = "token-invalid-authorized-parties";
    let strict = |builder: ClerkBuilder| {
        builder.authorized_parties(["https://app.example.com", "https://b.example.com"]).audiences(["api"])
    };
    let (strict, open) = (Fixture::with(strict).await, Fixture::new().await);
    let azp = "https://app.example.com";
    for (changes, expected) in [
        (json!({"azp": azp}), "user_ada"),
        (json!({"azp": "https://b.example.com"}), "user_ada"),
        (json!({}), PARTY),
        (json!({"azp": ""}), PARTY),
        (json!({"azp": 1}), PARTY),
        (json!({"azp": [azp]}), PARTY),
        (json!({"azp": "https://app.example.com/"}), PARTY),
        (json!({"azp": "https://app.example.com.evil.example"}), PARTY),
        (json!({"azp": "https://evil.example"}), PARTY),
        (json!({"azp": azp, "aud": "api"}), "user_ada"),
        (json!({"azp": azp, "aud": ["x", "api"]}), "user_ada"),
        (json!({"azp": azp, "aud": "other"}), "token-verification-failed"),
        (json!({"azp": azp, "aud": ["x", "other"]}), "token-verification-failed"),
        (json!({"azp": azp, "aud": 7}), "token-verification-failed"),
    ] {
        let case = changes.to_string();
        strict.bearer(&case, &strict.signed(json!({}), changes.clone()), expected).await;
        open.bearer(&case, &open.signed(json!({}), changes), "user_ada").await;
    }
}
