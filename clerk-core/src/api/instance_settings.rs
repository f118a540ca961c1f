//! The instance and its settings.
//!
//! ```
//! use clerk_core::{Operation, api::instance_settings};
//!
//! let request = instance_settings::update_restrictions().block_email_subaddresses(true).request().unwrap();
//! assert_eq!(request.uri(), "/instance/restrictions");
//! assert_eq!(request.body(), r#"{"block_email_subaddresses":true}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Nullable, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::Id,
    model::{
        EnrollmentMode, Instance, InstanceCommunication, InstanceProtect, InstanceRestrictions,
        OAuthApplicationSettings, OrganizationSettings, PreferredSignInStrategy,
    },
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
};

/// The instance that the secret key belongs to.
///
/// `GET /instance` ([reference](https://clerk.com/docs/reference/backend-api/tag/instance-settings)).
/// No error status is documented.
pub fn get() -> Get {
    Get
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get;

opaque!(Get);

impl Operation for Get {
    type Output = Instance;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetInstance", Method::GET, "/instance", "Instance Settings");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes the instance's settings.
///
/// `PATCH /instance` ([reference](https://clerk.com/docs/reference/backend-api/tag/instance-settings)).
/// Documented error status: 422.
pub fn update() -> Update {
    Update {
        test_mode: Nullable::Absent,
        hibp: Nullable::Absent,
        support_email: Nullable::Absent,
        clerk_js_version: Nullable::Absent,
        development_origin: Nullable::Absent,
        allowed_origins: None,
        cookieless_dev: Nullable::Absent,
        url_based_session_syncing: Nullable::Absent,
        preferred_sign_in_strategy_when_password_required: Nullable::Absent,
    }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    test_mode: Nullable<bool>,
    hibp: Nullable<bool>,
    support_email: Nullable<String>,
    clerk_js_version: Nullable<String>,
    development_origin: Nullable<String>,
    allowed_origins: Option<Vec<String>>,
    cookieless_dev: Nullable<bool>,
    url_based_session_syncing: Nullable<bool>,
    preferred_sign_in_strategy_when_password_required: Nullable<PreferredSignInStrategy>,
}

opaque!(Update);

impl Update {
    /// Whether e-mail addresses and phone numbers for tests work.
    pub fn test_mode(mut self, test_mode: impl Into<Nullable<bool>>) -> Self {
        self.test_mode = test_mode.into();
        self
    }

    /// Whether to refuse passwords that are known from breaches.
    pub fn hibp(mut self, hibp: impl Into<Nullable<bool>>) -> Self {
        self.hibp = hibp.into();
        self
    }

    /// Where people find help.
    pub fn support_email(mut self, support_email: impl Into<Nullable<String>>) -> Self {
        self.support_email = support_email.into();
        self
    }

    /// Which version of Clerk's script is loaded.
    pub fn clerk_js_version(mut self, clerk_js_version: impl Into<Nullable<String>>) -> Self {
        self.clerk_js_version = clerk_js_version.into();
        self
    }

    /// The origin of the application in development.
    pub fn development_origin(mut self, development_origin: impl Into<Nullable<String>>) -> Self {
        self.development_origin = development_origin.into();
        self
    }

    /// The origins that may call Clerk from what is like a browser, such as an extension. Replaces the
    /// whole list.
    pub fn allowed_origins(mut self, allowed_origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.allowed_origins = Some(allowed_origins.into_iter().map(Into::into).collect());
        self
    }

    /// Whether to do without cookies in development.
    #[deprecated(note = "use `url_based_session_syncing`")]
    pub fn cookieless_dev(mut self, cookieless_dev: impl Into<Nullable<bool>>) -> Self {
        self.cookieless_dev = cookieless_dev.into();
        self
    }

    /// Whether to pass sessions on in addresses, not in cookies, in development.
    pub fn url_based_session_syncing(mut self, url_based_session_syncing: impl Into<Nullable<bool>>) -> Self {
        self.url_based_session_syncing = url_based_session_syncing.into();
        self
    }

    /// Which way to sign in is offered first when everybody has a password.
    pub fn preferred_sign_in_strategy_when_password_required(
        mut self,
        preferred_sign_in_strategy_when_password_required: impl Into<Nullable<PreferredSignInStrategy>>,
    ) -> Self {
        self.preferred_sign_in_strategy_when_password_required =
            preferred_sign_in_strategy_when_password_required.into();
        self
    }
}

impl Operation for Update {
    type Output = ();
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("UpdateInstance", Method::PATCH, "/instance", "Instance Settings")
            .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.nullable("test_mode", &self.test_mode)
                    .nullable("hibp", &self.hibp)
                    .nullable("support_email", &self.support_email)
                    .nullable("clerk_js_version", &self.clerk_js_version)
                    .nullable("development_origin", &self.development_origin)
                    .optional("allowed_origins", &self.allowed_origins)
                    .nullable("cookieless_dev", &self.cookieless_dev)
                    .nullable("url_based_session_syncing", &self.url_based_session_syncing)
                    .nullable(
                        "preferred_sign_in_strategy_when_password_required",
                        &self.preferred_sign_in_strategy_when_password_required,
                    );
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::empty(Self::INFO, response)
    }
}

/// Changes who may sign up.
///
/// `PATCH /instance/restrictions`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/instance-settings)). Documented error
/// statuses: 402, 422.
pub fn update_restrictions() -> UpdateRestrictions {
    UpdateRestrictions {
        allowlist: Nullable::Absent,
        blocklist: Nullable::Absent,
        allowlist_blocklist_disabled_on_sign_in: Nullable::Absent,
        block_email_subaddresses: Nullable::Absent,
        block_disposable_email_domains: Nullable::Absent,
    }
}

/// The operation that [`update_restrictions`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct UpdateRestrictions {
    allowlist: Nullable<bool>,
    blocklist: Nullable<bool>,
    allowlist_blocklist_disabled_on_sign_in: Nullable<bool>,
    block_email_subaddresses: Nullable<bool>,
    block_disposable_email_domains: Nullable<bool>,
}

