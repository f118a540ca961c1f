//! API keys: with them users and organizations use the application's own API.
//!
//! ```
//! use clerk_core::{Operation, api::api_keys};
//!
//! let request = api_keys::create("build server", "user_1").scopes(["read"]).request().unwrap();
//! assert_eq!(request.body(), r#"{"name":"build server","subject":"user_1","scopes":["read"]}"#);
//!
//! let request = api_keys::list("user_1").include_invalid(true).request().unwrap();
//! assert_eq!(request.uri(), "/api_keys?subject=user_1&include_invalid=true");
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::Value;

use crate::{
    Nullable, Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::{Id, UserId},
    model::{ApiKey, ApiKeySecret, ApiKeyWithSecret, DeletedObject},
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
    page::{Paged, Window},
};

/// Lists the API keys of a user or an organization.
///
/// `GET /api_keys` ([reference](https://clerk.com/docs/reference/backend-api/tag/api-keys)). Documented
/// error statuses: 400, 404.
pub fn list(subject: impl Into<Id>) -> List {
    List {
        r#type: None,
        subject: subject.into(),
        include_invalid: None,
        limit: None,
        offset: None,
        query: None,
    }
}

/// The operation that [`list`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct List {
    r#type: Option<String>,
    subject: Id,
    include_invalid: Option<bool>,
    limit: Option<u32>,
    offset: Option<u32>,
    query: Option<String>,
}

opaque!(List);

impl List {
    /// Only keys of this kind; `api_key` when left out.
    pub fn r#type(mut self, r#type: impl Into<String>) -> Self {
        self.r#type = Some(r#type.into());
        self
    }

    /// Whether to give revoked and expired ones too.
    pub fn include_invalid(mut self, include_invalid: bool) -> Self {
        self.include_invalid = Some(include_invalid);
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

    /// Only those in which one of the searched fields contains this text.
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
        self
    }
}

