use std::borrow::Cow;

use clerk_core::authenticate::{RequestHead, cookie};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

/// The cookie that counts how often a browser was sent away.
const ROUNDS: &str = "__clerk_redirect_count";
const MAX_ROUNDS: u32 = 3;

/// The headers that say under which address a visitor came.
const ADDRESS: [HeaderName; 3] =
    [header::HOST, HeaderName::from_static("x-forwarded-host"), HeaderName::from_static("x-forwarded-proto")];

/// What a link to the sign-in page is made of. The parts of a request are counted references: nothing is copied.
pub(crate) struct Visit {
    uri: Uri,
    address: [Option<HeaderValue>; 3],
    cookies: Vec<HeaderValue>,
}

impl Visit {
    pub(super) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let address = ADDRESS.map(|name| headers.get(name).cloned());
        let cookies = headers.get_all(header::COOKIE).iter().cloned().collect();
        Self { uri: uri.clone(), address, cookies }
    }

    pub(super) fn cookie(&self, name: &str) -> Option<Cow<'_, str>> {
        cookie(&self.cookies, name)
    }

    /// Whether the browser has been sent away and come back as often as it may within a few seconds.
    pub(crate) fn has_gone_round(&self) -> bool {
        self.rounds() >= MAX_ROUNDS
    }

    /// Counts that the browser is sent away once more, in the cookie that handshakes count in. A page with Clerk's
    /// script takes longer than a handshake, and so it is kept for longer than two seconds.
    pub(crate) fn count(&self) -> Option<HeaderValue> {
        let count = self.rounds().saturating_add(1);
        HeaderValue::try_from(format!("{ROUNDS}={count}; SameSite=Lax; HttpOnly; Max-Age=10")).ok()
    }

    fn rounds(&self) -> u32 {
        self.cookie(ROUNDS).and_then(|count| count.parse().ok()).unwrap_or(0)
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
