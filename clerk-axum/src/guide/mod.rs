#![doc = include_str!("links.md")]
#![doc = include_str!("README.md")]

// Each page is read in two places: here, and on a code host. Its links are references, such as `[caching][caching]`. `links.md`
// comes first, so in the documentation its definitions win, which name modules and types. On a code host there are only the
// definitions at the end of each page, which name files. A test compares the two (`tests/tests/it/guide.rs`).
// Doc tests are named after `links.md`, too: the lines of a page are counted after its lines.

#[doc = include_str!("links.md")]
#[doc = include_str!("layers.md")]
pub mod layers {}

#[doc = include_str!("links.md")]
#[doc = include_str!("extractors.md")]
pub mod extractors {}

#[doc = include_str!("links.md")]
#[doc = include_str!("sign_in.md")]
pub mod sign_in {}

// Always shown; its code needs these features. The same goes for some others below.
#[doc = include_str!("links.md")]
#[cfg_attr(any(not(doctest), all(feature = "blocking", feature = "pacing")), doc = include_str!("call_the_api.md"))]
pub mod call_the_api {}

#[doc = include_str!("links.md")]
#[doc = include_str!("caching.md")]
pub mod caching {}

#[doc = include_str!("links.md")]
#[doc = include_str!("cookies.md")]
pub mod cookies {}

#[doc = include_str!("links.md")]
#[doc = include_str!("organizations.md")]
pub mod organizations {}

#[doc = include_str!("links.md")]
#[doc = include_str!("metadata.md")]
pub mod metadata {}

// The code of these pages is part of `examples`, where it is compiled, tested, and compared with the pages.
#[doc = include_str!("links.md")]
#[cfg_attr(not(doctest), doc = include_str!("errors.md"))]
pub mod errors {}

#[doc = include_str!("links.md")]
#[cfg_attr(feature = "local", doc = include_str!("webhooks.md"))]
#[cfg_attr(not(feature = "local"), doc = "Webhooks. This page needs the feature `local`.")]
pub mod webhooks {}

#[doc = include_str!("links.md")]
#[cfg_attr(not(doctest), doc = include_str!("database.md"))]
pub mod database {}

#[doc = include_str!("links.md")]
#[cfg_attr(not(doctest), doc = include_str!("recipes.md"))]
pub mod recipes {}

#[doc = include_str!("links.md")]
#[doc = include_str!("machine_tokens.md")]
pub mod machine_tokens {}

#[doc = include_str!("links.md")]
#[cfg_attr(all(feature = "resource", any(not(doctest), feature = "local")), doc = include_str!("mcp.md"))]
#[cfg_attr(not(feature = "resource"), doc = "MCP servers. This page needs the feature `resource`.")]
pub mod mcp {}

#[doc = include_str!("links.md")]
#[doc = include_str!("verification.md")]
pub mod verification {}

#[doc = include_str!("links.md")]
#[cfg_attr(not(doctest), doc = include_str!("openapi.md"))]
pub mod openapi {}

#[doc = include_str!("links.md")]
#[doc = include_str!("frameworks.md")]
pub mod frameworks {}

#[doc = include_str!("links.md")]
#[cfg_attr(feature = "local", doc = include_str!("testing.md"))]
#[cfg_attr(not(feature = "local"), doc = "Testing. This page needs the feature `local`.")]
pub mod testing {}

#[doc = include_str!("links.md")]
#[doc = include_str!("security.md")]
pub mod security {}

#[doc = include_str!("links.md")]
#[doc = include_str!("deploy.md")]
pub mod deploy {}

#[doc = include_str!("links.md")]
#[cfg_attr(any(not(doctest), feature = "redis"), doc = include_str!("fleet.md"))]
pub mod fleet {}

#[doc = include_str!("links.md")]
#[doc = include_str!("upgrade.md")]
pub mod upgrade {}

#[doc = include_str!("links.md")]
#[doc = include_str!("migration.md")]
pub mod migration {}

#[doc = include_str!("links.md")]
#[doc = include_str!("troubleshooting.md")]
pub mod troubleshooting {}
