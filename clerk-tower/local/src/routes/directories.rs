//! Directories, under their two names: `directories` and `scim_directories`.

use serde_json::{Value, json};

use super::{
    super::{
        body::Body,
        error::ApiError,
        random,
        state::{
            State,
            enterprise::{Directory, GroupRoleMapping, new_directory_key},
        },
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One, Two},
    Route,
};
use clerk_core::Timestamp;

/// The `object` of a directory and of a mapping, by the name in the path.
#[derive(Clone, Copy)]
struct Names {
    directory: &'static str,
    mapping: &'static str,
}

const SCIM: Names = Names { directory: "scim_directory", mapping: "scim_group_role_mapping" };
const PLAIN: Names = Names { directory: "directory", mapping: "directory_group_role_mapping" };

pub(super) const ROUTES: &[Route] = &[
    Route::get("/scim_directories", Fixed(|request| list(request, SCIM))),
    Route::post("/scim_directories", Fixed(|request| create(request, SCIM))),
    Route::get("/scim_directories/{scim_directory_id}", One(|request, id| get(request, id, SCIM))),
    Route::patch("/scim_directories/{scim_directory_id}", One(|request, id| update(request, id, SCIM))),
    Route::delete("/scim_directories/{scim_directory_id}", One(|request, id| delete(request, id, SCIM))),
    Route::post(
        "/scim_directories/{scim_directory_id}/rotate_api_key",
        One(|request, id| rotate(request, id, SCIM)),
    ),
    Route::get(
        "/scim_directories/{scim_directory_id}/group_role_mappings",
        One(|request, id| mappings(request, id, SCIM)),
    ),
    Route::post(
        "/scim_directories/{scim_directory_id}/group_role_mappings",
        One(|request, id| create_mapping(request, id, SCIM)),
    ),
    Route::put(
        "/scim_directories/{scim_directory_id}/group_role_mappings",
        One(|request, id| replace_mappings(request, id, SCIM)),
    ),
    Route::delete(
        "/scim_directories/{scim_directory_id}/group_role_mappings/{mapping_id}",
        Two(|request, id, mapping| delete_mapping(request, id, mapping, SCIM)),
    ),
    Route::get("/directories", Fixed(|request| list(request, PLAIN))),
    Route::post("/directories", Fixed(|request| create(request, PLAIN))),
    Route::get("/directories/{directory_id}", One(|request, id| get(request, id, PLAIN))),
    Route::patch("/directories/{directory_id}", One(|request, id| update(request, id, PLAIN))),
    Route::delete("/directories/{directory_id}", One(|request, id| delete(request, id, PLAIN))),
    Route::post("/directories/{directory_id}/rotate_api_key", One(|request, id| rotate(request, id, PLAIN))),
    Route::get(
        "/directories/{directory_id}/group_role_mappings",
        One(|request, id| mappings(request, id, PLAIN)),
    ),
    Route::post(
        "/directories/{directory_id}/group_role_mappings",
        One(|request, id| create_mapping(request, id, PLAIN)),
    ),
    Route::put(
        "/directories/{directory_id}/group_role_mappings",
        One(|request, id| replace_mappings(request, id, PLAIN)),
    ),
    Route::delete(
        "/directories/{directory_id}/group_role_mappings/{mapping_id}",
        Two(|request, id, mapping| delete_mapping(request, id, mapping, PLAIN)),
    ),
];

/// The fields of a mapping.
const MAPPING: [&str; 6] = [
    "directory_group_id",
    "scim_group_id",
    "directory_group_display_name",
    "scim_group_display_name",
    "role_id",
    "precedence",
];
/// The maximum length of a group's name.
const MAX_NAME: usize = 255;

fn list(request: ApiRequest<'_>, names: Names) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let page = query.page()?;
    let directories: Vec<_> = state.directories.iter().rev().collect();
    Ok(page.envelope(&directories, |known| state.render_directory(known, names.directory, false)))
}

