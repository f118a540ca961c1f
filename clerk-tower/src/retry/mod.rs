//! Sending a call again where that is safe and makes sense.
//!
//! | what happened | operations that are safe to repeat | the others |
//! |---|---|---|
//! | no connection: nothing was sent | again | again |
//! | 429: Clerk refused before acting | again | again |
//! | 500, 502, 503, 504 | again | not again |
//! | no answer in time, or one that broke off | again | not again |
//! | anything else | not again | not again |
//!
//! [`OperationInfo::retry`](clerk_core::OperationInfo) says which operations are safe: `GET`, `PUT`, `DELETE`, and
//! others whose effect is the same twice. Between attempts is a pause by lot, up to twice as long each time, and no
//! shorter than Clerk's `Retry-After`. A pause that would outlast the call's deadline is not begun: the answer, or
//! the error, is returned as it is, with the time to wait. All calls of a client share a [`Budget`], so that
//! an outage is not multiplied: retries are at most a fifth of the calls that succeed, and a few each second.
//!
//! ```
//! use std::sync::atomic::{AtomicU32, Ordering};
//! use bytes::Bytes;
//! use clerk_core::{Operation, api::users};
//! use clerk_tower::{Error, retry::RetryLayer};
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let calls = AtomicU32::new(0);
//! let calls: &'static AtomicU32 = Box::leak(Box::new(calls));
//! let flaky = service_fn(move |_: Request<Bytes>| async move {
//!     let is_first = calls.fetch_add(1, Ordering::Relaxed) == 0;
//!     let response = Response::builder().status(if is_first { 503 } else { 200 });
//!     Ok::<_, Error>(response.body(Bytes::new()).unwrap())
//! });
//! let service = RetryLayer::new().layer(flaky);
//! let response = service.oneshot(users::get("user_1").request()?).await?;
//! assert_eq!((response.status().as_u16(), calls.load(Ordering::Relaxed)), (200, 2));
//! # Ok(()) }
//! ```

mod budget;
mod layer;
mod policy;
mod service;

pub use self::{budget::Budget, layer::RetryLayer, service::Retry};
