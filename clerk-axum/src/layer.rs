use axum_core::response::IntoResponse;
use clerk_core::authenticate::{AuthenticateOptions, OptionsError};
use clerk_tower::{
    Clerk, MachineClerk,
    server::authenticate::{Authenticate, AuthenticateLayer},
    server::rejection::RequestInfo,
};
use tower_layer::Layer;

use crate::Rejection;

/// Authenticates every request, and lets requests pass: extractors and guards decide.
///
/// It answers browsers itself that have to go to Clerk and back, to renew their cookies: with 307. See
/// [`authenticate`](clerk_tower::server::authenticate).
///
/// Add it with [`Router::layer`] after the routes, so that it stands outside of all of them. Layers that must
/// see requests first, such as CORS, are added after it. It may stand in a nested router too: with the feature
/// `original-uri`, which is on by default, browsers come back to the whole address.
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
        Self::of(AuthenticateLayer::new(clerk))
    }

    /// Authenticates by rules of its own.
    ///
    /// Start from [`Clerk::authenticate_options`], so that the instance stays the same.
    ///
    /// # Errors
    /// When the options contradict each other.
    pub fn with_options(clerk: &Clerk, options: AuthenticateOptions) -> Result<Self, OptionsError> {
        AuthenticateLayer::with_options(clerk, options).map(Self::of)
    }

    /// Authenticates other machines by their M2M tokens, and nobody else: [`AuthenticateLayer::for_machine`].
    ///
    /// # Errors
    /// When the options that the client was built with do not go with M2M tokens.
    pub fn for_machine(machine: &MachineClerk) -> Result<Self, OptionsError> {
        AuthenticateLayer::for_machine(machine).map(Self::of)
    }

    /// Inside of a nested router the request's own address lacks what was matched; axum keeps the whole one.
    fn of(layer: AuthenticateLayer) -> Self {
        #[cfg(feature = "original-uri")]
        let layer =
            layer.original_uri(|extensions| extensions.get().map(|axum::extract::OriginalUri(uri)| uri));
        Self(layer)
    }

    /// Answers in the application's own way whenever a request is turned away inside of this layer: by a guard, by an
    /// extractor, by [`ClerkWebhooks`](crate::ClerkWebhooks), or with 400 by the layer itself. The handler sees why, and
    /// the request's head.
    ///
    /// Its response goes out with the rejection's status, unless it has one of its own that is no success; and with
    /// all headers that the first response had, such as `WWW-Authenticate`, `Retry-After`, `Cache-Control` or those
    /// of CORS, unless it has them itself. What the layer adds to every response, cookies above all, is added to this
    /// one. Where layers stand inside of each other, the handler of the innermost that has one answers.
    ///
    /// It is not asked about gRPC's answers, about redirects to Clerk or to the sign-in page, about errors of the
    /// application's own that have no [`Rejection`] in them, and about what stands outside of this layer: guards, routes
    /// that are added after it, such as that of [`ClerkWebhooks`](crate::ClerkWebhooks), and
    /// [`ProxyLayer`](crate::ProxyLayer).
    ///
    /// Leave [a missing reverification](Rejection::asked_reverification) as it is for requests that scripts send:
    /// Clerk's front ends know that answer.
    ///
    /// ```
    /// use axum::{Router, response::{Html, IntoResponse}, routing::get};
    /// use clerk_axum::{Clerk, ClerkLayer, require};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let clerk = Clerk::builder().secret_key("sk_test_abc").build()?;
    /// let layer = ClerkLayer::new(&clerk).on_rejection(|rejection, request| {
    ///     if request.is_document() {
    ///         Html(format!("<!doctype html><title>{}</title>", rejection.body_text())).into_response()
    ///     } else {
    ///         rejection.clone().into_response()
    ///     }
    /// });
    /// let app: Router = Router::new()
    ///     .route("/team", get("the team").route_layer(require::role("org:admin")))
    ///     .layer(layer);
    /// # let _ = app; Ok(()) }
    /// ```
    pub fn on_rejection<F, R>(self, handler: F) -> Self
    where
        F: Fn(&Rejection, &RequestInfo) -> R + Send + Sync + 'static,
        R: IntoResponse,
    {
        Self(self.0.on_rejection(move |rejection, request| {
            handler(&Rejection::from(rejection.clone()), request).into_response()
        }))
    }
}

impl<S> Layer<S> for ClerkLayer {
    type Service = Authenticate<S>;

    fn layer(&self, inner: S) -> Authenticate<S> {
        self.0.layer(inner)
    }
}
