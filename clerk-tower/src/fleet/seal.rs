//! Seals what processes leave in the store for each other, so that nobody who can only write to the store can make a value,
//! change one, or move one to another key.

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    digest::{SHA256, digest},
    error::Unspecified,
    hkdf::{HKDF_SHA256, Prk, Salt},
    hmac,
};
use bytes::Bytes;

/// The version of the layout, and how the rest is sealed.
const PROVED: [u8; 2] = [1, b'p'];
const ENCRYPTED: [u8; 2] = [1, b'e'];
const TAG: usize = 32;

/// What a value is longer than what is in it.
pub(crate) const OVERHEAD: usize = 64;

/// Seals values with a proof (HMAC-SHA256), or encrypts them (AES-256-GCM).
///
/// Each name has a key of its own, so a value is good under its name only, and a key encrypts so few values that random
/// nonces do not meet.
pub(crate) struct Seal {
    keys: Prk,
    is_encrypted: bool,
}

impl Seal {
    /// `secret` is a key of Clerk that the processes have in common. With an encryption key, who knows only one of the two
    /// can neither read nor make a value.
    pub(crate) fn new(secret: &str, encryption_key: Option<&[u8; 32]>) -> Self {
        let salt = Salt::new(HKDF_SHA256, b"clerk-tower fleet seal 1");
        let keys = match encryption_key {
            Some(key) => salt.extract(&[key, secret.as_bytes()].concat()),
            None => salt.extract(secret.as_bytes()),
        };
        Self { keys, is_encrypted: encryption_key.is_some() }
    }

    fn key(&self, kind: [u8; 2], name: &str) -> Result<[u8; 32], Unspecified> {
        let name = digest(&SHA256, name.as_bytes());
        let mut key = [0; 32];
        self.keys.expand(&[&kind, name.as_ref()], HKDF_SHA256)?.fill(&mut key)?;
        Ok(key)
    }

    /// Seals a value under a name. `None` if the system has no random numbers.
    pub(crate) fn close(&self, name: &str, value: &[u8]) -> Option<Bytes> {
        if self.is_encrypted { self.encrypt(name, value) } else { self.prove(name, value) }.ok()
    }

    /// Returns what is in a sealed value; `None` if it was not sealed by this key, in this way and under this name.
    pub(crate) fn open(&self, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let kind = if self.is_encrypted { ENCRYPTED } else { PROVED };
        let rest = sealed.strip_prefix(&kind)?;
        if self.is_encrypted { self.decrypt(name, rest) } else { self.check(name, rest) }.ok()
    }

    fn prove(&self, name: &str, value: &[u8]) -> Result<Bytes, Unspecified> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.key(PROVED, name)?);
        let tag = hmac::sign(&key, value);
        Ok([&PROVED, tag.as_ref(), value].concat().into())
    }

    fn check(&self, name: &str, rest: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let (tag, value) = rest.split_at_checked(TAG).ok_or(Unspecified)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.key(PROVED, name)?);
        hmac::verify(&key, value, tag)?;
        Ok(value.to_vec())
    }

    fn encrypt(&self, name: &str, value: &[u8]) -> Result<Bytes, Unspecified> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.key(ENCRYPTED, name)?)?;
        let mut value = value.to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::from(ENCRYPTED), &mut value)?;
        Ok([&ENCRYPTED, nonce.as_ref().as_slice(), &value].concat().into())
    }

    fn decrypt(&self, name: &str, rest: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let (nonce, value) = rest.split_at_checked(NONCE_LEN).ok_or(Unspecified)?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.key(ENCRYPTED, name)?)?;
        let mut value = value.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce)?;
        Ok(key.open_in_place(nonce, Aad::from(ENCRYPTED), &mut value)?.to_vec())
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").field("is_encrypted", &self.is_encrypted).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "these are tests")]
mod tests {
    use super::*;

    const SECRET: &str = "sk_test_4pK7dQ2mXw9sB1vN6yJ3";
    const KEY: [u8; 32] = [7; 32];
    const NAME: &str = "{clerk:clerk.example.com}:1:response:x";

    fn seals() -> [Seal; 2] {
        [Seal::new(SECRET, None), Seal::new(SECRET, Some(&KEY))]
    }

    /// From an independent implementation (Python's hmac, and its cryptography package).
    #[test]
    fn known_answers() {
        let [proved, encrypted] = seals();
        let decode = |hex: &str| -> Vec<u8> {
            let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
            digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
        };
        let of_proof =
            decode("017053b0b1e6210b981f821cace019f3110ed2cc1d47efe3fdfea066388fe2289cf976616c7565");
        assert_eq!(proved.close(NAME, b"value").unwrap(), of_proof);
        assert_eq!(proved.open(NAME, &of_proof).unwrap(), b"value");
        let of_cipher = decode("0165000102030405060708090a0b70e9db31af01055ec2d24f17e2576a152f4968dfb9");
        assert_eq!(encrypted.open(NAME, &of_cipher).unwrap(), b"value");
    }

    #[test]
    fn what_is_sealed_is_read_again_and_is_not_much_longer() {
        for seal in seals() {
            for value in [&b""[..], b"x", &[0; 100_000]] {
                let sealed = seal.close(NAME, value).unwrap();
                assert!(sealed.len() <= value.len() + OVERHEAD);
                assert_eq!(seal.open(NAME, &sealed).unwrap(), value);
            }
        }
        let [_, encrypted] = seals();
        let [one, two] = [(); 2].map(|()| encrypted.close(NAME, b"a secret value").unwrap());
        assert_ne!(one, two);
        assert!(!one.windows(6).any(|part| part == b"secret"));
    }

    #[test]
    fn nothing_else_is_opened() {
        for (number, seal) in seals().iter().enumerate() {
            let sealed = seal.close(NAME, b"value").unwrap();
            for bit in 0..sealed.len() * 8 {
                let mut changed = sealed.to_vec();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(seal.open(NAME, &changed), None, "bit {bit}");
            }
            for end in 0..sealed.len() {
                assert_eq!(seal.open(NAME, &sealed[..end]), None, "{end} bytes");
            }
            assert_eq!(seal.open(NAME, &[&sealed[..], b"x"].concat()), None);
            for name in ["", "{clerk:clerk.example.com}:1:response:y", "{clerk:other.example}:1:response:x"] {
                assert_eq!(seal.open(name, &sealed), None, "{name}");
            }
            let others = [
                Seal::new("sk_test_other", None),
                Seal::new("sk_test_other", Some(&KEY)),
                Seal::new(SECRET, Some(&[8; 32])),
                Seal::new(SECRET, (number == 0).then_some(&KEY)),
            ];
            for other in others {
                assert_eq!(other.open(NAME, &sealed), None);
            }
        }
    }

    #[test]
    fn no_key_is_shown() {
        assert_eq!(format!("{:?}", Seal::new(SECRET, Some(&KEY))), "Seal { is_encrypted: true, .. }");
    }
}
