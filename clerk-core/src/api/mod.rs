//! The operations of Clerk's Backend API, one module per section of its reference.
//!
//! A function takes what an operation requires and returns it as a value; setters add the rest. What is
//! left out is not sent.
//!
//! ```
//! use clerk_core::{Operation, api::{OPERATIONS, users}};
//!
//! let request = users::list().query("ada").limit(20).request().unwrap();
//! assert_eq!(request.uri(), "/users?query=ada&limit=20");
//! assert!(OPERATIONS.iter().any(|info| info.id == "GetUserList"));
//! ```
// Written by clerk-codegen; changes belong into its overlay.

pub mod allowlist_identifiers;
pub mod billing;
pub mod blocklist_identifiers;
pub mod clients;
pub mod directories;
pub mod jwks;
pub mod organization_domains;
pub mod organization_memberships;
pub mod organization_permissions;
pub mod organization_roles;
pub mod organizations;
pub mod role_sets;
pub mod scim_directories;
pub mod sessions;
pub mod sign_ups;
pub mod users;

use crate::operation::{Operation, OperationInfo};

/// The version of Clerk's OpenAPI document this crate follows.
pub const DOCUMENT_VERSION: &str = "2026-05-12";

/// The day that document's state is from.
pub const DOCUMENT_DATE: &str = "2026-08-14";

/// The SHA-256 of that document, in hexadecimal digits.
pub const DOCUMENT_SHA256: &str = "75df3a43fcb2d9fc4467a23c717714f5228aa3267b0930ba34612728365fd8f2";

/// Every operation of this crate.
pub const OPERATIONS: &[&OperationInfo] = &[
    allowlist_identifiers::List::INFO,
    allowlist_identifiers::Create::INFO,
    allowlist_identifiers::Delete::INFO,
    billing::ListPlans::INFO,
    billing::ListPrices::INFO,
    billing::CreatePrice::INFO,
    billing::ListSubscriptionItems::INFO,
    billing::CancelSubscriptionItem::INFO,
    billing::ExtendSubscriptionItemFreeTrial::INFO,
    billing::CreatePriceTransition::INFO,
    billing::ApplySubscriptionItemDiscount::INFO,
    billing::RemoveSubscriptionItemDiscount::INFO,
    billing::ListStatements::INFO,
    billing::GetStatement::INFO,
    billing::GetStatementPaymentAttempts::INFO,
    blocklist_identifiers::List::INFO,
    blocklist_identifiers::Create::INFO,
    blocklist_identifiers::Delete::INFO,
    clients::List::INFO,
    clients::Verify::INFO,
    clients::Get::INFO,
    directories::List::INFO,
    directories::Create::INFO,
    directories::Get::INFO,
    directories::Update::INFO,
    directories::Delete::INFO,
    directories::RotateApiKey::INFO,
    directories::ListGroupRoleMappings::INFO,
    directories::CreateGroupRoleMapping::INFO,
    directories::ReplaceGroupRoleMappings::INFO,
    directories::DeleteGroupRoleMapping::INFO,
    jwks::GetJwks::INFO,
    organization_domains::List::INFO,
    organization_domains::Create::INFO,
    organization_domains::Update::INFO,
    organization_domains::Delete::INFO,
    organization_domains::VerifyOwnership::INFO,
    organization_domains::ListAll::INFO,
    organization_memberships::List::INFO,
    organization_memberships::Create::INFO,
    organization_memberships::Update::INFO,
    organization_memberships::Delete::INFO,
    organization_memberships::UpdateMetadata::INFO,
    organization_memberships::ListAll::INFO,
    organization_permissions::List::INFO,
    organization_permissions::Create::INFO,
    organization_permissions::Get::INFO,
    organization_permissions::Update::INFO,
    organization_permissions::Delete::INFO,
    organization_roles::List::INFO,
    organization_roles::Create::INFO,
    organization_roles::Get::INFO,
    organization_roles::Update::INFO,
    organization_roles::Delete::INFO,
    organization_roles::AssignPermission::INFO,
    organization_roles::RemovePermission::INFO,
    organizations::List::INFO,
    organizations::Create::INFO,
    organizations::Get::INFO,
    organizations::Update::INFO,
    organizations::Delete::INFO,
    organizations::ReplaceMetadata::INFO,
    organizations::MergeMetadata::INFO,
    organizations::UploadLogo::INFO,
    organizations::DeleteLogo::INFO,
    organizations::GetBillingSubscription::INFO,
    organizations::GetBillingCreditBalance::INFO,
    organizations::AdjustBillingCreditBalance::INFO,
    role_sets::List::INFO,
    role_sets::Create::INFO,
    role_sets::Get::INFO,
    role_sets::Update::INFO,
    role_sets::Replace::INFO,
    role_sets::AddRoles::INFO,
    role_sets::ReplaceRole::INFO,
    scim_directories::List::INFO,
    scim_directories::Create::INFO,
    scim_directories::Get::INFO,
    scim_directories::Update::INFO,
    scim_directories::Delete::INFO,
    scim_directories::RotateApiKey::INFO,
    scim_directories::ListGroupRoleMappings::INFO,
    scim_directories::CreateGroupRoleMapping::INFO,
    scim_directories::ReplaceGroupRoleMappings::INFO,
    scim_directories::DeleteGroupRoleMapping::INFO,
    sessions::List::INFO,
    sessions::Create::INFO,
    sessions::Get::INFO,
    sessions::Refresh::INFO,
    sessions::Revoke::INFO,
    sessions::CreateToken::INFO,
    sessions::CreateTokenFromTemplate::INFO,
    sign_ups::Get::INFO,
    sign_ups::Update::INFO,
    users::List::INFO,
    users::Create::INFO,
    users::Count::INFO,
    users::Get::INFO,
    users::Update::INFO,
    users::Delete::INFO,
    users::Ban::INFO,
    users::Unban::INFO,
    users::BulkBan::INFO,
    users::BulkUnban::INFO,
    users::Lock::INFO,
    users::Unlock::INFO,
    users::SetProfileImage::INFO,
    users::DeleteProfileImage::INFO,
    users::ReplaceMetadata::INFO,
    users::UpdateMetadata::INFO,
    users::GetBillingSubscription::INFO,
    users::GetBillingCreditBalance::INFO,
    users::AdjustBillingCreditBalance::INFO,
    users::GetOAuthAccessTokens::INFO,
    users::GetOrganizationMemberships::INFO,
    users::GetOrganizationInvitations::INFO,
    users::RemovePassword::INFO,
    users::VerifyPassword::INFO,
    users::VerifyTotp::INFO,
    users::DisableMfa::INFO,
    users::DeleteBackupCodes::INFO,
    users::DeletePasskey::INFO,
    users::ListTrustedDevices::INFO,
    users::RevokeTrustedDevice::INFO,
    users::DeleteWeb3Wallet::INFO,
    users::DeleteTotp::INFO,
    users::DeleteExternalAccount::INFO,
    users::SetPasswordCompromised::INFO,
    users::UnsetPasswordCompromised::INFO,
];
