//! Machines: services that talk to each other with tokens, which of them may talk to which, and their
//! secret keys.
//!
//! ```
//! use clerk_core::{Operation, api::machines};
//!
//! let request = machines::create("billing").scoped_machines(["mch_2"]).default_token_ttl(600).request().unwrap();
//! assert_eq!(request.uri(), "/machines");
//! assert_eq!(request.body(), r#"{"name":"billing","scoped_machines":["mch_2"],"default_token_ttl":600}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::Id,
    model::{
        DeletedMachineScope, DeletedObject, Machine, MachineScope, MachineSecretKey, MachineWithSecretKey,
    },
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
    page::{Paged, Window},
};

/// Lists machines.
///
/// `GET /machines` ([reference](https://clerk.com/docs/reference/backend-api/tag/machines)). Documented
/// error statuses: 400, 401, 403, 422.
pub fn list() -> List {
    List { limit: None, offset: None, query: None, order_by: None }
}

/// The operation that [`list`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct List {
    limit: Option<u32>,
    offset: Option<u32>,
    query: Option<String>,
    order_by: Option<String>,
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

    /// Only machines with this id, or with a name that contains this text.
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
        self
    }

    /// What to order by: a field's name, after `-` for descending order.
    pub fn order_by(mut self, order_by: impl Into<String>) -> Self {
        self.order_by = Some(order_by.into());
        self
    }
}

