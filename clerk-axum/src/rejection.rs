use std::{borrow::Cow, fmt, time::Duration};

use axum_core::{
    body::Body,
    response::{IntoResponse, Response},
};
use clerk_core::token::Reverification;
use clerk_tower::server::rejection;
use http::StatusCode;

/// Rejection of a request by an extractor, a guard or the layer: a status, a stable code, and a message.
///
/// The response has a JSON body, `{"errors": [{"code": …, "message": …}]}`, which says nothing else about the request.
/// The guide lists the [codes](crate::guide::troubleshooting#response-codes) and those of
/// [webhooks](crate::guide::webhooks#how-a-delivery-is-checked). A missing reverification has a different body, which
/// Clerk's front ends understand.
///
/// [`ClerkLayer::on_rejection`](crate::ClerkLayer::on_rejection) replaces the responses in one place.
///
/// A handler that takes a `Result` decides itself what the caller gets:
///
/// ```
/// use axum::response::{IntoResponse, Response};
/// use clerk_axum::{Rejection, Session};
///
/// async fn page(session: Result<Session, Rejection>) -> Response {
///     match session {
///         Ok(session) => format!("welcome, {}", session.user_id()).into_response(),
///         Err(rejection) if rejection.is_unavailable() => "back in a minute".into_response(),
///         Err(rejection) if rejection.code() == "session-pending" => "one more step to go".into_response(),
///         Err(rejection) => rejection.into_response(),
///     }
/// }
/// # let _ = page;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection(rejection::Rejection);

impl Rejection {
    /// 401 with a code of the application's, for a handler or a [rule](crate::require::request) of its own: the request does
    /// not show who sent it. The response asks for a bearer token.
    ///
    /// ```
    /// use axum::http::HeaderMap;
    /// use clerk_axum::Rejection;
    ///
    /// async fn upload(headers: HeaderMap) -> Result<&'static str, Rejection> {
    ///     let signature = headers.get("x-signature").ok_or_else(|| Rejection::unauthorized("signature-missing"))?;
    ///     // … verify it
    /// #   let _ = signature;
    ///     Ok("uploaded")
    /// }
    /// # let _ = upload;
    /// ```
    ///
    /// A code that is not [valid](rejection::Rejection::is_valid_code) is replaced by `check-failed`, and a warning is
    /// logged.
    #[must_use]
    pub fn unauthorized(code: impl Into<Cow<'static, str>>) -> Self {
        Self(rejection::Rejection::unauthorized(code))
    }

    /// 403 with a code of the application's, for a handler or a [rule](crate::require::request) of its own: it is known who
    /// sent the request, and that is not enough.
    ///
    /// A code that is not [valid](rejection::Rejection::is_valid_code) is replaced by `check-failed`, and a warning is
    /// logged.
    #[must_use]
    pub fn forbidden(code: impl Into<Cow<'static, str>>) -> Self {
        Self(rejection::Rejection::forbidden(code))
    }

    pub(crate) fn into_inner(self) -> rejection::Rejection {
        self.0
    }

    /// Returns the status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// Returns the stable code in the body.
    #[must_use]
    pub fn code(&self) -> &str {
        self.0.code()
    }

    /// Returns the message in the body.
    #[must_use]
    pub fn body_text(&self) -> String {
        self.0.message().to_owned()
    }

    /// Whether nothing was decided, because Clerk did not respond. The same request may succeed later.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.0.is_unavailable()
    }

    /// Returns how long the caller should wait before the next attempt, if known.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after()
    }

    /// Returns the reverification that the user needs, if nothing else is missing.
    #[must_use]
    pub const fn asked_reverification(&self) -> Option<Reverification> {
        self.0.asked_reverification()
    }
}

impl From<rejection::Rejection> for Rejection {
    fn from(rejection: rejection::Rejection) -> Self {
        Self(rejection)
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.0.into_response::<Body>()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Rejection {}
