#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("overview.md")]
#![doc = "\n"]
#![doc = include_str!("telemetry.md")]

mod clerk;
pub mod client;
pub mod clock;
mod error;
pub mod fleet;
mod intake;
pub mod keys;
mod log_limiter;
mod runtime;
pub mod server;
mod single_flight;
mod telemetry;

#[cfg(feature = "blocking")]
pub use self::clerk::blocking;
pub use self::{
    clerk::{Clerk, ClerkBuilder, ClerkVerifier, MachineClerk},
    client::{Config, ConfigError, PageStream},
    error::{BoxError, Error, ErrorKind},
    intake::WebhookLimits,
};

/// Compiles the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
