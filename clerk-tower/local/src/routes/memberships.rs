//! Organization memberships.

use http::StatusCode;

use super::{
    super::{
        body::Body,
        error::ApiError,
        query::{Query, SortKey},
        state::{Membership, Organization, State},
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One, Two},
    Route, filter,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/users/{user_id}/organization_memberships", One(of_user)),
    Route::get("/organization_memberships", Fixed(all)),
    Route::get("/organizations/{organization_id}/memberships", One(list)),
    Route::post("/organizations/{organization_id}/memberships", One(create)),
    Route::patch("/organizations/{organization_id}/memberships/{user_id}", Two(update)),
    Route::delete("/organizations/{organization_id}/memberships/{user_id}", Two(delete)),
    Route::patch("/organizations/{organization_id}/memberships/{user_id}/metadata", Two(merge_metadata)),
];

const ORDERS: &[&str] =
    &["created_at", "phone_number", "email_address", "first_name", "last_name", "username"];

/// Returns a page of `memberships`, which must be in the order of creation.
fn page(state: &State, query: &Query, mut memberships: Vec<&Membership>) -> ApiResult {
    let page = query.page()?;
    let order = query.order(ORDERS)?;
    order.sort(&mut memberships, |membership| {
        match (order.field, state.users.get(membership.user.as_str())) {
            ("created_at", _) | (_, Err(_)) => SortKey::from(membership.created_at),
            (field, Ok(user)) => filter::sort_key(user, field),
        }
    });
    Ok(page.envelope(&memberships, |membership| state.render_membership(membership)))
}

pub(super) fn all(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    page(state, &query, state.memberships.iter().collect())
}

pub(super) fn of_user(request: ApiRequest<'_>, user: &str) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    state.users.get(user)?;
    page(state, &query, state.memberships_of(user).collect())
}

pub(super) fn list(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    state.organizations.get(id)?;
    let people = filter::UserFilter::new(&query)?;
    let roles = query.all("role")?;
    let created = query.time_range("created_at")?;
    let admits = |membership: &&Membership| {
        (roles.is_empty() || roles.contains(&membership.role))
            && created.admits(Some(membership.created_at))
            && state.users.get(membership.user.as_str()).is_ok_and(|user| people.admits(user))
    };
    page(state, &query, state.members_of(id).filter(admits).collect())
}

fn show(state: &State, id: &str, user: &str) -> ApiResult {
    Ok(state.render_membership(state.membership(id, user)?))
}

/// Returns the role in a body, if the organization has it.
fn role(state: &State, organization: &Organization, body: &Body) -> Result<String, ApiError> {
    Ok(state.role(organization, body.required("role")?)?.key.clone())
}

pub(super) fn create(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let organization = state.organizations.get(id)?;
    let body = Body::parse(body, &["user_id", "role", "public_metadata", "private_metadata"])?;
    let user = state.users.get(body.required("user_id")?)?;
    let role = role(state, organization, &body)?;
    if state.membership(id, user.id.as_str()).is_ok() {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "already_a_member_in_organization",
            "Already a member",
            "The user is already a member of the organization",
        ));
    }
    state.check_members(organization, state.members(&organization.id))?;
    let mut membership = Membership::new(&organization.id, &user.id, &role, now);
    body.merge("public_metadata", &mut membership.metadata.public)?;
    body.merge("private_metadata", &mut membership.metadata.private)?;
    let rendered = state.render_membership(&membership);
    state.memberships.insert(membership);
    Ok(rendered)
}

pub(super) fn update(request: ApiRequest<'_>, id: &str, user: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let role = role(state, state.organizations.get(id)?, &Body::parse(body, &["role"])?)?;
    let membership = state.membership_mut(id, user)?;
    membership.role = role;
    membership.updated_at = now;
    show(state, id, user)
}

pub(super) fn delete(request: ApiRequest<'_>, id: &str, user: &str) -> ApiResult {
    let state = request.state;
    state.organizations.get(id)?;
    let rendered = show(state, id, user)?;
    let membership = state.membership(id, user)?.id.clone();
    state.memberships.remove(&membership)?;
    state.sessions.change(
        |session| session.user == user && session.organization.as_ref().is_some_and(|active| *active == id),
        |session| session.organization = None,
    );
    Ok(rendered)
}

pub(super) fn merge_metadata(request: ApiRequest<'_>, id: &str, user: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    state.organizations.get(id)?;
    let mut metadata = state.membership(id, user)?.metadata.clone();
    let body = Body::parse(body, &["public_metadata", "private_metadata"])?;
    body.merge("public_metadata", &mut metadata.public)?;
    body.merge("private_metadata", &mut metadata.private)?;
    let membership = state.membership_mut(id, user)?;
    membership.metadata = metadata;
    membership.updated_at = now;
    show(state, id, user)
}
