//! Clients that are one fleet, on a real Redis or Valkey.

use std::time::Duration;

use clerk_core::api::{sessions, users};
use clerk_tests::{Instance, Log, RedisServer, eventually};
use clerk_tower::{
    Clerk,
    fleet::{Fleet, FleetState, Redis},
};
use futures_util::future::join_all;
use tracing::Level;

/// A redis whose commands have as much time as they can.
fn patient(url: impl AsRef<str>) -> Redis {
    Redis::connect(url).timeout(Duration::from_millis(900))
}

fn client(instance: &Instance, redis: Redis) -> Clerk {
    let builder = instance.builder().webhook_secret(instance.local.webhook_secret());
    builder.transport(instance.local.clone()).fleet(redis).build().unwrap()
}

async fn name(clerk: &Clerk) -> String {
    clerk.cached(users::get("user_ada")).await.unwrap().first_name.clone().unwrap()
}

async fn rename(clerk: &Clerk, name: &str) {
    clerk.send(users::update("user_ada").first_name(name)).await.unwrap();
}

/// What a request with this token gets.
async fn verdict(clerk: &Clerk, token: &str) -> String {
    let auth = clerk.authenticate_token(token).await;
    let reason = auth.outcome().reason().map(|reason| reason.code().to_owned());
    reason.unwrap_or_else(|| "signed-in".to_owned())
}

/// Waits until a client sees this name.
async fn sees(clerk: &Clerk, expected: &str) {
    let seeing = async {
        while name(clerk).await != expected {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), seeing).await.expect(expected);
}

async fn refuses(clerk: &Clerk, token: &str) {
    let refusing = async {
        while verdict(clerk, token).await != "session-revoked" {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), refusing).await.expect("the token is accepted");
}

async fn all_linked(clients: &[Clerk]) {
    let linking = join_all(clients.iter().map(|clerk| async { clerk.fleet().linked().await }));
    tokio::time::timeout(Duration::from_secs(60), linking).await.expect("not linked");
}

async fn all_told(clients: &[Clerk]) {
    eventually("all is told", || clients.iter().all(|clerk| clerk.fleet().untold() == 0)).await;
}

#[tokio::test]
async fn fifty_clients_hear_of_a_write_and_of_a_sign_out() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let instance = Instance::new();
    let clients: Vec<Clerk> = (0..50).map(|_| client(&instance, patient(server.url()))).collect();
    all_linked(&clients).await;
    let session = instance.local.sign_in("user_ada");
    let token = session.token();
    for clerk in &clients {
        assert_eq!(name(clerk).await, "Ada");
        assert_eq!(verdict(clerk, &token).await, "signed-in");
    }
    rename(&clients[0], "Augusta").await;
    clients[49].send(sessions::revoke(session.session_id())).await.unwrap();
    for clerk in &clients {
        sees(clerk, "Augusta").await;
        refuses(clerk, &token).await;
    }
    // One that starts later does not accept it, either, once it is linked.
    all_told(&clients).await;
    let later = client(&instance, patient(server.url()));
    all_linked(std::slice::from_ref(&later)).await;
    assert_eq!(verdict(&later, &token).await, "session-revoked");
    // Another instance on the same server hears nothing.
    let other = Fleet::from(patient(server.url())).instance("other");
    let builder = instance.builder().transport(instance.local.clone()).fleet(other);
    let other = builder.build().unwrap();
    all_linked(std::slice::from_ref(&other)).await;
    assert_eq!(verdict(&other, &token).await, "signed-in");
}

#[tokio::test]
async fn after_a_crash_of_the_server_everything_is_forgotten_and_works_on() {
    let Some(mut server) = RedisServer::start(&[]) else { return };
    let (instance, redis) = (Instance::new(), || Redis::connect(server.url()));
    let clients = [client(&instance, redis()), client(&instance, redis())];
    all_linked(&clients).await;
    let session = instance.local.sign_in("user_ada");
    let token = session.token();
    for round in 0..3 {
        for clerk in &clients {
            sees(clerk, &if round == 0 { "Ada".to_owned() } else { format!("after {}", round - 1) }).await;
        }
        server.kill();
        for clerk in &clients {
            eventually("lost", || matches!(clerk.fleet().state(), FleetState::Lost { .. })).await;
        }
        // By a process that is not of this fleet.
        rename(&instance.in_memory(), &format!("during {round}")).await;
        if round == 1 {
            clients[0].send(sessions::revoke(session.session_id())).await.unwrap();
            assert_eq!(verdict(&clients[0], &token).await, "session-revoked");
            assert!(clients[0].fleet().untold() > 0);
        }
        server.restart();
        all_linked(&clients).await;
        for clerk in &clients {
            sees(clerk, &format!("during {round}")).await;
        }
        rename(&clients[0], &format!("after {round}")).await;
        sees(&clients[1], &format!("after {round}")).await;
        if round > 0 {
            refuses(&clients[1], &token).await;
        }
    }
    // Emptied, but not gone: what was told is known to all, and the next change is told as well.
    server.run(&["FLUSHALL"]);
    rename(&clients[1], "flushed").await;
    sees(&clients[0], "flushed").await;
    assert_eq!(verdict(&clients[0], &token).await, "session-revoked");
    all_told(&clients).await;
}

