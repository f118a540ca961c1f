use bytes::Bytes;
use clerk_core::{
    authenticate::{AuthenticateOptions, Authenticator, OptionsError},
    token::TokenKind,
};
use http::{Extensions, Response, Uri};
use http_body::Body;
use tower_layer::Layer;

use super::{Authenticate, judge::Judge};
use crate::{
    BoxError, Clerk, MachineClerk,
    reject::{OnRejection, Rejection, RequestInfo},
};

/// Layer of [`Authenticate`]. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
#[must_use]
pub struct AuthenticateLayer {
    judge: Judge,
    on_rejection: Option<OnRejection>,
    original_uri: FindUri,
}

/// Where a request's extensions keep its whole address.
pub(super) type FindUri = fn(&Extensions) -> Option<&Uri>;

impl AuthenticateLayer {
    /// Authenticates for the instance of `clerk`, by the rules the client was built with.
    pub fn new(clerk: &Clerk) -> Self {
        Self::by(clerk, clerk.authenticator().clone())
    }

    /// Authenticates by rules of its own.
    ///
    /// # Errors
    /// When the options contradict each other or hold a key that is none.
    pub fn with_options(clerk: &Clerk, options: AuthenticateOptions) -> Result<Self, OptionsError> {
        Authenticator::new(options).map(|authenticator| Self::by(clerk, authenticator))
    }

    fn by(clerk: &Clerk, authenticator: Authenticator) -> Self {
        let judge = Judge { clerk: clerk.clone(), authenticator };
        Self { judge, on_rejection: None, original_uri: |_| None }
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
        Self::with_options(clerk, clerk.authenticate_options().accepted_kinds(TokenKind::M2m))
    }

    /// Where the whole address of a request is, for a layer inside of a router that cuts off what it has matched, as
    /// axum does with what is nested: browsers have to come back to the page they asked for. Without an answer the
    /// request's own address counts.
    ///
    /// ```
    /// use clerk_tower::{Clerk, authenticate::AuthenticateLayer};
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
        Self { original_uri: find, ..self }
    }

    /// Answers in the application's own way whenever a request is turned away: by a guard or an extractor inside of
    /// this layer, or with 400 by the layer itself. The handler sees the [`Rejection`] and the request's head.
    ///
    /// Its response goes out with the rejection's status, unless it has one of its own that is no success; and with
    /// all headers that the first response had, such as `WWW-Authenticate`, `Retry-After`, `Cache-Control` or those
    /// of CORS, unless it has them itself. What the layer adds to every response, cookies above all, is added to this
    /// one. Without a handler, nothing of a request is copied.
    ///
    /// It is not asked about gRPC's answers, nor about redirects: to Clerk and back, or to the sign-in page. A guard
    /// outside of this layer answers 500 past it. Where layers stand inside of each other, the handler of the
    /// innermost that has one answers.
    ///
    /// The answer to a [missing reverification](Rejection::reverification_missing) is for Clerk's front ends: leave
    /// it as it is for requests that scripts send.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use clerk_tower::{Clerk, authenticate::AuthenticateLayer};
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
        Self { on_rejection: Some(OnRejection::new(handler)), ..self }
    }
}

impl<S> Layer<S> for AuthenticateLayer {
    type Service = Authenticate<S>;

    fn layer(&self, inner: S) -> Authenticate<S> {
        Authenticate {
            inner,
            judge: self.judge.clone(),
            on_rejection: self.on_rejection.clone(),
            original_uri: self.original_uri,
        }
    }
}
