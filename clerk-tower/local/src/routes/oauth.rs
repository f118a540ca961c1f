//! OAuth access tokens.

use super::{super::error::ApiError, ApiRequest, ApiResult, Handler::Fixed, Route, api_keys};

pub(super) const ROUTES: &[Route] = &[Route::post("/oauth_applications/access_tokens/verify", Fixed(verify))];

/// Verifies a token. Revoked and expired tokens are found, too; the response contains their state.
pub(super) fn verify(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let text = api_keys::credential(body, &["access_token", "secret"])?;
    if text.contains('.') {
        let what = "verifying OAuth access tokens in JWT form; verify them with the keys under GET /jwks";
        return Err(ApiError::not_emulated(what));
    }
    let mut tokens = state.credentials.oauth_tokens.iter();
    let token = tokens.find(|token| token.token == text);
    Ok(token.ok_or_else(|| ApiError::not_found("OAuth access token"))?.render(now))
}
