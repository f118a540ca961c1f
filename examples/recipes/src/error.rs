//! An application's own error type: one format for its own errors, for rejections, and for failed calls to Clerk.

use axum::{
    Json, Router,
    extract::{FromRef, Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use clerk_axum::{Clerk, ClerkLayer, Rejection, Session, api::users, require};
use serde_json::json;

/// Every error that a handler or an extractor of the application returns.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// A rejection, or a failed call to Clerk.
    #[error(transparent)]
    Clerk(#[from] clerk_axum::Error),
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// It does not exist, or belongs to somebody else.
    #[error("not found")]
    NotFound,
    /// Another user has this email address.
    #[error("this email address is taken")]
    EmailTaken,
}

/// For `?` on `session.organization()`, and in extractors that use one of Clerk's.
impl From<Rejection> for AppError {
    fn from(rejection: Rejection) -> Self {
        Self::Clerk(rejection.into())
    }
}

/// For `?` on `clerk.send(..)`. Errors that the application says more about have a variant. Everything else gets 404, 503
/// or 500 from `clerk_axum::Error`.
impl From<clerk_axum::tower::Error> for AppError {
    fn from(error: clerk_axum::tower::Error) -> Self {
        let is_taken = error.status_error().is_some_and(|status| status.has_code("form_identifier_exists"));
        if is_taken { Self::EmailTaken } else { Self::Clerk(error.into()) }
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let message = self.to_string();
        let (status, code) = match self {
            // With its status, `WWW-Authenticate` and `Retry-After`. `layer` replaces the body.
            Self::Clerk(error) => return error.into_response(),
            Self::Database(error) => {
                // The details are for the log, not for the caller.
                tracing::error!(%error, "the database failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "database")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found"),
            Self::EmailTaken => (StatusCode::CONFLICT, "email-taken"),
        };
        (status, body(code, &message)).into_response()
    }
}

/// The format of every error.
fn body(code: &str, message: &str) -> Json<serde_json::Value> {
    Json(json!({ "error": { "code": code, "message": message } }))
}

/// The layer of the application. Guards and extractors do not return an `AppError`, so their format is set here.
pub fn layer(clerk: &Clerk) -> ClerkLayer {
    ClerkLayer::new(clerk).on_rejection(|rejection, _| match rejection.asked_reverification() {
        // Clerk's front ends understand only the original body: they let the user verify, and repeat the request.
        Some(_) => rejection.clone().into_response(),
        None => body(rejection.code(), &rejection.body_text()).into_response(),
    })
}

#[derive(Clone, FromRef)]
struct App {
    clerk: Clerk,
}

async fn organization(session: Session) -> Result<String, AppError> {
    Ok(session.organization()?.id.to_string())
}

async fn register(State(clerk): State<Clerk>, Path(email): Path<String>) -> Result<String, AppError> {
    let user = clerk.send(users::create().email_address([email])).await?;
    Ok(user.id.to_string())
}

/// An application with this error type.
pub fn app(clerk: Clerk) -> Router {
    Router::new()
        .route("/organization", get(organization))
        .route("/register/{email}", post(register).route_layer(require::signed_in()))
        .layer(layer(&clerk))
        .with_state(App { clerk })
}
