//! Tests of the token caches: session tokens whose signature was verified and, if enabled, Clerk's verification
//! of opaque machine tokens.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use clerk_core::{
    Timestamp,
    api::{api_keys, m2m, machines, oauth_applications, organizations, users},
    authenticate::{AcceptedKinds, AuthenticateOptions, Authenticator, MachineAuth, Need, RequestHead, Step},
    token::{KeySet, KnownTokens, SessionAuth, TokenKind},
};
use clerk_tests::{
    Instance, NOW,
    browser::{LIVE, SUFFIX},
    scripted::{Reply, Script},
    settle,
    tokens::{changed, claims},
};
use clerk_tower::{
    Clerk, ClerkBuilder,
    client::cache::CachePolicy,
    clock::Clock as _,
    server::authenticate::{Auth, AuthenticateLayer, Decision},
};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};
use tower::{Layer as _, ServiceExt as _, service_fn};

/// Authenticates a request with a bearer token.
async fn authenticate(clerk: &Clerk, token: &str) -> Auth {
    authenticate_with(AuthenticateLayer::new(clerk), token).await
}

async fn authenticate_with(layer: AuthenticateLayer, token: &str) -> Auth {
    let service = layer.layer(service_fn(async |request: Request<()>| {
        let auth = Auth::from_extensions(request.extensions()).unwrap().clone();
        Ok::<_, Infallible>(Response::new(auth))
    }));
    let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(()).unwrap();
    let body = service.oneshot(request).await.unwrap().into_body();
    body.into_inner().expect("the layer has not made the response itself")
}

async fn session(clerk: &Clerk, token: &str) -> Arc<SessionAuth> {
    authenticate(clerk, token).await.session().unwrap().clone()
}

/// Returns the reason, or `signed-in`.
async fn verdict(clerk: &Clerk, token: &str) -> String {
    let auth = authenticate(clerk, token).await;
    auth.outcome().reason().map_or_else(|| "signed-in".to_owned(), ToString::to_string)
}

/// Advances tokio's clock, by which keys age, and runs what is due.
async fn pass(seconds: u64) {
    settle().await;
    tokio::time::advance(Duration::from_secs(seconds)).await;
    settle().await;
}

/// A cached session is the same allocation; verifying the signature again creates another one.
fn same(one: &Arc<SessionAuth>, other: &Arc<SessionAuth>) -> bool {
    assert_eq!(one.expose_token(), other.expose_token());
    Arc::ptr_eq(one, other)
}

/// A cache that counts the core's accesses.
#[derive(Default)]
struct Counting {
    sessions: Mutex<Vec<Arc<SessionAuth>>>,
    hits: AtomicU64,
}

impl KnownTokens for Counting {
    fn get(&self, token: &[u8]) -> Option<Arc<SessionAuth>> {
        let sessions = self.sessions.lock().unwrap();
        let found = sessions.iter().find(|session| session.expose_token().as_bytes() == token).cloned();
        self.hits.fetch_add(u64::from(found.is_some()), Ordering::SeqCst);
        found
    }

    fn insert(&self, session: &Arc<SessionAuth>) {
        self.sessions.lock().unwrap().push(session.clone());
    }
}

#[tokio::test]
async fn the_core_verifies_a_signature_once_and_caches_no_bad_token() {
    let instance = Instance::new();
    let memory = Arc::new(Counting::default());
    let jwks = instance.backend("GET", "/v1/jwks").await.to_string();
    let keys = KeySet::from_jwks(jwks.as_bytes()).unwrap().with_known_tokens(memory.clone());
    let authenticator = Authenticator::new(AuthenticateOptions::new()).unwrap();
    let start = |token: &str, now| {
        let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(()).unwrap();
        let step = match authenticator.start(&RequestHead::from(&request), &keys, now) {
            // The key may have been replaced, and was not.
            Step::Need(Need::Key(needed)) => needed.resume(Ok(&keys), now),
            step => step,
        };
        match step {
            Step::Done(outcome) => outcome.session().is_some(),
            Step::Need(need) => panic!("{need:?}"),
        }
    };
    let counts = || (memory.sessions.lock().unwrap().len(), memory.hits.load(Ordering::SeqCst));
    let token = instance.local.sign_claims(&json!({}), &claims(&json!({})));
    for visit in 0..10 {
        assert!(start(&token, NOW));
        assert_eq!(counts(), (1, visit));
    }
    // The token is found in the cache, and is nevertheless rejected as expired.
    assert!(!start(&token, NOW.saturating_add(Duration::from_secs(60))));
    assert_eq!(counts(), (1, 10));
    let forged = format!("{}.{}", token.rsplit_once('.').unwrap().0, "A".repeat(342));
    for bad in [forged, instance.local.sign_claims(&json!({}), &claims(&json!({"exp": NOW.as_secs() - 60})))]
    {
        assert!(!start(&bad, NOW));
        assert_eq!(counts(), (1, 10), "nothing bad is remembered");
    }
}

