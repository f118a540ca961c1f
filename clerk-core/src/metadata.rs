//! Free-form JSON objects that an application attaches to users, organizations and memberships.
//!
//! Convert metadata to and from your own types:
//!
//! ```
//! use clerk_core::{Metadata, Operation, api::users, model::User};
//!
//! #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
//! struct Plan {
//!     tier: String,
//!     #[serde(default, skip_serializing_if = "Option::is_none")]
//!     seats: Option<u32>,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let body = r#"{"id": "user_1", "banned": false, "locked": false, "public_metadata": {"tier": "gold"}}"#;
//! let user: User = serde_json::from_str(body)?;
//! let plan = user.public_metadata::<Plan>()?;
//! assert_eq!(plan, Plan { tier: "gold".into(), seats: None });
//!
//! let plan = Metadata::from_value(&Plan { seats: Some(5), ..plan })?;
//! let request = users::update_metadata("user_1").public_metadata(plan).request()?;
//! assert_eq!(request.body(), r#"{"public_metadata":{"seats":5,"tier":"gold"}}"#);
//! # Ok(()) }
//! ```
//!
//! # Merging and replacing
//!
//! Metadata has its own operations, of two kinds:
//!
//! | Metadata of | Merge (`PATCH`) | Replace (`PUT`) |
//! |---|---|---|
//! | a user | [`users::update_metadata`](crate::api::users::update_metadata) | [`users::replace_metadata`](crate::api::users::replace_metadata) |
//! | an organization | [`organizations::merge_metadata`](crate::api::organizations::merge_metadata) | [`organizations::replace_metadata`](crate::api::organizations::replace_metadata) |
//! | a membership | [`organization_memberships::update_metadata`](crate::api::organization_memberships::update_metadata) | – |
//!
//! A merge is deep: keys that are not sent are kept, and a key that is sent as `null` is deleted. So a `None`
//! that serde serializes as `null` deletes the key, and a `None` that is skipped, as above, keeps it. A
//! replacement discards the previous content of the field. Both leave fields alone that are not set on the
//! operation.
//!
//! ```
//! use clerk_core::{Metadata, Operation, api::users};
//! use serde_json::Value;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let without_seats = Metadata::new().with("seats", Value::Null);
//! let merge = users::update_metadata("user_1").public_metadata(without_seats).request()?;
//! assert_eq!((merge.method().as_str(), merge.uri().path()), ("PATCH", "/users/user_1/metadata"));
//! assert_eq!(merge.body(), r#"{"public_metadata":{"seats":null}}"#);
//!
//! let only_this = Metadata::new().with("tier", "gold");
//! let replace = users::replace_metadata("user_1").public_metadata(only_this).request()?;
//! assert_eq!((replace.method().as_str(), replace.uri().path()), ("PUT", "/users/user_1/metadata"));
//! # Ok(()) }
//! ```

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Unexpected},
};
use serde_json::{
    Map, Value,
    value::{RawValue, to_raw_value},
};

use crate::{
    decode::plain,
    json::{self, AnyJson, JsonError, problem_of},
};

/// A free-form JSON object. Nested `null`s are kept, because they delete keys in a merge.
///
/// It is stored as JSON text and parsed when it is read, as [`AnyJson`] is, and for the same reason: end users can write
/// metadata. So read it once, with [`to`](Self::to), where you need several keys.
///
/// Clerk can return metadata that a [`Value`] cannot hold; [`AnyJson`] says when. Such metadata does not prevent its user
/// or organization from being read, or serialized to JSON text. [`get`](Self::get) still returns its other keys.
///
/// ```
/// use clerk_core::Metadata;
///
/// let metadata = Metadata::new().with("tier", "gold").with("seats", 5);
/// assert_eq!(metadata.get("tier"), Some("gold".into()));
///
/// #[derive(serde::Deserialize)]
/// struct Plan {
///     tier: String,
///     seats: u32,
/// }
///
/// let plan: Plan = metadata.to()?;
/// assert_eq!((plan.tier.as_str(), plan.seats), ("gold", 5));
/// # Ok::<(), clerk_core::json::JsonError>(())
/// ```
///
/// The [module](self) shows how to change the metadata of users, organizations and memberships.
#[derive(Clone, Default)]
pub struct Metadata(
    // `None` is an empty object, which so needs no memory.
    Option<AnyJson>,
);

