//! A server that misbehaves on purpose.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::Instance;

/// What the server does with a connection once it has read a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Writes this, and closes the connection.
    Close(String),
    /// Writes this, and then keeps the connection open without writing another byte.
    Stall(String),
}

/// A server on a free loopback port that plays one [`Fault`] on every connection.
#[derive(Debug)]
pub struct FaultServer {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl FaultServer {
    /// Starts the server, which runs until the test's runtime ends.
    pub async fn start(fault: Fault) -> Self {
        Self::play(None, fault).await
    }

    /// Starts a server that serves the keys of this instance, and plays the fault for all other requests.
    pub async fn with_keys(instance: &Instance, fault: Fault) -> Self {
        let keys = instance.backend("GET", "/v1/jwks").await.to_string();
        let headers = "content-type: application/json\r\nconnection: close\r\n";
        Self::play(Some(http_response("200 OK", headers, &keys)), fault).await
    }

    async fn play(keys: Option<String>, fault: Fault) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let record = heads.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(play(stream, keys.clone(), fault.clone(), record.clone()));
            }
        });
        Self { address, heads }
    }

    /// Returns the URL to configure as the Backend API's.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the heads of the received requests, in order.
    #[must_use]
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// Returns a URL on which no server listens.
pub async fn nobody() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Formats an HTTP/1.1 response with this status line, these headers, this body and its `content-length`.
#[must_use]
pub fn http_response(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

async fn play(mut stream: TcpStream, keys: Option<String>, fault: Fault, heads: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    heads.lock().unwrap().push(head.clone());
    let head = head.to_lowercase();
    // Closing a connection with unread data resets it, and the client would lose the response.
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
    let mut body = vec![0; length.parse().unwrap()];
    if stream.read_exact(&mut body).await.is_err() {
        return;
    }
    let keys = keys.filter(|_| head.starts_with("get /v1/jwks "));
    match keys.map_or(fault, Fault::Close) {
        Fault::Close(text) => {
            // The peer may already have closed the connection, for example because of a body that is too large.
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Fault::Stall(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            // Waits until the peer closes the connection.
            let _ = stream.read_u8().await;
        }
    }
}
