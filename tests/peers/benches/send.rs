//! One call of the Backend API through the client, compared with the same call by a bare reqwest client.
//!
//! The server is on loopback. The contenders run in turns, with one call and with 16 concurrent calls. Prints medians, and
//! the memory that a cached user takes. Server and client have one thread each, so that no task waits for another thread
//! of its own runtime.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark stops at the first error")]

use std::{
    convert::Infallible,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use clerk_core::{api::users, model::User};
use clerk_peers::rounds::median;
use clerk_tower::{Clerk, client::transport::HyperTransport};
use futures_util::future::join_all;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
};

const ROUNDS: usize = 30;
const CALLS: u32 = 100;

/// A user of typical size.
fn body() -> Bytes {
    let email = r#"{"id":"idn_1","object":"email_address","email_address":"ada@example.com","reserved":false,"verification":{"object":"verification_otp","status":"verified","strategy":"email_code","attempts":1,"expire_at":1700000000000},"linked_to":[],"matches_sso_connection":false,"created_at":1700000000000,"updated_at":1700000000000}"#;
    format!(
        r#"{{"id":"user_1","object":"user","username":null,"first_name":"Ada","last_name":"Lovelace","image_url":"https://img.example.com/x","has_image":true,"primary_email_address_id":"idn_1","primary_phone_number_id":null,"primary_web3_wallet_id":null,"password_enabled":true,"two_factor_enabled":false,"totp_enabled":false,"backup_code_enabled":false,"email_addresses":[{email}],"phone_numbers":[],"web3_wallets":[],"passkeys":[],"external_accounts":[],"saml_accounts":[],"enterprise_accounts":[],"public_metadata":{{"tier":1}},"private_metadata":{{}},"unsafe_metadata":{{}},"external_id":null,"last_sign_in_at":1700000000000,"banned":false,"locked":false,"lockout_expires_in_seconds":null,"verification_attempts_remaining":100,"created_at":1700000000000,"updated_at":1700000000000,"delete_self_enabled":true,"create_organization_enabled":true,"last_active_at":1700000000000,"mfa_enabled_at":null,"mfa_disabled_at":null,"legal_accepted_at":null,"profile_image_url":"https://img.example.com/x"}}"#
    )
    .into()
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Starts a server on a thread of its own, and returns its URL.
fn serve() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || runtime().block_on(accept(listener)));
    format!("http://{address}")
}

async fn accept(listener: std::net::TcpListener) {
    let listener = TcpListener::from_std(listener).unwrap();
    let body = body();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let body = body.clone();
        let service = service_fn(move |_: Request<Incoming>| {
            let response = Response::builder().header("content-type", "application/json");
            std::future::ready(Ok::<_, Infallible>(response.body(Full::new(body.clone())).unwrap()))
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn timed<F: Future>(mut call: impl FnMut() -> F) -> f64 {
    let start = Instant::now();
    for _ in 0..CALLS {
        call().await;
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS)
}

/// Returns the calls per second, with 16 concurrent calls.
async fn rate<F: Future>(mut call: impl FnMut() -> F) -> f64 {
    let start = Instant::now();
    for _ in 0..CALLS {
        join_all((0..16).map(|_| call())).await;
    }
    f64::from(CALLS * 16) / start.elapsed().as_secs_f64()
}

fn main() {
    let url = serve();
    runtime().block_on(async {
        let bare = reqwest::Client::builder().no_proxy().build().unwrap();
        let address = format!("{url}/v1/users/user_1");
        let client = || Clerk::builder().secret_key("sk_test_abc").api_url(&url);
        let (ours, on_hyper) =
            (client().build().unwrap(), client().transport(HyperTransport::new().unwrap()).build().unwrap());
        let call_bare = async || {
            let request = bare.get(&address).bearer_auth("sk_test_abc").timeout(Duration::from_secs(5));
            let bytes = request.send().await.unwrap().error_for_status().unwrap().bytes().await.unwrap();
            let user: User = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(user.id, "user_1");
        };
        let call_clerk = async || drop(ours.send(users::get("user_1")).await.unwrap());
        let (mut times, mut rates) = ([const { Vec::new() }; 3], [const { Vec::new() }; 2]);
        for round in 0..=ROUNDS {
            let taken = [
                timed(&call_bare).await,
                timed(&call_clerk).await,
                timed(async || drop(on_hyper.send(users::get("user_1")).await.unwrap())).await,
            ];
            let in_a_second = [rate(&call_bare).await, rate(&call_clerk).await];
            // The first round is a warm-up.
            if round > 0 {
                for (all, one) in rates.iter_mut().zip(in_a_second) {
                    all.push(one);
                }
                for (all, time) in times.iter_mut().zip(taken) {
                    all.push(time);
                }
            }
        }
        let [one, two, hyper] = times.map(|all| median(all));
        println!("bare reqwest, with its own timeout   {one:8.1} us");
        println!("Clerk::send over reqwest             {two:8.1} us  {:.3}", two / one);
        println!("Clerk::send over hyper               {hyper:8.1} us  {:.3}", hyper / one);
        let [one, two] = rates.map(median);
        println!(
            "16 concurrent calls: bare {one:.0} calls/s, Clerk::send {two:.0} calls/s  {:.3}",
            two / one
        );

        drop(ours.cached(users::get("user_1")).await.unwrap());
        let mut hits = Vec::new();
        for _ in 0..200 {
            let start = Instant::now();
            for _ in 0..1000 {
                drop(ours.cached(users::get("user_1")).await.unwrap());
            }
            // Of one call, in microseconds.
            hits.push(start.elapsed().as_secs_f64() * 1000.0);
        }
        println!("Clerk::cached, a hit                 {:8.3} us", median(hits));
    });
}
