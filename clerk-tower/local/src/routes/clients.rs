//! Clients: results of handshakes.

use serde_json::json;

use super::{super::error::ApiError, ApiRequest, ApiResult, Handler::Fixed, Route};

pub(super) const ROUTES: &[Route] = &[Route::get("/clients/handshake_payload", Fixed(handshake_payload))];

/// Returns the result of a handshake. It can be fetched once, within a minute.
pub(super) fn handshake_payload(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, now, .. } = request;
    let nonce = query.first("nonce").ok_or_else(|| ApiError::missing("nonce"))?;
    let set_cookies = state.clients.take_handshake(nonce, now);
    let set_cookies = set_cookies.ok_or_else(|| ApiError::not_found("handshake payload"))?;
    Ok(json!({ "directives": set_cookies }))
}
