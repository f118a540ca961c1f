//! Users and what belongs to them.
//!
//! ```
//! use clerk_core::model::User;
//!
//! let user: User = serde_json::from_str(r#"{
//!     "id": "user_1", "banned": false, "locked": false,
//!     "primary_email_address_id": "idn_1",
//!     "email_addresses": [{"id": "idn_1", "email_address": "ada@example.com"}]
//! }"#).unwrap();
//! assert_eq!(user.primary_email().unwrap().email_address, "ada@example.com");
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{
    Metadata, Timestamp,
    decode::lenient,
    id::{Id, UserId},
    model::{OrganizationMembership, Verification},
    opaque::opaque,
    open_enum::open_enum,
};

/// A user of the application.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// Its identifier.
    pub id: UserId,
    /// The application's own identifier for it.
    pub external_id: Option<String>,
    /// Which of the e-mail addresses is the primary one.
    #[serde(default, deserialize_with = "lenient::optional_id")]
    pub primary_email_address_id: Option<Id>,
    /// Which of the phone numbers is the primary one.
    #[serde(default, deserialize_with = "lenient::optional_id")]
    pub primary_phone_number_id: Option<Id>,
    /// Which of the wallets is the primary one.
    #[serde(default, deserialize_with = "lenient::optional_id")]
    pub primary_web3_wallet_id: Option<Id>,
    /// The user name.
    pub username: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// The preferred language, as a BCP 47 tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Address of the image.
    #[deprecated(note = "use `image_url`")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_image_url: Option<String>,
    /// Address of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// Whether the image is an uploaded one, not a generated one.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub has_image: bool,
    /// Metadata the frontend can read and only the backend can write.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub public_metadata: Metadata,
    /// Metadata only the backend can read and write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_metadata: Option<Metadata>,
    /// Metadata the frontend can read and write: never trust it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsafe_metadata: Option<Metadata>,
    /// All e-mail addresses.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub email_addresses: Vec<EmailAddress>,
    /// All phone numbers.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub phone_numbers: Vec<PhoneNumber>,
    /// All Web3 wallets.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub web3_wallets: Vec<Web3Wallet>,
    /// All passkeys.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub passkeys: Vec<Passkey>,
    /// Whether there is a password.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub password_enabled: bool,
    /// Whether there is a second factor.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub two_factor_enabled: bool,
    /// Whether an authenticator app is a second factor.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub totp_enabled: bool,
    /// Whether there are backup codes.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub backup_code_enabled: bool,
    /// When the first second factor was switched on.
    pub mfa_enabled_at: Option<Timestamp>,
    /// When the last second factor was switched off.
    pub mfa_disabled_at: Option<Timestamp>,
    /// When the password was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_last_updated_at: Option<Timestamp>,
    /// Accounts at social providers.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub external_accounts: Vec<ExternalAccount>,
    /// Accounts at SAML identity providers.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub saml_accounts: Vec<SamlAccount>,
    /// Accounts at identity providers of enterprises.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub enterprise_accounts: Vec<EnterpriseAccount>,
    /// Memberships in organizations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_memberships: Option<Vec<OrganizationMembership>>,
    /// When the user last signed in.
    pub last_sign_in_at: Option<Timestamp>,
    /// Whether the user is banned.
    pub banned: bool,
    /// Whether the user is locked.
    pub locked: bool,
    /// Whether a directory has withdrawn the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprovisioned: Option<bool>,
    /// Seconds until the lock runs out. `None` when it does not by itself.
    #[serde(default, deserialize_with = "lenient::optional_integer")]
    pub lockout_expires_in_seconds: Option<i64>,
    /// How many failed sign-ins are left before a lock.
    #[serde(default, deserialize_with = "lenient::optional_integer")]
    pub verification_attempts_remaining: Option<i64>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// Whether the user may delete the account.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub delete_self_enabled: bool,
    /// Whether the user may create organizations.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub create_organization_enabled: bool,
    /// How many organizations the user may create.
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub create_organizations_limit: Option<i64>,
    /// When it was last active, to the day or better.
    pub last_active_at: Option<Timestamp>,
    /// When the legal terms were accepted.
    pub legal_accepted_at: Option<Timestamp>,
    /// Whether sign-ins on new devices skip the extra check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bypass_client_trust: Option<bool>,
    /// Where the user comes from, when a directory provisions it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scim: Option<ScimUserMetadata>,
}

opaque!(User, id);

