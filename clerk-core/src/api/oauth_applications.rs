//! OAuth applications: clients for which Clerk is the OAuth provider.
//!
//! ```
//! use clerk_core::{Operation, api::oauth_applications};
//!
//! let request = oauth_applications::create("Analyst")
//!     .redirect_uris(vec!["https://example.com/callback".to_owned()])
//!     .scopes("profile email")
//!     .request()
//!     .unwrap();
//! assert_eq!(
//!     request.body(),
//!     r#"{"name":"Analyst","redirect_uris":["https://example.com/callback"],"scopes":"profile email"}"#,
//! );
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Nullable, Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, File, RequestBuilder},
    id::{Id, UserId},
    model::{DeletedObject, OAuthApplication, OAuthApplicationWithSecret},
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
    page::{Paged, Window},
};

/// Lists OAuth applications.
///
/// `GET /oauth_applications`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/oauth-applications)). Documented error
/// statuses: 400, 403, 422.
pub fn list() -> List {
    List { limit: None, offset: None, order_by: None, name_query: None }
}

/// The operation that [`list`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct List {
    limit: Option<u32>,
    offset: Option<u32>,
    order_by: Option<String>,
    name_query: Option<String>,
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

    /// What to order by: a field's name, after `-` for descending order.
    pub fn order_by(mut self, order_by: impl Into<String>) -> Self {
        self.order_by = Some(order_by.into());
        self
    }

    /// Only applications with a name that contains this text, or with this client id.
    pub fn name_query(mut self, name_query: impl Into<String>) -> Self {
        self.name_query = Some(name_query.into());
        self
    }
}

