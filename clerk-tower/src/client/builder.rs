use std::{env, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use clerk_core::{
    authenticate::{AuthenticateOptions, Authenticator, Satellite},
    keys::{MachineSecretKey, PublishableKey, SecretKey},
    token::KeySet,
    webhook::Verifier,
};
use http::{Request, Response};
use tower::{ServiceBuilder, util::BoxCloneSyncService};
use tower_layer::Layer;
use tower_service::Service;

use super::{Clerk, Inner, MachineClerk};
use crate::{
    Error,
    authenticate::MachineTokens,
    base_uri::BaseUriLayer,
    cache::{Cache, CachePolicy},
    clock::{Clock, SystemClock},
    collect::CollectLayer,
    concurrency::ConcurrencyLayer,
    credentials::CredentialsLayer,
    deadline::DeadlineLayer,
    jwks::{KeyStore, KnownTokens},
    notices::Notices,
    options::CallOptions,
    proxy::ProxyBuilder,
    rate_limit::RateLimitLayer,
    retry::{Budget, RetryLayer},
    stack::Stack,
    telemetry,
    transport::Transport,
};

/// A client cannot be built: which setting is at fault, and why. It never repeats a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {problem}")]
#[non_exhaustive]
pub struct ConfigError {
    /// The environment variable or the builder's method.
    pub setting: &'static str,
    problem: String,
}

impl ConfigError {
    pub(crate) fn new(setting: &'static str, problem: impl fmt::Display) -> Self {
        Self { setting, problem: problem.to_string() }
    }
}

/// A text, and where it came from.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) text: String,
}

impl Setting {
    fn parse<T: std::str::FromStr<Err: fmt::Display>>(&self) -> Result<T, ConfigError> {
        self.text.parse().map_err(|error| ConfigError::new(self.name, error))
    }
}

type Provider = Arc<dyn Fn() -> SecretKey + Send + Sync>;
type Wrap = Box<dyn FnOnce(Stack) -> Stack + Send>;

/// Builds a [`Clerk`] or a [`MachineClerk`]. Settings are checked by [`ClerkBuilder::build`].
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
#[must_use]
pub struct ClerkBuilder {
    secret_key: Option<Setting>,
    secret_key_provider: Option<Provider>,
    publishable_key: Option<Setting>,
    machine_secret_key: Option<Setting>,
    jwt_key: Option<Setting>,
    webhook_secrets: Vec<Setting>,
    api_url: Setting,
    api_version: Setting,
    fapi_url: Option<Setting>,
    options: AuthenticateOptions,
    known_token_bytes: u64,
    machine_token_cache: Duration,
    timeout: Duration,
    attempt_timeout: Duration,
    max_answer_bytes: usize,
    retry: RetryLayer,
    concurrency: Option<ConcurrencyLayer>,
    cache: CachePolicy,
    clock: Arc<dyn Clock>,
    transport: Option<Box<dyn FnOnce(Parts) -> Stack + Send>>,
    layers: Vec<Wrap>,
}

impl ClerkBuilder {
    pub(super) fn new() -> Self {
        Self {
            secret_key: None,
            secret_key_provider: None,
            publishable_key: None,
            machine_secret_key: None,
            jwt_key: None,
            webhook_secrets: Vec::new(),
            api_url: Setting { name: "api_url", text: "https://api.clerk.com".into() },
            api_version: Setting { name: "api_version", text: "v1".into() },
            fapi_url: None,
            options: AuthenticateOptions::default(),
            known_token_bytes: 16 * 1024 * 1024,
            machine_token_cache: Duration::ZERO,
            timeout: Duration::from_secs(10),
            attempt_timeout: Duration::from_secs(5),
            max_answer_bytes: 16 * 1024 * 1024,
            retry: RetryLayer::new(),
            concurrency: None,
            cache: CachePolicy::new(),
            clock: Arc::new(SystemClock),
            transport: None,
            layers: Vec::new(),
        }
    }

