//! A single-page app and its API on two origins: CORS, and authorized parties.
//!
//! The page's script gets a session token and sends it in the `Authorization` header, so no cookie crosses origins. Here
//! a `LocalClerk` in this process takes Clerk's place, and `/token` that of `clerk.session.getToken()` in a browser.
//!
//! With `CLERK_SECRET_KEY` the API accepts that instance's tokens instead. The page's button then gets a 401, because
//! `/token` still returns tokens of the `LocalClerk`: call `getToken()` of your front end there. `PORT` and `API_PORT`
//! set the ports; they default to 3000 and 3001.

use std::{env, error::Error};

use axum::{Json, Router, debug_handler, response::Html, routing::get};
use clerk_axum::{Clerk, ClerkLayer, Session, local::LocalClerk};
use http::{HeaderName, HeaderValue, Method, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower_http::cors::CorsLayer;

/// The page. `API` is replaced with the API's origin.
const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><title>A page and its API</title>
<h1>A page and its API</h1><button>Who am I?</button><pre></pre>
<script>
  document.querySelector("button").onclick = async () => {
    const token = await (await fetch("/token")).text();
    const response = await fetch("API/me", { headers: { authorization: `Bearer ${token}` } });
    document.querySelector("pre").textContent = `${response.status} ${await response.text()}`;
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
        // Added last, so outside ClerkLayer: preflight requests have no token, and scripts must be able to read a 401.
        .layer(cors)
}

async fn listen(variable: &str, port: u16) -> Result<(TcpListener, String), Box<dyn Error>> {
    let port = env::var(variable).ok().map_or(Ok(port), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    Ok((listener, origin))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
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
    let html = PAGE.replace("API", &address);
    let site = Router::new().route("/", get(move || async move { Html(html) })).route("/token", get(token));

    println!("The page is at {page}\nIts API is at {address}");
    tokio::try_join!(
        axum::serve(page_listener, site).into_future(),
        axum::serve(api_listener, api(&clerk, page.parse()?)).into_future(),
    )?;
    Ok(())
}
