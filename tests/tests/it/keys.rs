//! Tests when the keys are fetched from Clerk, and what happens to requests meanwhile.
//!
//! The instance is reached without sockets, and tokio's clock is paused: time passes only where a test
//! advances it.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use clerk_axum::local::LocalClerk;
use clerk_core::authenticate::Status;
use clerk_tests::{
    Instance, eventually,
    scripted::{Reply, Script},
    settle,
    tokens::claims,
};
use clerk_tower::{
    Clerk,
    keys::{KeysError, KeysState},
    server::authenticate::{Auth, AuthenticateLayer},
    server::require::RequireLayer,
};
use futures_util::future::{join_all, poll_immediate};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::json;
use tokio::{
    runtime::{Builder, Runtime},
    sync::Semaphore,
    time,
};
use tower::{Layer as _, ServiceBuilder, ServiceExt as _, service_fn};

/// Clerk's API in this process. Calls wait at a gate and are counted there.
#[derive(Clone)]
struct Upstream {
    local: LocalClerk,
    gate: Arc<Semaphore>,
    calls: Arc<AtomicU64>,
    /// The response to every call instead of the real one.
    instead: Arc<Mutex<Option<&'static str>>>,
}

impl Upstream {
    /// Creates it with an open gate.
    fn new(instance: &Instance) -> Self {
        Self {
            local: instance.local.clone(),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
            calls: Arc::default(),
            instead: Arc::default(),
        }
    }

    fn close(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    fn open(&self) {
        self.gate.add_permits(Semaphore::MAX_PERMITS);
    }

    /// Returns the number of calls so far.
    fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Returns the number of calls since the last time.
    fn new_calls(&self) -> u64 {
        self.calls.swap(0, Ordering::SeqCst)
    }

    fn respond_instead(&self, body: impl Into<Option<&'static str>>) {
        *self.instead.lock().unwrap() = body.into();
    }

    fn client(&self, instance: &Instance) -> Clerk {
        let this = self.clone();
        let transport = Script::new(move |_| {
            let this = this.clone();
            Reply::Later(Box::pin(async move {
                this.calls.fetch_add(1, Ordering::SeqCst);
                drop(this.gate.acquire().await.unwrap());
                let instead = *this.instead.lock().unwrap();
                instead.map_or_else(|| Reply::Pass(this.local), |body| Reply::new(200, body))
            }))
        });
        instance.builder().transport(transport).build().unwrap()
    }
}

struct Fixture {
    instance: Instance,
    upstream: Upstream,
    clerk: Clerk,
}

type Verdict = Pin<Box<dyn Future<Output = String> + Send>>;

impl Fixture {
    /// Creates a client without keys.
    fn cold() -> Self {
        let instance = Instance::new();
        let upstream = Upstream::new(&instance);
        let clerk = upstream.client(&instance);
        Self { instance, upstream, clerk }
    }

    /// Creates a client that has just fetched the keys.
    async fn warm() -> Self {
        let fixture = Self::cold();
        fixture.clerk.keys().warm_up().await.unwrap();
        assert_eq!(fixture.upstream.new_calls(), 1);
        fixture
    }

