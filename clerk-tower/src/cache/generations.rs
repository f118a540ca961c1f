//! What answers depend on, as counters that only go up.
//!
//! An answer remembers the counters of what it depends on as they stood before it was asked for. It is good as long as
//! they stand there still. Forgetting is therefore a matter of counting on, it reaches answers that are still on their
//! way, and nothing can put back what was forgotten.

use std::sync::atomic::{AtomicU64, Ordering};

use super::touch::SECTIONS;

/// How many counters there are. Two things that share one are forgotten together.
const SLOTS: u16 = 4096;
/// Those below it belong to everything and to the sections, two each.
const FIRST_SHARED: u16 = 128;
/// How many things an answer depends on, at most.
pub(super) const MOST: usize = 6;

/// Something that changes. A thing of its own counts beside its section, so that one user's change does not
/// forget all users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag<'a> {
    /// Anything at all.
    Everything,
    /// Any one thing of a section, nobody says which.
    Each(&'a str),
    /// The lists and numbers of a section. They change with each of its things.
    Lists(&'a str),
    /// One thing of a section, with all that is below it.
    Thing(&'a str, &'a str),
}

impl Tag<'_> {
    /// Everything and the sections have counters of their own; things share what is left.
    fn slot(self) -> u16 {
        match self {
            Self::Everything => 0,
            Self::Each(name) => section(name, 1).unwrap_or_else(|| shared(["each", name])),
            Self::Lists(name) => section(name, 2).unwrap_or_else(|| shared(["lists", name])),
            Self::Thing(section, id) => shared([section, id]),
        }
    }
}

fn section(name: &str, nth: u16) -> Option<u16> {
    let position = SECTIONS.iter().position(|section| *section == name)?;
    u16::try_from(position * 2).ok().map(|before| before + nth)
}

fn shared(parts: [&str; 2]) -> u16 {
    // FNV-1a, the same in every process: which things share a counter is no matter of luck.
    let bytes = parts.into_iter().flat_map(|part| part.bytes().chain([0]));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    u16::try_from(hash % u64::from(SLOTS - FIRST_SHARED)).map_or(0, |slot| FIRST_SHARED + slot)
}

/// What an answer depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Depends([u16; MOST]);

impl<'a> FromIterator<Tag<'a>> for Depends {
    /// Of the first [`MOST`]. Where there are fewer, the places that are left count everything.
    fn from_iter<I: IntoIterator<Item = Tag<'a>>>(tags: I) -> Self {
        let mut slots = [0; MOST];
        for (slot, tag) in slots.iter_mut().zip(tags) {
            *slot = tag.slot();
        }
        Self(slots)
    }
}

/// How the counters of an answer's [`Depends`] stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    depends: Depends,
    /// None of them ever goes down, so their sum is the same only if each of them is.
    sum: u64,
}

/// The counters.
pub(super) struct Generations(Box<[AtomicU64]>);

impl Generations {
    pub(super) fn new() -> Self {
        Self((0..SLOTS).map(|_| AtomicU64::new(0)).collect())
    }

    fn sum(&self, depends: Depends) -> u64 {
        let counters = depends.0.iter().filter_map(|slot| self.0.get(usize::from(*slot)));
        counters.fold(0, |sum, counter| sum.wrapping_add(counter.load(Ordering::SeqCst)))
    }

    /// How the counters stand. To be taken before Clerk is asked.
    pub(super) fn stamp(&self, depends: Depends) -> Stamp {
        Stamp { depends, sum: self.sum(depends) }
    }

    /// Whether nothing was forgotten since.
    pub(super) fn holds(&self, stamp: &Stamp) -> bool {
        self.sum(stamp.depends) == stamp.sum
    }

    pub(super) fn forget(&self, tag: Tag<'_>) {
        if let Some(counter) = self.0.get(usize::from(tag.slot())) {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_holds_until_something_it_depends_on_is_forgotten() {
        let (user, other) = (Tag::Thing("users", "user_1"), Tag::Thing("users", "user_2"));
        let tags = [Tag::Everything, Tag::Each("users"), user];
        for (forgotten, holds) in [
            (other, true),
            (Tag::Lists("users"), true),
            (Tag::Each("sessions"), true),
            (Tag::Thing("organizations", "user_1"), true),
            (user, false),
            (Tag::Each("users"), false),
            (Tag::Everything, false),
        ] {
            let generations = Generations::new();
            let stamp = generations.stamp(tags.into_iter().collect());
            assert!(generations.holds(&stamp));
            generations.forget(forgotten);
            assert_eq!(generations.holds(&stamp), holds, "{forgotten:?}");
            assert!(generations.holds(&generations.stamp(tags.into_iter().collect())));
        }
    }

    #[test]
    fn sections_share_no_counter_and_things_seldom_do() {
        let mut sections: Vec<u16> = SECTIONS
            .iter()
            .flat_map(|section| [Tag::Each(section).slot(), Tag::Lists(section).slot()])
            .collect();
        sections.push(Tag::Everything.slot());
        assert!(sections.iter().all(|slot| *slot < FIRST_SHARED));
        let all = sections.len();
        sections.sort_unstable();
        sections.dedup();
        assert_eq!(sections.len(), all);
        let mut things: Vec<u16> =
            (0..1000).map(|n| Tag::Thing("users", &format!("user_{n}")).slot()).collect();
        things.sort_unstable();
        things.dedup();
        assert!(things.len() > 800, "{}", things.len());
        assert!(things.iter().all(|slot| (FIRST_SHARED..SLOTS).contains(slot)));
    }
}
