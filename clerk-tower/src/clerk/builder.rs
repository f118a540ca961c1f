use std::{collections::BTreeSet, fmt, future::ready, sync::Arc, time::Duration};

use aws_lc_rs::digest;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use clerk_core::{
    authenticate::{AuthenticateOptions, Authenticator, OptionsError},
    keys::{MachineSecretKey, PublishableKey, SecretKey, WebhookSecret},
};
use http::{Request, Response};
use tower::service_fn;
use tower_layer::Layer;
use tower_service::Service;

use super::{Clerk, ClerkVerifier, DecisionCalls, Inner, MachineClerk};
use crate::{
    Error, ErrorKind,
    client::{
        AllMisnamed, Backend, Config, ConfigError, Environment, KeysAddress, Problem, STACK_SETTINGS,
        cache::{Cache, CachePolicy, Generations, Keys as SecondLevelKeys, SecondLevel},
        middleware::{base_uri::BaseUriLayer, concurrency::ConcurrencyLayer, credentials::CredentialsLayer},
        parse, public_keys,
        rate_limit::RateLimitLayer,
        retry::{Budget, RetryLayer},
        revocations::Revocations,
        stack::{Layers, Stack},
        transport::Transport,
    },
    clock::{Clock, SystemClock},
    fleet::{Fleet, FleetError, Member, Parts},
    intake::{Intake, WebhookLimits},
    keys::{KeySource, KeyStore, KnownTokens, MachineTokens, PublicKeys},
    log_limiter::LogLimiter,
    telemetry,
};

type Provider = Arc<dyn Fn() -> SecretKey + Send + Sync>;
type Wrap = Box<dyn FnOnce(Stack) -> Stack + Send>;

/// The service that sends the calls.
enum Carrier {
    DefaultTransport,
    /// A transport inside the default layers.
    Transport(Box<dyn FnOnce(Layers) -> Stack + Send>),
    /// A stack without the default layers.
    Stack(Stack),
}

/// Builds a [`Clerk`] or a [`MachineClerk`]: a [`Config`], and the services that go with it.
///
/// Keys are taken as strings, or as the types of [`keys`](clerk_core::keys). Every setting is checked by
/// [`ClerkBuilder::build`]. A setting that another one makes pointless, such as a timeout
/// beside [`stack`](Self::stack), is an error too.
///
/// ```
/// use std::time::Duration;
/// use clerk_tower::Clerk;
///
/// let clerk = Clerk::builder()
///     .secret_key("sk_test_abc")
///     .authorized_parties(["https://app.example.com"])
///     .timeout(Duration::from_secs(5))
///     .build()
///     .unwrap();
///
/// let error = Clerk::builder().secret_key("pk_test_abc").build().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "secret_key: this is a publishable key; expected a secret key, which begins with sk_test_ or sk_live_",
/// );
/// ```
#[must_use = "each setter takes the builder and returns it: keep what it returns"]
pub struct ClerkBuilder {
    config: Config,
    /// What is invalid. `build` reports the first of them, so that setters can be chained, and replace what is invalid.
    problems: Vec<Problem>,
    /// The setters that were called.
    set: BTreeSet<&'static str>,
    is_from_env: bool,
    secret_key_provider: Option<Provider>,
    retry_budget: Option<Budget>,
    clock: Arc<dyn Clock>,
    carrier: Carrier,
    layers: Vec<Wrap>,
    fleet: Option<Fleet>,
}

