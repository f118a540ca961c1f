//! Tests of the response cache: hits, calls to Clerk, and invalidation.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use clerk_core::{
    Operation, OperationInfo,
    api::{m2m, organizations, sessions, users},
    credential::NeedsSecretKey,
    decode::ResponseError,
    encode::{BuildError, RequestBuilder},
    model::User,
    webhook::Event,
};
use clerk_tests::{
    Instance, NOW,
    scripted::{Call, Scripted},
    settle,
};
use clerk_tower::{
    Clerk, ClerkBuilder, Error, ErrorKind, client::cache::CachePolicy, client::options::CallOptions,
    clock::ManualClock,
};
use http::{HeaderName, HeaderValue, Method, Request, Response};
use serde_json::{Value, json};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
};

/// A transport under the test's control, and a client of it that never retries.
struct Fixture {
    scripted: Scripted,
    clock: ManualClock,
    clerk: Clerk,
}

type Reading = JoinHandle<Result<Arc<User>, Error>>;

impl Fixture {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(configure: impl FnOnce(ClerkBuilder) -> ClerkBuilder) -> Self {
        let (scripted, clock) = (Scripted::default(), ManualClock::at(NOW));
        let builder = Clerk::builder()
            .secret_key("sk_test_x")
            .machine_secret_key("ak_x")
            .transport(scripted.clone())
            .clock(clock.clone())
            .max_attempts(1);
        Self { scripted, clock, clerk: configure(builder).build().unwrap() }
    }

    /// Requests a user.
    fn ask(&self, id: &str) -> Reading {
        let (clerk, id) = (self.clerk.clone(), id.to_owned());
        tokio::spawn(async move { clerk.cached(users::get(id)).await })
    }

    /// Requests a user. If that causes a call, Clerk responds with this name. Returns the name that the caller gets,
    /// and whether there was a call.
    async fn name(&self, id: &str, name: &str) -> (String, bool) {
        let reading = self.ask(id);
        settle().await;
        let calls = self.scripted.take();
        let called = !calls.is_empty();
        calls.into_iter().for_each(|call| call.respond(200, &user(id, name)));
        (reading.await.unwrap().unwrap().first_name.clone().unwrap(), called)
    }

    /// Sends an operation and responds to its call.
    async fn send<O>(&self, operation: O, respond: impl FnOnce(Call)) -> Result<O::Output, Error>
    where
        O: Operation<Credential = NeedsSecretKey, Output: Send> + Send + Sync + 'static,
    {
        let clerk = self.clerk.clone();
        let sending = tokio::spawn(async move { clerk.send(operation).await });
        settle().await;
        respond(self.scripted.one());
        sending.await.unwrap()
    }
}

