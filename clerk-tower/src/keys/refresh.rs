//! Decides when to fetch keys from Clerk.

use std::{collections::VecDeque, time::Duration};

use clerk_core::{Timestamp, token::KeySet};
use http::{HeaderMap, HeaderValue, header};
use tokio::time::Instant;

use super::{Age, Found, KeyStore, KeysError, Snapshot};
use crate::{ErrorKind, clock::Moment, runtime::NoRuntime, single_flight::Flight, telemetry};

/// Anyone can send tokens with made-up key ids or signatures. This many of them may each cause a call at once, and then one
/// in each interval. These calls are counted separately: an ordinary refresh does not delay the look for a new key.
const UNKNOWN_BURST: u32 = 3;
const UNKNOWN_INTERVAL: Duration = Duration::from_secs(10);
/// For how many key ids, and for how long, it is remembered that Clerk was asked about them. A program that sends tokens of
/// another instance again and again then does not use up the calls above.
const MAX_ASKED: usize = 64;
const ASKED_AGE: Duration = UNKNOWN_INTERVAL;
/// Upper bound on the length of a key id that is remembered, in bytes. Clerk's have about thirty.
const MAX_KID: usize = 256;
/// The backoff after a failure. It doubles up to the maximum.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// During an outage a request waits this long for another attempt. After that, it is decided with the old keys.
const PATIENCE: Duration = Duration::from_secs(1);
/// An attempt counts as one during an outage if it begins this soon after the backoff.
const RECENTLY: Duration = Duration::from_secs(10);
/// The stack has deadlines; this one holds if a custom stack has none.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// A difference between the clocks of Clerk and this computer is logged if it is larger than this many seconds.
const WORTH_LOGGING: u64 = 30;

/// The keys themselves are in the store.
type Fetched = Result<(), KeysError>;

/// The call in flight, and what earlier calls led to.
///
/// | state | what a request gets |
/// |---|---|
/// | fresh | the keys; a refresh starts in the background if it is due soon |
/// | stale | waits for a refresh |
/// | stale, and the last attempt failed | the old keys, until the backoff ends |
/// | stale, backoff ended just now | waits for another attempt for a second, then gets the old keys |
/// | no keys | waits for the first fetch; during a backoff, the error |
/// | fresh, unknown key id | waits for a fetch that began after the request; the error if there were too many |
/// | fresh, the signature does not match | the same, unless Clerk was asked about the key id a moment ago |
#[derive(Default)]
pub(super) struct Refresh {
    running: Option<Running>,
    /// The number of calls that were started. Each call has a number, from one.
    pub(super) started: u64,
    /// Set from a failed attempt until one succeeds.
    failure: Option<Failure>,
    /// Whether the last call ended without a result.
    was_lost: bool,
    unverified: Unverified,
}

struct Running {
    number: u64,
    since: Moment,
    flight: Flight<Fetched>,
}

impl Running {
    /// A call that takes longer than the limit runs on a runtime that is blocked; another runtime may ask again.
    fn is_alive(&self, now: Moment) -> bool {
        let age = now.monotonic().saturating_duration_since(self.since.monotonic());
        self.flight.is_running() && age < CALL_LIMIT + PATIENCE
    }
}

struct Failure {
    error: KeysError,
    at: Moment,
    /// For how long Clerk is not asked again.
    backoff: Duration,
    /// Consecutive failures.
    count: u32,
}

impl Failure {
    fn is_recent(&self, now: Moment) -> bool {
        now.since(self.at) < self.backoff
    }

    fn error(&self, now: Moment) -> KeysError {
        self.error.clone().with_retry_after(self.backoff.saturating_sub(now.since(self.at)))
    }
}

/// What a request needs of the keys.
#[derive(Clone, Copy)]
pub(super) enum Wanted<'a> {
    Any,
    /// A key with this id.
    Key(&'a str),
    /// Another key with this id than the one in these keys, which does not match a signature.
    Another(&'a str, &'a KeySet),
}

impl<'a> Wanted<'a> {
    fn kid(self) -> Option<&'a str> {
        match self {
            Self::Any => None,
            Self::Key(kid) | Self::Another(kid, _) => Some(kid),
        }
    }

    pub(super) fn is_met_by(self, keys: &KeySet) -> bool {
        match self {
            Self::Any => true,
            Self::Key(kid) => keys.contains(kid),
            Self::Another(kid, tried) => keys.contains(kid) && !keys.ptr_eq(tried),
        }
    }
}

