//! The pieces of the tolerant reader, used by the models' `deserialize_with`.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, de};

/// `null` reads as the default. With `#[serde(default)]` a missing field does too.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A whole number, which some of Clerk's answers write as a float (`3.0`). Times and totals that Clerk's
/// document calls a `number` may have a fraction, which is dropped.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    deserializer.deserialize_any(Integer)
}

/// As [`integer`]; `null` reads as zero.
pub(crate) fn integer_or_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    optional_integer(deserializer).map(Option::unwrap_or_default)
}

/// As [`integer`]; `null` reads as `None`.
pub(crate) fn optional_integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    struct Wrapped(i64);

    impl<'de> Deserialize<'de> for Wrapped {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            integer(deserializer).map(Self)
        }
    }

    Option::<Wrapped>::deserialize(deserializer).map(|found| found.map(|Wrapped(value)| value))
}

/// An identifier that may be missing, `null` or, which means the same, empty.
pub(crate) fn optional_id<'de, D: Deserializer<'de>, T: From<String>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()).map(T::from))
}

struct Integer;

impl de::Visitor<'_> for Integer {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<i64, E> {
        Ok(value)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<i64, E> {
        i64::try_from(value).map_err(|_| E::invalid_value(de::Unexpected::Unsigned(value), &self))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<i64, E> {
        // Beyond 2^53 a float no longer stands for one whole number.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if value.abs() <= EXACT {
            #[allow(clippy::cast_possible_truncation, reason = "checked to be in range; the fraction goes")]
            return Ok(value as i64);
        }
        Err(E::invalid_value(de::Unexpected::Float(value), &self))
    }
}

/// Visits a text and makes something of it, without a copy in between.
pub(crate) struct Text<T, F: FnOnce(&str) -> T>(pub(crate) F);

impl<T, F: FnOnce(&str) -> T> de::Visitor<'_> for Text<T, F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        Ok((self.0)(text))
    }
}

/// A list whose `null` is empty, and whose `null` items are left out.
#[allow(dead_code, reason = "for lists of nullable items, which not every set of sections has")]
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

/// A map whose `null` is empty, and whose `null` values are left out.
pub(crate) fn map_without_nulls<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, T>, D::Error> {
    optional_map_without_nulls(deserializer).map(Option::unwrap_or_default)
}

/// As [`map_without_nulls`]; `null` reads as `None`.
pub(crate) fn optional_map_without_nulls<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<BTreeMap<String, T>>, D::Error> {
    let found = Option::<BTreeMap<String, Option<T>>>::deserialize(deserializer)?;
    Ok(found.map(|map| map.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
