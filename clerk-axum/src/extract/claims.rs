use std::{fmt, ops::Deref};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use clerk_core::token::SessionAuth;
use clerk_tower::server::rejection;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::Auth;
use crate::Rejection;

/// The claims of the request's session, custom ones among them, read into a type of your choice.
///
/// It rejects like [`Session`](crate::Session), and with 500 `claims-mismatch` when the claims do not fit the type: the
/// session is good, but what Clerk's dashboard puts into tokens is not what the application expects. The answer
/// names the claim and what was expected, and no value. A claim that not every user has is an `Option` of the type.
/// `Option<Claims<T>>` is `None` when the request brought no token, or that of a machine; claims that do not fit reject
/// all the same.
///
/// ```
/// use clerk_axum::Claims;
///
/// /// What this application adds to its tokens, in the dashboard under Sessions.
/// #[derive(serde::Deserialize)]
/// struct Custom {
///     tenant: String,
///     seats: Option<u32>,
/// }
///
/// async fn tenant(Claims(custom): Claims<Custom>) -> String {
///     format!("{} with {} seats", custom.tenant, custom.seats.unwrap_or(1))
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Claims<T>(pub T);

impl<T: DeserializeOwned> Claims<T> {
    fn of(session: &SessionAuth) -> Result<Self, Rejection> {
        let claims = session.claims_as().map(Self);
        claims.map_err(|error| rejection::Rejection::claims_mismatch(&error).into())
    }
}

impl<T> Deref for Claims<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Nothing of the claims is shown.
impl<T> fmt::Debug for Claims<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims").finish_non_exhaustive()
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Claims<T> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Self::of(Auth::of(parts)?.require_session()?)
    }
}

impl<S: Sync, T: DeserializeOwned> OptionalFromRequestParts<S> for Claims<T> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        Auth::of(parts)?.session_or_none()?.map(|session| Self::of(session)).transpose()
    }
}
