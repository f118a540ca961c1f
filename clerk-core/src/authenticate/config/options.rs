//! The options of an authenticator, and their validation.

use std::sync::Arc;

use super::{
    AcceptedKinds, Config, Forwarded, Instance, Kinds, MachineAudience, OrganizationSync, PatternError,
};
use crate::{
    authenticate::address,
    keys::{InstanceType, PublishableKey, copy_mistake},
    token::{ClockSkew, TokenKind, VerifyOptions},
};

/// Whether a token is the application's own.
pub(crate) type IgnoredTokens = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Options of an [`Authenticator`](crate::authenticate::Authenticator), which checks them when it is created.
///
/// ```
/// use clerk_core::authenticate::{AuthenticateOptions, Authenticator, Forwarded};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let options = AuthenticateOptions::new()
///     .authorized_parties(["https://app.example.com"])
///     .forwarded(Forwarded::Origin("https://app.example.com".parse()?))
///     .handshake_cookies_only(true);
/// assert!(Authenticator::new(options.clone()).is_ok());
///
/// let error = Authenticator::new(options.authorized_parties(["app.example.com"])).unwrap_err();
/// assert!(error.to_string().contains("app.example.com"));
/// # Ok(()) }
/// ```
///
/// In a service, the client has them: `Clerk::builder().authentication(|options| options.handshake_cookies_only(true))`.
#[derive(Clone, Default)]
#[must_use]
pub struct AuthenticateOptions {
    verify: VerifyOptions,
    machine_audiences: Vec<String>,
    is_machine_audience_optional: bool,
    template_audiences: Vec<String>,
    ignored_tokens: Option<IgnoredTokens>,
    is_issuer_required: bool,
    has_no_secret_key: bool,
    has_machine_key: bool,
    publishable_key: Option<PublishableKey>,
    accepted_kinds: AcceptedKinds,
    forwarded: Forwarded,
    satellite: Option<Satellite>,
    proxy_url: Option<String>,
    sign_in_url: Option<String>,
    sign_up_url: Option<String>,
    organization_sync: OrganizationSync,
    handshake_cookies_only: bool,
    debug_headers: bool,
}

/// Satellite: a website on its own domain, whose users sign in on the primary domain.
///
/// See Clerk's page on [satellite domains](https://clerk.com/docs/guides/dashboard/dns-domains/satellite-domains).
///
/// ```
/// use clerk_core::authenticate::Satellite;
///
/// // `clerk.docs.example.org` points to Clerk.
/// let satellite = Satellite::domain("docs.example.org").auto_sync(true);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Satellite {
    domain: Option<String>,
    pub(crate) auto_sync: bool,
}

impl Satellite {
    /// Creates a satellite by its domain, which is a host name such as `docs.example.org`, and nothing else. In
    /// production, its Frontend API is `clerk.<domain>`.
    pub fn domain(domain: impl Into<String>) -> Self {
        Self { domain: text(domain), auto_sync: false }
    }

    /// Creates a satellite whose Frontend API is reached through [`AuthenticateOptions::proxy_url`].
    pub const fn behind_proxy() -> Self {
        Self { domain: None, auto_sync: false }
    }

    /// Sets whether the first visit of every browser is redirected to the primary domain, to find out who is signed in.
    ///
    /// Off by default: only browsers that return from the primary domain's sign-in page are synchronized.
    pub const fn auto_sync(mut self, on: bool) -> Self {
        self.auto_sync = on;
        self
    }
}

/// Settings that a Frontend API proxy shares with authentication, from [`AuthenticateOptions::proxy_settings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxySettings<'a> {
    /// The value of [`AuthenticateOptions::proxy_url`].
    pub url: Option<&'a str>,
    /// The value of [`AuthenticateOptions::forwarded`].
    pub forwarded: &'a Forwarded,
}

/// An empty string counts as unset.
fn text(text: impl Into<String>) -> Option<String> {
    Some(text.into()).filter(|text| !text.is_empty())
}

