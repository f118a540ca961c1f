use std::borrow::Cow;

use clerk_core::authenticate::{RedirectCount, RequestHead, cookie};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version, header};

use crate::server::rejection::is_document;

/// The headers that contain the host and scheme that the browser used, if a proxy in front sets them.
const FORWARDED: [HeaderName; 2] =
    [HeaderName::from_static("x-forwarded-host"), HeaderName::from_static("x-forwarded-proto")];

/// The parts of a request that are needed for a link to the sign-in page that leads back to it.
///
/// The whole head is not copied, because this happens for every request. URI and header values are reference counted.
pub(crate) struct ReturnAddress {
    uri: Uri,
    version: Version,
    host: Option<HeaderValue>,
    /// A request that names several hosts has no address to come back to.
    has_several_hosts: bool,
    forwarded: [Option<HeaderValue>; 2],
    cookies: Vec<HeaderValue>,
    is_document: bool,
}

impl ReturnAddress {
    pub(super) fn of(head: &RequestHead<'_>) -> Self {
        let headers = head.headers();
        let mut hosts = headers.get_all(header::HOST).iter();
        let (host, has_several_hosts) = (hosts.next().cloned(), hosts.next().is_some());
        let forwarded = FORWARDED.map(|name| headers.get(name).cloned());
        let cookies = headers.get_all(header::COOKIE).iter().cloned().collect();
        let is_document = is_document(head.method(), headers);
        let (uri, version) = (head.uri().clone(), head.version());
        Self { uri, version, host, has_several_hosts, forwarded, cookies, is_document }
    }

    /// Returns `true` if a browser navigates to a page, and can be sent to another one.
    pub(super) const fn is_document(&self) -> bool {
        self.is_document
    }

    pub(super) fn cookie(&self, name: &str) -> Option<Cow<'_, str>> {
        cookie(&self.cookies, name)
    }

    /// Returns `true` if the browser has been redirected and has come back as often as allowed within a few seconds.
    pub(crate) fn is_looping(&self) -> bool {
        self.redirect_count().is_at_limit()
    }

    /// Returns a cookie that counts one more redirect, under the name that handshakes use. It lives for ten seconds
    /// instead of a handshake's two, because a sign-in page that loads Clerk's script takes longer than a handshake.
    pub(crate) fn count_cookie(&self) -> Option<HeaderValue> {
        self.redirect_count().next_cookie(10)
    }

    fn redirect_count(&self) -> RedirectCount {
        RedirectCount::parse(self.cookie(RedirectCount::COOKIE).as_deref())
    }

    pub(super) fn with_head<T>(&self, read: impl FnOnce(&RequestHead<'_>) -> T) -> T {
        // The method is always GET: that is how the browser comes back, whatever it sent.
        let mut headers = HeaderMap::new();
        for host in self.host.iter().cycle().take(1 + usize::from(self.has_several_hosts)) {
            headers.append(header::HOST, host.clone());
        }
        for (name, value) in FORWARDED.into_iter().zip(&self.forwarded) {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
        for cookie in &self.cookies {
            headers.append(header::COOKIE, cookie.clone());
        }
        read(&RequestHead::new(&Method::GET, &self.uri, self.version, &headers))
    }
}
