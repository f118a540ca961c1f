use std::{
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower_service::Service;

use super::{RequireBody, ResponseFuture, rule::Rule, sign_in::SignIn};
use crate::reject::{Rejection, is_grpc_request};

/// Lets a request through, or answers it itself. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct Require<S> {
    pub(super) inner: S,
    pub(super) rule: Arc<Rule>,
    pub(super) sign_in: Option<SignIn>,
}

impl<S> Require<S> {
    fn answer<B>(&self, request: &Request<B>, rejection: Rejection) -> Response<Full<Bytes>> {
        if is_grpc_request(request) {
            return rejection.into_grpc_response();
        }
        let redirect = self.sign_in.as_ref().and_then(|sign_in| sign_in.redirect(request, &rejection));
        redirect.unwrap_or_else(|| rejection.into_response())
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Require<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
{
    type Response = Response<RequireBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        match self.rule.judge(request.extensions()) {
            Ok(()) => ResponseFuture::inner(self.inner.call(request)),
            Err(rejection) => {
                // What the inner service reserved for this request goes back with it; a clone has nothing.
                self.inner = self.inner.clone();
                ResponseFuture::answered(self.answer(&request, rejection))
            }
        }
    }
}
