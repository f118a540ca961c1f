//! Organizations, as their members see and change them.
//!
//! What a member may do is checked here; then it is done as in the Backend API.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{
    super::super::{
        error::ApiError,
        query::Query,
        routes::{self, ApiRequest, Caller},
        state::{Image, Membership, MembershipRequest, State, extended},
    },
    ApiResult, Call,
    Handler::{Fixed, One, Two},
    Reply, Route,
    render::publicly,
};

pub(super) const ROUTES: &[Route] = &[
    Route::post("/v1/organizations", Fixed(create)),
    Route::get("/v1/organizations/{organization_id}", One(get)),
    Route::patch("/v1/organizations/{organization_id}", One(update)),
    Route::delete("/v1/organizations/{organization_id}", One(delete)),
    Route::put("/v1/organizations/{organization_id}/logo", One(upload_logo)),
    Route::delete("/v1/organizations/{organization_id}/logo", One(delete_logo)),
    Route::get("/v1/organizations/{organization_id}/roles", One(roles)),
    Route::get("/v1/organizations/{organization_id}/memberships", One(memberships)),
    Route::post("/v1/organizations/{organization_id}/memberships", One(add_member)),
    Route::patch("/v1/organizations/{organization_id}/memberships/{user_id}", Two(update_member)),
    Route::delete("/v1/organizations/{organization_id}/memberships/{user_id}", Two(remove_member)),
    Route::get("/v1/organizations/{organization_id}/invitations", One(invitations)),
    Route::get("/v1/organizations/{organization_id}/invitations/pending", One(pending_invitations)),
    Route::post("/v1/organizations/{organization_id}/invitations", One(invite)),
    Route::post("/v1/organizations/{organization_id}/invitations/bulk", One(invite_all)),
    Route::post(
        "/v1/organizations/{organization_id}/invitations/{invitation_id}/revoke",
        Two(revoke_invitation),
    ),
    Route::get("/v1/organizations/{organization_id}/membership_requests", One(membership_requests)),
    Route::post(
        "/v1/organizations/{organization_id}/membership_requests/{request_id}/accept",
        Two(|call, id, request| decide(call, id, request, true)),
    ),
    Route::post(
        "/v1/organizations/{organization_id}/membership_requests/{request_id}/reject",
        Two(|call, id, request| decide(call, id, request, false)),
    ),
    Route::get("/v1/me/organization_memberships", Fixed(own_memberships)),
    Route::delete("/v1/me/organization_memberships/{organization_id}", One(leave)),
    Route::get("/v1/me/organization_invitations", Fixed(own_invitations)),
    Route::post("/v1/me/organization_invitations/{invitation_id}/accept", One(accept_invitation)),
    Route::get("/v1/me/organization_suggestions", Fixed(suggestions)),
    Route::post("/v1/me/organization_suggestions/{suggestion_id}/accept", One(accept_suggestion)),
    Route::get("/v1/me/organization_creation_defaults", Fixed(creation_defaults)),
];

const READ_MEMBERS: &str = "org:sys_memberships:read";
const MANAGE_MEMBERS: &str = "org:sys_memberships:manage";
const MANAGE_PROFILE: &str = "org:sys_profile:manage";
const DELETE_PROFILE: &str = "org:sys_profile:delete";

