//! OAuth applications and the access tokens issued for them.
//!
//! ```
//! use clerk_core::model::OAuthAccessTokenVerification;
//!
//! // An access token in JWT format that has expired.
//! let token: OAuthAccessTokenVerification = serde_json::from_str(r#"{"active": false}"#).unwrap();
//! assert_eq!((token.active, token.subject), (Some(false), None));
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    decode::lenient,
    id::{Id, UserId},
    opaque::opaque,
};

/// An OAuth application, without its client secret.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OAuthApplication {
    /// Its identifier.
    pub id: Id,
    /// The instance it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub instance_id: String,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The client's identifier.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub client_id: String,
    /// The client's home page.
    pub client_uri: Option<String>,
    /// Address of the client's picture.
    pub client_image_url: Option<String>,
    /// Whether the client registered itself.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub dynamically_registered: bool,
    /// Whether users are asked for their consent.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub consent_screen_enabled: bool,
    /// Whether clients must use PKCE (RFC 7636).
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub pkce_required: bool,
    /// Whether the client can keep no secret.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub public: bool,
    /// What its tokens may be good for, separated by spaces.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub scopes: String,
    /// Where users may be sent back to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub redirect_uris: Vec<String>,
    /// Where users are sent back to.
    #[deprecated(note = "use `redirect_uris`")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
    /// Where users are asked for their consent.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub authorize_url: String,
    /// Where clients get tokens.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub token_fetch_url: String,
    /// Where information on the user is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub user_info_url: String,
    /// The OpenID Connect discovery document.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub discovery_url: String,
    /// Where tokens can be looked up.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub token_introspection_url: String,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(OAuthApplication, id);

/// An OAuth application, with its client secret.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OAuthApplicationWithSecret {
    /// Its identifier.
    pub id: Id,
    /// The instance it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub instance_id: String,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The client's identifier.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub client_id: String,
    /// The client's home page.
    pub client_uri: Option<String>,
    /// Address of the client's picture.
    pub client_image_url: Option<String>,
    /// Whether the client registered itself.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub dynamically_registered: bool,
    /// Whether users are asked for their consent.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub consent_screen_enabled: bool,
    /// Whether clients must use PKCE (RFC 7636).
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub pkce_required: bool,
    /// Whether the client can keep no secret.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub public: bool,
    /// What its tokens may be good for, separated by spaces.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub scopes: String,
    /// Where users may be sent back to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub redirect_uris: Vec<String>,
    /// Where users are sent back to.
    #[deprecated(note = "use `redirect_uris`")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
    /// Where users are asked for their consent.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub authorize_url: String,
    /// Where clients get tokens.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub token_fetch_url: String,
    /// Where information on the user is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub user_info_url: String,
    /// The OpenID Connect discovery document.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub discovery_url: String,
    /// Where tokens can be looked up.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub token_introspection_url: String,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// The client's secret. Empty or missing when the client is public.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
}

opaque!(OAuthApplicationWithSecret, id);

/// What is known of an access token. [`is_valid`](Self::is_valid) says whether it may be accepted.
///
/// Of an expired one in JWT format only `active` is there.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OAuthAccessTokenVerification {
    /// Its identifier.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// The client it was issued to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The user who gave the consent.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub subject: Option<UserId>,
    /// The scopes the token is good for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Whether it is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked: Option<bool>,
    /// Why it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_reason: Option<String>,
    /// Whether it is expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired: Option<bool>,
    /// When it expires. `None` when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Timestamp>,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// `Some(false)` when a token in JWT format has expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

opaque!(OAuthAccessTokenVerification, id);
