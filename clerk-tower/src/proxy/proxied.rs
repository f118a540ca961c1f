use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Either;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{Proxy, ProxyAnswerBody, ProxyBody, ProxyFuture};
use crate::BoxError;

/// The inner service's body, or the one of an answer of the proxy.
pub type ProxiedBody<S, B> = Either<S, ProxyAnswerBody<B>>;

/// Sends requests below the proxy's path on to Clerk, and passes all others on untouched. See the
/// [module docs](super) for examples.
#[derive(Clone, Debug)]
pub struct Proxied<S, T> {
    pub(super) inner: S,
    pub(super) proxy: Proxy<T>,
}

impl<S, T, ReqBody, ResBody, Answer> Service<Request<ReqBody>> for Proxied<S, T>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    T: Service<Request<ProxyBody>, Response = Response<Answer>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
    ReqBody: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    Answer: Send + 'static,
{
    type Response = Response<ProxiedBody<ResBody, Answer>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, Answer>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let state = if self.proxy.matches(request.uri().path()) {
            // What the inner service reserved for this request goes back with it; a clone has nothing.
            self.inner = self.inner.clone();
            State::Proxy { answer: self.proxy.call(request) }
        } else {
            State::Inner { answer: self.inner.call(request) }
        };
        ResponseFuture { state }
    }
}

pin_project! {
    /// The answer of [`Proxied`].
    pub struct ResponseFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B> {
        Inner { #[pin] answer: F },
        Proxy { answer: ProxyFuture<B> },
    }
}

impl<F, ResBody, Answer, E> Future for ResponseFuture<F, Answer>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
{
    type Output = Result<Response<ProxiedBody<ResBody, Answer>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().state.project() {
            StateProj::Inner { answer } => {
                ready!(answer.poll(context)).map(|response| response.map(Either::Left))
            }
            StateProj::Proxy { answer } => match ready!(answer.as_mut().poll(context)) {
                Ok(response) => Ok(response.map(Either::Right)),
            },
        })
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
