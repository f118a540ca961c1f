use http::{HeaderMap, HeaderName, Uri, header, request::Parts, uri::Authority};

use crate::ConfigError;

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Whom the proxy believes about the address that the outside world uses, and about who is calling.
///
/// Anybody can send `X-Forwarded-Host`. Only a server in front of this one that sets the header itself, or
/// removes what callers sent, makes it worth anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForwardedHeaders {
    /// Nobody: the address is the one that was asked, and what callers say about themselves is not sent on.
    #[default]
    Ignore,
    /// The first item of `X-Forwarded-Host` and of `X-Forwarded-Proto`, where they come; and the first of
    /// `CF-Connecting-IP`, `X-Real-IP` and `X-Forwarded-For` about who is calling. Only behind a server that
    /// sets them: one that appends to what callers sent leaves the first item to them.
    FirstItem,
    /// The address is always this one, for example `https://app.example.com`. The headers are ignored.
    Fixed(String),
}

/// [`ForwardedHeaders`], checked.
#[derive(Debug)]
pub(super) enum Trust {
    Nobody,
    FirstItem,
    Fixed(Origin),
}

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

    fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        // The parser drops a fragment.
        let plain = uri.path() == "/" && uri.query().is_none() && !text.contains('#');
        plain.then(|| Self::new(uri.scheme_str()?, uri.authority()?.as_str()))?
    }

    pub(super) fn scheme(&self) -> &'static str {
        self.scheme
    }

    pub(super) fn host(&self) -> &str {
        self.authority.as_str()
    }
}

impl Trust {
    pub(super) fn new(settings: &ForwardedHeaders) -> Result<Self, ConfigError> {
        Ok(match settings {
            ForwardedHeaders::Ignore => Self::Nobody,
            ForwardedHeaders::FirstItem => Self::FirstItem,
            ForwardedHeaders::Fixed(text) => Self::Fixed(Origin::parse(text).ok_or_else(|| {
                ConfigError::new("forwarded_headers", "expected an origin such as https://app.example.com")
            })?),
        })
    }

    /// Whether the headers about the caller come from a server that is trusted.
    pub(super) fn trusts_headers(&self) -> bool {
        matches!(self, Self::FirstItem)
    }

    /// The origin the outside world uses; `None` when the request names no host, or several.
    pub(super) fn origin(&self, head: &Parts) -> Option<Origin> {
        match self {
            Self::Nobody => asked(head),
            Self::FirstItem => forwarded(head).or_else(|| asked(head)),
            Self::Fixed(origin) => Some(origin.clone()),
        }
    }
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

    fn text(trust: &Trust, head: &Parts) -> String {
        trust.origin(head).map_or("-".into(), |origin| format!("{}://{}", origin.scheme(), origin.host()))
    }

    #[test]
    fn origins() {
        const H: (&str, &str) = ("host", "app.example:8080");
        const XFH: (&str, &str) = ("x-forwarded-host", "pub.example , proxy.example");
        const XFP: (&str, &str) = ("x-forwarded-proto", " https , http");
        let fixed = Trust::new(&ForwardedHeaders::Fixed("HTTPS://Fixed.example/".into())).unwrap();
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
            assert_eq!(text(&Trust::Nobody, &head), nobody, "{uri} {headers:?}");
            assert_eq!(text(&Trust::FirstItem, &head), first, "{uri} {headers:?}");
            assert_eq!(text(&fixed, &head), "https://Fixed.example");
        }
    }

    #[test]
    fn a_fixed_origin_is_no_more_than_that() {
        for bad in [
            "",
            "app.example",
            "/",
            "ftp://app.example",
            "https://app.example/path",
            "https://app.example/?a",
            "https://app.example/#a",
            "https://user@app.example",
        ] {
            let error = Trust::new(&ForwardedHeaders::Fixed(bad.into())).expect_err(bad);
            assert_eq!(error.setting, "forwarded_headers");
        }
    }
}