/// What a request for keys leads to.
pub(super) enum Look {
    Found(Found),
    /// Wait for this call, until the old keys may be used if there is such a time, and look again.
    Wait(Flight<Fetched>, Option<Instant>),
    /// Clerk may not be asked now.
    Refused(KeysError),
}

impl Refresh {
    /// Looks for the keys of a request that arrived when `started` calls had been started, and starts one if it is time.
    pub(super) fn look(&mut self, store: &KeyStore, wanted: Wanted<'_>, started: u64, now: Moment) -> Look {
        let snapshot = store.snapshot();
        let snapshot = snapshot.as_deref();
        let has_key = |snapshot: &Snapshot| wanted.is_met_by(&snapshot.keys);
        let is_fresh = snapshot.is_some_and(|snapshot| snapshot.age(now) < Age::Stale);
        if let Some(snapshot) = snapshot {
            if (is_fresh || self.allows_stale(snapshot, now)) && has_key(snapshot) {
                return Look::Found(Found { keys: snapshot.keys.clone(), is_old: !is_fresh });
            }
            // A response proves that there is no such key only if the call was made after the token was seen.
            if is_fresh
                && let Some(kid) = wanted.kid()
                && self.unverified.was_asked(kid, snapshot, started, now.monotonic())
            {
                return Look::Found(Found { keys: snapshot.keys.clone(), is_old: false });
            }
        }
        if !self.is_running(now) {
            if let Some(failure) = self.failure.as_ref().filter(|failure| failure.is_recent(now)) {
                return Look::Refused(failure.error(now));
            }
            // Without fresh keys, the call is made whatever key the token needs.
            if is_fresh && let Err(retry_after) = self.unverified.take(now.monotonic()) {
                telemetry::too_many_key_ids();
                return Look::Refused(KeysError::TooManyKeyIds { retry_after });
            }
            if let Err(NoRuntime(problem)) = self.start(store, now, Flight::start) {
                return Look::Refused(KeysError::unreachable(problem));
            }
            if let Some(kid) = wanted.kid() {
                self.unverified.remember(kid, self.started, now.monotonic());
            }
        }
        let Some(running) = &self.running else {
            return Look::Refused(KeysError::unreachable("the call did not start"));
        };
        let is_usable = |snapshot: &Snapshot| has_key(snapshot) && snapshot.age(now) < Age::Expired;
        let patience = self.patience().filter(|_| snapshot.is_some_and(is_usable));
        Look::Wait(running.flight.clone(), patience)
    }

    /// Starts a call for a refresh in the background, if none is in flight and it is time.
    pub(super) fn refresh(&mut self, store: &KeyStore, now: Moment) {
        if !self.is_running(now) && !self.failure.as_ref().is_some_and(|failure| failure.is_recent(now)) {
            // Without a runtime, the first request that waits for keys gets the error.
            let _ = self.start(store, now, Flight::start_in_background);
        }
    }

    /// Whether old keys may be used: only in an outage. That is while Clerk is not asked again because it has just
    /// failed, and if it does not respond to the next attempt soon either. In all other cases it can be asked first
    /// whether the keys are still valid.
    pub(super) fn allows_stale(&self, snapshot: &Snapshot, now: Moment) -> bool {
        let Some(failure) = self.failure.as_ref().filter(|_| snapshot.age(now) < Age::Expired) else {
            return false;
        };
        let is_running = self.running.as_ref().is_some_and(|running| running.is_alive(now));
        failure.is_recent(now)
            || (is_running && self.patience().is_some_and(|patience| patience <= now.monotonic()))
    }

    /// Until when requests wait for the attempt in flight, if it is one of several during an outage. If the outage may have
    /// ended since the last one, they wait for its result.
    fn patience(&self) -> Option<Instant> {
        let (failure, attempt) = (self.failure.as_ref()?, self.running.as_ref()?);
        (attempt.since.since(failure.at) <= failure.backoff + RECENTLY)
            .then(|| attempt.since.monotonic() + PATIENCE)
    }

    /// Whether a call is in flight. One that was lost with its runtime is replaced at once, but only the first one, so
    /// that a call that panics is not repeated without a pause.
    fn is_running(&mut self, now: Moment) -> bool {
        let Some(running) = &self.running else { return false };
        if running.is_alive(now) {
            return true;
        }
        self.running = None;
        if self.was_lost {
            self.failed(KeysError::unreachable("the call ended without a result"), now);
        }
        self.was_lost = true;
        false
    }

