//! Decides when to fetch keys from Clerk.

use std::time::Duration;

use clerk_core::{Operation as _, Timestamp, api::jwks, credential::Credential, token::KeySet};
use http::{HeaderMap, HeaderValue, header};
use tokio::time::Instant;

use super::{KeyStore, KeysError};
use crate::{
    ErrorKind,
    client::{exchange, options::CallOptions},
    single_flight::{Flight, NoRuntime},
    telemetry,
};

/// The minimum time between two calls, whatever the reason. Anyone can send tokens with made-up key ids, and without
/// this limit each of them would cause a call.
const COOL_DOWN: Duration = Duration::from_secs(10);
/// The backoff after a failure. It doubles up to the maximum.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// The stack has deadlines; this one holds if a custom stack has none.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// A difference between the clocks of Clerk and this computer is logged if it is larger than this many seconds.
const WORTH_LOGGING: u64 = 30;

type Fetched = Result<KeySet, KeysError>;

/// The call in flight, and what earlier calls led to.
#[derive(Default)]
pub(super) struct Refresh {
    running: Option<Running>,
    not_before: Option<Instant>,
    failures: u32,
    error: Option<KeysError>,
}

struct Running {
    since: Instant,
    flight: Flight<Fetched>,
}

impl Running {
    /// A call that takes longer than the limit runs on a runtime that is blocked; another runtime may ask again.
    fn is_alive(&self, now: Instant) -> bool {
        self.flight.is_running() && now.saturating_duration_since(self.since) < CALL_LIMIT
    }
}

/// Result of asking for newer keys.
pub(super) enum Joined {
    /// The call in flight, perhaps started for this caller.
    Waiting(Flight<Fetched>),
    /// It is too early for another call. Contains the error of the last one, if it failed.
    TooEarly(Option<KeysError>),
}

impl Refresh {
    /// Joins the call in flight, or starts one if it is time.
    pub(super) fn join(&mut self, store: &KeyStore, now: Instant) -> Joined {
        if let Some(running) = self.running.as_ref().filter(|running| running.is_alive(now)) {
            return Joined::Waiting(running.flight.clone());
        }
        if let Some(not_before) = self.not_before.filter(|not_before| now < *not_before) {
            let retry_after = not_before - now;
            return Joined::TooEarly(self.error.clone().map(|error| error.with_retry_after(retry_after)));
        }
        let flight = match Flight::start(call(store.clone())) {
            Ok(flight) => flight,
            Err(NoRuntime) => {
                return Joined::TooEarly(Some(KeysError::unreachable("requires a tokio runtime")));
            }
        };
        self.running = Some(Running { since: now, flight: flight.clone() });
        // Counts as failed until it succeeds, so that a call that panics is not repeated at once.
        self.not_before = Some(now + self.next_backoff());
        Joined::Waiting(flight)
    }

    fn next_backoff(&mut self) -> Duration {
        let backoff = FIRST_BACKOFF.saturating_mul(1 << self.failures.min(6)).min(MAX_BACKOFF);
        self.failures = self.failures.saturating_add(1);
        // Random, so that the processes of a service do not all ask at the same moment after an outage.
        backoff.mul_f64(1.0 + fastrand::f64() / 4.0)
    }

    fn succeeded(&mut self, now: Instant) {
        *self = Self { not_before: Some(now + COOL_DOWN), ..Self::default() };
    }

    fn failed(&mut self, error: KeysError, now: Instant) -> KeysError {
        // `join` has already counted this call as failed. The backoff counts from the end of the call, not from its
        // start.
        self.failures = self.failures.saturating_sub(1);
        let backoff = self.next_backoff();
        self.running = None;
        self.not_before = Some(now + backoff);
        self.error.insert(error.with_retry_after(backoff)).clone()
    }
}

