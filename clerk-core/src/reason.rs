//! Stable codes that say why a token or a request is not accepted.
//!
//! Tokens and decisions share them, so they depend on neither.

use std::fmt;

/// Declares the reasons once: variant and code.
macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal,)*) => {
        /// Why a request is signed out.
        ///
        /// The codes are those of Clerk's SDKs, so that dashboards and front ends know them. A code names a rule and
        /// repeats nothing of the request, so it may be written to logs and response headers.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $variant,)*
            /// The session token has expired and Clerk refused to refresh it: `session-token-expired-refresh-`
            /// followed by Clerk's own error code.
            ExpiredRefused(RefusalCode),
        }

        impl Reason {
            /// Returns the code as Clerk's SDKs write it, for example `session-token-nbf`.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $code,)*
                    Self::ExpiredRefused(RefusalCode(code)) => code,
                }
            }

            /// Returns the code if it is one of this crate's own, and not Clerk's answer to a refresh. A static
            /// string becomes a header value without an allocation.
            pub(crate) const fn as_static_str(&self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => Some($code),)*
                    Self::ExpiredRefused(_) => None,
                }
            }

            #[cfg(test)]
            const ALL: &'static [Self] = &[$(Self::$variant,)*];
        }
    };
}

reasons! {
    /// There is an active client, but no session token.
    ClientUatButNoSessionToken = "client-uat-but-no-session-token",
    /// A development instance did not receive its dev-browser token.
    DevBrowserMissing = "dev-browser-missing",
    /// The URL brings a dev-browser token to a development instance.
    DevBrowserSync = "dev-browser-sync",
    /// The primary domain responds to a satellite.
    PrimaryRespondsToSyncing = "primary-responds-to-syncing",
    /// The visitor comes from another origin, where they may have signed in or out.
    PrimaryDomainCrossOriginSync = "primary-domain-cross-origin-sync",
    /// A satellite has to ask the primary domain who is signed in.
    SatelliteNeedsSyncing = "satellite-needs-syncing",
    /// There is neither a session token nor an active client: nobody is signed in.
    SessionTokenAndUatMissing = "session-token-and-uat-missing",
    /// A handshake came back without a session token.
    SessionTokenMissing = "session-token-missing",
    /// The session token is older than the last change of its client.
    SessionTokenIatBeforeClientUat = "session-token-iat-before-client-uat",
    /// The session token is not valid yet.
    SessionTokenNbf = "session-token-nbf",
    /// The session token says it was issued in the future.
    SessionTokenIatInTheFuture = "session-token-iat-in-the-future",
    /// There is a session token, but no active client.
    SessionTokenButNoClientUat = "session-token-but-no-client-uat",
    /// The URL belongs to another organization than the active one.
    ActiveOrganizationMismatch = "active-organization-mismatch",
    /// The token's kind is not accepted here.
    TokenTypeMismatch = "token-type-mismatch",
    /// Anything without a code of its own, such as Clerk being unreachable.
    UnexpectedError = "unexpected-error",
    /// Only machine tokens are accepted, and the request carries none.
    NoTokenInHeader = "No token in header",

    /// The token has expired (before a carrier gives it a code of its own).
    TokenExpired = "token-expired",
    /// The string is not a valid token, or its header is not.
    TokenInvalid = "token-invalid",
    /// The token is signed with an algorithm that Clerk does not use.
    TokenInvalidAlgorithm = "token-invalid-algorithm",
    /// The token was issued to a party (`azp`) that is not authorized here.
    TokenInvalidAuthorizedParties = "token-invalid-authorized-parties",
    /// The signature does not match the key.
    TokenInvalidSignature = "token-invalid-signature",
    /// The token is not valid yet (before a carrier gives it a code of its own).
    TokenNotActiveYet = "token-not-active-yet",
    /// The token's `iat` is in the future (before a carrier gives it a code of its own).
    TokenIatInTheFuture = "token-iat-in-the-future",
    /// A claim is missing, has the wrong type or does not match, or the key cannot be used.
    TokenVerificationFailed = "token-verification-failed",
    /// Clerk refused the secret key.
    SecretKeyInvalid = "secret-key-invalid",
    /// The configured public key is missing.
    JwkLocalMissing = "jwk-local-missing",
    /// Clerk did not return the instance's keys.
    JwkRemoteFailedToLoad = "jwk-remote-failed-to-load",
    /// The keys cannot be loaded: neither a public key nor a secret key is configured.
    JwkFailedToResolve = "jwk-failed-to-resolve",
    /// None of the instance's keys has the token's key id.
    JwkKidMismatch = "jwk-kid-mismatch",

    /// The session token has expired and the request has no refresh cookie.
    ExpiredNoRefreshCookie = "session-token-expired-refresh-non-eligible-no-refresh-cookie",
    /// The session token has expired; only GET requests refresh it.
    ExpiredNonGet = "session-token-expired-refresh-non-eligible-non-get",
    /// The session token has expired and the refreshed one is not valid.
    ExpiredInvalidSessionToken = "session-token-expired-refresh-invalid-session-token",
    /// The session token has expired and there is no API client to refresh it with.
    ExpiredMissingApiClient = "session-token-expired-refresh-missing-api-client",
    /// The session token has expired and the token to refresh is missing.
    ExpiredMissingSessionToken = "session-token-expired-refresh-missing-session-token",
    /// The session token has expired and the refresh token is missing.
    ExpiredMissingRefreshToken = "session-token-expired-refresh-missing-refresh-token",
    /// The session token has expired and cannot be decoded for a refresh.
    ExpiredDecodeFailed = "session-token-expired-refresh-expired-session-token-decode-failed",
    /// The session token has expired and does not name its session (`sid`).
    ExpiredMissingSidClaim = "session-token-expired-refresh-expired-session-token-missing-sid-claim",
    /// The session token has expired and Clerk did not respond to the refresh.
    ExpiredFetchError = "session-token-expired-refresh-fetch-error",
    /// The session token has expired and the refresh returned nothing usable.
    ExpiredUnexpectedSdkError = "session-token-expired-refresh-unexpected-sdk-error",
    /// The session token has expired and Clerk refused the refresh without an error code.
    ExpiredUnexpectedBapiError = "session-token-expired-refresh-unexpected-bapi-error",
}

/// The code of a refused refresh: `session-token-expired-refresh-` followed by Clerk's error code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefusalCode(Box<str>);

impl RefusalCode {
    /// Returns `None` unless the code is written as Clerk's codes are: it ends up in headers and logs.
    pub(crate) fn new(code: &str) -> Option<Self> {
        let is_code = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let is_good = !code.is_empty() && code.len() <= 100 && code.bytes().all(is_code);
        is_good.then(|| Self(format!("session-token-expired-refresh-{code}").into()))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use http::HeaderValue;

    use super::*;

    #[test]
    fn every_code_is_its_own_and_a_header_value() {
        let codes: HashSet<&str> = Reason::ALL.iter().map(Reason::as_str).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert_eq!(HeaderValue::from_str(reason.as_str()).unwrap(), reason.as_str());
            assert_eq!(reason.as_static_str(), Some(reason.as_str()));
        }
    }
}
