//! What the cache answers, when it asks Clerk, and what it forgets.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use clerk_core::{
    Operation, OperationInfo,
    api::{m2m, organizations, sessions, users},
    credential::SecretKey,
    decode::ResponseError,
    encode::BuildError,
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
use tokio::task::JoinHandle;

/// An instance's transport under a test's control, and a client of it that sends everything once.
struct Bench {
    scripted: Scripted,
    clock: ManualClock,
    clerk: Clerk,
}

type Reading = JoinHandle<Result<Arc<User>, Error>>;

impl Bench {
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

    /// Somebody asks for a user.
    fn ask(&self, id: &str) -> Reading {
        let (clerk, id) = (self.clerk.clone(), id.to_owned());
        tokio::spawn(async move { clerk.cached(users::get(id)).await })
    }

    /// Somebody asks for a user, and either Clerk is asked and answers with this name, or the name that is known
    /// comes at once. The name, and whether Clerk was asked.
    async fn name(&self, id: &str, name: &str) -> (String, bool) {
        let reading = self.ask(id);
        settle().await;
        let calls = self.scripted.take();
        let asked = !calls.is_empty();
        calls.into_iter().for_each(|call| call.answer(200, &user(id, name)));
        (reading.await.unwrap().unwrap().first_name.clone().unwrap(), asked)
    }

    /// Carries out an operation and answers it.
    async fn send<O>(&self, operation: O, answer: impl FnOnce(Call)) -> Result<O::Output, Error>
    where
        O: Operation<Credential = SecretKey, Output: Send> + Send + Sync + 'static,
    {
        let clerk = self.clerk.clone();
        let sending = tokio::spawn(async move { clerk.send(operation).await });
        settle().await;
        answer(self.scripted.one());
        sending.await.unwrap()
    }
}

