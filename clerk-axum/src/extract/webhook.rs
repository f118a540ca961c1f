use std::ops::Deref;

use axum_core::{
    RequestExt as _,
    extract::{FromRef, FromRequest, Request},
};
use clerk_core::webhook::Delivery;
use clerk_tower::Clerk;

use crate::Rejection;

/// Extractor for a verified delivery of a webhook.
///
/// ```
/// use axum::{Router, extract::FromRef, routing::post};
/// use clerk_axum::{Clerk, Webhook, webhook::Event};
///
/// #[derive(Clone, FromRef)]
/// struct App {
///     clerk: Clerk,
/// }
///
/// async fn on_event(webhook: Webhook) {
///     match &webhook.event {
///         Event::UserCreated(user) => println!("{} signed up", user.id),
///         other => println!("received {}", other.kind()),
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clerk = Clerk::builder().secret_key("sk_test_abc").webhook_secret("whsec_c2VjcmV0").build()?;
/// let app: Router = Router::new().route("/webhooks/clerk", post(on_event)).with_state(App { clerk });
/// # let _ = app; Ok(()) }
/// ```
///
/// [`ClerkWebhooks`](crate::ClerkWebhooks) is a complete endpoint, which also detects duplicates and calls handlers.
///
/// # Requirements
///
/// - The router's state contains the client: `Clerk: FromRef<S>`. Otherwise the compiler reports ``expected `Clerk`,
///   found `App` `` at `with_state`. Derive `FromRef` for the state, with the feature `macros` of `axum`.
/// - The client has the endpoint's signing secret: `CLERK_WEBHOOK_SIGNING_SECRET`, or `.webhook_secret(..)`.
/// - No guard is around the route, because Clerk has no session.
/// - The body has at most 2 MiB, or as many bytes as axum's `DefaultBodyLimit` allows. No layer changes it.
///
/// # Rejections
///
/// | rejection | if |
/// |---|---|
/// | 400 | the request is not a valid delivery |
/// | 408 | the body does not arrive in time |
/// | 413 | the body is too large |
/// | 500 | the client has no signing secret |
/// | 503 | too many deliveries are being received |
///
/// The log says why, at level `warn`. `Result<Webhook, Rejection>` lets the handler decide. `Option<Webhook>` does not
/// compile as an argument of a handler.
#[doc = include_str!("derive.md")]
///
/// # Deliveries
///
/// Before the handler runs, the delivery invalidates the client's cache. Clerk retries unless the response is a success,
/// and may deliver more than once: compare [`Delivery::id`] to detect duplicates.
///
/// A delivery that Clerk signed is never rejected for its shape: an event that cannot be decoded is
/// [`Event::Unreadable`](clerk_core::webhook::Event::Unreadable), and [`Delivery::body`] has all of it.
#[derive(Clone, Debug)]
pub struct Webhook(pub Delivery);

impl Deref for Webhook {
    type Target = Delivery;

    fn deref(&self) -> &Delivery {
        &self.0
    }
}

impl<S> FromRequest<S> for Webhook
where
    S: Send + Sync,
    Clerk: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        let clerk = Clerk::from_ref(state);
        Ok(Self(clerk.receive_webhook(request.with_limited_body()).await?))
    }
}
