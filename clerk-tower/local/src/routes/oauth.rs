//! OAuth access tokens.

use serde_json::json;

use super::{
    super::{claims, error::ApiError},
    ApiRequest, ApiResult,
    Handler::Fixed,
    Route, api_keys,
};

pub(super) const ROUTES: &[Route] = &[Route::post("/oauth_applications/access_tokens/verify", Fixed(verify))];

/// Verifies a token. Revoked and expired opaque tokens are found, too; the response contains their state. A token in JWT
/// form cannot be revoked.
pub(super) fn verify(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, key, body, now, .. } = request;
    let text = api_keys::credential(body, &["access_token", "secret"])?;
    if text.contains('.') {
        let token =
            claims::read_oauth(state, key, &text).ok_or_else(|| ApiError::not_found("OAuth access token"))?;
        return Ok(match token.standing.is_expired(now) {
            true => json!({ "active": false }),
            false => token.render(now),
        });
    }
    let mut tokens = state.credentials.oauth_tokens.iter();
    let token = tokens.find(|token| token.token == text);
    Ok(token.ok_or_else(|| ApiError::not_found("OAuth access token"))?.render(now))
}
