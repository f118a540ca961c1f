//! What the programs share, and an application would write otherwise: where the keys come from, and a Lambda runtime.

use std::{env, error::Error, net::TcpListener, time::Duration};

use clerk_local::{LocalClerk, LocalServer};
use clerk_tower::ClerkVerifier;
use serde_json::{Value, json};

/// Creates a client from the environment. Without `CLERK_SECRET_KEY`, it starts a `LocalClerk` in this process, and prints
/// a session token; the server runs until it is dropped.
///
/// # Errors
/// If a variable is not valid.
pub async fn client() -> Result<(ClerkVerifier, Option<LocalServer>), Box<dyn Error>> {
    if env::var_os("CLERK_SECRET_KEY").is_some_and(|key| !key.is_empty()) {
        return Ok((ClerkVerifier::from_env()?, None));
    }
    let server = LocalClerk::builder().seeded().serve(([127, 0, 0, 1], 0)).await?;
    let local = server.local();
    let session = local.sign_in("user_grace").organization("org_acme").lifetime(Duration::from_secs(43_200));
    println!("LocalClerk: -H 'Authorization: Bearer {}'", session.token());
    Ok((server.client_builder().build()?.into(), Some(server)))
}

/// Listens on the port of `PORT`, 3000 by default, and prints the address.
///
/// # Errors
/// If the port is not valid, or not available.
pub fn listen() -> Result<TcpListener, Box<dyn Error>> {
    let port: u16 = env::var("PORT").ok().map_or(Ok(3000), |port| {
        port.parse().map_err(|_| format!("PORT is {port:?}; expected a number from 0 to 65535"))
    })?;
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    listener.set_nonblocking(true)?;
    println!("Listening on http://{}", listener.local_addr()?);
    Ok(listener)
}

/// Takes events from Lambda's
/// [Runtime API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html), one after the other. An application
/// uses the crate `lambda_runtime` instead, which does the same.
///
/// # Errors
/// If the Runtime API cannot be reached, or its response is not valid.
pub async fn run_lambda(handler: impl AsyncFn(Value) -> Result<Value, String>) -> Result<(), Box<dyn Error>> {
    let api = format!("http://{}/2018-06-01/runtime/invocation", env::var("AWS_LAMBDA_RUNTIME_API")?);
    let client = reqwest::Client::builder().no_proxy().build()?;
    loop {
        let event = client.get(format!("{api}/next")).send().await?.error_for_status()?;
        let id = event.headers().get("lambda-runtime-aws-request-id").ok_or("an event without an id")?;
        let id = id.to_str()?.to_owned();
        let (path, body) = match handler(serde_json::from_slice(&event.bytes().await?)?).await {
            Ok(response) => ("response", response),
            Err(message) => ("error", json!({ "errorMessage": message, "errorType": "Error" })),
        };
        client.post(format!("{api}/{id}/{path}")).body(body.to_string()).send().await?.error_for_status()?;
    }
}
