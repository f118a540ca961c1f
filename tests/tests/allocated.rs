//! Tests that the caches' memory bounds count what is allocated. A program of its own: the allocator counts everything
//! in it, so nothing else may run.

use std::{alloc::System, convert::Infallible, sync::Arc};

use bytes::Bytes;
use cap::Cap;
use clerk_core::api::users;
use clerk_tests::Instance;
use http::{Request, Response};
use http_body_util::Full;
use tower::service_fn;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Metadata of 8 KB that takes far more memory once it is parsed: end users can write it.
fn hostile() -> [(&'static str, String); 4] {
    let list = |item: &str| format!("{{\"a\":[{}]}}", vec![item; 8192 / (item.len() + 1)].join(","));
    [
        ("objects", list("{\"\":0}")),
        ("numbers", list("0")),
        ("lists", list("[]")),
        ("nothing", "{}".to_owned()),
    ]
}

#[tokio::test]
async fn the_response_cache_counts_what_is_allocated() {
    const USERS: usize = 6000;
    for (shape, metadata) in hostile() {
        let instance = Instance::new();
        let metadata = Arc::<str>::from(metadata);
        let transport = service_fn(move |request: Request<Bytes>| {
            let id = request.uri().path().rsplit('/').next().unwrap_or_default();
            let body =
                format!(r#"{{"id":"{id}","banned":false,"locked":false,"unsafe_metadata":{metadata}}}"#);
            async move { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(body)))) }
        });
        let clerk = instance.builder().transport(transport).build().unwrap();
        clerk.cached(users::get("user_warm")).await.unwrap();
        let before = ALLOCATOR.allocated();
        for number in 0..USERS {
            clerk.cached(users::get(format!("user_{number}"))).await.unwrap();
        }
        let stats = clerk.cache().stats();
        let (allocated, counted) = (ALLOCATOR.allocated() - before, usize::try_from(stats.bytes).unwrap());
        println!("{shape}: {} entries, {counted} bytes counted, {allocated} allocated", stats.entries);
        assert!(stats.bytes <= 32 * 1024 * 1024, "{shape}");
        assert!(allocated * 2 <= counted * 3, "{shape}: {allocated} bytes for {counted}");
        assert!(stats.entries > 1000, "{shape}: {stats:?}");
    }
}