    /// Reads the variables that [`Clerk::from_env`] lists, so that more can be set before building.
    ///
    /// # Errors
    /// When `CLERK_SECRET_KEY` is not set, or a variable is not Unicode.
    pub fn from_env() -> Result<Self, ConfigError> {
        let mut builder = Self::new();
        builder.secret_key = variable("CLERK_SECRET_KEY")?;
        if builder.secret_key.is_none() {
            return Err(ConfigError::new(
                "CLERK_SECRET_KEY",
                "not set; copy the secret key (sk_test_… or sk_live_…) from the API keys page of Clerk's dashboard",
            ));
        }
        builder.publishable_key = variable("CLERK_PUBLISHABLE_KEY")?;
        builder.machine_secret_key = variable("CLERK_MACHINE_SECRET_KEY")?;
        builder.jwt_key = variable("CLERK_JWT_KEY")?;
        builder.webhook_secrets = webhook_secrets_from_env()?;
        builder.fapi_url = variable("CLERK_FAPI_URL")?;
        builder.options = website_from_env(builder.options)?;
        builder.address_from_env()
    }

    /// Reads the variables that [`MachineClerk::from_env`] lists.
    pub(super) fn machine_from_env() -> Result<Self, ConfigError> {
        let mut builder = Self::new();
        builder.machine_secret_key = variable("CLERK_MACHINE_SECRET_KEY")?;
        if builder.machine_secret_key.is_none() {
            return Err(ConfigError::new(
                "CLERK_MACHINE_SECRET_KEY",
                "not set; copy the machine's secret key (ak_…) from the Machines page of Clerk's dashboard",
            ));
        }
        builder.address_from_env()
    }

    fn address_from_env(mut self) -> Result<Self, ConfigError> {
        if let Some(url) = variable("CLERK_API_URL")? {
            self.api_url = url;
        }
        if let Some(version) = variable("CLERK_API_VERSION")? {
            self.api_version = version;
        }
        Ok(self)
    }

    /// The instance's secret key, `sk_test_…` or `sk_live_…`. A [`Clerk`] requires it.
    pub fn secret_key(mut self, key: impl Into<String>) -> Self {
        self.secret_key = Some(Setting { name: "secret_key", text: key.into() });
        self
    }

    /// Asks for the secret key before every attempt, so that it can change while the service runs. It has to answer
    /// at once, from memory. The Frontend API proxy takes the key of the moment in which it is built.
    ///
    /// ```
    /// use std::sync::{Arc, RwLock};
    /// use clerk_core::keys::SecretKey;
    /// use clerk_tower::Clerk;
    ///
    /// let key: SecretKey = "sk_test_abc".parse().unwrap();
    /// let current = Arc::new(RwLock::new(key)); // changed by whatever watches the secret
    /// let clerk = Clerk::builder()
    ///     .secret_key_provider(move || current.read().unwrap().clone())
    ///     .build()
    ///     .unwrap();
    /// ```
    pub fn secret_key_provider(mut self, provider: impl Fn() -> SecretKey + Send + Sync + 'static) -> Self {
        self.secret_key_provider = Some(Arc::new(provider));
        self
    }

    /// The instance's publishable key. It gives the names of the instance's cookies; without it only the
    /// plain `__session` cookie is read.
    pub fn publishable_key(mut self, key: impl Into<String>) -> Self {
        self.publishable_key = Some(Setting { name: "publishable_key", text: key.into() });
        self
    }

    /// A machine's secret key, `ak_…`, for [`Clerk::as_machine`] or [`ClerkBuilder::build_machine`].
    pub fn machine_secret_key(mut self, key: impl Into<String>) -> Self {
        self.machine_secret_key = Some(Setting { name: "machine_secret_key", text: key.into() });
        self
    }

