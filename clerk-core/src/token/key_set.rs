//! The keys of an instance, found by key id.

use std::{borrow::Cow, fmt, sync::Arc};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    SessionAuth, TokenError,
    key::{Algorithm, VerifyingKey, VerifyingKeyError},
};
use crate::Reason;

/// A snapshot of an instance's public keys. Cloning it is a reference count.
///
/// An instance has one set of its own: a key is never looked up across instances by its id alone.
#[derive(Clone, Default)]
pub struct KeySet(Arc<Inner>);

#[derive(Clone, Default)]
struct Inner {
    keys: Arc<[(Box<str>, Option<VerifyingKey>)]>,
    /// Answers to every key id.
    only: Option<Arc<VerifyingKey>>,
    known: Option<Arc<dyn KnownTokens>>,
}

/// Session tokens whose signature was verified with the keys of one [`KeySet`]. Their claims are checked against
/// the clock whenever they come again.
///
/// What is inserted must be found by exactly its own text, and never by part of it or by a digest alone. It may be
/// forgotten at any time.
pub trait KnownTokens: Send + Sync {
    /// What was inserted with this token's text.
    fn get(&self, token: &str) -> Option<Arc<SessionAuth>>;

    /// Remembers a session by its token's text, [`SessionAuth::expose_token`].
    fn insert(&self, session: &Arc<SessionAuth>);
}

/// No set of keys is that large; a longer one is cut here.
const MAX_KEYS: usize = 256;
/// Clerk's key ids have some thirty characters.
const MAX_KID: usize = 256;

impl KeySet {
    /// Reads a JSON Web Key Set (RFC 7517, section 5), as `GET /v1/jwks` of Clerk's Backend API and
    /// `/.well-known/jwks.json` of its Frontend API answer.
    ///
    /// A key that cannot verify tokens (another type than RSA, another `use` than `sig`, `key_ops` without
    /// `verify`, broken numbers, a size out of bounds) does not fail the set. Tokens that name it are
    /// refused with `token-verification-failed`. Keys without an id are left out. Private members are
    /// not read.
    ///
    /// # Errors
    ///
    /// When the document is no key set, or an empty one.
    pub fn from_jwks(json: &[u8]) -> Result<Self, VerifyingKeyError> {
        let document: Document<'_> = serde_json::from_slice(json)
            .map_err(|_| VerifyingKeyError("the document is no JSON Web Key Set"))?;
        if document.keys.is_empty() {
            return Err(VerifyingKeyError("the JSON Web Key Set has no keys"));
        }
        let mut keys: Vec<(Box<str>, Option<VerifyingKey>)> = Vec::new();
        for raw in document.keys.into_iter().take(MAX_KEYS) {
            let Ok(Named { kid }) = serde_json::from_str(raw.get()) else { continue };
            let key = serde_json::from_str::<Jwk<'_>>(raw.get()).ok().and_then(|jwk| jwk.parse());
            match keys.iter_mut().find(|(known, _)| **known == *kid) {
                None => keys.push((kid.into(), key)),
                Some((_, unusable @ None)) => *unusable = key,
                Some(_) => {}
            }
        }
        Ok(Self(Arc::new(Inner { keys: keys.into(), ..Inner::default() })))
    }

    /// One public key as PEM (`-----BEGIN PUBLIC KEY-----`), for verifying without the network. It answers to
    /// every key id. A single line of base64 is understood too, and so are line breaks written as `\n`.
    ///
    /// # Errors
    ///
    /// When the text is no RSA public key of 2048 bits or more.
    pub fn from_pem(pem: &str) -> Result<Self, VerifyingKeyError> {
        let only = Some(Arc::new(VerifyingKey::from_pem(pem)?));
        Ok(Self(Arc::new(Inner { only, ..Inner::default() })))
    }

