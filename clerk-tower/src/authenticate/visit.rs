use clerk_core::authenticate::RequestHead;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

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

    /// The value of a cookie; of several with its name, the first one's.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let lines = self.cookies.iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(other, value)| (other.trim() == name).then(|| value.trim()))
    }

    /// Whether the browser has been to Clerk and back as often as it may within two seconds.
    pub(crate) fn has_gone_round(&self) -> bool {
        let count = self.cookie("__clerk_redirect_count").and_then(|count| count.parse::<u32>().ok());
        count.is_some_and(|count| count >= 3)
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