    /// The instance's public key as PEM. With it session tokens are verified without the network, and a
    /// change of keys at Clerk needs a new configuration.
    pub fn jwt_key(mut self, pem: impl Into<String>) -> Self {
        self.jwt_key = Some(Setting { name: "jwt_key", text: pem.into() });
        self
    }

    /// The signing secret of the webhook endpoint that this service answers, `whsec_…`. Set again, deliveries that are
    /// signed with this one are taken too: while secrets are being changed, or for a second endpoint.
    ///
    /// ```
    /// use clerk_tower::Clerk;
    ///
    /// let clerk = Clerk::builder()
    ///     .secret_key("sk_test_abc")
    ///     .webhook_secret("whsec_bmV3") // the new one
    ///     .webhook_secret("whsec_b2xk") // the one before, until Clerk has forgotten it
    ///     .build()
    ///     .unwrap();
    /// assert!(clerk.webhook_verifier().is_some());
    /// ```
    pub fn webhook_secret(mut self, secret: impl Into<String>) -> Self {
        self.webhook_secrets.push(Setting { name: "webhook_secret", text: secret.into() });
        self
    }

    /// The API's address, with its version or without. `https`, or `http` to this computer.
    pub fn api_url(mut self, url: impl Into<String>) -> Self {
        self.api_url = Setting { name: "api_url", text: url.into() };
        self
    }

