//! Tests that deadlines hold, whatever the other side sends.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::Arc,
    thread,
    time::Duration,
};

use clerk_core::api::users;
use clerk_tower::{Clerk, ClerkBuilder, ErrorKind, client::transport::HyperTransport};
use futures_util::future::join_all;
use tokio::time::Instant;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::tls::Tls;

/// What a server sends, again and again, after a beginning.
#[derive(Clone, Copy, Debug)]
struct Endless {
    first: &'static str,
    then: &'static str,
    /// How many times `then` is sent at once.
    at_once: usize,
}

/// Serves every connection on a thread of its own, so that the client's runtime has nothing else to do. Returns the URL.
fn start(endless: Endless, tls: Option<Arc<ServerConfig>>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let scheme = if tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://localhost:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, tls) = (stream.unwrap(), tls.clone());
            thread::spawn(move || match tls {
                Some(tls) => endless.serve(StreamOwned::new(ServerConnection::new(tls).unwrap(), stream)),
                None => endless.serve(stream),
            });
        }
    });
    url
}

impl Endless {
    fn serve(self, mut stream: impl Read + Write) {
        let _ = stream.read(&mut [0; 4096]);
        let then = self.then.repeat(self.at_once);
        let mut is_open = stream.write_all(self.first.as_bytes()).is_ok();
        while is_open {
            is_open = stream.write_all(then.as_bytes()).is_ok();
            if self.at_once == 1 {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// The cases: what is sent first, and what again and again.
const CASES: [(&str, &str, &str); 10] = [
    ("interim responses", "", "HTTP/1.1 103 Early Hints\r\n\r\n"),
    ("interim responses with headers", "", "HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n"),
    ("a status line", "HTTP/1.1 200 ", "O"),
    ("headers", "HTTP/1.1 200 OK\r\n", "a: b\r\n"),
    ("a header", "HTTP/1.1 200 OK\r\na: ", "b"),
    ("a body", "HTTP/1.1 200 OK\r\n\r\n", "b"),
    ("chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\nb\r\n"),
    ("an extension of a chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;", "b"),
    ("trailers", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", "a: b\r\n"),
    ("a trailer", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\na: ", "b"),
];

/// Sends a call to a server of each case, slow and fast. None takes much longer than its deadline of a second.
async fn check(tls: Option<&Tls>, client: impl Fn() -> ClerkBuilder) {
    for at_once in [1, 10_000] {
        let calls = CASES.map(async |(case, first, then)| {
            let url = start(Endless { first, then, at_once }, tls.map(|tls| tls.server("http/1.1")));
            let builder = client().secret_key("sk_test_abc").api_url(url).max_response_bytes(100_000);
            let clerk = builder.timeout(Duration::from_secs(1)).max_attempts(1).build().unwrap();
            let start = Instant::now();
            let error = clerk.send(users::count()).await.unwrap_err();
            // The others share the thread, so a call that held it would delay all of them.
            assert!(start.elapsed() < Duration::from_secs(4), "{case} {at_once}: {:?}", start.elapsed());
            let is_expected = matches!(error.kind(), ErrorKind::Timeout(_) | ErrorKind::Transfer(_));
            assert!(is_expected, "{case}: {error:?}");
        });
        join_all(calls).await;
    }
}

#[tokio::test]
async fn a_call_over_hyper_ends_at_its_deadline() {
    check(None, || Clerk::builder().transport(HyperTransport::new().unwrap())).await;
    let tls = Tls::new();
    check(Some(&tls), || Clerk::builder().transport(tls.hyper())).await;
}

/// Over TLS, because reqwest has no setting for how much of a plain connection is parsed at once. Without TLS it only
/// talks to the loopback interface.
#[tokio::test]
async fn a_call_over_reqwest_ends_at_its_deadline() {
    let tls = Tls::new();
    check(Some(&tls), || Clerk::builder().transport(tls.reqwest())).await;
}
