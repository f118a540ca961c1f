//! Members of a token's JSON objects, which may have any type.
//!
//! A member of the wrong type is [`Member::Malformed`] and not an error of the whole object: only the rules that need it
//! fail, each with its own reason.

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
    /// Not of the expected type.
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

impl<T> Member<T> {
    /// Changes the value, if there is one.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut T)) {
        if let Self::Valid(value) = self {
            change(value);
        }
    }
}

impl<T: AsRef<str>> Member<T> {
    /// Returns the value. An empty string counts as missing.
    pub(crate) fn non_empty(&self) -> Option<&T> {
        self.valid().filter(|value| !value.as_ref().is_empty())
    }

    /// Returns the value as a string. An empty string counts as missing.
    pub(crate) fn text(&self) -> Option<&str> {
        self.non_empty().map(AsRef::as_ref)
    }
}

/// Reads the value of a member.
///
/// Fails if the name occurred before. Parsers disagree on which of two values wins (RFC 8259, section 4), so such a token
/// could have one meaning here and another in the next service.
pub(crate) fn fill<'de, T: Claim<'de>, A: MapAccess<'de>>(
    member: &mut Member<T>,
    map: &mut A,
) -> Result<(), A::Error> {
    if !member.is_absent() {
        return Err(de::Error::custom("a name occurs twice"));
    }
    *member = map.next_value()?;
    Ok(())
}

/// Conversions from JSON values to a claim's type. A value without a conversion is malformed.
pub(crate) trait Claim<'de>: Sized {
    /// Whether the type can be created from numbers.
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
        // With serde_json's feature `arbitrary_precision`, which any crate in the program can enable, `deserialize_any`
        // presents a number as a map. Asking for an integer works in either case, so numbers are recognized by their
        // first character.
        let text = <&RawValue>::deserialize(deserializer)?.get();
        // Nearly all are these two, and need no second reader.
        let content = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        if let Some(content) = content.filter(|content| !content.contains('\\')) {
            return Ok(member(T::from_text(content)));
        }
        if let Ok(number) = text.parse::<u32>() {
            return Ok(member(T::from_integer(number.into())));
        }
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

/// A NumericDate (RFC 7519, section 2): seconds, whose fractions are dropped.
impl Claim<'_> for Timestamp {
    const NUMBERS: bool = true;

    fn from_integer(secs: i64) -> Option<Self> {
        Some(Self::from_secs(secs))
    }

    fn from_float(secs: f64) -> Option<Self> {
        #[allow(clippy::cast_possible_truncation, reason = "fractions are dropped, and the cast saturates")]
        Some(Self::from_secs(secs.trunc() as i64))
    }
}

/// An array that contains only strings.
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
