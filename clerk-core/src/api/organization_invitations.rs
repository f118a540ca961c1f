//! Invitations to organizations.
//!
//! ```
//! use clerk_core::{Operation, api::organization_invitations};
//!
//! let request = organization_invitations::create("org_1", "ada@example.com", "org:member").request().unwrap();
//! assert_eq!(request.uri(), "/organizations/org_1/invitations");
//! assert_eq!(request.body(), r#"{"email_address":"ada@example.com","role":"org:member"}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};
use serde::Serialize;

use crate::{
    Metadata, Nullable, Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::{Id, OrganizationId, UserId},
    model::{InvitationStatus, OrganizationInvitation},
    opaque::opaque,
    operation::{Operation, OperationInfo},
    page::{Paged, Window},
};

/// Lists the invitations of all organizations of the instance.
///
/// `GET /organization_invitations`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-invitations)). Documented
/// error statuses: 400, 404, 422, 500.
pub fn list_all() -> ListAll {
    ListAll { order_by: None, status: Vec::new(), query: None, limit: None, offset: None }
}

/// The operation that [`list_all`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ListAll {
    order_by: Option<String>,
    status: Vec<InvitationStatus>,
    query: Option<String>,
    limit: Option<u32>,
    offset: Option<u32>,
}

opaque!(ListAll);

impl ListAll {
    /// What to order by: a field's name, after `-` for descending order.
    pub fn order_by(mut self, order_by: impl Into<String>) -> Self {
        self.order_by = Some(order_by.into());
        self
    }

    /// Only invitations that stand in one of these ways. At most 100.
    pub fn status(mut self, status: impl IntoIterator<Item = impl Into<InvitationStatus>>) -> Self {
        self.status = status.into_iter().map(Into::into).collect();
        self
    }

    /// Only invitations of e-mail addresses that contain this text.
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
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

impl Operation for ListAll {
    type Output = Page<OrganizationInvitation>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ListInstanceOrganizationInvitations",
        Method::GET,
        "/organization_invitations",
        "Organization Invitations",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query_opt("order_by", self.order_by.as_ref())
            .query_each("status", &self.status, 100)
            .query_opt("query", self.query.as_ref())
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for ListAll {
    type Item = OrganizationInvitation;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Lists an organization's invitations, newest first. Those that came from a verified domain are left
/// out.
///
/// `GET /organizations/{organization_id}/invitations`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-invitations)). Documented
/// error statuses: 400, 404, 422.
pub fn list(organization_id: impl Into<OrganizationId>) -> List {
    List {
        organization_id: organization_id.into(),
        status: Vec::new(),
        email_address: None,
        order_by: None,
        limit: None,
        offset: None,
    }
}

/// The operation that [`list`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct List {
    organization_id: OrganizationId,
    status: Vec<InvitationStatus>,
    email_address: Option<String>,
    order_by: Option<String>,
    limit: Option<u32>,
    offset: Option<u32>,
}

opaque!(List);

impl List {
    /// Only invitations that stand in one of these ways. At most 100.
    pub fn status(mut self, status: impl IntoIterator<Item = impl Into<InvitationStatus>>) -> Self {
        self.status = status.into_iter().map(Into::into).collect();
        self
    }

    /// Only invitations of this e-mail address.
    pub fn email_address(mut self, email_address: impl Into<String>) -> Self {
        self.email_address = Some(email_address.into());
        self
    }

