//! Tests of the spans and counters of calls and decisions.

use std::{collections::BTreeMap, convert::Infallible};

use clerk_core::api::users;
use clerk_tests::{
    Log,
    scripted::{Reply, Script},
};
use clerk_tower::{Clerk, server::authenticate::AuthenticateLayer};
use http::{Request, Response};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tower::{Layer as _, ServiceExt as _, service_fn};
use tracing_subscriber::fmt::format::FmtSpan;

/// Returns a client of a server that responds with 503 first, and with 404 from then on.
fn client() -> Clerk {
    let transport = Script::new(|received| {
        let body = r#"{"errors":[{"code":"resource_not_found","message":"no"}],"clerk_trace_id":"trace_1"}"#;
        Reply::new(if received.index == 0 { 503 } else { 404 }, body)
    });
    Clerk::builder().secret_key("sk_test_abc").transport(transport).build().unwrap()
}

/// Run in a separate process, because `tracing` caches globally which events are enabled.
#[tokio::test(start_paused = true)]
async fn calls_and_decisions_are_traced_and_counted() {
    if !clerk_tests::alone(module_path!(), "calls_and_decisions_are_traced_and_counted") {
        return;
    }
    a_call_is_one_span_with_names_of_opentelemetry().await;
    calls_and_decisions_are_counted().await;
}

async fn a_call_is_one_span_with_names_of_opentelemetry() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let _ = client().send(users::get("user_hidden")).await.unwrap_err();
    drop(guard);
    let text = log.take();
    let closed = text.lines().find(|line| line.contains("close")).unwrap();
    for field in [
        "clerk.call{",
        "otel.kind=\"client\"",
        "otel.name=GET /users/{user_id}",
        "http.request.method=\"GET\"",
        "url.template=\"/users/{user_id}\"",
        "clerk.operation=\"GetUser\"",
        "http.response.status_code=404",
        "http.request.resend_count=1",
        "error.type=\"status\"",
        "clerk.trace_id=\"trace_1\"",
    ] {
        assert!(closed.contains(field), "{field} is not in {closed}");
    }
    assert!(!text.contains("hidden") && !text.contains("sk_test"), "{text}");
}

async fn calls_and_decisions_are_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let guard = metrics::set_default_local_recorder(&recorder);
    let clerk = client();
    let _ = clerk.send(users::get("user_hidden")).await.unwrap_err();
    let service = AuthenticateLayer::new(&clerk)
        .layer(service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(()))));
    service.oneshot(Request::new(())).await.unwrap();
    drop(guard);

    let counted: BTreeMap<String, u64> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let labels: Vec<String> =
                key.key().labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            let DebugValue::Counter(count) = value else { panic!("{key:?}") };
            (format!("{} {}", key.key().name(), labels.join(" ")), count)
        })
        .collect();
    let expected = [
        ("clerk_calls_total operation=GetUser outcome=status", 1),
        ("clerk_decisions_total status=signed-out reason=session-token-and-uat-missing", 1),
        ("clerk_retries_total operation=GetUser", 1),
    ];
    assert_eq!(counted, expected.map(|(name, count)| (name.to_owned(), count)).into());
}
