//! Several clients as members of one fleet: what one does or learns reaches the others.

use std::time::Duration;

use clerk_core::{
    api::{api_keys, sessions, users},
    authenticate::AcceptedKinds,
    webhook::Verifier,
};
use clerk_tests::{
    Instance, NOW,
    engine::Engine,
    scripted::{Call, Scripted},
    settle,
};
use clerk_tower::{
    Clerk, ClerkBuilder,
    client::cache::CachePolicy,
    clock::ManualClock,
    fleet::{Broadcast as _, Fleet, FleetErrorKind, FleetState, Store as _},
};
use serde_json::{Value, json};

const CHANNEL: &str = "{clerk:clerk.example.com}:notices";

/// A process: a client with an engine, a transport and a clock under the test's control.
struct Process {
    engine: Engine,
    scripted: Scripted,
    clock: ManualClock,
    clerk: Clerk,
}

fn pk() -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    format!("pk_test_{}", BASE64_STANDARD.encode("clerk.example.com$"))
}

impl Process {
    fn of(engine: &Engine) -> Self {
        Self::with(engine, |builder| builder)
    }

    fn with(engine: &Engine, configure: impl FnOnce(ClerkBuilder) -> ClerkBuilder) -> Self {
        let (engine, scripted, clock) = (engine.another(), Scripted::default(), ManualClock::at(NOW));
        let builder = Clerk::builder()
            .secret_key("sk_test_x")
            .publishable_key(pk())
            .webhook_secret("whsec_c2VjcmV0")
            .transport(scripted.clone())
            .clock(clock.clone())
            .max_attempts(1)
            .fleet(&engine);
        let clerk = configure(builder).build().unwrap();
        Self { engine, scripted, clock, clerk }
    }

    fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// Asks for a user. If that causes a call, Clerk responds with this name. Returns the name that the caller gets.
    async fn name(&self, name: &str) -> String {
        let clerk = self.clerk.clone();
        let reading = tokio::spawn(async move { clerk.cached(users::get("user_1")).await });
        settle().await;
        self.scripted.take().into_iter().for_each(|call| call.respond(200, &user(name)));
        reading.await.unwrap().unwrap().first_name.clone().unwrap()
    }

    /// Updates the user at Clerk.
    async fn write(&self) {
        let clerk = self.clerk.clone();
        let sending = tokio::spawn(async move { clerk.send(users::update("user_1").first_name("x")).await });
        settle().await;
        let call: Call = self.scripted.one();
        call.respond(200, &user("x"));
        sending.await.unwrap().unwrap();
    }

    fn receive(&self, id: &str, event: &Value) {
        let body = event.to_string();
        let verifier: &Verifier = self.clerk.webhook_verifier().unwrap();
        let headers = verifier.sign(id, self.clerk.now(), body.as_bytes());
        self.clerk.verify_webhook(&headers, body.as_bytes()).unwrap();
    }
}

fn user(name: &str) -> Value {
    json!({"id": "user_1", "object": "user", "first_name": name, "banned": false, "locked": false})
}

