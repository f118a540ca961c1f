//! The second level of the cache: responses in the store of a fleet.
//!
//! # Why nobody reads what is too old
//!
//! A stored response carries the generations ([`changes`]) of all that it depends on, as the store had them before Clerk
//! was asked, and when that was. It is good only if the store has the same generations in the same round trip.
//!
//! - *Read the generations, ask Clerk, somebody changes something, store.* Whoever changes something replaces its generations
//!   after Clerk has done it. A response from before has the old ones, whenever it is stored. So has one that a slow process
//!   stores long after, over a newer one: it costs a call and shows nothing.
//! - *Somebody changes something and has not told it yet.* The process itself uses no second level before the store has the
//!   new generations: it is behind, and says so before its own counters move. So a member that wrote, and got its response,
//!   does not read what was before. To the others the change has not happened yet, for the milliseconds that telling takes.
//! - *A change arrives during the look-up.* The stamp of the process's own generations is from before the read, so the value
//!   is not kept. It is returned to those who asked before the change arrived.
//! - *A generation is evicted, or the engine starts empty.* What does not exist is never the same, and what is created then
//!   is a new random number. So no older value becomes good again.
//! - *The engine fails over to an older copy*, which has generations and values from before a change. The links break, and a
//!   process that is linked again takes nothing that was asked for before that. Who told a change just before tells it
//!   again. A process that starts in these seconds may take such a value: it is not older than the age below.
//! - *Two processes store.* Either value is good for as long as its generations are. The one that Clerk was asked for first
//!   is not younger than it says.
//! - *Nobody told of the change*, because there is no webhook endpoint, or because somebody who can write to the engine puts
//!   old values and generations back together. Then the age decides, as in the first level. The age is sealed.
//! - *The clocks of two processes differ.* A value may be used for longer by the difference, but the engine removes it, by
//!   its own time, when it is as old as a fresh value may be. One from more than a few seconds in the future is not good.
//! - *A process of another version.* Its values have another number in front, or do not decode. Both count as missing.
//!
//! A value that is not good costs a call to Clerk, and so does every failure of the engine.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use clerk_core::{
    Timestamp,
    credential::Credential,
    keys::{MachineSecretKey, SecretKey},
};
use futures_util::future::try_join_all;
use http::Response;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep, timeout};

use super::{Shared, generations::Stamp, in_flight::CacheCall, invalidation, store::Value};
use crate::{
    clock::Moment,
    fleet::{
        FleetError, FleetErrorKind, FleetFuture, GENERATION_LIFETIME, Member, SEAL_OVERHEAD, Seal,
        SecondLevel as Settings, Store, generation_key, new_generation, spread,
    },
    telemetry,
};

const VERSION: u32 = 1;
/// How long a process that asks Clerk keeps the others waiting, if it dies.
const LEASE: Duration = Duration::from_secs(5);
/// The pauses of those who wait.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// By how much the clocks of two processes may differ without harm.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5);
/// How long the engine is left alone after a failure.
const REST: Duration = Duration::from_secs(1);
/// How long a stored response may lie in the engine at most.
const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);
/// The part before the body, and a generation, are not longer than this.
const MAX_HEAD: usize = 2048;
const MAX_GENERATION: usize = 64;

/// The second level of a client's cache.
pub(crate) struct SecondLevel {
    settings: Settings,
    member: Member,
    keys: Keys,
    /// The API's address and version.
    address: String,
    rests_since: Mutex<Option<Moment>>,
    pub(super) hits: AtomicU64,
}

/// The keys that calls are sent with.
pub(crate) struct Keys {
    /// Returns the current secret key.
    pub(crate) secret: Option<Arc<dyn Fn() -> SecretKey + Send + Sync>>,
    pub(crate) machine: Option<MachineSecretKey>,
}

impl Keys {
    /// Uses the key that a call is sent with, or for a call without a key the one that there is.
    fn with<T>(&self, credential: Credential, use_key: impl FnOnce(&str) -> T) -> Option<T> {
        let machine = self.machine.as_ref().filter(|_| {
            matches!(credential, Credential::MachineSecretKey | Credential::MachineOrSecretKey)
                || credential == Credential::None && self.secret.is_none()
        });
        match (machine, &self.secret) {
            (Some(machine), _) => Some(use_key(machine.expose())),
            (None, Some(_)) if credential == Credential::MachineSecretKey => None,
            (None, Some(secret)) => Some(use_key(secret().expose())),
            (None, None) => None,
        }
    }
}

