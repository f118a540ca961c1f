use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use tower::ServiceExt as _;
use tower_service::Service;

use super::policy::{Policy, is_unclear};
use crate::{
    Error,
    deadline::{count, expires},
    error::{Attempts, info_of},
    options::CallOptions,
};

/// Sends calls again. See the [module docs](super) for an example.
#[derive(Clone)]
pub struct Retry<S> {
    pub(super) inner: S,
    pub(super) policy: Policy,
}

impl<S> fmt::Debug for Retry<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry").field("max_attempts", &self.policy.max_attempts).finish_non_exhaustive()
    }
}

impl<S> Service<Request<Bytes>> for Retry<S>
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
        let inner = mem::replace(&mut self.inner, clone);
        Box::pin(attempt(inner, request, self.policy.clone()))
    }
}

async fn attempt<S>(mut inner: S, request: Request<Bytes>, policy: Policy) -> Result<Response<Bytes>, Error>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>, Error = Error>,
{
    let (info, expires) = (info_of(request.extensions()), expires(request.extensions()));
    let max = CallOptions::of(request.extensions()).and_then(|settings| settings.max_attempts);
    let max = max.unwrap_or(policy.max_attempts).get();
    let mut attempts = Attempts::default();
    while attempts.made < max {
        // The head is copied, the body shared.
        let result = inner.call(request.clone()).await;
        let Some(pause) = policy.pause(info, attempts.made, &result, expires) else {
            return finish(result, attempts);
        };
        attempts.unclear |= is_unclear(&result);
        drop(result);
        tokio::time::sleep(pause).await;
        attempts.made = attempts.made.saturating_add(1);
        count(request.extensions(), attempts.made);
        inner.ready().await.map_err(|error| error.after(attempts))?;
    }
    let result = inner.call(request).await;
    policy.settle(&result);
    finish(result, attempts)
}

/// Says how often the call was sent.
fn finish(result: Result<Response<Bytes>, Error>, attempts: Attempts) -> Result<Response<Bytes>, Error> {
    match result {
        Ok(mut response) => {
            response.extensions_mut().insert(attempts);
            Ok(response)
        }
        Err(error) => Err(error.after(attempts)),
    }
}
