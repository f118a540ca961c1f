use std::{error::Error as StdError, fmt::Display};

use bytes::Bytes;
use clerk_core::webhook::{Delivery, WebhookError};
use http::{HeaderMap, Request};
use http_body::Body;
use http_body_util::{BodyExt as _, LengthLimitError};

use crate::{BoxError, Clerk, server::rejection::Rejection, telemetry};

/// The client's part in webhooks. See [`webhook`](crate::server::webhook).
impl Clerk {
    /// Checks a delivery of a webhook with the client's secrets, at the time of the client's clock, and reads it.
    /// `body` is what arrived, byte for byte. Why a delivery is refused is logged. What a good one makes stale, the
    /// client's [cache](crate::client::cache) forgets at once.
    ///
    /// ```
    /// use clerk_core::webhook::Verifier;
    /// use clerk_tower::Clerk;
    ///
    /// let clerk = Clerk::builder().secret_key("sk_test_abc").webhook_secret("whsec_c2VjcmV0").build().unwrap();
    /// let body = br#"{"type": "user.deleted", "data": {"id": "user_1", "deleted": true}}"#;
    /// // What Clerk would send; here for a test.
    /// let headers = clerk.webhook_verifier().unwrap().sign("msg_1", clerk.now(), body);
    ///
    /// assert_eq!(clerk.verify_webhook(&headers, body).unwrap().event.kind(), "user.deleted");
    /// let refused = clerk.verify_webhook(&headers, b"{}").unwrap_err();
    /// assert_eq!(refused.code(), "webhook-signature");
    /// ```
    ///
    /// # Errors
    /// 400 for what is no delivery of Clerk's; 500 when the client has no secret.
    pub fn verify_webhook(&self, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Rejection> {
        self.check(headers, body).map_err(|refused| self.into_rejection(refused))
    }

    /// Reads a request's body, and takes the delivery as [`verify_webhook`](Self::verify_webhook) does. Nothing bounds
    /// the body here: wrap it in [`Limited`](http_body_util::Limited) or the like before.
    ///
    /// # Errors
    /// The same, and 413 when the body is longer than its limit.
    pub async fn receive_webhook<B>(&self, request: Request<B>) -> Result<Delivery, Rejection>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        self.take_webhook(request).await.map_err(|refused| self.into_rejection(refused))
    }

    /// The same, for an endpoint that knows which events it waits for.
    pub(super) async fn take_webhook<B>(&self, request: Request<B>) -> Result<Delivery, Refused>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        let refused = |rejection| Refused::Delivery(Box::new(self.log(rejection)));
        if self.webhook_verifier().is_none() {
            return Err(refused(Rejection::webhook_secret_missing()));
        }
        let (head, body) = request.into_parts();
        let body = read(body).await.map_err(refused)?;
        self.check(&head.headers, &body)
    }

    fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Refused> {
        let verifier = self
            .webhook_verifier()
            .ok_or_else(|| Refused::Delivery(Box::new(self.log(Rejection::webhook_secret_missing()))))?;
        let delivery = verifier.verify(headers, body, self.now()).map_err(|error| self.refused(error))?;
        self.cache().invalidate(&delivery.event);
        Ok(delivery)
    }

    /// Says in the log what the answer says.
    pub(super) fn log(&self, rejection: Rejection) -> Rejection {
        self.say(rejection.code(), rejection.code(), &rejection.message());
        rejection
    }

    /// Anybody may post to an endpoint, so each cause speaks once a minute.
    fn say(&self, cause: &str, code: &str, why: &dyn Display) {
        telemetry::webhook_rejected(self.log_limiter(), self.now(), cause, code, why);
    }

    fn refused(&self, error: WebhookError) -> Refused {
        if let WebhookError::InvalidData { kind, .. } = error {
            return Refused::Event { kind, error };
        }
        let rejection = Rejection::webhook_refused(&error);
        Refused::Delivery(Box::new(match error {
            // It is signed, so Clerk's own; the log may know more of it.
            WebhookError::InvalidBody(problem) => {
                self.say(rejection.code(), rejection.code(), &problem);
                rejection
            }
            _ => self.log(rejection),
        }))
    }

    /// Says why, and makes the answer.
    pub(super) fn into_rejection(&self, refused: Refused) -> Rejection {
        match refused {
            Refused::Delivery(rejection) => *rejection,
            Refused::Event { kind, error } => {
                let rejection = Rejection::webhook_refused(&error);
                // A line for each type that differs.
                self.say(kind, rejection.code(), &error);
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

/// A limit's error may be inside of others.
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

/// What is not accepted.
pub(super) enum Refused {
    /// The log has said why.
    Delivery(Box<Rejection>),
    /// Clerk's own event of this type, in another shape than is known. The log has not said so yet.
    Event { kind: &'static str, error: WebhookError },
}
