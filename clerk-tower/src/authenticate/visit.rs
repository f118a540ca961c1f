use clerk_core::authenticate::RequestHead;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

/// The headers that say under which address a visitor came.
const ADDRESS: [HeaderName; 3] =
    [header::HOST, HeaderName::from_static("x-forwarded-host"), HeaderName::from_static("x-forwarded-proto")];

/// What a link to the sign-in page is made of. The parts of a request are counted references: nothing is copied.
pub(super) struct Visit {
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

    pub(super) fn cookies(&self) -> &[HeaderValue] {
        &self.cookies
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