/// Clerk sets the same token under both names, and then it is looked up once.
#[tokio::test]
async fn two_cached_tokens_of_a_browser_are_not_mistaken_for_each_other() {
    let instance = Instance::new();
    let clerk = instance.builder().publishable_key(LIVE).transport(instance.local.clone()).build().unwrap();
    let [ada, grace] = ["user_ada", "user_grace"].map(|user| instance.local.sign_in(user).token());
    for token in [&ada, &grace] {
        session(&clerk, token).await;
    }
    for (plain, suffixed, user) in
        [(&ada, &grace, "user_grace"), (&grace, &ada, "user_ada"), (&ada, &ada, "user_ada")]
    {
        let cookies = format!(
            "__session={plain}; __client_uat=1; __session_{SUFFIX}={suffixed}; __client_uat_{SUFFIX}=1"
        );
        let request = Request::get("https://app.example.com/").header("cookie", cookies).body(()).unwrap();
        let decision = clerk.authenticate(&(&request).into()).await;
        let Decision::Continue(auth, _) = decision else { panic!("{decision:?}") };
        assert_eq!(auth.session().unwrap().claims().user_id(), user);
    }
}

#[tokio::test(start_paused = true)]
async fn a_signature_is_verified_once_while_the_keys_stay_the_same() {
    let instance = Instance::new();
    let revision = Arc::new(AtomicU64::new(0));
    let (local, number) = (instance.local.clone(), revision.clone());
    let transport = Script::new(move |received| {
        let (local, request) = (local.clone(), received.request.clone());
        let number = number.load(Ordering::SeqCst);
        Reply::Later(Box::pin(async move {
            let body = local.oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
            let mut keys: Value = serde_json::from_slice(&body).unwrap();
            keys["revision"] = json!(number);
            Reply::json(200, &keys)
        }))
    });
    let clerk = instance.builder().transport(transport).build().unwrap();
    let token = instance.ada();
    let first = session(&clerk, &token).await;
    for _ in 0..10 {
        assert!(same(&first, &session(&clerk, &token).await));
    }
    // A layer with other options uses the same keys and therefore the same cache.
    let other = AuthenticateLayer::with_options(&clerk, AuthenticateOptions::new()).unwrap();
    assert!(same(&first, authenticate_with(other, &token).await.session().unwrap()));
    // The keys are fetched again and have not changed.
    pass(300).await;
    session(&clerk, &token).await;
    settle().await;
    assert!(same(&first, &session(&clerk, &token).await));
    // They are fetched again and have changed, which invalidates the cache.
    revision.store(1, Ordering::SeqCst);
    pass(300).await;
    session(&clerk, &token).await;
    settle().await;
    let second = session(&clerk, &token).await;
    assert!(!same(&first, &second));
    assert!(same(&second, &session(&clerk, &token).await));
    assert!(instance.local.requests().to("GET", "/v1/jwks").len() >= 3);
}

#[tokio::test]
async fn each_client_has_its_own_cache_and_zero_disables_it() {
    let instance = Instance::new();
    let token = instance.ada();
    let (one, two) = (instance.in_memory(), instance.in_memory());
    let none = instance.builder().transport(instance.local.clone()).known_token_bytes(0).build().unwrap();
    let first = session(&one, &token).await;
    assert!(!same(&first, &session(&two, &token).await));
    assert!(same(&first, &session(&one.clone(), &token).await));
    assert!(!same(&session(&none, &token).await, &session(&none, &token).await));
    // Another instance does not know the token.
    let stranger = Instance::new().in_memory();
    assert_eq!(verdict(&stranger, &token).await, "jwk-kid-mismatch");
}

