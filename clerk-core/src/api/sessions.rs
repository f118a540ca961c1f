//! Sessions: list and revoke them, and mint session tokens.
//!
//! ```
//! use clerk_core::{Operation, api::sessions, model::SessionStatus};
//!
//! let request = sessions::list().user_id("user_1").status(SessionStatus::Active).request().unwrap();
//! assert_eq!(request.uri(), "/sessions?user_id=user_1&status=active&paginated=true");
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Metadata, Nullable, Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::{ClientId, OrganizationId, SessionId, UserId},
    model::{Session, SessionRefresh, SessionRefreshFormat, SessionStatus, SessionToken},
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
    page::{Paged, Window},
};

/// Lists sessions. Clerk wants a client or a user to list them for.
///
/// `GET /sessions` ([reference](https://clerk.com/docs/reference/backend-api/tag/sessions)). Documented
/// error statuses: 400, 401, 422.
pub fn list() -> List {
    List { client_id: None, user_id: None, status: None, limit: None, offset: None }
}

/// The operation that [`list`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct List {
    client_id: Option<ClientId>,
    user_id: Option<UserId>,
    status: Option<SessionStatus>,
    limit: Option<u32>,
    offset: Option<u32>,
}

opaque!(List);

impl List {
    /// Only those of this client.
    pub fn client_id(mut self, client_id: impl Into<ClientId>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Only sessions of this user.
    pub fn user_id(mut self, user_id: impl Into<UserId>) -> Self {
        self.user_id = Some(user_id.into());
        self
    }

    /// Only those that stand so.
    pub fn status(mut self, status: impl Into<SessionStatus>) -> Self {
        self.status = Some(status.into());
        self
    }

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
    type Output = Page<Session>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetSessionList", Method::GET, "/sessions", "Sessions");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query_opt("client_id", self.client_id.as_ref())
            .query_opt("user_id", self.user_id.as_ref())
            .query_opt("status", self.status.as_ref())
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
    type Item = Session;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Creates an active session for a user. Made for tests; not for production instances.
///
/// `POST /sessions` ([reference](https://clerk.com/docs/reference/backend-api/tag/sessions)).
/// Documented error statuses: 400, 401, 404, 422.
pub fn create(user_id: impl Into<UserId>) -> Create {
    Create { user_id: user_id.into(), active_organization_id: None }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    user_id: UserId,
    active_organization_id: Option<OrganizationId>,
}

opaque!(Create);

impl Create {
    /// The organization that is active in it.
    pub fn active_organization_id(mut self, active_organization_id: impl Into<OrganizationId>) -> Self {
        self.active_organization_id = Some(active_organization_id.into());
        self
    }
}

impl Operation for Create {
    type Output = Session;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("createSession", Method::POST, "/sessions", "Sessions");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.required("user_id", &self.user_id)
                    .optional("active_organization_id", &self.active_organization_id);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One session.
///
/// `GET /sessions/{session_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/sessions)). Documented error statuses:
/// 400, 401, 404.
pub fn get(session_id: impl Into<SessionId>) -> Get {
    Get { session_id: session_id.into() }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    session_id: SessionId,
}

opaque!(Get);

impl Operation for Get {
    type Output = Session;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetSession", Method::GET, "/sessions/{session_id}", "Sessions");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("session_id", &self.session_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Trades an expired session token and a refresh token for fresh ones. Takes the expired token, the
/// refresh token and the origin of the request.
///
/// `POST /sessions/{session_id}/refresh`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/sessions)). Documented error statuses:
/// 400, 401.
pub fn refresh(
    session_id: impl Into<SessionId>,
    expired_token: impl Into<String>,
    refresh_token: impl Into<String>,
    request_origin: impl Into<String>,
) -> Refresh {
    Refresh {
        session_id: session_id.into(),
        suffixed_cookies: None,
        expired_token: expired_token.into(),
        refresh_token: refresh_token.into(),
        request_origin: request_origin.into(),
        request_headers: Nullable::Absent,
        format: Nullable::Absent,
        request_originating_ip: Nullable::Absent,
    }
}

/// The operation that [`refresh`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Refresh {
    session_id: SessionId,
    suffixed_cookies: Option<bool>,
    expired_token: String,
    refresh_token: String,
    request_origin: String,
    request_headers: Nullable<Metadata>,
    format: Nullable<SessionRefreshFormat>,
    request_originating_ip: Nullable<String>,
}

opaque!(Refresh);

impl Refresh {
    /// Whether the cookies that come back shall have the instance's suffix in their names. Clerk's
    /// published document leaves this parameter out.
    pub fn suffixed_cookies(mut self, suffixed_cookies: bool) -> Self {
        self.suffixed_cookies = Some(suffixed_cookies);
        self
    }

    /// The headers of the request: an object whose values are lists of texts.
    pub fn request_headers(mut self, request_headers: impl Into<Nullable<Metadata>>) -> Self {
        self.request_headers = request_headers.into();
        self
    }

    /// What to give: a token or cookies.
    pub fn format(mut self, format: impl Into<Nullable<SessionRefreshFormat>>) -> Self {
        self.format = format.into();
        self
    }

    /// The address the request came from.
    pub fn request_originating_ip(mut self, request_originating_ip: impl Into<Nullable<String>>) -> Self {
        self.request_originating_ip = request_originating_ip.into();
        self
    }
}

impl Operation for Refresh {
    type Output = SessionRefresh;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("RefreshSession", Method::POST, "/sessions/{session_id}/refresh", "Sessions");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("session_id", &self.session_id)
            .query_opt("suffixed_cookies", self.suffixed_cookies.as_ref())
            .json(|body| {
                body.required("expired_token", &self.expired_token)
                    .required("refresh_token", &self.refresh_token)
                    .required("request_origin", &self.request_origin)
                    .nullable("request_headers", &self.request_headers)
                    .nullable("format", &self.format)
                    .nullable("request_originating_ip", &self.request_originating_ip);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Revokes a session: its user is signed out where it is used, and it cannot become active again.
///
/// `POST /sessions/{session_id}/revoke`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/sessions)). Documented error statuses:
/// 400, 401, 404.
pub fn revoke(session_id: impl Into<SessionId>) -> Revoke {
    Revoke { session_id: session_id.into() }
}

/// The operation that [`revoke`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Revoke {
    session_id: SessionId,
}

opaque!(Revoke);

impl Operation for Revoke {
    type Output = Session;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("RevokeSession", Method::POST, "/sessions/{session_id}/revoke", "Sessions");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("session_id", &self.session_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Mints a session token for a session.
///
/// `POST /sessions/{session_id}/tokens`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/sessions)). Documented error statuses:
/// 401, 404.
pub fn create_token(session_id: impl Into<SessionId>) -> CreateToken {
    CreateToken { session_id: session_id.into(), expires_in_seconds: Nullable::Absent }
}

/// The operation that [`create_token`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct CreateToken {
    session_id: SessionId,
    expires_in_seconds: Nullable<i64>,
}

opaque!(CreateToken);

impl CreateToken {
    /// How long the token is good for, 30 to 315360000 seconds.
    pub fn expires_in_seconds(mut self, expires_in_seconds: impl Into<Nullable<i64>>) -> Self {
        self.expires_in_seconds = expires_in_seconds.into();
        self
    }
}

impl Operation for CreateToken {
    type Output = SessionToken;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateSessionToken", Method::POST, "/sessions/{session_id}/tokens", "Sessions")
            .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("session_id", &self.session_id)
            .number("expires_in_seconds", self.expires_in_seconds.value().copied(), 30..=315360000)
            .json(|body| {
                body.nullable("expires_in_seconds", &self.expires_in_seconds);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Mints a token for a session from the JWT template of that name.
///
/// `POST /sessions/{session_id}/tokens/{template_name}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/sessions)). Documented error statuses:
/// 401, 404.
pub fn create_token_from_template(
    session_id: impl Into<SessionId>,
    template_name: impl Into<String>,
) -> CreateTokenFromTemplate {
    CreateTokenFromTemplate {
        session_id: session_id.into(),
        template_name: template_name.into(),
        expires_in_seconds: Nullable::Absent,
    }
}

/// The operation that [`create_token_from_template`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct CreateTokenFromTemplate {
    session_id: SessionId,
    template_name: String,
    expires_in_seconds: Nullable<i64>,
}

opaque!(CreateTokenFromTemplate);

impl CreateTokenFromTemplate {
    /// How long the token is good for, 30 to 315360000 seconds.
    pub fn expires_in_seconds(mut self, expires_in_seconds: impl Into<Nullable<i64>>) -> Self {
        self.expires_in_seconds = expires_in_seconds.into();
        self
    }
}

impl Operation for CreateTokenFromTemplate {
    type Output = SessionToken;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "CreateSessionTokenFromTemplate",
        Method::POST,
        "/sessions/{session_id}/tokens/{template_name}",
        "Sessions",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("session_id", &self.session_id)
            .path("template_name", &self.template_name)
            .number("expires_in_seconds", self.expires_in_seconds.value().copied(), 30..=315360000)
            .json(|body| {
                body.nullable("expires_in_seconds", &self.expires_in_seconds);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
