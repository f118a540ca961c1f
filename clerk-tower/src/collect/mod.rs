//! Reads the whole answer, up to a limit, and sorts what can go wrong into phases.
//!
//! ```
//! use bytes::Bytes;
//! use clerk_tower::{ErrorKind, collect::CollectLayer};
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{BoxError, Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let transport = service_fn(|_: Request<Bytes>| async {
//!     Ok::<_, BoxError>(Response::new(Full::from("seventeen letters")))
//! });
//! let request = || Request::new(Bytes::new());
//! let answer = CollectLayer::new(17).layer(transport).oneshot(request()).await.unwrap();
//! assert_eq!(answer.into_body(), "seventeen letters");
//! let error = CollectLayer::new(16).layer(transport).oneshot(request()).await.unwrap_err();
//! assert!(matches!(error.kind(), ErrorKind::Transfer(_)));
//! # }
//! ```

mod layer;
mod service;

pub use self::{layer::CollectLayer, service::Collect};
