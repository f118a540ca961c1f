//! Rejections: why a request is rejected, and the response that says so. Used by the layers of this crate and the
//! extractors of `clerk-axum`.
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
//! A response that was made from a [`Rejection`] has it in its extensions, for layers further out.
//! [`AuthenticateLayer::on_rejection`](crate::server::authenticate::AuthenticateLayer::on_rejection) replaces such
//! responses, and a layer that logs can read it:
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

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use clerk_core::{
    Reason,
    authenticate::{BadRequest, NoSignInPage, Outcome},
    model::BlockReason,
    token::{ClaimsError, Lack, Reverification, TokenKind},
};
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{Either, Full, StreamBody};
use serde_json::json;

use crate::{
    BoxError,
    server::body::{OwnBody, boxed},
    telemetry,
};

pub use self::request::RequestInfo;
pub(crate) use self::{
    handler::{OnRejection, RejectionHandler},
    request::{Grpc, grpc_of, is_document},
};
use crate::Error;

/// Why a request is rejected: a status, a stable code, and a message for developers.
///
/// [`into_response`](Self::into_response) turns it into a response with a JSON body in the format of Clerk's own
/// errors, `{"errors": [{"code": …, "message": …}]}`. A [missing reverification](Self::reverification_missing) has the
/// body that Clerk's front ends expect instead. A rejection contains no part of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    status: StatusCode,
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    challenge: Option<&'static str>,
    retry_after: Option<Duration>,
    missing: Missing,
}

