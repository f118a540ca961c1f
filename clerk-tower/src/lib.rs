#![doc = include_str!("../README.md")]

pub mod base_uri;
pub mod clock;
pub mod collect;
pub mod credentials;
pub mod deadline;
mod error;
pub mod transport;

pub use self::error::{BoxError, Error, ErrorKind};
