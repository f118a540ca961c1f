//! Opaque machine tokens that Clerk called good a moment ago.

use std::time::Duration;

use clerk_core::{Timestamp, authenticate::MachineFacts};
use moka::sync::Cache;

/// How much may be remembered, of all kinds together.
const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// What an entry takes beside its texts.
const OVERHEAD: usize = 512;

/// What Clerk said, by the digest of the token and its kind. The tokens themselves are not kept, and neither is
/// anything that is not good. What is compared are digests, so that how long it takes says nothing about a token.
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
    /// A token that was revoked is let in for so long at most.
    pub(crate) const LONGEST: Duration = Duration::from_secs(300);

    pub(crate) fn remembered_for(lifetime: Duration) -> Self {
        let cache = Cache::builder()
            .max_capacity(MAX_BYTES)
            .weigher(|_, known: &Known| weight(&known.machine))
            // Whatever the clock does that decides.
            .time_to_live(lifetime)
            .build();
        Self { lifetime, cache }
    }

    pub(super) fn get(&self, digest: &[u8; 32], now: Timestamp) -> Option<MachineFacts> {
        self.cache.get(digest).filter(|known| now < known.until).map(|known| known.machine)
    }

    /// Remembers what Clerk said when it was asked at the time `asked`.
    pub(super) fn insert(&self, digest: [u8; 32], machine: &MachineFacts, asked: Timestamp) {
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
        // A kind that cannot be weighed is not kept.
        _ => return u32::MAX,
    };
    let scopes = scopes.iter().map(|scope| scope.len().saturating_add(size_of::<String>()));
    // A value takes some times what its text takes.
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

    /// What an API key with these claims comes to.
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
    fn a_flood_of_good_tokens_fills_no_memory() {
        let tokens = MachineTokens::remembered_for(MachineTokens::LONGEST);
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
    fn what_is_too_large_is_not_kept() {
        let tokens = MachineTokens::remembered_for(MachineTokens::LONGEST);
        tokens.insert(digest(1), &machine(&json!({"text": "x".repeat(2_000_000)})), NOW);
        tokens.cache.run_pending_tasks();
        assert_eq!(tokens.cache.weighted_size(), 0);
    }
}
