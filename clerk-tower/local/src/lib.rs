#![doc = include_str!("../README.md")]
//!
//! # In tests
//!
//! | for | use |
//! |---|---|
//! | a client without sockets | [`LocalClerk::client`], [`LocalClerk::client_builder`] |
//! | users and organizations | [`LocalClerk::user`], [`LocalClerk::organization`], [`LocalClerk::add_member`] |
//! | session tokens and cookies, expired ones too | [`LocalClerk::sign_in`] and the methods of [`LocalSession`] |
//! | API keys and machines | [`LocalClerk::api_key`], [`LocalClerk::machine`] |
//! | M2M and OAuth tokens | [`LocalClerk::m2m_token`], [`LocalClerk::oauth_token`] |
//! | webhooks of every change | [`LocalClerk::deliver_webhooks_to_service`], [`LocalClerk::deliver_webhooks_to`] |
//! | a single webhook | [`LocalClerk::webhook`] |
//! | failures | [`LocalClerk::fail_next`], [`LocalClerk::set_jwks_down`], [`LocalClerk::rotate_keys`] |
//! | counts of requests | [`LocalClerk::requests`], [`LocalClerk::requests_to`] |
//! | time | [`LocalClerk::with_clock`] and a [`ManualClock`](clerk_tower::clock::ManualClock) |
//! | the same data after a restart | [`LocalClerk::save`], [`LocalClerk::load`] |
//!
//! # In a browser
//!
//! After [`LocalClerk::serve`], the instance also serves browsers, without the secret key:
//!
//! | what | path |
//! |---|---|
//! | pages to sign in and to choose an organization | `/sign-in`, `/sign-up` |
//! | sign-out | `/sign-out` |
//! | the handshake, which renews an application's cookies | `/v1/client/handshake` |
//! | the Frontend API for small scripts | `/v1/dev_browser`, `/v1/client` and its sessions |
//! | the signing keys | `/.well-known/jwks.json` |
//! | images: initials on a colored background | `/images/{id}` |
//!
//! An application whose client comes from [`LocalServer::client_builder`], or from the variables of
//! [`LocalServer::env`], sends browsers to these pages. It then works in a browser as it does with Clerk: a session
//! token expires after a minute, and the next request for a page renews it with a handshake. After
//! [`LocalClerk::set_refresh_tokens`], browsers get refresh tokens too, and the application renews the cookies without a
//! redirect.
//!
//! There are no passwords: anyone who can open the pages can sign in as anyone. Therefore the server listens on
//! loopback addresses only, and serves browsers only under `localhost`, `127.0.0.1` and `[::1]`.
//!
//! The authorized party (`azp`) of a token from a handshake is the origin of its `redirect_url`, so applications can set
//! [`authorized_parties`](clerk_tower::ClerkBuilder::authorized_parties).

mod body;
mod changes;
mod claims;
mod client;
mod credentials;
mod delivery;
mod email;
mod error;
mod faults;
mod frontend;
mod keys;
mod local_body;
pub mod machine;
mod query;
mod random;
mod rfc3339;
mod router;
mod routes;
pub mod save;
pub mod seed;
pub mod server;
pub mod service;
pub mod session;
pub mod setup;
mod state;
mod table;
pub mod webhooks;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use clerk_core::{
    Timestamp,
    keys::{PublishableKey, SecretKey},
};
use http::{Response, StatusCode};

use self::{
    changes::StateGuard, delivery::Counts, faults::Faults, keys::SigningKey, state::State,
    webhooks::Subscription,
};
use clerk_tower::clock::{Clock, SystemClock};

pub use self::{
    local_body::LocalBody,
    machine::{
        LocalApiKey, LocalApiKeyBuilder, LocalM2mToken, LocalM2mTokenBuilder, LocalMachine,
        LocalMachineBuilder, LocalOAuthToken, LocalOAuthTokenBuilder,
    },
    server::LocalServer,
    session::LocalSession,
    setup::{LocalOrganization, LocalOrganizationBuilder, LocalUser, LocalUserBuilder},
    webhooks::{LocalWebhooks, WebhooksError},
};

type HttpResponse = Response<LocalBody>;

/// A Clerk instance in this process. Clones are cheap and share the instance.
///
/// ```
/// use clerk_local::LocalClerk;
///
/// let local = LocalClerk::seeded();
/// let token = local.sign_in("user_ada").organization("org_acme").token();
/// // `token` verifies against the keys of GET /jwks, until they are rotated.
/// # drop(token);
/// local.rotate_keys();
/// ```
#[derive(Clone)]
pub struct LocalClerk {
    shared: Arc<Shared>,
}

struct Shared {
    secret_key: SecretKey,
    publishable_key: PublishableKey,
    issuer: String,
    clock: Arc<dyn Clock>,
    key: Mutex<Arc<SigningKey>>,
    faults: Mutex<Faults>,
    state: Mutex<State>,
    /// The secret with its prefix `whsec_`.
    webhook_secret: String,
    subscription: Mutex<Option<Subscription>>,
    webhook_counts: Counts,
}

/// The parts of an instance that are saved.
struct Parts {
    secret_key: SecretKey,
    publishable_key: PublishableKey,
    /// The secret with its prefix `whsec_`.
    webhook_secret: String,
    key: SigningKey,
    state: State,
}

