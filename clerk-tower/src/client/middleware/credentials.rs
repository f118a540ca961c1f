//! Sets the `Authorization` header that an operation needs.
//!
//! A request carries its operation's [`Credential`] in its
//! [`OperationInfo`](clerk_core::OperationInfo); a request without one is sent with the secret key. A `Credential`
//! in the request's extensions overrides both: where an operation accepts either key, that is how
//! [`Clerk`](crate::Clerk) and [`MachineClerk`](crate::MachineClerk) say which one they mean. The header value is
//! marked sensitive, so HTTP stacks do not log it.
//!
//! ```
//! use bytes::Bytes;
//! use clerk_tower::{Error, client::middleware::credentials::CredentialsLayer};
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let inner = service_fn(|request: Request<Bytes>| async move {
//!     let header = request.headers()["authorization"].clone();
//!     Ok::<_, Error>(Response::new((header.is_sensitive(), header.to_str().unwrap().to_owned())))
//! });
//! let layer = CredentialsLayer::new(&"sk_test_abc".parse()?);
//! let response = layer.layer(inner).oneshot(Request::new(Bytes::new())).await?;
//! assert_eq!(response.into_body(), (true, "Bearer sk_test_abc".to_owned()));
//! # Ok(()) }
//! ```

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use clerk_core::{
    credential::Credential,
    keys::{MachineSecretKey, SecretKey},
};
use http::{HeaderValue, Request, header};
use tower_layer::Layer;
use tower_service::Service;

use super::{ResponseFuture, inner_service};
use crate::{Error, ErrorKind, error::info_of};

/// The number of headers that a request gets in the default stack.
const HEADERS: usize = 6;

/// Layer that applies [`Credentials`]. See the [module docs](self) for an example.
#[derive(Clone)]
pub struct CredentialsLayer(Arc<Headers>);

#[derive(Clone)]
struct Headers {
    secret: Option<Source>,
    machine: Option<Source>,
}

/// Where a header value comes from.
#[derive(Clone)]
enum Source {
    Fixed(HeaderValue),
    Provider(Arc<dyn Fn() -> SecretKey + Send + Sync>),
}

impl Source {
    fn header(&self) -> HeaderValue {
        match self {
            Self::Fixed(header) => header.clone(),
            Self::Provider(provider) => provider().to_header(),
        }
    }
}

impl CredentialsLayer {
    /// Uses the secret key of an instance.
    #[must_use]
    pub fn new(secret: &SecretKey) -> Self {
        Self(Arc::new(Headers { secret: Some(Source::Fixed(secret.to_header())), machine: None }))
    }

    /// Uses the secret key that `provider` returns. It is called before every attempt, so the key can change while
    /// the service runs; it must return at once, from memory.
    #[must_use]
    pub fn from_provider(provider: impl Fn() -> SecretKey + Send + Sync + 'static) -> Self {
        Self(Arc::new(Headers { secret: Some(Source::Provider(Arc::new(provider))), machine: None }))
    }

    /// Uses a machine's secret key only.
    #[must_use]
    pub fn for_machine(key: &MachineSecretKey) -> Self {
        Self(Arc::new(Headers { secret: None, machine: Some(Source::Fixed(key.to_header())) }))
    }

    /// Uses no key: only operations that need none can be sent.
    pub(crate) fn none() -> Self {
        Self(Arc::new(Headers { secret: None, machine: None }))
    }

    /// Also uses a machine's secret key, for the operations that need one.
    #[must_use]
    pub fn machine_secret_key(self, key: &MachineSecretKey) -> Self {
        Self(Arc::new(Headers { machine: Some(Source::Fixed(key.to_header())), ..Headers::clone(&self.0) }))
    }
}

impl fmt::Debug for CredentialsLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsLayer").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for CredentialsLayer {
    type Service = Credentials<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Credentials { inner, headers: self.0.clone() }
    }
}

/// Middleware that sets the `Authorization` header. See the [module docs](self) for an example.
#[derive(Clone)]
pub struct Credentials<S> {
    inner: S,
    headers: Arc<Headers>,
}

inner_service!(Credentials<S>);

impl<S> Credentials<S> {
    /// Wraps `inner` with the keys of `layer`.
    pub fn new(inner: S, layer: &CredentialsLayer) -> Self {
        layer.layer(inner)
    }
}

impl<S: fmt::Debug> fmt::Debug for Credentials<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, B> Service<Request<B>> for Credentials<S>
where
    S: Service<Request<B>, Error = Error>,
{
    type Response = S::Response;
    type Error = Error;
    type Future = ResponseFuture<S::Future, Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let info = info_of(request.extensions());
        // The key is chosen here, inside the retry layer, so that each attempt uses the provider's current key.
        let chosen = request.extensions().get::<Credential>().copied();
        let credential = chosen.or(info.map(|info| info.credential)).unwrap_or(Credential::SecretKey);
        match self.headers.choose(credential) {
            Ok(value) => {
                let headers = request.headers_mut();
                // At once for what the layers further in and the transport add.
                headers.reserve(HEADERS);
                headers.extend(value.map(|value| (header::AUTHORIZATION, value)));
                ResponseFuture::sent(self.inner.call(request))
            }
            Err(problem) => ResponseFuture::refused(Error::new(info, ErrorKind::Config(problem))),
        }
    }
}

impl Headers {
    fn choose(&self, credential: Credential) -> Result<Option<HeaderValue>, &'static str> {
        let (key, problem) = match credential {
            Credential::None => return Ok(None),
            Credential::MachineSecretKey => {
                (&self.machine, "needs a machine secret key: set CLERK_MACHINE_SECRET_KEY; nothing was sent")
            }
            // The machine's own key is enough here, and can do less if it leaks.
            Credential::MachineOrSecretKey if self.machine.is_some() => (&self.machine, ""),
            // The secret key, and kinds of credentials that a later version of clerk-core adds.
            _ => (&self.secret, "needs the instance's secret key: set CLERK_SECRET_KEY; nothing was sent"),
        };
        key.as_ref().map(|source| Some(source.header())).ok_or(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_gets_the_key_it_needs() {
        let both = Headers {
            secret: Some(Source::Fixed(HeaderValue::from_static("secret"))),
            machine: Some(Source::Fixed(HeaderValue::from_static("machine"))),
        };
        let secret = Headers { machine: None, ..both.clone() };
        let machine = Headers { secret: None, ..both.clone() };
        for (credential, expected) in [
            (Credential::None, [Ok(None); 3]),
            (Credential::SecretKey, [Ok(Some("secret")), Ok(Some("secret")), Err("CLERK_SECRET_KEY")]),
            (
                Credential::MachineSecretKey,
                [Ok(Some("machine")), Err("CLERK_MACHINE_SECRET_KEY"), Ok(Some("machine"))],
            ),
            (Credential::MachineOrSecretKey, [Ok(Some("machine")), Ok(Some("secret")), Ok(Some("machine"))]),
        ] {
            for (headers, expected) in [&both, &secret, &machine].into_iter().zip(expected) {
                let chosen = headers.choose(credential);
                match (&chosen, expected) {
                    (Ok(value), Ok(expected)) => {
                        let value = value.as_ref().map(HeaderValue::as_bytes);
                        assert_eq!(value, expected.map(str::as_bytes), "{credential:?}");
                    }
                    (Err(problem), Err(variable)) => assert!(problem.contains(variable), "{problem}"),
                    _ => panic!("{credential:?}: {chosen:?}, expected {expected:?}"),
                }
            }
        }
    }
}
