//! Keys and signed tokens for tests.

#![allow(clippy::needless_pass_by_value, reason = "tests pass the values of `json!`")]

use std::sync::LazyLock;

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair,
    },
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use super::KeySet;
use crate::Timestamp;

/// The key of the instance, and one of another instance.
pub(crate) static KEY: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
pub(crate) static OTHER_KEY: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

pub(crate) const KID: &str = "ins_test";
pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_secs(NOW)
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The modulus of a 2048-bit key, which has a fixed position in its DER encoding (RFC 8017, appendix A.1.1).
pub(crate) fn modulus(key: &RsaKeyPair) -> Vec<u8> {
    let der = key.public_key().as_ref();
    assert!(der.starts_with(&[0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00]));
    assert!(der.ends_with(&[0x02, 0x03, 0x01, 0x00, 0x01]));
    der[9..265].to_vec()
}

pub(crate) fn jwk(key: &RsaKeyPair, kid: &str) -> Value {
    json!({"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": base64url(modulus(key)), "e": "AQAB"})
}

pub(crate) fn key_set(keys: Value) -> KeySet {
    KeySet::from_jwks(json!({"keys": keys}).to_string().as_bytes()).unwrap()
}

/// The instance's keys.
pub(crate) fn keys() -> KeySet {
    key_set(json!([jwk(&KEY, KID)]))
}

pub(crate) fn spki(key: &RsaKeyPair) -> Vec<u8> {
    let der: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    der.as_ref().to_vec()
}

pub(crate) fn pem(key: &RsaKeyPair) -> String {
    let body = BASE64_STANDARD.encode(spki(key));
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

/// A token, signed with the algorithm that its header names, or with RS256 if the algorithm is unknown.
pub(crate) fn sign_bytes(key: &RsaKeyPair, header: &[u8], payload: &[u8]) -> String {
    let signed = format!("{}.{}", base64url(header), base64url(payload));
    let alg = serde_json::from_slice::<Value>(header).unwrap_or_default()["alg"].as_str().map(str::to_owned);
    let encoding: &'static dyn RsaEncoding = match alg.as_deref() {
        Some("RS384") => &RSA_PKCS1_SHA384,
        Some("RS512") => &RSA_PKCS1_SHA512,
        _ => &RSA_PKCS1_SHA256,
    };
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(encoding, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", base64url(signature))
}

pub(crate) fn sign(header: &Value, payload: &Value) -> String {
    sign_bytes(&KEY, header.to_string().as_bytes(), payload.to_string().as_bytes())
}

/// The header of a session token with these changes. `null` removes a member.
pub(crate) fn header(changes: Value) -> Value {
    changed(json!({"alg": "RS256", "kid": KID, "typ": "JWT", "cat": "cl_B7d4PD111AAA"}), changes)
}

/// The claims of a session token with these changes. `null` removes a member.
pub(crate) fn claims(changes: Value) -> Value {
    changed(
        json!({
            "iss": "https://clerk.example.com", "sub": "user_1", "sid": "sess_1", "sts": "active", "v": 2,
            "azp": "https://app.example.com", "iat": NOW - 10, "nbf": NOW - 20, "exp": NOW + 50,
        }),
        changes,
    )
}

fn changed(mut object: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(object.as_object_mut().unwrap().remove(name)),
            // The string "null" sets a member to null.
            Value::String(text) if text == "null" => object[name] = Value::Null,
            value => object[name] = value.clone(),
        }
    }
    object
}

/// A session token with these changes to its claims, as in [`claims`].
pub(crate) fn session_token(changes: Value) -> String {
    sign(&header(json!({})), &claims(changes))
}
