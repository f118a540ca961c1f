//! A WebSocket and an event stream with the token in the sub-protocol and in the query.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::http::{HeaderValue, header};
use clerk_axum::{Timestamp, local::LocalClerk, tower::clock::ManualClock};
use clerk_recipes::streams::app;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Error, Message, client::IntoClientRequest as _, handshake::client::Response, protocol::CloseFrame,
    },
};
use tracing_subscriber::fmt::MakeWriter;

use crate::{read, serve};

const PAGE: &str = "https://app.example.com";

/// A server whose clients accept only tokens of the page, and a token.
async fn start() -> (ManualClock, LocalClerk, String, String) {
    let clock = ManualClock::at(Timestamp::from_secs(1_700_000_000));
    let local = LocalClerk::builder().clock(clock.clone()).seeded().build().unwrap();
    let clerk = local.client_builder().authorized_parties([PAGE]).build().unwrap();
    let address = serve(app(clerk, HeaderValue::from_static(PAGE))).await;
    let token = local.sign_in("user_ada").authorized_party(PAGE).token();
    (clock, local, address, token)
}

async fn connect(
    address: &str,
    protocols: &str,
) -> Result<(WebSocketStream<MaybeTlsStream<TcpStream>>, Response), Error> {
    let mut request = format!("{address}/socket").replace("http:", "ws:").into_client_request()?;
    request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocols.parse().unwrap());
    connect_async(request).await
}

#[tokio::test]
async fn an_event_stream_takes_the_token_of_the_query_and_ends_when_it_expires() {
    let (clock, local, address, token) = start().await;
    let open = async |token: &str| {
        let url = format!("{address}/events?token={token}");
        reqwest::Client::new().get(url).header("origin", PAGE).send().await.unwrap()
    };
    let response = open(&token).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["access-control-allow-origin"], PAGE);
    assert_eq!(response.headers()["cache-control"], "no-store");
    let first = response.bytes_stream().next().await.unwrap().unwrap();
    assert_eq!(&first[..], b"data: hello user_ada\n\n");

    // A tenth of a second before the token expires.
    clock.advance(Duration::from_millis(59_900));
    // Without an end, the test would wait forever.
    let all = open(&token).await.text();
    let all = timeout(Duration::from_secs(60), all).await.expect("the stream does not end").unwrap();
    assert!(all.ends_with("event: renew\ndata: now\n\n"), "{all}");

    clock.advance(Duration::from_secs(10));
    assert_eq!(read(open(&token).await).await.0, 401);
    let of_another_site = local.sign_in("user_ada").authorized_party("https://evil.example").token();
    for token in ["", "nonsense", &*of_another_site] {
        assert_eq!(read(open(token).await).await.0, 401, "{token}");
    }
    let without = reqwest::get(format!("{address}/events")).await.unwrap();
    assert_eq!(without.status(), 400);
}

#[tokio::test]
async fn a_socket_takes_the_token_of_the_sub_protocol_and_does_not_repeat_it() {
    let (clock, _, address, token) = start().await;
    let (mut socket, response) = connect(&address, &format!("clerk, {token}")).await.unwrap();
    assert_eq!(response.headers()[header::SEC_WEBSOCKET_PROTOCOL], "clerk");
    socket.send(Message::text("hello")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("hello"));

    for protocols in
        ["clerk", "clerk, nonsense", "other, clerk", &format!("other, {token}"), &format!("{token}, clerk")]
    {
        let Err(Error::Http(response)) = connect(&address, protocols).await else { panic!("{protocols}") };
        assert_eq!(response.status(), 401, "{protocols}");
    }

    clock.advance(Duration::from_millis(59_900));
    let (mut socket, _) = connect(&address, &format!("clerk, {token}")).await.unwrap();
    let closed = timeout(Duration::from_secs(60), socket.next()).await.expect("the socket stays open");
    let closed = closed.unwrap().unwrap();
    let Message::Close(Some(CloseFrame { code, .. })) = closed else { panic!("{closed:?}") };
    assert_eq!(u16::from(code), 1008);
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_log_contains_the_token() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone());
    // For the whole process: the lines of other tests have other tokens.
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    let (_, _, address, token) = start().await;
    let response =
        reqwest::Client::new().get(format!("{address}/events?token={token}")).send().await.unwrap();
    drop(response);
    drop(connect(&address, &format!("clerk, {token}")).await.unwrap());
    let forged = format!("{}x", &token[..token.len() - 1]);
    assert_eq!(reqwest::get(format!("{address}/events?token={forged}")).await.unwrap().status(), 401);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let server: Vec<&str> = log.lines().filter(|line| line.contains("request{")).collect();
    assert!(server.iter().any(|line| line.contains("/events?token=[redacted]")), "{log}");
    let payload = token.split('.').nth(1).unwrap();
    for line in server {
        assert!(!line.contains(payload), "{line}");
    }
}

#[tokio::test]
async fn a_socket_ends_with_its_token_whatever_the_client_sends_and_without_being_read() {
    for message in [Message::text("x".repeat(1000)), Message::binary(vec![0])] {
        let (clock, _local, address, token) = start().await;
        clock.advance(Duration::from_millis(59_900));
        let (mut socket, _) = connect(&address, &format!("clerk, {token}")).await.unwrap();
        let flood = async { while socket.send(message.clone()).await.is_ok() {} };
        timeout(Duration::from_secs(60), flood).await.expect("the socket stays open");
    }
}
