//! Endpoint for [Clerk's webhooks](https://clerk.com/docs/guides/development/webhooks/overview): verifies deliveries,
//! deduplicates them, and calls your handlers.
//!
//! [`ClerkWebhooks`] is a service for any router, or for hyper alone. The client needs the endpoint's signing secret,
//! from `CLERK_WEBHOOK_SIGNING_SECRET` or [`webhook_secret`](crate::ClerkBuilder::webhook_secret).
//!
//! ```
//! use std::sync::Arc;
//! use clerk_core::{model::User, webhook::{Delivery, kind}};
//! use clerk_tower::{BoxError, Clerk, server::webhook::ClerkWebhooks};
//! use http::Request;
//! use http_body_util::Full;
//! use tower::ServiceExt;
//!
//! async fn greet(user: User, delivery: Arc<Delivery>) -> Result<(), BoxError> {
//!     let name = user.first_name.as_deref().ok_or("a user without a name")?;
//!     println!("{}: welcome, {name}", delivery.id);
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clerk = Clerk::builder().secret_key("sk_test_abc").webhook_secret("whsec_c2VjcmV0").build()?;
//! let webhooks = ClerkWebhooks::new(&clerk)?
//!     .on(kind::USER_CREATED, greet)
//!     .on(kind::USER_DELETED, |user, _| async move { println!("{:?} was deleted", user.id) })
//!     .on_any(|delivery| async move { println!("received {}", delivery.event.kind()) });
//!
//! // A request that Clerk did not sign is rejected.
//! let request = Request::post("/webhooks/clerk").body(Full::<bytes::Bytes>::from("{}"))?;
//! let response = webhooks.oneshot(request).await?;
//! assert_eq!(response.status(), 400);
//! # Ok(()) }
//! ```
//!
//! # Responses
//!
//! | delivery | response |
//! |---|---|
//! | not a `POST` | 405 `webhook-method` |
//! | headers missing | 400 `webhook-headers-missing` |
//! | a header was sent more than once, or has characters other than visible ASCII | 400 `webhook-headers-invalid` |
//! | timestamp more than five minutes off, or not a number | 400 `webhook-timestamp` |
//! | body longer than 2 MiB ([`max_body_bytes`](ClerkWebhooks::max_body_bytes)) | 413 `webhook-too-large` |
//! | too many other bodies are being received ([`WebhookLimits`](crate::WebhookLimits)) | 503 `webhook-busy`; Clerk delivers again |
//! | the body takes longer than ten seconds to arrive | 408 `webhook-timeout` |
//! | the body does not arrive completely | 400 `webhook-body` |
//! | no signature matches | 400 `webhook-signature` |
//! | already handled within the last hour ([`remember_for`](ClerkWebhooks::remember_for)), here or by another process of the [fleet](crate::fleet) | 204 at once |
//! | still being handled, here or by another process of the fleet | 409 `webhook-running`; Clerk delivers again |
//! | 10,000 deliveries are being handled | 503 `webhook-busy`; Clerk delivers again |
//! | all handlers of the event succeeded, or it has none | 204 |
//! | signed, but its handler cannot get it, because it cannot be decoded | 500 `webhook-unreadable`; Clerk delivers again |
//! | a handler failed, panicked, or took too long ([`handler_timeout`](ClerkWebhooks::handler_timeout)) | 500 `webhook-failed`; Clerk delivers again, and all handlers of the event run again |
//!
//! These checks are made in this order, so most requests that Clerk did not send are rejected before their body is read. The
//! reason of a rejection is logged, except for a body that did not arrive, which is its sender's doing.
//!
//! A delivery whose signature is valid is never lost, whatever its shape. Fields that are missing fall back, as in all
//! models, and in an event so do `banned` and `locked` of a user ([`Delivery::assumed`]). What still cannot be decoded goes
//! to handlers that were added with [`on_unreadable`](ClerkWebhooks::on_unreadable) or [`on_any`](ClerkWebhooks::on_any),
//! invalidates the cache by its ID, and is logged with the part that differs.
//!
//! [`Delivery::assumed`]: clerk_core::webhook::Delivery::assumed
//!
//! # Handlers
//!
//! Before handlers run, the client's [cache](crate::client::cache) invalidates what the event makes stale: the next
//! [`cached`](crate::Clerk::cached) read of a changed user is up to date.
//!
//! Handlers run in a task of their own. Clerk waits only some seconds for a response; if it closes the connection, the
//! handlers go on, and the next delivery of the same event gets their result. Put work that takes long into a queue. Before
//! the process ends, wait for running handlers with [`drained`](ClerkWebhooks::drained). Handlers run in the span of the
//! request that delivered the event.
//!
//! All deliveries of an event have the same [`Delivery::id`]. Handlers must not rely on the order of events.
//!
//! # Several processes
//!
//! Without a [fleet](crate::fleet), deduplication is per process and in memory: another process of the same service, or
//! this one after a restart, does not know earlier deliveries. Handlers should be idempotent.
//!
//! In a fleet, the process that a delivery reaches first claims it, for 30 seconds at a time, as long as its handlers run.
//! A repetition that reaches another process meanwhile gets 409, and 204 after they have succeeded. If they fail, the next
//! delivery is handled again, by whichever process it reaches. If the process dies, that is possible when the 30 seconds
//! are over.
//!
//! It is still at least once, and not exactly once. A delivery is handled by two processes if the fleet's engine does not
//! respond, or loses what it stored, or if a process stands still for longer than 30 seconds while its handlers run. And a
//! process may die after its handlers have done their work and before it could say so.
//!
//! Clerk's endpoints are handled apart; see [`name`](ClerkWebhooks::name).
//!
//! [`Delivery::id`]: clerk_core::webhook::Delivery::id

mod claim;
mod dedup;
mod handler;
mod receive;
mod rejection;
mod service;

pub use self::{
    handler::Handled,
    service::{ClerkWebhooks, WebhookFuture},
};
