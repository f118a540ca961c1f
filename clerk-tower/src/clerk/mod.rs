//! [`Clerk`]: the client of one Clerk instance.
//!
//! It joins the other modules: the backend from `client` that sends calls, the keys from `keys`, and the settings from
//! which `server` builds its layers. Those layers need one handle for all three.
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
//! An operation's type says which kind of key it needs. [`Clerk`] sends operations that accept the instance's secret
//! key, [`MachineClerk`] those that accept a machine's secret key; anything else does not compile. They are two types
//! and not one with a parameter, because neither client is a subset of the other: a machine's client authenticates no
//! browsers, and is configured by another variable. Both use the same backend.
//!
//! ```compile_fail,E0277
//! # use clerk_core::api::m2m;
//! # async fn run(clerk: clerk_tower::Clerk) -> Result<(), clerk_tower::Error> {
//! clerk.send(m2m::create_token()).await?; // needs a machine's secret key
//! # Ok(()) }
//! ```
//!
//! A generic function repeats the bound. Code that must send every operation whatever key it needs, such as a test of
//! all operations, uses a [`stack`](crate::client::stack) directly; there the
//! [credentials layer](crate::client::middleware::credentials) chooses the key when the request is sent.
//!
//! ```no_run
//! use clerk_core::{Operation, credential::SatisfiedBy, keys::SecretKey};
//! use clerk_tower::{Clerk, Error};
//!
//! async fn send<O>(clerk: &Clerk, operation: O) -> Result<O::Output, Error>
//! where
//!     O: Operation<Credential: SatisfiedBy<SecretKey>>,
//! {
//!     clerk.send(operation).await
//! }
//! ```

#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod decision_calls;
#[cfg(test)]
mod environment_tests;
mod machine;
mod service;
mod verifier;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use clerk_core::{
    Operation, Timestamp,
    authenticate::{AuthenticateOptions, Authenticator, OptionsError},
    credential::SatisfiedBy,
    keys::{PublishableKey, SecretKey},
    page::Paged,
    token::SessionClaims,
    webhook::{Delivery, Verifier},
};
use http::Response;

pub(crate) use self::decision_calls::DecisionCalls;
use self::decision_calls::Group;
pub use self::{builder::ClerkBuilder, machine::MachineClerk, verifier::ClerkVerifier};
use crate::{
    Error, ErrorKind, PageStream,
    client::{
        AllMisnamed, Backend, Config, ConfigError,
        cache::{Cache, Cacheable},
        options::CallOptions,
        revocations::Revoked,
        stack::Stack,
    },
    fleet::{Member, Membership},
    intake::Intake,
    keys::{KeyStore, MachineTokens},
    log_limiter::LogLimiter,
};

/// The client of one Clerk instance: its keys, its connections, its cache.
///
/// A clone is a reference count and shares everything. It is also a [`Service`](tower_service::Service) for every
/// [`Operation`] that accepts a secret key. For the others, see [`MachineClerk`].
///
/// Build one for each process, and keep it in the application's state:
///
/// ```no_run
/// use clerk_core::api::users;
/// use clerk_tower::{Clerk, server::authenticate::AuthenticateLayer};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let clerk = Clerk::from_env()?; // CLERK_SECRET_KEY
/// let layer = AuthenticateLayer::new(&clerk); // in axum, clerk_axum::ClerkLayer
///
/// let user = clerk.send(users::get("user_1")).await?;
/// let again = clerk.cached(users::get("user_1")).await?; // up to a minute old, or ten while Clerk is down
/// # let _ = (layer, user, again); Ok(()) }
/// ```
#[derive(Clone)]
pub struct Clerk {
    backend: Backend,
    shared: Arc<Inner>,
}

/// The services in [`server`](crate::server) are built from this.
struct Inner {
    keys: KeyStore,
    machine_tokens: Arc<MachineTokens>,
    decision_calls: DecisionCalls,
    options: AuthenticateOptions,
    authenticator: Authenticator,
    webhooks: Option<Verifier>,
    webhook_intake: Intake,
    has_machine_key: bool,
    publishable_key: Option<PublishableKey>,
    secret_key: Option<SecretKey>,
    misnamed: AllMisnamed,
    fapi_url: Option<String>,
    decision_timeout: Duration,
    log_limiter: LogLimiter,
    member: Option<Member>,
}

