//! The fields of a request's JSON body, checked for their types.

use std::time::Duration;

use clerk_core::Timestamp;
use serde_json::{Map, Value};

use crate::{
    error::ApiError,
    json::{self, Problem},
    rfc3339,
};

/// The longest array.
const MAX_ITEMS: usize = 1000;

/// The body of one request.
pub(super) struct Body(Map<String, Value>);

impl Body {
    /// Parses a body that may have the fields `known`. An empty body has none.
    pub(super) fn parse(bytes: &[u8], known: &[&str]) -> Result<Self, ApiError> {
        if bytes.is_empty() {
            return Ok(Self(Map::new()));
        }
        Self::checked(parse(bytes)?, known)
    }

    /// Parses an array of 1 to `most` objects that may have the fields `known`.
    pub(super) fn parse_all(bytes: &[u8], known: &[&str], most: usize) -> Result<Vec<Self>, ApiError> {
        let Value::Array(bodies) = parse(bytes)? else {
            return Err(ApiError::bad_request("The body of the request is not a JSON array"));
        };
        if !(1..=most).contains(&bodies.len()) {
            return Err(ApiError::bad_request(format!("The body must have between 1 and {most} items")));
        }
        bodies.into_iter().map(|body| Self::checked(body, known)).collect()
    }

    /// Checks that a value is an object that may have the fields `known`.
    pub(super) fn checked(body: Value, known: &[&str]) -> Result<Self, ApiError> {
        let Value::Object(fields) = body else { return Err(ApiError::bad_body()) };
        match fields.keys().find(|name| !known.contains(&name.as_str())) {
            Some(unknown) => Err(ApiError::unknown_param(unknown)),
            None => Ok(Self(fields)),
        }
    }

    /// Returns the value of a field. `null` counts as missing.
    fn given(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Reads a string.
    pub(super) fn string(&self, name: &str) -> Result<Option<&str>, ApiError> {
        self.given(name)
            .map(|value| value.as_str().ok_or_else(|| ApiError::bad_format(name, "a string")))
            .transpose()
    }

    /// Reads a required string, which must not be empty.
    pub(super) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.string(name)?.filter(|text| !text.is_empty()).ok_or_else(|| ApiError::missing(name))
    }

    /// Stores a string in `target`: a missing field leaves it unchanged, `null` and the empty string clear it.
    pub(super) fn put_string(&self, name: &str, target: &mut Option<String>) -> Result<(), ApiError> {
        if self.0.contains_key(name) {
            *target = self.string(name)?.filter(|text| !text.is_empty()).map(str::to_owned);
        }
        Ok(())
    }

