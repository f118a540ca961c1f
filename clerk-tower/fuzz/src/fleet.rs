use std::{
    collections::HashMap,
    convert::Infallible,
    future::{Ready, pending, ready},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use clerk_core::api::users;
use clerk_tower::{
    Clerk,
    fleet::{Broadcast, Fleet, FleetFuture, Heard, SecondLevel, Store, Subscription},
};
use http::{Request, Response};
use http_body_util::Full;
use serde_json::json;
use tokio::runtime::Builder;
use tower::Service;

/// What stands between two pieces of the input.
const END: u8 = 0xFF;

/// An engine that anybody can write to: it sends any messages, and returns any values, or what was stored with any changes.
///
/// What a look-up returns has come from Clerk, and nothing from the engine delays it for long. The first byte says whether
/// responses are encrypted; the rest are pieces, which are messages and values in turn.
pub fn fleet(data: &[u8]) {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime starts").block_on(play(data));
}

async fn play(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let pieces: Vec<Bytes> = rest.split(|byte| *byte == END).take(64).map(Bytes::copy_from_slice).collect();
    let (messages, changes) = pieces.into_iter().enumerate().partition::<Vec<_>, _>(|(nth, _)| nth % 2 == 0);
    let without_number = |pieces: Vec<(usize, Bytes)>| pieces.into_iter().map(|(_, piece)| piece).collect();
    let engine = Engine(Arc::new(Mutex::new(State {
        messages: without_number(messages),
        changes: without_number(changes),
        values: HashMap::new(),
        reads: 0,
    })));
    let settings = SecondLevel::new();
    let settings = if first % 2 == 0 { settings } else { settings.encrypt_with([7; 32]) };
    let instance = Instance::default();
    let client = || {
        let fleet = Fleet::new(engine.clone(), engine.clone()).instance("i").second_level(settings.clone());
        let builder = Clerk::builder().secret_key("sk_test_4pK7dQ2mXw9sB1vN6yJ3");
        builder.transport(instance.clone()).fleet(fleet).build().expect("the settings are valid")
    };
    for client in [client(), client(), client()] {
        let linked = tokio::time::timeout(Duration::from_secs(60), client.fleet().linked()).await;
        assert!(linked.is_ok(), "what the engine returns keeps nobody from being linked");
        for _ in 0..3 {
            let begun = tokio::time::Instant::now();
            let user = client.cached(users::get("user_1")).await.expect("Clerk responds");
            assert!(begun.elapsed() <= Duration::from_millis(1300), "{:?}", begun.elapsed());
            let number = user.first_name.as_deref().and_then(|name| name.parse::<u32>().ok());
            let asked = instance.0.load(Ordering::SeqCst);
            assert!(number.is_some_and(|number| (1..=asked).contains(&number)), "{:?}", user.first_name);
            tokio::task::yield_now().await;
        }
        drop(client.authenticate_token("x").await);
    }
}

/// Clerk, which names a user by how often it was asked.
#[derive(Clone, Default)]
struct Instance(Arc<AtomicU32>);

impl Service<Request<Bytes>> for Instance {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Bytes>) -> Self::Future {
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        let name = number.to_string();
        let user =
            json!({"id": "user_1", "object": "user", "first_name": name, "banned": false, "locked": false});
        ready(Ok(Response::new(Full::from(user.to_string()))))
    }
}

#[derive(Clone)]
struct Engine(Arc<Mutex<State>>);

struct State {
    messages: Vec<Bytes>,
    changes: Vec<Bytes>,
    values: HashMap<String, Bytes>,
    reads: usize,
}

impl State {
    /// What the engine returns for a key: what was stored, or what the next piece makes of it.
    fn read(&mut self, key: &str) -> Option<Bytes> {
        let stored = self.values.get(key).cloned();
        let change = self.changes.get(self.reads % self.changes.len().max(1)).cloned().unwrap_or_default();
        self.reads += 1;
        match (change.split_first(), stored) {
            (None, stored) => stored,
            (Some((b'=', value)), _) => Some(Bytes::copy_from_slice(value)),
            (Some((b'-', _)), _) => None,
            (Some((at, bits)), Some(stored)) => {
                let mut changed = stored.to_vec();
                for (nth, bits) in bits.iter().enumerate() {
                    if let Some(byte) = changed.get_mut(usize::from(*at) + nth) {
                        *byte ^= bits;
                    }
                }
                Some(changed.into())
            }
            (Some((length, _)), None) => Some(vec![b'0'; usize::from(*length)].into()),
        }
    }
}

impl Engine {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics with the lock")
    }
}

fn done<'a, T: Send + 'a>(value: T) -> FleetFuture<'a, T> {
    Box::pin(ready(Ok(value)))
}

impl Store for Engine {
    fn get<'a>(&'a self, keys: &'a [String]) -> FleetFuture<'a, Vec<Option<Bytes>>> {
        let mut state = self.state();
        done(keys.iter().map(|key| state.read(key)).collect())
    }

    fn set<'a>(&'a self, values: &'a [(String, Bytes)], _: Duration) -> FleetFuture<'a, ()> {
        self.state().values.extend(values.iter().cloned());
        done(())
    }

    fn set_if_absent<'a>(&'a self, key: &'a str, value: Bytes, _: Duration) -> FleetFuture<'a, bool> {
        let mut state = self.state();
        let is_absent = !state.values.contains_key(key);
        state.values.entry(key.to_owned()).or_insert(value);
        done(is_absent)
    }

    fn set_if_equal<'a>(&'a self, _: &'a str, _: &'a [u8], _: Bytes, _: Duration) -> FleetFuture<'a, bool> {
        done(false)
    }

    fn delete_if_equal<'a>(&'a self, key: &'a str, expected: &'a [u8]) -> FleetFuture<'a, bool> {
        let mut state = self.state();
        let is_equal = state.values.get(key).is_some_and(|present| present == expected);
        if is_equal {
            state.values.remove(key);
        }
        done(is_equal)
    }

    fn increment<'a>(&'a self, _: &'a str, _: Duration) -> FleetFuture<'a, u64> {
        done(1)
    }
}

impl Broadcast for Engine {
    fn publish<'a>(&'a self, _: &'a str, _: Bytes) -> FleetFuture<'a, ()> {
        done(())
    }

    fn subscribe(&self, _: &str) -> Box<dyn Subscription> {
        Box::new(Messages { linked: true, rest: self.state().messages.clone() })
    }
}

struct Messages {
    linked: bool,
    rest: Vec<Bytes>,
}

impl Subscription for Messages {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Heard> + Send + '_>> {
        if std::mem::take(&mut self.linked) {
            return Box::pin(ready(Heard::Linked));
        }
        match self.rest.pop() {
            Some(message) => Box::pin(ready(Heard::Message(message))),
            None => Box::pin(pending()),
        }
    }
}
