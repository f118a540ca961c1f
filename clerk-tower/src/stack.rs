//! The services a call passes through, outermost first: overall deadline → concurrency limit (off) → retry →
//! rate-limit gate → credentials → attempt deadline → bounded body → base URI → transport.
//!
//! [`Clerk::cached`](crate::Clerk::cached) stands before all of them: its [cache](crate::cache) holds values, which
//! know no HTTP, and a call through it passes through the whole stack.
//!
//! Every piece is a public layer, so the same stack can be built with one part changed:
//!
//! ```
//! use std::time::Duration;
//! use clerk_tower::{
//!     Clerk, base_uri::BaseUriLayer, collect::CollectLayer, credentials::CredentialsLayer,
//!     deadline::DeadlineLayer, transport::ReqwestTransport,
//! };
//! use tower::ServiceBuilder;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! // One deadline for everything, and a limit of 64 KiB on answers.
//! let stack = ServiceBuilder::new()
//!     .layer(DeadlineLayer::new(Duration::from_secs(3)))
//!     .layer(CredentialsLayer::new(&"sk_test_abc".parse()?))
//!     .layer(CollectLayer::new(64 * 1024))
//!     .layer(BaseUriLayer::new("https://api.clerk.com/v1")?)
//!     .service(ReqwestTransport::new()?);
//! let clerk = Clerk::builder().secret_key("sk_test_abc").stack(stack).build()?;
//! # let _ = clerk; Ok(()) }
//! ```

use bytes::Bytes;
use http::{Request, Response};
use tower::util::BoxCloneSyncService;

use crate::Error;

/// The whole stack as one type: a request with a relative URI in, an answer with its whole body out.
pub type Stack = BoxCloneSyncService<Request<Bytes>, Response<Bytes>, Error>;
