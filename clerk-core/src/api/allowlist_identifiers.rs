//! The allow-list: when it is switched on, only who stands on it may sign up.
//!
//! ```
//! use clerk_core::{Operation, api::allowlist_identifiers};
//!
//! let request = allowlist_identifiers::create("*@example.com").notify(false).request().unwrap();
//! assert_eq!(request.body(), r#"{"identifier":"*@example.com","notify":false}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::Id,
    model::{AllowlistIdentifier, DeletedObject},
    opaque::opaque,
    operation::{Operation, OperationInfo},
    page::{Paged, Window},
};

/// Lists the allow-list.
///
/// `GET /allowlist_identifiers`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/allow-list-block-list)). Documented
/// error statuses: 401, 402.
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
    type Output = Page<AllowlistIdentifier>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ListAllowlistIdentifiers",
        Method::GET,
        "/allowlist_identifiers",
        "Allow-list / Block-list",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query("paginated", true)
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
    type Item = AllowlistIdentifier;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Adds an e-mail address, phone number or Web3 wallet to the allow-list, or a whole domain as
/// `*@example.com`.
///
/// `POST /allowlist_identifiers`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/allow-list-block-list)). Documented
/// error statuses: 400, 402, 422.
pub fn create(identifier: impl Into<String>) -> Create {
    Create { identifier: identifier.into(), notify: None }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    identifier: String,
    notify: Option<bool>,
}

opaque!(Create);

impl Create {
    /// Whether to send an invitation as well.
    pub fn notify(mut self, notify: bool) -> Self {
        self.notify = Some(notify);
        self
    }
}

impl Operation for Create {
    type Output = AllowlistIdentifier;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "CreateAllowlistIdentifier",
        Method::POST,
        "/allowlist_identifiers",
        "Allow-list / Block-list",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.required("identifier", &self.identifier).optional("notify", &self.notify);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Takes an entry off the allow-list.
///
/// `DELETE /allowlist_identifiers/{identifier_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/allow-list-block-list)). Documented
/// error statuses: 402, 404.
pub fn delete(identifier_id: impl Into<Id>) -> Delete {
    Delete { identifier_id: identifier_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    identifier_id: Id,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeleteAllowlistIdentifier",
        Method::DELETE,
        "/allowlist_identifiers/{identifier_id}",
        "Allow-list / Block-list",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("identifier_id", &self.identifier_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
