use std::{ops::Deref, sync::Arc};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use clerk_core::token::{Organization, SessionAuth, SessionClaims};
use clerk_tower::server::rejection;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::Auth;
use crate::Rejection;

/// The verified session of a signed-in request: its claims, without a call to Clerk.
///
/// It rejects with 401 when the request is signed out and 503 when that could not be decided.
/// `Option<Session>` is `None` when the request brought no token, or that of a machine; a bad token rejects all the
/// same.
///
/// ```
/// use clerk_axum::{Error, Session};
///
/// async fn organization(session: Session) -> Result<String, Error> {
///     let organization = session.organization()?;
///     Ok(format!("{} in {}", organization.role.unwrap_or("nobody"), organization.id))
/// }
/// ```
///
/// What a token says is at hand, and [`SessionClaims`] lists all of it:
///
/// ```
/// use std::time::Duration;
/// use clerk_axum::{Error, Session, token::Check};
///
/// #[derive(serde::Deserialize)]
/// struct Custom {
///     plan: String,
/// }
///
/// async fn about(session: Session) -> Result<String, Error> {
///     let user = session.user_id();
///     // Somebody of the support team who has signed in as the user.
///     let is_impersonated = session.actor().is_some();
///     let may_write = session.has(&Check::new().permission("org:reports:write"));
///     // How long ago the password was asked for.
///     let age = session.factor_ages().and_then(|ages| ages.first());
///     let is_recent = age.is_some_and(|age| age < Duration::from_secs(600));
///     // Claims of your own.
///     let plan = session.claims::<Custom>()?.plan;
///     Ok(format!("{user} {is_impersonated} {may_write} {is_recent} {plan}"))
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
        self.0.claims().organization().ok_or_else(|| rejection::Rejection::organization_missing().into())
    }

    /// All claims, custom ones among them, read into a type of your choice. As an extractor:
    /// [`Claims`](crate::Claims).
    ///
    /// # Errors
    /// 500 `claims-mismatch` when the claims do not fit the type.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        self.0.claims_as().map_err(|error| rejection::Rejection::claims_mismatch(&error).into())
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
        Ok(Auth::of(parts)?.session_or_none()?.cloned().map(Self))
    }
}
