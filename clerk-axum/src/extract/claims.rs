use std::{fmt, ops::Deref};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use clerk_core::token::SessionAuth;
use clerk_tower::server::rejection;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::auth::decided;
use crate::Rejection;

/// Extractor for the claims of the session, including custom ones, deserialized into a type of your choice.
///
/// ```
/// use clerk_axum::Claims;
///
/// /// The custom claims, as set in Clerk's dashboard under Sessions.
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
///
/// It rejects like [`Session`](crate::Session), and with 500 `claims-mismatch` if the claims do not match the type: the
/// session is valid, but the dashboard's claims differ from what the application expects. The response names the claim
/// and what was expected, but no value. Use an `Option` field for a claim that not every user has.
///
/// `Option<Claims<T>>` is `None` where `Option<Session>` is; claims that do not match are still rejected.
#[doc = include_str!("derive.md")]
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

/// Shows no claims.
impl<T> fmt::Debug for Claims<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims").finish_non_exhaustive()
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Claims<T> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Self::of(decided(parts)?.require_session()?)
    }
}

impl<S: Sync, T: DeserializeOwned> OptionalFromRequestParts<S> for Claims<T> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        decided(parts)?.optional_session()?.map(|session| Self::of(session)).transpose()
    }
}
