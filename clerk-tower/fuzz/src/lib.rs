//! The fuzz targets: a function of any bytes for each part whose input strangers choose.
//!
//! No input may cause a panic. Further properties are asserted, and described at each target.

mod fleet;
mod keys;
mod proxy;
pub mod seeds;
#[cfg(test)]
#[path = "../../../clerk-core/fuzz/src/tests.rs"]
mod tests;

pub use self::{fleet::fleet, keys::keys, proxy::proxy};

/// A fuzz target.
pub type Target = fn(&[u8]);

/// All targets, by name.
pub const TARGETS: [(&str, Target); 3] = [("fleet", fleet), ("keys", keys), ("proxy", proxy)];
