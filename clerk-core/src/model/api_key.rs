//! API keys of users and organizations.
//!
//! ```
//! use clerk_core::model::ApiKey;
//!
//! let key: ApiKey = serde_json::from_str(r#"{
//!     "id": "ak_1", "type": "api_key", "subject": "user_1", "name": "ci",
//!     "scopes": ["read"], "revoked": false, "expired": false
//! }"#).unwrap();
//! assert_eq!(key.scopes, ["read"]);
//! assert!(key.expiration.is_none());
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Timestamp,
    decode::{lenient, plain},
    id::{Id, UserId},
    opaque::opaque,
};

/// An API key of a user or an organization, without its secret.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApiKey {
    /// Its identifier.
    pub id: Id,
    /// What kind of key it is, `api_key` by default.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub r#type: String,
    /// The user or organization it is for.
    pub subject: Id,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// What it is, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the application wants to be known with it: any JSON.
    #[serde(default, deserialize_with = "plain::optional")]
    pub claims: Option<Value>,
    /// What it is good for, in the application's own words.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub scopes: Vec<String>,
    /// Whether it is revoked.
    pub revoked: bool,
    /// Why it was revoked.
    pub revocation_reason: Option<String>,
    /// Whether it is expired.
    pub expired: bool,
    /// When it expires. `None` when it does not.
    pub expiration: Option<Timestamp>,
    /// The user who created it.
    #[serde(default, deserialize_with = "lenient::optional_id")]
    pub created_by: Option<UserId>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(ApiKey, id);

/// An API key right after it was made, with its secret.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApiKeyWithSecret {
    /// Its identifier.
    pub id: Id,
    /// What kind of key it is, `api_key` by default.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub r#type: String,
    /// The user or organization it is for.
    pub subject: Id,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// What it is, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the application wants to be known with it: any JSON.
    #[serde(default, deserialize_with = "plain::optional")]
    pub claims: Option<Value>,
    /// What it is good for, in the application's own words.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub scopes: Vec<String>,
    /// The secret, which is the key itself.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub secret: String,
    /// Whether it is revoked.
    pub revoked: bool,
    /// Why it was revoked.
    pub revocation_reason: Option<String>,
    /// Whether it is expired.
    pub expired: bool,
    /// When it expires. `None` when it does not.
    pub expiration: Option<Timestamp>,
    /// The user who created it.
    #[serde(default, deserialize_with = "lenient::optional_id")]
    pub created_by: Option<UserId>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(ApiKeyWithSecret, id);

/// The secret of an API key.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApiKeySecret {
    /// The secret, which is the key itself.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub secret: String,
}

opaque!(ApiKeySecret);
