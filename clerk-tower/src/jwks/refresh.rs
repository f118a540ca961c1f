//! Who may ask Clerk for keys, and when.

use std::time::Duration;

use clerk_core::{Operation as _, Timestamp, api::jwks, operation::Credential, token::KeySet};
use http::{HeaderMap, HeaderValue, header};
use tokio::{runtime::Handle, sync::watch, time::Instant};

use super::{KeyStore, KeysError};
use crate::{ErrorKind, client::exchange, options::CallOptions, telemetry};

/// No two calls follow each other faster, whatever the reason.
const COOL_DOWN: Duration = Duration::from_secs(10);
/// The first pause after a failure; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The stack has its own deadlines; this one holds if a custom stack has none.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// By how many seconds clocks may differ before it is said: an answer may have been on its way for some.
const WORTH_SAYING: u64 = 30;

type Answer = Option<Result<KeySet, KeysError>>;

/// What is known about past and running calls.
#[derive(Default)]
pub(super) struct Refresh {
    running: Option<Running>,
    not_before: Option<Instant>,
    failures: u32,
    error: Option<KeysError>,
}

struct Running {
    since: Instant,
    answer: watch::Receiver<Answer>,
}

impl Running {
    /// A call whose sender is gone has panicked. One that takes longer than calls may is on a runtime that stands still.
    fn goes_on(&self, now: Instant) -> bool {
        self.answer.has_changed().is_ok() && now.saturating_duration_since(self.since) < CALL_LIMIT
    }
}

/// What a request that wants newer keys is told.
pub(super) enum Turn {
    /// A call is on its way, perhaps started for this request.
    Running(watch::Receiver<Answer>),
    /// It is too early for another call. How the last one failed, if it did.
    Wait(Option<KeysError>),
}

impl Refresh {
    /// Joins the running call, or starts one if it is time.
    pub(super) fn turn(&mut self, store: &KeyStore, now: Instant) -> Turn {
        if let Some(running) = self.running.as_ref().filter(|running| running.goes_on(now)) {
            return Turn::Running(running.answer.clone());
        }
        if let Some(not_before) = self.not_before.filter(|not_before| now < *not_before) {
            let retry_after = not_before - now;
            return Turn::Wait(self.error.clone().map(|error| error.with_retry_after(retry_after)));
        }
        let Ok(runtime) = Handle::try_current() else {
            return Turn::Wait(Some(KeysError::unreachable("there is no tokio runtime here")));
        };
        let (sender, receiver) = watch::channel(None);
        self.running = Some(Running { since: now, answer: receiver.clone() });
        // Counted as failed until it succeeds, so that a call that ends in any other way is not repeated at once.
        self.not_before = Some(now + self.next_pause());
        runtime.spawn(call(store.clone(), sender));
        Turn::Running(receiver)
    }

    fn next_pause(&mut self) -> Duration {
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(6)).min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        pause.mul_f64(1.0 + fastrand::f64() / 4.0)
    }

    fn succeeded(&mut self, now: Instant) {
        *self = Self { not_before: Some(now + COOL_DOWN), ..Self::default() };
    }

    fn failed(&mut self, error: KeysError, now: Instant) -> KeysError {
        // The pause counts from the end of the call.
        self.failures = self.failures.saturating_sub(1);
        let pause = self.next_pause();
        self.running = None;
        self.not_before = Some(now + pause);
        self.error.insert(error.with_retry_after(pause)).clone()
    }
}

impl KeysError {
    fn with_retry_after(self, retry_after: Duration) -> Self {
        match self {
            Self::Unavailable { answered, problem, .. } => {
                Self::Unavailable { retry_after, answered, problem }
            }
            Self::NotConfigured { .. } => Self::NotConfigured { retry_after },
            Self::SecretKeyInvalid { .. } => Self::SecretKeyInvalid { retry_after },
        }
    }

    pub(super) fn unreachable(problem: &str) -> Self {
        Self::Unavailable { retry_after: FIRST_PAUSE, answered: false, problem: problem.into() }
    }

    fn refused(problem: &str) -> Self {
        Self::Unavailable { retry_after: FIRST_PAUSE, answered: true, problem: problem.into() }
    }
}

/// One call to Clerk, in a task of its own: it outlives the requests that wait for it.
async fn call(store: KeyStore, sender: watch::Sender<Answer>) {
    let fetched = tokio::time::timeout(CALL_LIMIT, fetch(&store)).await;
    let fetched = fetched.unwrap_or_else(|_| Err(KeysError::unreachable("no answer in time")));
    telemetry::keys(fetched.as_ref().map(drop));
    let now = Instant::now();
    let answer = {
        let mut refresh = store.lock();
        match fetched {
            Ok((keys, body)) => {
                let keys = store.store(keys, body, now);
                refresh.succeeded(now);
                Ok(keys)
            }
            Err(error) => Err(refresh.failed(error, now)),
        }
    };
    // No receiver is left when everybody hung up; the keys are in place all the same.
    let _ = sender.send(Some(answer));
}

async fn fetch(store: &KeyStore) -> Result<(KeySet, bytes::Bytes), KeysError> {
    let operation = jwks::get_jwks();
    // The store has pauses of its own.
    let once = CallOptions::new().max_attempts(1);
    let response = exchange(store.0.stack.clone(), &operation, Credential::SecretKey, Some(&once)).await;
    let response = response.map_err(|error| match error.kind() {
        ErrorKind::Config(_) => KeysError::NotConfigured { retry_after: FIRST_PAUSE },
        _ => KeysError::unreachable(&error.with_sources().to_string()),
    })?;
    if !response.status().is_success() {
        let error = jwks::GetJwks::decode(&response).err();
        let error = error.map(|error| crate::Error::from_response(jwks::GetJwks::INFO, error));
        return Err(match error {
            Some(error) if error.status_error().is_some_and(|e| e.has_code("clerk_key_invalid")) => {
                KeysError::SecretKeyInvalid { retry_after: FIRST_PAUSE }
            }
            Some(error) => KeysError::refused(&error.to_string()),
            None => KeysError::refused("no keys"),
        });
    }
    compare_clocks(response.headers(), store.0.clock.now());
    let body = response.into_body();
    match KeySet::from_jwks(&body) {
        Ok(keys) if keys.is_empty() => Err(KeysError::refused("Clerk answered without any keys")),
        Ok(keys) => Ok((keys, body)),
        Err(error) => Err(KeysError::refused(&error.to_string())),
    }
}

/// Says so when Clerk's clock shows another time than this computer's. What answers in Clerk's place says how old its
/// answer is, RFC 9111 section 5.1.
fn compare_clocks(headers: &HeaderMap, now: Timestamp) {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(Ok(sent)) = text(header::DATE).map(httpdate::parse_http_date) else { return };
    let age = text(header::AGE).map_or(Some(0), |age| age.parse::<u32>().ok());
    let Some(age) = age else { return };
    let there = Timestamp::from(sent).as_secs().saturating_add(i64::from(age));
    let ahead = now.as_secs().saturating_sub(there);
    if ahead.unsigned_abs() > WORTH_SAYING {
        telemetry::clock_differs(ahead);
    }
}

/// Waits for a call's answer.
pub(super) async fn wait(mut running: watch::Receiver<Answer>) -> Result<KeySet, KeysError> {
    match running.wait_for(Option::is_some).await.as_deref() {
        Ok(Some(answer)) => answer.clone(),
        _ => Err(KeysError::unreachable("the call ended without an answer")),
    }
}
