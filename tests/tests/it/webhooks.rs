//! Tests of webhooks over sockets: the extractor, and the endpoint that calls handlers by event.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef},
    routing::{get as on_get, post},
};
use bytes::Bytes;
use clerk_axum::{
    Clerk, ClerkLayer, ClerkOrganization, ClerkUser, ClerkWebhooks, Webhook,
    api::{organizations, users},
    model::User,
    webhook::{Delivery, Event, Verifier, kind},
};
use clerk_core::Timestamp;
use clerk_tests::{Instance, NOW, TextResponse, eventually, get, send, serve};
use clerk_tower::BoxError;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{net::TcpStream, sync::Notify};
use tower::ServiceExt as _;

const SECRET: &str = "whsec_c2VjcmV0";
const OTHER: &str = "whsec_b3RoZXI=";

#[derive(Clone)]
struct App {
    clerk: Clerk,
}

impl FromRef<App> for Clerk {
    fn from_ref(app: &App) -> Self {
        app.clerk.clone()
    }
}

fn verifier(secret: &str) -> Verifier {
    Verifier::new(secret.parse().unwrap())
}

/// A delivery as Clerk sends it.
#[derive(Clone)]
struct Message {
    id: String,
    at: Timestamp,
    secret: &'static str,
    body: String,
}

impl Message {
    #[allow(clippy::needless_pass_by_value, reason = "it is written where it is passed")]
    fn new(id: &str, kind: &str, data: serde_json::Value) -> Self {
        let body = json!({ "type": kind, "data": data, "timestamp": NOW.as_millis() }).to_string();
        Self { id: id.to_owned(), at: NOW, secret: SECRET, body }
    }

    fn user(id: &str, kind: &str, first_name: &str) -> Self {
        let data = json!({ "id": "user_ada", "first_name": first_name, "banned": false, "locked": false });
        Self::new(id, kind, data)
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let headers = verifier(self.secret).sign(&self.id, self.at, self.body.as_bytes());
        self.with_headers(&headers)
    }

    fn with_headers(&self, headers: &HeaderMap) -> Request<Full<Bytes>> {
        let mut request = Request::post("/webhooks/clerk").body(Full::from(self.body.clone())).unwrap();
        request.headers_mut().extend(headers.clone());
        request
    }

    async fn deliver(&self, address: SocketAddr) -> TextResponse {
        send(address, self.request()).await
    }
}

/// The handlers that were called, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn client(instance: &Instance, secrets: &[&str]) -> Clerk {
    let builder = instance.builder().transport(instance.local.clone());
    secrets.iter().fold(builder, |builder, secret| builder.webhook_secret(*secret)).build().unwrap()
}

async fn endpoint(webhooks: ClerkWebhooks) -> SocketAddr {
    serve(Router::new().route_service("/webhooks/clerk", webhooks)).await
}

/// Returns an application with both kinds of endpoint: an extractor, and a service.
async fn both(instance: &Instance, secrets: &[&str]) -> [SocketAddr; 2] {
    let clerk = client(instance, secrets);
    let handler = async |webhook: Webhook| format!("{} {}", webhook.id, webhook.event.kind());
    let extractor = Router::new()
        .route("/webhooks/clerk", post(handler))
        .layer(DefaultBodyLimit::max(2048))
        .with_state(App { clerk: clerk.clone() });
    let service = ClerkWebhooks::new(&clerk).unwrap().max_body_bytes(2048).remember_for(Duration::ZERO);
    [serve(extractor).await, endpoint(service).await]
}

