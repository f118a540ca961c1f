//! Domains: which e-mail addresses belong to an organization, and how their users join it.
//!
//! ```
//! use clerk_core::{Operation, api::organization_domains, model::EnrollmentMode};
//!
//! let request = organization_domains::create("org_1", "example.com")
//!     .enrollment_mode(EnrollmentMode::AutomaticInvitation)
//!     .request()
//!     .unwrap();
//! assert_eq!(request.uri(), "/organizations/org_1/domains");
//! assert_eq!(request.body(), r#"{"name":"example.com","enrollment_mode":"automatic_invitation"}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Nullable, Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::{Id, OrganizationId},
    model::{DeletedObject, EnrollmentMode, EnrollmentModeFilter, OrganizationDomain},
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
    page::{Paged, Window},
};

/// Lists an organization's domains.
///
/// `GET /organizations/{organization_id}/domains`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-domains)). Documented
/// error statuses: 401, 422.
pub fn list(organization_id: impl Into<OrganizationId>) -> List {
    List {
        organization_id: organization_id.into(),
        verified: None,
        enrollment_mode: Vec::new(),
        limit: None,
        offset: None,
    }
}

/// The operation that [`list`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct List {
    organization_id: OrganizationId,
    verified: Option<bool>,
    enrollment_mode: Vec<EnrollmentModeFilter>,
    limit: Option<u32>,
    offset: Option<u32>,
}

opaque!(List);

impl List {
    /// Only verified ones, or only those that are not.
    pub fn verified(mut self, verified: bool) -> Self {
        self.verified = Some(verified);
        self
    }

