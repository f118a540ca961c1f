use clerk_core::authenticate::{AuthenticateOptions, Authenticator, OptionsError};
use tower_layer::Layer;

use super::Authenticate;
use crate::Clerk;

/// Layer of [`Authenticate`]. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
#[must_use]
pub struct AuthenticateLayer {
    clerk: Clerk,
    authenticator: Authenticator,
}

impl AuthenticateLayer {
    /// Authenticates for the instance of `clerk`, by the rules the client was built with.
    pub fn new(clerk: &Clerk) -> Self {
        Self { clerk: clerk.clone(), authenticator: clerk.authenticator().clone() }
    }

    /// Authenticates by rules of its own.
    ///
    /// # Errors
    /// When the options contradict each other or hold a key that is none.
    pub fn with_options(clerk: &Clerk, options: AuthenticateOptions) -> Result<Self, OptionsError> {
        Ok(Self { clerk: clerk.clone(), authenticator: Authenticator::new(options)? })
    }
}

impl<S> Layer<S> for AuthenticateLayer {
    type Service = Authenticate<S>;

    fn layer(&self, inner: S) -> Authenticate<S> {
        Authenticate { inner, clerk: self.clerk.clone(), authenticator: self.authenticator.clone() }
    }
}
