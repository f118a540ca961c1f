//! Memberships: who belongs to which organization, in which role.
//!
//! ```
//! use clerk_core::{Operation, api::organization_memberships};
//!
//! let request = organization_memberships::create("org_1", "user_1", "org:member").request().unwrap();
//! assert_eq!(request.uri(), "/organizations/org_1/memberships");
//! assert_eq!(request.body(), r#"{"user_id":"user_1","role":"org:member"}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Metadata, Nullable, Page, Timestamp, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::{OrganizationId, UserId},
    model::OrganizationMembership,
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
    page::{Paged, Window},
};

/// Lists an organization's memberships.
///
/// `GET /organizations/{organization_id}/memberships`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-memberships)). Documented
/// error statuses: 401, 422.
pub fn list(organization_id: impl Into<OrganizationId>) -> List {
    List {
        organization_id: organization_id.into(),
        order_by: None,
        user_id: Vec::new(),
        email_address: Vec::new(),
        phone_number: Vec::new(),
        username: Vec::new(),
        web3_wallet: Vec::new(),
        role: Vec::new(),
        query: None,
        email_address_query: None,
        phone_number_query: None,
        username_query: None,
        name_query: None,
        last_active_at_before: None,
        last_active_at_after: None,
        created_at_before: None,
        created_at_after: None,
        limit: None,
        offset: None,
    }
}

/// The operation that [`list`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct List {
    organization_id: OrganizationId,
    order_by: Option<String>,
    user_id: Vec<UserId>,
    email_address: Vec<String>,
    phone_number: Vec<String>,
    username: Vec<String>,
    web3_wallet: Vec<String>,
    role: Vec<String>,
    query: Option<String>,
    email_address_query: Option<String>,
    phone_number_query: Option<String>,
    username_query: Option<String>,
    name_query: Option<String>,
    last_active_at_before: Option<Timestamp>,
    last_active_at_after: Option<Timestamp>,
    created_at_before: Option<Timestamp>,
    created_at_after: Option<Timestamp>,
    limit: Option<u32>,
    offset: Option<u32>,
}

opaque!(List);

impl List {
    /// What to order by: a field's name, after `-` for descending order.
    pub fn order_by(mut self, order_by: impl Into<String>) -> Self {
        self.order_by = Some(order_by.into());
        self
    }

    /// Only memberships of these users. At most 100.
    pub fn user_id(mut self, user_id: impl IntoIterator<Item = impl Into<UserId>>) -> Self {
        self.user_id = user_id.into_iter().map(Into::into).collect();
        self
    }

    /// Only users with one of these e-mail addresses. At most 100.
    pub fn email_address(mut self, email_address: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.email_address = email_address.into_iter().map(Into::into).collect();
        self
    }

    /// Only users with one of these phone numbers. At most 100.
    pub fn phone_number(mut self, phone_number: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.phone_number = phone_number.into_iter().map(Into::into).collect();
        self
    }

    /// Only users with one of these user names. At most 100.
    pub fn username(mut self, username: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.username = username.into_iter().map(Into::into).collect();
        self
    }

    /// Only users with one of these Web3 wallets. At most 100.
    pub fn web3_wallet(mut self, web3_wallet: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.web3_wallet = web3_wallet.into_iter().map(Into::into).collect();
        self
    }

    /// Only members with one of these roles. At most 100.
    pub fn role(mut self, role: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.role = role.into_iter().map(Into::into).collect();
        self
    }

