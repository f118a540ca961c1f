//! An ordered map whose clones share their entries.

use std::{borrow::Borrow, collections::BTreeMap, ops::Bound, sync::Arc};

/// The maximum number of entries of a chunk.
const MAX_CHUNK: usize = 128;

type Chunk<K, V> = BTreeMap<K, V>;

/// An ordered map, in chunks. Clones share all of them. The first change after a clone copies the list of chunks and one
/// chunk, so that it costs little, however many entries there are.
pub(crate) struct CowMap<K, V> {
    /// Each chunk under a key that is not greater than its own keys, and greater than those of the chunk before. None is
    /// empty.
    chunks: Arc<BTreeMap<K, Arc<Chunk<K, V>>>>,
    len: usize,
}

impl<K, V> Clone for CowMap<K, V> {
    fn clone(&self) -> Self {
        Self { chunks: Arc::clone(&self.chunks), len: self.len }
    }
}

impl<K, V> Default for CowMap<K, V> {
    fn default() -> Self {
        Self { chunks: Arc::default(), len: 0 }
    }
}

/// Returns what is shared, to change it; copies it if others have it.
fn own<K: Clone, V: Clone>(shared: &mut Arc<BTreeMap<K, V>>) -> &mut BTreeMap<K, V> {
    #[cfg(test)]
    if Arc::strong_count(shared) > 1 {
        cost::COPIED.set(cost::COPIED.get() + shared.len());
    }
    Arc::make_mut(shared)
}

impl<K: Ord + Clone, V: Clone> CowMap<K, V> {
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.chunks.get::<K>(self.start_for(key)?)?.get(key)
    }

    pub(crate) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let start = self.start_for(key)?.clone();
        own(own(&mut self.chunks).get_mut::<K>(&start)?).get_mut(key)
    }

    /// Adds an entry. It replaces one with the same key.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        let start = self.start_for(&key).cloned();
        let chunks = own(&mut self.chunks);
        let start = start.unwrap_or_else(|| {
            // Less than all others: the first chunk takes it.
            let first = chunks.pop_first().map(|(_, chunk)| chunk).unwrap_or_default();
            chunks.insert(key.clone(), first);
            key.clone()
        });
        let chunk = own(chunks.entry(start).or_default());
        if chunk.insert(key, value).is_none() {
            self.len += 1;
        }
        if chunk.len() > MAX_CHUNK
            && let Some(middle) = chunk.keys().nth(MAX_CHUNK / 2).cloned()
        {
            let rest = chunk.split_off(&middle);
            chunks.insert(middle, Arc::new(rest));
        }
    }

    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.get(key)?;
        let start = self.start_for(key)?.clone();
        let chunks = own(&mut self.chunks);
        let chunk = own(chunks.get_mut::<K>(&start)?);
        let removed = chunk.remove(key)?;
        self.len -= 1;
        if chunk.is_empty() {
            chunks.remove::<K>(&start);
        }
        Some(removed)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.chunks.values().flat_map(|chunk| chunk.iter())
    }

    /// Returns the entries whose keys are not less than this one.
    pub(crate) fn from(&self, first: K) -> impl Iterator<Item = (&K, &V)> {
        let start = self.start_for(&first).map_or(Bound::Unbounded, Bound::Included);
        let chunks = self.chunks.range((start, Bound::Unbounded));
        chunks.flat_map(move |(_, chunk)| chunk.range(first.clone()..))
    }

    /// Returns the keys whose values may differ from those `before`, in order, with the values before and now. It passes
    /// over the chunks that both share, so it costs as much as was changed.
    pub(crate) fn differences<'a>(&'a self, before: &'a Self) -> Vec<(&'a K, Option<&'a V>, Option<&'a V>)> {
        if Arc::ptr_eq(&self.chunks, &before.chunks) {
            return Vec::new();
        }
        let mut old = before.entries_not_in(self).peekable();
        let mut new = self.entries_not_in(before).peekable();
        let mut differences = Vec::new();
        loop {
            let key = match (old.peek(), new.peek()) {
                (Some((old, _)), Some((new, _))) => *old.min(new),
                (Some((key, _)), None) | (None, Some((key, _))) => *key,
                (None, None) => return differences,
            };
            let old = old.next_if(|entry| entry.0 == key).map(|(_, value)| value);
            let new = new.next_if(|entry| entry.0 == key).map(|(_, value)| value);
            differences.push((key, old, new));
        }
    }

    /// Returns the entries of the chunks that the other map does not share.
    fn entries_not_in<'a>(&'a self, other: &Self) -> impl Iterator<Item = (&'a K, &'a V)> {
        let is_shared = |start: &K, chunk| other.chunks.get(start).is_some_and(|it| Arc::ptr_eq(it, chunk));
        self.chunks
            .iter()
            .filter(move |(start, chunk)| !is_shared(start, chunk))
            .flat_map(|(_, chunk)| chunk.iter())
    }

    /// Returns the key under which the chunk is that has a key, if any has.
    fn start_for<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&K>
    where
        K: Borrow<Q>,
    {
        let below = self.chunks.range::<Q, _>((Bound::Unbounded, Bound::Included(key)));
        below.map(|(start, _)| start).next_back()
    }
}

