//! Role sets: which roles an organization can give its members.
//!
//! ```
//! use clerk_core::{Operation, api::role_sets};
//!
//! let request = role_sets::create("Teams", "org:member", "org:admin", ["org:admin", "org:member"]).request().unwrap();
//! assert_eq!(
//!     request.body(),
//!     r#"{"name":"Teams","default_role_key":"org:member","creator_role_key":"org:admin","roles":["org:admin","org:member"]}"#,
//! );
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Nullable, Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::Id,
    model::{DeletedObject, RoleSet, RoleSetType},
    opaque::opaque,
    operation::{Operation, OperationInfo},
    page::{Paged, Window},
};

/// Lists role sets.
///
/// `GET /role_sets` ([reference](https://clerk.com/docs/reference/backend-api/tag/role-sets)).
/// Documented error statuses: 400, 401, 403, 422.
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
    type Output = Page<RoleSet>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("ListRoleSets", Method::GET, "/role_sets", "Role Sets");

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
    type Item = RoleSet;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Creates a role set of 1 to 10 roles, given by their keys. The default role and the creator's role
/// are among them.
///
/// `POST /role_sets` ([reference](https://clerk.com/docs/reference/backend-api/tag/role-sets)).
/// Documented error statuses: 400, 401, 402, 403, 404, 422.
pub fn create(
    name: impl Into<String>,
    default_role_key: impl Into<String>,
    creator_role_key: impl Into<String>,
    roles: impl IntoIterator<Item = impl Into<String>>,
) -> Create {
    Create {
        name: name.into(),
        key: None,
        description: Nullable::Absent,
        default_role_key: default_role_key.into(),
        creator_role_key: creator_role_key.into(),
        r#type: None,
        roles: roles.into_iter().map(Into::into).collect(),
    }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    name: String,
    key: Option<String>,
    description: Nullable<String>,
    default_role_key: String,
    creator_role_key: String,
    r#type: Option<RoleSetType>,
    roles: Vec<String>,
}

opaque!(Create);

impl Create {
    /// Its key: `role_set:` and then lower-case letters, digits and underscores. Made from the name when
    /// left out.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// What the role set is for, for people.
    pub fn description(mut self, description: impl Into<Nullable<String>>) -> Self {
        self.description = description.into();
        self
    }

    /// Which organizations it is for.
    pub fn r#type(mut self, r#type: impl Into<RoleSetType>) -> Self {
        self.r#type = Some(r#type.into());
        self
    }
}

