//! Passkeys and trusted devices. Users get them from setup only, because they belong to real devices.

use clerk_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::random;

/// A passkey.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Passkey {
    pub(crate) id: String,
    pub(crate) name: String,
    last_used_at: Timestamp,
}

impl Passkey {
    pub(crate) fn new(name: &str, now: Timestamp) -> Self {
        Self { id: random::id("idn_"), name: name.to_owned(), last_used_at: now }
    }

    pub(crate) fn render(&self) -> Value {
        json!({
            "id": self.id,
            "object": "passkey",
            "name": self.name,
            "last_used_at": self.last_used_at,
            "verification": {
                "object": "verification_passkey",
                "status": "verified",
                "strategy": "passkey",
                "attempts": null,
                "expire_at": self.last_used_at,
            },
        })
    }
}

/// A device that Clerk's mobile SDKs enrolled.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TrustedDevice {
    pub(crate) id: String,
    /// `ios` or `android`.
    platform: String,
    app_identifier: String,
    name: Option<String>,
    pub(crate) revoked_at: Option<Timestamp>,
    created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl TrustedDevice {
    pub(crate) fn new(platform: &str, app_identifier: &str, name: &str, now: Timestamp) -> Self {
        Self {
            id: random::id("tdev_"),
            platform: platform.to_owned(),
            app_identifier: app_identifier.to_owned(),
            name: Some(name.to_owned()),
            revoked_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    pub(crate) fn render(&self) -> Value {
        json!({
            "object": "trusted_device",
            "id": self.id,
            "platform": self.platform,
            "app_identifier": self.app_identifier,
            "name": self.name,
            "algorithm": "ES256",
            "status": if self.revoked_at.is_some() { "revoked" } else { "active" },
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "last_used_at": null,
            "revoked_at": self.revoked_at,
        })
    }
}
