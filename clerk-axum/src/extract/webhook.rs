use std::ops::Deref;

use axum_core::{
    RequestExt as _,
    extract::{FromRef, FromRequest, Request},
};
use clerk_core::webhook::Delivery;
use clerk_tower::Clerk;

use crate::Rejection;

/// A delivery of a webhook, verified.
///
/// The application's state has to hold the client: `Clerk: FromRef<S>`. A state that does not say where it is makes the
/// compiler point at `with_state` with ``error[E0308]: mismatched types … expected `Clerk`, found `App` ``: put
/// `#[derive(Clone, FromRef)]` on the state, with the feature `macros` of `axum`. The client has to know the endpoint's
/// signing secret, from `CLERK_WEBHOOK_SIGNING_SECRET` or `.webhook_secret(..)` of its builder; the time is the
/// client's clock. The body is read as it arrived, up to axum's body limit, 2 MiB unless `DefaultBodyLimit` says
/// otherwise.
///
/// It rejects with 400 what is no delivery of Clerk's, 413 when the body is too long, and 500 when there is no secret;
/// [`Rejection`] lists the codes. The log says why, at level `warn`. `Result<Webhook, Rejection>` leaves the answer to
/// the handler; there is no `Option<Webhook>`.
///
/// The client's cache forgets what a good delivery makes stale before the handler runs.
///
/// Clerk delivers again unless the answer is a success, and may deliver twice: [`Delivery::id`] tells repetitions apart.
/// Deliveries carry no session: no guard may stand before the route. [`ClerkWebhooks`](crate::ClerkWebhooks) is a whole
/// endpoint, which does the rest as well.
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
///         Event::UserCreated(user) => println!("{} is new", user.id),
///         other => println!("{} happened", other.kind()),
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clerk = Clerk::builder().secret_key("sk_test_abc").webhook_secret("whsec_c2VjcmV0").build()?;
/// let app: Router = Router::new().route("/webhooks/clerk", post(on_event)).with_state(App { clerk });
/// # let _ = app; Ok(()) }
/// ```
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
