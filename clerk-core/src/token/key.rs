//! A public key that is parsed once.

use std::{borrow::Cow, fmt};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::TokenError;
use crate::{
    Reason,
    crypto::{self, Hash, RsaKey},
    keys,
};

/// The signature algorithms that Clerk uses (RFC 7518, section 3.3).
///
/// No variant for `none` or HS256 exists, so neither an unsigned token nor one whose "secret" is the public key can pass
/// (RFC 8725, sections 2.1 and 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
}

impl Algorithm {
    const ALL: [Self; 3] = [Self::Rs256, Self::Rs384, Self::Rs512];

    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "RS384" => Some(Self::Rs384),
            "RS512" => Some(Self::Rs512),
            _ => None,
        }
    }

    const fn hash(self) -> Hash {
        match self {
            Self::Rs256 => Hash::Sha256,
            Self::Rs384 => Hash::Sha384,
            Self::Rs512 => Hash::Sha512,
        }
    }
}

/// Error when a PEM string or a JSON Web Key Set does not contain a key that can verify tokens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct VerifyingKeyError(Cow<'static, str>);

impl VerifyingKeyError {
    pub(super) const fn new(problem: &'static str) -> Self {
        Self(Cow::Borrowed(problem))
    }

    /// Says what was found where a public key in PEM format was expected.
    fn not_pem(found: &str) -> Self {
        let expected = "expected an RSA public key in PEM format (-----BEGIN PUBLIC KEY-----)";
        Self(format!("{found}; {expected}").into())
    }
}

/// RSA public key of 2048 to 8192 bits, parsed when it is created.
///
/// The key determines which algorithms are accepted (RFC 8725, section 3.1). A key of a JWKS without `alg` accepts RS256,
/// RS384 and RS512. Several keys of a JWKS with the same id count as one, and a signature of any of them is accepted.
pub struct VerifyingKey {
    parsed: Vec<(Algorithm, RsaKey)>,
}

impl VerifyingKey {
    /// Parses a public key in PEM format (RFC 7468), which Clerk's dashboard shows as "JWKS public key". It accepts RS256.
    ///
    /// The lines with `BEGIN` and `END` are optional, and line breaks may be written as `\n`, as they often are in
    /// environment variables.
    ///
    /// # Errors
    ///
    /// If the string is not an RSA public key, is a private key, or the key's size is out of range.
    pub fn from_pem(text: &str) -> Result<Self, VerifyingKeyError> {
        // `.env` files and secret stores often contain a line break as the two characters `\n`.
        let text = text.replace("\\r", "\n").replace("\\n", "\n");
        let text = text.trim();
        let body = match text.strip_prefix("-----BEGIN ") {
            Some(armored) => armored_body(armored)?,
            None => text,
        };
        let body: String = body.split_ascii_whitespace().collect();
        let unusable = || VerifyingKeyError::not_pem(what_it_is(text));
        let der = PEM.decode(body).map_err(|_| unusable())?;
        if !(2048..=8192).contains(&crypto::spki_bits(&der).ok_or_else(unusable)?) {
            return Err(SIZE);
        }
        let key = RsaKey::from_spki(&der, Hash::Sha256).ok_or_else(unusable)?;
        Ok(Self { parsed: vec![(Algorithm::Rs256, key)] })
    }

    /// Creates a key from its modulus and exponent, big-endian. Without an algorithm, all three are accepted.
    pub(super) fn from_components(
        n: &[u8],
        e: &[u8],
        algorithm: Option<Algorithm>,
    ) -> Result<Self, VerifyingKeyError> {
        let (n, e) = (without_zeros(n), without_zeros(e));
        // Counted in bits here, so that the limit does not depend on how the library rounds.
        let zeros = n.first().map_or(0, |byte| byte.leading_zeros() as usize);
        if !(2048..=8192).contains(&(n.len().saturating_mul(8).saturating_sub(zeros))) {
            return Err(SIZE);
        }
        let accepted = Algorithm::ALL.into_iter().filter(|this| algorithm.is_none_or(|only| only == *this));
        let parse = |this: Algorithm| {
            let key = RsaKey::from_components(n, e, this.hash());
            key.map(|key| (this, key))
                .ok_or(VerifyingKeyError::new("modulus and exponent are not a valid RSA key"))
        };
        Ok(Self { parsed: accepted.map(parse).collect::<Result<_, _>>()? })
    }

    /// Adds a key with the same id.
    pub(super) fn merge(&mut self, other: Self) {
        self.parsed.extend(other.parsed);
    }

    pub(super) fn verify(
        &self,
        algorithm: Algorithm,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), TokenError> {
        let mut keys =
            self.parsed.iter().filter(|(other, _)| *other == algorithm).map(|(_, key)| key).peekable();
        if keys.peek().is_none() {
            return Err(TokenError::failed("the key is for another signature algorithm"));
        }
        // Constant time is not required: key, signature and token are not secret from their sender.
        if keys.any(|key| key.verifies(signed, signature)) {
            return Ok(());
        }
        Err(TokenError::new(Reason::TokenInvalidSignature, "the signature does not match the key"))
    }
}

