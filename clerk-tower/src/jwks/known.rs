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
        let cache = Cache::builder()
            .max_capacity(self.max_bytes)
            .weigher(|_, session: &Arc<SessionAuth>| weight(session))
            .time_to_live(LIFETIME)
            .build();
        keys.with_known_tokens(Arc::new(Known(cache)))
    }
}

fn weight(session: &SessionAuth) -> u32 {
    let text = u32::try_from(session.expose_token().len()).unwrap_or(u32::MAX);
    text.saturating_mul(3).saturating_add(OVERHEAD)
}

struct Known(Cache<Text, Arc<SessionAuth>>);

/// Keyed by the whole text, so that no two tokens are taken for each other.
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
