//! Redirects visitors of pages to the sign-in page.

use clerk_core::{
    Reason,
    authenticate::{NoSignInPage, Outcome, RedirectCount, RequestHead, cookie},
};
use http::{
    Response, StatusCode,
    header::{self, SET_COOKIE},
};

use super::Auth;
use crate::server::rejection::{Rejection, is_document};

impl Auth {
    /// Returns a redirect to the sign-in page instead of a rejection, if a browser shows the response as a page and signing
    /// in can help. Otherwise, such as for a script, a 403 or a browser that is in a redirect loop, it returns `None`:
    /// respond with the rejection.
    ///
    /// Guards with [`redirect_to_sign_in`](crate::server::require::RequireLayer::redirect_to_sign_in) do this. For frameworks
    /// that are not built on tower:
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use clerk_local::LocalClerk;
    /// # use clerk_tower::server::authenticate::Decision;
    /// use bytes::Bytes;
    /// use clerk_tower::server::{authenticate::Auth, rejection::Rejection};
    /// use http::{Request, Response};
    ///
    /// fn page(auth: &Auth, request: &Request<()>) -> Response<Bytes> {
    ///     match auth.require_session() {
    ///         Ok(session) => Response::new(session.claims().user_id().to_string().into()),
    ///         Err(rejection) => match auth.sign_in_instead_of(&request.into(), &rejection) {
    ///             Ok(Some(redirect)) => redirect,
    ///             Ok(None) | Err(_) => rejection.into_response(),
    ///         },
    ///     }
    /// }
    ///
    /// # let clerk = LocalClerk::seeded().client();
    /// let request = Request::get("/").header("host", "localhost").header("accept", "application/json").body(())?;
    /// let Decision::Continue(auth, headers) = clerk.authenticate(&(&request).into()).await else { panic!() };
    /// let mut response = page(&auth, &request);
    /// headers.append_to(response.headers_mut());
    /// assert_eq!(response.status(), 401);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`redirect_to_sign_in`](Self::redirect_to_sign_in).
    pub fn sign_in_instead_of<B: Default>(
        &self,
        request: &RequestHead<'_>,
        rejection: &Rejection,
    ) -> Result<Option<Response<B>>, NoSignInPage> {
        let is_curable = rejection.status() == StatusCode::UNAUTHORIZED && !is_incurable(rejection.code());
        // A rule of the application rejects a visitor who is signed in already: signing in again would not change that.
        if !is_curable || !is_document(request.method(), request.headers()) || self.session().is_some() {
            return Ok(None);
        }
        let can_loop = can_loop(self.outcome());
        let count = || {
            let cookies = request.headers().get_all(header::COOKIE);
            RedirectCount::parse(cookie(cookies, RedirectCount::COOKIE).as_deref())
        };
        // The browser has been redirected and has come back as often as allowed within a few seconds.
        if can_loop && count().is_at_limit() {
            return Ok(None);
        }
        let mut redirect = self.redirect_to_sign_in(request, None)?;
        if can_loop {
            // Under the name that handshakes use. It lives for ten seconds instead of a handshake's two, because a sign-in
            // page that loads Clerk's script takes longer than a handshake.
            let count = count().next_cookie(10);
            redirect.headers_mut().extend(count.map(|count| (SET_COOKIE, count)));
        }
        Ok(Some(redirect))
    }
}

/// Returns `true` if signing in would lead to the same rejection. The visitor is signed in at Clerk already, so the
/// sign-in page would send the browser straight back.
fn is_incurable(code: &str) -> bool {
    matches!(code, "token-invalid-authorized-parties" | "token-type-mismatch")
}

/// Returns `true` if the browser may come straight back from the sign-in page, so that redirects have to be limited.
///
/// A visitor with a token, or with an active client, may be signed in at Clerk and come back with the same; one who comes
/// from a handshake may come back with the session that it hid. A visitor with nothing has to sign in first, however often
/// the browser was redirected before.
fn can_loop(outcome: &Outcome) -> bool {
    outcome.reason() != Some(&Reason::SessionTokenAndUatMissing)
}
