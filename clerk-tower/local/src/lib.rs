#![cfg_attr(docsrs, feature(doc_cfg))]
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
//! | OAuth applications, and the provider's settings | [`LocalClerk::oauth_application`] |
//! | what users have, and how they sign in and up | [`LocalClerk::set_attribute`] and the rest of [`settings`] |
//! | JWT templates | [`LocalClerk::jwt_template`] |
//! | plans and subscriptions | [`LocalClerk::plan`], [`LocalClerk::subscribe`] |
//! | webhooks of every change | [`LocalClerk::deliver_webhooks_to_service`], [`LocalClerk::deliver_webhooks_to`] |
//! | a single webhook | [`LocalClerk::webhook`] |
//! | failures | [`LocalClerk::inject`], [`LocalClerk::rotate_keys`] |
//! | emails and SMS messages "sent" | [`LocalClerk::messages`], [`LocalClerk::last_message_to`] |
//! | what was requested | [`LocalClerk::requests`] |
//! | a fresh start for each test | [`LocalClerk::snapshot`], [`LocalClerk::restore`] |
//! | sign-in with a link in an email | [`LocalClerk::set_email_links`] |
//! | keys, time | [`LocalClerk::builder`] and a [`ManualClock`](clerk_tower::clock::ManualClock) |
//! | the same data after a restart | [`LocalClerkBuilder::file`], [`LocalClerk::save`], [`LocalClerk::load`] |
//!
//! # In a browser
//!
//! If it is [served](builder::LocalClerkBuilder::serve), the instance also serves browsers, without the secret key:
//!
//! | what | path |
//! |---|---|
//! | pages to sign in and to choose an organization | `/sign-in`, `/sign-up` |
//! | sign-out | `/sign-out` |
//! | the handshake, which renews an application's cookies | `/v1/client/handshake` |
//! | the Frontend API, for Clerk's JavaScript | `/v1/client`, `/v1/me`, `/v1/organizations` and so on |
//! | the built-in social provider | `/social/{provider}` |
//! | the OAuth provider | `/oauth/authorize` and so on, see [`oauth`] |
//! | the signing keys | `/.well-known/jwks.json` |
//! | images: initials on a colored background | `/images/{id}` |
//!
//! An application whose client comes from [`LocalServer::client_builder`], or from the variables of
//! [`LocalServer::env`], sends browsers to these pages. It then works in a browser as it does with Clerk: a session
//! token expires after a minute, and the next request for a page renews it with a handshake. After
//! [`LocalClerk::set_refresh_tokens`], browsers get refresh tokens too, and the application renews the cookies without a
//! redirect.
//!
//! The pages ask for no passwords: anyone who can open them can sign in as anyone. Therefore the server listens on
//! loopback addresses only, and serves browsers only under `localhost`, `127.0.0.1` and `[::1]`.
//!
//! The authorized party (`azp`) of a token from a handshake is the origin of its `redirect_url`, so applications can set
//! [`authorized_parties`](clerk_tower::ClerkBuilder::authorized_parties).

pub mod billing;
mod body;
pub mod builder;
mod changes;
mod claims;
mod client;
mod cookies;
mod cow_map;
mod credentials;
mod delivery;
mod delivery_log;
mod email;
mod error;
pub mod faults;
mod frontend;
pub mod journal;
mod json;
pub mod jwt_template;
mod keep;
mod kept;
mod keys;
mod local_body;
pub mod machine;
mod multipart;
pub mod oauth;
pub mod outbox;
mod query;
mod random;
mod rfc3339;
mod router;
mod routes;
pub mod save;
mod scripts;
pub mod seed;
mod seed_file;
pub mod server;
pub mod service;
pub mod session;
pub mod settings;
pub mod setup;
mod shortcodes;
mod snapshot;
mod state;
mod table;
pub mod webhooks;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use clerk_core::{
    Timestamp,
    keys::{PublishableKey, SecretKey},
};
use http::Response;

use self::{
    changes::StateGuard,
    delivery::Deliveries,
    faults::Faults,
    journal::{Journal, OnRequest},
    keep::Keeper,
    keys::SigningKey,
    scripts::Scripts,
    state::State,
    webhooks::Subscription,
};
use clerk_tower::clock::{Clock, SystemClock};