    /// The same keys, with a memory for tokens that were verified with them. Keys that change need a new memory.
    #[must_use]
    pub fn with_known_tokens(self, known: Arc<dyn KnownTokens>) -> Self {
        Self(Arc::new(Inner { known: Some(known), ..Arc::unwrap_or_clone(self.0) }))
    }

    pub(crate) fn known(&self, token: &str) -> Option<Arc<SessionAuth>> {
        self.0.known.as_ref()?.get(token)
    }

    pub(crate) fn remember(&self, session: &Arc<SessionAuth>) {
        if let Some(known) = &self.0.known {
            known.insert(session);
        }
    }

    /// Whether the set holds no keys at all, as a set does that was not loaded yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.keys.is_empty() && self.0.only.is_none()
    }

    /// The key with this id.
    ///
    /// # Errors
    ///
    /// `jwk-kid-mismatch` when no key has the id; `token-verification-failed` when the one that has it
    /// cannot verify tokens.
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

    /// Whether a key has this id, whether or not it can verify tokens.
    #[must_use]
    pub fn contains(&self, kid: &str) -> bool {
        self.0.only.is_some() || self.0.keys.iter().any(|(known, _)| **known == *kid)
    }
}

/// What to say when no key has a token's key id.
pub(crate) const fn unknown_key() -> TokenError {
    TokenError::new(Reason::JwkKidMismatch, "none of the instance's keys has the token's key id")
}

/// Whether it makes sense to ask Clerk for a key with this id: nobody can make us ask for, or log, just
/// anything.
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
#[allow(clippy::needless_pass_by_value, reason = "tests hand over what `json!` makes")]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::token::testing::{KEY, KID, OTHER_KEY, jwk, key_set, modulus};

    fn with(changes: Value) -> Value {
        let mut key = jwk(&KEY, KID);
        for (name, value) in changes.as_object().unwrap() {
            key[name] = value.clone();
        }
        key
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
        // A zero in front is not allowed by RFC 7518, and harmless.
        let padded = [&[0_u8], &*modulus(&KEY)].concat();
        let n = BASE64_URL_SAFE_NO_PAD.encode(padded);
        assert!(key_set(json!([with(json!({"n": n}))])).get(KID).is_ok());
    }

    #[test]
    fn unusable_keys_are_known_and_verify_nothing() {
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
    fn keys_without_an_id_are_left_out() {
        let set = key_set(json!([with(json!({"kid": null})), with(json!({"kid": 5})), 5, null, "x", [], {}]));
        assert!(set.is_empty());
        assert_eq!(set.get(KID).unwrap_err().reason().as_str(), "jwk-kid-mismatch");
        assert_eq!(set.get("").unwrap_err().reason().as_str(), "jwk-kid-mismatch");
    }

    #[test]
    fn the_first_usable_key_of_an_id_counts() {
        let set = key_set(json!([{"kid": KID, "kty": "EC"}, jwk(&KEY, KID), jwk(&OTHER_KEY, KID)]));
        let token = crate::token::Token::decode(&crate::token::testing::session_token(json!({}))).unwrap();
        assert!(token.verify_signature(set.get(KID).unwrap()).is_ok());
    }

    #[test]
    fn what_is_no_key_set_is_refused() {
        for document in
            ["", "null", "[]", "{}", "{\"keys\":null}", "{\"keys\":{}}", "{\"keys\":[]}", "<html>", "\u{0}"]
        {
            assert!(KeySet::from_jwks(document.as_bytes()).is_err(), "{document}");
        }
        assert!(KeySet::from_jwks(b"{\"keys\":[\xff]}").is_err());
    }

    #[test]
    fn key_ids_are_bounded() {
        assert!(plausible_kid("ins_29w83sxmDNGwOuEthce5gg56FcC"));
        assert!(plausible_kid(&"k".repeat(256)));
        for kid in ["", " ", "a b", "a\n", "é", "\u{7f}"] {
            assert!(!plausible_kid(kid), "{kid:?}");
        }
        assert!(!plausible_kid(&"k".repeat(257)));
    }
}
