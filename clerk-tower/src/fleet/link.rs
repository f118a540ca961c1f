//! The tasks of a member: one listens to the other processes, the other tells them what this one did.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use futures_util::future::{join, select, try_join_all};
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    FleetError, FleetErrorKind, Heard, Subscription, changes,
    member::{Inner, Link, Running},
    message::{self, MAX_NOTICE, Read, Topic},
    outbox::Outbox,
};
use crate::telemetry;

/// How long to wait after a failure to tell or to catch up, and at most after several.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A process that starts or was cut off reads at most this many of the newest revocations, so many in one round trip.
const MAX_CAUGHT_UP: u64 = 10_000;
const BATCH: u64 = 250;
/// And at most this many bytes: others may have filled the log with something else.
const MAX_CAUGHT_UP_BYTES: usize = 32 * 1024 * 1024;
/// So many generations are deleted at once.
const MAX_DELETED: usize = 64;
/// The number of the last revocation is kept for longer than any revocation.
const NUMBER_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Runs until the member is dropped.
pub(super) async fn run(running: Running) {
    let Some(member) = running.member() else { return };
    let signals = member.signals.clone();
    let subscription = member.broadcast.subscribe(&member.names.channel());
    drop(member);
    let mut closed = signals.closed.subscribe();
    let closed = pin!(closed.wait_for(|is_closed| *is_closed));
    let both = pin!(join(listen(&running, subscription), tell(&running, &signals.outbox)));
    select(closed, both).await;
}

/// Messages arrive, but the revocations from before could not be read yet.
struct Behind {
    again: Instant,
    pause: Duration,
}

impl Behind {
    fn after(pause: Duration) -> Self {
        Self { again: Instant::now() + spread(pause), pause }
    }

    fn longer(&self) -> Self {
        Self::after(self.pause.saturating_mul(2).min(LONGEST_PAUSE))
    }
}

/// Returns a part of a pause, so that the processes of a fleet do not all come back in the same moment.
pub(crate) fn spread(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}

async fn listen(running: &Running, mut subscription: Box<dyn Subscription>) {
    let mut behind: Option<Behind> = None;
    loop {
        let heard = match &behind {
            None => Some(subscription.next().await),
            // Also if messages never cease.
            Some(behind) if behind.again <= Instant::now() => None,
            Some(behind) => timeout_at(behind.again, subscription.next()).await.ok(),
        };
        let Some(member) = running.member() else { return };
        match heard {
            Some(Heard::Message(message)) => member.hear(&message),
            Some(Heard::Lost(error)) => {
                behind = None;
                member.lost(&error);
            }
            Some(Heard::Linked) => {
                // Only now: what was missed is not known before.
                member.missed(Topic::Changed);
                behind = (!member.catch_up().await).then(|| Behind::after(FIRST_PAUSE));
            }
            None => {
                let is_caught_up = member.catch_up().await;
                behind = behind.filter(|_| !is_caught_up).map(|behind| behind.longer());
            }
        }
    }
}

async fn tell(running: &Running, outbox: &tokio::sync::Notify) {
    let mut pause = FIRST_PAUSE;
    loop {
        outbox.notified().await;
        loop {
            let Some(member) = running.member() else { return };
            let (taken, notices) = member.take();
            if taken.is_empty() {
                // Of what could not be told, nothing may be left: pauses end.
                member.told(&taken, notices);
                break;
            }
            match member.send(&taken).await {
                Ok(()) => {
                    member.told(&taken, notices);
                    pause = FIRST_PAUSE;
                }
                Err(error) => {
                    telemetry::fleet_failed("tell", error.kind().as_str(), &error);
                    member.put_back(taken);
                    drop(member);
                    sleep(spread(pause)).await;
                    pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
                }
            }
        }
    }
}

impl Inner {
    fn missed(&self, topic: Topic) {
        self.listeners(topic).for_each(|listener| listener.missed());
    }

    /// Passes a message on to those who listen.
    fn hear(&self, message: &Bytes) {
        match message::read(&self.id, message) {
            Read::Own => telemetry::fleet_message("own"),
            Read::Notices(notices) => {
                telemetry::fleet_message("heard");
                notices.iter().for_each(|(topic, text)| self.hear_notice(*topic, text));
            }
            Read::Unreadable => {
                telemetry::fleet_message("unreadable");
                telemetry::fleet_unreadable();
                self.missed(Topic::Changed);
            }
        }
    }

    fn hear_notice(&self, topic: Topic, text: &str) {
        for listener in self.listeners(topic) {
            if !listener.hear(text) {
                telemetry::fleet_unreadable();
                listener.missed();
            }
        }
    }

    fn lost(&self, error: &FleetError) {
        telemetry::fleet_link("lost");
        telemetry::fleet_failed("link", error.kind().as_str(), error);
        let since = match self.link() {
            Link::Down { since, .. } => since,
            Link::New | Link::Up { .. } => self.now(),
        };
        self.set_link(Link::Down { since, kind: error.kind() });
    }

