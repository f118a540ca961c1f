//! Verifications of opaque machine tokens: requests share them, and their results are remembered.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use clerk_core::{
    AnyJson,
    authenticate::{CallFailure, MachineFacts, OAuthActor},
};
use moka::{notification::RemovalCause, sync::Cache};
use tokio::time::timeout;

use crate::{
    client::cache::{Before, Generations, Stamp},
    clock::{Clock, Moment},
    single_flight::{Flight, Lost},
    telemetry,
};

/// The memory bound, for valid tokens of all kinds together.
const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// Estimated bytes of an entry beside its strings.
const OVERHEAD: usize = 512;
/// How long it is remembered that Clerk does not know a token, or that it is no longer valid. This stops one program with
/// a wrong token. A secret cannot be tried before it exists, but Clerk may not know it everywhere at once, so it is short.
const REFUSED_AGE: Duration = Duration::from_secs(3);
/// The memory bound for tokens that Clerk refused, and the estimated bytes of one.
const MAX_REFUSED_BYTES: u64 = 1024 * 1024;
const REFUSED_BYTES: u32 = 256;
const CALL_LIMIT: Duration = Duration::from_secs(30);
/// A request shares a call that began at most this long before it: what a later call would say is not known.
const SHARED_AGE: Duration = Duration::from_secs(1);

/// What Clerk says about a token: the token's details, if it is valid.
pub(crate) type Verified = Result<Option<MachineFacts>, CallFailure>;

/// The result of asking Clerk, and how long Clerk asked to wait.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) verified: Verified,
    pub(crate) retry_after: Option<Duration>,
}

impl From<Verified> for Verdict {
    fn from(verified: Verified) -> Self {
        Self { verified, retry_after: None }
    }
}

/// Clerk's verdict about each token, by the digest of token and kind.
///
/// The tokens themselves are not stored. Digests are compared, so the time that a lookup takes reveals nothing about a
/// token. Refused tokens have a memory of their own: a flood of made-up tokens must not evict valid ones.
///
/// A write, a webhook delivery or another process of a fleet that may have revoked a token makes the verdicts forgotten
/// through the generations of the cache, those that are on their way included. Verdicts are never taken from a fleet's
/// engine, sealed or not: somebody who can write to it could keep one that was revoked, and what lets a program in has to
/// come from Clerk.
pub(crate) struct MachineTokens {
    lifetime: Duration,
    generations: Arc<Generations>,
    valid: Cache<[u8; 32], Known>,
    /// The refused ones, and when Clerk was asked.
    refused: Cache<[u8; 32], (Verified, Moment)>,
    in_flight: Mutex<InFlight>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone)]
struct Known {
    machine: MachineFacts,
    asked: Moment,
    stamp: Stamp,
}

#[derive(Default)]
struct InFlight {
    by_digest: HashMap<[u8; 32], Running>,
    started: u64,
}

enum Joined {
    Remembered(Verified),
    Waiting(Flight<Verdict>),
}

struct Running {
    number: u64,
    asked: Moment,
    before: Before,
    flight: Flight<Verdict>,
}

impl MachineTokens {
    /// Upper bound on the lifetime, and so on how long a revoked token is still accepted.
    pub(crate) const MAX_LIFETIME: Duration = Duration::from_secs(300);

    /// With a lifetime of zero, valid tokens are not remembered.
    pub(crate) fn with_lifetime(
        lifetime: Duration,
        generations: Arc<Generations>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let valid = Cache::builder()
            .max_capacity(MAX_BYTES)
            .weigher(|_, known: &Known| weight(&known.machine))
            // Ages are compared at each lookup. This only frees memory.
            .time_to_live(lifetime)
            .eviction_listener(|_, _, cause| {
                if cause == RemovalCause::Size {
                    telemetry::evicted("machine-tokens");
                }
            })
            .build();
        let refused = Cache::builder()
            .max_capacity(MAX_REFUSED_BYTES)
            .weigher(|_, _: &_| REFUSED_BYTES)
            .eviction_listener({
                let clock = clock.clone();
                move |_, (_, asked): (Verified, Moment), cause| {
                    if is_lost(cause, Moment::now(&*clock).since(asked)) {
                        telemetry::evicted("refused-machine-tokens");
                    }
                }
            })
            .build();
        Self { lifetime, generations, valid, refused, in_flight: Mutex::default(), clock }
    }