async fn linked(processes: &[&Process]) {
    for process in processes {
        process.clerk.fleet().linked().await;
    }
    settle().await;
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[tokio::test]
async fn what_one_process_changes_or_learns_the_others_forget() {
    let engine = Engine::new();
    let (one, other) = (Process::of(&engine), Process::of(&engine));
    linked(&[&one, &other]).await;
    assert_eq!(other.name("1").await, "1");
    one.write().await;
    settle().await;
    assert_eq!(other.name("2").await, "2");
    assert_eq!(other.name("3").await, "2");
    one.receive("msg_1", &json!({"type": "user.updated", "data": user("3"), "object": "event"}));
    settle().await;
    assert_eq!(other.name("3").await, "3");
    // Another user's change is not this user's.
    one.receive("msg_2", &json!({"type": "user.deleted", "data": {"id": "user_2"}, "object": "event"}));
    settle().await;
    assert_eq!(other.name("4").await, "3");
    one.clerk.cache().invalidate_all();
    settle().await;
    assert_eq!(other.name("4").await, "4");
}

#[tokio::test]
async fn an_answer_on_its_way_when_the_change_arrives_is_not_kept() {
    let engine = Engine::new();
    let (one, other) = (Process::of(&engine), Process::of(&engine));
    linked(&[&one, &other]).await;
    let clerk = other.clerk.clone();
    let reading = tokio::spawn(async move { clerk.cached(users::get("user_1")).await });
    settle().await;
    let call = other.scripted.one();
    one.write().await;
    settle().await;
    call.respond(200, &user("old"));
    assert_eq!(reading.await.unwrap().unwrap().first_name.as_deref(), Some("old"));
    assert_eq!(other.name("new").await, "new");
}

#[tokio::test]
async fn a_process_without_a_cache_tells_the_others_too() {
    let engine = Engine::new();
    let one = Process::with(&engine, |builder| builder.cache(CachePolicy::off()));
    let other = Process::of(&engine);
    linked(&[&one, &other]).await;
    assert_eq!(other.name("1").await, "1");
    one.write().await;
    settle().await;
    assert_eq!(other.name("2").await, "2");
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_link_everything_is_forgotten() {
    let engine = Engine::new();
    let (one, other) = (Process::of(&engine), Process::of(&engine));
    linked(&[&one, &other]).await;
    assert_eq!(other.name("1").await, "1");
    other.engine.break_off(FleetErrorKind::Unreachable);
    settle().await;
    one.write().await;
    settle().await;
    // What it does not know it cannot forget, but it is not older than it would be without a fleet.
    assert_eq!(other.name("2").await, "1");
    other.engine.mend();
    linked(&[&other]).await;
    assert_eq!(other.name("2").await, "2");
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_told_is_told_when_the_link_is_back() {
    for kind in
        [FleetErrorKind::Unreachable, FleetErrorKind::Full, FleetErrorKind::Timeout, FleetErrorKind::Denied]
    {
        let engine = Engine::new();
        let (one, other) = (Process::of(&engine), Process::of(&engine));
        linked(&[&one, &other]).await;
        assert_eq!(other.name("1").await, "1");
        one.engine.break_off(kind);
        one.write().await;
        tokio::time::sleep(secs(20)).await;
        assert_eq!(other.name("2").await, "1", "{kind:?}");
        assert!(one.clerk.fleet().untold() > 0);
        one.engine.mend();
        tokio::time::sleep(secs(6)).await;
        assert_eq!(one.clerk.fleet().untold(), 0);
        assert_eq!(other.name("2").await, "2", "{kind:?}");
    }
}

/// An engine that fails over may have lost what it said it had taken.
#[tokio::test(start_paused = true)]
async fn what_was_told_just_before_the_link_broke_is_told_again() {
    let engine = Engine::new();
    let one = Process::of(&engine);
    linked(&[&one]).await;
    one.write().await;
    settle().await;
    let told = one.engine.count("publish");
    assert!(told > 0);
    one.engine.break_off(FleetErrorKind::Unreachable);
    tokio::time::sleep(secs(1)).await;
    one.engine.mend();
    tokio::time::sleep(secs(6)).await;
    assert!(one.engine.count("publish") > told);
    // But not what was told long ago.
    let told = one.engine.count("publish");
    one.advance(secs(600));
    one.engine.break_off(FleetErrorKind::Unreachable);
    tokio::time::sleep(secs(1)).await;
    one.engine.mend();
    tokio::time::sleep(secs(6)).await;
    assert_eq!(one.engine.count("publish"), told);
}

#[tokio::test(start_paused = true)]
async fn values_are_fresh_for_longer_only_while_the_link_is_up() {
    let engine = Engine::new();
    let policy = CachePolicy::new().fresh_while_linked(secs(600)).stale_while_revalidate(Duration::ZERO);
    let process = Process::with(&engine, |builder| builder.cache(policy));
    linked(&[&process]).await;
    assert_eq!(process.name("1").await, "1");
    process.advance(secs(599));
    assert_eq!(process.name("2").await, "1");
    process.engine.break_off(FleetErrorKind::Timeout);
    settle().await;
    assert_eq!(process.name("2").await, "2");
    process.advance(secs(29));
    assert_eq!(process.name("3").await, "2");
    process.advance(secs(2));
    assert_eq!(process.name("3").await, "3");
}

#[tokio::test]
async fn what_cannot_be_read_counts_as_missed() {
    let engine = Engine::new();
    let process = Process::of(&engine);
    linked(&[&process]).await;
    for (number, message) in [
        r#"{"v":2,"from":"x","notices":[]}"#,
        r#"{"v":1,"from":"x","notices":[["moved","x"]]}"#,
        r#"{"v":1,"from":"x","notices":[["changed","some/users"]]}"#,
        "no message at all",
        "",
    ]
    .into_iter()
    .enumerate()
    {
        let (before, after) = (format!("{number} before"), format!("{number} after"));
        process.clerk.cache().invalidate_all();
        settle().await;
        assert_eq!(process.name(&before).await, before);
        engine.inner().publish(CHANNEL, message.into()).await.unwrap();
        settle().await;
        assert_eq!(process.name(&after).await, after, "{message}");
    }
}

#[tokio::test]
async fn instances_and_prefixes_do_not_hear_each_other() {
    let engine = Engine::new();
    let other_prefix =
        Process::with(&engine, |builder| builder.fleet(Fleet::from(&engine).prefix("staging")));
    let other_instance =
        Process::with(&engine, |builder| builder.fleet(Fleet::from(&engine).instance("clerk.other.example")));
    let (one, same) = (Process::of(&engine), Process::of(&engine));
    for process in [&other_prefix, &other_instance, &same] {
        process.clerk.fleet().linked().await;
        assert_eq!(process.name("1").await, "1");
    }
    one.write().await;
    settle().await;
    assert_eq!(other_prefix.name("2").await, "1");
    assert_eq!(other_instance.name("2").await, "1");
    assert_eq!(same.name("2").await, "2");
}

#[test]
fn names_that_do_not_fit_are_refused() {
    let build = |fleet: Fleet| {
        Clerk::builder().secret_key("sk_test_x").fleet(fleet).build().err().map(|error| error.to_string())
    };
    let fleet = || Fleet::from(&Engine::new());
    assert_eq!(build(fleet()), None);
    let rule = "expected 1 to 64 visible ASCII characters without braces";
    assert_eq!(build(fleet().prefix("")), Some(format!("fleet: prefix: {rule}")));
    assert_eq!(build(fleet().prefix("a{b}")), Some(format!("fleet: prefix: {rule}")));
    assert_eq!(build(fleet().instance("a b")), Some(format!("fleet: instance: {rule}")));
    let unknown = Clerk::builder().webhook_secret("whsec_c2VjcmV0").fleet(fleet()).build_verifier();
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "fleet: instance: not known; set the publishable key, or the name of the instance"
    );
}

#[tokio::test(start_paused = true)]
async fn the_state_of_the_link_is_known() {
    let alone = Instance::new().in_memory();
    assert_eq!(alone.fleet().state(), FleetState::Alone);
    alone.fleet().linked().await;
    let process = Process::of(&Engine::new());
    assert_eq!(process.clerk.fleet().state(), FleetState::Linking);
    linked(&[&process]).await;
    assert_eq!(process.clerk.fleet().state(), FleetState::Linked);
    process.engine.break_off(FleetErrorKind::Denied);
    settle().await;
    process.advance(secs(7));
    let lost = FleetState::Lost { elapsed: secs(7), kind: FleetErrorKind::Denied };
    assert_eq!(process.clerk.fleet().state(), lost);
    process.engine.mend();
    linked(&[&process]).await;
    assert_eq!(process.clerk.fleet().state(), FleetState::Linked);
}

#[tokio::test]
async fn a_client_that_is_dropped_leaves_nothing_behind() {
    let engine = Engine::new();
    let process = Process::of(&engine);
    linked(&[&process]).await;
    let Process { engine, clerk, .. } = process;
    assert_eq!(engine.subscriptions(), 1);
    let clone = clerk.clone();
    drop(clerk);
    settle().await;
    assert_eq!(engine.subscriptions(), 1);
    drop(clone);
    settle().await;
    assert_eq!(engine.subscriptions(), 0);
}

#[test]
fn a_client_whose_runtime_ends_is_linked_again_on_the_next() {
    let engine = Engine::new();
    // Built where there is no runtime.
    let process = Process::of(&engine);
    assert_eq!(process.clerk.fleet().state(), FleetState::Linking);
    for _ in 0..2 {
        let other = Process::of(&engine);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            process.name("before").await;
            linked(&[&process, &other]).await;
            process.name("1").await;
            other.write().await;
            settle().await;
            assert_eq!(process.name("2").await, "2");
        });
        drop(runtime);
        assert!(matches!(process.clerk.fleet().state(), FleetState::Lost { .. }));
    }
}

