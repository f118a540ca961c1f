//! Verification of tokens: kind, header, signature and claims.

use std::time::Duration;

use super::{
    Token, TokenError, TokenKind, VerifyingKey,
    json::Member,
    kind::Category,
    payload::{Audience, Issuer, Type},
};
use crate::{Reason, Timestamp};

/// Tolerated difference between Clerk's clock and this machine's. Defaults to five seconds.
///
/// Can be created from a [`Duration`]. A negative number of milliseconds makes verification stricter: tokens must stay
/// valid for at least that long.
///
/// An expired token is accepted for as long as the skew, so at most [`ClockSkew::MAX`] is tolerated, unless a method that
/// starts with `insecure_` sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSkew(i64);

/// The upper bound in milliseconds.
const MAX_SKEW: i64 = 60_000;

impl ClockSkew {
    /// The longest skew that is tolerated: one minute, which is the lifetime of a session token.
    pub const MAX: Duration = Duration::from_secs(60);

    /// Creates a clock skew from milliseconds, which may be negative.
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

/// What is required of a token besides a valid signature.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions {
    clock_skew: ClockSkew,
    /// Whether the clock skew may be longer than the upper bound.
    is_insecure: bool,
    audiences: Vec<String>,
    authorized_parties: Vec<String>,
    /// Whether tokens that name no party are accepted.
    is_party_optional: bool,
    issuers: Vec<String>,
    header_types: Vec<String>,
}

impl VerifyOptions {
    /// Creates the default options: five seconds of clock skew, any audience, any authorized party, any issuer, and the
    /// type `JWT` or none.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the tolerated clock skew, at most [`ClockSkew::MAX`]. Defaults to five seconds.
    ///
    /// A longer one counts as that maximum here, and is an error in the options of an
    /// [`Authenticator`](crate::authenticate::Authenticator).
    #[must_use]
    pub fn clock_skew(mut self, skew: impl Into<ClockSkew>) -> Self {
        (self.clock_skew, self.is_insecure) = (skew.into(), false);
        self
    }

    /// Sets the tolerated clock skew without an upper bound.
    ///
    /// Insecure: a token is accepted for as long after it has expired. Someone who has signed out or was banned, or who
    /// stole a token, keeps access for that long.
    #[must_use]
    pub fn insecure_clock_skew(mut self, skew: impl Into<ClockSkew>) -> Self {
        (self.clock_skew, self.is_insecure) = (skew.into(), true);
        self
    }

    /// Sets the accepted audiences (`aud`; RFC 7519, section 4.1.3). By default, any audience is accepted.
    ///
    /// Tokens without an audience are accepted in any case, as in Clerk's SDK. Empty strings are ignored.
    #[must_use]
    pub fn audiences<T: Into<String>>(mut self, audiences: impl IntoIterator<Item = T>) -> Self {
        self.audiences = non_empty(audiences);
        self
    }

    /// Sets the origins that session tokens may have been issued to (`azp`), for example `https://app.example.com`. By
    /// default, any origin is accepted.
    ///
    /// Origins are compared as strings. Once any is set, tokens without the claim are rejected, also if the only one is an
    /// empty string.
    ///
    /// Set this wherever session cookies are accepted: it protects against tokens that were issued to another site on the
    /// same domain, for example to a compromised subdomain.
    #[must_use]
    pub fn authorized_parties<T: Into<String>>(mut self, parties: impl IntoIterator<Item = T>) -> Self {
        // Empty strings are kept: a variable that was expanded to nothing must not turn the check off.
        self.authorized_parties = parties.into_iter().map(Into::into).collect();
        self.is_party_optional = false;
        self
    }

    /// Sets the accepted origins (`azp`), and accepts tokens that name none. For routes that browsers and native applications
    /// share: the tokens of native applications have no origin. A token that names one must name one of these.
    ///
    /// It replaces [`authorized_parties`](Self::authorized_parties), which is safer where only browsers call.
    #[must_use]
    pub fn authorized_parties_if_present<T: Into<String>>(
        mut self,
        parties: impl IntoIterator<Item = T>,
    ) -> Self {
        self = self.authorized_parties(parties);
        self.is_party_optional = true;
        self
    }

