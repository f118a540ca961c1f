use std::{net::IpAddr, sync::Arc};

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use tower_layer::Layer;

use super::BaseUri;

/// The text is no base address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a base address such as https://api.clerk.com/v1: {0}")]
pub struct InvalidBaseUri(&'static str);

impl InvalidBaseUri {
    pub(crate) const PLAIN_HTTP: Self = Self("http would send the secret key unencrypted; use https");
}

/// Layer of [`BaseUri`]. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct BaseUriLayer(Arc<Base>);

#[derive(Debug)]
pub(crate) struct Base {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    /// Without a slash at its end.
    pub(crate) prefix: String,
}

impl BaseUriLayer {
    /// `base` is an absolute `http` or `https` address, with a path prefix or without.
    ///
    /// # Errors
    /// When it is not, or has credentials or a query.
    pub fn new(base: &str) -> Result<Self, InvalidBaseUri> {
        let uri: Uri = base.parse().map_err(|_| InvalidBaseUri("it cannot be parsed"))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(InvalidBaseUri("scheme or host is missing"));
        };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(InvalidBaseUri("the scheme is neither http nor https"));
        }
        if authority.as_str().contains('@') {
            return Err(InvalidBaseUri("it holds credentials"));
        }
        let path = parts.path_and_query;
        if path.as_ref().is_some_and(|path| path.query().is_some()) {
            return Err(InvalidBaseUri("it holds a query"));
        }
        let prefix = path.map_or(String::new(), |path| path.path().trim_end_matches('/').to_owned());
        Ok(Self(Arc::new(Base { scheme, authority, prefix })))
    }

    /// The parts of the address.
    pub(crate) fn base(&self) -> &Base {
        &self.0
    }

    /// Whether a key would travel unencrypted over a network.
    pub(crate) fn is_plain_http_to_another_computer(&self) -> bool {
        let host = self.0.authority.host();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        let here = host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        self.0.scheme == Scheme::HTTP && !here
    }
}

impl<S> Layer<S> for BaseUriLayer {
    type Service = BaseUri<S>;

    fn layer(&self, inner: S) -> BaseUri<S> {
        BaseUri { inner, base: self.0.clone() }
    }
}
