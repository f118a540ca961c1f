use std::{fmt, sync::Arc, time::Duration};

use clerk_core::{
    api::sessions,
    authenticate::{Authenticator, Diagnosis, MachineAuth, NoSignInPage, Outcome, RequestHead},
    token::{Check, SessionAuth, TokenKind},
};
use http::{Extensions, HeaderValue, Response, StatusCode, header};

use super::visit::Visit;
use crate::{Clerk, reject::Rejection, telemetry};

/// What was decided about a request, and the client it was decided with. A clone is a reference count.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    outcome: Outcome,
    retry_after: Option<Duration>,
    clerk: Clerk,
    authenticator: Authenticator,
    visit: Visit,
}

/// The extension's type is private, so that nothing but the layer can put it into a request.
#[derive(Clone)]
struct Stored(Auth);

impl Auth {
    pub(super) fn new(
        outcome: Outcome,
        retry_after: Option<Duration>,
        clerk: Clerk,
        authenticator: Authenticator,
        visit: Visit,
    ) -> Self {
        telemetry::judged(&outcome);
        Self(Arc::new(Inner { outcome, retry_after, clerk, authenticator, visit }))
    }

    /// What the layer decided; `None` when the request did not pass it.
    #[must_use]
    pub fn from_extensions(extensions: &Extensions) -> Option<&Self> {
        extensions.get::<Stored>().map(|Stored(auth)| auth)
    }

    /// Says in the log what is probably wrong with the configuration, when the request was refused and shows it.
    pub(super) fn explain(&self, head: &RequestHead<'_>) {
        if self.outcome().reason().is_some() {
            let now = self.0.clerk.now();
            self.say(|| self.0.authenticator.diagnose(head, self.outcome(), now));
        }
    }

    fn say(&self, find: impl FnOnce() -> Option<Diagnosis>) {
        telemetry::explain(self.0.clerk.notices(), self.0.clerk.now(), find);
    }

    pub(super) fn store(self, extensions: &mut Extensions) {
        extensions.insert(Stored(self));
    }

    /// Whether this was decided by the same client under the same rules.
    pub(super) fn is_by(&self, clerk: &Clerk, authenticator: &Authenticator) -> bool {
        self.0.clerk.is_same(clerk) && self.0.authenticator.is_same(authenticator)
    }

