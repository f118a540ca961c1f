//! Answers that several sections share.
//!
//! ```
//! use clerk_core::model::DeletedObject;
//!
//! let gone: DeletedObject =
//!     serde_json::from_str(r#"{"object": "user", "id": "user_1", "deleted": true}"#).unwrap();
//! assert!(gone.deleted);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{decode::lenient, id::Id, opaque::opaque};

/// Says that something was deleted.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeletedObject {
    /// What kind of thing was deleted, such as `user`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub object: String,
    /// Its identifier.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// Its name in addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// Whether it is deleted.
    pub deleted: bool,
    /// The application's own identifier for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

opaque!(DeletedObject, id);

/// A number of things.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TotalCount {
    /// How many there are.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub total_count: i64,
}

opaque!(TotalCount);
