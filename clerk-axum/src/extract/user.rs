use std::{ops::Deref, sync::Arc};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use clerk_core::model::User;
use http::request::Parts;

use super::auth::decided;
use crate::Rejection;

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
/// If you need only the ID, take [`Session`](crate::Session), which needs no call. A handler that needs the user only
/// sometimes takes [`Auth`](crate::Auth) and calls [`user`](crate::Auth::user).
///
/// It rejects like [`Session`](crate::Session), and in these cases:
///
/// | rejection | if |
/// |---|---|
/// | 403 `user-banned` | the user is banned |
/// | 403 `user-locked` | the user is locked after too many failed sign-ins |
/// | 403 `user-deprovisioned` | a directory has deactivated the user's account |
/// | 401 `user-deleted` | the user no longer exists |
/// | 503 `clerk-unavailable` | Clerk does not respond, and no recent value is cached |
/// | 500 `clerk-error` | Clerk refuses the call, for example after the secret key was revoked |
/// | 500 `clerk-secret-key-missing` | the layer's client has no secret key |
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
    pub(super) const fn of(user: Arc<User>) -> Self {
        Self(user)
    }

    /// Returns the user.
    #[must_use]
    pub fn into_inner(self) -> User {
        Arc::unwrap_or_clone(self.0)
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
        Ok(Self::of(decided(parts)?.user().await?))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for ClerkUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        let auth = decided(parts)?;
        match auth.optional_session()? {
            Some(_) => Ok(Some(Self::of(auth.user().await?))),
            None => Ok(None),
        }
    }
}
