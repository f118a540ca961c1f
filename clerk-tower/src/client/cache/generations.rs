//! Invalidation by generation counters, which only go up.
//!
//! Every invalidation has a number, and the counter of what it invalidates takes it over. An entry remembers the last
//! number from before Clerk was asked. It is valid as long as no counter that it depends on has a later one. Invalidating
//! therefore costs the same however many entries there are, it reaches responses that are still on their way, and a late
//! response cannot bring back what was invalidated. What a response depends on may be known only when it is there.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use super::invalidation::{self, SECTIONS};
use crate::fleet::{EVERYTHING, Listener, Topic};

/// The number of counters. Fixed, so that memory does not grow with the ids that were seen. Two resources that share a
/// counter are invalidated together, which costs a call but is never wrong.
const SLOTS: u16 = 4096;
/// The counters below this one belong to everything, to machine tokens, and to the sections, two for each section.
const FIRST_SHARED: u16 = 128;
const MACHINE_TOKENS: &str = "machine-tokens";
/// An entry depends on at most this many tags.
pub(super) const MAX_TAGS: usize = 6;

/// Something that changes. A single resource is counted apart from its section, so that a change of one user does not
/// invalidate all users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag<'a> {
    /// Anything at all.
    Everything,
    /// Clerk's verdicts about machine tokens: one may have been revoked.
    MachineTokens,
    /// Every resource of a section: one has changed, and it is not known which.
    Each(&'a str),
    /// The lists and counts of a section. They change with each of its resources.
    Lists(&'a str),
    /// One resource of a section, with everything below it.
    Resource(&'a str, &'a str),
}

/// The text by which processes of a fleet tell each other. Names and not counters: another version may have other sections.
impl fmt::Display for Tag<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str(EVERYTHING),
            Self::MachineTokens => f.write_str(MACHINE_TOKENS),
            Self::Each(section) => write!(f, "each/{section}"),
            Self::Lists(section) => write!(f, "lists/{section}"),
            Self::Resource(section, id) => write!(f, "one/{section}/{id}"),
        }
    }
}

impl<'a> Tag<'a> {
    /// Reads what [`fmt::Display`] writes.
    fn parse(text: &'a str) -> Option<Self> {
        if text == EVERYTHING {
            return Some(Self::Everything);
        }
        if text == MACHINE_TOKENS {
            return Some(Self::MachineTokens);
        }
        let (kind, rest) = text.split_once('/')?;
        match kind {
            "each" => Some(Self::Each(rest)),
            "lists" => Some(Self::Lists(rest)),
            "one" => rest.split_once('/').map(|(section, id)| Self::Resource(section, id)),
            _ => None,
        }
    }

    /// Everything and the sections have counters of their own; resources share the rest.
    fn slot(&self) -> u16 {
        match *self {
            Self::Everything => 0,
            Self::MachineTokens => FIRST_SHARED - 1,
            Self::Each(name) => section(name, 1).unwrap_or_else(|| shared(["each", name])),
            Self::Lists(name) => section(name, 2).unwrap_or_else(|| shared(["lists", name])),
            Self::Resource(section, id) => shared([section, id]),
        }
    }
}

fn section(name: &str, nth: u16) -> Option<u16> {
    let position = SECTIONS.iter().position(|section| *section == name)?;
    u16::try_from(position * 2).ok().map(|before| before + nth)
}

fn shared(parts: [&str; 2]) -> u16 {
    // FNV-1a: unlike the standard library's hasher it is the same in every process, so collisions are deterministic.
    let bytes = parts.into_iter().flat_map(|part| part.bytes().chain([0]));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    u16::try_from(hash % u64::from(SLOTS - FIRST_SHARED)).map_or(0, |slot| FIRST_SHARED + slot)
}

/// What an entry depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Depends([u16; MAX_TAGS]);

impl<'a> FromIterator<Tag<'a>> for Depends {
    /// Takes the first [`MAX_TAGS`] tags. If there are fewer, the remaining slots are those of everything.
    fn from_iter<I: IntoIterator<Item = Tag<'a>>>(tags: I) -> Self {
        let mut slots = [0; MAX_TAGS];
        for (slot, tag) in slots.iter_mut().zip(tags) {
            *slot = tag.slot();
        }
        Self(slots)
    }
}

/// The last invalidation before something began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Before(u64);

/// What an entry depends on, and the last invalidation that it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    depends: Depends,
    before: Before,
}

impl Stamp {
    /// For Clerk's verdict about a machine token of this subject: a user, an organization or a machine.
    pub(crate) fn of_machine_token(subject: &str, before: Before) -> Self {
        Self { depends: invalidation::machine_token_depends(subject), before }
    }
}

/// The counters.
pub(crate) struct Generations {
    last: AtomicU64,
    counters: Box<[AtomicU64]>,
}

impl Generations {
    pub(crate) fn new() -> Self {
        let counters = (0..SLOTS).map(|_| AtomicU64::new(0)).collect();
        Self { last: AtomicU64::new(0), counters }
    }

