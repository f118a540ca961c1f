//! Clients: the browsers and devices that sessions run on.
//!
//! ```
//! use clerk_core::{Operation, api::clients};
//!
//! let request = clients::verify("a client's token").request().unwrap();
//! assert_eq!(request.uri(), "/clients/verify");
//! assert_eq!(request.body(), r#"{"token":"a client's token"}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::ClientId,
    model::{Client, HandshakePayload},
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
    page::{Paged, Window},
};

/// Lists the instance's clients.
///
/// `GET /clients` ([reference](https://clerk.com/docs/reference/backend-api/tag/clients)). Documented
/// error statuses: 400, 401, 410, 422.
#[deprecated(note = "Clerk is retiring this operation and may answer with status 410")]
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
    type Output = Page<Client>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetClientList", Method::GET, "/clients", "Clients");

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
    type Item = Client;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// The client whose token this is, when the token is valid.
///
/// `POST /clients/verify` ([reference](https://clerk.com/docs/reference/backend-api/tag/clients)).
/// Documented error statuses: 400, 401, 404.
pub fn verify(token: impl Into<String>) -> Verify {
    Verify { token: token.into() }
}

/// The operation that [`verify`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Verify {
    token: String,
}

opaque!(Verify);

impl Operation for Verify {
    type Output = Client;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("VerifyClient", Method::POST, "/clients/verify", "Clients").retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.required("token", &self.token);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One client, with its sessions.
///
/// `GET /clients/{client_id}` ([reference](https://clerk.com/docs/reference/backend-api/tag/clients)).
/// Documented error statuses: 400, 401, 404.
pub fn get(client_id: impl Into<ClientId>) -> Get {
    Get { client_id: client_id.into() }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    client_id: ClientId,
}

opaque!(Get);

impl Operation for Get {
    type Output = Client;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetClient", Method::GET, "/clients/{client_id}", "Clients");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("client_id", &self.client_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// The cookies that a handshake gives, for the nonce that it came back with.
///
/// `GET /clients/handshake_payload`. Clerk's published document leaves this operation out: it may
/// change, or go, without notice.
pub fn get_handshake_payload(nonce: impl Into<String>) -> GetHandshakePayload {
    GetHandshakePayload { nonce: nonce.into() }
}

/// The operation that [`get_handshake_payload`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GetHandshakePayload {
    nonce: String,
}

opaque!(GetHandshakePayload);

impl Operation for GetHandshakePayload {
    type Output = HandshakePayload;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetHandshakePayload", Method::GET, "/clients/handshake_payload", "Clients")
            .undocumented();

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).query("nonce", &self.nonce).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
