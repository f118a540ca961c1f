use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use clerk_core::authenticate::PublicOrigin;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, COOKIE, EXPECT, HOST,
        PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    },
    request::Parts,
};

const CLERK_PROXY_URL: HeaderName = HeaderName::from_static("clerk-proxy-url");
const CLERK_SECRET_KEY: HeaderName = HeaderName::from_static("clerk-secret-key");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// The starts of names of headers in which servers tell each other about a caller: its address, or the URL it used.
const CALLER_PREFIXES: [&str; 9] = [
    "cf-",
    "x-akamai-",
    "x-appengine-",
    "x-azure-",
    "x-envoy-",
    "x-original-",
    "x-rewrite-",
    "x-vercel-",
    "x-nf-",
];

/// Parts of names of such headers: `X-Forwarded-For` and its misspellings, `ClientIP`, `X-Remote-Addr`, and their like.
const CALLER_PARTS: [&str; 9] = [
    "clientip",
    "external-address",
    "forward",
    "front-end-https",
    "method-override",
    "origin-hop",
    "realip",
    "remote-addr",
    "userip",
];

/// The last words of such names after `X-`: `X-Url`, `X-Rewrite-Uri`, `X-Scheme`, `X-ARR-SSL`.
const CALLER_ENDS: [&str; 12] = [
    "addr", "address", "host", "https", "method", "port", "proto", "protocol", "scheme", "ssl", "uri", "url",
];

/// Whether a header could tell Clerk about the caller, or about a request other than this one. Clerk believes this
/// service, so a caller must not forge them. There is no complete list of such names, so this goes by their words.
fn is_about_caller(name: &HeaderName) -> bool {
    // Some servers treat `X_Real_IP` and `X-Real-IP` as the same header.
    let name = name.as_str().replace('_', "-");
    let ends_like_one = |rest: &str| rest.rsplit('-').next().is_some_and(|end| CALLER_ENDS.contains(&end));
    CALLER_PREFIXES.iter().any(|start| name.starts_with(start))
        || CALLER_PARTS.iter().any(|part| name.contains(part))
        || name.split('-').any(|word| word == "ip")
        || name.strip_prefix("x-").is_some_and(ends_like_one)
        || name == "via"
}

/// Upper bound on the size of the headers of a request or response. Servers and transports have limits of their own,
/// which differ and are often higher.
const MAX_HEADER_BYTES: usize = 64 * 1024;

pub(super) fn are_too_large(headers: &HeaderMap) -> bool {
    // Four more for the colon, the space and the end of the line.
    let bytes = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    bytes.sum::<usize>() > MAX_HEADER_BYTES
}

/// Removes the headers that apply to one connection only: those that RFC 9110, section 7.6.1 names, and those that
/// `Connection` lists.
///
/// Forwarding `Transfer-Encoding` could let the two servers disagree about where a request ends (request smuggling).
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect();
    for name in listed {
        headers.remove(name);
    }
    for name in [CONNECTION, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE]
    {
        headers.remove(name);
    }
    // Not in the `http` crate's list of names, but still sent by old clients.
    for name in ["keep-alive", "proxy-connection"] {
        headers.remove(name);
    }
}

/// What a request says about its caller. Read before any header is removed.
pub(super) struct Caller {
    pub(super) origin: PublicOrigin,
    pub(super) address: Option<IpAddr>,
}

/// Where the caller's IP address is found. There is one source, without a fallback: a caller could forge any other.
#[derive(Clone)]
pub(super) enum AddressSource {
    /// Nowhere.
    Unknown,
    /// The first item of this header, which a trusted server sets.
    Header(HeaderName),
    /// What this function returns.
    Function(Arc<FindAddress>),
}

type FindAddress = dyn Fn(&Parts) -> Option<IpAddr> + Send + Sync;

impl AddressSource {
    /// The source if only the headers of a trusted proxy are known.
    pub(super) const FORWARDED: Self = Self::Header(X_FORWARDED_FOR);

    /// Returns the caller's IP address, if the source contains a valid one.
    pub(super) fn find(&self, head: &Parts) -> Option<IpAddr> {
        let address = match self {
            Self::Unknown => None,
            Self::Header(name) => first_member(&head.headers, name).and_then(parse_address),
            Self::Function(find) => find(head),
        };
        // A dual-stack socket reports IPv4 peers as `::ffff:1.2.3.4`. Clerk would count that as another address.
        address.map(|address| address.to_canonical())
    }
}

/// The first member of a list header, trimmed.
fn first_member<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()?.split(',').next().map(str::trim_ascii)
}

/// Parses an IP address. Some servers add the port, and the brackets of an IPv6 address.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok();
    address.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// Joins several `Cookie` headers into one. HTTP/2 may split them (RFC 9113, section 8.2.3), but the upstream
