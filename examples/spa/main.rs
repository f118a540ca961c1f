//! A single-page app on one origin, and its API on another: CORS, and whom the API believes.
//!
//! The page's script asks for a session token and sends it in the `Authorization` header, so no cookie crosses origins.
//! A `LocalClerk` in this process stands for Clerk, and `/token` for what `clerk.session.getToken()` does in a browser.
//! With `CLERK_SECRET_KEY` the API takes that instance's tokens, and answers the page's button with 401: what `/token` hands
//! out is still the `LocalClerk`'s. Put your front end's `getToken()` there. `PORT` and `API_PORT` set the ports.

use std::{env, error::Error};

use axum::{Json, Router, debug_handler, response::Html, routing::get};
use clerk_axum::{Clerk, ClerkLayer, Session, local::LocalClerk};
use http::{HeaderName, HeaderValue, Method, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower_http::cors::CorsLayer;

/// The page. `API` becomes the address of the API.
const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><title>A page and its API</title>
<h1>A page and its API</h1><button>Who am I?</button><pre></pre>
<script>
  document.querySelector("button").onclick = async () => {
    const token = await (await fetch("/token")).text();
    const answer = await fetch("API/me", { headers: { authorization: `Bearer ${token}` } });
    document.querySelector("pre").textContent = `${answer.status} ${await answer.text()}`;
  };
</script>
"#;

#[debug_handler]
async fn me(session: Session) -> Json<Value> {
    Json(json!({ "user": session.user_id(), "origin": session.authorized_party() }))
}

/// The API, for scripts of pages at `origin` and nobody else's.
fn api(clerk: &Clerk, origin: HeaderValue) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(origin)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([HeaderName::from_static("x-clerk-auth-reason")]);
    Router::new()
        .route("/me", get(me))
        .layer(ClerkLayer::new(clerk))
        // After ClerkLayer, and so outside of it: a preflight has no token, and the script may read a 401.
        .layer(cors)
}

async fn listen(variable: &str, port: u16) -> Result<(TcpListener, String), Box<dyn Error>> {
    let port = env::var(variable).ok().map_or(Ok(port), |text| text.parse())?;
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
        clerk_axum::ClerkBuilder::from_env()?
    } else {
        local.client_builder()
    };
    // A token says for which origin it was made. Those of other sites on the same domain are refused.
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
