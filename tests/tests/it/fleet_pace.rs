//! Batch jobs in several processes that share one rate.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use clerk_tests::{engine::Engine, settle};
use clerk_tower::{
    Error, ErrorKind,
    client::middleware::{deadline::DeadlineLayer, pacing::PacingLayer},
    fleet::{Fleet, FleetErrorKind, FleetFuture, InProcess, Store},
};
use futures_util::future::{BoxFuture, join_all};
use http::{Request, Response};
use tokio::time::{Instant, sleep};
use tower::{ServiceBuilder, ServiceExt as _, service_fn, util::BoxCloneService};

type Times = Arc<Mutex<Vec<Duration>>>;
type Paced = BoxCloneService<Request<()>, Response<()>, Infallible>;

/// A process's paced service, which records when its calls are sent.
fn process(engine: &Engine, per_second: u32, name: &str, start: Instant, times: &Times) -> Paced {
    let times = times.clone();
    let layer = PacingLayer::per_second(per_second).fleet(engine, name).unwrap();
    let service = service_fn(move |_: Request<()>| {
        times.lock().unwrap().push(start.elapsed());
        std::future::ready(Ok::<_, Infallible>(Response::new(())))
    });
    BoxCloneService::new(ServiceBuilder::new().layer(layer).service(service))
}

/// Starts calls of each of these services.
fn calls(services: &[Paced], each: usize) -> BoxFuture<'static, ()> {
    let calls: Vec<_> = services
        .iter()
        .flat_map(|service| (0..each).map(|_| service.clone().oneshot(Request::new(()))))
        .collect();
    Box::pin(async move { drop(join_all(calls).await) })
}

/// The most calls within any period of this length.
fn most_within(times: &Times, period: Duration) -> usize {
    let times = times.lock().unwrap();
    let within =
        |start: Duration| times.iter().filter(|time| **time >= start && **time < start + period).count();
    times.iter().map(|start| within(*start)).max().unwrap_or(0)
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[tokio::test(start_paused = true)]
async fn all_processes_together_never_exceed_the_rate() {
    for (size, each, per_second) in [(1, 50, 10), (5, 20, 10), (20, 10, 50), (3, 1, 1)] {
        let (engine, start, times) = (Engine::new(), Instant::now(), Times::default());
        let services: Vec<_> =
            (0..size).map(|_| process(&engine.another(), per_second, "job", start, &times)).collect();
        calls(&services, each).await;
        let all = size * each;
        assert_eq!(times.lock().unwrap().len(), all);
        // One at the beginning, and then the rate.
        for period in [1, 2, 5] {
            let allowed = 1 + period * usize::try_from(per_second).unwrap();
            let most = most_within(&times, secs(period.try_into().unwrap()));
            assert!(most <= allowed, "{size} × {each}: {most} in {period} s");
        }
        // And the rate is used.
        let ideal = Duration::from_secs_f64((all - 1) as f64 / f64::from(per_second));
        assert!(
            start.elapsed() >= ideal && start.elapsed() < ideal.mul_f64(1.2) + secs(1),
            "{:?}",
            start.elapsed()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_engine_each_process_keeps_the_rate() {
    let (engine, start, times) = (Engine::new(), Instant::now(), Times::default());
    let engines: Vec<_> = (0..4).map(|_| engine.another()).collect();
    let services: Vec<_> = engines.iter().map(|engine| process(engine, 10, "job", start, &times)).collect();
    let all = tokio::spawn(calls(&services, 50));
    let take = || std::mem::take(&mut *times.lock().unwrap()).len();
    sleep(secs(5)).await;
    let linked = take();
    assert!((45..=51).contains(&linked), "{linked}");
    engines.iter().for_each(|engine| engine.break_off(FleetErrorKind::Timeout));
    sleep(secs(2)).await;
    let alone = take();
    assert!(alone <= 4 * 21 && alone > 60, "{alone}");
    // An engine that fails is not asked for every call.
    assert!(engines[0].count("take_turn") < 20);
    engines.iter().for_each(Engine::mend);
    sleep(secs(1)).await;
    take();
    sleep(secs(2)).await;
    let again = take();
    assert!((18..=21).contains(&again), "{again}");
    all.abort();
}

/// One process whose link comes and goes is not faster than its rate.
#[tokio::test(start_paused = true)]
async fn a_link_that_comes_and_goes_does_not_add_rates_up() {
    let (engine, start, times) = (Engine::new(), Instant::now(), Times::default());
    let services = [process(&engine, 10, "job", start, &times)];
    let all = tokio::spawn(calls(&services, 100));
    while !all.is_finished() {
        engine.break_off(FleetErrorKind::Unreachable);
        sleep(Duration::from_millis(fastrand::u64(1..1500))).await;
        engine.mend();
        sleep(Duration::from_millis(fastrand::u64(1..1500))).await;
    }
    assert!(most_within(&times, secs(1)) <= 11);
}

#[tokio::test(start_paused = true)]
async fn jobs_of_different_names_do_not_share_a_rate() {
    let (engine, start, times) = (Engine::new(), Instant::now(), Times::default());
    let names = ["a", "b", "what{ever} ä", &"x".repeat(1000)];
    let services: Vec<_> = names.iter().map(|name| process(&engine, 1, name, start, &times)).collect();
    calls(&services, 1).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    let prefix = |prefix| PacingLayer::per_second(1).fleet(Fleet::from(&engine).prefix(prefix), "a");
    assert!(prefix("staging").is_ok());
    let error = prefix("a b").unwrap_err().to_string();
    assert_eq!(error, "fleet: prefix: expected 1 to 64 visible ASCII characters without braces");
}

/// A call whose deadline passes while it waits for its turn is not sent, and the others do not wait for it.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_leaves_the_queue() {
    let engine = Engine::new();
    let sent = Times::default();
    let (start, times) = (Instant::now(), sent.clone());
    let service = ServiceBuilder::new()
        .layer(DeadlineLayer::new(secs(3)))
        .layer(PacingLayer::per_second(1).fleet(&engine, "job").unwrap())
        .service_fn(move |_: Request<Bytes>| {
            times.lock().unwrap().push(start.elapsed());
            std::future::ready(Ok::<_, Error>(Response::new(Bytes::new())))
        });
    let calls = join_all((0..10).map(|_| service.clone().oneshot(Request::new(Bytes::new())))).await;
    let mut good = 0;
    for call in calls {
        match call {
            Ok(_) => good += 1,
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::NotSent(_)), "{error:?}");
                assert!(!error.may_have_been_processed());
            }
        }
    }
    assert_eq!((good, sent.lock().unwrap().len()), (3, 3));
    // At most the turn of the one that was next is lost.
    service.oneshot(Request::new(Bytes::new())).await.unwrap();
    assert!(start.elapsed() <= secs(5), "{:?}", start.elapsed());
}

