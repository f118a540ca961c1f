//! A small HTTP client: one connection for one request, and nothing added to it but `Host`.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header::HOST};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: String,
}

impl Answer {
    /// The code in the body of a rejection; empty for every other body.
    #[must_use]
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["errors"][0]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// A header that comes once, or empty. Fails when it comes several times.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map_or("", |value| value.to_str().unwrap());
        assert!(values.next().is_none(), "{name} comes several times");
        value
    }

    /// Status and code, or status and body of what is no rejection.
    #[must_use]
    pub fn summary(&self) -> (u16, String) {
        let code = self.code();
        (self.status.as_u16(), if code.is_empty() { self.body.clone() } else { code })
    }
}

/// Sends a request over a connection of its own.
pub async fn send(address: SocketAddr, mut request: Request<Full<Bytes>>) -> Answer {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    request.headers_mut().insert(HOST, address.to_string().parse().unwrap());
    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: head.status, headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

/// Sends a GET request, with a bearer token unless that is empty.
pub async fn get(address: SocketAddr, path: &str, token: &str) -> Answer {
    let mut request = Request::get(path);
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    send(address, request.body(Full::default()).unwrap()).await
}
