//! Invitations to organizations.

use std::time::Duration;

use clerk_core::Timestamp;
use http::StatusCode;

use super::{
    super::{
        body::Body,
        error::ApiError,
        query::{Query, SortKey},
        state::{ContactKind, Message, OrganizationInvitation, Purpose, State},
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One, Two},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/users/{user_id}/organization_invitations", One(of_user)),
    Route::get("/organization_invitations", Fixed(all)),
    Route::get("/organizations/{organization_id}/invitations", One(list)),
    Route::post("/organizations/{organization_id}/invitations", One(create)),
    Route::post("/organizations/{organization_id}/invitations/bulk", One(create_all)),
    Route::get("/organizations/{organization_id}/invitations/pending", One(pending)),
    Route::get("/organizations/{organization_id}/invitations/{invitation_id}", Two(get)),
    Route::post("/organizations/{organization_id}/invitations/{invitation_id}/revoke", Two(revoke)),
];

const STATUSES: &[&str] = &["pending", "accepted", "revoked", "expired"];

const FIELDS: &[&str] = &[
    "email_address",
    "inviter_user_id",
    "role",
    "public_metadata",
    "private_metadata",
    "redirect_url",
    "expires_in_days",
    "notify",
];

/// The most invitations of one request.
const MAX_BULK: usize = 10;

/// The permission to invite members.
pub(super) const MANAGE_MEMBERS: &str = "org:sys_memberships:manage";

const DAY: Duration = Duration::from_secs(86_400);

/// Returns those invitations that have one of the statuses that a query asks for, in the order that it asks for.
fn selected<'a>(
    state: &State,
    query: &Query,
    invitations: impl Iterator<Item = &'a OrganizationInvitation>,
) -> Result<Vec<&'a OrganizationInvitation>, ApiError> {
    let order = query.order(&["created_at", "email_address"])?;
    let statuses = query.all("status")?;
    if statuses.iter().any(|status| !STATUSES.contains(&status.as_str())) {
        return Err(ApiError::bad_format("status", &format!("one of {}", STATUSES.join(", "))));
    }
    let has_status = |it: &OrganizationInvitation| {
        statuses.is_empty() || statuses.iter().any(|status| status == it.status(state.now))
    };
    let mut invitations: Vec<_> = invitations.filter(|it| has_status(it)).collect();
    order.sort(&mut invitations, |it| match order.field {
        "email_address" => SortKey::from(Some(it.email_address.as_str())),
        _ => it.created_at.into(),
    });
    Ok(invitations)
}

/// Returns the invitations of a user's verified email addresses, with what everybody may know of the organizations.
fn of_user(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let user = state.users.get(id)?;
    let page = query.page()?;
    let own = state.invitations_of(user);
    let invitations = selected(state, &query, own.iter())?;
    Ok(page.envelope(&invitations, |it| state.render_organization_invitation_with_organization(it)))
}

fn all(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let page = query.page()?;
    let text = query.first("query").map(str::to_lowercase);
    let all = state.organization_invitations.iter();
    let all =
        all.filter(|it| text.as_deref().is_none_or(|text| it.email_address.to_lowercase().contains(text)));
    let invitations = selected(state, &query, all)?;
    Ok(page.envelope(&invitations, |it| state.render_organization_invitation_with_organization(it)))
}

fn list(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    state.organizations.get(id)?;
    let page = query.page()?;
    let address = query.first("email_address");
    let own = state.organization_invitations.iter().filter(|it| {
        it.organization == id && address.is_none_or(|address| it.email_address.eq_ignore_ascii_case(address))
    });
    let invitations = selected(state, &query, own)?;
    Ok(page.envelope(&invitations, |it| state.render_organization_invitation(it)))
}

fn pending(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, query, now, .. } = request;
    state.organizations.get(id)?;
    let page = query.page()?;
    let own = state.organization_invitations.iter().filter(|it| it.organization == id && it.is_pending(now));
    let invitations = selected(state, &query, own)?;
    Ok(page.envelope(&invitations, |it| state.render_organization_invitation(it)))
}

fn find<'a>(state: &'a State, organization: &str, id: &str) -> Result<&'a OrganizationInvitation, ApiError> {
    state.organizations.get(organization)?;
    let invitation = state.organization_invitations.get(id)?;
    let is_there = invitation.organization == organization;
    is_there.then_some(invitation).ok_or_else(|| ApiError::not_found("organization invitation"))
}

fn get(request: ApiRequest<'_>, organization: &str, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    Ok(state.render_organization_invitation(find(state, organization, id)?))
}