    /// The last invalidation. Take it before asking Clerk.
    pub(crate) fn now(&self) -> Before {
        Before(self.last.load(Ordering::SeqCst))
    }

    pub(super) fn stamp(&self, depends: Depends) -> Stamp {
        Stamp { depends, before: self.now() }
    }

    /// Returns `true` if nothing was invalidated since.
    pub(crate) fn holds(&self, stamp: &Stamp) -> bool {
        // `SeqCst`: a reader that starts after a write was acknowledged must see its numbers, on every counter.
        let counters = stamp.depends.0.iter().filter_map(|slot| self.counters.get(usize::from(*slot)));
        counters.into_iter().all(|counter| counter.load(Ordering::SeqCst) <= stamp.before.0)
    }

    pub(super) fn invalidate(&self, tag: Tag<'_>) {
        // Who begins between the two has the number already. That is right: Clerk is asked only after it, and what is
        // invalidated has happened before.
        let number = self.last.fetch_add(1, Ordering::SeqCst).wrapping_add(1);
        if let Some(counter) = self.counters.get(usize::from(tag.slot())) {
            counter.fetch_max(number, Ordering::SeqCst);
        }
    }
}

/// Changes that another process of a fleet made or learned.
impl Listener for Generations {
    fn topic(&self) -> Topic {
        Topic::Changed
    }

    fn hear(&self, text: &str) -> bool {
        let tag = Tag::parse(text);
        tag.into_iter().for_each(|tag| self.invalidate(tag));
        tag.is_some()
    }

    fn missed(&self) {
        self.invalidate(Tag::Everything);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_they_are_written() {
        for tag in [
            Tag::Everything,
            Tag::MachineTokens,
            Tag::Each("users"),
            Tag::Lists("users"),
            Tag::Resource("users", "user_1"),
            Tag::Resource("organizations", "a/b"),
            Tag::Each(""),
        ] {
            assert_eq!(Tag::parse(&tag.to_string()), Some(tag));
        }
        for text in ["", "users", "one/users", "some/users", "*/"] {
            assert_eq!(Tag::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_stamp_holds_until_something_it_depends_on_is_invalidated() {
        let (user, other) = (Tag::Resource("users", "user_1"), Tag::Resource("users", "user_2"));
        let tags = [Tag::Everything, Tag::Each("users"), user];
        for (invalidated, holds) in [
            (other, true),
            (Tag::Lists("users"), true),
            (Tag::Each("sessions"), true),
            (Tag::Resource("organizations", "user_1"), true),
            (user, false),
            (Tag::Each("users"), false),
            (Tag::Everything, false),
        ] {
            let generations = Generations::new();
            let stamp = generations.stamp(tags.into_iter().collect());
            assert!(generations.holds(&stamp));
            generations.invalidate(invalidated);
            assert_eq!(generations.holds(&stamp), holds, "{invalidated:?}");
            assert!(generations.holds(&generations.stamp(tags.into_iter().collect())));
        }
    }

    #[test]
    fn what_a_stamp_depends_on_may_be_known_later() {
        let generations = Generations::new();
        let before = generations.now();
        generations.invalidate(Tag::Resource("users", "user_2"));
        let of = |subject| Stamp::of_machine_token(subject, before);
        assert!(generations.holds(&of("user_1")) && generations.holds(&of("mch_1")));
        assert!(!generations.holds(&of("user_2")));
        for (tag, [user, organization, machine, unknown]) in [
            (Tag::Lists("users"), [true; 4]),
            (Tag::Each("users"), [false, true, true, false]),
            (Tag::Each("organizations"), [true, false, true, false]),
            (Tag::MachineTokens, [false; 4]),
            (Tag::Everything, [false; 4]),
        ] {
            let before = generations.now();
            generations.invalidate(tag);
            let holds = |subject| generations.holds(&Stamp::of_machine_token(subject, before));
            assert_eq!(
                [holds("user_1"), holds("org_1"), holds("mch_1"), holds("")],
                [user, organization, machine, unknown]
            );
        }
    }

    #[test]
    fn sections_share_no_counter_and_resources_seldom_do() {
        let mut sections: Vec<u16> = SECTIONS
            .iter()
            .flat_map(|section| [Tag::Each(section).slot(), Tag::Lists(section).slot()])
            .collect();
        sections.extend([Tag::Everything.slot(), Tag::MachineTokens.slot()]);
        assert!(sections.iter().all(|slot| *slot < FIRST_SHARED));
        let all = sections.len();
        sections.sort_unstable();
        sections.dedup();
        assert_eq!(sections.len(), all);
        let mut resources: Vec<u16> =
            (0..1000).map(|n| Tag::Resource("users", &format!("user_{n}")).slot()).collect();
        resources.sort_unstable();
        resources.dedup();
        assert!(resources.len() > 800, "{}", resources.len());
        assert!(resources.iter().all(|slot| (FIRST_SHARED..SLOTS).contains(slot)));
    }
}
