//! Email domains of organizations.

use clerk_core::{Timestamp, id::OrganizationId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::State;
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
    pub(crate) fn render_organization_domain(&self, domain: &OrganizationDomain) -> Value {
        let (invitations, suggestions) = self.pending_enrollments(domain);
        // The code that was last sent to the affiliation address.
        let sent = self.latest_verification(&domain.id);
        let strategy =
            if domain.affiliation_email_address.is_some() { "affiliation_email_code" } else { "admin" };
        let status = match sent {
            _ if domain.verified => "verified",
            Some(sent) => sent.status(self.now),
            None => "unverified",
        };
        let affiliation = (domain.verified || domain.affiliation_email_address.is_some()).then(|| {
            json!({
                "status": status,
                "strategy": strategy,
                "attempts": sent.map(|sent| sent.attempts),
                "expire_at": sent.map(|sent| sent.expire_at),
                "verified_at": sent.and_then(|sent| sent.verified_at),
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
            "total_pending_invitations": invitations,
            "total_pending_suggestions": suggestions,
            "public_organization_data": self.render_public_organization(&domain.organization),
            "created_at": domain.created_at,
            "updated_at": domain.updated_at,
        })
    }
}
