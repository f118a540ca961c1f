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
//! # let body = r#"{"id": "user_1", "banned": false, "locked": false, "public_metadata": {"tier": "gold"}}"#;
//! # let user: User = serde_json::from_str(body)?;
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

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::decode::{describe_data, plain};

/// A free-form JSON object. Nested `null`s are kept, because they delete keys in a merge.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// Creates an empty object.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Serializes `value` as metadata.
    ///
    /// # Errors
    /// Returns an error if `value` cannot be serialized, or does not serialize to a JSON object.
    pub fn from_value<T: Serialize + ?Sized>(value: &T) -> Result<Self, MetadataError> {
        match serde_json::to_value(value) {
            Ok(Value::Object(object)) => Ok(Self(object)),
            Ok(_) => Err(MetadataError::new("the value is not a JSON object")),
            Err(_) => Err(MetadataError::new("the value cannot be serialized as JSON")),
        }
    }

    /// Deserializes the whole object as a `T`.
    ///
    /// # Errors
    /// Returns an error if the object does not match `T`.
    pub fn to<T: DeserializeOwned>(&self) -> Result<T, MetadataError> {
        serde_path_to_error::deserialize(&self.0).map_err(|error| {
            let path = error.path().to_string();
            let (path, problem) = describe_data(&path, &error.inner().to_string());
            MetadataError { path, problem }
        })
    }

    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Sets a key. Takes and returns `self`, for chaining.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.insert(key.into(), value.into());
        self
    }

    /// Returns the JSON object.
    #[must_use]
    pub fn as_object(&self) -> &Map<String, Value> {
        &self.0
    }
}

/// Error of a conversion between metadata and a type.
///
/// It names the path and the problem, but contains no value, because metadata is personal data.
///
/// ```
/// use clerk_core::Metadata;
///
/// #[derive(serde::Deserialize, Debug)]
/// struct Plan { seats: u32 }
///
/// let error = Metadata::new().with("seats", "five").to::<Plan>().unwrap_err();
/// assert_eq!(error.to_string(), "metadata at seats: found string, expected u32");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("metadata{}{path}: {problem}", if path.is_empty() { "" } else { " at " })]
#[non_exhaustive]
pub struct MetadataError {
    /// The path of the field, such as `plan.seats`. Empty for the whole object.
    pub path: String,
    problem: String,
}

impl MetadataError {
    fn new(problem: &str) -> Self {
        Self { path: String::new(), problem: problem.to_owned() }
    }
}

impl From<Metadata> for Map<String, Value> {
    fn from(metadata: Metadata) -> Self {
        metadata.0
    }
}

impl From<Map<String, Value>> for Metadata {
    fn from(object: Map<String, Value>) -> Self {
        Self(object)
    }
}

/// Shows only the number of keys, because metadata is personal data.
impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metadata({} keys)", self.0.len())
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        plain::object(deserializer).map(Self)
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
                "metadata: the value is not a JSON object"
            );
        }
        let keys = std::collections::HashMap::from([((1, 2), 3)]);
        assert!(Metadata::from_value(&keys).is_err());
        assert_eq!(Metadata::from_value(&json!({"a": null})).unwrap().get("a"), Some(&Value::Null));
    }
}
