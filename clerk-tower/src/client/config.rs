use std::{env, fmt, num::NonZeroU32, time::Duration};

use clerk_core::{
    authenticate::{AuthenticateOptions, Satellite},
    keys::{MachineSecretKey, PublishableKey, SecretKey, WebhookSecret},
    token::KeySet,
    webhook::Verifier,
};

use super::{
    cache::CachePolicy,
    middleware::base_uri::{BaseUriLayer, InvalidBaseUri},
    retry::RetryLayer,
};

/// Error of building a client. It names the setting and what is wrong with it, and never contains a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {problem}")]
#[non_exhaustive]
pub struct ConfigError {
    /// The environment variable, or the builder's method.
    pub setting: &'static str,
    problem: String,
}

impl ConfigError {
    pub(crate) fn new(setting: &'static str, problem: impl fmt::Display) -> Self {
        Self { setting, problem: problem.to_string() }
    }
}

/// The settings of a client, as data.
///
/// [`Config::from_env`] reads them from the environment, and [`ClerkBuilder::new`](crate::ClerkBuilder::new) turns them
/// into a client. What is a service and not data (a transport, a clock, a layer) is set on the builder. `Debug` shows
/// no key.
///
/// ```
/// use std::time::Duration;
/// use clerk_tower::{ClerkBuilder, Config};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut config = Config::default();
/// config.secret_key = Some("sk_test_abc".parse()?);
/// config.timeout = Duration::from_secs(3);
/// let clerk = ClerkBuilder::new(config).build()?;
/// # let _ = clerk; Ok(()) }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Config {
    /// The instance's secret key, `sk_test_…` or `sk_live_…`. A [`Clerk`](crate::Clerk) requires it.
    pub secret_key: Option<SecretKey>,
    /// The instance's publishable key. Names the instance's cookies; without it only the plain `__session` cookie is
    /// read, and no browser is redirected.
    pub publishable_key: Option<PublishableKey>,
    /// A machine's secret key, `ak_…`.
    pub machine_secret_key: Option<MachineSecretKey>,
    /// The instance's public key. If set, session tokens are verified without the network, and a key rotation at Clerk
    /// requires a new configuration.
    pub jwt_key: Option<KeySet>,
    /// The signing secrets of the webhook endpoint. A delivery may be signed with any of them.
    pub webhook_secrets: Vec<WebhookSecret>,
    /// The address of the Backend API, with or without its version. Defaults to `https://api.clerk.com`.
    pub api_url: String,
    /// The first path segment of the API. Defaults to `v1`.
    pub api_version: String,
    /// The address that the Frontend API proxy forwards to. If unset, it follows from the publishable key.
    pub fapi_url: Option<String>,
    /// How incoming requests are authenticated.
    pub authentication: AuthenticateOptions,
    /// How many bytes verified session tokens may take in memory. Defaults to 16 MiB; zero disables the memory.
    pub known_token_bytes: u64,
    /// How long an opaque machine token counts as good without asking Clerk again. Defaults to zero; at most five
    /// minutes.
    pub machine_token_cache: Duration,
    /// How long a call may take in all, including retries. Defaults to 10 seconds.
    pub timeout: Duration,
    /// How long all calls may take together that the decision about one request needs. Defaults to `None`: as long as
    /// the [`timeout`](Self::timeout) of one call.
    pub decision_timeout: Option<Duration>,
    /// How long one attempt of a call may take. Defaults to 5 seconds.
    pub attempt_timeout: Duration,
    /// How often a call may be sent, including the first time. Defaults to 3.
    pub max_attempts: NonZeroU32,
    /// How many calls may be in flight. Defaults to `None`: no limit.
    pub max_concurrent_calls: Option<usize>,
    /// How many bytes a response body may have. Defaults to 16 MiB.
    pub max_response_bytes: usize,
    /// How long responses are cached, and how many. Defaults to [`CachePolicy::new`].
    pub cache: CachePolicy,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            secret_key: None,
            publishable_key: None,
            machine_secret_key: None,
            jwt_key: None,
            webhook_secrets: Vec::new(),
            api_url: "https://api.clerk.com".to_owned(),
            api_version: "v1".to_owned(),
            fapi_url: None,
            authentication: AuthenticateOptions::default(),
            known_token_bytes: 16 * 1024 * 1024,
            machine_token_cache: Duration::ZERO,
            timeout: Duration::from_secs(10),
            decision_timeout: None,
            attempt_timeout: Duration::from_secs(5),
            max_attempts: RetryLayer::MAX_ATTEMPTS,
            max_concurrent_calls: None,
            max_response_bytes: 16 * 1024 * 1024,
            cache: CachePolicy::new(),
        }
    }
}

