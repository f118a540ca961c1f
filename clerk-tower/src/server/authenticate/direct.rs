use clerk_core::authenticate::RequestHead;
use http::{HeaderMap, HeaderValue, Method, Uri, Version, header::AUTHORIZATION};

use super::{Auth, driver::Driver};
use crate::Clerk;

impl Clerk {
    /// Authenticates a request without a layer, with the client's own options: for servers that are not built from
    /// tower services.
    ///
    /// Add [`Outcome::headers`](clerk_core::authenticate::Outcome::headers) to the response.
    ///
    /// It waits for Clerk when the [layer](crate::server::authenticate) does, which requires a tokio runtime. It never
    /// fails: if Clerk does not respond, the request is signed out and [`Auth::require_session`] rejects it with 503.
    pub async fn authenticate(&self, head: &RequestHead<'_>) -> Auth {
        let driver = Driver { clerk: self.clone(), authenticator: self.authenticator().clone() };
        let auth = match driver.start(head) {
            Ok(auth) => auth,
            Err(waiting) => driver.satisfy(waiting).await,
        };
        auth.explain(head);
        auth
    }

    /// Authenticates a token that did not arrive in a request's headers, for example in a WebSocket message. It is
    /// treated like a request's bearer token.
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
        // Only the first word of the header would be read, so `<valid token> anything` would be accepted. A string with
        // spaces or control characters is replaced by `-`, which is never valid.
        let is_word = token.bytes().all(|byte| byte.is_ascii_graphic());
        let value = HeaderValue::try_from(format!("Bearer {}", if is_word { token } else { "-" }));
        let mut value = value.unwrap_or_else(|_| HeaderValue::from_static("Bearer -"));
        value.set_sensitive(true);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        self.authenticate(&RequestHead::new(&Method::POST, &Uri::default(), Version::default(), &headers))
            .await
    }
}