impl AuthenticateOptions {
    /// Creates the default options: session tokens in headers and cookies are accepted, with five seconds of clock skew.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the instance's publishable key.
    ///
    /// With it, the instance's cookies are recognized by their suffix, and browsers whose cookies have to be renewed are
    /// redirected to Clerk (a handshake). Without it, only cookies without a suffix are read, and no request is redirected.
    pub fn publishable_key(mut self, key: PublishableKey) -> Self {
        self.publishable_key = Some(key);
        self
    }

    /// Sets the accepted kinds of token. Defaults to session tokens.
    pub fn accepted_kinds(mut self, kinds: impl Into<AcceptedKinds>) -> Self {
        self.accepted_kinds = kinds.into();
        self
    }

    /// Sets the authorized parties (`azp`) of session tokens: see [`VerifyOptions::authorized_parties`].
    pub fn authorized_parties<T: Into<String>>(mut self, parties: impl IntoIterator<Item = T>) -> Self {
        self.verify = self.verify.authorized_parties(parties);
        self
    }

    /// Sets the authorized parties (`azp`), and accepts session tokens that name none, for routes that browsers and native
    /// applications share: see [`VerifyOptions::authorized_parties_if_present`].
    pub fn authorized_parties_if_present<T: Into<String>>(
        mut self,
        parties: impl IntoIterator<Item = T>,
    ) -> Self {
        self.verify = self.verify.authorized_parties_if_present(parties);
        self
    }

    /// Sets the accepted issuers (`iss`) of all tokens that are JWTs, such as `https://clerk.example.com`: see
    /// [`VerifyOptions::issuers`]. The reason of a rejection is `token-invalid-issuer`.
    pub fn issuers<T: Into<String>>(mut self, issuers: impl IntoIterator<Item = T>) -> Self {
        self.verify = self.verify.issuers(issuers);
        self
    }

    /// Sets whether the issuer is checked even if [`issuers`](Self::issuers) are not set. Then the accepted issuers are those of
    /// the publishable key's instance, and the key is required. Off by default.
    ///
    /// Set this if nothing but the address of the public keys says which instance they belong to.
    pub const fn require_issuer(mut self, on: bool) -> Self {
        self.is_issuer_required = on;
        self
    }

    /// Returns the accepted issuers; empty if any issuer is accepted.
    ///
    /// # Errors
    ///
    /// If the options are not valid, as in [`Authenticator::new`](crate::authenticate::Authenticator::new).
    pub fn accepted_issuers(&self) -> Result<Vec<String>, OptionsError> {
        self.check_urls()?;
        let instance = self.publishable_key.as_ref().map(|key| self.instance(key)).transpose()?;
        self.known_issuers(instance.as_ref())
    }

    /// Also accepts tokens of JWT templates in the header, for these audiences. By default, they are rejected.
    ///
    /// A token must have one of the audiences (`aud`), which a template sets; a session token's audience does not count.
    /// Signature, times, issuer and, where present, the authorized party are checked as for sessions. Only a token with the
    /// class of templates is accepted, and never in a cookie. To accept no other kind, set
    /// [`AcceptedKinds::none`].
    ///
    /// A template's token outlives a sign-out: nothing revokes it before it expires, after a minute by default or after as
    /// long as the template says.
    ///
    /// ```
    /// use clerk_core::{
    ///     authenticate::{AuthenticateOptions, Authenticator},
    ///     token::TokenKind,
    /// };
    ///
    /// let options = AuthenticateOptions::new().template_audiences(["https://api.example.com"]);
    /// let authenticator = Authenticator::new(options)?;
    /// assert!(authenticator.accepts(TokenKind::Template) && authenticator.accepts(TokenKind::Session));
    /// # Ok::<(), clerk_core::authenticate::OptionsError>(())
    /// ```
    pub fn template_audiences<T: Into<String>>(mut self, audiences: impl IntoIterator<Item = T>) -> Self {
        self.template_audiences = audiences.into_iter().map(Into::into).collect();
        self
    }