impl Clerk {
    /// Returns a builder with the default settings. See [`ClerkBuilder`].
    pub fn builder() -> ClerkBuilder {
        ClerkBuilder::new(Config::default())
    }

    /// Builds a client from the environment:
    ///
    #[doc = include_str!("environment.md")]
    ///
    /// # Errors
    /// [`ConfigError`] names the variable and what is wrong with it, and never repeats a key.
    pub fn from_env() -> Result<Self, ConfigError> {
        ClerkBuilder::from_env().build()
    }

    /// Returns a client that uses the machine's secret key, over the same connections.
    ///
    /// # Errors
    /// If this client was built without a machine's secret key.
    pub fn as_machine(&self) -> Result<MachineClerk, ConfigError> {
        MachineClerk::of(self.clone())
    }

    /// Sends an operation with the instance's secret key.
    ///
    /// # Errors
    /// [`Error`] says in which phase it failed, and whether the call may have taken effect.
    pub async fn send<O>(&self, operation: O) -> Result<O::Output, Error>
    where
        O: Operation<Credential: SatisfiedBy<SecretKey>>,
    {
        self.backend.send(&operation, O::Credential::SENT).await
    }

    /// Sends an operation, and returns the value together with Clerk's response (status, headers, and body).
    ///
    /// # Errors
    /// The same as those of [`send`](Self::send).
    pub async fn send_raw<O>(&self, operation: O) -> Result<(O::Output, Response<Bytes>), Error>
    where
        O: Operation<Credential: SatisfiedBy<SecretKey>>,
    {
        self.backend.send_raw(&operation, O::Credential::SENT).await
    }

    /// Sends an operation that reads, or takes its value from the [cache](crate::client::cache). The value is decoded
    /// once, and all callers share it.
    ///
    /// An operation that does not read, with `GET`, does not compile:
    ///
    /// ```compile_fail,E0277
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
        O: Operation<Credential: SatisfiedBy<SecretKey>, Output: Send + Sync + 'static> + Cacheable,
    {
        self.backend.cached(operation, O::Credential::SENT).await
    }

