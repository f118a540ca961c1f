//! Query parameters: filters, pages and orders.

use std::cmp::Reverse;

use clerk_core::Timestamp;
use serde_json::{Value, json};

use crate::error::ApiError;

/// The maximum number of values of one filter.
const MAX_VALUES: usize = 100;

/// The parameters of a query string or a form.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// Returns the first value of a parameter that is not empty.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Returns the first value of a parameter, which may be empty.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns all values of a parameter: alternatives of a filter.
    pub(super) fn all(&self, name: &str) -> Result<Vec<String>, ApiError> {
        let values: Vec<_> =
            self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect();
        if values.len() > MAX_VALUES {
            return Err(ApiError::bad_format(name, "at most 100 values"));
        }
        Ok(values)
    }

    /// Returns all values of a parameter. A prefix `-` excludes the value; a prefix `+`, or none, includes it.
    pub(super) fn include_exclude(&self, name: &str) -> Result<IncludeExclude, ApiError> {
        Ok(IncludeExclude::new(self.all(name)?.iter().map(String::as_str)))
    }

    /// Like [`include_exclude`](Self::include_exclude), where a parameter may have several values, separated by commas.
    pub(super) fn include_exclude_list(&self, name: &str) -> Result<IncludeExclude, ApiError> {
        Ok(IncludeExclude::new(self.all(name)?.iter().flat_map(|value| value.split(','))))
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        self.first(name)
            .map(|value| value.parse().map_err(|_| ApiError::bad_format(name, "true or false")))
            .transpose()
    }

    /// Reads one of some strings.
    pub(super) fn one_of(&self, name: &str, choices: &[&str]) -> Result<Option<&str>, ApiError> {
        match self.first(name) {
            Some(value) if !choices.contains(&value) => {
                Err(ApiError::bad_format(name, &format!("one of {}", choices.join(", "))))
            }
            value => Ok(value),
        }
    }

    /// Reads an integer. It may be written as `10.0`, as clients do that read `number` in the document.
    fn number(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let whole = |value: &str| match value.split_once('.') {
            Some((whole, zeros)) if zeros.bytes().all(|digit| digit == b'0') => whole.parse().ok(),
            _ => value.parse().ok(),
        };
        self.first(name)
            .map(|value| whole(value).ok_or_else(|| ApiError::bad_format(name, "an integer")))
            .transpose()
    }

    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        Ok(self.number(name)?.map(Timestamp::from_millis))
    }

    /// Returns a range of time, from `<name>_after` and `<name>_before`.
    pub(super) fn time_range(&self, name: &str) -> Result<TimeRange, ApiError> {
        let after = self.time(&format!("{name}_after"))?;
        let before = self.time(&format!("{name}_before"))?;
        Ok(TimeRange { after, before })
    }

    /// Returns the page from `limit` (10 by default, 500 at most) and `offset`.
    pub(super) fn page(&self) -> Result<Page, ApiError> {
        self.page_up_to(500)
    }

    /// Like [`page`](Self::page), for lists with a maximum `limit` of 100.
    pub(super) fn short_page(&self) -> Result<Page, ApiError> {
        self.page_up_to(100)
    }

    fn page_up_to(&self, most: i64) -> Result<Page, ApiError> {
        let limit = self.number("limit")?.unwrap_or(10);
        let offset = self.number("offset")?.unwrap_or(0);
        if !(1..=most).contains(&limit) {
            return Err(ApiError::bad_format("limit", &format!("between 1 and {most}")));
        }
        match (usize::try_from(limit), usize::try_from(offset)) {
            (Ok(limit), Ok(offset)) => Ok(Page { limit, offset }),
            _ => Err(ApiError::bad_format("offset", "0 or more")),
        }
    }

    /// Returns the order from `order_by`, one of `fields`. The default is the newest first.
    pub(super) fn order(&self, fields: &[&'static str]) -> Result<Order, ApiError> {
        let order_by = self.first("order_by").unwrap_or("-created_at");
        let (name, descending) = match order_by.strip_prefix('-') {
            Some(name) => (name, true),
            None => (order_by.strip_prefix('+').unwrap_or(order_by), false),
        };
        let field = fields.iter().find(|field| **field == name);
        let field = field
            .ok_or_else(|| ApiError::bad_format("order_by", &format!("one of {}", fields.join(", "))))?;
        Ok(Order { field, descending })
    }
}

/// A filter that includes some values and excludes others.
pub(super) struct IncludeExclude {
    pub(super) included: Vec<String>,
    pub(super) excluded: Vec<String>,
}

