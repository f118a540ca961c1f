//! Clerk for poem 3: a middleware and extractors. Copy this file into your application.

use std::sync::Arc;

use bytes::Bytes;
use clerk_core::{authenticate::RequestHead, model::User, token::SessionAuth};
use clerk_tower::{
    ClerkVerifier,
    server::{
        authenticate::{Auth, Decision},
        rejection::Rejection,
    },
};
use poem::{Endpoint, Error, FromRequest, IntoResponse, Middleware, Request, RequestBody, Response, Result};

/// Middleware that authenticates every request: `app.with(Authenticate(clerk))`. Add it after (which means outside) all
/// others that send responses of their own, and after `catch_error`. A `Clerk` is converted with `into()`.
pub struct Authenticate(pub ClerkVerifier);

impl<E: Endpoint> Middleware<E> for Authenticate {
    type Output = Authenticated<E>;

    fn transform(&self, inner: E) -> Authenticated<E> {
        Authenticated { inner, clerk: self.0.clone() }
    }
}

/// Endpoint of [`Authenticate`].
pub struct Authenticated<E> {
    inner: E,
    clerk: ClerkVerifier,
}

impl<E: Endpoint> Endpoint for Authenticated<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let (auth, headers) = match self.clerk.authenticate(&head(&request)).await {
            Decision::Respond(response) => return Ok(convert(response)),
            Decision::Continue(auth, headers) => (auth, headers),
        };
        request.extensions_mut().insert(auth);
        // Not `?`: the response of an error needs the headers too.
        let response = self.inner.call(request).await;
        let mut response = response.map_or_else(Error::into_response, IntoResponse::into_response);
        headers.append_to(response.headers_mut());
        Ok(response)
    }
}

/// Returns the head of a request, with its original URI: inside `nest`, the other one lacks the prefix.
pub fn head(request: &Request) -> RequestHead<'_> {
    RequestHead::new(request.method(), request.original_uri(), request.version(), request.headers())
}

/// Converts a response of Clerk, such as that of a rejection or of signing out.
pub fn convert(response: http::Response<Bytes>) -> Response {
    let (head, body) = response.into_parts();
    let mut response = Response::builder().status(head.status).body(body);
    *response.headers_mut() = head.headers;
    response
}

/// Rejects the request, for `map_err`.
pub fn rejected(rejection: Rejection) -> Error {
    Error::from_response(convert(rejection.into_response()))
}

/// Extractor for the visitor, signed in or not. For optional sign-in, use this with [`Auth::optional_session`], and not
/// `Option<Session>`: poem turns every rejection into `None`, also that of a request that could not be decided.
pub struct Visitor(pub Auth);

impl<'a> FromRequest<'a> for Visitor {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        let auth = Auth::from_extensions(request.extensions()).cloned();
        auth.map(Self).ok_or_else(|| rejected(Rejection::layer_missing()))
    }
}

/// Extractor for the session of a visitor who is signed in. Other requests are rejected with 401, or 503.
pub struct Session(pub Arc<SessionAuth>);

impl<'a> FromRequest<'a> for Session {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let Visitor(auth) = Visitor::from_request(request, body).await?;
        auth.require_session().cloned().map(Self).map_err(rejected)
    }
}

/// Extractor for the user who is signed in, fetched from Clerk or its cache. Banned, locked and deleted users are rejected.
pub struct CurrentUser(pub Arc<User>);

impl<'a> FromRequest<'a> for CurrentUser {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let Visitor(auth) = Visitor::from_request(request, body).await?;
        auth.user().await.map(Self).map_err(rejected)
    }
}
