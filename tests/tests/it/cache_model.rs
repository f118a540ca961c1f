//! Model test of the cache: reads, writes, invalidations, failures and hang-ups in any order, checked against a
//! simple model of what a caller may see.
//!
//! Clerk is modeled as counters: each write increments one, and each read returns how often its resource was written.
//! The test decides when a call takes effect and when its response arrives, so that every interleaving can happen.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use clerk_core::{
    Operation, OperationInfo, Timestamp,
    credential::NeedsSecretKey,
    decode::{ResponseError, json},
    encode::BuildError,
};
use clerk_tests::{
    NOW,
    scripted::{Call, Scripted},
};
use clerk_tower::{
    Clerk, Error,
    client::options::CallOptions,
    clock::{Clock as _, ManualClock},
};
use http::{HeaderName, Method, Request, Response};
use proptest::prelude::*;
use serde_json::json;
use tokio::task::{JoinHandle, yield_now};

/// The maximum age of a response with the settings of these tests.
const OLDEST: Duration = Duration::from_secs(600);
/// The number of users. The index after the last user is their list, which changes with each of them.
const USERS: usize = 2;
const LIST: usize = USERS;
/// The header with the number of the write.
const NUMBER: HeaderName = HeaderName::from_static("x-number");

fn request(method: &Method, path: &str, info: &'static OperationInfo) -> Request<Bytes> {
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = method.clone();
    *request.uri_mut() = path.parse().unwrap();
    request.extensions_mut().insert(info);
    request
}

macro_rules! operation {
    ($name:ident, $method:ident, $template:literal, $path:expr) => {
        #[derive(PartialEq, Eq, Hash)]
        struct $name(usize);

        impl Operation for $name {
            type Output = u64;
            type Credential = NeedsSecretKey;
            const INFO: &'static OperationInfo =
                &OperationInfo::new(stringify!($name), Method::$method, $template, "Users");

            fn request(&self) -> Result<Request<Bytes>, BuildError> {
                let path: fn(usize) -> String = $path;
                Ok(request(&Self::INFO.method, &path(self.0), Self::INFO))
            }

            fn decode(&self, response: &Response<Bytes>) -> Result<u64, ResponseError> {
                json(Self::INFO, response)
            }
        }
    };
}

operation!(Read, GET, "/users/{user_id}", |user| format!("/users/user_{user}"));
operation!(ReadList, GET, "/users", |_| "/users".to_owned());
operation!(Write, PATCH, "/users/{user_id}", |user| format!("/users/user_{user}"));

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A caller requests a user, or the list.
    Read(usize),
    Write(usize),
    /// Another client changes a user, without a webhook.
    Change(usize),
    /// A call takes effect.
    Arrive(usize),
    /// The response to a call that took effect is delivered.
    Respond(usize),
    /// A call fails with 503, whether or not it took effect.
    Fail(usize),
    /// Clerk refuses a call that has not taken effect.
    Refuse(usize),
    /// A caller hangs up.
    HangUp(usize),
    /// A webhook about a user arrives.
    Forget(usize),
    Clear,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let some = 0..8_usize;
    prop_oneof![
        8 => (0..=LIST).prop_map(Step::Read),
        4 => (0..USERS).prop_map(Step::Write),
        1 => (0..USERS).prop_map(Step::Change),
        8 => some.clone().prop_map(Step::Arrive),
        8 => some.clone().prop_map(Step::Respond),
        2 => some.clone().prop_map(Step::Fail),
        1 => some.clone().prop_map(Step::Refuse),
        2 => some.prop_map(Step::HangUp),
        1 => (0..USERS).prop_map(Step::Forget),
        1 => Just(Step::Clear),
        3 => prop_oneof![Just(1), Just(29), Just(40), Just(301)].prop_map(Step::Pass),
    ]
}

/// A call in progress, and its effect.
struct Sent {
    call: Call,
    effect: Option<u64>,
}

/// A waiting caller.
enum Caller {
    Reader { resource: usize, since: Timestamp, at_least: u64, task: JoinHandle<Result<Arc<u64>, Error>> },
    Writer { user: usize, number: usize, task: JoinHandle<Result<u64, Error>> },
}

