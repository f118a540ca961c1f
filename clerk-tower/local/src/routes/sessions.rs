//! Sessions.

use std::time::Duration;

use clerk_core::id::OrganizationId;
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::{
        body::Body,
        claims::{self, TokenOptions},
        cookies,
        error::ApiError,
        state::{Session, clients::is_alive},
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One, Two},
    Route, users,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/sessions", Fixed(list)),
    Route::post("/sessions", Fixed(create)),
    Route::get("/sessions/{session_id}", One(get)),
    Route::post("/sessions/{session_id}/refresh", One(refresh)),
    Route::post("/sessions/{session_id}/revoke", One(revoke)),
    Route::post("/sessions/{session_id}/tokens", One(token)),
    Route::post("/sessions/{session_id}/tokens/{template_name}", Two(template_token)),
];

const STATUSES: &[&str] =
    &["abandoned", "active", "ended", "expired", "pending", "removed", "replaced", "revoked"];

pub(super) fn list(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, now, .. } = request;
    let page = query.page()?;
    let paginated = query.flag("paginated")?.unwrap_or(false);
    let (client, user, status) = (query.first("client_id"), query.first("user_id"), query.first("status"));
    if status.is_some_and(|status| !STATUSES.contains(&status)) {
        return Err(ApiError::bad_format("status", &format!("one of {}", STATUSES.join(", "))));
    }
    let admits = |session: &&Session| {
        client.is_none_or(|client| session.client == client)
            && user.is_none_or(|user| session.user == user)
            && status.is_none_or(|status| session.status(now) == status)
    };
    let mut sessions: Vec<_> = state.sessions.iter().filter(admits).collect();
    sessions.reverse();
    let render = |session: &&Session| session.render(now);
    Ok(if paginated { page.envelope(&sessions, render) } else { page.of(&sessions, render).into() })
}

pub(super) fn create(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(body, &["user_id", "active_organization_id"])?;
    let user = state.users.get(body.required("user_id")?)?;
    users::refuse_banned(user)?;
    let user = user.id.clone();
    let organization = match body.string("active_organization_id")? {
        Some(id) => Some(OrganizationId::from(&state.membership(id, user.as_str())?.organization)),
        None => None,
    };
    let id = state.sign_in(user, now).id;
    let session = state.sessions.get_mut(id.as_str())?;
    session.organization = organization;
    Ok(session.render(now))
}

pub(super) fn get(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    Ok(state.sessions.get(id)?.render(now))
}

pub(super) fn revoke(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let session = state.sessions.get_mut(id)?;
    session.revoke(now);
    Ok(session.render(now))
}

pub(super) fn token(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, key, body, now, .. } = request;
    let body = Body::parse(body, &["expires_in_seconds"])?;
    let session = state.sessions.get_mut(id)?;
    if !is_alive(session, now) {
        return Err(ApiError::not_found("active session"));
    }
    let mut options = TokenOptions::default();
    options.lifetime = lifetime(&body)?.unwrap_or(options.lifetime);
    session.last_active_at = now;
    let claims = claims::session(state, state.sessions.get(id)?, &options, now);
    Ok(json!({ "object": "token", "jwt": key.sign(&claims::header(), &claims) }))
}

/// Reads how long a token is to be valid.
fn lifetime(body: &Body) -> Result<Option<Duration>, ApiError> {
    let Some(seconds) = body.count("expires_in_seconds")? else { return Ok(None) };
    let seconds = u64::try_from(seconds).ok().filter(|seconds| (30..=315_360_000).contains(seconds));
    let wrong = || ApiError::bad_format("expires_in_seconds", "between 30 and 315360000");
    seconds.map(|seconds| Some(Duration::from_secs(seconds))).ok_or_else(wrong)
}

fn template_token(request: ApiRequest<'_>, id: &str, name: &str) -> ApiResult {
    let ApiRequest { state, key, body, now, .. } = request;
    let lifetime = lifetime(&Body::parse(body, &["expires_in_seconds"])?)?;
    let session = state.sessions.get_mut(id)?;
    if !is_alive(session, now) {
        return Err(ApiError::not_found("active session"));
    }
    session.last_active_at = now;
    let session = session.clone();
    let jwt = state.template_token(key, &session, name, None, lifetime, now)?;
    Ok(json!({ "object": "token", "jwt": jwt }))
}

/// Exchanges an expired token and the session's refresh token for a new token or new cookies.
pub(super) fn refresh(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, key, suffix, query, body, now, .. } = request;
    query.flag("suffixed_cookies")?;
    let body = Body::parse(
        body,
        &[
            "expired_token",
            "refresh_token",
            "request_origin",
            "request_headers",
            "format",
            "request_originating_ip",
        ],
    )?;
    let (expired, token) = (body.required("expired_token")?, body.required("refresh_token")?);
    let origin = body.required("request_origin")?.to_owned();
    let as_cookies = match body.string("format")? {
        None | Some("token") => false,
        Some("cookie") => true,
        Some(_) => return Err(ApiError::bad_format("format", "token or cookie")),
    };
    let claims =
        key.verify(expired).ok_or_else(|| refuse("The expired token was not signed by this instance"))?;
    let session =
        state.sessions.get(id).map_err(|_| refuse("There is no session with this identifier"))?.clone();
    if claims.get("sid").and_then(Value::as_str) != Some(session.id.as_str()) {
        return Err(refuse("The expired token belongs to another session"));
    }
    if !state.clients.refresh_tokens.iter().any(|known| known.token == token && known.session == session.id) {
        return Err(refuse("The refresh token does not belong to this session"));
    }
    if !is_alive(&session, now) || state.users.get(session.user.as_str()).is_ok_and(|user| user.banned) {
        return Err(refuse("The session has ended"));
    }
    state.sessions.get_mut(id)?.last_active_at = now;
    if !as_cookies {
        let token = cookies::token(state, key, &session, Some(&origin), now);
        return Ok(json!({ "object": "token", "jwt": token }));
    }
    let application = cookies::Application { suffix: suffix.to_owned(), origin };
    let mut lines = Vec::new();
    application.session(&mut lines, state, key, &session, now);
    Ok(json!({ "object": "cookies", "cookies": lines }))
}

/// Returns the error of a refused refresh. Its status makes services send the browser through a handshake instead.
fn refuse(why: &str) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "refresh_refused", "Refresh refused", why)
}
