//! Helpers that decode and encode tokens.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::NOW;

/// Encodes a segment of a token, in base64url without padding.
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Splits a token into its three segments.
#[must_use]
pub fn segments(token: &str) -> [&str; 3] {
    let parts: Vec<&str> = token.split('.').collect();
    parts.try_into().unwrap()
}

/// Decodes a segment as JSON.
#[must_use]
pub fn decode(segment: &str) -> Value {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(segment).unwrap()).unwrap()
}

/// Returns the claims of a valid session token at [`NOW`], with changes; null removes a claim.
#[must_use]
pub fn claims(changes: &Value) -> Value {
    let now = NOW.as_secs();
    let claims = json!({
        "iss": "https://clerk.example.com", "sub": "user_ada", "sid": "sess_1", "sts": "active", "v": 2,
        "iat": now - 10, "nbf": now - 20, "exp": now + 50,
    });
    changed(claims, changes)
}

/// Returns an object with changes; null removes a member.
#[must_use]
pub fn changed(mut object: Value, changes: &Value) -> Value {
    let members = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    object
}
