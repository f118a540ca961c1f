//! What a decision may be told beforehand.

use super::{
    Accepts, Forwarded, OrganizationSync,
    config::{Config, Instance},
    pattern::PatternError,
    public_url,
};
use crate::{
    keys::{InstanceType, PublishableKey},
    token::{ClockSkew, VerifyOptions},
};

/// How requests are authenticated. Made once per service, and checked by
/// [`Authenticator::new`](super::Authenticator::new).
#[derive(Clone, Default)]
#[must_use]
pub struct AuthenticateOptions {
    verify: VerifyOptions,
    machine_audiences: Vec<String>,
    publishable_key: Option<PublishableKey>,
    accepts: Accepts,
    forwarded: Forwarded,
    satellite: Option<Satellite>,
    proxy_url: Option<String>,
    sign_in_url: Option<String>,
    sign_up_url: Option<String>,
    organization_sync: OrganizationSync,
    handshake_cookies_only: bool,
    debug_headers: bool,
}

/// A website on a domain of its own that takes its sign-ins from the primary one.
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
    pub(super) auto_sync: bool,
}

impl Satellite {
    /// A satellite whose Frontend API is `clerk.<domain>` in production.
    pub fn domain(domain: impl Into<String>) -> Self {
        Self { domain: text(domain), auto_sync: false }
    }

    /// A satellite whose Frontend API is behind [`AuthenticateOptions::proxy_url`].
    pub const fn behind_proxy() -> Self {
        Self { domain: None, auto_sync: false }
    }

    /// Whether every first visit asks the primary domain who is signed in. Otherwise only those do that come
    /// back from it.
    pub const fn auto_sync(mut self, on: bool) -> Self {
        self.auto_sync = on;
        self
    }
}

/// An empty text is none.
fn text(text: impl Into<String>) -> Option<String> {
    Some(text.into()).filter(|text| !text.is_empty())
}

impl AuthenticateOptions {
    /// Session tokens in headers and cookies; keys come from Clerk; five seconds of clock skew.
    pub fn new() -> Self {
        Self::default()
    }

    /// The instance's publishable key. With it, the instance's cookies are known by their suffix, and browsers
    /// are sent through Clerk's handshake where their cookies need to be renewed. Without it only the plain
    /// `__session` cookie is read.
    pub fn publishable_key(mut self, key: PublishableKey) -> Self {
        self.publishable_key = Some(key);
        self
    }

    /// The kinds of token that are accepted; session tokens unless set.
    pub fn accepts(mut self, kinds: impl Into<Accepts>) -> Self {
        self.accepts = kinds.into();
        self
    }

    /// See [`VerifyOptions::authorized_parties`]. For session tokens only.
    pub fn authorized_parties<T: Into<String>>(mut self, parties: impl IntoIterator<Item = T>) -> Self {
        self.verify = self.verify.authorized_parties(parties);
        self
    }

    /// See [`VerifyOptions::audiences`]. For session tokens only.
    pub fn audiences<T: Into<String>>(mut self, audiences: impl IntoIterator<Item = T>) -> Self {
        self.verify = self.verify.audiences(audiences);
        self
    }

    /// The audiences (`aud`) that M2M and OAuth tokens in JWT form may be meant for, by the same rules as
    /// [`VerifyOptions::audiences`].
    pub fn machine_audiences<T: Into<String>>(mut self, audiences: impl IntoIterator<Item = T>) -> Self {
        self.machine_audiences = audiences.into_iter().map(Into::into).collect();
        self
    }

    /// See [`VerifyOptions::clock_skew`].
    pub fn clock_skew(mut self, skew: impl Into<ClockSkew>) -> Self {
        self.verify = self.verify.clock_skew(skew);
        self
    }

