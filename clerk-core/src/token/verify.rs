//! Whether a token is to be believed, here and now.

use std::time::Duration;

use super::{Token, TokenError, VerifyingKey, json::Member, kind::Category, payload::Audience};
use crate::{Timestamp, authenticate::Reason};

/// How far the clocks of Clerk and of this machine may differ; five seconds unless set.
///
/// A [`Duration`] makes one. A negative number of milliseconds asks for tokens that stay valid for
/// that long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSkew(i64);

impl ClockSkew {
    /// From milliseconds, which may be negative.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }
}

impl Default for ClockSkew {
    fn default() -> Self {
        Self(5000)
    }
}

impl From<Duration> for ClockSkew {
    fn from(duration: Duration) -> Self {
        Self(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
    }
}

/// What a token must fit besides its signature.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions {
    clock_skew: ClockSkew,
    audiences: Vec<String>,
    authorized_parties: Vec<String>,
    header_types: Vec<String>,
}

impl VerifyOptions {
    /// Five seconds of clock skew, any audience, any authorized party, type `JWT` or none.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How far clocks may differ.
    #[must_use]
    pub fn clock_skew(mut self, skew: impl Into<ClockSkew>) -> Self {
        self.clock_skew = skew.into();
        self
    }

    /// The audiences (`aud`, RFC 7519 section 4.1.3) that tokens may be meant for. A token without an
    /// audience passes. Empty texts are left out; without any audience nothing is checked.
    #[must_use]
    pub fn audiences<T: Into<String>>(mut self, audiences: impl IntoIterator<Item = T>) -> Self {
        self.audiences = non_empty(audiences);
        self
    }

    /// The origins (`azp`) that session tokens may have been issued to, for example
    /// `https://app.example.com`, compared as they are written. A token without the claim is refused.
    /// Without any party nothing is checked.
    ///
    /// Set this wherever session cookies are accepted: it is what protects from tokens that another
    /// site on the same domain obtained.
    #[must_use]
    pub fn authorized_parties<T: Into<String>>(mut self, parties: impl IntoIterator<Item = T>) -> Self {
        self.authorized_parties = non_empty(parties);
        self
    }

    /// The values that the `typ` header may have, in place of `JWT`. Once set, tokens must have one.
    #[must_use]
    pub fn header_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.header_types = non_empty(types);
        self
    }
}

fn non_empty<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Vec<String> {
    texts.into_iter().map(Into::into).filter(|text: &String| !text.is_empty()).collect()
}

impl Token {
    /// Verifies a session token: its kind, its header, the signature, and last its claims at `now`.
    ///
    /// # Errors
    ///
    /// The first rule that the token breaks, with its reason: `token-type-mismatch` (a machine's token, or one
    /// from a JWT template), `token-invalid` (`typ`),
    /// `token-invalid-algorithm`, `token-invalid-signature`, `token-verification-failed` (key or a claim),
    /// `token-invalid-authorized-parties`, `token-expired`, `token-not-active-yet`,
    /// `token-iat-in-the-future`.
    pub fn verify(
        &self,
        key: &VerifyingKey,
        options: &VerifyOptions,
        now: Timestamp,
    ) -> Result<(), TokenError> {
        if !self.is_session() {
            return Err(TokenError::mismatch());
        }
        self.check_header(options)?;
        self.verify_signature(key)?;
        self.check_claims(options, now)
    }

    /// Whether the token is that of a session by kind and class: no machine's token and no JWT template's.
    pub(crate) fn is_session(&self) -> bool {
        self.kind() == super::TokenKind::Session && self.category() == Category::Session
    }

    pub(crate) fn check_header(&self, options: &VerifyOptions) -> Result<(), TokenError> {
        const TYPE: TokenError = TokenError::invalid("the token's type is not allowed here");
        match (&self.header.typ, &*options.header_types) {
            (Member::Absent, []) => {}
            (Member::Valid(typ), []) if **typ == *"JWT" => {}
            (Member::Valid(typ), allowed) if allowed.iter().any(|one| **one == **typ) => {}
            _ => return Err(TYPE),
        }
        match self.algorithm() {
            Some(_) => Ok(()),
            None => Err(unknown_algorithm()),
        }
    }

