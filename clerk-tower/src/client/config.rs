use std::{fmt, num::NonZeroU32, time::Duration};

use clerk_core::{
    authenticate::{AuthenticateOptions, Satellite},
    keys::{MachineSecretKey, PublishableKey, SecretKey, WebhookSecret, copy_mistake},
    token::KeySet,
    webhook::Verifier,
};
use http::Uri;

use super::{
    cache::CachePolicy,
    environment::{AllMisnamed, Environment},
    middleware::base_uri::{BaseUriLayer, InvalidBaseUri},
    retry::RetryLayer,
};
use crate::{fleet::Fleet, intake::WebhookLimits};

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
    /// The instance's public keys. If set, session tokens are verified without the network, and a key rotation at Clerk
    /// requires a new configuration.
    pub jwt_key: Option<KeySet>,
    /// Where the instance's public keys are fetched without the secret key. If unset, it follows from the publishable key.
    pub jwks_url: Option<String>,
    /// The signing secrets of the webhook endpoint. A delivery may be signed with any of them.
    pub webhook_secrets: Vec<WebhookSecret>,
    /// How much of webhook deliveries may be received at the same time.
    pub webhook_limits: WebhookLimits,
    /// The address of the Backend API, with or without its version. Defaults to `https://api.clerk.com`.
    pub api_url: String,
    /// The first path segment of the API. Defaults to `v1`.
    pub api_version: String,
    /// The address that the Frontend API proxy forwards to. If unset, it follows from the publishable key.
    pub fapi_url: Option<String>,
    /// The address of the Redis or Valkey server of the [fleet](crate::fleet), as
    /// [`Redis::connect`](../fleet/struct.Redis.html#method.connect) takes it. Requires the feature `redis`. If unset, and
    /// without [`ClerkBuilder::fleet`](crate::ClerkBuilder::fleet), there is no fleet.
    pub redis_url: Option<String>,
    /// How incoming requests are authenticated.
    pub authentication: AuthenticateOptions,
    /// How many bytes verified session tokens may take in memory. Defaults to 16 MiB; zero disables the memory.
    pub known_token_bytes: u64,
    /// How long session tokens live at most, as the dashboard says. Defaults to 60 seconds; from one second to one day.
    /// Revoked sessions are remembered for that long, and for two minutes more.
    pub session_token_lifetime: Duration,
    /// How long an opaque machine token counts as good without asking Clerk again. Defaults to zero; at most five
    /// minutes.
    pub machine_token_cache: Duration,
    /// How long a call may take in all, including retries. Defaults to 10 seconds.
    pub timeout: Duration,
    /// How long all calls may take together that the decision about one request needs. Defaults to `None`: as long as
    /// the [`timeout`](Self::timeout) of one call.
    pub decision_timeout: Option<Duration>,
    /// How many calls that decisions wait for may be in flight: as many for machine tokens, and as many for browsers.
    /// Defaults to 64; zero counts as one.
    pub max_decision_calls: usize,
    /// How long one attempt of a call may take. Defaults to 5 seconds.
    pub attempt_timeout: Duration,
    /// How often a call may be sent, including the first time. Defaults to 3.
    pub max_attempts: NonZeroU32,
    /// How many of the calls that the program makes itself may be in flight. Defaults to `None`: no limit. Calls that
    /// decisions wait for have [`max_decision_calls`](Self::max_decision_calls) instead.
    pub max_concurrent_calls: Option<usize>,
    /// How many bytes a response body may have. Defaults to 16 MiB.
    pub max_response_bytes: usize,
    /// How long responses are cached, and how many. Defaults to [`CachePolicy::new`].
    pub cache: CachePolicy,
    /// Variables that are set under a name that is not read.
    pub(crate) misnamed: AllMisnamed,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            secret_key: None,
            publishable_key: None,
            machine_secret_key: None,
            jwt_key: None,
            jwks_url: None,
            webhook_secrets: Vec::new(),
            webhook_limits: WebhookLimits::new(),
            api_url: "https://api.clerk.com".to_owned(),
            api_version: "v1".to_owned(),
            fapi_url: None,
            redis_url: None,
            authentication: AuthenticateOptions::default(),
            known_token_bytes: 16 * 1024 * 1024,
            session_token_lifetime: Duration::from_secs(60),
            machine_token_cache: Duration::ZERO,
            timeout: Duration::from_secs(10),
            decision_timeout: None,
            max_decision_calls: 64,
            attempt_timeout: Duration::from_secs(5),
            max_attempts: RetryLayer::MAX_ATTEMPTS,
            max_concurrent_calls: None,
            max_response_bytes: 16 * 1024 * 1024,
            cache: CachePolicy::new(),
            misnamed: AllMisnamed::default(),
        }
    }
}

