//! Invitations to organizations.

use clerk_core::{
    Timestamp,
    id::{OrganizationId, UserId},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Membership, Metadata, Organization, State, User, extended};
use crate::{error::ApiError, random, table::Row};

/// What became of an invitation. That it expired is derived.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum InvitationState {
    Pending,
    Accepted,
    Revoked,
}

/// An invitation of an email address to an organization.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OrganizationInvitation {
    pub(crate) id: String,
    /// The value of `__clerk_ticket` in its link.
    pub(crate) ticket: String,
    pub(crate) organization: OrganizationId,
    pub(crate) email_address: String,
    /// The key of the role of the new member.
    pub(crate) role: String,
    pub(crate) inviter: Option<UserId>,
    pub(crate) metadata: Metadata,
    pub(crate) redirect_url: Option<String>,
    pub(crate) state: InvitationState,
    /// Who accepted it.
    pub(crate) user: Option<UserId>,
    pub(crate) expires_at: Timestamp,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Row for OrganizationInvitation {
    const NAME: &'static str = "organization invitation";

    fn id(&self) -> &str {
        &self.id
    }
}

impl OrganizationInvitation {
    pub(crate) fn new(
        organization: &OrganizationId,
        email_address: &str,
        role: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Self {
        Self {
            id: random::id("orginv_"),
            ticket: random::string(40),
            organization: organization.clone(),
            email_address: email_address.to_owned(),
            role: role.to_owned(),
            inviter: None,
            metadata: Metadata::default(),
            redirect_url: None,
            state: InvitationState::Pending,
            user: None,
            expires_at,
            created_at: now,
            updated_at: now,
        }
    }

    pub(crate) fn status(&self, now: Timestamp) -> &'static str {
        match self.state {
            InvitationState::Accepted => "accepted",
            InvitationState::Revoked => "revoked",
            InvitationState::Pending if now >= self.expires_at => "expired",
            InvitationState::Pending => "pending",
        }
    }

    pub(crate) fn is_pending(&self, now: Timestamp) -> bool {
        self.status(now) == "pending"
    }

    /// Returns an error unless the invitation is pending.
    pub(super) fn check_pending(&self, now: Timestamp) -> Result<(), ApiError> {
        let (code, message) = match self.status(now) {
            "accepted" => {
                ("organization_invitation_already_accepted", "The invitation has already been accepted")
            }
            "revoked" => ("organization_invitation_revoked", "The invitation was revoked"),
            "expired" => ("organization_invitation_expired", "The invitation has expired"),
            _ => return Ok(()),
        };
        Err(ApiError::new(StatusCode::BAD_REQUEST, code, "invitation not pending", message))
    }

    /// Revokes the invitation.
    pub(crate) fn revoke(&mut self, now: Timestamp) -> Result<(), ApiError> {
        self.check_pending(now)?;
        self.state = InvitationState::Revoked;
        self.updated_at = now;
        Ok(())
    }
}

impl State {
    /// Returns the number of pending invitations to an organization.
    pub(crate) fn pending_invitations(&self, organization: &OrganizationId) -> usize {
        let is_pending =
            |it: &&OrganizationInvitation| it.organization == *organization && it.is_pending(self.now);
        self.organization_invitations.iter().filter(is_pending).count()
    }