/// Counts what is done, for tests that show that it does not grow with the number of entries.
#[cfg(test)]
pub(crate) mod cost {
    use std::cell::Cell;

    thread_local! {
        /// Entries that were copied because a clone shared them.
        pub(crate) static COPIED: Cell<usize> = const { Cell::new(0) };
        /// Rows of tables that were looked at one after the other.
        pub(crate) static VISITED: Cell<usize> = const { Cell::new(0) };
    }

    /// Returns the numbers of entries that a function copies, and of rows that it visits.
    pub(crate) fn of(run: impl FnOnce()) -> (usize, usize) {
        COPIED.set(0);
        VISITED.set(0);
        run();
        (COPIED.get(), VISITED.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from 0 to `below` in an order that is neither ascending nor random.
    fn shuffled(below: u32) -> impl Iterator<Item = u32> {
        (0..below).map(move |at| (at * 7919 + 500) % below)
    }

    fn map(numbers: impl Iterator<Item = u32>) -> CowMap<u32, u32> {
        let mut map = CowMap::default();
        numbers.for_each(|number| map.insert(number, number));
        map
    }

    fn keys(map: &CowMap<u32, u32>) -> Vec<u32> {
        map.iter().map(|(key, _)| *key).collect()
    }

    #[test]
    fn entries_are_found_in_order_whatever_the_order_of_changes() {
        let mut map = map(shuffled(1_000));
        assert_eq!(keys(&map), (0..1_000).collect::<Vec<_>>());
        for number in shuffled(1_000).filter(|number| number % 3 != 0) {
            assert_eq!(map.remove(&number), Some(number));
            assert_eq!(map.remove(&number), None);
        }
        let left: Vec<_> = (0..1_000).step_by(3).collect();
        assert_eq!((keys(&map), map.len()), (left.clone(), left.len()));
        assert!(map.iter().rev().map(|(key, _)| *key).eq(left.iter().rev().copied()));
        for first in [0, 1, 500, 998, 1_000] {
            let expected = left.iter().copied().filter(|key| *key >= first);
            assert!(map.from(first).map(|(key, _)| *key).eq(expected), "{first}");
        }
        for number in 0..1_000 {
            assert_eq!(map.get(&number), (number % 3 == 0).then_some(&number));
            assert_eq!(map.get_mut(&number).copied(), map.get(&number).copied());
        }
        left.iter().for_each(|number| assert!(map.remove(number).is_some()));
        assert_eq!((map.len(), map.iter().count()), (0, 0));
    }

    #[test]
    fn a_clone_shares_its_entries_and_differences_are_exact() {
        let mut map = map(shuffled(10_000));
        let before = map.clone();
        assert!(map.differences(&before).is_empty());
        let (copied, _) = cost::of(|| {
            *map.get_mut(&5_000).unwrap() = 1;
            *map.get_mut(&5_000).unwrap() = 2;
        });
        assert!(copied <= 10_000 / (MAX_CHUNK / 2) + MAX_CHUNK, "{copied}");
        map.insert(10_000, 3);
        map.remove(&0);
        let changed: Vec<_> =
            map.differences(&before).into_iter().filter(|(_, old, new)| old != new).collect();
        assert_eq!(
            changed,
            [(&0, Some(&0), None), (&5_000, Some(&5_000), Some(&2)), (&10_000, None, Some(&3))]
        );
        let looked_at = map.differences(&before).len();
        assert!(looked_at <= 4 * MAX_CHUNK, "{looked_at}");
        assert_eq!((before.get(&0), before.get(&10_000), before.len()), (Some(&0), None, 10_000));
    }
}
