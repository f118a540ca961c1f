//! Strict decoding of a JWS in compact serialization.

use std::{borrow::Cow, fmt, sync::Arc};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::de::DeserializeOwned;

use super::{
    ClaimsError, TokenError, TokenKind,
    json::{Claim, Member},
    key::Algorithm,
    kind::Category,
    payload::{Header, Issuer, Payload, Type},
};
use crate::Timestamp;

/// Decoded token that has not been verified yet.
///
/// `Debug` shows its kind, but neither the token itself nor its claims.
pub struct Token {
    text: Box<str>,
    /// Length of the signed part: header, dot and payload (RFC 7515, section 5.1).
    signed: usize,
    signature: Vec<u8>,
    json: String,
    kind: TokenKind,
    pub(super) header: Arc<Header>,
    pub(super) payload: Arc<Payload>,
}

/// A token's first segment and what it says. All session tokens of an instance have the same one, as long as its key does
/// not change, so it is parsed once for each set of keys.
#[derive(Clone)]
pub(super) struct KnownHeader {
    segment: Box<str>,
    header: Arc<Header>,
}

/// Upper bound on a token's length in bytes, so that an unauthenticated request cannot cause much work.
///
/// Clerk keeps session tokens below the 4 KiB that a cookie can have; tokens in headers may be longer.
const MAX_LENGTH: usize = 16 * 1024;

impl Token {
    /// Decodes a JWS in compact serialization (RFC 7515, section 7.1).
    ///
    /// A token has at most 16 KiB and three segments in base64url without padding. The first two are JSON
    /// objects with unique names; bytes that are not valid UTF-8 are replaced with U+FFFD.
    ///
    /// # Errors
    ///
    /// If the string is anything else: `token-invalid`.
    pub fn decode(text: &str) -> Result<Self, TokenError> {
        Self::decode_with(None, text)
    }

    pub(super) fn decode_with(known: Option<&KnownHeader>, text: &str) -> Result<Self, TokenError> {
        if text.len() > MAX_LENGTH {
            return Err(TokenError::invalid("the token is longer than 16 KiB"));
        }
        const SEGMENTS: TokenError = TokenError::invalid("expected a token with three segments");
        // Any further dot ends up in the payload and is rejected there, since base64url does not contain it. That
        // includes the five segments of an encrypted token (RFC 7516).
        let (signed, signature) = cut(text, memchr::memrchr(b'.', text.as_bytes())).ok_or(SEGMENTS)?;
        let (header, payload) = cut(signed, memchr::memchr(b'.', signed.as_bytes())).ok_or(SEGMENTS)?;
        let header = match known {
            Some(known) if *known.segment == *header => known.header.clone(),
            _ => Arc::new(object::<Header>(&segment_text(header)?)?),
        };
        let json = segment_text(payload)?;
        let mut payload: Payload = object(&json)?;
        if header.typ.valid().is_some_and(Type::is_access_token) {
            payload.read_times_by_size();
        }
        let payload = Arc::new(payload);
        let signature = segment(signature)?;
        let kind = TokenKind::of_jwt(&header, &payload, !signature.is_empty());
        Ok(Self { text: text.into(), signed: signed.len(), signature, json, kind, header, payload })
    }

    pub(super) fn known_header(&self) -> KnownHeader {
        let (segment, _) = self.text.split_once('.').unwrap_or_default();
        KnownHeader { segment: segment.into(), header: self.header.clone() }
    }

