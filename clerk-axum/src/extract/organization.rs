use std::{fmt, ops::Deref, sync::Arc};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use clerk_core::{
    api::organizations,
    id::OrganizationId,
    model::Organization,
    token::{self, Check, SessionAuth},
};
use clerk_tower::server::rejection;
use http::request::Parts;

use super::{Auth, user::recent};
use crate::Rejection;

/// The organization that is active in the session, and the member's place in it, as the token says: without a call
/// to Clerk.
///
/// It rejects like [`Session`](crate::Session), and with 403 `organization-missing` in a personal account.
/// `Option<ActiveOrganization>` is `None` there, and when the request brought no token, or that of a machine; a bad
/// token rejects all the same.
///
/// ```
/// use clerk_axum::{ActiveOrganization, token::Check};
///
/// async fn reports(organization: ActiveOrganization) -> String {
///     let may_write = organization.has(&Check::new().permission("org:reports:write"));
///     format!(
///         "{} as {}, {}",
///         organization.slug().unwrap_or("no slug"),
///         organization.role().unwrap_or("nobody"),
///         if may_write { "writing" } else { "reading" },
///     )
/// }
/// ```
#[derive(Clone)]
pub struct ActiveOrganization {
    id: OrganizationId,
    session: Arc<SessionAuth>,
}

impl ActiveOrganization {
    fn of(session: &Arc<SessionAuth>) -> Option<Self> {
        let id = session.claims().organization()?.id.clone();
        Some(Self { id, session: session.clone() })
    }

    /// The organization's identifier.
    #[must_use]
    pub const fn id(&self) -> &OrganizationId {
        &self.id
    }

    /// Its name in URLs.
    #[must_use]
    pub fn slug(&self) -> Option<&str> {
        self.session.claims().organization_slug()
    }

    /// The member's role, `org:admin`.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        self.session.claims().organization_role()
    }

    /// The member's permissions, as `org:<feature>:<permission>`. To ask for one, use [`has`](Self::has).
    #[must_use]
    pub fn permissions(&self) -> Vec<String> {
        self.session.claims().permissions()
    }

    /// Whether the session has everything that is asked for.
    #[must_use]
    pub fn has(&self, check: &Check) -> bool {
        self.session.claims().has(check)
    }

    /// The same as one value, the way [`Session::organization`](crate::Session::organization) gives it.
    #[must_use]
    pub fn claims(&self) -> Option<token::Organization<'_>> {
        self.session.claims().organization()
    }
}

/// Nothing of the claims is shown.
impl fmt::Debug for ActiveOrganization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActiveOrganization").finish_non_exhaustive()
    }
}

impl<S: Sync> FromRequestParts<S> for ActiveOrganization {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let auth = Auth::of(parts)?;
        Self::of(auth.require_session()?).ok_or_else(|| rejection::Rejection::organization_missing().into())
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for ActiveOrganization {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        Ok(Auth::of(parts)?.session_or_none()?.and_then(Self::of))
    }
}

/// The session's active organization as Clerk knows it, fetched with the instance's secret key.
///
/// It rejects like [`ActiveOrganization`]. In addition: 403 `organization-deleted` when the organization no longer
/// exists, even while the token lives; 503 when Clerk does not answer; 500 `clerk-error` when Clerk refuses the call,
/// because the secret key was revoked for example. `Option<ClerkOrganization>` is `None` where
/// `Option<ActiveOrganization>` is.
///
/// It comes from the client's [cache](clerk_tower::client::cache) by the same rules as [`ClerkUser`](crate::ClerkUser), so it
/// is at most 30 seconds old. Whether the user is still a member, and still may sign in, is not asked: the first is
/// what the token says, for as long as it lives; for the second take `ClerkUser` as well.
///
/// ```
/// use clerk_axum::ClerkOrganization;
///
/// async fn name(organization: ClerkOrganization) -> String {
///     format!("{} may have {} members", organization.name, organization.max_allowed_memberships)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ClerkOrganization(Arc<Organization>);

impl ClerkOrganization {
    /// The organization itself.
    #[must_use]
    pub fn into_inner(self) -> Organization {
        Arc::unwrap_or_clone(self.0)
    }

    async fn of(auth: &Auth, id: &OrganizationId) -> Result<Self, Rejection> {
        match recent(auth).cached(organizations::get(id.clone())).await {
            Ok(organization) => Ok(Self(organization)),
            Err(error) if error.is_missing() => Err(rejection::Rejection::organization_deleted().into()),
            Err(error) => Err(rejection::Rejection::of_call(&error).into()),
        }
    }
}

impl Deref for ClerkOrganization {
    type Target = Organization;

    fn deref(&self) -> &Organization {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for ClerkOrganization {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let active = <ActiveOrganization as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        Self::of(&Auth::of(parts)?, active.id()).await
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for ClerkOrganization {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        let auth = Auth::of(parts)?;
        let active = auth.session_or_none()?.and_then(ActiveOrganization::of);
        match active {
            Some(active) => Self::of(&auth, active.id()).await.map(Some),
            None => Ok(None),
        }
    }
}