/// What the client can get, so that its request passes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Missing {
    Other,
    Reverification(Reverification),
    Scopes(Box<[Cow<'static, str>]>),
}

impl Rejection {
    pub(crate) const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        let (code, message) = (Cow::Borrowed(code), Cow::Borrowed(message));
        Self { status, code, message, challenge: None, retry_after: None, missing: Missing::Other }
    }

    pub(crate) fn with_message(self, message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), ..self }
    }

    /// Asks to try again after this time.
    pub(crate) const fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Rejects a request that is not signed in: with 401 and the reason's code; with 503 if Clerk did not respond and the
    /// request is undecided; or with 500 `clerk-secret-key-missing` if it can be decided only with the secret key.
    #[must_use]
    pub fn signed_out(outcome: &Outcome) -> Self {
        if outcome.is_undecided() {
            let is_missing = outcome.reason() == Some(&Reason::SecretKeyMissing);
            return if is_missing { Self::secret_key_missing() } else { Self::unavailable(None) };
        }
        let code = match (outcome.reason(), outcome.session_or_pending()) {
            (Some(reason), _) => Cow::Owned(reason.code().to_owned()),
            // A valid session that still has tasks to complete.
            (None, Some(_)) => Cow::Borrowed("session-pending"),
            // Authenticated, but with a token of another kind.
            (None, None) => Cow::Borrowed("token-type-mismatch"),
        };
        let message = match outcome.reason() {
            Some(reason) => session_missing(reason),
            None if code == "session-pending" => {
                "The session has tasks to complete first. The sign-in page shows them."
            }
            None => "This kind of token is not accepted here. Send a session token as a bearer token.",
        };
        // RFC 6750, section 3.1: the challenge has no error code if the request contained no token.
        let challenge = if outcome.is_anonymous() { "Bearer" } else { "Bearer error=\"invalid_token\"" };
        Self { challenge: Some(challenge), code, ..Self::new(StatusCode::UNAUTHORIZED, "", message) }
    }

    /// Rejects a request without a machine token of the required kind, with the statuses of
    /// [`signed_out`](Self::signed_out).
    #[must_use]
    pub fn no_machine(outcome: &Outcome) -> Self {
        Self::of_other_kind(outcome, "A machine token is required. Send one as a bearer token.")
    }

    /// Rejects a request without an accepted token of a JWT template, with the statuses of
    /// [`signed_out`](Self::signed_out).
    #[must_use]
    pub fn no_template(outcome: &Outcome) -> Self {
        let message =
            "A token of a JWT template with the right audience is required. Send one as a bearer token.";
        Self::of_other_kind(outcome, message)
    }

    /// The rejection of a request without a token of the right kind. `message` replaces that of a 401.
    fn of_other_kind(outcome: &Outcome, message: &'static str) -> Self {
        let mut rejection = Self::signed_out(outcome);
        if rejection.status == StatusCode::UNAUTHORIZED {
            if outcome.reason().is_none() {
                rejection.code = Cow::Borrowed("token-type-mismatch");
            }
            rejection.message = Cow::Borrowed(message);
        }
        rejection
    }

    /// Rejects a request that has neither a session nor a machine token where one of them is required, with the statuses of
    /// [`signed_out`](Self::signed_out).
    #[must_use]
    pub fn no_token(outcome: &Outcome) -> Self {
        let mut rejection = Self::signed_out(outcome);
        if rejection.status == StatusCode::UNAUTHORIZED {
            let message =
                "A session or a machine token is required. Sign in, or send a token as a bearer token.";
            rejection.message = Cow::Borrowed(message);
        }
        rejection
    }

    /// 400: the request names several hosts, or the handshake or the redirect URL of a development instance is not valid.
    #[must_use]
    pub fn bad_request(bad: BadRequest) -> Self {
        let message = Cow::Owned(bad.to_string());
        Self { message, ..Self::new(StatusCode::BAD_REQUEST, "clerk-bad-request", "") }
    }

    /// The visitor cannot be sent to sign in: 500 if no sign-in page is configured, 400 if the return URL is not valid.
    #[must_use]
    pub fn no_sign_in_page(error: NoSignInPage) -> Self {
        let (status, code) = match error {
            NoSignInPage::NotConfigured => (StatusCode::INTERNAL_SERVER_ERROR, "clerk-sign-in-page-missing"),
            _ => (StatusCode::BAD_REQUEST, "clerk-return-address"),
        };
        Self { message: Cow::Owned(error.to_string()), ..Self::new(status, code, "") }
    }

    /// 503: Clerk did not respond, so the request is undecided. `Retry-After` defaults to 5 seconds.
    #[must_use]
    pub fn unavailable(retry_after: Option<Duration>) -> Self {
        let message = "Authentication is temporarily unavailable. Try again shortly.";
        Self {
            retry_after: Some(retry_after.unwrap_or(Duration::from_secs(5))),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "clerk-unavailable", message)
        }
    }

    /// 403: the session has no active organization.
    #[must_use]
    pub fn organization_missing() -> Self {
        Self::insufficient("organization-missing", "An active organization is required.")
    }

    /// 403: the session does not have a permission in an active organization.
    #[must_use]
    pub fn permission_missing() -> Self {
        Self::insufficient(
            "permission-missing",
            "The session does not have the required permission in an active organization.",
        )
    }

    /// 403: the session does not have a role in an active organization.
    #[must_use]
    pub fn role_missing() -> Self {
        let message = "The session does not have the required role in an active organization.";
        Self::insufficient("role-missing", message)
    }

    /// 403: neither the active organization's nor the user's plan includes a feature.
    #[must_use]
    pub fn feature_missing() -> Self {
        let message = "Neither the user's nor the active organization's plan includes the required feature.";
        Self::insufficient("feature-missing", message)
    }

    /// 403: neither the active organization nor the user has a plan.
    #[must_use]
    pub fn plan_missing() -> Self {
        let message = "Neither the user nor the active organization has the required plan.";
        Self::insufficient("plan-missing", message)
    }

    /// 403: the user has to verify their identity again. With the body of this response, Clerk's front ends ask for
    /// [reverification](https://clerk.com/docs/guides/secure/reverification) and then send the request again.
    #[must_use]
    pub fn reverification_missing(asked: Reverification) -> Self {
        let message = "Reverification is required: the user has to verify their identity again.";
        Self {
            missing: Missing::Reverification(asked),
            ..Self::insufficient("reverification-error", message)
        }
    }

    /// 403: the session does not pass a [`Check`](clerk_core::token::Check). The parameter is the part that fails.
    #[must_use]
    pub fn lacking(lack: Lack) -> Self {
        match lack {
            Lack::Role => Self::role_missing(),
            Lack::Permission => Self::permission_missing(),
            Lack::Feature => Self::feature_missing(),
            Lack::Plan => Self::plan_missing(),
            Lack::Reverification(asked) => Self::reverification_missing(asked),
            // `Lack` is non-exhaustive: a kind that is added later rejects the request too.
            _ => Self::check_failed(),
        }
    }

    /// 403: the machine token does not have these scopes. The challenge names them (RFC 6750, section 3), so that a client
    /// can ask the user for them. One that is not a valid scope is left out of the challenge, and so are those beyond two KiB.
    ///
    /// ```
    /// use clerk_tower::server::rejection::Rejection;
    ///
    /// let response: http::Response<bytes::Bytes> = Rejection::scope_missing(["notes:write"]).into_response();
    /// let challenge = &response.headers()["www-authenticate"];
    /// assert_eq!(challenge, r#"Bearer error="insufficient_scope", scope="notes:write""#);
    /// ```
    #[must_use]
    pub fn scope_missing<S: Into<Cow<'static, str>>>(scopes: impl IntoIterator<Item = S>) -> Self {
        Self {
            missing: Missing::Scopes(scopes.into_iter().map(Into::into).collect()),
            ..Self::insufficient("scope-missing", "The token does not have the required scope.")
        }
    }

    /// 400: the body of a request is not clearly a call, so the scopes that it needs are not known. `problem` completes the
    /// sentence "The body is rejected because …", and must not quote the request.
    ///
    /// ```
    /// use clerk_tower::server::rejection::Rejection;
    ///
    /// let rejection = Rejection::call_unclear("it names two methods");
    /// assert_eq!(rejection.to_string(), "400 clerk-call-unclear: The body is rejected because it names two methods.");
    /// ```
    #[must_use]
    pub fn call_unclear(problem: &str) -> Self {
        let message = format!("The body is rejected because {problem}.");
        Self::new(StatusCode::BAD_REQUEST, "clerk-call-unclear", "").with_message(message)
    }

    pub(crate) fn call_encoded() -> Self {
        let message = "Send the body without Content-Encoding, in UTF-8.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "clerk-call-encoded", message)
    }

    pub(crate) fn call_too_large() -> Self {
        let message = "The body is larger than this service allows.";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "clerk-call-too-large", message)
    }

    /// The rejection of a request that lacks the scopes of both, if both are about scopes.
    pub(crate) fn joined_with(&self, other: &Self) -> Option<Self> {
        let (own, others) = (self.missing_scopes(), other.missing_scopes());
        if own.is_empty() || others.is_empty() {
            return None;
        }
        let more = others.iter().filter(|scope| !own.contains(scope));
        Some(Self::scope_missing(own.iter().chain(more).cloned()))
    }

    /// 403: the session does not pass a check that has no code of its own.
    #[must_use]
    pub fn check_failed() -> Self {
        Self::insufficient("check-failed", "The session does not meet the requirements.")
    }

    /// 403: the user is banned, locked or deprovisioned. Each has a code of its own.
    #[must_use]
    pub fn user_blocked(reason: BlockReason) -> Self {
        match reason {
            BlockReason::Banned => Self::insufficient("user-banned", "The user is banned."),
            BlockReason::Deprovisioned => {
                Self::insufficient("user-deprovisioned", "The user was deprovisioned by a directory.")
            }
            BlockReason::Locked => {
                Self::insufficient("user-locked", "The user is locked after too many failed sign-ins.")
            }
            _ => Self::insufficient("user-blocked", "The user may not sign in."),
        }
    }

    /// 401: the session's user no longer exists.
    #[must_use]
    pub fn user_deleted() -> Self {
        // 401 and not 403: the token is of no use any more, so the client has to sign in again.
        let message = "The session's user no longer exists.";
        Self {
            challenge: Some("Bearer error=\"invalid_token\""),
            ..Self::new(StatusCode::UNAUTHORIZED, "user-deleted", message)
        }
    }

    /// 403: the session's active organization no longer exists.
    #[must_use]
    pub fn organization_deleted() -> Self {
        Self::insufficient("organization-deleted", "The active organization no longer exists.")
    }

    /// 500: the session's claims do not match the application's type. The session itself is valid. It is not a 4xx,
    /// because the user cannot fix it: the claims in Clerk's dashboard and the application's type have to agree.
    #[must_use]
    pub fn claims_mismatch(error: &ClaimsError) -> Self {
        let message = Cow::Owned(format!(
            "The session token's claims do not match the application's type: {error}. Compare the type with the claims \
             under Sessions > Customize session token in Clerk's dashboard."
        ));
        Self { message, ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "claims-mismatch", "") }
    }

    /// 500: the request did not pass through the layer that authenticates.
    #[must_use]
    pub fn layer_missing() -> Self {
        let message = "The request did not pass through the authentication layer: add ClerkLayer::new(&clerk) to the \
                       router with `.layer(..)`, after the routes and outside every guard. With hyper or tonic, that \
                       layer is AuthenticateLayer::new(&clerk) of clerk-tower.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "clerk-layer-missing", message)
    }

    /// 500: the layer does not accept this kind of token, so no request can pass.
    #[must_use]
    pub fn not_accepted(kind: TokenKind) -> Self {
        if kind == TokenKind::Template {
            let message = "The authentication layer does not accept tokens of JWT templates: add their audience with \
                           `.authentication(|options| options.template_audiences([..]))` on the client's builder.";
            return Self::new(StatusCode::INTERNAL_SERVER_ERROR, "clerk-kind-not-accepted", message);
        }
        let message = Cow::Owned(format!(
            "The authentication layer does not accept this kind of token: add TokenKind::{kind:?} to \
             `.authentication(|options| options.accepted_kinds([..]))` on the client's builder."
        ));
        Self { message, ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "clerk-kind-not-accepted", "") }
    }

    /// 500: the layer does not accept any kind of machine token, so no request can pass.
    #[must_use]
    pub fn no_machine_accepted() -> Self {
        let message = "The authentication layer does not accept machine tokens: add TokenKind::ApiKey, TokenKind::M2m \
                       or TokenKind::OAuth to `.authentication(|options| options.accepted_kinds([..]))` on the client's \
                       builder.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "clerk-kind-not-accepted", message)
    }

    /// 500: what the request needs takes a call to Clerk, and there is no secret key to make it with.
    #[must_use]
    pub fn secret_key_missing() -> Self {
        let message = "This needs a call to Clerk, and the service has no secret key: set CLERK_SECRET_KEY, or \
                       `.secret_key(..)` on the client's builder.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "clerk-secret-key-missing", message)
    }

    /// 500: Clerk refused a call, or its response could not be used.
    #[must_use]
    pub fn internal() -> Self {
        let message = "A call to Clerk failed. See the server's log for details.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "clerk-error", message)
    }

    /// Rejects a request that needed a call to Clerk, if the call failed: with 404 if Clerk reports that the resource
    /// does not exist, with 503 if the call may succeed later, and with 500 otherwise.
    #[must_use]
    pub fn of_call(error: &Error) -> Self {
        if error.is_missing() {
            return Self::new(StatusCode::NOT_FOUND, "not-found", "The resource was not found.");
        }
        // Details of Clerk's error are not returned: the caller is not the one who called Clerk.
        if error.is_retryable() { Self::unavailable(error.seconds_to_wait()) } else { Self::internal() }
    }

    fn insufficient(code: &'static str, message: &'static str) -> Self {
        // RFC 6750, section 3.1: the token is valid, but not sufficient.
        Self {
            challenge: Some("Bearer error=\"insufficient_scope\""),
            ..Self::new(StatusCode::FORBIDDEN, code, message)
        }
    }

    /// Returns the response's status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the stable code in the body.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns the message in the body.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns `true` if the request is undecided because Clerk did not respond. The same request may pass later.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE
    }

    /// Returns after what time to try again, if that is known.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Returns the required reverification, if it is missing.
    #[must_use]
    pub const fn asked_reverification(&self) -> Option<Reverification> {
        match self.missing {
            Missing::Reverification(asked) => Some(asked),
            Missing::Other | Missing::Scopes(_) => None,
        }
    }

    /// Returns the scopes that the token lacks; empty if the request is rejected for another reason.
    #[must_use]
    pub fn missing_scopes(&self) -> &[Cow<'static, str>] {
        match &self.missing {
            Missing::Scopes(scopes) => scopes,
            Missing::Other | Missing::Reverification(_) => &[],
        }
    }

    fn challenge(&self) -> Option<HeaderValue> {
        let challenge = self.challenge?;
        let scopes = valid_scopes(self.missing_scopes().iter().map(AsRef::as_ref));
        if scopes.is_empty() {
            return Some(HeaderValue::from_static(challenge));
        }
        HeaderValue::try_from(format!("{challenge}, scope=\"{scopes}\"")).ok()
    }

    fn body(&self) -> String {
        let Missing::Reverification(asked) = self.missing else {
            return json!({ "errors": [{ "code": self.code, "message": self.message }] }).to_string();
        };
        // Clerk's front ends look for exactly this structure, and ignore Clerk's usual format of errors.
        let (kind, reason) = ("forbidden", "reverification-error");
        let metadata = json!({ "reverification": asked });
        json!({ "clerk_error": { "type": kind, "reason": reason, "metadata": metadata } }).to_string()
    }

    /// Returns the response, with any body type that can be made from bytes.
    #[must_use]
    pub fn into_response<B: From<Bytes>>(self) -> Response<B> {
        telemetry::rejected(self.status, &self.code, &self.message);
        let mut response = Response::new(B::from(Bytes::from(self.body())));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // A cached rejection would outlive its cause, such as a session that has been renewed since.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge() {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(wait) = self.retry_after {
            // RFC 9110, section 10.2.3: whole seconds. Rounded up, and at least one, so that the next attempt is not
            // too early.
            let secs = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Rejections by a rule of the application's own, with a code of its own.
impl Rejection {
    /// 401: the request does not show who sent it. The response asks for a bearer token.
    ///
    /// ```
    /// use clerk_tower::server::rejection::Rejection;
    ///
    /// let rejection = Rejection::unauthorized("api-key-missing");
    /// assert_eq!((rejection.status().as_u16(), rejection.code()), (401, "api-key-missing"));
    /// ```
    ///
    /// A code that is not [valid](Self::is_valid_code) is replaced by `check-failed`, and a warning is logged.
    #[must_use]
    pub fn unauthorized(code: impl Into<Cow<'static, str>>) -> Self {
        let message = "The request has no valid credentials.";
        let rejection = Self::new(StatusCode::UNAUTHORIZED, "", message);
        Self { challenge: Some("Bearer"), code: own_code(code.into()), ..rejection }
    }

    /// 403: it is known who sent the request, and that is not enough.
    ///
    /// A code that is not [valid](Self::is_valid_code) is replaced by `check-failed`, and a warning is logged.
    #[must_use]
    pub fn forbidden(code: impl Into<Cow<'static, str>>) -> Self {
        let message = "The request does not meet the requirements.";
        Self { code: own_code(code.into()), ..Self::insufficient("", message) }
    }

    /// Returns whether a code has the form that clients can rely on, such as `seat-missing`: 1 to 64 lower-case ASCII
    /// letters, digits, `-` and `_`, of which the first is a letter.
    #[must_use]
    pub const fn is_valid_code(code: &str) -> bool {
        let (bytes, length) = (code.as_bytes(), code.len());
        let begins_with_letter = matches!(bytes, [b'a'..=b'z', ..]);
        let mut rest = bytes;
        while let [byte, tail @ ..] = rest {
            if !matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') {
                return false;
            }
            rest = tail;
        }
        begins_with_letter && length <= 64
    }
}

