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
//!
//! Operations say in their types which kind of key they are sent with. [`Clerk`] sends what the instance's
//! secret key satisfies, [`MachineClerk`] what a machine's secret key satisfies; anything else does not compile.
//! They are two types and not one with a parameter, because a machine's client is no half of the other: it
//! judges no requests, has no key set, and is made from another variable. Both use the same stack.
//!
//! ```compile_fail,E0277
//! # use clerk_core::api::m2m;
//! # async fn run(clerk: clerk_tower::Clerk) -> Result<(), clerk_tower::Error> {
//! clerk.send(m2m::create_token()).await?; // needs a machine's secret key
//! # Ok(()) }
//! ```
//!
//! A function that sends any operation passes the bound on. What has to send every operation whatever its
//! kind, as a test of all of them does, uses a [`stack`](crate::stack) directly; there the
//! [`credentials`](crate::credentials) layer chooses when the request is sent.
//!
//! ```no_run
//! use clerk_core::{Operation, credential::{SatisfiedBy, SecretKey}};
//! use clerk_tower::{Clerk, Error};
//!
//! async fn send<O>(clerk: &Clerk, operation: O) -> Result<O::Output, Error>
//! where
//!     O: Operation<Credential: SatisfiedBy<SecretKey>>,
//! {
//!     clerk.send(operation).await
//! }
//! ```

mod builder;
mod machine;
mod service;
mod stream;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use clerk_core::{
    Operation, Timestamp,
    authenticate::{AuthenticateOptions, Authenticator},
    credential::{SatisfiedBy, SecretKey},
    operation::Credential,
    page::Paged,
    webhook::Verifier,
};
use http::{Method, Request, Response};
use tower::ServiceExt as _;

pub(crate) use self::builder::Setting;
pub use self::{
    builder::{ClerkBuilder, ConfigError},
    machine::MachineClerk,
    service::SendFuture,
    stream::PageStream,
};
use crate::{
    Error, ErrorKind, authenticate::MachineTokens, cache::Cache, clock::Clock, error::Attempts,
    jwks::KeyStore, notices::Notices, options::CallOptions, proxy::ProxyBuilder, stack::Stack, telemetry,
};

/// The client of one Clerk instance: its keys, its connections, its key set.
///
/// A clone is a reference count and shares everything. It is also a [`Service`](tower_service::Service) for
/// every [`Operation`] that is sent with a secret key. For the others, see [`MachineClerk`].
#[derive(Clone)]
pub struct Clerk {
    shared: Arc<Inner>,
    options: CallOptions,
}

struct Inner {
    stack: Stack,
    cache: Cache,
    keys: KeyStore,
    options: AuthenticateOptions,
    authenticator: Authenticator,
    webhooks: Option<Verifier>,
    clock: Arc<dyn Clock>,
    proxy: ProxyBuilder,
    has_machine_key: bool,
    timeout: Duration,
    machine_tokens: Option<MachineTokens>,
    notices: Notices,
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
    /// | `CLERK_PROXY_URL` | where browsers reach the Frontend API through a proxy: a URL, or a path of this service |
    /// | `CLERK_SIGN_IN_URL` | the page where people sign in |
    /// | `CLERK_SIGN_UP_URL` | the page where people sign up |
    /// | `CLERK_IS_SATELLITE` | `true` on a satellite domain |
    /// | `CLERK_DOMAIN` | the satellite's domain |
    /// | `CLERK_MACHINE_SECRET_KEY` | `ak_…`, for [`Clerk::as_machine`] |
    /// | `CLERK_WEBHOOK_SIGNING_SECRET` | `whsec_…`, of the webhook endpoint; several, while they change, with spaces between |
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

    /// The client with the machine's secret key instead, over the same connections.
    ///
    /// # Errors
    /// When this client was built without a machine's secret key.
    pub fn as_machine(&self) -> Result<MachineClerk, ConfigError> {
        MachineClerk::of(self.clone())
    }