impl Config {
    /// Reads the variables that [`Clerk::from_env`](crate::Clerk::from_env) lists. None of them is required here.
    ///
    /// # Errors
    /// [`ConfigError`] names the first variable that is invalid, and what is wrong with it.
    pub fn from_env() -> Result<Self, ConfigError> {
        let (config, mut problems) = Self::read_env(&Environment::of_process());
        if problems.is_empty() { Ok(config) } else { Err(problems.swap_remove(0).error) }
    }

    /// Reads the same variables. Invalid ones are left out and returned as problems, so that a setter can replace them.
    pub(crate) fn read_env(env: &Environment<'_>) -> (Self, Vec<Problem>) {
        let (mut config, mut problems) = Self::read_machine_env(env);
        let mut check = Checker { env, problems: &mut problems, misnamed: &mut config.misnamed };
        config.secret_key = check.parsed("secret_key", "CLERK_SECRET_KEY");
        config.publishable_key = check.parsed("publishable_key", "CLERK_PUBLISHABLE_KEY");
        let secrets = check.variable("webhook_secret", "CLERK_WEBHOOK_SIGNING_SECRET");
        config.webhook_secrets = secrets
            .and_then(|secrets| check.keep("webhook_secret", webhook_secrets(&secrets)))
            .unwrap_or_default();
        let pem = check.variable("jwt_key", "CLERK_JWT_KEY");
        config.jwt_key =
            pem.and_then(|pem| check.keep("jwt_key", public_keys("CLERK_JWT_KEY", &pem)).flatten());
        config.jwks_url = check.variable("jwks_url", "CLERK_JWKS_URL").filter(|url| {
            let checked = KeysAddress::new(url).map_err(|error| ConfigError::new("CLERK_JWKS_URL", error));
            check.keep("jwks_url", checked).is_some()
        });
        // The proxy's builder checks it again, but its error could not name the variable.
        config.fapi_url = check.variable("fapi_url", "CLERK_FAPI_URL").filter(|url| {
            let checked =
                BaseUriLayer::for_key(url).map_err(|error| ConfigError::new("CLERK_FAPI_URL", error));
            check.keep("fapi_url", checked).is_some()
        });
        config.redis_url = check.variable("fleet", "CLERK_REDIS_URL").filter(|url| {
            let checked = Fleet::at_redis(url).map_err(|error| ConfigError::new("CLERK_REDIS_URL", error));
            check.keep("fleet", checked).is_some()
        });
        config.authentication = website(&mut check);
        (config, problems)
    }

    /// Reads the variables that [`MachineClerk::from_env`](crate::MachineClerk::from_env) lists.
    pub(crate) fn read_machine_env(env: &Environment<'_>) -> (Self, Vec<Problem>) {
        let (mut config, mut problems) = (Self::default(), Vec::new());
        let mut check = Checker { env, problems: &mut problems, misnamed: &mut config.misnamed };
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

/// Reads the environment, and collects its problems.
struct Checker<'a> {
    env: &'a Environment<'a>,
    problems: &'a mut Vec<Problem>,
    misnamed: &'a mut AllMisnamed,
}

impl Checker<'_> {
    /// Returns the value, or notes the problem.
    fn keep<T>(&mut self, setter: &'static str, value: Result<T, ConfigError>) -> Option<T> {
        value.map_err(|error| self.problems.push(Problem { setter, error })).ok()
    }

    /// Returns the variable's value. If it is unset, notes under which other name it is set.
    fn variable(&mut self, setter: &'static str, name: &'static str) -> Option<String> {
        let value = self.env.variable(name);
        if value == Ok(None) {
            self.misnamed.extend(self.env.misnamed(setter, name));
        }
        self.keep(setter, value).flatten()
    }

