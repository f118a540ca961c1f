//! Transports: the services at the bottom of the stack that send requests to Clerk.
//!
//! A transport is any `Service<http::Request<Bytes>, Response = http::Response<B>>` whose body `B` yields [`Bytes`].
//! The feature `reqwest` provides the default transport, the feature `hyper` one on top of hyper-util.
//!
//! A transport must not follow redirects and must not retry: the layers above it decide about both. If it could not
//! connect, it returns a [`ConnectError`], so that the layers above know that nothing was sent.
//!
//! ```
//! use bytes::Bytes;
//! use clerk_core::api::users;
//! use clerk_tower::Clerk;
//! use http_body_util::Full;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A transport for a test, which responds to every request itself.
//! let transport = tower::service_fn(|request: http::Request<Bytes>| async move {
//!     assert_eq!(request.uri(), "https://api.clerk.com/v1/users/count");
//!     Ok::<_, std::convert::Infallible>(http::Response::new(Full::from(r#"{"total_count": 3}"#)))
//! });
//! let clerk = Clerk::builder().secret_key("sk_test_x").transport(transport).build()?;
//! assert_eq!(clerk.send(users::count()).await?.total_count, 3);
//! # Ok(()) }
//! ```

#[cfg(feature = "hyper")]
mod hyper;
#[cfg(feature = "reqwest")]
mod reqwest;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

#[cfg(feature = "hyper")]
pub use self::hyper::HyperTransport;
#[cfg(feature = "reqwest")]
pub use self::reqwest::ReqwestTransport;
use crate::BoxError;

/// How long connecting may take. Shorter than the attempt's own timeout, so that a failed connection is reported as
/// such: then it is known that nothing was sent, and any call can be retried.
#[cfg(any(feature = "hyper", feature = "reqwest"))]
const CONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(3);

/// Error of a transport that could not connect, so that nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect")]
pub struct ConnectError(#[source] pub BoxError);

/// Service that can send requests to Clerk. Implemented for every service with these bounds.
pub trait Transport:
    Service<Request<Bytes>, Response = Response<Self::Body>, Error: Into<BoxError>, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static
{
    /// The response body.
    type Body: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static;
}

impl<T, B> Transport for T
where
    T: Service<Request<Bytes>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Body = B;
}
