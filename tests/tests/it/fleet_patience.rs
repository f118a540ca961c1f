//! A 429 that one process of a fleet gets holds back all of them.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use clerk_core::{
    Operation,
    api::{invitations, users},
};
use clerk_tests::{
    NOW,
    engine::Engine,
    scripted::{ReceivedRequest, Reply, Script},
    settle,
};
use clerk_tower::{
    Clerk, Error, ErrorKind,
    clock::ManualClock,
    fleet::{Broadcast as _, FleetErrorKind},
};
use futures_util::future::join_all;
use http::Response;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use serde_json::json;
use tokio::time::Instant;

const CHANNEL: &str = "{clerk:clerk.example.com}:notices";

#[derive(Clone)]
struct Process {
    engine: Engine,
    clerk: Clerk,
}

impl Process {
    async fn of(engine: &Engine, number: usize, script: &Script) -> Self {
        let engine = engine.another();
        let key = BASE64_URL_SAFE_NO_PAD.encode("clerk.example.com$");
        let clerk = Clerk::builder()
            // Its number, for the script. Processes may have different secret keys of one instance.
            .secret_key(format!("sk_test_{number}"))
            .publishable_key(format!("pk_test_{key}"))
            .transport(script.clone())
            .clock(ManualClock::at(NOW))
            .max_attempts(1)
            .timeout(secs(60))
            .fleet(&engine)
            .build()
            .unwrap();
        clerk.fleet().linked().await;
        settle().await;
        Self { engine, clerk }
    }

    async fn call(&self) -> Result<(), Error> {
        self.clerk.send(users::count()).await.map(drop)
    }

    /// How long a call would have to wait.
    async fn wait(&self) -> Duration {
        let impatient = self.clerk.with(self.clerk.options().clone().timeout(Duration::from_millis(1)));
        match impatient.send(users::count()).await {
            Ok(_) => Duration::ZERO,
            Err(error) => match error.kind() {
                ErrorKind::RateLimited(wait) => *wait,
                other => panic!("{other:?}"),
            },
        }
    }
}

