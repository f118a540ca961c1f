//! Tests of the public API, as a dependent uses it. They are one program, since linking several takes longer.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]
#![recursion_limit = "256"]

mod authenticate;
mod models;
mod models_instance;
mod models_machine;
mod models_organization;
mod requests;
mod requests_instance;
mod requests_machine;
mod requests_organization;

/// Helpers that the modules about decisions share.
use self::authenticate::{tokens, visit};