/// Creates a directory. Its key is shown now, and after each rotation.
fn create(request: ApiRequest<'_>, names: Names) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(body, &["enterprise_connection_id", "name", "provider", "group_role_mappings"])?;
    let connection = state.enterprise_connections.get(body.required("enterprise_connection_id")?)?;
    let provider = body.required("provider")?.to_owned();
    let name = body.string("name")?.filter(|name| !name.is_empty()).unwrap_or(&connection.name).to_owned();
    let mut directory = Directory::new(name, provider, connection.id.clone(), now);
    for mapping in objects(&body, "group_role_mappings")?.unwrap_or_default() {
        let mapping = parse_mapping(&mapping, state, &directory, now)?;
        directory.mappings.push(mapping);
    }
    directory.group_role_mapping_enabled = !directory.mappings.is_empty();
    let rendered = state.render_directory(&directory, names.directory, true);
    state.directories.insert(directory);
    Ok(rendered)
}

/// Reads an array of objects.
fn objects(body: &Body, name: &str) -> Result<Option<Vec<Body>>, ApiError> {
    let mut given = None;
    body.put_value(name, &mut given);
    let Some(given) = given else { return Ok(None) };
    let items = given.as_array().ok_or_else(|| ApiError::bad_format(name, "an array of objects"))?;
    items
        .iter()
        .map(|item| Body::parse(item.to_string().as_bytes(), &MAPPING))
        .collect::<Result<_, _>>()
        .map(Some)
}

/// Returns the value of a field with two names, which must agree.
fn either<'a>(body: &'a Body, name: &str, legacy: &str) -> Result<Option<&'a str>, ApiError> {
    match (body.string(name)?, body.string(legacy)?) {
        (Some(one), Some(other)) if one != other => {
            Err(ApiError::bad_format(legacy, &format!("the same as {name}")))
        }
        (one, other) => Ok(one.or(other)),
    }
}

fn parse_mapping(
    body: &Body,
    state: &State,
    directory: &Directory,
    now: Timestamp,
) -> Result<GroupRoleMapping, ApiError> {
    let group = either(body, "directory_group_id", "scim_group_id")?.filter(|group| !group.is_empty());
    let group = group.ok_or_else(|| ApiError::missing("directory_group_id"))?.to_owned();
    let name = either(body, "directory_group_display_name", "scim_group_display_name")?.unwrap_or(&group);
    if name.chars().count() > MAX_NAME {
        return Err(ApiError::bad_format("directory_group_display_name", "at most 255 characters long"));
    }
    let role = state.roles.roles.get(body.required("role_id")?)?.id.clone();
    let next = directory.mappings.iter().map(|known| known.precedence).max().unwrap_or(0).saturating_add(1);
    let precedence = body.count("precedence")?.unwrap_or(next);
    if precedence < 1 {
        return Err(ApiError::bad_format("precedence", "at least 1"));
    }
    if directory.mappings.iter().any(|known| known.group == group) {
        return Err(ApiError::exists("directory_group_id"));
    }
    Ok(GroupRoleMapping {
        id: random::id("dgrm_"),
        group_name: name.to_owned(),
        group,
        role,
        precedence,
        created_at: now,
    })
}

fn get(request: ApiRequest<'_>, id: &str, names: Names) -> ApiResult {
    let state = request.state;
    Ok(state.render_directory(state.directories.get(id)?, names.directory, false))
}

