//! Requests per second of an axum server that says hello, with one layer in front of it and without.
//!
//! One thread serves and another one sends requests, over loopback with keep-alive connections. A layer and the bare
//! server get the same bytes, in turns, and all layers have their turn in every round. The handler does nothing, so a
//! layer's share is as large as it gets. On an idle machine with two cores, client and server have one core each. Under
//! other load, the last column, the CPU time of the server's thread that the layer adds, is more reliable than requests
//! per second.
//!
//! ```text
//! cargo bench --manifest-path tests/peers/Cargo.toml --bench load
//! ```

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a benchmark stops at the first error")]

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use axum::{Router, routing::get, serve::ListenerExt as _};
use clerk_axum::{ClerkLayer, Session};
use clerk_peers::{Key, OTHER_HEADERS, bearer, cookie, one_key::OneKey, rounds::median};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    task::JoinSet,
};
use tower_http::{cors::CorsLayer, trace::TraceLayer};

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 15;
const SLICE: Duration = Duration::from_millis(400);

/// A layer's server, and what it gets.
struct Contender {
    name: &'static str,
    app: Router,
    request: Vec<u8>,
    /// What `/user` responds to the same headers, which shows that the layer does its work.
    user: &'static str,
}

fn contenders(key: &Key) -> Vec<Contender> {
    let app = Router::new().route("/", get(async || "hello"));
    let none = app.clone().route("/user", get(async || "anybody"));
    let user = async |session: Option<Session>| if session.is_some() { "somebody" } else { "nobody" };
    let clerk = app.route("/user", get(user)).layer(ClerkLayer::new(key.clerk(1 << 24)));
    let token = key.token(0);
    let of = |name, app, carry, user| Contender { name, app, request: request("/", carry), user };
    let clerk_rs = clerk_rs::validators::axum::ClerkLayer::new(OneKey::new(key), None, true);
    vec![
        of("bare, against itself", none.clone(), None, "anybody"),
        of(
            "tower-http TraceLayer, nobody listening",
            none.clone().layer(TraceLayer::new_for_http()),
            None,
            "anybody",
        ),
        of("tower-http CorsLayer::permissive", none.clone().layer(CorsLayer::permissive()), None, "anybody"),
        of("ClerkLayer, known token in the header", clerk.clone(), Some(bearer(&token)), "somebody"),
        of("ClerkLayer, no token", clerk.clone(), None, "nobody"),
        of("ClerkLayer, known token in a cookie", clerk, Some(cookie(&token)), "somebody"),
        of("clerk-rs 0.5, token in the header", none.layer(clerk_rs), Some(bearer(&token)), "anybody"),
    ]
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Starts all servers on a thread of their own. Returns their addresses and the thread's `schedstat` file.
fn start(apps: Vec<Router>) -> (Vec<SocketAddr>, PathBuf) {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        runtime().block_on(async move {
            let (mut addresses, mut servers) = (Vec::new(), JoinSet::new());
            for app in apps {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
                addresses.push(listener.local_addr().unwrap());
                let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
                servers.spawn(async { axum::serve(listener, app).await });
            }
            let thread = fs::read_link("/proc/thread-self").unwrap_or_default();
            sender.send((addresses, PathBuf::from("/proc").join(thread).join("schedstat"))).unwrap();
            servers.join_all().await;
        });
    });
    receiver.recv().unwrap()
}

/// Returns the thread's CPU time in nanoseconds; NaN if the system does not report it.
fn cpu_time(schedstat: &PathBuf) -> f64 {
    let text = fs::read_to_string(schedstat).unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(f64::NAN)
}

/// Repeats a request over one connection, and returns how often it was sent.
async fn repeat(address: SocketAddr, request: Vec<u8>, response: &'static [u8], until: Instant) -> u32 {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut buffer, mut count) = ([0; 1024], 0);
    while Instant::now() < until {
        stream.write_all(&request).await.unwrap();
        let mut read = 0;
        while !buffer[..read].ends_with(response) {
            let more = stream.read(&mut buffer[read..]).await.unwrap();
            assert!(more > 0, "unexpected response: {}", String::from_utf8_lossy(&buffer[..read]));
            read += more;
        }
        count += 1;
    }
    count
}

/// Returns the requests per second, and the server's CPU time per request in microseconds.
fn slice(
    client: &Runtime,
    address: SocketAddr,
    schedstat: &PathBuf,
    request: &[u8],
    response: &'static [u8],
) -> [f64; 2] {
    let (start, before) = (Instant::now(), cpu_time(schedstat));
    let count: u32 = client.block_on(async {
        let mut connections = JoinSet::new();
        for _ in 0..CONNECTIONS {
            connections.spawn(repeat(address, request.to_vec(), response, start + SLICE));
        }
        connections.join_all().await.into_iter().sum()
    });
    let count = f64::from(count);
    [count / start.elapsed().as_secs_f64(), (cpu_time(schedstat) - before) / 1e3 / count]
}

fn request(path: &str, carry: Option<(&str, String)>) -> Vec<u8> {
    let mut text = format!("GET {path} HTTP/1.1\r\n");
    let others = OTHER_HEADERS.map(|(name, value)| (name, value.to_owned()));
    for (name, value) in others.into_iter().chain(carry) {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

fn main() {
    let key = Key::new();
    let contenders = contenders(&key);
    let bare = Router::new().route("/", get(async || "hello"));
    let apps = contenders.iter().map(|contender| contender.app.clone()).chain([bare]).collect();
    let (mut servers, schedstat) = start(apps);
    let bare = servers.pop().unwrap();
    let client = runtime();
    for (Contender { request, user, .. }, server) in contenders.iter().zip(&servers) {
        let request = String::from_utf8(request.clone()).unwrap().replacen("GET / ", "GET /user ", 1);
        client.block_on(repeat(
            *server,
            request.into_bytes(),
            user.as_bytes(),
            Instant::now() + Duration::from_millis(1),
        ));
    }
    let mut times: Vec<_> = contenders.iter().map(|_| Vec::new()).collect();
    for round in 0..=ROUNDS {
        for ((contender, server), times) in contenders.iter().zip(&servers).zip(&mut times) {
            let without = slice(&client, bare, &schedstat, &contender.request, b"hello");
            let with = slice(&client, *server, &schedstat, &contender.request, b"hello");
            // The first round is a warm-up.
            if round > 0 {
                times.push((without, with));
            }
        }
    }
    println!("{CONNECTIONS} connections, {ROUNDS} rounds of {SLICE:?}; medians");
    println!("{:<42} {:>10} {:>10} {:>7}   {:>24}", "", "bare/s", "layer/s", "ratio", "server's us/request");
    for (Contender { name, .. }, times) in contenders.iter().zip(&times) {
        let of = |pick: fn(&([f64; 2], [f64; 2])) -> f64| median(times.iter().map(pick).collect());
        println!(
            "{name:<42} {:>10.0} {:>10.0} {:>7.3}   {:>7.2} {:>7.2} {:>+8.2}",
            of(|([bare, _], _)| *bare),
            of(|(_, [layer, _])| *layer),
            of(|([bare, _], [layer, _])| layer / bare),
            of(|([_, bare], _)| *bare),
            of(|(_, [_, layer])| *layer),
            of(|([_, bare], [_, layer])| layer - bare),
        );
    }
}
