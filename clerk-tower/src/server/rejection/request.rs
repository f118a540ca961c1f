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

/// The form of gRPC in which a rejection is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grpc {
    /// gRPC over HTTP/2.
    Native,
    /// gRPC over HTTP/1.1, which there is not: a layer further out has translated a gRPC-Web request, and will translate the
    /// response. Such layers take the status from trailers.
    Translated,
    /// gRPC-Web, whose trailers are part of the body.
    Web,
    /// gRPC-Web with a body in base64.
    WebText,
}

/// Returns the form of gRPC that a request has, by its content type. The HTTP version only tells whether it was translated.
pub(crate) fn grpc_of<B>(request: &Request<B>) -> Option<Grpc> {
    let kind = content_type(request.headers());
    if request.method() != Method::POST || !is_grpc(request.headers()) {
        None
    } else if kind.starts_with(b"application/grpc-web-text") {
        Some(Grpc::WebText)
    } else if kind.starts_with(b"application/grpc-web") {
        Some(Grpc::Web)
    } else if request.version() < Version::HTTP_2 {
        Some(Grpc::Translated)
    } else {
        Some(Grpc::Native)
    }
}

/// Returns `true` if the headers are those of a gRPC or a gRPC-Web message.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = content_type(headers);
    let rest = ["application/grpc-web-text", "application/grpc-web", "application/grpc"]
        .iter()
        .find_map(|start| kind.strip_prefix(start.as_bytes()));
    // Includes `application/grpc+proto` and the like.
    matches!(rest, Some([] | [b'+' | b';', ..]))
}

fn content_type(headers: &HeaderMap) -> &[u8] {
    headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_is_recognized_by_its_content_type() {
        for (kind, over_http_2, over_http_1) in [
            ("application/grpc", Some(Grpc::Native), Some(Grpc::Translated)),
            ("application/grpc+proto", Some(Grpc::Native), Some(Grpc::Translated)),
            ("application/grpc;charset=utf-8", Some(Grpc::Native), Some(Grpc::Translated)),
            ("application/grpc-web", Some(Grpc::Web), Some(Grpc::Web)),
            ("application/grpc-web+proto", Some(Grpc::Web), Some(Grpc::Web)),
            ("application/grpc-web-text", Some(Grpc::WebText), Some(Grpc::WebText)),
            ("application/grpc-web-text+proto", Some(Grpc::WebText), Some(Grpc::WebText)),
            ("application/grpc-webx", None, None),
            ("application/grpcx", None, None),
            ("application/json", None, None),
            ("", None, None),
        ] {
            for (version, expected) in [(Version::HTTP_2, over_http_2), (Version::HTTP_11, over_http_1)] {
                let request =
                    Request::post("/").version(version).header("content-type", kind).body(()).unwrap();
                assert_eq!(grpc_of(&request), expected, "{kind}");
            }
            let request = Request::get("/").header("content-type", kind).body(()).unwrap();
            assert_eq!(grpc_of(&request), None, "{kind}");
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
            assert_eq!(info.method(), method);
            assert!(!format!("{info:?}").contains("secret"));
        }
    }
}
