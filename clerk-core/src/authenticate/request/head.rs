//! Request heads.

use http::{HeaderMap, HeaderName, Method, Uri, Version, header::ACCEPT};

/// Borrowed head of a request. A decision does not depend on the body.
#[derive(Clone, Copy)]
pub struct RequestHead<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) version: Version,
}

const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

impl<'a> RequestHead<'a> {
    /// Creates a head from its parts. From HTTP/2 on, a `Host` that contradicts the target's authority is rejected.
    #[must_use]
    pub const fn new(method: &'a Method, uri: &'a Uri, version: Version, headers: &'a HeaderMap) -> Self {
        Self { method, uri, headers, version }
    }

    /// Returns the method.
    #[must_use]
    pub const fn method(&self) -> &'a Method {
        self.method
    }

    /// Returns the version of HTTP.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Returns the request's target.
    #[must_use]
    pub const fn uri(&self) -> &'a Uri {
        self.uri
    }

    /// Returns the request's headers, which include credentials.
    #[must_use]
    pub const fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    pub(crate) fn is_get(&self) -> bool {
        self.method == Method::GET
    }

    /// Whether a browser navigates to a page with this request, by its `Sec-Fetch-Dest`.
    pub(crate) fn is_document(&self) -> bool {
        self.is_get() && self.text(&SEC_FETCH_DEST) == "document"
    }

    /// Whether the client is a browser that navigates to a page or in a frame, so that it follows a redirect and returns.
    ///
    /// A `fetch` would fail at the redirect because of CORS, and a form's POST would lose its body.
    pub(crate) fn can_navigate(&self) -> bool {
        // Clerk's SDK does not redirect the frames of a frameset.
        self.is_navigation() && self.text(&SEC_FETCH_DEST) != "frame"
    }

    /// Whether a browser navigates with this request. Only such a request can come back from Clerk.
    pub(crate) fn is_navigation(&self) -> bool {
        let navigates = match self.text(&SEC_FETCH_DEST) {
            "document" | "iframe" | "frame" => true,
            // Old browsers do not send the header, and current ones only over TLS and to localhost.
            "" => self.text(&ACCEPT).starts_with("text/html"),
            _ => false,
        };
        self.is_get() && navigates
    }

    /// Returns a header as a string: empty if it is missing, and `?` if it is not visible ASCII, so that it matches no
    /// known value.
    pub(crate) fn text(&self, name: &HeaderName) -> &'a str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap_or("?"))
    }
}

impl<'a> From<&'a http::request::Parts> for RequestHead<'a> {
    fn from(parts: &'a http::request::Parts) -> Self {
        Self::new(&parts.method, &parts.uri, parts.version, &parts.headers)
    }
}

impl<'a, B> From<&'a http::Request<B>> for RequestHead<'a> {
    fn from(request: &'a http::Request<B>) -> Self {
        Self::new(request.method(), request.uri(), request.version(), request.headers())
    }
}

impl std::fmt::Debug for RequestHead<'_> {
    /// Shows neither headers nor the URL, which may contain credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestHead").field("method", self.method).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_has_the_parts_of_its_request() {
        let request =
            http::Request::post("/a?b").version(Version::HTTP_2).header("x-c", "d").body(()).unwrap();
        let head = RequestHead::from(&request);
        assert_eq!((head.method(), head.uri()), (&Method::POST, &Uri::from_static("/a?b")));
        assert_eq!(head.version(), Version::HTTP_2);
        assert_eq!(head.headers()["x-c"], "d");
    }
}
