//! The calls in flight: concurrent callers of the same operation share one.

use std::{
    borrow::Borrow as _,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use clerk_core::{OperationInfo, credential::Credential, decode::ResponseError};
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode};

use super::{
    Shared,
    generations::Stamp,
    invalidation,
    second_level::{Ended, Found as FoundShared, Looked, SecondLevel},
    store::{Cached, Entry, Found, Key, Value},
};
use crate::{
    Error, ErrorKind,
    clock::Moment,
    error::attempts,
    runtime::NoRuntime,
    single_flight::{Flight, Lost},
    telemetry,
};

/// Decodes a response, and checks that it is about what the operation asked for. Returns also the memory of the value, in
/// bytes.
pub(super) type Decode = Arc<dyn Fn(&Response<Bytes>) -> Result<(Value, usize), ResponseError> + Send + Sync>;

/// A call that can be made without knowing the operation's type.
#[derive(Clone)]
pub(super) struct CacheCall {
    pub(super) key: Key,
    pub(super) info: &'static OperationInfo,
    pub(super) credential: Credential,
    pub(super) request: Request<Bytes>,
    pub(super) decode: Decode,
    pub(super) max_age: Option<Duration>,
    /// How long the caller that starts it waits at most.
    pub(super) limit: Duration,
}

/// The calls that are in flight.
#[derive(Default)]
pub(super) struct InFlight(Mutex<Calls>);

#[derive(Default)]
struct Calls {
    by_key: HashMap<Key, Running>,
    started: u64,
}

struct Running {
    number: u64,
    asked: Moment,
    /// Up to which age the call takes a response from another process.
    max_age: Option<Duration>,
    stamp: Stamp,
    flight: Flight<Cached>,
}

/// What a caller gets.
pub(super) enum Joined {
    /// Another call has stored it in the meantime.
    Known(Cached),
    /// A call in flight, perhaps started just now.
    Waiting(Flight<Cached>),
}

impl InFlight {
    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Returns `true` if its result is valid for a caller that asks now: it still runs, nothing that it depends on was
    /// written since it started, and it did not start longer ago than a call may take, as after a suspend of the
    /// computer.
    fn serves(&self, cache: &Shared, now: Moment, max_age: Option<Duration>) -> bool {
        let waited = now.since(self.asked);
        let older = cache.second_level.as_ref().map_or(Some(Duration::ZERO), |_| self.max_age);
        self.flight.is_running()
            && cache.store.generations.holds(&self.stamp)
            && match max_age {
                None => waited <= cache.call_limit,
                // What comes from another process may be older than the call.
                Some(max) => older.is_some_and(|older| waited.saturating_add(older) <= max),
            }
    }
}

/// Joins the call in flight, or starts one for a caller that waits for it.
pub(super) fn join(cache: &Arc<Shared>, call: CacheCall) -> Result<Joined, Error> {
    join_with(cache, call, Flight::start)
}

/// Starts a call in the background, unless one is in flight.
pub(super) fn refresh(cache: &Arc<Shared>, call: CacheCall) {
    // Without a runtime the refresh does not start. The stale value is still usable.
    let _ = join_with(cache, call, Flight::start_in_background);
}