impl Operation for Create {
    type Output = RoleSet;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateRoleSet", Method::POST, "/role_sets", "Role Sets");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .items("roles", self.roles.len(), 1, 10)
            .json(|body| {
                body.required("name", &self.name)
                    .optional("key", &self.key)
                    .nullable("description", &self.description)
                    .required("default_role_key", &self.default_role_key)
                    .required("creator_role_key", &self.creator_role_key)
                    .optional("type", &self.r#type)
                    .required("roles", &self.roles);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One role set, by id or key.
///
/// `GET /role_sets/{role_set_key_or_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/role-sets)). Documented error
/// statuses: 401, 403, 404.
pub fn get(role_set_key_or_id: impl Into<Id>) -> Get {
    Get { role_set_key_or_id: role_set_key_or_id.into() }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    role_set_key_or_id: Id,
}

opaque!(Get);

impl Operation for Get {
    type Output = RoleSet;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetRoleSet", Method::GET, "/role_sets/{role_set_key_or_id}", "Role Sets");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("role_set_key_or_id", &self.role_set_key_or_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes a role set.
///
/// `PATCH /role_sets/{role_set_key_or_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/role-sets)). Documented error
/// statuses: 400, 401, 403, 404, 422.
pub fn update(role_set_key_or_id: impl Into<Id>) -> Update {
    Update {
        role_set_key_or_id: role_set_key_or_id.into(),
        name: Nullable::Absent,
        key: Nullable::Absent,
        description: Nullable::Absent,
        r#type: Nullable::Absent,
        default_role_key: Nullable::Absent,
        creator_role_key: Nullable::Absent,
    }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    role_set_key_or_id: Id,
    name: Nullable<String>,
    key: Nullable<String>,
    description: Nullable<String>,
    r#type: Nullable<RoleSetType>,
    default_role_key: Nullable<String>,
    creator_role_key: Nullable<String>,
}

opaque!(Update);

impl Update {
    /// Its name.
    pub fn name(mut self, name: impl Into<Nullable<String>>) -> Self {
        self.name = name.into();
        self
    }

    /// Its key: `role_set:` and then lower-case letters, digits and underscores.
    pub fn key(mut self, key: impl Into<Nullable<String>>) -> Self {
        self.key = key.into();
        self
    }

    /// What the role set is for, for people.
    pub fn description(mut self, description: impl Into<Nullable<String>>) -> Self {
        self.description = description.into();
        self
    }

    /// `initial` makes it the role set of new organizations, and the one that was so a custom one.
    pub fn r#type(mut self, r#type: impl Into<Nullable<RoleSetType>>) -> Self {
        self.r#type = r#type.into();
        self
    }

    /// Which of its roles new members get.
    pub fn default_role_key(mut self, default_role_key: impl Into<Nullable<String>>) -> Self {
        self.default_role_key = default_role_key.into();
        self
    }

    /// Which of its roles who creates an organization gets.
    pub fn creator_role_key(mut self, creator_role_key: impl Into<Nullable<String>>) -> Self {
        self.creator_role_key = creator_role_key.into();
        self
    }
}

impl Operation for Update {
    type Output = RoleSet;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("UpdateRoleSet", Method::PATCH, "/role_sets/{role_set_key_or_id}", "Role Sets");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("role_set_key_or_id", &self.role_set_key_or_id)
            .json(|body| {
                body.nullable("name", &self.name)
                    .nullable("key", &self.key)
                    .nullable("description", &self.description)
                    .nullable("type", &self.r#type)
                    .nullable("default_role_key", &self.default_role_key)
                    .nullable("creator_role_key", &self.creator_role_key);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes a role set after its organizations were moved to another one.
///
/// `POST /role_sets/{role_set_key_or_id}/replace`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/role-sets)). Documented error
/// statuses: 400, 401, 403, 404, 422.
pub fn replace(role_set_key_or_id: impl Into<Id>, dest_role_set_key: impl Into<String>) -> Replace {
    Replace {
        role_set_key_or_id: role_set_key_or_id.into(),
        dest_role_set_key: dest_role_set_key.into(),
        reassignment_mappings: None,
    }
}

/// The operation that [`replace`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Replace {
    role_set_key_or_id: Id,
    dest_role_set_key: String,
    reassignment_mappings: Option<BTreeMap<String, String>>,
}

opaque!(Replace);

impl Replace {
    /// Which role members get instead of which, both by key. Needed for roles that the other role set
    /// lacks.
    pub fn reassignment_mappings(mut self, reassignment_mappings: BTreeMap<String, String>) -> Self {
        self.reassignment_mappings = Some(reassignment_mappings);
        self
    }
}

impl Operation for Replace {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ReplaceRoleSet",
        Method::POST,
        "/role_sets/{role_set_key_or_id}/replace",
        "Role Sets",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("role_set_key_or_id", &self.role_set_key_or_id)
            .json(|body| {
                body.required("dest_role_set_key", &self.dest_role_set_key)
                    .optional("reassignment_mappings", &self.reassignment_mappings);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Adds 1 to 10 roles to a role set, given by their keys.
///
/// `POST /role_sets/{role_set_key_or_id}/roles`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/role-sets)). Documented error
/// statuses: 400, 401, 403, 404, 422.
pub fn add_roles(
    role_set_key_or_id: impl Into<Id>,
    role_keys: impl IntoIterator<Item = impl Into<String>>,
) -> AddRoles {
    AddRoles {
        role_set_key_or_id: role_set_key_or_id.into(),
        role_keys: role_keys.into_iter().map(Into::into).collect(),
        default_role_key: None,
        creator_role_key: None,
    }
}

/// The operation that [`add_roles`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct AddRoles {
    role_set_key_or_id: Id,
    role_keys: Vec<String>,
    default_role_key: Option<String>,
    creator_role_key: Option<String>,
}

opaque!(AddRoles);

impl AddRoles {
    /// Which of the added roles new members get.
    pub fn default_role_key(mut self, default_role_key: impl Into<String>) -> Self {
        self.default_role_key = Some(default_role_key.into());
        self
    }

    /// Which of the added roles who creates an organization gets.
    pub fn creator_role_key(mut self, creator_role_key: impl Into<String>) -> Self {
        self.creator_role_key = Some(creator_role_key.into());
        self
    }
}

impl Operation for AddRoles {
    type Output = RoleSet;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "AddRolesToRoleSet",
        Method::POST,
        "/role_sets/{role_set_key_or_id}/roles",
        "Role Sets",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("role_set_key_or_id", &self.role_set_key_or_id)
            .items("role_keys", self.role_keys.len(), 1, 10)
            .json(|body| {
                body.required("role_keys", &self.role_keys)
                    .optional("default_role_key", &self.default_role_key)
                    .optional("creator_role_key", &self.creator_role_key);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Removes a role from a role set and gives its members another one. Takes the key of the removed role
/// and that of the other.
///
/// `POST /role_sets/{role_set_key_or_id}/roles/replace`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/role-sets)). Documented error
/// statuses: 400, 401, 403, 404, 422.
pub fn replace_role(
    role_set_key_or_id: impl Into<Id>,
    role_key: impl Into<String>,
    to_role_key: impl Into<String>,
) -> ReplaceRole {
    ReplaceRole {
        role_set_key_or_id: role_set_key_or_id.into(),
        role_key: role_key.into(),
        to_role_key: to_role_key.into(),
    }
}

/// The operation that [`replace_role`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ReplaceRole {
    role_set_key_or_id: Id,
    role_key: String,
    to_role_key: String,
}

opaque!(ReplaceRole);

impl Operation for ReplaceRole {
    type Output = RoleSet;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ReplaceRoleInRoleSet",
        Method::POST,
        "/role_sets/{role_set_key_or_id}/roles/replace",
        "Role Sets",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("role_set_key_or_id", &self.role_set_key_or_id)
            .json(|body| {
                body.required("role_key", &self.role_key).required("to_role_key", &self.to_role_key);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
