//! The decision about a request, rule by rule: what each row of it says, and what holds whatever is sent.

mod browsers;
mod deviations;
mod handshakes;
mod header;
mod machines;
mod organizations;
mod outages;
mod properties;
mod redirects;
mod referrers;
mod refreshes;
mod satellites;
mod selection;
pub(crate) mod tokens;
mod verification;
pub(crate) mod visit;