/// An e-mail address of a user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EmailAddress {
    /// Its identifier.
    pub id: Id,
    /// The e-mail address.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub email_address: String,
    /// Whether it is kept for this user without being verified.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub reserved: bool,
    /// How it was verified, or how far that is. `None` when it never started.
    pub verification: Option<Verification>,
    /// Other identifications it was taken from.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub linked_to: Vec<IdentificationLink>,
    /// Whether its domain belongs to an enterprise connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matches_sso_connection: Option<bool>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(EmailAddress, id);

/// A phone number of a user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PhoneNumber {
    /// Its identifier.
    pub id: Id,
    /// The phone number, as in E.164: `+15555550100`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub phone_number: String,
    /// Whether it is used as a second factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserved_for_second_factor: Option<bool>,
    /// Whether it is the second factor offered first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_second_factor: Option<bool>,
    /// Whether it is kept for this user without being verified.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub reserved: bool,
    /// How it was verified, or how far that is. `None` when it never started.
    pub verification: Option<Verification>,
    /// Other identifications it was taken from.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub linked_to: Vec<IdentificationLink>,
    /// Backup codes, right after they were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_codes: Option<Vec<String>>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(PhoneNumber, id);

/// A Web3 wallet of a user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Web3Wallet {
    /// Its identifier.
    pub id: Id,
    /// The wallet's address.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub web3_wallet: String,
    /// How it was verified, or how far that is. `None` when it never started.
    pub verification: Option<Verification>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(Web3Wallet, id);

/// A passkey of a user.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Passkey {
    /// Its identifier.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// When it was last used.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub last_used_at: Timestamp,
    /// How it was verified, or how far that is. `None` when it never started.
    pub verification: Option<Verification>,
}

opaque!(Passkey, id);

/// Another identification that an address or number was taken from.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IdentificationLink {
    /// What kind of identification it is, such as `oauth_google`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub r#type: String,
    /// The other identification.
    pub id: Id,
}

opaque!(IdentificationLink, id);

open_enum! {
    /// How an address or number starts out.
    IdentificationStatus {
        /// It counts as the user's.
        Verified = "verified",
        /// It is kept for the user, who has yet to verify it.
        Reserved = "reserved",
        /// It is neither good for signing in nor kept for the user.
        Unverified = "unverified",
    }
}

/// A user's account at a social provider.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExternalAccount {
    /// What kind of thing it is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub object: ExternalAccountObject,
    /// Its identifier.
    pub id: Id,
    /// The provider, such as `oauth_google`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub provider: String,
    /// The identification it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub identification_id: String,
    /// The user's identifier at the provider.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub provider_user_id: String,
    /// The scopes the user granted, separated by spaces.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub approved_scopes: String,
    /// The e-mail address.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub email_address: String,
    /// Whether the provider vouches for the e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_address_verified: Option<bool>,
    /// First name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub first_name: String,
    /// Last name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub last_name: String,
    /// Address of the picture.
    #[deprecated(note = "use `image_url`")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// Address of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// The user name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The phone number, as in E.164: `+15555550100`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// Metadata the frontend can read and only the backend can write.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub public_metadata: Metadata,
    /// A name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// How it was verified, or how far that is. `None` when it never started.
    pub verification: Option<Verification>,
    /// What names it in [`delete_external_account`](crate::api::users::delete_external_account), where that
    /// is not `id`.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub external_account_id: Option<Id>,
}

opaque!(ExternalAccount, id);

open_enum! {
    /// How an external account is tagged; some providers have a tag of their own.
    ExternalAccountObject {
        /// `external_account`.
        ExternalAccount = "external_account",
        /// `facebook_account`.
        FacebookAccount = "facebook_account",
        /// `google_account`.
        GoogleAccount = "google_account",
    }
}

/// A user's account at a SAML identity provider.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SamlAccount {
    /// Its identifier.
    pub id: Id,
    /// The provider, such as `oauth_google`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub provider: String,
    /// Whether it can be used.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub active: bool,
    /// The e-mail address.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub email_address: String,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The user's identifier at the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_user_id: Option<String>,
    /// When it was last used to sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_authenticated_at: Option<Timestamp>,
    /// Metadata the frontend can read and only the backend can write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_metadata: Option<Metadata>,
    /// How it was verified, or how far that is. `None` when it never started.
    pub verification: Option<Verification>,
    /// The connection it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saml_connection: Option<SamlAccountConnection>,
}

opaque!(SamlAccount, id);

/// The SAML connection behind an account.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SamlAccountConnection {
    /// Its identifier.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The e-mail domain it is for.
    #[deprecated(note = "use `domains`")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The e-mail domains it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domains: Option<Vec<String>>,
    /// Whether it can be used.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub active: bool,
    /// The provider, such as `oauth_google`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub provider: String,
    /// Whether each sign-in brings the user's attributes up to date.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub sync_user_attributes: bool,
    /// Whether subdomains count as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_subdomains: Option<bool>,
    /// Whether a sign-in may start at the identity provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_idp_initiated: Option<bool>,
    /// Whether its users are kept from adding other ways to sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_additional_identifications: Option<bool>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(SamlAccountConnection, id);

