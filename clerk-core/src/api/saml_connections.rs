//! SAML connections. Clerk is retiring them; use
//! [`enterprise_connections`](super::enterprise_connections).
//!
//! ```
//! # #![allow(deprecated)]
//! use clerk_core::{Operation, api::saml_connections};
//!
//! let request = saml_connections::get("samlc_1").request().unwrap();
//! assert_eq!(request.uri(), "/saml_connections/samlc_1");
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
    model::{DeletedObject, EnterpriseConnectionProvider, LoginHintMode, SamlConnection},
    opaque::opaque,
    operation::{Operation, OperationInfo},
    page::{Paged, Window},
};

/// Lists SAML connections.
///
/// `GET /saml_connections`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/saml-connections)). Documented error
/// statuses: 402, 403, 422.
#[deprecated(note = "use `enterprise_connections::list`")]
pub fn list() -> List {
    List { limit: None, offset: None, query: None, order_by: None, organization_id: Vec::new() }
}

/// The operation that [`list`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct List {
    limit: Option<u32>,
    offset: Option<u32>,
    query: Option<String>,
    order_by: Option<String>,
    organization_id: Vec<OrganizationId>,
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

    /// Only connections with a name that contains this text.
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
        self
    }

    /// What to order by: a field's name, after `-` for descending order.
    pub fn order_by(mut self, order_by: impl Into<String>) -> Self {
        self.order_by = Some(order_by.into());
        self
    }

    /// Only those of these organizations; with a `-` before the id, only those outside it. At most 100.
    pub fn organization_id(
        mut self,
        organization_id: impl IntoIterator<Item = impl Into<OrganizationId>>,
    ) -> Self {
        self.organization_id = organization_id.into_iter().map(Into::into).collect();
        self
    }
}

