//! API keys.

use serde_json::{Value, json};

use super::{
    super::{body::Body, credentials::StoredApiKey, error::ApiError, state::extended},
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/api_keys", Fixed(list)),
    Route::post("/api_keys", Fixed(create)).created(),
    Route::post("/api_keys/verify", Fixed(verify)),
    Route::get("/api_keys/{apiKeyID}", One(get)),
    Route::patch("/api_keys/{apiKeyID}", One(update)),
    Route::delete("/api_keys/{apiKeyID}", One(delete)),
    Route::get("/api_keys/{apiKeyID}/secret", One(secret)),
    Route::post("/api_keys/{apiKeyID}/revoke", One(revoke)),
];

pub(super) fn list(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, now, .. } = request;
    let page = query.short_page().map_err(ApiError::plain)?;
    let subject = query.first("subject").ok_or_else(|| ApiError::missing("subject").plain())?;
    let all = query.flag("include_invalid").map_err(ApiError::plain)?.unwrap_or(false);
    let kind = query.first("type").unwrap_or("api_key");
    let name = query.first("query").map(str::to_lowercase);
    let admits = |key: &&StoredApiKey| {
        key.subject == *subject
            && key.kind == kind
            && (all || key.standing.is_good(now))
            && name.as_deref().is_none_or(|part| key.name.to_lowercase().contains(part))
    };
    let mut keys: Vec<_> = state.credentials.api_keys.iter().filter(admits).collect();
    keys.reverse();
    Ok(page.envelope(&keys, |key| key.render(now)))
}

/// Checks the name of a key.
fn check_name(name: &str) -> Result<(), ApiError> {
    if name.chars().count() >= 3 && name.trim() == name {
        return Ok(());
    }
    Err(ApiError::bad_format("name", "at least 3 characters long, without leading or trailing whitespace"))
}

fn check_kind(kind: &str) -> Result<(), ApiError> {
    match kind.chars().count() {
        3..=25 => Ok(()),
        _ => Err(ApiError::bad_format("type", "between 3 and 25 characters long")),
    }
}

/// Sets the fields that creating and updating a key have in common.
fn put_common(body: &Body, key: &mut StoredApiKey, now: clerk_core::Timestamp) -> Result<(), ApiError> {
    body.put_string("description", &mut key.description)?;
    if key.description.as_ref().is_some_and(|text| text.chars().count() > 255) {
        return Err(ApiError::bad_format("description", "at most 255 characters long"));
    }
    body.put_value("claims", &mut key.claims);
    if let Some(scopes) = body.strings_if_given("scopes")? {
        key.scopes = scopes;
    }
    body.put_lifetime("seconds_until_expiration", &mut key.standing.expiration, now)
}

pub(super) fn create(request: ApiRequest<'_>) -> ApiResult {
    try_create(request).map_err(ApiError::plain)
}

fn try_create(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(
        body,
        &[
            "type",
            "name",
            "description",
            "subject",
            "claims",
            "scopes",
            "created_by",
            "seconds_until_expiration",
        ],
    )?;
    let (name, subject) = (body.required("name")?, body.required("subject")?);
    check_name(name)?;
    state.check_subject(subject)?;
    let mut key = StoredApiKey::new(name.to_owned(), subject.into(), now);
    if let Some(kind) = body.string("type")? {
        check_kind(kind)?;
        kind.clone_into(&mut key.kind);
    }
    put_common(&body, &mut key, now)?;
    if let Some(user) = body.string("created_by")? {
        key.created_by = Some(state.users.get(user)?.id.clone());
    }
    let rendered = extended(key.render(now), json!({ "secret": key.secret }));
    state.credentials.api_keys.insert(key);
    Ok(rendered)
}

pub(super) fn get(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    Ok(state.credentials.api_keys.get(id)?.render(now))
}

pub(super) fn update(request: ApiRequest<'_>, id: &str) -> ApiResult {
    try_update(request, id).map_err(ApiError::plain)
}

fn try_update(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let mut key = state.credentials.api_keys.get(id)?.clone();
    let known = &["claims", "scopes", "description", "subject", "seconds_until_expiration"];
    let body = Body::parse(body, known)?;
    put_common(&body, &mut key, now)?;
    if let Some(subject) = body.string("subject")? {
        state.check_subject(subject)?;
        key.subject = subject.into();
    }
    key.standing.updated_at = now;
    let rendered = key.render(now);
    *state.credentials.api_keys.get_mut(id)? = key;
    Ok(rendered)
}

pub(super) fn delete(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    state.credentials.api_keys.get(id)?;
    state.credentials.api_keys.retain(|key| key.id != *id);
    Ok(json!({ "object": "api_key", "id": id, "deleted": true }))
}

pub(super) fn secret(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    Ok(json!({ "secret": state.credentials.api_keys.get(id)?.secret }))
}

/// Returns the reason in the body of a revocation.
pub(super) fn reason(body: &[u8]) -> Result<Option<String>, ApiError> {
    let body = Body::parse(body, &["revocation_reason"]).map_err(ApiError::plain)?;
    Ok(body.string("revocation_reason").map_err(ApiError::plain)?.map(str::to_owned))
}

/// Returns the credential in a body: the first of the fields `names` that is set.
pub(super) fn credential(body: &[u8], names: &[&str]) -> Result<String, ApiError> {
    let body = Body::parse(body, names).map_err(ApiError::plain)?;
    for name in names {
        if let Some(text) = body.string(name).map_err(ApiError::plain)? {
            return Ok(text.to_owned());
        }
    }
    Err(ApiError::missing(names.first().copied().unwrap_or_default()).plain())
}

pub(super) fn revoke(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let reason = reason(body)?;
    let key = state.credentials.api_keys.get_mut(id)?;
    key.standing.revoke(reason.as_deref(), now);
    Ok(key.render(now))
}

/// Verifies a key. Revoked and expired keys are found, too; the response contains their state.
pub(super) fn verify(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let secret = credential(body, &["secret"])?;
    let key = state.credentials.api_keys.find_mut(|key| key.secret == secret);
    let key = key.ok_or_else(|| ApiError::not_found("API key"))?;
    if key.standing.is_good(now) {
        key.last_used_at = Some(now);
    }
    Ok::<Value, _>(key.render(now))
}
