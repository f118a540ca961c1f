use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use clerk_core::OperationInfo;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Limited};
use tower_service::Service;

use crate::{BoxError, Error, ErrorKind, error::info_of, transport::ConnectError};

/// Turns a streamed answer into one with [`Bytes`]. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct Collect<S> {
    pub(super) inner: S,
    pub(super) max_bytes: usize,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Collect<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error: Into<BoxError>, Future: Send + 'static>,
    ResBody: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Bytes>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context).map_err(|error| sort(None, error.into()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let info = info_of(request.extensions());
        let answer = self.inner.call(request);
        let max_bytes = self.max_bytes;
        Box::pin(async move {
            let (parts, body) = answer.await.map_err(|error| sort(info, error.into()))?.into_parts();
            let body = Limited::new(body, max_bytes).collect().await;
            let body = body.map_err(|error| Error::new(info, ErrorKind::Transfer(error)))?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        })
    }
}

/// Which phase an error of the services below belongs to.
fn sort(info: Option<&'static OperationInfo>, error: BoxError) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => *ours,
        Err(error) if error.is::<ConnectError>() => Error::new(info, ErrorKind::Connect(error)),
        Err(error) => Error::new(info, ErrorKind::Transfer(error)),
    }
}