    /// Only those with one of these modes, and with none that is to be left out. At most 100.
    pub fn enrollment_mode(
        mut self,
        enrollment_mode: impl IntoIterator<Item = impl Into<EnrollmentModeFilter>>,
    ) -> Self {
        self.enrollment_mode = enrollment_mode.into_iter().map(Into::into).collect();
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

impl Operation for List {
    type Output = Page<OrganizationDomain>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ListOrganizationDomains",
        Method::GET,
        "/organizations/{organization_id}/domains",
        "Organization Domains",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .query_opt("verified", self.verified.as_ref())
            .query_each("enrollment_mode", &self.enrollment_mode, 100)
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for List {
    type Item = OrganizationDomain;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Adds a domain to an organization. It counts as verified unless `verified` says otherwise.
///
/// `POST /organizations/{organization_id}/domains`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-domains)). Documented
/// error statuses: 400, 403, 404, 422.
pub fn create(organization_id: impl Into<OrganizationId>, name: impl Into<String>) -> Create {
    Create {
        organization_id: organization_id.into(),
        name: name.into(),
        enrollment_mode: None,
        verified: Nullable::Absent,
    }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    organization_id: OrganizationId,
    name: String,
    enrollment_mode: Option<EnrollmentMode>,
    verified: Nullable<bool>,
}

opaque!(Create);

impl Create {
    /// How users with an address in the domain join.
    pub fn enrollment_mode(mut self, enrollment_mode: impl Into<EnrollmentMode>) -> Self {
        self.enrollment_mode = Some(enrollment_mode.into());
        self
    }

    /// Whether it counts as verified; it does when left out.
    pub fn verified(mut self, verified: impl Into<Nullable<bool>>) -> Self {
        self.verified = verified.into();
        self
    }
}

impl Operation for Create {
    type Output = OrganizationDomain;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "CreateOrganizationDomain",
        Method::POST,
        "/organizations/{organization_id}/domains",
        "Organization Domains",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .json(|body| {
                body.required("name", &self.name)
                    .optional("enrollment_mode", &self.enrollment_mode)
                    .nullable("verified", &self.verified);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes a domain.
///
/// `PATCH /organizations/{organization_id}/domains/{domain_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-domains)). Documented
/// error statuses: 400, 403, 404, 422.
pub fn update(organization_id: impl Into<OrganizationId>, domain_id: impl Into<Id>) -> Update {
    Update {
        organization_id: organization_id.into(),
        domain_id: domain_id.into(),
        enrollment_mode: Nullable::Absent,
        verified: Nullable::Absent,
    }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    organization_id: OrganizationId,
    domain_id: Id,
    enrollment_mode: Nullable<EnrollmentMode>,
    verified: Nullable<bool>,
}

opaque!(Update);

impl Update {
    /// How users with an address in the domain join.
    pub fn enrollment_mode(mut self, enrollment_mode: impl Into<Nullable<EnrollmentMode>>) -> Self {
        self.enrollment_mode = enrollment_mode.into();
        self
    }

    /// Whether it counts as verified.
    pub fn verified(mut self, verified: impl Into<Nullable<bool>>) -> Self {
        self.verified = verified.into();
        self
    }
}

impl Operation for Update {
    type Output = OrganizationDomain;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpdateOrganizationDomain",
        Method::PATCH,
        "/organizations/{organization_id}/domains/{domain_id}",
        "Organization Domains",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .path("domain_id", &self.domain_id)
            .json(|body| {
                body.nullable("enrollment_mode", &self.enrollment_mode).nullable("verified", &self.verified);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Takes a domain from an organization.
///
/// `DELETE /organizations/{organization_id}/domains/{domain_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-domains)). Documented
/// error statuses: 400, 401, 403, 404.
pub fn delete(organization_id: impl Into<OrganizationId>, domain_id: impl Into<Id>) -> Delete {
    Delete { organization_id: organization_id.into(), domain_id: domain_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    organization_id: OrganizationId,
    domain_id: Id,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeleteOrganizationDomain",
        Method::DELETE,
        "/organizations/{organization_id}/domains/{domain_id}",
        "Organization Domains",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .path("domain_id", &self.domain_id)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Marks a domain as owned without a DNS record as proof. A repetition has no further effect.
///
/// `POST /organizations/{organization_id}/domains/{domain_id}/verify_ownership`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-domains)). Documented
/// error statuses: 401, 403, 404.
pub fn verify_ownership(
    organization_id: impl Into<OrganizationId>,
    domain_id: impl Into<Id>,
) -> VerifyOwnership {
    VerifyOwnership { organization_id: organization_id.into(), domain_id: domain_id.into() }
}

/// The operation that [`verify_ownership`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct VerifyOwnership {
    organization_id: OrganizationId,
    domain_id: Id,
}

opaque!(VerifyOwnership);

impl Operation for VerifyOwnership {
    type Output = OrganizationDomain;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "VerifyOrganizationDomainOwnership",
        Method::POST,
        "/organizations/{organization_id}/domains/{domain_id}/verify_ownership",
        "Organization Domains",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .path("domain_id", &self.domain_id)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Lists the domains of all organizations of the instance.
///
/// `GET /organization_domains`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-domains)). Documented
/// error statuses: 401, 403, 422.
pub fn list_all() -> ListAll {
    ListAll {
        organization_id: None,
        verified: None,
        enrollment_mode: Vec::new(),
        query: None,
        domains: Vec::new(),
        order_by: None,
        offset: None,
        limit: None,
    }
}

/// The operation that [`list_all`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ListAll {
    organization_id: Option<OrganizationId>,
    verified: Option<bool>,
    enrollment_mode: Vec<EnrollmentModeFilter>,
    query: Option<String>,
    domains: Vec<String>,
    order_by: Option<String>,
    offset: Option<u32>,
    limit: Option<u32>,
}

opaque!(ListAll);

impl ListAll {
    /// Only those of this organization.
    pub fn organization_id(mut self, organization_id: impl Into<OrganizationId>) -> Self {
        self.organization_id = Some(organization_id.into());
        self
    }

    /// Only verified ones, or only those that are not.
    pub fn verified(mut self, verified: bool) -> Self {
        self.verified = Some(verified);
        self
    }

    /// Only those with one of these modes, and with none that is to be left out. At most 100.
    pub fn enrollment_mode(
        mut self,
        enrollment_mode: impl IntoIterator<Item = impl Into<EnrollmentModeFilter>>,
    ) -> Self {
        self.enrollment_mode = enrollment_mode.into_iter().map(Into::into).collect();
        self
    }

    /// Only those whose name contains this text; a text that starts with `org_` names an organization.
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
        self
    }

    /// Only domains with exactly one of these names. At most 100.
    pub fn domains(mut self, domains: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.domains = domains.into_iter().map(Into::into).collect();
        self
    }

    /// What to order by: a field's name, after `-` for descending order.
    pub fn order_by(mut self, order_by: impl Into<String>) -> Self {
        self.order_by = Some(order_by.into());
        self
    }

    /// How many to skip.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// How many to give at most, 1 to 500; 10 when left out.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }
}

impl Operation for ListAll {
    type Output = Page<OrganizationDomain>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ListAllOrganizationDomains",
        Method::GET,
        "/organization_domains",
        "Organization Domains",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query_opt("organization_id", self.organization_id.as_ref())
            .query_opt("verified", self.verified.as_ref())
            .query_joined("enrollment_mode", &self.enrollment_mode, 100)
            .query_opt("query", self.query.as_ref())
            .query_each("domains", &self.domains, 100)
            .query_opt("order_by", self.order_by.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .query_opt("limit", self.limit.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for ListAll {
    type Item = OrganizationDomain;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}
