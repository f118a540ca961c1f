use std::{fmt, ops::Deref, sync::Arc};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use clerk_core::{
    id::OrganizationId,
    model::Organization,
    token::{self, Check, SessionAuth},
};
use clerk_tower::server::rejection;
use http::request::Parts;

use super::auth::decided;
use crate::Rejection;

/// Extractor for the session's active organization, with the member's role and permissions; no call to Clerk.
///
/// All of it comes from the token, until that expires after about a minute. To reject members who were removed, banned or
/// deprovisioned since then, take [`ClerkOrganization`].
///
/// It rejects like [`Session`](crate::Session), and with 403 `organization-missing` for a personal account.
/// `Option<ActiveOrganization>` is `None` where `Option<Session>` is, and for a personal account.
#[doc = include_str!("derive.md")]
///
/// ```
/// use clerk_axum::{ActiveOrganization, token::Check};
///
/// async fn reports(organization: ActiveOrganization) -> String {
///     let may_write = organization.has(&Check::new().permission("org:reports:write"));
///     format!(
///         "{} as {}, {}",
///         organization.slug().unwrap_or("no slug"),
///         organization.role().unwrap_or("no role"),
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

    /// Returns the organization's ID.
    #[must_use]
    pub const fn id(&self) -> &OrganizationId {
        &self.id
    }

    /// Returns the organization's slug, its name in URLs.
    #[must_use]
    pub fn slug(&self) -> Option<&str> {
        self.session.claims().organization_slug()
    }

    /// Returns the member's role, such as `org:admin`.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        self.session.claims().organization_role()
    }

    /// Returns the member's permissions, as `org:<feature>:<permission>`. To check one, use [`has`](Self::has).
    #[must_use]
    pub fn permissions(&self) -> Vec<String> {
        self.session.claims().permissions()
    }

    /// Whether the session passes every part of `check`.
    #[must_use]
    pub fn has(&self, check: &Check) -> bool {
        self.session.claims().has(check)
    }

    /// Returns the same as one value, like [`Session::organization`](crate::Session::organization).
    #[must_use]
    pub fn claims(&self) -> Option<token::Organization<'_>> {
        self.session.claims().organization()
    }
}

/// Shows no claims.
impl fmt::Debug for ActiveOrganization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActiveOrganization").finish_non_exhaustive()
    }
}

impl<S: Sync> FromRequestParts<S> for ActiveOrganization {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let auth = decided(parts)?;
        Self::of(auth.require_session()?).ok_or_else(|| rejection::Rejection::organization_missing().into())
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for ActiveOrganization {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        Ok(decided(parts)?.optional_session()?.and_then(Self::of))
    }
}

/// Extractor for the session's active organization, fetched from Clerk or its cache.
///
/// ```
/// use clerk_axum::ClerkOrganization;
///
/// async fn name(organization: ClerkOrganization) -> String {
///     format!("{} may have {} members", organization.name, organization.max_allowed_memberships)
/// }
/// ```
///
/// The value is at most 30 seconds old, by the same rules as [`ClerkUser`](crate::ClerkUser). The user's membership is
/// fetched too, and is as old. The role and the permissions come from the token. A locked user is rejected by
/// `ClerkUser` only: a membership does not show the lock.
///
/// It rejects like [`ActiveOrganization`], and in these cases:
///
/// | rejection | if |
/// |---|---|
/// | 403 `user-banned` | the member is banned |
/// | 403 `user-deprovisioned` | a directory has deactivated the member's account |
/// | 403 `organization-missing` | the user is no longer a member |
/// | 403 `organization-deleted` | the organization no longer exists |
/// | 503 `clerk-unavailable` | Clerk does not respond, and no recent value is cached |
/// | 500 `clerk-error` | Clerk refuses the call, for example after the secret key was revoked |
/// | 500 `clerk-secret-key-missing` | the layer's client has no secret key |
///
/// `Option<ClerkOrganization>` is `None` where `Option<ActiveOrganization>` is.
#[doc = include_str!("derive.md")]
#[derive(Clone, Debug)]
pub struct ClerkOrganization(Arc<Organization>);

impl ClerkOrganization {
    pub(super) const fn of(organization: Arc<Organization>) -> Self {
        Self(organization)
    }

    /// Returns the organization.
    #[must_use]
    pub fn into_inner(self) -> Organization {
        Arc::unwrap_or_clone(self.0)
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

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Ok(Self::of(decided(parts)?.organization().await?))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for ClerkOrganization {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        let auth = decided(parts)?;
        match auth.optional_session()?.and_then(|session| session.claims().organization()) {
            Some(_) => Ok(Some(Self::of(auth.organization().await?))),
            None => Ok(None),
        }
    }
}