impl Operation for List {
    type Output = Page<ApiKey>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("getApiKeys", Method::GET, "/api_keys", "API Keys");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query_opt("type", self.r#type.as_ref())
            .query("subject", &self.subject)
            .query_opt("include_invalid", self.include_invalid.as_ref())
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .query_opt("query", self.query.as_ref())
            .letters("type", self.r#type.as_ref(), 3..)
            .number("limit", self.limit, 1..=100)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for List {
    type Item = ApiKey;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Creates an API key for a user or an organization. The name has at least 3 characters.
///
/// `POST /api_keys` ([reference](https://clerk.com/docs/reference/backend-api/tag/api-keys)).
/// Documented error statuses: 400, 409.
pub fn create(name: impl Into<String>, subject: impl Into<Id>) -> Create {
    Create {
        r#type: None,
        name: name.into(),
        description: Nullable::Absent,
        subject: subject.into(),
        claims: Nullable::Absent,
        scopes: None,
        created_by: Nullable::Absent,
        seconds_until_expiration: Nullable::Absent,
    }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    r#type: Option<String>,
    name: String,
    description: Nullable<String>,
    subject: Id,
    claims: Nullable<Value>,
    scopes: Option<Vec<String>>,
    created_by: Nullable<UserId>,
    seconds_until_expiration: Nullable<i64>,
}

opaque!(Create);

impl Create {
    /// What kind of key it is, 3 to 25 characters; `api_key` when left out.
    pub fn r#type(mut self, r#type: impl Into<String>) -> Self {
        self.r#type = Some(r#type.into());
        self
    }

    /// What it is, for people. At most 255 characters.
    pub fn description(mut self, description: impl Into<Nullable<String>>) -> Self {
        self.description = description.into();
        self
    }

    /// What the application wants to be known with it: any JSON.
    pub fn claims(mut self, claims: impl Into<Nullable<Value>>) -> Self {
        self.claims = claims.into();
        self
    }

    /// What it is good for, in the application's own words.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// The user who creates it.
    pub fn created_by(mut self, created_by: impl Into<Nullable<UserId>>) -> Self {
        self.created_by = created_by.into();
        self
    }

    /// How many seconds it is good for.
    pub fn seconds_until_expiration(mut self, seconds_until_expiration: impl Into<Nullable<i64>>) -> Self {
        self.seconds_until_expiration = seconds_until_expiration.into();
        self
    }
}

impl Operation for Create {
    type Output = ApiKeyWithSecret;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("createApiKey", Method::POST, "/api_keys", "API Keys");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .letters("type", self.r#type.as_ref(), 3..=25)
            .letters("name", Some(&self.name), 3..)
            .letters("description", self.description.value(), ..=255)
            .number("seconds_until_expiration", self.seconds_until_expiration.value().copied(), 1..)
            .json(|body| {
                body.optional("type", &self.r#type)
                    .required("name", &self.name)
                    .nullable("description", &self.description)
                    .required("subject", &self.subject)
                    .nullable("claims", &self.claims)
                    .optional("scopes", &self.scopes)
                    .nullable("created_by", &self.created_by)
                    .nullable("seconds_until_expiration", &self.seconds_until_expiration);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One API key.
///
/// `GET /api_keys/{apiKeyID}` ([reference](https://clerk.com/docs/reference/backend-api/tag/api-keys)).
/// Documented error statuses: 400, 404.
pub fn get(api_key_id: impl Into<Id>) -> Get {
    Get { api_key_id: api_key_id.into() }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    api_key_id: Id,
}

opaque!(Get);

impl Operation for Get {
    type Output = ApiKey;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("getApiKey", Method::GET, "/api_keys/{apiKeyID}", "API Keys");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("apiKeyID", &self.api_key_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes an API key.
///
/// `PATCH /api_keys/{apiKeyID}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/api-keys)). Documented error statuses:
/// 400, 404.
pub fn update(api_key_id: impl Into<Id>) -> Update {
    Update {
        api_key_id: api_key_id.into(),
        claims: Nullable::Absent,
        scopes: None,
        description: Nullable::Absent,
        subject: None,
        seconds_until_expiration: Nullable::Absent,
    }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    api_key_id: Id,
    claims: Nullable<Value>,
    scopes: Option<Vec<String>>,
    description: Nullable<String>,
    subject: Option<Id>,
    seconds_until_expiration: Nullable<i64>,
}

opaque!(Update);

impl Update {
    /// What the application wants to be known with it: any JSON.
    pub fn claims(mut self, claims: impl Into<Nullable<Value>>) -> Self {
        self.claims = claims.into();
        self
    }

    /// What it is good for, in the application's own words.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// What it is, for people. At most 255 characters.
    pub fn description(mut self, description: impl Into<Nullable<String>>) -> Self {
        self.description = description.into();
        self
    }

    /// The user or organization it is for.
    pub fn subject(mut self, subject: impl Into<Id>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// How many seconds it is good for from now on.
    pub fn seconds_until_expiration(mut self, seconds_until_expiration: impl Into<Nullable<i64>>) -> Self {
        self.seconds_until_expiration = seconds_until_expiration.into();
        self
    }
}

impl Operation for Update {
    type Output = ApiKey;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("updateApiKey", Method::PATCH, "/api_keys/{apiKeyID}", "API Keys");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("apiKeyID", &self.api_key_id)
            .letters("description", self.description.value(), ..=255)
            .number("seconds_until_expiration", self.seconds_until_expiration.value().copied(), 1..)
            .json(|body| {
                body.nullable("claims", &self.claims)
                    .optional("scopes", &self.scopes)
                    .nullable("description", &self.description)
                    .optional("subject", &self.subject)
                    .nullable("seconds_until_expiration", &self.seconds_until_expiration);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes an API key.
///
/// `DELETE /api_keys/{apiKeyID}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/api-keys)). Documented error statuses:
/// 400, 404.
pub fn delete(api_key_id: impl Into<Id>) -> Delete {
    Delete { api_key_id: api_key_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    api_key_id: Id,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("deleteApiKey", Method::DELETE, "/api_keys/{apiKeyID}", "API Keys");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("apiKeyID", &self.api_key_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// An API key's secret.
///
/// `GET /api_keys/{apiKeyID}/secret`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/api-keys)). Documented error statuses:
/// 400, 404.
pub fn get_secret(api_key_id: impl Into<Id>) -> GetSecret {
    GetSecret { api_key_id: api_key_id.into() }
}

/// The operation that [`get_secret`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GetSecret {
    api_key_id: Id,
}

opaque!(GetSecret);

impl Operation for GetSecret {
    type Output = ApiKeySecret;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("getApiKeySecret", Method::GET, "/api_keys/{apiKeyID}/secret", "API Keys");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("apiKeyID", &self.api_key_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Revokes an API key.
///
/// `POST /api_keys/{apiKeyID}/revoke`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/api-keys)). Documented error statuses:
/// 400, 404.
pub fn revoke(api_key_id: impl Into<Id>) -> Revoke {
    Revoke { api_key_id: api_key_id.into(), revocation_reason: Nullable::Absent }
}

/// The operation that [`revoke`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Revoke {
    api_key_id: Id,
    revocation_reason: Nullable<String>,
}

opaque!(Revoke);

impl Revoke {
    /// Why it is revoked.
    pub fn revocation_reason(mut self, revocation_reason: impl Into<Nullable<String>>) -> Self {
        self.revocation_reason = revocation_reason.into();
        self
    }
}

impl Operation for Revoke {
    type Output = ApiKey;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("revokeApiKey", Method::POST, "/api_keys/{apiKeyID}/revoke", "API Keys");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("apiKeyID", &self.api_key_id)
            .json(|body| {
                body.nullable("revocation_reason", &self.revocation_reason);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Verifies an API key by its secret.
///
/// `POST /api_keys/verify` ([reference](https://clerk.com/docs/reference/backend-api/tag/api-keys)).
/// Documented error statuses: 400, 404.
pub fn verify(secret: impl Into<String>) -> Verify {
    Verify { secret: secret.into() }
}

/// The operation that [`verify`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Verify {
    secret: String,
}

opaque!(Verify);

impl Operation for Verify {
    type Output = ApiKey;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("verifyApiKey", Method::POST, "/api_keys/verify", "API Keys").retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.required("secret", &self.secret);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
