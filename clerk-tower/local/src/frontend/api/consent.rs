//! What a page of an application's own asks its user to consent to. The OAuth provider takes the decision.

use http::StatusCode;
use serde_json::json;
use url::Url;

use super::{
    super::super::{
        error::ApiError,
        state::{
            OAuthApplication, State,
            oauth::{SCOPES, has_scope},
        },
    },
    ApiResult, Call,
    Handler::One,
    Reply, Route,
};

pub(super) const ROUTES: &[Route] = &[Route::get("/v1/me/oauth/consent/{client_id}", One(get))];

/// Returns an application that asks for consent.
pub(in super::super) fn application(state: &State, client_id: &str) -> Result<OAuthApplication, ApiError> {
    let application = state.oauth_client(client_id);
    let application = application.ok_or_else(|| ApiError::not_found("OAuth application"))?;
    if application.consent_screen_enabled {
        return Ok(application.clone());
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "oauth_consent_screen_not_enabled",
        "not enabled",
        "The OAuth application does not ask for consent",
    ))
}

fn get(call: &mut Call<'_>, client_id: &str) -> ApiResult {
    call.user()?;
    let application = application(call.state, client_id)?;
    let query = &call.request.query;
    let wanted: Option<Vec<&str>> = query.first("scope").map(|scope| scope.split(' ').collect());
    let is_shown = |scope: &str| {
        has_scope(&application.scopes, scope) && wanted.as_ref().is_none_or(|wanted| wanted.contains(&scope))
    };
    let scopes = SCOPES.iter().filter(|(scope, _)| is_shown(scope)).map(|(scope, description)| {
        json!({ "scope": scope, "description": description, "requires_consent": *scope != "openid" })
    });
    let target = query.first("redirect_uri").filter(|uri| application.has_redirect_uri(uri));
    let target = target.and_then(|uri| Url::parse(uri).ok());
    let rendered = call.state.render_oauth_application(&application);
    Ok(Reply::Body(json!({
        "oauth_application_name": application.name,
        "oauth_application_logo_url": rendered.get("client_image_url"),
        "oauth_application_url": application.client_uri,
        "client_id": application.client_id,
        "redirect_domain": target.as_ref().and_then(Url::host_str),
        "scopes": scopes.collect::<Vec<_>>(),
    })))
}