impl Config {
    /// Reads the variables that [`Clerk::from_env`](crate::Clerk::from_env) lists. None of them is required here.
    ///
    /// # Errors
    /// [`ConfigError`] names the first variable that is invalid, and what is wrong with it.
    pub fn from_env() -> Result<Self, ConfigError> {
        let (config, mut problems) = Self::read_env();
        if problems.is_empty() { Ok(config) } else { Err(problems.swap_remove(0).error) }
    }

    /// Reads the same variables. Invalid ones are left out and returned as problems, so that a setter can replace them.
    pub(crate) fn read_env() -> (Self, Vec<Problem>) {
        let (mut config, mut problems) = Self::read_machine_env();
        let mut check = Checker(&mut problems);
        config.secret_key = check.parsed("secret_key", "CLERK_SECRET_KEY");
        config.publishable_key = check.parsed("publishable_key", "CLERK_PUBLISHABLE_KEY");
        config.webhook_secrets = check.keep("webhook_secret", webhook_secrets()).unwrap_or_default();
        let pem = check.variable("jwt_key", "CLERK_JWT_KEY");
        config.jwt_key = pem.and_then(|pem| check.keep("jwt_key", pem_key("CLERK_JWT_KEY", &pem)).flatten());
        // The proxy's builder checks it again, but its error could not name the variable.
        config.fapi_url = check.variable("fapi_url", "CLERK_FAPI_URL").filter(|url| {
            let checked =
                BaseUriLayer::for_key(url).map_err(|error| ConfigError::new("CLERK_FAPI_URL", error));
            check.keep("fapi_url", checked).is_some()
        });
        let website = website(AuthenticateOptions::default());
        config.authentication = check.keep("authentication", website).unwrap_or_default();
        (config, problems)
    }

    /// Reads the variables that [`MachineClerk::from_env`](crate::MachineClerk::from_env) lists.
    pub(crate) fn read_machine_env() -> (Self, Vec<Problem>) {
        let (mut config, mut problems) = (Self::default(), Vec::new());
        let mut check = Checker(&mut problems);
        config.machine_secret_key = check.parsed("machine_secret_key", "CLERK_MACHINE_SECRET_KEY");
        if let Some(version) = check.variable("api_version", "CLERK_API_VERSION")
            && check.keep("api_version", check_version("CLERK_API_VERSION", &version)).is_some()
        {
            config.api_version = version;
        }
        if let Some(url) = check.variable("api_url", "CLERK_API_URL") {
            let checked = base_uri(&url, &config.api_version);
            let checked = checked.map_err(|error| ConfigError::new("CLERK_API_URL", error));
            if check.keep("api_url", checked).is_some() {
                config.api_url = url;
            }
        }
        (config, problems)
    }

    pub(crate) fn checked_base_uri(&self) -> Result<BaseUriLayer, ConfigError> {
        check_version("api_version", &self.api_version)?;
        base_uri(&self.api_url, &self.api_version).map_err(|error| ConfigError::new("api_url", error))
    }

    /// `None` without a secret.
    pub(crate) fn webhook_verifier(&self) -> Option<Verifier> {
        let mut secrets = self.webhook_secrets.iter().cloned();
        let first = Verifier::new(secrets.next()?);
        Some(secrets.fold(first, Verifier::or))
    }

    /// Returns the first setting of the default stack that differs from its default. A custom stack would silently
    /// ignore it.
    pub(crate) fn stack_setting(&self) -> Option<&'static str> {
        let default = Self::default();
        STACK_SETTINGS.into_iter().find_map(|(setting, differs)| differs(self, &default).then_some(setting))
    }
}

/// Returns whether two configurations differ in one setting.
type Differs = fn(&Config, &Config) -> bool;

/// The settings that only the default stack uses.
pub(crate) const STACK_SETTINGS: [(&str, Differs); 7] = [
    ("api_url", |a, b| a.api_url != b.api_url),
    ("api_version", |a, b| a.api_version != b.api_version),
    ("timeout", |a, b| a.timeout != b.timeout),
    ("attempt_timeout", |a, b| a.attempt_timeout != b.attempt_timeout),
    ("max_attempts", |a, b| a.max_attempts != b.max_attempts),
    ("max_concurrent_calls", |a, b| a.max_concurrent_calls != b.max_concurrent_calls),
    ("max_response_bytes", |a, b| a.max_response_bytes != b.max_response_bytes),
];

/// An invalid setting, and the setter that can replace it.
pub(crate) struct Problem {
    pub(crate) setter: &'static str,
    pub(crate) error: ConfigError,
}

/// Collects the problems of the environment.
struct Checker<'a>(&'a mut Vec<Problem>);