/// Where the response to a call is in the store.
struct Place {
    entry: String,
    /// There while a process asks Clerk.
    lease: String,
    generations: Vec<String>,
    seal: Seal,
}

/// What is in front of the body, as one line of JSON.
#[derive(Deserialize, Serialize)]
struct Head {
    v: u32,
    /// When Clerk was asked, in milliseconds since 1970, by the clock of the process that asked.
    asked: i64,
    generations: Vec<String>,
}

/// What one round trip found.
#[derive(Default)]
struct Read {
    entry: Option<Bytes>,
    is_leased: bool,
    /// `None` for one that does not exist.
    generations: Vec<Option<String>>,
}

impl Read {
    /// The generations, if all of them exist.
    fn all_generations(&self) -> Option<Vec<String>> {
        self.generations.iter().cloned().collect()
    }
}

/// What a look-up finds.
pub(super) enum Looked {
    /// A response that another process asked for.
    Found(Found),
    /// Clerk has to be asked. With a turn, others may use the response.
    Ask(Option<Box<Turn>>),
}

pub(super) struct Found {
    pub(super) value: Value,
    /// Estimated size of the value.
    pub(super) bytes: usize,
    pub(super) asked: Moment,
}

/// What is needed to store the response that Clerk is asked for.
pub(super) struct Turn {
    place: Place,
    /// As they stood before Clerk was asked.
    generations: Vec<String>,
    /// The value of the lease, if this process has it.
    lease: Option<Bytes>,
    /// What was stored before, and was not good.
    old: Option<Bytes>,
}

/// How a call ended.
pub(super) enum Ended {
    Response(Bytes),
    /// Clerk does not return the value.
    Refused,
    Failed,
}

/// The engine, and how long it may still take.
struct Engine<'a> {
    store: &'a dyn Store,
    left: Duration,
}

impl Engine<'_> {
    async fn run<T>(&mut self, command: FleetFuture<'_, T>) -> Result<T, FleetError> {
        let begun = Instant::now();
        let result = timeout(self.left, command).await;
        self.left = self.left.saturating_sub(begun.elapsed());
        result.unwrap_or_else(|_| Err(FleetError::new(FleetErrorKind::Timeout)))
    }

    async fn read(&mut self, place: &Place) -> Result<Read, FleetError> {
        let keys: Vec<String> =
            [&place.entry, &place.lease].into_iter().chain(&place.generations).cloned().collect();
        let store = self.store;
        let mut values = self.run(store.get(&keys)).await?.into_iter();
        let (entry, lease) = (values.next().flatten(), values.next().flatten());
        let mut generations: Vec<Option<String>> =
            values.map(|value| value.as_ref().and_then(generation)).collect();
        // Whatever an engine answers, there is one for each.
        generations.resize(place.generations.len(), None);
        Ok(Read { entry, is_leased: lease.is_some(), generations })
    }

    /// Creates the generations that do not exist.
    async fn create(&mut self, place: &Place, read: &Read) -> Result<(), FleetError> {
        let missing = place.generations.iter().zip(&read.generations).filter(|(_, found)| found.is_none());
        let store = self.store;
        let set = missing.map(|(key, _)| store.set_if_absent(key, new_generation(), GENERATION_LIFETIME));
        let set: FleetFuture<'_, Vec<bool>> = Box::pin(try_join_all(set));
        self.run(set).await.map(drop)
    }
}

fn generation(value: &Bytes) -> Option<String> {
    let value = Some(value).filter(|value| (1..=MAX_GENERATION).contains(&value.len()))?;
    std::str::from_utf8(value).ok().map(ToOwned::to_owned)
}

impl SecondLevel {
    pub(crate) fn new(settings: Settings, member: Member, keys: Keys, address: String) -> Self {
        Self { settings, member, keys, address, rests_since: Mutex::default(), hits: AtomicU64::new(0) }
    }

