//! Tests that the caches' memory bounds count what is allocated. A program of its own: the allocator counts everything
//! in it, so nothing else may run.

use std::{alloc::System, convert::Infallible, hash::Hash, sync::Arc};

use bytes::Bytes;
use cap::Cap;
use clerk_core::{
    Operation,
    api::{api_keys, jwks, organization_memberships, organizations, users},
    credential::NeedsSecretKey,
    page::Paged,
};
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

/// Fills the response cache with what `operation` gets for each number, and compares what is allocated with what is
/// counted. `{id}` in the body is the ID that is asked for.
async fn check<O>(shape: &str, calls: u32, body: String, operation: impl Fn(u32) -> O) -> u64
where
    O: Operation<Output: Send + Sync + 'static, Credential = NeedsSecretKey>
        + Eq
        + Hash
        + Send
        + Sync
        + 'static,
{
    let instance = Instance::new();
    let body = Arc::<str>::from(body);
    let transport = service_fn(move |request: Request<Bytes>| {
        let id = request.uri().path().rsplit('/').next().unwrap_or_default();
        let body = body.replacen("{id}", id, 1);
        async move { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(body)))) }
    });
    let clerk = instance.builder().transport(transport).build().unwrap();
    clerk.cached(users::get("user_warm")).await.ok();
    let before = (ALLOCATOR.allocated(), clerk.cache().stats().bytes);
    for number in 0..calls {
        clerk.cached(operation(number)).await.unwrap();
    }
    let stats = clerk.cache().stats();
    let (allocated, counted) =
        (ALLOCATOR.allocated() - before.0, usize::try_from(stats.bytes - before.1).unwrap());
    println!("{shape}: {} entries, {counted} bytes counted, {allocated} allocated", stats.entries);
    assert!(stats.bytes <= 32 * 1024 * 1024, "{shape}");
    assert!(allocated * 2 <= counted * 3, "{shape}: {allocated} bytes for {counted}");
    assert!(counted <= allocated * 2, "{shape}: {allocated} bytes for {counted}");
    stats.entries
}

#[tokio::test]
async fn the_response_cache_counts_what_is_allocated() {
    for (shape, metadata) in hostile() {
        let body = format!(r#"{{"id":"{{id}}","banned":false,"locked":false,"unsafe_metadata":{metadata}}}"#);
        let entries = check(shape, 6000, body, |number| users::get(format!("user_{number}"))).await;
        assert!(entries > 1000, "{shape}: {entries}");
    }

    // Elements that take far more memory than text.
    let list = |item: &str, count: usize| format!("[{}]", vec![item; count].join(","));
    let user = r#"{"id":"a","banned":false,"locked":false}"#;
    let key = r#"{"id":"a","subject":"b","revoked":false,"expired":false"#;
    check("users", 600, list(user, 100), |number| users::list().offset(number)).await;
    check("users, one by one", 600, list(user, 100), |number| users::list().offset(number).elements()).await;
    check("organizations", 600, list(r#"{"id":"a"}"#, 100), |number| organizations::list().offset(number))
        .await;
    let membership = r#"{"id":"a","organization":{"id":"b"}}"#;
    check("memberships", 600, list(membership, 100), |number| {
        organization_memberships::list("org_1").offset(number)
    })
    .await;
    let addresses = list(r#"{"id":"a"}"#, 200);
    let body = format!(r#"{{"id":"{{id}}","banned":false,"locked":false,"email_addresses":{addresses}}}"#);
    check("addresses", 2000, body, |number| users::get(format!("user_{number}"))).await;
    let scoped = list(&format!("{key},\"scopes\":{}}}", list("\"\"", 100)), 10);
    check("scopes", 600, format!("{{\"data\":{scoped}}}"), |number| api_keys::list("user_1").offset(number))
        .await;
    check("keys", 1, format!("{{\"keys\":{}}}", list(r#"{"kid":"a"}"#, 10_000)), |_| jwks::get_jwks()).await;
}
