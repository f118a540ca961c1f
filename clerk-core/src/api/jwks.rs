//! The instance's public keys.
//!
//! ```
//! use clerk_core::{Operation, api::jwks};
//!
//! assert_eq!(jwks::get_jwks().request().unwrap().uri(), "/jwks");
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    model::Jwks,
    opaque::opaque,
    operation::{Operation, OperationInfo},
};

/// The public keys of the instance, with which its session tokens can be verified.
///
/// `GET /jwks` ([reference](https://clerk.com/docs/reference/backend-api/tag/jwks)). No error status is
/// documented.
pub fn get_jwks() -> GetJwks {
    GetJwks
}

/// The operation that [`get_jwks`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GetJwks;

opaque!(GetJwks);

impl Operation for GetJwks {
    type Output = Jwks;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new("GetJWKS", Method::GET, "/jwks", "JWKS");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
