//! A limit on how many calls are under way at once.
//!
//! Off in the default stack, since latency says more about an overload than a number does. With
//! [`ClerkBuilder::max_concurrent_calls`](crate::ClerkBuilder::max_concurrent_calls), calls beyond the limit wait for
//! a place; with [`ConcurrencyLayer::shed_load`] they fail at once with
//! [`ErrorKind::Overloaded`](crate::ErrorKind::Overloaded). Nothing was sent then. A call keeps its place until it
//! ends: while it waits at the [rate-limit gate](crate::rate_limit), and in the pauses before it is sent again.
//!
//! ```
//! use bytes::Bytes;
//! use clerk_tower::{Error, ErrorKind, concurrency::ConcurrencyLayer};
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let silent = service_fn(|_: Request<Bytes>| std::future::pending::<Result<Response<Bytes>, Error>>());
//! let service = ConcurrencyLayer::shed_load(1).layer(silent);
//! let first = tokio::spawn(service.clone().oneshot(Request::new(Bytes::new())));
//! tokio::task::yield_now().await;
//! let error = service.oneshot(Request::new(Bytes::new())).await.unwrap_err();
//! assert!(matches!(error.kind(), ErrorKind::Overloaded));
//! # first.abort(); }
//! ```

mod layer;
mod service;

pub use self::{layer::ConcurrencyLayer, service::Concurrency};
