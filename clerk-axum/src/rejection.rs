use std::fmt;

use axum_core::{
    body::Body,
    response::{IntoResponse, Response},
};
use clerk_tower::reject;
use http::StatusCode;

/// An extractor or guard turned the request away.
///
/// The response has a JSON body, `{"errors": [{"code": …, "message": …}]}`. The code is stable; the body says
/// nothing else about why a token was refused.
///
/// | status | codes |
/// |---|---|
/// | 401 | the reason a request is signed out, such as `session-token-and-uat-missing` or `token-invalid-signature`; `user-deleted` |
/// | 400 | of webhooks: `webhook-headers-missing`, `webhook-timestamp`, `webhook-signature`, `webhook-body` |
/// | 403 | `permission-missing`, `role-missing`, `organization-missing`, `organization-deleted`, `scope-missing`, `user-blocked`, `check-failed` |
/// | 413 | `webhook-too-large` |
/// | 500 | `clerk-layer-missing`, `clerk-kind-not-accepted`, `claims-mismatch`, `webhook-secret-missing`, `clerk-error` |
/// | 503 | `clerk-unavailable`, with `Retry-After` |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection(reject::Rejection);

impl Rejection {
    /// The response's status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// The stable code in the body.
    #[must_use]
    pub fn code(&self) -> &str {
        self.0.code()
    }

    /// The sentence in the body.
    #[must_use]
    pub fn body_text(&self) -> String {
        self.0.message().to_owned()
    }
}

impl From<reject::Rejection> for Rejection {
    fn from(rejection: reject::Rejection) -> Self {
        Self(rejection)
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.0.into_response::<Body>()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Rejection {}