/// A user's account at an identity provider of an enterprise.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnterpriseAccount {
    /// Its identifier.
    pub id: Id,
    /// How the identity provider is spoken to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<EnterpriseProtocol>,
    /// The provider, such as `oauth_google`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub provider: String,
    /// Whether it can be used.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub active: bool,
    /// The e-mail address.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub email_address: String,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The user's identifier at the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_user_id: Option<String>,
    /// The connection it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enterprise_connection_id: Option<String>,
    /// Metadata the frontend can read and only the backend can write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_metadata: Option<Metadata>,
    /// How it was verified, or how far that is. `None` when it never started.
    pub verification: Option<Verification>,
    /// The connection it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enterprise_connection: Option<EnterpriseAccountConnection>,
    /// When it was last used to sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_authenticated_at: Option<Timestamp>,
}

opaque!(EnterpriseAccount, id);

/// The enterprise connection behind an account.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnterpriseAccountConnection {
    /// Its identifier.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// How the identity provider is spoken to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub protocol: String,
    /// The provider, such as `oauth_google`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub provider: String,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// Address of the logo.
    pub logo_public_url: Option<String>,
    /// The e-mail domain it is for.
    #[deprecated(note = "use `domains`")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The e-mail domains it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domains: Option<Vec<String>>,
    /// Whether it can be used.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub active: bool,
    /// Whether each sign-in brings the user's attributes up to date.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub sync_user_attributes: bool,
    /// Whether subdomains count as well.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub allow_subdomains: bool,
    /// Whether a sign-in may start at the identity provider.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub allow_idp_initiated: bool,
    /// Whether its users are kept from adding other ways to sign in.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub disable_additional_identifications: bool,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(EnterpriseAccountConnection, id);

open_enum! {
    /// How an identity provider of an enterprise is spoken to.
    EnterpriseProtocol {
        /// `oauth`.
        OAuth = "oauth",
        /// `saml`.
        Saml = "saml",
    }
}

/// Where a user comes from that a directory provisions.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScimUserMetadata {
    /// The directory the user comes from.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub directory_id: String,
    /// Whether the directory is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory_enabled: Option<bool>,
    /// The application's own identifier for it.
    pub external_id: Option<String>,
}

opaque!(ScimUserMetadata);

/// An access token that a provider issued for a user.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OAuthAccessToken {
    /// The account this belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub external_account_id: String,
    /// The user's identifier at the provider.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub provider_user_id: String,
    /// The access token.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub token: String,
    /// When it expires. `None` when it does not.
    pub expires_at: Option<Timestamp>,
    /// The provider, such as `oauth_google`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub provider: String,
    /// Metadata the frontend can read and only the backend can write.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub public_metadata: Metadata,
    /// A name for people.
    pub label: Option<String>,
    /// The scopes the token is good for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// The OpenID Connect identity token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// The token's secret, with providers that speak OAuth 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_secret: Option<String>,
}

opaque!(OAuthAccessToken);

/// A device that a user trusts for signing in.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TrustedDevice {
    /// Its identifier.
    pub id: Id,
    /// The system it runs.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub platform: TrustedDevicePlatform,
    /// The app's identifier on its platform.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub app_identifier: String,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The algorithm of its key, such as `ES256`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub algorithm: String,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: TrustedDeviceStatus,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// When it was last used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

opaque!(TrustedDevice, id);

open_enum! {
    /// The system a trusted device runs.
    TrustedDevicePlatform {
        /// `ios`.
        Ios = "ios",
        /// `android`.
        Android = "android",
    }
}

open_enum! {
    /// Whether a device is still trusted.
    TrustedDeviceStatus {
        /// `active`.
        Active = "active",
        /// `revoked`.
        Revoked = "revoked",
    }
}

/// Whether a password is right.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PasswordVerification {
    /// Whether it is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
}

opaque!(PasswordVerification);

/// Whether a one-time code or backup code is right.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TotpVerification {
    /// Whether it is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// What kind of code it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_type: Option<TotpCodeType>,
}

opaque!(TotpVerification);

open_enum! {
    /// What kind of code was given.
    TotpCodeType {
        /// `totp`.
        Totp = "totp",
        /// `backup_code`.
        BackupCode = "backup_code",
    }
}

/// Names the user that an operation changed.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AffectedUser {
    /// The user that was changed.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
}

opaque!(AffectedUser);
