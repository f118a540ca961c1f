/// Where the proxy stands: a path without a slash at its end, for example `/__clerk`.
#[derive(Debug)]
pub(super) struct Prefix(String);

impl Prefix {
    pub(super) const DEFAULT: &'static str = "/__clerk";

    /// Where a client's authentication believes the proxy to stand: a path, or the path of an absolute URL.
    pub(super) fn of_proxy_url(url: &str) -> String {
        if url.starts_with('/') {
            return url.to_owned();
        }
        url::Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.path().to_owned())
    }

    /// Slashes at the end count for nothing.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let path = text.trim_end_matches('/');
        let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte));
        if !path.starts_with('/') {
            return Err("expected a path that begins with a slash, such as /__clerk");
        }
        if !plain || path.contains("//") || has_dot_segment(path) {
            return Err("expected letters, digits, `-`, `_`, `.` and `~` between single slashes");
        }
        Ok(Self(path.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request's path is the prefix or lies below it. The path is compared as it was sent.
    pub(super) fn matches(&self, path: &str) -> bool {
        self.below(path).is_some()
    }

    /// What follows the prefix, `/` at least; `None` for a path that is somewhere else, or could lead there.
    ///
    /// The URL parsers of some HTTP stacks resolve dot segments, and with them a path could leave the
    /// prefix after it was matched.
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

/// Whether a segment is `.` or `..`, in any spelling that a URL parser would resolve.
fn has_dot_segment(path: &str) -> bool {
    path.split(['/', '\\']).any(|segment| {
        // The longest spelling is %2e%2e.
        segment.len() <= 6 && matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_paths_below_the_prefix_are_the_proxys() {
        let prefix = Prefix::parse("/__clerk").unwrap();
        // The path, whether it is matched, and what is sent on.
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
        /// Whatever is sent on stays where it was after a URL parser has seen it.
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
