//! [`Clerk`]: the client of one instance.
//!
//! ```no_run
//! use clerk_core::api::users;
//! use clerk_tower::Clerk;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let clerk = Clerk::from_env()?; // CLERK_SECRET_KEY
//! let user = clerk.send(users::get("user_1")).await?;
//! println!("{}", user.full_name().unwrap_or_default());
//! # Ok(()) }
//! ```

mod builder;
mod service;
mod stream;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use clerk_core::{Operation, Timestamp, authenticate::Authenticator, page::Paged};
use http::Response;
use tower::ServiceExt as _;

pub(crate) use self::builder::Setting;
pub use self::{
    builder::{ClerkBuilder, ConfigError},
    service::SendFuture,
    stream::PageStream,
};
use crate::{Error, ErrorKind, clock::Clock, jwks::KeyStore, proxy::ProxyBuilder, stack::Stack, telemetry};

/// The client of one Clerk instance: its keys, its connections, its key set.
///
/// A clone is a reference count and shares everything. It is also a [`Service`](tower_service::Service) for
/// every [`Operation`].
#[derive(Clone)]
pub struct Clerk(Arc<Inner>);

struct Inner {
    stack: Stack,
    keys: KeyStore,
    authenticator: Authenticator,
    clock: Arc<dyn Clock>,
    proxy: ProxyBuilder,
}

impl Clerk {
    /// Starts a client by hand. See [`ClerkBuilder`].
    pub fn builder() -> ClerkBuilder {
        ClerkBuilder::new()
    }

    /// A client from the environment:
    ///
    /// | variable | |
    /// |---|---|
    /// | `CLERK_SECRET_KEY` | required, `sk_test_…` or `sk_live_…` |
    /// | `CLERK_PUBLISHABLE_KEY` | `pk_test_…` or `pk_live_…`: the names of this instance's cookies |
    /// | `CLERK_JWT_KEY` | the instance's public key as PEM: session tokens are verified without the network |
    /// | `CLERK_MACHINE_SECRET_KEY` | `ak_…`, for the operations that take a machine's key |
    /// | `CLERK_API_URL` | `https://api.clerk.com` unless set |
    /// | `CLERK_API_VERSION` | the path's first segment, `v1` unless set |
    /// | `CLERK_FAPI_URL` | where the Frontend API proxy sends requests on to; by the publishable key unless set |
    ///
    /// An empty variable counts as not set.
    ///
    /// # Errors
    /// [`ConfigError`] names the variable and what is wrong with it, and never repeats a key.
    pub fn from_env() -> Result<Self, ConfigError> {
        ClerkBuilder::from_env()?.build()
    }

    /// Carries out one operation.
    ///
    /// # Errors
    /// [`Error`] says in which phase it failed, and whether the call may have taken effect.
    pub async fn send<O: Operation>(&self, operation: O) -> Result<O::Output, Error> {
        let result = self
            .exchange(&operation)
            .await
            .and_then(|response| O::decode(&response).map_err(|error| Error::from_response(O::INFO, error)));
        telemetry::called(O::INFO.id, result.as_ref().err());
        result
    }

    /// The items of a list, page after page. The operation's own `limit` is the size of a page, 100 unless set;
    /// its `offset` is where to begin.
    ///
    /// ```no_run
    /// use clerk_core::api::users;
    /// use futures_util::TryStreamExt as _;
    ///
    /// # async fn run(clerk: clerk_tower::Clerk) -> Result<(), clerk_tower::Error> {
    /// let mut users = clerk.stream(users::list().order_by("created_at"));
    /// while let Some(user) = users.try_next().await? {
    ///     println!("{}", user.id);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn stream<O>(&self, operation: O) -> PageStream<O>
    where
        O: Paged + Clone + Send + Sync + 'static,
        O::Item: Send + 'static,
    {
        PageStream::new(self.clone(), operation)
    }

    /// Sends an operation and returns Clerk's answer as it came, whatever its status.
    pub(crate) async fn exchange<O: Operation>(&self, operation: &O) -> Result<Response<Bytes>, Error> {
        exchange(self.0.stack.clone(), operation).await
    }

    /// The keys that session tokens are verified with.
    #[must_use]
    pub fn keys(&self) -> &KeyStore {
        &self.0.keys
    }

    /// The rules by which incoming requests are judged.
    pub(crate) fn authenticator(&self) -> &Authenticator {
        &self.0.authenticator
    }

    /// The beginning of this instance's Frontend API proxy.
    pub(crate) fn proxy(&self) -> ProxyBuilder {
        self.0.proxy.clone()
    }

    /// Whether the two are clones of one client.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The time on this client's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}

/// Builds an operation's request and sends it through `stack`.
pub(crate) async fn exchange<O: Operation>(stack: Stack, operation: &O) -> Result<Response<Bytes>, Error> {
    let request = operation.request().map_err(|error| Error::new(Some(O::INFO), ErrorKind::Build(error)))?;
    stack.oneshot(request).await
}

/// Shows nothing of the configuration.
impl fmt::Debug for Clerk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clerk").finish_non_exhaustive()
    }
}
