//! The last webhook events, and the attempts to deliver them.

use std::collections::VecDeque;

use bytes::Bytes;
use clerk_core::Timestamp;
use http::StatusCode;

/// The maximum number of events that are kept.
const MAX_EVENTS: usize = 100;
/// The maximum total size of their bodies, in bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// The maximum number of attempts that are kept for each event. There are more than four if it was sent again.
const MAX_ATTEMPTS: usize = 12;

/// A webhook event.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) id: String,
    /// The type, for example `user.created`.
    pub(super) kind: &'static str,
    pub(super) body: Bytes,
    /// When it was queued first, by the clock.
    pub(super) time: Timestamp,
}

/// One attempt to deliver an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    /// When it began, by the clock.
    pub(super) time: Timestamp,
    /// The status of the response; `None` without a response.
    pub(super) status: Option<StatusCode>,
}

impl Attempt {
    pub(super) fn is_success(&self) -> bool {
        self.status.is_some_and(|status| status.is_success())
    }
}

/// An event, and the attempts to deliver it, the oldest first.
pub(super) struct Delivery {
    pub(super) event: Event,
    pub(super) attempts: Vec<Attempt>,
}

/// The last events, the oldest first.
#[derive(Default)]
pub(super) struct DeliveryLog(VecDeque<Delivery>);

impl DeliveryLog {
    /// Adds an event, unless it is known, because it is sent again.
    pub(super) fn add(&mut self, event: &Event) {
        if self.find(&event.id).is_some() {
            return;
        }
        self.0.push_back(Delivery { event: event.clone(), attempts: Vec::new() });
        while self.0.len() > MAX_EVENTS || self.bytes() > MAX_BYTES {
            self.0.pop_front();
        }
    }

    fn bytes(&self) -> usize {
        self.iter().map(|delivery| delivery.event.body.len()).sum()
    }

    /// Adds an attempt to an event, if it is still known.
    pub(super) fn note(&mut self, id: &str, attempt: Attempt) {
        let Some(delivery) = self.0.iter_mut().find(|delivery| delivery.event.id == id) else { return };
        if delivery.attempts.len() >= MAX_ATTEMPTS {
            delivery.attempts.remove(0);
        }
        delivery.attempts.push(attempt);
    }

    pub(super) fn find(&self, id: &str) -> Option<&Delivery> {
        self.iter().find(|delivery| delivery.event.id == id)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Delivery> + ExactSizeIterator {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: usize, bytes: usize) -> Event {
        let body = vec![b'x'; bytes].into();
        Event { id: id.to_string(), kind: "user.created", body, time: Timestamp::from_secs(0) }
    }

    #[test]
    fn only_the_last_events_and_attempts_are_kept() {
        let mut log = DeliveryLog::default();
        (0..MAX_EVENTS + 5).for_each(|id| log.add(&event(id, 10)));
        assert_eq!(log.iter().len(), MAX_EVENTS);
        assert!(log.find("4").is_none() && log.find("5").is_some());

        for second in 0..20 {
            let attempt = Attempt { time: Timestamp::from_secs(second), status: None };
            log.note("5", attempt);
            log.note("4", attempt);
            log.add(&event(5, 10));
        }
        let times: Vec<_> = log.find("5").unwrap().attempts.iter().map(|it| it.time.as_secs()).collect();
        assert_eq!(times, (8..20).collect::<Vec<_>>());
        assert_eq!(log.iter().len(), MAX_EVENTS);

        log.add(&event(1_000, MAX_BYTES - 15));
        let left: Vec<_> = log.iter().map(|delivery| &*delivery.event.id).collect();
        assert_eq!(left, ["104", "1000"], "bodies are limited by their size, too");
        log.add(&event(1_001, MAX_BYTES + 1));
        assert_eq!(log.iter().len(), 0);
    }
}
