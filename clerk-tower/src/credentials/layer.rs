use std::{fmt, sync::Arc};

use clerk_core::keys::{MachineSecretKey, SecretKey};
use http::HeaderValue;
use tower_layer::Layer;

use super::Credentials;

/// Layer of [`Credentials`]. See the [module docs](super) for an example.
#[derive(Clone)]
pub struct CredentialsLayer(Arc<Headers>);

#[derive(Clone)]
pub(super) struct Headers {
    pub(super) secret: Option<Source>,
    pub(super) machine: Option<Source>,
}

/// Where a header comes from.
#[derive(Clone)]
pub(super) enum Source {
    Fixed(HeaderValue),
    Asked(Arc<dyn Fn() -> SecretKey + Send + Sync>),
}

impl Source {
    pub(super) fn header(&self) -> HeaderValue {
        match self {
            Self::Fixed(header) => header.clone(),
            Self::Asked(provider) => provider().to_header(),
        }
    }
}

impl CredentialsLayer {
    /// With the secret key of an instance.
    #[must_use]
    pub fn new(secret: &SecretKey) -> Self {
        Self(Arc::new(Headers { secret: Some(Source::Fixed(secret.to_header())), machine: None }))
    }

    /// With the secret key that `provider` gives, which is asked before every attempt: so the key can change while
    /// the service runs. It has to answer at once, from memory.
    #[must_use]
    pub fn from_provider(provider: impl Fn() -> SecretKey + Send + Sync + 'static) -> Self {
        Self(Arc::new(Headers { secret: Some(Source::Asked(Arc::new(provider))), machine: None }))
    }

    /// With a machine's secret key alone.
    #[must_use]
    pub fn for_machine(key: &MachineSecretKey) -> Self {
        Self(Arc::new(Headers { secret: None, machine: Some(Source::Fixed(key.to_header())) }))
    }

    /// With a machine's secret key too, for the operations that take one.
    #[must_use]
    pub fn machine_secret_key(self, key: &MachineSecretKey) -> Self {
        Self(Arc::new(Headers { machine: Some(Source::Fixed(key.to_header())), ..Headers::clone(&self.0) }))
    }
}

impl fmt::Debug for CredentialsLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialsLayer")
    }
}

impl<S> Layer<S> for CredentialsLayer {
    type Service = Credentials<S>;

    fn layer(&self, inner: S) -> Credentials<S> {
        Credentials { inner, headers: self.0.clone() }
    }
}