/// A machine token is verified with a call whose method is `POST`. That is no change to tell.
#[tokio::test]
async fn a_verified_machine_token_is_not_told_and_a_revoked_one_is() {
    let engine = Engine::new();
    let accepting = |builder: ClerkBuilder| {
        builder
            .machine_token_cache(secs(60))
            .authentication(|options| options.accepted_kinds(AcceptedKinds::any()))
    };
    let (one, other) = (Process::with(&engine, accepting), Process::with(&engine, accepting));
    linked(&[&one, &other]).await;
    let verify = async |process: &Process, revoked: bool| {
        let clerk = process.clerk.clone();
        let verifying = tokio::spawn(async move { clerk.authenticate_token("ak_0123456789").await });
        settle().await;
        let key = json!({"id": "ak_1", "subject": "user_1", "revoked": revoked, "expired": false});
        process.scripted.take().into_iter().for_each(|call| call.respond(200, &key));
        verifying.await.unwrap().machine().is_some()
    };
    let before = engine_commands(&[&one, &other]);
    assert!(verify(&one, false).await && verify(&other, false).await);
    settle().await;
    assert_eq!(engine_commands(&[&one, &other]), before);
    assert!(verify(&other, true).await, "remembered");
    let clerk = one.clerk.clone();
    let revoking = tokio::spawn(async move { clerk.send(api_keys::revoke("ak_1")).await });
    settle().await;
    one.scripted.one().respond(200, &json!({"id": "ak_1", "revoked": true}));
    let _ = revoking.await.unwrap();
    settle().await;
    assert!(!verify(&one, true).await && !verify(&other, true).await);
}

