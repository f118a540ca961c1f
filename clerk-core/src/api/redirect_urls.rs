//! Addresses that native applications may be sent back to after signing in.
//!
//! ```
//! use clerk_core::{Operation, api::redirect_urls};
//!
//! let request = redirect_urls::create("my-app://callback").request().unwrap();
//! assert_eq!(request.body(), r#"{"url":"my-app://callback"}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::Id,
    model::{DeletedObject, RedirectUrl},
    opaque::opaque,
    operation::{Operation, OperationInfo},
    page::{Paged, Window},
};

/// Lists the addresses that may be redirected to.
///
/// `GET /redirect_urls` ([reference](https://clerk.com/docs/reference/backend-api/tag/redirect-urls)).
/// No error status is documented.
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
    type Output = Page<RedirectUrl>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("ListRedirectURLs", Method::GET, "/redirect_urls", "Redirect URLs");

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
    type Item = RedirectUrl;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Allows an address: `https://…`, or one with a scheme of the application's own.
///
/// `POST /redirect_urls` ([reference](https://clerk.com/docs/reference/backend-api/tag/redirect-urls)).
/// Documented error statuses: 400, 422.
pub fn create(url: impl Into<String>) -> Create {
    Create { url: url.into() }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    url: String,
}

opaque!(Create);

impl Operation for Create {
    type Output = RedirectUrl;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateRedirectURL", Method::POST, "/redirect_urls", "Redirect URLs");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.required("url", &self.url);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One address that may be redirected to.
///
/// `GET /redirect_urls/{id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/redirect-urls)). Documented error
/// status: 404.
pub fn get(id: impl Into<Id>) -> Get {
    Get { id: id.into() }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    id: Id,
}

opaque!(Get);

impl Operation for Get {
    type Output = RedirectUrl;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetRedirectURL", Method::GET, "/redirect_urls/{id}", "Redirect URLs");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("id", &self.id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Takes an address off the list.
///
/// `DELETE /redirect_urls/{id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/redirect-urls)). Documented error
/// status: 404.
pub fn delete(id: impl Into<Id>) -> Delete {
    Delete { id: id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    id: Id,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("DeleteRedirectURL", Method::DELETE, "/redirect_urls/{id}", "Redirect URLs");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("id", &self.id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
