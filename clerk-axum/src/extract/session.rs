use std::{ops::Deref, sync::Arc};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use clerk_core::token::{Organization, SessionAuth, SessionClaims};
use clerk_tower::server::{authenticate::Auth, rejection};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::auth::decided;
use crate::Rejection;

/// Extractor for the verified session of a signed-in request, with its claims; no call to Clerk.
///
/// It rejects with 401 if the request is not signed in, and with 503 if Clerk is needed to decide and does not respond.
/// `Option<Session>` is `None` for requests without a token, for pending sessions and for machine tokens; an invalid
/// token is still rejected.
#[doc = include_str!("derive.md")]
///
/// ```
/// use clerk_axum::{Error, Session};
///
/// async fn organization(session: Session) -> Result<String, Error> {
///     let organization = session.organization()?;
///     Ok(format!("{} in {}", organization.role.unwrap_or("no role"), organization.id))
/// }
/// ```
///
/// It dereferences to [`SessionClaims`], which has a method for each claim:
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
///     // Whether a member of the support team has signed in as the user.
///     let is_impersonated = session.actor().is_some();
///     let may_write = session.has(&Check::new().permission("org:reports:write"));
///     // How long ago the user entered the password.
///     let age = session.factor_ages().and_then(|ages| ages.first());
///     let is_recent = age.is_some_and(|age| age < Duration::from_secs(600));
///     // Custom claims.
///     let plan = session.claims::<Custom>()?.plan;
///     Ok(format!("{user} {is_impersonated} {may_write} {is_recent} {plan}"))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Session(Arc<SessionAuth>);

impl Session {
    pub(crate) const fn new(session: Arc<SessionAuth>) -> Self {
        Self(session)
    }

    pub(super) fn of(auth: &Auth) -> Result<Self, Rejection> {
        Ok(Self(auth.require_session()?.clone()))
    }

    /// Returns the active organization.
    ///
    /// # Errors
    /// 403 `organization-missing` for a personal account.
    pub fn organization(&self) -> Result<Organization<'_>, Rejection> {
        self.0.claims().organization().ok_or_else(|| rejection::Rejection::organization_missing().into())
    }

    /// Deserializes all claims, including custom ones, into a type of your choice. The extractor for this is
    /// [`Claims`](crate::Claims).
    ///
    /// # Errors
    /// 500 `claims-mismatch` if the claims do not match the type.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        self.0.claims_as().map_err(|error| rejection::Rejection::claims_mismatch(&error).into())
    }

    /// Returns the token, to call another service with. It is a credential: do not log it.
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
        Self::of(decided(parts)?)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Session {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        Ok(decided(parts)?.optional_session()?.cloned().map(Self))
    }
}