    /// Rejects another member, or another invitation, beyond the organization's limit.
    pub(crate) fn check_members(&self, organization: &Organization, others: usize) -> Result<(), ApiError> {
        let limit = usize::try_from(organization.max_allowed_memberships).unwrap_or(0);
        if limit == 0 || others < limit {
            return Ok(());
        }
        Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "organization_membership_quota_exceeded",
            "organization membership quota exceeded",
            "The organization has reached its max_allowed_memberships",
        ))
    }

    /// Returns whether a user with an email address is a member of an organization.
    pub(crate) fn is_member_with(&self, organization: &OrganizationId, email_address: &str) -> bool {
        let members = self.members_of(organization.as_str());
        members
            .filter_map(|it| self.users.get(it.user.as_str()).ok())
            .any(|user| user.emails.iter().any(|email| email.identifies() && email.is(email_address)))
    }

    /// Returns the invitations of a user's verified email addresses, and those that follow from domains.
    pub(crate) fn invitations_of(&self, user: &User) -> Vec<OrganizationInvitation> {
        let is_own = |it: &&OrganizationInvitation| {
            user.emails.iter().any(|email| email.is_verified() && email.is(&it.email_address))
        };
        let sent = self.organization_invitations.iter().filter(is_own).cloned();
        sent.chain(self.automatic_invitations(user)).collect()
    }

    /// Rejects an invitation that nobody can accept now.
    pub(crate) fn check_acceptable(&self, id: &str) -> Result<(), ApiError> {
        let invitation = self.organization_invitations.get(id)?;
        invitation.check_pending(self.now)?;
        let organization = self.organizations.get(invitation.organization.as_str())?;
        self.check_members(organization, self.members(&organization.id))
    }

    /// Makes a user a member of the organization of a pending invitation, and returns it.
    pub(crate) fn accept_organization_invitation(
        &mut self,
        mut invitation: OrganizationInvitation,
        user: &UserId,
    ) -> Result<OrganizationInvitation, ApiError> {
        let now = self.now;
        invitation.check_pending(now)?;
        let organization = self.organizations.get(invitation.organization.as_str())?;
        if self.membership(organization.id.as_str(), user.as_str()).is_err() {
            self.check_members(organization, self.members(&organization.id))?;
            let mut membership = Membership::new(&organization.id, user, &invitation.role, now);
            membership.metadata = invitation.metadata.clone();
            self.memberships.insert(membership);
        }
        invitation.state = InvitationState::Accepted;
        invitation.user = Some(user.clone());
        invitation.updated_at = now;
        match self.organization_invitations.get_mut(&invitation.id) {
            Ok(known) => known.clone_from(&invitation),
            // It followed from a domain.
            Err(_) => self.organization_invitations.insert(invitation.clone()),
        }
        Ok(invitation)
    }

    /// Returns the link with which the invited person joins.
    pub(crate) fn invitation_url(&self, ticket: &str) -> String {
        format!("{}/v1/tickets/accept?ticket={ticket}", self.frontend_url())
    }

    pub(crate) fn render_organization_invitation(&self, invitation: &OrganizationInvitation) -> Value {
        let inviter = invitation.inviter.as_ref().and_then(|id| self.users.get(id.as_str()).ok());
        let inviter = inviter.map(|user| {
            json!({
                "user_id": user.id,
                "first_name": user.first_name,
                "last_name": user.last_name,
                "image_url": self.image_url(user.id.as_str()),
                "has_image": self.has_image(user.id.as_str()),
                "identifier": user.email().or(user.phone()).or(user.username.as_deref()).unwrap_or_default(),
            })
        });
        let has_link = invitation.is_pending(self.now) && !invitation.ticket.is_empty();
        let url = has_link.then(|| self.invitation_url(&invitation.ticket));
        json!({
            "object": "organization_invitation",
            "id": invitation.id,
            "email_address": invitation.email_address,
            "role": invitation.role,
            "role_name": self.roles.name(&invitation.role),
            "organization_id": invitation.organization,
            "inviter_id": invitation.inviter,
            "public_inviter_data": inviter,
            "status": invitation.status(self.now),
            "public_metadata": invitation.metadata.public,
            "private_metadata": invitation.metadata.private,
            "url": url,
            "expires_at": invitation.expires_at,
            "created_at": invitation.created_at,
            "updated_at": invitation.updated_at,
        })
    }

    /// Returns an invitation with what everybody may know of its organization.
    pub(crate) fn render_organization_invitation_with_organization(
        &self,
        invitation: &OrganizationInvitation,
    ) -> Value {
        let organization = self.render_public_organization(&invitation.organization);
        extended(
            self.render_organization_invitation(invitation),
            json!({ "public_organization_data": organization }),
        )
    }

    /// Returns what everybody may know of an organization.
    pub(crate) fn render_public_organization(&self, id: &OrganizationId) -> Option<Value> {
        let organization = self.organizations.get(id.as_str()).ok()?;
        Some(json!({
            "id": organization.id,
            "name": organization.name,
            "slug": organization.slug,
            "image_url": self.image_url(id.as_str()),
            "has_image": self.has_image(id.as_str()),
        }))
    }
}
