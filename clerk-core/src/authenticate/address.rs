//! URLs and origins.

use url::Url;

/// Parses an absolute `http` or `https` URL with a host and without credentials.
///
/// Redirects are made only to such URLs: `javascript:` would run a script, and `https://clerk.com@evil.example` is a
/// common disguise.
pub(super) fn absolute(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && is_plain).then_some(url)
}

/// Whether a string is an origin of any scheme, such as those of mobile apps and browser extensions.
///
/// Authorized parties are compared with a token's `azp` as strings, so nothing may follow the host.
pub(super) fn is_origin(text: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic());
    text.split_once("://").is_some_and(|(scheme, host)| {
        is_part(scheme) && is_part(host) && !host.contains(['/', '?', '#', '@', '*', ','])
    })
}

/// Returns the origin of an `http` or `https` URL, which is never opaque.
pub(super) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Removes the parameters of a returning handshake.
pub(super) fn without_handshake(url: Url) -> Url {
    const PARAMETERS: [&str; 4] =
        ["__clerk_handshake", "__clerk_help", "__clerk_db_jwt", "__clerk_handshake_nonce"];
    without(url, &PARAMETERS)
}

/// Removes these parameters. The rest of the query is serialized again, as in Clerk's SDK.
pub(super) fn without(mut url: Url, names: &[&str]) -> Url {
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !names.contains(&&**name))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.set_query(None);
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    url
}

/// Sets a parameter. The first one of that name gets the value, and the others are removed. The whole query is serialized
/// again.
pub(super) fn set_pair(url: &mut Url, name: &str, value: &str) {
    let mut is_set = false;
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (one, old) in url.query_pairs() {
        if one != name {
            pairs.push((one.into_owned(), old.into_owned()));
        } else if !is_set {
            pairs.push((name.to_owned(), value.to_owned()));
            is_set = true;
        }
    }
    if !is_set {
        pairs.push((name.to_owned(), value.to_owned()));
    }
    url.set_query(None);
    url.query_pairs_mut().extend_pairs(pairs);
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