/// Says what the caller can do about a missing session. It says no more than the code does, which is in the same response.
fn session_missing(reason: &Reason) -> &'static str {
    match reason {
        Reason::TokenInvalid | Reason::TokenInvalidAlgorithm => {
            "The bearer token or the session cookie is not a session token of Clerk."
        }
        Reason::TokenTypeMismatch => {
            "This kind of token is not accepted here. Send a session token as a bearer token."
        }
        Reason::TokenInvalidAuthorizedParties => {
            "The session token was issued to an origin that is not accepted here."
        }
        Reason::JwkKidMismatch | Reason::TokenInvalidSignature | Reason::TokenInvalidIssuer => {
            "The session token was not issued by the Clerk instance of this service."
        }
        Reason::SessionTokenNbf | Reason::SessionTokenIatInTheFuture => {
            "The session token is not valid yet. The clock of this service, or of the sender, is wrong."
        }
        Reason::SessionRevoked => "The session has ended. Sign in again.",
        expired if expired.as_str().starts_with("session-token-expired") => {
            "The session token has expired. Sign in again, or get a new token before each request."
        }
        _ => "A valid session is required. Sign in, or send a session token as a bearer token.",
    }
}

/// Returns the application's code, or a valid one in its place. The request is rejected either way.
fn own_code(code: Cow<'static, str>) -> Cow<'static, str> {
    if Rejection::is_valid_code(&code) {
        return code;
    }
    telemetry::invalid_code();
    Cow::Borrowed("check-failed")
}

impl Rejection {
    /// Returns the gRPC status code, for a service that returns a status of its framework instead of a response: with tonic,
    /// `Status::new(rejection.grpc_code().into(), rejection.to_string())`.
    #[must_use]
    pub fn grpc_code(&self) -> i32 {
        // https://grpc.github.io/grpc/core/md_doc_statuscodes.html
        match self.status {
            StatusCode::BAD_REQUEST => 3,
            StatusCode::NOT_FOUND => 5,
            StatusCode::FORBIDDEN => 7,
            StatusCode::SERVICE_UNAVAILABLE => 14,
            StatusCode::UNAUTHORIZED => 16,
            _ => 13,
        }
    }

    /// Returns the response for a gRPC client, which ignores the HTTP status: 200, the status in a header, and no body.
    #[must_use]
    pub fn into_grpc_response<B: Default>(self) -> Response<B> {
        telemetry::rejected(self.status, &self.code, &self.message);
        // In gRPC's Trailers-Only form, the status is among the headers, because trailers would have to follow a body.
        let mut response = Response::new(B::default());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert("grpc-status", HeaderValue::from(self.grpc_code()));
        // `grpc-message` is percent-encoded. Codes and messages are visible ASCII without a percent sign, so this
        // changes nothing in them.
        if let Ok(message) = HeaderValue::try_from(format!("{}: {}", self.code, self.message)) {
            headers.insert("grpc-message", message);
        }
        response.extensions_mut().insert(self);
        response
    }

    /// Returns the response for a request in this form of gRPC.
    pub(crate) fn into_response_as(self, form: Grpc) -> Response<Either<Full<Bytes>, OwnBody>> {
        let (mut head, ()) = self.into_grpc_response().into_parts();
        if form == Grpc::Native {
            return Response::from_parts(head, Either::Left(Full::default()));
        }
        let names = [HeaderName::from_static("grpc-status"), HeaderName::from_static("grpc-message")];
        let trailers: HeaderMap =
            names.into_iter().filter_map(|name| Some((name.clone(), head.headers.remove(name)?))).collect();
        let body = match form {
            Grpc::Native | Grpc::Translated => {
                let frame = Ok::<_, BoxError>(Frame::trailers(trailers));
                Either::Right(boxed(StreamBody::new(stream::iter([frame]))))
            }
            Grpc::Web => Either::Left(Full::from(trailers_frame(&trailers))),
            Grpc::WebText => Either::Left(Full::from(BASE64_STANDARD.encode(trailers_frame(&trailers)))),
        };
        let kind = match form {
            Grpc::Native | Grpc::Translated => "application/grpc",
            Grpc::Web => "application/grpc-web+proto",
            Grpc::WebText => "application/grpc-web-text+proto",
        };
        head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        Response::from_parts(head, body)
    }
}

/// Returns the last frame of a gRPC-Web response: a flag, the length, and the trailers as in HTTP/1.1.
/// <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md>
fn trailers_frame(trailers: &HeaderMap) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in trailers {
        block.extend_from_slice(&[name.as_str().as_bytes(), b":", value.as_bytes(), b"\r\n"].concat());
    }
    let length = u32::try_from(block.len()).unwrap_or_default();
    [&[0x80][..], &length.to_be_bytes(), &block].concat()
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status.as_u16(), self.code, self.message)
    }
}

