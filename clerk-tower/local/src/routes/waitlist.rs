//! The waitlist.

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::{
        body::Body,
        error::ApiError,
        query::SortKey,
        state::{ContactKind, NewInvitation, Purpose, WaitlistEntry},
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/waitlist_entries", Fixed(list)),
    Route::post("/waitlist_entries", Fixed(create)),
    Route::post("/waitlist_entries/bulk", Fixed(create_all)),
    Route::delete("/waitlist_entries/{waitlist_entry_id}", One(delete)),
    Route::post("/waitlist_entries/{waitlist_entry_id}/invite", One(invite)),
    Route::post("/waitlist_entries/{waitlist_entry_id}/reject", One(reject)),
];

/// The most entries of one request.
const MAX_BULK: usize = 50;

fn list(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let page = query.page()?;
    let order = query.order(&["created_at", "email_address", "invited_at"])?;
    let status = query.one_of("status", &["pending", "invited", "completed", "rejected"])?;
    let text = query.first("query").map(str::to_lowercase);
    let admits = |entry: &&WaitlistEntry| {
        let contains = |text: &String| {
            entry.email.to_lowercase().contains(text) || entry.id.to_lowercase().contains(text)
        };
        status.is_none_or(|status| status == state.waitlist_status(entry))
            && text.as_ref().is_none_or(contains)
    };
    let mut entries: Vec<_> = state.waitlist.iter().filter(admits).collect();
    order.sort(&mut entries, |entry| match order.field {
        "email_address" => SortKey::from(Some(entry.email.as_str())),
        "invited_at" => entry.invited_at.into(),
        _ => entry.created_at.into(),
    });
    Ok(page.envelope(&entries, |entry| state.render_waitlist_entry(entry)))
}

/// Reads an email address, and whether it gets a message.
fn read(body: &Body) -> Result<(&str, bool), ApiError> {
    let email = body.required("email_address")?;
    ContactKind::Email.check_format(email)?;
    Ok((email, body.flag("notify")?.unwrap_or(true)))
}

fn create(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, .. } = request;
    let body = Body::parse(body, &["email_address", "notify"])?;
    let (email, notify) = read(&body)?;
    let entry = state.join_waitlist(email, notify);
    Ok(state.render_waitlist_entry(&entry))
}

fn create_all(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, .. } = request;
    let bodies = Body::parse_all(body, &["email_address", "notify"], MAX_BULK)?;
    let all: Vec<_> = bodies.iter().map(read).collect::<Result<_, _>>()?;
    let repeats =
        |at: usize, email: &str| all.iter().take(at).any(|(other, _)| other.eq_ignore_ascii_case(email));
    if all.iter().enumerate().any(|(at, (email, _))| repeats(at, email)) {
        return Err(ApiError::exists("email_address"));
    }
    let add = |(email, notify)| {
        let entry = state.join_waitlist(email, notify);
        state.render_waitlist_entry(&entry)
    };
    Ok(Value::Array(all.into_iter().map(add).collect()))
}

fn delete(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    if state.waitlist_status(state.waitlist.get(id)?) != "pending" {
        return Err(conflict("Only a pending entry can be deleted"));
    }
    state.waitlist.remove(id)?;
    Ok(json!({ "object": "waitlist_entry", "id": id, "deleted": true }))
}

fn invite(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, key, body, now, .. } = request;
    let entry = state.waitlist.get(id)?;
    let body = Body::parse(body, &["ignore_existing"])?;
    let mut new = NewInvitation::to(&entry.email, Purpose::WaitlistInvitation);
    body.put_flag("ignore_existing", &mut new.ignore_existing)?;
    if matches!(state.waitlist_status(entry), "invited" | "completed") && !new.ignore_existing {
        return Err(conflict("The entry was already invited"));
    }
    state.check_invitation(&new)?;
    let invitation = state.invite(new, key).id;
    let entry = state.waitlist.get_mut(id)?;
    entry.is_rejected = false;
    entry.invitation = Some(invitation);
    entry.invited_at = Some(now);
    entry.updated_at = now;
    let entry = entry.clone();
    Ok(state.render_waitlist_entry(&entry))
}

fn reject(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    if state.waitlist_status(state.waitlist.get(id)?) != "pending" {
        return Err(conflict("Only a pending entry can be rejected"));
    }
    let entry = state.waitlist.get_mut(id)?;
    entry.is_rejected = true;
    entry.updated_at = now;
    let entry = entry.clone();
    Ok(state.render_waitlist_entry(&entry))
}

fn conflict(why: &str) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, "waitlist_entry_conflict", "conflicts with the entry's status", why)
}