impl Operation for List {
    type Output = Page<OAuthApplication>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ListOAuthApplications",
        Method::GET,
        "/oauth_applications",
        "OAuth Applications",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .query_opt("order_by", self.order_by.as_ref())
            .query_opt("name_query", self.name_query.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for List {
    type Item = OAuthApplication;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Creates an OAuth application. The answer has its client secret. The name has at most 256 characters.
///
/// `POST /oauth_applications`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/oauth-applications)). Documented error
/// statuses: 400, 403, 422.
pub fn create(name: impl Into<String>) -> Create {
    Create {
        name: name.into(),
        redirect_uris: Nullable::Absent,
        callback_url: Nullable::Absent,
        scopes: Nullable::Absent,
        consent_screen_enabled: Nullable::Absent,
        pkce_required: Nullable::Absent,
        public: Nullable::Absent,
    }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    name: String,
    redirect_uris: Nullable<Vec<String>>,
    callback_url: Nullable<String>,
    scopes: Nullable<String>,
    consent_screen_enabled: Nullable<bool>,
    pkce_required: Nullable<bool>,
    public: Nullable<bool>,
}

opaque!(Create);

impl Create {
    /// Where users may be sent back to.
    pub fn redirect_uris(mut self, redirect_uris: impl Into<Nullable<Vec<String>>>) -> Self {
        self.redirect_uris = redirect_uris.into();
        self
    }

    /// Where users are sent back to.
    #[deprecated(note = "use `redirect_uris`")]
    pub fn callback_url(mut self, callback_url: impl Into<Nullable<String>>) -> Self {
        self.callback_url = callback_url.into();
        self
    }

    /// What its tokens may be good for, separated by spaces, at most 1024 characters; `profile email` when
    /// left out.
    pub fn scopes(mut self, scopes: impl Into<Nullable<String>>) -> Self {
        self.scopes = scopes.into();
        self
    }

    /// Whether users are asked for their consent.
    pub fn consent_screen_enabled(mut self, consent_screen_enabled: impl Into<Nullable<bool>>) -> Self {
        self.consent_screen_enabled = consent_screen_enabled.into();
        self
    }

    /// Whether clients must use PKCE (RFC 7636).
    pub fn pkce_required(mut self, pkce_required: impl Into<Nullable<bool>>) -> Self {
        self.pkce_required = pkce_required.into();
        self
    }

    /// Whether the client can keep no secret, and uses PKCE (RFC 7636) instead.
    pub fn public(mut self, public: impl Into<Nullable<bool>>) -> Self {
        self.public = public.into();
        self
    }
}

impl Operation for Create {
    type Output = OAuthApplicationWithSecret;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "CreateOAuthApplication",
        Method::POST,
        "/oauth_applications",
        "OAuth Applications",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .letters("callback_url", self.callback_url.value(), ..=1024)
            .letters("scopes", self.scopes.value(), ..=1024)
            .json(|body| {
                body.required("name", &self.name)
                    .nullable("redirect_uris", &self.redirect_uris)
                    .nullable("callback_url", &self.callback_url)
                    .nullable("scopes", &self.scopes)
                    .nullable("consent_screen_enabled", &self.consent_screen_enabled)
                    .nullable("pkce_required", &self.pkce_required)
                    .nullable("public", &self.public);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One OAuth application.
///
/// `GET /oauth_applications/{oauth_application_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/oauth-applications)). Documented error
/// statuses: 403, 404.
pub fn get(oauth_application_id: impl Into<Id>) -> Get {
    Get { oauth_application_id: oauth_application_id.into() }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    oauth_application_id: Id,
}

opaque!(Get);

impl Operation for Get {
    type Output = OAuthApplication;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetOAuthApplication",
        Method::GET,
        "/oauth_applications/{oauth_application_id}",
        "OAuth Applications",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("oauth_application_id", &self.oauth_application_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes an OAuth application.
///
/// `PATCH /oauth_applications/{oauth_application_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/oauth-applications)). Documented error
/// statuses: 400, 403, 404, 422.
pub fn update(oauth_application_id: impl Into<Id>) -> Update {
    Update {
        oauth_application_id: oauth_application_id.into(),
        name: Nullable::Absent,
        redirect_uris: Nullable::Absent,
        callback_url: Nullable::Absent,
        scopes: Nullable::Absent,
        consent_screen_enabled: Nullable::Absent,
        pkce_required: Nullable::Absent,
        public: Nullable::Absent,
    }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    oauth_application_id: Id,
    name: Nullable<String>,
    redirect_uris: Nullable<Vec<String>>,
    callback_url: Nullable<String>,
    scopes: Nullable<String>,
    consent_screen_enabled: Nullable<bool>,
    pkce_required: Nullable<bool>,
    public: Nullable<bool>,
}

opaque!(Update);

impl Update {
    /// Its name.
    pub fn name(mut self, name: impl Into<Nullable<String>>) -> Self {
        self.name = name.into();
        self
    }

    /// Where users may be sent back to.
    pub fn redirect_uris(mut self, redirect_uris: impl Into<Nullable<Vec<String>>>) -> Self {
        self.redirect_uris = redirect_uris.into();
        self
    }

    /// Where users are sent back to.
    #[deprecated(note = "use `redirect_uris`")]
    pub fn callback_url(mut self, callback_url: impl Into<Nullable<String>>) -> Self {
        self.callback_url = callback_url.into();
        self
    }

    /// What its tokens may be good for, separated by spaces, at most 1024 characters.
    pub fn scopes(mut self, scopes: impl Into<Nullable<String>>) -> Self {
        self.scopes = scopes.into();
        self
    }

    /// Whether users are asked for their consent.
    pub fn consent_screen_enabled(mut self, consent_screen_enabled: impl Into<Nullable<bool>>) -> Self {
        self.consent_screen_enabled = consent_screen_enabled.into();
        self
    }

    /// Whether clients must use PKCE (RFC 7636).
    pub fn pkce_required(mut self, pkce_required: impl Into<Nullable<bool>>) -> Self {
        self.pkce_required = pkce_required.into();
        self
    }

    /// Whether the client can keep no secret, and uses PKCE (RFC 7636) instead.
    pub fn public(mut self, public: impl Into<Nullable<bool>>) -> Self {
        self.public = public.into();
        self
    }
}

impl Operation for Update {
    type Output = OAuthApplication;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpdateOAuthApplication",
        Method::PATCH,
        "/oauth_applications/{oauth_application_id}",
        "OAuth Applications",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("oauth_application_id", &self.oauth_application_id)
            .letters("callback_url", self.callback_url.value(), ..=1024)
            .letters("scopes", self.scopes.value(), ..=1024)
            .json(|body| {
                body.nullable("name", &self.name)
                    .nullable("redirect_uris", &self.redirect_uris)
                    .nullable("callback_url", &self.callback_url)
                    .nullable("scopes", &self.scopes)
                    .nullable("consent_screen_enabled", &self.consent_screen_enabled)
                    .nullable("pkce_required", &self.pkce_required)
                    .nullable("public", &self.public);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes an OAuth application for good.
///
/// `DELETE /oauth_applications/{oauth_application_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/oauth-applications)). Documented error
/// statuses: 403, 404.
pub fn delete(oauth_application_id: impl Into<Id>) -> Delete {
    Delete { oauth_application_id: oauth_application_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    oauth_application_id: Id,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeleteOAuthApplication",
        Method::DELETE,
        "/oauth_applications/{oauth_application_id}",
        "OAuth Applications",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("oauth_application_id", &self.oauth_application_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Sets an OAuth application's logo: JPEG, PNG, GIF or WebP, at most 10 MB.
///
/// `PUT /oauth_applications/{oauth_application_id}/logo`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/oauth-applications)). Documented error
/// statuses: 400, 403, 404, 413.
pub fn upload_logo(oauth_application_id: impl Into<Id>, file: File) -> UploadLogo {
    UploadLogo { oauth_application_id: oauth_application_id.into(), uploader_user_id: None, file }
}

/// The operation that [`upload_logo`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct UploadLogo {
    oauth_application_id: Id,
    uploader_user_id: Option<UserId>,
    file: File,
}

opaque!(UploadLogo);

impl UploadLogo {
    /// Who uploads it.
    pub fn uploader_user_id(mut self, uploader_user_id: impl Into<UserId>) -> Self {
        self.uploader_user_id = Some(uploader_user_id.into());
        self
    }
}

impl Operation for UploadLogo {
    type Output = OAuthApplication;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UploadOAuthApplicationLogo",
        Method::PUT,
        "/oauth_applications/{oauth_application_id}/logo",
        "OAuth Applications",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("oauth_application_id", &self.oauth_application_id)
            .multipart(|body| {
                body.text_opt("uploader_user_id", &self.uploader_user_id).file("file", &self.file);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Gives an OAuth application a new client secret, which its clients need from then on.
///
/// `POST /oauth_applications/{oauth_application_id}/rotate_secret`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/oauth-applications)). Documented error
/// statuses: 403, 404.
pub fn rotate_secret(oauth_application_id: impl Into<Id>) -> RotateSecret {
    RotateSecret { oauth_application_id: oauth_application_id.into() }
}

/// The operation that [`rotate_secret`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct RotateSecret {
    oauth_application_id: Id,
}

opaque!(RotateSecret);

impl Operation for RotateSecret {
    type Output = OAuthApplicationWithSecret;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "RotateOAuthApplicationSecret",
        Method::POST,
        "/oauth_applications/{oauth_application_id}/rotate_secret",
        "OAuth Applications",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("oauth_application_id", &self.oauth_application_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Revokes an access token or refresh token of an OAuth application, with all others of the same grant.
/// Access tokens in JWT format cannot be revoked.
///
/// `POST /oauth_applications/{oauth_application_id}/revoke_token`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/oauth-applications)). Documented error
/// statuses: 400, 403, 404, 422.
pub fn revoke_token(oauth_application_id: impl Into<Id>, token: impl Into<String>) -> RevokeToken {
    RevokeToken { oauth_application_id: oauth_application_id.into(), token: token.into() }
}

/// The operation that [`revoke_token`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct RevokeToken {
    oauth_application_id: Id,
    token: String,
}

opaque!(RevokeToken);

impl Operation for RevokeToken {
    type Output = ();
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "RevokeOAuthApplicationToken",
        Method::POST,
        "/oauth_applications/{oauth_application_id}/revoke_token",
        "OAuth Applications",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("oauth_application_id", &self.oauth_application_id)
            .json(|body| {
                body.required("token", &self.token);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::empty(Self::INFO, response)
    }
}