opaque!(UpdateRestrictions);

impl UpdateRestrictions {
    /// Whether only who stands on the allow-list may sign up.
    pub fn allowlist(mut self, allowlist: impl Into<Nullable<bool>>) -> Self {
        self.allowlist = allowlist.into();
        self
    }

    /// Whether who stands on the block-list may not sign up.
    pub fn blocklist(mut self, blocklist: impl Into<Nullable<bool>>) -> Self {
        self.blocklist = blocklist.into();
        self
    }

    /// Whether the two lists only count for signing up, not for signing in.
    pub fn allowlist_blocklist_disabled_on_sign_in(
        mut self,
        allowlist_blocklist_disabled_on_sign_in: impl Into<Nullable<bool>>,
    ) -> Self {
        self.allowlist_blocklist_disabled_on_sign_in = allowlist_blocklist_disabled_on_sign_in.into();
        self
    }

    /// Whether to refuse e-mail addresses with `+`, `=` or `#` in the name.
    pub fn block_email_subaddresses(mut self, block_email_subaddresses: impl Into<Nullable<bool>>) -> Self {
        self.block_email_subaddresses = block_email_subaddresses.into();
        self
    }

    /// Whether to refuse throw-away e-mail addresses.
    pub fn block_disposable_email_domains(
        mut self,
        block_disposable_email_domains: impl Into<Nullable<bool>>,
    ) -> Self {
        self.block_disposable_email_domains = block_disposable_email_domains.into();
        self
    }
}

impl Operation for UpdateRestrictions {
    type Output = InstanceRestrictions;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpdateInstanceRestrictions",
        Method::PATCH,
        "/instance/restrictions",
        "Instance Settings",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.nullable("allowlist", &self.allowlist)
                    .nullable("blocklist", &self.blocklist)
                    .nullable(
                        "allowlist_blocklist_disabled_on_sign_in",
                        &self.allowlist_blocklist_disabled_on_sign_in,
                    )
                    .nullable("block_email_subaddresses", &self.block_email_subaddresses)
                    .nullable("block_disposable_email_domains", &self.block_disposable_email_domains);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// The settings of Clerk's bot and abuse protection.
///
/// `GET /instance/protect`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/instance-settings)). No error status
/// is documented.
pub fn get_protect() -> GetProtect {
    GetProtect
}

/// The operation that [`get_protect`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GetProtect;

opaque!(GetProtect);

impl Operation for GetProtect {
    type Output = InstanceProtect;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetInstanceProtect", Method::GET, "/instance/protect", "Instance Settings");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes the settings of Clerk's bot and abuse protection.
///
/// `PATCH /instance/protect`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/instance-settings)). Documented error
/// status: 422.
pub fn update_protect() -> UpdateProtect {
    UpdateProtect { rules_enabled: Nullable::Absent, specter_enabled: Nullable::Absent }
}

/// The operation that [`update_protect`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct UpdateProtect {
    rules_enabled: Nullable<bool>,
    specter_enabled: Nullable<bool>,
}

opaque!(UpdateProtect);

impl UpdateProtect {
    /// Whether to apply the protection's rules.
    pub fn rules_enabled(mut self, rules_enabled: impl Into<Nullable<bool>>) -> Self {
        self.rules_enabled = rules_enabled.into();
        self
    }

