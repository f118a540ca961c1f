//! Organizations and their members.

use clerk_core::{
    Timestamp,
    id::{OrganizationId, UserId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Metadata, State, extended};
use crate::{random, table::Row};

/// An organization.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Organization {
    pub(crate) id: OrganizationId,
    pub(crate) name: String,
    pub(crate) slug: String,
    /// Only until [`State::adopt_roles`] moves them.
    #[serde(default, skip_serializing)]
    roles: Vec<OldRole>,
    pub(crate) metadata: Metadata,
    pub(crate) created_by: Option<UserId>,
    pub(crate) max_allowed_memberships: i64,
    pub(crate) admin_delete_enabled: bool,
    pub(crate) role_set_key: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Row for Organization {
    const NAME: &'static str = "organization";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    /// The slug, and who created it.
    fn keys(&self) -> Vec<String> {
        let creator = self.created_by.as_ref().map(|user| user.as_str().to_owned());
        creator.into_iter().chain([self.slug.clone()]).collect()
    }
}

impl Organization {
    pub(crate) fn new(id: OrganizationId, name: String, slug: String, now: Timestamp) -> Self {
        Self {
            id,
            name,
            slug,
            roles: Vec::new(),
            metadata: Metadata::default(),
            created_by: None,
            max_allowed_memberships: 0,
            admin_delete_enabled: true,
            role_set_key: None,
            created_at: now,
            updated_at: now,
        }
    }
}

/// A role in a file of an older version, where each organization had its own.
#[derive(Clone, PartialEq, Deserialize)]
pub(crate) struct OldRole {
    pub(crate) key: String,
    pub(crate) permissions: Vec<String>,
}

/// A user's membership in an organization.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Membership {
    pub(crate) id: String,
    pub(crate) organization: OrganizationId,
    pub(crate) user: UserId,
    pub(crate) role: String,
    pub(crate) metadata: Metadata,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Row for Membership {
    const NAME: &'static str = "organization membership";

    fn id(&self) -> &str {
        &self.id
    }

    fn keys(&self) -> Vec<String> {
        vec![self.organization.as_str().to_owned(), self.user.as_str().to_owned()]
    }
}

impl Membership {
    pub(crate) fn new(organization: &OrganizationId, user: &UserId, role: &str, now: Timestamp) -> Self {
        Self {
            id: random::id("orgmem_"),
            organization: organization.clone(),
            user: user.clone(),
            role: role.to_owned(),
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        }
    }
}

impl State {
    /// Makes the roles of organizations in a file of an older version roles of the instance.
    pub(crate) fn adopt_roles(&mut self, now: Timestamp) {
        let old: Vec<OldRole> = self.organizations.iter().flat_map(|it| it.roles.clone()).collect();
        for role in old {
            self.roles.define(&role.key, role.permissions, now);
        }
        self.organizations.change(|it| !it.roles.is_empty(), |it| it.roles.clear());
    }

    /// Returns an organization, with the number of its members if requested.
    pub(crate) fn render_organization(&self, organization: &Organization, with_members: bool) -> Value {
        let mut rendered = json!({
            "object": "organization",
            "id": organization.id,
            "name": organization.name,
            "slug": organization.slug,
            "image_url": self.image_url(organization.id.as_str()),
            "has_image": self.has_image(organization.id.as_str()),
            "max_allowed_memberships": organization.max_allowed_memberships,
            "admin_delete_enabled": organization.admin_delete_enabled,
            "public_metadata": organization.metadata.public,
            "private_metadata": organization.metadata.private,
            "created_at": organization.created_at,
            "updated_at": organization.updated_at,
            "role_set_key": self.role_set(organization).map(|set| &set.key),
        });
        if with_members {
            let members = self.members(&organization.id);
            rendered = extended(
                rendered,
                json!({ "members_count": members, "pending_invitations_count": self.pending_invitations(&organization.id) }),
            );
        }
        if let Some(user) = &organization.created_by {
            rendered = extended(rendered, json!({ "created_by": user }));
        }
        rendered
    }

    pub(crate) fn render_membership(&self, membership: &Membership) -> Value {
        let organization = self.organizations.get(membership.organization.as_str()).ok();
        let user = self.users.get(membership.user.as_str()).ok();
        let image_url = self.image_url(membership.user.as_str());
        json!({
            "id": membership.id,
            "object": "organization_membership",
            "role": membership.role,
            "role_name": self.roles.name(&membership.role),
            "permissions": self.permissions(membership),
            "public_metadata": membership.metadata.public,
            "private_metadata": membership.metadata.private,
            "organization": organization.map(|organization| self.render_organization(organization, false)),
            "public_user_data": {
                "user_id": membership.user,
                "first_name": user.and_then(|user| user.first_name.as_deref()),
                "last_name": user.and_then(|user| user.last_name.as_deref()),
                "profile_image_url": image_url,
                "image_url": image_url,
                "has_image": self.has_image(membership.user.as_str()),
                "identifier": user.and_then(|user| user.email().or(user.phone()).or(user.username.as_deref())),
                "username": user.and_then(|user| user.username.as_deref()),
                "banned": user.is_some_and(|user| user.banned),
                "deprovisioned": user.is_some_and(|user| user.deprovisioned),
            },
            "created_at": membership.created_at,
            "updated_at": membership.updated_at,
        })
    }
}