    /// Reads one of some strings.
    pub(super) fn one_of<'a>(&self, name: &str, choices: &[&'a str]) -> Result<Option<&'a str>, ApiError> {
        let Some(text) = self.string(name)? else { return Ok(None) };
        let choice = choices.iter().find(|choice| **choice == text).copied();
        choice.map(Some).ok_or_else(|| ApiError::bad_format(name, &format!("one of {}", choices.join(", "))))
    }

    /// Replaces `target` by a string, which must not be empty. A missing field and `null` leave it unchanged.
    pub(super) fn replace_string(&self, name: &str, target: &mut String) -> Result<(), ApiError> {
        if self.is_given(name) {
            self.required(name)?.clone_into(target);
        }
        Ok(())
    }

    /// Reads an object.
    pub(super) fn object(&self, name: &str) -> Result<Option<&Map<String, Value>>, ApiError> {
        self.given(name)
            .map(|value| value.as_object().ok_or_else(|| ApiError::bad_format(name, "an object")))
            .transpose()
    }

    /// Reads an array; empty if the field is missing.
    pub(super) fn array(&self, name: &str) -> Result<&[Value], ApiError> {
        let Some(value) = self.given(name) else { return Ok(&[]) };
        let items = value.as_array().ok_or_else(|| ApiError::bad_format(name, "an array"))?;
        if items.len() > MAX_ITEMS {
            return Err(ApiError::bad_format(name, &format!("an array of at most {MAX_ITEMS} items")));
        }
        Ok(items)
    }

    /// Reads an array of strings; empty if the field is missing.
    pub(super) fn strings(&self, name: &str) -> Result<Vec<&str>, ApiError> {
        let wrong = || ApiError::bad_format(name, "an array of strings");
        if self.given(name).is_some_and(|value| !value.is_array()) {
            return Err(wrong());
        }
        self.array(name)?.iter().map(|item| item.as_str().ok_or_else(wrong)).collect()
    }

    /// Reads an array of strings; `None` if the field is missing.
    pub(super) fn strings_if_given(&self, name: &str) -> Result<Option<Vec<String>>, ApiError> {
        if !self.is_given(name) {
            return Ok(None);
        }
        Ok(Some(self.strings(name)?.into_iter().map(str::to_owned).collect()))
    }

    /// Stores an array of strings in `target`: a missing field leaves it unchanged, `null` clears it.
    pub(super) fn put_strings(&self, name: &str, target: &mut Option<Vec<String>>) -> Result<(), ApiError> {
        if self.0.contains_key(name) {
            *target = self.strings_if_given(name)?;
        }
        Ok(())
    }

    /// Returns whether a field has a value other than `null`.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.given(name).is_some()
    }

    /// Stores any JSON in `target`: a missing field leaves it unchanged, `null` clears it.
    pub(super) fn put_value(&self, name: &str, target: &mut Option<Value>) {
        if let Some(value) = self.0.get(name) {
            *target = Some(value).filter(|value| !value.is_null()).cloned();
        }
    }

    /// Stores in `target` when a lifetime in seconds, which may have a fraction, ends: a missing field leaves it
    /// unchanged, `null` clears it.
    pub(super) fn put_lifetime(
        &self,
        name: &str,
        target: &mut Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        if !self.0.contains_key(name) {
            return Ok(());
        }
        let end = |value: &Value| {
            let seconds = value.as_f64().filter(|seconds| *seconds > 0.0);
            let lifetime = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            let lifetime = lifetime.ok_or_else(|| ApiError::bad_format(name, "a number above 0"))?;
            Ok(now.saturating_add(lifetime))
        };
        *target = self.given(name).map(end).transpose()?;
        Ok(())
    }

    /// Reads a boolean.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        self.given(name)
            .map(|value| value.as_bool().ok_or_else(|| ApiError::bad_format(name, "true or false")))
            .transpose()
    }

    /// Stores a boolean in `target`, if given.
    pub(super) fn put_flag(&self, name: &str, target: &mut bool) -> Result<(), ApiError> {
        if let Some(flag) = self.flag(name)? {
            *target = flag;
        }
        Ok(())
    }

    /// Reads an integer of at least 0.
    pub(super) fn count(&self, name: &str) -> Result<Option<i64>, ApiError> {
        self.given(name)
            .map(|value| {
                let number = value.as_i64().filter(|number| *number >= 0);
                number.ok_or_else(|| ApiError::bad_format(name, "an integer of at least 0"))
            })
            .transpose()
    }

    /// Stores an integer of at least 0 in `target`: a missing field leaves it unchanged, `null` clears it.
    pub(super) fn put_count(&self, name: &str, target: &mut Option<i64>) -> Result<(), ApiError> {
        if self.0.contains_key(name) {
            *target = self.count(name)?;
        }
        Ok(())
    }

    /// Stores a time in `target`: a missing field leaves it unchanged, `null` clears it.
    pub(super) fn put_time(&self, name: &str, target: &mut Option<Timestamp>) -> Result<(), ApiError> {
        if self.0.contains_key(name) {
            *target = self.time(name)?;
        }
        Ok(())
    }

    /// Reads a time.
    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        self.string(name)?
            .map(|text| rfc3339::parse(text).ok_or_else(|| ApiError::bad_format(name, "an RFC 3339 time")))
            .transpose()
    }

    /// Merges an object into `target`: nested objects are merged, `null` deletes a key, and any other value replaces
    /// the old one.
    pub(super) fn merge(&self, name: &str, target: &mut Value) -> Result<(), ApiError> {
        match self.given(name) {
            Some(patch @ Value::Object(_)) => {
                merge(target, patch);
                check_metadata_size(name, target)
            }
            Some(_) => Err(ApiError::bad_format(name, "an object")),
            None => Ok(()),
        }
    }

    /// Replaces `target` by an object or `null`; a missing field leaves it unchanged.
    pub(super) fn replace(&self, name: &str, target: &mut Value) -> Result<(), ApiError> {
        match self.0.get(name) {
            Some(value @ (Value::Object(_) | Value::Null)) => {
                target.clone_from(value);
                check_metadata_size(name, target)
            }
            Some(_) => Err(ApiError::bad_format(name, "an object")),
            None => Ok(()),
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Value, ApiError> {
    json::parse(bytes).map_err(|problem| match problem {
        Problem::Syntax => ApiError::bad_body(),
        Problem::Depth => ApiError::bad_request("The body of the request is nested too deeply"),
    })
}

/// The largest metadata of one kind, in bytes of JSON, as at Clerk.
const MAX_METADATA: usize = 8 * 1024;

fn check_metadata_size(name: &str, metadata: &Value) -> Result<(), ApiError> {
    if metadata.to_string().len() > MAX_METADATA {
        return Err(ApiError::too_large_param(name, MAX_METADATA));
    }
    Ok(())
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(target) = target.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arrays_are_limited() {
        for (length, is_read) in [(MAX_ITEMS, true), (MAX_ITEMS + 1, false), (60_000, false)] {
            let body = json!({ "email_address": vec!["ada@example.com"; length] });
            let body = Body::parse(body.to_string().as_bytes(), &["email_address"]).unwrap();
            assert_eq!(body.strings("email_address").is_ok(), is_read, "{length}");
            assert_eq!(body.array("email_address").is_ok(), is_read, "{length}");
        }
    }

    #[test]
    fn nested_objects_are_merged_and_null_deletes_keys() {
        for (mut target, patch, expected) in [
            (json!({}), json!({"a": 1}), json!({"a": 1})),
            (
                json!({"a": {"b": 1, "c": 2}}),
                json!({"a": {"b": null, "d": 3}}),
                json!({"a": {"c": 2, "d": 3}}),
            ),
            (json!({"a": [1, 2]}), json!({"a": [3]}), json!({"a": [3]})),
            (json!({"a": 1}), json!({"a": {"b": {"c": null, "d": 1}}}), json!({"a": {"b": {"d": 1}}})),
            (json!(null), json!({"a": 1}), json!({"a": 1})),
        ] {
            merge(&mut target, &patch);
            assert_eq!(target, expected);
        }
    }
}