    /// Only those in which one of the searched fields contains this text.
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
        self
    }

    /// Only users with an e-mail address that contains this text.
    pub fn email_address_query(mut self, email_address_query: impl Into<String>) -> Self {
        self.email_address_query = Some(email_address_query.into());
        self
    }

    /// Only users with a phone number that contains this text.
    pub fn phone_number_query(mut self, phone_number_query: impl Into<String>) -> Self {
        self.phone_number_query = Some(phone_number_query.into());
        self
    }

    /// Only users with a user name that contains this text.
    pub fn username_query(mut self, username_query: impl Into<String>) -> Self {
        self.username_query = Some(username_query.into());
        self
    }

    /// Only users with a name that contains this text.
    pub fn name_query(mut self, name_query: impl Into<String>) -> Self {
        self.name_query = Some(name_query.into());
        self
    }

    /// Only those last active before this time.
    pub fn last_active_at_before(mut self, last_active_at_before: impl Into<Timestamp>) -> Self {
        self.last_active_at_before = Some(last_active_at_before.into());
        self
    }

    /// Only those last active after this time.
    pub fn last_active_at_after(mut self, last_active_at_after: impl Into<Timestamp>) -> Self {
        self.last_active_at_after = Some(last_active_at_after.into());
        self
    }

    /// Only those created before this time.
    pub fn created_at_before(mut self, created_at_before: impl Into<Timestamp>) -> Self {
        self.created_at_before = Some(created_at_before.into());
        self
    }

    /// Only those created after this time.
    pub fn created_at_after(mut self, created_at_after: impl Into<Timestamp>) -> Self {
        self.created_at_after = Some(created_at_after.into());
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
    type Output = Page<OrganizationMembership>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ListOrganizationMemberships",
        Method::GET,
        "/organizations/{organization_id}/memberships",
        "Organization Memberships",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .query_opt("order_by", self.order_by.as_ref())
            .query_each("user_id", &self.user_id, 100)
            .query_each("email_address", &self.email_address, 100)
            .query_each("phone_number", &self.phone_number, 100)
            .query_each("username", &self.username, 100)
            .query_each("web3_wallet", &self.web3_wallet, 100)
            .query_each("role", &self.role, 100)
            .query_opt("query", self.query.as_ref())
            .query_opt("email_address_query", self.email_address_query.as_ref())
            .query_opt("phone_number_query", self.phone_number_query.as_ref())
            .query_opt("username_query", self.username_query.as_ref())
            .query_opt("name_query", self.name_query.as_ref())
            .query_opt("last_active_at_before", self.last_active_at_before.as_ref())
            .query_opt("last_active_at_after", self.last_active_at_after.as_ref())
            .query_opt("created_at_before", self.created_at_before.as_ref())
            .query_opt("created_at_after", self.created_at_after.as_ref())
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
    type Item = OrganizationMembership;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Makes a user a member of an organization, in a role such as `org:member`.
///
/// `POST /organizations/{organization_id}/memberships`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-memberships)). Documented
/// error statuses: 400, 403, 404, 422.
pub fn create(
    organization_id: impl Into<OrganizationId>,
    user_id: impl Into<UserId>,
    role: impl Into<String>,
) -> Create {
    Create {
        organization_id: organization_id.into(),
        user_id: user_id.into(),
        role: role.into(),
        public_metadata: Nullable::Absent,
        private_metadata: Nullable::Absent,
    }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    organization_id: OrganizationId,
    user_id: UserId,
    role: String,
    public_metadata: Nullable<Metadata>,
    private_metadata: Nullable<Metadata>,
}

opaque!(Create);

impl Create {
    /// Metadata the frontend can read and only the backend can write.
    pub fn public_metadata(mut self, public_metadata: impl Into<Nullable<Metadata>>) -> Self {
        self.public_metadata = public_metadata.into();
        self
    }

    /// Metadata only the backend can read and write.
    pub fn private_metadata(mut self, private_metadata: impl Into<Nullable<Metadata>>) -> Self {
        self.private_metadata = private_metadata.into();
        self
    }
}

impl Operation for Create {
    type Output = OrganizationMembership;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "CreateOrganizationMembership",
        Method::POST,
        "/organizations/{organization_id}/memberships",
        "Organization Memberships",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .json(|body| {
                body.required("user_id", &self.user_id)
                    .required("role", &self.role)
                    .nullable("public_metadata", &self.public_metadata)
                    .nullable("private_metadata", &self.private_metadata);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Gives a member another role.
///
/// `PATCH /organizations/{organization_id}/memberships/{user_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-memberships)). Documented
/// error statuses: 404, 422.
pub fn update(
    organization_id: impl Into<OrganizationId>,
    user_id: impl Into<UserId>,
    role: impl Into<String>,
) -> Update {
    Update { organization_id: organization_id.into(), user_id: user_id.into(), role: role.into() }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    organization_id: OrganizationId,
    user_id: UserId,
    role: String,
}

opaque!(Update);

impl Operation for Update {
    type Output = OrganizationMembership;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpdateOrganizationMembership",
        Method::PATCH,
        "/organizations/{organization_id}/memberships/{user_id}",
        "Organization Memberships",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .path("user_id", &self.user_id)
            .json(|body| {
                body.required("role", &self.role);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Ends a membership.
///
/// `DELETE /organizations/{organization_id}/memberships/{user_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-memberships)). Documented
/// error statuses: 401, 404, 422.
pub fn delete(organization_id: impl Into<OrganizationId>, user_id: impl Into<UserId>) -> Delete {
    Delete { organization_id: organization_id.into(), user_id: user_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    organization_id: OrganizationId,
    user_id: UserId,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = OrganizationMembership;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeleteOrganizationMembership",
        Method::DELETE,
        "/organizations/{organization_id}/memberships/{user_id}",
        "Organization Memberships",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .path("user_id", &self.user_id)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Merges into a membership's metadata, at every depth; a key set to `null` is deleted. Clerk has no
/// operation that replaces it.
///
/// `PATCH /organizations/{organization_id}/memberships/{user_id}/metadata`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-memberships)). Documented
/// error statuses: 400, 404, 422.
pub fn update_metadata(
    organization_id: impl Into<OrganizationId>,
    user_id: impl Into<UserId>,
) -> UpdateMetadata {
    UpdateMetadata {
        organization_id: organization_id.into(),
        user_id: user_id.into(),
        public_metadata: None,
        private_metadata: None,
    }
}

/// The operation that [`update_metadata`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct UpdateMetadata {
    organization_id: OrganizationId,
    user_id: UserId,
    public_metadata: Option<Metadata>,
    private_metadata: Option<Metadata>,
}

opaque!(UpdateMetadata);

impl UpdateMetadata {
    /// Metadata the frontend can read and only the backend can write.
    pub fn public_metadata(mut self, public_metadata: impl Into<Metadata>) -> Self {
        self.public_metadata = Some(public_metadata.into());
        self
    }

    /// Metadata only the backend can read and write.
    pub fn private_metadata(mut self, private_metadata: impl Into<Metadata>) -> Self {
        self.private_metadata = Some(private_metadata.into());
        self
    }
}

impl Operation for UpdateMetadata {
    type Output = OrganizationMembership;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpdateOrganizationMembershipMetadata",
        Method::PATCH,
        "/organizations/{organization_id}/memberships/{user_id}/metadata",
        "Organization Memberships",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .path("user_id", &self.user_id)
            .json(|body| {
                body.optional("public_metadata", &self.public_metadata)
                    .optional("private_metadata", &self.private_metadata);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Lists the memberships of all organizations of the instance.
///
/// `GET /organization_memberships`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-memberships)). Documented
/// error statuses: 400, 401, 422, 500.
pub fn list_all() -> ListAll {
    ListAll { order_by: None, limit: None, offset: None }
}

/// The operation that [`list_all`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ListAll {
    order_by: Option<String>,
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
    type Output = Page<OrganizationMembership>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "InstanceGetOrganizationMemberships",
        Method::GET,
        "/organization_memberships",
        "Organization Memberships",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
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

impl Paged for ListAll {
    type Item = OrganizationMembership;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}
