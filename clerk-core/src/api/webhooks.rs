//! The account at Svix that sends the instance's webhooks.
//!
//! ```
//! use clerk_core::{Operation, api::webhooks};
//!
//! assert_eq!(webhooks::generate_svix_auth_url().request().unwrap().uri(), "/webhooks/svix_url");
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    model::SvixUrl,
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
};

/// Creates the instance's account at Svix.
///
/// `POST /webhooks/svix` ([reference](https://clerk.com/docs/reference/backend-api/tag/webhooks)).
/// Documented error status: 400.
pub fn create_svix_app() -> CreateSvixApp {
    CreateSvixApp
}

/// The operation that [`create_svix_app`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct CreateSvixApp;

opaque!(CreateSvixApp);

impl Operation for CreateSvixApp {
    type Output = SvixUrl;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateSvixApp", Method::POST, "/webhooks/svix", "Webhooks");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes the instance's account at Svix.
///
/// `DELETE /webhooks/svix` ([reference](https://clerk.com/docs/reference/backend-api/tag/webhooks)).
/// Documented error status: 400.
pub fn delete_svix_app() -> DeleteSvixApp {
    DeleteSvixApp
}

/// The operation that [`delete_svix_app`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct DeleteSvixApp;

opaque!(DeleteSvixApp);

impl Operation for DeleteSvixApp {
    type Output = ();
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("DeleteSvixApp", Method::DELETE, "/webhooks/svix", "Webhooks");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::empty(Self::INFO, response)
    }
}

/// Creates an address of the Svix dashboard, where the instance's webhooks are managed.
///
/// `POST /webhooks/svix_url` ([reference](https://clerk.com/docs/reference/backend-api/tag/webhooks)).
/// Documented error status: 400.
pub fn generate_svix_auth_url() -> GenerateSvixAuthUrl {
    GenerateSvixAuthUrl
}

/// The operation that [`generate_svix_auth_url`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GenerateSvixAuthUrl;

opaque!(GenerateSvixAuthUrl);

impl Operation for GenerateSvixAuthUrl {
    type Output = SvixUrl;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GenerateSvixAuthURL", Method::POST, "/webhooks/svix_url", "Webhooks")
            .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
