use std::{
    borrow::Cow,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use clerk_core::token::{Check, Reverification, SessionAuth, TokenKind};
use http::{Request, Response, request::Parts};
use http_body_util::{Either, Full};
use pin_project_lite::pin_project;
use serde::de::DeserializeOwned;
use tower_layer::Layer;
use tower_service::Service;

use super::{
    rule::{Own, Rule},
    sign_in::SignIn,
};
use crate::{
    client::middleware::inner_service,
    server::{
        ResponseBody,
        body::OwnBody,
        rejection::{Rejection, grpc_of},
    },
};

/// Layer that applies [`Require`]. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
#[must_use]
pub struct RequireLayer {
    rule: Arc<Rule>,
    sign_in: Option<SignIn>,
}

impl RequireLayer {
    fn new(rule: Rule) -> Self {
        Self { rule: Arc::new(rule), sign_in: None }
    }

    /// Requires a signed-in request.
    pub fn signed_in() -> Self {
        Self::new(Rule::SignedIn)
    }

    /// Requires this permission in the active organization, such as `org:reports:read`.
    ///
    /// No session token contains Clerk's system permissions (`org:sys_…`), so a guard for one lets nobody in.
    pub fn permission(permission: impl Into<Cow<'static, str>>) -> Self {
        Self::has(Check::new().permission(permission))
    }

    /// Requires this role in the active organization, such as `org:admin`.
    pub fn role(role: impl Into<Cow<'static, str>>) -> Self {
        Self::has(Check::new().role(role))
    }

    /// Requires this feature in the plan of the active organization or of the user; `org:name` or `user:name` checks
    /// only one of them.
    pub fn feature(feature: impl Into<Cow<'static, str>>) -> Self {
        Self::has(Check::new().feature(feature))
    }

    /// Requires this plan of the active organization or of the user; `org:name` or `user:name` checks only one of them.
    pub fn plan(plan: impl Into<Cow<'static, str>>) -> Self {
        Self::has(Check::new().plan(plan))
    }

    /// Requires a recent reverification. Without one, the response is the one that makes Clerk's front ends ask the
    /// user to verify again and then resend the request.
    pub fn reverification(reverification: Reverification) -> Self {
        Self::has(Check::new().reverification(reverification))
    }

    /// Requires every part of `check`. The rejection names the first part that is missing, and a missing reverification
    /// only if nothing else is missing. An empty check rejects every request.
    pub fn has(check: Check) -> Self {
        Self::new(Rule::Has(check))
    }

    /// Requires a verified token of one of these kinds. The layer must accept all of them. Without any kind, every
    /// request is rejected.
    pub fn token(kinds: impl IntoIterator<Item = TokenKind>) -> Self {
        Self::new(Rule::Token(kinds.into_iter().collect()))
    }

    /// Requires a verified machine token of this kind: an API key, an M2M or an OAuth token. The layer must accept the
    /// kind.
    pub fn machine(kind: TokenKind) -> Self {
        Self::new(Rule::Machine(kind))
    }

    /// Requires a verified machine token of this kind that has this scope.
    pub fn scope(kind: TokenKind, scope: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Rule::Scope(kind, scope.into()))
    }

    /// Requires a session that a predicate of the application accepts. Rejects others with 403 and `code`, a stable
    /// [code](Rejection::is_valid_code) of the application's.
    ///
    /// ```
    /// use clerk_tower::server::require::RequireLayer;
    ///
    /// // Members of the support team who act for a user must not delete anything.
    /// let guard = RequireLayer::session("no-impersonation", |session| session.claims().actor().is_none());
    /// # let _ = guard;
    /// ```
    ///
    /// The predicate runs for each request, and must not block. See [`claims`](Self::claims) for custom claims.
    pub fn session<F>(code: impl Into<Cow<'static, str>>, is_accepted: F) -> Self
    where
        F: Fn(&Arc<SessionAuth>) -> bool + Send + Sync + 'static,
    {
        let rejection = Rejection::forbidden(code);
        Self::new(Rule::Session(Own::new(
            move |session| {
                if is_accepted(session) { Ok(()) } else { Err(rejection.clone()) }
            },
        )))
    }

    /// Requires a session whose claims, custom ones included, a predicate of the application accepts. Rejects others with
    /// 403 and `code`, a stable [code](Rejection::is_valid_code) of the application's.
    ///
    /// ```
    /// use clerk_tower::server::require::RequireLayer;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Custom {
    ///     seats: Option<u32>,
    /// }
    ///
    /// let guard = RequireLayer::claims("seat-missing", |custom: &Custom| custom.seats.is_some());
    /// # let _ = guard;
    /// ```
    ///
    /// Claims that do not match the type are a mistake of the application, and are rejected with 500 `claims-mismatch`. Use
    /// an `Option` field for a claim that not every user has.
    pub fn claims<T, F>(code: impl Into<Cow<'static, str>>, is_accepted: F) -> Self
    where
        T: DeserializeOwned + 'static,
        F: Fn(&T) -> bool + Send + Sync + 'static,
    {
        let rejection = Rejection::forbidden(code);
        Self::new(Rule::Session(Own::new(move |session: &Arc<SessionAuth>| {
            let claims = session.claims_as().map_err(|error| Rejection::claims_mismatch(&error))?;
            if is_accepted(&claims) { Ok(()) } else { Err(rejection.clone()) }
        })))
    }

    /// Requires what a rule of the application requires of the request's head, such as an API key of its own that a
    /// middleware outside of the guard has checked. It needs neither a session nor the authenticating layer.
    ///
    /// ```
    /// use clerk_tower::server::{rejection::Rejection, require::RequireLayer};
    ///
    /// /// What the application's middleware puts into the extensions of a request whose key it has checked.
    /// #[derive(Clone)]
    /// struct OwnKey;
    ///
    /// let own_key = RequireLayer::request(|head| match head.extensions.get::<OwnKey>() {
    ///     Some(OwnKey) => Ok(()),
    ///     None => Err(Rejection::unauthorized("api-key-missing")),
    /// });
    /// let guard = RequireLayer::permission("org:reports:read").or(own_key);
    /// # let _ = guard;
    /// ```
    ///
    /// The rule runs for each request, also in a combination whose other guard has let it through, and must not block.
    /// Headers are written by the caller: a rule must not take one for a proof.
    pub fn request<F>(rule: F) -> Self
    where
        F: Fn(&Parts) -> Result<(), Rejection> + Send + Sync + 'static,
    {
        Self::new(Rule::Request(Own::new(rule)))
    }

    /// Combines two guards: both must let the request through. Nested guards do the same, and the outer one responds
    /// first.
    ///
    /// Both check every request. If both reject it, the more severe rejection wins: 500, then 503, 403, 401. On a tie
    /// the left one wins, and a missing reverification comes after every other 403.
    pub fn and(self, other: Self) -> Self {
        self.with(other, Rule::And)
    }

    /// Combines two guards: one of them must let the request through.
    ///
    /// Both check every request. If both reject it, the more severe rejection wins: 500, then 503, 403, 401. On a tie
    /// the left one wins, and a missing reverification comes before every other 403, because the user can do something
    /// about it. If one guard cannot decide, the other one decides.
    ///
    /// ```
    /// use clerk_tower::server::require::RequireLayer;
    ///
    /// let guard = RequireLayer::permission("org:reports:read").or(RequireLayer::role("org:admin"));
    /// # let _ = guard;
    /// ```
    pub fn or(self, other: Self) -> Self {
        self.with(other, Rule::Or)
    }

    fn with(self, other: Self, combine: fn(Arc<Rule>, Arc<Rule>) -> Rule) -> Self {
        let rule = Arc::new(combine(self.rule, other.rule));
        Self { rule, sign_in: self.sign_in.or(other.sign_in) }
    }

    /// Redirects requests for pages that are not signed in to the sign-in page, and from there back. Sessions with
    /// pending tasks are redirected to the page for these tasks.
    ///
    /// A request for a page is a `GET` that a browser sends with `Sec-Fetch-Dest: document`, or, without this header,
    /// with an `Accept` that starts with `text/html`. Every other request is rejected as without this setting. So are
    /// 403, 500 and 503, and everything that signing in again would not change: a machine token, a token for another
    /// site (`token-invalid-authorized-parties`), and a browser that was redirected three times within a few seconds
    /// and came back with a token that is rejected again. In a combination, the setting covers the whole combination.
    ///
    /// The page follows from the client's publishable key. An instance behind a proxy also needs
    /// [`sign_in_url`](clerk_core::authenticate::AuthenticateOptions::sign_in_url). If the page is not known, the
    /// response stays 401, and one warning is logged that says what to set.
    pub fn redirect_to_sign_in(self) -> Self {
        Self { sign_in: Some(self.sign_in.unwrap_or_default()), ..self }
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = Require<S>;

    fn layer(&self, inner: S) -> Require<S> {
        Require { inner, rule: self.rule.clone(), sign_in: self.sign_in.clone() }
    }
}

/// Middleware that lets a request through or rejects it. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct Require<S> {
    inner: S,
    rule: Arc<Rule>,
    sign_in: Option<SignIn>,
}

inner_service!(Require<S>);

impl<S> Require<S> {
    /// Wraps `inner` with the guard of `layer`.
    pub fn new(inner: S, layer: &RequireLayer) -> Self {
        layer.layer(inner)
    }

    fn reject<B>(
        &self,
        request: &Request<B>,
        rejection: Rejection,
    ) -> Response<Either<Full<Bytes>, OwnBody>> {
        // Before the redirect: a gRPC client cannot follow it.
        if let Some(form) = grpc_of(request) {
            return rejection.into_response_as(form);
        }
        let redirect = self.sign_in.as_ref().and_then(|sign_in| sign_in.redirect(request, &rejection));
        redirect.unwrap_or_else(|| rejection.into_response()).map(Either::Left)
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Require<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let verdict = if self.rule.needs_head() {
            let (head, body) = request.into_parts();
            let verdict = self.rule.check(&head.extensions, Some(&head));
            request = Request::from_parts(head, body);
            verdict
        } else {
            self.rule.check(request.extensions(), None)
        };
        match verdict {
            Ok(()) => ResponseFuture::inner(self.inner.call(request)),
            Err(rejection) => {
                // `poll_ready` may have reserved something for this request, such as a permit. Replacing the service by
                // a clone releases it.
                self.inner = self.inner.clone();
                ResponseFuture::rejected(self.reject(&request, rejection))
            }
        }
    }
}

pin_project! {
    /// Response future of [`Require`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    #[derive(Debug)]
    enum State<F> {
        Inner { #[pin] future: F },
        // Taken when the future resolves.
        Rejected { response: Option<Response<Either<Full<Bytes>, OwnBody>>> },
    }
}

impl<F> ResponseFuture<F> {
    fn inner(future: F) -> Self {
        Self { state: State::Inner { future } }
    }

    fn rejected(response: Response<Either<Full<Bytes>, OwnBody>>) -> Self {
        Self { state: State::Rejected { response: Some(response) } }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().state.project() {
            StateProj::Inner { future } => {
                ready!(future.poll(context)).map(|response| response.map(ResponseBody::inner))
            }
            StateProj::Rejected { response } => match response.take() {
                Some(response) => Ok(response.map(ResponseBody::rejected)),
                // Reached only if the future is polled again after it resolved.
                None => return Poll::Pending,
            },
        })
    }
}
