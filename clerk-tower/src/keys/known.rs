//! Cache of session tokens whose signature was verified: a browser sends the same token with every request of a minute.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwapOption;
use clerk_core::token::{KeySet, KnownTokens as Store, SessionAuth};

use crate::telemetry;

/// Estimated bytes of an entry besides the token's string: its claims, as JSON and parsed.
const OVERHEAD: u64 = 1024;
/// One slot for this many bytes. That is about four slots for each token that fits into memory, so collisions are rare.
const BYTES_PER_SLOT: u64 = 1024;

/// The memory bound for known tokens. Each set of keys gets a cache of its own: tokens that were verified with one set
/// prove nothing about another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownTokens {
    max_bytes: u64,
}

impl KnownTokens {
    pub(crate) const fn up_to(max_bytes: u64) -> Self {
        Self { max_bytes }
    }

    pub(super) fn attach(self, keys: KeySet) -> KeySet {
        if self.max_bytes == 0 {
            return keys;
        }
        keys.with_known_tokens(Arc::new(Known::new(self.max_bytes)))
    }
}

fn weight(session: &SessionAuth) -> u64 {
    let length = u64::try_from(session.expose_token().len()).unwrap_or(u64::MAX);
    // Its text, its claims as JSON, and those that are parsed: a list of permissions takes 16 bytes for each.
    length.saturating_mul(4).saturating_add(OVERHEAD)
}

/// Slots for tokens. Each token can be in one of two slots.
///
/// A general cache is not used, because every request does this lookup: here it takes no lock and records nothing, so
/// requests on different cores do not contend. In return, an entry stays until its slot or its memory is needed, even
/// if the token has expired. That is safe: the claims are checked against the clock at every lookup.
struct Known {
    slots: Box<[Slot]>,
    /// At random, so that nobody can craft tokens that collide.
    seeds: [u64; 2],
    max_bytes: u64,
    bytes: AtomicU64,
    /// The slot to evict next, modulo the number of slots.
    next_evicted: AtomicU64,
}

type Slot = ArcSwapOption<SessionAuth>;

impl Known {
    fn new(max_bytes: u64) -> Self {
        // A power of two, so that a slot is found without a division.
        let count = usize::try_from(max_bytes / BYTES_PER_SLOT).unwrap_or(usize::MAX).clamp(2, 1 << 24);
        let count = count.next_power_of_two();
        let slots = std::iter::repeat_with(ArcSwapOption::empty).take(count).collect();
        let (random, bytes, next_evicted) = (RandomState::new(), AtomicU64::new(0), AtomicU64::new(0));
        let seeds = [random.hash_one(0), random.hash_one(1)];
        Self { slots, seeds, max_bytes, bytes, next_evicted }
    }

    /// Returns the two slots of a token, which the end of its signature determines: 16 characters, which are 96 bits. Valid
    /// tokens do not share them, and a forged token with the same end costs one comparison.
    fn slots_of<'a>(&'a self, token: &[u8]) -> impl Iterator<Item = &'a Slot> + use<'a> {
        let (rest, end) = token.split_last_chunk().map_or((token, [0; 8]), |(rest, end)| (rest, *end));
        let before = rest.last_chunk().copied().unwrap_or_default();
        // A product of two halves: signatures are random already, and only have to be spread by the seeds.
        let [one, other] = [end, before].map(u64::from_le_bytes);
        let [one, other] = [one ^ self.seeds[0], other ^ self.seeds[1]].map(u128::from);
        let hash = one.wrapping_mul(other);
        // The upper half depends on every bit of both.
        [hash >> 96, (hash >> 64) & 0xffff_ffff].into_iter().filter_map(|number| self.slot(number))
    }

    fn slot(&self, number: u128) -> Option<&Slot> {
        let last = u128::try_from(self.slots.len()).ok()?.checked_sub(1)?;
        self.slots.get(usize::try_from(number & last).ok()?)
    }

    /// Puts a session into a slot. Returns `true` if there was another one.
    fn put(&self, slot: &Slot, session: Option<Arc<SessionAuth>>) -> bool {
        let added = session.as_deref().map_or(0, weight);
        // Added before the swap: another thread may evict the entry right after it, and the sum must not wrap below
        // zero.
        self.bytes.fetch_add(added, Ordering::Relaxed);
        let evicted = slot.swap(session);
        self.bytes.fetch_sub(evicted.as_deref().map_or(0, weight), Ordering::Relaxed);
        evicted.is_some()
    }

    /// Evicts tokens in the order of their slots until the bound is met. At most one round, so that concurrent inserts
    /// cannot keep a request here.
    fn make_room(&self) {
        for _ in 0..self.slots.len() {
            if self.bytes.load(Ordering::Relaxed) <= self.max_bytes {
                return;
            }
            if let Some(slot) = self.slot(self.next_evicted.fetch_add(1, Ordering::Relaxed).into())
                && self.put(slot, None)
            {
                telemetry::evicted("known-tokens");
            }
        }
    }
}

