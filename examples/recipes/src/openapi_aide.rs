//! An OpenAPI document with aide: extractors and rejections document themselves.

use aide::{
    axum::{
        ApiRouter,
        routing::{get, get_with},
    },
    openapi::{Info, OpenApi},
};
use axum::{
    Json, Router,
    extract::{FromRef, State},
};
use clerk_axum::{
    ApiKey, Clerk, ClerkLayer, ClerkUser, Error, Session,
    aide::{guarded, optional, security_schemes},
    api::users,
    require,
    token::Check,
};
use schemars::JsonSchema;
use serde::Serialize;

#[derive(Clone, FromRef)]
struct App {
    clerk: Clerk,
}

#[derive(Serialize, JsonSchema)]
struct Me {
    id: String,
    name: Option<String>,
}

async fn hello(session: Option<Session>) -> &'static str {
    if session.is_some() { "welcome back" } else { "hello stranger" }
}

async fn me(user: ClerkUser) -> Json<Me> {
    Json(Me { id: user.id.to_string(), name: user.full_name() })
}

async fn colleagues(session: Session, State(clerk): State<Clerk>) -> Result<Json<usize>, Error> {
    let organization = session.organization()?.id;
    Ok(Json(clerk.send(users::list().organization_id([organization]).limit(20)).await?.len()))
}

async fn owner(key: ApiKey) -> String {
    key.subject.to_string()
}

async fn reports() -> &'static str {
    "the reports"
}

/// The application, and its document.
pub fn app(clerk: Clerk) -> (Router, OpenApi) {
    let info = Info { title: "Reports".to_owned(), version: "1.0.0".to_owned(), ..Info::default() };
    let mut document = OpenApi { info, ..OpenApi::default() };
    let may_read = require::has(Check::new().permission("org:reports:read"));
    let app = ApiRouter::new()
        .api_route("/", get_with(hello, optional))
        .api_route("/me", get(me))
        .api_route("/colleagues", get(colleagues))
        .api_route("/owner", get(owner))
        // A guard is a layer, so the operation says that it has one.
        .api_route("/reports", get_with(reports, guarded).layer(may_read))
        .finish_api_with(&mut document, security_schemes)
        .layer(ClerkLayer::new(&clerk))
        .with_state(App { clerk });
    (app, document)
}
