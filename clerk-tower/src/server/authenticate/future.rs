use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use clerk_core::authenticate::RequestHead;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{Auth, Decision, ResponseHeaders};
use crate::server::{ResponseBody, rejection::RejectionHandler};

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
            // Taken once the decision is made.
            held: Option<Box<Held<S, B>>>,
        },
        // The inner service responds.
        Inner {
            #[pin]
            future: F,
            // The decision's headers, which are added to the response. `None` if an outer layer adds them.
            headers: Option<ResponseHeaders>,
        },
        // The layer responds itself.
        Own {
            // Taken once it is returned.
            response: Option<Box<Response<Bytes>>>,
        },
    }
}

/// A request whose decision is not made yet. In a box, so that the future is small for all others.
struct Held<S, B> {
    decision: Pin<Box<dyn Future<Output = Auth> + Send>>,
    inner: S,
    request: Request<B>,
}

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<B>> + Clone,
{
    pub(super) fn waiting(
        inner: S,
        request: Request<B>,
        decision: impl Future<Output = Auth> + Send + 'static,
        on_rejection: Option<Box<RejectionHandler>>,
    ) -> Self {
        let held = Held { decision: Box::pin(decision), inner, request };
        Self { state: State::Waiting { held: Some(Box::new(held)) }, on_rejection }
    }

    pub(super) fn decided(
        inner: &mut S,
        request: Request<B>,
        auth: Auth,
        on_rejection: Option<Box<RejectionHandler>>,
    ) -> Self {
        Self { state: State::pass_on(inner, request, auth), on_rejection }
    }

    pub(super) fn decided_outside(
        inner: &mut S,
        request: Request<B>,
        on_rejection: Option<Box<RejectionHandler>>,
    ) -> Self {
        Self { state: State::Inner { future: inner.call(request), headers: None }, on_rejection }
    }
}

impl<S, B> State<S, B, S::Future>
where
    S: Service<Request<B>> + Clone,
{
    fn pass_on(inner: &mut S, mut request: Request<B>, auth: Auth) -> Self {
        if let Some(response) = Decision::response(&auth, &RequestHead::from(&request)) {
            // `poll_ready` may have reserved something for this request, such as a permit. Replacing the service by a
            // clone releases it.
            *inner = inner.clone();
            return Self::Own { response: Some(response) };
        }
        let headers = ResponseHeaders::of(auth.outcome());
        auth.store(request.extensions_mut());
        Self::Inner { future: inner.call(request), headers: Some(headers) }
    }
}

impl<S, ReqBody, ResBody> Future for ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
{
    type Output = Result<Response<ResponseBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut state, on_rejection) = (this.state, this.on_rejection.as_deref());
        loop {
            match state.as_mut().project() {
                StateProj::Waiting { held: slot } => {
                    // Empty only if the future is polled again after the inner service panicked.
                    let Some(mut held) = slot.take() else { return Poll::Pending };
                    let Poll::Ready(auth) = held.decision.as_mut().poll(context) else {
                        *slot = Some(held);
                        return Poll::Pending;
                    };
                    state.set(State::pass_on(&mut held.inner, held.request, auth));
                }
                StateProj::Inner { future, headers } => {
                    let response = ready!(future.poll(context))?;
                    let mut response = replace(on_rejection, response, ResponseBody::inner);
                    if let Some(headers) = headers.take() {
                        headers.append_to(response.headers_mut());
                    }
                    return Poll::Ready(Ok(response));
                }
                StateProj::Own { response } => {
                    let Some(response) = response.take() else {
                        // Reached only if the future is polled again after it is ready.
                        return Poll::Pending;
                    };
                    return Poll::Ready(Ok(replace(on_rejection, *response, |body| {
                        ResponseBody::full(body.into())
                    })));
                }
            }
        }
    }
}

/// Returns the application's response in place of a rejection's, or the response unchanged.
fn replace<B, C>(
    on_rejection: Option<&RejectionHandler>,
    response: Response<C>,
    body: impl FnOnce(C) -> ResponseBody<B>,
) -> Response<ResponseBody<B>> {
    let replaced = match on_rejection {
        Some(on_rejection) => on_rejection.replace(response),
        None => Err(response),
    };
    match replaced {
        Ok(own) => own.map(ResponseBody::own),
        Err(response) => response.map(body),
    }
}

impl<S, B> fmt::Debug for ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
