use clerk_core::authenticate::RequestHead;
use http::{HeaderMap, HeaderValue, Method, Uri, Version, header::AUTHORIZATION};

use super::{Auth, AuthenticateLayer, Decision};
use crate::{Clerk, ClerkVerifier};

impl Clerk {
    /// Authenticates a request without a layer, with the client's own options: for servers that are not built from
    /// tower services, and for frameworks with request types of their own.
    ///
    /// The layer does exactly this: it sends the response of [`Decision::Respond`]; or it handles the request, and adds
    /// the [`ResponseHeaders`](super::ResponseHeaders) of [`Decision::Continue`] to the response, whatever it is.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use clerk_tower::{Clerk, server::{authenticate::{Auth, Decision}, rejection::Rejection}};
    /// use http::{Request, Response};
    ///
    /// /// Runs a handler of a server that knows neither layers nor extensions.
    /// async fn serve<E: Into<Response<Bytes>>>(
    ///     clerk: &Clerk,
    ///     request: Request<Bytes>,
    ///     handler: impl AsyncFnOnce(Auth, Request<Bytes>) -> Result<Response<Bytes>, E>,
    /// ) -> Response<Bytes> {
    ///     match clerk.authenticate(&(&request).into()).await {
    ///         Decision::Respond(response) => response,
    ///         Decision::Continue(auth, headers) => {
    ///             // Not `?`: an error's response gets the headers too.
    ///             let mut response = handler(auth, request).await.unwrap_or_else(Into::into);
    ///             headers.append_to(response.headers_mut());
    ///             response
    ///         }
    ///     }
    /// }
    ///
    /// async fn greet(auth: Auth, _: Request<Bytes>) -> Result<Response<Bytes>, Response<Bytes>> {
    ///     let session = auth.require_session().map_err(Rejection::into_response)?;
    ///     Ok(Response::new(session.claims().user_id().to_string().into()))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use clerk_local::LocalClerk;
    /// let local = LocalClerk::seeded();
    /// let (clerk, token) = (local.client(), local.sign_in("user_ada").token());
    /// let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    /// assert_eq!(serve(&clerk, request.body(Bytes::new())?, greet).await.into_body(), "user_ada");
    /// assert_eq!(serve(&clerk, Request::new(Bytes::new()), greet).await.status(), 401);
    /// # Ok(()) }
    /// ```
    ///
    /// For several instances or with other options, use [`AuthenticateLayer::authenticate`].
    ///
    /// It waits for Clerk when the [layer](crate::server::authenticate) does, which requires a tokio runtime. It never
    /// fails: if Clerk does not respond, the request is signed out and [`Auth::require_session`] rejects it with 503.
    pub async fn authenticate(&self, head: &RequestHead<'_>) -> Decision {
        AuthenticateLayer::new(self).authenticate(head).await
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
        AuthenticateLayer::new(self).authenticate_token(token).await
    }
}

impl ClerkVerifier {
    /// Authenticates a request without a layer, as [`Clerk::authenticate`] does.
    pub async fn authenticate(&self, head: &RequestHead<'_>) -> Decision {
        AuthenticateLayer::new(self).authenticate(head).await
    }

    /// Authenticates a token that did not arrive in a request's headers, as [`Clerk::authenticate_token`] does.
    pub async fn authenticate_token(&self, token: &str) -> Auth {
        AuthenticateLayer::new(self).authenticate_token(token).await
    }
}

/// The layer's decisions, with its options and for its instances, where it cannot be applied to a service.
impl AuthenticateLayer {
    /// Authenticates a request, as [`Clerk::authenticate`] does.
    ///
    /// [`on_rejection`](Self::on_rejection) and [`original_uri`](Self::original_uri) have no effect here: the caller has
    /// the response and the URI.
    pub async fn authenticate(&self, head: &RequestHead<'_>) -> Decision {
        Decision::new(self.drivers().decide(head).await, head)
    }

    /// Authenticates a token that did not arrive in a request's headers, as [`Clerk::authenticate_token`] does.
    pub async fn authenticate_token(&self, token: &str) -> Auth {
        // Only the first word of the header would be read, so `<valid token> anything` would be accepted. A string with
        // spaces or control characters is replaced by `-`, which is never valid.
        let is_word = token.bytes().all(|byte| byte.is_ascii_graphic());
        let value = HeaderValue::try_from(format!("Bearer {}", if is_word { token } else { "-" }));
        let mut value = value.unwrap_or_else(|_| HeaderValue::from_static("Bearer -"));
        value.set_sensitive(true);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        let uri = Uri::default();
        let head = RequestHead::new(&Method::POST, &uri, Version::default(), &headers);
        let auth = self.drivers().decide(&head).await;
        auth.explain(&head);
        auth
    }
}