    /// Sets what the application's own tokens look like, which arrive in the `Authorization` header too. By default, every
    /// token in the header is taken for one of Clerk's.
    ///
    /// Such a token is not Clerk's: it is neither read nor sent to Clerk, and the request counts as one without a token,
    /// whose cookies are ignored too, so that nobody is signed in twice. The function gets the token without its scheme.
    ///
    /// ```
    /// use clerk_core::{
    ///     Timestamp,
    ///     authenticate::{AuthenticateOptions, Authenticator, RequestHead, Step},
    ///     token::KeySet,
    /// };
    ///
    /// let options = AuthenticateOptions::new().ignore_tokens(|token| token.starts_with("acme_"));
    /// let authenticator = Authenticator::new(options)?;
    /// let request = http::Request::get("/").header("authorization", "Bearer acme_123").body(())?;
    /// let step = authenticator.start(&RequestHead::from(&request), &KeySet::default(), Timestamp::from_secs(0));
    /// assert!(matches!(step, Step::Done(outcome) if outcome.is_anonymous()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ignore_tokens(mut self, are_own: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.ignored_tokens = Some(Arc::new(are_own));
        self
    }

    /// Sets whether the instance's secret key is missing, so that no operation can be sent for a decision. Off by default.
    ///
    /// Handshakes then return a signed token instead of a nonce, and an expired cookie leads to a handshake instead of a
    /// refresh. Naming API keys in [`accepted_kinds`](Self::accepted_kinds) is an error. With [`AcceptedKinds::any`] they are
    /// undecided, as opaque OAuth tokens are, and opaque M2M tokens without
    /// [`with_machine_secret_key`](Self::with_machine_secret_key). The reason is `secret-key-missing`.
    pub const fn without_secret_key(mut self, on: bool) -> Self {
        self.has_no_secret_key = on;
        self
    }

    /// Sets whether a machine's secret key is there, which can verify opaque M2M tokens without the instance's secret key.
    /// Off by default.
    pub const fn with_machine_secret_key(mut self, on: bool) -> Self {
        self.has_machine_key = on;
        self
    }

    /// Sets the audiences (`aud`) of session tokens: see [`VerifyOptions::audiences`].
    pub fn audiences<T: Into<String>>(mut self, audiences: impl IntoIterator<Item = T>) -> Self {
        self.verify = self.verify.audiences(audiences);
        self
    }

    /// Sets the audiences of this service, of which an OAuth or M2M token must have at least one, whether it is opaque or a
    /// JWT. By default, audiences are not checked.
    ///
    /// - An OAuth token's audiences are in `aud`: usually URLs of services (RFC 8707).
    /// - An M2M token's audiences are the machines that it was created for, in its scopes. If the service accepts M2M tokens
    ///   too, add the ID of its own machine (`mch_…`).
    /// - API keys have no audience and are not checked.
    ///
    /// A token without an audience is rejected, unlike a session token without one: see
    /// [`audiences`](Self::audiences), which does not apply here. The reason is `token-verification-failed`. An empty string
    /// is an error when the options are checked, so that a variable that was expanded to nothing does not turn the check
    /// off.
    pub fn machine_audiences<T: Into<String>>(mut self, audiences: impl IntoIterator<Item = T>) -> Self {
        self.machine_audiences = audiences.into_iter().map(Into::into).collect();
        self.is_machine_audience_optional = false;
        self
    }

    /// Sets the audiences of this service, and accepts OAuth and M2M tokens that name no audience. A token that names one
    /// must name one of these.
    ///
    /// It replaces [`machine_audiences`](Self::machine_audiences), which is safer: a token without an audience may have been
    /// issued for any service of the instance.
    pub fn machine_audiences_if_present<T: Into<String>>(
        mut self,
        audiences: impl IntoIterator<Item = T>,
    ) -> Self {
        self = self.machine_audiences(audiences);
        self.is_machine_audience_optional = true;
        self
    }

    /// Sets the tolerated clock skew, at most one minute ([`ClockSkew::MAX`]). Defaults to five seconds.
    pub fn clock_skew(mut self, skew: impl Into<ClockSkew>) -> Self {
        self.verify = self.verify.clock_skew(skew);
        self
    }

    /// Sets the tolerated clock skew without an upper bound. Insecure: see [`VerifyOptions::insecure_clock_skew`].
    pub fn insecure_clock_skew(mut self, skew: impl Into<ClockSkew>) -> Self {
        self.verify = self.verify.insecure_clock_skew(skew);
        self
    }

    /// Sets the accepted `typ` headers of session tokens: see [`VerifyOptions::header_types`].
    pub fn header_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.verify = self.verify.header_types(types);
        self
    }

    /// Sets the source of the service's public origin. Required behind a proxy. Defaults to [`Forwarded::Ignore`].
    pub fn forwarded(mut self, forwarded: Forwarded) -> Self {
        self.forwarded = forwarded;
        self
    }

    /// Makes this service a satellite.
    pub fn satellite(mut self, satellite: Satellite) -> Self {
        self.satellite = Some(satellite);
        self
    }

    /// Sets the URL under which browsers reach the instance's Frontend API through a proxy.
    ///
    /// It is absolute, or a path of this service that starts with a slash, such as `/__clerk`. An empty string counts as
    /// unset.
    pub fn proxy_url(mut self, url: impl Into<String>) -> Self {
        self.proxy_url = text(url);
        self
    }

    /// Returns the settings that a Frontend API proxy shares with authentication.
    #[must_use]
    pub fn proxy_settings(&self) -> ProxySettings<'_> {
        ProxySettings { url: self.proxy_url.as_deref(), forwarded: &self.forwarded }
    }

    /// Sets the URL of the sign-in page. Defaults to the page of Clerk's Account Portal.
    ///
    /// It is absolute, or a path of this service that starts with a slash. A satellite's must be absolute, and is required
    /// in development. An empty string counts as unset.
    pub fn sign_in_url(mut self, url: impl Into<String>) -> Self {
        self.sign_in_url = text(url);
        self
    }

    /// Sets the URL of the sign-up page. Defaults to `sign_in_url` with `/create` appended, or to the page of Clerk's
    /// Account Portal. An empty string counts as unset.
    pub fn sign_up_url(mut self, url: impl Into<String>) -> Self {
        self.sign_up_url = text(url);
        self
    }

    /// Sets the URLs that belong to an organization or to the personal account. Defaults to none.
    pub fn organization_sync(mut self, sync: OrganizationSync) -> Self {
        self.organization_sync = sync;
        self
    }

    /// Sets whether a production instance reads the result of a handshake only from cookies, and never from the URL. Off
    /// by default, as in Clerk's SDK.
    ///
    /// If the URL is read, a crafted link can sign the person who opens it in to the attacker's account (login CSRF).
    /// Clerk's production instances use cookies.
    pub const fn handshake_cookies_only(mut self, on: bool) -> Self {
        self.handshake_cookies_only = on;
        self
    }

    /// Sets whether the response header `x-clerk-auth-message` says which rule a token broke. Off by default.
    ///
    /// For debugging only: it tells attackers how far they got.
    pub const fn debug_headers(mut self, on: bool) -> Self {
        self.debug_headers = on;
        self
    }

    /// Checks the options.
    pub(crate) fn check(self) -> Result<Config, OptionsError> {
        self.check_copied()?;
        self.check_kinds()?;
        // As in Clerk's SDKs, OAuth tokens and combinations of kinds require the publishable key. Session tokens alone
        // do not: without the key, handshakes, suffixed cookies and organization sync are off. Neither do OAuth tokens
        // whose issuer is known otherwise.
        let is_plain = self.accepted_kinds == AcceptedKinds::default()
            || self.accepted_kinds.is_header_only()
            || (self.accepted_kinds == TokenKind::OAuth.into() && !self.verify.accepted_issuers().is_empty());
        let takes_only_templates = self.accepted_kinds.is_none() && !self.template_audiences.is_empty();
        if self.publishable_key.is_none() && !is_plain && !takes_only_templates {
            return Err(OptionsError::PublishableKeyMissing(self.accepted_together()));
        }
        let instance = match &self.publishable_key {
            Some(key) => Some(self.instance(key)?),
            None if self.satellite.is_some() => {
                return Err(OptionsError::PublishableKeyMissing("a satellite"));
            }
            None => None,
        };
        self.check_urls()?;
        if !self.verify.has_valid_skew() {
            return Err(OptionsError::ClockSkew);
        }
        // A party with a trailing slash would never match, and reject every token without an obvious cause.
        if let Some(party) = self.verify.parties().iter().find(|party| !address::is_origin(party)) {
            return Err(OptionsError::AuthorizedParty(party.clone()));
        }
        if self.machine_audiences.iter().any(String::is_empty) {
            return Err(OptionsError::MachineAudience);
        }
        let session = self.verify.clone().issuers(self.known_issuers(instance.as_ref())?);
        let machine =
            VerifyOptions::new().with_skew_of(&session).issuers(session.accepted_issuers().iter().cloned());
        let machine_audience = MachineAudience {
            accepted: self.machine_audiences,
            is_optional: self.is_machine_audience_optional,
        };
        let template =
            (!self.template_audiences.is_empty()).then(|| session.for_templates(self.template_audiences));
        Ok(Config {
            instance,
            session,
            machine,
            machine_audience,
            template,
            accepted_kinds: self.accepted_kinds,
            ignored_tokens: self.ignored_tokens,
            has_api: !self.has_no_secret_key,
            has_machine_key: self.has_machine_key,
            forwarded: self.forwarded,
            routes: self.organization_sync.compile()?,
            handshake_cookies_only: self.handshake_cookies_only,
            debug_headers: self.debug_headers,
        })
    }

    /// The issuers that are set, or those of the instance if the issuer is required.
    fn known_issuers(&self, instance: Option<&Instance>) -> Result<Vec<String>, OptionsError> {
        match (self.verify.accepted_issuers(), instance) {
            ([], _) if !self.is_issuer_required => Ok(Vec::new()),
            ([], Some(instance)) => Ok(instance.issuers(self.origin().as_deref())),
            ([], None) => Err(OptionsError::IssuerMissing),
            (issuers, _) => {
                // One with a slash at its end, for example, would reject every token without an obvious cause.
                let is_issuer = |text: &str| {
                    address::is_origin(text) || (address::configured(text).is_some() && !text.ends_with('/'))
                };
                match issuers.iter().find(|issuer| !is_issuer(issuer)) {
                    Some(issuer) => Err(OptionsError::Issuer(issuer.clone())),
                    None => Ok(issuers.to_vec()),
                }
            }
        }
    }

    /// This service's public origin, if it is configured.
    fn origin(&self) -> Option<String> {
        match &self.forwarded {
            Forwarded::Origin(origin) => Some(origin.as_str().to_owned()),
            _ => None,
        }
    }

    /// The accepted kinds, for an error.
    fn accepted_together(&self) -> &'static str {
        match &self.accepted_kinds.0 {
            Kinds::One(_) => "OAuth tokens",
            Kinds::List(kinds) if kinds.contains(&TokenKind::Session) => {
                "sessions together with machine tokens"
            }
            Kinds::List(_) => "several kinds of token",
            Kinds::Any => "all kinds of token",
        }
    }

    fn check_kinds(&self) -> Result<(), OptionsError> {
        let accepts = |kind| match &self.accepted_kinds.0 {
            Kinds::One(one) => *one == kind,
            Kinds::List(kinds) => kinds.contains(&kind),
            Kinds::Any => false,
        };
        if accepts(TokenKind::Template) || self.template_audiences.iter().any(String::is_empty) {
            return Err(OptionsError::TemplateAudience);
        }
        if self.has_no_secret_key && accepts(TokenKind::ApiKey) {
            return Err(OptionsError::SecretKeyMissing);
        }
        Ok(())
    }

    /// Names mistakes of copying, which the checks of the values would not recognize.
    fn check_copied(&self) -> Result<(), OptionsError> {
        let domain = self.satellite.as_ref().and_then(|satellite| satellite.domain.as_deref());
        let options = [
            ("proxy_url", self.proxy_url.as_deref()),
            ("sign_in_url", self.sign_in_url.as_deref()),
            ("sign_up_url", self.sign_up_url.as_deref()),
            ("satellite_domain", domain),
        ];
        let mistake = options.into_iter().find_map(|(option, value)| Some((option, copy_mistake(value?)?)));
        mistake.map_or(Ok(()), |(option, mistake)| Err(OptionsError::CopyMistake(option, mistake)))
    }

    fn check_urls(&self) -> Result<(), OptionsError> {
        if self.proxy_url.as_deref().is_some_and(|url| !is_proxy_url(url)) {
            return Err(OptionsError::ProxyUrl);
        }
        for (name, url) in [("sign_in_url", &self.sign_in_url), ("sign_up_url", &self.sign_up_url)] {
            let is_good = |url: &str| address::is_path(url) || address::configured(url).is_some();
            if url.as_deref().is_some_and(|url| !is_good(url)) {
                return Err(OptionsError::PageUrl(name));
            }
        }
        Ok(())
    }

    fn instance(&self, key: &PublishableKey) -> Result<Instance, OptionsError> {
        let is_production = key.instance_type() == InstanceType::Production;
        let domain = self.satellite.as_ref().and_then(|satellite| satellite.domain.as_deref());
        let domain = domain.map(check_domain).transpose()?;
        if self.satellite.is_some() {
            if domain.is_none() && self.proxy_url.is_none() {
                return Err(OptionsError::SatelliteWithoutAddress);
            }
            self.check_sign_in(is_production, domain.as_deref())?;
        }
        // Satellites of development instances use the Frontend API of the primary domain.
        let own = match &domain {
            Some(domain) if is_production => format!("clerk.{domain}"),
            _ => key.frontend_api().to_owned(),
        };
        Ok(Instance {
            suffix: key.cookie_suffix(),
            is_production,
            frontend_api: own,
            primary_api: key.frontend_api().to_owned(),
            proxy_url: self.proxy_url.clone(),
            satellite: self.satellite.clone(),
            sign_in_url: self.sign_in_url.clone(),
            sign_up_url: self.sign_up_url.clone(),
        })
    }

    /// Checks a satellite's sign-in page, which has to be on the primary domain: on the satellite itself, it would
    /// redirect in a loop.
    fn check_sign_in(&self, is_production: bool, domain: Option<&str>) -> Result<(), OptionsError> {
        let Some(page) = &self.sign_in_url else {
            return if is_production { Ok(()) } else { Err(OptionsError::SatelliteWithoutSignIn) };
        };
        let page = address::configured(page).ok_or(OptionsError::SignInUrl)?;
        if page.host_str().is_some_and(|host| domain.is_some_and(|domain| domain.eq_ignore_ascii_case(host)))
        {
            return Err(OptionsError::SatelliteSignsInOnItself);
        }
        Ok(())
    }
}