async fn fleet(size: usize, script: &Script) -> Vec<Process> {
    let engine = Engine::new();
    join_all((0..size).map(|number| Process::of(&engine, number, script))).await
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn good() -> Reply {
    Reply::json(200, &json!({"object": "total_count", "total_count": 7}))
}

fn refused(retry_after: Option<u64>) -> Reply {
    let mut response = Response::builder().status(429);
    if let Some(seconds) = retry_after {
        response = response.header("retry-after", seconds);
    }
    Reply::Respond(response.body("{}".into()).unwrap())
}

/// The number of the process that sent a request.
fn sender(request: &ReceivedRequest) -> usize {
    let key = request.request.headers()["authorization"].to_str().unwrap();
    key.trim_start_matches("Bearer sk_test_").parse().unwrap()
}

/// Refuses all calls until five seconds after the first one.
fn until_five(request: &ReceivedRequest, first: Duration) -> Reply {
    let remaining = (first + secs(5)).saturating_sub(request.time);
    if remaining.is_zero() {
        good()
    } else {
        refused(Some(u64::try_from(remaining.as_millis().div_ceil(1000)).unwrap()))
    }
}

#[tokio::test(start_paused = true)]
async fn after_one_429_nobody_calls_until_the_moment_and_then_not_all_at_once() {
    fastrand::seed(7);
    let recorder = DebuggingRecorder::new();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let script = Script::new(|request| until_five(request, Duration::ZERO));
    let processes = fleet(10, &script).await;
    assert_eq!(script.elapsed(), Duration::ZERO);
    assert_eq!(processes[0].call().await.unwrap_err().status().unwrap(), 429);
    settle().await;
    let calls = (0..30).map(|number| processes[number % 10].call());
    assert!(join_all(calls).await.iter().all(Result::is_ok));

    let requests = script.requests();
    assert_eq!(requests.len(), 31);
    let mut first_of = BTreeMap::new();
    for request in &requests[1..] {
        assert!(request.time >= secs(5) && request.time < Duration::from_millis(6_100), "{:?}", request.time);
        first_of.entry(sender(request)).or_insert(request.time);
    }
    // The process that got the 429 is the first, at the moment that Clerk said.
    assert_eq!((requests[1].time, sender(&requests[1])), (secs(5), 0));
    let mut others: Vec<Duration> = first_of.into_values().skip(1).collect();
    others.sort_unstable();
    assert_eq!(others.len(), 9);
    assert!(others[8] - others[0] > Duration::from_millis(500), "{others:?}");
    let gap = others.windows(2).filter(|pair| pair[1] - pair[0] >= Duration::from_millis(2)).count();
    assert!(gap >= 7, "{others:?}");

    // Nobody told what it had only heard.
    let told: Vec<_> = processes.iter().map(|process| process.engine.count("publish")).collect();
    assert_eq!(told, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let heard = recorder.snapshotter().snapshot().into_vec().into_iter().find_map(|(key, _, _, value)| {
        (key.key().name() == "clerk_rate_limits_heard_total").then_some(value)
    });
    assert!(matches!(heard, Some(DebugValue::Counter(9))), "{heard:?}");
    // Afterwards all are as before.
    tokio::time::sleep(secs(2)).await;
    let start = Instant::now();
    assert!(join_all(processes.iter().map(Process::call)).await.iter().all(Result::is_ok));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_429s_in_all_processes_is_one_pause() {
    fastrand::seed(7);
    for retry_after in [Some(5), None] {
        let script = Script::new(move |request| {
            if request.index >= 100 {
                return good();
            }
            let late = Duration::from_millis(u64::try_from(request.index).unwrap() + 1);
            Reply::Later(Box::pin(async move {
                tokio::time::sleep(late).await;
                refused(retry_after)
            }))
        });
        let processes = fleet(10, &script).await;
        let calls = (0..100).map(|number| processes[number % 10].call());
        assert!(join_all(calls).await.iter().all(Result::is_err));
        settle().await;
        let (shortest, longest) = (secs(retry_after.unwrap_or(1)), secs(retry_after.unwrap_or(1) + 2));
        for process in &processes {
            assert!(process.engine.count("publish") <= 1);
            let wait = process.wait().await;
            assert!(wait + Duration::from_millis(100) >= shortest && wait < longest, "{wait:?}");
        }
        assert!(join_all(processes.iter().map(Process::call)).await.iter().all(Result::is_ok));
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_same_section_waits_and_other_instances_do_not() {
    let script = Script::new(|request| if request.index == 0 { refused(Some(9)) } else { good() });
    let engine = Engine::new();
    let (one, other) = (Process::of(&engine, 0, &script).await, Process::of(&engine, 1, &script).await);
    let apart = Process::of(&Engine::new(), 2, &script).await;
    assert!(one.call().await.is_err());
    settle().await;
    assert!(other.wait().await > secs(8));
    assert_eq!(apart.wait().await, Duration::ZERO);
    let start = Instant::now();
    let _ = other.clerk.send(invitations::list()).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_ne!(invitations::list().request().unwrap().uri().path(), "/users/count");
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_cannot_be_told_is_not_told_late() {
    let script = Script::new(|request| if request.index == 0 { refused(Some(9)) } else { good() });
    let processes = fleet(2, &script).await;
    let [one, other] = &processes[..] else { panic!() };
    one.engine.break_off(FleetErrorKind::Unreachable);
    assert!(one.call().await.is_err());
    tokio::time::sleep(secs(3)).await;
    one.engine.mend();
    one.clerk.fleet().linked().await;
    tokio::time::sleep(secs(3)).await;
    assert!(one.wait().await > secs(2));
    assert_eq!(other.wait().await, Duration::ZERO);
}

/// Anybody who can write to the engine can make processes wait, but for a quarter of an hour at most.
#[tokio::test(start_paused = true)]
async fn what_anybody_tells_is_bounded_and_read_strictly() {
    let script = Script::new(|_| good());
    let engine = Engine::new();
    let process = Process::of(&engine, 0, &script).await;
    let tell = async |notice: serde_json::Value| {
        let message = json!({"v": 1, "from": "x", "notices": [["paused", notice.to_string()]]});
        engine.inner().publish(CHANNEL, message.to_string().into()).await.unwrap();
        settle().await;
    };
    for notice in [
        json!(null),
        json!({"purpose": "keys", "section": "Users", "millis": 9000}),
        json!({"purpose": "program", "section": "Nothing", "millis": 9000}),
        json!({"purpose": "program", "section": "Users", "millis": -9000}),
        json!({"purpose": "program", "section": "Users", "millis": 9000, "more": 1}),
        json!({"purpose": "program", "section": "Invitations", "millis": 9000}),
    ] {
        tell(notice.clone()).await;
        assert_eq!(process.wait().await, Duration::ZERO, "{notice}");
    }
    tell(json!({"purpose": "program", "section": "Users", "millis": u64::MAX})).await;
    let wait = process.wait().await;
    assert!(wait > secs(899) && wait < secs(902), "{wait:?}");
}