fn engine_commands(processes: &[&Process]) -> usize {
    processes.iter().map(|process| process.engine.commands()).sum()
}

/// The costs that the guide states.
#[tokio::test]
async fn a_cached_read_costs_no_command_and_a_write_costs_two() {
    let engine = Engine::new();
    let process = Process::of(&engine);
    linked(&[&process]).await;
    process.name("1").await;
    let before = process.engine.commands();
    for _ in 0..100 {
        process.name("1").await;
    }
    assert_eq!(process.engine.commands(), before);
    process.write().await;
    settle().await;
    // All that it touches is one command, and one message.
    assert_eq!(process.engine.commands() - before, 2);
}

/// Also if another thread tells what is in the outbox as soon as there is something.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_write_or_an_event_changes_is_one_message() {
    let sessions = Sessions::new();
    let (engine, clerk) = sessions.process().await;
    let event = json!({"type": "user.updated", "object": "event", "data": user("x")});
    for number in 0..50 {
        let before = engine.commands();
        clerk.send(users::update("user_ada").first_name("x")).await.unwrap();
        clerk.fleet().told().await;
        assert_eq!(engine.commands() - before, 2);
        let id = format!("msg_{number}");
        let body = event.to_string();
        let headers = clerk.webhook_verifier().unwrap().sign(&id, clerk.now(), body.as_bytes());
        clerk.verify_webhook(&headers, body.as_bytes()).unwrap();
        clerk.fleet().told().await;
        assert_eq!(engine.commands() - before, 4);
    }
}

