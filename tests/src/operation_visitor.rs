//! The visitor of the samples of all operations.

use std::fmt;

use clerk_core::Operation;

/// Which fields of an operation are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// The required fields.
    Minimal,
    /// All fields.
    Maximal,
    /// All fields, including parameters that Clerk's document omits or deprecates, and with several values where the
    /// document allows only one. Only exists if it differs from [`Sample::Maximal`].
    Undocumented,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minimal => "minimal",
            Self::Maximal => "maximal",
            Self::Undocumented => "undocumented",
        })
    }
}

/// A generic visitor of operations.
pub trait OperationVisitor {
    /// Visits a sample of one operation.
    fn visit<O>(&mut self, sample: Sample, operation: O)
    where
        O: Operation<Output: Send> + Clone + Send + Sync + 'static;
}
