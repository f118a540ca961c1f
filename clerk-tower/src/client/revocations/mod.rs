//! Sessions that ended before their tokens: what verified deliveries and this client's own writes revoked a moment ago.
//!
//! A session token is valid until it expires, a minute after it was issued, whatever happens to its session. This table
//! bridges that minute, and remembers nothing for longer. It only ever refuses.
//!
//! # Clocks
//!
//! Three clocks meet here: Clerk's, which issues tokens and dates events, this process's, and that of another process that
//! tells of a revocation. They are compared as rarely as possible:
//!
//! - A session is refused by its id, without any time.
//! - A user, a membership and an organization are refused by tokens whose `iat` is at or before the event, and both are
//!   times of Clerk's clock. `iat` has whole seconds, so a token that was issued later within the second of the event is
//!   refused too. It is renewed within a minute, and a user who was unbanned and has signed in again gets in at once.
//! - An own write is dated by the `Date` of Clerk's response, rounded up. The bodies do not help: some have no time, and
//!   `updated_at` may be that of an earlier change. Without a response, or if its date differs from this clock by more than
//!   clocks may, the local time plus [`SKEW`] is taken: tokens from further ahead are not accepted anyway.
//! - How long an entry is kept is measured here, from when it was heard: see [`Revocations::new`].

mod rules;

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use clerk_core::{
    OperationInfo, Timestamp,
    token::{ClockSkew, SessionClaims},
    webhook::Delivery,
};
use http::{HeaderMap, Uri, header::DATE};
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    clock::{Clock, Moment},
    fleet::{Listener, Topic},
    telemetry,
};

/// How far Clerk's clock may be ahead of this one when a write is dated: the default of the tolerated clock skew.
const SKEW: Duration = Duration::from_secs(5);
/// At most so many entries in each of the two tables. Each takes about a hundred bytes.
const MAX_ENTRIES: usize = 100_000;
/// Longer ids are not read from other processes.
const MAX_ID: usize = 255;
/// A text of another process has at most this many bytes: two ids, and what is around them.
const MAX_TEXT: usize = 1024;

/// What was revoked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Subject {
    /// All tokens of a session.
    Session(String),
    /// A user's tokens.
    User(String),
    /// A user's tokens whose active organization is this one.
    Membership { user: String, organization: String },
    /// All tokens whose active organization is this one.
    Organization(String),
}

/// A revocation, as processes tell each other of it.
///
/// It has ids and no hashes, because every process has a hash key of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Revoked {
    #[serde(flatten)]
    pub(crate) subject: Subject,
    /// Tokens that were issued later are not meant. Of a session, all are.
    pub(crate) until: Timestamp,
}

impl Revoked {
    /// What a verified delivery revokes, at the time `now`.
    pub(crate) fn by_delivery(delivery: &Delivery, now: Timestamp) -> Option<Self> {
        let subject = rules::by_event(&delivery.event)?;
        // Clerk has always sent the time. Without it, the event is at least no later than the delivery.
        let until = delivery.timestamp.unwrap_or_else(|| now.saturating_add(SKEW));
        Some(Self { subject, until })
    }

    /// The text that [`read`](Self::read) reads. `None` if others would not accept it.
    pub(crate) fn write(&self) -> Option<String> {
        self.has_plausible_ids().then(|| serde_json::to_string(self).ok())?
    }

    /// Reads what another process tells. Anyone who can write to the engine may have written this.
    fn read(text: &str) -> Option<Self> {
        if text.len() > MAX_TEXT {
            return None;
        }
        serde_json::from_str(text).ok().filter(Self::has_plausible_ids)
    }

    fn has_plausible_ids(&self) -> bool {
        let ids = match &self.subject {
            Subject::Session(id) | Subject::User(id) | Subject::Organization(id) => [id, id],
            Subject::Membership { user, organization } => [user, organization],
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        ids.iter().all(|id| (1..=MAX_ID).contains(&id.len()) && id.bytes().all(is_plain))
    }
}

/// The revocations that this client knows of. Clones share them.
#[derive(Clone)]
pub(crate) struct Revocations {
    /// By this client's own writes, and by deliveries that it verified.
    own: Arc<Shared>,
    /// Told by other processes. They have a table of their own, so that whoever can write to the engine cannot evict the
    /// others with invented ones.
    heard: Arc<Shared>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    hasher: RandomState,
    kept_for: Duration,
    max_entries: usize,
    /// The number of entries of both tables, so that a request is not held up while nothing is revoked.
    count: Arc<AtomicUsize>,
    table: RwLock<Table>,
}

/// Entries by the hash of what they refuse. Ids are not kept.
#[derive(Default)]
struct Table {
    entries: HashMap<u64, Entry>,
    /// The same entries in the order in which they were heard.
    by_age: BTreeMap<u64, (u64, Moment)>,
    next_number: u64,
}

#[derive(Clone, Copy)]
struct Entry {
    /// Tokens that were issued at or before this time are refused.
    until: Timestamp,
    number: u64,
}

impl Revocations {
    /// The longest lifetime of session tokens that can be configured.
    pub(crate) const MAX_TOKEN_LIFETIME: Duration = Duration::from_secs(86_400);

