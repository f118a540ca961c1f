//! The layer that authenticates requests.
//!
//! [`AuthenticateLayer`] looks at every request and lets nearly every request pass. What it found stands in the
//! request's extensions as [`Auth`]; a guard such as [`RequireLayer`](crate::server::require::RequireLayer), or an
//! extractor, decides what that is worth. It takes requests and responses with any body.
//!
//! It answers two kinds of request itself: a browser that has to be sent to Clerk, to renew its cookies or to
//! bring back what it got there, gets 307; and a handshake that makes no sense to a development instance gets 400,
//! so that the browser does not go in circles. Everything else that the decision has to say to the browser, its
//! cookies above all, is appended to the inner service's response.
//!
//! A token whose key is at hand is judged at once. The request waits for Clerk when the key is missing, when an
//! expired session is refreshed, when a handshake's payload is fetched, and when an opaque machine token is
//! verified. If Clerk does not answer, the request is signed out and marked as undecided, which guards answer
//! with 503. However many calls a decision needs, together they take no longer than one may,
//! [`ClerkBuilder::timeout`](crate::ClerkBuilder::timeout).
//!
//! What an application answers when a request is turned away, by a guard, an extractor or the layer, is decided in
//! one place: [`AuthenticateLayer::on_rejection`].
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
mod direct;
mod driver;
mod future;
mod layer;
mod return_address;
mod sign_out;

pub use self::{
    auth::Auth,
    future::ResponseFuture,
    layer::{Authenticate, AuthenticateLayer},
};