    fn start(
        &mut self,
        store: &KeyStore,
        now: Moment,
        start: impl FnOnce(BoxedCall) -> Result<Flight<Fetched>, NoRuntime>,
    ) -> Result<(), NoRuntime> {
        self.started = self.started.wrapping_add(1);
        let number = self.started;
        let flight = start(Box::pin(call(store.clone(), number, now)))?;
        self.running = Some(Running { number, since: now, flight });
        Ok(())
    }

    /// Ends a call. Returns `false` if it was given up as lost, and another one has been started since.
    fn ended(&mut self, number: u64) -> bool {
        let is_current = self.running.as_ref().is_some_and(|running| running.number == number);
        if is_current {
            self.running = None;
            self.was_lost = false;
        }
        is_current
    }

    fn failed(&mut self, error: KeysError, now: Moment) -> KeysError {
        let count = self.failure.as_ref().map_or(0, |failure| failure.count);
        let backoff = FIRST_BACKOFF.saturating_mul(1 << count.min(6)).min(MAX_BACKOFF);
        // Random, so that the processes of a service do not all ask at the same moment after an outage.
        let backoff = backoff.mul_f64(1.0 + fastrand::f64() / 4.0);
        let error = error.with_retry_after(backoff);
        let count = count.saturating_add(1);
        self.failure.insert(Failure { error, at: now, backoff, count }).error(now)
    }
}

type BoxedCall = std::pin::Pin<Box<dyn Future<Output = Fetched> + Send>>;

/// Limits the calls that are caused by tokens which the known keys do not verify.
#[derive(Default)]
struct Unverified {
    /// When as many calls are possible again as at the start.
    full_at: Option<Instant>,
    /// The key ids of such tokens that Clerk was asked about.
    asked: VecDeque<AskedAbout>,
}

struct AskedAbout {
    kid: Box<str>,
    /// The number of the call, and when it was made.
    call: u64,
    at: Instant,
}

