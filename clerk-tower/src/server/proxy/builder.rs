use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use clerk_core::{
    authenticate::Forwarded,
    keys::{PublishableKey, SecretKey},
};
use http::{HeaderValue, request::Parts};

use super::{
    Proxy,
    path::Prefix,
    service::{ClientIp, Rules},
    upstream::Upstream,
};
#[cfg(feature = "reqwest")]
use crate::client::transport::ReqwestTransport;
use crate::{Clerk, ConfigError};

/// How long it may take until the head of the upstream's response is there, unless set.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Builds a [`Proxy`]. Settings are checked when it is built, so that no request can meet a wrong one.
///
/// ```
/// use clerk_core::authenticate::Forwarded;
/// use clerk_tower::{Clerk, server::proxy::ProxyBuilder};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clerk = Clerk::builder()
///     .secret_key("sk_live_abc")
///     .publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k")
///     .authentication(|options| {
///         let origin = "https://app.example.com".parse().unwrap();
///         options.proxy_url("/auth/clerk").forwarded(Forwarded::Origin(origin))
///     })
///     .build()?;
/// let proxy = ProxyBuilder::new(&clerk).build()?;
/// # let _ = proxy;
///
/// let error = ProxyBuilder::new(&clerk).fapi_url("http://clerk.example.com").build().unwrap_err();
/// assert_eq!(error.to_string(), "fapi_url: http would send the secret key unencrypted; use https");
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use]
pub struct ProxyBuilder {
    publishable_key: Option<PublishableKey>,
    secret_key: Option<SecretKey>,
    fapi_url: Option<String>,
    path: Option<String>,
    forwarded: Forwarded,
    client_ip: Option<ClientIp>,
    timeout: Duration,
}

impl ProxyBuilder {
    /// For the instance of `clerk`, which has to know its publishable key.
    ///
    /// The proxy stands where the client's
    /// [`proxy_url`](clerk_core::authenticate::AuthenticateOptions::proxy_url) says, and takes the public address from
    /// where its [`forwarded`](clerk_core::authenticate::AuthenticateOptions::forwarded) says, so that authentication
    /// and the proxy agree.
    pub fn new(clerk: &Clerk) -> Self {
        let options = clerk.authenticate_options();
        let settings = options.proxy_settings();
        Self {
            publishable_key: clerk.publishable_key().cloned(),
            secret_key: clerk.secret_key().cloned(),
            fapi_url: clerk.fapi_url().map(ToOwned::to_owned),
            path: settings.url.map(Prefix::of_proxy_url),
            forwarded: settings.forwarded.clone(),
            client_ip: None,
            timeout: TIMEOUT,
        }
    }

    /// For the instance of these keys, without a client.
    pub fn with_keys(publishable_key: PublishableKey, secret_key: SecretKey) -> Self {
        Self {
            publishable_key: Some(publishable_key),
            secret_key: Some(secret_key),
            fapi_url: None,
            path: Some(Prefix::DEFAULT.into()),
            forwarded: Forwarded::default(),
            client_ip: None,
            timeout: TIMEOUT,
        }
    }

    /// Where the proxy stands, if not where the client's `proxy_url` says; with keys alone `/__clerk` unless set.
    /// Slashes at the end count for nothing.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Where requests are sent on to: `https`, or `http` to this computer. Unless set, the client's
    /// `CLERK_FAPI_URL`, and without that the publishable key, says which of Clerk's addresses it is.
    pub fn fapi_url(mut self, url: impl Into<String>) -> Self {
        self.fapi_url = Some(url.into());
        self
    }

    /// Where the public address is taken from, and with it who is calling. As the client does it unless set, and with
    /// keys alone from the request itself.
    ///
    /// [`Forwarded::TrustFirst`] also believes the first of `CF-Connecting-IP`, `X-Real-IP` and
    /// `X-Forwarded-For`. A server that appends to what callers sent leaves the first item to them.
    pub fn forwarded(mut self, forwarded: Forwarded) -> Self {
        self.forwarded = forwarded;
        self
    }

    /// Who is calling, for `X-Forwarded-For`, when no trusted header says it: usually the peer's address,
    /// which the server has put into the request's extensions. Without an answer the header is not sent, and
    /// Clerk takes this server for the caller.
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// # use clerk_tower::server::proxy::ProxyBuilder;
    /// # fn example(builder: ProxyBuilder) -> ProxyBuilder {
    /// // The server did `request.extensions_mut().insert(peer)`. In axum, look for `ConnectInfo<SocketAddr>`.
    /// builder.client_ip(|head| head.extensions.get::<SocketAddr>().map(SocketAddr::ip))
    /// # }
    /// ```
    pub fn client_ip<F>(mut self, address: F) -> Self
    where
        F: Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static,
    {
        self.client_ip = Some(Arc::new(address));
        self
    }

    /// How long it may take until the head of an answer is there, with the whole time that sending the
    /// request takes. 60 seconds unless set. The bodies of answers may take as long as they like.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Builds the proxy with the default transport. Nothing is sent.
    ///
    /// # Errors
    /// [`ConfigError`] names the first setting that is wrong.
    #[cfg(feature = "reqwest")]
    pub fn build(self) -> Result<Proxy<ReqwestTransport>, ConfigError> {
        let transport = ReqwestTransport::new().map_err(|error| ConfigError::new("transport", error))?;
        self.build_with(transport)
    }

    /// Builds the proxy over this service. It has to stream bodies, and must not follow redirects.
    ///
    /// # Errors
    /// [`ConfigError`] names the first setting that is wrong.
    pub fn build_with<T>(self, transport: T) -> Result<Proxy<T>, ConfigError> {
        let key = self.publishable_key.ok_or_else(|| {
            ConfigError::new(
                "publishable_key",
                "not set; the Frontend API proxy needs it beside the secret key",
            )
        })?;
        let path = self.path.ok_or_else(|| {
            ConfigError::new(
                "proxy_url",
                "not set; authentication has to know where the proxy stands: set CLERK_PROXY_URL=/__clerk, or \
                 `.authentication(|options| options.proxy_url(\"/__clerk\"))` on the client",
            )
        })?;
        let prefix = Prefix::parse(&path).map_err(|problem| ConfigError::new("path", problem))?;
        let upstream = match &self.fapi_url {
            Some(url) => Upstream::parse("fapi_url", url)?,
            None => Upstream::of_key(&key)?,
        };
        let key = self.secret_key.ok_or_else(|| ConfigError::new("secret_key", "not set"))?;
        let mut secret = HeaderValue::from_str(key.expose())
            .map_err(|_| ConfigError::new("secret_key", "it cannot be sent in a header"))?;
        secret.set_sensitive(true);
        let rules = Rules {
            prefix,
            upstream,
            secret,
            forwarded: self.forwarded,
            client_ip: self.client_ip,
            timeout: self.timeout,
        };
        Ok(Proxy { transport, rules: Arc::new(rules) })
    }
}

impl fmt::Debug for ProxyBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyBuilder").field("path", &self.path).finish_non_exhaustive()
    }
}
