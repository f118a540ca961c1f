//! Access tokens that Clerk issued as an OAuth provider.
//!
//! ```
//! use clerk_core::{Operation, api::oauth_access_tokens};
//!
//! let request = oauth_access_tokens::verify("oat_1").request().unwrap();
//! assert_eq!(request.uri(), "/oauth_applications/access_tokens/verify");
//! assert_eq!(request.body(), r#"{"access_token":"oat_1"}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    model::OAuthAccessTokenVerification,
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
};

/// Verifies an access token that Clerk issued for an OAuth application.
///
/// `POST /oauth_applications/access_tokens/verify`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/oauth-access-tokens)). Documented
/// error statuses: 400, 404.
pub fn verify(access_token: impl Into<String>) -> Verify {
    Verify { access_token: access_token.into() }
}

/// The operation that [`verify`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Verify {
    access_token: String,
}

opaque!(Verify);

impl Operation for Verify {
    type Output = OAuthAccessTokenVerification;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "verifyOAuthAccessToken",
        Method::POST,
        "/oauth_applications/access_tokens/verify",
        "OAuth Access Tokens",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.required("access_token", &self.access_token);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
