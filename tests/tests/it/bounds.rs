//! Fills the bounds on what strangers can cause, and reads the counters that show it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use clerk_core::{
    api::{api_keys, users},
    authenticate::AcceptedKinds,
};
use clerk_tests::{
    Instance,
    scripted::{ReceivedRequest, Reply, Script},
    tokens::claims,
};
use clerk_tower::{
    Clerk, ClerkBuilder,
    client::purpose::Purpose,
    server::authenticate::{Auth, Decision},
};
use http::Request;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use serde_json::json;
use tokio::{sync::watch, task::JoinHandle, time::Instant};

const LIVE: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";

/// Returns what was counted since the last time, and the gauges.
fn counted(snapshotter: &Snapshotter) -> BTreeMap<String, u64> {
    let metrics = snapshotter.snapshot().into_vec().into_iter();
    let named = metrics.map(|(key, _, _, value)| {
        let labels: Vec<&str> = key.key().labels().map(metrics::Label::value).collect();
        let value = match value {
            DebugValue::Counter(count) => count,
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it counts calls")]
            DebugValue::Gauge(level) => level.into_inner() as u64,
            DebugValue::Histogram(_) => 0,
        };
        ([key.key().name()].into_iter().chain(labels).collect::<Vec<_>>().join(" "), value)
    });
    named.collect()
}

/// Sets up a client of an instance whose verifications of machine tokens, handshakes and refreshes hang while it stalls.
fn stalling(instance: &Instance) -> (ClerkBuilder, watch::Sender<bool>) {
    let (sender, stalls) = watch::channel(true);
    let local = instance.local.clone();
    let transport = Script::new(move |received| {
        if !is_for_a_decision(received) {
            return Reply::Pass(local.clone());
        }
        let (mut stalls, local) = (stalls.clone(), local.clone());
        Reply::Later(Box::pin(async move {
            let _ = stalls.wait_for(|stalls| !stalls).await;
            Reply::Pass(local)
        }))
    });
    (with_all_kinds(instance, transport), sender)
}

fn is_for_a_decision(received: &ReceivedRequest) -> bool {
    let path = received.request.uri().path();
    ["verify", "handshake_payload", "refresh"].iter().any(|end| path.ends_with(end))
}

fn with_all_kinds(instance: &Instance, transport: Script) -> ClerkBuilder {
    let builder = instance.builder().publishable_key(LIVE).transport(transport);
    builder.authentication(|options| options.accepted_kinds(AcceptedKinds::any()))
}

/// How many calls were sent for this purpose.
fn sent_for(script: &Script, purpose: Purpose) -> usize {
    let requests = script.requests();
    requests.iter().filter(|received| Purpose::of(received.request.extensions()) == purpose).count()
}

/// Sends these made-up API keys at the same time.
fn flood(clerk: &Clerk, numbers: std::ops::Range<u32>) -> Vec<JoinHandle<Auth>> {
    let send = |number| {
        let clerk = clerk.clone();
        tokio::spawn(async move { clerk.authenticate_token(&format!("ak_garbage{number}")).await })
    };
    numbers.map(send).collect()
}

/// A browser that comes back from Clerk with this nonce.
async fn return_with(clerk: &Clerk, nonce: &str) -> Decision {
    let request = Request::get("https://app.example.com/")
        .header("host", "app.example.com")
        .header("cookie", format!("__clerk_handshake_nonce={nonce}"))
        .body(())
        .unwrap();
    clerk.authenticate(&(&request).into()).await
}

#[tokio::test(start_paused = true)]
async fn calls_that_strangers_cause_are_bounded_and_nothing_else_notices() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let instance = Instance::new();
    let (builder, stalls) = stalling(&instance);
    let clerk = builder.build().unwrap();
    let session = instance.ada();
    clerk.keys().warm_up().await.unwrap();

    let garbage = flood(&clerk, 0..6000);
    tokio::time::sleep(Duration::from_millis(10)).await;
    let finished = garbage.iter().filter(|request| request.is_finished()).count();
    assert_eq!(finished, 6000 - 64, "refused at once");
    let counts = counted(&snapshotter);
    assert_eq!(counts["clerk_decision_calls machines"], 64);
    assert_eq!(counts["clerk_decision_calls_refused_total machines"], 6000 - 64);

    // Session tokens, the program's own calls, and browsers on their way back from Clerk.
    let start = Instant::now();
    assert!(clerk.authenticate_token(&session).await.session().is_some());
    clerk.send(users::get("user_ada")).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    let another = clerk.authenticate_token("ak_one_more").await;
    let rejection = another.require_any_machine().unwrap_err();
    let response = rejection.into_response::<bytes::Bytes>();
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (503, "1"));

    // With Clerk, everything is as before.
    stalls.send(false).unwrap();
    for request in garbage {
        assert!(request.await.unwrap().machine().is_none());
    }
    assert_eq!(
        clerk.authenticate_token("ak_later").await.outcome().reason().unwrap().as_str(),
        "token-invalid"
    );
    assert_eq!(counted(&snapshotter)["clerk_decision_calls machines"], 0);
}

