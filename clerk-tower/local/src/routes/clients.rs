//! Clients: the results of handshakes.

use serde_json::json;

use super::{super::error::ApiError, Call, Outcome};

/// What a handshake came to, once, within a minute.
pub(super) fn handshake_payload(call: Call<'_>) -> Outcome {
    let Call { state, query, now, .. } = call;
    let nonce = query.first("nonce").ok_or_else(|| ApiError::missing("nonce"))?;
    let directives = state.clients.take(nonce, now);
    let directives = directives.ok_or_else(|| ApiError::not_found("handshake payload"))?;
    Ok(json!({ "directives": directives }))
}
