//! Request fields with three states: absent, `null`, or a value.
//!
//! Clerk distinguishes them: in an update, an absent field keeps the stored value, and `null` clears it.
//!
//! ```
//! use clerk_core::Nullable;
//!
//! let keep: Nullable<String> = Nullable::Absent;
//! let clear: Nullable<String> = None.into();
//! let set: Nullable<String> = "Ada".into();
//! assert!(keep.is_absent());
//! assert_eq!(clear, Nullable::Null);
//! assert_eq!(set, Nullable::Value("Ada".to_owned()));
//!
//! let several: Nullable<Vec<String>> = ["a", "b"].into();
//! assert_eq!(several, Nullable::Value(vec!["a".to_owned(), "b".to_owned()]));
//! ```

use std::fmt;

use serde::{Serialize, Serializer};

/// A request field that is absent, `null`, or has a value.
///
/// Setters accept anything that converts into a `Nullable`: a value, an `Option`, or `Nullable::Null` to
/// clear the field.
///
/// ```
/// use clerk_core::{Nullable, Operation, api::users};
///
/// // `username` is not set, so Clerk keeps it.
/// let update = users::update("user_1").first_name("Ada").last_name(Nullable::Null);
/// assert_eq!(update.request().unwrap().body(), r#"{"first_name":"Ada","last_name":null}"#);
///
/// // An `Option` is sent in any case: `None` as `null`.
/// let from_form: Option<String> = None;
/// let update = users::update("user_1").first_name(from_form);
/// assert_eq!(update.request().unwrap().body(), r#"{"first_name":null}"#);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Nullable<T> {
    /// Not sent. Clerk keeps the stored value, or uses its default.
    #[default]
    Absent,
    /// Sent as `null`. Clerk clears the field, or resets it to its default.
    Null,
    /// Sent with this value.
    Value(T),
}

impl<T> Nullable<T> {
    /// Returns whether the field is absent.
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Returns the value, if there is one.
    #[must_use]
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}

impl<T> From<T> for Nullable<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl From<&str> for Nullable<String> {
    fn from(value: &str) -> Self {
        Self::Value(value.to_owned())
    }
}

impl<T: Into<U>, U, const N: usize> From<[T; N]> for Nullable<Vec<U>> {
    /// Converts an array: `.permissions(["perm_1"])`.
    fn from(values: [T; N]) -> Self {
        Self::Value(values.into_iter().map(Into::into).collect())
    }
}

impl<T> From<Option<T>> for Nullable<T> {
    /// Converts `None` to `null`, not to absent.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }
}

/// Does not show the value: request fields can contain names, addresses and passwords.
impl<T> fmt::Debug for Nullable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::Null => "Null",
            Self::Value(_) => "Value(..)",
        })
    }
}

/// Serializes `Absent` as `null`, since a value cannot omit itself. The body writer omits absent fields before.
impl<T: Serialize> Serialize for Nullable<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Absent | Self::Null => serializer.serialize_unit(),
        }
    }
}
