//! Guards for routes: what a session must have before the handler runs.
//!
//! A guard answers 401 to requests that are not signed in, 403 to sessions that lack what it asks for, 503 when Clerk
//! did not answer, and 500 when [`ClerkLayer`](crate::ClerkLayer) is missing. Guards are values and combine, and a
//! page's guard can send visitors to sign in:
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
//! # Which requests a guard covers
//!
//! Layers cover what stands before them. `app.route(..).layer(guard).route(..)` guards the first route only.
//!
//! | put on with | covers | open |
//! |---|---|---|
//! | `get(..).route_layer(..)` | the methods before it, HEAD with GET | methods that are added after it, and the route's own fallback for others |
//! | `get(..).layer(..)` | the same, and every method that the route does not have; `any(..)` takes only this one | methods that are added after it, and a fallback for others that is set after it |
//! | `Router::route_layer` | the routes before it, also nested and merged ones, with every method | routes that are added, nested or merged after it; **the fallback**, wherever it stands |
//! | `Router::layer` | the same, and the fallback | routes that are added, nested or merged after it, and a fallback that is set after it |
//! | any of these, then `Router::method_not_allowed_fallback` | what it covered | **that fallback**, for the methods that the routes do not have |
//! | `Router::method_not_allowed_fallback`, then a `Router`'s `layer` or `route_layer` | that fallback too | |
//!
//! What makes a door that is open by mistake, and how to close it:
//!
//! - A fallback that serves something, such as files, under `route_layer`. Use `layer`, or put the guard on the
//!   fallback: `.fallback_service(get(files).layer(guard))`.
//! - A route that is added below the guard. Build the guarded routes as a router of their own, put the guard on that
//!   last, and nest or merge it.
//! - A nested router without a fallback has that of the router around it, past its own guards. So has one with a
//!   fallback, when it is nested in a router without one, and that in another: axum forgets the inner one. `layer` on
//!   the outer router covers it.
//! - A `method_not_allowed_fallback` that serves something and is set after the guard: axum then puts it into the
//!   routes before it, nested ones too, wherever these have no fallback for other methods of their own. Set it before
//!   the guard, on the router that is guarded.
//!
//! A guard never opens one: outside of `ClerkLayer`, or without it, everything that it covers is 500. Put `ClerkLayer`
//! on last, so that it stands outside of all guards. It covers everything before it, the fallback too; a guarded
//! route that is added after it is 500. A layer for CORS goes outside of both, or preflights are turned away: a guard
//! asks OPTIONS for a session like every other method.
//!
//! Several guards around each other must all let a request pass, like [`RequireLayer::and`]; the outermost answers
//! first:
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
//!
//! # Plans, features, and a recent proof
//!
//! ```
//! use axum::{Router, routing::{get, post}};
//! use clerk_axum::{Clerk, ClerkLayer, require, token::{Check, Reverification, ReverificationLevel}};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clerk = Clerk::builder().secret_key("sk_test_abc").build()?;
//! // All of it, asked at once.
//! let may_delete = Check::new().permission("org:team:delete").reverification(Reverification::STRICT_MFA);
//! // The first factor, a password for example, within five minutes.
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
//! A missing feature is 403 `feature-missing`, a missing plan 403 `plan-missing`. When nothing but the recent proof is
//! missing, the answer is 403 with the body that Clerk's front ends know: they ask for the proof, and send the request
//! again. A preset stands there by its name, and another demand as an object,
//! `{"level": "first_factor", "afterMinutes": 5}`:
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

/// The active organization's or the user's plan must have this feature; `org:name` or `user:name` asks one of them. The
/// others get 403 `feature-missing`. [The module](self#plans-features-and-a-recent-proof) has an example.
pub fn feature(feature: impl Into<Cow<'static, str>>) -> RequireLayer {
    RequireLayer::feature(feature)
}

/// The active organization or the user must have this plan; `org:name` or `user:name` asks one of them. The others get
/// 403 `plan-missing`. [The module](self#plans-features-and-a-recent-proof) has an example.
pub fn plan(plan: impl Into<Cow<'static, str>>) -> RequireLayer {
    RequireLayer::plan(plan)
}

/// The user must have proven recently who they are. Otherwise the answer is the one that makes Clerk's front ends ask
/// for the proof and send the request again: 403 `reverification-error`, with a
/// [body of its own](self#plans-features-and-a-recent-proof).
pub fn reverification(reverification: Reverification) -> RequireLayer {
    RequireLayer::reverification(reverification)
}

/// The session must pass every part of `check`; the answer names the first that it does not pass, a missing
/// reverification only when nothing else is missing. An empty check passes nobody.
/// [The module](self#plans-features-and-a-recent-proof) has an example.
pub fn has(check: Check) -> RequireLayer {
    RequireLayer::has(check)
}

/// The request must carry a good token of one of these kinds, a session's among them or not. The layer has to accept
/// all of them; see [`ApiKey`](crate::ApiKey) for how.
///
/// ```
/// use axum::{Router, routing::get};
/// use clerk_axum::{require, token::TokenKind};
///
/// let guard = require::token([TokenKind::Session, TokenKind::ApiKey]);
/// let app: Router = Router::new().route("/reports", get("for people and their scripts").route_layer(guard));
/// # let _ = app;
/// ```
pub fn token(kinds: impl IntoIterator<Item = TokenKind>) -> RequireLayer {
    RequireLayer::token(kinds)
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
