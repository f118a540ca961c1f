//! A flood against a server that allows few streams on a connection.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use bytes::Bytes;
use clerk_core::{api::users, authenticate::AcceptedKinds};
use clerk_tests::eventually;
use clerk_tower::client::options::CallOptions;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{net::TcpListener, sync::watch};

use super::wire::Wire;
use crate::tls::Tls;

/// As many calls of strangers are in flight as the server allows streams.
const STREAMS: u32 = 8;

async fn respond(
    request: Request<Incoming>,
    stalled: watch::Sender<u32>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path().ends_with("/verify") {
        stalled.send_modify(|stalled| *stalled += 1);
        std::future::pending::<()>().await;
    }
    Ok(Response::new(Full::from(r#"{"total_count": 3}"#)))
}

/// Starts the server. Returns its address, and how many calls it stalls.
async fn start() -> (SocketAddr, watch::Receiver<u32>) {
    let (sender, stalled) = watch::channel(0);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let sender = sender.clone();
            let service = service_fn(move |request| respond(request, sender.clone()));
            let mut server = http2::Builder::new(TokioExecutor::new());
            server.max_concurrent_streams(STREAMS);
            tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
        }
    });
    (address, stalled)
}

#[tokio::test]
async fn a_flood_takes_no_stream_of_the_programs_own_calls() {
    let (tls, minute) = (Tls::new(), Duration::from_secs(60));
    for wire in [Wire::Reqwest, Wire::Hyper] {
        let (address, stalled) = start().await;
        let builder = wire.builder(address, &tls).publishable_key("pk_test_Y2xlcmsuZXhhbXBsZS5jb20k");
        let builder = builder.timeout(minute).attempt_timeout(minute).max_attempts(1);
        let clerk = builder
            .authentication(|options| options.accepted_kinds(AcceptedKinds::any()))
            .max_decision_calls(STREAMS as usize)
            .build()
            .unwrap();
        // So that the server's limit is known.
        clerk.send(users::count()).await.unwrap();
        let flood: Vec<_> = (0..STREAMS)
            .map(|number| {
                let clerk = clerk.clone();
                tokio::spawn(async move { clerk.authenticate_token(&format!("ak_garbage{number}")).await })
            })
            .collect();
        eventually("the streams are taken", || *stalled.borrow() == STREAMS).await;
        let own = clerk.with(CallOptions::new().timeout(Duration::from_secs(20)));
        own.send(users::count()).await.unwrap_or_else(|error| panic!("{wire:?}: {error:?}"));
        flood.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
