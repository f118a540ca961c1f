//! The second level of the response cache: what one process of a fleet asked for, the others take from the engine.

use std::time::Duration;

use bytes::Bytes;
use clerk_core::api::users;
use clerk_tests::{
    NOW,
    chest::{Chest, Fault, Reach},
    scripted::Scripted,
    settle,
};
use clerk_tower::{
    Clerk, ClerkBuilder, Error,
    client::{cache::CachePolicy, options::CallOptions},
    clock::ManualClock,
    fleet::{Fleet, FleetErrorKind, SecondLevel},
};
use http::{Request, Response};
use metrics_util::debugging::DebuggingRecorder;
use serde_json::{Value, json};
use tokio::{
    task::JoinHandle,
    time::{Instant, advance},
};
use tower::service_fn;

const MILLI: Duration = Duration::from_millis(1);

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

struct Process {
    reach: Reach,
    scripted: Scripted,
    clock: ManualClock,
    clerk: Clerk,
}

type Reading = JoinHandle<Result<String, Error>>;

impl Process {
    async fn of(chest: &Chest) -> Self {
        Self::with(chest, SecondLevel::new(), |builder| builder).await
    }

    async fn with(
        chest: &Chest,
        settings: SecondLevel,
        configure: impl FnOnce(ClerkBuilder) -> ClerkBuilder,
    ) -> Self {
        let (reach, scripted, clock) = (chest.reach(), Scripted::default(), ManualClock::at(NOW));
        let policy = CachePolicy::new().stale_while_revalidate(Duration::ZERO).stale_if_error(Duration::ZERO);
        let builder = Clerk::builder()
            .secret_key("sk_test_x")
            .transport(scripted.clone())
            .clock(clock.clone())
            .cache(policy)
            .max_attempts(1)
            .fleet(Fleet::from(&reach).instance("clerk.example.com").second_level(settings));
        let clerk = configure(builder).build().unwrap();
        clerk.fleet().linked().await;
        settle().await;
        let _ = reach.commands();
        Self { reach, scripted, clock, clerk }
    }

    /// Begins to read a user.
    async fn read_with(&self, options: CallOptions) -> Reading {
        let clerk = self.clerk.with(options);
        let reading = tokio::spawn(async move {
            let user = clerk.cached(users::get("user_1")).await?;
            Ok(user.first_name.clone().unwrap())
        });
        settle().await;
        reading
    }

    async fn read(&self) -> Reading {
        self.read_with(CallOptions::new()).await
    }

    /// Reads a user. If that causes a call, Clerk responds with this name. Returns the name that the caller gets.
    async fn name(&self, name: &str) -> String {
        self.name_with(name, CallOptions::new()).await
    }

    async fn name_with(&self, name: &str, options: CallOptions) -> String {
        let reading = self.read_with(options).await;
        self.scripted.take().into_iter().for_each(|call| call.respond(200, &user(name)));
        let name = reading.await.unwrap().unwrap();
        settle().await;
        name
    }

    /// Updates the user, up to the response.
    async fn write(&self) {
        let clerk = self.clerk.clone();
        let sending = tokio::spawn(async move { clerk.send(users::update("user_1").first_name("x")).await });
        settle().await;
        self.scripted.one().respond(200, &user("x"));
        sending.await.unwrap().unwrap();
    }

    fn taken(&self) -> u64 {
        self.clerk.cache().stats().second_level
    }
}

fn user(name: &str) -> Value {
    json!({"id": "user_1", "object": "user", "first_name": name, "banned": false, "locked": false})
}

/// Time passes for all of them, and for the engine.
async fn pass(processes: &[&Process], duration: Duration) {
    processes.iter().for_each(|process| process.clock.advance(duration));
    advance(duration).await;
    settle().await;
}

fn max_age(age: Duration) -> CallOptions {
    CallOptions::new().max_age(age)
}

#[tokio::test(start_paused = true)]
async fn what_one_process_asked_for_the_others_take_from_the_engine() {
    let chest = Chest::default();
    let (one, other) = (Process::of(&chest).await, Process::of(&chest).await);
    assert_eq!(one.name("1").await, "1");
    assert_eq!(other.name("2").await, "1");
    assert_eq!((one.taken(), other.taken()), (0, 1));
    // From then on it is in the process's own cache.
    assert_eq!(other.name("2").await, "1");
    assert_eq!(other.taken(), 1);
    // A process that starts later takes it too.
    assert_eq!(Process::of(&chest).await.name("2").await, "1");
}

