//! The crate from outside, as a dependent sees it: one program, so that there is one to link.
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

/// What the modules about the decision share.
use self::authenticate::{tokens, visit};
