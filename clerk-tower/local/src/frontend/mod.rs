//! What browsers ask: the Frontend API, as far as an application that renders its pages on the server needs it,
//! and pages for people.
//!
//! Nothing here needs the secret key, and nothing here answers what the Backend API answers.

mod api;
pub(super) mod clients;
pub(super) mod cookies;
mod handshake;
mod html;
mod pages;
mod picture;
mod visit;

use bytes::Bytes;
use http::{Method, Request, header::AUTHORIZATION};

use self::visit::Visit;
use super::{
    Answer, LocalClerk,
    error::ApiError,
    service::{MAX_BODY, without_version},
};

/// Whose business a path is.
enum Area {
    /// Scripts', and handshakes.
    Api,
    Pages,
}

/// Answers a request that concerns browsers; `None` where it is one for the Backend API.
pub(super) fn answer(local: &LocalClerk, request: &Request<Bytes>) -> Option<Answer> {
    let area = area(request)?;
    let visit = Visit::new(local, request);
    let checked =
        || if request.body().len() > MAX_BODY { Err(ApiError::too_large()) } else { visit.check_host() };
    let (method, path) = (visit.method.as_str(), without_version(visit.path));
    let answer = match area {
        Area::Api => match local.staging().next(method, path) {
            Some(status) => Err(ApiError::staged(status)),
            None => checked().and_then(|()| api(&visit)),
        },
        Area::Pages => {
            local.staging().note(method, path);
            checked().and_then(|()| pages::answer(&visit))
        }
    };
    Some(match answer {
        Ok(answer) => answer,
        Err(error) if visit.wants_document() => pages::error(&error),
        Err(error) => error.into_answer(),
    })
}

fn area(request: &Request<Bytes>) -> Option<Area> {
    let (path, headers) = (request.uri().path(), request.headers());
    let is_below =
        |top: &str| path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if ["/v1/client", "/v1/dev_browser", "/v1/environment", "/.well-known/jwks.json"]
        .into_iter()
        .any(is_below)
    {
        return Some(Area::Api);
    }
    // Nobody but a program for the Backend API brings the key.
    if headers.contains_key(AUTHORIZATION) {
        return None;
    }
    let is_page = path == "/" || ["/sign-in", "/sign-up", "/sign-out", "/images"].into_iter().any(is_below);
    let is_lost = request.method() == Method::GET && visit::wants_document(headers) && !is_below("/v1");
    (is_page || is_lost).then_some(Area::Pages)
}

fn api(visit: &Visit<'_>) -> Result<Answer, ApiError> {
    match (visit.method, visit.path) {
        (&Method::GET, "/v1/client/handshake") => handshake::answer(visit),
        _ => api::answer(visit),
    }
}
