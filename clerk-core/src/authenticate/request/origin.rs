//! The public origin of a request, for decisions and for the Frontend API proxy.

use http::{
    HeaderMap, Version,
    header::{AsHeaderName, HOST},
    uri::Authority,
};
use url::{Host, Url};

use super::RequestHead;
use crate::authenticate::{
    address,
    config::{Forwarded, PublicOrigin},
};

/// Error when a request does not name exactly one valid host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The request has no host.
    #[error("the request names no host")]
    Missing,
    /// The request has more than one `Host`, or in HTTP/2 one that contradicts `:authority`.
    #[error("the request names several hosts")]
    Several,
    /// The host is not valid.
    #[error("the request's host is not valid")]
    Invalid,
}

impl RequestHead<'_> {
    /// Returns the origin under which the client sent this request: the one in a browser's address bar.
    ///
    /// The authority of the request's target takes precedence over `Host` (RFC 9112, section 3.2.2, and RFC 9113,
    /// section 8.3.1). If forwarded headers are trusted, the first members of `X-Forwarded-Host` and `X-Forwarded-Proto`
    /// take precedence over both, unless they do not form a valid `http` or `https` origin.
    ///
    /// # Errors
    ///
    /// If the request has no host, several (more than one `Host`, or in HTTP/2 a `Host` that contradicts `:authority`), or
    /// one that is not valid. A request with several is rejected with 400; any other is never redirected.
    ///
    /// ```
    /// use clerk_core::authenticate::{Forwarded, RequestHead};
    /// use http::Request;
    ///
    /// let request = Request::get("/")
    ///     .header("host", "10.0.0.7:8080")
    ///     .header("x-forwarded-host", "app.example.com, proxy.internal")
    ///     .header("x-forwarded-proto", "https")
    ///     .body(())?;
    /// let head = RequestHead::from(&request);
    /// assert_eq!(head.public_origin(&Forwarded::Ignore).unwrap().as_str(), "http://10.0.0.7:8080");
    /// assert_eq!(head.public_origin(&Forwarded::TrustFirst).unwrap().as_str(), "https://app.example.com");
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn public_origin(&self, forwarded: &Forwarded) -> Result<PublicOrigin, HostError> {
        if let Forwarded::Origin(origin) = forwarded {
            return Ok(origin.clone());
        }
        let url = self.url_of("/", forwarded);
        url.map(|url| PublicOrigin::of(&url)).ok_or_else(|| self.host().err().unwrap_or(HostError::Invalid))
    }

    /// Whether the request names several hosts, and nothing that is trusted says which of them is the public one.
    pub(crate) fn names_several_hosts(&self, forwarded: &Forwarded) -> bool {
        let is_known = match forwarded {
            Forwarded::Origin(_) => true,
            Forwarded::TrustFirst => self.forwarded_url("/").is_some(),
            Forwarded::Ignore => false,
        };
        !is_known && self.has_several_hosts()
    }

    /// Whether there is more than one `Host`, or in HTTP/2 one that contradicts `:authority`.
    fn has_several_hosts(&self) -> bool {
        // In HTTP/1.1, only if some header occurs twice, which is rare: nothing is searched then.
        if self.version < Version::HTTP_2 && self.headers.len() == self.headers.keys_len() {
            return false;
        }
        let mut hosts = self.headers.get_all(HOST).iter();
        let host = hosts.next();
        // RFC 9112, section 3.2: a proxy and this service might choose different ones.
        if hosts.next().is_some() {
            return true;
        }
        // In HTTP/1.1, `Host` is ignored if the target is absolute (RFC 9112, section 3.2.2). In HTTP/2, a request whose
        // `Host` contradicts the target is malformed (RFC 9113, section 8.3.1).
        match (host, self.uri.authority()) {
            (Some(host), Some(authority)) if self.version >= Version::HTTP_2 => {
                !host.to_str().is_ok_and(|host| self.is_same_host(authority, host))
            }
            _ => false,
        }
    }

    /// Returns the URL under which the client sent this request.
    pub(crate) fn public_url(&self, forwarded: &Forwarded) -> Option<Url> {
        self.url_of(self.uri.path_and_query().map_or("/", |path| path.as_str()), forwarded)
    }

    /// Returns the URL of this path at the public origin.
    fn url_of(&self, path: &str, forwarded: &Forwarded) -> Option<Url> {
        match forwarded {
            Forwarded::Origin(origin) => join(origin.as_str(), path),
            // Requests that do not pass through the proxy, such as health checks, do not have the headers.
            Forwarded::TrustFirst => self.forwarded_url(path).or_else(|| self.requested_url(path)),
            Forwarded::Ignore => self.requested_url(path),
        }
    }

    fn requested_url(&self, path: &str) -> Option<Url> {
        url(self.scheme(), self.host().ok()?, path)
    }

    fn forwarded_url(&self, path: &str) -> Option<Url> {
        let scheme = first_member(self.headers, "x-forwarded-proto");
        let host = first_member(self.headers, "x-forwarded-host");
        if scheme.is_none() && host.is_none() {
            return None;
        }
        url(scheme.unwrap_or_else(|| self.scheme()), host.or_else(|| self.host().ok())?, path)
    }

    /// Returns the scheme of the target. Most HTTP/1.1 targets have none, and TLS is not visible here.
    fn scheme(&self) -> &str {
        self.uri.scheme_str().unwrap_or("http")
    }

    /// Returns the host of the request itself.
    fn host(&self) -> Result<&str, HostError> {
        if self.has_several_hosts() {
            return Err(HostError::Several);
        }
        match self.uri.authority() {
            Some(authority) => Ok(authority.as_str()),
            None => {
                let host = self.headers.get(HOST).ok_or(HostError::Missing)?;
                host.to_str().map_err(|_| HostError::Invalid)
            }
        }
    }

    /// Whether both are the same host and port.
    fn is_same_host(&self, authority: &Authority, host: &str) -> bool {
        // Browsers omit the default port in `Host`; `:authority` may contain it.
        let default = if self.scheme().eq_ignore_ascii_case("https") { ":443" } else { ":80" };
        let bare = |text: &'_ str| text.strip_suffix(default).unwrap_or(text).to_ascii_lowercase();
        bare(authority.as_str()) == bare(host)
    }
}