#[tokio::test]
async fn no_request_waits_for_a_server_that_stands_still() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let instance = Instance::new();
    let linked = client(&instance, patient(server.url()));
    all_linked(std::slice::from_ref(&linked)).await;
    server.stop();
    let started_now = client(&instance, patient(server.url()));
    for clerk in [&linked, &started_now] {
        let requests = async {
            for round in 0..100 {
                let session = instance.local.sign_in("user_ada");
                assert_eq!(verdict(clerk, &session.token()).await, "signed-in");
                rename(clerk, &round.to_string()).await;
                assert_eq!(name(clerk).await, round.to_string());
                assert_eq!(name(clerk).await, round.to_string());
                clerk.send(sessions::revoke(session.session_id())).await.unwrap();
                assert_eq!(verdict(clerk, &session.token()).await, "session-revoked");
            }
        };
        // Whoever waited each time would wait for 90 seconds at least.
        tokio::time::timeout(Duration::from_secs(45), requests).await.expect("a request waits");
    }
    server.go_on();
    all_told(&[linked, started_now]).await;
}

/// Values that nobody of the fleet writes.
fn hostile() -> Vec<Vec<u8>> {
    let mut values: Vec<Vec<u8>> = [
        "",
        "x",
        "0",
        "-1",
        "9223372036854775807",
        "18446744073709551615",
        "nan",
        "null",
        "[]",
        "{}",
        "[[]]",
        "[1,2]",
        r#"["x"]"#,
        r#"["user user_ada"]"#,
        r#"{"v":1,"from":"x","notices":[["revoked","x"],["changed",""],["paused","x"]]}"#,
        r#"{"v":2}"#,
        r#"{"v":1,"from":"x","notices":[["revoked",{}]]}"#,
        "\u{0}\u{1b}[31m\n\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    values.push(vec![0xff; 100]);
    values.push("[".repeat(100_000).into_bytes());
    values.push(format!("[{}\"x\"]", "\"x\",".repeat(200_000)).into_bytes());
    values.push(vec![b'9'; 2 * 1024 * 1024]);
    values
}

#[tokio::test]
async fn hostile_values_let_nobody_in_and_stop_nothing() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let instance = Instance::new();
    let log = Log::default();
    let _listening = log.listen(Level::WARN);
    let mut redis = ::redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    let clients = [client(&instance, patient(server.url())), client(&instance, patient(server.url()))];
    all_linked(&clients).await;
    let ended = instance.local.sign_in("user_ada");
    let token = ended.token();
    clients[0].send(sessions::revoke(ended.session_id())).await.unwrap();
    refuses(&clients[1], &token).await;
    let forged = format!("{}x", instance.ada());
    let expected = verdict(&instance.in_memory(), &forged).await;

    let mut fillings: Vec<(&str, Vec<u8>)> = hostile().into_iter().map(|value| ("SET", value)).collect();
    fillings.extend([("RPUSH", b"x".to_vec()), ("SADD", b"x".to_vec())]);
    for (number, (command, value)) in fillings.into_iter().enumerate() {
        rename(&clients[0], &format!("before {number}")).await;
        sees(&clients[1], &format!("before {number}")).await;
        all_told(&clients).await;
        let keys: Vec<String> = ::redis::cmd("KEYS").arg("*").query(&mut redis).unwrap();
        assert!(!keys.is_empty() && keys.iter().all(|key| key.starts_with("{clerk:")), "{keys:?}");
        for key in &keys {
            ::redis::cmd("DEL").arg(key).query::<()>(&mut redis).unwrap();
            ::redis::cmd(command).arg(key).arg(&value).query::<()>(&mut redis).unwrap();
        }
        let tag = keys[0].split_inclusive('}').next().unwrap();
        let channels: Vec<String> = ::redis::cmd("PUBSUB").arg("CHANNELS").query(&mut redis).unwrap();
        assert_eq!(channels, [format!("{tag}:notices")]);
        let heard: u32 = ::redis::cmd("PUBLISH").arg(&channels[0]).arg(&value).query(&mut redis).unwrap();
        assert_eq!(heard, 2);

        // Those that run go on, and one that starts finds its way.
        let new = client(&instance, patient(server.url()));
        all_linked(std::slice::from_ref(&new)).await;
        rename(&new, &format!("after {number}")).await;
        let session = instance.local.sign_in("user_ada");
        new.send(sessions::revoke(session.session_id())).await.unwrap();
        for clerk in &clients {
            sees(clerk, &format!("after {number}")).await;
            refuses(clerk, &session.token()).await;
            assert_eq!(verdict(clerk, &token).await, "session-revoked");
            assert_eq!(verdict(clerk, &forged).await, expected);
        }
        all_told(&[new]).await;
    }
    // A value that cannot be read is one line a minute, and each kind of failure is another.
    let lines = log.warnings();
    for text in ["cannot be read", "engine fails"] {
        let mut kinds: Vec<&str> =
            lines.iter().filter(|line| line.contains(text)).map(|line| kind(line)).collect();
        let number = kinds.len();
        kinds.sort_unstable();
        kinds.dedup();
        assert!(number <= 2 * kinds.len(), "{lines:#?}");
    }
    assert!(lines.iter().all(|line| line.len() < 1_000), "{lines:#?}");
}

fn kind(line: &str) -> &str {
    line.split("kind=").nth(1).unwrap_or_default().split(' ').next().unwrap_or_default()
}
