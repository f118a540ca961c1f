//! Tests of the spans and counters of calls and decisions.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, extract::State, routing::get};
use clerk_axum::{ClerkLayer, ClerkOrganization, ClerkUser, ClerkWebhooks, webhook::kind};
use clerk_core::api::users;
use clerk_local::LocalClerk;
use clerk_tests::{
    Instance, Log,
    scripted::{Reply, Script},
};
use clerk_tower::{Clerk, server::authenticate::AuthenticateLayer};
use http::{Request, Response};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use serde_json::json;
use tower::{Layer as _, ServiceExt as _, service_fn};
use tracing::{Instrument as _, Subscriber, span, subscriber::DefaultGuard};
use tracing_subscriber::{
    fmt::format::FmtSpan,
    layer::{self, SubscriberExt as _},
    registry::LookupSpan,
};

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
    calls_that_requests_share_belong_to_their_spans().await;
    a_refresh_in_the_background_has_a_span_of_its_own().await;
    calls_and_decisions_are_counted().await;
    everything_that_a_request_starts_carries_its_span().await;
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
    let retry = text.lines().find(|line| line.contains("sending the call again")).unwrap();
    assert!(retry.contains("clerk.call{") && retry.contains("cause=\"503\" pause="), "{retry}");
    assert!(!text.contains("hidden") && !text.contains("sk_test"), "{text}");
}

/// Records which span follows from which.
#[derive(Clone, Default)]
struct Links(Arc<Mutex<Vec<(&'static str, &'static str)>>>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> tracing_subscriber::Layer<S> for Links {
    fn on_follows_from(&self, span: &span::Id, follows: &span::Id, context: layer::Context<'_, S>) {
        let name = |id| context.span(id).unwrap().name();
        self.0.lock().unwrap().push((name(span), name(follows)));
    }
}

/// Records all spans of this thread and their links, as long as the guard lives.
fn listen() -> (Log, Links, DefaultGuard) {
    let (log, links) = (Log::default(), Links::default());
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(log.clone());
    let subscriber = tracing_subscriber::registry().with(lines).with(links.clone());
    (log, links, tracing::subscriber::set_default(subscriber))
}

async fn calls_that_requests_share_belong_to_their_spans() {
    let (log, links, guard) = listen();
    let local = LocalClerk::seeded();
    let clerk = local.client_builder().build().unwrap();
    let read = || async { clerk.cached(users::get("user_ada")).await.unwrap() };
    let followers = (0..3).map(|_| read().instrument(tracing::info_span!("follower")));
    let leader = read().instrument(tracing::info_span!("leader"));
    futures_util::future::join(leader, futures_util::future::join_all(followers)).await;
    drop(guard);
    let text = log.take();
    assert_eq!(local.requests().len(), 1);
    assert!(text.lines().any(|line| line.contains("close") && line.contains("leader:clerk.call{")), "{text}");
    assert_eq!(*links.0.lock().unwrap(), [("follower", "leader"); 3]);
}

/// A refresh follows from the request that found a value to be old, and does not extend it.
async fn a_refresh_in_the_background_has_a_span_of_its_own() {
    let instance = Instance::new();
    let clerk = instance.builder().transport(instance.local.clone()).build().unwrap();
    let visit = async || {
        assert!(clerk.authenticate_token(&instance.ada()).await.session().is_some());
        clerk.cached(users::get("user_ada")).await.unwrap();
    };
    visit().await;
    // The keys are due soon after four minutes. The value is no longer fresh after 30 seconds.
    for (age, line) in [(45, "clerk.refresh:clerk.call{"), (240, "fetched the instance's keys")] {
        instance.clock.advance(Duration::from_secs(age));
        let (log, links, guard) = listen();
        visit().instrument(tracing::info_span!("request")).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        drop(guard);
        let text = log.take();
        let refresh: Vec<_> = text.lines().filter(|line| line.contains("clerk.refresh")).collect();
        assert!(refresh.iter().any(|found| found.contains(line)), "{line}: {text}");
        assert!(refresh.iter().all(|line| !line.contains(" request:")), "{text}");
        assert_eq!(*links.0.lock().unwrap(), [("clerk.refresh", "request")], "{text}");
    }
}

/// Also what runs in tasks of its own: keys, cached calls, pages, webhook handlers.
async fn everything_that_a_request_starts_carries_its_span() {
    let instance = Instance::new();
    let clerk = instance.builder().webhook_secret(instance.local.webhook_secret());
    let clerk = clerk.transport(instance.local.clone()).build().unwrap();
    let handled = ClerkWebhooks::new(&clerk).unwrap().on(kind::USER_DELETED, async |_, _| {
        tokio::task::yield_now().await;
        tracing::info!("handled a webhook");
    });
    let stream = async |State(clerk): State<Clerk>| {
        let mut users = clerk.stream(users::list().limit(2));
        while let Some(user) = users.next().await {
            user.unwrap();
        }
    };
    let app = Router::new()
        .route("/user", get(async |user: ClerkUser| user.id.to_string()))
        .route("/organization", get(async |it: ClerkOrganization| it.id.to_string()))
        .route("/stream", get(stream))
        .layer(ClerkLayer::new(&clerk))
        .route_service("/webhooks", handled)
        .with_state(clerk.clone());
    let log = Log::default();
    let guard = log.listen(tracing::Level::DEBUG);
    let event = instance.local.webhook("user.deleted", &json!({ "id": "user_1", "deleted": true }));
    let (mut event, body) = event.into_parts();
    event.uri = "/webhooks".parse().unwrap();
    let ada = format!("Bearer {}", instance.ada());
    let visit = |path: &str| Request::get(path).header("authorization", &ada).body(Body::empty()).unwrap();
    for (request, expected_lines) in [
        (visit("/user"), &["fetched the instance's keys", "GetUser", "decided about a request"][..]),
        (visit("/organization"), &["GetOrganization"]),
        (visit("/stream"), &["GetUserList"]),
        (Request::from_parts(event, Body::from(body)), &["handled a webhook", "webhook delivery"]),
    ] {
        let path = request.uri().path().to_owned();
        let span = tracing::info_span!("request", id = 7);
        let response = app.clone().oneshot(request).instrument(span).await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        let text = log.take();
        for expected in expected_lines {
            assert!(text.contains(expected), "{path}: nothing about {expected} in\n{text}");
        }
        for line in text.lines() {
            assert!(line.contains("request{id=7}"), "{path}: outside of the span:\n{line}");
        }
    }
    drop(guard);
    // A blocking call runs on the thread that waits for it, in its span.
    let thread = std::thread::spawn(move || {
        let log = Log::default();
        let _guard = log.listen(tracing::Level::DEBUG);
        let clerk = clerk_tower::blocking::Clerk::new(clerk).unwrap();
        tracing::info_span!("job", id = 8).in_scope(|| {
            clerk.send(users::count()).unwrap();
            clerk.stream(users::list().limit(100)).for_each(drop);
        });
        log.take()
    });
    let text = thread.join().unwrap();
    let calls: Vec<_> = text.lines().filter(|line| line.contains("call succeeded")).collect();
    assert!(!calls.is_empty() && calls.iter().all(|line| line.contains("job{id=8}")), "{text}");
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
