//! A Clerk instance inside the process, for offline development and for tests.
//!
//! [`LocalClerk`] holds users, organizations, memberships and sessions in memory, mints genuine session
//! tokens with a key of its own, and answers the Backend API's operations on all of these, errors included.
//! It is a service, and so can be a client's transport; and it can be served on a loopback port, with pages on
//! which people sign in.
//!
//! Emulated are the operations on users (list, count, create, get, update, delete, ban, unban, lock, unlock,
//! metadata, and the memberships of one), organizations (list, create, get, update, delete and metadata),
//! organization memberships, sessions (list, create, get, revoke, refresh and create a token), the results of
//! handshakes, API keys, machines and M2M tokens (all of them), the verification of opaque OAuth access tokens, and
//! the key set, `GET /jwks`. Everything else answers with status 501 and says so.
//!
//! ```
//! use clerk_local::LocalClerk;
//!
//! let local = LocalClerk::seeded();
//! let token = local.sign_in("user_ada").organization("org_acme").token();
//! // `token` verifies against the keys under GET /jwks, until they are rotated.
//! # drop(token);
//! local.rotate_keys();
//! ```
//!
//! # In tests
//!
//! | what | with |
//! |---|---|
//! | a client without sockets | [`LocalClerk::client`], [`LocalClerk::client_builder`] |
//! | people and organizations | [`LocalClerk::user`], [`LocalClerk::organization`], [`LocalClerk::add_member`] |
//! | their tokens and cookies, also expired ones | [`LocalClerk::sign_in`] and what a [`LocalSession`] has |
//! | what machines show | [`LocalClerk::api_key`], [`LocalClerk::machine`], [`LocalClerk::m2m_token`], [`LocalClerk::oauth_token`] |
//! | webhooks of every change, or one by hand | [`LocalClerk::deliver_webhooks_to_service`], [`LocalClerk::webhook`] |
//! | failures | [`LocalClerk::fail_next`], [`LocalClerk::set_jwks_down`], [`LocalClerk::rotate_keys`] |
//! | time | [`LocalClerk::with_clock`] and a [`ManualClock`](clerk_tower::clock::ManualClock) |
//! | the same people after a restart | [`LocalClerk::save`], [`LocalClerk::load`] |
//!
//! ```
//! use clerk_core::api::users;
//! use clerk_local::LocalClerk;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), clerk_tower::Error> {
//! let local = LocalClerk::new();
//! let ada = local.user("Ada", "Lovelace").create();
//! let clerk = local.client(); // for the application that is tested
//! clerk.send(users::ban(&ada)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # In a browser
//!
//! [`LocalClerk::serve`] also answers what browsers ask, without the secret key:
//!
//! | what | where |
//! |---|---|
//! | pages to sign in and to choose an organization | `/sign-in`, `/sign-up` |
//! | signing out | `/sign-out` |
//! | the handshake, which renews an application's cookies | `/v1/client/handshake` |
//! | what a small script needs | `/v1/dev_browser`, `/v1/client`, `/v1/client/sessions/{id}/tokens`, `…/touch` and `…/remove` |
//! | the keys | `/.well-known/jwks.json` |
//! | pictures: initials on a colour | `/images/{id}` |
//!
//! [`LocalServer::client_builder`] begins a client that sends browsers there. With it an application works in a
//! browser as it does with Clerk: a session token lasts a minute, and the next page is renewed unseen. That takes a
//! handshake; after [`LocalClerk::set_refresh_tokens`], browsers get refresh tokens too, and the application renews
//! their cookies by itself.
//!
//! Anybody who can open the page can be anybody there: no password is asked for. That is why only this computer is
//! served, and only under its own names (`localhost`, `127.0.0.1`, `[::1]`).
//!
//! Applications that compare a page's origin with [`authorized_parties`](clerk_tower::ClerkBuilder::authorized_parties)
//! find it in the token: a handshake puts the origin of `redirect_url` there.

