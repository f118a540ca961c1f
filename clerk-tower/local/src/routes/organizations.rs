//! Organizations.

use clerk_core::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::{
        body::Body,
        error::ApiError,
        query::SortKey,
        random,
        state::{Image, Membership, Organization, State, User},
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/organizations", Fixed(list)),
    Route::post("/organizations", Fixed(create)),
    Route::get("/organizations/{organization_id}", One(get)),
    Route::patch("/organizations/{organization_id}", One(update)),
    Route::delete("/organizations/{organization_id}", One(delete)),
    Route::put("/organizations/{organization_id}/logo", One(set_logo)),
    Route::delete("/organizations/{organization_id}/logo", One(delete_logo)),
    Route::patch("/organizations/{organization_id}/metadata", One(merge_metadata)),
    Route::put("/organizations/{organization_id}/metadata", One(replace_metadata)),
];

pub(super) fn list(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let page = query.page()?;
    let order = query.order(&["created_at", "name", "members_count"])?;
    let with_members = query.flag("include_members_count")?.unwrap_or(false);
    let text = query.first("query").map(str::to_lowercase);
    let ids = query.include_exclude("organization_id")?;
    let users = query.include_exclude("user_id")?;
    let admits = |organization: &&Organization| {
        text.as_deref().is_none_or(|text| {
            organization.id.as_str().eq_ignore_ascii_case(text)
                || organization.name.to_lowercase().contains(text)
                || organization.slug.contains(text)
        }) && ids.admits(|id| organization.id == id)
            && users.admits(|user| state.membership(organization.id.as_str(), user).is_ok())
    };
    let mut organizations: Vec<_> = state.organizations.iter().filter(admits).collect();
    order.sort(&mut organizations, |organization| match order.field {
        "name" => SortKey::from(Some(organization.name.as_str())),
        "members_count" => SortKey::Number(i64::try_from(state.members(&organization.id)).ok()),
        _ => organization.created_at.into(),
    });
    Ok(page.envelope(&organizations, |organization| state.render_organization(organization, with_members)))
}

/// Returns the organization with an identifier or a slug.
fn find<'a>(state: &'a State, id: &str) -> Result<&'a Organization, ApiError> {
    let by_slug = || state.organizations.having(id).next();
    state.organizations.get(id).or_else(|error| by_slug().ok_or(error))
}

fn show(state: &State, id: &str) -> ApiResult {
    Ok(state.render_organization(state.organizations.get(id)?, false))
}

pub(super) fn get(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let with_members = query.flag("include_members_count")?.unwrap_or(false);
    Ok(state.render_organization(find(state, id)?, with_members))
}

fn check_name(name: &str) -> Result<(), ApiError> {
    match name.chars().count() {
        0..=256 => Ok(()),
        _ => Err(ApiError::bad_format("name", "at most 256 characters long")),
    }
}

/// Rejects a malformed slug, and one that an organization other than `id` has.
fn check_slug(state: &State, slug: &str, id: Option<&str>) -> Result<(), ApiError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if slug.is_empty() || !slug.bytes().all(plain) {
        return Err(ApiError::bad_format("slug", "made of lowercase letters, digits and `-`"));
    }
    let mut others = state.organizations.having(slug).filter(|other| id.is_none_or(|id| other.id != id));
    if others.next().is_some() { Err(ApiError::exists("slug")) } else { Ok(()) }
}

/// Sets the fields that creating and updating an organization have in common.
fn put_common(state: &State, body: &Body, organization: &mut Organization) -> Result<(), ApiError> {
    if let Some(limit) = body.count("max_allowed_memberships")? {
        organization.max_allowed_memberships = limit;
    }
    if let Some(time) = body.time("created_at")? {
        organization.created_at = time;
    }
    let Some(key) = body.string("role_set_key")? else { return Ok(()) };
    let set = state.roles.set(key)?;
    if state.members_of(organization.id.as_str()).any(|membership| !set.has(&membership.role)) {
        return Err(ApiError::bad_format(
            "role_set_key",
            "the key of a role set that has the roles of all members",
        ));
    }
    organization.role_set_key = Some(set.key.clone());
    Ok(())
}

/// Rejects the request if organizations are off.
pub(in super::super) fn check_enabled(state: &State) -> Result<(), ApiError> {
    if state.settings.organizations.enabled {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "organization_not_enabled_in_instance",
        "access denied",
        "Organizations are disabled; enable them with PATCH /instance/organization_settings",
    ))
}

/// Rejects a creator who may not create an organization, or not another one.
pub(in super::super) fn check_creator(state: &State, creator: &User) -> Result<(), ApiError> {
    let refuse = |code, message, why: &str| Err(ApiError::new(StatusCode::FORBIDDEN, code, message, why));
    if !creator.create_organization_enabled {
        return refuse(
            "organization_creation_not_allowed",
            "access denied",
            "The user may not create organizations",
        );
    }
    let own = state.organizations.having(creator.id.as_str()).count();
    let limit = creator.create_organizations_limit.and_then(|limit| usize::try_from(limit).ok());
    if limit.is_some_and(|limit| limit != 0 && own >= limit) {
        return refuse(
            "organization_quota_exceeded",
            "organization quota exceeded",
            "The user has reached its create_organizations_limit",
        );
    }
    Ok(())
}

