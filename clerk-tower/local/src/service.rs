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
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use aws_lc_rs::constant_time;
use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde_json::Value;
use tower_service::Service;

use crate::LocalBody;
use crate::{
    HttpResponse, LocalClerk,
    error::ApiError,
    frontend,
    query::Query,
    routes::{self, Caller},
};

/// The longest body of a request that is read, in bytes.
pub(super) const MAX_BODY: usize = 1024 * 1024;

/// Responds as Clerk's Backend API does, at once. The scheme and the host of the URI are ignored, and the path may start
/// with `/v1` or not.
///
/// The service never fails: a request that Clerk would reject gets an error response in Clerk's format, and a request
/// that is not emulated gets status 404, 405 or 422.
impl Service<Request<Bytes>> for LocalClerk {
    type Response = Response<LocalBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        ready(Ok(self.respond(&request)))
    }
}

impl LocalClerk {
    fn respond(&self, request: &Request<Bytes>) -> HttpResponse {
        if let Some(response) = frontend::respond(self, request) {
            return response;
        }
        match self.try_respond(request) {
            Ok((status, Value::Null)) => empty_response(status),
            Ok((status, body)) => json_response(status, &body),
            Err(error) => error.into_response(),
        }
    }

    fn try_respond(&self, request: &Request<Bytes>) -> Result<(StatusCode, Value), ApiError> {
        let method = request.method().as_str();
        let path = without_version(request.uri().path());
        if let Some(status) = self.faults().next(method, path) {
            return Err(ApiError::injected(status));
        }
        let caller = self.authorize(request)?;
        if request.body().len() > MAX_BODY {
            return Err(ApiError::too_large());
        }
        let found = routes::find(request.method(), path)?;
        let query = Query::parse(request.uri().query().unwrap_or_default());
        let (now, key) = (self.now(), self.key());
        let suffix = &self.publishable_key().cookie_suffix();
        let state = &mut *self.state();
        let body = request.body();
        let api_request = routes::ApiRequest { state, key: &key, suffix, query, body, now, caller };
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
        let machine = state.credentials.machine_of(key, self.now()).ok_or_else(ApiError::wrong_key)?;
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
