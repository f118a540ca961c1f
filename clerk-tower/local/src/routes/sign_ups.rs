//! Sign-ups.

use http::StatusCode;
use serde_json::Value;

use super::{
    super::{
        body::Body,
        error::ApiError,
        state::{SignUp, State},
    },
    ApiRequest, ApiResult,
    Handler::One,
    Route,
};

pub(super) const ROUTES: &[Route] =
    &[Route::get("/sign_ups/{id}", One(get)), Route::patch("/sign_ups/{id}", One(update))];

fn get(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    Ok(render(state, state.sign_ups.get(id)?))
}

/// Returns a sign-up without what only browsers see.
fn render(state: &State, sign_up: &SignUp) -> Value {
    let mut rendered = state.render_sign_up(sign_up, state.frontend_url());
    if let Some(fields) = rendered.as_object_mut() {
        fields.remove("has_password");
        fields.retain(|name, value| name != "external_account" || !value.is_null());
    }
    rendered
}

fn update(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, .. } = request;
    let mut sign_up = state.sign_ups.get(id)?.clone();
    if sign_up.user.is_some() {
        let why = "The sign-up is complete; change its user instead";
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "sign_up_cannot_be_updated",
            "cannot be updated",
            why,
        ));
    }
    let body = Body::parse(body, &["external_id", "custom_action"])?;
    body.put_string("external_id", &mut sign_up.external_id)?;
    body.put_flag("custom_action", &mut sign_up.custom_action)?;
    let rendered = render(state, &sign_up);
    *state.sign_ups.get_mut(id)? = sign_up;
    Ok(rendered)
}