    /// Whether to switch on Specter, a part of the protection.
    pub fn specter_enabled(mut self, specter_enabled: impl Into<Nullable<bool>>) -> Self {
        self.specter_enabled = specter_enabled.into();
        self
    }
}

impl Operation for UpdateProtect {
    type Output = InstanceProtect;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("UpdateInstanceProtect", Method::PATCH, "/instance/protect", "Instance Settings")
            .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.nullable("rules_enabled", &self.rules_enabled)
                    .nullable("specter_enabled", &self.specter_enabled);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// The settings of the messages Clerk sends, such as the countries that get no text messages.
///
/// `GET /instance/communication`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/instance-settings)). No error status
/// is documented.
pub fn get_communication() -> GetCommunication {
    GetCommunication
}

/// The operation that [`get_communication`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GetCommunication;

opaque!(GetCommunication);

impl Operation for GetCommunication {
    type Output = InstanceCommunication;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetInstanceCommunication",
        Method::GET,
        "/instance/communication",
        "Instance Settings",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Replaces the list of countries that get no text messages.
///
/// `PATCH /instance/communication`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/instance-settings)). Documented error
/// status: 422.
pub fn update_communication() -> UpdateCommunication {
    UpdateCommunication { blocked_country_codes: Nullable::Absent }
}

/// The operation that [`update_communication`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct UpdateCommunication {
    blocked_country_codes: Nullable<Vec<String>>,
}

opaque!(UpdateCommunication);

impl UpdateCommunication {
    /// The countries that get no text messages, as two capital letters each, all different; at most 250.
    /// Replaces the whole list.
    pub fn blocked_country_codes(mut self, blocked_country_codes: impl Into<Nullable<Vec<String>>>) -> Self {
        self.blocked_country_codes = blocked_country_codes.into();
        self
    }
}

impl Operation for UpdateCommunication {
    type Output = InstanceCommunication;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpdateInstanceCommunication",
        Method::PATCH,
        "/instance/communication",
        "Instance Settings",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .items_opt("blocked_country_codes", self.blocked_country_codes.value().map(Vec::len), 0, 250)
            .json(|body| {
                body.nullable("blocked_country_codes", &self.blocked_country_codes);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// The settings of the instance as an OAuth provider.
///
/// `GET /instance/oauth_application_settings`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/instance-settings)). No error status
/// is documented.
pub fn get_oauth_application_settings() -> GetOAuthApplicationSettings {
    GetOAuthApplicationSettings
}

/// The operation that [`get_oauth_application_settings`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GetOAuthApplicationSettings;

opaque!(GetOAuthApplicationSettings);

impl Operation for GetOAuthApplicationSettings {
    type Output = OAuthApplicationSettings;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetInstanceOAuthApplicationSettings",
        Method::GET,
        "/instance/oauth_application_settings",
        "Instance Settings",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes the settings of the instance as an OAuth provider.
///
/// `PATCH /instance/oauth_application_settings`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/instance-settings)). Documented error
/// status: 422.
pub fn update_oauth_application_settings() -> UpdateOAuthApplicationSettings {
    UpdateOAuthApplicationSettings {
        dynamic_oauth_client_registration: Nullable::Absent,
        default_scopes: Nullable::Absent,
        oauth_jwt_access_tokens: Nullable::Absent,
        client_id_metadata_documents_advertised: Nullable::Absent,
        client_id_metadata_documents_only_allow_pre_registered_clients: Nullable::Absent,
        client_id_metadata_documents_block_implicitly_allowed_clients: Nullable::Absent,
    }
}

/// The operation that [`update_oauth_application_settings`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct UpdateOAuthApplicationSettings {
    dynamic_oauth_client_registration: Nullable<bool>,
    default_scopes: Nullable<Vec<String>>,
    oauth_jwt_access_tokens: Nullable<bool>,
    client_id_metadata_documents_advertised: Nullable<bool>,
    client_id_metadata_documents_only_allow_pre_registered_clients: Nullable<bool>,
    client_id_metadata_documents_block_implicitly_allowed_clients: Nullable<bool>,
}

opaque!(UpdateOAuthApplicationSettings);

impl UpdateOAuthApplicationSettings {
    /// Whether OAuth clients may register themselves, as in RFC 7591.
    pub fn dynamic_oauth_client_registration(
        mut self,
        dynamic_oauth_client_registration: impl Into<Nullable<bool>>,
    ) -> Self {
        self.dynamic_oauth_client_registration = dynamic_oauth_client_registration.into();
        self
    }

    /// The scopes of a client that names none; null is Clerk's own choice.
    pub fn default_scopes(mut self, default_scopes: impl Into<Nullable<Vec<String>>>) -> Self {
        self.default_scopes = default_scopes.into();
        self
    }

    /// Whether OAuth access tokens are JWTs, not opaque texts.
    pub fn oauth_jwt_access_tokens(mut self, oauth_jwt_access_tokens: impl Into<Nullable<bool>>) -> Self {
        self.oauth_jwt_access_tokens = oauth_jwt_access_tokens.into();
        self
    }

    /// Whether to tell clients that they may identify by the address of a metadata document.
    pub fn client_id_metadata_documents_advertised(
        mut self,
        client_id_metadata_documents_advertised: impl Into<Nullable<bool>>,
    ) -> Self {
        self.client_id_metadata_documents_advertised = client_id_metadata_documents_advertised.into();
        self
    }

    /// Whether to refuse clients with a metadata document that are not known yet.
    pub fn client_id_metadata_documents_only_allow_pre_registered_clients(
        mut self,
        client_id_metadata_documents_only_allow_pre_registered_clients: impl Into<Nullable<bool>>,
    ) -> Self {
        self.client_id_metadata_documents_only_allow_pre_registered_clients =
            client_id_metadata_documents_only_allow_pre_registered_clients.into();
        self
    }

    /// Whether to refuse, from now on, clients with a metadata document that were let in without being
    /// registered.
    pub fn client_id_metadata_documents_block_implicitly_allowed_clients(
        mut self,
        client_id_metadata_documents_block_implicitly_allowed_clients: impl Into<Nullable<bool>>,
    ) -> Self {
        self.client_id_metadata_documents_block_implicitly_allowed_clients =
            client_id_metadata_documents_block_implicitly_allowed_clients.into();
        self
    }
}

impl Operation for UpdateOAuthApplicationSettings {
    type Output = OAuthApplicationSettings;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpdateInstanceOAuthApplicationSettings",
        Method::PATCH,
        "/instance/oauth_application_settings",
        "Instance Settings",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.nullable("dynamic_oauth_client_registration", &self.dynamic_oauth_client_registration)
                    .nullable("default_scopes", &self.default_scopes)
                    .nullable("oauth_jwt_access_tokens", &self.oauth_jwt_access_tokens)
                    .nullable(
                        "client_id_metadata_documents_advertised",
                        &self.client_id_metadata_documents_advertised,
                    )
                    .nullable(
                        "client_id_metadata_documents_only_allow_pre_registered_clients",
                        &self.client_id_metadata_documents_only_allow_pre_registered_clients,
                    )
                    .nullable(
                        "client_id_metadata_documents_block_implicitly_allowed_clients",
                        &self.client_id_metadata_documents_block_implicitly_allowed_clients,
                    );
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Gives a production instance another domain. All sessions end, and DNS, certificates and keys have to
/// follow. The change takes effect later.
///
/// `POST /instance/change_domain`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/beta-features)). Documented error
/// statuses: 400, 422.
pub fn change_domain() -> ChangeDomain {
    ChangeDomain { home_url: None, is_secondary: None }
}

/// The operation that [`change_domain`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ChangeDomain {
    home_url: Option<String>,
    is_secondary: Option<bool>,
}

opaque!(ChangeDomain);

impl ChangeDomain {
    /// The new address of the application, such as `https://www.example.com`.
    pub fn home_url(mut self, home_url: impl Into<String>) -> Self {
        self.home_url = Some(home_url.into());
        self
    }

    /// Whether it is a secondary application's, so that its subdomain counts.
    pub fn is_secondary(mut self, is_secondary: bool) -> Self {
        self.is_secondary = Some(is_secondary);
        self
    }
}

impl Operation for ChangeDomain {
    type Output = ();
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ChangeProductionInstanceDomain",
        Method::POST,
        "/instance/change_domain",
        "Beta Features",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.optional("home_url", &self.home_url).optional("is_secondary", &self.is_secondary);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::empty(Self::INFO, response)
    }
}

/// The settings for organizations.
///
/// `GET /instance/organization_settings`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/instance-settings)). Documented error
/// statuses: 402, 404, 422.
pub fn get_organization_settings() -> GetOrganizationSettings {
    GetOrganizationSettings
}

/// The operation that [`get_organization_settings`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GetOrganizationSettings;

opaque!(GetOrganizationSettings);

impl Operation for GetOrganizationSettings {
    type Output = OrganizationSettings;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetInstanceOrganizationSettings",
        Method::GET,
        "/instance/organization_settings",
        "Instance Settings",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes the settings for organizations.
///
/// `PATCH /instance/organization_settings`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/instance-settings)). Documented error
/// statuses: 400, 402, 403, 404, 422.
pub fn update_organization_settings() -> UpdateOrganizationSettings {
    UpdateOrganizationSettings {
        enabled: Nullable::Absent,
        max_allowed_memberships: Nullable::Absent,
        admin_delete_enabled: Nullable::Absent,
        domains_enabled: Nullable::Absent,
        slug_disabled: Nullable::Absent,
        domains_enrollment_modes: None,
        creator_role_id: Nullable::Absent,
        domains_default_role_id: Nullable::Absent,
    }
}

/// The operation that [`update_organization_settings`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct UpdateOrganizationSettings {
    enabled: Nullable<bool>,
    max_allowed_memberships: Nullable<i64>,
    admin_delete_enabled: Nullable<bool>,
    domains_enabled: Nullable<bool>,
    slug_disabled: Nullable<bool>,
    domains_enrollment_modes: Option<Vec<EnrollmentMode>>,
    creator_role_id: Nullable<Id>,
    domains_default_role_id: Nullable<Id>,
}

opaque!(UpdateOrganizationSettings);

impl UpdateOrganizationSettings {
    /// Whether there are organizations.
    pub fn enabled(mut self, enabled: impl Into<Nullable<bool>>) -> Self {
        self.enabled = enabled.into();
        self
    }

    /// How many members a new organization may have; 0 is no limit.
    pub fn max_allowed_memberships(mut self, max_allowed_memberships: impl Into<Nullable<i64>>) -> Self {
        self.max_allowed_memberships = max_allowed_memberships.into();
        self
    }

    /// Whether the admins of a new organization may delete it.
    pub fn admin_delete_enabled(mut self, admin_delete_enabled: impl Into<Nullable<bool>>) -> Self {
        self.admin_delete_enabled = admin_delete_enabled.into();
        self
    }

    /// Whether organizations may have e-mail domains.
    pub fn domains_enabled(mut self, domains_enabled: impl Into<Nullable<bool>>) -> Self {
        self.domains_enabled = domains_enabled.into();
        self
    }

    /// Whether organizations have no slugs.
    pub fn slug_disabled(mut self, slug_disabled: impl Into<Nullable<bool>>) -> Self {
        self.slug_disabled = slug_disabled.into();
        self
    }

    /// In which ways people may join by an e-mail domain.
    pub fn domains_enrollment_modes(
        mut self,
        domains_enrollment_modes: impl IntoIterator<Item = impl Into<EnrollmentMode>>,
    ) -> Self {
        self.domains_enrollment_modes = Some(domains_enrollment_modes.into_iter().map(Into::into).collect());
        self
    }

    /// The role of who creates an organization.
    pub fn creator_role_id(mut self, creator_role_id: impl Into<Nullable<Id>>) -> Self {
        self.creator_role_id = creator_role_id.into();
        self
    }

    /// The role of who joins by an e-mail domain.
    pub fn domains_default_role_id(mut self, domains_default_role_id: impl Into<Nullable<Id>>) -> Self {
        self.domains_default_role_id = domains_default_role_id.into();
        self
    }
}

impl Operation for UpdateOrganizationSettings {
    type Output = OrganizationSettings;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpdateInstanceOrganizationSettings",
        Method::PATCH,
        "/instance/organization_settings",
        "Instance Settings",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.nullable("enabled", &self.enabled)
                    .nullable("max_allowed_memberships", &self.max_allowed_memberships)
                    .nullable("admin_delete_enabled", &self.admin_delete_enabled)
                    .nullable("domains_enabled", &self.domains_enabled)
                    .nullable("slug_disabled", &self.slug_disabled)
                    .optional("domains_enrollment_modes", &self.domains_enrollment_modes)
                    .nullable("creator_role_id", &self.creator_role_id)
                    .nullable("domains_default_role_id", &self.domains_default_role_id);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