    /// Returns the layer's decision about a token: `signed-in`, or the reason.
    fn authenticate(&self, token: &str) -> Verdict {
        let service = AuthenticateLayer::new(&self.clerk).layer(service_fn(async |request: Request<()>| {
            let auth = Auth::from_extensions(request.extensions()).unwrap();
            let outcome = auth.outcome();
            assert_eq!(outcome.status() == Status::SignedIn, outcome.reason().is_none());
            let reason = outcome.reason().map_or("signed-in", |reason| reason.as_str());
            let reason = if outcome.is_undecided() { "undecided" } else { reason };
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(reason.to_owned())))
        }));
        let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(()).unwrap();
        Box::pin(async move {
            let body = service.oneshot(request).await.unwrap().into_body().collect().await.unwrap();
            String::from_utf8(body.to_bytes().to_vec()).unwrap()
        })
    }

    /// Returns the status of a guarded route, and its `Retry-After` in seconds.
    async fn guarded(&self, token: &str) -> (u16, Option<u64>) {
        let service = ServiceBuilder::new()
            .layer(AuthenticateLayer::new(&self.clerk))
            .layer(RequireLayer::signed_in())
            .service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
        let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(()).unwrap();
        let response = service.oneshot(request).await.unwrap();
        let wait = response.headers().get("retry-after").map(|wait| wait.to_str().unwrap().parse().unwrap());
        (response.status().as_u16(), wait)
    }

    /// A token with a longer lifetime than any test.
    fn token(&self) -> String {
        self.instance.local.sign_in("user_ada").token()
    }

    /// A token with a key ID that the instance does not have.
    fn unknown(&self, number: u32) -> String {
        self.instance.local.sign_claims(&json!({"kid": format!("ins_unknown{number}")}), &claims(&json!({})))
    }
}

