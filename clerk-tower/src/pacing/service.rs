use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::Request;
use tower_service::Service;

use super::layer::Limiter;

/// Lets calls through at a steady pace. See the [module docs](super) for an example.
#[derive(Clone)]
pub struct Pacing<S> {
    pub(super) inner: S,
    pub(super) limiter: Arc<Limiter>,
}

impl<S: fmt::Debug> fmt::Debug for Pacing<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pacing").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, B> Service<Request<B>> for Pacing<S>
where
    S: Service<Request<B>, Future: Send, Response: 'static, Error: 'static> + Clone + Send + 'static,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let limiter = self.limiter.clone();
        Box::pin(async move {
            limiter.turn().await;
            inner.call(request).await
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use futures_util::future::join_all;
    use http::Response;
    use tokio::time::Instant;
    use tower::{Layer as _, ServiceExt as _, service_fn};

    use super::super::PacingLayer;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_come_at_a_steady_pace_and_in_their_order() {
        let start = Instant::now();
        let service = PacingLayer::per_second(10).layer(service_fn(move |_: Request<()>| {
            std::future::ready(Ok::<_, Infallible>(Response::new(start.elapsed())))
        }));
        let calls = join_all((0..50).map(|_| service.clone().oneshot(Request::new(())))).await;
        let times: Vec<_> = calls.into_iter().map(|call| call.unwrap().into_body()).collect();
        for pair in times.windows(2) {
            let apart = pair[1] - pair[0];
            assert!(apart >= Duration::from_millis(99), "{apart:?}");
        }
        assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    }
}
