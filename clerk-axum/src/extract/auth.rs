use std::{convert::Infallible, ops::Deref, sync::Arc};

use axum_core::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::Response,
};
use clerk_core::token::SessionAuth;
use clerk_tower::{server::authenticate, server::rejection};
use http::request::Parts;

use crate::Rejection;

/// The whole decision about the request: signed in or out, why, and the headers that go with it.
///
/// A handler for a page sends visitors to sign in, and from there back to the page:
///
/// ```
/// use axum::response::{IntoResponse, Response};
/// use clerk_axum::{Auth, Rejection};
///
/// async fn dashboard(auth: Auth) -> Result<Response, Rejection> {
///     match auth.session() {
///         Some(session) => Ok(format!("welcome, {}", session.claims().user_id()).into_response()),
///         None => auth.redirect_to_sign_in(None),
///     }
/// }
/// ```
///
/// It rejects nothing but a router without [`ClerkLayer`](crate::ClerkLayer). `Option<Auth>` is `None` there.
///
/// ```
/// use clerk_axum::Auth;
///
/// async fn index(auth: Auth) -> String {
///     match auth.session() {
///         Some(session) => format!("signed in as {}", session.claims().user_id()),
///         None => format!("signed out: {}", auth.outcome().reason().map_or("pending", |reason| reason.as_str())),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Auth(authenticate::Auth);

impl Auth {
    /// The answer that sends a visitor to the sign-in page and from there back to `return_to`: an absolute address, or
    /// one relative to the request's own, which it is unless set. A pending session goes to its tasks.
    ///
    /// # Errors
    /// 500 `clerk-sign-in-page-missing` when neither the publishable key nor a page is configured; 400
    /// `clerk-return-address` when there is no way back, because the request names no host or `return_to` is no address.
    pub fn redirect_to_sign_in(&self, return_to: Option<&str>) -> Result<Response, Rejection> {
        let answer = self.0.redirect_to_sign_in(return_to);
        answer.map_err(|error| rejection::Rejection::no_sign_in_page(error).into())
    }

    /// The answer that sends a visitor to the sign-up page, by the same rules.
    ///
    /// # Errors
    /// As [`redirect_to_sign_in`](Self::redirect_to_sign_in).
    pub fn redirect_to_sign_up(&self, return_to: Option<&str>) -> Result<Response, Rejection> {
        let answer = self.0.redirect_to_sign_up(return_to);
        answer.map_err(|error| rejection::Rejection::no_sign_in_page(error).into())
    }

    /// Ends the request's session at Clerk, and answers with 303 to `to` and without the session's cookies: see
    /// [`clerk_tower::server::authenticate::Auth::sign_out`].
    ///
    /// ```
    /// use axum::{Router, response::Response, routing::post};
    /// use clerk_axum::{Auth, Rejection};
    ///
    /// async fn sign_out(auth: Auth) -> Result<Response, Rejection> {
    ///     auth.sign_out("/").await
    /// }
    ///
    /// let pages: Router = Router::new().route("/sign-out", post(sign_out));
    /// # let _ = pages;
    /// ```
    ///
    /// # Errors
    /// 503 when Clerk did not answer, and 500 when it refused; the browser then keeps its cookies.
    pub async fn sign_out(&self, to: &str) -> Result<Response, Rejection> {
        Ok(self.0.sign_out(to).await?)
    }

    /// A new token for the session, made by Clerk from a JWT template of the dashboard, to call another service with: see
    /// [`clerk_tower::server::authenticate::Auth::token_from_template`].
    ///
    /// ```
    /// use clerk_axum::{Auth, Rejection};
    ///
    /// async fn report(auth: Auth) -> Result<String, Rejection> {
    ///     let token = auth.token_from_template("reports").await?;
    ///     Ok(format!("asked another service with a token of {} bytes", token.len()))
    /// }
    /// ```
    ///
    /// # Errors
    /// 401 when nobody is signed in, 503 when Clerk did not answer, and 500 when it refused or has no such template.
    pub async fn token_from_template(&self, template: &str) -> Result<String, Rejection> {
        Ok(self.0.token_from_template(template).await?)
    }

    pub(super) fn of(parts: &Parts) -> Result<Self, Rejection> {
        let auth = authenticate::Auth::from_extensions(&parts.extensions);
        auth.cloned().map(Self).ok_or_else(|| rejection::Rejection::layer_missing().into())
    }

    /// The session; `None` for visitors without one: those who brought no token, and machines. A bad token rejects.
    pub(super) fn session_or_none(&self) -> Result<Option<&Arc<SessionAuth>>, Rejection> {
        let is_other = self.machine().is_some() || self.is_anonymous();
        if is_other { Ok(None) } else { Ok(Some(self.require_session()?)) }
    }

    /// Whether the request brought no token at all, as opposed to a bad one.
    pub(super) fn is_anonymous(&self) -> bool {
        let outcome = self.outcome();
        if outcome.is_undecided() {
            return false;
        }
        // A pending session is signed out too, and no fault of the request's.
        outcome.is_anonymous() || (outcome.session().is_none() && outcome.session_or_pending().is_some())
    }
}

impl Deref for Auth {
    type Target = authenticate::Auth;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Auth {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Self::of(parts)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Auth {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(Self::of(parts).ok())
    }
}
