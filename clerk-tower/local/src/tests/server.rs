//! Tests of the instance on a real socket.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::Fixture;

async fn exchange(address: SocketAddr, request: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    Ok(response)
}

fn request(fixture: &Fixture, method: &str, path: &str, body: &str) -> String {
    let (key, length) = (fixture.local.secret_key().expose(), body.len());
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn a_served_instance_responds_until_it_is_shut_down() {
    let (fixture, server) = Fixture::served().await;
    assert_eq!(server.api_url(), format!("http://{}", server.addr()));
    let address = server.addr();

    let response = exchange(address, &request(&fixture, "GET", "/v1/users/user_ada", "")).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.contains("content-type: application/json\r\n"), "{response}");
    assert!(response.contains("\"first_name\":\"Ada\""), "{response}");

    let response =
        exchange(address, &request(&fixture, "POST", "/v1/users", "{\"username\":\"bob\"}")).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert_eq!(fixture.get("/users/count")["total_count"], 5);

    server.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
}

/// Tools that wait for a server often ask with HEAD.
#[tokio::test]
async fn head_is_answered_like_get_without_the_body() {
    let (fixture, server) = Fixture::served().await;
    for path in ["/v1/users/user_ada", "/.well-known/jwks.json", "/.well-known/openid-configuration"] {
        let mut heads = Vec::new();
        for method in ["GET", "HEAD"] {
            let response = exchange(server.addr(), &request(&fixture, method, path, "")).await.unwrap();
            let (head, body) = response.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 200 OK"), "{method} {path}: {head}");
            assert_eq!(body.is_empty(), method == "HEAD", "{method} {path}");
            heads.push(head.lines().filter(|line| !line.starts_with("date: ")).count());
        }
        assert_eq!(heads[0], heads[1], "{path}");
    }
    let response = exchange(server.addr(), &request(&fixture, "HEAD", "/v1/users/nobody", "")).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 404 "), "{response}");
}

#[tokio::test]
async fn long_bodies_are_cut_off_on_the_wire() {
    let (fixture, server) = Fixture::served().await;
    let body = format!("{{\"username\":\"{}\"}}", "a".repeat(1024 * 1024));
    // The response may arrive and the connection close before the whole body is sent.
    if let Ok(response) = exchange(server.addr(), &request(&fixture, "POST", "/v1/users", &body)).await {
        assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
    }
    assert_eq!(fixture.get("/users/count")["total_count"], 4);
}

#[tokio::test]
async fn dropping_a_server_stops_it() {
    let (_, server) = Fixture::served().await;
    let address = server.addr();
    drop(server);
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