    /// Returns what Clerk says about a token: what it said a moment ago, or the result of `ask`, which requests with the
    /// same token share.
    pub(crate) async fn verify<F>(self: &Arc<Self>, digest: [u8; 32], ask: impl Fn() -> F) -> Verdict
    where
        F: Future<Output = Verdict> + Send + 'static,
    {
        // A call is lost if its runtime ends or stands still. Then it is made again, but only once.
        for _ in 0..2 {
            let flight = match self.join(digest, &ask) {
                Joined::Remembered(verified) => return verified.into(),
                Joined::Waiting(flight) => flight,
            };
            match flight.wait().await {
                Ok(verdict) => return verdict,
                Err(Lost::WithRuntime) => {}
                Err(Lost::Panicked) => break,
            }
        }
        Err(CallFailure::Unreachable).into()
    }

    /// Returns what Clerk said about a token a moment ago.
    pub(crate) fn remembered(&self, digest: &[u8; 32]) -> Option<Verified> {
        let now = Moment::now(&*self.clock);
        let refused = self.refused.get(digest).filter(|(_, asked)| now.since(*asked) < REFUSED_AGE);
        let is_valid = |known: &Known| {
            now.since(known.asked) < self.lifetime
                && self.generations.holds(&known.stamp)
                && known.machine.expiration().is_none_or(|end| self.clock.now() < end)
        };
        let valid = || self.valid.get(digest).filter(is_valid).map(|known| Ok(Some(known.machine)));
        let verified = refused.map(|(verified, _)| verified).or_else(valid)?;
        telemetry::machine_token("remembered");
        Some(verified)
    }

    /// Joins the call about a token, or starts one.
    fn join<F>(self: &Arc<Self>, digest: [u8; 32], ask: impl Fn() -> F) -> Joined
    where
        F: Future<Output = Verdict> + Send + 'static,
    {
        let mut in_flight = self.lock();
        // Looked up again under the lock: a call may have ended since.
        if let Some(verified) = self.remembered(&digest) {
            return Joined::Remembered(verified);
        }
        let (asked, before) = (Moment::now(&*self.clock), self.generations.now());
        // Whose token it is, and so whether a change concerns it, is not known before the response.
        let is_shared = |running: &&Running| {
            running.flight.is_running()
                && asked.since(running.asked) <= SHARED_AGE
                && self.generations.holds(&Stamp::of_machine_token("", running.before))
        };
        if let Some(running) = in_flight.by_digest.get(&digest).filter(is_shared) {
            telemetry::machine_token("shared");
            return Joined::Waiting(running.flight.clone());
        }
        // Numbered, so that a call that was replaced does not remove its successor when it ends.
        in_flight.started = in_flight.started.wrapping_add(1);
        let (tokens, number, call) = (self.clone(), in_flight.started, ask());
        let flight = Flight::start(async move {
            let landing = Landing { tokens: tokens.clone(), digest, number };
            // The stack has deadlines; this one holds if a custom stack has none.
            let verdict = timeout(CALL_LIMIT, call).await;
            let verdict = verdict.unwrap_or_else(|_| Err(CallFailure::Unreachable).into());
            if tokens.is_newest(&digest, number) {
                tokens.remember(digest, &verdict.verified, asked, before);
            }
            // Only now, so that a request in between does not start another call.
            drop(landing);
            verdict
        });
        let Ok(flight) = flight else { return Joined::Remembered(Err(CallFailure::Unreachable)) };
        telemetry::machine_token("asked");
        in_flight.by_digest.insert(digest, Running { number, asked, before, flight: flight.clone() });
        Joined::Waiting(flight)
    }

    /// Whether no later call about a token has been started. What an older one says may be out of date.
    fn is_newest(&self, digest: &[u8; 32], number: u64) -> bool {
        self.lock().by_digest.get(digest).is_some_and(|running| running.number == number)
    }

