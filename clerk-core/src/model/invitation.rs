//! Invitations to the application.
//!
//! ```
//! use clerk_core::model::{Invitation, InvitationStatus};
//!
//! let invitation: Invitation = serde_json::from_str(
//!     r#"{"id": "inv_1", "email_address": "ada@example.com", "status": "pending"}"#,
//! ).unwrap();
//! assert_eq!(invitation.status, InvitationStatus::Pending);
//! assert!(invitation.expires_at.is_none());
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{
    Metadata, Timestamp, decode::lenient, id::Id, model::InvitationStatus, opaque::opaque,
    open_enum::open_enum,
};

/// An invitation to the application.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Invitation {
    /// Its identifier.
    pub id: Id,
    /// The e-mail address.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub email_address: String,
    /// Metadata that the user takes over.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub public_metadata: Metadata,
    /// Whether it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked: Option<bool>,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: InvitationStatus,
    /// Where to accept it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it expires. `None` when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(Invitation, id);

open_enum! {
    /// Which e-mail an invitation is sent with.
    InvitationTemplate {
        /// An ordinary invitation.
        Invitation = "invitation",
        /// An invitation to somebody from the waitlist.
        WaitlistInvitation = "waitlist_invitation",
    }
}
