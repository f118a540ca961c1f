//! Both backends say the same about the same bytes. Everything else in this crate is tested with one of them at a time.

use std::sync::LazyLock;

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair,
    },
};

use super::{Hash, aws, pure};

static KEY: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

const SIGNED: &[u8] = b"header.payload";

/// Asserts that both backends verify, or that neither does, with keys from both forms.
fn assert_verifies(key: &RsaKeyPair, hash: Hash, signature: &[u8], expected: bool, case: &str) {
    let spki: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    // The modulus of a 2048-bit key has a fixed position in its DER encoding (RFC 8017, appendix A.1.1).
    let (n, e) = (&key.public_key().as_ref()[9..265], &[1, 0, 1][..]);
    let verdicts = [
        aws::RsaKey::from_spki(spki.as_ref(), hash).unwrap().verifies(SIGNED, signature),
        aws::RsaKey::from_components(n, e, hash).unwrap().verifies(SIGNED, signature),
        pure::RsaKey::from_spki(spki.as_ref(), hash).unwrap().verifies(SIGNED, signature),
        pure::RsaKey::from_components(n, e, hash).unwrap().verifies(SIGNED, signature),
    ];
    assert_eq!(verdicts, [expected; 4], "{case}");
}

#[test]
fn both_backends_accept_the_same_signatures() {
    let key = &KEY;
    let other = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let hashes: [(Hash, &'static dyn RsaEncoding); 3] = [
        (Hash::Sha256, &RSA_PKCS1_SHA256),
        (Hash::Sha384, &RSA_PKCS1_SHA384),
        (Hash::Sha512, &RSA_PKCS1_SHA512),
    ];
    for (made, (_, encoding)) in hashes.into_iter().enumerate() {
        let mut good = vec![0; key.public_modulus_len()];
        key.sign(encoding, &SystemRandom::new(), SIGNED, &mut good).unwrap();
        let mut changed = good.clone();
        changed[100] ^= 1;
        for (checked, (hash, _)) in hashes.into_iter().enumerate() {
            assert_verifies(key, hash, &good, made == checked, "signature");
            assert_verifies(&other, hash, &good, false, "another key");
            assert_verifies(key, hash, &changed, false, "one bit");
            assert_verifies(key, hash, &good[1..], false, "too short");
            assert_verifies(key, hash, &[&[0], &good[..]].concat(), false, "too long");
            assert_verifies(key, hash, &[0xff; 256], false, "larger than the modulus");
            assert_verifies(key, hash, &[0; 256], false, "zero");
            assert_verifies(key, hash, &[], false, "nothing");
        }
    }
}

#[test]
fn malformed_keys_are_rejected() {
    let key = &KEY;
    let spki: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    let spki = spki.as_ref();
    assert_eq!((aws::spki_bits(spki), pure::spki_bits(spki)), (Some(2048), Some(2048)));
    // Not here: bytes after the key. aws-lc-rs ignores them, and the other backend rejects them.
    for bad in [&spki[..100], &spki[1..], b"", b"key"] {
        assert_eq!((aws::spki_bits(bad), pure::spki_bits(bad)), (None, None), "{bad:?}");
    }
    let n = &key.public_key().as_ref()[9..265];
    let mut even = n.to_vec();
    even[255] &= 0xfe;
    // The exponents that RFC 8017 excludes, and one that is larger than any that is in use. aws-lc-rs rejects some of these keys
    // only when it verifies.
    for (n, e) in [(n, &[][..]), (n, &[1]), (n, &[4]), (n, &[9; 12]), (&even, &[1, 0, 1]), (&[], &[1, 0, 1])]
    {
        let key = pure::RsaKey::from_components(n, e, Hash::Sha256);
        assert!(key.is_none(), "{} bytes, exponent {e:?}", n.len());
    }
}

#[test]
fn both_backends_have_the_same_digests() {
    for length in [0, 1, 55, 56, 63, 64, 65, 1000] {
        let content = vec![7; length];
        assert_eq!(aws::sha1(&content).as_ref(), pure::sha1(&content).as_ref());
        assert_eq!(aws::sha256(&[b"a", &content]), pure::sha256(&[b"a", &content]));
        let (aws, pure) = (aws::HmacKey::new(&content).unwrap(), pure::HmacKey::new(&content).unwrap());
        assert_eq!(aws.sign(b"content").as_ref(), pure.sign(b"content").as_ref());
    }
    for (one, other, expected) in
        [(&b"ab"[..], &b"ab"[..], true), (b"ab", b"ac", false), (b"ab", b"abc", false)]
    {
        assert_eq!((aws::equal(one, other), pure::equal(one, other)), (expected, expected));
    }
}
