//! A browser that is signed in to a production instance.

use serde_json::json;

use crate::{
    Instance, NOW,
    fault::{Fault, http_response},
    tokens::claims,
};

/// The publishable key of an instance at `clerk.example.com`.
pub const LIVE: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
/// The suffix of the instance's cookies.
pub const SUFFIX: &str = "naoXFJnI";
/// The value of the refresh cookie.
pub const REFRESH_TOKEN: &str = "rEfReShToKeN0123456789";
/// A handshake nonce.
pub const NONCE: &str = "nOnCeNoNcE0123456789";

/// Returns a session token of Ada that expires this many seconds after [`NOW`].
#[must_use]
pub fn token_until(instance: &Instance, seconds: i64) -> String {
    let end = NOW.as_secs() + seconds;
    let times = json!({"iat": end - 60, "nbf": end - 60, "exp": end});
    instance.local.sign_claims(&json!({}), &claims(&times))
}

/// Returns the cookies of a browser whose session token has expired and can be refreshed, one string per cookie.
#[must_use]
pub fn expired_cookies(instance: &Instance) -> Vec<String> {
    let token = token_until(instance, -60);
    vec![
        format!("__session={token}"),
        format!("__session_{SUFFIX}={token}"),
        "__client_uat=1".to_owned(),
        format!("__client_uat_{SUFFIX}=1"),
        format!("__refresh_{SUFFIX}={REFRESH_TOKEN}"),
    ]
}

/// Returns Clerk's response to a refresh, and its `Set-Cookie` lines.
#[must_use]
pub fn refreshed(instance: &Instance) -> (Fault, Vec<String>) {
    let token = token_until(instance, 50);
    let lines = vec![
        format!("__session_{SUFFIX}={token}; Path=/; Secure; SameSite=Lax"),
        format!("__session={token}; Path=/; Secure; SameSite=Lax"),
    ];
    let body = json!({"object": "cookies", "cookies": lines}).to_string();
    let headers = "content-type: application/json\r\nconnection: close\r\n";
    (Fault::Close(http_response("200 OK", headers, &body)), lines)
}
