use axum_core::response::IntoResponse;
use clerk_core::authenticate::{AuthenticateOptions, OptionsError};
use clerk_tower::{
    ClerkVerifier, ConfigError, MachineClerk,
    server::authenticate::{Authenticate, AuthenticateLayer, InsecureIdentity},
    server::rejection::RequestInfo,
};
use tower_layer::Layer;

use crate::{Auth, Rejection, service::AxumBody};

/// Layer that authenticates every request, and rejects nobody for not being signed in; extractors and guards then decide.
///
/// It responds itself in two cases: 307 to a browser that has to go to Clerk and back, and 400 to an invalid handshake on a
/// development instance or to a request that names several hosts. See [`authenticate`](clerk_tower::server::authenticate).
///
/// Add it with `Router::layer` after the routes, so that it wraps all of them. Layers that must see requests first,
/// such as CORS, are added after it. It also works in a nested router: with the feature `original-uri`, which is on by
/// default, browsers come back to the full address.
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
#[derive(Clone, Debug)]
#[must_use]
pub struct ClerkLayer(AuthenticateLayer);

impl ClerkLayer {
    /// Authenticates for the instance of `clerk`, with the options that the client was built with.
    pub fn new(clerk: impl Into<ClerkVerifier>) -> Self {
        Self::of(AuthenticateLayer::new(clerk))
    }

    /// Authenticates with different options. Start from [`ClerkVerifier::authenticate_options`], so that the instance stays the
    /// same.
    ///
    /// # Errors
    /// If the options contradict each other, or one of them is invalid.
    pub fn with_options(
        clerk: impl Into<ClerkVerifier>,
        options: AuthenticateOptions,
    ) -> Result<Self, OptionsError> {
        AuthenticateLayer::with_options(clerk, options).map(Self::of)
    }

    /// Authenticates for several instances; each request is decided for one of them, with its keys alone. See
    /// [`AuthenticateLayer::for_instances`], and [`Auth::is_of`](clerk_tower::server::authenticate::Auth::is_of), which
    /// tells which one it was.
    ///
    /// # Errors
    /// If there is no client, an instance's issuer is not known, or two have the same issuer.
    pub fn for_instances<C: Into<ClerkVerifier>>(
        clerks: impl IntoIterator<Item = C>,
    ) -> Result<Self, ConfigError> {
        AuthenticateLayer::for_instances(clerks).map(Self::of)
    }

    /// Authenticates machines by their M2M tokens, and accepts no other token. See [`AuthenticateLayer::for_machine`].
    ///
    /// # Errors
    /// If the options that the client was built with contradict M2M tokens.
    pub fn for_machine(machine: &MachineClerk) -> Result<Self, OptionsError> {
        AuthenticateLayer::for_machine(machine).map(Self::of)
    }

    /// Gives every request the same configured identity, without Clerk and without any check: for self-hosted editions and
    /// local modes of an application. Every extractor of a session, a user or an organization works, and so do guards; nothing
    /// is sent. See the [guide](crate::guide::testing#running-without-clerk).
    ///
    /// Insecure: everybody who reaches the service is this user. A warning says so when the layer is created.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use clerk_axum::{ClerkLayer, InsecureIdentity, Session};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let owner = InsecureIdentity::new("user_owner").organization("org_home", "org:admin");
    /// let app: Router = Router::new()
    ///     .route("/", get(async |session: Session| session.user_id().to_string()))
    ///     .layer(ClerkLayer::insecure_identity(&owner)?);
    /// # let _ = app; Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If one of Clerk's environment variables, or the identity's client, has the secret key of a production instance
    /// (`sk_live_…`), unless [`insecure_beside_live_key`](InsecureIdentity::insecure_beside_live_key) allows it. If the user's
    /// ID is empty, or the claims are too long for a token.
    pub fn insecure_identity(identity: &InsecureIdentity) -> Result<Self, ConfigError> {
        AuthenticateLayer::insecure_identity(identity).map(Self::of)
    }

    /// Authenticates a token that did not arrive in a request's headers, with this layer's options and for its instances: for
    /// example one in a WebSocket message. See [`Clerk::authenticate_token`](clerk_tower::Clerk::authenticate_token).
    pub async fn authenticate_token(&self, token: &str) -> Auth {
        Auth::without_request(self.0.authenticate_token(token).await)
    }

    /// In a nested router, axum removes the matched prefix from the request's URI, and keeps the full one in the
    /// extensions.
    fn of(layer: AuthenticateLayer) -> Self {
        #[cfg(feature = "original-uri")]
        let layer =
            layer.original_uri(|extensions| extensions.get().map(|axum::extract::OriginalUri(uri)| uri));
        Self(layer)
    }

    /// Replaces the response whenever a request is rejected inside this layer: by a guard, an extractor or
    /// [`ClerkWebhooks`](crate::ClerkWebhooks), or with 400 by the layer itself. The handler gets the [`Rejection`] and
    /// the request's head.
    ///
    /// The handler's response is sent with the rejection's status, unless it has an error or redirect status itself. It
    /// keeps all headers of the original response that it does not set, such as `WWW-Authenticate`, `Retry-After`,
    /// `Cache-Control` and those of CORS. The layer adds its own headers, cookies above all, as it does to every
    /// response. Of nested layers, the innermost one that has a handler is used.
    ///
    /// The handler is not called for:
    ///
    /// - gRPC responses
    /// - redirects to Clerk or to the sign-in page
    /// - the application's own errors that do not contain a [`Rejection`]
    /// - what is outside this layer: guards, [`ProxyLayer`](crate::ProxyLayer), and routes that are added after it, such
    ///   as [`ClerkWebhooks`](crate::ClerkWebhooks)
    ///
    /// Clerk's front ends understand the response to a [missing reverification](Rejection::asked_reverification): return
    /// it unchanged to requests that scripts send.
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
    type Service = AxumBody<Authenticate<S>>;

    fn layer(&self, inner: S) -> Self::Service {
        AxumBody::new(self.0.layer(inner))
    }
}
