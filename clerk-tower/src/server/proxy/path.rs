/// The path of the proxy, without a trailing slash, for example `/__clerk`.
#[derive(Debug)]
pub(super) struct Prefix(String);

impl Prefix {
    pub(super) const DEFAULT: &'static str = "/__clerk";

    /// Returns the path of a `proxy_url`, which is a path or an absolute URL.
    pub(super) fn of_proxy_url(url: &str) -> String {
        if url.starts_with('/') {
            return url.to_owned();
        }
        url::Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.path().to_owned())
    }

    /// Parses a path. Trailing slashes are ignored.
    pub(super) fn parse(path: &str) -> Result<Self, &'static str> {
        let path = path.trim_end_matches('/');
        // No percent-encoding: request paths are compared byte by byte, and other spellings of the prefix would not
        // match.
        let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte));
        if !path.starts_with('/') {
            return Err("expected a path that starts with a slash, such as /__clerk");
        }
        if !plain || path.contains("//") || !is_plain(path) {
            return Err(
                "expected letters, digits, `-`, `_`, `.` and `~` between single slashes, without dot segments",
            );
        }
        Ok(Self(path.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns `true` if a request's path is the prefix or below it. The path is not decoded, as in axum's router.
    pub(super) fn matches(&self, path: &str) -> bool {
        self.below(path).is_some()
    }

    /// Returns the part after the prefix, at least `/`. `None` if the path is not below the prefix, or could be something
    /// else to a server that decodes it: the secret key must only be sent to paths of the Frontend API.
    pub(super) fn rest<'a>(&self, path: &'a str) -> Option<&'a str> {
        match self.below(path)? {
            "" => Some("/"),
            rest => is_plain(rest).then_some(rest),
        }
    }

    fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(&self.0).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Returns `true` if a path means the same to every server, however often it decodes the path: no dot segments, no encoded
/// separators, no backslashes, which the URL standard treats as slashes, no control characters, and nothing that is encoded
/// twice. No path of the Frontend API contains any of these.
fn is_plain(path: &str) -> bool {
    path.split('/').all(|segment| decode(segment).is_some_and(|text| is_plain_text(&text)))
}

fn is_plain_text(segment: &str) -> bool {
    // A `%` would start another encoding. Some servers remove what follows a `;` before they resolve dot segments.
    let name = segment.split(';').next().unwrap_or_default();
    !segment.contains(['/', '\\', '%']) && !segment.contains(char::is_control) && !matches!(name, "." | "..")
}

/// Decodes the percent-encoding of a segment. `None` if it is not valid, or not UTF-8, such as an overlong `%c0%af`.
fn decode(segment: &str) -> Option<String> {
    let mut decoded = Vec::new();
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_paths_below_the_prefix_match() {
        let prefix = Prefix::parse("/__clerk").unwrap();
        // The path, whether it matches, and what is forwarded.
        for (path, matches, rest) in [
            ("/__clerk", true, Some("/")),
            ("/__clerk/", true, Some("/")),
            ("/__clerk/v1/client", true, Some("/v1/client")),
            ("/__clerk//evil.com", true, Some("//evil.com")),
            ("/__clerk/a//b", true, Some("/a//b")),
            ("/__clerk/%2e%2e%2fx", true, None),
            ("/__clerk/%2e%2e%2fv1/users", true, None),
            ("/__clerk/..%5c", true, None),
            ("/__clerk/.%00.", true, None),
            ("/__clerk/..%00", true, None),
            ("/__clerk/a%2Fb", true, None),
            ("/__clerk/a%5Cb", true, None),
            ("/__clerk/a\\b", true, None),
            ("/__clerk/a%0ab", true, None),
            ("/__clerk/a%7f", true, None),
            ("/__clerk/a%c2%85", true, None),
            ("/__clerk/%252e%252e/x", true, None),
            ("/__clerk/a%25b", true, None),
            ("/__clerk/..;/x", true, None),
            ("/__clerk/%2e%2e;a=b/x", true, None),
            ("/__clerk/..%3b/x", true, None),
            ("/__clerk/%c0%ae%c0%ae/x", true, None),
            ("/__clerk/%c0%af", true, None),
            ("/__clerk/%", true, None),
            ("/__clerk/%4", true, None),
            ("/__clerk/%u002e", true, None),
            (
                "/__clerk/npm/@clerk/clerk-js@5/dist/clerk.browser.js",
                true,
                Some("/npm/@clerk/clerk-js@5/dist/clerk.browser.js"),
            ),
            ("/__clerk/.well-known/jwks.json", true, Some("/.well-known/jwks.json")),
            ("/__clerk/%40a%C3%A4", true, Some("/%40a%C3%A4")),
            ("/__clerk/a%20b", true, Some("/a%20b")),
            ("/__clerk/...", true, Some("/...")),
            ("/__clerk/..x", true, Some("/..x")),
            ("/__clerk/../x", true, None),
            ("/__clerk/..", true, None),
            ("/__clerk/./x", true, None),
            ("/__clerk/a/../../x", true, None),
            ("/__clerk/%2e%2E/x", true, None),
            ("/__clerk/.%2e", true, None),
            ("/__clerk/..\\x", true, None),
            ("/__clerkx", false, None),
            ("/__clerk%2Fv1", false, None),
            ("/%5F_clerk/v1", false, None),
            ("/__CLERK/v1", false, None),
            ("//__clerk/v1", false, None),
            ("/x/__clerk/v1", false, None),
            ("/", false, None),
            ("", false, None),
            ("*", false, None),
        ] {
            assert_eq!(prefix.matches(path), matches, "{path}");
            assert_eq!(prefix.rest(path), rest, "{path}");
        }
    }

    #[test]
    fn prefixes_are_plain_paths() {
        for (text, prefix) in
            [("/__clerk", "/__clerk"), ("/__clerk///", "/__clerk"), ("/auth/clerk.v1/", "/auth/clerk.v1")]
        {
            assert_eq!(Prefix::parse(text).unwrap().as_str(), prefix);
        }
        for bad in [
            "", "/", "///", "clerk", "//clerk", "/a//b", "/a/../b", "/.", "/a?b", "/a#b", "/%41", "/ä",
            "/a b",
        ] {
            assert!(Prefix::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        /// A forwarded path is still below the upstream's prefix after a URL parser has resolved it.
        #[test]
        fn no_path_leaves_the_upstreams_prefix(rest in "/?([.%2eE5cCfF/\\\\a;]|%2e|%25|%2f){0,12}") {
            let prefix = Prefix::parse("/__clerk").unwrap();
            if let Some(rest) = prefix.rest(&format!("/__clerk{rest}")) {
                let parsed = url::Url::parse(&format!("https://fapi.example/base{rest}")).unwrap();
                prop_assert!(parsed.path().starts_with("/base/"), "{rest}");
                prop_assert_eq!(parsed.host_str(), Some("fapi.example"));
                // Decoding it finds neither another separator nor another encoding.
                let decoded = decode(rest).unwrap();
                prop_assert_eq!(decoded.matches('/').count(), rest.matches('/').count());
                prop_assert!(!decoded.contains(['%', '\\']) && decoded.split('/').all(is_plain_text), "{rest}");
            }
        }
    }
}
