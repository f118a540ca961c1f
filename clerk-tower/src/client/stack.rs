//! The services that a call passes through, outermost first: overall deadline → concurrency limit of the program's own
//! calls (off by default) → retry → rate limit gate → credentials → attempt deadline → bounded body → base URI → transport.
//!
//! [`Clerk::cached`](crate::Clerk::cached) stands in front of all of them, because its
//! [cache](crate::client::cache) stores decoded values; a call that it makes passes through the whole stack.
//!
//! Every piece is a public layer, so you can build the same stack with one part changed:
//!
//! ```
//! use std::time::Duration;
//! use clerk_tower::{
//!     Clerk,
//!     client::{
//!         middleware::{
//!             base_uri::BaseUriLayer, collect::CollectLayer, credentials::CredentialsLayer,
//!             deadline::DeadlineLayer,
//!         },
//!         transport::ReqwestTransport,
//!     },
//! };
//! use tower::ServiceBuilder;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! // One deadline for everything, and response bodies of at most 64 KiB.
//! let stack = ServiceBuilder::new()
//!     .layer(DeadlineLayer::new(Duration::from_secs(3)))
//!     .layer(CredentialsLayer::new(&"sk_test_abc".parse()?))
//!     .layer(CollectLayer::new(64 * 1024))
//!     .layer(BaseUriLayer::new("https://api.clerk.com/v1")?)
//!     .service(ReqwestTransport::new()?);
//! let clerk = Clerk::builder().secret_key("sk_test_abc").stack(stack).build()?;
//! # let _ = clerk; Ok(()) }
//! ```

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use tower::{ServiceBuilder, ServiceExt as _};
use tower_service::Service;

use super::{
    config::ConfigError,
    future::CallFuture,
    middleware::{
        base_uri::BaseUriLayer, collect::CollectLayer, concurrency::ConcurrencyLayer,
        credentials::CredentialsLayer, deadline::DeadlineLayer,
    },
    rate_limit::RateLimitLayer,
    retry::RetryLayer,
    transport::Transport,
};
use crate::{
    Error, ErrorKind,
    error::info_of,
    runtime::{self, NoRuntime},
};

/// The whole stack as one type: a service that takes a request with a relative URI and returns a response with its
/// whole body. It is always ready: a call waits until the service inside is.
#[derive(Clone)]
pub struct Stack(Arc<dyn AnyService>);

/// A service of any type. Each call has a clone, in the same box as its future.
trait AnyService: Send + Sync {
    fn call(&self, request: Request<Bytes>) -> CallFuture<Response<Bytes>>;
}

impl<S> AnyService for S
where
    S: Service<Request<Bytes>, Response = Response<Bytes>, Error = Error> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    fn call(&self, request: Request<Bytes>) -> CallFuture<Response<Bytes>> {
        CallFuture::new(self.clone().oneshot(request))
    }
}

impl Stack {
    /// Wraps a service. It is responsible for deadlines, limits, credentials and the API's address.
    pub fn new<S>(service: S) -> Self
    where
        S: Service<Request<Bytes>, Response = Response<Bytes>, Error = Error> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        Self(Arc::new(service))
    }

    /// Sends a request.
    pub(crate) fn send(&self, request: Request<Bytes>) -> CallFuture<Response<Bytes>> {
        match runtime::current() {
            Ok(_) => self.0.call(request),
            Err(NoRuntime(problem)) => {
                let error = Error::new(info_of(request.extensions()), ErrorKind::Config(problem));
                CallFuture::new(std::future::ready(Err(error)))
            }
        }
    }
}

impl Service<Request<Bytes>> for Stack {
    type Response = Response<Bytes>;
    type Error = Error;
    type Future = CallFuture<Response<Bytes>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        self.send(request)
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").finish_non_exhaustive()
    }
}

/// The layers of the default stack, ready to wrap a transport.
pub(crate) struct Layers {
    pub(crate) base_uri: BaseUriLayer,
    pub(crate) credentials: CredentialsLayer,
    pub(crate) timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) max_response_bytes: usize,
    pub(crate) retry: RetryLayer,
    pub(crate) rate_limit: RateLimitLayer,
    pub(crate) concurrency: Option<ConcurrencyLayer>,
}

impl Layers {
    /// Puts the layers around a transport.
    pub(crate) fn around<T: Transport>(self, transport: T) -> Stack
    where
        T::Future: 'static,
    {
        Stack::new(
            ServiceBuilder::new()
                // Outermost, so that it covers all attempts, their backoff, and waiting for a permit.
                .layer(DeadlineLayer::new(self.timeout))
                // Outside retries: a call keeps its permit during the backoff, so an outage does not let more calls in.
                .option_layer(self.concurrency)
                .layer(self.retry)
                // Inside retries, so that they queue at the gate like other calls.
                .layer(self.rate_limit)
                .layer(self.credentials)
                // Inside the gate, so that waiting there does not count as part of the attempt.
                .layer(DeadlineLayer::per_attempt(self.attempt_timeout))
                .layer(CollectLayer::new(self.max_response_bytes))
                .layer(self.base_uri)
                .service(transport),
        )
    }

    /// Puts the layers around the default transport.
    #[cfg(feature = "reqwest")]
    pub(crate) fn around_default(self) -> Result<Stack, ConfigError> {
        let transport = super::transport::ReqwestTransport::new();
        Ok(self.around(transport.map_err(|error| ConfigError::new("transport", error))?))
    }

    /// Puts the layers around the default transport.
    #[cfg(all(feature = "hyper", not(feature = "reqwest")))]
    pub(crate) fn around_default(self) -> Result<Stack, ConfigError> {
        let transport = super::transport::HyperTransport::new();
        Ok(self.around(transport.map_err(|error| ConfigError::new("transport", error))?))
    }

    /// Puts the layers around the default transport.
    #[cfg(not(any(feature = "hyper", feature = "reqwest")))]
    pub(crate) fn around_default(self) -> Result<Stack, ConfigError> {
        Err(ConfigError::new("transport", "not set; set one, or enable the feature `reqwest` or `hyper`"))
    }
}
