use clerk_core::authenticate::{AuthenticateOptions, OptionsError};
use clerk_tower::{
    Clerk, MachineClerk,
    authenticate::{Authenticate, AuthenticateLayer},
};
use tower_layer::Layer;

/// Authenticates every request, and lets requests pass: extractors and guards decide.
///
/// It answers browsers itself that have to go to Clerk and back, to renew their cookies: with 307. See
/// [`authenticate`](clerk_tower::authenticate).
///
/// Add it with [`Router::layer`] after the routes, so that it stands outside of all of them. Layers that must
/// see requests first, such as CORS, are added after it.
///
/// ```
/// use axum::{Router, routing::get};
/// use clerk_axum::{Clerk, ClerkLayer, ClerkUser};
///
/// async fn me(user: ClerkUser) -> String {
///     user.id.to_string()
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clerk = Clerk::builder().secret_key("sk_test_abc").build()?;
/// let app: Router = Router::new().route("/me", get(me)).layer(ClerkLayer::new(&clerk));
/// # let _ = app; Ok(()) }
/// ```
///
/// [`Router::layer`]: https://docs.rs/axum/0.8/axum/struct.Router.html#method.layer
#[derive(Clone, Debug)]
#[must_use]
pub struct ClerkLayer(AuthenticateLayer);

impl ClerkLayer {
    /// Authenticates for the instance of `clerk`, by the rules the client was built with.
    pub fn new(clerk: &Clerk) -> Self {
        Self(AuthenticateLayer::new(clerk))
    }

    /// Authenticates by rules of its own.
    ///
    /// Start from [`Clerk::authenticate_options`], so that the instance stays the same.
    ///
    /// # Errors
    /// When the options contradict each other.
    pub fn with_options(clerk: &Clerk, options: AuthenticateOptions) -> Result<Self, OptionsError> {
        AuthenticateLayer::with_options(clerk, options).map(Self)
    }

    /// Authenticates other machines by their M2M tokens, and nobody else: [`AuthenticateLayer::for_machine`].
    ///
    /// # Errors
    /// When the options that the client was built with do not go with M2M tokens.
    pub fn for_machine(machine: &MachineClerk) -> Result<Self, OptionsError> {
        AuthenticateLayer::for_machine(machine).map(Self)
    }
}

impl<S> Layer<S> for ClerkLayer {
    type Service = Authenticate<S>;

    fn layer(&self, inner: S) -> Authenticate<S> {
        self.0.layer(inner)
    }
}
