//! The server on a socket, its instance on another, and clients that go through the whole flow.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod browser;
mod client;
mod flow;
mod requests;
mod server;
