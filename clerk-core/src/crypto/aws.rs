//! The backend on aws-lc-rs.

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest, hmac,
    rsa::PublicEncryptingKey,
    signature::{
        ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
        RsaParameters, RsaPublicKeyComponents,
    },
};

use super::Hash;

/// A public RSA key for signatures with one digest. aws-lc-rs binds a parsed key to it, and parsing for each verification
/// would be slow.
pub(crate) struct RsaKey(ParsedPublicKey);

impl RsaKey {
    /// Parses a SubjectPublicKeyInfo (RFC 5280) in DER.
    pub(crate) fn from_spki(der: &[u8], hash: Hash) -> Option<Self> {
        ParsedPublicKey::new(parameters(hash), der).ok().map(Self)
    }

    /// Takes the modulus and the exponent, big-endian and without leading zeros.
    pub(crate) fn from_components(n: &[u8], e: &[u8], hash: Hash) -> Option<Self> {
        RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters(hash)).ok().map(Self)
    }

    pub(crate) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(signed, signature).is_ok()
    }
}

const fn parameters(hash: Hash) -> &'static RsaParameters {
    match hash {
        Hash::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        Hash::Sha384 => &RSA_PKCS1_2048_8192_SHA384,
        Hash::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
    }
}

/// Returns the size of an RSA key in a SubjectPublicKeyInfo.
pub(crate) fn spki_bits(der: &[u8]) -> Option<usize> {
    PublicEncryptingKey::from_der(der).ok().map(|key| key.key_size_bits())
}

/// A key of HMAC with SHA-256.
#[derive(Clone)]
pub(crate) struct HmacKey(hmac::Key);

impl HmacKey {
    pub(crate) fn new(key: &[u8]) -> Option<Self> {
        Some(Self(hmac::Key::new(hmac::HMAC_SHA256, key)))
    }

    pub(crate) fn sign(&self, content: &[u8]) -> impl AsRef<[u8]> + use<> {
        hmac::sign(&self.0, content)
    }
}

/// Compares in a time that does not depend on where the first difference is.
pub(crate) fn equal(one: &[u8], other: &[u8]) -> bool {
    verify_slices_are_equal(one, other).is_ok()
}

/// For names that Clerk derives with SHA-1, and not for anything that has to resist collisions.
pub(crate) fn sha1(content: &[u8]) -> impl AsRef<[u8]> + use<> {
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, content)
}

/// Returns the digest of the parts, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> Option<[u8; 32]> {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().try_into().ok()
}
