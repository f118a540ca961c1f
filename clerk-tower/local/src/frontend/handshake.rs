//! The handshake: a browser comes from the application, and goes back with new cookies.

use clerk_core::id::OrganizationId;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, LOCATION, SET_COOKIE},
};
use serde_json::json;

use super::{
    super::{Answer, claims, error::ApiError, state::State},
    cookies::Application,
    visit::{Visit, on_this_computer, return_url, with_pair},
};

/// `GET /v1/client/handshake`.
pub(super) fn answer(visit: &Visit<'_>) -> Result<Answer, ApiError> {
    let back = return_url(visit.query.first("redirect_url").unwrap_or_default())?;
    let as_nonce = match visit.query.first("format") {
        None | Some("token") => false,
        Some("nonce") => true,
        Some(_) => return Err(ApiError::bad_format("format", "nonce or token")),
    };
    if !as_nonce {
        // A nonce is worth nothing without the secret key; a token is worth the session.
        on_this_computer(&back)?;
    }
    let (now, key) = (visit.now, visit.local.key());
    let state = &mut *visit.local.state();
    let client = match visit.named_client(state) {
        Some(client) => client.clone(),
        None => state.clients.create(now),
    };
    if let Some(session) = state.visitor(&client, now).map(|(session, _)| session.id.clone()) {
        if let Some(organization) = visit.query.given("organization_id") {
            activate(state, session.as_str(), organization);
        }
        if let Ok(session) = state.session_mut(session.as_str()) {
            session.last_active_at = now;
        }
    }
    let application =
        Application { suffix: visit.suffix.clone(), origin: back.origin().ascii_serialization() };
    let directives = application.directives(state, &key, &client, now);
    let back = if as_nonce {
        with_pair(back, "__clerk_handshake_nonce", &state.clients.keep(directives, now))
    } else {
        let token = key.sign(&claims::header(), &json!({ "handshake": directives }));
        with_pair(back, "__clerk_handshake", &token)
    };
    let own = visit.own_cookie(state, &client);
    Ok(redirect(StatusCode::TEMPORARY_REDIRECT, back.as_str(), own))
}

/// Makes an organization the active one, by its identifier or its slug; the empty text stands for the personal
/// account. Where the user is no member, everything stays as it is; says whether it did not.
pub(super) fn activate(state: &mut State, session: &str, organization: &str) -> bool {
    let chosen = if organization.is_empty() {
        None
    } else {
        let user = state.session(session).ok().map(|session| session.user.clone());
        let found = user.and_then(|user| membership(state, user.as_str(), organization));
        if found.is_none() {
            return false;
        }
        found
    };
    let Ok(session) = state.session_mut(session) else { return false };
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

/// Sends a browser on.
pub(super) fn redirect(status: StatusCode, location: &str, cookie: Option<HeaderValue>) -> Answer {
    let mut answer = Response::new(http_body_util::Full::default());
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    // An address is visible ASCII.
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(LOCATION, location);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = cookie {
        headers.append(SET_COOKIE, cookie);
    }
    answer
}
