//! Cache of opaque machine tokens that Clerk verified recently.

use std::time::Duration;

use clerk_core::{Timestamp, authenticate::MachineFacts};
use moka::sync::Cache;

/// The memory bound, for tokens of all kinds together.
const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// Estimated bytes of an entry beside its strings.
const OVERHEAD: usize = 512;

/// Clerk's verdict about each valid token, by the digest of token and kind.
///
/// The tokens themselves are not stored. Neither are invalid tokens: a flood of made-up tokens must not evict valid
/// ones, and a token that was created a moment ago must work at once. Digests are compared, so the time that a lookup
/// takes reveals nothing about a token.
pub(crate) struct MachineTokens {
    lifetime: Duration,
    cache: Cache<[u8; 32], Known>,
}

#[derive(Clone)]
struct Known {
    machine: MachineFacts,
    until: Timestamp,
}

impl MachineTokens {
    /// Upper bound on the lifetime, and so on how long a revoked token is still accepted.
    pub(crate) const MAX_LIFETIME: Duration = Duration::from_secs(300);

    pub(crate) fn with_lifetime(lifetime: Duration) -> Self {
        let cache = Cache::builder()
            .max_capacity(MAX_BYTES)
            .weigher(|_, known: &Known| weight(&known.machine))
            // Bounds the lifetime even if the client's clock is set back.
            .time_to_live(lifetime)
            .build();
        Self { lifetime, cache }
    }

    pub(crate) fn get(&self, digest: &[u8; 32], now: Timestamp) -> Option<MachineFacts> {
        self.cache.get(digest).filter(|known| now < known.until).map(|known| known.machine)
    }

    /// Stores what Clerk returned for a request that was sent at `asked`.
    pub(crate) fn insert(&self, digest: [u8; 32], machine: &MachineFacts, asked: Timestamp) {
        // Counted from the request: the token may have been revoked right after Clerk looked it up.
        let until = asked.saturating_add(self.lifetime);
        let until = machine.expiration().map_or(until, |end| until.min(end));
        self.cache.insert(digest, Known { machine: machine.clone(), until });
    }
}

fn weight(machine: &MachineFacts) -> u32 {
    let (scopes, claims) = match machine {
        MachineFacts::ApiKey(key) => (&*key.scopes, key.claims.as_ref()),
        MachineFacts::M2m(token) => (&*token.scopes, token.claims.as_ref()),
        MachineFacts::OAuth(token) => (&*token.scopes, None),
        // The size of a kind that is added later is unknown. The largest weight keeps it out of the cache.
        _ => return u32::MAX,
    };
    let scopes = scopes.iter().map(|scope| scope.len().saturating_add(size_of::<String>()));
    // A parsed value takes several times the memory of its JSON.
    let claims = claims.map_or(0, |claims| claims.to_string().len().saturating_mul(4));
    let sum = scopes.fold(claims.saturating_add(OVERHEAD), usize::saturating_add);
    u32::try_from(sum).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]
mod tests {
    use clerk_core::{
        authenticate::{AuthenticateOptions, Authenticator, Need, RequestHead, Step},
        model::ApiKey,
        token::{KeySet, TokenKind},
    };
    use http::Request;
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    /// Returns an API key with these claims.
    fn machine(claims: &Value) -> MachineFacts {
        let authenticator =
            Authenticator::new(AuthenticateOptions::new().accepted_kinds(TokenKind::ApiKey)).unwrap();
        let request = Request::get("/").header("authorization", "Bearer ak_1").body(()).unwrap();
        let step = authenticator.start(&RequestHead::from(&request), &KeySet::default(), NOW);
        let Step::Need(Need::ApiKey(call)) = step else { panic!("{step:?}") };
        let key =
            json!({"id": "ak_1", "subject": "user_1", "revoked": false, "expired": false, "claims": claims});
        let key: ApiKey = serde_json::from_value(key).unwrap();
        let Step::Done(outcome) = call.resume(Ok(key), NOW) else { panic!("nothing is missing") };
        outcome.machine().unwrap().facts().clone()
    }

    fn digest(number: u16) -> [u8; 32] {
        let mut digest = [0; 32];
        digest[..2].copy_from_slice(&number.to_be_bytes());
        digest
    }

    #[test]
    fn a_flood_of_valid_tokens_stays_within_the_bound() {
        let tokens = MachineTokens::with_lifetime(MachineTokens::MAX_LIFETIME);
        let machine = machine(&json!({"text": "x".repeat(1000)}));
        assert!(weight(&machine) > 4000);
        for number in 0..3000 {
            tokens.insert(digest(number), &machine, NOW);
        }
        tokens.cache.run_pending_tasks();
        assert!(tokens.cache.weighted_size() <= MAX_BYTES);
        assert!((500..1100).contains(&tokens.cache.entry_count()), "{}", tokens.cache.entry_count());
    }

    #[test]
    fn a_token_that_is_too_large_is_not_stored() {
        let tokens = MachineTokens::with_lifetime(MachineTokens::MAX_LIFETIME);
        tokens.insert(digest(1), &machine(&json!({"text": "x".repeat(2_000_000)})), NOW);
        tokens.cache.run_pending_tasks();
        assert_eq!(tokens.cache.weighted_size(), 0);
    }
}
