use std::time::Duration;

use clerk_core::webhook::WebhookError;
use http::StatusCode;

use crate::server::rejection::Rejection;

const SIGNATURE: &str = "No signature matches. Check that the signing secret is the one of this endpoint, and that \
                         nothing between Clerk and this server changes the body.";

/// Rejections of webhook deliveries. Clerk's dashboard shows them with the delivery, so they address the developer.
impl Rejection {
    /// 500: the signing secret of the endpoint is not set.
    #[must_use]
    pub fn webhook_secret_missing() -> Self {
        let message = "The webhook signing secret is not set: set CLERK_WEBHOOK_SIGNING_SECRET, or call \
                       `.webhook_secret(..)` on the client's builder, with the endpoint's signing secret (whsec_…).";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "webhook-secret-missing", message)
    }

    /// 400: the delivery is not valid.
    #[must_use]
    pub fn webhook_refused(error: &WebhookError) -> Self {
        let refuse = |code, message| Self::new(StatusCode::BAD_REQUEST, code, message);
        match error {
            WebhookError::MissingHeaders(names) => refuse("webhook-headers-missing", "").with_message(format!(
                "The headers {} are missing: either Clerk did not send this request, or a proxy removed them.",
                names.join(", ")
            )),
            WebhookError::InvalidHeader { name, problem } => {
                refuse("webhook-headers-invalid", "").with_message(format!("The header {name} {problem}."))
            }
            WebhookError::InvalidTimestamp => refuse("webhook-timestamp", "The timestamp is not a number."),
            WebhookError::TooOld => {
                refuse("webhook-timestamp", "The delivery is too old. Check this server's clock.")
            }
            WebhookError::TooNew => {
                refuse("webhook-timestamp", "The delivery's timestamp is in the future. Check this server's clock.")
            }
            WebhookError::InvalidSignature => refuse("webhook-signature", SIGNATURE),
            _ => refuse("webhook-refused", "The delivery is not valid."),
        }
    }

    pub(super) fn webhook_too_large() -> Self {
        let message = "The body is larger than this endpoint allows.";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "webhook-too-large", message)
    }

    pub(super) fn webhook_cut_off() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "webhook-body", "The body was not received completely.")
    }

    pub(super) fn webhook_timeout() -> Self {
        let message = "The body was not received in time.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "webhook-timeout", message)
    }

    pub(super) fn webhook_method() -> Self {
        let message = "Webhooks must be sent with POST.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "webhook-method", message)
    }

    pub(super) fn webhook_running() -> Self {
        // An error, because a success would make Clerk stop, even if the handlers fail afterwards.
        let message = "This delivery is still being handled. Send it again to get the result.";
        Self::new(StatusCode::CONFLICT, "webhook-running", message)
    }

    pub(super) fn webhook_busy() -> Self {
        let message = "Too many deliveries are being received or handled. Send this one again later.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "webhook-busy", message).after(Duration::from_secs(5))
    }

    pub(super) fn webhook_unreadable() -> Self {
        // An error, because a success would make Clerk forget an event that a handler wants.
        let message =
            "The event cannot be decoded for the handler of its type. See this server's log for details.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "webhook-unreadable", message)
    }

    pub(super) fn webhook_failed() -> Self {
        let message = "A handler of this event failed. Send it again later.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "webhook-failed", message)
    }
}
