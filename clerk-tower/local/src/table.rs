//! The rows of one kind, which everything in an instance is made of.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::ApiError;

/// What a [`Table`] consists of.
pub(crate) trait Row: Clone + PartialEq {
    /// What one row is called in error messages: `organization`.
    const NAME: &'static str;

    /// The row's identifier, which never changes.
    fn id(&self) -> &str;
}

/// Rows by their identifiers, in the order of creation.
///
/// Clones are cheap and share the rows: a clone is a snapshot. The first change after it copies the list of rows, but only
/// the changed ones themselves.
pub(crate) struct Table<T>(Arc<IndexMap<Arc<str>, Arc<T>>>);

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Tables that share their rows are equal at once.
impl<T: Row> PartialEq for Table<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.len() == other.len()
                && self
                    .0
                    .values()
                    .zip(other.0.values())
                    .all(|(one, other)| Arc::ptr_eq(one, other) || one == other))
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Row> Table<T> {
    /// Returns the row with this identifier, or the error that there is none.
    pub(crate) fn get(&self, id: &str) -> Result<&T, ApiError> {
        self.0.get(id).map(Arc::as_ref).ok_or_else(|| ApiError::not_found(T::NAME))
    }

    /// Like [`get`](Self::get), to change the row.
    pub(crate) fn get_mut(&mut self, id: &str) -> Result<&mut T, ApiError> {
        self.get(id)?;
        let row = self.rows().get_mut(id).ok_or_else(|| ApiError::not_found(T::NAME))?;
        Ok(Arc::make_mut(row))
    }

    /// Returns the first row that `is_wanted`.
    pub(crate) fn find(&self, is_wanted: impl Fn(&T) -> bool) -> Option<&T> {
        self.iter().find(|row| is_wanted(row))
    }

    /// Like [`find`](Self::find), to change the row.
    pub(crate) fn find_mut(&mut self, is_wanted: impl Fn(&T) -> bool) -> Option<&mut T> {
        let at = self.0.values().position(|row| is_wanted(row))?;
        self.rows().get_index_mut(at).map(|(_, row)| Arc::make_mut(row))
    }

    /// Returns the rows in the order of creation.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator {
        self.0.values().map(Arc::as_ref)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a row at the end. It replaces a row with the same identifier.
    pub(crate) fn insert(&mut self, row: T) {
        let (id, rows) = (Arc::from(row.id()), self.rows());
        rows.shift_remove(&id);
        rows.insert(id, Arc::new(row));
    }

    /// Removes and returns the row with this identifier.
    pub(crate) fn remove(&mut self, id: &str) -> Result<T, ApiError> {
        self.get(id)?;
        let row = self.rows().shift_remove(id).ok_or_else(|| ApiError::not_found(T::NAME))?;
        Ok(Arc::unwrap_or_clone(row))
    }

    /// Removes every row that does not `stay`.
    pub(crate) fn retain(&mut self, stay: impl Fn(&T) -> bool) {
        if self.iter().any(|row| !stay(row)) {
            self.rows().retain(|_, row| stay(row));
        }
    }

    /// Removes the oldest rows, so that at most this many stay.
    pub(crate) fn keep_newest(&mut self, most: usize) {
        if let Some(surplus @ 1..) = self.len().checked_sub(most) {
            self.rows().drain(..surplus);
        }
    }

    /// Changes every row that `is_wanted`.
    pub(crate) fn change(&mut self, is_wanted: impl Fn(&T) -> bool, change: impl Fn(&mut T)) {
        if self.iter().any(&is_wanted) {
            let rows = self.rows().values_mut();
            rows.filter(|row| is_wanted(row)).for_each(|row| change(Arc::make_mut(row)));
        }
    }

    /// Returns how the rows differ from those `before`: removed ones first, then the others in the order of creation.
    pub(crate) fn changes<'a>(&'a self, before: &'a Self) -> Vec<Change<'a, T>> {
        if Arc::ptr_eq(&self.0, &before.0) {
            return Vec::new();
        }
        let removed = before.0.iter().filter(|(id, _)| !self.0.contains_key(*id));
        let removed = removed.map(|(_, row)| Change::Removed(row.as_ref()));
        let rest = self.0.iter().filter_map(|(id, row)| match before.0.get(id) {
            None => Some(Change::Added(row.as_ref())),
            Some(old) if !Arc::ptr_eq(old, row) && old != row => {
                Some(Change::Updated(old.as_ref(), row.as_ref()))
            }
            Some(_) => None,
        });
        removed.chain(rest).collect()
    }

    fn rows(&mut self) -> &mut IndexMap<Arc<str>, Arc<T>> {
        Arc::make_mut(&mut self.0)
    }
}

/// How one row differs between two states of a table.
pub(crate) enum Change<'a, T> {
    Added(&'a T),
    /// The row before and after.
    Updated(&'a T, &'a T),
    Removed(&'a T),
}

impl<T: Serialize> Serialize for Table<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.values().map(Arc::as_ref))
    }
}

impl<'de, T: Row + Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = Vec::<T>::deserialize(deserializer)?;
        let rows = rows.into_iter().map(|row| (Arc::from(row.id()), Arc::new(row)));
        Ok(Self(Arc::new(rows.collect())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Word(&'static str, u32);

    impl Row for Word {
        const NAME: &'static str = "word";

        fn id(&self) -> &str {
            self.0
        }
    }

    fn table(words: &[Word]) -> Table<Word> {
        let mut table = Table::default();
        words.iter().cloned().for_each(|word| table.insert(word));
        table
    }

    fn ids(table: &Table<Word>) -> Vec<&str> {
        table.iter().map(Row::id).collect()
    }

    #[test]
    fn rows_stay_in_the_order_of_creation() {
        let mut words = table(&[Word("c", 1), Word("a", 2), Word("b", 3)]);
        assert_eq!(ids(&words), ["c", "a", "b"]);
        words.get_mut("a").unwrap().1 = 4;
        assert_eq!(words.remove("c").unwrap(), Word("c", 1));
        words.insert(Word("c", 5));
        words.insert(Word("a", 6));
        assert_eq!(ids(&words), ["b", "c", "a"]);
        words.keep_newest(3);
        assert_eq!(ids(&words), ["b", "c", "a"]);
        words.insert(Word("e", 7));
        words.keep_newest(3);
        assert_eq!(ids(&words), ["c", "a", "e"]);
        assert_eq!(words.get("a").unwrap(), &Word("a", 6));
        assert!(words.get("d").is_err() && words.get_mut("d").is_err() && words.remove("d").is_err());
    }

    #[test]
    fn a_snapshot_keeps_what_was_there() {
        let mut words = table(&[Word("a", 1), Word("b", 2), Word("c", 3)]);
        let before = words.clone();
        assert!(words.changes(&before).is_empty());
        words.retain(|word| word.1 != 1);
        words.change(|word| word.1 == 2, |word| word.1 = 20);
        words.insert(Word("d", 4));
        words.find_mut(|word| word.1 == 3).unwrap().1 = 3;
        assert_eq!(ids(&before), ["a", "b", "c"]);
        assert_eq!(before.get("b").unwrap().1, 2);
        let changes: Vec<_> = words
            .changes(&before)
            .into_iter()
            .map(|change| match change {
                Change::Added(word) => format!("+{}", word.0),
                Change::Updated(old, new) => format!("{}: {} to {}", new.0, old.1, new.1),
                Change::Removed(word) => format!("-{}", word.0),
            })
            .collect();
        assert_eq!(changes, ["-a", "b: 2 to 20", "+d"]);
    }
}
