//! Digests of passwords: our own, and those of other systems that Clerk accepts.

use std::num::NonZeroU32;

use argon2::Argon2;
use aws_lc_rs::{
    cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey},
    constant_time,
    digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512},
    iv::FixedLength,
    pbkdf2::{self, Algorithm, PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA512},
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD},
};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use crate::random;

/// The iterations for new passwords. Fewer than a production system needs: these are passwords of test people, and a test
/// creates many of them.
const ITERATIONS: u32 = 10_000;

// The most work for an imported digest. Verifying costlier ones would stop the whole instance for a long time.
const MAX_ITERATIONS: u32 = 2_000_000;
const MAX_BCRYPT_COST: u32 = 15;
const MAX_LOG_N: u8 = 17;
const MAX_ARGON2_KIB: u32 = 256 * 1024;
/// Of the other costs of scrypt and Argon2.
const MAX_FACTOR: u32 = 16;

/// How a digest was made. The names and the formats are those of Clerk's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Hasher {
    Argon2i,
    Argon2id,
    Bcrypt,
    BcryptSha256Django,
    LdapSsha,
    Md5,
    Md5Phpass,
    Pbkdf2Sha1,
    Pbkdf2Sha256,
    Pbkdf2Sha256Django,
    Pbkdf2Sha512,
    Pbkdf2Sha512Hex,
    Phpass,
    ScryptFirebase,
    ScryptWerkzeug,
    Sha256,
    Sha512Symfony,
}

/// Checks whether a password has the digest that it was made for.
type Verifier<'a> = Box<dyn Fn(&[u8]) -> bool + 'a>;

impl Hasher {
    pub(super) fn by_name(name: &str) -> Option<Self> {
        serde_json::from_value(name.into()).ok()
    }

    /// Returns what checks passwords against a digest; `None` if the digest is malformed, or too costly.
    pub(super) fn verifier(self, digest: &str) -> Option<Verifier<'_>> {
        match self {
            Self::Argon2i => argon2(digest, "argon2i", argon2::Algorithm::Argon2i),
            Self::Argon2id => argon2(digest, "argon2id", argon2::Algorithm::Argon2id),
            Self::Bcrypt => bcrypt(digest, <[u8]>::to_vec),
            Self::BcryptSha256Django => bcrypt(digest.strip_prefix("bcrypt_sha256$")?, |text| {
                HEXLOWER.encode(&sha256(text)).into_bytes()
            }),
            Self::LdapSsha => ldap_ssha(digest),
            Self::Md5 => plain(hex(digest)?, 16, |text| Md5::digest(text).to_vec()),
            Self::Md5Phpass => phpass(digest, |text| HEXLOWER.encode(&Md5::digest(text)).into_bytes()),
            Self::Pbkdf2Sha1 => pbkdf2_sha1(digest),
            Self::Pbkdf2Sha256 => pbkdf2(digest, "pbkdf2_sha256", PBKDF2_HMAC_SHA256, base64, base64),
            Self::Pbkdf2Sha256Django => pbkdf2(digest, "pbkdf2_sha256", PBKDF2_HMAC_SHA256, raw, base64),
            Self::Pbkdf2Sha512 => pbkdf2(digest, "pbkdf2_sha512", PBKDF2_HMAC_SHA512, raw, hex),
            Self::Pbkdf2Sha512Hex => pbkdf2(digest, "pbkdf2_sha512_hex", PBKDF2_HMAC_SHA512, hex, hex),
            Self::Phpass => phpass(digest, <[u8]>::to_vec),
            Self::ScryptFirebase => scrypt_firebase(digest),
            Self::ScryptWerkzeug => scrypt_werkzeug(digest),
            Self::Sha256 => plain(hex(digest)?, 32, sha256),
            Self::Sha512Symfony => sha512_symfony(digest),
        }
    }

    /// Whether Clerk replaces the digest at the next sign-in, because it protects the password badly.
    pub(super) const fn is_weak(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha256 | Self::Sha512Symfony)
    }
}

/// Digests a password, in the format of [`Hasher::Pbkdf2Sha256Django`].
pub(super) fn hash(text: &str) -> String {
    let salt = random::string(22);
    let mut hash = [0; 32];
    let iterations = NonZeroU32::new(ITERATIONS).unwrap_or(NonZeroU32::MIN);
    pbkdf2::derive(PBKDF2_HMAC_SHA256, iterations, salt.as_bytes(), text.as_bytes(), &mut hash);
    format!("pbkdf2_sha256${iterations}${salt}${}", BASE64_STANDARD.encode(hash))
}

/// Digests a random text, in the format of [`Hasher::Sha256`].
pub(super) fn quick_hash(text: &str) -> String {
    HEXLOWER.encode(&sha256(text.as_bytes()))
}

fn same(one: &[u8], other: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&SHA256, bytes).as_ref().to_vec()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()
}

fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(text).ok()
}

#[expect(clippy::unnecessary_wraps, reason = "one of several decoders")]
fn raw(text: &str) -> Option<Vec<u8>> {
    Some(text.as_bytes().to_vec())
}