impl Call<'_> {
    /// Checks that an organization keeps somebody who manages its members when a member gets another role, or leaves.
    /// Only browsers are held to it: whoever has the secret key may do anything.
    fn check_managed(&self, organization: &str, user: &str, role: Option<&str>) -> Result<(), ApiError> {
        let Ok(membership) = self.state.membership(organization, user) else { return Ok(()) };
        let manages = |membership: &Membership| {
            self.state.permissions(membership).iter().any(|held| held == MANAGE_MEMBERS)
        };
        let stays = role.is_some_and(|role| manages(&Membership { role: role.into(), ..membership.clone() }));
        let mut others = self.state.members_of(organization).filter(|other| other.id != membership.id);
        if stays || !manages(membership) || others.any(manages) {
            return Ok(());
        }
        Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "organization_minimum_permissions_needed",
            "minimum organization permissions needed",
            "An organization needs at least one member who can manage its members",
        ))
    }

    /// Returns the user's membership in an organization.
    pub(super) fn membership(&self, organization: &str) -> Result<&Membership, ApiError> {
        let user = &self.user()?.id;
        self.state.membership(organization, user.as_str()).map_err(|_| {
            ApiError::new(
                StatusCode::NOT_FOUND,
                "organization_not_found_or_unauthorized",
                "organization not found or unauthorized",
                "The organization does not exist, or you are not a member of it",
            )
        })
    }

    /// Rejects members without a permission.
    pub(super) fn check_permission(&self, organization: &str, permission: &str) -> Result<(), ApiError> {
        let membership = self.membership(organization)?;
        if self.state.permissions(membership).iter().any(|held| held == permission) {
            return Ok(());
        }
        Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "missing_organization_permission",
            "missing permission",
            format!("This needs the permission {permission}"),
        )
        .meta(json!({ "permissions": [permission] })))
    }

    /// Performs an operation of the Backend API, and returns what browsers may see of its result.
    pub(super) fn perform(&mut self, method: &Method, path: &str, body: &[u8]) -> Result<Value, ApiError> {
        let found = routes::find(method, path)?;
        let request = ApiRequest {
            state: self.state,
            key: self.key,
            suffix: &self.request.suffix,
            query: Query::parse(self.request.raw_query),
            body,
            headers: self.request.headers,
            now: self.request.now,
            caller: Caller::Instance,
        };
        Ok(publicly(found.handler.run(request, &found.params)?))
    }

    /// Performs an operation with a JSON body.
    pub(super) fn perform_with(&mut self, method: &Method, path: &str, body: &Value) -> ApiResult {
        Ok(Reply::Resource(self.perform(method, path, body.to_string().as_bytes())?))
    }

    /// Returns the named fields of the form as JSON strings.
    pub(super) fn fields(&self, names: &[&str]) -> Value {
        let given = |name: &&str| Some(((*name).to_owned(), self.request.form.given(name)?.into()));
        Value::Object(names.iter().filter_map(given).collect::<Map<_, _>>())
    }
}

/// Returns the path of something that belongs to an organization. Identifiers come from a decoded path.
pub(super) fn path(organization: &str, rest: &[&str]) -> String {
    let encode = |part: &str| {
        percent_encoding::utf8_percent_encode(part, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let parts = rest.iter().map(|part| format!("/{}", encode(part).replace("%5F", "_")));
    format!("/organizations/{}{}", encode(organization), parts.collect::<String>())
}

fn create(call: &mut Call<'_>) -> ApiResult {
    let user = call.user()?;
    let limit =
        user.create_organizations_limit.and_then(|limit| usize::try_from(limit).ok()).filter(|it| *it > 0);
    let created =
        call.state.organizations.iter().filter(|it| it.created_by.as_ref() == Some(&user.id)).count();
    if !user.create_organization_enabled || limit.is_some_and(|limit| created >= limit) {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "organization_creation_not_allowed",
            "Not allowed",
            "You are not allowed to create an organization",
        ));
    }
    let created_by = user.id.clone();
    let body = extended(call.fields(&["name", "slug"]), json!({ "created_by": created_by }));
    call.perform_with(&Method::POST, "/organizations", &body)
}

fn get(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.membership(id)?;
    let organization = call.state.render_organization(call.state.organizations.get(id)?, true);
    Ok(Reply::Resource(publicly(organization)))
}

fn update(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.check_permission(id, MANAGE_PROFILE)?;
    let body = call.fields(&["name", "slug"]);
    call.perform_with(&Method::PATCH, &path(id, &[]), &body)
}

fn delete(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.check_permission(id, DELETE_PROFILE)?;
    if !call.state.organizations.get(id)?.admin_delete_enabled {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "organization_admin_delete_not_enabled",
            "Not allowed",
            "Members are not allowed to delete this organization",
        ));
    }
    call.check_recent()?;
    Ok(Reply::Resource(call.perform(&Method::DELETE, &path(id, &[]), &[])?))
}

