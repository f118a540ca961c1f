//! Creates instances: [`LocalClerk::builder`].

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use clerk_core::keys::{InstanceType, KeyError, PublishableKey, SecretKey, WebhookSecret};
use clerk_tower::clock::{Clock, SystemClock};
use tokio::net::TcpListener;

use crate::{
    LocalClerk, LocalRequest, LocalServer, Options, Parts,
    journal::OnRequest,
    keep::{self, KeptFile},
    keys::SigningKey,
    random, save,
    scripts::Scripts,
    seed, seed_file,
    state::State,
};

/// Builder of an instance, returned by [`LocalClerk::builder`].
///
/// [`build`](Self::build) creates an instance in memory, and [`serve`](Self::serve) one that is served over HTTP. Every
/// key that is not set is a new one. Errors of the setters are returned at the end.
///
/// ```
/// use clerk_local::LocalClerk;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// // In memory.
/// let local = LocalClerk::builder().secret_key("sk_test_e2e").seeded().build()?;
/// assert_eq!(local.secret_key().expose(), "sk_test_e2e");
///
/// // On a port. The publishable key names the address, so that browsers and SDKs find the server.
/// let server = LocalClerk::builder().seeded().serve(([127, 0, 0, 1], 0)).await?;
/// assert_eq!(server.local().publishable_key().frontend_api(), server.addr().to_string());
/// assert_eq!(server.local().issuer(), server.api_url());
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing exists until `build` or `serve`"]
pub struct LocalClerkBuilder {
    clock: Arc<dyn Clock>,
    secret_key: Option<SecretKey>,
    publishable_key: Option<PublishableKey>,
    webhook_secret: Option<String>,
    jwt_key: Option<SigningKey>,
    path: Option<PathBuf>,
    /// Whether the file is written, too.
    is_kept: bool,
    on_request: Option<OnRequest>,
    is_seeded: bool,
    seed: Option<String>,
    scripts: Option<PathBuf>,
    serves_any_address: bool,
    /// The first error of a setter.
    problem: Option<io::Error>,
}

impl LocalClerk {
    /// Starts an instance with a clock, keys, or data from a file. [`LocalClerk::new`] is the same without any of these.
    pub fn builder() -> LocalClerkBuilder {
        LocalClerkBuilder {
            clock: Arc::new(SystemClock),
            secret_key: None,
            publishable_key: None,
            webhook_secret: None,
            jwt_key: None,
            path: None,
            is_kept: false,
            on_request: None,
            is_seeded: false,
            seed: None,
            scripts: None,
            serves_any_address: false,
            problem: None,
        }
    }
}

impl LocalClerkBuilder {
    /// Sets the clock, for example a [`ManualClock`](clerk_tower::clock::ManualClock), with which tokens expire without
    /// waiting. Defaults to the system's clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the secret key, `sk_test_…`. A live key is an error: this is not an identity provider for production.
    pub fn secret_key(mut self, key: impl TryInto<SecretKey, Error: fmt::Display>) -> Self {
        let key = self.parsed("secret_key", key);
        self.secret_key = key.filter(|key| self.is_usable("secret_key", key.expose(), key.instance_type()));
        self
    }

    /// Sets the publishable key, `pk_test_…`. Defaults to one that names the address on which the instance is
    /// [served](Self::serve); in memory, a host that does not exist (`….invalid`). Clients that know only a publishable
    /// key connect to the host in it, so a key of another host leads them away from this computer. A live key is an error.
    pub fn publishable_key(mut self, key: impl TryInto<PublishableKey, Error: fmt::Display>) -> Self {
        let key = self.parsed("publishable_key", key);
        self.publishable_key =
            key.filter(|key| self.is_usable("publishable_key", key.as_str(), key.instance_type()));
        self
    }

