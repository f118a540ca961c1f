//! What changed between two states, as JSON: what is added to the [file](crate::LocalClerkBuilder::file) of an instance.

use std::time::Duration;

use serde_json::Value;

/// A part of the state that is kept in a file.
pub(crate) trait Kept {
    /// Returns what makes `before` this; `None` if nothing has changed.
    fn changes_since(&self, before: &Self) -> Result<Option<Value>, CannotExpress>;

    /// Makes the changes that [`changes_since`](Self::changes_since) returned.
    fn apply(&mut self, changes: Value) -> Result<(), NotValid>;
}

/// The changes cannot be expressed, so the whole state has to be written.
#[derive(Debug)]
pub(crate) struct CannotExpress;

/// Changes in a file are not valid.
#[derive(Debug)]
pub(crate) struct NotValid;

/// Implements [`Kept`] for a struct field by field. The fields that are not saved have to be named, too, so that none is
/// forgotten.
macro_rules! kept_by_field {
    ($type:ty { $($field:ident),* $(,)? } without { $($other:ident),* $(,)? }) => {
        impl $crate::kept::Kept for $type {
            fn changes_since(&self, before: &Self) -> Result<Option<::serde_json::Value>, $crate::kept::CannotExpress> {
                let Self { $($field,)* $($other: _,)* } = self;
                let mut changes = ::serde_json::Map::new();
                $(if let Some(change) = $crate::kept::Kept::changes_since($field, &before.$field)? {
                    changes.insert(stringify!($field).to_owned(), change);
                })*
                Ok((!changes.is_empty()).then_some(::serde_json::Value::Object(changes)))
            }

            fn apply(&mut self, changes: ::serde_json::Value) -> Result<(), $crate::kept::NotValid> {
                let ::serde_json::Value::Object(changes) = changes else { return Err($crate::kept::NotValid) };
                for (name, change) in changes {
                    match name.as_str() {
                        $(stringify!($field) => $crate::kept::Kept::apply(&mut self.$field, change)?,)*
                        _ => return Err($crate::kept::NotValid),
                    }
                }
                Ok(())
            }
        }
    };
}

/// Implements [`Kept`] for small values, which are written as a whole.
macro_rules! kept_whole {
    ($($type:ty),* $(,)?) => {$(
        impl $crate::kept::Kept for $type {
            fn changes_since(&self, before: &Self) -> Result<Option<::serde_json::Value>, $crate::kept::CannotExpress> {
                let value = || ::serde_json::to_value(self).map_err(|_| $crate::kept::CannotExpress);
                (self != before).then(value).transpose()
            }

            fn apply(&mut self, changes: ::serde_json::Value) -> Result<(), $crate::kept::NotValid> {
                *self = ::serde_json::from_value(changes).map_err(|_| $crate::kept::NotValid)?;
                Ok(())
            }
        }
    )*};
}

pub(crate) use {kept_by_field, kept_whole};

kept_whole!(bool, String, Duration);