#[tokio::test]
async fn invalid_deliveries_are_rejected_with_a_hint_about_the_cause() {
    let instance = Instance::new();
    let addresses = both(&instance, &[SECRET]).await;
    let good = Message::new("msg_1", "user.deleted", json!({ "id": "user_1", "deleted": true }));
    let signed = verifier(SECRET).sign("msg_1", NOW, good.body.as_bytes());
    let without = |name: &str| {
        let mut headers = signed.clone();
        headers.remove(name);
        good.with_headers(&headers)
    };
    let with = |name: &'static str, value: &str| {
        let mut headers = signed.clone();
        headers.insert(name, value.parse().unwrap());
        good.with_headers(&headers)
    };
    let with_bytes = |name: &'static str, value: &[u8]| {
        let mut headers = signed.clone();
        headers.insert(name, http::HeaderValue::from_bytes(value).unwrap());
        good.with_headers(&headers)
    };
    let changed = Message { body: good.body.replace("user_1", "user_2"), ..good.clone() };
    let at = |seconds: i64| {
        Message { at: Timestamp::from_secs(NOW.as_secs() + seconds), ..good.clone() }.request()
    };
    let no_event = Message { body: "[]".to_owned(), ..good.clone() };
    let long = Message { body: format!("{:2100}", good.body), ..good.clone() };
    let cases = [
        ("as it should be", good.request(), 2, "", ""),
        (
            "no headers",
            good.with_headers(&HeaderMap::new()),
            400,
            "webhook-headers-missing",
            "svix-signature",
        ),
        ("no id", without("svix-id"), 400, "webhook-headers-missing", "svix-id are missing"),
        ("no number", with("svix-timestamp", "now"), 400, "webhook-timestamp", "not a number"),
        ("too old", at(-301), 400, "webhook-timestamp", "clock"),
        ("too early", at(301), 400, "webhook-timestamp", "clock"),
        ("old", at(-300), 2, "", ""),
        ("another id", with("svix-id", "msg_2"), 400, "webhook-signature", "signing secret"),
        ("another body", changed.with_headers(&signed), 400, "webhook-signature", "changes the body"),
        (
            "another secret",
            Message { secret: OTHER, ..good.clone() }.request(),
            400,
            "webhook-signature",
            "secret",
        ),
        (
            "an id that is not ASCII",
            with_bytes("svix-id", b"msg_\xe4"),
            400,
            "webhook-headers-invalid",
            "visible ASCII",
        ),
        ("no event", no_event.request(), 2, "", ""),
        ("too long", long.request(), 413, "webhook-too-large", "larger"),
    ];
    for (what, request, status, code, expected_text) in cases {
        for address in addresses {
            let response = send(address, request.clone()).await;
            let got = response.status.as_u16();
            assert_eq!(if got < 300 { got / 100 } else { got }, status, "{what}: {}", response.body);
            assert_eq!(response.code(), code, "{what}");
            assert!(response.body.contains(expected_text), "{what}: {}", response.body);
            assert!(
                !response.body.contains("user_1") && !response.body.contains("c2VjcmV0"),
                "{}",
                response.body
            );
        }
    }
}

