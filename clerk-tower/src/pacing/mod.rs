//! Going slowly on purpose, for jobs that make very many calls.
//!
//! A batch job that uses up the instance's rate takes it from the service that people wait for. [`PacingLayer`] lets
//! calls through at a steady pace; the [rate-limit gate](crate::rate_limit) still answers when Clerk says stop. It
//! knows of this process alone: give each of several jobs its share.
//!
//! ```
//! use clerk_tower::{Clerk, pacing::PacingLayer};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clerk = Clerk::builder()
//!     .secret_key("sk_live_abc")
//!     // Half of what a production instance may do, and no deadline that waiting could miss.
//!     .layer(PacingLayer::per_second(50))
//!     .build()?;
//! # let _ = clerk; Ok(()) }
//! ```
//!
//! Added with [`ClerkBuilder::layer`](crate::ClerkBuilder::layer) it stands outside of the whole stack, so that
//! waiting for a turn counts towards no deadline of [`Clerk::send`](crate::Clerk::send). What
//! [`Clerk::cached`](crate::Clerk::cached) and the decision about a request wait for has an end of its own, in which
//! the turn counts: a service that people wait for needs another client than its job. What is sent again keeps no pace
//! of its own.

mod layer;
mod service;

pub use self::{layer::PacingLayer, service::Pacing};
