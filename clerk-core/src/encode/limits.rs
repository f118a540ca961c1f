//! Checks of the limits in Clerk's document, before anything is sent.

use std::{
    fmt::{self, Display},
    ops::{Bound, RangeBounds},
};

use super::{Problem, RequestBuilder};

/// An allowed range, in words.
#[derive(Debug)]
pub(super) struct Allowed {
    least: Option<String>,
    most: Option<String>,
}

impl Allowed {
    fn of<T: Display>(range: &impl RangeBounds<T>) -> Self {
        let least = match range.start_bound() {
            Bound::Included(least) => Some(format!("at least {least}")),
            Bound::Excluded(below) => Some(format!("more than {below}")),
            Bound::Unbounded => None,
        };
        let most = match range.end_bound() {
            Bound::Included(most) => Some(format!("at most {most}")),
            Bound::Excluded(above) => Some(format!("less than {above}")),
            Bound::Unbounded => None,
        };
        Self { least, most }
    }
}

impl Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.least, &self.most) {
            (Some(least), Some(most)) => write!(f, "{least} and {most}"),
            (Some(one), None) | (None, Some(one)) => f.write_str(one),
            (None, None) => f.write_str("anything"),
        }
    }
}

impl RequestBuilder {
    /// Fails the request if the number is set but not in the range.
    #[must_use]
    pub fn number(
        mut self,
        field: &'static str,
        value: Option<impl Into<i64>>,
        allowed: impl RangeBounds<i64>,
    ) -> Self {
        if let Some(value) = value.map(Into::into).filter(|value| !allowed.contains(value)) {
            self.fail(field, Problem::Number { value, allowed: Allowed::of(&allowed) });
        }
        self
    }

    /// Fails the request if the string is set but its number of characters is not in the range.
    #[must_use]
    pub fn letters(
        mut self,
        field: &'static str,
        value: Option<&String>,
        allowed: impl RangeBounds<usize>,
    ) -> Self {
        let len = value.map(|text| text.chars().count());
        if let Some(len) = len.filter(|len| !allowed.contains(len)) {
            self.fail(field, Problem::Letters { len, allowed: Allowed::of(&allowed) });
        }
        self
    }

    /// Fails the request if the strings have more than `max` bytes in all.
    #[must_use]
    pub fn bytes<'a>(
        self,
        field: &'static str,
        texts: impl IntoIterator<Item = &'a String>,
        max: usize,
    ) -> Self {
        self.size(field, texts.into_iter().map(String::len), max)
    }

    /// Fails the request if the strings have more than `max` bytes in all once their Base64 is decoded.
    #[must_use]
    pub fn decoded<'a>(
        self,
        field: &'static str,
        texts: impl IntoIterator<Item = &'a String>,
        max: usize,
    ) -> Self {
        self.size(field, texts.into_iter().map(|text| decoded_len(text)), max)
    }

    fn size(mut self, field: &'static str, sizes: impl Iterator<Item = usize>, max: usize) -> Self {
        let len = sizes.fold(0, usize::saturating_add);
        if len > max {
            self.fail(field, Problem::TooLarge { len, max });
        }
        self
    }

    /// Fails the request if the idempotency key is set but not 1 to 255 ASCII letters, digits, `_` and `-`.
    #[must_use]
    pub fn key(mut self, field: &'static str, key: Option<&str>) -> Self {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        let is_valid = |key: &str| (1..=255).contains(&key.len()) && key.bytes().all(is_allowed);
        if !key.is_none_or(is_valid) {
            self.fail(field, Problem::IdempotencyKey);
        }
        self
    }

    /// Runs a check on each of the objects.
    #[must_use]
    pub fn within<'a, T: 'a>(
        self,
        objects: impl IntoIterator<Item = &'a T>,
        check: impl Fn(Self, &'a T) -> Self,
    ) -> Self {
        objects.into_iter().fold(self, check)
    }
}