/// Returns a new organization as the settings want it.
pub(in super::super) fn new(
    state: &State,
    name: &str,
    slug: Option<&str>,
    now: Timestamp,
) -> Result<Organization, ApiError> {
    check_enabled(state)?;
    check_name(name)?;
    if let Some(slug) = slug {
        check_slug(state, slug, None)?;
    }
    let slug = slug.map_or_else(|| free_slug(state, name), str::to_owned);
    let settings = &state.settings.organizations;
    let mut organization = Organization::new(random::id("org_").into(), name.to_owned(), slug, now);
    organization.max_allowed_memberships = settings.max_allowed_memberships;
    organization.admin_delete_enabled = settings.admin_delete_enabled;
    organization.role_set_key = Some(state.roles.initial_set.clone());
    Ok(organization)
}

pub(super) fn create(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(
        body,
        &[
            "name",
            "created_by",
            "private_metadata",
            "public_metadata",
            "slug",
            "max_allowed_memberships",
            "created_at",
            "role_set_key",
        ],
    )?;
    let mut organization = new(state, body.required("name")?, body.string("slug")?, now)?;
    let id = organization.id.clone();
    put_common(state, &body, &mut organization)?;
    body.merge("public_metadata", &mut organization.metadata.public)?;
    body.merge("private_metadata", &mut organization.metadata.private)?;
    if let Some(creator) = body.string("created_by")? {
        let creator = state.users.get(creator)?;
        check_creator(state, creator)?;
        let membership = Membership::new(&id, &creator.id, &state.creator_role(&organization), now);
        organization.created_by = Some(creator.id.clone());
        state.memberships.insert(membership);
    }
    state.organizations.insert(organization);
    show(state, id.as_str())
}

/// Derives an unused slug from a name.
pub(in super::super) fn free_slug(state: &State, name: &str) -> String {
    let letters = name.to_lowercase();
    let words = letters.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-");
    if check_slug(state, &slug, None).is_ok() { slug } else { format!("{slug}-{}", random::string(8)) }
}

pub(super) fn update(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let mut organization = state.organizations.get(id)?.clone();
    let body = Body::parse(
        body,
        &["name", "slug", "max_allowed_memberships", "admin_delete_enabled", "created_at", "role_set_key"],
    )?;
    if let Some(name) = body.string("name")? {
        if name.is_empty() {
            return Err(ApiError::missing("name"));
        }
        check_name(name)?;
        name.clone_into(&mut organization.name);
    }
    if let Some(slug) = body.string("slug")? {
        check_slug(state, slug, Some(id))?;
        slug.clone_into(&mut organization.slug);
    }
    body.put_flag("admin_delete_enabled", &mut organization.admin_delete_enabled)?;
    put_common(state, &body, &mut organization)?;
    organization.updated_at = now;
    *state.organizations.get_mut(id)? = organization;
    show(state, id)
}

pub(super) fn delete(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    let slug = state.organizations.get(id)?.slug.clone();
    state.organizations.retain(|organization| organization.id != id);
    state.memberships.retain(|membership| membership.organization != id);
    state.organization_invitations.retain(|invitation| invitation.organization != id);
    state.organization_domains.retain(|domain| domain.organization != id);
    state.membership_requests.retain(|request| request.organization != id);
    state.images.retain(|image| image.id != id);
    state.credentials.forget(id);
    state.forget_payer(id);
    state.sessions.change(
        |session| session.organization.as_ref().is_some_and(|active| *active == id),
        |session| session.organization = None,
    );
    Ok(json!({ "object": "organization", "id": id, "slug": slug, "deleted": true }))
}

fn set_logo(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let id = request.state.organizations.get(id)?.id.as_str().to_owned();
    let image = Image::new(&id, &request.file()?)?;
    let ApiRequest { state, now, .. } = request;
    state.images.insert(image);
    state.organizations.get_mut(&id)?.updated_at = now;
    show(state, &id)
}

fn delete_logo(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    state.organizations.get(id)?;
    state.images.remove(id)?;
    state.organizations.get_mut(id)?.updated_at = now;
    show(state, id)
}

pub(super) fn merge_metadata(request: ApiRequest<'_>, id: &str) -> ApiResult {
    change_metadata(request, id, Body::merge)
}

pub(super) fn replace_metadata(request: ApiRequest<'_>, id: &str) -> ApiResult {
    change_metadata(request, id, Body::replace)
}

fn change_metadata(
    request: ApiRequest<'_>,
    id: &str,
    change: fn(&Body, &str, &mut Value) -> Result<(), ApiError>,
) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let mut metadata = state.organizations.get(id)?.metadata.clone();
    let body = Body::parse(body, &["public_metadata", "private_metadata"])?;
    change(&body, "public_metadata", &mut metadata.public)?;
    change(&body, "private_metadata", &mut metadata.private)?;
    let organization = state.organizations.get_mut(id)?;
    organization.metadata = metadata;
    organization.updated_at = now;
    show(state, id)
}
