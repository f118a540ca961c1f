//! [`LocalClerk`] as a tower service, which responds in memory.
//!
//! ```
//! use bytes::Bytes;
//! use clerk_local::LocalClerk;
//! use http::Request;
//! use tower_service::Service as _;
//!
//! # async fn example() {
//! let mut local = LocalClerk::seeded();
//! let request = Request::get("https://api.clerk.com/v1/users?query=ada")
//!     .header("authorization", local.secret_key().to_header())
//!     .body(Bytes::new())
//!     .unwrap();
//! let response = local.call(request).await.unwrap();
//! assert_eq!(response.status(), 200);
//! # }
//! ```

use std::{
    fmt,
    future::{Ready, ready},
    pin::Pin,
    task::{Context, Poll},
};

use aws_lc_rs::constant_time;
use bytes::Bytes;
use futures_util::future::{BoxFuture, Either};
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde_json::Value;
use tower_service::Service;

use crate::{
    Disconnected, Fault, HttpResponse, LocalBody, LocalCaller, LocalClerk, LocalRequest,
    error::ApiError,
    frontend,
    journal::{self, Handled},
    query::Query,
    routes::{self, Caller},
};

/// The longest body of a request that is read, in bytes.
pub(super) const MAX_BODY: usize = 1024 * 1024;

/// Responds as Clerk's Backend API does. The scheme and the host of the URI are ignored, and the path may start with `/v1`
/// or not.
///
/// A request that Clerk would reject gets an error response in Clerk's format, and a request that is not emulated gets
/// status 404, 405 or 422. The call fails only if a [`Fault`] cuts the connection.
impl Service<Request<Bytes>> for LocalClerk {
    type Response = Response<LocalBody>;
    type Error = Disconnected;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Disconnected>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> ResponseFuture {
        let (method, path) = (frontend::method(&request), without_version(request.uri().path()));
        let fault = self.faults().take(&method, path, frontend::is_page(&request));
        match fault.as_ref().and_then(Fault::pause) {
            None if self.is_kept() => {
                let (local, outcome) = (self.clone(), self.exchange(&request, fault));
                ResponseFuture::new(async move { local.after_saving(outcome).await })
            }
            None => ResponseFuture::ready(self.exchange(&request, fault)),
            Some(pause) => {
                let local = self.clone();
                ResponseFuture::new(async move {
                    tokio::time::sleep(pause).await;
                    local.after_saving(local.exchange(&request, fault)).await
                })
            }
        }
    }
}

