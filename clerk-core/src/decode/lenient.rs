//! Tolerant deserializers, for the `deserialize_with` attributes of the models.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, Serialize as _, Serializer, de};
use serde_json::{Number, Value};

use super::plain;
use crate::Timestamp;

/// Deserializes `null` as the default. With `#[serde(default)]`, a missing field is the default too.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Deserializes a whole number that can be written as a float (`3.0`), as in some of Clerk's responses. A
/// fraction is dropped, because Clerk's document declares some timestamps and totals as `number`.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    // A visitor of our own would not understand the numbers of serde_json's feature `arbitrary_precision`.
    whole(&Number::deserialize(deserializer)?)
}

fn whole<E: de::Error>(number: &Number) -> Result<i64, E> {
    // Above 2^53, a float no longer represents a single whole number.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Some(whole) = number.as_i64() {
        return Ok(whole);
    }
    match number.as_f64() {
        Some(value) if value.abs() <= EXACT =>
        {
            #[allow(
                clippy::cast_possible_truncation,
                reason = "checked to be in range; the fraction is dropped on purpose"
            )]
            Ok(value as i64)
        }
        _ => Err(E::invalid_value(de::Unexpected::Other("number"), &"a whole number")),
    }
}

/// Like [`integer`], but deserializes `null` as zero.
pub(crate) fn integer_or_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    optional_integer(deserializer).map(Option::unwrap_or_default)
}

/// Like [`integer`], but deserializes `null` as `None`.
pub(crate) fn optional_integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    struct Wrapped(i64);

    impl<'de> Deserialize<'de> for Wrapped {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            integer(deserializer).map(Self)
        }
    }

    Option::<Wrapped>::deserialize(deserializer).map(|found| found.map(|Wrapped(value)| value))
}

/// Deserializes a timestamp in seconds or milliseconds: see [`Timestamp::from_secs_or_millis`]. `null` is `None`.
pub(crate) fn optional_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    optional_integer(deserializer).map(|found| found.map(Timestamp::from_secs_or_millis))
}

/// Serializes a timestamp so that [`optional_time`] reads the same: in milliseconds, or in seconds if they would be taken for
/// them.
pub(crate) fn write_time<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    let in_millis = |time: &Timestamp| Timestamp::from_secs_or_millis(time.as_millis()) == *time;
    time.map(|time| if in_millis(&time) { time.as_millis() } else { time.as_secs() }).serialize(serializer)
}

/// Deserializes an audience, as [`audience_of`] reads it. `null` is `None`.
pub(crate) fn audience<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    plain::optional(deserializer).map(|found| found.as_ref().map(audience_of))
}

/// Reads an audience: a string, or an array of strings. Anything else is one empty string, which is nobody's: it must not
/// look like no audience at all.
pub(crate) fn audience_of(value: &Value) -> Vec<String> {
    let texts = match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(ToOwned::to_owned)).collect(),
        _ => None,
    };
    texts.unwrap_or_else(|| vec![String::new()])
}

/// Deserializes an ID that can be `null` or empty, which both mean `None`.
pub(crate) fn optional_id<'de, D: Deserializer<'de>, T: for<'a> From<&'a str>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    struct Wrapped<T>(Option<T>);

    impl<'de, T: for<'a> From<&'a str>> Deserialize<'de> for Wrapped<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let read = |text: &str| Some(text).filter(|text| !text.is_empty()).map(T::from);
            deserializer.deserialize_str(Text(read)).map(Self)
        }
    }

    Option::<Wrapped<T>>::deserialize(deserializer).map(|found| found.and_then(|Wrapped(id)| id))
}

/// Visits a string and converts it, without an intermediate copy.
pub(crate) struct Text<T, F: FnOnce(&str) -> T>(pub(crate) F);

impl<T, F: FnOnce(&str) -> T> de::Visitor<'_> for Text<T, F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        Ok((self.0)(text))
    }
}

/// Deserializes a list. `null` is an empty list.
pub(crate) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    optional_list(deserializer).map(Option::unwrap_or_default)
}

/// Deserializes a list, without room for more elements. `null` is `None`.
pub(crate) fn optional_list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    Option::<Exact<T>>::deserialize(deserializer).map(|found| found.map(|Exact(list)| list))
}

