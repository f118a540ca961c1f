//! Session tokens whose signature was verified.

use std::{
    borrow::Borrow,
    hash::{Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use clerk_core::{
    authenticate::SessionAuth,
    token::{KeySet, KnownTokens as Memory},
};
use moka::sync::Cache;

/// Clerk's session tokens live for a minute; one that is not seen for longer is not seen again.
const LIFETIME: Duration = Duration::from_secs(120);
/// What a remembered token takes beside its text: its claims once as JSON and once read, and the cache's own part.
const OVERHEAD: u32 = 1024;

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
        keys.with_known_tokens(Arc::new(Known(cache(self.max_bytes))))
    }
}

fn cache(max_bytes: u64) -> Cache<Text, Arc<SessionAuth>> {
    Cache::builder()
        .max_capacity(max_bytes)
        .weigher(|_, session: &Arc<SessionAuth>| weight(session))
        .time_to_live(LIFETIME)
        .build()
}

fn weight(session: &SessionAuth) -> u32 {
    let text = u32::try_from(session.expose_token().len()).unwrap_or(u32::MAX);
    text.saturating_mul(3).saturating_add(OVERHEAD)
}

struct Known(Cache<Text, Arc<SessionAuth>>);

/// Keyed by the whole text, so that no two tokens are taken for each other. Two texts are compared only where their
/// hashes agree, and those are keyed by lot: nobody can feel their way along a token by how long that takes.
struct Text(Arc<SessionAuth>);

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self.0.expose_token()
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.expose_token().hash(state);
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_token() == other.0.expose_token()
    }
}

impl Eq for Text {}

impl Memory for Known {
    fn get(&self, token: &str) -> Option<Arc<SessionAuth>> {
        self.0.get(token)
    }

    fn insert(&self, session: &Arc<SessionAuth>) {
        self.0.insert(Text(session.clone()), session.clone());
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
        let cache = cache(MAX);
        let memory = Arc::new(Known(cache.clone()));
        let keys = clerk.keys().current().unwrap().with_known_tokens(memory);
        let authenticator = Authenticator::new(AuthenticateOptions::new()).unwrap();
        for number in 0..300 {
            let token = local.sign_in("user_ada").claim("number", json!(number)).token();
            let request =
                Request::get("/").header("authorization", format!("Bearer {token}")).body(()).unwrap();
            let step = authenticator.start(&RequestHead::from(&request), &keys, now);
            assert!(matches!(step, Step::Done(outcome) if outcome.session().is_some()));
        }
        cache.run_pending_tasks();
        assert!(cache.weighted_size() <= MAX);
        assert!((5..100).contains(&cache.entry_count()), "{}", cache.entry_count());
    }
}
