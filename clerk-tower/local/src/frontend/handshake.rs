//! The handshake: an application redirects a browser here, and the browser returns with new cookies.

use clerk_core::id::OrganizationId;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, LOCATION, SET_COOKIE},
};
use serde_json::json;
use url::Url;

use super::{
    super::{
        HttpResponse, claims,
        error::ApiError,
        keys::SigningKey,
        state::{State, clients::Client},
    },
    browser_request::{BrowserRequest, require_loopback, return_url, with_query_pair},
};
use crate::LocalBody;
use crate::cookies::Application;

/// `GET /v1/client/handshake`.
pub(super) fn respond(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    let back = return_url(request.query.first("redirect_url").unwrap_or_default())?;
    let as_nonce = match request.query.first("format") {
        None | Some("token") => false,
        Some("nonce") => true,
        Some(_) => return Err(ApiError::bad_format("format", "nonce or token")),
    };
    if !as_nonce {
        // A nonce is useless without the secret key. A token contains the session's cookies.
        require_loopback(&back)?;
    }
    let (now, key) = (request.now, request.local.key());
    let state = &mut *request.local.state();
    let client = match request.client_by_query_or_cookie(state) {
        Some(client) => client.clone(),
        None => state.clients.create(now),
    };
    if let Some(session) = state.active_session(&client, now).map(|(session, _)| session.id.clone()) {
        if let Some(organization) = request.query.given("organization_id") {
            activate(state, session.as_str(), organization);
        }
        if let Ok(session) = state.sessions.get_mut(session.as_str()) {
            session.last_active_at = now;
        }
    }
    Ok(finish(request, state, &key, &client, back, as_nonce))
}

/// Sends a browser back to an application with the application's cookies, in a token or behind a nonce.
pub(super) fn finish(
    request: &BrowserRequest<'_>,
    state: &mut State,
    key: &SigningKey,
    client: &Client,
    back: Url,
    as_nonce: bool,
) -> HttpResponse {
    let application =
        Application { suffix: request.suffix.clone(), origin: back.origin().ascii_serialization() };
    let set_cookies = application.set_cookies(state, key, client, request.now);
    let back = if as_nonce {
        let nonce = state.clients.store_handshake(set_cookies, request.now);
        with_query_pair(back, "__clerk_handshake_nonce", &nonce)
    } else {
        let token = key.sign(&claims::header(), &json!({ "handshake": set_cookies }));
        with_query_pair(back, "__clerk_handshake", &token)
    };
    let own = request.client_cookies(state, client);
    redirect(StatusCode::TEMPORARY_REDIRECT, back.as_str(), own)
}

/// Makes an organization the active one, by its identifier or slug; an empty string selects the personal account.
/// Returns false, and changes nothing, if the user is not a member.
pub(super) fn activate(state: &mut State, session: &str, organization: &str) -> bool {
    let chosen = if organization.is_empty() {
        None
    } else {
        let user = state.sessions.get(session).ok().map(|session| session.user.clone());
        let found = user.and_then(|user| membership(state, user.as_str(), organization));
        if found.is_none() {
            return false;
        }
        found
    };
    let Ok(session) = state.sessions.get_mut(session) else { return false };
    if chosen.is_some() {
        session.pending = false;
    }
    session.organization = chosen;
    true
}

fn membership(state: &State, user: &str, organization: &str) -> Option<OrganizationId> {
    let mut all = state.organizations.iter();
    let found = all.find(|one| one.id == organization || one.slug == organization)?;
    state.membership(found.id.as_str(), user).ok().map(|membership| membership.organization.clone())
}

/// Returns a redirect that is not cached.
pub(super) fn redirect(status: StatusCode, location: &str, cookies: Vec<HeaderValue>) -> HttpResponse {
    let mut response = Response::new(LocalBody::default());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // Never fails: a URL consists of visible ASCII.
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(LOCATION, location);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for cookie in cookies {
        headers.append(SET_COOKIE, cookie);
    }
    response
}
