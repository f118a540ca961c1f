//! Runs the programs as their users would: starts them, sends requests over sockets, and looks at the responses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod applications;
mod lambda;
mod program;
mod servers;