impl Operation for List {
    type Output = Page<Machine>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("ListMachines", Method::GET, "/machines", "Machines");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .query_opt("query", self.query.as_ref())
            .query_opt("order_by", self.order_by.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for List {
    type Item = Machine;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Creates a machine. The answer has its secret key.
///
/// `POST /machines` ([reference](https://clerk.com/docs/reference/backend-api/tag/machines)).
/// Documented error statuses: 400, 401, 403, 422.
pub fn create(name: impl Into<String>) -> Create {
    Create { name: name.into(), scoped_machines: None, default_token_ttl: None }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    name: String,
    scoped_machines: Option<Vec<Id>>,
    default_token_ttl: Option<i64>,
}

opaque!(Create);

impl Create {
    /// The machines it may talk to. At most 150.
    pub fn scoped_machines(mut self, scoped_machines: impl IntoIterator<Item = impl Into<Id>>) -> Self {
        self.scoped_machines = Some(scoped_machines.into_iter().map(Into::into).collect());
        self
    }

    /// How many seconds its tokens are good for when nothing else is asked for, 1 to 315360000; 3600 when
    /// left out.
    pub fn default_token_ttl(mut self, default_token_ttl: i64) -> Self {
        self.default_token_ttl = Some(default_token_ttl);
        self
    }
}

impl Operation for Create {
    type Output = MachineWithSecretKey;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateMachine", Method::POST, "/machines", "Machines");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .letters("name", Some(&self.name), 1..=255)
            .items_opt("scoped_machines", self.scoped_machines.as_ref().map(Vec::len), 0, 150)
            .number("default_token_ttl", self.default_token_ttl, 1..=315360000)
            .json(|body| {
                body.required("name", &self.name)
                    .optional("scoped_machines", &self.scoped_machines)
                    .optional("default_token_ttl", &self.default_token_ttl);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One machine.
///
/// `GET /machines/{machine_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/machines)). Documented error statuses:
/// 400, 401, 403, 404, 422.
pub fn get(machine_id: impl Into<Id>) -> Get {
    Get { machine_id: machine_id.into() }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    machine_id: Id,
}

opaque!(Get);

impl Operation for Get {
    type Output = Machine;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetMachine", Method::GET, "/machines/{machine_id}", "Machines");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("machine_id", &self.machine_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes a machine's name or how long its tokens are good for.
///
/// `PATCH /machines/{machine_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/machines)). Documented error statuses:
/// 400, 401, 403, 404, 422.
pub fn update(machine_id: impl Into<Id>) -> Update {
    Update { machine_id: machine_id.into(), name: None, default_token_ttl: None }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    machine_id: Id,
    name: Option<String>,
    default_token_ttl: Option<i64>,
}

opaque!(Update);

impl Update {
    /// Its name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How many seconds its tokens are good for when nothing else is asked for, 1 to 315360000.
    pub fn default_token_ttl(mut self, default_token_ttl: i64) -> Self {
        self.default_token_ttl = Some(default_token_ttl);
        self
    }
}

impl Operation for Update {
    type Output = Machine;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("UpdateMachine", Method::PATCH, "/machines/{machine_id}", "Machines")
            .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("machine_id", &self.machine_id)
            .letters("name", self.name.as_ref(), 1..=255)
            .number("default_token_ttl", self.default_token_ttl, 1..=315360000)
            .json(|body| {
                body.optional("name", &self.name).optional("default_token_ttl", &self.default_token_ttl);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes a machine.
///
/// `DELETE /machines/{machine_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/machines)). Documented error statuses:
/// 400, 401, 403, 404, 422.
pub fn delete(machine_id: impl Into<Id>) -> Delete {
    Delete { machine_id: machine_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    machine_id: Id,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("DeleteMachine", Method::DELETE, "/machines/{machine_id}", "Machines");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("machine_id", &self.machine_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// A machine's secret key.
///
/// `GET /machines/{machine_id}/secret_key`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/machines)). Documented error statuses:
/// 400, 401, 403, 404.
pub fn get_secret_key(machine_id: impl Into<Id>) -> GetSecretKey {
    GetSecretKey { machine_id: machine_id.into() }
}

/// The operation that [`get_secret_key`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GetSecretKey {
    machine_id: Id,
}

opaque!(GetSecretKey);

impl Operation for GetSecretKey {
    type Output = MachineSecretKey;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetMachineSecretKey",
        Method::GET,
        "/machines/{machine_id}/secret_key",
        "Machines",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("machine_id", &self.machine_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Gives a machine a new secret key. The old one stays good for a while, 0 to 28800 seconds.
///
/// `POST /machines/{machine_id}/secret_key/rotate`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/machines)). Documented error statuses:
/// 400, 401, 403, 404, 422.
pub fn rotate_secret_key(machine_id: impl Into<Id>, previous_token_ttl: i64) -> RotateSecretKey {
    RotateSecretKey { machine_id: machine_id.into(), previous_token_ttl }
}

/// The operation that [`rotate_secret_key`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct RotateSecretKey {
    machine_id: Id,
    previous_token_ttl: i64,
}

opaque!(RotateSecretKey);

impl Operation for RotateSecretKey {
    type Output = MachineSecretKey;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "RotateMachineSecretKey",
        Method::POST,
        "/machines/{machine_id}/secret_key/rotate",
        "Machines",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("machine_id", &self.machine_id)
            .number("previous_token_ttl", Some(self.previous_token_ttl), 0..=28800)
            .json(|body| {
                body.required("previous_token_ttl", &self.previous_token_ttl);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Lets a machine talk to another one. A machine has at most 150 such scopes.
///
/// `POST /machines/{machine_id}/scopes`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/machines)). Documented error statuses:
/// 400, 401, 403, 404, 409, 422.
pub fn create_scope(machine_id: impl Into<Id>, to_machine_id: impl Into<Id>) -> CreateScope {
    CreateScope { machine_id: machine_id.into(), to_machine_id: to_machine_id.into() }
}

/// The operation that [`create_scope`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct CreateScope {
    machine_id: Id,
    to_machine_id: Id,
}

opaque!(CreateScope);

impl Operation for CreateScope {
    type Output = MachineScope;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateMachineScope", Method::POST, "/machines/{machine_id}/scopes", "Machines");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("machine_id", &self.machine_id)
            .json(|body| {
                body.required("to_machine_id", &self.to_machine_id);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Takes back that a machine may talk to another one.
///
/// `DELETE /machines/{machine_id}/scopes/{other_machine_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/machines)). Documented error statuses:
/// 400, 401, 403, 404, 422.
pub fn delete_scope(machine_id: impl Into<Id>, other_machine_id: impl Into<Id>) -> DeleteScope {
    DeleteScope { machine_id: machine_id.into(), other_machine_id: other_machine_id.into() }
}

/// The operation that [`delete_scope`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct DeleteScope {
    machine_id: Id,
    other_machine_id: Id,
}

opaque!(DeleteScope);

impl Operation for DeleteScope {
    type Output = DeletedMachineScope;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeleteMachineScope",
        Method::DELETE,
        "/machines/{machine_id}/scopes/{other_machine_id}",
        "Machines",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("machine_id", &self.machine_id)
            .path("other_machine_id", &self.other_machine_id)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
