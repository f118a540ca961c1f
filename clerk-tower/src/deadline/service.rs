use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::{Extensions, Request};
use tokio::time::Instant;
use tower_service::Service;

use super::{ResponseFuture, layer::Scope};
use crate::{Error, error::info_of, options::CallOptions};

/// Ends calls that take too long. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct Deadline<S> {
    pub(super) inner: S,
    pub(super) after: Duration,
    pub(super) scope: Scope,
}

/// The call that a request belongs to, as the layers further in know it.
#[derive(Clone, Debug)]
struct Call {
    /// A deadline that is too far away to be counted is none.
    ends: Option<Instant>,
    attempts: Arc<AtomicU32>,
}

/// When the call that a request belongs to ends at the latest, if it has a deadline.
pub(crate) fn expires(extensions: &Extensions) -> Option<Instant> {
    extensions.get::<Call>()?.ends
}

/// Tells the deadline around a call how often it was sent.
pub(crate) fn count(extensions: &Extensions, attempts: u32) {
    if let Some(call) = extensions.get::<Call>() {
        call.attempts.store(attempts, Ordering::Relaxed);
    }
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

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let info = info_of(request.extensions());
        let settings = CallOptions::of(request.extensions());
        let after = match self.scope {
            Scope::Call => settings.and_then(|settings| settings.timeout),
            Scope::Attempt => settings.and_then(|settings| settings.attempt_timeout),
        };
        let after = after.unwrap_or(self.after);
        let attempts = (self.scope == Scope::Call).then(|| Arc::new(AtomicU32::new(1)));
        if let Some(attempts) = &attempts {
            let ends = Instant::now().checked_add(after);
            request.extensions_mut().insert(Call { ends, attempts: Arc::clone(attempts) });
        }
        ResponseFuture::new(self.inner.call(request), after, info, attempts)
    }
}
