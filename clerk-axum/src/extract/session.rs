use std::{ops::Deref, sync::Arc};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use clerk_core::{
    authenticate::SessionAuth,
    token::{Organization, SessionClaims},
};
use clerk_tower::reject;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::Auth;
use crate::Rejection;

/// The verified session of a signed-in request: its claims, without a call to Clerk.
///
/// It rejects with 401 when the request is signed out and 503 when that could not be decided.
/// `Option<Session>` is `None` when the request brought no token; a bad token rejects all the same.
///
/// ```
/// use clerk_axum::{Error, Session};
///
/// async fn organization(session: Session) -> Result<String, Error> {
///     let organization = session.organization()?;
///     Ok(format!("{} in {}", organization.role.unwrap_or("nobody"), organization.id))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Session(Arc<SessionAuth>);

impl Session {
    pub(super) fn of(auth: &Auth) -> Result<Self, Rejection> {
        Ok(Self(auth.require_session()?.clone()))
    }

    /// The active organization.
    ///
    /// # Errors
    /// 403 `organization-missing` in a personal account.
    pub fn organization(&self) -> Result<Organization<'_>, Rejection> {
        self.0.claims().organization().ok_or_else(|| reject::Rejection::organization_missing().into())
    }

    /// All claims, custom ones among them, read into a type of your choice.
    ///
    /// # Errors
    /// When the claims do not fit the type.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        self.0.claims_as()
    }

    /// The token's text, to pass it on to another service. It is a credential: do not log it.
    #[must_use]
    pub fn expose_token(&self) -> &str {
        self.0.expose_token()
    }
}

impl Deref for Session {
    type Target = SessionClaims;

    fn deref(&self) -> &SessionClaims {
        self.0.claims()
    }
}

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Self::of(&Auth::of(parts)?)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Session {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        let auth = Auth::of(parts)?;
        if auth.is_anonymous() { Ok(None) } else { Self::of(&auth).map(Some) }
    }
}
