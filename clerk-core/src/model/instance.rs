//! The instance and its settings.
//!
//! ```
//! use clerk_core::model::Instance;
//!
//! let instance: Instance =
//!     serde_json::from_str(r#"{"id": "ins_1", "environment_type": "development"}"#).unwrap();
//! assert_eq!(instance.environment_type, "development");
//! assert!(instance.allowed_origins.is_none());
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp, decode::lenient, id::Id, model::EnrollmentMode, opaque::opaque, open_enum::open_enum,
};

/// An instance: one environment of the application.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Instance {
    /// Its identifier.
    pub id: Id,
    /// Which environment it is, such as `development` or `production`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub environment_type: String,
    /// The origins that may call Clerk from what is like a browser, such as an extension.
    pub allowed_origins: Option<Vec<String>>,
    /// The workspace that owns the application. `None` when it has no owner.
    #[serde(default, deserialize_with = "lenient::optional_id")]
    pub workspace_id: Option<Id>,
}

opaque!(Instance, id);

/// How people sign up and in.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InstanceSettings {
    /// Its identifier.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// Whether only who stands on the allow-list may sign up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restricted_to_allowlist: Option<bool>,
    /// What stands before the `@` in the address e-mails come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_email_address: Option<String>,
    /// Whether people may sign up step by step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progressive_sign_up: Option<bool>,
    /// Whether e-mails that help to sign in go out through Clerk's older servers.
    #[deprecated(note = "the setting is for an older way of sending e-mail")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enhanced_email_deliverability: Option<bool>,
}

opaque!(InstanceSettings, id);

/// Who may sign up.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InstanceRestrictions {
    /// Whether only who stands on the allow-list may sign up.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub allowlist: bool,
    /// Whether who stands on the block-list may not sign up.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub blocklist: bool,
    /// Whether the two lists only count for signing up, not for signing in.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub allowlist_blocklist_disabled_on_sign_in: bool,
    /// Whether e-mail addresses with `+`, `=` or `#` in the name are refused.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub block_email_subaddresses: bool,
    /// Whether throw-away e-mail addresses are refused.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub block_disposable_email_domains: bool,
}

opaque!(InstanceRestrictions);

/// The settings of Clerk's bot and abuse protection.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InstanceProtect {
    /// Whether the protection's rules are applied.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub rules_enabled: bool,
    /// Whether Specter, a part of the protection, is switched on.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub specter_enabled: bool,
    /// Whether the checks that come before it are skipped.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub checks_bypassed: bool,
}

opaque!(InstanceProtect);

/// The settings of the messages Clerk sends.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InstanceCommunication {
    /// The countries that get no text messages, as two capital letters each.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub blocked_country_codes: Vec<String>,
}

opaque!(InstanceCommunication);

open_enum! {
    /// Which way to sign in is offered first. An empty text takes the choice back.
    PreferredSignInStrategy {
        /// The password.
        Password = "password",
        /// A one-time code.
        Otp = "otp",
    }
}

/// The settings of the instance as an OAuth provider.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OAuthApplicationSettings {
    /// Whether OAuth clients may register themselves, as in RFC 7591.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub dynamic_oauth_client_registration: bool,
    /// The scopes of a client that names none.
    pub default_scopes: Option<Vec<String>>,
    /// Whether OAuth access tokens are JWTs, not opaque texts.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub oauth_jwt_access_tokens: bool,
    /// Whether clients are told that they may identify by the address of a metadata document.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub client_id_metadata_documents_advertised: bool,
    /// Whether clients with a metadata document are refused when they are not known yet.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub client_id_metadata_documents_only_allow_pre_registered_clients: bool,
    /// Whether clients with a metadata document that were let in without being registered are refused from
    /// now on.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub client_id_metadata_documents_block_implicitly_allowed_clients: bool,
}

opaque!(OAuthApplicationSettings);

/// The instance's settings for organizations.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OrganizationSettings {
    /// Whether there are organizations.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub enabled: bool,
    /// How many members a new organization may have; 0 is no limit.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub max_allowed_memberships: i64,
    /// How many roles there may be.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub max_allowed_roles: i64,
    /// How many role sets there may be.
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub max_role_sets_allowed: Option<i64>,
    /// How many e-mail domains an organization may have.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub max_allowed_domains: i64,
    /// How many permissions there may be.
    #[deprecated(note = "permissions are unlimited")]
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub max_allowed_permissions: Option<i64>,
    /// The role of who creates an organization.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub creator_role: String,
    /// Whether the admins of a new organization may delete it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub admin_delete_enabled: bool,
    /// Whether organizations may have e-mail domains.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub domains_enabled: bool,
    /// Whether organizations have no slugs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug_disabled: Option<bool>,
    /// In which ways people may join by an e-mail domain.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub domains_enrollment_modes: Vec<EnrollmentMode>,
    /// The role of who joins by an e-mail domain.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub domains_default_role: String,
    /// The role set of new organizations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_role_set_key: Option<String>,
}

opaque!(OrganizationSettings);

/// An address that may be redirected to.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RedirectUrl {
    /// Its identifier.
    pub id: Id,
    /// The address.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub url: String,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(RedirectUrl, id);

/// An address of the Svix dashboard.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SvixUrl {
    /// The address.
    pub svix_url: String,
}

opaque!(SvixUrl);
