//! A service whose requests are traced with OpenTelemetry.
//!
//! With `OTEL_EXPORTER_OTLP_ENDPOINT`, such as `http://localhost:4318`, it sends its traces to that collector. Without it, it
//! prints them. With `CLERK_SECRET_KEY` and `CLERK_PUBLISHABLE_KEY` it uses that instance. Without them, it starts a
//! `LocalClerk` in this process whose first response about a user is an error, so that a retry can be seen. `PORT` sets the
//! port; it defaults to 3000.

#[path = "../../shared/process.rs"]
mod process;

use std::{env, error::Error, process::ExitCode, time::Duration};

use axum::http::StatusCode;
use clerk_axum::{
    Clerk,
    local::{Fault, LocalClerk},
};
use clerk_observability::{Trees, app, subscriber};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};

#[tokio::main]
async fn main() -> ExitCode {
    process::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let provider = provider()?;
    tracing::subscriber::set_global_default(subscriber(&provider))?;
    let listener = process::listen().await?;
    let address = listener.local_addr()?;
    let clerk = clerk(&format!("http://{address}/me"))?;
    axum::serve(listener, app(clerk)).with_graceful_shutdown(process::stopped()).await?;
    // Sends what has not been sent yet.
    provider.shutdown()?;
    Ok(())
}

/// Makes traces and hands them on. `OTEL_SERVICE_NAME` and the other variables of OpenTelemetry apply.
fn provider() -> Result<SdkTracerProvider, Box<dyn Error>> {
    let resource = Resource::builder().build();
    let provider = SdkTracerProvider::builder().with_resource(resource);
    Ok(match env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT") {
        None => provider.with_simple_exporter(Trees::default()).build(),
        // In batches: requests do not wait for the collector.
        Some(_) => provider.with_batch_exporter(SpanExporter::builder().with_http().build()?).build(),
    })
}

/// Returns the client of the instance that the environment names, or of a local one; and says what to do.
fn clerk(url: &str) -> Result<Clerk, Box<dyn Error>> {
    println!("Listening on {url}. Ctrl-C stops it.");
    if env::var_os("CLERK_SECRET_KEY").is_some_and(|key| !key.is_empty()) {
        println!("Call it with a session token:\n    curl {url} -H \"Authorization: Bearer $TOKEN\"\n");
        return Ok(Clerk::from_env()?);
    }
    let local = LocalClerk::seeded();
    local.inject(Fault::status(StatusCode::BAD_GATEWAY).on("GET", "/users/{user_id}").times(1));
    let token = local.sign_in("user_ada").lifetime(Duration::from_secs(12 * 60 * 60)).token();
    println!("CLERK_SECRET_KEY is not set: a LocalClerk in this process stands in for Clerk.");
    println!(
        "Call it twice. The first call meets a 502 of Clerk's and sends its request again, the second one is"
    );
    println!("answered from the cache:\n    curl {url} -H 'Authorization: Bearer {token}'\n");
    Ok(local.client())
}
