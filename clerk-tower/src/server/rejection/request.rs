//! The parts of a request that decide the form of its rejection.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version, header};

const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Head of a rejected request, for
/// [`on_rejection`](crate::server::authenticate::AuthenticateLayer::on_rejection).
///
/// It is untrusted: escape everything that you put into a page.
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

    /// Returns the method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the URI as the layer received it. Inside a nested router it may lack the prefix.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns all headers, including credentials.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns `true` if a browser navigates to a page: a GET request whose `Sec-Fetch-Dest` is `document`, or without
    /// that header, whose `Accept` starts with `text/html`.
    #[must_use]
    pub fn is_document(&self) -> bool {
        is_document(&self.method, &self.headers)
    }
}

/// Shows only the method: URI and headers can contain credentials and personal data.
impl fmt::Debug for RequestInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestInfo").field("method", &self.method).finish_non_exhaustive()
    }
}

/// Returns `true` if a browser navigates to a page.
pub(crate) fn is_document(method: &Method, headers: &HeaderMap) -> bool {
    if method != Method::GET {
        return false;
    }
    // `Sec-Fetch-Dest` is set by the browser, and scripts cannot change it. `Accept` alone is a guess: only its start
    // is checked, because scripts and API clients may list `text/html` further on.
    match headers.get(SEC_FETCH_DEST) {
        Some(wanted) => wanted.as_bytes() == b"document",
        None => starts_with(headers.get(header::ACCEPT), b"text/html"),
    }
}

fn starts_with(value: Option<&HeaderValue>, start: &[u8]) -> bool {
    let first = value.and_then(|value| value.as_bytes().get(..start.len()));
    first.is_some_and(|first| first.eq_ignore_ascii_case(start))
}

/// Returns `true` for a gRPC request, which is always a POST over HTTP/2.
///
/// The content type alone is not enough: a gRPC response has status 200, so a client that only names that content type
/// would take a rejection for a success.
pub(crate) fn is_grpc_request<B>(request: &Request<B>) -> bool {
    request.method() == Method::POST && request.version() >= Version::HTTP_2 && is_grpc(request.headers())
}

/// Returns `true` if the headers are those of a gRPC message.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    // Includes `application/grpc+proto` and the like, but not gRPC-Web, which has its trailers in the body.
    matches!(kind.strip_prefix(b"application/grpc"), Some([] | [b'+' | b';', ..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_is_recognized_by_its_content_type() {
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
    fn documents_are_recognized_by_the_browsers_headers() {
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
