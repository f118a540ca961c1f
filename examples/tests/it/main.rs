//! Runs the examples: as programs, and the layers of one of them in this process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod applications;
mod grpc;
mod programs;
mod surfing;
