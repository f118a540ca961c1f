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
        if !plain || path.contains("//") || has_dot_segment(path) {
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

    /// Returns the part after the prefix, at least `/`. `None` if the path is not below the prefix, or could leave it.
    ///
    /// Some HTTP stacks parse the URL again and resolve dot segments. With these, a path could leave the upstream's own
    /// prefix after it was matched here.
    pub(super) fn rest<'a>(&self, path: &'a str) -> Option<&'a str> {
        match self.below(path)? {
            "" => Some("/"),
            rest => (!has_dot_segment(rest)).then_some(rest),
        }
    }

    fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(&self.0).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Returns `true` if a segment is `.` or `..`, in any spelling that a URL parser resolves. For `https`, the URL
/// standard treats a backslash as a slash.
fn has_dot_segment(path: &str) -> bool {
    path.split(['/', '\\']).any(|segment| {
        // The longest spelling is `%2e%2e`. Longer segments are not copied.
        segment.len() <= 6 && matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
    })
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
            ("/__clerk/%2e%2e%2fx", true, Some("/%2e%2e%2fx")),
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
        fn no_path_leaves_the_upstreams_prefix(rest in "/?([.%2eE5cCfF/\\\\a]|%2e){0,12}") {
            let prefix = Prefix::parse("/__clerk").unwrap();
            if let Some(rest) = prefix.rest(&format!("/__clerk{rest}")) {
                let parsed = url::Url::parse(&format!("https://fapi.example/base{rest}")).unwrap();
                prop_assert!(parsed.path().starts_with("/base/"), "{rest}");
                prop_assert_eq!(parsed.host_str(), Some("fapi.example"));
            }
        }
    }
}
