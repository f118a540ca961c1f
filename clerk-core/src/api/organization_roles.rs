//! Roles: what members of organizations may be, and with which permissions.
//!
//! ```
//! use clerk_core::{Operation, api::organization_roles};
//!
//! let request = organization_roles::create("Billing clerk", "org:billing_clerk").permissions(["perm_1"]).request().unwrap();
//! assert_eq!(request.body(), r#"{"name":"Billing clerk","key":"org:billing_clerk","permissions":["perm_1"]}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Nullable, Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::Id,
    model::{DeletedObject, Role},
    opaque::opaque,
    operation::{Operation, OperationInfo},
    page::{Paged, Window},
};

/// Lists roles.
///
/// `GET /organization_roles`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-roles)). Documented error
/// statuses: 400, 401, 403, 422.
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
    type Output = Page<Role>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ListOrganizationRoles",
        Method::GET,
        "/organization_roles",
        "Organization Roles",
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
    type Item = Role;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Creates a role. Its key is unique in the instance and reads `org:` and then lower-case letters,
/// digits and underscores.
///
/// `POST /organization_roles`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-roles)). Documented error
/// statuses: 400, 401, 402, 403, 404, 422.
pub fn create(name: impl Into<String>, key: impl Into<String>) -> Create {
    Create {
        name: name.into(),
        key: key.into(),
        description: Nullable::Absent,
        permissions: Nullable::Absent,
        include_in_initial_role_set: Nullable::Absent,
    }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    name: String,
    key: String,
    description: Nullable<String>,
    permissions: Nullable<Vec<Id>>,
    include_in_initial_role_set: Nullable<bool>,
}

opaque!(Create);

impl Create {
    /// What the role is for, for people.
    pub fn description(mut self, description: impl Into<Nullable<String>>) -> Self {
        self.description = description.into();
        self
    }

    /// The permissions it has, by their ids.
    pub fn permissions(mut self, permissions: impl Into<Nullable<Vec<Id>>>) -> Self {
        self.permissions = permissions.into();
        self
    }

    /// Whether to add it to the role set of new organizations.
    pub fn include_in_initial_role_set(
        mut self,
        include_in_initial_role_set: impl Into<Nullable<bool>>,
    ) -> Self {
        self.include_in_initial_role_set = include_in_initial_role_set.into();
        self
    }
}

impl Operation for Create {
    type Output = Role;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "CreateOrganizationRole",
        Method::POST,
        "/organization_roles",
        "Organization Roles",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.required("name", &self.name)
                    .required("key", &self.key)
                    .nullable("description", &self.description)
                    .nullable("permissions", &self.permissions)
                    .nullable("include_in_initial_role_set", &self.include_in_initial_role_set);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One role.
///
/// `GET /organization_roles/{organization_role_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-roles)). Documented error
/// statuses: 401, 403, 404.
pub fn get(organization_role_id: impl Into<Id>) -> Get {
    Get { organization_role_id: organization_role_id.into() }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    organization_role_id: Id,
}

opaque!(Get);

impl Operation for Get {
    type Output = Role;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetOrganizationRole",
        Method::GET,
        "/organization_roles/{organization_role_id}",
        "Organization Roles",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("organization_role_id", &self.organization_role_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes a role.
///
/// `PATCH /organization_roles/{organization_role_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-roles)). Documented error
/// statuses: 400, 401, 403, 404, 422.
pub fn update(organization_role_id: impl Into<Id>) -> Update {
    Update {
        organization_role_id: organization_role_id.into(),
        name: Nullable::Absent,
        key: Nullable::Absent,
        description: Nullable::Absent,
        permissions: Nullable::Absent,
    }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    organization_role_id: Id,
    name: Nullable<String>,
    key: Nullable<String>,
    description: Nullable<String>,
    permissions: Nullable<Vec<Id>>,
}

opaque!(Update);

impl Update {
    /// Its name.
    pub fn name(mut self, name: impl Into<Nullable<String>>) -> Self {
        self.name = name.into();
        self
    }

    /// What stands in session tokens: `org:` and then lower-case letters, digits and underscores.
    pub fn key(mut self, key: impl Into<Nullable<String>>) -> Self {
        self.key = key.into();
        self
    }

    /// What the role is for, for people.
    pub fn description(mut self, description: impl Into<Nullable<String>>) -> Self {
        self.description = description.into();
        self
    }

    /// The permissions it has, by their ids. Those it had before are replaced.
    pub fn permissions(mut self, permissions: impl Into<Nullable<Vec<Id>>>) -> Self {
        self.permissions = permissions.into();
        self
    }
}

impl Operation for Update {
    type Output = Role;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpdateOrganizationRole",
        Method::PATCH,
        "/organization_roles/{organization_role_id}",
        "Organization Roles",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_role_id", &self.organization_role_id)
            .json(|body| {
                body.nullable("name", &self.name)
                    .nullable("key", &self.key)
                    .nullable("description", &self.description)
                    .nullable("permissions", &self.permissions);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes a role. Refused while a member, an invitation or a setting uses it.
///
/// `DELETE /organization_roles/{organization_role_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-roles)). Documented error
/// statuses: 401, 403, 404, 422.
pub fn delete(organization_role_id: impl Into<Id>) -> Delete {
    Delete { organization_role_id: organization_role_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    organization_role_id: Id,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeleteOrganizationRole",
        Method::DELETE,
        "/organization_roles/{organization_role_id}",
        "Organization Roles",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("organization_role_id", &self.organization_role_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Gives a role a permission. Refused with status 409 when it has it already.
///
/// `POST /organization_roles/{organization_role_id}/permissions/{permission_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-roles)). Documented error
/// statuses: 401, 403, 404, 409.
pub fn assign_permission(
    organization_role_id: impl Into<Id>,
    permission_id: impl Into<Id>,
) -> AssignPermission {
    AssignPermission {
        organization_role_id: organization_role_id.into(),
        permission_id: permission_id.into(),
    }
}

/// The operation that [`assign_permission`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct AssignPermission {
    organization_role_id: Id,
    permission_id: Id,
}

opaque!(AssignPermission);

impl Operation for AssignPermission {
    type Output = Role;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "AssignPermissionToOrganizationRole",
        Method::POST,
        "/organization_roles/{organization_role_id}/permissions/{permission_id}",
        "Organization Roles",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_role_id", &self.organization_role_id)
            .path("permission_id", &self.permission_id)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Takes a permission from a role.
///
/// `DELETE /organization_roles/{organization_role_id}/permissions/{permission_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/organization-roles)). Documented error
/// statuses: 401, 403, 404, 422.
pub fn remove_permission(
    organization_role_id: impl Into<Id>,
    permission_id: impl Into<Id>,
) -> RemovePermission {
    RemovePermission {
        organization_role_id: organization_role_id.into(),
        permission_id: permission_id.into(),
    }
}

/// The operation that [`remove_permission`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct RemovePermission {
    organization_role_id: Id,
    permission_id: Id,
}

opaque!(RemovePermission);

impl Operation for RemovePermission {
    type Output = Role;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "RemovePermissionFromOrganizationRole",
        Method::DELETE,
        "/organization_roles/{organization_role_id}/permissions/{permission_id}",
        "Organization Roles",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("organization_role_id", &self.organization_role_id)
            .path("permission_id", &self.permission_id)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
