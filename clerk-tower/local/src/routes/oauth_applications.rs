//! OAuth applications.

use serde_json::json;

use super::{
    super::{
        body::Body,
        error::ApiError,
        query::SortKey,
        state::{
            Image, OAuthApplication, extended,
            oauth::{Registration, is_redirect_uri, parse_scopes},
        },
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/oauth_applications", Fixed(list)),
    Route::post("/oauth_applications", Fixed(create)),
    Route::get("/oauth_applications/{oauth_application_id}", One(get)),
    Route::patch("/oauth_applications/{oauth_application_id}", One(update)),
    Route::delete("/oauth_applications/{oauth_application_id}", One(delete)),
    Route::put("/oauth_applications/{oauth_application_id}/logo", One(set_logo)),
    Route::post("/oauth_applications/{oauth_application_id}/rotate_secret", One(rotate_secret)),
    Route::post("/oauth_applications/{oauth_application_id}/revoke_token", One(revoke_token)).no_content(),
];

const FIELDS: &[&str] =
    &["name", "redirect_uris", "callback_url", "scopes", "consent_screen_enabled", "pkce_required", "public"];

/// The maximum length of a name.
const MAX_NAME: usize = 256;
/// The maximum length of a list of scopes, and of a URL.
const MAX_TEXT: usize = 1024;

pub(super) fn list(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let page = query.page()?;
    let order = query.order(&["created_at", "name"])?;
    let text = query.first("name_query").map(str::to_lowercase);
    let admits = |application: &&OAuthApplication| {
        text.as_deref().is_none_or(|text| {
            application.name.to_lowercase().contains(text)
                || query.first("name_query") == Some(&application.client_id)
        })
    };
    let mut applications: Vec<_> = state.oauth_applications.iter().filter(admits).collect();
    order.sort(&mut applications, |application| match order.field {
        "name" => SortKey::from(Some(application.name.as_str())),
        _ => application.created_at.into(),
    });
    Ok(page.envelope(&applications, |application| state.render_oauth_application(application)))
}

/// Sets the fields that creating and updating an application have in common.
fn put_common(body: &Body, application: &mut OAuthApplication) -> Result<(), ApiError> {
    if let Some(name) = body.string("name")? {
        if name.is_empty() || name.chars().count() > MAX_NAME {
            return Err(ApiError::bad_format("name", "between 1 and 256 characters long"));
        }
        name.clone_into(&mut application.name);
    }
    let callback = body.string("callback_url")?.map(|uri| ("callback_url", vec![uri.to_owned()]));
    let uris = body.strings_if_given("redirect_uris")?.map(|uris| ("redirect_uris", uris));
    if let Some((param, uris)) = uris.or(callback) {
        if !uris.iter().all(|uri| is_redirect_uri(uri)) {
            return Err(ApiError::bad_format(
                param,
                "an absolute URI of at most 1024 characters, without a fragment, that a browser does not run",
            ));
        }
        application.redirect_uris = uris;
    }
    if let Some(scopes) = body.string("scopes")? {
        let parsed = (scopes.len() <= MAX_TEXT).then(|| parse_scopes(scopes)).flatten();
        application.scopes = parsed.ok_or_else(|| {
            ApiError::bad_format("scopes", "a list of scopes that Clerk knows, separated by spaces")
        })?;
    }
    body.put_flag("consent_screen_enabled", &mut application.consent_screen_enabled)?;
    if !application.consent_screen_enabled && application.registration != Registration::Manual {
        return Err(ApiError::bad_format(
            "consent_screen_enabled",
            "true for an application that registered itself",
        ));
    }
    body.put_flag("pkce_required", &mut application.pkce_required)?;
    body.put_flag("public", &mut application.public)
}

pub(super) fn create(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(body, FIELDS)?;
    let mut application = OAuthApplication::new(body.required("name")?.to_owned(), now);
    put_common(&body, &mut application)?;
    let secret = application.renew_secret();
    let rendered = state.render_oauth_application(&application);
    state.oauth_applications.insert(application);
    Ok(extended(rendered, json!({ "client_secret": secret })))
}

pub(super) fn get(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    Ok(state.render_oauth_application(state.oauth_applications.get(id)?))
}

/// Updates an application. One that becomes public loses its secret; one that no longer is public gets one by
/// [`rotate_secret`].
pub(super) fn update(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let mut application = state.oauth_applications.get(id)?.clone();
    put_common(&Body::parse(body, FIELDS)?, &mut application)?;
    if application.public {
        application.secret_hash = None;
    }
    application.updated_at = now;
    *state.oauth_applications.get_mut(id)? = application;
    Ok(state.render_oauth_application(state.oauth_applications.get(id)?))
}

pub(super) fn delete(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    let application = state.oauth_applications.get(id)?.clone();
    state.remove_oauth_application(&application);
    Ok(json!({ "object": "oauth_application", "id": id, "deleted": true }))
}

pub(super) fn set_logo(request: ApiRequest<'_>, id: &str) -> ApiResult {
    request.state.oauth_applications.get(id)?;
    let image = Image::new(id, &request.file()?)?;
    request.state.images.insert(image);
    request.state.oauth_applications.get_mut(id)?.updated_at = request.now;
    get(request, id)
}

pub(super) fn rotate_secret(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let application = state.oauth_applications.get_mut(id)?;
    let secret = application.renew_secret();
    application.updated_at = now;
    let rendered = state.render_oauth_application(state.oauth_applications.get(id)?);
    Ok(extended(rendered, json!({ "client_secret": secret })))
}

/// Revokes the grant of an opaque access token, or of a refresh token.
pub(super) fn revoke_token(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let client_id = state.oauth_applications.get(id)?.client_id.clone();
    let body = Body::parse(body, &["token"])?;
    let token = body.required("token")?;
    if token.contains('.') {
        return Err(ApiError::bad_format(
            "token",
            "an opaque token; an access token in JWT form cannot be revoked",
        ));
    }
    if state.revoke_oauth_token(token, &client_id, now) {
        return Ok(json!(null));
    }
    Err(ApiError::not_found("token of this OAuth application"))
}
