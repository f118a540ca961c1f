use clerk_core::webhook::WebhookError;
use http::StatusCode;

use crate::server::rejection::Rejection;

const SIGNATURE: &str = "No signature fits. Is the signing secret the one of this endpoint, and does nothing \
                         between Clerk and this server change the body?";

/// The answers to deliveries of webhooks. Clerk shows them beside the delivery in its dashboard.
impl Rejection {
    /// 500: there is no secret to check deliveries with.
    #[must_use]
    pub fn webhook_secret_missing() -> Self {
        let message = "This server has no webhook secret: set CLERK_WEBHOOK_SIGNING_SECRET, or call \
                       `.webhook_secret(..)` on the client's builder, with the endpoint's signing secret (whsec_…).";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "webhook-secret-missing", message)
    }

    /// The answer to a delivery that is not accepted: 400.
    #[must_use]
    pub fn webhook_refused(error: &WebhookError) -> Self {
        let refuse = |code, message| Self::new(StatusCode::BAD_REQUEST, code, message);
        match error {
            WebhookError::MissingHeaders(names) => refuse("webhook-headers-missing", "").with_message(format!(
                "The headers {} are missing: this is no delivery of Clerk's, or something in between removed them.",
                names.join(", ")
            )),
            WebhookError::InvalidTimestamp => refuse("webhook-timestamp", "The timestamp is no number."),
            WebhookError::TooOld => {
                refuse("webhook-timestamp", "The delivery is too old. Is this server's clock right?")
            }
            WebhookError::TooNew => {
                refuse("webhook-timestamp", "The delivery is from the future. Is this server's clock right?")
            }
            WebhookError::InvalidSignature => refuse("webhook-signature", SIGNATURE),
            WebhookError::InvalidBody(_) => refuse(
                "webhook-body",
                "The delivery is signed, but it is no event: expected JSON with `type` and `data`.",
            ),
            WebhookError::InvalidData { kind, .. } => refuse("webhook-body", "").with_message(format!(
                "The delivery is signed, but an event {kind} has another shape than this server expects. Its log says \
                 which part."
            )),
            _ => refuse("webhook-refused", "The delivery is not accepted."),
        }
    }

    pub(super) fn webhook_too_large() -> Self {
        let message = "The body is larger than this endpoint reads.";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "webhook-too-large", message)
    }

    pub(super) fn webhook_cut_off() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "webhook-body", "The body did not arrive as a whole.")
    }

    pub(super) fn webhook_method() -> Self {
        let message = "Webhooks are delivered with POST.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "webhook-method", message)
    }

    pub(super) fn webhook_running() -> Self {
        let message = "This delivery is being handled. Deliver it again to learn what becomes of it.";
        Self::new(StatusCode::CONFLICT, "webhook-running", message)
    }

    pub(super) fn webhook_busy() -> Self {
        let message = "Too many deliveries are being handled. Deliver this one again later.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "webhook-busy", message)
    }

    pub(super) fn webhook_failed() -> Self {
        let message = "A handler of this event failed. Deliver it again later.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "webhook-failed", message)
    }
}