#[tokio::test(start_paused = true)]
async fn the_age_counts_from_when_clerk_was_asked() {
    let chest = Chest::default();
    let (one, other) = (Process::of(&chest).await, Process::of(&chest).await);
    assert_eq!(one.name("1").await, "1");
    pass(&[&one, &other], secs(20)).await;
    assert_eq!(other.name_with("2", max_age(secs(20))).await, "2");
    let third = Process::of(&chest).await;
    third.clock.advance(secs(20));
    assert_eq!(third.name("3").await, "2");
    pass(&[&one, &other, &third], secs(29)).await;
    assert_eq!(third.name("3").await, "2");
    pass(&[&one, &other, &third], secs(1)).await;
    assert_eq!(third.name("3").await, "3");
}

#[tokio::test(start_paused = true)]
async fn a_response_is_no_longer_in_the_engine_than_it_may_be_of_use() {
    for (max_age, kept) in [(secs(600), 30), (secs(10), 10), (MILLI, 1), (Duration::ZERO, 0)] {
        let chest = Chest::default();
        let process = Process::with(&chest, SecondLevel::new().max_age(max_age), |builder| builder).await;
        let kept_for = async || {
            for second in 0..60 {
                if !chest.values().iter().any(|(key, _)| key.contains(":response:")) {
                    return second;
                }
                advance(secs(1)).await;
            }
            60
        };
        process.name("1").await;
        assert_eq!(process.reach.commands().contains(&"set"), kept > 0, "{max_age:?}");
        assert_eq!(kept_for().await, kept, "{max_age:?}");
    }
    // Twelve hours at most.
    let chest = Chest::default();
    let (day, hour) = (secs(86_400), secs(3600));
    let with = |builder: ClerkBuilder| builder.cache(CachePolicy::new().fresh(day));
    let process = Process::with(&chest, SecondLevel::new().max_age(day), with).await;
    process.name("1").await;
    advance(hour * 12 - secs(1)).await;
    let _ = chest.only("response");
    advance(secs(1)).await;
    assert!(chest.values().iter().all(|(key, _)| !key.contains(":response:")));
    // For as long as it is fresh while the link is up.
    let chest = Chest::default();
    let policy = CachePolicy::new().fresh_while_linked(secs(300)).stale_while_revalidate(Duration::ZERO);
    let with = || Process::with(&chest, SecondLevel::new(), |builder| builder.cache(policy));
    let (one, other) = (with().await, with().await);
    assert_eq!(one.name("1").await, "1");
    pass(&[&one, &other], secs(299)).await;
    assert_eq!(other.name("2").await, "1");
    pass(&[&one, &other], secs(1)).await;
    assert_eq!(other.name("2").await, "2");
}

#[tokio::test(start_paused = true)]
async fn a_write_is_seen_by_its_process_at_once_and_by_the_others_when_it_is_told() {
    let chest = Chest::default();
    let (one, other) = (Process::of(&chest).await, Process::of(&chest).await);
    assert_eq!(one.name("1").await, "1");
    one.write().await;
    assert_eq!(one.name("2").await, "2");
    settle().await;
    assert_eq!(other.name("3").await, "2");
    // While it cannot be told, what the engine has is not taken.
    one.reach.set_fault(Some(Fault::Full));
    one.write().await;
    settle().await;
    // Nor do the others, nor a process that starts now.
    assert_eq!(other.name("3").await, "3");
    assert_eq!(Process::of(&chest).await.name("3").await, "3");
    one.write().await;
    settle().await;
    assert_eq!(one.name("4").await, "4");
    one.reach.set_fault(None);
    pass(&[&one, &other], secs(10)).await;
    assert_eq!(other.name("5").await, "5");
}