impl ClerkBuilder {
    /// Starts from settings as data.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            problems: Vec::new(),
            set: BTreeSet::new(),
            is_from_env: false,
            secret_key_provider: None,
            retry_budget: None,
            clock: Arc::new(SystemClock),
            carrier: Carrier::DefaultTransport,
            layers: Vec::new(),
            fleet: None,
        }
    }

    /// Starts from the variables that [`Clerk::from_env`] lists. The setters override them, even invalid ones.
    pub fn from_env() -> Self {
        Self::with_env(Config::read_env(&Environment::of_process()))
    }

    /// Starts from the variables that [`MachineClerk::from_env`] lists.
    pub(super) fn machine_from_env() -> Self {
        Self::with_env(Config::read_machine_env(&Environment::of_process()))
    }

    pub(super) fn with_env((config, problems): (Config, Vec<Problem>)) -> Self {
        Self { problems, is_from_env: true, ..Self::new(config) }
    }

    /// Sets what needs no check, and forgets what was wrong with an earlier value.
    fn set(mut self, setter: &'static str, change: impl FnOnce(&mut Config)) -> Self {
        self.replace(setter);
        change(&mut self.config);
        self
    }

    /// A setter whose setting is one of the options: what was wrong with its variable no longer counts.
    fn forget_problems_of(mut self, setter: &'static str) -> Self {
        self.replace(setter);
        self
    }

    fn replace(&mut self, setter: &'static str) {
        self.set.insert(setter);
        self.config.misnamed.forget(setter);
        self.problems.retain(|problem| problem.setter != setter);
    }

    /// Sets what a string parses to, or keeps the error for `build`.
    fn set_parsed<T>(
        mut self,
        setter: &'static str,
        parsed: Result<T, ConfigError>,
        set: impl FnOnce(&mut Config, T),
    ) -> Self {
        match parsed {
            Ok(value) => set(&mut self.config, value),
            Err(error) => self.problems.push(Problem { setter, error }),
        }
        self
    }

    /// Sets the instance's secret key, `sk_test_…` or `sk_live_…`. A [`Clerk`] requires it.
    pub fn secret_key(mut self, key: impl TryInto<SecretKey, Error: fmt::Display>) -> Self {
        self.secret_key_provider = None;
        self.replace("secret_key");
        self.set_parsed("secret_key", parse("secret_key", key), |config, key| {
            config.secret_key = Some(key);
        })
    }

    /// Sets a function that returns the secret key. It is called before every attempt, so the key can change while the
    /// service runs; it must return at once, from memory. It replaces [`secret_key`](Self::secret_key). The Frontend
    /// API proxy takes the key that is current when it is built.
    ///
    /// ```
    /// use std::sync::{Arc, RwLock};
    /// use clerk_core::keys::SecretKey;
    /// use clerk_tower::Clerk;
    ///
    /// let key: SecretKey = "sk_test_abc".parse().unwrap();
    /// let current = Arc::new(RwLock::new(key)); // updated by whatever watches the secret
    /// let clerk = Clerk::builder()
    ///     .secret_key_provider(move || current.read().unwrap().clone())
    ///     .build()
    ///     .unwrap();
    /// ```
    pub fn secret_key_provider(mut self, provider: impl Fn() -> SecretKey + Send + Sync + 'static) -> Self {
        self.replace("secret_key");
        self.secret_key_provider = Some(Arc::new(provider));
        self
    }

    /// Sets the instance's publishable key. It names the instance's cookies; without it only the plain `__session`
    /// cookie is read.
    pub fn publishable_key(mut self, key: impl TryInto<PublishableKey, Error: fmt::Display>) -> Self {
        self.replace("publishable_key");
        self.set_parsed("publishable_key", parse("publishable_key", key), |config, key| {
            config.publishable_key = Some(key);
        })
    }

    /// Sets a machine's secret key, `ak_…`, for [`Clerk::as_machine`] or [`ClerkBuilder::build_machine`].
    pub fn machine_secret_key(mut self, key: impl TryInto<MachineSecretKey, Error: fmt::Display>) -> Self {
        self.replace("machine_secret_key");
        let key = parse("machine_secret_key", key);
        self.set_parsed("machine_secret_key", key, |config, key| config.machine_secret_key = Some(key))
    }

    /// Sets the instance's public key as PEM, or its public keys as a JSON Web Key Set. Tokens are then verified without
    /// the network, and a key rotation at Clerk requires a new configuration. A blank string counts as unset.
    pub fn jwt_key(mut self, keys: impl AsRef<str>) -> Self {
        self.replace("jwt_key");
        let keys = public_keys("jwt_key", keys.as_ref());
        self.set_parsed("jwt_key", keys, |config, keys| config.jwt_key = keys)
    }

    /// Sets where the instance's public keys are fetched without the secret key, for [`build_verifier`]: `https`, or `http`
    /// on the loopback interface. Defaults to `/.well-known/jwks.json` at the Frontend API of the publishable key.
    ///
    /// [`build_verifier`]: Self::build_verifier
    pub fn jwks_url(self, url: impl Into<String>) -> Self {
        self.set("jwks_url", |config| config.jwks_url = Some(url.into()))
    }

    /// Adds the signing secret of the webhook endpoint that this service serves, `whsec_…`. A delivery may be signed
    /// with any of the secrets: set two while you rotate them, or for a second endpoint.
    ///
    /// ```
    /// use clerk_tower::Clerk;
    ///
    /// let clerk = Clerk::builder()
    ///     .secret_key("sk_test_abc")
    ///     .webhook_secret("whsec_bmV3") // the new one
    ///     .webhook_secret("whsec_b2xk") // the old one, until Clerk no longer uses it
    ///     .build()
    ///     .unwrap();
    /// assert!(clerk.webhook_verifier().is_some());
    /// ```
    pub fn webhook_secret(self, secret: impl TryInto<WebhookSecret, Error: fmt::Display>) -> Self {
        let secret = parse("webhook_secret", secret);
        // Adds to the others, and so does not replace an invalid one.
        self.set_parsed("webhook_secret", secret, |config, secret| {
            config.misnamed.forget("webhook_secret");
            config.webhook_secrets.push(secret);
        })
    }

    /// Joins a [fleet](crate::fleet): this process and the others of the service tell each other what changed at Clerk.
    ///
    /// Building does no I/O. The link is made in the background, on the runtime that this is called on or else the first
    /// that uses the client. [`Clerk::fleet`] says how it stands. Replaces [`Config::redis_url`].
    pub fn fleet(mut self, fleet: impl Into<Fleet>) -> Self {
        self.fleet = Some(fleet.into());
        self.set("fleet", |config| config.redis_url = None)
    }

    /// Sets how much of webhook deliveries may be received at the same time. Defaults to [`WebhookLimits::new`].
    pub fn webhook_limits(self, limits: WebhookLimits) -> Self {
        self.set("webhook_limits", |config| config.webhook_limits = limits)
    }

    /// Sets the API's address, with or without its version: `https`, or `http` on the loopback interface. Defaults to
    /// `https://api.clerk.com`.
    pub fn api_url(self, url: impl Into<String>) -> Self {
        self.set("api_url", |config| config.api_url = url.into())
    }

    /// Sets the first path segment of the API. Defaults to `v1`.
    pub fn api_version(self, version: impl Into<String>) -> Self {
        self.set("api_version", |config| config.api_version = version.into())
    }

    /// Sets the address that the [proxy](crate::server::proxy) forwards to: `https`, or `http` on the loopback
    /// interface. If unset, the publishable key determines which of Clerk's addresses it is.
    pub fn fapi_url(self, url: impl Into<String>) -> Self {
        self.set("fapi_url", |config| config.fapi_url = Some(url.into()))
    }

    /// Sets the origins that may use session tokens, such as `https://app.example.com`. If any is set, a token must
    /// name one of them in `azp`. Set this in production: it rejects tokens that leaked through a sibling domain.
    pub fn authorized_parties<T: Into<String>>(self, parties: impl IntoIterator<Item = T>) -> Self {
        self.forget_problems_of("authorized_parties")
            .authentication(|options| options.authorized_parties(parties))
    }

    /// Sets the audiences of this service. A token that names only other audiences is rejected; one that names none is
    /// accepted.
    pub fn audiences<T: Into<String>>(self, audiences: impl IntoIterator<Item = T>) -> Self {
        self.authentication(|options| options.audiences(audiences))
    }

    /// Sets how far Clerk's clock and this computer's clock may differ. Defaults to 5 seconds; at most one minute, because
    /// a token is accepted for as long after it has expired.
    pub fn clock_skew(self, skew: Duration) -> Self {
        self.authentication(|options| options.clock_skew(skew))
    }

    /// Sets the same without an upper bound. Insecure: someone who has signed out or was banned, or who stole a token,
    /// keeps access for that long.
    pub fn insecure_clock_skew(self, skew: Duration) -> Self {
        self.authentication(|options| options.insecure_clock_skew(skew))
    }

    /// Changes how incoming requests are authenticated, beyond what has a setter here.
    ///
    /// ```
    /// use clerk_core::{authenticate::{Forwarded, OrganizationSync}, token::TokenKind};
    /// use clerk_tower::Clerk;
    ///
    /// let clerk = Clerk::builder()
    ///     .secret_key("sk_test_abc")
    ///     .publishable_key("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk")
    ///     .authentication(|options| {
    ///         options
    ///             .accepted_kinds([TokenKind::Session, TokenKind::ApiKey])
    ///             .forwarded(Forwarded::Origin("https://app.example.com".parse().unwrap()))
    ///             .organization_sync(OrganizationSync::new().organization_patterns(["/orgs/:slug"]))
    ///     })
    ///     .build()
    ///     .unwrap();
    /// ```
    pub fn authentication(self, change: impl FnOnce(AuthenticateOptions) -> AuthenticateOptions) -> Self {
        self.set("authentication", |config| {
            config.authentication = change(std::mem::take(&mut config.authentication));
        })
    }

    /// Sets how many bytes verified session tokens may take in memory. Defaults to 16 MiB, which is room for several
    /// thousand tokens; zero verifies every token every time. The signature of a known token is not verified again as
    /// long as the keys stay the same; its claims are checked every time.
    pub fn known_token_bytes(self, max: u64) -> Self {
        self.set("known_token_bytes", |config| config.known_token_bytes = max)
    }

    /// Sets how long session tokens live at most. Defaults to 60 seconds, which is also Clerk's default; from one second to
    /// one day.
    ///
    /// Sessions that a webhook delivery or a call of this client ends are remembered for that long, and for two minutes
    /// more, so that their tokens are rejected at once. Raise this if you have set a longer lifetime in the dashboard, or
    /// create longer tokens with [`sessions::create_token`](clerk_core::api::sessions::create_token).
    pub fn session_token_lifetime(self, lifetime: Duration) -> Self {
        self.set("session_token_lifetime", |config| config.session_token_lifetime = lifetime)
    }

    /// Sets how long an opaque machine token, such as an API key, counts as good without asking Clerk again. Defaults
    /// to zero; at most five minutes.
    ///
    /// This saves one call to Clerk per request, and accepts a token that was revoked meanwhile for that long, unless this
    /// client revokes it, or learns of it from a webhook delivery or from another process of its [fleet](crate::fleet).
    /// None is cached beyond its expiry, and at most 4 MiB of them are.
    ///
    /// Without this setting too, requests with the same token share a call that began at most a second before, and a token
    /// that Clerk does not know or that is no longer valid is refused for three seconds without asking again.
    pub fn machine_token_cache(self, lifetime: Duration) -> Self {
        self.set("machine_token_cache", |config| config.machine_token_cache = lifetime)
    }

    /// Sets how long a call may take in all, including retries. Defaults to 10 seconds.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.set("timeout", |config| config.timeout = timeout)
    }

    /// Sets how long all calls may take together that the decision about one request needs. Defaults to the
    /// [`timeout`](Self::timeout) of one call. It also applies beside [`stack`](Self::stack).
    pub fn decision_timeout(self, timeout: Duration) -> Self {
        self.set("decision_timeout", |config| config.decision_timeout = Some(timeout))
    }

    /// Sets how many calls that decisions wait for may be in flight: as many for machine tokens, and as many for browsers
    /// (handshakes and refreshes). Defaults to 64; zero counts as one.
    ///
    /// Anyone can cause these calls. Beyond the limit requests do not wait: guards respond with 503 and `Retry-After`.
    /// Session tokens, and calls that this program makes itself, are not affected.
    pub fn max_decision_calls(self, max: usize) -> Self {
        self.set("max_decision_calls", |config| config.max_decision_calls = max)
    }

    /// Sets how long one attempt of a call may take. Defaults to 5 seconds. Connecting may take 3 of them, so that a
    /// call that certainly was not sent can be retried within the timeout, whatever it does.
    pub fn attempt_timeout(self, timeout: Duration) -> Self {
        self.set("attempt_timeout", |config| config.attempt_timeout = timeout)
    }

    /// Sets how often a call may be sent, including the first time. Defaults to 3; zero counts as one. See
    /// [`retry`](crate::client::retry) for which calls are retried, and when.
    pub fn max_attempts(self, max: u32) -> Self {
        self.set("max_attempts", |config| {
            config.max_attempts = max.try_into().unwrap_or(std::num::NonZeroU32::MIN);
        })
    }

    /// Shares a retry budget with other clients. By default each client has one of its own. Calls that decisions wait for
    /// have [budgets of their own](crate::client::purpose) in each client.
    pub fn retry_budget(mut self, budget: Budget) -> Self {
        self.retry_budget = Some(budget);
        self
    }

    /// Sets how many of the calls that this program makes itself may be in flight. Further calls wait for a permit, at most
    /// until their deadline. There is no limit by default.
    ///
    /// Calls that decisions wait for do not use these permits: strangers cause them, and
    /// [`max_decision_calls`](Self::max_decision_calls) limits them for each of two groups. Nor does the fetch of keys, of
    /// which there is one at a time. So `max_concurrent_calls + 2 × max_decision_calls + 1` calls may be in flight in all.
    pub fn max_concurrent_calls(self, max: usize) -> Self {
        self.set("max_concurrent_calls", |config| config.max_concurrent_calls = Some(max))
    }

    /// Sets how long responses are cached for [`Clerk::cached`], and how many. [`CachePolicy::off`] disables the cache.
    pub fn cache(self, policy: CachePolicy) -> Self {
        self.set("cache", |config| config.cache = policy)
    }

    /// Sets how many bytes a response body may have. Defaults to 16 MiB.
    pub fn max_response_bytes(self, max: usize) -> Self {
        self.set("max_response_bytes", |config| config.max_response_bytes = max)
    }

    /// Sets the clock that tokens are checked against. Defaults to the system's clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sends requests with this service, inside the default layers. It replaces a transport or a stack that was set
    /// before.
    pub fn transport<T: Transport>(mut self, transport: T) -> Self
    where
        T::Future: 'static,
    {
        self.carrier = Carrier::Transport(Box::new(move |layers| layers.around(transport)));
        self
    }

    /// Replaces the default layers and the transport. Deadlines, limits, credentials and the API's address are then the
    /// stack's responsibility, and settings that concern them are errors; see [`stack`](crate::client::stack).
    pub fn stack<S>(mut self, stack: S) -> Self
    where
        S: Service<Request<Bytes>, Response = Response<Bytes>, Error = Error> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        self.carrier = Carrier::Stack(Stack::new(stack));
        self
    }

    /// Wraps the whole stack. The layer that is added last is the outermost.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Stack> + Send + 'static,
        L::Service: Service<Request<Bytes>, Response = Response<Bytes>, Error = Error>
            + Clone
            + Send
            + Sync
            + 'static,
        <L::Service as Service<Request<Bytes>>>::Future: Send + 'static,
    {
        self.layers.push(Box::new(move |stack| Stack::new(layer.layer(stack))));
        self
    }

    /// Checks the settings and builds the client. Nothing is sent.
    ///
    /// # Errors
    /// [`ConfigError`] names the first setting that is wrong.
    pub fn build(mut self) -> Result<Clerk, ConfigError> {
        if let Some(problem) = self.problems.first() {
            return Err(problem.error.clone());
        }
        let (mut credentials, secret_key) =
            match (self.secret_key_provider.take(), self.config.secret_key.take()) {
                (Some(provider), _) => {
                    let key = provider();
                    self.secret_key_provider = Some(provider.clone());
                    (CredentialsLayer::from_provider(move || provider()), key)
                }
                (None, Some(key)) => (CredentialsLayer::new(&key), key),
                (None, None) => return Err(self.secret_key_missing()),
            };
        if let Some(key) = &self.config.machine_secret_key {
            credentials = credentials.machine_secret_key(key);
        }
        if self.set.contains("jwks_url") {
            let problem = "has no effect beside `secret_key`, with which Clerk's API returns the keys; remove one of them";
            return Err(ConfigError::new("jwks_url", problem));
        }
        self.assemble(credentials, Some(secret_key), None)
    }

    fn secret_key_missing(&self) -> ConfigError {
        if self.is_from_env {
            let advice =
                "copy the secret key (sk_test_… or sk_live_…) from the API keys page of Clerk's dashboard";
            let problem = self.config.misnamed.not_set("secret_key", advice);
            let other = "to verify tokens without it, use ClerkVerifier::from_env with CLERK_PUBLISHABLE_KEY, CLERK_JWT_KEY or \
                         CLERK_JWKS_URL";
            return ConfigError::new("CLERK_SECRET_KEY", format_args!("{problem}; {other}"));
        }
        let advice =
            "the client needs it to call Clerk's API; to verify tokens without it, call `build_verifier`";
        ConfigError::new("secret_key", self.config.misnamed.not_set("secret_key", advice))
    }

    /// Checks the settings and builds what authenticates with the keys that are set: the secret key, the public keys
    /// ([`jwt_key`](Self::jwt_key)), their address ([`jwks_url`](Self::jwks_url)), or the publishable key. Nothing is sent.
    /// See [`ClerkVerifier`] for what each of them allows.
    ///
    /// ```
    /// use clerk_tower::Clerk;
    ///
    /// // The address follows from the publishable key.
    /// let clerk = Clerk::builder().publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k").build_verifier().unwrap();
    /// assert!(clerk.as_clerk().is_none());
    ///
    /// let error = Clerk::builder().build_verifier().unwrap_err();
    /// assert!(error.to_string().starts_with("publishable_key: not set; to verify tokens, set one of"));
    /// ```
    ///
    /// # Errors
    /// [`ConfigError`] names the first setting that is wrong, or what may be set if nothing is.
    pub fn build_verifier(mut self) -> Result<ClerkVerifier, ConfigError> {
        if let Some(problem) = self.problems.first() {
            return Err(problem.error.clone());
        }
        if self.secret_key_provider.is_some() || self.config.secret_key.is_some() {
            return self.build().map(ClerkVerifier::of);
        }
        let credentials = match &self.config.machine_secret_key {
            Some(key) => CredentialsLayer::for_machine(key),
            None => CredentialsLayer::none(),
        };
        let address = self.keys_address()?;
        self.config.authentication = self.pinned(address.as_ref())?;
        self.assemble(credentials, None, address).map(ClerkVerifier::of)
    }

    /// Where the public keys are; `None` if they are configured, or if nothing but webhooks is.
    fn keys_address(&self) -> Result<Option<KeysAddress>, ConfigError> {
        let config = &self.config;
        match (&config.jwks_url, &config.publishable_key) {
            (Some(_), _) if self.set.contains("jwks_url") && config.jwt_key.is_some() => {
                let problem =
                    "has no effect beside `jwt_key`, which is used without the network; remove one of them";
                Err(ConfigError::new("jwks_url", problem))
            }
            _ if config.jwt_key.is_some() => Ok(None),
            (Some(url), _) => {
                KeysAddress::new(url).map(Some).map_err(|error| ConfigError::new("jwks_url", error))
            }
            (None, Some(key)) => {
                KeysAddress::of(key).map(Some).map_err(|error| ConfigError::new("publishable_key", error))
            }
            (None, None) if !config.webhook_secrets.is_empty() => Ok(None),
            (None, None) => Err(self.keys_missing()),
        }
    }

    fn keys_missing(&self) -> ConfigError {
        if self.is_from_env {
            let advice = "to verify tokens, set one of CLERK_PUBLISHABLE_KEY (pk_test_… or pk_live_…), CLERK_JWT_KEY (the \
                          public key as PEM) and CLERK_JWKS_URL; to call Clerk's API as well, set CLERK_SECRET_KEY; all \
                          are on the API keys page of Clerk's dashboard";
            let problem = self.config.misnamed.not_set("publishable_key", advice);
            return ConfigError::new("CLERK_PUBLISHABLE_KEY", problem);
        }
        let advice = "to verify tokens, set one of `publishable_key`, `jwt_key` and `jwks_url`; to call Clerk's API as \
                      well, set `secret_key`";
        ConfigError::new("publishable_key", self.config.misnamed.not_set("publishable_key", advice))
    }

    /// The options with the issuers that the publishable key stands for, or else the address of the keys.
    fn pinned(&self, address: Option<&KeysAddress>) -> Result<AuthenticateOptions, ConfigError> {
        let mut options = self.config.authentication.clone();
        if let Some(key) = &self.config.publishable_key {
            options = options.publishable_key(key.clone()).require_issuer(true);
        }
        let found = options.accepted_issuers().map_err(|error| self.authentication_error(&error))?;
        Ok(match address {
            Some(address) if found.is_empty() => options.issuers([&*address.issuer]),
            // Not stored as a list: a proxy, a satellite or an origin that a layer adds changes the instance's issuers.
            _ => options,
        })
    }

    fn authentication_error(&self, error: &OptionsError) -> ConfigError {
        authentication_error(error, self.source_of_options(), &self.config.misnamed)
    }

    fn source_of_options(&self) -> Source {
        match (self.is_from_env, self.set.contains("authentication")) {
            (true, false) => Source::Environment,
            (true, true) => Source::Both,
            (false, _) => Source::Code,
        }
    }

    /// Checks the settings and builds a machine's client. Nothing is sent. It has only the machine's secret key,
    /// whatever other keys are set.
    ///
    /// ```
    /// use clerk_tower::Clerk;
    ///
    /// let machine = Clerk::builder().machine_secret_key("ak_abc").build_machine().unwrap();
    ///
    /// let error = Clerk::builder().secret_key("sk_test_abc").build_machine().unwrap_err();
    /// assert_eq!(error.to_string(), "machine_secret_key: not set; a machine's client needs it");
    /// ```
    ///
    /// # Errors
    /// [`ConfigError`] names the first setting that is wrong.
    pub fn build_machine(self) -> Result<MachineClerk, ConfigError> {
        let is_for_machine = |problem: &&Problem| !matches!(problem.setter, "secret_key" | "publishable_key");
        if let Some(problem) = self.problems.iter().find(is_for_machine) {
            return Err(problem.error.clone());
        }
        let Some(key) = &self.config.machine_secret_key else {
            return Err(self.machine_secret_key_missing());
        };
        if self.set.contains("jwks_url") {
            let problem = "has no effect on a machine's client; set `jwt_key`, or call `build_verifier`";
            return Err(ConfigError::new("jwks_url", problem));
        }
        let credentials = CredentialsLayer::for_machine(key);
        MachineClerk::of(self.assemble(credentials, None, None)?)
    }

    fn machine_secret_key_missing(&self) -> ConfigError {
        let problem = |advice| self.config.misnamed.not_set("machine_secret_key", advice);
        if self.is_from_env {
            let advice = "copy the machine's secret key (ak_…) from the Machines page of Clerk's dashboard";
            return ConfigError::new("CLERK_MACHINE_SECRET_KEY", problem(advice));
        }
        ConfigError::new("machine_secret_key", problem("a machine's client needs it"))
    }

    /// Returns a client that has no key and no transport: every call fails before anything is sent.
    pub(crate) fn offline() -> Result<Clerk, ConfigError> {
        let offline = "this application runs without Clerk; nothing was sent";
        let stack = service_fn(move |_| ready(Err(Error::new(None, ErrorKind::Config(offline)))));
        Self::new(Config::default()).stack(stack).assemble(CredentialsLayer::none(), None, None)
    }

    /// Checks the other settings and puts the client together.
    fn assemble(
        self,
        credentials: CredentialsLayer,
        secret_key: Option<SecretKey>,
        keys_address: Option<KeysAddress>,
    ) -> Result<Clerk, ConfigError> {
        self.check_pointless()?;
        let source = self.source_of_options();
        let mut config = self.config;
        check_machine_token_cache(config.machine_token_cache)?;
        check_session_token_lifetime(config.session_token_lifetime)?;
        if let Some(url) = &config.fapi_url {
            BaseUriLayer::for_key(url).map_err(|error| ConfigError::new("fapi_url", error))?;
        }
        if let Some(key) = &config.publishable_key {
            config.authentication = config.authentication.publishable_key(key.clone());
        }
        warn_of_mixed_instances(&config, secret_key.as_ref());
        warn_of_misnamed(&config, self.set.contains("authentication"));
        let options = config
            .authentication
            .clone()
            .without_secret_key(secret_key.is_none())
            .with_machine_secret_key(config.machine_secret_key.is_some());
        let of_options = |error| authentication_error(&error, source, &config.misnamed);
        let authenticator = Authenticator::new(options.clone()).map_err(of_options)?;
        let generations = Arc::new(Generations::new());
        let revocations = Revocations::new(config.session_token_lifetime, self.clock.clone());
        let rate_limit = RateLimitLayer::new().clock(self.clock.clone());
        let at_redis = |url| Fleet::at_redis(url).map_err(|error| ConfigError::new("redis_url", error));
        let mut fleet = match self.fleet {
            Some(fleet) => Some(fleet),
            None => config.redis_url.as_deref().map(at_redis).transpose()?,
        };
        let second_level = fleet.as_mut().and_then(Fleet::take_second_level);
        let member = fleet.map(|fleet| {
            let names = fleet.names(|| instance_name(&config, secret_key.as_ref()));
            let names = names.map_err(|problem| ConfigError::new("fleet", problem))?;
            let with_causes = |error: FleetError| ConfigError::new("fleet", telemetry::with_sources(&error));
            fleet.check().map_err(with_causes)?;
            let (broadcast, store) = fleet.into_engine();
            Ok(Member::join(Parts {
                names,
                broadcast,
                store,
                listeners: vec![generations.clone(), Arc::new(revocations.clone()), rate_limit.listener()],
                clock: self.clock.clone(),
                revocations_for: revocations.kept_for(),
            }))
        });
        let member = member.transpose()?;
        let base_uri = config.checked_base_uri()?;
        let address = base_uri.base().to_string();
        let has_stack = matches!(self.carrier, Carrier::Stack(_));
        let layers = Layers {
            base_uri,
            credentials,
            timeout: config.timeout,
            attempt_timeout: config.attempt_timeout,
            max_response_bytes: config.max_response_bytes,
            retry: RetryLayer::new()
                .max_attempts(config.max_attempts.get())
                .budget(self.retry_budget.unwrap_or_default())
                .clock(self.clock.clone()),
            rate_limit: rate_limit.telling(member.clone()),
            concurrency: config.max_concurrent_calls.map(ConcurrencyLayer::new),
        };
        let stack = match self.carrier {
            Carrier::DefaultTransport => layers.around_default()?,
            Carrier::Transport(around) => around(layers),
            Carrier::Stack(stack) => stack,
        };
        let stack = self.layers.into_iter().fold(stack, |stack, wrap| wrap(stack));
        let known = KnownTokens::up_to(config.known_token_bytes);
        let source = match keys_address {
            Some(KeysAddress { base_uri, path, .. }) => {
                KeySource::Address(stack.clone(), PublicKeys { base_uri, path })
            }
            None => KeySource::Backend(stack.clone()),
        };
        let keys = KeyStore::new(source, config.jwt_key.take(), known, self.clock.clone());
        let machine_tokens =
            MachineTokens::with_lifetime(config.machine_token_cache, generations.clone(), self.clock.clone());
        let second_level = second_level.zip(member.clone()).map(|(settings, member)| {
            // A machine's client has no secret key, whatever was set.
            let fixed = secret_key.clone();
            let provider = self.secret_key_provider.filter(|_| fixed.is_some());
            let secret = provider.or_else(|| fixed.map(|key| Arc::new(move || key.clone()) as Provider));
            let keys = SecondLevelKeys { secret, machine: config.machine_secret_key.clone() };
            check_second_level(&keys, config.cache, has_stack)?;
            Ok(SecondLevel::new(settings, member, keys, address))
        });
        let cache = Cache::new(
            config.cache,
            generations,
            member.clone(),
            second_level.transpose()?,
            stack.clone(),
            self.clock.clone(),
            config.timeout,
        );
        let backend = Backend::new(stack, cache, revocations, member.clone(), self.clock);
        let shared = Inner {
            keys,
            machine_tokens: Arc::new(machine_tokens),
            decision_calls: DecisionCalls::up_to(config.max_decision_calls),
            options,
            authenticator,
            webhooks: config.webhook_verifier(),
            webhook_intake: Intake::new(config.webhook_limits),
            has_machine_key: config.machine_secret_key.is_some(),
            publishable_key: config.publishable_key,
            secret_key,
            misnamed: config.misnamed,
            fapi_url: config.fapi_url,
            decision_timeout: config.decision_timeout.unwrap_or(config.timeout),
            log_limiter: LogLimiter::default(),
            member,
        };
        Ok(Clerk { backend, shared: Arc::new(shared) })
    }

    /// Rejects settings that another one makes pointless.
    fn check_pointless(&self) -> Result<(), ConfigError> {
        if matches!(self.carrier, Carrier::Stack(_)) {
            let called = STACK_SETTINGS
                .into_iter()
                .map(|(setting, _)| setting)
                .find(|setting| self.set.contains(setting));
            let budget = self.retry_budget.is_some().then_some("retry_budget");
            // Variables of the environment are exempt: they may be set for other programs.
            let configured = if self.is_from_env { None } else { self.config.stack_setting() };
            if let Some(setting) = called.or(budget).or(configured) {
                return Err(ConfigError::new(
                    setting,
                    "has no effect beside `stack`, which replaces the layer that it configures; remove it, or set it on \
                     that layer",
                ));
            }
        }
        if self.config.max_attempts.get() == 1 && self.retry_budget.is_some() {
            let problem = "has no effect with `max_attempts(1)`, which never retries; remove one of them";
            return Err(ConfigError::new("retry_budget", problem));
        }
        Ok(())
    }
}

