//! What the samples of all operations are shown to.

use std::fmt;

use clerk_core::Operation;

/// How much of an operation is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// What it requires.
    Minimal,
    /// Everything it takes.
    Maximal,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minimal => "minimal",
            Self::Maximal => "maximal",
        })
    }
}

/// Sees samples of operations, whatever their types.
pub trait Visit {
    /// Sees one.
    fn visit<O>(&mut self, sample: Sample, operation: O)
    where
        O: Operation<Output: Send> + Clone + Send + Sync + 'static;
}