    /// Sets the key that signs tokens: an RSA private key of at least 2048 bits as PEM (`BEGIN PRIVATE KEY` or `BEGIN RSA
    /// PRIVATE KEY`). Its ID follows from it. With a key that stays the same, tokens stay valid after a restart. Without
    /// one, a new key is generated when it is first used, which takes about a tenth of a second.
    pub fn jwt_key(mut self, pem: impl AsRef<str>) -> Self {
        match SigningKey::from_pem(pem.as_ref()) {
            Ok(key) => self.jwt_key = Some(key),
            Err(problem) => self.reject("jwt_key", problem),
        }
        self
    }

    /// Sets the secret with which webhooks are signed, `whsec_…`.
    pub fn webhook_secret(mut self, secret: impl Into<String>) -> Self {
        let secret = secret.into();
        match secret.parse::<WebhookSecret>() {
            Ok(_) => self.webhook_secret = Some(secret),
            Err(error) => self.reject("webhook_secret", error),
        }
        self
    }

    /// Loads keys and data that [`LocalClerk::save`] wrote to a file. Keys that are set on the builder win.
    pub fn load(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Keeps the instance in a file: loads it, if the file exists, and saves it after every change. A response to a request
    /// is only sent when the file contains what the request has changed, so nothing that was acknowledged is lost if the
    /// process is killed, and the file is never half written. Requests that arrive while the file is written share the
    /// next write. Changes by the methods of [`LocalClerk`] are saved in the background; [`LocalClerk::saved`] waits for
    /// it.
    ///
    /// Another process cannot keep the same file meanwhile. It replaces [`load`](Self::load); the format is the same.
    /// [`seeded`](Self::seeded) applies only if the file does not exist. It must be called inside a tokio runtime.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.is_kept = true;
        self.load(path)
    }

    /// Adds the people and the organization of [`seed`].
    pub fn seeded(mut self) -> Self {
        self.is_seeded = true;
        self
    }

    /// Creates what a text in TOML describes. Most sections have the name of a part of Clerk's Backend API, and an entry is
    /// the body of the request that creates it; a chosen `id` is possible, too, and a chosen `secret` of a machine or an
    /// API key. With [`file`](Self::file), it applies only if the file does not exist.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// let local = LocalClerk::builder()
    ///     .seed(
    ///         r#"
    ///         [[users]]
    ///         id = "user_ada"
    ///         email_address = ["ada@example.com"]
    ///         public_metadata = { plan = "pro" }
    ///
    ///         [[organizations]]
    ///         id = "org_acme"
    ///         name = "Acme"
    ///         created_by = "user_ada"
    ///         "#,
    ///     )
    ///     .build()
    ///     .unwrap();
    /// let token = local.sign_in("user_ada").organization("org_acme").token();
    ///
    /// let error = LocalClerk::builder().seed("[[users]]\nemail_address = ['nonsense']").build().unwrap_err();
    /// assert!(error.to_string().starts_with("seed: line 2: `users[0].email_address`"), "{error}");
    /// ```
    ///
    /// What the Backend API has no operation for has the names of the methods:
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// let seed = r#"
    ///     [user_settings]
    ///     attributes = { username = "required", phone_number = "off" }
    ///     social_providers = ["google", "github"]
    ///     sign_up_mode = "restricted"
    ///     email_links = true
    ///     password_min_length = 12
    ///     user_lockout = { max_attempts = 3, duration_in_minutes = 10 }
    ///
    ///     [[users]]
    ///     id = "user_ada"
    ///     username = "ada"
    ///
    ///     [[plans]]
    ///     name = "Pro"
    ///     monthly = 2000
    ///     features = ["export"]
    ///
    ///     [[subscriptions]]
    ///     payer_id = "user_ada"
    ///     plan = "pro"
    /// "#;
    /// let local = LocalClerk::builder().seed(seed).build().unwrap();
    /// # drop(local);
    /// ```
    ///
    /// | section | creates |
    /// |---|---|
    /// | `[[users]]`, `[[organizations]]` | people and organizations |
    /// | `[[memberships]]`, `[[organization_domains]]`, `[[organization_invitations]]` | what belongs to the organization in `organization_id` |
    /// | `[[roles]]`, `[[permissions]]` | roles and permissions |
    /// | `[[api_keys]]`, `[[machines]]`, `[[oauth_applications]]` | credentials |
    /// | `[[jwt_templates]]`, `[[redirect_urls]]` | JWT templates, redirect URLs |
    /// | `[[invitations]]`, `[[allowlist_identifiers]]`, `[[blocklist_identifiers]]` | who may sign up |
    /// | `[[plans]]`, `[[subscriptions]]` | plans, as [`LocalClerk::plan`] does, and who has them: the `payer_id` and the `plan` |
    /// | `[instance]`, `[restrictions]`, `[organization_settings]` | settings |
    /// | `[user_settings]` | what users have, and how they sign in and up, as in [`settings`](crate::settings) |
    pub fn seed(mut self, toml: impl Into<String>) -> Self {
        self.seed = Some(toml.into());
        self
    }

