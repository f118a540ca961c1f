//! Enterprise connections, their test runs, and SAML connections.
//!
//! ```
//! use clerk_core::model::EnterpriseConnection;
//!
//! let connection: EnterpriseConnection = serde_json::from_str(r#"{
//!     "id": "entconn_1", "name": "Example", "provider": "saml_okta",
//!     "active": true, "domains": ["example.com"]
//! }"#).unwrap();
//! assert!(connection.active && connection.organization_id.is_none());
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    decode::lenient,
    id::{Id, OrganizationId},
    model::EnterpriseProtocol,
    opaque::opaque,
    open_enum::open_enum,
};

/// A connection to a customer's own identity provider.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnterpriseConnection {
    /// Its identifier.
    pub id: Id,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The kind of identity provider, such as `saml_okta`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub provider: String,
    /// Address of the logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_public_url: Option<String>,
    /// Whether it can be used.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub active: bool,
    /// The e-mail domains it is for.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub domains: Vec<String>,
    /// The organization it is linked to.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Whether each sign-in brings the user's attributes up to date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_user_attributes: Option<bool>,
    /// Whether its users are kept from adding other ways to sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_additional_identifications: Option<bool>,
    /// Whether a membership in the organization suffices to link an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_organization_account_linking: Option<bool>,
    /// Attributes to take over from the identity provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Vec<EnterpriseCustomAttribute>>,
    /// How it uses SAML, when it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saml_connection: Option<EnterpriseSamlConfig>,
    /// How it uses OpenID Connect, when it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth_config: Option<EnterpriseOAuthConfig>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// Whether users can sign in through it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub authenticatable: bool,
    /// Whether signing in through it makes no new users.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub disable_jit_provisioning: bool,
}

opaque!(EnterpriseConnection, id);

open_enum! {
    /// The kind of identity provider behind a connection.
    EnterpriseConnectionProvider {
        /// `saml_custom`.
        SamlCustom = "saml_custom",
        /// `saml_okta`.
        SamlOkta = "saml_okta",
        /// `saml_google`.
        SamlGoogle = "saml_google",
        /// `saml_microsoft`.
        SamlMicrosoft = "saml_microsoft",
        /// `oidc_custom`.
        OidcCustom = "oidc_custom",
        /// `oidc_github_enterprise`.
        OidcGithubEnterprise = "oidc_github_enterprise",
        /// `oidc_gitlab`.
        OidcGitlab = "oidc_gitlab",
    }
}

/// A custom attribute that is taken over from the identity provider.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnterpriseCustomAttribute {
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The key under which the metadata has it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub key: String,
    /// Where it is in what the identity provider says at a sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_path: Option<String>,
    /// The older name of `directory_path`, with the same value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scim_path: Option<String>,
    /// Where it is in a directory's user, as a GJSON path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory_path: Option<String>,
    /// Whether it can have several values, which are kept as a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_valued: Option<bool>,
}

opaque!(EnterpriseCustomAttribute);

/// How a connection uses SAML.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnterpriseSamlConfig {
    /// Its identifier.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The identity provider's entity identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idp_entity_id: Option<String>,
    /// Where users sign in at the identity provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idp_sso_url: Option<String>,
    /// Where the identity provider's metadata is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idp_metadata_url: Option<String>,
    /// Where the identity provider sends its assertions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acs_url: Option<String>,
    /// Clerk's entity identifier for the identity provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sp_entity_id: Option<String>,
    /// Where Clerk's metadata for the identity provider is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sp_metadata_url: Option<String>,
    /// Whether it can be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Whether a sign-in may start at the identity provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_idp_initiated: Option<bool>,
    /// Whether subdomains count as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_subdomains: Option<bool>,
    /// Whether the identity provider must ask the user anew at each sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_authn: Option<bool>,
    /// The hint on who signs in that is sent to the identity provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<SamlConnectionLoginHint>,
}

opaque!(EnterpriseSamlConfig, id);

/// How a connection uses OpenID Connect.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnterpriseOAuthConfig {
    /// Its identifier.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The kind of provider, such as `oidc_custom`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_key: Option<String>,
    /// Clerk's identifier at the identity provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The OpenID Connect discovery document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discovery_url: Option<String>,
    /// Where users sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_url: Option<String>,
    /// Where tokens are issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
    /// Where information on the user is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_info_url: Option<String>,
    /// Whether PKCE (RFC 7636) is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requires_pkce: Option<bool>,
    /// Address of the logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_public_url: Option<String>,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
}

opaque!(EnterpriseOAuthConfig, id);

