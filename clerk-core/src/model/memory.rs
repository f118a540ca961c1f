//! How much memory models take.

use std::collections::BTreeMap;

use crate::{AnyJson, Metadata, Page, Timestamp};

/// What has a memory that can be counted: models, and lists, maps and pages of them.
pub(crate) trait Memory {
    /// The memory of the lists and maps in the value, in bytes. Strings are not counted.
    fn lists(&self) -> usize;
}

/// The memory of a value, in bytes. Strings are not counted.
pub(crate) fn of<T: Memory>(value: &T) -> usize {
    size_of::<T>().saturating_add(value.lists())
}

/// Implements [`Memory`] for a type: with those of its fields that contain lists.
macro_rules! has_memory {
    ($model:ty $(, $field:ident)*) => {
        impl $crate::model::memory::Memory for $model {
            #[allow(deprecated, reason = "deprecated fields take memory too")]
            fn lists(&self) -> usize {
                0_usize $(.saturating_add($crate::model::memory::Memory::lists(&self.$field)))*
            }
        }
    };
}

pub(crate) use has_memory;

has_memory!(bool);
has_memory!(i64);
has_memory!(f64);
has_memory!(String);
has_memory!(Timestamp);
has_memory!(Metadata);
has_memory!(AnyJson);

impl<T: Memory> Memory for Option<T> {
    fn lists(&self) -> usize {
        self.as_ref().map_or(0, T::lists)
    }
}

impl<T: Memory> Memory for Vec<T> {
    fn lists(&self) -> usize {
        let own = self.capacity().saturating_mul(size_of::<T>());
        self.iter().map(T::lists).fold(own, usize::saturating_add)
    }
}

impl<T: Memory> Memory for BTreeMap<String, T> {
    fn lists(&self) -> usize {
        // The nodes of a map have room for eleven entries, and are at least half full unless there is only one.
        let node = (size_of::<String>() + size_of::<T>()) * 11;
        let own = self.len().div_ceil(5).saturating_mul(node);
        self.values().map(T::lists).fold(own, usize::saturating_add)
    }
}

impl<T: Memory> Memory for Page<T> {
    fn lists(&self) -> usize {
        self.data.lists()
    }
}