    /// Reads the revocations that this process may have missed. The link is up only after that.
    async fn catch_up(&self) -> bool {
        match self.read_revocations().await {
            Ok(()) => {
                telemetry::fleet_link("linked");
                let again = match self.link() {
                    Link::New => None,
                    Link::Up { again } => again,
                    Link::Down { .. } => {
                        // The engine may have failed over to a copy that lacks the last moments.
                        self.repeat();
                        Some(self.now())
                    }
                };
                self.set_link(Link::Up { again });
                true
            }
            Err(error) => {
                self.lost(&error);
                false
            }
        }
    }

    async fn read_revocations(&self) -> Result<(), FleetError> {
        let last = self.store.get(&[self.names.key("revoked", "last")]).await?;
        let text = last.first().and_then(Option::as_ref).and_then(|last| std::str::from_utf8(last).ok());
        let Some(last) = text.and_then(|last| last.parse::<u64>().ok()) else { return Ok(()) };
        let oldest = last.saturating_sub(MAX_CAUGHT_UP);
        let (mut end, mut bytes) = (last, 0_usize);
        while end > oldest && bytes < MAX_CAUGHT_UP_BYTES {
            let start = end.saturating_sub(BATCH).max(oldest);
            let keys: Vec<String> = (start..end).map(|before| self.revocation_key(before + 1)).collect();
            let found = self.store.get(&keys).await?;
            // They expire in the order in which they were written.
            if found.iter().all(Option::is_none) {
                break;
            }
            for text in found.into_iter().flatten() {
                bytes = bytes.saturating_add(text.len());
                self.hear_revocations(&text);
            }
            end = start;
        }
        Ok(())
    }

    fn revocation_key(&self, number: u64) -> String {
        self.names.key("revoked", number)
    }

    fn hear_revocations(&self, text: &Bytes) {
        let texts = Some(text).filter(|text| text.len() <= message::MAX_BYTES);
        let texts: Option<Vec<String>> = texts.and_then(|text| serde_json::from_slice(text).ok());
        let Some(texts) = texts else { return telemetry::fleet_unreadable() };
        texts
            .iter()
            .filter(|text| text.len() <= MAX_NOTICE)
            .for_each(|text| self.hear_notice(Topic::Revoked, text));
    }

    /// Tells all of it, as far as that is possible, or returns the first error.
    async fn send(&self, outbox: &Outbox) -> Result<(), FleetError> {
        // Before the message: who hears it may look into the store at once. A store that is full does not keep the
        // message back.
        let (changed, revoked) = join(self.store_changes(outbox), self.store_revocations(outbox)).await;
        for message in message::write(&self.id, &outbox.notices()) {
            self.broadcast.publish(&self.names.channel(), message).await?;
            telemetry::fleet_message("told");
        }
        changed.and(revoked)
    }

    async fn store_changes(&self, outbox: &Outbox) -> Result<(), FleetError> {
        let new = changes::new_generations(&self.names, outbox.changed());
        if new.is_empty() {
            return Ok(());
        }
        let Err(error) = self.store.set(&new, changes::LIFETIME).await else { return Ok(()) };
        // An engine that is full still deletes. Otherwise others would take from it what was there before the change, and
        // a generation that does not exist is as good as a new one.
        let keys: Vec<String> = new.into_iter().map(|(key, _)| key).collect();
        for keys in keys.chunks(MAX_DELETED) {
            let present = self.store.get(keys).await?;
            let present = keys.iter().zip(present).filter_map(|(key, value)| Some((key, value?)));
            let deleted = present.map(async |(key, value)| self.store.delete_if_equal(key, &value).await);
            try_join_all(deleted).await?;
        }
        telemetry::fleet_failed("tell", error.kind().as_str(), &error);
        Ok(())
    }

    /// Returns the number of the next revocations. A value that is not a number is none of ours, and would stay for ever.
    async fn next_number(&self) -> Result<u64, FleetError> {
        let last = self.names.key("revoked", "last");
        match self.store.increment(&last, NUMBER_LIFETIME).await {
            Err(error) if error.kind() == FleetErrorKind::Unsupported => {
                self.store.set(&[(last.clone(), Bytes::from_static(b"0"))], NUMBER_LIFETIME).await?;
                self.store.increment(&last, NUMBER_LIFETIME).await
            }
            number => number,
        }
    }

    /// Writes revocations down, for processes that start later or are cut off now.
    async fn store_revocations(&self, outbox: &Outbox) -> Result<(), FleetError> {
        let texts: Vec<&str> = outbox.revoked().collect();
        for batch in texts.chunks(16) {
            let number = self.next_number().await?;
            // Strings can always be written.
            let text = serde_json::to_vec(batch).unwrap_or_default().into();
            self.store.set(&[(self.revocation_key(number), text)], self.revocations_for).await?;
        }
        Ok(())
    }
}
