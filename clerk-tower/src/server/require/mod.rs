//! Guards: services that let a request through only if its session allows it.
//!
//! A guard stands inside of [`AuthenticateLayer`](crate::server::authenticate::AuthenticateLayer). Without that layer
//! it answers 500 to everything; it never lets a request through that it cannot judge.
//!
//! Guards combine as values, with [`RequireLayer::and`] and [`RequireLayer::or`]. Pages can send visitors to
//! [sign in](RequireLayer::redirect_to_sign_in); everybody else gets JSON, which the layer that authenticates can
//! [replace](crate::server::authenticate::AuthenticateLayer::on_rejection). Clients of gRPC are answered in their way: with a
//! status in a header.
//!
//! ```
//! use bytes::Bytes;
//! use clerk_tower::{Clerk, server::authenticate::AuthenticateLayer, server::require::RequireLayer};
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clerk = Clerk::builder().secret_key("sk_test_abc").build()?;
//! let service = ServiceBuilder::new()
//!     .layer(AuthenticateLayer::new(&clerk))
//!     .layer(RequireLayer::permission("org:reports:read"))
//!     .service_fn(|_: Request<Bytes>| async {
//!         Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("the report")))
//!     });
//! let response = service.oneshot(Request::new(Bytes::new())).await?;
//! assert_eq!(response.status(), 401);
//! assert_eq!(response.headers()["www-authenticate"], "Bearer");
//! # Ok(()) }
//! ```

mod layer;
mod rule;
mod sign_in;

pub use self::layer::{Require, RequireLayer, ResponseFuture};