    /// The first segment of the API's paths, `v1` unless set.
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = Setting { name: "api_version", text: version.into() };
        self
    }

    /// The address that the [proxy](crate::proxy) sends requests on to. Unless set, the publishable key says
    /// which of Clerk's it is. `https`, or `http` to this computer.
    pub fn fapi_url(mut self, url: impl Into<String>) -> Self {
        self.fapi_url = Some(Setting { name: "fapi_url", text: url.into() });
        self
    }

    /// The origins that may use session tokens, for example `https://app.example.com`. With any set, a token
    /// must name exactly one of them in `azp`. Set this in production: it stops tokens that leaked through
    /// a sibling domain.
    pub fn authorized_parties<T: Into<String>>(mut self, parties: impl IntoIterator<Item = T>) -> Self {
        self.options = self.options.authorized_parties(parties);
        self
    }

    /// The audiences this service answers to. A token that names other audiences is refused; one that names
    /// none is accepted.
    pub fn audiences<T: Into<String>>(mut self, audiences: impl IntoIterator<Item = T>) -> Self {
        self.options = self.options.audiences(audiences);
        self
    }

    /// How far the clocks of Clerk and this computer may differ. 5 seconds unless set.
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.options = self.options.clock_skew(skew);
        self
    }

    /// Changes how incoming requests are authenticated, beyond what has a method of its own here.
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
    pub fn authentication(mut self, change: impl FnOnce(AuthenticateOptions) -> AuthenticateOptions) -> Self {
        self.options = change(self.options);
        self
    }

    /// How much memory session tokens may take whose signature was verified already: 16 MiB unless set, which is
    /// some thousand tokens. They are not verified again as long as the keys stay the same; their claims are
    /// checked every time. With zero, every token is verified every time.
    pub fn known_token_bytes(mut self, max: u64) -> Self {
        self.known_token_bytes = max;
        self
    }

    /// For how long opaque machine tokens stay good without asking Clerk again, API keys for example. Not at all
    /// unless set, and five minutes at most.
    ///
    /// This saves one call to Clerk per request, and lets a token that is revoked meanwhile in for so long. What
    /// is remembered are good tokens alone, none beyond its own end, in 4 MiB at most.
    pub fn machine_token_cache(mut self, lifetime: Duration) -> Self {
        self.machine_token_cache = lifetime;
        self
    }

    /// How long a call may take in all, and all calls together that a decision about an incoming request needs.
    /// 10 seconds unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long one attempt of a call may take. 5 seconds unless set. Connecting may take 3 of them: what could not be
    /// sent is sent again, whatever it is, and what may have been sent is not.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// How often a call may be sent, the first time included: 3 unless set. See [`retry`](crate::retry) for which
    /// calls are sent again, and when.
    pub fn max_attempts(mut self, max: u32) -> Self {
        self.retry = self.retry.max_attempts(max);
        self
    }

    /// Shares a budget for retries with other clients. Each client has one of its own unless set.
    pub fn retry_budget(mut self, budget: Budget) -> Self {
        self.retry = self.retry.budget(budget);
        self
    }

    /// How many calls may be under way at once. Calls beyond it wait for a place, at most until their deadline.
    /// There is no limit unless set.
    pub fn max_concurrent_calls(mut self, max: usize) -> Self {
        self.concurrency = Some(ConcurrencyLayer::new(max));
        self
    }

    /// For how long answers are kept for [`Clerk::cached`], and how many. [`CachePolicy::off`] keeps none.
    pub fn cache(mut self, policy: CachePolicy) -> Self {
        self.cache = policy;
        self
    }

    /// How many bytes an answer may have. 16 MiB unless set.
    pub fn max_answer_bytes(mut self, max: usize) -> Self {
        self.max_answer_bytes = max;
        self
    }

    /// The clock that tokens are judged by.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Carries requests with this service, below the default stack.
    pub fn transport<T: Transport>(mut self, transport: T) -> Self
    where
        T::Future: 'static,
    {
        self.transport = Some(Box::new(move |parts| parts.around(transport)));
        self
    }

    /// Replaces the default stack. Deadlines, limits, credentials and the API's address are then its own
    /// business; see [`stack`](crate::stack).
    pub fn stack<S>(mut self, stack: S) -> Self
    where
        S: Service<Request<Bytes>, Response = Response<Bytes>, Error = Error> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        self.transport = Some(Box::new(move |_| BoxCloneSyncService::new(stack)));
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
        self.layers.push(Box::new(move |stack| BoxCloneSyncService::new(layer.layer(stack))));
        self
    }

    /// Checks the settings and builds the client. Nothing is sent.
    ///
    /// # Errors
    /// [`ConfigError`] names the first setting that is wrong.
    pub fn build(self) -> Result<Clerk, ConfigError> {
        let (mut credentials, secret_key) = match (&self.secret_key_provider, &self.secret_key) {
            (Some(provider), _) => {
                let (provider, key) = (provider.clone(), provider());
                (CredentialsLayer::from_provider(move || provider()), key)
            }
            (None, Some(key)) => {
                let key: SecretKey = key.parse()?;
                (CredentialsLayer::new(&key), key)
            }
            (None, None) => {
                let problem = "not set; Clerk's API and its keys cannot be reached without it";
                return Err(ConfigError::new("secret_key", problem));
            }
        };
        if let Some(key) = &self.machine_secret_key {
            credentials = credentials.machine_secret_key(&key.parse::<MachineSecretKey>()?);
        }
        self.assemble(credentials, Some(secret_key))
    }

    /// Checks the settings and builds a machine's client. Nothing is sent. It has the machine's secret key
    /// alone, whatever other keys are set.
    ///
    /// ```
    /// use clerk_tower::Clerk;
    ///
    /// let machine = Clerk::builder().machine_secret_key("ak_abc").build_machine().unwrap();
    ///
    /// let error = Clerk::builder().secret_key("sk_test_abc").build_machine().unwrap_err();
    /// assert_eq!(error.to_string(), "machine_secret_key: not set; a machine's client cannot be built without it");
    /// ```
    ///
    /// # Errors
    /// [`ConfigError`] names the first setting that is wrong.
    pub fn build_machine(self) -> Result<MachineClerk, ConfigError> {
        let key = self.machine_secret_key.as_ref().ok_or_else(|| {
            ConfigError::new("machine_secret_key", "not set; a machine's client cannot be built without it")
        })?;
        let credentials = CredentialsLayer::for_machine(&key.parse::<MachineSecretKey>()?);
        MachineClerk::of(self.assemble(credentials, None)?)
    }

    /// Checks the other settings and puts the stack together.
    fn assemble(
        self,
        credentials: CredentialsLayer,
        secret_key: Option<SecretKey>,
    ) -> Result<Clerk, ConfigError> {
        let mut options = self.options;
        let publishable_key = self.publishable_key.map(|key| key.parse::<PublishableKey>()).transpose()?;
        if let Some(key) = &publishable_key {
            options = options.publishable_key(key.clone());
        }
        if let (Some(public), Some(secret)) = (&publishable_key, &secret_key)
            && public.instance_type() != secret.instance_type()
        {
            telemetry::keys_differ();
        }
        let authenticator =
            Authenticator::new(options.clone()).map_err(|error| ConfigError::new("authentication", error))?;
        let fixed = match &self.jwt_key {
            Some(key) if !key.text.trim().is_empty() => {
                Some(KeySet::from_pem(&key.text).map_err(|error| ConfigError::new(key.name, error))?)
            }
            _ => None,
        };
        let webhooks = webhook_verifier(&self.webhook_secrets)?;
        let longest = MachineTokens::LONGEST;
        if self.machine_token_cache > longest {
            let problem = format!("a token that was revoked may be let in for {longest:?} at most");
            return Err(ConfigError::new("machine_token_cache", problem));
        }
        let remember = !self.machine_token_cache.is_zero();
        let parts = Parts {
            base_uri: base_uri(&self.api_url, &self.api_version)?,
            credentials,
            timeout: self.timeout,
            attempt_timeout: self.attempt_timeout,
            max_answer_bytes: self.max_answer_bytes,
            retry: self.retry.clock(self.clock.clone()),
            rate_limit: RateLimitLayer::new().clock(self.clock.clone()),
            concurrency: self.concurrency,
        };
        let stack = match self.transport {
            Some(assemble) => assemble(parts),
            None => default_transport(parts)?,
        };
        let stack = self.layers.into_iter().fold(stack, |stack, wrap| wrap(stack));
        let proxy = ProxyBuilder::of_client(publishable_key, secret_key, self.fapi_url, &options);
        let shared = Arc::new(Inner {
            keys: KeyStore::new(
                stack.clone(),
                fixed,
                KnownTokens::up_to(self.known_token_bytes),
                self.clock.clone(),
            ),
            cache: Cache::new(self.cache, stack.clone(), self.clock.clone(), self.timeout),
            stack,
            options,
            authenticator,
            webhooks,
            clock: self.clock,
            has_machine_key: self.machine_secret_key.is_some(),
            timeout: self.timeout,
            machine_tokens: remember.then(|| MachineTokens::remembered_for(self.machine_token_cache)),
            proxy,
            notices: Notices::default(),
        });
        Ok(Clerk { shared, options: CallOptions::new() })
    }
}