    /// Sets the accepted issuers (`iss`; RFC 7519, section 4.1.1), such as `https://clerk.example.com`. By default, any
    /// issuer is accepted, because only one instance has the key that verifies a token.
    ///
    /// Issuers are compared as strings. Once any is set, tokens without the claim are rejected, also if the only one is an
    /// empty string.
    #[must_use]
    pub fn issuers<T: Into<String>>(mut self, issuers: impl IntoIterator<Item = T>) -> Self {
        self.issuers = issuers.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the accepted values of the header `typ`. By default, `JWT` and tokens without the header are accepted; once
    /// set, the header is required.
    #[must_use]
    pub fn header_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.header_types = non_empty(types);
        self
    }
}

impl VerifyOptions {
    /// Returns the clock skew to tolerate.
    pub(crate) fn skew(&self) -> ClockSkew {
        let ClockSkew(skew) = self.clock_skew;
        if self.is_insecure { self.clock_skew } else { ClockSkew(skew.min(MAX_SKEW)) }
    }

    /// Whether the clock skew is not longer than the upper bound, or is meant to be.
    pub(crate) fn has_valid_skew(&self) -> bool {
        self.skew() == self.clock_skew
    }

    /// Copies the clock skew of other options.
    pub(crate) fn with_skew_of(mut self, other: &Self) -> Self {
        (self.clock_skew, self.is_insecure) = (other.clock_skew, other.is_insecure);
        self
    }

    pub(crate) fn parties(&self) -> &[String] {
        &self.authorized_parties
    }

    pub(crate) fn accepted_issuers(&self) -> &[String] {
        &self.issuers
    }

    /// The options of tokens from JWT templates for these audiences, where these are the options of session tokens.
    pub(crate) fn for_templates(&self, audiences: Vec<String>) -> Self {
        Self { audiences, is_party_optional: true, ..self.clone() }
    }

    /// What is wrong with the audience of a token that has to have one of these.
    pub(crate) fn audience_problem(&self, token: &Token) -> Option<&'static str> {
        let is_accepted = |text: &str| self.audiences.iter().any(|one| *one == *text);
        match &token.payload.aud {
            Member::Valid(Audience(texts)) if texts.iter().any(|text| is_accepted(text)) => None,
            Member::Valid(Audience(texts)) if !texts.is_empty() => {
                Some("the token is for another audience (aud)")
            }
            _ => Some("the token has no audience (aud), or a malformed one"),
        }
    }

    fn check_party(&self, party: &Member<Box<str>>) -> Result<(), TokenError> {
        let is_any = self.authorized_parties.is_empty() || (self.is_party_optional && party.is_absent());
        // Exactly: a match by prefix would accept `https://app.example.com.evil.example`.
        if is_any || self.authorized_parties.iter().any(|one| party.text() == Some(one)) {
            return Ok(());
        }
        Err(TokenError::new(
            Reason::TokenInvalidAuthorizedParties,
            "the token was issued to a party (azp) that is not authorized here",
        ))
    }

    fn check_issuer(&self, issuer: &Issuer<'_>) -> Result<(), TokenError> {
        let is_accepted = |issuer: &str| self.issuers.iter().any(|one| *one == *issuer);
        match issuer {
            _ if self.issuers.is_empty() => Ok(()),
            Issuer::Text(issuer) if is_accepted(issuer) => Ok(()),
            _ => Err(TokenError::new(
                Reason::TokenInvalidIssuer,
                "the token's issuer (iss) is not accepted here",
            )),
        }
    }
}

fn non_empty<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Vec<String> {
    texts.into_iter().map(Into::into).filter(|text: &String| !text.is_empty()).collect()
}

