//! The engine on a real Redis or Valkey, and how it fails. See [`RedisServer`] for what is needed.

use std::{
    collections::HashSet,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use clerk_tests::{Log, RedisServer, TcpProxy, fault::nobody, tcp_proxy::Weather};
use clerk_tower::{
    Clerk,
    fleet::{Broadcast, Fleet, FleetError, FleetErrorKind, Heard, InProcess, Redis, Store, Subscription},
};
use futures_util::future::join_all;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    runtime::Builder,
    time::{Instant, timeout},
};

use tracing::Level;

use crate::tls::Tls;

const MINUTE: Duration = Duration::from_secs(60);
/// Longer than the default timeout of a command, with time for a busy machine.
const AT_ONCE: Duration = Duration::from_secs(2);

macro_rules! server {
    ($($option:expr),*) => {
        match RedisServer::start(&[$($option),*]) {
            Some(server) => server,
            None => return,
        }
    };
}

fn fleet(url: &str) -> Fleet {
    Redis::connect(url).into()
}

fn store(url: &str) -> Arc<dyn Store> {
    fleet(url).store()
}

fn key(name: &str) -> String {
    format!("{{clerk:test}}:1:{name}")
}

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

async fn get(store: &dyn Store, name: &str) -> Option<Bytes> {
    store.get(&[key(name)]).await.unwrap().remove(0)
}

async fn set(store: &dyn Store, name: &str, value: &'static str) -> Result<(), FleetError> {
    store.set(&[(key(name), bytes(value))], MINUTE).await
}

/// Calls this until it succeeds, which it does within ten seconds.
async fn until<T, F>(mut call: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let attempts = async {
        loop {
            if let Some(value) = call().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), attempts).await.expect("it succeeds")
}

async fn recovers(store: &dyn Store) {
    until(|| async { set(store, "recovered", "yes").await.ok() }).await;
}

async fn heard(subscription: &mut dyn Subscription) -> Heard {
    timeout(Duration::from_secs(10), subscription.next()).await.expect("something is heard")
}

async fn linked(subscription: &mut dyn Subscription) {
    while !matches!(heard(subscription).await, Heard::Linked) {}
}

async fn lost(subscription: &mut dyn Subscription) -> FleetErrorKind {
    loop {
        if let Heard::Lost(error) = heard(subscription).await {
            return error.kind();
        }
    }
}

