//! The same layers on a tonic server: the standard health service, for callers with a permission.
//!
//! It prints a session token of a `LocalClerk` in this process. `PORT` sets the port; it defaults to 3000.

use std::{env, error::Error, time::Duration};

use clerk_local::LocalClerk;
use clerk_tower::{
    Clerk,
    server::{authenticate::AuthenticateLayer, require::RequireLayer},
};
use tokio::net::TcpListener;
use tonic::transport::{Server, server::TcpIncoming};
use tower::ServiceBuilder;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let local = LocalClerk::seeded();
    let clerk = Clerk::builder().secret_key(local.secret_key().expose()).transport(local.clone()).build()?;

    // gRPC clients ignore the HTTP status, so a guard responds to them with status 200 and a `grpc-status`:
    // 16 (UNAUTHENTICATED) for 401, 7 (PERMISSION_DENIED) for 403, 14 (UNAVAILABLE) for 503.
    let layers = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(&clerk))
        .layer(RequireLayer::permission("org:reports:read"))
        .into_inner();
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("reports", tonic_health::ServingStatus::Serving).await;

    let port: u16 = env::var("PORT").ok().map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let token =
        local.sign_in("user_grace").organization("org_acme").lifetime(Duration::from_secs(43_200)).token();
    println!("Listening on http://{}", listener.local_addr()?);
    println!("authorization: Bearer {token}");
    Server::builder()
        .layer(layers)
        .add_service(health)
        .serve_with_incoming(TcpIncoming::from(listener))
        .await?;
    Ok(())
}