type Start = fn(BoxFuture<'static, Cached>) -> Result<Flight<Cached>, NoRuntime>;

fn join_with(cache: &Arc<Shared>, call: CacheCall, start: Start) -> Result<Joined, Error> {
    let mut calls = cache.in_flight.lock();
    // Looked up again under the lock: a call may have ended since.
    let now = cache.now();
    if let Found::Fresh(cached) = cache.store.look(call.key.borrow(), now, call.max_age) {
        return Ok(Joined::Known(cached));
    }
    let running = calls.by_key.get(&call.key);
    if let Some(running) = running.filter(|running| running.serves(cache, now, call.max_age)) {
        return Ok(Joined::Waiting(running.flight.clone()));
    }
    cache.store.sweep(&call.key);
    // Numbered, so that a call that was replaced does not remove its successor when it ends.
    calls.started = calls.started.wrapping_add(1);
    let (number, key, info, max_age) = (calls.started, call.key.clone(), call.info, call.max_age);
    let stamp = cache.store.generations.stamp(invalidation::depends(info, call.request.uri().path()));
    let flight = start(Box::pin(fetch(cache.clone(), number, call, now, stamp)))
        .map_err(|NoRuntime(problem)| Error::new(Some(info), ErrorKind::Config(problem)))?;
    calls.by_key.insert(key, Running { number, asked: now, max_age, stamp, flight: flight.clone() });
    Ok(Joined::Waiting(flight))
}

/// Takes the response from another process or makes the call, in a task of its own, and stores its result.
async fn fetch(cache: Arc<Shared>, number: u64, call: CacheCall, asked: Moment, stamp: Stamp) -> Cached {
    let (info, key) = (call.info, call.key.clone());
    // Created here and not in `join`, which holds the lock that its `drop` takes.
    let landing = Landing { cache: cache.clone(), key: key.clone(), number };
    let turn = match second_level(&cache, &call).await {
        Looked::Found(FoundShared { value, bytes, asked }) => {
            cache.store.keep(key, Entry::new(Ok(value.clone()), asked, stamp, bytes));
            drop(landing);
            return Ok(value);
        }
        Looked::Ask(turn) => turn,
    };
    // The stack has deadlines; this one holds if a custom stack has none.
    let sent = tokio::time::timeout(cache.call_limit, send(&cache, call)).await;
    let sent = sent.unwrap_or_else(|_| Err(Error::new(Some(info), ErrorKind::Timeout(cache.call_limit))));
    if let Some(turn) = turn {
        SecondLevel::end(&cache, *turn, ended(&sent), asked, stamp);
    }
    let cached = match sent {
        Ok(Sent { value, bytes, .. }) => {
            cache.store.keep(key, Entry::new(Ok(value.clone()), asked, stamp, bytes));
            Ok(value)
        }
        Err(error) => {
            if error.is_retryable() {
                cache.store.back_off(&key, cache.now());
            } else {
                // Of these, only Clerk's own "not found" is served: a proxy's 404 would hide existing resources. All of them
                // replace an older value, which must not hide a 403.
                cache.store.keep(key, Entry::new(Err(error.clone()), asked, stamp, 0));
            }
            Err(error)
        }
    };
    // Removed after the entry is stored, so that a caller in between does not start another call.
    drop(landing);
    cached
}

async fn second_level(cache: &Shared, call: &CacheCall) -> Looked {
    match &cache.second_level {
        Some(shared) => telemetry::second_level_span(call.info, shared.look(cache, call)).await,
        None => Looked::Ask(None),
    }
}

/// What the other processes learn of a call.
fn ended(sent: &Result<Sent, Error>) -> Ended {
    match sent {
        Ok(sent) if sent.response.status() == StatusCode::OK => Ended::Response(sent.response.body().clone()),
        Err(error)
            if error.status().is_some_and(|status| status.is_client_error()) && !error.is_retryable() =>
        {
            Ended::Refused
        }
        _ => Ended::Failed,
    }
}

/// The response to a call.
struct Sent {
    value: Value,
    /// The memory of the value.
    bytes: usize,
    response: Response<Bytes>,
}

async fn send(cache: &Shared, call: CacheCall) -> Result<Sent, Error> {
    let span = telemetry::Call::start(call.info);
    let response = span.during(cache.stack.send(call.request)).await;
    let sent = response.and_then(|response| match (call.decode)(&response) {
        Ok((value, bytes)) => Ok(Sent { value, bytes, response }),
        Err(error) => Err(Error::from_response(call.info, error).after(attempts(&response))),
    });
    match &sent {
        Ok(Sent { response, .. }) => span.end(Ok(response.status()), attempts(response)),
        Err(error) => span.end(Err(error), error.all_attempts()),
    }
    sent
}

/// Removes a call when it ends, however it ends: it may panic, and its runtime may be shut down.
struct Landing {
    cache: Arc<Shared>,
    key: Key,
    number: u64,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut calls = self.cache.in_flight.lock();
        if calls.by_key.get(&self.key).is_some_and(|running| running.number == self.number) {
            calls.by_key.remove(&self.key);
        }
    }
}

/// Joins the call in flight or starts one, and waits for its result. Returns whether another call had stored it already.
///
/// If the call is lost, because its runtime ended or stands still, the first caller that notices makes it again.
pub(super) async fn join_and_wait(cache: &Arc<Shared>, call: CacheCall) -> (bool, Cached) {
    for _ in 0..2 {
        match join(cache, call.clone()) {
            Ok(Joined::Known(cached)) => return (true, cached),
            Ok(Joined::Waiting(flight)) => match flight.wait().await {
                Ok(cached) => return (false, cached),
                Err(Lost::WithRuntime) => {}
                Err(Lost::Panicked) => break,
            },
            Err(error) => return (false, Err(error)),
        }
    }
    let problem = ErrorKind::Transfer("the call ended without a result".into());
    (false, Err(Error::new(Some(call.info), problem)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "these are tests")]
mod tests {
    use clerk_core::{Operation as _, api::jwks};

    use super::*;

    /// Only a value is passed on to other processes, and only what Clerk would say to each of them is their result too.
    #[test]
    fn a_call_ends_for_other_processes_as_it_would_for_them() {
        let response = |status: u16| Response::builder().status(status).body(Bytes::new()).unwrap();
        for (status, expected) in [
            (200, "response"),
            (204, "failed"),
            (403, "refused"),
            (404, "refused"),
            (429, "failed"),
            (503, "failed"),
        ] {
            let sent = match jwks::get_jwks().decode(&response(status)) {
                Err(error) if status >= 400 => Err(Error::from_response(jwks::GetJwks::INFO, error)),
                _ => Ok(Sent { value: Arc::new(()), bytes: 0, response: response(status) }),
            };
            let found = match ended(&sent) {
                Ended::Response(_) => "response",
                Ended::Refused => "refused",
                Ended::Failed => "failed",
            };
            assert_eq!(found, expected, "{status}");
        }
    }
}
