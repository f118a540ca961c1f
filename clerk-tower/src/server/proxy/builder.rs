use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use clerk_core::{
    authenticate::Forwarded,
    keys::{PublishableKey, SecretKey},
};
use http::{HeaderName, HeaderValue, request::Parts};

use super::{
    Proxy, exchanges::Exchanges, headers::AddressSource, path::Prefix, service::Rules, upstream::Upstream,
};
#[cfg(feature = "reqwest")]
use crate::client::transport::ReqwestTransport;
use crate::{Clerk, ConfigError, client::AllMisnamed};

/// The default timeout until the response head.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The default timeout of a body that stands still.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How many requests are in flight by default. Each one takes two connections.
const MAX_IN_FLIGHT: usize = 256;

/// Builder of a [`Proxy`]. Settings are checked in [`build`](Self::build), so that requests cannot fail because of
/// them.
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
/// assert!(error.to_string().starts_with("fapi_url: http would send the secret key unencrypted; use https"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use]
pub struct ProxyBuilder {
    publishable_key: Option<PublishableKey>,
    secret_key: Option<SecretKey>,
    misnamed: AllMisnamed,
    fapi_url: Option<String>,
    path: Option<String>,
    forwarded: Forwarded,
    address: Option<AddressSource>,
    timeout: Duration,
    idle_timeout: Duration,
    max_in_flight: usize,
}

impl ProxyBuilder {
    /// Creates a builder with the keys and options of `clerk`, which must have a publishable key.
    ///
    /// The path and the source of the public URL come from the client's
    /// [`proxy_url`](clerk_core::authenticate::AuthenticateOptions::proxy_url) and
    /// [`forwarded`](clerk_core::authenticate::AuthenticateOptions::forwarded), so that authentication and the proxy
    /// agree.
    pub fn new(clerk: &Clerk) -> Self {
        let options = clerk.authenticate_options();
        let settings = options.proxy_settings();
        Self {
            publishable_key: clerk.publishable_key().cloned(),
            secret_key: clerk.secret_key().cloned(),
            misnamed: clerk.misnamed().clone(),
            fapi_url: clerk.fapi_url().map(ToOwned::to_owned),
            path: settings.url.map(Prefix::of_proxy_url),
            forwarded: settings.forwarded.clone(),
            address: None,
            timeout: TIMEOUT,
            idle_timeout: IDLE_TIMEOUT,
            max_in_flight: MAX_IN_FLIGHT,
        }
    }

    /// Creates a builder with these keys, without a client.
    pub fn with_keys(publishable_key: impl Into<PublishableKey>, secret_key: impl Into<SecretKey>) -> Self {
        Self {
            publishable_key: Some(publishable_key.into()),
            secret_key: Some(secret_key.into()),
            misnamed: AllMisnamed::default(),
            fapi_url: None,
            path: Some(Prefix::DEFAULT.into()),
            forwarded: Forwarded::default(),
            address: None,
            timeout: TIMEOUT,
            idle_timeout: IDLE_TIMEOUT,
            max_in_flight: MAX_IN_FLIGHT,
        }
    }

    /// Sets the path of the proxy. Defaults to the path of the client's `proxy_url`, or to `/__clerk` without a client.
    /// Trailing slashes are ignored.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Sets the URL to forward requests to: `https`, or `http` on the loopback interface. Defaults to the client's
    /// `CLERK_FAPI_URL`, or else to Clerk's URL for the publishable key.
    pub fn fapi_url(mut self, url: impl Into<String>) -> Self {
        self.fapi_url = Some(url.into());
        self
    }

    /// Sets which headers to trust for the public URL. Defaults to the client's setting, or without a client, to the
    /// request itself.
    ///
    /// With [`Forwarded::TrustFirst`], the visitor's IP address is the first item of `X-Forwarded-For`, unless
    /// [`client_ip`](Self::client_ip) or [`client_ip_header`](Self::client_ip_header) says otherwise. Your trusted proxy
    /// must replace these headers: if it only appends to them, the first item is whatever the visitor sent.
    pub fn forwarded(mut self, forwarded: Forwarded) -> Self {
        self.forwarded = forwarded;
        self
    }

