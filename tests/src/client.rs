//! A small HTTP client that opens a connection for each request, and adds no header except `Host`.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header::HOST};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A response with its whole body.
#[derive(Debug)]
pub struct TextResponse {
    /// The status.
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: String,
}

impl TextResponse {
    /// Returns the code in the body of a rejection; empty for any other body.
    #[must_use]
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["errors"][0]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Returns a header, or an empty string if it is missing. Panics if it occurs several times.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map_or("", |value| value.to_str().unwrap());
        assert!(values.next().is_none(), "{name} comes several times");
        value
    }

    /// Returns status and code of a rejection, or status and body of any other response.
    #[must_use]
    pub fn summary(&self) -> (u16, String) {
        let code = self.code();
        (self.status.as_u16(), if code.is_empty() { self.body.clone() } else { code })
    }
}

/// Sends a request over a new connection.
pub async fn send(address: SocketAddr, mut request: Request<Full<Bytes>>) -> TextResponse {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    request.headers_mut().insert(HOST, address.to_string().parse().unwrap());
    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    TextResponse {
        status: head.status,
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// Sends a GET request, with a bearer token if `token` is not empty.
pub async fn get(address: SocketAddr, path: &str, token: &str) -> TextResponse {
    let mut request = Request::get(path);
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    send(address, request.body(Full::default()).unwrap()).await
}
