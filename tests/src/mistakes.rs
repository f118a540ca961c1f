//! What the programs in `tests/ui` use: one crate to link, so that they need no package of their own.

pub use {axum, clerk_axum, clerk_core, clerk_tower, tokio};
