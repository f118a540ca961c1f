//! Agent tasks, and links to the admin portal.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    super::{
        body::Body,
        credentials::Standing,
        error::ApiError,
        random,
        state::{
            SignInToken, State,
            enterprise::{AdminPortalToken, AgentTask},
            extended,
            oauth::hash,
        },
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route, api_keys,
};
use clerk_core::id::UserId;

pub(super) const ROUTES: &[Route] = &[
    Route::post("/agents/tasks", Fixed(create_task)),
    Route::post("/agents/tasks/{agent_task_id}/revoke", One(revoke_task)),
    Route::post("/admin_portal_link_tokens", Fixed(create_link)).created(),
    Route::post("/admin_portal_link_tokens/{adminPortalLinkTokenID}/revoke", One(revoke_link)),
];

/// How long the URL of an agent task can be opened.
const TASK_LIFETIME: Duration = Duration::from_secs(600);
/// The longest lifetime of a link to the admin portal, in seconds.
const MAX_LINK_LIFETIME: i64 = 86_400;

/// Returns the user for whom the agent acts.
fn on_behalf_of(body: &Body, state: &State) -> Result<UserId, ApiError> {
    let wrong = || {
        ApiError::bad_format("on_behalf_of", "an object with either the user_id or the identifier of a user")
    };
    let whom = body.object("on_behalf_of")?.ok_or_else(|| ApiError::missing("on_behalf_of"))?;
    let text = |name: &str| whom.get(name).and_then(Value::as_str);
    match (text("user_id"), text("identifier")) {
        (Some(id), None) => Ok(state.users.get(id)?.id.clone()),
        (None, Some(identifier)) => {
            let has = |user: &super::super::state::User| {
                let contacts = user.emails.iter().chain(&user.phones);
                let mut verified = contacts.filter(|contact| contact.is_verified());
                verified.any(|contact| contact.value.eq_ignore_ascii_case(identifier))
                    || user.username.as_deref() == Some(identifier)
            };
            let user = state
                .users_with(identifier)
                .find(|user| has(user))
                .ok_or_else(|| ApiError::not_found("user"))?;
            Ok(user.id.clone())
        }
        _ => Err(wrong()),
    }
}

fn create_task(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, key, body, now, .. } = request;
    let known = [
        "on_behalf_of",
        "permissions",
        "agent_name",
        "task_description",
        "redirect_url",
        "session_max_duration_in_seconds",
    ];
    let body = Body::parse(body, &known)?;
    let user = on_behalf_of(&body, state)?;
    if body.required("permissions")? != "*" {
        return Err(ApiError::bad_format("permissions", "*"));
    }
    let (agent, description) = (body.required("agent_name")?, body.required("task_description")?.to_owned());
    let redirect = url::Url::parse(body.required("redirect_url")?).ok();
    if !redirect.is_some_and(|url| matches!(url.scheme(), "http" | "https")) {
        return Err(ApiError::bad_format("redirect_url", "an absolute http or https URL"));
    }
    let seconds = body.count("session_max_duration_in_seconds")?;
    if seconds == Some(0) {
        return Err(ApiError::bad_format("session_max_duration_in_seconds", "at least 1"));
    }
    let mut token = SignInToken::new(user, None, now);
    token.session_seconds = seconds.map(i64::unsigned_abs);
    token.expire_at = now.saturating_add(TASK_LIFETIME);
    let token = state.add_sign_in_token(token, key);
    let stable: String = hash(agent).chars().filter(char::is_ascii_alphanumeric).take(27).collect();
    let task = AgentTask {
        id: random::id("agent_task_"),
        agent: format!("agent_{stable}"),
        description,
        sign_in_token: token.id.clone(),
        redirect_url: body.required("redirect_url")?.to_owned(),
    };
    let url = format!("{}/v1/agents/tasks?ticket={}", state.frontend_url(), token.token);
    let rendered = extended(render_task(&task), json!({ "url": url }));
    state.agent_tasks.insert(task);
    Ok(rendered)
}

fn render_task(task: &AgentTask) -> Value {
    json!({
        "object": "agent_task",
        "agent_id": task.agent,
        "agent_task_id": task.id,
        "task_id": task.id,
    })
}

fn revoke_task(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    let task = state.agent_tasks.get(id)?.clone();
    state.revoke_sign_in_token(&task.sign_in_token, false)?;
    Ok(render_task(&task))
}

fn create_link(request: ApiRequest<'_>) -> ApiResult {
    try_create_link(request).map_err(ApiError::plain)
}

fn try_create_link(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body =
        Body::parse(body, &["organization_id", "it_contact_id", "scopes", "seconds_until_expiration"])?;
    let lifetime = body.count("seconds_until_expiration")?.unwrap_or(3600);
    if !(1..=MAX_LINK_LIFETIME).contains(&lifetime) {
        return Err(ApiError::bad_format("seconds_until_expiration", "between 1 and 86400"));
    }
    let mut link = AdminPortalToken {
        id: format!("aplt_{}", random::hex(16)),
        link: random::id("apl_"),
        organization: None,
        contact: None,
        scopes: body.strings_if_given("scopes")?,
        token: format!("aplt_{}", random::string(32)),
        standing: Standing::new(now),
    };
    body.put_string("organization_id", &mut link.organization)?;
    body.put_string("it_contact_id", &mut link.contact)?;
    if let Some(organization) = &link.organization {
        state.organizations.get(organization)?;
    }
    let lifetime = Duration::from_secs(lifetime.unsigned_abs());
    link.standing.expiration = Some(now.saturating_add(lifetime));
    let rendered = extended(state.render_admin_portal_token(&link), json!({ "token": link.token }));
    state.admin_portal_tokens.insert(link);
    Ok(rendered)
}

fn revoke_link(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let reason = api_keys::reason(body)?;
    state.admin_portal_tokens.get_mut(id)?.standing.revoke(reason.as_deref(), now);
    Ok(state.render_admin_portal_token(state.admin_portal_tokens.get(id)?))
}