/// Advances the clock, and runs what is due.
async fn pass(seconds: u64) {
    settle().await;
    time::advance(Duration::from_secs(seconds)).await;
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_requests_share_one_fetch() {
    let fixture = Fixture::cold();
    fixture.upstream.close();
    let token = fixture.token();
    let mut requests: Vec<Verdict> = (0..10_000).map(|_| fixture.authenticate(&token)).collect();
    for request in &mut requests {
        assert!(poll_immediate(request).await.is_none());
    }
    settle().await;
    assert_eq!(fixture.upstream.calls(), 1);
    fixture.upstream.open();
    assert!(join_all(requests).await.into_iter().all(|verdict| verdict == "signed-in"));
    assert_eq!(fixture.upstream.calls(), 1);
    assert_eq!(fixture.instance.local.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_on_several_threads_share_one_fetch() {
    let fixture = Fixture::cold();
    fixture.upstream.close();
    let token = fixture.token();
    let requests: Vec<_> = (0..1000).map(|_| tokio::spawn(fixture.authenticate(&token))).collect();
    eventually("the fetch has begun", || fixture.upstream.calls() > 0).await;
    fixture.upstream.open();
    for request in requests {
        assert_eq!(request.await.unwrap(), "signed-in");
    }
    assert_eq!(fixture.upstream.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_continues_when_its_callers_hang_up() {
    for patient in [10, 0] {
        let fixture = Fixture::cold();
        fixture.upstream.close();
        let token = fixture.token();
        let mut requests: Vec<Verdict> = (0..1000).map(|_| fixture.authenticate(&token)).collect();
        for request in &mut requests {
            assert!(poll_immediate(request).await.is_none());
        }
        settle().await;
        requests.truncate(patient);
        fixture.upstream.open();
        assert!(join_all(requests).await.into_iter().all(|verdict| verdict == "signed-in"));
        settle().await;
        assert!(fixture.clerk.keys().current().is_some(), "with {patient} left");
        assert_eq!(fixture.authenticate(&token).await, "signed-in");
        assert_eq!(fixture.upstream.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_unknown_key_ids_causes_a_bounded_number_of_calls_and_delays_no_good_token() {
    let fixture = Fixture::warm().await;
    let token = fixture.token();
    // One fetch serves the first, and another one all that arrived since. Requests with a known key do not wait.
    fixture.upstream.close();
    let mut hostile: Vec<Verdict> =
        (0..300).map(|number| fixture.authenticate(&fixture.unknown(number))).collect();
    for request in &mut hostile {
        assert!(poll_immediate(request).await.is_none());
    }
    settle().await;
    assert_eq!(poll_immediate(fixture.authenticate(&token)).await.as_deref(), Some("signed-in"));
    fixture.upstream.open();
    assert!(join_all(hostile).await.into_iter().all(|verdict| verdict == "jwk-kid-mismatch"));
    assert_eq!(fixture.upstream.new_calls(), 2);
    // Three at once are possible. From then on, requests are undecided and not rejected: their keys may exist.
    let mut verdicts = Vec::new();
    for number in 300..310 {
        verdicts.push(fixture.authenticate(&fixture.unknown(number)).await);
        pass(0).await;
    }
    assert_eq!(verdicts[0], "jwk-kid-mismatch");
    assert_eq!(verdicts[1..], ["undecided"; 9]);
    assert_eq!(fixture.upstream.new_calls(), 1);
    let (status, wait) = fixture.guarded(&fixture.unknown(310)).await;
    assert_eq!(status, 503);
    assert!((1..=10).contains(&wait.unwrap()));
    // Over two minutes: ten requests per second, one call per ten seconds.
    for second in 0..120 {
        for number in 0..10 {
            fixture.authenticate(&fixture.unknown(1000 + second * 10 + number)).await;
        }
        assert_eq!(poll_immediate(fixture.authenticate(&token)).await.as_deref(), Some("signed-in"));
        pass(1).await;
    }
    let calls = fixture.upstream.new_calls();
    assert!((11..=13).contains(&calls), "{calls}");
}

#[tokio::test(start_paused = true)]
async fn one_program_with_tokens_of_another_instance_is_rejected_and_does_not_use_up_the_calls() {
    let fixture = Fixture::warm().await;
    let stray = fixture.unknown(1);
    for _ in 0..300 {
        pass(1).await;
        assert_eq!(fixture.authenticate(&stray).await, "jwk-kid-mismatch");
    }
    let calls = fixture.upstream.new_calls();
    assert!((29..=32).contains(&calls), "{calls}");
    fixture.instance.local.rotate_keys();
    assert_eq!(fixture.authenticate(&fixture.token()).await, "signed-in");
}

#[tokio::test(start_paused = true)]
async fn tokens_under_a_new_key_are_accepted_at_once_also_during_a_flood() {
    for hostile in 0..3 {
        let fixture = Fixture::warm().await;
        let old = fixture.token();
        for number in 0..hostile {
            fixture.authenticate(&fixture.unknown(number)).await;
        }
        pass(1).await;
        fixture.instance.local.rotate_keys();
        assert_eq!(fixture.authenticate(&fixture.token()).await, "signed-in", "after {hostile}");
        // The old key is no longer in Clerk's response, so its tokens are rejected.
        assert_ne!(fixture.authenticate(&old).await, "signed-in");
    }
    // A larger flood uses up the calls. Good tokens are then undecided, and never rejected.
    let fixture = Fixture::warm().await;
    for number in 0..50 {
        fixture.authenticate(&fixture.unknown(number)).await;
    }
    pass(1).await;
    fixture.instance.local.rotate_keys();
    let token = fixture.token();
    let (status, wait) = fixture.guarded(&token).await;
    assert_eq!(status, 503);
    pass(wait.unwrap()).await;
    assert_eq!(fixture.guarded(&token).await, (200, None));
}

/// Another key under the same id as the instance's, which Clerk has from now on, and a token under it.
async fn replace_key(fixture: &Fixture) -> String {
    let (other, kid) = (Instance::new(), fixture.instance.local.key_id());
    let mut keys = other.backend("GET", "/v1/jwks").await;
    keys["keys"][0]["kid"] = json!(kid);
    fixture.upstream.respond_instead(&*keys.to_string().leak());
    other.local.sign_claims(&json!({"kid": kid}), &claims(&json!({})))
}

/// A token under the instance's key id with a signature of its own.
fn forged(fixture: &Fixture, number: u32) -> String {
    let (token, signature) = (fixture.token(), format!("{number:0341}A"));
    let (message, _) = token.rsplit_once('.').unwrap();
    format!("{message}.{signature}")
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_replaced_under_its_id_is_used_at_once_and_verifies_no_old_token() {
    let fixture = Fixture::warm().await;
    let old = fixture.token();
    assert_eq!(fixture.authenticate(&old).await, "signed-in");
    let token = replace_key(&fixture).await;
    let both = join_all((0..100).map(|_| fixture.authenticate(&token))).await;
    assert!(both.iter().all(|verdict| verdict == "signed-in"), "{both:?}");
    assert_eq!(fixture.upstream.new_calls(), 1);
    // Also the known one, and without another call: Clerk was asked about this id a moment ago.
    for _ in 0..100 {
        assert_eq!(fixture.authenticate(&old).await, "token-invalid-signature");
    }
    assert_eq!(fixture.upstream.new_calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_forged_signatures_causes_one_call_in_ten_seconds_and_delays_no_good_token() {
    let fixture = Fixture::warm().await;
    let token = fixture.token();
    fixture.upstream.close();
    let mut hostile: Vec<Verdict> =
        (0..300).map(|number| fixture.authenticate(&forged(&fixture, number))).collect();
    for request in &mut hostile {
        assert!(poll_immediate(request).await.is_none());
    }
    settle().await;
    assert_eq!(poll_immediate(fixture.authenticate(&token)).await.as_deref(), Some("signed-in"));
    fixture.upstream.open();
    assert!(join_all(hostile).await.into_iter().all(|verdict| verdict == "token-invalid-signature"));
    assert_eq!(fixture.upstream.new_calls(), 1);
    for second in 0..120 {
        for number in 0..10 {
            let verdict = fixture.authenticate(&forged(&fixture, second * 10 + number)).await;
            assert_eq!(verdict, "token-invalid-signature");
        }
        assert_eq!(poll_immediate(fixture.authenticate(&token)).await.as_deref(), Some("signed-in"));
        pass(1).await;
    }
    let calls = fixture.upstream.new_calls();
    assert!((11..=13).contains(&calls), "{calls}");
    // They leave calls for keys with new ids, and a replaced key is found ten seconds later.
    fixture.instance.local.rotate_keys();
    assert_eq!(fixture.authenticate(&fixture.token()).await, "signed-in");
    let replaced = replace_key(&fixture).await;
    pass(10).await;
    assert_eq!(fixture.authenticate(&replaced).await, "signed-in");
}

#[tokio::test(start_paused = true)]
async fn a_signature_that_does_not_match_is_undecided_if_clerk_cannot_be_asked() {
    let fixture = Fixture::warm().await;
    for number in 0..3 {
        fixture.authenticate(&fixture.unknown(number)).await;
    }
    assert_eq!(fixture.upstream.new_calls(), 3);
    let token = replace_key(&fixture).await;
    let (status, wait) = fixture.guarded(&token).await;
    assert_eq!((status, fixture.upstream.new_calls()), (503, 0));
    assert!((1..=10).contains(&wait.unwrap()));
    pass(wait.unwrap()).await;
    assert_eq!(fixture.guarded(&token).await, (200, None));
    // The same while Clerk responds without keys.
    let fixture = Fixture::warm().await;
    fixture.upstream.respond_instead("{}");
    assert_eq!(fixture.authenticate(&forged(&fixture, 1)).await, "undecided");
    assert_eq!(fixture.authenticate(&fixture.token()).await, "signed-in");
}

/// Old keys let in whom they verify, but prove nothing against anybody: the key may have been replaced since.
#[tokio::test(start_paused = true)]
async fn during_an_outage_a_signature_that_does_not_match_old_keys_is_undecided() {
    for minutes in [5, 6, 30, 59] {
        for hangs in [false, true] {
            let fixture = Fixture::warm().await;
            let (forged, token) = (forged(&fixture, 1), fixture.token());
            if hangs {
                fixture.upstream.close();
            } else {
                fixture.instance.local.inject(clerk_tests::keys_down());
            }
            pass(minutes * 60).await;
            let case = format!("after {minutes} minutes, hangs: {hangs}");
            // The first request makes the call that fails. Later ones come after it, or wait for the next one.
            for _ in 0..10 {
                let (status, wait) = fixture.guarded(&forged).await;
                assert_eq!(status, 503, "{case}");
                assert!(wait.is_some(), "{case}");
                pass(1).await;
            }
            assert_eq!(fixture.guarded(&token).await, (200, None), "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_ordinary_refresh_does_not_delay_the_look_for_a_new_key() {
    let fixture = Fixture::warm().await;
    pass(275).await;
    assert_eq!(fixture.authenticate(&fixture.token()).await, "signed-in");
    settle().await;
    assert_eq!(fixture.upstream.new_calls(), 1);
    fixture.instance.local.rotate_keys();
    assert_eq!(fixture.authenticate(&fixture.token()).await, "signed-in");
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_began_before_a_rotation_rejects_no_token_under_the_new_key() {
    let instance = Instance::new();
    let upstream = Upstream::new(&instance);
    let old = Bytes::from(instance.backend("GET", "/v1/jwks").await.to_string());
    // The second fetch takes a second, and Clerk has responded to it before the rotation.
    let (local, calls) = (instance.local.clone(), upstream.calls.clone());
    let transport = Script::new(move |received| {
        calls.fetch_add(1, Ordering::SeqCst);
        let (local, old) = (local.clone(), old.clone());
        if received.index != 1 {
            return Reply::Pass(local);
        }
        Reply::Later(Box::pin(async move {
            time::sleep(Duration::from_secs(1)).await;
            Reply::new(200, old)
        }))
    });
    let clerk = instance.builder().transport(transport).build().unwrap();
    let fixture = Fixture { instance, upstream, clerk };
    fixture.clerk.keys().warm_up().await.unwrap();
    pass(275).await;
    assert_eq!(fixture.authenticate(&fixture.token()).await, "signed-in");
    settle().await;
    assert_eq!(fixture.upstream.calls(), 2);
    fixture.instance.local.rotate_keys();
    assert_eq!(fixture.authenticate(&fixture.token()).await, "signed-in");
    assert_eq!(fixture.upstream.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_removed_key_lets_nobody_in_after_a_silence() {
    const DAY: Duration = Duration::from_secs(86_400);
    for minutes in [5, 6, 20, 30, 59, 61, 600] {
        // Monotonic time does not pass while the computer is suspended.
        for (is_known, is_suspended) in [(true, false), (false, false), (true, true), (false, true)] {
            let fixture = Fixture::warm().await;
            let token = fixture.instance.local.sign_in("user_ada").lifetime(DAY).token();
            if is_known {
                assert_eq!(fixture.authenticate(&token).await, "signed-in");
            }
            fixture.instance.local.rotate_keys();
            if is_suspended {
                fixture.instance.clock.advance(Duration::from_secs(minutes * 60));
            } else {
                pass(minutes * 60).await;
            }
            let case = format!("after {minutes} minutes, known: {is_known}, suspended: {is_suspended}");
            assert_eq!(fixture.authenticate(&token).await, "jwk-kid-mismatch", "{case}");
            assert_eq!(fixture.authenticate(&fixture.token()).await, "signed-in", "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_removed_key_lets_nobody_in_after_an_outage_that_ended_during_a_silence() {
    let fixture = Fixture::warm().await;
    let token = fixture.token();
    fixture.instance.local.inject(clerk_tests::keys_down());
    pass(300).await;
    assert_eq!(fixture.authenticate(&token).await, "signed-in", "it cannot be asked");
    fixture.instance.local.clear_faults();
    fixture.instance.local.rotate_keys();
    pass(2).await;
    assert_eq!(fixture.authenticate(&token).await, "jwk-kid-mismatch");
}

#[tokio::test(start_paused = true)]
async fn a_service_in_use_never_waits_for_keys() {
    let fixture = Fixture::warm().await;
    let token = fixture.token();
    for _ in 0..360 {
        // The refresh takes a while.
        fixture.upstream.close();
        assert_eq!(
            poll_immediate(fixture.authenticate(&token)).await.as_deref(),
            Some("signed-in"),
            "at once"
        );
        pass(2).await;
        fixture.upstream.open();
        pass(8).await;
    }
    let calls = fixture.upstream.new_calls();
    assert!((12..=15).contains(&calls), "{calls} in an hour");
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_hangs_holds_requests_up_once_for_each_attempt() {
    let fixture = Fixture::warm().await;
    let token = fixture.token();
    fixture.upstream.close();
    pass(300).await;
    // Nothing says yet that Clerk does not respond.
    let start = time::Instant::now();
    assert_eq!(fixture.authenticate(&token).await, "signed-in");
    assert_eq!(start.elapsed().as_secs(), 5, "the timeout of one attempt");
    // From then on, each attempt delays requests for at most a second.
    let mut delayed = Duration::ZERO;
    for _ in 0..600 {
        let start = time::Instant::now();
        assert_eq!(fixture.authenticate(&token).await, "signed-in");
        assert!(start.elapsed() <= Duration::from_millis(1001), "{:?}", start.elapsed());
        delayed += start.elapsed();
        pass(1).await;
    }
    assert!(delayed <= Duration::from_secs(18), "{delayed:?} in ten minutes");
}

#[tokio::test(start_paused = true)]
async fn an_outage_at_the_start_is_retried_with_exponential_backoff() {
    let fixture = Fixture::cold();
    let token = fixture.token();
    fixture.instance.local.inject(clerk_tests::keys_down());
    let mut calls = Vec::new();
    let mut wait = None;
    for _ in 0..180 {
        for _ in 0..10 {
            let (status, retry_after) = fixture.guarded(&token).await;
            assert_eq!(status, 503);
            assert!((1..=75).contains(&retry_after.unwrap()));
            wait = retry_after;
        }
        calls.push(fixture.upstream.new_calls());
        pass(1).await;
    }
    assert_eq!(calls[0], 1);
    assert!(calls.iter().all(|calls| *calls <= 1), "never two in a second: {calls:?}");
    // Backoffs of 1, 2, 4, 8, 16, 32, 60 and 60 seconds; the last one has not ended.
    assert!((5..=8).contains(&calls.iter().sum::<u64>()), "{calls:?}");
    // A client that waits for the time in `Retry-After` gets in.
    fixture.instance.local.clear_faults();
    pass(wait.unwrap()).await;
    assert_eq!(fixture.guarded(&token).await, (200, None));
    assert_eq!(fixture.upstream.new_calls(), 1);
}

/// The readiness check of the guide's page `deploy`.
async fn is_ready(clerk: &Clerk) -> bool {
    let _ = time::timeout(Duration::from_secs(2), clerk.keys().warm_up()).await;
    clerk.keys().state() != KeysState::Missing
}

#[tokio::test(start_paused = true)]
async fn readiness_checks_fetch_the_keys_without_any_request_and_call_clerk_rarely() {
    let fixture = Fixture::cold();
    let are_ready = async || join_all((0..10).map(|_| is_ready(&fixture.clerk))).await;
    fixture.instance.local.inject(clerk_tests::keys_down());
    for _ in 0..120 {
        assert_eq!(are_ready().await, [false; 10]);
        pass(5).await;
    }
    let calls = fixture.upstream.new_calls();
    assert!((8..=20).contains(&calls), "{calls} in ten minutes of an outage");

    fixture.instance.local.clear_faults();
    let mut waited = 0;
    while !is_ready(&fixture.clerk).await {
        pass(5).await;
        waited += 5;
    }
    assert!(waited <= 80, "ready after {waited} seconds");
    assert_eq!(fixture.upstream.new_calls(), 1);
    for _ in 0..720 {
        assert_eq!(are_ready().await, [true; 10]);
        pass(5).await;
    }
    let calls = fixture.upstream.new_calls();
    assert!((11..=12).contains(&calls), "one in five minutes: {calls} in an hour");

    // Clerk accepts connections and does not respond: the check is quick, and the known keys count.
    fixture.upstream.close();
    for _ in 0..60 {
        let start = time::Instant::now();
        assert!(is_ready(&fixture.clerk).await);
        assert!(start.elapsed() <= Duration::from_millis(2001));
        pass(10).await;
    }
    let calls = fixture.upstream.new_calls();
    assert!(calls <= 30, "{calls} in ten minutes of an outage");
    // Nobody asked for an hour, and Clerk is back.
    pass(3700).await;
    fixture.upstream.open();
    assert_eq!(fixture.clerk.keys().state(), KeysState::Missing);
    assert!(is_ready(&fixture.clerk).await);
}

#[tokio::test(start_paused = true)]
async fn known_keys_outlive_an_outage_of_an_hour() {
    let fixture = Fixture::warm().await;
    let token = fixture.token();
    fixture.instance.local.inject(clerk_tests::keys_down());
    for minute in 0..60 {
        for _ in 0..10 {
            assert_eq!(fixture.guarded(&token).await, (200, None), "in minute {minute}");
        }
        // An unknown key ID neither invalidates the known keys nor is it known to be wrong.
        assert_eq!(fixture.guarded(&fixture.unknown(minute)).await.0, 503, "in minute {minute}");
        pass(60).await;
    }
    let calls = fixture.upstream.new_calls();
    assert!((30..=70).contains(&calls), "about one in a minute: {calls}");
    let (status, wait) = fixture.guarded(&token).await;
    assert_eq!(status, 503);
    fixture.instance.local.clear_faults();
    pass(wait.unwrap()).await;
    assert_eq!(fixture.guarded(&token).await, (200, None));
}

#[tokio::test(start_paused = true)]
async fn keys_are_refreshed_in_the_background() {
    let fixture = Fixture::warm().await;
    let token = fixture.token();
    // The time of the refresh is random, between four and four and a half minutes.
    pass(239).await;
    assert_eq!(fixture.authenticate(&token).await, "signed-in");
    settle().await;
    assert_eq!(fixture.upstream.new_calls(), 0);
    pass(31).await;
    fixture.upstream.close();
    for _ in 0..100 {
        assert_eq!(
            poll_immediate(fixture.authenticate(&token)).await.as_deref(),
            Some("signed-in"),
            "at once"
        );
        settle().await;
    }
    assert_eq!(fixture.upstream.new_calls(), 1);
    fixture.upstream.open();
    settle().await;
    for _ in 0..100 {
        assert_eq!(fixture.authenticate(&token).await, "signed-in");
    }
    settle().await;
    assert_eq!(fixture.upstream.new_calls(), 0);
    // Without requests there is no fetch.
    pass(3000).await;
    assert_eq!(fixture.upstream.new_calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_response_without_keys_replaces_no_keys() {
    for response in ["", "null", "[]", "{}", r#"{"keys":[]}"#, "<html>down for maintenance</html>"] {
        let fixture = Fixture::warm().await;
        let token = fixture.token();
        fixture.upstream.respond_instead(response);
        pass(300).await;
        for _ in 0..3 {
            assert_eq!(fixture.authenticate(&token).await, "signed-in", "{response}");
            pass(60).await;
        }
        assert!(fixture.upstream.new_calls() >= 1, "{response}");

        let fixture = Fixture::cold();
        let token = fixture.token();
        fixture.upstream.respond_instead(response);
        let (status, wait) = fixture.guarded(&token).await;
        assert_eq!(status, 503, "{response}");
        fixture.upstream.respond_instead(None);
        pass(wait.unwrap()).await;
        assert_eq!(fixture.guarded(&token).await, (200, None), "{response}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_key_is_reported_at_the_start_and_signs_nobody_out() {
    let instance = Instance::new();
    let clerk = Clerk::builder()
        .secret_key("sk_test_ofanotherinstance")
        .clock(instance.clock.clone())
        .transport(instance.local.clone())
        .build()
        .unwrap();
    let error = clerk.keys().warm_up().await.unwrap_err();
    assert!(matches!(error, KeysError::SecretKeyInvalid { .. }), "{error:?}");
    assert!(error.to_string().contains("CLERK_SECRET_KEY"), "{error}");
    assert!(!format!("{error} {error:?}").contains("ofanotherinstance"));
    let upstream = Upstream::new(&instance);
    let fixture = Fixture { instance, upstream, clerk };
    assert_eq!(fixture.guarded(&fixture.token()).await.0, 503);
    assert_eq!(fixture.authenticate(&fixture.token()).await, "undecided");
}

#[tokio::test(start_paused = true)]
async fn instances_do_not_share_keys() {
    let (one, two) = (Fixture::warm().await, Fixture::warm().await);
    let claims = claims(&json!({}));
    for (here, there) in [(&one, &two), (&two, &one)] {
        // With its own key ID, and with this instance's key ID.
        assert_eq!(here.authenticate(&there.token()).await, "jwk-kid-mismatch");
        let header = json!({"kid": here.instance.local.key_id()});
        let forged = there.instance.local.sign_claims(&header, &claims);
        assert_eq!(here.authenticate(&forged).await, "token-invalid-signature");
        pass(10).await;
        assert_eq!(here.authenticate(&there.token()).await, "jwk-kid-mismatch");
        assert_eq!(here.authenticate(&here.token()).await, "signed-in");
    }
}

/// A client whose first call for keys never ends, and a runtime on which it was made and which nobody runs any more.
fn led_by_another_runtime() -> (Fixture, Runtime) {
    let instance = Instance::new();
    let upstream = Upstream::new(&instance);
    let (calls, local) = (upstream.calls.clone(), instance.local.clone());
    let transport = Script::new(move |received| {
        calls.fetch_add(1, Ordering::SeqCst);
        if received.index == 0 { Reply::Hang } else { Reply::Pass(local.clone()) }
    });
    let clerk = instance.builder().transport(transport).build().unwrap();
    let fixture = Fixture { instance, upstream, clerk };
    let leader = runtime();
    leader.block_on(async {
        let token = fixture.token();
        assert!(poll_immediate(fixture.authenticate(&token)).await.is_none());
        eventually("the fetch has begun", || fixture.upstream.calls() > 0).await;
    });
    (fixture, leader)
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_runtime_that_stands_still_strands_nobody_who_waits_for_keys() {
    let (fixture, _leader) = led_by_another_runtime();
    runtime().block_on(async {
        let token = fixture.token();
        let requests = join_all((0..100).map(|_| fixture.authenticate(&token))).await;
        assert!(requests.into_iter().all(|verdict| verdict == "signed-in"));
    });
    assert_eq!(fixture.upstream.calls(), 2, "one of them led");
}

#[test]
fn a_runtime_that_ends_strands_nobody_who_waits_for_keys() {
    let (fixture, leader) = led_by_another_runtime();
    runtime().block_on(async {
        let token = fixture.token();
        let mut requests: Vec<Verdict> = (0..100).map(|_| fixture.authenticate(&token)).collect();
        for request in &mut requests {
            assert!(poll_immediate(request).await.is_none());
        }
        leader.shutdown_background();
        assert!(join_all(requests).await.into_iter().all(|verdict| verdict == "signed-in"));
    });
    assert_eq!(fixture.upstream.calls(), 2, "one of them led");
}
