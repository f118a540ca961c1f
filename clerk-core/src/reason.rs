//! Stable reason codes: why a token was rejected, or a request is signed out.
//!
//! Tokens and decisions share them, so this module depends on neither.

use std::fmt;

use http::HeaderValue;

/// Declares the reasons once: variant and code.
macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal,)*) => {
        /// Reason why a request is signed out, or a token was rejected.
        ///
        /// The codes are those of Clerk's SDKs, so front ends and dashboards recognize them. A code names a rule and
        /// contains nothing of the request, so it can be written to logs and response headers.
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

            /// Returns the code without spaces, for error bodies: the same as [`as_str`](Self::as_str), except for
            /// [`NoTokenInHeader`](Self::NoTokenInHeader), whose code in Clerk's SDKs is a sentence. It becomes
            /// `no-token-in-header`.
            #[must_use]
            pub fn code(&self) -> &str {
                match self {
                    Self::NoTokenInHeader => "no-token-in-header",
                    other => other.as_str(),
                }
            }

            /// Returns the code as the value of a header; `None` if Clerk's own error code is not a valid one.
            pub(crate) fn header_value(&self) -> Option<HeaderValue> {
                match self {
                    // Checked by the compiler and not for every request.
                    $(Self::$variant => Some(const { HeaderValue::from_static($code) }),)*
                    Self::ExpiredRefused(RefusalCode(code)) => {
                        HeaderValue::from_str(code).ok()
                    }
                }
            }

            #[cfg(test)]
            const ALL: &'static [Self] = &[$(Self::$variant,)*];
        }
    };
}

reasons! {
    /// The request has an active client (`__client_uat`), but no session token.
    ClientUatButNoSessionToken = "client-uat-but-no-session-token",
    /// A development instance did not receive its dev-browser token.
    DevBrowserMissing = "dev-browser-missing",
    /// The URL contains a dev-browser token of a development instance.
    DevBrowserSync = "dev-browser-sync",
    /// The primary domain sends the browser back to a satellite.
    PrimaryRespondsToSyncing = "primary-responds-to-syncing",
    /// The visitor comes from another origin, where they may have signed in or out.
    PrimaryDomainCrossOriginSync = "primary-domain-cross-origin-sync",
    /// A satellite has to ask the primary domain who is signed in.
    SatelliteNeedsSyncing = "satellite-needs-syncing",
    /// The request has neither a session token nor an active client.
    SessionTokenAndUatMissing = "session-token-and-uat-missing",
    /// The browser returned from a handshake without a session token.
    SessionTokenMissing = "session-token-missing",
    /// The session token is older than the last update of its client.
    SessionTokenIatBeforeClientUat = "session-token-iat-before-client-uat",
    /// The session token is not valid yet.
    SessionTokenNbf = "session-token-nbf",
    /// The session token was issued in the future (`iat`).
    SessionTokenIatInTheFuture = "session-token-iat-in-the-future",
    /// The request has a session token, but no active client.
    SessionTokenButNoClientUat = "session-token-but-no-client-uat",
    /// The URL is for another organization than the active one.
    ActiveOrganizationMismatch = "active-organization-mismatch",
    /// The token is valid, but its session was revoked after it was issued, or its user was banned, locked or deleted. Clerk's
    /// SDKs have no code for this.
    SessionRevoked = "session-revoked",
    /// The token's kind is not accepted here.
    TokenTypeMismatch = "token-type-mismatch",
    /// Any other cause, such as Clerk being unreachable.
    UnexpectedError = "unexpected-error",
    /// Only machine tokens are accepted, and the request has none.
    NoTokenInHeader = "No token in header",

    /// The token has expired. Decisions replace this with a code that starts with `session-token-expired`.
    TokenExpired = "token-expired",
    /// The string is not a valid token, or the token's header is not valid.
    TokenInvalid = "token-invalid",
    /// The token is signed with an algorithm that Clerk does not use.
    TokenInvalidAlgorithm = "token-invalid-algorithm",
    /// The token was issued to a party (`azp`) that is not authorized.
    TokenInvalidAuthorizedParties = "token-invalid-authorized-parties",
    /// The token's issuer (`iss`) is not accepted.
    TokenInvalidIssuer = "token-invalid-issuer",
    /// The signature does not match the key.
    TokenInvalidSignature = "token-invalid-signature",
    /// The token is not valid yet (`nbf`). Decisions replace this with `session-token-nbf`.
    TokenNotActiveYet = "token-not-active-yet",
    /// The token was issued in the future. Decisions replace this with `session-token-iat-in-the-future`.
    TokenIatInTheFuture = "token-iat-in-the-future",
    /// A claim is missing, has the wrong type or does not match, or the key cannot be used.
    TokenVerificationFailed = "token-verification-failed",
    /// Clerk refused the secret key.
    SecretKeyInvalid = "secret-key-invalid",
    /// Only Clerk can verify the token, and there is no secret key to ask Clerk with. Clerk's SDKs have no code for this.
    SecretKeyMissing = "secret-key-missing",
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
    /// Creates the code; `None` if Clerk's error code contains unexpected characters or is longer than 100 bytes.
    ///
    /// The code comes from a response body, and ends up in headers and logs.
    pub(crate) fn new(code: &str) -> Option<Self> {
        let is_code = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let is_valid = !code.is_empty() && code.len() <= 100 && code.bytes().all(is_code);
        is_valid.then(|| Self(format!("session-token-expired-refresh-{code}").into()))
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
    fn codes_are_unique_and_valid_header_values() {
        let codes: HashSet<&str> = Reason::ALL.iter().map(Reason::as_str).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert_eq!(HeaderValue::from_str(reason.as_str()).unwrap(), reason.as_str());
            assert_eq!(reason.header_value().unwrap(), reason.as_str());
            assert!(reason.code().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{reason}");
        }
    }
}
