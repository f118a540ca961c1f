//! Guards for routes: what a session must have before the handler runs.
//!
//! A guard answers 401 to requests that are not signed in, 403 to sessions that lack what it asks for, and 500
//! when [`ClerkLayer`](crate::ClerkLayer) is missing. Put it on routes with `route_layer`; it then covers the
//! routes that were added before it, and neither later ones nor the fallback.
//!
//! ```
//! use axum::{Router, routing::get};
//! use clerk_axum::{Clerk, ClerkLayer, require};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clerk = Clerk::builder().secret_key("sk_test_abc").build()?;
//! let app: Router = Router::new()
//!     .route("/reports", get("reports").route_layer(require::permission("org:reports:read")))
//!     .route("/settings", get("settings").route_layer(require::role("org:admin")))
//!     .route_layer(require::signed_in())
//!     .route("/", get("open to everybody: it was added after the guard"))
//!     .layer(ClerkLayer::new(&clerk));
//! # let _ = app; Ok(()) }
//! ```

use std::borrow::Cow;

use clerk_core::token::{Check, TokenKind};
use clerk_tower::require::RequireLayer;

/// The request must be signed in.
pub fn signed_in() -> RequireLayer {
    RequireLayer::signed_in()
}

/// The active organization must grant this permission, for example `org:reports:read`.
pub fn permission(permission: impl Into<Cow<'static, str>>) -> RequireLayer {
    RequireLayer::permission(permission)
}

/// The session must have this role in the active organization, for example `org:admin`.
pub fn role(role: impl Into<Cow<'static, str>>) -> RequireLayer {
    RequireLayer::role(role)
}

/// The session must pass every part of `check`.
pub fn has(check: Check) -> RequireLayer {
    RequireLayer::has(check)
}

/// The request must carry a machine's token of this kind. The layer has to accept it; see
/// [`ApiKey`](crate::ApiKey) for how.
pub fn machine(kind: TokenKind) -> RequireLayer {
    RequireLayer::machine(kind)
}

/// The request must carry a machine's token of this kind that has this scope.
pub fn scope(kind: TokenKind, scope: impl Into<Cow<'static, str>>) -> RequireLayer {
    RequireLayer::scope(kind, scope)
}
