use std::{ops::Deref, sync::Arc, time::Duration};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use clerk_core::{api::users, model::User, token::SessionAuth};
use clerk_tower::{Clerk, server::rejection};
use http::request::Parts;

use super::Auth;
use crate::Rejection;

/// The maximum age of a cached user or organization.
const MAX_AGE: Duration = Duration::from_secs(30);

/// Returns the layer's client, limited to values that are recent enough.
pub(super) fn recent(auth: &Auth) -> Clerk {
    let clerk = auth.clerk();
    clerk.with(clerk.options().clone().max_age_at_most(MAX_AGE))
}

/// Extractor for the signed-in user, fetched from Clerk or its cache.
///
/// ```
/// use clerk_axum::ClerkUser;
///
/// async fn me(user: ClerkUser) -> String {
///     format!("hello {}", user.first_name.as_deref().unwrap_or("you"))
/// }
/// ```
///
/// If you need only the ID, take [`Session`](crate::Session), which needs no call.
///
/// It rejects like [`Session`](crate::Session), and in these cases:
///
/// | rejection | if |
/// |---|---|
/// | 403 `user-blocked` | the user is banned, locked or deprovisioned |
/// | 401 `user-deleted` | the user no longer exists |
/// | 503 `clerk-unavailable` | Clerk does not respond, and no recent value is cached |
/// | 500 `clerk-error` | Clerk refuses the call, for example after the secret key was revoked |
///
/// `Option<ClerkUser>` is `None` where `Option<Session>` is.
#[doc = include_str!("derive.md")]
///
/// # Age
///
/// The user comes from the client's [cache](clerk_tower::client::cache) and is at most 30 seconds old, even while Clerk
/// is down. So a user who was banned, locked, deprovisioned or deleted elsewhere is rejected after 30 seconds at the latest. After a
/// write through the same client, or a webhook, the change is visible at once.
///
/// A shorter fresh age of the cache, or a shorter [`max_age`](clerk_tower::client::options::CallOptions::max_age) of the
/// layer's client, shortens this period. With `CachePolicy::off()`, every request calls Clerk.
#[derive(Clone, Debug)]
pub struct ClerkUser(Arc<User>);

impl ClerkUser {
    /// Returns the user.
    #[must_use]
    pub fn into_inner(self) -> User {
        Arc::unwrap_or_clone(self.0)
    }

    async fn of(auth: &Auth, session: &SessionAuth) -> Result<Self, Rejection> {
        let id = session.claims().user_id();
        match recent(auth).cached(users::get(id)).await {
            Ok(user) if user.is_blocked() => Err(rejection::Rejection::user_blocked().into()),
            Ok(user) => Ok(Self(user)),
            Err(error) if error.is_missing() => Err(rejection::Rejection::user_deleted().into()),
            Err(error) => Err(rejection::Rejection::of_call(&error).into()),
        }
    }
}

impl Deref for ClerkUser {
    type Target = User;

    fn deref(&self) -> &User {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for ClerkUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let auth = Auth::of(parts)?;
        Self::of(&auth, auth.require_session()?).await
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for ClerkUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        let auth = Auth::of(parts)?;
        match auth.session_or_none()? {
            Some(session) => Self::of(&auth, session).await.map(Some),
            None => Ok(None),
        }
    }
}
