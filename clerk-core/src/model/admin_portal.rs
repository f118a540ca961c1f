//! Tokens for links to the admin portal.
//!
//! ```
//! use clerk_core::model::AdminPortalLinkToken;
//!
//! let token: AdminPortalLinkToken = serde_json::from_str(
//!     r#"{"id": "aplt_1", "organization_id": "org_1", "revoked": true, "expired": false}"#,
//! ).unwrap();
//! assert!(token.revoked);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    decode::lenient,
    id::{Id, OrganizationId},
    opaque::opaque,
};

/// A token for one visit to the admin portal.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AdminPortalLinkToken {
    /// Its identifier.
    pub id: Id,
    /// The link it is for.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub admin_portal_link_id: String,
    /// The instance it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub instance_id: String,
    /// The organization it is for, when it is for one.
    #[serde(default, deserialize_with = "lenient::optional_id")]
    pub organization_id: Option<OrganizationId>,
    /// The application's own reference to who administers the customer's systems.
    pub it_contact_id: Option<String>,
    /// What it is good for.
    pub scopes: Option<Vec<String>>,
    /// Whether it is revoked.
    pub revoked: bool,
    /// Why it was revoked.
    pub revocation_reason: Option<String>,
    /// Whether it is expired.
    pub expired: bool,
    /// When it expires. `None` when it does not.
    pub expiration: Option<Timestamp>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(AdminPortalLinkToken, id);

/// A token for the admin portal right after it was made, with its secret text.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreatedAdminPortalLinkToken {
    /// Its identifier.
    pub id: Id,
    /// The link it is for.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub admin_portal_link_id: String,
    /// The instance it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub instance_id: String,
    /// The organization it is for, when it is for one.
    #[serde(default, deserialize_with = "lenient::optional_id")]
    pub organization_id: Option<OrganizationId>,
    /// The application's own reference to who administers the customer's systems.
    pub it_contact_id: Option<String>,
    /// What it is good for.
    pub scopes: Option<Vec<String>>,
    /// The token itself, good for one use.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub token: String,
    /// Whether it is revoked.
    pub revoked: bool,
    /// Why it was revoked.
    pub revocation_reason: Option<String>,
    /// Whether it is expired.
    pub expired: bool,
    /// When it expires. `None` when it does not.
    pub expiration: Option<Timestamp>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(CreatedAdminPortalLinkToken, id);