    /// Returns the key id (`kid`), if the header has one. An empty one counts as missing.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.header.kid.text().filter(|kid| !kid.is_empty())
    }

    /// Returns the kind of the token, by its type (`typ`) and subject (`sub`).
    ///
    /// A token whose class (the `cat` header) contradicts its kind is rejected when it is verified.
    #[must_use]
    pub const fn kind(&self) -> TokenKind {
        self.kind
    }

    /// Returns the encoded token, unchanged. It is a credential: do not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Deserializes all claims into a type of your choice. Trust them only after the token was verified.
    ///
    /// # Errors
    ///
    /// If the claims do not match the type.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, ClaimsError> {
        // Tracking the path to a claim makes deserialization slower, so it is done only after a failure.
        serde_json::from_str(&self.json).map_err(|_| ClaimsError::locate::<T>(&self.json))
    }

    pub(crate) fn issuer(&self) -> Issuer<'_> {
        self.payload.issuer()
    }

    pub(crate) fn unverified_issued_at(&self) -> Option<Timestamp> {
        self.payload.iat.valid().copied()
    }

    pub(crate) fn unverified_expires_at(&self) -> Option<Timestamp> {
        self.payload.exp.valid().copied()
    }

    pub(crate) fn unverified_not_before(&self) -> Option<Timestamp> {
        self.payload.nbf.valid().copied()
    }

    pub(crate) fn unverified_party(&self) -> Option<&str> {
        self.payload.azp.text()
    }

    pub(super) fn category(&self) -> Category {
        Category::of(&self.header)
    }

    /// Returns the algorithm; `None` if Clerk does not use it.
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        self.header.alg.valid().copied()
    }

    pub(super) fn signed(&self) -> &[u8] {
        self.text.as_bytes().get(..self.signed).unwrap_or_default()
    }

    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
    }
}

/// Splits at the position of a dot.
fn cut(text: &str, dot: Option<usize>) -> Option<(&str, &str)> {
    let (before, rest) = text.split_at_checked(dot?)?;
    Some((before, rest.strip_prefix('.')?))
}

fn segment(text: &str) -> Result<Vec<u8>, TokenError> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| TokenError::invalid("a segment is not base64url without padding"))
}

/// Decodes a segment to a string. Clerk's SDK uses JavaScript's `TextDecoder`, which replaces invalid bytes too.
fn segment_text(text: &str) -> Result<String, TokenError> {
    Ok(match String::from_utf8(segment(text)?) {
        Ok(text) => text,
        Err(error) => match String::from_utf8_lossy(error.as_bytes()) {
            Cow::Owned(text) => text,
            Cow::Borrowed(text) => text.to_owned(),
        },
    })
}

