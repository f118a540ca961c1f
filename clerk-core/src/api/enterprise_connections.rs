//! Enterprise connections: sign-in through a customer's own identity provider, by SAML or OpenID
//! Connect.
//!
//! ```
//! use clerk_core::{
//!     Operation,
//!     api::enterprise_connections::{self, CreateSaml},
//!     model::EnterpriseConnectionProvider,
//! };
//!
//! let saml = CreateSaml::new().idp_metadata_url("https://idp.example.com/metadata");
//! let provider = EnterpriseConnectionProvider::SamlOkta;
//! let request = enterprise_connections::create("Example", provider, ["example.com"]).saml(saml).request().unwrap();
//! assert_eq!(request.uri(), "/enterprise_connections");
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};
use serde::Serialize;

use crate::{
    Nullable, Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::{Id, OrganizationId},
    model::{
        DeletedObject, EnterpriseConnection, EnterpriseConnectionProvider, EnterpriseConnectionTestRun,
        EnterpriseConnectionTestRunStatus, EnterpriseConnectionTestUrl, LoginHintMode,
    },
    opaque::opaque,
    operation::{Operation, OperationInfo},
    page::{Paged, Window},
};

/// Lists enterprise connections.
///
/// `GET /enterprise_connections`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/enterprise-connections)). Documented
/// error statuses: 402, 403, 422.
pub fn list() -> List {
    List { limit: None, offset: None, organization_id: None, active: None }
}

/// The operation that [`list`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct List {
    limit: Option<u32>,
    offset: Option<u32>,
    organization_id: Option<OrganizationId>,
    active: Option<bool>,
}

opaque!(List);

impl List {
    /// How many to give at most, 1 to 500; 10 when left out.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many to skip.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Only those of this organization.
    pub fn organization_id(mut self, organization_id: impl Into<OrganizationId>) -> Self {
        self.organization_id = Some(organization_id.into());
        self
    }

    /// Only those that are switched on, or only those that are not.
    pub fn active(mut self, active: bool) -> Self {
        self.active = Some(active);
        self
    }
}

