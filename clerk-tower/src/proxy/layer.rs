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
    /// The proxy of an instance at `/__clerk`, with the default transport. To set more, build a proxy with a
    /// [`ProxyBuilder`](super::ProxyBuilder) and make the layer `from` it.
    ///
    /// # Errors
    /// [`ConfigError`] when the client has no publishable key, or its `fapi_url` is none.
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