fn object<'a, T: Claim<'a>>(json: &'a str) -> Result<T, TokenError> {
    match serde_json::from_str(json) {
        Ok(Member::Valid(object)) => Ok(object),
        Ok(_) => Err(TokenError::invalid("a segment is not a JSON object")),
        Err(_) => Err(TokenError::invalid("a segment is not valid JSON, or contains a name twice")),
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::token::testing::{base64url, claims, header, session_token};

    fn join(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        format!("{}.{}.c2ln", base64url(header), base64url(payload))
    }

    fn is_rejected(text: &str) -> bool {
        Token::decode(text).is_err_and(|error| error.reason().as_str() == "token-invalid")
    }

    #[test]
    fn tokens_without_three_valid_segments_are_rejected() {
        let (header, payload) = (base64url("{\"alg\":\"RS256\"}"), base64url("{}"));
        assert!(Token::decode(&format!("{header}.{payload}.c2ln")).is_ok());
        assert!(Token::decode(&format!("{header}.{payload}.")).is_ok());
        for text in [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            "...".to_owned(),
            "a.b.c".to_owned(),
            header.clone(),
            format!("{header}.{payload}"),
            format!("{header}.{payload}.c2ln."),
            format!("{header}.{payload}.c2ln.x"),
            format!("{header}..c2ln"),
            format!(".{payload}.c2ln"),
            format!("{header}=.{payload}.c2ln"),
            format!("{header}.{payload}=.c2ln"),
            format!("{header}.{payload}.c2lnZw=="),
            format!("{header}.{payload}.c2lnZx"), // unused trailing bits are set
            format!("{header}.{payload}.c2+n"),
            format!("{header}.{payload}.c2/n"),
            format!("{header}.{payload}.c 2ln"),
            format!("{header}.{payload}.c2ln\n"),
            format!(" {header}.{payload}.c2ln"),
            format!("\"{header}.{payload}.c2ln\""),
            format!("{header}%2E{payload}.c2ln"),
            format!("{header}.{payload}.é"),
        ] {
            assert!(is_rejected(&text), "{text:?}");
        }
    }

    #[test]
    fn truncated_tokens_never_have_a_whole_signature() {
        let text = session_token(json!({}));
        for end in 0..text.len() {
            if let Ok(token) = Token::decode(&text[..end]) {
                assert!(token.signature().len() < 256);
            }
        }
    }

    #[test]
    fn segments_must_be_json_objects() {
        for value in
            ["null", "true", "5", "\"x\"", "[]", "[{}]", "", " ", "{", "{}x", "{\"a\":1,}", "\u{feff}{}"]
        {
            assert!(is_rejected(&join("{}", value)), "{value:?}");
            assert!(is_rejected(&join(value, "{}")), "{value:?}");
        }
        assert!(Token::decode(&join(" {\n} ", "\t{}\r\n")).is_ok());
    }

    #[test]
    fn duplicate_names_are_rejected() {
        for object in [
            r#"{"sub":"user_1","sub":"user_2"}"#,
            r#"{"sub":"user_1","\u0073ub":"user_2"}"#,
            r#"{"sub":null,"sub":"user_2"}"#,
            r#"{"custom":1,"b":2,"custom":1}"#,
            r#"{"custom":1,"\u0063ustom":2}"#,
            r#"{"o":{"id":"org_1","id":"org_2"}}"#,
            r#"{"o":{"x":1,"x":2}}"#,
            r#"{"act":{"sub":"a","sub":"b"}}"#,
            r#"{"alg":"RS256","alg":"none"}"#,
            r#"{"kid":"a","kid":"a"}"#,
        ] {
            assert!(is_rejected(&join("{}", object)) || is_rejected(&join(object, "{}")), "{object}");
        }
        assert!(Token::decode(&join("{}", r#"{"a":{"x":1},"b":{"x":1}}"#)).is_ok());
    }

    #[test]
    fn invalid_utf_8_is_replaced() {
        let token = Token::decode(&join("{}", b"{\"sub\":\"user_1\",\"n\":\"\xff\xfe\"}")).unwrap();
        assert_eq!(token.claims::<Value>().unwrap()["n"], "\u{fffd}\u{fffd}");
        assert!(is_rejected(&join("{}", b"{\"sub\":\"user_1\"}\xff")));
    }

    #[test]
    fn claims_errors_name_the_path_and_no_value() {
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code, reason = "only the shape matters")]
        struct Custom {
            metadata: Plan,
        }
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code, reason = "only the shape matters")]
        struct Plan {
            seats: u32,
        }
        for (payload, path, said) in [
            ("{}", "metadata", "claims at metadata: the field is missing"),
            (r#"{"metadata":{}}"#, "metadata.seats", "claims at metadata.seats: the field is missing"),
            (
                r#"{"metadata":{"seats":"hush"}}"#,
                "metadata.seats",
                "claims at metadata.seats: found string, expected u32",
            ),
        ] {
            let error = Token::decode(&join("{}", payload)).unwrap().claims::<Custom>().unwrap_err();
            assert_eq!((error.path.as_str(), error.to_string().as_str()), (path, said));
        }
    }

    /// An application may render the message in an HTML page.
    #[test]
    fn claims_errors_contain_no_markup() {
        type Custom = std::collections::HashMap<String, std::collections::HashMap<String, u32>>;
        let payload = r#"{"metadata":{"</b><script>alert(1)</script>&\"'":"x"}}"#;
        let error = Token::decode(&join("{}", payload)).unwrap().claims::<Custom>().unwrap_err();
        assert_eq!(error.path, "metadata.?/b??script?alert?1??/script????");
        assert!(!error.to_string().contains(['<', '>', '&', '"', '\'']), "{error}");
    }

    #[test]
    fn length_is_bounded() {
        let fill = |length: usize| {
            let stem = format!("{}.{}.", base64url("{}"), base64url("{}"));
            format!("{stem}{}", "A".repeat(length - stem.len()))
        };
        assert!(Token::decode(&fill(16 * 1024)).is_ok());
        for length in [16 * 1024 + 1, 16 * 1024 + 4, 60_000] {
            let error = Token::decode(&fill(length)).unwrap_err();
            assert_eq!(error.reason().as_str(), "token-invalid");
            assert_eq!(error.to_string(), "the token is longer than 16 KiB");
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow() {
        let deep = format!("{{\"x\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
        let _ = Token::decode(&join("{}", deep));
        let deep = format!("{{\"aud\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
        let _ = Token::decode(&join("{}", deep));
    }

    #[test]
    fn a_thousand_names_are_accepted() {
        let names: Vec<String> = (0..1000).map(|n| format!("\"n{n}\":0")).collect();
        assert!(Token::decode(&join("{}", format!("{{{}}}", names.join(",")))).is_ok());
    }

    #[test]
    fn kinds_are_read_from_type_and_subject() {
        let kind = |header_changes: Value, claim_changes: Value| {
            let (header, claims) = (header(header_changes), claims(claim_changes));
            Token::decode(&join(header.to_string(), claims.to_string())).unwrap().kind()
        };
        assert_eq!(kind(json!({}), json!({})), TokenKind::Session);
        assert_eq!(kind(json!({"typ": "at+jwt"}), json!({})), TokenKind::OAuth);
        assert_eq!(kind(json!({"typ": "at+jwt"}), json!({"sub": "mch_1"})), TokenKind::M2m);
        assert_eq!(kind(json!({}), json!({"sub": "mch_1"})), TokenKind::M2m);
        let opaque = |text| TokenKind::of_opaque(text).map(|kind| kind.to_string());
        assert_eq!(opaque("mt_x").as_deref(), Some("m2m_token"));
        assert_eq!(opaque("oat_x").as_deref(), Some("oauth_token"));
        assert_eq!(opaque("ak_x").as_deref(), Some("api_key"));
        assert_eq!(opaque("eyJ"), None);
    }

    #[test]
    fn debug_shows_neither_token_nor_claims() {
        let text = session_token(json!({"email": "ada@example.com"}));
        assert_eq!(format!("{:?}", Token::decode(&text).unwrap()), "Token { kind: Session, .. }");
    }

    proptest! {
        #[test]
        fn decoding_a_string_never_panics(text in ".{0,300}") {
            let _ = Token::decode(&text);
        }

        #[test]
        fn decoding_segments_never_panics(header: Vec<u8>, payload: Vec<u8>, signature: Vec<u8>) {
            let _ = Token::decode(&format!(
                "{}.{}.{}", base64url(header), base64url(payload), base64url(signature)
            ));
        }

        #[test]
        fn checking_claims_never_panics(name in "sub|exp|nbf|iat|aud|azp|fva|v|o|act|fea|pla|org_permissions", json in
            r#"(null|true|-?[0-9]{1,30}(\.[0-9]{1,5})?(e[0-9]{1,4})?|"[a-z:,]{0,9}"|\[(1|"x"|null)?(,-?1)?\]|\{("id":"x")?\})"#)
        {
            if let Ok(token) = Token::decode(&join("{}", format!("{{\"{name}\":{json}}}"))) {
                let _ = token.check_claims(&Default::default(), crate::Timestamp::from_millis(0));
                let _ = crate::token::SessionClaims::of(&token).permissions();
            }
        }
    }
}
