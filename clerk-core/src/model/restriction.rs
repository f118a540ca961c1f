//! Who may and who may not sign up: the allow-list and the block-list.
//!
//! ```
//! use clerk_core::model::{AllowlistIdentifier, RestrictedIdentifierType};
//!
//! let entry: AllowlistIdentifier = serde_json::from_str(
//!     r#"{"id": "alid_1", "identifier": "*@example.com", "identifier_type": "email_address"}"#,
//! ).unwrap();
//! assert_eq!(entry.identifier_type, RestrictedIdentifierType::EmailAddress);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, decode::lenient, id::Id, opaque::opaque, open_enum::open_enum};

/// An entry of the allow-list.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AllowlistIdentifier {
    /// Its identifier.
    pub id: Id,
    /// The invitation that was sent with it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub invitation_id: String,
    /// The e-mail address, phone number, wallet or name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub identifier: String,
    /// What the identifier is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub identifier_type: RestrictedIdentifierType,
    /// The instance it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub instance_id: String,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(AllowlistIdentifier, id);

/// An entry of the block-list.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BlocklistIdentifier {
    /// Its identifier.
    pub id: Id,
    /// The e-mail address, phone number, wallet or name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub identifier: String,
    /// What the identifier is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub identifier_type: RestrictedIdentifierType,
    /// The instance it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub instance_id: String,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(BlocklistIdentifier, id);

open_enum! {
    /// What an entry of the allow-list or block-list is.
    RestrictedIdentifierType {
        /// `email_address`.
        EmailAddress = "email_address",
        /// `phone_number`.
        PhoneNumber = "phone_number",
        /// `web3_wallet`.
        Web3Wallet = "web3_wallet",
    }
}
