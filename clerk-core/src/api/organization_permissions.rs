//! Permissions: what roles allow their members.
//!
//! ```
//! use clerk_core::{Operation, api::organization_permissions};
//!
//! let request = organization_permissions::create("Read invoices", "org:invoices:read").request().unwrap();
//! assert_eq!(request.body(), r#"{"name":"Read invoices","key":"org:invoices:read"}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::Id,
    model::{DeletedObject, Permission},
    opaque::opaque,
    operation::{Operation, OperationInfo},
    page::{Paged, Window},
};

/// Lists permissions.
///
/// `GET /organization_permissions`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-permissions)). Documented
/// error statuses: 401, 422.
pub fn list() -> List {
    List { query: None, order_by: None, limit: None, offset: None }
}

/// The operation that [`list`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct List {
    query: Option<String>,
    order_by: Option<String>,
    limit: Option<u32>,
    offset: Option<u32>,
}

opaque!(List);

impl List {
    /// Only those with this id, or whose name or key contains this text.
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
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
    type Output = Page<Permission>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ListOrganizationPermissions",
        Method::GET,
        "/organization_permissions",
        "Organization Permissions",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query_opt("query", self.query.as_ref())
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
    type Item = Permission;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Creates a permission. Its key reads `org:feature:action`; those that start with `org:sys_` are
/// Clerk's own.
///
/// `POST /organization_permissions`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-permissions)). Documented
/// error statuses: 400, 401, 402, 404, 422.
pub fn create(name: impl Into<String>, key: impl Into<String>) -> Create {
    Create { name: name.into(), key: key.into(), description: None }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    name: String,
    key: String,
    description: Option<String>,
}

opaque!(Create);

impl Create {
    /// What it allows, for people.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

impl Operation for Create {
    type Output = Permission;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "CreateOrganizationPermission",
        Method::POST,
        "/organization_permissions",
        "Organization Permissions",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.required("name", &self.name)
                    .required("key", &self.key)
                    .optional("description", &self.description);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One permission.
///
/// `GET /organization_permissions/{permission_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-permissions)). Documented
/// error statuses: 401, 404.
pub fn get(permission_id: impl Into<Id>) -> Get {
    Get { permission_id: permission_id.into() }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    permission_id: Id,
}

opaque!(Get);

impl Operation for Get {
    type Output = Permission;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetOrganizationPermission",
        Method::GET,
        "/organization_permissions/{permission_id}",
        "Organization Permissions",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("permission_id", &self.permission_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes a permission that is not Clerk's own.
///
/// `PATCH /organization_permissions/{permission_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-permissions)). Documented
/// error statuses: 400, 401, 403, 404, 422.
pub fn update(permission_id: impl Into<Id>) -> Update {
    Update { permission_id: permission_id.into(), name: None, key: None, description: None }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    permission_id: Id,
    name: Option<String>,
    key: Option<String>,
    description: Option<String>,
}

opaque!(Update);

impl Update {
    /// Its name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What stands in session tokens: `org:feature:action`.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// What it allows, for people.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

impl Operation for Update {
    type Output = Permission;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpdateOrganizationPermission",
        Method::PATCH,
        "/organization_permissions/{permission_id}",
        "Organization Permissions",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("permission_id", &self.permission_id)
            .json(|body| {
                body.optional("name", &self.name)
                    .optional("key", &self.key)
                    .optional("description", &self.description);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes a permission that is not Clerk's own.
///
/// `DELETE /organization_permissions/{permission_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-permissions)). Documented
/// error statuses: 401, 403, 404.
pub fn delete(permission_id: impl Into<Id>) -> Delete {
    Delete { permission_id: permission_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    permission_id: Id,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeleteOrganizationPermission",
        Method::DELETE,
        "/organization_permissions/{permission_id}",
        "Organization Permissions",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("permission_id", &self.permission_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
