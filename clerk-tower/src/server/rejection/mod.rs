//! How a request is turned away: one vocabulary for the layers here and the extractors of `clerk-axum`.
//!
//! ```
//! use clerk_tower::server::rejection::Rejection;
//!
//! let rejection = Rejection::permission_missing();
//! assert_eq!(rejection.status(), 403);
//! assert_eq!(rejection.code(), "permission-missing");
//! let response: http::Response<bytes::Bytes> = rejection.into_response();
//! assert_eq!(response.headers()["content-type"], "application/json");
//! ```
//!
//! Every response that is made from a [`Rejection`] carries it in its extensions, for layers further out:
//! [`AuthenticateLayer::on_rejection`](crate::server::authenticate::AuthenticateLayer::on_rejection) puts an application's
//! own answer in its place, and a layer that logs can read it:
//!
//! ```
//! use clerk_tower::server::rejection::Rejection;
//!
//! let response: http::Response<bytes::Bytes> = Rejection::role_missing().into_response();
//! let code = response.extensions().get::<Rejection>().map(Rejection::code);
//! assert_eq!(code, Some("role-missing"));
//! ```

mod handler;
mod request;

use std::{borrow::Cow, fmt, time::Duration};

use bytes::Bytes;
use clerk_core::{
    authenticate::{BadRequest, NoSignInPage, Outcome},
    token::{ClaimsError, Lack, Reverification, TokenKind},
};
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use crate::telemetry;

pub use self::request::RequestInfo;
pub(crate) use self::{
    handler::{OnRejection, RejectionHandler},
    request::{is_document, is_grpc_request},
};
use crate::Error;

/// Why a request is turned away: a status, a stable code, and a sentence for developers.
///
/// It becomes a response with a JSON body, `{"errors": [{"code": …, "message": …}]}`, the shape of Clerk's own
/// errors; a [missing reverification](Self::reverification_missing) has the body that Clerk's front ends wait for. It
/// holds nothing of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    status: StatusCode,
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    challenge: Option<&'static str>,
    retry_after: Option<Duration>,
    reverification: Option<Reverification>,
}