impl Operation for List {
    type Output = Page<SamlConnection>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("ListSAMLConnections", Method::GET, "/saml_connections", "SAML Connections");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .query_opt("query", self.query.as_ref())
            .query_opt("order_by", self.order_by.as_ref())
            .query_each("organization_id", &self.organization_id, 100)
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for List {
    type Item = SamlConnection;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Creates a SAML connection for at least one domain.
///
/// `POST /saml_connections`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/saml-connections)). Documented error
/// statuses: 402, 403, 404, 409, 422.
#[deprecated(note = "use `enterprise_connections::create`")]
pub fn create(name: impl Into<String>, provider: impl Into<EnterpriseConnectionProvider>) -> Create {
    Create {
        name: name.into(),
        domain: None,
        domains: None,
        provider: provider.into(),
        idp_entity_id: Nullable::Absent,
        idp_sso_url: Nullable::Absent,
        idp_certificate: Nullable::Absent,
        idp_metadata_url: Nullable::Absent,
        idp_metadata: Nullable::Absent,
        organization_id: Nullable::Absent,
        attribute_mapping: Nullable::Absent,
        force_authn: None,
        login_hint: Nullable::Absent,
    }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    name: String,
    domain: Option<String>,
    domains: Option<Vec<String>>,
    provider: EnterpriseConnectionProvider,
    idp_entity_id: Nullable<String>,
    idp_sso_url: Nullable<String>,
    idp_certificate: Nullable<String>,
    idp_metadata_url: Nullable<String>,
    idp_metadata: Nullable<String>,
    organization_id: Nullable<OrganizationId>,
    attribute_mapping: Nullable<CreateAttributeMapping>,
    force_authn: Option<bool>,
    login_hint: Nullable<CreateLoginHint>,
}

opaque!(Create);

impl Create {
    /// The e-mail domain it is for.
    #[deprecated(note = "use `domains`")]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// The e-mail domains it is for.
    pub fn domains(mut self, domains: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.domains = Some(domains.into_iter().map(Into::into).collect());
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

    /// The organization its users join.
    pub fn organization_id(mut self, organization_id: impl Into<Nullable<OrganizationId>>) -> Self {
        self.organization_id = organization_id.into();
        self
    }

    /// Which attributes of the identity provider hold what Clerk wants to know.
    pub fn attribute_mapping(
        mut self,
        attribute_mapping: impl Into<Nullable<CreateAttributeMapping>>,
    ) -> Self {
        self.attribute_mapping = attribute_mapping.into();
        self
    }

    /// Whether the identity provider must ask the user anew at each sign-in.
    pub fn force_authn(mut self, force_authn: bool) -> Self {
        self.force_authn = Some(force_authn);
        self
    }

    /// The hint on who signs in that is sent to the identity provider.
    pub fn login_hint(mut self, login_hint: impl Into<Nullable<CreateLoginHint>>) -> Self {
        self.login_hint = login_hint.into();
        self
    }
}

impl Operation for Create {
    type Output = SamlConnection;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateSAMLConnection", Method::POST, "/saml_connections", "SAML Connections");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.required("name", &self.name)
                    .optional("domain", &self.domain)
                    .optional("domains", &self.domains)
                    .required("provider", &self.provider)
                    .nullable("idp_entity_id", &self.idp_entity_id)
                    .nullable("idp_sso_url", &self.idp_sso_url)
                    .nullable("idp_certificate", &self.idp_certificate)
                    .nullable("idp_metadata_url", &self.idp_metadata_url)
                    .nullable("idp_metadata", &self.idp_metadata)
                    .nullable("organization_id", &self.organization_id)
                    .nullable("attribute_mapping", &self.attribute_mapping)
                    .optional("force_authn", &self.force_authn)
                    .nullable("login_hint", &self.login_hint);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One SAML connection.
///
/// `GET /saml_connections/{saml_connection_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/saml-connections)). Documented error
/// statuses: 402, 403, 404.
#[deprecated(note = "use `enterprise_connections::get`")]
pub fn get(saml_connection_id: impl Into<Id>) -> Get {
    Get { saml_connection_id: saml_connection_id.into() }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    saml_connection_id: Id,
}

opaque!(Get);

impl Operation for Get {
    type Output = SamlConnection;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetSAMLConnection",
        Method::GET,
        "/saml_connections/{saml_connection_id}",
        "SAML Connections",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("saml_connection_id", &self.saml_connection_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes a SAML connection.
///
/// `PATCH /saml_connections/{saml_connection_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/saml-connections)). Documented error
/// statuses: 402, 403, 404, 409, 422.
#[deprecated(note = "use `enterprise_connections::update`")]
pub fn update(saml_connection_id: impl Into<Id>) -> Update {
    Update {
        saml_connection_id: saml_connection_id.into(),
        name: Nullable::Absent,
        domain: Nullable::Absent,
        domains: Nullable::Absent,
        idp_entity_id: Nullable::Absent,
        idp_sso_url: Nullable::Absent,
        idp_certificate: Nullable::Absent,
        idp_metadata_url: Nullable::Absent,
        idp_metadata: Nullable::Absent,
        organization_id: Nullable::Absent,
        attribute_mapping: Nullable::Absent,
        active: Nullable::Absent,
        sync_user_attributes: Nullable::Absent,
        allow_subdomains: Nullable::Absent,
        allow_idp_initiated: Nullable::Absent,
        disable_additional_identifications: Nullable::Absent,
        allow_organization_account_linking: Nullable::Absent,
        force_authn: None,
        login_hint: Nullable::Absent,
        consent_verified_domains_deletion: Nullable::Absent,
    }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    saml_connection_id: Id,
    name: Nullable<String>,
    domain: Nullable<String>,
    domains: Nullable<Vec<String>>,
    idp_entity_id: Nullable<String>,
    idp_sso_url: Nullable<String>,
    idp_certificate: Nullable<String>,
    idp_metadata_url: Nullable<String>,
    idp_metadata: Nullable<String>,
    organization_id: Nullable<OrganizationId>,
    attribute_mapping: Nullable<UpdateAttributeMapping>,
    active: Nullable<bool>,
    sync_user_attributes: Nullable<bool>,
    allow_subdomains: Nullable<bool>,
    allow_idp_initiated: Nullable<bool>,
    disable_additional_identifications: Nullable<bool>,
    allow_organization_account_linking: Nullable<bool>,
    force_authn: Option<bool>,
    login_hint: Nullable<UpdateLoginHint>,
    consent_verified_domains_deletion: Nullable<bool>,
}

opaque!(Update);

impl Update {
    /// Its name.
    pub fn name(mut self, name: impl Into<Nullable<String>>) -> Self {
        self.name = name.into();
        self
    }

    /// The e-mail domain it is for.
    #[deprecated(note = "use `domains`")]
    pub fn domain(mut self, domain: impl Into<Nullable<String>>) -> Self {
        self.domain = domain.into();
        self
    }

    /// The e-mail domains it is for.
    pub fn domains(mut self, domains: impl Into<Nullable<Vec<String>>>) -> Self {
        self.domains = domains.into();
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

    /// The organization its users join.
    pub fn organization_id(mut self, organization_id: impl Into<Nullable<OrganizationId>>) -> Self {
        self.organization_id = organization_id.into();
        self
    }

    /// Which attributes of the identity provider hold what Clerk wants to know.
    pub fn attribute_mapping(
        mut self,
        attribute_mapping: impl Into<Nullable<UpdateAttributeMapping>>,
    ) -> Self {
        self.attribute_mapping = attribute_mapping.into();
        self
    }

    /// Whether it can be used.
    pub fn active(mut self, active: impl Into<Nullable<bool>>) -> Self {
        self.active = active.into();
        self
    }

    /// Whether each sign-in brings the user's attributes up to date.
    pub fn sync_user_attributes(mut self, sync_user_attributes: impl Into<Nullable<bool>>) -> Self {
        self.sync_user_attributes = sync_user_attributes.into();
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

    /// Whether the identity provider must ask the user anew at each sign-in.
    pub fn force_authn(mut self, force_authn: bool) -> Self {
        self.force_authn = Some(force_authn);
        self
    }

    /// The hint on who signs in that is sent to the identity provider.
    pub fn login_hint(mut self, login_hint: impl Into<Nullable<UpdateLoginHint>>) -> Self {
        self.login_hint = login_hint.into();
        self
    }

    /// Whether switching the connection on may delete verified organization domains that are the same as
    /// its own.
    pub fn consent_verified_domains_deletion(
        mut self,
        consent_verified_domains_deletion: impl Into<Nullable<bool>>,
    ) -> Self {
        self.consent_verified_domains_deletion = consent_verified_domains_deletion.into();
        self
    }
}

impl Operation for Update {
    type Output = SamlConnection;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpdateSAMLConnection",
        Method::PATCH,
        "/saml_connections/{saml_connection_id}",
        "SAML Connections",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("saml_connection_id", &self.saml_connection_id)
            .json(|body| {
                body.nullable("name", &self.name)
                    .nullable("domain", &self.domain)
                    .nullable("domains", &self.domains)
                    .nullable("idp_entity_id", &self.idp_entity_id)
                    .nullable("idp_sso_url", &self.idp_sso_url)
                    .nullable("idp_certificate", &self.idp_certificate)
                    .nullable("idp_metadata_url", &self.idp_metadata_url)
                    .nullable("idp_metadata", &self.idp_metadata)
                    .nullable("organization_id", &self.organization_id)
                    .nullable("attribute_mapping", &self.attribute_mapping)
                    .nullable("active", &self.active)
                    .nullable("sync_user_attributes", &self.sync_user_attributes)
                    .nullable("allow_subdomains", &self.allow_subdomains)
                    .nullable("allow_idp_initiated", &self.allow_idp_initiated)
                    .nullable("disable_additional_identifications", &self.disable_additional_identifications)
                    .nullable("allow_organization_account_linking", &self.allow_organization_account_linking)
                    .optional("force_authn", &self.force_authn)
                    .nullable("login_hint", &self.login_hint)
                    .nullable("consent_verified_domains_deletion", &self.consent_verified_domains_deletion);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes a SAML connection.
///
/// `DELETE /saml_connections/{saml_connection_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/saml-connections)). Documented error
/// statuses: 402, 403, 404.
#[deprecated(note = "use `enterprise_connections::delete`")]
pub fn delete(saml_connection_id: impl Into<Id>) -> Delete {
    Delete { saml_connection_id: saml_connection_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    saml_connection_id: Id,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeleteSAMLConnection",
        Method::DELETE,
        "/saml_connections/{saml_connection_id}",
        "SAML Connections",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("saml_connection_id", &self.saml_connection_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Which attributes of the identity provider hold what Clerk wants to know.
#[derive(Clone, Default, Serialize)]
#[must_use]
pub struct CreateAttributeMapping {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
}

opaque!(CreateAttributeMapping);

impl CreateAttributeMapping {
    /// Nothing is set yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The attribute with the user's identifier.
    pub fn user_id(mut self, user_id: impl Into<String>) -> Self {
        self.user_id = Some(user_id.into());
        self
    }

    /// The attribute with the e-mail address.
    pub fn email_address(mut self, email_address: impl Into<String>) -> Self {
        self.email_address = Some(email_address.into());
        self
    }

    /// The attribute with the first name.
    pub fn first_name(mut self, first_name: impl Into<String>) -> Self {
        self.first_name = Some(first_name.into());
        self
    }

    /// The attribute with the last name.
    pub fn last_name(mut self, last_name: impl Into<String>) -> Self {
        self.last_name = Some(last_name.into());
        self
    }
}

/// The hint on who signs in that is sent to the identity provider.
#[derive(Clone, Serialize)]
#[must_use]
pub struct CreateLoginHint {
    mode: LoginHintMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

opaque!(CreateLoginHint);

impl CreateLoginHint {
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

/// Which attributes of the identity provider hold what Clerk wants to know.
#[derive(Clone, Default, Serialize)]
#[must_use]
pub struct UpdateAttributeMapping {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
}

opaque!(UpdateAttributeMapping);

impl UpdateAttributeMapping {
    /// Nothing is set yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The attribute with the user's identifier.
    pub fn user_id(mut self, user_id: impl Into<String>) -> Self {
        self.user_id = Some(user_id.into());
        self
    }

    /// The attribute with the e-mail address.
    pub fn email_address(mut self, email_address: impl Into<String>) -> Self {
        self.email_address = Some(email_address.into());
        self
    }

    /// The attribute with the first name.
    pub fn first_name(mut self, first_name: impl Into<String>) -> Self {
        self.first_name = Some(first_name.into());
        self
    }

    /// The attribute with the last name.
    pub fn last_name(mut self, last_name: impl Into<String>) -> Self {
        self.last_name = Some(last_name.into());
        self
    }
}

/// The hint on who signs in that is sent to the identity provider.
#[derive(Clone, Serialize)]
#[must_use]
pub struct UpdateLoginHint {
    mode: LoginHintMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

opaque!(UpdateLoginHint);

impl UpdateLoginHint {
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
