use tower_layer::Layer;

use super::{Proxied, Proxy};
#[cfg(feature = "reqwest")]
use crate::{Clerk, ConfigError, transport::ReqwestTransport};

/// Layer of [`Proxied`]. See the [module docs](super) for examples.
#[derive(Clone, Debug)]
#[must_use]
pub struct ProxyLayer<T>(Proxy<T>);

#[cfg(feature = "reqwest")]
impl ProxyLayer<ReqwestTransport> {
    /// The proxy of the client's instance, with the default transport. It stands where the client's
    /// [`proxy_url`](clerk_core::authenticate::AuthenticateOptions::proxy_url) says, which is `CLERK_PROXY_URL` for
    /// [`Clerk::from_env`]. To set more, build a proxy with a [`ProxyBuilder`](super::ProxyBuilder) and make the layer
    /// `from` it.
    ///
    /// # Errors
    /// [`ConfigError`] when the client has no publishable key or no `proxy_url`; when the path of `proxy_url` is none
    /// that a proxy can stand at, such as `/` alone; when `fapi_url` is no address to send requests on to; and when the
    /// transport cannot be made.
    pub fn new(clerk: &Clerk) -> Result<Self, ConfigError> {
        Proxy::new(clerk).map(Self)
    }
}

impl<T> From<Proxy<T>> for ProxyLayer<T> {
    fn from(proxy: Proxy<T>) -> Self {
        Self(proxy)
    }
}

impl<S, T: Clone> Layer<S> for ProxyLayer<T> {
    type Service = Proxied<S, T>;

    fn layer(&self, inner: S) -> Proxied<S, T> {
        Proxied { inner, proxy: self.0.clone() }
    }
}