    /// See [`VerifyOptions::header_types`].
    pub fn header_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.verify = self.verify.header_types(types);
        self
    }

    /// Where the service's public address is taken from. Set this behind a proxy.
    pub fn forwarded(mut self, forwarded: Forwarded) -> Self {
        self.forwarded = forwarded;
        self
    }

    /// What [`forwarded`](Self::forwarded) was set to.
    #[must_use]
    pub const fn get_forwarded(&self) -> &Forwarded {
        &self.forwarded
    }

    /// This service is a satellite.
    pub fn satellite(mut self, satellite: Satellite) -> Self {
        self.satellite = Some(satellite);
        self
    }

    /// Where the instance's Frontend API is reached through a proxy: an absolute URL, or a path of this service
    /// that begins with a slash, such as `/__clerk`. An empty text is none.
    pub fn proxy_url(mut self, url: impl Into<String>) -> Self {
        self.proxy_url = text(url);
        self
    }

    /// What [`proxy_url`](Self::proxy_url) was set to.
    #[must_use]
    pub fn get_proxy_url(&self) -> Option<&str> {
        self.proxy_url.as_deref()
    }

    /// The page where people sign in; the one of Clerk's account portal unless set. A satellite of a development
    /// instance needs it. An empty text is none.
    pub fn sign_in_url(mut self, url: impl Into<String>) -> Self {
        self.sign_in_url = text(url);
        self
    }

    /// The page where people sign up; the one of Clerk's account portal unless set. An empty text is none.
    pub fn sign_up_url(mut self, url: impl Into<String>) -> Self {
        self.sign_up_url = text(url);
        self
    }

    /// Which URLs belong to which organization.
    pub fn organization_sync(mut self, sync: OrganizationSync) -> Self {
        self.organization_sync = sync;
        self
    }

    /// In production, takes the result of a handshake from cookies only, and never from a link. A link could
    /// sign its reader in as somebody else; Clerk's production instances use cookies. Off unless set.
    pub const fn handshake_cookies_only(mut self, on: bool) -> Self {
        self.handshake_cookies_only = on;
        self
    }

    /// Says in the response header `x-clerk-auth-message` which rule a token broke. For debugging; off
    /// unless set.
    pub const fn debug_headers(mut self, on: bool) -> Self {
        self.debug_headers = on;
        self
    }

    /// Checks the options.
    pub(super) fn check(self) -> Result<Config, OptionsError> {
        // The three things that go through a browser need to know the instance; so, in Clerk's SDKs, do OAuth
        // tokens and choices between several kinds.
        let is_plain = self.accepts == Accepts::default() || self.accepts.is_header_only();
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
        if let Some(party) = self.verify.parties().iter().find(|party| !public_url::is_origin(party)) {
            return Err(OptionsError::AuthorizedParty(party.clone()));
        }
        let machine = VerifyOptions::new().clock_skew(self.verify.skew()).audiences(self.machine_audiences);
        Ok(Config {
            instance,
            session: self.verify,
            machine,
            accepts: self.accepts,
            forwarded: self.forwarded,
            routes: self.organization_sync.compile()?,
            handshake_cookies_only: self.handshake_cookies_only,
            debug_headers: self.debug_headers,
        })
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
        let own = match domain {
            Some(domain) if is_production => format!("clerk.{domain}"),
            _ => key.frontend_api().to_owned(),
        };
        public_url::absolute(&format!("https://{own}/")).ok_or(OptionsError::Domain)?;
        let proxy = self.proxy_url.as_deref();
        if proxy.is_some_and(|url| !url.starts_with('/') && public_url::absolute(url).is_none()) {
            return Err(OptionsError::ProxyUrl);
        }
        for (name, url) in [("sign_in_url", &self.sign_in_url), ("sign_up_url", &self.sign_up_url)] {
            let is_good = |url: &str| url.starts_with('/') || public_url::absolute(url).is_some();
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

    /// A satellite's sign-in page is on the primary domain.
    fn check_sign_in(&self, is_production: bool, domain: Option<&str>) -> Result<(), OptionsError> {
        let Some(page) = &self.sign_in_url else {
            return if is_production { Ok(()) } else { Err(OptionsError::SatelliteWithoutSignIn) };
        };
        let page = public_url::absolute(page).ok_or(OptionsError::SignInUrl)?;
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
            .field("accepts", &self.accepts)
            .field("forwarded", &self.forwarded)
            .field("satellite", &self.satellite)
            .field("proxy_url", &self.proxy_url)
            .field("sign_in_url", &self.sign_in_url)
            .finish_non_exhaustive()
    }
}

/// Why options cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// What else is configured needs a publishable key.
    #[error("publishable_key: not set; {0} cannot be authenticated without it")]
    PublishableKeyMissing(&'static str),
    /// An authorized party is no origin, so that no token could name it.
    #[error(
        "authorized_parties: {0:?} is no origin; expected one such as https://app.example.com, with neither a path nor \
         a slash at its end"
    )]
    AuthorizedParty(String),
    /// The proxy's address is neither absolute nor a path.
    #[error("proxy_url: expected an https or http URL, or a path that begins with a slash")]
    ProxyUrl,
    /// The address of a page is neither absolute nor a path.
    #[error("{0}: expected an https or http URL, or a path that begins with a slash")]
    PageUrl(&'static str),
    /// The satellite's domain is no host.
    #[error("satellite: the domain is no host; expected one such as docs.example.org")]
    Domain,
    /// A satellite has neither a domain nor a proxy.
    #[error("satellite: neither a domain nor proxy_url is set; its Frontend API would be unknown")]
    SatelliteWithoutAddress,
    /// A satellite of a development instance does not know where people sign in.
    #[error(
        "sign_in_url: not set; a satellite of a development instance needs the primary domain's sign-in page"
    )]
    SatelliteWithoutSignIn,
    /// A satellite's sign-in page has no absolute address.
    #[error("sign_in_url: expected an absolute https or http URL on the primary domain")]
    SignInUrl,
    /// A satellite's sign-in page is on the satellite.
    #[error("sign_in_url: it is on the satellite's own domain; people sign in on the primary domain")]
    SatelliteSignsInOnItself,
    /// A pattern of [`OrganizationSync`] is none.
    #[error("organization_sync: {0}")]
    Pattern(#[from] PatternError),
}
