//! The waitlist: who asked to join before sign-up is open.
//!
//! ```
//! use clerk_core::model::{WaitlistEntry, WaitlistEntryStatus};
//!
//! let entry: WaitlistEntry = serde_json::from_str(r#"{
//!     "id": "wle_1", "email_address": "ada@example.com", "status": "invited",
//!     "invitation": {"id": "inv_1", "email_address": "ada@example.com", "status": "pending"}
//! }"#).unwrap();
//! assert_eq!(entry.status, WaitlistEntryStatus::Invited);
//! assert_eq!(entry.invitation.unwrap().id, "inv_1");
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, decode::lenient, id::Id, model::Invitation, opaque::opaque, open_enum::open_enum};

/// Somebody who waits to be let in.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WaitlistEntry {
    /// Its identifier.
    pub id: Id,
    /// The e-mail address.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub email_address: String,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: WaitlistEntryStatus,
    /// Whether it is just being worked on, so that nothing else can be done with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_locked: Option<bool>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// The invitation that was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invitation: Option<Invitation>,
}

opaque!(WaitlistEntry, id);

open_enum! {
    /// Where an entry of the waitlist stands.
    WaitlistEntryStatus {
        /// Waiting.
        Pending = "pending",
        /// Invited, and yet to sign up.
        Invited = "invited",
        /// Signed up.
        Completed = "completed",
        /// Rejected.
        Rejected = "rejected",
    }
}
