use clerk_core::authenticate::RequestHead;
use http::{HeaderMap, HeaderValue, Method, Uri, header::AUTHORIZATION};

use super::{Auth, driver::Driver};
use crate::Clerk;

impl Clerk {
    /// Decides about a request without a layer, by the rules the client was built with: for servers that are not made
    /// of tower services. Whatever the decision has to say to the browser is in
    /// [`Outcome::headers`](clerk_core::authenticate::Outcome::headers).
    ///
    /// It waits for Clerk where the [layer](crate::server::authenticate) does, and needs a tokio runtime there. It never fails:
    /// when Clerk does not answer, the request is signed out, and [`Auth::require_session`] says 503.
    pub async fn authenticate(&self, head: &RequestHead<'_>) -> Auth {
        let driver = Driver { clerk: self.clone(), authenticator: self.authenticator().clone() };
        let auth = match driver.start(head) {
            Ok(auth) => auth,
            Err(waiting) => driver.satisfy(waiting).await,
        };
        auth.explain(head);
        auth
    }

    /// Decides about a token that came in another way than in a request's head, for example as a message over an open
    /// WebSocket: as if it were a request's bearer token.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use clerk_local::LocalClerk;
    ///
    /// let local = LocalClerk::seeded();
    /// let clerk = local.client_builder().build()?;
    ///
    /// let auth = clerk.authenticate_token(&local.sign_in("user_ada").token()).await;
    /// assert_eq!(auth.require_session()?.claims().user_id(), "user_ada");
    /// assert_eq!(clerk.authenticate_token("nonsense").await.require_session().unwrap_err().code(), "token-invalid");
    /// # Ok(()) }
    /// ```
    pub async fn authenticate_token(&self, token: &str) -> Auth {
        // A text of several words is no token, not even if the first of them is one.
        let is_word = token.bytes().all(|byte| byte.is_ascii_graphic());
        let value = HeaderValue::try_from(format!("Bearer {}", if is_word { token } else { "-" }));
        let mut value = value.unwrap_or_else(|_| HeaderValue::from_static("Bearer -"));
        value.set_sensitive(true);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        self.authenticate(&RequestHead::new(&Method::POST, &Uri::default(), &headers)).await
    }
}