/// Returns the first member of a list header, trimmed. It may be empty, and is then not a valid origin, as in Clerk's SDK.
fn first_member(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    let list = headers.get(name)?.to_str().ok()?;
    list.split(',').next().map(str::trim_ascii)
}

/// Returns the URL of these parts, if the scheme is `http` or `https` and the authority is only a host and a port.
fn url(scheme: &str, authority: &str, path: &str) -> Option<Url> {
    let scheme = ["https", "http"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known))?;
    // `Url` normalizes hosts more than `Authority` does. The host that is checked here must be the one of the URL.
    let authority: Authority = authority.parse().ok().filter(|_| !authority.contains('@'))?;
    let url = join(&format!("{scheme}://{authority}"), path)?;
    let is_same = match url.host()? {
        Host::Domain(host) => host.eq_ignore_ascii_case(authority.host()),
        Host::Ipv4(_) | Host::Ipv6(_) => true,
    };
    is_same.then_some(url)
}

/// Joins an origin and a path as strings: resolved as a relative reference, a path that begins with two slashes would
/// name a host.
fn join(origin: &str, path: &str) -> Option<Url> {
    address::absolute(&match path.as_bytes() {
        [b'/', ..] => format!("{origin}{path}"),
        // An absolute target without a path, which still has a query.
        [b'?', ..] => format!("{origin}/{path}"),
        // The target of CONNECT or OPTIONS, which has no path (RFC 9112, sections 3.2.3 and 3.2.4).
        _ => format!("{origin}/"),
    })
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn request(target: &str, headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::get(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    fn public_url(target: &str, headers: &[(&str, &str)], forwarded: &Forwarded) -> Option<String> {
        RequestHead::from(&request(target, headers)).public_url(forwarded).map(String::from)
    }

    #[test]
    fn forwarded_headers_are_used_if_trusted() {
        for (target, headers, expected) in [
            ("/p", &[("host", "h.com:8080")][..], Some("http://h.com:8080/p")),
            ("/p?a=b", &[("host", "h.com"), ("x-forwarded-proto", "https")], Some("https://h.com/p?a=b")),
            (
                "/p",
                &[("host", "l"), ("x-forwarded-proto", "https, http"), ("x-forwarded-host", "a.com, b.com")],
                Some("https://a.com/p"),
            ),
            ("/p", &[("host", "h.com"), ("x-forwarded-proto", " https ,http")], Some("https://h.com/p")),
            ("/p", &[("host", "h.com"), ("x-forwarded-host", "\ta.com\t, b")], Some("http://a.com/p")),
            ("/p", &[("host", "h.com"), ("x-forwarded-proto", "HTTPS")], Some("https://h.com/p")),
            ("/p", &[("host", "h.com"), ("x-forwarded-proto", "javascript")], Some("http://h.com/p")),
            ("/p", &[("host", "h.com"), ("x-forwarded-host", "")], Some("http://h.com/p")),
            ("/p", &[("host", "h.com"), ("x-forwarded-host", " , a.com")], Some("http://h.com/p")),
            ("/p", &[("host", "h.com"), ("x-forwarded-host", "user@evil.com")], Some("http://h.com/p")),
            ("/p", &[("host", "h.com"), ("x-forwarded-host", "evil.com/x?")], Some("http://h.com/p")),
            ("//evil.com/p", &[("host", "h.com")], Some("http://h.com//evil.com/p")),
            ("/\\evil.com", &[("host", "h.com")], Some("http://h.com//evil.com")),
            ("/a/../b", &[("host", "h.com")], Some("http://h.com/b")),
            ("https://t.com/p", &[], Some("https://t.com/p")),
            // RFC 9112, section 3.2.2: the target takes precedence over `Host`.
            ("https://t.com/p", &[("host", "h.com")], Some("https://t.com/p")),
            ("https://t.com?a=b", &[], Some("https://t.com/?a=b")),
            ("http://t.com/p", &[("x-forwarded-proto", "https")], Some("https://t.com/p")),
            ("http://t.com/p", &[("x-forwarded-host", "a.com")], Some("http://a.com/p")),
            ("http://t.com/p", &[("x-forwarded-host", "")], Some("http://t.com/p")),
            ("http://u@t.com/p", &[], None),
            ("http://[::1]:3000/p", &[("host", "[::1]:3000")], Some("http://[::1]:3000/p")),
            ("/p", &[("host", "H.com:80")], Some("http://h.com/p")),
            ("*", &[("host", "h.com")], Some("http://h.com/")),
            ("/p", &[], None),
            ("/p", &[("x-forwarded-proto", "https")], None),
            ("/p", &[("x-forwarded-host", "a.com")], Some("http://a.com/p")),
            ("/p", &[("host", "a b")], None),
            ("/p", &[("host", "")], None),
            ("/p", &[("host", "user@a.com")], None),
        ] {
            let found = public_url(target, headers, &Forwarded::TrustFirst);
            assert_eq!(found.as_deref(), expected, "{target} {headers:?}");
        }
    }

    /// The decision and the Frontend API proxy use the same origins.
    #[test]
    fn origins() {
        const H: (&str, &str) = ("host", "app.example:8080");
        const XFH: (&str, &str) = ("x-forwarded-host", "pub.example , proxy.example");
        const XFP: (&str, &str) = ("x-forwarded-proto", " https , http");
        let fixed = Forwarded::Origin("HTTPS://Fixed.example:8443/".parse().unwrap());
        let own = "http://app.example:8080";
        // Target, headers, the origin if forwarded headers are ignored, and the origin if they are trusted.
        for (target, headers, ignored, first) in [
            ("/p", &[H][..], own, own),
            ("/p", &[H, XFH, XFP], own, "https://pub.example"),
            ("/p", &[H, XFP], own, "https://app.example:8080"),
            ("/p", &[H, XFH], own, "http://pub.example"),
            ("https://asked.example/p", &[H], "https://asked.example", "https://asked.example"),
            ("https://asked.example/p", &[H, XFH, XFP], "https://asked.example", "https://pub.example"),
            ("/p", &[], "-", "-"),
            ("/p", &[XFP], "-", "-"),
            ("/p", &[XFH], "-", "http://pub.example"),
            ("/p", &[("host", "a.example"), ("host", "b.example")], "-", "-"),
            ("/p", &[("host", "user@a.example")], "-", "-"),
            ("/p", &[("host", "a.example/x")], "-", "-"),
            ("/p", &[H, ("x-forwarded-proto", "javascript"), XFH], own, own),
            ("/p", &[H, XFP, ("x-forwarded-host", "a/b")], own, own),
            ("/p", &[H, XFP, ("x-forwarded-host", "u@a")], own, own),
            ("/p", &[H, XFP, ("x-forwarded-host", "")], own, own),
            ("/p", &[H, XFH, ("x-forwarded-proto", "")], own, own),
        ] {
            let request = request(target, headers);
            let text = |forwarded: &Forwarded| {
                let origin = RequestHead::from(&request).public_origin(forwarded);
                origin.map_or_else(|_| "-".to_owned(), |origin| origin.as_str().to_owned())
            };
            assert_eq!(text(&Forwarded::Ignore), ignored, "{target} {headers:?}");
            assert_eq!(text(&Forwarded::TrustFirst), first, "{target} {headers:?}");
            assert_eq!(text(&fixed), "https://fixed.example:8443");
        }
    }

    #[test]
    fn forwarded_headers_are_ignored_by_default() {
        let headers = [("host", "h.com"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "evil.com")];
        assert_eq!(public_url("/p", &headers, &Forwarded::Ignore).unwrap(), "http://h.com/p");
        let fixed = Forwarded::Origin("https://app.example.com".parse().unwrap());
        assert_eq!(public_url("/p?q", &headers, &fixed).unwrap(), "https://app.example.com/p?q");
        assert_eq!(public_url("//p", &[], &fixed).unwrap(), "https://app.example.com//p");
    }

    #[test]
    fn several_hosts_are_rejected() {
        let two = [("host", "a.com"), ("host", "b.com")];
        for target in ["/p", "https://a.com/p"] {
            for forwarded in [Forwarded::Ignore, Forwarded::TrustFirst] {
                assert_eq!(public_url(target, &two, &forwarded), None, "{target}");
            }
        }
        // A trusted proxy determines the host.
        let named = [two[0], two[1], ("x-forwarded-host", "c.com")];
        assert_eq!(public_url("/p", &named, &Forwarded::TrustFirst).unwrap(), "http://c.com/p");
    }

    #[test]
    fn errors_say_what_is_wrong_with_the_host() {
        for (headers, expected) in [
            (&[][..], HostError::Missing),
            (&[("x-forwarded-proto", "https")], HostError::Missing),
            (&[("host", "a.com"), ("host", "a.com")], HostError::Several),
            (&[("host", "a.com"), ("host", "b.com"), ("x-forwarded-proto", "https")], HostError::Several),
            (&[("host", "a.com"), ("host", "b.com"), ("x-forwarded-host", "u@c.com")], HostError::Several),
            (&[("host", "a b")], HostError::Invalid),
            (&[("host", "*.a.com")], HostError::Invalid),
        ] {
            let request = request("/p", headers);
            let head = RequestHead::from(&request);
            for forwarded in [Forwarded::Ignore, Forwarded::TrustFirst] {
                assert_eq!(head.public_origin(&forwarded), Err(expected), "{headers:?}");
                assert_eq!(head.names_several_hosts(&forwarded), expected == HostError::Several);
            }
            let fixed = Forwarded::Origin("https://a.com".parse().unwrap());
            assert!(head.public_origin(&fixed).is_ok() && !head.names_several_hosts(&fixed));
        }
    }

    #[test]
    fn http_2_rejects_a_host_that_contradicts_the_authority() {
        for (target, host, is_good) in [
            ("https://a.com/p", "a.com", true),
            ("https://a.com/p", "A.com:443", true),
            ("https://a.com:443/p", "a.com", true),
            ("http://a.com:80/p", "a.com", true),
            ("https://a.com/p", "a.com:80", false),
            ("https://a.com/p", "b.com", false),
            ("https://a.com/p", "", false),
        ] {
            for (version, is_good) in
                [(Version::HTTP_2, is_good), (Version::HTTP_3, is_good), (Version::HTTP_11, true)]
            {
                // The second request repeats another header, which makes no difference.
                for headers in [&[("host", host)][..], &[("host", host), ("accept", "a"), ("accept", "b")]] {
                    let mut request = request(target, headers);
                    *request.version_mut() = version;
                    let origin = RequestHead::from(&request).public_origin(&Forwarded::Ignore);
                    assert_eq!(origin.is_ok(), is_good, "{version:?} {target} {headers:?}");
                    assert_eq!(
                        origin == Err(HostError::Several),
                        !is_good,
                        "{version:?} {target} {headers:?}"
                    );
                }
            }
        }
    }
}