fn update(request: ApiRequest<'_>, id: &str, names: Names) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let mut directory = state.directories.get(id)?.clone();
    let known = ["name", "enabled", "provider", "attribute_mapping", "group_role_mapping_enabled"];
    let body = Body::parse(body, &known)?;
    for (name, target) in [("name", &mut directory.name), ("provider", &mut directory.provider)] {
        if let Some(text) = body.string(name)? {
            text.clone_into(target);
        }
    }
    body.put_flag("enabled", &mut directory.enabled)?;
    body.put_flag("group_role_mapping_enabled", &mut directory.group_role_mapping_enabled)?;
    for (name, path) in body.object("attribute_mapping")?.into_iter().flatten() {
        match path {
            Value::Null => drop(directory.attribute_mapping.remove(name)),
            Value::String(_) => drop(directory.attribute_mapping.insert(name.clone(), path.clone())),
            _ => return Err(ApiError::bad_format("attribute_mapping", "an object of strings")),
        }
    }
    directory.updated_at = now;
    *state.directories.get_mut(id)? = directory;
    Ok(state.render_directory(state.directories.get(id)?, names.directory, false))
}

fn delete(request: ApiRequest<'_>, id: &str, names: Names) -> ApiResult {
    let state = request.state;
    state.directories.remove(id)?;
    Ok(json!({ "object": names.directory, "id": id, "deleted": true }))
}

fn rotate(request: ApiRequest<'_>, id: &str, names: Names) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let directory = state.directories.get_mut(id)?;
    directory.api_key = new_directory_key();
    directory.updated_at = now;
    Ok(state.render_directory(state.directories.get(id)?, names.directory, true))
}

fn render_mappings(state: &State, id: &str, names: Names) -> ApiResult {
    let directory = state.directories.get(id)?;
    let mut mappings: Vec<_> = directory.mappings.iter().collect();
    mappings.sort_by_key(|mapping| mapping.precedence);
    let data: Vec<_> =
        mappings.iter().map(|mapping| state.render_mapping(directory, mapping, names.mapping)).collect();
    Ok(json!({ "data": data, "total_count": data.len() }))
}

fn mappings(request: ApiRequest<'_>, id: &str, names: Names) -> ApiResult {
    let state = request.state;
    render_mappings(state, id, names)
}

/// Returns a directory in which mappings are on.
fn with_mappings(state: &State, id: &str) -> Result<Directory, ApiError> {
    let directory = state.directories.get(id)?;
    if directory.group_role_mapping_enabled {
        return Ok(directory.clone());
    }
    Err(ApiError::new(
        http::StatusCode::UNPROCESSABLE_ENTITY,
        "group_role_mapping_disabled",
        "Group role mapping is disabled",
        "Group role mapping is not enabled on this directory",
    ))
}

fn create_mapping(request: ApiRequest<'_>, id: &str, names: Names) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let mut directory = with_mappings(state, id)?;
    let mapping = parse_mapping(&Body::parse(body, &MAPPING)?, state, &directory, now)?;
    let rendered = state.render_mapping(&directory, &mapping, names.mapping);
    directory.mappings.push(mapping);
    *state.directories.get_mut(id)? = directory;
    Ok(rendered)
}

/// Replaces all mappings. Their order is their precedence.
fn replace_mappings(request: ApiRequest<'_>, id: &str, names: Names) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let mut directory = with_mappings(state, id)?;
    let body = Body::parse(body, &["mappings"])?;
    let given = objects(&body, "mappings")?.ok_or_else(|| ApiError::missing("mappings"))?;
    directory.mappings.clear();
    for (at, mapping) in (1..).zip(given) {
        let mapping = parse_mapping(&mapping, state, &directory, now)?;
        directory.mappings.push(GroupRoleMapping { precedence: at, ..mapping });
    }
    *state.directories.get_mut(id)? = directory;
    render_mappings(state, id, names)
}

fn delete_mapping(request: ApiRequest<'_>, id: &str, mapping: &str, names: Names) -> ApiResult {
    let state = request.state;
    let mut directory = with_mappings(state, id)?;
    let before = directory.mappings.len();
    directory.mappings.retain(|known| known.id != mapping);
    if directory.mappings.len() == before {
        return Err(ApiError::not_found("group role mapping"));
    }
    *state.directories.get_mut(id)? = directory;
    Ok(json!({ "object": names.mapping, "id": mapping, "deleted": true }))
}