impl IncludeExclude {
    fn new<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut signed = Self { included: Vec::new(), excluded: Vec::new() };
        for value in values {
            if let Some(value) = value.strip_prefix('-') {
                signed.excluded.push(value.to_owned());
            } else {
                // The `+` of a query that is not encoded is a space.
                signed.included.push(value.strip_prefix(['+', ' ']).unwrap_or(value).to_owned());
            }
        }
        signed
    }

    /// Returns whether an item passes. `has` says which values the item has.
    pub(super) fn admits(&self, has: impl Fn(&str) -> bool) -> bool {
        let included = self.included.is_empty() || self.included.iter().any(|value| has(value));
        included && !self.excluded.iter().any(|value| has(value))
    }
}

/// A range of time. Its ends are exclusive.
pub(super) struct TimeRange {
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl TimeRange {
    /// Returns whether `time` is in the range. `None` is only in the unbounded range.
    pub(super) fn admits(&self, time: Option<Timestamp>) -> bool {
        self.after.is_none_or(|after| time.is_some_and(|time| time > after))
            && self.before.is_none_or(|before| time.is_some_and(|time| time < before))
    }
}

/// A page of a list.
pub(super) struct Page {
    pub(super) limit: usize,
    pub(super) offset: usize,
}

impl Page {
    /// Renders the items of this page.
    pub(super) fn of<T>(&self, items: &[T], render: impl Fn(&T) -> Value) -> Vec<Value> {
        items.iter().skip(self.offset).take(self.limit).map(render).collect()
    }

    /// Renders the items of this page as `data`, next to the `total_count`.
    pub(super) fn envelope<T>(&self, items: &[T], render: impl Fn(&T) -> Value) -> Value {
        json!({ "data": self.of(items, render), "total_count": items.len() })
    }

    /// Renders the items of this page as an array, or with `paginated` in an [`envelope`](Self::envelope).
    pub(super) fn list<T>(&self, paginated: bool, items: &[T], render: impl Fn(&T) -> Value) -> Value {
        if paginated { self.envelope(items, render) } else { self.of(items, render).into() }
    }
}

/// The order of a list.
pub(super) struct Order {
    pub(super) field: &'static str,
    pub(super) descending: bool,
}

impl Order {
    /// Sorts `items`, which must be in the order of creation. Equal items keep this order, or its reverse when
    /// descending.
    pub(super) fn sort<T, K: Ord>(&self, items: &mut [T], key: impl Fn(&T) -> K) {
        if self.descending {
            items.reverse();
            items.sort_by_cached_key(|item| Reverse(key(item)));
        } else {
            items.sort_by_cached_key(key);
        }
    }
}

/// A value to sort by. Missing values come first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortKey {
    Number(Option<i64>),
    Text(Option<String>),
}

impl From<Timestamp> for SortKey {
    fn from(time: Timestamp) -> Self {
        Self::Number(Some(time.as_millis()))
    }
}

impl From<Option<Timestamp>> for SortKey {
    fn from(time: Option<Timestamp>) -> Self {
        Self::Number(time.map(Timestamp::as_millis))
    }
}

impl From<Option<&str>> for SortKey {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_lowercase))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_include_and_exclude_values() {
        let query = Query::parse("id=%2Ba&id=b&id=-c");
        let signed = query.include_exclude("id").unwrap();
        assert!(signed.admits(|value| value == "a"));
        assert!(signed.admits(|value| value == "b"));
        assert!(!signed.admits(|value| value == "c"));
        assert!(!signed.admits(|value| value == "d"));
        assert!(Query::parse("id=-c").include_exclude("id").unwrap().admits(|value| value == "d"));
    }

    #[test]
    fn equal_items_are_reversed_in_descending_order() {
        let order = |text: &str| Query::parse(text).order(&["created_at"]).unwrap();
        let mut items = vec![(1, 'a'), (1, 'b'), (0, 'c')];
        order("").sort(&mut items, |item| item.0);
        assert_eq!(items, [(1, 'b'), (1, 'a'), (0, 'c')]);
        let mut items = vec![(1, 'a'), (1, 'b'), (0, 'c')];
        order("order_by=%2Bcreated_at&order_by=-created_at").sort(&mut items, |item| item.0);
        assert_eq!(items, [(0, 'c'), (1, 'a'), (1, 'b')]);
        assert!(Query::parse("order_by=shoe_size").order(&["created_at"]).is_err());
    }

    #[test]
    fn limit_and_offset_are_validated() {
        assert!(Query::parse("limit=500&offset=7").page().is_ok());
        assert_eq!(Query::parse("limit=10.0").page().unwrap().limit, 10);
        for bad in ["limit=0", "limit=501", "limit=x", "limit=10.5", "limit=.0", "offset=-1"] {
            assert!(Query::parse(bad).page().is_err(), "{bad}");
        }
    }
}
