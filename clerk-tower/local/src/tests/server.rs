//! The instance on a real socket.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::Bench;

async fn exchange(address: SocketAddr, request: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

fn request(bench: &Bench, method: &str, path: &str, body: &str) -> String {
    let (key, length) = (bench.local.secret_key().expose(), body.len());
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn a_served_instance_answers_until_it_is_shut_down() {
    let bench = Bench::seeded();
    let server = bench.local.serve(([127, 0, 0, 1], 0)).await.unwrap();
    assert_eq!(server.api_url(), format!("http://{}", server.addr()));
    let address = server.addr();

    let answer = exchange(address, &request(&bench, "GET", "/v1/users/user_ada", "")).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("content-type: application/json\r\n"), "{answer}");
    assert!(answer.contains("\"first_name\":\"Ada\""), "{answer}");

    let answer =
        exchange(address, &request(&bench, "POST", "/v1/users", "{\"username\":\"bob\"}")).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert_eq!(bench.get("/users/count")["total_count"], 5);

    server.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn long_bodies_are_cut_off_on_the_wire() {
    let bench = Bench::new();
    let server = bench.local.serve(([127, 0, 0, 1], 0)).await.unwrap();
    let body = format!("{{\"username\":\"{}\"}}", "a".repeat(1024 * 1024));
    // The answer may come, and the connection go, before the whole body is sent.
    if let Ok(answer) = exchange(server.addr(), &request(&bench, "POST", "/v1/users", &body)).await {
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    }
    assert_eq!(bench.get("/users/count")["total_count"], 0);
}

#[tokio::test]
async fn dropping_a_server_stops_it() {
    let bench = Bench::new();
    let server = bench.local.serve(([127, 0, 0, 1], 0)).await.unwrap();
    let address = server.addr();
    drop(server);
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn only_loopback_addresses_are_served() {
    let bench = Bench::new();
    let all: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let error = bench.local.serve(all).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("loopback"), "{error}");
}
