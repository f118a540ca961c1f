use std::{fmt, sync::Arc};

use bytes::Bytes;
use clerk_core::{Operation, credential::SatisfiedBy, keys::MachineSecretKey, page::Paged};
use http::Response;

use super::{Clerk, ClerkBuilder};
use crate::{
    Error, PageStream,
    client::{
        ConfigError,
        cache::{Cache, Cacheable},
        options::CallOptions,
    },
};

/// The client of one machine: it sends operations that accept a machine's secret key.
///
/// Get one from [`MachineClerk::from_env`] in a program that is only the machine, from [`Clerk::as_machine`] where both
/// keys are known, or from [`ClerkBuilder::build_machine`]. A clone is a reference count. It is also a
/// [`Service`](tower_service::Service) for the operations it sends.
///
/// ```no_run
/// use clerk_core::api::m2m;
/// use clerk_tower::MachineClerk;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let machine = MachineClerk::from_env()?; // CLERK_MACHINE_SECRET_KEY
/// let token = machine.send(m2m::create_token().seconds_until_expiration(60)).await?;
/// # let _ = token; Ok(()) }
/// ```
///
/// An operation that needs the instance's secret key does not compile:
///
/// ```compile_fail,E0277
/// # async fn run(machine: clerk_tower::MachineClerk) -> Result<(), clerk_tower::Error> {
/// machine.send(clerk_core::api::users::get("user_1")).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct MachineClerk(Clerk);

impl MachineClerk {
    /// Builds a client from the environment: `CLERK_MACHINE_SECRET_KEY`, which is required, and `CLERK_API_URL` and
    /// `CLERK_API_VERSION`, as in [`Clerk::from_env`]. The instance's keys are not read.
    ///
    /// # Errors
    /// [`ConfigError`] names the variable and what is wrong with it, and never repeats a key.
    pub fn from_env() -> Result<Self, ConfigError> {
        ClerkBuilder::machine_from_env().build_machine()
    }

    /// The same client, if it has a machine's secret key.
    pub(super) fn of(clerk: Clerk) -> Result<Self, ConfigError> {
        if clerk.shared.has_machine_key {
            return Ok(Self(clerk));
        }
        Err(ConfigError::new("machine_secret_key", "not set; this client was built with only the secret key"))
    }

    /// The client underneath. It may have no secret key.
    pub(crate) fn client(&self) -> &Clerk {
        &self.0
    }

    /// Sends an operation with the machine's secret key.
    ///
    /// # Errors
    /// [`Error`] says in which phase it failed, and whether the call may have taken effect.
    pub async fn send<O>(&self, operation: O) -> Result<O::Output, Error>
    where
        O: Operation<Credential: SatisfiedBy<MachineSecretKey>>,
    {
        self.0.backend.send(&operation, O::Credential::SENT).await
    }

    /// Sends an operation, and returns the value together with Clerk's response, as [`Clerk::send_raw`] does.
    ///
    /// # Errors
    /// The same as those of [`send`](Self::send).
    pub async fn send_raw<O>(&self, operation: O) -> Result<(O::Output, Response<Bytes>), Error>
    where
        O: Operation<Credential: SatisfiedBy<MachineSecretKey>>,
    {
        self.0.backend.send_raw(&operation, O::Credential::SENT).await
    }

    /// Sends an operation that reads, or takes its value from the cache, as [`Clerk::cached`] does.
    ///
    /// # Errors
    /// The same as those of [`send`](Self::send).
    pub async fn cached<O>(&self, operation: O) -> Result<Arc<O::Output>, Error>
    where
        O: Operation<Credential: SatisfiedBy<MachineSecretKey>, Output: Send + Sync + 'static> + Cacheable,
    {
        self.0.backend.cached(operation, O::Credential::SENT).await
    }

    /// Returns the response cache, which is that of the [`Clerk`] that this client comes from.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        self.0.cache()
    }

    /// Returns the same client with other options for its calls; everything else is shared.
    pub fn with(&self, options: CallOptions) -> Self {
        Self(self.0.with(options))
    }

    /// Streams the items of a list, page after page, as [`Clerk::stream`] does.
    pub fn stream<O>(&self, operation: O) -> PageStream<O>
    where
        O: Paged<Credential: SatisfiedBy<MachineSecretKey>> + Clone + Send + Sync + 'static,
        O::Item: Send + 'static,
    {
        self.0.backend.stream(operation, O::Credential::SENT)
    }
}

/// Shows nothing of the configuration.
impl fmt::Debug for MachineClerk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineClerk").finish_non_exhaustive()
    }
}
