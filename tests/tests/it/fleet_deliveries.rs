//! Webhook deliveries that reach several processes of a fleet: each is handled once as long as the fleet's engine works,
//! and at least once if it does not.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use clerk_core::webhook::{Delivery, Verifier};
use clerk_tests::{NOW, engine::Engine, log::Log, scripted::Scripted, settle};
use clerk_tower::{
    BoxError, Clerk,
    clock::ManualClock,
    fleet::{FleetErrorKind, Store as _},
    server::webhook::ClerkWebhooks,
};
use http::Request;
use http_body_util::{BodyExt as _, Full};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tower::ServiceExt as _;
use tracing::Level;

const SECRET: &str = "whsec_c2VjcmV0";
const OTHER_SECRET: &str = "whsec_b3RoZXI=";
const LEASE: Duration = Duration::from_secs(30);

/// What the handlers of all processes did, in order: the process, what it did, and the delivery.
type Diary = Arc<Mutex<Vec<(usize, &'static str, String)>>>;

/// A process that receives deliveries.
#[derive(Clone)]
struct Process {
    engine: Engine,
    clerk: Clerk,
    webhooks: ClerkWebhooks,
}

/// What a handler does with a delivery.
#[derive(Clone, Copy, Debug)]
enum Order {
    Succeed,
    SucceedAfter(u64),
    Fail,
    FailAfter(u64),
    Panic,
    Hang,
}

impl Order {
    fn body(self) -> String {
        let (order, secs) = match self {
            Self::Succeed => ("succeed", 0),
            Self::SucceedAfter(secs) => ("succeed", secs),
            Self::Fail => ("fail", 0),
            Self::FailAfter(secs) => ("fail", secs),
            Self::Panic => ("panic", 0),
            Self::Hang => ("hang", 0),
        };
        json!({"type": "order", "data": {"order": order, "secs": secs}}).to_string()
    }
}

struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

async fn obey(number: usize, diary: Diary, delivery: Arc<Delivery>) -> Result<(), BoxError> {
    let write = |what| diary.lock().unwrap().push((number, what, delivery.id.clone()));
    write("begins");
    let body: Value = serde_json::from_slice(&delivery.body)?;
    match body["data"]["secs"].as_u64().unwrap() {
        0 => {}
        secs => tokio::time::sleep(Duration::from_secs(secs)).await,
    }
    match body["data"]["order"].as_str().unwrap() {
        "succeed" => write("succeeds"),
        "fail" => {
            write("fails");
            return Err("as ordered".into());
        }
        "panic" => {
            write("fails");
            panic!("as ordered");
        }
        _ => {
            // It is given up after five minutes.
            let _end = OnDrop(|| write("fails"));
            pending::<()>().await;
        }
    }
    Ok(())
}

impl Process {
    fn of(engine: &Engine, number: usize, diary: &Diary) -> Self {
        Self::with(engine, number, diary, &[SECRET], |webhooks| webhooks)
    }

    fn with(
        engine: &Engine,
        number: usize,
        diary: &Diary,
        secrets: &[&str],
        configure: impl FnOnce(ClerkWebhooks) -> ClerkWebhooks,
    ) -> Self {
        let engine = engine.another();
        let key = BASE64_URL_SAFE_NO_PAD.encode("clerk.example.com$");
        let builder = Clerk::builder()
            .secret_key("sk_test_x")
            .publishable_key(format!("pk_test_{key}"))
            .transport(Scripted::default())
            .clock(ManualClock::at(NOW))
            .fleet(&engine);
        let builder = secrets.iter().fold(builder, |builder, secret| builder.webhook_secret(*secret));
        let clerk = builder.build().unwrap();
        let diary = diary.clone();
        let webhooks = ClerkWebhooks::new(&clerk).unwrap();
        let webhooks = webhooks.on_any(move |delivery| obey(number, diary.clone(), delivery));
        Self { engine, clerk, webhooks: configure(webhooks) }
    }

    /// Starts a delivery. It ends with its response: the status and the code.
    fn start(&self, id: &str, order: Order) -> JoinHandle<String> {
        self.start_signed(id, order, SECRET)
    }

    fn start_signed(&self, id: &str, order: Order, secret: &str) -> JoinHandle<String> {
        let body = order.body();
        let headers = Verifier::new(secret.parse().unwrap()).sign(id, self.clerk.now(), body.as_bytes());
        let mut request = Request::post("/webhooks").body(Full::<Bytes>::from(body)).unwrap();
        request.headers_mut().extend(headers);
        let webhooks = self.webhooks.clone();
        tokio::spawn(async move {
            let response = webhooks.oneshot(request).await.unwrap();
            let status = response.status();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            format!("{} {}", status.as_u16(), body["errors"][0]["code"].as_str().unwrap_or_default())
                .trim_end()
                .to_owned()
        })
    }

    async fn deliver(&self, id: &str, order: Order) -> String {
        self.start(id, order).await.unwrap()
    }
}

/// Processes of one fleet, and what they do.
fn fleet(size: usize) -> (Vec<Process>, Diary) {
    let (engine, diary) = (Engine::new(), Diary::default());
    ((0..size).map(|number| Process::of(&engine, number, &diary)).collect(), diary)
}

/// Returns how often a delivery was handled successfully.
fn successes(diary: &Diary, id: &str) -> usize {
    let diary = diary.lock().unwrap();
    diary.iter().filter(|(_, what, of)| *what == "succeeds" && of == id).count()
}

/// Returns which processes began to handle a delivery.
fn began(diary: &Diary, id: &str) -> Vec<usize> {
    let diary = diary.lock().unwrap();
    diary.iter().filter(|(_, what, of)| *what == "begins" && of == id).map(|(number, ..)| *number).collect()
}

/// The key of a delivery to an endpoint that has this name.
fn key(name: &str, id: &str) -> String {
    let digest = digest(&SHA256, format!("name\0{name}\0{id}").as_bytes());
    format!("{{clerk:clerk.example.com}}:1:delivery:{}", BASE64_URL_SAFE_NO_PAD.encode(digest))
}

async fn value(engine: &Engine, key: &str) -> Option<Bytes> {
    engine.inner().get(&[key.to_owned()]).await.unwrap().remove(0)
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// What is in the engine when a delivery arrives, what is wrong with the engine, the response, and whether it is handled.
type Case<'a> = (&'a str, Option<&'a [u8]>, &'a dyn Fn(&Engine), &'a str, bool);

#[tokio::test(start_paused = true)]
async fn what_an_arrival_gets_by_what_the_engine_says() {
    let works = |_: &Engine| {};
    let unanswered = |commands: &'static [&'static str]| {
        move |engine: &Engine| commands.iter().for_each(|command| engine.lose_response_to(command))
    };
    let broken = |kind| move |engine: &Engine| engine.break_off(kind);
    let long = "x".repeat(1_000_000);
    let cases: [Case<'_>; 14] = [
        ("new", None, &works, "204", true),
        ("handled by another", Some(b"done"), &works, "204", false),
        ("running elsewhere", Some(b"running x"), &works, "409 webhook-running", false),
        ("empty value", Some(b""), &works, "409 webhook-running", false),
        ("no text", Some(b"\xff\xfe"), &works, "409 webhook-running", false),
        ("almost done", Some(b"done "), &works, "409 webhook-running", false),
        ("long value", Some(long.as_bytes()), &works, "409 webhook-running", false),
        // It took effect, but that is not known: it is found to be ours.
        ("claim not answered", None, &unanswered(&["set_if_absent"]), "204", true),
        ("claim and question not answered", None, &unanswered(&["set_if_absent", "get"]), "204", true),
        ("repetition not answered", Some(b"done"), &unanswered(&["set_if_absent"]), "204", false),
        // Somebody has it, and that is enough.
        ("question not answered", Some(b"running x"), &unanswered(&["get"]), "409 webhook-running", false),
        ("unreachable", Some(b"done"), &broken(FleetErrorKind::Unreachable), "204", true),
        ("stalled", Some(b"running x"), &broken(FleetErrorKind::Timeout), "204", true),
        ("full", None, &broken(FleetErrorKind::Full), "204", true),
    ];
    for (number, (what, present, fault, response, is_handled)) in cases.into_iter().enumerate() {
        let (engine, diary) = (Engine::new(), Diary::default());
        let process = Process::with(&engine, 0, &diary, &[SECRET], |webhooks| webhooks.name("x"));
        process.clerk.fleet().linked().await;
        settle().await;
        let id = format!("msg_{number}");
        if let Some(present) = present {
            let present = (key("x", &id), Bytes::copy_from_slice(present));
            engine.inner().set(&[present], secs(3600)).await.unwrap();
        }
        fault(&process.engine);
        assert_eq!(process.deliver(&id, Order::Succeed).await, response, "{what}");
        assert_eq!(began(&diary, &id).len(), usize::from(is_handled), "{what}");
        process.engine.mend();
        // What was handled is recorded as soon as that is possible.
        tokio::time::sleep(secs(15)).await;
        process.webhooks.drained().await;
        let expected =
            if response == "204" { Some(Bytes::from("done")) } else { present.map(Bytes::copy_from_slice) };
        assert_eq!(value(&engine, &key("x", &id)).await, expected, "{what}");
        let again = process.deliver(&id, Order::Succeed).await;
        assert_eq!(again, if is_handled { "204" } else { response }, "{what}");
        assert_eq!(began(&diary, &id).len(), usize::from(is_handled), "{what}");
    }
}

/// Whatever the handlers do, only one process runs them at a time, and the next delivery gets what follows.
#[tokio::test(start_paused = true)]
async fn twenty_processes_that_get_a_delivery_at_once_handle_it_once() {
    let (processes, diary) = fleet(20);
    for (id, order, first, then) in [
        ("msg_succeeds", Order::SucceedAfter(100), "204", "204"),
        ("msg_fails", Order::FailAfter(100), "500 webhook-failed", "handled"),
        ("msg_panics", Order::Panic, "500 webhook-failed", "handled"),
        ("msg_hangs", Order::Hang, "500 webhook-failed", "handled"),
    ] {
        let all: Vec<_> = processes.iter().map(|process| process.start(id, order)).collect();
        let mut responses = BTreeMap::<String, usize>::new();
        for response in all {
            *responses.entry(response.await.unwrap()).or_default() += 1;
        }
        let expected = [(first.to_owned(), 1), ("409 webhook-running".to_owned(), 19)];
        assert_eq!(responses, expected.into(), "{id}");
        assert_eq!(began(&diary, id).len(), 1, "{id}");
        for process in processes.iter().rev() {
            assert_eq!(process.deliver(id, Order::Succeed).await, "204", "{id}");
        }
        assert_eq!(successes(&diary, id), 1, "{id}");
        assert_eq!(began(&diary, id).len(), if then == "handled" { 2 } else { 1 }, "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delivery_stays_claimed_as_long_as_its_handlers_run() {
    let (processes, diary) = fleet(2);
    let running = processes[0].start("msg_1", Order::SucceedAfter(200));
    settle().await;
    for _ in 0..28 {
        tokio::time::sleep(secs(7)).await;
        assert_eq!(processes[1].deliver("msg_1", Order::Succeed).await, "409 webhook-running");
    }
    assert_eq!(running.await.unwrap(), "204");
    assert_eq!(processes[1].deliver("msg_1", Order::Succeed).await, "204");
    assert_eq!(began(&diary, "msg_1"), [0]);
    // Every ten seconds, and once to begin.
    assert_eq!(processes[0].engine.count("set_if_equal"), 19);
    assert_eq!(processes[0].engine.count("set_if_absent"), 1);
}

/// The time that Clerk's delivery is resent from the dashboard to be handled again.
#[tokio::test(start_paused = true)]
async fn a_delivery_is_forgotten_everywhere_when_its_time_is_over() {
    let (engine, diary) = (Engine::new(), Diary::default());
    let process = |number| {
        Process::with(&engine, number, &diary, &[SECRET], |webhooks| webhooks.remember_for(secs(100)))
    };
    let (one, other) = (process(0), process(1));
    assert_eq!(one.deliver("msg_1", Order::Succeed).await, "204");
    tokio::time::sleep(secs(99)).await;
    assert_eq!(other.deliver("msg_1", Order::Succeed).await, "204");
    assert_eq!(began(&diary, "msg_1"), [0]);
    tokio::time::sleep(secs(2)).await;
    assert_eq!(other.deliver("msg_1", Order::Succeed).await, "204");
    assert_eq!(began(&diary, "msg_1"), [0, 1]);
    // No engine is asked to keep anything for more than a year.
    let endless =
        Process::with(&engine, 2, &diary, &[SECRET], |webhooks| webhooks.remember_for(Duration::MAX));
    assert_eq!(endless.deliver("msg_2", Order::Succeed).await, "204");
    let year = secs(365 * 86_400);
    tokio::time::advance(year - secs(1)).await;
    assert_eq!(Process::of(&engine, 3, &diary).deliver("msg_2", Order::Succeed).await, "204");
    tokio::time::advance(secs(1)).await;
    assert_eq!(Process::of(&engine, 4, &diary).deliver("msg_2", Order::Succeed).await, "204");
    assert_eq!(began(&diary, "msg_2"), [2, 4]);
}

#[test]
fn a_process_that_dies_in_the_middle_frees_the_delivery_when_the_lease_ends() {
    let paused = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().unwrap()
    };
    let (processes, diary) = fleet(2);
    let runtime = paused();
    runtime.block_on(async {
        processes[0].start("msg_1", Order::Hang);
        settle().await;
    });
    // Nothing of it runs any more, not even to say goodbye.
    processes[0].engine.break_off(FleetErrorKind::Unreachable);
    drop(runtime);
    assert_eq!(began(&diary, "msg_1"), [0]);
    paused().block_on(async {
        assert_eq!(processes[1].deliver("msg_1", Order::Succeed).await, "409 webhook-running");
        tokio::time::sleep(LEASE + secs(1)).await;
        assert_eq!(processes[1].deliver("msg_1", Order::Succeed).await, "204");
    });
    assert_eq!(began(&diary, "msg_1"), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_lease_and_what_failed_are_counted_and_the_handlers_go_on() {
    let recorder = DebuggingRecorder::new();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let (processes, diary) = fleet(2);
    let [one, other] = &processes[..] else { panic!() };
    let running = one.start("msg_1", Order::SucceedAfter(100));
    settle().await;
    one.engine.break_off(FleetErrorKind::Unreachable);
    tokio::time::sleep(LEASE + secs(1)).await;
    let second = other.start("msg_1", Order::SucceedAfter(100));
    settle().await;
    one.engine.mend();
    assert_eq!(running.await.unwrap(), "204");
    // It was handled, so nobody handles it a third time, whatever becomes of the second.
    let third = Process::of(&one.engine, 2, &diary);
    assert_eq!(third.deliver("msg_1", Order::Succeed).await, "204");
    assert_eq!(second.await.unwrap(), "204");
    assert_eq!(began(&diary, "msg_1"), [0, 1]);
    let counted: BTreeMap<_, _> = recorder
        .snapshotter()
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let labels: Vec<_> = key.key().labels().map(|label| label.value().to_owned()).collect();
            (format!("{} {}", key.key().name(), labels.join(" ")), value)
        })
        .collect();
    // Both noticed.
    let lost = counted.get("clerk_fleet_leases_lost_total delivery");
    assert!(matches!(lost, Some(DebugValue::Counter(2))), "{counted:?}");
    // At the first renewal, and then every second.
    let failed = counted.get("clerk_fleet_failures_total delivery unreachable");
    assert!(matches!(failed, Some(DebugValue::Counter(22))), "{counted:?}");
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_comes_back_empty_is_told_again_what_runs() {
    let (engine, diary) = (Engine::new(), Diary::default());
    let named = |number| Process::with(&engine, number, &diary, &[SECRET], |webhooks| webhooks.name("x"));
    let (one, other) = (named(0), named(1));
    let running = one.start("msg_1", Order::SucceedAfter(60));
    settle().await;
    let claim = value(&engine, &key("x", "msg_1")).await.unwrap();
    assert!(claim.starts_with(b"running "), "{claim:?}");
    assert!(engine.inner().delete_if_equal(&key("x", "msg_1"), &claim).await.unwrap());
    tokio::time::sleep(secs(11)).await;
    assert_eq!(value(&engine, &key("x", "msg_1")).await, Some(claim));
    assert_eq!(other.deliver("msg_1", Order::Succeed).await, "409 webhook-running");
    assert_eq!(running.await.unwrap(), "204");
    assert_eq!(other.deliver("msg_1", Order::Succeed).await, "204");
    assert_eq!(began(&diary, "msg_1"), [0]);
}

/// The deliveries of one event to several endpoints of Clerk have the same id.
#[tokio::test(start_paused = true)]
async fn endpoints_are_handled_apart_unless_they_have_one_name() {
    let both = [SECRET, OTHER_SECRET];
    for (what, names, secrets, delivered, expected) in [
        // Two services with an endpoint each.
        ("two secrets", [None, None], [&both[..1], &both[1..]], [SECRET, OTHER_SECRET], vec![0, 1]),
        // Two routes of one client, which knows both secrets.
        ("one client", [None, None], [&both, &both], [SECRET, OTHER_SECRET], vec![0, 1]),
        ("one endpoint", [None, None], [&both[..1], &both[..1]], [SECRET, SECRET], vec![0]),
        // A process that does not know the new secret yet.
        ("rotation", [None, None], [&both, &both[..1]], [SECRET, SECRET], vec![0]),
        ("one name", [Some("a"), Some("a")], [&both, &both], [SECRET, OTHER_SECRET], vec![0]),
        ("two names", [Some("a"), Some("b")], [&both, &both], [SECRET, SECRET], vec![0, 1]),
        ("a name and none", [Some("a"), None], [&both, &both], [SECRET, SECRET], vec![0, 1]),
    ] {
        let (engine, diary) = (Engine::new(), Diary::default());
        for (number, name) in names.into_iter().enumerate() {
            let process = Process::with(&engine, number, &diary, secrets[number], |webhooks| match name {
                Some(name) => webhooks.name(name),
                None => webhooks,
            });
            let response = process.start_signed("msg_1", Order::Succeed, delivered[number]).await.unwrap();
            assert_eq!(response, "204", "{what}");
        }
        assert_eq!(began(&diary, "msg_1"), expected, "{what}");
    }
}

/// The costs that the guide states.
#[tokio::test(start_paused = true)]
async fn what_a_delivery_costs() {
    let (engine, diary) = (Engine::new(), Diary::default());
    let process = Process::of(&engine, 0, &diary);
    let other = Process::of(&engine, 1, &diary);
    for process in [&process, &other] {
        process.clerk.fleet().linked().await;
    }
    settle().await;
    // Beside what it costs to tell the others what the event changes: one command, and one message.
    let cost = async |process: &Process| {
        settle().await;
        process.engine.commands() - 2 * process.engine.count("publish")
    };
    for (what, process, commands) in
        [("new", &process, 2), ("known here", &process, 0), ("known elsewhere", &other, 2)]
    {
        let before = cost(process).await;
        assert_eq!(process.deliver("msg_1", Order::Succeed).await, "204");
        assert_eq!(cost(process).await - before, commands, "{what}");
    }
    let forgetful =
        Process::with(&engine, 2, &diary, &[SECRET], |webhooks| webhooks.remember_for(Duration::ZERO));
    forgetful.clerk.fleet().linked().await;
    settle().await;
    let before = cost(&forgetful).await;
    for _ in 0..3 {
        assert_eq!(forgetful.deliver("msg_1", Order::Succeed).await, "204");
    }
    assert_eq!(cost(&forgetful).await, before);
    assert_eq!(began(&diary, "msg_1"), [0, 2, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_fails_is_one_line_in_the_log() {
    let log = Log::default();
    let _guard = log.listen(Level::WARN);
    let (processes, _) = fleet(1);
    processes[0].clerk.fleet().linked().await;
    processes[0].engine.break_off(FleetErrorKind::Busy);
    settle().await;
    for number in 0..5 {
        assert_eq!(processes[0].deliver(&format!("msg_{number}"), Order::Succeed).await, "204");
    }
    let lines = log.warnings();
    assert!(lines.len() <= 1, "{lines:#?}");
}

/// A shutdown that waits for handlers also waits until the fleet knows what they did, but not for ever.
#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_until_the_fleet_knows() {
    let (engine, diary) = (Engine::new(), Diary::default());
    let process = Process::with(&engine, 0, &diary, &[SECRET], |webhooks| webhooks.name("x"));
    process.clerk.fleet().linked().await;
    for (id, mends, expected) in [("msg_1", true, Some(Bytes::from("done"))), ("msg_2", false, None)] {
        process.engine.break_off(FleetErrorKind::Timeout);
        assert_eq!(process.deliver(id, Order::Succeed).await, "204");
        let webhooks = process.webhooks.clone();
        let drained = tokio::spawn(async move { webhooks.drained().await });
        tokio::time::sleep(secs(5)).await;
        assert!(!drained.is_finished());
        // Clerk gets the same response while that goes on.
        assert_eq!(process.deliver(id, Order::Succeed).await, "204");
        if mends {
            process.engine.mend();
        }
        tokio::time::timeout(secs(20), drained).await.unwrap().unwrap();
        assert_eq!(value(&engine, &key("x", id)).await, expected);
    }
}

/// A random schedule of deliveries, repetitions, failures, deaths and faults, against what must hold.
#[tokio::test(start_paused = true)]
async fn no_delivery_is_lost_and_none_is_handled_twice_while_the_engine_responds() {
    for seed in 0..60 {
        schedule(seed, seed % 2 == 0).await;
    }
}

async fn schedule(seed: u64, with_faults: bool) {
    let mut random = fastrand::Rng::with_seed(seed);
    let (processes, diary) = fleet(5);
    let ids: Vec<String> = (0..12).map(|number| format!("msg_{seed}_{number}")).collect();
    let mut broken = BTreeSet::new();
    // What may be handled twice, because a process could not ask about it or tell.
    let mut unclear = BTreeSet::new();
    let mut running: Vec<(usize, String, JoinHandle<String>)> = Vec::new();
    for _ in 0..150 {
        let number = random.usize(..processes.len());
        let process = &processes[number];
        match random.u32(..100) {
            0..60 => {
                let id = random.choice(&ids).unwrap().clone();
                let order = match random.u32(..10) {
                    0..4 => Order::Succeed,
                    4..6 => Order::SucceedAfter(random.u64(1..60)),
                    6 => Order::Fail,
                    7 => Order::FailAfter(random.u64(1..60)),
                    8 => Order::Panic,
                    _ => Order::Hang,
                };
                if broken.contains(&number) {
                    unclear.insert(id.clone());
                }
                running.push((number, id.clone(), process.start(&id, order)));
            }
            60..75 => tokio::time::sleep(Duration::from_millis(random.u64(1..20_000))).await,
            // One that is not answered is not yet an engine that does not respond.
            75..85 => process.engine.lose_responses(1),
            85..92 if with_faults => {
                broken.insert(number);
                process.engine.break_off(FleetErrorKind::Timeout);
                running.retain(|(_, _, task)| !task.is_finished());
                let affected = running.iter().filter(|(at, ..)| *at == number);
                unclear.extend(affected.map(|(_, id, _)| id.clone()));
            }
            92..100 if with_faults => {
                process.engine.mend();
                broken.remove(&number);
            }
            _ => settle().await,
        }
    }
    processes.iter().for_each(|process| process.engine.mend());
    for (_, id, response) in running {
        let response = response.await.unwrap();
        // No 204 for what nobody has handled.
        assert!(response != "204" || successes(&diary, &id) > 0, "{seed} {id}");
    }
    tokio::time::sleep(secs(60)).await;
    for id in &ids {
        // Clerk goes on until it gets a success.
        assert_eq!(processes[0].deliver(id, Order::Succeed).await, "204", "{seed} {id}");
        let (handled, is_unclear) = (successes(&diary, id), unclear.contains(id));
        assert!(handled == 1 || (handled > 1 && is_unclear), "{seed} {id}: {handled} times, {is_unclear}");
    }
    // Handlers of one delivery never run in two processes, unless one of them could not ask.
    let mut active = BTreeMap::<String, usize>::new();
    for (number, what, id) in diary.lock().unwrap().iter().filter(|(_, _, id)| !unclear.contains(id)) {
        if *what == "begins" {
            assert_eq!(active.insert(id.clone(), *number), None, "{seed} {id}");
        } else {
            assert_eq!(active.remove(id), Some(*number), "{seed} {id}");
        }
    }
}