/// Checks the domain of a satellite. `clerk.` and the domain form a host to which browsers are sent with their session
/// token, so it must not be anything that only parses, such as a URL.
fn check_domain(domain: &str) -> Result<String, OptionsError> {
    let meant = address::host_name(domain);
    match meant {
        Some(meant) if meant.eq_ignore_ascii_case(domain) => Ok(meant),
        instead => Err(OptionsError::Domain { instead }),
    }
}

/// Whether browsers can reach the Frontend API under this URL with a path appended.
fn is_proxy_url(url: &str) -> bool {
    let is_url = address::is_path(url) || address::configured(url).is_some();
    is_url && !url.contains(['?', '#'])
}

/// Says what to write instead of something that is not an origin.
fn origin_instead(party: &str) -> String {
    address::web_origin(party).unwrap_or_else(|| "one such as https://app.example.com".to_owned())
}

impl std::fmt::Debug for AuthenticateOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthenticateOptions")
            .field("verify", &self.verify)
            .field("machine_audiences", &self.machine_audiences)
            .field("is_machine_audience_optional", &self.is_machine_audience_optional)
            .field("template_audiences", &self.template_audiences)
            .field("publishable_key", &self.publishable_key)
            .field("accepted_kinds", &self.accepted_kinds)
            .field("forwarded", &self.forwarded)
            .field("satellite", &self.satellite)
            .field("proxy_url", &self.proxy_url)
            .field("sign_in_url", &self.sign_in_url)
            .finish_non_exhaustive()
    }
}

