use std::{fmt, sync::Arc, time::Duration};

use clerk_core::{
    Reason, Timestamp,
    api::sessions,
    authenticate::{Authenticator, Diagnosis, MachineAuth, NoSignInPage, Outcome, RequestHead},
    token::{Check, SessionAuth, TemplateAuth, TokenKind},
};
use http::{Extensions, HeaderValue, Method, Request, Response, StatusCode, Uri, header, request::Parts};

use super::{driver::Driver, insecure::Profile};
use crate::{
    Clerk, ClerkVerifier,
    keys::{KeyStore, KeysState},
    server::rejection::Rejection,
    telemetry,
};

/// Result of authenticating a request, with the client that authenticated it. Clones are cheap: they share what is large.
///
/// The layer stores it in the request's extensions, where every service and interceptor inside the layer finds it. A
/// tonic service and a tonic interceptor pass `request.extensions()` of their `tonic::Request`:
///
/// ```
/// use clerk_tower::server::authenticate::Auth;
/// use http::Extensions;
///
/// fn caller(extensions: &Extensions) -> Option<&str> {
///     let auth = extensions.get::<Auth>()?; // or `Auth::from_extensions(extensions)?`
///     Some(auth.session()?.claims().user_id().as_str())
/// }
/// ```
///
/// It cannot come from a request: only a client's decision creates one, and what is named `insecure`: [`Auth::insecure`] for
/// unit tests, and [`AuthenticateLayer::insecure_identity`](super::AuthenticateLayer::insecure_identity).
#[derive(Clone)]
pub struct Auth {
    outcome: Outcome,
    retry_after: Option<Duration>,
    driver: Arc<Driver>,
    target: Target,
}

/// The URI as the layer saw it: a router further in may remove a prefix, and a browser has to come back to the whole.
#[derive(Clone)]
pub(super) enum Target {
    /// In the request's extensions.
    In(FindUri),
    /// In a box, because servers move requests often.
    Of(Box<Uri>),
}

/// Finds the original URI in a request's extensions. A function pointer, so that the layer's type needs no parameter.
pub(super) type FindUri = fn(&Extensions) -> Option<&Uri>;

impl Target {
    pub(super) fn of(uri: &Uri) -> Self {
        Self::Of(Box::new(uri.clone()))
    }

    fn uri<'a>(&'a self, uri: &'a Uri, extensions: &'a Extensions) -> &'a Uri {
        match self {
            Self::In(find) => find(extensions).unwrap_or(uri),
            Self::Of(seen) => seen,
        }
    }
}

impl Auth {
    #[inline]
    pub(super) fn new(
        outcome: Outcome,
        retry_after: Option<Duration>,
        driver: Arc<Driver>,
        target: Target,
    ) -> Self {
        telemetry::decided(&outcome);
        Self { outcome, retry_after, driver, target }
    }

    /// What Clerk would return about a configured identity. `None` if the request was authenticated.
    pub(super) fn profile(&self) -> Option<&Profile> {
        self.driver.identity.as_ref()?.profile.as_ref()
    }

    fn authenticator(&self) -> &Authenticator {
        &self.driver.authenticator
    }