    /// Whether the second level may be read and written now.
    fn is_usable(&self, now: Moment) -> bool {
        let rests_since = *self.rests_since.lock().unwrap_or_else(PoisonError::into_inner);
        // What this process wrote and has not told yet it would read as it was before.
        self.member.is_linked()
            && !self.member.is_behind()
            && rests_since.is_none_or(|since| now.since(since) >= REST)
    }

    fn failed(&self, error: &FleetError, now: Moment) {
        telemetry::fleet_failed("cache", error.kind().as_str(), error);
        *self.rests_since.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// Where the response to a call is. Processes that would ask another address, or with another key, have other places.
    fn place(&self, call: &CacheCall) -> Option<Place> {
        let names = self.member.names();
        let (credential, uri) = (call.credential, call.request.uri());
        let (of_key, seal) = self.keys.with(credential, |key| {
            let of_key = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, key.as_bytes()));
            (of_key, Seal::new(key, self.settings.encryption_key.as_ref()))
        })?;
        let document = clerk_core::api::DOCUMENT_VERSION;
        // None of the parts contains a line break.
        let parts =
            format!("{}\n{}\n{document}\n{credential:?}\n{of_key}\n{uri}", call.info.id, self.address);
        let name = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, parts.as_bytes()));
        let tags = invalidation::depends_on(call.info, uri.path());
        let generations: BTreeSet<String> = tags.map(|tag| generation_key(names, &tag.to_string())).collect();
        Some(Place {
            entry: names.key("response", &name),
            lease: names.key("asking", &name),
            generations: generations.into_iter().collect(),
            seal,
        })
    }

    /// Looks for the response to a call, and waits for another process that asks Clerk for it now.
    ///
    /// It takes at most as long as the settings say, and nobody is stranded: a process that dies while others wait costs
    /// them that wait.
    pub(super) async fn look(&self, cache: &Shared, call: &CacheCall) -> Looked {
        let Some(place) = self.place(call).filter(|_| self.is_usable(cache.now())) else {
            telemetry::second_level("unused");
            return Looked::Ask(None);
        };
        let looked = self.try_look(cache, call, place).await.unwrap_or_else(|error| {
            self.failed(&error, cache.now());
            Looked::Ask(None)
        });
        if matches!(looked, Looked::Found(_)) {
            self.hits.fetch_add(1, Ordering::Relaxed);
        }
        looked
    }

    async fn try_look(&self, cache: &Shared, call: &CacheCall, place: Place) -> Result<Looked, FleetError> {
        let left = self.settings.timeout.min(call.limit / 4);
        let mut engine = Engine { store: self.member.store(), left };
        let mut read = engine.read(&place).await?;
        if let Some(found) = self.good(cache, call, &place, &read) {
            telemetry::second_level("hit");
            return Ok(Looked::Found(found));
        }
        telemetry::second_level("miss");
        if read.generations.iter().any(Option::is_none) {
            engine.create(&place, &read).await?;
            read = engine.read(&place).await?;
            if read.generations.iter().any(Option::is_none) {
                // An engine that evicts them at once is of no use.
                return Ok(Looked::Ask(None));
            }
        }
        // A caller with an age of its own neither waits for others nor keeps them waiting: their response may be too old.
        let patience = self.settings.wait_for_others.min(call.limit / 4);
        let mut lease = None;
        if call.max_age.is_none() && !patience.is_zero() {
            lease = self.take_lease(&mut engine, &place, &read).await?;
            if lease.is_none() {
                let waiting = timeout(patience, self.wait(cache, call, &place, &mut read)).await;
                match waiting.unwrap_or(Ok(None))? {
                    Some(found) => {
                        telemetry::second_level("waited");
                        return Ok(Looked::Found(found));
                    }
                    None => telemetry::second_level("waited-in-vain"),
                }
            }
        }
        let old = read.entry.take();
        let generations = read.all_generations();
        Ok(Looked::Ask(generations.map(|generations| Box::new(Turn { place, generations, lease, old }))))
    }

    /// Decides who asks Clerk.
    async fn take_lease(
        &self,
        engine: &mut Engine<'_>,
        place: &Place,
        read: &Read,
    ) -> Result<Option<Bytes>, FleetError> {
        if read.is_leased {
            return Ok(None);
        }
        let lease = Bytes::from(format!("{}:{:016x}", self.member.id(), fastrand::u64(..)));
        let store = engine.store;
        let is_mine = engine.run(store.set_if_absent(&place.lease, lease.clone(), LEASE)).await?;
        Ok(is_mine.then_some(lease))
    }

    /// Waits until another process has stored the response, or has given up.
    async fn wait(
        &self,
        cache: &Shared,
        call: &CacheCall,
        place: &Place,
        read: &mut Read,
    ) -> Result<Option<Found>, FleetError> {
        let mut engine = Engine { store: self.member.store(), left: self.settings.wait_for_others };
        let mut pause = FIRST_PAUSE;
        loop {
            sleep(spread(pause)).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            *read = engine.read(place).await?;
            let found = self.good(cache, call, place, read);
            if found.is_some() || !read.is_leased {
                return Ok(found);
            }
        }
    }

    /// Returns what is stored, if it is good for this call.
    fn good(&self, cache: &Shared, call: &CacheCall, place: &Place, read: &Read) -> Option<Found> {
        let sealed = read.entry.as_ref()?;
        let longest = self.settings.max_entry_bytes.saturating_add(MAX_HEAD).saturating_add(SEAL_OVERHEAD);
        let opened = Some(sealed).filter(|sealed| sealed.len() <= longest);
        let Some((head, body)) = opened.and_then(|sealed| parse(place.seal.open(&place.entry, sealed)?))
        else {
            telemetry::second_level_unreadable();
            return None;
        };
        let is_current = read.all_generations().is_some_and(|current| current == head.generations);
        let age = self.age(cache, &head).filter(|_| is_current)?;
        let now = cache.now();
        let fresh = cache.store.fresh().min(self.settings.max_age);
        // Nobody reads something older than what was there before, which may have been a refusal.
        let held = cache.store.asked(&call.key).map_or(Duration::MAX, |asked| now.since(asked));
        let is_young = age < call.max_age.map_or(fresh, |max| fresh.min(max)) && age <= held;
        // From before the link broke: the engine may have failed over to an older copy since.
        let is_trusted = self.member.relinked_for().is_none_or(|linked| age + CLOCK_TOLERANCE < linked);
        if !is_young || !is_trusted {
            return None;
        }
        let response = Response::new(body);
        let (value, bytes) = (call.decode)(&response).ok()?;
        Some(Found { value, bytes, asked: now.earlier_by(age) })
    }

    /// How long ago Clerk was asked.
    fn age(&self, cache: &Shared, head: &Head) -> Option<Duration> {
        let (now, asked) = (cache.clock.now(), Timestamp::from_millis(head.asked));
        let is_of_the_future = asked > now.saturating_add(CLOCK_TOLERANCE);
        let age = now.as_millis().saturating_sub(head.asked);
        (!is_of_the_future).then(|| Duration::from_millis(u64::try_from(age).unwrap_or(0)))
    }

    /// Stores a response, if it is still good, and lets others ask. No caller waits for this.
    pub(super) fn end(cache: &Arc<Shared>, turn: Turn, ended: Ended, asked: Moment, stamp: Stamp) {
        let cache = cache.clone();
        tokio::spawn(async move {
            let Some(this) = &cache.second_level else { return };
            if let Err(error) = this.try_end(&cache, turn, ended, asked, stamp).await {
                this.failed(&error, cache.now());
            }
        });
    }

    async fn try_end(
        &self,
        cache: &Shared,
        turn: Turn,
        ended: Ended,
        asked: Moment,
        stamp: Stamp,
    ) -> Result<(), FleetError> {
        let mut engine = Engine { store: self.member.store(), left: LEASE };
        let (store, place, lease) = (engine.store, &turn.place, turn.lease.as_ref());
        let told = match ended {
            Ended::Response(body) => {
                let new = self.sealed(cache, &turn, &body, asked, stamp);
                self.set(&mut engine, &place.entry, new).await
            }
            // An earlier response must not hide a refusal.
            Ended::Refused => match &turn.old {
                Some(old) => engine.run(store.delete_if_equal(&place.entry, old)).await.map(drop),
                None => Ok(()),
            },
            Ended::Failed => Ok(()),
        };
        // In any case: the others would wait in vain.
        if let Some(lease) = lease
            && !engine.run(store.delete_if_equal(&place.lease, lease)).await?
        {
            telemetry::fleet_lease_lost("cache");
        }
        told
    }

    /// Returns what to store for a response, and for how long, if it is good and not too large.
    fn sealed(
        &self,
        cache: &Shared,
        turn: &Turn,
        body: &[u8],
        asked: Moment,
        stamp: Stamp,
    ) -> Option<(Bytes, Duration)> {
        if body.len() > self.settings.max_entry_bytes {
            telemetry::second_level("too-large");
            return None;
        }
        let now = cache.now();
        let lifetime = cache.store.fresh().min(self.settings.max_age).min(LONGEST);
        let lifetime = lifetime.saturating_sub(now.since(asked));
        let is_good = cache.store.generations.holds(&stamp) && self.is_usable(now);
        if !is_good || lifetime < Duration::from_millis(1) {
            return None;
        }
        let generations = turn.generations.clone();
        let value = write(&Head { v: VERSION, asked: asked.wall().as_millis(), generations }, body)?;
        Some((turn.place.seal.close(&turn.place.entry, &value)?, lifetime))
    }

    async fn set(
        &self,
        engine: &mut Engine<'_>,
        entry: &str,
        new: Option<(Bytes, Duration)>,
    ) -> Result<(), FleetError> {
        let Some((value, lifetime)) = new else { return Ok(()) };
        let (store, values) = (engine.store, [(entry.to_owned(), value)]);
        engine.run(store.set(&values, lifetime)).await?;
        telemetry::second_level("stored");
        Ok(())
    }
}

