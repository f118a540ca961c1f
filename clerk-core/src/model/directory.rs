//! Directories: identity providers that create, change and withdraw users.
//!
//! ```
//! use clerk_core::model::Directory;
//!
//! let directory: Directory = serde_json::from_str(r#"{
//!     "id": "dir_1", "name": "Staff", "provider": "okta", "enabled": true,
//!     "attribute_mapping": {"first_name": "name.givenName"}
//! }"#).unwrap();
//! assert_eq!(directory.attribute_mapping["first_name"], "name.givenName");
//! assert!(directory.api_key.is_none());
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Timestamp, decode::lenient, id::Id, model::Role, opaque::opaque};

/// A directory: an identity provider that creates, changes and withdraws users.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Directory {
    /// Its identifier.
    pub id: Id,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The connection it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enterprise_connection_id: Option<String>,
    /// The address the identity provider is to use.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub endpoint_url: String,
    /// The identity provider.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub provider: String,
    /// Whether it is in use.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub enabled: bool,
    /// Whether its groups are mapped to roles.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub group_role_mapping_enabled: bool,
    /// Which attribute of the directory becomes which of the user, by the user's.
    #[serde(default, deserialize_with = "lenient::map_without_nulls")]
    pub attribute_mapping: BTreeMap<String, String>,
    /// Attributes that the application defines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Vec<DirectoryCustomAttribute>>,
    /// The key the identity provider is to use. Only where it was just made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(Directory, id);

/// An attribute of users that the application defines.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DirectoryCustomAttribute {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its name in the user's metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Where it stands in what a sign-in brings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_path: Option<String>,
    /// Where it stands in what the directory sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory_path: Option<String>,
    /// Whether it has several values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_valued: Option<bool>,
}

opaque!(DirectoryCustomAttribute);

/// The role that members of a directory's group get.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DirectoryGroupRoleMapping {
    /// Its identifier.
    pub id: Id,
    /// The directory it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub directory_id: String,
    /// The group, by the identity provider's identifier.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub directory_group_id: String,
    /// The group's name for people.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub directory_group_display_name: String,
    /// The role its members get.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Which role a member of several groups gets: that with the lowest number, from 1.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub precedence: i64,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(DirectoryGroupRoleMapping, id);