    /// Returns the response cache, to invalidate entries and to read its statistics.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        self.backend.cache()
    }

    /// Returns the options of this handle's calls, to change some of them:
    /// `clerk.with(clerk.options().clone().max_attempts(1))`.
    pub const fn options(&self) -> &CallOptions {
        self.backend.options()
    }

    /// Returns the same client with other options for its calls; everything else is shared.
    pub fn with(&self, options: CallOptions) -> Self {
        Self { backend: self.backend.with(options), shared: self.shared.clone() }
    }

    /// Sends an operation that a decision waits for, with whichever of this client's keys it accepts. Not sent if as many
    /// calls of its group are in flight as may be.
    pub(crate) async fn send_for_decision<O: Operation>(
        &self,
        operation: &O,
        group: Group,
    ) -> Result<O::Output, Error> {
        let Some(_call) = self.shared.decision_calls.begin(&group) else {
            return Err(Error::new(Some(O::INFO), ErrorKind::Overloaded));
        };
        self.backend.made_for(group.purpose).send(operation, O::INFO.credential).await
    }

    /// Streams the items of a list, page after page. The operation's own `limit` is the page size, which defaults to
    /// 100; its `offset` is where the stream starts.
    ///
    /// Pages are fetched by offset. If items are added or removed meanwhile, the list moves under the pages, and items
    /// are skipped or come twice. Users ordered by creation, which is the default of `order_by`, are fetched by cursor,
    /// so that none is skipped or comes twice. If the user at the cursor is deleted before the next page is fetched,
    /// Clerk may refuse the page; [`PageStream::offset`] then says where to continue.
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
        self.backend.stream(operation, O::Credential::SENT)
    }

    /// Returns the keys that session tokens are verified with.
    #[must_use]
    pub fn keys(&self) -> &KeyStore {
        &self.shared.keys
    }

    /// Returns the options by which incoming requests are authenticated, to make a layer with different ones:
    /// [`AuthenticateLayer::with_options`](crate::server::authenticate::AuthenticateLayer::with_options).
    pub fn authenticate_options(&self) -> AuthenticateOptions {
        self.shared.options.clone()
    }

    /// These options, with what follows from the keys that this client has, whoever made the options.
    pub(crate) fn pin(&self, options: AuthenticateOptions) -> Result<AuthenticateOptions, OptionsError> {
        let options = options
            .without_secret_key(!self.has_secret_key())
            .with_machine_secret_key(self.shared.has_machine_key);
        // Options that are made anew keep the client's issuers, unless they name others.
        let own = self.shared.options.accepted_issuers()?;
        if own.is_empty() || !options.accepted_issuers()?.is_empty() {
            return Ok(options);
        }
        Ok(options.issuers(own))
    }

    /// The stack that calls are sent through.
    pub(crate) fn stack(&self) -> &Stack {
        self.backend.stack()
    }

    pub(crate) fn has_secret_key(&self) -> bool {
        self.shared.secret_key.is_some()
    }

    /// The same options, checked.
    pub(crate) fn authenticator(&self) -> &Authenticator {
        &self.shared.authenticator
    }

    /// How long all calls of one decision may take together.
    pub(crate) fn decision_timeout(&self) -> Duration {
        self.shared.decision_timeout
    }

    /// The verifications of opaque machine tokens.
    pub(crate) fn machine_tokens(&self) -> &Arc<MachineTokens> {
        &self.shared.machine_tokens
    }

    /// Limits how often each cause is logged.
    pub(crate) fn log_limiter(&self) -> &LogLimiter {
        &self.shared.log_limiter
    }

    /// The instance's publishable key, if the client knows it.
    pub(crate) fn publishable_key(&self) -> Option<&PublishableKey> {
        self.shared.publishable_key.as_ref()
    }

    /// The instance's secret key as it was when the client was built, if the client has one.
    pub(crate) fn secret_key(&self) -> Option<&SecretKey> {
        self.shared.secret_key.as_ref()
    }

    /// Variables that are set under names that are not read, for errors about missing settings.
    pub(crate) fn misnamed(&self) -> &AllMisnamed {
        &self.shared.misnamed
    }

    /// The address that the Frontend API proxy forwards to, if it was set.
    pub(crate) fn fapi_url(&self) -> Option<&str> {
        self.shared.fapi_url.as_deref()
    }

    /// Whether the two are handles of one client.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.backend.is_same(&other.backend)
    }

    /// Whether a session of these claims, which were verified, was revoked a moment ago.
    pub(crate) fn is_revoked(&self, claims: &SessionClaims) -> bool {
        self.backend.revocations().refuse(claims)
    }

    /// Refuses what a verified delivery says has ended.
    pub(crate) fn revoke_by(&self, delivery: &Delivery) {
        if let Some(revoked) = Revoked::by_delivery(delivery, self.now()) {
            self.backend.revoke(&revoked);
        }
    }

    pub(crate) fn webhook_intake(&self) -> &Intake {
        &self.shared.webhook_intake
    }

    /// Makes sure that this process hears the others of its fleet, whichever runtime it began on.
    pub(crate) fn wake(&self) {
        self.shared.member.iter().for_each(Member::wake);
    }

    pub(crate) fn member(&self) -> Option<&Member> {
        self.shared.member.as_ref()
    }

    /// Returns this client's membership of a [fleet](crate::fleet): the state of its link.
    #[must_use]
    pub fn fleet(&self) -> Membership<'_> {
        Membership::of(self.shared.member.as_ref())
    }

    /// Returns the verifier of webhook deliveries; `None` if the client was built without a signing secret. See
    /// [`webhook`](crate::server::webhook) for the endpoint that uses it.
    #[must_use]
    pub fn webhook_verifier(&self) -> Option<&Verifier> {
        self.shared.webhooks.as_ref()
    }

    /// Returns the time on this client's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.backend.now()
    }
}

/// Shows nothing of the configuration.
impl fmt::Debug for Clerk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clerk").finish_non_exhaustive()
    }
}
