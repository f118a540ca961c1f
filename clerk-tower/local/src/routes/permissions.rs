//! Permissions of roles.

use clerk_core::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::{
        body::Body,
        error::ApiError,
        query::{Query, SortKey},
        state::{Permission, State},
        table::{Row, Table},
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/organization_permissions", Fixed(list)),
    Route::post("/organization_permissions", Fixed(create)),
    Route::get("/organization_permissions/{permission_id}", One(get)),
    Route::patch("/organization_permissions/{permission_id}", One(update)),
    Route::delete("/organization_permissions/{permission_id}", One(delete)),
];

/// A permission, a role or a role set.
pub(super) trait Named: Row {
    fn name(&self) -> &str;
    fn key(&self) -> &str;
    fn created_at(&self) -> Timestamp;
}

impl Named for Permission {
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

/// Returns the page of the named rows that a query asks for.
pub(super) fn page<T: Named>(query: &Query, rows: &Table<T>, render: impl Fn(&T) -> Value) -> ApiResult {
    let page = query.page()?;
    let order = query.order(&["created_at", "name", "key"])?;
    let text = query.first("query").map(str::to_lowercase);
    let contains = |whole: &str, part: &str| whole.to_lowercase().contains(part);
    let admits = |row: &&T| {
        text.as_deref().is_none_or(|text| {
            row.id().eq_ignore_ascii_case(text) || contains(row.name(), text) || contains(row.key(), text)
        })
    };
    let mut rows: Vec<_> = rows.iter().filter(admits).collect();
    order.sort(&mut rows, |row| match order.field {
        "name" => SortKey::from(Some(row.name())),
        "key" => SortKey::from(Some(row.key())),
        _ => row.created_at().into(),
    });
    Ok(page.envelope(&rows, |row| render(row)))
}

/// Returns whether a text consists of lowercase letters, digits and underscores.
pub(super) fn is_word(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !text.is_empty() && text.bytes().all(is_plain)
}

/// Rejects a key that a row other than `id` has.
pub(super) fn check_unique<T: Named>(rows: &Table<T>, key: &str, id: &str) -> Result<(), ApiError> {
    match rows.find(|row| row.key() == key && row.id() != id) {
        Some(_) => Err(ApiError::exists("key")),
        None => Ok(()),
    }
}

fn list(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    page(&query, &state.roles.permissions, Permission::render)
}

fn get(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    Ok(state.roles.permissions.get(id)?.render())
}

/// Rejects a malformed key, and one that another permission has.
fn check_key(state: &State, key: &str, id: &str) -> Result<(), ApiError> {
    let parts = key.strip_prefix("org:").and_then(|rest| rest.split_once(':'));
    if !parts.is_some_and(|(feature, action)| is_word(feature) && is_word(action))
        || key.starts_with("org:sys_")
    {
        return Err(ApiError::bad_format(
            "key",
            "of the form `org:feature:action`, in lowercase letters, digits and underscores, without the reserved \
             prefix `org:sys_`",
        ));
    }
    check_unique(&state.roles.permissions, key, id)
}

const FIELDS: &[&str] = &["name", "key", "description"];

fn create(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(body, FIELDS)?;
    let (name, key) = (body.required("name")?, body.required("key")?);
    check_key(state, key, "")?;
    let mut permission = Permission::new(key, name, now);
    body.string("description")?.unwrap_or_default().clone_into(&mut permission.description);
    let rendered = permission.render();
    state.roles.permissions.insert(permission);
    Ok(rendered)
}

/// Returns a permission that may be changed.
fn changeable(state: &State, id: &str) -> Result<Permission, ApiError> {
    let permission = state.roles.permissions.get(id)?;
    if permission.is_system() {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "organization_system_permission_not_modifiable",
            "system permission",
            "System permissions cannot be changed or deleted",
        ));
    }
    Ok(permission.clone())
}

fn update(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let mut permission = changeable(state, id)?;
    let body = Body::parse(body, FIELDS)?;
    let old = permission.key.clone();
    body.replace_string("name", &mut permission.name)?;
    body.replace_string("key", &mut permission.key)?;
    if let Some(description) = body.string("description")? {
        description.clone_into(&mut permission.description);
    }
    check_key(state, &permission.key, id)?;
    permission.updated_at = now;
    let (rendered, new) = (permission.render(), permission.key.clone());
    *state.roles.permissions.get_mut(id)? = permission;
    state.roles.roles.change(
        |role| role.permissions.contains(&old),
        |role| role.permissions.iter_mut().filter(|key| **key == old).for_each(|key| key.clone_from(&new)),
    );
    Ok(rendered)
}

fn delete(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    let key = changeable(state, id)?.key;
    state.roles.permissions.remove(id)?;
    state.roles.roles.change(
        |role| role.permissions.contains(&key),
        |role| role.permissions.retain(|permission| *permission != key),
    );
    Ok(json!({ "object": "permission", "id": id, "deleted": true }))
}
