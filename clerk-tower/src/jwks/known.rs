//! Session tokens whose signature was verified.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwapOption;
use clerk_core::token::{KeySet, KnownTokens as Memory, SessionAuth};

/// What a remembered token takes beside its text: its claims once as JSON and once read.
const OVERHEAD: u64 = 1024;
/// One place for so many bytes: some four for every token that there is room for, so that they seldom want the same.
const BYTES_PER_PLACE: u64 = 1024;

/// How much may be remembered. Each set of keys gets a memory of its own.
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
    let text = u64::try_from(session.expose_token().len()).unwrap_or(u64::MAX);
    text.saturating_mul(3).saturating_add(OVERHEAD)
}

/// Places for tokens, two of which each token may take. A look-up takes no lock, and tells nobody about itself.
///
/// What nobody asks for again stays until its place or its memory is wanted. It is of no use to anybody then: the
/// claims are checked against the clock at every look-up.
struct Known {
    places: Box<[ArcSwapOption<SessionAuth>]>,
    hasher: RandomState,
    max_bytes: u64,
    bytes: AtomicU64,
    /// Where to make room next.
    hand: AtomicU64,
}

type Place = ArcSwapOption<SessionAuth>;

impl Known {
    fn new(max_bytes: u64) -> Self {
        let count = usize::try_from(max_bytes / BYTES_PER_PLACE).unwrap_or(usize::MAX).clamp(2, 1 << 24);
        let places = std::iter::repeat_with(ArcSwapOption::empty).take(count).collect();
        let (hasher, bytes, hand) = (RandomState::new(), AtomicU64::new(0), AtomicU64::new(0));
        Self { places, hasher, max_bytes, bytes, hand }
    }

    /// The two places that a token may have. The end of its signature says which: no two tokens share that. Whoever
    /// sends another token with the same end costs us one comparison of texts.
    fn places_of(&self, token: &str) -> [Option<&Place>; 2] {
        let bytes = token.as_bytes();
        let hash = self.hasher.hash_one(bytes.last_chunk::<32>().map_or(bytes, |end| end));
        [self.place(hash >> 32), self.place(hash & 0xffff_ffff)]
    }

    fn place(&self, number: u64) -> Option<&Place> {
        let count = u64::try_from(self.places.len()).unwrap_or(1);
        self.places.get(usize::try_from(number.checked_rem(count)?).ok()?)
    }

    fn put(&self, place: &Place, session: Option<Arc<SessionAuth>>) {
        let added = session.as_deref().map_or(0, weight);
        // Added first: the sum is never below zero, whoever takes this out again meanwhile.
        self.bytes.fetch_add(added, Ordering::Relaxed);
        let gone = place.swap(session);
        self.bytes.fetch_sub(gone.as_deref().map_or(0, weight), Ordering::Relaxed);
    }

    /// Forgets tokens in the order of their places until the rest is small enough.
    fn make_room(&self) {
        for _ in 0..self.places.len() {
            if self.bytes.load(Ordering::Relaxed) <= self.max_bytes {
                return;
            }
            if let Some(place) = self.place(self.hand.fetch_add(1, Ordering::Relaxed)) {
                self.put(place, None);
            }
        }
    }
}

impl Memory for Known {
    fn get(&self, token: &str) -> Option<Arc<SessionAuth>> {
        // The whole text is compared, so that no two tokens are taken for each other.
        self.places_of(token).into_iter().flatten().find_map(|place| {
            let session = place.load();
            session.as_ref().filter(|session| session.expose_token() == token).cloned()
        })
    }

    fn insert(&self, session: &Arc<SessionAuth>) {
        if weight(session) > self.max_bytes {
            return;
        }
        // Into the place that is free, or whose token expires first.
        let expiry = |place: &&Place| place.load().as_ref().map(|session| session.claims().expires_at());
        if let Some(place) = self.places_of(session.expose_token()).into_iter().flatten().min_by_key(expiry) {
            self.put(place, Some(session.clone()));
        }
        self.make_room();
    }
}

#[cfg(all(test, feature = "local"))]
#[allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]
mod tests {
    use clerk_core::authenticate::{AuthenticateOptions, Authenticator, RequestHead, Step};
    use http::Request;
    use serde_json::json;

    use super::*;
    use crate::{Clerk, clock::ManualClock, local::LocalClerk};

    const MAX: u64 = 64 * 1024;

    #[tokio::test]
    async fn a_flood_of_good_tokens_fills_no_memory() {
        let now = clerk_core::Timestamp::from_secs(1_700_000_000);
        let local = LocalClerk::with_clock(ManualClock::at(now)).seed();
        let clerk = Clerk::builder().secret_key(local.secret_key().expose()).known_token_bytes(0);
        let clerk = clerk.transport(local.clone()).build().unwrap();
        clerk.keys().warm_up().await.unwrap();
        let memory = Arc::new(Known::new(MAX));
        let keys = clerk.keys().current().unwrap().with_known_tokens(memory.clone());
        let authenticator = Authenticator::new(AuthenticateOptions::new()).unwrap();
        for number in 0..300 {
            let token = local.sign_in("user_ada").claim("number", json!(number)).token();
            let request =
                Request::get("/").header("authorization", format!("Bearer {token}")).body(()).unwrap();
            let step = authenticator.start(&RequestHead::from(&request), &keys, now);
            assert!(matches!(step, Step::Done(outcome) if outcome.session().is_some()));
        }
        let taken = memory.places.iter().filter(|place| place.load().is_some()).count();
        assert!(memory.bytes.load(Ordering::Relaxed) <= MAX);
        assert!((5..100).contains(&taken), "{taken}");
    }
}