impl std::error::Error for Rejection {}

/// Upper bound on the list of scopes in a challenge, in bytes. Proxies respond with 502 if headers are too long for them, and
/// clients close the connection: nginx accepts 4 KiB of headers by default, Node 16 KiB.
pub(crate) const LONGEST_SCOPES: usize = 2048;

/// Returns the scopes, separated by spaces. Left out are those that are not valid, which could end
/// the parameter of a challenge, and those that do not fit.
pub(crate) fn valid_scopes<'a>(scopes: impl Iterator<Item = &'a str>) -> String {
    scopes.filter(|scope| is_scope(scope)).fold(String::new(), |mut list, scope| {
        if list.len() + scope.len() < LONGEST_SCOPES {
            list.push_str(if list.is_empty() { "" } else { " " });
            list.push_str(scope);
        }
        list
    })
}

/// Whether this is a scope: RFC 6749, section 3.3.
pub(crate) fn is_scope(text: &str) -> bool {
    let is_valid = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !text.is_empty() && text.bytes().all(is_valid)
}

#[cfg(test)]
mod tests {
    use clerk_core::token::ReverificationLevel;

    use super::*;

    #[test]
    fn the_scopes_of_a_challenge_are_valid_and_fit_into_a_header() {
        let long = |length| "x".repeat(length);
        for (scopes, expected) in [
            (vec!["a".to_owned(), "b\"".to_owned(), String::new(), "c:d".to_owned()], "a c:d".to_owned()),
            (vec![long(2047)], long(2047)),
            (vec![long(2048)], String::new()),
            (vec![long(1000), long(1047)], format!("{} {}", long(1000), long(1047))),
            (vec![long(1000), long(1048), "a".to_owned()], format!("{} a", long(1000))),
        ] {
            let found = valid_scopes(scopes.iter().map(String::as_str));
            assert_eq!(found, expected);
            assert!(found.len() <= LONGEST_SCOPES);
        }
    }