/// A list without room for more elements: models are read, and kept in caches, and never grow.
struct Exact<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Exact<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ExactVisitor(PhantomData)).map(Self)
    }
}

struct ExactVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for ExactVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, items: A) -> Result<Vec<T>, A::Error> {
        elements(items)
    }
}

/// Reads the elements of a list.
pub(crate) fn elements<'de, A: de::SeqAccess<'de>, T: Deserialize<'de>>(
    mut items: A,
) -> Result<Vec<T>, A::Error> {
    let mut list = Vec::new();
    while let Some(item) = items.next_element()? {
        if list.is_empty() {
            // Most lists in models have one element, for which `push` would allocate four.
            list.reserve_exact(1);
        }
        list.push(item);
    }
    list.shrink_to_fit();
    Ok(list)
}

/// Deserializes a list. `null` is an empty list, and `null` items are dropped.
#[allow(dead_code, reason = "used for lists of nullable items, which the generated sections may not have")]
pub(crate) fn list_without_nulls<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct Items<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Items<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_unit<E: de::Error>(self) -> Result<Vec<T>, E> {
            Ok(Vec::new())
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(item) = items.next_element::<Option<T>>()? {
                list.extend(item);
            }
            Ok(list)
        }
    }

    deserializer.deserialize_any(Items(PhantomData))
}

/// Deserializes a map. `null` is an empty map, and entries with a `null` value are dropped.
pub(crate) fn map_without_nulls<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, T>, D::Error> {
    optional_map_without_nulls(deserializer).map(Option::unwrap_or_default)
}

/// Like [`map_without_nulls`], but deserializes `null` as `None`.
pub(crate) fn optional_map_without_nulls<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<BTreeMap<String, T>>, D::Error> {
    let found = Option::<BTreeMap<String, Option<T>>>::deserialize(deserializer)?;
    Ok(found.map(|map| map.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Page, id::Id};

    fn read(json: &str) -> Result<i64, serde_json::Error> {
        integer(&mut serde_json::Deserializer::from_str(json))
    }

    #[test]
    fn whole_numbers_in_all_forms() {
        for (json, want) in [
            ("0", 0),
            ("-3", -3),
            ("3.0", 3),
            ("1.7e12", 1_700_000_000_000),
            ("-0.0", 0),
            ("3.9", 3),
            ("-3.9", -3),
        ] {
            assert_eq!(read(json).unwrap(), want, "{json}");
        }
        for json in ["1e300", "18446744073709551615", "\"3\"", "null", "true", "9007199254740993.0e1"] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn lists_have_no_room_for_more_elements() {
        for length in 0..20_u8 {
            let json = format!("{:?}", (0..length).collect::<Vec<_>>());
            let reader = || serde_json::Deserializer::from_str(&json);
            let page: Page<u8> = serde_json::from_str(&json).unwrap();
            let whole: Page<u8> = serde_json::from_str(&format!(r#"{{"data":{json}}}"#)).unwrap();
            for list in [
                list(&mut reader()).unwrap(),
                optional_list(&mut reader()).unwrap().unwrap(),
                page.data,
                whole.data,
            ] {
                assert!(list.iter().copied().eq(0..length), "{json}");
                assert_eq!(list.capacity(), list.len(), "{json}");
            }
        }
        let null = || serde_json::Value::Null;
        assert_eq!(
            (list::<_, u8>(null()).unwrap(), optional_list::<_, u8>(null()).unwrap()),
            (Vec::new(), None)
        );
        for json in ["7", "{}", "\"a\"", "[null]", "[[1]]"] {
            assert!(list::<_, u8>(&mut serde_json::Deserializer::from_str(json)).is_err(), "{json}");
        }
    }

    #[test]
    fn an_id_that_is_null_or_empty_is_none() {
        for (json, want) in
            [("null", None), ("\"\"", None), ("\"idn_1\"", Some("idn_1")), ("\"\\u0061\"", Some("a"))]
        {
            let id: Option<Id> = optional_id(&mut serde_json::Deserializer::from_str(json)).unwrap();
            assert_eq!(id.as_ref().map(Id::as_str), want, "{json}");
        }
        for json in ["7", "[]", "{}", "false"] {
            assert!(optional_id::<_, Id>(&mut serde_json::Deserializer::from_str(json)).is_err(), "{json}");
        }
    }
}
