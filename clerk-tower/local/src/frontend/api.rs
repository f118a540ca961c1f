//! The Frontend API's answers in JSON, as far as small scripts need them.

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
        Answer,
        error::ApiError,
        service::json_answer,
        state::{Over, Session, State, extended},
    },
    clients::Client,
    cookies, handshake,
    visit::Visit,
};

/// Answers one request, and says which pages may read the answer.
pub(super) fn answer(visit: &Visit<'_>) -> Result<Answer, ApiError> {
    let origin = visit.check_script()?;
    let mut answer = if visit.method == Method::OPTIONS {
        preflight()
    } else {
        match run(visit) {
            Ok(answer) => answer,
            Err(error) if visit.wants_document() => return Err(error),
            Err(error) => error.into_answer(),
        }
    };
    let headers = answer.headers_mut();
    headers.append(VARY, HeaderValue::from_static(ORIGIN.as_str()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    Ok(answer)
}

fn preflight() -> Answer {
    let mut answer = Response::new(http_body_util::Full::default());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
        (ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn run(visit: &Visit<'_>) -> Result<Answer, ApiError> {
    let segments: Vec<&str> = visit.path.trim_start_matches('/').split('/').collect();
    let body = match (visit.method.as_str(), &*segments) {
        ("GET", [".well-known", "jwks.json"]) => json!({ "keys": [visit.local.key().jwk()] }),
        ("POST", ["v1", "dev_browser"]) => return Ok(dev_browser(visit)),
        ("GET", ["v1", "client"]) => client(visit)?,
        ("DELETE", ["v1", "client", "sessions"]) => {
            sign_out(visit, None, Over::Removed)?;
            client(visit)?
        }
        ("POST", ["v1", "client", "sessions", id, "tokens"]) => token(visit, id)?,
        ("POST", ["v1", "client", "sessions", id, "touch"]) => touch(visit, id)?,
        ("POST", ["v1", "client", "sessions", id, "remove"]) => remove(visit, id, Over::Removed)?,
        ("POST", ["v1", "client", "sessions", id, "end"]) => remove(visit, id, Over::Ended)?,
        (method, _) => return Err(ApiError::not_emulated(&format!("{method} {}", visit.path))),
    };
    Ok(json_answer(StatusCode::OK, &body))
}

fn unknown_browser() -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "dev_browser_unauthenticated",
        "Browser unauthenticated",
        "The request names no browser that this LocalClerk knows: send the token of POST /v1/dev_browser as \
         __clerk_db_jwt in the query",
    )
}

/// Makes a browser known.
fn dev_browser(visit: &Visit<'_>) -> Answer {
    let state = &mut *visit.local.state();
    let client = state.clients.create(visit.now);
    let body = json!({
        "object": "dev_browser",
        "id": client.dev_browser,
        "token": client.dev_browser,
        "client_id": client.id,
        "created_at": client.created_at,
        "updated_at": client.created_at,
    });
    let mut answer = json_answer(StatusCode::OK, &body);
    if let Some(cookie) = visit.own_cookie(state, &client) {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
    answer
}

fn client(visit: &Visit<'_>) -> Result<Value, ApiError> {
    let state = &*visit.local.state();
    let client = visit.named_client(state).ok_or_else(unknown_browser)?;
    Ok(json!({ "response": render_client(visit, state, client), "client": null }))
}

/// The session of this browser under this identifier.
fn own_session<'s>(
    visit: &Visit<'_>,
    state: &'s State,
    id: &str,
) -> Result<(&'s Client, &'s Session), ApiError> {
    let client = visit.named_client(state).ok_or_else(unknown_browser)?;
    let session = state.visitor(client, visit.now).map(|(session, _)| session);
    let session = session.filter(|session| session.id == id);
    session.map(|session| (client, session)).ok_or_else(|| ApiError::not_found("session of this browser"))
}

fn token(visit: &Visit<'_>, id: &str) -> Result<Value, ApiError> {
    let state = &mut *visit.local.state();
    let session = own_session(visit, state, id)?.1.id.clone();
    if let Some(organization) = visit.form.given("organization_id") {
        activate(state, session.as_str(), organization)?;
    }
    let session = state.session_mut(session.as_str())?;
    session.last_active_at = visit.now;
    let session = session.clone();
    Ok(json!({ "object": "token", "jwt": mint(visit, state, &session) }))
}

fn mint(visit: &Visit<'_>, state: &State, session: &Session) -> String {
    let origin = visit.headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    cookies::token(state, &visit.local.key(), session, origin, visit.now)
}

fn activate(state: &mut State, session: &str, organization: &str) -> Result<(), ApiError> {
    if handshake::activate(state, session, organization) {
        Ok(())
    } else {
        Err(ApiError::not_found("organization of this user"))
    }
}

fn touch(visit: &Visit<'_>, id: &str) -> Result<Value, ApiError> {
    let state = &mut *visit.local.state();
    let session = own_session(visit, state, id)?.1.id.clone();
    if let Some(organization) = visit.form.given("active_organization_id") {
        activate(state, session.as_str(), organization)?;
    }
    state.session_mut(session.as_str())?.last_active_at = visit.now;
    let (client, session) = own_session(visit, state, id)?;
    let response = render_session(visit, state, session);
    Ok(json!({ "response": response, "client": render_client(visit, state, client) }))
}

fn remove(visit: &Visit<'_>, id: &str, over: Over) -> Result<Value, ApiError> {
    let session = sign_out(visit, Some(id), over)?;
    let state = &*visit.local.state();
    let client = visit.named_client(state).ok_or_else(unknown_browser)?;
    let response = session.map(|session| session.render(visit.now));
    Ok(json!({ "response": response, "client": render_client(visit, state, client) }))
}

/// Signs out; with an identifier, only if that is the session.
fn sign_out(visit: &Visit<'_>, id: Option<&str>, over: Over) -> Result<Option<Session>, ApiError> {
    let state = &mut *visit.local.state();
    if let Some(id) = id {
        own_session(visit, state, id)?;
    }
    let client = visit.named_client(state).ok_or_else(unknown_browser)?.clone();
    state.sign_out_with(&client.dev_browser, over, visit.now);
    Ok(client.session.and_then(|id| state.session(id.as_str()).ok().cloned()))
}

fn render_client(visit: &Visit<'_>, state: &State, client: &Client) -> Value {
    let session = state.visitor(client, visit.now).map(|(session, _)| session);
    let sessions: Vec<_> = session.iter().map(|session| render_session(visit, state, session)).collect();
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

/// A session as its own browser may see it: with its user, without what is for backends only.
fn render_session(visit: &Visit<'_>, state: &State, session: &Session) -> Value {
    let mut user = state.user(session.user.as_str()).map(|user| state.render_user(user)).unwrap_or_default();
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
    let token = mint(visit, state, session);
    extended(
        session.render(visit.now),
        json!({ "user": user, "last_active_token": { "object": "token", "jwt": token } }),
    )
}

/// A membership without what is for backends only.
fn render_membership(mut membership: Value) -> Value {
    if let Some(fields) = membership.as_object_mut() {
        fields.remove("private_metadata");
        if let Some(organization) = fields.get_mut("organization").and_then(Value::as_object_mut) {
            organization.remove("private_metadata");
        }
    }
    membership
}