    /// Returns the layer's decision, as `extensions.get::<Auth>()` does. `None` if the request did not pass through the
    /// layer.
    #[must_use]
    pub fn from_extensions(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// Logs what is probably wrong with the configuration, if the request was not accepted and reveals such a mistake.
    #[inline]
    pub(super) fn explain(&self, head: &RequestHead<'_>) {
        if self.outcome().may_be_diagnosed() {
            self.diagnose(head);
        }
    }

    fn diagnose(&self, head: &RequestHead<'_>) {
        self.log(|now| {
            let found = self.authenticator().diagnose(head, self.outcome(), now);
            found.or_else(|| self.configured_key())
        });
    }

    /// With fetched keys a signature that does not match is a forged one, which is nothing unusual. A configured key may be
    /// the wrong one, and then nobody can sign in.
    fn configured_key(&self) -> Option<Diagnosis> {
        let is_unmatched = self.outcome().reason() == Some(&Reason::TokenInvalidSignature);
        (is_unmatched && self.keys().state() == KeysState::Fixed).then_some(Diagnosis::ConfiguredKey)
    }

    fn log(&self, find: impl FnOnce(Timestamp) -> Option<Diagnosis>) {
        let clerk = &self.driver.clerk;
        telemetry::diagnosed(clerk.log_limiter(), || clerk.now(), find);
    }

    pub(super) fn store(self, extensions: &mut Extensions) {
        extensions.insert(self);
    }

    /// Returns whether this was decided for this client, or a clone of it: where one layer authenticates for
    /// [several](super::AuthenticateLayer::for_instances).
    ///
    /// Another client for the same instance is a different one. Allow what is of the right instance, as in
    /// `if auth.is_of(&staff)`, and deny everything else.
    #[must_use]
    pub fn is_of(&self, clerk: impl Into<ClerkVerifier>) -> bool {
        self.driver.clerk.is_same(clerk.into().client())
    }

    /// Returns `true` if this was decided by the same client with the same options. Then a second layer can reuse it.
    pub(super) fn is_by(&self, driver: &Driver) -> bool {
        let own = &self.driver;
        own.clerk.is_same(&driver.clerk) && own.authenticator.is_same(&driver.authenticator)
    }

    /// Whether this decision of a protected resource counts beneath it: not for another instance, of which it says nothing.
    pub(super) fn holds_for(&self, driver: &Driver) -> bool {
        let (own, other) = (&self.driver.clerk, &driver.clerk);
        let key = own.publishable_key();
        let is_same_instance = own.is_same(other) || (key.is_some() && key == other.publishable_key());
        is_same_instance || driver.identity.is_some()
    }

    /// Whether this was decided for a protected resource.
    pub(super) fn is_for_resource(&self) -> bool {
        self.driver.is_for_resource
    }

    /// Returns the whole decision.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Returns the verified session. `None` if the request is signed out, or if the session has tasks to complete.
    #[must_use]
    pub fn session(&self) -> Option<&Arc<SessionAuth>> {
        self.outcome.session()
    }

    /// Returns the verified session, or the rejection of a request without one.
    ///
    /// # Errors
    /// 401 if the request is signed out, 503 if that could not be decided, 500 if the layer does not accept session
    /// tokens.
    pub fn require_session(&self) -> Result<&Arc<SessionAuth>, Rejection> {
        self.require_accepted(TokenKind::Session)?;
        self.session().ok_or_else(|| self.waiting(Rejection::signed_out(&self.outcome)))
    }

    /// Returns the verified session, or `None` for requests without a token, with a pending session, or with a token of
    /// another kind. For pages that visitors may see without signing in.
    ///
    /// # Errors
    /// 401 if the request has an invalid token, 503 if that could not be decided, 500 if the layer does not accept session
    /// tokens.
    pub fn optional_session(&self) -> Result<Option<&Arc<SessionAuth>>, Rejection> {
        if self.has_none_of(&[TokenKind::Session]) { Ok(None) } else { self.require_session().map(Some) }
    }

    /// Whether the request has no token, or a verified one of another kind, as opposed to an invalid one.
    #[must_use]
    pub fn has_none_of(&self, kinds: &[TokenKind]) -> bool {
        let verified = (self.session().map(|_| TokenKind::Session))
            .or_else(|| Some(self.machine()?.kind()))
            .or_else(|| self.template().map(|_| TokenKind::Template));
        verified.map_or_else(|| self.has_no_token(), |kind| !kinds.contains(&kind))
    }

    /// Returns `true` if the request has no token, or only that of a pending session, as opposed to an invalid one.
    #[must_use]
    pub fn has_no_token(&self) -> bool {
        let outcome = self.outcome();
        if outcome.is_undecided() {
            return false;
        }
        // A pending session counts as signed out, but its token is valid, so it must not be rejected as invalid.
        outcome.is_anonymous() || (outcome.session().is_none() && outcome.session_or_pending().is_some())
    }

    /// Returns the verified session if it passes `check`, or the rejection of a request without such a session.
    ///
    /// # Errors
    /// As [`require_session`](Self::require_session), and 403 with the first part of the check that fails.
    pub fn require_has(&self, check: &Check) -> Result<&Arc<SessionAuth>, Rejection> {
        let session = self.require_session()?;
        session.claims().lacks(check).map_or(Ok(session), |lack| Err(Rejection::lacking(lack)))
    }

    /// Checks that the request has a verified token of one of these kinds. An empty list rejects every request.
    ///
    /// # Errors
    /// 401 if the request has no such token, 503 if that could not be decided, 500 if the layer does not accept all of
    /// these kinds, 403 if `kinds` is empty.
    pub fn require_token(&self, kinds: &[TokenKind]) -> Result<(), Rejection> {
        // Fails closed: a list that is empty by mistake must not open the route.
        if kinds.is_empty() {
            return Err(Rejection::check_failed());
        }
        kinds.iter().try_for_each(|kind| self.require_accepted(*kind))?;
        if kinds.iter().any(|kind| self.has_token(*kind)) {
            return Ok(());
        }
        let outcome = self.outcome();
        Err(self.waiting(match kinds {
            [TokenKind::Template] => Rejection::no_template(outcome),
            _ if kinds.contains(&TokenKind::Session) => Rejection::no_token(outcome),
            _ => Rejection::no_machine(outcome),
        }))
    }

    fn has_token(&self, kind: TokenKind) -> bool {
        match kind {
            TokenKind::Session => self.session().is_some(),
            TokenKind::Template => self.template().is_some(),
            _ => self.machine().is_some_and(|machine| machine.kind() == kind),
        }
    }

    /// Rejects with 500 if the layer ignores this kind of token. A 401 would send callers looking for a mistake on
    /// their side, when no token could ever pass.
    fn require_accepted(&self, kind: TokenKind) -> Result<(), Rejection> {
        if self.authenticator().accepts(kind) { Ok(()) } else { Err(Rejection::not_accepted(kind)) }
    }

    /// Adds `Retry-After` to the rejection of an undecided request.
    fn waiting(&self, rejection: Rejection) -> Rejection {
        match self.retry_after {
            // Only then: an accepted request without a token is not helped by waiting.
            Some(wait) if rejection.is_unavailable() => Rejection::unavailable(Some(wait)),
            _ => rejection,
        }
    }

    /// Returns the verified machine token. `None` if the request has none, or one of a kind that is not accepted.
    #[must_use]
    pub fn machine(&self) -> Option<&Arc<MachineAuth>> {
        self.outcome.machine()
    }

    /// Returns the verified machine token of this kind, or the rejection of a request without one.
    ///
    /// # Errors
    /// 401 if the request has no machine token or one of another kind, 503 if that could not be decided, 500 if the
    /// layer does not accept this kind.
    pub fn require_machine(&self, kind: TokenKind) -> Result<&Arc<MachineAuth>, Rejection> {
        self.require_accepted(kind)?;
        let machine = self.machine().filter(|machine| machine.kind() == kind);
        machine.ok_or_else(|| self.waiting(Rejection::no_machine(&self.outcome)))
    }

    /// Returns the verified machine token of any accepted kind, or the rejection of a request without one.
    ///
    /// # Errors
    /// 401 if the request has no machine token, 503 if that could not be decided, 500 if the layer does not accept any
    /// kind of machine token.
    pub fn require_any_machine(&self) -> Result<&Arc<MachineAuth>, Rejection> {
        let kinds = [TokenKind::ApiKey, TokenKind::M2m, TokenKind::OAuth];
        if !kinds.into_iter().any(|kind| self.authenticator().accepts(kind)) {
            return Err(Rejection::no_machine_accepted());
        }
        self.machine().ok_or_else(|| self.waiting(Rejection::no_machine(&self.outcome)))
    }

    /// Returns the verified token of a JWT template. `None` if the request has none, or one that is not accepted.
    #[must_use]
    pub fn template(&self) -> Option<&TemplateAuth> {
        self.outcome.template()
    }

    /// Returns the verified token of a JWT template, or the rejection of a request without one.
    ///
    /// # Errors
    /// 401 if the request has none, 503 if that could not be decided, 500 if the layer does not accept any.
    pub fn require_template(&self) -> Result<&TemplateAuth, Rejection> {
        self.require_accepted(TokenKind::Template)?;
        self.template().ok_or_else(|| self.waiting(Rejection::no_template(&self.outcome)))
    }

    /// Returns the token of the session, machine or template, to pass it on to another service. It is a credential: do not log
    /// it.
    #[must_use]
    pub fn expose_token(&self) -> Option<&str> {
        let session = self.session().map(|session| session.expose_token());
        let machine = || self.machine().map(|machine| machine.expose_token());
        session.or_else(machine).or_else(|| Some(self.template()?.expose_token()))
    }

    /// Creates a token for the session from a [JWT template](https://clerk.com/docs/guides/sessions/jwt-templates) of
    /// the dashboard, to call another service with. It is a credential: do not log it. Each call sends a request to
    /// Clerk.
    ///
    /// # Errors
    /// As [`require_session`](Self::require_session), and 503 if Clerk did not respond, 500 if it refused or the
    /// template does not exist.
    pub async fn token_from_template(&self, template: &str) -> Result<String, Rejection> {
        let id = self.require_session()?.claims().session_id().ok_or_else(Rejection::internal)?;
        let made = self.clerk()?.send(sessions::create_token_from_template(id.clone(), template)).await;
        // 500 and not 404: a missing template is a mistake in this program, and the caller's resource may well exist.
        let made = made.map_err(|error| match error.is_missing() {
            true => Rejection::internal(),
            false => Rejection::of_call(&error),
        })?;
        made.jwt.ok_or_else(Rejection::internal)
    }

    pub(super) fn cookie_suffix(&self) -> Option<&str> {
        self.authenticator().cookie_suffix()
    }

    /// Returns the head of the request that this was decided for, with the URI that the client asked for: in a nested router,
    /// the request's own URI may lack a prefix.
    #[must_use]
    pub fn head_of<'r>(&'r self, request: &'r Parts) -> RequestHead<'r> {
        let uri = self.target.uri(&request.uri, &request.extensions);
        RequestHead::new(&request.method, uri, request.version, &request.headers)
    }

    /// As [`head_of`](Self::head_of), for a request in one piece.
    pub(crate) fn head_of_request<'r, B>(&'r self, request: &'r Request<B>) -> RequestHead<'r> {
        let uri = self.target.uri(request.uri(), request.extensions());
        RequestHead::new(request.method(), uri, request.version(), request.headers())
    }

    /// Returns a redirect to the sign-in page, which leads back to `return_to` afterwards.
    ///
    /// `request` is the head of the request that this was decided for. `return_to` is an absolute URL, or one relative to the
    /// request. It defaults to the request's own URL.
    ///
    /// # Errors
    /// If the sign-in page is not known, the request has no host, or `return_to` is not a valid URL.
    pub fn redirect_to_sign_in<B: Default>(
        &self,
        request: &RequestHead<'_>,
        return_to: Option<&str>,
    ) -> Result<Response<B>, NoSignInPage> {
        let now = self.driver.clerk.now();
        self.redirect_to(request, |head| {
            self.authenticator().sign_in_url(head, self.outcome(), return_to, now)
        })
    }

    /// Returns a redirect to the sign-up page, which leads back to `return_to` afterwards. See
    /// [`redirect_to_sign_in`](Self::redirect_to_sign_in).
    ///
    /// # Errors
    /// If the sign-up page is not known, the request has no host, or `return_to` is not a valid URL.
    pub fn redirect_to_sign_up<B: Default>(
        &self,
        request: &RequestHead<'_>,
        return_to: Option<&str>,
    ) -> Result<Response<B>, NoSignInPage> {
        let now = self.driver.clerk.now();
        self.redirect_to(request, |head| {
            self.authenticator().sign_up_url(head, self.outcome(), return_to, now)
        })
    }

    fn redirect_to<B: Default>(
        &self,
        request: &RequestHead<'_>,
        page: impl FnOnce(&RequestHead<'_>) -> Result<String, NoSignInPage>,
    ) -> Result<Response<B>, NoSignInPage> {
        if self.authenticator().guesses_sign_in_page() {
            let clerk = &self.driver.clerk;
            telemetry::guessed_sign_in_page(clerk.log_limiter(), clerk.now());
        }
        // The browser comes back with GET, whatever it sent.
        let head = RequestHead::new(&Method::GET, request.uri(), request.version(), request.headers());
        self.log(|_| self.authenticator().diagnose_redirect(&head));
        page(&head).map(redirect)
    }

    /// Returns the client that the layer was created with, to call Clerk's API.
    ///
    /// # Errors
    /// 500 `clerk-secret-key-missing` if it has no secret key, as in a layer [for a
    /// machine](super::AuthenticateLayer::for_machine) or with a [`ClerkVerifier`].
    pub fn clerk(&self) -> Result<&Clerk, Rejection> {
        let clerk = Some(&self.driver.clerk).filter(|clerk| clerk.has_secret_key());
        clerk.ok_or_else(Rejection::secret_key_missing)
    }

    /// The keys of the instance.
    pub(super) fn keys(&self) -> &KeyStore {
        self.driver.clerk.keys()
    }
}

fn redirect<B: Default>(location: String) -> Response<B> {
    let mut response = Response::new(B::default());
    // 303, so that the browser loads the page with GET, also after a POST (RFC 9110, section 15.4.4).
    *response.status_mut() = StatusCode::SEE_OTHER;
    // A URL is visible ASCII, so this conversion does not fail.
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    // A cached redirect would send visitors away even after they have signed in.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Shows status and reason, and nothing of the token.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Auth").field(&self.outcome).finish()
    }
}
