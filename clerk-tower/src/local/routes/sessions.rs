//! Sessions.

use std::time::Duration;

use clerk_core::id::OrganizationId;
use serde_json::json;

use super::{
    super::{
        body::Body,
        claims::{self, Wishes},
        error::ApiError,
        state::Session,
    },
    Call, Outcome, users,
};

const STATUSES: &[&str] =
    &["abandoned", "active", "ended", "expired", "pending", "removed", "replaced", "revoked"];

pub(super) fn list(call: Call<'_>) -> Outcome {
    let Call { state, query, now, .. } = call;
    let page = query.page()?;
    let paginated = query.flag("paginated")?.unwrap_or(false);
    let (client, user, status) = (query.first("client_id"), query.first("user_id"), query.first("status"));
    if status.is_some_and(|status| !STATUSES.contains(&status)) {
        return Err(ApiError::bad_format("status", &STATUSES.join(", ")));
    }
    let admits = |session: &&Session| {
        client.is_none_or(|client| session.client == client)
            && user.is_none_or(|user| session.user == user)
            && status.is_none_or(|status| session.status(now) == status)
    };
    let mut sessions: Vec<_> = state.sessions.iter().filter(admits).collect();
    sessions.reverse();
    let render = |session: &&Session| session.render(now);
    Ok(if paginated { page.envelope(&sessions, render) } else { page.of(&sessions, render).into() })
}

pub(super) fn create(call: Call<'_>) -> Outcome {
    let Call { state, body, now, .. } = call;
    let body = Body::parse(body, &["user_id", "active_organization_id"])?;
    let user = state.user(body.required("user_id")?)?;
    users::refuse_banned(user)?;
    let user = user.id.clone();
    let organization = match body.text("active_organization_id")? {
        Some(id) => Some(OrganizationId::from(&state.membership(id, user.as_str())?.organization)),
        None => None,
    };
    let id = state.sign_in(user, now).id;
    let session = state.session_mut(id.as_str())?;
    session.organization = organization;
    Ok(session.render(now))
}

pub(super) fn get(call: Call<'_>, id: &str) -> Outcome {
    let Call { state, now, .. } = call;
    Ok(state.session(id)?.render(now))
}

pub(super) fn revoke(call: Call<'_>, id: &str) -> Outcome {
    let Call { state, now, .. } = call;
    let session = state.session_mut(id)?;
    session.revoke(now);
    Ok(session.render(now))
}

pub(super) fn token(call: Call<'_>, id: &str) -> Outcome {
    let Call { state, key, body, now, .. } = call;
    let body = Body::parse(body, &["expires_in_seconds"])?;
    let session = state.session_mut(id)?;
    if !matches!(session.status(now), "active" | "pending") {
        return Err(ApiError::not_found("active session"));
    }
    let mut wishes = Wishes::default();
    if let Some(seconds) = body.count("expires_in_seconds")? {
        let seconds = u64::try_from(seconds).ok().filter(|seconds| (30..=315_360_000).contains(seconds));
        let wrong = || ApiError::bad_format("expires_in_seconds", "between 30 and 315360000");
        wishes.lifetime = Duration::from_secs(seconds.ok_or_else(wrong)?);
    }
    session.last_active_at = now;
    let claims = claims::session(state, state.session(id)?, &wishes, now);
    Ok(json!({ "object": "token", "jwt": key.sign(&claims::header(), &claims) }))
}