    #[test]
    fn every_rejection_has_a_grpc_status() {
        let missing = Rejection::new(StatusCode::NOT_FOUND, "not-found", "m");
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
            (missing, "5"),
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
    fn a_rejection_can_be_logged_and_says_when_to_try_again() {
        let rejection = Rejection::unavailable(Some(Duration::from_secs(7)));
        assert_eq!(rejection.retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(Rejection::layer_missing().retry_after(), None);
        let expected = format!("503 {}: {}", rejection.code(), rejection.message());
        assert_eq!(rejection.to_string(), expected);
    }

    #[test]
    fn what_is_wrong_with_a_request_is_said_as_the_core_says_it() {
        for bad in [BadRequest::RedirectUrl, BadRequest::SeveralHosts] {
            let message = bad.to_string();
            assert_eq!(Rejection::bad_request(bad).message(), message);
        }
        for error in [NoSignInPage::NotConfigured, NoSignInPage::NoHost, NoSignInPage::ReturnUrl] {
            let message = error.to_string();
            assert_eq!(Rejection::no_sign_in_page(error).message(), message);
        }
    }

    #[test]
    fn only_rejections_about_scopes_are_joined() {
        let read = Rejection::scope_missing(["read", "both"]);
        let write = Rejection::scope_missing(["both", "write"]);
        assert_eq!(read.joined_with(&write).unwrap().missing_scopes(), ["read", "both", "write"]);
        let other = Rejection::check_failed();
        for (one, two) in [(&read, &other), (&other, &read), (&other, &other)] {
            assert!(one.joined_with(two).is_none(), "{one} and {two}");
        }
    }

    #[test]
    fn a_missing_session_says_what_to_do_about_it() {
        for (reason, word) in [
            (Reason::SessionTokenAndUatMissing, "Sign in, or send"),
            (Reason::ExpiredNoRefreshCookie, "has expired"),
            (Reason::ExpiredNonGet, "has expired"),
            (Reason::TokenInvalid, "not a session token"),
            (Reason::TokenTypeMismatch, "kind of token"),
            (Reason::TokenInvalidAuthorizedParties, "origin"),
            (Reason::JwkKidMismatch, "instance"),
            (Reason::SessionTokenNbf, "clock"),
            (Reason::SessionRevoked, "has ended"),
        ] {
            let message = session_missing(&reason);
            assert!(message.contains(word) && message.ends_with('.'), "{reason:?}: {message}");
        }
    }

    #[test]
    fn a_wait_is_rounded_up_to_whole_seconds() {
        for (millis, seconds) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (7000, "7")] {
            let rejection = Rejection::unavailable(Some(Duration::from_millis(millis)));
            let response: Response<Bytes> = rejection.into_response();
            assert_eq!(response.headers()["retry-after"], seconds, "{millis} ms");
        }
    }

    #[test]
    fn codes_of_the_application_have_a_form() {
        let (longest, too_long) = ("a".repeat(64), "a".repeat(65));
        for (code, is_valid) in [
            ("seat-missing", true),
            ("seat_missing_2", true),
            ("x", true),
            (&*longest, true),
            (&*too_long, false),
            ("", false),
            ("-x", false),
            ("2fa", false),
            ("Seat-Missing", false),
            ("seat missing", false),
            ("seat%20missing", false),
            ("seat\"missing", false),
            ("seat\r\nx: y", false),
            ("platz-fürs-büro", false),
        ] {
            assert_eq!(Rejection::is_valid_code(code), is_valid, "{code:?}");
            for (rejection, status, challenge) in [
                (Rejection::forbidden(code.to_owned()), 403, "Bearer error=\"insufficient_scope\""),
                (Rejection::unauthorized(code.to_owned()), 401, "Bearer"),
            ] {
                let expected = if is_valid { code } else { "check-failed" };
                assert_eq!((rejection.status().as_u16(), rejection.code()), (status, expected));
                let response: Response<Bytes> = rejection.into_response();
                assert_eq!(response.headers()["www-authenticate"], challenge);
                let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
                assert_eq!(body["errors"][0]["code"], expected);
            }
        }
    }

    #[test]
    fn front_ends_get_the_required_reverification() {
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
