//! Email domains of organizations.

use clerk_core::{Timestamp, id::OrganizationId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{State, User};
use crate::{random, table::Row};

/// An email domain whose people can join an organization.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OrganizationDomain {
    pub(crate) id: String,
    pub(crate) organization: OrganizationId,
    pub(crate) name: String,
    pub(crate) enrollment_mode: String,
    /// The address at the domain to which a code was sent.
    pub(crate) affiliation_email_address: Option<String>,
    /// Whether the organization belongs to the domain.
    pub(crate) verified: bool,
    /// When it was verified that the domain belongs to the organization.
    pub(crate) ownership_verified_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Row for OrganizationDomain {
    const NAME: &'static str = "organization domain";

    fn id(&self) -> &str {
        &self.id
    }
}

impl OrganizationDomain {
    pub(crate) fn new(organization: &OrganizationId, name: &str, now: Timestamp) -> Self {
        Self {
            id: random::id("orgdmn_"),
            organization: organization.clone(),
            name: name.to_owned(),
            enrollment_mode: "manual_invitation".to_owned(),
            affiliation_email_address: None,
            verified: false,
            ownership_verified_at: None,
            created_at: now,
            updated_at: now,
        }
    }
}

impl State {
    /// Returns the users who may enroll by a domain: those with a verified address there who are not members yet.
    pub(crate) fn candidates<'a>(&'a self, domain: &'a OrganizationDomain) -> impl Iterator<Item = &'a User> {
        let is_there = |address: &str| {
            address.rsplit_once('@').is_some_and(|(_, host)| host.eq_ignore_ascii_case(&domain.name))
        };
        self.users.iter().filter(move |user| {
            domain.verified
                && user.emails.iter().any(|email| email.identifies() && is_there(&email.value))
                && self.membership(domain.organization.as_str(), user.id.as_str()).is_err()
        })
    }

    pub(crate) fn render_organization_domain(&self, domain: &OrganizationDomain) -> Value {
        let count =
            |mode: &str| if domain.enrollment_mode == mode { self.candidates(domain).count() } else { 0 };
        let strategy =
            if domain.affiliation_email_address.is_some() { "affiliation_email_code" } else { "admin" };
        let affiliation = (domain.verified || domain.affiliation_email_address.is_some()).then(|| {
            json!({
                "status": if domain.verified { "verified" } else { "unverified" },
                "strategy": strategy,
                "attempts": null,
                "expire_at": null,
                "verified_at": null,
            })
        });
        let ownership = domain.ownership_verified_at.map(|time| {
            json!({
                "status": "verified",
                "strategy": "manual_override",
                "attempts": null,
                "expire_at": null,
                "verified_at": time,
            })
        });
        json!({
            "object": "organization_domain",
            "id": domain.id,
            "organization_id": domain.organization,
            "name": domain.name,
            "enrollment_mode": domain.enrollment_mode,
            "affiliation_email_address": domain.affiliation_email_address,
            "affiliation_verification": affiliation,
            "ownership_verification": ownership,
            "verification": affiliation,
            "total_pending_invitations": count("automatic_invitation"),
            "total_pending_suggestions": count("automatic_suggestion"),
            "public_organization_data": self.render_public_organization(&domain.organization),
            "created_at": domain.created_at,
            "updated_at": domain.updated_at,
        })
    }
}