    /// Remembers what Clerk said about a token for which it was asked at `asked`: the token may have been revoked right
    /// after Clerk looked it up.
    fn remember(&self, digest: [u8; 32], verified: &Verified, asked: Moment, before: Before) {
        match verified {
            Ok(Some(machine)) if !self.lifetime.is_zero() => {
                let stamp = Stamp::of_machine_token(subject(machine), before);
                self.valid.insert(digest, Known { machine: machine.clone(), asked, stamp });
            }
            Ok(Some(_)) => {}
            verified if is_definite(verified) => {
                self.refused.insert(digest, (verified.clone(), asked));
                self.valid.invalidate(&digest);
            }
            _ => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, InFlight> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whom a token belongs to.
fn subject(machine: &MachineFacts) -> &str {
    match machine {
        MachineFacts::ApiKey(key) => key.subject.as_str(),
        MachineFacts::M2m(token) => token.machine_id.as_str(),
        MachineFacts::OAuth(token) => token.user_id.as_str(),
        // A kind that is added later is not stored: see `weight`.
        _ => "",
    }
}

/// Whether the bound made a refused token leave that still mattered. Old ones leave only when their memory is needed.
fn is_lost(cause: RemovalCause, age: Duration) -> bool {
    cause == RemovalCause::Size && age < REFUSED_AGE
}

/// Whether Clerk itself said that the token is not valid. A proxy in between has no error codes of Clerk.
fn is_definite(verified: &Verified) -> bool {
    match verified {
        Ok(machine) => machine.is_none(),
        Err(CallFailure::Refused { status, code }) => {
            *status == http::StatusCode::NOT_FOUND && code.is_some()
        }
        Err(_) => false,
    }
}

/// Removes a call when it ends, however it ends.
struct Landing {
    tokens: Arc<MachineTokens>,
    digest: [u8; 32],
    number: u64,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut in_flight = self.tokens.lock();
        if in_flight.by_digest.get(&self.digest).is_some_and(|running| running.number == self.number) {
            in_flight.by_digest.remove(&self.digest);
        }
    }
}

fn weight(machine: &MachineFacts) -> u32 {
    let (scopes, more) = match machine {
        MachineFacts::ApiKey(key) => (&*key.scopes, text_length(key.claims.as_ref())),
        MachineFacts::M2m(token) => (&*token.scopes, text_length(token.claims.as_ref())),
        MachineFacts::OAuth(token) => {
            let actors = token.actor.iter().flat_map(OAuthActor::chain).map(actor_weight);
            (&*token.scopes, actors.fold(texts(&token.audience), usize::saturating_add))
        }
        // The size of a kind that is added later is unknown. The largest weight keeps it out of the cache.
        _ => return u32::MAX,
    };
    let sum = texts(scopes).saturating_add(more).saturating_add(OVERHEAD);
    u32::try_from(sum).unwrap_or(u32::MAX)
}

fn texts(texts: &[String]) -> usize {
    texts.iter().map(|text| text.len().saturating_add(size_of::<String>())).fold(0, usize::saturating_add)
}

fn actor_weight(actor: &OAuthActor) -> usize {
    let issuer = actor.issuer.as_ref().map_or(0, String::len);
    let subject = actor.subject.as_ref().map_or(0, |id| id.as_str().len());
    size_of::<OAuthActor>().saturating_add(issuer).saturating_add(subject)
}

fn text_length(claims: Option<&AnyJson>) -> usize {
    claims.map_or(0, |claims| claims.as_str().len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]
mod tests {
    use clerk_core::{
        Timestamp,
        api::{m2m, oauth_access_tokens},
        authenticate::{AuthenticateOptions, Authenticator, Need, RequestHead, Step, Verification as _},
        model::ApiKey,
        token::{KeySet, TokenKind},
    };
    use http::Request;
    use serde_json::{Value, json};

    use super::*;
    use crate::clock::ManualClock;

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

    /// Returns an OAuth token whose verification has these members.
    fn oauth(members: &Value) -> MachineFacts {
        let mut verified = json!({"id": "oat_1", "subject": "user_1", "revoked": false, "expired": false});
        verified.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        oauth_access_tokens::Verify::facts(serde_json::from_value(verified).unwrap()).unwrap()
    }

    fn digest(number: u16) -> [u8; 32] {
        let mut digest = [0; 32];
        digest[..2].copy_from_slice(&number.to_be_bytes());
        digest
    }

    fn moment() -> Moment {
        Moment::now(&ManualClock::at(NOW))
    }

    fn tokens() -> MachineTokens {
        let (generations, clock) = (Arc::new(Generations::new()), Arc::new(ManualClock::at(NOW)));
        MachineTokens::with_lifetime(MachineTokens::MAX_LIFETIME, generations, clock)
    }

    fn remember(tokens: &MachineTokens, number: u16, verified: &Verified) {
        tokens.remember(digest(number), verified, moment(), tokens.generations.now());
    }

    #[test]
    fn a_flood_of_refused_tokens_stays_within_its_bound_and_evicts_no_valid_one() {
        let tokens = tokens();
        remember(&tokens, 9, &Ok(Some(machine(&json!({})))));
        for number in 10..10_000 {
            remember(&tokens, number, &Ok(None));
        }
        tokens.refused.run_pending_tasks();
        assert!(tokens.refused.weighted_size() <= MAX_REFUSED_BYTES);
        assert!((3000..4200).contains(&tokens.refused.entry_count()), "{}", tokens.refused.entry_count());
        assert!(matches!(tokens.remembered(&digest(9)), Some(Ok(Some(_)))));
    }

    #[test]
    fn only_what_still_mattered_counts_as_lost() {
        for (cause, age, is_counted) in [
            (RemovalCause::Size, Duration::ZERO, true),
            (RemovalCause::Size, REFUSED_AGE, false),
            (RemovalCause::Replaced, Duration::ZERO, false),
            (RemovalCause::Explicit, REFUSED_AGE, false),
        ] {
            assert_eq!(is_lost(cause, age), is_counted, "{cause:?} {age:?}");
        }
    }

    #[test]
    fn a_flood_of_valid_tokens_stays_within_the_bound() {
        let tokens = tokens();
        let machine = machine(&json!({"text": "x".repeat(4000)}));
        for number in 0..3000 {
            remember(&tokens, number, &Ok(Some(machine.clone())));
        }
        tokens.valid.run_pending_tasks();
        assert!(tokens.valid.weighted_size() <= MAX_BYTES);
        assert!((500..1100).contains(&tokens.valid.entry_count()), "{}", tokens.valid.entry_count());
    }

    #[test]
    fn claims_weigh_what_their_text_takes() {
        for item in ["0", "[]", r#"{"":0}"#] {
            let text = format!("[{}]", vec![item; 1000].join(","));
            let weight = weight(&machine(&serde_json::from_str(&text).unwrap())) as usize;
            assert!((text.len()..text.len() + 2000).contains(&weight), "{item}: {weight}");
        }
    }

    #[test]
    fn what_is_known_of_an_oauth_token_has_weight() {
        let chain = (0..100).fold(json!(null), |act, _| json!({"sub": "x".repeat(1000), "act": act}));
        for (members, least) in [
            (json!({"scopes": vec!["x".repeat(100); 100]}), 10_000),
            (json!({"aud": vec!["x".repeat(100); 100]}), 10_000),
            (json!({"aud": vec![""; 1000]}), 1000 * size_of::<String>()),
            (json!({"act": {"iss": "x".repeat(10_000)}}), 10_000),
            (json!({"act": {"sub": "x".repeat(10_000)}}), 10_000),
            (json!({"act": chain}), OAuthActor::MAX_CHAIN * 1000),
        ] {
            let weight = weight(&oauth(&members)) as usize;
            assert!((least..least * 2 + 10_000).contains(&weight), "{weight}");
        }
    }

    #[test]
    fn what_is_known_of_an_m2m_token_has_weight() {
        let verified = json!({
            "id": "mt_1", "subject": "mch_1", "revoked": false, "expired": false,
            "scopes": vec!["x".repeat(100); 100], "claims": {"text": "x".repeat(10_000)},
        });
        let machine = m2m::VerifyToken::facts(serde_json::from_value(verified).unwrap()).unwrap();
        let weight = weight(&machine) as usize;
        assert!((20_000..25_000).contains(&weight), "{weight}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_leaves_nothing_behind_and_does_not_end_its_successor() {
        let tokens = Arc::new(tokens());
        let verdict = |seconds| async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Verdict::from(Err(CallFailure::Unreachable))
        };
        let slow = tokio::spawn({
            let tokens = tokens.clone();
            async move { tokens.verify(digest(1), || verdict(5)).await }
        });
        tokio::time::sleep(Duration::from_secs(2)).await;
        // Too late to share the first call.
        let later = tokio::spawn({
            let tokens = tokens.clone();
            async move { tokens.verify(digest(1), || verdict(9)).await }
        });
        slow.await.unwrap();
        assert_eq!(tokens.lock().by_digest.len(), 1);
        later.await.unwrap();
        assert!(tokens.lock().by_digest.is_empty());
    }

    #[test]
    fn a_token_that_is_too_large_is_not_stored() {
        let tokens = tokens();
        let machine = machine(&json!({"text": "x".repeat(5_000_000)}));
        remember(&tokens, 1, &Ok(Some(machine)));
        tokens.valid.run_pending_tasks();
        assert_eq!(tokens.valid.weighted_size(), 0);
    }
}
