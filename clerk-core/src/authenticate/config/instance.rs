//! The Clerk instance of an authenticator.

use url::Url;

use super::Satellite;
use crate::{
    authenticate::address,
    keys::{InstanceType, frontend_api_url},
};

/// The instance, from the publishable key and the related options.
pub(crate) struct Instance {
    pub(crate) suffix: String,
    pub(crate) is_production: bool,
    /// The host of the Frontend API, which usually is the issuer of the tokens. For the others, see [`Self::issuers`].
    pub(crate) frontend_api: String,
    /// The host in the publishable key: the primary domain's Frontend API, also on a satellite.
    pub(crate) primary_api: String,
    /// An absolute URL, or a path of this service.
    pub(crate) proxy_url: Option<String>,
    pub(crate) satellite: Option<Satellite>,
    pub(crate) sign_in_url: Option<String>,
    pub(crate) sign_up_url: Option<String>,
}

impl Instance {
    /// Whether this is the issuer (`iss`) of the instance's tokens: the host of its Frontend API.
    ///
    /// Clerk writes `https://` and the host. Its SDK removes schemes anywhere in the string before it compares, and so
    /// does this. It only chooses between cookies: the signature of the chosen token is verified.
    pub(crate) fn is_issuer(&self, issuer: &str) -> bool {
        let host = &*self.frontend_api;
        issuer.strip_prefix("https://") == Some(host) || without_scheme(issuer) == host
    }

    /// Whether a browser without any cookie is known to be signed out. On a development instance and on a satellite, it may
    /// be signed in elsewhere.
    pub(crate) const fn knows_strangers(&self) -> bool {
        self.is_production && self.satellite.is_none()
    }

    /// Returns the issuers of the instance's tokens. Behind a proxy it may be the proxy's address; if that is a path, it is
    /// one of this service's public origin.
    pub(crate) fn issuers(&self, origin: Option<&str>) -> Vec<String> {
        let proxy = self.proxy_url.as_deref().and_then(|url| {
            let url = if url.starts_with('/') { format!("{}{url}", origin?) } else { url.to_owned() };
            Some(url.trim_end_matches('/').to_owned())
        });
        let hosts = [&self.primary_api, &self.frontend_api].map(|host| self.url_of(host));
        let mut issuers: Vec<_> = hosts.into_iter().chain(proxy).collect();
        issuers.dedup();
        issuers
    }

    fn url_of(&self, frontend_api: &str) -> String {
        let instance_type =
            if self.is_production { InstanceType::Production } else { InstanceType::Development };
        frontend_api_url(frontend_api, instance_type)
    }

    /// Returns the URL under which a browser on this page reaches the Frontend API.
    pub(crate) fn frontend_url(&self, page: &Url) -> Option<Url> {
        match self.proxy_url.as_deref() {
            None => address::absolute(&self.url_of(&self.frontend_api)),
            Some(path) if path.starts_with('/') => {
                address::absolute(&format!("{}{path}", address::origin(page)))
            }
            Some(url) => address::absolute(url),
        }
    }

    /// Returns the URL of the Account Portal, which may not exist if the Frontend API is behind a proxy.
    pub(crate) fn portal_url(&self) -> Option<Url> {
        self.accounts_url(&self.primary_api)
    }

    /// Returns the URL of the Account Portal from which a browser may return, by the Frontend API's host; `None` behind a
    /// proxy, where it is not known.
    pub(crate) fn referring_url(&self) -> Option<Url> {
        self.accounts_url(&self.frontend_api).filter(|_| self.proxy_url.is_none())
    }

    /// Whether the sign-in page is that of the Account Portal, which may not exist behind a proxy.
    pub(crate) const fn guesses_sign_in_page(&self) -> bool {
        self.proxy_url.is_some() && self.sign_in_url.is_none()
    }

    fn accounts_url(&self, frontend_api: &str) -> Option<Url> {
        // In development, `x.clerk.accounts.dev` becomes `x.accounts.dev`; in production, `clerk.example.com` becomes
        // `accounts.example.com`. Hosts with `accountsstage` are Clerk's own staging environment.
        let host = frontend_api.replacen("clerk.accountsstage.", "accountsstage.", 1);
        let host = if host.contains("clerk.accounts.") {
            host.replacen("clerk.accounts.", "accounts.", 1)
        } else {
            host.replacen("clerk.", "accounts.", 1)
        };
        address::absolute(&self.url_of(&host))
    }
}

/// Removes `http://` and `https://` anywhere in a string.
fn without_scheme(issuer: &str) -> String {
    let mut rest = issuer;
    let mut plain = String::with_capacity(issuer.len());
    while let Some(first) = rest.chars().next() {
        let scheme = ["https://", "http://"]
            .iter()
            .find(|scheme| rest.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme)));
        let taken = match scheme {
            Some(scheme) => scheme.len(),
            None => {
                plain.push(first);
                first.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    plain
}
