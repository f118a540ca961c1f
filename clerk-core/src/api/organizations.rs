//! Organizations: find, create, change and delete them, with metadata, logo and billing.
//!
//! ```
//! use clerk_core::{Metadata, Operation, api::organizations};
//!
//! let request = organizations::create("Analytical Engines").slug("engines").created_by("user_1").request().unwrap();
//! assert_eq!(request.body(), r#"{"name":"Analytical Engines","created_by":"user_1","slug":"engines"}"#);
//!
//! let tier = Metadata::new().with("tier", "gold");
//! let request = organizations::merge_metadata("org_1").public_metadata(tier).request().unwrap();
//! assert_eq!(request.uri(), "/organizations/org_1/metadata");
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Metadata, Nullable, Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, File, RequestBuilder},
    id::{OrganizationId, UserId},
    model::{
        BillingCreditAction, BillingCreditBalance, BillingCreditEntry, BillingSubscription, DeletedObject,
        Organization,
    },
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
    page::{Paged, Window},
};

/// Lists organizations.
///
/// `GET /organizations` ([reference](https://clerk.com/docs/reference/backend-api/tag/organizations)).
/// Documented error statuses: 400, 403, 422.
pub fn list() -> List {
    List {
        include_members_count: None,
        include_missing_member_with_elevated_permissions: None,
        query: None,
        user_id: Vec::new(),
        organization_id: Vec::new(),
        order_by: None,
        limit: None,
        offset: None,
    }
}

/// The operation that [`list`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct List {
    include_members_count: Option<bool>,
    include_missing_member_with_elevated_permissions: Option<bool>,
    query: Option<String>,
    user_id: Vec<UserId>,
    organization_id: Vec<OrganizationId>,
    order_by: Option<String>,
    limit: Option<u32>,
    offset: Option<u32>,
}

opaque!(List);

impl List {
    /// Whether to count the members.
    pub fn include_members_count(mut self, include_members_count: bool) -> Self {
        self.include_members_count = Some(include_members_count);
        self
    }

    /// Whether to say if nobody may manage the members.
    pub fn include_missing_member_with_elevated_permissions(
        mut self,
        include_missing_member_with_elevated_permissions: bool,
    ) -> Self {
        self.include_missing_member_with_elevated_permissions =
            Some(include_missing_member_with_elevated_permissions);
        self
    }

