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
    /// Everything it takes, past what Clerk's document says: with parameters that the document lacks or calls
    /// deprecated, and several values where it has one. Only where that differs from [`Sample::Maximal`].
    Beyond,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minimal => "minimal",
            Self::Maximal => "maximal",
            Self::Beyond => "beyond",
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