/// A sign-in through a connection that was only a test.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnterpriseConnectionTestRun {
    /// Its identifier.
    pub id: Id,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: EnterpriseConnectionTestRunStatus,
    /// How the identity provider was spoken to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub connection_type: EnterpriseProtocol,
    /// What the identity provider said of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parsed_user_info: Option<EnterpriseConnectionTestRunUser>,
    /// What was noted on the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<Vec<EnterpriseConnectionTestRunLog>>,
    /// What was exchanged, when it was SAML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saml: Option<EnterpriseConnectionTestRunSaml>,
    /// What was received, when it was OpenID Connect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth: Option<EnterpriseConnectionTestRunOAuth>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
}

opaque!(EnterpriseConnectionTestRun, id);

open_enum! {
    /// Where a test run stands.
    EnterpriseConnectionTestRunStatus {
        /// Not finished yet.
        Pending = "pending",
        /// The sign-in worked.
        Success = "success",
        /// The sign-in failed.
        Failed = "failed",
    }
}

/// What the identity provider said of the user in a test run.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnterpriseConnectionTestRunUser {
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_address: Option<String>,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The user's identifier at the identity provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
}

opaque!(EnterpriseConnectionTestRunUser);

/// One entry in the log of a test run.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnterpriseConnectionTestRunLog {
    /// How serious it is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub level: String,
    /// Clerk's code for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What happened, in short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_message: Option<String>,
    /// What happened.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub message: String,
}

opaque!(EnterpriseConnectionTestRunLog);

/// What a test run over SAML exchanged with the identity provider.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnterpriseConnectionTestRunSaml {
    /// The request to the identity provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saml_request: Option<String>,
    /// The identity provider's response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saml_response: Option<String>,
    /// The relay state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relay_state: Option<String>,
}

opaque!(EnterpriseConnectionTestRunSaml);

/// What a test run over OpenID Connect got from the identity provider.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnterpriseConnectionTestRunOAuth {
    /// The OpenID Connect identity token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// The access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// What the identity provider said of the user, as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_info: Option<String>,
}

opaque!(EnterpriseConnectionTestRunOAuth);

/// Where a test run starts.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnterpriseConnectionTestUrl {
    /// Where the test run starts. Good for a short time.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub url: String,
}

opaque!(EnterpriseConnectionTestUrl);

/// A SAML connection.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SamlConnection {
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
    /// The identity provider's entity identifier.
    pub idp_entity_id: Option<String>,
    /// Where users sign in at the identity provider.
    pub idp_sso_url: Option<String>,
    /// The identity provider's certificate.
    pub idp_certificate: Option<String>,
    /// Since when the identity provider's certificate is good.
    pub idp_certificate_issued_at: Option<Timestamp>,
    /// When the identity provider's certificate expires.
    pub idp_certificate_expires_at: Option<Timestamp>,
    /// Where the identity provider's metadata is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idp_metadata_url: Option<String>,
    /// The identity provider's metadata, XML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idp_metadata: Option<String>,
    /// Where the identity provider sends its assertions.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub acs_url: String,
    /// Clerk's entity identifier for the identity provider.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub sp_entity_id: String,
    /// Where Clerk's metadata for the identity provider is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub sp_metadata_url: String,
    /// The organization its users join.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Which attributes of the identity provider hold what Clerk wants to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute_mapping: Option<SamlConnectionAttributeMapping>,
    /// Whether it can be used.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub active: bool,
    /// The kind of identity provider, such as `saml_okta`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub provider: String,
    /// How many users use it.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub user_count: i64,
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
    /// Whether a membership in the organization suffices to link an account.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub allow_organization_account_linking: bool,
    /// Whether the identity provider must ask the user anew at each sign-in.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub force_authn: bool,
    /// The hint on who signs in that is sent to the identity provider.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub login_hint: SamlConnectionLoginHint,
    /// The enterprise connection it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enterprise_connection_id: Option<String>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// Whether users can sign in through it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub authenticatable: bool,
    /// Whether signing in through it makes no new users.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub disable_jit_provisioning: bool,
}

opaque!(SamlConnection, id);

/// Which attributes of the identity provider hold what Clerk wants to know.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SamlConnectionAttributeMapping {
    /// The attribute with the user's identifier.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub user_id: String,
    /// The attribute with the e-mail address.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub email_address: String,
    /// The attribute with the first name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub first_name: String,
    /// The attribute with the last name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub last_name: String,
}

opaque!(SamlConnectionAttributeMapping);

/// The hint on who signs in that is sent to the identity provider.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SamlConnectionLoginHint {
    /// What the hint is.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub mode: LoginHintMode,
    /// The key of the public metadata that holds the hint, when that is where it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

opaque!(SamlConnectionLoginHint);

open_enum! {
    /// What the hint on who signs in is.
    LoginHintMode {
        /// The user's e-mail address.
        EmailAddress = "email_address",
        /// A value from the user's public metadata.
        CustomAttribute = "custom_attribute",
        /// There is none.
        Off = "off",
    }
}
