//! The address under which a visitor asked for something.

use std::fmt;

use http::{HeaderMap, header::HOST, uri::Authority};
use url::{Host, Url};

use super::RequestHead;

/// Where the service's public address is taken from: what a visitor's browser shows, and where a handshake sends
/// it back to.
///
/// Behind a proxy that ends TLS, the request that arrives says `http` and perhaps another host. Configure one of
/// the other two there: otherwise every navigation looks as if it came from another origin.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Forwarded {
    /// From the request itself: its `Host`, and `http` unless its target says otherwise. Forwarded headers are
    /// ignored, since anybody can send them.
    #[default]
    Ignore,
    /// From the first item of `X-Forwarded-Host` and `X-Forwarded-Proto`, where they are present. Only behind
    /// a proxy that always sets or removes both.
    TrustFirst,
    /// Always this one.
    Origin(PublicOrigin),
}

impl fmt::Debug for Forwarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ignore => f.write_str("Ignore"),
            Self::TrustFirst => f.write_str("TrustFirst"),
            Self::Origin(origin) => f.debug_tuple("Origin").field(&origin.as_str()).finish(),
        }
    }
}

/// Scheme, host and port of a website, for example `https://app.example.com`.
///
/// ```
/// use clerk_core::authenticate::PublicOrigin;
///
/// let origin: PublicOrigin = "https://app.example.com".parse()?;
/// assert_eq!(origin.as_str(), "https://app.example.com");
/// assert!("app.example.com".parse::<PublicOrigin>().is_err());
/// assert!("https://app.example.com/path".parse::<PublicOrigin>().is_err());
/// # Ok::<(), clerk_core::authenticate::PublicOriginError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicOrigin(String);

impl PublicOrigin {
    /// The origin as text, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an origin such as https://app.example.com, without a path")]
pub struct PublicOriginError;

impl std::str::FromStr for PublicOrigin {
    type Err = PublicOriginError;

    fn from_str(text: &str) -> Result<Self, PublicOriginError> {
        let url = absolute(text).ok_or(PublicOriginError)?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if is_bare { Ok(Self(origin(&url))) } else { Err(PublicOriginError) }
    }
}

/// An absolute `http` or `https` address with a host and without credentials.
pub(super) fn absolute(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && is_plain).then_some(url)
}

/// Whether a text can be the origin of a page, of whatever scheme: compared as text, so with nothing behind the host.
pub(super) fn is_origin(text: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic());
    text.split_once("://").is_some_and(|(scheme, host)| {
        is_part(scheme) && is_part(host) && !host.contains(['/', '?', '#', '@', '*', ','])
    })
}

/// The address's origin as text. Only for the schemes above, whose origins are never opaque.
pub(super) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The address under which the request was sent; `None` when it names no host.
pub(super) fn of(head: &RequestHead<'_>, forwarded: &Forwarded) -> Option<Url> {
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let scheme = head.uri.scheme_str();
    // HTTP/2 names the host in the target, and has no header for it.
    let authority = head.uri.authority().map(Authority::as_str);
    let host = text(head.headers, &HOST).or(authority);
    if let Forwarded::Origin(origin) = forwarded {
        return join(origin.as_str(), path);
    }
    let (mut chosen_scheme, mut chosen_host) = (scheme.unwrap_or("http"), host);
    if *forwarded == Forwarded::TrustFirst {
        let first =
            |name| text(head.headers, name).map(|list| list.split_once(',').map_or(list, |(one, _)| one));
        chosen_scheme = first("x-forwarded-proto").unwrap_or(chosen_scheme);
        chosen_host = first("x-forwarded-host").or(host);
    }
    let incoming = || rebase(scheme.unwrap_or("http"), authority.or(host)?, path);
    match chosen_host {
        Some(host) => rebase(chosen_scheme, host, path).or_else(incoming),
        None => incoming(),
    }
}

