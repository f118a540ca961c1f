//! An OpenAPI document with utoipa: its macros name the extractors.

use axum::{
    Json, Router,
    extract::{FromRef, State},
    routing::get,
};
use clerk_axum::{
    ApiKey, Clerk, ClerkLayer, ClerkUser, Error, Rejection, Session, api::users, require, token::Check,
    utoipa::SecuritySchemes,
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

#[derive(Clone, FromRef)]
struct App {
    clerk: Clerk,
}

#[derive(Serialize, ToSchema)]
struct Me {
    id: String,
    name: Option<String>,
}

/// Says hello. Without a token too: the first requirement is empty.
#[utoipa::path(
    get, path = "/",
    responses((status = 200, body = String), Session),
    security((), ("clerk_bearer" = []), ("clerk_cookie" = []))
)]
async fn hello(session: Option<Session>) -> &'static str {
    if session.is_some() { "welcome back" } else { "hello stranger" }
}

/// Returns the signed-in user.
#[utoipa::path(
    get, path = "/me",
    responses((status = 200, body = Me), ClerkUser),
    security(("clerk_bearer" = []), ("clerk_cookie" = []))
)]
async fn me(user: ClerkUser) -> Json<Me> {
    Json(Me { id: user.id.to_string(), name: user.full_name() })
}

/// Counts the members of the organization.
#[utoipa::path(
    get, path = "/colleagues",
    responses((status = 200, body = usize), Error),
    security(("clerk_bearer" = []), ("clerk_cookie" = []))
)]
async fn colleagues(session: Session, State(clerk): State<Clerk>) -> Result<Json<usize>, Error> {
    let organization = session.organization()?.id;
    Ok(Json(clerk.send(users::list().organization_id([organization]).limit(20)).await?.len()))
}

/// Returns the owner of an API key.
#[utoipa::path(
    get, path = "/owner",
    responses((status = 200, body = String), ApiKey),
    security(("clerk_machine" = []))
)]
async fn owner(key: ApiKey) -> String {
    key.subject.to_string()
}

/// Returns the reports, behind a guard.
#[utoipa::path(
    get, path = "/reports",
    responses((status = 200, body = String), Rejection),
    security(("clerk_bearer" = []), ("clerk_cookie" = []))
)]
async fn reports() -> &'static str {
    "the reports"
}

/// The document.
#[derive(Debug, OpenApi)]
#[openapi(
    info(title = "Reports", version = "1.0.0"),
    paths(hello, me, colleagues, owner, reports),
    modifiers(&SecuritySchemes)
)]
pub struct Document;

/// The application.
pub fn app(clerk: Clerk) -> Router {
    let may_read = require::has(Check::new().permission("org:reports:read"));
    Router::new()
        .route("/", get(hello))
        .route("/me", get(me))
        .route("/colleagues", get(colleagues))
        .route("/owner", get(owner))
        .route("/reports", get(reports).route_layer(may_read))
        .layer(ClerkLayer::new(&clerk))
        .with_state(App { clerk })
}
