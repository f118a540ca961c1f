use clerk_core::keys::PublishableKey;
use http::{
    HeaderValue, Uri,
    uri::{Authority, Scheme},
};
use url::Url;

use crate::{ConfigError, client::middleware::base_uri::BaseUriLayer};

/// The Frontend API: the only host that the secret key is sent to.
#[derive(Debug)]
pub(super) struct Upstream {
    scheme: Scheme,
    authority: Authority,
    /// Without a trailing slash.
    prefix: String,
    host: HeaderValue,
}

impl Upstream {
    pub(super) fn parse(setting: &'static str, url: &str) -> Result<Self, ConfigError> {
        let problem = |problem: &str| ConfigError::new(setting, problem);
        if url.contains('#') {
            return Err(problem("must not contain a fragment"));
        }
        let layer = BaseUriLayer::for_key(url).map_err(|error| problem(&error.to_string()))?;
        let base = layer.base();
        let host = HeaderValue::from_str(base.authority.as_str()).map_err(|_| problem("invalid host"))?;
        let (scheme, authority) = (base.scheme.clone(), base.authority.clone());
        let upstream = Self { scheme, authority, prefix: base.prefix.clone(), host };
        // Some transports parse the URL again with another parser. If the two disagree about the host, as they may for a
        // backslash, the secret key could be sent to another host.
        let parsed = upstream.target("/", None).and_then(|uri| Url::parse(&uri.to_string()).ok());
        let same =
            |url: &Url| url.host_str().is_some_and(|host| host.eq_ignore_ascii_case(base.authority.host()));
        parsed.filter(same).map(|_| upstream).ok_or_else(|| problem("invalid host or path"))
    }

    /// Returns the upstream for the instance of a publishable key.
    pub(super) fn of_key(key: &PublishableKey) -> Result<Self, ConfigError> {
        let url = key.frontend_api_url();
        // A stand-in for Clerk on this computer. Its keys must not be sent to Clerk.
        let url = if url.starts_with("http:") { &url } else { address_of(key.frontend_api()) };
        Self::parse("publishable_key", url)
    }

    /// Returns the upstream's URI for a path. The path is appended and not resolved as a reference, so `//evil.com`
    /// remains a path.
    pub(super) fn target(&self, rest: &str, query: Option<&str>) -> Option<Uri> {
        let mut path = format!("{}{rest}", self.prefix);
        if let Some(query) = query {
            path.push('?');
            path.push_str(query);
        }
        let uri = Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone());
        uri.path_and_query(path).build().ok().filter(|uri| self.is_at(uri))
    }

    /// Returns `true` if a URI is on this host. A second line of defense: the secret key must not go anywhere else.
    fn is_at(&self, uri: &Uri) -> bool {
        uri.authority() == Some(&self.authority) && uri.scheme() == Some(&self.scheme)
    }

    /// Returns the value of `Host`.
    pub(super) fn host(&self) -> HeaderValue {
        self.host.clone()
    }

    /// Rewrites a `Location` on this host to the proxy's URL. `None` if it does not need to change.
    ///
    /// `target` is the URI of the forwarded request, `public` the proxy's public URL.
    pub(super) fn rewrite(&self, location: &str, target: &Uri, public: &str) -> Option<String> {
        // Resolved as a browser does, so that relative and scheme-relative locations are understood the same way.
        let target = Url::parse(&target.to_string()).ok()?;
        let location = target.join(location).ok()?;
        // The scheme is not compared: a redirect to `http` on the same host would otherwise leave the proxy.
        if location.host_str() != target.host_str() || location.port() != target.port() {
            return None;
        }
        let rest = location.path().strip_prefix(&self.prefix)?;
        if !rest.starts_with('/') && !rest.is_empty() {
            return None;
        }
        let mut rewritten = format!("{public}{rest}");
        for (mark, part) in [('?', location.query()), ('#', location.fragment())] {
            if let Some(part) = part {
                rewritten.push(mark);
                rewritten.push_str(part);
            }
        }
        Some(rewritten)
    }
}