impl Operation for List {
    type Output = Page<EnterpriseConnection>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ListEnterpriseConnections",
        Method::GET,
        "/enterprise_connections",
        "Enterprise Connections",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .query_opt("organization_id", self.organization_id.as_ref())
            .query_opt("active", self.active.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for List {
    type Item = EnterpriseConnection;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Creates an enterprise connection for at least one domain.
///
/// `POST /enterprise_connections`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/enterprise-connections)). Documented
/// error statuses: 402, 403, 404, 409, 422.
pub fn create(
    name: impl Into<String>,
    provider: impl Into<EnterpriseConnectionProvider>,
    domains: impl IntoIterator<Item = impl Into<String>>,
) -> Create {
    Create {
        name: name.into(),
        provider: provider.into(),
        domains: domains.into_iter().map(Into::into).collect(),
        organization_id: Nullable::Absent,
        allow_organization_account_linking: Nullable::Absent,
        active: Nullable::Absent,
        saml: Nullable::Absent,
        oidc: Nullable::Absent,
        custom_attributes: None,
        authenticatable: Nullable::Absent,
        disable_jit_provisioning: Nullable::Absent,
    }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    name: String,
    provider: EnterpriseConnectionProvider,
    domains: Vec<String>,
    organization_id: Nullable<OrganizationId>,
    allow_organization_account_linking: Nullable<bool>,
    active: Nullable<bool>,
    saml: Nullable<CreateSaml>,
    oidc: Nullable<CreateOidc>,
    custom_attributes: Option<Vec<CreateCustomAttribute>>,
    authenticatable: Nullable<bool>,
    disable_jit_provisioning: Nullable<bool>,
}

opaque!(Create);

impl Create {
    /// The organization to link it to. It cannot be unlinked again.
    pub fn organization_id(mut self, organization_id: impl Into<Nullable<OrganizationId>>) -> Self {
        self.organization_id = organization_id.into();
        self
    }

    /// Whether a membership in the organization suffices to link an account.
    pub fn allow_organization_account_linking(
        mut self,
        allow_organization_account_linking: impl Into<Nullable<bool>>,
    ) -> Self {
        self.allow_organization_account_linking = allow_organization_account_linking.into();
        self
    }

    /// Whether it can be used. A SAML connection needs the identity provider's metadata for that.
    pub fn active(mut self, active: impl Into<Nullable<bool>>) -> Self {
        self.active = active.into();
        self
    }

    /// How it uses SAML. Only for providers that do.
    pub fn saml(mut self, saml: impl Into<Nullable<CreateSaml>>) -> Self {
        self.saml = saml.into();
        self
    }

    /// How it uses OpenID Connect. Only for providers that do.
    pub fn oidc(mut self, oidc: impl Into<Nullable<CreateOidc>>) -> Self {
        self.oidc = oidc.into();
        self
    }

    /// Attributes to take over from the identity provider. The instance must have that feature.
    pub fn custom_attributes(
        mut self,
        custom_attributes: impl IntoIterator<Item = impl Into<CreateCustomAttribute>>,
    ) -> Self {
        self.custom_attributes = Some(custom_attributes.into_iter().map(Into::into).collect());
        self
    }

    /// Whether users can sign in through it.
    pub fn authenticatable(mut self, authenticatable: impl Into<Nullable<bool>>) -> Self {
        self.authenticatable = authenticatable.into();
        self
    }

    /// Whether signing in through it makes no new users.
    pub fn disable_jit_provisioning(mut self, disable_jit_provisioning: impl Into<Nullable<bool>>) -> Self {
        self.disable_jit_provisioning = disable_jit_provisioning.into();
        self
    }
}

impl Operation for Create {
    type Output = EnterpriseConnection;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "CreateEnterpriseConnection",
        Method::POST,
        "/enterprise_connections",
        "Enterprise Connections",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .within(self.custom_attributes.iter().flatten(), |request, object| {
                request.letters("name", Some(&object.name), 1..).letters("key", Some(&object.key), 1..)
            })
            .json(|body| {
                body.required("name", &self.name)
                    .required("provider", &self.provider)
                    .required("domains", &self.domains)
                    .nullable("organization_id", &self.organization_id)
                    .nullable("allow_organization_account_linking", &self.allow_organization_account_linking)
                    .nullable("active", &self.active)
                    .nullable("saml", &self.saml)
                    .nullable("oidc", &self.oidc)
                    .optional("custom_attributes", &self.custom_attributes)
                    .nullable("authenticatable", &self.authenticatable)
                    .nullable("disable_jit_provisioning", &self.disable_jit_provisioning);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One enterprise connection.
///
/// `GET /enterprise_connections/{enterprise_connection_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/enterprise-connections)). Documented
/// error statuses: 402, 403, 404.
pub fn get(enterprise_connection_id: impl Into<Id>) -> Get {
    Get { enterprise_connection_id: enterprise_connection_id.into() }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    enterprise_connection_id: Id,
}

opaque!(Get);

impl Operation for Get {
    type Output = EnterpriseConnection;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetEnterpriseConnection",
        Method::GET,
        "/enterprise_connections/{enterprise_connection_id}",
        "Enterprise Connections",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("enterprise_connection_id", &self.enterprise_connection_id)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes an enterprise connection. Switching it on may delete verified organization domains that are
/// the same as its own.
///
/// `PATCH /enterprise_connections/{enterprise_connection_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/enterprise-connections)). Documented
/// error statuses: 400, 402, 403, 404, 422.
pub fn update(enterprise_connection_id: impl Into<Id>) -> Update {
    Update {
        enterprise_connection_id: enterprise_connection_id.into(),
        name: Nullable::Absent,
        domains: Nullable::Absent,
        active: Nullable::Absent,
        sync_user_attributes: Nullable::Absent,
        disable_additional_identifications: Nullable::Absent,
        allow_organization_account_linking: Nullable::Absent,
        organization_id: Nullable::Absent,
        saml: Nullable::Absent,
        oidc: Nullable::Absent,
        custom_attributes: Nullable::Absent,
        authenticatable: Nullable::Absent,
        disable_jit_provisioning: Nullable::Absent,
    }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    enterprise_connection_id: Id,
    name: Nullable<String>,
    domains: Nullable<Vec<String>>,
    active: Nullable<bool>,
    sync_user_attributes: Nullable<bool>,
    disable_additional_identifications: Nullable<bool>,
    allow_organization_account_linking: Nullable<bool>,
    organization_id: Nullable<OrganizationId>,
    saml: Nullable<UpdateSaml>,
    oidc: Nullable<UpdateOidc>,
    custom_attributes: Nullable<Vec<UpdateCustomAttribute>>,
    authenticatable: Nullable<bool>,
    disable_jit_provisioning: Nullable<bool>,
}

opaque!(Update);

impl Update {
    /// Its name.
    pub fn name(mut self, name: impl Into<Nullable<String>>) -> Self {
        self.name = name.into();
        self
    }

    /// The e-mail domains it is for, in place of those before. An empty list changes nothing.
    pub fn domains(mut self, domains: impl Into<Nullable<Vec<String>>>) -> Self {
        self.domains = domains.into();
        self
    }

    /// Whether it can be used. A SAML connection needs the identity provider's metadata for that.
    pub fn active(mut self, active: impl Into<Nullable<bool>>) -> Self {
        self.active = active.into();
        self
    }

    /// Whether each sign-in brings the user's attributes up to date.
    pub fn sync_user_attributes(mut self, sync_user_attributes: impl Into<Nullable<bool>>) -> Self {
        self.sync_user_attributes = sync_user_attributes.into();
        self
    }

    /// Whether its users are kept from adding other ways to sign in.
    pub fn disable_additional_identifications(
        mut self,
        disable_additional_identifications: impl Into<Nullable<bool>>,
    ) -> Self {
        self.disable_additional_identifications = disable_additional_identifications.into();
        self
    }

    /// Whether a membership in the organization suffices to link an account.
    pub fn allow_organization_account_linking(
        mut self,
        allow_organization_account_linking: impl Into<Nullable<bool>>,
    ) -> Self {
        self.allow_organization_account_linking = allow_organization_account_linking.into();
        self
    }

    /// The organization to link it to. It cannot be unlinked again.
    pub fn organization_id(mut self, organization_id: impl Into<Nullable<OrganizationId>>) -> Self {
        self.organization_id = organization_id.into();
        self
    }

    /// How it uses SAML. Only for providers that do.
    pub fn saml(mut self, saml: impl Into<Nullable<UpdateSaml>>) -> Self {
        self.saml = saml.into();
        self
    }

    /// How it uses OpenID Connect. Only for providers that do.
    pub fn oidc(mut self, oidc: impl Into<Nullable<UpdateOidc>>) -> Self {
        self.oidc = oidc.into();
        self
    }

    /// Attributes to take over from the identity provider. The instance must have that feature.
    pub fn custom_attributes(
        mut self,
        custom_attributes: impl Into<Nullable<Vec<UpdateCustomAttribute>>>,
    ) -> Self {
        self.custom_attributes = custom_attributes.into();
        self
    }

    /// Whether users can sign in through it.
    pub fn authenticatable(mut self, authenticatable: impl Into<Nullable<bool>>) -> Self {
        self.authenticatable = authenticatable.into();
        self
    }

    /// Whether signing in through it makes no new users.
    pub fn disable_jit_provisioning(mut self, disable_jit_provisioning: impl Into<Nullable<bool>>) -> Self {
        self.disable_jit_provisioning = disable_jit_provisioning.into();
        self
    }
}

impl Operation for Update {
    type Output = EnterpriseConnection;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpdateEnterpriseConnection",
        Method::PATCH,
        "/enterprise_connections/{enterprise_connection_id}",
        "Enterprise Connections",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("enterprise_connection_id", &self.enterprise_connection_id)
            .within(self.custom_attributes.value().into_iter().flatten(), |request, object| {
                request.letters("name", Some(&object.name), 1..).letters("key", Some(&object.key), 1..)
            })
            .json(|body| {
                body.nullable("name", &self.name)
                    .nullable("domains", &self.domains)
                    .nullable("active", &self.active)
                    .nullable("sync_user_attributes", &self.sync_user_attributes)
                    .nullable("disable_additional_identifications", &self.disable_additional_identifications)
                    .nullable("allow_organization_account_linking", &self.allow_organization_account_linking)
                    .nullable("organization_id", &self.organization_id)
                    .nullable("saml", &self.saml)
                    .nullable("oidc", &self.oidc)
                    .nullable("custom_attributes", &self.custom_attributes)
                    .nullable("authenticatable", &self.authenticatable)
                    .nullable("disable_jit_provisioning", &self.disable_jit_provisioning);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes an enterprise connection.
///
/// `DELETE /enterprise_connections/{enterprise_connection_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/enterprise-connections)). Documented
/// error statuses: 402, 403, 404.
pub fn delete(enterprise_connection_id: impl Into<Id>) -> Delete {
    Delete { enterprise_connection_id: enterprise_connection_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    enterprise_connection_id: Id,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeleteEnterpriseConnection",
        Method::DELETE,
        "/enterprise_connections/{enterprise_connection_id}",
        "Enterprise Connections",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("enterprise_connection_id", &self.enterprise_connection_id)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Lists the test runs of an enterprise connection.
///
/// `GET /enterprise_connections/{enterprise_connection_id}/test_runs`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/enterprise-connections)). Documented
/// error statuses: 402, 403, 404, 422.
pub fn list_test_runs(enterprise_connection_id: impl Into<Id>) -> ListTestRuns {
    ListTestRuns {
        enterprise_connection_id: enterprise_connection_id.into(),
        status: Vec::new(),
        limit: None,
        offset: None,
    }
}

/// The operation that [`list_test_runs`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ListTestRuns {
    enterprise_connection_id: Id,
    status: Vec<EnterpriseConnectionTestRunStatus>,
    limit: Option<u32>,
    offset: Option<u32>,
}

opaque!(ListTestRuns);

impl ListTestRuns {
    /// Only those that stand in one of these ways.
    pub fn status(
        mut self,
        status: impl IntoIterator<Item = impl Into<EnterpriseConnectionTestRunStatus>>,
    ) -> Self {
        self.status = status.into_iter().map(Into::into).collect();
        self
    }

    /// How many to give at most, 1 to 500; 10 when left out.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many to skip.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }
}

impl Operation for ListTestRuns {
    type Output = Page<EnterpriseConnectionTestRun>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ListEnterpriseConnectionTestRuns",
        Method::GET,
        "/enterprise_connections/{enterprise_connection_id}/test_runs",
        "Enterprise Connections",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("enterprise_connection_id", &self.enterprise_connection_id)
            .query_each("status", &self.status, 100)
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for ListTestRuns {
    type Item = EnterpriseConnectionTestRun;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// An address, good for a short time, at which a test run of the connection starts.
///
/// `POST /enterprise_connections/{enterprise_connection_id}/test_runs`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/enterprise-connections)). Documented
/// error statuses: 402, 403, 404.
pub fn create_test_run(enterprise_connection_id: impl Into<Id>) -> CreateTestRun {
    CreateTestRun { enterprise_connection_id: enterprise_connection_id.into() }
}

/// The operation that [`create_test_run`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct CreateTestRun {
    enterprise_connection_id: Id,
}

opaque!(CreateTestRun);

impl Operation for CreateTestRun {
    type Output = EnterpriseConnectionTestUrl;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "CreateEnterpriseConnectionTestRun",
        Method::POST,
        "/enterprise_connections/{enterprise_connection_id}/test_runs",
        "Enterprise Connections",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("enterprise_connection_id", &self.enterprise_connection_id)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Which attributes of the identity provider hold what Clerk wants to know.
#[derive(Clone, Default, Serialize)]
#[must_use]
pub struct CreateSamlAttributeMapping {
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    user_id: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    email_address: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    first_name: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    last_name: Nullable<String>,
}

opaque!(CreateSamlAttributeMapping);

impl CreateSamlAttributeMapping {
    /// Nothing is set yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The attribute with the user's identifier.
    pub fn user_id(mut self, user_id: impl Into<Nullable<String>>) -> Self {
        self.user_id = user_id.into();
        self
    }

    /// The attribute with the e-mail address.
    pub fn email_address(mut self, email_address: impl Into<Nullable<String>>) -> Self {
        self.email_address = email_address.into();
        self
    }

    /// The attribute with the first name.
    pub fn first_name(mut self, first_name: impl Into<Nullable<String>>) -> Self {
        self.first_name = first_name.into();
        self
    }

    /// The attribute with the last name.
    pub fn last_name(mut self, last_name: impl Into<Nullable<String>>) -> Self {
        self.last_name = last_name.into();
        self
    }
}

/// The hint on who signs in that is sent to the identity provider.
#[derive(Clone, Serialize)]
#[must_use]
pub struct CreateSamlLoginHint {
    mode: LoginHintMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

opaque!(CreateSamlLoginHint);

impl CreateSamlLoginHint {
    /// With what is required.
    pub fn new(mode: impl Into<LoginHintMode>) -> Self {
        Self { mode: mode.into(), source: None }
    }

    /// The key of the public metadata that holds the hint, when that is where it comes from.
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// How the connection uses SAML.
#[derive(Clone, Default, Serialize)]
#[must_use]
pub struct CreateSaml {
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    idp_entity_id: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    idp_sso_url: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    idp_certificate: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    idp_metadata_url: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    idp_metadata: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    attribute_mapping: Nullable<CreateSamlAttributeMapping>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    allow_subdomains: Nullable<bool>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    allow_idp_initiated: Nullable<bool>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    force_authn: Nullable<bool>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    login_hint: Nullable<CreateSamlLoginHint>,
}

opaque!(CreateSaml);

impl CreateSaml {
    /// Nothing is set yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The identity provider's entity identifier.
    pub fn idp_entity_id(mut self, idp_entity_id: impl Into<Nullable<String>>) -> Self {
        self.idp_entity_id = idp_entity_id.into();
        self
    }

    /// Where users sign in at the identity provider.
    pub fn idp_sso_url(mut self, idp_sso_url: impl Into<Nullable<String>>) -> Self {
        self.idp_sso_url = idp_sso_url.into();
        self
    }

    /// The identity provider's X.509 certificate.
    pub fn idp_certificate(mut self, idp_certificate: impl Into<Nullable<String>>) -> Self {
        self.idp_certificate = idp_certificate.into();
        self
    }

    /// Where the identity provider's metadata is. Counts more than the single values.
    pub fn idp_metadata_url(mut self, idp_metadata_url: impl Into<Nullable<String>>) -> Self {
        self.idp_metadata_url = idp_metadata_url.into();
        self
    }

    /// The identity provider's metadata, XML. Counts more than the single values.
    pub fn idp_metadata(mut self, idp_metadata: impl Into<Nullable<String>>) -> Self {
        self.idp_metadata = idp_metadata.into();
        self
    }

    /// Which attributes of the identity provider hold what Clerk wants to know.
    pub fn attribute_mapping(
        mut self,
        attribute_mapping: impl Into<Nullable<CreateSamlAttributeMapping>>,
    ) -> Self {
        self.attribute_mapping = attribute_mapping.into();
        self
    }

    /// Whether subdomains count as well.
    pub fn allow_subdomains(mut self, allow_subdomains: impl Into<Nullable<bool>>) -> Self {
        self.allow_subdomains = allow_subdomains.into();
        self
    }

    /// Whether a sign-in may start at the identity provider.
    pub fn allow_idp_initiated(mut self, allow_idp_initiated: impl Into<Nullable<bool>>) -> Self {
        self.allow_idp_initiated = allow_idp_initiated.into();
        self
    }

    /// Whether the identity provider must ask the user anew at each sign-in.
    pub fn force_authn(mut self, force_authn: impl Into<Nullable<bool>>) -> Self {
        self.force_authn = force_authn.into();
        self
    }

    /// The hint on who signs in that is sent to the identity provider.
    pub fn login_hint(mut self, login_hint: impl Into<Nullable<CreateSamlLoginHint>>) -> Self {
        self.login_hint = login_hint.into();
        self
    }
}

/// How the connection uses OpenID Connect.
#[derive(Clone, Default, Serialize)]
#[must_use]
pub struct CreateOidc {
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    client_id: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    client_secret: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    discovery_url: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    auth_url: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    token_url: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    user_info_url: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    requires_pkce: Nullable<bool>,
}

opaque!(CreateOidc);

impl CreateOidc {
    /// Nothing is set yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Clerk's identifier at the identity provider.
    pub fn client_id(mut self, client_id: impl Into<Nullable<String>>) -> Self {
        self.client_id = client_id.into();
        self
    }

    /// The client's secret.
    pub fn client_secret(mut self, client_secret: impl Into<Nullable<String>>) -> Self {
        self.client_secret = client_secret.into();
        self
    }

    /// The OpenID Connect discovery document.
    pub fn discovery_url(mut self, discovery_url: impl Into<Nullable<String>>) -> Self {
        self.discovery_url = discovery_url.into();
        self
    }

    /// Where users sign in.
    pub fn auth_url(mut self, auth_url: impl Into<Nullable<String>>) -> Self {
        self.auth_url = auth_url.into();
        self
    }

    /// Where tokens are issued.
    pub fn token_url(mut self, token_url: impl Into<Nullable<String>>) -> Self {
        self.token_url = token_url.into();
        self
    }

    /// Where information on the user is.
    pub fn user_info_url(mut self, user_info_url: impl Into<Nullable<String>>) -> Self {
        self.user_info_url = user_info_url.into();
        self
    }

    /// Whether to use PKCE (RFC 7636). Needed when there is no client secret.
    pub fn requires_pkce(mut self, requires_pkce: impl Into<Nullable<bool>>) -> Self {
        self.requires_pkce = requires_pkce.into();
        self
    }
}

/// A custom attribute to take over from the identity provider.
#[derive(Clone, Serialize)]
#[must_use]
pub struct CreateCustomAttribute {
    name: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sso_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scim_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    directory_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_valued: Option<bool>,
}

opaque!(CreateCustomAttribute);

impl CreateCustomAttribute {
    /// With what is required.
    pub fn new(name: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            key: key.into(),
            sso_path: None,
            scim_path: None,
            directory_path: None,
            multi_valued: None,
        }
    }

    /// Where it is in what the identity provider says at a sign-in.
    pub fn sso_path(mut self, sso_path: impl Into<String>) -> Self {
        self.sso_path = Some(sso_path.into());
        self
    }

    /// The older name of `directory_path`. Give only one of them, or the same value.
    pub fn scim_path(mut self, scim_path: impl Into<String>) -> Self {
        self.scim_path = Some(scim_path.into());
        self
    }

    /// Where it is in a directory's user, as a GJSON path.
    pub fn directory_path(mut self, directory_path: impl Into<String>) -> Self {
        self.directory_path = Some(directory_path.into());
        self
    }

    /// Whether it can have several values, which are kept as a list.
    pub fn multi_valued(mut self, multi_valued: bool) -> Self {
        self.multi_valued = Some(multi_valued);
        self
    }
}

/// Which attributes of the identity provider hold what Clerk wants to know.
#[derive(Clone, Default, Serialize)]
#[must_use]
pub struct UpdateSamlAttributeMapping {
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    user_id: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    email_address: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    first_name: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    last_name: Nullable<String>,
}

opaque!(UpdateSamlAttributeMapping);

impl UpdateSamlAttributeMapping {
    /// Nothing is set yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The attribute with the user's identifier.
    pub fn user_id(mut self, user_id: impl Into<Nullable<String>>) -> Self {
        self.user_id = user_id.into();
        self
    }

    /// The attribute with the e-mail address.
    pub fn email_address(mut self, email_address: impl Into<Nullable<String>>) -> Self {
        self.email_address = email_address.into();
        self
    }

    /// The attribute with the first name.
    pub fn first_name(mut self, first_name: impl Into<Nullable<String>>) -> Self {
        self.first_name = first_name.into();
        self
    }

    /// The attribute with the last name.
    pub fn last_name(mut self, last_name: impl Into<Nullable<String>>) -> Self {
        self.last_name = last_name.into();
        self
    }
}

/// The hint on who signs in that is sent to the identity provider.
#[derive(Clone, Serialize)]
#[must_use]
pub struct UpdateSamlLoginHint {
    mode: LoginHintMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

opaque!(UpdateSamlLoginHint);

impl UpdateSamlLoginHint {
    /// With what is required.
    pub fn new(mode: impl Into<LoginHintMode>) -> Self {
        Self { mode: mode.into(), source: None }
    }

    /// The key of the public metadata that holds the hint, when that is where it comes from.
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// How the connection uses SAML.
#[derive(Clone, Default, Serialize)]
#[must_use]
pub struct UpdateSaml {
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    name: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    idp_entity_id: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    idp_sso_url: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    idp_certificate: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    idp_metadata_url: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    idp_metadata: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    attribute_mapping: Nullable<UpdateSamlAttributeMapping>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    allow_subdomains: Nullable<bool>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    allow_idp_initiated: Nullable<bool>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    force_authn: Nullable<bool>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    login_hint: Nullable<UpdateSamlLoginHint>,
}

opaque!(UpdateSaml);

impl UpdateSaml {
    /// Nothing is set yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Its name.
    pub fn name(mut self, name: impl Into<Nullable<String>>) -> Self {
        self.name = name.into();
        self
    }

    /// The identity provider's entity identifier.
    pub fn idp_entity_id(mut self, idp_entity_id: impl Into<Nullable<String>>) -> Self {
        self.idp_entity_id = idp_entity_id.into();
        self
    }

    /// Where users sign in at the identity provider.
    pub fn idp_sso_url(mut self, idp_sso_url: impl Into<Nullable<String>>) -> Self {
        self.idp_sso_url = idp_sso_url.into();
        self
    }

    /// The identity provider's X.509 certificate.
    pub fn idp_certificate(mut self, idp_certificate: impl Into<Nullable<String>>) -> Self {
        self.idp_certificate = idp_certificate.into();
        self
    }

    /// Where the identity provider's metadata is. Counts more than the single values.
    pub fn idp_metadata_url(mut self, idp_metadata_url: impl Into<Nullable<String>>) -> Self {
        self.idp_metadata_url = idp_metadata_url.into();
        self
    }

    /// The identity provider's metadata, XML. Counts more than the single values.
    pub fn idp_metadata(mut self, idp_metadata: impl Into<Nullable<String>>) -> Self {
        self.idp_metadata = idp_metadata.into();
        self
    }

    /// Which attributes of the identity provider hold what Clerk wants to know.
    pub fn attribute_mapping(
        mut self,
        attribute_mapping: impl Into<Nullable<UpdateSamlAttributeMapping>>,
    ) -> Self {
        self.attribute_mapping = attribute_mapping.into();
        self
    }

    /// Whether subdomains count as well.
    pub fn allow_subdomains(mut self, allow_subdomains: impl Into<Nullable<bool>>) -> Self {
        self.allow_subdomains = allow_subdomains.into();
        self
    }

    /// Whether a sign-in may start at the identity provider.
    pub fn allow_idp_initiated(mut self, allow_idp_initiated: impl Into<Nullable<bool>>) -> Self {
        self.allow_idp_initiated = allow_idp_initiated.into();
        self
    }

    /// Whether the identity provider must ask the user anew at each sign-in.
    pub fn force_authn(mut self, force_authn: impl Into<Nullable<bool>>) -> Self {
        self.force_authn = force_authn.into();
        self
    }

    /// The hint on who signs in that is sent to the identity provider.
    pub fn login_hint(mut self, login_hint: impl Into<Nullable<UpdateSamlLoginHint>>) -> Self {
        self.login_hint = login_hint.into();
        self
    }
}

/// How the connection uses OpenID Connect.
#[derive(Clone, Default, Serialize)]
#[must_use]
pub struct UpdateOidc {
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    client_id: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    client_secret: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    discovery_url: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    auth_url: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    token_url: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    user_info_url: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    requires_pkce: Nullable<bool>,
}

opaque!(UpdateOidc);

impl UpdateOidc {
    /// Nothing is set yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Clerk's identifier at the identity provider.
    pub fn client_id(mut self, client_id: impl Into<Nullable<String>>) -> Self {
        self.client_id = client_id.into();
        self
    }

    /// The client's secret.
    pub fn client_secret(mut self, client_secret: impl Into<Nullable<String>>) -> Self {
        self.client_secret = client_secret.into();
        self
    }

    /// The OpenID Connect discovery document.
    pub fn discovery_url(mut self, discovery_url: impl Into<Nullable<String>>) -> Self {
        self.discovery_url = discovery_url.into();
        self
    }

    /// Where users sign in.
    pub fn auth_url(mut self, auth_url: impl Into<Nullable<String>>) -> Self {
        self.auth_url = auth_url.into();
        self
    }

    /// Where tokens are issued.
    pub fn token_url(mut self, token_url: impl Into<Nullable<String>>) -> Self {
        self.token_url = token_url.into();
        self
    }

    /// Where information on the user is.
    pub fn user_info_url(mut self, user_info_url: impl Into<Nullable<String>>) -> Self {
        self.user_info_url = user_info_url.into();
        self
    }

    /// Whether to use PKCE (RFC 7636). Needed when there is no client secret.
    pub fn requires_pkce(mut self, requires_pkce: impl Into<Nullable<bool>>) -> Self {
        self.requires_pkce = requires_pkce.into();
        self
    }
}

/// A custom attribute to take over from the identity provider.
#[derive(Clone, Serialize)]
#[must_use]
pub struct UpdateCustomAttribute {
    name: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sso_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scim_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    directory_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_valued: Option<bool>,
}

opaque!(UpdateCustomAttribute);

impl UpdateCustomAttribute {
    /// With what is required.
    pub fn new(name: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            key: key.into(),
            sso_path: None,
            scim_path: None,
            directory_path: None,
            multi_valued: None,
        }
    }

    /// Where it is in what the identity provider says at a sign-in.
    pub fn sso_path(mut self, sso_path: impl Into<String>) -> Self {
        self.sso_path = Some(sso_path.into());
        self
    }

    /// The older name of `directory_path`. Give only one of them, or the same value.
    pub fn scim_path(mut self, scim_path: impl Into<String>) -> Self {
        self.scim_path = Some(scim_path.into());
        self
    }

    /// Where it is in a directory's user, as a GJSON path.
    pub fn directory_path(mut self, directory_path: impl Into<String>) -> Self {
        self.directory_path = Some(directory_path.into());
        self
    }

    /// Whether it can have several values, which are kept as a list.
    pub fn multi_valued(mut self, multi_valued: bool) -> Self {
        self.multi_valued = Some(multi_valued);
        self
    }
}
