use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use clerk_core::authenticate::RequestHead;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{CACHE_CONTROL, SET_COOKIE},
};
use http_body_util::{BodyExt as _, Either, Full, combinators::UnsyncBoxBody};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::Auth;
use crate::reject::{Answering, OwnBody, Rejection};

/// The inner service's body, or that of an answer which the layer gives itself: a redirect, 400, or what the
/// application says [on a rejection](super::AuthenticateLayer::on_rejection).
pub type AuthenticateBody<B> = Either<B, UnsyncBoxBody<Bytes, io::Error>>;

pin_project! {
    /// The answer of [`Authenticate`](super::Authenticate).
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B, S::Future>,
        // What the application says when the request is turned away.
        answering: Option<Box<Answering>>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, B, F> {
        // The decision needs something of Clerk. This is the only place that allocates a future.
        Waiting {
            decision: Pin<Box<dyn Future<Output = Auth> + Send>>,
            // Taken when the decision is there.
            held: Option<(S, Request<B>)>,
        },
        // The inner service answers.
        Inner {
            #[pin]
            answer: F,
            // Whose headers go onto the answer; `None` when an outer layer adds them.
            auth: Option<Auth>,
        },
        // The layer answers.
        Own { auth: Auth },
    }
}

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    pub(super) fn waiting(
        inner: S,
        request: Request<B>,
        decision: impl Future<Output = Auth> + Send + 'static,
        answering: Option<Box<Answering>>,
    ) -> Self {
        let state = State::Waiting { decision: Box::pin(decision), held: Some((inner, request)) };
        Self { state, answering }
    }

    pub(super) fn decided(
        inner: S,
        request: Request<B>,
        auth: Auth,
        answering: Option<Box<Answering>>,
    ) -> Self {
        Self { state: State::pass_on(inner, request, auth), answering }
    }

    pub(super) fn decided_outside(
        mut inner: S,
        request: Request<B>,
        answering: Option<Box<Answering>>,
    ) -> Self {
        Self { state: State::Inner { answer: inner.call(request), auth: None }, answering }
    }
}

impl<S, B> State<S, B, S::Future>
where
    S: Service<Request<B>>,
{
    fn pass_on(mut inner: S, mut request: Request<B>, auth: Auth) -> Self {
        auth.explain(&RequestHead::from(&request));
        let outcome = auth.outcome();
        if outcome.location().is_some() || outcome.bad_request().is_some() {
            // What the inner service reserved for this request goes back with it.
            return Self::Own { auth };
        }
        auth.clone().store(request.extensions_mut());
        Self::Inner { answer: inner.call(request), auth: Some(auth) }
    }
}

impl<S, ReqBody, ResBody> Future for ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Output = Result<Response<AuthenticateBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut state, answering) = (this.state, this.answering.as_deref());
        loop {
            match state.as_mut().project() {
                StateProj::Waiting { decision, held } => {
                    let auth = ready!(decision.as_mut().poll(context));
                    let Some((inner, request)) = held.take() else {
                        // Only a future that is polled again after a panic gets here.
                        return Poll::Pending;
                    };
                    state.set(State::pass_on(inner, request, auth));
                }
                StateProj::Inner { answer, auth } => {
                    let response = ready!(answer.poll(context))?;
                    let mut response = match replace(answering, response) {
                        Ok(own) => own.map(Either::Right),
                        Err(inner) => inner.map(Either::Left),
                    };
                    if let Some(auth) = auth {
                        append(auth, &mut response);
                    }
                    return Poll::Ready(Ok(response));
                }
                StateProj::Own { auth } => {
                    return Poll::Ready(Ok(own(auth, answering).map(Either::Right)));
                }
            }
        }
    }
}

/// The application's answer in place of a rejection, or the response as it came.
fn replace<B>(
    answering: Option<&Answering>,
    response: Response<B>,
) -> Result<Response<OwnBody>, Response<B>> {
    match answering {
        Some(answering) => answering.replace(response),
        None => Err(response),
    }
}

/// Sends the browser where the decision says, or says why it cannot be sent anywhere.
fn own(auth: &Auth, answering: Option<&Answering>) -> Response<OwnBody> {
    let response = match auth.outcome().bad_request() {
        Some(bad) => Rejection::bad_request(bad).into_response(),
        None => {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            response
        }
    };
    let boxed = |body: Full<Bytes>| body.map_err(|never| match never {}).boxed_unsync();
    let mut response = replace(answering, response).unwrap_or_else(|response| response.map(boxed));
    append(auth, &mut response);
    // What answers for the inner service says why, to layers further out.
    auth.clone().store(response.extensions_mut());
    response
}

/// Appended, never inserted: the response may have headers of the same name. What must not be stored says so once. A
/// cookie that the response sets itself, as signing out does, is left to it: RFC 6265 section 4.1.1 wants one of a name.
fn append<B>(auth: &Auth, response: &mut Response<B>) {
    let headers = response.headers_mut();
    let is_stored = !headers.get_all(CACHE_CONTROL).iter().any(forbids_storing);
    let added = auth.outcome().headers();
    let own: Vec<_> = match added.contains_key(SET_COOKIE) {
        true => headers.get_all(SET_COOKIE).iter().cloned().collect(),
        false => Vec::new(),
    };
    for (name, value) in added {
        let is_left_out = (name == CACHE_CONTROL && !is_stored)
            || (name == SET_COOKIE && own.iter().any(|line| name_of(line) == name_of(value)));
        if !is_left_out {
            headers.append(name, value.clone());
        }
    }
}

/// The name of the cookie that a `Set-Cookie` line sets.
pub(super) fn name_of(line: &HeaderValue) -> &[u8] {
    let bytes = line.as_bytes();
    let end = bytes.iter().position(|byte| *byte == b'=').unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or(bytes).trim_ascii()
}

/// Whether `no-store` is among the directives, RFC 9111 section 5.2.
fn forbids_storing(value: &HeaderValue) -> bool {
    let mut directives = value.as_bytes().split(|byte| *byte == b',');
    directives.any(|directive| directive.trim_ascii().eq_ignore_ascii_case(b"no-store"))
}

impl<S, B> fmt::Debug for ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
