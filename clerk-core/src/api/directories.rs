//! Directories: identity providers that create, change and withdraw users.
//!
//! ```
//! use clerk_core::{Operation, api::directories::{self, NewGroupRoleMapping}};
//!
//! let request = directories::create("entconn_1", "okta")
//!     .group_role_mappings([NewGroupRoleMapping::new("engineers", "role_1")])
//!     .request()
//!     .unwrap();
//! assert_eq!(
//!     request.body(),
//!     r#"{"enterprise_connection_id":"entconn_1","provider":"okta","group_role_mappings":[{"directory_group_id":"engineers","role_id":"role_1"}]}"#,
//! );
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, Response};
use serde::Serialize;

use crate::{
    Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::Id,
    model::{DeletedObject, Directory, DirectoryGroupRoleMapping},
    opaque::opaque,
    operation::{Operation, OperationInfo},
    page::{Paged, Window},
};

/// Lists directories.
///
/// `GET /directories` ([reference](https://clerk.com/docs/reference/backend-api/tag/directories)).
/// Documented error statuses: 401, 403.
pub fn list() -> List {
    List { limit: None, offset: None }
}

/// The operation that [`list`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct List {
    limit: Option<u32>,
    offset: Option<u32>,
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
}

impl Operation for List {
    type Output = Page<Directory>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("ListDirectories", Method::GET, "/directories", "Directories");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
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
    type Item = Directory;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Creates a directory for an enterprise connection. The answer is one of the two that carry the API
/// key.
///
/// `POST /directories` ([reference](https://clerk.com/docs/reference/backend-api/tag/directories)).
/// Documented error statuses: 400, 401, 403, 422.
pub fn create(enterprise_connection_id: impl Into<Id>, provider: impl Into<String>) -> Create {
    Create {
        enterprise_connection_id: enterprise_connection_id.into(),
        name: None,
        provider: provider.into(),
        group_role_mappings: None,
    }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    enterprise_connection_id: Id,
    name: Option<String>,
    provider: String,
    group_role_mappings: Option<Vec<NewGroupRoleMapping>>,
}

opaque!(Create);

impl Create {
    /// Its name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Which groups get which role. Without precedences their order counts.
    pub fn group_role_mappings(
        mut self,
        group_role_mappings: impl IntoIterator<Item = impl Into<NewGroupRoleMapping>>,
    ) -> Self {
        self.group_role_mappings = Some(group_role_mappings.into_iter().map(Into::into).collect());
        self
    }
}

impl Operation for Create {
    type Output = Directory;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateDirectory", Method::POST, "/directories", "Directories");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .within(self.group_role_mappings.iter().flatten(), |request, object| {
                request
                    .letters(
                        "directory_group_display_name",
                        object.directory_group_display_name.as_ref(),
                        ..=255,
                    )
                    .number("precedence", object.precedence, 1..)
            })
            .json(|body| {
                body.required("enterprise_connection_id", &self.enterprise_connection_id)
                    .optional("name", &self.name)
                    .required("provider", &self.provider)
                    .optional("group_role_mappings", &self.group_role_mappings);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One directory.
///
/// `GET /directories/{directory_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/directories)). Documented error
/// statuses: 401, 403, 404.
pub fn get(directory_id: impl Into<Id>) -> Get {
    Get { directory_id: directory_id.into() }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    directory_id: Id,
}

opaque!(Get);

impl Operation for Get {
    type Output = Directory;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetDirectory", Method::GET, "/directories/{directory_id}", "Directories");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("directory_id", &self.directory_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes a directory.
///
/// `PATCH /directories/{directory_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/directories)). Documented error
/// statuses: 400, 401, 403, 404, 422.
pub fn update(directory_id: impl Into<Id>) -> Update {
    Update {
        directory_id: directory_id.into(),
        name: None,
        enabled: None,
        provider: None,
        attribute_mapping: None,
        group_role_mapping_enabled: None,
    }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    directory_id: Id,
    name: Option<String>,
    enabled: Option<bool>,
    provider: Option<String>,
    attribute_mapping: Option<BTreeMap<String, Option<String>>>,
    group_role_mapping_enabled: Option<bool>,
}

opaque!(Update);

impl Update {
    /// Its name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Whether it is in use.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = Some(enabled);
        self
    }

    /// The identity provider.
    pub fn provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Which attribute of the directory becomes which of the user, by the user's. Merged into what there
    /// is; `None` takes an entry out.
    pub fn attribute_mapping(mut self, attribute_mapping: BTreeMap<String, Option<String>>) -> Self {
        self.attribute_mapping = Some(attribute_mapping);
        self
    }

    /// Whether its groups are mapped to roles.
    pub fn group_role_mapping_enabled(mut self, group_role_mapping_enabled: bool) -> Self {
        self.group_role_mapping_enabled = Some(group_role_mapping_enabled);
        self
    }
}

impl Operation for Update {
    type Output = Directory;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("UpdateDirectory", Method::PATCH, "/directories/{directory_id}", "Directories");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("directory_id", &self.directory_id)
            .json(|body| {
                body.optional("name", &self.name)
                    .optional("enabled", &self.enabled)
                    .optional("provider", &self.provider)
                    .optional("attribute_mapping", &self.attribute_mapping)
                    .optional("group_role_mapping_enabled", &self.group_role_mapping_enabled);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes a directory. Its API key is refused from then on.
///
/// `DELETE /directories/{directory_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/directories)). Documented error
/// statuses: 401, 403, 404.
pub fn delete(directory_id: impl Into<Id>) -> Delete {
    Delete { directory_id: directory_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    directory_id: Id,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("DeleteDirectory", Method::DELETE, "/directories/{directory_id}", "Directories");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("directory_id", &self.directory_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Gives a directory a new API key, which stands in the answer and nowhere else. The old key lasts a
/// little longer.
///
/// `POST /directories/{directory_id}/rotate_api_key`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/directories)). Documented error
/// statuses: 401, 403, 404.
pub fn rotate_api_key(directory_id: impl Into<Id>) -> RotateApiKey {
    RotateApiKey { directory_id: directory_id.into() }
}

/// The operation that [`rotate_api_key`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct RotateApiKey {
    directory_id: Id,
}

opaque!(RotateApiKey);

impl Operation for RotateApiKey {
    type Output = Directory;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "RotateDirectoryAPIKey",
        Method::POST,
        "/directories/{directory_id}/rotate_api_key",
        "Directories",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("directory_id", &self.directory_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Lists which groups of a directory get which role, in order of precedence.
///
/// `GET /directories/{directory_id}/group_role_mappings`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/directories)). Documented error
/// statuses: 401, 403, 404.
pub fn list_group_role_mappings(directory_id: impl Into<Id>) -> ListGroupRoleMappings {
    ListGroupRoleMappings { directory_id: directory_id.into() }
}

/// The operation that [`list_group_role_mappings`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ListGroupRoleMappings {
    directory_id: Id,
}

opaque!(ListGroupRoleMappings);

impl Operation for ListGroupRoleMappings {
    type Output = Page<DirectoryGroupRoleMapping>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ListDirectoryGroupRoleMappings",
        Method::GET,
        "/directories/{directory_id}/group_role_mappings",
        "Directories",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("directory_id", &self.directory_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Gives a group of a directory a role. Refused unless the directory maps groups to roles.
///
/// `POST /directories/{directory_id}/group_role_mappings`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/directories)). Documented error
/// statuses: 400, 401, 403, 404, 422.
pub fn create_group_role_mapping(
    directory_id: impl Into<Id>,
    directory_group_id: impl Into<Id>,
    role_id: impl Into<Id>,
) -> CreateGroupRoleMapping {
    CreateGroupRoleMapping {
        directory_id: directory_id.into(),
        directory_group_id: directory_group_id.into(),
        role_id: role_id.into(),
        precedence: None,
    }
}

/// The operation that [`create_group_role_mapping`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct CreateGroupRoleMapping {
    directory_id: Id,
    directory_group_id: Id,
    role_id: Id,
    precedence: Option<i64>,
}

opaque!(CreateGroupRoleMapping);

impl CreateGroupRoleMapping {
    /// Which role a member of several groups gets: that with the lowest number, from 1. The last when left
    /// out.
    pub fn precedence(mut self, precedence: i64) -> Self {
        self.precedence = Some(precedence);
        self
    }
}

impl Operation for CreateGroupRoleMapping {
    type Output = DirectoryGroupRoleMapping;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "CreateDirectoryGroupRoleMapping",
        Method::POST,
        "/directories/{directory_id}/group_role_mappings",
        "Directories",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("directory_id", &self.directory_id)
            .number("precedence", self.precedence, 1..)
            .json(|body| {
                body.required("directory_group_id", &self.directory_group_id)
                    .required("role_id", &self.role_id)
                    .optional("precedence", &self.precedence);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Replaces all of a directory's group roles. The first has precedence 1; an empty list removes all.
///
/// `PUT /directories/{directory_id}/group_role_mappings`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/directories)). Documented error
/// statuses: 400, 401, 403, 404, 422.
pub fn replace_group_role_mappings(
    directory_id: impl Into<Id>,
    mappings: impl IntoIterator<Item = impl Into<GroupRole>>,
) -> ReplaceGroupRoleMappings {
    ReplaceGroupRoleMappings {
        directory_id: directory_id.into(),
        mappings: mappings.into_iter().map(Into::into).collect(),
    }
}

/// The operation that [`replace_group_role_mappings`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ReplaceGroupRoleMappings {
    directory_id: Id,
    mappings: Vec<GroupRole>,
}

opaque!(ReplaceGroupRoleMappings);

impl Operation for ReplaceGroupRoleMappings {
    type Output = Page<DirectoryGroupRoleMapping>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ReplaceDirectoryGroupRoleMappings",
        Method::PUT,
        "/directories/{directory_id}/group_role_mappings",
        "Directories",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("directory_id", &self.directory_id)
            .json(|body| {
                body.required("mappings", &self.mappings);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Takes its role from a group of a directory.
///
/// `DELETE /directories/{directory_id}/group_role_mappings/{mapping_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/directories)). Documented error
/// statuses: 400, 401, 403, 404.
pub fn delete_group_role_mapping(
    directory_id: impl Into<Id>,
    mapping_id: impl Into<Id>,
) -> DeleteGroupRoleMapping {
    DeleteGroupRoleMapping { directory_id: directory_id.into(), mapping_id: mapping_id.into() }
}

/// The operation that [`delete_group_role_mapping`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct DeleteGroupRoleMapping {
    directory_id: Id,
    mapping_id: Id,
}

opaque!(DeleteGroupRoleMapping);

impl Operation for DeleteGroupRoleMapping {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeleteDirectoryGroupRoleMapping",
        Method::DELETE,
        "/directories/{directory_id}/group_role_mappings/{mapping_id}",
        "Directories",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("directory_id", &self.directory_id)
            .path("mapping_id", &self.mapping_id)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// A group of a directory, and the role its members get, for a directory to be.
#[derive(Clone, Serialize)]
#[must_use]
pub struct NewGroupRoleMapping {
    directory_group_id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    directory_group_display_name: Option<String>,
    role_id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    precedence: Option<i64>,
}

opaque!(NewGroupRoleMapping);

impl NewGroupRoleMapping {
    /// With what is required.
    pub fn new(directory_group_id: impl Into<Id>, role_id: impl Into<Id>) -> Self {
        Self {
            directory_group_id: directory_group_id.into(),
            directory_group_display_name: None,
            role_id: role_id.into(),
            precedence: None,
        }
    }

    /// The group's name for people, at most 255 characters.
    pub fn directory_group_display_name(mut self, directory_group_display_name: impl Into<String>) -> Self {
        self.directory_group_display_name = Some(directory_group_display_name.into());
        self
    }

    /// Which role a member of several groups gets: that with the lowest number, from 1.
    pub fn precedence(mut self, precedence: i64) -> Self {
        self.precedence = Some(precedence);
        self
    }
}

/// A group of a directory, and the role its members get.
#[derive(Clone, Serialize)]
#[must_use]
pub struct GroupRole {
    directory_group_id: Id,
    role_id: Id,
}

opaque!(GroupRole);

impl GroupRole {
    /// With what is required.
    pub fn new(directory_group_id: impl Into<Id>, role_id: impl Into<Id>) -> Self {
        Self { directory_group_id: directory_group_id.into(), role_id: role_id.into() }
    }
}
