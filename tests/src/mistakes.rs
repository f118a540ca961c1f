//! Reexports for the programs in `tests/ui`, which link only this crate and need no package.

pub use {axum, clerk_axum, clerk_core, clerk_tower, tokio};
