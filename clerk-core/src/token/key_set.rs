//! The public keys of an instance, by key id.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, OnceLock},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    SessionAuth, Token, TokenError,
    decode::KnownHeader,
    key::{Algorithm, VerifyingKey, VerifyingKeyError},
};
use crate::Reason;

/// Snapshot of an instance's public keys. Cloning it increments a reference count.
///
/// Use one set for each instance. A set with the keys of several would accept the tokens of all of them.
#[derive(Clone, Default)]
pub struct KeySet(Arc<Inner>);

#[derive(Clone, Default)]
struct Inner {
    keys: Arc<[(Box<str>, Option<VerifyingKey>)]>,
    /// A key that is used for every key id, as one in PEM format has none.
    only: Option<Arc<VerifyingKey>>,
    known: Option<Arc<dyn KnownTokens>>,
    /// The header of the first session token that the keys have verified.
    header: OnceLock<KnownHeader>,
}

/// Cache of session tokens, and of tokens from JWT templates, whose signature was verified with the keys of one [`KeySet`].
///
/// A cached token skips only the verification of its signature: its claims are checked on every request. Compare the
/// whole token on lookup, never only a part or a hash of it, since a collision would sign in another user. Entries may be
/// evicted at any time.
pub trait KnownTokens: Send + Sync {
    /// Returns the session that was inserted with exactly this token, which is compared as bytes.
    fn get(&self, token: &[u8]) -> Option<Arc<SessionAuth>>;

    /// Inserts a session under its token, [`SessionAuth::expose_token`].
    fn insert(&self, session: &Arc<SessionAuth>);
}

/// Upper bound on the number of keys; the rest is ignored. No instance has that many, and lookups are linear.
const MAX_KEYS: usize = 256;
/// Upper bound on the number of keys with the same id; the rest is ignored. Each one may cost a verification.
const MAX_PER_ID: usize = 8;
/// Upper bound on the length of a key id in bytes. Clerk's have about thirty.
const MAX_KID: usize = 256;

impl KeySet {
    /// Parses a JSON Web Key Set (RFC 7517, section 5), as returned by `GET /v1/jwks` of Clerk's Backend API and by
    /// `/.well-known/jwks.json` of its Frontend API.
    ///
    /// A key that cannot verify tokens does not make the set invalid: one of another type than RSA, with another `use`
    /// than `sig`, with `key_ops` but without `verify`, with malformed numbers or a size out of range. Tokens that name
    /// it are rejected with `token-verification-failed`. Keys without an id are ignored, as are private members; an empty
    /// id is none. If several keys have the same id, each of them is tried.
    ///
    /// # Errors
    ///
    /// If the document is not a key set, or is an empty one.
    pub fn from_jwks(json: &[u8]) -> Result<Self, VerifyingKeyError> {
        let document: Document<'_> = serde_json::from_slice(json)
            .map_err(|_| VerifyingKeyError::new("the document is not a JSON Web Key Set"))?;
        if document.keys.is_empty() {
            return Err(VerifyingKeyError::new("the JSON Web Key Set has no keys"));
        }
        // The keys of each id. An id may have none that is usable.
        let mut keys: Vec<(Box<str>, Vec<VerifyingKey>)> = Vec::new();
        for raw in document.keys.into_iter().take(MAX_KEYS) {
            // The id is parsed separately, so that a malformed key still has one: its tokens are rejected at once instead
            // of causing another fetch of the keys.
            let Ok(Named { kid }) = serde_json::from_str(raw.get()) else { continue };
            if kid.is_empty() {
                continue;
            }
            let key = serde_json::from_str::<Jwk<'_>>(raw.get()).ok().and_then(|jwk| jwk.parse());
            match keys.iter_mut().find(|(known, _)| **known == *kid) {
                None => keys.push((kid.into(), key.into_iter().collect())),
                Some((_, same)) if same.len() < MAX_PER_ID => same.extend(key),
                Some(_) => {}
            }
        }
        let merged = |keys: Vec<VerifyingKey>| {
            keys.into_iter().reduce(|mut all, key| {
                all.merge(key);
                all
            })
        };
        let keys = keys.into_iter().map(|(kid, same)| (kid, merged(same))).collect();
        Ok(Self(Arc::new(Inner { keys, ..Inner::default() })))
    }