    /// Carries out one operation with the instance's secret key.
    ///
    /// # Errors
    /// [`Error`] says in which phase it failed, and whether the call may have taken effect.
    pub async fn send<O>(&self, operation: O) -> Result<O::Output, Error>
    where
        O: Operation<Credential: SatisfiedBy<SecretKey>>,
    {
        self.carry(&operation, O::Credential::SENT).await
    }

    /// Carries out one operation, and gives Clerk's answer as it came beside the value: its status, headers, and
    /// bytes.
    ///
    /// # Errors
    /// The same as those of [`send`](Self::send).
    pub async fn send_raw<O>(&self, operation: O) -> Result<(O::Output, Response<Bytes>), Error>
    where
        O: Operation<Credential: SatisfiedBy<SecretKey>>,
    {
        self.carry_raw(&operation, O::Credential::SENT).await
    }

    /// Carries out one operation that reads, or takes its answer from the [cache](crate::cache): the value was read
    /// once, and all callers share it.
    ///
    /// A program that does so with an operation that does not read is not built:
    ///
    /// ```compile_fail,E0080
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let clerk = clerk_tower::Clerk::from_env()?;
    /// clerk.cached(clerk_core::api::users::delete("user_1")).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The same as those of [`send`](Self::send).
    pub async fn cached<O>(&self, operation: O) -> Result<Arc<O::Output>, Error>
    where
        O: Operation<Credential: SatisfiedBy<SecretKey>, Output: Send + Sync + 'static> + 'static,
    {
        self.recall(&operation, O::Credential::SENT).await
    }

