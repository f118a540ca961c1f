use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_service::Service;

use super::{RequireBody, ResponseFuture, layer::Rule};
use crate::reject::is_grpc;

/// Lets a request through, or answers it itself. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct Require<S> {
    pub(super) inner: S,
    pub(super) rule: Arc<Rule>,
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
                ResponseFuture::rejected(rejection, is_grpc(request.headers()))
            }
        }
    }
}
