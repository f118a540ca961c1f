//! The sessions of a browser.

use http::StatusCode;
use serde_json::json;

use super::{
    super::{
        super::{
            error::ApiError,
            state::{SessionEnd, State},
        },
        handshake,
    },
    ApiResult, Call,
    Handler::{One, Two},
    Reply, Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/v1/client/sessions/{session_id}", One(get)),
    Route::post("/v1/client/sessions/{session_id}/touch", One(touch)),
    Route::post("/v1/client/sessions/{session_id}/end", One(|call, id| end(call, id, SessionEnd::Ended))),
    Route::post(
        "/v1/client/sessions/{session_id}/remove",
        One(|call, id| end(call, id, SessionEnd::Removed)),
    ),
    Route::post("/v1/client/sessions/{session_id}/tokens", One(token)),
    Route::post("/v1/client/sessions/{session_id}/tokens/{template_name}", Two(template_token)),
];

fn show(call: &Call<'_>, id: &str) -> ApiResult {
    let session = call.own_session(id)?;
    let user = call.state.users.get(session.user.as_str())?;
    Ok(Reply::Resource(call.render_session(session, user)))
}

fn get(call: &mut Call<'_>, id: &str) -> ApiResult {
    show(call, id)
}

/// Makes a session the active one, and an organization the active one of the session.
fn touch(call: &mut Call<'_>, id: &str) -> ApiResult {
    let session = call.own_session(id)?.id.clone();
    if let Some(organization) = call.request.form.given("active_organization_id") {
        activate(call.state, session.as_str(), organization)?;
    }
    let (client, now) = (call.client()?.clone(), call.request.now);
    call.state.sessions.get_mut(session.as_str())?.last_active_at = now;
    if client.last_active.as_ref() != Some(&session) {
        call.state.activate_session(&client.id, Some(session), now);
    }
    show(call, id)
}

fn activate(state: &mut State, session: &str, organization: &str) -> Result<(), ApiError> {
    if handshake::activate(state, session, organization) {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::NOT_FOUND,
        "organization_not_found_or_unauthorized",
        "organization not found or unauthorized",
        "The organization does not exist, or the user is not a member of it",
    ))
}

fn end(call: &mut Call<'_>, id: &str, over: SessionEnd) -> ApiResult {
    let session = call.own_session(id)?;
    let (session, user) = (session.id.clone(), session.user.clone());
    let client = call.client()?.clone();
    call.state.end_session(&client, &session, over, call.request.now);
    let (session, user) = (call.state.sessions.get(session.as_str())?, call.state.users.get(user.as_str())?);
    Ok(Reply::Resource(call.render_session(session, user)))
}

fn token(call: &mut Call<'_>, id: &str) -> ApiResult {
    let session = call.own_session(id)?.id.clone();
    if let Some(organization) = call.request.form.given("organization_id") {
        activate(call.state, session.as_str(), organization)?;
    }
    let session = call.state.sessions.get_mut(session.as_str())?;
    session.last_active_at = call.request.now;
    let session = session.clone();
    Ok(Reply::Body(json!({ "object": "token", "jwt": call.token(&session) })))
}

fn template_token(call: &mut Call<'_>, id: &str, name: &str) -> ApiResult {
    let session = call.own_session(id)?.clone();
    let (origin, now) = (call.origin(), call.request.now);
    let jwt = call.state.template_token(call.key, &session, name, origin, None, now)?;
    Ok(Reply::Body(json!({ "object": "token", "jwt": jwt })))
}