    /// The answers that are kept, to forget some of them, and to see how many are asked for again.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.shared.cache
    }

    /// The settings of this handle's calls, to change some of them:
    /// `clerk.with(clerk.options().clone().max_attempts(1))`.
    pub const fn options(&self) -> &CallOptions {
        &self.options
    }

    /// The same client with other settings for its calls; everything else is shared.
    pub fn with(&self, options: CallOptions) -> Self {
        Self { options, ..self.clone() }
    }

    /// Carries out one operation with this kind of key.
    async fn carry<O: Operation>(&self, operation: &O, credential: Credential) -> Result<O::Output, Error> {
        Ok(self.carry_raw(operation, credential).await?.0)
    }

    async fn carry_raw<O: Operation>(
        &self,
        operation: &O,
        credential: Credential,
    ) -> Result<(O::Output, Response<Bytes>), Error> {
        let call = telemetry::Call::start(O::INFO);
        let result = call.during(self.transmit(operation, credential)).await;
        match &result {
            Ok((_, response)) => call.end(Ok(response.status()), attempts(response)),
            Err(error) => call.end(Err(error), error.all_attempts()),
        }
        result
    }

    async fn transmit<O: Operation>(
        &self,
        operation: &O,
        credential: Credential,
    ) -> Result<(O::Output, Response<Bytes>), Error> {
        let request = build(operation, credential, Some(&self.options))?;
        let writing = self.shared.cache.writing(O::INFO, request.uri());
        let response = self.shared.stack.clone().oneshot(request).await;
        let result = response.and_then(|response| match O::decode(&response) {
            Ok(value) => Ok((value, response)),
            Err(error) => Err(Error::from_response(O::INFO, error).after(attempts(&response))),
        });
        if let Some(writing) = writing {
            writing.ended(result.as_ref().err());
        }
        result
    }

    /// Carries out one operation that reads, or takes its answer from the cache.
    async fn recall<O>(&self, operation: &O, credential: Credential) -> Result<Arc<O::Output>, Error>
    where
        O: Operation<Output: Send + Sync + 'static> + 'static,
    {
        const { assert!(matches!(O::INFO.method, Method::GET), "only what reads, with GET, can be cached") };
        let request = build(operation, credential, None)?;
        if self.shared.cache.takes(&request, &self.options) {
            return self.shared.cache.get::<O>(request, credential, &self.options).await;
        }
        self.carry(operation, credential).await.map(Arc::new)
    }

    /// Carries out an operation that a decision waits for, with whichever of this client's keys it takes.
    pub(crate) async fn ask<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        self.carry(operation, O::INFO.credential).await
    }

    /// The items of a list, page after page. The operation's own `limit` is the size of a page, 100 unless set;
    /// its `offset` is where to begin.
    ///
    /// Pages are asked for by offset. While things are added or removed, the list moves under such pages: items
    /// are skipped, or come twice. Users in the order of creation, which is theirs unless `order_by` says
    /// another, are asked for by the last user before the page, so that none is skipped or comes twice.
    /// Should that last user be deleted before the next page is asked for, Clerk may refuse the page; then
    /// [`PageStream::offset`] says where to go on.
    ///
    /// ```no_run
    /// use clerk_core::api::users;
    /// use futures_util::TryStreamExt as _;
    ///
    /// # async fn run(clerk: clerk_tower::Clerk) -> Result<(), clerk_tower::Error> {
    /// let mut users = clerk.stream(users::list().order_by("+created_at"));
    /// while let Some(user) = users.try_next().await? {
    ///     println!("{}", user.id);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn stream<O>(&self, operation: O) -> PageStream<O>
    where
        O: Paged<Credential: SatisfiedBy<SecretKey>> + Clone + Send + Sync + 'static,
        O::Item: Send + 'static,
    {
        PageStream::new(self.clone(), O::Credential::SENT, operation)
    }

    /// The keys that session tokens are verified with.
    #[must_use]
    pub fn keys(&self) -> &KeyStore {
        &self.shared.keys
    }

    /// The rules by which incoming requests are judged, to make a layer with other ones:
    /// [`AuthenticateLayer::with_options`](crate::authenticate::AuthenticateLayer::with_options).
    pub fn authenticate_options(&self) -> AuthenticateOptions {
        self.shared.options.clone()
    }

    /// The same, checked.
    pub(crate) fn authenticator(&self) -> &Authenticator {
        &self.shared.authenticator
    }

    /// How long a call may take in all, and so may all calls of one decision.
    pub(crate) fn timeout(&self) -> Duration {
        self.shared.timeout
    }

    /// The opaque tokens that are remembered, if they may be.
    pub(crate) fn machine_tokens(&self) -> Option<&MachineTokens> {
        self.shared.machine_tokens.as_ref()
    }

    /// What was said about the configuration.
    pub(crate) fn notices(&self) -> &Notices {
        &self.shared.notices
    }

    /// The beginning of this instance's Frontend API proxy.
    pub(crate) fn proxy(&self) -> ProxyBuilder {
        self.shared.proxy.clone().forwarded(self.shared.options.proxy_settings().forwarded.clone())
    }

    /// Whether the two are clones of one client.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// What checks webhooks, with the secrets that the client was built with; `None` without any. See
    /// [`webhook`](crate::webhook) for who uses it.
    #[must_use]
    pub fn webhook_verifier(&self) -> Option<&Verifier> {
        self.shared.webhooks.as_ref()
    }

    /// The time on this client's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }
}

/// Builds an operation's request, sends it through `stack` with this kind of key, and returns Clerk's answer as
/// it came, whatever its status.
pub(crate) async fn exchange<O: Operation>(
    stack: Stack,
    operation: &O,
    credential: Credential,
    options: Option<&CallOptions>,
) -> Result<Response<Bytes>, Error> {
    stack.oneshot(build(operation, credential, options)?).await
}

fn build<O: Operation>(
    operation: &O,
    credential: Credential,
    options: Option<&CallOptions>,
) -> Result<Request<Bytes>, Error> {
    let mut request =
        operation.request().map_err(|error| Error::new(Some(O::INFO), ErrorKind::Build(error)))?;
    request.extensions_mut().insert(credential);
    if let Some(options) = options.filter(|options| !options.is_empty()) {
        request.extensions_mut().insert(options.clone());
    }
    Ok(request)
}

/// How often the call was sent that an answer is for.
pub(crate) fn attempts(response: &Response<Bytes>) -> Attempts {
    response.extensions().get().copied().unwrap_or_default()
}

/// Shows nothing of the configuration.
impl fmt::Debug for Clerk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clerk").finish_non_exhaustive()
    }
}
