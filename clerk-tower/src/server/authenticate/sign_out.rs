use clerk_core::{
    api::sessions,
    authenticate::{RequestHead, cookie},
    id::SessionId,
    token::{SessionClaims, Token},
};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use super::{Auth, decision::name_of};
use crate::server::rejection::Rejection;

impl Auth {
    /// Ends the request's session at Clerk, and returns a redirect with 303 to `to`, a path of this service or another
    /// URL. `request` is the head of the request that this was decided for, with its cookies: an expired session is found by
    /// them, so a middleware inside the layer must not remove them.
    ///
    /// The response deletes the session's cookies; Clerk updates the others when the browser loads the next page. Use
    /// this for pages that are rendered on the server. On a page with Clerk's script, let the script sign out.
    ///
    /// A session whose token has expired is ended as well, because tokens live for a minute and a form's request cannot
    /// renew them. A request without a session is redirected too. Require `POST` for this route, so that a link on
    /// another site cannot sign visitors out.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use clerk_local::LocalClerk;
    /// use clerk_tower::server::authenticate::Decision;
    /// use http::Request;
    ///
    /// let local = LocalClerk::seeded();
    /// let cookie = format!("__session={}", local.sign_in("user_ada").token());
    /// let request = Request::post("/sign-out").header("cookie", cookie).body(())?;
    /// let clerk = local.client();
    /// let Decision::Continue(auth, _) = clerk.authenticate(&(&request).into()).await else { panic!() };
    /// let response = auth.sign_out::<()>(&(&request).into(), "/").await?;
    /// assert_eq!((response.status().as_u16(), &response.headers()["location"]), (303, &"/".parse()?));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// 503 if Clerk did not respond, 500 if it refused or the client has no secret key; the browser then keeps its cookies. A session that has already
    /// ended is not an error.
    pub async fn sign_out<B: Default>(
        &self,
        request: &RequestHead<'_>,
        to: &str,
    ) -> Result<Response<B>, Rejection> {
        // Before any cookie is deleted: if Clerk cannot be reached, the session is still active, and the visitor must
        // see that.
        for id in self.sessions_to_end(request).await? {
            match self.clerk()?.send(sessions::revoke(id)).await {
                Err(error) if !error.is_missing() => return Err(Rejection::of_call(&error)),
                _ => {}
            }
        }
        let mut response = Response::new(B::default());
        *response.status_mut() = StatusCode::SEE_OTHER;
        let headers = response.headers_mut();
        // If `to` is not a valid header value, the visitor goes to the start page: by now the session has ended, and an
        // error would hide that.
        let location = HeaderValue::try_from(to).unwrap_or_else(|_| HeaderValue::from_static("/"));
        headers.insert(header::LOCATION, location);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for name in self.session_cookies().into_iter().chain(self.refresh_cookie()) {
            let ending = HeaderValue::try_from(format!("{name}=; Path=/; Max-Age=0"));
            if let (true, Ok(ending)) = (self.has_cookie(request, &name), ending) {
                headers.append(header::SET_COOKIE, ending);
            }
        }
        Ok(response)
    }

    /// Returns the names of the instance's session cookies. Those with the suffix of another instance belong to another
    /// application on the same domain.
    fn session_cookies(&self) -> Vec<String> {
        let own = self.cookie_suffix().map(|suffix| format!("__session_{suffix}"));
        own.into_iter().chain(["__session".to_owned()]).collect()
    }

    fn refresh_cookie(&self) -> Option<String> {
        self.cookie_suffix().map(|suffix| format!("__refresh_{suffix}"))
    }

    /// Returns `true` if the browser has the cookie, or would get it with the response to this request.
    fn has_cookie(&self, request: &RequestHead<'_>, name: &str) -> bool {
        let sets = |(header, line): (HeaderName, HeaderValue)| {
            header == header::SET_COOKIE && name_of(line.as_bytes()) == name.as_bytes()
        };
        cookie(request.headers().get_all(header::COOKIE), name).is_some()
            || self.outcome().headers().any(sets)
    }

    /// Returns the session that was verified, or those of expired tokens. The browser may have two cookies with
    /// different sessions, and either session may still be active at Clerk.
    async fn sessions_to_end(&self, request: &RequestHead<'_>) -> Result<Vec<SessionId>, Rejection> {
        if let Some(session) = self.outcome().session_or_pending() {
            return Ok(session.claims().session_id().cloned().into_iter().collect());
        }
        let mut ids = Vec::new();
        for name in self.session_cookies() {
            let value = cookie(request.headers().get_all(header::COOKIE), &name);
            let token = value.and_then(|value| Token::decode(&value).ok());
            let Some(token) = token else { continue };
            // Without a secret key no session can be ended, so the keys need not be fetched.
            self.clerk()?;
            let id = SessionClaims::of(&token).session_id().cloned();
            match id.filter(|id| !ids.contains(id)) {
                // Without this check, a forged cookie could end the session of anyone whose session id is known.
                Some(id) if self.is_genuine(&token).await? => ids.push(id),
                _ => {}
            }
        }
        Ok(ids)
    }

    /// Returns `true` if this instance issued the token for a session, whether or not it has expired.
    async fn is_genuine(&self, token: &Token) -> Result<bool, Rejection> {
        // Only the signature is checked. The claims of an expired token would fail, but its session may still be
        // active.
        let Some(kid) = token.kid().filter(|_| token.is_session()) else { return Ok(false) };
        let keys = self.keys().with_key(kid).await;
        let keys = keys.map_err(|error| Rejection::unavailable(Some(error.retry_after())))?;
        Ok(keys.get(kid).is_ok_and(|key| token.verify_signature(key).is_ok()))
    }
}