pub use self::{
    billing::{LocalPlan, LocalPlanBuilder, LocalSubscriptionBuilder, LocalSubscriptionItem},
    builder::LocalClerkBuilder,
    faults::{Disconnected, Fault},
    journal::{LocalCaller, LocalRequest, LocalRequests},
    jwt_template::{LocalJwtTemplate, LocalJwtTemplateBuilder},
    local_body::LocalBody,
    machine::{
        LocalApiKey, LocalApiKeyBuilder, LocalM2mToken, LocalM2mTokenBuilder, LocalMachine,
        LocalMachineBuilder, LocalOAuthToken, LocalOAuthTokenBuilder,
    },
    oauth::{LocalOAuthApplication, LocalOAuthApplicationBuilder},
    outbox::LocalMessage,
    server::LocalServer,
    session::LocalSession,
    settings::{LocalAttribute, LocalRequirement, LocalSignUpMode},
    setup::{LocalOrganization, LocalOrganizationBuilder, LocalUser, LocalUserBuilder},
    snapshot::LocalSnapshot,
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
    journal: Mutex<Journal>,
    on_request: Option<OnRequest>,
    /// Empty until the instance is set up, so that a seed is saved once, and not entry by entry.
    keeper: OnceLock<Keeper>,
    scripts: Option<Scripts>,
    /// Whether browsers are served under addresses other than those of this computer.
    serves_any_address: bool,
    state: Mutex<State>,
    /// The secret with its prefix `whsec_`.
    webhook_secret: String,
    subscription: Mutex<Option<Subscription>>,
    deliveries: Arc<Deliveries>,
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

/// The parts of an instance that are not saved.
struct Options {
    clock: Arc<dyn Clock>,
    on_request: Option<OnRequest>,
    scripts: Option<Scripts>,
    serves_any_address: bool,
}

impl Default for Options {
    fn default() -> Self {
        let clock = Arc::new(SystemClock);
        Self { clock, on_request: None, scripts: None, serves_any_address: false }
    }
}

impl LocalClerk {
    /// Creates an empty instance in memory, with new keys. The RSA key is generated when it is first used.
    #[must_use]
    pub fn new() -> Self {
        Self::from_parts(Parts::new(None), Options::default())
    }

    /// Creates an instance in memory with the people and the organization of [`seed`].
    #[must_use]
    pub fn seeded() -> Self {
        let local = Self::new();
        seed::populate(&local);
        local
    }

    fn from_parts(parts: Parts, options: Options) -> Self {
        let Parts { secret_key, publishable_key, webhook_secret, key, mut state } = parts;
        let Options { clock, on_request, scripts, serves_any_address } = options;
        let issuer = publishable_key.frontend_api_url();
        state.issuer.clone_from(&issuer);
        state.now = state.own_time(clock.now());
        state.adopt_roles(state.now);
        Self {
            shared: Arc::new(Shared {
                secret_key,
                publishable_key,
                issuer,
                clock,
                key: Mutex::new(Arc::new(key)),
                faults: Mutex::default(),
                journal: Mutex::default(),
                on_request,
                keeper: OnceLock::new(),
                scripts,
                serves_any_address,
                state: Mutex::new(state),
                webhook_secret,
                subscription: Mutex::default(),
                deliveries: Arc::default(),
            }),
        }
    }

    /// Returns the secret key that requests need. Every instance has its own.
    #[must_use]
    pub fn secret_key(&self) -> &SecretKey {
        &self.shared.secret_key
    }

    /// Returns the publishable key. It contains the host of the Frontend API: the address on which the instance is served,
    /// or, in memory, a name that does not exist.
    #[must_use]
    pub fn publishable_key(&self) -> &PublishableKey {
        &self.shared.publishable_key
    }

    /// Returns the `iss` of tokens: the URL of the Frontend API that the publishable key names. It is the URL of the server,
    /// unless the instance is in memory or has another publishable key.
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
        self.record_change();
    }

    /// Sets whether handshakes set refresh tokens. The default is false. With a refresh token, an application renews a
    /// browser's cookies by `POST /sessions/{id}/refresh`, without a redirect.
    pub fn set_refresh_tokens(&self, on: bool) {
        self.state().clients.refreshes = on;
    }

    /// Returns the time of the instance. It locks the state, whose `now` is the same while it is locked.
    fn time(&self) -> Timestamp {
        self.state().now
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