/// Returns what stands between the first and the last line of a PEM text, of which `armored` follows `-----BEGIN `.
fn armored_body(armored: &str) -> Result<&str, VerifyingKeyError> {
    const END: &str = "-----END PUBLIC KEY-----";
    let Some(rest) = armored.strip_prefix("PUBLIC KEY-----") else {
        // Likely mistakes when a key is pasted, and worth their own messages.
        return Err(match armored {
            a if a.contains("PRIVATE KEY-----") => {
                VerifyingKeyError::new("this is a private key; expected the public key")
            }
            a if a.starts_with("CERTIFICATE") => VerifyingKeyError::not_pem("this is a certificate"),
            a if a.starts_with("RSA PUBLIC KEY") => {
                VerifyingKeyError::not_pem("this is a key in PKCS #1 format")
            }
            _ => VerifyingKeyError::not_pem("this is PEM, but not of a public key"),
        });
    };
    // Where a setting holds one line only, what follows the first line is lost.
    let cut = "the last line (-----END PUBLIC KEY-----) is missing, so the key may be truncated";
    let problem = || VerifyingKeyError::not_pem(keys::copy_mistake(rest.trim()).unwrap_or(cut));
    let body = rest.strip_suffix(END).ok_or_else(problem)?;
    if body.contains("-----") {
        return Err(VerifyingKeyError::not_pem("there is more than one key"));
    }
    Ok(body)
}

/// Describes a value that is not a usable key.
fn what_it_is(text: &str) -> &'static str {
    if text.starts_with("-----BEGIN ") {
        return "what stands between the first and the last line is not an RSA public key";
    }
    keys::describe(text).unwrap_or("the value is not an RSA public key")
}

/// RFC 7518, section 3.3 requires 2048 bits. The upper limit bounds the time of a verification.
const SIZE: VerifyingKeyError = VerifyingKeyError::new("the key does not have 2048 to 8192 bits");

/// People copy keys with and without the padding.
const PEM: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// RFC 7518, section 6.3.1.1 forbids leading zeros in a modulus, but some libraries write one.
fn without_zeros(mut bytes: &[u8]) -> &[u8] {
    while let Some(rest) = bytes.strip_prefix(&[0]) {
        bytes = rest;
    }
    bytes
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{rsa::KeySize, signature::RsaKeyPair};
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::token::{
        Token,
        testing::{KEY, pem, session_token, spki},
    };

    fn verifies(text: &str) -> bool {
        let key = VerifyingKey::from_pem(text).unwrap();
        Token::decode(&session_token(serde_json::json!({}))).unwrap().verify_signature(&key).is_ok()
    }

    #[test]
    fn public_keys_are_parsed_in_all_common_formats() {
        let pem = pem(&KEY);
        let bare = BASE64_STANDARD.encode(spki(&KEY));
        for text in [
            pem.clone(),
            pem.replace('\n', "\r\n"),
            pem.replace('\n', "\\n"),
            pem.replace('\n', "\\r\\n"),
            pem.replace('\n', ""),
            pem.replace('\n', " "),
            format!("\n  {pem}  \n"),
            bare.clone(),
            bare.trim_end_matches('=').to_owned(),
        ] {
            assert!(verifies(&text), "{text}");
        }
        assert_eq!(format!("{:?}", VerifyingKey::from_pem(&pem).unwrap()), "VerifyingKey { .. }");
    }

    #[test]
    fn strings_without_a_usable_key_are_rejected() {
        let pem = pem(&KEY);
        let jwt = session_token(serde_json::json!({}));
        for (text, says) in [
            (String::new(), "the value is empty"),
            ("x".to_owned(), "not an RSA public key"),
            (
                "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----".to_owned(),
                "between the first and the last line",
            ),
            ("-----BEGIN PUBLIC KEY-----".to_owned(), "truncated"),
            (pem.replace("-----END PUBLIC KEY-----", ""), "truncated"),
            (pem[..200].to_owned(), "truncated"),
            (pem.replace("PUBLIC", "PRIVATE"), "private key"),
            (pem.replace("PUBLIC", "RSA PRIVATE"), "private key"),
            (pem.replace("PUBLIC KEY", "CERTIFICATE"), "certificate"),
            (pem.replace("PUBLIC", "RSA PUBLIC"), "PKCS #1"),
            (pem.replace("PUBLIC KEY", "DH PARAMETERS"), "not of a public key"),
            (format!("{pem}{pem}"), "more than one key"),
            (format!("\"{pem}\""), "in quotes"),
            (format!("'{}'", pem.replace('\n', "\\n")), "in quotes"),
            (format!("{}\"", pem.trim()), "in quotes"),
            (format!("\u{feff}{pem}"), "byte order mark"),
            (BASE64_STANDARD.encode(&pem), "PEM file in base64"),
            (BASE64_STANDARD.encode(&spki(&KEY)[..200]), "not an RSA public key"),
            ("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk".to_owned(), "this is a publishable key"),
            ("sk_test_abc".to_owned(), "this is a secret key"),
            ("whsec_c2VjcmV0".to_owned(), "this is a webhook signing secret"),
            (r#"{"keys": [{"kty": "RSA"}]}"#.to_owned(), "this is JSON"),
            (jwt, "this is a JSON Web Token"),
            ("https://clerk.example.com/.well-known/jwks.json".to_owned(), "this is a URL"),
            ("/run/secrets/clerk.pem".to_owned(), "path of a file"),
        ] {
            let error = VerifyingKey::from_pem(&text).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains("expected"), "{text}: {error}");
        }
    }

    #[test]
    fn sizes_are_limited() {
        let three = RsaKeyPair::generate(KeySize::Rsa3072).unwrap();
        assert!(VerifyingKey::from_pem(&pem(&three)).is_ok());
        for (bits, ok) in
            [(1024, false), (2040, false), (2047, false), (2048, true), (8192, true), (8200, false)]
        {
            let mut n = vec![0xff; usize::div_ceil(bits, 8)];
            n[0] >>= (8 - bits % 8) % 8;
            assert_eq!(VerifyingKey::from_components(&n, &[1, 0, 1], None).is_ok(), ok, "{bits}");
        }
        assert!(VerifyingKey::from_components(&[], &[], None).is_err());
        assert!(VerifyingKey::from_components(&[0xff; 256], &[], None).is_err());
    }
}
