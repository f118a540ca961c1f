use std::collections::BTreeMap;

use serde::{Serialize, Serializer, ser::SerializeSeq};

use crate::{Metadata, Page};

/// Serializes a model together with its private fields: what only a backend may see.
///
/// Serializing a model leaves its private fields out, also where it is part of another one, so that
/// `Json(user)` in a handler does not publish them. Clerk's own frontends never receive them either. Each
/// private field says so in its documentation: `private_metadata`, secret keys, tokens of identity providers,
/// and links that accept an invitation.
///
/// Use this wrapper to store a model, or to pass it to another backend. Deserializing reads all fields.
///
/// ```
/// use clerk_core::model::{User, WithPrivate};
///
/// let body = r#"{"id": "user_1", "banned": false, "locked": false, "private_metadata": {"risk": "high"}}"#;
/// let user: User = serde_json::from_str(body).unwrap();
/// assert!(!serde_json::to_string(&user).unwrap().contains("risk"));
///
/// let stored = serde_json::to_string(&WithPrivate(&user)).unwrap();
/// assert!(stored.contains("risk"));
/// assert!(serde_json::from_str::<User>(&stored).unwrap() == user);
/// ```
///
/// It takes lists and pages of models as well.
#[derive(Clone, Copy, Debug)]
pub struct WithPrivate<'a, T: ?Sized>(pub &'a T);

impl<T: HasPrivate + ?Sized> Serialize for WithPrivate<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_with_private(serializer)
    }
}

/// What [`WithPrivate`] can serialize: models, and lists, maps and pages of them. Cannot be implemented elsewhere.
pub trait HasPrivate: sealed::Sealed {
    /// Serializes the value with its private fields.
    ///
    /// # Errors
    /// Returns the error of the serializer.
    #[doc(hidden)]
    fn serialize_with_private<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// For `serialize_with`.
pub(super) fn serialize<T: HasPrivate, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.serialize_with_private(serializer)
}

/// Implements [`HasPrivate`] for a model: with the declaration of all of its fields if some are private, and with
/// `Serialize` otherwise.
macro_rules! has_private {
    ($model:ty, $whole:ident) => {
        impl $crate::model::private::sealed::Sealed for $model {}

        impl $crate::model::HasPrivate for $model {
            fn serialize_with_private<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $whole::serialize(self, serializer)
            }
        }
    };
}

pub(super) use has_private;

// What operations return that is not a model.
has_private!((), Serialize);
has_private!(String, Serialize);
has_private!(Metadata, Serialize);

impl<T: HasPrivate> sealed::Sealed for Option<T> {}

impl<T: HasPrivate> HasPrivate for Option<T> {
    fn serialize_with_private<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().map(WithPrivate).serialize(serializer)
    }
}

impl<T: HasPrivate> sealed::Sealed for [T] {}

impl<T: HasPrivate> HasPrivate for [T] {
    fn serialize_with_private<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for item in self {
            list.serialize_element(&WithPrivate(item))?;
        }
        list.end()
    }
}

impl<T: HasPrivate> sealed::Sealed for Vec<T> {}

impl<T: HasPrivate> HasPrivate for Vec<T> {
    fn serialize_with_private<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_slice().serialize_with_private(serializer)
    }
}

impl<T: HasPrivate> sealed::Sealed for BTreeMap<String, T> {}

impl<T: HasPrivate> HasPrivate for BTreeMap<String, T> {
    fn serialize_with_private<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(key, value)| (key, WithPrivate(value))))
    }
}

impl<T: HasPrivate> sealed::Sealed for Page<T> {}

impl<T: HasPrivate> HasPrivate for Page<T> {
    fn serialize_with_private<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(bound = "T: HasPrivate")]
        struct Whole<'a, T> {
            data: WithPrivate<'a, Vec<T>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            total_count: Option<i64>,
        }
        Whole { data: WithPrivate(&self.data), total_count: self.total_count }.serialize(serializer)
    }
}
