//! Measures how long `ClerkLayer` takes. One function runs outside of it, the other one inside.

use std::time::Duration;

use axum::extract::Request;
use tokio::time::Instant;

#[derive(Clone, Copy)]
struct Started(Instant);

/// The time that a request spent in the layer. Handlers take it as an `Extension`.
#[derive(Clone, Copy)]
pub(crate) struct InLayer(pub(crate) Duration);

pub(crate) async fn start(mut request: Request) -> Request {
    request.extensions_mut().insert(Started(Instant::now()));
    request
}

pub(crate) async fn stop(mut request: Request) -> Request {
    let started = request.extensions().get::<Started>();
    let elapsed = started.map_or(Duration::ZERO, |started| started.0.elapsed());
    request.extensions_mut().insert(InLayer(elapsed));
    request
}
