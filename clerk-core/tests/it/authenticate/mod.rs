//! Decisions about requests: each rule, and properties that hold for any input.

mod browsers;
mod deviations;
mod diagnoses;
mod handshakes;
mod header;
mod kinds;
mod machines;
mod organizations;
mod outages;
mod properties;
mod redirects;
mod referrers;
mod refreshes;
mod revocations;
mod satellites;
mod selection;
pub(crate) mod tokens;
mod verification;
pub(crate) mod visit;
