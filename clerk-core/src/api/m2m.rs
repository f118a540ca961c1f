//! M2M tokens: what a machine shows to another one.
//!
//! Creating takes the machine's own secret key. The other operations take that or the instance's secret
//! key.
//!
//! ```
//! use clerk_core::{Operation, api::m2m::{self, CreateToken}, operation::Credential};
//! use serde_json::json;
//!
//! let request = m2m::create_token().seconds_until_expiration(60).claims(json!({"job": 7})).request().unwrap();
//! assert_eq!(CreateToken::INFO.credential, Credential::MachineSecretKey);
//! assert_eq!(request.uri(), "/m2m_tokens");
//! assert_eq!(request.body(), r#"{"seconds_until_expiration":60,"claims":{"job":7}}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::Value;

use crate::{
    Nullable, Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::Id,
    model::{CreatedM2mToken, M2mToken, M2mTokenFormat},
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
    page::{Paged, Window},
};

/// Lists the tokens of a machine. Tokens in JWT format are not stored, and so not listed.
///
/// `GET /m2m_tokens` ([reference](https://clerk.com/docs/reference/backend-api/tag/m2m-tokens)).
/// Documented error statuses: 400, 403, 404.
pub fn list_tokens(subject: impl Into<Id>) -> ListTokens {
    ListTokens { subject: subject.into(), revoked: None, expired: None, limit: None, offset: None }
}

/// The operation that [`list_tokens`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ListTokens {
    subject: Id,
    revoked: Option<bool>,
    expired: Option<bool>,
    limit: Option<u32>,
    offset: Option<u32>,
}

opaque!(ListTokens);

impl ListTokens {
    /// Whether to give revoked tokens too.
    pub fn revoked(mut self, revoked: bool) -> Self {
        self.revoked = Some(revoked);
        self
    }

    /// Whether to give expired tokens too.
    pub fn expired(mut self, expired: bool) -> Self {
        self.expired = Some(expired);
        self
    }

    /// How many to give at most, 1 to 100; 10 when left out.
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

impl Operation for ListTokens {
    type Output = Page<M2mToken>;
    type Credential = credential::MachineOrSecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("getM2MTokens", Method::GET, "/m2m_tokens", "M2M Tokens")
            .credential::<Self::Credential>();

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query("subject", &self.subject)
            .query_opt("revoked", self.revoked.as_ref())
            .query_opt("expired", self.expired.as_ref())
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .number("limit", self.limit, 1..=100)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for ListTokens {
    type Item = M2mToken;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Creates a token for the machine whose secret key is used.
///
/// `POST /m2m_tokens` ([reference](https://clerk.com/docs/reference/backend-api/tag/m2m-tokens)).
/// Documented error statuses: 400, 409.
pub fn create_token() -> CreateToken {
    CreateToken {
        token_format: None,
        seconds_until_expiration: Nullable::Absent,
        claims: Nullable::Absent,
        min_remaining_ttl_seconds: None,
    }
}

/// The operation that [`create_token`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct CreateToken {
    token_format: Option<M2mTokenFormat>,
    seconds_until_expiration: Nullable<i64>,
    claims: Nullable<Value>,
    min_remaining_ttl_seconds: Option<i64>,
}

opaque!(CreateToken);

impl CreateToken {
    /// How the token is made; opaque when left out.
    pub fn token_format(mut self, token_format: impl Into<M2mTokenFormat>) -> Self {
        self.token_format = Some(token_format.into());
        self
    }

    /// How many seconds it is good for.
    pub fn seconds_until_expiration(mut self, seconds_until_expiration: impl Into<Nullable<i64>>) -> Self {
        self.seconds_until_expiration = seconds_until_expiration.into();
        self
    }

    /// What the application wants to be known with it: any JSON.
    pub fn claims(mut self, claims: impl Into<Nullable<Value>>) -> Self {
        self.claims = claims.into();
        self
    }

    /// When there is a token with the same claims that is good for at least so many seconds more, to get
    /// that one. Only for opaque tokens.
    pub fn min_remaining_ttl_seconds(mut self, min_remaining_ttl_seconds: i64) -> Self {
        self.min_remaining_ttl_seconds = Some(min_remaining_ttl_seconds);
        self
    }
}

impl Operation for CreateToken {
    type Output = CreatedM2mToken;
    type Credential = credential::MachineSecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("createM2MToken", Method::POST, "/m2m_tokens", "M2M Tokens")
            .credential::<Self::Credential>();

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .number("seconds_until_expiration", self.seconds_until_expiration.value().copied(), 1..)
            .number("min_remaining_ttl_seconds", self.min_remaining_ttl_seconds, 0..)
            .json(|body| {
                body.optional("token_format", &self.token_format)
                    .nullable("seconds_until_expiration", &self.seconds_until_expiration)
                    .nullable("claims", &self.claims)
                    .optional("min_remaining_ttl_seconds", &self.min_remaining_ttl_seconds);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Revokes a token. One in JWT format cannot be revoked.
///
/// `POST /m2m_tokens/{m2m_token_id}/revoke`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/m2m-tokens)). Documented error
/// statuses: 400, 404.
pub fn revoke_token(m2m_token_id: impl Into<Id>) -> RevokeToken {
    RevokeToken { m2m_token_id: m2m_token_id.into(), revocation_reason: Nullable::Absent }
}

/// The operation that [`revoke_token`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct RevokeToken {
    m2m_token_id: Id,
    revocation_reason: Nullable<String>,
}

opaque!(RevokeToken);

impl RevokeToken {
    /// Why it is revoked.
    pub fn revocation_reason(mut self, revocation_reason: impl Into<Nullable<String>>) -> Self {
        self.revocation_reason = revocation_reason.into();
        self
    }
}

impl Operation for RevokeToken {
    type Output = M2mToken;
    type Credential = credential::MachineOrSecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "revokeM2MToken",
        Method::POST,
        "/m2m_tokens/{m2m_token_id}/revoke",
        "M2M Tokens",
    )
    .credential::<Self::Credential>();

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("m2m_token_id", &self.m2m_token_id)
            .json(|body| {
                body.nullable("revocation_reason", &self.revocation_reason);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Verifies a token. With a machine's secret key, only tokens meant for that machine are good.
///
/// `POST /m2m_tokens/verify`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/m2m-tokens)). Documented error
/// statuses: 400, 404.
pub fn verify_token(token: impl Into<String>) -> VerifyToken {
    VerifyToken { token: token.into() }
}

/// The operation that [`verify_token`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct VerifyToken {
    token: String,
}

opaque!(VerifyToken);

impl Operation for VerifyToken {
    type Output = M2mToken;
    type Credential = credential::MachineOrSecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("verifyM2MToken", Method::POST, "/m2m_tokens/verify", "M2M Tokens")
            .retry(Retry::Safe)
            .credential::<Self::Credential>();

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
