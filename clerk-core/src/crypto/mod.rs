//! The cryptography that this crate needs, by one of two backends: a signature check, an HMAC, two digests.
//!
//! Nothing else in this crate names a backend. Both take the same keys and signatures: the tests run with each of them.

#[cfg(feature = "aws-lc-rs")]
mod aws;
// Compiled beside the other one too, so that it is checked wherever all features are on.
#[cfg(feature = "rust-crypto")]
#[cfg_attr(feature = "aws-lc-rs", allow(dead_code, unreachable_pub))]
mod pure;

#[cfg(feature = "aws-lc-rs")]
pub(crate) use self::aws::{HmacKey, RsaKey, equal, sha1, sha256, spki_bits};
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
pub(crate) use self::pure::{HmacKey, RsaKey, equal, sha1, sha256, spki_bits};

#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
compile_error!("clerk-core needs its feature `aws-lc-rs` (on by default) or `rust-crypto`");

/// The digest that an RSA signature (RSASSA-PKCS1-v1_5) is made of.
#[derive(Clone, Copy)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

#[cfg(test)]
#[cfg(all(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests;
