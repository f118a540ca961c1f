//! Attaches the key that the operation asks for.
//!
//! The request carries its operation's [`Credential`](clerk_core::operation::Credential) as part of its
//! [`OperationInfo`](clerk_core::OperationInfo); without one the secret key is used. A `Credential` among the
//! request's extensions goes before both: with it [`Clerk`](crate::Clerk) and
//! [`MachineClerk`](crate::MachineClerk) say whose key is meant where either will do. The header is marked
//! sensitive, so that HTTP stacks do not log it.
//!
//! ```
//! use bytes::Bytes;
//! use clerk_tower::{Error, credentials::CredentialsLayer};
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let inner = service_fn(|request: Request<Bytes>| async move {
//!     let header = request.headers()["authorization"].clone();
//!     Ok::<_, Error>(Response::new((header.is_sensitive(), header.to_str().unwrap().to_owned())))
//! });
//! let layer = CredentialsLayer::new(&"sk_test_abc".parse()?);
//! let answer = layer.layer(inner).oneshot(Request::new(Bytes::new())).await?;
//! assert_eq!(answer.into_body(), (true, "Bearer sk_test_abc".to_owned()));
//! # Ok(()) }
//! ```

mod layer;
mod service;

pub use self::{layer::CredentialsLayer, service::Credentials};
