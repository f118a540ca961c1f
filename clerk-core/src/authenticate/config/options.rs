//! The options of an authenticator, and their validation.

use super::{AcceptedKinds, Config, Forwarded, Instance, OrganizationSync, PatternError};
use crate::{
    authenticate::address,
    keys::{InstanceType, PublishableKey, copy_mistake},
    token::{ClockSkew, VerifyOptions},
};

/// Options of an [`Authenticator`](crate::authenticate::Authenticator), which checks them when it is created.
#[derive(Clone, Default)]
#[must_use]
pub struct AuthenticateOptions {
    verify: VerifyOptions,
    machine_audiences: Vec<String>,
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
    /// Creates a satellite by its domain. In production, its Frontend API is `clerk.<domain>`.
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

    /// Sets the audiences (`aud`) of session tokens: see [`VerifyOptions::audiences`].
    pub fn audiences<T: Into<String>>(mut self, audiences: impl IntoIterator<Item = T>) -> Self {
        self.verify = self.verify.audiences(audiences);
        self
    }

    /// Sets the audiences (`aud`) of M2M and OAuth tokens in JWT form, by the rules of [`VerifyOptions::audiences`].
    pub fn machine_audiences<T: Into<String>>(mut self, audiences: impl IntoIterator<Item = T>) -> Self {
        self.machine_audiences = audiences.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the tolerated clock skew: see [`VerifyOptions::clock_skew`].
    pub fn clock_skew(mut self, skew: impl Into<ClockSkew>) -> Self {
        self.verify = self.verify.clock_skew(skew);
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
        // As in Clerk's SDKs, OAuth tokens and combinations of kinds require the publishable key. Session tokens alone
        // do not: without the key, handshakes, suffixed cookies and organization sync are off.
        let is_plain =
            self.accepted_kinds == AcceptedKinds::default() || self.accepted_kinds.is_header_only();
        if self.publishable_key.is_none() && !is_plain {
            return Err(OptionsError::PublishableKeyMissing("these kinds of token"));
        }
        let instance = match &self.publishable_key {
            Some(key) => Some(self.instance(key)?),
            None if self.satellite.is_some() => {
                return Err(OptionsError::PublishableKeyMissing("a satellite"));
            }
            None => None,
        };
        // A party with a trailing slash would never match, and reject every token without an obvious cause.
        if let Some(party) = self.verify.parties().iter().find(|party| !address::is_origin(party)) {
            return Err(OptionsError::AuthorizedParty(party.clone()));
        }
        let machine = VerifyOptions::new().clock_skew(self.verify.skew()).audiences(self.machine_audiences);
        Ok(Config {
            instance,
            session: self.verify,
            machine,
            accepted_kinds: self.accepted_kinds,
            forwarded: self.forwarded,
            routes: self.organization_sync.compile()?,
            handshake_cookies_only: self.handshake_cookies_only,
            debug_headers: self.debug_headers,
        })
    }

    /// Names mistakes of copying, which the checks of the values would not recognize.
    fn check_copied(&self) -> Result<(), OptionsError> {
        let domain = self.satellite.as_ref().and_then(|satellite| satellite.domain.as_deref());
        let options = [
            ("proxy_url", self.proxy_url.as_deref()),
            ("sign_in_url", self.sign_in_url.as_deref()),
            ("sign_up_url", self.sign_up_url.as_deref()),
            ("satellite", domain),
        ];
        let mistake = options.into_iter().find_map(|(option, value)| Some((option, copy_mistake(value?)?)));
        mistake.map_or(Ok(()), |(option, mistake)| Err(OptionsError::CopyMistake(option, mistake)))
    }

    fn instance(&self, key: &PublishableKey) -> Result<Instance, OptionsError> {
        let is_production = key.instance_type() == InstanceType::Production;
        let domain = self.satellite.as_ref().and_then(|satellite| satellite.domain.as_deref());
        if self.satellite.is_some() {
            if domain.is_none() && self.proxy_url.is_none() {
                return Err(OptionsError::SatelliteWithoutAddress);
            }
            self.check_sign_in(is_production, domain)?;
        }
        // Satellites of development instances use the Frontend API of the primary domain.
        let own = match domain {
            Some(domain) if is_production => format!("clerk.{domain}"),
            _ => key.frontend_api().to_owned(),
        };
        address::absolute(&format!("https://{own}/")).ok_or(OptionsError::Domain)?;
        let proxy = self.proxy_url.as_deref();
        if proxy.is_some_and(|url| !url.starts_with('/') && address::absolute(url).is_none()) {
            return Err(OptionsError::ProxyUrl);
        }
        for (name, url) in [("sign_in_url", &self.sign_in_url), ("sign_up_url", &self.sign_up_url)] {
            let is_good = |url: &str| url.starts_with('/') || address::absolute(url).is_some();
            if url.as_deref().is_some_and(|url| !is_good(url)) {
                return Err(OptionsError::PageUrl(name));
            }
        }
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
        let page = address::absolute(page).ok_or(OptionsError::SignInUrl)?;
        if page.host_str().is_some_and(|host| domain.is_some_and(|domain| domain.eq_ignore_ascii_case(host)))
        {
            return Err(OptionsError::SatelliteSignsInOnItself);
        }
        Ok(())
    }
}

impl std::fmt::Debug for AuthenticateOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthenticateOptions")
            .field("verify", &self.verify)
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
    /// An authorized party is not a valid origin, so no token could name it.
    #[error(
        "authorized_parties: {0:?} is not a valid origin; expected one such as https://app.example.com, with neither a \
         path nor a trailing slash"
    )]
    AuthorizedParty(String),
    /// An option has white space or quotes around its value: the option, and what is wrong.
    #[error("{0}: {1}; expected the value alone")]
    CopyMistake(&'static str, &'static str),
    /// The proxy's URL is neither absolute nor a path.
    #[error("proxy_url: expected an https or http URL, or a path that starts with a slash")]
    ProxyUrl,
    /// The URL of a page is neither absolute nor a path.
    #[error("{0}: expected an https or http URL, or a path that starts with a slash")]
    PageUrl(&'static str),
    /// The satellite's domain is not a valid host.
    #[error("satellite: the domain is not a valid host; expected one such as docs.example.org")]
    Domain,
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
