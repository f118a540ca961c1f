//! clerk-tower

pub mod clock;
#[cfg(feature = "local")]
pub mod local;
