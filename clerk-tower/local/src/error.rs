//! Error responses in Clerk's format.

use http::{Method, StatusCode, header::RETRY_AFTER};
use serde_json::{Value, json};

use crate::{HttpResponse, random, service::json_response, state::extended};

/// An error response.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
    long_message: String,
    meta: Option<Box<Value>>,
}

impl ApiError {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        message: &'static str,
        long_message: impl Into<String>,
    ) -> Self {
        Self { status, code, message, long_message: long_message.into(), meta: None }
    }

    /// Adds what else the caller should know.
    pub(super) fn meta(mut self, meta: Value) -> Self {
        self.meta = Some(Box::new(meta));
        self
    }

    /// Names the parameter that the error is about.
    pub(super) fn with_param(self, param: &str) -> Self {
        self.meta(json!({ "param_name": param }))
    }

    /// A parameter is refused.
    pub(super) fn unprocessable(
        code: &'static str,
        message: &'static str,
        param: &str,
        long_message: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message, long_message)
            .meta(json!({ "param_name": param }))
    }

    /// The request has no secret key.
    pub(super) fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "authentication_invalid",
            "Invalid authentication",
            "The request has no Authorization header with a secret key as bearer token",
        )
    }

    /// The secret key of the request is not this instance's.
    pub(super) fn wrong_key() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "clerk_key_invalid",
            "The secret key is invalid",
            "The secret key in the Authorization header is not the key of this LocalClerk",
        )
    }

    /// There is no `kind` with the requested identifier.
    pub(super) fn not_found(kind: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "resource_not_found",
            "not found",
            format!("There is no {kind} with this identifier"),
        )
    }

    /// A required parameter is missing, null or empty.
    pub(super) fn missing(param: &str) -> Self {
        Self::unprocessable("form_param_missing", "is missing", param, format!("{param} is required"))
    }

    /// A parameter has the wrong type or format, or is out of range.
    pub(super) fn bad_format(param: &str, expected: &str) -> Self {
        Self::unprocessable(
            "form_param_format_invalid",
            "is invalid",
            param,
            format!("{param} must be {expected}"),
        )
    }

    /// The operation does not have this parameter.
    pub(super) fn unknown_param(param: &str) -> Self {
        Self::unprocessable(
            "form_param_unknown",
            "is unknown",
            param,
            format!("{param} is not a parameter of this operation"),
        )
    }

    /// The value is already in use.
    pub(super) fn exists(param: &str) -> Self {
        Self::unprocessable(
            "form_identifier_exists",
            "is taken",
            param,
            format!("This {param} is already in use; it must be unique within the instance"),
        )
    }

    /// A user needs at least one identifier.
    pub(super) fn no_identifier() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "form_data_missing",
            "missing data",
            "A user requires an email_address, a phone_number or a username, unless skip_user_requirement is true",
        )
        .meta(json!({ "param_names": ["email_address"] }))
    }

    /// The password is shorter than the instance's settings require.
    pub(super) fn short_password(least: usize) -> Self {
        Self::unprocessable(
            "form_password_length_too_short",
            "is too short",
            "password",
            format!("password must have at least {least} characters"),
        )
    }

    /// The password is longer than the instance's settings allow.
    pub(super) fn long_password(most: usize) -> Self {
        Self::unprocessable(
            "form_password_length_too_long",
            "is too long",
            "password",
            format!("password must have at most {most} characters"),
        )
    }

    /// The password lacks something that the instance's settings require.
    pub(super) fn weak_password(code: &'static str, lacks: &str) -> Self {
        Self::unprocessable(code, "is too weak", "password", format!("password must contain {lacks}"))
    }

    /// The password is not the user's.
    pub(super) fn wrong_password() -> Self {
        Self::unprocessable(
            "form_password_incorrect",
            "is incorrect",
            "password",
            "Password is incorrect. Try again, or use another method",
        )
    }

    /// The code is not the one that was sent, or that an authenticator app shows.
    pub(super) fn wrong_code() -> Self {
        Self::unprocessable("form_code_incorrect", "is incorrect", "code", "Incorrect code")
    }

    /// The digest of a password is not in the format of its hasher.
    pub(super) fn bad_digest() -> Self {
        Self::unprocessable(
            "form_password_digest_invalid_code",
            "is invalid",
            "password_digest",
            "password_digest must be in the format of its password_hasher, and not too costly to verify",
        )
    }

    /// A parameter is larger than Clerk allows.
    pub(super) fn too_large_param(param: &str, most: usize) -> Self {
        Self::unprocessable(
            "form_param_exceeds_allowed_size",
            "exceeds allowed size",
            param,
            format!("{param} must have at most {most} bytes of JSON"),
        )
    }

    /// The body is not a JSON object.
    pub(super) fn bad_body() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "request_body_invalid",
            "Request body invalid",
            "The body of the request is not a JSON object",
        )
    }

    /// The body is longer than [`MAX_BODY`](crate::service::MAX_BODY).
    pub(super) fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "request_body_too_large",
            "Request body too large",
            "The body of the request is longer than 1 MiB, the most that LocalClerk reads",
        )
    }

    /// The body of the request is valid JSON, but not what this operation accepts.
    pub(super) fn bad_request(long_message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", "Bad Request", long_message)
    }

    /// A machine's secret key does not authorize this operation.
    pub(super) fn machine_key() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "authorization_invalid",
            "Unauthorized request",
            "A machine's secret key authorizes only operations on the machine's own M2M tokens; send the \
             instance's secret key",
        )
    }

    /// Converts the error to the form of the operations on API keys and M2M tokens, which reject an invalid parameter with
    /// status 400 and a generic code.
    pub(super) fn plain(self) -> Self {
        match self.status {
            StatusCode::UNPROCESSABLE_ENTITY => Self::bad_request(self.long_message),
            _ => self,
        }
    }

    /// LocalClerk cannot do what Clerk can. Unlike status 501, this status is not retried by any of Clerk's SDKs.
    pub(super) fn not_emulated(what: &str) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "not_emulated",
            "Not emulated",
            format!("LocalClerk does not emulate {what}"),
        )
    }

    /// There is no operation with this path.
    pub(super) fn no_path(method: &Method, path: &str) -> Self {
        let long_message = format!("There is no operation {method} {path}");
        Self::new(StatusCode::NOT_FOUND, "operation_not_found", "not found", long_message)
    }

    /// The operations with this path have other methods.
    pub(super) fn no_method(method: &Method, path: &str, methods: &[Method]) -> Self {
        let methods: Vec<_> = methods.iter().map(Method::as_str).collect();
        let long_message = format!("{path} has no {method}, but {}", methods.join(", "));
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "method not allowed", long_message)
    }

    /// A failure that a test requested with [`Fault::status`](crate::Fault::status).
    pub(super) fn injected(status: StatusCode) -> Self {
        let code = match status {
            StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
            status if status.is_server_error() => "internal_clerk_error",
            _ => "injected_failure",
        };
        Self::new(status, code, "Injected failure", "LocalClerk was told to fail this request")
    }

    /// There is no folder with scripts.
    pub(super) fn no_scripts(path: &str) -> Self {
        let long_message = format!(
            "LocalClerk does not contain {path}: start clerk-local with --scripts node_modules/@clerk/clerk-js/dist, or              call LocalClerkBuilder::scripts"
        );
        Self::new(StatusCode::NOT_FOUND, "resource_not_found", "not found", long_message)
    }

    /// The request has taken effect, but its changes are not in the instance's file.
    pub(super) fn not_saved(error: &std::io::Error) -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "not_saved", "Not saved", format!("LocalClerk {error}"))
    }

    pub(super) const fn code(&self) -> &'static str {
        self.code
    }

    pub(super) const fn status(&self) -> StatusCode {
        self.status
    }

    /// The name of the parameter that the error is about.
    pub(super) fn param(&self) -> Option<&str> {
        self.meta.as_ref()?.get("param_name")?.as_str()
    }

    /// A headline for a page.
    pub(super) fn title(&self) -> String {
        let mut letters = self.message.chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
    }

    /// A sentence for a page, without its full stop.
    pub(super) fn sentence(&self) -> &str {
        &self.long_message
    }

    /// The error as responses contain it.
    pub(super) fn body(&self) -> Value {
        let error = json!({ "message": self.message, "long_message": self.long_message, "code": self.code });
        match &self.meta {
            Some(meta) => extended(error, json!({ "meta": meta })),
            None => error,
        }
    }

    /// The error as a response, with a new trace ID.
    pub(super) fn into_response(self) -> HttpResponse {
        let body = json!({ "errors": [self.body()], "clerk_trace_id": random::string(32) });
        let mut response = json_response(self.status, &body);
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(RETRY_AFTER, http::HeaderValue::from_static("1"));
        }
        response
    }
}
