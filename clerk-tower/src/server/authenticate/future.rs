use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use clerk_core::authenticate::RequestHead;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{CACHE_CONTROL, SET_COOKIE},
};
use http_body_util::Full;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::Auth;
use crate::server::{
    ResponseBody,
    body::OwnBody,
    rejection::{Rejection, RejectionHandler},
};

pin_project! {
    /// Response future of [`Authenticate`](super::Authenticate).
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B, S::Future>,
        // The application's handler for a rejection.
        on_rejection: Option<Box<RejectionHandler>>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, B, F> {
        // The decision waits for Clerk. Only this state allocates a future, so decided requests do not pay for it.
        Waiting {
            decision: Pin<Box<dyn Future<Output = Auth> + Send>>,
            // Taken once the decision is made.
            held: Option<(S, Request<B>)>,
        },
        // The inner service responds.
        Inner {
            #[pin]
            future: F,
            // Its headers are added to the response. `None` if an outer layer adds them.
            auth: Option<Auth>,
        },
        // The layer responds itself.
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
        on_rejection: Option<Box<RejectionHandler>>,
    ) -> Self {
        let state = State::Waiting { decision: Box::pin(decision), held: Some((inner, request)) };
        Self { state, on_rejection }
    }

    pub(super) fn decided(
        inner: S,
        request: Request<B>,
        auth: Auth,
        on_rejection: Option<Box<RejectionHandler>>,
    ) -> Self {
        Self { state: State::pass_on(inner, request, auth), on_rejection }
    }

    pub(super) fn decided_outside(
        mut inner: S,
        request: Request<B>,
        on_rejection: Option<Box<RejectionHandler>>,
    ) -> Self {
        Self { state: State::Inner { future: inner.call(request), auth: None }, on_rejection }
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
            // Dropping the inner service releases what `poll_ready` reserved for this request, such as a permit.
            return Self::Own { auth };
        }
        auth.clone().store(request.extensions_mut());
        Self::Inner { future: inner.call(request), auth: Some(auth) }
    }
}

impl<S, ReqBody, ResBody> Future for ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Output = Result<Response<ResponseBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut state, on_rejection) = (this.state, this.on_rejection.as_deref());
        loop {
            match state.as_mut().project() {
                StateProj::Waiting { decision, held } => {
                    let auth = ready!(decision.as_mut().poll(context));
                    let Some((inner, request)) = held.take() else {
                        // Reached only if the future is polled again after the inner service panicked.
                        return Poll::Pending;
                    };
                    state.set(State::pass_on(inner, request, auth));
                }
                StateProj::Inner { future, auth } => {
                    let response = ready!(future.poll(context))?;
                    let mut response = match replace(on_rejection, response) {
                        Ok(own) => own.map(ResponseBody::own),
                        Err(inner) => inner.map(ResponseBody::inner),
                    };
                    if let Some(auth) = auth {
                        append(auth, &mut response);
                    }
                    return Poll::Ready(Ok(response));
                }
                StateProj::Own { auth } => {
                    return Poll::Ready(Ok(own(auth, on_rejection)));
                }
            }
        }
    }
}

/// Returns the application's response in place of a rejection's, or the response unchanged.
fn replace<B>(
    on_rejection: Option<&RejectionHandler>,
    response: Response<B>,
) -> Result<Response<OwnBody>, Response<B>> {
    match on_rejection {
        Some(on_rejection) => on_rejection.replace(response),
        None => Err(response),
    }
}

/// Returns the layer's own response: the redirect of the decision, or a rejection with 400.
fn own<B>(auth: &Auth, on_rejection: Option<&RejectionHandler>) -> Response<ResponseBody<B>> {
    let response = match auth.outcome().bad_request() {
        Some(bad) => Rejection::bad_request(bad).into_response(),
        None => {
            let mut response = Response::new(Full::default());
            // Clerk's SDKs use 307 for handshakes. `Location` is among the decision's headers, which `append` adds.
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            response
        }
    };
    let mut response = match replace(on_rejection, response) {
        Ok(own) => own.map(ResponseBody::own),
        Err(response) => response.map(ResponseBody::full),
    };
    append(auth, &mut response);
    // Layers further out can read why the inner service was not called.
    auth.clone().store(response.extensions_mut());
    response
}

/// Appends the decision's headers to those of the response.
///
/// `no-store` is not repeated. A cookie that the response sets itself, as signing out does, is not set a second time:
/// RFC 6265, section 4.1.1 allows one `Set-Cookie` header per name, and browsers use the last one.
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

/// Returns the name of the cookie that a `Set-Cookie` header sets.
pub(super) fn name_of(line: &HeaderValue) -> &[u8] {
    let bytes = line.as_bytes();
    let end = bytes.iter().position(|byte| *byte == b'=').unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or(bytes).trim_ascii()
}

/// Returns `true` if `no-store` is among the directives (RFC 9111, section 5.2).
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
