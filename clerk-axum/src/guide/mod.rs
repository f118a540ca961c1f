//! Pages to read, each in two minutes: how things are put together, and what to do when they are not.
//!
//! | page | |
//! |---|---|
//! | [`layers`] | where [`ClerkLayer`](crate::ClerkLayer), guards, CORS and the rest stand, and which doors stay open |
//! | [`extractors`] | what a handler may ask for, and what is answered when it is not there |
//! | [`cookies`] | how a page stays signed in |
//! | [`caching`] | what is remembered, how old it may be, and what makes it forgotten |
//! | [`webhooks`] | what Clerk tells your service |
//! | [`machine_tokens`] | API keys, M2M and OAuth tokens |
//! | [`testing`] | your application's tests, offline |
//! | [`security`] | what is checked, what is not, and what to set in production |
//! | [`migration`] | from clerk-rs, and from a layer of one's own |
//! | [`troubleshooting`] | what you see, why, and what to do |

#[doc = include_str!("layers.md")]
pub mod layers {}

#[doc = include_str!("extractors.md")]
pub mod extractors {}

#[doc = include_str!("cookies.md")]
pub mod cookies {}

#[doc = include_str!("caching.md")]
pub mod caching {}

#[cfg_attr(feature = "local", doc = include_str!("webhooks.md"))]
#[cfg_attr(not(feature = "local"), doc = "This page is there with the feature `local`.")]
pub mod webhooks {}

#[doc = include_str!("machine_tokens.md")]
pub mod machine_tokens {}

#[cfg_attr(feature = "local", doc = include_str!("testing.md"))]
#[cfg_attr(not(feature = "local"), doc = "This page is there with the feature `local`.")]
pub mod testing {}

#[doc = include_str!("security.md")]
pub mod security {}

#[doc = include_str!("migration.md")]
pub mod migration {}

#[doc = include_str!("troubleshooting.md")]
pub mod troubleshooting {}
