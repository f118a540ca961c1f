//! Requests per second of a bare hyper server, with the layer and without.
//!
//! One thread serves and another one sends requests, over loopback with keep-alive connections. Both servers get the same
//! bytes, in turns. The response body has two bytes and the handler does nothing, so the layer's share is as large as it
//! gets. On an idle machine with two cores, client and server have one core each. Under other load, the last column, the
//! CPU time of the server's thread, is more reliable than requests per second. The goal is 95 % of the bare server's
//! throughput.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a benchmark stops at the first error")]

use std::{
    convert::Infallible,
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use clerk_peers::{Key, OTHER_HEADERS, bearer, cookie, rounds::median};
use clerk_tower::server::authenticate::{Auth, AuthenticateLayer};
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    task::JoinSet,
};
use tower::{Layer as _, Service, service_fn};

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 15;
const SLICE: Duration = Duration::from_millis(400);

async fn plain(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from("ok")))
}

async fn guarded(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let auth = Auth::from_extensions(request.extensions());
    let is_signed_in = auth.is_some_and(|auth| auth.session().is_some());
    Ok(Response::new(Full::from(if is_signed_in { "ok" } else { "no" })))
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

async fn serve<S, B>(listener: TcpListener, service: S)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + 'static,
    B: hyper::body::Body<Data = Bytes, Error: Into<tower::BoxError>> + 'static,
{
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let service = TowerToHyperService::new(service.clone());
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::task::spawn_local(connection);
    }
}

/// Starts both servers on a thread of their own. Returns their addresses and the thread's `schedstat` file.
fn start(key: &Key) -> ([SocketAddr; 2], PathBuf) {
    let clerk = key.clerk(1 << 24);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime(), async move {
            let bare = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let layered = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let addresses = [bare.local_addr().unwrap(), layered.local_addr().unwrap()];
            let thread = fs::read_link("/proc/thread-self").unwrap_or_default();
            sender.send((addresses, PathBuf::from("/proc").join(thread).join("schedstat"))).unwrap();
            let service = AuthenticateLayer::new(&clerk).layer(service_fn(guarded));
            tokio::join!(serve(bare, service_fn(plain)), serve(layered, service));
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

fn request(carry: Option<(&str, String)>) -> Vec<u8> {
    let mut text = "GET /dashboard?page=2 HTTP/1.1\r\n".to_owned();
    let others = OTHER_HEADERS.map(|(name, value)| (name, value.to_owned()));
    for (name, value) in others.into_iter().chain(carry) {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

fn main() {
    let key = Key::new();
    let token = key.token(0);
    let kinds = [
        ("no token", request(None), b"\r\n\r\nno"),
        ("token in a header", request(Some(bearer(&token))), b"\r\n\r\nok"),
        ("token in a cookie", request(Some(cookie(&token))), b"\r\n\r\nok"),
    ];
    let ([bare, layered], schedstat) = start(&key);
    let client = runtime();
    let mut times = [const { Vec::new() }; 3];
    for round in 0..=ROUNDS {
        for ((_, request, response), times) in kinds.iter().zip(&mut times) {
            let without = slice(&client, bare, &schedstat, request, b"\r\n\r\nok");
            let with = slice(&client, layered, &schedstat, request, *response);
            // The first round is a warm-up.
            if round > 0 {
                times.push((without, with));
            }
        }
    }
    println!("{CONNECTIONS} connections, {ROUNDS} rounds of {SLICE:?}; medians");
    println!("{:<20} {:>12} {:>12} {:>7}   {:>22}", "", "bare/s", "layer/s", "ratio", "server's µs/request");
    for ((name, ..), times) in kinds.iter().zip(&times) {
        let of = |pick: fn(&([f64; 2], [f64; 2])) -> f64| median(times.iter().map(pick).collect());
        println!(
            "{name:<20} {:>12.0} {:>12.0} {:>7.3}   {:>6.2} {:>6.2} ({:>5.3})",
            of(|([bare, _], _)| *bare),
            of(|(_, [layer, _])| *layer),
            of(|([bare, _], [layer, _])| layer / bare),
            of(|([_, bare], _)| *bare),
            of(|(_, [_, layer])| *layer),
            of(|([_, bare], [_, layer])| bare / layer),
        );
    }
}
