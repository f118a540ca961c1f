//! The rows of one kind, which everything in an instance is made of.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::Value;

#[cfg(test)]
use crate::cow_map::cost;
use crate::{
    cow_map::CowMap,
    error::ApiError,
    kept::{CannotExpress, Kept, NotValid},
};

/// What a [`Table`] consists of.
pub(crate) trait Row: Clone + PartialEq {
    /// What one row is called in error messages: `organization`.
    const NAME: &'static str;

    /// The row's identifier, which never changes.
    fn id(&self) -> &str;

    /// What the row can be found by with [`Table::having`], besides its identifier.
    fn keys(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Rows by their identifiers, in the order of creation.
///
/// Clones are cheap and share the rows: a clone is a snapshot. A change after it copies what it changes, and little else.
pub(crate) struct Table<T> {
    /// The rows by numbers, which grow in the order of creation.
    rows: CowMap<u64, Arc<T>>,
    /// The numbers of the identifiers.
    numbers: CowMap<Arc<str>, u64>,
    /// The keys with the numbers of their rows.
    keys: CowMap<(Arc<str>, u64), ()>,
    next_number: u64,
    /// The row that was last lent for a change, as it was before. Its keys may have changed since.
    lent: Option<(u64, Arc<T>)>,
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self {
            rows: self.rows.clone(),
            numbers: self.numbers.clone(),
            keys: self.keys.clone(),
            next_number: self.next_number,
            lent: self.lent.clone(),
        }
    }
}

/// Tables are equal if one is a snapshot of the other, and no row has changed since. Rows that they share are equal at once.
impl<T: Row> PartialEq for Table<T> {
    fn eq(&self, other: &Self) -> bool {
        let is_same = |difference: (_, Option<&Arc<T>>, Option<&Arc<T>>)| match difference {
            (_, Some(one), Some(other)) => is_equal(one, other),
            _ => false,
        };
        self.rows.differences(&other.rows).into_iter().all(is_same)
    }
}

fn is_equal<T: PartialEq>(one: &Arc<T>, other: &Arc<T>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            rows: CowMap::default(),
            numbers: CowMap::default(),
            keys: CowMap::default(),
            next_number: 0,
            lent: None,
        }
    }
}

impl<T: Row> Table<T> {
    /// Returns the row with this identifier, or the error that there is none.
    pub(crate) fn get(&self, id: &str) -> Result<&T, ApiError> {
        let row = self.numbers.get(id).and_then(|number| self.rows.get(number));
        row.map(Arc::as_ref).ok_or_else(|| ApiError::not_found(T::NAME))
    }

    /// Like [`get`](Self::get), to change the row.
    pub(crate) fn get_mut(&mut self, id: &str) -> Result<&mut T, ApiError> {
        let number = self.numbers.get(id).copied();
        number.and_then(|number| self.lend(number)).ok_or_else(|| ApiError::not_found(T::NAME))
    }

