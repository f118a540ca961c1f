//! Clerk for actix-web 4: a middleware, extractors, and an error. Copy this file into your application.

use std::{
    fmt,
    future::{Ready, ready},
    pin::Pin,
    sync::Arc,
};

use actix_web::{
    Error, FromRequest, HttpMessage as _, HttpRequest, HttpResponse, ResponseError,
    body::MessageBody,
    dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform},
    error::{ErrorBadRequest, InternalError},
    http::{
        StatusCode, Version,
        header::{HeaderMap, HeaderName, HeaderValue},
    },
    middleware::{Next, from_fn},
};
use bytes::Bytes;
use clerk_core::{model::User, token::SessionAuth};
use clerk_tower::{
    ClerkVerifier,
    server::{
        authenticate::{Auth, Decision, ResponseHeaders},
        rejection::Rejection,
    },
};

/// Middleware that authenticates every request: `App::new().wrap(clerk::authenticate(clerk))`. Register it after (which
/// means outside) all others that send responses of their own. A `Clerk` is converted with `into()`.
pub fn authenticate<S, B>(
    clerk: ClerkVerifier,
) -> impl Transform<S, ServiceRequest, Response = ServiceResponse, Error = Error, InitError = ()>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    from_fn(move |request, next| handle(clerk.clone(), request, next))
}

async fn handle<B>(
    clerk: ClerkVerifier,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse, Error>
where
    B: MessageBody + 'static,
{
    let head = head(request.request()).map_err(ErrorBadRequest)?;
    let (auth, headers) = match clerk.authenticate(&(&head).into()).await {
        Decision::Respond(response) => return Ok(request.into_response(convert(response))),
        Decision::Continue(auth, headers) => (auth, headers),
    };
    request.extensions_mut().insert(auth);
    // Not `?`: the response of an error needs the headers too.
    match next.call(request).await {
        Ok(mut response) => {
            append(headers, response.headers_mut());
            Ok(response.map_into_boxed_body())
        }
        Err(error) => {
            let mut response = error.error_response();
            append(headers, response.headers_mut());
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// Converts a request's head. actix-web uses version 0.2 of the crate `http`, and Clerk version 1, so everything is
/// converted by its bytes.
pub fn head(request: &HttpRequest) -> Result<http::Request<()>, http::Error> {
    let version =
        if request.version() == Version::HTTP_2 { http::Version::HTTP_2 } else { http::Version::HTTP_11 };
    let head = http::Request::builder().method(request.method().as_str()).uri(request.uri().to_string());
    let headers = request.headers().iter();
    headers
        .fold(head.version(version), |head, (name, value)| head.header(name.as_str(), value.as_bytes()))
        .body(())
}

/// Converts a response of Clerk, such as that of a rejection or of signing out.
pub fn convert(response: http::Response<Bytes>) -> HttpResponse {
    let (head, body) = response.into_parts();
    let status = StatusCode::from_u16(head.status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut converted = HttpResponse::build(status);
    for (name, value) in &head.headers {
        converted.append_header((name.as_str(), value.as_bytes()));
    }
    converted.body(body)
}

/// Adds the headers of a decision to a response.
fn append(headers: ResponseHeaders, response: &mut HeaderMap) {
    let added = headers.missing_from(response.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
    for (name, value) in &added {
        // Both versions accept the same names and values.
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
            response.append(name, value);
        }
    }
}

/// Extractor for the visitor, signed in or not. For optional sign-in, use this with [`Auth::optional_session`], and not
/// `Option<Session>`: actix-web turns every rejection into `None`, also that of a request that could not be decided.
pub struct Visitor(pub Auth);

impl FromRequest for Visitor {
    type Error = Rejected;
    type Future = Ready<Result<Self, Rejected>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let auth = request.extensions().get::<Auth>().cloned();
        ready(auth.map(Self).ok_or_else(|| Rejection::layer_missing().into()))
    }
}

/// Extractor for the session of a visitor who is signed in. Other requests are rejected with 401, or 503.
pub struct Session(pub Arc<SessionAuth>);

impl FromRequest for Session {
    type Error = Rejected;
    type Future = Ready<Result<Self, Rejected>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visitor = Visitor::from_request(request, payload).into_inner();
        ready(visitor.and_then(|Visitor(auth)| Ok(Self(Arc::clone(auth.require_session()?)))))
    }
}

/// Extractor for the user who is signed in, fetched from Clerk or its cache. Banned, locked and deleted users are rejected.
pub struct CurrentUser(pub Arc<User>);

impl FromRequest for CurrentUser {
    type Error = Rejected;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Rejected>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visitor = Visitor::from_request(request, payload).into_inner();
        Box::pin(async { Ok(Self(visitor?.0.user().await?)) })
    }
}

/// Error of handlers, which rejects the request: `?` converts a [`Rejection`].
#[derive(Debug)]
pub struct Rejected(Rejection);

impl From<Rejection> for Rejected {
    fn from(rejection: Rejection) -> Self {
        Self(rejection)
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for Rejected {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        convert(self.0.clone().into_response())
    }
}