fn text(headers: &HeaderMap, name: impl http::header::AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Puts a path behind an origin, as text: a path that begins with two slashes stays a path.
fn rebase(scheme: &str, authority: &str, path: &str) -> Option<Url> {
    if !matches!(scheme, "http" | "https") || authority.contains('@') {
        return None;
    }
    // Nothing but a host and a port: what is read here must be what is read again below.
    let authority: Authority = authority.parse().ok()?;
    let url = join(&format!("{scheme}://{authority}"), path)?;
    let is_same = match url.host()? {
        Host::Domain(host) => host.eq_ignore_ascii_case(authority.host()),
        Host::Ipv4(_) | Host::Ipv6(_) => true,
    };
    is_same.then_some(url)
}

fn join(origin: &str, path: &str) -> Option<Url> {
    absolute(&match path.as_bytes() {
        [b'/', ..] => format!("{origin}{path}"),
        // An absolute target without a path.
        [b'?', ..] => format!("{origin}/{path}"),
        // The forms of a request's target that are no path (RFC 9112, section 3.2.3 and 3.2.4).
        _ => format!("{origin}/"),
    })
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn read(target: &str, headers: &[(&str, &str)], forwarded: &Forwarded) -> Option<String> {
        let mut request = Request::get(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        of(&RequestHead::from(&request), forwarded).map(String::from)
    }

    #[test]
    fn an_origin_ends_with_its_host() {
        for (text, expected) in [
            ("https://app.example.com", true),
            ("http://localhost:3000", true),
            ("http://[::1]:3000", true),
            ("capacitor://localhost", true),
            ("chrome-extension://abcdefghijklmnop", true),
            ("https://app.example.com/", false),
            ("https://app.example.com/app", false),
            ("https://*.example.com", false),
            ("https://a.example.com,https://b.example.com", false),
            ("https://app.example.com ", false),
            ("https://user@app.example.com", false),
            ("app.example.com", false),
            ("https://", false),
            ("://app.example.com", false),
            (" ", false),
            ("", false),
        ] {
            assert_eq!(is_origin(text), expected, "{text:?}");
        }
    }

    #[test]
    fn forwarded_headers_count_where_they_are_trusted() {
        for (target, headers, expected) in [
            ("/p", &[("host", "h.com:8080")][..], Some("http://h.com:8080/p")),
            ("/p?a=b", &[("host", "h.com"), ("x-forwarded-proto", "https")], Some("https://h.com/p?a=b")),
            (
                "/p",
                &[("host", "l"), ("x-forwarded-proto", "https, http"), ("x-forwarded-host", "a.com, b.com")],
                Some("https://a.com/p"),
            ),
            ("/p", &[("host", "h.com"), ("x-forwarded-proto", "https ,http")], Some("http://h.com/p")),
            ("/p", &[("host", "h.com"), ("x-forwarded-proto", "javascript")], Some("http://h.com/p")),
            ("/p", &[("host", "h.com"), ("x-forwarded-host", "")], Some("http://h.com/p")),
            ("/p", &[("host", "h.com"), ("x-forwarded-host", "user@evil.com")], Some("http://h.com/p")),
            ("/p", &[("host", "h.com"), ("x-forwarded-host", "evil.com/x?")], Some("http://h.com/p")),
            ("//evil.com/p", &[("host", "h.com")], Some("http://h.com//evil.com/p")),
            ("/\\evil.com", &[("host", "h.com")], Some("http://h.com//evil.com")),
            ("/a/../b", &[("host", "h.com")], Some("http://h.com/b")),
            ("https://t.com/p", &[], Some("https://t.com/p")),
            ("https://t.com/p", &[("host", "h.com")], Some("https://h.com/p")),
            ("https://t.com?a=b", &[], Some("https://t.com/?a=b")),
            ("http://t.com/p", &[("x-forwarded-proto", "https")], Some("https://t.com/p")),
            ("http://t.com/p", &[("x-forwarded-host", "a.com")], Some("http://a.com/p")),
            ("http://t.com/p", &[("x-forwarded-host", "")], Some("http://t.com/p")),
            ("http://u@t.com/p", &[], None),
            ("http://[::1]:3000/p", &[("host", "[::1]:3000")], Some("http://[::1]:3000/p")),
            ("/p", &[("host", "H.com:80")], Some("http://h.com/p")),
            ("*", &[("host", "h.com")], Some("http://h.com/")),
            ("/p", &[], None),
            ("/p", &[("host", "a b")], None),
        ] {
            assert_eq!(
                read(target, headers, &Forwarded::TrustFirst).as_deref(),
                expected,
                "{target} {headers:?}"
            );
        }
    }

    #[test]
    fn forwarded_headers_are_ignored_otherwise() {
        let headers = [("host", "h.com"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "evil.com")];
        assert_eq!(read("/p", &headers, &Forwarded::Ignore).unwrap(), "http://h.com/p");
        let fixed = Forwarded::Origin("https://app.example.com".parse().unwrap());
        assert_eq!(read("/p?q", &headers, &fixed).unwrap(), "https://app.example.com/p?q");
        assert_eq!(read("//p", &[], &fixed).unwrap(), "https://app.example.com//p");
    }

    #[test]
    fn origins_are_checked() {
        for bad in
            ["", "example.com", "ftp://example.com", "https://u@example.com", "https://e.com/?q", "https://"]
        {
            assert!(bad.parse::<PublicOrigin>().is_err(), "{bad}");
        }
        assert_eq!(
            "HTTPS://App.example.com:443/".parse::<PublicOrigin>().unwrap().as_str(),
            "https://app.example.com"
        );
    }
}
