//! Clerk's Frontend API under the application's own domain, with one layer.
//!
//! With `CLERK_SECRET_KEY`, `CLERK_PUBLISHABLE_KEY` and `CLERK_PROXY_URL=/__clerk` it forwards to Clerk; first enable the
//! proxy for your domain in Clerk's dashboard. Without them, it forwards to a `LocalClerk` in this process. `PORT` sets
//! the port; it defaults to 3000.

use std::{env, error::Error, process::ExitCode};

use axum::{Router, debug_handler, routing::get};
use clerk_axum::{Auth, Clerk, ClerkLayer, ProxyLayer, local::LocalClerk};

#[debug_handler]
async fn index(auth: Auth) -> &'static str {
    if auth.session().is_some() { "welcome back\n" } else { "hello, visitor\n" }
}

#[tokio::main]
async fn main() -> ExitCode {
    clerk_examples::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let server = if env::var_os("CLERK_SECRET_KEY").is_some_and(|key| !key.is_empty()) {
        None
    } else {
        Some(LocalClerk::builder().seeded().serve(([127, 0, 0, 1], 0)).await?)
    };
    let clerk = match &server {
        None => Clerk::from_env()?,
        Some(server) => server
            .client_builder()
            .fapi_url(server.api_url())
            .authentication(|options| options.proxy_url("/__clerk"))
            .build()?,
    };

    let app = Router::new()
        .route("/", get(index))
        .layer(ClerkLayer::new(&clerk))
        // Outside ClerkLayer, because users who are signing in have no session yet. Add layers that count or limit
        // requests after this one.
        .layer(ProxyLayer::new(&clerk)?);

    let listener = clerk_examples::listen().await?;
    let address = listener.local_addr()?;
    println!("Listening on http://{address}");
    println!(
        "Clerk's Frontend API is at http://{address}/__clerk. It responds there with the instance's settings:"
    );
    println!("curl http://{address}/__clerk/v1/environment");
    axum::serve(listener, app).await?;
    Ok(())
}