impl Token {
    /// Verifies a session token: its kind, its header, its signature, and its claims at the time `now`.
    ///
    /// # Errors
    ///
    /// The first rule that the token breaks, in this order:
    ///
    /// - `token-type-mismatch`: it is a machine token, or was created from a JWT template.
    /// - `token-invalid`: its `typ` is not accepted.
    /// - `token-invalid-algorithm`, `token-invalid-signature`, or `token-verification-failed` if the key is for another
    ///   algorithm.
    /// - The errors of [`check_claims`](Self::check_claims).
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
        // Before the claims: an attacker without a valid signature learns nothing about the configuration.
        self.verify_signature(key)?;
        self.check_claims(options, now)
    }

    /// Whether this is a session token by its kind and class, and not a machine token, an ID token, or one from a JWT
    /// template.
    ///
    /// A JWT template's token may have any claims, so it must not sign anyone in (cross-JWT confusion, RFC 8725,
    /// section 2.8).
    #[must_use]
    pub fn is_session(&self) -> bool {
        self.kind() == TokenKind::Session
            && match self.category() {
                Category::Session => true,
                Category::Unmarked | Category::Common => !self.is_for_a_client(),
                Category::M2m | Category::Template | Category::Other => false,
            }
    }

    /// Whether this may be an ID token (OpenID Connect Core 1.0, section 2). OAuth clients of other people get them, signed
    /// with the same key: they have an audience, and no session of Clerk's.
    fn is_for_a_client(&self) -> bool {
        let has_session = self.payload.sid.text().is_some_and(|sid| sid.starts_with("sess_"));
        !self.payload.aud.is_absent() && !has_session
    }

    /// Whether this may be a handshake's token, which has the class of session tokens.
    ///
    /// It names neither a user nor a session. A session token with a custom claim `handshake` names both: its content can
    /// be a user's own metadata, and must not become cookies.
    pub(crate) fn is_handshake(&self) -> bool {
        self.is_session() && self.payload.sub.is_absent() && self.payload.sid.is_absent()
    }

    /// Whether this token's class is the one that some instances use for all their tokens.
    pub(crate) fn has_common_class(&self) -> bool {
        self.category() == Category::Common
    }

    /// Checks that a machine token has the class of its kind. Call this before anything else in it is used.
    ///
    /// OAuth tokens are not distinguished by class: their type (`at+jwt`) is required instead.
    pub(crate) fn check_machine(&self) -> Result<(), TokenError> {
        match (self.kind(), self.category()) {
            (TokenKind::M2m, Category::M2m | Category::Unmarked | Category::Common)
            | (TokenKind::OAuth, _) => Ok(()),
            _ => Err(TokenError::invalid("the token's class (cat) is not that of a machine token")),
        }
    }

    /// Whether this was made from a JWT template, by its kind and its class.
    ///
    /// A token without a class, or with the one that some instances use for all tokens, may be a session token and does
    /// not count.
    pub(crate) fn is_template(&self) -> bool {
        self.kind() == TokenKind::Session && self.category() == Category::Template
    }

    /// Verifies the token of a JWT template: its header, its signature, and its claims at the time `now`.
    pub(crate) fn verify_template(
        &self,
        key: &VerifyingKey,
        options: &VerifyOptions,
        now: Timestamp,
    ) -> Result<(), TokenError> {
        self.check_header(options)?;
        self.verify_signature(key)?;
        self.check_template_claims(options, now)
    }

    /// Checks only the claims. Unlike in a session token, an audience is required.
    pub(crate) fn check_template_claims(
        &self,
        options: &VerifyOptions,
        now: Timestamp,
    ) -> Result<(), TokenError> {
        if !self.is_template() {
            return Err(TokenError::mismatch());
        }
        match options.audience_problem(self) {
            Some(problem) => Err(TokenError::failed(problem)),
            None => self.check_claims(options, now),
        }
    }

    /// Verifies an M2M or OAuth token: its type, its signature, and its claims at the time `now`.
    pub(crate) fn verify_machine(
        &self,
        key: &VerifyingKey,
        options: &VerifyOptions,
        now: Timestamp,
    ) -> Result<(), TokenError> {
        // RFC 9068, section 4: without the check of the type, a session token could pass as an access token.
        let is_typed = match (self.kind(), &self.header.typ) {
            (TokenKind::M2m, Member::Absent | Member::Valid(Type::Jwt)) => true,
            (TokenKind::OAuth, Member::Valid(typ)) => typ.is_access_token(),
            _ => false,
        };
        if !is_typed {
            return Err(TokenError::invalid("the token's type (typ) does not match its kind"));
        }
        self.verify_signature(key)?;
        self.check_claims(options, now)
    }

    pub(crate) fn check_header(&self, options: &VerifyOptions) -> Result<(), TokenError> {
        const TYPE: TokenError = TokenError::invalid("the token's type (typ) is not accepted");
        match (&self.header.typ, &*options.header_types) {
            (Member::Absent, []) => {}
            (Member::Valid(Type::Jwt), []) => {}
            (Member::Valid(typ), allowed) if allowed.iter().any(|one| one == typ.as_str()) => {}
            _ => return Err(TYPE),
        }
        match self.algorithm() {
            Some(_) => Ok(()),
            None => Err(unknown_algorithm()),
        }
    }

    /// Verifies only the signature: RSASSA-PKCS1-v1_5 (RFC 7518, section 3.3).
    ///
    /// # Errors
    ///
    /// - `token-invalid-algorithm`: the token is not signed with RS256, RS384 or RS512.
    /// - `token-verification-failed`: the key is for another algorithm.
    /// - `token-invalid-signature`: the signature does not match the key.
    pub fn verify_signature(&self, key: &VerifyingKey) -> Result<(), TokenError> {
        let algorithm = self.algorithm().ok_or(unknown_algorithm())?;
        key.verify(algorithm, self.signed(), self.signature())
    }

    /// Checks only the claims, at the time `now`: for a token whose signature was verified before.
    ///
    /// `sub` and `exp` are required. A token expires at `exp` plus the clock skew; `nbf` and `iat` may be in the future
    /// by the clock skew. Fractions of seconds are dropped.
    ///
    /// # Errors
    ///
    /// - `token-verification-failed`: a claim is missing or has the wrong type, or the audience is not accepted.
    /// - `token-invalid-authorized-parties`: the token was issued to a party that is not authorized.
    /// - `token-invalid-issuer`: the token's issuer is not accepted.
    /// - `token-expired`, `token-not-active-yet`, `token-iat-in-the-future`.
    pub fn check_claims(&self, options: &VerifyOptions, now: Timestamp) -> Result<(), TokenError> {
        // The order is that of Clerk's SDK, so that a token with several defects has the same reason.
        let claims = &self.payload;
        let Member::Valid(_) = claims.sub else {
            return Err(TokenError::failed("the subject (sub) is missing or not a string"));
        };
        check_audience(&claims.aud, &options.audiences)?;
        options.check_party(&claims.azp)?;
        options.check_issuer(&self.issuer())?;
        if claims.exp.is_absent() {
            return Err(NO_EXPIRY);
        }
        self.check_times(options.skew(), now)
    }

    /// Checks the times that the token has: `exp`, `nbf` and `iat`.
    pub(crate) fn check_times(&self, ClockSkew(skew): ClockSkew, now: Timestamp) -> Result<(), TokenError> {
        let (claims, now) = (&self.payload, now.as_millis());
        // Saturating: times in tokens and the skew may have any value.
        let (earliest, latest) = (now.saturating_sub(skew), now.saturating_add(skew));
        match claims.exp {
            // RFC 7519, section 4.1.4: not accepted on or after the expiration time.
            Member::Valid(expiry) if expiry.as_millis() <= earliest => {
                return Err(TokenError::new(Reason::TokenExpired, "the token has expired"));
            }
            Member::Valid(_) | Member::Absent => {}
            Member::Null | Member::Malformed => return Err(NO_EXPIRY),
        }
        check_start(
            &claims.nbf,
            latest,
            TokenError::failed("the not-before time (nbf) is not a number"),
            TokenError::new(Reason::TokenNotActiveYet, "the token is not valid yet"),
        )?;
        check_start(
            &claims.iat,
            latest,
            TokenError::failed("the time of issue (iat) is not a number"),
            TokenError::new(Reason::TokenIatInTheFuture, "the token was issued in the future"),
        )
    }
}

