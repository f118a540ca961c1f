//! Testing tokens, which let automated tests past bot protection.
//!
//! ```
//! use clerk_core::{Operation, api::testing_tokens};
//!
//! assert_eq!(testing_tokens::create().request().unwrap().uri(), "/testing_tokens");
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    model::TestingToken,
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
};

/// Creates a testing token.
///
/// `POST /testing_tokens`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/testing-tokens)). No error status is
/// documented.
pub fn create() -> Create {
    Create
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create;

opaque!(Create);

impl Operation for Create {
    type Output = TestingToken;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateTestingToken", Method::POST, "/testing_tokens", "Testing Tokens")
            .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
