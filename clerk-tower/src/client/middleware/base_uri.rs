//! Makes every request's relative URI absolute, and sets the headers that all requests have in common.
//!
//! An operation's URI is relative. This layer puts the base address in front of it, so a request can only go to the
//! configured host: a request that names a host of its own is rejected, because it carries the secret key.
//!
//! ```
//! use bytes::Bytes;
//! use clerk_tower::client::middleware::base_uri::BaseUriLayer;
//! use http::{Request, Response};
//! use tower::{BoxError, Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
//! let transport = service_fn(|request: Request<Bytes>| async move {
//!     Ok::<_, BoxError>(Response::new(request.uri().to_string()))
//! });
//! let service = BaseUriLayer::new("https://api.clerk.com/v1")?.layer(transport);
//! let relative = Request::get("/users?limit=1").body(Bytes::new())?;
//! assert_eq!(service.clone().oneshot(relative).await?.into_body(), "https://api.clerk.com/v1/users?limit=1");
//!
//! let elsewhere = Request::get("https://example.com/users").body(Bytes::new())?;
//! assert!(service.oneshot(elsewhere).await.is_err());
//! # Ok(()) }
//! ```

use std::{
    borrow::Cow,
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use clerk_core::{authenticate::PublicOrigin, keys::copy_mistake};
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Uri, header,
    uri::{self, Authority, PathAndQuery, Scheme},
};
use tower_layer::Layer;
use tower_service::Service;

use super::{ResponseFuture, inner_service};
use crate::{
    BoxError, Error, ErrorKind,
    client::{options::CallOptions, transport::is_loopback},
    error::info_of,
};

/// The version of Clerk's Backend API. Pinned, because an instance's default version may change, and the models of
/// `clerk-core` are generated for this one.
const VERSION: HeaderName = HeaderName::from_static("clerk-api-version");
const API_VERSION: HeaderValue = HeaderValue::from_static(clerk_core::api::DOCUMENT_VERSION);
const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("clerk-rust/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Error of a string that is not a valid base address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidBaseUri(Cow<'static, str>);

impl InvalidBaseUri {
    pub(crate) const PLAIN_HTTP: Self = Self::new(
        "http would send the secret key unencrypted; use https; http is accepted for loopback addresses only",
    );

    const fn new(problem: &'static str) -> Self {
        Self(Cow::Borrowed(problem))
    }
}

/// Layer that applies [`BaseUri`]. See the [module docs](self) for an example.
#[derive(Clone, Debug)]
pub struct BaseUriLayer(Arc<Base>);

/// The parts of a base address.
#[derive(Debug)]
pub(crate) struct Base {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    /// Without a trailing slash.
    pub(crate) prefix: String,
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.prefix)
    }
}

impl BaseUriLayer {
    /// Creates a layer from an absolute `http` or `https` address, with or without a path prefix.
    ///
    /// # Errors
    /// If `base` is not such an address, or contains credentials or a query.
    pub fn new(base: &str) -> Result<Self, InvalidBaseUri> {
        if let Some(mistake) = copy_mistake(base) {
            return Err(InvalidBaseUri(format!("{mistake}; expected the address alone").into()));
        }
        let uri: Uri = base.parse().map_err(|_| {
            InvalidBaseUri::new("not a valid URL; expected one such as https://api.clerk.com/v1")
        })?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(InvalidBaseUri::new("the scheme or the host is missing; expected https://…"));
        };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(InvalidBaseUri::new("the scheme must be https or http"));
        }
        if authority.as_str().contains('@') {
            return Err(InvalidBaseUri::new("must not contain credentials"));
        }
        // A parser of URLs accepts more as a host, such as `https:` before another `//`.
        if format!("{scheme}://{authority}").parse::<PublicOrigin>().is_err() {
            return Err(InvalidBaseUri::new("the host is not valid; expected one such as api.clerk.com"));
        }
        let path = parts.path_and_query;
        if path.as_ref().is_some_and(|path| path.query().is_some()) {
            return Err(InvalidBaseUri::new("must not contain a query"));
        }
        let prefix = path.map_or(String::new(), |path| path.path().trim_end_matches('/').to_owned());
        Ok(Self(Arc::new(Base { scheme, authority, prefix })))
    }

    /// The same, for an address that a key is sent to: `https`, or `http` on the loopback interface.
    pub(crate) fn for_key(base: &str) -> Result<Self, InvalidBaseUri> {
        let layer = Self::new(base)?;
        if layer.0.sends_in_the_clear() { Err(InvalidBaseUri::PLAIN_HTTP) } else { Ok(layer) }
    }

    pub(crate) fn base(&self) -> &Base {
        &self.0
    }

    /// The scheme, the host and the port, in the form in which issuers and browsers write them.
    pub(crate) fn origin(&self) -> String {
        let text = format!("{}://{}", self.0.scheme, self.0.authority);
        text.parse::<PublicOrigin>().map_or(text, |origin| origin.as_str().to_owned())
    }
}