async fn message(subscription: &mut dyn Subscription) -> Bytes {
    match heard(subscription).await {
        Heard::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

/// What every engine does.
async fn conforms(store: &dyn Store, broadcast: &dyn Broadcast) {
    // Values.
    assert_eq!(store.get(&[]).await.unwrap(), Vec::<Option<Bytes>>::new());
    store.set(&[], MINUTE).await.unwrap();
    let binary = Bytes::from_static(b"\0\r\n$3\r\n\xff");
    store.set(&[(key("a"), bytes("1")), (key("b"), binary.clone())], MINUTE).await.unwrap();
    let values = store.get(&[key("b"), key("none"), key("a"), key("a")]).await.unwrap();
    assert_eq!(values, [Some(binary), None, Some(bytes("1")), Some(bytes("1"))]);
    set(store, "empty", "").await.unwrap();
    assert_eq!(get(store, "empty").await, Some(bytes("")));
    set(store, "a", "2").await.unwrap();
    assert_eq!(get(store, "a").await, Some(bytes("2")));

    // Only one of many gets a value that is not there.
    let claims = (0..20).map(|_| async { store.set_if_absent(&key("claim"), bytes("mine"), MINUTE).await });
    let won = join_all(claims).await.into_iter().filter(|won| *won.as_ref().unwrap()).count();
    assert_eq!(won, 1);
    assert!(!store.set_if_absent(&key("claim"), bytes("other"), MINUTE).await.unwrap());
    assert_eq!(get(store, "claim").await, Some(bytes("mine")));

    // A value is replaced and deleted by whoever knows it.
    let claim = key("claim");
    for (expected, is_set) in [("other", false), ("", false), ("mine", true), ("mine", false)] {
        let set = store.set_if_equal(&claim, expected.as_bytes(), bytes("new"), MINUTE).await.unwrap();
        assert_eq!(set, is_set, "{expected:?}");
    }
    assert!(!store.set_if_equal(&key("none"), b"", bytes("new"), MINUTE).await.unwrap());
    assert_eq!(get(store, "none").await, None);
    for (expected, is_deleted) in [("mine", false), ("new", true), ("new", false)] {
        let deleted = store.delete_if_equal(&claim, expected.as_bytes()).await.unwrap();
        assert_eq!(deleted, is_deleted, "{expected:?}");
    }
    assert_eq!(get(store, "claim").await, None);

    // Counters.
    let sums = join_all((0..20).map(|_| async { store.increment(&key("sum"), MINUTE).await.unwrap() })).await;
    let mut sorted = sums.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (1..=20).collect::<Vec<u64>>());
    assert_eq!(get(store, "sum").await, Some(bytes("20")));

    // What has ended is gone, and what is prolonged is not.
    let short = Duration::from_millis(1);
    store.set(&[(key("short"), bytes("1"))], short).await.unwrap();
    until(|| async { get(store, "short").await.is_none().then_some(()) }).await;
    assert!(store.set_if_absent(&key("short"), bytes("2"), short).await.unwrap());
    until(|| async { get(store, "short").await.is_none().then_some(()) }).await;
    assert_eq!(store.increment(&key("short"), MINUTE).await.unwrap(), 1);
    assert!(store.set_if_equal(&key("short"), b"1", bytes("1"), short).await.unwrap());
    until(|| async { get(store, "short").await.is_none().then_some(()) }).await;
    store.set(&[(key("long"), bytes("1"))], Duration::MAX).await.unwrap();
    assert_eq!(get(store, "long").await, Some(bytes("1")));
    assert_eq!(store.increment(&key("brief"), short).await.unwrap(), 1);
    until(|| async { get(store, "brief").await.is_none().then_some(()) }).await;

    // Turns come one after the other, whoever takes them, and however far away the next one is said to be.
    let interval = Duration::from_secs(10);
    let turns =
        join_all((0..5).map(|_| async { store.take_turn(&key("turn"), interval).await.unwrap() })).await;
    let mut sorted = turns.clone();
    sorted.sort_unstable();
    for (number, turn) in (0_u32..).zip(sorted) {
        let due = interval * number;
        assert!(turn <= due && due - turn < interval / 2, "{turns:?}");
    }

    // A mebibyte is read as it was written.
    let large = Bytes::from(vec![7; 1024 * 1024]);
    store.set(&[(key("large"), large.clone())], MINUTE).await.unwrap();
    assert!(get(store, "large").await == Some(large));

    // Messages reach every subscription of their channel, in their order.
    let channel = key("channel");
    let (mut one, mut other) = (broadcast.subscribe(&channel), broadcast.subscribe(&channel));
    let mut foreign = broadcast.subscribe(&key("foreign"));
    linked(&mut *one).await;
    linked(&mut *other).await;
    linked(&mut *foreign).await;
    let largest = Bytes::from(vec![b'x'; 64 * 1024]);
    for sent in [bytes("1"), Bytes::from_static(b"\0\xff\r\n"), largest.clone()] {
        broadcast.publish(&channel, sent.clone()).await.unwrap();
        assert!(message(&mut *one).await == sent && message(&mut *other).await == sent);
    }
    broadcast.publish(&channel, bytes("2")).await.unwrap();
    assert_eq!(message(&mut *one).await, "2");
    broadcast.publish(&key("foreign"), bytes("3")).await.unwrap();
    assert_eq!(message(&mut *foreign).await, "3");
    survives_impatience(broadcast).await;
}

/// Nothing is lost by those who ask again and again what is next, and wait for it never.
async fn survives_impatience(broadcast: &dyn Broadcast) {
    const MESSAGES: usize = 1_000;
    let channel = key("impatient");
    let mut subscription = broadcast.subscribe(&channel);
    let (mut sent, mut received, mut dropped, mut is_linked) = (0, 0, 0, false);
    let listening = async {
        while received < MESSAGES {
            match futures_util::FutureExt::now_or_never(subscription.next()) {
                Some(Heard::Linked) => is_linked = true,
                Some(Heard::Message(message)) => {
                    assert_eq!(message, received.to_string());
                    received += 1;
                }
                Some(other) => panic!("{other:?} after {received} messages"),
                None => {
                    dropped += 1;
                    tokio::task::yield_now().await;
                }
            }
            // Messages come in bursts.
            if is_linked && sent < MESSAGES && sent <= received {
                for _ in 0..10 {
                    broadcast.publish(&channel, sent.to_string().into()).await.unwrap();
                    sent += 1;
                }
            }
        }
    };
    timeout(MINUTE, listening).await.expect("no message is lost");
    assert!(dropped > 0, "it was never asked in vain");
}

async fn conforms_at(url: &str) {
    let fleet = fleet(url);
    conforms(&*fleet.store(), &*fleet.broadcast()).await;
}

#[tokio::test]
async fn the_engine_in_the_process_conforms() {
    let engine = InProcess::new();
    conforms(&engine, &engine).await;
}

#[tokio::test]
async fn redis_conforms() {
    let server = server!();
    conforms_at(&server.url()).await;
    assert!(server.run(&["INFO", "clients"]).contains("connected_clients:"));
}

#[tokio::test]
async fn a_server_without_the_newer_protocol_conforms() {
    let server = server!("--rename-command", "HELLO", "");
    conforms_at(&server.url()).await;
    let server = server!();
    conforms_at(&format!("{}?protocol=resp2", server.url())).await;
}

#[tokio::test]
async fn a_node_of_a_cluster_conforms() {
    let server = server!("--cluster-enabled", "yes");
    assert_eq!(server.run(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]), "OK");
    until(|| async { server.run(&["CLUSTER", "INFO"]).contains("cluster_state:ok").then_some(()) }).await;
    conforms_at(&server.url()).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_and_another_database_conform() {
    let server = server!("--unixsocket", "socket");
    let path = server.folder().join("socket");
    let path = path.display();
    conforms_at(&format!("redis+unix://{path}?db=3")).await;
    assert_eq!(server.run(&["EXISTS", &key("sum")]), "0");
}

/// The rights that the documentation of `Redis` lists.
fn documented_user() -> String {
    let source = include_str!("../../../clerk-tower/src/fleet/redis/mod.rs");
    let rule = source.split("ACL SETUSER ").nth(1).unwrap().split("```").next().unwrap();
    rule.replace("///", "").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_user_with_the_documented_rights_conforms() {
    let user = documented_user();
    let options: Vec<_> = ["--requirepass", "other", "--user"].into_iter().chain(user.split(' ')).collect();
    let Some(server) = RedisServer::start(&options) else { return };
    let port = server.port();
    conforms_at(&format!("redis://clerk:password@127.0.0.1:{port}")).await;
    let foreign = store(&format!("redis://clerk:password@127.0.0.1:{port}"));
    let error = foreign.set(&[("elsewhere".to_owned(), bytes("1"))], MINUTE).await.unwrap_err();
    assert_eq!(error.kind(), FleetErrorKind::Denied);
}

#[tokio::test]
async fn the_documented_rights_are_the_fewest() {
    let server = server!();
    let user = documented_user();
    let attempt = async |user: &str| {
        server.run(&["ACL", "DELUSER", "clerk"]);
        server.run(&["SCRIPT", "FLUSH"]);
        let set: Vec<_> = ["ACL", "SETUSER"].into_iter().chain(user.split(' ')).collect();
        assert_eq!(server.run(&set), "OK", "{user}");
        let engine = fleet(&format!("redis://clerk:password@127.0.0.1:{}", server.port()));
        let (store, name) = (engine.store(), key("right"));
        let mut subscription = engine.broadcast().subscribe(&key("channel"));
        let subscribed = match heard(&mut *subscription).await {
            Heard::Lost(error) => Err(error),
            _ => Ok(()),
        };
        let one = || bytes("1");
        let results = [
            subscribed,
            engine.broadcast().publish(&key("channel"), one()).await,
            store.get(std::slice::from_ref(&name)).await.map(drop),
            store.set(&[(name.clone(), one())], MINUTE).await,
            store.set_if_absent(&name, one(), MINUTE).await.map(drop),
            store.set_if_equal(&name, b"1", one(), MINUTE).await.map(drop),
            store.increment(&name, MINUTE).await.map(drop),
            store.delete_if_equal(&name, b"2").await.map(drop),
            store.take_turn(&key("turn"), Duration::from_millis(1)).await.map(drop),
        ];
        results.into_iter().filter_map(Result::err).map(|error| error.kind()).collect::<Vec<_>>()
    };
    assert_eq!(attempt(&user).await, []);
    // PING is sent by the heartbeat.
    let rights = user.split(' ').filter(|right| right.starts_with(['+', '~', '&']) && *right != "+ping");
    assert!(rights.clone().count() > 8);
    for right in rights {
        let failures = attempt(&user.replace(&format!(" {right}"), "")).await;
        assert!(!failures.is_empty(), "{right} is not needed");
        assert!(failures.iter().all(|kind| *kind == FleetErrorKind::Denied), "{right}: {failures:?}");
    }
}

#[tokio::test]
async fn whoever_is_denied_is_told_so_without_the_password() {
    let server = server!(
        "--requirepass",
        "right-secret",
        "--user",
        "mute",
        "on",
        ">mute-secret",
        "~*",
        "&*",
        "+@all",
        "-publish"
    );
    let port = server.port();
    let url = |user: &str| format!("redis://{user}127.0.0.1:{port}");
    let urls = ["", ":wrong-secret@", "nobody:wrong-secret@", "mute:wrong-secret@"];
    for url in urls.map(url).into_iter().chain(urls.map(|user| format!("{}?protocol=resp2", url(user)))) {
        let engine = fleet(&url);
        let error = engine.store().get(&[key("a")]).await.unwrap_err();
        assert_eq!(error.kind(), FleetErrorKind::Denied, "{url}");
        let mut subscription = engine.broadcast().subscribe(&key("channel"));
        assert_eq!(lost(&mut *subscription).await, FleetErrorKind::Denied, "{url}");
        assert!(!format!("{error:?} {error} {engine:?}").contains("secret"), "{error:?}");
    }
    let right = store(&url(":right-secret@"));
    set(&*right, "a", "1").await.unwrap();
    let mute = fleet(&url("mute:mute-secret@"));
    let error = mute.broadcast().publish(&key("channel"), bytes("1")).await.unwrap_err();
    assert_eq!(error.kind(), FleetErrorKind::Denied);
    // Others of its commands work.
    assert_eq!(get(&*mute.store(), "a").await, Some(bytes("1")));
}

#[tokio::test]
async fn a_full_server_refuses_values_and_still_returns_them() {
    let server = server!("--maxmemory-policy", "noeviction");
    let store = store(&server.url());
    set(&*store, "a", "1").await.unwrap();
    server.run(&["CONFIG", "SET", "maxmemory", "1"]);
    let errors = [
        set(&*store, "b", "1").await.unwrap_err(),
        store.set_if_absent(&key("c"), bytes("1"), MINUTE).await.unwrap_err(),
        store.set_if_equal(&key("a"), b"1", bytes("2"), MINUTE).await.unwrap_err(),
        store.increment(&key("d"), MINUTE).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), FleetErrorKind::Full, "{error:?}");
    }
    assert_eq!(get(&*store, "a").await, Some(bytes("1")));
    assert!(store.delete_if_equal(&key("a"), b"1").await.unwrap());
}

