//! Sign-up attempts: look at one, or change it from the server.
//!
//! ```
//! use clerk_core::{Operation, api::sign_ups};
//!
//! let request = sign_ups::update("sua_1").external_id("customer-7").request().unwrap();
//! assert_eq!(request.body(), r#"{"external_id":"customer-7"}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Nullable, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::Id,
    model::SignUp,
    opaque::opaque,
    operation::{Operation, OperationInfo},
};

/// One sign-up attempt.
///
/// `GET /sign_ups/{id}` ([reference](https://clerk.com/docs/reference/backend-api/tag/sign-ups)).
/// Documented error status: 403.
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
    type Output = SignUp;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetSignUp", Method::GET, "/sign_ups/{id}", "Sign Ups");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("id", &self.id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes a sign-up attempt from the server.
///
/// `PATCH /sign_ups/{id}` ([reference](https://clerk.com/docs/reference/backend-api/tag/sign-ups)).
/// Documented error status: 403.
pub fn update(id: impl Into<Id>) -> Update {
    Update { id: id.into(), external_id: Nullable::Absent, custom_action: Nullable::Absent }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    id: Id,
    external_id: Nullable<String>,
    custom_action: Nullable<bool>,
}

opaque!(Update);

impl Update {
    /// The application's own identifier for it. Unique in the instance.
    pub fn external_id(mut self, external_id: impl Into<Nullable<String>>) -> Self {
        self.external_id = external_id.into();
        self
    }

    /// Whether the application does something of its own before the sign-up is complete.
    pub fn custom_action(mut self, custom_action: impl Into<Nullable<bool>>) -> Self {
        self.custom_action = custom_action.into();
        self
    }
}

impl Operation for Update {
    type Output = SignUp;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("UpdateSignUp", Method::PATCH, "/sign_ups/{id}", "Sign Ups");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("id", &self.id)
            .json(|body| {
                body.nullable("external_id", &self.external_id)
                    .nullable("custom_action", &self.custom_action);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
