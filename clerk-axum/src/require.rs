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
//!
//! # Rules of your own
//!
//! [`session`], [`claims`] and [`request`](fn@request) require what a function of yours accepts. They combine with all other
//! guards, so a route can accept users with a permission as well as clients that have an API key of your own:
//!
//! ```
//! use axum::{Router, extract::Request, middleware::map_request, routing::get};
//! use clerk_axum::{Clerk, ClerkLayer, Rejection, require};
//!
//! /// A client whose API key was checked.
//! #[derive(Clone)]
//! struct OwnClient(&'static str);
//!
//! /// Looks the key up. Here there is only one.
//! async fn check_key(mut request: Request) -> Request {
//!     let key = request.headers().get("x-api-key").map(|key| key.as_bytes());
//!     if key == Some(b"secret") {
//!         request.extensions_mut().insert(OwnClient("the importer"));
//!     }
//!     request
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clerk = Clerk::builder().secret_key("sk_test_abc").build()?;
//! let own_key = require::request(|head| match head.extensions.get::<OwnClient>() {
//!     Some(_) => Ok(()),
//!     None => Err(Rejection::unauthorized("api-key-missing")),
//! });
//! let not_for_support = require::session("no-impersonation", |session| session.actor().is_none());
//! let app: Router = Router::new()
//!     .route("/reports", get("reports").route_layer(require::permission("org:reports:read").or(own_key)))
//!     .route("/account", get("account").route_layer(not_for_support))
//!     .layer(map_request(check_key))
//!     .layer(ClerkLayer::new(&clerk));
//! # let _ = app; Ok(()) }
//! ```
//!
//! In the handler, `Option<Session>` tells the two apart. A rule in a handler's signature is [`Meets`](crate::Meets).

use std::borrow::Cow;

use clerk_core::token::{Check, Reverification, TokenKind};
use clerk_tower::server::{
    require::{Require, RequireLayer as Guard},
    resource::{CallScopes, CallScopesLayer},
};
use http::request::Parts;
use serde::de::DeserializeOwned;
use tower_layer::Layer;

use crate::{
    Rejection, Session,
    service::{AxumBody, AxumCall},
};

/// Layer that lets a request through or rejects it. The functions of this [module](self) create it.
#[derive(Clone, Debug)]
#[must_use]
pub struct RequireLayer(Guard);

impl RequireLayer {
    /// Combines two guards: both must let the request through. Nested guards do the same, and the outer one responds
    /// first.
    ///
    /// Both check every request. If both reject it, the more severe rejection wins: 500, then 503, 403, 401. On a tie
    /// the left one wins, and a missing reverification comes after every other 403.
    pub fn and(self, other: Self) -> Self {
        Self(self.0.and(other.0))
    }

    /// Combines two guards: one of them must let the request through.
    ///
    /// Both check every request. If both reject it, the more severe rejection wins: 500, then 503, 403, 401. On a tie
    /// the left one wins, and a missing reverification comes before every other 403, because the user can do something
    /// about it. If one guard cannot decide, the other one decides.
    ///
    /// ```
    /// use clerk_axum::require;
    ///
    /// let guard = require::permission("org:reports:read").or(require::role("org:admin"));
    /// # let _ = guard;
    /// ```
    pub fn or(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }

