//! The examples as programs, and their parts as libraries.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod grpc;
mod programs;
mod surfing;