/// A user as Clerk writes one.
fn user(id: &str, name: &str) -> Value {
    json!({"id": id, "object": "user", "first_name": name, "banned": false, "locked": false})
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[tokio::test]
async fn a_thousand_callers_share_one_call() {
    let bench = Bench::new();
    let readings: Vec<Reading> = (0..1000).map(|_| bench.ask("user_1")).collect();
    settle().await;
    bench.scripted.one().answer(200, &user("user_1", "Ada"));
    let mut values = Vec::new();
    for reading in readings {
        values.push(reading.await.unwrap().unwrap());
    }
    assert!(values.iter().all(|value| Arc::ptr_eq(value, &values[0])));
    assert_eq!(bench.name("user_1", "Eve").await, ("Ada".to_owned(), false));
    let stats = bench.clerk.cache().stats();
    assert_eq!((stats.hits, stats.misses, stats.stale, stats.entries), (1, 1000, 0, 1));
}

#[tokio::test]
async fn a_call_goes_on_when_its_callers_hang_up() {
    for staying in [10, 0] {
        let bench = Bench::new();
        let mut readings: Vec<Reading> = (0..1000).map(|_| bench.ask("user_1")).collect();
        settle().await;
        let leaving = readings.split_off(staying);
        leaving.iter().for_each(JoinHandle::abort);
        settle().await;
        assert!(leaving.iter().all(JoinHandle::is_finished));
        bench.scripted.one().answer(200, &user("user_1", "Ada"));
        for reading in readings {
            assert_eq!(reading.await.unwrap().unwrap().first_name.as_deref(), Some("Ada"));
        }
        settle().await;
        assert_eq!(bench.name("user_1", "Eve").await, ("Ada".to_owned(), false), "{staying}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_callers_in_several_threads_share_one_call() {
    let bench = Bench::new();
    let readings: Vec<Reading> = (0..1000).map(|_| bench.ask("user_1")).collect();
    let mut calls = Vec::new();
    clerk_tests::eventually("a call", || {
        calls.extend(bench.scripted.take());
        !calls.is_empty()
    })
    .await;
    calls.remove(0).answer(200, &user("user_1", "Ada"));
    for reading in readings {
        reading.await.unwrap().unwrap();
    }
    assert!(calls.is_empty() && bench.scripted.take().is_empty());
}

#[tokio::test]
async fn ages() {
    // The answer's age; what Clerk answers if it is asked; what the caller gets, whether Clerk was asked.
    for (age, status, want, asked) in [
        (0, 200, Ok("old"), false),
        (29, 503, Ok("old"), false),
        // In the background, from here on.
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
        // The clock was set back: nobody knows how old the answer is.
        (-1, 200, Ok("new"), true),
        (-1, 503, Err(503), true),
    ] {
        let bench = Bench::new();
        bench.name("user_1", "old").await;
        bench.clock.set(clerk_core::Timestamp::from_secs(NOW.as_secs() + age));
        let reading = bench.ask("user_1");
        settle().await;
        let waits = !reading.is_finished();
        let calls = bench.scripted.take();
        assert_eq!(calls.len(), usize::from(asked), "{age} {status}");
        for call in calls {
            let body = if status == 200 { user("user_1", "new") } else { json!({}) };
            call.answer(status, &body);
        }
        let got = reading.await.unwrap();
        let got = got.as_ref().map(|user| user.first_name.as_deref().unwrap());
        let got = got.map_err(|error| error.status().unwrap().as_u16());
        assert_eq!(got, want, "{age} {status}");
        assert_eq!(waits, asked && !(30..60).contains(&age), "{age} {status}");
    }
}

#[tokio::test]
async fn what_was_asked_for_in_the_background_is_the_next_answer() {
    let bench = Bench::new();
    bench.name("user_1", "old").await;
    bench.clock.advance(secs(45));
    // Any number of callers cause one call.
    for _ in 0..3 {
        let reading = bench.ask("user_1");
        settle().await;
        assert_eq!(reading.await.unwrap().unwrap().first_name.as_deref(), Some("old"));
    }
    bench.scripted.one().answer(200, &user("user_1", "new"));
    settle().await;
    assert_eq!(bench.name("user_1", "newer").await, ("new".to_owned(), false));
    let stats = bench.clerk.cache().stats();
    assert_eq!((stats.hits, stats.misses, stats.stale), (1, 1, 3));
}

#[tokio::test]
async fn after_a_failure_clerk_is_left_alone_for_a_while() {
    let bench = Bench::new();
    bench.name("user_1", "old").await;
    bench.clock.advance(secs(100));
    let reading = bench.ask("user_1");
    settle().await;
    bench.scripted.one().break_off();
    assert_eq!(reading.await.unwrap().unwrap().first_name.as_deref(), Some("old"));
    assert_eq!(bench.name("user_1", "new").await, ("old".to_owned(), false));
    bench.clock.advance(secs(5));
    assert_eq!(bench.name("user_1", "new").await, ("new".to_owned(), true));
}

#[tokio::test]
async fn that_there_is_no_such_thing_is_kept_shortly_if_clerk_says_so() {
    for (code, kept) in [("resource_not_found", true), ("", false)] {
        let bench = Bench::new();
        let reading = bench.ask("user_1");
        settle().await;
        bench.scripted.one().refuse(404, code);
        assert!(reading.await.unwrap().unwrap_err().is_not_found());
        bench.clock.advance(Duration::from_millis(4999));
        let reading = bench.ask("user_1");
        settle().await;
        assert_eq!(reading.is_finished(), kept);
        assert_eq!(bench.scripted.take().len(), usize::from(!kept));
        reading.abort();
        if kept {
            bench.clock.advance(Duration::from_millis(1));
            assert_eq!(bench.name("user_1", "Ada").await, ("Ada".to_owned(), true));
        }
    }
}

#[tokio::test]
async fn what_was_missing_is_found_once_it_is_created() {
    let bench = Bench::new();
    let reading = bench.ask("user_1");
    settle().await;
    bench.scripted.one().refuse(404, "resource_not_found");
    assert!(reading.await.unwrap().unwrap_err().is_missing());
    bench.send(users::create(), |call| call.answer(200, &user("user_1", "Ada"))).await.unwrap();
    assert_eq!(bench.name("user_1", "Ada").await, ("Ada".to_owned(), true));
}

#[tokio::test]
async fn answers_take_no_more_memory_than_allowed() {
    const MAX: u64 = 20_000;
    let bench = Bench::with(|builder| builder.cache(CachePolicy::new().max_bytes(MAX)));
    for n in 0..100 {
        bench.name(&format!("user_{n}"), &"x".repeat(1000)).await;
    }
    let stats = bench.clerk.cache().stats();
    assert!(stats.bytes <= MAX && stats.entries >= 5, "{stats:?}");
    // One that does not fit is given to its caller, and not kept.
    let name = "x".repeat(30_000);
    assert_eq!(bench.name("user_big", &name).await, (name.clone(), true));
    assert!(bench.clerk.cache().stats().bytes <= MAX);
    bench.clerk.cache().invalidate_all();
    assert_eq!(bench.clerk.cache().stats().entries, 0);
}

#[tokio::test]
async fn a_write_is_seen_unless_clerk_refused_it() {
    // What becomes of the write; whether the user is asked for again.
    type End = fn(Call);
    let ends: [(&str, End, bool); 8] = [
        ("it works", |call| call.answer(200, &user("user_1", "new")), true),
        ("it works, with an answer that cannot be read", |call| call.answer(200, &json!([])), true),
        ("nobody knows", |call| call.answer(503, &json!({})), true),
        ("nobody knows, for the connection broke", Call::break_off, true),
        ("it is refused", |call| call.refuse(422, "form_param_invalid"), false),
        ("there is no such user", |call| call.refuse(404, "resource_not_found"), false),
        ("the key is wrong", |call| call.refuse(401, "clerk_key_invalid"), false),
        ("there were too many", |call| call.refuse(429, "too_many"), false),
    ];
    for (case, end, forgotten) in ends {
        let bench = Bench::new();
        bench.name("user_1", "old").await;
        let _ = bench.send(users::update("user_1").first_name("new"), end).await;
        let want = if forgotten { "new" } else { "old" };
        assert_eq!(bench.name("user_1", "new").await, (want.to_owned(), forgotten), "{case}");
    }
}

#[tokio::test]
async fn what_a_write_made_stale_is_not_given_when_clerk_does_not_answer_either() {
    let bench = Bench::new();
    bench.name("user_1", "old").await;
    bench.clock.advance(secs(45));
    bench.send(users::ban("user_1"), |call| call.answer(200, &user("user_1", "new"))).await.unwrap();
    let reading = bench.ask("user_1");
    settle().await;
    bench.scripted.one().break_off();
    assert!(reading.await.unwrap().unwrap_err().is_retryable());
}

#[tokio::test]
async fn a_write_whose_caller_hangs_up_counts_as_one() {
    let bench = Bench::new();
    bench.name("user_1", "old").await;
    let clerk = bench.clerk.clone();
    let writing = tokio::spawn(async move { clerk.send(users::update("user_1")).await.map(drop) });
    settle().await;
    let call = bench.scripted.one();
    writing.abort();
    settle().await;
    assert_eq!(bench.name("user_1", "new").await, ("new".to_owned(), true));
    drop(call);
}

#[tokio::test]
async fn a_read_that_a_write_overlaps_is_given_to_its_callers_and_not_kept() {
    let bench = Bench::new();
    let before = bench.ask("user_1");
    settle().await;
    let read = bench.scripted.one();
    let write = |call: Call| call.answer(200, &user("user_1", "new"));
    bench.send(users::update("user_1").first_name("new"), write).await.unwrap();
    // Somebody who asks after the write does not get the answer to the earlier call.
    let after = bench.ask("user_1");
    settle().await;
    let second = bench.scripted.one();
    read.answer(200, &user("user_1", "old"));
    assert_eq!(before.await.unwrap().unwrap().first_name.as_deref(), Some("old"));
    settle().await;
    assert!(!after.is_finished());
    // A third one shares the second call, although the first ended in between.
    let third = bench.ask("user_1");
    settle().await;
    second.answer(200, &user("user_1", "new"));
    for reading in [after, third] {
        assert_eq!(reading.await.unwrap().unwrap().first_name.as_deref(), Some("new"));
    }
    assert_eq!(bench.name("user_1", "newer").await, ("new".to_owned(), false));
}

#[tokio::test]
async fn events_forget_what_they_are_about() {
    let other = |kind: &str| Event::Other { kind: kind.to_owned(), data: json!({}) };
    let one: User = serde_json::from_value(user("user_1", "Ada")).unwrap();
    let gone = |id| serde_json::from_value(json!({"id": id, "object": "user", "deleted": true})).unwrap();
    // The event; whether it forgets user_1, user_2, and the organization.
    for (event, want) in [
        (Event::UserUpdated(Box::new(one.clone())), [true, false, false]),
        (Event::UserCreated(Box::new(one)), [true, false, true]),
        (Event::UserDeleted(gone("user_1")), [true, false, true]),
        // Users may show their organizations.
        (Event::OrganizationDeleted(gone("org_1")), [true, true, true]),
        (Event::OrganizationDeleted(gone("org_2")), [true, true, false]),
        (Event::RoleDeleted(gone("role_1")), [true, true, true]),
        (other("user.hibernated"), [false, false, true]),
        (other("planet.moved"), [true, true, true]),
    ] {
        let bench = Bench::new();
        bench.name("user_1", "old").await;
        bench.name("user_2", "old").await;
        let organization = |name: &'static str| {
            let clerk = bench.clerk.clone();
            let scripted = bench.scripted.clone();
            async move {
                let reading = tokio::spawn(async move { clerk.cached(organizations::get("org_1")).await });
                settle().await;
                for call in scripted.take() {
                    call.answer(200, &json!({"id": "org_1", "object": "organization", "name": name}));
                }
                reading.await.unwrap().unwrap().name.clone()
            }
        };
        organization("old").await;
        bench.clerk.cache().invalidate(&event);
        let got = [
            bench.name("user_1", "new").await.1,
            bench.name("user_2", "new").await.1,
            organization("new").await == "new",
        ];
        assert_eq!(got, want, "{event:?}");
    }
}

#[tokio::test]
async fn what_is_forgotten_by_hand() {
    let bench = Bench::new();
    let cache = bench.clerk.cache();
    type Forget<'a> = &'a dyn Fn();
    let cases: [(&str, Forget<'_>, [bool; 2]); 4] = [
        ("a user", &|| cache.invalidate_user(&"user_1".into()), [true, false]),
        ("an id that no user has", &|| cache.invalidate_user(&"..".into()), [true, true]),
        ("an organization", &|| cache.invalidate_organization(&"org_1".into()), [true, true]),
        ("all", &|| cache.invalidate_all(), [true, true]),
    ];
    for (case, forget, want) in cases {
        bench.name("user_1", "old").await;
        bench.name("user_2", "old").await;
        forget();
        let got = [bench.name("user_1", "new").await.1, bench.name("user_2", "new").await.1];
        assert_eq!(got, want, "{case}");
        cache.invalidate_all();
    }
}

#[tokio::test]
async fn a_machine_shares_no_answer_with_the_secret_key() {
    let bench = Bench::new();
    let tokens = json!({"m2m_tokens": [], "total_count": 0});
    let machine = bench.clerk.as_machine().unwrap();
    let mut seen = Vec::new();
    for _ in 0..2 {
        let (clerk, machine) = (bench.clerk.clone(), machine.clone());
        let readings = [
            tokio::spawn(async move { clerk.cached(m2m::list_tokens("mch_1")).await.map(drop) }),
            tokio::spawn(async move { machine.cached(m2m::list_tokens("mch_1")).await.map(drop) }),
        ];
        settle().await;
        for call in bench.scripted.take() {
            seen.push(call.headers["authorization"].to_str().unwrap().to_owned());
            call.answer(200, &tokens);
        }
        for reading in readings {
            reading.await.unwrap().unwrap();
        }
    }
    assert_eq!(seen, ["Bearer sk_test_x", "Bearer ak_x"]);
    assert_eq!(machine.cache().stats().hits, 2);
}

#[tokio::test]
async fn settings_of_one_call() {
    let header = CallOptions::new().header(HeaderName::from_static("x-a"), HeaderValue::from_static("b"));
    // The options; whether a fresh answer that is 10 seconds old will do.
    for (case, options, will_do) in [
        ("none", CallOptions::new(), true),
        ("a deadline", CallOptions::new().timeout(secs(3)), true),
        ("an age", CallOptions::new().max_age(secs(11)), true),
        ("a lower age", CallOptions::new().max_age(secs(10)), false),
        ("no age", CallOptions::new().max_age(Duration::ZERO), false),
        ("a header", header.unwrap(), false),
        ("another base", CallOptions::new().base_uri("https://other.example/v1").unwrap(), false),
    ] {
        let bench = Bench::new();
        bench.name("user_1", "old").await;
        bench.clock.advance(secs(10));
        let clerk = bench.clerk.with(options);
        let reading = tokio::spawn(async move { clerk.cached(users::get("user_1")).await });
        settle().await;
        let calls = bench.scripted.take();
        assert_eq!(calls.len(), usize::from(!will_do), "{case}");
        calls.into_iter().for_each(|call| call.answer(200, &user("user_1", "new")));
        reading.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn who_wants_no_old_answer_gets_the_error() {
    let bench = Bench::new();
    bench.name("user_1", "old").await;
    for seconds in [30, 100] {
        bench.clock.set(NOW.saturating_add(secs(seconds)));
        let clerk = bench.clerk.with(CallOptions::new().max_age(secs(1000)));
        let reading = tokio::spawn(async move { clerk.cached(users::get("user_1")).await });
        settle().await;
        bench.scripted.one().answer(503, &json!({}));
        assert_eq!(reading.await.unwrap().unwrap_err().status().unwrap(), 503, "{seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_no_longer_than_its_own_deadline_and_the_call_goes_on() {
    let bench = Bench::new();
    let hurried = bench.clerk.with(CallOptions::new().timeout(secs(1)));
    let error = hurried.cached(users::get("user_1")).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout(limit) if *limit == secs(1)), "{error}");
    bench.scripted.one().answer(200, &user("user_1", "Ada"));
    settle().await;
    assert_eq!(bench.name("user_1", "Eve").await, ("Ada".to_owned(), false));
}

/// Reads `/users/{user_id}` in a way of its own, and panics at an answer that is empty.
struct Fragile;

impl Operation for Fragile {
    type Output = usize;
    type Credential = SecretKey;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("Fragile", Method::GET, "/users/{user_id}", "Users");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = "/users/user_1".parse().unwrap();
        request.extensions_mut().insert(Self::INFO);
        Ok(request)
    }

    fn decode(response: &Response<Bytes>) -> Result<usize, ResponseError> {
        assert_ne!(response.body().len(), 2, "an empty answer");
        Ok(response.body().len())
    }
}

#[tokio::test]
async fn a_panic_is_an_error_for_those_who_wait_and_for_nobody_else() {
    let bench = Bench::new();
    for (answer, works) in [(json!({}), false), (json!({"a": 1}), true)] {
        let ask = || {
            let clerk = bench.clerk.clone();
            tokio::spawn(async move { clerk.cached(Fragile).await })
        };
        let readings = [ask(), ask()];
        settle().await;
        bench.scripted.one().answer(200, &answer);
        for reading in readings {
            let got = reading.await.unwrap();
            assert_eq!(got.is_ok(), works, "{got:?}");
        }
    }
    // The same address, and another type: an answer of its own.
    assert_eq!(bench.name("user_1", "Ada").await, ("Ada".to_owned(), true));
}

#[tokio::test]
async fn without_a_cache_every_call_is_sent() {
    let bench = Bench::with(|builder| builder.cache(CachePolicy::off()));
    assert_eq!(bench.name("user_1", "old").await, ("old".to_owned(), true));
    assert_eq!(bench.name("user_1", "new").await, ("new".to_owned(), true));
    assert_eq!(bench.clerk.cache().stats(), Default::default());
}

#[tokio::test]
async fn sending_neither_takes_an_answer_nor_keeps_one() {
    let bench = Bench::new();
    bench.send(users::get("user_1"), |call| call.answer(200, &user("user_1", "sent"))).await.unwrap();
    assert_eq!(bench.name("user_1", "old").await, ("old".to_owned(), true));
    let sent = bench.send(users::get("user_1"), |call| call.answer(200, &user("user_1", "sent"))).await;
    assert_eq!(sent.unwrap().first_name.as_deref(), Some("sent"));
    assert_eq!(bench.name("user_1", "new").await, ("old".to_owned(), false));
}

/// Session tokens are renewed all the time, and say nothing new about a user.
#[tokio::test]
async fn a_refreshed_session_forgets_no_user() {
    let bench = Bench::new();
    bench.name("user_1", "old").await;
    let token = json!({"object": "token", "jwt": "a.b.c"});
    bench.send(sessions::create_token("sess_1"), |call| call.answer(200, &token)).await.unwrap();
    assert_eq!(bench.name("user_1", "new").await, ("old".to_owned(), false));
}

mod extractor {
    use axum::{Router, routing::get};
    use clerk_axum::{ClerkLayer, ClerkOrganization, ClerkUser};
    use clerk_tests::{get as fetch, serve};

    use super::*;

    /// What each extractor says, and the call that it makes.
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
    async fn who_is_banned_or_gone_is_refused_once_the_answer_is_no_longer_fresh_or_forgotten() {
        for (policy, through_us, age, want) in [
            (CachePolicy::new(), false, 29, 200),
            (CachePolicy::new(), false, 30, 403),
            (CachePolicy::new(), true, 0, 403),
            (CachePolicy::new().fresh(secs(3)), false, 3, 403),
            // However long others may have it.
            (CachePolicy::new().fresh(secs(300)), false, 30, 403),
            (CachePolicy::off(), false, 0, 403),
        ] {
            for (path, said, call) in EXTRACTORS {
                let instance = Instance::new();
                let clerk =
                    instance.builder().transport(instance.local.clone()).cache(policy).build().unwrap();
                let address = serve(app(&clerk)).await;
                let token = instance.ada();
                assert_eq!(fetch(address, path, &token).await.body, said);
                let before = instance.local.requests_to("GET", call);
                assert_eq!(fetch(address, path, &token).await.body, said);
                let after = instance.local.requests_to("GET", call);
                assert_eq!(after - before, u64::from(policy.is_off()), "{path}");
                end(&if through_us { clerk } else { instance.in_memory() }, path).await;
                instance.clock.advance(secs(age));
                let status = fetch(address, path, &token).await.status.as_u16();
                assert_eq!(status, want, "{path} {policy:?} {through_us} {age}");
            }
        }
    }
}
