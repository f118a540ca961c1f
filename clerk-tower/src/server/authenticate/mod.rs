//! The layer that authenticates requests.
//!
//! [`AuthenticateLayer`] decides who sent a request, stores the result as [`Auth`] in the request's extensions, and
//! passes the request on, signed in or not. A guard such as [`RequireLayer`](crate::server::require::RequireLayer) or
//! an extractor then decides whether that is enough. The layer works with any request and response body.
//!
//! It responds to two kinds of request itself:
//!
//! - A browser that has to visit Clerk, to renew its cookies or to complete a sign-in, is redirected with 307.
//! - A handshake that is not valid, at a development instance, is rejected with 400, so that the browser does not loop. So
//!   is a request that names several hosts, unless the public origin is known otherwise.
//!
//! Headers that a decision produces, above all cookies, are appended to the inner service's response.
//!
//! Servers that are not built from tower services use [`Clerk::authenticate`](crate::Clerk::authenticate), which returns a
//! [`Decision`]: a response, or the headers to append.
//!
//! # Calls to Clerk
//!
//! A session token whose key is cached is verified without a call to Clerk. A request waits for Clerk if the key is
//! missing, if an expired session is refreshed, if a handshake's payload is fetched, or if an opaque machine token is
//! verified. All calls that a decision needs share one timeout,
//! [`ClerkBuilder::decision_timeout`](crate::ClerkBuilder::decision_timeout). If Clerk does not respond, the request is
//! signed out and marked as undecided, and guards reject it with 503.
//!
//! # Responses of rejected requests
//!
//! Set [`AuthenticateLayer::on_rejection`] to replace the response of all rejections, by a guard, an extractor or the
//! layer itself.
//!
//! # Without Clerk
//!
//! [`AuthenticateLayer::insecure_identity`] gives every request one configured identity, for self-hosted editions and local
//! modes; [`Auth::insecure`] makes the same identity for unit tests.
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use clerk_tower::{Clerk, server::authenticate::{Auth, AuthenticateLayer}};
//! use http::{Request, Response};
//! use http_body_util::{BodyExt, Full};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clerk = Clerk::builder().secret_key("sk_test_abc").build()?;
//! let service = AuthenticateLayer::new(&clerk).layer(service_fn(|request: Request<Bytes>| async move {
//!     let auth = Auth::from_extensions(request.extensions()).expect("the layer is there");
//!     let greeting = if auth.session().is_some() { "welcome" } else { "who are you?" };
//!     Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from(greeting)))
//! }));
//!
//! let response = service.oneshot(Request::new(Bytes::new())).await?;
//! assert_eq!(response.headers()["x-clerk-auth-reason"], "session-token-and-uat-missing");
//! assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "who are you?");
//! # Ok(()) }
//! ```

mod auth;
mod decision;
mod direct;
mod driver;
mod future;
mod insecure;
mod layer;
mod sign_in;
mod sign_out;
mod user;

pub use self::{
    auth::Auth,
    decision::{Decision, ResponseHeaders},
    future::ResponseFuture,
    insecure::InsecureIdentity,
    layer::{Authenticate, AuthenticateLayer},
};
