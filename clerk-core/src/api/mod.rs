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

pub mod actor_tokens;
pub mod admin_portal_link_tokens;
pub mod agent_tasks;
pub mod allowlist_identifiers;
pub mod api_keys;
pub mod beta_features;
pub mod billing;
pub mod blocklist_identifiers;
pub mod clients;
pub mod directories;
pub mod domains;
pub mod email_addresses;
pub mod email_sms_templates;
pub mod enterprise_connections;
pub mod instance_settings;
pub mod invitations;
pub mod jwks;
pub mod jwt_templates;
pub mod m2m;
pub mod machines;
pub mod miscellaneous;
pub mod oauth_access_tokens;
pub mod oauth_applications;
pub mod organization_domains;
pub mod organization_invitations;
pub mod organization_memberships;
pub mod organization_permissions;
pub mod organization_roles;
pub mod organizations;
pub mod phone_numbers;
pub mod proxy_checks;
pub mod redirect_urls;
pub mod role_sets;
pub mod saml_connections;
pub mod scim_directories;
pub mod sessions;
pub mod sign_in_tokens;
pub mod sign_ups;
pub mod testing_tokens;
pub mod users;
pub mod waitlist_entries;
pub mod webhooks;

use crate::operation::{Operation, OperationInfo};

/// The version of Clerk's OpenAPI document this crate follows.
pub const DOCUMENT_VERSION: &str = "2026-05-12";

/// The day that document's state is from.
pub const DOCUMENT_DATE: &str = "2026-08-14";

/// The SHA-256 of that document, in hexadecimal digits.
pub const DOCUMENT_SHA256: &str = "75df3a43fcb2d9fc4467a23c717714f5228aa3267b0930ba34612728365fd8f2";

