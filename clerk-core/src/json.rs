//! Any JSON, stored as text.
//!
//! ```
//! use clerk_core::{AnyJson, model::ApiKey};
//!
//! #[derive(serde::Deserialize)]
//! struct Claims {
//!     job: u32,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let body = r#"{"id": "ak_1", "subject": "user_1", "revoked": false, "expired": false, "claims": {"job": 7}}"#;
//! let key: ApiKey = serde_json::from_str(body)?;
//! let claims = key.claims.as_ref().map(AnyJson::to::<Claims>).transpose()?;
//! assert_eq!(claims.map(|claims| claims.job), Some(7));
//! # Ok(()) }
//! ```

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeOwned, MapAccess, Unexpected},
};
use serde_json::{Value, value::RawValue};

use crate::{
    decode::{
        describe_data, lenient,
        plain::{self, Plain},
    },
    model::memory::Memory,
};

/// Any JSON value. It is stored as JSON text and parsed when it is read.
///
/// Some shapes of JSON take a hundred times their length once they are parsed. So read it once, with
/// [`to`](Self::to), where you need several members.
///
/// The text is valid JSON, but it can contain what a [`Value`] cannot: more than 128 levels of nesting, and numbers
/// beyond the range of an `f64`. Reading such a value returns an error. Serializing it, or a model that contains it, to
/// JSON text always works; to anything else, as with [`serde_json::to_value`], it fails.
///
/// An escaped surrogate that is not part of a pair, such as `\ud800`, is replaced by U+FFFD: no string can contain it.
#[derive(Clone)]
pub struct AnyJson(
    // Valid JSON, without spaces around it.
    Box<str>,
);

impl AnyJson {
    /// Serializes `value` as JSON.
    ///
    /// # Errors
    /// Returns an error if `value` cannot be serialized as JSON.
    pub fn from_value<T: Serialize + ?Sized>(value: &T) -> Result<Self, JsonError> {
        match serde_json::to_string(value) {
            Ok(text) => Ok(Self(without_lone_surrogates(text.into()))),
            Err(_) => Err(JsonError::new("the value cannot be serialized as JSON")),
        }
    }

    /// Deserializes the value as a `T`.
    ///
    /// # Errors
    /// Returns an error if the value does not match `T`, or contains what a [`Value`] cannot.
    pub fn to<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
        // Tracking the path slows down reading, so it is only done after an error.
        // The text is one value, so whatever the type leaves unread needs no check.
        let read = T::deserialize(&mut serde_json::Deserializer::from_str(&self.0));
        read.map_err(|_| JsonError::locate::<T>(&self.0))
    }

    /// Parses the value, whatever it is.
    ///
    /// # Errors
    /// Returns an error if it contains what a [`Value`] cannot.
    pub fn to_value(&self) -> Result<Value, JsonError> {
        match serde_json::from_str(&self.0) {
            Ok(Plain(value)) => Ok(value),
            Err(error) => Err(JsonError::new(problem_of(&error))),
        }
    }

    /// Returns the JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What kind of value it is.
    pub(crate) fn kind(&self) -> Unexpected<'static> {
        match self.0.bytes().next() {
            Some(b'{') => Unexpected::Map,
            Some(b'[') => Unexpected::Seq,
            Some(b'"') => Unexpected::Other("string"),
            Some(b'n') => Unexpected::Unit,
            Some(b't' | b'f') => Unexpected::Other("boolean"),
            _ => Unexpected::Other("number"),
        }
    }
}

impl Memory for AnyJson {
    fn allocated(&self) -> usize {
        self.0.len()
    }
}

impl From<Value> for AnyJson {
    fn from(value: Value) -> Self {
        Self(value.to_string().into())
    }
}

/// Compares the content: neither spaces nor the order of keys make a difference.
impl PartialEq for AnyJson {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
            || matches!((self.to_value(), other.to_value()), (Ok(one), Ok(other)) if one == other)
    }
}

/// Shows nothing of the value, which can be personal data.
impl fmt::Debug for AnyJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyJson").finish_non_exhaustive()
    }
}

impl Serialize for AnyJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.to_value() {
            Ok(value) => value.serialize(serializer),
            // It cannot be parsed, but serde_json can write the text as it is.
            Err(_) => serde_json::from_str::<&RawValue>(&self.0)
                .map_err(serde::ser::Error::custom)?
                .serialize(serializer),
        }
    }
}

/// The name with which serde_json is asked for the text of a value instead of the value. If it does not know the name,
/// it parses the value, and so does every other format.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

impl<'de> Deserialize<'de> for AnyJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(RAW_VALUE, TextVisitor { is_object: false })
    }
}

/// Deserializes an object.
pub(crate) fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AnyJson, D::Error> {
    deserializer.deserialize_newtype_struct(RAW_VALUE, TextVisitor { is_object: true })
}

