//! The tasks of a member: one listens to the other processes, the other tells them what this one did.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use futures_util::future::{join, select};
use tokio::time::{sleep, timeout};

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

async fn listen(running: &Running, mut subscription: Box<dyn Subscription>) {
    // Messages arrive, but the revocations from before could not be read yet.
    let mut is_behind = false;
    loop {
        let heard = if is_behind {
            timeout(LONGEST_PAUSE, subscription.next()).await.ok()
        } else {
            Some(subscription.next().await)
        };
        let Some(member) = running.member() else { return };
        match heard {
            Some(Heard::Message(message)) => member.hear(&message),
            Some(Heard::Lost(error)) => {
                is_behind = false;
                member.lost(&error);
            }
            Some(Heard::Linked) => {
                // Only now: what was missed is not known before.
                member.missed(Topic::Changed);
                is_behind = !member.catch_up().await;
            }
            None => is_behind = !member.catch_up().await,
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
                    // Spread out, so that the processes of a fleet do not all come back in the same moment.
                    sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
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
        let mut end = last;
        while end > oldest {
            let start = end.saturating_sub(BATCH).max(oldest);
            let keys: Vec<String> = (start..end).map(|before| self.revocation_key(before + 1)).collect();
            let found = self.store.get(&keys).await?;
            // They expire in the order in which they were written.
            if found.iter().all(Option::is_none) {
                break;
            }
            for text in found.into_iter().flatten() {
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
        if new.is_empty() { Ok(()) } else { self.store.set(&new, changes::LIFETIME).await }
    }

    async fn next_number(&self) -> Result<u64, FleetError> {
        let last = self.names.key("revoked", "last");
        match self.store.increment(&last, NUMBER_LIFETIME).await {
            // Something that is no number is there, and would stay.
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