    /// Creates an empty table for tokens that live at most so long.
    ///
    /// A token that was issued by Clerk just before the event is accepted here until its lifetime has passed, plus the
    /// tolerated clock skew, plus the time by which this clock is behind Clerk's. Both are at most [`ClockSkew::MAX`]: a
    /// client whose clock is further behind accepts no new tokens.
    pub(crate) fn new(token_lifetime: Duration, clock: Arc<dyn Clock>) -> Self {
        Self::with_max_entries(token_lifetime, clock, MAX_ENTRIES)
    }

    fn with_max_entries(token_lifetime: Duration, clock: Arc<dyn Clock>, max_entries: usize) -> Self {
        let kept_for = token_lifetime.saturating_add(ClockSkew::MAX.saturating_mul(2));
        let count = Arc::new(AtomicUsize::new(0));
        let shared = |clock| {
            let (hasher, count, table) = (RandomState::new(), count.clone(), RwLock::default());
            Arc::new(Shared { clock, hasher, kept_for, max_entries, count, table })
        };
        Self { own: shared(clock.clone()), heard: shared(clock) }
    }

    /// For how long a revocation is remembered.
    pub(crate) fn kept_for(&self) -> Duration {
        self.own.kept_for
    }

    /// Whether the session of these claims was revoked. Without any revocations, this is one load.
    pub(crate) fn refuse(&self, claims: &SessionClaims) -> bool {
        // Acquire: whoever was told that a revocation is applied finds it here.
        self.own.count.load(Ordering::Acquire) > 0 && (self.own.refuses(claims) || self.heard.refuses(claims))
    }

    /// Refuses tokens from now on. When this returns, no thread accepts one of them any more.
    pub(crate) fn apply(&self, revoked: &Revoked) {
        self.own.add(revoked);
    }
}

/// What another process of a fleet revoked, or learned from Clerk.
impl Listener for Revocations {
    fn topic(&self) -> Topic {
        Topic::Revoked
    }

    fn hear(&self, text: &str) -> bool {
        let revoked = Revoked::read(text);
        revoked.iter().for_each(|revoked| self.heard.add(revoked));
        revoked.is_some()
    }

    /// Nothing that is known becomes untrue. A member reads what it missed from the store.
    fn missed(&self) {}
}

impl Shared {
    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Table) -> T) -> T {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let before = table.entries.len();
        let result = change(&mut table);
        let after = table.entries.len();
        // Under the lock. What was counted is subtracted only after it was added, so this does not go below zero.
        self.count.fetch_add(after.saturating_sub(before), Ordering::AcqRel);
        self.count.fetch_sub(before.saturating_sub(after), Ordering::AcqRel);
        result
    }

    /// Keyed at random, so that nobody can choose ids that collide.
    fn hash(&self, kind: &str, id: &str, other: &str) -> u64 {
        self.hasher.hash_one((kind, id, other))
    }

    fn key(&self, subject: &Subject) -> u64 {
        match subject {
            Subject::Session(id) => self.hash("session", id, ""),
            Subject::User(id) => self.hash("user", id, ""),
            Subject::Membership { user, organization } => self.hash("membership", user, organization),
            Subject::Organization(id) => self.hash("organization", id, ""),
        }
    }

    #[inline(never)]
    fn refuses(&self, claims: &SessionClaims) -> bool {
        let now = Moment::now(&*self.clock);
        let mut table = self.read();
        if table.has_ended(now, self.kept_for) {
            drop(table);
            self.change(|table| table.forget_ended(now, self.kept_for));
            table = self.read();
        }
        // Verified tokens have an `iat`.
        let issued = claims.issued_at().unwrap_or(Timestamp::from_millis(i64::MIN));
        let user = claims.user_id().as_str();
        let organization = claims.organization().map(|organization| organization.id.as_str());
        let keys = [
            claims.session_id().map(|id| self.hash("session", id.as_str(), "")),
            Some(self.hash("user", user, "")),
            organization.map(|id| self.hash("membership", user, id)),
            organization.map(|id| self.hash("organization", id, "")),
        ];
        let mut entries = keys.iter().flatten().filter_map(|key| table.entries.get(key));
        entries.any(|entry| issued <= entry.until)
    }

    fn add(&self, revoked: &Revoked) {
        let key = self.key(&revoked.subject);
        let now = Moment::now(&*self.clock);
        let until = match revoked.subject {
            Subject::Session(_) => Timestamp::from_millis(i64::MAX),
            _ => revoked.until,
        };
        let evicted = self.change(|table| {
            table.forget_ended(now, self.kept_for);
            table.put(key, until, now);
            table.evict(self.max_entries)
        });
        (0..evicted).for_each(|_| telemetry::revocation_evicted());
    }
}

