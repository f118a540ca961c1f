//! Clients: browsers, and results of handshakes.

use std::collections::BTreeSet;

use clerk_core::Timestamp;
use serde_json::{Value, json};

use super::{
    super::{
        body::Body,
        error::ApiError,
        state::{Session, State},
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/clients", Fixed(list)),
    Route::post("/clients/verify", Fixed(verify)),
    Route::get("/clients/handshake_payload", Fixed(handshake_payload)),
    Route::get("/clients/{client_id}", One(get)),
];

fn list(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, now, .. } = request;
    let page = query.page()?;
    let paginated = query.flag("paginated")?.unwrap_or(false);
    let known = state.clients.all.iter().map(|client| (client.created_at, client.id.as_str()));
    let others = state.sessions.iter().map(|session| (session.created_at, session.client.as_str()));
    let others = others.filter(|(_, id)| state.clients.all.get(id).is_err());
    let clients: BTreeSet<_> = known.chain(others).collect();
    let clients: Vec<_> = clients.into_iter().rev().map(|(_, id)| id).collect();
    Ok(page.list(paginated, &clients, |id| render(state, id, now).unwrap_or_default()))
}

fn get(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    render(state, id, now).ok_or_else(|| ApiError::not_found("client"))
}

/// Returns a client with its sessions. A session that was started without a browser has a client of its own.
fn render(state: &State, id: &str, now: Timestamp) -> Option<Value> {
    let client = state.clients.all.get(id).ok();
    let sessions: Vec<&Session> = state.sessions.iter().filter(|session| session.client == id).collect();
    let first = sessions.iter().map(|session| session.created_at).min();
    let last = sessions.iter().map(|session| session.updated_at).max();
    let is_alive = |session: &&&Session| matches!(session.status(now), "active" | "pending");
    let last_active = sessions.iter().filter(is_alive).max_by_key(|session| session.last_active_at);
    let last_active = client.and_then(|client| client.last_active.as_ref()).or(last_active.map(|it| &it.id));
    Some(json!({
        "object": "client",
        "id": id,
        "session_ids": sessions.iter().map(|session| &session.id).collect::<Vec<_>>(),
        "sessions": sessions.iter().map(|session| session.render(now)).collect::<Vec<_>>(),
        "sign_in_id": null,
        "sign_up_id": null,
        "last_active_session_id": last_active,
        "last_authentication_strategy": null,
        "updated_at": client.map(|client| client.changed_at).or(last)?,
        "created_at": client.map(|client| client.created_at).or(first)?,
    }))
}

/// Returns the client of a session token, or of the token that identifies a browser.
fn verify(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, key, body, now, .. } = request;
    let body = Body::parse(body, &["token"])?;
    let token = body.required("token")?;
    let claims = key.verify(token);
    let second = state.clock_time(now).as_secs();
    let is_current =
        |claims: &Value| claims.get("exp").and_then(Value::as_i64).is_none_or(|end| second < end);
    let session =
        claims.as_ref().filter(|claims| is_current(claims)).and_then(|claims| claims.get("sid")?.as_str());
    let by_session = session.and_then(|id| state.sessions.get(id).ok()).map(|session| session.client.clone());
    let client = by_session.or_else(|| state.clients.find(token).map(|client| client.id.clone()));
    let client = client.and_then(|id| render(state, id.as_str(), now));
    client.ok_or_else(|| ApiError::bad_format("token", "the valid token of a client"))
}

/// Returns the result of a handshake. It can be fetched once, within a minute.
pub(super) fn handshake_payload(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, now, .. } = request;
    let nonce = query.first("nonce").ok_or_else(|| ApiError::missing("nonce"))?;
    let set_cookies = state.clients.take_handshake(nonce, now);
    let set_cookies = set_cookies.ok_or_else(|| ApiError::not_found("handshake payload"))?;
    Ok(json!({ "directives": set_cookies }))
}
