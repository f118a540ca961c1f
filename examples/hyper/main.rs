//! The same layers without a web framework: a bare hyper server.
//!
//! It prints a `curl` command with a session token of a `LocalClerk` in this process. `PORT` sets the port; it defaults
//! to 3000.

use std::{convert::Infallible, error::Error, process::ExitCode, time::Duration};

use bytes::Bytes;
use clerk_core::api::users;
use clerk_local::LocalClerk;
use clerk_tower::{
    Clerk,
    server::{
        authenticate::{Auth, AuthenticateLayer},
        rejection::Rejection,
        require::RequireLayer,
    },
};
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tower::ServiceBuilder;

/// The guard passes only requests with the permission.
async fn report(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let report = write_report(&request).await;
    Ok(report.map_or_else(Rejection::into_response, |report| Response::new(Full::from(report))))
}

async fn write_report(request: &Request<Incoming>) -> Result<String, Rejection> {
    let auth = Auth::from_extensions(request.extensions()).ok_or_else(Rejection::layer_missing)?;
    // Rejects users who were banned, locked or deleted since the token was issued.
    let user = auth.user().await?;
    let name = user.full_name().unwrap_or_default();
    // The layer's client, for other calls.
    let count = auth.clerk()?.send(users::count()).await.map_err(|error| Rejection::of_call(&error))?;
    Ok(format!("the report for {name}, about {} users\n", count.total_count))
}

#[tokio::main]
async fn main() -> ExitCode {
    clerk_examples::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    // The instance is the client's transport, so that it needs no socket.
    let local = LocalClerk::seeded();
    let clerk = Clerk::builder().secret_key(local.secret_key()).transport(local.clone()).build()?;

    let service = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(&clerk))
        .layer(RequireLayer::permission("org:reports:read"))
        .service_fn(report);

    let listener = clerk_examples::listen().await?;
    let token =
        local.sign_in("user_grace").organization("org_acme").lifetime(Duration::from_secs(43_200)).token();
    println!("curl http://{} -H 'Authorization: Bearer {token}'", listener.local_addr()?);

    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                eprintln!("connection: {error}");
            }
        });
    }
}
