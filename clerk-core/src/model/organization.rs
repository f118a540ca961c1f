//! Organizations, their members and the invitations to them.
//!
//! ```
//! use clerk_core::model::OrganizationMembership;
//!
//! let membership: OrganizationMembership = serde_json::from_str(r#"{
//!     "id": "orgmem_1", "role": "org:admin",
//!     "organization": {"id": "org_1", "name": "Analytical Engines"}
//! }"#).unwrap();
//! assert_eq!(membership.organization.name, "Analytical Engines");
//! assert!(membership.permissions.is_empty());
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{
    Metadata, Timestamp,
    decode::lenient,
    id::{Id, OrganizationId, UserId},
    opaque::opaque,
    open_enum::open_enum,
};

/// An organization.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Organization {
    /// Its identifier.
    pub id: OrganizationId,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// Its name in addresses.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub slug: String,
    /// Address of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// Whether the image is an uploaded one, not a generated one.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub has_image: bool,
    /// How many members it has, when that was asked for.
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub members_count: Option<i64>,
    /// Whether nobody in it may manage its members, when that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_member_with_elevated_permissions: Option<bool>,
    /// How many invitations are open.
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub pending_invitations_count: Option<i64>,
    /// How many members it may have; 0 is no limit.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub max_allowed_memberships: i64,
    /// Whether its admins may delete it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub admin_delete_enabled: bool,
    /// Metadata the frontend can read and only the backend can write.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub public_metadata: Metadata,
    /// Metadata only the backend can read and write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_metadata: Option<Metadata>,
    /// Who created it.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub created_by: Option<UserId>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// When it was last active, to the day or better.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_active_at: Option<Timestamp>,
    /// The role set whose roles it uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_set_key: Option<String>,
}

opaque!(Organization, id);

/// A user's membership in an organization.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OrganizationMembership {
    /// Its identifier.
    pub id: Id,
    /// The role, such as `org:admin`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub role: String,
    /// The role's name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_name: Option<String>,
    /// The permissions of the role, such as `org:sys_memberships:read`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub permissions: Vec<String>,
    /// Metadata the frontend can read and only the backend can write.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub public_metadata: Metadata,
    /// Metadata only the backend can read and write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_metadata: Option<Metadata>,
    /// The organization.
    pub organization: Organization,
    /// What is shown of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_user_data: Option<OrganizationMembershipPublicUserData>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(OrganizationMembership, id);

/// What a membership shows of its user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OrganizationMembershipPublicUserData {
    /// The user.
    pub user_id: UserId,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Address of the image.
    #[deprecated(note = "use `image_url`")]
    pub profile_image_url: Option<String>,
    /// Address of the image.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub image_url: String,
    /// Whether the image is an uploaded one, not a generated one.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub has_image: bool,
    /// The user's e-mail address, phone number or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// The user name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Whether the user is banned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub banned: Option<bool>,
    /// Whether a directory has withdrawn the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprovisioned: Option<bool>,
}

opaque!(OrganizationMembershipPublicUserData);

/// An invitation to an organization.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OrganizationInvitation {
    /// Its identifier.
    pub id: Id,
    /// The e-mail address.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub email_address: String,
    /// The role, such as `org:admin`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub role: String,
    /// The role's name for people.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub role_name: String,
    /// The organization.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Who sent it.
    #[serde(default, deserialize_with = "lenient::optional_id")]
    pub inviter_id: Option<UserId>,
    /// What is shown of who sent it.
    pub public_inviter_data: Option<OrganizationInvitationPublicUserData>,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<InvitationStatus>,
    /// Metadata the frontend can read and only the backend can write.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub public_metadata: Metadata,
    /// Metadata only the backend can read and write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_metadata: Option<Metadata>,
    /// Where to accept it.
    pub url: Option<String>,
    /// When it expires. `None` when it does not.
    pub expires_at: Option<Timestamp>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// What is shown of the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_organization_data: Option<OrganizationInvitationPublicOrganizationData>,
}

opaque!(OrganizationInvitation, id);

/// What an invitation shows of who sent it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OrganizationInvitationPublicUserData {
    /// The user.
    pub user_id: UserId,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Address of the image.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub image_url: String,
    /// Whether the image is an uploaded one, not a generated one.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub has_image: bool,
    /// The e-mail address or name of who sent it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub identifier: String,
}

opaque!(OrganizationInvitationPublicUserData);

/// What an invitation shows of the organization.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OrganizationInvitationPublicOrganizationData {
    /// Its identifier.
    pub id: OrganizationId,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// Its name in addresses.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub slug: String,
    /// Address of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// Whether the image is an uploaded one, not a generated one.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub has_image: bool,
}

opaque!(OrganizationInvitationPublicOrganizationData, id);

open_enum! {
    /// Where an invitation stands.
    InvitationStatus {
        /// Neither accepted nor withdrawn yet.
        Pending = "pending",
        /// The invited person has joined.
        Accepted = "accepted",
        /// Withdrawn.
        Revoked = "revoked",
        /// Not accepted in time.
        Expired = "expired",
    }
}
