#![doc = include_str!("../README.md")]

pub mod authenticate;
pub mod base_uri;
#[cfg(feature = "blocking")]
pub mod blocking;
pub mod cache;
mod client;
pub mod clock;
pub mod collect;
pub mod concurrency;
pub mod credentials;
pub mod deadline;
mod error;
pub mod jwks;
mod notices;
pub mod options;
#[cfg(feature = "pacing")]
pub mod pacing;
pub mod proxy;
pub mod rate_limit;
pub mod reject;
pub mod require;
pub mod retry;
pub mod stack;
mod telemetry;
pub mod transport;
pub mod upload;
pub mod webhook;

pub use self::{
    client::{Clerk, ClerkBuilder, ConfigError, MachineClerk, PageStream, SendFuture},
    error::{BoxError, Error, ErrorKind},
};
