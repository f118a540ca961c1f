//! Machines beside people: a service that takes session tokens and API keys, and lets people make keys of their own.
//!
//! With `CLERK_SECRET_KEY` and `CLERK_PUBLISHABLE_KEY` it talks to that instance; both are needed, because it takes
//! sessions beside another kind of token. Without them, it starts a `LocalClerk` in this process and prints
//! `curl` lines for a person and for a machine. `PORT` sets the port.

use std::{env, error::Error, time::Duration};

use axum::{
    Json, Router, debug_handler,
    extract::{FromRef, Path, State},
    http::StatusCode,
    routing::{get, post},
};
use clerk_axum::{
    ApiKey, Clerk, ClerkBuilder, ClerkLayer, Session,
    api::api_keys,
    local::LocalClerk,
    model::{self, ApiKeyWithSecret},
    require,
    token::TokenKind,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[derive(Clone, FromRef)]
struct App {
    clerk: Clerk,
}

fn app(clerk: Clerk) -> Router {
    // Each guard is for the kind of token that it names: a session opens none of these.
    let reports = get(read)
        .route_layer(require::scope(TokenKind::ApiKey, "reports:read"))
        .merge(post(write).route_layer(require::scope(TokenKind::ApiKey, "reports:write")));
    Router::new()
        .route("/whoami", get(whoami))
        .route("/reports", reports)
        .route("/keys", post(make_key))
        .route("/keys/{id}/revoke", post(revoke_key))
        .layer(ClerkLayer::new(&clerk))
        .with_state(App { clerk })
}

/// A layer takes session tokens alone unless it is told to take more.
fn accepting(builder: ClerkBuilder) -> ClerkBuilder {
    builder.authentication(|options| options.accepted_kinds([TokenKind::Session, TokenKind::ApiKey]))
}

/// Open to people and to machines.
#[debug_handler]
async fn whoami(session: Option<Session>, key: Option<ApiKey>) -> Json<Value> {
    Json(match (session, key) {
        (Some(session), _) => json!({ "person": session.user_id() }),
        (_, Some(key)) => json!({ "key": key.name, "of": key.subject, "scopes": key.scopes }),
        _ => json!({ "nobody": true }),
    })
}

#[debug_handler]
async fn read(key: ApiKey) -> Json<Value> {
    Json(json!({ "reports": ["january", "february"], "read_by": key.name }))
}

#[debug_handler]
async fn write(key: ApiKey) -> Json<Value> {
    Json(json!({ "written_by": key.name }))
}

/// A key for whoever is signed in. Its secret is shown this once.
#[debug_handler(state = App)]
async fn make_key(
    session: Session,
    State(clerk): State<Clerk>,
) -> Result<Json<ApiKeyWithSecret>, clerk_axum::Error> {
    let key = api_keys::create("made by hand", session.user_id().as_str()).scopes(["reports:read"]);
    Ok(Json(clerk.send(key.seconds_until_expiration(30 * 86_400)).await?))
}

/// People revoke their own keys, and nobody else's.
#[debug_handler(state = App)]
async fn revoke_key(
    session: Session,
    State(clerk): State<Clerk>,
    Path(id): Path<String>,
) -> Result<Result<Json<model::ApiKey>, StatusCode>, clerk_axum::Error> {
    let key = clerk.send(api_keys::get(id)).await?;
    if key.subject != *session.user_id().as_str() {
        return Ok(Err(StatusCode::NOT_FOUND));
    }
    Ok(Ok(Json(clerk.send(api_keys::revoke(key.id)).await?)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let local = env::var_os("CLERK_SECRET_KEY").is_none_or(|key| key.is_empty()).then(LocalClerk::seeded);
    let clerk = match &local {
        None => accepting(ClerkBuilder::from_env()?).build()?,
        Some(local) => accepting(local.client_builder()).build()?,
    };
    let port: u16 = env::var("PORT").ok().map_or(Ok(3000), |text| text.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    if let Some(local) = &local {
        let key = local.api_key("nightly").subject("user_ada").scopes(["reports:read"]).create();
        let session = local.sign_in("user_ada").lifetime(Duration::from_secs(43_200));
        println!("# a machine\ncurl http://{address}/reports -H 'Authorization: Bearer {}'", key.secret);
        println!("# a person\ncurl http://{address}/whoami -H 'Authorization: Bearer {}'", session.token());
        println!("# the person makes a key: POST to /keys, and /keys/<id>/revoke ends it");
    }
    println!("Listening on http://{address}");
    axum::serve(listener, app(clerk)).await?;
    Ok(())
}
