use std::{
    mem,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use clerk_core::{
    authenticate::{AuthenticateOptions, OptionsError, RequestHead},
    token::TokenKind,
};
use http::{Extensions, Request, Response, Uri};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::{
    Auth, InsecureIdentity, ResponseFuture,
    auth::{FindUri, Target},
    driver::{Driver, Drivers},
    insecure::Prepared,
};
use crate::{
    BoxError, ClerkVerifier, ConfigError, MachineClerk,
    client::middleware::inner_service,
    server::{
        ResponseBody,
        rejection::{OnRejection, Rejection, RequestInfo},
    },
};

/// Layer that applies [`Authenticate`]. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
#[must_use]
pub struct AuthenticateLayer(Arc<Settings>);

/// What a layer and its services share. Servers clone a service for each request.
#[derive(Clone, Debug)]
struct Settings {
    drivers: Drivers,
    on_rejection: Option<OnRejection>,
    original_uri: FindUri,
}

impl AuthenticateLayer {
    /// Authenticates for the instance of `clerk`, with the options that the client was built with.
    pub fn new(clerk: impl Into<ClerkVerifier>) -> Self {
        let clerk = clerk.into();
        let clerk = clerk.client();
        Self::by(Driver::new(clerk, clerk.authenticator().clone()))
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
        Driver::with_options(&clerk.into(), options).map(Self::by)
    }

    /// Authenticates for a protected resource: layers inside it do not decide again.
    pub(crate) fn for_resource(
        clerk: &ClerkVerifier,
        options: AuthenticateOptions,
    ) -> Result<Self, OptionsError> {
        let driver = Driver::with_options(clerk, options)?;
        Ok(Self::by(Driver { is_for_resource: true, ..driver }))
    }

    fn by(driver: Driver) -> Self {
        Self::with_drivers(driver.into())
    }

    fn with_drivers(drivers: Drivers) -> Self {
        Self(Arc::new(Settings { drivers, on_rejection: None, original_uri: |_| None }))
    }

    /// Authenticates for several instances, with the options that each client was built with. Each request is decided for
    /// one of them, with its keys alone:
    ///
    /// - a JWT in the header for the instance that is its issuer (`iss`), which therefore has to be known: from the
    ///   publishable key, or from [`AuthenticateOptions::issuers`]
    /// - an opaque token for the first one that accepts its kind
    /// - a browser for the first one where somebody is signed in, by the cookies with the instance's suffix; see
    ///   [`Authenticator::choose`](clerk_core::authenticate::Authenticator::choose) for the whole order
    /// - anything else for the first one
    ///
    /// [`Auth::is_of`] tells which one it was. Browsers without cookies are sent to sign in at the first one.
    ///
    /// ```
    /// use clerk_tower::{Clerk, server::authenticate::AuthenticateLayer};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let shop = Clerk::builder().publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k").build_verifier()?;
    /// let staff = Clerk::builder().publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5vcmck").build_verifier()?;
    /// let layer = AuthenticateLayer::for_instances([&shop, &staff])?;
    /// # let _ = layer; Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If there is no client, an instance's issuer is not known, or two have the same issuer.
    pub fn for_instances<C: Into<ClerkVerifier>>(
        clerks: impl IntoIterator<Item = C>,
    ) -> Result<Self, ConfigError> {
        let mut drivers = Vec::new();
        let mut known: Vec<String> = Vec::new();
        for clerk in clerks {
            let clerk = clerk.into();
            let options = clerk.authenticate_options().require_issuer(true);
            let invalid = |error: OptionsError| ConfigError::new("authentication", error);
            let issuers = options.accepted_issuers().map_err(invalid)?;
            if let Some(issuer) = issuers.iter().find(|issuer| known.contains(issuer)) {
                let problem = format!(
                    "two instances have the issuer {issuer}, so nothing tells whose a token is; give each client the \
                     publishable key of its own instance"
                );
                return Err(ConfigError::new("issuers", problem));
            }
            known.extend(issuers);
            drivers.push(Driver::with_options(&clerk, options).map_err(invalid)?);
        }
        let drivers = Drivers::of(drivers);
        let drivers = drivers.ok_or_else(|| ConfigError::new("instances", "expected at least one client"))?;
        Ok(Self::with_drivers(drivers))
    }

    pub(super) fn drivers(&self) -> &Drivers {
        &self.0.drivers
    }

    /// Authenticates machines by their M2M tokens, and accepts no other token.
    ///
    /// With the machine's secret key, Clerk verifies opaque tokens, and only those that were issued for this machine.
    /// A JWT is verified with the instance's public key, which a program that has only the machine's secret key cannot
    /// fetch: set [`ClerkBuilder::jwt_key`](crate::ClerkBuilder::jwt_key). Without it, a JWT is undecided, and guards
    /// respond with 503. The scopes of a JWT say which machines it was issued for: check them, or set
    /// [`machine_audiences`](clerk_core::authenticate::AuthenticateOptions::machine_audiences) to this machine's ID.
    ///
    /// ```
    /// use clerk_tower::{Clerk, server::authenticate::AuthenticateLayer};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let machine = Clerk::builder().machine_secret_key("ak_abc").build_machine()?;
    /// let layer = AuthenticateLayer::for_machine(&machine)?;
    /// # let _ = layer; Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the options that the client was built with contradict M2M tokens.
    pub fn for_machine(machine: &MachineClerk) -> Result<Self, OptionsError> {
        let clerk = machine.client();
        Self::with_options(machine, clerk.authenticate_options().accepted_kinds(TokenKind::M2m))
    }

    /// Gives every request the same configured identity, without Clerk and without any check: for self-hosted editions and
    /// local modes of an application. Sessions, claims, guards, [`Auth::user`] and [`Auth::organization`] work as usual, and
    /// nothing is sent.
    ///
    /// Insecure: everybody who reaches the service is this user. A warning says so when the layer is created.
    ///
    /// ```
    /// use std::env;
    /// use clerk_tower::{Clerk, server::authenticate::{AuthenticateLayer, InsecureIdentity}};
    ///
    /// fn layer() -> Result<AuthenticateLayer, Box<dyn std::error::Error>> {
    ///     if env::var("AUTH_MODE").is_ok_and(|mode| mode == "local") {
    ///         let owner = InsecureIdentity::new("user_owner").organization("org_home", "org:admin");
    ///         return Ok(AuthenticateLayer::insecure_identity(&owner)?);
    ///     }
    ///     Ok(AuthenticateLayer::new(&Clerk::from_env()?))
    /// }
    /// # let _ = layer;
    /// ```
    ///
    /// # Errors
    /// If one of Clerk's environment variables, or the identity's client, has the secret key of a production instance
    /// (`sk_live_…`), unless [`insecure_beside_live_key`](InsecureIdentity::insecure_beside_live_key) allows it. If the user's
    /// ID is empty, or the claims are too long for a token.
    pub fn insecure_identity(identity: &InsecureIdentity) -> Result<Self, ConfigError> {
        let prepared = Prepared::for_layer(identity)?;
        Ok(Self::by(Driver::of_identity(prepared)))
    }

    /// Sets where the original URI of a request is, for a layer inside a router that removes the prefix it has matched,
    /// as axum does in nested routers: a browser has to come back to the page it asked for. If the function returns
    /// `None`, the request's own URI is used. Extractors and guards call it, too, for redirects: services inside this
    /// layer must leave what it finds as it is.
    ///
    /// ```
    /// use clerk_tower::{Clerk, server::authenticate::AuthenticateLayer};
    /// use http::Uri;
    ///
    /// /// What the router puts into the extensions.
    /// #[derive(Clone)]
    /// struct WholeUri(Uri);
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let clerk = Clerk::builder().secret_key("sk_test_abc").build()?;
    /// let layer = AuthenticateLayer::new(&clerk)
    ///     .original_uri(|extensions| extensions.get::<WholeUri>().map(|whole| &whole.0));
    /// # let _ = layer; Ok(()) }
    /// ```
    pub fn original_uri(self, find: fn(&Extensions) -> Option<&Uri>) -> Self {
        self.with(|settings| settings.original_uri = find)
    }

    /// Replaces the response whenever a request is rejected: by a guard or an extractor inside this layer, or with 400
    /// by the layer itself. The handler gets the [`Rejection`] and the request's head.
    ///
    /// The handler's response is sent with the rejection's status, unless it has an error or redirect status itself. It
    /// keeps all headers of the original response that it does not set, such as `WWW-Authenticate`, `Retry-After`,
    /// `Cache-Control` and those of CORS. The layer adds its own headers, cookies above all, as it does to every
    /// response. Without a handler, nothing of a request is copied.
    ///
    /// The handler is not called for gRPC responses, nor for redirects to Clerk or to the sign-in page. A guard outside
    /// this layer responds with 500 without it. Of nested layers, the innermost one that has a handler is used.
    ///
    /// Clerk's front ends understand the response to a [missing
    /// reverification](Rejection::reverification_missing): return it unchanged to requests that scripts send.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use clerk_tower::{Clerk, server::authenticate::AuthenticateLayer};
    /// use http::{HeaderValue, Response, header::CONTENT_TYPE};
    /// use http_body_util::Full;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let clerk = Clerk::builder().secret_key("sk_test_abc").build()?;
    /// let layer = AuthenticateLayer::new(&clerk).on_rejection(|rejection, request| {
    ///     if !request.is_document() {
    ///         return rejection.clone().into_response();
    ///     }
    ///     let page = format!("<!doctype html><title>{}</title>", rejection.message());
    ///     let mut response = Response::new(Full::<Bytes>::from(page));
    ///     let html = HeaderValue::from_static("text/html; charset=utf-8");
    ///     response.headers_mut().insert(CONTENT_TYPE, html);
    ///     response
    /// });
    /// # let _ = layer; Ok(()) }
    /// ```
    pub fn on_rejection<F, B>(self, handler: F) -> Self
    where
        F: Fn(&Rejection, &RequestInfo) -> Response<B> + Send + Sync + 'static,
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        self.with(|settings| settings.on_rejection = Some(OnRejection::new(handler)))
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl<S> Layer<S> for AuthenticateLayer {
    type Service = Authenticate<S>;

    fn layer(&self, inner: S) -> Authenticate<S> {
        Authenticate { inner, settings: self.0.clone() }
    }
}

/// Middleware that authenticates requests and passes them on, except for browsers that have to go to Clerk first. See
/// the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct Authenticate<S> {
    inner: S,
    settings: Arc<Settings>,
}

inner_service!(Authenticate<S>);

impl<S> Authenticate<S> {
    /// Wraps `inner`, with the options that `clerk` was built with.
    pub fn new(inner: S, clerk: impl Into<ClerkVerifier>) -> Self {
        AuthenticateLayer::new(clerk).layer(inner)
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Authenticate<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let Settings { drivers, on_rejection, original_uri } = &*self.settings;
        let handler = on_rejection.as_ref().map(|on_rejection| on_rejection.for_request(&request));
        let decided = Auth::from_extensions(request.extensions());
        // A nested layer with the same client and options would decide the same, and add the same cookies again.
        if decided.is_some_and(|auth| drivers.accept(auth)) {
            return ResponseFuture::decided_outside(&mut self.inner, request, handler);
        }
        let (uri, target) = match original_uri(request.extensions()) {
            Some(uri) => (uri, Target::In(*original_uri)),
            None => (request.uri(), Target::of(request.uri())),
        };
        let head = RequestHead::new(request.method(), uri, request.version(), request.headers());
        let driver = drivers.for_request(&head);
        match driver.start(&head, target) {
            Ok(auth) => ResponseFuture::decided(&mut self.inner, request, auth, handler),
            Err(waiting) => {
                let decision = driver.clone().satisfy(waiting);
                // The service that was polled ready is the one to call; its clone is not.
                let clone = self.inner.clone();
                let inner = mem::replace(&mut self.inner, clone);
                ResponseFuture::waiting(inner, request, decision, handler)
            }
        }
    }
}