mod body;
mod changes;
mod claims;
mod client;
mod credentials;
mod delivery;
mod error;
mod faults;
mod frontend;
mod keys;
pub mod machine;
mod query;
mod random;
mod rfc3339;
mod routes;
pub mod save;
pub mod seed;
pub mod server;
pub mod service;
pub mod session;
pub mod setup;
mod state;
pub mod webhooks;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use clerk_core::{
    Timestamp,
    keys::{PublishableKey, SecretKey},
};
use http::{Response, StatusCode};
use http_body_util::Full;

use self::{
    changes::StateGuard, delivery::Counts, faults::Faults, keys::SigningKey, state::State,
    webhooks::Subscription,
};
use clerk_tower::clock::{Clock, SystemClock};

pub use self::{
    machine::{
        LocalApiKey, LocalApiKeyBuilder, LocalM2mToken, LocalM2mTokenBuilder, LocalMachine,
        LocalMachineBuilder, LocalOAuthToken, LocalOAuthTokenBuilder,
    },
    server::LocalServer,
    session::LocalSession,
    setup::{LocalOrganization, LocalOrganizationBuilder, LocalUser, LocalUserBuilder},
    webhooks::{LocalWebhooks, WebhooksError},
};

type HttpResponse = Response<Full<Bytes>>;

/// A Clerk instance inside the process. Cheap to clone; clones are the same instance.
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
    /// As text.
    webhook_secret: String,
    subscription: Mutex<Option<Subscription>>,
    webhook_counts: Counts,
}

/// What makes an instance the one it is.
struct Parts {
    secret_key: SecretKey,
    publishable_key: PublishableKey,
    /// As text.
    webhook_secret: String,
    key: SigningKey,
    state: State,
}

impl LocalClerk {
    /// An empty instance, with keys of its own. Making its RSA key takes a moment.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(SystemClock)
    }

    /// An instance with the people and the organization of [`seed`].
    #[must_use]
    pub fn seeded() -> Self {
        Self::new().seed()
    }

    /// An empty instance that takes the time from `clock`: a [`ManualClock`](clerk_tower::clock::ManualClock),
    /// for example, to let tokens expire without waiting.
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

    /// Adds the people and the organization of [`seed`], by value, for chaining.
    #[must_use]
    pub fn seed(self) -> Self {
        seed::populate(&self);
        self
    }

    /// The secret key that requests have to carry; another one for every instance.
    #[must_use]
    pub fn secret_key(&self) -> &SecretKey {
        &self.shared.secret_key
    }

    /// The publishable key, which holds a host that does not exist, `….clerk.accounts.dev`. A client that has this
    /// key alone sends browsers there for their handshakes; one of [`LocalServer::client_builder`] sends them to the
    /// server.
    #[must_use]
    pub fn publishable_key(&self) -> &PublishableKey {
        &self.shared.publishable_key
    }

    /// What session tokens carry as `iss`: `https://` and the host of the publishable key.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.shared.issuer
    }

    /// The id of the key that signs at present, `ins_…`.
    #[must_use]
    pub fn key_id(&self) -> String {
        self.key().kid().to_owned()
    }

    /// Replaces the signing key: the new one has a new id, and the old one is gone from `GET /jwks`.
    pub fn rotate_keys(&self) {
        let key = Arc::new(SigningKey::generate());
        *lock(&self.shared.key) = key;
    }

    /// Lets every `GET /jwks` fail with status 503, or no longer.
    pub fn set_jwks_down(&self, down: bool) {
        self.faults().jwks_down = down;
    }

    /// Lets handshakes hand out refresh tokens beside session tokens, or no longer; off by default. An application
    /// then renews the cookies of a browser by `POST /sessions/{id}/refresh`, without sending it around.
    pub fn set_refresh_tokens(&self, on: bool) {
        self.state().clients.refreshes = on;
    }

    /// Lets the next `requests` requests fail with `status`, whatever they ask for; 0 lets them succeed
    /// again. With status 429 they are told to come back in a second.
    pub fn fail_next(&self, requests: u64, status: StatusCode) {
        self.faults().fail_next(requests, status);
    }

    /// How many requests there have been.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.faults().total()
    }

    /// How many requests there have been with this method and this path, without its query, and with or
    /// without `/v1`: `requests_to("GET", "/jwks")`. Only the first 10 000 different ones are counted.
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

/// Nothing is ever left half-changed, so a lock that a panicking thread held is as good as any.
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