    /// Sets the folder with Clerk's JavaScript, which front ends load from `/npm/@clerk/clerk-js@…/dist/…` and
    /// `/npm/@clerk/ui@…/dist/…`: one such as `node_modules/@clerk/clerk-js/dist` (the package `@clerk/ui` is then found
    /// beside it), or one that contains the packages. The version in the path is ignored. Without it, these paths get
    /// status 404 and a message that says so.
    pub fn scripts(mut self, folder: impl Into<PathBuf>) -> Self {
        self.scripts = Some(folder.into());
        self
    }

    /// Sets a function that is called for each request when its response is ready, for example to log it. It must not
    /// block.
    pub fn on_request(mut self, function: impl Fn(&LocalRequest) + Send + Sync + 'static) -> Self {
        self.on_request = Some(Arc::new(function));
        self
    }

    /// Allows [`serve`](Self::serve) to listen on addresses other than loopback. Insecure: anyone who reaches the server
    /// can sign in as anyone, and there is no TLS. Browsers are then also served under addresses such as
    /// `192.168.1.5`, but not under names, which could be another site's (DNS rebinding).
    pub fn insecure_any_address(mut self) -> Self {
        self.serves_any_address = true;
        self
    }

    /// Creates the instance in memory.
    ///
    /// # Errors
    /// With [`io::ErrorKind::InvalidInput`] if a key is not valid (the message names the setter), and with the errors of
    /// [`LocalClerk::load`].
    pub fn build(self) -> io::Result<LocalClerk> {
        self.build_at(None)
    }