    /// Creates a set from one public key, to verify tokens without network access. It is used for every key id.
    ///
    /// For the accepted formats, see [`VerifyingKey::from_pem`].
    ///
    /// # Errors
    ///
    /// If the string is not an RSA public key of 2048 to 8192 bits.
    pub fn from_pem(pem: &str) -> Result<Self, VerifyingKeyError> {
        let only = Some(Arc::new(VerifyingKey::from_pem(pem)?));
        Ok(Self(Arc::new(Inner { only, ..Inner::default() })))
    }

    /// Adds a cache for the tokens that are verified with these keys.
    ///
    /// Create a new cache whenever the keys change: tokens of a removed key would otherwise stay valid until they expire.
    #[must_use]
    pub fn with_known_tokens(self, known: Arc<dyn KnownTokens>) -> Self {
        Self(Arc::new(Inner { known: Some(known), ..Arc::unwrap_or_clone(self.0) }))
    }

    pub(crate) fn known(&self, token: &[u8]) -> Option<Arc<SessionAuth>> {
        self.0.known.as_ref()?.get(token)
    }

    /// Decodes a token, which may have any header.
    pub(crate) fn decode(&self, token: &str) -> Result<Token, TokenError> {
        Token::decode_with(self.0.header.get(), token)
    }

    /// Keeps what a verified token spares the next ones.
    pub(crate) fn remember(&self, session: &Arc<SessionAuth>) {
        let token = session.token();
        if token.is_session() {
            self.0.header.get_or_init(|| token.known_header());
        }
        if let Some(known) = &self.0.known {
            known.insert(session);
        }
    }

    /// Whether the set has no keys, as before they are loaded for the first time.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.keys.is_empty() && self.0.only.is_none()
    }

    /// Whether any of the keys can verify tokens.
    #[must_use]
    pub fn can_verify(&self) -> bool {
        self.0.only.is_some() || self.0.keys.iter().any(|(_, key)| key.is_some())
    }

    /// Returns the key with this id.
    ///
    /// # Errors
    ///
    /// - `jwk-kid-mismatch`: no key has the id.
    /// - `token-verification-failed`: the key with the id cannot verify tokens.
    pub fn get(&self, kid: &str) -> Result<&VerifyingKey, TokenError> {
        if let Some(only) = &self.0.only {
            return Ok(only);
        }
        match self.0.keys.iter().find(|(known, _)| **known == *kid) {
            Some((_, Some(key))) => Ok(key),
            Some((_, None)) => Err(TokenError::failed("the token's key cannot verify tokens")),
            None => Err(unknown_key()),
        }
    }

    /// Whether the keys have ids. One in PEM format has none, and is never fetched.
    pub(crate) fn has_ids(&self) -> bool {
        self.0.only.is_none()
    }

    /// Whether two sets share the same parsed keys, as clones do.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        let only = |set: &Self| set.0.only.as_ref().map(Arc::as_ptr);
        Arc::ptr_eq(&self.0.keys, &other.0.keys) && only(self) == only(other)
    }

    /// Whether the set has a key with this id, even if it cannot verify tokens.
    #[must_use]
    pub fn contains(&self, kid: &str) -> bool {
        self.0.only.is_some() || self.0.keys.iter().any(|(known, _)| **known == *kid)
    }
}

/// Returns the error when no key has a token's key id.
const fn unknown_key() -> TokenError {
    TokenError::new(Reason::JwkKidMismatch, "none of the instance's keys has the token's key id")
}

/// Whether a key id may be fetched from Clerk.
///
/// It comes from an unverified token, so anything that cannot be a key id must neither cause a request nor reach a log.
pub(crate) fn plausible_kid(kid: &str) -> bool {
    kid.len() <= MAX_KID && !kid.is_empty() && kid.bytes().all(|byte| byte.is_ascii_graphic())
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys.iter().map(|(kid, _)| kid)).finish()
    }
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    kid: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Jwk<'a> {
    #[serde(borrow)]
    kty: Cow<'a, str>,
    #[serde(borrow)]
    n: Cow<'a, str>,
    #[serde(borrow)]
    e: Cow<'a, str>,
    #[serde(borrow)]
    alg: Option<Cow<'a, str>>,
    #[serde(rename = "use", borrow)]
    usage: Option<Cow<'a, str>>,
    #[serde(borrow)]
    key_ops: Option<Vec<Cow<'a, str>>>,
}