impl Metadata {
    /// Creates an empty object.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Serializes `value` as metadata.
    ///
    /// # Errors
    /// Returns an error if `value` cannot be serialized as JSON, or does not serialize to a JSON object.
    pub fn from_value<T: Serialize + ?Sized>(value: &T) -> Result<Self, JsonError> {
        let json = AnyJson::from_value(value)?;
        if json.kind() == Unexpected::Map {
            Ok(Self::of(json))
        } else {
            Err(JsonError::new("the value is not a JSON object"))
        }
    }

    /// Deserializes the whole object as a `T`.
    ///
    /// # Errors
    /// Returns an error if the object does not match `T`, or contains what a [`Value`] cannot.
    pub fn to<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
        self.0.as_ref().map_or_else(|| AnyJson::from(Value::Object(Map::new())).to(), AnyJson::to)
    }

    /// Parses the object, whatever its keys.
    ///
    /// # Errors
    /// Returns an error if the object contains what a [`Value`] cannot.
    pub fn to_object(&self) -> Result<Map<String, Value>, JsonError> {
        let reader = &mut serde_json::Deserializer::from_str(self.as_str());
        plain::object(reader).map_err(|error| JsonError::new(problem_of(&error)))
    }

    /// Parses and returns the value of a key. `None` if there is no such key, or if its value contains what a [`Value`]
    /// cannot.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value> {
        let plain::Plain(value) = serde_json::from_str(self.members().get(key)?.get()).ok()?;
        Some(value)
    }

    /// Sets a key. Takes and returns `self`, for chaining.
    #[must_use]
    pub fn with(self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        let (key, value) = (key.into(), to_raw_value(&value.into()));
        let mut members = self.members();
        if let Ok(value) = &value {
            members.insert(Cow::Owned(key), value);
        }
        AnyJson::from_value(&members).map(|json| Self(Some(json))).unwrap_or_default()
    }

    fn of(object: AnyJson) -> Self {
        Self(Some(object).filter(|object| object.as_str() != "{}"))
    }

    /// The JSON text.
    fn as_str(&self) -> &str {
        self.0.as_ref().map_or("{}", AnyJson::as_str)
    }

    /// The members, whose values are not parsed.
    fn members(&self) -> BTreeMap<Cow<'_, str>, &RawValue> {
        serde_json::from_str(self.as_str()).unwrap_or_default()
    }
}

crate::model::memory::has_memory!(Metadata, 0);

impl From<Map<String, Value>> for Metadata {
    fn from(object: Map<String, Value>) -> Self {
        Self::of(Value::Object(object).into())
    }
}

/// Compares the content: neither spaces nor the order of keys make a difference.
impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
            || matches!((self.to_object(), other.to_object()), (Ok(one), Ok(other)) if one == other)
    }
}