/// Every operation of this crate, also the few that Clerk's published document leaves out: see
/// [`OperationInfo::documented`].
pub const OPERATIONS: &[&OperationInfo] = &[
    actor_tokens::Create::INFO,
    actor_tokens::Revoke::INFO,
    admin_portal_link_tokens::Create::INFO,
    admin_portal_link_tokens::Revoke::INFO,
    agent_tasks::Create::INFO,
    agent_tasks::Revoke::INFO,
    allowlist_identifiers::List::INFO,
    allowlist_identifiers::Create::INFO,
    allowlist_identifiers::Delete::INFO,
    api_keys::List::INFO,
    api_keys::Create::INFO,
    api_keys::Get::INFO,
    api_keys::Update::INFO,
    api_keys::Delete::INFO,
    api_keys::GetSecret::INFO,
    api_keys::Revoke::INFO,
    api_keys::Verify::INFO,
    beta_features::UpdateInstanceSettings::INFO,
    beta_features::UpdateProductionInstanceDomain::INFO,
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
    clients::GetHandshakePayload::INFO,
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
    domains::List::INFO,
    domains::Add::INFO,
    domains::Update::INFO,
    domains::Delete::INFO,
    email_addresses::Create::INFO,
    email_addresses::Get::INFO,
    email_addresses::Update::INFO,
    email_addresses::Delete::INFO,
    email_addresses::PrepareVerification::INFO,
    email_addresses::AttemptVerification::INFO,
    email_addresses::ReplaceForUser::INFO,
    email_sms_templates::List::INFO,
    email_sms_templates::Get::INFO,
    email_sms_templates::Upsert::INFO,
    email_sms_templates::Revert::INFO,
    email_sms_templates::Preview::INFO,
    email_sms_templates::ToggleDelivery::INFO,
    enterprise_connections::List::INFO,
    enterprise_connections::Create::INFO,
    enterprise_connections::Get::INFO,
    enterprise_connections::Update::INFO,
    enterprise_connections::Delete::INFO,
    enterprise_connections::ListTestRuns::INFO,
    enterprise_connections::CreateTestRun::INFO,
    instance_settings::Get::INFO,
    instance_settings::Update::INFO,
    instance_settings::UpdateRestrictions::INFO,
    instance_settings::GetProtect::INFO,
    instance_settings::UpdateProtect::INFO,
    instance_settings::GetCommunication::INFO,
    instance_settings::UpdateCommunication::INFO,
    instance_settings::GetOAuthApplicationSettings::INFO,
    instance_settings::UpdateOAuthApplicationSettings::INFO,
    instance_settings::ChangeDomain::INFO,
    instance_settings::GetOrganizationSettings::INFO,
    instance_settings::UpdateOrganizationSettings::INFO,
    invitations::List::INFO,
    invitations::Create::INFO,
    invitations::BulkCreate::INFO,
    invitations::Revoke::INFO,
    jwks::GetJwks::INFO,
    jwt_templates::List::INFO,
    jwt_templates::Create::INFO,
    jwt_templates::Get::INFO,
    jwt_templates::Update::INFO,
    jwt_templates::Delete::INFO,
    m2m::ListTokens::INFO,
    m2m::CreateToken::INFO,
    m2m::RevokeToken::INFO,
    m2m::VerifyToken::INFO,
    machines::List::INFO,
    machines::Create::INFO,
    machines::Get::INFO,
    machines::Update::INFO,
    machines::Delete::INFO,
    machines::GetSecretKey::INFO,
    machines::RotateSecretKey::INFO,
    machines::CreateScope::INFO,
    machines::DeleteScope::INFO,
    miscellaneous::GetPublicInterstitial::INFO,
    oauth_access_tokens::Verify::INFO,
    oauth_applications::List::INFO,
    oauth_applications::Create::INFO,
    oauth_applications::Get::INFO,
    oauth_applications::Update::INFO,
    oauth_applications::Delete::INFO,
    oauth_applications::UploadLogo::INFO,
    oauth_applications::RotateSecret::INFO,
    oauth_applications::RevokeToken::INFO,
    organization_domains::List::INFO,
    organization_domains::Create::INFO,
    organization_domains::Update::INFO,
    organization_domains::Delete::INFO,
    organization_domains::VerifyOwnership::INFO,
    organization_domains::ListAll::INFO,
    organization_invitations::ListAll::INFO,
    organization_invitations::List::INFO,
    organization_invitations::Create::INFO,
    organization_invitations::BulkCreate::INFO,
    organization_invitations::ListPending::INFO,
    organization_invitations::Get::INFO,
    organization_invitations::Revoke::INFO,
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
    phone_numbers::Create::INFO,
    phone_numbers::Get::INFO,
    phone_numbers::Update::INFO,
    phone_numbers::Delete::INFO,
    phone_numbers::PrepareVerification::INFO,
    phone_numbers::AttemptVerification::INFO,
    phone_numbers::ReplaceForUser::INFO,
    proxy_checks::Verify::INFO,
    redirect_urls::List::INFO,
    redirect_urls::Create::INFO,
    redirect_urls::Get::INFO,
    redirect_urls::Delete::INFO,
    role_sets::List::INFO,
    role_sets::Create::INFO,
    role_sets::Get::INFO,
    role_sets::Update::INFO,
    role_sets::Replace::INFO,
    role_sets::AddRoles::INFO,
    role_sets::ReplaceRole::INFO,
    saml_connections::List::INFO,
    saml_connections::Create::INFO,
    saml_connections::Get::INFO,
    saml_connections::Update::INFO,
    saml_connections::Delete::INFO,
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
    sign_in_tokens::Create::INFO,
    sign_in_tokens::Revoke::INFO,
    sign_ups::Get::INFO,
    sign_ups::Update::INFO,
    testing_tokens::Create::INFO,
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
    waitlist_entries::List::INFO,
    waitlist_entries::Create::INFO,
    waitlist_entries::BulkCreate::INFO,
    waitlist_entries::Delete::INFO,
    waitlist_entries::Invite::INFO,
    waitlist_entries::Reject::INFO,
    webhooks::CreateSvixApp::INFO,
    webhooks::DeleteSvixApp::INFO,
    webhooks::GenerateSvixAuthUrl::INFO,
];
