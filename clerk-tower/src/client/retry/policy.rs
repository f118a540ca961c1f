use std::{
    num::NonZeroU32,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use clerk_core::{Timestamp, decode::retry_after, operation::Retry as Rule};
use http::{Extensions, Request, Response, StatusCode, header};
use http_body_util::LengthLimitError;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::budget::Budgets;
use crate::{
    Error, ErrorKind,
    client::{
        attempt::{Progress, Waiting},
        options::CallOptions,
    },
    clock::Clock,
    error::info_of,
    telemetry,
};

/// Upper bound of the first backoff; it doubles with each further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(200);
const MAX_BACKOFF: Duration = Duration::from_secs(10);

/// Decides about retries for [`tower::retry`].
#[derive(Clone)]
pub(super) struct Policy {
    pub(super) rules: Arc<Rules>,
    /// The attempts that this layer has made of one call. tower clones the policy for each call, so each starts at one.
    made: u32,
}

/// What all calls of a service have in common.
#[derive(Clone)]
pub(super) struct Rules {
    pub(super) max_attempts: NonZeroU32,
    pub(super) budgets: Budgets,
    pub(super) clock: Arc<dyn Clock>,
}

/// What one attempt led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AttemptOutcome {
    /// A retry would not help.
    Final,
    /// Clerk has certainly not acted.
    NotProcessed,
    /// Clerk may have acted.
    Unclear,
}

impl tower::retry::Policy<Request<Bytes>, Response<Bytes>, Error> for Policy {
    type Future = Backoff;

    fn retry(
        &mut self,
        request: &mut Request<Bytes>,
        result: &mut Result<Response<Bytes>, Error>,
    ) -> Option<Backoff> {
        let backoff = self.backoff(request.extensions(), self.made, result)?;
        self.made = self.made.saturating_add(1);
        let progress = Progress::of(request.extensions_mut());
        progress.retried(outcome(result) == AttemptOutcome::Unclear);
        telemetry::retrying(info_of(request.extensions()), result, backoff);
        Some(Backoff { sleep: tokio::time::sleep(backoff), _waiting: progress.wait() })
    }

    /// Returns `None` for the last attempt, which needs no copy. The head is copied, the body is shared.
    fn clone_request(&mut self, request: &Request<Bytes>) -> Option<Request<Bytes>> {
        (self.made < self.max_attempts(request.extensions())).then(|| request.clone())
    }
}

pin_project! {
    /// The pause before a retry.
    pub(super) struct Backoff {
        #[pin]
        sleep: Sleep,
        _waiting: Waiting,
    }
}

impl Future for Backoff {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.project().sleep.poll(context)
    }
}

impl Policy {
    pub(super) fn new(rules: Rules) -> Self {
        Self { rules: Arc::new(rules), made: 1 }
    }

    fn max_attempts(&self, extensions: &Extensions) -> u32 {
        let max = CallOptions::of(extensions).and_then(|settings| settings.max_attempts);
        max.unwrap_or(self.rules.max_attempts).get()
    }

    /// Returns how long to wait before the next attempt. `None` if the call is not retried.
    fn backoff(
        &self,
        extensions: &Extensions,
        made: u32,
        result: &Result<Response<Bytes>, Error>,
    ) -> Option<Duration> {
        // A request without an operation is only retried when Clerk has certainly not acted. One with an idempotency
        // key has a rule of its own.
        let rule = extensions.get().copied().or_else(|| info_of(extensions).map(|info| info.retry));
        let is_safe = rule == Some(Rule::Safe);
        match outcome(result) {
            AttemptOutcome::NotProcessed => {}
            AttemptOutcome::Unclear if is_safe => {}
            AttemptOutcome::Unclear | AttemptOutcome::Final => return None,
        }
        // Added and not the maximum of the two: clients that got the same `Retry-After` would all return at the same
        // moment.
        let asked = retry_after_of(result, self.rules.clock.now()).unwrap_or_default();
        let backoff = asked.saturating_add(full_jitter(made));
        let now = Instant::now();
        // A backoff beyond the deadline would only replace this result with a timeout, which says less.
        let is_in_time = Progress::expires(extensions)
            .is_none_or(|end| now.checked_add(backoff).is_some_and(|then| then < end));
        // A 429 costs no budget, since the gate limits the rate of what follows; neither does a retry that is not made.
        (is_in_time && (is_rate_limited(result) || self.rules.budgets.of(extensions).withdraw(now)))
            .then_some(backoff)
    }
}

fn outcome(result: &Result<Response<Bytes>, Error>) -> AttemptOutcome {
    match result {
        Ok(response) => match response.status() {
            // Clerk applies its rate limits before it processes a request.
            StatusCode::TOO_MANY_REQUESTS => AttemptOutcome::NotProcessed,
            // A gateway responds with these whether or not the request has reached Clerk.
            StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => AttemptOutcome::Unclear,
            _ => AttemptOutcome::Final,
        },
        Err(error) => match error.kind() {
            ErrorKind::Connect(_) | ErrorKind::NotProcessed(_) | ErrorKind::NotSent(_) => {
                AttemptOutcome::NotProcessed
            }
            // The response would be too large again.
            ErrorKind::Transfer(cause) if cause.is::<LengthLimitError>() => AttemptOutcome::Final,
            ErrorKind::Timeout(_) | ErrorKind::Transfer(_) => AttemptOutcome::Unclear,
            _ => AttemptOutcome::Final,
        },
    }
}

fn is_rate_limited(result: &Result<Response<Bytes>, Error>) -> bool {
    result.as_ref().is_ok_and(|response| response.status() == StatusCode::TOO_MANY_REQUESTS)
}

fn retry_after_of(result: &Result<Response<Bytes>, Error>, now: Timestamp) -> Option<Duration> {
    let value = result.as_ref().ok()?.headers().get(header::RETRY_AFTER)?;
    retry_after(value.to_str().ok()?, now)
}

/// A random backoff between zero and the upper bound for this attempt, so that calls that failed together are not
/// retried together.
fn full_jitter(made: u32) -> Duration {
    let doubled = 1_u32.checked_shl(made.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_BACKOFF.saturating_mul(doubled).min(MAX_BACKOFF).mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn backoffs_are_random_and_their_bound_doubles_up_to_a_limit() {
        for (made, most) in [(1, 200), (2, 400), (3, 800), (7, 10_000), (40, 10_000), (u32::MAX, 10_000)] {
            let drawn: HashSet<Duration> = (0..200).map(|_| full_jitter(made)).collect();
            assert!(drawn.len() > 150, "two calls would wait alike");
            assert!(drawn.iter().all(|pause| *pause <= Duration::from_millis(most)), "{made}");
        }
    }
}
