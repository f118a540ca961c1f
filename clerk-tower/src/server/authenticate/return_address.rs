use std::borrow::Cow;

use clerk_core::authenticate::{RequestHead, cookie};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

/// The cookie that counts how often a browser was redirected.
const COUNT_COOKIE: &str = "__clerk_redirect_count";
const MAX_REDIRECTS: u32 = 3;

/// The headers that say which address the browser used.
const ADDRESS: [HeaderName; 3] =
    [header::HOST, HeaderName::from_static("x-forwarded-host"), HeaderName::from_static("x-forwarded-proto")];

/// What is kept of a request, to make a link to the sign-in page that leads back to it. The parts are reference
/// counted: no string is copied.
pub(crate) struct ReturnAddress {
    uri: Uri,
    address: [Option<HeaderValue>; 3],
    cookies: Vec<HeaderValue>,
}

impl ReturnAddress {
    pub(super) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let address = ADDRESS.map(|name| headers.get(name).cloned());
        let cookies = headers.get_all(header::COOKIE).iter().cloned().collect();
        Self { uri: uri.clone(), address, cookies }
    }

    pub(super) fn cookie(&self, name: &str) -> Option<Cow<'_, str>> {
        cookie(&self.cookies, name)
    }

    /// Whether the browser was redirected and came back as often as it may within a few seconds.
    pub(crate) fn is_looping(&self) -> bool {
        self.redirects() >= MAX_REDIRECTS
    }

    /// Counts one more redirect, in the cookie that handshakes count in. A page with Clerk's script takes longer than a
    /// handshake, so the cookie lives longer than the two seconds of a handshake.
    pub(crate) fn count_cookie(&self) -> Option<HeaderValue> {
        let count = self.redirects().saturating_add(1);
        HeaderValue::try_from(format!("{COUNT_COOKIE}={count}; SameSite=Lax; HttpOnly; Max-Age=10")).ok()
    }

    fn redirects(&self) -> u32 {
        self.cookie(COUNT_COOKIE).and_then(|count| count.parse().ok()).unwrap_or(0)
    }

    pub(super) fn with_head<T>(&self, read: impl FnOnce(&RequestHead<'_>) -> T) -> T {
        let mut headers = HeaderMap::new();
        for (name, value) in ADDRESS.into_iter().zip(&self.address) {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
        for cookie in &self.cookies {
            headers.append(header::COOKIE, cookie.clone());
        }
        read(&RequestHead::new(&Method::GET, &self.uri, &headers))
    }
}
