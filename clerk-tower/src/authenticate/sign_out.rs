use clerk_core::{
    api::sessions,
    id::SessionId,
    token::{SessionClaims, Token, TokenKind},
};
use http::{HeaderValue, Response, StatusCode, header};

use super::{Auth, visit::Visit};
use crate::reject::Rejection;

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
    /// # #[cfg(feature = "local")]
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use clerk_tower::local::LocalClerk;
    ///
    /// let local = LocalClerk::seeded();
    /// let token = local.sign_in("user_ada").token();
    /// let auth = local.client().authenticate_token(&token).await;
    /// let response = auth.sign_out::<()>("/").await?;
    /// assert_eq!((response.status().as_u16(), &response.headers()["location"]), (303, &"/".parse()?));
    /// # Ok(()) }
    /// # #[cfg(not(feature = "local"))] fn main() {}
    /// ```
    ///
    /// # Errors
    /// 503 when Clerk did not answer, and 500 when it refused; the browser then keeps its cookies. A session that has
    /// ended already is no error.
    pub async fn sign_out<B: Default>(&self, to: &str) -> Result<Response<B>, Rejection> {
        if let Some(id) = self.session_to_end().await? {
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
        for ending in self.visit().endings() {
            headers.append(header::SET_COOKIE, ending);
        }
        Ok(response)
    }

    async fn session_to_end(&self) -> Result<Option<SessionId>, Rejection> {
        if let Some(session) = self.outcome().session_or_pending() {
            return Ok(session.claims().session_id().cloned());
        }
        // The plain cookie and the instance's; what else has such a name is not ours.
        let texts: Vec<_> = self.visit().session_cookies().take(4).collect();
        for token in texts.into_iter().filter_map(|text| Token::decode(text).ok()) {
            if self.is_genuine(&token).await? {
                return Ok(SessionClaims::of(&token).session_id().cloned());
            }
        }
        Ok(None)
    }

    /// Whether this instance made the token for a session, however long ago.
    async fn is_genuine(&self, token: &Token) -> Result<bool, Rejection> {
        let Some(kid) = token.kid().filter(|_| token.kind() == TokenKind::Session) else { return Ok(false) };
        let keys = self.clerk().keys().with_key(kid).await;
        let keys = keys.map_err(|error| Rejection::unavailable(Some(error.retry_after())))?;
        Ok(keys.get(kid).is_ok_and(|key| token.verify_signature(key).is_ok()))
    }
}

impl Visit {
    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.cookies().iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.trim(), value.trim()))
    }

    fn session_cookies(&self) -> impl Iterator<Item = &str> {
        let own = self.pairs().filter(|(name, _)| *name == "__session" || name.starts_with("__session_"));
        own.map(|(_, value)| value)
    }

    /// What takes the session's cookies away, as far as the request had any.
    fn endings(&self) -> impl Iterator<Item = HeaderValue> {
        let own = self.pairs().map(|(name, _)| name).filter(|name| is_of_session(name));
        own.filter_map(|name| HeaderValue::try_from(format!("{name}=; Path=/; Max-Age=0")).ok())
    }
}

/// Whether a cookie holds the session, with or without the instance's suffix.
fn is_of_session(name: &str) -> bool {
    name == "__session" || name.starts_with("__session_") || name.starts_with("__refresh_")
}
