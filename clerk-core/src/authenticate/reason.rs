//! The stable codes that say why a request is not signed in.

use std::fmt;

use http::HeaderValue;

use super::CallFailure;

/// Declares the reasons once: variant and code.
macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal,)*) => {
        /// Why a request is signed out: one of the codes that Clerk's SDKs use too, so that dashboards
        /// and front ends know them.
        ///
        /// A code names a rule, never anything of the request, and may go into logs and response headers.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $variant,)*
            /// Expired, and Clerk refused the refresh: `session-token-expired-refresh-` and Clerk's own code.
            ExpiredRefused(RefusalCode),
        }

        impl Reason {
            /// The code as Clerk's SDKs write it, for example `session-token-nbf`.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $code,)*
                    Self::ExpiredRefused(RefusalCode(code)) => code,
                }
            }

            /// The code as a header's value; nothing when it cannot be one.
            pub(super) fn to_value(&self) -> Option<HeaderValue> {
                match self {
                    $(Self::$variant => Some(HeaderValue::from_static($code)),)*
                    Self::ExpiredRefused(RefusalCode(code)) => HeaderValue::from_str(code).ok(),
                }
            }

            #[cfg(test)]
            const ALL: &'static [Self] = &[$(Self::$variant,)*];
        }
    };
}

reasons! {
    /// There is an active client, and no session token.
    ClientUatButNoSessionToken = "client-uat-but-no-session-token",
    /// A development instance without its dev-browser token.
    DevBrowserMissing = "dev-browser-missing",
    /// A development instance is passing its dev-browser token on.
    DevBrowserSync = "dev-browser-sync",
    /// The primary domain answers a satellite.
    PrimaryRespondsToSyncing = "primary-responds-to-syncing",
    /// The visitor comes from another origin.
    PrimaryDomainCrossOriginSync = "primary-domain-cross-origin-sync",
    /// A satellite has to ask the primary domain.
    SatelliteNeedsSyncing = "satellite-needs-syncing",
    /// Neither a session token nor an active client: nobody is signed in.
    SessionTokenAndUatMissing = "session-token-and-uat-missing",
    /// What came back from a handshake holds no session token.
    SessionTokenMissing = "session-token-missing",
    /// The session token is older than the last change of its client.
    SessionTokenIatBeforeClientUat = "session-token-iat-before-client-uat",
    /// The session token is not valid yet.
    SessionTokenNbf = "session-token-nbf",
    /// The session token says it was issued in the future.
    SessionTokenIatInTheFuture = "session-token-iat-in-the-future",
    /// A session token without an active client.
    SessionTokenButNoClientUat = "session-token-but-no-client-uat",
    /// The URL asks for another organization than the session's.
    ActiveOrganizationMismatch = "active-organization-mismatch",
    /// A token of a kind that is not accepted here.
    TokenTypeMismatch = "token-type-mismatch",
    /// Something that has no code of its own, such as Clerk not answering.
    UnexpectedError = "unexpected-error",
    /// Only machine tokens are accepted, and the request carries none.
    NoTokenInHeader = "No token in header",

    /// The token has expired (before a carrier gives it a code of its own).
    TokenExpired = "token-expired",
    /// The text is no token, or its header does not fit.
    TokenInvalid = "token-invalid",
    /// Signed with an algorithm that Clerk does not use.
    TokenInvalidAlgorithm = "token-invalid-algorithm",
    /// Issued to a party (`azp`) that is not authorized here.
    TokenInvalidAuthorizedParties = "token-invalid-authorized-parties",
    /// The signature is not that of the key.
    TokenInvalidSignature = "token-invalid-signature",
    /// The token is not valid yet (before a carrier gives it a code of its own).
    TokenNotActiveYet = "token-not-active-yet",
    /// The token's `iat` is in the future (before a carrier gives it a code of its own).
    TokenIatInTheFuture = "token-iat-in-the-future",
    /// A claim is missing, has the wrong type, or does not fit; or the key cannot be used.
    TokenVerificationFailed = "token-verification-failed",
    /// Clerk refuses the secret key.
    SecretKeyInvalid = "secret-key-invalid",
    /// The configured public key is missing.
    JwkLocalMissing = "jwk-local-missing",
    /// Clerk did not hand out its keys.
    JwkRemoteFailedToLoad = "jwk-remote-failed-to-load",
    /// There is no way to get at the keys: neither a public key nor a secret key is configured.
    JwkFailedToResolve = "jwk-failed-to-resolve",
    /// None of the instance's keys has the token's key id.
    JwkKidMismatch = "jwk-kid-mismatch",

    /// Expired, and there is no refresh token.
    ExpiredNoRefreshCookie = "session-token-expired-refresh-non-eligible-no-refresh-cookie",
    /// Expired, and only GET requests refresh.
    ExpiredNonGet = "session-token-expired-refresh-non-eligible-non-get",
    /// Expired, and what the refresh brought does not verify.
    ExpiredInvalidSessionToken = "session-token-expired-refresh-invalid-session-token",
    /// Expired, and there is nothing to refresh it with.
    ExpiredMissingApiClient = "session-token-expired-refresh-missing-api-client",
    /// Expired, and the token to refresh is missing.
    ExpiredMissingSessionToken = "session-token-expired-refresh-missing-session-token",
    /// Expired, and the refresh token is missing.
    ExpiredMissingRefreshToken = "session-token-expired-refresh-missing-refresh-token",
    /// Expired, and the token to refresh cannot be read.
    ExpiredDecodeFailed = "session-token-expired-refresh-expired-session-token-decode-failed",
    /// Expired, and the token to refresh names no session.
    ExpiredMissingSidClaim = "session-token-expired-refresh-expired-session-token-missing-sid-claim",
    /// Expired, and Clerk did not answer the refresh.
    ExpiredFetchError = "session-token-expired-refresh-fetch-error",
    /// Expired, and the refresh brought nothing usable.
    ExpiredUnexpectedSdkError = "session-token-expired-refresh-unexpected-sdk-error",
    /// Expired, and Clerk refused the refresh without saying why.
    ExpiredUnexpectedBapiError = "session-token-expired-refresh-unexpected-bapi-error",
}

impl Reason {
    /// Why an expired session was not refreshed, by what came of the attempt.
    pub(super) fn of_refresh(failure: &CallFailure) -> Self {
        match failure {
            CallFailure::Unreachable => Self::ExpiredFetchError,
            CallFailure::Unreadable | CallFailure::Unsendable => Self::ExpiredUnexpectedSdkError,
            CallFailure::Refused { code: Some(code), .. } if **code == *"unexpected_error" => {
                Self::ExpiredFetchError
            }
            CallFailure::Refused { code, .. } => code
                .as_deref()
                .and_then(RefusalCode::new)
                .map_or(Self::ExpiredUnexpectedBapiError, Self::ExpiredRefused),
        }
    }
}

/// A code that Clerk gave for refusing a refresh, with what stands before it in a [`Reason`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefusalCode(Box<str>);

impl RefusalCode {
    /// Nothing when the code has not the form of Clerk's codes: it goes into headers and logs.
    pub(super) fn new(code: &str) -> Option<Self> {
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

    use super::*;

    #[test]
    fn every_code_is_its_own_and_a_header_value() {
        let codes: HashSet<&str> = Reason::ALL.iter().map(Reason::as_str).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert_eq!(reason.to_value().unwrap(), reason.as_str());
        }
    }
}
