use std::{
    mem,
    task::{Context, Poll},
};

use clerk_core::authenticate::RequestHead;
use http::{Request, Response};
use tower_service::Service;

use super::{Auth, AuthenticateBody, ResponseFuture, judge::Judge, layer::FindUri};
use crate::reject::OnRejection;

/// Authenticates requests and passes them on, but for browsers that have to go to Clerk first. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct Authenticate<S> {
    pub(super) inner: S,
    pub(super) judge: Judge,
    pub(super) on_rejection: Option<OnRejection>,
    pub(super) original_uri: FindUri,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Authenticate<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
{
    type Response = Response<AuthenticateBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        // The service that was polled ready is the one to call; its clone is not.
        let clone = self.inner.clone();
        let inner = mem::replace(&mut self.inner, clone);

        let answering = self.on_rejection.as_ref().map(|handler| handler.for_request(&request));
        let decided = Auth::from_extensions(request.extensions());
        if decided.is_some_and(|auth| auth.is_by(&self.judge.clerk, &self.judge.authenticator)) {
            return ResponseFuture::decided_outside(inner, request, answering);
        }
        let uri = (self.original_uri)(request.extensions()).unwrap_or_else(|| request.uri());
        match self.judge.begin(&RequestHead::new(request.method(), uri, request.headers())) {
            Ok(auth) => ResponseFuture::decided(inner, request, auth, answering),
            Err(waiting) => {
                let decision = self.judge.clone().satisfy(waiting);
                ResponseFuture::waiting(inner, request, decision, answering)
            }
        }
    }
}
