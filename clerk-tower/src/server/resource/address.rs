//! The URL of a protected resource, and the addresses that follow from it.

use url::Url;

use crate::client::transport::is_loopback;

/// The well-known address of a protected resource's metadata: RFC 9728, section 3.
const METADATA: &str = "/.well-known/oauth-protected-resource";

/// The well-known address of an authorization server's metadata: RFC 8414, section 3.
pub(super) const AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";

/// The identifier of a protected resource: a URL in its normal form, without query and fragment.
#[derive(Debug)]
pub(super) struct ResourceUrl {
    text: String,
    url: Url,
}

impl ResourceUrl {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        const EXPECTED: &str = "expected the URL that clients call, such as https://mcp.example.com/mcp";
        let url = Url::parse(text).map_err(|error| format!("{error}; {EXPECTED}"))?;
        let is_encrypted = match url.scheme() {
            "https" => true,
            "http" => url.host_str().is_some_and(is_loopback),
            _ => return Err(EXPECTED.to_owned()),
        };
        if !is_encrypted {
            return Err(
                "with http, anyone on the way could read the tokens; use https, except for localhost"
                    .to_owned(),
            );
        }
        if url.fragment().is_some() || url.query().is_some() {
            return Err(format!(
                "must have neither a query nor a fragment (RFC 8707, section 2); {EXPECTED}"
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!("must not contain a user or a password; {EXPECTED}"));
        }
        // Audiences are compared as strings, so the URL has to be written as clients write it.
        if url.as_str() != text && url.as_str().strip_suffix('/') != Some(text) {
            return Err(format!(
                "clients write this URL as {url}; write it so here and in Clerk's dashboard, too"
            ));
        }
        if url.path().contains("//") {
            return Err(format!("has an empty segment in its path; {EXPECTED}"));
        }
        Ok(Self { text: text.to_owned(), url })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the path, which is `/` for the whole origin.
    pub(super) fn path(&self) -> &str {
        self.url.path()
    }

    /// Returns the audiences that a token for this resource may have. `https://example.com` and `https://example.com/` are one
    /// URL (RFC 3986, section 6.2.3), and clients send either; with any other path, a slash at the end makes a difference.
    pub(super) fn audiences(&self) -> Vec<String> {
        let mut audiences = vec![self.text.clone()];
        if self.path() == "/" {
            let other = self.text.strip_suffix('/').map_or_else(|| self.url.to_string(), ToOwned::to_owned);
            audiences.push(other);
        }
        audiences
    }

    /// Returns the path of the metadata document: the resource's path, after the well-known address.
    pub(super) fn metadata_path(&self) -> String {
        format!("{METADATA}{}", self.path().trim_end_matches('/'))
    }

    /// Returns the URL of the metadata document.
    pub(super) fn metadata_url(&self) -> String {
        let mut url = self.url.clone();
        url.set_path(&self.metadata_path());
        url.into()
    }

    /// Returns the path of the metadata document for the whole origin.
    pub(super) const fn metadata_root() -> &'static str {
        METADATA
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_stand_at_the_addresses_that_clients_try() {
        for (resource, path, url, audiences) in [
            (
                "https://mcp.example.com/mcp",
                "/.well-known/oauth-protected-resource/mcp",
                "https://mcp.example.com/.well-known/oauth-protected-resource/mcp",
                &["https://mcp.example.com/mcp"][..],
            ),
            (
                "https://mcp.example.com",
                "/.well-known/oauth-protected-resource",
                "https://mcp.example.com/.well-known/oauth-protected-resource",
                &["https://mcp.example.com", "https://mcp.example.com/"],
            ),
            (
                "https://mcp.example.com/",
                "/.well-known/oauth-protected-resource",
                "https://mcp.example.com/.well-known/oauth-protected-resource",
                &["https://mcp.example.com/", "https://mcp.example.com"],
            ),
            (
                "http://localhost:3000/a/mcp/",
                "/.well-known/oauth-protected-resource/a/mcp",
                "http://localhost:3000/.well-known/oauth-protected-resource/a/mcp",
                &["http://localhost:3000/a/mcp/"],
            ),
        ] {
            let parsed = ResourceUrl::parse(resource).unwrap();
            assert_eq!(parsed.as_str(), resource);
            assert_eq!(parsed.metadata_path(), path);
            assert_eq!(parsed.metadata_url(), url);
            assert_eq!(parsed.audiences(), audiences);
        }
    }

    #[test]
    fn a_url_that_no_token_could_be_for_is_an_error() {
        for (resource, says) in [
            ("", "expected the URL"),
            ("/mcp", "expected the URL"),
            ("mcp.example.com", "expected the URL"),
            ("ftp://mcp.example.com", "expected the URL"),
            ("http://mcp.example.com/mcp", "use https"),
            ("http://127.0.0.1.example.com/mcp", "use https"),
            ("https://mcp.example.com/mcp#tools", "fragment"),
            ("https://mcp.example.com/mcp#", "fragment"),
            ("https://mcp.example.com/mcp?", "query"),
            ("https://mcp.example.com/mcp?a=b", "query"),
            ("https://ada:secret@mcp.example.com/mcp", "password"),
            ("https://ada@mcp.example.com/mcp", "password"),
            ("https://:secret@mcp.example.com/mcp", "password"),
            ("https://MCP.example.com/mcp", "https://mcp.example.com/mcp"),
            ("https://mcp.example.com:443/mcp", "https://mcp.example.com/mcp"),
            ("https://mcp.example.com/a/../mcp", "https://mcp.example.com/mcp"),
            ("https://mcp.example.com//mcp", "empty segment"),
            (" https://mcp.example.com/mcp", "https://mcp.example.com/mcp"),
        ] {
            let error = ResourceUrl::parse(resource).unwrap_err();
            assert!(error.contains(says) && !error.contains("secret"), "{resource}: {error}");
        }
    }
}