    fn parsed<T: TryFrom<String, Error: fmt::Display>>(
        &mut self,
        setter: &'static str,
        name: &'static str,
    ) -> Option<T> {
        let text = self.variable(setter, name)?;
        self.keep(setter, parse(name, text))
    }

    /// Returns whether a switch is on. As in Clerk's SDKs, `true` in any case and positive numbers are on. Unlike there,
    /// what is neither on nor off is an error, so that `"true"` in quotes is not silently off.
    fn is_on(&mut self, setter: &'static str, name: &'static str) -> bool {
        let Some(text) = self.variable(setter, name) else { return false };
        let on = match &*text {
            t if t.eq_ignore_ascii_case("true") => Ok(true),
            t if t.eq_ignore_ascii_case("false") => Ok(false),
            t => t
                .parse::<u32>()
                .map(|number| number > 0)
                .map_err(|_| ConfigError::new(name, "expected true or false")),
        };
        self.keep(setter, on).unwrap_or_default()
    }
}

/// Returns the API's address with its version. Users copy it with or without the version, because Clerk's documentation
/// has both.
fn base_uri(url: &str, version: &str) -> Result<BaseUriLayer, InvalidBaseUri> {
    // As it was written, so that mistakes at its end are seen.
    BaseUriLayer::new(url)?;
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
            .field("jwks_url", &self.jwks_url.as_deref().map(shown_url))
            .field("webhook_secrets", &self.webhook_secrets)
            .field("webhook_limits", &self.webhook_limits)
            // Not checked yet, so the URL may contain credentials by mistake.
            .field("api_url", &shown_url(&self.api_url))
            .field("api_version", &self.api_version)
            .field("fapi_url", &self.fapi_url.as_deref().map(shown_url))
            .field("redis_url", &self.redis_url.as_deref().map(shown_redis_url))
            .field("authentication", &self.authentication)
            .field("known_token_bytes", &self.known_token_bytes)
            .field("session_token_lifetime", &self.session_token_lifetime)
            .field("machine_token_cache", &self.machine_token_cache)
            .field("timeout", &self.timeout)
            .field("decision_timeout", &self.decision_timeout)
            .field("max_decision_calls", &self.max_decision_calls)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("max_attempts", &self.max_attempts)
            .field("max_concurrent_calls", &self.max_concurrent_calls)
            .field("max_response_bytes", &self.max_response_bytes)
            .field("cache", &self.cache)
            .finish()
    }
}

/// A password may also be in the query.
fn shown_redis_url(url: &str) -> &str {
    if url.contains('?') { "[redacted]" } else { shown_url(url) }
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
    let found = copy_mistake(version).unwrap_or("the value is not a path segment");
    Err(ConfigError::new(setting, format_args!("{found}; expected one path segment such as v1")))
}

/// The keys in a string: one as PEM, or a JSON Web Key Set; `None` if the string is blank.
pub(crate) fn public_keys(setting: &'static str, text: &str) -> Result<Option<KeySet>, ConfigError> {
    let keys = match text.trim() {
        "" => return Ok(None),
        json if json.starts_with('{') => KeySet::from_jwks(json.as_bytes()),
        _ => KeySet::from_pem(text),
    };
    match keys {
        Ok(keys) if keys.can_verify() => Ok(Some(keys)),
        Ok(_) => Err(ConfigError::new(
            setting,
            "none of the keys can verify tokens; expected RSA keys with an ID (kid), as Clerk's key set has them",
        )),
        Err(error) => Err(ConfigError::new(setting, error)),
    }
}

/// The address of an instance's public keys, and what the API's layers need to fetch them from it.
pub(crate) struct KeysAddress {
    pub(crate) base_uri: BaseUriLayer,
    /// The last segment, with a slash.
    pub(crate) path: Uri,
    /// The origin, which is the issuer of the instance's tokens.
    pub(crate) issuer: String,
}