/// A user as Clerk's own sample deliveries contain it.
#[tokio::test]
async fn a_user_without_banned_and_locked_reaches_its_handler() {
    let (instance, log) = (Instance::new(), Log::default());
    let clerk = client(&instance, &[SECRET]);
    let seen = log.clone();
    let webhooks = ClerkWebhooks::new(&clerk).unwrap().on(kind::USER_CREATED, move |user, delivery| {
        seen.add(format!("{} {} {:?}", user.id, user.banned || user.locked, delivery.assumed));
        async {}
    });
    let extractor = post(async |webhook: Webhook| match &webhook.event {
        Event::UserCreated(user) => format!("{} {:?}", user.id, webhook.assumed),
        other => other.kind().to_owned(),
    });
    let extractor =
        Router::new().route("/webhooks/clerk", extractor).with_state(App { clerk: clerk.clone() });
    let message = Message::new("msg_1", "user.created", json!({ "id": "user_ada", "first_name": "Ada" }));
    assert_eq!(message.deliver(endpoint(webhooks).await).await.status, 204);
    assert_eq!(log.take(), [r#"user_ada false ["banned", "locked"]"#]);
    let response = message.deliver(serve(extractor).await).await;
    assert_eq!(response.summary(), (200, r#"user_ada ["banned", "locked"]"#.to_owned()));
}

/// A delivery whose signature is valid is never lost: whoever wants it gets it raw, or Clerk keeps it.
#[tokio::test]
async fn an_event_that_cannot_be_decoded_reaches_handlers_or_is_delivered_again() {
    let (instance, log) = (Instance::new(), Log::default());
    let clerk = client(&instance, &[SECRET]);
    let (any, raw, errors) = (log.clone(), log.clone(), log.clone());
    let typed = async |user: User, _| assert_eq!(user.id, "never: it has none");
    let webhooks = || ClerkWebhooks::new(&clerk).unwrap();
    let with_any = |webhooks: ClerkWebhooks| {
        let any = any.clone();
        webhooks.on_any(move |delivery| {
            any.add(format!("any {}", delivery.event.kind()));
            async {}
        })
    };
    let with_raw = |webhooks: ClerkWebhooks| {
        let raw = raw.clone();
        webhooks.on_unreadable(move |delivery| {
            let Event::Unreadable { kind, problem, .. } = &delivery.event else { panic!("{delivery:?}") };
            raw.add(format!("raw {kind}: {problem}: {}", delivery.body.len()));
            async {}
        })
    };
    let shapeless = Message::new("msg_1", "user.created", json!({ "id": 5, "first_name": "hidden" }));
    let nameless = Message { id: "msg_2".to_owned(), body: "no JSON".to_owned(), ..shapeless.clone() };
    let length = shapeless.body.len();
    let is_raw = format!("raw user.created: id: found integer, expected a non-empty ID: {length}");
    let none: &[&str] = &[];
    for (what, webhooks, status, lines, status_of_nameless) in [
        ("nobody", webhooks(), 204, none, 204),
        ("another handler", webhooks().on(kind::USER_DELETED, async |_, _| ()), 204, none, 500),
        ("its handler", webhooks().on(kind::USER_CREATED, typed), 500, none, 500),
        ("a handler of all", with_any(webhooks()), 204, &["any user.created"], 204),
        ("both", with_any(webhooks().on(kind::USER_CREATED, typed)), 500, &["any user.created"], 500),
        (
            "its handler, and a raw one",
            with_raw(webhooks().on(kind::USER_CREATED, typed)),
            204,
            &[&*is_raw],
            204,
        ),
        ("a raw one", with_raw(webhooks()), 204, &[&*is_raw], 204),
    ] {
        let errors = errors.clone();
        let address = endpoint(webhooks.on_error(move |_, error| errors.add(format!("error {error}")))).await;
        for message in [&shapeless, &nameless] {
            let response = message.deliver(address).await;
            let is_nameless = message.body == nameless.body;
            let status = if is_nameless { status_of_nameless } else { status };
            assert_eq!(response.status, status, "{what}: {}", response.body);
            assert_eq!(response.code(), if status == 500 { "webhook-unreadable" } else { "" }, "{what}");
            let mut called = log.take();
            if status == 500 {
                let error = called.pop().unwrap();
                assert!(error.starts_with("error ") && error.contains("on_unreadable"), "{what}: {error}");
            }
            if !is_nameless {
                assert_eq!(called, lines, "{what}");
            }
            assert!(!format!("{called:?} {}", response.body).contains("hidden"), "{what}");
        }
    }
}

/// Every event with each of its members removed, `null`, or of another type: on its way to an extractor and to a handler.
#[tokio::test]
async fn no_change_of_shape_loses_a_signed_delivery() {
    let (instance, log) = (Instance::new(), Log::default());
    let clerk = client(&instance, &[SECRET]);
    let seen = log.clone();
    let webhooks = ClerkWebhooks::new(&clerk).unwrap().on_any(move |delivery| {
        seen.add(String::from_utf8(delivery.body.to_vec()).unwrap());
        async {}
    });
    let extractor = Router::new()
        .route("/webhooks/clerk", post(async |webhook: Webhook| webhook.0.body))
        .with_state(App { clerk: clerk.clone() });
    let samples = [
        (
            "user.updated",
            json!({ "id": "user_ada", "banned": false, "locked": false, "email_addresses": [
            { "id": "idn_1", "email_address": "ada@example.com" }] }),
        ),
        (
            "session.created",
            json!({ "id": "sess_1", "user_id": "user_ada", "client_id": "client_1",
            "user": { "id": "user_ada", "banned": false, "locked": false } }),
        ),
        (
            "organizationMembership.created",
            json!({ "id": "orgmem_1", "organization": { "id": "org_1" },
            "public_user_data": { "user_id": "user_ada" } }),
        ),
        ("user.deleted", json!({ "id": "user_ada", "deleted": true })),
        ("user.hibernated", json!({ "id": "user_ada" })),
    ];
    let mut count = 0;
    for (kind, data) in samples {
        let whole: serde_json::Value = serde_json::from_str(&Message::new("", kind, data).body).unwrap();
        for changed in clerk_tests::varied::with_each_member_changed(&whole) {
            count += 1;
            let body = changed.to_string();
            let message =
                Message { body: body.clone(), ..Message::new(&format!("msg_{count}"), kind, json!({})) };
            let response = webhooks.clone().oneshot(message.request()).await.unwrap();
            assert_eq!((response.status().as_u16(), log.take()), (204, vec![body.clone()]), "{kind}: {body}");
            let response =
                extractor.clone().oneshot(message.request().map(axum::body::Body::new)).await.unwrap();
            assert_eq!(response.status(), 200, "{kind}: {body}");
        }
    }
    assert!(count > 80, "{count}");
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let instance = Instance::new();
    let [_, service] = both(&instance, &[SECRET]).await;
    let response = get(service, "/webhooks/clerk", "").await;
    assert_eq!(response.summary(), (405, "webhook-method".to_owned()));
    assert_eq!(response.header("allow"), "POST");
}

#[tokio::test]
async fn without_a_secret_deliveries_are_rejected_and_the_setting_is_named() {
    let instance = Instance::new();
    let clerk = client(&instance, &[]);
    let error = ClerkWebhooks::new(&clerk).unwrap_err().to_string();
    assert!(error.starts_with("CLERK_WEBHOOK_SIGNING_SECRET: not set"), "{error}");
    let app = Router::new().route("/webhooks/clerk", post(async |_: Webhook| "open"));
    let address = serve(app.with_state(App { clerk })).await;
    let response = Message::new("msg_1", "user.deleted", json!({ "deleted": true })).deliver(address).await;
    assert_eq!(response.summary(), (500, "webhook-secret-missing".to_owned()));
    assert!(
        response.body.contains("CLERK_WEBHOOK_SIGNING_SECRET") && response.body.contains("webhook_secret(")
    );
    let error = instance.builder().webhook_secret("sk_test_hush").build().unwrap_err().to_string();
    assert!(error.starts_with("webhook_secret: this is a secret key") && !error.contains("hush"), "{error}");
}

#[tokio::test]
async fn signing_secrets_can_be_rotated() {
    let instance = Instance::new();
    for (secrets, accepted) in [
        (&[SECRET][..], [true, false]),
        (&[OTHER], [false, true]),
        (&[OTHER, SECRET], [true, true]),
        (&[SECRET, OTHER], [true, true]),
    ] {
        for address in both(&instance, secrets).await {
            for (secret, accepted) in [SECRET, OTHER].into_iter().zip(accepted) {
                let message = Message::new("msg_1", "user.deleted", json!({ "deleted": true }));
                let response = Message { secret, ..message }.deliver(address).await;
                assert_eq!(response.status.is_success(), accepted, "{secrets:?} {secret}");
            }
        }
    }
}

#[tokio::test]
async fn timestamps_are_checked_against_the_clients_clock() {
    let instance = Instance::new();
    let addresses = both(&instance, &[SECRET]).await;
    let message = Message::new("msg_1", "user.deleted", json!({ "deleted": true }));
    instance.clock.advance(Duration::from_secs(3600));
    for address in addresses {
        assert_eq!(message.deliver(address).await.code(), "webhook-timestamp");
    }
    instance.clock.set(NOW);
    for address in addresses {
        assert!(message.deliver(address).await.status.is_success());
    }
}

#[tokio::test]
async fn handlers_are_called_by_event_in_registration_order() {
    async fn named(user: User, delivery: Arc<Delivery>, log: Log) -> Result<(), BoxError> {
        log.add(format!("created {} by {}", user.first_name.ok_or("no name")?, delivery.id));
        Ok(())
    }
    let (instance, log) = (Instance::new(), Log::default());
    let clerk = client(&instance, &[SECRET]);
    let [any, first, second, gone] = [(); 4].map(|()| log.clone());
    let webhooks = ClerkWebhooks::new(&clerk)
        .unwrap()
        .on_any(move |delivery| {
            any.add(delivery.event.kind());
            async {}
        })
        .on(kind::USER_CREATED, move |user, delivery| named(user, delivery, first.clone()))
        .on(kind::USER_CREATED, move |user, _| {
            second.add(format!("and {}", user.id));
            async { Ok::<(), BoxError>(()) }
        })
        .on(kind::USER_DELETED, move |user, _| {
            gone.add(format!("deleted {}", user.id.unwrap()));
            async {}
        });
    let address = endpoint(webhooks).await;
    for (message, lines) in [
        (
            Message::user("msg_1", "user.created", "Ada"),
            &["user.created", "created Ada by msg_1", "and user_ada"][..],
        ),
        (
            Message::new("msg_2", "user.deleted", json!({ "id": "user_1", "deleted": true })),
            &["user.deleted", "deleted user_1"],
        ),
        (Message::user("msg_3", "user.updated", "Ada"), &["user.updated"]),
        (Message::new("msg_4", "user.hibernated", json!({ "id": 5 })), &["user.hibernated"]),
    ] {
        let response = message.deliver(address).await;
        assert_eq!(response.summary(), (204, String::new()));
        assert_eq!(log.take(), lines);
    }
}

#[tokio::test]
async fn handled_deliveries_are_not_handled_again() {
    let (instance, log) = (Instance::new(), Log::default());
    let clerk = client(&instance, &[SECRET]);
    let seen = log.clone();
    let webhooks = ClerkWebhooks::new(&clerk).unwrap().on_any(move |delivery| {
        seen.add(&delivery.id);
        async {}
    });
    let address = endpoint(webhooks).await;
    let message = Message::new("msg_1", "user.deleted", json!({ "deleted": true }));
    for _ in 0..3 {
        assert_eq!(message.deliver(address).await.status, 204);
    }
    // Each attempt is signed again, with its own timestamp.
    instance.clock.advance(Duration::from_secs(1800));
    let later = Message { at: clerk.now(), ..message.clone() };
    assert_eq!(later.deliver(address).await.status, 204);
    assert_eq!(log.take(), ["msg_1"]);
    assert_eq!(Message { id: "msg_2".into(), ..later.clone() }.deliver(address).await.status, 204);
    instance.clock.advance(Duration::from_secs(1800));
    let much_later = Message { at: clerk.now(), ..message };
    assert_eq!(much_later.deliver(address).await.status, 204);
    assert_eq!(log.take(), ["msg_2", "msg_1"]);
}

#[tokio::test]
async fn a_duplicate_of_a_delivery_in_progress_is_asked_to_be_retried() {
    let instance = Instance::new();
    let clerk = client(&instance, &[SECRET]);
    let (begun, go_on, calls) =
        (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let (starts, waits, counter) = (begun.clone(), go_on.clone(), calls.clone());
    let webhooks = ClerkWebhooks::new(&clerk).unwrap().on(kind::USER_DELETED, move |_, _| {
        counter.fetch_add(1, Ordering::SeqCst);
        starts.notify_one();
        let waits = waits.clone();
        async move { waits.notified().await }
    });
    let address = endpoint(webhooks).await;
    let message = Message::new("msg_1", "user.deleted", json!({ "deleted": true }));
    let first = tokio::spawn({
        let message = message.clone();
        async move { message.deliver(address).await }
    });
    begun.notified().await;
    assert_eq!(message.deliver(address).await.summary(), (409, "webhook-running".to_owned()));
    go_on.notify_one();
    assert_eq!(first.await.unwrap().status, 204);
    assert_eq!(message.deliver(address).await.status, 204);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn after_an_error_or_a_panic_clerk_delivers_again() {
    let (instance, log) = (Instance::new(), Log::default());
    let clerk = client(&instance, &[SECRET]);
    let calls = Arc::new(AtomicUsize::new(0));
    let [second, errors] = [(); 2].map(|()| log.clone());
    let webhooks = ClerkWebhooks::new(&clerk)
        .unwrap()
        .on(kind::USER_DELETED, move |_, _| {
            let call = calls.fetch_add(1, Ordering::SeqCst);
            async move {
                match call {
                    0 => Err("the database of ada@example.com is away"),
                    1 => panic!("this is part of the test"),
                    _ => Ok(()),
                }
            }
        })
        .on_any(move |delivery| {
            second.add(format!("handled {}", delivery.id));
            async {}
        })
        .on_error(move |delivery, error| errors.add(format!("{}: {error}", delivery.id)));
    let address = endpoint(webhooks).await;
    let message = Message::new("msg_1", "user.deleted", json!({ "deleted": true }));
    for (status, code, lines) in [
        (500, "webhook-failed", &["msg_1: the database of ada@example.com is away"][..]),
        (500, "webhook-failed", &[]),
        (204, "", &["handled msg_1"]),
        (204, "", &[]),
    ] {
        let response = message.deliver(address).await;
        assert_eq!(response.summary(), (status, code.to_owned()));
        assert!(!response.body.contains("ada@"));
        assert_eq!(log.take(), lines);
    }
}

#[tokio::test]
async fn handlers_finish_even_if_the_sender_hangs_up() {
    let instance = Instance::new();
    let clerk = client(&instance, &[SECRET]);
    let (begun, go_on, done) =
        (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let (starts, waits, counter) = (begun.clone(), go_on.clone(), done.clone());
    let webhooks = ClerkWebhooks::new(&clerk).unwrap().on_any(move |_| {
        starts.notify_one();
        let (waits, counter) = (waits.clone(), counter.clone());
        async move {
            waits.notified().await;
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    let address = endpoint(webhooks).await;
    let message = Message::new("msg_1", "user.deleted", json!({ "deleted": true }));

    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut request = message.request();
    request.headers_mut().insert("host", "localhost".parse().unwrap());
    let response = tokio::spawn(sender.send_request(request));
    begun.notified().await;
    connection.abort();
    assert!(response.await.unwrap().is_err());
    go_on.notify_one();
    eventually("the handler ends", || done.load(Ordering::SeqCst) == 1).await;
    // The next attempt is told that the delivery was handled.
    let mut again = message.deliver(address).await;
    while again.status == 409 {
        again = message.deliver(address).await;
    }
    assert_eq!(again.status, 204);
    assert_eq!(done.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_changed_user_is_invalidated_before_handlers_run() {
    let (instance, log) = (Instance::new(), Log::default());
    let clerk = client(&instance, &[SECRET]);
    let (asks, expected_body) = (clerk.clone(), log.clone());
    let webhooks = ClerkWebhooks::new(&clerk).unwrap().on(kind::USER_UPDATED, move |user, _| {
        let (asks, expected_body) = (asks.clone(), expected_body.clone());
        async move {
            let cached = asks.cached(users::get(user.id)).await?;
            expected_body.add(cached.first_name.clone().unwrap_or_default());
            Ok::<(), BoxError>(())
        }
    });
    let app = Router::new()
        .route("/me", on_get(async |user: ClerkUser| user.first_name.clone().unwrap()))
        .layer(ClerkLayer::new(&clerk))
        .route_service("/webhooks/clerk", webhooks);
    let address = serve(app).await;
    let ada = instance.ada();
    assert_eq!(get(address, "/me", &ada).await.body, "Ada");
    // A change in Clerk's dashboard, which this client sees like one by another client.
    instance.in_memory().send(users::update("user_ada").first_name("Augusta")).await.unwrap();
    assert_eq!(get(address, "/me", &ada).await.body, "Ada");
    let forged = Message { secret: OTHER, ..Message::user("msg_1", "user.updated", "Augusta") };
    assert_eq!(forged.deliver(address).await.status, 400);
    assert_eq!(get(address, "/me", &ada).await.body, "Ada");
    let message = Message::user("msg_1", "user.updated", "Augusta");
    assert_eq!(message.deliver(address).await.status, 204);
    assert_eq!(log.take(), ["Augusta"]);
    assert_eq!(get(address, "/me", &ada).await.body, "Augusta");
}

/// Without a handler, too, and however little of the event can be read.
#[tokio::test]
async fn the_cache_forgets_a_user_whatever_the_shape_of_the_event() {
    for data in [
        json!({ "id": "user_ada" }),
        json!({ "id": "user_ada", "banned": "no", "locked": 7 }),
        json!({ "id": ["user_ada"] }),
        json!({}),
        json!("user_ada"),
    ] {
        for kind in ["user.created", "user.updated", "user.deleted"] {
            let instance = Instance::new();
            let clerk = client(&instance, &[SECRET]);
            let app = Router::new()
                .route("/me", on_get(async |user: ClerkUser| user.first_name.clone().unwrap()))
                .layer(ClerkLayer::new(&clerk))
                .route_service("/webhooks/clerk", ClerkWebhooks::new(&clerk).unwrap());
            let address = serve(app).await;
            let ada = instance.ada();
            assert_eq!(get(address, "/me", &ada).await.body, "Ada");
            instance.in_memory().send(users::update("user_ada").first_name("Augusta")).await.unwrap();
            assert_eq!(get(address, "/me", &ada).await.body, "Ada");
            let message = Message::new("msg_1", kind, data.clone());
            assert_eq!(message.deliver(address).await.status, 204, "{kind} {data}");
            // Not through the service, where the session of a deleted user is refused.
            let user = clerk.cached(users::get("user_ada")).await.unwrap();
            assert_eq!(user.first_name.as_deref(), Some("Augusta"), "{kind} {data}");
        }
    }
}

#[tokio::test]
async fn an_organization_is_invalidated_when_it_is_changed_or_deleted() {
    let path = "/webhooks/clerk";
    organization_is_forgotten(|clerk| Router::new().route_service(path, ClerkWebhooks::new(clerk).unwrap()))
        .await;
    organization_is_forgotten(|clerk| {
        let verified = post(async |_: Webhook| StatusCode::NO_CONTENT);
        Router::new().route(path, verified).with_state(clerk.clone())
    })
    .await;
}

async fn organization_is_forgotten(endpoint: impl FnOnce(&Clerk) -> Router) {
    let instance = Instance::new();
    let clerk = client(&instance, &[SECRET]);
    let app = Router::new()
        .route("/ours", on_get(async |organization: ClerkOrganization| organization.name.clone()))
        .layer(ClerkLayer::new(&clerk))
        .merge(endpoint(&clerk));
    let address = serve(app).await;
    let ada = instance.ada();
    let ours = async || get(address, "/ours", &ada).await.summary();
    let named = |name: &str| (200, name.to_owned());
    // Changes by other clients.
    let elsewhere = instance.in_memory();
    assert_eq!(ours().await, named("Acme"));

    elsewhere.send(organizations::update("org_acme").name("Apex")).await.unwrap();
    let updated = |id: &str| {
        let data = json!({ "id": id, "object": "organization", "name": "Apex" });
        Message::new(&format!("msg_{id}"), "organization.updated", data)
    };
    let forged = Message { secret: OTHER, ..updated("org_acme") };
    for (message, status, name) in
        [(forged, 400, "Acme"), (updated("org_other"), 204, "Acme"), (updated("org_acme"), 204, "Apex")]
    {
        assert_eq!(message.deliver(address).await.status, status);
        assert_eq!(ours().await, named(name));
    }

    elsewhere.send(organizations::delete("org_acme")).await.unwrap();
    assert_eq!(ours().await, named("Apex"));
    let data = json!({ "id": "org_acme", "object": "organization", "deleted": true });
    assert_eq!(Message::new("msg_gone", "organization.deleted", data).deliver(address).await.status, 204);
    assert_eq!(ours().await, (401, "session-revoked".to_owned()));
    assert!(clerk.cached(organizations::get("org_acme")).await.unwrap_err().is_missing());
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_times_out_and_its_delivery_is_retried() {
    let instance = Instance::new();
    let log = Log::default();
    let (tries, seen) = (AtomicUsize::new(0), log.clone());
    let webhooks = ClerkWebhooks::new(client(&instance, &[SECRET]))
        .unwrap()
        .handler_timeout(Duration::from_secs(60))
        .on(kind::USER_UPDATED, move |_, _| {
            let is_first = tries.fetch_add(1, Ordering::Relaxed) == 0;
            async move {
                if is_first {
                    std::future::pending::<()>().await;
                }
            }
        })
        .on_error(move |delivery, error| seen.add(format!("{}: {error}", delivery.id)));
    let message = Message::user("msg_1", "user.updated", "Ada");
    for status in [500, 204, 204] {
        let response = webhooks.clone().oneshot(message.request()).await.unwrap();
        assert_eq!(response.status(), status);
    }
    assert_eq!(log.take(), ["msg_1: deadline has elapsed"]);
}
