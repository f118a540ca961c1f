//! Guards: layers that reject requests whose session or token does not allow them.
//!
//! A guard belongs inside [`AuthenticateLayer`](crate::server::authenticate::AuthenticateLayer). Without that layer it
//! rejects every request with 500, except where a [rule of the application](RequireLayer::request) lets it through.
//!
//! Combine guards with [`RequireLayer::and`] and [`RequireLayer::or`]. A rejection is a JSON response, which the
//! authenticating layer can [replace](crate::server::authenticate::AuthenticateLayer::on_rejection). A guard for pages
//! can [redirect visitors to sign in](RequireLayer::redirect_to_sign_in) instead. gRPC clients, told by
//! their content type, get a `grpc-status`, and gRPC-Web clients get it in the last frame of the body, whether the guard is
//! inside or outside of a layer that translates, such as tonic-web's.
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