    /// Returns the rows with this [key](Row::keys), in the order of creation.
    pub(crate) fn having<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a T> + use<'a, T> {
        let lent = self.lent.as_ref().map(|(number, _)| *number);
        let key: Arc<str> = key.into();
        let found = self.keys.from((Arc::clone(&key), 0)).take_while(|((other, _), ())| *other == key);
        let mut numbers: Vec<u64> =
            found.map(|((_, number), ())| *number).filter(|number| Some(*number) != lent).collect();
        if let Some(row) = lent.and_then(|number| self.rows.get(&number))
            && row.keys().iter().any(|other| **other == *key)
        {
            numbers.extend(lent);
            numbers.sort_unstable();
        }
        numbers.into_iter().filter_map(|number| self.rows.get(&number)).map(Arc::as_ref)
    }

    /// Returns the first row that `is_wanted`.
    pub(crate) fn find(&self, is_wanted: impl Fn(&T) -> bool) -> Option<&T> {
        self.iter().find(|row| is_wanted(row))
    }

    /// Like [`find`](Self::find), to change the row.
    pub(crate) fn find_mut(&mut self, is_wanted: impl Fn(&T) -> bool) -> Option<&mut T> {
        let number = self.numbered().find(|(_, row)| is_wanted(row)).map(|(number, _)| number)?;
        self.lend(number)
    }

    /// Returns the rows in the order of creation.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.numbered().map(|(_, row)| row)
    }

    pub(crate) const fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a row at the end. It replaces a row with the same identifier.
    pub(crate) fn insert(&mut self, row: T) {
        // There may be none.
        let _ = self.remove(row.id());
        let number = self.next_number;
        self.next_number += 1;
        self.numbers.insert(row.id().into(), number);
        for key in row.keys() {
            self.keys.insert((key.into(), number), ());
        }
        self.rows.insert(number, Arc::new(row));
    }

    /// Removes and returns the row with this identifier.
    pub(crate) fn remove(&mut self, id: &str) -> Result<T, ApiError> {
        self.settle();
        let row = self.numbers.remove(id).and_then(|number| Some((number, self.rows.remove(&number)?)));
        let (number, row) = row.ok_or_else(|| ApiError::not_found(T::NAME))?;
        for key in row.keys() {
            self.keys.remove(&(key.into(), number));
        }
        Ok(Arc::unwrap_or_clone(row))
    }

    /// Removes every row that does not `stay`.
    pub(crate) fn retain(&mut self, stay: impl Fn(&T) -> bool) {
        let leave = self.iter().filter(|row| !stay(row)).map(|row| row.id().to_owned());
        for id in leave.collect::<Vec<_>>() {
            // Impossible to fail: the row is there.
            let _ = self.remove(&id);
        }
    }

    /// Removes the oldest rows, so that at most this many stay.
    pub(crate) fn keep_newest(&mut self, most: usize) {
        let surplus = self.len().saturating_sub(most);
        let oldest: Vec<_> = self.iter().take(surplus).map(|row| row.id().to_owned()).collect();
        for id in oldest {
            // As above.
            let _ = self.remove(&id);
        }
    }

    /// Changes every row that `is_wanted`.
    pub(crate) fn change(&mut self, is_wanted: impl Fn(&T) -> bool, change: impl Fn(&mut T)) {
        let wanted = self.numbered().filter(|(_, row)| is_wanted(row)).map(|(number, _)| number);
        for number in wanted.collect::<Vec<_>>() {
            self.lend(number).map(&change);
        }
    }

    /// Returns how the rows differ from those `before`: removed ones first, then the others in the order of creation.
    pub(crate) fn changes<'a>(&'a self, before: &'a Self) -> Vec<Change<'a, T>> {
        let (mut changes, mut rest) = (Vec::new(), Vec::new());
        for (_, old, new) in self.rows.differences(&before.rows) {
            match (old, new) {
                // A row that was inserted again is at the end, and counts there.
                (Some(old), None) if self.get(old.id()).is_err() => changes.push(Change::Removed(&**old)),
                (Some(old), Some(new)) if !is_equal(old, new) => rest.push(Change::Updated(&**old, &**new)),
                (None, Some(new)) => match before.get(new.id()) {
                    Err(_) => rest.push(Change::Added(&**new)),
                    Ok(old) if *old != **new => rest.push(Change::Updated(old, &**new)),
                    Ok(_) => {}
                },
                _ => {}
            }
        }
        changes.extend(rest);
        changes
    }

    fn numbered(&self) -> impl DoubleEndedIterator<Item = (u64, &T)> {
        self.rows.iter().map(|(number, row)| {
            #[cfg(test)]
            cost::VISITED.set(cost::VISITED.get() + 1);
            (*number, &**row)
        })
    }

    /// Returns a row to change it.
    fn lend(&mut self, number: u64) -> Option<&mut T> {
        self.settle();
        let row = self.rows.get_mut(&number)?;
        self.lent = Some((number, Arc::clone(row)));
        Some(Arc::make_mut(row))
    }

    /// Takes over the keys of the row that was lent.
    fn settle(&mut self) {
        let Some((number, before)) = self.lent.take() else { return };
        let Some(row) = self.rows.get(&number).filter(|row| !Arc::ptr_eq(row, &before)) else { return };
        let (old, new) = (before.keys(), row.keys());
        for key in old.iter().filter(|key| !new.contains(key)) {
            self.keys.remove(&(Arc::from(&**key), number));
        }
        for key in new.into_iter().filter(|key| !old.contains(key)) {
            self.keys.insert((key.into(), number), ());
        }
    }
}

/// In a file, a change of a table is the identifiers of the rows that it lost, and the rows that it got or that changed.
#[derive(Serialize, Deserialize)]
struct RowChanges<I, R> {
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    removed: Vec<I>,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    rows: Vec<R>,
}

impl<T: Row + Serialize + DeserializeOwned> Kept for Table<T> {
    fn changes_since(&self, before: &Self) -> Result<Option<Value>, CannotExpress> {
        let mut changes = RowChanges { removed: Vec::new(), rows: Vec::new() };
        for (number, old, new) in self.rows.differences(&before.rows) {
            match (old, new) {
                (Some(old), Some(new)) if is_equal(old, new) => {}
                (Some(old), None) => changes.removed.push(old.id()),
                // Between other rows, as after a return to a snapshot.
                (None, Some(_)) if *number < before.next_number => return Err(CannotExpress),
                (_, Some(new)) => changes.rows.push(&**new),
                (None, None) => {}
            }
        }
        if changes.removed.is_empty() && changes.rows.is_empty() {
            return Ok(None);
        }
        serde_json::to_value(changes).map(Some).map_err(|_| CannotExpress)
    }

    fn apply(&mut self, changes: Value) -> Result<(), NotValid> {
        let changes: RowChanges<String, T> = serde_json::from_value(changes).map_err(|_| NotValid)?;
        for id in changes.removed {
            self.remove(&id).map_err(|_| NotValid)?;
        }
        for row in changes.rows {
            match self.get_mut(row.id()) {
                Ok(known) => *known = row,
                Err(_) => self.insert(row),
            }
        }
        Ok(())
    }
}

/// How one row differs between two states of a table.
pub(crate) enum Change<'a, T> {
    Added(&'a T),
    /// The row before and after.
    Updated(&'a T, &'a T),
    Removed(&'a T),
}

impl<T: Row + Serialize> Serialize for Table<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, T: Row + Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = Self::default();
        Vec::<T>::deserialize(deserializer)?.into_iter().for_each(|row| table.insert(row));
        Ok(table)
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
