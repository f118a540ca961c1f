//! A limit on how long a call may take, its answer's body included.
//!
//! The default stack has two: one around everything, one around each attempt. Both run on tokio's clock.
//!
//! ```
//! use std::time::Duration;
//! use bytes::Bytes;
//! use clerk_tower::{Error, ErrorKind, deadline::DeadlineLayer};
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! let silent = service_fn(|_: Request<Bytes>| std::future::pending::<Result<Response<Bytes>, Error>>());
//! let service = DeadlineLayer::new(Duration::from_secs(10)).layer(silent);
//! let error = service.oneshot(Request::new(Bytes::new())).await.unwrap_err();
//! assert!(matches!(error.kind(), ErrorKind::Timeout(after) if after.as_secs() == 10));
//! assert!(error.may_have_been_processed());
//! # }
//! ```

mod future;
mod layer;
mod service;

pub(crate) use self::service::{count, expires};
pub use self::{future::ResponseFuture, layer::DeadlineLayer, service::Deadline};
