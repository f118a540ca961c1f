//! The keys that session tokens are signed with.
//!
//! ```
//! use clerk_core::model::Jwks;
//!
//! let jwks: Jwks = serde_json::from_str(
//!     r#"{"keys": [{"kid": "ins_1", "kty": "RSA", "alg": "RS256", "use": "sig", "n": "AQAB", "e": "AQAB"}]}"#,
//! ).unwrap();
//! let key = jwks.keys.first().unwrap();
//! assert_eq!((key.kty.as_str(), key.kid.as_deref()), ("RSA", Some("ins_1")));
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{decode::lenient, opaque::opaque};

/// A set of keys.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Jwks {
    /// The keys.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub keys: Vec<Jwk>,
}

opaque!(Jwks);

/// A public key as a JSON Web Key (RFC 7517). Which members there are depends on `kty`; private ones
/// are never read.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Jwk {
    /// The key's identifier, which a token's header names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// The algorithm it is used with, such as `RS256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// What the key is for, such as `sig`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#use: Option<String>,
    /// The key type, such as `RSA`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub kty: String,
    /// The modulus of an RSA key, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// The exponent of an RSA key, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    /// Certificates for the key, base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x5c: Option<Vec<String>>,
    /// SHA-1 of the certificate, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x5t: Option<String>,
    /// SHA-256 of the certificate, base64url.
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    pub x5t_s256: Option<String>,
    /// Where the certificates are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x5u: Option<String>,
    /// The curve of an elliptic key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// The x coordinate of an elliptic key, or an Ed25519 key, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// The y coordinate of an elliptic key, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
}

opaque!(Jwk);