impl<S> Layer<S> for BaseUriLayer {
    type Service = BaseUri<S>;

    fn layer(&self, inner: S) -> Self::Service {
        BaseUri { inner, base: self.0.clone() }
    }
}

/// Middleware that makes a relative URI absolute. See the [module docs](self) for an example.
#[derive(Clone, Debug)]
pub struct BaseUri<S> {
    inner: S,
    base: Arc<Base>,
}

inner_service!(BaseUri<S>);

impl<S> BaseUri<S> {
    /// Wraps `inner` with the address of `layer`.
    pub fn new(inner: S, layer: &BaseUriLayer) -> Self {
        layer.layer(inner)
    }

    /// Prepares a request, or returns why it cannot be sent.
    fn prepare<B>(&self, request: &mut Request<B>) -> Result<(), &'static str> {
        let options = request.extensions().get::<CallOptions>().cloned().unwrap_or_default();
        let settings = options.settings();
        let other = settings.and_then(|settings| settings.base_uri.as_ref());
        *request.uri_mut() = other.map_or(&*self.base, |layer| layer.base()).resolve(request.uri())?;
        set_headers(request.headers_mut(), settings.map(|settings| &settings.headers));
        Ok(())
    }
}

/// Sets the caller's headers, which replace what the operation set, and then fills in the defaults.
fn set_headers(headers: &mut HeaderMap, extra: Option<&HeaderMap>) {
    for (name, value) in extra.into_iter().flatten() {
        headers.insert(name, value.clone());
    }
    headers.entry(header::USER_AGENT).or_insert(USER_AGENT);
    headers.entry(VERSION).or_insert(API_VERSION);
    headers.entry(header::ACCEPT).or_insert(JSON);
}

impl<S, B> Service<Request<B>> for BaseUri<S>
where
    S: Service<Request<B>, Error: Into<BoxError>>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, BoxError>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.prepare(&mut request) {
            Ok(()) => ResponseFuture::sent(self.inner.call(request)),
            Err(problem) => {
                let info = info_of(request.extensions());
                ResponseFuture::refused(Error::new(info, ErrorKind::Config(problem)))
            }
        }
    }
}

impl Base {
    /// Returns `true` if a key would be sent over a network without encryption.
    fn sends_in_the_clear(&self) -> bool {
        self.scheme == Scheme::HTTP && !is_loopback(self.authority.host())
    }

    fn resolve(&self, relative: &Uri) -> Result<Uri, &'static str> {
        if relative.authority().is_some() || relative.scheme().is_some() {
            return Err("the request names a host of its own; nothing was sent");
        }
        let path = relative.path_and_query().map_or("/", PathAndQuery::as_str);
        // Built from parts: if base and path were joined and parsed again, a path such as `//evil.example` could become
        // a host.
        let path = Bytes::from([&self.prefix, path].concat());
        let mut parts = uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = PathAndQuery::from_maybe_shared(path).ok();
        Uri::from_parts(parts).map_err(|_| "the URI is too long; nothing was sent")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_uri_stays_below_the_base() {
        for (base, relative, expected) in [
            ("https://api.clerk.com/v1", "/users", "https://api.clerk.com/v1/users"),
            ("https://api.clerk.com/v1/", "/users?a=b", "https://api.clerk.com/v1/users?a=b"),
            ("http://127.0.0.1:8080", "/jwks", "http://127.0.0.1:8080/jwks"),
            (
                "http://127.0.0.1:8080/c/12/v1",
                "//evil.example/x",
                "http://127.0.0.1:8080/c/12/v1//evil.example/x",
            ),
        ] {
            let layer = BaseUriLayer::new(base).unwrap();
            let uri = Uri::builder().path_and_query(relative).build().unwrap();
            assert_eq!(layer.base().resolve(&uri).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn bases_are_absolute_and_plain() {
        for bad in
            ["", "api.clerk.com", "/v1", "ftp://x/v1", "https://u:p@x/v1", "https://x/v1?a=b", "https://"]
        {
            assert!(BaseUriLayer::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_is_sent_unencrypted_to_loopback_addresses_only() {
        for (base, is_allowed) in [
            ("https://api.clerk.com", true),
            ("http://localhost:8080", true),
            ("http://LocalHost", true),
            ("http://127.255.255.254", true),
            ("http://127.0.0.1", true),
            ("http://[::1]:8080", true),
            ("http://api.clerk.com", false),
            ("http://10.0.0.1", false),
            ("http://localhost.example.com", false),
        ] {
            assert_eq!(BaseUriLayer::for_key(base).is_ok(), is_allowed, "{base}");
        }
    }
}
