//! Runs the examples: as programs, and the layers of one of them in this process.

mod grpc;
mod programs;
mod surfing;
