//! The examples as programs, and their parts as libraries.

mod grpc;
mod programs;
mod surfing;
