//! Roles of organizations' members.

use clerk_core::Timestamp;
use http::StatusCode;
use serde_json::json;

use super::{
    super::{
        body::Body,
        error::ApiError,
        state::{OrganizationInvitation, Permission, Role, State},
        table::Row as _,
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One, Two},
    Route,
    permissions::{self, Named},
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/organization_roles", Fixed(list)),
    Route::post("/organization_roles", Fixed(create)),
    Route::get("/organization_roles/{organization_role_id}", One(get)),
    Route::patch("/organization_roles/{organization_role_id}", One(update)),
    Route::delete("/organization_roles/{organization_role_id}", One(delete)),
    Route::post("/organization_roles/{organization_role_id}/permissions/{permission_id}", Two(assign)),
    Route::delete("/organization_roles/{organization_role_id}/permissions/{permission_id}", Two(unassign)),
];

impl Named for Role {
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
    permissions::page(&query, &state.roles.roles, |role| state.roles.render_role(role))
}

fn show(state: &State, id: &str) -> ApiResult {
    Ok(state.roles.render_role(state.roles.roles.get(id)?))
}

fn get(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    show(state, id)
}

/// Rejects a malformed key, and one that another role has.
fn check_key(state: &State, key: &str, id: &str) -> Result<(), ApiError> {
    if !key.strip_prefix("org:").is_some_and(permissions::is_word) {
        return Err(ApiError::bad_format(
            "key",
            "`org:`, followed by lowercase letters, digits and underscores",
        ));
    }
    permissions::check_unique(&state.roles.roles, key, id)
}

/// Replaces a role's permissions by those whose identifiers are in the body, if any.
fn put_permissions(state: &State, body: &Body, role: &mut Role) -> Result<(), ApiError> {
    let Some(ids) = body.strings_if_given("permissions")? else { return Ok(()) };
    role.permissions.clear();
    for id in ids {
        let permission = state.roles.permissions.get(&id)?;
        if !role.permissions.contains(&permission.key) {
            role.permissions.push(permission.key.clone());
        }
    }
    Ok(())
}

/// Returns the error that a role is in use.
fn in_use(code: &'static str, long_message: &str) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, "role in use", long_message)
}

pub(super) fn missing_creator_permissions() -> ApiError {
    ApiError::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "organization_missing_creator_role_permissions",
        "missing permissions",
        "The role of an organization's creator needs the permissions to delete the organization and to read and manage \
         its members",
    )
}

fn is_creator_role(state: &State, key: &str) -> bool {
    state.roles.sets.find(|set| set.creator_role == key).is_some()
}

/// Stores a changed role. A role of creators must still be eligible.
fn store(state: &mut State, mut role: Role, now: Timestamp) -> ApiResult {
    let old = state.roles.roles.get(&role.id)?.clone();
    if old.is_creator_eligible() && !role.is_creator_eligible() && is_creator_role(state, &old.key) {
        return Err(missing_creator_permissions());
    }
    role.updated_at = now;
    if role.key != old.key {
        state.rename_role(&old.key, &role.key);
    }
    let id = role.id.clone();
    *state.roles.roles.get_mut(&id)? = role;
    show(state, &id)
}

fn create(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let fields = ["name", "key", "description", "permissions", "include_in_initial_role_set"];
    let body = Body::parse(body, &fields)?;
    let (name, key) = (body.required("name")?, body.required("key")?);
    check_key(state, key, "")?;
    let mut role = Role::new(key, name, now);
    body.put_string("description", &mut role.description)?;
    put_permissions(state, &body, &mut role)?;
    let rendered = state.roles.render_role(&role);
    let in_initial_set = body.flag("include_in_initial_role_set")?.unwrap_or(false);
    state.roles.roles.insert(role);
    if in_initial_set {
        state.roles.include_in_initial_set(key);
    }
    Ok(rendered)
}

fn update(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let mut role = state.roles.roles.get(id)?.clone();
    let body = Body::parse(body, &["name", "key", "description", "permissions"])?;
    body.replace_string("name", &mut role.name)?;
    body.replace_string("key", &mut role.key)?;
    body.put_string("description", &mut role.description)?;
    put_permissions(state, &body, &mut role)?;
    check_key(state, &role.key, id)?;
    store(state, role, now)
}

fn delete(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let key = state.roles.roles.get(id)?.key.clone();
    if is_creator_role(state, &key) {
        return Err(in_use(
            "organization_role_default_creator_role",
            "The role is the role of organizations' creators",
        ));
    }
    if state.settings.organizations.domains_default_role == key {
        return Err(in_use(
            "organization_role_domain_default_role",
            "The role is the default role of organization domains",
        ));
    }
    if state.roles.sets.find(|set| set.default_role == key).is_some() {
        return Err(in_use("organization_role_default_role", "The role is the role of new members"));
    }
    if state.memberships.find(|membership| membership.role == key).is_some() {
        return Err(in_use("organization_role_assigned_members", "Members have the role"));
    }
    let is_offered = |it: &OrganizationInvitation| it.role == key && it.is_pending(now);
    if state.organization_invitations.find(is_offered).is_some() {
        return Err(in_use("organization_role_exists_in_invitations", "Pending invitations offer the role"));
    }
    state.roles.roles.remove(id)?;
    state.roles.sets.change(|set| set.has(&key), |set| set.roles.retain(|role| *role != key));
    Ok(json!({ "object": "role", "id": id, "deleted": true }))
}

fn assign(request: ApiRequest<'_>, id: &str, permission: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let mut role = state.roles.roles.get(id)?.clone();
    let key = state.roles.permissions.get(permission)?.key.clone();
    if role.permissions.contains(&key) {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "organization_role_permission_association_exists",
            "already assigned",
            "The role has the permission already",
        ));
    }
    role.permissions.push(key);
    store(state, role, now)
}

fn unassign(request: ApiRequest<'_>, id: &str, permission: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let mut role = state.roles.roles.get(id)?.clone();
    let key = &state.roles.permissions.get(permission)?.key;
    let at = role.permissions.iter().position(|has| has == key);
    role.permissions.remove(at.ok_or_else(|| ApiError::not_found(Permission::NAME))?);
    store(state, role, now)
}
