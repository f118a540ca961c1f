use std::{ops::Deref, sync::Arc, time::Duration};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use clerk_core::{api::users, model::User, token::SessionAuth};
use clerk_tower::{Clerk, server::rejection};
use http::request::Parts;

use super::Auth;
use crate::Rejection;

/// How old a cached user or organization may be.
const MAX_AGE: Duration = Duration::from_secs(30);

/// The client, set not to return older values.
pub(super) fn recent(auth: &Auth) -> Clerk {
    let clerk = auth.clerk();
    clerk.with(clerk.options().clone().max_age_at_most(MAX_AGE))
}

/// The signed-in user as Clerk knows them, fetched with the instance's secret key.
///
/// It rejects like [`Session`](crate::Session). In addition: 403 `user-blocked` when the user is banned or
/// locked, 401 `user-deleted` when they no longer exist, even while their token lives; 503 when Clerk does not
/// answer; 500 `clerk-error` when Clerk refuses the call, because the secret key was revoked for example. `Option<ClerkUser>` is `None` when the request brought no token, or that of a machine.
///
/// The user comes from the client's [cache](clerk_tower::client::cache) when Clerk was asked within its fresh age, and within
/// the last 30 seconds: who was banned, locked or deleted elsewhere is refused after that at the latest; at once after
/// a write through the same client, or when a webhook's handler tells the cache. An answer that is older is never
/// used, even while Clerk is down. With a shorter fresh age, or a
/// shorter [`max_age`](clerk_tower::client::options::CallOptions::max_age) of the layer's client, Clerk is asked sooner; with
/// `CachePolicy::off()`, each time.
///
/// Where the id is enough, take [`Session`](crate::Session): it needs no call.
///
/// ```
/// use clerk_axum::ClerkUser;
///
/// async fn me(user: ClerkUser) -> String {
///     format!("hello {}", user.first_name.as_deref().unwrap_or("you"))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ClerkUser(Arc<User>);

impl ClerkUser {
    /// The user itself.
    #[must_use]
    pub fn into_inner(self) -> User {
        Arc::unwrap_or_clone(self.0)
    }

    async fn of(auth: &Auth, session: &SessionAuth) -> Result<Self, Rejection> {
        let id = session.claims().user_id();
        match recent(auth).cached(users::get(id)).await {
            Ok(user) if user.banned || user.locked => Err(rejection::Rejection::user_blocked().into()),
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
