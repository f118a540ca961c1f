//! Requests per second of a bare hyper server, with the layer and without.
//!
//! One thread serves and another one asks, over loopback with keep-alive connections; both servers get the same
//! bytes, in turns. The answer is two bytes and the handler does nothing, so this is the layer at its most
//! expensive. On a machine with two cores, client and server have one each, if nobody else wants them: the last
//! column, the time that the server's thread spent on a processor, says more than requests per second when
//! somebody does. The aim is 95 % of the bare server's throughput.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark stops at the first thing that is wrong"
)]

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
    let is_in = Auth::from_extensions(request.extensions()).is_some_and(|auth| auth.session().is_some());
    Ok(Response::new(Full::from(if is_in { "ok" } else { "no" })))
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

/// The two servers on a thread of their own: their addresses, and where the kernel accounts for the thread.
fn start(key: &Key) -> ([SocketAddr; 2], PathBuf) {
    let clerk = key.clerk(1 << 24);
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime(), async move {
            let bare = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let layered = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let addresses = [bare.local_addr().unwrap(), layered.local_addr().unwrap()];
            let thread = fs::read_link("/proc/thread-self").unwrap_or_default();
            tell.send((addresses, PathBuf::from("/proc").join(thread).join("schedstat"))).unwrap();
            let service = AuthenticateLayer::new(&clerk).layer(service_fn(guarded));
            tokio::join!(serve(bare, service_fn(plain)), serve(layered, service));
        });
    });
    told.recv().unwrap()
}

/// How long the thread has run, in nanoseconds; nothing where the kernel does not say.
fn on_processor(account: &PathBuf) -> f64 {
    let text = fs::read_to_string(account).unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(f64::NAN)
}

/// Asks the same thing again and again over one connection.
async fn ask(address: SocketAddr, request: Vec<u8>, answer: &'static [u8], until: Instant) -> u32 {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut buffer, mut count) = ([0; 1024], 0);
    while Instant::now() < until {
        stream.write_all(&request).await.unwrap();
        let mut read = 0;
        while !buffer[..read].ends_with(answer) {
            let more = stream.read(&mut buffer[read..]).await.unwrap();
            assert!(more > 0, "another answer: {}", String::from_utf8_lossy(&buffer[..read]));
            read += more;
        }
        count += 1;
    }
    count
}

/// Requests per second, and microseconds of the server's thread for each.
fn slice(
    client: &Runtime,
    address: SocketAddr,
    account: &PathBuf,
    request: &[u8],
    answer: &'static [u8],
) -> [f64; 2] {
    let (start, before) = (Instant::now(), on_processor(account));
    let count: u32 = client.block_on(async {
        let mut asking = JoinSet::new();
        for _ in 0..CONNECTIONS {
            asking.spawn(ask(address, request.to_vec(), answer, start + SLICE));
        }
        asking.join_all().await.into_iter().sum()
    });
    let count = f64::from(count);
    [count / start.elapsed().as_secs_f64(), (on_processor(account) - before) / 1e3 / count]
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
    let ([bare, layered], account) = start(&key);
    let client = runtime();
    let mut times = [const { Vec::new() }; 3];
    for round in 0..=ROUNDS {
        for ((_, request, answer), times) in kinds.iter().zip(&mut times) {
            let without = slice(&client, bare, &account, request, b"\r\n\r\nok");
            let with = slice(&client, layered, &account, request, *answer);
            // The first is for warming up.
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
