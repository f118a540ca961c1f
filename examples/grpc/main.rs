//! The same layers on a tonic server: the standard health service, for callers with a permission, and an interceptor that
//! knows the caller.
//!
//! It prints a session token of a `LocalClerk` in this process. `PORT` sets the port; it defaults to 3000.

use std::{env, error::Error, time::Duration};

use clerk_local::LocalClerk;
use clerk_tower::{
    Clerk,
    server::{
        authenticate::{Auth, AuthenticateLayer},
        require::RequireLayer,
    },
};
use tokio::net::TcpListener;
use tonic::{
    Request, Status,
    service::interceptor::InterceptedService,
    transport::{Server, server::TcpIncoming},
};
use tower::ServiceBuilder;

/// Logs who calls. Interceptors and services find the layer's decision in the extensions of their request.
#[allow(clippy::result_large_err, reason = "the signature of an interceptor")]
fn log_caller(request: Request<()>) -> Result<Request<()>, Status> {
    let session = request.extensions().get::<Auth>().and_then(Auth::session);
    let session = session.ok_or_else(|| Status::internal("the interceptor is outside of the layers"))?;
    println!("called by {}", session.claims().user_id());
    Ok(request)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let local = LocalClerk::seeded();
    let clerk = Clerk::builder().secret_key(local.secret_key()).transport(local.clone()).build()?;

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
        .add_service(InterceptedService::new(health, log_caller))
        .serve_with_incoming(TcpIncoming::from(listener))
        .await?;
    Ok(())
}
