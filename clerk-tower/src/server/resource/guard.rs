//! Lets a request through to a protected resource, or answers with a challenge.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{Either, Full};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{challenge::Caller, layer::Resource};
use crate::server::{
    ResponseBody,
    authenticate::Auth,
    body::OwnBody,
    rejection::{Rejection, grpc_of},
};

/// What stands between the decision about a request and the resource.
#[derive(Clone, Debug)]
pub(super) struct Guard<S> {
    pub(super) inner: S,
    pub(super) resource: Arc<Resource>,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Guard<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = GuardFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let auth = Auth::from_extensions(request.extensions());
        let caller = auth.map(|auth| Caller::of(auth.outcome()));
        let verdict = match auth {
            Some(auth) => auth.require_token(&self.resource.kinds),
            None => Err(Rejection::layer_missing()),
        };
        let state = match verdict {
            Ok(()) => {
                // What is behind the resource must not get the token, and the extensions say everything about it.
                request.headers_mut().remove(header::AUTHORIZATION);
                State::Inner { future: self.inner.call(request) }
            }
            Err(rejection) => {
                // `poll_ready` may have reserved something for this request, such as a permit. Replacing the service by a
                // clone releases it.
                self.inner = self.inner.clone();
                let response = match grpc_of(&request) {
                    Some(form) => rejection.into_response_as(form),
                    None => rejection.into_response().map(Either::Left),
                };
                State::Rejected { response: Some(response) }
            }
        };
        GuardFuture { state, resource: self.resource.clone(), caller }
    }
}

pin_project! {
    /// Response future of [`Guard`].
    pub(super) struct GuardFuture<F> {
        #[pin]
        state: State<F>,
        resource: Arc<Resource>,
        caller: Option<Caller>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Inner { #[pin] future: F },
        // Taken when the future resolves.
        Rejected { response: Option<Response<Either<Full<Bytes>, OwnBody>>> },
    }
}

impl<F, B, E> Future for GuardFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = match this.state.project() {
            StateProj::Inner { future } => ready!(future.poll(context))?.map(ResponseBody::inner),
            StateProj::Rejected { response } => match response.take() {
                Some(response) => response.map(ResponseBody::rejected),
                // Reached only if the future is polled again after it resolved.
                None => return Poll::Pending,
            },
        };
        let (mut head, body) = response.into_parts();
        if let Some(caller) = this.caller {
            this.resource.challenges.write(caller, &mut head);
        }
        Poll::Ready(Ok(Response::from_parts(head, body)))
    }
}
