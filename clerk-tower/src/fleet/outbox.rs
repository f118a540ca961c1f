//! What a process has to tell the others and has not told yet.

use std::{
    collections::{BTreeSet, VecDeque},
    mem,
};

use super::message::{MAX_NOTICE, Notice, Topic};

/// Stands for every change.
pub(crate) const EVERYTHING: &str = "*";
/// With more changes than this, everything counts as changed.
const MAX_CHANGES: usize = 1024;
/// With more revocations than this, the oldest is not told any more.
pub(super) const MAX_REVOKED: usize = 10_000;
/// Of these, only the newest matter.
const MAX_PAUSED: usize = 64;

/// Bounded, so that a link that is down for long does not fill the memory.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    changed: BTreeSet<String>,
    revoked: VecDeque<String>,
    paused: VecDeque<String>,
}

impl Outbox {
    pub(super) fn add(&mut self, topic: Topic, text: String) {
        match topic {
            Topic::Changed => self.add_change(text),
            Topic::Revoked => push(&mut self.revoked, text, MAX_REVOKED),
            Topic::Paused => push(&mut self.paused, text, MAX_PAUSED),
        }
    }

    fn add_change(&mut self, text: String) {
        let is_one_too_many = self.changed.len() >= MAX_CHANGES && !self.changed.contains(&text);
        let is_everything = text == EVERYTHING || text.len() > MAX_NOTICE || is_one_too_many;
        if is_everything {
            self.changed.clear();
        }
        if is_everything || !self.changed.contains(EVERYTHING) {
            self.changed.insert(if is_everything { EVERYTHING.to_owned() } else { text });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.revoked.is_empty() && self.paused.is_empty()
    }

    pub(super) fn take(&mut self) -> Self {
        mem::take(self)
    }

    /// Takes back what could not be told. A pause is told at once or never: it ends.
    pub(super) fn put_back(&mut self, unsent: Self) {
        unsent.changed.into_iter().for_each(|text| self.add_change(text));
        let newer = mem::replace(&mut self.revoked, unsent.revoked);
        newer.into_iter().for_each(|text| push(&mut self.revoked, text, MAX_REVOKED));
    }

    pub(super) fn changed(&self) -> impl Iterator<Item = &str> {
        self.changed.iter().map(String::as_str)
    }

    pub(super) fn revoked(&self) -> impl Iterator<Item = &str> {
        self.revoked.iter().map(String::as_str)
    }

    /// Everything, the most urgent first.
    pub(super) fn notices(&self) -> Vec<Notice> {
        let revoked = self.revoked.iter().map(|text| (Topic::Revoked, text.clone()));
        let paused = self.paused.iter().map(|text| (Topic::Paused, text.clone()));
        let changed = self.changed.iter().map(|text| (Topic::Changed, text.clone()));
        revoked.chain(paused).chain(changed).collect()
    }
}

fn push(queue: &mut VecDeque<String>, text: String, max: usize) {
    // What others would not read is not sent.
    if text.len() > MAX_NOTICE {
        return;
    }
    if queue.len() >= max {
        queue.pop_front();
    }
    queue.push_back(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(outbox: &Outbox) -> Vec<&str> {
        outbox.changed().collect()
    }

    #[test]
    fn many_changes_become_a_change_of_everything() {
        let mut outbox = Outbox::default();
        for number in 0..MAX_CHANGES {
            outbox.add(Topic::Changed, number.to_string());
            outbox.add(Topic::Changed, number.to_string());
        }
        assert_eq!(changes(&outbox).len(), MAX_CHANGES);
        outbox.add(Topic::Changed, "one more".to_owned());
        assert_eq!(changes(&outbox), [EVERYTHING]);
        outbox.add(Topic::Changed, "and more".to_owned());
        assert_eq!(changes(&outbox), [EVERYTHING]);
        let mut outbox = Outbox::default();
        outbox.add(Topic::Changed, "x".repeat(MAX_NOTICE + 1));
        assert_eq!(changes(&outbox), [EVERYTHING]);
    }

    #[test]
    fn what_was_not_sent_comes_before_what_is_newer() {
        let mut outbox = Outbox::default();
        for (topic, text) in [(Topic::Revoked, "1"), (Topic::Paused, "1"), (Topic::Changed, "1")] {
            outbox.add(topic, text.to_owned());
        }
        let unsent = outbox.take();
        assert!(outbox.is_empty());
        outbox.add(Topic::Revoked, "2".to_owned());
        outbox.put_back(unsent);
        let expected = [(Topic::Revoked, "1"), (Topic::Revoked, "2"), (Topic::Changed, "1")];
        assert_eq!(outbox.notices(), expected.map(|(topic, text)| (topic, text.to_owned())));
    }

    #[test]
    fn revocations_and_pauses_are_bounded() {
        let mut outbox = Outbox::default();
        for number in 0..MAX_REVOKED + 5 {
            outbox.add(Topic::Revoked, number.to_string());
            outbox.add(Topic::Paused, number.to_string());
        }
        assert_eq!(outbox.revoked().count(), MAX_REVOKED);
        assert_eq!(outbox.revoked().next(), Some("5"));
        assert_eq!(outbox.paused.len(), MAX_PAUSED);
        let full = outbox.take();
        outbox.add(Topic::Revoked, "newest".to_owned());
        outbox.put_back(full);
        assert_eq!(outbox.revoked().count(), MAX_REVOKED);
        assert_eq!(outbox.revoked().last(), Some("newest"));
    }
}