/// A user as Clerk sends it.
fn user(id: &str, name: &str) -> Value {
    json!({"id": id, "object": "user", "first_name": name, "banned": false, "locked": false})
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[tokio::test]
async fn a_thousand_callers_share_one_call() {
    let fixture = Fixture::new();
    let readings: Vec<Reading> = (0..1000).map(|_| fixture.ask("user_1")).collect();
    settle().await;
    fixture.scripted.one().respond(200, &user("user_1", "Ada"));
    let mut values = Vec::new();
    for reading in readings {
        values.push(reading.await.unwrap().unwrap());
    }
    assert!(values.iter().all(|value| Arc::ptr_eq(value, &values[0])));
    assert_eq!(fixture.name("user_1", "Eve").await, ("Ada".to_owned(), false));
    let stats = fixture.clerk.cache().stats();
    assert_eq!((stats.hits, stats.misses, stats.stale, stats.entries), (1, 1000, 0, 1));
}

#[tokio::test]
async fn a_call_continues_when_its_callers_hang_up() {
    for staying in [10, 0] {
        let fixture = Fixture::new();
        let mut readings: Vec<Reading> = (0..1000).map(|_| fixture.ask("user_1")).collect();
        settle().await;
        let leaving = readings.split_off(staying);
        leaving.iter().for_each(JoinHandle::abort);
        settle().await;
        assert!(leaving.iter().all(JoinHandle::is_finished));
        fixture.scripted.one().respond(200, &user("user_1", "Ada"));
        for reading in readings {
            assert_eq!(reading.await.unwrap().unwrap().first_name.as_deref(), Some("Ada"));
        }
        settle().await;
        assert_eq!(fixture.name("user_1", "Eve").await, ("Ada".to_owned(), false), "{staying}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_callers_in_several_threads_share_one_call() {
    let fixture = Fixture::new();
    let readings: Vec<Reading> = (0..1000).map(|_| fixture.ask("user_1")).collect();
    let mut calls = Vec::new();
    clerk_tests::eventually("a call", || {
        calls.extend(fixture.scripted.take());
        !calls.is_empty()
    })
    .await;
    calls.remove(0).respond(200, &user("user_1", "Ada"));
    for reading in readings {
        reading.await.unwrap().unwrap();
    }
    assert!(calls.is_empty() && fixture.scripted.take().is_empty());
}

#[tokio::test]
async fn cached_responses_are_used_by_age() {
    // The age of the entry; Clerk's response to a call; what the caller gets; whether there was a call.
    for (age, status, want, called) in [
        (0, 200, Ok("old"), false),
        (29, 503, Ok("old"), false),
        // From here on, refreshed in the background.
        (30, 200, Ok("old"), true),
        (59, 503, Ok("old"), true),
        (60, 200, Ok("new"), true),
        (60, 503, Ok("old"), true),
        (60, 429, Ok("old"), true),
        (60, 500, Ok("old"), true),
        (60, 400, Err(400), true),
        (60, 404, Err(404), true),
        (599, 503, Ok("old"), true),
        (599, 200, Ok("new"), true),
        (600, 503, Err(503), true),
        (600, 200, Ok("new"), true),
        // The clock was set back, but the entry's age is known by monotonic time.
        (-1, 200, Ok("old"), false),
        (-1, 503, Ok("old"), false),
    ] {
        let fixture = Fixture::new();
        fixture.name("user_1", "old").await;
        fixture.clock.set(clerk_core::Timestamp::from_secs(NOW.as_secs() + age));
        let reading = fixture.ask("user_1");
        settle().await;
        let waits = !reading.is_finished();
        let calls = fixture.scripted.take();
        assert_eq!(calls.len(), usize::from(called), "{age} {status}");
        for call in calls {
            let body = if status == 200 { user("user_1", "new") } else { json!({}) };
            call.respond(status, &body);
        }
        let got = reading.await.unwrap();
        let got = got.as_ref().map(|user| user.first_name.as_deref().unwrap());
        let got = got.map_err(|error| error.status().unwrap().as_u16());
        assert_eq!(got, want, "{age} {status}");
        assert_eq!(waits, called && !(30..60).contains(&age), "{age} {status}");
    }
}

#[tokio::test]
async fn the_age_of_a_value_is_known_without_a_look_up() {
    let fixture = Fixture::new();
    let age = || fixture.clerk.cache().age(users::get("user_1"));
    assert_eq!(age(), None);
    fixture.name("user_1", "Ada").await;
    assert!(age().is_some());
    fixture.clock.advance(secs(12));
    assert!(age().unwrap() >= secs(12));
    assert_eq!(fixture.clerk.cache().age(users::get("user_2")), None);
    let stats = fixture.clerk.cache().stats();
    assert_eq!((stats.hits, stats.misses), (0, 1));
    fixture.clerk.cache().invalidate_user(&"user_1".into());
    assert_eq!(age(), None);
}

#[tokio::test]
async fn each_age_of_the_policy_can_be_set() {
    let policy = CachePolicy::new()
        .fresh(secs(1))
        .stale_while_revalidate(secs(2))
        .stale_if_error(secs(4))
        .not_found(secs(8));
    // The response that is cached, its age, what Clerk responds later, and whether the caller gets that.
    for (first, age, second, gets_second) in [
        (200, 0, 503, false),
        (200, 1, 503, false),
        (200, 3, 503, false),
        (200, 4, 503, true),
        (404, 7, 200, false),
        (404, 8, 200, true),
    ] {
        let fixture = Fixture::with(|builder| builder.cache(policy));
        let read = async |status: u16| {
            let reading = fixture.ask("user_1");
            settle().await;
            for call in fixture.scripted.take() {
                match status {
                    200 => call.respond(200, &user("user_1", "Ada")),
                    _ => call.refuse(status, "resource_not_found"),
                }
            }
            reading.await.unwrap().map_or_else(|error| error.status().unwrap().as_u16(), |_| 200)
        };
        assert_eq!(read(first).await, first);
        fixture.clock.advance(secs(age));
        assert_eq!(read(second).await, if gets_second { second } else { first }, "{first} after {age} s");
    }
}

#[tokio::test]
async fn a_background_refresh_provides_the_next_response() {
    let fixture = Fixture::new();
    fixture.name("user_1", "old").await;
    fixture.clock.advance(secs(45));
    // Concurrent callers share one call.
    for _ in 0..3 {
        let reading = fixture.ask("user_1");
        settle().await;
        assert_eq!(reading.await.unwrap().unwrap().first_name.as_deref(), Some("old"));
    }
    fixture.scripted.one().respond(200, &user("user_1", "new"));
    settle().await;
    assert_eq!(fixture.name("user_1", "newer").await, ("new".to_owned(), false));
    let stats = fixture.clerk.cache().stats();
    assert_eq!((stats.hits, stats.misses, stats.stale), (1, 1, 3));
}

#[tokio::test]
async fn after_a_failure_clerk_is_not_called_again_for_a_while() {
    let fixture = Fixture::new();
    fixture.name("user_1", "old").await;
    fixture.clock.advance(secs(100));
    let reading = fixture.ask("user_1");
    settle().await;
    fixture.scripted.one().break_off();
    assert_eq!(reading.await.unwrap().unwrap().first_name.as_deref(), Some("old"));
    assert_eq!(fixture.name("user_1", "new").await, ("old".to_owned(), false));
    fixture.clock.advance(secs(5));
    assert_eq!(fixture.name("user_1", "new").await, ("new".to_owned(), true));
}

#[tokio::test]
async fn a_404_from_clerk_is_cached_briefly() {
    for (code, kept) in [("resource_not_found", true), ("", false)] {
        let fixture = Fixture::new();
        let reading = fixture.ask("user_1");
        settle().await;
        fixture.scripted.one().refuse(404, code);
        assert!(reading.await.unwrap().unwrap_err().is_not_found());
        fixture.clock.advance(Duration::from_millis(4999));
        let reading = fixture.ask("user_1");
        settle().await;
        assert_eq!(reading.is_finished(), kept);
        assert_eq!(fixture.scripted.take().len(), usize::from(!kept));
        reading.abort();
        if kept {
            fixture.clock.advance(Duration::from_millis(1));
            assert_eq!(fixture.name("user_1", "Ada").await, ("Ada".to_owned(), true));
        }
    }
}

#[tokio::test]
async fn a_cached_404_ends_when_the_resource_is_created() {
    let fixture = Fixture::new();
    let reading = fixture.ask("user_1");
    settle().await;
    fixture.scripted.one().refuse(404, "resource_not_found");
    assert!(reading.await.unwrap().unwrap_err().is_missing());
    fixture.send(users::create(), |call| call.respond(200, &user("user_1", "Ada"))).await.unwrap();
    assert_eq!(fixture.name("user_1", "Ada").await, ("Ada".to_owned(), true));
}

#[tokio::test]
async fn cached_responses_stay_within_the_memory_limit() {
    const MAX: u64 = 20_000;
    let fixture = Fixture::with(|builder| builder.cache(CachePolicy::new().max_bytes(MAX)));
    for n in 0..100 {
        fixture.name(&format!("user_{n}"), &"x".repeat(1000)).await;
    }
    let stats = fixture.clerk.cache().stats();
    assert!(stats.bytes <= MAX && stats.entries >= 5, "{stats:?}");
    // A response that is too large is returned to its caller but not cached.
    let name = "x".repeat(30_000);
    assert_eq!(fixture.name("user_big", &name).await, (name.clone(), true));
    assert!(fixture.clerk.cache().stats().bytes <= MAX);
    fixture.clerk.cache().invalidate_all();
    assert_eq!(fixture.clerk.cache().stats().entries, 0);
}

#[tokio::test]
async fn what_is_invalid_is_removed_when_clerk_is_asked_again() {
    let fixture = Fixture::new();
    fixture.name("user_1", "old").await;
    fixture.clerk.cache().invalidate_user(&"user_1".into());
    let reading = fixture.ask("user_1");
    settle().await;
    assert_eq!(fixture.clerk.cache().stats().entries, 0);
    fixture.scripted.one().respond(200, &user("user_1", "new"));
    reading.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_call_that_ended_does_not_hold_its_result() {
    let fixture = Fixture::new();
    let reading = fixture.ask("user_1");
    settle().await;
    // So that the result is not cached.
    fixture.clerk.cache().invalidate_user(&"user_1".into());
    fixture.scripted.one().respond(200, &user("user_1", "Ada"));
    let result = Arc::downgrade(&reading.await.unwrap().unwrap());
    settle().await;
    assert!(result.upgrade().is_none());
}

#[tokio::test]
async fn a_write_invalidates_the_cache_unless_clerk_refused_it() {
    // The outcome of the write; whether the user is requested again.
    type End = fn(Call);
    let ends: [(&str, End, bool); 8] = [
        ("it works", |call| call.respond(200, &user("user_1", "new")), true),
        ("it works, with a response that cannot be decoded", |call| call.respond(200, &json!([])), true),
        ("the outcome is unknown", |call| call.respond(503, &json!({})), true),
        ("the outcome is unknown, for the connection broke", Call::break_off, true),
        ("it is refused", |call| call.refuse(422, "form_param_invalid"), false),
        ("there is no such user", |call| call.refuse(404, "resource_not_found"), false),
        ("the key is wrong", |call| call.refuse(401, "clerk_key_invalid"), false),
        ("there were too many", |call| call.refuse(429, "too_many"), false),
    ];
    for (case, end, invalidated) in ends {
        let fixture = Fixture::new();
        fixture.name("user_1", "old").await;
        let _ = fixture.send(users::update("user_1").first_name("new"), end).await;
        let want = if invalidated { "new" } else { "old" };
        assert_eq!(fixture.name("user_1", "new").await, (want.to_owned(), invalidated), "{case}");
    }
}

#[tokio::test]
async fn a_response_that_a_write_made_stale_is_not_used_even_if_clerk_fails() {
    let fixture = Fixture::new();
    fixture.name("user_1", "old").await;
    fixture.clock.advance(secs(45));
    fixture.send(users::ban("user_1"), |call| call.respond(200, &user("user_1", "new"))).await.unwrap();
    let reading = fixture.ask("user_1");
    settle().await;
    fixture.scripted.one().break_off();
    assert!(reading.await.unwrap().unwrap_err().is_retryable());
}

#[tokio::test]
async fn a_write_whose_caller_hangs_up_still_invalidates() {
    let fixture = Fixture::new();
    fixture.name("user_1", "old").await;
    let clerk = fixture.clerk.clone();
    let writing = tokio::spawn(async move { clerk.send(users::update("user_1")).await.map(drop) });
    settle().await;
    let call = fixture.scripted.one();
    writing.abort();
    settle().await;
    assert_eq!(fixture.name("user_1", "new").await, ("new".to_owned(), true));
    drop(call);
}

#[tokio::test]
async fn a_read_that_overlaps_a_write_is_returned_but_not_cached() {
    let fixture = Fixture::new();
    let before = fixture.ask("user_1");
    settle().await;
    let read = fixture.scripted.one();
    let write = |call: Call| call.respond(200, &user("user_1", "new"));
    fixture.send(users::update("user_1").first_name("new"), write).await.unwrap();
    // A caller that arrives after the write does not get the response to the earlier call.
    let after = fixture.ask("user_1");
    settle().await;
    let second = fixture.scripted.one();
    read.respond(200, &user("user_1", "old"));
    assert_eq!(before.await.unwrap().unwrap().first_name.as_deref(), Some("old"));
    settle().await;
    assert!(!after.is_finished());
    // A third caller shares the second call, although the first call ended in between.
    let third = fixture.ask("user_1");
    settle().await;
    second.respond(200, &user("user_1", "new"));
    for reading in [after, third] {
        assert_eq!(reading.await.unwrap().unwrap().first_name.as_deref(), Some("new"));
    }
    assert_eq!(fixture.name("user_1", "newer").await, ("new".to_owned(), false));
}

#[tokio::test]
async fn webhook_events_invalidate_what_they_are_about() {
    let other = |kind: &str| Event::Other { kind: kind.to_owned(), data: json!({}) };
    let about = |kind: &str, id: &str| Event::Other { kind: kind.to_owned(), data: json!({"id": id}) };
    let one: User = serde_json::from_value(user("user_1", "Ada")).unwrap();
    let gone = |id| serde_json::from_value(json!({"id": id, "object": "user", "deleted": true})).unwrap();
    // The event; whether it invalidates user_1, user_2, and the organization.
    for (event, want) in [
        (Event::UserUpdated(Box::new(one.clone())), [true, false, false]),
        (Event::UserCreated(Box::new(one)), [true, false, true]),
        (Event::UserDeleted(gone("user_1")), [true, false, true]),
        // A user's response may contain organizations.
        (Event::OrganizationDeleted(gone("org_1")), [true, true, true]),
        (Event::OrganizationDeleted(gone("org_2")), [true, true, false]),
        (Event::RoleDeleted(gone("role_1")), [true, true, true]),
        // It does not name its user.
        (other("user.hibernated"), [true, true, true]),
        (about("user.hibernated", "user_1"), [true, false, true]),
        (Event::UserDeleted(serde_json::from_value(json!({"deleted": true})).unwrap()), [true, true, true]),
        (other("planet.moved"), [true, true, true]),
    ] {
        let fixture = Fixture::new();
        fixture.name("user_1", "old").await;
        fixture.name("user_2", "old").await;
        let organization = |name: &'static str| {
            let clerk = fixture.clerk.clone();
            let scripted = fixture.scripted.clone();
            async move {
                let reading = tokio::spawn(async move { clerk.cached(organizations::get("org_1")).await });
                settle().await;
                for call in scripted.take() {
                    call.respond(200, &json!({"id": "org_1", "object": "organization", "name": name}));
                }
                reading.await.unwrap().unwrap().name.clone()
            }
        };
        organization("old").await;
        fixture.clerk.cache().invalidate(&event);
        let got = [
            fixture.name("user_1", "new").await.1,
            fixture.name("user_2", "new").await.1,
            organization("new").await == "new",
        ];
        assert_eq!(got, want, "{event:?}");
    }
}

#[tokio::test]
async fn entries_can_be_invalidated_by_hand() {
    let fixture = Fixture::new();
    let cache = fixture.clerk.cache();
    type Forget<'a> = &'a dyn Fn();
    let cases: [(&str, Forget<'_>, [bool; 2]); 4] = [
        ("a user", &|| cache.invalidate_user(&"user_1".into()), [true, false]),
        ("an ID that no user has", &|| cache.invalidate_user(&"..".into()), [true, true]),
        ("an organization", &|| cache.invalidate_organization(&"org_1".into()), [true, true]),
        ("all", &|| cache.invalidate_all(), [true, true]),
    ];
    for (case, forget, want) in cases {
        fixture.name("user_1", "old").await;
        fixture.name("user_2", "old").await;
        forget();
        let got = [fixture.name("user_1", "new").await.1, fixture.name("user_2", "new").await.1];
        assert_eq!(got, want, "{case}");
        cache.invalidate_all();
    }
}

#[tokio::test]
async fn responses_are_not_shared_between_a_machine_and_the_secret_key() {
    let fixture = Fixture::new();
    let tokens = json!({"m2m_tokens": [], "total_count": 0});
    let machine = fixture.clerk.as_machine().unwrap();
    let mut seen = Vec::new();
    for _ in 0..2 {
        let (clerk, machine) = (fixture.clerk.clone(), machine.clone());
        let readings = [
            tokio::spawn(async move { clerk.cached(m2m::list_tokens("mch_1")).await.map(drop) }),
            tokio::spawn(async move { machine.cached(m2m::list_tokens("mch_1")).await.map(drop) }),
        ];
        settle().await;
        for call in fixture.scripted.take() {
            seen.push(call.headers["authorization"].to_str().unwrap().to_owned());
            call.respond(200, &tokens);
        }
        for reading in readings {
            reading.await.unwrap().unwrap();
        }
    }
    assert_eq!(seen, ["Bearer sk_test_x", "Bearer ak_x"]);
    assert_eq!(machine.cache().stats().hits, 2);
}

#[tokio::test]
async fn a_single_call_can_have_its_own_cache_settings() {
    let header = CallOptions::new().header(HeaderName::from_static("x-a"), HeaderValue::from_static("b"));
    // The options; whether a fresh response that is 10 seconds old is accepted.
    for (case, options, will_do) in [
        ("none", CallOptions::new(), true),
        ("a deadline", CallOptions::new().timeout(secs(3)), true),
        ("an age", CallOptions::new().max_age(secs(11)), true),
        ("a lower age", CallOptions::new().max_age(secs(10)), false),
        ("no age", CallOptions::new().max_age(Duration::ZERO), false),
        ("a header", header.unwrap(), false),
        ("another base", CallOptions::new().base_uri("https://other.example/v1").unwrap(), false),
    ] {
        let fixture = Fixture::new();
        fixture.name("user_1", "old").await;
        fixture.clock.advance(secs(10));
        let clerk = fixture.clerk.with(options);
        let reading = tokio::spawn(async move { clerk.cached(users::get("user_1")).await });
        settle().await;
        let calls = fixture.scripted.take();
        assert_eq!(calls.len(), usize::from(!will_do), "{case}");
        calls.into_iter().for_each(|call| call.respond(200, &user("user_1", "new")));
        reading.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_caller_that_accepts_no_stale_response_gets_the_error() {
    let fixture = Fixture::new();
    fixture.name("user_1", "old").await;
    for seconds in [30, 100] {
        fixture.clock.set(NOW.saturating_add(secs(seconds)));
        let clerk = fixture.clerk.with(CallOptions::new().max_age(secs(1000)));
        let reading = tokio::spawn(async move { clerk.cached(users::get("user_1")).await });
        settle().await;
        fixture.scripted.one().respond(503, &json!({}));
        assert_eq!(reading.await.unwrap().unwrap_err().status().unwrap(), 503, "{seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_until_its_own_deadline_and_the_call_continues() {
    let fixture = Fixture::new();
    let hurried = fixture.clerk.with(CallOptions::new().timeout(secs(1)));
    let error = hurried.cached(users::get("user_1")).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout(limit) if *limit == secs(1)), "{error}");
    fixture.scripted.one().respond(200, &user("user_1", "Ada"));
    settle().await;
    assert_eq!(fixture.name("user_1", "Eve").await, ("Ada".to_owned(), false));
}

/// Decodes `/users/{user_id}` into its own type, and panics if the response is empty.
#[derive(PartialEq, Eq, Hash)]
struct Fragile;

impl Operation for Fragile {
    type Output = usize;
    type Credential = NeedsSecretKey;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("Fragile", Method::GET, "/users/{user_id}", "Users");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = "/users/user_1".parse().unwrap();
        request.extensions_mut().insert(Self::INFO);
        Ok(request)
    }

    fn decode(&self, response: &Response<Bytes>) -> Result<usize, ResponseError> {
        assert_ne!(response.body().len(), 2, "an empty response");
        Ok(response.body().len())
    }
}

#[tokio::test]
async fn a_panic_is_an_error_for_the_waiting_callers_only() {
    let fixture = Fixture::new();
    for (response, works) in [(json!({}), false), (json!({"a": 1}), true)] {
        let ask = || {
            let clerk = fixture.clerk.clone();
            tokio::spawn(async move { clerk.cached(Fragile).await })
        };
        let readings = [ask(), ask()];
        settle().await;
        fixture.scripted.one().respond(200, &response);
        for reading in readings {
            let got = reading.await.unwrap();
            assert_eq!(got.is_ok(), works, "{got:?}");
        }
    }
    // The same URL with another type has its own entry.
    assert_eq!(fixture.name("user_1", "Ada").await, ("Ada".to_owned(), true));
}

/// An operation of a program, whose request has a header or a body besides its URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Special {
    has_header: bool,
    has_body: bool,
}

impl Operation for Special {
    type Output = usize;
    type Credential = NeedsSecretKey;
    const INFO: &'static OperationInfo = &OperationInfo::new("Special", Method::GET, "/special", "Users");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        let mut request = Request::new(if self.has_body { "{}".into() } else { Bytes::new() });
        *request.uri_mut() = "/special".parse().unwrap();
        request.extensions_mut().insert(Self::INFO);
        if self.has_header {
            request.headers_mut().insert("x-a", HeaderValue::from_static("b"));
        }
        Ok(request)
    }

    fn decode(&self, response: &Response<Bytes>) -> Result<usize, ResponseError> {
        Ok(response.body().len())
    }
}

#[tokio::test]
async fn a_request_that_its_uri_does_not_identify_is_not_cached() {
    for (has_header, has_body) in [(false, false), (true, false), (false, true), (true, true)] {
        let fixture = Fixture::new();
        let special = Special { has_header, has_body };
        let mut calls = 0;
        for _ in 0..2 {
            let clerk = fixture.clerk.clone();
            let reading = tokio::spawn(async move { clerk.cached(special).await });
            settle().await;
            let sent = fixture.scripted.take();
            calls += sent.len();
            sent.into_iter().for_each(|call| call.respond(200, &json!({})));
            reading.await.unwrap().unwrap();
        }
        assert_eq!(calls, if has_header || has_body { 2 } else { 1 }, "{special:?}");
    }
}

/// An operation that counts its requests.
#[derive(PartialEq, Eq, Hash)]
struct Counted;

static REQUESTS: AtomicU64 = AtomicU64::new(0);

impl Operation for Counted {
    type Output = usize;
    type Credential = NeedsSecretKey;
    const INFO: &'static OperationInfo = &OperationInfo::new("Counted", Method::GET, "/counted", "Users");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        REQUESTS.fetch_add(1, Ordering::Relaxed);
        RequestBuilder::new(Self::INFO).build()
    }

    fn decode(&self, response: &Response<Bytes>) -> Result<usize, ResponseError> {
        Ok(response.body().len())
    }
}

#[tokio::test]
async fn a_hit_builds_no_request() {
    let fixture = Fixture::new();
    let clerk = fixture.clerk.clone();
    let reading = tokio::spawn(async move { clerk.cached(Counted).await });
    settle().await;
    fixture.scripted.one().respond(200, &json!({}));
    assert_eq!(*reading.await.unwrap().unwrap(), 2);
    for _ in 0..3 {
        assert_eq!(*fixture.clerk.cached(Counted).await.unwrap(), 2);
    }
    assert_eq!(REQUESTS.load(Ordering::Relaxed), 1);
    assert_eq!(fixture.clerk.cache().stats().hits, 3);
}

#[tokio::test]
async fn without_a_cache_every_call_is_sent() {
    let fixture = Fixture::with(|builder| builder.cache(CachePolicy::off()));
    assert_eq!(fixture.clerk.cache().policy(), CachePolicy::off());
    assert_eq!(fixture.name("user_1", "old").await, ("old".to_owned(), true));
    assert_eq!(fixture.name("user_1", "new").await, ("new".to_owned(), true));
    assert_eq!(fixture.clerk.cache().stats(), Default::default());
}

#[tokio::test]
async fn send_neither_reads_nor_fills_the_cache() {
    let fixture = Fixture::new();
    fixture.send(users::get("user_1"), |call| call.respond(200, &user("user_1", "sent"))).await.unwrap();
    assert_eq!(fixture.name("user_1", "old").await, ("old".to_owned(), true));
    let sent = fixture.send(users::get("user_1"), |call| call.respond(200, &user("user_1", "sent"))).await;
    assert_eq!(sent.unwrap().first_name.as_deref(), Some("sent"));
    assert_eq!(fixture.name("user_1", "new").await, ("old".to_owned(), false));
}

/// Session tokens are renewed all the time, and a new token says nothing new about the user.
#[tokio::test]
async fn refreshing_a_session_does_not_invalidate_its_user() {
    let fixture = Fixture::new();
    fixture.name("user_1", "old").await;
    let token = json!({"object": "token", "jwt": "a.b.c"});
    fixture.send(sessions::create_token("sess_1"), |call| call.respond(200, &token)).await.unwrap();
    assert_eq!(fixture.name("user_1", "new").await, ("old".to_owned(), false));
}

mod extractor {
    use axum::{Router, routing::get};
    use clerk_axum::{ClerkLayer, ClerkOrganization, ClerkUser};
    use clerk_tests::{get as fetch, serve};

    use super::*;

    /// The status that each extractor produces, and the call that it makes.
    const EXTRACTORS: [(&str, &str, &str); 2] = [
        ("/user", "user_ada", "/v1/users/user_ada"),
        ("/organization", "org_acme", "/v1/organizations/org_acme"),
    ];

    fn app(clerk: &Clerk) -> Router {
        Router::new()
            .route("/user", get(async |user: ClerkUser| user.id.to_string()))
            .route("/organization", get(async |organization: ClerkOrganization| organization.id.to_string()))
            .layer(ClerkLayer::new(clerk))
    }

    /// Bans the user, or deletes the organization.
    async fn end(clerk: &Clerk, path: &str) {
        match path {
            "/user" => drop(clerk.send(users::ban("user_ada")).await.unwrap()),
            _ => drop(clerk.send(organizations::delete("org_acme")).await.unwrap()),
        }
    }

    #[tokio::test]
    async fn a_banned_or_deleted_user_is_rejected_once_the_cache_entry_is_stale_or_invalidated() {
        for (policy, through_us, age, want) in [
            (CachePolicy::new(), false, 29, 200),
            (CachePolicy::new(), false, 30, 403),
            // What ended through this client is known without a look.
            (CachePolicy::new(), true, 0, 401),
            (CachePolicy::new().fresh(secs(3)), false, 3, 403),
            // Even if other callers accept older responses.
            (CachePolicy::new().fresh(secs(300)), false, 30, 403),
            (CachePolicy::off(), false, 0, 403),
        ] {
            for (path, expected_body, call) in EXTRACTORS {
                let instance = Instance::new();
                let clerk =
                    instance.builder().transport(instance.local.clone()).cache(policy).build().unwrap();
                let address = serve(app(&clerk)).await;
                let token = instance.ada();
                assert_eq!(fetch(address, path, &token).await.body, expected_body);
                let before = instance.local.requests().to("GET", call).len();
                assert_eq!(fetch(address, path, &token).await.body, expected_body);
                let after = instance.local.requests().to("GET", call).len();
                assert_eq!(after - before, usize::from(policy.is_off()), "{path}");
                end(&if through_us { clerk } else { instance.in_memory() }, path).await;
                instance.clock.advance(secs(age));
                let status = fetch(address, path, &token).await.status.as_u16();
                assert_eq!(status, want, "{path} {policy:?} {through_us} {age}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_response_to_the_later_request_is_kept_whatever_its_status() {
    for (status, code) in [(403, "authorization_invalid"), (404, "resource_not_found"), (404, "proxy")] {
        let fixture = Fixture::new();
        let older = fixture.ask("user_1");
        settle().await;
        let late = fixture.scripted.one();
        tokio::time::advance(secs(2)).await;
        let clerk = fixture.clerk.with(CallOptions::new().max_age(secs(1)));
        let newer = tokio::spawn(async move { clerk.cached(users::get("user_1")).await });
        settle().await;
        fixture.scripted.one().refuse(status, code);
        assert_eq!(newer.await.unwrap().unwrap_err().status().unwrap(), status);
        late.respond(200, &user("user_1", "old"));
        assert_eq!(older.await.unwrap().unwrap().first_name.as_deref(), Some("old"));
        // The older value is not served, and the refusal is not, either: Clerk is asked again.
        tokio::time::advance(secs(5)).await;
        assert_eq!(fixture.name("user_1", "new").await, ("new".to_owned(), true), "{status} {code}");
        assert_eq!(fixture.name("user_1", "newer").await, ("new".to_owned(), false));
    }
}

#[tokio::test(start_paused = true)]
async fn setting_the_clock_back_extends_no_age() {
    let fixture = Fixture::new();
    fixture.name("user_1", "old").await;
    for seconds in [-28, -56, -3600] {
        tokio::time::advance(secs(28)).await;
        fixture.clock.set(clerk_core::Timestamp::from_secs(NOW.as_secs() + seconds));
    }
    // What `ClerkUser` asks for: no older than half a minute, whatever else happens.
    let clerk = fixture.clerk.with(CallOptions::new().max_age(secs(30)));
    let reading = tokio::spawn(async move { clerk.cached(users::get("user_1")).await });
    settle().await;
    fixture.scripted.one().respond(503, &json!({}));
    assert_eq!(reading.await.unwrap().unwrap_err().status().unwrap(), 503);
    // And no longer than ten minutes during an outage.
    tokio::time::advance(secs(600)).await;
    let reading = fixture.ask("user_1");
    settle().await;
    fixture.scripted.one().respond(503, &json!({}));
    assert_eq!(reading.await.unwrap().unwrap_err().status().unwrap(), 503);
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A client with a call in flight on a runtime that nobody runs any more.
fn led_by_another_runtime() -> (Fixture, Runtime, Call) {
    let (fixture, leader) = (Fixture::new(), runtime());
    let call = leader.block_on(async {
        drop(fixture.ask("user_1"));
        settle().await;
        fixture.scripted.one()
    });
    (fixture, leader, call)
}

/// Responds to the calls until a caller has its result.
async fn respond_until(fixture: &Fixture, readings: Vec<Reading>) -> usize {
    let mut calls = 0;
    while !readings.iter().all(Reading::is_finished) {
        for call in fixture.scripted.take() {
            calls += 1;
            call.respond(200, &user("user_1", "Ada"));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for reading in readings {
        assert_eq!(reading.await.unwrap().unwrap().first_name.as_deref(), Some("Ada"));
    }
    calls
}

#[test]
fn a_runtime_that_stands_still_strands_nobody_who_shares_its_call() {
    let (fixture, _leader, call) = led_by_another_runtime();
    runtime().block_on(async {
        // Their own deadlines hold.
        let hurried = fixture.clerk.with(CallOptions::new().timeout(Duration::from_millis(10)));
        let error = hurried.cached(users::get("user_1")).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout(_)), "{error:?}");
        // With more time, one of them leads.
        let readings = (0..100).map(|_| fixture.ask("user_1")).collect();
        assert_eq!(respond_until(&fixture, readings).await, 1);
    });
    drop(call);
}

#[test]
fn a_runtime_that_ends_strands_nobody_who_shares_its_call() {
    let (fixture, leader, call) = led_by_another_runtime();
    runtime().block_on(async {
        let readings: Vec<Reading> = (0..100).map(|_| fixture.ask("user_1")).collect();
        settle().await;
        assert!(fixture.scripted.take().is_empty(), "they wait for the call in flight");
        leader.shutdown_background();
        assert_eq!(respond_until(&fixture, readings).await, 1);
    });
    drop(call);
}