/// Where the options of authentication come from.
#[derive(Clone, Copy)]
enum Source {
    Environment,
    Code,
    /// Some of them from the environment: which ones is not known.
    Both,
}

/// Names the variable that an invalid option comes from, if it can come from the environment.
fn authentication_error(error: &OptionsError, source: Source, misnamed: &AllMisnamed) -> ConfigError {
    const VARIABLES: [(&str, &str); 7] = [
        ("authorized_parties", "CLERK_AUTHORIZED_PARTIES"),
        ("publishable_key", "CLERK_PUBLISHABLE_KEY"),
        ("proxy_url", "CLERK_PROXY_URL"),
        ("sign_in_url", "CLERK_SIGN_IN_URL"),
        ("sign_up_url", "CLERK_SIGN_UP_URL"),
        ("satellite", "CLERK_IS_SATELLITE"),
        ("satellite_domain", "CLERK_DOMAIN"),
    ];
    let text = error.to_string();
    let named = text.split_once(": ").and_then(|(option, problem)| {
        let (option, variable) = VARIABLES.into_iter().find(|(name, _)| *name == option)?;
        let found = misnamed.of(option).filter(|_| problem.starts_with("not set"));
        let problem = found.map_or(problem.to_owned(), |found| format!("{problem}; {found}"));
        Some((option, variable, problem))
    });
    let Some((option, variable, problem)) = named else {
        return ConfigError::new("authentication", text);
    };
    match source {
        Source::Environment => ConfigError::new(variable, problem),
        Source::Code => ConfigError::new("authentication", format_args!("{option}: {problem}")),
        Source::Both => ConfigError::new("authentication", format_args!("{option} or {variable}: {problem}")),
    }
}

