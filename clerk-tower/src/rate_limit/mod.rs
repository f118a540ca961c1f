//! Waiting when Clerk says so.
//!
//! When Clerk answers 429, it refuses everything of that kind for a while. The gate then closes for the operations of
//! the same section that use the same kind of key, and stays closed for as long as `Retry-After` says. Calls that come
//! meanwhile wait in the order they came, and when the gate opens they are let through one after the other, not all at
//! once. When it was open for a second, and Clerk answers, everybody passes again. A call whose turn would come after
//! its deadline fails at once, with [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited): nothing is sent, and
//! nothing queues without bound. Calls of other sections go on.
//!
//! It stands inside of [`retry`](crate::retry), so that second attempts wait at the gate too.
//!
//! ```
//! use std::time::Duration;
//! use bytes::Bytes;
//! use clerk_core::{Operation, api::users};
//! use clerk_tower::{Error, ErrorKind, deadline::DeadlineLayer, rate_limit::RateLimitLayer};
//! use http::{Request, Response};
//! use tower::{Service, ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut service = ServiceBuilder::new()
//!     .layer(DeadlineLayer::new(Duration::from_secs(5)))
//!     .layer(RateLimitLayer::new())
//!     .service_fn(|_: Request<Bytes>| async {
//!         let response = Response::builder().status(429).header("retry-after", "60");
//!         Ok::<_, Error>(response.body(Bytes::new()).unwrap())
//!     });
//! assert_eq!(service.ready().await?.call(users::list().request()?).await?.status(), 429);
//!
//! // The next one is not even sent.
//! let error = service.ready().await?.call(users::list().request()?).await.unwrap_err();
//! assert!(matches!(error.kind(), ErrorKind::RateLimited(wait) if wait.as_secs() >= 59));
//! # Ok(()) }
//! ```

mod gate;
mod layer;
mod service;

pub use self::{layer::RateLimitLayer, service::RateLimit};
