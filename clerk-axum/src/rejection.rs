use std::{fmt, time::Duration};

use axum_core::{
    body::Body,
    response::{IntoResponse, Response},
};
use clerk_core::token::Reverification;
use clerk_tower::server::rejection;
use http::StatusCode;

/// An extractor or guard turned the request away.
///
/// The response has a JSON body, `{"errors": [{"code": …, "message": …}]}`. The code is stable; the body says
/// nothing else about why a token was refused. A missing reverification has the body that Clerk's front ends wait for.
///
/// [`ClerkLayer::on_rejection`](crate::ClerkLayer::on_rejection) answers in another way, in one place for all of them
/// that happen inside of that layer.
///
/// | status | codes |
/// |---|---|
/// | 400 | `clerk-bad-request`: a handshake that makes no sense; `clerk-return-address`; `webhook-headers-missing`, `webhook-timestamp`, `webhook-signature`, `webhook-body` |
/// | 401 | the reason a request is signed out, such as `session-token-and-uat-missing` or `token-invalid-signature`; `session-pending`, `token-type-mismatch`, `user-deleted` |
/// | 403 | `permission-missing`, `role-missing`, `feature-missing`, `plan-missing`, `reverification-error`, `organization-missing`, `organization-deleted`, `scope-missing`, `user-blocked`, `check-failed` |
/// | 404 | `not-found`: Clerk has no such thing, in a handler's own call |
/// | 413 | `webhook-too-large` |
/// | 500 | `clerk-layer-missing`, `clerk-kind-not-accepted`, `clerk-sign-in-page-missing`, `claims-mismatch`, `webhook-secret-missing`, `clerk-error` |
/// | 503 | `clerk-unavailable`, with `Retry-After` |
///
/// [`ClerkWebhooks`](crate::ClerkWebhooks) and [`ProxyLayer`](crate::ProxyLayer) answer in the same form, with further
/// codes: the guide has those of [deliveries](crate::guide::webhooks) and of the
/// [proxy](crate::guide::troubleshooting#codes-of-answers).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection(rejection::Rejection);

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

    /// Whether nothing was decided, because Clerk did not answer. The same request may pass later.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.0.is_unavailable()
    }

    /// When another attempt makes sense, where that is known.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after()
    }

    /// The proof that the user is asked for, when that is all that is missing.
    #[must_use]
    pub const fn asked_reverification(&self) -> Option<Reverification> {
        self.0.asked_reverification()
    }
}

impl From<rejection::Rejection> for Rejection {
    fn from(rejection: rejection::Rejection) -> Self {
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