#[tokio::test(start_paused = true)]
async fn nonces_are_bounded_apart_from_machine_tokens() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let instance = Instance::new();
    let (builder, stalls) = stalling(&instance);
    let clerk = builder.build().unwrap();
    let requests: Vec<_> = (0..1000)
        .map(|number| {
            let clerk = clerk.clone();
            tokio::spawn(async move { return_with(&clerk, &format!("nonce{number}")).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(10)).await;
    let counts = counted(&snapshotter);
    assert_eq!(counts["clerk_decision_calls browsers"], 64);
    assert_eq!(counts["clerk_decision_calls_refused_total browsers"], 1000 - 64);
    assert!(!counts.contains_key("clerk_decision_calls machines"));
    // A caller that hangs up makes room.
    requests.iter().for_each(tokio::task::JoinHandle::abort);
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(counted(&snapshotter)["clerk_decision_calls browsers"], 0);
    drop(stalls);
}

#[tokio::test(start_paused = true)]
async fn a_flood_takes_no_permit_of_the_programs_own_calls() {
    let instance = Instance::new();
    let (builder, stalls) = stalling(&instance);
    let clerk = builder.max_concurrent_calls(2).build().unwrap();
    let garbage = flood(&clerk, 0..64);
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert!(garbage.iter().all(|request| !request.is_finished()));

    // The keys are not known yet.
    let start = Instant::now();
    assert!(clerk.authenticate_token(&instance.ada()).await.session().is_some());
    clerk.send(users::get("user_ada")).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);

    // Nor do the program's own calls hold up keys and decisions.
    let own: Vec<_> = (0..3)
        .map(|number| {
            let clerk = clerk.clone();
            tokio::spawn(async move { clerk.send(api_keys::verify(format!("ak_own{number}"))).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(10)).await;
    let start = Instant::now();
    clerk.keys().with_key("ins_another").await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    stalls.send(false).unwrap();
    for request in garbage {
        assert_eq!(request.await.unwrap().outcome().reason().unwrap().as_str(), "token-invalid");
    }
    for call in own {
        assert!(call.await.unwrap().unwrap_err().is_not_found());
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_uses_up_no_retries_of_other_calls() {
    let instance = Instance::new();
    let script = Script::new(|_| Reply::new(503, ""));
    let clerk = with_all_kinds(&instance, script.clone()).build().unwrap();
    for request in flood(&clerk, 0..64) {
        assert!(request.await.unwrap().require_any_machine().is_err());
    }
    let sent = sent_for(&script, Purpose::MachineToken);
    assert!((64 + 50..64 * 3).contains(&sent), "the budget of the machine tokens is used up: {sent}");

    let _ = return_with(&clerk, "nonce").await;
    assert_eq!(sent_for(&script, Purpose::Browser), 3);
    clerk.send(users::get("user_ada")).await.unwrap_err();
    assert_eq!(sent_for(&script, Purpose::Program), 3);
}

/// Clerk refuses the calls of strangers, of the program, or of both.
#[tokio::test(start_paused = true)]
async fn a_429_holds_back_only_calls_with_the_same_purpose() {
    for (refused, strangers, own) in [
        (&[Purpose::MachineToken][..], 1, 2),
        (&[Purpose::Program], 3, 1),
        (&[Purpose::MachineToken, Purpose::Program], 1, 1),
    ] {
        let instance = Instance::new();
        let local = instance.local.clone();
        let script = Script::new(move |received| {
            if !refused.contains(&Purpose::of(received.request.extensions())) {
                return Reply::Pass(local.clone());
            }
            let response = http::Response::builder().status(429).header("retry-after", "600");
            Reply::Respond(response.body(clerk_local::LocalBody::default()).unwrap())
        });
        let clerk = with_all_kinds(&instance, script.clone()).build().unwrap();
        for number in 0..2 {
            clerk.authenticate_token(&format!("ak_garbage{number}")).await;
        }
        // The same operation with the same key. Its first response is Clerk's, whatever strangers got.
        let error = clerk.send(api_keys::verify("ak_own0")).await.unwrap_err();
        let status = if refused.contains(&Purpose::Program) { 429 } else { 404 };
        assert_eq!(error.status().unwrap().as_u16(), status);
        clerk.send(api_keys::verify("ak_own1")).await.unwrap_err();
        clerk.authenticate_token("ak_garbage2").await;

        assert_eq!(sent_for(&script, Purpose::MachineToken), strangers, "{refused:?}");
        assert_eq!(sent_for(&script, Purpose::Program), own, "{refused:?}");
        assert_eq!(script.elapsed(), Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn each_call_says_what_it_is_made_for() {
    let instance = Instance::new();
    let local = instance.local.clone();
    let script = Script::new(move |_| Reply::Pass(local.clone()));
    let clerk = with_all_kinds(&instance, script.clone()).build().unwrap();
    clerk.send(users::get("user_ada")).await.unwrap();
    clerk.cached(users::get("user_ada")).await.unwrap();
    clerk.authenticate_token(&instance.ada()).await;
    clerk.authenticate_token("ak_garbage").await;
    let _ = return_with(&clerk, "nonce").await;
    let purposes = script.requests().into_iter().map(|received| Purpose::of(received.request.extensions()));
    assert_eq!(
        purposes.collect::<Vec<_>>(),
        [Purpose::Program, Purpose::Program, Purpose::Keys, Purpose::MachineToken, Purpose::Browser]
    );
}

#[tokio::test(start_paused = true)]
async fn every_bound_has_a_counter() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let instance = Instance::new();
    let is_good = Arc::new(AtomicBool::new(true));
    let (local, says) = (instance.local.clone(), is_good.clone());
    let transport = Script::new(move |received| {
        if !received.request.uri().path().ends_with("verify") {
            return Reply::Pass(local.clone());
        }
        let claims = json!({"text": "x".repeat(500_000)});
        let is_good = says.load(Ordering::SeqCst);
        let key = json!({"id": "ak_1", "subject": "user_1", "revoked": !is_good, "expired": false});
        let mut key = key;
        if is_good {
            key["claims"] = claims;
        }
        Reply::json(200, &key)
    });
    let clerk = instance
        .builder()
        .publishable_key(LIVE)
        .transport(transport)
        .known_token_bytes(8 * 1024)
        .machine_token_cache(Duration::from_secs(60))
        .authentication(|options| options.accepted_kinds(AcceptedKinds::any()))
        .build()
        .unwrap();
    for number in 0..10 {
        let token = instance.local.sign_claims(&json!({}), &claims(&json!({"number": number})));
        assert!(clerk.authenticate_token(&token).await.session().is_some());
        assert!(clerk.authenticate_token(&format!("ak_good{number}")).await.machine().is_some());
    }
    assert!(clerk.authenticate_token("ak_good9").await.machine().is_some());
    is_good.store(false, Ordering::SeqCst);
    for number in 0..10_000 {
        assert!(clerk.authenticate_token(&format!("ak_bad{number}")).await.machine().is_none());
    }
    let unknown =
        |number| instance.local.sign_claims(&json!({"kid": format!("ins_{number}")}), &claims(&json!({})));
    for number in 0..10 {
        clerk.authenticate_token(&unknown(number)).await;
    }
    let counts = counted(&snapshotter);
    assert_eq!(counts["clerk_unknown_key_ids_refused_total"], 7);
    assert!(counts["clerk_evictions_total known-tokens"] > 0, "{counts:?}");
    assert!(counts["clerk_evictions_total machine-tokens"] > 0, "{counts:?}");
    assert!(counts["clerk_evictions_total refused-machine-tokens"] > 0, "{counts:?}");
    assert_eq!(counts["clerk_machine_tokens_total asked"], 10_010);
}
