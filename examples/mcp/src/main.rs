//! A server of the Model Context Protocol, for agents that act for Clerk's users.
//!
//! With `CLERK_SECRET_KEY` and `CLERK_PUBLISHABLE_KEY` it uses that instance. Without them, it starts a `LocalClerk` in this
//! process, at which clients can register and people can sign in. `PORT` sets the port; it defaults to 3000. `MCP_URL` is the
//! URL that clients call; it defaults to `http://127.0.0.1:3000/mcp`.

#[path = "../../shared/process.rs"]
mod process;

use std::{env, error::Error, io, process::ExitCode};

use clerk_axum::{Clerk, local::LocalServer};
use tracing_subscriber::filter::LevelFilter;

#[tokio::main]
async fn main() -> ExitCode {
    process::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    // Warnings with the target `clerk::auth` name probable mistakes, such as tokens for another URL.
    tracing_subscriber::fmt().with_max_level(LevelFilter::WARN).with_writer(io::stderr).init();
    let listener = process::listen().await?;
    let url = env::var("MCP_URL")
        .or_else(|_| Ok::<_, io::Error>(format!("http://{}/mcp", listener.local_addr()?)))?;
    let has_key = env::var_os("CLERK_SECRET_KEY").is_some_and(|key| !key.is_empty());
    let local = if has_key { None } else { Some(clerk_mcp::start_local(4000).await?) };
    let clerk = match &local {
        None => Clerk::from_env()?,
        Some(local) => local.client_builder().build()?,
    };
    let app = clerk_mcp::app(&clerk, &url)?;

    println!("Listening on {url}");
    println!("Connect a client, and sign in when it opens a browser:");
    println!("    claude mcp add --transport http notes {url}");
    println!("    npx @modelcontextprotocol/inspector --cli {url} --method tools/list");
    if let Some(local) = &local {
        print_token(local, &url);
    }
    println!("Press Ctrl-C to stop.");
    axum::serve(listener, app).with_graceful_shutdown(process::stopped()).await?;
    Ok(())
}

/// Prints a command that calls a tool with a token that needed no client.
fn print_token(local: &LocalServer, url: &str) {
    let token = local.local().oauth_token("user_ada").audience([url]).scopes(["profile"]).create().token;
    println!(
        "CLERK_SECRET_KEY is not set: this is a LocalClerk in this process, and its page is {}",
        local.api_url()
    );
    println!("Without a client, as Ada Lovelace, who is an admin of Acme:");
    println!("    curl {url} -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \\");
    println!("        -H 'Accept: application/json, text/event-stream' \\");
    println!(
        "        -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"who_am_i\"}}}}'"
    );
}