impl fmt::Debug for ClerkBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClerkBuilder").finish_non_exhaustive()
    }
}

/// What the default stack is made of.
struct Parts {
    base_uri: BaseUriLayer,
    credentials: CredentialsLayer,
    timeout: Duration,
    attempt_timeout: Duration,
    max_answer_bytes: usize,
    retry: RetryLayer,
    rate_limit: RateLimitLayer,
    concurrency: Option<ConcurrencyLayer>,
}

impl Parts {
    fn around<T: Transport>(self, transport: T) -> Stack
    where
        T::Future: 'static,
    {
        BoxCloneSyncService::new(
            ServiceBuilder::new()
                .layer(DeadlineLayer::new(self.timeout))
                .option_layer(self.concurrency)
                .layer(self.retry)
                .layer(self.rate_limit)
                .layer(self.credentials)
                .layer(DeadlineLayer::per_attempt(self.attempt_timeout))
                .layer(CollectLayer::new(self.max_answer_bytes))
                .layer(self.base_uri)
                .service(transport),
        )
    }
}

#[cfg(feature = "reqwest")]
fn default_transport(parts: Parts) -> Result<Stack, ConfigError> {
    let transport = crate::transport::ReqwestTransport::new();
    Ok(parts.around(transport.map_err(|error| ConfigError::new("transport", error))?))
}

