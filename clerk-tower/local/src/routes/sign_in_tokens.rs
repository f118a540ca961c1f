//! Sign-in tokens, actor tokens and testing tokens.

use std::time::Duration;

use clerk_core::id::OrganizationId;
use serde_json::{Value, json};

use super::{
    super::{
        body::Body,
        error::ApiError,
        random,
        state::{Impersonation, SignInToken},
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::post("/sign_in_tokens", Fixed(create)),
    Route::post("/sign_in_tokens/{sign_in_token_id}/revoke", One(|request, id| revoke(request, id, false))),
    Route::post("/actor_tokens", Fixed(create_actor_token)),
    Route::post("/actor_tokens/{actor_token_id}/revoke", One(|request, id| revoke(request, id, true))),
    Route::post("/testing_tokens", Fixed(create_testing_token)),
];

/// 30 days.
const SIGN_IN_TOKEN_LIFETIME: u64 = 2_592_000;
/// An hour.
const ACTOR_TOKEN_LIFETIME: u64 = 3_600;
/// Half an hour.
const IMPERSONATED_SESSION_LIFETIME: u64 = 1_800;

/// Reads a number of seconds of at least 1.
fn seconds(body: &Body, name: &str, default: u64) -> Result<u64, ApiError> {
    match body.count(name)?.map(u64::try_from) {
        None => Ok(default),
        Some(Ok(seconds @ 1..)) => Ok(seconds),
        Some(_) => Err(ApiError::bad_format(name, "at least 1")),
    }
}

fn create(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, key, body, now, .. } = request;
    let body = Body::parse(body, &["user_id", "org_id", "expires_in_seconds"])?;
    let user = state.users.get(body.required("user_id")?)?.id.clone();
    let mut token = SignInToken::new(user, None, now);
    if let Some(organization) = body.string("org_id")? {
        state.organizations.get(organization)?;
        state.membership(organization, token.user.as_str())?;
        token.organization = Some(OrganizationId::from(organization.to_owned()));
    }
    let lifetime = seconds(&body, "expires_in_seconds", SIGN_IN_TOKEN_LIFETIME)?;
    token.expire_at = now.saturating_add(Duration::from_secs(lifetime));
    let token = state.add_sign_in_token(token, key);
    Ok(state.render_sign_in_token(&token))
}

fn create_actor_token(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, key, body, now, .. } = request;
    let known = ["user_id", "actor", "expires_in_seconds", "session_max_duration_in_seconds"];
    let body = Body::parse(body, &known)?;
    let user = state.users.get(body.required("user_id")?);
    let user = user.map_err(|_| ApiError::bad_format("user_id", "the id of a user"))?.id.clone();
    let mut actor = None;
    body.put_value("actor", &mut actor);
    let actor = actor.ok_or_else(|| ApiError::missing("actor"))?;
    if actor.get("sub").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(ApiError::bad_format("actor", "an object with the `sub` of the actor"));
    }
    let lifetime = seconds(&body, "expires_in_seconds", ACTOR_TOKEN_LIFETIME)?;
    let duration = "session_max_duration_in_seconds";
    let session_seconds = seconds(&body, duration, IMPERSONATED_SESSION_LIFETIME)?;
    let mut token = SignInToken::new(user, Some(Impersonation { actor }), now);
    token.session_seconds = Some(session_seconds);
    token.expire_at = now.saturating_add(Duration::from_secs(lifetime));
    let token = state.add_sign_in_token(token, key);
    Ok(state.render_sign_in_token(&token))
}

fn revoke(request: ApiRequest<'_>, id: &str, is_actor_token: bool) -> ApiResult {
    let ApiRequest { state, .. } = request;
    let token = state.revoke_sign_in_token(id, is_actor_token)?.clone();
    Ok(state.render_sign_in_token(&token))
}

/// Returns a token with which tests bypass Clerk's protection against bots. LocalClerk has none, so it stores nothing.
fn create_testing_token(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, .. } = request;
    let now = state.clock_time(state.now);
    let expires_at = now.saturating_add(Duration::from_secs(3_600)).as_secs();
    let token = format!("{}-{}", now.as_secs(), random::id("c_"));
    Ok(json!({ "object": "testing_token", "token": token, "expires_at": expires_at }))
}
