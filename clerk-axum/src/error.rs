use axum_core::response::{IntoResponse, Response};
use clerk_tower::server::rejection;

use crate::Rejection;

/// Error of a handler: a call to Clerk failed, or the request is rejected.
///
/// The response contains no more than a caller may know: 404 if the resource does not exist, 503 with `Retry-After` if
/// Clerk cannot be reached or its rate limit is exceeded, 500 for everything else. Match on the variants to respond
/// differently.
///
/// ```
/// use axum::{Json, extract::State};
/// use clerk_axum::{Clerk, Error, Session, api::users};
///
/// async fn colleagues(session: Session, State(clerk): State<Clerk>) -> Result<Json<usize>, Error> {
///     let organization = session.organization()?.id;
///     Ok(Json(clerk.send(users::list().organization_id([organization]).limit(20)).await?.len()))
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request is rejected.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// A call to Clerk failed.
    #[error(transparent)]
    Call(#[from] clerk_tower::Error),
}

impl From<rejection::Rejection> for Error {
    fn from(rejection: rejection::Rejection) -> Self {
        Self::Rejected(rejection.into())
    }
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
