use std::{
    task::{Context, Poll},
    time::Duration,
};

use http::Request;
use tower_service::Service;

use super::ResponseFuture;
use crate::{Error, error::info_of};

/// Ends calls that take too long. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct Deadline<S> {
    pub(super) inner: S,
    pub(super) after: Duration,
}

impl<S, B> Service<Request<B>> for Deadline<S>
where
    S: Service<Request<B>, Error = Error>,
{
    type Response = S::Response;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let info = info_of(request.extensions());
        ResponseFuture::new(self.inner.call(request), self.after, info)
    }
}
