use std::borrow::Cow;

use clerk_core::authenticate::{RequestHead, cookie};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

/// The cookie that counts redirects. The name is the one that Clerk's SDKs use.
const COUNT_COOKIE: &str = "__clerk_redirect_count";
/// After this many redirects in a row, the visitor sees the rejection. Clerk's SDKs use the same limit.
const MAX_REDIRECTS: u32 = 3;

/// The headers that contain the host and scheme that the browser used.
const ADDRESS: [HeaderName; 3] =
    [header::HOST, HeaderName::from_static("x-forwarded-host"), HeaderName::from_static("x-forwarded-proto")];

/// The parts of a request that are needed for a link to the sign-in page that leads back to it.
///
/// The whole head is not copied, because this happens for every request. URI and header values are reference counted.
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

    /// Returns `true` if the browser has been redirected and has come back as often as allowed within a few seconds.
    pub(crate) fn is_looping(&self) -> bool {
        self.redirects() >= MAX_REDIRECTS
    }

    /// Returns a cookie that counts one more redirect, under the name that handshakes use. It lives for ten seconds
    /// instead of a handshake's two, because a sign-in page that loads Clerk's script takes longer than a handshake.
    pub(crate) fn count_cookie(&self) -> Option<HeaderValue> {
        // `Lax`, because a `Strict` cookie is not sent when the browser comes back from Clerk's domain. A visitor who
        // forges the count only loses the redirect.
        let count = self.redirects().saturating_add(1);
        HeaderValue::try_from(format!("{COUNT_COOKIE}={count}; SameSite=Lax; HttpOnly; Max-Age=10")).ok()
    }

    fn redirects(&self) -> u32 {
        self.cookie(COUNT_COOKIE).and_then(|count| count.parse().ok()).unwrap_or(0)
    }

    pub(super) fn with_head<T>(&self, read: impl FnOnce(&RequestHead<'_>) -> T) -> T {
        // The method is always GET: that is how the browser comes back, whatever it sent.
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