    /// The whole decision.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.0.outcome
    }

    /// The verified session; `None` when signed out, or when the session still has tasks to complete.
    #[must_use]
    pub fn session(&self) -> Option<&Arc<SessionAuth>> {
        self.0.outcome.session()
    }

    /// The verified session, or the answer for a request that needs one and has none.
    ///
    /// # Errors
    /// 401 when signed out, 503 when that could not be decided; 500 when the layer does not accept session tokens.
    pub fn require_session(&self) -> Result<&Arc<SessionAuth>, Rejection> {
        self.require_accepted(TokenKind::Session)?;
        self.session().ok_or_else(|| self.waiting(Rejection::signed_out(&self.0.outcome)))
    }

    /// The verified session that has everything that is asked for, or the answer for a request that has none.
    ///
    /// # Errors
    /// As [`require_session`](Self::require_session); 403 with what is lacking.
    pub fn require_has(&self, check: &Check) -> Result<&Arc<SessionAuth>, Rejection> {
        let session = self.require_session()?;
        session.claims().lacks(check).map_or(Ok(session), |lack| Err(Rejection::lacking(lack)))
    }

    /// Nothing when the request has a verified token of one of these kinds, or the answer when it has not. Without
    /// any kind that is everybody's answer.
    ///
    /// # Errors
    /// 401 when there is no such token; 503 when that could not be decided; 500 when the layer does not accept all of
    /// these kinds; 403 when no kinds are given.
    pub fn require_token(&self, kinds: &[TokenKind]) -> Result<(), Rejection> {
        if kinds.is_empty() {
            return Err(Rejection::check_failed());
        }
        kinds.iter().try_for_each(|kind| self.require_accepted(*kind))?;
        if kinds.iter().any(|kind| self.has_token(*kind)) {
            return Ok(());
        }
        let outcome = self.outcome();
        let takes_sessions = kinds.contains(&TokenKind::Session);
        Err(self.waiting(if takes_sessions {
            Rejection::no_token(outcome)
        } else {
            Rejection::no_machine(outcome)
        }))
    }

    fn has_token(&self, kind: TokenKind) -> bool {
        match kind {
            TokenKind::Session => self.session().is_some(),
            _ => self.machine().is_some_and(|machine| machine.kind() == kind),
        }
    }

    /// What the layer does not look for, nobody can have.
    fn require_accepted(&self, kind: TokenKind) -> Result<(), Rejection> {
        if self.0.authenticator.accepts(kind) { Ok(()) } else { Err(Rejection::not_accepted(kind)) }
    }

    /// With the time after which another attempt makes sense, where nothing was decided.
    fn waiting(&self, rejection: Rejection) -> Rejection {
        match self.0.retry_after {
            Some(wait) if self.0.outcome.is_undecided() => Rejection::unavailable(Some(wait)),
            _ => rejection,
        }
    }

    /// The verified machine token; `None` when the request carries none, or none of a kind that is accepted.
    #[must_use]
    pub fn machine(&self) -> Option<&Arc<MachineAuth>> {
        self.0.outcome.machine()
    }

    /// The verified machine token of this kind, or the answer for a request that needs one and has none.
    ///
    /// # Errors
    /// 401 when there is none, or one of another kind; 503 when that could not be decided; 500 when the layer does
    /// not accept this kind.
    pub fn require_machine(&self, kind: TokenKind) -> Result<&Arc<MachineAuth>, Rejection> {
        self.require_accepted(kind)?;
        let machine = self.machine().filter(|machine| machine.kind() == kind);
        machine.ok_or_else(|| self.waiting(Rejection::no_machine(&self.0.outcome)))
    }

    /// The verified machine token of whichever kind is accepted, or the answer for a request that needs one and has
    /// none.
    ///
    /// # Errors
    /// 401 when there is none; 503 when that could not be decided; 500 when the layer accepts no machine's token.
    pub fn require_any_machine(&self) -> Result<&Arc<MachineAuth>, Rejection> {
        let kinds = [TokenKind::ApiKey, TokenKind::M2m, TokenKind::OAuth];
        if !kinds.into_iter().any(|kind| self.0.authenticator.accepts(kind)) {
            return Err(Rejection::no_machine_accepted());
        }
        self.machine().ok_or_else(|| self.waiting(Rejection::no_machine(&self.0.outcome)))
    }

    /// The token of the session or machine, to pass it on to another service. It is a credential: do not log it.
    #[must_use]
    pub fn expose_token(&self) -> Option<&str> {
        let session = self.session().map(|session| session.expose_token());
        session.or_else(|| self.machine().map(|machine| machine.expose_token()))
    }

    /// A new token for the session, made by Clerk from a JWT template of the dashboard, to call another service with. It
    /// is a credential: do not log it. One call to Clerk each time.
    ///
    /// # Errors
    /// As [`require_session`](Self::require_session). 503 when Clerk did not answer, and 500 when it refused or has no
    /// such template.
    pub async fn token_from_template(&self, template: &str) -> Result<String, Rejection> {
        let id = self.require_session()?.claims().session_id().ok_or_else(Rejection::internal)?;
        let made = self.0.clerk.send(sessions::create_token_from_template(id.clone(), template)).await;
        let made = made.map_err(|error| match error.is_missing() {
            true => Rejection::internal(),
            false => Rejection::of_call(&error),
        })?;
        made.jwt.ok_or_else(Rejection::internal)
    }

    pub(super) fn cookie_suffix(&self) -> Option<&str> {
        self.0.authenticator.cookie_suffix()
    }

    pub(crate) fn visit(&self) -> &Visit {
        &self.0.visit
    }

    /// The answer that sends a visitor to the sign-in page, and from there back to `return_to`: an absolute
    /// address or one relative to the request, which is the request's own unless set.
    ///
    /// # Errors
    /// When the sign-in page is not known.
    pub fn redirect_to_sign_in<B: Default>(
        &self,
        return_to: Option<&str>,
    ) -> Result<Response<B>, NoSignInPage> {
        let now = self.0.clerk.now();
        self.redirect_to(|head| self.0.authenticator.sign_in_url(head, self.outcome(), return_to, now))
    }

    /// The answer that sends a visitor to the sign-up page, by the same rules.
    ///
    /// # Errors
    /// When the sign-up page is not known.
    pub fn redirect_to_sign_up<B: Default>(
        &self,
        return_to: Option<&str>,
    ) -> Result<Response<B>, NoSignInPage> {
        let now = self.0.clerk.now();
        self.redirect_to(|head| self.0.authenticator.sign_up_url(head, self.outcome(), return_to, now))
    }

    fn redirect_to<B: Default>(
        &self,
        page: impl FnOnce(&RequestHead<'_>) -> Result<String, NoSignInPage>,
    ) -> Result<Response<B>, NoSignInPage> {
        self.0.visit.with_head(|head| {
            self.say(|| self.0.authenticator.diagnose_redirect(head));
            page(head).map(redirect)
        })
    }

    /// The client of the instance that the layer authenticates for. That of a layer for a machine,
    /// [`AuthenticateLayer::for_machine`](super::AuthenticateLayer::for_machine), may have no secret key; what needs
    /// one is not sent.
    #[must_use]
    pub fn clerk(&self) -> &Clerk {
        &self.0.clerk
    }
}

fn redirect<B: Default>(location: String) -> Response<B> {
    let mut response = Response::new(B::default());
    *response.status_mut() = StatusCode::SEE_OTHER;
    // An address is visible ASCII.
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Status and reason, and nothing of the token.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Auth").field(&self.0.outcome).finish()
    }
}
