//! JWT templates: which claims a token for another service has.
//!
//! ```
//! use clerk_core::{Metadata, Operation, api::jwt_templates};
//!
//! let claims = Metadata::new().with("aud", "shop");
//! let request = jwt_templates::create("shop", claims).lifetime(60).request().unwrap();
//! assert_eq!(request.body(), r#"{"name":"shop","claims":{"aud":"shop"},"lifetime":60}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Metadata, Nullable, Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::Id,
    model::{DeletedObject, JwtTemplate},
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
    page::{Paged, Window},
};

/// Lists JWT templates.
///
/// `GET /jwt_templates` ([reference](https://clerk.com/docs/reference/backend-api/tag/jwt-templates)).
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
    type Output = Page<JwtTemplate>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("ListJWTTemplates", Method::GET, "/jwt_templates", "JWT Templates");

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
    type Item = JwtTemplate;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Creates a JWT template. Takes its name and the claims, in which shortcodes such as `{{user.id}}` are
/// filled in.
///
/// `POST /jwt_templates` ([reference](https://clerk.com/docs/reference/backend-api/tag/jwt-templates)).
/// Documented error statuses: 400, 402, 422.
pub fn create(name: impl Into<String>, claims: impl Into<Metadata>) -> Create {
    Create {
        name: name.into(),
        claims: claims.into(),
        lifetime: Nullable::Absent,
        allowed_clock_skew: Nullable::Absent,
        custom_signing_key: None,
        signing_algorithm: Nullable::Absent,
        signing_key: Nullable::Absent,
    }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    name: String,
    claims: Metadata,
    lifetime: Nullable<i64>,
    allowed_clock_skew: Nullable<i64>,
    custom_signing_key: Option<bool>,
    signing_algorithm: Nullable<String>,
    signing_key: Nullable<String>,
}

opaque!(Create);

impl Create {
    /// How long a token is good for, 30 to 315360000 seconds; 60 when left out.
    pub fn lifetime(mut self, lifetime: impl Into<Nullable<i64>>) -> Self {
        self.lifetime = lifetime.into();
        self
    }

    /// By how many seconds clocks may differ, 0 to 300.
    pub fn allowed_clock_skew(mut self, allowed_clock_skew: impl Into<Nullable<i64>>) -> Self {
        self.allowed_clock_skew = allowed_clock_skew.into();
        self
    }

    /// Whether to sign with a key of the application's own; needs `signing_algorithm` and `signing_key`.
    pub fn custom_signing_key(mut self, custom_signing_key: bool) -> Self {
        self.custom_signing_key = Some(custom_signing_key);
        self
    }

    /// The algorithm to sign with, such as `RS256`.
    pub fn signing_algorithm(mut self, signing_algorithm: impl Into<Nullable<String>>) -> Self {
        self.signing_algorithm = signing_algorithm.into();
        self
    }

    /// The private key to sign with.
    pub fn signing_key(mut self, signing_key: impl Into<Nullable<String>>) -> Self {
        self.signing_key = signing_key.into();
        self
    }
}

impl Operation for Create {
    type Output = JwtTemplate;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateJWTTemplate", Method::POST, "/jwt_templates", "JWT Templates");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .number("lifetime", self.lifetime.value().copied(), 30..=315360000)
            .number("allowed_clock_skew", self.allowed_clock_skew.value().copied(), 0..=300)
            .json(|body| {
                body.required("name", &self.name)
                    .required("claims", &self.claims)
                    .nullable("lifetime", &self.lifetime)
                    .nullable("allowed_clock_skew", &self.allowed_clock_skew)
                    .optional("custom_signing_key", &self.custom_signing_key)
                    .nullable("signing_algorithm", &self.signing_algorithm)
                    .nullable("signing_key", &self.signing_key);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One JWT template.
///
/// `GET /jwt_templates/{template_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/jwt-templates)). Documented error
/// status: 404.
pub fn get(template_id: impl Into<Id>) -> Get {
    Get { template_id: template_id.into() }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    template_id: Id,
}

opaque!(Get);

impl Operation for Get {
    type Output = JwtTemplate;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetJWTTemplate", Method::GET, "/jwt_templates/{template_id}", "JWT Templates");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("template_id", &self.template_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes a JWT template. The name and the claims have to be given even when they stay.
///
/// `PATCH /jwt_templates/{template_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/jwt-templates)). Documented error
/// statuses: 400, 402, 422.
pub fn update(template_id: impl Into<Id>, name: impl Into<String>, claims: impl Into<Metadata>) -> Update {
    Update {
        template_id: template_id.into(),
        name: name.into(),
        claims: claims.into(),
        lifetime: Nullable::Absent,
        allowed_clock_skew: Nullable::Absent,
        custom_signing_key: None,
        signing_algorithm: Nullable::Absent,
        signing_key: Nullable::Absent,
    }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    template_id: Id,
    name: String,
    claims: Metadata,
    lifetime: Nullable<i64>,
    allowed_clock_skew: Nullable<i64>,
    custom_signing_key: Option<bool>,
    signing_algorithm: Nullable<String>,
    signing_key: Nullable<String>,
}

opaque!(Update);

impl Update {
    /// How long a token is good for, 30 to 315360000 seconds; 60 when left out.
    pub fn lifetime(mut self, lifetime: impl Into<Nullable<i64>>) -> Self {
        self.lifetime = lifetime.into();
        self
    }

    /// By how many seconds clocks may differ, 0 to 300.
    pub fn allowed_clock_skew(mut self, allowed_clock_skew: impl Into<Nullable<i64>>) -> Self {
        self.allowed_clock_skew = allowed_clock_skew.into();
        self
    }

    /// Whether to sign with a key of the application's own; needs `signing_algorithm` and `signing_key`.
    pub fn custom_signing_key(mut self, custom_signing_key: bool) -> Self {
        self.custom_signing_key = Some(custom_signing_key);
        self
    }

    /// The algorithm to sign with, such as `RS256`.
    pub fn signing_algorithm(mut self, signing_algorithm: impl Into<Nullable<String>>) -> Self {
        self.signing_algorithm = signing_algorithm.into();
        self
    }

    /// The private key to sign with.
    pub fn signing_key(mut self, signing_key: impl Into<Nullable<String>>) -> Self {
        self.signing_key = signing_key.into();
        self
    }
}

impl Operation for Update {
    type Output = JwtTemplate;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpdateJWTTemplate",
        Method::PATCH,
        "/jwt_templates/{template_id}",
        "JWT Templates",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("template_id", &self.template_id)
            .number("lifetime", self.lifetime.value().copied(), 30..=315360000)
            .number("allowed_clock_skew", self.allowed_clock_skew.value().copied(), 0..=300)
            .json(|body| {
                body.required("name", &self.name)
                    .required("claims", &self.claims)
                    .nullable("lifetime", &self.lifetime)
                    .nullable("allowed_clock_skew", &self.allowed_clock_skew)
                    .optional("custom_signing_key", &self.custom_signing_key)
                    .nullable("signing_algorithm", &self.signing_algorithm)
                    .nullable("signing_key", &self.signing_key);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes a JWT template.
///
/// `DELETE /jwt_templates/{template_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/jwt-templates)). Documented error
/// statuses: 403, 404.
pub fn delete(template_id: impl Into<Id>) -> Delete {
    Delete { template_id: template_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    template_id: Id,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeleteJWTTemplate",
        Method::DELETE,
        "/jwt_templates/{template_id}",
        "JWT Templates",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("template_id", &self.template_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