    /// Creates the instance and serves it over HTTP/1 on `address`, until the [`LocalServer`] is dropped or shut down.
    /// Port 0 takes any free port. The publishable key names the address, unless another key is set.
    ///
    /// # Errors
    /// Those of [`build`](Self::build); if `address` is not a loopback address or not available; and with
    /// [`io::ErrorKind::InvalidInput`] for an IPv6 address that a publishable key cannot name. It must be called inside a
    /// tokio runtime.
    pub async fn serve(self, address: impl Into<SocketAddr>) -> io::Result<LocalServer> {
        let address = address.into();
        if !self.serves_any_address && !address.ip().to_canonical().is_loopback() {
            let problem = format!(
                "LocalClerk serves loopback addresses only, and {address} is not one: anyone who reaches it can sign in \
                 as anyone"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let local = self.build_at(Some(reachable(address)))?;
        // Keys that were handed out must survive, too.
        local.saved().await?;
        Ok(LocalServer::start(local, listener, address))
    }

    /// Creates the instance. `address` is where it is served.
    fn build_at(mut self, address: Option<SocketAddr>) -> io::Result<LocalClerk> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let file = match &self.path {
            Some(path) if self.is_kept => Some(KeptFile::lock(path)?),
            _ => None,
        };
        let loaded = self.path.as_deref().filter(|path| file.is_none() || path.exists());
        let mut parts = match loaded {
            Some(path) => save::read(path)?,
            None => Parts::new(self.jwt_key.take()),
        };
        parts.secret_key = self.secret_key.unwrap_or(parts.secret_key);
        parts.webhook_secret = self.webhook_secret.unwrap_or(parts.webhook_secret);
        parts.key = self.jwt_key.unwrap_or(parts.key);
        parts.publishable_key = match (self.publishable_key, address) {
            (Some(key), _) => key,
            (None, Some(address)) => naming(address)?,
            (None, None) => parts.publishable_key,
        };
        parts.state.clients.address = address.map(|address| format!("http://{address}"));
        let options = Options {
            clock: self.clock,
            on_request: self.on_request,
            scripts: self.scripts.map(Scripts::new).transpose()?,
            serves_any_address: self.serves_any_address,
        };
        let local = LocalClerk::from_parts(parts, options);
        if file.is_none() || loaded.is_none() {
            if self.is_seeded {
                seed::populate(&local);
            }
            if let Some(text) = &self.seed {
                let invalid =
                    |problem| io::Error::new(io::ErrorKind::InvalidData, format!("seed: {problem}"));
                seed_file::populate(&local, text).map_err(invalid)?;
            }
        }
        if let Some(file) = file {
            keep::start(&local, file)?;
        }
        Ok(local)
    }

    fn parsed<K, T: TryInto<K, Error: fmt::Display>>(&mut self, setter: &str, key: T) -> Option<K> {
        key.try_into().map_err(|error| self.reject(setter, error)).ok()
    }

    fn is_usable(&mut self, setter: &str, key: &str, instance_type: InstanceType) -> bool {
        let problem = why_unusable(key, instance_type);
        if let Some(problem) = problem {
            self.reject(setter, problem);
        }
        problem.is_none()
    }

    fn reject(&mut self, setter: &str, problem: impl fmt::Display) {
        let error = || io::Error::new(io::ErrorKind::InvalidInput, format!("{setter}: {problem}"));
        self.problem.get_or_insert_with(error);
    }
}

/// Returns why an instance may not have a key. Keys are printed for shells, which must not run a part of one.
pub(crate) fn why_unusable(key: &str, instance_type: InstanceType) -> Option<&'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-+/=.".contains(&byte);
    if instance_type == InstanceType::Production {
        Some("this is a live key, and LocalClerk is not an identity provider for production")
    } else if !key.bytes().all(is_plain) {
        Some("it contains characters that have a meaning for a shell; use letters and digits")
    } else {
        None
    }
}

impl fmt::Debug for LocalClerkBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalClerkBuilder")
            .field("publishable_key", &self.publishable_key)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Parts {
    /// Returns the parts of an empty instance in memory, with new keys.
    pub(crate) fn new(key: Option<SigningKey>) -> Self {
        Self {
            secret_key: random::until_ok(|| format!("sk_test_{}", random::string(40)).parse()),
            publishable_key: random::until_ok(|| publishable_key(&format!("{}.invalid", random::string(8)))),
            webhook_secret: format!("whsec_{}", BASE64_STANDARD.encode(random::string(24))),
            key: key.unwrap_or_else(SigningKey::generate),
            state: State::default(),
        }
    }
}

fn publishable_key(host: &str) -> Result<PublishableKey, KeyError> {
    format!("pk_test_{}", BASE64_STANDARD.encode(format!("{host}$"))).parse()
}

/// Returns the publishable key that names an address.
fn naming(address: SocketAddr) -> io::Result<PublishableKey> {
    publishable_key(&address.to_string()).map_err(|_| {
        let problem = format!(
            "a publishable key cannot name the IPv6 address {address}; serve 127.0.0.1, or set a publishable key"
        );
        io::Error::new(io::ErrorKind::InvalidInput, problem)
    })
}

/// Returns the address under which this computer reaches a server that listens on `address`.
pub(crate) const fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        return SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port());
    }
    address
}
