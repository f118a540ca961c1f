//! Domains of organizations.
//!
//! ```
//! use clerk_core::model::{EnrollmentMode, OrganizationDomain};
//!
//! let domain: OrganizationDomain = serde_json::from_str(r#"{
//!     "id": "orgdmn_1", "organization_id": "org_1", "name": "example.com",
//!     "enrollment_mode": "automatic_invitation", "ownership_verification": null
//! }"#).unwrap();
//! assert_eq!(domain.enrollment_mode, EnrollmentMode::AutomaticInvitation);
//! assert!(domain.ownership_verification.is_none());
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    decode::lenient,
    id::{Id, OrganizationId},
    model::{OrganizationInvitationPublicOrganizationData, VerificationStatus},
    opaque::opaque,
    open_enum::open_enum,
};

/// A domain of an organization.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OrganizationDomain {
    /// Its identifier.
    pub id: Id,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The domain, such as `example.com`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// How users with an address in it join.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub enrollment_mode: EnrollmentMode,
    /// The e-mail address by which it was shown to belong to the organization.
    pub affiliation_email_address: Option<String>,
    /// How it was shown to belong to the organization.
    pub affiliation_verification: Option<OrganizationDomainVerification>,
    /// How it was shown who owns it, by DNS or by hand. `None` when that never started.
    pub ownership_verification: Option<OrganizationDomainVerification>,
    /// How it was shown to belong to the organization.
    #[deprecated(note = "use `affiliation_verification`")]
    pub verification: Option<OrganizationDomainVerification>,
    /// How many invitations through it are open.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub total_pending_invitations: i64,
    /// How many suggestions through it are open.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub total_pending_suggestions: i64,
    /// What is shown of the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_organization_data: Option<OrganizationInvitationPublicOrganizationData>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(OrganizationDomain, id);

/// How a domain was verified, or how far that is.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OrganizationDomainVerification {
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: VerificationStatus,
    /// How it is verified.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub strategy: String,
    /// How often it was tried.
    #[serde(default, deserialize_with = "lenient::optional_integer")]
    pub attempts: Option<i64>,
    /// When it expires.
    pub expire_at: Option<Timestamp>,
    /// When the domain was shown to be owned.
    pub verified_at: Option<Timestamp>,
}

opaque!(OrganizationDomainVerification);

open_enum! {
    /// How people with an e-mail address of an organization's domain come into it.
    EnrollmentMode {
        /// Somebody invites them.
        ManualInvitation = "manual_invitation",
        /// They are invited when they sign up.
        AutomaticInvitation = "automatic_invitation",
        /// The organization is suggested to them, and they may ask to join.
        AutomaticSuggestion = "automatic_suggestion",
        /// Through an enterprise connection.
        EnterpriseSso = "enterprise_sso",
    }
}

open_enum! {
    /// An enrollment mode to look for, or to leave out.
    EnrollmentModeFilter {
        /// Those with manual invitation.
        ManualInvitation = "manual_invitation",
        /// Those with automatic invitation.
        AutomaticInvitation = "automatic_invitation",
        /// Those with automatic suggestion.
        AutomaticSuggestion = "automatic_suggestion",
        /// Those with an enterprise connection.
        EnterpriseSso = "enterprise_sso",
        /// Those without manual invitation.
        NotManualInvitation = "-manual_invitation",
        /// Those without automatic invitation.
        NotAutomaticInvitation = "-automatic_invitation",
        /// Those without automatic suggestion.
        NotAutomaticSuggestion = "-automatic_suggestion",
        /// Those without an enterprise connection.
        NotEnterpriseSso = "-enterprise_sso",
    }
}