    /// What to order by: a field's name, after `-` for descending order.
    pub fn order_by(mut self, order_by: impl Into<String>) -> Self {
        self.order_by = Some(order_by.into());
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
    type Output = Page<OrganizationInvitation>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ListOrganizationInvitations",
        Method::GET,
        "/organizations/{organization_id}/invitations",
        "Organization Invitations",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .query_each("status", &self.status, 100)
            .query_opt("email_address", self.email_address.as_ref())
            .query_opt("order_by", self.order_by.as_ref())
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
    type Item = OrganizationInvitation;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Invites an e-mail address to an organization, in a role such as `org:member`. Clerk allows 250 calls
/// per hour.
///
/// `POST /organizations/{organization_id}/invitations`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-invitations)). Documented
/// error statuses: 400, 402, 403, 404, 422.
pub fn create(
    organization_id: impl Into<OrganizationId>,
    email_address: impl Into<String>,
    role: impl Into<String>,
) -> Create {
    Create {
        organization_id: organization_id.into(),
        email_address: email_address.into(),
        inviter_user_id: Nullable::Absent,
        role: role.into(),
        public_metadata: Nullable::Absent,
        private_metadata: Nullable::Absent,
        redirect_url: Nullable::Absent,
        expires_in_days: Nullable::Absent,
        notify: Nullable::Absent,
    }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    organization_id: OrganizationId,
    email_address: String,
    inviter_user_id: Nullable<UserId>,
    role: String,
    public_metadata: Nullable<Metadata>,
    private_metadata: Nullable<Metadata>,
    redirect_url: Nullable<String>,
    expires_in_days: Nullable<i64>,
    notify: Nullable<bool>,
}

opaque!(Create);

impl Create {
    /// Who invites: an administrator of the organization.
    pub fn inviter_user_id(mut self, inviter_user_id: impl Into<Nullable<UserId>>) -> Self {
        self.inviter_user_id = inviter_user_id.into();
        self
    }

    /// Metadata the frontend can read and only the backend can write. The membership takes it over.
    pub fn public_metadata(mut self, public_metadata: impl Into<Nullable<Metadata>>) -> Self {
        self.public_metadata = public_metadata.into();
        self
    }

    /// Metadata only the backend can read and write. The membership takes it over.
    pub fn private_metadata(mut self, private_metadata: impl Into<Nullable<Metadata>>) -> Self {
        self.private_metadata = private_metadata.into();
        self
    }

    /// Where the link in the e-mail leads.
    pub fn redirect_url(mut self, redirect_url: impl Into<Nullable<String>>) -> Self {
        self.redirect_url = redirect_url.into();
        self
    }

    /// How long it can be accepted, 1 to 365 days; 30 when left out.
    pub fn expires_in_days(mut self, expires_in_days: impl Into<Nullable<i64>>) -> Self {
        self.expires_in_days = expires_in_days.into();
        self
    }

    /// Whether to send an e-mail, as is done when left out.
    pub fn notify(mut self, notify: impl Into<Nullable<bool>>) -> Self {
        self.notify = notify.into();
        self
    }
}

impl Operation for Create {
    type Output = OrganizationInvitation;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "CreateOrganizationInvitation",
        Method::POST,
        "/organizations/{organization_id}/invitations",
        "Organization Invitations",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .number("expires_in_days", self.expires_in_days.value().copied(), 1..=365)
            .json(|body| {
                body.required("email_address", &self.email_address)
                    .nullable("inviter_user_id", &self.inviter_user_id)
                    .required("role", &self.role)
                    .nullable("public_metadata", &self.public_metadata)
                    .nullable("private_metadata", &self.private_metadata)
                    .nullable("redirect_url", &self.redirect_url)
                    .nullable("expires_in_days", &self.expires_in_days)
                    .nullable("notify", &self.notify);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Creates 1 to 10 invitations to an organization at once. Clerk allows 50 calls per hour.
///
/// `POST /organizations/{organization_id}/invitations/bulk`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-invitations)). Documented
/// error statuses: 400, 403, 404, 422.
pub fn bulk_create(
    organization_id: impl Into<OrganizationId>,
    body: impl IntoIterator<Item = impl Into<BulkCreateItem>>,
) -> BulkCreate {
    BulkCreate { organization_id: organization_id.into(), body: body.into_iter().map(Into::into).collect() }
}

/// The operation that [`bulk_create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct BulkCreate {
    organization_id: OrganizationId,
    body: Vec<BulkCreateItem>,
}

opaque!(BulkCreate);

impl Operation for BulkCreate {
    type Output = Page<OrganizationInvitation>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "CreateOrganizationInvitationBulk",
        Method::POST,
        "/organizations/{organization_id}/invitations/bulk",
        "Organization Invitations",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .items("body", self.body.len(), 1, 10)
            .within(&self.body, |request, object| {
                request.number("expires_in_days", object.expires_in_days.value().copied(), 1..=365)
            })
            .json_value("body", &self.body)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Lists an organization's open invitations.
///
/// `GET /organizations/{organization_id}/invitations/pending`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-invitations)). Documented
/// error statuses: 400, 404.
#[deprecated(note = "use `list` with the status `pending`")]
pub fn list_pending(organization_id: impl Into<OrganizationId>) -> ListPending {
    ListPending { organization_id: organization_id.into(), limit: None, offset: None }
}

/// The operation that [`list_pending`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ListPending {
    organization_id: OrganizationId,
    limit: Option<u32>,
    offset: Option<u32>,
}

opaque!(ListPending);

impl ListPending {
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

impl Operation for ListPending {
    type Output = Page<OrganizationInvitation>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ListPendingOrganizationInvitations",
        Method::GET,
        "/organizations/{organization_id}/invitations/pending",
        "Organization Invitations",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for ListPending {
    type Item = OrganizationInvitation;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// One invitation to an organization.
///
/// `GET /organizations/{organization_id}/invitations/{invitation_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-invitations)). Documented
/// error statuses: 400, 403, 404.
pub fn get(organization_id: impl Into<OrganizationId>, invitation_id: impl Into<Id>) -> Get {
    Get { organization_id: organization_id.into(), invitation_id: invitation_id.into() }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    organization_id: OrganizationId,
    invitation_id: Id,
}

opaque!(Get);

impl Operation for Get {
    type Output = OrganizationInvitation;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetOrganizationInvitation",
        Method::GET,
        "/organizations/{organization_id}/invitations/{invitation_id}",
        "Organization Invitations",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .path("invitation_id", &self.invitation_id)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Revokes an open invitation to an organization: it can no longer be accepted.
///
/// `POST /organizations/{organization_id}/invitations/{invitation_id}/revoke`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-invitations)). Documented
/// error statuses: 400, 403, 404.
pub fn revoke(organization_id: impl Into<OrganizationId>, invitation_id: impl Into<Id>) -> Revoke {
    Revoke {
        organization_id: organization_id.into(),
        invitation_id: invitation_id.into(),
        requesting_user_id: Nullable::Absent,
    }
}

/// The operation that [`revoke`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Revoke {
    organization_id: OrganizationId,
    invitation_id: Id,
    requesting_user_id: Nullable<UserId>,
}

opaque!(Revoke);

impl Revoke {
    /// Who revokes it: an administrator of the organization.
    pub fn requesting_user_id(mut self, requesting_user_id: impl Into<Nullable<UserId>>) -> Self {
        self.requesting_user_id = requesting_user_id.into();
        self
    }
}

impl Operation for Revoke {
    type Output = OrganizationInvitation;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "RevokeOrganizationInvitation",
        Method::POST,
        "/organizations/{organization_id}/invitations/{invitation_id}/revoke",
        "Organization Invitations",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .path("invitation_id", &self.invitation_id)
            .json(|body| {
                body.nullable("requesting_user_id", &self.requesting_user_id);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One of those to create.
#[derive(Clone, Serialize)]
#[must_use]
pub struct BulkCreateItem {
    email_address: String,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    inviter_user_id: Nullable<UserId>,
    role: String,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    public_metadata: Nullable<Metadata>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    private_metadata: Nullable<Metadata>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    redirect_url: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    expires_in_days: Nullable<i64>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    notify: Nullable<bool>,
}

opaque!(BulkCreateItem);

impl BulkCreateItem {
    /// With what is required.
    pub fn new(email_address: impl Into<String>, role: impl Into<String>) -> Self {
        Self {
            email_address: email_address.into(),
            inviter_user_id: Nullable::Absent,
            role: role.into(),
            public_metadata: Nullable::Absent,
            private_metadata: Nullable::Absent,
            redirect_url: Nullable::Absent,
            expires_in_days: Nullable::Absent,
            notify: Nullable::Absent,
        }
    }

    /// Who invites: an administrator of the organization.
    pub fn inviter_user_id(mut self, inviter_user_id: impl Into<Nullable<UserId>>) -> Self {
        self.inviter_user_id = inviter_user_id.into();
        self
    }

    /// Metadata the frontend can read and only the backend can write. Who accepts the invitation takes it
    /// over.
    pub fn public_metadata(mut self, public_metadata: impl Into<Nullable<Metadata>>) -> Self {
        self.public_metadata = public_metadata.into();
        self
    }

    /// Metadata only the backend can read and write. The membership takes it over.
    pub fn private_metadata(mut self, private_metadata: impl Into<Nullable<Metadata>>) -> Self {
        self.private_metadata = private_metadata.into();
        self
    }

    /// Where the link in the e-mail leads.
    pub fn redirect_url(mut self, redirect_url: impl Into<Nullable<String>>) -> Self {
        self.redirect_url = redirect_url.into();
        self
    }

    /// How long it can be accepted, 1 to 365 days; 30 when left out.
    pub fn expires_in_days(mut self, expires_in_days: impl Into<Nullable<i64>>) -> Self {
        self.expires_in_days = expires_in_days.into();
        self
    }

    /// Whether to send an e-mail, as is done when left out.
    pub fn notify(mut self, notify: impl Into<Nullable<bool>>) -> Self {
        self.notify = notify.into();
        self
    }
}
