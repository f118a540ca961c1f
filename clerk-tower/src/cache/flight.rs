//! One call for all who ask for the same answer at the same time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use clerk_core::{OperationInfo, Timestamp, decode::ResponseError};
use http::{Request, Response};
use tokio::{runtime::Handle, sync::watch};
use tower::ServiceExt as _;

use super::{
    Shared,
    generations::Stamp,
    policy::age,
    store::{Answer, Entry, Found, Key, Value},
    touch,
};
use crate::{Error, ErrorKind, client::attempts, telemetry};

/// A call that can be made, without the operation's type.
pub(super) struct Call {
    pub(super) key: Key,
    pub(super) info: &'static OperationInfo,
    pub(super) request: Request<Bytes>,
    pub(super) decode: fn(&Response<Bytes>) -> Result<Value, ResponseError>,
    pub(super) max_age: Option<Duration>,
}

type Landed = Option<Answer>;

/// The calls under way.
#[derive(Default)]
pub(super) struct Flights(Mutex<Running>);

#[derive(Default)]
struct Running {
    flights: HashMap<Key, Flight>,
    started: u64,
}

struct Flight {
    number: u64,
    asked: Timestamp,
    stamp: Stamp,
    answer: watch::Receiver<Landed>,
}

/// What somebody who wants an answer is told.
pub(super) enum Joined {
    /// Another call brought it in between.
    Known(Answer),
    /// A call is on its way, perhaps started just now.
    Waiting(watch::Receiver<Landed>),
}

impl Flights {
    fn lock(&self) -> MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// Whether its answer will do for somebody who asks now: nothing was written since it began, and that is not
    /// longer ago than calls last, as it is when the computer slept.
    fn serves(&self, cache: &Shared, now: Timestamp, max_age: Option<Duration>) -> bool {
        cache.store.generations.holds(&self.stamp)
            && age(self.asked, now).is_some_and(|age| age <= max_age.unwrap_or(cache.call_limit))
    }
}

/// Joins the call that is under way, or starts one.
pub(super) fn join(cache: &Arc<Shared>, call: Call) -> Result<Joined, Error> {
    let mut running = cache.flights.lock();
    // Looked up again under the lock: a call may have ended since.
    let now = cache.clock.now();
    if let Found::Fresh(answer) = cache.store.look(&call.key, now, call.max_age) {
        return Ok(Joined::Known(answer));
    }
    let flight = running.flights.get(&call.key);
    if let Some(flight) = flight.filter(|flight| flight.serves(cache, now, call.max_age)) {
        return Ok(Joined::Waiting(flight.answer.clone()));
    }
    let runtime = Handle::try_current()
        .map_err(|_| Error::new(Some(call.info), ErrorKind::Config("there is no tokio runtime here")))?;
    running.started = running.started.wrapping_add(1);
    let (sender, answer) = watch::channel(None);
    let stamp = cache.store.generations.stamp(touch::depends(call.info, call.key.uri.path()));
    let flight = Flight { number: running.started, asked: now, stamp, answer: answer.clone() };
    let landing = Landing { cache: cache.clone(), key: call.key.clone(), number: flight.number };
    running.flights.insert(call.key.clone(), flight);
    drop(running);
    runtime.spawn(fly(landing, call, now, stamp, sender));
    Ok(Joined::Waiting(answer))
}

/// The call itself, in a task of its own: it outlives those who wait for it.
async fn fly(landing: Landing, call: Call, asked: Timestamp, stamp: Stamp, sender: watch::Sender<Landed>) {
    let cache = landing.cache.clone();
    let (info, key) = (call.info, call.key.clone());
    // The stack has its own deadlines; this one holds if a custom stack has none.
    let sent = tokio::time::timeout(cache.call_limit, send(&cache, call)).await;
    let sent = sent.unwrap_or_else(|_| Err(Error::new(Some(info), ErrorKind::Timeout(cache.call_limit))));
    let answer = match sent {
        Ok((value, bytes)) => {
            cache.store.keep(key, Entry::new(Ok(value.clone()), asked, stamp, bytes));
            Ok(value)
        }
        Err(error) => {
            if error.is_missing() {
                cache.store.keep(key, Entry::new(Err(error.clone()), asked, stamp, 0));
            } else if error.is_retryable() {
                cache.store.rest(&key, cache.clock.now());
            } else {
                cache.store.drop_older(&key, asked);
            }
            Err(error)
        }
    };
    // First kept, then no longer under way, so that nobody who comes in between starts another call.
    drop(landing);
    // No receiver is left when everybody hung up; the answer is kept all the same.
    let _ = sender.send(Some(answer));
}

/// The value, and how many bytes it was read from.
async fn send(cache: &Shared, call: Call) -> Result<(Value, usize), Error> {
    let span = telemetry::Call::start(call.info);
    let response = span.during(cache.stack.clone().oneshot(call.request)).await;
    let sent = response.and_then(|response| match (call.decode)(&response) {
        Ok(value) => Ok((value, response)),
        Err(error) => Err(Error::from_response(call.info, error).after(attempts(&response))),
    });
    match &sent {
        Ok((_, response)) => span.end(Ok(response.status()), attempts(response)),
        Err(error) => span.end(Err(error), error.all_attempts()),
    }
    sent.map(|(value, response)| (value, response.body().len()))
}

/// Takes a call off the list when it ends, however it ends.
struct Landing {
    cache: Arc<Shared>,
    key: Key,
    number: u64,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut running = self.cache.flights.lock();
        if running.flights.get(&self.key).is_some_and(|flight| flight.number == self.number) {
            running.flights.remove(&self.key);
        }
    }
}

/// Waits for a call's answer.
pub(super) async fn wait(info: &'static OperationInfo, mut running: watch::Receiver<Landed>) -> Answer {
    match running.wait_for(Option::is_some).await.as_deref() {
        Ok(Some(answer)) => answer.clone(),
        _ => Err(Error::new(Some(info), ErrorKind::Transfer("the call ended without an answer".into()))),
    }
}
