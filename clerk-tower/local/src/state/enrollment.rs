//! How people become members by the domain of their email address: invitations and suggestions, which follow from the
//! organization's domains and are not stored, and the requests to which suggestions lead.

use aws_lc_rs::digest::{SHA256, digest};
use clerk_core::{
    Timestamp,
    id::{OrganizationId, UserId},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Membership, OrganizationDomain, OrganizationInvitation, State, User,
    organization_invitation::InvitationState,
};
use crate::{error::ApiError, random, table::Row};

/// How long an invitation that follows from a domain is valid, from whenever it is looked at.
const VALIDITY: std::time::Duration = std::time::Duration::from_secs(30 * 86_400);

const AUTOMATIC_INVITATION: &str = "automatic_invitation";
const AUTOMATIC_SUGGESTION: &str = "automatic_suggestion";

/// A user's request to become a member.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MembershipRequest {
    pub(crate) id: String,
    pub(crate) organization: OrganizationId,
    pub(crate) user: UserId,
    state: InvitationState,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Row for MembershipRequest {
    const NAME: &'static str = "organization membership request";

    fn id(&self) -> &str {
        &self.id
    }
}

impl MembershipRequest {
    pub(crate) const fn status(&self) -> &'static str {
        match self.state {
            InvitationState::Pending => "pending",
            InvitationState::Accepted => "accepted",
            InvitationState::Revoked => "revoked",
        }
    }
}

/// An organization that a user may ask to join.
pub(crate) struct Suggestion<'a> {
    id: String,
    domain: &'a OrganizationDomain,
    request: Option<&'a MembershipRequest>,
}

impl Suggestion<'_> {
    pub(crate) const fn status(&self) -> &'static str {
        if self.request.is_some() { "accepted" } else { "pending" }
    }
}

/// Returns an identifier that is always the same for an organization and a user.
fn id(prefix: &str, organization: &OrganizationId, user: &UserId) -> String {
    let hash = digest(&SHA256, format!("{organization}:{user}").as_bytes());
    format!("{prefix}{}", random::letters(hash.as_ref().get(..27).unwrap_or_default()))
}

impl OrganizationDomain {
    /// Returns the user's verified address at the domain.
    fn address_of<'u>(&self, user: &'u User) -> Option<&'u str> {
        let is_there = |address: &str| {
            address.rsplit_once('@').is_some_and(|(_, host)| host.eq_ignore_ascii_case(&self.name))
        };
        let mut verified = user.emails.iter().filter(|email| email.is_verified());
        verified.find(|email| is_there(&email.value)).map(|email| email.value.as_str())
    }
}

impl State {
    /// Returns whether a user may enroll by a domain: with a verified address there, and not a member yet.
    fn may_enroll(&self, domain: &OrganizationDomain, user: &User) -> bool {
        domain.verified
            && domain.address_of(user).is_some()
            && self.membership(domain.organization.as_str(), user.id.as_str()).is_err()
    }

    /// Returns the domains by which a user may enroll in a mode, at most one of an organization.
    fn enrolling_domains(&self, user: &User, mode: &str) -> Vec<&OrganizationDomain> {
        let mut found: Vec<&OrganizationDomain> = Vec::new();
        for domain in self.organization_domains.iter().filter(|it| it.enrollment_mode == mode) {
            let is_known = found.iter().any(|other| other.organization == domain.organization);
            if !is_known && self.may_enroll(domain, user) {
                found.push(domain);
            }
        }
        found
    }

    /// Returns the invitation of a user that follows from a domain. Somebody who accepted it gets no other one.
    fn automatic_invitation(
        &self,
        domain: &OrganizationDomain,
        user: &User,
    ) -> Option<OrganizationInvitation> {
        let id = id("orginv_", &domain.organization, &user.id);
        if self.organization_invitations.get(&id).is_ok() {
            return None;
        }
        let organization = self.organizations.get(domain.organization.as_str()).ok()?;
        let (role, address) = (self.enrollment_role(organization), domain.address_of(user)?);
        let end = self.now.saturating_add(VALIDITY);
        let since = domain.updated_at.max(user.created_at);
        let mut invitation = OrganizationInvitation::new(&organization.id, address, &role, since, end);
        invitation.id = id;
        // Nobody sent it, so there is no link.
        invitation.ticket.clear();
        Some(invitation)
    }

    /// Returns the invitations of a user that follow from domains.
    pub(super) fn automatic_invitations(&self, user: &User) -> Vec<OrganizationInvitation> {
        let domains = self.enrolling_domains(user, AUTOMATIC_INVITATION).into_iter();
        domains.filter_map(|domain| self.automatic_invitation(domain, user)).collect()
    }