/// Shows only the number of keys, because metadata is personal data.
impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metadata({} keys)", self.members().len())
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.to_object(), &self.0) {
            (Err(_), Some(json)) => json.serialize(serializer),
            (object, _) => object.unwrap_or_default().serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json::object(deserializer).map(Self::of)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Deserialize, Debug)]
    #[allow(dead_code)]
    struct Plan {
        seats: u32,
        owner: Owner,
    }

    #[derive(Deserialize, Debug)]
    #[allow(dead_code)]
    struct Owner {
        #[serde(deserialize_with = "picky")]
        email: String,
        kind: Kind,
    }

    #[derive(Deserialize, Debug)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Person,
    }

    fn picky<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        let email = String::deserialize(deserializer)?;
        if email.contains("hidden") {
            return Err(serde::de::Error::custom(format!("refused address: {email}")));
        }
        Ok(email)
    }

    #[test]
    fn what_does_not_fit_is_located_and_not_repeated() {
        let owner = json!({"email": "a@example.com", "kind": "person"});
        for (value, path) in [
            (json!({"owner": owner}), "seats"),
            (json!({"seats": "hidden", "owner": owner}), "seats"),
            (json!({"seats": -5, "owner": owner}), "seats"),
            (json!({"seats": 5, "owner": ["hidden", "person"]}), "owner.email"),
            (json!({"seats": 5, "owner": {"email": "hidden@example.com", "kind": "person"}}), "owner.email"),
            (json!({"seats": 5, "owner": {"email": "a@example.com", "kind": "hidden"}}), "owner.kind"),
        ] {
            let metadata: Metadata = serde_json::from_value(value.clone()).unwrap();
            let error = metadata.to::<Plan>().unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(!text.contains("hidden") && !text.contains("-5"), "{text}");
            assert!(path == error.path || value["owner"].is_array(), "{text}");
        }
    }

    #[test]
    fn only_objects_are_metadata() {
        for value in [json!(null), json!(["hidden"]), json!("hidden"), json!(7)] {
            assert_eq!(
                Metadata::from_value(&value).unwrap_err().to_string(),
                "JSON: the value is not a JSON object"
            );
        }
        let keys = std::collections::HashMap::from([((1, 2), 3)]);
        assert!(Metadata::from_value(&keys).is_err());
        assert_eq!(Metadata::from_value(&json!({"a": null})).unwrap().get("a"), Some(Value::Null));
    }

    #[test]
    fn the_text_is_kept_and_the_content_is_compared() {
        let deep = format!(r#"{{"a":{}1{},"b":2}}"#, "[".repeat(300), "]".repeat(300));
        let read = |text: &str| serde_json::from_str::<Metadata>(text).unwrap();
        // Whoever nests metadata deeply makes nothing unreadable but that.
        let metadata = read(&deep);
        assert_eq!((metadata.get("b"), metadata.get("a")), (Some(json!(2)), None));
        assert_eq!(metadata.to_object().unwrap_err().to_string(), "JSON: nested too deeply");
        assert_eq!(metadata.to::<Value>().unwrap_err().problem, "nested too deeply");
        assert_eq!(serde_json::to_string(&metadata).unwrap(), deep);
        assert!(metadata == read(&deep) && metadata != Metadata::new());
        assert_eq!(read(r#"{"a": 1, "b": 2}"#), read(r#"{"b":2,"a":1}"#));
        assert_ne!(read(r#"{"a":1}"#), read(r#"{"a":2}"#));
        assert_eq!(read(r#"{"b":2}"#).with("a", 1).with("b", 3), read(r#"{"a":1,"b":3}"#));
        assert_eq!(format!("{:?}", read(r#"{"b":2}"#)), "Metadata(1 keys)");
    }

    #[test]
    fn metadata_is_read_from_what_serde_has_buffered() {
        #[derive(Deserialize, PartialEq, Debug)]
        struct Outer {
            #[serde(flatten)]
            inner: Inner,
        }
        #[derive(Deserialize, PartialEq, Debug)]
        struct Inner {
            metadata: Metadata,
        }
        for metadata in [json!({}), json!({"a": [1, {"b": null}]})] {
            let text = json!({"metadata": metadata}).to_string();
            let Outer { inner } = serde_json::from_str(&text).unwrap();
            assert_eq!(inner.metadata, Metadata::from_value(&metadata).unwrap());
            let Inner { metadata: again } = serde_json::from_value(json!({"metadata": metadata})).unwrap();
            assert_eq!(again, inner.metadata);
        }
    }
}