impl Jwk<'_> {
    fn parse(&self) -> Option<VerifyingKey> {
        let usable = self.kty == "RSA"
            && self.usage.as_ref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !usable {
            return None;
        }
        // An unknown `alg` makes the key unusable. Ignoring it would allow all algorithms.
        let algorithm = match &self.alg {
            Some(alg) => Some(Algorithm::parse(alg)?),
            None => None,
        };
        let n = BASE64_URL_SAFE_NO_PAD.decode(&*self.n).ok()?;
        let e = BASE64_URL_SAFE_NO_PAD.decode(&*self.e).ok()?;
        VerifyingKey::from_components(&n, &e, algorithm).ok()
    }
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "tests pass the values of `json!`")]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::token::testing::{
        KEY, KID, OTHER_KEY, claims, header, jwk, key_set, keys, modulus, pem, session_token, sign,
    };

    fn with(changes: Value) -> Value {
        let mut key = jwk(&KEY, KID);
        for (name, value) in changes.as_object().unwrap() {
            key[name] = value.clone();
        }
        key
    }

    #[test]
    fn the_header_of_session_tokens_is_parsed_once() {
        let keys = keys();
        let remember = |text: &str| {
            let session = Arc::new(SessionAuth::new(keys.decode(text).unwrap()));
            keys.remember(&session);
            session
        };
        // Tokens of another kind have another header, and must not take the place of the usual one.
        remember(&sign(&header(json!({"typ": "at+jwt"})), &claims(json!({}))));
        let first = remember(&session_token(json!({})));
        let shares = |text: &str| Arc::ptr_eq(&keys.decode(text).unwrap().header, &first.token().header);
        assert!(shares(&session_token(json!({"sub": "user_2"}))));
        for changes in
            [json!({"kid": "ins_2"}), json!({"alg": "none"}), json!({"typ": null}), json!({"x": 1})]
        {
            let text = sign(&header(changes.clone()), &claims(json!({})));
            assert!(!shares(&text), "{changes}");
            assert_eq!(keys.decode(&text).unwrap().kid(), Token::decode(&text).unwrap().kid());
        }
        let text = session_token(json!({}));
        for damaged in [text.replacen('.', "", 1), text.replacen('.', "..", 1), text.replacen('.', "A.", 1)] {
            assert!(keys.decode(&damaged).is_err(), "{damaged}");
        }
    }

    #[test]
    fn usable_keys_are_found_by_their_id() {
        for changes in [
            json!({}),
            json!({"use": null}),
            json!({"alg": null}),
            json!({"alg": "RS512"}),
            json!({"key_ops": ["verify"]}),
            json!({"key_ops": ["sign", "verify"], "x5c": [5], "unknown": {}}),
            json!({"d": "!!", "p": 5, "q": null}),
        ] {
            assert!(key_set(json!([with(changes.clone())])).get(KID).is_ok(), "{changes}");
        }
        // RFC 7518 does not allow a leading zero, but it is harmless.
        let padded = [&[0_u8], &*modulus(&KEY)].concat();
        let n = BASE64_URL_SAFE_NO_PAD.encode(padded);
        assert!(key_set(json!([with(json!({"n": n}))])).get(KID).is_ok());
    }

    #[test]
    fn unusable_keys_are_contained_but_not_returned() {
        for changes in [
            json!({"kty": "EC"}),
            json!({"kty": "oct"}),
            json!({"kty": 5}),
            json!({"use": "enc"}),
            json!({"alg": "PS256"}),
            json!({"alg": "none"}),
            json!({"alg": 5}),
            json!({"key_ops": []}),
            json!({"key_ops": ["encrypt"]}),
            json!({"key_ops": "verify"}),
            json!({"n": "AQAB"}),
            json!({"n": ""}),
            json!({"n": "+/=="}),
            json!({"e": ""}),
            json!({"e": 65537}),
            json!({"n": BASE64_URL_SAFE_NO_PAD.encode([0xff; 1025])}),
        ] {
            let set = key_set(json!([with(changes.clone()), jwk(&OTHER_KEY, "other")]));
            assert_eq!(set.get(KID).unwrap_err().reason().as_str(), "token-verification-failed", "{changes}");
            assert!(set.contains(KID));
            assert!(set.get("other").is_ok());
        }
    }

    #[test]
    fn a_set_can_verify_tokens_with_one_usable_key() {
        let unusable = || with(json!({"kty": "EC"}));
        for (set, can_verify) in [
            (KeySet::default(), false),
            (key_set(json!([unusable()])), false),
            (key_set(json!([unusable(), jwk(&OTHER_KEY, "other")])), true),
            (KeySet::from_pem(&pem(&KEY)).unwrap(), true),
        ] {
            assert_eq!(set.can_verify(), can_verify, "{set:?}");
        }
    }

    #[test]
    fn only_clones_share_their_keys() {
        let parsed = || key_set(json!([jwk(&KEY, KID)]));
        let configured = || KeySet::from_pem(&pem(&KEY)).unwrap();
        let sets = [parsed(), parsed(), configured(), configured()];
        for (a, one) in sets.iter().enumerate() {
            for (b, other) in sets.iter().enumerate() {
                assert_eq!(one.ptr_eq(&other.clone()), a == b, "{a} {b}");
            }
        }
    }

    #[test]
    fn keys_without_an_id_are_ignored() {
        let set = key_set(json!([with(json!({"kid": null})), with(json!({"kid": 5})), 5, null, "x", [], {}]));
        assert!(set.is_empty());
        assert_eq!(set.get(KID).unwrap_err().reason().as_str(), "jwk-kid-mismatch");
        assert_eq!(set.get("").unwrap_err().reason().as_str(), "jwk-kid-mismatch");
    }

    #[test]
    fn the_signature_decides_among_keys_with_the_same_id() {
        let token = crate::token::Token::decode(&crate::token::testing::session_token(json!({}))).unwrap();
        let (unusable, own, other) = (json!({"kid": KID, "kty": "EC"}), jwk(&KEY, KID), jwk(&OTHER_KEY, KID));
        let rs512 = with(json!({"alg": "RS512"}));
        for (keys, expected) in [
            (vec![&own], "ok"),
            (vec![&unusable, &own, &other], "ok"),
            (vec![&other, &own], "ok"),
            (vec![&other, &other, &rs512, &own, &unusable], "ok"),
            (vec![&other, &unusable], "token-invalid-signature"),
            (vec![&other, &rs512], "token-invalid-signature"),
            (vec![&rs512], "token-verification-failed"),
            (vec![&unusable, &unusable], "token-verification-failed"),
            ([vec![&other; 7], vec![&own]].concat(), "ok"),
            // The number is limited.
            ([vec![&other; 8], vec![&own]].concat(), "token-invalid-signature"),
        ] {
            let set = key_set(json!(keys));
            let verified = set.get(KID).and_then(|key| token.verify_signature(key));
            let verdict = verified.map_or_else(|error| error.reason().to_string(), |()| "ok".to_owned());
            assert_eq!(verdict, expected, "{keys:?}");
        }
    }

    #[test]
    fn an_empty_id_is_none() {
        let set = key_set(json!([with(json!({"kid": ""})), jwk(&OTHER_KEY, "other")]));
        assert!(!set.contains("") && set.contains("other") && !set.is_empty());
        assert_eq!(format!("{set:?}"), r#"["other"]"#);
        assert_eq!(set.get("").unwrap_err().reason().as_str(), "jwk-kid-mismatch");
    }

    #[test]
    fn documents_that_are_not_key_sets_are_rejected() {
        for document in
            ["", "null", "[]", "{}", "{\"keys\":null}", "{\"keys\":{}}", "{\"keys\":[]}", "<html>", "\u{0}"]
        {
            assert!(KeySet::from_jwks(document.as_bytes()).is_err(), "{document}");
        }
        assert!(KeySet::from_jwks(b"{\"keys\":[\xff]}").is_err());
    }

    #[test]
    fn key_ids_are_limited() {
        assert!(plausible_kid("ins_29w83sxmDNGwOuEthce5gg56FcC"));
        assert!(plausible_kid(&"k".repeat(256)));
        for kid in ["", " ", "a b", "a\n", "é", "\u{7f}"] {
            assert!(!plausible_kid(kid), "{kid:?}");
        }
        assert!(!plausible_kid(&"k".repeat(257)));
    }
}
