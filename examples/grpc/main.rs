//! The same layers on a tonic server: the standard health service, for callers with a permission who may still sign in, and
//! an interceptor that knows the caller.
//!
//! It prints a `curl` command with a session token of a `LocalClerk` in this process. `PORT` sets the port; it defaults to 3000.

use std::{error::Error, process::ExitCode, time::Duration};

use clerk_local::LocalClerk;
use clerk_tower::{
    Clerk,
    server::{
        authenticate::{Auth, AuthenticateLayer},
        require::RequireLayer,
    },
};
use tonic::{
    Request, Response, Status,
    service::interceptor::InterceptedService,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::{
    ServingStatus,
    pb::{
        HealthCheckRequest, HealthCheckResponse,
        health_server::{Health, HealthServer},
    },
    server::{HealthReporter, HealthService},
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

/// A health service for users who may still sign in. The token of a user who was banned a moment ago is still valid.
struct ForActiveUsers(HealthService);

#[tonic::async_trait]
impl Health for ForActiveUsers {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        require_user(&request).await?;
        self.0.check(request).await
    }

    type WatchStream = <HealthService as Health>::WatchStream;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        require_user(&request).await?;
        self.0.watch(request).await
    }
}

/// Rejects users who were banned, locked or deleted, each with a code of its own in the message.
async fn require_user(request: &Request<HealthCheckRequest>) -> Result<(), Status> {
    let auth = Auth::from_extensions(request.extensions());
    let auth = auth.ok_or_else(|| Status::internal("the service is outside of the layers"))?;
    match auth.user().await {
        Ok(_) => Ok(()),
        Err(rejection) => {
            let message = format!("{}: {}", rejection.code(), rejection.message());
            Err(Status::new(rejection.grpc_code().into(), message))
        }
    }
}

/// Prints a call of the health service. The message is its length and the service's name, in the format of gRPC.
fn print_call(address: &str, token: &str) {
    println!("Listening on {address}");
    println!("The response to Grace ends with grpc-status: 0; without the token, it has grpc-status: 16:\n");
    println!("printf '\\0\\0\\0\\0\\11\\12\\7reports' | curl {address}/grpc.health.v1.Health/Check \\");
    println!("  --http2-prior-knowledge -i -o - --data-binary @- -H 'Content-Type: application/grpc' \\");
    println!("  -H 'Authorization: Bearer {token}'");
}

#[tokio::main]
async fn main() -> ExitCode {
    clerk_examples::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    let local = LocalClerk::seeded();
    let clerk = Clerk::builder().secret_key(local.secret_key()).transport(local.clone()).build()?;

    // gRPC clients ignore the HTTP status, so a guard responds to them with status 200 and a `grpc-status`:
    // 16 (UNAUTHENTICATED) for 401, 7 (PERMISSION_DENIED) for 403, 14 (UNAVAILABLE) for 503.
    let layers = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(&clerk))
        .layer(RequireLayer::permission("org:reports:read"))
        .into_inner();
    let reporter = HealthReporter::new();
    reporter.set_service_status("reports", ServingStatus::Serving).await;
    let health = HealthServer::new(ForActiveUsers(HealthService::from_health_reporter(reporter)));

    let listener = clerk_examples::listen().await?;
    let token =
        local.sign_in("user_grace").organization("org_acme").lifetime(Duration::from_secs(43_200)).token();
    print_call(&format!("http://{}", listener.local_addr()?), &token);
    Server::builder()
        .layer(layers)
        .add_service(InterceptedService::new(health, log_caller))
        .serve_with_incoming(TcpIncoming::from(listener))
        .await?;
    Ok(())
}
