use std::borrow::Cow;

use clerk_core::authenticate::{RedirectCount, RequestHead, cookie};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version, header};

/// The headers that say under which URL a visitor came.
const ADDRESS: [HeaderName; 2] =
    [HeaderName::from_static("x-forwarded-host"), HeaderName::from_static("x-forwarded-proto")];

/// What a link to the sign-in page is made of. The parts of a request are counted references: nothing is copied.
pub(crate) struct Visit {
    uri: Uri,
    version: Version,
    /// A second one too: a request that names two hosts names none.
    hosts: [Option<HeaderValue>; 2],
    address: [Option<HeaderValue>; 2],
    cookies: Vec<HeaderValue>,
}

impl Visit {
    pub(super) fn of(head: &RequestHead<'_>) -> Self {
        let headers = head.headers();
        let mut hosts = headers.get_all(header::HOST).iter().cloned();
        let hosts = [hosts.next(), hosts.next()];
        let address = ADDRESS.map(|name| headers.get(name).cloned());
        let cookies = headers.get_all(header::COOKIE).iter().cloned().collect();
        Self { uri: head.uri().clone(), version: head.version(), hosts, address, cookies }
    }

    pub(super) fn cookie(&self, name: &str) -> Option<Cow<'_, str>> {
        cookie(&self.cookies, name)
    }

    /// Whether the browser has been sent away and come back as often as it may within a few seconds.
    pub(crate) fn has_gone_round(&self) -> bool {
        self.redirect_count().is_at_limit()
    }

    /// Counts that the browser is sent away once more, in the cookie that handshakes count in. A page with Clerk's
    /// script takes longer than a handshake, and so it is kept for longer than two seconds.
    pub(crate) fn count(&self) -> Option<HeaderValue> {
        self.redirect_count().next_cookie(10)
    }

    fn redirect_count(&self) -> RedirectCount {
        RedirectCount::parse(self.cookie(RedirectCount::COOKIE).as_deref())
    }

    pub(super) fn with_head<T>(&self, read: impl FnOnce(&RequestHead<'_>) -> T) -> T {
        let mut headers = HeaderMap::new();
        for (name, value) in ADDRESS.into_iter().zip(&self.address) {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
        for host in self.hosts.iter().flatten() {
            headers.append(header::HOST, host.clone());
        }
        for cookie in &self.cookies {
            headers.append(header::COOKIE, cookie.clone());
        }
        read(&RequestHead::new(&Method::GET, &self.uri, &headers).with_version(self.version))
    }
}