/// An engine without a way of its own to take turns.
struct Plain(InProcess);

impl Store for Plain {
    fn get<'a>(&'a self, keys: &'a [String]) -> FleetFuture<'a, Vec<Option<Bytes>>> {
        self.0.get(keys)
    }

    fn set<'a>(&'a self, values: &'a [(String, Bytes)], expires_in: Duration) -> FleetFuture<'a, ()> {
        self.0.set(values, expires_in)
    }

    fn set_if_absent<'a>(
        &'a self,
        key: &'a str,
        value: Bytes,
        expires_in: Duration,
    ) -> FleetFuture<'a, bool> {
        self.0.set_if_absent(key, value, expires_in)
    }

    fn set_if_equal<'a>(
        &'a self,
        key: &'a str,
        expected: &'a [u8],
        value: Bytes,
        expires_in: Duration,
    ) -> FleetFuture<'a, bool> {
        self.0.set_if_equal(key, expected, value, expires_in)
    }

    fn delete_if_equal<'a>(&'a self, key: &'a str, expected: &'a [u8]) -> FleetFuture<'a, bool> {
        self.0.delete_if_equal(key, expected)
    }

    fn increment<'a>(&'a self, key: &'a str, expires_in: Duration) -> FleetFuture<'a, u64> {
        self.0.increment(key, expires_in)
    }
}

/// What every engine must do, whether it takes turns in its own way or not.
#[tokio::test]
async fn turns_are_taken_one_after_the_other() {
    let hour = secs(3600);
    let stores: [Box<dyn Store>; 2] = [Box::new(InProcess::new()), Box::new(Plain(InProcess::new()))];
    for store in stores {
        for number in 0..20 {
            let wait = store.take_turn("a", hour).await.unwrap();
            // Some time may pass between two of them.
            assert!(wait <= hour * number && wait + secs(600) > hour * number, "{number}: {wait:?}");
        }
        assert_eq!(store.take_turn("b", hour).await.unwrap(), Duration::ZERO);
        // Shorter than a millisecond.
        for _ in 0..5 {
            assert!(store.take_turn("c", Duration::from_nanos(1)).await.unwrap() < secs(1));
        }
    }
    // Whatever somebody has written there, it goes on. Engines differ in what they keep there, so not `InProcess`.
    let store = Plain(InProcess::new());
    for (number, value) in
        ["", "x", "-1", "1e99", "18446744073709551615", "99999999999999999999999"].into_iter().enumerate()
    {
        let key = number.to_string();
        store.set(&[(key.clone(), value.into())], hour).await.unwrap();
        assert_eq!(store.take_turn(&key, secs(1)).await.unwrap(), Duration::ZERO, "{value}");
        assert!(store.take_turn(&key, secs(1)).await.unwrap() > Duration::ZERO, "{value}");
    }
}

#[tokio::test]
async fn many_that_take_turns_at_once_get_different_ones() {
    let store: Arc<dyn Store> = Arc::new(Plain(InProcess::new()));
    let turns = join_all((0..30).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.take_turn("a", secs(3600)).await.unwrap() })
    }))
    .await;
    settle().await;
    let mut turns: Vec<u64> = turns.into_iter().map(|turn| turn.unwrap().as_secs().div_ceil(3600)).collect();
    turns.sort_unstable();
    assert_eq!(turns, (0..30).collect::<Vec<u64>>());
}
