//! The RSA key pair that signs tokens.

use std::sync::OnceLock;

use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey},
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};
use serde_json::{Map, Value, json};

use crate::random;

/// An RSA key pair under its key ID.
pub(super) struct SigningKey(OnceLock<NamedPair>);

struct NamedPair {
    kid: String,
    pair: RsaKeyPair,
}

impl NamedPair {
    /// Returns the key pair with an ID that follows from it, `ins_…`.
    fn new(pair: RsaKeyPair) -> Self {
        let modulus = pair.public_key().modulus();
        let hash = digest(&SHA256, modulus.big_endian_without_leading_zero());
        Self { kid: format!("ins_{}", random::letters(hash.as_ref().get(..27).unwrap_or_default())), pair }
    }
}

impl SigningKey {
    /// Creates a key pair. It is generated when it is first used, because that takes a tenth of a second.
    pub(super) const fn generate() -> Self {
        Self(OnceLock::new())
    }

    /// Returns the key pair, and generates it if this is its first use.
    fn named_pair(&self) -> &NamedPair {
        self.0.get_or_init(|| NamedPair::new(random::until_ok(|| RsaKeyPair::generate(KeySize::Rsa2048))))
    }

    fn pair(&self) -> &RsaKeyPair {
        &self.named_pair().pair
    }

    /// Reads an RSA private key as PEM (PKCS #8 or PKCS #1).
    pub(super) fn from_pem(pem: &str) -> Result<Self, &'static str> {
        rsa_from_pem(pem).map(NamedPair::new).map(Self::from)
    }

    /// Restores the key pair with this ID from the result of [`to_pkcs8`](Self::to_pkcs8).
    pub(super) fn from_pkcs8(kid: String, private: &[u8]) -> Option<Self> {
        Some(NamedPair { kid, pair: RsaKeyPair::from_pkcs8(private).ok()? }.into())
    }

    /// Returns the private key in PKCS #8.
    pub(super) fn to_pkcs8(&self) -> Option<Vec<u8>> {
        let private: Pkcs8V1Der<'_> = self.pair().as_der().ok()?;
        Some(private.as_ref().to_vec())
    }

    pub(super) fn kid(&self) -> &str {
        &self.named_pair().kid
    }

    /// Returns the public key as a JSON Web Key.
    pub(super) fn jwk(&self) -> Value {
        let public = self.pair().public_key();
        let encode = |number: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(number);
        json!({
            "use": "sig",
            "kty": "RSA",
            "kid": self.kid(),
            "alg": "RS256",
            "n": encode(public.modulus().big_endian_without_leading_zero()),
            "e": encode(public.exponent().big_endian_without_leading_zero()),
        })
    }

    /// Returns the public key as PEM (RFC 7468).
    pub(super) fn pem(&self) -> String {
        let der: PublicKeyX509Der<'_> = random::until_ok(|| self.pair().public_key().as_der());
        let text = BASE64_STANDARD.encode(der.as_ref());
        let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
        let body: Vec<_> = lines.collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", body.join("\n"))
    }

    /// Signs a JWT. Its header has `alg`, `kid` and `typ`; `extra` adds or replaces fields, and removes those that are
    /// `null` in it.
    pub(super) fn sign(&self, extra: &Map<String, Value>, claims: &Value) -> String {
        let mut header = Map::new();
        header.insert("alg".into(), "RS256".into());
        header.insert("kid".into(), self.kid().into());
        header.insert("typ".into(), "JWT".into());
        for (name, value) in extra {
            if value.is_null() {
                header.remove(name);
            } else {
                header.insert(name.clone(), value.clone());
            }
        }
        let encode = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(&Value::Object(header)), encode(claims));
        let mut signature = vec![0; self.pair().public_modulus_len()];
        random::until_ok(|| {
            self.pair().sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
        });
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    /// Returns the claims of a token, if this key signed it. Their times are not checked.
    pub(super) fn verify(&self, token: &str) -> Option<Value> {
        let (message, signature) = token.rsplit_once('.')?;
        let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.pair().public_key());
        public.verify(message.as_bytes(), &decode(signature)?).ok()?;
        serde_json::from_slice(&decode(message.split_once('.')?.1)?).ok()
    }
}

/// Reads a private key as PEM.
pub(super) fn private_key_from_pem(pem: &str) -> Result<PrivateKeyDer<'static>, &'static str> {
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes());
    key.map_err(|_| "not a private key in PEM format (-----BEGIN PRIVATE KEY-----)")
}

/// Reads an RSA private key as PEM (PKCS #8 or PKCS #1).
pub(super) fn rsa_from_pem(pem: &str) -> Result<RsaKeyPair, &'static str> {
    let pair = match private_key_from_pem(pem)? {
        PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
        _ => return Err("not an RSA key"),
    };
    pair.map_err(|_| "not an RSA private key of at least 2048 bits")
}

impl From<NamedPair> for SigningKey {
    fn from(pair: NamedPair) -> Self {
        Self(OnceLock::from(pair))
    }
}
