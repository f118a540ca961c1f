//! The client's middleware assembled by hand: a custom layer counts the requests to Clerk, and calls are not retried.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use clerk_core::api::users;
use clerk_local::LocalClerk;
use clerk_tower::{
    Clerk,
    client::{
        middleware::{
            base_uri::BaseUriLayer, collect::CollectLayer, credentials::CredentialsLayer,
            deadline::DeadlineLayer,
        },
        rate_limit::RateLimitLayer,
    },
};
use http::Request;
use tower::ServiceBuilder;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let local = LocalClerk::seeded();
    let sent = Arc::new(AtomicU64::new(0));
    let counter = sent.clone();

    // Outermost first. The default stack also has retries, between the deadline and the rate limit gate, and a
    // deadline for each attempt.
    let stack = ServiceBuilder::new()
        .layer(DeadlineLayer::new(Duration::from_secs(3)))
        .layer(RateLimitLayer::new())
        .layer(CredentialsLayer::new(local.secret_key()))
        .layer(CollectLayer::new(1024 * 1024))
        .map_request(move |request: Request<Bytes>| {
            counter.fetch_add(1, Ordering::Relaxed);
            request
        })
        .layer(BaseUriLayer::new("https://api.clerk.com/v1")?)
        .service(local.clone());
    let clerk = Clerk::builder().secret_key(local.secret_key()).stack(stack).build()?;

    let count = clerk.send(users::count()).await?.total_count;
    let ada = clerk.send(users::get("user_ada")).await?;
    println!("{count} users, the first of them {}", ada.full_name().unwrap_or_default());
    println!("{} requests", sent.load(Ordering::Relaxed));
    Ok(())
}
