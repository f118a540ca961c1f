//! Tests of retries: which calls are retried, when, and how often; and of rate limits.
//!
//! Clerk is a script without sockets, and tokio's clock is paused.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use clerk_core::{
    Operation,
    api::{
        emails::{self, BatchMessage, Mailbox, Recipient},
        invitations, organizations, users,
    },
    credential::SatisfiedBy,
    keys::SecretKey,
};
use clerk_tests::{
    NOW,
    scripted::{self, Reply},
};
use clerk_tower::{
    Clerk, ClerkBuilder, Error, ErrorKind, client::options::CallOptions, client::retry::Budget,
    clock::ManualClock,
};
use futures_util::future::join_all;
use http::Response;

use tokio::time::pause;

/// Clerk's reaction to one request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// Responds with this status.
    Status(u16),
    /// Responds with this status and a `Retry-After`.
    Wait(u16, &'static str),
    /// Cannot be reached.
    Refuse,
    /// Breaks the connection.
    Break,
    /// Never responds.
    Hang,
}
use Step::{Break, Hang, Refuse, Status, Wait};

/// Plays the steps in order, then repeats the last one.
#[derive(Clone)]
struct Script(scripted::Script);

impl Script {
    fn new(steps: &'static [Step]) -> Self {
        Self::by(move |index, _| *steps.get(index).or(steps.last()).unwrap())
    }

