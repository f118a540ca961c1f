use clerk_tower::server::proxy::{Proxied, Proxy, ProxyLayer as Inner};
#[cfg(feature = "reqwest")]
use clerk_tower::{Clerk, ConfigError, client::transport::ReqwestTransport};
use tower_layer::Layer;

use crate::service::AxumBody;

/// Layer that forwards requests below the path of the Frontend API proxy to Clerk, and passes all others on unchanged. See
/// [`proxy`](clerk_tower::server::proxy).
///
/// Add it last, so that it is outside [`ClerkLayer`](crate::ClerkLayer): visitors who are signing in are not signed in yet.
///
/// ```
/// use axum::{Router, routing::get};
/// use clerk_axum::{Clerk, ClerkLayer, ConfigError, ProxyLayer};
///
/// fn app(clerk: &Clerk) -> Result<Router, ConfigError> {
///     Ok(Router::new().route("/", get("the application")).layer(ClerkLayer::new(clerk)).layer(ProxyLayer::new(clerk)?))
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clerk = Clerk::builder()
///     .secret_key("sk_live_abc")
///     .publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k")
///     .authentication(|options| options.proxy_url("/__clerk")) // or CLERK_PROXY_URL=/__clerk
///     .build()?;
/// let app = app(&clerk)?;
/// # let _ = app; Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ProxyLayer<T>(Inner<T>);

#[cfg(feature = "reqwest")]
impl ProxyLayer<ReqwestTransport> {
    /// Creates a layer with the keys and options of `clerk`, and the default transport. See [`Proxy::new`].
    ///
    /// For other settings, build a proxy with a [`ProxyBuilder`](crate::ProxyBuilder), and convert it with `from`.
    ///
    /// # Errors
    /// As [`Proxy::new`].
    pub fn new(clerk: &Clerk) -> Result<Self, ConfigError> {
        Inner::new(clerk).map(Self)
    }
}

impl<T> From<Proxy<T>> for ProxyLayer<T> {
    fn from(proxy: Proxy<T>) -> Self {
        Self(proxy.into())
    }
}

impl<S, T: Clone> Layer<S> for ProxyLayer<T> {
    type Service = AxumBody<Proxied<S, T>>;

    fn layer(&self, inner: S) -> Self::Service {
        AxumBody::new(self.0.layer(inner))
    }
}
