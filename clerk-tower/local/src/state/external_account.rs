//! Accounts of users at social providers.

use clerk_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::random;

/// The scopes of every account.
const SCOPES: [&str; 3] = ["openid", "email", "profile"];

/// An account at a social provider.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ExternalAccount {
    /// The account's identifier, `eac_…`.
    pub(crate) id: String,
    pub(crate) identification_id: String,
    /// The provider, for example `google`.
    pub(crate) provider: String,
    pub(crate) provider_user_id: String,
    pub(crate) email: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    /// The access token that the provider gave the application.
    #[serde(default)]
    pub(crate) access_token: String,
    pub(crate) created_at: Timestamp,
}

impl ExternalAccount {
    /// Returns the account that the built-in provider has for an email address.
    pub(crate) fn new(
        provider: &str,
        email: &str,
        first_name: &str,
        last_name: &str,
        now: Timestamp,
    ) -> Self {
        Self {
            id: random::id("eac_"),
            identification_id: random::id("idn_"),
            provider: provider.to_owned(),
            provider_user_id: format!("{provider}_{}", email.to_lowercase()),
            email: email.to_owned(),
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
            access_token: random::string(40),
            created_at: now,
        }
    }

    /// Returns whether both are the same account at the provider.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.provider == other.provider && self.provider_user_id == other.provider_user_id
    }

    /// Returns the access token as the Backend API shows it.
    pub(crate) fn render_token(&self) -> Value {
        json!({
            "object": "oauth_access_token",
            "external_account_id": self.id,
            "provider_user_id": self.provider_user_id,
            "token": self.access_token,
            "expires_at": null,
            "provider": format!("oauth_{}", self.provider),
            "public_metadata": {},
            "label": null,
            "scopes": SCOPES,
        })
    }

    pub(crate) fn render(&self) -> Value {
        json!({
            "object": "external_account",
            "id": self.id,
            "provider": format!("oauth_{}", self.provider),
            "identification_id": self.identification_id,
            "provider_user_id": self.provider_user_id,
            "approved_scopes": SCOPES.join(" "),
            "email_address": self.email,
            "email_address_verified": true,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "avatar_url": "",
            "image_url": null,
            "username": null,
            "phone_number": null,
            "public_metadata": {},
            "label": null,
            "created_at": self.created_at,
            "updated_at": self.created_at,
            "verification": {
                "object": "verification_oauth",
                "status": "verified",
                "strategy": format!("oauth_{}", self.provider),
                "attempts": null,
                "expire_at": self.created_at,
            },
        })
    }
}
