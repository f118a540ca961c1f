//! The backend in Rust alone, for targets that aws-lc-rs does not build for, such as `wasm32-unknown-unknown`.
//!
//! The crate rsa is known for leaking private keys through its timing (RUSTSEC-2023-0071). Only public keys are used here,
//! and what is verified is not secret from its sender.

use hmac::{Hmac, KeyInit as _, Mac as _};
use rsa::{
    BoxedUint, PublicKey,
    pkcs1v15::{Signature, VerifyingKey},
    pkcs8::DecodePublicKey as _,
    signature::Verifier as _,
    traits::PublicKeyParts as _,
};
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;

use super::Hash;

/// A public RSA key for signatures with one digest.
pub(crate) enum RsaKey {
    Sha256(VerifyingKey<Sha256>),
    Sha384(VerifyingKey<Sha384>),
    Sha512(VerifyingKey<Sha512>),
}

impl RsaKey {
    /// Parses a SubjectPublicKeyInfo (RFC 5280) in DER.
    pub(crate) fn from_spki(der: &[u8], hash: Hash) -> Option<Self> {
        PublicKey::from_public_key_der(der).ok().map(|key| Self::new(key, hash))
    }

    /// Takes the modulus and the exponent, big-endian and without leading zeros.
    pub(crate) fn from_components(n: &[u8], e: &[u8], hash: Hash) -> Option<Self> {
        let (n, e) = (BoxedUint::from_be_slice_vartime(n), BoxedUint::from_be_slice_vartime(e));
        PublicKey::new(n, e).ok().map(|key| Self::new(key, hash))
    }

    fn new(key: PublicKey, hash: Hash) -> Self {
        match hash {
            Hash::Sha256 => Self::Sha256(VerifyingKey::new(key)),
            Hash::Sha384 => Self::Sha384(VerifyingKey::new(key)),
            Hash::Sha512 => Self::Sha512(VerifyingKey::new(key)),
        }
    }

    pub(crate) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = Signature::try_from(signature) else { return false };
        match self {
            Self::Sha256(key) => key.verify(signed, &signature).is_ok(),
            Self::Sha384(key) => key.verify(signed, &signature).is_ok(),
            Self::Sha512(key) => key.verify(signed, &signature).is_ok(),
        }
    }
}

/// Returns the size of an RSA key in a SubjectPublicKeyInfo.
pub(crate) fn spki_bits(der: &[u8]) -> Option<usize> {
    let key = PublicKey::from_public_key_der(der).ok()?;
    usize::try_from(key.n().bit_width_vartime()).ok()
}

/// A key of HMAC with SHA-256.
#[derive(Clone)]
pub(crate) struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    pub(crate) fn new(key: &[u8]) -> Option<Self> {
        Hmac::new_from_slice(key).ok().map(Self)
    }

    pub(crate) fn sign(&self, content: &[u8]) -> impl AsRef<[u8]> + use<> {
        self.0.clone().chain_update(content).finalize().into_bytes()
    }
}

/// Compares in a time that does not depend on where the first difference is.
pub(crate) fn equal(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

/// For names that Clerk derives with SHA-1, and not for anything that has to resist collisions.
pub(crate) fn sha1(content: &[u8]) -> impl AsRef<[u8]> + use<> {
    Sha1::digest(content)
}

/// Returns the digest of the parts, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> Option<[u8; 32]> {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    Some(digest.finalize().into())
}
