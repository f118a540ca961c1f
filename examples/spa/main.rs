//! A single-page app and its API on two origins: CORS, and authorized parties.
//!
//! The page's script gets a session token and sends it in the `Authorization` header, so no cookie crosses origins. Here
//! a `LocalClerk` in this process takes Clerk's place, and `/token` that of `clerk.session.getToken()` in a browser.
//!
//! With `CLERK_SECRET_KEY` the API accepts that instance's tokens instead. The page's button then gets a 401, because
//! `/token` still returns tokens of the `LocalClerk`: call `getToken()` of your front end there. `PORT` and `API_PORT`
//! set the ports; they default to 3000 and 3001.

use std::{env, error::Error, process::ExitCode};

use axum::{Json, Router, debug_handler, response::Html, routing::get};
use clerk_axum::{Clerk, ClerkLayer, Session, local::LocalClerk};
use http::{HeaderName, HeaderValue, Method, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower_http::cors::CorsLayer;

/// The page. `{page}` and `{api}` are replaced with the origins.
const PAGE: &str = r#"<!doctype html><html lang="en"><meta charset="utf-8"><title>A page and its API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>pre { white-space: pre-wrap; overflow-wrap: anywhere }</style>
<main><h1>A page and its API</h1><button>Who am I?</button><pre role="status"></pre></main>
<script>
  const ask = async () => {
    const token = await (await fetch("/token")).text();
    const response = await fetch("{api}/me", { headers: { authorization: `Bearer ${token}` } });
    return `${response.status} ${await response.text()}`;
  };
  // For a script, a response that CORS forbids is the same as none.
  const explain = (error) => location.origin === "{page}"
    ? `${error}. Is {api} running?`
    : `${error}. The API accepts only the page at {page}, and this one is at ${location.origin}.`;
  document.querySelector("button").onclick = async () => {
    document.querySelector("pre").textContent = await ask().catch(explain);
  };
</script>
"#;

#[debug_handler]
async fn me(session: Session) -> Json<Value> {
    Json(json!({ "user": session.user_id(), "origin": session.authorized_party() }))
}

/// The API, which only scripts of pages at `origin` may call.
fn api(clerk: &Clerk, origin: HeaderValue) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(origin)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([HeaderName::from_static("x-clerk-auth-reason")]);
    Router::new()
        .route("/me", get(me))
        .layer(ClerkLayer::new(clerk))
        // Added last, so outside every guard: preflight requests have no token, and scripts must be able to read a 401.
        .layer(cors)
}

async fn listen(variable: &str, port: u16) -> Result<(TcpListener, String), Box<dyn Error>> {
    let port = clerk_examples::port(variable, port)?;
    let listener = clerk_examples::listen_on(variable, port).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    Ok((listener, origin))
}

#[tokio::main]
async fn main() -> ExitCode {
    clerk_examples::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let (page_listener, page) = listen("PORT", 3000).await?;
    let (api_listener, address) = listen("API_PORT", 3001).await?;

    let local = LocalClerk::seeded();
    let clerk = if env::var_os("CLERK_SECRET_KEY").is_some_and(|key| !key.is_empty()) {
        clerk_axum::ClerkBuilder::from_env()
    } else {
        local.client_builder()
    };
    // A token names the origin that it was issued to. This rejects tokens of other sites on the same domain.
    let clerk = clerk.authorized_parties([&*page]).build()?;

    let origin = page.clone();
    let token = move || {
        let session = local.sign_in("user_ada").authorized_party(&*origin);
        async move { session.token() }
    };
    let html = PAGE.replace("{page}", &page).replace("{api}", &address);
    let site = Router::new().route("/", get(move || async move { Html(html) })).route("/token", get(token));

    println!("The page is at {page}\nIts API is at {address}");
    println!(
        "Open the page and press the button; at http://localhost it has another origin, which the API refuses."
    );
    tokio::try_join!(
        axum::serve(page_listener, site).into_future(),
        axum::serve(api_listener, api(&clerk, page.parse()?)).into_future(),
    )?;
    Ok(())
}