/// The number of bytes that Base64 stands for, with or without padding.
fn decoded_len(text: &str) -> usize {
    let digits = text.trim_end_matches('=').len();
    (digits / 4).saturating_mul(3).saturating_add((digits % 4).saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::operation::OperationInfo;

    static POST: OperationInfo = OperationInfo::new("Make", Method::POST, "/things", "Things");

    fn said(check: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Option<String> {
        check(RequestBuilder::new(&POST)).build().err().map(|error| error.to_string())
    }

    #[test]
    fn numbers() {
        for (value, want) in [
            (None, None),
            (Some(1), None),
            (Some(365), None),
            (Some(0), Some("Make: `days` is 0; it must be at least 1 and at most 365")),
            (Some(366), Some("Make: `days` is 366; it must be at least 1 and at most 365")),
            (
                Some(i64::MIN),
                Some("Make: `days` is -9223372036854775808; it must be at least 1 and at most 365"),
            ),
        ] {
            assert_eq!(said(|request| request.number("days", value, 1..=365)).as_deref(), want, "{value:?}");
        }
        let open = said(|request| request.number("days", Some(-1), 0..));
        assert_eq!(open.as_deref(), Some("Make: `days` is -1; it must be at least 0"));
        assert_eq!(said(|request| request.number("days", Some(7_u32), ..=7)), None);
    }

    #[test]
    fn letters_are_characters_and_are_not_shown() {
        let name = "né".to_owned();
        assert_eq!(said(|request| request.letters("name", Some(&name), 2..=2)), None);
        assert_eq!(said(|request| request.letters("name", None, 2..)), None);
        let short = said(|request| request.letters("name", Some(&name), 3..=25));
        assert_eq!(
            short.as_deref(),
            Some("Make: `name` has 2 characters; at least 3 and at most 25 are allowed")
        );
        let long = said(|request| request.letters("name", Some(&name), ..=1));
        assert_eq!(long.as_deref(), Some("Make: `name` has 2 characters; at most 1 are allowed"));
    }

    #[test]
    fn bytes_are_counted_in_all_and_once_decoded() {
        let texts = |texts: [&str; 2]| texts.map(str::to_owned);
        assert_eq!(said(|request| request.bytes("html", &texts(["né", "ab"]), 5)), None);
        let large = said(|request| request.bytes("html", &texts(["né", "abc"]), 5));
        assert_eq!(large.as_deref(), Some("Make: `html` has 6 bytes; at most 5 are allowed"));
        for (text, len) in [("", 0), ("YQ==", 1), ("YQ", 1), ("YWI=", 2), ("YWJj", 3), ("YWJjZA==", 4)] {
            let text = [text.to_owned()];
            assert_eq!(said(|request| request.decoded("files", &text, len)), None, "{text:?}");
            if let Some(less) = len.checked_sub(1) {
                assert!(said(|request| request.decoded("files", &text, less)).is_some(), "{text:?}");
            }
        }
    }

    #[test]
    fn an_idempotency_key_is_checked_and_not_shown() {
        let long = "k".repeat(255);
        for key in ["order_1-Receipt", "0", &long] {
            assert_eq!(said(|request| request.idempotency_key(Some(key))), None, "{key}");
        }
        assert_eq!(said(|request| request.idempotency_key(None)), None);
        for key in ["", "a b", "a\r\nx: y", "é", "a.b", &format!("{long}k")] {
            assert_eq!(
                said(|request| request.idempotency_key(Some(key))).as_deref(),
                Some("Make: `Idempotency-Key` is not 1 to 255 ASCII letters, digits, `_` and `-`"),
                "{key}"
            );
        }
    }

    #[test]
    fn the_first_of_many_that_is_wrong_is_said() {
        let check = |days: [i64; 3]| {
            said(|request| request.within(&days, |request, day| request.number("day", Some(*day), 1..=7)))
        };
        assert_eq!(check([1, 2, 7]), None);
        assert_eq!(
            check([1, 9, 8]).as_deref(),
            Some("Make: `day` is 9; it must be at least 1 and at most 7")
        );
    }
}