#[tokio::test(start_paused = true)]
async fn a_response_from_before_a_change_is_not_good_whenever_it_is_stored() {
    // With messages that wait, the slow process does not know of the change.
    for holds in [false, true] {
        let chest = Chest::new(holds);
        let (slow, other, third) =
            (Process::of(&chest).await, Process::of(&chest).await, Process::of(&chest).await);
        let reading = slow.read().await;
        let call = slow.scripted.one();
        other.write().await;
        settle().await;
        call.respond(200, &user("old"));
        assert_eq!(reading.await.unwrap().unwrap(), "old");
        settle().await;
        let is_stored = chest.values().iter().any(|(key, _)| key.contains(":response:"));
        assert_eq!(is_stored, holds);
        assert_eq!(third.name("new").await, "new", "{holds}");
        slow.reach.deliver();
        settle().await;
        assert_eq!(slow.name("newer").await, "new", "{holds}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_engine_lost_makes_nothing_good_again() {
    for lost in [":change:", ":change:all", ":response:", ":"] {
        let chest = Chest::default();
        let one = Process::of(&chest).await;
        assert_eq!(one.name("1").await, "1");
        chest.evict(lost);
        // Others create what is missing.
        let other = Process::of(&chest).await;
        assert_eq!(other.name("2").await, "2", "{lost}");
        let third = Process::of(&chest).await;
        assert_eq!(third.name("3").await, "2", "{lost}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_failover_nothing_from_before_is_taken() {
    let chest = Chest::default();
    let (one, other) = (Process::of(&chest).await, Process::of(&chest).await);
    assert_eq!(one.name("1").await, "1");
    let copy = chest.copy();
    one.write().await;
    settle().await;
    // The copy lacks the change, and who made it is gone.
    drop(one);
    chest.fail_over(copy);
    other.clerk.fleet().linked().await;
    settle().await;
    assert_eq!(other.name("2").await, "2");
    // What was asked for since is shared again.
    pass(&[&other], secs(6)).await;
    other.clerk.cache().invalidate_all();
    settle().await;
    assert_eq!(other.name("3").await, "3");
    let third = Process::of(&chest).await;
    third.clock.advance(secs(6));
    assert_eq!(third.name("4").await, "3");
}

#[tokio::test(start_paused = true)]
async fn after_a_failover_what_was_asked_for_a_little_later_is_taken() {
    for (later, is_taken) in [(secs(5), false), (secs(5) + MILLI, true)] {
        let chest = Chest::default();
        let (one, other) = (Process::of(&chest).await, Process::of(&chest).await);
        chest.fail_over(chest.copy());
        settle().await;
        pass(&[&one, &other], later).await;
        assert_eq!(one.name("1").await, "1");
        assert_eq!(other.name("2").await == "1", is_taken, "{later:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn processes_that_ask_at_once_share_one_call() {
    let chest = Chest::default();
    let mut processes = Vec::new();
    for _ in 0..20 {
        processes.push(Process::of(&chest).await);
    }
    let mut readings = Vec::new();
    for process in &processes {
        readings.push(process.read().await);
    }
    let mut calls: Vec<_> = processes.iter().flat_map(|process| process.scripted.take()).collect();
    assert_eq!(calls.len(), 1);
    advance(MILLI * 500).await;
    calls.remove(0).respond(200, &user("1"));
    settle().await;
    // They look again within a moment, and do not wait to the end.
    advance(MILLI * 260).await;
    settle().await;
    for reading in readings {
        assert!(reading.is_finished());
        assert_eq!(reading.await.unwrap().unwrap(), "1");
    }
    assert!(processes.iter().all(|process| process.scripted.take().is_empty()));
    // Nothing is left that would keep anybody waiting.
    assert!(chest.values().iter().all(|(key, _)| !key.contains(":asking:")));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_stranded_by_a_process_that_asks_and_dies() {
    let chest = Chest::default();
    let (one, other, third) =
        (Process::of(&chest).await, Process::of(&chest).await, Process::of(&chest).await);
    let _lost = one.read().await;
    let _unanswered = one.scripted.one();
    let begun = Instant::now();
    let reading = other.read().await;
    while other.scripted.take().into_iter().map(|call| call.respond(200, &user("2"))).count() == 0 {
        advance(MILLI * 10).await;
        settle().await;
    }
    assert!((secs(1)..secs(1) + MILLI * 50).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    assert_eq!(reading.await.unwrap().unwrap(), "2");
    settle().await;
    // It did not wait in vain for the rest.
    assert_eq!(third.name("3").await, "2");
    // The lease ends by itself.
    advance(secs(5)).await;
    assert!(chest.values().iter().all(|(key, _)| !key.contains(":asking:")));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_keeps_nobody_waiting() {
    let chest = Chest::default();
    let (one, other) = (Process::of(&chest).await, Process::of(&chest).await);
    let failing = one.read().await;
    let waiting = other.read().await;
    one.scripted.one().respond(503, &json!({"errors": []}));
    assert!(failing.await.unwrap().is_err());
    settle().await;
    advance(MILLI * 100).await;
    settle().await;
    other.scripted.one().respond(200, &user("2"));
    assert_eq!(waiting.await.unwrap().unwrap(), "2");
}

#[tokio::test(start_paused = true)]
async fn a_response_that_does_not_fit_keeps_nobody_waiting() {
    let chest = Chest::default();
    let (one, other) = (Process::of(&chest).await, Process::of(&chest).await);
    let reading = one.read().await;
    one.reach.set_fault(Some(Fault::Full));
    one.scripted.one().respond(200, &user("1"));
    assert_eq!(reading.await.unwrap().unwrap(), "1");
    settle().await;
    assert!(chest.values().iter().all(|(key, _)| !key.contains(":asking:") && !key.contains(":response:")));
    let begun = Instant::now();
    assert_eq!(other.name("2").await, "2");
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn how_long_a_caller_waits_is_bounded_by_what_it_has() {
    let chest = Chest::default();
    let (one, other) = (Process::of(&chest).await, Process::of(&chest).await);
    let _lost = one.read().await;
    let hurried = other.read_with(CallOptions::new().timeout(MILLI * 400)).await;
    advance(MILLI * 110).await;
    settle().await;
    other.scripted.one().respond(200, &user("2"));
    assert_eq!(hurried.await.unwrap().unwrap(), "2");
    // So is how long it waits for the engine.
    let chest = Chest::default();
    let one = Process::of(&chest).await;
    one.reach.set_fault(Some(Fault::Hangs));
    let hurried = one.read_with(CallOptions::new().timeout(MILLI * 400)).await;
    advance(MILLI * 101).await;
    settle().await;
    one.scripted.one().respond(200, &user("1"));
    assert_eq!(hurried.await.unwrap().unwrap(), "1");
    // Waiting can be turned off.
    let chest = Chest::default();
    let settings = SecondLevel::new().wait_for_others(Duration::ZERO);
    let (one, other) = (Process::of(&chest).await, Process::with(&chest, settings, |builder| builder).await);
    let _lost = one.read().await;
    assert_eq!(other.name("2").await, "2");
    // Who does not wait keeps nobody waiting either.
    let chest = Chest::default();
    let settings = SecondLevel::new().wait_for_others(Duration::ZERO);
    let (one, other) = (Process::with(&chest, settings, |builder| builder).await, Process::of(&chest).await);
    let _lost = one.read().await;
    assert_eq!(other.name("2").await, "2");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_was_lost_is_counted() {
    for (after, is_lost) in [(secs(4), false), (secs(6), true)] {
        let recorder = DebuggingRecorder::new();
        let _guard = metrics::set_default_local_recorder(&recorder);
        let process = Process::of(&Chest::default()).await;
        let reading = process.read().await;
        advance(after).await;
        process.scripted.one().respond(200, &user("1"));
        reading.await.unwrap().unwrap();
        settle().await;
        let counted = recorder.snapshotter().snapshot().into_vec();
        let is_counted = counted.iter().any(|(key, ..)| key.key().name() == "clerk_fleet_leases_lost_total");
        assert_eq!(is_counted, is_lost, "{after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_with_an_age_of_its_own_gets_nothing_older() {
    let chest = Chest::default();
    let (one, other) = (Process::of(&chest).await, Process::of(&chest).await);
    assert_eq!(one.name("1").await, "1");
    pass(&[&one, &other], secs(10)).await;
    // A call that takes what another process has is not shared with a caller who wants something younger.
    let (any, young) = tokio::join!(other.clerk.cached(users::get("user_1")), async {
        tokio::task::yield_now().await;
        other.name_with("2", max_age(secs(5))).await
    });
    assert_eq!(any.unwrap().first_name.as_deref(), Some("1"));
    assert_eq!(young, "2");
    assert_eq!(Process::of(&chest).await.name_with("3", max_age(Duration::ZERO)).await, "3");
    // Nor does it wait for others, or keep them waiting.
    let chest = Chest::default();
    let (one, other, third) =
        (Process::of(&chest).await, Process::of(&chest).await, Process::of(&chest).await);
    let _young = one.read_with(max_age(secs(5))).await;
    let _any = other.read().await;
    let _unanswered = other.scripted.one();
    assert_eq!(third.name_with("3", max_age(secs(5))).await, "3");
}

#[tokio::test(start_paused = true)]
async fn only_good_responses_of_a_bounded_size_are_stored() {
    let has_response = |chest: &Chest| chest.values().iter().any(|(key, _)| key.contains(":response:"));
    let body = user("1").to_string().len();
    for (max, is_stored) in [(body, true), (body - 1, false), (0, false)] {
        let chest = Chest::default();
        let process = Process::with(&chest, SecondLevel::new().max_entry_bytes(max), |builder| builder).await;
        assert_eq!(process.name("1").await, "1");
        assert_eq!(has_response(&chest), is_stored, "{max}");
    }
    for status in [404, 403, 401, 429, 500] {
        let chest = Chest::default();
        let process = Process::of(&chest).await;
        let reading = process.read().await;
        process.scripted.one().refuse(status, "no");
        assert!(reading.await.unwrap().is_err());
        settle().await;
        assert!(!has_response(&chest), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_earlier_response_does_not_hide_a_refusal() {
    for status in [403, 404] {
        let chest = Chest::default();
        let (one, other) = (Process::of(&chest).await, Process::of(&chest).await);
        assert_eq!(one.name("1").await, "1");
        pass(&[&one, &other], secs(10)).await;
        // It was deleted, and nobody said so.
        let reading = other.read_with(max_age(secs(5))).await;
        other.scripted.one().refuse(status, "resource_not_found");
        assert!(reading.await.unwrap().is_err());
        settle().await;
        pass(&[&one, &other], secs(6)).await;
        let third = Process::of(&chest).await;
        third.clock.advance(secs(16));
        assert_eq!(third.name("3").await, "3", "{status}");
        assert_eq!(other.name("4").await, "3", "{status}");
    }
}

/// The response to an earlier request arrives after the refusal, and nothing that it depends on has changed.
#[tokio::test(start_paused = true)]
async fn a_late_response_does_not_hide_a_refusal() {
    for status in [403, 404] {
        let chest = Chest::default();
        let (one, other) = (Process::of(&chest).await, Process::of(&chest).await);
        let early = other.read().await;
        let call = other.scripted.one();
        pass(&[&one, &other], secs(1)).await;
        let refused = one.read_with(max_age(Duration::ZERO)).await;
        one.scripted.one().refuse(status, "resource_not_found");
        assert!(refused.await.unwrap().is_err());
        call.respond(200, &user("early"));
        assert_eq!(early.await.unwrap().unwrap(), "early");
        pass(&[&one, &other], secs(11)).await;
        let _ = chest.only("response");
        assert_eq!(one.name("now").await, "now", "{status}");
        assert_eq!(one.taken(), 0, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_fails_or_hangs_costs_a_call_and_a_moment() {
    for (fault, longest) in [
        (Fault::Broken, Duration::ZERO),
        (Fault::Fails(FleetErrorKind::Timeout), Duration::ZERO),
        (Fault::Fails(FleetErrorKind::Denied), Duration::ZERO),
        (Fault::Fails(FleetErrorKind::Full), Duration::ZERO),
        (Fault::Hangs, MILLI * 301),
    ] {
        let chest = Chest::default();
        let (one, other) = (Process::of(&chest).await, Process::of(&chest).await);
        assert_eq!(one.name("1").await, "1");
        other.reach.set_fault(Some(fault));
        settle().await;
        let begun = Instant::now();
        let reading = other.read().await;
        advance(longest).await;
        settle().await;
        other.scripted.one().respond(200, &user("2"));
        assert_eq!(reading.await.unwrap().unwrap(), "2", "{fault:?}");
        assert!(begun.elapsed() <= longest, "{fault:?}");
        // The next look-up does not wait for it.
        other.clerk.cache().invalidate_all();
        assert_eq!(other.name("3").await, "3", "{fault:?}");
        assert!(begun.elapsed() <= longest, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_of_no_use_is_not_asked() {
    let process = Process::of(&Chest::default()).await;
    let is_asked = async || {
        let _ = process.reach.commands();
        let reading = process.read().await;
        process.scripted.one().respond(503, &json!({"errors": []}));
        assert!(reading.await.unwrap().is_err());
        settle().await;
        process.reach.commands().contains(&"get")
    };
    // For a second after it failed.
    process.reach.set_fault(Some(Fault::Fails(FleetErrorKind::Denied)));
    assert!(is_asked().await);
    process.reach.set_fault(None);
    assert!(!is_asked().await);
    pass(&[&process], MILLI * 999).await;
    assert!(!is_asked().await);
    pass(&[&process], MILLI).await;
    assert!(is_asked().await);
    // While others have not been told of a change.
    process.reach.set_fault(Some(Fault::Fails(FleetErrorKind::Denied)));
    process.write().await;
    settle().await;
    assert!(!is_asked().await);
    process.reach.set_fault(None);
    pass(&[&process], secs(10)).await;
    assert!(is_asked().await);
    // Without a link.
    process.reach.set_fault(Some(Fault::Broken));
    settle().await;
    assert!(!is_asked().await);
    process.reach.set_fault(None);
    process.clerk.fleet().linked().await;
    assert!(is_asked().await);
}

#[tokio::test(start_paused = true)]
async fn hostile_values_count_as_missing() {
    let chest = Chest::default();
    let one = Process::of(&chest).await;
    assert_eq!(one.name("1").await, "1");
    let (key, good) = chest.only("response");
    let mut flipped = good.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    let from_elsewhere = {
        let chest = Chest::default();
        let builder = |builder: ClerkBuilder| builder.secret_key("sk_test_other");
        Process::with(&chest, SecondLevel::new(), builder).await.name("1").await;
        chest.only("response").1
    };
    let values: [Bytes; 9] = [
        "".into(),
        "x".into(),
        good.slice(..good.len() / 2),
        [&good[..], b"x"].concat().into(),
        flipped.into(),
        from_elsewhere,
        user("evil").to_string().into(),
        vec![0; 1_000_000].into(),
        vec![1; 40].into(),
    ];
    for value in values {
        chest.put(&key, value.clone());
        let process = Process::of(&chest).await;
        assert_eq!(process.name("2").await, "2", "{value:.60?}");
    }
    // A good value under another name.
    chest.put(&key, good.clone());
    let other = Process::of(&chest).await;
    let reading = tokio::spawn({
        let clerk = other.clerk.clone();
        async move { clerk.cached(users::get("user_2")).await.unwrap().id.clone() }
    });
    settle().await;
    let second = || json!({"id": "user_2", "object": "user", "banned": false, "locked": false});
    other.scripted.one().respond(200, &second());
    assert_eq!(reading.await.unwrap().as_str(), "user_2");
    settle().await;
    let moved = chest.values().into_iter().find(|(name, _)| name.contains(":response:") && *name != key);
    chest.put(&moved.unwrap().0, good);
    let third = Process::of(&chest).await;
    let reading = tokio::spawn({
        let clerk = third.clerk.clone();
        async move { clerk.cached(users::get("user_2")).await.map(drop) }
    });
    settle().await;
    third.scripted.one().respond(200, &second());
    reading.await.unwrap().unwrap();
    // Generations and leases of anybody's making.
    for (kind, value) in [
        (":change:all", Bytes::from(vec![255; 10])),
        (":change:all", Bytes::new()),
        (":change:all", vec![b'x'; 1_000_000].into()),
    ] {
        chest.put(&format!("{{clerk:clerk.example.com}}:1{kind}"), value);
        assert_eq!(Process::of(&chest).await.name("4").await, "4");
    }
    let lease = key.replace(":response:", ":asking:");
    chest.evict(":response:");
    chest.put(&lease, "forever");
    let waiting = Process::of(&chest).await;
    let reading = waiting.read().await;
    advance(secs(2)).await;
    settle().await;
    waiting.scripted.one().respond(200, &user("5"));
    assert_eq!(reading.await.unwrap().unwrap(), "5");
}

#[tokio::test(start_paused = true)]
async fn clocks_that_differ_cost_a_call_at_most() {
    for (ahead, taken) in [(0, true), (5, true), (6, false), (3600, false)] {
        let chest = Chest::default();
        let (one, other) = (Process::of(&chest).await, Process::of(&chest).await);
        one.clock.advance(secs(ahead));
        assert_eq!(one.name("1").await, "1");
        assert_eq!(other.name("2").await == "1", taken, "one is {ahead} s ahead");
        let (one, other) = (Process::of(&Chest::default()).await, Process::of(&chest).await);
        drop((one, other));
        // The engine removes it by its own time.
        let late = Process::of(&chest).await;
        advance(secs(30)).await;
        assert_eq!(late.name("3").await, "3");
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_key_nothing_is_readable_in_the_engine() {
    for (settings, is_readable) in
        [(SecondLevel::new(), true), (SecondLevel::new().encrypt_with([7; 32]), false)]
    {
        let chest = Chest::default();
        let with = |settings: &SecondLevel| Process::with(&chest, settings.clone(), |builder| builder);
        let (one, other) = (with(&settings).await, with(&settings).await);
        assert_eq!(one.name("Ada Lovelace").await, "Ada Lovelace");
        let (key, value) = chest.only("response");
        assert!(!key.contains("user_1"));
        assert_eq!(value.windows(12).any(|part| part == b"Ada Lovelace"), is_readable);
        assert_eq!(other.name("2").await, "Ada Lovelace");
        for stranger in [
            SecondLevel::new().encrypt_with([8; 32]),
            if is_readable { SecondLevel::new().encrypt_with([7; 32]) } else { SecondLevel::new() },
        ] {
            chest.put(&key, value.clone());
            assert_eq!(with(&stranger).await.name("2").await, "2");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn processes_that_would_ask_something_else_share_nothing() {
    let chest = Chest::default();
    let settings = SecondLevel::new;
    let one = Process::of(&chest).await;
    assert_eq!(one.name("1").await, "1");
    let other_key = |builder: ClerkBuilder| builder.secret_key("sk_test_other");
    assert_eq!(Process::with(&chest, settings(), other_key).await.name("2").await, "2");
    let elsewhere = |builder: ClerkBuilder| builder.api_url("https://api.elsewhere.example");
    assert_eq!(Process::with(&chest, settings(), elsewhere).await.name("3").await, "3");
    let version = |builder: ClerkBuilder| builder.api_version("v2");
    assert_eq!(Process::with(&chest, settings(), version).await.name("4").await, "4");
    // A key that can change is the one that is current.
    let provided = |builder: ClerkBuilder| builder.secret_key_provider(|| "sk_test_x".parse().unwrap());
    assert_eq!(Process::with(&chest, settings(), provided).await.name("5").await, "1");
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let fleet = || Fleet::from(&Chest::default().reach()).second_level(SecondLevel::new());
    let builder = || Clerk::builder().secret_key("sk_test_x").fleet(fleet());
    assert!(builder().build().is_ok());
    let error = builder().cache(CachePolicy::off()).build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "fleet: second_level: has no effect beside `CachePolicy::off`; remove one of them"
    );
    let stack = service_fn(async |_: Request<Bytes>| Ok::<_, Error>(Response::new(Bytes::new())));
    let error = builder().stack(stack).build().unwrap_err();
    assert!(error.to_string().starts_with("fleet: second_level: `stack` decides"), "{error}");
    let keyless = Clerk::builder().publishable_key("pk_test_Y2xlcmsuZXhhbXBsZS5jb20k").fleet(fleet());
    let error = keyless.build_verifier().unwrap_err();
    assert!(error.to_string().starts_with("fleet: second_level: needs the secret key"), "{error}");
    let machine = Clerk::builder().machine_secret_key("ak_x").fleet(fleet().instance("i")).build_machine();
    assert!(machine.is_ok());
    let shown = format!("{:?} {:?}", SecondLevel::new().encrypt_with([77; 32]), fleet());
    assert!(!shown.contains("77") && shown.contains("is_encrypted: true"), "{shown}");
}

/// The costs that the guide states.
#[tokio::test(start_paused = true)]
async fn what_a_look_up_costs() {
    let chest = Chest::default();
    let (one, other) = (Process::of(&chest).await, Process::of(&chest).await);
    // The first time, the generations are created: everything, the section, and the user, and what a user shows.
    assert_eq!(one.name("1").await, "1");
    let commands = one.reach.commands();
    let generations = commands.iter().filter(|command| **command == "set_if_absent").count() - 1;
    assert_eq!(generations, 4);
    assert_eq!(commands.len(), 2 + generations + 1 + 2);
    assert_eq!(other.name("2").await, "1");
    assert_eq!(other.reach.commands(), ["get"]);
    for _ in 0..100 {
        other.name("2").await;
    }
    assert!(other.reach.commands().is_empty());
    pass(&[&one, &other], secs(31)).await;
    assert_eq!(one.name("2").await, "2");
    assert_eq!(one.reach.commands(), ["get", "set_if_absent", "set", "delete_if_equal"]);
}