#[tokio::test]
async fn foreign_values_are_errors_or_absent_and_end_no_connection() {
    let server = server!();
    let proxy = TcpProxy::start(server.port()).await;
    let store = store(&format!("redis://{}", proxy.address()));
    server.run(&["LPUSH", &key("list"), "1"]);
    server.run(&["SET", &key("text"), "secret text"]);
    server.run(&["SET", &key("minus"), "-7"]);
    server.run(&["SET", &key("most"), "9223372036854775807"]);
    server.run(&["SETRANGE", &key("huge"), "9000000", "x"]);
    for name in ["list", "huge"] {
        assert_eq!(get(&*store, name).await, None, "{name}");
        assert_eq!(store.get(&[key(name), key("text")]).await.unwrap(), [None, Some(bytes("secret text"))]);
    }
    let errors = [
        store.set_if_equal(&key("list"), b"1", bytes("2"), MINUTE).await.map(|_| 0),
        store.delete_if_equal(&key("list"), b"1").await.map(|_| 0),
        store.increment(&key("list"), MINUTE).await,
        store.increment(&key("text"), MINUTE).await,
        store.increment(&key("minus"), MINUTE).await,
        store.increment(&key("most"), MINUTE).await,
    ];
    for (index, error) in errors.into_iter().enumerate() {
        let error = error.unwrap_err();
        assert!(
            matches!(error.kind(), FleetErrorKind::Unsupported | FleetErrorKind::Other),
            "{index} {error:?}"
        );
        let text = format!("{error:?} {error}");
        assert!(!["secret", "clerk:test", "-7"].iter().any(|part| text.contains(part)), "{text}");
    }
    assert!(!store.set_if_absent(&key("list"), bytes("1"), MINUTE).await.unwrap());
    for garbage in ["", "later", "-1", "1e300", "inf", "nan", "99999999999999999999999"] {
        set(&*store, "turn", garbage).await.unwrap();
        assert_eq!(store.take_turn(&key("turn"), MINUTE).await.unwrap(), Duration::ZERO, "{garbage}");
    }
    // Many large values do not make a response that is refused.
    for number in 0..20 {
        server.run(&["SETRANGE", &key(&number.to_string()), "1000000", "x"]);
    }
    let names: Vec<_> = (0..20).map(|number| key(&number.to_string())).collect();
    let values = store.get(&names).await.unwrap();
    assert_eq!(values.iter().filter(|value| value.is_some()).count(), 8);
    let large = Bytes::from(vec![0; 1024 * 1024 + 1]);
    assert!(store.set(&[(key("large"), large.clone())], MINUTE).await.is_err());
    assert!(store.set_if_absent(&key("large"), large, MINUTE).await.is_err());
    assert_eq!(get(&*store, "large").await, None);
    assert_eq!(proxy.accepted(), 1);
}