    /// Sets how to find the visitor's IP address. It is usually the peer's address, which the server stores in the
    /// request's extensions. Nothing else is then used, not even headers of a trusted proxy. If the address is unknown, it
    /// is not sent, and all visitors share Clerk's rate limit of this server's address.
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// # use clerk_tower::server::proxy::ProxyBuilder;
    /// # fn example(builder: ProxyBuilder) -> ProxyBuilder {
    /// // The server called `request.extensions_mut().insert(peer)`. In axum, read `ConnectInfo<SocketAddr>`.
    /// builder.client_ip(|head| head.extensions.get::<SocketAddr>().map(SocketAddr::ip))
    /// # }
    /// ```
    pub fn client_ip<F>(mut self, address: F) -> Self
    where
        F: Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static,
    {
        self.address = Some(AddressSource::Function(Arc::new(address)));
        self
    }

    /// Sets the header with the visitor's IP address, such as `CF-Connecting-IP` behind Cloudflare. Nothing else is then
    /// used. Every request must come through a server that sets the header, or else visitors can forge it. Only the first
    /// item of a list is used, and only if it is an IP address.
    ///
    /// ```
    /// use http::HeaderName;
    /// # use clerk_tower::server::proxy::ProxyBuilder;
    /// # fn example(builder: ProxyBuilder) -> ProxyBuilder {
    /// builder.client_ip_header(HeaderName::from_static("cf-connecting-ip"))
    /// # }
    /// ```
    pub fn client_ip_header(mut self, name: HeaderName) -> Self {
        self.address = Some(AddressSource::Header(name));
        self
    }

    /// Sets how long a body may stand still, in each direction: because its sender stops, or because its reader does not
    /// read. Defaults to 30 seconds. Then a request is rejected with 408, and a response is cut off.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets how many requests may be in flight, until the end of their responses. Defaults to 256. One more takes the place
    /// of the oldest whose caller has still to send some of its body. Whoever gets no place, or loses it, is rejected with
    /// 503 `proxy_busy` and `Retry-After`.
    pub fn max_in_flight(mut self, max: usize) -> Self {
        self.max_in_flight = max;
        self
    }

    /// Sets the timeout until the response head, which includes sending the request. Defaults to 60 seconds. The response
    /// body may take longer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Builds the proxy with the default transport. Nothing is sent.
    ///
    /// # Errors
    /// If a setting is missing or not valid. [`ConfigError`] names the first one.
    #[cfg(feature = "reqwest")]
    pub fn build(self) -> Result<Proxy<ReqwestTransport>, ConfigError> {
        let transport = ReqwestTransport::new().map_err(|error| ConfigError::new("transport", error))?;
        self.build_with(transport)
    }

    /// Builds the proxy with this transport, which must stream bodies and must not follow redirects.
    ///
    /// # Errors
    /// If a setting is missing or not valid. [`ConfigError`] names the first one.
    pub fn build_with<T>(self, transport: T) -> Result<Proxy<T>, ConfigError> {
        let not_set = |setter, advice| ConfigError::new(setter, self.misnamed.not_set(setter, advice));
        let key = self.publishable_key.ok_or_else(|| {
            not_set("publishable_key", "the Frontend API proxy needs it in addition to the secret key")
        })?;
        // A client has no default path: authentication would not know it, and send browsers to Clerk's own domain.
        let path = self.path.ok_or_else(|| {
            not_set(
                "proxy_url",
                "authentication needs to know the proxy's path: set CLERK_PROXY_URL=/__clerk, or call \
                 `.authentication(|options| options.proxy_url(\"/__clerk\"))` on the client's builder",
            )
        })?;
        let prefix = Prefix::parse(&path).map_err(|problem| ConfigError::new("path", problem))?;
        let upstream = match &self.fapi_url {
            Some(url) => Upstream::parse("fapi_url", url)?,
            None => Upstream::of_key(&key)?,
        };
        let key = self.secret_key.ok_or_else(|| not_set("secret_key", "the Frontend API proxy needs it"))?;
        let mut secret = HeaderValue::from_str(key.expose())
            .map_err(|_| ConfigError::new("secret_key", "not a valid header value"))?;
        // HTTP stacks do not log it then, and HTTP/2 keeps it out of the compression table (RFC 7541, section 7.1.3).
        secret.set_sensitive(true);
        let trusts_headers = self.forwarded.trusts_headers();
        let default = if trusts_headers { AddressSource::FORWARDED } else { AddressSource::Unknown };
        let rules = Rules {
            prefix,
            upstream,
            secret,
            forwarded: self.forwarded,
            address: self.address.unwrap_or(default),
            timeout: self.timeout,
            idle_timeout: self.idle_timeout,
            exchanges: Exchanges::new(self.max_in_flight),
        };
        Ok(Proxy { transport, rules: Arc::new(rules) })
    }
}

impl fmt::Debug for ProxyBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyBuilder").field("path", &self.path).finish_non_exhaustive()
    }
}
