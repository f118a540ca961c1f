//! Guide: short pages on how to set things up, and what to do if something does not work.
//!
//! | page | content |
//! |---|---|
//! | [`layers`] | the order of [`ClerkLayer`](crate::ClerkLayer), guards, CORS and others; what guards cover |
//! | [`extractors`] | what handlers can ask for, and how requests without it are rejected |
//! | [`cookies`] | how a page stays signed in; forms and sign-out |
//! | [`caching`] | what is cached, for how long, and what invalidates it |
//! | [`fleet`] | several processes that act as one, through Redis or Valkey |
//! | [`webhooks`] | notifications from Clerk |
//! | [`database`] | your own rows for Clerk's users; each webhook handled once |
//! | [`recipes`] | WebSocket and event streams, tenants, administrators, your own error type, a front end on another origin |
//! | [`openapi`] | security schemes and responses, with aide or with utoipa |
//! | [`verification`] | without the secret key; several instances; keys of your own in the same header |
//! | [`machine_tokens`] | API keys, M2M tokens and OAuth tokens |
//! | [`mcp`] | MCP servers, and other APIs that OAuth clients call |
//! | [`frameworks`] | actix-web, poem, Lambda, and whatever is not built on tower |
//! | [`testing`] | tests and development without an account |
//! | [`security`] | what to set in production, what is checked, and what is not |
//! | [`migration`] | from Express, Next.js, Go, clerk-rs, or a layer of your own |
//! | [`troubleshooting`] | symptoms, causes and remedies |

#[doc = include_str!("layers.md")]
pub mod layers {}

#[doc = include_str!("extractors.md")]
pub mod extractors {}

#[doc = include_str!("cookies.md")]
pub mod cookies {}

#[doc = include_str!("caching.md")]
pub mod caching {}

#[doc = include_str!("fleet.md")]
pub mod fleet {}

#[cfg_attr(feature = "local", doc = include_str!("webhooks.md"))]
#[cfg_attr(not(feature = "local"), doc = "Webhooks. This page needs the feature `local`.")]
pub mod webhooks {}

// The code of these pages is part of `examples`, where it is compiled, tested, and compared with the pages.
#[cfg_attr(not(doctest), doc = include_str!("database.md"))]
pub mod database {}

#[cfg_attr(not(doctest), doc = include_str!("recipes.md"))]
pub mod recipes {}

#[cfg_attr(not(doctest), doc = include_str!("openapi.md"))]
pub mod openapi {}

#[doc = include_str!("verification.md")]
pub mod verification {}

#[doc = include_str!("machine_tokens.md")]
pub mod machine_tokens {}

#[cfg_attr(feature = "resource", doc = include_str!("mcp.md"))]
#[cfg_attr(not(feature = "resource"), doc = "MCP servers. This page needs the feature `resource`.")]
pub mod mcp {}

#[doc = include_str!("frameworks.md")]
pub mod frameworks {}

#[cfg_attr(feature = "local", doc = include_str!("testing.md"))]
#[cfg_attr(not(feature = "local"), doc = "Testing. This page needs the feature `local`.")]
pub mod testing {}

#[doc = include_str!("security.md")]
pub mod security {}

#[doc = include_str!("migration.md")]
pub mod migration {}

#[doc = include_str!("troubleshooting.md")]
pub mod troubleshooting {}