    /// Verifies the signature, RSASSA-PKCS1-v1_5 (RFC 7518, section 3.3), and nothing else.
    ///
    /// # Errors
    ///
    /// `token-invalid-algorithm`, `token-verification-failed` when the key is meant for another algorithm,
    /// `token-invalid-signature`.
    pub fn verify_signature(&self, key: &VerifyingKey) -> Result<(), TokenError> {
        let algorithm = self.algorithm().ok_or(unknown_algorithm())?;
        key.verify(algorithm, self.signed(), self.signature())
    }

    /// Checks the claims at `now`, and nothing else: for a token whose signature is known to be good.
    ///
    /// `exp` is required. A token is expired from `exp` plus the skew on; `nbf` and `iat` may be in the
    /// future by the skew. Fractions of seconds are dropped.
    ///
    /// # Errors
    ///
    /// `token-verification-failed` (a claim is missing, of a wrong type, or another audience),
    /// `token-invalid-authorized-parties`, `token-expired`, `token-not-active-yet`,
    /// `token-iat-in-the-future`.
    pub fn check_claims(&self, options: &VerifyOptions, now: Timestamp) -> Result<(), TokenError> {
        let claims = &self.payload;
        let Member::Valid(_) = claims.sub else {
            return Err(TokenError::failed("the subject (sub) is no text"));
        };
        check_audience(&claims.aud, &options.audiences)?;
        if !options.authorized_parties.is_empty() {
            let azp = claims.azp.text();
            if !options.authorized_parties.iter().any(|party| azp == Some(party)) {
                return Err(TokenError::new(
                    Reason::TokenInvalidAuthorizedParties,
                    "the token was issued to a party (azp) that is not authorized here",
                ));
            }
        }
        let ClockSkew(skew) = options.clock_skew;
        let now = now.as_millis();
        let (earliest, latest) = (now.saturating_sub(skew), now.saturating_add(skew));
        let Member::Valid(expiry) = claims.exp else {
            return Err(TokenError::failed("the expiry (exp) is no number"));
        };
        if expiry.as_millis() <= earliest {
            return Err(TokenError::new(Reason::TokenExpired, "the token has expired"));
        }
        check_start(
            &claims.nbf,
            latest,
            TokenError::failed("the start (nbf) is no number"),
            TokenError::new(Reason::TokenNotActiveYet, "the token is not valid yet"),
        )?;
        check_start(
            &claims.iat,
            latest,
            TokenError::failed("the time of issue (iat) is no number"),
            TokenError::new(Reason::TokenIatInTheFuture, "the token was issued in the future"),
        )
    }
}

const fn unknown_algorithm() -> TokenError {
    TokenError::new(Reason::TokenInvalidAlgorithm, "the token is not signed with RS256, RS384 or RS512")
}

fn check_audience(audience: &Member<Audience>, allowed: &[String]) -> Result<(), TokenError> {
    if allowed.is_empty() {
        return Ok(());
    }
    match audience {
        Member::Absent | Member::Null => Ok(()),
        Member::Malformed => Err(TokenError::failed("the audience (aud) is no text and no list of texts")),
        Member::Valid(Audience(texts)) => {
            if texts.is_empty() || texts.iter().any(|text| allowed.iter().any(|one| **one == **text)) {
                Ok(())
            } else {
                Err(TokenError::failed("the token is meant for another audience (aud)"))
            }
        }
    }
}

fn check_start(
    start: &Member<Timestamp>,
    latest: i64,
    malformed: TokenError,
    early: TokenError,
) -> Result<(), TokenError> {
    match start {
        Member::Absent => Ok(()),
        Member::Valid(start) if start.as_millis() > latest => Err(early),
        Member::Valid(_) => Ok(()),
        Member::Null | Member::Malformed => Err(malformed),
    }
}
