use std::net::IpAddr;

use clerk_core::authenticate::PublicOrigin;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, COOKIE, EXPECT, HOST,
        PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    },
};

const CLERK_PROXY_URL: HeaderName = HeaderName::from_static("clerk-proxy-url");
const CLERK_SECRET_KEY: HeaderName = HeaderName::from_static("clerk-secret-key");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// The headers in which a trusted proxy sends the visitor's IP address, in order of preference.
const CLIENT_IP_HEADERS: [HeaderName; 3] =
    [HeaderName::from_static("cf-connecting-ip"), HeaderName::from_static("x-real-ip"), X_FORWARDED_FOR];

/// The headers in which a caller could forge its IP address, or the URL it used. Clerk believes them from this service,
/// so they are removed unless a trusted proxy sets them.
const FORWARDING_HEADERS: [&str; 7] = [
    "cf-connecting-ip",
    "forwarded",
    "true-client-ip",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

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
    /// Whether the forwarding headers of the request are trusted.
    pub(super) trusted: bool,
    pub(super) origin: PublicOrigin,
    /// The value for `X-Forwarded-For`.
    pub(super) address: Option<HeaderValue>,
}

/// The first member of a list header, trimmed; `None` if it is empty.
fn first_member<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let list = headers.get(name)?.to_str().ok()?;
    list.split(',').next().map(str::trim_ascii).filter(|member| !member.is_empty())
}

/// Returns the caller's IP address, from a trusted header or else from `peer`.
pub(super) fn caller_address(
    headers: &HeaderMap,
    trusted: bool,
    peer: impl FnOnce() -> Option<IpAddr>,
) -> Option<HeaderValue> {
    let header =
        trusted.then(|| CLIENT_IP_HEADERS.iter().find_map(|name| first_member(headers, name))).flatten();
    // A dual-stack socket reports IPv4 peers as `::ffff:1.2.3.4`. Clerk would count that as another address.
    let address = header.map(str::to_owned).or_else(|| peer().map(|peer| peer.to_canonical().to_string()))?;
    HeaderValue::try_from(address).ok()
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
    if !caller.trusted {
        for name in FORWARDING_HEADERS {
            headers.remove(name);
        }
    }
    headers.remove(X_FORWARDED_FOR);
    if let Some(address) = &caller.address {
        headers.insert(X_FORWARDED_FOR, address.clone());
    }
    if let Ok(host) = HeaderValue::from_str(caller.origin.authority()) {
        headers.entry(X_FORWARDED_HOST).or_insert(host);
    }
    if let Ok(scheme) = HeaderValue::from_str(caller.origin.scheme()) {
        headers.entry(X_FORWARDED_PROTO).or_insert(scheme);
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
    fn the_callers_address_comes_from_a_trusted_header_or_the_peer() {
        let mut headers = HeaderMap::new();
        headers.insert(X_FORWARDED_FOR, HeaderValue::from_static("9.9.9.9, 8.8.8.8"));
        for (trusted, peer, want) in [
            (false, None, None),
            (false, Some("1.2.3.4"), Some("1.2.3.4")),
            (false, Some("2001:DB8::1"), Some("2001:db8::1")),
            // An IPv4 peer of a dual-stack socket.
            (false, Some("::ffff:1.2.3.4"), Some("1.2.3.4")),
            (true, None, Some("9.9.9.9")),
            (true, Some("1.2.3.4"), Some("9.9.9.9")),
        ] {
            let peer = || peer.map(|peer| peer.parse().unwrap());
            let address = caller_address(&headers, trusted, peer);
            assert_eq!(address.as_ref().map(|value| value.to_str().unwrap()), want);
        }
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