#[tokio::test]
async fn a_server_that_is_killed_and_comes_back_empty_is_found_again() {
    let mut server = server!();
    let engine = fleet(&server.url());
    let store = engine.store();
    let mut subscription = engine.broadcast().subscribe(&key("channel"));
    linked(&mut *subscription).await;
    set(&*store, "a", "1").await.unwrap();
    server.kill();
    assert_eq!(lost(&mut *subscription).await, FleetErrorKind::Unreachable);
    let start = Instant::now();
    for _ in 0..1000 {
        assert_eq!(set(&*store, "a", "2").await.unwrap_err().kind(), FleetErrorKind::Unreachable);
    }
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    server.restart();
    recovers(&*store).await;
    assert_eq!(get(&*store, "a").await, None);
    linked(&mut *subscription).await;
    engine.broadcast().publish(&key("channel"), bytes("again")).await.unwrap();
    assert_eq!(message(&mut *subscription).await, "again");
}

#[tokio::test]
async fn a_server_that_stands_still_costs_each_command_its_deadline_at_most() {
    let server = server!();
    let engine = fleet(&server.url());
    let store = engine.store();
    let mut subscription = engine.broadcast().subscribe(&key("channel"));
    linked(&mut *subscription).await;
    set(&*store, "a", "1").await.unwrap();
    server.stop();
    let start = Instant::now();
    let all = join_all((0..100).map(|_| set(&*store, "a", "2"))).await;
    assert!(
        all.iter().all(|result| result.as_ref().is_err_and(|error| error.kind() == FleetErrorKind::Timeout))
    );
    // Those that follow know, and do not wait: each of them would wait for a quarter of a second.
    for _ in 0..100 {
        assert_eq!(set(&*store, "a", "2").await.unwrap_err().kind(), FleetErrorKind::Timeout);
    }
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    // Its heartbeat finds out.
    assert_eq!(lost(&mut *subscription).await, FleetErrorKind::Timeout);
    server.go_on();
    linked(&mut *subscription).await;
    // The link shows that the server is back, so that the next command waits for its connection.
    set(&*store, "a", "3").await.unwrap();
}

