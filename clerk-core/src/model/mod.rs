//! What Clerk answers with.
//!
//! Reading is tolerant: unknown fields are ignored, unknown enum values are kept, and what is missing or
//! `null` is empty, zero or `false`, or `None` where the field is an `Option`. Identifiers and fields such
//! as `banned` never fall back. `Debug` shows a model's type and id, nothing personal.
//!
//! ```
//! let user: clerk_core::model::User = serde_json::from_str(
//!     r#"{"id": "user_1", "banned": false, "locked": false, "first_name": "Ada", "new": 1}"#,
//! ).unwrap();
//! assert_eq!(user.first_name.as_deref(), Some("Ada"));
//! assert_eq!(format!("{user:?}"), r#"User { id: UserId("user_1"), .. }"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

mod admin_portal;
mod agent_task;
mod api_key;
mod billing;
mod common;
mod directory;
mod domain;
mod enterprise;
mod ext;
mod instance;
mod invitation;
mod jwks;
mod machine;
mod oauth_application;
mod organization;
mod organization_domain;
mod restriction;
mod role;
mod session;
mod sign_in_token;
mod sign_up;
mod template;
mod user;
mod verification;
mod waitlist;

pub use self::{
    admin_portal::{AdminPortalLinkToken, CreatedAdminPortalLinkToken},
    agent_task::{AgentTask, AgentTaskPermissions},
    api_key::{ApiKey, ApiKeySecret, ApiKeyWithSecret},
    billing::{
        BillingCreditAction, BillingCreditBalance, BillingCreditEntry, BillingCredits,
        BillingDiscountRedemption, BillingDiscountRedemptionEffect, BillingDiscountRedemptionSource,
        BillingDiscountRedemptionStatus, BillingDiscounts, BillingMoney, BillingPayer, BillingPayerCredit,
        BillingPayerType, BillingPaymentAttempt, BillingPaymentAttemptStatus, BillingPaymentMethod,
        BillingPaymentMethodStatus, BillingPaymentSource, BillingPaymentSourceType, BillingPaymentType,
        BillingPerUnitTotal, BillingPerUnitTotalTier, BillingPeriod, BillingPlan, BillingPrice,
        BillingPricePeriods, BillingPriceTransition, BillingPriceTransitionDetails,
        BillingPriceTransitionMode, BillingProrationCredit, BillingProrationDiscount, BillingSeats,
        BillingStatement, BillingStatementGroup, BillingStatementStatus, BillingSubscription,
        BillingSubscriptionCredit, BillingSubscriptionItem, BillingSubscriptionItemNextPayment,
        BillingSubscriptionItemStatus, BillingSubscriptionNextPayment, BillingSubscriptionStatus,
        BillingTotals, BillingUnitPrice, BillingUnitPriceTier, Feature,
    },
    common::{DeletedObject, TotalCount},
    directory::{Directory, DirectoryCustomAttribute, DirectoryGroupRoleMapping},
    domain::{CnameTarget, Domain, ProxyCheck},
    enterprise::{
        EnterpriseConnection, EnterpriseConnectionProvider, EnterpriseConnectionTestRun,
        EnterpriseConnectionTestRunLog, EnterpriseConnectionTestRunOAuth, EnterpriseConnectionTestRunSaml,
        EnterpriseConnectionTestRunStatus, EnterpriseConnectionTestRunUser, EnterpriseConnectionTestUrl,
        EnterpriseCustomAttribute, EnterpriseOAuthConfig, EnterpriseSamlConfig, LoginHintMode,
        SamlConnection, SamlConnectionAttributeMapping, SamlConnectionLoginHint,
    },
    instance::{
        Instance, InstanceCommunication, InstanceProtect, InstanceRestrictions, InstanceSettings,
        OAuthApplicationSettings, OrganizationSettings, PreferredSignInStrategy, RedirectUrl, SvixUrl,
    },
    invitation::{Invitation, InvitationTemplate},
    jwks::{Jwk, Jwks},
    machine::{
        CreatedM2mToken, DeletedMachineScope, M2mToken, M2mTokenFormat, Machine, MachineScope,
        MachineSecretKey, MachineWithSecretKey, ScopedMachine,
    },
    oauth_application::{OAuthAccessTokenVerification, OAuthApplication, OAuthApplicationWithSecret},
    organization::{
        InvitationStatus, Organization, OrganizationInvitation, OrganizationInvitationPublicOrganizationData,
        OrganizationInvitationPublicUserData, OrganizationMembership, OrganizationMembershipPublicUserData,
    },
    organization_domain::{
        EnrollmentMode, EnrollmentModeFilter, OrganizationDomain, OrganizationDomainVerification,
    },
    restriction::{AllowlistIdentifier, BlocklistIdentifier, RestrictedIdentifierType},
    role::{Permission, Role, RoleSet, RoleSetItem, RoleSetMigration, RoleSetType},
    session::{
        Client, HandshakePayload, Session, SessionActivity, SessionRefresh, SessionRefreshFormat,
        SessionStatus, SessionTask, SessionToken,
    },
    sign_in_token::{ActorToken, ActorTokenStatus, SignInToken, SignInTokenStatus, TestingToken},
    sign_up::{SignUp, SignUpNextAction, SignUpStatus, SignUpVerification, SignUpVerifications},
    template::{JwtTemplate, Template, TemplateType},
    user::{
        AffectedUser, EmailAddress, EnterpriseAccount, EnterpriseAccountConnection, EnterpriseProtocol,
        ExternalAccount, ExternalAccountObject, IdentificationLink, IdentificationStatus, OAuthAccessToken,
        Passkey, PasswordVerification, PhoneNumber, SamlAccount, SamlAccountConnection, ScimUserMetadata,
        TotpCodeType, TotpVerification, TrustedDevice, TrustedDevicePlatform, TrustedDeviceStatus, User,
        Web3Wallet,
    },
    verification::{
        CodeVerification, Verification, VerificationError, VerificationStatus, VerificationStrategy,
    },
    waitlist::{WaitlistEntry, WaitlistEntryStatus},
};