    /// Redirects requests for pages that are not signed in to the sign-in page, and from there back. Sessions with
    /// pending tasks are redirected to the page for these tasks. See
    /// [`redirect_to_sign_in`](Guard::redirect_to_sign_in) of `clerk-tower` for which requests are redirected.
    pub fn redirect_to_sign_in(self) -> Self {
        Self(self.0.redirect_to_sign_in())
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = AxumBody<Require<S>>;

    fn layer(&self, inner: S) -> Self::Service {
        AxumBody::new(self.0.layer(inner))
    }
}

/// Requires a signed-in request.
pub fn signed_in() -> RequireLayer {
    RequireLayer(Guard::signed_in())
}

/// Requires this permission in the active organization, such as `org:reports:read`.
///
/// No session token contains Clerk's system permissions (`org:sys_…`), so a guard for one lets nobody in.
pub fn permission(permission: impl Into<Cow<'static, str>>) -> RequireLayer {
    RequireLayer(Guard::permission(permission))
}

/// Requires this role in the active organization, such as `org:admin`.
pub fn role(role: impl Into<Cow<'static, str>>) -> RequireLayer {
    RequireLayer(Guard::role(role))
}

/// Requires this feature in the plan of the active organization or of the user.
///
/// `org:name` or `user:name` checks only one of them. Rejects with 403 `feature-missing`. See the
/// [example](self#plans-features-and-reverification).
pub fn feature(feature: impl Into<Cow<'static, str>>) -> RequireLayer {
    RequireLayer(Guard::feature(feature))
}

/// Requires this plan of the active organization or of the user.
///
/// `org:name` or `user:name` checks only one of them. Rejects with 403 `plan-missing`. See the
/// [example](self#plans-features-and-reverification).
pub fn plan(plan: impl Into<Cow<'static, str>>) -> RequireLayer {
    RequireLayer(Guard::plan(plan))
}

/// Requires a recent reverification.
///
/// Rejects with 403 `reverification-error`, in a [body](self#plans-features-and-reverification) that makes Clerk's front
/// ends let the user verify and resend the request.
pub fn reverification(reverification: Reverification) -> RequireLayer {
    RequireLayer(Guard::reverification(reverification))
}

/// Requires every part of `check`.
///
/// The rejection names the first part that is missing, and a missing reverification only if nothing else is missing. An
/// empty check rejects every request. See the [example](self#plans-features-and-reverification).
pub fn has(check: Check) -> RequireLayer {
    RequireLayer(Guard::has(check))
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
    RequireLayer(Guard::token(kinds))
}

/// Requires a verified machine token of this kind. The layer must accept the kind.
pub fn machine(kind: TokenKind) -> RequireLayer {
    RequireLayer(Guard::machine(kind))
}

/// Requires a verified machine token of this kind that has this scope.
pub fn scope(kind: TokenKind, scope: impl Into<Cow<'static, str>>) -> RequireLayer {
    RequireLayer(Guard::scope(kind, scope))
}

/// Requires a session that a predicate of yours accepts. Rejects others with 403 and `code`, a stable code of yours.
///
/// ```
/// use axum::{Router, routing::delete};
/// use clerk_axum::require;
///
/// // Members of the support team who act for a user must not delete anything.
/// let guard = require::session("no-impersonation", |session| session.actor().is_none());
/// let app: Router = Router::new().route("/account", delete("deleted").route_layer(guard));
/// # let _ = app;
/// ```
///
/// A code has 1 to 64 lower-case ASCII letters, digits, `-` and `_`, and begins with a letter. Any other is replaced by
/// `check-failed`, and a warning is logged. The predicate runs for each request, and must not block.
pub fn session<F>(code: impl Into<Cow<'static, str>>, is_accepted: F) -> RequireLayer
where
    F: Fn(&Session) -> bool + Send + Sync + 'static,
{
    RequireLayer(Guard::session(code, move |session| is_accepted(&Session::new(session.clone()))))
}

/// Requires a session whose claims, custom ones included, a predicate of yours accepts. Rejects others with 403 and `code`,
/// as [`session`] does.
///
/// ```
/// use axum::{Router, routing::get};
/// use clerk_axum::require;
///
/// #[derive(serde::Deserialize)]
/// struct Custom {
///     seats: Option<u32>,
/// }
///
/// let guard = require::claims("seat-missing", |custom: &Custom| custom.seats.is_some());
/// let app: Router = Router::new().route("/team", get("team").route_layer(guard));
/// # let _ = app;
/// ```
///
/// Claims that do not match the type are rejected with 500 `claims-mismatch`, as by [`Claims`](crate::Claims).
pub fn claims<T, F>(code: impl Into<Cow<'static, str>>, is_accepted: F) -> RequireLayer
where
    T: DeserializeOwned + 'static,
    F: Fn(&T) -> bool + Send + Sync + 'static,
{
    RequireLayer(Guard::claims(code, is_accepted))
}

/// Requires what a rule of yours requires of the request's head, such as an API key of your own that a middleware outside of
/// the guard has checked. See the [example](self#rules-of-your-own).
///
/// It needs neither a session nor [`ClerkLayer`](crate::ClerkLayer). Rejections are made with [`Rejection::unauthorized`] and
/// [`Rejection::forbidden`]. In a combination, put such
/// a rule second, as in `guard.or(rule)`, and let it reject with 401: of two 401, that of the first guard is returned, so
/// visitors who are not signed in get the usual one, or the redirect to the sign-in page.
///
/// The rule runs for each request, also if the other guard of a combination has let it through, and must not block. Headers are
/// written by the caller: a rule must not take one for a proof.
pub fn request<F>(rule: F) -> RequireLayer
where
    F: Fn(&Parts) -> Result<(), Rejection> + Send + Sync + 'static,
{
    RequireLayer(Guard::request(move |head| rule(head).map_err(Rejection::into_inner)))
}

/// Requires for each tool of an MCP server the scope that stands beside it. It stands inside of a
/// [`ProtectedResource`](crate::ProtectedResource), around the service of the tools.
///
/// ```
/// use axum::{Router, routing::post};
/// use clerk_axum::{Clerk, ProtectedResource, require};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clerk = Clerk::builder()
///     .secret_key("sk_test_abc")
///     .publishable_key("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk")
///     .build()?;
/// // In a server of your own: `.fallback_service(..)` with the service of the crate `rmcp`.
/// let tools = Router::new().route("/", post("the answer of a tool"));
/// let tools = tools.layer(require::tool_scopes([("add_note", "private_metadata")]));
/// let app: Router = ProtectedResource::builder(&clerk, "https://mcp.example.com/mcp").build()?.protect(tools);
/// # let _ = app; Ok(()) }
/// ```
///
/// A call without the scope gets 403 `scope-missing` with the challenge that makes a client ask the user for it. A tool that
/// occurs several times needs all of its scopes; one that does not occur needs none. Bodies of up to 1 MiB are read into memory
/// and must be JSON-RPC: see [`CallScopesLayer`] for what is rejected, for another limit, and for scopes of calls that have
/// another form.
pub fn tool_scopes<T, S>(scopes: impl IntoIterator<Item = (T, S)>) -> ToolScopesLayer
where
    T: Into<String>,
    S: Into<Cow<'static, str>>,
{
    CallScopesLayer::tools(scopes).into()
}

/// Layer that requires scopes which depend on a request's body. [`tool_scopes`] creates it, or `from` a [`CallScopesLayer`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ToolScopesLayer(CallScopesLayer);

impl From<CallScopesLayer> for ToolScopesLayer {
    fn from(layer: CallScopesLayer) -> Self {
        Self(layer)
    }
}

impl<S> Layer<S> for ToolScopesLayer {
    type Service = AxumBody<CallScopes<AxumCall<S>>>;

    fn layer(&self, inner: S) -> Self::Service {
        AxumBody::new(self.0.layer(AxumCall::new(inner)))
    }
}
