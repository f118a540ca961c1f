//! Transports: the services at the bottom of the stack that send requests to Clerk.
//!
//! A transport is any `Service<http::Request<Bytes>, Response = http::Response<B>>` whose body `B` yields [`Bytes`].
//! The feature `reqwest` provides the default transport, the feature `hyper` one on top of hyper-util.
//!
//! A transport must not follow redirects and must not retry: the layers above it decide about both. If it could not
//! connect, it returns a [`ConnectError`], so that the layers above know that nothing was sent. If it knows that the
//! request was not processed, it returns a [`NotProcessedError`], so that any call can be sent again.
//!
//! The two transports here also give up the connection of an attempt that took too long: the next attempt, and all other
//! calls from then on, use another one. So a connection whose packets vanish costs one attempt. They never use a proxy
//! for the loopback interface. Calls that decisions wait for have connections of their own: over HTTP/2 a connection has a
//! limited number of streams, and [strangers](crate::client::purpose) must not take those of the program's own calls.
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

mod delivery;
#[cfg(feature = "hyper")]
mod hyper;
#[cfg(feature = "reqwest")]
mod reqwest;

use std::{fmt, net::IpAddr};

use bytes::Bytes;
#[cfg(any(feature = "hyper", feature = "reqwest"))]
use http::Extensions;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

pub(crate) use self::delivery::Delivery;
#[cfg(feature = "hyper")]
pub use self::hyper::HyperTransport;
#[cfg(feature = "reqwest")]
pub use self::reqwest::ReqwestTransport;
use crate::BoxError;
#[cfg(any(feature = "hyper", feature = "reqwest"))]
use crate::{
    Error, ErrorKind,
    error::info_of,
    runtime::{self, NoRuntime},
};

/// How long connecting may take. Shorter than the attempt's own timeout, so that a failed connection is reported as
/// such: then it is known that nothing was sent, and any call can be retried.
#[cfg(any(feature = "hyper", feature = "reqwest"))]
const CONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(3);

/// Error of a transport that could not connect to Clerk, or to the proxy in between, so that nothing was sent.
#[derive(Debug)]
pub struct ConnectError(pub BoxError);

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.downcast_ref::<ProxyError>() {
            Some(error) => write!(f, "cannot connect to Clerk through {}", error.proxy),
            None => f.write_str("cannot connect to Clerk"),
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

/// A connection through a proxy failed.
#[derive(Debug, thiserror::Error)]
#[error("{proxy} did not connect")]
struct ProxyError {
    /// The proxy, without credentials.
    proxy: String,
    source: BoxError,
}

/// Returns `true` if a host is on the loopback interface.
///
/// `localhost` is the only name that counts: RFC 6761, section 6.3 reserves it for the loopback interface.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Error of a transport that knows that its request was not processed, although there was a connection: the request was
/// not sent completely, or the server refused it before processing it. [`RetryLayer`](crate::client::retry::RetryLayer)
/// sends such a call again, even if it is not safe to repeat.
#[derive(Debug, thiserror::Error)]
#[error("not processed")]
pub struct NotProcessedError(#[source] pub BoxError);

/// Returns an error if the current runtime cannot send a request.
#[cfg(any(feature = "hyper", feature = "reqwest"))]
fn check_runtime(extensions: &Extensions) -> Result<(), BoxError> {
    let problem = |NoRuntime(problem)| Error::new(info_of(extensions), ErrorKind::Config(problem));
    Ok(runtime::check_io().map_err(problem)?)
}

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
