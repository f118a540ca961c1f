//! Cost of a cache hit.
//!
//! One run compares building the request, which is the cache key; a cache hit; and the same call through the whole
//! stack, without a network.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark stops at the first error")]

use std::{convert::Infallible, hint::black_box};

use bytes::Bytes;
use clerk_core::{Operation as _, api::users};
use clerk_tower::Clerk;
use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::FutureExt as _;
use http::{Request, Response};
use http_body_util::Full;

const USER: &str = r#"{"id":"user_29w83sxmDNGwOuEthce5gg56FcC","object":"user","first_name":"Ada",
    "last_name":"Lovelace","has_image":true,"banned":false,"locked":false,"email_addresses":[{"id":"idn_1",
    "object":"email_address","email_address":"ada@example.com","linked_to":[]}],"public_metadata":{"plan":"pro"},
    "created_at":1700000000000,"updated_at":1700000000000}"#;
const ID: &str = "user_29w83sxmDNGwOuEthce5gg56FcC";

fn client() -> Clerk {
    let transport =
        tower::service_fn(|_: Request<Bytes>| async { Ok::<_, Infallible>(Response::new(Full::from(USER))) });
    Clerk::builder().secret_key("sk_test_x").transport(transport).build().unwrap()
}

fn hit(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let clerk = client();
    runtime.block_on(clerk.cached(users::get(ID))).unwrap();
    let mut group = c.benchmark_group("cache");
    group.bench_function("request", |b| b.iter(|| users::get(black_box(ID)).request().unwrap()));
    group.bench_function("cached", |b| {
        b.iter(|| clerk.cached(users::get(black_box(ID))).now_or_never().unwrap().unwrap());
    });
    group.bench_function("send", |b| {
        b.iter(|| runtime.block_on(clerk.send(users::get(black_box(ID)))).unwrap());
    });
    group.finish();
}

criterion_group!(benches, hit);
criterion_main!(benches);