impl KeysError {
    fn with_retry_after(self, retry_after: Duration) -> Self {
        match self {
            Self::Unavailable { responded, problem, .. } => {
                Self::Unavailable { retry_after, responded, problem }
            }
            Self::NotConfigured { .. } => Self::NotConfigured { retry_after },
            Self::SecretKeyInvalid { .. } => Self::SecretKeyInvalid { retry_after },
        }
    }

    pub(super) fn unreachable(problem: &str) -> Self {
        Self::Unavailable { retry_after: FIRST_BACKOFF, responded: false, problem: problem.into() }
    }

    fn refused(problem: &str) -> Self {
        Self::Unavailable { retry_after: FIRST_BACKOFF, responded: true, problem: problem.into() }
    }
}

/// One call to Clerk. It runs in a task of its own, and stores the keys that it brings.
async fn call(store: KeyStore) -> Fetched {
    let fetched = tokio::time::timeout(CALL_LIMIT, fetch(&store)).await;
    let fetched = fetched.unwrap_or_else(|_| Err(KeysError::unreachable("no response in time")));
    match &fetched {
        Ok(_) => telemetry::keys_fetched(),
        Err(error) => telemetry::keys_not_fetched(error),
    }
    let now = Instant::now();
    let mut refresh = store.lock();
    match fetched {
        Ok((keys, body)) => {
            let keys = store.store(keys, body, now);
            refresh.succeeded(now);
            Ok(keys)
        }
        Err(error) => Err(refresh.failed(error, now)),
    }
}

async fn fetch(store: &KeyStore) -> Result<(KeySet, bytes::Bytes), KeysError> {
    let operation = jwks::get_jwks();
    // No retries in the stack: the store has its own backoff, and requests wait for the first result.
    let once = CallOptions::new().max_attempts(1);
    let response = exchange(store.0.stack.clone(), &operation, Credential::SecretKey, Some(&once)).await;
    let response = response.map_err(|error| match error.kind() {
        ErrorKind::Config(_) => KeysError::NotConfigured { retry_after: FIRST_BACKOFF },
        _ => KeysError::unreachable(&error.with_sources().to_string()),
    })?;
    if !response.status().is_success() {
        let error = operation.decode(&response).err();
        let error = error.map(|error| crate::Error::from_response(jwks::GetJwks::INFO, error));
        return Err(match error {
            Some(error) if error.status_error().is_some_and(|e| e.has_code("clerk_key_invalid")) => {
                KeysError::SecretKeyInvalid { retry_after: FIRST_BACKOFF }
            }
            Some(error) => KeysError::refused(&error.to_string()),
            None => KeysError::refused("no keys"),
        });
    }
    compare_clocks(response.headers(), store.0.clock.now());
    let body = response.into_body();
    match KeySet::from_jwks(&body) {
        // An empty set would reject every token. As an error, it leaves the previous keys in use.
        Ok(keys) if keys.is_empty() => Err(KeysError::refused("Clerk returned no keys")),
        Ok(keys) => Ok((keys, body)),
        Err(error) => Err(KeysError::refused(&error.to_string())),
    }
}

/// Logs a difference between Clerk's clock and this computer's. A wrong clock rejects valid tokens, with reasons that
/// do not name it. The age of a cached response is in `Age` (RFC 9111, section 5.1).
fn compare_clocks(headers: &HeaderMap, now: Timestamp) {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(Ok(sent)) = text(header::DATE).map(httpdate::parse_http_date) else { return };
    let age = text(header::AGE).map_or(Some(0), |age| age.parse::<u32>().ok());
    let Some(age) = age else { return };
    let theirs = Timestamp::from(sent).as_secs().saturating_add(i64::from(age));
    let ahead = now.as_secs().saturating_sub(theirs);
    if ahead.unsigned_abs() > WORTH_LOGGING {
        telemetry::clock_differs(ahead);
    }
}

/// Waits for the keys of a call.
pub(super) async fn wait(flight: Flight<Fetched>) -> Fetched {
    flight.wait().await.unwrap_or_else(|| Err(KeysError::unreachable("the call ended without a result")))
}