#[tokio::test]
async fn a_cached_token_is_checked_again_for_every_request() {
    let instance = Instance::new();
    let clerk = instance.in_memory();
    let changes = json!({"azp": "https://app.example.com", "aud": "web"});
    let token = instance.local.sign_claims(&json!({}), &claims(&changes));
    assert_eq!(verdict(&clerk, &token).await, "signed-in");
    // Seconds from now, and the result of the time checks then.
    for (at, expected) in [
        (0, "signed-in"),
        (54, "signed-in"),
        (55, "session-token-expired-refresh-non-eligible-no-refresh-cookie"),
        (-15, "signed-in"),
        (-16, "session-token-iat-in-the-future"),
        (-26, "session-token-nbf"),
        (0, "signed-in"),
    ] {
        instance.clock.set(Timestamp::from_secs(NOW.as_secs() + at));
        assert_eq!(verdict(&clerk, &token).await, expected, "at {at}");
    }
    let options = AuthenticateOptions::new;
    for (options, expected) in [
        (options().authorized_parties(["https://app.example.com"]), "signed-in"),
        (options().authorized_parties(["https://other.example.com"]), "token-invalid-authorized-parties"),
        (options().audiences(["web"]), "signed-in"),
        (options().audiences(["api"]), "token-verification-failed"),
        (options().header_types(["foo"]), "token-invalid"),
    ] {
        let layer = AuthenticateLayer::with_options(&clerk, options).unwrap();
        let auth = authenticate_with(layer, &token).await;
        let reason = auth.outcome().reason().map_or("signed-in", |reason| reason.as_str());
        assert_eq!(reason, expected);
    }
}

#[tokio::test]
async fn a_flood_of_valid_tokens_rejects_nobody() {
    let instance = Instance::new();
    let clerk =
        instance.builder().transport(instance.local.clone()).known_token_bytes(20_000).build().unwrap();
    for number in 0..200 {
        let token = instance.local.sign_claims(&json!({}), &claims(&json!({"number": number})));
        for _ in 0..2 {
            assert_eq!(verdict(&clerk, &token).await, "signed-in");
        }
    }
}

#[test]
fn no_token_is_mistaken_for_a_cached_one() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let instance = Instance::new();
    let clerk = instance.in_memory();
    let token = instance.local.sign_claims(&json!({}), &claims(&json!({})));
    let verdict = |token: &str| runtime.block_on(verdict(&clerk, token));
    assert_eq!(verdict(&token), "signed-in");
    for other in [&token[1..], &token[..token.len() - 1], &format!("{token}A"), &format!("A{token}")] {
        assert_ne!(verdict(other), "signed-in");
    }
    let other = (0..token.len(), 33_u8..127).prop_map(|(at, byte)| {
        let mut other = token.clone().into_bytes();
        other[at] = byte;
        String::from_utf8(other).unwrap()
    });
    let tried = TestRunner::default().run(&other, |other| {
        prop_assert_eq!(verdict(&other) == "signed-in", other == token);
        Ok(())
    });
    tried.unwrap();
}

/// Clerk's verification of opaque machine tokens. It counts the calls.
#[derive(Clone, Default)]
struct Machines {
    calls: Arc<AtomicU64>,
    /// The status and the changes to the response.
    says: Arc<Mutex<(StatusCode, Value)>>,
}

impl Machines {
    fn client(&self, instance: &Instance, build: impl FnOnce(ClerkBuilder) -> ClerkBuilder) -> Clerk {
        let this = self.clone();
        let transport = Script::new(move |received| {
            this.calls.fetch_add(1, Ordering::SeqCst);
            this.respond(received.request.uri().path())
        });
        let builder = instance.builder().publishable_key(LIVE).transport(transport).max_attempts(1);
        build(builder.authentication(|options| options.accepted_kinds(AcceptedKinds::any()))).build().unwrap()
    }

    fn respond(&self, path: &str) -> Reply {
        let (status, changes) = self.says.lock().unwrap().clone();
        let subject = match path {
            "/v1/m2m_tokens/verify" => "mch_1",
            _ => "user_1",
        };
        let good = json!({"id": "id_1", "subject": subject, "revoked": false, "expired": false, "name": "key",
            "scopes": ["read"], "client_id": "client_1", "claims": null, "expiration": null});
        let changes = if changes.is_null() { json!({}) } else { changes };
        Reply::json(status.as_u16(), &changed(good, &changes))
    }

