use clerk_core::{
    api::sessions,
    id::SessionId,
    token::{SessionClaims, Token},
};
use http::{HeaderValue, Response, StatusCode, header};

use super::{Auth, future::name_of};
use crate::server::rejection::Rejection;

impl Auth {
    /// Ends the request's session at Clerk, and answers with 303 to `to`, a path of this service or another address.
    /// The answer takes the session's cookies away from the browser; the rest Clerk does with the next page. For pages
    /// that are rendered here: in a page with Clerk's script, the script signs out.
    ///
    /// A session whose token has expired is ended too: between two pages it does, and a form's request cannot renew it.
    /// A request without a session is sent to `to` all the same. Have it asked for with `POST`, so that no other site's
    /// link signs people out.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use clerk_local::LocalClerk;
    ///
    /// let local = LocalClerk::seeded();
    /// let token = local.sign_in("user_ada").token();
    /// let auth = local.client().authenticate_token(&token).await;
    /// let response = auth.sign_out::<()>("/").await?;
    /// assert_eq!((response.status().as_u16(), &response.headers()["location"]), (303, &"/".parse()?));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// 503 when Clerk did not answer, and 500 when it refused; the browser then keeps its cookies. A session that has
    /// ended already is no error.
    pub async fn sign_out<B: Default>(&self, to: &str) -> Result<Response<B>, Rejection> {
        for id in self.sessions_to_end().await? {
            match self.clerk().send(sessions::revoke(id)).await {
                Err(error) if !error.is_missing() => return Err(Rejection::of_call(&error)),
                _ => {}
            }
        }
        let mut response = Response::new(B::default());
        *response.status_mut() = StatusCode::SEE_OTHER;
        let headers = response.headers_mut();
        // An address that no header can hold leads to the first page.
        let location = HeaderValue::try_from(to).unwrap_or_else(|_| HeaderValue::from_static("/"));
        headers.insert(header::LOCATION, location);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for name in self.session_cookies().into_iter().chain(self.refresh_cookie()) {
            let ending = HeaderValue::try_from(format!("{name}=; Path=/; Max-Age=0"));
            if let (true, Ok(ending)) = (self.has_cookie(&name), ending) {
                headers.append(header::SET_COOKIE, ending);
            }
        }
        Ok(response)
    }

    /// The names of the instance's own cookies: other applications on the domain have others.
    fn session_cookies(&self) -> Vec<String> {
        let own = self.cookie_suffix().map(|suffix| format!("__session_{suffix}"));
        own.into_iter().chain(["__session".to_owned()]).collect()
    }

    fn refresh_cookie(&self) -> Option<String> {
        self.cookie_suffix().map(|suffix| format!("__refresh_{suffix}"))
    }

    /// Whether the browser has the cookie, or would get it with the answer to this request.
    fn has_cookie(&self, name: &str) -> bool {
        let mut added = self.outcome().headers().get_all(header::SET_COOKIE).iter();
        self.return_address().cookie(name).is_some() || added.any(|line| name_of(line) == name.as_bytes())
    }

    /// The session that was judged, or those whose tokens have expired: the browser may have two, and Clerk might still
    /// know the other one.
    async fn sessions_to_end(&self) -> Result<Vec<SessionId>, Rejection> {
        if let Some(session) = self.outcome().session_or_pending() {
            return Ok(session.claims().session_id().cloned().into_iter().collect());
        }
        let mut ids = Vec::new();
        for name in self.session_cookies() {
            let token = self.return_address().cookie(&name).and_then(|text| Token::decode(&text).ok());
            let Some(token) = token else { continue };
            let id = SessionClaims::of(&token).session_id().cloned();
            match id.filter(|id| !ids.contains(id)) {
                Some(id) if self.is_genuine(&token).await? => ids.push(id),
                _ => {}
            }
        }
        Ok(ids)
    }

    /// Whether this instance made the token for a session, however long ago.
    async fn is_genuine(&self, token: &Token) -> Result<bool, Rejection> {
        let Some(kid) = token.kid().filter(|_| token.is_session()) else { return Ok(false) };
        let keys = self.clerk().keys().with_key(kid).await;
        let keys = keys.map_err(|error| Rejection::unavailable(Some(error.retry_after())))?;
        Ok(keys.get(kid).is_ok_and(|key| token.verify_signature(key).is_ok()))
    }
}
