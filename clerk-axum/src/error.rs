use axum_core::response::{IntoResponse, Response};
use clerk_tower::server::rejection;

use crate::Rejection;

/// What a handler returns when a call to Clerk fails, or a session lacks something.
///
/// As a response it says no more than a caller may know: 404 when Clerk has no such thing, 503 with
/// `Retry-After` when Clerk cannot be reached or asks for patience, 500 for everything else. Look at the
/// variants to answer differently.
///
/// ```
/// use axum::{Json, extract::State};
/// use clerk_axum::{Clerk, Error, Page, Session, api::users, model::User};
///
/// async fn colleagues(session: Session, State(clerk): State<Clerk>) -> Result<Json<Page<User>>, Error> {
///     let organization = session.organization()?.id;
///     Ok(Json(clerk.send(users::list().organization_id([organization]).limit(20)).await?))
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request is turned away.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// A call to Clerk failed.
    #[error(transparent)]
    Call(#[from] clerk_tower::Error),
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self {
            Self::Rejected(rejection) => rejection,
            Self::Call(error) => Rejection::from(rejection::Rejection::of_call(&error)),
        }
        .into_response()
    }
}