    fn by(rule: impl Fn(usize, Duration) -> Step + Send + Sync + 'static) -> Self {
        Self(scripted::Script::new(move |received| {
            let response = |status: u16| Response::builder().status(status);
            match rule(received.index, received.time) {
                Status(200) => Reply::new(200, r#"{"total_count": 3}"#),
                Status(status) => Reply::new(status, ""),
                Wait(status, wait) => Reply::Respond(
                    response(status)
                        .header("retry-after", wait)
                        .body(clerk_local::LocalBody::default())
                        .unwrap(),
                ),
                Refuse => Reply::Refuse,
                Break => Reply::Break,
                Hang => Reply::Hang,
            }
        }))
    }

    fn client(&self, change: impl FnOnce(ClerkBuilder) -> ClerkBuilder) -> Clerk {
        change(Clerk::builder().secret_key("sk_test_abc")).transport(self.0.clone()).build().unwrap()
    }

    fn sent(&self) -> usize {
        self.0.requests().len()
    }

    fn times(&self) -> Vec<Duration> {
        self.0.requests().iter().map(|received| received.time).collect()
    }
}

/// Sends one operation. Returns the number of attempts, and what the error says about them.
async fn send<O>(steps: &'static [Step], operation: O) -> (usize, Option<Error>)
where
    O: Operation<Credential: SatisfiedBy<SecretKey>>,
{
    let script = Script::new(steps);
    let clerk = script.client(|builder| builder.timeout(Duration::from_secs(60)));
    let error = clerk.send(operation).await.err();
    if let Some(error) = &error {
        assert_eq!(error.attempts() as usize, script.sent(), "{error}");
    }
    (script.sent(), error)
}

#[tokio::test(start_paused = true)]
async fn only_safe_requests_are_retried() {
    // The steps, and the number of attempts for operations that are safe to retry, and for others.
    for (steps, safe, others) in [
        (&[Status(200)][..], 1, 1),
        (&[Refuse], 3, 3),
        (&[Refuse, Status(200)], 2, 2),
        (&[Status(429)], 3, 3),
        (&[Wait(429, "2"), Status(200)], 2, 2),
        (&[Status(500)], 3, 1),
        (&[Status(502), Status(200)], 2, 1),
        (&[Status(503), Status(504), Status(200)], 3, 1),
        (&[Break], 3, 1),
        (&[Break, Status(200)], 2, 1),
        (&[Hang], 3, 1),
        (&[Hang, Status(200)], 2, 1),
        (&[Status(501)], 1, 1),
        (&[Status(400)], 1, 1),
        (&[Status(401)], 1, 1),
        (&[Status(404)], 1, 1),
        (&[Status(409)], 1, 1),
        (&[Status(422)], 1, 1),
        (&[Status(302)], 1, 1),
        // The first attempt is refused, the outcome of the second is unknown.
        (&[Refuse, Status(503), Status(200)], 3, 2),
        (&[Status(429), Break], 3, 2),
    ] {
        assert_eq!(send(steps, users::count()).await.0, safe, "GET {steps:?}");
        assert_eq!(send(steps, users::delete("user_1")).await.0, safe, "DELETE {steps:?}");
        assert_eq!(send(steps, users::create()).await.0, others, "POST {steps:?}");
        assert_eq!(send(steps, invitations::create("a@example.com")).await.0, others, "POST {steps:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_may_have_been_processed_is_only_sent_again_with_its_idempotency_key() {
    let mailboxes = || (Recipient::new().address("ada@example.com"), Mailbox::new("shop@example.com"));
    let email = || {
        let (to, from) = mailboxes();
        emails::create(to, from, "Receipt").text("Thank you.")
    };
    let message = |key: Option<&str>| {
        let (to, from) = mailboxes();
        let message = BatchMessage::new(to, from, "Receipt").text("Thank you.");
        key.map_or(message.clone(), |key| message.idempotency_key(key))
    };
    for (steps, with_key, without) in [
        (&[Status(503)][..], 3, 1),
        (&[Break], 3, 1),
        (&[Hang], 3, 1),
        (&[Refuse], 3, 3),
        (&[Status(429)], 3, 3),
        (&[Status(409)], 1, 1),
    ] {
        assert_eq!(send(steps, email().idempotency_key("order_1")).await.0, with_key, "{steps:?}");
        assert_eq!(send(steps, email()).await.0, without, "{steps:?}");
        let batch = |second| emails::create_batch([message(Some("order_1")), message(second)]);
        assert_eq!(send(steps, batch(Some("order_2"))).await.0, with_key, "{steps:?}");
        assert_eq!(send(steps, batch(None)).await.0, without, "{steps:?}");
    }
    // All attempts have the same key.
    let script = Script::new(&[Status(503)]);
    script.client(|builder| builder).send(email().idempotency_key("order_1")).await.unwrap_err();
    let keys: Vec<_> = script
        .0
        .requests()
        .iter()
        .map(|received| received.request.headers()["idempotency-key"].clone())
        .collect();
    assert_eq!(keys, ["order_1"; 3]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_may_have_succeeded_is_reported() {
    // The first attempt may have deleted the user, which would explain the 404 now.
    let (sent, error) = send(&[Break, Status(404)], users::delete("user_1")).await;
    let error = error.unwrap();
    assert_eq!((sent, error.attempts(), error.is_not_found()), (2, 2, true));
    assert!(error.may_have_been_processed());
    // The first attempt was not sent.
    let (_, error) = send(&[Refuse, Status(404)], users::delete("user_1")).await;
    assert!(!error.unwrap().may_have_been_processed());
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_a_lower_bound_and_the_deadline_an_upper_one() {
    for (header, least, most) in
        [("3", 3.0, 3.5), ("0", 0.0, 0.4), ("soon", 0.0, 2.0), ("-5", 0.0, 2.0), ("1.5", 0.0, 2.0)]
    {
        let script = Script::by(move |index, _| if index == 0 { Wait(429, header) } else { Status(200) });
        let clerk = script.client(|builder| builder.timeout(Duration::from_secs(20)));
        assert_eq!(clerk.send(users::count()).await.unwrap().total_count, 3);
        let waited = script.times()[1].as_secs_f64();
        assert!((least..=most).contains(&waited), "{header}: {waited}");
    }
    // A backoff that would exceed the deadline is not started.
    for header in ["11", "86400", "1000000000000000000000000000000", "Fri, 31 Dec 2100 23:59:59 GMT"] {
        let script = Script::by(move |_, _| Wait(429, header));
        let clerk = script.client(|builder| builder.timeout(Duration::from_secs(10)));
        let error = clerk.send(users::count()).await.unwrap_err();
        assert_eq!((script.sent(), script.0.elapsed()), (1, Duration::ZERO), "{header}");
        assert!(error.retry_after(clerk.now()).unwrap() >= Duration::from_secs(11), "{header}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_date_in_retry_after_is_compared_with_the_clients_clock() {
    // A retry waits for it, and so do later calls after a 429.
    for (status, attempts) in [(503, 2), (429, 1)] {
        let script = Script::by(move |index, _| match index {
            // Five seconds after the client's time.
            0 => Wait(status, "Tue, 14 Nov 2023 22:13:25 GMT"),
            _ => Status(200),
        });
        let clerk = script.client(|builder| builder.clock(ManualClock::at(NOW)).max_attempts(attempts));
        let first = clerk.send(users::count()).await;
        assert_eq!(first.is_ok(), attempts > 1, "{status}");
        clerk.send(users::count()).await.unwrap();
        let waited = script.times()[1].as_secs_f64();
        assert!((5.0..5.6).contains(&waited), "{status}: {waited}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_times_out_reports_its_attempts() {
    for (steps, sent) in [(&[Hang][..], 1), (&[Break, Hang], 2), (&[Refuse, Status(503), Hang], 3)] {
        let script = Script::new(steps);
        let (whole, each) = (Duration::from_secs(9), Duration::from_secs(60));
        let clerk = script.client(|builder| builder.timeout(whole));
        let clerk = clerk.with(CallOptions::new().attempt_timeout(each));
        let error = clerk.send(users::count()).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout(after) if after.as_secs() == 9), "{error:?}");
        assert_eq!((script.sent(), error.attempts() as usize), (sent, sent), "{steps:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_call_can_override_settings() {
    let script = Script::new(&[Status(503)]);
    let clerk = script.client(|builder| builder);
    let hurried = clerk.with(CallOptions::new().max_attempts(1));
    let _ = hurried.send(users::count()).await.unwrap_err();
    assert_eq!(script.sent(), 1);
    let _ = clerk.with(CallOptions::new().max_attempts(5)).send(users::count()).await.unwrap_err();
    assert_eq!(script.sent(), 6);

    let hanging = Script::new(&[Hang]);
    let clerk = hanging.client(|builder| builder);
    let options = CallOptions::new().timeout(Duration::from_secs(2));
    let error = clerk.with(options).send(users::count()).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout(after) if after.as_secs() == 2), "{error:?}");

    let options = CallOptions::new()
        .base_uri("http://127.0.0.1:7/v9")
        .unwrap()
        .header("x-request-id".parse().unwrap(), "7".parse().unwrap())
        .unwrap();
    let script = Script::new(&[Status(200)]);
    script.client(|builder| builder).with(options).send(users::count()).await.unwrap();
    let received = script.0.requests();
    assert_eq!(received[0].request.uri(), "http://127.0.0.1:7/v9/users/count");
    assert_eq!(received[0].request.headers()["x-request-id"], "7");

    for bad in ["http://api.example.com/v1", "api.clerk.com", "https://u:p@api.clerk.com"] {
        assert!(CallOptions::new().base_uri(bad).is_err(), "{bad}");
    }
    for own in ["authorization", "host", "cookie", "content-length"] {
        assert!(CallOptions::new().header(own.parse().unwrap(), "x".parse().unwrap()).is_err(), "{own}");
    }
}

#[tokio::test]
async fn the_api_url_may_end_with_the_version() {
    for (url, sent_to) in [
        ("http://127.0.0.1:7", "http://127.0.0.1:7/v1/users/count"),
        ("http://127.0.0.1:7/", "http://127.0.0.1:7/v1/users/count"),
        ("http://127.0.0.1:7/v1", "http://127.0.0.1:7/v1/users/count"),
        ("http://127.0.0.1:7/v1/", "http://127.0.0.1:7/v1/users/count"),
        ("http://127.0.0.1:7/clerk", "http://127.0.0.1:7/clerk/v1/users/count"),
        ("http://127.0.0.1:7/v11", "http://127.0.0.1:7/v11/v1/users/count"),
    ] {
        let script = Script::new(&[Status(200)]);
        script.client(|builder| builder.api_url(url)).send(users::count()).await.unwrap();
        assert_eq!(script.0.requests()[0].request.uri(), sent_to, "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn retries_do_not_multiply_an_outage() {
    let script = Script::new(&[Status(503)]);
    let clerk = script.client(|builder| builder.retry_budget(Budget::new()));
    join_all((0..1000).map(|_| clerk.send(users::count()))).await;
    let retries = script.sent() - 1000;
    // The budget's reserve of 50 retries, and five for each second.
    let seconds = usize::try_from(script.0.elapsed().as_secs()).unwrap() + 1;
    assert!((40..=50 + 5 * seconds).contains(&retries), "{retries} in {seconds} s");
}

#[tokio::test(start_paused = true)]
async fn rate_limited_calls_are_paced() {
    // Clerk responds with 429 for ten seconds.
    let end = Duration::from_secs(10);
    let script = Script::by(move |_, time| if time < end { Wait(429, "10") } else { Status(200) });
    let clerk = script.client(|builder| builder.timeout(Duration::from_secs(60)).max_attempts(5));
    let first = join_all((0..20).map(|_| clerk.send(users::count())));
    let others = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        join_all((0..300).map(|_| clerk.send(users::count()))).await
    };
    let (first, others) = tokio::join!(first, others);
    assert!(first.iter().chain(&others).all(Result::is_ok));
    let times = script.times();
    // The first 429 pauses all other calls.
    assert_eq!(times.iter().filter(|time| **time < end).count(), 1);
    assert_eq!(times.len(), 1 + 320);
    // Afterwards the calls are paced instead of sent all at once.
    let mut counts = std::collections::BTreeMap::<u128, u32>::new();
    for time in times.iter().filter(|time| **time >= end) {
        *counts.entry(time.as_millis() / 100).or_default() += 1;
    }
    assert!(counts.values().all(|count| *count <= 6), "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn other_rate_limits_are_unaffected_and_calls_that_would_wait_too_long_fail_at_once() {
    let script = Script::by(|index, _| if index == 0 { Wait(429, "30") } else { Status(200) });
    let clerk = script.client(|builder| builder.max_attempts(1));
    assert_eq!(clerk.send(users::count()).await.unwrap_err().status().unwrap().as_u16(), 429);

    let error = clerk.send(users::get("user_1")).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::RateLimited(_)), "{error:?}");
    assert!(error.is_retryable() && !error.may_have_been_processed());
    assert_eq!(error.retry_after(clerk.now()).unwrap().as_secs(), 30);
    assert_eq!((script.sent(), script.0.elapsed()), (1, Duration::ZERO));
    assert_eq!(error.to_string(), "GetUser: rate limited by Clerk for another 30s; nothing was sent");

    // The call in another section fails to decode, but it was sent.
    let _ = clerk.send(organizations::get("org_1")).await;
    assert_eq!(script.sent(), 2);
    // A call with a long enough timeout waits.
    let patient = clerk.with(CallOptions::new().timeout(Duration::from_secs(60)));
    patient.send(users::count()).await.unwrap();
    assert_eq!(script.0.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_while_waiting_leaves_nothing_behind() {
    let script = Script::by(|index, _| if index == 0 { Wait(429, "5") } else { Status(200) });
    let clerk = script.client(|builder| builder.max_attempts(1));
    let _ = clerk.send(users::count()).await;
    for _ in 0..100 {
        let waiting = tokio::time::timeout(Duration::from_millis(1), clerk.send(users::count()));
        assert!(waiting.await.is_err());
    }
    assert_eq!(script.sent(), 1);
}

#[tokio::test]
async fn calls_beyond_the_limit_wait_for_a_permit() {
    pause();
    let script = Script::new(&[Hang]);
    let clerk = script
        .client(|builder| builder.max_concurrent_calls(3).max_attempts(1).timeout(Duration::from_secs(1)));
    let results = join_all((0..10).map(|_| clerk.send(users::count()))).await;
    let at_once = script.times().iter().filter(|time| time.is_zero()).count();
    assert_eq!(at_once, 3);
    let errors: Vec<_> = results.into_iter().map(Result::unwrap_err).collect();
    let count = |what: fn(&Error) -> bool| errors.iter().filter(|error| what(error)).count();
    assert_eq!(count(|error| matches!(error.kind(), ErrorKind::Timeout(_)) && error.attempts() == 1), 3);
    assert_eq!(count(|error| matches!(error.kind(), ErrorKind::NotSent(_)) && error.attempts() == 0), 7);
}

/// Time in the queue, at the gate and in the backoff is not time on the wire.
#[tokio::test(start_paused = true)]
async fn a_call_that_was_held_back_says_so() {
    let secs = Duration::from_secs;
    let script = Script::new(&[Hang]);
    let clerk = script.client(|builder| builder.max_concurrent_calls(1).max_attempts(1));
    let within = |time| clerk.with(CallOptions::new().timeout(time).attempt_timeout(secs(60)));
    let (patient, hurried, mixed) = (within(secs(3)), within(secs(2)), within(secs(9)));
    let (first, queued, late) = tokio::join!(
        patient.send(users::create()),
        hurried.send(users::create()),
        mixed.send(users::create())
    );
    let (first, queued, late) = (first.unwrap_err(), queued.unwrap_err(), late.unwrap_err());
    assert_eq!(script.sent(), 2);
    for (error, attempts, waited, may_have_been_processed, text) in [
        (&first, 1, 0, true, "CreateUser: no response within 3s; the call may have taken effect"),
        (
            &queued,
            0,
            2,
            false,
            "CreateUser: not sent within 2s, 2s of it held back by this client; nothing was sent",
        ),
        (
            &late,
            1,
            3,
            true,
            "CreateUser: no response within 9s, 3s of it held back by this client; the call may have taken effect",
        ),
    ] {
        assert_eq!((error.attempts(), error.waited()), (attempts, secs(waited)), "{error}");
        assert_eq!(error.may_have_been_processed(), may_have_been_processed, "{error}");
        assert!(error.is_retryable(), "{error}");
        assert_eq!(error.to_string(), text);
    }

    // An earlier attempt may have taken effect, although the last one was not sent.
    let script = Script::by(|index, _| if index == 0 { Status(503) } else { Wait(429, "20") });
    let clerk = script.client(|builder| builder.timeout(secs(60)));
    let error = clerk.send(users::delete("user_1")).await.unwrap_err();
    assert_eq!((error.attempts(), error.may_have_been_processed()), (3, true));
    assert!(error.waited() >= secs(20) && error.waited() < secs(22), "{:?}", error.waited());
}

#[tokio::test(start_paused = true)]
async fn only_writes_may_have_taken_effect() {
    for steps in [&[Break][..], &[Hang], &[Refuse, Status(503)], &[Break, Hang], &[Break, Refuse]] {
        let error = send(steps, users::count()).await.1.unwrap();
        assert!(!error.may_have_been_processed() && !error.to_string().contains("effect"), "{error}");
        let error = send(steps, users::delete("user_1")).await.1.unwrap();
        assert!(error.may_have_been_processed(), "{error}");
        assert!(
            error.status().is_some() || error.to_string().ends_with("the call may have taken effect"),
            "{error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_key_is_used_from_the_next_attempt() {
    let key = Arc::new(Mutex::new("sk_test_old"));
    let given = key.clone();
    let script = Script::by(move |index, _| {
        if index == 0 {
            *given.lock().unwrap() = "sk_test_new";
            return Status(503);
        }
        Status(200)
    });
    let clerk =
        script.client(|builder| builder.secret_key_provider(move || key.lock().unwrap().parse().unwrap()));
    clerk.send(users::count()).await.unwrap();
    let received = script.0.requests();
    let sent: Vec<_> =
        received.iter().map(|received| received.request.headers()["authorization"].clone()).collect();
    assert_eq!(sent, ["Bearer sk_test_old", "Bearer sk_test_new"]);
    assert!(sent.iter().all(http::HeaderValue::is_sensitive));
}

/// Each layer counts the attempts that it makes itself, and an error reports all of them.
#[tokio::test(start_paused = true)]
async fn nested_retry_layers_count_for_themselves() {
    let calls = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = calls.clone();
    let service = tower::service_fn(move |_: http::Request<bytes::Bytes>| {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        std::future::ready(Ok::<_, Error>(Response::builder().status(429).body(bytes::Bytes::new()).unwrap()))
    });
    let service = tower::ServiceBuilder::new()
        .layer(clerk_tower::client::retry::RetryLayer::new())
        .layer(clerk_tower::client::retry::RetryLayer::new())
        .service(service);
    let request = users::get("user_1").request().unwrap();
    let response = tower::ServiceExt::oneshot(service, request).await.unwrap();
    assert_eq!((response.status().as_u16(), calls.load(std::sync::atomic::Ordering::SeqCst)), (429, 9));
}
