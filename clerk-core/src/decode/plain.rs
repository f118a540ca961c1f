//! Untrusted JSON, deserialized as is.
//!
//! serde_json passes numbers and raw values through serde as objects with a reserved key, and its `Value`
//! treats any object with such a key that way. End users can write metadata, so an attacker could use these
//! keys to make a response undecodable or to have it decoded as something else. The types here give no key a
//! special meaning.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess},
};
use serde_json::{Map, Number, Value};

/// Any JSON value, without special keys.
pub(crate) struct Plain(pub(crate) Value);

/// Deserializes an object.
pub(crate) fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    deserializer.deserialize_map(ObjectVisitor)
}

/// Deserializes an object. `null` is an empty object.
pub(crate) fn object_or_empty<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    struct Object(Map<String, Value>);

    impl<'de> Deserialize<'de> for Object {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            object(deserializer).map(Self)
        }
    }

    Option::<Object>::deserialize(deserializer)
        .map(|found| found.map(|Object(object)| object).unwrap_or_default())
}

/// Deserializes any value. `null` is `None`.
pub(crate) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Option::<Plain>::deserialize(deserializer).map(|found| found.map(|Plain(value)| value))
}

fn members<'de, A: MapAccess<'de>>(mut map: A) -> Result<Map<String, Value>, A::Error> {
    let mut object = Map::new();
    while let Some((name, Plain(value))) = map.next_entry()? {
        object.insert(name, value);
    }
    Ok(object)
}

/// Converts the object form of a number back to a number.
///
/// With serde_json's feature `arbitrary_precision`, which any crate in the dependency graph can enable,
/// numbers arrive as objects with a private key, so only serde_json's own type can recognize them.
fn number(object: &Value) -> Option<Number> {
    let (name, value) = object.as_object().filter(|members| members.len() == 1)?.iter().next()?;
    if !name.starts_with('$') || !value.is_string() {
        return None;
    }
    Number::deserialize(object).ok()
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor).map(Self)
    }
}

struct PlainVisitor;

impl<'de> de::Visitor<'de> for PlainVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Plain(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        let object = Value::Object(members(map)?);
        Ok(number(&object).map_or(object, Value::Number))
    }
}

struct ObjectVisitor;

impl<'de> de::Visitor<'de> for ObjectVisitor {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        members(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Metadata, decode::ErrorBody};

    /// Objects with keys that are special to serde_json.
    const NAMED: [&str; 5] = [
        r#"{"a":{"$serde_json::private::RawValue":5}}"#,
        r#"{"a":{"$serde_json::private::RawValue":"{\"role\":\"admin\"}"}}"#,
        r#"{"a":{"$serde_json::private::RawValue":"no JSON"}}"#,
        r#"{"a":[{"$serde_json::private::Number":"no number"}]}"#,
        r#"{"$serde_json::private::Number":"1"}"#,
    ];

    const ALL: &str =
        r#"{"a":[null,true,-1,18446744073709551615,1.5,"text\n",{}],"b":{"$c":"d"},"e":{"$":"1","f":2}}"#;

    #[test]
    fn metadata_is_read_and_written_as_it_is_whatever_its_names() {
        for text in NAMED.into_iter().chain([ALL, "{}"]) {
            let metadata: Metadata = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&metadata).unwrap(), text);
        }
        for text in ["[]", "1", "\"text\"", "true", "null"] {
            assert!(serde_json::from_str::<Metadata>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_an_error_is_about_does_not_hide_it() {
        for text in NAMED {
            let body = format!(r#"{{"errors":[{{"code":"c","meta":{text}}}],"meta":{text}}}"#);
            let read = ErrorBody::read(body.as_bytes());
            assert_eq!(read.errors.first().unwrap().code, "c", "{text}");
        }
    }

    #[test]
    fn values_are_what_serde_json_reads() {
        let Plain(read) = serde_json::from_str(ALL).unwrap();
        assert_eq!(read, serde_json::from_str::<Value>(ALL).unwrap());
    }
}