/// The response of a [`LocalClerk`]. It is ready at once, unless a [`Fault`] delays it, or a
/// [file](crate::LocalClerkBuilder::file) is written first.
pub struct ResponseFuture(Either<Ready<Outcome>, BoxFuture<'static, Outcome>>);

type Outcome = Result<HttpResponse, Disconnected>;

impl ResponseFuture {
    fn ready(outcome: Outcome) -> Self {
        Self(Either::Left(ready(outcome)))
    }

    fn new(outcome: impl Future<Output = Outcome> + Send + 'static) -> Self {
        Self(Either::Right(Box::pin(outcome)))
    }
}

impl Future for ResponseFuture {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl LocalClerk {
    /// Processes a request or applies its fault, and records both.
    fn exchange(&self, request: &Request<Bytes>, fault: Option<Fault>) -> Outcome {
        let time = self.time();
        let respond = || self.respond(request);
        let outcome = match fault {
            Some(fault) => fault.apply(respond).map(|response| frontend::readable(self, request, response)),
            None => Ok(respond()),
        };
        let response = outcome.as_ref().ok();
        let handled = response.and_then(|response| response.extensions().get::<Handled>().cloned());
        let Handled { operation, caller } = handled.unwrap_or_default();
        self.record(LocalRequest {
            method: frontend::method(request),
            path: journal::kept(without_version(request.uri().path())),
            operation,
            status: response.map(Response::status),
            caller,
            time,
        });
        outcome
    }

    /// Returns the outcome of a request when its changes are on the disk.
    async fn after_saving(&self, outcome: Outcome) -> Outcome {
        match self.saved().await {
            Ok(()) => outcome,
            Err(error) => outcome.map(|_| ApiError::not_saved(&error).into_response()),
        }
    }

    fn respond(&self, request: &Request<Bytes>) -> HttpResponse {
        let mut handled = Handled::default();
        let browser = self.script(request).or_else(|| frontend::respond(self, request));
        let mut response = match browser {
            Some(response) => {
                handled.caller = LocalCaller::Browser;
                response
            }
            None => match self.try_respond(request, &mut handled) {
                Ok((status, Value::Null)) => empty_response(status),
                Ok((status, body)) => json_response(status, &body),
                Err(error) => error.into_response(),
            },
        };
        response.extensions_mut().get_or_insert(handled);
        response
    }

    fn try_respond(
        &self,
        request: &Request<Bytes>,
        handled: &mut Handled,
    ) -> Result<(StatusCode, Value), ApiError> {
        let path = without_version(request.uri().path());
        let found = routes::find(request.method(), path).ok().map(|found| found.handler);
        let is_public = found.is_some_and(|route| route.is_public);
        let caller = if is_public { Caller::Instance } else { self.authorize(request)? };
        handled.caller = match &caller {
            // No key was checked.
            _ if is_public => LocalCaller::Unknown,
            Caller::Instance => LocalCaller::Backend,
            Caller::Machine(id) => LocalCaller::Machine(id.as_str().to_owned()),
        };
        if request.body().len() > MAX_BODY {
            return Err(ApiError::too_large());
        }
        handled.operation = found.map(|route| route.path);
        self.run(request, caller)
    }

    /// Runs an operation of the Backend API.
    pub(super) fn run(
        &self,
        request: &Request<Bytes>,
        caller: Caller,
    ) -> Result<(StatusCode, Value), ApiError> {
        let found = routes::find(request.method(), without_version(request.uri().path()))?;
        let query = Query::parse(request.uri().query().unwrap_or_default());
        let key = self.key();
        let suffix = &self.publishable_key().cookie_suffix();
        let state = &mut *self.state();
        let (now, body) = (state.now, request.body());
        let headers = request.headers();
        let api_request = routes::ApiRequest { state, key: &key, suffix, query, body, headers, now, caller };
        Ok((found.handler.status, found.handler.run(api_request, &found.params)?))
    }

    fn authorize(&self, request: &Request<Bytes>) -> Result<Caller, ApiError> {
        let value = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let (scheme, key) =
            value.and_then(|value| value.split_at_checked(7)).ok_or_else(ApiError::unauthenticated)?;
        if !scheme.eq_ignore_ascii_case(b"bearer ") {
            return Err(ApiError::unauthenticated());
        }
        let own = self.secret_key().expose().as_bytes();
        if constant_time::verify_slices_are_equal(key, own).is_ok() {
            return Ok(Caller::Instance);
        }
        let key = str::from_utf8(key).map_err(|_| ApiError::wrong_key())?;
        let state = self.state();
        let machine = state.credentials.machine_of(key, state.now).ok_or_else(ApiError::wrong_key)?;
        Ok(Caller::Machine(machine.id.clone()))
    }
}

/// Returns a path without the prefix `/v1`.
pub(super) fn without_version(path: &str) -> &str {
    match path.strip_prefix("/v1") {
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    }
}

/// Returns a response without a body.
fn empty_response(status: StatusCode) -> HttpResponse {
    let mut response = Response::new(LocalBody::default());
    *response.status_mut() = status;
    response
}

/// Returns a response with a JSON body.
pub(super) fn json_response(status: StatusCode, body: &Value) -> HttpResponse {
    let mut response = Response::new(LocalBody::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
