//! Replaces the response of a rejection with the application's own.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{HeaderName, Request, Response, header, response::Parts};
use http_body::Body;

use super::{Rejection, RequestInfo, request::is_grpc};
use crate::{
    BoxError,
    server::body::{OwnBody, boxed},
};

type Handler = dyn Fn(&Rejection, &RequestInfo) -> Response<OwnBody> + Send + Sync;

/// An application's handler for rejections.
#[derive(Clone)]
pub(crate) struct OnRejection(Arc<Handler>);

impl OnRejection {
    pub(crate) fn new<F, B>(handler: F) -> Self
    where
        F: Fn(&Rejection, &RequestInfo) -> Response<B> + Send + Sync + 'static,
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        Self(Arc::new(move |rejection, request| handler(rejection, request).map(boxed)))
    }

    /// Returns the handler for one request, with a copy of the request's head. The head is copied here because the
    /// inner service consumes the request before it is known whether it will be rejected.
    pub(crate) fn for_request<B>(&self, request: &Request<B>) -> Box<RejectionHandler> {
        Box::new(RejectionHandler { handler: self.clone(), request: RequestInfo::of(request) })
    }
}

impl fmt::Debug for OnRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnRejection").finish_non_exhaustive()
    }
}

/// The handler, and the head of the request that may be rejected.
pub(crate) struct RejectionHandler {
    handler: OnRejection,
    request: RequestInfo,
}

/// Marks a response that a handler has replaced. Layers further out do not replace it again: the [`Rejection`] stays in
/// the extensions for those that log.
#[derive(Clone)]
struct Replaced;

impl RejectionHandler {
    /// Returns the application's response in place of a rejection's. Every other response is returned unchanged as
    /// `Err`.
    pub(crate) fn replace<B>(&self, response: Response<B>) -> Result<Response<OwnBody>, Response<B>> {
        // gRPC clients cannot read a page, and expect the status in a header.
        let extensions = response.extensions();
        if extensions.get::<Replaced>().is_some() || is_grpc(response.headers()) {
            return Err(response);
        }
        let Some(rejection) = extensions.get::<Rejection>() else {
            return Err(response);
        };
        let own = (self.handler.0)(rejection, &self.request);
        let (head, _) = response.into_parts();
        Ok(merge(head, own))
    }
}

/// The headers that describe the replaced body.
const BODY_HEADERS: [HeaderName; 7] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::TRANSFER_ENCODING,
    header::ETAG,
    header::LAST_MODIFIED,
];

/// Merges the application's response with the rejection's.
///
/// The rejection's status is used, unless the application's is an error or a redirect: a handler that only sets a body
/// must not turn a rejection into a 200. The rejection's headers stay, except for those that the application sets and
/// those that describe the body.
fn merge(mut head: Parts, own: Response<OwnBody>) -> Response<OwnBody> {
    let (own, body) = own.into_parts();
    if !own.status.is_success() && !own.status.is_informational() {
        head.status = own.status;
    }
    for name in &BODY_HEADERS {
        head.headers.remove(name);
    }
    // Several `Set-Cookie` and `Vary` headers add up; replacing them would lose cookies or mislead caches.
    let add_up = [header::SET_COOKIE, header::VARY];
    for name in own.headers.keys().filter(|name| !add_up.contains(name)) {
        head.headers.remove(name);
    }
    for (name, value) in &own.headers {
        head.headers.append(name, value.clone());
    }
    head.extensions.extend(own.extensions);
    head.extensions.insert(Replaced);
    Response::from_parts(head, body)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn replaced(
        response: Response<Bytes>,
        response_of_handler: fn() -> Response<&'static str>,
    ) -> Option<Response<OwnBody>> {
        let handler = OnRejection::new(move |_, _| response_of_handler().map(str::to_owned));
        handler.for_request(&Request::new(())).replace(response).ok()
    }

    #[test]
    fn headers_that_the_handler_does_not_set_stay() {
        let mut response: Response<Bytes> = Rejection::unavailable(None).into_response();
        for (name, value) in [("vary", "origin"), ("access-control-allow-origin", "*"), ("set-cookie", "a=1")]
        {
            response.headers_mut().append(name, value.parse().unwrap());
        }
        let handler = || {
            let own = Response::builder().header("cache-control", "max-age=1").header("vary", "accept");
            own.header("set-cookie", "b=2").header("set-cookie", "c=3").body("later").unwrap()
        };
        let merged = replaced(response, handler).unwrap();
        assert_eq!(merged.status(), StatusCode::SERVICE_UNAVAILABLE);
        let values = |name| merged.headers().get_all(name).iter().collect::<Vec<_>>();
        assert_eq!(values("cache-control"), ["max-age=1"]);
        assert_eq!(values("vary"), ["origin", "accept"]);
        assert_eq!(values("set-cookie"), ["a=1", "b=2", "c=3"]);
        assert_eq!(values("access-control-allow-origin"), ["*"]);
        assert_eq!(values("retry-after"), ["5"]);
        assert_eq!(values("content-type"), [""; 0]);
        assert_eq!(merged.extensions().get::<Rejection>().map(Rejection::code), Some("clerk-unavailable"));
    }

    #[test]
    fn a_rejection_never_becomes_a_success() {
        for (given, expected) in
            [(200, 403), (204, 403), (101, 403), (303, 303), (403, 403), (404, 404), (500, 500)]
        {
            let handler =
                OnRejection::new(move |_, _| Response::builder().status(given).body(String::new()).unwrap());
            let handler = handler.for_request(&Request::new(()));
            let response = handler.replace(Rejection::role_missing().into_response::<Bytes>()).unwrap();
            assert_eq!(response.status(), expected, "{given}");
            // A layer further out leaves it alone.
            assert!(handler.replace(response).is_err(), "{given}");
        }
    }

    #[test]
    fn other_responses_are_left_alone() {
        let mut grpc: Response<Bytes> = Rejection::role_missing().into_grpc_response();
        grpc.extensions_mut().insert(Rejection::role_missing());
        let mut failed = Response::new(Bytes::new());
        *failed.status_mut() = StatusCode::UNAUTHORIZED;
        for response in [grpc, failed, Response::new(Bytes::new())] {
            assert!(replaced(response, || Response::new("mine")).is_none());
        }
    }
}
