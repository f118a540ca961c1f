use std::ops::Deref;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use clerk_core::{api::users, model::User};
use clerk_tower::reject;
use http::request::Parts;

use super::Auth;
use crate::Rejection;

/// The signed-in user as Clerk knows them, fetched with the instance's secret key.
///
/// It rejects like [`Session`](crate::Session). In addition: 403 `user-blocked` when the user is banned or
/// locked, 401 `user-deleted` when they no longer exist, even while their token lives; 503 when Clerk does not
/// answer. `Option<ClerkUser>` is `None` when the request brought no token.
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
pub struct ClerkUser(User);

impl ClerkUser {
    /// The user itself.
    #[must_use]
    pub fn into_inner(self) -> User {
        self.0
    }

    async fn of(auth: &Auth) -> Result<Self, Rejection> {
        let id = auth.require_session()?.claims().user_id();
        match auth.clerk().send(users::get(id)).await {
            Ok(user) if user.banned || user.locked => Err(reject::Rejection::user_blocked().into()),
            Ok(user) => Ok(Self(user)),
            Err(error) if error.is_missing() => Err(reject::Rejection::user_deleted().into()),
            Err(error) => Err(reject::Rejection::of_call(&error).into()),
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
        Self::of(&Auth::of(parts)?).await
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for ClerkUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        let auth = Auth::of(parts)?;
        if auth.is_anonymous() { Ok(None) } else { Self::of(&auth).await.map(Some) }
    }
}
