//! A server that misbehaves by script.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::Instance;

/// What the server does with a connection once it has read a request's head.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Writes this, and closes.
    Close(String),
    /// Writes this, and then keeps the connection open without another byte.
    Stall(String),
}

/// A server on a free port of this machine that plays one [`Fault`] on every connection.
#[derive(Debug)]
pub struct FaultServer {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl FaultServer {
    /// Starts it. It lives as long as the test's runtime.
    pub async fn start(fault: Fault) -> Self {
        Self::play(None, fault).await
    }

    /// Starts it with one thing that works: it hands out the keys of this instance.
    pub async fn with_keys(instance: &Instance, fault: Fault) -> Self {
        let keys = instance.backend("GET", "/v1/jwks").await.to_string();
        let headers = "content-type: application/json\r\nconnection: close\r\n";
        Self::play(Some(answer("200 OK", headers, &keys)), fault).await
    }

    async fn play(keys: Option<String>, fault: Fault) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = heads.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(play(stream, keys.clone(), fault.clone(), seen.clone()));
            }
        });
        Self { address, heads }
    }

    /// What to configure as the URL of the Backend API.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of the requests that came, in order.
    #[must_use]
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// A URL where nobody listens.
pub async fn nobody() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// An answer with this status line, these headers and this body, whose length is told.
#[must_use]
pub fn answer(status: &str, headers: &str, body: &str) -> String {
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
    // What is left unread when a connection closes takes the answer with it.
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
    let mut body = vec![0; length.parse().unwrap()];
    if stream.read_exact(&mut body).await.is_err() {
        return;
    }
    let keys = keys.filter(|_| head.starts_with("get /v1/jwks "));
    match keys.map_or(fault, Fault::Close) {
        Fault::Close(text) => {
            // The peer may be gone already: it need not read what it does not like.
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Fault::Stall(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            // Until the peer hangs up.
            let _ = stream.read_u8().await;
        }
    }
}
