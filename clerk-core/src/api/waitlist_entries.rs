//! The waitlist: add people, then invite or reject them.
//!
//! ```
//! use clerk_core::{Operation, api::waitlist_entries};
//!
//! let request = waitlist_entries::create("ada@example.com").notify(false).request().unwrap();
//! assert_eq!(request.body(), r#"{"email_address":"ada@example.com","notify":false}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};
use serde::Serialize;

use crate::{
    Nullable, Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::Id,
    model::{DeletedObject, WaitlistEntry, WaitlistEntryStatus},
    opaque::opaque,
    operation::{Operation, OperationInfo},
    page::{Paged, Window},
};

/// Lists the waitlist.
///
/// `GET /waitlist_entries`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/waitlist-entries)). No error status is
/// documented.
pub fn list() -> List {
    List { limit: None, offset: None, query: None, status: None, order_by: None }
}

/// The operation that [`list`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct List {
    limit: Option<u32>,
    offset: Option<u32>,
    query: Option<String>,
    status: Option<WaitlistEntryStatus>,
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

    /// Only entries whose e-mail address or id contains this text.
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
        self
    }

    /// Only those that stand so.
    pub fn status(mut self, status: impl Into<WaitlistEntryStatus>) -> Self {
        self.status = Some(status.into());
        self
    }

    /// What to order by: a field's name, after `-` for descending order.
    pub fn order_by(mut self, order_by: impl Into<String>) -> Self {
        self.order_by = Some(order_by.into());
        self
    }
}

impl Operation for List {
    type Output = Page<WaitlistEntry>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("ListWaitlistEntries", Method::GET, "/waitlist_entries", "Waitlist Entries");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .query_opt("query", self.query.as_ref())
            .query_opt("status", self.status.as_ref())
            .query_opt("order_by", self.order_by.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for List {
    type Item = WaitlistEntry;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Adds an e-mail address to the waitlist. One that stands there already is given back as it is.
///
/// `POST /waitlist_entries`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/waitlist-entries)). Documented error
/// statuses: 400, 422.
pub fn create(email_address: impl Into<String>) -> Create {
    Create { email_address: email_address.into(), notify: Nullable::Absent }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    email_address: String,
    notify: Nullable<bool>,
}

opaque!(Create);

impl Create {
    /// Whether to send a confirmation, as is done when left out.
    pub fn notify(mut self, notify: impl Into<Nullable<bool>>) -> Self {
        self.notify = notify.into();
        self
    }
}

impl Operation for Create {
    type Output = WaitlistEntry;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateWaitlistEntry", Method::POST, "/waitlist_entries", "Waitlist Entries");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.required("email_address", &self.email_address).nullable("notify", &self.notify);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Adds 1 to 50 e-mail addresses to the waitlist, all different. Those that stand there already are
/// given back as they are.
///
/// `POST /waitlist_entries/bulk`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/waitlist-entries)). Documented error
/// statuses: 400, 422.
pub fn bulk_create(body: impl IntoIterator<Item = impl Into<BulkCreateItem>>) -> BulkCreate {
    BulkCreate { body: body.into_iter().map(Into::into).collect() }
}

/// The operation that [`bulk_create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct BulkCreate {
    body: Vec<BulkCreateItem>,
}

opaque!(BulkCreate);

impl Operation for BulkCreate {
    type Output = Vec<WaitlistEntry>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "CreateBulkWaitlistEntries",
        Method::POST,
        "/waitlist_entries/bulk",
        "Waitlist Entries",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .items("body", self.body.len(), 1, 50)
            .json_value("body", &self.body)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes an entry that waits still.
///
/// `DELETE /waitlist_entries/{waitlist_entry_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/waitlist-entries)). Documented error
/// statuses: 400, 404, 409, 422.
pub fn delete(waitlist_entry_id: impl Into<Id>) -> Delete {
    Delete { waitlist_entry_id: waitlist_entry_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    waitlist_entry_id: Id,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeleteWaitlistEntry",
        Method::DELETE,
        "/waitlist_entries/{waitlist_entry_id}",
        "Waitlist Entries",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("waitlist_entry_id", &self.waitlist_entry_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Sends an invitation to who waits.
///
/// `POST /waitlist_entries/{waitlist_entry_id}/invite`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/waitlist-entries)). Documented error
/// statuses: 400, 404, 409, 422.
pub fn invite(waitlist_entry_id: impl Into<Id>) -> Invite {
    Invite { waitlist_entry_id: waitlist_entry_id.into(), ignore_existing: Nullable::Absent }
}

/// The operation that [`invite`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Invite {
    waitlist_entry_id: Id,
    ignore_existing: Nullable<bool>,
}

opaque!(Invite);

impl Invite {
    /// Whether to invite when there is an invitation already, or a user with the address.
    pub fn ignore_existing(mut self, ignore_existing: impl Into<Nullable<bool>>) -> Self {
        self.ignore_existing = ignore_existing.into();
        self
    }
}

impl Operation for Invite {
    type Output = WaitlistEntry;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "InviteWaitlistEntry",
        Method::POST,
        "/waitlist_entries/{waitlist_entry_id}/invite",
        "Waitlist Entries",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("waitlist_entry_id", &self.waitlist_entry_id)
            .json(|body| {
                body.nullable("ignore_existing", &self.ignore_existing);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Rejects an entry.
///
/// `POST /waitlist_entries/{waitlist_entry_id}/reject`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/waitlist-entries)). Documented error
/// statuses: 400, 404, 409, 422.
pub fn reject(waitlist_entry_id: impl Into<Id>) -> Reject {
    Reject { waitlist_entry_id: waitlist_entry_id.into() }
}

/// The operation that [`reject`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Reject {
    waitlist_entry_id: Id,
}

opaque!(Reject);

impl Operation for Reject {
    type Output = WaitlistEntry;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "RejectWaitlistEntry",
        Method::POST,
        "/waitlist_entries/{waitlist_entry_id}/reject",
        "Waitlist Entries",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("waitlist_entry_id", &self.waitlist_entry_id).build()
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
    notify: Nullable<bool>,
}

opaque!(BulkCreateItem);

impl BulkCreateItem {
    /// With what is required.
    pub fn new(email_address: impl Into<String>) -> Self {
        Self { email_address: email_address.into(), notify: Nullable::Absent }
    }

    /// Whether to send an e-mail, as is done when left out.
    pub fn notify(mut self, notify: impl Into<Nullable<bool>>) -> Self {
        self.notify = notify.into();
        self
    }
}
