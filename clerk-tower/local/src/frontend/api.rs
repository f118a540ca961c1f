//! The JSON part of the Frontend API: the part that small scripts need.

use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, ORIGIN, SET_COOKIE, VARY,
    },
};
use serde_json::{Map, Value, json};

use super::{
    super::{
        HttpResponse,
        error::ApiError,
        service::json_response,
        state::{Session, SessionEnd, State, extended},
    },
    browser_request::BrowserRequest,
    clients::Client,
    cookies, handshake,
};
use crate::LocalBody;

/// Responds to one request. The CORS headers let pages of this computer read the response.
pub(super) fn respond(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    let origin = request.check_script()?;
    let mut response = if request.method == Method::OPTIONS {
        preflight()
    } else {
        match run(request) {
            Ok(response) => response,
            Err(error) if request.wants_document() => return Err(error),
            Err(error) => error.into_response(),
        }
    };
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static(ORIGIN.as_str()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    Ok(response)
}

fn preflight() -> HttpResponse {
    let mut response = Response::new(LocalBody::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
        (ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn run(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    let segments: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    let body = match (request.method.as_str(), &*segments) {
        ("GET", [".well-known", "jwks.json"]) => json!({ "keys": [request.local.key().jwk()] }),
        ("POST", ["v1", "dev_browser"]) => return Ok(dev_browser(request)),
        ("GET", ["v1", "client"]) => client(request)?,
        ("DELETE", ["v1", "client", "sessions"]) => {
            sign_out(request, None, SessionEnd::Removed)?;
            client(request)?
        }
        ("POST", ["v1", "client", "sessions", id, "tokens"]) => token(request, id)?,
        ("POST", ["v1", "client", "sessions", id, "touch"]) => touch(request, id)?,
        ("POST", ["v1", "client", "sessions", id, "remove"]) => remove(request, id, SessionEnd::Removed)?,
        ("POST", ["v1", "client", "sessions", id, "end"]) => remove(request, id, SessionEnd::Ended)?,
        (method, _) => return Err(ApiError::not_emulated(&format!("{method} {}", request.path))),
    };
    Ok(json_response(StatusCode::OK, &body))
}

fn unknown_browser() -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "dev_browser_unauthenticated",
        "Browser unauthenticated",
        "This LocalClerk does not know the browser: send the token of POST /v1/dev_browser as __clerk_db_jwt in \
         the query",
    )
}

/// `POST /v1/dev_browser`: registers a browser.
fn dev_browser(request: &BrowserRequest<'_>) -> HttpResponse {
    let state = &mut *request.local.state();
    let client = state.clients.create(request.now);
    let body = json!({
        "object": "dev_browser",
        "id": client.dev_browser,
        "token": client.dev_browser,
        "client_id": client.id,
        "created_at": client.created_at,
        "updated_at": client.created_at,
    });
    let mut response = json_response(StatusCode::OK, &body);
    if let Some(cookie) = request.client_cookie(state, &client) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

fn client(request: &BrowserRequest<'_>) -> Result<Value, ApiError> {
    let state = &*request.local.state();
    let client = request.client_by_query_or_cookie(state).ok_or_else(unknown_browser)?;
    Ok(json!({ "response": render_client(request, state, client), "client": null }))
}

/// Returns the browser and its session, if the session has this identifier.
fn own_session<'s>(
    request: &BrowserRequest<'_>,
    state: &'s State,
    id: &str,
) -> Result<(&'s Client, &'s Session), ApiError> {
    let client = request.client_by_query_or_cookie(state).ok_or_else(unknown_browser)?;
    let session = state.active_session(client, request.now).map(|(session, _)| session);
    let session = session.filter(|session| session.id == id);
    session.map(|session| (client, session)).ok_or_else(|| ApiError::not_found("session of this browser"))
}

fn token(request: &BrowserRequest<'_>, id: &str) -> Result<Value, ApiError> {
    let state = &mut *request.local.state();
    let session = own_session(request, state, id)?.1.id.clone();
    if let Some(organization) = request.form.given("organization_id") {
        activate(state, session.as_str(), organization)?;
    }
    let session = state.sessions.get_mut(session.as_str())?;
    session.last_active_at = request.now;
    let session = session.clone();
    Ok(json!({ "object": "token", "jwt": mint(request, state, &session) }))
}

fn mint(request: &BrowserRequest<'_>, state: &State, session: &Session) -> String {
    let origin = request.headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    cookies::token(state, &request.local.key(), session, origin, request.now)
}

fn activate(state: &mut State, session: &str, organization: &str) -> Result<(), ApiError> {
    if handshake::activate(state, session, organization) {
        Ok(())
    } else {
        Err(ApiError::not_found("organization of this user"))
    }
}

fn touch(request: &BrowserRequest<'_>, id: &str) -> Result<Value, ApiError> {
    let state = &mut *request.local.state();
    let session = own_session(request, state, id)?.1.id.clone();
    if let Some(organization) = request.form.given("active_organization_id") {
        activate(state, session.as_str(), organization)?;
    }
    state.sessions.get_mut(session.as_str())?.last_active_at = request.now;
    let (client, session) = own_session(request, state, id)?;
    let response = render_session(request, state, session);
    Ok(json!({ "response": response, "client": render_client(request, state, client) }))
}

fn remove(request: &BrowserRequest<'_>, id: &str, over: SessionEnd) -> Result<Value, ApiError> {
    let session = sign_out(request, Some(id), over)?;
    let state = &*request.local.state();
    let client = request.client_by_query_or_cookie(state).ok_or_else(unknown_browser)?;
    let response = session.map(|session| session.render(request.now));
    Ok(json!({ "response": response, "client": render_client(request, state, client) }))
}

/// Ends the browser's session. With an identifier, it is an error if the session has another one.
fn sign_out(
    request: &BrowserRequest<'_>,
    id: Option<&str>,
    over: SessionEnd,
) -> Result<Option<Session>, ApiError> {
    let state = &mut *request.local.state();
    if let Some(id) = id {
        own_session(request, state, id)?;
    }
    let client = request.client_by_query_or_cookie(state).ok_or_else(unknown_browser)?.clone();
    state.sign_out_with(&client.dev_browser, over, request.now);
    Ok(client.session.and_then(|id| state.sessions.get(id.as_str()).ok().cloned()))
}

fn render_client(request: &BrowserRequest<'_>, state: &State, client: &Client) -> Value {
    let session = state.active_session(client, request.now).map(|(session, _)| session);
    let sessions: Vec<_> = session.iter().map(|session| render_session(request, state, session)).collect();
    json!({
        "object": "client",
        "id": client.id,
        "sessions": sessions,
        "sign_in": null,
        "sign_up": null,
        "last_active_session_id": session.map(|session| &session.id),
        "cookie_expires_at": null,
        "captcha_bypass": false,
        "created_at": client.created_at,
        "updated_at": client.changed_at,
    })
}

/// Returns a session as its own browser may see it: with its user, without private metadata.
fn render_session(request: &BrowserRequest<'_>, state: &State, session: &Session) -> Value {
    let mut user =
        state.users.get(session.user.as_str()).map(|user| state.render_user(user)).unwrap_or_default();
    let fields = user.as_object_mut();
    let hide = |fields: &mut Map<String, Value>| fields.remove("private_metadata");
    fields.map(hide);
    let memberships: Vec<_> = state
        .memberships
        .iter()
        .filter(|membership| membership.user == session.user)
        .map(|membership| render_membership(state.render_membership(membership)))
        .collect();
    let user = extended(user, json!({ "organization_memberships": memberships }));
    let token = mint(request, state, session);
    extended(
        session.render(request.now),
        json!({ "user": user, "last_active_token": { "object": "token", "jwt": token } }),
    )
}

/// Returns a membership without private metadata.
fn render_membership(mut membership: Value) -> Value {
    if let Some(fields) = membership.as_object_mut() {
        fields.remove("private_metadata");
        if let Some(organization) = fields.get_mut("organization").and_then(Value::as_object_mut) {
            organization.remove("private_metadata");
        }
    }
    membership
}