fn upload_logo(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.check_permission(id, MANAGE_PROFILE)?;
    let logo = Image::new(id, &call.file()?)?;
    call.state.images.insert(logo);
    call.state.organizations.get_mut(id)?.updated_at = call.request.now;
    get(call, id)
}

fn delete_logo(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.check_permission(id, MANAGE_PROFILE)?;
    call.perform(&Method::DELETE, &path(id, &["logo"]), &[])?;
    Ok(Reply::Resource(json!({ "object": "image", "id": id, "deleted": true })))
}

fn roles(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.membership(id)?;
    let state = &*call.state;
    let set = state.role_set(state.organizations.get(id)?);
    let roles = set.into_iter().flat_map(|set| &set.roles).filter_map(|key| state.roles.role(key));
    let roles: Vec<_> = roles.map(|role| with_description(state.roles.render_role(role))).collect();
    Ok(Reply::Resource(json!({ "data": roles, "total_count": roles.len(), "has_role_set_migration": false })))
}

/// Returns a role whose description, if it has none, is an empty string.
fn with_description(role: Value) -> Value {
    let is_missing = role.get("description").is_some_and(Value::is_null);
    if is_missing { extended(role, json!({ "description": "" })) } else { role }
}

fn memberships(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.check_permission(id, READ_MEMBERS)?;
    Ok(Reply::Resource(call.perform(&Method::GET, &path(id, &["memberships"]), &[])?))
}

fn add_member(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.check_permission(id, MANAGE_MEMBERS)?;
    let body = call.fields(&["user_id", "role"]);
    call.perform_with(&Method::POST, &path(id, &["memberships"]), &body)
}

fn update_member(call: &mut Call<'_>, id: &str, user: &str) -> ApiResult {
    call.check_permission(id, MANAGE_MEMBERS)?;
    call.check_managed(id, user, call.request.form.first("role"))?;
    let body = call.fields(&["role"]);
    call.perform_with(&Method::PATCH, &path(id, &["memberships", user]), &body)
}

fn remove_member(call: &mut Call<'_>, id: &str, user: &str) -> ApiResult {
    if call.user()?.id != user {
        call.check_permission(id, MANAGE_MEMBERS)?;
    }
    call.check_managed(id, user, None)?;
    Ok(Reply::Resource(call.perform(&Method::DELETE, &path(id, &["memberships", user]), &[])?))
}

fn invitations(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.check_permission(id, MANAGE_MEMBERS)?;
    Ok(Reply::Resource(call.perform(&Method::GET, &path(id, &["invitations"]), &[])?))
}

/// Returns the body that invites somebody.
fn invitation(call: &Call<'_>, email: &str) -> Result<Value, ApiError> {
    let role = call.request.form.first("role").ok_or_else(|| ApiError::missing("role"))?;
    Ok(json!({ "email_address": email, "role": role, "inviter_user_id": call.user()?.id }))
}

fn invite(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.check_permission(id, MANAGE_MEMBERS)?;
    let email = call.request.form.first("email_address").ok_or_else(|| ApiError::missing("email_address"))?;
    let body = invitation(call, email)?;
    call.perform_with(&Method::POST, &path(id, &["invitations"]), &body)
}

fn invite_all(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.check_permission(id, MANAGE_MEMBERS)?;
    let emails = call.request.form.all("email_address")?;
    let bodies: Result<Vec<_>, _> = emails.iter().map(|email| invitation(call, email)).collect();
    let path = path(id, &["invitations", "bulk"]);
    let body = Value::Array(bodies?).to_string();
    let invited = call.perform(&Method::POST, &path, body.as_bytes())?;
    // Clerk's JavaScript takes the list itself, or a page of it.
    Ok(Reply::Resource(invited.get("data").cloned().unwrap_or(invited)))
}

fn revoke_invitation(call: &mut Call<'_>, id: &str, invitation: &str) -> ApiResult {
    call.check_permission(id, MANAGE_MEMBERS)?;
    let body = json!({ "requesting_user_id": call.user()?.id });
    call.perform_with(&Method::POST, &path(id, &["invitations", invitation, "revoke"]), &body)
}