impl Table {
    /// Adds an entry. One that was there stays for at least as long, and refuses at least as many tokens.
    fn put(&mut self, key: u64, until: Timestamp, now: Moment) {
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        let old = self.entries.get(&key).copied();
        if let Some(old) = old {
            self.by_age.remove(&old.number);
        }
        let until = old.map_or(until, |old| old.until.max(until));
        self.entries.insert(key, Entry { until, number });
        self.by_age.insert(number, (key, now));
    }

    /// Whether the oldest entry has ended: by both clocks, so that neither a clock that is set nor a computer that was
    /// suspended lets anybody in.
    fn has_ended(&self, now: Moment, kept_for: Duration) -> bool {
        let oldest = self.by_age.first_key_value();
        oldest.is_some_and(|(_, (_, heard))| now.since_by_both(*heard) >= kept_for)
    }

    fn forget_ended(&mut self, now: Moment, kept_for: Duration) {
        while self.has_ended(now, kept_for) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, (key, _))) = self.by_age.pop_first() {
            self.entries.remove(&key);
        }
    }

    /// Evicts the oldest entries that are too many, and returns their number.
    fn evict(&mut self, max: usize) -> usize {
        let too_many = self.entries.len().saturating_sub(max);
        (0..too_many).for_each(|_| self.forget_oldest());
        too_many
    }
}

/// A write in flight that may end sessions. When it is dropped, with its response or because its caller hung up, they are
/// revoked.
pub(crate) struct Ending<F: Fn(&Revoked)> {
    subjects: Vec<Subject>,
    clock: Arc<dyn Clock>,
    revoke: F,
    happened: bool,
    /// When it happened, by Clerk's clock.
    date: Option<Timestamp>,
}

impl<F: Fn(&Revoked)> Ending<F> {
    /// `None` if the write ends no sessions.
    pub(crate) fn of(
        info: &OperationInfo,
        uri: &Uri,
        body: &[u8],
        clock: &Arc<dyn Clock>,
        revoke: impl FnOnce() -> F,
    ) -> Option<Self> {
        let subjects = rules::by_write(info, uri.path(), body);
        let ends =
            |subjects| Self { subjects, clock: clock.clone(), revoke: revoke(), happened: true, date: None };
        (!subjects.is_empty()).then(|| ends(subjects))
    }

    /// Ends the write. If it certainly had no effect, nothing is revoked.
    pub(crate) fn ended(mut self, result: Result<&HeaderMap, &Error>) {
        match result {
            Ok(headers) => self.date = date_of(headers, self.clock.now()),
            // What Clerk does not find has ended already, or never was.
            Err(error) => self.happened = error.may_have_been_processed() || error.is_missing(),
        }
    }
}

impl<F: Fn(&Revoked)> Drop for Ending<F> {
    fn drop(&mut self) {
        if self.happened {
            let until = self.date.unwrap_or_else(|| self.clock.now().saturating_add(SKEW));
            self.subjects.drain(..).for_each(|subject| (self.revoke)(&Revoked { subject, until }));
        }
    }
}

/// The end of the second that a response names as its date, unless that is far from the time `now`.
fn date_of(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let date = headers.get(DATE)?.to_str().ok()?;
    let date = Timestamp::from(httpdate::parse_http_date(date).ok()?).saturating_add(Duration::from_secs(1));
    let distance = Duration::from_millis(date.as_millis().abs_diff(now.as_millis()));
    (distance <= ClockSkew::MAX).then_some(date)
}

#[cfg(test)]
mod tests;