#[tokio::test]
async fn connections_that_the_server_closes_cost_no_command() {
    let server = server!();
    let engine = fleet(&server.url());
    let store = engine.store();
    let mut subscription = engine.broadcast().subscribe(&key("channel"));
    linked(&mut *subscription).await;
    for _ in 0..5 {
        set(&*store, "a", "1").await.unwrap();
        server.run(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        // The connection's task hears of it once it runs.
        until(|| async { set(&*store, "b", "1").await.ok() }).await;
    }
    server.run(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    assert_eq!(lost(&mut *subscription).await, FleetErrorKind::Unreachable);
    linked(&mut *subscription).await;
}

#[tokio::test]
async fn a_network_that_fails_is_survived_whatever_way_it_fails() {
    let server = server!();
    let proxy = TcpProxy::start(server.port()).await;
    let engine = fleet(&format!("redis://{}", proxy.address()));
    let store = engine.store();
    let mut subscription = engine.broadcast().subscribe(&key("channel"));
    linked(&mut *subscription).await;
    recovers(&*store).await;

    proxy.set(Weather::Slow(Duration::from_millis(20)));
    set(&*store, "a", "slow").await.unwrap();

    // Connections stay open, and nothing arrives.
    proxy.set(Weather::Stalled);
    let error = set(&*store, "a", "stalled").await.unwrap_err();
    assert_eq!(error.kind(), FleetErrorKind::Timeout);
    assert_eq!(lost(&mut *subscription).await, FleetErrorKind::Timeout);
    proxy.set(Weather::Fair);
    recovers(&*store).await;
    linked(&mut *subscription).await;

    proxy.set(Weather::Refused);
    proxy.cut();
    assert_eq!(lost(&mut *subscription).await, FleetErrorKind::Unreachable);
    until(|| async { set(&*store, "a", "refused").await.err() }).await;
    // However many commands there are, connections are tried now and then.
    let before = proxy.accepted();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        assert!(set(&*store, "a", "refused").await.is_err());
        tokio::task::yield_now().await;
    }
    let tried = proxy.accepted() - before;
    assert!((1..60).contains(&tried), "{tried}");
    proxy.set(Weather::Fair);
    recovers(&*store).await;
    linked(&mut *subscription).await;
}

#[tokio::test]
async fn a_server_that_loads_or_became_a_replica_is_not_used() {
    let primary = server!();
    let server = server!();
    let store = store(&server.url());
    set(&*store, "a", "1").await.unwrap();
    server.run(&["REPLICAOF", "127.0.0.1", &primary.port().to_string()]);
    let error = until(|| async { set(&*store, "a", "2").await.err() }).await;
    assert_eq!(error.kind(), FleetErrorKind::Unreachable);
    server.run(&["REPLICAOF", "NO", "ONE"]);
    recovers(&*store).await;
}

#[tokio::test]
async fn a_server_that_takes_no_more_clients_is_found_again() {
    let server = server!();
    let mut held = ::redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    let mut limit = |clients: u32| {
        ::redis::cmd("CONFIG").arg("SET").arg("maxclients").arg(clients).query::<()>(&mut held).unwrap();
    };
    limit(1);
    let engine = fleet(&server.url());
    let mut subscription = engine.broadcast().subscribe(&key("channel"));
    assert_eq!(lost(&mut *subscription).await, FleetErrorKind::Unreachable);
    let error = set(&*engine.store(), "a", "1").await.unwrap_err();
    assert_eq!(error.kind(), FleetErrorKind::Unreachable);
    limit(100);
    linked(&mut *subscription).await;
    set(&*engine.store(), "a", "1").await.unwrap();
}

/// Answers everything with this. Returns the URL.
async fn peer(answer: Bytes) -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                while let Ok(1..) = stream.read(&mut [0; 1024]).await {
                    let _ = stream.write_all(&answer).await;
                }
            });
        }
    });
    format!("redis://user:hunter2@{address}")
}

