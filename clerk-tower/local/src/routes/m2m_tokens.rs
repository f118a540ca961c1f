//! M2M tokens.

use std::time::Duration;

use clerk_core::Timestamp;
use serde_json::{Value, json};

use super::{
    super::{
        body::Body,
        claims,
        credentials::{Credentials, StoredM2mToken, StoredMachine},
        error::ApiError,
        state::extended,
    },
    ApiRequest, ApiResult, Caller,
    Handler::{Fixed, One},
    Route, api_keys,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/m2m_tokens", Fixed(list)).for_machines(),
    Route::post("/m2m_tokens", Fixed(create)).created().for_machines(),
    Route::post("/m2m_tokens/verify", Fixed(verify)).for_machines(),
    Route::post("/m2m_tokens/{m2m_token_id}/revoke", One(revoke)).for_machines(),
];

pub(super) fn list(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, now, caller, .. } = request;
    let page = query.short_page().map_err(ApiError::plain)?;
    let subject = query.first("subject").ok_or_else(|| ApiError::missing("subject").plain())?;
    if matches!(&caller, Caller::Machine(id) if *id != *subject) {
        return Err(ApiError::machine_key());
    }
    state.credentials.machines.get(subject)?;
    let revoked = query.flag("revoked").map_err(ApiError::plain)?.unwrap_or(false);
    let expired = query.flag("expired").map_err(ApiError::plain)?.unwrap_or(false);
    let admits = |token: &&StoredM2mToken| {
        token.subject == *subject
            && token.standing.revoked == revoked
            && token.standing.is_expired(now) == expired
    };
    let mut tokens: Vec<_> = state.credentials.m2m_tokens.iter().filter(admits).collect();
    tokens.reverse();
    let shown = page.of(&tokens, |token| token.render(now));
    Ok(json!({ "m2m_tokens": shown, "total_count": tokens.len() }))
}

pub(super) fn create(request: ApiRequest<'_>) -> ApiResult {
    try_create(request).map_err(ApiError::plain)
}

fn try_create(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, key, body, now, caller, .. } = request;
    let Caller::Machine(id) = caller else {
        return Err(ApiError::bad_request(
            "An M2M token must be created with the machine's secret key, not with the instance's",
        ));
    };
    let known = &["token_format", "seconds_until_expiration", "claims", "min_remaining_ttl_seconds"];
    let body = Body::parse(body, known)?;
    let machine = state.credentials.machines.get(id.as_str())?;
    let mut token = StoredM2mToken::new(machine, now);
    body.put_value("claims", &mut token.claims);
    token.standing.expiration = Some(machine.default_expiration(now));
    if body.is_given("seconds_until_expiration") {
        body.put_lifetime("seconds_until_expiration", &mut token.standing.expiration, now)?;
    }
    let reuse = body.count("min_remaining_ttl_seconds")?.map(|seconds| at_least(seconds, now));
    if reuse.is_some_and(|until| token.standing.expiration.is_some_and(|end| until >= end)) {
        return Err(ApiError::bad_format("min_remaining_ttl_seconds", "less than the lifetime of the token"));
    }
    match body.string("token_format")?.unwrap_or("opaque") {
        "opaque" => {}
        "jwt" => {
            let text = key.sign(&claims::m2m_header(), &claims::m2m(state, &token));
            return Ok(created(&token, &text, now));
        }
        _ => return Err(ApiError::bad_format("token_format", "opaque or jwt")),
    }
    if let Some(known) = reuse.and_then(|until| reusable(&state.credentials, &token, until, now)) {
        return Ok(created(known, &known.token, now));
    }
    let rendered = created(&token, &token.token, now);
    state.credentials.m2m_tokens.insert(token);
    Ok(rendered)
}

/// Returns the response that creates a token. Only this one contains the token itself.
fn created(token: &StoredM2mToken, text: &str, now: Timestamp) -> Value {
    extended(token.render(now), json!({ "token": text }))
}

fn at_least(seconds: i64, now: Timestamp) -> Timestamp {
    now.saturating_add(Duration::from_secs(seconds.unsigned_abs()))
}

/// Returns a valid token with the subject, claims and scopes of `wanted` that does not expire before `until`.
fn reusable<'a>(
    credentials: &'a Credentials,
    wanted: &StoredM2mToken,
    until: Timestamp,
    now: Timestamp,
) -> Option<&'a StoredM2mToken> {
    credentials.m2m_tokens.find(|token| {
        token.subject == wanted.subject
            && token.claims == wanted.claims
            && token.scopes == wanted.scopes
            && token.standing.is_good(now)
            && token.standing.expiration.is_none_or(|end| end >= until)
    })
}

/// Returns whether the caller may verify a token. A machine may verify only tokens that it accepts.
fn is_visible(token: &StoredM2mToken, caller: &Caller) -> bool {
    match caller {
        Caller::Instance => true,
        Caller::Machine(id) => token.scopes.contains(id),
    }
}

pub(super) fn revoke(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, caller, .. } = request;
    let reason = api_keys::reason(body)?;
    let own = |token: &StoredM2mToken| match &caller {
        Caller::Instance => true,
        Caller::Machine(machine) => token.subject == *machine,
    };
    let found = state.credentials.m2m_tokens.find_mut(|token| token.id == *id && own(token));
    let token = found.ok_or_else(|| ApiError::not_found("M2M token"))?;
    token.standing.revoke(reason.as_deref(), now);
    Ok(token.render(now))
}

/// Verifies a token. Revoked and expired tokens are found, too; the response contains their state.
pub(super) fn verify(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, caller, .. } = request;
    let text = api_keys::credential(body, &["token"])?;
    let tokens = &mut state.credentials.m2m_tokens;
    let found = tokens.find_mut(|token| token.token == text && is_visible(token, &caller));
    let token = found.ok_or_else(|| ApiError::not_found("M2M token"))?;
    if token.standing.is_good(now) {
        token.last_used_at = Some(now);
    }
    Ok(token.render(now))
}

impl StoredMachine {
    /// Returns when a token with the machine's default lifetime expires.
    pub(in super::super) fn default_expiration(&self, now: Timestamp) -> Timestamp {
        at_least(self.default_token_ttl, now)
    }
}