/// Splits a digest at each `$`, if it has this many parts.
fn parts<const N: usize>(digest: &str) -> Option<[&str; N]> {
    digest.split('$').collect::<Vec<_>>().try_into().ok()
}

/// The digest of a password alone.
fn plain<'a>(expected: Vec<u8>, length: usize, hash: fn(&[u8]) -> Vec<u8>) -> Option<Verifier<'a>> {
    if expected.len() != length {
        return None;
    }
    Some(Box::new(move |text| same(&hash(text), &expected)))
}

/// `{SSHA}` and in base64 the digest of password and salt, followed by the salt.
fn ldap_ssha<'a>(digest: &str) -> Option<Verifier<'a>> {
    let salted = base64(digest.strip_prefix("{SSHA}")?)?;
    let (expected, salt) = salted.split_at_checked(20).map(|(one, two)| (one.to_vec(), two.to_vec()))?;
    Some(Box::new(move |text| {
        same(digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, &[text, &salt].concat()).as_ref(), &expected)
    }))
}

/// `NAME$ITERATIONS$SALT$HASH`.
fn pbkdf2<'a>(
    digest: &str,
    name: &str,
    algorithm: Algorithm,
    salt: fn(&str) -> Option<Vec<u8>>,
    hash: fn(&str) -> Option<Vec<u8>>,
) -> Option<Verifier<'a>> {
    let [own, iterations, own_salt, expected] = parts(digest)?;
    if own != name {
        return None;
    }
    derived(algorithm, iterations, salt(own_salt)?, hash(expected)?)
}

/// `pbkdf2_sha1$ITERATIONS$SALT$HASH`, or with `$LENGTH` at the end. The salt is raw unless it is hexadecimal.
fn pbkdf2_sha1<'a>(digest: &str) -> Option<Verifier<'a>> {
    let (digest, length) = match parts::<5>(digest) {
        Some([.., length]) => (digest.rsplit_once('$')?.0, length.parse().ok()?),
        None => (digest, 32),
    };
    let ["pbkdf2_sha1", iterations, salt, expected] = parts(digest)? else { return None };
    let expected = hex(expected).filter(|expected| expected.len() == length)?;
    derived(PBKDF2_HMAC_SHA1, iterations, hex(salt).or_else(|| raw(salt))?, expected)
}

fn derived<'a>(
    algorithm: Algorithm,
    iterations: &str,
    salt: Vec<u8>,
    expected: Vec<u8>,
) -> Option<Verifier<'a>> {
    let iterations: NonZeroU32 = iterations.parse().ok()?;
    if iterations.get() > MAX_ITERATIONS || !(16..=128).contains(&expected.len()) {
        return None;
    }
    Some(Box::new(move |text| {
        let mut derived = vec![0; expected.len()];
        pbkdf2::derive(algorithm, iterations, &salt, text, &mut derived);
        same(&derived, &expected)
    }))
}

/// `$2b$COST$SALT-AND-HASH`, of what `prepare` makes of the password.
fn bcrypt(digest: &str, prepare: fn(&[u8]) -> Vec<u8>) -> Option<Verifier<'_>> {
    let cost = digest.parse::<bcrypt::HashParts>().ok()?.get_cost();
    (cost <= MAX_BCRYPT_COST).then(|| -> Verifier<'_> {
        Box::new(move |text| bcrypt::verify(prepare(text), digest).unwrap_or(false))
    })
}

/// `$argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$HASH`.
fn argon2<'a>(digest: &str, name: &str, algorithm: argon2::Algorithm) -> Option<Verifier<'a>> {
    let ["", own, "v=19", costs, salt, expected] = parts(digest)? else { return None };
    let costs: [&str; 3] = costs.split(',').collect::<Vec<_>>().try_into().ok()?;
    let [memory, passes, lanes] = costs;
    let number = |text: &str, name: &str| text.strip_prefix(name)?.parse::<u32>().ok();
    let (memory, passes, lanes) = (number(memory, "m=")?, number(passes, "t=")?, number(lanes, "p=")?);
    let is_cheap = memory <= MAX_ARGON2_KIB && passes <= MAX_FACTOR && lanes <= MAX_FACTOR;
    let decode = |text: &str| BASE64_STANDARD_NO_PAD.decode(text).ok();
    let (salt, expected) = (decode(salt)?, decode(expected)?);
    if own != name || !is_cheap || !(8..=64).contains(&salt.len()) || !(16..=128).contains(&expected.len()) {
        return None;
    }
    let costs = argon2::Params::new(memory, passes, lanes, Some(expected.len())).ok()?;
    let argon2 = Argon2::new(algorithm, argon2::Version::V0x13, costs);
    Some(Box::new(move |text| {
        let mut derived = vec![0; expected.len()];
        argon2.hash_password_into(text, &salt, &mut derived).is_ok() && same(&derived, &expected)
    }))
}