fn write(head: &Head, body: &[u8]) -> Option<Vec<u8>> {
    // JSON without spaces contains no line break.
    let mut value = serde_json::to_vec(head).ok().filter(|head| head.len() < MAX_HEAD)?;
    value.push(b'\n');
    value.extend_from_slice(body);
    Some(value)
}

fn parse(value: Vec<u8>) -> Option<(Head, Bytes)> {
    let end = value.iter().position(|byte| *byte == b'\n')?;
    let value = Bytes::from(value);
    let head: Head = serde_json::from_slice(value.get(..end)?).ok()?;
    (head.v == VERSION).then(|| (head, value.slice(end.saturating_add(1)..)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "these are tests")]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_front_of_the_body_is_bounded() {
        let head = |length| Head { v: VERSION, asked: 0, generations: vec!["x".repeat(length)] };
        let rest = serde_json::to_vec(&head(0)).unwrap().len();
        let [longest, too_long] = [MAX_HEAD - 1, MAX_HEAD].map(|length| write(&head(length - rest), b"body"));
        let (_, body) = parse(longest.unwrap()).unwrap();
        assert_eq!((body, too_long), (Bytes::from("body"), None));
    }

    /// What was stored under one key is not read with another, so this has to be the key that the call is sent with.
    #[test]
    fn the_store_is_used_with_the_key_of_the_call() {
        use Credential::{MachineOrSecretKey, MachineSecretKey, None as Open, SecretKey as Secret};
        const S: Option<&str> = Some("sk_test_1");
        const M: Option<&str> = Some("ak_1");
        for (secret, machine, used) in [
            (S, None, [(Secret, S), (MachineSecretKey, None), (MachineOrSecretKey, S), (Open, S)]),
            (None, M, [(Secret, None), (MachineSecretKey, M), (MachineOrSecretKey, M), (Open, M)]),
            (S, M, [(Secret, S), (MachineSecretKey, M), (MachineOrSecretKey, M), (Open, S)]),
            (
                None,
                None,
                [(Secret, None), (MachineSecretKey, None), (MachineOrSecretKey, None), (Open, None)],
            ),
        ] {
            let provider =
                |key: SecretKey| Arc::new(move || key.clone()) as Arc<dyn Fn() -> SecretKey + Send + Sync>;
            let keys = Keys {
                secret: secret.map(|key| provider(key.parse().unwrap())),
                machine: machine.map(|key| key.parse().unwrap()),
            };
            for (credential, expected) in used {
                let found = keys.with(credential, str::to_owned);
                assert_eq!(found.as_deref(), expected, "{credential:?} {secret:?} {machine:?}");
            }
        }
    }
}