    /// Returns the suggestions for a user, without those that an organization has decided on.
    pub(crate) fn suggestions(&self, user: &User) -> Vec<Suggestion<'_>> {
        let suggestion = |domain| self.suggestion(domain, user);
        self.enrolling_domains(user, AUTOMATIC_SUGGESTION).into_iter().filter_map(suggestion).collect()
    }

    fn suggestion<'a>(&'a self, domain: &'a OrganizationDomain, user: &User) -> Option<Suggestion<'a>> {
        let is_same = |it: &MembershipRequest| it.organization == domain.organization && it.user == user.id;
        let request = self.membership_requests.find(is_same);
        let id = id("orgsug_", &domain.organization, &user.id);
        let is_open = request.is_none_or(|request| request.state == InvitationState::Pending);
        is_open.then_some(Suggestion { id, domain, request })
    }

    /// Returns the numbers of invitations and of suggestions that follow from a domain and that nobody accepted yet.
    pub(super) fn pending_enrollments(&self, domain: &OrganizationDomain) -> (usize, usize) {
        let users = || self.users.iter().filter(|user| self.may_enroll(domain, user));
        match domain.enrollment_mode.as_str() {
            AUTOMATIC_INVITATION => {
                (users().filter(|user| self.automatic_invitation(domain, user).is_some()).count(), 0)
            }
            AUTOMATIC_SUGGESTION => {
                let is_pending =
                    |user: &&User| self.suggestion(domain, user).is_some_and(|it| it.request.is_none());
                (0, users().filter(is_pending).count())
            }
            _ => (0, 0),
        }
    }

    /// Asks, for a user, to become a member of the organization of a suggestion.
    pub(crate) fn accept_suggestion(&mut self, user: &UserId, suggestion: &str) -> Result<Value, ApiError> {
        let now = self.now;
        let person = self.users.get(user.as_str())?.clone();
        let missing = || ApiError::not_found("organization suggestion");
        let suggestions = self.suggestions(&person);
        let found = suggestions.iter().find(|it| it.id == suggestion).ok_or_else(missing)?;
        if found.request.is_some() {
            return Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "organization_suggestion_already_accepted",
                "already accepted",
                "The suggestion was accepted already. An administrator decides on it",
            ));
        }
        let request = MembershipRequest {
            id: random::id("orgmemreq_"),
            organization: found.domain.organization.clone(),
            user: user.clone(),
            state: InvitationState::Pending,
            created_at: now,
            updated_at: now,
        };
        self.membership_requests.insert(request);
        let suggestions = self.suggestions(&person);
        let accepted = suggestions.iter().find(|it| it.id == suggestion).ok_or_else(missing)?;
        Ok(self.render_suggestion(accepted))
    }

    /// Decides on a pending request to become a member.
    pub(crate) fn decide_on_request(
        &mut self,
        organization: &str,
        id: &str,
        is_accepted: bool,
    ) -> Result<&MembershipRequest, ApiError> {
        let now = self.now;
        let request = self.membership_requests.get(id)?.clone();
        if request.organization != organization {
            return Err(ApiError::not_found(MembershipRequest::NAME));
        }
        if request.state != InvitationState::Pending {
            return Err(ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "organization_membership_request_not_pending",
                "not pending",
                format!("The request is {} already", request.status()),
            ));
        }
        let organization = self.organizations.get(organization)?;
        if is_accepted && self.membership(organization.id.as_str(), request.user.as_str()).is_err() {
            self.check_members(organization, self.members(&organization.id))?;
            let role = self.enrollment_role(organization);
            self.memberships.insert(Membership::new(&organization.id.clone(), &request.user, &role, now));
        }
        let request = self.membership_requests.get_mut(id)?;
        request.state = if is_accepted { InvitationState::Accepted } else { InvitationState::Revoked };
        request.updated_at = now;
        Ok(request)
    }

    pub(crate) fn render_suggestion(&self, suggestion: &Suggestion<'_>) -> Value {
        let domain = suggestion.domain;
        let request = suggestion.request;
        json!({
            "object": "organization_suggestion",
            "id": suggestion.id,
            "public_organization_data": self.render_public_organization(&domain.organization),
            "status": suggestion.status(),
            "created_at": domain.updated_at,
            "updated_at": request.map_or(domain.updated_at, |request| request.updated_at),
        })
    }

    /// Returns a request, without who asks.
    pub(crate) fn render_membership_request(request: &MembershipRequest) -> Value {
        json!({
            "object": "organization_membership_request",
            "id": request.id,
            "organization_id": request.organization,
            "status": request.status(),
            "created_at": request.created_at,
            "updated_at": request.updated_at,
        })
    }
}
