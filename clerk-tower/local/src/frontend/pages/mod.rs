//! The pages. They work without scripts.

mod consent;
mod controls;
mod deliveries;
mod organization;
mod overview;
mod parts;
mod person;
mod social;

use clerk_core::Timestamp;
use http::{HeaderValue, StatusCode};
use url::Url;

pub(super) use self::consent::{Consent, consent, form_post};
use self::parts::LOGO;
use super::{
    super::{
        HttpResponse,
        error::ApiError,
        state::{SessionEnd, State},
    },
    browser_request::{BrowserRequest, require_loopback, return_url, with_query_pair},
    handshake::redirect,
    html::{Escaped, document},
    picture,
};
use crate::state::clients::Client;

pub(super) fn respond(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    let method = if request.method == http::Method::HEAD { "GET" } else { request.method.as_str() };
    match (method, request.path) {
        ("GET", "/") => Ok(overview::show(request)),
        ("POST", "/") => controls::change(request),
        ("GET", "/sign-in" | "/sign-up") => person::show(request),
        ("POST", "/sign-in" | "/sign-up") => person::choose(request),
        ("GET", "/sign-in/organization" | "/sign-in/tasks" | "/sign-up/tasks") => organization::show(request),
        ("POST", "/sign-in/organization") => organization::choose(request),
        ("GET" | "POST", "/sign-out") if request.method != http::Method::HEAD => sign_out(request),
        ("GET", path) if path.starts_with("/social/") => social::show(request),
        ("POST", path) if path.starts_with("/social/") => social::choose(request),
        ("GET", path) if path.starts_with("/images/") => {
            picture::respond(&request.local.state(), path.trim_start_matches("/images/"))
        }
        (method, path) => Err(ApiError::not_emulated(&format!("{method} {path}"))),
    }
}

/// Returns the page of an error.
pub(super) fn error(error: &ApiError) -> HttpResponse {
    let title = error.title();
    let (heading, sentence) = (Escaped(&title), Escaped(error.sentence()));
    let main = format!(
        "{LOGO}<h1>{heading}</h1>\n<p>{sentence}.</p>\n<a class=\"button plain\" href=\"/\">What is this server?</a>\n"
    );
    document(error.status(), &title, &main)
}

/// Parses the optional `redirect_url` of a form or a link.
fn destination(text: Option<&str>) -> Result<Option<Url>, ApiError> {
    text.map(return_url).transpose()
}

/// Returns the path of a page of this server, with the `redirect_url`.
fn page_url(path: &str, destination: Option<&Url>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    match destination {
        None => path.to_owned(),
        Some(url) => format!("{path}?{}", query.append_pair("redirect_url", url.as_str()).finish()),
    }
}

/// Returns the URL of the application, with the browser's token; the sign-in page without a `redirect_url`.
fn return_address(destination: Option<Url>, client: &Client) -> String {
    match destination {
        None => "/sign-in".to_owned(),
        Some(url) => with_query_pair(url, "__clerk_db_jwt", &client.dev_browser).into(),
    }
}

/// Sends the browser to a page of this server, and from there to `destination`.
pub(super) fn send_to(page: &str, destination: &Url) -> HttpResponse {
    see_other(&page_url(page, Some(destination)), Vec::new())
}

fn see_other(location: &str, cookies: Vec<HeaderValue>) -> HttpResponse {
    redirect(StatusCode::SEE_OTHER, location, cookies)
}

/// Returns the browser that sent the request; adds it if it is unknown.
fn client_or_new(request: &BrowserRequest<'_>, state: &mut State, now: Timestamp) -> Client {
    let known = request.client_by_cookie_or_query(state).cloned();
    known.unwrap_or_else(|| state.clients.create(now))
}

/// `GET /sign-out` by a link, or `POST /sign-out` by a form.
fn sign_out(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    let text = if request.method == http::Method::POST {
        request.check_form()?;
        request.form.first("redirect_url")
    } else if request.is_subresource() {
        return Err(ApiError::not_emulated(
            "signing out by a background request; link to this page, or submit a form",
        ));
    } else {
        request.query.first("redirect_url")
    };
    let destination = destination(text)?;
    if request.method != http::Method::POST {
        destination.as_ref().map_or(Ok(()), require_loopback)?;
    }
    let state = &mut *request.local.state();
    let client = client_or_new(request, state, request.now);
    state.sign_out_with(&client.dev_browser, SessionEnd::Removed, request.now);
    let cookies = request.client_cookies(state, &client);
    Ok(see_other(&return_address(destination, &client), cookies))
}
