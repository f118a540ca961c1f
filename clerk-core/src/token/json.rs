//! Members of a token that may have any JSON type: a wrong type is remembered, not an error.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess},
};
use serde_json::value::RawValue;

use crate::Timestamp;

/// One member of a JSON object.
#[derive(Clone, Default)]
pub(crate) enum Member<T> {
    #[default]
    Absent,
    Null,
    /// Of another type than it should be.
    Malformed,
    Valid(T),
}

impl<T> Member<T> {
    pub(crate) const fn valid(&self) -> Option<&T> {
        match self {
            Self::Valid(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<T: AsRef<str>> Member<T> {
    /// The value, unless its text is empty, which counts as missing.
    pub(crate) fn non_empty(&self) -> Option<&T> {
        self.valid().filter(|value| !value.as_ref().is_empty())
    }

    /// The text, unless it is empty, which counts as missing.
    pub(crate) fn text(&self) -> Option<&str> {
        self.non_empty().map(AsRef::as_ref)
    }
}

/// Fills a member, or fails because the name has come before.
pub(crate) fn fill<'de, T: Claim<'de>, A: MapAccess<'de>>(
    member: &mut Member<T>,
    map: &mut A,
) -> Result<(), A::Error> {
    if !member.is_absent() {
        return Err(de::Error::custom("a name comes twice"));
    }
    *member = map.next_value()?;
    Ok(())
}

/// What a type takes of JSON. What it does not take is malformed.
pub(crate) trait Claim<'de>: Sized {
    /// Whether it takes numbers.
    const NUMBERS: bool = false;

    fn from_text(_: &str) -> Option<Self> {
        None
    }

    fn from_integer(_: i64) -> Option<Self> {
        None
    }

    fn from_float(_: f64) -> Option<Self> {
        None
    }

    fn from_bool(_: bool) -> Option<Self> {
        None
    }

    fn from_list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn from_object<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

impl<'de, T: Claim<'de>> Deserialize<'de> for Member<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !T::NUMBERS {
            return deserializer.deserialize_any(MemberVisitor(PhantomData));
        }
        // How a number arrives in `deserialize_any` depends on serde_json's features, which any crate of a
        // program can switch on. Its text tells that it is one.
        let text = <&RawValue>::deserialize(deserializer)?.get();
        let mut reader = serde_json::Deserializer::from_str(text);
        let is_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        let visitor = MemberVisitor(PhantomData);
        let read = if is_number { reader.deserialize_i64(visitor) } else { reader.deserialize_any(visitor) };
        read.map_err(de::Error::custom)
    }
}

struct MemberVisitor<T>(PhantomData<T>);

fn member<T>(value: Option<T>) -> Member<T> {
    value.map_or(Member::Malformed, Member::Valid)
}

impl<'de, T: Claim<'de>> de::Visitor<'de> for MemberVisitor<T> {
    type Value = Member<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(member(T::from_text(text)))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(member(T::from_integer(number)))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(member(T::from_integer(i64::try_from(number).unwrap_or(i64::MAX))))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(member(T::from_float(number)))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(member(T::from_bool(value)))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Member::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        T::from_list(list).map(member)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::from_object(map).map(member)
    }
}

impl Claim<'_> for Box<str> {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

/// A NumericDate of RFC 7519: seconds, of which fractions are dropped.
impl Claim<'_> for Timestamp {
    const NUMBERS: bool = true;

    fn from_integer(secs: i64) -> Option<Self> {
        Some(Self::from_secs(secs))
    }

    fn from_float(secs: f64) -> Option<Self> {
        #[allow(clippy::cast_possible_truncation, reason = "drops fractions and stops at the ends")]
        Some(Self::from_secs(secs.trunc() as i64))
    }
}

/// A list of texts, all of them texts.
impl<'de> Claim<'de> for Vec<Box<str>> {
    fn from_list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut texts = Some(Self::new());
        while let Some(item) = list.next_element::<Member<Box<str>>>()? {
            match (item, &mut texts) {
                (Member::Valid(text), Some(texts)) => texts.push(text),
                _ => texts = None,
            }
        }
        Ok(texts)
    }
}
