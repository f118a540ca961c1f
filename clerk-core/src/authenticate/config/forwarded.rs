//! The source of the service's public origin.

use std::fmt;

use url::Url;

use crate::authenticate::address;

/// Source of the service's public origin, which the browser shows in its address bar and to which a handshake returns.
///
/// Behind a proxy that terminates TLS, requests arrive as `http` and often with another host. Configure
/// [`Origin`](Self::Origin) or [`TrustFirst`](Self::TrustFirst) there: otherwise every navigation seems to come from
/// another origin, and causes a handshake.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Forwarded {
    /// The request itself: the authority of its target or its `Host`, and `http` unless the target has a scheme. Forwarded
    /// headers are ignored, since any client can send them. This is the default.
    #[default]
    Ignore,
    /// The first member of `X-Forwarded-Host` and of `X-Forwarded-Proto`, or the request itself where they are missing.
    ///
    /// Use it only behind a trusted proxy that overwrites or removes both headers. A proxy that appends to them leaves
    /// the client's value in first place.
    TrustFirst,
    /// Always this origin, whatever a request says.
    Origin(PublicOrigin),
}

impl Forwarded {
    /// Whether the `X-Forwarded-*` headers are trusted.
    #[must_use]
    pub const fn trusts_headers(&self) -> bool {
        matches!(self, Self::TrustFirst)
    }
}

impl fmt::Debug for Forwarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ignore => f.write_str("Ignore"),
            Self::TrustFirst => f.write_str("TrustFirst"),
            Self::Origin(origin) => f.debug_tuple("Origin").field(&origin.as_str()).finish(),
        }
    }
}

/// Origin of a website: scheme, host and port, for example `https://app.example.com`.
///
/// ```
/// use clerk_core::authenticate::PublicOrigin;
///
/// let origin: PublicOrigin = "https://app.example.com".parse()?;
/// assert_eq!(origin.as_str(), "https://app.example.com");
/// assert!("app.example.com".parse::<PublicOrigin>().is_err());
/// assert!("https://app.example.com/path".parse::<PublicOrigin>().is_err());
/// # Ok::<(), clerk_core::authenticate::PublicOriginError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicOrigin(String);

impl PublicOrigin {
    /// Creates the origin of an `http` or `https` URL.
    pub(crate) fn of(url: &Url) -> Self {
        Self(address::origin(url))
    }

    /// Returns the origin as a string without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the scheme: `https` or `http`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        if self.0.starts_with("https:") { "https" } else { "http" }
    }

    /// Returns the host and the port as in a `Host` header: without the scheme's default port.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, authority)| authority)
    }
}

/// Error when a string is not a valid origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an origin such as https://app.example.com, without a path")]
pub struct PublicOriginError;

impl std::str::FromStr for PublicOrigin {
    type Err = PublicOriginError;

    fn from_str(text: &str) -> Result<Self, PublicOriginError> {
        let url = address::configured(text).ok_or(PublicOriginError)?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if is_bare { Ok(Self::of(&url)) } else { Err(PublicOriginError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_setting_trusts_headers() {
        let origin = Forwarded::Origin("https://a.example".parse().unwrap());
        for (forwarded, trusts, shown) in [
            (Forwarded::Ignore, false, "Ignore"),
            (Forwarded::TrustFirst, true, "TrustFirst"),
            (origin, false, "Origin(\"https://a.example\")"),
        ] {
            assert_eq!((forwarded.trusts_headers(), &*format!("{forwarded:?}")), (trusts, shown));
        }
    }

    #[test]
    fn origins_are_validated_and_normalized() {
        for bad in [
            "",
            "example.com",
            "ftp://example.com",
            "https://u@example.com",
            "https://e.com/?q",
            "https://",
            "https:/example.com",
            "https://*.example.com",
            "https://https://example.com",
            "https://e.com\n",
        ] {
            assert!(bad.parse::<PublicOrigin>().is_err(), "{bad}");
        }
        let origin: PublicOrigin = "HTTPS://App.example.com:443/".parse().unwrap();
        assert_eq!(origin.as_str(), "https://app.example.com");
        let origin: PublicOrigin = "http://[::1]:3000".parse().unwrap();
        assert_eq!((origin.scheme(), origin.authority()), ("http", "[::1]:3000"));
    }
}
