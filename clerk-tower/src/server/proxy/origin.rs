use clerk_core::authenticate::{Forwarded, PublicOrigin};
use http::{HeaderMap, HeaderName, Uri, header, request::Parts, uri::Authority};

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Scheme and host as the outside world writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    scheme: &'static str,
    authority: Authority,
}

impl Origin {
    fn new(scheme: &str, authority: &str) -> Option<Self> {
        let scheme = ["https", "http"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known))?;
        let authority: Authority = authority.parse().ok()?;
        let plain = !authority.host().is_empty() && !authority.as_str().contains('@');
        plain.then_some(Self { scheme, authority })
    }

    fn of(origin: &PublicOrigin) -> Option<Self> {
        let (scheme, authority) = origin.as_str().split_once("://")?;
        Self::new(scheme, authority)
    }

    pub(super) fn scheme(&self) -> &'static str {
        self.scheme
    }

    pub(super) fn host(&self) -> &str {
        self.authority.as_str()
    }
}

/// The origin the outside world uses; `None` when the request names no host, or several.
pub(super) fn origin(head: &Parts, from: &Forwarded) -> Option<Origin> {
    match from {
        Forwarded::Origin(origin) => Origin::of(origin),
        from if trusts_headers(from) => forwarded(head).or_else(|| asked(head)),
        _ => asked(head),
    }
}

/// Whether the headers about the caller come from a server that is trusted.
pub(super) fn trusts_headers(forwarded: &Forwarded) -> bool {
    *forwarded == Forwarded::TrustFirst
}

/// The origin that was asked. The scheme is `http` where the request does not say it.
fn asked(head: &Parts) -> Option<Origin> {
    Origin::new(scheme(&head.uri), host(head)?)
}

fn forwarded(head: &Parts) -> Option<Origin> {
    let proto = first_item(&head.headers, &X_FORWARDED_PROTO);
    let authority = first_item(&head.headers, &X_FORWARDED_HOST);
    if proto.is_none() && authority.is_none() {
        return None;
    }
    Origin::new(proto.unwrap_or_else(|| scheme(&head.uri)), authority.or_else(|| host(head))?)
}

fn scheme(uri: &Uri) -> &str {
    uri.scheme_str().unwrap_or("http")
}

/// RFC 9112, section 3.2.2: an absolute address wins over `Host`.
fn host(head: &Parts) -> Option<&str> {
    if let Some(authority) = head.uri.authority() {
        return Some(authority.as_str());
    }
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    hosts.next().is_none().then_some(host)
}

/// What stands before the first comma, without the space around it; `None` when that is empty.
pub(super) fn first_item<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let text = headers.get(name)?.to_str().ok()?;
    text.split(',').next().map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn text(from: &Forwarded, head: &Parts) -> String {
        origin(head, from).map_or("-".into(), |origin| format!("{}://{}", origin.scheme(), origin.host()))
    }

    #[test]
    fn origins() {
        const H: (&str, &str) = ("host", "app.example:8080");
        const XFH: (&str, &str) = ("x-forwarded-host", "pub.example , proxy.example");
        const XFP: (&str, &str) = ("x-forwarded-proto", " https , http");
        let fixed = Forwarded::Origin("HTTPS://Fixed.example:8443/".parse().unwrap());
        // URI, headers, the origin if nobody is trusted, and if the headers are.
        for (uri, headers, nobody, first) in [
            ("/p", &[H][..], "http://app.example:8080", "http://app.example:8080"),
            ("/p", &[H, XFH, XFP], "http://app.example:8080", "https://pub.example"),
            ("/p", &[H, XFP], "http://app.example:8080", "https://app.example:8080"),
            ("/p", &[H, XFH], "http://app.example:8080", "http://pub.example"),
            ("https://asked.example/p", &[H], "https://asked.example", "https://asked.example"),
            ("https://asked.example/p", &[H, XFH, XFP], "https://asked.example", "https://pub.example"),
            ("/p", &[], "-", "-"),
            ("/p", &[XFP], "-", "-"),
            ("/p", &[XFH], "-", "http://pub.example"),
            ("/p", &[("host", "a.example"), ("host", "b.example")], "-", "-"),
            ("/p", &[("host", "user@a.example")], "-", "-"),
            ("/p", &[("host", "a.example/x")], "-", "-"),
            (
                "/p",
                &[H, ("x-forwarded-proto", "javascript"), XFH],
                "http://app.example:8080",
                "http://app.example:8080",
            ),
            (
                "/p",
                &[H, XFP, ("x-forwarded-host", "a/b")],
                "http://app.example:8080",
                "http://app.example:8080",
            ),
            (
                "/p",
                &[H, XFP, ("x-forwarded-host", "u@a")],
                "http://app.example:8080",
                "http://app.example:8080",
            ),
            (
                "/p",
                &[H, XFP, ("x-forwarded-host", "")],
                "http://app.example:8080",
                "https://app.example:8080",
            ),
        ] {
            let head = head(uri, headers);
            assert_eq!(text(&Forwarded::Ignore, &head), nobody, "{uri} {headers:?}");
            assert_eq!(text(&Forwarded::TrustFirst, &head), first, "{uri} {headers:?}");
            assert_eq!(text(&fixed, &head), "https://fixed.example:8443");
        }
    }
}
