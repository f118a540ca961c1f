//! A server that misbehaves by script.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

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
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = heads.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(play(stream, fault.clone(), seen.clone()));
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

async fn play(mut stream: TcpStream, fault: Fault, heads: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    heads.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
    match fault {
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
