//! Machines.

use std::time::Duration;

use clerk_core::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::{
        body::Body,
        credentials::{Credentials, MAX_TTL, StoredMachine, new_secret_key},
        error::ApiError,
        query::SortKey,
        state::extended,
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One, Two},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/machines", Fixed(list)),
    Route::post("/machines", Fixed(create)),
    Route::get("/machines/{machine_id}", One(get)),
    Route::patch("/machines/{machine_id}", One(update)),
    Route::delete("/machines/{machine_id}", One(delete)),
    Route::get("/machines/{machine_id}/secret_key", One(secret_key)),
    Route::post("/machines/{machine_id}/secret_key/rotate", One(rotate)),
    Route::post("/machines/{machine_id}/scopes", One(add_scope)),
    Route::delete("/machines/{machine_id}/scopes/{other_machine_id}", Two(remove_scope)),
];

/// The maximum number of machines that one machine may call.
const MAX_SCOPES: usize = 150;

pub(super) fn list(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let page = query.page()?;
    let order = query.order(&["created_at", "name"])?;
    let part = query.first("query").map(str::to_lowercase);
    let admits = |machine: &&StoredMachine| {
        let matches = |part: &str| machine.id == *part || machine.name.to_lowercase().contains(part);
        part.as_deref().is_none_or(matches)
    };
    let mut machines: Vec<_> = state.credentials.machines.iter().filter(admits).collect();
    order.sort(&mut machines, |machine| match order.field {
        "name" => SortKey::from(Some(machine.name.as_str())),
        _ => machine.created_at.into(),
    });
    Ok(page.envelope(&machines, |machine| state.credentials.render_machine(machine)))
}

fn check_name(name: &str) -> Result<(), ApiError> {
    match name.chars().count() {
        0..=255 => Ok(()),
        _ => Err(ApiError::bad_format("name", "between 1 and 255 characters long")),
    }
}

/// Sets the default lifetime of tokens, if given.
fn put_ttl(body: &Body, machine: &mut StoredMachine) -> Result<(), ApiError> {
    if let Some(seconds) = body.count("default_token_ttl")? {
        if !(1..=MAX_TTL).contains(&seconds) {
            return Err(ApiError::bad_format("default_token_ttl", "between 1 and 315360000"));
        }
        machine.default_token_ttl = seconds;
    }
    Ok(())
}

pub(super) fn create(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(body, &["name", "scoped_machines", "default_token_ttl"])?;
    let name = body.required("name")?;
    check_name(name)?;
    let mut machine = StoredMachine::new(name.to_owned(), now);
    put_ttl(&body, &mut machine)?;
    let scopes = body.strings("scoped_machines")?;
    if scopes.len() > MAX_SCOPES {
        return Err(ApiError::bad_format("scoped_machines", "at most 150 machines"));
    }
    for id in scopes {
        machine.scopes.push(state.credentials.machines.get(id)?.id.clone());
    }
    let rendered = state.credentials.render_machine(&machine);
    let rendered = extended(rendered, json!({ "secret_key": machine.secret_key }));
    state.credentials.machines.insert(machine);
    Ok(rendered)
}

fn show(credentials: &Credentials, id: &str) -> ApiResult {
    Ok(credentials.render_machine(credentials.machines.get(id)?))
}

pub(super) fn get(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    show(&state.credentials, id)
}

pub(super) fn update(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let mut machine = state.credentials.machines.get(id)?.clone();
    let body = Body::parse(body, &["name", "default_token_ttl"])?;
    if let Some(name) = body.string("name")? {
        if name.is_empty() {
            return Err(ApiError::missing("name"));
        }
        check_name(name)?;
        name.clone_into(&mut machine.name);
    }
    put_ttl(&body, &mut machine)?;
    machine.updated_at = now;
    *state.credentials.machines.get_mut(id)? = machine;
    show(&state.credentials, id)
}

pub(super) fn delete(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    let credentials = &mut state.credentials;
    credentials.machines.remove(id)?;
    credentials.m2m_tokens.retain(|token| token.subject != *id);
    credentials.forget(id);
    credentials.machines.change(
        |machine| machine.scopes.iter().any(|scope| *scope == *id),
        |machine| machine.scopes.retain(|scope| *scope != *id),
    );
    Ok(json!({ "object": "machine", "id": id, "deleted": true }))
}

fn show_key(key: &str) -> Value {
    json!({ "object": "machine_secret_key", "secret": key })
}

pub(super) fn secret_key(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    Ok(show_key(&state.credentials.machines.get(id)?.secret_key))
}

pub(super) fn rotate(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let machine = state.credentials.machines.get_mut(id)?;
    let body = Body::parse(body, &["previous_token_ttl"])?;
    let seconds = body.count("previous_token_ttl")?.ok_or_else(|| ApiError::missing("previous_token_ttl"))?;
    let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds <= 28_800);
    let seconds = seconds.ok_or_else(|| ApiError::bad_format("previous_token_ttl", "at most 28800"))?;
    machine.rotate(Duration::from_secs(seconds), now);
    Ok(show_key(&machine.secret_key))
}

impl StoredMachine {
    /// Replaces the secret key. The old one is accepted for `grace`.
    fn rotate(&mut self, grace: Duration, now: Timestamp) {
        let old = std::mem::replace(&mut self.secret_key, new_secret_key());
        self.previous_key = Some((old, now.saturating_add(grace)));
        self.updated_at = now;
    }
}

pub(super) fn add_scope(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(body, &["to_machine_id"])?;
    state.credentials.machines.get(id)?;
    let other = state.credentials.machines.get(body.required("to_machine_id")?)?.id.clone();
    let machine = state.credentials.machines.get_mut(id)?;
    if machine.scopes.contains(&other) {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "machine_scope_already_exists",
            "Already exists",
            "The machine may already call this machine",
        ));
    }
    if machine.scopes.len() >= MAX_SCOPES {
        return Err(ApiError::bad_format("to_machine_id", "one of at most 150 machines in all"));
    }
    machine.scopes.push(other.clone());
    Ok(json!({
        "object": "machine_scope",
        "from_machine_id": id,
        "to_machine_id": other,
        "created_at": now,
    }))
}

pub(super) fn remove_scope(request: ApiRequest<'_>, id: &str, other: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    let machine = state.credentials.machines.get_mut(id)?;
    let at = machine.scopes.iter().position(|scope| *scope == *other);
    machine.scopes.remove(at.ok_or_else(|| ApiError::not_found("machine scope"))?);
    Ok(json!({
        "object": "machine_scope",
        "from_machine_id": id,
        "to_machine_id": other,
        "deleted": true,
    }))
}
