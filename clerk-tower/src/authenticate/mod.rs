//! The layer that authenticates requests.
//!
//! [`AuthenticateLayer`] looks at every request and lets every request pass. What it found stands in the
//! request's extensions as [`Auth`]; a guard such as [`RequireLayer`](crate::require::RequireLayer), or an
//! extractor, decides what that is worth. It takes requests and responses with any body.
//!
//! A token whose key is at hand is judged at once. Only when the key is missing does the request wait for
//! Clerk; if Clerk does not answer, the request is signed out and marked as undecided, which guards answer
//! with 503.
//!
//! ```
//! use bytes::Bytes;
//! use clerk_tower::{Clerk, authenticate::{Auth, AuthenticateLayer}};
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clerk = Clerk::builder().secret_key("sk_test_abc").build()?;
//! let service = AuthenticateLayer::new(&clerk).layer(service_fn(|request: Request<Bytes>| async move {
//!     let auth = Auth::from_extensions(request.extensions()).expect("the layer is there");
//!     Ok::<_, std::convert::Infallible>(Response::new(auth.session().is_some()))
//! }));
//!
//! let response = service.oneshot(Request::new(Bytes::new())).await?;
//! assert_eq!(response.headers()["x-clerk-auth-reason"], "session-token-and-uat-missing");
//! assert!(!response.into_body());
//! # Ok(()) }
//! ```

mod auth;
mod future;
mod layer;
mod service;
mod visit;

pub use self::{
    auth::Auth,
    future::{AuthenticateBody, ResponseFuture},
    layer::AuthenticateLayer,
    service::Authenticate,
};