/// Rejects a user who may not manage an organization's members.
pub(in super::super) fn check_permission(
    state: &State,
    organization: &str,
    user: &str,
    permission: &str,
) -> Result<(), ApiError> {
    let refuse = |code, message, why: &str| Err(ApiError::new(StatusCode::FORBIDDEN, code, message, why));
    let Ok(membership) = state.membership(organization, user) else {
        return refuse(
            "not_a_member_in_organization",
            "not a member",
            "The user is not a member of the organization",
        );
    };
    if !state.permissions(membership).iter().any(|has| has == permission) {
        let why = format!("The user lacks the permission {permission}");
        return refuse("missing_organization_permission", "missing permission", &why);
    }
    Ok(())
}

/// Creates an invitation, and puts its email into the outbox.
pub(in super::super) fn invite(
    state: &mut State,
    organization: &str,
    body: &Body,
    now: Timestamp,
) -> Result<String, ApiError> {
    let organization = state.organizations.get(organization)?;
    let address = body.required("email_address")?;
    ContactKind::Email.check_format(address)?;
    let role = state.role(organization, body.required("role")?)?.key.clone();
    let inviter = match body.string("inviter_user_id")? {
        Some(inviter) => {
            let inviter = state.users.get(inviter)?.id.clone();
            check_permission(state, organization.id.as_str(), inviter.as_str(), MANAGE_MEMBERS)?;
            Some(inviter)
        }
        None => None,
    };
    let days = body.count("expires_in_days")?.unwrap_or(30);
    let days = u32::try_from(days).ok().filter(|days| (1..=365).contains(days));
    let days = days.ok_or_else(|| ApiError::bad_format("expires_in_days", "between 1 and 365"))?;
    if state.is_member_with(&organization.id, address) {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "already_a_member_in_organization",
            "already a member",
            format!("{address} is already a member of the organization"),
        ));
    }
    let is_same = |it: &OrganizationInvitation| {
        it.organization == organization.id
            && it.is_pending(now)
            && it.email_address.eq_ignore_ascii_case(address)
    };
    if state.organization_invitations.find(is_same).is_some() {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "organization_invitation_not_unique",
            "organization invitation not unique",
            "The email address has a pending invitation to the organization",
        ));
    }
    let others = state.members(&organization.id) + state.pending_invitations(&organization.id);
    state.check_members(organization, others)?;
    let end = now.saturating_add(DAY * days);
    let mut invitation = OrganizationInvitation::new(&organization.id, address, &role, now, end);
    invitation.inviter = inviter;
    if let Some(url) = body.string("redirect_url")? {
        if url::Url::parse(url).is_err() {
            return Err(ApiError::bad_format("redirect_url", "a URL"));
        }
        invitation.redirect_url = Some(url.to_owned());
    }
    body.merge("public_metadata", &mut invitation.metadata.public)?;
    body.merge("private_metadata", &mut invitation.metadata.private)?;
    let (id, link) = (invitation.id.clone(), state.invitation_url(&invitation.ticket));
    let subject = format!("You are invited to join {}", organization.name);
    if body.flag("notify")?.unwrap_or(true) {
        let message = Message::link(Purpose::OrganizationInvitation, address, &subject, &link, now);
        let message = message.about(&organization.name);
        state.send(message);
    }
    state.organization_invitations.insert(invitation);
    Ok(id)
}

fn create(request: ApiRequest<'_>, organization: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let id = invite(state, organization, &Body::parse(body, FIELDS)?, now)?;
    Ok(state.render_organization_invitation(state.organization_invitations.get(&id)?))
}

/// Creates all of the invitations or none.
fn create_all(request: ApiRequest<'_>, organization: &str) -> ApiResult {
    let ApiRequest { state, query, body, now, .. } = request;
    state.organizations.get(organization)?;
    let bodies = Body::parse_all(body, FIELDS, MAX_BULK)?;
    let before = (state.organization_invitations.clone(), state.outbox.clone());
    let created: Result<Vec<_>, _> =
        bodies.iter().map(|body| invite(state, organization, body, now)).collect();
    let created = created.inspect_err(|_| (state.organization_invitations, state.outbox) = before)?;
    let find = |id: &String| state.organization_invitations.get(id).ok();
    let invitations: Vec<_> = created.iter().filter_map(find).collect();
    Ok(query.page()?.envelope(&invitations, |it| state.render_organization_invitation(it)))
}

fn revoke(request: ApiRequest<'_>, organization: &str, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(body, &["requesting_user_id"])?;
    find(state, organization, id)?;
    if let Some(user) = body.string("requesting_user_id")? {
        state.users.get(user)?;
        check_permission(state, organization, user, MANAGE_MEMBERS)?;
    }
    state.organization_invitations.get_mut(id)?.revoke(now)?;
    Ok(state.render_organization_invitation(state.organization_invitations.get(id)?))
}