impl KeysAddress {
    pub(crate) fn new(url: &str) -> Result<Self, String> {
        const EXPECTED: &str = "expected the address of the public keys, such as \
                                https://clerk.example.com/.well-known/jwks.json";
        if let Some(mistake) = copy_mistake(url) {
            return Err(format!("{mistake}; {EXPECTED}"));
        }
        let (base, last) = url.rsplit_once('/').ok_or(EXPECTED)?;
        let base_uri = BaseUriLayer::for_key(base).map_err(|error| match error {
            plain if plain == InvalidBaseUri::PLAIN_HTTP => {
                "with http, anyone on the way could replace the keys; use https, except for localhost"
                    .to_owned()
            }
            _ => EXPECTED.to_owned(),
        })?;
        if last.is_empty() || last.contains(['?', '#']) || !last.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(EXPECTED.to_owned());
        }
        let path = format!("/{last}").parse().map_err(|_| EXPECTED)?;
        let issuer = base_uri.origin();
        Ok(Self { base_uri, path, issuer })
    }

    /// The address that follows from a publishable key.
    pub(crate) fn of(key: &PublishableKey) -> Result<Self, String> {
        Self::new(&format!("{}/.well-known/jwks.json", key.frontend_api_url()))
    }
}

/// Reads the variables about the website that this service is part of. The options check the values when the client is
/// built, so that an option can replace an invalid one.
fn website(check: &mut Checker<'_>) -> AuthenticateOptions {
    let mut options = AuthenticateOptions::default();
    if let Some(url) = check.variable("proxy_url", "CLERK_PROXY_URL") {
        options = options.proxy_url(url);
    }
    if let Some(url) = check.variable("sign_in_url", "CLERK_SIGN_IN_URL") {
        options = options.sign_in_url(url);
    }
    if let Some(url) = check.variable("sign_up_url", "CLERK_SIGN_UP_URL") {
        options = options.sign_up_url(url);
    }
    if let Some(parties) = check.variable("authorized_parties", "CLERK_AUTHORIZED_PARTIES") {
        let parties = check.keep("authorized_parties", authorized_parties(&parties));
        options = options.authorized_parties(parties.unwrap_or_default());
    }
    if check.is_on("satellite", "CLERK_IS_SATELLITE") {
        options = options.satellite(match check.variable("satellite", "CLERK_DOMAIN") {
            Some(domain) => Satellite::domain(domain),
            None => Satellite::behind_proxy(),
        });
    }
    options
}

/// Splits origins at commas and white space. The options check the origins themselves.
fn authorized_parties(text: &str) -> Result<Vec<String>, ConfigError> {
    let parties =
        text.split(|char: char| char == ',' || char.is_whitespace()).filter(|party| !party.is_empty());
    let check = |party: &str| match copy_mistake(party) {
        Some(mistake) => Err(ConfigError::new(
            "CLERK_AUTHORIZED_PARTIES",
            format_args!(
                "{mistake}; expected origins such as https://app.example.com, separated by commas or spaces"
            ),
        )),
        None => Ok(party.to_owned()),
    };
    let parties: Vec<_> = parties.map(check).collect::<Result<_, _>>()?;
    // Several variables that were expanded to nothing, with commas between them: that must not turn the check off.
    if parties.is_empty() {
        return Err(ConfigError::new(
            "CLERK_AUTHORIZED_PARTIES",
            "there are only separators; expected origins such as https://app.example.com, or no value",
        ));
    }
    Ok(parties)
}

/// Parses one secret, or several separated by white space, so that a secret can be rotated without rejecting deliveries.
fn webhook_secrets(text: &str) -> Result<Vec<WebhookSecret>, ConfigError> {
    const NAME: &str = "CLERK_WEBHOOK_SIGNING_SECRET";
    if text.contains([',', ';']) {
        return Err(ConfigError::new(
            NAME,
            "the value contains commas; expected white space between several secrets",
        ));
    }
    text.split_whitespace().map(|secret| parse(NAME, secret)).collect()
}

/// Takes a setting, or parses its string.
pub(crate) fn parse<T>(
    setting: &'static str,
    value: impl TryInto<T, Error: fmt::Display>,
) -> Result<T, ConfigError> {
    value.try_into().map_err(|error| ConfigError::new(setting, error))
}