impl Rejection {
    pub(crate) const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        let (code, message) = (Cow::Borrowed(code), Cow::Borrowed(message));
        Self { status, code, message, challenge: None, retry_after: None, reverification: None }
    }

    pub(crate) fn with_message(self, message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), ..self }
    }

    /// The answer for a request that is not signed in: 401 with the reason's code, or 503 when Clerk did not
    /// answer and so nothing was decided.
    #[must_use]
    pub fn signed_out(outcome: &Outcome) -> Self {
        if outcome.is_undecided() {
            return Self::unavailable(None);
        }
        let code = match (outcome.reason(), outcome.machine()) {
            (Some(reason), _) => Cow::Owned(reason.as_str().to_owned()),
            // Signed in, but not by a person.
            (None, Some(_)) => Cow::Borrowed("token-type-mismatch"),
            // Signed in, but the session has tasks to complete.
            (None, None) => Cow::Borrowed("session-pending"),
        };
        let message = "This needs a valid session. Sign in, or send a session token as a bearer token.";
        // RFC 6750, section 3.1: no error code when the request held no token.
        let challenge = if outcome.is_anonymous() { "Bearer" } else { "Bearer error=\"invalid_token\"" };
        Self { challenge: Some(challenge), code, ..Self::new(StatusCode::UNAUTHORIZED, "", message) }
    }

    /// The answer for a request that has no machine token of the kind that is needed: 401 with the reason's code,
    /// or 503 when Clerk did not answer and so nothing was decided.
    #[must_use]
    pub fn no_machine(outcome: &Outcome) -> Self {
        let mut rejection = Self::signed_out(outcome);
        if outcome.reason().is_none() {
            rejection.code = Cow::Borrowed("token-type-mismatch");
        }
        if rejection.status == StatusCode::UNAUTHORIZED {
            rejection.message = Cow::Borrowed("This needs a machine's token. Send one as a bearer token.");
        }
        rejection
    }

    /// The answer for a request that has neither a session nor a machine's token where one of them is needed: 401
    /// with the reason's code, or 503 when Clerk did not answer and so nothing was decided.
    #[must_use]
    pub fn no_token(outcome: &Outcome) -> Self {
        let mut rejection = Self::signed_out(outcome);
        if rejection.status == StatusCode::UNAUTHORIZED {
            let message =
                "This needs a session or a machine's token. Sign in, or send a token as a bearer token.";
            rejection.message = Cow::Borrowed(message);
        }
        rejection
    }

    /// 400: the request makes no sense to a development instance.
    #[must_use]
    pub fn bad_request(bad: BadRequest) -> Self {
        let message = Cow::Owned(bad.to_string());
        Self { message, ..Self::new(StatusCode::BAD_REQUEST, "clerk-bad-request", "") }
    }

    /// There is no page to send people to: 500 when none is configured, 400 when the way back from it is none.
    #[must_use]
    pub fn no_sign_in_page(error: NoSignInPage) -> Self {
        let (status, code) = match error {
            NoSignInPage::NotConfigured => (StatusCode::INTERNAL_SERVER_ERROR, "clerk-sign-in-page-missing"),
            _ => (StatusCode::BAD_REQUEST, "clerk-return-address"),
        };
        Self { message: Cow::Owned(error.to_string()), ..Self::new(status, code, "") }
    }

    /// 503: Clerk did not answer, so nothing could be decided.
    #[must_use]
    pub fn unavailable(retry_after: Option<Duration>) -> Self {
        let message = "Signing in cannot be checked at the moment. Try again shortly.";
        Self {
            retry_after: Some(retry_after.unwrap_or(Duration::from_secs(5))),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "clerk-unavailable", message)
        }
    }

    /// 403: the session has no active organization.
    #[must_use]
    pub fn organization_missing() -> Self {
        Self::forbidden("organization-missing", "This needs an active organization.")
    }

    /// 403: the session lacks a permission.
    #[must_use]
    pub fn permission_missing() -> Self {
        Self::forbidden(
            "permission-missing",
            "The active organization does not grant the permission this needs.",
        )
    }

    /// 403: the session has another role.
    #[must_use]
    pub fn role_missing() -> Self {
        Self::forbidden("role-missing", "The active organization does not give the role this needs.")
    }

    /// 403: neither the active organization's nor the user's plan has a feature.
    #[must_use]
    pub fn feature_missing() -> Self {
        Self::forbidden("feature-missing", "The plan does not have the feature this needs.")
    }

    /// 403: neither the active organization nor the user has a plan.
    #[must_use]
    pub fn plan_missing() -> Self {
        Self::forbidden("plan-missing", "This needs another plan.")
    }

    /// 403: the user has not proven recently enough who they are. The body is the one that makes Clerk's front ends
    /// ask for the proof and send the request again.
    #[must_use]
    pub fn reverification_missing(asked: Reverification) -> Self {
        let message = "This needs a recent proof of who the user is.";
        Self { reverification: Some(asked), ..Self::forbidden("reverification-error", message) }
    }

    /// 403: the session lacks something of a [`Check`](clerk_core::token::Check).
    #[must_use]
    pub fn lacking(lack: Lack) -> Self {
        match lack {
            Lack::Role => Self::role_missing(),
            Lack::Permission => Self::permission_missing(),
            Lack::Feature => Self::feature_missing(),
            Lack::Plan => Self::plan_missing(),
            Lack::Reverification(asked) => Self::reverification_missing(asked),
            _ => Self::check_failed(),
        }
    }

    /// 403: the machine's token lacks a scope.
    #[must_use]
    pub fn scope_missing() -> Self {
        Self::forbidden("scope-missing", "The token does not have the scope this needs.")
    }

    /// 403: the session does not pass a check.
    #[must_use]
    pub fn check_failed() -> Self {
        Self::forbidden("check-failed", "The session does not allow this.")
    }

    /// 403: the user is banned or locked.
    #[must_use]
    pub fn user_blocked() -> Self {
        Self::forbidden("user-blocked", "This user is banned or locked.")
    }

    /// 401: the session's user no longer exists.
    #[must_use]
    pub fn user_deleted() -> Self {
        let message = "The session's user no longer exists.";
        Self {
            challenge: Some("Bearer error=\"invalid_token\""),
            ..Self::new(StatusCode::UNAUTHORIZED, "user-deleted", message)
        }
    }

    /// 403: the session's active organization no longer exists.
    #[must_use]
    pub fn organization_deleted() -> Self {
        Self::forbidden("organization-deleted", "The active organization no longer exists.")
    }

    /// 500: the session's claims are not what the application expects. The session is good, and its user can do
    /// nothing about it: the token's claims in Clerk's dashboard and the application's type have to be the same.
    #[must_use]
    pub fn claims_mismatch(error: &ClaimsError) -> Self {
        let message = Cow::Owned(format!(
            "The session token is not as the application expects: {error}. Compare the type with the claims under \
             Sessions, Customize session token, in Clerk's dashboard."
        ));
        Self { message, ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "claims-mismatch", "") }
    }

    /// 500: the request did not pass the layer that authenticates.
    #[must_use]
    pub fn layer_missing() -> Self {
        let message = "The request was not authenticated: add ClerkLayer::new(&clerk) to the router with \
                       `.layer(..)`, after the routes and outside of every guard.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "clerk-layer-missing", message)
    }

    /// 500: the layer does not look for this kind of token.
    #[must_use]
    pub fn not_accepted(kind: TokenKind) -> Self {
        let message = Cow::Owned(format!(
            "The layer does not accept this kind of token: add TokenKind::{kind:?} to \
             `.authentication(|options| options.accepted_kinds([..]))` of the client's builder."
        ));
        Self { message, ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "clerk-kind-not-accepted", "") }
    }

    /// 500: the layer does not look for machines' tokens at all.
    #[must_use]
    pub fn no_machine_accepted() -> Self {
        let message = "The layer accepts no machine's token: add TokenKind::ApiKey, TokenKind::M2m or \
                       TokenKind::OAuth to `.authentication(|options| options.accepted_kinds([..]))` of the client's builder.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "clerk-kind-not-accepted", message)
    }

    /// 500: Clerk gave an answer that could not be used.
    #[must_use]
    pub fn internal() -> Self {
        let message = "Clerk's answer could not be used. The log says more.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "clerk-error", message)
    }

    /// The answer to a caller whose request needed a call to Clerk that failed: 404 when Clerk has no such
    /// thing, 503 when the call may succeed later, 500 otherwise.
    #[must_use]
    pub fn of_call(error: &Error) -> Self {
        if error.is_missing() {
            return Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing.");
        }
        if error.is_retryable() { Self::unavailable(error.seconds_to_wait()) } else { Self::internal() }
    }

    fn forbidden(code: &'static str, message: &'static str) -> Self {
        Self {
            challenge: Some("Bearer error=\"insufficient_scope\""),
            ..Self::new(StatusCode::FORBIDDEN, code, message)
        }
    }

    /// The response's status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable code in the body.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The sentence in the body.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether nothing was decided, because Clerk did not answer. The same request may pass later.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE
    }

    /// When another attempt makes sense, where that is known.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The proof that the user is asked for.
    #[must_use]
    pub const fn asked_reverification(&self) -> Option<Reverification> {
        self.reverification
    }

    fn body(&self) -> String {
        let Some(asked) = self.reverification else {
            return json!({ "errors": [{ "code": self.code, "message": self.message }] }).to_string();
        };
        let (kind, reason) = ("forbidden", "reverification-error");
        let metadata = json!({ "reverification": asked });
        json!({ "clerk_error": { "type": kind, "reason": reason, "metadata": metadata } }).to_string()
    }

    /// The response, with any body that can be made from bytes.
    #[must_use]
    pub fn into_response<B: From<Bytes>>(self) -> Response<B> {
        telemetry::rejected(self.status, &self.code, &self.message);
        let mut response = Response::new(B::from(Bytes::from(self.body())));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(wait) = self.retry_after {
            // Whole seconds, rounded up, at least one.
            let secs = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl Rejection {
    /// The same for a gRPC client, which reads no status of HTTP's: 200, with the status in a header and no body.
    #[must_use]
    pub fn into_grpc_response<B: Default>(self) -> Response<B> {
        telemetry::rejected(self.status, &self.code, &self.message);
        // https://grpc.github.io/grpc/core/md_doc_statuscodes.html
        let code = match self.status {
            StatusCode::BAD_REQUEST => 3,
            StatusCode::NOT_FOUND => 5,
            StatusCode::FORBIDDEN => 7,
            StatusCode::SERVICE_UNAVAILABLE => 14,
            StatusCode::UNAUTHORIZED => 16,
            _ => 13,
        };
        let mut response = Response::new(B::default());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert("grpc-status", HeaderValue::from(code));
        // Codes and messages are visible ASCII without a percent sign, so they need no encoding.
        if let Ok(message) = HeaderValue::try_from(format!("{}: {}", self.code, self.message)) {
            headers.insert("grpc-message", message);
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status.as_u16(), self.code, self.message)
    }
}

impl std::error::Error for Rejection {}

#[cfg(test)]
mod tests {
    use clerk_core::token::ReverificationLevel;

    use super::*;

    #[test]
    fn every_rejection_has_a_status_of_grpc() {
        for (rejection, code) in [
            (Rejection::permission_missing(), "7"),
            (Rejection::feature_missing(), "7"),
            (Rejection::plan_missing(), "7"),
            (Rejection::reverification_missing(Reverification::STRICT), "7"),
            (Rejection::user_deleted(), "16"),
            (Rejection::unavailable(None), "14"),
            (Rejection::layer_missing(), "13"),
            (Rejection::not_accepted(TokenKind::ApiKey), "13"),
            (Rejection::bad_request(BadRequest::RedirectUrl), "3"),
        ] {
            let response: Response<()> = rejection.clone().into_grpc_response();
            assert_eq!(
                (response.status().as_u16(), &response.headers()["grpc-status"]),
                (200, &code.parse().unwrap())
            );
            let message = response.headers()["grpc-message"].to_str().unwrap();
            assert!(message.starts_with(rejection.code()) && !message.contains('%'), "{message}");
        }
    }

    #[test]
    fn front_ends_are_told_which_proof_is_asked_for() {
        let own = Reverification::new(ReverificationLevel::FirstFactor, 5);
        for (asked, config) in [
            (Reverification::STRICT, json!("strict")),
            (Reverification::STRICT_MFA, json!("strict_mfa")),
            (own, json!({"level": "first_factor", "afterMinutes": 5})),
        ] {
            let rejection = Rejection::reverification_missing(asked);
            assert_eq!(rejection.asked_reverification(), Some(asked));
            let body: serde_json::Value = serde_json::from_str(&rejection.body()).unwrap();
            let metadata = json!({"reverification": config});
            let error = json!({"type": "forbidden", "reason": "reverification-error", "metadata": metadata});
            assert_eq!(body, json!({"clerk_error": error}));
        }
    }
}