impl Unverified {
    /// Takes one call, or returns how long until the next one.
    fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let full_at = self.full_at.map_or(now, |full_at| full_at.max(now)) + UNKNOWN_INTERVAL;
        let too_early = full_at.saturating_duration_since(now + UNKNOWN_INTERVAL * UNKNOWN_BURST);
        if too_early.is_zero() {
            self.full_at = Some(full_at);
            return Ok(());
        }
        Err(too_early)
    }

    /// Whether the snapshot has all that Clerk has under this id: the call was made after the token was seen, or there was
    /// such a call a moment ago.
    fn was_asked(&mut self, kid: &str, snapshot: &Snapshot, started: u64, now: Instant) -> bool {
        self.asked.retain(|asked| now.saturating_duration_since(asked.at) < ASKED_AGE);
        if self.asked.iter().any(|asked| *asked.kid == *kid && asked.call <= snapshot.call) {
            return true;
        }
        let is_later = snapshot.call > started;
        if is_later {
            self.remember(kid, snapshot.call, snapshot.asked.monotonic());
        }
        is_later
    }

    /// Remembers that this call asks Clerk about this id.
    fn remember(&mut self, kid: &str, call: u64, at: Instant) {
        if kid.len() > MAX_KID {
            return;
        }
        self.asked.retain(|asked| *asked.kid != *kid);
        if self.asked.len() >= MAX_ASKED {
            self.asked.pop_front();
        }
        self.asked.push_back(AskedAbout { kid: kid.into(), call, at });
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
            Self::TooManyKeyIds { .. } => Self::TooManyKeyIds { retry_after },
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
async fn call(store: KeyStore, number: u64, asked: Moment) -> Fetched {
    let fetched = tokio::time::timeout(CALL_LIMIT, fetch(&store)).await;
    let fetched = fetched.unwrap_or_else(|_| Err(KeysError::unreachable("no response in time")));
    match &fetched {
        Ok(_) => telemetry::keys_fetched(),
        Err(error) => telemetry::keys_not_fetched(error),
    }
    let mut refresh = store.lock();
    let is_current = refresh.ended(number);
    match fetched {
        Ok((keys, body)) => {
            // A response to an older call says nothing about what Clerk does now.
            if store.store(keys, body, number, asked) {
                refresh.failure = None;
            }
            Ok(())
        }
        Err(error) if is_current => Err(refresh.failed(error, store.now())),
        Err(error) => Err(error),
    }
}

async fn fetch(store: &KeyStore) -> Result<(KeySet, bytes::Bytes), KeysError> {
    let response = store.0.source.fetch().await;
    let response = response.map_err(|error| match error.kind() {
        ErrorKind::Config(_) => KeysError::NotConfigured { retry_after: FIRST_BACKOFF },
        _ => KeysError::unreachable(&error.with_sources().to_string()),
    })?;
    if !response.status().is_success() {
        let source = &store.0.source;
        return Err(match source.failure(&response) {
            Some(error) if source.refused_the_secret_key(&error) => {
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]
mod tests {
    use std::{future::pending, sync::Arc};

    use bytes::Bytes;
    use http::{Request, Response};
    use tower::service_fn;

    use super::*;
    use crate::{
        Error,
        client::stack::Stack,
        clock::ManualClock,
        keys::{FRESH_AGE, KeySource, KeysState, KnownTokens, MAX_AGE},
    };

    const MILLISECOND: Duration = Duration::from_millis(1);
    const DUE: Duration = Duration::from_secs(250);

    /// A store whose calls get this response, or none.
    fn store(clock: &ManualClock, response: Option<(u16, &'static str)>) -> KeyStore {
        let stack = Stack::new(service_fn(move |_: Request<Bytes>| async move {
            let Some((status, body)) = response else { return pending().await };
            Ok::<_, Error>(Response::builder().status(status).body(Bytes::from(body)).unwrap())
        }));
        KeyStore::new(KeySource::Backend(stack), None, KnownTokens::up_to(0), Arc::new(clock.clone()))
    }

    fn clock() -> ManualClock {
        ManualClock::at(Timestamp::from_secs(1_700_000_000))
    }

    /// Keys that have this id.
    fn keys(kid: &str) -> KeySet {
        KeySet::from_jwks(format!(r#"{{"keys":[{{"kid":"{kid}"}}]}}"#).as_bytes()).unwrap()
    }

    fn failure(at: Moment, backoff: Duration) -> Failure {
        Failure { error: KeysError::unreachable("down"), at, backoff, count: 1 }
    }

    /// A store with keys of this age.
    fn aged(age: Duration) -> (KeyStore, Moment) {
        let clock = clock();
        let store = store(&clock, None);
        let (keys, asked) = (keys("a"), store.now());
        let snapshot = Snapshot { keys, body: Bytes::new(), asked, call: 1, due: DUE };
        store.0.snapshot.store(Some(Arc::new(snapshot)));
        clock.advance(age);
        (store.clone(), store.now())
    }

    #[tokio::test(start_paused = true)]
    async fn what_keys_are_used_for_depends_on_their_age() {
        for (age, expected, in_an_outage) in [
            (Duration::ZERO, Age::Fresh, true),
            (DUE - MILLISECOND, Age::Fresh, true),
            (DUE, Age::Due, true),
            (FRESH_AGE - MILLISECOND, Age::Due, true),
            (FRESH_AGE, Age::Stale, true),
            (MAX_AGE - MILLISECOND, Age::Stale, true),
            (MAX_AGE, Age::Expired, false),
        ] {
            let (store, now) = aged(age);
            assert_eq!(store.snapshot().unwrap().age(now), expected, "{age:?}");
            assert_eq!(store.current().is_some(), expected < Age::Stale, "{age:?}");
            let state = match expected {
                Age::Fresh | Age::Due => KeysState::Fresh,
                Age::Stale => KeysState::Stale { usable_for: MAX_AGE - age },
                Age::Expired => KeysState::Missing,
            };
            assert_eq!(store.state(), state, "{age:?}");
            // Clerk has just failed.
            let (store, now) = aged(age);
            store.lock().failure = Some(failure(now, FIRST_BACKOFF));
            assert_eq!(store.current().is_some(), in_an_outage, "{age:?}");
        }
    }

    /// A request waits for all of an attempt if there are no keys to use instead.
    #[tokio::test(start_paused = true)]
    async fn only_requests_with_usable_keys_are_impatient() {
        for (age, kid, is_impatient) in [
            (FRESH_AGE, "a", true),
            (FRESH_AGE, "b", false),
            (MAX_AGE - MILLISECOND, "a", true),
            (MAX_AGE, "a", false),
        ] {
            let (store, now) = aged(age);
            // The backoff has just ended.
            store.lock().failure = Some(failure(now, Duration::ZERO));
            let look = store.lock().look(&store, Wanted::Key(kid), 0, now);
            let Look::Wait(_, patience) = look else { panic!("{age:?} {kid}") };
            assert_eq!(patience.is_some(), is_impatient, "{age:?} {kid}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_response_brings_no_removed_key_back() {
        let store = store(&clock(), None);
        for (call, kid, is_stored, current) in
            [(2, "b", true, "b"), (1, "a", false, "b"), (3, "c", true, "c"), (2, "b", false, "c")]
        {
            assert_eq!(store.store(keys(kid), kid.to_owned().into(), call, store.now()), is_stored, "{call}");
            assert!(store.current().unwrap().contains(current), "{call}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_was_replaced_causes_no_backoff() {
        let store = store(&clock(), Some((500, "")));
        for (number, causes_backoff) in [(1, false), (2, true)] {
            let flight = Flight::start(pending()).unwrap();
            store.lock().running = Some(Running { number: 2, since: store.now(), flight });
            assert!(call(store.clone(), number, store.now()).await.is_err());
            assert_eq!(store.lock().failure.is_some(), causes_backoff, "{number}");
            assert_eq!(store.lock().running.is_none(), causes_backoff, "{number}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_says_whether_clerk_refused_the_secret_key() {
        for (status, body, refuses_key) in [
            (401, r#"{"errors":[{"code":"clerk_key_invalid","message":"m"}]}"#, true),
            (401, r#"{"errors":[{"code":"authentication_invalid","message":"m"}]}"#, false),
            (500, r#"{"errors":[{"code":"internal","message":"m"}]}"#, false),
            (404, "", false),
            // None of the keys can be used.
            (200, r#"{"keys":[{"kty":"RSA"}]}"#, false),
        ] {
            let error = store(&clock(), Some((status, body))).warm_up().await.unwrap_err();
            let is_refused = matches!(error, KeysError::SecretKeyInvalid { .. });
            let has_responded = matches!(error, KeysError::Unavailable { responded: true, .. });
            assert_eq!((is_refused, has_responded), (refuses_key, !refuses_key), "{status} {error:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_given_up_just_after_its_limit() {
        let since = Moment::now(&clock());
        let running = Running { number: 1, since, flight: Flight::start(pending()).unwrap() };
        for (wait, is_alive) in
            [(Duration::ZERO, true), (CALL_LIMIT, true), (PATIENCE - MILLISECOND, true), (MILLISECOND, false)]
        {
            tokio::time::advance(wait).await;
            assert_eq!(running.is_alive(Moment::now(&clock())), is_alive, "{wait:?} later");
        }
    }

    #[test]
    fn clerk_is_asked_again_at_the_end_of_a_backoff() {
        let clock = clock();
        let failure = failure(Moment::now(&clock), FIRST_BACKOFF);
        clock.advance(FIRST_BACKOFF - MILLISECOND);
        assert!(failure.is_recent(Moment::now(&clock)));
        clock.advance(MILLISECOND);
        assert!(!failure.is_recent(Moment::now(&clock)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_remembered_of_key_ids_is_bounded() {
        let (mut unverified, now) = (Unverified::default(), Instant::now());
        for number in 0..2 * MAX_ASKED {
            unverified.remember(&number.to_string(), 1, now);
            unverified.remember("again", 1, now);
        }
        let [longest, too_long] = [MAX_KID, MAX_KID + 1].map(|length| "k".repeat(length));
        unverified.remember(&longest, 1, now);
        unverified.remember(&too_long, 1, now);
        assert_eq!(unverified.asked.len(), MAX_ASKED);
        let (store, _) = aged(Duration::ZERO);
        let snapshot = store.snapshot().unwrap();
        let last = (2 * MAX_ASKED - 1).to_string();
        let mut was_asked = |kid: &str, now| unverified.was_asked(kid, &snapshot, 1, now);
        assert!(was_asked(&last, now) && was_asked("again", now) && !was_asked("0", now));
        assert!(was_asked(&longest, now) && !was_asked(&too_long, now));
        assert!(was_asked(&last, now + ASKED_AGE - MILLISECOND));
        assert!(!was_asked(&last, now + ASKED_AGE));
    }
}
