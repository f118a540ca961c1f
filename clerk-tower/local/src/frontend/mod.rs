//! What browsers request: the pages, and the part of the Frontend API that an application with server-rendered
//! pages needs.
//!
//! Nothing here requires the secret key, and no path here belongs to the Backend API.

mod api;
mod browser_request;
mod handshake;
mod html;
pub(super) mod oauth;
mod pages;
pub(super) mod picture;

use bytes::Bytes;
use http::{
    HeaderMap, Method, Request,
    header::{AUTHORIZATION, ORIGIN},
};
use percent_encoding::percent_decode_str;

use self::browser_request::BrowserRequest;
use super::{HttpResponse, LocalClerk, error::ApiError, query::Query, service::MAX_BODY};

/// The paths that the Backend API does not have.
const FRONTEND_ONLY: &[&str] = &[
    "/v1/account_portal",
    "/v1/clear-site-data",
    "/v1/client",
    "/v1/dev_browser",
    "/v1/environment",
    "/v1/health",
    "/v1/me",
    "/v1/oauth_callback",
    "/v1/proxy-health",
    "/v1/redirect",
    "/v1/saml",
    "/v1/tickets",
    "/v1/verify",
    "/v1/waitlist",
    "/.well-known/apple-app-site-association",
    "/.well-known/assetlinks.json",
    "/.well-known/jwks.json",
    "/.well-known/webauthn",
];

/// Where a page of an application's own sends its user's consent.
const CONSENT: &str = "/v1/me/oauth/consent/";

/// What a path belongs to.
enum Area {
    /// The Frontend API: handshakes and requests of scripts.
    Api,
    /// The OAuth provider.
    OAuth,
    Pages,
}

/// Responds to a browser's request; `None` for a request to the Backend API.
pub(super) fn respond(local: &LocalClerk, request: &Request<Bytes>) -> Option<HttpResponse> {
    let area = area(request)?;
    let is_too_large = request.body().len() > MAX_BODY;
    let request = BrowserRequest::new(local, request);
    let checked = || if is_too_large { Err(ApiError::too_large()) } else { request.check_host() };
    let response = checked().and_then(|()| match area {
        Area::Api => api(&request),
        Area::OAuth => oauth::respond(&request),
        Area::Pages => pages::respond(&request),
    });
    Some(match response {
        Ok(response) => response,
        Err(error) if request.wants_document() => pages::error(&error),
        Err(error) => error.into_response(),
    })
}

/// Returns a response that the script that sent a request may read, as it could read any other one.
pub(super) fn readable(
    local: &LocalClerk,
    request: &Request<Bytes>,
    mut response: HttpResponse,
) -> HttpResponse {
    let area = area(request);
    let request = BrowserRequest::new(local, request);
    if request.check_host().is_ok()
        && let Ok(origin) = request.check_script()
    {
        match area {
            Some(Area::Api) => api::allow_script(&mut response, origin),
            Some(Area::OAuth) => oauth::allow_scripts(&mut response),
            Some(Area::Pages) | None => {}
        }
    }
    response
}

/// Returns the method of a request, which Clerk's JavaScript puts into the query.
pub(super) fn method(request: &Request<Bytes>) -> Method {
    match area(request) {
        Some(Area::Api) => {
            let query = Query::parse(request.uri().query().unwrap_or_default());
            browser_request::api_method(request.method(), &query)
        }
        _ => request.method().clone(),
    }
}

/// Returns whether a request is for a page or an image.
pub(super) fn is_page(request: &Request<Bytes>) -> bool {
    matches!(area(request), Some(Area::Pages))
}

fn area(request: &Request<Bytes>) -> Option<Area> {
    let (path, headers) = (request.uri().path(), request.headers());
    let is_below =
        |top: &str| path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if FRONTEND_ONLY.iter().any(|top| is_below(top)) {
        return Some(Area::Api);
    }
    if oauth::PATHS.into_iter().any(is_below) {
        return Some(Area::OAuth);
    }
    // The URL of an agent's task, which a browser opens; the Backend API only has POST here.
    if path == "/v1/agents/tasks" && request.method() == Method::GET {
        return Some(Area::Api);
    }
    // Otherwise only a client of the Backend API sends this header.
    if headers.contains_key(AUTHORIZATION) && !(api::takes_session_token(path) && has_jwt(headers)) {
        return None;
    }
    // Paths that both APIs have belong to whoever calls: a browser names itself, and its scripts' origin.
    let is_browser = headers.contains_key(ORIGIN) || browser_request::names_browser(request);
    if is_browser && api::has_path(path) {
        return Some(Area::Api);
    }
    let is_page =
        path == "/" || ["/sign-in", "/sign-up", "/sign-out", "/images", "/social"].into_iter().any(is_below);
    let is_unknown_page =
        request.method() == Method::GET && browser_request::wants_document(headers) && !is_below("/v1");
    (is_page || is_unknown_page).then_some(Area::Pages)
}

/// Returns whether the bearer token is a JWT: a session token, and no secret key.
fn has_jwt(headers: &HeaderMap) -> bool {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| value.matches('.').count() == 2)
}

fn api(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    match (request.method, request.path) {
        (&Method::GET, "/v1/client/handshake") => handshake::respond(request),
        (&Method::POST, path) if path.starts_with(CONSENT) => {
            let client_id = path.trim_start_matches(CONSENT);
            oauth::decide(request, &percent_decode_str(client_id).decode_utf8_lossy())
        }
        (&Method::GET, "/v1/verify") => api::links::verify(request),
        (&Method::GET, "/v1/tickets/accept") => api::tickets::accept(request),
        (&Method::GET, "/v1/agents/tasks") => api::tickets::agent_task(request),
        _ => api::respond(request),
    }
}
