//! Sign-in tokens, each of which signs one user in once.
//!
//! ```
//! use clerk_core::{Operation, api::sign_in_tokens};
//!
//! let request = sign_in_tokens::create("user_1").expires_in_seconds(3600).request().unwrap();
//! assert_eq!(request.body(), r#"{"user_id":"user_1","expires_in_seconds":3600}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Nullable, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::{Id, OrganizationId, UserId},
    model::SignInToken,
    opaque::opaque,
    operation::{Operation, OperationInfo},
};

/// Creates a sign-in token for a user.
///
/// `POST /sign_in_tokens`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/sign-in-tokens)). Documented error
/// statuses: 403, 404, 422.
pub fn create(user_id: impl Into<UserId>) -> Create {
    Create { user_id: user_id.into(), org_id: Nullable::Absent, expires_in_seconds: Nullable::Absent }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    user_id: UserId,
    org_id: Nullable<OrganizationId>,
    expires_in_seconds: Nullable<i64>,
}

opaque!(Create);

impl Create {
    /// The organization that becomes active when the user signs in; the user has to be a member.
    pub fn org_id(mut self, org_id: impl Into<Nullable<OrganizationId>>) -> Self {
        self.org_id = org_id.into();
        self
    }

    /// How many seconds it can be used; 2592000, which is 30 days, when left out.
    pub fn expires_in_seconds(mut self, expires_in_seconds: impl Into<Nullable<i64>>) -> Self {
        self.expires_in_seconds = expires_in_seconds.into();
        self
    }
}

impl Operation for Create {
    type Output = SignInToken;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateSignInToken", Method::POST, "/sign_in_tokens", "Sign-in Tokens");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .number("expires_in_seconds", self.expires_in_seconds.value().copied(), 1..)
            .json(|body| {
                body.required("user_id", &self.user_id)
                    .nullable("org_id", &self.org_id)
                    .nullable("expires_in_seconds", &self.expires_in_seconds);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Revokes a sign-in token that was not used yet.
///
/// `POST /sign_in_tokens/{sign_in_token_id}/revoke`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/sign-in-tokens)). Documented error
/// statuses: 400, 404.
pub fn revoke(sign_in_token_id: impl Into<Id>) -> Revoke {
    Revoke { sign_in_token_id: sign_in_token_id.into() }
}

/// The operation that [`revoke`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Revoke {
    sign_in_token_id: Id,
}

opaque!(Revoke);

impl Operation for Revoke {
    type Output = SignInToken;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "RevokeSignInToken",
        Method::POST,
        "/sign_in_tokens/{sign_in_token_id}/revoke",
        "Sign-in Tokens",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("sign_in_token_id", &self.sign_in_token_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
