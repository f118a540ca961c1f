//! Tests of webhook endpoints under load, and of handlers that outlive their connection.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, routing::post};
use bytes::Bytes;
use clerk_axum::{
    Clerk, ClerkWebhooks, Webhook, WebhookLimits,
    webhook::{Verifier, kind},
};
use clerk_tests::{Instance, Log, NOW, send, serve, settle, upstream::fed};
use futures_util::future::poll_immediate;
use http::{HeaderMap, Request};
use http_body_util::Full;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
};
use tower::ServiceExt as _;
use tracing::Instrument as _;

const SECRET: &str = "whsec_c2VjcmV0";
const DELETED: Bytes =
    Bytes::from_static(br#"{"type":"user.deleted","data":{"id":"user_1","deleted":true}}"#);

fn client(limits: WebhookLimits) -> Clerk {
    let instance = Instance::new();
    let builder = instance.builder().transport(instance.local).webhook_secret(SECRET);
    builder.webhook_limits(limits).build().unwrap()
}

fn signed(id: &str) -> HeaderMap {
    Verifier::new(SECRET.parse().unwrap()).sign(id, NOW, &DELETED)
}

fn delivery<B>(id: &str, body: B) -> Request<B> {
    let mut request = Request::post("/webhooks/clerk").body(body).unwrap();
    request.headers_mut().extend(signed(id));
    request
}

/// Both kinds of endpoint: a service, and an extractor.
async fn both(clerk: &Clerk) -> [SocketAddr; 2] {
    let service = Router::new().route_service("/webhooks/clerk", ClerkWebhooks::new(clerk).unwrap());
    let extractor = post(async |_: Webhook| http::StatusCode::NO_CONTENT);
    let extractor = Router::new().route("/webhooks/clerk", extractor).with_state(clerk.clone());
    [serve(service.route("/other", post("fine"))).await, serve(extractor.route("/other", post("fine"))).await]
}

/// Opens a connection, and sends the head of a delivery with some of its 2 MB body.
async fn slow(address: SocketAddr, headers: &HeaderMap) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut head = "POST /webhooks/clerk HTTP/1.1\r\nhost: a\r\ncontent-length: 2000000\r\n".to_owned();
    for (name, value) in headers {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    stream.write_all(format!("{head}\r\nsome of it").as_bytes()).await.unwrap();
    stream
}

async fn response(stream: &mut TcpStream) -> String {
    let mut buffer = vec![0; 2048];
    let length = stream.read(&mut buffer).await.unwrap();
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[tokio::test]
async fn headers_and_timestamp_are_checked_before_the_body_is_read() {
    let clerk = client(WebhookLimits::new());
    let mut old = signed("msg_1");
    old.insert("svix-timestamp", "1600000000".parse().unwrap());
    let mut doubled = signed("msg_1");
    doubled.append("svix-id", "msg_2".parse().unwrap());
    for address in both(&clerk).await {
        for (headers, code) in [
            (HeaderMap::new(), "webhook-headers-missing"),
            (old.clone(), "webhook-timestamp"),
            (doubled.clone(), "webhook-headers-invalid"),
        ] {
            // The rest of the body is never sent.
            let response = response(&mut slow(address, &headers).await).await;
            assert!(response.starts_with("HTTP/1.1 400 ") && response.contains(code), "{response}");
        }
    }
    // So is the announced length.
    let service = ClerkWebhooks::new(&clerk).unwrap().max_body_bytes(1000);
    let address = serve(Router::new().route_service("/webhooks/clerk", service)).await;
    let response = response(&mut slow(address, &signed("msg_1")).await).await;
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
}

#[tokio::test]
async fn slow_bodies_are_bounded_in_number_and_the_oldest_make_room_for_the_newest() {
    let clerk = client(WebhookLimits::new().timeout(Duration::from_secs(3600)));
    for address in both(&clerk).await {
        let (refusals, mut refused) = tokio::sync::mpsc::unbounded_channel();
        let mut connections = Vec::new();
        for number in 0..250 {
            let mut stream = slow(address, &signed(&format!("msg_{number}"))).await;
            let refusals = refusals.clone();
            connections.push(tokio::spawn(async move {
                refusals.send(response(&mut stream).await).unwrap();
                // The connection stays open until the test ends it.
                std::future::pending::<()>().await;
            }));
        }
        for _ in 0..250 - 64 {
            let response = refused.recv().await.unwrap();
            assert!(response.starts_with("HTTP/1.1 503 ") && response.contains("webhook-busy"), "{response}");
            assert!(response.contains("retry-after: 5"), "{response}");
        }
        assert!(refused.try_recv().is_err());
        let genuine = || send(address, delivery("msg_good", Full::new(DELETED)));
        // What Clerk sends arrives at once.
        for _ in 0..3 {
            assert_eq!(genuine().await.status, 204);
        }
        let other = Request::post("/other").body(Full::<Bytes>::default()).unwrap();
        assert_eq!(send(address, other).await.body, "fine");
        connections.into_iter().for_each(|connection| connection.abort());
    }
}

#[tokio::test]
async fn strangers_who_send_no_body_do_not_keep_deliveries_out() {
    let clerk = client(WebhookLimits::new().timeout(Duration::from_secs(3600)));
    for address in both(&clerk).await {
        let mut head = "POST /webhooks/clerk HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n".to_owned();
        for (name, value) in &signed("msg_stranger") {
            let value = if name == "svix-signature" { "v1,AAAA" } else { value.to_str().unwrap() };
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let (refusals, mut refused) = tokio::sync::mpsc::unbounded_channel();
        let strangers: Vec<_> = (0..65)
            .map(|_| {
                let (head, refusals) = (head.clone(), refusals.clone());
                tokio::spawn(async move {
                    // Each comes back as soon as it is rejected, with some of its body in half of the cases.
                    for body in ["", "{"].iter().cycle() {
                        let mut stream = TcpStream::connect(address).await.unwrap();
                        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
                        refusals.send(response(&mut stream).await).unwrap();
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        // All places are taken.
        assert!(refused.recv().await.unwrap().contains("webhook-busy"));
        for number in 0..50 {
            let genuine = delivery(&format!("msg_{number}"), Full::new(DELETED));
            assert_eq!(send(address, genuine).await.status, 204, "{number}");
        }
        strangers.into_iter().for_each(|stranger| stranger.abort());
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_are_bounded_in_bytes_and_time_and_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let guard = metrics::set_default_local_recorder(&recorder);
    let clerk = client(WebhookLimits::new().bodies(3).bytes(1000));
    let webhooks = ClerkWebhooks::new(&clerk).unwrap();
    let start = tokio::time::Instant::now();
    let mut open = Vec::new();
    for (number, size) in [(1, 600), (2, 400)] {
        let (feed, body) = fed();
        feed.try_send(Bytes::from(vec![b' '; size])).unwrap();
        let mut call = Box::pin(webhooks.clone().oneshot(delivery(&format!("msg_{number}"), body)));
        assert!(poll_immediate(&mut call).await.is_none());
        open.push((feed, call));
    }
    let too_large = Full::<Bytes>::from(vec![b' '; 1001]);
    let too_large = webhooks.clone().oneshot(delivery("msg_3", too_large)).await.unwrap();
    assert_eq!(too_large.status(), 503);
    let empty = webhooks.clone().oneshot(delivery("msg_3", Full::<Bytes>::default())).await.unwrap();
    assert_eq!(empty.status(), 400);
    for (_, call) in &mut open {
        assert!(poll_immediate(call).await.is_none());
    }
    // What has arrived is counted, so not one more byte fits: the oldest makes room.
    let one_more = webhooks.clone().oneshot(delivery("msg_3", Full::<Bytes>::from("{"))).await.unwrap();
    assert_eq!(one_more.status(), 400);
    let (_feed, call) = open.remove(0);
    assert_eq!(call.await.unwrap().status(), 503);
    let (feed, body) = fed();
    let call = Box::pin(webhooks.clone().oneshot(delivery("msg_1", body)));
    open.insert(0, (feed, call));
    // A sender that goes on slowly does not get more time.
    let (feed, call) = open.pop().unwrap();
    let slow = tokio::spawn(async move {
        while feed.send(Bytes::new()).await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    assert_eq!(call.await.unwrap().status(), 408);
    slow.await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 10);
    // A sender that stops.
    let (feed, call) = open.pop().unwrap();
    assert_eq!(call.await.unwrap().status(), 408);
    drop(feed);
    let broken =
        http_body_util::StreamBody::new(futures_util::stream::iter([Err::<http_body::Frame<Bytes>, _>(
            std::io::Error::other("broken"),
        )]));
    let broken = webhooks.clone().oneshot(delivery("msg_4", broken)).await.unwrap();
    assert_eq!(broken.status(), 400);
    // All of it is free again. The second time it is a repetition.
    for _ in 0..2 {
        let whole = webhooks.clone().oneshot(delivery("msg_5", Full::new(DELETED))).await.unwrap();
        assert_eq!(whole.status(), 204);
    }
    drop(guard);

    let counted: BTreeMap<String, u64> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter(|(key, ..)| key.key().name() == "clerk_webhooks_total")
        .map(|(key, _, _, value)| {
            let DebugValue::Counter(count) = value else { panic!("{key:?}") };
            (key.key().labels().map(|label| label.value().to_owned()).collect(), count)
        })
        .collect();
    let expected = [("busy", 2), ("handled", 1), ("refused", 5), ("repeated", 1)];
    assert_eq!(counted, expected.map(|(name, count)| (name.to_owned(), count)).into());
}

#[tokio::test]
async fn running_handlers_can_be_waited_for_after_their_connection_is_closed() {
    let (begun, go_on, ended) =
        (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let (starts, waits, counter) = (begun.clone(), go_on.clone(), ended.clone());
    let webhooks =
        ClerkWebhooks::new(client(WebhookLimits::new())).unwrap().on(kind::USER_DELETED, move |_, _| {
            starts.notify_one();
            let (waits, counter) = (waits.clone(), counter.clone());
            async move {
                waits.notified().await;
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
    let running = webhooks.clone();
    // Nothing runs yet.
    running.drained().await;

    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let app = Router::new().route_service("/webhooks/clerk", webhooks);
    let server = axum::serve(listener, app).with_graceful_shutdown(async { drop(stopped.await) });
    let server = tokio::spawn(async move { server.await });
    let call = tokio::spawn(send(address, delivery("msg_1", Full::new(DELETED))));
    begun.notified().await;
    call.abort();
    stop.send(()).unwrap();
    // Every connection is closed, so the server ends.
    server.await.unwrap().unwrap();

    let mut drained = Box::pin(running.drained());
    for _ in 0..10 {
        settle().await;
        assert!(poll_immediate(&mut drained).await.is_none());
    }
    assert_eq!(ended.load(Ordering::SeqCst), 0);
    go_on.notify_one();
    drained.await;
    assert_eq!(ended.load(Ordering::SeqCst), 1);
}

/// Run in a separate process, because `tracing` caches globally which events are enabled.
#[tokio::test]
async fn handlers_run_in_the_span_of_their_request() {
    if !clerk_tests::alone(module_path!(), "handlers_run_in_the_span_of_their_request") {
        return;
    }
    let log = Log::default();
    let _guard = log.listen(tracing::Level::INFO);
    let webhooks =
        ClerkWebhooks::new(client(WebhookLimits::new())).unwrap().on(kind::USER_DELETED, async |_, _| {
            tracing::info!("in the handler");
        });
    let span = tracing::info_span!("request", id = "req_7");
    let response = webhooks.oneshot(delivery("msg_1", Full::new(DELETED))).instrument(span).await.unwrap();
    assert_eq!(response.status(), 204);

    let text = log.take();
    let line = text.lines().find(|line| line.contains("in the handler")).unwrap();
    assert!(line.contains("request{id=\"req_7\"}"), "{line}");
}
