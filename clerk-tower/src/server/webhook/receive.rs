use std::{error::Error as StdError, fmt::Display};

use bytes::Bytes;
use clerk_core::webhook::{Delivery, WebhookError};
use http::{HeaderMap, Request};
use http_body::Body;
use http_body_util::{BodyExt as _, LengthLimitError};

use crate::{BoxError, Clerk, server::rejection::Rejection, telemetry};

/// Verifying webhooks without the endpoint service. See [`webhook`](crate::server::webhook).
impl Clerk {
    /// Verifies a webhook delivery with the client's signing secrets and clock, and decodes it.
    ///
    /// `body` must be exactly the bytes that were received. The reason of a rejection is logged. A valid delivery
    /// invalidates what it makes stale in the client's [cache](crate::client::cache).
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
    /// 400 if this is not a valid delivery from Clerk, 500 if the client has no signing secret.
    pub fn verify_webhook(&self, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Rejection> {
        self.check(headers, body).map_err(|refused| self.rejection_for(refused))
    }

    /// Reads a request's body, then verifies the delivery as [`verify_webhook`](Self::verify_webhook) does.
    ///
    /// The size of the body is not limited here: wrap it in [`Limited`](http_body_util::Limited) or a similar body
    /// first.
    ///
    /// # Errors
    /// As [`verify_webhook`](Self::verify_webhook), and 413 if the body is longer than its limit.
    pub async fn receive_webhook<B>(&self, request: Request<B>) -> Result<Delivery, Rejection>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        self.take_webhook(request).await.map_err(|refused| self.rejection_for(refused))
    }

    /// The same, for an endpoint that knows which events it handles.
    pub(super) async fn take_webhook<B>(&self, request: Request<B>) -> Result<Delivery, Refused>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        let refused = |rejection| Refused::Delivery(Box::new(self.log(rejection)));
        if self.webhook_verifier().is_none() {
            return Err(refused(Rejection::webhook_secret_missing()));
        }
        // After the check for the secret: without one, reading the body is work for nothing.
        let (head, body) = request.into_parts();
        let body = read(body).await.map_err(refused)?;
        self.check(&head.headers, &body)
    }

    fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Refused> {
        let verifier = self
            .webhook_verifier()
            .ok_or_else(|| Refused::Delivery(Box::new(self.log(Rejection::webhook_secret_missing()))))?;
        let delivery = verifier.verify(headers, body, self.now()).map_err(|error| self.refused(error))?;
        // Also for repeated deliveries: invalidating twice is harmless, and the cache must not depend on deduplication.
        self.cache().invalidate(&delivery.event);
        Ok(delivery)
    }

    /// Logs a rejection with its own message.
    pub(super) fn log(&self, rejection: Rejection) -> Rejection {
        self.log_reason(rejection.code(), rejection.code(), &rejection.message());
        rejection
    }

    /// Logs why a delivery was rejected. Anyone can post to the endpoint, so each cause is logged at most once a
    /// minute.
    fn log_reason(&self, cause: &str, code: &str, why: &dyn Display) {
        telemetry::webhook_rejected(self.log_limiter(), self.now(), cause, code, why);
    }

    fn refused(&self, error: WebhookError) -> Refused {
        if let WebhookError::InvalidData { kind, .. } = error {
            return Refused::Event { kind, error };
        }
        let rejection = Rejection::webhook_refused(&error);
        Refused::Delivery(Box::new(match error {
            // The delivery is signed, so it comes from Clerk, and the log may contain details about it.
            WebhookError::InvalidBody(problem) => {
                self.log_reason(rejection.code(), rejection.code(), &problem);
                rejection
            }
            _ => self.log(rejection),
        }))
    }

    /// Logs the reason, if that has not been done yet, and returns the rejection.
    pub(super) fn rejection_for(&self, refused: Refused) -> Rejection {
        match refused {
            Refused::Delivery(rejection) => *rejection,
            Refused::Event { kind, error } => {
                let rejection = Rejection::webhook_refused(&error);
                // Each event type is a cause of its own, so that one does not suppress the line about another.
                self.log_reason(kind, rejection.code(), &error);
                rejection
            }
        }
    }
}

async fn read<B>(body: B) -> Result<Bytes, Rejection>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    match body.collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) => {
            let is_too_large = is_too_large(&*error.into());
            Err(if is_too_large { Rejection::webhook_too_large() } else { Rejection::webhook_cut_off() })
        }
    }
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

/// Why a delivery is rejected.
pub(super) enum Refused {
    /// Already logged.
    Delivery(Box<Rejection>),
    /// A signed event of this type whose data does not have the expected shape. Not logged yet: an endpoint without a
    /// handler for the type ignores it.
    Event { kind: &'static str, error: WebhookError },
}
