//! Guards for routes: what a request needs before its handler runs.
//!
//! ```
//! use axum::{Router, routing::get};
//! use clerk_axum::{Clerk, ClerkLayer, require};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clerk = Clerk::builder().secret_key("sk_test_abc").build()?;
//! let reports = require::permission("org:reports:read").or(require::role("org:admin"));
//! let app: Router = Router::new()
//!     .route("/reports", get("reports").route_layer(reports))
//!     .route("/home", get("a page").route_layer(require::signed_in().redirect_to_sign_in()))
//!     .layer(ClerkLayer::new(&clerk));
//! # let _ = app; Ok(()) }
//! ```
//!
//! | a guard responds with | if |
//! |---|---|
//! | 401 | the request is not signed in |
//! | 403 | the session lacks what the guard requires |
//! | 503 | Clerk is needed to decide, and does not respond |
//! | 500 | [`ClerkLayer`](crate::ClerkLayer) is missing, or inside the guard |
//!
//! Guards combine with [`RequireLayer::and`] and [`RequireLayer::or`]. On pages, they can redirect to the sign-in page.
//!
//! # Which requests a guard covers
//!
//! A guard covers what was added before it:
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
//!     .route("/", get("public: it was added after the guard"))
//!     .layer(ClerkLayer::new(&clerk));
//! # let _ = app; Ok(()) }
//! ```
//!
//! `Router::route_layer` does not cover fallbacks; `Router::layer` does. The guide has a [table of every
//! position](crate::guide::layers#which-requests-a-guard-covers), and the four mistakes that leave something
//! unprotected.
//!
//! # Plans, features and reverification
//!
//! ```
//! use axum::{Router, routing::{get, post}};
//! use clerk_axum::{Clerk, ClerkLayer, require, token::{Check, Reverification, ReverificationLevel}};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clerk = Clerk::builder().secret_key("sk_test_abc").build()?;
//! // Requires all parts.
//! let may_delete = Check::new().permission("org:team:delete").reverification(Reverification::STRICT_MFA);
//! // Requires the first factor, such as a password, within the last five minutes.
//! let recent = Reverification::new(ReverificationLevel::FirstFactor, 5);
//! let app: Router = Router::new()
//!     .route("/export", get("a file").route_layer(require::feature("export")))
//!     .route("/seats", get("seats").route_layer(require::plan("org:gold")))
//!     .route("/email", post("changed").route_layer(require::reverification(recent)))
//!     .route("/team/delete", post("gone").route_layer(require::has(may_delete)))
//!     .layer(ClerkLayer::new(&clerk));
//! # let _ = app; Ok(()) }
//! ```
//!
//! A missing feature gets 403 `feature-missing`, a missing plan 403 `plan-missing`. If only the
//! [reverification](https://clerk.com/docs/guides/secure/reverification) is missing, the response is 403 with a body that
//! Clerk's front ends understand: they let the user verify, and resend the request. The body contains the name of a preset, or an object such as `{"level": "first_factor", "afterMinutes": 5}`:
//!
//! ```json
//! {"clerk_error": {
//!     "type": "forbidden",
//!     "reason": "reverification-error",
//!     "metadata": {"reverification": "strict_mfa"}
//! }}
//! ```

use std::borrow::Cow;

use clerk_core::token::{Check, Reverification, TokenKind};
pub use clerk_tower::server::require::RequireLayer;

/// Requires a signed-in request.
pub fn signed_in() -> RequireLayer {
    RequireLayer::signed_in()
}

/// Requires this permission in the active organization, such as `org:reports:read`.
pub fn permission(permission: impl Into<Cow<'static, str>>) -> RequireLayer {
    RequireLayer::permission(permission)
}

/// Requires this role in the active organization, such as `org:admin`.
pub fn role(role: impl Into<Cow<'static, str>>) -> RequireLayer {
    RequireLayer::role(role)
}

/// Requires this feature in the plan of the active organization or of the user.
///
/// `org:name` or `user:name` checks only one of them. Rejects with 403 `feature-missing`. See the
/// [example](self#plans-features-and-reverification).
pub fn feature(feature: impl Into<Cow<'static, str>>) -> RequireLayer {
    RequireLayer::feature(feature)
}

/// Requires this plan of the active organization or of the user.
///
/// `org:name` or `user:name` checks only one of them. Rejects with 403 `plan-missing`. See the
/// [example](self#plans-features-and-reverification).
pub fn plan(plan: impl Into<Cow<'static, str>>) -> RequireLayer {
    RequireLayer::plan(plan)
}

/// Requires a recent reverification.
///
/// Rejects with 403 `reverification-error`, in a [body](self#plans-features-and-reverification) that makes Clerk's front
/// ends let the user verify and resend the request.
pub fn reverification(reverification: Reverification) -> RequireLayer {
    RequireLayer::reverification(reverification)
}

/// Requires every part of `check`.
///
/// The rejection names the first part that is missing, and a missing reverification only if nothing else is missing. An
/// empty check rejects every request. See the [example](self#plans-features-and-reverification).
pub fn has(check: Check) -> RequireLayer {
    RequireLayer::has(check)
}

/// Requires a verified token of one of these kinds.
///
/// The layer must accept all of them; see [`ApiKey`](crate::ApiKey) for an example. Without any kind, every request is
/// rejected.
///
/// ```
/// use axum::{Router, routing::get};
/// use clerk_axum::{require, token::TokenKind};
///
/// let guard = require::token([TokenKind::Session, TokenKind::ApiKey]);
/// let app: Router = Router::new().route("/reports", get("for users and their scripts").route_layer(guard));
/// # let _ = app;
/// ```
pub fn token(kinds: impl IntoIterator<Item = TokenKind>) -> RequireLayer {
    RequireLayer::token(kinds)
}

/// Requires a verified machine token of this kind. The layer must accept the kind.
pub fn machine(kind: TokenKind) -> RequireLayer {
    RequireLayer::machine(kind)
}

/// Requires a verified machine token of this kind that has this scope.
pub fn scope(kind: TokenKind, scope: impl Into<Cow<'static, str>>) -> RequireLayer {
    RequireLayer::scope(kind, scope)
}