/// What the processes of one instance have in common: the Frontend API, or else the secret key.
fn instance_name(config: &Config, secret_key: Option<&SecretKey>) -> Option<String> {
    if let Some(key) = &config.publishable_key {
        return Some(key.frontend_api().to_owned());
    }
    let digest = digest::digest(&digest::SHA256, secret_key?.expose().as_bytes());
    Some(BASE64_URL_SAFE_NO_PAD.encode(digest.as_ref().get(..16)?))
}

fn check_session_token_lifetime(lifetime: Duration) -> Result<(), ConfigError> {
    if (Duration::from_secs(1)..=Revocations::MAX_TOKEN_LIFETIME).contains(&lifetime) {
        return Ok(());
    }
    Err(ConfigError::new("session_token_lifetime", "expected a duration from one second to one day"))
}

fn check_second_level(
    keys: &SecondLevelKeys,
    cache: CachePolicy,
    has_stack: bool,
) -> Result<(), ConfigError> {
    let problem = if has_stack {
        "second_level: `stack` decides with which key and to which address calls are sent, so what other processes ask for \
         may be something else; set a transport and layers instead"
    } else if cache.is_off() {
        "second_level: has no effect beside `CachePolicy::off`; remove one of them"
    } else if keys.secret.is_none() && keys.machine.is_none() {
        "second_level: needs the secret key or a machine's secret key, which seal what is stored"
    } else {
        return Ok(());
    };
    Err(ConfigError::new("fleet", problem))
}

