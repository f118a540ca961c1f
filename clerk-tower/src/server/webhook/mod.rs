//! Webhooks: what Clerk tells this service of its own accord.
//!
//! [`ClerkWebhooks`] is a whole endpoint: a service for any router, and for a bare hyper server. The client has to
//! know the endpoint's signing secret, from `CLERK_WEBHOOK_SIGNING_SECRET` or
//! [`webhook_secret`](crate::ClerkBuilder::webhook_secret).
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
//!     .on(kind::USER_DELETED, |gone, _| async move { println!("{:?} is gone", gone.id) })
//!     .on_any(|delivery| async move { println!("{} happened", delivery.event.kind()) });
//!
//! // What is not signed by Clerk is refused.
//! let request = Request::post("/webhooks/clerk").body(Full::<bytes::Bytes>::from("{}"))?;
//! let response = webhooks.oneshot(request).await?;
//! assert_eq!(response.status(), 400);
//! # Ok(()) }
//! ```
//!
//! # What it does with a delivery
//!
//! | | answer |
//! |---|---|
//! | not `POST` | 405 `webhook-method` |
//! | a body longer than 2 MiB ([`max_body_bytes`](ClerkWebhooks::max_body_bytes)) | 413 `webhook-too-large` |
//! | no headers, too old or early, no signature that fits, no event | 400 `webhook-headers-missing`, `webhook-timestamp`, `webhook-signature`, `webhook-body`; the log says why |
//! | a repetition of one that was handled within the hour ([`remember_for`](ClerkWebhooks::remember_for)) | 204 at once |
//! | a repetition of one that is being handled | 409 `webhook-running`: Clerk delivers again |
//! | 10 000 deliveries are being handled | 503 `webhook-busy`: Clerk delivers again |
//! | every handler of its event succeeded, or there is none | 204 |
//! | a handler returned an error, panicked, or took too long ([`handler_timeout`](ClerkWebhooks::handler_timeout)) | 500 `webhook-failed`: Clerk delivers again, and all its handlers run again |
//!
//! Before handlers run, the client's [cache](crate::client::cache) forgets what the event makes stale: the next
//! [`cached`](crate::Clerk::cached) user is the new one. Handlers run in a task of their own: when Clerk hangs up, because
//! it waits some seconds only, they run on, and the repetition that follows is answered with what became of them.
//! What takes long is better put into a queue of your own.
//!
//! Deliveries are known by their id, in the memory of this process. Another process of the same service does not
//! know them, nor does this one after it was started anew, and its cache is its own: handlers should do no harm when
//! they are called twice, and deliveries may come in any order. [`Delivery::id`] stays the same in each of them.
//!
//! [`Delivery::id`]: clerk_core::webhook::Delivery::id

mod dedup;
mod handler;
mod receive;
mod rejection;
mod service;

pub use self::{
    handler::Handled,
    service::{ClerkWebhooks, WebhookFuture},
};
