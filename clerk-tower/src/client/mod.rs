//! Outgoing calls to Clerk's Backend API.
//!
//! | module | contents |
//! |---|---|
//! | [`cache`] | the response cache behind [`Clerk::cached`](crate::Clerk::cached) |
//! | [`middleware`] | the layers of the default stack |
//! | [`options`] | per-call overrides of the client's settings |
//! | [`purpose`] | what a call is made for, which decides about the limits that apply to it |
//! | [`rate_limit`] | holds calls back after a 429 |
//! | [`retry`] | retries calls where that is safe |
//! | [`stack`] | the order of the layers |
//! | [`transport`] | sends requests: reqwest, hyper, or a service of your own |
//! | [`upload`] | reads a file to upload from a stream |

mod attempt;
mod backend;
pub mod cache;
mod config;
mod environment;
mod future;
pub mod middleware;
pub mod options;
mod pages;
pub mod purpose;
pub mod rate_limit;
pub mod retry;
pub(crate) mod revocations;
pub mod stack;
pub mod transport;
pub mod upload;

pub(crate) use self::{
    backend::{Backend, exchange},
    config::{KeysAddress, Problem, STACK_SETTINGS, parse, public_keys},
    environment::{AllMisnamed, Environment, with_live_key},
};
pub use self::{
    config::{Config, ConfigError},
    future::CallFuture,
    pages::PageStream,
};
