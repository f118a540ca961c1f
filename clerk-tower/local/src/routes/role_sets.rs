//! Role sets: which roles the members of an organization can have.

use clerk_core::Timestamp;
use http::StatusCode;
use serde_json::json;

use super::{
    super::{
        body::Body,
        error::ApiError,
        random,
        state::{RoleSet, State},
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route,
    permissions::{self, Named},
    roles,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/role_sets", Fixed(list)),
    Route::post("/role_sets", Fixed(create)),
    Route::get("/role_sets/{role_set_key_or_id}", One(get)),
    Route::patch("/role_sets/{role_set_key_or_id}", One(update)),
    Route::post("/role_sets/{role_set_key_or_id}/replace", One(replace)),
    Route::post("/role_sets/{role_set_key_or_id}/roles", One(add_roles)),
    Route::post("/role_sets/{role_set_key_or_id}/roles/replace", One(replace_role)),
];

/// The most roles of a set.
const MAX_ROLES: usize = 10;

impl Named for RoleSet {
    fn name(&self) -> &str {
        &self.name
    }

    fn key(&self) -> &str {
        &self.key
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}

fn list(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    permissions::page(&query, &state.roles.sets, |set| state.render_role_set(set))
}

fn get(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    Ok(state.render_role_set(state.roles.set(id)?))
}

/// Stores a new or a changed set.
fn store(state: &mut State, set: RoleSet) -> ApiResult {
    let id = set.id.clone();
    match state.roles.sets.get_mut(&id) {
        Ok(known) => *known = set,
        Err(_) => state.roles.sets.insert(set),
    }
    Ok(state.render_role_set(state.roles.sets.get(&id)?))
}

/// Rejects a malformed key, and one that another set has.
fn check_key(state: &State, key: &str, id: &str) -> Result<(), ApiError> {
    if !key.strip_prefix("role_set:").is_some_and(permissions::is_word) {
        return Err(ApiError::bad_format(
            "key",
            "`role_set:`, followed by lowercase letters, digits and underscores",
        ));
    }
    permissions::check_unique(&state.roles.sets, key, id)
}

/// Derives an unused key from a name.
fn free_key(state: &State, name: &str) -> String {
    let letters = name.to_lowercase();
    let words = letters.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let key = format!("role_set:{}", words.collect::<Vec<_>>().join("_"));
    if check_key(state, &key, "").is_ok() { key } else { format!("{key}_{}", random::string(8)) }
}

/// Reads the keys of roles that exist.
fn role_keys(state: &State, body: &Body, name: &str) -> Result<Vec<String>, ApiError> {
    let keys = body.strings_if_given(name)?.ok_or_else(|| ApiError::missing(name))?;
    let repeats = keys.iter().enumerate().any(|(at, key)| keys.iter().skip(at + 1).any(|it| it == key));
    if keys.is_empty() || keys.len() > MAX_ROLES || repeats {
        return Err(ApiError::bad_format(name, "between 1 and 10 different keys of roles"));
    }
    match keys.iter().find(|key| state.roles.role(key).is_none()) {
        Some(_) => Err(ApiError::not_found("organization role")),
        None => Ok(keys),
    }
}

/// Sets the default role and the creator's role, which must be among `choices`.
fn put_roles(state: &State, body: &Body, choices: &[String], set: &mut RoleSet) -> Result<(), ApiError> {
    for (name, target) in
        [("default_role_key", &mut set.default_role), ("creator_role_key", &mut set.creator_role)]
    {
        let Some(key) = body.string(name)? else { continue };
        let known = choices.iter().find(|choice| *choice == key);
        target.clone_from(known.ok_or_else(|| ApiError::bad_format(name, "one of the set's roles"))?);
        let is_eligible = state.roles.role(key).is_some_and(|role| role.is_creator_eligible());
        if name == "creator_role_key" && !is_eligible {
            return Err(roles::missing_creator_permissions());
        }
    }
    Ok(())
}

fn create(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(
        body,
        &["name", "key", "description", "default_role_key", "creator_role_key", "type", "roles"],
    )?;
    let name = body.required("name")?.to_owned();
    let key = body.string("key")?.map_or_else(|| free_key(state, &name), str::to_owned);
    check_key(state, &key, "")?;
    body.required("default_role_key")?;
    body.required("creator_role_key")?;
    let roles = role_keys(state, &body, "roles")?;
    let mut set = RoleSet {
        id: random::id("role_set_"),
        key,
        name,
        description: None,
        roles: roles.clone(),
        default_role: String::new(),
        creator_role: String::new(),
        created_at: now,
        updated_at: now,
    };
    put_roles(state, &body, &roles, &mut set)?;
    body.put_string("description", &mut set.description)?;
    if body.one_of("type", &["initial", "custom"])? == Some("initial") {
        state.roles.initial_set.clone_from(&set.key);
    }
    store(state, set)
}

fn update(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let mut set = state.roles.set(id)?.clone();
    let body =
        Body::parse(body, &["name", "key", "description", "type", "default_role_key", "creator_role_key"])?;
    let (old, roles) = (set.key.clone(), set.roles.clone());
    body.replace_string("name", &mut set.name)?;
    body.replace_string("key", &mut set.key)?;
    body.put_string("description", &mut set.description)?;
    check_key(state, &set.key, &set.id)?;
    put_roles(state, &body, &roles, &mut set)?;
    let becomes_initial = body.one_of("type", &["initial"])?.is_some();
    if becomes_initial || state.roles.initial_set == old {
        state.roles.initial_set.clone_from(&set.key);
    }
    let has_set = |key: &Option<String>| *key == Some(old.clone());
    state.organizations.change(
        |organization| {
            organization.role_set_key != Some(set.key.clone()) && has_set(&organization.role_set_key)
        },
        |organization| organization.role_set_key = Some(set.key.clone()),
    );
    set.updated_at = now;
    store(state, set)
}

/// Returns the error that members have roles without a destination.
fn unmapped(role: &str) -> ApiError {
    ApiError::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "role_set_reassignment_required",
        "missing reassignment",
        format!(
            "Members have the role {role}, which the destination does not have, and reassignment_mappings does not \
                 name another one"
        ),
    )
}

/// Deletes a set in favor of another one.
fn replace(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let source = state.roles.set(id)?.clone();
    let body = Body::parse(body, &["dest_role_set_key", "reassignment_mappings"])?;
    let destination = state.roles.set(body.required("dest_role_set_key")?)?.clone();
    if destination.id == source.id {
        return Err(ApiError::bad_format("dest_role_set_key", "the key of another role set"));
    }
    let mappings = body.object("reassignment_mappings")?;
    let organizations = state.organizations_with(&source);
    let is_affected = |organization: &str| organizations.iter().any(|id| id == organization);
    let mut reassignments: Vec<(String, String)> = Vec::new();
    for membership in state.memberships.iter().filter(|it| is_affected(it.organization.as_str())) {
        let role = &membership.role;
        if destination.has(role) || reassignments.iter().any(|(old, _)| old == role) {
            continue;
        }
        let new = mappings.and_then(|mappings| mappings.get(role)).and_then(serde_json::Value::as_str);
        let new = new.ok_or_else(|| unmapped(role))?;
        if !destination.has(new) {
            return Err(ApiError::bad_format(
                "reassignment_mappings",
                "an object of roles of the destination",
            ));
        }
        reassignments.push((role.clone(), new.to_owned()));
    }
    for (old, new) in &reassignments {
        state.reassign_role(is_affected, old, new, now);
    }
    state.organizations.change(
        |organization| is_affected(organization.id.as_str()),
        |organization| organization.role_set_key = Some(destination.key.clone()),
    );
    if state.roles.initial_set == source.key {
        state.roles.initial_set = destination.key;
    }
    state.roles.sets.remove(&source.id)?;
    Ok(json!({ "object": "role_set", "id": source.id, "deleted": true }))
}

fn add_roles(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let mut set = state.roles.set(id)?.clone();
    let body = Body::parse(body, &["role_keys", "default_role_key", "creator_role_key"])?;
    let added = role_keys(state, &body, "role_keys")?;
    if added.iter().any(|key| set.has(key)) {
        return Err(ApiError::exists("role_keys"));
    }
    set.roles.extend(added.iter().cloned());
    if set.roles.len() > MAX_ROLES {
        return Err(ApiError::bad_format("role_keys", "at most 10, together with the set's roles"));
    }
    put_roles(state, &body, &added, &mut set)?;
    set.updated_at = now;
    store(state, set)
}

fn replace_role(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let mut set = state.roles.set(id)?.clone();
    let body = Body::parse(body, &["role_key", "to_role_key"])?;
    let (old, new) = (body.required("role_key")?, body.required("to_role_key")?);
    if old == new {
        return Err(ApiError::bad_format("to_role_key", "the key of another role"));
    }
    let destination = state.roles.role(new).filter(|_| set.has(old));
    let destination = destination.ok_or_else(|| ApiError::not_found("organization role"))?;
    if set.creator_role == old && !destination.is_creator_eligible() {
        return Err(roles::missing_creator_permissions());
    }
    let organizations = state.organizations_with(&set);
    state.reassign_role(|organization| organizations.iter().any(|id| id == organization), old, new, now);
    set.replace_role(old, new);
    set.updated_at = now;
    store(state, set)
}
