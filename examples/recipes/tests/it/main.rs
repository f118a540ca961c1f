//! Runs the recipes over sockets, against a Clerk instance in this process.

mod admins;
mod error;
mod guide;
mod openapi;
mod streams;
mod tenants;
mod users;

use axum::{Router, body::Bytes, http};
use reqwest::Response;
use serde_json::Value;
use tokio::net::TcpListener;

/// Serves an application until the test ends, and returns its address.
async fn serve(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, app).into_future());
    address
}

async fn get(url: &str, token: &str) -> (u16, Value) {
    read(reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap()).await
}

async fn post(url: &str, token: &str) -> (u16, Value) {
    read(reqwest::Client::new().post(url).bearer_auth(token).send().await.unwrap()).await
}

/// Returns the status and the body, which is a string if it is not JSON.
async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Sends a delivery, as Clerk does, and returns the status.
async fn deliver(address: &str, delivery: &http::Request<Bytes>) -> u16 {
    let request = reqwest::Client::new()
        .post(format!("{address}{}", delivery.uri()))
        .headers(delivery.headers().clone())
        .body(delivery.body().clone());
    request.send().await.unwrap().status().as_u16()
}
