//! A tonic server behind the same layers: the standard health service, for those who are signed in.
//!
//! It prints a session token of a `LocalClerk` in this process. `PORT` sets the port.

use std::{env, error::Error, time::Duration};

use clerk_local::LocalClerk;
use clerk_tower::{Clerk, server::authenticate::AuthenticateLayer, server::require::RequireLayer};
use tokio::net::TcpListener;
use tonic::transport::{Server, server::TcpIncoming};
use tower::ServiceBuilder;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let local = LocalClerk::seeded();
    let clerk = Clerk::builder().secret_key(local.secret_key().expose()).transport(local.clone()).build()?;

    // gRPC clients read no status of HTTP: a guard answers them with 200 and a `grpc-status`, 16 (UNAUTHENTICATED) in
    // place of 401, 7 (PERMISSION_DENIED) in place of 403, 14 (UNAVAILABLE) in place of 503.
    let layers = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(&clerk))
        .layer(RequireLayer::permission("org:reports:read"))
        .into_inner();
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("reports", tonic_health::ServingStatus::Serving).await;

    let port: u16 = env::var("PORT").ok().map_or(Ok(3000), |text| text.parse())?;
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
