use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use tokio::sync::Semaphore;
use tower_service::Service;

use crate::{Error, ErrorKind, error::info_of};

/// Limits how many calls are under way. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct Concurrency<S> {
    pub(super) inner: S,
    pub(super) places: Arc<Semaphore>,
    pub(super) sheds: bool,
}

impl<S> Service<Request<Bytes>> for Concurrency<S>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>, Error = Error, Future: Send>
        + Clone
        + Send
        + 'static,
{
    type Response = Response<Bytes>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let (places, sheds) = (self.places.clone(), self.sheds);
        Box::pin(async move {
            let place =
                if sheds { places.try_acquire_owned().ok() } else { places.acquire_owned().await.ok() };
            // The semaphore is never closed: no place means that there is none now.
            let Some(_place) = place else {
                return Err(Error::new(info_of(request.extensions()), ErrorKind::Overloaded));
            };
            inner.call(request).await
        })
    }
}