impl LocalClerk {
    /// Creates an empty instance with new keys. Generating the RSA key takes a moment.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(SystemClock)
    }

    /// Creates an instance with the people and the organization of [`seed`].
    #[must_use]
    pub fn seeded() -> Self {
        Self::new().seed()
    }

    /// Creates an empty instance with another clock, for example a [`ManualClock`](clerk_tower::clock::ManualClock), with
    /// which tokens expire without waiting.
    #[must_use]
    pub fn with_clock(clock: impl Clock) -> Self {
        let host = format!("local-{}.clerk.accounts.dev", random::string(8));
        let encoded = BASE64_STANDARD.encode(format!("{host}$"));
        let parts = Parts {
            secret_key: random::until_ok(|| format!("sk_test_{}", random::string(40)).parse()),
            publishable_key: random::until_ok(|| format!("pk_test_{encoded}").parse()),
            webhook_secret: format!("whsec_{}", BASE64_STANDARD.encode(random::string(24))),
            key: SigningKey::generate(),
            state: State::default(),
        };
        Self::from_parts(parts, clock)
    }

    fn from_parts(parts: Parts, clock: impl Clock) -> Self {
        let Parts { secret_key, publishable_key, webhook_secret, key, mut state } = parts;
        let issuer = format!("https://{}", publishable_key.frontend_api());
        state.issuer.clone_from(&issuer);
        Self {
            shared: Arc::new(Shared {
                secret_key,
                publishable_key,
                issuer,
                clock: Arc::new(clock),
                key: Mutex::new(Arc::new(key)),
                faults: Mutex::default(),
                state: Mutex::new(state),
                webhook_secret,
                subscription: Mutex::default(),
                webhook_counts: Counts::default(),
            }),
        }
    }

    /// Adds the people and the organization of [`seed`].
    #[must_use]
    pub fn seed(self) -> Self {
        seed::populate(&self);
        self
    }

    /// Returns the secret key that requests need. Every instance has its own.
    #[must_use]
    pub fn secret_key(&self) -> &SecretKey {
        &self.shared.secret_key
    }

    /// Returns the publishable key. It contains the name of a host that does not exist, `….clerk.accounts.dev`. A
    /// client with only this key sends browsers to that host for their handshakes; a client of
    /// [`LocalServer::client_builder`] sends them to the server.
    #[must_use]
    pub fn publishable_key(&self) -> &PublishableKey {
        &self.shared.publishable_key
    }

    /// Returns the `iss` of tokens: `https://` and the host of the publishable key.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.shared.issuer
    }

    /// Returns the public key set as JSON, as `GET /jwks` and the address `/.well-known/jwks.json` return it.
    #[must_use]
    pub fn jwks(&self) -> String {
        serde_json::json!({ "keys": [self.key().jwk()] }).to_string()
    }

    /// Returns the current public key as PEM, for `CLERK_JWT_KEY` or
    /// [`ClerkBuilder::jwt_key`](clerk_tower::ClerkBuilder::jwt_key).
    #[must_use]
    pub fn jwt_key(&self) -> String {
        self.key().pem()
    }

    /// Returns the ID of the current signing key, `ins_…`.
    #[must_use]
    pub fn key_id(&self) -> String {
        self.key().kid().to_owned()
    }

    /// Replaces the signing key. The new key has a new ID, and the old one is no longer in `GET /jwks`.
    pub fn rotate_keys(&self) {
        let key = Arc::new(SigningKey::generate());
        *lock(&self.shared.key) = key;
    }

    /// Sets whether every `GET /jwks` and `GET /.well-known/jwks.json` fails with status 503. The default is false.
    pub fn set_jwks_down(&self, down: bool) {
        self.faults().jwks_down = down;
    }

    /// Sets whether handshakes set refresh tokens. The default is false. With a refresh token, an application renews a
    /// browser's cookies by `POST /sessions/{id}/refresh`, without a redirect.
    pub fn set_refresh_tokens(&self, on: bool) {
        self.state().clients.refreshes = on;
    }

    /// Lets the next `requests` requests of any kind fail with `status`; 0 ends the failures. Status 429 comes with
    /// `Retry-After: 1`.
    pub fn fail_next(&self, requests: u64, status: StatusCode) {
        self.faults().fail_next(requests, status);
    }

    /// Returns the number of requests so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.faults().total()
    }

    /// Returns the number of requests so far with this method and path: `requests_to("GET", "/jwks")`. Queries and the
    /// prefix `/v1` are ignored. Only the first 10,000 combinations of method and path are counted.
    #[must_use]
    pub fn requests_to(&self, method: &str, path: &str) -> u64 {
        self.faults().requests_to(method, path)
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    fn key(&self) -> Arc<SigningKey> {
        Arc::clone(&lock(&self.shared.key))
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.shared.faults)
    }

    fn state(&self) -> StateGuard<'_> {
        StateGuard::new(self, lock(&self.shared.state))
    }
}

/// Ignores poisoning: no code leaves the data half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for LocalClerk {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LocalClerk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalClerk")
            .field("publishable_key", &self.shared.publishable_key)
            .finish_non_exhaustive()
    }
}