/// Error when options are not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// Another setting requires a publishable key.
    #[error("publishable_key: not set; {0} cannot be authenticated without it")]
    PublishableKeyMissing(&'static str),
    /// An authorized party is not an origin as browsers write it, so no token could name it.
    #[error(
        "authorized_parties: {0:?} is not an origin as browsers write it; expected {instead}, with neither a path nor a trailing \
         slash",
        instead = origin_instead(.0)
    )]
    AuthorizedParty(String),
    /// A machine audience is an empty string.
    #[error(
        "machine_audiences: one of them is empty; expected the URL of this service, or the ID of its machine"
    )]
    MachineAudience,
    /// The audience of JWT templates is missing, or is an empty string.
    #[error(
        "template_audiences: expected at least one audience, none of them empty, such as the URL of this service; tokens of \
         JWT templates are accepted by this option alone, and not by accepted_kinds"
    )]
    TemplateAudience,
    /// An issuer is not an address, so no token could name it.
    #[error(
        "issuers: {0:?} is not an issuer; expected the address of the instance's Frontend API, such as \
         https://clerk.example.com, without a trailing slash"
    )]
    Issuer(String),
    /// The issuer has to be checked and is not known.
    #[error(
        "issuers: not set; without the publishable key they are required, because nothing else says which instance the \
         tokens have to come from"
    )]
    IssuerMissing,
    /// API keys are accepted, and there is no secret key.
    #[error("accepted_kinds: API keys can only be verified by Clerk, with the secret key")]
    SecretKeyMissing,
    /// An option has white space or quotes around its value: the option, and what is wrong.
    #[error("{0}: {1}; expected the value alone")]
    CopyMistake(&'static str, &'static str),
    /// The clock skew is longer than [`ClockSkew::MAX`].
    #[error(
        "clock_skew: at most {} s, because a token is accepted for as long after it has expired; correct this machine's \
         clock, or call insecure_clock_skew",
        ClockSkew::MAX.as_secs()
    )]
    ClockSkew,
    /// The proxy's URL is neither absolute nor a path.
    #[error(
        "proxy_url: expected an https or http URL such as https://app.example.com/__clerk, or a path that starts with one \
         slash; without a query or a fragment"
    )]
    ProxyUrl,
    /// The URL of a page is neither absolute nor a path.
    #[error("{0}: expected an https or http URL, or a path that starts with one slash")]
    PageUrl(&'static str),
    /// The satellite's domain is not a host name, or is one with the label `clerk` in front.
    #[error("satellite_domain: expected a host name and nothing else; write {}", .instead.as_deref().unwrap_or("one such as docs.example.org"))]
    Domain {
        /// The host name that was probably meant.
        instead: Option<String>,
    },
    /// A satellite has neither a domain nor a proxy.
    #[error(
        "satellite: neither a domain nor proxy_url is set; one of them is required to reach its Frontend API"
    )]
    SatelliteWithoutAddress,
    /// The sign-in page of a satellite of a development instance is not set.
    #[error(
        "sign_in_url: not set; a satellite of a development instance needs the primary domain's sign-in page"
    )]
    SatelliteWithoutSignIn,
    /// The sign-in page of a satellite is not an absolute URL.
    #[error("sign_in_url: expected an absolute https or http URL on the primary domain")]
    SignInUrl,
    /// The sign-in page of a satellite is on the satellite itself.
    #[error("sign_in_url: it is on the satellite's own domain; expected the primary domain's sign-in page")]
    SatelliteSignsInOnItself,
    /// A pattern of [`OrganizationSync`] is not valid.
    #[error("organization_sync: {0}")]
    Pattern(#[from] PatternError),
}