struct TextVisitor {
    is_object: bool,
}

impl<'de> de::Visitor<'de> for TextVisitor {
    type Value = AnyJson;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_object { "an object" } else { "any JSON value" })
    }

    /// A value of another format, or one that serde has buffered.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<AnyJson, D::Error> {
        if self.is_object {
            return plain::object(deserializer).map(|object| Value::Object(object).into());
        }
        Plain::deserialize(deserializer).map(|Plain(value)| value.into())
    }

    /// The text of the value, under the name that was asked for.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AnyJson, A::Error> {
        let json = match map.next_key::<IsRaw>()? {
            Some(IsRaw(true)) => AnyJson(without_lone_surrogates(map.next_value()?)),
            _ => return Err(de::Error::invalid_type(Unexpected::Map, &self)),
        };
        if self.is_object && json.kind() != Unexpected::Map {
            return Err(de::Error::invalid_type(json.kind(), &self));
        }
        Ok(json)
    }
}

/// Whether a key is the name under which serde_json passes the text of a value.
struct IsRaw(bool);

impl<'de> Deserialize<'de> for IsRaw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(lenient::Text(|name| Self(name == RAW_VALUE)))
    }
}

/// Replaces escaped surrogates that are not part of a pair. A key that contains one would make its whole object
/// unreadable.
fn without_lone_surrogates(text: Box<str>) -> Box<str> {
    if !text.contains("\\ud") && !text.contains("\\uD") {
        return text;
    }
    let mut whole = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some((before, escape)) = rest.find('\\').and_then(|at| rest.split_at_checked(at)) {
        let (length, replaced) = match (code_unit(escape), escape.get(6..).and_then(code_unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (12, false),
            (Some(0xD800..=0xDFFF), _) => (6, true),
            _ => (2, false),
        };
        let (escape, after) = escape.split_at_checked(length).unwrap_or((escape, ""));
        whole.push_str(before);
        whole.push_str(if replaced { "\\ufffd" } else { escape });
        rest = after;
    }
    whole.push_str(rest);
    whole.into()
}

/// The UTF-16 code unit of the escape at the start of the text.
fn code_unit(escape: &str) -> Option<u16> {
    u16::from_str_radix(escape.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

/// Error of a conversion between JSON that is stored as text and a type.
///
/// It names the path and the problem, but contains no value, because the values are personal data.
///
/// ```
/// use clerk_core::Metadata;
///
/// #[derive(serde::Deserialize, Debug)]
/// struct Plan { seats: u32 }
///
/// let error = Metadata::new().with("seats", "five").to::<Plan>().unwrap_err();
/// assert_eq!(error.to_string(), "JSON at seats: found string, expected u32");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("JSON{}{path}: {problem}", if path.is_empty() { "" } else { " at " })]
#[non_exhaustive]
pub struct JsonError {
    /// The path of the field, such as `plan.seats`. Empty for the whole value.
    pub path: String,
    pub(crate) problem: String,
}

impl JsonError {
    pub(crate) fn new(problem: &str) -> Self {
        Self { path: String::new(), problem: problem.to_owned() }
    }

    /// Deserializes the text again to find the path of the error.
    fn locate<T: DeserializeOwned>(text: &str) -> Self {
        let reader = &mut serde_json::Deserializer::from_str(text);
        let Err(error) = serde_path_to_error::deserialize::<_, T>(reader) else {
            return Self::new("does not match the type");
        };
        if !error.inner().is_data() {
            return Self { path: error.path().to_string(), ..Self::new(problem_of(error.inner())) };
        }
        let path = error.path().to_string();
        let (path, problem) = describe_data(if path == "." { "" } else { &path }, &error.inner().to_string());
        Self { path, problem }
    }
}

/// The text is valid JSON, so only what a value cannot hold can be a problem.
pub(crate) fn problem_of(error: &serde_json::Error) -> &'static str {
    let is_number = error.to_string().starts_with("number out of range");
    if is_number { "contains a number out of range" } else { "nested too deeply" }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        Metadata,
        model::{ApiKey, User, WithPrivate},
    };

    /// JSON that a `Value` cannot hold, and the problem.
    fn unparsable() -> [(String, &'static str); 3] {
        [
            ("1e999".to_owned(), "contains a number out of range"),
            (r#"{"a":[-1e999]}"#.to_owned(), "contains a number out of range"),
            (format!("{}1{}", "[".repeat(300), "]".repeat(300)), "nested too deeply"),
        ]
    }

    #[test]
    fn a_type_may_leave_a_value_unread() {
        #[derive(Debug, PartialEq)]
        struct Theme(Option<String>);

        impl<'de> Deserialize<'de> for Theme {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Self(String::deserialize(deserializer).ok()))
            }
        }

        for (value, expected) in [(json!("dark"), Some("dark")), (json!({"theme": 1, "x": 2}), None)] {
            let read = AnyJson::from_value(&value).unwrap().to::<Theme>().unwrap();
            assert_eq!(read, Theme(expected.map(str::to_owned)));
        }
    }

    #[test]
    fn any_json_is_read_compared_and_written() {
        for value in
            [json!(null), json!(true), json!(-7), json!("text"), json!([1, {"a": null}]), json!({"b": [1.5]})]
        {
            let read: AnyJson = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(read, serde_json::from_str(&format!(" {value} ")).unwrap());
            assert_eq!(read, AnyJson::from_value(&value).unwrap());
            assert_eq!(
                (read.to_value().unwrap(), read.to::<Value>().unwrap()),
                (value.clone(), value.clone())
            );
            assert_eq!(
                (read.as_str(), serde_json::to_string(&read).unwrap()),
                (&*value.to_string(), value.to_string())
            );
            assert_eq!(format!("{read:?}"), "AnyJson { .. }");
        }
        let read = |text: &str| serde_json::from_str::<AnyJson>(text).unwrap();
        assert_eq!(read(r#"{"a": 1, "b": 2}"#), read(r#"{"b":2,"a":1}"#));
        assert_ne!(read("[1]"), read("[2]"));
        assert_eq!(
            read(r#"{"a":"hidden"}"#).to::<u8>().unwrap_err().to_string(),
            "JSON: found map, expected u8"
        );
    }

    #[test]
    fn models_with_json_that_no_value_can_hold_are_read_and_written() {
        for (text, problem) in unparsable() {
            let json: AnyJson = serde_json::from_str(&text).unwrap();
            // Features of serde_json that another crate may enable make numbers of any size readable.
            let is_held = serde_json::from_str::<Value>(&text).is_ok();
            if !is_held {
                assert_eq!(json.to_value().unwrap_err().problem, problem, "{text}");
                assert_eq!(json.to::<Value>().unwrap_err().problem, problem, "{text}");
            }
            let again = AnyJson::from_value(&json).unwrap();
            assert!(again == json && (is_held || again.as_str() == text), "{text}");

            let body = format!(
                r#"{{"id":"user_1","banned":false,"locked":false,"public_metadata":{{"a":{text}}},"unsafe_metadata":{{"a":{text},"b":2}}}}"#
            );
            let user: User = serde_json::from_str(&body).unwrap();
            for written in [serde_json::to_string(&user), serde_json::to_string(&WithPrivate(&user))] {
                let written = written.unwrap();
                assert!(serde_json::from_str::<User>(&written).unwrap() == user, "{written}");
            }
            assert_eq!(Metadata::from_value(&user.public_metadata).as_ref(), Ok(&user.public_metadata));
            assert_eq!(serde_json::to_value(&user).is_ok(), is_held, "{text}");

            let body = format!(
                r#"{{"id":"ak_1","subject":"user_1","revoked":false,"expired":false,"claims":{text}}}"#
            );
            let key: ApiKey = serde_json::from_str(&body).unwrap();
            assert!(serde_json::from_str::<ApiKey>(&serde_json::to_string(&key).unwrap()).unwrap() == key);
        }
    }

    #[test]
    fn half_a_character_makes_nothing_unreadable() {
        for (text, read) in [
            (r#""\ud800""#, r#""\ufffd""#),
            (r#""\uD83D\uDE00""#, r#""\uD83D\uDE00""#),
            (r#"["\udc00\ud800\ud83d\ude00\n"]"#, r#"["\ufffd\ufffd\ud83d\ude00\n"]"#),
            (r#""\\ud800\u00e9é\ud800""#, r#""\\ud800\u00e9é\ufffd""#),
        ] {
            let json: AnyJson = serde_json::from_str(text).unwrap();
            assert_eq!(json.as_str(), read);
            json.to_value().unwrap();
        }
        let metadata: Metadata = serde_json::from_str(r#"{"\ud800":1,"a":"\udfff","b":2}"#).unwrap();
        assert_eq!((metadata.get("a"), metadata.get("b")), (Some(json!("\u{fffd}")), Some(json!(2))));
        assert_eq!(metadata.with("b", 3).to_object().unwrap().len(), 3);
    }

    #[test]
    fn no_model_holds_parsed_json() {
        // Free-form JSON can take a hundred times the length of the response once it is parsed, and caches count that
        // length.
        let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/model");
        for file in std::fs::read_dir(models).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            for parsed in ["Value", "Map<String,", "RawValue", "plain::"] {
                let is_word = |(at, _): (usize, &str)| {
                    !code[..at]
                        .ends_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':')
                        || code[..at].ends_with("serde_json::")
                };
                let held = code.match_indices(parsed).any(is_word);
                assert!(!held, "{}: {parsed}", path.display());
            }
        }
    }
}
