//! Roles, their permissions, and the sets of roles that organizations choose from.
//!
//! ```
//! use clerk_core::model::Role;
//!
//! let role: Role = serde_json::from_str(r#"{
//!     "id": "role_1", "name": "Admin", "key": "org:admin",
//!     "permissions": [{"id": "perm_1", "key": "org:sys_domains:manage"}]
//! }"#).unwrap();
//! assert!(role.permissions.iter().any(|permission| permission.key == "org:sys_domains:manage"));
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    decode::lenient,
    id::{Id, OrganizationId},
    opaque::opaque,
    open_enum::open_enum,
};

/// A role of members of organizations.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Role {
    /// Its identifier.
    pub id: Id,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// What stands in session tokens, such as `org:admin`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub key: String,
    /// What the role is for, for people.
    pub description: Option<String>,
    /// Whether who creates an organization can get it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_creator_eligible: bool,
    /// The permissions it has.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub permissions: Vec<Permission>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(Role, id);

/// A permission that roles can have.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Permission {
    /// Its identifier.
    pub id: Id,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// What stands in session tokens, such as `org:invoices:read`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub key: String,
    /// What it allows, for people.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub description: String,
    /// Whose it is: `system` for Clerk's own, `user` for the application's.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub r#type: String,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(Permission, id);

/// The roles that an organization can give its members.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoleSet {
    /// Its identifier.
    pub id: Id,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// Its key, such as `role_set:default`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub key: String,
    /// What the role set is for, for people.
    pub description: Option<String>,
    /// Its roles.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub roles: Vec<RoleSetItem>,
    /// The role that new members get.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_role: Option<RoleSetItem>,
    /// The role that who creates an organization gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creator_role: Option<RoleSetItem>,
    /// Which organizations it is for.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub r#type: RoleSetType,
    /// Work under way on moving members to other roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_set_migration: Option<RoleSetMigration>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(RoleSet, id);

open_enum! {
    /// Which organizations a role set is for.
    RoleSetType {
        /// Those that are new. One role set of the instance is of this kind.
        Initial = "initial",
        /// Those that it is chosen for.
        Custom = "custom",
    }
}

/// A role within a role set.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoleSetItem {
    /// Its identifier.
    pub id: Id,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// What stands in session tokens, such as `org:admin`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub key: String,
    /// What the role is for, for people.
    pub description: Option<String>,
    /// How many members have it through this role set.
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub members_count: Option<i64>,
    /// Whether a member has it through this role set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_members: Option<bool>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(RoleSetItem, id);

/// Work on moving members to other roles.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoleSetMigration {
    /// Its identifier.
    pub id: Id,
    /// The organization, when it is about a single one.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// The instance it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub instance_id: String,
    /// The role set that members are moved from.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub source_role_set_id: String,
    /// The role set that members are moved to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dest_role_set_id: Option<String>,
    /// What caused it, such as `role_removal`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub trigger_type: String,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: String,
    /// How many members have been moved.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub migrated_members: i64,
    /// Which role members get instead of which, both by key.
    #[serde(
        default,
        deserialize_with = "lenient::optional_map_without_nulls",
        skip_serializing_if = "Option::is_none"
    )]
    pub mappings: Option<BTreeMap<String, String>>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(RoleSetMigration, id);