    /// Only organizations whose id, name or slug contains this text.
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
        self
    }

    /// Only organizations these users belong to; with a `-` before the id, those they do not. At most 100.
    pub fn user_id(mut self, user_id: impl IntoIterator<Item = impl Into<UserId>>) -> Self {
        self.user_id = user_id.into_iter().map(Into::into).collect();
        self
    }

    /// Only these organizations; with a `-` before the id, all but it. At most 100.
    pub fn organization_id(
        mut self,
        organization_id: impl IntoIterator<Item = impl Into<OrganizationId>>,
    ) -> Self {
        self.organization_id = organization_id.into_iter().map(Into::into).collect();
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
    type Output = Page<Organization>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("ListOrganizations", Method::GET, "/organizations", "Organizations");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query_opt("include_members_count", self.include_members_count.as_ref())
            .query_opt(
                "include_missing_member_with_elevated_permissions",
                self.include_missing_member_with_elevated_permissions.as_ref(),
            )
            .query_opt("query", self.query.as_ref())
            .query_each("user_id", &self.user_id, 100)
            .query_each("organization_id", &self.organization_id, 100)
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
    type Item = Organization;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Creates an organization.
///
/// `POST /organizations` ([reference](https://clerk.com/docs/reference/backend-api/tag/organizations)).
/// Documented error statuses: 400, 402, 403, 422.
pub fn create(name: impl Into<String>) -> Create {
    Create {
        name: name.into(),
        created_by: Nullable::Absent,
        private_metadata: Nullable::Absent,
        public_metadata: Nullable::Absent,
        slug: Nullable::Absent,
        max_allowed_memberships: Nullable::Absent,
        created_at: Nullable::Absent,
        role_set_key: Nullable::Absent,
    }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    name: String,
    created_by: Nullable<UserId>,
    private_metadata: Nullable<Metadata>,
    public_metadata: Nullable<Metadata>,
    slug: Nullable<String>,
    max_allowed_memberships: Nullable<i64>,
    created_at: Nullable<String>,
    role_set_key: Nullable<String>,
}

opaque!(Create);

impl Create {
    /// Who created it, and becomes its first admin.
    pub fn created_by(mut self, created_by: impl Into<Nullable<UserId>>) -> Self {
        self.created_by = created_by.into();
        self
    }

    /// Metadata only the backend can read and write.
    pub fn private_metadata(mut self, private_metadata: impl Into<Nullable<Metadata>>) -> Self {
        self.private_metadata = private_metadata.into();
        self
    }

    /// Metadata the frontend can read and only the backend can write.
    pub fn public_metadata(mut self, public_metadata: impl Into<Nullable<Metadata>>) -> Self {
        self.public_metadata = public_metadata.into();
        self
    }

    /// Its name in addresses. Unique in the instance.
    pub fn slug(mut self, slug: impl Into<Nullable<String>>) -> Self {
        self.slug = slug.into();
        self
    }

    /// How many members it may have; 0 is no limit.
    pub fn max_allowed_memberships(mut self, max_allowed_memberships: impl Into<Nullable<i64>>) -> Self {
        self.max_allowed_memberships = max_allowed_memberships.into();
        self
    }

    /// When it was created, as an RFC 3339 text. For moving here from elsewhere.
    pub fn created_at(mut self, created_at: impl Into<Nullable<String>>) -> Self {
        self.created_at = created_at.into();
        self
    }

    /// The role set whose roles it uses.
    pub fn role_set_key(mut self, role_set_key: impl Into<Nullable<String>>) -> Self {
        self.role_set_key = role_set_key.into();
        self
    }
}

impl Operation for Create {
    type Output = Organization;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateOrganization", Method::POST, "/organizations", "Organizations");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .number("max_allowed_memberships", self.max_allowed_memberships.value().copied(), 0..)
            .json(|body| {
                body.required("name", &self.name)
                    .nullable("created_by", &self.created_by)
                    .nullable("private_metadata", &self.private_metadata)
                    .nullable("public_metadata", &self.public_metadata)
                    .nullable("slug", &self.slug)
                    .nullable("max_allowed_memberships", &self.max_allowed_memberships)
                    .nullable("created_at", &self.created_at)
                    .nullable("role_set_key", &self.role_set_key);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One organization, by id or slug.
///
/// `GET /organizations/{organization_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organizations)). Documented error
/// statuses: 403, 404.
pub fn get(organization_id: impl Into<OrganizationId>) -> Get {
    Get {
        organization_id: organization_id.into(),
        include_members_count: None,
        include_missing_member_with_elevated_permissions: None,
    }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    organization_id: OrganizationId,
    include_members_count: Option<bool>,
    include_missing_member_with_elevated_permissions: Option<bool>,
}

opaque!(Get);

impl Get {
    /// Whether to count the members.
    pub fn include_members_count(mut self, include_members_count: bool) -> Self {
        self.include_members_count = Some(include_members_count);
        self
    }

    /// Whether to say if nobody may manage the members.
    pub fn include_missing_member_with_elevated_permissions(
        mut self,
        include_missing_member_with_elevated_permissions: bool,
    ) -> Self {
        self.include_missing_member_with_elevated_permissions =
            Some(include_missing_member_with_elevated_permissions);
        self
    }
}

impl Operation for Get {
    type Output = Organization;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetOrganization",
        Method::GET,
        "/organizations/{organization_id}",
        "Organizations",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .query_opt("include_members_count", self.include_members_count.as_ref())
            .query_opt(
                "include_missing_member_with_elevated_permissions",
                self.include_missing_member_with_elevated_permissions.as_ref(),
            )
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes an organization. Metadata has operations of its own, [`merge_metadata`] and
/// [`replace_metadata`].
///
/// `PATCH /organizations/{organization_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organizations)). Documented error
/// statuses: 400, 402, 403, 404, 422.
pub fn update(organization_id: impl Into<OrganizationId>) -> Update {
    Update {
        organization_id: organization_id.into(),
        name: Nullable::Absent,
        slug: Nullable::Absent,
        max_allowed_memberships: Nullable::Absent,
        admin_delete_enabled: Nullable::Absent,
        created_at: Nullable::Absent,
        role_set_key: Nullable::Absent,
    }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    organization_id: OrganizationId,
    name: Nullable<String>,
    slug: Nullable<String>,
    max_allowed_memberships: Nullable<i64>,
    admin_delete_enabled: Nullable<bool>,
    created_at: Nullable<String>,
    role_set_key: Nullable<String>,
}

opaque!(Update);

impl Update {
    /// Its name.
    pub fn name(mut self, name: impl Into<Nullable<String>>) -> Self {
        self.name = name.into();
        self
    }

    /// Its name in addresses. Unique in the instance.
    pub fn slug(mut self, slug: impl Into<Nullable<String>>) -> Self {
        self.slug = slug.into();
        self
    }

    /// How many members it may have; 0 is no limit.
    pub fn max_allowed_memberships(mut self, max_allowed_memberships: impl Into<Nullable<i64>>) -> Self {
        self.max_allowed_memberships = max_allowed_memberships.into();
        self
    }

    /// Whether its admins may delete it.
    pub fn admin_delete_enabled(mut self, admin_delete_enabled: impl Into<Nullable<bool>>) -> Self {
        self.admin_delete_enabled = admin_delete_enabled.into();
        self
    }

    /// When it was created, as an RFC 3339 text. For moving here from elsewhere.
    pub fn created_at(mut self, created_at: impl Into<Nullable<String>>) -> Self {
        self.created_at = created_at.into();
        self
    }

    /// The role set whose roles it uses.
    pub fn role_set_key(mut self, role_set_key: impl Into<Nullable<String>>) -> Self {
        self.role_set_key = role_set_key.into();
        self
    }
}

impl Operation for Update {
    type Output = Organization;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpdateOrganization",
        Method::PATCH,
        "/organizations/{organization_id}",
        "Organizations",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .number("max_allowed_memberships", self.max_allowed_memberships.value().copied(), 0..)
            .json(|body| {
                body.nullable("name", &self.name)
                    .nullable("slug", &self.slug)
                    .nullable("max_allowed_memberships", &self.max_allowed_memberships)
                    .nullable("admin_delete_enabled", &self.admin_delete_enabled)
                    .nullable("created_at", &self.created_at)
                    .nullable("role_set_key", &self.role_set_key);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes an organization, and with it its memberships.
///
/// `DELETE /organizations/{organization_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organizations)). Documented error
/// status: 404.
pub fn delete(organization_id: impl Into<OrganizationId>) -> Delete {
    Delete { organization_id: organization_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    organization_id: OrganizationId,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeleteOrganization",
        Method::DELETE,
        "/organizations/{organization_id}",
        "Organizations",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("organization_id", &self.organization_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Replaces an organization's metadata. Each field that is given is replaced as a whole. To keep the
/// rest of it, use [`merge_metadata`].
///
/// `PUT /organizations/{organization_id}/metadata`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organizations)). Documented error
/// statuses: 400, 401, 404, 422.
pub fn replace_metadata(organization_id: impl Into<OrganizationId>) -> ReplaceMetadata {
    ReplaceMetadata {
        organization_id: organization_id.into(),
        public_metadata: Nullable::Absent,
        private_metadata: Nullable::Absent,
    }
}

/// The operation that [`replace_metadata`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ReplaceMetadata {
    organization_id: OrganizationId,
    public_metadata: Nullable<Metadata>,
    private_metadata: Nullable<Metadata>,
}

opaque!(ReplaceMetadata);

impl ReplaceMetadata {
    /// Metadata the frontend can read and only the backend can write. An empty object clears it.
    pub fn public_metadata(mut self, public_metadata: impl Into<Nullable<Metadata>>) -> Self {
        self.public_metadata = public_metadata.into();
        self
    }

    /// Metadata only the backend can read and write. An empty object clears it.
    pub fn private_metadata(mut self, private_metadata: impl Into<Nullable<Metadata>>) -> Self {
        self.private_metadata = private_metadata.into();
        self
    }
}

impl Operation for ReplaceMetadata {
    type Output = Organization;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ReplaceOrganizationMetadata",
        Method::PUT,
        "/organizations/{organization_id}/metadata",
        "Organizations",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .json(|body| {
                body.nullable("public_metadata", &self.public_metadata)
                    .nullable("private_metadata", &self.private_metadata);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Merges into an organization's metadata, at every depth; a key set to `null` is deleted. To replace
/// it, use [`replace_metadata`]; [`metadata`](crate::metadata) has examples of both.
///
/// `PATCH /organizations/{organization_id}/metadata`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organizations)). Documented error
/// statuses: 400, 401, 404, 422.
pub fn merge_metadata(organization_id: impl Into<OrganizationId>) -> MergeMetadata {
    MergeMetadata { organization_id: organization_id.into(), public_metadata: None, private_metadata: None }
}

/// The operation that [`merge_metadata`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct MergeMetadata {
    organization_id: OrganizationId,
    public_metadata: Option<Metadata>,
    private_metadata: Option<Metadata>,
}

opaque!(MergeMetadata);

impl MergeMetadata {
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

impl Operation for MergeMetadata {
    type Output = Organization;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "MergeOrganizationMetadata",
        Method::PATCH,
        "/organizations/{organization_id}/metadata",
        "Organizations",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
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

/// Sets an organization's logo: JPEG, PNG, GIF or WebP, at most 10 MB.
///
/// `PUT /organizations/{organization_id}/logo`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organizations)). Documented error
/// statuses: 400, 403, 404, 413.
pub fn upload_logo(organization_id: impl Into<OrganizationId>, file: File) -> UploadLogo {
    UploadLogo { organization_id: organization_id.into(), uploader_user_id: None, file }
}

/// The operation that [`upload_logo`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct UploadLogo {
    organization_id: OrganizationId,
    uploader_user_id: Option<UserId>,
    file: File,
}

opaque!(UploadLogo);

impl UploadLogo {
    /// Who uploads it.
    pub fn uploader_user_id(mut self, uploader_user_id: impl Into<UserId>) -> Self {
        self.uploader_user_id = Some(uploader_user_id.into());
        self
    }
}

impl Operation for UploadLogo {
    type Output = Organization;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UploadOrganizationLogo",
        Method::PUT,
        "/organizations/{organization_id}/logo",
        "Organizations",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .multipart(|body| {
                body.text_opt("uploader_user_id", &self.uploader_user_id).file("file", &self.file);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Removes an organization's logo.
///
/// `DELETE /organizations/{organization_id}/logo`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organizations)). Documented error
/// status: 404.
pub fn delete_logo(organization_id: impl Into<OrganizationId>) -> DeleteLogo {
    DeleteLogo { organization_id: organization_id.into() }
}

/// The operation that [`delete_logo`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct DeleteLogo {
    organization_id: OrganizationId,
}

opaque!(DeleteLogo);

impl Operation for DeleteLogo {
    type Output = Organization;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeleteOrganizationLogo",
        Method::DELETE,
        "/organizations/{organization_id}/logo",
        "Organizations",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("organization_id", &self.organization_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// An organization's billing subscription.
///
/// `GET /organizations/{organization_id}/billing/subscription`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organizations)). Documented error
/// statuses: 400, 401, 403, 404, 422, 500.
pub fn get_billing_subscription(organization_id: impl Into<OrganizationId>) -> GetBillingSubscription {
    GetBillingSubscription { organization_id: organization_id.into() }
}

/// The operation that [`get_billing_subscription`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GetBillingSubscription {
    organization_id: OrganizationId,
}

opaque!(GetBillingSubscription);

impl Operation for GetBillingSubscription {
    type Output = BillingSubscription;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetOrganizationBillingSubscription",
        Method::GET,
        "/organizations/{organization_id}/billing/subscription",
        "Organizations",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("organization_id", &self.organization_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// The credit an organization has.
///
/// `GET /organizations/{organization_id}/billing/credits`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organizations)). Documented error
/// statuses: 400, 401, 403, 404, 422, 500.
pub fn get_billing_credit_balance(organization_id: impl Into<OrganizationId>) -> GetBillingCreditBalance {
    GetBillingCreditBalance { organization_id: organization_id.into() }
}

/// The operation that [`get_billing_credit_balance`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GetBillingCreditBalance {
    organization_id: OrganizationId,
}

opaque!(GetBillingCreditBalance);

impl Operation for GetBillingCreditBalance {
    type Output = BillingCreditBalance;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetOrganizationBillingCreditBalance",
        Method::GET,
        "/organizations/{organization_id}/billing/credits",
        "Organizations",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("organization_id", &self.organization_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Raises or lowers an organization's credit by an amount in the currency's smallest unit. A repetition
/// with the same idempotency key has no further effect.
///
/// `POST /organizations/{organization_id}/billing/credits`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organizations)). Documented error
/// statuses: 400, 401, 403, 404, 409, 422, 500.
pub fn adjust_billing_credit_balance(
    organization_id: impl Into<OrganizationId>,
    amount: i64,
    action: impl Into<BillingCreditAction>,
    idempotency_key: impl Into<String>,
) -> AdjustBillingCreditBalance {
    AdjustBillingCreditBalance {
        organization_id: organization_id.into(),
        amount,
        action: action.into(),
        currency: None,
        idempotency_key: idempotency_key.into(),
        note: None,
    }
}

/// The operation that [`adjust_billing_credit_balance`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct AdjustBillingCreditBalance {
    organization_id: OrganizationId,
    amount: i64,
    action: BillingCreditAction,
    currency: Option<String>,
    idempotency_key: String,
    note: Option<String>,
}

opaque!(AdjustBillingCreditBalance);

impl AdjustBillingCreditBalance {
    /// The currency's code, such as `USD`.
    pub fn currency(mut self, currency: impl Into<String>) -> Self {
        self.currency = Some(currency.into());
        self
    }

    /// A remark.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

impl Operation for AdjustBillingCreditBalance {
    type Output = BillingCreditEntry;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "AdjustOrganizationBillingCreditBalance",
        Method::POST,
        "/organizations/{organization_id}/billing/credits",
        "Organizations",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_id", &self.organization_id)
            .json(|body| {
                body.required("amount", &self.amount)
                    .required("action", &self.action)
                    .optional("currency", &self.currency)
                    .required("idempotency_key", &self.idempotency_key)
                    .optional("note", &self.note);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