struct World {
    scripted: Scripted,
    clock: ManualClock,
    clerk: Clerk,
    sent: Vec<Sent>,
    callers: Vec<Caller>,
    /// The value of each resource at Clerk, now and at every time before.
    shows: [Vec<(Timestamp, u64)>; USERS + 1],
    /// The lowest value that a read starting now may return.
    at_least: [u64; USERS + 1],
    /// The effect of each write that took effect.
    effects: Vec<Option<u64>>,
    writes: u64,
    answered: usize,
    calls: usize,
}

impl World {
    fn new() -> Self {
        let (scripted, clock) = (Scripted::default(), ManualClock::at(NOW));
        let builder = Clerk::builder().secret_key("sk_test_x").max_attempts(1);
        let clerk = builder.transport(scripted.clone()).clock(clock.clone()).build().unwrap();
        Self {
            scripted,
            clock,
            clerk,
            sent: Vec::new(),
            callers: Vec::new(),
            shows: std::array::from_fn(|_| vec![(Timestamp::from_millis(i64::MIN), 0)]),
            at_least: [0; USERS + 1],
            effects: Vec::new(),
            writes: 0,
            answered: 0,
            calls: 0,
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn shown(&self, resource: usize) -> u64 {
        self.shows[resource].last().unwrap().1
    }

    /// Returns the value of a resource at Clerk at that time.
    fn shown_at(&self, resource: usize, time: Timestamp) -> u64 {
        self.shows[resource].iter().rev().find(|(since, _)| *since <= time).unwrap().1
    }

    fn change(&mut self, user: usize) -> u64 {
        self.writes += 1;
        for resource in [user, LIST] {
            let entry = (self.now(), self.writes);
            self.shows[resource].push(entry);
        }
        self.writes
    }

    /// Requires reads of the user from now on to return at least this value.
    fn acknowledge(&mut self, user: usize, effect: u64) {
        for resource in [user, LIST] {
            self.at_least[resource] = self.at_least[resource].max(effect);
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Read(resource) => {
                let clerk = self.clerk.clone();
                let task = if resource == LIST {
                    tokio::spawn(async move { clerk.cached(ReadList(resource)).await })
                } else {
                    tokio::spawn(async move { clerk.cached(Read(resource)).await })
                };
                let (since, at_least) = (self.now(), self.at_least[resource]);
                self.callers.push(Caller::Reader { resource, since, at_least, task });
            }
            Step::Write(user) => {
                // Numbered, so that the model can match calls to writes.
                let number = self.effects.len();
                self.effects.push(None);
                let options = CallOptions::new().header(NUMBER, number.into()).unwrap();
                let clerk = self.clerk.with(options);
                let task = tokio::spawn(async move { clerk.send(Write(user)).await });
                self.callers.push(Caller::Writer { user, number, task });
            }
            Step::Change(user) => drop(self.change(user)),
            Step::Arrive(nth) => self.arrive(nth),
            Step::Respond(nth) => {
                let ready: Vec<_> = (0..self.sent.len()).filter(|n| self.sent[*n].effect.is_some()).collect();
                if let Some(nth) = ready.get(nth) {
                    let sent = self.sent.remove(*nth);
                    sent.call.respond(200, &json!(sent.effect));
                }
            }
            Step::Fail(nth) if nth < self.sent.len() => self.sent.remove(nth).call.refuse(503, "down"),
            Step::Refuse(nth) if nth < self.sent.len() && self.sent[nth].effect.is_none() => {
                self.sent.remove(nth).call.refuse(400, "refused");
            }
            Step::HangUp(nth) if nth < self.callers.len() => match self.callers.remove(nth) {
                Caller::Reader { task, .. } => task.abort(),
                Caller::Writer { user, number, task } => {
                    task.abort();
                    // The write is removed when its task ends, which is before the next step.
                    if let Some(effect) = self.effects[number] {
                        self.acknowledge(user, effect);
                    }
                }
            },
            Step::Forget(user) => {
                self.clerk.cache().invalidate_user(&format!("user_{user}").into());
                self.acknowledge(user, self.shown(user));
            }
            Step::Clear => {
                self.clerk.cache().invalidate_all();
                for resource in 0..=LIST {
                    self.at_least[resource] = self.shown(resource);
                }
            }
            Step::Pass(seconds) => self.clock.advance(Duration::from_secs(seconds)),
            Step::Fail(_) | Step::Refuse(_) | Step::HangUp(_) => {}
        }
    }

    fn arrive(&mut self, nth: usize) {
        let waiting: Vec<_> = (0..self.sent.len()).filter(|n| self.sent[*n].effect.is_none()).collect();
        let Some(nth) = waiting.get(nth).copied() else { return };
        let (method, target) = (self.sent[nth].call.method.clone(), self.sent[nth].call.target.clone());
        let resource = target.strip_prefix("/users/user_").map_or(LIST, |user| user.parse().unwrap());
        let effect = if method == Method::GET { self.shown(resource) } else { self.change(resource) };
        self.sent[nth].effect = Some(effect);
        if let Some(number) = self.sent[nth].call.headers.get(NUMBER) {
            self.effects[number.to_str().unwrap().parse::<usize>().unwrap()] = Some(effect);
        }
    }

    /// Runs all tasks until they wait, and checks their results.
    async fn settle(&mut self) {
        for _ in 0..40 {
            yield_now().await;
        }
        let calls = self.scripted.take();
        self.calls += calls.len();
        self.sent.extend(calls.into_iter().map(|call| Sent { call, effect: None }));
        let mut waiting = Vec::new();
        for caller in std::mem::take(&mut self.callers) {
            match caller {
                Caller::Reader { resource, since, at_least, task } if task.is_finished() => {
                    self.check(resource, since, at_least, task.await.unwrap());
                }
                Caller::Writer { user, number, task } if task.is_finished() => match task.await.unwrap() {
                    Ok(effect) => self.acknowledge(user, effect),
                    Err(error) if error.may_have_been_processed() => {
                        if let Some(effect) = self.effects[number] {
                            self.acknowledge(user, effect);
                        }
                    }
                    Err(_) => assert_eq!(self.effects[number], None),
                },
                caller => waiting.push(caller),
            }
        }
        self.callers = waiting;
    }

    fn check(&mut self, resource: usize, since: Timestamp, at_least: u64, got: Result<Arc<u64>, Error>) {
        let Ok(got) = got else { return };
        self.answered += 1;
        assert!(*got >= at_least, "resource {resource} shows {got}, and {at_least} was acknowledged");
        let old = self.shown_at(resource, since.saturating_sub(OLDEST));
        assert!(*got >= old, "resource {resource} shows {got}, and {old} was shown ten minutes before");
        assert!(*got <= self.shown(resource), "resource {resource} shows {got}, which was never written");
    }

    /// Checks that no task waits forever and that the next read is correct, whatever happened before.
    async fn finish(&mut self) {
        while !self.sent.is_empty() {
            while self.sent.iter().any(|sent| sent.effect.is_none()) {
                self.arrive(0);
            }
            for sent in std::mem::take(&mut self.sent) {
                sent.call.respond(200, &json!(sent.effect));
            }
            self.settle().await;
        }
        assert!(self.callers.is_empty(), "{} callers wait for ever", self.callers.len());
        for resource in 0..=LIST {
            self.step(Step::Read(resource));
        }
        self.settle().await;
        while !self.sent.is_empty() {
            self.arrive(0);
            let sent = self.sent.remove(0);
            sent.call.respond(200, &json!(sent.effect.unwrap()));
            self.settle().await;
        }
        assert!(self.callers.is_empty());
    }
}

fn run(steps: &[Step]) -> (usize, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let mut world = World::new();
        for step in steps {
            world.step(*step);
            world.settle().await;
        }
        world.finish().await;
        (world.answered, world.calls)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_read_shows_less_than_was_acknowledged_before_it_began(
        steps in prop::collection::vec(step(), 1..80),
    ) {
        run(&steps);
    }
}

/// Without this test, a cache that never has a hit would pass the one above.
#[test]
fn cached_reads_need_no_call() {
    let read = [Step::Read(0), Step::Arrive(0), Step::Respond(0)];
    let steps: Vec<_> = read.into_iter().chain([Step::Read(0); 10]).collect();
    let (answered, calls) = run(&steps);
    // One call for the user, whom `finish` reads again, and one for each of the other two.
    assert_eq!((answered, calls), (14, 3));
}