/// connection may be HTTP/1.1, which allows only one.
fn join_cookies(headers: &mut HeaderMap) {
    let cookies: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if cookies.len() < 2 {
        return;
    }
    if let Ok(joined) = HeaderValue::from_bytes(&cookies.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}

/// Turns the headers of the incoming request into those of the forwarded one. Headers that are set here replace any
/// values that the caller sent.
pub(super) fn prepare_request(
    headers: &mut HeaderMap,
    caller: &Caller,
    host: HeaderValue,
    public: HeaderValue,
    secret: HeaderValue,
) {
    remove_hop_by_hop(headers);
    // `Expect: 100-continue` is between the caller and this server, which handles it itself.
    headers.remove(EXPECT);
    join_cookies(headers);
    let about_caller: Vec<_> = headers.keys().filter(|name| is_about_caller(name)).cloned().collect();
    for name in about_caller {
        headers.remove(name);
    }
    // Only what was found by the proxy's own rules is sent, so that Clerk does not read the caller's values differently.
    let known = [
        (X_FORWARDED_FOR, caller.address.map(|address| address.to_string())),
        (X_FORWARDED_HOST, Some(caller.origin.authority().to_owned())),
        (X_FORWARDED_PROTO, Some(caller.origin.scheme().to_owned())),
    ];
    for (name, value) in known {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    headers.insert(CLERK_PROXY_URL, public);
    headers.insert(CLERK_SECRET_KEY, secret);
    headers.insert(HOST, host);
    // Some transports decompress bodies on their own. If `Content-Encoding` then stays, browsers cannot read the body.
    headers.insert(ACCEPT_ENCODING, IDENTITY);
}

/// Turns the headers of Clerk's response into those of the returned one. All `Set-Cookie` headers are kept.
///
/// `Content-Length` is removed: the server sets it, or chunked encoding, as its connection requires. The body is not
/// changed, so a `Content-Encoding` other than `identity` must stay.
pub(super) fn prepare_response(headers: &mut HeaderMap) {
    remove_hop_by_hop(headers);
    headers.remove(CONTENT_LENGTH);
    if headers.get(CONTENT_ENCODING) == Some(&IDENTITY) {
        headers.remove(CONTENT_ENCODING);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookie_headers_are_joined() {
        for (fields, expected) in [
            (&[][..], &[][..]),
            (&["a=1; b=2"], &["a=1; b=2"]),
            (&["a=1", "b=2"], &["a=1; b=2"]),
            (&["a=1", "b=2", "c=3; d=4"], &["a=1; b=2; c=3; d=4"]),
        ] {
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append(COOKIE, HeaderValue::from_static(field));
            }
            join_cookies(&mut headers);
            assert_eq!(headers.get_all(COOKIE).iter().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn addresses_are_ip_addresses() {
        let mut head = http::Request::new(()).into_parts().0;
        let source = AddressSource::Header(HeaderName::from_static("x-peer"));
        for (value, expected) in [
            ("9.9.9.9", Some("9.9.9.9")),
            (" 9.9.9.9 , 8.8.8.8", Some("9.9.9.9")),
            ("9.9.9.9:1234", Some("9.9.9.9")),
            ("2001:DB8::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("[2001:db8::1]:443", Some("2001:db8::1")),
            // An IPv4 peer of a dual-stack socket.
            ("::ffff:1.2.3.4", Some("1.2.3.4")),
            ("", None),
            (", 8.8.8.8", None),
            ("unknown", None),
            ("_hidden", None),
            ("app.example", None),
            ("not an ip<script>", None),
            ("1.2.3", None),
            ("1.2.3.4.5", None),
            ("01.2.3.4", None),
            ("1.2.3.4 5.6.7.8", None),
            ("fe80::1%eth0", None),
            ("for=1.2.3.4", None),
        ] {
            head.headers.insert("x-peer", HeaderValue::from_static(value));
            let found = source.find(&head).map(|address| address.to_string());
            assert_eq!(found.as_deref(), expected, "{value}");
        }
        let mapped = AddressSource::Function(Arc::new(|_| "::ffff:1.2.3.4".parse().ok()));
        assert_eq!(mapped.find(&head).unwrap().to_string(), "1.2.3.4");
        assert_eq!(AddressSource::Unknown.find(&head), None);
    }

    #[test]
    fn large_headers_are_detected() {
        let mut headers = HeaderMap::new();
        for (bytes, too_large) in [(0, false), (64 * 1024 - 5, false), (64 * 1024 - 4, true)] {
            headers.insert("x", HeaderValue::try_from("a".repeat(bytes)).unwrap());
            assert_eq!(are_too_large(&headers), too_large, "{bytes}");
        }
    }
}
