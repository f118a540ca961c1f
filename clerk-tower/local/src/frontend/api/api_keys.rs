//! API keys that users create for themselves, and for organizations. Clerk's JavaScript sends a session token with these.

use clerk_core::id::UserId;
use http::{Method, header::AUTHORIZATION};
use serde_json::{Value, json};

use super::{
    super::super::{
        body::Body,
        error::ApiError,
        state::{clients::is_alive, extended},
    },
    ApiResult, Call,
    Handler::{Fixed, One},
    Reply, Route,
    me::signed_out,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/api_keys", Fixed(list)),
    Route::post("/api_keys", Fixed(create)),
    Route::patch("/api_keys/{apiKeyID}", One(update)),
    Route::post("/api_keys/{apiKeyID}/revoke", One(revoke)),
];

const READ: &str = "org:sys_api_keys:read";
const MANAGE: &str = "org:sys_api_keys:manage";

impl Call<'_> {
    /// Returns the user of the session token, or else of the browser's session.
    fn bearer(&self) -> Result<UserId, ApiError> {
        let Some(value) = self.request.headers.get(AUTHORIZATION) else { return Ok(self.user()?.id.clone()) };
        let value = value.to_str().unwrap_or_default();
        let token = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let claims = token.and_then(|(_, token)| self.key.verify(token)).ok_or_else(signed_out)?;
        let now = self.request.now;
        let clock = self.state.clock_time(now).as_secs();
        let is_fresh = claims.get("exp").and_then(Value::as_i64).is_some_and(|end| clock < end);
        let session = claims.get("sid").and_then(Value::as_str).unwrap_or_default();
        let session = self.state.sessions.get(session).map_err(|_| signed_out())?;
        let user = self.state.users.get(session.user.as_str()).map_err(|_| signed_out())?;
        let is_good = is_fresh && is_alive(session, now) && !user.banned;
        is_good.then(|| user.id.clone()).ok_or_else(signed_out)
    }

    /// Rejects a user who may not see, or change, the keys of `subject`.
    fn check_subject(&self, user: &UserId, subject: &str, permission: &str) -> Result<(), ApiError> {
        let missing = || ApiError::not_found("API key").plain();
        if *user == subject {
            return Ok(());
        }
        let membership = self.state.membership(subject, user.as_str()).map_err(|_| missing())?;
        let is_permitted = self.state.permissions(membership).iter().any(|held| held == permission);
        if is_permitted { Ok(()) } else { Err(missing()) }
    }

    /// Rejects a user who may not change a key.
    fn check_key(&self, key: &str) -> Result<(), ApiError> {
        let user = self.bearer()?;
        let subject = self.state.credentials.api_keys.get(key)?.subject.clone();
        self.check_subject(&user, subject.as_str(), MANAGE)
    }
}

/// Returns the body, which may have the fields `known`.
fn body(call: &Call<'_>, known: &[&str]) -> Result<Value, ApiError> {
    Body::parse(call.request.body, known).map_err(ApiError::plain)?;
    Ok(serde_json::from_slice(call.request.body).unwrap_or_else(|_| json!({})))
}

fn list(call: &mut Call<'_>) -> ApiResult {
    let user = call.bearer()?;
    let subject = call.request.query.first("subject").ok_or_else(|| ApiError::missing("subject").plain())?;
    call.check_subject(&user, subject, READ)?;
    Ok(Reply::Body(call.perform(&Method::GET, "/api_keys", &[])?))
}

fn create(call: &mut Call<'_>) -> ApiResult {
    let user = call.bearer()?;
    let body = body(call, &["type", "name", "description", "subject", "seconds_until_expiration"])?;
    let subject = body.get("subject").and_then(Value::as_str);
    let subject = subject.ok_or_else(|| ApiError::missing("subject").plain())?;
    call.check_subject(&user, subject, MANAGE)?;
    let body = extended(body, json!({ "created_by": user })).to_string();
    Ok(Reply::Created(call.perform(&Method::POST, "/api_keys", body.as_bytes())?))
}

fn update(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.check_key(id)?;
    let body = body(call, &["description"])?.to_string();
    Ok(Reply::Body(call.perform(&Method::PATCH, &format!("/api_keys/{id}"), body.as_bytes())?))
}

fn revoke(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.check_key(id)?;
    let body = call.request.body;
    Ok(Reply::Body(call.perform(&Method::POST, &format!("/api_keys/{id}/revoke"), body)?))
}