/// Browsers cause these, once a minute for each visitor.
#[tokio::test]
async fn tokens_and_refreshes_of_sessions_are_not_told() {
    let sessions = Sessions::new();
    let (engine, clerk) = sessions.process().await;
    let token = sessions.instance.local.sign_in("user_ada").token();
    let auth = clerk.authenticate_token(&token).await;
    let id = auth.session().unwrap().claims().session_id().unwrap().clone();
    let before = engine.commands();
    clerk.send(sessions::create_token(id.clone())).await.unwrap();
    let _ = clerk.send(sessions::create_token_from_template(id.clone(), "any")).await;
    let _ = clerk.send(sessions::refresh(id, "old", "refresh", "https://example.com")).await;
    settle().await;
    assert_eq!(engine.commands(), before);
    clerk.send(users::update("user_ada").first_name("x")).await.unwrap();
    settle().await;
    assert_eq!(engine.commands(), before + 2);
}

/// Several clients of one instance, by which sessions are known to be good or revoked.
struct Sessions {
    instance: Instance,
    engine: Engine,
}

impl Sessions {
    fn new() -> Self {
        Self { instance: Instance::new(), engine: Engine::new() }
    }

    async fn process(&self) -> (Engine, Clerk) {
        let engine = self.engine.another();
        let builder = self.instance.local.client_builder().clock(self.instance.clock.clone());
        let clerk = builder.webhook_secret("whsec_c2VjcmV0").fleet(&engine).build().unwrap();
        clerk.fleet().linked().await;
        (engine, clerk)
    }
}

async fn accepts(clerk: &Clerk, token: &str) -> bool {
    let auth = clerk.authenticate_token(token).await;
    let reason = auth.outcome().reason().map(ToString::to_string);
    assert_eq!(reason.as_deref(), if auth.session().is_some() { None } else { Some("session-revoked") });
    auth.session().is_some()
}

#[tokio::test(start_paused = true)]
async fn a_session_that_one_process_ended_is_refused_by_all() {
    let sessions = Sessions::new();
    let (engine_of_one, one) = sessions.process().await;
    let (engine_of_other, other) = sessions.process().await;
    let session = sessions.instance.local.sign_in("user_ada");
    let (token, untouched) = (session.token(), sessions.instance.local.sign_in("user_ada").token());
    assert!(accepts(&one, &token).await && accepts(&other, &token).await);
    let claims = one.authenticate_token(&token).await;
    let id = claims.session().unwrap().claims().session_id().unwrap().clone();

    // A process that is cut off accepts it until the link is back.
    engine_of_other.break_off(FleetErrorKind::Unreachable);
    settle().await;
    one.send(sessions::revoke(id)).await.unwrap();
    assert!(!accepts(&one, &token).await);
    settle().await;
    assert!(accepts(&other, &token).await);
    engine_of_other.mend();
    other.fleet().linked().await;
    assert!(!accepts(&other, &token).await);
    // So does one that starts later.
    let (_, later) = sessions.process().await;
    assert!(!accepts(&later, &token).await && accepts(&later, &untouched).await);

    // A process that cannot tell tells it later.
    engine_of_one.break_off(FleetErrorKind::Full);
    one.send(users::ban("user_ada")).await.unwrap();
    assert!(!accepts(&one, &untouched).await);
    settle().await;
    assert!(accepts(&other, &untouched).await && accepts(&later, &untouched).await);
    engine_of_one.mend();
    tokio::time::sleep(secs(6)).await;
    assert!(!accepts(&other, &untouched).await && !accepts(&later, &untouched).await);

    // With the link up, it takes a message.
    let grace = sessions.instance.local.sign_in("user_grace").token();
    assert!(accepts(&other, &grace).await && accepts(&later, &grace).await);
    let event = json!({"type": "user.deleted", "object": "event", "timestamp": one.now().as_millis(), "data": {"id": "user_grace", "deleted": true}});
    let headers = one.webhook_verifier().unwrap().sign("msg_1", one.now(), event.to_string().as_bytes());
    one.verify_webhook(&headers, event.to_string().as_bytes()).unwrap();
    settle().await;
    assert!(!accepts(&other, &grace).await && !accepts(&later, &grace).await && !accepts(&one, &grace).await);
}