impl Checker<'_> {
    /// Returns the value, or notes the problem.
    fn keep<T>(&mut self, setter: &'static str, value: Result<T, ConfigError>) -> Option<T> {
        value.map_err(|error| self.0.push(Problem { setter, error })).ok()
    }

    fn variable(&mut self, setter: &'static str, name: &'static str) -> Option<String> {
        self.keep(setter, variable(name)).flatten()
    }

    fn parsed<T: std::str::FromStr<Err: fmt::Display>>(
        &mut self,
        setter: &'static str,
        name: &'static str,
    ) -> Option<T> {
        let text = self.variable(setter, name)?;
        self.keep(setter, parse(name, &text))
    }
}

/// Returns the API's address with its version. Users copy it with or without the version, because Clerk's documentation
/// has both.
fn base_uri(url: &str, version: &str) -> Result<BaseUriLayer, InvalidBaseUri> {
    let url = url.trim_end_matches('/');
    let end = format!("/{version}");
    let base = if url.ends_with(&end) { url.to_owned() } else { url.to_owned() + &end };
    BaseUriLayer::for_key(&base)
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("secret_key", &self.secret_key)
            .field("publishable_key", &self.publishable_key)
            .field("machine_secret_key", &self.machine_secret_key)
            .field("jwt_key", &self.jwt_key)
            .field("webhook_secrets", &self.webhook_secrets)
            // Not checked yet, so the URL may contain credentials by mistake.
            .field("api_url", &shown_url(&self.api_url))
            .field("api_version", &self.api_version)
            .field("fapi_url", &self.fapi_url.as_deref().map(shown_url))
            .field("authentication", &self.authentication)
            .field("known_token_bytes", &self.known_token_bytes)
            .field("machine_token_cache", &self.machine_token_cache)
            .field("timeout", &self.timeout)
            .field("decision_timeout", &self.decision_timeout)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("max_attempts", &self.max_attempts)
            .field("max_concurrent_calls", &self.max_concurrent_calls)
            .field("max_response_bytes", &self.max_response_bytes)
            .field("cache", &self.cache)
            .finish()
    }
}

fn shown_url(url: &str) -> &str {
    if url.contains('@') { "[redacted]" } else { url }
}

fn check_version(setting: &'static str, version: &str) -> Result<(), ConfigError> {
    // It becomes part of the URL that the secret key is sent to.
    let is_segment = version.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_segment && !version.is_empty() {
        return Ok(());
    }
    Err(ConfigError::new(setting, "expected one path segment such as v1"))
}

/// The key in a PEM string; `None` if the string is blank.
pub(crate) fn pem_key(setting: &'static str, pem: &str) -> Result<Option<KeySet>, ConfigError> {
    if pem.trim().is_empty() {
        return Ok(None);
    }
    KeySet::from_pem(pem).map(Some).map_err(|error| ConfigError::new(setting, error))
}

/// Reads the variables about the website that this service is part of.
fn website(mut options: AuthenticateOptions) -> Result<AuthenticateOptions, ConfigError> {
    if let Some(url) = variable("CLERK_PROXY_URL")? {
        options = options.proxy_url(url);
    }
    if let Some(url) = variable("CLERK_SIGN_IN_URL")? {
        options = options.sign_in_url(url);
    }
    if let Some(url) = variable("CLERK_SIGN_UP_URL")? {
        options = options.sign_up_url(url);
    }
    // As in Clerk's SDKs: `true` in any case, or a positive number.
    let is_true = |text: &str| text.eq_ignore_ascii_case("true") || text.parse::<u32>().is_ok_and(|n| n > 0);
    if variable("CLERK_IS_SATELLITE")?.is_some_and(|text| is_true(&text)) {
        options = options.satellite(match variable("CLERK_DOMAIN")? {
            Some(domain) => Satellite::domain(domain),
            None => Satellite::behind_proxy(),
        });
    }
    Ok(options)
}

/// Reads one secret, or several separated by white space, so that a secret can be rotated without rejecting deliveries.
fn webhook_secrets() -> Result<Vec<WebhookSecret>, ConfigError> {
    const NAME: &str = "CLERK_WEBHOOK_SIGNING_SECRET";
    let text = variable(NAME)?.unwrap_or_default();
    text.split_whitespace().map(|secret| parse(NAME, secret)).collect()
}

/// Parses the string of a setting.
pub(crate) fn parse<T: std::str::FromStr<Err: fmt::Display>>(
    setting: &'static str,
    text: &str,
) -> Result<T, ConfigError> {
    text.parse().map_err(|error| ConfigError::new(setting, error))
}

/// Returns the value of an environment variable. `None` if it is unset or empty: deployment tools often set a variable
/// that has no value to the empty string.
fn variable(name: &'static str) -> Result<Option<String>, ConfigError> {
    match env::var(name) {
        Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(ConfigError::new(name, "not valid Unicode")),
    }
}
