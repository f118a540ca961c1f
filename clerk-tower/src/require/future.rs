use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::Response;
use http_body_util::{Either, Full};
use pin_project_lite::pin_project;

/// The inner service's body, or the one of a rejection.
pub type RequireBody<B> = Either<B, Full<Bytes>>;

pin_project! {
    /// The answer of [`Require`](super::Require).
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
        Inner { #[pin] answer: F },
        // Taken when it is given.
        Answered { response: Option<Response<Full<Bytes>>> },
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn inner(answer: F) -> Self {
        Self { state: State::Inner { answer } }
    }

    pub(super) fn answered(response: Response<Full<Bytes>>) -> Self {
        Self { state: State::Answered { response: Some(response) } }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<RequireBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().state.project() {
            StateProj::Inner { answer } => {
                ready!(answer.poll(context)).map(|response| response.map(Either::Left))
            }
            StateProj::Answered { response } => match response.take() {
                Some(response) => Ok(response.map(Either::Right)),
                // Only a future that is polled again after its answer gets here.
                None => return Poll::Pending,
            },
        })
    }
}
