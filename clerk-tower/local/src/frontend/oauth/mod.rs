//! The OAuth 2.1 and OpenID Connect provider.
//!
//! Browsers come to the authorization endpoint, where a user consents; applications use the other endpoints.

mod authorize;
mod client;
mod discovery;
pub(in super::super) mod metadata_document;
mod register;
mod request;
mod token;
mod userinfo;

use std::borrow::Cow;

use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, WWW_AUTHENTICATE,
    },
};
use serde_json::{Value, json};

pub(super) use self::authorize::decide;
use super::{
    super::{HttpResponse, error::ApiError, service::json_response},
    browser_request::BrowserRequest,
};
use crate::LocalBody;

/// The paths of the provider.
pub(super) const PATHS: [&str; 3] =
    ["/oauth", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];

pub(super) fn respond(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    if request.path == "/oauth/authorize" {
        return match *request.method {
            Method::GET | Method::POST => authorize::respond(request),
            _ => Err(wrong_method(request, &[Method::GET, Method::POST])),
        };
    }
    request.check_script()?;
    let mut response = if request.method == Method::OPTIONS { preflight() } else { run(request)? };
    allow_scripts(&mut response);
    Ok(response)
}

/// Lets the scripts of all pages that may send a request read its response.
pub(super) fn allow_scripts(response: &mut HttpResponse) {
    let headers = response.headers_mut();
    // No cookie counts here.
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(WWW_AUTHENTICATE.as_str()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

fn run(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    type Endpoint = fn(&BrowserRequest<'_>) -> Result<HttpResponse, OAuthError>;
    let (methods, endpoint): (&[Method], Endpoint) = match request.path {
        "/.well-known/openid-configuration" => (&[Method::GET], discovery::openid),
        "/.well-known/oauth-authorization-server" => (&[Method::GET], discovery::oauth),
        "/oauth/register" => {
            // This endpoint has Clerk's errors until it is turned on.
            register::check_enabled(request)?;
            (&[Method::POST], register::respond)
        }
        "/oauth/token" => (&[Method::POST], token::respond),
        "/oauth/token/revoke" => (&[Method::POST], token::revoke),
        "/oauth/token_info" => (&[Method::POST], token::introspect),
        "/oauth/userinfo" => (&[Method::GET, Method::POST], userinfo::respond),
        path => return Err(ApiError::no_path(request.method, path)),
    };
    let method = if *request.method == Method::HEAD { &Method::GET } else { request.method };
    if !methods.contains(method) {
        return Err(wrong_method(request, methods));
    }
    Ok(endpoint(request).unwrap_or_else(OAuthError::into_response))
}

fn wrong_method(request: &BrowserRequest<'_>, methods: &[Method]) -> ApiError {
    ApiError::no_method(request.method, request.path, methods)
}

fn preflight() -> HttpResponse {
    let mut response = Response::new(LocalBody::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        // MCP clients send the last one to every address.
        (ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, mcp-protocol-version"),
        (ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn ok(body: &Value) -> HttpResponse {
    json_response(StatusCode::OK, body)
}

/// An error of an endpoint that applications use: RFC 6749, section 5.2.
#[derive(Debug)]
struct OAuthError {
    status: StatusCode,
    code: &'static str,
    /// Printable ASCII without quotes and backslashes.
    description: Cow<'static, str>,
    challenge: Option<&'static str>,
}

impl OAuthError {
    fn new(code: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, description: description.into(), challenge: None }
    }

    /// The status is 401, with a challenge of this scheme.
    fn unauthorized(mut self, scheme: &'static str) -> Self {
        self.status = StatusCode::UNAUTHORIZED;
        self.challenge = Some(scheme);
        self
    }

    fn into_response(self) -> HttpResponse {
        let Self { status, code, description, challenge } = self;
        let mut response = json_response(status, &json!({ "error": code, "error_description": description }));
        let challenge = challenge.map(|scheme| match scheme {
            "Bearer" => format!("Bearer error=\"{code}\", error_description=\"{description}\""),
            scheme => format!("{scheme} realm=\"OAuth\""),
        });
        if let Some(challenge) = challenge.and_then(|challenge| HeaderValue::try_from(challenge).ok()) {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
