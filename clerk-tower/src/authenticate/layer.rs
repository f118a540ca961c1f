use clerk_core::{
    authenticate::{AuthenticateOptions, Authenticator, OptionsError},
    token::TokenKind,
};
use tower_layer::Layer;

use super::Authenticate;
use crate::{Clerk, MachineClerk};

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

    /// Authenticates other machines by their M2M tokens, and nobody else.
    ///
    /// With the machine's secret key Clerk verifies opaque tokens, and only those that were made for this machine.
    /// Tokens in JWT form are verified with the instance's public key, which a program with the machine's secret
    /// key alone cannot fetch: set [`ClerkBuilder::jwt_key`](crate::ClerkBuilder::jwt_key). Without it they are
    /// undecided, and guards answer 503. Whom a token in JWT form was made for is in its scopes; check them.
    ///
    /// ```
    /// use clerk_tower::{Clerk, authenticate::AuthenticateLayer};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let machine = Clerk::builder().machine_secret_key("ak_abc").build_machine()?;
    /// let layer = AuthenticateLayer::for_machine(&machine)?;
    /// # let _ = layer; Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the options that the client was built with do not go with M2M tokens.
    pub fn for_machine(machine: &MachineClerk) -> Result<Self, OptionsError> {
        let clerk = machine.client();
        Self::with_options(clerk, clerk.authenticate_options().accepts(TokenKind::M2m))
    }
}

impl<S> Layer<S> for AuthenticateLayer {
    type Service = Authenticate<S>;

    fn layer(&self, inner: S) -> Authenticate<S> {
        Authenticate { inner, clerk: self.clerk.clone(), authenticator: self.authenticator.clone() }
    }
}
