use std::fmt;

use clerk_core::{Timestamp, authenticate::AuthenticateOptions, webhook::Verifier};

use super::{Clerk, ClerkBuilder, MachineClerk};
use crate::{
    client::{ConfigError, cache::Cache},
    fleet::Membership,
    keys::KeyStore,
};

/// What authenticates for one Clerk instance, with or without its secret key: tokens, cookies, webhooks.
///
/// Public material is enough to verify tokens: the public key itself, the address of the key set, or the publishable key,
/// from which that address follows. So a service that only checks who calls needs no secret. Everything in
/// [`server`](crate::server) that authenticates requests or verifies webhooks takes one of these; a [`Clerk`] or a
/// [`MachineClerk`] is accepted too.
///
/// | | with the secret key | without |
/// |---|---|---|
/// | session tokens, claims, guards | yes | yes |
/// | cookies and handshakes | yes | with the publishable key; an expired cookie leads to a handshake, and is not refreshed |
/// | M2M and OAuth tokens as JWTs, JWT templates | yes | yes |
/// | opaque M2M and OAuth tokens | yes | 500 `clerk-secret-key-missing` |
/// | API keys | yes | an error when the client is built |
/// | webhooks | with their own secret | with their own secret |
/// | users, organizations, signing out, the admin API | with [`Clerk`] | they do not compile, or respond with 500 `clerk-secret-key-missing` |
///
/// Without the secret key, nothing but their address says which instance the fetched keys belong to. So the issuer (`iss`)
/// of every token is checked: it has to be the instance of the publishable key, or else the host of the address, unless
/// [`AuthenticateOptions::issuers`] says otherwise. A configured public key is itself the proof.
///
/// ```no_run
/// use clerk_tower::{ClerkVerifier, server::authenticate::AuthenticateLayer};
///
/// # fn main() -> Result<(), clerk_tower::ConfigError> {
/// let clerk = ClerkVerifier::from_env()?; // CLERK_PUBLISHABLE_KEY is enough
/// let layer = AuthenticateLayer::new(&clerk);
/// # let _ = layer; Ok(()) }
/// ```
///
/// It sends no operation:
///
/// ```compile_fail,E0599
/// # async fn run(clerk: clerk_tower::ClerkVerifier) -> Result<(), clerk_tower::Error> {
/// clerk.send(clerk_core::api::users::get("user_1")).await?;
/// # Ok(()) }
/// ```
///
/// A clone is a reference count.
#[derive(Clone)]
pub struct ClerkVerifier(Clerk);

impl ClerkVerifier {
    /// Builds the best that the variables of [`Clerk::from_env`] allow. One of these is required; the first that is set
    /// decides where the keys come from:
    ///
    /// 1. `CLERK_JWT_KEY`: the public key as PEM, or the key set as JSON
    /// 2. `CLERK_SECRET_KEY`: Clerk's API
    /// 3. `CLERK_JWKS_URL`: the address of the key set
    /// 4. `CLERK_PUBLISHABLE_KEY`: the address that follows from it
    ///
    /// A service that only receives webhooks needs only `CLERK_WEBHOOK_SIGNING_SECRET`.
    ///
    /// # Errors
    /// [`ConfigError`] names the variable and what is wrong with it, or what may be set if none is.
    pub fn from_env() -> Result<Self, ConfigError> {
        ClerkBuilder::from_env().build_verifier()
    }

    pub(super) const fn of(clerk: Clerk) -> Self {
        Self(clerk)
    }

    /// Returns the client that calls Clerk's API, if this was built with the secret key.
    #[must_use]
    pub fn as_clerk(&self) -> Option<&Clerk> {
        Some(&self.0).filter(|clerk| clerk.has_secret_key())
    }

    /// The client underneath. It may have no key.
    pub(crate) const fn client(&self) -> &Clerk {
        &self.0
    }

    /// Returns the keys that tokens are verified with.
    #[must_use]
    pub fn keys(&self) -> &KeyStore {
        self.0.keys()
    }

    /// Returns the options by which incoming requests are authenticated, to make a layer with different ones. See
    /// [`Clerk::authenticate_options`].
    pub fn authenticate_options(&self) -> AuthenticateOptions {
        self.0.authenticate_options()
    }

    /// Returns the verifier of webhook deliveries; `None` if this was built without a signing secret.
    #[must_use]
    pub fn webhook_verifier(&self) -> Option<&Verifier> {
        self.0.webhook_verifier()
    }

    /// Returns the response cache, which verified deliveries invalidate. Without the secret key it stays empty.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        self.0.cache()
    }

    /// Returns this client's membership of a [fleet](crate::fleet).
    #[must_use]
    pub fn fleet(&self) -> Membership<'_> {
        self.0.fleet()
    }

    /// Returns the time on this client's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.now()
    }
}

impl From<Clerk> for ClerkVerifier {
    fn from(clerk: Clerk) -> Self {
        Self(clerk)
    }
}

impl From<&Clerk> for ClerkVerifier {
    fn from(clerk: &Clerk) -> Self {
        Self(clerk.clone())
    }
}

impl From<&Self> for ClerkVerifier {
    fn from(verifier: &Self) -> Self {
        verifier.clone()
    }
}

impl From<&MachineClerk> for ClerkVerifier {
    fn from(machine: &MachineClerk) -> Self {
        Self(machine.client().clone())
    }
}

/// Shows nothing of the configuration.
impl fmt::Debug for ClerkVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClerkVerifier").finish_non_exhaustive()
    }
}
