//! Keys, and signed tokens of every class.

use std::sync::LazyLock;

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use clerk_core::{Timestamp, token::KeySet};
use serde_json::{Value, json};

use crate::visit::Env;

/// The key of the instance, and one of another instance.
pub(crate) static KEY: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
pub(crate) static OTHER_KEY: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

pub(crate) const KID: &str = "ins_test";
pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) const SESSION: &str = "cl_B7d4PD111AAA";
pub(crate) const TEMPLATE: &str = "cl_B7d4PD222AAA";
pub(crate) const M2M: &str = "cl_B7d4PD333AAA";
pub(crate) const UNMARKED: &str = "cl_I7d4PD111III";

pub(crate) fn now() -> Timestamp {
    Timestamp::from_secs(NOW)
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The public key as a JWK. A modulus of 2048 bits has a fixed position in the key's DER encoding.
pub(crate) fn jwk(key: &RsaKeyPair, kid: &str) -> Value {
    let modulus = encode(&key.public_key().as_ref()[9..265]);
    json!({"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": modulus, "e": "AQAB"})
}

pub(crate) fn key_set(keys: &[Value]) -> KeySet {
    KeySet::from_jwks(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

/// The instance's keys.
pub(crate) fn keys() -> KeySet {
    key_set(&[jwk(&KEY, KID)])
}

pub(crate) fn sign_with(key: &RsaKeyPair, header: &Value, claims: &Value) -> String {
    let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", encode(signature))
}

/// A token signed by the instance, with changes to the header and the claims of a valid session token.
pub(crate) fn token_of(env: Env, header: &Value, changes: &Value) -> String {
    sign_with(&KEY, &jose(header), &claims(env, changes))
}

/// A session token with changes to its claims. `null` removes a claim.
pub(crate) fn session(env: Env, changes: &Value) -> String {
    token_of(env, &json!({}), changes)
}

/// A session token signed with another key under the same id.
pub(crate) fn forged(env: Env, changes: &Value) -> String {
    sign_with(&OTHER_KEY, &jose(&json!({})), &claims(env, changes))
}

/// The token of a handshake with these cookies.
pub(crate) fn handshake(env: Env, lines: &[&str]) -> String {
    let nothing =
        json!({"sub": null, "sid": null, "exp": null, "iat": null, "nbf": null, "handshake": lines});
    session(env, &nothing)
}

/// An M2M token as a JWT.
pub(crate) fn m2m(header: &Value, changes: &Value) -> String {
    let header = merged(json!({"cat": M2M}), header);
    let claims = json!({"sub": "mch_1", "sid": null, "azp": null, "jti": "mt_1", "scopes": "mch_2 mch_3"});
    token_of(Env::Live, &header, &merged(claims, changes))
}

/// An OAuth token as a JWT.
pub(crate) fn oauth(header: &Value, changes: &Value) -> String {
    let header = merged(json!({"typ": "at+jwt", "cat": null}), header);
    let claims = json!({"sid": null, "azp": null, "jti": "oat_1", "client_id": "client_1", "scope": "a b"});
    token_of(Env::Live, &header, &merged(claims, changes))
}

pub(crate) fn jose(changes: &Value) -> Value {
    changed(json!({"alg": "RS256", "kid": KID, "typ": "JWT", "cat": SESSION}), changes)
}

pub(crate) fn claims(env: Env, changes: &Value) -> Value {
    let claims = json!({
        "iss": format!("https://{}", env.frontend_api()), "sub": "user_1", "sid": "sess_1", "sts": "active",
        "v": 2, "azp": "https://app.example.com", "iat": NOW - 10, "nbf": NOW - 20, "exp": NOW + 50,
    });
    changed(claims, changes)
}

/// Merges two sets of changes.
fn merged(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

/// An object with changes. `null` removes a member.
fn changed(object: Value, changes: &Value) -> Value {
    let mut object = merged(object, changes);
    object.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    object
}