const ANOTHER_AUDIENCE: TokenError = TokenError::failed("the token is for another audience (aud)");

const NO_EXPIRY: TokenError = TokenError::failed("the expiration time (exp) is missing or not a number");

const fn unknown_algorithm() -> TokenError {
    TokenError::new(Reason::TokenInvalidAlgorithm, "the token is not signed with RS256, RS384 or RS512")
}

fn check_audience(audience: &Member<Audience>, allowed: &[String]) -> Result<(), TokenError> {
    if allowed.is_empty() {
        return Ok(());
    }
    match audience {
        // Most session tokens have no audience: Clerk adds one only if it is configured.
        Member::Absent | Member::Null => Ok(()),
        Member::Malformed => {
            Err(TokenError::failed("the audience (aud) is neither a string nor an array of strings"))
        }
        Member::Valid(Audience(texts)) => {
            if texts.is_empty() || texts.iter().any(|text| allowed.iter().any(|one| **one == **text)) {
                Ok(())
            } else {
                Err(ANOTHER_AUDIENCE)
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
        // The claim is optional (RFC 7519, section 4.1.5), but must be valid if it is present.
        Member::Absent => Ok(()),
        Member::Valid(start) if start.as_millis() > latest => Err(early),
        Member::Valid(_) => Ok(()),
        Member::Null | Member::Malformed => Err(malformed),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::token::{
        KeySet,
        testing::{
            KEY, NOW, OTHER_KEY, claims, header, jwk, key_set, keys, now, pem, sign, sign_bytes, spki,
        },
    };

    fn verdict(text: &str, keys: &KeySet, options: &VerifyOptions) -> String {
        let verify = || {
            let token = Token::decode(text)?;
            token.verify(keys.get(token.kid().unwrap_or_default())?, options, now())
        };
        verify().map_or_else(|error| error.reason().to_string(), |()| "ok".to_owned())
    }

    fn with_claims(changes: Value, options: &VerifyOptions) -> String {
        verdict(&sign(&header(json!({})), &claims(changes)), &keys(), options)
    }

    fn with_header(changes: Value) -> String {
        verdict(&sign(&header(changes), &claims(json!({}))), &keys(), &VerifyOptions::new())
    }

    #[test]
    fn valid_tokens_verify() {
        assert_eq!(with_claims(json!({}), &VerifyOptions::new()), "ok");
        assert_eq!(with_header(json!({"typ": null})), "ok");
        assert_eq!(with_header(json!({"cat": null})), "ok");
        assert_eq!(with_header(json!({"cat": "cl_I7d4PD111III"})), "ok");
        assert_eq!(with_header(json!({"oiat": 5, "crit": ["x"], "jwk": {"kty": "RSA"}})), "ok");
    }

    #[test]
    fn other_kinds_and_classes_are_rejected() {
        for changes in [
            json!({"cat": "cl_B7d4PD222AAA"}),
            json!({"cat": "cl_B7d4PD333AAA"}),
            json!({"cat": "cl_unknown"}),
            json!({"cat": ""}),
            json!({"cat": 5}),
            json!({"cat": "null"}),
            json!({"typ": "at+jwt"}),
            json!({"typ": "application/at+jwt"}),
        ] {
            assert_eq!(with_header(changes.clone()), "token-type-mismatch", "{changes}");
        }
        assert_eq!(with_claims(json!({"sub": "mch_1"}), &VerifyOptions::new()), "token-type-mismatch");
    }

    #[test]
    fn types_are_checked() {
        for typ in [json!("AT+JWT"), json!("jwt"), json!(""), json!(1), json!("null"), json!("JOSE")] {
            assert_eq!(with_header(json!({"typ": typ})), "token-invalid", "{typ}");
        }
        let options = VerifyOptions::new().header_types(["JWT", "foo"]);
        let try_typ =
            |typ: Value| verdict(&sign(&header(json!({"typ": typ})), &claims(json!({}))), &keys(), &options);
        assert_eq!(try_typ(json!("foo")), "ok");
        assert_eq!(try_typ(json!("JWT")), "ok");
        assert_eq!(try_typ(json!("bar")), "token-invalid");
        assert_eq!(try_typ(Value::Null), "token-invalid");
    }

    #[test]
    fn other_algorithms_are_rejected() {
        for alg in [
            json!("none"),
            json!("None"),
            json!(""),
            json!("HS256"),
            json!("PS256"),
            json!("ES256"),
            json!("rs256"),
            json!(["RS256"]),
            json!("null"),
            Value::Null,
        ] {
            assert_eq!(with_header(json!({"alg": alg})), "token-invalid-algorithm", "{alg}");
        }
    }

    #[test]
    fn unsigned_tokens_are_rejected() {
        let unsigned = |alg: &str| {
            let text = sign(&header(json!({"alg": alg})), &claims(json!({})));
            let (signed, _) = text.rsplit_once('.').unwrap();
            verdict(&format!("{signed}."), &keys(), &VerifyOptions::new())
        };
        assert_eq!(unsigned("none"), "token-invalid-algorithm");
        assert_eq!(unsigned("RS256"), "token-invalid-signature");
    }

    #[test]
    fn a_mac_with_the_public_key_is_rejected() {
        use aws_lc_rs::hmac;
        for secret in [spki(&KEY), pem(&KEY).into_bytes()] {
            let text = sign(&header(json!({"alg": "HS256"})), &claims(json!({})));
            let (signed, _) = text.rsplit_once('.').unwrap();
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), signed.as_bytes());
            let text = format!("{signed}.{}", crate::token::testing::base64url(tag));
            assert_eq!(verdict(&text, &keys(), &VerifyOptions::new()), "token-invalid-algorithm");
        }
    }

    #[test]
    fn the_key_determines_the_algorithm() {
        let declared = keys();
        let mut free = jwk(&KEY, crate::token::testing::KID);
        free.as_object_mut().unwrap().remove("alg");
        let free = key_set(json!([free]));
        for alg in ["RS384", "RS512"] {
            let text = sign(&header(json!({"alg": alg})), &claims(json!({})));
            assert_eq!(verdict(&text, &declared, &VerifyOptions::new()), "token-verification-failed");
            assert_eq!(verdict(&text, &free, &VerifyOptions::new()), "ok");
        }
        // Changing `alg` does not change the hash that was signed.
        let (header, claims) = (header(json!({"alg": "RS512"})).to_string(), claims(json!({})).to_string());
        let text = sign_bytes(&KEY, header.as_bytes(), claims.as_bytes());
        let relabelled = format!(
            "{}.{}",
            crate::token::testing::base64url(header.replace("RS512", "RS256")),
            text.split_once('.').unwrap().1
        );
        assert_eq!(verdict(&relabelled, &free, &VerifyOptions::new()), "token-invalid-signature");
    }

    #[test]
    fn signatures_must_match_the_key() {
        let (header, body) = (header(json!({})).to_string(), claims(json!({})).to_string());
        let text = sign_bytes(&OTHER_KEY, header.as_bytes(), body.as_bytes());
        assert_eq!(verdict(&text, &keys(), &VerifyOptions::new()), "token-invalid-signature");
        let good = sign_bytes(&KEY, header.as_bytes(), body.as_bytes());
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let forged = crate::token::testing::base64url(body.replace("user_1", "user_2"));
        let (first, _) = signed.split_once('.').unwrap();
        for text in [
            format!("{first}.{forged}.{signature}"),
            format!("{signed}.{}", crate::token::testing::base64url([0; 256])),
            format!("{signed}.AAAA{signature}"),
            format!("{signed}.AA"),
        ] {
            assert_eq!(verdict(&text, &keys(), &VerifyOptions::new()), "token-invalid-signature");
        }
    }

    #[test]
    fn claims_of_wrong_types_are_rejected() {
        for changes in [
            json!({"sub": null}),
            json!({"sub": 5}),
            json!({"sub": "null"}),
            json!({"sub": ["user_1"]}),
            json!({"exp": null}),
            json!({"exp": "null"}),
            json!({"exp": "1700000050"}),
            json!({"exp": {}}),
            json!({"nbf": "null"}),
            json!({"nbf": "x"}),
            json!({"iat": "null"}),
            json!({"iat": true}),
        ] {
            let options = VerifyOptions::new();
            assert_eq!(with_claims(changes.clone(), &options), "token-verification-failed", "{changes}");
        }
        for changes in [
            json!({"sub": ""}),
            json!({"nbf": null}),
            json!({"iat": null}),
            json!({"sid": null, "iss": null, "azp": null}),
            json!({"sid": 5, "iss": 5, "azp": 5, "sts": 5, "fva": 5, "v": "2", "o": 5, "act": 5, "fea": 5}),
            json!({"exp": 1_700_000_050.5}),
            json!({"exp": 1_000_000_000_000_000_i64}),
            json!({"exp": 1e300}),
        ] {
            assert_eq!(with_claims(changes.clone(), &VerifyOptions::new()), "ok", "{changes}");
        }
    }

    #[test]
    fn claims_are_checked_in_order() {
        let options = VerifyOptions::new().audiences(["api"]).authorized_parties(["https://x"]);
        let all = json!({"sub": 1, "aud": "z", "exp": 1, "nbf": 9e9, "iat": 9e9});
        assert_eq!(with_claims(all, &options), "token-verification-failed");
        let rest = json!({"aud": "api", "exp": 1, "nbf": 9e9, "iat": 9e9});
        assert_eq!(with_claims(rest.clone(), &options), "token-invalid-authorized-parties");
        let options = VerifyOptions::new();
        assert_eq!(with_claims(rest, &options), "token-expired");
        assert_eq!(with_claims(json!({"nbf": 9e9, "iat": 9e9}), &options), "token-not-active-yet");
        assert_eq!(with_claims(json!({"iat": 9e9}), &options), "token-iat-in-the-future");
        // The signature is verified before any of them.
        let text = sign_bytes(
            &OTHER_KEY,
            header(json!({})).to_string().as_bytes(),
            claims(json!({"exp": 1})).to_string().as_bytes(),
        );
        assert_eq!(verdict(&text, &keys(), &options), "token-invalid-signature");
    }

    #[test]
    fn times_are_compared_in_milliseconds_with_the_skew() {
        let token = |changes| Token::decode(&sign(&header(json!({})), &claims(changes))).unwrap();
        let at = |token: &Token, millis: i64, options: &VerifyOptions| {
            token
                .check_claims(options, Timestamp::from_millis(NOW * 1000 + millis))
                .map_or_else(|error| error.reason().to_string(), |()| "ok".to_owned())
        };
        let five = VerifyOptions::new();
        let (expiring, starting, issued) =
            (token(json!({"exp": NOW})), token(json!({"nbf": NOW})), token(json!({"iat": NOW, "nbf": null})));
        assert_eq!(at(&expiring, 4999, &five), "ok");
        assert_eq!(at(&expiring, 5000, &five), "token-expired");
        assert_eq!(at(&starting, -5000, &five), "ok");
        assert_eq!(at(&starting, -5001, &five), "token-not-active-yet");
        assert_eq!(at(&issued, -5000, &five), "ok");
        assert_eq!(at(&issued, -5001, &five), "token-iat-in-the-future");

        let none = VerifyOptions::new().clock_skew(Duration::ZERO);
        assert_eq!(at(&expiring, -1, &none), "ok");
        assert_eq!(at(&expiring, 0, &none), "token-expired");
        assert_eq!(at(&starting, 0, &none), "ok");
        assert_eq!(at(&starting, -1, &none), "token-not-active-yet");

        let strict = VerifyOptions::new().clock_skew(ClockSkew::from_millis(-60_000));
        let short = token(json!({"exp": NOW, "nbf": null, "iat": null}));
        assert_eq!(at(&short, -60_001, &strict), "ok");
        assert_eq!(at(&short, -60_000, &strict), "token-expired");

        // Fractions of seconds are truncated toward zero.
        assert_eq!(at(&token(json!({"exp": 1_700_000_000.9})), 0, &none), "token-expired");
        assert_eq!(at(&token(json!({"exp": -1})), 0, &none), "token-expired");

        let endless = VerifyOptions::new().insecure_clock_skew(Duration::MAX);
        assert_eq!(at(&expiring, i64::MAX - NOW * 1000, &endless), "ok");
        assert_eq!(at(&token(json!({"exp": i64::MIN})), 0, &none), "token-expired");
        assert_eq!(at(&token(json!({"nbf": u64::MAX})), 0, &none), "token-not-active-yet");
    }

    #[test]
    fn audiences_are_checked_when_both_sides_have_some() {
        let options = VerifyOptions::new().audiences(["api", "", "web"]);
        for (aud, ok) in [
            (Value::Null, true),
            (json!("null"), true),
            (json!(""), true),
            (json!([]), true),
            (json!([""]), true),
            (json!("api"), true),
            (json!("other"), false),
            (json!(["x", "web"]), true),
            (json!(["x", "y"]), false),
            (json!(["", "y"]), false),
            (json!(["api", 5]), false),
            (json!([null]), false),
            (json!(5), false),
            (json!(0), false),
            (json!(false), false),
            (json!({"api": 1}), false),
            (json!([["api"]]), false),
        ] {
            let expected = if ok { "ok" } else { "token-verification-failed" };
            assert_eq!(with_claims(json!({"aud": aud}), &options), expected, "{aud}");
        }
        for none in [VerifyOptions::new(), VerifyOptions::new().audiences([""])] {
            assert_eq!(with_claims(json!({"aud": 5}), &none), "ok");
        }
    }

    #[test]
    fn authorized_parties_are_exact_and_required() {
        let options = VerifyOptions::new().authorized_parties(["https://app.example.com", "", "https://b"]);
        for (azp, ok) in [
            (json!("https://app.example.com"), true),
            (json!("https://b"), true),
            (Value::Null, false),
            (json!("null"), false),
            (json!(""), false),
            (json!("https://app.example.com/"), false),
            (json!("https://APP.example.com"), false),
            (json!("https://app.example.com.evil.example"), false),
            (json!(["https://app.example.com"]), false),
            (json!(5), false),
        ] {
            let expected = if ok { "ok" } else { "token-invalid-authorized-parties" };
            assert_eq!(with_claims(json!({"azp": azp}), &options), expected, "{azp}");
        }
        let none = VerifyOptions::new().authorized_parties(Vec::<String>::new());
        assert_eq!(with_claims(json!({"azp": "https://evil.example"}), &none), "ok");
        // An environment variable that is empty must not authorize every party.
        let unset = VerifyOptions::new().authorized_parties([""]);
        for azp in [json!("https://evil.example"), json!(""), Value::Null] {
            assert_eq!(with_claims(json!({"azp": azp}), &unset), "token-invalid-authorized-parties", "{azp}");
        }
    }
}