impl Store for Known {
    fn get(&self, token: &[u8]) -> Option<Arc<SessionAuth>> {
        // The whole token is compared: a hit skips the signature check, so header and claims must be the verified ones.
        self.slots_of(token).find_map(|slot| {
            let session = slot.load();
            session.as_ref().filter(|session| session.expose_token().as_bytes() == token).cloned()
        })
    }

    fn insert(&self, session: &Arc<SessionAuth>) {
        if weight(session) > self.max_bytes {
            return;
        }
        // Into the slot that is free, or whose token expires first.
        let expiry = |slot: &&Slot| slot.load().as_ref().map(|session| session.claims().expires_at());
        if let Some(slot) = self.slots_of(session.expose_token().as_bytes()).min_by_key(expiry) {
            self.put(slot, Some(session.clone()));
        }
        self.make_room();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]
mod tests {
    use std::collections::HashSet;

    use aws_lc_rs::{
        rand::SystemRandom,
        rsa::KeySize,
        signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
    };
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    use clerk_core::authenticate::{AuthenticateOptions, Authenticator, RequestHead, Step};
    use http::Request;
    use serde_json::{Value, json};

    use super::*;
    use crate::clock::{Clock as _, SystemClock};

    const MAX: u64 = 64 * 1024;
    const KID: &str = "ins_test";

    fn encode(bytes: impl AsRef<[u8]>) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Returns the public key as a JSON Web Key Set (RFC 7517, section 5).
    fn jwks(key: &RsaKeyPair) -> String {
        let n = encode(key.public_key().modulus().big_endian_without_leading_zero());
        let e = encode(key.public_key().exponent().big_endian_without_leading_zero());
        json!({"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KID, "n": n, "e": e}]})
            .to_string()
    }

    fn sign(key: &RsaKeyPair, claims: &Value) -> String {
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": KID});
        let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
        format!("{message}.{}", encode(signature))
    }

    /// The session of a token with this text in a claim.
    fn session(keys: &KeySet, key: &RsaKeyPair, number: u32, text: &str) -> Arc<SessionAuth> {
        let authenticator = Authenticator::new(AuthenticateOptions::new()).unwrap();
        let now = SystemClock.now();
        let seconds = now.as_millis() / 1000;
        let claims = json!({
            "iss": "https://clerk.example.com",
            "sub": "user_ada",
            "sid": "sess_1",
            "iat": seconds,
            "nbf": seconds - 10,
            "exp": seconds + 60,
            "number": number,
            "text": text,
        });
        let bearer = format!("Bearer {}", sign(key, &claims));
        let request = Request::get("/").header("authorization", bearer).body(()).unwrap();
        let Step::Done(outcome) = authenticator.start(&RequestHead::from(&request), keys, now) else {
            panic!()
        };
        outcome.session().unwrap().clone()
    }

    #[test]
    fn a_flood_of_valid_tokens_stays_within_the_bound() {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let known = Arc::new(Known::new(MAX));
        let keys = KeySet::from_jwks(jwks(&key).as_bytes()).unwrap().with_known_tokens(known.clone());
        for number in 0..300 {
            session(&keys, &key, number, "");
        }
        let kept: Vec<u64> =
            known.slots.iter().filter_map(|slot| slot.load().as_deref().map(weight)).collect();
        assert_eq!(known.bytes.load(Ordering::Relaxed), kept.iter().sum::<u64>());
        assert!(kept.iter().sum::<u64>() <= MAX && kept.len() >= 5, "{kept:?}");
        // Four times its text, which is longer than its signature in base64, and the rest.
        assert!(kept.iter().all(|weight| *weight > 4 * 342 + OVERHEAD), "{kept:?}");
    }

    #[test]
    fn a_token_that_does_not_fit_displaces_no_other() {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let keys = KeySet::from_jwks(jwks(&key).as_bytes()).unwrap();
        let small = session(&keys, &key, 0, "");
        let max = weight(&small);
        for number in 1..20 {
            // It fits exactly.
            let known = Known::new(max);
            known.insert(&small);
            let large = session(&keys, &key, number, "xxx");
            known.insert(&large);
            assert!(
                known.get(small.expose_token().as_bytes()).is_some()
                    && known.get(large.expose_token().as_bytes()).is_none()
            );
        }
    }

    #[test]
    fn tokens_use_all_slots() {
        let known = Known::new(MAX);
        for which in 0..2 {
            // Like signatures, in which every character differs.
            let token = |number: u128| format!("{:040}", number.wrapping_mul(u128::MAX / 0x1_9e37_79b9));
            let slot = |number| known.slots_of(token(number).as_bytes()).nth(which).unwrap();
            let used: HashSet<_> = (0..1000).map(|number| std::ptr::from_ref(slot(number))).collect();
            assert_eq!(used.len(), known.slots.len());
        }
    }
}
