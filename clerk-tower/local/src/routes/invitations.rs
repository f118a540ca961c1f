//! Invitations to the application.

use http::StatusCode;
use serde_json::Value;
use url::Url;

use super::{
    super::{
        body::Body,
        error::ApiError,
        query::SortKey,
        state::{Invitation, NewInvitation, Purpose, TicketStatus},
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/invitations", Fixed(list)),
    Route::post("/invitations", Fixed(create)),
    Route::post("/invitations/bulk", Fixed(create_all)),
    Route::post("/invitations/{invitation_id}/revoke", One(revoke)),
];

/// The most invitations of one request.
const MAX_BULK: usize = 10;

const FIELDS: &[&str] = &[
    "email_address",
    "public_metadata",
    "redirect_url",
    "notify",
    "ignore_existing",
    "expires_in_days",
    "template_slug",
];

fn list(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, now, .. } = request;
    let page = query.page()?;
    let order = query.order(&["created_at", "email_address", "expires_at"])?;
    let status = query.one_of("status", &["pending", "accepted", "revoked", "expired"])?;
    let text = query.first("query").map(str::to_lowercase);
    let admits = |invitation: &&Invitation| {
        let own = invitation.status(now);
        let contains = |text: &String| {
            invitation.email.to_lowercase().contains(text) || invitation.id.to_lowercase().contains(text)
        };
        status.map_or(own != "revoked", |status| status == own) && text.as_ref().is_none_or(contains)
    };
    let mut invitations: Vec<_> = state.invitations.iter().filter(admits).collect();
    order.sort(&mut invitations, |invitation| match order.field {
        "email_address" => SortKey::from(Some(invitation.email.as_str())),
        "expires_at" => invitation.expires_at.into(),
        _ => invitation.created_at.into(),
    });
    let paginated = query.flag("paginated")?.unwrap_or(false);
    Ok(page.list(paginated, &invitations, |invitation| state.render_invitation(invitation)))
}

/// Reads one new invitation.
fn read(body: &Body) -> Result<NewInvitation, ApiError> {
    let mut new = NewInvitation::to(body.required("email_address")?, Purpose::Invitation);
    body.merge("public_metadata", &mut new.public_metadata)?;
    body.put_string("redirect_url", &mut new.redirect_url)?;
    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https");
    if new.redirect_url.as_ref().is_some_and(|url| !Url::parse(url).as_ref().is_ok_and(is_web)) {
        return Err(ApiError::bad_format("redirect_url", "an absolute http or https URL"));
    }
    body.put_flag("notify", &mut new.notify)?;
    body.put_flag("ignore_existing", &mut new.ignore_existing)?;
    new.days = match body.count("expires_in_days")?.map(u32::try_from) {
        None => None,
        Some(Ok(days @ 1..=365)) => Some(days),
        Some(_) => return Err(ApiError::bad_format("expires_in_days", "between 1 and 365")),
    };
    if body.one_of("template_slug", &["invitation", "waitlist_invitation"])? == Some("waitlist_invitation") {
        new.purpose = Purpose::WaitlistInvitation;
    }
    Ok(new)
}

fn create(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, key, body, .. } = request;
    let new = read(&Body::parse(body, FIELDS)?)?;
    state.check_invitation(&new)?;
    let invitation = state.invite(new, key);
    Ok(state.render_invitation(&invitation))
}

fn create_all(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, key, body, .. } = request;
    let bodies = Body::parse_all(body, FIELDS, MAX_BULK)?;
    let all: Vec<_> = bodies.iter().map(read).collect::<Result<_, _>>()?;
    // All of them or none.
    for (at, new) in all.iter().enumerate() {
        state.check_invitation(new)?;
        let is_same = |other: &NewInvitation| other.email.eq_ignore_ascii_case(&new.email);
        if !new.ignore_existing && all.iter().take(at).any(is_same) {
            return Err(ApiError::exists("email_address"));
        }
    }
    let render = |new| {
        let invitation = state.invite(new, key);
        state.render_invitation(&invitation)
    };
    Ok(Value::Array(all.into_iter().map(render).collect()))
}

fn revoke(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let invitation = state.invitations.get_mut(id)?;
    let refused =
        |code, why: &str| Err(ApiError::new(StatusCode::BAD_REQUEST, code, "cannot be revoked", why));
    match invitation.status {
        TicketStatus::Accepted => {
            return refused("invitation_already_accepted", "The invitation was already accepted");
        }
        TicketStatus::Revoked => {
            return refused("invitation_already_revoked", "The invitation was already revoked");
        }
        TicketStatus::Pending => invitation.status = TicketStatus::Revoked,
    }
    invitation.updated_at = now;
    let invitation = invitation.clone();
    Ok(state.render_invitation(&invitation))
}