/// `$P$`, a digit for the number of rounds, eight letters of salt, and the hash.
fn phpass<'a>(digest: &str, prepare: fn(&[u8]) -> Vec<u8>) -> Option<Verifier<'a>> {
    const DIGITS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let rest = digest.strip_prefix("$P$").or_else(|| digest.strip_prefix("$H$"))?;
    let (rounds, rest) = rest.split_at_checked(1)?;
    let (salt, expected) = rest.split_at_checked(8)?;
    let digit = |byte: &u8| DIGITS.iter().position(|digit| digit == byte);
    let log = rounds.as_bytes().first().and_then(digit).filter(|log| (7..=20).contains(log))?;
    let well_formed = expected.len() == 22 && expected.bytes().all(|byte| digit(&byte).is_some());
    let (salt, expected) = (salt.as_bytes().to_vec(), expected.as_bytes().to_vec());
    well_formed.then(|| -> Verifier<'a> {
        Box::new(move |text| {
            let text = prepare(text);
            let mut hash = Md5::digest([&*salt, &text].concat());
            for _ in 0..1_u32 << log {
                hash = Md5::digest([hash.as_slice(), &text].concat());
            }
            // Six bits a digit, the lowest ones first.
            let mut encoded = Vec::with_capacity(22);
            for group in hash.chunks(3) {
                let bits = group.iter().rev().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
                let digits = (0..=group.len()).map(|at| bits >> (6 * at) & 0x3f);
                encoded.extend(digits.filter_map(|digit| DIGITS.get(digit)));
            }
            same(&encoded, &expected)
        })
    })
}

/// Returns what computes scrypt with these costs, unless they are out of range.
fn scrypt(log_n: u8, r: u32, p: u32, salt: Vec<u8>) -> Option<impl Fn(&[u8]) -> Vec<u8>> {
    let is_cheap = (1..=MAX_LOG_N).contains(&log_n) && r <= MAX_FACTOR && p <= MAX_FACTOR;
    let costs = is_cheap.then(|| scrypt::Params::new(log_n, r, p).ok()).flatten()?;
    Some(move |text: &[u8]| {
        let mut derived = vec![0; 64];
        if scrypt::scrypt(text, &salt, &costs, &mut derived).is_err() {
            derived.clear();
        }
        derived
    })
}

/// `HASH$SALT$SIGNER-KEY$SALT-SEPARATOR$ROUNDS$MEMORY-COST`, all of the former in base64.
fn scrypt_firebase<'a>(digest: &str) -> Option<Verifier<'a>> {
    let [expected, salt, signer_key, separator, rounds, memory] = parts(digest)?;
    let (expected, signer_key) = (base64(expected)?, base64(signer_key)?);
    let salt = [base64(salt)?, base64(separator)?].concat();
    let derive = scrypt(memory.parse().ok()?, rounds.parse().ok()?, 1, salt)?;
    Some(Box::new(move |text| {
        // The password's key encrypts the signer key.
        let key = derive(text);
        let encrypt = || {
            let key = UnboundCipherKey::new(&AES_256, key.get(..32)?).ok()?;
            let mut encrypted = signer_key.clone();
            let context = EncryptionContext::Iv128(FixedLength::from([0; 16]));
            EncryptingKey::ctr(key).ok()?.less_safe_encrypt(&mut encrypted, context).ok()?;
            Some(encrypted)
        };
        encrypt().is_some_and(|encrypted| same(&encrypted, &expected))
    }))
}

/// `scrypt:N:R:P$SALT$HASH`.
fn scrypt_werkzeug<'a>(digest: &str) -> Option<Verifier<'a>> {
    let [method, salt, expected] = parts(digest.strip_prefix('$').unwrap_or(digest))?;
    let method: [&str; 4] = method.split(':').collect::<Vec<_>>().try_into().ok()?;
    let ["scrypt", n, r, p] = method else { return None };
    let n: u64 = n.parse().ok().filter(|n: &u64| n.is_power_of_two())?;
    let log_n = u8::try_from(n.trailing_zeros()).ok()?;
    let derive = scrypt(log_n, r.parse().ok()?, p.parse().ok()?, salt.as_bytes().to_vec())?;
    let expected = hex(expected).filter(|expected| expected.len() == 64)?;
    Some(Box::new(move |text| same(&derive(text), &expected)))
}

/// `sha512_symfony$ITERATIONS$SALT$HASH`.
fn sha512_symfony<'a>(digest: &str) -> Option<Verifier<'a>> {
    let ["sha512_symfony", iterations, salt, expected] = parts(digest)? else { return None };
    let iterations: u32 = iterations.parse().ok().filter(|it| (1..=MAX_ITERATIONS).contains(it))?;
    let expected = base64(expected).filter(|expected| expected.len() == 64)?;
    let salt = format!("{{{salt}}}").into_bytes();
    Some(Box::new(move |text| {
        let salted = [text, &salt].concat();
        let mut hash = digest::digest(&SHA512, &salted);
        for _ in 1..iterations {
            hash = digest::digest(&SHA512, &[hash.as_ref(), &salted].concat());
        }
        same(hash.as_ref(), &expected)
    }))
}
