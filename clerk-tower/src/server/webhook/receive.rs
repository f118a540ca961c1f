use std::error::Error as StdError;

use clerk_core::webhook::{Delivery, Verifier, WebhookError};
use http::{HeaderMap, Request};
use http_body::Body;
use http_body_util::{LengthLimitError, Limited};

use crate::{BoxError, Clerk, intake::NotReceived, server::rejection::Rejection, telemetry};

/// Verifying webhooks without the endpoint service. See [`webhook`](crate::server::webhook).
impl Clerk {
    /// Verifies a webhook delivery with the client's signing secrets and clock, and decodes it.
    ///
    /// `body` must be exactly the bytes that were received. The reason of a rejection is logged. A valid delivery
    /// invalidates what it makes stale in the client's [cache](crate::client::cache), and from then on the tokens of
    /// sessions that it says have ended are rejected.
    ///
    /// ```
    /// use clerk_core::webhook::Verifier;
    /// use clerk_tower::Clerk;
    ///
    /// let clerk = Clerk::builder().secret_key("sk_test_abc").webhook_secret("whsec_c2VjcmV0").build().unwrap();
    /// let body = br#"{"type": "user.deleted", "data": {"id": "user_1", "deleted": true}}"#;
    /// // The headers that Clerk would send.
    /// let headers = clerk.webhook_verifier().unwrap().sign("msg_1", clerk.now(), body);
    ///
    /// assert_eq!(clerk.verify_webhook(&headers, body).unwrap().event.kind(), "user.deleted");
    /// let rejection = clerk.verify_webhook(&headers, b"{}").unwrap_err();
    /// assert_eq!(rejection.code(), "webhook-signature");
    /// ```
    ///
    /// # Errors
    /// 400 if this is not a valid delivery from Clerk, 500 if the client has no signing secret. A delivery whose signature
    /// is valid is never an error: if its data cannot be decoded, the event is
    /// [`Event::Unreadable`](clerk_core::webhook::Event::Unreadable), and the log names the part.
    pub fn verify_webhook(&self, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Rejection> {
        let verifier = self.verifier()?;
        let delivery = verifier.verify(headers, body, self.now()).map_err(|error| self.refused(&error))?;
        // Also for repeated deliveries: invalidating twice is harmless, and the cache must not depend on deduplication.
        self.cache().invalidate(&delivery.event);
        self.revoke_by(&delivery);
        telemetry::webhook_shape(self.log_limiter(), self.now(), &delivery);
        Ok(delivery)
    }

    /// Reads a request's body, then verifies the delivery as [`verify_webhook`](Self::verify_webhook) does.
    ///
    /// Headers and timestamp are checked first, so that most requests that Clerk did not send are rejected before their
    /// body is read. Bodies are received within the client's [`WebhookLimits`](crate::WebhookLimits). The size of a single
    /// body is not limited here: wrap it in [`Limited`](http_body_util::Limited) or a similar body first.
    ///
    /// # Errors
    /// As [`verify_webhook`](Self::verify_webhook); 413 if the body is longer than its limit; 408 if it does not arrive in
    /// time; 503 with `Retry-After` if too many others are being received; 400 if it does not arrive completely.
    pub async fn receive_webhook<B>(&self, request: Request<B>) -> Result<Delivery, Rejection>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        self.take_webhook(request, usize::MAX).await
    }

    /// The same, with a limit for the body.
    pub(super) async fn take_webhook<B>(&self, request: Request<B>, max: usize) -> Result<Delivery, Rejection>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        let (head, body) = request.into_parts();
        self.verifier()?.check_headers(&head.headers, self.now()).map_err(|error| self.refused(&error))?;
        // The body's length as announced by `Content-Length`.
        if usize::try_from(body.size_hint().lower()).is_ok_and(|length| length <= max) {
            let received = self.webhook_intake().receive(Limited::new(body, max)).await;
            let body = received.map_err(|error| self.not_received(error))?;
            self.verify_webhook(&head.headers, &body)
        } else {
            Err(self.log(Rejection::webhook_too_large()))
        }
    }

    fn not_received(&self, error: NotReceived) -> Rejection {
        match error {
            NotReceived::Busy => self.log(Rejection::webhook_busy()),
            NotReceived::Failed(error) if is_too_large(&*error) => self.log(Rejection::webhook_too_large()),
            // The sender's own doing, which says nothing about this server.
            NotReceived::Failed(_) => unlogged(Rejection::webhook_cut_off()),
            NotReceived::TooSlow => unlogged(Rejection::webhook_timeout()),
        }
    }

    fn verifier(&self) -> Result<&Verifier, Rejection> {
        self.webhook_verifier().ok_or_else(|| self.log(Rejection::webhook_secret_missing()))
    }

    fn refused(&self, error: &WebhookError) -> Rejection {
        self.log(Rejection::webhook_refused(error))
    }

    /// Logs why a delivery was rejected. Anyone can post to the endpoint, so each cause is logged at most once a minute.
    pub(super) fn log(&self, rejection: Rejection) -> Rejection {
        telemetry::webhook_rejected(self.log_limiter(), self.now(), rejection.code(), rejection.message());
        rejection
    }
}

fn unlogged(rejection: Rejection) -> Rejection {
    telemetry::webhook_not_received(rejection.code());
    rejection
}

/// Returns `true` if the body exceeded its limit. Frameworks wrap that error in their own, so the whole chain is
/// searched.
fn is_too_large(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<LengthLimitError>() {
            return true;
        }
        next = error.source();
    }
    false
}