    fn say(&self, status: u16, changes: Value) {
        *self.says.lock().unwrap() = (StatusCode::from_u16(status).unwrap(), changes);
    }

    fn new_calls(&self) -> u64 {
        self.calls.swap(0, Ordering::SeqCst)
    }
}

const OPAQUE: [&str; 3] = ["ak_0123456789", "mt_0123456789", "oat_0123456789"];
const MINUTE: Duration = Duration::from_secs(60);

async fn machine(clerk: &Clerk, token: &str) -> Option<Arc<MachineAuth>> {
    authenticate(clerk, token).await.machine().cloned()
}

#[tokio::test]
async fn machine_tokens_are_verified_for_every_request_by_default() {
    let (instance, machines) = (Instance::new(), Machines::default());
    let clerk = machines.client(&instance, |builder| builder);
    for token in OPAQUE {
        for _ in 0..5 {
            assert!(machine(&clerk, token).await.is_some());
            assert_eq!(machines.new_calls(), 1);
        }
    }
}

#[tokio::test]
async fn a_valid_machine_token_is_cached_for_the_configured_time() {
    let (instance, machines) = (Instance::new(), Machines::default());
    let clerk = machines.client(&instance, |builder| builder.machine_token_cache(MINUTE));
    for token in OPAQUE {
        let first = machine(&clerk, token).await.unwrap();
        assert_eq!(machines.new_calls(), 1);
        for _ in 0..5 {
            let again = machine(&clerk, token).await.unwrap();
            assert!(*again == *first && again.expose_token() == token);
        }
        instance.clock.advance(MINUTE - Duration::from_millis(1));
        assert!(machine(&clerk, token).await.is_some());
        assert_eq!(machines.new_calls(), 0);
        instance.clock.advance(Duration::from_millis(1));
        assert!(machine(&clerk, token).await.is_some());
        assert_eq!(machines.new_calls(), 1, "a look does not prolong it");
        // Another token of the same kind is verified separately.
        assert!(machine(&clerk, &format!("{token}0")).await.is_some());
        assert!(machine(&clerk, &token[..token.len() - 1]).await.is_some());
        assert_eq!(machines.new_calls(), 2);
    }
    // Revoked meanwhile: accepted until the minute has passed, and rejected from then on.
    machines.say(200, json!({"revoked": true}));
    assert!(machine(&clerk, OPAQUE[2]).await.is_some());
    instance.clock.advance(MINUTE);
    assert_eq!(verdict(&clerk, OPAQUE[2]).await, "token-invalid");
    assert_eq!(machines.new_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn setting_the_clock_back_extends_no_cached_machine_token() {
    let (instance, machines) = (Instance::new(), Machines::default());
    let clerk = machines.client(&instance, |builder| builder.machine_token_cache(MINUTE));
    assert!(machine(&clerk, OPAQUE[0]).await.is_some());
    machines.say(200, json!({"revoked": true}));
    for _ in 0..2 {
        tokio::time::advance(MINUTE / 2).await;
        instance.clock.set(NOW);
    }
    assert_eq!(verdict(&clerk, OPAQUE[0]).await, "token-invalid");
}

#[tokio::test(start_paused = true)]
async fn requests_with_the_same_machine_token_share_a_call() {
    for (lifetime, changes, is_good) in [
        (MINUTE, json!({}), true),
        (Duration::ZERO, json!({}), true),
        (MINUTE, json!({"revoked": true}), false),
        (Duration::ZERO, json!({"revoked": true}), false),
    ] {
        let (instance, machines) = (Instance::new(), Machines::default());
        let clerk = machines.client(&instance, |builder| builder.machine_token_cache(lifetime));
        machines.say(200, changes);
        for token in OPAQUE {
            let burst = futures_util::future::join_all((0..400).map(|_| machine(&clerk, token))).await;
            assert!(burst.into_iter().all(|machine| machine.is_some() == is_good));
            assert_eq!(machines.new_calls(), 1, "{lifetime:?} {is_good}");
        }
    }
}

/// Clerk says of an API key that it is valid, but only after it has said of a later call that the key was revoked.
#[tokio::test(start_paused = true)]
async fn an_older_response_does_not_replace_a_newer_refusal() {
    let instance = Instance::new();
    let transport = Script::new(move |received| {
        let valid = json!({"id": "ak_1", "subject": "user_ada", "revoked": false, "expired": false});
        let refused = json!({"errors": [{"code": "api_key_revoked", "message": "revoked"}]});
        match received.index {
            0 => Reply::Later(Box::pin(async move {
                tokio::time::sleep(Duration::from_secs(5)).await;
                Reply::json(200, &valid)
            })),
            _ => Reply::json(404, &refused),
        }
    });
    let builder = instance.builder().publishable_key(LIVE).transport(transport.clone());
    let builder = builder.machine_token_cache(MINUTE);
    let clerk =
        builder.authentication(|options| options.accepted_kinds(AcceptedKinds::any())).build().unwrap();
    let first = tokio::spawn({
        let clerk = clerk.clone();
        async move { machine(&clerk, OPAQUE[0]).await }
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(machine(&clerk, OPAQUE[0]).await.is_none());
    first.await.unwrap();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(machine(&clerk, OPAQUE[0]).await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_long_is_not_shared_with_requests_long_after_it_began() {
    let instance = Instance::new();
    let calls = Arc::new(AtomicU64::new(0));
    let counted = calls.clone();
    // It never responds.
    let transport = Script::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Reply::Hang
    });
    let builder = instance.builder().publishable_key(LIVE).transport(transport).max_attempts(1);
    let clerk =
        builder.authentication(|options| options.accepted_kinds(AcceptedKinds::any())).build().unwrap();
    let mut requests = Vec::new();
    for _ in 0..20 {
        let clerk = clerk.clone();
        requests.push(tokio::spawn(async move { authenticate(&clerk, OPAQUE[0]).await }));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // What a call that began earlier says may be out of date.
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    for request in requests {
        assert!(request.await.unwrap().outcome().is_undecided());
    }
}

#[tokio::test(start_paused = true)]
async fn a_machine_token_that_clerk_refused_is_refused_for_three_seconds() {
    let instance = Instance::new();
    let answer = Arc::new(Mutex::new((404, json!({"errors": [{"code": "resource_not_found"}]}))));
    let calls = Arc::new(AtomicU64::new(0));
    let (counted, said) = (calls.clone(), answer.clone());
    let transport = Script::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        let (status, body) = said.lock().unwrap().clone();
        Reply::json(status, &body)
    });
    let builder = instance.builder().publishable_key(LIVE).transport(transport).max_attempts(1);
    let clerk =
        builder.authentication(|options| options.accepted_kinds(AcceptedKinds::any())).build().unwrap();
    for _ in 0..200 {
        assert_eq!(verdict(&clerk, OPAQUE[0]).await, "token-invalid");
    }
    assert_eq!(calls.swap(0, Ordering::SeqCst), 1);
    // It was created meanwhile.
    let good = json!({"id": "id_1", "subject": "user_1", "revoked": false, "expired": false});
    *answer.lock().unwrap() = (200, good);
    tokio::time::advance(Duration::from_millis(2900)).await;
    assert!(machine(&clerk, OPAQUE[0]).await.is_none());
    tokio::time::advance(Duration::from_millis(101)).await;
    assert!(machine(&clerk, OPAQUE[0]).await.is_some());
    // A proxy's 404, and failures, say nothing about the token.
    for (number, status) in [404, 401, 403, 429, 500].into_iter().enumerate() {
        *answer.lock().unwrap() = (status, json!({}));
        calls.store(0, Ordering::SeqCst);
        for _ in 0..3 {
            assert!(machine(&clerk, &format!("ak_other{number}")).await.is_none());
        }
        assert_eq!(calls.load(Ordering::SeqCst), 3, "{status}");
    }
}

#[tokio::test]
async fn a_machine_token_is_not_cached_beyond_its_expiration() {
    let (instance, machines) = (Instance::new(), Machines::default());
    let clerk = machines.client(&instance, |builder| builder.machine_token_cache(MINUTE));
    for (number, token) in OPAQUE.into_iter().enumerate() {
        let end = instance.clock.now().saturating_add(Duration::from_secs(10));
        machines.say(200, json!({"expiration": end.as_millis()}));
        assert_eq!(machine(&clerk, token).await.unwrap().expiration(), Some(end), "{number}");
        instance.clock.advance(Duration::from_millis(9999));
        assert!(machine(&clerk, token).await.is_some());
        assert_eq!(machines.new_calls(), 1);
        instance.clock.advance(Duration::from_millis(1));
        machines.say(200, json!({"expiration": end.as_millis(), "expired": true}));
        assert_eq!(verdict(&clerk, token).await, "token-invalid");
        assert_eq!(machines.new_calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_clerk_says_about_a_machine_token_is_cached() {
    let (instance, machines) = (Instance::new(), Machines::default());
    let clerk = machines.client(&instance, |builder| builder.machine_token_cache(MINUTE).max_attempts(1));
    for token in OPAQUE {
        for (status, changes, calls) in [
            (404, json!({}), 2),
            (400, json!({}), 2),
            (429, json!({}), 2),
            (500, json!({}), 2),
            (200, json!({"revoked": true}), 1),
            (200, json!({"expired": true}), 1),
        ] {
            machines.say(status, changes.clone());
            for _ in 0..2 {
                assert!(machine(&clerk, token).await.is_none(), "{status} {changes}");
            }
            assert_eq!(machines.new_calls(), calls, "{status} {changes}");
            tokio::time::advance(Duration::from_secs(3)).await;
        }
        machines.say(200, json!({}));
        assert!(machine(&clerk, token).await.is_some());
        assert_eq!(machines.new_calls(), 1);
    }
}

/// Whether a valid verdict about each of the opaque tokens is still remembered after a change.
async fn remembered_after(change: impl AsyncFnOnce(&Clerk)) -> [bool; 3] {
    let (instance, machines) = (Instance::new(), Machines::default());
    let clerk = machines.client(&instance, |builder| {
        builder.machine_token_cache(MINUTE).cache(CachePolicy::off()).webhook_secret("whsec_c2VjcmV0")
    });
    for token in OPAQUE {
        assert!(machine(&clerk, token).await.is_some());
    }
    change(&clerk).await;
    machines.say(200, json!({"revoked": true}));
    let mut remembered = [false; 3];
    for (token, remembered) in OPAQUE.into_iter().zip(&mut remembered) {
        *remembered = machine(&clerk, token).await.is_some();
    }
    remembered
}

#[tokio::test]
async fn what_may_revoke_a_machine_token_makes_the_verdicts_forgotten() {
    let (all, none, of_user) = ([false; 3], [true; 3], [false, true, false]);
    // Whether the response can be decoded does not matter: the write may have happened.
    assert_eq!(remembered_after(async |clerk| drop(clerk.send(api_keys::revoke("id_1")).await)).await, all);
    assert_eq!(remembered_after(async |clerk| drop(clerk.send(api_keys::delete("id_1")).await)).await, all);
    assert_eq!(remembered_after(async |clerk| drop(clerk.send(m2m::revoke_token("mt_1")).await)).await, all);
    assert_eq!(remembered_after(async |clerk| drop(clerk.send(machines::delete("mch_1")).await)).await, all);
    let revoke =
        async |clerk: &Clerk| drop(clerk.send(oauth_applications::revoke_token("oa_1", "oat")).await);
    assert_eq!(remembered_after(revoke).await, all);
    // Those of a user end with the user, and not with another one.
    assert_eq!(remembered_after(async |clerk| drop(clerk.send(users::ban("user_1")).await)).await, of_user);
    assert_eq!(remembered_after(async |clerk| drop(clerk.send(users::ban("user_2")).await)).await, none);
    let delete = async |clerk: &Clerk| drop(clerk.send(organizations::delete("org_1")).await);
    assert_eq!(remembered_after(delete).await, none);
    for (event, expected) in [
        (json!({"type": "user.deleted", "data": {"id": "user_1", "deleted": true}}), of_user),
        (json!({"type": "user.deleted", "data": {"id": "user_2", "deleted": true}}), none),
        (json!({"type": "apiKey.revoked", "data": {"id": "ak_1"}}), all),
    ] {
        let body = event.to_string();
        let receive = async |clerk: &Clerk| {
            let headers = clerk.webhook_verifier().unwrap().sign("msg_1", clerk.now(), body.as_bytes());
            drop(clerk.verify_webhook(&headers, body.as_bytes()).unwrap());
        };
        assert_eq!(remembered_after(receive).await, expected, "{event}");
    }
    assert_eq!(remembered_after(async |clerk| clerk.cache().invalidate_all()).await, all);
    // To look at a key, or to verify one, changes nothing.
    assert_eq!(remembered_after(async |clerk| drop(clerk.send(api_keys::verify("ak_2")).await)).await, none);
    assert_eq!(remembered_after(async |clerk| drop(clerk.send(api_keys::get("ak_2")).await)).await, none);
}

/// Clerk looks a key up, and then it is revoked.
#[tokio::test(start_paused = true)]
async fn a_verdict_on_its_way_when_its_token_is_revoked_is_not_remembered() {
    let instance = Instance::new();
    let transport = Script::new(move |received| {
        let key = json!({"id": "ak_1", "subject": "user_1", "revoked": received.index > 0, "expired": false});
        if received.index > 0 {
            return Reply::json(200, &key);
        }
        Reply::Later(Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(500)).await;
            Reply::json(200, &key)
        }))
    });
    let builder = instance.builder().publishable_key(LIVE).transport(transport).machine_token_cache(MINUTE);
    let clerk =
        builder.authentication(|options| options.accepted_kinds(AcceptedKinds::any())).build().unwrap();
    let first = tokio::spawn({
        let clerk = clerk.clone();
        async move { machine(&clerk, OPAQUE[0]).await }
    });
    settle().await;
    let _ = clerk.send(api_keys::revoke("ak_1")).await;
    // Who comes after the revocation does not share the call from before.
    assert!(machine(&clerk, OPAQUE[0]).await.is_none());
    assert!(first.await.unwrap().is_some());
    tokio::time::advance(Duration::from_secs(10)).await;
    assert!(machine(&clerk, OPAQUE[0]).await.is_none());
}

#[tokio::test]
async fn verified_machine_tokens_are_cached_per_client() {
    let (instance, machines) = (Instance::new(), Machines::default());
    let client = || machines.client(&instance, |builder| builder.machine_token_cache(MINUTE));
    let (one, two) = (client(), client());
    assert!(machine(&one, OPAQUE[0]).await.is_some() && machine(&two, OPAQUE[0]).await.is_some());
    assert_eq!(machines.new_calls(), 2);
    // A layer that does not accept the kind does not use the cache.
    let options = one.authenticate_options().accepted_kinds(TokenKind::M2m);
    let layer = AuthenticateLayer::with_options(&one, options).unwrap();
    assert!(authenticate_with(layer, OPAQUE[0]).await.machine().is_none());
}

#[test]
fn the_cache_duration_of_machine_tokens_is_limited() {
    let build = |lifetime| Clerk::builder().secret_key("sk_test_abc").machine_token_cache(lifetime).build();
    for seconds in [0, 1, 300] {
        assert!(build(Duration::from_secs(seconds)).is_ok());
    }
    for lifetime in [Duration::from_secs(301), Duration::MAX] {
        assert_eq!(build(lifetime).unwrap_err().setting, "machine_token_cache");
    }
}

#[test]
fn a_runtime_that_stands_still_strands_nobody_who_shares_its_verification() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let instance = Instance::new();
    let calls = Arc::new(AtomicU64::new(0));
    let counted = calls.clone();
    let transport = Script::new(move |received| {
        counted.fetch_add(1, Ordering::SeqCst);
        let good = json!({"id": "id_1", "subject": "user_1", "revoked": false, "expired": false});
        if received.index == 0 { Reply::Hang } else { Reply::json(200, &good) }
    });
    let builder = instance.builder().publishable_key(LIVE).transport(transport).machine_token_cache(MINUTE);
    let clerk =
        builder.authentication(|options| options.accepted_kinds(AcceptedKinds::any())).build().unwrap();
    let leader = runtime();
    leader.block_on(async {
        let clerk = clerk.clone();
        tokio::spawn(async move { authenticate(&clerk, OPAQUE[0]).await });
        clerk_tests::eventually("the call has begun", || calls.load(Ordering::SeqCst) > 0).await;
    });
    runtime().block_on(async {
        let burst = futures_util::future::join_all((0..100).map(|_| machine(&clerk, OPAQUE[0]))).await;
        assert!(burst.iter().all(Option::is_some));
    });
    assert_eq!(calls.load(Ordering::SeqCst), 2, "one of them led");
    drop(leader);
}
