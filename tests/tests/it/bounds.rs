//! Fills the bounds on what strangers can cause, and reads the counters that show it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use clerk_core::{api::users, authenticate::AcceptedKinds};
use clerk_tests::{
    Instance,
    scripted::{Reply, Script},
    tokens::claims,
};
use clerk_tower::Clerk;
use http::Request;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use serde_json::json;
use tokio::{sync::watch, time::Instant};

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

/// A client of an instance whose verifications of machine tokens, handshakes and refreshes hang while it stalls.
fn stalling(instance: &Instance) -> (Clerk, watch::Sender<bool>) {
    let (sender, stalls) = watch::channel(true);
    let local = instance.local.clone();
    let transport = Script::new(move |received| {
        let path = received.request.uri().path();
        if !["verify", "handshake_payload", "refresh"].iter().any(|end| path.ends_with(end)) {
            return Reply::Pass(local.clone());
        }
        let (mut stalls, local) = (stalls.clone(), local.clone());
        Reply::Later(Box::pin(async move {
            let _ = stalls.wait_for(|stalls| !stalls).await;
            Reply::Pass(local)
        }))
    });
    let builder = instance.builder().publishable_key(LIVE).transport(transport);
    let clerk =
        builder.authentication(|options| options.accepted_kinds(AcceptedKinds::any())).build().unwrap();
    (clerk, sender)
}

#[tokio::test(start_paused = true)]
async fn calls_that_strangers_cause_are_bounded_and_nothing_else_notices() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let instance = Instance::new();
    let (clerk, stalls) = stalling(&instance);
    let session = instance.ada();
    clerk.keys().warm_up().await.unwrap();

    let garbage: Vec<_> = (0..6000)
        .map(|number| {
            let clerk = clerk.clone();
            tokio::spawn(async move { clerk.authenticate_token(&format!("ak_garbage{number}")).await })
        })
        .collect();
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
    let (clerk, stalls) = stalling(&instance);
    let requests: Vec<_> = (0..1000)
        .map(|number| {
            let clerk = clerk.clone();
            let request = Request::get("https://app.example.com/")
                .header("host", "app.example.com")
                .header("cookie", format!("__clerk_handshake_nonce=nonce{number}"))
                .body(())
                .unwrap();
            tokio::spawn(async move { clerk.authenticate(&(&request).into()).await })
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
    assert!(counts["clerk_evictions_total refused-machine-tokens"] > 0, "{counts:?}");
    assert_eq!(counts["clerk_machine_tokens_total asked"], 10_010);
}