/// Revocations are read in batches, and the engine forgets them in the order in which they were written.
#[tokio::test(start_paused = true)]
async fn a_process_that_starts_late_reads_all_revocations() {
    let sessions = Sessions::new();
    let (_, one) = sessions.process().await;
    let mut tokens = Vec::new();
    for _ in 0..40 {
        for _ in 0..20 {
            let token = sessions.instance.local.sign_in("user_ada").token();
            let auth = one.authenticate_token(&token).await;
            let id = auth.session().unwrap().claims().session_id().unwrap().clone();
            one.send(sessions::revoke(id)).await.unwrap();
            tokens.push(token);
        }
        settle().await;
    }
    let (engine, later) = sessions.process().await;
    for token in &tokens {
        assert!(!accepts(&later, token).await);
    }
    assert!(engine.count("get") <= 6, "{}", engine.count("get"));
}

/// Reading what was missed may fail although messages arrive.
#[tokio::test(start_paused = true)]
async fn a_process_that_hears_messages_all_the_time_catches_up_soon() {
    let engine = Engine::new();
    let other = Process::of(&engine);
    linked(&[&other]).await;
    let one = Process::of(&engine);
    one.engine.lose_responses(2);
    settle().await;
    assert!(matches!(one.clerk.fleet().state(), FleetState::Lost { .. }), "{:?}", one.clerk.fleet().state());
    for _ in 0..10 {
        other.write().await;
        tokio::time::advance(Duration::from_millis(50)).await;
        settle().await;
    }
    assert_eq!(one.clerk.fleet().state(), FleetState::Linked);
}

/// A program that ends waits for this.
#[tokio::test(start_paused = true)]
async fn a_process_can_wait_until_the_others_have_been_told() {
    use futures_util::FutureExt as _;
    let engine = Engine::new();
    let one = Process::of(&engine);
    linked(&[&one]).await;
    assert!(one.clerk.fleet().told().now_or_never().is_some());
    one.engine.break_off(FleetErrorKind::Unreachable);
    one.write().await;
    settle().await;
    assert!(one.clerk.fleet().told().now_or_never().is_none());
    one.engine.mend();
    one.clerk.fleet().told().await;
    assert_eq!(one.clerk.fleet().untold(), 0);
    assert!(
        Clerk::builder().secret_key("sk_test_x").build().unwrap().fleet().told().now_or_never().is_some()
    );
}

/// Somebody who can write to the engine cannot keep revocations from being written down, nor make a process tell for ever.
#[tokio::test(start_paused = true)]
async fn a_number_of_the_last_revocation_that_is_none_starts_anew() {
    for last in ["x", "", "-5", "18446744073709551615"] {
        let sessions = Sessions::new();
        let (engine, one) = sessions.process().await;
        let token = sessions.instance.local.sign_in("user_ada").token();
        let (key, text) = ("{clerk:clerk.example.com}:1:revoked:last".to_owned(), last.to_owned().into());
        engine.inner().set(&[(key, text)], secs(3600)).await.unwrap();
        one.send(users::ban("user_ada")).await.unwrap();
        settle().await;
        assert_eq!(one.fleet().untold(), 0, "{last}");
        let (_, later) = sessions.process().await;
        assert!(!accepts(&later, &token).await, "{last}");
    }
}
