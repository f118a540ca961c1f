use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use clerk_core::{OperationInfo, decode::retry_after, operation::Credential};
use http::{Request, Response, StatusCode, header};
use tokio::time::{Instant, sleep_until};
use tower_service::Service;

use super::gate::{Family, Gates, Turn};
use crate::{Error, ErrorKind, clock::Clock, deadline::expires, error::info_of, telemetry};

/// Holds calls back while Clerk refuses them. See the [module docs](super) for an example.
#[derive(Clone)]
pub struct RateLimit<S> {
    pub(super) inner: S,
    pub(super) gates: Gates,
    pub(super) clock: Arc<dyn Clock>,
}

impl<S: fmt::Debug> fmt::Debug for RateLimit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S> Service<Request<Bytes>> for RateLimit<S>
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
        let (gates, clock) = (self.gates.clone(), self.clock.clone());
        Box::pin(async move {
            let info = info_of(request.extensions());
            let family = family(info, request.extensions().get::<Credential>().copied());
            pass(&gates, family, info, expires(request.extensions())).await?;
            let sent = Instant::now();
            let response = inner.call(request).await?;
            if response.status() == StatusCode::TOO_MANY_REQUESTS {
                let asked = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
                let asked = asked.and_then(|value| retry_after(value, clock.now()));
                gates.close(family, asked, sent, Instant::now());
                telemetry::refused(family.1);
            } else {
                gates.passed(family, sent);
            }
            Ok(response)
        })
    }
}

/// The kind of key that is sent counts, where it is known.
fn family(info: Option<&'static OperationInfo>, sent: Option<Credential>) -> Family {
    let credential = sent.or(info.map(|info| info.credential)).unwrap_or(Credential::SecretKey);
    (credential, info.map_or("", |info| info.section))
}

/// Waits for a turn, as often as the gate closes again, but not beyond the deadline.
async fn pass(
    gates: &Gates,
    family: Family,
    info: Option<&'static OperationInfo>,
    expires: Option<Instant>,
) -> Result<(), Error> {
    loop {
        let now = Instant::now();
        let turn = match gates.turn(family, now, expires) {
            Turn::Now => return Ok(()),
            Turn::At(turn) => turn,
            Turn::TooLate(turn) => {
                return Err(Error::new(info, ErrorKind::RateLimited(turn.saturating_duration_since(now))));
            }
        };
        telemetry::waited(family.1);
        sleep_until(turn).await;
        if gates.holds(family, turn) {
            return Ok(());
        }
    }
}
