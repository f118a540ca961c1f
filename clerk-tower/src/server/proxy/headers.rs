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

/// Where a trusted server says who is calling, best first.
const CALLER: [HeaderName; 3] =
    [HeaderName::from_static("cf-connecting-ip"), HeaderName::from_static("x-real-ip"), X_FORWARDED_FOR];

/// What callers could say about themselves, and about the address they used.
const CLAIMS: [&str; 7] = [
    "cf-connecting-ip",
    "forwarded",
    "true-client-ip",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

/// How many bytes the headers of a request or an answer may have.
const MAX_HEADER_BYTES: usize = 64 * 1024;

pub(super) fn are_too_large(headers: &HeaderMap) -> bool {
    // Four more for the colon, the space and the end of the line.
    let bytes = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    bytes.sum::<usize>() > MAX_HEADER_BYTES
}

/// Takes out what concerns one connection only: the names that HTTP knows, and those that `Connection` lists.
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
    for name in ["keep-alive", "proxy-connection"] {
        headers.remove(name);
    }
}

/// What a request says about its caller, read before anything is removed.
pub(super) struct Caller {
    /// Whether headers that were sent with the request are believed.
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

/// The caller's address: what a trusted server says, or else what `peer` says.
pub(super) fn caller_address(
    headers: &HeaderMap,
    trusted: bool,
    peer: impl FnOnce() -> Option<IpAddr>,
) -> Option<HeaderValue> {
    let said = trusted.then(|| CALLER.iter().find_map(|name| first_member(headers, name))).flatten();
    let address = said.map(str::to_owned).or_else(|| peer().map(|peer| peer.to_canonical().to_string()))?;
    HeaderValue::try_from(address).ok()
}

/// RFC 9113, section 8.2.3: HTTP/2 may split cookies into several headers, and HTTP/1.1 has one for all.
fn join_cookies(headers: &mut HeaderMap) {
    let cookies: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if cookies.len() < 2 {
        return;
    }
    if let Ok(joined) = HeaderValue::from_bytes(&cookies.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}

/// Makes the headers of a request those of the one that is sent on. Values that are set replace all others.
pub(super) fn prepare_request(
    headers: &mut HeaderMap,
    caller: &Caller,
    host: HeaderValue,
    public: HeaderValue,
    secret: HeaderValue,
) {
    remove_hop_by_hop(headers);
    // It was meant for this server, which has answered it.
    headers.remove(EXPECT);
    join_cookies(headers);
    if !caller.trusted {
        for name in CLAIMS {
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
    headers.insert(ACCEPT_ENCODING, IDENTITY);
}

/// Makes the headers of an answer those of the one that is passed on. `Set-Cookie` keeps all its values.
///
/// The length is told anew by the server, or not, as its connection wants it. The body passes as it came, so
/// an encoding that was applied although none was asked for stays named.
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
    fn callers_are_who_a_trusted_server_or_the_connection_says() {
        let mut headers = HeaderMap::new();
        headers.insert(X_FORWARDED_FOR, HeaderValue::from_static("9.9.9.9, 8.8.8.8"));
        for (trusted, peer, want) in [
            (false, None, None),
            (false, Some("1.2.3.4"), Some("1.2.3.4")),
            (false, Some("2001:DB8::1"), Some("2001:db8::1")),
            // How a socket for both families shows a peer of the older one.
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
    fn large_headers_are_found() {
        let mut headers = HeaderMap::new();
        for (bytes, too_large) in [(0, false), (64 * 1024 - 5, false), (64 * 1024 - 4, true)] {
            headers.insert("x", HeaderValue::try_from("a".repeat(bytes)).unwrap());
            assert_eq!(are_too_large(&headers), too_large, "{bytes}");
        }
    }
}