fn check_machine_token_cache(lifetime: Duration) -> Result<(), ConfigError> {
    let max = MachineTokens::MAX_LIFETIME;
    if lifetime <= max {
        return Ok(());
    }
    let problem = format!("at most {max:?}, because a revoked token is accepted for that long");
    Err(ConfigError::new("machine_token_cache", problem))
}

fn warn_of_mixed_instances(config: &Config, secret_key: Option<&SecretKey>) {
    if let (Some(public), Some(secret)) = (&config.publishable_key, secret_key)
        && public.instance_type() != secret.instance_type()
    {
        telemetry::keys_differ();
    }
}

/// Warns of settings that a client can do without, and that were probably meant to be set.
fn warn_of_misnamed(config: &Config, has_options: bool) {
    let always = ["publishable_key", "jwt_key", "webhook_secret"];
    // These concern browsers, which need the publishable key. The application may have set them with its options.
    let is_for_browsers = config.publishable_key.is_some() && !has_options;
    let for_browsers = ["sign_in_url", "sign_up_url", "proxy_url"].into_iter().filter(|_| is_for_browsers);
    for misnamed in always.into_iter().chain(for_browsers).filter_map(|setter| config.misnamed.of(setter)) {
        telemetry::misnamed(misnamed);
    }
}

/// Shows the settings, without the keys.
impl fmt::Debug for ClerkBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClerkBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}
