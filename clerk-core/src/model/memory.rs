//! How much memory models take.

use std::collections::BTreeMap;

use crate::{Page, Timestamp};

/// What has a memory that can be counted: models, and lists, maps and pages of them.
pub(crate) trait Memory {
    /// The memory that the value has allocated, in bytes.
    fn allocated(&self) -> usize;
}

/// The memory of a value, in bytes.
pub(crate) fn of<T: Memory>(value: &T) -> usize {
    size_of::<T>().saturating_add(value.allocated())
}

/// Implements [`Memory`] for a type: with those of its fields that allocate.
macro_rules! has_memory {
    ($model:ty $(, $field:tt)*) => {
        impl $crate::model::memory::Memory for $model {
            #[allow(deprecated, reason = "deprecated fields take memory too")]
            fn allocated(&self) -> usize {
                0_usize $(.saturating_add($crate::model::memory::Memory::allocated(&self.$field)))*
            }
        }
    };
}

pub(crate) use has_memory;

has_memory!(bool);
has_memory!(i64);
has_memory!(f64);
has_memory!(Timestamp);

impl Memory for String {
    fn allocated(&self) -> usize {
        self.capacity()
    }
}

impl<T: Memory> Memory for Option<T> {
    fn allocated(&self) -> usize {
        self.as_ref().map_or(0, T::allocated)
    }
}

impl<T: Memory> Memory for Vec<T> {
    fn allocated(&self) -> usize {
        let own = self.capacity().saturating_mul(size_of::<T>());
        self.iter().map(T::allocated).fold(own, usize::saturating_add)
    }
}

impl<T: Memory> Memory for BTreeMap<String, T> {
    fn allocated(&self) -> usize {
        // The nodes of a map have room for eleven entries, and are at least half full unless there is only one.
        let node = (size_of::<String>() + size_of::<T>()) * 11;
        let own = self.len().div_ceil(5).saturating_mul(node);
        let entries = self.iter().map(|(key, value)| key.capacity().saturating_add(value.allocated()));
        entries.fold(own, usize::saturating_add)
    }
}

impl<T: Memory> Memory for Page<T> {
    fn allocated(&self) -> usize {
        self.data.allocated()
    }
}