#[cfg(all(feature = "hyper", not(feature = "reqwest")))]
fn default_transport(parts: Parts) -> Result<Stack, ConfigError> {
    let transport = crate::transport::HyperTransport::new();
    Ok(parts.around(transport.map_err(|error| ConfigError::new("transport", error))?))
}

#[cfg(not(any(feature = "hyper", feature = "reqwest")))]
fn default_transport(_: Parts) -> Result<Stack, ConfigError> {
    Err(ConfigError::new("transport", "none given; set one, or turn on the feature `reqwest` or `hyper`"))
}

/// What the variables say about the website that this service is part of.
fn website_from_env(mut options: AuthenticateOptions) -> Result<AuthenticateOptions, ConfigError> {
    if let Some(url) = variable("CLERK_PROXY_URL")? {
        options = options.proxy_url(url.text);
    }
    if let Some(url) = variable("CLERK_SIGN_IN_URL")? {
        options = options.sign_in_url(url.text);
    }
    if let Some(url) = variable("CLERK_SIGN_UP_URL")? {
        options = options.sign_up_url(url.text);
    }
    // As Clerk's SDKs read it: `true` in any case, or a positive number.
    let is_true = |text: &str| text.eq_ignore_ascii_case("true") || text.parse::<u32>().is_ok_and(|n| n > 0);
    if variable("CLERK_IS_SATELLITE")?.is_some_and(|setting| is_true(&setting.text)) {
        options = options.satellite(match variable("CLERK_DOMAIN")? {
            Some(domain) => Satellite::domain(domain.text),
            None => Satellite::behind_proxy(),
        });
    }
    Ok(options)
}

/// One secret, or several with white space between them.
fn webhook_secrets_from_env() -> Result<Vec<Setting>, ConfigError> {
    let setting = variable("CLERK_WEBHOOK_SIGNING_SECRET")?;
    let secrets = |Setting { name, text }: Setting| -> Vec<_> {
        text.split_whitespace().map(|text| Setting { name, text: text.to_owned() }).collect()
    };
    Ok(setting.map(secrets).unwrap_or_default())
}

/// `None` without a secret.
fn webhook_verifier(secrets: &[Setting]) -> Result<Option<Verifier>, ConfigError> {
    secrets.iter().try_fold(None, |verifier: Option<Verifier>, secret| {
        let secret = secret.parse()?;
        Ok(Some(match verifier {
            Some(verifier) => verifier.or(secret),
            None => Verifier::new(secret),
        }))
    })
}

/// A variable's text; `None` when it is not set or empty.
fn variable(name: &'static str) -> Result<Option<Setting>, ConfigError> {
    match env::var(name) {
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => Ok(Some(Setting { name, text })),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(ConfigError::new(name, "it is not valid Unicode")),
    }
}

fn base_uri(url: &Setting, version: &Setting) -> Result<BaseUriLayer, ConfigError> {
    let is_segment = version.text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_segment || version.text.is_empty() {
        return Err(ConfigError::new(version.name, "expected one path segment such as v1"));
    }
    let text = url.text.trim_end_matches('/');
    let end = format!("/{}", version.text);
    // Clerk's documents write the address either way.
    let base = if text.ends_with(&end) { text.to_owned() } else { text.to_owned() + &end };
    let layer = BaseUriLayer::new(&base).map_err(|error| ConfigError::new(url.name, error))?;
    if layer.is_plain_http_to_another_computer() {
        return Err(ConfigError::new(url.name, "http would send the secret key unencrypted; use https"));
    }
    Ok(layer)
}
