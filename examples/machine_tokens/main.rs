//! Users and machines: a service that accepts session tokens and API keys, and where users create their own keys.
//!
//! With `CLERK_SECRET_KEY` and `CLERK_PUBLISHABLE_KEY` it uses that instance. Both are required, because it accepts
//! another kind of token next to sessions. Without them, it starts a `LocalClerk` in this process and prints `curl`
//! commands for a user and for a machine. `PORT` sets the port; it defaults to 3000.

use std::{env, error::Error, process::ExitCode, time::Duration};

use axum::{
    Json, Router, debug_handler,
    extract::{FromRef, Path, State},
    http::StatusCode,
    routing::{get, post},
};
use clerk_axum::{
    ApiKey, Clerk, ClerkBuilder, ClerkLayer, Session, api::api_keys, local::LocalClerk, require,
    token::TokenKind,
};
use serde_json::{Value, json};

#[derive(Clone, FromRef)]
struct App {
    clerk: Clerk,
}

fn app(clerk: Clerk) -> Router {
    // Each guard accepts only the kind of token that it names, so a session does not pass.
    let reports = get(read)
        .route_layer(require::scope(TokenKind::ApiKey, "reports:read"))
        .merge(post(write).route_layer(require::scope(TokenKind::ApiKey, "reports:write")));
    Router::new()
        .route("/whoami", get(whoami))
        .route("/reports", reports)
        .route("/keys", post(create_key))
        .route("/keys/{id}/revoke", post(revoke_key))
        .layer(ClerkLayer::new(&clerk))
        .with_state(App { clerk })
}

/// Accepts API keys too. By default, a layer accepts session tokens only.
fn accept_api_keys(builder: ClerkBuilder) -> ClerkBuilder {
    builder.authentication(|options| options.accepted_kinds([TokenKind::Session, TokenKind::ApiKey]))
}

/// For users, machines, and anonymous callers.
#[debug_handler]
async fn whoami(session: Option<Session>, key: Option<ApiKey>) -> Json<Value> {
    Json(match (session, key) {
        (Some(session), _) => json!({ "user": session.user_id() }),
        (_, Some(key)) => json!({ "key": key.name, "subject": key.subject, "scopes": key.scopes }),
        _ => json!({ "anonymous": true }),
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

/// Creates a key for the signed-in user. Only this response contains its secret.
#[debug_handler(state = App)]
async fn create_key(session: Session, State(clerk): State<Clerk>) -> Result<Json<Value>, clerk_axum::Error> {
    let key = api_keys::create("created by the user", session.user_id().as_str()).scopes(["reports:read"]);
    let key = clerk.send(key.seconds_until_expiration(30 * 86_400)).await?;
    Ok(Json(json!({ "id": key.id, "secret": key.secret })))
}

/// Users can revoke their own keys only.
#[debug_handler(state = App)]
async fn revoke_key(
    session: Session,
    State(clerk): State<Clerk>,
    Path(id): Path<String>,
) -> Result<Result<Json<Value>, StatusCode>, clerk_axum::Error> {
    let key = clerk.send(api_keys::get(id)).await?;
    if key.subject != *session.user_id().as_str() {
        return Ok(Err(StatusCode::NOT_FOUND));
    }
    let key = clerk.send(api_keys::revoke(key.id)).await?;
    Ok(Ok(Json(json!({ "id": key.id, "revoked": key.revoked }))))
}

#[tokio::main]
async fn main() -> ExitCode {
    clerk_examples::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let local = env::var_os("CLERK_SECRET_KEY").is_none_or(|key| key.is_empty()).then(LocalClerk::seeded);
    let clerk = match &local {
        None => accept_api_keys(ClerkBuilder::from_env()).build()?,
        Some(local) => accept_api_keys(local.client_builder()).build()?,
    };
    let listener = clerk_examples::listen().await?;
    let address = listener.local_addr()?;
    if let Some(local) = &local {
        let key = local.api_key("nightly").subject("user_ada").scopes(["reports:read"]).create();
        let session = local.sign_in("user_ada").lifetime(Duration::from_secs(43_200));
        println!("# a machine\ncurl http://{address}/reports -H 'Authorization: Bearer {}'", key.secret);
        println!("# a user\ncurl http://{address}/whoami -H 'Authorization: Bearer {}'", session.token());
        println!("# the user creates a key with POST /keys, and revokes it with POST /keys/<id>/revoke");
    }
    println!("Listening on http://{address}");
    axum::serve(listener, app(clerk)).await?;
    Ok(())
}