#[tokio::test]
async fn a_peer_that_does_not_speak_the_protocol_is_an_error() {
    let nested = "*1\r\n".repeat(2_000);
    for answer in [
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "$999999999999999999\r\n",
        "$-2\r\n",
        "*99999999999\r\n:1\r\n",
        "*-5\r\n",
        "%9223372036854775807\r\n",
        "!999999999999\r\n",
        "=-1\r\n",
        ":99999999999999999999999\r\n",
        "(9\r\n",
        "-\r\n",
        "+\r\n",
        "\r\n",
        "_\r\n_\r\n_\r\n",
        ">2\r\n+message\r\n+x\r\n",
        "*3\r\n$7\r\nmessage\r\n:1\r\n:1\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{ff}",
        "-ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'user' 'hunter2'\r\n",
        "-ERR unknown command 'AUTH', with args beginning with: 'hunter2'\r\n",
        "-NOAUTH your password is hunter2\r\n",
        "-WRONGPASS hunter2\r\n",
        "-OOM hunter2\r\n",
        &nested,
    ] {
        let url = peer(Bytes::copy_from_slice(answer.as_bytes())).await;
        let engine = Fleet::from(Redis::connect(url).connect_timeout(Duration::from_millis(200)));
        // What it answers may happen to be an answer.
        let read = engine.store().get(&[key("a")]).await;
        assert!(!matches!(&read, Ok(values) if values != &[None]), "{answer:?}: {read:?}");
        let mut subscription = engine.broadcast().subscribe(&key("channel"));
        let heard = timeout(Duration::from_secs(3), subscription.next()).await;
        let shown = match &read {
            Err(error) => format!("{error} {:?}", std::error::Error::source(error).map(ToString::to_string)),
            Ok(_) => String::new(),
        };
        assert!(!format!("{shown} {read:?} {heard:?}").contains("hunter2"), "{answer:?}: {shown} {heard:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_a_free_place_loses_nothing() {
    let server = server!();
    let engine = Fleet::from(Redis::connect(server.url()).max_in_flight(64).timeout(AT_ONCE));
    let store = engine.store();
    recovers(&*store).await;
    // On a slow machine some are late. Those may have been counted, or not.
    let late = Arc::new(AtomicU64::new(0));
    let increments = (0..5_000).map(|_| {
        let (store, late) = (store.clone(), late.clone());
        tokio::spawn(async move {
            loop {
                match store.increment(&key("sum"), MINUTE).await.map_err(|error| error.kind()) {
                    Ok(sum) => return sum,
                    Err(FleetErrorKind::Busy) => {}
                    Err(FleetErrorKind::Timeout) => _ = late.fetch_add(1, Ordering::Relaxed),
                    Err(other) => panic!("{other:?}"),
                }
                tokio::task::yield_now().await;
            }
        })
    });
    let sums: HashSet<u64> = join_all(increments).await.into_iter().map(Result::unwrap).collect();
    let most = 5_000 + late.load(Ordering::Relaxed);
    assert!(sums.len() == 5_000 && sums.iter().all(|sum| (1..=most).contains(sum)), "{most}: {sums:?}");
}

#[tokio::test]
async fn no_more_commands_are_in_flight_than_may_be() {
    let server = server!();
    let store = store(&server.url());
    recovers(&*store).await;
    let results = join_all((0..10_000).map(|_| set(&*store, "a", "1"))).await;
    let busy = results
        .iter()
        .filter(|result| result.as_ref().is_err_and(|error| error.kind() == FleetErrorKind::Busy));
    // All of them start before the first response arrives.
    assert_eq!(busy.count(), 10_000 - 256);
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 256);
    set(&*store, "a", "2").await.unwrap();
}

#[test]
fn a_client_survives_the_end_of_the_runtime_that_it_connected_on() {
    let server = server!();
    let store = store(&server.url());
    let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
    for _ in 0..3 {
        runtime().block_on(set(&*store, "a", "1")).unwrap();
    }
    // One that is not driven any more keeps the connection's task.
    let idle = runtime();
    idle.block_on(set(&*store, "a", "2")).unwrap();
    runtime().block_on(async {
        recovers(&*store).await;
        set(&*store, "a", "3").await.unwrap();
    });
    drop(idle);
    // Without a runtime, and with one that lacks something, nothing panics.
    let error = futures_util::FutureExt::now_or_never(set(&*store, "a", "4")).unwrap().unwrap_err();
    assert_eq!(error.kind(), FleetErrorKind::Unreachable);
    for lacking in
        [Builder::new_current_thread().build(), Builder::new_current_thread().enable_time().build()]
    {
        // A store of its own: the other one has a connection, which is another runtime's.
        let new = self::store(&server.url());
        let error = lacking.unwrap().block_on(set(&*new, "a", "5")).unwrap_err();
        assert_eq!(error.kind(), FleetErrorKind::Unreachable, "{error:?}");
        runtime().block_on(recovers(&*new));
    }
}

#[tokio::test]
async fn a_message_that_is_too_large_is_reported_as_missed() {
    let server = server!();
    let engine = fleet(&server.url());
    let mut subscription = engine.broadcast().subscribe("channel");
    linked(&mut *subscription).await;
    // What came after it is dropped too, so that many of them do not fill the memory.
    for _ in 0..3 {
        server.run(&["PUBLISH", "channel", &"x".repeat(64 * 1024 + 1)]);
    }
    assert_eq!(lost(&mut *subscription).await, FleetErrorKind::Unsupported);
    linked(&mut *subscription).await;
    server.run(&["PUBLISH", "channel", "next"]);
    assert_eq!(message(&mut *subscription).await, "next");
    // One beyond all bounds.
    server.run(&["PUBLISH", "channel", &"x".repeat(2 * 1024 * 1024)]);
    lost(&mut *subscription).await;
    linked(&mut *subscription).await;
    server.run(&["PUBLISH", "channel", "after"]);
    assert_eq!(message(&mut *subscription).await, "after");
}

#[tokio::test]
async fn tls_is_checked_against_the_given_authority() {
    let tls = Tls::new();
    let folder = std::env::temp_dir().join(format!("clerk-redis-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, tls.certificate_pem()).unwrap();
    std::fs::write(&key, tls.key_pem()).unwrap();
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let _server = server!(
        "--tls-port",
        &port.to_string(),
        "--tls-cert-file",
        certificate,
        "--tls-key-file",
        key,
        "--tls-ca-cert-file",
        certificate,
        "--tls-auth-clients",
        "no"
    );
    let redis =
        |host: &str| Redis::connect(format!("rediss://{host}:{port}")).timeout(Duration::from_millis(900));
    let trusting = |redis: Redis| Fleet::from(redis.root_certificate(tls.certificate_pem()));
    let engine = trusting(redis("localhost"));
    conforms(&*engine.store(), &*engine.broadcast()).await;
    // Another authority, and another name.
    for engine in [Fleet::from(redis("localhost")), trusting(redis("127.0.0.1"))] {
        let error = engine.store().get(&["a".to_owned()]).await.unwrap_err();
        assert_eq!(error.kind(), FleetErrorKind::Unreachable, "{error:?}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_the_settings_is_an_error_that_shows_no_password() {
    let build = |redis: Redis| Clerk::builder().secret_key("sk_test_abc").fleet(redis).build();
    let urls = [
        "",
        "hunter2",
        "http://:hunter2@localhost",
        "redis://:hunter2@",
        "redis://:hunter2@localhost/many",
        "redis://:hunter2@localhost:99999",
        "redis://:hunter2@localhost?protocol=hunter2",
        "rediss://:hunter2@localhost#insecure",
        "redis://:hunter2@0.0.0.0",
    ];
    let pem = || Redis::connect("rediss://localhost").root_certificate("hunter2");
    let plain = || Redis::connect("redis://localhost").root_certificate("hunter2");
    for redis in urls.map(Redis::connect).into_iter().chain([pem(), plain()]) {
        let shown = format!("{redis:?}");
        let error = build(redis).unwrap_err();
        assert!(!format!("{shown} {error} {error:?}").contains("hunter2"), "{error:?}");
    }
    assert!(build(Redis::connect("redis://:hunter2@localhost:1/5")).is_ok());
    assert!(build(Redis::connect("valkeys://user:hunter2@[::1]:1/5")).is_ok());
}

#[tokio::test]
async fn a_required_server_is_checked_when_the_client_is_built() {
    let log = Log::default();
    let _listening = log.listen(Level::DEBUG);
    let build = |redis: Redis| Clerk::builder().secret_key("sk_test_abc").fleet(redis.required()).build();
    let nobody = nobody().await.replace("http://", "redis://");
    let error = build(Redis::connect(&nobody)).unwrap_err();
    assert!(error.to_string().contains("reached"), "{error}");
    let server = server!("--requirepass", "secret");
    let url = |password: &str| format!("redis://:{password}@127.0.0.1:{}", server.port());
    assert!(build(Redis::connect(url("wrong"))).is_err());
    assert!(build(Redis::connect(url("secret"))).is_ok());
    // Outside of a runtime as well.
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(build(Redis::connect(url("secret"))).is_ok()));
    });
    let start = Instant::now();
    server.stop();
    assert!(build(Redis::connect(url("secret")).connect_timeout(Duration::from_millis(100))).is_err());
    assert!(start.elapsed() < AT_ONCE);
    server.go_on();
    let lines = log.take();
    assert!(!lines.contains("secret"), "{lines}");
}