fn pending_invitations(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.check_permission(id, MANAGE_MEMBERS)?;
    Ok(Reply::Resource(call.perform(&Method::GET, &path(id, &["invitations", "pending"]), &[])?))
}

/// Returns a request to become a member, with who asks.
fn render_request(state: &State, request: &MembershipRequest) -> Value {
    let user = state.users.get(request.user.as_str()).ok();
    let user = user.map(|user| state.render_public_user(user));
    extended(State::render_membership_request(request), json!({ "public_user_data": user }))
}

fn membership_requests(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.check_permission(id, MANAGE_MEMBERS)?;
    let (state, query) = (&*call.state, &call.request.query);
    let (page, statuses) = (query.page()?, query.all("status")?);
    let admits = |request: &&MembershipRequest| {
        request.organization == id
            && (statuses.is_empty() || statuses.iter().any(|status| status == request.status()))
    };
    let requests: Vec<_> = state.membership_requests.iter().rev().filter(admits).collect();
    Ok(Reply::Resource(page.envelope(&requests, |request| render_request(state, request))))
}

fn decide(call: &mut Call<'_>, id: &str, request: &str, is_accepted: bool) -> ApiResult {
    call.check_permission(id, MANAGE_MEMBERS)?;
    let request = call.state.decide_on_request(id, request, is_accepted)?.clone();
    Ok(Reply::Resource(render_request(call.state, &request)))
}

fn own_memberships(call: &mut Call<'_>) -> ApiResult {
    let (state, user, query) = (&*call.state, &call.user()?.id, &call.request.query);
    let page = query.page()?;
    let memberships: Vec<_> = state.memberships_of(user.as_str()).collect();
    let render = |membership: &&Membership| state.render_own_membership(membership);
    Ok(Reply::Resource(match query.flag("paginated")? {
        Some(true) => page.envelope(&memberships, render),
        _ => page.of(&memberships, render).into(),
    }))
}

fn leave(call: &mut Call<'_>, organization: &str) -> ApiResult {
    call.membership(organization)?;
    let user = call.user()?.id.clone();
    call.check_managed(organization, user.as_str(), None)?;
    call.perform(&Method::DELETE, &path(organization, &["memberships", user.as_str()]), &[])?;
    Ok(Reply::Resource(json!({ "object": "organization_membership", "id": organization, "deleted": true })))
}

fn own_invitations(call: &mut Call<'_>) -> ApiResult {
    let path = format!("/users/{}/organization_invitations", call.user()?.id);
    Ok(Reply::Resource(call.perform(&Method::GET, &path, &[])?))
}

fn accept_invitation(call: &mut Call<'_>, id: &str) -> ApiResult {
    let user = call.user()?;
    let invitation = call.state.invitations_of(user).into_iter().find(|invitation| invitation.id == id);
    let invitation = invitation.ok_or_else(|| ApiError::not_found("organization invitation"))?;
    let user = user.id.clone();
    let invitation = call.state.accept_organization_invitation(invitation, &user)?;
    let rendered = call.state.render_organization_invitation_with_organization(&invitation);
    Ok(Reply::Resource(publicly(rendered)))
}

fn suggestions(call: &mut Call<'_>) -> ApiResult {
    let (state, query) = (&*call.state, &call.request.query);
    let (page, statuses) = (query.page()?, query.all("status")?);
    let mut suggestions = state.suggestions(call.user()?);
    suggestions.retain(|it| statuses.is_empty() || statuses.iter().any(|status| status == it.status()));
    Ok(Reply::Resource(page.envelope(&suggestions, |suggestion| state.render_suggestion(suggestion))))
}

fn accept_suggestion(call: &mut Call<'_>, id: &str) -> ApiResult {
    let user = call.user()?.id.clone();
    Ok(Reply::Resource(call.state.accept_suggestion(&user, id)?))
}

fn creation_defaults(call: &mut Call<'_>) -> ApiResult {
    call.user()?;
    Ok(Reply::Resource(json!({ "form": { "name": "", "slug": "", "logo": null }, "advisory": null })))
}