/// Returns the URL of Clerk's environment that an instance belongs to. The list is that of Clerk's own SDKs.
fn address_of(frontend_api: &str) -> &'static str {
    const PRODUCTION: &str = "https://frontend-api.clerk.dev";
    let ends = |endings: &[&str]| endings.iter().any(|ending| frontend_api.ends_with(ending));
    let of_clerk = ends(&[".lcl.dev", ".lclstage.dev", ".lclclerk.com"]);
    if frontend_api.starts_with("clerk.") && of_clerk {
        PRODUCTION
    } else if of_clerk || ends(&["lclstage.dev"]) {
        "https://frontend-api.lclclerk.com"
    } else if ends(&[".accountsstage.dev"]) {
        "https://frontend-api.clerkstage.dev"
    } else {
        PRODUCTION
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream(url: &str) -> Result<Upstream, ConfigError> {
        Upstream::parse("fapi_url", url)
    }

    #[test]
    fn the_key_determines_the_upstream() {
        for (frontend_api, address) in [
            ("clerk.example.com", "https://frontend-api.clerk.dev"),
            ("foo-bar-13.clerk.accounts.dev", "https://frontend-api.clerk.dev"),
            ("clerk.foo.lcl.dev", "https://frontend-api.clerk.dev"),
            ("clerk.foo.lclstage.dev", "https://frontend-api.clerk.dev"),
            ("clerk.foo.lclclerk.com", "https://frontend-api.clerk.dev"),
            ("foo.lcl.dev", "https://frontend-api.lclclerk.com"),
            ("foo.lclstage.dev", "https://frontend-api.lclclerk.com"),
            ("foolclstage.dev", "https://frontend-api.lclclerk.com"),
            ("foo.accounts.lclclerk.com", "https://frontend-api.lclclerk.com"),
            ("foo.accountsstage.dev", "https://frontend-api.clerkstage.dev"),
            ("clerk.foo.accountsstage.dev", "https://frontend-api.clerkstage.dev"),
        ] {
            assert_eq!(address_of(frontend_api), address, "{frontend_api}");
            assert!(upstream(address).is_ok());
        }
    }

    #[test]
    fn a_local_instance_is_its_own_upstream() {
        let key = "pk_test_MTI3LjAuMC4xOjQwMTAk".parse().unwrap();
        let uri = Upstream::of_key(&key).unwrap().target("/v1/client", None).unwrap();
        assert_eq!(uri, "http://127.0.0.1:4010/v1/client");
    }

    #[test]
    fn only_plain_https_urls_are_valid() {
        for good in
            ["https://fapi.example", "https://FAPI.example:8443/a/", "http://127.0.0.1:80", "http://[::1]:9"]
        {
            assert!(upstream(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "fapi.example",
            "/v1",
            "//fapi.example",
            "ftp://fapi.example",
            "http://fapi.example",
            "https://",
            "https://:443",
            "https://user:secret@fapi.example",
            "https://fapi.example/?a=b",
            "https://fapi.example/#a",
            "https://fapi.example\\@evil.example",
            "https://fapi.example/ ",
        ] {
            let error = upstream(bad).expect_err(bad);
            assert_eq!(error.setting, "fapi_url");
            assert!(!error.to_string().contains("secret@"), "{error}");
        }
    }

    #[test]
    fn targets_stay_on_the_host() {
        let at_root = upstream("https://fapi.example/").unwrap();
        let below = upstream("https://fapi.example:8443/base/").unwrap();
        for (rest, query, want) in [
            ("/", None, "/"),
            ("/v1/client", Some("a=b&c=%20"), "/v1/client?a=b&c=%20"),
            ("/v1/client", Some(""), "/v1/client?"),
            ("//evil.com", None, "//evil.com"),
            ("/@evil.com", None, "/@evil.com"),
            ("/a//b", Some("c=//d"), "/a//b?c=//d"),
        ] {
            let target = at_root.target(rest, query).unwrap();
            assert_eq!(target.to_string(), format!("https://fapi.example{want}"));
            assert_eq!(target.host(), Some("fapi.example"));
            assert_eq!(
                below.target(rest, query).unwrap().to_string(),
                format!("https://fapi.example:8443/base{want}")
            );
        }
        assert!(at_root.target("/", Some(&"a".repeat(70_000))).is_none());
    }

    #[test]
    fn locations_on_the_host_are_rewritten() {
        const PUBLIC: &str = "https://app.example/__clerk";
        let at_root = upstream("https://fapi.example").unwrap();
        let target = at_root.target("/v1/oauth/start", Some("a=b")).unwrap();
        for (location, want) in [
            ("https://fapi.example/v1/x?y=z#f", Some("/v1/x?y=z#f")),
            ("https://FAPI.example:443/v1/x", Some("/v1/x")),
            ("http://fapi.example/v1/x", Some("/v1/x")),
            ("https://fapi.example", Some("/")),
            ("//fapi.example/x", Some("/x")),
            ("/v1/x", Some("/v1/x")),
            ("next?c=d", Some("/v1/oauth/next?c=d")),
            ("../x", Some("/v1/x")),
            ("?c=d", Some("/v1/oauth/start?c=d")),
            ("#f", Some("/v1/oauth/start?a=b#f")),
            ("https://fapi.example:8443/x", None),
            ("https://fapi.example.evil.com/x", None),
            ("https://app.example/done", None),
            ("//evil.com/x", None),
            ("/\\evil.com", None),
            ("myapp://callback", None),
            ("https://[", None),
        ] {
            let want = want.map(|rest| format!("{PUBLIC}{rest}"));
            assert_eq!(at_root.rewrite(location, &target, PUBLIC), want, "{location}");
        }
        let below = upstream("https://fapi.example/base").unwrap();
        let target = below.target("/v1/start", None).unwrap();
        for (location, want) in [
            ("/base/v1/x", Some("/v1/x")),
            ("/base", Some("")),
            ("next", Some("/v1/next")),
            ("/v1/x", None),
            ("/based/x", None),
        ] {
            let want = want.map(|rest| format!("{PUBLIC}{rest}"));
            assert_eq!(below.rewrite(location, &target, PUBLIC), want, "{location}");
        }
    }
}
