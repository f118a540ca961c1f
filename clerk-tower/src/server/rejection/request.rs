//! What of a request decides the form of its answer.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version, header};

const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The head of a request that was turned away, for
/// [`on_rejection`](crate::server::authenticate::AuthenticateLayer::on_rejection). It came from outside: escape what goes
/// into a page.
#[derive(Clone)]
pub struct RequestInfo {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl RequestInfo {
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        Self { method, uri, headers: request.headers().clone() }
    }

    /// The method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// The address as the layer saw it: below a nested router, without the prefix.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// All headers, credentials among them.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Whether a browser asks for a page to show: GET, and by `Sec-Fetch-Dest` for a document. A browser that does
    /// not send this header asks for `text/html` before all else.
    #[must_use]
    pub fn is_document(&self) -> bool {
        is_document(&self.method, &self.headers)
    }
}

/// Only the method: addresses and headers may hold what nobody should read in a log.
impl fmt::Debug for RequestInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestInfo").field("method", &self.method).finish_non_exhaustive()
    }
}

/// Whether a browser asks for a page to show.
pub(crate) fn is_document(method: &Method, headers: &HeaderMap) -> bool {
    if method != Method::GET {
        return false;
    }
    match headers.get(SEC_FETCH_DEST) {
        Some(wanted) => wanted.as_bytes() == b"document",
        None => starts_with(headers.get(header::ACCEPT), b"text/html"),
    }
}

fn starts_with(value: Option<&HeaderValue>, start: &[u8]) -> bool {
    let first = value.and_then(|value| value.as_bytes().get(..start.len()));
    first.is_some_and(|first| first.eq_ignore_ascii_case(start))
}

/// Whether a request is one of gRPC's: they are all sent with POST over HTTP/2. What names their content type elsewhere
/// gets a status that every program understands.
pub(crate) fn is_grpc_request<B>(request: &Request<B>) -> bool {
    request.method() == Method::POST && request.version() >= Version::HTTP_2 && is_grpc(request.headers())
}

/// Whether a message is one of gRPC's.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    // `application/grpc+proto` and its like too, but not gRPC-Web, whose clients want a body.
    matches!(kind.strip_prefix(b"application/grpc"), Some([] | [b'+' | b';', ..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_clients_are_known_by_what_they_send() {
        for (kind, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc;charset=utf-8", true),
            ("application/grpc-web", false),
            ("application/grpc-web+proto", false),
            ("application/json", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, kind.parse().unwrap())]);
            assert_eq!(is_grpc(&headers), expected, "{kind}");
        }
        assert!(!is_grpc(&HeaderMap::new()));
    }

    #[test]
    fn documents_are_what_browsers_say_they_are() {
        for (method, wanted, accept, expected) in [
            ("GET", Some("document"), None, true),
            ("GET", Some("document"), Some("application/json"), true),
            ("GET", None, Some("text/html,application/xhtml+xml;q=0.9"), true),
            ("GET", None, Some("Text/HTML"), true),
            ("GET", None, Some("*/*"), false),
            ("GET", None, Some("application/json, text/html"), false),
            ("GET", None, None, false),
            ("GET", Some("empty"), Some("text/html"), false),
            ("GET", Some("iframe"), Some("text/html"), false),
            ("GET", Some(""), Some("text/html"), false),
            ("HEAD", Some("document"), None, false),
            ("POST", Some("document"), Some("text/html"), false),
        ] {
            let mut request = Request::builder().method(method).uri("/secret");
            for (name, value) in [("sec-fetch-dest", wanted), ("accept", accept)] {
                request = value.into_iter().fold(request, |request, value| request.header(name, value));
            }
            let info = RequestInfo::of(&request.body(()).unwrap());
            assert_eq!(info.is_document(), expected, "{method} {wanted:?} {accept:?}");
            assert!(!format!("{info:?}").contains("secret"));
        }
    }
}
