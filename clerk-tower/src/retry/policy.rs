use std::{num::NonZeroU32, sync::Arc, time::Duration};

use bytes::Bytes;
use clerk_core::{OperationInfo, Timestamp, decode::retry_after, operation::Retry as Rule};
use http::{Response, StatusCode, header};
use http_body_util::LengthLimitError;
use tokio::time::Instant;

use super::Budget;
use crate::{Error, ErrorKind, clock::Clock};

/// The first pause is at most this long; each further one may be twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct Policy {
    pub(super) max_attempts: NonZeroU32,
    pub(super) budget: Budget,
    pub(super) clock: Arc<dyn Clock>,
}

/// What became of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// There is nothing to be gained from another one.
    Final,
    /// Nothing was done.
    Refused,
    /// Something may have been done.
    Unclear,
}

impl Policy {
    /// A call that succeeded pays for others that do not.
    pub(super) fn settle(&self, result: &Result<Response<Bytes>, Error>) {
        if result.as_ref().is_ok_and(|response| response.status().is_success()) {
            self.budget.deposit();
        }
    }

    /// How long to wait before the next attempt; `None` when there is none.
    pub(super) fn pause(
        &self,
        info: Option<&'static OperationInfo>,
        made: u32,
        result: &Result<Response<Bytes>, Error>,
        expires: Option<Instant>,
    ) -> Option<Duration> {
        let outcome = outcome(result);
        self.settle(result);
        // An unknown request is only safe when nothing was done.
        let is_safe = info.is_some_and(|info| info.retry == Rule::Safe);
        let again = match outcome {
            Outcome::Final => false,
            Outcome::Refused => true,
            Outcome::Unclear => is_safe,
        };
        if !again {
            return None;
        }
        let asked = asked_to_wait(result, self.clock.now()).unwrap_or_default();
        let pause = asked.saturating_add(by_lot(made));
        let now = Instant::now();
        let is_in_time =
            expires.is_none_or(|expires| now.checked_add(pause).is_some_and(|then| then < expires));
        // What Clerk refused for its rate costs nothing: the gate sees to it. Nor does what is not sent again.
        let is_made = is_in_time && (is_rate_limited(result) || self.budget.withdraw(now));
        is_made.then_some(pause)
    }
}

/// Whether an attempt may have taken effect.
pub(super) fn is_unclear(result: &Result<Response<Bytes>, Error>) -> bool {
    outcome(result) == Outcome::Unclear
}

fn outcome(result: &Result<Response<Bytes>, Error>) -> Outcome {
    match result {
        Ok(response) => match response.status() {
            StatusCode::TOO_MANY_REQUESTS => Outcome::Refused,
            StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Outcome::Unclear,
            _ => Outcome::Final,
        },
        Err(error) => match error.kind() {
            ErrorKind::Connect(_) => Outcome::Refused,
            // It would be too large the next time as well.
            ErrorKind::Transfer(cause) if cause.is::<LengthLimitError>() => Outcome::Final,
            ErrorKind::Timeout(_) | ErrorKind::Transfer(_) => Outcome::Unclear,
            _ => Outcome::Final,
        },
    }
}

fn is_rate_limited(result: &Result<Response<Bytes>, Error>) -> bool {
    result.as_ref().is_ok_and(|response| response.status() == StatusCode::TOO_MANY_REQUESTS)
}

fn asked_to_wait(result: &Result<Response<Bytes>, Error>, now: Timestamp) -> Option<Duration> {
    let value = result.as_ref().ok()?.headers().get(header::RETRY_AFTER)?;
    retry_after(value.to_str().ok()?, now)
}

/// Full jitter: anything between nothing and the longest pause of this attempt. Every call draws its own.
fn by_lot(made: u32) -> Duration {
    let doubled = 1_u32.checked_shl(made.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE).mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn pauses_are_drawn_by_lot_and_grow_to_a_limit() {
        for (made, most) in [(1, 200), (2, 400), (3, 800), (7, 10_000), (40, 10_000), (u32::MAX, 10_000)] {
            let drawn: HashSet<Duration> = (0..200).map(|_| by_lot(made)).collect();
            assert!(drawn.len() > 150, "two calls would wait alike");
            assert!(drawn.iter().all(|pause| *pause <= Duration::from_millis(most)), "{made}");
        }
    }
}
