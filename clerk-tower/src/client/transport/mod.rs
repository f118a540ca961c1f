//! What carries requests to Clerk: any tower service over `http` types.
//!
//! The bound is `Service<http::Request<Bytes>, Response = http::Response<B>>` with any body of [`Bytes`].
//! The feature `reqwest` gives the default one, the feature `hyper` one on hyper itself. A transport must not follow redirects and must not retry:
//! the layers above decide about that. It says that nothing was sent by returning a [`ConnectError`].
//!
//! ```
//! use bytes::Bytes;
//! use clerk_core::api::users;
//! use clerk_tower::Clerk;
//! use http_body_util::Full;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A transport for a test: answers everything itself.
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

/// How long connecting may take: less than an attempt, so that it is known that nothing was sent.
#[cfg(any(feature = "hyper", feature = "reqwest"))]
const CONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(3);

/// The connection to Clerk could not be made, so nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect")]
pub struct ConnectError(#[source] pub BoxError);

/// Everything that can carry requests to Clerk. Implemented for every service that fits.
pub trait Transport:
    Service<Request<Bytes>, Response = Response<Self::Body>, Error: Into<BoxError>, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static
{
    /// The body of an answer.
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
